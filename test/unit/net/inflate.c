/* test/unit/net/inflate.c - gzip bodies, and what only claims to be one. */
#include "harness.h"

#include <zlib.h>

#define GZIP (15 + 16)

static void gzip_append(struct buffer *out, struct bytes text)
{
    z_stream stream = {0};

    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, GZIP, 9, Z_DEFAULT_STRATEGY), Z_OK);
    uLong room = deflateBound(&stream, (uLong)text.size);

    stream.next_out = buffer_reserve(out, room);
    assert_non_null(stream.next_out);
    stream.avail_out = (uInt)room;
    uint8_t *copy = malloc(text.size + 1);

    assert_non_null(copy);
    if (text.size > 0)
        memcpy(copy, text.ptr, text.size);
    stream.next_in = copy;
    stream.avail_in = (uInt)text.size;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    buffer_grew(out, stream.total_out);
    deflateEnd(&stream);
    free(copy);
}

static void send_encoded(struct client *client, struct bytes body, const char *encoding)
{
    char head[256];

    snprintf(head, sizeof head,
             "POST / HTTP/1.1\r\n" HOST "Content-Encoding: %s\r\nContent-Length: %zu\r\n\r\n",
             encoding, body.size);
    client_send(client, head);
    client_send_bytes(client, body);
}

static bool answer_sizes(struct http_request *request)
{
    struct bytes body = http_body(request);

    answer_text(request, 200,
                arena_printf(http_arena(request), "%zu of %zu, %.*s", body.size,
                             http_body_as_sent(request).size, (int)size_min(body.size, 20),
                             (const char *)body.ptr));
    return true;
}

static void inflates_bodies(void **state)
{
    struct client client = client_open();
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(1 << 20);
    char expected[64];

    (void)state;
    special = answer_sizes;
    gzip_append(&body, BYTES("{\"TableName\":\"a\"}"));
    send_encoded(&client, buffer_bytes(&body), "gzip");
    snprintf(expected, sizeof expected, "17 of %zu, {\"TableName\":\"a\"}", body.size);
    expect_answer(&client, 200, expected);

    gzip_append(&body, BYTES(" ")); /* members may follow each other */
    send_encoded(&client, buffer_bytes(&body), "GZIP");
    snprintf(expected, sizeof expected, "18 of %zu, {\"TableName\":\"a\"} ", body.size);
    expect_answer(&client, 200, expected);

    buffer_clear(&body);
    gzip_append(&body, BYTES(""));
    send_encoded(&client, buffer_bytes(&body), "gzip");
    snprintf(expected, sizeof expected, "0 of %zu, ", body.size);
    expect_answer(&client, 200, expected);

    send_encoded(&client, BYTES(""), "gzip");
    expect_answer(&client, 200, "0 of 0, ");
    send_encoded(&client, BYTES("plain"), "identity");
    expect_answer(&client, 200, "5 of 5, plain");
    client_close(&client);
}

static void refuses_what_is_not_gzip(void **state)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(1 << 20);

    (void)state;
    gzip_append(&body, BYTES("some text that is long enough to be cut"));
    struct bytes whole = buffer_bytes(&body);

    for (size_t size = 1; size <= whole.size + 2; size++) {
        struct client client = client_open();
        AUTO(buffer_free) struct buffer damaged = BUFFER_INIT(1 << 20);

        buffer_append(&damaged, bytes_slice(whole, 0, size));
        if (size == whole.size)
            damaged.ptr[size - 1] ^= 1; /* its size is wrong */
        if (size == whole.size + 1)
            buffer_append_byte(&damaged, 'x');
        if (size == whole.size + 2)
            damaged.ptr[0] ^= 1;
        send_encoded(&client, buffer_bytes(&damaged), "gzip");
        expect_refusal(&client, 400, "MalformedHttpRequestException", "not gzip");
        client_close(&client);
    }
    assert_int_equal(handled_count, 0);
}

static void a_bomb_is_refused(void **state)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(2 * HTTP_BODY_SIZE_MAX);
    uint8_t *zeros = calloc(1, HTTP_BODY_SIZE_MAX + 1);
    struct client client = client_open();
    char expected[64];

    (void)state;
    assert_non_null(zeros);
    special = answer_sizes;
    for (size_t extra = 0; extra <= 1; extra++) {
        buffer_clear(&body);
        gzip_append(&body, bytes_of(zeros, HTTP_BODY_SIZE_MAX + extra));
        assert_in_range(body.size, 1, 64 * 1024);
        send_encoded(&client, buffer_bytes(&body), "gzip");
        if (extra == 0) {
            snprintf(expected, sizeof expected, "16777216 of %zu, ", body.size);
            struct answer answer = client_answer(&client);

            assert_memory_equal(answer.body.ptr, expected, strlen(expected));
            buffer_free(&answer.body);
        } else {
            expect_refusal(&client, 413, "RequestEntityTooLargeException", "16777216");
        }
    }
    free(zeros);
    client_close(&client);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, start_server, stop_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(inflates_bodies),
        TEST(refuses_what_is_not_gzip),
        TEST(a_bomb_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
