/* library/folder_stream.c - streams of a folder: read and written by the engine in this process. */
#include "library/folder.h"

#define CONFLICT_TRIES_MAX 8 /* with transactions that are at the same items */

/* ---- reading ---- */

static struct value number_value(int64_t number)
{
    return (struct value){.type = VALUE_N, .number = number_of_int64(number)};
}

enum dynlog_status folder_query(struct dynlog *dynlog, const struct stream_query *query,
                                struct arena *arena, struct stream_part *ret,
                                struct dynlog_error *error)
{
    struct folder *folder = folder_of(dynlog);
    struct api_error refusal;
    struct item_query *asked = ARENA_NEW(arena, struct item_query);

    asked->table_name = bytes_of_text(dynlog->table);
    asked->consistent = true;
    asked->condition.equal[0] = (struct value){.type = VALUE_S, .bytes = query->pk};
    asked->condition.equal_count = 1;
    asked->condition.range = RANGE_BETWEEN;
    asked->condition.low = number_value(query->from);
    asked->condition.high = number_value(query->to);
    asked->limit = query->limit;
    asked->backward = query->backward;
    asked->tells_places = true;

    enum status status = engine_query(folder->engine, asked, arena, &refusal);

    if (status == REFUSED)
        return fault_of_refusal(error, dynlog->table, &refusal);
    if (status != OK)
        return fault_of_status(error, dynlog->place, status);
    ret->items = ARENA_NEW_ARRAY(arena, asked->count, struct item);
    ret->places = ARENA_NEW_ARRAY(arena, asked->count, struct event_place);
    for (size_t i = 0; i < asked->count; i++) {
        ret->places[i] = (struct event_place){asked->places[i].position, asked->places[i].time_ms};
        status = item_decode(arena, asked->items[i], &ret->items[ret->count++]);
        if (status != OK)
            return fault_of_status(error, dynlog->place, status);
    }
    ret->more = asked->last_key.count > 0;
    return DYNLOG_OK;
}

/* ---- writing ---- */

struct putting {
    struct engine_write write;
    enum status status;
    bool done;
};

static void put_done(struct engine_write *write, enum status status)
{
    struct putting *putting = CONTAINER_OF(write, struct putting, write);

    putting->status = status;
    putting->done = true;
}

static void prepare(struct folder *folder, const struct event_put *put, struct arena *arena,
                    struct putting *putting)
{
    struct item_write *writes = ARENA_NEW_ARRAY(arena, put->count, struct item_write);

    for (size_t i = 0; i < put->count; i++)
        writes[i] = (struct item_write){.kind = WRITE_PUT,
                                        .table_name = bytes_of_text(folder->base.table),
                                        .item = put->items[i],
                                        .condition = folder->is_new};
    *putting = (struct putting){.write = {.writes = writes,
                                          .count = put->count,
                                          .atomic = put->count > 1,
                                          .arena = arena,
                                          .done = put_done}};
}

/* What the engine refused: of all, or of the first one that it refused for itself. */
static const struct api_error *refusal_of(const struct putting *putting)
{
    const struct engine_write *write = &putting->write;

    if (putting->status == REFUSED && write->error.kind != API_TRANSACTION_CANCELED)
        return &write->error;
    for (size_t i = 0; i < write->count; i++)
        if (write->writes[i].status == REFUSED)
            return write->writes[i].error;
    return putting->status == REFUSED ? &write->error : NULL;
}

static enum status world_of(const struct putting *putting)
{
    if (putting->status != OK && putting->status != REFUSED)
        return putting->status;
    for (size_t i = 0; i < putting->write.count; i++)
        if (putting->write.writes[i].status != OK && putting->write.writes[i].status != REFUSED)
            return putting->write.writes[i].status;
    return OK;
}

enum dynlog_status folder_put(struct dynlog *dynlog, struct event_put *put, struct arena *arena,
                              struct dynlog_error *error)
{
    struct folder *folder = folder_of(dynlog);
    struct putting *putting = ARENA_NEW(arena, struct putting);
    const struct api_error *refusal = NULL;
    enum status world = OK;

    for (unsigned turn = 0; turn < CONFLICT_TRIES_MAX; turn++) {
        struct caller *caller = caller_take(folder);

        prepare(folder, put, arena, putting);
        engine_write(folder->engine, caller->port, &putting->write);
        caller_wait(caller, &putting->done);
        caller_give(folder, caller);
        refusal = refusal_of(putting);
        if (refusal == NULL || refusal->kind != API_TRANSACTION_CONFLICT)
            break;
        place_pause(dynlog, turn);
    }
    world = world_of(putting);
    if (world != OK)
        return fault_of_status(error, dynlog->place, world);
    if (refusal != NULL && refusal->kind == API_CONDITIONAL_CHECK_FAILED)
        return fault_none(error, DYNLOG_CONFLICT);
    if (refusal != NULL)
        return fault_of_refusal(error, dynlog->table, refusal);
    for (size_t i = 0; i < put->count; i++)
        put->positions[i] = putting->write.writes[i].position;
    return DYNLOG_OK;
}
