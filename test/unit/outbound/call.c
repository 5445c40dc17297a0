/* Calls of API destinations: what goes out, what comes of each answer, rates and tokens by a clock
 * that is moved. */
#include "outbound/outbound_test.h"

#define BASIC "{\"BasicAuthParameters\":{\"Username\":\"user\",\"Password\":\"pass\"}}"
#define API_KEY "{\"ApiKeyAuthParameters\":{\"ApiKeyName\":\"X-Key\",\"ApiKeyValue\":\"secret\"}}"
#define OAUTH                                                                                      \
    "{\"OAuthParameters\":{\"ClientParameters\":{\"ClientID\":\"id\",\"ClientSecret\":\"a&b\"},"   \
    "\"AuthorizationEndpoint\":\"http://127.0.0.1:%d/token\",\"HttpMethod\":\"POST\","             \
    "\"OAuthHttpParameters\":{\"BodyParameters\":[{\"Key\":\"grant_type\",\"Value\":"              \
    "\"client_credentials\"}],\"HeaderParameters\":[{\"Key\":\"X-T\",\"Value\":\"t\"}],"           \
    "\"QueryStringParameters\":[{\"Key\":\"q\",\"Value\":\"1\"}]}}}"

static void assert_delivered(const struct outbound_call *call)
{
    if (call->outcome != OUTBOUND_DELIVERED)
        fail_msg("%s: %s", call->error_code, call->error_message);
    assert_null(call->error_code);
}

/* ---- what goes out ---- */

static void test_a_call_with_a_user_name(void **state)
{
    struct test *t = *state;

    test_connection(t, "c", BASIC);
    struct bytes arn = test_destination(t, "d", "c", "POST", "/hook", 0);
    struct outbound_call call = test_run(t, arn, "{\"a\":1}");
    const char *request = test_last_request(t);

    assert_delivered(&call);
    assert_true(bytes_start_with(bytes_of_text(request), BYTES("POST /hook HTTP/1.1\r\n")));
    assert_true(test_has_line(request, "User-Agent: Amazon/EventBridge/ApiDestinations"));
    assert_true(test_has_line(request, "Content-Type: application/json; charset=utf-8"));
    assert_true(test_has_line(request, "Range: bytes=0-1048575"));
    assert_true(test_has_line(request, "Accept-Encoding: gzip,deflate"));
    assert_true(test_has_line(request, "Connection: close"));
    assert_true(test_has_line(request, "Content-Length: 7"));
    assert_true(test_has_line(request, "Authorization: Basic dXNlcjpwYXNz"));
    assert_string_equal(test_body_of(request), "{\"a\":1}");
}

static void test_a_call_with_a_key(void **state)
{
    struct test *t = *state;

    test_connection(t, "c", API_KEY);
    struct bytes arn = test_destination(t, "d", "c", "PUT", "/", 0);
    struct outbound_call call = test_run(t, arn, "{}");

    assert_delivered(&call);
    assert_true(test_has_line(test_last_request(t), "X-Key: secret"));
}

