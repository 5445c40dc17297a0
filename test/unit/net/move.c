/* test/unit/net/move.c - connections that go from one server to another, on one loop here. */
#include "harness.h"

static struct http_server *other;
static struct http_listener *its;
static struct http_parcel *kept; /* given, and not taken yet */
static size_t given_count;
static bool holds, other_closed;

/* ---- the other server ---- */

static void handle_at_other(void *context, struct http_request *request)
{
    struct bytes path = http_path(request);

    (void)context;
    if (bytes_start_with(path, BYTES("/later"))) {
        waiting[waiting_count++] = request;
        return;
    }
    answer_text(request, 200,
                arena_printf(http_arena(request), "other %.*s|%zu", BYTES_ARG(path),
                             http_body(request).size));
}

static void given(void *context, struct http_parcel *parcel)
{
    assert_ptr_equal(context, &given_count);
    given_count++;
    if (holds)
        kept = parcel;
    else
        http_take(its, parcel);
}

static bool give_moves(struct http_request *request)
{
    if (!bytes_start_with(http_path(request), BYTES("/move")))
        return false;
    http_give(request, given, &given_count);
    return true;
}

static int start(void **state)
{
    const struct http_listen_options options = {
        .host = "127.0.0.1", .handle = handle_at_other, .unbound = true};

    given_count = 0;
    holds = other_closed = false;
    kept = NULL;
    start_server(state);
    special = give_moves;
    other = http_server_new(&loop);
    assert_int_equal(http_listen(other, &options, &its, NULL), OK);
    return 0;
}

static void on_other_closed(void *context)
{
    (void)context;
    other_closed = true;
}

static int stop(void **state)
{
    http_server_close(other, 0, on_other_closed, NULL);
    TURN_UNTIL(other_closed);
    http_server_free(other);
    return stop_server(state);
}

/* ---- */

static void what_follows_goes_along(void **state)
{
    struct client client = client_open();

    (void)state;
    client_send(&client, "GET /a HTTP/1.1\r\n" HOST "\r\n"
                         "POST /move HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"
                         "GET /b HTTP/1.1\r\n" HOST "\r\nGET /c HTTP/1.1\r\n" HOST "\r");
    expect_answer(&client, 200, "GET /a|");
    expect_answer(&client, 200, "other /move|3");
    expect_answer(&client, 200, "other /b|0");
    client_send(&client, "\n");
    expect_answer(&client, 200, "other /c|0");
    client_send(&client, "GET /d HTTP/1.1\r\n" HOST "\r\n");
    expect_answer(&client, 200, "other /d|0");
    assert_int_equal(given_count, 1);
    assert_int_equal(figures().connections_open, 0);
    client_close(&client);
}

static void answers_before_it_are_out_first(void **state)
{
    struct client client = client_open();

    (void)state;
    client_send(&client, "GET /later HTTP/1.1\r\n" HOST "\r\nGET /move HTTP/1.1\r\n" HOST "\r\n"
                         "GET /b HTTP/1.1\r\n" HOST "\r\n");
    TURN_UNTIL(waiting_count == 1);
    for (int i = 0; i < 8; i++)
        turn();
    assert_int_equal(given_count, 0);
    answer_text(waiting[0], 200, BYTES("first"));
    waiting[0] = NULL;
    expect_answer(&client, 200, "first");
    expect_answer(&client, 200, "other /move|0");
    expect_answer(&client, 200, "other /b|0");
    client_close(&client);
}

