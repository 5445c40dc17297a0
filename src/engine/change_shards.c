/* engine/change_shards.c - the shards of a table's stream: opened, rolled, split and closed by the
 * writer, in order with the writes that they take. What always holds: value/shard.h.
 *
 *   open --- rolled: one child, split: two ---> closed --- a day later ---> gone from the list
 *        \-- its stream is disabled ---------/
 *
 * A change takes a position for the end of what it closes and one for the beginning of what it
 * opens. No record has either: a client that reads on behind a shard's StartingSequenceNumber
 * misses nothing.
 *
 * Nothing watches the clock: a write that finds an old shard sends a change ahead of itself. */
#include "engine/internal.h"

/* A list that becomes the stream's. */
struct shard_list {
    struct stream_shard *shards;
    size_t count, capacity;
};

static struct shard_list list_new(struct change_run *run, size_t capacity)
{
    return (struct shard_list){ARENA_NEW_ARRAY(run->change->arena, capacity, struct stream_shard),
                               0, capacity};
}

static void list_add(struct shard_list *list, struct stream_shard shard)
{
    assert(list->count < list->capacity);
    list->shards[list->count++] = shard;
}

static void list_into(const struct shard_list *list, struct table_stream *stream)
{
    stream->shards = list->shards;
    stream->shard_count = list->count;
    assert(shards_check(stream->shards, stream->shard_count, stream->enabled));
}

/* ---- with their stream ---- */

void shards_begin(struct change_run *run, struct table_stream *stream)
{
    uint32_t count = run->engine->shard_count;
    struct shard_list list = list_new(run, count);
    uint64_t begin = store_batch_position(run->batch);

    for (uint32_t i = 0; i < count; i++) {
        struct stream_shard shard = {.number = i,
                                     .parent = SHARD_NONE,
                                     .begin = begin,
                                     .end = SHARD_OPEN,
                                     .opened_ms = run->now_ms};

        shard_range(count, i, &shard.hash_from, &shard.hash_to);
        list_add(&list, shard);
    }
    list_into(&list, stream);
}

static void close_shard(struct change_run *run, struct stream_shard *shard, uint64_t end)
{
    shard->end = end;
    shard->closed_ms = run->now_ms;
}

void shards_end(struct change_run *run, struct table_stream *stream)
{
    struct shard_list list = list_new(run, stream->shard_count);
    uint64_t end = store_batch_position(run->batch);

    for (size_t i = 0; i < stream->shard_count; i++) {
        list_add(&list, stream->shards[i]);
        if (shard_is_open(&stream->shards[i]))
            close_shard(run, &list.shards[i], end);
    }
    list_into(&list, stream);
}

/* ---- rolling and splitting ---- */

static bool is_meant(const struct change_run *run, const struct stream_shard *shard)
{
    const struct shard_change *change = &run->change->shard_change;

    if (!shard_is_open(shard) || (change->number != SHARD_NONE && change->number != shard->number))
        return false;
    return change->action != SHARDS_ROLL_OLD || shard_is_old(shard, run->now_ms);
}

static void add_child(struct change_run *run, struct shard_list *list,
                      const struct stream_shard *parent, uint64_t begin, uint32_t from, uint32_t to)
{
    list_add(list, (struct stream_shard){.number = shards_next_number(list->shards, list->count),
                                         .parent = parent->number,
                                         .hash_from = from,
                                         .hash_to = to,
                                         .begin = begin,
                                         .end = SHARD_OPEN,
                                         .opened_ms = run->now_ms});
}

static void add_children(struct change_run *run, struct shard_list *list,
                         const struct stream_shard *parent, uint64_t begin)
{
    uint32_t middle = parent->hash_from + (parent->hash_to - parent->hash_from) / 2;

    if (run->change->shard_change.action != SHARDS_SPLIT) {
        add_child(run, list, parent, begin, parent->hash_from, parent->hash_to);
        return;
    }
    add_child(run, list, parent, begin, parent->hash_from, middle);
    add_child(run, list, parent, begin, middle + 1, parent->hash_to);
}