static void test_parameters_of_target_and_connection(void **state)
{
    struct test *t = *state;
    struct outbound_call call;

    test_connection(
        t, "c",
        "{\"ApiKeyAuthParameters\":{\"ApiKeyName\":\"X-Key\",\"ApiKeyValue\":\"secret\"},"
        "\"InvocationHttpParameters\":{\"HeaderParameters\":[{\"Key\":\"x-both\",\"Value\":\"c\"},"
        "{\"Key\":\"Host\",\"Value\":\"evil\"},{\"Key\":\"User-Agent\",\"Value\":\"me\"}],"
        "\"QueryStringParameters\":[{\"Key\":\"both\",\"Value\":\"c d\"}],"
        "\"BodyParameters\":[{\"Key\":\"b\",\"Value\":\"\\\"\"},{\"Key\":\"n\",\"Value\":\"2\"}]}"
        "}");
    struct bytes arn = test_destination(t, "d", "c", "POST", "/*/x/*", 0);

    call = test_call(t, arn, "{\"n\":1.50,\"m\":[ 1 ]}");
    call.event = BYTES("{\"detail\":{\"id\":\"a/b\",\"n\":{\"x\":[1,2]}}}");
    call.parameters = BYTES(
        "{\"HttpParameters\":{\"PathParameterValues\":[\"$.detail.id\",\"fixed\"],"
        "\"HeaderParameters\":{\"X-Both\":\"t\",\"X-T\":\"$.detail.n.x[1]\",\"Content-Type\":"
        "\"text/x\",\"Content-Length\":\"1\",\"Transfer-Encoding\":\"chunked\"},"
        "\"QueryStringParameters\":{\"both\":\"t\",\"t\":\"$.detail.n\",\"none\":\"$.no\"}}}");
    outbound_call(t->outbound, &call);
    UNTIL(t, t->ended == 1);
    assert_delivered(&call);

    const char *request = test_last_request(t);

    assert_true(bytes_start_with(
        bytes_of_text(request),
        BYTES("POST /a%2Fb/x/fixed?both=c%20d&t=%7B%22x%22%3A%5B1%2C2%5D%7D&none= HTTP/1.1\r\n")));
    assert_true(test_has_line(request, "x-both: c"));
    assert_true(test_has_line(request, "X-T: 2"));
    assert_true(test_has_line(request, "Content-Type: text/x"));
    assert_true(test_has_line(request, "User-Agent: Amazon/EventBridge/ApiDestinations"));
    assert_true(strstr(request, "evil") == NULL && strstr(request, "chunked") == NULL);
    assert_string_equal(test_body_of(request), "{\"m\":[1],\"b\":\"\\\"\",\"n\":\"2\"}");
}

static void test_a_payload_that_is_no_object_stays_as_it_is(void **state)
{
    static const char *const payloads[] = {"\"text\"", "[1, 2]", "not json at all"};
    struct test *t = *state;

    test_connection(t, "c",
                    "{\"ApiKeyAuthParameters\":{\"ApiKeyName\":\"k\",\"ApiKeyValue\":\"v\"},"
                    "\"InvocationHttpParameters\":{\"BodyParameters\":[{\"Key\":\"b\",\"Value\":"
                    "\"1\"}]}}");
    struct bytes arn = test_destination(t, "d", "c", "POST", "/", 0);

    for (size_t i = 0; i < ARRAY_COUNT(payloads); i++) {
        struct outbound_call call = test_run(t, arn, payloads[i]);

        assert_delivered(&call);
        assert_string_equal(test_body_of(test_last_request(t)), payloads[i]);
    }
}

static void test_methods(void **state)
{
    static const char *const methods[] = {"POST",  "GET",    "HEAD", "OPTIONS",
                                          "PATCH", "DELETE", "PUT"};
    struct test *t = *state;

    test_connection(t, "c", BASIC);
    for (size_t i = 0; i < ARRAY_COUNT(methods); i++) {
        bool bare = strcmp(methods[i], "GET") == 0 || strcmp(methods[i], "HEAD") == 0;
        struct bytes arn = test_destination(t, methods[i], "c", methods[i], "", 0);
        struct outbound_call call = test_run(t, arn, "{}");

        assert_delivered(&call);
        assert_true(bytes_start_with(bytes_of_text(test_last_request(t)),
                                     arena_printf(t->arena, "%s / HTTP/1.1\r\n", methods[i])));
        assert_string_equal(test_body_of(test_last_request(t)), bare ? "" : "{}");
    }
}

/* ---- what can't be sent ---- */

static void test_parameters_that_do_not_fit(void **state)
{
    static const char *const parameters[] = {
        "{\"HttpParameters\":{}}",
        "{\"HttpParameters\":{\"PathParameterValues\":[\"a\",\"b\"]}}",
        "{\"HttpParameters\":{\"PathParameterValues\":[\"a\"],\"HeaderParameters\":{\"X\":"
        "\"$.line\"}}}",
        "{\"HttpParameters\":{\"PathParameterValues\":[\"a\"],\"HeaderParameters\":{\"X Y\":"
        "\"1\"}}}",
    };
    struct test *t = *state;

    test_connection(t, "c", BASIC);
    struct bytes arn = test_destination(t, "d", "c", "POST", "/*", 0);

    for (size_t i = 0; i < ARRAY_COUNT(parameters); i++) {
        struct outbound_call call = test_call(t, arn, "{\"line\":\"a\\r\\nHost: evil\"}");

        call.parameters = bytes_of_text(parameters[i]);
        outbound_call(t->outbound, &call);
        UNTIL(t, t->ended == i + 1);
        assert_int_equal(call.outcome, OUTBOUND_FAILED);
        assert_string_equal(call.error_code, "INVALID_PARAMETER");
    }
    assert_int_equal(t->server.request_count, 0);
}

