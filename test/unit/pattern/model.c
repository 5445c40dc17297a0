/* pattern/matcher.c against a matcher that is too simple to be wrong: it tries every way to choose
 * one value for each field of a pattern. Random patterns, random events, many patterns at once,
 * added and removed. A failure prints the seed; DYNLOG_SEED=N runs that one again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/id.h"
#include "pattern/pattern.h"

#define RULES 24
#define EVENTS 40
#define ROUNDS 25
#define CHOICES_MAX 64

/* ---- chance ---- */

static uint64_t chance_state;

static uint64_t chance(uint64_t below)
{
    chance_state ^= chance_state << 13;
    chance_state ^= chance_state >> 7;
    chance_state ^= chance_state << 17;
    return chance_state % below;
}

static const char *one_of(const char *const *texts, size_t count)
{
    return texts[chance(count)];
}

#define ONE_OF(texts) one_of(texts, ARRAY_COUNT(texts))

/* ---- random events and patterns, of few names and few values, so that they meet ---- */

static const char *const names[] = {"a", "b", "c"};
static const char *const values[] = {
    "\"x\"", "\"y\"", "\"xy\"", "\"XY\"", "\"\"",  "1",    "1.0",
    "2",     "10",    "-1",     "true",   "false", "null",
};

static void random_value(struct buffer *out, size_t depth);

static void random_object(struct buffer *out, size_t depth)
{
    bool first = true;

    buffer_append_byte(out, '{');
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (chance(4) == 0)
            continue;
        buffer_printf(out, "%s\"%s\":", first ? "" : ",", names[i]);
        random_value(out, depth + 1);
        first = false;
    }
    buffer_append_byte(out, '}');
}

static void random_value(struct buffer *out, size_t depth)
{
    uint64_t kind = depth >= 4 ? 9 : chance(10);

    if (kind < 3) {
        random_object(out, depth);
    } else if (kind < 6) {
        size_t count = (size_t)chance(4);

        buffer_append_byte(out, '[');
        for (size_t i = 0; i < count; i++) {
            if (i > 0)
                buffer_append_byte(out, ',');
            random_value(out, depth + 1);
        }
        buffer_append_byte(out, ']');
    } else {
        buffer_append_text(out, ONE_OF(values));
    }
}

static void random_match(struct buffer *out)
{
    static const char *const matches[] = {
        "{\"prefix\":\"x\"}",
        "{\"prefix\":\"\"}",
        "{\"suffix\":\"y\"}",
        "{\"equals-ignore-case\":\"xY\"}",
        "{\"prefix\":{\"equals-ignore-case\":\"X\"}}",
        "{\"suffix\":{\"equals-ignore-case\":\"Y\"}}",
        "{\"wildcard\":\"*x*\"}",
        "{\"wildcard\":\"x*\"}",
        "{\"numeric\":[\">\",1]}",
        "{\"numeric\":[\"<=\",1]}",
        "{\"numeric\":[\">=\",1,\"<\",10]}",
        "{\"numeric\":[\"=\",10]}",
        "{\"exists\":true}",
        "{\"exists\":false}",
        "{\"anything-but\":\"x\"}",
        "{\"anything-but\":[1,2]}",
        "{\"anything-but\":{\"prefix\":\"x\"}}",
        "{\"anything-but\":{\"suffix\":[\"y\",\"x\"]}}",
        "{\"anything-but\":{\"wildcard\":\"*y\"}}",
        "{\"anything-but\":{\"equals-ignore-case\":\"XY\"}}",
    };

    buffer_append_text(out, chance(2) == 0 ? ONE_OF(values) : ONE_OF(matches));
}

static void random_pattern(struct buffer *out, size_t depth)
{
    size_t left = (size_t)chance(3) + 1;
    bool first = true;

    buffer_append_byte(out, '{');
    for (size_t i = 0; i < ARRAY_COUNT(names) && (left > 0 || first); i++) {
        if (left < ARRAY_COUNT(names) - i && chance(2) == 0 && i + 1 < ARRAY_COUNT(names))
            continue;
        left = left > 0 ? left - 1 : 0;
        buffer_printf(out, "%s\"%s\":", first ? "" : ",", names[i]);
        first = false;
        if (depth < 3 && chance(5) < 2) {
            random_pattern(out, depth + 1);
            continue;
        }
        buffer_append_byte(out, '[');
        random_match(out);
        for (uint64_t more = chance(5); more > 0; more--) {
            buffer_append_byte(out, ',');
            random_match(out);
        }
        buffer_append_byte(out, ']');
    }
    if (depth == 0 && chance(4) == 0) {
        buffer_append_text(out, ",\"$or\":[");
        random_pattern(out, 1);
        buffer_append_byte(out, ',');
        random_pattern(out, 1);
        buffer_append_byte(out, ']');
    }
    buffer_append_byte(out, '}');
}

