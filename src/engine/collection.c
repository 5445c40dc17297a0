/* engine/collection.c - how large the items of one partition are together with their entries in
 * local indexes: AWS limits it, and tells it (ReturnItemCollectionMetrics).
 *
 *   STORE_INDEXES   table id (4) | partition key, encoded -> bytes by item_size() (8, big-endian)
 *
 * Only tables with a local index have it; a table that ever gets one gets it when it is made. */
#include "engine/internal.h"

static bool has_local_index(const struct table *table)
{
    for (size_t i = 0; i < table->index_count; i++)
        if (table->indexes[i].kind == INDEX_LOCAL)
            return true;
    return false;
}

/* Table id and partition key: the front of the item's key. */
static struct bytes collection_key(const struct write_plan *plan)
{
    struct bytes hash = bytes_slice(plan->key, 4, plan->key.size);
    size_t size = key_encoded_size(hash, plan->table->key.attributes[0].type == VALUE_N);

    return bytes_slice(plan->key, 0, 4 + size);
}

static enum status load(struct write_run *run, struct bytes key, struct collection **ret)
{
    struct collection *collection = run->collections;
    struct bytes value;

    while (collection != NULL && !bytes_equal(collection->key, key))
        collection = collection->next;
    *ret = collection;
    if (collection != NULL)
        return OK;

    enum status status = store_batch_get(run->batch, STORE_INDEXES, key, &value);

    if (status == OK && value.size != 8)
        return CORRUPT;
    if (status != OK && status != NOT_FOUND)
        return status;
    collection = ARENA_NEW(run->arena, struct collection);
    *collection = (struct collection){
        .next = run->collections,
        .key = key,
        .size = status == OK ? bytes_get_u64(value.ptr) : 0,
    };
    run->collections = collection;
    *ret = collection;
    return OK;
}

/* What the change puts into the collection, and what it takes out. */
static void weigh(const struct write_plan *plan, uint64_t *ret_in, uint64_t *ret_out)
{
    *ret_in = plan->effect == EFFECT_STORE ? plan->after.size : 0;
    *ret_out = plan->effect != EFFECT_NONE ? plan->before.size : 0;
    for (size_t i = 0; plan->index_changes != NULL && i < plan->table->index_count; i++) {
        if (plan->table->indexes[i].kind != INDEX_LOCAL)
            continue;
        *ret_in += plan->index_changes[i].after.item.size;
        *ret_out += plan->index_changes[i].before.item.size;
    }
}

static void tell(struct write_run *run, struct item_write *write, const struct write_plan *plan,
                 uint64_t size)
{
    struct bytes name = plan->table->key.attributes[0].name;
    struct item key = {0};

    item_set(run->arena, &key, name, *item_get(&write->item, name));
    write->collection_key = item_copy(run->arena, &key);
    write->collection_size = size;
}

enum status collection_evaluate(struct write_run *run, struct item_write *write,
                                struct write_plan *plan)
{
    uint64_t in = 0, out = 0;

    plan->collection = NULL;
    if (write->kind == WRITE_CHECK || !has_local_index(plan->table))
        return OK;

    enum status status = load(run, collection_key(plan), &plan->collection);

    if (status != OK)
        return status;
    weigh(plan, &in, &out);

    struct collection *collection = plan->collection;

    if (collection->size + collection->coming_in + in < collection->coming_out + out)
        return CORRUPT;

    uint64_t size = collection->size + collection->coming_in + in - collection->coming_out - out;

    if (in > out && size > run->engine->collection_size_max)
        return api_refuse(&run->error, API_ITEM_COLLECTION_SIZE_LIMIT, "Collection size exceeded.");
    collection->coming_in += in;
    collection->coming_out += out;
    tell(run, write, plan, size);
    return OK;
}

void collection_apply(const struct write_plan *plan)
{
    uint64_t in = 0, out = 0;

    if (plan->collection == NULL || plan->effect == EFFECT_NONE)
        return;
    weigh(plan, &in, &out);
    plan->collection->size = plan->collection->size + in - out;
    plan->collection->coming_in -= in;
    plan->collection->coming_out -= out;
    plan->collection->changed = true;
}

void collections_store(struct write_run *run)
{
    uint8_t value[8];

    for (struct collection *one = run->collections; one != NULL; one = one->next) {
        if (!one->changed)
            continue;
        bytes_put_u64(value, one->size);
        if (one->size > 0)
            store_batch_put(run->batch, STORE_INDEXES, one->key, bytes_of(value, sizeof value));
        else
            store_batch_delete(run->batch, STORE_INDEXES, one->key);
    }
}

void collections_remove(struct store_batch *batch, uint32_t table_id)
{
    uint8_t from[4], to[4];

    bytes_put_u32(from, table_id);
    bytes_put_u32(to, table_id + 1);
    store_batch_delete_range(batch, STORE_INDEXES, bytes_of(from, 4), bytes_of(to, 4));
}
