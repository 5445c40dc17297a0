/* engine/journey.c - what was written, for the journeys (journey/journey.h). On the append path: a
 * write that nobody's handler made costs a hash of its key. */
#include "engine/internal.h"

#include "journey/journey.h"

void engine_record_journeys(struct engine *engine, struct journeys *journeys)
{
    engine->journeys = journeys;
}

static struct bytes change_of(const struct item_write *write, const struct write_plan *plan)
{
    if (plan->effect == EFFECT_REMOVE)
        return BYTES("REMOVE");
    return write->old_size > 0 ? BYTES("MODIFY") : BYTES("INSERT");
}

static struct bytes key_text(struct arena *arena, const struct table *table,
                             const struct item *item, size_t index)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(KEY_HASH_SIZE_MAX * 2);
    const struct value *value = NULL;

    if (index < table->key.count)
        value = item_get(item, table->key.attributes[index].name);
    if (value == NULL)
        return (struct bytes){NULL, 0};
    value_print_bare(&out, value);
    return arena_copy(arena, buffer_bytes(&out));
}

/* A handler made it. */
static void tell_write(const struct engine_write *write, const struct item_write *one,
                       const struct write_plan *plan)
{
    journey_wrote(write->engine->journeys, write->trace_header,
                  &(struct journey_record){
                      .position = one->position,
                      .time_ms = write->ran_ms,
                      .table = plan->table->name,
                      .pk = key_text(write->arena, plan->table, &one->item, 0),
                      .sk = key_text(write->arena, plan->table, &one->item, 1),
                      .change = change_of(one, plan),
                  });
}

void write_tell(const struct engine_write *write)
{
    struct journeys *journeys = write->engine->journeys;

    if (journeys == NULL || write->outcome != OK)
        return;
    for (size_t i = 0; i < write->count; i++) {
        const struct item_write *one = &write->writes[i];

        if (one->position == 0 || write->plans[i].table == NULL)
            continue;
        journey_appended(journeys, write->plans[i].key, one->position, write->ran_ms);
        if (write->trace_header.size > 0)
            tell_write(write, one, &write->plans[i]);
    }
}

bool engine_find_append(struct engine *engine, const struct table *table, const struct item *key,
                        uint64_t *ret_position, uint64_t *ret_time_ms)
{
    AUTO(buffer_free) struct buffer stored = BUFFER_INIT(TABLE_KEY_SIZE_MAX);
    struct api_error ignored;

    ignored.extra = (struct bytes){NULL, 0};
    return table_key(table, key, true, &stored, &ignored) == OK &&
           journey_find_append(engine->journeys, buffer_bytes(&stored), ret_position, ret_time_ms);
}