/* ---- what comes of each answer ---- */

static void test_answers(void **state)
{
    static const struct {
        const char *answer;
        enum outbound_outcome outcome;
        const char *code;
        uint64_t retry_after_ms;
    } cases[] = {
        {TEST_ANSWER("200", "", "fine"), OUTBOUND_DELIVERED, NULL, 0},
        {TEST_ANSWER("202", "Retry-After: 5\r\n", ""), OUTBOUND_DELIVERED, NULL, 0},
        {TEST_ANSWER("206", "", ""), OUTBOUND_DELIVERED, NULL, 0},
        {TEST_ANSWER("299", "", ""), OUTBOUND_DELIVERED, NULL, 0},
        {TEST_ANSWER("301", "Location: /x\r\n", ""), OUTBOUND_FAILED, "SDK_CLIENT_ERROR", 0},
        {TEST_ANSWER("304", "", ""), OUTBOUND_FAILED, "SDK_CLIENT_ERROR", 0},
        {TEST_ANSWER("400", "Retry-After: 5\r\n", ""), OUTBOUND_FAILED, "SDK_CLIENT_ERROR", 0},
        {TEST_ANSWER("403", "", ""), OUTBOUND_FAILED, "SDK_CLIENT_ERROR", 0},
        {TEST_ANSWER("404", "", ""), OUTBOUND_FAILED, "SDK_CLIENT_ERROR", 0},
        {TEST_ANSWER("408", "", ""), OUTBOUND_FAILED, "SDK_CLIENT_ERROR", 0},
        {TEST_ANSWER("409", "", ""), OUTBOUND_RETRIABLE, "SDK_CLIENT_ERROR", 0},
        {TEST_ANSWER("429", "Retry-After: 7\r\n", ""), OUTBOUND_RETRIABLE, "THROTTLING", 7000},
        {TEST_ANSWER("429", "Retry-After: -1\r\n", ""), OUTBOUND_FAILED, "THROTTLING", 0},
        {TEST_ANSWER("500", "", ""), OUTBOUND_RETRIABLE, "ERROR_FROM_TARGET", 0},
        {TEST_ANSWER("503", "Retry-After: 120\r\n", ""), OUTBOUND_RETRIABLE, "ERROR_FROM_TARGET",
         120000},
        /* the clock stands at 2026-07-25T17:20:00Z */
        {TEST_ANSWER("503", "Retry-After: Sat, 25 Jul 2026 17:21:00 GMT\r\n", ""),
         OUTBOUND_RETRIABLE, "ERROR_FROM_TARGET", 60000},
        {TEST_ANSWER("503", "Retry-After: soon\r\n", ""), OUTBOUND_RETRIABLE, "ERROR_FROM_TARGET",
         0},
        {TEST_ANSWER("599", "", ""), OUTBOUND_RETRIABLE, "ERROR_FROM_TARGET", 0},
        {TEST_ANSWER("600", "", ""), OUTBOUND_FAILED, "SDK_CLIENT_ERROR", 0},
        {"nothing that is HTTP", OUTBOUND_RETRIABLE, "CONNECTION_FAILURE", 0},
    };
    struct test *t = *state;

    test_connection(t, "c", BASIC);
    struct bytes arn = test_destination(t, "d", "c", "POST", "/", 0);

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        t->server.fixed = cases[i].answer;
        struct outbound_call call = test_run(t, arn, "{}");

        if (call.outcome != cases[i].outcome || call.retry_after_ms != cases[i].retry_after_ms ||
            !bytes_equal_text(bytes_of_text(call.error_code), cases[i].code))
            fail_msg("%s: %d, %s, %llu", cases[i].answer, call.outcome, call.error_code,
                     (unsigned long long)call.retry_after_ms);
    }
}

