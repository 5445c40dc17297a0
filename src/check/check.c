/* check/check.c - the parts in their order, and the second pass; see check.h. */
#include "check/internal.h"

#include <stdio.h>

/* ---- the first pass ---- */

static void catalogue_row(struct check *check, struct bytes key, struct bytes value, void *context)
{
    (void)context;
    if (bytes_start_with(key, BYTES("engine/")))
        check_engine_row(check, key, value);
    else
        check_setting_row(check, key, value);
}

static void catalogue(struct check *check)
{
    check_scan_all(check, STORE_CATALOGUE, catalogue_row, NULL);
    check_tables_settle(check);
    check_order_load(check);
}

/* What all of this needs stands above it. */
static const struct {
    const char *name;
    void (*look)(struct check *check);
} parts[] = {
    {"log", check_logs},
    {"catalogue", catalogue},
    {"changes", check_changes},
    {"items", check_items},
    {"indexes", check_indexes},
    {"order", check_order},
    {"streams", check_event_streams},
    {"history", check_history},
    {"vault", check_vault},
    {"cursors", check_cursors},
    {"deliveries", check_deliveries},
    {"archives", check_archives},
    {"events", check_events},
    {"queues", check_messages},
    {"logs", check_log_events},
    {"code", check_code},
    {"archive file", check_archive_file},
};

static void look_at_parts(struct check *check)
{
    for (size_t i = 0; i < ARRAY_COUNT(parts) && check->status == OK; i++) {
        check_part_begin(check, parts[i].name);
        parts[i].look(check);
        check_part_end(check);
    }
}

/* ---- what families tell of each other ---- */

/* What two families tell of one thing; when they differ, both are read once more. */
static const struct telling {
    enum store_family family;
    void (*look)(struct check *check);
    void (*tell)(struct check *check);
} tellings[] = {
    {STORE_INDEXES, check_indexes, check_index_tell},
    {STORE_ORDER, check_order, check_order_tell},
    {STORE_STREAMS, check_event_streams, check_stream_tell},
};

static struct facts *rows_of(struct check *check, enum store_family family)
{
    switch ((int)family) {
    case STORE_INDEXES:
        return check->index_rows;
    case STORE_ORDER:
        return check->order_rows;
    default:
        return check->stream_rows;
    }
}

static bool differs(struct check *check, const struct telling *telling)
{
    return !check->damaged[STORE_ITEMS] && !check->damaged[telling->family] &&
           !facts_agree(rows_of(check, telling->family));
}

static void compare(struct check *check)
{
    bool wrong[ARRAY_COUNT(tellings)] = {false}, any = false;

    for (size_t i = 0; i < ARRAY_COUNT(tellings); i++) {
        wrong[i] = differs(check, &tellings[i]);
        any = any || wrong[i];
        facts_begin_again(rows_of(check, tellings[i].family));
    }
    check_links(check);
    check_figures(check);
    if (!any || check->status != OK)
        return;
    check->again = true;
    check_items(check);
    for (size_t i = 0; i < ARRAY_COUNT(tellings) && check->status == OK; i++) {
        if (!wrong[i])
            continue;
        tellings[i].look(check);
        if (check->status == OK)
            tellings[i].tell(check);
    }
}

/* ---- the way of it ---- */

static enum status look(struct check *check, char message[STORE_MESSAGE_SIZE])
{
    check->last_position = store_last_position(check->store);
    check->result.last_position = check->last_position;
    look_at_parts(check);
    if (check->status == OK) {
        check_part_begin(check, "comparison");
        compare(check);
        check_part_end(check);
    }
    if (check->status == OK)
        check_tell_more(check);
    if (check->status == CLOSED)
        snprintf(message, STORE_MESSAGE_SIZE, "It was stopped.");
    else if (check->status != OK)
        snprintf(message, STORE_MESSAGE_SIZE,
                 "There is no room for temporary files (%s): set TMPDIR to a folder with some 100 "
                 "bytes for each item and each change of a day.",
                 status_text(check->status));
    return check->status;
}

enum status check_run(const struct check_options *options, struct check_result *ret,
                      char message[STORE_MESSAGE_SIZE])
{
    struct check check = {.options = options};
    enum status status = store_open_reading(options->folder, &check.store, message);

    if (status != OK)
        return status;
    check.arena = arena_new();
    check.scratch = arena_new();
    check.index_rows = facts_new();
    check.order_rows = facts_new();
    check.stream_rows = facts_new();
    check_changes_begin(&check);
    check_order_begin(&check);
    check.collection.key = BUFFER_INIT(TABLE_KEY_SIZE_MAX);

    status = look(&check, message);
    *ret = check.result;
    for (size_t i = 0; i < check.table_count; i++)
        map_free(&check.tables[i].runs);
    map_free(&check.owners);
    map_free(&check.code);
    buffer_free(&check.collection.key);
    buffer_free(&check.line.stream);
    mem_free(check.changed_keys);
    spool_free(check.positions);
    spool_free(check.links);
    facts_free(check.stream_rows);
    facts_free(check.order_rows);
    facts_free(check.index_rows);
    arena_free(check.scratch);
    arena_free(check.arena);
    store_close(check.store);
    return status;
}
