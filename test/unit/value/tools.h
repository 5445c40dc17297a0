/* What the tests of value/ share: parsing that must succeed, texts of results, repeatable chance.
 */
#ifndef TEST_VALUE_TOOLS_H
#define TEST_VALUE_TOOLS_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "value/value.h"

/* One seed gives one run; a failure prints it (splitmix64). */
#define SEED UINT64_C(0x64796E6C6F67)

struct chance {
    uint64_t state;
};

static inline uint64_t chance_next(struct chance *chance)
{
    uint64_t z = chance->state += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* From `low` to `high`, both included. */
static inline int chance_between(struct chance *chance, int low, int high)
{
    return low + (int)(chance_next(chance) % (uint64_t)(high - low + 1));
}

static inline struct number number_of(const char *text)
{
    struct number number = {0};
    struct api_error error = {0};

    if (number_parse(bytes_of_text(text), &number, &error) != OK)
        fail_msg("%s: %s", text, error.message);
    return number;
}

/* The number's text; good until the arena goes. */
static inline const char *text_of_number(struct arena *arena, const struct number *number)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(NUMBER_TEXT_MAX);

    number_print(&out, number);
    assert_false(buffer_failed(&out));
    return arena_copy_text(arena, buffer_bytes(&out));
}

static inline const struct json *json_of(struct arena *arena, const char *text)
{
    const struct json *json = NULL;

    if (json_parse(arena, bytes_of_text(text), &json, NULL) != OK)
        fail_msg("no JSON: %s", text);
    return json;
}

static inline struct value value_of(struct arena *arena, const char *text)
{
    struct value value = {0};
    struct api_error error = {0};

    if (value_from_json(arena, json_of(arena, text), &value, &error) != OK)
        fail_msg("%s: %s", text, error.message);
    return value;
}

static inline struct item item_of(struct arena *arena, const char *text)
{
    struct item item = {0};
    struct api_error error = {0};

    if (item_from_json(arena, json_of(arena, text), &item, &error) != OK)
        fail_msg("%s: %s", text, error.message);
    return item;
}

static inline const char *text_of_value(struct arena *arena, const struct value *value)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(SIZE_MAX);

    value_print(&out, value);
    return arena_copy_text(arena, buffer_bytes(&out));
}

static inline const char *text_of_item(struct arena *arena, const struct item *item)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(SIZE_MAX);

    item_print(&out, item);
    return arena_copy_text(arena, buffer_bytes(&out));
}

/* A test's arena, as cmocka's state. */
static inline int arena_setup(void **state)
{
    *state = arena_new();
    return 0;
}

static inline int arena_teardown(void **state)
{
    arena_free(*state);
    return 0;
}

#define ARENA_TEST(test) cmocka_unit_test_setup_teardown(test, arena_setup, arena_teardown)

#endif
