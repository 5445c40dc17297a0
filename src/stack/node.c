/* stack/node.c - see node.h. */
#include "stack/node.h"

struct node *node_new(struct arena *arena, enum node_kind kind, struct stack_where where)
{
    struct node *node = ARENA_NEW(arena, struct node);

    node->kind = kind;
    node->where = where;
    return node;
}

struct node *node_new_string(struct arena *arena, struct bytes text, struct stack_where where)
{
    struct node *node = node_new(arena, NODE_STRING, where);

    node->text = text;
    return node;
}

const struct node_member *node_find(const struct node *map, struct bytes name)
{
    if (!node_is(map, NODE_MAP))
        return NULL;
    for (size_t i = 0; i < map->count; i++) {
        if (bytes_equal(map->members[i].name, name))
            return &map->members[i];
    }
    return NULL;
}

struct node *node_get(const struct node *map, const char *name)
{
    const struct node_member *member = node_find(map, bytes_of_text(name));

    return member != NULL ? member->value : NULL;
}

bool node_scalar_text(const struct node *node, struct bytes *ret)
{
    if (node == NULL) {
        *ret = BYTES("");
        return true;
    }
    switch (node->kind) {
    case NODE_NULL:
        *ret = BYTES("");
        return true;
    case NODE_BOOLEAN:
        *ret = node->boolean ? BYTES("true") : BYTES("false");
        return true;
    case NODE_NUMBER:
    case NODE_STRING:
        *ret = node->text;
        return true;
    case NODE_LIST:
    case NODE_MAP:
        return false;
    }
    assert(false && "a node of no kind");
    return false;
}

#define DESCRIBED_TEXT_SIZE_MAX 64 /* longer texts are cut in messages */

struct bytes node_describe(struct arena *arena, const struct node *node)
{
    if (node == NULL)
        return BYTES("nothing");
    switch (node->kind) {
    case NODE_NULL:
        return BYTES("nothing");
    case NODE_BOOLEAN:
        return node->boolean ? BYTES("true") : BYTES("false");
    case NODE_NUMBER:
        return node->text;
    case NODE_STRING:
        if (node->text.size > DESCRIBED_TEXT_SIZE_MAX) {
            size_t size = DESCRIBED_TEXT_SIZE_MAX;

            while (size > 0 && (node->text.ptr[size] & 0xC0) == 0x80) /* cut at a whole character */
                size--;
            return arena_printf(arena, "\"%.*s...\"", (int)size, (const char *)node->text.ptr);
        }
        return arena_printf(arena, "\"%.*s\"", BYTES_ARG(node->text));
    case NODE_LIST:
        return BYTES("a list");
    case NODE_MAP:
        return BYTES("a mapping");
    }
    assert(false && "a node of no kind");
    return BYTES("");
}

void node_write(struct json_writer *writer, const struct node *node)
{
    if (buffer_failed(writer->out)) /* shared nodes could unfold without end */
        return;
    if (node == NULL) {
        json_write_null(writer);
        return;
    }
    switch (node->kind) {
    case NODE_NULL:
        json_write_null(writer);
        return;
    case NODE_BOOLEAN:
        json_write_bool(writer, node->boolean);
        return;
    case NODE_NUMBER:
        json_write_raw(writer, node->text);
        return;
    case NODE_STRING:
        json_write_string(writer, node->text);
        return;
    case NODE_LIST:
        json_begin_array(writer);
        for (size_t i = 0; i < node->count; i++)
            node_write(writer, node->items[i]);
        json_end_array(writer);
        return;
    case NODE_MAP:
        json_begin_object(writer);
        for (size_t i = 0; i < node->count; i++) {
            json_key_bytes(writer, node->members[i].name);
            node_write(writer, node->members[i].value);
        }
        json_end_object(writer);
        return;
    }
    assert(false && "a node of no kind");
}
