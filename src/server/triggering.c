/* server/triggering.c - the built-in trigger of a stack that has none: its events go to the bus, in
 * the batch that moves its cursor. */
#include "server/internal.h"

struct trigger_way { /* one put of the trigger, on its way through the bus */
    struct bus_put put;
    struct trigger_put *from;
    struct triggering *triggering;
};

static void also_cursor(struct store_batch *batch, struct bus_put *put)
{
    struct trigger_way *way = CONTAINER_OF(put, struct trigger_way, put);

    way->from->also(batch, way->from);
}

static void put_done(struct bus_put *put, enum status status)
{
    struct trigger_way *way = CONTAINER_OF(put, struct trigger_way, put);
    struct server *server = way->triggering->server;

    for (size_t i = 0; i < put->count; i++)
        if (put->entries[i].error_code != NULL)
            output_error("an event of the built-in trigger was refused: %s: %.*s",
                         put->entries[i].error_code, BYTES_ARG(put->entries[i].error_message));
    way->from->done(way->from, status);
    drain_changed(server);
}

static void put_events(void *context, struct trigger_put *from)
{
    struct triggering *triggering = context;
    struct trigger_way *way = ARENA_NEW(from->arena, struct trigger_way);

    way->from = from;
    way->triggering = triggering;
    way->put = (struct bus_put){
        .entries = ARENA_NEW_ARRAY(from->arena, from->count, struct bus_entry),
        .count = from->count,
        .arena = from->arena,
        .also = also_cursor,
        .done = put_done,
    };
    for (size_t i = 0; i < from->count; i++)
        way->put.entries[i] = (struct bus_entry){
            .bus_name = triggering->bus_name,
            .source = BYTES("dynamodb-log"),
            .detail_type = BYTES("stream changes"),
            .detail = from->events[i].detail,
            .position = from->events[i].position,
        };
    bus_put_events(triggering->server->bus, &way->put);
}

static void changed(void *context)
{
    struct triggering *triggering = context;

    drain_changed(triggering->server);
}

/* The table whose name ends in "dynamodb-logs"; else the only one with a stream. */
static const struct table *log_table(struct server *server)
{
    struct bytes *names = NULL;
    size_t count = 0;
    bool more = false;
    const struct table *only = NULL;

    engine_table_names(server->engine, (struct bytes){NULL, 0}, 100, server->arena, &names, &count,
                       &more);
    for (size_t i = 0; i < count; i++) {
        const struct table *table = engine_table_ref(server->engine, names[i]);
        bool streams = table != NULL && table->stream.id != 0 && table->stream.enabled;

        if (streams && bytes_end_with(names[i], BYTES("dynamodb-logs"))) {
            if (only != NULL)
                engine_table_unref(only);
            return table;
        }
        if (streams && only == NULL) {
            only = table;
            continue;
        }
        if (table != NULL)
            engine_table_unref(table);
    }
    return only;
}

void triggering_start(struct server *server)
{
    struct triggering *triggering = &server->triggering;
    const struct table *table = log_table(server);
    struct trigger_door door = {
        .context = triggering, .put = put_events, .changed = changed, .journeys = server->journeys};

    if (table == NULL)
        return;
    triggering->server = server;
    triggering->stream_id = table->stream.id;
    door.table_name = arena_copy(server->arena, table->name);
    triggering->bus_name = server->stack->archive_count > 0
                               ? arena_copy(server->arena, server->stack->archives[0].bus_name)
                               : BYTES("dynamodb-log");
    if (bus_find(server->bus, triggering->bus_name) != NULL) {
        struct bytes name =
            arena_printf(server->arena, "trigger/%lu", (unsigned long)table->stream.id);

        /* From the stream's first record: nothing that was appended before is missed. */
        triggering->trigger = trigger_new(server->streams, server->store, server->wall_timers, name,
                                          table->stream.id, 0, &door);
        server->has_trigger = true;
    }
    engine_table_unref(table);
}
