/* pattern/field.c - see field.h. */
#include "pattern/field.h"

/* ---- the tree ---- */

/* Cuts the first name off; false at the end. "a..b" has an empty name between. */
static bool next_name(struct bytes *path, struct bytes *name)
{
    if (path->ptr == NULL)
        return false;
    size_t dot = bytes_find_byte(*path, '.', 0);

    if (dot == SIZE_MAX) {
        *name = *path;
        *path = (struct bytes){NULL, 0};
        return true;
    }
    *name = bytes_of(path->ptr, dot);
    *path = bytes_of(path->ptr + dot + 1, path->size - dot - 1);
    return true;
}

static uint64_t name_tag(struct bytes name)
{
    uint64_t tag = 0;
    uint32_t low = 0, high = 0;

    if (name.size >= 8) {
        memcpy(&tag, name.ptr, 8);
        return (tag << 8) | (name.size & 0xFF);
    }
    if (name.size >= 4) { /* the two may overlap */
        memcpy(&low, name.ptr, 4);
        memcpy(&high, name.ptr + name.size - 4, 4);
        return ((uint64_t)high << 24 ^ low) << 8 | name.size;
    }
    for (size_t i = 0; i < name.size; i++)
        tag = tag << 8 | name.ptr[i];
    return tag << 8 | name.size;
}

static struct field *find_child(const struct field *field, struct bytes name)
{
    if (field->children.count > FIELD_FEW_CHILDREN)
        return map_get(&field->children, name);
    uint64_t tag = name_tag(name);

    for (size_t i = 0; i < field->children.count; i++)
        if (field->few[i].tag == tag && bytes_equal(field->few[i].field->name, name))
            return field->few[i].field;
    return NULL;
}

/* After a child came or went. */
static void note_children(struct field *field)
{
    struct bytes name;
    void *child = NULL;
    size_t count = 0;

    if (field->children.count > FIELD_FEW_CHILDREN)
        return;
    for (size_t i = 0; map_next(&field->children, &i, &name, &child);)
        field->few[count++] = (struct field_child){name_tag(name), child};
}

static struct field *new_child(struct field *parent, struct bytes name)
{
    struct field *child = mem_new(sizeof *child);
    uint8_t *copy = mem_new(name.size + 1);

    if (name.size > 0)
        memcpy(copy, name.ptr, name.size);
    child->parent = parent;
    child->name = bytes_of(copy, name.size);
    map_put(&parent->children, child->name, child);
    note_children(parent);
    return child;
}

struct field *field_acquire(struct field *root, struct bytes path)
{
    struct field *field = root;
    struct bytes name;

    while (next_name(&path, &name)) {
        struct field *child = find_child(field, name);

        field = child != NULL ? child : new_child(field, name);
        field->uses++;
    }
    field->leaf_uses++;
    return field;
}

static void free_name(struct field *field)
{
    union {
        const uint8_t *in;
        uint8_t *out;
    } cast = {field->name.ptr};

    mem_free(cast.out);
}

void field_clear(struct field *root)
{
    struct bytes name;
    void *child = NULL;

    for (size_t i = 0; map_next(&root->children, &i, &name, &child);) {
        field_clear(child);
        free_name(child);
        mem_free(child);
    }
    map_free(&root->children);
    index_free(&root->index);
}

void field_release(struct field *field)
{
    assert(field->leaf_uses > 0);
    field->leaf_uses--;
    while (field->parent != NULL) {
        struct field *parent = field->parent;

        if (--field->uses == 0) {
            map_remove(&parent->children, field->name);
            note_children(parent);
            field_clear(field);
            free_name(field);
            mem_free(field);
        }
        field = parent;
    }
}

/* ---- the leaves of an event ---- */

static void take_value(struct event_leaves *leaves, struct field *field, const struct json *value,
                       size_t element);

void event_leaves_free(struct event_leaves *leaves)
{
    arena_free(leaves->arena);
    mem_free(leaves->leaves);
    mem_free(leaves->elements);
    mem_free(leaves->fields);
    *leaves = (struct event_leaves){0};
}

