/* streams/trigger.c - see trigger.h. How fast it reads, and who waits for ends: trigger_pace.h.
 *
 * What always holds: pages are in the order of positions, and so they are written; those of the
 * batch under way come first. `cursor` is below all of them, `read_to` above. */
#include "streams/trigger.h"

#include "streams/trigger_pace.h"

#define RETRY_MS 1000
#define NAME_SIZE_MAX 256

struct page {                /* in its own arena */
    struct trigger *trigger; /* NULL: it is written, or was given up; only the door keeps it */
    struct list in_pages;
    struct arena *arena;
    struct trigger_put put;
    uint64_t next_cursor;
    size_t kept; /* by the door */
    size_t size; /* of its events */
    uint64_t begun_ms;
    size_t waiting; /* of its events (those of each target): what a batch would have to write */
    bool writing;   /* it is in the batch under way */
};

struct trigger {
    struct streams *streams;
    struct store *store;
    struct timers *timers;
    struct trigger_door door;
    struct stream_listener listener;
    struct timer wait;  /* pages that are not in a hurry */
    struct timer retry; /* the store could not read or write */
    struct timer room;  /* targets that had begun with much have ended some of it */
    uint8_t name_room[NAME_SIZE_MAX];
    struct bytes name;
    uint32_t stream_id;
    struct list pages;
    size_t pages_size;
    struct trigger_pace pace;
    bool writing; /* a batch is under way: the first pages */
    bool due;     /* pages are to be written as soon as none is under way */
    bool stopping, given_up;
    uint64_t cursor;    /* everything up to here was handed over, durably */
    uint64_t read_to;   /* everything up to here is in a page, or was */
    uint64_t committed; /* the last position that we were told of */
};

/* ---- a record as an event ---- */

static void print_key(struct json_writer *w, const struct item *item)
{
    json_key(w, "key");
    json_begin_object(w);
    value_member_plain(w, "pk", item_get_text(item, "pk"));
    value_member_plain(w, "sk", item_get_text(item, "sk"));
    json_end_object(w);
}

/* From the fullest on. Any attribute of an item may be larger than an event, also its log or type,
 * and its pk where that is no key. */
enum detail_form {
    DETAIL_WHOLE,
    DETAIL_PARTIAL, /* of the payload only its id */
    DETAIL_NO_ID,
    DETAIL_KEY_ONLY, /* neither log nor type */
    DETAIL_EMPTY,
};

static void print_detail(struct buffer *out, const struct item *item, enum detail_form form)
{
    struct json_writer w = JSON_WRITER(out);
    const struct value *payload = item_get_text(item, "payload");

    json_begin_object(&w);
    if (form < DETAIL_KEY_ONLY)
        value_member_plain(&w, "log", item_get_text(item, "log"));
    if (form < DETAIL_EMPTY)
        print_key(&w, item);
    if (form < DETAIL_KEY_ONLY)
        value_member_plain(&w, "type", item_get_text(item, "type"));
    if (form == DETAIL_WHOLE) {
        value_member_plain(&w, "payload", payload);
    } else {
        json_member_bool(&w, "partial", true);
        json_key(&w, "payload");
        json_begin_object(&w);
        if (form == DETAIL_PARTIAL && payload != NULL && payload->type == VALUE_M)
            value_member_plain(&w, "id", item_get_text(&payload->map, "id"));
        json_end_object(&w);
    }
    if (form <= DETAIL_PARTIAL)
        value_member_plain(&w, "meta", item_get_text(item, "meta"));
    json_end_object(&w);
}

/* The fullest form that EventBridge takes. */
static struct bytes make_detail(struct arena *arena, const struct item *item)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(TRIGGER_DETAIL_SIZE_MAX);

    for (enum detail_form form = DETAIL_WHOLE; form <= DETAIL_EMPTY; form++) {
        buffer_clear(&out);
        print_detail(&out, item, form);
        if (!buffer_failed(&out))
            return arena_copy(arena, buffer_bytes(&out));
    }
    assert(false && "an event without members of the item fits");
    return (struct bytes){NULL, 0};
}

/* INSERT or MODIFY of an item of a log's stream. */
static bool is_event(const struct change *change, const struct item *item)
{
    const struct value *pk = item_get_text(item, "pk");

    return change->kind != CHANGE_REMOVE && pk != NULL && pk->type == VALUE_S &&
           bytes_end_with(pk->bytes, BYTES("#stream"));
}

