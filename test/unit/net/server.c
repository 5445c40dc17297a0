/* test/unit/net/server.c - listening, accepting, and shutting down with and without grace. */
#include "harness.h"

static void connect_to(const char *host, uint16_t to_port, struct client *ret)
{
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(to_port)};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(inet_pton(AF_INET6, host, &v6.sin6_addr), 1);
    assert_int_equal(connect(fd, (const struct sockaddr *)&v6, sizeof v6), 0);
    *ret = client_of(fd);
}

static void both_loopbacks_share_a_port(void **state)
{
    struct http_listener *v6 = NULL;
    struct client a = client_open(), b;
    uint16_t v6_port = 0;

    (void)state;
    enum status st = listen_on("::1", port, false, &v6, &v6_port);

    if (st == NOT_FOUND || st == IO_ERROR) { /* a machine without IPv6 */
        client_close(&a);
        skip();
    }
    assert_int_equal(st, OK);
    assert_int_equal(v6_port, port);
    connect_to("::1", port, &b);
    client_send(&a, "GET /4 HTTP/1.1\r\n" HOST "\r\n");
    client_send(&b, "GET /6 HTTP/1.1\r\nHost: [::1]:1\r\n\r\n");
    expect_answer(&a, 200, "GET /4|");
    expect_answer(&b, 200, "GET /6|");
    client_close(&a);
    client_close(&b);
}

static void tells_why_it_cannot_listen(void **state)
{
    struct http_listener *other = NULL;
    uint16_t other_port = 0;

    (void)state;
    assert_int_equal(listen_on("127.0.0.1", port, false, &other, &other_port), IN_USE);
    assert_int_equal(listen_on("192.0.2.1", 0, false, &other, &other_port), NOT_FOUND);
    assert_int_equal(listen_on("no such name", 0, false, &other, &other_port), NOT_FOUND);
    assert_null(other);
    assert_int_equal(listen_on("localhost", 0, false, &other, &other_port), OK);
    assert_int_not_equal(other_port, port);
}

static void a_port_can_be_shared_on_purpose(void **state)
{
    struct http_listen_options options = {
        .host = "127.0.0.1", .handle = handle, .context = &handled_count, .shared_port = true};
    struct http_listener *one = NULL, *two = NULL;

    (void)state;
    assert_int_equal(http_listen(server, &options, &one, &options.port), OK);
    assert_int_equal(http_listen(server, &options, &two, &port), OK);
    assert_int_equal(port, options.port);
    for (int i = 0; i < 8; i++) {
        struct client client = client_open();

        client_send(&client, "GET / HTTP/1.1\r\n" HOST "\r\n");
        expect_answer(&client, 200, "GET /|");
        client_close(&client);
    }
}

static void sockets_are_closed_on_exec(void **state)
{
    struct http_listen_options options = {
        .host = "127.0.0.1", .handle = handle, .context = &handled_count, .shared_port = true};
    struct http_listener *shared = NULL;
    struct client client = client_open();
    size_t seen = 0;

    (void)state;
    assert_int_equal(http_listen(server, &options, &shared, NULL), OK);
    TURN_UNTIL(figures().connections_open == 1);
    for (int fd = 3; fd < 64; fd++) {
        int flags = fcntl(fd, F_GETFD);
        struct sockaddr_in name;
        socklen_t size = sizeof name;

        if (flags == -1 || getsockname(fd, (struct sockaddr *)&name, &size) != 0)
            continue;
        assert_true((flags & FD_CLOEXEC) != 0);
        seen++;
    }
    assert_in_range(seen, 4, 16); /* two listeners, both ends of a connection */
    client_close(&client);
}

static void turns_away_what_is_too_many(void **state)
{
    struct client first, second;

    (void)state;
    http_set_limits(server, &(struct http_limits){.connections_max = 1});
    first = client_open();
    client_send(&first, "GET /1 HTTP/1.1\r\n" HOST "\r\n");
    expect_answer(&first, 200, "GET /1|");
    second = client_open();
    client_expect(&second, "HTTP/1.1 503 Service Unavailable\r\n");
    assert_int_equal(figures().refused_total, 1);
    client_close(&second);
    client_send(&first, "GET /2 HTTP/1.1\r\n" HOST "\r\n");
    expect_answer(&first, 200, "GET /2|");
    client_close(&first);
    TURN_UNTIL(figures().connections_open == 0);
    second = client_open();
    client_send(&second, "GET /3 HTTP/1.1\r\n" HOST "\r\n");
    expect_answer(&second, 200, "GET /3|");
    client_close(&second);
}

/* ---- shutting down ---- */

static void closing_lets_answers_finish(void **state)
{
    struct client busy = client_open(), idle = client_open(), sending = client_open();

    (void)state;
    client_send(&busy, "GET /later HTTP/1.1\r\n" HOST "\r\n");
    client_send(&sending, "GET /first HTTP/1.1\r\n" HOST "\r\n"
                          "POST /x HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n1");
    TURN_UNTIL(waiting_count == 1 && figures().connections_open == 3);
    struct answer answer = client_answer(&sending); /* so what came with it was read too */

    buffer_free(&answer.body);
    close_server(60000);
    client_expect_end(&idle);
    assert_false(server_closed);
    client_send(&sending, "2"); /* what was begun may end */
    answer = client_answer(&sending);
    assert_string_equal((const char *)answer.body.ptr, "POST /x|12");
    assert_non_null(strstr(answer.head, "Connection: close\r\n"));
    client_expect_end(&sending);
    buffer_free(&answer.body);

    answer_echo(waiting[0]);
    waiting[0] = NULL;
    answer = client_answer(&busy);
    assert_string_equal((const char *)answer.body.ptr, "GET /later|");
    assert_non_null(strstr(answer.head, "Connection: close\r\n"));
    client_expect_end(&busy);
    buffer_free(&answer.body);
    TURN_UNTIL(server_closed);
    client_close(&busy);
    client_close(&idle);
    client_close(&sending);
}

