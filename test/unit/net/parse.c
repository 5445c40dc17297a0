/* test/unit/net/parse.c - what is refused, at each limit and one past it. */
#include "harness.h"

/* Text that another server might read differently, or that is not spoken here: a refusal and the
 * end. */
static const struct {
    const char *what;
    const char *text;
    int status;
} refused[] = {
    {"not HTTP", "hello\r\n\r\n", 400},
    {"TLS", "\x16\x03\x01\x02", 400},
    {"lower-case method", "get / HTTP/1.1\r\n" HOST "\r\n", 400},
    {"unknown method", "BREW / HTTP/1.1\r\n" HOST "\r\n", 400},
    {"no version", "GET /\r\n" HOST "\r\n", 505},
    {"HTTP/2.0", "GET / HTTP/2.0\r\n" HOST "\r\n", 505},
    {"HTTP/0.9", "GET / HTTP/0.9\r\n" HOST "\r\n", 505},
    {"HTTP/1.2", "GET / HTTP/1.2\r\n" HOST "\r\n", 505},
    {"HTTP/2 with prior knowledge", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
    {"a proxy's request", "CONNECT localhost:443 HTTP/1.1\r\n" HOST "\r\n", 501},
    {"space in the target", "GET /a b HTTP/1.1\r\n" HOST "\r\n", 400},
    {"tab in the target", "GET /a\tb HTTP/1.1\r\n" HOST "\r\n", 400},
    {"two spaces before the target: harmless", "GET  / HTTP/1.1\r\n" HOST "\r\n", 200},
    {"bare line feeds", "GET / HTTP/1.1\n" HOST "\n", 400},
    {"bare carriage return", "GET / HTTP/1.1\r" HOST "\r\r", 400},
    {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
    {"two Hosts", "GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400},
    {"space before a colon", "GET / HTTP/1.1\r\n" HOST "A : b\r\n\r\n", 400},
    {"space before a name",
     "GET / HTTP/1.1\r\n"
     " " HOST "\r\n",
     400},
    {"folded header", "GET / HTTP/1.1\r\n" HOST "A: b\r\n c\r\n\r\n", 400},
    {"header without colon", "GET / HTTP/1.1\r\n" HOST "A\r\n\r\n", 400},
    {"empty header name", "GET / HTTP/1.1\r\n" HOST ": b\r\n\r\n", 400},
    {"control character in a value", "GET / HTTP/1.1\r\n" HOST "A: b\x01\r\n\r\n", 400},
    {"two Content-Lengths",
     "POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx", 400},
    {"the same Content-Length twice",
     "POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400},
    {"a list of Content-Lengths", "POST / HTTP/1.1\r\n" HOST "Content-Length: 1, 1\r\n\r\nx", 400},
    {"negative Content-Length", "POST / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n", 400},
    {"signed Content-Length", "POST / HTTP/1.1\r\n" HOST "Content-Length: +1\r\n\r\nx", 400},
    {"hexadecimal Content-Length", "POST / HTTP/1.1\r\n" HOST "Content-Length: 0x1\r\n\r\nx", 400},
    {"Content-Length above 64 bits",
     "POST / HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551617\r\n\r\nx", 400},
    {"Content-Length, then Transfer-Encoding",
     "POST / HTTP/1.1\r\n" HOST "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     400},
    {"Transfer-Encoding, then Content-Length",
     "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
     400},
    {"chunked is not the last encoding",
     "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400},
    {"another encoding", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip\r\n\r\n", 501},
    {"an encoding before chunked",
     "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
    {"chunked twice",
     "POST / HTTP/1.1\r\n" HOST
     "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     400},
    {"chunked in HTTP/1.0",
     "POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {"chunk size that is no number",
     "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400},
    {"negative chunk size", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n-1\r\n",
     400},
    {"chunk size with 0x",
     "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n", 400},
    {"chunk size with a space behind",
     "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n1 \r\na\r\n0\r\n\r\n", 400},
    {"chunk size above 64 bits",
     "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n", 400},
    {"chunk longer than its size",
     "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n", 400},
    {"chunk ended by a bare line feed",
     "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n", 400},
    {"an empty encoding beside a length",
     "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding:\r\nContent-Length: 1\r\n\r\nx", 501},
    {"a chunk's extension without a name",
     "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n1;=\r\na\r\n0\r\n\r\n", 400},
    {"a chunk larger than any body",
     "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", 413},
    {"two content encodings",
     "POST / HTTP/1.1\r\n" HOST
     "Content-Encoding: identity\r\ncontent-encoding: gzip\r\nContent-Length: 1\r\n\r\nx",
     400},
    {"two Origins",
     "GET / HTTP/1.1\r\n" HOST "Origin: http://localhost\r\nOrigin: http://evil.example\r\n\r\n",
     400},
    {"two X-Amz-Targets",
     "GET / HTTP/1.1\r\n" HOST "X-Amz-Target: A.B\r\nX-Amz-Target: A.C\r\n\r\n", 400},
    {"another scheme", "GET ftp://localhost/ HTTP/1.1\r\n" HOST "\r\n", 400},
    {"a target without authority", "GET http:///a HTTP/1.1\r\n" HOST "\r\n", 400},
    {"* is for OPTIONS", "GET * HTTP/1.1\r\n" HOST "\r\n", 400},
    {"OPTIONS *", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 200},
    {"an expectation", "POST / HTTP/1.1\r\n" HOST "Expect: tea\r\nContent-Length: 1\r\n\r\n", 417},
    {"a content encoding",
     "POST / HTTP/1.1\r\n" HOST "Content-Encoding: br\r\nContent-Length: 1\r\n\r\nx", 415},
};

static void refuses_what_could_be_read_in_two_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        struct client client = client_open();

        client_send(&client, refused[i].text);
        struct answer answer = client_answer(&client);

        if (answer.status != refused[i].status)
            fail_msg("%s: expected %d, got %s%s", refused[i].what, refused[i].status, answer.head,
                     (const char *)answer.body.ptr);
        if (answer.status != 200) {
            assert_non_null(strstr(answer.head, "Connection: close\r\n"));
            assert_non_null(strstr((const char *)answer.body.ptr, "\"message\":\""));
            client_expect_end(&client);
        }
        buffer_free(&answer.body);
        client_close(&client);
    }
}

/* Wherever the reads are cut. */
static void refuses_folded_headers(void **state)
{
    static const char *const texts[] = {
        "GET / HTTP/1.1\r\n" HOST "A: b\r\n c\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "A:\r\n b\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "A: \r\n\tb\r\n\r\n",
        "GET / HTTP/1.1\r\nHost:\r\n localhost\r\n\r\n",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        for (size_t cut = 1; cut < strlen(texts[i]); cut++) {
            struct client client = client_open();

            client_send_bytes(&client, bytes_of(texts[i], cut));
            turn();
            client_send(&client, texts[i] + cut);
            expect_refusal(&client, 400, "MalformedHttpRequestException", "well-formed");
            client_close(&client);
        }
    }
    assert_int_equal(handled_count, 0);
}

static void refuses_zero_bytes_in_heads(void **state)
{
    const struct bytes texts[] = {
        BYTES("GET /\0 HTTP/1.1\r\n" HOST "\r\n"),
        BYTES("GET / HTTP/1.1\r\n" HOST "A\0: b\r\n\r\n"),
        BYTES("GET / HTTP/1.1\r\n" HOST "A: b\0\r\n\r\n"),
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct client client = client_open();

        client_send_bytes(&client, texts[i]);
        expect_refusal(&client, 400, "MalformedHttpRequestException", "well-formed");
        client_close(&client);
    }
    assert_int_equal(handled_count, 0);
    assert_int_equal(figures().refused_total, ARRAY_COUNT(texts));
}

static void refuses_after_answering_what_came_before(void **state)
{
    struct client client = client_open();

    (void)state;
    client_send(&client, "GET /later HTTP/1.1\r\n" HOST "\r\n"
                         "GET /now HTTP/1.1\r\n" HOST "\r\n"
                         "nonsense\r\n\r\nGET /never HTTP/1.1\r\n" HOST "\r\n");
    TURN_UNTIL(handled_count == 2);
    turn();
    assert_false(client_has(&client, 1));
    answer_echo(waiting[0]);
    waiting[0] = NULL;
    expect_answer(&client, 200, "GET /later|");
    expect_answer(&client, 200, "GET /now|");
    expect_refusal(&client, 400, "MalformedHttpRequestException", "HPE_INVALID_METHOD");
    assert_int_equal(handled_count, 2);
    client_close(&client);
}

/* GET TARGET with one header, of as many bytes as the limit counts. */
static struct bytes head_of_size(struct buffer *out, size_t size)
{
    size_t used = strlen("/") + strlen("Host") + strlen("localhost") + 4 + strlen("A") + 4;

    buffer_clear(out);
    buffer_append_text(out, "GET / HTTP/1.1\r\n" HOST "A: ");
    for (size_t i = used; i < size; i++)
        buffer_append_byte(out, 'x');
    buffer_append_text(out, "\r\n\r\n");
    return buffer_bytes(out);
}

static void limits_the_size_of_heads(void **state)
{
    struct client client = client_open();
    AUTO(buffer_free) struct buffer text = BUFFER_INIT((size_t)1024 * 1024);

    (void)state;
    client_send_bytes(&client, head_of_size(&text, HTTP_HEAD_SIZE_MAX));
    expect_answer(&client, 200, "GET /|");
    client_send_bytes(&client, head_of_size(&text, HTTP_HEAD_SIZE_MAX + 1));
    expect_refusal(&client, 431, "RequestHeaderFieldsTooLargeException", "65536 bytes");
    client_close(&client);
}

static void limits_heads_that_are_only_blanks(void **state)
{
    struct client client = client_open();
    char blanks[4096];

    (void)state;
    memset(blanks, ' ', sizeof blanks);
    client_send(&client, "GET / HTTP/1.1\r\n" HOST "A:");
    for (size_t sent = 0; sent < HTTP_HEAD_SIZE_MAX * 4 && !client_ended(&client);
         sent += sizeof blanks)
        client_send_bytes(&client, bytes_of(blanks, sizeof blanks));
    shutdown(client.fd, SHUT_WR);
    expect_refusal(&client, 431, "RequestHeaderFieldsTooLargeException", "65536 bytes");
    client_close(&client);
}

static void limits_the_number_of_headers(void **state)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT((size_t)1024 * 1024);

    (void)state;
    for (size_t count = HTTP_HEADER_COUNT_MAX; count <= HTTP_HEADER_COUNT_MAX + 1; count++) {
        struct client client = client_open();

        buffer_clear(&text);
        buffer_append_text(&text, "GET / HTTP/1.1\r\n" HOST);
        for (size_t i = 1; i < count; i++)
            buffer_printf(&text, "A%zu: b\r\n", i);
        buffer_append_text(&text, "\r\n");
        client_send_bytes(&client, buffer_bytes(&text));
        if (count == HTTP_HEADER_COUNT_MAX)
            expect_answer(&client, 200, "GET /|");
        else
            expect_refusal(&client, 431, "RequestHeaderFieldsTooLargeException", "100 headers");
        client_close(&client);
    }
}

static bool answer_size(struct http_request *request)
{
    answer_text(request, 200, arena_printf(http_arena(request), "%zu", http_body(request).size));
    return true;
}

static void limits_the_size_of_bodies(void **state)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(HTTP_BODY_SIZE_MAX + 1);
    struct client client = client_open();
    char head[256];

    (void)state;
    special = answer_size;
    assert_non_null(buffer_reserve(&body, HTTP_BODY_SIZE_MAX + 1));
    memset(body.ptr, 'x', HTTP_BODY_SIZE_MAX + 1);
    buffer_grew(&body, HTTP_BODY_SIZE_MAX + 1);

    snprintf(head, sizeof head, "POST / HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n",
             HTTP_BODY_SIZE_MAX);
    client_send(&client, head);
    client_send_bytes(&client, bytes_slice(buffer_bytes(&body), 0, HTTP_BODY_SIZE_MAX));
    expect_answer(&client, 200, "16777216");

    /* One more: refused by its announcement, and the answer survives that the client sends on. */
    snprintf(head, sizeof head, "POST / HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n",
             HTTP_BODY_SIZE_MAX + 1);
    client_send(&client, head);
    client_send_bytes(&client, buffer_bytes(&body));
    expect_refusal(&client, 413, "com.amazon.coral.service#RequestEntityTooLargeException",
                   "16777216 bytes");
    client_close(&client);
    TURN_UNTIL(figures().connections_open == 0);
    assert_int_equal(handled_count, 1);
}

static void limits_the_size_of_chunked_bodies(void **state)
{
    struct client client = client_open();
    static char chunk[1 << 20];
    char size[32];

    (void)state;
    special = answer_size;
    memset(chunk, 'x', sizeof chunk);
    snprintf(size, sizeof size, "%zx\r\n", sizeof chunk);
    for (size_t extra = 0; extra < 2; extra++) {
        client_send(&client, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n");
        for (size_t sent = 0; sent < HTTP_BODY_SIZE_MAX; sent += sizeof chunk) {
            client_send(&client, size);
            client_send_bytes(&client, bytes_of(chunk, sizeof chunk));
            client_send(&client, "\r\n");
        }
        client_send(&client, extra == 0 ? "0\r\n\r\n" : "1\r\nx\r\n0\r\n\r\n");
        if (extra == 0)
            expect_answer(&client, 200, "16777216");
        else
            expect_refusal(&client, 413, "RequestEntityTooLargeException", "16777216 bytes");
    }
    client_close(&client);
}

static void reads_chunks_with_extensions_and_trailers(void **state)
{
    struct client client = client_open();

    (void)state;
    client_send(&client, "POST /a HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n\r\n"
                         "3;name=value;other=\"quoted\"\r\nabc\r\n"
                         "00a\r\n0123456789\r\n"
                         "0\r\nTrailer: dropped\r\nHost: evil.example\r\n\r\n"
                         "GET /b HTTP/1.1\r\n" HOST "\r\n");
    expect_answer(&client, 200, "POST /a|abc0123456789");
    expect_answer(&client, 200, "GET /b|");
    client_close(&client);
}

static void limits_what_stands_around_chunks(void **state)
{
    static const char *const heads[] = {"1;", "0\r\nA: ", "000"};
    char many[4096];

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(heads); i++) {
        struct client client = client_open();

        client_send(&client, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n");
        client_send(&client, heads[i]);
        memset(many, heads[i][0] == '0' && heads[i][1] == '0' ? '0' : 'x', sizeof many);
        for (size_t sent = 0; sent <= HTTP_HEAD_SIZE_MAX * 3; sent += sizeof many)
            client_send_bytes(&client, bytes_of(many, sizeof many));
        expect_refusal(&client, 431, "RequestHeaderFieldsTooLargeException", "65536");
        client_close(&client);
    }
}

static void reads_a_request_byte_by_byte(void **state)
{
    static const char text[] = "POST /a%20b?c=d HTTP/1.1\r\n" HOST "Empty:\r\nContent-Length: 5\r\n"
                               "\r\nhello\r\nPUT /x HTTP/1.1\r\n" HOST
                               "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
    struct client client = client_open();

    (void)state;
    for (size_t i = 0; i < sizeof text - 1; i++)
        client_send_bytes(&client, bytes_of(text + i, 1));
    expect_answer(&client, 200, "POST /a b|hello");
    expect_answer(&client, 200, "PUT /x|hi");
    client_close(&client);
}

static void answers_expect_100_continue(void **state)
{
    struct client client = client_open();

    (void)state;
    client_send(&client, "POST / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n"
                         "Content-Length: 2\r\n\r\n");
    client_expect(&client, "HTTP/1.1 100 Continue\r\n\r\n");
    client_send(&client, "ok");
    expect_answer(&client, 200, "POST /|ok");

    /* Too much: the answer comes instead, and the body need not be sent. */
    client_send(&client, "POST / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n"
                         "Content-Length: 99999999\r\n\r\n");
    struct answer answer = client_answer(&client);

    assert_int_equal(answer.status, 413);
    buffer_free(&answer.body);
    client_close(&client);
}

static void continues_only_after_the_answers_before(void **state)
{
    struct client client = client_open();

    (void)state;
    client_send(&client, "GET /later HTTP/1.1\r\n" HOST "\r\n"
                         "POST / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n"
                         "Content-Length: 2\r\n\r\n");
    TURN_UNTIL(waiting_count == 1);
    turn();
    assert_false(client_has(&client, 1));
    answer_echo(waiting[0]);
    waiting[0] = NULL;
    expect_answer(&client, 200, "GET /later|");
    client_expect(&client, "HTTP/1.1 100 Continue\r\n\r\n");
    client_send(&client, "ok");
    expect_answer(&client, 200, "POST /|ok");
    client_close(&client);
}

static void ignores_upgrades(void **state)
{
    struct client client = client_open();

    (void)state;
    client_send(&client, "POST / HTTP/1.1\r\n" HOST "Connection: Upgrade, HTTP2-Settings\r\n"
                         "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n"
                         "Content-Length: 2\r\n\r\nok");
    expect_answer(&client, 200, "POST /|ok");
    client_send(&client, "GET /ws HTTP/1.1\r\n" HOST "Connection: Upgrade\r\n"
                         "Upgrade: websocket\r\n\r\n");
    expect_answer(&client, 200, "GET /ws|");
    client_close(&client);
}

static void refuses_what_a_web_page_could_forge(void **state)
{
    static const struct {
        const char *text, *words;
    } forged[] = {
        {"GET / HTTP/1.1\r\nHost: evil.example:8000\r\n\r\n",
         "Host evil.example:8000 is not local"},
        {"GET http://evil.example/ HTTP/1.1\r\n" HOST "\r\n", "Host evil.example is not local"},
        {"POST / HTTP/1.1\r\n" HOST "Origin: https://evil.example\r\nContent-Length: 0\r\n\r\n",
         "Origin https://evil.example is not local"},
        {"POST / HTTP/1.1\r\n" HOST "Origin: null\r\nContent-Length: 0\r\n\r\n",
         "Origin null is not local"},
        {"GET / HTTP/1.1\r\n" HOST "Sec-Fetch-Site: cross-site\r\n\r\n", "Sec-Fetch-Site"},
        {"GET / HTTP/1.1\r\nHost: a\"b\\.example\r\n\r\n", "Host a?b?.example is not local"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(forged); i++) {
        struct client client = client_open();

        client_send(&client, forged[i].text);
        expect_refusal(&client, 403, "AccessDeniedException", forged[i].words);
        client_close(&client);
    }
    assert_int_equal(handled_count, 0);
}

static void does_not_guard_private_listeners(void **state)
{
    struct http_listener *private_listener = NULL;
    struct client client;

    (void)state;
    assert_int_equal(listen_on("127.0.0.1", 0, true, &private_listener, &port), OK);
    client = client_open();
    client_send(&client, "GET / HTTP/1.1\r\nHost: evil.example\r\nOrigin: null\r\n\r\n");
    expect_answer(&client, 200, "GET /|");
    client_close(&client);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, start_server, stop_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(refuses_what_could_be_read_in_two_ways),
        TEST(refuses_folded_headers),
        TEST(refuses_zero_bytes_in_heads),
        TEST(refuses_after_answering_what_came_before),
        TEST(limits_the_size_of_heads),
        TEST(limits_heads_that_are_only_blanks),
        TEST(limits_the_number_of_headers),
        TEST(limits_the_size_of_bodies),
        TEST(limits_the_size_of_chunked_bodies),
        TEST(reads_chunks_with_extensions_and_trailers),
        TEST(limits_what_stands_around_chunks),
        TEST(reads_a_request_byte_by_byte),
        TEST(answers_expect_100_continue),
        TEST(continues_only_after_the_answers_before),
        TEST(ignores_upgrades),
        TEST(refuses_what_a_web_page_could_forge),
        TEST(does_not_guard_private_listeners),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
