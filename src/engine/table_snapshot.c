/* engine/table_snapshot.c - struct tables that outlive a request: one block of memory each, with
 * all their bytes behind them, counted by reference. */
#include "engine/catalogue.h"

struct table_snapshot {
    atomic_uint references;
    struct table table;
};

#define TEXTS_MAX (8 + 2 * TABLE_TAGS_MAX)

/* Every struct bytes of a table. A new member that points to bytes belongs here. */
static size_t texts_of(struct table *table, struct bytes *texts[TEXTS_MAX])
{
    size_t count = 0;

    texts[count++] = &table->table_id;
    texts[count++] = &table->name;
    texts[count++] = &table->hash.name;
    texts[count++] = &table->range.name;
    texts[count++] = &table->stream.label;
    texts[count++] = &table->ttl_attribute;
    texts[count++] = &table->sse_kms_key;
    texts[count++] = &table->table_class;
    assert(table->tag_count <= TABLE_TAGS_MAX);
    for (size_t i = 0; i < table->tag_count; i++) {
        texts[count++] = &table->tags[i].key;
        texts[count++] = &table->tags[i].value;
    }
    return count;
}

static size_t shards_size(const struct table *table)
{
    return table->stream.shard_count * sizeof *table->stream.shards;
}

static size_t tags_size(const struct table *table)
{
    return table->tag_count * sizeof *table->tags;
}

/* What a copy needs beside the struct itself: shards, tags, and behind them the bytes. */
static size_t room_of(const struct table *table)
{
    struct table copy = *table;
    struct bytes *texts[TEXTS_MAX];
    size_t count = texts_of(&copy, texts);
    size_t size = shards_size(table) + tags_size(table);

    for (size_t i = 0; i < count; i++)
        size += texts[i]->size;
    return size;
}

static void copy_into(struct table *copy, const struct table *table, void *room)
{
    struct bytes *texts[TEXTS_MAX];

    uint8_t *at = room;

    *copy = *table;
    copy->stream.shards = (struct stream_shard *)(void *)at;
    if (table->stream.shard_count > 0)
        memcpy(at, table->stream.shards, shards_size(table));
    at += shards_size(table);
    copy->tags = (struct table_tag *)(void *)at;
    if (table->tag_count > 0)
        memcpy(at, table->tags, tags_size(table));
    at += tags_size(table);

    size_t count = texts_of(copy, texts);

    for (size_t i = 0; i < count; i++) {
        if (texts[i]->size > 0)
            memcpy(at, texts[i]->ptr, texts[i]->size);
        texts[i]->ptr = at;
        at += texts[i]->size;
    }
}

struct table table_copy(struct arena *arena, const struct table *table)
{
    struct table copy;

    copy_into(&copy, table, arena_alloc(arena, room_of(table)));
    return copy;
}

const struct table *table_snapshot_new(const struct table *table)
{
    struct table_snapshot *snapshot = mem_new(sizeof *snapshot + room_of(table));

    atomic_init(&snapshot->references, 1);
    copy_into(&snapshot->table, table, snapshot + 1);
    return &snapshot->table;
}

/* The reference count is not part of what never changes. */
static struct table_snapshot *snapshot_of(const struct table *table)
{
    union {
        const struct table *in;
        struct table *out;
    } cast = {table};

    return CONTAINER_OF(cast.out, struct table_snapshot, table);
}

const struct table *table_snapshot_ref(const struct table *table)
{
    atomic_fetch_add_explicit(&snapshot_of(table)->references, 1, memory_order_relaxed);
    return table;
}

void engine_table_unref(const struct table *table)
{
    if (table == NULL)
        return;

    struct table_snapshot *snapshot = snapshot_of(table);

    if (atomic_fetch_sub_explicit(&snapshot->references, 1, memory_order_acq_rel) == 1)
        mem_free(snapshot);
}
