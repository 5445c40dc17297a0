/* stack/template/foreach.c - Fn::ForEach of AWS::LanguageExtensions, unfolded in place:
 *
 *   Fn::ForEach::Loop: [Identifier, [a, b], {"Name${Identifier}": ...}]
 *
 * becomes the members of the third argument once for each value, ${Identifier} and &{Identifier}
 * (letters and digits of the value only) replaced in names and texts, {Ref: Identifier} by the
 * value. What is inside may hold other loops. */
#include "stack/template/template.h"

#define PREFIX "Fn::ForEach::"

struct loop {
    struct bytes identifier, value;
    struct bytes braces, ampersand; /* ${Identifier} and &{Identifier} */
    struct bytes short_value;       /* letters and digits */
};

static enum status expand(struct loader *loader, const struct node *node, const struct node **ret);

/* ---- one round ---- */

static struct bytes alphanumeric(struct loader *loader, struct bytes text)
{
    uint8_t *out = arena_alloc(loader->arena, text.size + 1);
    size_t size = 0;

    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.ptr[i];

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
            out[size++] = c;
    }
    return bytes_of(out, size);
}

static struct bytes replace(struct loader *loader, const struct loop *loop, struct bytes text)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(LOADER_TEXT_SIZE_MAX);
    bool changed = false;

    for (size_t at = 0; at < text.size;) {
        struct bytes left = bytes_slice(text, at, text.size);
        bool braces = bytes_start_with(left, loop->braces);

        if (braces || bytes_start_with(left, loop->ampersand)) {
            buffer_append(&out, braces ? loop->value : loop->short_value);
            at += loop->braces.size; /* both are as long */
            changed = true;
        } else {
            buffer_append_byte(&out, text.ptr[at++]);
        }
    }
    return changed ? arena_copy(loader->arena, buffer_bytes(&out)) : text;
}

static enum status substitute(struct loader *loader, const struct loop *loop,
                              const struct node *node, const struct node **ret)
{
    struct node *copy = NULL;
    enum status status = loader_count_node(loader, node->where);

    if (status != OK)
        return status;
    *ret = node;
    if (node->kind == NODE_STRING) {
        struct bytes text = replace(loader, loop, node->text);

        *ret = intrinsics_text(loader, text, node->where);
        return loader_count_text(loader, node->where, text.size);
    }
    if (node->kind != NODE_MAP && node->kind != NODE_LIST)
        return OK;
    if (node->kind == NODE_MAP && node->count == 1 &&
        bytes_equal_text(node->members[0].name, "Ref") &&
        node_is(node->members[0].value, NODE_STRING) &&
        bytes_equal(node->members[0].value->text, loop->identifier)) {
        *ret = intrinsics_text(loader, loop->value, node->where);
        return OK;
    }
    copy = node_new(loader->arena, node->kind, node->where);
    copy->state = NODE_DONE;
    for (size_t i = 0; i < node->count; i++) {
        const struct node *value = NULL;

        status = substitute(
            loader, loop, node->kind == NODE_MAP ? node->members[i].value : node->items[i], &value);
        if (status != OK)
            return status;
        if (node->kind == NODE_MAP)
            build_add(loader, copy, replace(loader, loop, node->members[i].name), value);
        else
            build_append(loader, copy, value);
    }
    *ret = copy;
    return OK;
}

/* ---- a loop ---- */

static enum status add_member(struct loader *loader, struct node *map,
                              const struct node_member *member)
{
    if (node_find(map, member->name) != NULL)
        return loader_refuse(loader, member->where,
                             "Fn::ForEach: \"%.*s\" would stand twice in this mapping: expected "
                             "names with the identifier in them",
                             BYTES_ARG(member->name));
    if (map->count >= NODE_MEMBERS_MAX)
        return loader_refuse(loader, member->where, "expected at most %d names in one mapping",
                             NODE_MEMBERS_MAX);
    build_add(loader, map, member->name, member->value);
    map->members[map->count - 1].where = member->where;
    return OK;
}

