/* expr/path.c - see path.h. */
#include "expr/path.h"

const struct value *path_find(const struct item *item, const struct path_step *steps, size_t count)
{
    const struct value *value = item != NULL ? item_get(item, steps[0].name) : NULL;

    for (size_t i = 1; i < count && value != NULL; i++) {
        if (steps[i].is_index)
            value = value->type == VALUE_L && steps[i].index < value->list.count
                        ? &value->list.values[steps[i].index]
                        : NULL;
        else
            value = value->type == VALUE_M ? item_get(&value->map, steps[i].name) : NULL;
    }
    return value;
}

bool path_step_equal(const struct path_step *a, const struct path_step *b)
{
    if (a->is_index != b->is_index)
        return false;
    return a->is_index ? a->index == b->index : bytes_equal(a->name, b->name);
}

bool path_equal(const struct path_step *a, size_t a_count, const struct path_step *b,
                size_t b_count)
{
    if (a_count != b_count)
        return false;
    for (size_t i = 0; i < a_count; i++)
        if (!path_step_equal(&a[i], &b[i]))
            return false;
    return true;
}

struct bytes path_text(struct arena *arena, const struct path_step *steps, size_t count)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(2 * API_ERROR_MESSAGE_SIZE);

    for (size_t i = 0; i < count; i++) {
        buffer_append_text(&text, i > 0 ? ", " : "[");
        if (steps[i].is_index)
            buffer_printf(&text, "[%u]", (unsigned)steps[i].index);
        else /* more would not fit into the message */
            buffer_append(&text, bytes_slice(steps[i].name, 0, API_ERROR_MESSAGE_SIZE));
    }
    buffer_append_byte(&text, ']');
    return arena_copy(arena, buffer_bytes(&text));
}

/* ---- the tree ---- */

struct builder {
    struct path_entry *entries;
    uint32_t entry_count;
};

static uint32_t find_below(const struct builder *builder, uint32_t at, const struct path_step *step)
{
    uint32_t i = builder->entries[at].first;

    while (i != 0 &&
           (builder->entries[i].step == NULL || !path_step_equal(builder->entries[i].step, step)))
        i = builder->entries[i].next;
    return i;
}

static uint32_t add_below(struct builder *builder, uint32_t at, const struct path_step *step,
                          uint32_t path)
{
    uint32_t added = builder->entry_count++;
    struct path_entry *parent = &builder->entries[at];

    builder->entries[added] = (struct path_entry){.step = step, .path = path};
    if (parent->last == 0)
        parent->first = added;
    else
        builder->entries[parent->last].next = added;
    parent->last = added;
    parent->count++;
    return added;
}

static void add_path(struct builder *builder, const struct path *path, uint32_t number)
{
    uint32_t at = 0;

    for (size_t i = 0; i < path->count; i++) {
        uint32_t below = find_below(builder, at, &path->steps[i]);

        at = below != 0 ? below : add_below(builder, at, &path->steps[i], number);
    }
    add_below(builder, at, NULL, number);
}

static bool entry_clashes(const struct builder *builder, const struct path_entry *entry)
{
    const struct path_entry *first = &builder->entries[entry->first];

    if (entry->count < 2)
        return false;
    for (uint32_t i = entry->first; i != 0; i = builder->entries[i].next) {
        const struct path_entry *below = &builder->entries[i];

        if (below->step == NULL || first->step == NULL ||
            below->step->is_index != first->step->is_index)
            return true;
    }
    return false;
}

static bool any_clash(const struct builder *builder)
{
    for (uint32_t i = 0; i < builder->entry_count; i++)
        if (builder->entries[i].first != 0 && entry_clashes(builder, &builder->entries[i]))
            return true;
    return false;
}

/* ---- which two paths to name: AWS walks its tree, the newest branch first ---- */

/* The path that ends below `at`, following the newest entries down. */
static uint32_t newest_path(const struct builder *builder, uint32_t at)
{
    while (builder->entries[at].step != NULL)
        at = builder->entries[at].last;
    return builder->entries[at].path;
}

