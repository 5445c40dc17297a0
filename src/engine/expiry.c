/* engine/expiry.c - time to live: items whose time is over are deleted by the service, and the
 * change stream says that it was the service. (AWS: DynamoDB developer guide, "Using time to live
 * (TTL)".)
 *
 * A table with a time to live has an index of our own by that attribute (INDEX_EXPIRY), so what has
 * expired is found without looking at anything else. Once a second its front is looked at; a job
 * (job.h) deletes what stands there, through the same hops as any deletion. A clock that is moved
 * by hand stops at the time of the first item that is still to expire.
 *
 * As on AWS: an item is deleted once its time, epoch seconds as a number, lies before now, but not
 * when it lies more than five years before. Until then it is there for every reader. */
#include "engine/internal.h"

#include <stdio.h>

#define EXPIRY_INTERVAL_MS ((uint64_t)1000)
#define EXPIRY_STEP_COUNT_MAX 200   /* deletions in one step of the job */
#define EXPIRY_NEVER_S 253402300800 /* the year 10000: no time that anybody prints */
#define EXPIRY_OLDEST_S ((uint64_t)5 * 365 * 24 * 60 * 60)

struct expiry {
    struct engine *engine;
    struct timer timer; /* upkeep: the next look */
    struct timer due;   /* a manual clock's: the first item expires */
    struct job job;     /* of the table at hand */
    bool working, stopped;
    char table_name[TABLE_NAME_SIZE_MAX + 1];  /* the last one that was worked on */
    char failed_name[TABLE_NAME_SIZE_MAX + 1]; /* the last one that was told as damaged */
};

/* ---- the index ---- */

static size_t find_expiry(const struct table *table)
{
    size_t at = 0;

    while (at < table->index_count && table->indexes[at].kind != INDEX_EXPIRY)
        at++;
    return at;
}

static void add_expiry(struct arena *arena, struct table *table)
{
    struct table_index *indexes =
        ARENA_NEW_ARRAY(arena, table->index_count + 1, struct table_index);

    for (size_t i = 0; i < table->index_count; i++)
        indexes[i] = table->indexes[i];
    indexes[table->index_count] =
        (struct table_index){.kind = INDEX_EXPIRY, .projection = PROJECTION_KEYS_ONLY};
    key_schema_add(&indexes[table->index_count].key, table->ttl_attribute, VALUE_N, true);
    table->indexes = indexes;
    table->index_count++;
}

void expiry_settle(struct arena *arena, struct table *table)
{
    size_t at = find_expiry(table);
    bool there = at < table->index_count;

    if (table->ttl_enabled && !there)
        add_expiry(arena, table);
    if (table->ttl_enabled || !there)
        return;
    for (; at + 1 < table->index_count; at++)
        table->indexes[at] = table->indexes[at + 1];
    table->index_count--;
}

static enum status keep_as_it_is(struct table_change *change, struct table *table,
                                 struct api_error *reterr)
{
    (void)change, (void)table, (void)reterr;
    return OK; /* every change settles the index */
}

static void adopted(struct table_change *change, enum status status)
{
    struct engine *engine = change->context;

    (void)status; /* the next start tries again */
    engine->adoptions--;
    arena_free(change->arena);
    if (engine->door.changed != NULL)
        engine->door.changed(engine->door.context);
}

void expiry_adopt(struct engine *engine, const struct table *table)
{
    if (!table->ttl_enabled || find_expiry(table) < table->index_count)
        return;

    struct arena *arena = arena_new();
    struct table_change *change = ARENA_NEW(arena, struct table_change);

    *change = (struct table_change){.kind = TABLE_UPDATE,
                                    .name = arena_copy(arena, table->name),
                                    .edit = keep_as_it_is,
                                    .arena = arena,
                                    .done = adopted,
                                    .context = engine};
    engine->adoptions++;
    engine_change_table(engine, engine->door.port, change);
}

/* The keys of entries that have expired. */
static void bounds_of(const struct engine *engine, const struct table_index *index,
                      struct arena *arena, struct query_bounds *ret)
{
    uint64_t now_s = clock_now_ms(engine->clock) / 1000;
    uint64_t oldest_s = now_s > EXPIRY_OLDEST_S ? now_s - EXPIRY_OLDEST_S : 0;
    struct query_source source = {STORE_INDEXES, index->id, &index->key};
    struct key_condition condition = {
        .range = RANGE_BETWEEN,
        .low = {.type = VALUE_N, .number = number_of_int64((int64_t)oldest_s)},
        .high = {.type = VALUE_N, .number = number_of_int64((int64_t)now_s)},
    };
    struct query_bounds upper;

    query_bounds_of_condition(&source, &condition, arena, ret);
    condition.range = RANGE_LESS;
    condition.low = condition.high;
    query_bounds_of_condition(&source, &condition, arena, &upper);
    ret->to = upper.to;
}

/* ---- deleting, on the writer's thread ---- */

