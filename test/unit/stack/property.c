/* test/unit/stack/property.c - properties as a request's members: each kind, what CloudFormation
 * would convert, what is wrong. */
#include "stack_test.h"

static const struct property inside[] = {
    {.name = "Inner", .kind = PROPERTY_TEXT, .required = true}};
static const struct property properties[] = {
    {.name = "Text", .kind = PROPERTY_TEXT},
    {.name = "Texts", .kind = PROPERTY_TEXTS},
    {.name = "Renamed", .call_name = "other", .kind = PROPERTY_TEXT},
    {.name = "Integer", .kind = PROPERTY_INTEGER, .smallest = 1, .largest = 10},
    {.name = "Boolean", .kind = PROPERTY_BOOLEAN},
    {.name = "Time", .kind = PROPERTY_TIME},
    {.name = "Value", .kind = PROPERTY_VALUE},
    {.name = "Pattern", .kind = PROPERTY_PATTERN},
    {.name = "Map", .kind = PROPERTY_MAP, .inside = inside, .inside_count = 1},
    {.name = "List", .kind = PROPERTY_LIST, .inside = inside, .inside_count = 1},
    {.name = "Things",
     .what = "a thing",
     .kind = PROPERTY_LIST,
     .inside = inside,
     .inside_count = 1},
    {.name = "On", .kind = PROPERTY_MAP, .stated = "Enabled", .inside = inside, .inside_count = 1},
    {.name = "Elsewhere", .kind = PROPERTY_ELSEWHERE},
    {.name = "Noted", .kind = PROPERTY_TEXT, .note = "it is not done"},
};

struct written {
    struct arena *arena;
    struct stack stack;
    struct stack_error error;
    enum status status;
    struct bytes json;
};

/* The mapping of one line of YAML. */
static void write_properties(struct written *written, const char *yaml)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(4096);
    struct json_writer writer = JSON_WRITER(&out);
    struct loader *loader = NULL;
    struct node *root = NULL;

    *written = (struct written){.arena = arena_new()};
    loader = ARENA_NEW(written->arena, struct loader);
    loader->arena = written->arena;
    loader->stack = &written->stack;
    loader->error = &written->error;
    assert_int_equal(yaml_parse(loader, "f", bytes_of_text(yaml), &root), OK);
    json_begin_object(&writer);
    written->status =
        property_write(loader, &writer, root, properties, ARRAY_COUNT(properties), "x");
    json_end_object(&writer);
    written->json = arena_copy(written->arena, buffer_bytes(&out));
}

static void kinds(void **state)
{
    static const struct {
        const char *yaml, *json;
    } cases[] = {
        {"{}", "{}"},
        {"{Text: a}", "{\"Text\":\"a\"}"},
        {"{Text: 5}", "{\"Text\":\"5\"}"},
        {"{Text: true}", "{\"Text\":\"true\"}"},
        {"{Text: null}", "{}"},
        {"{Texts: [a, 5]}", "{\"Texts\":[\"a\",\"5\"]}"},
        {"{Renamed: a}", "{\"other\":\"a\"}"},
        {"{Integer: 10}", "{\"Integer\":10}"},
        {"{Integer: '1'}", "{\"Integer\":1}"},
        {"{Boolean: 'false'}", "{\"Boolean\":false}"},
        {"{Time: '1970-01-01T00:00:01Z'}", "{\"Time\":1.000}"},
        {"{Value: {a: [1, null]}}", "{\"Value\":{\"a\":[1,null]}}"},
        {"{Pattern: {a: [b]}}", "{\"Pattern\":\"{\\\"a\\\":[\\\"b\\\"]}\"}"},
        {"{Pattern: '{\"a\":1}'}", "{\"Pattern\":\"{\\\"a\\\":1}\"}"},
        {"{Map: {Inner: a}}", "{\"Map\":{\"Inner\":\"a\"}}"},
        {"{List: [{Inner: a}, {Inner: b}]}", "{\"List\":[{\"Inner\":\"a\"},{\"Inner\":\"b\"}]}"},
        {"{On: {Inner: a}}", "{\"On\":{\"Inner\":\"a\",\"Enabled\":true}}"},
        {"{List: []}", "{\"List\":[]}"},
        {"{Elsewhere: a}", "{}"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct written written;

        write_properties(&written, cases[i].yaml);
        assert_int_equal(written.status, OK);
        assert_bytes(written.json, cases[i].json);
        assert_int_equal(written.stack.note_count, 0);
        arena_free(written.arena);
    }
}

static void notes(void **state)
{
    struct written written;

    (void)state;
    write_properties(&written, "{Noted: a, Txet: b, Map: {Inner: a, Other: b}}");
    assert_int_equal(written.status, OK);
    assert_bytes(written.json, "{\"Map\":{\"Inner\":\"a\"}}");
    assert_int_equal(written.stack.note_count, 3);
    assert_bytes(written.stack.notes[0].text, "not acted on: Noted of x: it is not done");
    assert_bytes(written.stack.notes[1].text,
                 "not acted on: unknown key \"Txet\" of x; did you mean \"Text\"?");
    assert_bytes(written.stack.notes[2].text, "not acted on: unknown key \"Other\" of Map");
    arena_free(written.arena);
}

static void refused(void **state)
{
    static const struct {
        const char *yaml;
        size_t column;
        const char *message;
    } cases[] = {
        {"{Text: [a]}", 8, "Text: expected text, got a list"},
        {"{Texts: a}", 9, "Texts: expected a list, got \"a\""},
        {"{Texts: [{}]}", 10, "Texts: expected text, got a mapping"},
        {"{Integer: 11}", 11, "Integer: expected a whole number from 1 to 10, got 11"},
        {"{Integer: 0}", 11, "Integer: expected a whole number from 1 to 10, got 0"},
        {"{Boolean: 1}", 11, "Boolean: expected true or false, got 1"},
        {"{Time: now}", 8, "Time: expected a time as 2026-01-31T23:59:59Z, got \"now\""},
        {"{Pattern: a}", 11, "Pattern: expected a mapping or JSON, got \"a\""},
        {"{Map: a}", 7, "Map: expected a mapping, got \"a\""},
        {"{Map: {}}", 7, "Map: expected Inner in it"},
        {"{List: {}}", 8, "List: expected a list, got a mapping"},
        {"{Things: a}", 10, "Things: expected a list, got \"a\""},
        {"{Things: [a]}", 11, "a thing: expected a mapping, got \"a\""},
        {"{Things: [{}]}", 11, "a thing: expected Inner in it"},
        {"{List: [a]}", 9, "List: expected a mapping, got \"a\""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct written written;

        write_properties(&written, cases[i].yaml);
        assert_int_equal(written.status, REFUSED);
        assert_bytes(written.error.message, cases[i].message);
        assert_int_equal(written.error.where.column, cases[i].column);
        arena_free(written.arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds),
        cmocka_unit_test(notes),
        cmocka_unit_test(refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
