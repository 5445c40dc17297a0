/* stack/intrinsics.c - CloudFormation's functions: Ref, Fn::GetAtt, Fn::Sub and the others,
 * performed in one value and everything inside it. Names are looked up in references.c, conditions
 * in conditions.c.
 *
 * What only AWS could know is noted and becomes null. AWS::NoValue is NULL: a list or mapping
 * leaves it out. */
#include "stack/loader.h"

#include "base/base64.h"

typedef enum status intrinsic(struct loader *loader, const struct node *argument,
                              struct stack_where where, const struct node **ret);

static enum status resolve(struct loader *loader, const struct node *node, const struct node **ret);

const struct node *intrinsics_text(struct loader *loader, struct bytes text,
                                   struct stack_where where)
{
    struct node *node = node_new_string(loader->arena, text, where);

    node->state = NODE_DONE;
    return node;
}

const struct node *intrinsics_unknowable(struct loader *loader, const char *function,
                                         struct bytes name, struct stack_where where)
{
    struct node *node = node_new(loader->arena, NODE_NULL, where);

    node->state = NODE_DONE;
    if (loader->quiet)
        return node;
    loader_note(loader, where,
                "not acted on: %s%s%.*s: its value is not known offline and stays empty", function,
                name.size > 0 ? " " : "", BYTES_ARG(name));
    return node;
}

/* ---- Ref and Fn::GetAtt ---- */

static enum status ref(struct loader *loader, const struct node *argument, struct stack_where where,
                       const struct node **ret)
{
    if (!node_is(argument, NODE_STRING))
        return loader_refuse(loader, where, "Ref: expected the name of a resource, got %.*s",
                             BYTES_ARG(node_describe(loader->arena, argument)));
    return references_find(loader, argument->text, where, ret);
}

static enum status join_parts(struct loader *loader, const struct node *list,
                              struct bytes separator, const char *what, struct bytes *ret)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(LOADER_TEXT_SIZE_MAX);

    for (size_t i = 0; i < list->count; i++) {
        struct bytes text = {0};

        if (!node_scalar_text(list->items[i], &text))
            return loader_refuse(loader, list->items[i]->where, "%s: expected text, got %.*s", what,
                                 BYTES_ARG(node_describe(loader->arena, list->items[i])));
        if (i > 0)
            buffer_append(&out, separator);
        buffer_append(&out, text);
    }
    if (buffer_failed(&out))
        return loader_refuse(loader, list->where, "%s: expected at most %zu bytes of text", what,
                             LOADER_TEXT_SIZE_MAX);
    *ret = arena_copy(loader->arena, buffer_bytes(&out));
    return loader_count_text(loader, list->where, out.size);
}

static enum status get_attribute(struct loader *loader, const struct node *argument,
                                 struct stack_where where, const struct node **ret)
{
    struct bytes path = {0};
    enum status status = resolve(loader, argument, &argument);

    if (status != OK)
        return status;
    if (node_is(argument, NODE_LIST))
        status = join_parts(loader, argument, BYTES("."), "Fn::GetAtt", &path);
    else if (node_is(argument, NODE_STRING))
        path = argument->text;
    else
        return loader_refuse(loader, where,
                             "Fn::GetAtt: expected Resource.Attribute or [Resource, Attribute], "
                             "got %.*s",
                             BYTES_ARG(node_describe(loader->arena, argument)));
    return status != OK ? status : references_find_attribute(loader, path, where, ret);
}

/* ---- functions of text ---- */

static enum status substitute_one(struct loader *loader, struct bytes name,
                                  const struct node *values, struct stack_where where,
                                  struct bytes *ret)
{
    const struct node_member *value = node_find(values, name);
    const struct node *node = NULL;
    enum status status = OK;

    if (value != NULL)
        node = value->value;
    else if (bytes_find_byte(name, '.', 0) != SIZE_MAX)
        status = references_find_attribute(loader, name, where, &node);
    else
        status = references_find(loader, name, where, &node);
    if (status != OK)
        return status;
    if (!node_scalar_text(node, ret))
        return loader_refuse(loader, where, "Fn::Sub: ${%.*s}: expected text, got %.*s",
                             BYTES_ARG(name), BYTES_ARG(node_describe(loader->arena, node)));
    return OK;
}

