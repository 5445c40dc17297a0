/* test/unit/expr/case.h - what the tables of cases in this folder are read with.
 *
 * Items, names, values and messages are written with ' for ", so that JSON in C stays legible. */
#ifndef DYNLOG_TEST_EXPR_CASE_H
#define DYNLOG_TEST_EXPR_CASE_H

#include "expr/expr.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

static inline struct bytes case_text(struct arena *arena, const char *text)
{
    char *copy = arena_copy_text(arena, bytes_of_text(text));

    for (char *at = copy; *at != '\0'; at++)
        if (*at == '\'')
            *at = '"';
    return bytes_of_text(copy);
}

static inline const struct json *case_json(struct arena *arena, const char *text)
{
    const struct json *json = NULL;
    struct json_error error = {0};

    if (json_parse(arena, case_text(arena, text), &json, &error) != OK)
        fail_msg("%s: %s at %zu", text, error.message, error.offset);
    return json;
}

/* NULL stands for no item. */
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

/* NULL stands for an empty map. */
static inline struct expr_names case_names(struct arena *arena, const char *names_text,
                                           const char *values_text)
{
    const struct json *names = case_json(arena, names_text != NULL ? names_text : "{}");
    const struct item *values = case_item(arena, values_text != NULL ? values_text : "{}");
    struct expr_names ret = {
        .names = ARENA_NEW_ARRAY(arena, json_count(names) + 1, struct expr_name),
        .values = ARENA_NEW_ARRAY(arena, values->count + 1, struct expr_value),
    };

    for (struct json_iter it = json_iter(names); json_next(&it);)
        ret.names[ret.name_count++] =
            (struct expr_name){.placeholder = it.name, .name = json_string(it.value)};
    for (size_t i = 0; i < values->count; i++)
        ret.values[ret.value_count++] = (struct expr_value){
            .placeholder = values->attributes[i].name, .value = values->attributes[i].value};
    return ret;
}

static inline void case_expect_error(struct arena *arena, const char *expression,
                                     const struct api_error *error, const char *message)
{
    if (error->kind != API_VALIDATION ||
        !bytes_equal(case_text(arena, message), bytes_of_text(error->message)))
        fail_msg("%s\n  expected: %s\n  answered: %s", expression, message, error->message);
}

/* Attributes in any order. */
static inline void case_expect_item(struct arena *arena, const char *expression,
                                    const struct item *item, const char *expected)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(1 << 20);

    item_print(&text, item);
    if (!item_equal(item, case_item(arena, expected)))
        fail_msg("%s\n  expected: %s\n  answered: %.*s", expression, expected,
                 BYTES_ARG(buffer_bytes(&text)));
}

#endif
