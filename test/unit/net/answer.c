/* test/unit/net/answer.c - the bytes of answers, their order, and streams. */
#include "harness.h"

static void answers_leave_in_the_order_of_their_requests(void **state)
{
    struct client client = client_open();
    AUTO(buffer_free) struct buffer text = BUFFER_INIT((size_t)64 * 1024);
    const size_t count = HTTP_PIPELINE_MAX;

    (void)state;
    for (size_t i = 0; i < count; i++)
        buffer_printf(&text, "GET /later/%zu HTTP/1.1\r\n" HOST "\r\n", i);
    client_send_bytes(&client, buffer_bytes(&text));
    TURN_UNTIL(waiting_count == count);
    for (size_t i = count; i-- > 1;) { /* the last first; nothing may leave */
        answer_echo(waiting[i]);
        waiting[i] = NULL;
        turn();
        assert_false(client_has(&client, 1));
    }
    answer_echo(waiting[0]);
    waiting[0] = NULL;
    for (size_t i = 0; i < count; i++) {
        char expected[64];

        snprintf(expected, sizeof expected, "GET /later/%zu|", i);
        expect_answer(&client, 200, expected);
    }
    client_close(&client);
}

static bool answer_with_headers(struct http_request *request)
{
    struct bytes path = http_path(request);
    const struct http_header_pair headers[] = {
        {BYTES("x-amzn-requestid"), BYTES("ABC")},
        {BYTES("x-evil"), BYTES("a\r\nSet-Cookie: b\0c")},
    };
    struct http_answer answer = {.status = 200, .content_type = "application/x-amz-json-1.0"};

    if (bytes_equal(path, BYTES("/headers"))) {
        answer.headers = headers;
        answer.header_count = ARRAY_COUNT(headers);
        answer.body = BYTES("{}");
    } else if (bytes_equal(path, BYTES("/nothing"))) {
        answer.status = 204;
        answer.content_type = NULL;
    } else if (bytes_equal(path, BYTES("/accepted"))) {
        answer.status = 202;
        answer.content_type = NULL;
    } else if (bytes_equal(path, BYTES("/unknown"))) {
        answer.status = 599;
    }
    http_answer(request, &answer);
    return true;
}

