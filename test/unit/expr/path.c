/* Paths in an item, and the tree of several paths: order, clashes, what every entry must be. */
#include "case.h"

#include "expr/path.h"

#define PATHS_MAX 8

/* Reads "a.b[2]". */
static struct path read_path(struct arena *arena, const char *text)
{
    struct path_step *steps = ARENA_NEW_ARRAY(arena, 16, struct path_step);
    size_t count = 0;

    while (*text != '\0') {
        size_t size = strcspn(text, ".[]");
        uint64_t index = 0;

        if (size > 0) {
            struct path_step *step = &steps[count++];

            step->name = step->text = bytes_of(text, size);
            step->is_index = bytes_to_uint64(step->text, &index);
            step->index = (uint32_t)index;
        }
        text += size;
        text += *text != '\0';
    }
    return (struct path){steps, count};
}

static void test_find(void **state)
{
    static const struct {
        const char *path, *found;
    } rows[] = {
        {"a", "{'N':'1'}"}, {"m.x", "{'S':'y'}"},    {"m.l[1].z", "{'N':'3'}"},
        {"b", NULL},        {"a.x", NULL},           {"a[0]", NULL},
        {"m[0]", NULL},     {"m.l.x", NULL},         {"m.l[2]", NULL},
        {"m.l[1].q", NULL}, {"m.l[0]", "{'N':'2'}"},
    };
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct item *item = case_item(
        arena,
        "{'a':{'N':'1'},'m':{'M':{'x':{'S':'y'},'l':{'L':[{'N':'2'},{'M':{'z':{'N':'3'}}}]}}}}");

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        AUTO(buffer_free) struct buffer text = BUFFER_INIT(256);
        struct path path = read_path(arena, rows[i].path);
        const struct value *value = path_find(item, path.steps, path.count);

        if ((value == NULL) != (rows[i].found == NULL))
            fail_msg("%s", rows[i].path);
        if (value == NULL)
            continue;
        value_print(&text, value);
        if (!bytes_equal(buffer_bytes(&text), case_text(arena, rows[i].found)))
            fail_msg("%s: %.*s", rows[i].path, BYTES_ARG(buffer_bytes(&text)));
    }
    struct path path = read_path(arena, "a");

    assert_null(path_find(NULL, path.steps, path.count));
}

/* What path.h says always holds. Returns how many paths end in the tree. */
static uint32_t check_tree(const struct path_tree *tree, uint32_t at)
{
    const struct path_entry *entry = &tree->entries[at];
    uint32_t ends = 0, count = 0, before = 0;

    if (at != 0 && entry->step == NULL) {
        assert_int_equal(entry->first, 0);
        return 1;
    }
    for (uint32_t i = entry->first; i != 0; before = i, i = tree->entries[i].next, count++) {
        const struct path_step *step = tree->entries[i].step;
        const struct path_step *first = tree->entries[entry->first].step;

        ends += check_tree(tree, i);
        assert_int_equal(step == NULL, first == NULL);
        assert_true(step != NULL || entry->count == 1);
        if (step == NULL || before == 0)
            continue;
        assert_int_equal(step->is_index, first->is_index);
        if (step->is_index)
            assert_true(tree->entries[before].step->index < step->index);
    }
    assert_int_equal(count, entry->count);
    return ends;
}

static void test_tree(void **state)
{
    static const struct {
        const char *paths[PATHS_MAX];
        const char *clash; /* NULL: none */
        uint32_t one, two;
    } rows[] = {
        {{"a"}, NULL, 0, 0},
        {{"a", "b", "c.d", "c.e[1].f"}, NULL, 0, 0},
        {{"l[3]", "l[1]", "l[2]", "l[0]", "l[7]", "l[5].x", "l[5].y"}, NULL, 0, 0},
        {{"a", "a"}, "overlap", 0, 1},
        {{"a.b", "a"}, "overlap", 0, 1},
        {{"a", "b", "a[1].c"}, "overlap", 0, 2},
        {{"a.b", "a[0]"}, "conflict", 0, 1},
        {{"a.b.c", "d", "a.b[0].c"}, "conflict", 0, 2},
        {{"a[1]", "a[01]"}, "overlap", 0, 1},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct path paths[PATHS_MAX];
        uint32_t count = 0;
        const struct path_tree *tree = NULL;
        struct path_clash clash = {0};

        while (count < PATHS_MAX && rows[i].paths[count] != NULL) {
            paths[count] = read_path(arena, rows[i].paths[count]);
            count++;
        }
        bool built = path_tree_build(arena, paths, count, &tree, &clash);

        assert_int_equal(built, rows[i].clash == NULL);
        if (built) {
            assert_int_equal(check_tree(tree, 0), count);
            continue;
        }
        assert_string_equal(clash.what, rows[i].clash);
        assert_int_equal(clash.one, rows[i].one);
        assert_int_equal(clash.two, rows[i].two);
    }
}

static void test_text(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct path path = read_path(arena, "a.b[12].c");

    (void)state;
    assert_true(bytes_equal_text(path_text(arena, path.steps, path.count), "[a, b, [12], c]"));
    assert_true(bytes_equal_text(path_text(arena, path.steps, 1), "[a]"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_tree),
        cmocka_unit_test(test_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
