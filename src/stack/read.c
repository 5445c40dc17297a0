/* stack/read.c - values of an expected kind, and the keys of a mapping: see loader.h. */
#include "stack/loader.h"

static enum status refuse_kind(struct loader *loader, const struct node *node, const char *what,
                               const char *expected)
{
    return loader_refuse(loader, node->where, "%s: expected %s, got %.*s", what, expected,
                         BYTES_ARG(node_describe(loader->arena, node)));
}

/* Numbers may be written as text, "5": CloudFormation accepts that and so do variables need it. */
enum status read_integer(struct loader *loader, const struct node *node, const char *what,
                         int64_t smallest, int64_t largest, int64_t *ret)
{
    struct bytes expected = arena_printf(loader->arena, "a whole number from %lld to %lld",
                                         (long long)smallest, (long long)largest);
    int64_t value = 0;
    enum status status = intrinsics_resolve(loader, node, &node);

    if (status != OK || node_is_nothing(node))
        return status;
    if ((node->kind != NODE_NUMBER && node->kind != NODE_STRING) ||
        !bytes_to_int64(node->text, &value) || value < smallest || value > largest)
        return refuse_kind(loader, node, what, arena_copy_text(loader->arena, expected));
    *ret = value;
    return OK;
}

enum status read_boolean(struct loader *loader, const struct node *node, const char *what,
                         bool *ret)
{
    enum status status = intrinsics_resolve(loader, node, &node);

    if (status != OK || node_is_nothing(node))
        return status;
    if (node->kind == NODE_BOOLEAN)
        *ret = node->boolean;
    else if (node->kind == NODE_STRING && bytes_equal_text(node->text, "true"))
        *ret = true;
    else if (node->kind == NODE_STRING && bytes_equal_text(node->text, "false"))
        *ret = false;
    else
        return refuse_kind(loader, node, what, "true or false");
    return OK;
}

enum status read_text(struct loader *loader, const struct node *node, const char *what,
                      struct bytes *ret)
{
    enum status status = intrinsics_resolve(loader, node, &node);

    if (status != OK || node_is_nothing(node))
        return status;
    if (!node_scalar_text(node, ret))
        return refuse_kind(loader, node, what, "text");
    return OK;
}

/* Later mappings of the list add to earlier ones and replace names that are there: one level deeper
 * too, because `resources` is a list of {Resources: {...}, Outputs: {...}}. */
static struct node *merge_maps(struct loader *loader, const struct node *a, const struct node *b,
                               bool deeper)
{
    struct node *merged = node_new(loader->arena, NODE_MAP, a->where);

    merged->state = NODE_DONE;
    merged->members = ARENA_NEW_ARRAY(loader->arena, a->count + b->count, struct node_member);
    for (size_t i = 0; i < a->count; i++)
        merged->members[merged->count++] = a->members[i];
    for (size_t i = 0; i < b->count; i++) {
        struct node_member *there = NULL;

        for (size_t k = 0; k < a->count && there == NULL; k++) {
            if (bytes_equal(merged->members[k].name, b->members[i].name))
                there = &merged->members[k];
        }
        if (there == NULL)
            merged->members[merged->count++] = b->members[i];
        else if (deeper && node_is(there->value, NODE_MAP) &&
                 node_is(b->members[i].value, NODE_MAP))
            there->value = merge_maps(loader, there->value, b->members[i].value, false);
        else
            *there = b->members[i];
    }
    return merged;
}

enum status read_map(struct loader *loader, const struct node *node, const char *what,
                     bool lists_too, const struct node **ret)
{
    const struct node *merged = NULL;

    *ret = NULL;
    if (node_is_nothing(node))
        return OK;
    if (node->kind == NODE_MAP) {
        *ret = node;
        return OK;
    }
    if (node->kind != NODE_LIST || !lists_too)
        return refuse_kind(loader, node, what, "a mapping");
    for (size_t i = 0; i < node->count; i++) {
        if (node_is_nothing(node->items[i]))
            continue;
        if (node->items[i]->kind != NODE_MAP)
            return refuse_kind(loader, node->items[i], what, "a list of mappings");
        merged = merged == NULL ? node->items[i] : merge_maps(loader, merged, node->items[i], true);
    }
    *ret = merged;
    return OK;
}

/* ---- spelling ---- */

#define NEAREST_SIZE_MAX 48 /* longer words are not compared */

static uint8_t lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + 32) : byte;
}

/* How many letters must be added, removed, changed or swapped with their neighbour. */
static size_t distance(struct bytes a, struct bytes b)
{
    size_t rows[3][NEAREST_SIZE_MAX + 1];
    size_t *before = rows[0], *previous = rows[1], *current = rows[2];

    for (size_t j = 0; j <= b.size; j++)
        previous[j] = j;
    for (size_t i = 1; i <= a.size; i++) {
        size_t *oldest = before;

        current[0] = i;
        for (size_t j = 1; j <= b.size; j++) {
            uint8_t x = lower(a.ptr[i - 1]), y = lower(b.ptr[j - 1]);
            size_t least = size_min(previous[j], current[j - 1]) + 1;

            least = size_min(least, previous[j - 1] + (x != y ? 1 : 0));
            if (i > 1 && j > 1 && x == lower(b.ptr[j - 2]) && y == lower(a.ptr[i - 2]))
                least = size_min(least, before[j - 2] + 1);
            current[j] = least;
        }
        before = previous;
        previous = current;
        current = oldest;
    }
    return previous[b.size];
}

struct bytes read_nearest(struct bytes word, const struct bytes *candidates, size_t count)
{
    size_t nearest = word.size / 3 + 1; /* a third of the letters may be wrong */
    struct bytes found = {0};

    if (word.size == 0 || word.size > NEAREST_SIZE_MAX)
        return found;
    for (size_t i = 0; i < count; i++) {
        if (candidates[i].size > NEAREST_SIZE_MAX)
            continue;

        size_t away = distance(word, candidates[i]);

        if (away < nearest && away < candidates[i].size) {
            nearest = away;
            found = candidates[i];
        }
    }
    return found;
}

#define KEY_RULES_MAX 80

void read_check_keys(struct loader *loader, const struct node *map, const struct key_rule *rules,
                     size_t rule_count, const char *what)
{
    struct bytes names[KEY_RULES_MAX];

    assert(rule_count <= KEY_RULES_MAX);
    for (size_t i = 0; i < rule_count; i++)
        names[i] = bytes_of_text(rules[i].name);
    for (size_t i = 0; node_is(map, NODE_MAP) && i < map->count; i++) {
        const struct node_member *member = &map->members[i];
        size_t at = 0;

        while (at < rule_count && !bytes_equal(member->name, names[at]))
            at++;
        if (at < rule_count) {
            if (rules[at].note != NULL && !node_is_nothing(member->value))
                loader_note(loader, member->where, "not acted on: %s of %s: %s", rules[at].name,
                            what, rules[at].note);
            continue;
        }

        struct bytes near = read_nearest(member->name, names, rule_count);

        if (near.size > 0)
            loader_note(loader, member->where,
                        "not acted on: unknown key \"%.*s\" of %s; did you mean \"%.*s\"?",
                        BYTES_ARG(member->name), what, BYTES_ARG(near));
        else
            loader_note(loader, member->where, "not acted on: unknown key \"%.*s\" of %s",
                        BYTES_ARG(member->name), what);
    }
}
