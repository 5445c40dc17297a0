/* server/destinations.c - where the stack's functions and mappings send what ended, looked for once
 * everything of the stack is there. Lambda refuses a destination that is not there, so such a stack
 * could not be deployed; here it is noted, because a client may make it later. */
#include "server/internal.h"

static bool is_there(const struct server *server, struct bytes arn)
{
    struct function_destination destination;
    struct api_error ignored;

    if (function_destination_of(arn, &destination, &ignored) != OK)
        return true; /* that was told already */
    switch (destination.kind) {
    case DESTINATION_NONE:
        return true;
    case DESTINATION_FUNCTION:
        return functions_find(server->functions, arn) != NULL;
    case DESTINATION_QUEUE:
        return queues_find_arn(server->queues, arn) != NULL;
    case DESTINATION_BUS:
        return bus_find_arn(server->bus, arn) != NULL;
    }
    assert(false && "a destination of no kind");
    return true;
}

static void look(struct server *server, const struct stack_where *where, const char *what,
                 struct bytes name, struct bytes arn)
{
    if (!is_there(server, arn))
        output_note(server, &(struct stack_note){
                                .where = *where,
                                .text = arena_printf(server->stack_arena,
                                                     "%s of %.*s: %.*s is not there; AWS refuses "
                                                     "that, here what is sent to it is dropped",
                                                     what, BYTES_ARG(name), BYTES_ARG(arn)),
                            });
}

static struct bytes arn_of(const struct stack_destination *destination)
{
    return destination->kind == STACK_DESTINATION_ARN ? destination->target : BYTES("");
}

void destinations_note(struct server *server)
{
    const struct stack *stack = server->stack;

    for (size_t i = 0; i < stack->function_count; i++) {
        const struct stack_function *function = &stack->functions[i];
        struct bytes what =
            arena_printf(server->stack_arena, "function %.*s", BYTES_ARG(function->name));

        if (!watch_differs(server, what))
            continue;
        look(server, &function->where, "OnSuccess", function->key, arn_of(&function->on_success));
        look(server, &function->where, "OnFailure", function->key, arn_of(&function->on_failure));
        look(server, &function->where, "the dead-letter queue", function->key,
             function->dead_letter_arn);
    }
    for (size_t i = 0; watch_before(server) == NULL && i < stack->mapping_count; i++)
        look(server, &stack->mappings[i].where, "OnFailure of the mapping",
             stack->mappings[i].function_name, stack->mappings[i].on_failure_arn);
}