/* ---- the simple matcher ---- */

/* Which element of which array was gone through; arrays are known by their address. */
struct choice {
    const struct json *array;
    size_t index;
};

struct way {
    struct choice choices[CHOICES_MAX];
    size_t count;
};

struct wanted { /* fields of the pattern that are still to hold */
    const char *path[8];
    size_t depth;
    const struct json *matches;
};

struct model {
    struct wanted wanted[64];
    size_t count;
    const struct json *event;
};

static bool star_matches(struct bytes pattern, struct bytes text)
{
    if (pattern.size == 0)
        return text.size == 0;
    if (pattern.ptr[0] == '*')
        return star_matches(bytes_slice(pattern, 1, pattern.size), text) ||
               (text.size > 0 && star_matches(pattern, bytes_slice(text, 1, text.size)));
    return text.size > 0 && text.ptr[0] == pattern.ptr[0] &&
           star_matches(bytes_slice(pattern, 1, pattern.size), bytes_slice(text, 1, text.size));
}

static bool compares(const char *operator_, double a, double b)
{
    if (strcmp(operator_, "=") == 0)
        return a == b;
    if (operator_[0] == '<')
        return operator_[1] == '=' ? a <= b : a < b;
    return operator_[1] == '=' ? a >= b : a > b;
}

static bool numeric_holds(const struct json *list, const struct json *leaf)
{
    double value = 0, bound = 0;

    if (!json_double(leaf, &value))
        return false;
    for (size_t i = 0; i < json_count(list); i += 2) {
        char operator_[3] = "";
        struct bytes text = json_string(json_at(list, i));

        memcpy(operator_, text.ptr, text.size);
        assert_true(json_double(json_at(list, i + 1), &bound));
        if (!compares(operator_, value, bound))
            return false;
    }
    return true;
}

static bool equal_leaves(const struct json *a, const struct json *b)
{
    double x = 0, y = 0;

    if (json_type(a) != json_type(b))
        return false;
    if (json_double(a, &x) && json_double(b, &y))
        return x == y;
    if (json_is(a, JSON_STRING))
        return bytes_equal(json_string(a), json_string(b));
    return json_bool(a) == json_bool(b);
}

static bool text_operator_holds(const char *name, struct bytes wanted, struct bytes text)
{
    if (strcmp(name, "prefix") == 0)
        return bytes_start_with(text, wanted);
    if (strcmp(name, "suffix") == 0)
        return bytes_end_with(text, wanted);
    if (strcmp(name, "wildcard") == 0)
        return star_matches(wanted, text);
    return bytes_equal_ignore_case(wanted, text);
}

static bool affix_ignoring_case_holds(const char *name, const struct json *operand,
                                      struct bytes text)
{
    struct bytes wanted = json_string(json_get(operand, "equals-ignore-case"));

    if (text.size < wanted.size)
        return false;
    return bytes_equal_ignore_case(wanted,
                                   strcmp(name, "prefix") == 0
                                       ? bytes_of(text.ptr, wanted.size)
                                       : bytes_of(text.ptr + text.size - wanted.size, wanted.size));
}

static bool exclusion_holds(const struct json *operand, const struct json *leaf)
{
    static const char *const kinds[] = {"prefix", "suffix", "wildcard", "equals-ignore-case"};

    if (json_is(operand, JSON_ARRAY)) {
        for (struct json_iter it = json_iter(operand); json_next(&it);)
            if (equal_leaves(it.value, leaf))
                return false;
        return true;
    }
    if (!json_is(operand, JSON_OBJECT))
        return !equal_leaves(operand, leaf);
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        const struct json *inner = json_get(operand, kinds[i]);

        if (inner == NULL || !json_is(leaf, JSON_STRING))
            continue;
        if (json_is(inner, JSON_STRING) &&
            text_operator_holds(kinds[i], json_string(inner), json_string(leaf)))
            return false;
        for (struct json_iter it = json_iter(inner); json_next(&it);)
            if (text_operator_holds(kinds[i], json_string(it.value), json_string(leaf)))
                return false;
    }
    return true;
}