static enum status delete_item(struct write_run *run, const struct table *table,
                               struct bytes entry_key, struct bytes entry_value)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(TABLE_KEY_SIZE_MAX);
    struct stored_item entry;
    struct item item;
    struct bytes current;
    enum status status = store_batch_get(run->batch, STORE_INDEXES, entry_key, &current);

    if (status == NOT_FOUND) /* written meanwhile */
        return OK;
    if (status == OK)
        status = stored_item_read(entry_value, &entry);
    if (status == OK)
        status = item_decode(run->arena, arena_copy(run->arena, entry.form), &item);
    if (status == OK)
        status = table_key(table, &item, false, &key, &run->error);
    if (status != OK)
        return status == REFUSED ? CORRUPT : status;

    struct item_write write = {.kind = WRITE_DELETE,
                               .table_name = table->name,
                               .item = table_key_attributes(table, NULL, &item, run->arena),
                               .change_flags = CHANGE_BY_TTL};
    struct write_plan plan = {.table = table, .key = arena_copy(run->arena, buffer_bytes(&key))};

    write_evaluate(run, &write, &plan);
    if (write.status == OK && plan.effect == EFFECT_NONE) /* it would be found again and again */
        return CORRUPT;
    if (write.status == OK)
        write_apply(run, &write, &plan);
    return write.status;
}

static enum status delete_some(struct write_run *run, const struct table *table,
                               const struct table_index *index, bool *ret_done)
{
    struct query_bounds bounds;
    struct bytes key, value;

    bounds_of(run->engine, index, run->arena, &bounds);

    AUTO(store_iter_release)
    struct store_iter *iter =
        store_iter_new(run->engine->store, NULL, STORE_INDEXES, bounds.from, bounds.to, false);

    for (size_t count = 0; count < EXPIRY_STEP_COUNT_MAX; count++) {
        if (!store_iter_next(iter, &key, &value)) {
            *ret_done = true;
            return store_iter_status(iter);
        }

        enum status status = delete_item(run, table, key, value);

        if (status != OK) /* a step that fails has put nothing: this one ends before that item */
            return count > 0 ? OK : status;
    }
    return OK;
}

static enum status step(struct job *job, struct store_batch *batch, bool *ret_done)
{
    struct expiry *expiry = CONTAINER_OF(job, struct expiry, job);
    struct engine *engine = expiry->engine;
    AUTO(arena_release) struct arena *arena = arena_new();
    struct write_run run = {
        .engine = engine,
        .batch = batch,
        .arena = arena,
        .now_ms = clock_now_ms(engine->clock),
        .order = {.batch = batch, .arena = arena}};
    const struct table *table = NULL;
    enum status status = catalogue_writer_ref(&engine->catalogue, batch, arena,
                                              bytes_of_text(expiry->table_name), &table);

    *ret_done = true;
    if (status == OK && find_expiry(table) < table->index_count) {
        *ret_done = false;
        status = delete_some(&run, table, &table->indexes[find_expiry(table)], ret_done);
        figures_store(&run);
        collections_store(&run);
        order_store(&run.order);
    }
    engine_table_unref(table);
    return status == NOT_FOUND ? OK : status;
}

/* ---- looking, on the loop ---- */

static bool has_expired(const struct engine *engine, const struct table *table, bool *ret_any)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    size_t at = find_expiry(table);
    struct query_bounds bounds;
    struct bytes key, value;

    if (at == table->index_count)
        return false;
    *ret_any = true;
    bounds_of(engine, &table->indexes[at], arena, &bounds);

    AUTO(store_iter_release)
    struct store_iter *iter =
        store_iter_new(engine->store, NULL, STORE_INDEXES, bounds.from, bounds.to, false);

    return store_iter_next(iter, &key, &value);
}

/* The first whole second that a number of epoch seconds lies before; 0: there is none. */
static uint64_t second_of(const struct value *value)
{
    struct number whole;
    int64_t second = 0;

    if (value == NULL || value->type != VALUE_N || value->number.negative)
        return 0;
    whole = value->number;
    if (whole.exponent < whole.count)
        whole.count = (uint8_t)(whole.exponent > 0 ? whole.exponent : 0);
    if (!number_to_int64(&whole, &second) || second >= EXPIRY_NEVER_S)
        return 0;
    return (uint64_t)second + 1;
}

/* Sets `due` to the first item of the table that is still to expire, if it is earlier than *first.
 * An entry that can't be read is found by the look that comes at its time. */
static void find_due(struct expiry *expiry, const struct table *table, uint64_t *first_s)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct engine *engine = expiry->engine;
    size_t at = find_expiry(table);
    struct bytes key, value;
    struct stored_item entry;
    struct item item;

    if (at == table->index_count)
        return;

    const struct table_index *index = &table->indexes[at];
    struct query_source source = {STORE_INDEXES, index->id, &index->key};
    uint64_t now_s = clock_now_ms(engine->clock) / 1000;
    struct key_condition condition = {
        .range = RANGE_GREATER_OR_EQUAL,
        .low = {.type = VALUE_N, .number = number_of_int64((int64_t)now_s)},
    };
    struct query_bounds bounds;

    query_bounds_of_condition(&source, &condition, arena, &bounds);

    AUTO(store_iter_release)
    struct store_iter *iter =
        store_iter_new(engine->store, NULL, STORE_INDEXES, bounds.from, bounds.to, false);

    if (!store_iter_next(iter, &key, &value) || stored_item_read(value, &entry) != OK ||
        item_decode(arena, arena_copy(arena, entry.form), &item) != OK)
        return;

    uint64_t second = second_of(item_get(&item, table->ttl_attribute));

    if (second > now_s && second < *first_s)
        *first_s = second;
}

