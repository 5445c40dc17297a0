/* engine/index.c - secondary indexes: what a change of an item does to their entries.
 *
 *   STORE_INDEXES   index id (4) | key of the index, encoded | key of the item without its table id
 *                   -> what the index projects, as a stored item              docs/format/keys.md
 *
 * What always holds:
 *   1. An item has an entry in an index if and only if it has all attributes of the index' key
 *      (while the index is being filled: only if).
 *   2. Entry and item change in one batch, so an index is never behind its table.
 *
 * The item's key behind the index' makes entries of equal keys distinct, and their order stable. */
#include "engine/internal.h"

/* ---- what an index takes ---- */

static size_t part_size_max(const struct key_schema *schema, size_t at)
{
    return at < schema->hash_count ? KEY_HASH_SIZE_MAX : KEY_RANGE_SIZE_MAX;
}

static bool fits(const struct key_schema *schema, size_t at, const struct value *value)
{
    return value != NULL && value->type == schema->attributes[at].type &&
           (value->type == VALUE_N ||
            (value->bytes.size > 0 && value->bytes.size <= part_size_max(schema, at)));
}

static bool has_entry(const struct table_index *index, const struct item *item)
{
    for (size_t i = 0; i < index->key.count; i++)
        if (!fits(&index->key, i, item_get(item, index->key.attributes[i].name)))
            return false;
    return true;
}

static enum status refuse_value(const struct table_index *index, size_t at,
                                const struct value *value, bool updated, struct api_error *reterr)
{
    const struct key_attribute *key = &index->key.attributes[at];

    if (value->type != key->type)
        return api_invalid(reterr,
                           "One or more parameter values were invalid: Type mismatch for Index Key "
                           "%.*s Expected: %s Actual: %s IndexName: %.*s",
                           BYTES_ARG(key->name), value_type_name(key->type),
                           value_type_name(value->type), BYTES_ARG(index->name));
    if (value->bytes.size == 0 && updated) /* AWS names no index here */
        return api_invalid(reterr,
                           "One or more parameter values are not valid. The update expression "
                           "attempted to update a secondary index key to a value that is not "
                           "supported. The AttributeValue for a key attribute cannot contain an "
                           "empty %s value.",
                           value->type == VALUE_S ? "string" : "binary");
    if (value->bytes.size == 0)
        return api_invalid(reterr,
                           "One or more parameter values are not valid. A value specified for a "
                           "secondary index key is not supported. The AttributeValue for a key "
                           "attribute cannot contain an empty %s value. IndexName: %.*s, IndexKey: "
                           "%.*s",
                           value->type == VALUE_S ? "string" : "binary", BYTES_ARG(index->name),
                           BYTES_ARG(key->name));
    return api_invalid(reterr,
                       "One or more parameter values were invalid: Size limit exceeded for Index "
                       "Key %.*s Actual Size: %zu bytes Max Size: %zu bytes IndexName: %.*s",
                       BYTES_ARG(key->name), value->bytes.size, part_size_max(&index->key, at),
                       BYTES_ARG(index->name));
}

/* AWS names the first of the indexes that refuse, by name. */
enum status table_index_check_item(const struct table *table, const struct item *item, bool updated,
                                   struct api_error *reterr)
{
    const struct table_index *refusing = NULL;
    size_t refusing_at = 0;

    for (size_t i = 0; i < table->index_count; i++) {
        const struct table_index *index = &table->indexes[i];

        for (size_t at = 0; at < index->key.count; at++) {
            const struct value *value = item_get(item, index->key.attributes[at].name);

            if (index->kind == INDEX_EXPIRY || value == NULL || fits(&index->key, at, value) ||
                (refusing != NULL && bytes_compare(refusing->name, index->name) <= 0))
                continue;
            refusing = index;
            refusing_at = at;
        }
    }
    if (refusing == NULL)
        return OK;
    return refuse_value(refusing, refusing_at,
                        item_get(item, refusing->key.attributes[refusing_at].name), updated,
                        reterr);
}

/* What its entry counts for by item_size(); item_size: of the item. */
static size_t entry_size(const struct table *table, const struct table_index *index,
                         const struct item *item, size_t item_size)
{
    size_t size = 0;

    if (index->projection == PROJECTION_ALL)
        return item_size;
    for (size_t i = 0; i < item->count; i++)
        if (table_index_projects(table, index, item->attributes[i].name))
            size += item->attributes[i].name.size + value_size(&item->attributes[i].value);
    return size;
}

size_t table_index_whole_size(const struct table *table, const struct item *item, size_t item_size)
{
    size_t size = item_size;

    for (size_t i = 0; i < table->index_count; i++)
        if (table->indexes[i].kind == INDEX_LOCAL && has_entry(&table->indexes[i], item))
            size += entry_size(table, &table->indexes[i], item, item_size);
    return size;
}

/* ---- entries ---- */

bool table_index_projects(const struct table *table, const struct table_index *index,
                          struct bytes name)
{
    for (size_t i = 0; i < index->included_count; i++)
        if (bytes_equal(index->included[i], name))
            return true;
    return index->projection == PROJECTION_ALL || key_schema_find(&table->key, name) != NULL ||
           key_schema_find(&index->key, name) != NULL;
}

static struct stored_item project(const struct table *table, const struct table_index *index,
                                  const struct item *item, const struct stored_item *stored,
                                  struct arena *arena)
{
    if (index->projection == PROJECTION_ALL)
        return *stored;

    struct item part = {ARENA_NEW_ARRAY(arena, item->count, struct attribute), 0};
    bool whole = table_index_projects(table, index, BYTES("payload"));