static enum status add_round(struct loader *loader, const struct node *fragment,
                             struct bytes identifier, struct bytes value, struct node *map)
{
    const struct loop loop = {
        .identifier = identifier,
        .value = value,
        .braces = arena_printf(loader->arena, "${%.*s}", BYTES_ARG(identifier)),
        .ampersand = arena_printf(loader->arena, "&{%.*s}", BYTES_ARG(identifier)),
        .short_value = alphanumeric(loader, value),
    };
    const struct node *made = NULL;
    enum status status = substitute(loader, &loop, fragment, &made);

    if (status == OK)
        status = expand(loader, made, &made);
    for (size_t i = 0; status == OK && i < made->count; i++)
        status = add_member(loader, map, &made->members[i]);
    return status;
}

static enum status add_loop(struct loader *loader, const struct node_member *member,
                            struct node *map)
{
    const struct node *argument = member->value, *values = NULL, *fragment = NULL;
    struct bytes value = {0};
    enum status status = OK;

    if (!node_is(argument, NODE_LIST) || argument->count != 3 ||
        !node_is(argument->items[0], NODE_STRING) || argument->items[0]->text.size == 0 ||
        !node_is(argument->items[2], NODE_MAP))
        return loader_refuse(loader, member->where,
                             "%.*s: expected [identifier, [value, ...], {name: value}]",
                             BYTES_ARG(member->name));
    status = intrinsics_resolve(loader, argument->items[1], &values);
    if (status != OK)
        return status;
    if (!node_is(values, NODE_LIST))
        return loader_refuse(loader, argument->items[1]->where,
                             "%.*s: expected a list of values, got %.*s", BYTES_ARG(member->name),
                             BYTES_ARG(node_describe(loader->arena, values)));
    fragment = argument->items[2];
    for (size_t i = 0; status == OK && i < values->count; i++) {
        if (!node_scalar_text(values->items[i], &value))
            return loader_refuse(loader, values->items[i]->where, "%.*s: expected text, got %.*s",
                                 BYTES_ARG(member->name),
                                 BYTES_ARG(node_describe(loader->arena, values->items[i])));
        status = add_round(loader, fragment, argument->items[0]->text, value, map);
    }
    return status;
}

static enum status expand_map(struct loader *loader, const struct node *node,
                              const struct node **ret)
{
    struct node *map = build_map(loader, node->where);

    for (size_t i = 0; i < node->count; i++) {
        struct node_member member = node->members[i];
        const struct node *value = NULL;
        enum status status = OK;

        if (bytes_start_with(member.name, BYTES(PREFIX))) {
            status = add_loop(loader, &member, map);
        } else {
            status = expand(loader, member.value, &value);
            member.value = (struct node *)(uintptr_t)value;
            if (status == OK)
                status = add_member(loader, map, &member);
        }
        if (status != OK)
            return status;
    }
    *ret = map;
    return OK;
}

static enum status expand(struct loader *loader, const struct node *node, const struct node **ret)
{
    struct node *list = NULL;
    enum status status = loader_count_node(loader, node->where);

    if (status != OK)
        return status;
    *ret = node;
    if (node->kind == NODE_MAP)
        return expand_map(loader, node, ret);
    if (node->kind != NODE_LIST)
        return OK;
    list = node_new(loader->arena, NODE_LIST, node->where);
    list->state = NODE_DONE;
    for (size_t i = 0; i < node->count; i++) {
        const struct node *item = NULL;

        status = expand(loader, node->items[i], &item);
        if (status != OK)
            return status;
        build_append(loader, list, item);
    }
    *ret = list;
    return OK;
}

enum status foreach_expand(struct loader *loader)
{
    const struct node *root = NULL;
    enum status status = expand(loader, loader->root, &root);

    if (status == OK)
        loader->root = (struct node *)(uintptr_t)root;
    return status;
}
