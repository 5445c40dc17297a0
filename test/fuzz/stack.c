/* Fuzz target: stack files.
 *
 * Whatever the text is, loading ends: refused with a place and a reason, or with calls whose bodies
 * are JSON. Build with -fsanitize=fuzzer,address,undefined. */
#include "stack/loader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct arena *arena, const struct stack *stack)
{
    const struct json *body = NULL;

    for (size_t i = 0; i < stack->call_count; i++)
        assert(json_parse(arena, stack->calls[i].body, &body, NULL) == OK);
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
    static const struct stack_options options = {"serverless.yml", NULL, NULL, "000000000000"};
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
