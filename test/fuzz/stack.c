/* Fuzz target: stack files.
 *
 * Whatever the text is, loading ends: refused with a place and a reason, or with calls whose bodies
 * are JSON. Build with -fsanitize=fuzzer,address,undefined. */
#include "stack/loader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Also when late values are filled in. */
static void check_json(struct arena *arena, const struct stack *stack, struct bytes text)
{
    struct bytes *values = ARENA_NEW_ARRAY(arena, stack->late_count, struct bytes);
    const struct json *body = NULL;

    for (size_t i = 0; i < stack->late_count; i++)
        values[i] = BYTES("value");
    assert(json_parse(arena, text, &body, NULL) == OK);
    assert(json_parse(arena, stack_text(arena, stack, values, text, NULL), &body, NULL) == OK);
}

static void check(struct arena *arena, const struct stack *stack)
{
    for (size_t i = 0; i < stack->call_count; i++) {
        check_json(arena, stack, stack->calls[i].body);
        if (stack->calls[i].update != NULL)
            check_json(arena, stack, stack->calls[i].update_body);
        assert(stack->calls[i].late < (int32_t)stack->late_count);
    }
    for (size_t i = 0; i < stack->made_count; i++) {
        assert(stack->made[i].what.size > 0);
        check_json(arena, stack, stack->made[i].body);
    }
    for (size_t i = 0; i < stack->function_count; i++) {
        assert(stack->functions[i].name.size > 0);
        assert(stack->functions[i].handler.size > 0);
    }
    for (size_t i = 0; i < stack->mapping_count; i++)
        assert(stack->mappings[i].table_name.size > 0);
    for (size_t i = 0; i < stack->note_count; i++)
        assert(stack->notes[i].where.line > 0 && stack->notes[i].text.size > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct stack_options options = {.path = "serverless.yml",
                                                 .account = "000000000000"};
    AUTO(arena_release) struct arena *arena = arena_new();
    struct stack_error error = {0};
    const struct stack *stack = NULL;
    enum status status = stack_load_text(arena, &options, bytes_of(data, size), &stack, &error);

    assert(status == OK || status == REFUSED);
    if (status == OK)
        check(arena, stack);
    else
        assert(error.where.line > 0 && error.where.column > 0 && error.message.size > 0);
    return 0;
}
