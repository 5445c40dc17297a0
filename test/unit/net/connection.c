/* test/unit/net/connection.c - slow, half-closed and vanishing clients; backpressure; deadlines. */
#include "harness.h"

static size_t gone_count;

static void count_gone(void *context)
{
    assert_ptr_equal(context, &gone_count);
    gone_count++;
}

static bool wait_and_watch(struct http_request *request)
{
    waiting[waiting_count++] = request;
    http_on_gone(request, count_gone, &gone_count);
    return true;
}

static void answer_waiting(size_t index)
{
    answer_echo(waiting[index]);
    waiting[index] = NULL;
}

/* ---- going away ---- */

static void a_half_closed_client_gets_its_answers(void **state)
{
    struct client client = client_open();

    (void)state;
    client_send(&client,
                "GET /later/1 HTTP/1.1\r\n" HOST "\r\nGET /later/2 HTTP/1.1\r\n" HOST "\r\n");
    shutdown(client.fd, SHUT_WR);
    TURN_UNTIL(waiting_count == 2);
    turn();
    turn();
    assert_false(client_has(&client, 1));
    answer_waiting(1);
    answer_waiting(0);
    expect_answer(&client, 200, "GET /later/1|");
    struct answer last = client_answer(&client);

    assert_string_equal((const char *)last.body.ptr, "GET /later/2|");
    client_expect_end(&client);
    buffer_free(&last.body);
    client_close(&client);
}

static void who_waits_for_a_half_closed_client_is_told(void **state)
{
    struct client client = client_open();

    (void)state;
    special = wait_and_watch;
    gone_count = 0;
    client_send(&client, "GET /a HTTP/1.1\r\n" HOST "\r\n");
    TURN_UNTIL(waiting_count == 1);
    shutdown(client.fd, SHUT_WR);
    TURN_UNTIL(gone_count == 1);
    answer_waiting(0); /* and it is sent all the same */
    expect_answer(&client, 200, "GET /a|");
    client_expect_end(&client);
    assert_int_equal(gone_count, 1);
    client_close(&client);
}

static void a_request_cut_short_by_half_closing_is_refused(void **state)
{
    static const char *const texts[] = {"GET / HT",
                                        "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nabc"};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct client client = client_open();

        client_send(&client, texts[i]);
        shutdown(client.fd, SHUT_WR);
        expect_refusal(&client, 400, "MalformedHttpRequestException", "in the middle");
        client_close(&client);
    }
    assert_int_equal(handled_count, 0);
}

static void a_client_that_says_nothing_and_closes_costs_nothing(void **state)
{
    struct client client = client_open();

    (void)state;
    TURN_UNTIL(figures().connections_open == 1);
    client_close(&client);
    TURN_UNTIL(figures().connections_open == 0);
    assert_int_equal(figures().refused_total, 0);
}

static void answers_for_a_vanished_client_are_dropped(void **state)
{
    struct client client = client_open();

    (void)state;
    special = wait_and_watch;
    gone_count = 0;
    client_send(&client, "GET /a HTTP/1.1\r\n" HOST "\r\nGET /b HTTP/1.1\r\n" HOST "\r\n");
    TURN_UNTIL(waiting_count == 2);
    answer_waiting(1); /* held behind /a */
    client_vanish(&client);
    TURN_UNTIL(figures().connections_open == 0);
    assert_int_equal(gone_count, 1);
    assert_int_equal(http_body(waiting[0]).size, 0); /* it lives on until it is answered */
    answer_waiting(0);
}

static struct http_request *answer_when_gone;

static void answer_in_gone(void *context)
{
    (void)context;
    gone_count++;
    answer_echo(answer_when_gone);
}

static bool wait_and_answer_when_gone(struct http_request *request)
{
    answer_when_gone = request;
    http_on_gone(request, answer_in_gone, NULL);
    return true;
}

static void gone_may_answer(void **state)
{
    (void)state;
    special = wait_and_answer_when_gone;
    for (int half = 0; half < 2; half++) {
        struct client client = client_open();

        gone_count = 0;
        answer_when_gone = NULL;
        client_send(&client, "GET /a HTTP/1.1\r\n" HOST "\r\n");
        TURN_UNTIL(answer_when_gone != NULL);
        if (half == 0)
            client_vanish(&client);
        else
            shutdown(client.fd, SHUT_WR);
        TURN_UNTIL(gone_count == 1);
        if (half == 1) {
            expect_answer(&client, 200, "GET /a|");
            client_expect_end(&client);
        }
        client_close(&client);
        TURN_UNTIL(figures().connections_open == 0);
    }
}

static void watching_a_client_that_is_gone_already_tells_at_once(void **state)
{
    struct client client = client_open();

    (void)state;
    gone_count = 0;
    client_send(&client, "GET /later HTTP/1.1\r\n" HOST "\r\n");
    TURN_UNTIL(waiting_count == 1);
    client_vanish(&client);
    TURN_UNTIL(figures().connections_open == 0);
    http_on_gone(waiting[0], count_gone, &gone_count);
    assert_int_equal(gone_count, 1);
}

