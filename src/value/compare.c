/* value/compare.c - when values are equal, and which comes first; see value.h. */
#include "value/order.h"

bool value_compare(const struct value *a, const struct value *b, int *ret)
{
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case VALUE_S: /* UTF-8 bytes in memcmp order are code points in order */
    case VALUE_B:
        *ret = bytes_compare(a->bytes, b->bytes);
        return true;
    case VALUE_N:
        *ret = number_compare(&a->number, &b->number);
        return true;
    case VALUE_BOOL:
    case VALUE_NULL:
    case VALUE_M:
    case VALUE_L:
    case VALUE_SS:
    case VALUE_NS:
    case VALUE_BS:
        return false;
    }
    return false;
}

static bool lists_equal(const struct value *a, const struct value *b)
{
    if (a->list.count != b->list.count)
        return false;
    for (size_t i = 0; i < a->list.count; i++)
        if (!value_equal(&a->list.values[i], &b->list.values[i]))
            return false;
    return true;
}

static bool sets_equal(const struct value *a, const struct value *b)
{
    bool equal = true;

    if (a->list.count != b->list.count)
        return false;
    if (lists_equal(a, b)) /* most often they come in one order */
        return true;

    const struct value **left = values_in_order(a->list.values, a->list.count);
    const struct value **right = values_in_order(b->list.values, b->list.count);

    for (size_t i = 0; i < a->list.count && equal; i++)
        equal = value_equal(left[i], right[i]);
    mem_free(left);
    mem_free(right);
    return equal;
}

bool value_equal(const struct value *a, const struct value *b)
{
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case VALUE_S:
    case VALUE_B:
        return bytes_equal(a->bytes, b->bytes);
    case VALUE_N:
        return number_equal(&a->number, &b->number);
    case VALUE_BOOL:
        return a->boolean == b->boolean;
    case VALUE_NULL:
        return true;
    case VALUE_M:
        return item_equal(&a->map, &b->map);
    case VALUE_L:
        return lists_equal(a, b);
    case VALUE_SS:
    case VALUE_NS:
    case VALUE_BS:
        return sets_equal(a, b);
    }
    return false;
}

static bool attributes_equal(const struct attribute *a, const struct attribute *b)
{
    return bytes_equal(a->name, b->name) && value_equal(&a->value, &b->value);
}

bool item_equal(const struct item *a, const struct item *b)
{
    size_t same = 0;
    bool equal = true;

    if (a->count != b->count)
        return false;
    while (same < a->count && bytes_equal(a->attributes[same].name, b->attributes[same].name)) {
        if (!value_equal(&a->attributes[same].value, &b->attributes[same].value))
            return false;
        same++;
    }
    if (same == a->count) /* most often they come in one order */
        return true;

    const struct attribute **left = attributes_in_order(a);
    const struct attribute **right = attributes_in_order(b);

    for (size_t i = 0; i < a->count && equal; i++)
        equal = attributes_equal(left[i], right[i]);
    mem_free(left);
    mem_free(right);
    return equal;
}