static bool match_holds(const struct json *match, const struct json *leaf)
{
    static const char *const kinds[] = {"prefix", "suffix", "wildcard", "equals-ignore-case"};

    if (!json_is(match, JSON_OBJECT))
        return equal_leaves(match, leaf);
    if (json_get(match, "exists") != NULL)
        return json_bool(json_get(match, "exists"));
    if (json_get(match, "numeric") != NULL)
        return numeric_holds(json_get(match, "numeric"), leaf);
    if (json_get(match, "anything-but") != NULL)
        return exclusion_holds(json_get(match, "anything-but"), leaf);
    if (!json_is(leaf, JSON_STRING))
        return false;
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        const struct json *operand = json_get(match, kinds[i]);

        if (json_is(operand, JSON_OBJECT))
            return affix_ignoring_case_holds(kinds[i], operand, json_string(leaf));
        if (operand != NULL)
            return text_operator_holds(kinds[i], json_string(operand), json_string(leaf));
    }
    return false;
}

static bool any_match_holds(const struct json *matches, const struct json *leaf)
{
    for (struct json_iter it = json_iter(matches); json_next(&it);)
        if (match_holds(it.value, leaf))
            return true;
    return false;
}

/* True when the element may be gone through; the way is longer by one then, or the same. */
static bool take_choice(struct way *way, const struct json *array, size_t index)
{
    for (size_t i = 0; i < way->count; i++)
        if (way->choices[i].array == array)
            return way->choices[i].index == index;
    assert_true(way->count < CHOICES_MAX);
    way->choices[way->count++] = (struct choice){array, index};
    return true;
}

static bool holds_from(const struct model *model, size_t next, struct way way);

/* Tries every leaf below `value` for field `next`, and with each the fields behind it. */
static bool holds_below(const struct model *model, size_t next, size_t depth,
                        const struct json *value, struct way way, size_t *leaves)
{
    const struct wanted *wanted = &model->wanted[next];

    if (json_is(value, JSON_ARRAY)) {
        for (struct json_iter it = json_iter(value); json_next(&it);) {
            struct way longer = way;

            if ((json_is(it.value, JSON_ARRAY) || json_is(it.value, JSON_OBJECT)) &&
                !take_choice(&longer, value, it.index)) {
                size_t ignored = 0;

                /* not this way, but its leaves are there all the same */
                holds_below(model, next, depth, it.value, (struct way){0}, &ignored);
                *leaves += ignored;
                continue;
            }
            if (holds_below(model, next, depth, it.value, longer, leaves))
                return true;
        }
        return false;
    }
    if (json_is(value, JSON_OBJECT)) {
        const struct json *inner =
            depth < wanted->depth ? json_get(value, wanted->path[depth]) : NULL;

        return inner != NULL && holds_below(model, next, depth + 1, inner, way, leaves);
    }
    if (depth < wanted->depth)
        return false;
    ++*leaves;
    return any_match_holds(wanted->matches, value) && holds_from(model, next + 1, way);
}

static bool allows_absence(const struct json *matches)
{
    for (struct json_iter it = json_iter(matches); json_next(&it);)
        if (json_is(json_get(it.value, "exists"), JSON_BOOL) &&
            !json_bool(json_get(it.value, "exists")))
            return true;
    return false;
}

static bool holds_from(const struct model *model, size_t next, struct way way)
{
    size_t leaves = 0;

    if (next == model->count)
        return true;
    if (holds_below(model, next, 0, model->event, way, &leaves))
        return true;
    return leaves == 0 && allows_absence(model->wanted[next].matches) &&
           holds_from(model, next + 1, way);
}

