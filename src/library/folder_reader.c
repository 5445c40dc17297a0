/* library/folder_reader.c - a subscription to a folder: pages of the one order (order/order.h), and
 * sleep until something is committed. Nothing is polled. */
#include "library/folder.h"

#define PAGE_COUNT 200 /* events at a time: what a slow reader holds */

struct folder_reader {
    struct dynlog_reader base;
    struct folder *folder;
    struct folder_listener listener;
    struct arena *texts; /* of the filter */
    struct arena *page_arena;
    struct order_read read;
    struct order_page page;
    size_t at; /* the next entry of the page */
};

/* ---- pages ---- */

/* DYNLOG_END: there is nothing new. */
static enum dynlog_status read_page(struct folder_reader *reader, struct dynlog_error *error)
{
    enum status status = OK;

    reader->at = 0;
    reader->page = (struct order_page){0};
    if (reader->read.after >= store_last_position(reader->folder->store))
        return DYNLOG_END;
    arena_reset(reader->page_arena);
    status =
        order_read(reader->folder->store, NULL, &reader->read, reader->page_arena, &reader->page);
    if (status != OK) {
        reader->page = (struct order_page){0};
        return fault_of_status(error, reader->base.dynlog->place, status);
    }
    reader->read.after = reader->page.next;
    if (reader->page.filling)
        return folder_say_unordered(error);
    return reader->page.count == 0 && reader->page.at_end ? DYNLOG_END : DYNLOG_OK;
}

static enum dynlog_status give(struct folder_reader *reader, struct dynlog_event *ret,
                               struct dynlog_error *error)
{
    const struct order_entry *entry = &reader->page.list[reader->at++];
    struct event_place place = {entry->position, entry->item.time_ms};
    struct item item;
    enum status status = item_decode(reader->page_arena, entry->item.form, &item);

    if (status == OK && !event_of_item(reader->base.arena, &item, ret))
        status = CORRUPT;
    if (status != OK)
        return fault_of_status(error, reader->base.dynlog->place, status);
    reader_place(&reader->base, &place, ret);
    return DYNLOG_OK;
}

static enum dynlog_status folder_next(struct dynlog_reader *base, int64_t wait_ms,
                                      struct dynlog_event *ret, struct dynlog_error *error)
{
    struct folder_reader *reader = CONTAINER_OF(base, struct folder_reader, base);
    struct deadline deadline = deadline_after(wait_ms);

    for (;;) {
        enum dynlog_status status = DYNLOG_OK;

        if (atomic_exchange(&base->stopped, false))
            return DYNLOG_STOPPED;
        if (reader->at < reader->page.count)
            return give(reader, ret, error);
        status = read_page(reader, error);
        if (status == DYNLOG_OK)
            continue;
        if (status != DYNLOG_END || wait_ms == 0)
            return status;
        if (deadline_left_ms(&deadline) == 0)
            return DYNLOG_TIMED_OUT;
        reader_wait(base, deadline_left_ms(&deadline));
    }
}

/* ---- life ---- */

static void folder_reader_close(struct dynlog_reader *base)
{
    struct folder_reader *reader = CONTAINER_OF(base, struct folder_reader, base);

    folder_unlisten(reader->folder, &reader->listener);
    arena_free(reader->texts);
    arena_free(reader->page_arena);
    reader_release(base);
    mem_free(reader);
}

static const struct reader_kind folder_reader_kind = {.next = folder_next,
                                                      .close = folder_reader_close};

enum dynlog_status folder_subscribe(struct dynlog *dynlog,
                                    const struct dynlog_subscription *subscription,
                                    struct dynlog_reader **ret, struct dynlog_error *error)
{
    struct folder *folder = folder_of(dynlog);
    struct folder_reader *reader = NULL;
    uint64_t after = 0;
    enum dynlog_status status =
        reader_begin(subscription->from, store_last_position(folder->store), &after, error);

    if (status != DYNLOG_OK)
        return status;
    if (subscription->name != NULL)
        return folder_join(folder, subscription, after, ret, error);
    reader = mem_new(sizeof *reader);
    status = reader_init(&reader->base, &folder_reader_kind, dynlog, true, error);
    if (status != DYNLOG_OK) {
        mem_free(reader);
        return status;
    }
    reader->folder = folder;
    reader->texts = arena_new();
    reader->page_arena = arena_new();
    reader->read = (struct order_read){
        .table_id = folder->table_id,
        .filter = {.log = arena_copy(reader->texts, bytes_of_text(subscription->log)),
                   .type = arena_copy(reader->texts, bytes_of_text(subscription->type)),
                   .id = arena_copy(reader->texts, bytes_of_text(subscription->id))},
        .after = after,
        .limit = PAGE_COUNT,
    };
    reader->listener.reader = &reader->base;
    folder_listen(folder, &reader->listener);
    *ret = &reader->base;
    return DYNLOG_OK;
}
