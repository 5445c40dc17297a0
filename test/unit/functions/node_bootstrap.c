/* Tests of runtimes/node/bootstrap.mjs: what a Node.js handler gets, its styles, and how each way
 * to end ends. */
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

/* ---- Node.js: styles of handlers ---- */

static const char node_styles[] =
    "exports.async = async (event) => ({ got: event });\n"
    "exports.promise = (event) => Promise.resolve(event.n + 1);\n"
    "exports.callback = (event, context, callback) => setTimeout(() => callback(null, 'called'), "
    "5);\n"
    "exports.failing = (event, context, callback) => callback(new TypeError('called back'));\n"
    "exports.text = (event, context, callback) => callback('just text');\n"
    "exports.done = (event, context) => context.done(null, 'done');\n"
    "exports.succeed = (event, context) => context.succeed('succeeded');\n"
    "exports.fail = (event, context) => context.fail(new RangeError('failed'));\n"
    "exports.nothing = () => {};\n"
    "exports.empty = async () => {};\n"
    "exports.never = () => new Promise(() => {});\n"
    "exports.deep = { er: { handler: async () => 'deep' } };\n"
    "exports.early = (event, context, callback) => {\n"
    "  context.callbackWaitsForEmptyEventLoop = false;\n"
    "  setTimeout(() => {}, 60000);\n"
    "  callback(null, 'early');\n"
    "};\n"
    "let late = '';\n"
    "exports.waits = (event, context, callback) => {\n"
    "  setTimeout(() => { late.push('x') }, 20);\n"
    "  const answer = (late = []);\n"
    "  callback(null, answer);\n"
    "};\n"
    "exports.unicode = async () => 'gr\\u00fc\\u00df\\u{1F600}';\n";

static void node_handler_styles(void **state)
{
    static const struct {
        const char *handler, *payload, *result;
        bool failed;
    } cases[] = {
        {"async", "{\"a\":[1,2]}", "{\"got\":{\"a\":[1,2]}}", false},
        {"promise", "{\"n\":41}", "42", false},
        {"callback", "{}", "\"called\"", false},
        {"text", "{}", "{\"errorType\":\"string\",\"errorMessage\":\"just text\",\"trace\":[]}",
         true},
        {"done", "{}", "\"done\"", false},
        {"succeed", "{}", "\"succeeded\"", false},
        {"nothing", "{}", "null", false},
        {"empty", "{}", "null", false},
        {"never", "{}", "null", false},
        {"deep.er.handler", "{}", "\"deep\"", false},
        {"early", "{}", "\"early\"", false},
        {"waits", "{}", "[\"x\"]", false},
        {"unicode", "", "\"gr\xc3\xbc\xc3\x9f\xf0\x9f\x98\x80\"", false},
    };
    struct harness *h = *state;

    harness_write(h, "src/styles.js", node_styles);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char handler[64];

        snprintf(handler, sizeof handler, "src/styles.%s", cases[i].handler);
        put(h, "styles", "nodejs20.x", handler);
        struct call *call = call_now(h, "styles", cases[i].payload);

        assert_int_equal(call->status, OK);
        assert_string_equal(call->result, cases[i].result);
        assert_int_equal(call->failed, cases[i].failed);
    }
}

static void node_error_payload(void **state)
{
    struct harness *h = *state;

    harness_write(h, "e.js",
                  "class Odd extends Error { constructor (m) { super(m); this.name = 'Odd' } }\n"
                  "exports.handler = async () => { throw new Odd('what') }\n");
    put(h, "e", "nodejs20.x", "e.handler");
    struct call *call = call_now(h, "e", "{}");
    const struct json *error = call_json(h, call);

    assert_true(call->failed);
    assert_int_equal(json_count(error), 3);
    assert_string_equal(json_text_of(h, error, "errorType"), "Odd");
    assert_string_equal(json_text_of(h, error, "errorMessage"), "what");
    assert_true(json_count(json_get(error, "trace")) >= 2);
    assert_true(bytes_equal_text(json_string(json_at(json_get(error, "trace"), 0)), "Odd: what"));
    assert_true(text_has(call->tail, "Invoke Error"));
    /* the worker goes on */
    call_now(h, "e", "{}");
    struct functions_figures figures;

    functions_figures(h->functions, &figures);
    assert_int_equal(figures.workers, 1);
    assert_int_equal(figures.errors_total, 2);
}

