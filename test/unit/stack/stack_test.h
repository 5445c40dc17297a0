/* test/unit/stack/stack_test.h - what the tests of src/stack share: loading text, looking at a
 * value as JSON, and expecting a refusal or a note at its exact place. */
#ifndef DYNLOG_TEST_STACK_H
#define DYNLOG_TEST_STACK_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "stack/loader.h"

#include <stdio.h>
#include <stdlib.h>

struct loaded {
    struct arena *arena;
    enum status status;
    const struct stack *stack; /* when status is OK */
    struct stack_error error;  /* when it is REFUSED */
};

static inline void loaded_release(struct loaded *loaded)
{
    arena_free(loaded->arena);
}

#define LOADED AUTO(loaded_release) struct loaded

static inline struct loaded load_stage(const char *text, const char *stage)
{
    const struct stack_options options = {
        .path = "serverless.yml", .stage = stage, .account = "000000000000"};
    struct loaded loaded = {.arena = arena_new()};

    loaded.status =
        stack_load_text(loaded.arena, &options, bytes_of_text(text), &loaded.stack, &loaded.error);
    return loaded;
}

static inline struct loaded load(const char *text)
{
    return load_stage(text, NULL);
}

static inline void assert_bytes(struct bytes got, const char *expected)
{
    if (!bytes_equal_text(got, expected))
        fail_msg("expected %s\n     got %.*s", expected, BYTES_ARG(got));
}

static inline void assert_loaded(const struct loaded *loaded)
{
    if (loaded->status == REFUSED)
        fail_msg("refused at %s:%zu:%zu: %.*s", loaded->error.where.file, loaded->error.where.line,
                 loaded->error.where.column, BYTES_ARG(loaded->error.message));
    assert_int_equal(loaded->status, OK);
}

/* The message must contain `words`. */
static inline void assert_refused(const struct loaded *loaded, size_t line, size_t column,
                                  const char *words)
{
    if (loaded->status != REFUSED)
        fail_msg("expected a refusal: %s", words);
    if (loaded->error.where.line != line || loaded->error.where.column != column ||
        bytes_find(loaded->error.message, bytes_of_text(words)) == SIZE_MAX)
        fail_msg("expected %zu:%zu: %s\n     got %zu:%zu: %.*s", line, column, words,
                 loaded->error.where.line, loaded->error.where.column,
                 BYTES_ARG(loaded->error.message));
}

static inline void assert_note(const struct loaded *loaded, size_t index, size_t line,
                               size_t column, const char *words)
{
    const struct stack_note *note = NULL;

    assert_loaded(loaded);
    if (index >= loaded->stack->note_count)
        fail_msg("expected a note: %s", words);
    note = &loaded->stack->notes[index];
    if (note->where.line != line || note->where.column != column ||
        bytes_find(note->text, bytes_of_text(words)) == SIZE_MAX)
        fail_msg("expected %zu:%zu: %s\n     got %zu:%zu: %.*s", line, column, words,
                 note->where.line, note->where.column, BYTES_ARG(note->text));
}

static inline void assert_call(const struct loaded *loaded, size_t index, const char *target,
                               const char *body)
{
    assert_loaded(loaded);
    assert_true(index < loaded->stack->call_count);
    assert_string_equal(loaded->stack->calls[index].target, target);
    assert_bytes(loaded->stack->calls[index].body, body);
}

/* removal NULL: it stays. */
static inline void assert_made(const struct loaded *loaded, size_t index, const char *what,
                               const char *removal, const char *body)
{
    const struct stack_made *made = NULL;

    assert_loaded(loaded);
    assert_true(index < loaded->stack->made_count);
    made = &loaded->stack->made[index];
    assert_bytes(made->what, what);
    assert_bytes(made->body, body);
    assert_int_equal(made->removal == NULL, removal == NULL);
    if (removal != NULL)
        assert_string_equal(made->removal, removal);
}

/* The text with PORT and the like for late values. */
static inline struct bytes filled(const struct loaded *loaded, struct bytes text)
{
    static const char *const words[] = {[STACK_LATE_PORT] = "PORT",
                                        [STACK_LATE_STREAM] = "LABEL",
                                        [STACK_LATE_CONNECTION] = "CONNECTION",
                                        [STACK_LATE_API_DESTINATION] = "DESTINATION"};
    const struct stack *stack = loaded->stack;
    struct bytes *values = ARENA_NEW_ARRAY(loaded->arena, stack->late_count, struct bytes);

    for (size_t i = 0; i < stack->late_count; i++)
        values[i] = bytes_of_text(words[stack->late[i].kind]);
    return stack_text(loaded->arena, stack, values, text, NULL);
}

/* The n-th call of a target. */
static inline void assert_call_of(const struct loaded *loaded, const char *target, size_t n,
                                  const char *body)
{
    assert_loaded(loaded);
    for (size_t i = 0; i < loaded->stack->call_count; i++) {
        if (strcmp(loaded->stack->calls[i].target, target) != 0 || n-- > 0)
            continue;
        assert_bytes(filled(loaded, loaded->stack->calls[i].body), body);
        return;
    }
    fail_msg("no such %s", target);
}

/* A stack with one function whose pattern is {v: VALUE}; more: further top-level lines. The value
 * stands in line 8 from column 16. */
static inline struct loaded load_value(const char *value, const char *more, const char *stage)
{
    char text[8192];
    int size = snprintf(text, sizeof text,
                        "service: s\n"
                        "functions:\n"
                        "  f:\n"
                        "    handler: h.h\n"
                        "    events:\n"
                        "      - eventBridge:\n"
                        "          pattern:\n"
                        "            v: %s\n"
                        "%s",
                        value, more != NULL ? more : "");

    assert_true(size > 0 && (size_t)size < sizeof text);
    return load_stage(text, stage);
}

/* The value of load_value() as JSON: {"v":...}. */
static inline struct bytes pattern_of(const struct loaded *loaded)
{
    const struct json *body = NULL;
    const struct stack *stack = loaded->stack;

    assert_loaded(loaded);
    for (size_t i = 0; i < stack->call_count; i++) {
        if (strcmp(stack->calls[i].target, "AWSEvents.PutRule") != 0)
            continue;
        assert_int_equal(json_parse(loaded->arena, stack->calls[i].body, &body, NULL), OK);
        return json_string(json_get(body, "EventPattern"));
    }
    fail_msg("no PutRule");
    return BYTES("");
}

struct value_case {
    const char *value, *more, *expected; /* expected: JSON of the pattern */
};

static inline void check_values(const struct value_case *cases, size_t count, const char *stage)
{
    for (size_t i = 0; i < count; i++) {
        LOADED loaded = load_value(cases[i].value, cases[i].more, stage);

        assert_bytes(filled(&loaded, pattern_of(&loaded)), cases[i].expected);
    }
}

struct refused_case {
    const char *text;
    size_t line, column;
    const char *words;
};

static inline void check_refused(const struct refused_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        LOADED loaded = load(cases[i].text);

        assert_refused(&loaded, cases[i].line, cases[i].column, cases[i].words);
    }
}

#endif
