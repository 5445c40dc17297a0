/* bus/archived.c - an event as STORE_ARCHIVES and STORE_EVENTS hold it; see archive.h.
 *
 *   {"version":"0",...}          the event as JSON
 *   format 2 (1) | sealed text   payloads of private logs are sealed in it (vault/vault.h) */
#include "bus/internal.h"

#define FORMAT_SEALED 2

static bool is_sealed(struct bytes value, struct bytes *ret)
{
    if (value.size == 0 || value.ptr[0] != FORMAT_SEALED)
        return false;
    *ret = bytes_slice(value, 1, value.size);
    return true;
}

/* No JSON begins with such a byte. */
static enum status check_plain(struct bytes value)
{
    return value.size > 0 && value.ptr[0] > FORMAT_SEALED && value.ptr[0] < '\t' ? NEWER_FORMAT
                                                                                 : OK;
}

enum status archived_seal(const struct bus *bus, struct store_batch *batch, struct arena *arena,
                          struct bytes text, struct bytes *ret)
{
    struct bytes sealed;
    enum status st = vault_seal_text(bus->vault, batch, arena, text, &sealed);

    *ret = text;
    if (st != OK || sealed.size == 0)
        return st;

    uint8_t *value = arena_alloc(arena, 1 + sealed.size);

    value[0] = FORMAT_SEALED;
    memcpy(value + 1, sealed.ptr, sealed.size);
    *ret = bytes_of(value, 1 + sealed.size);
    return OK;
}

enum status archived_open(const struct bus *bus, struct bytes value, struct arena *arena,
                          struct bytes *ret)
{
    struct vault_reader reader = {.store = bus->store};
    struct bytes sealed;
    enum status st = OK;

    if (is_sealed(value, &sealed))
        return vault_open_text(&reader, sealed, arena, ret);
    st = check_plain(value);
    if (st == OK)
        *ret = arena_copy(arena, value);
    return st;
}

size_t archived_size(struct bytes value)
{
    struct bytes sealed, text;
    size_t size = value.size;

    if (is_sealed(value, &sealed) && vault_read_text(sealed, &size, &text) != OK)
        return value.size;
    return size;
}

enum status bus_archived_text(struct bytes value, struct bytes *ret)
{
    struct bytes sealed;
    size_t size = 0;

    if (is_sealed(value, &sealed))
        return vault_read_text(sealed, &size, ret);
    *ret = value;
    return check_plain(value);
}

enum status archived_check_waiting(struct store *store)
{
    struct bytes none = {NULL, 0}, key, value, sealed;
    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(store, NULL, STORE_EVENTS, none, none, false);

    while (store_iter_next(iter, &key, &value))
        if (!is_sealed(value, &sealed) && check_plain(value) != OK)
            return NEWER_FORMAT;
    return store_iter_status(iter);
}
