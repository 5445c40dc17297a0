/* engine/engine.c - opening, starting, stopping, closing, and what readers ask of the catalogue;
 * see engine.h. */
#include "engine/internal.h"

enum status engine_open(struct store *store, struct clock *clock, const struct arn_place *place,
                        struct engine **ret)
{
    struct engine *engine = mem_new(sizeof *engine);

    engine->store = store;
    engine->clock = clock;
    engine->step_count_max = JOB_STEP_COUNT_MAX;
    engine->shard_count = 1;
    engine->collection_size_max = ENGINE_COLLECTION_SIZE_MAX;
    engine->partition = mem_copy_text(place->partition);
    engine->region = mem_copy_text(place->region);
    engine->account = mem_copy_text(place->account);
    engine->place = (struct arn_place){engine->partition, engine->region, engine->account};
    in_flight_init(&engine->in_flight);
    conflict_faults_init(&engine->faults);

    enum status status = catalogue_load(&engine->catalogue, store, clock_now_ms(clock));

    if (status == OK)
        status = vault_open(store, &engine->vault);

    if (status != OK) {
        engine_close(engine);
        return status;
    }
    *ret = engine;
    return OK;
}

void engine_close(struct engine *engine)
{
    if (engine == NULL)
        return;
    assert(!engine->started || (engine->jobs.stopped && jobs_count(&engine->jobs) == 0));
    expiry_free(engine->expiry);
    catalogue_free(&engine->catalogue);
    in_flight_free(&engine->in_flight);
    conflict_faults_free(&engine->faults);
    vault_close(engine->vault);
    mem_free(engine->partition);
    mem_free(engine->region);
    mem_free(engine->account);
    mem_free(engine);
}

/* ---- behind the requests ---- */

/* What the process before left unfinished. */
static void go_on(struct engine *engine)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes *names = NULL;
    size_t count = catalogue_names(&engine->catalogue, BYTES(""), arena, &names);

    for (size_t i = 0; i < count; i++) {
        const struct table *table = catalogue_ref(&engine->catalogue, names[i]);

        if (table == NULL) /* it is being restored, and has neither */
            continue;
        table_index_fill(engine, table);
        order_fill(engine, table);
        expiry_adopt(engine, table);
        engine_table_unref(table);
    }
    expiry_look(engine->expiry);
}

enum status engine_start(struct engine *engine, const struct engine_door *door)
{
    engine->door = *door;
    if (door->wall_timers == NULL)
        engine->door.wall_timers = door->timers;
    jobs_init(&engine->jobs, engine->store, door->port, engine->door.wall_timers, door->changed,
              door->context);
    list_init(&engine->fills);
    list_init(&engine->orders);
    engine->expiry = expiry_new(engine);
    engine->started = true;
    go_on(engine);

    enum status status = backups_clean(engine);

    if (status == OK)
        status = restores_resume(engine);
    upkeep_start(engine);
    return status;
}

bool engine_busy(const struct engine *engine)
{
    return engine->started &&
           (jobs_count(&engine->jobs) > 0 || !list_empty(&engine->fills) || engine->dropping > 0 ||
            engine->adoptions > 0 || atomic_load(&engine->rolling) > 0);
}

bool engine_stop(struct engine *engine)
{
    if (!engine->started)
        return true;
    expiry_stop(engine->expiry);
    upkeep_stop(engine);
    return jobs_stop(&engine->jobs) && list_empty(&engine->fills) && engine->dropping == 0 &&
           engine->adoptions == 0 && atomic_load(&engine->rolling) == 0;
}

/* ---- what readers ask of the catalogue ---- */

void engine_set_shard_count(struct engine *engine, uint32_t count)
{
    assert(count >= 1 && count <= SHARDS_BEGIN_MAX);
    engine->shard_count = count;
}

void engine_tell_changes(struct engine *engine, const struct engine_change_listener *listener)
{
    engine->change_listener = *listener;
}

const struct table *engine_table_ref(struct engine *engine, struct bytes name)
{
    return catalogue_ref(&engine->catalogue, name);
}

const struct table *engine_table_ref_any(struct engine *engine, struct bytes name)
{
    return catalogue_ref_any(&engine->catalogue, name);
}

void engine_table_names(struct engine *engine, struct bytes after, size_t limit,
                        struct arena *arena, struct bytes **ret, size_t *ret_count, bool *ret_more)
{
    size_t count = catalogue_names(&engine->catalogue, after, arena, ret);

    *ret_count = size_min(count, limit);
    *ret_more = count > limit;
}

void engine_streams(struct engine *engine, struct arena *arena, struct engine_stream **ret,
                    size_t *ret_count)
{
    *ret_count = catalogue_streams(&engine->catalogue, clock_now_ms(engine->clock), arena, ret);
}

enum status engine_find_stream(struct engine *engine, uint32_t stream_id, struct bytes table_name,
                               struct bytes label, struct arena *arena, struct engine_stream *ret)
{
    struct stream_key key = {stream_id, table_name, label};
    struct engine_stream stream;

    if (!catalogue_find_stream(&engine->catalogue, &key, arena, &stream) ||
        !stream_is_readable(&stream.stream, clock_now_ms(engine->clock)))
        return NOT_FOUND;
    *ret = stream;
    return OK;
}

enum status engine_stream_shards(struct engine *engine, uint32_t stream_id, struct arena *arena,
                                 struct stream_shard **ret, size_t *ret_count)
{
    return catalogue_shards(&engine->catalogue, engine->store, stream_id,
                            clock_now_ms(engine->clock), arena, ret, ret_count);
}
