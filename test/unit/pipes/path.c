#include "pipes/path.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define EVENT                                                                                      \
    "{\"id\":\"a\",\"n\":1.50,\"list\":[1,{\"x\":null},\"s\"],\"map\":{\"b\":{\"c\":1},\"d\":2},"  \
    "\"body\":\"{\\\"k\\\":[1,2],\\\"t\\\":\\\"v\\\"}\"}"

static void test_valid(void **state)
{
    static const char *const valid[] = {"$",        "$.a", "$.a-b_c/d", "$.a[0]",
                                        "$.a[*].b", "$.*", "$[1]"};
    static const char *const invalid[] = {"", "a", "$a", "$.", "$.a[", "$.a[x]", "$..a", "$.a[-1]"};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(valid); i++)
        assert_true(pipe_path_is_valid(bytes_of_text(valid[i])));
    for (size_t i = 0; i < ARRAY_COUNT(invalid); i++)
        assert_false(pipe_path_is_valid(bytes_of_text(invalid[i])));
}

static void test_follow(void **state)
{
    static const struct {
        const char *path, *of_queue, *other; /* NULL: nothing */
    } rows[] = {
        {"$.id", "a", "a"},
        {"$.n", "1.50", "1.50"},
        {"$.list[2]", "s", "s"},
        {"$.list[3]", NULL, NULL},
        {"$.none.x", NULL, NULL},
        {"$.list[*]", "[1,{\"x\":null},\"s\"]", "[1,{\"x\":null},\"s\"]"},
        {"$.map.*", "[{\"c\":1},2]", "[{\"c\":1},2]"},
        {"$.none[*]", "[]", "[]"},
        {"$.body", "{\"k\":[1,2],\"t\":\"v\"}", "{\"k\":[1,2],\"t\":\"v\"}"},
        {"$.body.t", "v", NULL},
        {"$.body.k[1]", "2", NULL},
        {"$.id.x", NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < 2 * ARRAY_COUNT(rows); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        bool of_queue = i % 2 == 0;
        struct pipe_event event = pipe_event_of(arena, BYTES(EVENT), of_queue);
        const char *expected = of_queue ? rows[i / 2].of_queue : rows[i / 2].other;
        struct pipe_value value;
        bool found = pipe_path_follow(bytes_of_text(rows[i / 2].path), &event, arena, &value);

        assert_int_equal(found, expected != NULL);
        if (found)
            assert_true(bytes_equal_text(value.text, expected));
    }
}

static void test_events(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(1024);
    struct pipe_event plain = pipe_event_of(arena, BYTES("{\"body\":\"no json\"}"), true);
    struct pipe_event json = pipe_event_of(arena, BYTES("{\"body\":\"[1]\",\"a\":2}"), true);
    struct pipe_event text = pipe_event_of(arena, BYTES("not {json"), true);

    (void)state;
    assert_null(plain.body);
    assert_null(text.json);
    pipe_event_print(&out, &json);
    assert_true(bytes_equal_text(buffer_bytes(&out), "{\"body\":[1],\"a\":2}"));
    buffer_clear(&out);
    pipe_event_print(&out, &plain);
    assert_true(bytes_equal_text(buffer_bytes(&out), "{\"body\":\"no json\"}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_follow),
        cmocka_unit_test(test_events),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