static enum status substitute_text(struct loader *loader, struct bytes text,
                                   const struct node *values, struct stack_where where,
                                   const struct node **ret)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(LOADER_TEXT_SIZE_MAX);
    size_t at = 0;

    while (at < text.size) {
        size_t end = 0;
        struct bytes value = {0};
        enum status status = OK;

        if (!bytes_start_with(bytes_slice(text, at, 2), BYTES("${"))) {
            buffer_append_byte(&out, text.ptr[at++]);
            continue;
        }
        end = bytes_find_byte(text, '}', at);
        if (end == SIZE_MAX)
            return loader_refuse(loader, where, "Fn::Sub: expected \"}\" behind \"${\"");
        if (text.ptr[at + 2] == '!') { /* ${!Literal} is the text ${Literal} */
            buffer_append_text(&out, "${");
            value = bytes_slice(text, at + 3, end - at - 2);
        } else {
            status = substitute_one(loader, bytes_slice(text, at + 2, end - at - 2), values, where,
                                    &value);
        }
        if (status != OK)
            return status;
        buffer_append(&out, value);
        at = end + 1;
    }
    if (buffer_failed(&out))
        return loader_refuse(loader, where, "Fn::Sub: expected at most %zu bytes of text",
                             LOADER_TEXT_SIZE_MAX);
    *ret = intrinsics_text(loader, arena_copy(loader->arena, buffer_bytes(&out)), where);
    return loader_count_text(loader, where, out.size);
}

static enum status substitute(struct loader *loader, const struct node *argument,
                              struct stack_where where, const struct node **ret)
{
    const struct node *text = argument, *values = NULL;

    if (node_is(argument, NODE_LIST) && argument->count == 2) {
        enum status status = resolve(loader, argument->items[1], &values);

        if (status != OK)
            return status;
        text = argument->items[0];
    }
    if (!node_is(text, NODE_STRING) || (values != NULL && values->kind != NODE_MAP))
        return loader_refuse(loader, where, "Fn::Sub: expected text, or [text, mapping], got %.*s",
                             BYTES_ARG(node_describe(loader->arena, argument)));
    return substitute_text(loader, text->text, values, where, ret);
}

static enum status join(struct loader *loader, const struct node *argument,
                        struct stack_where where, const struct node **ret)
{
    struct bytes separator = {0}, text = {0};
    enum status status = resolve(loader, argument, &argument);

    if (status != OK)
        return status;
    if (!node_is(argument, NODE_LIST) || argument->count != 2 ||
        !node_scalar_text(argument->items[0], &separator) ||
        !node_is(argument->items[1], NODE_LIST))
        return loader_refuse(loader, where, "Fn::Join: expected [separator, [text, ...]]");
    status = join_parts(loader, argument->items[1], separator, "Fn::Join", &text);
    if (status == OK)
        *ret = intrinsics_text(loader, text, where);
    return status;
}

static enum status split(struct loader *loader, const struct node *argument,
                         struct stack_where where, const struct node **ret)
{
    struct bytes separator = {0}, text = {0};
    struct node *list = node_new(loader->arena, NODE_LIST, where);
    size_t capacity = 0;
    enum status status = resolve(loader, argument, &argument);

    if (status != OK)
        return status;
    if (!node_is(argument, NODE_LIST) || argument->count != 2 ||
        !node_scalar_text(argument->items[0], &separator) || separator.size == 0 ||
        !node_scalar_text(argument->items[1], &text))
        return loader_refuse(loader, where, "Fn::Split: expected [separator, text]");
    for (;;) {
        size_t end = bytes_find(text, separator);
        struct node *item = node_new_string(loader->arena, bytes_slice(text, 0, end), where);

        status = loader_count_node(loader, where);
        if (status != OK)
            return status;
        item->state = NODE_DONE;
        list->items = arena_grow(loader->arena, list->items, list->count, list->count + 1,
                                 &capacity, sizeof *list->items);
        list->items[list->count++] = item;
        if (end == SIZE_MAX)
            break;
        text = bytes_slice(text, end + separator.size, text.size);
    }
    list->state = NODE_DONE;
    *ret = list;
    return OK;
}

static enum status select_item(struct loader *loader, const struct node *argument,
                               struct stack_where where, const struct node **ret)
{
    struct bytes index_text = {0};
    uint64_t index = 0;
    enum status status = resolve(loader, argument, &argument);

    if (status != OK)
        return status;
    if (!node_is(argument, NODE_LIST) || argument->count != 2 ||
        !node_scalar_text(argument->items[0], &index_text) ||
        !bytes_to_uint64(index_text, &index) || !node_is(argument->items[1], NODE_LIST))
        return loader_refuse(loader, where, "Fn::Select: expected [index, [value, ...]]");
    if (index >= argument->items[1]->count)
        return loader_refuse(loader, where, "Fn::Select: expected an index below %zu, got %llu",
                             argument->items[1]->count, (unsigned long long)index);
    *ret = argument->items[1]->items[index];
    return OK;
}