/* ---- Node.js: what goes wrong before the handler runs ---- */

static void node_init_errors(void **state)
{
    static const struct {
        const char *file, *text, *handler, *type, *message;
    } cases[] = {
        {"a.js", "exports.handler = (", "a.handler", "Runtime.UserCodeSyntaxError",
         "SyntaxError: Unexpected end of input"},
        {"b.js", "require('not-there')", "b.handler", "Runtime.ImportModuleError",
         "Error: Cannot find module 'not-there'"},
        {"c.mjs", "import 'not-there'", "c.handler", "Runtime.ImportModuleError",
         "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'not-there'"},
        {"d.js", "", "missing.handler", "Runtime.ImportModuleError",
         "Error: Cannot find module './missing'"},
        {"e.js", "exports.other = 1", "e.handler", "Runtime.HandlerNotFound",
         "e.handler is undefined or not exported"},
        {"f.js", "exports.handler = 1", "f.handler", "Runtime.HandlerNotFound",
         "f.handler is not a function"},
        {"g.js", "", "nodot", "Runtime.MalformedHandlerName", "Bad handler"},
        {"h.js", "throw new TypeError('at the top')", "h.handler", "TypeError", "at the top"},
        {"i.js", "process.exit(3)", "i.handler", "Runtime.ExitError",
         " Error: Runtime exited with error: exit status 3"},
        {"j.js", "process.exit(0)", "j.handler", "Runtime.ExitError",
         " Error: Runtime exited without providing a reason"},
    };
    struct harness *h = *state;

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        harness_write(h, cases[i].file, cases[i].text);
        put(h, cases[i].file[0] == 'a' ? "first" : "next", "nodejs20.x", cases[i].handler);
        struct call *call = call_now(h, cases[i].file[0] == 'a' ? "first" : "next", "{}");
        const struct json *error = call_json(h, call);

        assert_int_equal(call->status, OK);
        assert_true(call->failed);
        assert_string_equal(json_text_of(h, error, "errorType"), cases[i].type);
        if (!text_has(json_text_of(h, error, "errorMessage"), cases[i].message))
            fail_msg("%s: %s", cases[i].file, call->result);
        assert_true(text_has(call->tail, "Status: error"));
    }
}

/* ---- Node.js: what goes wrong while it runs ---- */

static void node_ends_of_the_process(void **state)
{
    static const struct {
        const char *body, *type, *message;
    } cases[] = {
        {"process.exit(1)", "Runtime.ExitError",
         "RequestId: %s Error: Runtime exited with error: exit status 1"},
        {"process.exit(0)", "Runtime.ExitError",
         "RequestId: %s Error: Runtime exited without providing a reason"},
        {"process.kill(process.pid, 'SIGKILL'); await new Promise(() => setTimeout(() => {}, 9e4))",
         "Runtime.ExitError", "RequestId: %s Error: Runtime exited with error: signal: killed"},
        {"process.abort()", "Runtime.ExitError",
         "RequestId: %s Error: Runtime exited with error: signal: aborted"},
        {"Promise.reject(new Error('nobody')); await new Promise((r) => setTimeout(r, 1000))",
         "Runtime.UnhandledPromiseRejection", "Error: nobody"},
        {"setTimeout(() => { throw new RangeError('later') }); "
         "await new Promise((r) => setTimeout(r, 1000))",
         "RangeError", "later"},
    };
    struct harness *h = *state;

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char text[512], message[512];

        snprintf(text, sizeof text,
                 "exports.handler = async (event) => { if (event.fine) return 'fine'; %s }",
                 cases[i].body);
        harness_write(h, "x.js", text);
        put(h, "x", "nodejs20.x", "x.handler");
        struct call *call = call_now(h, "x", "{}");
        const struct json *error = call_json(h, call);

        snprintf(message, sizeof message, "%s", cases[i].message);
        if (bytes_start_with(bytes_of_text(cases[i].message), BYTES("RequestId: %s")))
            snprintf(message, sizeof message, "RequestId: %s%s", call->invocation.request_id,
                     cases[i].message + strlen("RequestId: %s"));
        assert_true(call->failed);
        assert_string_equal(json_text_of(h, error, "errorType"), cases[i].type);
        assert_string_equal(json_text_of(h, error, "errorMessage"), message);
        /* the next invocation gets a fresh worker */
        call = call_now(h, "x", "{\"fine\":true}");
        assert_string_equal(call->result, "\"fine\"");
    }
}

