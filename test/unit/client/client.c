/* Tests of client/client.c: what is tried again and how often, what is said.
 */
#include "client/client.h"

#include "fake_server.h"

static struct target target_of(const struct fake_server *server)
{
    return (struct target){.url = server->url,
                           .host = "127.0.0.1",
                           .is_this_machine = true,
                           .region = "us-east-1",
                           .key_id = "AK",
                           .secret = "S",
                           .table = "t"};
}

/* ---- asking ---- */

#define FAULT "{\"__type\":\"com.amazonaws.dynamodb.v20120810#InternalServerError\"}"

#define EXPIRED "{\"__type\":\"x#ExpiredTokenException\",\"message\":\"The token is expired\"}"

struct ask_case {
    const char *name;
    bool once;
    struct fake_answer answers[8];
    enum status status;
    bool uncertain;
    const char *error_name;
};

static const struct ask_case asks[] = {
    {"at once", false, {{"POST / HTTP/1.1", 200, "{}"}}, OK, false, ""},
    {"an empty answer", false, {{"POST", 204, ""}}, OK, false, ""},
    {"the request is signed",
     false,
     {{"Authorization: AWS4-HMAC-SHA256 Credential=AK/", 200, "{}"}},
     OK,
     false,
     ""},
    {"a broken connection", false, {{"POST", 0, NULL}, {"POST", 200, "{}"}}, OK, true, ""},
    {"a fault", false, {{"POST", 500, FAULT}, {"POST", 200, "{}"}}, OK, true, ""},
    {"a damaged answer", false, {{"POST", FAKE_DAMAGED, "{}"}, {"POST", 200, "{}"}}, OK, true, ""},
    {"an answer cut in its head",
     false,
     {{"POST", FAKE_CUT, "{}"}, {"POST", 200, "{}"}},
     OK,
     true,
     ""},
    {"another try is under way",
     false,
     {{"POST", 400, "{\"__type\":\"x#TransactionInProgressException\"}"}, {"POST", 200, "{}"}},
     OK,
     false,
     ""},
    {"keys are over, and there are no others",
     false,
     {{"POST", 400, EXPIRED}},
     REFUSED,
     false,
     "ExpiredTokenException"},
    {"too many requests", false, {{"POST", 429, "{}"}, {"POST", 200, "{}"}}, OK, false, ""},
    {"a fault six times",
     false,
     {{"POST", 500, FAULT},
      {"POST", 500, FAULT},
      {"POST", 500, FAULT},
      {"POST", 500, FAULT},
      {"POST", 500, FAULT},
      {"POST", 500, FAULT}},
     REFUSED,
     true,
     "InternalServerError"},
    {"broken six times",
     false,
     {{"POST", 0, NULL},
      {"POST", 0, NULL},
      {"POST", 0, NULL},
      {"POST", 0, NULL},
      {"POST", 0, NULL},
      {"POST", 0, NULL}},
     CLOSED,
     true,
     ""},
    {"once is once", true, {{"POST", 500, FAULT}}, REFUSED, false, "InternalServerError"},
    {"a refusal is final",
     false,
     {{"POST", 400, "{\"__type\":\"ValidationException\",\"Message\":\"m\"}"}},
     REFUSED,
     false,
     "ValidationException"},
    {"no JSON", false, {{"POST", 400, "<html>"}}, REFUSED, false, ""},
};

static void test_ask(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(asks); i++) {
        const struct ask_case *one = &asks[i];
        AUTO(arena_release) struct arena *arena = arena_new();
        struct fake_server server;
        struct client_request request = {
            .method = "POST", .path = "/", .body = BYTES("{}"), .once = one->once};
        struct client_answer answer = {0};
        size_t count = 0;

        while (count < ARRAY_COUNT(one->answers) && one->answers[count].wanted != NULL)
            count++;
        fake_start(&server, one->answers, count);

        struct target target = target_of(&server);
        struct client *client = client_new(&target);

        client_never_pause(client);

        enum status status = client_ask(client, arena, &request, &answer);

        client_free(client);
        fake_stop(&server);
        print_message("  %s\n", one->name);
        assert_int_equal(status, one->status);
        assert_string_equal(arena_copy_text(arena, answer.error_name), one->error_name);
        if (status == OK) /* else nobody asks */
            assert_int_equal(answer.uncertain, one->uncertain);
    }
}