static enum status import_value(struct loader *loader, const struct node *argument,
                                struct stack_where where, const struct node **ret)
{
    struct bytes name = {0};
    enum status status = resolve(loader, argument, &argument);

    if (status != OK)
        return status;
    if (!node_scalar_text(argument, &name) || name.size == 0)
        return loader_refuse(loader, where, "Fn::ImportValue: expected the name of an export");
    *ret = intrinsics_unknowable(loader, "Fn::ImportValue", name, where);
    return OK;
}

/* ---- other values ---- */

/* A mark of a late value is no text that may be turned into another one. */
static bool is_late(struct bytes text)
{
    return bytes_find(text, BYTES(STACK_LATE_BEGIN)) != SIZE_MAX;
}

static enum status base64(struct loader *loader, const struct node *argument,
                          struct stack_where where, const struct node **ret)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(LOADER_TEXT_SIZE_MAX);
    struct bytes text = {0};
    enum status status = resolve(loader, argument, &argument);

    if (status != OK)
        return status;
    if (!node_scalar_text(argument, &text))
        return loader_refuse(loader, where, "Fn::Base64: expected text, got %.*s",
                             BYTES_ARG(node_describe(loader->arena, argument)));
    if (is_late(text)) {
        *ret = intrinsics_unknowable(loader, "Fn::Base64", BYTES(""), where);
        return OK;
    }
    base64_encode(&out, text);
    if (buffer_failed(&out))
        return loader_refuse(loader, where, "Fn::Base64: expected at most %zu bytes of text",
                             LOADER_TEXT_SIZE_MAX);
    *ret = intrinsics_text(loader, arena_copy(loader->arena, buffer_bytes(&out)), where);
    return loader_count_text(loader, where, out.size);
}

static enum status length(struct loader *loader, const struct node *argument,
                          struct stack_where where, const struct node **ret)
{
    struct node *number = node_new(loader->arena, NODE_NUMBER, where);
    enum status status = resolve(loader, argument, &argument);

    if (status != OK)
        return status;
    if (!node_is(argument, NODE_LIST))
        return loader_refuse(loader, where, "Fn::Length: expected a list, got %.*s",
                             BYTES_ARG(node_describe(loader->arena, argument)));
    number->text = arena_printf(loader->arena, "%zu", argument->count);
    number->state = NODE_DONE;
    *ret = number;
    return OK;
}

static enum status to_json(struct loader *loader, const struct node *argument,
                           struct stack_where where, const struct node **ret)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(LOADER_TEXT_SIZE_MAX);
    struct json_writer writer = JSON_WRITER(&out);
    enum status status = resolve(loader, argument, &argument);

    if (status != OK)
        return status;
    if (!node_is(argument, NODE_LIST) && !node_is(argument, NODE_MAP))
        return loader_refuse(loader, where,
                             "Fn::ToJsonString: expected a mapping or a list, got "
                             "%.*s",
                             BYTES_ARG(node_describe(loader->arena, argument)));
    node_write(&writer, argument);
    if (buffer_failed(&out))
        return loader_refuse(loader, where, "Fn::ToJsonString: expected at most %zu bytes",
                             LOADER_TEXT_SIZE_MAX);
    *ret = intrinsics_text(loader, arena_copy(loader->arena, buffer_bytes(&out)), where);
    return loader_count_text(loader, where, out.size);
}

static void add_item(struct loader *loader, struct node *list, size_t *capacity, struct bytes text)
{
    list->items = arena_grow(loader->arena, list->items, list->count, list->count + 1, capacity,
                             sizeof *list->items);
    list->items[list->count] = node_new_string(loader->arena, text, list->where);
    list->items[list->count++]->state = NODE_DONE;
}

/* Every region has at least these three. */
static enum status zones(struct loader *loader, const struct node *argument,
                         struct stack_where where, const struct node **ret)
{
    struct node *list = node_new(loader->arena, NODE_LIST, where);
    struct bytes region = {0};
    size_t capacity = 0;
    enum status status = resolve(loader, argument, &argument);

    if (status != OK)
        return status;
    if (!node_scalar_text(argument, &region))
        return loader_refuse(loader, where, "Fn::GetAZs: expected a region, got %.*s",
                             BYTES_ARG(node_describe(loader->arena, argument)));
    if (region.size == 0)
        region = bytes_of_text(loader->place.region);
    for (const char *letter = "abc"; *letter != '\0'; letter++)
        add_item(loader, list, &capacity,
                 arena_printf(loader->arena, "%.*s%c", BYTES_ARG(region), *letter));
    list->state = NODE_DONE;
    *ret = list;
    return OK;
}

