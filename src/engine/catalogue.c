/* engine/catalogue.c - see catalogue.h. */
#include "engine/catalogue.h"

#include <stdlib.h>

struct table_slot {
    uint64_t order;            /* of the change that it shows */
    const struct table *table; /* a reference; NULL: deleted, and an older change may come yet */
};

/* A snapshot of the table as it was when it left the stream behind: its keys and its name. */
struct left_stream {
    struct left_stream *next;
    const struct table *table;
};

bool stream_is_readable(const struct table_stream *stream, uint64_t now_ms)
{
    return stream->id != 0 &&
           (stream->closed_ms == 0 || now_ms < stream->closed_ms + STREAM_READABLE_MS);
}

/* ---- opening ---- */

static void put_slot(struct catalogue *catalogue, struct bytes name, uint64_t order,
                     const struct table *table)
{
    struct table_slot *slot = mem_new(sizeof *slot);

    *slot = (struct table_slot){order, table};
    map_put(&catalogue->tables, name, slot);
}

static void add_left_stream(struct catalogue *catalogue, const struct engine_stream *stream)
{
    struct left_stream *left = mem_new(sizeof *left);
    struct table table = {.name = stream->table_name, .key = stream->key, .stream = stream->stream};

    left->table = table_snapshot_new(&table);
    left->next = catalogue->streams;
    catalogue->streams = left;
}

static enum status load_table(struct catalogue *catalogue, struct arena *arena, struct bytes text)
{
    struct table table;
    enum status status = catalogue_parse_table(arena, text, &table);

    if (status == OK)
        put_slot(catalogue, table.name, 0, table_snapshot_new(&table));
    return status;
}

static enum status load_stream(struct catalogue *catalogue, struct arena *arena, struct bytes text)
{
    struct engine_stream stream;
    enum status status = catalogue_parse_stream(arena, text, &stream);

    if (status == OK)
        add_left_stream(catalogue, &stream);
    return status;
}

static enum status load_each(struct catalogue *catalogue, struct store *store, struct bytes from,
                             struct bytes to,
                             enum status (*load)(struct catalogue *, struct arena *, struct bytes))
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(store, NULL, STORE_CATALOGUE, from, to, false);
    struct bytes key, value;

    while (store_iter_next(iter, &key, &value)) {
        enum status status = load(catalogue, arena, value);

        if (status != OK)
            return status;
        arena_reset(arena);
    }
    return store_iter_status(iter);
}

static void drop_old_streams(struct catalogue *catalogue, uint64_t now_ms)
{
    for (struct left_stream **at = &catalogue->streams; *at != NULL;) {
        struct left_stream *left = *at;

        if (stream_is_readable(&left->table->stream, now_ms)) {
            at = &left->next;
            continue;
        }
        *at = left->next;
        engine_table_unref(left->table);
        mem_free(left);
    }
}

enum status catalogue_load(struct catalogue *catalogue, struct store *store, uint64_t now_ms)
{
    pthread_rwlock_init(&catalogue->lock, NULL);
    catalogue->tables = MAP_INIT;
    catalogue->streams = NULL;

    enum status status =
        load_each(catalogue, store, CATALOGUE_TABLE_PREFIX, CATALOGUE_TABLE_END, load_table);

    if (status == OK)
        status =
            load_each(catalogue, store, CATALOGUE_STREAM_PREFIX, CATALOGUE_STREAM_END, load_stream);
    drop_old_streams(catalogue, now_ms);
    return status;
}

void catalogue_free(struct catalogue *catalogue)
{
    struct bytes name;
    void *value = NULL;

    assert(atomic_load(&catalogue->unpublished) == 0);
    for (size_t i = 0; map_next(&catalogue->tables, &i, &name, &value);) {
        engine_table_unref(((struct table_slot *)value)->table);
        mem_free(value);
    }
    map_free(&catalogue->tables);
    drop_old_streams(catalogue, UINT64_MAX);
    pthread_rwlock_destroy(&catalogue->lock);
}

