/* test/unit/net/sigv4.c - signatures of others are right, anything changed is wrong, and AWS's
 * words say how. */
#include "harness.h"
#include "sigv4_vectors.h"

#include "net/sigv4.h"

#define MINUTE_MS ((uint64_t)60 * 1000)
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

static struct sigv4_keys *keys;
static uint64_t now_ms;

static uint64_t time_of(const char *iso)
{
    uint64_t time_ms = 0;

    assert_true(clock_parse_iso(bytes_of_text(iso), &time_ms));
    return time_ms;
}

static bool check_signature(struct http_request *request)
{
    struct api_error error = {0};
    enum status st = sigv4_check(keys, request, now_ms, &error);

    if (st == OK) {
        answer_text(request, 200, BYTES("signed"));
        return true;
    }
    assert_int_equal(st, REFUSED);
    assert_null(strstr(error.message, SECRET));
    answer_text(
        request, api_error_http_status(error.kind),
        arena_printf(http_arena(request), "%s: %s", api_error_name(error.kind), error.message));
    return true;
}

static int start_checking(void **state)
{
    char path[] = "/tmp/dynlog-credentials-XXXXXX", message[512];
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    dprintf(fd, "[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = %s\n", SECRET);
    close(fd);
    assert_int_equal(sigv4_keys_load(path, &keys, message), OK);
    unlink(path);
    now_ms = time_of(VECTORS_TIME);
    start_server(state);
    special = check_signature;
    return 0;
}

static int stop_checking(void **state)
{
    sigv4_keys_free(keys);
    keys = NULL;
    return stop_server(state);
}

/* What the check says about a request; static. */
static const char *verdict(const char *request)
{
    static char text[4096];
    struct client client = client_open();

    client_send(&client, request);
    struct answer answer = client_answer(&client);

    snprintf(text, sizeof text, "%s", (const char *)answer.body.ptr);
    buffer_free(&answer.body);
    client_close(&client);
    return text;
}

static void takes_what_others_signed(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(vectors); i++)
        if (strcmp(verdict(vectors[i].request), "signed") != 0)
            fail_msg("%s: %s", vectors[i].what, verdict(vectors[i].request));
    now_ms = time_of(AWS_VECTORS_TIME);
    for (size_t i = 0; i < ARRAY_COUNT(aws_vectors); i++)
        if (strcmp(verdict(aws_vectors[i].request), "signed") != 0)
            fail_msg("%s: %s", aws_vectors[i].what, verdict(aws_vectors[i].request));
}

/* request with `from` replaced by `to`; static. */
static const char *changed(const char *request, const char *from, const char *to)
{
    static char text[8192];
    const char *at = strstr(request, from);

    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - request), request, to, at + strlen(from));
    return text;
}

#define INVALID                                                                                    \
    "InvalidSignatureException: The request signature we calculated does not match the signature " \
    "you provided. Check your AWS Secret Access Key and signing method. Consult the service "      \
    "documentation for details."

static const struct vector *vector_named(const char *what)
{
    for (size_t i = 0; i < ARRAY_COUNT(vectors); i++)
        if (strcmp(vectors[i].what, what) == 0)
            return &vectors[i];
    fail_msg("no vector %s", what);
    return NULL;
}

static const struct {
    const char *vector, *from, *to;
} tampered[] = {
    {"a PutItem", "POST / ", "PUT / "},
    {"a PutItem", "POST / ", "POST /x "},
    {"a PutItem", "POST / ", "POST /?a "},
    {"a PutItem", "PutItem", "GetItem"},
    {"a PutItem", "localhost:8000", "localhost:8001"},
    {"a PutItem", "users#1", "users#2"},
    {"a PutItem", "us-east-1/dynamodb", "us-east-2/dynamodb"},
    {"a PutItem", "us-east-1/dynamodb", "us-east-1/events"},
    {"a PutItem", "T235959Z", "T235958Z"},
    {"a PutItem", "content-type;host", "host"},
    {"a PutItem", "Signature=e1", "Signature=e2"},
    {"a PutItem", "Signature=e1", "Signature="},
    {"a PutItem", "Signature=e1", "Signature=E1"},
    {"a session token", "session//token", "other//token"},
    {"escapes in path and query", "&Z=1", "&Z=2"},
    {"escapes in path and query", "/a%20b/", "/a%20c/"},
    {"escapes in path and query", "&empty=", ""},
    {"a header with runs of blanks", "a   b  c", "a bc"},
    {"an unsigned payload", "UNSIGNED-PAYLOAD", "UNSIGNED-PAYLOAd"},
    {"a body hash in a header", "\r\n\r\n{}", "\r\n\r\n[]"},
    {"a presigned URL", "MaxItems=1", "MaxItems=2"},
    {"a presigned URL", "Expires=60", "Expires=61"},
};

