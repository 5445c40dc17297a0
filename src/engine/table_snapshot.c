/* engine/table_snapshot.c - struct tables that outlive a request: one block of memory each, with
 * everything that they point to behind them, counted by reference. */
#include "engine/catalogue.h"

#include <stdalign.h>

struct table_snapshot {
    atomic_uint references;
    struct table table;
};

/* Walks over all that a table points to, twice: to count (at NULL), and to copy. */
struct packer {
    uint8_t *at;
    size_t size;
};

static void pack_text(struct packer *packer, struct bytes *text)
{
    if (packer->at != NULL) {
        uint8_t *copy = packer->at + packer->size;

        if (text->size > 0)
            memcpy(copy, text->ptr, text->size);
        text->ptr = copy;
    }
    packer->size += text->size;
}

/* Returns the array to go on with: the copy, once there is one. */
static void *pack_array(struct packer *packer, void *array, size_t count, size_t element_size)
{
    size_t offset = (packer->size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    size_t size = count * element_size;

    if (packer->at == NULL) {
        packer->size = offset + size;
        return array;
    }
    if (size > 0)
        memcpy(packer->at + offset, array, size);
    packer->size = offset + size;
    return packer->at + offset;
}

static void pack_key(struct packer *packer, struct key_schema *key)
{
    for (size_t i = 0; i < key->count; i++)
        pack_text(packer, &key->attributes[i].name);
}

static void pack_indexes(struct packer *packer, struct table *table)
{
    table->indexes = pack_array(packer, table->indexes, table->index_count, sizeof *table->indexes);
    for (size_t i = 0; i < table->index_count; i++) {
        struct table_index index = table->indexes[i];

        pack_text(packer, &index.name);
        pack_key(packer, &index.key);
        index.included =
            pack_array(packer, index.included, index.included_count, sizeof *index.included);
        for (size_t k = 0; k < index.included_count; k++) {
            struct bytes text = index.included[k];

            pack_text(packer, &text);
            if (packer->at != NULL)
                index.included[k] = text;
        }
        if (packer->at != NULL)
            table->indexes[i] = index;
    }
}

static void pack_tags(struct packer *packer, struct table *table)
{
    table->tags = pack_array(packer, table->tags, table->tag_count, sizeof *table->tags);
    for (size_t i = 0; i < table->tag_count; i++) {
        struct table_tag tag = table->tags[i];

        pack_text(packer, &tag.key);
        pack_text(packer, &tag.value);
        if (packer->at != NULL)
            table->tags[i] = tag;
    }
}

/* Everything a table points to. A new member that points to something belongs here. */
static void pack(struct packer *packer, struct table *table)
{
    pack_text(packer, &table->table_id);
    pack_text(packer, &table->name);
    pack_key(packer, &table->key);
    pack_text(packer, &table->stream.label);
    table->stream.shards = pack_array(packer, table->stream.shards, table->stream.shard_count,
                                      sizeof *table->stream.shards);
    pack_text(packer, &table->ttl_attribute);
    pack_text(packer, &table->sse_kms_key);
    pack_text(packer, &table->table_class);
    pack_tags(packer, table);
    pack_indexes(packer, table);
}

static size_t room_of(const struct table *table)
{
    struct packer packer = {NULL, 0};
    struct table copy = *table;

    pack(&packer, &copy);
    return packer.size;
}

/* room: aligned for anything, room_of() bytes. */
static void copy_into(struct table *copy, const struct table *table, void *room)
{
    struct packer packer = {room, 0};

    *copy = *table;
    pack(&packer, copy);
}

struct table table_copy(struct arena *arena, const struct table *table)
{
    struct table copy;

    copy_into(&copy, table, arena_alloc(arena, room_of(table)));
    return copy;
}

#define ROOM_OFFSET                                                                                \
    ((sizeof(struct table_snapshot) + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1))

const struct table *table_snapshot_new(const struct table *table)
{
    struct table_snapshot *snapshot = mem_new(ROOM_OFFSET + room_of(table));

    atomic_init(&snapshot->references, 1);
    copy_into(&snapshot->table, table, (uint8_t *)snapshot + ROOM_OFFSET);
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
