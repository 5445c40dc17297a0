/* server/values.c - the late values of a stack (stack/stack.h): what its texts hold marks for, and
 * only provisioning learns. */
#include "server/internal.h"

void values_init(struct server *server)
{
    server->late_values =
        ARENA_NEW_ARRAY(server->stack_arena, server->stack->late_count, struct bytes);
}

/* What can be looked up at any time; the rest comes with answers. */
static struct bytes look_up(struct server *server, const struct stack_late *late)
{
    const struct table *table = NULL;
    struct bytes label = {NULL, 0};

    if (late->kind == STACK_LATE_PORT)
        return arena_printf(server->stack_arena, "%u", (unsigned)server->port_number);
    if (late->kind != STACK_LATE_STREAM)
        return label;
    table = engine_table_ref(server->engine, late->name);
    if (table != NULL && table->stream.id != 0)
        label = arena_copy(server->stack_arena, table->stream.label);
    engine_table_unref(table);
    return label;
}

struct bytes values_fill(struct server *server, struct bytes text, bool *ret_known)
{
    const struct stack *stack = server->stack;

    if (ret_known != NULL)
        *ret_known = true;
    if (bytes_find(text, BYTES(STACK_LATE_BEGIN)) == SIZE_MAX)
        return text;
    for (size_t i = 0; i < stack->late_count; i++)
        if (server->late_values[i].size == 0)
            server->late_values[i] = look_up(server, &stack->late[i]);
    return stack_text(server->stack_arena, stack, server->late_values, text, ret_known);
}

/* The end of the ARN in an answer: arn:aws:events:...:connection/NAME/END. */
void values_learn(struct server *server, const struct stack_call *call, struct bytes answer)
{
    static const char *const members[] = {[STACK_LATE_CONNECTION] = "ConnectionArn",
                                          [STACK_LATE_API_DESTINATION] = "ApiDestinationArn"};
    const struct json *body = NULL;
    const char *member = NULL;
    struct bytes arn = {NULL, 0};

    if (call->late < 0)
        return;
    member = members[server->stack->late[call->late].kind];
    if (member == NULL || json_parse(server->stack_arena, answer, &body, NULL) != OK)
        return;
    arn = json_string(json_get(body, member));
    for (size_t i = arn.size; i > 0; i--) {
        if (arn.ptr[i - 1] != '/')
            continue;
        server->late_values[call->late] =
            arena_copy(server->stack_arena, bytes_slice(arn, i, arn.size - i));
        return;
    }
}