    for (size_t i = 0; i < item->count; i++)
        if (table_index_projects(table, index, item->attributes[i].name))
            part.attributes[part.count++] = item->attributes[i];
    return stored_item_make(arena, &part, item_size(&part), false,
                            whole ? stored->sealed : (struct bytes){0});
}

/* item_key: as in STORE_ITEMS. */
static struct bytes entry_key(const struct table_index *index, const struct item *item,
                              struct bytes item_key, struct arena *arena)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(INDEX_KEY_SIZE_MAX);

    buffer_append_u32(&key, index->id);
    for (size_t i = 0; i < index->key.count; i++)
        key_encode_value(&key, item_get(item, index->key.attributes[i].name));
    buffer_append(&key, bytes_slice(item_key, 4, item_key.size));
    assert(!buffer_failed(&key) && "an index' key has its limits");
    return arena_copy(arena, buffer_bytes(&key));
}

struct index_entry table_index_entry(const struct table *table, const struct table_index *index,
                                     const struct item *item, const struct stored_item *stored,
                                     struct bytes item_key, struct arena *arena)
{
    if (item == NULL || !has_entry(index, item))
        return (struct index_entry){0};
    return (struct index_entry){entry_key(index, item, item_key, arena),
                                project(table, index, item, stored, arena)};
}

static bool same_entry(const struct index_entry *a, const struct index_entry *b)
{
    return bytes_equal(a->key, b->key) && bytes_equal(a->item.value, b->item.value);
}

/* An index that is being filled may not have the entry of an older item yet. */
static enum status drop_absent(struct write_run *run, const struct table_index *index,
                               struct index_entry *entry)
{
    struct bytes value;

    if (!index->backfilling || entry->key.size == 0)
        return OK;

    enum status status = store_batch_get(run->batch, STORE_INDEXES, entry->key, &value);

    if (status == NOT_FOUND)
        *entry = (struct index_entry){0};
    return status == NOT_FOUND ? OK : status;
}

/* A forgotten item is smaller than what was counted of it: its entry tells. */
static enum status load_sealed(struct write_run *run, struct index_entry *entry)
{
    struct bytes value;

    if (entry->key.size == 0 || entry->item.sealed.size == 0)
        return OK;

    enum status status = store_batch_get(run->batch, STORE_INDEXES, entry->key, &value);

    return status == OK ? stored_item_read(arena_copy(run->arena, value), &entry->item) : status;
}

enum status table_index_evaluate(struct write_run *run, struct write_plan *plan)
{
    const struct table *table = plan->table;
    const struct item *old = NULL;
    const struct item *new_item = plan->effect == EFFECT_STORE ? plan->new_item : NULL;

    plan->index_changes = NULL;
    if (table->index_count == 0 || plan->effect == EFFECT_NONE)
        return OK;

    enum status status = write_old_item(run, plan, &old);

    plan->index_changes = ARENA_NEW_ARRAY(run->arena, table->index_count, struct index_change);
    for (size_t i = 0; i < table->index_count && status == OK; i++) {
        const struct table_index *index = &table->indexes[i];
        struct index_change *change = &plan->index_changes[i];

        change->before = table_index_entry(table, index, old, &plan->before, plan->key, run->arena);
        change->after =
            table_index_entry(table, index, new_item, &plan->after, plan->key, run->arena);
        status = drop_absent(run, index, &change->before);
        if (status == OK)
            status = load_sealed(run, &change->before);
        if (status == OK && !same_entry(&change->before, &change->after))
            status = figures_load(run, index->id, &change->figures);
    }
    return status;
}

void table_index_apply(struct write_run *run, const struct write_plan *plan)
{
    for (size_t i = 0; plan->index_changes != NULL && i < plan->table->index_count; i++) {
        const struct index_change *change = &plan->index_changes[i];
        const struct index_entry *before = &change->before, *after = &change->after;

        if (change->figures == NULL)
            continue;
        if (before->key.size > 0 && !bytes_equal(before->key, after->key))
            store_batch_delete(run->batch, STORE_INDEXES, before->key);
        if (after->key.size > 0)
            store_batch_put(run->batch, STORE_INDEXES, after->key, after->item.value);
        figures_count(change->figures, &before->item, &after->item);
    }
}

/* What AWS counts: an entry that stays in its place is written once, one that moves is deleted and
 * written. */
static struct index_cost cost_of(const struct index_change *change)
{
    size_t before = change->before.item.size, after = change->after.item.size;
    bool moves = change->before.key.size > 0 && change->after.key.size > 0 &&
                 !bytes_equal(change->before.key, change->after.key);

    if (change->figures == NULL)
        return (struct index_cost){0};
    return moves ? (struct index_cost){.removed_size = before, .put_size = after}
                 : (struct index_cost){.put_size = size_max(before, after)};
}

void table_index_tell_costs(struct write_run *run, struct item_write *write,
                            const struct write_plan *plan)
{
    size_t count = plan->index_changes != NULL ? plan->table->index_count : 0;

    write->index_costs = count > 0 ? ARENA_NEW_ARRAY(run->arena, count, struct index_cost) : NULL;
    write->index_cost_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct index_cost cost = cost_of(&plan->index_changes[i]);

        if (cost.put_size == 0 || plan->table->indexes[i].kind == INDEX_EXPIRY)
            continue;
        cost.kind = plan->table->indexes[i].kind;
        cost.name = arena_copy(run->arena, plan->table->indexes[i].name);
        write->index_costs[write->index_cost_count++] = cost;
    }
}

void table_index_remove(struct store_batch *batch, struct arena *arena, uint32_t index_id)
{
    uint8_t from[4], to[4];

    bytes_put_u32(from, index_id);
    bytes_put_u32(to, index_id + 1);
    store_batch_delete_range(batch, STORE_INDEXES, bytes_of(from, 4), bytes_of(to, 4));
    figures_remove(batch, arena, index_id);
}
