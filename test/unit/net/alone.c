/* test/unit/net/alone.c - which client is alone, and a loop that looks for its next request. */
#include "harness.h"

static bool alone;

static bool note(struct http_request *request)
{
    alone = http_is_alone(request);
    return false;
}

/* One request, to its answer; whether its client was alone. */
static bool ask(struct client *client)
{
    special = note;
    client_send(client, "GET / HTTP/1.1\r\n" HOST "\r\n");
    expect_answer(client, 200, "GET /|");
    return alone;
}

static void ask_until_alone(struct client *client)
{
    for (int i = 0; !ask(client); i++)
        assert_in_range(i, 0, 20);
}

static void who_asks_again_and_again_is_alone(void **state)
{
    struct client client = client_open();

    (void)state;
    assert_false(ask(&client));
    ask_until_alone(&client);
    assert_true(ask(&client));
    client_close(&client);
}

static void with_another_one_nobody_is(void **state)
{
    struct client one = client_open(), two = client_open();

    (void)state;
    ask_until_alone(&one);
    for (int i = 0; i < 20; i++) {
        assert_false(ask(&two));
        assert_false(ask(&one));
    }
    ask_until_alone(&two);
    client_close(&one);
    client_close(&two);
}

/* It does not wait for answers. */
static void who_sends_two_at_once_is_not(void **state)
{
    struct client client = client_open();

    (void)state;
    ask_until_alone(&client);
    client_send(&client, "GET /later HTTP/1.1\r\n" HOST "\r\n"
                         "GET /2 HTTP/1.1\r\n" HOST "\r\n");
    TURN_UNTIL(waiting_count == 1 && handled_count > 2);
    assert_false(alone);
    answer_echo(waiting[0]);
    waiting[0] = NULL;
    expect_answer(&client, 200, "GET /later|");
    expect_answer(&client, 200, "GET /2|");
    client_close(&client);
}

/* For a while, and then it does. */
static void the_loop_does_not_sleep(void **state)
{
    struct client client = client_open();

    (void)state;
    if (uv_available_parallelism() == 1) {
        client_close(&client);
        skip();
    }
    assert_false(ask(&client));
    assert_int_not_equal(uv_backend_timeout(&loop), 0);
    ask_until_alone(&client);
    assert_int_equal(uv_backend_timeout(&loop), 0);
    TURN_UNTIL(uv_backend_timeout(&loop) != 0);
    assert_true(ask(&client));
    assert_int_equal(uv_backend_timeout(&loop), 0);
    client_close(&client);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, start_server, stop_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_asks_again_and_again_is_alone),
        TEST(with_another_one_nobody_is),
        TEST(who_sends_two_at_once_is_not),
        TEST(the_loop_does_not_sleep),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
