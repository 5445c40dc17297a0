/* check/deliveries.c - STORE_DELIVERIES: what waits to be delivered or invoked, each with its
 * attempts (docs/format/delivery.md, docs/format/invocation.md). */
#include "check/internal.h"

#include "delivery/record.h"
#include "functions/async_record.h"

static const struct check_kind bad_payload = {
    "sealed", "a payload can't be opened: it is lost, though nobody forgot it"};

static void check_position(struct check *check, struct bytes key, uint64_t position)
{
    if (position > check->last_position)
        check_find_position(check, &CHECK_DIFFERENT, "deliveries", check_bytes_text(check, key),
                            position);
}

void check_sealed_text(struct check *check, const char *family, struct bytes key,
                       struct bytes sealed)
{
    struct vault_reader reader = {.store = check->store};
    struct bytes text;
    enum status status = vault_open_text(&reader, sealed, check->scratch, &text);

    if (status != OK)
        check_find(check, &bad_payload, family, check_bytes_text(check, key),
                   BYTES("a text whose payloads open, or were forgotten"),
                   bytes_of_text(status_text(status)));
}

static enum status read_delivery(struct check *check, struct bytes key, struct bytes value)
{
    struct delivery delivery;
    enum status status = delivery_record_decode(value, &delivery);

    if (status == OK && (delivery.sealed & DELIVERY_SEALED_PAYLOAD) != 0)
        check_sealed_text(check, "deliveries", key, delivery.payload);
    if (status == OK && (delivery.sealed & DELIVERY_SEALED_EVENT) != 0)
        check_sealed_text(check, "deliveries", key, delivery.event);
    return status;
}

static enum status read_attempts(struct check *check, struct bytes key, struct bytes value)
{
    struct delivery_attempts attempts;

    (void)check, (void)key;
    return delivery_attempts_decode(value, &attempts);
}

static enum status read_invocation(struct check *check, struct bytes key, struct bytes value)
{
    struct async_invocation invocation;
    enum status status = async_record_decode(value, &invocation);

    if (status == OK && invocation.sealed)
        check_sealed_text(check, "deliveries", key, invocation.payload);
    return status;
}

static enum status read_state(struct check *check, struct bytes key, struct bytes value)
{
    struct async_state state;

    (void)check, (void)key;
    return async_state_decode(value, &state);
}

/* of: the letter of what a row of attempts is of. */
static const struct {
    uint8_t letter, of;
    enum status (*read)(struct check *check, struct bytes key, struct bytes value);
    const char *expected;
} rows[] = {
    {DELIVERY_KEY_RECORD, 0, read_delivery, "a delivery"},
    {DELIVERY_KEY_ATTEMPTS, DELIVERY_KEY_RECORD, read_attempts, "attempts of a delivery"},
    {ASYNC_INVOCATION, 0, read_invocation, "an invocation"},
    {ASYNC_STATE, ASYNC_INVOCATION, read_state, "attempts of an invocation"},
};

static void check_owner_of(struct check *check, struct bytes key, uint8_t letter)
{
    uint8_t owner[DELIVERY_KEY_SIZE];
    struct bytes value;

    memcpy(owner, key.ptr, sizeof owner);
    owner[0] = letter;
    if (!check_get(check, STORE_DELIVERIES, bytes_of(owner, sizeof owner), &value))
        check_find(check, &CHECK_STRAY, "deliveries", check_bytes_text(check, key),
                   BYTES("attempts of something that waits"), BYTES("of nothing"));
}

static void take_row(struct check *check, struct bytes key, struct bytes value, void *context)
{
    (void)context;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        if (key.size != DELIVERY_KEY_SIZE || key.ptr[0] != rows[i].letter)
            continue;

        enum status status = rows[i].read(check, key, value);

        if (status != OK)
            check_find_unreadable(check, STORE_DELIVERIES, key, status, rows[i].expected);
        check_position(check, key, bytes_get_u64(key.ptr + 1));
        if (rows[i].of != 0)
            check_owner_of(check, key, rows[i].of);
        return;
    }
    check_find(check, &CHECK_STRAY, "deliveries", check_bytes_text(check, key),
               BYTES("a letter and a position"), BYTES("another key"));
}

void check_deliveries(struct check *check)
{
    check_scan_all(check, STORE_DELIVERIES, take_row, NULL);
}
