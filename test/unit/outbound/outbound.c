/* Settings: what is there after a start anew, what changes do to each other, and where secrets
 * are not. */
#include "outbound/outbound_test.h"

#define SECRET "T0p-secret"
#define BASIC "{\"BasicAuthParameters\":{\"Username\":\"user\",\"Password\":\"" SECRET "\"}}"
#define OAUTH                                                                                      \
    "{\"OAuthParameters\":{\"ClientParameters\":{\"ClientID\":\"id\",\"ClientSecret\":\"" SECRET   \
    "\"},\"AuthorizationEndpoint\":\"http://127.0.0.1:%d/token\",\"HttpMethod\":\"POST\","         \
    "\"OAuthHttpParameters\":{\"HeaderParameters\":[{\"Key\":\"X\",\"Value\":\"" SECRET "\","      \
    "\"IsValueSecret\":true},{\"Key\":\"Y\",\"Value\":\"shown\"}]}},"                              \
    "\"InvocationHttpParameters\":{\"BodyParameters\":[{\"Key\":\"b\",\"Value\":\"" SECRET "\","   \
    "\"IsValueSecret\":true}]}}"

static const char *token_answer = TEST_ANSWER("200", "", "{\"access_token\":\"t\"}");

static struct bytes printed(struct test *t, const char *name, bool with_secrets)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(65536);
    const struct outbound_connection *connection = test_found(t, name);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    outbound_authorization_write(&w, connection->type, &connection->authorization, with_secrets);
    json_end_object(&w);
    return arena_copy(t->arena, buffer_bytes(&out));
}

static bool has(struct bytes whole, const char *part)
{
    return bytes_find(whole, bytes_of_text(part)) != SIZE_MAX;
}

static void test_everything_is_there_after_a_start_anew(void **state)
{
    struct test *t = *state;

    t->server.fixed = token_answer;
    test_connection(t, "basic", BASIC);
    test_connection(t, "oauth", OAUTH);
    UNTIL(t, test_found(t, "oauth")->state == OUTBOUND_AUTHORIZED);
    struct bytes arn = test_destination(t, "d", "oauth", "PATCH", "/x/*", 7);
    struct bytes basic = printed(t, "basic", true), oauth = printed(t, "oauth", true);
    struct outbound_connection before = *test_found(t, "oauth");

    before.id = arena_copy(t->arena, before.id);
    before.secret_id = arena_copy(t->arena, before.secret_id);
    test_reopen(t);
    assert_true(bytes_equal(basic, printed(t, "basic", true)));
    assert_true(bytes_equal(oauth, printed(t, "oauth", true)));

    const struct outbound_connection *after = test_found(t, "oauth");
    const struct outbound_destination *destination = outbound_destination_of(t->outbound, arn);

    assert_true(bytes_equal(after->id, before.id));
    assert_true(bytes_equal(after->secret_id, before.secret_id));
    assert_int_equal(after->state, OUTBOUND_AUTHORIZED);
    assert_int_equal(after->created_ms, TEST_NOW_MS);
    assert_non_null(destination);
    assert_int_equal(destination->rate, 7);
    assert_true(bytes_equal_text(destination->method, "PATCH"));
    assert_true(outbound_is_active(t->outbound, destination));
}

static const char *answer_never(struct test_server *server, const char *request)
{
    (void)server, (void)request;
    return NULL;
}

/* The process ends before the token comes: the next one asks again. */
static void test_an_authorization_goes_on_after_a_start_anew(void **state)
{
    struct test *t = *state;

    t->server.answer = answer_never;
    test_connection(t, "oauth", OAUTH);
    UNTIL(t, t->server.request_count == 1);
    t->server.answer = test_answer_fixed;
    t->server.fixed = token_answer;
    test_reopen(t);
    assert_int_equal(test_found(t, "oauth")->state, OUTBOUND_AUTHORIZING);
    UNTIL(t, test_found(t, "oauth")->state == OUTBOUND_AUTHORIZED);
}

