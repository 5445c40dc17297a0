/* stack/serverless/destinations.c - whom a function's ends are told: `destinations` and `onError`.
 * What dynlog does not have is noted and left out; what AWS does not take is refused. */
#include "stack/loader.h"

static enum status refuse_destination(struct loader *loader, const struct node *node,
                                      const char *what, struct bytes text)
{
    struct bytes *keys = ARENA_NEW_ARRAY(loader->arena, loader->function_count, struct bytes);
    struct bytes near = {0};

    for (size_t i = 0; i < loader->function_count; i++)
        keys[i] = loader->functions[i].key;
    near = read_nearest(text, keys, loader->function_count);
    return loader_refuse(loader, node->where,
                         "%s: expected a function of this stack or an ARN, got \"%.*s\"%s%.*s%s",
                         what, BYTES_ARG(text), near.size > 0 ? "; did you mean \"" : "",
                         BYTES_ARG(near), near.size > 0 ? "\"?" : "");
}

/* *ret empty: noted. */
static enum status read_queue_arn(struct loader *loader, const struct node *node, const char *what,
                                  struct bytes text, const struct arn *arn, struct bytes *ret)
{
    if (bytes_end_with(arn->resource, BYTES(".fifo")))
        return loader_refuse(loader, node->where,
                             "%s: expected a standard queue: Lambda takes no FIFO queue, got "
                             "\"%.*s\"",
                             what, BYTES_ARG(text));
    *ret = text;
    return OK;
}

static void note_kind(struct loader *loader, const struct node *node, const char *what,
                      struct bytes service)
{
    loader_note(loader, node->where, "not acted on: %s: dynlog has nothing of the service \"%.*s\"",
                what, BYTES_ARG(service));
}

static enum status read_arn(struct loader *loader, const struct node *node, const char *what,
                            struct bytes text, const struct arn *arn, struct stack_destination *ret)
{
    struct bytes taken = {0};
    enum status status = OK;

    if (bytes_equal_text(arn->service, "sqs")) {
        status = read_queue_arn(loader, node, what, text, arn, &taken);
    } else if (bytes_equal_text(arn->service, "lambda") ||
               (bytes_equal_text(arn->service, "events") &&
                bytes_start_with(arn->resource, BYTES("event-bus/")))) {
        taken = text;
    } else {
        note_kind(loader, node, what, arn->service);
    }
    if (taken.size > 0)
        *ret = (struct stack_destination){STACK_DESTINATION_ARN, taken};
    return status;
}

/* node: a key, a name, an ARN, or {type, arn}. */
static enum status read_destination(struct loader *loader, const struct node *node,
                                    const char *what, struct stack_destination *ret)
{
    const struct loader_function *function = NULL;
    struct bytes text = {0};
    struct arn arn = {0};
    enum status status = intrinsics_resolve(loader, node, &node);

    if (status != OK || node_is_nothing(node)) /* noted, when it was an intrinsic */
        return status;
    if (node->kind == NODE_MAP && node_get(node, "arn") == NULL)
        return loader_refuse(loader, node->where, "%s: expected {type, arn}", what);
    status = read_text(loader, node->kind == NODE_MAP ? node_get(node, "arn") : node, what, &text);
    if (status != OK || text.size == 0)
        return status;
    function = stack_function_find(loader, text);
    if (function != NULL && !function->enabled)
        return loader_refuse(loader, node->where,
                             "%s: expected a function that is enabled: %.*s is "
                             "not",
                             what, BYTES_ARG(text));
    if (function != NULL) {
        *ret = (struct stack_destination){STACK_DESTINATION_FUNCTION, function->name};
        return OK;
    }
    if (!arn_parse(text, &arn))
        return refuse_destination(loader, node, what, text);
    return read_arn(loader, node, what, text, &arn, ret);
}

/* The Framework takes an ARN and nothing else. */
static enum status read_dead_letter_queue(struct loader *loader, const struct node *node,
                                          struct stack_function *function)
{
    struct bytes text = {0};
    struct arn arn = {0};
    enum status status = intrinsics_resolve(loader, node, &node);

    if (status != OK || node_is_nothing(node))
        return status;
    status = read_text(loader, node, "onError", &text);
    if (status != OK || text.size == 0)
        return status;
    if (arn_parse(text, &arn) && bytes_equal_text(arn.service, "sqs"))
        return read_queue_arn(loader, node, "onError", text, &arn, &function->dead_letter_arn);
    if (arn_parse(text, &arn) && bytes_equal_text(arn.service, "sns")) {
        note_kind(loader, node, "onError", arn.service);
        return OK;
    }
    return loader_refuse(loader, node->where, "onError: expected the ARN of a queue, got \"%.*s\"",
                         BYTES_ARG(text));
}

enum status destinations_read(struct loader *loader, const struct node *node,
                              struct stack_function *function)
{
    static const struct key_rule keys[] = {{"onSuccess", NULL}, {"onFailure", NULL}};
    const struct node *map = NULL;
    enum status status =
        read_map(loader, node_get(node, "destinations"), "destinations", false, &map);

    if (status != OK)
        return status;
    read_check_keys(loader, map, keys, ARRAY_COUNT(keys), "destinations");
    status =
        read_destination(loader, node_get(map, "onSuccess"), "onSuccess", &function->on_success);
    if (status == OK)
        status = read_destination(loader, node_get(map, "onFailure"), "onFailure",
                                  &function->on_failure);
    return status == OK ? read_dead_letter_queue(loader, node_get(node, "onError"), function)
                        : status;
}