static void collect(struct page *to, const struct stream_page *page)
{
    struct trigger *trigger = to->trigger;
    struct trigger_put *put = &to->put;

    put->events = ARENA_NEW_ARRAY(to->arena, page->count, struct trigger_event);
    for (size_t i = 0; i < page->count; i++) {
        const struct change *change = &page->changes[i];
        struct item item;

        if (change->new_image.size == 0 || item_decode(to->arena, change->new_image, &item) != OK)
            continue;
        if (!is_event(change, &item))
            continue;
        stream_tell_read(trigger->door.journeys, trigger->door.table_name, change);
        put->events[put->count++] = (struct trigger_event){.detail = make_detail(to->arena, &item),
                                                           .position = change->position,
                                                           .time_ms = change->time_ms};
        to->size += put->events[put->count - 1].detail.size;
    }
}

/* ---- a page ---- */

static void page_free_if_unused(struct page *page)
{
    if (page->trigger == NULL && page->kept == 0)
        arena_free(page->arena);
}

static void released(struct trigger_put *put)
{
    struct page *page = CONTAINER_OF(put, struct page, put);

    assert(page->kept > 0);
    page->kept--;
    page_free_if_unused(page);
}

/* A target ended before it was written: somebody may wait for room, but not in this call of its. */
static void ended_well(struct trigger_put *put)
{
    struct page *page = CONTAINER_OF(put, struct page, put);
    struct trigger *trigger = page->trigger;

    assert(page->waiting > 0);
    page->waiting--;
    if (trigger == NULL)
        return;
    pace_ended(&trigger->pace, !page->writing);
    if (!page->writing && pace_has_room(&trigger->pace) && !timer_is_set(&trigger->room))
        timer_set_after(trigger->timers, &trigger->room, 0);
}

static void page_drop(struct page *page)
{
    assert(page->trigger != NULL && "a page is dropped once");
    page->trigger->pace.page_count--;
    page->trigger->pages_size -= page->size;
    page->trigger = NULL;
    list_remove(&page->in_pages);
    page_free_if_unused(page);
}

static struct page *page_new(struct trigger *trigger, struct arena *arena)
{
    struct page *page = ARENA_NEW(arena, struct page);

    page->trigger = trigger;
    page->arena = page->put.arena = arena;
    page->put.released = released;
    page->put.ended_well = ended_well;
    list_init(&page->in_pages);
    return page;
}

/* ---- writing ---- */

static void read_on(struct trigger *trigger);
static void write_due(struct trigger *trigger);

static void changed(struct trigger *trigger)
{
    trigger->door.changed(trigger->door.context);
}

static void wait_and_retry(struct trigger *trigger)
{
    timer_set_after(trigger->timers, &trigger->retry, RETRY_MS);
}

static void also_cursor(struct store_batch *batch, struct trigger_put *last)
{
    struct page *page = CONTAINER_OF(last, struct page, put);

    stream_cursor_store(batch, page->trigger->name, page->next_cursor);
}

/* Pages up to this one are on the bus. */
static void pages_done(struct trigger *trigger, struct page *last)
{
    struct page *page = NULL;

    trigger->cursor = last->next_cursor;
    do {
        page = LIST_ITEM(trigger->pages.next, struct page, in_pages);
        page_drop(page);
    } while (page != last);
    if (list_empty(&trigger->pages))
        trigger->cursor = trigger->read_to;
}

static void put_done(struct trigger_put *first, struct trigger_put *last, enum status status)
{
    struct trigger *trigger = CONTAINER_OF(first, struct page, put)->trigger;

    trigger->writing = false;
    if (last != NULL)
        pages_done(trigger, CONTAINER_OF(last, struct page, put));
    trigger->pace.begun = 0;
    LIST_EACH (&trigger->pages, it) {
        struct page *page = LIST_ITEM(it, struct page, in_pages);

        page->writing = false;
        trigger->pace.begun += page->waiting;
    }
    if (status != OK && trigger->stopping) {
        trigger->given_up = true;
    } else if (status != OK) {
        trigger->due = true;
        wait_and_retry(trigger);
        return;
    }
    read_on(trigger);
    write_due(trigger);
    changed(trigger);
}

static uint64_t now_ms(const struct trigger *trigger)
{
    return clock_waited_ms(timers_clock(trigger->timers));
}

/* Nothing of it would be in a batch but the cursor. */
static bool has_ended(const struct page *page)
{
    return page->waiting == 0;
}

