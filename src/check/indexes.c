/* check/indexes.c - STORE_INDEXES: entries of indexes and sizes of item collections, held against
 * the items; and the figures of tables and indexes (docs/format/keys.md, docs/format/catalogue.md).
 *
 * An entry of an index that takes everything is a copy of the item's row; an event's position
 * stands in it or not, and nobody reads it there. So what is compared of an entry is its size and
 * its form. */
#include "check/internal.h"

static const struct check_kind lost_entry = {"index-missing",
                                             "a Query or Scan of the index does not find the item"};
static const struct check_kind stray_entry = {
    "index-stray", "a Query or Scan of the index finds an item that is not there, or not so"};
static const struct check_kind wrong_entry = {
    "index-different", "a Query or Scan of the index shows the item as it is not"};
static const struct check_kind wrong_collection = {
    "collection", "the limit of 10 GB, and ReturnItemCollectionMetrics, go by it"};
static const struct check_kind wrong_figures = {
    "figures", "DescribeTable tells ItemCount and TableSizeBytes by it"};

#define FORGOTTEN_MARK BYTES(",\"forgotten\":{\"BOOL\":true}}")
#define FACT_SIZE_MAX (STORED_ITEM_SIZE_MAX + 8)

/* ---- what must be there ---- */

/* sealed (1) | size (3) | form. Of a forgotten payload nobody knows the size any more. */
static struct bytes fact_of(struct check *check, const struct item_head *head, bool forgotten)
{
    uint8_t *fact = arena_alloc(check->scratch, 4 + head->form.size);

    bytes_put_u32(fact, (forgotten ? 0 : (uint32_t)head->size) | (head->sealed ? 1u << 24 : 0));
    memcpy(fact + 4, head->form.ptr, head->form.size);
    return bytes_of(fact, 4 + head->form.size);
}

static void expect(struct check *check, const struct table_index *index,
                   const struct index_entry *entry, bool forgotten)
{
    struct bytes there;
    struct item_head head;

    if (index->backfilling && !check_get(check, STORE_INDEXES, entry->key, &there))
        return; /* on its way */
    if (item_head_read(entry->item.value, &head) == OK)
        facts_expect(check->index_rows, entry->key,
                     fact_of(check, &head, forgotten && head.sealed));
}

void check_index_expect(struct check *check, struct check_table *table, const struct item *item,
                        const struct stored_item *stored, struct bytes key, bool forgotten)
{
    struct item shown = *item;
    uint64_t size = stored->size;
    bool has_local = false;

    if (forgotten && !bytes_end_with(stored->kept, FORGOTTEN_MARK))
        shown.count--; /* opening it put the mark there */
    for (size_t i = 0; i < table->table.index_count; i++) {
        const struct table_index *index = &table->table.indexes[i];
        struct index_entry entry =
            table_index_entry(&table->table, index, &shown, stored, key, check->scratch);

        has_local = has_local || index->kind == INDEX_LOCAL;
        if (entry.key.size == 0)
            continue;
        expect(check, index, &entry, forgotten);
        if (index->kind == INDEX_LOCAL) {
            struct item_head head;
            struct bytes value;

            /* Its own size counts: of a forgotten payload the row alone knows it. */
            size += entry.item.size;
            if (forgotten && check_get(check, STORE_INDEXES, entry.key, &value) &&
                item_head_read(value, &head) == OK)
                size += head.size - entry.item.size;
        }
    }
    if (has_local)
        check_collection_add(check, table, key, size);
}

/* ---- item collections: the items of a partition stand together ---- */

void check_collection_end(struct check *check)
{
    struct check_collection *collection = &check->collection;
    uint8_t value[8];

    bytes_put_u64(value, collection->size);
    if (collection->size > 0)
        facts_expect(check->index_rows, buffer_bytes(&collection->key),
                     bytes_of(value, sizeof value));
    buffer_clear(&collection->key);
    collection->size = 0;
}

void check_collection_add(struct check *check, struct check_table *table, struct bytes key,
                          uint64_t size)
{
    struct bytes hash = bytes_slice(key, TABLE_ID_SIZE, key.size);
    struct bytes front = bytes_slice(
        key, 0,
        TABLE_ID_SIZE + key_encoded_size(hash, table->table.key.attributes[0].type == VALUE_N));

    if (!bytes_equal(front, buffer_bytes(&check->collection.key))) {
        check_collection_end(check);
        buffer_append(&check->collection.key, front);
    }
    check->collection.size += size;
}

/* ---- what is there ---- */

/* What the id before a key is. */
struct owner {
    uint32_t id;
    struct check_table *table; /* NULL: nobody's */
    size_t at;                 /* of its indexes; index_count: the table's collections */
};

static void find_owner(struct check *check, uint32_t id, struct owner *ret)
{
    *ret = (struct owner){.id = id};
    for (size_t i = 0; i < check->table_count; i++) {
        struct check_table *table = &check->tables[i];

        for (size_t at = 0; at < table->table.index_count; at++)
            if (table->table.indexes[at].id == id)
                *ret = (struct owner){id, table, at};
        if (table->id == id && !table->is_backup)
            *ret = (struct owner){id, table, table->table.index_count};
    }
}

static bool is_index(const struct owner *owner)
{
    return owner->table != NULL && owner->at < owner->table->table.index_count;
}

static struct bytes entry_text(struct check *check, const struct owner *owner, struct bytes key)
{
    const struct key_schema *of_table = &owner->table->table.key;
    const char *names[2 * KEY_ATTRIBUTES_MAX];
    enum value_type types[2 * KEY_ATTRIBUTES_MAX];
    struct bytes name = BYTES("item collection");
    size_t count = 0;

