/* subscriptions/record.c - keys and values of subscriptions in STORE_CURSORS
 * (docs/format/subscription.md). */
#include "subscriptions/internal.h"

#include "base/take.h"

#define PREFIX "subscription"
#define PREFIX_SIZE (sizeof PREFIX - 1)
#define FORMAT 1

/* ---- keys ---- */

static bool has_position(enum subscription_key_kind kind)
{
    return kind >= KEY_DONE;
}

static void key_begin(struct buffer *out, enum subscription_key_kind kind)
{
    buffer_clear(out);
    buffer_append_text(out, PREFIX);
    buffer_append_byte(out, 0);
    buffer_append_byte(out, (uint8_t)kind);
}

void subscription_key(struct buffer *out, enum subscription_key_kind kind, struct bytes name,
                      uint64_t position)
{
    key_begin(out, kind);
    buffer_append(out, name);
    if (has_position(kind)) {
        buffer_append_byte(out, 0);
        buffer_append_u64(out, position);
    }
}

void subscription_key_bounds(struct arena *arena, enum subscription_key_kind kind,
                             struct bytes name, uint64_t position, struct bytes *ret_from,
                             struct bytes *ret_to)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(SUBSCRIPTION_KEY_SIZE_MAX);

    if (name.size == 0) {
        key_begin(&key, kind);
        *ret_from = arena_copy(arena, buffer_bytes(&key));
        key_begin(&key, kind + 1);
    } else {
        assert(has_position(kind));
        subscription_key(&key, kind, name, position);
        *ret_from = arena_copy(arena, buffer_bytes(&key));
        key_begin(&key, kind);
        buffer_append(&key, name);
        buffer_append_byte(&key, 1);
    }
    *ret_to = arena_copy(arena, buffer_bytes(&key));
}

uint64_t subscription_key_position(struct bytes key)
{
    assert(key.size > PREFIX_SIZE + 2 + 8);
    return bytes_get_u64(key.ptr + key.size - 8);
}

struct bytes subscription_key_name(struct bytes key)
{
    return bytes_slice(key, PREFIX_SIZE + 2, key.size);
}

/* ---- values ---- */

static enum status begin(struct take *r, struct bytes value)
{
    uint8_t format = 0;

    *r = (struct take){.left = value};
    format = take_byte(r);
    if (format > FORMAT)
        return NEWER_FORMAT;
    return format == FORMAT ? OK : CORRUPT;
}

static enum status end(const struct take *r)
{
    return r->failed || r->left.size > 0 ? CORRUPT : OK;
}

static void put_text(struct buffer *out, struct bytes text)
{
    buffer_append_u32(out, (uint32_t)text.size);
    buffer_append(out, text);
}

void subscription_record_print(struct buffer *out, const struct subscription_record *record)
{
    buffer_append_byte(out, FORMAT);
    buffer_append_byte(out, record->group ? 1 : 0);
    buffer_append_u32(out, record->table_id);
    buffer_append_u64(out, record->made_ms);
    put_text(out, record->table_name);
    put_text(out, record->filter.log);
    put_text(out, record->filter.type);
    put_text(out, record->filter.id);
}

enum status subscription_record_read(struct bytes value, struct subscription_record *ret)
{
    struct take r;
    enum status status = begin(&r, value);

    if (status != OK)
        return status;
    ret->group = take_byte(&r) == 1;
    ret->table_id = take_u32(&r);
    ret->made_ms = take_u64(&r);
    ret->table_name = take_text(&r);
    ret->filter.log = take_text(&r);
    ret->filter.type = take_text(&r);
    ret->filter.id = take_text(&r);
    return end(&r);
}

void subscription_parked_print(struct buffer *out, const struct subscription_parked *parked)
{
    buffer_append_byte(out, FORMAT);
    buffer_append_u64(out, parked->version);
    buffer_append_u32(out, parked->tries);
    buffer_append_u64(out, parked->time_ms);
    put_text(out, parked->log);
    put_text(out, parked->id);
    put_text(out, parked->type);
    put_text(out, parked->reason);
}

enum status subscription_parked_read(struct bytes value, struct subscription_parked *ret)
{
    struct take r;
    enum status status = begin(&r, value);

    if (status != OK)
        return status;
    ret->version = take_u64(&r);
    ret->tries = take_u32(&r);
    ret->time_ms = take_u64(&r);
    ret->log = take_text(&r);
    ret->id = take_text(&r);
    ret->type = take_text(&r);
    ret->reason = take_text(&r);
    return end(&r);
}

/* ---- reading many ---- */

enum status subscription_keys_load(struct store *store, enum subscription_key_kind kind,
                                   struct bytes name, uint64_t from, size_t limit,
                                   struct arena *arena, uint64_t **ret_positions,
                                   struct bytes **ret_values, size_t *ret_count, bool *ret_more)
{
    struct bytes begin_key, end_key, key, value;
    size_t count = 0, capacity = 0, value_capacity = 0;
    uint64_t *positions = NULL;
    struct bytes *values = NULL;

    subscription_key_bounds(arena, kind, name, from, &begin_key, &end_key);

    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(store, NULL, STORE_CURSORS, begin_key, end_key, false);

    *ret_more = false;
    while (!*ret_more && store_iter_next(iter, &key, &value)) {
        if (count == limit) {
            *ret_more = true;
            break;
        }
        if (key.size != begin_key.size)
            return CORRUPT; /* prefix, name, a zero byte and a position */
        positions = arena_grow(arena, positions, count, count + 1, &capacity, sizeof *positions);
        positions[count] = subscription_key_position(key);
        if (ret_values != NULL) {
            values = arena_grow(arena, values, count, count + 1, &value_capacity, sizeof *values);
            values[count] = arena_copy(arena, value);
        }
        count++;
    }
    *ret_positions = positions;
    *ret_count = count;
    if (ret_values != NULL)
        *ret_values = values;
    return store_iter_status(iter);
}

enum status subscription_position_load(struct store *store, struct bytes name, uint64_t *ret)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(SUBSCRIPTION_KEY_SIZE_MAX);
    AUTO(store_value_release) struct store_value value = {0};
    enum status status = OK;

    subscription_key(&key, KEY_POSITION, name, 0);
    status = store_get(store, NULL, STORE_CURSORS, buffer_bytes(&key), &value);
    if (status == NOT_FOUND || (status == OK && value.bytes.size != 8))
        return CORRUPT; /* it is made with the record */
    if (status == OK)
        *ret = bytes_get_u64(value.bytes.ptr);
    return status;
}