/* a.b.c.d/bits */
static bool read_block(struct bytes text, uint32_t *ret_address, uint64_t *ret_bits)
{
    size_t slash = bytes_find_byte(text, '/', 0);
    struct bytes left = bytes_slice(text, 0, slash);

    *ret_address = 0;
    if (slash == SIZE_MAX || !bytes_to_uint64(bytes_slice(text, slash + 1, text.size), ret_bits) ||
        *ret_bits > 32)
        return false;
    for (int i = 0; i < 4; i++) {
        size_t dot = i < 3 ? bytes_find_byte(left, '.', 0) : left.size;
        uint64_t part = 0;

        if (dot == SIZE_MAX || !bytes_to_uint64(bytes_slice(left, 0, dot), &part) || part > 255)
            return false;
        *ret_address = *ret_address << 8 | (uint32_t)part;
        left = bytes_slice(left, i < 3 ? dot + 1 : dot, left.size);
    }
    return true;
}

#define CIDR_COUNT_MAX 256 /* CloudFormation's */

/* [block, count, bits of each]; of addresses with four numbers. */
static enum status cidr(struct loader *loader, const struct node *argument,
                        struct stack_where where, const struct node **ret)
{
    struct node *list = node_new(loader->arena, NODE_LIST, where);
    struct bytes block = {0}, texts[2] = {{0}, BYTES("8")};
    uint64_t bits = 0, count = 0, each = 0;
    uint32_t address = 0;
    size_t capacity = 0;
    enum status status = resolve(loader, argument, &argument);

    if (status != OK)
        return status;
    if (!node_is(argument, NODE_LIST) || argument->count < 2 || argument->count > 3 ||
        !node_scalar_text(argument->items[0], &block) ||
        !node_scalar_text(argument->items[1], &texts[0]) ||
        (argument->count == 3 && !node_scalar_text(argument->items[2], &texts[1])) ||
        !bytes_to_uint64(texts[0], &count) || !bytes_to_uint64(texts[1], &each) || count < 1 ||
        count > CIDR_COUNT_MAX || each < 1 || each > 128)
        return loader_refuse(loader, where, "Fn::Cidr: expected [block, count from 1 to %d, bits]",
                             CIDR_COUNT_MAX);
    if (!read_block(block, &address, &bits)) {
        *ret = intrinsics_unknowable(loader, "Fn::Cidr", block, where);
        return OK;
    }
    if (each > 32 || 32 - each < bits || count << each > (uint64_t)1 << (32 - bits))
        return loader_refuse(loader, where, "Fn::Cidr: expected blocks that %.*s has room for",
                             BYTES_ARG(block));
    for (uint64_t i = 0; i < count; i++) {
        uint32_t at = address + (uint32_t)(i << each);

        add_item(loader, list, &capacity,
                 arena_printf(loader->arena, "%u.%u.%u.%u/%u", at >> 24, at >> 16 & 255,
                              at >> 8 & 255, at & 255, (unsigned)(32 - each)));
    }
    list->state = NODE_DONE;
    *ret = list;
    return OK;
}

/* Macros, AWS::Include too, run in AWS. */
static enum status transform(struct loader *loader, const struct node *argument,
                             struct stack_where where, const struct node **ret)
{
    const struct node *name = node_get(argument, "Name");

    *ret = intrinsics_unknowable(loader, "Fn::Transform",
                                 node_is(name, NODE_STRING) ? name->text : BYTES(""), where);
    return OK;
}

/* ---- choices ---- */

static enum status if_else(struct loader *loader, const struct node *argument,
                           struct stack_where where, const struct node **ret)
{
    bool holds = false;
    enum status status = OK;

    if (!node_is(argument, NODE_LIST) || argument->count != 3)
        return loader_refuse(loader, where, "Fn::If: expected [condition, value, value]");
    status = conditions_hold(loader, argument->items[0], &holds);
    return status != OK ? status : resolve(loader, argument->items[holds ? 1 : 2], ret);
}

/* The DefaultValue of the fourth argument; ptr NULL: there is none. */
static const struct node_member *map_default(const struct node *argument)
{
    return argument->count == 4 ? node_find(argument->items[3], BYTES("DefaultValue")) : NULL;
}

static enum status find_in_map(struct loader *loader, const struct node *argument,
                               struct stack_where where, const struct node **ret)
{
    const struct node *node = loader->mappings;
    enum status status = resolve(loader, argument, &argument);