static void *room_for_one(void *array, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return array;
    *capacity = size_max(32, *capacity * 2);
    return mem_resize(array, *capacity * size);
}

static void add_leaf(struct event_leaves *leaves, struct field *field, const struct json *value,
                     size_t element)
{
    size_t number = leaves->leaf_count;

    if (field->leaf_uses == 0)
        return;
    leaves->leaves =
        room_for_one(leaves->leaves, number, &leaves->leaf_capacity, sizeof *leaves->leaves);
    leaves->leaves[number] = (struct event_leaf){
        .leaf = leaf_of(leaves->arena, value), .element = element, .next = NO_LEAF};
    leaves->leaf_count++;
    if (field->event_number == leaves->event_number) {
        leaves->leaves[field->last_leaf].next = number;
        field->last_leaf = number;
        return;
    }
    field->event_number = leaves->event_number;
    field->first_leaf = field->last_leaf = number;
    leaves->fields = room_for_one(leaves->fields, leaves->field_count, &leaves->field_capacity,
                                  sizeof(struct field *));
    leaves->fields[leaves->field_count++] = field;
}

/* The field of a member's name, which may be a path. No child's name has a dot in it. */
static struct field *find_inner(struct field *field, struct bytes path)
{
    struct field *inner = find_child(field, path);
    struct bytes name;

    if (inner != NULL || bytes_find_byte(path, '.', 0) == SIZE_MAX)
        return inner;
    for (inner = field; inner != NULL && next_name(&path, &name);)
        inner = find_child(inner, name);
    return inner;
}

static void take_object(struct event_leaves *leaves, struct field *field, const struct json *object,
                        size_t element)
{
    if (field->children.count == 0)
        return;
    for (struct json_iter it = json_iter(object); json_next(&it);) {
        struct field *inner = find_inner(field, it.name);

        if (inner != NULL)
            take_value(leaves, inner, it.value, element);
    }
}

static size_t begin_element(struct event_leaves *leaves, const struct field *array, size_t parent)
{
    size_t number = leaves->element_count++;

    leaves->elements =
        room_for_one(leaves->elements, number, &leaves->element_capacity, sizeof *leaves->elements);
    leaves->elements[number] = (struct event_element){
        .parent = parent,
        .depth = parent == NO_ELEMENT ? 1 : leaves->elements[parent].depth + 1,
        .array = array,
    };
    return number;
}

static void take_array(struct event_leaves *leaves, struct field *field, const struct json *array,
                       size_t element)
{
    for (struct json_iter it = json_iter(array); json_next(&it);) {
        if (!json_is(it.value, JSON_OBJECT) && !json_is(it.value, JSON_ARRAY)) {
            add_leaf(leaves, field, it.value, element);
            continue;
        }
        size_t inner = begin_element(leaves, field, element);

        take_value(leaves, field, it.value, inner);
        leaves->elements[inner].end = leaves->element_count;
    }
}

static void take_value(struct event_leaves *leaves, struct field *field, const struct json *value,
                       size_t element)
{
    if (json_is(value, JSON_OBJECT))
        take_object(leaves, field, value, element);
    else if (json_is(value, JSON_ARRAY))
        take_array(leaves, field, value, element);
    else
        add_leaf(leaves, field, value, element);
}

void event_leaves_take(struct event_leaves *leaves, struct field *root, const struct json *event)
{
    if (leaves->arena == NULL)
        leaves->arena = arena_new();
    arena_reset(leaves->arena);
    leaves->event_number++;
    leaves->leaf_count = leaves->field_count = 0;
    leaves->element_count = 1; /* NO_ELEMENT is number 0 */
    if (leaves->elements == NULL)
        leaves->elements =
            room_for_one(NULL, 0, &leaves->element_capacity, sizeof *leaves->elements);
    assert(leaves->elements != NULL);
    leaves->elements[NO_ELEMENT] = (struct event_element){.end = SIZE_MAX};
    if (json_is(event, JSON_OBJECT))
        take_object(leaves, root, event, NO_ELEMENT);
}

size_t event_leaves_first(const struct event_leaves *leaves, const struct field *field)
{
    return field->event_number == leaves->event_number ? field->first_leaf : NO_LEAF;
}