static void closing_ends_when_grace_ends(void **state)
{
    struct client client = client_open();

    (void)state;
    client_send(&client, "GET /later HTTP/1.1\r\n" HOST "\r\n");
    TURN_UNTIL(waiting_count == 1);
    close_server(5);
    TURN_UNTIL(server_closed);
    http_server_free(server);
    server = NULL;
    answer_echo(waiting[0]); /* into nothing, and the last memory goes with it */
    waiting_count = 0;
    client_expect_end(&client);
    client_close(&client);
}

static void closing_without_grace_is_at_once(void **state)
{
    struct client client = client_open();

    (void)state;
    client_send(&client, "GET /later HTTP/1.1\r\n" HOST "\r\n");
    TURN_UNTIL(waiting_count == 1);
    close_server(0);
    assert_false(server_closed); /* never within the call */
    TURN_UNTIL(server_closed);
    client_expect_end(&client);
    client_close(&client);
}

static void a_server_without_listeners_closes(void **state)
{
    (void)state;
    http_listener_close(listener);
    http_listener_close(listener); /* twice does no harm while it is open */
    turn();
    turn();
    close_server(1000);
    TURN_UNTIL(server_closed);
}

static void closing_a_listener_spares_the_others(void **state)
{
    struct http_listener *other = NULL;
    struct client first = client_open(), second;

    (void)state;
    client_send(&first, "GET /later HTTP/1.1\r\n" HOST "\r\n");
    TURN_UNTIL(waiting_count == 1);
    assert_int_equal(listen_on("127.0.0.1", 0, false, &other, &port), OK);
    second = client_open();
    client_send(&second, "GET /1 HTTP/1.1\r\n" HOST "\r\n");
    expect_answer(&second, 200, "GET /1|");

    http_listener_close(listener);
    turn();
    answer_echo(waiting[0]);
    waiting[0] = NULL;
    struct answer answer = client_answer(&first);

    assert_non_null(strstr(answer.head, "Connection: close\r\n"));
    client_expect_end(&first);
    buffer_free(&answer.body);
    client_send(&second, "GET /2 HTTP/1.1\r\n" HOST "\r\n");
    expect_answer(&second, 200, "GET /2|");
    client_close(&first);
    client_close(&second);
}

static bool close_from_handler(struct http_request *request)
{
    close_server(1000);
    answer_echo(request);
    return true;
}

static void a_handler_may_close_the_server(void **state)
{
    struct client client = client_open();

    (void)state;
    special = close_from_handler;
    client_send(&client, "POST /stop HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n"
                         "GET /never HTTP/1.1\r\n" HOST "\r\n");
    struct answer answer = client_answer(&client);

    assert_string_equal((const char *)answer.body.ptr, "POST /stop|");
    buffer_free(&answer.body);
    client_close(&client);
    TURN_UNTIL(server_closed);
    assert_int_equal(handled_count, 1);
}

static bool cut_from_handler(struct http_request *request)
{
    close_server(0);
    answer_echo(request);
    return true;
}

static void a_handler_may_cut_its_own_connection(void **state)
{
    struct client client = client_open();

    (void)state;
    special = cut_from_handler;
    client_send(&client, "GET /a HTTP/1.1\r\n" HOST "\r\nGET /b HTTP/1.1\r\n" HOST "\r\n");
    TURN_UNTIL(server_closed);
    assert_int_equal(handled_count, 1);
    client_close(&client);
}

static void serves_adopted_sockets(void **state)
{
    int pair[2];
    struct client client;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(http_adopt(listener, pair[0]), OK);
    client = client_of(pair[1]);
    client_send(&client, "GET / HTTP/1.1\r\n" HOST "\r\n");
    expect_answer(&client, 200, "GET /|");
    client_close(&client);
}

static void writing_to_a_closed_socket_is_no_signal(void **state)
{
    int pair[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(http_adopt(listener, pair[0]), OK);
    struct client client = client_of(pair[1]);

    client_send(&client, "GET /later HTTP/1.1\r\n" HOST "\r\n");
    TURN_UNTIL(waiting_count == 1);
    client_close(&client);
    answer_echo(waiting[0]); /* EPIPE at the end of the turn, and this program goes on */
    waiting[0] = NULL;
    TURN_UNTIL(figures().connections_open == 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, start_server, stop_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(both_loopbacks_share_a_port),
        TEST(tells_why_it_cannot_listen),
        TEST(a_port_can_be_shared_on_purpose),
        TEST(sockets_are_closed_on_exec),
        TEST(turns_away_what_is_too_many),
        TEST(closing_lets_answers_finish),
        TEST(closing_ends_when_grace_ends),
        TEST(closing_without_grace_is_at_once),
        TEST(a_server_without_listeners_closes),
        TEST(closing_a_listener_spares_the_others),
        TEST(a_handler_may_close_the_server),
        TEST(a_handler_may_cut_its_own_connection),
        TEST(serves_adopted_sockets),
        TEST(writing_to_a_closed_socket_is_no_signal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
