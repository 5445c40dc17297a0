/* Lambda's paths: which operation each asks for, and for which function. */
#include "api/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define FUNCTIONS "/2015-03-31/functions"
#define ASYNC "/2014-11-13/functions"
#define MAPPINGS "/2015-03-31/event-source-mappings"
#define ARN "arn:aws:lambda:us-east-1:000000000000:function:hello"

/* operation NULL: there is none. */
static const struct {
    const char *method, *path, *operation, *name;
} cases[] = {
    {"POST", FUNCTIONS "/hello/invocations", "Invoke", "hello"},
    {"POST", FUNCTIONS "/" ARN "/invocations", "Invoke", ARN},
    {"POST", FUNCTIONS "/hello:live/invocations", "Invoke", "hello:live"},
    {"POST", ASYNC "/hello/invoke-async/", "InvokeAsync", "hello"},
    {"POST", ASYNC "/hello/invoke-async", "InvokeAsync", "hello"},
    {"GET", FUNCTIONS, "ListFunctions", ""},
    {"GET", FUNCTIONS "/", "ListFunctions", ""},
    {"GET", FUNCTIONS "/hello", "GetFunction", "hello"},
    {"GET", FUNCTIONS "/" ARN, "GetFunction", ARN},
    {"GET", FUNCTIONS "/hello/configuration", "GetFunctionConfiguration", "hello"},
    {"GET", MAPPINGS, "ListEventSourceMappings", ""},
    {"GET", MAPPINGS "/", "ListEventSourceMappings", ""},
    {"POST", MAPPINGS, "CreateEventSourceMapping", ""},
    {"POST", MAPPINGS "/", "CreateEventSourceMapping", ""},
    {"GET", MAPPINGS "/14e0db71", "GetEventSourceMapping", "14e0db71"},
    {"PUT", MAPPINGS "/14e0db71", "UpdateEventSourceMapping", "14e0db71"},
    {"DELETE", MAPPINGS "/14e0db71", "DeleteEventSourceMapping", "14e0db71"},
    {"POST", "/2015-03-31/functions", "CreateFunction", ""},
    {"PUT", "/2015-03-31/functions/hello/code", "UpdateFunctionCode", "hello"},
    {"PUT", "/2015-03-31/functions/hello/configuration", "UpdateFunctionConfiguration", "hello"},
    {"DELETE", "/2015-03-31/functions/hello", "DeleteFunction", "hello"},
    {"POST", "/2015-03-31/functions/hello/versions", "PublishVersion", "hello"},
    {"GET", "/2015-03-31/functions/hello/versions", "ListVersionsByFunction", "hello"},
    {"POST", "/2015-03-31/functions/hello/aliases", "CreateAlias", "hello"},
    {"PUT", "/2015-03-31/functions/hello/aliases/live", "UpdateAlias", "hello"},
    {"GET", "/2015-03-31/functions/hello/aliases/live", "GetAlias", "hello"},
    {"GET", "/2015-03-31/functions/hello/aliases", "ListAliases", "hello"},
    {"DELETE", "/2015-03-31/functions/hello/aliases/live", "DeleteAlias", "hello"},
    {"PUT", "/2017-10-31/functions/hello/concurrency", "PutFunctionConcurrency", "hello"},
    {"GET", "/2019-09-30/functions/hello/concurrency", "GetFunctionConcurrency", "hello"},
    {"DELETE", "/2017-10-31/functions/hello/concurrency", "DeleteFunctionConcurrency", "hello"},
    {"PUT", "/2019-09-25/functions/hello/event-invoke-config", "PutFunctionEventInvokeConfig",
     "hello"},
    {"POST", "/2019-09-25/functions/hello/event-invoke-config", "UpdateFunctionEventInvokeConfig",
     "hello"},
    {"GET", "/2019-09-25/functions/hello/event-invoke-config", "GetFunctionEventInvokeConfig",
     "hello"},
    {"GET", "/2019-09-25/functions/hello/event-invoke-config/list",
     "ListFunctionEventInvokeConfigs", "hello"},
    {"DELETE", "/2019-09-25/functions/hello/event-invoke-config", "DeleteFunctionEventInvokeConfig",
     "hello"},
    {"POST", "/2015-03-31/functions/hello/policy", "AddPermission", "hello"},
    {"DELETE", "/2015-03-31/functions/hello/policy/s", "RemovePermission", "hello"},
    {"GET", "/2015-03-31/functions/hello/policy", "GetPolicy", "hello"},
    {"POST", "/2017-03-31/tags/" ARN, "TagResource", ARN},
    {"DELETE", "/2017-03-31/tags/" ARN, "UntagResource", ARN},
    {"GET", "/2017-03-31/tags/" ARN, "ListTags", ARN},
    {"GET", "/2016-08-19/account-settings", "GetAccountSettings", ""},

    {"GET", FUNCTIONS "/hello/invocations", NULL, ""}, /* another method */
    {"POST", FUNCTIONS "/hello", NULL, ""},
    {"get", FUNCTIONS "/hello", NULL, ""},
    {"POST", FUNCTIONS "//invocations", NULL, ""}, /* no name */
    {"POST", FUNCTIONS "/invocations", NULL, ""},
    {"GET", FUNCTIONS "//configuration", NULL, ""},
    {"POST", ASYNC "//invoke-async/", NULL, ""},
    {"POST", FUNCTIONS "/hello/more/invocations", NULL, ""}, /* more than a name */
    {"GET", FUNCTIONS "/hello/code", NULL, ""},
    {"GET", FUNCTIONS "/hello/", NULL, ""},
    {"GET", MAPPINGS "/a/b", NULL, ""},
    {"GET", FUNCTIONS "hello", NULL, ""}, /* other paths that begin alike */
    {"GET", "/2015-03-31/function", NULL, ""},
    {"GET", "/2019-03-31/functions/hello", NULL, ""},
    {"GET", "/20", NULL, ""},
    {"GET", "", NULL, ""},
};

static void test_routes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct bytes name = {NULL, 0};
        const struct api_operation *operation =
            api_lambda_route(bytes_of_text(cases[i].method), bytes_of_text(cases[i].path), &name);
        const char *found = operation != NULL ? operation->name : "nothing";
        const char *expected = cases[i].operation != NULL ? cases[i].operation : "nothing";

        if (strcmp(found, expected) != 0)
            fail_msg("%s %s: %s instead of %s", cases[i].method, cases[i].path, found, expected);
        if (operation != NULL && !bytes_equal_text(name, cases[i].name))
            fail_msg("%s %s names %.*s", cases[i].method, cases[i].path, BYTES_ARG(name));
    }
}

/* Every operation of Lambda's has a way to it. */
static void test_every_operation(void **state)
{
    size_t count = 0;
    const struct api_operation *operations = api_operations(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        bool found = operations[i].service != &api_lambda;

        for (size_t c = 0; c < ARRAY_COUNT(cases) && !found; c++)
            found =
                cases[c].operation != NULL && strcmp(cases[c].operation, operations[i].name) == 0;
        if (!found)
            fail_msg("no path leads to %s", operations[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_routes),
        cmocka_unit_test(test_every_operation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