/* Headers both ways, the name of an error in one of them, and a signature for another service. */
static void test_services(void **state)
{
    static const struct client_header more[] = {{"X-Amz-Invocation-Type", "Event"}};
    static const struct fake_answer answers[] = {
        {"/us-east-1/lambda/aws4_request", 200, "{}"},
        {"X-Amz-Invocation-Type: Event\r\n", 404, "{\"Message\":\"no\"}"},
    };
    static const char *const headers[] = {
        "X-Amz-Function-Error:  Unhandled \r\nX-Empty:\r\n",
        "x-amzn-errortype: ResourceNotFoundException:http://x\r\n",
    };
    AUTO(arena_release) struct arena *arena = arena_new();
    struct fake_server server;
    struct client_request request = {.service = TARGET_LAMBDA,
                                     .method = "POST",
                                     .path = "/",
                                     .content_type = "application/json",
                                     .headers = more,
                                     .header_count = 1,
                                     .once = true};
    struct client_answer answer = {0};

    (void)state;
    fake_start_with(&server, answers, headers, ARRAY_COUNT(answers));

    struct target target = target_of(&server);
    struct client *client = client_new(&target);

    assert_int_equal(client_ask(client, arena, &request, &answer), OK);
    assert_string_equal(arena_copy_text(arena, client_header(&answer, "x-amz-function-error")),
                        "Unhandled");
    assert_int_equal(client_header(&answer, "X-Empty").size, 0);
    assert_int_equal(client_header(&answer, "X-Amz").size, 0);
    assert_int_equal(client_ask(client, arena, &request, &answer), REFUSED);
    assert_string_equal(arena_copy_text(arena, answer.error_name), "ResourceNotFoundException");
    assert_string_equal(arena_copy_text(arena, answer.message), "no");
    client_free(client);
    fake_stop(&server);
}

/* libcurl sends again by itself when a used connection breaks; that must not go unnoticed. */
static void test_uncertain_on_a_used_connection(void **state)
{
    static const struct fake_answer answers[] = {{"POST", 200, "{}"}, {"POST", 0, NULL},
                                                 {"POST", 200, "{}"}, {"POST", 200, "{}"},
                                                 {"POST", 0, NULL}, /* once is once */
                                                 {"POST", 200, "{}"}};
    static const bool uncertain[] = {false, true, false, true, false};
    static const size_t once = 3;
    struct fake_server server;

    (void)state;
    fake_start(&server, answers, ARRAY_COUNT(answers));

    struct target target = target_of(&server);
    struct client *client = client_new(&target);

    client_never_pause(client);
    for (size_t i = 0; i < ARRAY_COUNT(uncertain); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct client_request request = {.method = "POST", .path = "/", .once = i == once};
        struct client_answer answer = {0};

        assert_int_equal(client_ask(client, arena, &request, &answer), i == once ? CLOSED : OK);
        assert_int_equal(answer.uncertain, uncertain[i]);
    }
    client_free(client);
    fake_stop(&server);
}

/* ---- keys of a process ---- */

#define PRINTS(key, more)                                                                          \
    "printf '%s' '{\"Version\":1,\"AccessKeyId\":\"" key "\",\"SecretAccessKey\":\"S\"" more "}'"

/* Renewed when the other side says that they are over: once, and also a request that is made only
 * once, as nothing was done. */
