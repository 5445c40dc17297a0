/* value/size.c - what values count for in limits and capacity (AWS: DynamoDB developer guide, "Item
 * sizes and formats"; docs/format/item.md). */
#include "value/value.h"

#define CONTAINER_OVERHEAD 3 /* a map or a list, whatever is in it */
#define ELEMENT_OVERHEAD 1   /* each of its elements */

static size_t values_size(const struct value *values, size_t count)
{
    size_t size = 0;

    for (size_t i = 0; i < count; i++)
        size += value_size(&values[i]);
    return size;
}

size_t value_size(const struct value *value)
{
    switch (value->type) {
    case VALUE_S:
    case VALUE_B:
        return value->bytes.size;
    case VALUE_N:
        return number_size(&value->number);
    case VALUE_BOOL:
    case VALUE_NULL:
        return 1;
    case VALUE_M:
        return CONTAINER_OVERHEAD + ELEMENT_OVERHEAD * value->map.count + item_size(&value->map);
    case VALUE_L:
        return CONTAINER_OVERHEAD + ELEMENT_OVERHEAD * value->list.count +
               values_size(value->list.values, value->list.count);
    case VALUE_SS:
    case VALUE_NS:
    case VALUE_BS:
        return values_size(value->list.values, value->list.count);
    }
    return 0;
}

size_t item_size(const struct item *item)
{
    size_t size = 0;

    for (size_t i = 0; i < item->count; i++)
        size += item->attributes[i].name.size + value_size(&item->attributes[i].value);
    return size;
}