static void test_a_status_stands_in_the_message_and_the_body_does_not(void **state)
{
    struct test *t = *state;

    test_connection(t, "c", BASIC);
    struct bytes arn = test_destination(t, "d", "c", "POST", "/", 0);

    t->server.fixed = TEST_ANSWER("422", "", "you sent dXNlcjpwYXNz");
    struct outbound_call call = test_run(t, arn, "{}");

    assert_string_equal(call.error_message, "Unable to invoke ApiDestination endpoint: API "
                                            "destination returned HTTP status 422.");
}

static void test_nobody_there(void **state)
{
    struct test *t = *state;
    struct outbound_change change = {.kind = OUTBOUND_UPDATE_DESTINATION, .name = BYTES("d")};
    struct test_server gone;

    test_connection(t, "c", BASIC);
    struct bytes arn = test_destination(t, "d", "c", "POST", "/", 0);

    test_server_open(&gone, &t->loop);
    change.endpoint = arena_printf(t->arena, "http://127.0.0.1:%d/", gone.port);
    test_server_close(&gone);
    assert_int_equal(test_change(t, &change), OK);
    struct outbound_call call = test_run(t, arn, "{}");

    assert_int_equal(call.outcome, OUTBOUND_RETRIABLE);
    assert_string_equal(call.error_code, "CONNECTION_FAILURE");
    change.endpoint = BYTES("https://"
                            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                            ".invalid/");
    assert_int_equal(test_change(t, &change), OK);
    call = test_run(t, arn, "{}");
    assert_int_equal(call.outcome, OUTBOUND_FAILED);
    assert_string_equal(call.error_code, "SDK_CLIENT_ERROR");
}

static void test_no_such_destination(void **state)
{
    struct test *t = *state;
    struct outbound_change change = {.kind = OUTBOUND_DELETE_DESTINATION, .name = BYTES("d")};

    test_connection(t, "c", BASIC);
    struct bytes arn = test_destination(t, "d", "c", "POST", "/", 0);

    assert_int_equal(test_change(t, &change), OK);
    test_destination(t, "d", "c", "POST", "/", 0); /* the name is there again, with another id */
    struct outbound_call call = test_run(t, arn, "{}");

    assert_int_equal(call.outcome, OUTBOUND_FAILED);
    assert_string_equal(call.error_code, "NO_RESOURCE");
    call = test_run(t, BYTES("arn:aws:events:us-east-1:000000000000:api-destination/d"), "{}");
    assert_string_equal(call.error_code, "NO_RESOURCE");
}

static void test_no_such_connection(void **state)
{
    struct test *t = *state;
    struct outbound_change change = {.kind = OUTBOUND_DELETE_CONNECTION, .name = BYTES("c")};

    test_connection(t, "c", BASIC);
    struct bytes arn = test_destination(t, "d", "c", "POST", "/", 0);

    assert_int_equal(test_change(t, &change), OK);
    struct outbound_call call = test_run(t, arn, "{}");

    assert_int_equal(call.outcome, OUTBOUND_FAILED);
    assert_string_equal(call.error_code, "NO_RESOURCE");
}

/* ---- credentials that are refused ---- */

static void test_a_password_that_is_refused(void **state)
{
    struct test *t = *state;

    test_connection(t, "c", BASIC);
    struct bytes arn = test_destination(t, "d", "c", "POST", "/", 0);

    t->server.fixed = TEST_ANSWER("401", "Retry-After: 3\r\n", "");
    struct outbound_call call = test_run(t, arn, "{}");

    assert_int_equal(call.outcome, OUTBOUND_RETRIABLE);
    assert_string_equal(call.error_code, "SDK_CLIENT_ERROR");
    assert_int_equal(call.retry_after_ms, 3000);
    UNTIL(t, !outbound_busy(t->outbound));
    assert_int_equal(test_found(t, "c")->state, OUTBOUND_DEAUTHORIZED);
    assert_false(outbound_is_active(t->outbound, outbound_destination_of(t->outbound, arn)));
    /* nothing is sent with it */
    call = test_run(t, arn, "{}");
    assert_int_equal(call.outcome, OUTBOUND_RETRIABLE);
    assert_string_equal(call.error_code, "NO_PERMISSIONS");
    assert_int_equal(t->server.request_count, 1);
    /* until it is another one */
    test_connection(t, "c", "{\"BasicAuthParameters\":{\"Password\":\"other\"}}");
    t->server.fixed = TEST_ANSWER("200", "", "");
    call = test_run(t, arn, "{}");
    assert_delivered(&call);
    assert_true(test_has_line(test_last_request(t), "Authorization: Basic dXNlcjpvdGhlcg=="));
}