    if (status != OK)
        return status;
    if (!node_is(argument, NODE_LIST) || argument->count < 3 || argument->count > 4 ||
        (argument->count == 4 && map_default(argument) == NULL))
        return loader_refuse(
            loader, where,
            "Fn::FindInMap: expected [mapping, key, key] or [..., {DefaultValue: value}]");
    for (size_t i = 0; i < 3; i++) {
        struct bytes name = {0};
        const struct node_member *member = NULL;

        if (node_scalar_text(argument->items[i], &name))
            member = node_find(node, name);
        if (member == NULL && map_default(argument) != NULL) {
            *ret = map_default(argument)->value;
            return OK;
        }
        if (member == NULL)
            return loader_refuse(loader, argument->items[i]->where,
                                 "Fn::FindInMap: expected a name that stands in the stack's "
                                 "Mappings, got %.*s",
                                 BYTES_ARG(node_describe(loader->arena, argument->items[i])));
        node = member->value;
    }
    *ret = node;
    return OK;
}

/* ---- any value ---- */

static const struct {
    const char *name;
    intrinsic *perform;
} functions[] = {
    {"Ref", ref},
    {"Fn::GetAtt", get_attribute},
    {"Fn::Sub", substitute},
    {"Fn::Join", join},
    {"Fn::Split", split},
    {"Fn::Select", select_item},
    {"Fn::ImportValue", import_value},
    {"Fn::If", if_else},
    {"Fn::FindInMap", find_in_map},
    {"Fn::Base64", base64},
    {"Fn::Cidr", cidr},
    {"Fn::GetAZs", zones},
    {"Fn::Length", length},
    {"Fn::ToJsonString", to_json},
    {"Fn::Transform", transform},
};

static enum status copy_list(struct loader *loader, const struct node *node,
                             const struct node **ret)
{
    struct node *copy = node_new(loader->arena, NODE_LIST, node->where);

    copy->items = ARENA_NEW_ARRAY(loader->arena, node->count, struct node *);
    for (size_t i = 0; i < node->count; i++) {
        const struct node *item = NULL;
        enum status status = resolve(loader, node->items[i], &item);

        if (status != OK)
            return status;
        if (item != NULL)
            copy->items[copy->count++] =
                (struct node *)(uintptr_t)item; /* nobody writes it any more */
    }
    copy->state = NODE_DONE;
    *ret = copy;
    return OK;
}

static enum status copy_map(struct loader *loader, const struct node *node, const struct node **ret)
{
    struct node *copy = node_new(loader->arena, NODE_MAP, node->where);

    copy->members = ARENA_NEW_ARRAY(loader->arena, node->count, struct node_member);
    for (size_t i = 0; i < node->count; i++) {
        const struct node *value = NULL;
        enum status status = resolve(loader, node->members[i].value, &value);

        if (status != OK)
            return status;
        if (value == NULL)
            continue;
        copy->members[copy->count] = node->members[i];
        copy->members[copy->count++].value = (struct node *)(uintptr_t)value;
    }
    copy->state = NODE_DONE;
    *ret = copy;
    return OK;
}

static enum status perform(struct loader *loader, const struct node *node, size_t function,
                           const struct node **ret)
{
    enum status status = OK;

    if (loader->intrinsic_depth >= STACK_VARIABLE_DEPTH_MAX)
        return loader_refuse(loader, node->where,
                             "%s: expected at most %d functions that lead to each other",
                             functions[function].name, STACK_VARIABLE_DEPTH_MAX);
    loader->intrinsic_depth++;
    status = functions[function].perform(loader, node->members[0].value, node->where, ret);
    loader->intrinsic_depth--;
    return status;
}

/* node is never NULL here. */
static enum status resolve(struct loader *loader, const struct node *node, const struct node **ret)
{
    enum status status = loader_count_node(loader, node->where);

    if (status != OK)
        return status;
    if (node->kind == NODE_LIST)
        return copy_list(loader, node, ret);
    if (node->kind != NODE_MAP) {
        *ret = node;
        return OK;
    }
    for (size_t i = 0; node->count == 1 && i < ARRAY_COUNT(functions); i++) {
        if (bytes_equal_text(node->members[0].name, functions[i].name))
            return perform(loader, node, i, ret);
    }
    return copy_map(loader, node, ret);
}

enum status intrinsics_resolve(struct loader *loader, const struct node *node,
                               const struct node **ret)
{
    *ret = NULL;
    return node == NULL ? OK : resolve(loader, node, ret);
}
