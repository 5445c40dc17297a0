/* value/order.h - private to value/: collections in an order, so that what would be quadratic is
 * not. Requests are up to 16 MiB, so a set or a map may have a million elements before its size is
 * checked. */
#ifndef DYNLOG_VALUE_ORDER_H
#define DYNLOG_VALUE_ORDER_H

#include "value/value.h"

/* AWS's words for more than ITEM_DEPTH_MAX. */
#define VALUE_TOO_DEEP                                                                             \
    "Nesting Levels have exceeded supported limits: "                                              \
    "Attributes in the item have nested levels beyond supported limit"

/* Pointers to the values (all S, all N or all B), the smallest first; for mem_free(). */
const struct value **values_in_order(const struct value *values, size_t count);

/* Pointers to the attributes by name, those of one name in the order in which they came; for
 * mem_free(). */
const struct attribute **attributes_in_order(const struct item *item);

/* True when two values of a set are equal. */
bool values_repeat(const struct value *values, size_t count);

/* Leaves one attribute of each name: at the place of the first, with the value of the last. */
void attributes_unite(struct item *item);

#endif