static void test_secrets_are_left_out(void **state)
{
    struct test *t = *state;

    t->server.fixed = TEST_ANSWER("400", "", SECRET);
    test_connection(t, "basic", BASIC);
    test_connection(t, "oauth", OAUTH);
    assert_true(has(printed(t, "basic", true), SECRET));
    assert_true(has(printed(t, "oauth", true), SECRET));
    assert_false(has(printed(t, "basic", false), SECRET));
    assert_false(has(printed(t, "oauth", false), SECRET));
    assert_true(has(printed(t, "oauth", false), "shown"));
    UNTIL(t, test_found(t, "oauth")->state == OUTBOUND_DEAUTHORIZED);
    assert_false(has(test_found(t, "oauth")->state_reason, SECRET));
}

/* Not in what an error says either, whatever the target sends back. */
static void test_errors_of_calls_have_no_secrets(void **state)
{
    static const char *const statuses[] = {"302", "400", "401", "407", "429", "500"};
    struct test *t = *state;

    for (size_t i = 0; i < ARRAY_COUNT(statuses); i++) {
        t->server.fixed = arena_copy_text(
            t->arena,
            arena_printf(t->arena, "HTTP/1.1 %s %s\r\nConnection: close\r\nX: %s\r\n\r\n%s",
                         statuses[i], SECRET, SECRET, SECRET));
        test_connection(t, "basic", BASIC);
        struct bytes arn = test_destination(t, statuses[i], "basic", "POST", "/", 0);
        struct outbound_call call = test_run(t, arn, "{}");

        assert_int_not_equal(call.outcome, OUTBOUND_DELIVERED);
        assert_false(has(bytes_of_text(call.error_message), SECRET));
    }
}

/* The parameters go from the store, and come back in no way. */
static void test_what_is_deauthorized_has_no_secret_in_the_store(void **state)
{
    struct test *t = *state;
    struct outbound_change change = {.kind = OUTBOUND_DEAUTHORIZE_CONNECTION,
                                     .name = BYTES("basic")};
    AUTO(store_value_release) struct store_value value = {0};

    test_connection(t, "basic", BASIC);
    assert_int_equal(test_change(t, &change), OK);
    assert_int_equal(store_get(t->store, NULL, STORE_CATALOGUE,
                               outbound_connection_key(t->arena, BYTES("basic")), &value),
                     OK);
    assert_false(has(value.bytes, SECRET));
    test_reopen(t);
    assert_int_equal(test_found(t, "basic")->state, OUTBOUND_DEAUTHORIZED);
    assert_int_equal(test_found(t, "basic")->secret_id.size, 0);
}

/* ---- changes, one after the other ---- */

static void test_changes_see_those_before_them(void **state)
{
    struct test *t = *state;
    enum status status[3] = {NOT_DONE, NOT_DONE, NOT_DONE};
    struct outbound_change changes[3] = {
        {.kind = OUTBOUND_CREATE_CONNECTION, .name = BYTES("c"), .type = OUTBOUND_BASIC},
        {.kind = OUTBOUND_CREATE_CONNECTION, .name = BYTES("c"), .type = OUTBOUND_BASIC},
        {.kind = OUTBOUND_DELETE_CONNECTION, .name = BYTES("c")},
    };

    for (size_t i = 0; i < ARRAY_COUNT(changes); i++) {
        changes[i].parameters = test_json(t, BYTES(BASIC));
        changes[i].arena = t->arena;
        changes[i].done = test_changed;
        changes[i].context = &status[i];
        outbound_change(t->outbound, &changes[i]);
    }
    assert_int_equal(status[0], NOT_DONE);
    UNTIL(t, status[2] != NOT_DONE);
    assert_int_equal(status[0], OK);
    assert_int_equal(status[1], REFUSED);
    assert_int_equal(changes[1].error.kind, API_RESOURCE_ALREADY_EXISTS);
    assert_int_equal(status[2], OK);
    assert_null(test_found(t, "c"));
    assert_false(outbound_busy(t->outbound));
}

/* done() may ask for the next change. */
static void change_again(struct outbound_change *change, enum status status)
{
    struct test *t = change->context;

    assert_int_equal(status, t->ended == 0 ? OK : REFUSED);
    if (++t->ended < 5)
        outbound_change(t->outbound, change);
}

static void test_done_may_change_again(void **state)
{
    struct test *t = *state;
    struct outbound_change change = {.kind = OUTBOUND_CREATE_CONNECTION,
                                     .name = BYTES("c"),
                                     .type = OUTBOUND_BASIC,
                                     .parameters = test_json(t, BYTES(BASIC)),
                                     .arena = t->arena,
                                     .done = change_again,
                                     .context = t};

    outbound_change(t->outbound, &change);
    UNTIL(t, t->ended == 5);
    assert_false(outbound_busy(t->outbound));
}

