/* server/stack_aliases.c - versions and aliases of the stack's functions (AWS::Lambda::Version,
 * Alias), made when the functions are there. A stack file's functions are in memory, and so are
 * these: nothing waits for the disk. */
#include "server/internal.h"

#include "functions/change.h"

struct making {
    bool done;
    enum status status;
};

static void made(struct function_change *change, enum status status)
{
    struct making *making = change->context;

    making->done = true;
    making->status = status;
}

static enum status make(struct server *server, const struct stack_alias *alias,
                        struct bytes *ret_why)
{
    struct making making = {false, OK};
    uint64_t version = 0; /* $LATEST */
    struct function_change change = {
        .kind = alias->name.size > 0 ? FUNCTION_CREATE_ALIAS : FUNCTION_PUBLISH,
        .name = alias->function_name,
        .arena = server->stack_arena,
        .done = made,
        .context = &making,
    };

    if (!bytes_equal_text(alias->version, "$LATEST") &&
        !bytes_to_uint64(alias->version, &version)) {
        *ret_why = BYTES("FunctionVersion: expected a number or $LATEST");
        return REFUSED;
    }
    if (alias->name.size > 0)
        change.alias = (struct function_alias){
            .name = alias->name, .description = alias->description, .version = version};
    else
        change.configuration.description = alias->description;
    functions_change(server->functions, &change);
    assert(making.done); /* in memory */
    if (making.status != OK)
        *ret_why = making.status == REFUSED
                       ? arena_copy(server->stack_arena, bytes_of_text(change.error.message))
                       : bytes_of_text(status_text(making.status));
    return making.status;
}

const struct stack_alias *stack_aliases_make(struct server *server, struct bytes *ret_why)
{
    const struct stack *stack = server->stack;

    for (size_t i = 0; i < stack->alias_count; i++)
        if (make(server, &stack->aliases[i], ret_why) != OK)
            return &stack->aliases[i];
    return NULL;
}
