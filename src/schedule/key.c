/* schedule/key.c - keys in STORE_CATALOGUE; see internal.h. Names of groups and schedules have no
 * '/', so a key is read in one way, and the schedules of a group stand together. */
#include "schedule/internal.h"

struct bytes schedule_key(struct arena *arena, struct bytes group, struct bytes name)
{
    return arena_printf(arena, KEY_SCHEDULE "%.*s/%.*s", BYTES_ARG(group), BYTES_ARG(name));
}

void schedule_group_range(struct arena *arena, struct bytes group, struct bytes *from,
                          struct bytes *to)
{
    *from = arena_printf(arena, KEY_SCHEDULE "%.*s/", BYTES_ARG(group));
    *to = arena_printf(arena, KEY_SCHEDULE "%.*s0", BYTES_ARG(group)); /* '0' follows '/' */
}

struct bytes schedule_group_key(struct arena *arena, struct bytes group)
{
    return arena_printf(arena, KEY_GROUP "%.*s", BYTES_ARG(group));
}

struct bytes schedule_rule_key(struct arena *arena, struct bytes bus_name, struct bytes rule_name)
{
    return arena_printf(arena, KEY_RULE "%.*s/%.*s", BYTES_ARG(bus_name), BYTES_ARG(rule_name));
}
