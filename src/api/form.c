/* api/form.c - see form.h. The fields are joined to a tree by the parts of their names; the shape
 * is walked over it. */
#include "api/form.h"

#include <stdlib.h>

#define DEFAULT_ELEMENT "member"
#define DEFAULT_ENTRY "entry"

struct node {
    struct bytes name, value;
    bool has_value;
    struct node *first, *last, *next; /* children, in the order in which they came; sibling */
    size_t count;
};

struct form {
    struct arena *arena;
    struct node root;
};

/* ---- the tree ---- */

static struct node *child_named(const struct node *parent, struct bytes name)
{
    for (struct node *child = parent->first; child != NULL; child = child->next)
        if (bytes_equal(child->name, name))
            return child;
    return NULL;
}

static struct node *child_of(struct form *form, struct node *parent, struct bytes name)
{
    struct node *child = child_named(parent, name);

    if (child != NULL)
        return child;
    child = ARENA_NEW(form->arena, struct node);
    child->name = name;
    if (parent->last != NULL)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
    parent->count++;
    return child;
}

/* False: the name goes too deep. */
static bool add_field(struct form *form, struct bytes name, struct bytes value)
{
    struct node *node = &form->root;

    for (size_t depth = 0; depth < FORM_DEPTH_MAX; depth++) {
        size_t dot = bytes_find_byte(name, '.', 0);

        node = child_of(form, node, bytes_slice(name, 0, dot));
        if (dot == SIZE_MAX) {
            if (!node->has_value)
                node->value = value;
            node->has_value = true;
            return true;
        }
        name = bytes_slice(name, dot + 1, name.size);
    }
    return false;
}

