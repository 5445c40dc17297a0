/* vault/stream.c - the keys of streams, which versions of them were forgotten, and whether a copy
 * is of one of those; see vault.h.
 *
 * A version stands here as the key part that orders it. */
#include "base/take.h"
#include "vault/internal.h"

/* Behind every version: what a row of the first format is taken to have sealed. */
#define ALL_VERSIONS BYTES("\xFF")

#define STREAM_FORMAT 2
#define STREAM_ROW_SIZE_MAX (1 + VAULT_KEY_ID_SIZE + 1 + 2 * VAULT_VERSION_SIZE_MAX)

/* ---- rows ---- */

struct stream_row {
    uint8_t id[VAULT_KEY_ID_SIZE];
    bool has_key;
    struct bytes forgotten, highest; /* as of struct vault_stream */
};

static void stream_name(struct buffer *out, struct bytes log, struct bytes id)
{
    buffer_append(out, log);
    buffer_append_byte(out, '#');
    buffer_append(out, id);
}

static bool is_zero(const uint8_t id[VAULT_KEY_ID_SIZE])
{
    static const uint8_t zero[VAULT_KEY_ID_SIZE];

    return memcmp(id, zero, sizeof zero) == 0;
}

static enum status read_row(struct bytes value, struct stream_row *ret)
{
    struct take take = {.left = value};
    uint8_t format = take_byte(&take);
    struct bytes id = take_bytes(&take, VAULT_KEY_ID_SIZE);

    if (!take.failed && format > STREAM_FORMAT)
        return NEWER_FORMAT;
    if (format == VAULT_FORMAT) {
        ret->forgotten = (struct bytes){NULL, 0};
        ret->highest = ALL_VERSIONS;
        take.failed = take.failed || take.left.size > 0;
    } else {
        ret->forgotten = take_bytes(&take, take_byte(&take));
        ret->highest = take.left;
    }
    if (take.failed || format == 0 || ret->forgotten.size > VAULT_VERSION_SIZE_MAX ||
        ret->highest.size > VAULT_VERSION_SIZE_MAX)
        return CORRUPT;
    memcpy(ret->id, id.ptr, VAULT_KEY_ID_SIZE);
    ret->has_key = !is_zero(ret->id);
    return OK;
}

/* It changes with every event that is appended: of a group's changes the last one is written. */
static void put_row(struct store_batch *batch, struct bytes name, const struct stream_row *row)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(VAULT_ROW_SIZE_MAX);
    AUTO(buffer_free) struct buffer value = BUFFER_INIT(STREAM_ROW_SIZE_MAX);

    buffer_append_byte(&value, STREAM_FORMAT);
    buffer_append(&value, bytes_of(row->id, VAULT_KEY_ID_SIZE));
    buffer_append_byte(&value, (uint8_t)row->forgotten.size);
    buffer_append(&value, row->forgotten);
    buffer_append(&value, row->highest);
    assert(!buffer_failed(&value));
    store_batch_put_total(batch, STORE_VAULT, vault_row_key(&key, VAULT_ROW_STREAM, name),
                          buffer_bytes(&value));
}

/* NOT_FOUND: nothing was ever sealed. It holds as long as the run. */
static enum status load_row(struct store_batch *batch, struct bytes name, struct stream_row *ret)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(VAULT_ROW_SIZE_MAX);
    struct bytes value;
    enum status status =
        store_batch_get(batch, STORE_VAULT, vault_row_key(&key, VAULT_ROW_STREAM, name), &value);

    return status == OK ? read_row(value, ret) : status;
}

static enum status copy_key(struct bytes value, uint8_t ret[VAULT_KEY_SIZE])
{
    const uint8_t *content = NULL;
    enum status status = vault_row_check(value, VAULT_KEY_SIZE, &content);

    if (status == OK)
        memcpy(ret, content, VAULT_KEY_SIZE);
    return status;
}

enum status vault_key_load(const struct vault_reader *reader, struct bytes id,
                           uint8_t ret[VAULT_KEY_SIZE])
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(VAULT_ROW_SIZE_MAX);
    AUTO(store_value_release) struct store_value held = {0};
    struct bytes name = vault_row_key(&key, VAULT_ROW_KEY, id), value = {0};
    enum status status = reader->batch != NULL
                             ? store_batch_get(reader->batch, STORE_VAULT, name, &value)
                             : store_get(reader->store, NULL, STORE_VAULT, name, &held);

    if (status != OK)
        return status;
    return copy_key(reader->batch != NULL ? value : held.bytes, ret);
}

/* ---- forgetting ---- */

static struct bytes higher(struct bytes a, struct bytes b)
{
    return bytes_compare(a, b) < 0 ? b : a;
}

enum status vault_forget(struct store_batch *batch, struct bytes log, struct bytes id, bool *ret)
{
    AUTO(buffer_free) struct buffer name = BUFFER_INIT(VAULT_ROW_SIZE_MAX);
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(VAULT_ROW_SIZE_MAX);
    struct stream_row row;

    stream_name(&name, log, id);

    enum status status = load_row(batch, buffer_bytes(&name), &row);

    *ret = status == OK && row.has_key;
    if (!*ret)
        return status == NOT_FOUND ? OK : status;
    store_batch_delete(batch, STORE_VAULT,
                       vault_row_key(&key, VAULT_ROW_KEY, bytes_of(row.id, sizeof row.id)));
    memset(row.id, 0, sizeof row.id);
    row.forgotten = higher(row.forgotten, row.highest);
    put_row(batch, buffer_bytes(&name), &row);
    store_batch_scrub(batch, STORE_VAULT);
    return OK;
}

