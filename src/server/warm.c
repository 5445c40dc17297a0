/* server/warm.c - every function that waits for events gets its first worker when dynlog starts: an
 * event goes through two functions or more, and they would start one after the other. Workers that
 * nothing asks for leave after a while, so an idle dynlog is small again. */
#include "server/internal.h"

static void warm_mapped(struct server *server)
{
    for (size_t i = 0; i < server->stack->mapping_count; i++)
        if (server->stack->mappings[i].enabled)
            functions_warm(server->functions, server->stack->mappings[i].function_name);
}

static void warm_targets(struct server *server, const struct bus_rule *rule)
{
    for (size_t i = 0; rule->enabled && i < rule->target_count; i++)
        functions_warm(server->functions, rule->targets[i].arn);
}

static void warm_subscribed(struct server *server)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct bus_description **buses = NULL;
    const struct bus_rule **rules = NULL;
    const struct bytes any = {NULL, 0};
    size_t bus_count = 0, rule_count = 0;

    bus_list(server->bus, any, arena, &buses, &bus_count);
    for (size_t i = 0; i < bus_count; i++) {
        bus_list_rules(server->bus, buses[i]->name, any, arena, &rules, &rule_count);
        for (size_t j = 0; j < rule_count; j++)
            warm_targets(server, rules[j]);
    }
}

void warm_start(struct server *server)
{
    warm_mapped(server);
    warm_subscribed(server);
}