/* ---- tokens ---- */

static const char *answer_token(struct test_server *server, const char *request)
{
    if (bytes_start_with(bytes_of_text(request), BYTES("POST /token")))
        return arena_copy_text(
            server->arena,
            arena_printf(server->arena,
                         TEST_ANSWER("200", "Content-Type: application/json\r\n",
                                     "{\"access_token\":\"token%zu\",\"expires_in\":%s,"
                                     "\"token_type\":\"bearer\"}"),
                         server->request_count,
                         server->context != NULL ? (const char *)server->context : "3600"));
    return server->fixed;
}

static bool is_authorized(struct test *t)
{
    return test_found(t, "c")->state == OUTBOUND_AUTHORIZED;
}

static void test_a_token_is_fetched_and_kept(void **state)
{
    struct test *t = *state;

    t->server.answer = answer_token;
    test_connection(t, "c", OAUTH);
    assert_int_equal(t->last_state, OUTBOUND_AUTHORIZING);
    UNTIL(t, is_authorized(t));

    const char *request = t->server.requests[0];

    assert_true(bytes_start_with(bytes_of_text(request), BYTES("POST /token?q=1 HTTP/1.1\r\n")));
    assert_true(test_has_line(request, "Content-Type: application/x-www-form-urlencoded"));
    assert_true(test_has_line(request, "X-T: t"));
    assert_string_equal(test_body_of(request),
                        "client_id=id&client_secret=a%26b&grant_type=client_credentials");

    struct bytes arn = test_destination(t, "d", "c", "POST", "/", 0);

    for (int i = 0; i < 3; i++) {
        struct outbound_call call = test_run(t, arn, "{}");

        assert_delivered(&call);
        assert_true(test_has_line(test_last_request(t), "Authorization: Bearer token1"));
    }
    assert_int_equal(t->server.request_count, 4);
    /* 60 seconds before its end it is fetched anew */
    test_advance(t, 3600000 - 60001);
    struct outbound_call call = test_run(t, arn, "{}");

    assert_delivered(&call);
    assert_int_equal(t->server.request_count, 5);
    test_advance(t, 1);
    call = test_run(t, arn, "{}");
    assert_delivered(&call);
    assert_int_equal(t->server.request_count, 7);
    assert_true(test_has_line(test_last_request(t), "Authorization: Bearer token6"));
}

static void test_all_wait_for_one_token(void **state)
{
    struct test *t = *state;
    struct outbound_call calls[10];

    t->server.answer = answer_token;
    test_connection(t, "c", OAUTH);
    struct bytes arn = test_destination(t, "d", "c", "POST", "/", 0);

    for (size_t i = 0; i < ARRAY_COUNT(calls); i++) {
        calls[i] = test_call(t, arn, "{}");
        outbound_call(t->outbound, &calls[i]);
    }
    UNTIL(t, t->ended == ARRAY_COUNT(calls));
    for (size_t i = 0; i < ARRAY_COUNT(calls); i++)
        assert_delivered(&calls[i]);
    assert_int_equal(t->server.request_count, 11);
}

static void test_a_token_that_lives_shortly_is_used_once(void **state)
{
    struct test *t = *state;

    t->server.answer = answer_token;
    t->server.context = arena_copy_text(t->arena, BYTES("\"30\""));
    test_connection(t, "c", OAUTH);
    UNTIL(t, is_authorized(t));
    struct bytes arn = test_destination(t, "d", "c", "POST", "/", 0);
    struct outbound_call call = test_run(t, arn, "{}");

    assert_delivered(&call);
    assert_true(test_has_line(test_last_request(t), "Authorization: Bearer token2"));
}