/* ---- keeping and closing ---- */

static void serves_many_requests_on_one_connection(void **state)
{
    struct client client = client_open();

    (void)state;
    for (int i = 0; i < 100; i++) {
        client_send(&client, "POST /x HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhi");
        expect_answer(&client, 200, "POST /x|hi");
    }
    assert_int_equal(figures().connections_total, 1);
    assert_int_equal(figures().requests_total, 100);
    client_close(&client);
}

static void serves_a_connection_for_every_request(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        struct client client = client_open();

        client_send(&client, "GET /x HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
        struct answer answer = client_answer(&client);

        assert_non_null(strstr(answer.head, "Connection: close\r\n"));
        client_expect_end(&client);
        buffer_free(&answer.body);
        client_close(&client);
    }
    TURN_UNTIL(figures().connections_open == 0);
    assert_int_equal(figures().connections_total, 50);
}

static void reads_nothing_after_connection_close(void **state)
{
    struct client client = client_open();

    (void)state;
    client_send(&client, "GET /later HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"
                         "GET /never HTTP/1.1\r\n" HOST "\r\n");
    TURN_UNTIL(waiting_count == 1);
    answer_waiting(0);
    struct answer answer = client_answer(&client);

    assert_string_equal((const char *)answer.body.ptr, "GET /later|");
    client_expect_end(&client);
    assert_int_equal(handled_count, 1);
    buffer_free(&answer.body);
    client_close(&client);
}

static void speaks_http_1_0(void **state)
{
    struct client client = client_open();
    struct answer answer;

    (void)state;
    client_send(&client, "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    answer = client_answer(&client);
    assert_non_null(strstr(answer.head, "Connection: keep-alive\r\n"));
    buffer_free(&answer.body);
    client_send(&client, "GET /b HTTP/1.0\r\n\r\n"); /* without Host, without keep-alive */
    answer = client_answer(&client);
    assert_string_equal((const char *)answer.body.ptr, "GET /b|");
    assert_non_null(strstr(answer.head, "Connection: close\r\n"));
    client_expect_end(&client);
    buffer_free(&answer.body);
    client_close(&client);
}

/* ---- backpressure ---- */

static void stops_reading_while_enough_requests_wait(void **state)
{
    struct client client = client_open();
    AUTO(buffer_free) struct buffer text = BUFFER_INIT((size_t)1024 * 1024);

    (void)state;
    for (size_t i = 0; i < HTTP_PIPELINE_MAX + 10; i++)
        buffer_printf(&text, "GET /later/%zu HTTP/1.1\r\n" HOST "\r\n", i);
    client_send_bytes(&client, buffer_bytes(&text));
    TURN_UNTIL(waiting_count == HTTP_PIPELINE_MAX);
    for (int i = 0; i < 10; i++)
        turn();
    assert_int_equal(waiting_count, HTTP_PIPELINE_MAX);

    for (size_t i = 0; i < waiting_count; i++) /* each answer makes room; the rest follows */
        if (waiting[i] != NULL) {
            answer_waiting(i);
            turn();
        }
    TURN_UNTIL(waiting_count == HTTP_PIPELINE_MAX + 10);
    for (size_t i = 0; i < waiting_count; i++)
        if (waiting[i] != NULL)
            answer_waiting(i);
    for (size_t i = 0; i < HTTP_PIPELINE_MAX + 10; i++) {
        char expected[64];

        snprintf(expected, sizeof expected, "GET /later/%zu|", i);
        expect_answer(&client, 200, expected);
    }
    client_close(&client);
}

static void send_big_body(struct client *client, const char *path, size_t size)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT((size_t)32 * 1024 * 1024);

    buffer_printf(&text, "POST %s HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n", path, size);
    assert_non_null(buffer_reserve(&text, size));
    memset(text.ptr + text.size, 'x', size);
    buffer_grew(&text, size);
    client_send_bytes(client, buffer_bytes(&text));
}

static void stops_reading_while_large_bodies_wait(void **state)
{
    struct client client = client_open();

    (void)state;
    send_big_body(&client, "/later", HTTP_PIPELINE_SIZE_MAX); /* at the limit: one more is read */
    client_send(&client, "POST /later HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nx");
    client_send(&client, "GET /later HTTP/1.1\r\n" HOST "\r\n");
    TURN_UNTIL(waiting_count == 2);
    for (int i = 0; i < 10; i++)
        turn();
    assert_int_equal(waiting_count, 2);
    answer_text(waiting[0], 200, BYTES("first"));
    waiting[0] = NULL;
    TURN_UNTIL(waiting_count == 3);
    answer_waiting(1);
    answer_waiting(2);
    expect_answer(&client, 200, "first");
    expect_answer(&client, 200, "POST /later|x");
    expect_answer(&client, 200, "GET /later|");
    client_close(&client);
}

static const size_t large_size = (size_t)8 * 1024 * 1024;

static bool answer_large(struct http_request *request)
{
    uint8_t *text = arena_alloc(http_arena(request), large_size);

    memset(text, 'y', large_size);
    answer_text(request, 200, bytes_of(text, large_size));
    return true;
}

