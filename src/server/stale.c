/* server/stale.c - rules that an earlier stack file made and this one does not:
 *
 *   - targets that are functions of this stack (SERVICE-STAGE-...) which are not there any more; a
 *     rule that is left with none goes too
 *   - rules that have the name of an event of a function of this stack (SERVICE-STAGE-KEY-rule-N,
 *     docs/stack-file.md) and are not in the file any more
 *
 * Other rules of functions that are there stay: a client made them. */
#include "server/internal.h"

struct stale {
    struct server *server;
    struct arena *arena;
    struct bus_change *changes;
    size_t count, capacity, next;
    void (*done)(struct server *server, bool ok);
};

static void add_change(struct stale *stale, const struct bus_change *change)
{
    stale->changes = arena_grow(stale->arena, stale->changes, stale->count, stale->count + 1,
                                &stale->capacity, sizeof *stale->changes);
    stale->changes[stale->count++] = *change;
}

/* Whether the rule has the name that an event of this stack's functions gets. */
static bool is_of_stack_file(struct stale *stale, const struct bus_rule *rule)
{
    const struct stack *stack = stale->server->stack;
    struct bytes prefix = arena_printf(stale->arena, "%.*s-%.*s-", BYTES_ARG(stack->service),
                                       BYTES_ARG(stack->stage));

    return bytes_start_with(rule->name, prefix) &&
           bytes_find(rule->name, BYTES("-rule-")) != SIZE_MAX && rule->target_count == 1 &&
           bytes_equal(rule->targets[0].id,
                       arena_printf(stale->arena, "%.*s-target", BYTES_ARG(rule->name)));
}

static bool is_in_stack_file(struct stale *stale, const struct bus_rule *rule)
{
    const struct stack *stack = stale->server->stack;

    for (size_t i = 0; i < stack->call_count; i++) {
        const struct json *body = NULL;
        const struct bus_description *bus = NULL;

        if (!bytes_equal_text(bytes_of_text(stack->calls[i].target), "AWSEvents.PutRule") ||
            json_parse(stale->arena, stack->calls[i].body, &body, NULL) != OK ||
            !bytes_equal(json_string(json_get(body, "Name")), rule->name))
            continue;
        bus = bus_find(stale->server->bus, json_string(json_get(body, "EventBusName")));
        if (bus != NULL && bytes_equal(bus->name, rule->bus_name))
            return true;
    }
    return false;
}

/* Whether it is a function that an earlier file of this stack had. Queues, buses and functions of
 * others are looked for when something is delivered: what is gone then is a dead letter. */
static bool is_missing_function(struct stale *stale, struct bytes target_arn)
{
    const struct stack *stack = stale->server->stack;
    struct bytes ours = arena_printf(stale->arena, "function:%.*s-%.*s-", BYTES_ARG(stack->service),
                                     BYTES_ARG(stack->stage));
    struct arn arn = {0};

    return arn_parse(target_arn, &arn) && bytes_equal_text(arn.service, "lambda") &&
           bytes_start_with(arn.resource, ours) &&
           functions_find(stale->server->functions, target_arn) == NULL;
}

/* Rules live until the next change: what is needed of them is copied. */
static void look_at_rule(struct stale *stale, const struct bus_rule *rule)
{
    struct arena *arena = stale->arena;
    bool gone = is_of_stack_file(stale, rule) && !is_in_stack_file(stale, rule);
    struct bus_change change = {
        .kind = BUS_REMOVE_TARGETS,
        .name = arena_copy(arena, rule->name),
        .bus_name = arena_copy(arena, rule->bus_name),
        .target_ids = ARENA_NEW_ARRAY(arena, rule->target_count, struct bytes),
        .arena = arena,
    };

    for (size_t i = 0; i < rule->target_count; i++)
        if (gone || is_missing_function(stale, rule->targets[i].arn))
            change.target_ids[change.target_count++] = arena_copy(arena, rule->targets[i].id);
    if (change.target_count == 0)
        return;
    add_change(stale, &change);
    if (change.target_count < rule->target_count)
        return;
    change.kind = BUS_DELETE_RULE;
    change.target_count = 0;
    add_change(stale, &change);
}

static void look_at_all(struct stale *stale)
{
    const struct bus_description **buses = NULL;
    const struct bus_rule **rules = NULL;
    const struct bytes any = {NULL, 0};
    size_t bus_count = 0, rule_count = 0;

    bus_list(stale->server->bus, any, stale->arena, &buses, &bus_count);
    for (size_t i = 0; i < bus_count; i++) {
        bus_list_rules(stale->server->bus, buses[i]->name, any, stale->arena, &rules, &rule_count);
        for (size_t j = 0; j < rule_count; j++)
            if (rules[j]->managed_by.size == 0)
                look_at_rule(stale, rules[j]);
    }
}

static void next_change(struct stale *stale);

static void change_done(struct bus_change *change, enum status status)
{
    struct stale *stale = change->context;

    if (status == OK) {
        next_change(stale);
        return;
    }
    output_error("the rule %.*s of an earlier stack file can't be removed: %s",
                 BYTES_ARG(change->name),
                 status == REFUSED ? change->error.message : status_text(status));
    stale->done(stale->server, false);
    arena_free(stale->arena);
}

static void next_change(struct stale *stale)
{
    if (stale->next == stale->count) {
        stale->done(stale->server, true);
        arena_free(stale->arena);
        return;
    }
    struct bus_change *change = &stale->changes[stale->next++];

    change->done = change_done;
    change->context = stale;
    bus_change(stale->server->bus, change);
}

void stale_remove(struct server *server, void (*done)(struct server *server, bool ok))
{
    struct arena *arena = arena_new();
    struct stale *stale = ARENA_NEW(arena, struct stale);

    *stale = (struct stale){.server = server, .arena = arena, .done = done};
    look_at_all(stale);
    next_change(stale);
}