static void test_a_token_that_is_refused_is_fetched_anew(void **state)
{
    struct test *t = *state;

    t->server.answer = answer_token;
    test_connection(t, "c", OAUTH);
    UNTIL(t, is_authorized(t));
    struct bytes arn = test_destination(t, "d", "c", "POST", "/", 0);

    t->server.fixed = TEST_ANSWER("401", "", "");
    struct outbound_call call = test_run(t, arn, "{}");

    assert_int_equal(call.outcome, OUTBOUND_RETRIABLE);
    assert_int_equal(t->server.request_count, 2);
    t->server.fixed = TEST_ANSWER("200", "", "");
    call = test_run(t, arn, "{}");
    assert_delivered(&call);
    assert_true(test_has_line(test_last_request(t), "Authorization: Bearer token3"));
    assert_true(is_authorized(t));
}

static const char *token_answer; /* of answer_token_so() */

static const char *answer_token_so(struct test_server *server, const char *request)
{
    return bytes_find(bytes_of_text(request), BYTES("/token")) != SIZE_MAX ? token_answer
                                                                           : server->fixed;
}

static void test_no_token(void **state)
{
    static const struct {
        const char *answer, *reason;
    } cases[] = {
        {TEST_ANSWER("401", "", "client secret a&b is wrong"),
         "The authorization endpoint returned HTTP status 401."},
        {TEST_ANSWER("302", "Location: /x\r\n", ""),
         "The authorization endpoint returned HTTP status 302."},
        {TEST_ANSWER("503", "", ""), "The authorization endpoint returned HTTP status 503."},
        {"no HTTP", "The authorization endpoint cannot be reached."},
        {TEST_ANSWER("200", "", "nonsense"),
         "The response of the authorization endpoint has no access token."},
        {TEST_ANSWER("200", "", "{\"access_token\":\"a\\r\\nb\"}"),
         "The response of the authorization endpoint has no access token."},
        {TEST_ANSWER("200", "", "{\"access_token\":\"\"}"),
         "The response of the authorization endpoint has no access token."},
    };
    struct test *t = *state;

    t->server.answer = answer_token_so;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        token_answer = cases[i].answer;
        test_connection(t, "c", OAUTH);
        UNTIL(t, test_found(t, "c")->state == OUTBOUND_DEAUTHORIZED);
        if (!bytes_equal_text(test_found(t, "c")->state_reason, cases[i].reason))
            fail_msg("%.*s", BYTES_ARG(test_found(t, "c")->state_reason));
    }
}

/* What may pass does not take the authorization away; what is refused does. */
static void test_a_token_that_is_not_renewed(void **state)
{
    struct test *t = *state;

    t->server.answer = answer_token_so;
    token_answer = TEST_ANSWER("200", "", "{\"access_token\":\"x\",\"expires_in\":61}");
    test_connection(t, "c", OAUTH);
    UNTIL(t, is_authorized(t));
    struct bytes arn = test_destination(t, "d", "c", "POST", "/", 0);

    test_advance(t, 2000);
    token_answer = TEST_ANSWER("503", "", "");
    struct outbound_call call = test_run(t, arn, "{}");

    assert_int_equal(call.outcome, OUTBOUND_RETRIABLE);
    assert_string_equal(call.error_code, "NO_PERMISSIONS");
    UNTIL(t, !outbound_busy(t->outbound));
    assert_true(is_authorized(t));
    token_answer = TEST_ANSWER("400", "", "");
    call = test_run(t, arn, "{}");
    assert_int_equal(call.outcome, OUTBOUND_RETRIABLE);
    UNTIL(t, !outbound_busy(t->outbound));
    assert_int_equal(test_found(t, "c")->state, OUTBOUND_DEAUTHORIZED);
}

static void test_a_token_without_an_end(void **state)
{
    struct test *t = *state;

    t->server.answer = answer_token_so;
    token_answer = TEST_ANSWER("200", "", "{\"access_token\":\"x\"}");
    test_connection(t, "c", OAUTH);
    UNTIL(t, is_authorized(t));
    struct bytes arn = test_destination(t, "d", "c", "POST", "/", 0);

    test_advance(t, (uint64_t)365 * 24 * 3600 * 1000);
    struct outbound_call call = test_run(t, arn, "{}");

    assert_delivered(&call);
    assert_int_equal(t->server.request_count, 2);
}

