/* engine/get_item.c - GetItem, and each item of BatchGetItem and TransactGetItems (which give a
 * view, so that all of theirs are of one moment). */
#include "engine/internal.h"

static enum status read_item(struct engine *engine, const struct store_view *view,
                             const struct table *table, struct item_read *read, struct arena *arena,
                             struct api_error *reterr)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(TABLE_KEY_SIZE_MAX);
    AUTO(store_value_release) struct store_value value = {0};
    struct stored_item item;
    enum status status = table_key(table, &read->key, true, &key, reterr);

    if (status == OK)
        status = store_get(engine->store, view, STORE_ITEMS, buffer_bytes(&key), &value);
    if (status == NOT_FOUND)
        return OK;
    if (status == OK)
        status = stored_item_read(value.bytes, &item);
    if (status == OK)
        status = stored_item_open(&(struct vault_reader){.store = engine->store}, arena, &item);
    if (status == OK)
        status = stored_item_project(&item, read->projection, arena, &read->item);
    if (status != OK)
        return status;
    read->size = item.size;
    read->found = true;
    return OK;
}

enum status engine_get_item(struct engine *engine, const struct store_view *view,
                            struct item_read *read, struct arena *arena, struct api_error *reterr)
{
    const struct table *table = catalogue_ref(&engine->catalogue, read->table_name);

    read->found = false;
    read->item = (struct bytes){0};
    read->size = 0;
    if (table == NULL)
        return refuse_missing_table(reterr);

    enum status status = read_item(engine, view, table, read, arena, reterr);

    engine_table_unref(table);
    return status;
}