static void writes_heads(void **state)
{
    struct client client = client_open();

    (void)state;
    special = answer_with_headers;
    client_send(&client, "GET /headers HTTP/1.1\r\n" HOST "\r\n");
    client_expect(&client, "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\n"
                           "x-amzn-requestid: ABC\r\nx-evil: a  Set-Cookie: b c\r\n"
                           "Content-Length: 2\r\n\r\n{}");
    client_send(&client, "HEAD /headers HTTP/1.1\r\n" HOST "\r\n");
    client_expect(&client, "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\n"
                           "x-amzn-requestid: ABC\r\nx-evil: a  Set-Cookie: b c\r\n"
                           "Content-Length: 2\r\n\r\n");
    client_send(&client, "GET /nothing HTTP/1.1\r\n" HOST "\r\n");
    client_expect(&client, "HTTP/1.1 204 No Content\r\n\r\n");
    client_send(&client, "GET /accepted HTTP/1.1\r\n" HOST "\r\n");
    client_expect(&client, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
    client_send(&client, "GET /unknown HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    client_expect(&client, "HTTP/1.1 599 \r\nContent-Type: application/x-amz-json-1.0\r\n"
                           "Connection: close\r\nContent-Length: 0\r\n\r\n");
    client_expect_end(&client);
    client_close(&client);
}

/* ---- streams ---- */

static size_t gone_count;
static struct http_request *stream;

static void stream_gone(void *context)
{
    assert_ptr_equal(context, &gone_count);
    gone_count++;
    stream = NULL;
}

static bool begin_stream(struct http_request *request)
{
    if (!bytes_equal(http_path(request), BYTES("/stream")))
        return false;
    stream = request;
    http_stream_begin(request, 200, "text/plain", stream_gone, &gone_count);
    return true;
}

static void streams_in_chunks(void **state)
{
    struct client client = client_open();

    (void)state;
    special = begin_stream;
    gone_count = 0;
    client_send(&client, "GET /stream HTTP/1.1\r\n" HOST "\r\n");
    client_expect(&client, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                           "Transfer-Encoding: chunked\r\n\r\n");
    http_stream_write(stream, BYTES("first"));
    http_stream_write(stream, BYTES("")); /* would be the end, so it is nothing */
    client_expect(&client, "5\r\nfirst\r\n");
    http_stream_write(stream, BYTES("and the second, of 31 bytes now"));
    assert_int_not_equal(http_stream_waiting(stream), 0);
    client_expect(&client, "1f\r\nand the second, of 31 bytes now\r\n");
    assert_int_equal(http_stream_waiting(stream), 0);
    http_stream_end(stream);
    client_expect(&client, "0\r\n\r\n");
    client_send(&client, "GET /after HTTP/1.1\r\n" HOST "\r\n");
    expect_answer(&client, 200, "GET /after|");
    assert_int_equal(gone_count, 0);
    client_close(&client);
}

static void streams_to_http_1_0_until_the_end(void **state)
{
    struct client client = client_open();

    (void)state;
    special = begin_stream;
    client_send(&client, "GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
                         "GET /later HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    client_expect(&client, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                           "Connection: close\r\n\r\n");
    http_stream_write(stream, BYTES("raw"));
    http_stream_end(stream);
    client_expect(&client, "raw");
    client_expect_end(&client);
    client_close(&client);
}

static void a_stream_waits_for_its_turn(void **state)
{
    struct client client = client_open();

    (void)state;
    special = begin_stream;
    client_send(&client, "GET /later HTTP/1.1\r\n" HOST "\r\nGET /stream HTTP/1.1\r\n" HOST "\r\n"
                         "GET /after HTTP/1.1\r\n" HOST "\r\n");
    TURN_UNTIL(handled_count == 3);
    http_stream_write(stream, BYTES("a"));
    assert_int_not_equal(http_stream_waiting(stream), 0);
    turn();
    assert_false(client_has(&client, 1));
    answer_echo(waiting[0]);
    waiting[0] = NULL;
    expect_answer(&client, 200, "GET /later|");
    client_expect(&client, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                           "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
    http_stream_write(stream, BYTES("b"));
    client_expect(&client, "1\r\nb\r\n");
    turn();
    assert_false(client_has(&client, 1)); /* /after is held */
    http_stream_end(stream);
    client_expect(&client, "0\r\n\r\n");
    expect_answer(&client, 200, "GET /after|");
    client_close(&client);
}

static void head_of_a_stream_has_no_pieces(void **state)
{
    struct client client = client_open();

    (void)state;
    special = begin_stream;
    client_send(&client,
                "HEAD /stream HTTP/1.1\r\n" HOST "\r\nGET /after HTTP/1.1\r\n" HOST "\r\n");
    TURN_UNTIL(handled_count == 2);
    http_stream_write(stream, BYTES("a"));
    http_stream_end(stream);
    client_expect(&client, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                           "Transfer-Encoding: chunked\r\n\r\n");
    expect_answer(&client, 200, "GET /after|");
    client_close(&client);
}

/* Also by half-closing: nobody would ever tell us later that it went. */
static void a_stream_ends_when_its_client_goes(void **state)
{
    (void)state;
    special = begin_stream;
    for (int half = 0; half < 2; half++) {
        struct client client = client_open();

        gone_count = 0;
        client_send(&client, "GET /stream HTTP/1.1\r\n" HOST "\r\n");
        TURN_UNTIL(stream != NULL);
        if (half == 0)
            client_vanish(&client);
        else
            shutdown(client.fd, SHUT_WR);
        TURN_UNTIL(gone_count == 1);
        client_close(&client);
        TURN_UNTIL(figures().connections_open == 0);
        assert_int_equal(gone_count, 1);
    }
}

static void a_stream_begun_for_a_client_that_is_gone_is_told_at_once(void **state)
{
    struct client client = client_open();

    (void)state;
    gone_count = 0;
    client_send(&client, "GET /later HTTP/1.1\r\n" HOST "\r\n");
    TURN_UNTIL(waiting_count == 1);
    client_vanish(&client);
    TURN_UNTIL(figures().connections_open == 0);
    http_stream_begin(waiting[0], 200, "text/plain", stream_gone, &gone_count);
    assert_int_equal(gone_count, 1);
    waiting[0] = NULL;
}

static void a_stream_whose_client_takes_nothing_is_cut(void **state)
{
    struct client client = client_open();
    static char piece[1 << 20];

    (void)state;
    special = begin_stream;
    gone_count = 0;
    client_send(&client, "GET /stream HTTP/1.1\r\n");
    send(client.fd, HOST "\r\n", strlen(HOST "\r\n"), 0);
    TURN_UNTIL(stream != NULL);
    struct http_request *request = stream;

    /* Within one turn, so that nothing leaves: at the limit it lives, one past it it does not. */
    while (http_stream_waiting(request) + sizeof piece + 32 < HTTP_STREAM_WAITING_MAX)
        http_stream_write(request, bytes_of(piece, sizeof piece));
    size_t left = HTTP_STREAM_WAITING_MAX - http_stream_waiting(request);

    http_stream_write(request, bytes_of(piece, left - strlen("fffff\r\n\r\n")));
    assert_int_equal(http_stream_waiting(request), HTTP_STREAM_WAITING_MAX);
    turn();
    assert_int_equal(gone_count, 0);
    while (http_stream_waiting(request) <= HTTP_STREAM_WAITING_MAX)
        http_stream_write(request, BYTES("one more"));
    assert_int_equal(gone_count, 0); /* never told from within a write */
    http_stream_write(request, BYTES("harmless"));
    turn();
    assert_int_equal(gone_count, 1);
    client_close(&client);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, start_server, stop_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(answers_leave_in_the_order_of_their_requests),
        TEST(writes_heads),
        TEST(streams_in_chunks),
        TEST(streams_to_http_1_0_until_the_end),
        TEST(a_stream_waits_for_its_turn),
        TEST(head_of_a_stream_has_no_pieces),
        TEST(a_stream_ends_when_its_client_goes),
        TEST(a_stream_begun_for_a_client_that_is_gone_is_told_at_once),
        TEST(a_stream_whose_client_takes_nothing_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
