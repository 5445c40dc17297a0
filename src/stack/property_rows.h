/* stack/property_rows.h - rows of tables of properties (struct property of loader.h), for the files
 * that read resources. In braces: a row that says no more. */
#ifndef DYNLOG_STACK_PROPERTY_ROWS_H
#define DYNLOG_STACK_PROPERTY_ROWS_H

#include "stack/loader.h"

#define TEXT(name_)                                                                                \
    {                                                                                              \
        .name = (name_), .kind = PROPERTY_TEXT                                                     \
    }
#define NEEDED(name_)                                                                              \
    {                                                                                              \
        .name = (name_), .kind = PROPERTY_TEXT, .required = true                                   \
    }
#define INTEGER(name_, smallest_, largest_)                                                        \
    {                                                                                              \
        .name = (name_), .kind = PROPERTY_INTEGER, .smallest = (smallest_), .largest = (largest_)  \
    }
#define ELSEWHERE(name_)                                                                           \
    {                                                                                              \
        .name = (name_), .kind = PROPERTY_ELSEWHERE                                                \
    }
#define MAP_OF(inside_)                                                                            \
    .kind = PROPERTY_MAP, .inside = (inside_), .inside_count = ARRAY_COUNT(inside_)
#define LIST_OF(inside_)                                                                           \
    .kind = PROPERTY_LIST, .inside = (inside_), .inside_count = ARRAY_COUNT(inside_)
#define MAP(name_, inside_)                                                                        \
    {                                                                                              \
        .name = (name_), MAP_OF(inside_)                                                           \
    }
#define LIST(name_, inside_)                                                                       \
    {                                                                                              \
        .name = (name_), LIST_OF(inside_)                                                          \
    }

#endif