/* All that there are, when they are due: those in a hurry come last. Else those that have ended, up
 * to the first that has not. NULL: there are none. */
static struct trigger_put *take_pages(struct trigger *trigger)
{
    struct trigger_put *first = NULL, **tail = &first;

    LIST_EACH (&trigger->pages, it) {
        struct page *page = LIST_ITEM(it, struct page, in_pages);

        if (!trigger->due && !has_ended(page))
            break;
        page->put.next = NULL;
        page->writing = true;
        trigger->pace.begun -= page->waiting;
        *tail = &page->put;
        tail = &page->put.next;
    }
    return first;
}

static void write_pages(struct trigger *trigger)
{
    struct trigger_put *first = NULL;

    if (trigger->writing || timer_is_set(&trigger->retry))
        return;
    first = take_pages(trigger);
    trigger->due = false;
    if (first == NULL)
        return;
    trigger->writing = true;
    first->also = also_cursor;
    first->done = put_done;
    trigger->door.put(trigger->door.context, first);
}

static void write_due(struct trigger *trigger)
{
    if (trigger->due)
        write_pages(trigger);
}

static void wait_for_others(struct trigger *trigger)
{
    if (!list_empty(&trigger->pages) && !timer_is_set(&trigger->wait))
        timer_set_after(trigger->timers, &trigger->wait, TRIGGER_WAIT_MS);
}

static bool is_late(const struct trigger *trigger)
{
    const struct page *first = LIST_ITEM(trigger->pages.next, struct page, in_pages);

    return !list_empty(&trigger->pages) && !trigger->writing && !has_ended(first) &&
           pace_is_late(first->begun_ms, now_ms(trigger));
}

static void waited(struct timer *timer)
{
    struct trigger *trigger = CONTAINER_OF(timer, struct trigger, wait);
    uint64_t now = now_ms(trigger);

    pace_look(&trigger->pace, now);
    trigger->due = trigger->due || is_late(trigger) || pace_is_hasty(&trigger->pace, now);
    write_pages(trigger);
    if (!trigger->due)
        wait_for_others(trigger);
}

/* ---- reading ---- */

static void begin(struct trigger *trigger, struct page *page, uint64_t next_cursor)
{
    const struct trigger_door *door = &trigger->door;

    page->next_cursor = next_cursor;
    page->begun_ms = now_ms(trigger);
    if (list_empty(&trigger->pages))
        pace_look_anew(&trigger->pace, page->begun_ms);
    list_append(&trigger->pages, &page->in_pages);
    trigger->pace.page_count++;
    trigger->pages_size += page->size;
    bool waits = door->begin != NULL && door->begin(door->context, &page->put, &page->kept);

    page->waiting = waits ? page->kept : size_max(page->kept, size_max(page->put.count, 1));
    trigger->pace.begun += page->waiting;
    if (!waits || pace_is_behind(&trigger->pace, page->begun_ms) ||
        trigger->pace.page_count >= TRIGGER_PAGES_MAX ||
        trigger->pages_size >= TRIGGER_PAGES_SIZE_MAX)
        trigger->due = true;
    else
        wait_for_others(trigger);
}

/* False: there is nothing more, or it can't be read now. */
static bool read_page(struct trigger *trigger, size_t room)
{
    struct stream_page page = {0};
    bool trimmed = false;
    struct arena *arena = arena_new();
    struct stream_read read = {.stream_id = trigger->stream_id,
                               .after = trigger->read_to,
                               .limit = room,
                               .size_max = STREAM_READ_SIZE_MAX};
    enum status status = streams_read_all(trigger->streams, &read, arena, &page, &trimmed);

    if (trimmed) /* stopped for more than a day: what is left is still in order */
        trigger->read_to = streams_trimmed_to(trigger->streams, trigger->stream_id);
    if (trimmed && list_empty(&trigger->pages))
        trigger->cursor = trigger->read_to;
    if (trimmed || status != OK) {
        arena_free(arena);
        wait_and_retry(trigger);
        return false;
    }
    struct page *to = page_new(trigger, arena);

    collect(to, &page);
    trigger->read_to = page.next_after;
    if (page.at_end)
        trigger->pace.whole_ms = now_ms(trigger);
    if (to->put.count == 0 && page.at_end) {
        /* Nothing for the bus: the durable cursor may stay behind, reading on from it is harmless.
         */
        if (list_empty(&trigger->pages))
            trigger->cursor = page.next_after;
        arena_free(arena);
        return false;
    }
    begin(trigger, to, page.next_after);
    return !page.at_end;
}

