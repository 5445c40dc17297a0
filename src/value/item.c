/* value/item.c - attributes of an item, names of types, deep copies; see value.h. */
#include "value/value.h"

static const char *const type_names[] = {
    [VALUE_S] = "S",       [VALUE_N] = "N",   [VALUE_B] = "B", [VALUE_BOOL] = "BOOL",
    [VALUE_NULL] = "NULL", [VALUE_M] = "M",   [VALUE_L] = "L", [VALUE_SS] = "SS",
    [VALUE_NS] = "NS",     [VALUE_BS] = "BS",
};

const char *value_type_name(enum value_type type)
{
    return type_names[type];
}

static bool type_of_letter(uint8_t letter, enum value_type *ret)
{
    switch (letter) {
    case 'S':
        *ret = VALUE_S;
        return true;
    case 'N':
        *ret = VALUE_N;
        return true;
    case 'B':
        *ret = VALUE_B;
        return true;
    case 'M':
        *ret = VALUE_M;
        return true;
    case 'L':
        *ret = VALUE_L;
        return true;
    default:
        return false;
    }
}

bool value_type_of_name(struct bytes name, enum value_type *ret)
{
    if (name.size == 1) /* most of all values: no search */
        return type_of_letter(name.ptr[0], ret);
    for (size_t i = 0; i < ARRAY_COUNT(type_names); i++) {
        if (bytes_equal_text(name, type_names[i])) {
            *ret = (enum value_type)i;
            return true;
        }
    }
    return false;
}

static struct attribute *find(const struct item *item, struct bytes name)
{
    for (size_t i = 0; i < item->count; i++)
        if (bytes_equal(item->attributes[i].name, name))
            return &item->attributes[i];
    return NULL;
}

const struct value *item_get(const struct item *item, struct bytes name)
{
    const struct attribute *attribute = find(item, name);

    return attribute != NULL ? &attribute->value : NULL;
}

void item_set(struct arena *arena, struct item *item, struct bytes name, struct value value)
{
    struct attribute *attribute = find(item, name);

    if (attribute != NULL) {
        attribute->value = value;
        return;
    }

    /* Always a new array: the old one may belong to another item too. */
    struct attribute *moved = ARENA_NEW_ARRAY(arena, item->count + 1, struct attribute);

    if (item->count > 0)
        memcpy(moved, item->attributes, item->count * sizeof *moved);
    moved[item->count] = (struct attribute){.name = name, .value = value};
    item->attributes = moved;
    item->count++;
}

void item_remove(struct item *item, struct bytes name)
{
    struct attribute *attribute = find(item, name);

    if (attribute == NULL)
        return;

    size_t index = (size_t)(attribute - item->attributes);

    memmove(attribute, attribute + 1, (item->count - index - 1) * sizeof *attribute);
    item->count--;
}

static struct value *copy_values(struct arena *arena, const struct value *values, size_t count)
{
    struct value *copies = ARENA_NEW_ARRAY(arena, count, struct value);

    for (size_t i = 0; i < count; i++)
        copies[i] = value_copy(arena, &values[i]);
    return copies;
}

struct value value_copy(struct arena *arena, const struct value *value)
{
    struct value copy = *value;

    switch (value->type) {
    case VALUE_S:
    case VALUE_B:
        copy.bytes = arena_copy(arena, value->bytes);
        break;
    case VALUE_M:
        copy.map = item_copy(arena, &value->map);
        break;
    case VALUE_L:
    case VALUE_SS:
    case VALUE_NS:
    case VALUE_BS:
        copy.list.values = copy_values(arena, value->list.values, value->list.count);
        break;
    case VALUE_N:
    case VALUE_BOOL:
    case VALUE_NULL:
        break;
    }
    return copy;
}

struct item item_copy(struct arena *arena, const struct item *item)
{
    struct item copy = {ARENA_NEW_ARRAY(arena, item->count, struct attribute), item->count};

    for (size_t i = 0; i < item->count; i++) {
        copy.attributes[i].name = arena_copy(arena, item->attributes[i].name);
        copy.attributes[i].value = value_copy(arena, &item->attributes[i].value);
    }
    return copy;
}
