/* test/unit/stack/yaml.c - places, anchors, merge keys, tags, and what is refused. */
#include "stack_test.h"

static void values(void **state)
{
    static const struct value_case cases[] = {
        {"[a, 1, true, null]", NULL, "{\"v\":[\"a\",1,true,null]}"},
        {"{\"a\": {\"b\": []}}", NULL, "{\"v\":{\"a\":{\"b\":[]}}}"},
        {"'1'", NULL, "{\"v\":\"1\"}"},
        {"\"a\\u00e9\\n\"", NULL, "{\"v\":\"a\xc3\xa9\\n\"}"},
        {"!!str 1", NULL, "{\"v\":\"1\"}"},
        {"!!int '1'", NULL, "{\"v\":1}"},
        {"! 1", NULL, "{\"v\":\"1\"}"},
        {"|\n              two\n              lines", NULL, "{\"v\":\"two\\nlines\\n\"}"},
        {">-\n              one\n              line", NULL, "{\"v\":\"one line\"}"},
        {"[&x {a: 1}, *x]", NULL, "{\"v\":[{\"a\":1},{\"a\":1}]}"},
        {"{<<: {a: 1, b: 2}, b: 3}", NULL, "{\"v\":{\"a\":1,\"b\":3}}"},
        {"{b: 3, <<: {a: 1, b: 2}}", NULL, "{\"v\":{\"b\":3,\"a\":1}}"},
        {"{<<: [{a: 1}, {a: 2, b: 2}]}", NULL, "{\"v\":{\"a\":1,\"b\":2}}"},
        {"{'<<': 1}", NULL, "{\"v\":{\"<<\":1}}"},
        {"{1: a, true: b}", NULL, "{\"v\":{\"1\":\"a\",\"true\":\"b\"}}"},
        {"\n              -\n                k: 1", NULL, "{\"v\":[{\"k\":1}]}"},
    };

    (void)state;
    check_values(cases, ARRAY_COUNT(cases), NULL);
}

static void refused(void **state)
{
    static const struct refused_case cases[] = {
        {"", 1, 1, "the file is empty"},
        {"# nothing\n", 1, 1, "the file is empty"},
        {"- a\n", 1, 1, "expected a mapping with service, or with Resources, got a list"},
        {"service: s\n---\nservice: t\n", 2, 1, "a second document starts here"},
        {"service: s\nservice: t\n", 2, 1,
         "\"service\" stands twice in this mapping: first in line 1"},
        {"service: s\ncustom:\n  a: [1, 2\n", 4, 1, "bad YAML: did not find expected ',' or ']'"},
        {"service: s\n\tcustom: 1\n", 2, 1,
         "bad YAML: found a tab character that violates indentation"},
        {"service: 'a\n", 2, 1, "bad YAML: found unexpected end of stream"},
        {"service: s\ncustom: *x\n", 2, 9, "*x: expected an anchor &x before it"},
        {"service: s\ncustom: &x [*x]\n", 2, 13, "*x: expected an anchor &x before it"},
        {"service: s\ncustom: !Reff x\n", 2, 9, "unknown tag !Reff"},
        {"service: s\ncustom:\n  ? [a]\n  : b\n", 3, 5, "expected text as the name"},
        {"service: s\ncustom:\n  <<: 1\n", 3, 3, "<<: expected a mapping to merge, got 1"},
        {"service: s\ncustom:\n  <<: [1]\n", 3, 3, "<<: expected mappings in the list"},
        {"service: s\ncustom: \xff\n", 2, 9, "expected UTF-8 text"},
    };

    (void)state;
    check_refused(cases, ARRAY_COUNT(cases));
}

/* A list in a list in ...: `depth` levels below the file's mapping and custom's value. */
static struct loaded load_nested(size_t depth)
{
    char text[1024] = "service: s\ncustom: ";
    size_t size = strlen(text);

    for (size_t i = 0; i < depth; i++)
        text[size++] = '[';
    for (size_t i = 0; i < depth; i++)
        text[size++] = ']';
    text[size] = '\0';
    return load(text);
}

static void depth_limit(void **state)
{
    LOADED deepest = load_nested(NODE_DEPTH_MAX);
    LOADED too_deep = load_nested(NODE_DEPTH_MAX + 1);

    (void)state;
    assert_refused(&deepest, 2, 9, "custom: expected a mapping, got a list");
    assert_refused(&too_deep, 2, 9 + NODE_DEPTH_MAX, "expected at most 64 lists and mappings");
}

static struct loaded load_members(size_t count)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(1024 * 1024);

    buffer_append_text(&text, "service: s\ncustom:\n");
    for (size_t i = 0; i < count; i++)
        buffer_printf(&text, " k%zu: 1\n", i);
    buffer_append_byte(&text, '\0');
    return load((const char *)text.ptr);
}

static void member_limit(void **state)
{
    LOADED most = load_members(NODE_MEMBERS_MAX);
    LOADED too_many = load_members(NODE_MEMBERS_MAX + 1);

    (void)state;
    assert_loaded(&most);
    assert_refused(&too_many, 2 + NODE_MEMBERS_MAX + 1, 2, "expected at most 4096 names");
}

/* Aliases of aliases: 10^9 values in ten lines. */
static void unfolding_without_end(void **state)
{
    static const char text[] = "service: s\n"
                               "custom:\n"
                               "  a: &a [x,x,x,x,x,x,x,x,x,x]\n"
                               "  b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
                               "  c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
                               "  d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
                               "  e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n"
                               "  f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n"
                               "  g: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f,*f]\n"
                               "functions:\n"
                               "  f:\n"
                               "    handler: h.h\n"
                               "    environment: {A: *g}\n";
    LOADED loaded = load(text);

    (void)state;
    assert_int_equal(loaded.status, REFUSED);
    assert_true(bytes_find(loaded.error.message, BYTES("unfolds to more than")) != SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(refused),
        cmocka_unit_test(depth_limit),
        cmocka_unit_test(member_limit),
        cmocka_unit_test(unfolding_without_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
