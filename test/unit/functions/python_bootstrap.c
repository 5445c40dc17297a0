/* Tests of runtimes/python/bootstrap.py: what a Python handler gets, its results and its errors. */
#include "harness.h"

static int set_up(void **state)
{
    *state = harness_new();
    return 0;
}

static int tear_down(void **state)
{
    harness_free(*state);
    return 0;
}

static void put(struct harness *h, const char *name, const char *runtime, const char *handler)
{
    struct function_settings settings = harness_settings(h, name, runtime, handler);

    harness_put(h, &settings);
}

/* ---- what a handler gets ---- */

static void python_context(void **state)
{
    struct harness *h = *state;

    harness_write(
        h, "src/app.py",
        "import os\n"
        "def handler(event, context):\n"
        "    return dict(id=context.aws_request_id, name=context.function_name,\n"
        "                version=context.function_version,\n"
        "                memory=context.memory_limit_in_mb,\n"
        "                arn=context.invoked_function_arn, log=context.log_group_name,\n"
        "                left=context.get_remaining_time_in_millis(),\n"
        "                identity=context.identity.cognito_identity_id,\n"
        "                cwd=os.getcwd(), event=event, trace=os.environ['_X_AMZN_TRACE_ID'])\n");
    put(h, "py", "python3.12", "src/app.handler");
    struct call *call = call_now(h, "py", "{\"n\":1.5}");
    const struct json *got = call_json(h, call);
    int64_t left = 0;

    assert_false(call->failed);
    assert_string_equal(json_text_of(h, got, "id"), call->invocation.request_id);
    assert_string_equal(json_text_of(h, got, "name"), "py");
    assert_string_equal(json_text_of(h, got, "version"), "$LATEST");
    assert_string_equal(json_text_of(h, got, "memory"), "128");
    assert_string_equal(json_text_of(h, got, "arn"),
                        "arn:aws:lambda:us-east-1:000000000000:function:py");
    assert_string_equal(json_text_of(h, got, "log"), "/aws/lambda/py");
    assert_string_equal(json_text_of(h, got, "cwd"), h->folder);
    assert_true(bytes_start_with(json_string(json_get(got, "trace")), BYTES("Root=1-")));
    assert_true(json_int64(json_get(got, "left"), &left));
    assert_true(left > 0 && left <= 3000);
    assert_true(bytes_equal_text(json_number_text(json_get(json_get(got, "event"), "n")), "1.5"));
}

/* ---- Python: results and errors ---- */

static const char python_styles[] =
    "import decimal, datetime, os, sys\n"
    "def none(event, context): pass\n"
    "def echo(event, context): return event\n"
    "def number(event, context): return {'a': decimal.Decimal('1.10'), 'b': [decimal.Decimal(3)]}\n"
    "def unicode(event, context): return 'gr\\u00fc\\u00df'\n"
    "def marshal(event, context): return datetime.datetime(2026, 1, 1)\n"
    "def raises(event, context):\n"
    "    raise ValueError('what')\n"
    "def leaves(event, context): sys.exit(2)\n"
    "def dies(event, context): os._exit(7)\n";

static void python_results(void **state)
{
    static const struct {
        const char *handler, *payload, *result;
    } cases[] = {
        {"none", "{}", "null"},
        {"echo", "{\"a\":[1,2.50,\"x\"]}", "{\"a\": [1, 2.5, \"x\"]}"},
        {"number", "{}", "{\"a\": 1.10, \"b\": [3]}"},
        {"unicode", "{}", "\"gr\\u00fc\\u00df\""},
    };
    struct harness *h = *state;

    harness_write(h, "styles.py", python_styles);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char handler[64];

        snprintf(handler, sizeof handler, "styles.%s", cases[i].handler);
        put(h, "styles", "python3.11", handler);
        struct call *call = call_now(h, "styles", cases[i].payload);

        assert_false(call->failed);
        assert_string_equal(call->result, cases[i].result);
    }
}

