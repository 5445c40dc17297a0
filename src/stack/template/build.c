/* stack/template/build.c - new nodes of a template; see template.h. */
#include "stack/template/template.h"

static struct node *done(struct node *node)
{
    node->state = NODE_DONE;
    return node;
}

/* Nodes are shared, and nobody writes those that are done. */
static struct node *shared(const struct node *node)
{
    return (struct node *)(uintptr_t)node;
}

struct node *build_map(struct loader *loader, struct stack_where where)
{
    return done(node_new(loader->arena, NODE_MAP, where));
}

/* Room for one more: the arrays of a built node have a power of two. */
static void *grow(struct loader *loader, void *array, size_t count, size_t size)
{
    size_t capacity = count;

    if ((count & (count - 1)) != 0) /* not full: capacities are powers of two */
        return array;
    return arena_grow(loader->arena, array, count, count == 0 ? 1 : count * 2, &capacity, size);
}

void build_add(struct loader *loader, struct node *map, struct bytes name, const struct node *value)
{
    if (value == NULL)
        return;
    map->members = grow(loader, map->members, map->count, sizeof *map->members);
    map->members[map->count++] =
        (struct node_member){.name = name, .where = value->where, .value = shared(value)};
}

void build_append(struct loader *loader, struct node *list, const struct node *item)
{
    list->items = grow(loader, list->items, list->count, sizeof *list->items);
    list->items[list->count++] = shared(item);
}

void build_add_text(struct loader *loader, struct node *map, const char *name, struct bytes text)
{
    build_add(loader, map, bytes_of_text(name),
              done(node_new_string(loader->arena, text, map->where)));
}

void build_add_members(struct loader *loader, struct node *map, const struct node *from,
                       const char *const *names)
{
    for (; *names != NULL; names++)
        build_add(loader, map, bytes_of_text(*names), node_get(from, *names));
}

struct node *build_copy(struct loader *loader, const struct node *node)
{
    struct node *copy = done(node_new(loader->arena, node->kind, node->where));

    *copy = *node;
    copy->members = NULL;
    copy->items = NULL;
    copy->count = 0;
    for (size_t i = 0; node->kind == NODE_MAP && i < node->count; i++) {
        copy->members = grow(loader, copy->members, copy->count, sizeof *copy->members);
        copy->members[copy->count++] = node->members[i];
    }
    for (size_t i = 0; node->kind == NODE_LIST && i < node->count; i++)
        build_append(loader, copy, node->items[i]);
    return copy;
}

struct node *build_one(struct loader *loader, const char *name, struct bytes text,
                       struct stack_where where)
{
    struct node *map = build_map(loader, where);

    build_add_text(loader, map, name, text);
    return map;
}

struct node *build_get_attribute(struct loader *loader, struct bytes id, const char *attribute,
                                 struct stack_where where)
{
    struct node *map = build_map(loader, where);
    struct node *list = done(node_new(loader->arena, NODE_LIST, where));

    build_append(loader, list, done(node_new_string(loader->arena, id, where)));
    build_append(loader, list,
                 done(node_new_string(loader->arena, bytes_of_text(attribute), where)));
    build_add(loader, map, BYTES("Fn::GetAtt"), list);
    return map;
}

static struct node_member *find_own(struct node *map, struct bytes name)
{
    for (size_t i = 0; i < map->count; i++)
        if (bytes_equal(map->members[i].name, name))
            return &map->members[i];
    return NULL;
}

const struct node *build_merge(struct loader *loader, const struct node *base,
                               const struct node *over)
{
    struct node *merged = NULL;

    if (node_is_nothing(base) || node_is_nothing(over))
        return node_is_nothing(over) ? base : over;
    if (base->kind != over->kind || (base->kind != NODE_MAP && base->kind != NODE_LIST) ||
        node_is_intrinsic(base) || node_is_intrinsic(over))
        return over;
    merged = build_copy(loader, base);
    merged->where = over->where;
    for (size_t i = 0; over->kind == NODE_LIST && i < over->count; i++)
        build_append(loader, merged, over->items[i]);
    for (size_t i = 0; over->kind == NODE_MAP && i < over->count; i++) {
        struct node_member *there = find_own(merged, over->members[i].name);

        if (there == NULL) {
            build_add(loader, merged, over->members[i].name, over->members[i].value);
        } else {
            there->value = shared(build_merge(loader, there->value, over->members[i].value));
            there->where = over->members[i].where;
        }
    }
    return merged;
}
