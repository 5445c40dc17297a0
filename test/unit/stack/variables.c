/* test/unit/stack/variables.c - ${...}: kinds, nesting, defaults, places of what is refused. */
#include "stack_test.h"

static const char custom[] = "custom:\n"
                             "  text: word\n"
                             "  number: 12\n"
                             "  yes: true\n"
                             "  empty: ''\n"
                             "  nothing:\n"
                             "  list: [a, b]\n"
                             "  map: {k: v, n: {m: 1}}\n"
                             "  local: {on: true, port: 31000}\n"
                             "  local2: two\n"
                             "  chain: ${self:custom.link}\n"
                             "  link: ${self:custom.map}\n"
                             "  stages: {local: {a: 1}}\n";

static void values(void **state)
{
    static const struct value_case cases[] = {
        /* a whole value keeps its kind */
        {"${self:custom.text}", custom, "{\"v\":\"word\"}"},
        {"${self:custom.number}", custom, "{\"v\":12}"},
        {"${self:custom.yes}", custom, "{\"v\":true}"},
        {"${self:custom.empty}", custom, "{\"v\":\"\"}"},
        {"${self:custom.nothing}", custom, "{\"v\":null}"},
        {"${self:custom.list}", custom, "{\"v\":[\"a\",\"b\"]}"},
        {"${self:custom.list.1}", custom, "{\"v\":\"b\"}"},
        {"${self:custom.map}", custom, "{\"v\":{\"k\":\"v\",\"n\":{\"m\":1}}}"},
        {"${self:custom.map.n.m}", custom, "{\"v\":1}"},
        {"\"${self:custom.number}\"", custom, "{\"v\":12}"},
        /* through other variables */
        {"${self:custom.chain}", custom, "{\"v\":{\"k\":\"v\",\"n\":{\"m\":1}}}"},
        {"${self:custom.chain.n.m}", custom, "{\"v\":1}"},
        /* inside text it becomes text */
        {"a-${self:custom.number}-${self:custom.yes}", custom, "{\"v\":\"a-12-true\"}"},
        {"${self:custom.number}${self:custom.number}", custom, "{\"v\":\"1212\"}"},
        {"'[${self:custom.nothing}]'", custom, "{\"v\":\"[]\"}"},
        {"\"${self:custom.number} \"", custom, "{\"v\":\"12 \"}"},
        /* nested addresses */
        {"${self:custom.${opt:stage}.port}", custom, "{\"v\":31000}"},
        {"${self:custom.stages.${opt:stage, 'dev'}.a}", custom, "{\"v\":1}"},
        {"${self:custom.${self:provider.stage}2}", custom, "{\"v\":\"two\"}"},
        {"${${self:custom.none, 'self'}:custom.text}", custom, "{\"v\":\"word\"}"},
        /* defaults */
        {"${self:custom.none, 'x'}", custom, "{\"v\":\"x\"}"},
        {"${self:custom.none, \"x, y\"}", custom, "{\"v\":\"x, y\"}"},
        {"${self:custom.none, 'it\\'s'}", custom, "{\"v\":\"it's\"}"},
        {"${self:custom.none, ''}", custom, "{\"v\":\"\"}"},
        {"${self:custom.none, 5}", custom, "{\"v\":5}"},
        {"${self:custom.none, 1.5}", custom, "{\"v\":1.5}"},
        {"${self:custom.none, false}", custom, "{\"v\":false}"},
        {"${self:custom.none, null}", custom, "{\"v\":null}"},
        {"${self:custom.nothing, 'x'}", custom, "{\"v\":\"x\"}"},
        {"${self:custom.none, self:custom.text}", custom, "{\"v\":\"word\"}"},
        {"${self:custom.none, ${self:custom.map}}", custom,
         "{\"v\":{\"k\":\"v\",\"n\":{\"m\":1}}}"},
        {"${self:custom.none, self:custom.none.x, 'z'}", custom, "{\"v\":\"z\"}"},
        {"${self:custom.none, ${opt:nothing, 'c'}}", custom, "{\"v\":\"c\"}"},
        {"${self:custom.none, 'a-${opt:stage}'}", custom, "{\"v\":\"a-local\"}"},
        {"${self:custom.none.${opt:stage}, false}", custom, "{\"v\":false}"},
        {"${ self:custom.text }", custom, "{\"v\":\"word\"}"},
        {"\"${self:custom.none,\\n 'x'}\"", custom, "{\"v\":\"x\"}"},
        /* quotes in quotes */
        {"'\"${opt:stage, \"local\"}\" == \"local\"'", NULL,
         "{\"v\":\"\\\"local\\\" == \\\"local\\\"\"}"},
        /* not ours */
        {"'${AWS::Region}'", NULL, "{\"v\":\"${AWS::Region}\"}"},
        {"'${Resource.Arn}/${AWS::Region}/${opt:stage}'", NULL,
         "{\"v\":\"${Resource.Arn}/${AWS::Region}/local\"}"},
        {"'a$b{c}${'", NULL, "{\"v\":\"a$b{c}${\"}"},
        {"'${!Literal}'", NULL, "{\"v\":\"${!Literal}\"}"},
    };

    (void)state;
    check_values(cases, ARRAY_COUNT(cases), NULL);
}