static void python_errors(void **state)
{
    static const struct {
        const char *file, *text, *handler, *type, *message;
    } cases[] = {
        {"s.py", NULL, "styles.raises", "ValueError", "what"},
        {"s.py", NULL, "styles.marshal", "Runtime.MarshalError",
         "Unable to marshal response: Object of type datetime is not JSON serializable"},
        {"s.py", NULL, "styles.leaves", "Runtime.ExitError",
         "Runtime exited with error: exit status 2"},
        {"s.py", NULL, "styles.dies", "Runtime.ExitError",
         "Runtime exited with error: exit status 7"},
        {"a.py", "def handler(:\n", "a.handler", "Runtime.UserCodeSyntaxError",
         "Syntax error in module 'a': "},
        {"b.py", "import not_there\n", "b.handler", "Runtime.ImportModuleError",
         "Unable to import module 'b': No module named 'not_there'"},
        {"c.py", "x = 1\n", "c.handler", "Runtime.HandlerNotFound",
         "Handler 'handler' missing on module 'c'"},
        {"d.py", "", "nodot", "Runtime.MalformedHandlerName",
         "Bad handler 'nodot': not enough values to unpack (expected 2, got 1)"},
        {"e.py", "raise KeyError('top')\n", "e.handler", "KeyError", "'top'"},
        {"f.py", "", "sys.exit", "Runtime.BuiltInModuleConflict",
         "Cannot use built-in module sys as a handler module"},
    };
    struct harness *h = *state;

    harness_write(h, "styles.py", python_styles);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        if (cases[i].text != NULL)
            harness_write(h, cases[i].file, cases[i].text);
        put(h, "f", "python3.11", cases[i].handler);
        struct call *call = call_now(h, "f", "{}");
        const struct json *error = call_json(h, call);

        assert_true(call->failed);
        assert_string_equal(json_text_of(h, error, "errorType"), cases[i].type);
        if (!text_has(json_text_of(h, error, "errorMessage"), cases[i].message))
            fail_msg("%s: %s", cases[i].handler, call->result);
    }
}

static void python_error_payload(void **state)
{
    struct harness *h = *state;

    harness_write(h, "styles.py", python_styles);
    put(h, "f", "python3.11", "styles.raises");
    struct call *call = call_now(h, "f", "{}");
    const struct json *error = call_json(h, call);
    char expected[256];

    snprintf(expected, sizeof expected,
             "  File \"%s/styles.py\", line 8, in raises\n    raise ValueError('what')\n",
             h->folder);
    assert_int_equal(json_count(error), 4);
    assert_string_equal(json_text_of(h, error, "requestId"), call->invocation.request_id);
    assert_int_equal(json_count(json_get(error, "stackTrace")), 1);
    assert_string_equal(
        arena_copy_text(h->arena, json_string(json_at(json_get(error, "stackTrace"), 0))),
        expected);
    assert_true(
        text_has(call->tail, "[ERROR] ValueError: what\nTraceback (most recent call last):"));
}

/* What it loaded, how deep it may be, and what it looked for; not the standard library. */
static void python_tells_what_it_loaded(void **state)
{
    static const char *const expected[] = {
        "src/__init__.py", "src/app.py",       "src/part/__init__.py", "src/part/deep.py",
        "src/broken.py",   "not_there_at_all", "src/late.py",
    };
    struct harness *h = *state;

    h->functions->options.reload = true;
    harness_write(h, "src/__init__.py", "");
    harness_write(h, "src/app.py",
                  "import json\nfrom src import part\n"
                  "try:\n    import not_there_at_all\nexcept ImportError:\n    pass\n"
                  "try:\n    from src import broken\nexcept SyntaxError:\n    pass\n"
                  "def handler(event, context):\n"
                  "    from src import late\n    return part.deep.value\n");
    harness_write(h, "src/part/__init__.py", "from src.part import deep\n");
    harness_write(h, "src/part/deep.py", "value = 'deep'\n");
    harness_write(h, "src/broken.py", "def (\n");
    harness_write(h, "src/late.py", "");
    harness_write(h, "src/other.py", "");
    harness_next_tick();
    put(h, "t", "python3.12", "src/app.handler");
    assert_string_equal(call_now(h, "t", "{}")->result, "\"deep\"");
    for (size_t i = 0; i < ARRAY_COUNT(expected); i++)
        if (!harness_watches(h, "t", expected[i]))
            fail_msg("%s is not watched", expected[i]);
    assert_false(harness_watches(h, "t", "src/other.py"));
    assert_false(harness_watches(h, "t", "src/__pycache__"));
    assert_false(file_exists(
        arena_copy_text(h->arena, arena_printf(h->arena, "%s/src/__pycache__", h->folder))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(python_context),
        TEST(python_results),
        TEST(python_errors),
        TEST(python_error_payload),
        TEST(python_tells_what_it_loaded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