static void watch_first(struct expiry *expiry)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct engine *engine = expiry->engine;
    struct bytes *names = NULL;
    size_t count = catalogue_names(&engine->catalogue, BYTES(""), arena, &names);
    uint64_t first_s = UINT64_MAX;

    if (!clock_is_manual(engine->clock))
        return;
    for (size_t i = 0; i < count; i++) {
        const struct table *table = catalogue_ref(&engine->catalogue, names[i]);

        if (table == NULL)
            continue;
        find_due(expiry, table, &first_s);
        engine_table_unref(table);
    }
    if (first_s != UINT64_MAX)
        timer_set_at(engine->door.timers, &expiry->due, first_s * 1000);
    else
        timer_cancel(engine->door.timers, &expiry->due);
}

/* The next table, by name, where something has expired: so that one that is busy, or damaged, does
 * not keep the others waiting. *ret_any: some table has a time to live. */
static bool find_table(struct expiry *expiry, bool *ret_any)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct engine *engine = expiry->engine;
    struct bytes *names = NULL;
    size_t count = catalogue_names(&engine->catalogue, BYTES(""), arena, &names), first = 0;
    bool found = false;

    while (first < count && bytes_compare(names[first], bytes_of_text(expiry->table_name)) <= 0)
        first++;
    *ret_any = false;
    for (size_t i = 0; i < count && !found; i++) {
        const struct table *table = catalogue_ref(&engine->catalogue, names[(first + i) % count]);

        if (table == NULL)
            continue;
        found = has_expired(engine, table, ret_any);
        if (found) {
            shards_roll_old(engine, engine->door.port, table);
            snprintf(expiry->table_name, sizeof expiry->table_name, "%.*s", BYTES_ARG(table->name));
        }
        engine_table_unref(table);
    }
    return found;
}

void expiry_look(struct expiry *expiry)
{
    bool any = false;

    if (expiry->working || expiry->stopped)
        return;
    timer_cancel(expiry->engine->door.timers, &expiry->timer);
    if (find_table(expiry, &any)) {
        expiry->working = true;
        job_start(&expiry->engine->jobs, &expiry->job);
    } else if (any) {
        timer_set_after(expiry->engine->door.timers, &expiry->timer, EXPIRY_INTERVAL_MS);
        watch_first(expiry);
    }
}

/* A disk that is full or fails is asked again without a word: whoever writes hears of it. */
static void tell_damage(struct expiry *expiry, enum status status)
{
    const struct engine_door *door = &expiry->engine->door;
    char sentence[256 + TABLE_NAME_SIZE_MAX];

    if (status == OK || status == CLOSED || status == NO_SPACE || status == IO_ERROR ||
        door->failed == NULL || strcmp(expiry->failed_name, expiry->table_name) == 0)
        return;
    memcpy(expiry->failed_name, expiry->table_name, sizeof expiry->failed_name);
    snprintf(sentence, sizeof sentence, "items of table %s that have expired can't be deleted: %s",
             expiry->table_name, status_text(status));
    door->failed(door->context, sentence);
}

static void ended(struct job *job, enum status status)
{
    struct expiry *expiry = CONTAINER_OF(job, struct expiry, job);

    expiry->working = false;
    tell_damage(expiry, status);
    if (status == OK)
        expiry_look(expiry);
    else if (!expiry->stopped)
        timer_set_after(expiry->engine->door.timers, &expiry->timer, EXPIRY_INTERVAL_MS);
}

static void timer_fired(struct timer *timer)
{
    expiry_look(CONTAINER_OF(timer, struct expiry, timer));
}

static void due_fired(struct timer *timer)
{
    expiry_look(CONTAINER_OF(timer, struct expiry, due));
}

struct expiry *expiry_new(struct engine *engine)
{
    struct expiry *expiry = mem_new(sizeof *expiry);

    expiry->engine = engine;
    expiry->timer = (struct timer){.fire = timer_fired, .upkeep = true};
    expiry->due = (struct timer){.fire = due_fired};
    expiry->job.step = step;
    expiry->job.ended = ended;
    return expiry;
}

void expiry_stop(struct expiry *expiry)
{
    expiry->stopped = true;
    timer_cancel(expiry->engine->door.timers, &expiry->timer);
    timer_cancel(expiry->engine->door.timers, &expiry->due);
}

void expiry_free(struct expiry *expiry)
{
    mem_free(expiry);
}
