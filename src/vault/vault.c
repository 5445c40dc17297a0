/* vault/vault.c - which logs are private, and the keys of their streams; see vault.h. */
#include "base/base64.h"
#include "vault/internal.h"

/* ---- rows ---- */

static struct bytes row_key(struct buffer *out, enum vault_row row, struct bytes name)
{
    buffer_clear(out);
    buffer_append_byte(out, (uint8_t)row);
    buffer_append(out, name);
    assert(!buffer_failed(out) && "a partition key bounds the names in it");
    return buffer_bytes(out);
}

static void stream_name(struct buffer *out, struct bytes log, struct bytes id)
{
    buffer_append(out, log);
    buffer_append_byte(out, '#');
    buffer_append(out, id);
}

/* What stands behind the format. */
static enum status check_row(struct bytes value, size_t size, const uint8_t **ret)
{
    if (value.size > 0 && value.ptr[0] > VAULT_FORMAT)
        return NEWER_FORMAT;
    if (value.size != 1 + size || value.ptr[0] != VAULT_FORMAT)
        return CORRUPT;
    *ret = value.ptr + 1;
    return OK;
}

static void put_row(struct store_batch *batch, enum vault_row row, struct bytes name,
                    struct bytes content)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(VAULT_ROW_SIZE_MAX);
    uint8_t value[1 + VAULT_KEY_SIZE];

    assert(content.size <= VAULT_KEY_SIZE);
    value[0] = VAULT_FORMAT;
    memcpy(value + 1, content.ptr, content.size);
    store_batch_put(batch, STORE_VAULT, row_key(&key, row, name),
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
    enum status status = check_row(value, LOG_ROW_SIZE, &content);

    if (status != OK)
        return status;
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
        store_batch_get(batch, STORE_VAULT, row_key(&key, VAULT_ROW_LOG, name), &value);

    return status == OK ? read_log(value, ret) : status;
}

/* `used` is true from here on, even when the batch fails: that costs a look, and nothing else. */
void vault_log_store(struct vault *vault, struct store_batch *batch, const struct vault_log *log)
{
    uint8_t row[LOG_ROW_SIZE];

    row[0] = (uint8_t)log->state;
    bytes_put_u64(row + 1, log->declared_ms);
    bytes_put_u64(row + 9, log->position);
    put_row(batch, VAULT_ROW_LOG, log->name, bytes_of(row, sizeof row));
    atomic_store(&vault->used, true);
}

void vault_log_remove(struct store_batch *batch, struct bytes name)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(VAULT_ROW_SIZE_MAX);

    store_batch_delete(batch, STORE_VAULT, row_key(&key, VAULT_ROW_LOG, name));
}

/* ---- keys ---- */

static enum status load_key_id(struct store_batch *batch, struct bytes name,
                               uint8_t ret[VAULT_KEY_ID_SIZE])
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(VAULT_ROW_SIZE_MAX);
    const uint8_t *content = NULL;
    struct bytes value;
    enum status status =
        store_batch_get(batch, STORE_VAULT, row_key(&key, VAULT_ROW_STREAM, name), &value);

    if (status == OK)
        status = check_row(value, VAULT_KEY_ID_SIZE, &content);
    if (status == OK)
        memcpy(ret, content, VAULT_KEY_ID_SIZE);
    return status;
}

static enum status copy_key(struct bytes value, uint8_t ret[VAULT_KEY_SIZE])
{
    const uint8_t *content = NULL;
    enum status status = check_row(value, VAULT_KEY_SIZE, &content);

    if (status == OK)
        memcpy(ret, content, VAULT_KEY_SIZE);
    return status;
}

static enum status load_key(const struct vault_reader *reader, struct bytes id,
                            uint8_t ret[VAULT_KEY_SIZE])
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(VAULT_ROW_SIZE_MAX);
    AUTO(store_value_release) struct store_value held = {0};
    struct bytes name = row_key(&key, VAULT_ROW_KEY, id), value = {0};
    enum status status = reader->batch != NULL
                             ? store_batch_get(reader->batch, STORE_VAULT, name, &value)
                             : store_get(reader->store, NULL, STORE_VAULT, name, &held);

    if (status != OK)
        return status;
    return copy_key(reader->batch != NULL ? value : held.bytes, ret);
}

enum status vault_forget(struct store_batch *batch, struct bytes log, struct bytes id, bool *ret)
{
    AUTO(buffer_free) struct buffer name = BUFFER_INIT(VAULT_ROW_SIZE_MAX);
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(VAULT_ROW_SIZE_MAX);
    uint8_t key_id[VAULT_KEY_ID_SIZE];

    stream_name(&name, log, id);

    enum status status = load_key_id(batch, buffer_bytes(&name), key_id);

    *ret = status == OK;
    if (status != OK)
        return status == NOT_FOUND ? OK : status;
    store_batch_delete(batch, STORE_VAULT, row_key(&key, VAULT_ROW_STREAM, buffer_bytes(&name)));
    store_batch_delete(batch, STORE_VAULT,
                       row_key(&key, VAULT_ROW_KEY, bytes_of(key_id, sizeof key_id)));
    store_batch_scrub(batch, STORE_VAULT);
    return OK;
}

/* ---- streams of a work ---- */

static enum status load_stream(struct vault_work *work, struct bytes log,
                               struct vault_stream *stream)
{
    struct vault_reader reader = {.batch = work->batch};
    struct vault_log found;
    enum status status = vault_log_load(work->batch, log, &found);

    stream->is_private = status == OK;
    if (status != OK)
        return status == NOT_FOUND ? OK : status;
    status = load_key_id(work->batch, stream->name, stream->id);
    if (status == OK)
        status = load_key(&reader, bytes_of(stream->id, sizeof stream->id), stream->key);
    else if (status == NOT_FOUND) {
        stream->is_new = true;
        vault_random(stream->id, sizeof stream->id);
        vault_random(stream->key, sizeof stream->key);
        return OK;
    }
    return status == NOT_FOUND ? CORRUPT : status; /* both rows go at once */
}

enum status vault_load(struct vault_work *work, struct bytes log, struct bytes id,
                       struct vault_stream **ret)
{
    AUTO(buffer_free) struct buffer name = BUFFER_INIT(VAULT_ROW_SIZE_MAX);
    struct vault_stream *stream = work->streams;
    enum status status = OK;

    stream_name(&name, log, id);
    while (stream != NULL && !bytes_equal(stream->name, buffer_bytes(&name)))
        stream = stream->next;
    if (stream == NULL) {
        stream = ARENA_NEW(work->arena, struct vault_stream);
        stream->name = arena_copy(work->arena, buffer_bytes(&name));
        status = load_stream(work, log, stream);
        if (status != OK)
            return status;
        stream->next = work->streams;
        work->streams = stream;
    }
    *ret = stream->is_private ? stream : NULL;
    return OK;
}

void vault_use(struct vault_stream *stream)
{
    stream->used = true;
}

void vault_store(struct vault_work *work)
{
    for (struct vault_stream *stream = work->streams; stream != NULL; stream = stream->next) {
        struct bytes id = bytes_of(stream->id, sizeof stream->id);

        if (stream->is_new && stream->used) {
            put_row(work->batch, VAULT_ROW_STREAM, stream->name, id);
            put_row(work->batch, VAULT_ROW_KEY, id, bytes_of(stream->key, sizeof stream->key));
        }
        vault_wipe(stream->key, sizeof stream->key);
    }
    work->streams = NULL;
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

    enum status status = load_key(reader, bytes_slice(all, 1, VAULT_KEY_ID_SIZE), key);

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