/* ---- streams of a work ---- */

static enum status load_stream(struct vault_work *work, struct bytes log,
                               struct vault_stream *stream)
{
    struct vault_reader reader = {.batch = work->batch};
    struct stream_row row = {.has_key = false};
    struct vault_log found;
    enum status status = vault_log_load(work->batch, log, &found);

    stream->is_private = status == OK;
    if (status != OK)
        return status == NOT_FOUND ? OK : status;
    status = load_row(work->batch, stream->name, &row);
    if (status != OK && status != NOT_FOUND)
        return status;
    stream->forgotten = arena_copy(work->arena, row.forgotten);
    stream->highest = arena_copy(work->arena, row.highest);
    if (!row.has_key) {
        stream->is_new = true;
        vault_random(stream->id, sizeof stream->id);
        vault_random(stream->key, sizeof stream->key);
        return OK;
    }
    memcpy(stream->id, row.id, sizeof stream->id);
    status = vault_key_load(&reader, bytes_of(stream->id, sizeof stream->id), stream->key);
    return status == NOT_FOUND ? CORRUPT : status; /* the id goes with its key */
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

void vault_store(struct vault_work *work)
{
    for (struct vault_stream *stream = work->streams; stream != NULL; stream = stream->next) {
        struct bytes id = bytes_of(stream->id, sizeof stream->id);

        if (stream->used && stream->is_new)
            vault_row_put(work->batch, VAULT_ROW_KEY, id,
                          bytes_of(stream->key, sizeof stream->key));
        if (stream->used && (stream->is_new || stream->changed)) {
            struct stream_row row = {.forgotten = stream->forgotten, .highest = stream->highest};

            memcpy(row.id, stream->id, sizeof row.id);
            put_row(work->batch, stream->name, &row);
        }
        vault_wipe(stream->key, sizeof stream->key);
    }
    work->streams = NULL;
}

/* ---- versions ---- */

static struct bytes version_of(struct arena *arena, const struct value *sk)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(VAULT_VERSION_SIZE_MAX);

    assert(sk->type == VALUE_N && "what an order takes, and what vault_find() finds");
    key_encode_value(&out, sk);
    assert(!buffer_failed(&out));
    return arena_copy(arena, buffer_bytes(&out));
}

static struct bytes written_key(struct buffer *out, const struct vault_stream *stream,
                                struct bytes version)
{
    vault_row_key(out, VAULT_ROW_WRITTEN, stream->name);
    buffer_append(out, version);
    assert(!buffer_failed(out));
    return buffer_bytes(out);
}

/* An item that is written is new, whatever its version is: a stream that begins again, in another
 * table, too, or an event that is written over. Its copies are new as well. */
static void write_anew(struct vault_work *work, struct vault_stream *stream, struct bytes version)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(VAULT_ROW_SIZE_MAX);
    uint8_t value[1 + VAULT_KEY_ID_SIZE] = {VAULT_FORMAT};

    memcpy(value + 1, stream->id, VAULT_KEY_ID_SIZE);
    store_batch_put(work->batch, STORE_VAULT, written_key(&key, stream, version),
                    bytes_of(value, sizeof value));
}

/* An event is appended above all others. */
static void learn_versions(struct vault_stream *stream, struct bytes version)
{
    if (bytes_equal(stream->highest, ALL_VERSIONS)) {
        stream->highest = version;
        stream->changed = true;
    }
    if (bytes_equal(stream->forgotten, ALL_VERSIONS)) {
        stream->forgotten = version;
        stream->changed = true;
    }
}

void vault_use(struct vault_work *work, struct vault_stream *stream, enum vault_kind kind,
               const struct value *sk)
{
    struct bytes version = version_of(work->arena, sk);

    stream->used = true;
    if (kind == VAULT_ITEM)
        learn_versions(stream, version);
    if (kind == VAULT_ITEM && bytes_compare(version, stream->forgotten) <= 0)
        write_anew(work, stream, version);
    if (bytes_compare(version, stream->highest) > 0) {
        stream->highest = version;
        stream->changed = true;
    }
}

enum status vault_is_late(struct vault_work *work, const struct vault_stream *stream,
                          const struct value *sk, bool *ret)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(VAULT_ROW_SIZE_MAX);
    const uint8_t *id = NULL;
    struct bytes version, value;

    *ret = false;
    if (stream->forgotten.size == 0)
        return OK;
    version = version_of(work->arena, sk);
    if (bytes_compare(version, stream->forgotten) > 0)
        return OK;

    enum status status =
        store_batch_get(work->batch, STORE_VAULT, written_key(&key, stream, version), &value);

    if (status == OK)
        status = vault_row_check(value, VAULT_KEY_ID_SIZE, &id);
    *ret = status == NOT_FOUND || (status == OK && memcmp(id, stream->id, VAULT_KEY_ID_SIZE) != 0);
    return status == NOT_FOUND ? OK : status;
}

struct bytes vault_seal_nothing(struct vault_work *work, enum vault_kind kind,
                                const struct value *pk, const struct value *sk)
{
    static const struct bytes nothing = {NULL, 0};
    struct vault_stream lost = {.used = false};
    struct bytes sealed;

    vault_random(lost.id, sizeof lost.id);
    vault_random(lost.key, sizeof lost.key);
    sealed = vault_seal(work, &lost, kind, pk, sk, nothing);
    vault_wipe(lost.key, sizeof lost.key);
    return sealed;
}
