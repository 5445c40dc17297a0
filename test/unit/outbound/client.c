/* client.h against a server on loopback. */
#include "outbound/server_test.h"

#include "outbound/client.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/socket.h>

struct test {
    uv_loop_t loop;
    struct test_server server;
    struct outbound_client *client;
    size_t ended, changed;
    struct outbound_request *last;
};

static void changed(void *context)
{
    struct test *t = context;

    t->changed++;
}

static int open_test(void **state)
{
    struct test *t = mem_new(sizeof *t);

    uv_loop_init(&t->loop);
    test_server_open(&t->server, &t->loop);
    t->client = outbound_client_new(&t->loop, changed, t);
    *state = t;
    return 0;
}

static int close_test(void **state)
{
    struct test *t = *state;

    TEST_UNTIL(&t->loop, outbound_client_stop(t->client));
    outbound_client_free(t->client);
    test_server_close(&t->server);
    assert_int_equal(uv_loop_close(&t->loop), 0);
    mem_free(t);
    return 0;
}

static void ended(struct outbound_request *request)
{
    struct test *t = request->context;

    t->ended++;
    t->last = request;
}

static struct bytes url_of(struct test *t, const char *path)
{
    return arena_printf(t->server.arena, "http://127.0.0.1:%d%s", t->server.port, path);
}

static struct outbound_request request_of(struct test *t, const char *method, const char *path)
{
    return (struct outbound_request){
        .method = method,
        .url = url_of(t, path),
        .direct = true,
        .timeout_ms = TEST_WAIT_MS,
        .body_size_max = 1024,
        .done = ended,
        .context = t,
    };
}

static void run(struct test *t, struct outbound_request *request)
{
    size_t before = t->ended;

    outbound_client_send(t->client, request);
    assert_int_equal(t->ended, before); /* never from within */
    assert_int_equal(outbound_client_in_flight(t->client), 1);
    TEST_UNTIL(&t->loop, t->ended > before);
    assert_int_equal(outbound_client_in_flight(t->client), 0);
}

static void test_names_are_looked_up_beside_the_loop(void **state)
{
    void *library = dlopen("libcurl.so.4", RTLD_NOW); /* which base/libcurl.c loads */
    curl_version_info_data *(*version_info)(CURLversion) = NULL;

    (void)state;
    assert_non_null(library);
    *(void **)&version_info = dlsym(library, "curl_version_info");
    assert_true(version_info(CURLVERSION_NOW)->features & CURL_VERSION_ASYNCHDNS);
    dlclose(library);
}

