/* order/event.c - what an event is; see order.h. */
#include "order/internal.h"
#include "value/stream_key.h"
#include "vault/vault.h"

bool order_takes(const struct key_schema *schema)
{
    return schema->count == 2 && schema->hash_count == 1 && schema->attributes[0].type == VALUE_S &&
           schema->attributes[1].type == VALUE_N &&
           bytes_equal(schema->attributes[0].name, BYTES("pk")) &&
           bytes_equal(schema->attributes[1].name, BYTES("sk"));
}

static bool is_text(const struct value *value)
{
    return value != NULL && value->type == VALUE_S && value->bytes.size > 0;
}

bool order_event_of(const struct item *item, struct order_event *ret)
{
    const struct value *pk = item_get(item, BYTES("pk")), *sk = item_get(item, BYTES("sk"));
    const struct value *log = item_get(item, BYTES("log")), *type = item_get(item, BYTES("type"));
    struct order_event event;
    int64_t version = 0;

    if (!is_text(pk) || !is_text(log) || !is_text(type) || sk == NULL || sk->type != VALUE_N ||
        type->bytes.size > ORDER_TYPE_SIZE_MAX || !number_to_int64(&sk->number, &version) ||
        version < 1 || !stream_key_read(pk->bytes, &event.log, &event.id) ||
        !bytes_equal(event.log, log->bytes))
        return false;
    event.type = type->bytes;
    event.version = (uint64_t)version;
    *ret = event;
    return true;
}

enum status order_item_read(struct store *store, struct bytes value, struct arena *arena,
                            struct item_head *ret)
{
    enum status status = item_head_read(value, ret);

    if (status != OK || !ret->sealed)
        return status;
    return vault_open_item(&(struct vault_reader){.store = store}, ret->form, arena, &ret->form);
}

enum status order_event_read(struct store *store, struct bytes value, struct arena *arena,
                             struct item_head *ret_head, struct order_event *ret)
{
    struct item item;
    enum status status = order_item_read(store, value, arena, ret_head);

    if (status == OK)
        status = item_decode(arena, ret_head->form, &item);
    if (status != OK)
        return status;
    return order_event_of(&item, ret) ? OK : CORRUPT;
}