static void test_expired_keys(void **state)
{
    static const struct fake_answer answers[] = {
        {"Credential=AK/", 400, EXPIRED},  {"Credential=NEW/", 200, "{}"},
        {"Credential=NEW/", 200, "{}"},    {"Credential=NEW/", 400, EXPIRED},
        {"Credential=NEW/", 400, EXPIRED},
    };
    static const enum status expected[] = {OK, OK, REFUSED};
    AUTO(arena_release) struct arena *arena = arena_new();
    struct fake_server server;

    (void)state;
    fake_start(&server, answers, ARRAY_COUNT(answers));

    struct target target = target_of(&server);

    target.process = PRINTS("NEW", "");

    struct client *client = client_new(&target);

    for (size_t i = 0; i < ARRAY_COUNT(expected); i++) {
        struct client_request request = {.method = "POST", .path = "/", .once = true};
        struct client_answer answer = {0};

        assert_int_equal(client_ask(client, arena, &request, &answer), expected[i]);
    }
    client_free(client);
    fake_stop(&server);
}

/* Renewed before they are over; a process that fails leaves the ones that there are. */
static void test_keys_soon_over(void **state)
{
    static const struct fake_answer answers[] = {{"X-Amz-Security-Token: T\r\n", 200, "{}"},
                                                 {"Credential=AK/", 200, "{}"},
                                                 {"Credential=AK/", 400, EXPIRED}};
    static const char *const processes[] = {
        PRINTS("NEW", ",\"SessionToken\":\"T\",\"Expiration\":\"2999-01-01T00:00:00Z\""),
        "sh -c 'echo log in >&2; exit 1'", "sh -c 'echo log in >&2; exit 1'"};
    AUTO(arena_release) struct arena *arena = arena_new();
    struct client_answer answer = {0};
    struct fake_server server;

    (void)state;
    fake_start(&server, answers, ARRAY_COUNT(answers));
    for (size_t i = 0; i < ARRAY_COUNT(processes); i++) {
        struct target target = target_of(&server);
        struct client_request request = {.method = "POST", .path = "/"};

        target.process = processes[i];
        target.expires_ms = 1; /* long ago */

        struct client *client = client_new(&target);

        assert_int_equal(client_ask(client, arena, &request, &answer), i < 2 ? OK : REFUSED);
        client_free(client);
    }
    assert_string_equal(arena_copy_text(arena, answer.message),
                        "The token is expired. The credential_process `sh -c 'echo log in >&2; "
                        "exit 1'` ended with exit status 1: log in");
    fake_stop(&server);
}

static void test_unreachable(void **state)
{
    struct fake_server server;
    AUTO(arena_release) struct arena *arena = arena_new();
    struct client_request request = {.method = "GET", .path = "/"};
    struct client_answer answer = {0};

    (void)state;
    fake_start(&server, NULL, 0);
    fake_stop(&server); /* now nothing listens there */

    struct target target = target_of(&server);
    struct client *client = client_new(&target);

    assert_int_equal(client_ask(client, arena, &request, &answer), CLOSED);
    assert_int_equal(answer.message.size, 0);
    assert_false(answer.uncertain);
    client_free(client);
}

static void test_query(void **state)
{
    AUTO(buffer_free) struct buffer path = BUFFER_INIT(1024);

    (void)state;
    buffer_append_text(&path, "/_dynlog/log");
    client_query(&path, "from", BYTES("0"));
    client_query(&path, "log", BYTES("a b/&=+å\0-._~"));
    buffer_append_byte(&path, '\0');
    assert_string_equal((const char *)path.ptr,
                        "/_dynlog/log?from=0&log=a%20b%2F%26%3D%2B%C3%A5%00-._~");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ask),
        cmocka_unit_test(test_services),
        cmocka_unit_test(test_uncertain_on_a_used_connection),
        cmocka_unit_test(test_expired_keys),
        cmocka_unit_test(test_keys_soon_over),
        cmocka_unit_test(test_unreachable),
        cmocka_unit_test(test_query),
    };

    test_environment();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