static const char *answer_while_open(struct test_server *server, const char *request)
{
    size_t *inherited = server->context;

    (void)request;
    for (int fd = 3; fd < 256; fd++) {
        struct sockaddr_in address = {0};
        socklen_t size = sizeof address;

        if (getpeername(fd, (struct sockaddr *)&address, &size) == 0 &&
            ntohs(address.sin_port) == server->port && (fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0)
            ++*inherited;
    }
    return server->fixed;
}

static void test_connections_are_closed_on_exec(void **state)
{
    struct test *t = *state;
    struct outbound_request request = request_of(t, "GET", "/");
    size_t inherited = 0;

    t->server.answer = answer_while_open;
    t->server.context = &inherited;
    run(t, &request);
    assert_int_equal(request.end, OUTBOUND_ANSWERED);
    assert_int_equal(inherited, 0);
}

static void test_what_is_sent(void **state)
{
    struct test *t = *state;
    const struct outbound_header headers[] = {{BYTES("X-One"), BYTES(" 1 ")},
                                              {BYTES("x-empty"), BYTES("")},
                                              {BYTES("Content-Type"), BYTES("text/plain")}};
    struct outbound_request request = request_of(t, "PUT", "/a/b?c=d");

    request.headers = headers;
    request.header_count = ARRAY_COUNT(headers);
    request.body = BYTES("hello\0world");
    request.has_body = true;
    run(t, &request);
    assert_int_equal(request.end, OUTBOUND_ANSWERED);

    AUTO(buffer_free) struct buffer expected = BUFFER_INIT(1024);

    buffer_printf(&expected,
                  "PUT /a/b?c=d HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nX-One: 1\r\nx-empty:\r\n"
                  "Content-Type: text/plain\r\nContent-Length: 11\r\n\r\nhello",
                  t->server.port);
    buffer_append_byte(&expected, '\0');
    assert_string_equal(t->server.requests[0], expected.ptr);
}

static void test_a_request_without_a_body(void **state)
{
    static const char *const methods[] = {"GET", "HEAD", "OPTIONS", "DELETE"};
    struct test *t = *state;

    for (size_t i = 0; i < ARRAY_COUNT(methods); i++) {
        AUTO(buffer_free) struct buffer expected = BUFFER_INIT(1024);
        struct outbound_request request = request_of(t, methods[i], "/");

        run(t, &request);
        assert_int_equal(request.end, OUTBOUND_ANSWERED);
        buffer_printf(&expected, "%s / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n", methods[i],
                      t->server.port);
        buffer_append_byte(&expected, '\0');
        assert_string_equal(t->server.requests[i], expected.ptr);
    }
}

static void test_an_empty_body(void **state)
{
    struct test *t = *state;
    struct outbound_request request = request_of(t, "POST", "/");

    request.has_body = true;
    run(t, &request);
    assert_true(test_has_line(t->server.requests[0], "Content-Length: 0"));
}

/* Results live until done() returns. */
static void keep(struct outbound_request *request)
{
    struct test *t = request->context;

    request->answer_body = arena_copy(t->server.arena, request->answer_body);
    t->server.context = arena_copy_text(
        t->server.arena, arena_printf(t->server.arena, "%.*s|%.*s|%.*s|%zu",
                                      BYTES_ARG(outbound_answer_header(request, "retry-after")),
                                      BYTES_ARG(outbound_answer_header(request, "X-A")),
                                      BYTES_ARG(outbound_answer_header(request, "X-Early")),
                                      request->answer_header_count));
    ended(request);
}

static void test_headers_and_body_come_back(void **state)
{
    struct test *t = *state;
    struct outbound_request request = request_of(t, "GET", "/");

    t->server.fixed = "HTTP/1.1 100 Continue\r\nX-Early: yes\r\n\r\n"
                      "HTTP/1.1 200 OK\r\nRetry-After:  120 \r\nX-A: 1\r\nX-A: 2\r\n"
                      "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    request.done = keep;
    run(t, &request);
    assert_true(bytes_equal_text(request.answer_body, "abcde"));
    assert_int_equal(request.status, 200);
    assert_string_equal(t->server.context, "120|1||4");
    assert_true(t->changed > 0);
}

static void test_redirects_are_not_followed(void **state)
{
    struct test *t = *state;
    struct outbound_request request = request_of(t, "GET", "/");

    t->server.fixed = "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n";
    run(t, &request);
    assert_int_equal(request.status, 302);
    assert_int_equal(t->server.request_count, 1);
}

static void test_a_body_has_a_limit(void **state)
{
    struct test *t = *state;
    struct outbound_request request = request_of(t, "GET", "/");

    t->server.fixed = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd";
    request.body_size_max = 4;
    run(t, &request);
    assert_int_equal(request.end, OUTBOUND_ANSWERED);
    t->server.fixed = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde";
    run(t, &request);
    assert_int_equal(request.end, OUTBOUND_TOO_LARGE);
    assert_int_equal(request.status, 0);
    request.cut_body = true;
    run(t, &request);
    assert_int_equal(request.end, OUTBOUND_ANSWERED);
    assert_int_equal(request.status, 200);
}

static const char *long_head(struct test_server *server, const char *request)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT((size_t)1024 * 1024);
    size_t size = *(size_t *)server->context;

    (void)request;
    buffer_append_text(&out, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: ");
    while (out.size < size - 4)
        buffer_append_byte(&out, 'x');
    buffer_append_text(&out, "\r\n\r\n");
    return arena_copy_text(server->arena, buffer_bytes(&out));
}

static void test_a_head_has_a_limit(void **state)
{
    struct test *t = *state;
    struct outbound_request request = request_of(t, "GET", "/");
    size_t size = OUTBOUND_HEAD_SIZE_MAX;

    t->server.answer = long_head;
    t->server.context = &size;
    run(t, &request);
    assert_int_equal(request.end, OUTBOUND_ANSWERED);
    size++;
    run(t, &request);
    assert_int_equal(request.end, OUTBOUND_TOO_LARGE);
}

static void test_nobody_listens(void **state)
{
    struct test *t = *state;
    struct test_server gone;
    struct outbound_request request = request_of(t, "GET", "/");

    test_server_open(&gone, &t->loop);
    request.url = arena_printf(t->server.arena, "http://127.0.0.1:%d/", gone.port);
    test_server_close(&gone);
    run(t, &request);
    assert_int_equal(request.end, OUTBOUND_UNREACHABLE);
}

static void test_what_is_no_http(void **state)
{
    static const char *const answers[] = {"", "SSH-2.0-x\r\n",
                                          "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"};
    struct test *t = *state;

    for (size_t i = 0; i < ARRAY_COUNT(answers); i++) {
        struct outbound_request request = request_of(t, "GET", "/");

        t->server.fixed = answers[i];
        run(t, &request);
        if (request.end != OUTBOUND_UNREACHABLE)
            fail_msg("%s: %d", answers[i], request.end);
    }
}

static void test_it_does_not_wait_for_ever(void **state)
{
    struct test *t = *state;
    struct outbound_request request = request_of(t, "GET", "/");

    t->server.fixed = NULL;
    request.timeout_ms = 20;
    run(t, &request);
    assert_int_equal(request.end, OUTBOUND_TIMED_OUT);
    /* the body counts too */
    t->server.fixed = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc";
    t->server.keep_open = true;
    run(t, &request);
    assert_int_equal(request.end, OUTBOUND_TIMED_OUT);
}

/* A label of 64 characters is none: no server is asked. */
static void test_a_name_without_an_address(void **state)
{
    struct test *t = *state;
    struct outbound_request request = request_of(t, "GET", "/");

    request.url = BYTES("http://"
                        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                        ".invalid/");
    run(t, &request);
    assert_int_equal(request.end, OUTBOUND_NO_SUCH_HOST);
}

static void test_what_cannot_be_sent(void **state)
{
    static const struct outbound_header headers[] = {
        {{(const uint8_t *)"X", 1}, {(const uint8_t *)"a\r\nY: b", 7}},
        {{(const uint8_t *)"X\nY", 3}, {(const uint8_t *)"a", 1}},
        {{(const uint8_t *)"X:Y", 3}, {(const uint8_t *)"a", 1}},
        {{(const uint8_t *)"X", 1}, {(const uint8_t *)"a\0b", 3}},
        {{(const uint8_t *)"", 0}, {(const uint8_t *)"a", 1}},
    };
    struct test *t = *state;
    struct outbound_request request = request_of(t, "GET", "/");

    request.header_count = 1;
    for (size_t i = 0; i < ARRAY_COUNT(headers); i++) {
        request.headers = &headers[i];
        run(t, &request);
        assert_int_equal(request.end, OUTBOUND_UNUSABLE);
    }
    request.header_count = 0;
    request.url = BYTES("gopher://127.0.0.1/");
    run(t, &request);
    assert_int_equal(request.end, OUTBOUND_UNUSABLE);
    request.url = BYTES("http://127.0.0.1/a\r\nb");
    run(t, &request);
    assert_int_equal(request.end, OUTBOUND_UNUSABLE);
    assert_int_equal(t->server.request_count, 0);
}

/* ---- many, and ends from within ---- */

static void test_many_at_once(void **state)
{
    struct test *t = *state;
    struct outbound_request requests[100];

    for (size_t i = 0; i < ARRAY_COUNT(requests); i++) {
        requests[i] = request_of(t, "GET", "/");
        requests[i].new_connection = i % 2 == 0;
        outbound_client_send(t->client, &requests[i]);
    }
    assert_int_equal(outbound_client_in_flight(t->client), 100);
    TEST_UNTIL(&t->loop, t->ended == 100);
    for (size_t i = 0; i < ARRAY_COUNT(requests); i++)
        assert_int_equal(requests[i].status, 200);
}

static void test_connections_are_used_again_unless_it_is_said(void **state)
{
    struct test *t = *state;
    struct outbound_request request = request_of(t, "GET", "/");

    t->server.keep_open = true;
    request.new_connection = true;
    run(t, &request);
    TEST_UNTIL(&t->loop, t->server.open == 0);
    request.new_connection = false;
    run(t, &request);
    uv_run(&t->loop, UV_RUN_NOWAIT);
    assert_int_equal(t->server.open, 1);
}

static void test_a_cancelled_request_is_gone(void **state)
{
    struct test *t = *state;
    struct outbound_request request = request_of(t, "GET", "/");

    t->server.fixed = NULL;
    outbound_client_send(t->client, &request);
    TEST_UNTIL(&t->loop, t->server.request_count == 1);
    outbound_client_cancel(t->client, &request);
    outbound_client_cancel(t->client, &request);
    assert_int_equal(outbound_client_in_flight(t->client), 0);
    TEST_UNTIL(&t->loop, t->server.open == 0);
    assert_int_equal(t->ended, 0);
}

static struct outbound_request *others[3];

static void cancel_others(struct outbound_request *request)
{
    struct test *t = request->context;

    for (size_t i = 0; i < ARRAY_COUNT(others); i++)
        if (others[i] != request)
            outbound_client_cancel(t->client, others[i]);
    ended(request);
}

static void test_done_may_cancel_others(void **state)
{
    struct test *t = *state;
    struct outbound_request requests[3];

    for (size_t i = 0; i < ARRAY_COUNT(requests); i++) {
        requests[i] = request_of(t, "GET", "/");
        requests[i].url = BYTES("gopher://all/fail/at/once");
        requests[i].done = cancel_others;
        others[i] = &requests[i];
        outbound_client_send(t->client, &requests[i]);
    }
    TEST_UNTIL(&t->loop, outbound_client_in_flight(t->client) == 0);
    assert_int_equal(t->ended, 1);
}

static void send_again(struct outbound_request *request)
{
    struct test *t = request->context;

    if (++t->ended < 5)
        outbound_client_send(t->client, request);
}

static void test_done_may_send_anew(void **state)
{
    struct test *t = *state;
    struct outbound_request request = request_of(t, "GET", "/");

    request.done = send_again;
    outbound_client_send(t->client, &request);
    TEST_UNTIL(&t->loop, t->ended == 5);
    assert_int_equal(t->server.request_count, 5);
}

static void stop_from_within(struct outbound_request *request)
{
    struct test *t = request->context;

    ended(request);
    outbound_client_stop(t->client);
}

static void test_done_may_stop_the_client(void **state)
{
    struct test *t = *state;
    struct outbound_request requests[3];

    for (size_t i = 0; i < ARRAY_COUNT(requests); i++) {
        requests[i] = request_of(t, "GET", "/");
        requests[i].done = stop_from_within;
        outbound_client_send(t->client, &requests[i]);
    }
    TEST_UNTIL(&t->loop, t->ended == 1 && outbound_client_stop(t->client));
    assert_int_equal(t->ended, 1);
}

static void test_a_stop_ends_what_is_under_way(void **state)
{
    struct test *t = *state;
    struct outbound_request request = request_of(t, "GET", "/");

    t->server.fixed = NULL;
    outbound_client_send(t->client, &request);
    TEST_UNTIL(&t->loop, t->server.request_count == 1);
    TEST_UNTIL(&t->loop, outbound_client_stop(t->client));
    assert_int_equal(t->ended, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_test, close_test)
    const struct CMUnitTest tests[] = {
        TEST(test_names_are_looked_up_beside_the_loop),
        TEST(test_connections_are_closed_on_exec),
        TEST(test_what_is_sent),
        TEST(test_a_request_without_a_body),
        TEST(test_an_empty_body),
        TEST(test_headers_and_body_come_back),
        TEST(test_redirects_are_not_followed),
        TEST(test_a_body_has_a_limit),
        TEST(test_a_head_has_a_limit),
        TEST(test_nobody_listens),
        TEST(test_what_is_no_http),
        TEST(test_it_does_not_wait_for_ever),
        TEST(test_a_name_without_an_address),
        TEST(test_what_cannot_be_sent),
        TEST(test_many_at_once),
        TEST(test_connections_are_used_again_unless_it_is_said),
        TEST(test_a_cancelled_request_is_gone),
        TEST(test_done_may_cancel_others),
        TEST(test_done_may_send_anew),
        TEST(test_done_may_stop_the_client),
        TEST(test_a_stop_ends_what_is_under_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