static void es_modules(void **state)
{
    struct harness *h = *state;

    harness_write(h, "m/package.json", "{\"type\":\"module\"}");
    harness_write(h, "m/x.js", "export const handler = async () => import.meta.url.slice(-6)\n");
    put(h, "m", "nodejs20.x", "m/x.handler");
    assert_string_equal(call_now(h, "m", "{}")->result, "\"m/x.js\"");
    harness_write(h, "y.mjs", "export default { handler: async () => 'default' }\n");
    put(h, "y", "nodejs20.x", "y.handler");
    assert_string_equal(call_now(h, "y", "{}")->result, "\"default\"");
    harness_write(h, "z.cjs", "exports.handler = async () => __filename.slice(-5)\n");
    put(h, "z", "nodejs20.x", "z.handler");
    assert_string_equal(call_now(h, "z", "{}")->result, "\"z.cjs\"");
}

/* ---- what a handler gets ---- */

static void node_context_and_environment(void **state)
{
    struct harness *h = *state;
    struct function_variable variables[] = {{BYTES("STAGE"), BYTES("local")},
                                            {BYTES("AWS_REGION"), BYTES("not this one")}};
    struct function_settings settings = harness_settings(h, "ctx", "nodejs20.x", "ctx.handler");

    setenv("DYNLOG_SECRET", "of dynlog's own", 1);
    harness_write(h, "ctx.js",
                  "exports.handler = async (event, context) => ({ ...context, "
                  "remaining: context.getRemainingTimeInMillis(), cwd: process.cwd(), "
                  "env: process.env })\n");
    settings.environment = variables;
    settings.environment_count = ARRAY_COUNT(variables);
    harness_put(h, &settings);
    struct call *call = ARENA_NEW(h->arena, struct call);

    call->invocation = (struct invocation){
        .function_name = BYTES("arn:aws:lambda:us-east-1:000000000000:function:ctx:$LATEST"),
        .client_context = BYTES("{\"custom\":{\"a\":1}}"),
        .trace_id = BYTES("Root=1-2-3"),
        .done = call_done,
        .context = h,
    };
    functions_invoke(h->functions, &call->invocation);
    HARNESS_UNTIL(h, call->done);
    const struct json *got = call_json(h, call);
    const struct json *env = json_get(got, "env");
    static const char *const context[][2] = {
        {"functionName", "ctx"},
        {"functionVersion", "$LATEST"},
        {"memoryLimitInMB", "128"},
        {"logGroupName", "/aws/lambda/ctx"},
        {"invokedFunctionArn", "arn:aws:lambda:us-east-1:000000000000:function:ctx:$LATEST"},
    };
    static const char *const environment[][2] = {
        {"_HANDLER", "ctx.handler"},
        {"_X_AMZN_TRACE_ID", "Root=1-2-3"},
        {"AWS_REGION", "us-east-1"},
        {"AWS_DEFAULT_REGION", "us-east-1"},
        {"AWS_LAMBDA_FUNCTION_NAME", "ctx"},
        {"AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"},
        {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"},
        {"AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/ctx"},
        {"AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"},
        {"AWS_EXECUTION_ENV", "AWS_Lambda_nodejs20.x"},
        {"AWS_ACCESS_KEY_ID", "dynlog"},
        {"AWS_SECRET_ACCESS_KEY", "dynlog"},
        {"AWS_ENDPOINT_URL", "http://127.0.0.1:8000"},
        {"IS_OFFLINE", "true"},
        {"LANG", "en_US.UTF-8"},
        {"TZ", ":UTC"},
        {"STAGE", "local"},
    };
    int64_t remaining = 0;

    for (size_t i = 0; i < ARRAY_COUNT(context); i++)
        assert_string_equal(json_text_of(h, got, context[i][0]), context[i][1]);
    for (size_t i = 0; i < ARRAY_COUNT(environment); i++)
        assert_string_equal(json_text_of(h, env, environment[i][0]), environment[i][1]);
    assert_string_equal(json_text_of(h, got, "awsRequestId"), call->invocation.request_id);
    assert_true(bytes_start_with(json_string(json_get(got, "logStreamName")),
                                 BYTES("2026/01/01/[$LATEST]")));
    assert_true(json_bool(json_get(got, "callbackWaitsForEmptyEventLoop")));
    assert_string_equal(json_text_of(h, got, "cwd"), h->folder);
    assert_string_equal(json_text_of(h, env, "LAMBDA_TASK_ROOT"), h->folder);
    assert_true(json_int64(json_get(got, "remaining"), &remaining));
    assert_true(remaining > 0 && remaining <= 3000);
    assert_int_equal(json_count(json_get(json_get(got, "clientContext"), "custom")), 1);
    assert_null(json_get(env, "DYNLOG_SECRET"));
    assert_non_null(json_get(env, "PATH"));
}

/* What it loaded, how deep it may be, and what it looked for; not what Node.js has itself. */
static void node_tells_what_it_loaded(void **state)
{
    static const char *const expected[] = {
        "src/app.js",   "src/part.js",    "src/data.json", "src/optional",
        "src/late.mjs", "src/deeper.mjs", "src/bad.js",    "node_modules",
    };
    struct harness *h = *state;

    h->functions->options.reload = true;
    harness_write(h, "src/app.js",
                  "require('./part'); require('fs')\n"
                  "try { require('./optional') } catch {}\n"
                  "try { require('package-that-is-not-there') } catch {}\n"
                  "try { require('./bad') } catch {}\n"
                  "exports.handler = async () => (await import('./late.mjs')).value\n");
    harness_write(h, "src/part.js", "module.exports = require('./data.json')\n");
    harness_write(h, "src/data.json", "{}");
    harness_write(h, "src/bad.js", "(");
    harness_write(h, "src/late.mjs", "export { value } from './deeper.mjs'\n");
    harness_write(h, "src/deeper.mjs", "export const value = 'deep'\n");
    harness_write(h, "src/other.js", "");
    harness_next_tick();
    put(h, "t", "nodejs20.x", "src/app.handler");
    assert_string_equal(call_now(h, "t", "{}")->result, "\"deep\"");
    for (size_t i = 0; i < ARRAY_COUNT(expected); i++)
        if (!harness_watches(h, "t", expected[i]))
            fail_msg("%s is not watched", expected[i]);
    assert_false(harness_watches(h, "t", "src/other.js"));
}

/* Node.js itself does not say where a syntax error of an ES module is. */
static void node_places_of_syntax_errors(void **state)
{
    static const struct {
        const char *file, *text, *place;
    } cases[] = {
        {"a.js", "exports.x = 1\nconst const\n", "/a.js:2"},
        {"b.mjs", "export const x = 1\n)(\n", "/b.mjs:2"},
        {"c.mjs", "import './deep.mjs'\n", "/deep.mjs:3"},
    };
    struct harness *h = *state;

    h->functions->options.reload = true;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char handler[32];

        harness_write(h, cases[i].file, cases[i].text);
        harness_write(h, "deep.mjs", "export const x = 1\n\nexport default {{\n");
        snprintf(handler, sizeof handler, "%c.handler", cases[i].file[0]);
        struct function_settings settings = harness_settings(h, "s", "nodejs20.x", handler);

        settings.timeout_s = 30;
        harness_next_tick();
        harness_put(h, &settings);
        struct call *call = call_now(h, "s", "{}");
        const struct json *error = call_json(h, call);
        struct bytes first = json_string(json_at(json_get(error, "trace"), 0));

        assert_string_equal(json_text_of(h, error, "errorType"), "Runtime.UserCodeSyntaxError");
        if (!bytes_end_with(first, bytes_of_text(cases[i].place)))
            fail_msg("%s is not at %s: %.*s", cases[i].file, cases[i].place, BYTES_ARG(first));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(node_handler_styles),
        TEST(node_error_payload),
        TEST(node_init_errors),
        TEST(node_ends_of_the_process),
        TEST(es_modules),
        TEST(node_context_and_environment),
        TEST(node_tells_what_it_loaded),
        TEST(node_places_of_syntax_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