static void read_on(struct trigger *trigger)
{
    bool more = true;

    while (more && !trigger->stopping && !timer_is_set(&trigger->retry) &&
           trigger->committed > trigger->read_to) {
        bool waits = trigger->door.begin != NULL && !trigger->due;
        size_t room = pace_room(&trigger->pace, waits, now_ms(trigger));

        more = room > 0 && read_page(trigger, room);
    }
}

static void has_room(struct timer *timer)
{
    struct trigger *trigger = CONTAINER_OF(timer, struct trigger, room);

    read_on(trigger);
    write_due(trigger);
}

static void committed(struct stream_listener *listener, uint64_t last_position)
{
    struct trigger *trigger = CONTAINER_OF(listener, struct trigger, listener);
    uint64_t before = trigger->read_to;

    trigger->committed = last_position;
    read_on(trigger);
    write_due(trigger);
    if (trigger->read_to != before)
        changed(trigger);
}

/* A put whose sync failed may be there all the same, and its cursor with it (store.h): what it put
 * is not put again. (Pages that the door still keeps are: whoever began with them has to be told of
 * a batch.) */
static void drop_stored(struct trigger *trigger)
{
    uint64_t stored = 0;

    if (stream_cursor_load(trigger->store, trigger->name, &stored) != OK)
        return;
    while (!list_empty(&trigger->pages)) {
        struct page *page = LIST_ITEM(trigger->pages.next, struct page, in_pages);

        if (page->next_cursor > stored || page->kept > 0)
            return;
        pages_done(trigger, page);
    }
}

static void retry(struct timer *timer)
{
    struct trigger *trigger = CONTAINER_OF(timer, struct trigger, retry);

    drop_stored(trigger);
    read_on(trigger);
    write_due(trigger);
    changed(trigger);
}

/* ---- life ---- */

struct trigger *trigger_new(struct streams *streams, struct store *store, struct timers *timers,
                            struct bytes name, uint32_t stream_id, uint64_t from_position,
                            const struct trigger_door *door)
{
    struct trigger *trigger = mem_new(sizeof *trigger);

    assert(name.size <= NAME_SIZE_MAX);
    memcpy(trigger->name_room, name.ptr, name.size);
    trigger->name = bytes_of(trigger->name_room, name.size);
    trigger->streams = streams;
    trigger->store = store;
    trigger->timers = timers;
    trigger->door = *door;
    trigger->stream_id = stream_id;
    if (stream_cursor_load(store, trigger->name, &trigger->cursor) != OK)
        trigger->cursor = from_position;
    trigger->read_to = trigger->cursor;
    list_init(&trigger->pages);
    trigger->wait.fire = waited;
    trigger->retry.fire = retry;
    trigger->room.fire = has_room;
    trigger->pace.whole_ms = now_ms(trigger);
    trigger->listener.committed = committed;
    streams_listen(streams, &trigger->listener);
    committed(&trigger->listener, store_last_position(store));
    return trigger;
}

bool trigger_stop(struct trigger *trigger)
{
    trigger->stopping = true;
    if (timer_is_set(&trigger->retry)) { /* the next start reads them again */
        timer_cancel(trigger->timers, &trigger->retry);
        trigger->given_up = true;
    }
    trigger->due = !trigger->given_up;
    write_due(trigger);
    return !trigger->writing && (trigger->given_up || list_empty(&trigger->pages));
}

void trigger_free(struct trigger *trigger)
{
    if (trigger == NULL)
        return;
    assert(!trigger->writing);
    timer_cancel(trigger->timers, &trigger->wait);
    timer_cancel(trigger->timers, &trigger->retry);
    timer_cancel(trigger->timers, &trigger->room);
    streams_unlisten(&trigger->listener);
    while (!list_empty(&trigger->pages))
        page_drop(LIST_ITEM(trigger->pages.next, struct page, in_pages));
    mem_free(trigger);
}

uint64_t trigger_cursor(const struct trigger *trigger)
{
    return trigger->cursor;
}

void trigger_hurry(struct trigger *trigger)
{
    trigger->due = trigger->due || !list_empty(&trigger->pages);
    write_due(trigger);
}

bool trigger_busy(struct trigger *trigger)
{
    if (trigger->stopping)
        return trigger->writing;
    return !list_empty(&trigger->pages) || timer_is_set(&trigger->retry) ||
           store_last_position(trigger->store) > trigger->read_to;
}