static void refused(void **state)
{
    static const struct {
        const char *value, *words;
    } cases[] = {
        {"${self:custom.none}",
         "${self:custom.none} has no value: expected that it is set, or a default"},
        {"${self:custom.list.2}", "${self:custom.list.2} has no value"},
        {"${opt:verbose}", "${opt:verbose} has no value"},
        {"${opt:verbose, self:custom.none}", "as in ${opt:verbose, 'text'}"},
        {"'${self:custom.text'", "expected a variable that ends with \"}\""},
        {"'${self:custom.text, \"x}'", "expected a variable that ends with \"}\""},
        {"${self:custom.none,}", "expected a source or a default, got nothing"},
        {"${self:custom.none, word}", "expected source:address"},
        {"${self:custom.none, 'x' y}", "expected nothing behind the closing quote"},
        {"${${self:custom.empty}:custom.text}", ":custom.text in ${...}: expected source:address"},
        {"${slef:custom.text}", "unknown source \"slef\""},
        {"${slef:custom.text}", "did you mean \"self\"?"},
        {"a ${self:custom.map}",
         "${self:custom.map} inside text: expected text, a number or a boolean, got a mapping"},
        {"${strToBool(maybe)}", "expected true, false, 1 or 0"},
        {"${file(none.yml):a}", "${file(none.yml):a} has no value"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        LOADED loaded = load_value(cases[i].value, custom, NULL);

        assert_refused(&loaded, 8, 16, cases[i].words);
    }
}

static void cycles(void **state)
{
    static const struct refused_case cases[] = {
        {"service: s\ncustom:\n  a: ${self:custom.a}\n", 3, 6, "leads back to itself"},
        {"service: s\ncustom:\n  a: x${self:custom.b}\n  b: ${self:custom.a}\n", 3, 6,
         "leads back to itself"},
        {"service: s\ncustom:\n  a: ${self:custom}\n", 3, 6, "leads back to itself"},
        {"service: s\ncustom:\n  a:\n    b: ${self:custom.a}\n", 4, 8, "leads back to itself"},
        {"service: s\ncustom:\n  a: ${self:custom.a.b}\n", 3, 6, "leads back to itself"},
        {"service: ${self:}\n", 1, 10, "leads back to itself"},
    };

    (void)state;
    check_refused(cases, ARRAY_COUNT(cases));
}

/* custom.k0 -> custom.k1 -> ... -> custom.kN: N variables that lead to each other. */
static struct loaded load_chain(size_t count)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(1024 * 1024);

    buffer_append_text(&text, "service: s\ncustom:\n");
    for (size_t i = 0; i < count; i++)
        buffer_printf(&text, "  k%zu: ${self:custom.k%zu}\n", i, i + 1);
    buffer_printf(&text, "  k%zu: end\n", count);
    buffer_append_byte(&text, '\0');
    return load((const char *)text.ptr);
}

static void depth_limit(void **state)
{
    LOADED deepest = load_chain(STACK_VARIABLE_DEPTH_MAX);
    LOADED too_deep = load_chain(STACK_VARIABLE_DEPTH_MAX + 1);

    (void)state;
    assert_loaded(&deepest);
    assert_int_equal(too_deep.status, REFUSED);
    assert_int_equal(too_deep.error.where.line, 2 + STACK_VARIABLE_DEPTH_MAX + 1);
    assert_true(bytes_find(too_deep.error.message, BYTES("expected at most 32 variables")) !=
                SIZE_MAX);
}

/* Each text is twice the one before: 2^40 bytes in forty lines. */
static void texts_that_double(void **state)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(1024 * 1024);

    (void)state;
    buffer_append_text(&text, "service: s\ncustom:\n  k0: xxxxxxxx\n");
    for (size_t i = 1; i <= 40; i++)
        buffer_printf(&text, "  k%zu: ${self:custom.k%zu}${self:custom.k%zu}\n", i, i - 1, i - 1);
    buffer_append_byte(&text, '\0');

    LOADED loaded = load((const char *)text.ptr);

    assert_int_equal(loaded.status, REFUSED);
    assert_true(bytes_find(loaded.error.message, BYTES("a text of at most 262144 bytes")) !=
                SIZE_MAX);
}

/* A long chain of mappings inside each other, built by variables. */
static void mappings_that_deepen(void **state)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(1024 * 1024);

    (void)state;
    buffer_append_text(&text, "service: s\ncustom:\n");
    for (size_t i = 0; i < 1000; i++)
        buffer_printf(&text, "  k%zu: {x: '${self:custom.k%zu}'}\n", i, i + 1);
    buffer_append_text(&text, "  k1000: end\n");
    buffer_append_byte(&text, '\0');

    LOADED loaded = load((const char *)text.ptr);

    assert_int_equal(loaded.status, REFUSED);
    assert_true(bytes_find(loaded.error.message, BYTES("expected at most 64 lists")) != SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(refused),
        cmocka_unit_test(cycles),
        cmocka_unit_test(depth_limit),
        cmocka_unit_test(texts_that_double),
        cmocka_unit_test(mappings_that_deepen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