static void a_last_request_goes_and_is_the_last(void **state)
{
    struct client client = client_open();

    (void)state;
    client_send(&client, "GET /move HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    expect_answer(&client, 200, "other /move|0");
    client_expect_end(&client);
    client_close(&client);
}

/* The client goes before the connection does, and nobody takes what was never given. */
static void a_client_that_went_is_not_given(void **state)
{
    struct client client = client_open();

    (void)state;
    client_send(&client, "GET /later HTTP/1.1\r\n" HOST "\r\nGET /move HTTP/1.1\r\n" HOST "\r\n");
    TURN_UNTIL(waiting_count == 1);
    client_vanish(&client);
    answer_text(waiting[0], 200, BYTES("to nobody")); /* its write meets the reset */
    waiting[0] = NULL;
    TURN_UNTIL(figures().connections_open == 0);
    assert_in_range(given_count, 0, 1); /* or the kernel took the answer */
}

static void a_server_that_closes_frees_what_waits(void **state)
{
    struct client client = client_open();

    (void)state;
    client_send(&client, "GET /later HTTP/1.1\r\n" HOST "\r\nGET /move HTTP/1.1\r\n" HOST "\r\n");
    TURN_UNTIL(waiting_count == 1);
    close_server(0);
    TURN_UNTIL(server_closed);
    assert_int_equal(given_count, 0);
    client_close(&client);
}

static void a_parcel_that_nobody_takes_is_closed(void **state)
{
    struct client client = client_open();

    (void)state;
    holds = true;
    client_send(&client, "GET /move HTTP/1.1\r\n" HOST "\r\nGET /b HTTP/1.1\r\n" HOST "\r\n");
    TURN_UNTIL(kept != NULL);
    for (int i = 0; i < 8; i++)
        turn();
    assert_false(client_ended(&client)); /* on its way, it waits */
    http_parcel_free(kept);
    TURN_UNTIL(client_ended(&client));
    client_close(&client);
}

/* More waits than a connection may hold: read again when some of it was answered. */
static void a_full_connection_goes_on_where_it_came(void **state)
{
    static char body[HTTP_PIPELINE_SIZE_MAX + 1];
    struct client client = client_open();

    (void)state;
    holds = true;
    client_send(&client, "POST /move HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"
                         "POST /later HTTP/1.1\r\n" HOST "Content-Length: 1048577\r\n\r\n");
    TURN_UNTIL(kept != NULL);
    http_take(its, kept);
    expect_answer(&client, 200, "other /move|3");
    client_send_bytes(&client, bytes_of(body, sizeof body));
    client_send(&client, "GET /b HTTP/1.1\r\n" HOST "\r\n");
    TURN_UNTIL(waiting_count == 1);
    for (int i = 0; i < 8; i++)
        turn();
    assert_false(client_has(&client, 1));
    answer_text(waiting[0], 200, BYTES("large"));
    waiting[0] = NULL;
    expect_answer(&client, 200, "large");
    expect_answer(&client, 200, "other /b|0");
    client_close(&client);
}

static void more_than_the_other_serves_are_turned_away(void **state)
{
    struct client first = client_open(), second = client_open();

    (void)state;
    http_set_limits(other, &(struct http_limits){.connections_max = 1});
    client_send(&first, "GET /move HTTP/1.1\r\n" HOST "\r\n");
    expect_answer(&first, 200, "other /move|0");
    client_send(&second, "GET /move HTTP/1.1\r\n" HOST "\r\n");
    struct answer answer = client_answer(&second);

    assert_int_equal(answer.status, 503);
    buffer_free(&answer.body);
    client_close(&first);
    client_close(&second);
}

/* ---- dealt out when they are accepted ---- */

static size_t dealt_count;

static bool every_other_stays(void *context)
{
    (void)context;
    return dealt_count++ % 2 != 0;
}

static void deal(void *context, struct http_parcel *parcel)
{
    assert_ptr_equal(context, &handled_count);
    http_take(its, parcel);
}

static void accepted_connections_are_dealt_out(void **state)
{
    const struct http_listen_options options = {.host = "127.0.0.1",
                                                .handle = handle,
                                                .context = &handled_count,
                                                .stays = every_other_stays,
                                                .deal = deal};
    struct http_listener *dealing = NULL;
    struct client first, second;

    (void)state;
    dealt_count = 0;
    assert_int_equal(http_listen(server, &options, &dealing, &port), OK);
    first = client_open();
    client_send(&first, "GET /a HTTP/1.1\r\n" HOST "\r\n");
    expect_answer(&first, 200, "other /a|0");
    second = client_open();
    client_send(&second, "GET /a HTTP/1.1\r\n" HOST "\r\n");
    expect_answer(&second, 200, "GET /a|");
    client_close(&first);
    client_close(&second);
}

/* A part of the limits, for each of the servers of a process. */
static void limits_are_shared(void **state)
{
    struct http_limits before = http_get_limits(other), after;

    (void)state;
    http_server_share(other, 4);
    after = http_get_limits(other);
    assert_int_equal(after.connections_max, before.connections_max / 4);
    assert_int_equal(after.bodies_max, before.bodies_max / 4);
    assert_int_equal(after.untaken_max, before.untaken_max / 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_follows_goes_along),
        TEST(answers_before_it_are_out_first),
        TEST(a_last_request_goes_and_is_the_last),
        TEST(a_client_that_went_is_not_given),
        TEST(a_server_that_closes_frees_what_waits),
        TEST(a_parcel_that_nobody_takes_is_closed),
        TEST(a_full_connection_goes_on_where_it_came),
        TEST(more_than_the_other_serves_are_turned_away),
        TEST(accepted_connections_are_dealt_out),
        TEST(limits_are_shared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