static void refuses_what_was_changed(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(tampered); i++) {
        const char *request =
            changed(vector_named(tampered[i].vector)->request, tampered[i].from, tampered[i].to);

        if (strcmp(verdict(request), INVALID) != 0)
            fail_msg("%s with %s: %s", tampered[i].vector, tampered[i].to, verdict(request));
    }
}

/* Other writings of the same request: the signature still holds. */
static const struct {
    const char *vector, *from, *to;
} same[] = {
    {"a PutItem", "X-Amz-Target: ", "x-amz-target:   "},
    {"a PutItem", ", SignedHeaders", ",SignedHeaders"},
    {"a PutItem", ", SignedHeaders", " SignedHeaders"},
    {"a PutItem", "Content-Length", "Unsigned: header\r\nContent-Length"},
    {"escapes in path and query", "&a=b%20c&Z=1", "&Z=%31&a=%62%20c"},
    {"dot segments", "/a/./b/../c//d/", "/a/c/d/"},
    {"a header with runs of blanks", "a   b  c", " a b c "},
    {"an unsigned payload", "\"thing\"", "\"other\""},
};

static void takes_other_writings(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(same); i++) {
        const char *request =
            changed(vector_named(same[i].vector)->request, same[i].from, same[i].to);

        if (strcmp(verdict(request), "signed") != 0)
            fail_msg("%s with %s: %s", same[i].vector, same[i].to, verdict(request));
    }
}

#define PUT "a PutItem"

static const struct {
    const char *vector, *from, *to, *verdict;
} wrong[] = {
    {PUT, "Authorization", "Other",
     "MissingAuthenticationTokenException: Request is missing Authentication Token"},
    {PUT, "AWS4-HMAC-SHA256", "Basic",
     "MissingAuthenticationTokenException: Request is missing Authentication Token"},
    {PUT, "AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256",
     "IncompleteSignatureException: Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256'."},
    {PUT, "POST / ", "POST /?X-Amz-Algorithm=AWS4-HMAC-SHA256 ",
     "InvalidSignatureException: Found both 'X-Amz-Algorithm' as a query-string param and "
     "'Authorization' as HTTP header."},
    {PUT, "AKIDEXAMPLE/", "AKIDOTHER/",
     "UnrecognizedClientException: The security token included in the request is invalid."},
    {PUT, "/aws4_request", "/aws5_request",
     "InvalidSignatureException: Credential should be scoped with a valid terminator: "
     "'aws4_request', not 'aws5_request'."},
    {PUT, "/aws4_request", "",
     "IncompleteSignatureException: Credential must have exactly 5 slash-delimited elements, e.g. "
     "keyid/date/region/service/term, got 'AKIDEXAMPLE/20260131/us-east-1/dynamodb'"},
    {PUT, "AKIDEXAMPLE/20260131", "AKIDEXAMPLE/20260130",
     "InvalidSignatureException: Date in Credential scope does not match YYYYMMDD from ISO-8601 "
     "version of date from HTTP: '20260130' != '20260131', from '20260131T235959Z'."},
    {PUT, "20260131T235959Z", "2026-01-31T23:59:59Z",
     "IncompleteSignatureException: Date must be in ISO-8601 'basic format'. Got "
     "'2026-01-31T23:59:59Z'. See http://en.wikipedia.org/wiki/ISO_8601"},
    {PUT, "content-type;host;", "content-type;",
     "InvalidSignatureException: 'Host' or ':authority' must be a 'SignedHeader' in the AWS "
     "Authorization."},
    {"a presigned URL", "X-Amz-Date=20260131T235959Z&", "",
     "IncompleteSignatureException: AWS query-string parameters must include 'X-Amz-Date'. "
     "Re-examine the query-string parameters."},
    {"a presigned URL", "Expires=60", "Expires=604801",
     "InvalidSignatureException: X-Amz-Expires must be between 1 and 604800 seconds."},
    {"a presigned URL", "Expires=60", "Expires=0",
     "InvalidSignatureException: X-Amz-Expires must be between 1 and 604800 seconds."},
};

