/* Fuzz target: JSON texts with sealed payloads, as rows of archives, deliveries and invocations
 * hold them.
 *
 * No bytes open without a key: what has a head and seals is forgotten, and then JSON still when it
 * was; the rest is corrupt. And the bytes as somebody's text: whatever is found in it to be sealed
 * lies within it, in order. Build with -fsanitize=fuzzer,address,undefined. */
#include "json/json.h"
#include "vault/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct store *store;

static void open_store(void)
{
    char message[STORE_MESSAGE_SIZE];

    if (store == NULL && store_open(&(struct store_options){.memory = true}, &store, message) != OK)
        assert(false && "a store in memory opens");
}

static bool is_json(struct arena *arena, struct bytes text)
{
    const struct json *json = NULL;

    return json_parse(arena, text, &json, NULL) == OK;
}

static void fuzz_opening(struct arena *arena, struct bytes sealed)
{
    struct bytes text, opened;
    size_t plain_size = 0;
    enum status st = vault_read_text(sealed, &plain_size, &text);
    enum status st_open =
        vault_open_text(&(struct vault_reader){.store = store}, sealed, arena, &opened);

    assert(st == OK || st == CORRUPT);
    assert(st_open == OK || st_open == CORRUPT);
    assert(st == OK || st_open == CORRUPT);
    if (st_open == OK && is_json(arena, text))
        assert(is_json(arena, opened));
}

static void fuzz_finding(struct arena *arena, struct bytes text)
{
    const struct vault_place *places = NULL;
    size_t count = vault_find(arena, text, &places);

    for (size_t i = 0; i < count; i++) {
        struct bytes payload = bytes_slice(text, places[i].offset, places[i].size);

        assert(places[i].size > 0 && places[i].offset + places[i].size <= text.size);
        assert(i == 0 || places[i].offset > places[i - 1].offset);
        if (is_json(arena, text))
            assert(is_json(arena, payload));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_release) struct arena *arena = arena_new();

    open_store();
    fuzz_opening(arena, bytes_of(data, size));
    fuzz_finding(arena, bytes_of(data, size));
    return 0;
}
