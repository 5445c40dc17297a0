/* server/triggering.c - the built-in trigger of a stack that has none: its events go to the bus, in
 * the batch that moves its cursor; functions may begin with them before that (streams/trigger.h).
 *
 * An event's id follows from the store's, and from the position and time of its change record: when
 * a crash makes it be made again, it is the same event. */
#include "server/internal.h"

struct trigger_way { /* one page of the trigger, on its way through the bus */
    struct bus_put put;
    struct trigger_put *from;
};

struct trigger_batch { /* the pages that are written together */
    struct store_work work;
    struct triggering *triggering;
    struct trigger_put *first, *last; /* last: that could be written */
    enum status status;               /* of the writer: of the one behind it */
};

/* ---- a page begins ---- */

static void released(void *context)
{
    struct trigger_way *way = context;

    way->from->released(way->from);
}

static void ended_well(void *context)
{
    struct trigger_way *way = context;

    way->from->ended_well(way->from);
}

static const char *event_id(const struct triggering *triggering, struct arena *arena,
                            const struct trigger_event *event)
{
    char *id = arena_alloc(arena, ID_UUID_SIZE);

    id_uuid_of(triggering->ids ^ event->position, event->time_ms, id);
    return id;
}

static bool begin(void *context, struct trigger_put *from, size_t *ret_kept)
{
    struct triggering *triggering = context;
    struct trigger_way *way = ARENA_NEW(from->arena, struct trigger_way);
    struct delivery_release release = {released, ended_well, way};

    from->slot = way;
    way->from = from;
    way->put = (struct bus_put){
        .entries = ARENA_NEW_ARRAY(from->arena, from->count, struct bus_entry),
        .count = from->count,
        .arena = from->arena,
    };
    for (size_t i = 0; i < from->count; i++)
        way->put.entries[i] = (struct bus_entry){
            .bus_name = triggering->bus_name,
            .source = BYTES("dynamodb-log"),
            .detail_type = BYTES("stream changes"),
            .detail = from->events[i].detail,
            .detail_is_ours = true,
            .position = from->events[i].position,
            .id = event_id(triggering, from->arena, &from->events[i]),
        };
    bool waits = bus_begin_events(triggering->server->bus, &way->put, &release, ret_kept);

    for (size_t i = 0; i < from->count; i++)
        if (way->put.entries[i].error_code != NULL)
            output_error("an event of the built-in trigger was refused: %s: %.*s",
                         way->put.entries[i].error_code,
                         BYTES_ARG(way->put.entries[i].error_message));
    return waits;
}

/* ---- pages are written ---- */

/* Those behind one that can't be written now wait with it. */
static void write_pages(struct store_batch *batch, struct store_work *work)
{
    struct trigger_batch *pages = CONTAINER_OF(work, struct trigger_batch, work);

    pages->last = NULL;
    pages->status = OK;
    for (struct trigger_put *put = pages->first; put != NULL; put = put->next) {
        struct trigger_way *way = put->slot;

        pages->status = bus_plan_write(pages->triggering->server->bus, batch, way->put.plan);
        if (pages->status != OK)
            break;
        pages->last = put;
    }
    if (pages->last != NULL)
        pages->first->also(batch, pages->last);
}

static void pages_written(struct store_work *work, enum status status)
{
    struct trigger_batch *pages = CONTAINER_OF(work, struct trigger_batch, work);
    struct server *server = pages->triggering->server;
    struct trigger_put *first = pages->first, *last = status == OK ? pages->last : NULL;

    if (status == OK)
        status = pages->status;
    for (struct trigger_put *put = last != NULL ? first : NULL; put != NULL;
         put = put != last ? put->next : NULL) {
        struct trigger_way *way = put->slot;

        bus_plan_written(server->bus, way->put.plan);
    }
    mem_free(pages);
    assert(first != NULL && "a batch has a page");
    first->done(first, last, status);
    drain_changed(server);
}

static void write_events(void *context, struct trigger_put *first)
{
    struct triggering *triggering = context;
    struct trigger_batch *pages = mem_new(sizeof *pages);

    *pages = (struct trigger_batch){.work = {.run = write_pages, .done = pages_written},
                                    .triggering = triggering,
                                    .first = first};
    store_submit(triggering->server->store, triggering->server->port, &pages->work);
}

static void changed(void *context)
{
    struct triggering *triggering = context;

    drain_changed(triggering->server);
}

/* ---- life ---- */

/* What ids of this store's events are made of. */
static uint64_t ids_of(struct server *server)
{
    AUTO(store_value_release) struct store_value value = {0};
    enum status status =
        store_get(server->store, NULL, STORE_CATALOGUE, BYTES(SERVER_STORE_ID_KEY), &value);

    assert(status == OK); /* identity.c wrote it before anything else */
    return bytes_hash(value.bytes);
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
        .context = triggering,
        .begin = begin,
        .put = write_events,
        .changed = changed,
        .journeys = server->journeys,
    };

    if (table == NULL)
        return;
    triggering->server = server;
    triggering->stream_id = table->stream.id;
    triggering->ids = ids_of(server);
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