static bool report(struct path_clash *ret, const char *what, uint32_t a, uint32_t b)
{
    *ret = (struct path_clash){what, a < b ? a : b, a < b ? b : a};
    return true;
}

static bool pair_clashes(const struct builder *builder, uint32_t a, uint32_t b,
                         struct path_clash *ret)
{
    const struct path_step *step_a = builder->entries[a].step;
    const struct path_step *step_b = builder->entries[b].step;

    if (step_a == NULL || step_b == NULL)
        return report(ret, "overlap", newest_path(builder, a), newest_path(builder, b));
    if (step_a->is_index != step_b->is_index)
        return report(ret, "conflict", newest_path(builder, a), newest_path(builder, b));
    return false;
}

static bool find_clash(struct arena *arena, const struct builder *builder, uint32_t at,
                       struct path_clash *ret)
{
    uint32_t count = builder->entries[at].count, left = count;
    uint32_t *newest_first = ARENA_NEW_ARRAY(arena, count, uint32_t);

    for (uint32_t i = builder->entries[at].first; i != 0; i = builder->entries[i].next)
        newest_first[--left] = i;
    for (uint32_t i = 0; i < count; i++) {
        if (builder->entries[newest_first[i]].step != NULL &&
            find_clash(arena, builder, newest_first[i], ret))
            return true;
        for (uint32_t j = 0; j < count; j++)
            if (j != i && pair_clashes(builder, newest_first[i], newest_first[j], ret))
                return true;
    }
    return false;
}

struct bytes path_clash_text(struct arena *arena, const struct path *paths,
                             const struct path_clash *clash)
{
    const struct path *one = &paths[clash->one], *two = &paths[clash->two];

    return arena_printf(arena,
                        "Two document paths %s with each other; must remove or rewrite one of "
                        "these paths; path one: %.*s, path two: %.*s",
                        clash->what, BYTES_ARG(path_text(arena, one->steps, one->count)),
                        BYTES_ARG(path_text(arena, two->steps, two->count)));
}

/* ---- lists ---- */

/* Insertion sort of the entries below `at`: they mostly come in order. */
static void sort_indexes(struct builder *builder, uint32_t at)
{
    struct path_entry *entries = builder->entries;
    uint32_t rest = entries[at].first, head = 0, tail = 0;

    while (rest != 0) {
        uint32_t moved = rest, before = 0;

        rest = entries[moved].next;
        if (tail != 0 && entries[tail].step->index < entries[moved].step->index) {
            before = tail;
        } else {
            for (uint32_t i = head; i != 0 && entries[i].step->index < entries[moved].step->index;
                 i = entries[i].next)
                before = i;
        }
        entries[moved].next = before != 0 ? entries[before].next : head;
        if (before != 0)
            entries[before].next = moved;
        else
            head = moved;
        if (entries[moved].next == 0)
            tail = moved;
    }
    entries[at].first = head;
    entries[at].last = tail;
}

bool path_tree_build(struct arena *arena, const struct path *paths, uint32_t count,
                     const struct path_tree **ret, struct path_clash *ret_clash)
{
    size_t entry_count_max = 1;

    for (uint32_t i = 0; i < count; i++)
        entry_count_max += paths[i].count + 1;

    struct builder builder = {.entry_count = 1};
    struct path_tree *tree = ARENA_NEW(arena, struct path_tree);

    builder.entries = ARENA_NEW_ARRAY(arena, entry_count_max, struct path_entry);
    for (uint32_t i = 0; i < count; i++)
        add_path(&builder, &paths[i], i);
    if (any_clash(&builder)) {
        bool found = find_clash(arena, &builder, 0, ret_clash);

        assert(found);
        return false;
    }
    for (uint32_t i = 0; i < builder.entry_count; i++) {
        const struct path_entry *entry = &builder.entries[i];

        if (entry->count > 1 && builder.entries[entry->first].step->is_index)
            sort_indexes(&builder, i);
    }
    tree->entries = builder.entries;
    tree->paths = paths;
    *ret = tree;
    return true;
}