/* Closes what is meant and lets its children follow, behind all that stays. */
static void replace(struct change_run *run, struct table_stream *stream, size_t meant)
{
    struct shard_list list = list_new(run, stream->shard_count + 2 * meant);
    uint64_t end = store_batch_position(run->batch), begin = store_batch_position(run->batch);
    const struct stream_shard **parents =
        ARENA_NEW_ARRAY(run->change->arena, meant, const struct stream_shard *);
    size_t parent_count = 0;

    for (size_t i = 0; i < stream->shard_count; i++) {
        const struct stream_shard *shard = &stream->shards[i];

        if (!shard_is_readable(shard, run->now_ms))
            continue;
        list_add(&list, *shard);
        if (!is_meant(run, shard))
            continue;
        close_shard(run, &list.shards[list.count - 1], end);
        parents[parent_count++] = shard;
    }
    for (size_t i = 0; i < parent_count; i++)
        add_children(run, &list, parents[i], begin);
    list_into(&list, stream);
}

/* Is there room for so many children, once those are gone that nobody can read? */
static bool is_room(const struct table_stream *stream, uint64_t now_ms, size_t children)
{
    size_t count = children;

    for (size_t i = 0; i < stream->shard_count; i++)
        count += shard_is_readable(&stream->shards[i], now_ms) ? 1 : 0;
    return count <= SHARDS_MAX;
}

static enum status check_meant(struct change_run *run, const struct table_stream *stream,
                               size_t *ret_meant)
{
    bool split = run->change->shard_change.action == SHARDS_SPLIT;
    struct api_error *error = &run->change->error;
    size_t meant = 0;

    for (size_t i = 0; i < stream->shard_count; i++) {
        if (!is_meant(run, &stream->shards[i]))
            continue;
        if (split && stream->shards[i].hash_from == stream->shards[i].hash_to)
            return api_invalid(error, "A shard of a single hash can't be split");
        meant++;
    }
    if (!is_room(stream, run->now_ms, meant * (split ? 2 : 1)))
        return api_refuse(error, API_LIMIT_EXCEEDED,
                          "A stream has at most %d shards, with those that were closed within the "
                          "last 24 hours",
                          SHARDS_MAX);
    *ret_meant = meant;
    return OK;
}

enum status shards_change(struct change_run *run, struct table_stream *stream)
{
    bool old_ones = run->change->shard_change.action == SHARDS_ROLL_OLD;
    struct api_error *error = &run->change->error;
    size_t meant = 0;

    run->idle = true;
    if (!stream->enabled)
        return old_ones ? OK
                        : api_invalid(error, "Table %.*s has no enabled stream",
                                      BYTES_ARG(run->change->name));

    enum status status = check_meant(run, stream, &meant);

    if (status != OK)
        return status;
    if (meant == 0)
        return old_ones ? OK
                        : api_refuse(error, API_RESOURCE_NOT_FOUND,
                                     "Requested resource not found: Shard does not exist, or is "
                                     "closed");
    run->idle = false;
    replace(run, stream, meant);
    return OK;
}

/* ---- by age ---- */

static void old_rolled(struct table_change *change, enum status status)
{
    (void)status; /* refused or failed: the next write tries again */
    atomic_fetch_sub(&change->engine->rolling, 1);
    arena_free(change->arena);
    mem_free(change);
}

/* Of a started engine the change is answered on its loop, whoever writes: what follows a change of
 * the catalogue lives there. */
void shards_roll_old(struct engine *engine, struct store_port *port, const struct table *table)
{
    const struct table_stream *stream = &table->stream;
    uint64_t now_ms = stream->enabled ? clock_now_ms(engine->clock) : 0;
    size_t old = 0;

    for (size_t i = 0; stream->enabled && i < stream->shard_count; i++)
        old += shard_is_old(&stream->shards[i], now_ms) ? 1 : 0;
    if (old == 0)
        return;
    if (!is_room(stream, now_ms, old)) /* people rolled and split a great deal: they stay older */
        return;

    struct table_change *change = mem_new(sizeof *change);

    change->kind = TABLE_SHARDS;
    change->arena = arena_new();
    change->name = arena_copy(change->arena, table->name);
    change->shard_change = (struct shard_change){SHARDS_ROLL_OLD, SHARD_NONE};
    change->done = old_rolled;
    atomic_fetch_add(&engine->rolling, 1);
    engine_change_table(engine, engine->started ? engine->door.port : port, change);
}
