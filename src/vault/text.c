/* vault/text.c - JSON texts whose events' payloads are sealed; see vault.h. */
#include "base/take.h"
#include "vault/internal.h"

#define HEAD_SIZE ((size_t)8)
#define OFFSET_SIZE ((size_t)4)
#define FORGOTTEN BYTES("{},\"forgotten\":true")
#define FORGOTTEN_BEFORE BYTES("{}") /* what says so stands beside it already */

/* A payload that is to be sealed. */
struct part {
    const struct vault_place *place;
    struct bytes sealed;
};

/* ---- sealing ---- */

/* A late copy of what was forgotten is stored as what was sealed before is: nothing opens it. */
static enum status seal_part(struct vault_work *work, struct vault_stream *stream,
                             const struct vault_place *place, struct bytes payload,
                             struct bytes *ret)
{
    bool late = false;
    enum status status = vault_is_late(work, stream, &place->sk, &late);

    if (status != OK)
        return status;
    if (late) {
        *ret = vault_seal_nothing(work, VAULT_EVENT, &place->pk, &place->sk);
        return OK;
    }
    *ret = vault_seal(work, stream, VAULT_EVENT, &place->pk, &place->sk, payload);
    vault_use(work, stream, VAULT_EVENT, &place->sk);
    return OK;
}

/* What is within a sealed payload is sealed with it. */
static enum status seal_parts(struct vault_work *work, struct bytes text,
                              const struct vault_place *places, size_t place_count,
                              struct part *parts, size_t *ret_count)
{
    size_t count = 0, behind = 0;

    for (size_t i = 0; i < place_count; i++) {
        const struct vault_place *place = &places[i];
        struct vault_stream *stream = NULL;

        if (place->offset < behind)
            continue;
        enum status status = vault_load(work, place->log, place->id, &stream);

        if (status != OK)
            return status;
        if (stream == NULL)
            continue;
        status = seal_part(work, stream, place, bytes_slice(text, place->offset, place->size),
                           &parts[count].sealed);
        if (status != OK)
            return status;
        parts[count++].place = place;
        behind = place->offset + place->size;
    }
    *ret_count = count;
    return OK;
}

static uint8_t *append(uint8_t *at, struct bytes bytes)
{
    if (bytes.size > 0)
        memcpy(at, bytes.ptr, bytes.size);
    return at + bytes.size;
}

static struct bytes put_together(struct arena *arena, struct bytes text, const struct part *parts,
                                 size_t count)
{
    size_t size = HEAD_SIZE + count * OFFSET_SIZE + text.size, from = 0;

    for (size_t i = 0; i < count; i++)
        size += parts[i].sealed.size - parts[i].place->size;
    assert(size <= UINT32_MAX && "what is stored has its limits");

    uint8_t *out = arena_alloc(arena, size), *offset = out + HEAD_SIZE;
    uint8_t *begin = offset + count * OFFSET_SIZE, *at = begin;

    bytes_put_u32(out, (uint32_t)text.size);
    bytes_put_u32(out + 4, (uint32_t)count);
    for (size_t i = 0; i < count; i++, offset += OFFSET_SIZE) {
        const struct vault_place *place = parts[i].place;

        at = append(at, bytes_slice(text, from, place->offset - from));
        bytes_put_u32(offset, (uint32_t)(at - begin));
        at = append(at, parts[i].sealed);
        from = place->offset + place->size;
    }
    append(at, bytes_slice(text, from, text.size));
    return bytes_of(out, size);
}

enum status vault_seal_text(const struct vault *vault, struct store_batch *batch,
                            struct arena *arena, struct bytes text, struct bytes *ret)
{
    struct vault_work work = {.batch = batch, .arena = arena};
    const struct vault_place *places = NULL;
    size_t place_count = 0, count = 0;

    *ret = (struct bytes){NULL, 0};
    if (!vault_is_used(vault))
        return OK;
    place_count = vault_find(arena, text, &places);
    if (place_count == 0)
        return OK;

    struct part *parts = ARENA_NEW_ARRAY(arena, place_count, struct part);
    enum status status = seal_parts(&work, text, places, place_count, parts, &count);

    vault_store(&work);
    if (status == OK && count > 0)
        *ret = put_together(arena, text, parts, count);
    return status;
}

/* ---- opening ---- */

struct sealed_text {
    size_t size; /* of the plain one */
    size_t count;
    struct bytes offsets, text;
};

static enum status read_head(struct bytes sealed, struct sealed_text *ret)
{
    struct take take = {.left = sealed};

    ret->size = take_u32(&take);
    ret->count = take_u32(&take);
    if (ret->count == 0 || ret->count > take.left.size / OFFSET_SIZE)
        return CORRUPT;
    ret->offsets = take_bytes(&take, ret->count * OFFSET_SIZE);
    ret->text = take.left;
    return take.failed ? CORRUPT : OK;
}

enum status vault_read_text(struct bytes sealed, size_t *ret_size, struct bytes *ret_text)
{
    struct sealed_text head;
    enum status status = read_head(sealed, &head);

    if (status != OK)
        return status;
    *ret_size = head.size;
    *ret_text = head.text;
    return OK;
}

struct bytes vault_forgotten_text(const struct vault_place *place)
{
    return place->marked ? FORGOTTEN_BEFORE : FORGOTTEN;
}

static enum status open_part(const struct vault_reader *reader, const struct vault_place *place,
                             struct bytes text, struct arena *arena, struct bytes *ret)
{
    struct bytes part = bytes_slice(text, place->offset, place->size), base64;

    if (!vault_sealed_text(part, &base64))
        return CORRUPT;

    enum status status =
        vault_unseal(reader, VAULT_EVENT, &place->pk, &place->sk, base64, arena, ret);

    if (status == MALFORMED)
        return CORRUPT;
    if (status != NOT_FOUND)
        return status;
    *ret = vault_forgotten_text(place);
    return OK;
}

/* The place that begins there, from the *from'th on; *from: the one behind it. */
static const struct vault_place *place_at(const struct vault_place *places, size_t count,
                                          size_t offset, size_t *from)
{
    while (*from < count && places[*from].offset < offset)
        (*from)++;
    return *from < count && places[*from].offset == offset ? &places[(*from)++] : NULL;
}

enum status vault_open_text(const struct vault_reader *reader, struct bytes sealed,
                            struct arena *arena, struct bytes *ret)
{
    const struct vault_place *places = NULL;
    size_t place_count = 0, next = 0, from = 0;
    struct sealed_text head;

    if (read_head(sealed, &head) != OK)
        return CORRUPT;
    place_count = vault_find(arena, head.text, &places);

    AUTO(buffer_free)
    struct buffer out = BUFFER_INIT(head.text.size + head.count * FORGOTTEN.size);

    for (size_t i = 0; i < head.count; i++) {
        size_t offset = bytes_get_u32(head.offsets.ptr + i * OFFSET_SIZE);
        const struct vault_place *place = place_at(places, place_count, offset, &next);
        struct bytes payload;

        if (place == NULL || offset < from)
            return CORRUPT;
        enum status status = open_part(reader, place, head.text, arena, &payload);

        if (status != OK)
            return status;
        buffer_append(&out, bytes_slice(head.text, from, offset - from));
        buffer_append(&out, payload);
        from = offset + place->size;
    }
    buffer_append(&out, bytes_slice(head.text, from, head.text.size));
    assert(!buffer_failed(&out) && "what is sealed is longer than what it hides, or hides nothing");
    *ret = arena_copy(arena, buffer_bytes(&out));
    return OK;
}