/* ---- looking up ---- */

const struct table *catalogue_ref_any(struct catalogue *catalogue, struct bytes name)
{
    pthread_rwlock_rdlock(&catalogue->lock);

    const struct table_slot *slot = map_get(&catalogue->tables, name);
    const struct table *table =
        slot != NULL && slot->table != NULL ? table_snapshot_ref(slot->table) : NULL;

    pthread_rwlock_unlock(&catalogue->lock);
    return table;
}

/* Lets go of what cannot be used yet. */
static const struct table *only_usable(const struct table *table)
{
    if (table == NULL || !table->restore.in_progress)
        return table;
    engine_table_unref(table);
    return NULL;
}

const struct table *catalogue_ref(struct catalogue *catalogue, struct bytes name)
{
    return only_usable(catalogue_ref_any(catalogue, name));
}

uint64_t catalogue_generation(struct catalogue *catalogue)
{
    return atomic_load(&catalogue->generation);
}

/* The copy that is made after this shows every change that the caller can have seen of the store.
 */
static bool is_settled(struct catalogue *catalogue)
{
    return atomic_load(&catalogue->unpublished) == 0 && !atomic_load(&catalogue->doubtful);
}

/* In this order: what was published before `unpublished` became 0 has moved the generation. */
bool catalogue_unchanged(struct catalogue *catalogue, uint64_t generation)
{
    return is_settled(catalogue) && atomic_load(&catalogue->generation) == generation;
}

enum status catalogue_writer_ref(struct catalogue *catalogue, struct store_batch *batch,
                                 struct arena *arena, struct bytes name, const struct table **ret)
{
    struct table table;

    if (is_settled(catalogue)) {
        *ret = catalogue_ref(catalogue, name);
        return *ret != NULL ? OK : NOT_FOUND;
    }

    enum status status = catalogue_writer_table(batch, arena, name, &table);

    if (status == OK && table.restore.in_progress)
        return NOT_FOUND;
    if (status == OK)
        *ret = table_snapshot_new(&table);
    return status;
}

enum status catalogue_writer_state(struct store_batch *batch, struct arena *arena,
                                   struct catalogue_state *ret)
{
    struct bytes text;
    enum status status = store_batch_get(batch, STORE_CATALOGUE, CATALOGUE_STATE_KEY, &text);

    if (status == OK)
        return catalogue_parse_state(arena, text, ret);
    *ret = (struct catalogue_state){.next_id = 1};
    return status == NOT_FOUND ? OK : status;
}

/* Copied: the text in the batch holds only until run() returns. */
enum status catalogue_writer_table(struct store_batch *batch, struct arena *arena,
                                   struct bytes name, struct table *ret)
{
    struct bytes text;
    struct table table;
    enum status status =
        store_batch_get(batch, STORE_CATALOGUE, catalogue_table_key(arena, name), &text);

    if (status == OK)
        status = catalogue_parse_table(arena, text, &table);
    if (status == OK)
        *ret = table_copy(arena, &table);
    return status;
}

/* ---- changing ---- */

uint64_t catalogue_changed(struct catalogue *catalogue)
{
    atomic_fetch_add(&catalogue->unpublished, 1);
    return ++catalogue->last_order;
}

static void publish(struct catalogue *catalogue, const struct table_change *change)
{
    struct table_slot *slot = map_get(&catalogue->tables, change->name);

    if (slot == NULL)
        put_slot(catalogue, change->name, 0, NULL);
    slot = map_get(&catalogue->tables, change->name);
    if (slot->order > change->order) /* a later change was published first */
        return;
    engine_table_unref(slot->table);
    slot->order = change->order;
    slot->table = change->kind == TABLE_DELETE ? NULL : table_snapshot_new(&change->table);
}