static void test_tokens_with_get(void **state)
{
    struct test *t = *state;

    t->server.answer = answer_token_so;
    token_answer = TEST_ANSWER("200", "", "{\"access_token\":\"x\"}");
    test_connection(
        t, "c",
        "{\"OAuthParameters\":{\"ClientParameters\":{\"ClientID\":\"id\",\"ClientSecret\":\"s\"},"
        "\"AuthorizationEndpoint\":\"http://127.0.0.1:%d/token?a=b\",\"HttpMethod\":\"GET\"}}");
    UNTIL(t, is_authorized(t));
    assert_true(
        bytes_start_with(bytes_of_text(t->server.requests[0]),
                         BYTES("GET /token?a=b&client_id=id&client_secret=s HTTP/1.1\r\n")));
}

/* While a token is on its way the connection becomes another one's. */
static const char *answer_never(struct test_server *server, const char *request)
{
    (void)server, (void)request;
    return NULL;
}

static void test_a_connection_changes_while_its_token_is_fetched(void **state)
{
    struct test *t = *state;
    struct outbound_change change = {.kind = OUTBOUND_DEAUTHORIZE_CONNECTION, .name = BYTES("c")};

    t->server.answer = answer_never;
    test_connection(t, "c", OAUTH);
    struct bytes arn = test_destination(t, "d", "c", "POST", "/", 0);
    struct outbound_call call = test_call(t, arn, "{}");

    outbound_call(t->outbound, &call);
    UNTIL(t, t->server.request_count == 1);
    assert_int_equal(test_change(t, &change), OK);
    assert_int_equal(t->ended, 1);
    assert_int_equal(call.outcome, OUTBOUND_RETRIABLE);
    assert_string_equal(call.error_code, "NO_PERMISSIONS");
    assert_int_equal(test_found(t, "c")->state, OUTBOUND_DEAUTHORIZED);
    assert_int_equal(test_found(t, "c")->authorization.secret.size, 0);
    assert_false(outbound_busy(t->outbound));
}

/* ---- rates ---- */

static void test_a_rate_is_kept(void **state)
{
    struct test *t = *state;
    struct outbound_call calls[8];

    test_connection(t, "c", BASIC);
    struct bytes arn = test_destination(t, "d", "c", "POST", "/", 2);
    struct bytes other = test_destination(t, "e", "c", "POST", "/", 0);

    for (size_t i = 0; i < ARRAY_COUNT(calls); i++) {
        calls[i] = test_call(t, arn, "{}");
        outbound_call(t->outbound, &calls[i]);
    }
    UNTIL(t, t->ended == 2); /* a second's worth at once */

    struct outbound_figures figures;

    outbound_figures(t->outbound, &figures);
    assert_int_equal(figures.held, 6);
    assert_int_equal(figures.in_flight, 0);
    assert_true(outbound_busy(t->outbound));
    assert_false(outbound_moving(t->outbound));
    assert_int_equal(outbound_waits(t->outbound).count, 6);
    assert_int_equal(outbound_waits(t->outbound).due_ms, TEST_NOW_MS + 500);
    /* then one each half second, in their order */
    test_advance(t, 499);
    assert_int_equal(timers_run(t->timers), 0);
    test_advance(t, 1);
    UNTIL(t, t->ended == 3);
    test_advance(t, 500);
    UNTIL(t, t->ended == 4);
    assert_delivered(&calls[3]);
    assert_non_null(calls[4].running);
    /* others do not wait */
    struct outbound_call call = test_run(t, other, "{}");

    assert_delivered(&call);
    test_advance(t, 60000);
    UNTIL(t, t->ended == 7);
    test_advance(t, 60000);
    UNTIL(t, t->ended == 9);
    outbound_figures(t->outbound, &figures);
    assert_int_equal(figures.delivered, 9);
    assert_int_equal(figures.held, 0);
    assert_int_equal(outbound_waits(t->outbound).count, 0);
    assert_false(outbound_busy(t->outbound));
}

static void test_another_rate_holds_at_once(void **state)
{
    struct test *t = *state;
    struct outbound_call calls[20];
    struct outbound_change change = {
        .kind = OUTBOUND_UPDATE_DESTINATION, .name = BYTES("d"), .rate = 300};

    test_connection(t, "c", BASIC);
    struct bytes arn = test_destination(t, "d", "c", "POST", "/", 1);

    for (size_t i = 0; i < ARRAY_COUNT(calls); i++) {
        calls[i] = test_call(t, arn, "{}");
        outbound_call(t->outbound, &calls[i]);
    }
    UNTIL(t, t->ended == 1);
    assert_int_equal(test_change(t, &change), OK);
    test_advance(t, 1000);
    UNTIL(t, t->ended == 20);
}

