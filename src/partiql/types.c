/* partiql/types.c - the names of types behind IS; see tree.h. */
#include "partiql/tree.h"

static const struct type_name {
    const char *name; /* the first word: DOUBLE PRECISION and CHARACTER VARYING have two */
    bool two_words, has_type, missing;
    enum value_type type;
} type_names[] = {
    {.name = "missing", .missing = true},
    {.name = "null", .has_type = true, .type = VALUE_NULL},
    {.name = "bool", .has_type = true, .type = VALUE_BOOL},
    {.name = "boolean", .has_type = true, .type = VALUE_BOOL},
    {.name = "blob", .has_type = true, .type = VALUE_B},
    {.name = "string", .has_type = true, .type = VALUE_S},
    {.name = "numeric", .has_type = true, .type = VALUE_N},
    {.name = "struct", .has_type = true, .type = VALUE_M},
    {.name = "tuple", .has_type = true, .type = VALUE_M},
    {.name = "list", .has_type = true, .type = VALUE_L},
    {.name = "smallint"},
    {.name = "int2"},
    {.name = "integer2"},
    {.name = "int4"},
    {.name = "integer4"},
    {.name = "int8"},
    {.name = "integer8"},
    {.name = "bigint"},
    {.name = "int"},
    {.name = "integer"},
    {.name = "float"},
    {.name = "real"},
    {.name = "double", .two_words = true},
    {.name = "decimal"},
    {.name = "dec"},
    {.name = "timestamp"},
    {.name = "date"},
    {.name = "time"},
    {.name = "char"},
    {.name = "character"},
    {.name = "character", .two_words = true},
    {.name = "varchar"},
    {.name = "symbol"},
    {.name = "clob"},
    {.name = "sexp"},
    {.name = "bag"},
};

/* The lexer made one token of two words: a blank or a comment stands between them. */
static bool matches(const struct type_name *row, struct bytes name)
{
    struct bytes first = bytes_of_text(row->name);

    if (!row->two_words)
        return bytes_equal_ignore_case(name, first);
    return name.size > first.size &&
           bytes_equal_ignore_case(bytes_slice(name, 0, first.size), first) &&
           bytes_find_byte(BYTES(" \t\n\v\f\r-/"), name.ptr[first.size], 0) != SIZE_MAX;
}

static const struct type_name *find(struct bytes name)
{
    for (size_t i = 0; i < ARRAY_COUNT(type_names); i++)
        if (matches(&type_names[i], name))
            return &type_names[i];
    return NULL;
}

bool partiql_is_type(struct bytes name)
{
    return find(name) != NULL;
}

bool partiql_type(struct bytes name, enum value_type *ret, bool *ret_missing)
{
    const struct type_name *row = find(name);

    if (row == NULL || (!row->has_type && !row->missing))
        return false;
    *ret = row->type;
    *ret_missing = row->missing;
    return true;
}
