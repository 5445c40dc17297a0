/* bus/input_template.c: templates as text. The first cases are those of AWS's user guide,
 * "Amazon EventBridge input transformation", over its event. */
#include "bus/bus_test.h"

#include "base/file.h"
#include "bus/input.h"
#include "bus/source_root.h"

#define RULE_ARN "arn:aws:events:us-east-2:123456789012:rule/example"
#define WITHOUT_DETAIL(type)                                                                       \
    "\"version\":\"0\",\"id\":\"7bf73129-1428-4cd3-a780-95db273d1602\"," type                      \
    ":\"EC2 Instance State-change Notification\",\"source\":\"aws.ec2\","                          \
    "\"account\":\"123456789012\",\"time\":\"2015-11-11T21:29:54Z\",\"region\":\"us-east-1\","     \
    "\"resources\":[\"arn:aws:ec2:us-east-1:123456789012:instance/i-abcd1111\"]"
#define EVENT                                                                                      \
    "{" WITHOUT_DETAIL("\"detail-type\"") ",\"detail\":{\"instance-id\":\"i-0123456789\","         \
                                          "\"state\":\"RUNNING\",\"n\":1.50,\"yes\":true,"         \
                                          "\"none\":null,\"list\":[\"a\",2],"                      \
                                          "\"object\":{\"q\":\"a\\\"b\\n\"},"                      \
                                          "\"quoted\":\"a \\\"b\\\"\",\"empty\":\"\"}}"

static const struct {
    const char *name, *path;
} paths[] = {
    {"timestamp", "$.time"},
    {"instance", "$.detail.instance-id"},
    {"state", "$.detail.state"},
    {"n", "$.detail.n"},
    {"yes", "$.detail.yes"},
    {"none", "$.detail.none"},
    {"list", "$.detail.list"},
    {"object", "$.detail.object"},
    {"quoted", "$.detail.quoted"},
    {"empty", "$.detail.empty"},
    {"nowhere", "$.detail.nowhere.at"},
    {"all", "$"},
    {"star", "$.detail.list[*]"},
};

/* expected NULL: what the template gives is no JSON. */
static const struct {
    const char *text, *expected;
} cases[] = {
    /* a simple string */
    {"\"instance <instance> is in <state>\"", "\"instance i-0123456789 is in RUNNING\""},
    /* a string with escaped quotes */
    {"\"instance \\\"<instance>\\\" is in <state>\"",
     "\"instance \\\"i-0123456789\\\" is in RUNNING\""},
    /* simple JSON */
    {"{\n  \"instance\" : <instance>,\n  \"state\": <state>\n}",
     "{\"instance\":\"i-0123456789\",\"state\":\"RUNNING\"}"},
    /* JSON with strings and variables */
    {"{\"instance\" : <instance>, \"state\": \"<state>\",\n"
     " \"instanceStatus\": \"instance \\\"<instance>\\\" is in <state>\"}",
     "{\"instance\":\"i-0123456789\",\"state\":\"RUNNING\","
     "\"instanceStatus\":\"instance \\\"i-0123456789\\\" is in RUNNING\"}"},
    /* JSON with a mix of variables and static information */
    {"{\"instance\" : <instance>, \"state\": [ 9, <state>, true ], \"Transformed\" : \"Yes\"}",
     "{\"instance\":\"i-0123456789\",\"state\":[9,\"RUNNING\",true],\"Transformed\":\"Yes\"}"},
    /* reserved variables in JSON */
    {"{\"instance\" : <instance>, \"state\": <state>, \"ruleArn\" : <aws.events.rule-arn>,\n"
     " \"ruleName\" : <aws.events.rule-name>, \"originalEvent\" : <aws.events.event.json>}",
     "{\"instance\":\"i-0123456789\",\"state\":\"RUNNING\",\"ruleArn\":\"" RULE_ARN
     "\",\"ruleName\":\"example\",\"originalEvent\":" EVENT "}"},
    /* reserved variables in a string */
    {"\"<aws.events.rule-name> triggered\"", "\"example triggered\""},
    /* for a log group */
    {"{\"timestamp\" : <timestamp>, \"message\": \"instance \\\"<instance>\\\" is in <state>\"}",
     "{\"timestamp\":\"2015-11-11T21:29:54Z\",\"message\":\"instance \\\"i-0123456789\\\" is in "
     "RUNNING\"}"},
    /* ---- the guide's rules ---- */
    {"{\"e\":<aws.events.event>}", "{\"e\":{" WITHOUT_DETAIL("\"detailType\"") "}}"},
    {"{\"at\":<aws.events.event.ingestion-time>}", "{\"at\":\"2026-01-31T23:59:59.123Z\"}"},
    {"\"<aws.events.rule-arn> at <aws.events.event.ingestion-time>\"",
     "\"" RULE_ARN " at 2026-01-31T23:59:59.123Z\""},
    /* values outside of quotes */
    {"{\"n\":<n>,\"yes\":<yes>,\"none\":<none>,\"list\":<list>,\"object\":<object>}",
     "{\"n\":1.50,\"yes\":true,\"none\":null,\"list\":[\"a\",2],"
     "\"object\":{\"q\":\"a\\\"b\\n\"}}"},
    {"<object>", "{\"q\":\"a\\\"b\\n\"}"},
    {" <instance> ", "\"i-0123456789\""},
    {"<all>", EVENT},
    {"[<star>,<quoted>]", "[[\"a\",2],\"a \\\"b\\\"\"]"},
    /* within: no quotes in what comes from objects and arrays */
    {"\"<n> <yes> <none>\"", "\"1.50 true null\""},
    {"\"is <list>\"", "\"is [a,2]\""},
    {"{\"is\":\"<object>\"}", "{\"is\":\"{q:ab\\n}\"}"},
    /* paths that point at nothing */
    {"{\"a\":<nowhere>,\"b\":\"[<nowhere>]\",\"c\":<empty>}",
     "{\"a\":\"\",\"b\":\"[]\",\"c\":\"\"}"},
    {"\"<nowhere>\"", "\"\""},
    /* values are not escaped within quotes */
    {"\"said <quoted>\"", NULL},
    {"{\"said\":\"<quoted>\"}", NULL},
    {"{\"e\":\"<aws.events.event.json>\"}", NULL},
    /* names in names of members, the same name again, no name at all */
    {"{\"x-<instance>\":\"<state><state>\"}", "{\"x-i-0123456789\":\"RUNNINGRUNNING\"}"},
    {"{\"constant\" : [1, 2.0]}", "{\"constant\":[1,2.0]}"},
    /* < and > that are no name */
    {"\"a < b\"", "\"a < b\""},
    {"\"a > b <n>\"", "\"a > b 1.50\""},
    {"\"<n> < 3\"", "\"1.50 < 3\""},
    {"{\"{[/\":\"{[/<n>\"}", "{\"{[/\":\"{[/1.50\"}"},
    {"\"\\\\<n>\\\\\"", "\"\\\\1.50\\\\\""},
    /* several strings, one a line */
    {"\"one <n>\"\n\"two \\\"<instance>\\\"\"", "\"one 1.50\"\n\"two \\\"i-0123456789\\\"\""},
    {" \"one\" \r\n\"<state>\"\n", "\"one\"\n\"RUNNING\""},
    {"\"one\"\n\"<list>\"", "\"one\"\n\"[a,2]\""},
    {"\"one\"\n\"a<quoted>\"", NULL},
};