/* No older change of this name can come any more: nothing is left to remember. */
static void forget_deleted(struct catalogue *catalogue, struct bytes name)
{
    struct table_slot *slot = map_get(&catalogue->tables, name);

    if (slot != NULL && slot->table == NULL)
        mem_free(map_remove(&catalogue->tables, name));
}

void catalogue_publish(struct catalogue *catalogue, const struct table_change *change,
                       bool published, uint64_t now_ms)
{
    pthread_rwlock_wrlock(&catalogue->lock);
    if (published) {
        publish(catalogue, change);
        if (change->left.stream.id != 0)
            add_left_stream(catalogue, &change->left);
        drop_old_streams(catalogue, now_ms);
        atomic_fetch_add(&catalogue->generation, 1);
    } else {
        atomic_store(&catalogue->doubtful, true);
    }
    if (atomic_fetch_sub(&catalogue->unpublished, 1) == 1)
        forget_deleted(catalogue, change->name);
    pthread_rwlock_unlock(&catalogue->lock);
}

/* ---- what readers list ---- */

static int compare_names(const void *a, const void *b)
{
    const struct bytes *left = a, *right = b;

    return bytes_compare(*left, *right);
}

size_t catalogue_names(struct catalogue *catalogue, struct bytes after, struct arena *arena,
                       struct bytes **ret)
{
    struct bytes name;
    void *value = NULL;
    size_t count = 0;

    pthread_rwlock_rdlock(&catalogue->lock);

    struct bytes *names = ARENA_NEW_ARRAY(arena, catalogue->tables.count, struct bytes);

    for (size_t i = 0; map_next(&catalogue->tables, &i, &name, &value);)
        if (((struct table_slot *)value)->table != NULL && bytes_compare(name, after) > 0)
            names[count++] = arena_copy(arena, name);
    pthread_rwlock_unlock(&catalogue->lock);
    qsort(names, count, sizeof *names, compare_names);
    *ret = names;
    return count;
}

size_t catalogue_recoveries(struct catalogue *catalogue, struct arena *arena,
                            const struct table ***ret)
{
    const struct table **tables = NULL;
    struct bytes name;
    void *value = NULL;
    size_t count = 0, capacity = 0;

    pthread_rwlock_rdlock(&catalogue->lock);
    for (size_t i = 0; map_next(&catalogue->tables, &i, &name, &value);) {
        const struct table *table = ((struct table_slot *)value)->table;

        if (table == NULL || table->recovery_id == 0)
            continue;
        tables = arena_grow(arena, tables, count, count + 1, &capacity, sizeof *tables);
        tables[count++] = table_snapshot_ref(table);
    }
    pthread_rwlock_unlock(&catalogue->lock);
    *ret = tables;
    return count;
}

static int compare_streams(const void *a, const void *b)
{
    const struct engine_stream *left = a, *right = b;

    return left->stream.id < right->stream.id ? -1 : left->stream.id > right->stream.id;
}

static struct engine_stream stream_of(struct arena *arena, const struct table *table)
{
    struct table copy = table_copy(arena, table);

    return (struct engine_stream){copy.name, copy.stream, copy.key};
}

size_t catalogue_streams(struct catalogue *catalogue, uint64_t now_ms, struct arena *arena,
                         struct engine_stream **ret)
{
    struct engine_stream *streams = NULL;
    struct bytes name;
    void *value = NULL;
    size_t count = 0, capacity = 0;

    pthread_rwlock_rdlock(&catalogue->lock);
    for (size_t i = 0; map_next(&catalogue->tables, &i, &name, &value);) {
        const struct table *table = ((struct table_slot *)value)->table;

        if (table == NULL || !stream_is_readable(&table->stream, now_ms))
            continue;
        streams = arena_grow(arena, streams, count, count + 1, &capacity, sizeof *streams);
        streams[count++] = stream_of(arena, table);
    }
    for (const struct left_stream *left = catalogue->streams; left != NULL; left = left->next) {
        if (!stream_is_readable(&left->table->stream, now_ms))
            continue;
        streams = arena_grow(arena, streams, count, count + 1, &capacity, sizeof *streams);
        streams[count++] = stream_of(arena, left->table);
    }
    pthread_rwlock_unlock(&catalogue->lock);
    if (count > 0)
        qsort(streams, count, sizeof *streams, compare_streams);
    *ret = streams;
    return count;
}