static void test_a_destination_goes_while_calls_wait(void **state)
{
    struct test *t = *state;
    struct outbound_call calls[3];
    struct outbound_change change = {.kind = OUTBOUND_DELETE_DESTINATION, .name = BYTES("d")};

    test_connection(t, "c", BASIC);
    struct bytes arn = test_destination(t, "d", "c", "POST", "/", 1);

    for (size_t i = 0; i < ARRAY_COUNT(calls); i++) {
        calls[i] = test_call(t, arn, "{}");
        outbound_call(t->outbound, &calls[i]);
    }
    UNTIL(t, t->ended == 1);
    assert_int_equal(test_change(t, &change), OK);
    assert_int_equal(t->ended, 3);
    assert_string_equal(calls[2].error_code, "NO_RESOURCE");
    assert_false(outbound_busy(t->outbound));
}

/* ---- ends ---- */

static void test_a_cancelled_call_is_told_so(void **state)
{
    struct test *t = *state;
    struct outbound_call waiting, sent;

    t->server.answer = answer_never;
    test_connection(t, "c", BASIC);
    struct bytes arn = test_destination(t, "d", "c", "POST", "/", 1);

    sent = test_call(t, arn, "{}");
    outbound_call(t->outbound, &sent);
    waiting = test_call(t, arn, "{}");
    outbound_call(t->outbound, &waiting);
    UNTIL(t, t->server.request_count == 1);
    outbound_cancel(t->outbound, &waiting);
    outbound_cancel(t->outbound, &sent);
    assert_int_equal(t->ended, 0);
    UNTIL(t, t->ended == 2);
    assert_int_equal(sent.outcome, OUTBOUND_RETRIABLE);
    assert_int_equal(waiting.outcome, OUTBOUND_RETRIABLE);
    assert_false(outbound_busy(t->outbound));
    outbound_cancel(t->outbound, &sent); /* harmless */
}

static void test_a_stop_ends_calls_without_a_word(void **state)
{
    enum { COUNT = 3 };
    struct test *t = *state;
    struct outbound_call *calls = ARENA_NEW_ARRAY(t->arena, COUNT, struct outbound_call);

    t->server.answer = answer_never;
    test_connection(t, "c", BASIC);
    test_connection(t, "o", OAUTH);
    struct bytes arn = test_destination(t, "d", "c", "POST", "/", 1);
    struct bytes oauth = test_destination(t, "e", "o", "POST", "/", 1);

    for (size_t i = 0; i < COUNT; i++) {
        calls[i] = test_call(t, i < 2 ? arn : oauth, "{}");
        outbound_call(t->outbound, &calls[i]);
    }
    UNTIL(t, t->server.request_count == 2);
    /* the teardown stops */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, test_setup, test_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_a_call_with_a_user_name),
        TEST(test_a_call_with_a_key),
        TEST(test_parameters_of_target_and_connection),
        TEST(test_a_payload_that_is_no_object_stays_as_it_is),
        TEST(test_methods),
        TEST(test_parameters_that_do_not_fit),
        TEST(test_answers),
        TEST(test_a_status_stands_in_the_message_and_the_body_does_not),
        TEST(test_nobody_there),
        TEST(test_no_such_destination),
        TEST(test_no_such_connection),
        TEST(test_a_password_that_is_refused),
        TEST(test_a_token_is_fetched_and_kept),
        TEST(test_all_wait_for_one_token),
        TEST(test_a_token_that_lives_shortly_is_used_once),
        TEST(test_a_token_that_is_refused_is_fetched_anew),
        TEST(test_no_token),
        TEST(test_a_token_that_is_not_renewed),
        TEST(test_a_token_without_an_end),
        TEST(test_tokens_with_get),
        TEST(test_a_connection_changes_while_its_token_is_fetched),
        TEST(test_a_rate_is_kept),
        TEST(test_another_rate_holds_at_once),
        TEST(test_a_destination_goes_while_calls_wait),
        TEST(test_a_cancelled_call_is_told_so),
        TEST(test_a_stop_ends_calls_without_a_word),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