/* The pattern's fields, as a list; its $or aside. */
static void want(struct model *model, const struct json *object, const char *const *path,
                 size_t depth, const struct json **or_)
{
    for (struct json_iter it = json_iter(object); json_next(&it);) {
        struct wanted wanted = {.depth = depth + 1};

        if (bytes_equal_text(it.name, "$or")) {
            *or_ = it.value;
            continue;
        }
        if (depth > 0)
            memcpy(wanted.path, path, depth * sizeof *path);
        for (size_t i = 0; i < ARRAY_COUNT(names); i++)
            if (bytes_equal_text(it.name, names[i]))
                wanted.path[depth] = names[i];
        if (json_is(it.value, JSON_OBJECT)) {
            want(model, it.value, wanted.path, depth + 1, or_);
            continue;
        }
        wanted.matches = it.value;
        for (size_t i = 0; i < model->count; i++) /* a path again: the last one counts */
            if (model->wanted[i].depth == wanted.depth &&
                memcmp(model->wanted[i].path, wanted.path, wanted.depth * sizeof *path) == 0)
                model->wanted[i] = model->wanted[--model->count];
        model->wanted[model->count++] = wanted;
    }
}

static bool model_matches(const struct json *pattern, const struct json *event)
{
    const struct json *or_ = NULL, *none = NULL;
    struct model model = {.event = event};

    want(&model, pattern, NULL, 0, &or_);
    if (or_ == NULL)
        return holds_from(&model, 0, (struct way){0});
    for (struct json_iter it = json_iter(or_); json_next(&it);) {
        struct model branch = model;

        want(&branch, it.value, NULL, 0, &none);
        if (holds_from(&branch, 0, (struct way){0}))
            return true;
    }
    return false;
}

/* ---- both ---- */

static void note(void *context, void *rule)
{
    bool *matched = context;

    assert_false(matched[(uintptr_t)rule - 1]); /* once each */
    matched[(uintptr_t)rule - 1] = true;
}

static const struct json *random_json(struct arena *arena, char **ret_text,
                                      void (*make)(struct buffer *out, size_t depth))
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(1 << 16);
    const struct json *parsed = NULL;

    make(&out, 0);
    *ret_text = arena_copy_text(arena, buffer_bytes(&out));
    assert_int_equal(json_parse(arena, bytes_of_text(*ret_text), &parsed, NULL), OK);
    return parsed;
}

static void try_events(struct matcher *matcher, const struct json *const *patterns,
                       char *const *texts, struct arena *arena)
{
    for (size_t i = 0; i < EVENTS; i++) {
        char *text = NULL;
        const struct json *event = random_json(arena, &text, random_object);
        bool matched[RULES] = {0};

        matcher_match(matcher, event, note, matched);
        for (size_t rule = 0; rule < RULES; rule++) {
            bool expected = patterns[rule] != NULL && model_matches(patterns[rule], event);

            if (matched[rule] != expected)
                fail_msg("%s should %smatch %s", texts[rule], expected ? "" : "not ", text);
        }
    }
}

static void try_round(void)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct matcher *matcher = matcher_new();
    const struct json *patterns[RULES] = {0};
    char *texts[RULES] = {0};
    struct api_error error = {0};

    for (size_t step = 0; step < 4; step++) {
        for (size_t rule = 0; rule < RULES; rule++) {
            if (step > 0 && chance(2) == 0)
                continue;
            if (step > 0 && chance(3) == 0) {
                matcher_remove(matcher, (void *)(uintptr_t)(rule + 1));
                patterns[rule] = NULL;
                continue;
            }
            patterns[rule] = random_json(arena, &texts[rule], random_pattern);
            if (matcher_add(matcher, (void *)(uintptr_t)(rule + 1), bytes_of_text(texts[rule]),
                            &error) != OK)
                fail_msg("%s: %s", texts[rule], error.message);
        }
        try_events(matcher, patterns, texts, arena);
    }
    matcher_free(matcher);
}

static void test_against_the_model(void **state)
{
    const char *given = getenv("DYNLOG_SEED");
    uint64_t seed = 0;

    (void)state;
    if (given == NULL || !bytes_to_uint64(bytes_of_text(given), &seed))
        id_random((uint8_t *)&seed, sizeof seed);
    seed |= 1; /* the generator stays at 0 */
    chance_state = seed;
    print_message("DYNLOG_SEED=%llu\n", (unsigned long long)seed);
    for (size_t i = 0; i < ROUNDS; i++)
        try_round();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_the_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