    if (is_index(owner)) {
        const struct table_index *index = &owner->table->table.indexes[owner->at];

        name = index->kind == INDEX_EXPIRY
                   ? BYTES("the index by time to live")
                   : check_text(check, "index \"%.*s\"", BYTES_ARG(index->name));
        for (size_t i = 0; i < index->key.count; i++, count++) {
            names[count] = arena_copy_text(check->scratch, index->key.attributes[i].name);
            types[count] = index->key.attributes[i].type;
        }
    }
    assert(of_table != NULL);
    for (size_t i = 0; i < of_table->count && (is_index(owner) || i == 0); i++, count++) {
        names[count] = arena_copy_text(check->scratch, of_table->attributes[i].name);
        types[count] = of_table->attributes[i].type;
    }
    return check_text(
        check, "%.*s of %.*s, %.*s", BYTES_ARG(name), BYTES_ARG(owner->table->what),
        BYTES_ARG(check_parts_text(check, bytes_slice(key, 4, key.size), names, types, count)));
}

/* The item of an entry whose payload was forgotten; the entry says that it is sealed, and opening
 * tells. */
static bool is_forgotten(struct check *check, const struct item_head *head)
{
    struct vault_reader reader = {.store = check->store};
    struct bytes form;
    struct item item;

    return head->sealed && vault_open_item(&reader, head->form, check->scratch, &form) == OK &&
           item_decode(check->scratch, form, &item) == OK && vault_is_forgotten(&item);
}

static void take_entry(struct check *check, const struct owner *owner, struct bytes key,
                       struct bytes value)
{
    struct item_head head;
    enum status status = item_head_read(value, &head);

    if (status != OK) {
        if (!check->again)
            check_find(check, &CHECK_UNREADABLE, "indexes", entry_text(check, owner, key),
                       BYTES("format, size, item"), bytes_of_text(status_text(status)));
        return;
    }
    if (!check->again) {
        owner->table->index_counted[owner->at].item_count++;
        owner->table->index_counted[owner->at].size_bytes += head.size;
    }
    facts_there(check->index_rows, key, fact_of(check, &head, is_forgotten(check, &head)));
}

static void take_row(struct check *check, struct bytes key, struct bytes value, void *context)
{
    struct owner *owner = context;
    uint32_t id = key.size > 4 ? bytes_get_u32(key.ptr) : 0;

    if (id != owner->id || id == 0)
        find_owner(check, id, owner);
    if (owner->table == NULL) {
        if (!check->again)
            check_find_nobodys(check, "indexes", key, "an entry of an index", id);
        return;
    }
    if (is_index(owner))
        take_entry(check, owner, key, value);
    else
        facts_there(check->index_rows, key, value);
}

void check_indexes(struct check *check)
{
    struct owner owner = {0};

    check_scan_all(check, STORE_INDEXES, take_row, &owner);
}

/* ---- what differs ---- */

static struct bytes size_text(struct check *check, const struct bytes *value)
{
    if (value == NULL || value->size != 8)
        return BYTES("nothing");
    return check_text(check, "%llu bytes", (unsigned long long)bytes_get_u64(value->ptr));
}

static struct bytes fact_text(struct check *check, const struct bytes *fact)
{
    if (fact == NULL || fact->size < 4)
        return BYTES("nothing");
    return check_text(check, "%u bytes, %.*s", bytes_get_u32(fact->ptr) & 0xFFFFFF,
                      BYTES_ARG(check_bytes_text(check, bytes_slice(*fact, 4, fact->size))));
}

static void tell(void *context, struct bytes key, const struct bytes *expected,
                 const struct bytes *there)
{
    struct check *check = context;
    struct owner owner;

    find_owner(check, bytes_get_u32(key.ptr), &owner);
    if (!is_index(&owner)) {
        check_find(check, &wrong_collection, "indexes", entry_text(check, &owner, key),
                   size_text(check, expected), size_text(check, there));
        return;
    }
    check_find(check,
               there == NULL      ? &lost_entry
               : expected == NULL ? &stray_entry
                                  : &wrong_entry,
               "indexes", entry_text(check, &owner, key), fact_text(check, expected),
               fact_text(check, there));
}

void check_index_tell(struct check *check)
{
    facts_tell(check->index_rows, tell, check);
}

/* ---- figures ---- */

static void compare(struct check *check, struct bytes what, const struct table_figures *told,
                    const struct table_figures *counted)
{
    if (told->item_count == counted->item_count && told->size_bytes == counted->size_bytes)
        return;
    check_find(check, &wrong_figures, "catalogue", what,
               check_text(check, "%llu items, %llu bytes: they were counted",
                          (unsigned long long)counted->item_count,
                          (unsigned long long)counted->size_bytes),
               check_text(check, "%llu items, %llu bytes", (unsigned long long)told->item_count,
                          (unsigned long long)told->size_bytes));
}

void check_figures(struct check *check)
{
    for (size_t i = 0; i < check->table_count; i++) {
        const struct check_table *table = &check->tables[i];

        if (table->is_loose || check->damaged[STORE_CATALOGUE])
            continue;
        if (!check->damaged[STORE_ITEMS])
            compare(check, table->what, &table->figures, &table->counted);
        for (size_t at = 0; !check->damaged[STORE_INDEXES] && at < table->table.index_count; at++)
            compare(check,
                    check_text(check, "index \"%.*s\" of %.*s",
                               BYTES_ARG(table->table.indexes[at].name), BYTES_ARG(table->what)),
                    &table->index_figures[at], &table->index_counted[at]);
    }
}
