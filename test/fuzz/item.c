/* Fuzz target: items. Whatever a request's reader takes must come back the same through its printed
 * text, by both readers; and the reader of stored items must stand any bytes at all. */
#include "value/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_stored(struct arena *arena, struct bytes stored, const struct item *item)
{
    AUTO(buffer_free) struct buffer again = BUFFER_INIT(SIZE_MAX);
    const struct json *json = NULL;
    struct item decoded = {0}, parsed = {0};
    struct api_error error;

    if (item_decode(arena, stored, &decoded) != OK)
        assert(false && "a printed item is no stored item");
    assert(item_equal(item, &decoded));
    assert(item_size(item) == item_size(&decoded));
    item_print(&again, &decoded);
    assert(bytes_equal(stored, buffer_bytes(&again)));
    if (json_parse(arena, stored, &json, NULL) != OK ||
        item_from_json(arena, json, &parsed, &error) != OK)
        assert(false && "a printed item is no item of a request");
    assert(item_equal(item, &parsed));
}

static void fuzz_request(struct arena *arena, const struct json *json)
{
    AUTO(buffer_free) struct buffer stored = BUFFER_INIT(SIZE_MAX);
    AUTO(buffer_free) struct buffer plain = BUFFER_INIT(SIZE_MAX);
    const struct json *plain_json = NULL;
    struct item item = {0};
    struct value value = {0};
    struct api_error error;

    if (value_from_plain_json(arena, json, &value, &error) == OK) {
        value_print_plain(&plain, &value);
        if (json_parse(arena, buffer_bytes(&plain), &plain_json, NULL) != OK)
            assert(false && "plain JSON is no JSON");
        struct value again = {0};

        if (value_from_plain_json(arena, plain_json, &again, &error) != OK)
            assert(false && "plain JSON is no value");
        assert(value_equal(&value, &again));
    }
    if (item_from_json(arena, json, &item, &error) != OK)
        return;

    struct item copy = item_copy(arena, &item);

    assert(item_equal(&item, &copy));
    item_print(&stored, &item);
    check_stored(arena, buffer_bytes(&stored), &item);
}

/* Bytes that decode must print and decode to the same item: numbers may get another spelling. */
static void fuzz_stored(struct arena *arena, struct bytes data)
{
    AUTO(buffer_free) struct buffer printed = BUFFER_INIT(SIZE_MAX);
    struct item item = {0}, again = {0};

    if (item_decode(arena, data, &item) != OK)
        return;
    item_print(&printed, &item);
    if (item_decode(arena, buffer_bytes(&printed), &again) != OK)
        assert(false && "a printed item is no stored item");
    assert(item_equal(&item, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct json *json = NULL;

    fuzz_stored(arena, bytes_of(data, size));
    if (json_parse(arena, bytes_of(data, size), &json, NULL) == OK)
        fuzz_request(arena, json);
    return 0;
}
