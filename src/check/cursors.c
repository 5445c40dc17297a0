/* check/cursors.c - STORE_CURSORS: how far readers are. None is past the last position; what stands
 * there under a subscription's name has one (docs/format/change.md, docs/format/subscription.md).
 */
#include "check/internal.h"

#include "base/id.h"
#include "subscriptions/internal.h"

static const struct check_kind past_the_end = {
    "cursor", "the reader waits for positions that were given before: it misses what comes up to "
              "there"};

#define WINDOW_HEAD_SIZE 49 /* format, six numbers (mapping/tumbling.h) */
#define PUT_TAIL_SIZE (1 + 8 + 16 + ID_UUID_SIZE - 1)
#define PIPE_KEY_SIZE (5 + ID_UUID_SIZE - 1 + 1 + 8)
#define SUBSCRIPTION_HEAD BYTES("subscription\0")

static void check_position(struct check *check, struct bytes key, uint64_t position)
{
    if (position > check->last_position)
        check_find_position(check, &past_the_end, "cursors", check_bytes_text(check, key),
                            position);
}

static bool read_position(struct check *check, struct bytes key, struct bytes value)
{
    if (value.size != 8)
        return false;
    check_position(check, key, bytes_get_u64(value.ptr));
    return true;
}

static bool read_window(struct check *check, struct bytes key, struct bytes value)
{
    if (value.size < WINDOW_HEAD_SIZE || value.ptr[0] != 1)
        return false;
    check_position(check, key, bytes_get_u64(value.ptr + 25));
    return true;
}

static bool read_put(struct check *check, struct bytes key, struct bytes value)
{
    (void)check;
    return value.size == 0 && key.size > 4 + PUT_TAIL_SIZE;
}

static bool read_pipe(struct check *check, struct bytes key, struct bytes value)
{
    if (key.size != PIPE_KEY_SIZE || value.size % 8 != 0)
        return false;
    for (size_t at = 0; at < value.size; at += 8)
        check_position(check, key, bytes_get_u64(value.ptr + at));
    return true;
}

static bool read_replay(struct check *check, struct bytes key, struct bytes value)
{
    (void)check, (void)key;
    return value.size == 16;
}

/* ---- subscriptions ---- */

static bool read_subscription_value(struct check *check, uint8_t kind, struct bytes key,
                                    struct bytes value)
{
    struct subscription_record record;
    struct subscription_parked parked;

    switch (kind) {
    case KEY_RECORD:
        return subscription_record_read(value, &record) == OK;
    case KEY_POSITION:
        return read_position(check, key, value);
    case KEY_DONE:
        return value.size == 0;
    case KEY_FAILURES:
        return value.size == 4;
    default:
        return subscription_parked_read(value, &parked) == OK;
    }
}

static bool read_subscription(struct check *check, struct bytes key, struct bytes value)
{
    AUTO(buffer_free) struct buffer record = BUFFER_INIT(SUBSCRIPTION_KEY_SIZE_MAX);
    struct bytes rest = bytes_slice(key, SUBSCRIPTION_HEAD.size, key.size), name, found;
    uint8_t kind = rest.size > 1 ? rest.ptr[0] : UINT8_MAX;

    if (kind > KEY_RETURNED || (kind >= KEY_DONE && rest.size < 11))
        return false;
    name = bytes_slice(rest, 1, kind >= KEY_DONE ? rest.size - 10 : rest.size);
    subscription_key(&record, KEY_RECORD, name, 0);
    if (kind != KEY_RECORD && !check_get(check, STORE_CURSORS, buffer_bytes(&record), &found))
        check_find(check, &CHECK_STRAY, "cursors", check_bytes_text(check, key),
                   check_text(check, "a row of a subscription \"%.*s\"", BYTES_ARG(name)),
                   BYTES("no such subscription"));
    return read_subscription_value(check, kind, key, value);
}

static const struct {
    const char *prefix;
    bool (*read)(struct check *check, struct bytes key, struct bytes value);
    const char *expected;
} rows[] = {
    {"trim/", read_position, "a position"},
    {"trigger/", read_position, "a position"},
    {"mapping/", read_position, "a position"},
    {"window/", read_window, "a tumbling window"},
    {"put/", read_put, "an event that a function put"},
    {"pipe/", read_pipe, "positions that a pipe's target has"},
    {"replay/", read_replay, "the time and the position of an event"},
};

static void take_row(struct check *check, struct bytes key, struct bytes value, void *context)
{
    (void)context;
    if (bytes_start_with(key, SUBSCRIPTION_HEAD)) {
        if (!read_subscription(check, key, value))
            check_find_unreadable(check, STORE_CURSORS, key, CORRUPT, "a row of a subscription");
        return;
    }
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        if (!bytes_start_with(key, bytes_of_text(rows[i].prefix)))
            continue;
        if (!rows[i].read(check, key, value))
            check_find_unreadable(check, STORE_CURSORS, key, CORRUPT, rows[i].expected);
        return;
    }
    check_find(check, &CHECK_STRAY, "cursors", check_bytes_text(check, key),
               BYTES("a cursor of a reader that dynlog knows"), BYTES("this one"));
}

void check_cursors(struct check *check)
{
    check_scan_all(check, STORE_CURSORS, take_row, NULL);
}