/* ---- one stream ---- */

static bool is_stream(const struct table *table, const struct stream_key *key)
{
    if (table->stream.id == 0)
        return false;
    return key->id != 0 ? table->stream.id == key->id
                        : bytes_equal(table->name, key->table_name) &&
                              bytes_equal(table->stream.label, key->label);
}

static bool slot_has(const struct table_slot *slot, const struct stream_key *key)
{
    return slot != NULL && slot->table != NULL && is_stream(slot->table, key);
}

/* Under the lock. */
static const struct table *find_stream(struct catalogue *catalogue, const struct stream_key *key)
{
    const struct table_slot *named =
        key->id == 0 ? map_get(&catalogue->tables, key->table_name) : NULL;
    struct bytes name;
    void *value = NULL;

    if (slot_has(named, key))
        return named->table;
    for (size_t i = 0; key->id != 0 && map_next(&catalogue->tables, &i, &name, &value);)
        if (slot_has(value, key))
            return ((struct table_slot *)value)->table;
    for (const struct left_stream *left = catalogue->streams; left != NULL; left = left->next)
        if (is_stream(left->table, key))
            return left->table;
    return NULL;
}

bool catalogue_find_stream(struct catalogue *catalogue, const struct stream_key *key,
                           struct arena *arena, struct engine_stream *ret)
{
    pthread_rwlock_rdlock(&catalogue->lock);

    const struct table *table = find_stream(catalogue, key);

    if (table != NULL)
        *ret = stream_of(arena, table);
    pthread_rwlock_unlock(&catalogue->lock);
    return table != NULL;
}

/* As it is on disk: in its table's record, or in one of its own when the table has let it go. */
static enum status read_stream(struct store *store, struct arena *arena,
                               struct engine_stream *stream)
{
    AUTO(store_value_release) struct store_value value = {0}, left = {0};
    struct table table;
    enum status status = store_get(store, NULL, STORE_CATALOGUE,
                                   catalogue_table_key(arena, stream->table_name), &value);

    if (status == OK)
        status = catalogue_parse_table(arena, arena_copy(arena, value.bytes), &table);
    if (status == OK && table.stream.id == stream->stream.id) {
        stream->stream = table.stream;
        return OK;
    }
    if (status != OK && status != NOT_FOUND)
        return status;
    status = store_get(store, NULL, STORE_CATALOGUE, catalogue_stream_key(arena, stream->stream.id),
                       &left);
    return status == OK ? catalogue_parse_stream(arena, arena_copy(arena, left.bytes), stream)
                        : status;
}

/* Asked first: every change that the caller can have seen of the store had counted itself as
 * unpublished before it became visible. When there is none, it is in the copy that is made now. */
enum status catalogue_shards(struct catalogue *catalogue, struct store *store, uint32_t stream_id,
                             uint64_t now_ms, struct arena *arena, struct stream_shard **ret,
                             size_t *ret_count)
{
    bool settled = is_settled(catalogue);
    struct engine_stream stream;
    enum status status = OK;

    if (!catalogue_find_stream(catalogue, &(struct stream_key){.id = stream_id}, arena, &stream) ||
        !stream_is_readable(&stream.stream, now_ms))
        return NOT_FOUND;
    if (!settled)
        status = read_stream(store, arena, &stream);
    if (status != OK)
        return status;
    *ret = stream.stream.shards;
    *ret_count = stream.stream.shard_count;
    return OK;
}