static struct bus_target target_of(struct arena *arena, const char *text)
{
    struct bus_input_path *all = ARENA_NEW_ARRAY(arena, ARRAY_COUNT(paths), struct bus_input_path);

    for (size_t i = 0; i < ARRAY_COUNT(paths); i++)
        all[i] =
            (struct bus_input_path){bytes_of_text(paths[i].name), bytes_of_text(paths[i].path)};
    return (struct bus_target){
        .id = BYTES("t"),
        .input_template = bytes_of_text(text),
        .input_paths = all,
        .input_path_count = ARRAY_COUNT(paths),
    };
}

static struct input_event make_event(struct arena *arena)
{
    struct input_event event = {
        .text = BYTES(EVENT),
        .rule_arn = BYTES(RULE_ARN),
        .rule_name = BYTES("example"),
        .ingested_ms = TEST_NOW_MS,
    };

    assert_int_equal(json_parse(arena, event.text, &event.json, NULL), OK);
    return event;
}

static void test_cases(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct input_event event = make_event(arena);

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct bus_target target = target_of(arena, cases[i].text);
        struct api_error error = {0};
        struct bytes made = {NULL, 0};

        if (input_template_check(arena, &target, &error) != OK)
            fail_msg("%s: %s", cases[i].text, error.message);
        bool right = input_template_fill(&target, &event, arena, &made);

        if (right != (cases[i].expected != NULL) ||
            (right && !bytes_equal_text(made, cases[i].expected)))
            fail_msg("%s gives %.*s", cases[i].text, BYTES_ARG(made));
    }
}

static const struct {
    const char *text, *message;
} refused[] = {
    {"\"<unknown>\"", "InputTemplate for target t contains invalid placeholder unknown."},
    {"\"a < b, c > d\"", "InputTemplate for target t contains invalid placeholder  b, c ."},
    {"{\"a\":<>}", "InputTemplate for target t contains invalid placeholder ."},
    {"[<aws.events.event.json>]", "InputTemplate for target t contains placeholder "
                                  "aws.events.event.json valid only for JSON template."},
    {"\"<aws.events.event>\"", "InputTemplate for target t contains placeholder "
                               "aws.events.event valid only for JSON template."},
    {"instance <instance>", "Invalid InputTemplate for target t : [Source: (String)\"instance "
                            "null\"; line: 1, column: 1]."},
    {"{\"a\":1,\n <instance>:2}", "Invalid InputTemplate for target t : [Source: "
                                  "(String)\"{\"a\":1,\n null:2}\"; line: 2, column: 2]."},
    {"\"one <n>\"\nnull", "Invalid InputTemplate for target t : [Source: (String)\"\"one null\"\n"
                          "null\"; line: 2, column: 1]."},
    {"\"one <n>\"\n\n\"two\"",
     "Invalid InputTemplate for target t : [Source: (String)\"\"one null\""
     "\n\n\"two\"\"; line: 3, column: 1]."},
};