/* ---- reading ---- */

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* False: an escape that is none. */
static bool decode(struct arena *arena, struct bytes text, struct bytes *ret)
{
    uint8_t *out = arena_alloc(arena, text.size);
    size_t size = 0;

    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.ptr[i];

        if (c == '%') {
            int high = i + 2 < text.size ? hex_digit(text.ptr[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(text.ptr[i + 2]) : -1;

            if (low < 0)
                return false;
            c = (uint8_t)(high * 16 + low);
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        out[size++] = c;
    }
    *ret = bytes_of(out, size);
    return true;
}

static enum status refuse(struct api_error *error, const char *message)
{
    return api_refuse(error, API_SERIALIZATION, "%s", message);
}

static enum status parse_field(struct form *form, struct bytes field, struct api_error *error)
{
    size_t equals = size_min(bytes_find_byte(field, '=', 0), field.size);
    struct bytes name, value;

    if (!decode(form->arena, bytes_slice(field, 0, equals), &name) ||
        !decode(form->arena, bytes_slice(field, equals + 1, field.size), &value))
        return refuse(error, "The request's body has a percent sign that begins no escape");
    if (!bytes_are_utf8(name) || !bytes_are_utf8(value))
        return refuse(error, "The request's body is not UTF-8");
    if (!add_field(form, name, value))
        return refuse(error, "The request's body has a name of too many parts");
    return OK;
}

enum status form_parse(struct arena *arena, struct bytes body, struct form **ret,
                       struct api_error *error)
{
    struct form *form = ARENA_NEW(arena, struct form);
    enum status status = OK;

    form->arena = arena;
    for (size_t count = 0; status == OK && body.size > 0; count++) {
        size_t end = size_min(bytes_find_byte(body, '&', 0), body.size);

        if (count == FORM_FIELDS_MAX)
            return refuse(error, "The request's body has too many fields");
        if (end > 0)
            status = parse_field(form, bytes_slice(body, 0, end), error);
        body = bytes_slice(body, end + 1, body.size);
    }
    *ret = form;
    return status;
}

bool form_text(const struct form *form, const char *name, struct bytes *ret)
{
    const struct node *node = child_named(&form->root, bytes_of_text(name));

    if (node == NULL || !node->has_value)
        return false;
    *ret = node->value;
    return true;
}

void form_add(struct form *form, const char *name, struct bytes value)
{
    bool added = add_field(form, bytes_of_text(name), value);

    assert(added && "a name without a path");
}

/* ---- writing ---- */

struct writer {
    const struct form *form;
    struct json_writer json;
};

static void write_value(struct writer *w, const struct shape *shape, const struct node *node);

static const char *query_name(const struct shape_member *member)
{
    return member->query != NULL ? member->query : member->name;
}

/* A list or map is there when it has elements, anything else when it has a value or members. */
static const struct node *member_node(const struct shape_member *member, const struct node *node)
{
    const struct shape *shape = member->shape;
    const struct node *found = child_named(node, bytes_of_text(query_name(member)));
    bool is_list = shape != NULL && shape->kind == SHAPE_LIST;
    bool is_map = shape != NULL && shape->kind == SHAPE_MAP;

    if (found == NULL || (!is_list && !is_map))
        return found;
    if (!shape->flat)
        found = child_named(found, is_list ? BYTES(DEFAULT_ELEMENT) : BYTES(DEFAULT_ENTRY));
    return found != NULL && found->count > 0 ? found : NULL;
}

static void write_structure(struct writer *w, const struct shape *shape, const struct node *node)
{
    json_begin_object(&w->json);
    for (size_t i = 0; i < shape->member_count; i++) {
        const struct shape_member *member = &shape->members[i];
        const struct node *found = member_node(member, node);

        if (found == NULL)
            continue;
        json_key(&w->json, member->name);
        write_value(w, member->shape, found);
    }
    json_end_object(&w->json);
}

struct numbered {
    uint64_t number;
    const struct node *node;
};

static int compare_numbers(const void *a, const void *b)
{
    const struct numbered *x = a, *y = b;

    return x->number < y->number ? -1 : x->number > y->number;
}

/* The children whose names are numbers, in their order. */
static const struct numbered *numbered_children(struct writer *w, const struct node *node,
                                                size_t *ret_count)
{
    struct numbered *list = ARENA_NEW_ARRAY(w->form->arena, node->count, struct numbered);
    size_t count = 0;

    for (const struct node *child = node->first; child != NULL; child = child->next)
        if (bytes_to_uint64(child->name, &list[count].number))
            list[count++].node = child;
    if (count > 0)
        qsort(list, count, sizeof *list, compare_numbers);
    *ret_count = count;
    return list;
}

static void write_list(struct writer *w, const struct shape *shape, const struct node *node)
{
    size_t count = 0;
    const struct numbered *list = numbered_children(w, node, &count);

    json_begin_array(&w->json);
    for (size_t i = 0; i < count; i++)
        write_value(w, shape->element, list[i].node);
    json_end_array(&w->json);
}

/* An entry without a value has none: its shape says what that means. */
static void write_map(struct writer *w, const struct shape *shape, const struct node *node)
{
    struct bytes key_name = bytes_of_text(shape->query_key != NULL ? shape->query_key : "key");
    struct bytes value_name =
        bytes_of_text(shape->query_value != NULL ? shape->query_value : "value");
    size_t count = 0;
    const struct numbered *list = numbered_children(w, node, &count);

    json_begin_object(&w->json);
    for (size_t i = 0; i < count; i++) {
        const struct node *key = child_named(list[i].node, key_name);
        const struct node *value = child_named(list[i].node, value_name);

        if (key == NULL)
            continue;
        json_key_bytes(&w->json, key->value);
        if (value != NULL)
            write_value(w, shape->element, value);
        else
            json_write_null(&w->json);
    }
    json_end_object(&w->json);
}

static void write_scalar(struct writer *w, const struct shape *shape, struct bytes text)
{
    int64_t number = 0;
    bool integer = shape != NULL && (shape->kind == SHAPE_INTEGER || shape->kind == SHAPE_LONG);
    bool boolean = shape != NULL && shape->kind == SHAPE_BOOLEAN;

    if (integer && bytes_to_int64(text, &number))
        json_write_int(&w->json, number);
    else if (boolean && (bytes_equal_text(text, "true") || bytes_equal_text(text, "false")))
        json_write_bool(&w->json, bytes_equal_text(text, "true"));
    else
        json_write_string(&w->json, text);
}

/* shape NULL: a member that is refused by its name, whatever it holds. */
static void write_value(struct writer *w, const struct shape *shape, const struct node *node)
{
    if (shape != NULL && shape->kind == SHAPE_STRUCTURE)
        write_structure(w, shape, node);
    else if (shape != NULL && shape->kind == SHAPE_LIST)
        write_list(w, shape, node);
    else if (shape != NULL && shape->kind == SHAPE_MAP)
        write_map(w, shape, node);
    else
        write_scalar(w, shape, node->value);
}

void form_write(const struct form *form, const struct shape *shape, struct buffer *out)
{
    struct writer w = {.form = form, .json = JSON_WRITER(out)};

    write_structure(&w, shape, &form->root);
}
