/* vault/item.c - items whose payload is sealed; see vault.h.
 *
 *   {"pk":{"S":"users#12#stream"},...,"payload":{"sealed":"AYk..."}}
 *
 * An item's text is our own, compact, and quotes inside of its strings are escaped: so the first
 * {"sealed":" of a sealed item is its payload, and opening it is putting another text there. */
#include "vault/internal.h"

#define OPENING BYTES("{\"sealed\":\"")
#define CLOSING BYTES("\"}")
#define EMPTY_MAP BYTES("{\"M\":{}}")

struct bytes vault_sealed_part(struct bytes form)
{
    size_t from = bytes_find(form, OPENING);
    struct bytes text = from == SIZE_MAX ? (struct bytes){NULL, 0}
                                         : bytes_slice(form, from + OPENING.size, form.size);
    size_t size = bytes_find(text, CLOSING);

    return size == SIZE_MAX ? (struct bytes){NULL, 0}
                            : bytes_slice(form, from, OPENING.size + size + CLOSING.size);
}

bool vault_sealed_text(struct bytes part, struct bytes *ret)
{
    if (part.size < OPENING.size + CLOSING.size || !bytes_start_with(part, OPENING) ||
        !bytes_end_with(part, CLOSING))
        return false;
    *ret = bytes_slice(part, OPENING.size, part.size - OPENING.size - CLOSING.size);
    return true;
}

bool vault_hides(const struct value *payload)
{
    return payload != NULL && (payload->type != VALUE_M || payload->map.count > 0);
}

bool vault_is_forgotten(const struct item *item)
{
    const struct value *mark = item_get_text(item, "forgotten");
    const struct value *payload = item_get_text(item, "payload");

    return mark != NULL && mark->type == VALUE_BOOL && mark->boolean && payload != NULL &&
           payload->type == VALUE_M && payload->map.count == 0;
}

void vault_print_item(struct buffer *out, const struct item *item, struct bytes sealed)
{
    buffer_append_byte(out, '{');
    for (size_t i = 0; i < item->count; i++) {
        if (i > 0)
            buffer_append_byte(out, ',');
        json_append_string(out, item->attributes[i].name);
        buffer_append_byte(out, ':');
        if (bytes_equal_text(item->attributes[i].name, "payload"))
            buffer_append(out, sealed);
        else
            value_print(out, &item->attributes[i].value);
    }
    buffer_append_byte(out, '}');
}

/* The form with `value` in the place of its sealed part, and one more attribute (NULL: none). */
static struct bytes replace(struct arena *arena, struct bytes form, struct bytes part,
                            struct bytes value, struct bytes more)
{
    size_t before = (size_t)(part.ptr - form.ptr), behind = before + part.size;
    size_t rest = form.size - behind - 1; /* without the last brace */
    uint8_t *out = arena_alloc(arena, before + value.size + rest + more.size + 1), *at = out;

    memcpy(at, form.ptr, before);
    at += before;
    memcpy(at, value.ptr, value.size);
    at += value.size;
    if (rest > 0)
        memcpy(at, form.ptr + behind, rest);
    at += rest;
    if (more.size > 0)
        memcpy(at, more.ptr, more.size);
    at += more.size;
    *at++ = '}';
    return bytes_of(out, (size_t)(at - out));
}

enum status vault_open_item(const struct vault_reader *reader, struct bytes form,
                            struct arena *arena, struct bytes *ret)
{
    static const struct bytes none = {NULL, 0};
    struct bytes part = vault_sealed_part(form), sealed, payload;
    struct item item;

    if (part.size == 0 || !vault_sealed_text(part, &sealed)) {
        *ret = form;
        return OK;
    }
    if (part.ptr + part.size == form.ptr + form.size)
        return CORRUPT;

    struct bytes without = replace(arena, form, part, EMPTY_MAP, none);
    enum status status = item_decode(arena, without, &item);
    const struct value *pk = NULL, *sk = NULL;

    if (status != OK)
        return status;
    pk = item_get_text(&item, "pk");
    sk = item_get_text(&item, "sk");
    if (pk == NULL || sk == NULL || pk->type != VALUE_S || sk->type != VALUE_N)
        return CORRUPT;
    status = vault_unseal(reader, VAULT_ITEM, pk, sk, sealed, arena, &payload);
    if (status == OK)
        *ret = replace(arena, form, part, payload, none);
    else if (status == NOT_FOUND && item_get_text(&item, "forgotten") == NULL)
        *ret = replace(arena, form, part, EMPTY_MAP, BYTES(",\"forgotten\":{\"BOOL\":true}"));
    else if (status == NOT_FOUND)
        *ret = without;
    else if (status == MALFORMED)
        return CORRUPT;
    return status == NOT_FOUND ? OK : status;
}