static void test_what_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct bus_target target = target_of(arena, refused[i].text);
        struct api_error error = {0};

        assert_int_equal(input_template_check(arena, &target, &error), REFUSED);
        assert_string_equal(error.message, refused[i].message);
    }
}

/* ---- the examples of docs/input-transformers.md ---- */

struct page {
    struct bytes text;
    size_t at;
    struct arena *arena;
    struct input_event event;
    struct bus_target target;
    size_t results;
};

/* The next block; false at the end of the page. The text may be empty. */
static bool next_block(struct page *page, struct bytes *ret_kind, struct bytes *ret_text)
{
    struct bytes rest = bytes_slice(page->text, page->at, page->text.size);
    size_t open = bytes_find(rest, BYTES("\n```json "));

    if (open == SIZE_MAX)
        return false;
    size_t line_end = bytes_find_byte(rest, '\n', open + 1);
    size_t close = bytes_find(bytes_slice(rest, line_end, rest.size), BYTES("\n```"));

    assert_true(close != SIZE_MAX);
    *ret_kind = bytes_slice(rest, open + 9, line_end - open - 9);
    *ret_text = bytes_slice(rest, line_end + 1, close > 0 ? close - 1 : 0);
    page->at += line_end + close;
    return true;
}

static void take_event(struct page *page, struct bytes text)
{
    AUTO(buffer_free) struct buffer compact = BUFFER_INIT(1 << 20);

    page->event = (struct input_event){.rule_arn = BYTES(RULE_ARN), .rule_name = BYTES("example")};
    assert_int_equal(json_parse(page->arena, text, &page->event.json, NULL), OK);
    json_print(&compact, page->event.json);
    page->event.text = arena_copy(page->arena, buffer_bytes(&compact));
}

static void take_paths(struct page *page, struct bytes text)
{
    const struct json *map = NULL;

    assert_int_equal(json_parse(page->arena, text, &map, NULL), OK);
    struct bus_input_path *all =
        ARENA_NEW_ARRAY(page->arena, json_count(map), struct bus_input_path);

    for (struct json_iter it = json_iter(map); json_next(&it);)
        all[it.index] = (struct bus_input_path){it.name, json_string(it.value)};
    page->target.input_paths = all;
    page->target.input_path_count = json_count(map);
}

static void expect_result(struct page *page, bool any, struct bytes expected)
{
    struct api_error error = {0};
    struct bytes made = {NULL, 0};

    if (input_check(page->arena, &page->target, &error) != OK)
        fail_msg("%s", error.message);
    bool right = input_make(&page->target, &page->event, page->arena, &made);

    if (right != any || (any && !bytes_equal(made, expected)))
        fail_msg("%.*s gives %.*s", BYTES_ARG(page->target.input_template), BYTES_ARG(made));
    page->results++;
}

static void test_examples_of_the_page(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct page page = {.arena = arena};
    struct bytes kind, text;

    (void)state;
    assert_int_equal(
        file_read(arena, SOURCE_ROOT "/docs/input-transformers.md", 1 << 20, &page.text), OK);
    while (next_block(&page, &kind, &text)) {
        if (bytes_equal_text(kind, "event"))
            take_event(&page, text);
        else if (bytes_equal_text(kind, "paths"))
            take_paths(&page, text);
        else if (bytes_equal_text(kind, "template"))
            page.target.input_template = text;
        else if (bytes_equal_text(kind, "result") || bytes_equal_text(kind, "no result"))
            expect_result(&page, bytes_equal_text(kind, "result"), text);
        else
            fail_msg("an unknown kind of block: %.*s", BYTES_ARG(kind));
    }
    assert_true(page.results >= 5);
}

/* However often a template names a large part of the event, what comes of it has an end. */
static void test_more_than_an_event_can_be(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bus_input_path path = {BYTES("x"), BYTES("$.x")};
    struct bus_target target = {.input_paths = &path, .input_path_count = 1};
    char *large = arena_alloc(arena, BUS_ENTRY_SIZE_MAX + 16), *text = arena_alloc(arena, 8192);
    struct input_event event = {.json = NULL};
    struct bytes made;

    (void)state;
    memset(large, 'y', BUS_ENTRY_SIZE_MAX);
    memcpy(large, "{\"x\":\"", 6);
    memcpy(large + BUS_ENTRY_SIZE_MAX, "\"}", 3);
    event.text = bytes_of_text(large);
    assert_int_equal(json_parse(arena, event.text, &event.json, NULL), OK);
    text[0] = '"';
    for (size_t i = 1; i + 4 < 8191; i += 3)
        memcpy(text + i, "<x>\"", 5);
    target.input_template = bytes_of_text(text);
    assert_false(input_template_fill(&target, &event, arena, &made));
    target.input_template = BYTES("[<x>,<x>,<x>]");
    assert_true(input_template_fill(&target, &event, arena, &made));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_examples_of_the_page),
        cmocka_unit_test(test_more_than_an_event_can_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
