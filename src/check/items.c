/* check/items.c - STORE_ITEMS: every item reads and stands under its own key; and what it says must
 * stand in the other families is told to them (indexes.c, order.c, changes.c). */
#include "check/internal.h"

static const struct check_kind wrong_key = {
    "item-key", "the item is not found by its key; what is found under it is another one"};
static const struct check_kind wrong_size = {
    "item-size", "limits, capacity and the table's size are counted from it"};
static const struct check_kind bad_seal = {
    "sealed", "the payload can't be opened: it is lost, though nobody forgot it"};
static const struct check_kind bad_position = {
    "position", "readers that go by positions miss the event, or are given it at the wrong place"};
static const struct check_kind gap = {
    "gap", "a version of the stream is not there: it was deleted, never written, or lost"};

struct walk {
    struct check_table *table; /* of the last row */
    /* The last event. */
    struct bytes stream; /* its partition key, of the check's arena when it changes */
    struct buffer room;
    uint64_t version;
    bool has_gap;
};

/* ---- streams of events ---- */

static void tell_gap(struct check *check, const struct check_table *table,
                     const struct order_event *event, uint64_t expected)
{
    check_find(check, &gap, "items",
               check_text(check, "%.*s, stream %.*s#%.*s", BYTES_ARG(table->what),
                          BYTES_ARG(event->log), BYTES_ARG(event->id)),
               check_text(check, "version %llu", (unsigned long long)expected),
               check_text(check, "version %llu", (unsigned long long)event->version));
}

static void follow_versions(struct check *check, struct walk *walk, const struct item *item,
                            const struct order_event *event)
{
    struct bytes stream = item_get_text(item, "pk")->bytes;
    uint64_t expected = 1;

    if (bytes_equal(stream, walk->stream)) {
        expected = walk->version + 1;
    } else {
        buffer_clear(&walk->room);
        buffer_append(&walk->room, stream);
        walk->stream = buffer_bytes(&walk->room);
        walk->has_gap = false;
    }
    walk->version = event->version;
    if (event->version == expected || walk->has_gap)
        return;
    walk->has_gap = true;
    walk->table->gaps++;
    if (check->options->gapless)
        tell_gap(check, walk->table, event, expected);
}

static void check_event(struct check *check, struct walk *walk, const struct item *item,
                        const struct stored_item *stored, struct bytes key)
{
    struct check_table *table = walk->table;
    struct order_event event = {0};
    bool is_event = table->takes_events && order_event_of(item, &event);

    if (!is_event) {
        walk->stream = (struct bytes){0};
        if (stored->position != 0 && !check->again)
            check_find(check, &bad_position, "items", check_item_key_text(check, table, key),
                       BYTES("no position: it is no event"),
                       check_text(check, "%llu", (unsigned long long)stored->position));
        return;
    }
    if (!check->again) {
        follow_versions(check, walk, item, &event);
        if (stored->position == 0 && table->is_filled)
            check_find(check, &bad_position, "items", check_item_key_text(check, table, key),
                       BYTES("a position: it is an event"), BYTES("none"));
        if (stored->position > check->last_position)
            check_find_position(check, &bad_position, "items",
                                check_item_key_text(check, table, key), stored->position);
    }
    if (stored->position == 0)
        return;
    table->events += !check->again;
    check_order_expect(check, table, &event, stored->position);
}

/* ---- one item ---- */

static bool open_item(struct check *check, const struct check_table *table, struct bytes key,
                      struct stored_item *stored, struct item *item, bool *ret_forgotten)
{
    struct vault_reader reader = {.store = check->store};
    bool was_sealed = stored->sealed.size > 0;
    enum status status = stored_item_open(&reader, check->scratch, stored);

    *ret_forgotten = false;
    if (status == OK)
        status = item_decode(check->scratch, stored->form, item);
    if (status == OK) {
        *ret_forgotten = was_sealed && vault_is_forgotten(item);
        return true;
    }
    if (!check->again)
        check_find(check, was_sealed ? &bad_seal : &CHECK_UNREADABLE, "items",
                   check_item_key_text(check, table, key),
                   bytes_of_text(was_sealed ? "a payload that its key opens"
                                            : "an item in its stored form"),
                   bytes_of_text(status_text(status)));
    return false;
}

static void check_key(struct check *check, const struct check_table *table, const struct item *item,
                      struct bytes key)
{
    AUTO(buffer_free) struct buffer made = BUFFER_INIT(TABLE_KEY_SIZE_MAX);
    struct api_error error = {0};
    struct table as = table->table;

    as.id = table->id;
    if (table_key(&as, item, false, &made, &error) != OK)
        check_find(check, &wrong_key, "items", check_item_key_text(check, table, key),
                   BYTES("an item with its key attributes"), bytes_of_text(error.message));
    else if (!bytes_equal(buffer_bytes(&made), key))
        check_find(check, &wrong_key, "items", check_item_key_text(check, table, key),
                   BYTES("an item with this key"),
                   check_item_key_text(check, table, buffer_bytes(&made)));
}

static void check_item(struct check *check, struct walk *walk, struct bytes key,
                       struct stored_item *stored)
{
    struct check_table *table = walk->table;
    struct item item;
    bool forgotten = false;

    if (!open_item(check, table, key, stored, &item, &forgotten))
        return;
    if (!check->again) {
        table->counted.item_count++;
        table->counted.size_bytes += stored->size;
        check_key(check, table, &item, key);
        if (!forgotten && item_size(&item) != stored->size)
            check_find(check, &wrong_size, "items", check_item_key_text(check, table, key),
                       check_text(check, "%zu bytes", item_size(&item)),
                       check_text(check, "%zu", stored->size));
    }
    if (table->is_backup)
        return;
    check_event(check, walk, &item, stored, key);
    check_index_expect(check, table, &item, stored, key, forgotten);
    if (!check->again)
        check_changes_item(check, table, key, stored);
}

static void take_row(struct check *check, struct bytes key, struct bytes value, void *context)
{
    struct walk *walk = context;
    struct stored_item stored;
    uint32_t id = key.size > TABLE_ID_SIZE ? bytes_get_u32(key.ptr) : 0;

    if (walk->table == NULL || walk->table->id != id) {
        walk->table = check_table_of(check, id);
        walk->stream = (struct bytes){0};
    }
    if (walk->table == NULL) {
        if (!check->again)
            check_find_nobodys(check, "items", key, "an item of a table or a backup", id);
        return;
    }
    if (walk->table->table.key.count == 0)
        return; /* of something that was dropped while it is read */

    enum status status = stored_item_read(value, &stored);

    if (status == OK)
        check_item(check, walk, key, &stored);
    else if (!check->again)
        check_find(check, &CHECK_UNREADABLE, "items", check_item_key_text(check, walk->table, key),
                   BYTES("format, size, item"), bytes_of_text(status_text(status)));
}

void check_items(struct check *check)
{
    struct walk walk = {.room = BUFFER_INIT(KEY_HASH_SIZE_MAX)};
    uint64_t gaps = 0;

    check_scan_all(check, STORE_ITEMS, take_row, &walk);
    check_collection_end(check);
    check_order_expected(check);
    buffer_free(&walk.room);
    for (size_t i = 0; i < check->table_count; i++)
        gaps += check->tables[i].gaps;
    if (gaps > 0 && !check->again && !check->options->gapless)
        check_part_remark(check, "%llu streams of events have gaps in their versions",
                          (unsigned long long)gaps);
}
