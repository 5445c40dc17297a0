/* test/unit/net/pressure.c - many clients, each within its own limits, and all of them together
 * not. */
#include "harness.h"

#include <sys/resource.h>

#define BODY_SIZE 100000
#define POST "POST / HTTP/1.1\r\n" HOST "Content-Length: 100000\r\n\r\n"

static char body[BODY_SIZE];

static void send_part(struct client *client, size_t size)
{
    client_send(client, POST);
    client_send_bytes(client, bytes_of(body, size));
    for (int i = 0; i < 8; i++) /* in pieces that the kernel makes */
        turn();
}

static bool answer_size(struct http_request *request)
{
    answer_text(request, 200, arena_printf(http_arena(request), "%zu", http_body(request).size));
    return true;
}

static void refuses_whose_body_has_waited_longest(void **state)
{
    struct client first, second, third;

    (void)state;
    special = answer_size;
    http_set_limits(server, &(struct http_limits){.bodies_max = 2 * BODY_SIZE});
    first = client_open();
    send_part(&first, 80000);
    second = client_open();
    send_part(&second, 80000);
    third = client_open();
    send_part(&third, 40000); /* exactly what is let */
    assert_false(client_has(&first, 1));
    client_send_bytes(&third, bytes_of(body, 1));
    expect_refusal(&first, 503, "ServiceUnavailableException", "200000 bytes");
    client_send_bytes(&second, bytes_of(body, BODY_SIZE - 80000));
    expect_answer(&second, 200, "100000");
    client_send_bytes(&third, bytes_of(body, BODY_SIZE - 40001));
    expect_answer(&third, 200, "100000");
    send_part(&second, BODY_SIZE); /* what was answered counts no more */
    expect_answer(&second, 200, "100000");
    client_close(&first);
    client_close(&second);
    client_close(&third);
}

static void refuses_itself_when_nobody_else_is_read(void **state)
{
    struct client waits = client_open(), client = client_open();

    (void)state;
    http_set_limits(server, &(struct http_limits){.bodies_max = BODY_SIZE});
    client_send(&waits, "POST /later HTTP/1.1\r\n" HOST "Content-Length: 100000\r\n\r\n");
    client_send_bytes(&waits, bytes_of(body, BODY_SIZE));
    TURN_UNTIL(waiting_count == 1);
    client_send(&client, POST);
    client_send_bytes(&client, bytes_of(body, 1)); /* a handler has the others */
    expect_refusal(&client, 503, "ServiceUnavailableException", "try again");
    client_close(&client);
    answer_text(waiting[0], 200, BYTES("done"));
    waiting[0] = NULL;
    expect_answer(&waits, 200, "done");
    client_close(&waits);
    client = client_open(); /* and once it is answered there is room */
    client_send(&client, "GET /a HTTP/1.1\r\n" HOST "\r\n");
    expect_answer(&client, 200, "GET /a|");
    client_close(&client);
}

static size_t large_size;

static bool answer_large(struct http_request *request)
{
    if (!bytes_start_with(http_path(request), BYTES("/large")))
        return false;

    uint8_t *text = arena_alloc(http_arena(request), large_size);

    answer_text(request, 200, bytes_of(text, large_size));
    return true;
}

static void ask_and_take_nothing(struct client *client)
{
    send(client->fd, "GET /large HTTP/1.1\r\n" HOST "\r\n",
         strlen("GET /large HTTP/1.1\r\n" HOST "\r\n"), 0);
    for (int i = 0; i < 8; i++)
        turn();
}

static void closes_who_has_taken_nothing_for_longest(void **state)
{
    struct client clients[3];
    struct client other = client_open();

    (void)state;
    special = answer_large;
    /* more than sockets hold by themselves */
    large_size = 24 * 1024 * 1024;
    http_set_limits(server, &(struct http_limits){.untaken_max = 2 * large_size + 4096});
    for (size_t i = 0; i < 3; i++) {
        clients[i] = client_open();
        ask_and_take_nothing(&clients[i]);
    }
    TURN_UNTIL(figures().connections_open == 3);
    assert_int_equal(figures().refused_total, 1);
    client_send(&other, "GET /a HTTP/1.1\r\n" HOST "\r\n");
    expect_answer(&other, 200, "GET /a|");
    client_close(&other);
    TURN_UNTIL(client_ended(&clients[0])); /* cut short */
    assert_true(clients[0].in.size < large_size);
    for (size_t i = 1; i < 3; i++)
        TURN_UNTIL(client_has(&clients[i], large_size) && !client_ended(&clients[i]));
    for (size_t i = 0; i < 3; i++)
        client_close(&clients[i]);
}

/* libuv keeps one descriptor in reserve; without it, it would ask accept() for ever. */
static void goes_on_without_descriptors(void **state)
{
    struct rlimit before, few;
    struct client idle = client_open(), second;

    (void)state;
    client_send(&idle, "GET /a HTTP/1.1\r\n" HOST "\r\n");
    expect_answer(&idle, 200, "GET /a|");
    second = client_of(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = before;
    few.rlim_cur = 64;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    close(loop.emfile_fd);
    loop.emfile_fd = -1;
    for (int fd = 0; fd >= 0;)
        fd = dup(2);

    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    (void)connect(second.fd, (const struct sockaddr *)&address, sizeof address);
    client_send(&second, "GET /b HTTP/1.1\r\n" HOST "\r\n");
    expect_answer(&second, 200, "GET /b|");
    client_expect_end(&idle); /* it was idle for longest */
    assert_int_equal(figures().refused_total, 1);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    client_close(&idle);
    client_close(&second);
}

static void serves_as_many_as_there_are_descriptors_for(void **state)
{
    struct rlimit before, few;
    uv_loop_t other_loop;
    struct http_server *other = NULL;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = before;
    few.rlim_cur = 64;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    assert_int_equal(http_get_limits(server).connections_max > 64, true);
    assert_int_equal(uv_loop_init(&other_loop), 0);
    other = http_server_new(&other_loop);
    assert_int_equal(http_get_limits(other).connections_max, 32);
    http_raise_descriptors();
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &few), 0);
    assert_true(few.rlim_cur == before.rlim_max || few.rlim_cur >= 65536);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);

    struct http_server *own = server;

    http_server_close(other, 0, on_server_closed, &server_closed);
    while (!server_closed)
        uv_run(&other_loop, UV_RUN_NOWAIT);
    http_server_free(other);
    assert_int_equal(uv_loop_close(&other_loop), 0);
    server = own;
    server_closed = false;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start_server, stop_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(refuses_whose_body_has_waited_longest),
        TEST(refuses_itself_when_nobody_else_is_read),
        TEST(closes_who_has_taken_nothing_for_longest),
        TEST(serves_as_many_as_there_are_descriptors_for),
        TEST(goes_on_without_descriptors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
