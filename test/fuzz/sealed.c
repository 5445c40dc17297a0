/* Fuzz target: sealed payloads of private logs, as they stand in stored items, in what the bus
 * stores, in archives and on the way to /_dynlog/unseal.
 *
 * Whatever bytes there are, they are opened, forgotten or called malformed; what is sealed here
 * opens to the same in its place and in no other. The store has one key, which seals all. */
#include "cli/sealed.h"
#include "store/store.h"
#include "vault/internal.h"

#include <semaphore.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static sem_t woken;
static struct vault_reader reader;
static struct vault_stream stream; /* its id and key are zeros */
static const struct value pk = {.type = VALUE_S, .bytes = {(const uint8_t *)"people#1#stream", 15}};

/* ---- the store ---- */

static void wake(void *context)
{
    (void)context;
    sem_post(&woken);
}

static void put_key(struct store_batch *batch, struct store_work *work)
{
    uint8_t key[1 + VAULT_KEY_ID_SIZE] = {VAULT_ROW_KEY};
    uint8_t value[1 + VAULT_KEY_SIZE] = {VAULT_FORMAT};

    (void)work;
    store_batch_put(batch, STORE_VAULT, bytes_of(key, sizeof key), bytes_of(value, sizeof value));
}

static bool is_put;

static void key_put(struct store_work *work, enum status status)
{
    (void)work;
    assert(status == OK);
    is_put = true;
}

static void open_store(void)
{
    static struct store_work work = {.run = put_key, .done = key_put};
    struct store_options options = {.memory = true};
    char message[STORE_MESSAGE_SIZE];
    enum status status = store_open(&options, &reader.store, message);

    assert(status == OK);
    sem_init(&woken, 0, 0);

    struct store_port *port = store_port_new(reader.store, wake, NULL, NULL);

    store_submit(reader.store, port, &work);
    while (!is_put) {
        sem_wait(&woken);
        store_port_run(port);
    }
}

/* ---- any bytes ---- */

static void fuzz_item(struct arena *arena, struct bytes form)
{
    struct bytes part = vault_sealed_part(form), text, opened;
    enum status status = vault_open_item(&reader, form, arena, &opened);
    struct item item;

    assert(status == OK || status == CORRUPT || status == NEWER_FORMAT);
    if (part.size > 0) {
        assert(part.ptr >= form.ptr && part.ptr + part.size <= form.ptr + form.size);
        if (!vault_sealed_text(part, &text))
            assert(false && "a sealed part has a text");
    } else {
        assert(status == OK && bytes_equal(opened, form));
    }
    if (part.size > 0 && status == OK) {
        status = item_decode(arena, opened, &item);
        assert(status == OK);
    }
}

static void fuzz_seal(struct arena *arena, struct bytes sealed)
{
    const struct value sk = {.type = VALUE_N, .number = number_of_int64(1)};
    struct bytes text;
    enum status status = vault_unseal(&reader, VAULT_EVENT, &pk, &sk, sealed, arena, &text);

    if (vault_is_seal(sealed))
        assert(status == OK || status == NOT_FOUND || status == MALFORMED);
    else
        assert(status == MALFORMED);
}

/* Of the bus: with a head, and events of archives. */
static void fuzz_texts(struct arena *arena, struct bytes data)
{
    struct sealed_event event = {.text = data};
    const struct vault_place *places = NULL;
    size_t count = vault_find(arena, data, &places), size = 0;
    struct bytes text;
    enum status status = vault_open_text(&reader, data, arena, &text);

    assert(status == OK || status == CORRUPT);
    status = vault_read_text(data, &size, &text);
    assert(status == OK || status == CORRUPT);
    for (size_t i = 0; i < count; i++) {
        assert(places[i].offset + places[i].size <= data.size && places[i].size > 0);
        assert(i == 0 || places[i - 1].offset < places[i].offset);
    }
    cli_sealed_look(&event);
    assert(event.state == SEALED_NOT || (event.state == SEALED_SHUT && count > 0));
}

/* ---- what is sealed here ---- */

static void fuzz_own(struct arena *arena, struct bytes data)
{
    const struct value one = {.type = VALUE_N, .number = number_of_int64(1)};
    const struct value two = {.type = VALUE_N, .number = number_of_int64(2)};
    struct vault_work work = {.arena = arena};
    struct bytes sealed, text;

    if (!vault_sealed_text(vault_seal(&work, &stream, VAULT_EVENT, &pk, &one, data), &sealed))
        assert(false && "what is sealed has a text");
    assert(vault_is_seal(sealed));

    enum status status = vault_unseal(&reader, VAULT_EVENT, &pk, &one, sealed, arena, &text);

    assert(status == OK && bytes_equal(text, data));
    status = vault_unseal(&reader, VAULT_EVENT, &pk, &two, sealed, arena, &text);
    assert(status == MALFORMED);
    status = vault_unseal(&reader, VAULT_ITEM, &pk, &one, sealed, arena, &text);
    assert(status == MALFORMED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_release) struct arena *arena = arena_new();

    if (reader.store == NULL)
        open_store();
    fuzz_item(arena, bytes_of(data, size));
    fuzz_seal(arena, bytes_of(data, size));
    fuzz_texts(arena, bytes_of(data, size));
    fuzz_own(arena, size > 0 ? bytes_of(data, size) : BYTES(""));
    return 0;
}