static void stops_reading_while_answers_are_not_taken(void **state)
{
    struct client client = client_open();

    (void)state;
    special = answer_large;
    for (int i = 0; i < 5; i++)
        send(client.fd, "GET / HTTP/1.1\r\n" HOST "\r\n", strlen("GET / HTTP/1.1\r\n" HOST "\r\n"),
             0);
    TURN_UNTIL(handled_count == 1);
    for (int i = 0; i < 10; i++)
        turn();
    assert_int_equal(handled_count, 1);
    for (int i = 0; i < 5; i++) {
        struct answer answer = client_answer(&client);

        assert_int_equal(answer.body.size, large_size + 1);
        assert_int_equal(answer.body.ptr[large_size - 1], 'y');
        buffer_free(&answer.body);
    }
    assert_int_equal(handled_count, 5);
    client_close(&client);
}

/* ---- deadlines ---- */

static void refuses_slow_heads_and_bodies(void **state)
{
    static const char *const texts[] = {"GET / HT",
                                        "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nabc"};

    (void)state;
    http_set_limits(server, &(struct http_limits){.head_ms = 5, .body_ms = 5});
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct client client = client_open();

        client_send(&client, texts[i]);
        expect_refusal(&client, 408, "RequestTimeoutException", i == 0 ? "head" : "body");
        client_close(&client);
    }
}

/* Bytes that arrive do not move the end of a head's time, as they do for a body's. */
static void a_head_that_drips_is_slow_all_the_same(void **state)
{
    struct client client = client_open();

    (void)state;
    http_set_limits(server, &(struct http_limits){.head_ms = 30});
    client_send(&client, "GET / HTTP/1.1\r\n" HOST "A: ");
    while (!client_ended(&client) && !client_has(&client, 1)) {
        client_send(&client, "x");
        turn();
    }
    expect_refusal(&client, 408, "RequestTimeoutException", "head");
    client_close(&client);
}

static void closes_idle_connections(void **state)
{
    struct client quiet = client_open(), used = client_open();

    (void)state;
    http_set_limits(server, &(struct http_limits){.idle_ms = 5});
    client_send(&used, "GET / HTTP/1.1\r\n" HOST "\r\n");
    expect_answer(&used, 200, "GET /|");
    client_expect_end(&used);
    client_expect_end(&quiet);
    client_close(&used);
    client_close(&quiet);
    assert_int_equal(figures().refused_total, 0);
}

static void who_waits_for_an_answer_is_not_idle(void **state)
{
    struct client waits = client_open(), idle;

    (void)state;
    http_set_limits(server, &(struct http_limits){.idle_ms = 5});
    client_send(&waits, "GET /later HTTP/1.1\r\n" HOST "\r\n");
    TURN_UNTIL(waiting_count == 1);
    idle = client_open();
    client_expect_end(&idle); /* came later, and its time is over */
    assert_false(client_ended(&waits));
    answer_waiting(0);
    expect_answer(&waits, 200, "GET /later|");
    client_close(&waits);
    client_close(&idle);
}

static void closes_on_clients_that_take_nothing(void **state)
{
    struct client client = client_open();

    (void)state;
    special = answer_large;
    http_set_limits(server, &(struct http_limits){.write_ms = 5});
    client_send(&client, "GET / HTTP/1.1\r\n");
    send(client.fd, HOST "\r\n", strlen(HOST "\r\n"), 0);
    TURN_UNTIL(figures().connections_open == 0 && figures().connections_total == 1);
    client_close(&client);
}

static void lingers_only_for_a_while(void **state)
{
    struct client client = client_open();

    (void)state;
    http_set_limits(server, &(struct http_limits){.linger_ms = 5});
    client_send(&client, "nonsense\r\n\r\n");
    TURN_UNTIL(figures().connections_total == 1 && figures().connections_open == 0);
    expect_refusal(&client, 400, "MalformedHttpRequestException", "well-formed");
    client_close(&client);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, start_server, stop_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_half_closed_client_gets_its_answers),
        TEST(who_waits_for_a_half_closed_client_is_told),
        TEST(a_request_cut_short_by_half_closing_is_refused),
        TEST(a_client_that_says_nothing_and_closes_costs_nothing),
        TEST(answers_for_a_vanished_client_are_dropped),
        TEST(gone_may_answer),
        TEST(watching_a_client_that_is_gone_already_tells_at_once),
        TEST(serves_many_requests_on_one_connection),
        TEST(serves_a_connection_for_every_request),
        TEST(reads_nothing_after_connection_close),
        TEST(speaks_http_1_0),
        TEST(stops_reading_while_enough_requests_wait),
        TEST(stops_reading_while_large_bodies_wait),
        TEST(stops_reading_while_answers_are_not_taken),
        TEST(refuses_slow_heads_and_bodies),
        TEST(a_head_that_drips_is_slow_all_the_same),
        TEST(closes_idle_connections),
        TEST(who_waits_for_an_answer_is_not_idle),
        TEST(closes_on_clients_that_take_nothing),
        TEST(lingers_only_for_a_while),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