/* ---- damage ---- */

struct damage {
    struct store_work work;
    struct bytes key, value;
    bool done;
};

static void run_damage(struct store_batch *batch, struct store_work *work)
{
    struct damage *damage = CONTAINER_OF(work, struct damage, work);

    store_batch_put(batch, STORE_CATALOGUE, damage->key, damage->value);
}

static void damage_done(struct store_work *work, enum status status)
{
    assert_int_equal(status, OK);
    CONTAINER_OF(work, struct damage, work)->done = true;
}

static void test_damaged_settings_are_told(void **state)
{
    static const struct {
        const char *value;
        enum status expected;
    } cases[] = {
        {"", CORRUPT},
        {"{}", CORRUPT},
        {"{\"format\":2}", NEWER_FORMAT},
        {"{\"format\":1}", CORRUPT},
        {"{\"format\":1,\"name\":\"c\",\"id\":\"i\",\"type\":\"X\",\"state\":\"AUTHORIZED\"}",
         CORRUPT},
        {"{\"format\":1,\"name\":\"c\",\"id\":\"i\",\"type\":\"BASIC\",\"state\":\"X\"}", CORRUPT},
        {"{\"format\":1,\"name\":\"c\",\"type\":\"BASIC\",\"state\":\"AUTHORIZED\"}", CORRUPT},
        {"{\"format\":1,\"name\":\"c\",\"id\":\"i\",\"type\":\"BASIC\",\"state\":\"AUTHORIZED\","
         "\"secret\":\"s\"}",
         CORRUPT},
        {"{\"format\":1,\"name\":\"c\",\"id\":\"i\",\"type\":\"OAUTH_CLIENT_CREDENTIALS\","
         "\"state\":\"AUTHORIZED\",\"secret\":\"s\",\"parameters\":{\"OAuthParameters\":{"
         "\"ClientParameters\":{\"ClientID\":\"i\",\"ClientSecret\":\"s\"},"
         "\"AuthorizationEndpoint\":\"nowhere\",\"HttpMethod\":\"POST\"}}}",
         CORRUPT},
        {"{\"format\":1,\"name\":\"c\",\"id\":\"i\",\"type\":\"BASIC\",\"state\":\"DEAUTHORIZED\"}",
         OK},
    };
    struct test *t = *state;

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const struct outbound_options options = {.store = t->store,
                                                 .port = t->port,
                                                 .timers = t->timers,
                                                 .loop = &t->loop,
                                                 .place = &test_place};
        struct damage damage = {.work = {.run = run_damage, .done = damage_done},
                                .key = outbound_connection_key(t->arena, BYTES("c")),
                                .value = bytes_of_text(cases[i].value)};
        struct outbound *outbound = NULL;

        store_submit(t->store, t->port, &damage.work);
        UNTIL(t, damage.done);
        assert_int_equal(outbound_open(&options, &outbound), cases[i].expected);
        if (outbound == NULL)
            continue;
        TEST_UNTIL(&t->loop, outbound_stop(outbound));
        outbound_close(outbound);
    }
}

/* ---- requests, without sending ---- */

static void test_reserved_headers(void **state)
{
    (void)state;
    assert_true(request_header_is_reserved(BYTES("host")));
    assert_true(request_header_is_reserved(BYTES("CONTENT-LENGTH")));
    assert_true(request_header_is_reserved(BYTES("User-Agent")));
    assert_false(request_header_is_reserved(BYTES("Content-Type")));
    assert_false(request_header_is_reserved(BYTES("Authorization")));
    assert_false(request_header_is_reserved(BYTES("X-Host")));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, test_setup, test_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_everything_is_there_after_a_start_anew),
        TEST(test_an_authorization_goes_on_after_a_start_anew),
        TEST(test_secrets_are_left_out),
        TEST(test_errors_of_calls_have_no_secrets),
        TEST(test_what_is_deauthorized_has_no_secret_in_the_store),
        TEST(test_changes_see_those_before_them),
        TEST(test_done_may_change_again),
        TEST(test_damaged_settings_are_told),
        TEST(test_reserved_headers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
