/* server/unmake.c - mappings and functions that the stack file had before it changed, and has no
 * more. They are in memory alone, so that a start has nothing to remove. Mappings go first: a
 * function that is gone is nothing to call. Their cursors go too: one that comes back begins anew.
 */
#include "server/internal.h"

#include "functions/change.h"

#define UNMAKE_MAPPINGS_MAX 100 /* of one function */

struct unmake {
    struct server *server;
    struct arena *arena;
    const struct stack *before;
    size_t next_mapping, next_function;
    struct mapping_registry_change mapping;
    struct function_change function;
    void (*done)(struct server *server, bool ok);
};

static void next(struct unmake *unmake);

static bool same_source(const struct stack_mapping *a, const struct stack_mapping *b)
{
    return a->source == b->source && bytes_equal(a->function_name, b->function_name) &&
           bytes_equal(a->table_name, b->table_name) && bytes_equal(a->queue_arn, b->queue_arn);
}

static bool has_mapping(const struct stack *stack, const struct stack_mapping *mapping)
{
    for (size_t i = 0; i < stack->mapping_count; i++)
        if (same_source(&stack->mappings[i], mapping))
            return true;
    return false;
}

static bool has_function(const struct stack *stack, struct bytes name)
{
    for (size_t i = 0; i < stack->function_count; i++)
        if (bytes_equal(stack->functions[i].name, name))
            return true;
    return false;
}

/* A stream's ARN goes on behind the table's name with a label. */
static bool is_source(struct unmake *unmake, const struct stack_mapping *mapping, struct bytes arn)
{
    if (mapping->source == STACK_MAPPING_QUEUE)
        return bytes_equal(arn, mapping->queue_arn);
    return bytes_start_with(arn, arn_make(unmake->arena, &unmake->server->place, "dynamodb",
                                          "table/%.*s/stream/", BYTES_ARG(mapping->table_name)));
}

/* Empty: there is none; a client deleted it. */
static struct bytes find_uuid(struct unmake *unmake, const struct stack_mapping *mapping)
{
    struct mapping_registry_query query = {.function_name = mapping->function_name,
                                           .limit = UNMAKE_MAPPINGS_MAX,
                                           .arena = unmake->arena};

    mapping_registry_list(unmake->server->registry, &query);
    for (size_t i = 0; i < query.count; i++)
        if (is_source(unmake, mapping, query.views[i].settings->source_arn))
            return arena_copy(unmake->arena, query.views[i].uuid);
    return (struct bytes){NULL, 0};
}

static void tell_failure(struct bytes what, enum status status, const struct api_error *error)
{
    output_error("%.*s is not in the stack file any more, and can't be removed: %s",
                 BYTES_ARG(what), status == REFUSED ? error->message : status_text(status));
}

static void mapping_removed(struct mapping_registry_change *change, enum status status)
{
    struct unmake *unmake = change->context;

    if (status != OK)
        tell_failure(BYTES("a mapping"), status, &change->error);
    next(unmake);
}

static void function_removed(struct function_change *change, enum status status)
{
    struct unmake *unmake = change->context;

    if (status != OK && !(status == REFUSED && change->error.kind == API_LAMBDA_RESOURCE_NOT_FOUND))
        tell_failure(change->name, status, &change->error);
    next(unmake);
}

/* True: one is being removed. */
static bool remove_mapping(struct unmake *unmake)
{
    struct server *server = unmake->server;

    while (unmake->next_mapping < unmake->before->mapping_count) {
        const struct stack_mapping *mapping = &unmake->before->mappings[unmake->next_mapping++];
        struct bytes uuid = {NULL, 0};

        if (has_mapping(server->stack, mapping))
            continue;
        uuid = find_uuid(unmake, mapping);
        if (uuid.size == 0)
            continue;
        unmake->mapping = (struct mapping_registry_change){.kind = REGISTRY_DELETE,
                                                           .uuid = uuid,
                                                           .arena = unmake->arena,
                                                           .done = mapping_removed,
                                                           .context = unmake};
        mapping_registry_change(server->registry, &unmake->mapping);
        return true;
    }
    return false;
}

static bool remove_function(struct unmake *unmake)
{
    struct server *server = unmake->server;

    while (unmake->next_function < unmake->before->function_count) {
        const struct stack_function *function = &unmake->before->functions[unmake->next_function++];

        if (has_function(server->stack, function->name) ||
            functions_is_stored(server->functions, function->name))
            continue;
        unmake->function = (struct function_change){.kind = FUNCTION_DELETE,
                                                    .name = function->name,
                                                    .arena = unmake->arena,
                                                    .done = function_removed,
                                                    .context = unmake};
        functions_change(server->functions, &unmake->function);
        return true;
    }
    return false;
}

static void next(struct unmake *unmake)
{
    if (!remove_mapping(unmake) && !remove_function(unmake))
        unmake->done(unmake->server, true);
}

void unmake_start(struct server *server, const struct stack *before,
                  void (*done)(struct server *server, bool ok))
{
    struct unmake *unmake = ARENA_NEW(server->stack_arena, struct unmake);

    *unmake = (struct unmake){
        .server = server, .arena = server->stack_arena, .before = before, .done = done};
    next(unmake);
}
