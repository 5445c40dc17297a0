/* value/order.c - see order.h. */
#include "value/order.h"

#include <stdlib.h>

/* Up to here, comparing each with each is faster than sorting. */
#define EACH_WITH_EACH_MAX 16

static int compare_values(const void *a, const void *b)
{
    const struct value *const *left = a;
    const struct value *const *right = b;
    int order = 0;

    if (!value_compare(*left, *right, &order))
        assert(false && "the values of a set have one type");
    return order;
}

const struct value **values_in_order(const struct value *values, size_t count)
{
    const struct value **sorted = mem_new_array(count, sizeof *sorted);

    for (size_t i = 0; i < count; i++)
        sorted[i] = &values[i];
    if (count > 1)
        qsort(sorted, count, sizeof *sorted, compare_values);
    return sorted;
}

static int compare_attributes(const void *a, const void *b)
{
    const struct attribute *const *left = a;
    const struct attribute *const *right = b;
    int order = bytes_compare((*left)->name, (*right)->name);

    if (order != 0)
        return order;
    return *left < *right ? -1 : *left > *right; /* both point into one array */
}

const struct attribute **attributes_in_order(const struct item *item)
{
    const struct attribute **sorted = mem_new_array(item->count, sizeof *sorted);

    for (size_t i = 0; i < item->count; i++)
        sorted[i] = &item->attributes[i];
    if (item->count > 1)
        qsort(sorted, item->count, sizeof *sorted, compare_attributes);
    return sorted;
}

bool values_repeat(const struct value *values, size_t count)
{
    bool repeat = false;

    if (count <= EACH_WITH_EACH_MAX) {
        for (size_t i = 1; i < count; i++)
            for (size_t k = 0; k < i; k++)
                if (value_equal(&values[i], &values[k]))
                    return true;
        return false;
    }

    const struct value **sorted = values_in_order(values, count);

    for (size_t i = 1; i < count && !repeat; i++)
        repeat = value_equal(sorted[i - 1], sorted[i]);
    mem_free(sorted);
    return repeat;
}

static bool few_names_repeat(const struct item *item)
{
    for (size_t i = 1; i < item->count; i++)
        for (size_t k = 0; k < i; k++)
            if (bytes_equal(item->attributes[i].name, item->attributes[k].name))
                return true;
    return false;
}

void attributes_unite(struct item *item)
{
    if (item->count <= EACH_WITH_EACH_MAX && !few_names_repeat(item))
        return;

    const struct attribute **sorted = attributes_in_order(item);
    bool *gone = mem_new_array(item->count, sizeof *gone);
    size_t kept = 0, first = 0;

    for (size_t i = 1; i < item->count; i++) {
        if (!bytes_equal(sorted[first]->name, sorted[i]->name)) {
            first = i;
            continue;
        }
        item->attributes[sorted[first] - item->attributes].value = sorted[i]->value;
        gone[sorted[i] - item->attributes] = true;
    }
    for (size_t i = 0; i < item->count; i++)
        if (!gone[i])
            item->attributes[kept++] = item->attributes[i];
    item->count = kept;
    mem_free(gone);
    mem_free(sorted);
}
