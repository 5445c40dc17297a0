/* Fuzz target: deliveries and their attempts as they are on disk.
 *
 * What is read encodes to the same bytes; the rest is called corrupt or of a newer format. What a
 * delivery says becomes a dead letter whose attributes have values. Build with
 * -fsanitize=fuzzer,address,undefined. */
#include "delivery/letter.h"
#include "delivery/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_read(enum status status)
{
    assert(status == OK || status == CORRUPT || status == NEWER_FORMAT);
    return status == OK;
}

static void make_letter(struct delivery *delivery)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct delivery_error error;

    if (delivery->source == DELIVERY_OF_FUNCTION)
        return; /* it has none */
    delivery->arena = arena;
    delivery_error_set(&error, "UNKNOWN", true, "%.*s", BYTES_ARG(delivery->payload));
    struct delivery_letter *letter =
        delivery_letter_make(delivery, &error, 1, DELIVERY_AGE_EXCEEDED);

    assert(letter->body.size > 0);
    assert(letter->attribute_count <= DELIVERY_LETTER_ATTRIBUTES_MAX);
    for (size_t i = 0; i < letter->attribute_count; i++)
        assert(letter->attributes[i].value.size > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(DELIVERY_RECORD_SIZE_MAX);
    struct bytes value = bytes_of(data, size);
    struct delivery_attempts attempts;
    struct delivery delivery;

    if (is_read(delivery_record_decode(value, &delivery))) {
        delivery_record_encode(&out, &delivery);
        assert(bytes_equal(buffer_bytes(&out), value));
        make_letter(&delivery);
    }
    buffer_clear(&out);
    if (is_read(delivery_attempts_decode(value, &attempts))) {
        delivery_attempts_encode(&out, &attempts);
        assert(bytes_equal(buffer_bytes(&out), value));
    }
    return 0;
}
