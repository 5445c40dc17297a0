/* Tests of library/lineage.c: cursors, and which shard may be read when. */
#include "library/lineage.h"

#include "library_test.h"

static void test_cursors(void **state)
{
    static const struct {
        const char *text;
        bool good;
    } cases[] = {
        {"L/a=1", true},
        {"L/a=1/b!/c*/d@1785000000", true},
        {"2026-01-31T23:59:59.999/shardId-00000001785000000000-0a1b2c3d=000000000000000000042",
         true},
        {"", false},
        {"L", false},
        {"/a=1", false},
        {"L/", false},
        {"L/a", false},
        {"L/a=", false},
        {"L/a=1/", false},
        {"L/=1", false},
        {"L/a!1", false},
        {"L/a*1", false},
        {"L/a@", false},
        {"L/a@x", false},
        {"L/a=1/a=2", false},
        {"L/a=x\"y", false},
        {"42", false}, /* a position: of a dynlog */
    };
    AUTO(arena_release) struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct lineage lineage;

        print_message("  %s\n", cases[i].text);
        assert_int_equal(lineage_parse(&lineage, bytes_of_text(cases[i].text)), cases[i].good);
        if (cases[i].good)
            assert_true(bytes_equal_text(lineage_print(arena, &lineage), cases[i].text));
        lineage_free(&lineage);
    }
    assert_false(lineage_parse(&(struct lineage){0}, bytes_of("L/a\0=1", 6)));
}

static void test_parents_come_first(void **state)
{
    struct lineage lineage = {0};
    struct shard_state *parent = lineage_add(&lineage, BYTES("a"));
    struct shard_state *child = lineage_add(&lineage, BYTES("b"));
    struct shard_state *orphan = lineage_add(&lineage, BYTES("c"));

    (void)state;
    lineage_set_text(&child->parent, BYTES("a"));
    lineage_set_text(&orphan->parent, BYTES("gone"));
    assert_true(lineage_is_readable(&lineage, parent));
    assert_false(lineage_is_readable(&lineage, child));
    assert_true(lineage_is_readable(&lineage, orphan));
    parent->done = true;
    assert_false(lineage_is_readable(&lineage, parent));
    assert_true(lineage_is_readable(&lineage, child));

    /* what is done is remembered while it is named */
    parent->named = true;
    lineage_forget_gone(&lineage);
    assert_ptr_equal(lineage_find(&lineage, BYTES("a")), parent);
    parent->named = false;
    lineage_forget_gone(&lineage);
    assert_null(lineage_find(&lineage, BYTES("a")));
    assert_int_equal(lineage.count, 2);
    assert_true(lineage_is_readable(&lineage, child));
    lineage_free(&lineage);
}

static void test_limit(void **state)
{
    AUTO(buffer_free) struct buffer cursor = BUFFER_INIT(LINEAGE_CURSOR_SIZE_MAX);
    struct lineage lineage;

    (void)state;
    buffer_append_text(&cursor, "L");
    for (int i = 0; i < LINEAGE_SHARDS_MAX; i++)
        buffer_printf(&cursor, "/%d*", i);
    assert_true(lineage_parse(&lineage, buffer_bytes(&cursor)));
    lineage_free(&lineage);
    buffer_append_text(&cursor, "/x*");
    assert_false(lineage_parse(&lineage, buffer_bytes(&cursor)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cursors),
        cmocka_unit_test(test_parents_come_first),
        cmocka_unit_test(test_limit),
    };

    alarm(60);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
