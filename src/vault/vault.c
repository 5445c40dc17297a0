/* vault/vault.c - rows, which logs are private, sealing and opening; see vault.h. */
#include "base/base64.h"
#include "vault/internal.h"

/* ---- rows ---- */

struct bytes vault_row_key(struct buffer *out, enum vault_row row, struct bytes name)
{
    buffer_clear(out);
    buffer_append_byte(out, (uint8_t)row);
    buffer_append(out, name);
    assert(!buffer_failed(out) && "a partition key bounds the names in it");
    return buffer_bytes(out);
}

/* What stands behind the format. */
enum status vault_row_check(struct bytes value, size_t size, const uint8_t **ret)
{
    if (value.size > 0 && value.ptr[0] > VAULT_FORMAT)
        return NEWER_FORMAT;
    if (value.size != 1 + size || value.ptr[0] != VAULT_FORMAT)
        return CORRUPT;
    *ret = value.ptr + 1;
    return OK;
}

void vault_row_put(struct store_batch *batch, enum vault_row row, struct bytes name,
                   struct bytes content)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(VAULT_ROW_SIZE_MAX);
    uint8_t value[1 + VAULT_KEY_SIZE];

    assert(content.size <= VAULT_KEY_SIZE);
    value[0] = VAULT_FORMAT;
    memcpy(value + 1, content.ptr, content.size);
    store_batch_put(batch, STORE_VAULT, vault_row_key(&key, row, name),
                    bytes_of(value, 1 + content.size));
    vault_wipe(value, sizeof value);
}

/* ---- life ---- */

static struct store_iter *iterate_logs(struct store *store)
{
    return store_iter_new(store, NULL, STORE_VAULT, BYTES("\x01"), BYTES("\x02"), false);
}

enum status vault_open(struct store *store, struct vault **ret)
{
    AUTO(store_iter_release) struct store_iter *iter = iterate_logs(store);
    struct vault *vault = NULL;
    struct bytes key, value;
    bool used = store_iter_next(iter, &key, &value);
    enum status status = used ? OK : store_iter_status(iter);

    if (status != OK)
        return status;
    vault = mem_new(sizeof *vault);
    vault->store = store;
    atomic_init(&vault->used, used);
    *ret = vault;
    return OK;
}

void vault_close(struct vault *vault)
{
    mem_free(vault);
}

bool vault_is_used(const struct vault *vault)
{
    return vault != NULL && atomic_load(&vault->used);
}

/* ---- logs ---- */

#define LOG_ROW_SIZE 17

static enum status read_log(struct bytes value, struct vault_log *ret)
{
    const uint8_t *content = NULL;
    enum status status = vault_row_check(value, LOG_ROW_SIZE, &content);

    if (status != OK)
        return status;
    assert(content != NULL);
    if (content[0] > VAULT_BEING_DECLARED)
        return CORRUPT;
    *ret = (struct vault_log){.state = (enum vault_state)content[0],
                              .declared_ms = bytes_get_u64(content + 1),
                              .position = bytes_get_u64(content + 9)};
    return OK;
}

enum status vault_logs(struct vault *vault, struct arena *arena, struct vault_log **ret,
                       size_t *ret_count)
{
    AUTO(store_iter_release) struct store_iter *iter = iterate_logs(vault->store);
    struct vault_log *list = NULL;
    struct bytes key, value;
    size_t count = 0, capacity = 0;

    while (store_iter_next(iter, &key, &value)) {
        struct vault_log log;
        enum status status = read_log(value, &log);

        if (status != OK)
            return status;
        if (log.state != VAULT_PRIVATE)
            continue;
        log.name = arena_copy(arena, bytes_slice(key, 1, key.size));
        list = arena_grow(arena, list, count, count + 1, &capacity, sizeof *list);
        list[count++] = log;
    }
    *ret = list;
    *ret_count = count;
    return store_iter_status(iter);
}

enum status vault_log_load(struct store_batch *batch, struct bytes name, struct vault_log *ret)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(VAULT_ROW_SIZE_MAX);
    struct bytes value;
    enum status status =
        store_batch_get(batch, STORE_VAULT, vault_row_key(&key, VAULT_ROW_LOG, name), &value);

    return status == OK ? read_log(value, ret) : status;
}

