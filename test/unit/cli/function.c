/* Tests of cli/function.c: names, ARNs, keys of a stack file. */
#include "cli/function.h"

#include "cli_test.h"

#define STATUS                                                                                     \
    "{\"version\":\"0\",\"position\":1,\"functions\":[\"app-local-f\",\"g\"],\"functionKeys\":{"   \
    "\"f\":\"app-local-f\",\"g\":\"app-local-g\"}}"

static void names(void **state)
{
    static const struct {
        const char *wanted, *name;
    } cases[] = {
        {"app-local-f", "app-local-f"},
        {"f", "app-local-f"},
        {"g", "g"}, /* a name before a key */
        {"arn:aws:lambda:us-east-1:000000000000:function:app-local-f:$LATEST", "app-local-f"},
        {"000000000000:function:other", "other"},
        {"f:live", "app-local-f"},
        {"unknown", "unknown"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        static const struct fake_answer answers[] = {{"GET /_dynlog/status", 200, STATUS}};
        AUTO(arena_release) struct arena *arena = arena_new();
        struct cli cli = {.arena = arena};
        struct fake_server server;

        fake_start(&server, answers, 1);

        struct target target = {.url = server.url,
                                .host = "127.0.0.1",
                                .is_this_machine = true,
                                .region = "us-east-1",
                                .key_id = "AK",
                                .secret = "S",
                                .table = "t"};
        struct client *client = client_new(&target);

        assert_string_equal(cli_function_name(&cli, client, cases[i].wanted), cases[i].name);
        client_free(client);
        fake_stop(&server);
    }
}

static void paths(void **state)
{
    static const struct {
        const char *wanted, *path;
    } cases[] = {
        {"f", "/2015-03-31/functions/f/invocations"},
        {"f:live", "/2015-03-31/functions/f/invocations?Qualifier=live"},
        {"arn:aws:lambda:us-east-1:000000000000:function:f", "/2015-03-31/functions/f/invocations"},
        {"arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST",
         "/2015-03-31/functions/f/invocations?Qualifier=%24LATEST"},
    };
    AUTO(arena_release) struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_string_equal(cli_function_path(arena, "f", cases[i].wanted), cases[i].path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(names), cmocka_unit_test(paths)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
