/* test/unit/partiql/case.h - what the tables of cases in this folder are read with.
 *
 * Parameters, items and values are written with ' for ", so that JSON in C stays legible;
 * statements stand as they are, names in them in double quotes only where it matters. */
#ifndef DYNLOG_TEST_PARTIQL_CASE_H
#define DYNLOG_TEST_PARTIQL_CASE_H

#include "partiql/partiql.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

static inline const struct json *case_json(struct arena *arena, const char *text)
{
    char *copy = arena_copy_text(arena, bytes_of_text(text));
    const struct json *json = NULL;
    struct json_error error = {0};

    for (char *at = copy; *at != '\0'; at++)
        if (*at == '\'')
            *at = '"';
    if (json_parse(arena, bytes_of_text(copy), &json, &error) != OK)
        fail_msg("%s: %s at %zu", text, error.message, error.offset);
    return json;
}

static inline const struct item *case_item(struct arena *arena, const char *text)
{
    struct item *item = ARENA_NEW(arena, struct item);
    struct api_error error = {0};

    if (text == NULL)
        return NULL;
    if (item_from_json(arena, case_json(arena, text), item, &error) != OK)
        fail_msg("%s: %s", text, error.message);
    return item;
}

/* "[{'S': 'a'}, {'N': '1'}]"; NULL: none. */
static inline struct value *case_values(struct arena *arena, const char *text, size_t *ret_count)
{
    const char *json = text != NULL ? text : "[]";
    const struct json *array = case_json(arena, json);
    struct value *values = ARENA_NEW_ARRAY(arena, json_count(array) + 1, struct value);
    struct api_error error = {0};

    *ret_count = 0;
    for (struct json_iter it = json_iter(array); json_next(&it);)
        if (value_from_json(arena, it.value, &values[(*ret_count)++], &error) != OK)
            fail_msg("%s: %s", json, error.message);
    return values;
}

static inline enum status case_try(struct arena *arena, const char *text, const char *parameters,
                                   const struct partiql_statement **ret, struct api_error *error)
{
    size_t count = 0;
    const struct value *values = case_values(arena, parameters, &count);

    return partiql_parse(arena, bytes_of_text(text), values, count, ret, error);
}

static inline const struct partiql_statement *case_parse(struct arena *arena, const char *text,
                                                         const char *parameters)
{
    const struct partiql_statement *statement = NULL;
    struct api_error error = {0};

    if (case_try(arena, text, parameters, &statement, &error) != OK)
        fail_msg("%s\n  refused: %s", text, error.message);
    return statement;
}

static inline void case_expect_error(const char *text, enum status status,
                                     const struct api_error *error, const char *message)
{
    if (status != REFUSED || error->kind != API_VALIDATION || strcmp(error->message, message) != 0)
        fail_msg("%s\n  expected: %s\n  answered: %s", text, message,
                 status == OK ? "OK" : error->message);
}

/* Refused before any table is looked at. */
static inline void case_expect_refusal(const char *text, const char *parameters,
                                       const char *message)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct partiql_statement *statement = NULL;
    struct api_error error = {0};
    enum status status = case_try(arena, text, parameters, &statement, &error);

    case_expect_error(text, status, &error, message);
}

/* pk S, sk S */
static const struct key_schema case_keys = {
    {{{(const uint8_t *)"pk", 2}, VALUE_S}, {{(const uint8_t *)"sk", 2}, VALUE_S}}, 1, 2};
/* pk S */
static const struct key_schema case_hash_keys = {{{{(const uint8_t *)"pk", 2}, VALUE_S}}, 1, 1};
/* x S, y S: for conditions that name no key */
static const struct key_schema case_other_keys = {
    {{{(const uint8_t *)"x", 1}, VALUE_S}, {{(const uint8_t *)"y", 1}, VALUE_S}}, 1, 2};

#endif