/* `used` is true from here on, even when the batch fails: that costs a look, and nothing else. */
void vault_log_store(struct vault *vault, struct store_batch *batch, const struct vault_log *log)
{
    uint8_t row[LOG_ROW_SIZE];

    row[0] = (uint8_t)log->state;
    bytes_put_u64(row + 1, log->declared_ms);
    bytes_put_u64(row + 9, log->position);
    vault_row_put(batch, VAULT_ROW_LOG, log->name, bytes_of(row, sizeof row));
    atomic_store(&vault->used, true);
}

void vault_log_remove(struct store_batch *batch, struct bytes name)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(VAULT_ROW_SIZE_MAX);

    store_batch_delete(batch, STORE_VAULT, vault_row_key(&key, VAULT_ROW_LOG, name));
}

/* ---- sealing and opening ---- */

void vault_context(struct buffer *out, enum vault_kind kind, const struct value *pk,
                   const struct value *sk)
{
    buffer_append_byte(out, (uint8_t)kind);
    key_encode_value(out, pk);
    key_encode_value(out, sk);
    assert(!buffer_failed(out) && "a key has its limits");
}

struct bytes vault_seal(struct vault_work *work, struct vault_stream *stream, enum vault_kind kind,
                        const struct value *pk, const struct value *sk, struct bytes text)
{
    AUTO(buffer_free) struct buffer context = BUFFER_INIT(VAULT_CONTEXT_SIZE_MAX);
    size_t size = text.size + VAULT_SEAL_SIZE;
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(size * 2 + 64);
    uint8_t *sealed = arena_alloc(work->arena, size), *at = sealed;

    vault_context(&context, kind, pk, sk);
    *at++ = VAULT_FORMAT;
    memcpy(at, stream->id, VAULT_KEY_ID_SIZE);
    at += VAULT_KEY_ID_SIZE;
    vault_random(at, VAULT_NONCE_SIZE);
    vault_encrypt(stream->key, at, buffer_bytes(&context), text, at + VAULT_NONCE_SIZE,
                  at + VAULT_NONCE_SIZE + text.size);
    buffer_append(&out, BYTES("{\"sealed\":\""));
    base64_encode(&out, bytes_of(sealed, size));
    buffer_append(&out, BYTES("\"}"));
    assert(!buffer_failed(&out));
    return arena_copy(work->arena, buffer_bytes(&out));
}

static bool decode_seal(struct arena *arena, struct bytes sealed, struct bytes *ret)
{
    return base64_decode(arena, sealed, ret) == BASE64_NO_FAULT && ret->size >= VAULT_SEAL_SIZE &&
           ret->ptr[0] == VAULT_FORMAT;
}

bool vault_is_seal(struct bytes sealed)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes all;

    return decode_seal(arena, sealed, &all);
}

enum status vault_unseal(const struct vault_reader *reader, enum vault_kind kind,
                         const struct value *pk, const struct value *sk, struct bytes sealed,
                         struct arena *arena, struct bytes *ret)
{
    AUTO(buffer_free) struct buffer context = BUFFER_INIT(VAULT_CONTEXT_SIZE_MAX);
    uint8_t key[VAULT_KEY_SIZE];
    struct bytes all;

    if (!decode_seal(arena, sealed, &all))
        return MALFORMED;

    enum status status = vault_key_load(reader, bytes_slice(all, 1, VAULT_KEY_ID_SIZE), key);

    if (status != OK)
        return status;
    vault_context(&context, kind, pk, sk);

    const uint8_t *nonce = all.ptr + 1 + VAULT_KEY_ID_SIZE;
    size_t size = all.size - VAULT_SEAL_SIZE;
    uint8_t *text = arena_alloc(arena, size + 1);
    bool opened =
        vault_decrypt(key, nonce, buffer_bytes(&context), bytes_of(nonce + VAULT_NONCE_SIZE, size),
                      nonce + VAULT_NONCE_SIZE + size, text);

    vault_wipe(key, sizeof key);
    *ret = bytes_of(text, size);
    return opened ? OK : MALFORMED;
}
