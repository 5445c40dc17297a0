/* test/unit/net/request.c - what a handler may ask: path, query, headers, body. */
#include "harness.h"

static const char *request_text;
static void (*look)(struct http_request *request);

static bool look_and_answer(struct http_request *request)
{
    look(request);
    answer_echo(request);
    return true;
}

/* Sends a request and looks at it from its handler. */
static void looking_at(const char *text, void (*look_at)(struct http_request *request))
{
    struct client client = client_open();

    request_text = text;
    look = look_at;
    special = look_and_answer;
    client_send(&client, text);
    struct answer answer = client_answer(&client);

    if (answer.status != 200)
        fail_msg("%s was answered %s", text, (const char *)answer.body.ptr);
    buffer_free(&answer.body);
    client_close(&client);
}

static void assert_bytes(struct bytes bytes, const char *text)
{
    if (!bytes_equal_text(bytes, text))
        fail_msg("expected %s, got %.*s for %s", text, BYTES_ARG(bytes), request_text);
}

static const struct {
    const char *target, *path;
} paths[] = {
    {"/", "/"},
    {"/a/b", "/a/b"},
    {"/a%20b", "/a b"},
    {"/a+b", "/a+b"},
    {"/%41%e2%82%ac", "/A\xe2\x82\xac"},
    {"/2015-03-31/functions/arn%3Aaws%3Alambda/invocations",
     "/2015-03-31/functions/arn:aws:lambda/invocations"},
    {"/a%2Fb%2fc", "/a%2Fb%2fc"},
    {"/a%00b", "/a%00b"},
    {"/%", "/%"},
    {"/%4", "/%4"},
    {"/%zz", "/%zz"},
    {"/%2541", "/%41"},
    {"/a?b=c", "/a"},
    {"/?", "/"},
    {"*", "*"},
    {"http://localhost:8000/a%20b?c", "/a b"},
    {"HTTP://localhost", "/"},
    {"http://localhost?a=b", "/"},
};
static size_t path_index;

static void look_at_path(struct http_request *request)
{
    assert_bytes(http_path(request), paths[path_index].path);
    assert_bytes(http_target(request), paths[path_index].target);
}

static void decodes_paths(void **state)
{
    char text[256];

    (void)state;
    for (path_index = 0; path_index < ARRAY_COUNT(paths); path_index++) {
        snprintf(text, sizeof text, "OPTIONS %s HTTP/1.1\r\n" HOST "\r\n",
                 paths[path_index].target);
        looking_at(text, look_at_path);
    }
}

static void look_at_query(struct http_request *request)
{
    struct bytes value = BYTES("untouched");

    assert_true(http_query(request, "a", &value));
    assert_bytes(value, "1");
    assert_true(http_query(request, "b c", &value));
    assert_bytes(value, "d e&f=g");
    assert_true(http_query(request, "empty", &value));
    assert_bytes(value, "");
    assert_true(http_query(request, "bare", &value));
    assert_bytes(value, "");
    assert_true(http_query(request, "x", &value));
    assert_bytes(value, "y=z");
    value = BYTES("untouched");
    assert_false(http_query(request, "missing", &value));
    assert_false(http_query(request, "A", &value));
    assert_bytes(value, "untouched");
}

static void look_at_no_query(struct http_request *request)
{
    struct bytes value;

    assert_false(http_query(request, "a", &value));
    assert_false(http_query(request, "", &value));
}

static void decodes_queries(void **state)
{
    (void)state;
    looking_at("GET /?a=1&a=2&&b%20c=d+e%26f%3dg&empty=&bare&x=y=z HTTP/1.1\r\n" HOST "\r\n",
               look_at_query);
    looking_at("GET / HTTP/1.1\r\n" HOST "\r\n", look_at_no_query);
    looking_at("GET /? HTTP/1.1\r\n" HOST "\r\n", look_at_no_query);
}

static void look_at_headers(struct http_request *request)
{
    const struct http_header_pair *pairs = NULL;

    assert_int_equal(http_headers(request, &pairs), 5);
    assert_bytes(pairs[0].name, "Host");
    assert_bytes(pairs[1].name, "X-Amz-Target");
    assert_bytes(pairs[1].value, "DynamoDB_20120810.PutItem");
    assert_bytes(pairs[2].value, "");
    assert_bytes(pairs[4].value, "second");
    assert_bytes(http_header(request, "x-amz-target"), "DynamoDB_20120810.PutItem");
    assert_bytes(http_header(request, "EMPTY"), "");
    assert_bytes(http_header(request, "Twice"), "first  of two");
    assert_int_equal(http_header(request, "missing").size, 0);
    assert_bytes(http_method(request), "DELETE");
    assert_int_equal(http_body(request).size, 0);
}

static void finds_headers(void **state)
{
    (void)state;
    looking_at("DELETE / HTTP/1.1\r\n" HOST "X-Amz-Target:\t DynamoDB_20120810.PutItem \t \r\n"
               "Empty:\r\nTwice: first  of two\r\nTwice: second\r\n\r\n",
               look_at_headers);
}

static uint8_t *remembered;

static void allocate(struct http_request *request)
{
    remembered = arena_alloc(http_arena(request), 100);
    for (int i = 0; i < 100; i++)
        assert_int_equal(remembered[i], 0); /* nothing of the request before */
    memset(remembered, 0xee, 100);
    assert_int_equal(http_body(request).size, strlen("body"));
    assert_bytes(http_body_as_sent(request), "body");
}

static void requests_share_no_memory(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++)
        looking_at("POST / HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nbody", allocate);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, start_server, stop_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(decodes_paths),
        TEST(decodes_queries),
        TEST(finds_headers),
        TEST(requests_share_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
