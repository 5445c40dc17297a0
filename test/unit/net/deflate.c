/* test/unit/net/deflate.c - gzip answers: for whom, how large, and back again. */
#include "harness.h"

#include <zlib.h>

#define GZIP (15 + 16)

static size_t text_size; /* of the next answer */

static bool answer_letters(struct http_request *request)
{
    struct arena *arena = http_arena(request);
    uint8_t *text = arena_alloc(arena, text_size);
    struct http_header_pair header = {BYTES("Content-Encoding"), BYTES("gzip")};
    struct http_answer answer = {.status = 200, .headers = &header};

    for (size_t i = 0; i < text_size; i++)
        text[i] = (uint8_t)('a' + i % 7 + i % 11);
    answer.body = bytes_of(text, text_size);
    answer.header_count = http_gzip(request, &answer.body) ? 1 : 0;
    http_answer(request, &answer);
    return true;
}

/* Whether the body came compressed; its text is right either way. */
static bool is_compressed(const char *accepted, size_t size)
{
    struct client client = client_open();
    char head[512];
    bool compressed = false;

    special = answer_letters;
    text_size = size;
    snprintf(head, sizeof head, "GET / HTTP/1.1\r\n" HOST "%s%s\r\n\r\n",
             accepted != NULL ? "Accept-Encoding: " : "A: ", accepted != NULL ? accepted : "b");
    client_send(&client, head);

    struct answer answer = client_answer(&client);
    uint8_t *text = malloc(size + 1);
    z_stream stream = {.next_in = answer.body.ptr,
                       .avail_in = (uInt)answer.body.size - 1,
                       .next_out = text,
                       .avail_out = (uInt)size + 1};

    assert_non_null(text);
    compressed = strstr(answer.head, "Content-Encoding: gzip\r\n") != NULL;
    if (compressed) {
        assert_true(answer.body.size - 1 < size);
        assert_int_equal(inflateInit2(&stream, GZIP), Z_OK);
        assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
        assert_int_equal(stream.total_out, size);
        assert_int_equal(stream.avail_in, 0);
        inflateEnd(&stream);
    } else {
        assert_int_equal(answer.body.size - 1, size);
        memcpy(text, answer.body.ptr, size);
    }
    for (size_t i = 0; i < size; i++)
        assert_int_equal(text[i], 'a' + i % 7 + i % 11);
    free(text);
    buffer_free(&answer.body);
    client_close(&client);
    return compressed;
}

static void whoever_asks(void **state)
{
    static const char *const wishes[] = {
        "gzip",           "GZIP",        "gzip, deflate, br", "br;q=1.0, gzip;q=0.5",
        " deflate ,gzip", "gzip;q=0.001"};
    static const char *const others[] = {
        "identity", "", "*", "deflate, br", "gzip;q=0", "gzip;q=0.000", "x-gzip2", "agzip"};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(wishes); i++)
        if (!is_compressed(wishes[i], 5000))
            fail_msg("not compressed: %s", wishes[i]);
    for (size_t i = 0; i < ARRAY_COUNT(others); i++)
        if (is_compressed(others[i], 5000))
            fail_msg("compressed: %s", others[i]);
    assert_false(is_compressed(NULL, 5000));
}

static void sizes(void **state)
{
    (void)state;
    assert_false(is_compressed("gzip", 0));
    assert_false(is_compressed("gzip", 1023));
    assert_true(is_compressed("gzip", 1024));
    assert_true(is_compressed("gzip", (size_t)5 * 1024 * 1024));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whoever_asks, start_server, stop_server),
        cmocka_unit_test_setup_teardown(sizes, start_server, stop_server),
    };

    return cmocka_run_group_tests_name("net/deflate", tests, NULL, NULL);
}