static void says_what_is_wrong_in_awss_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        const char *request =
            changed(vector_named(wrong[i].vector)->request, wrong[i].from, wrong[i].to);
        const char *said = verdict(request);

        if (strcmp(said, wrong[i].verdict) != 0)
            fail_msg("expected\n%s\ngot\n%s", wrong[i].verdict, said);
    }
}

static void names_all_that_is_missing(void **state)
{
    static const char expected[] =
        "IncompleteSignatureException: Authorization header requires 'Credential' parameter. "
        "Authorization header requires 'Signature' parameter. Authorization header requires "
        "'SignedHeaders' parameter. Authorization header requires existence of either a "
        "'X-Amz-Date' or a 'Date' header. (Hashed with SHA-256 and encoded with Base64) "
        "Authorization=LxNmMH3iHjGfGv0WljoyTVmPXIUmfLE1k5ByFysw9KY=";
    const char *said = NULL;

    (void)state;
    said = verdict("GET / HTTP/1.1\r\n" HOST "Authorization: AWS4-HMAC-SHA256 nothing\r\n\r\n");
    assert_string_equal(said, expected);
    said = verdict("GET /?X-Amz-Algorithm=AWS4-HMAC-SHA256 HTTP/1.1\r\n" HOST "\r\n");
    assert_string_equal(said, "IncompleteSignatureException: AWS query-string parameters must "
                              "include 'X-Amz-Credential'. AWS query-string parameters must "
                              "include 'X-Amz-Signature'. AWS query-string parameters must "
                              "include 'X-Amz-SignedHeaders'. AWS query-string parameters must "
                              "include 'X-Amz-Date'. Re-examine the query-string parameters.");
}

static void a_signature_holds_for_a_quarter_of_an_hour(void **state)
{
    const char *put = vector_named(PUT)->request, *url = vector_named("a presigned URL")->request;
    const uint64_t signed_ms = time_of(VECTORS_TIME);

    (void)state;
    now_ms = signed_ms + 15 * MINUTE_MS;
    assert_string_equal(verdict(put), "signed");
    now_ms += 1000;
    assert_string_equal(verdict(put),
                        "InvalidSignatureException: Signature expired: 20260131T235959Z is now "
                        "earlier than 20260201T000000Z (20260201T001500Z - 15 min.)");
    now_ms = signed_ms - 15 * MINUTE_MS;
    assert_string_equal(verdict(put), "signed");
    now_ms -= 1000;
    assert_string_equal(verdict(put),
                        "InvalidSignatureException: Signature not yet current: 20260131T235959Z is "
                        "still later than 20260131T235958Z (20260131T234458Z + 15 min.)");
    now_ms = signed_ms + MINUTE_MS; /* a presigned URL says itself for how long */
    assert_string_equal(verdict(url), "signed");
    now_ms += 1000;
    assert_string_equal(verdict(url),
                        "InvalidSignatureException: Signature expired: 20260131T235959Z is now "
                        "earlier than 20260201T000000Z (20260201T000100Z - 1 min.)");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, start_checking, stop_checking)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(takes_what_others_signed),  TEST(refuses_what_was_changed),
        TEST(takes_other_writings),      TEST(says_what_is_wrong_in_awss_words),
        TEST(names_all_that_is_missing), TEST(a_signature_holds_for_a_quarter_of_an_hour),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
