/* streams/trigger.c - see trigger.h.
 *
 *   resting --committed--> reading --page--> putting --done--> reading ... until the end: resting
 *                                               |
 *                                               +-- failed --> waiting (a second) --> the same page
 * again */
#include "streams/trigger.h"

#define RETRY_MS 1000
#define NAME_SIZE_MAX 256

enum trigger_state { TRIGGER_RESTING, TRIGGER_PUTTING, TRIGGER_WAITING, TRIGGER_STOPPED };

struct trigger {
    struct streams *streams;
    struct store *store;
    struct timers *timers;
    struct trigger_door door;
    struct stream_listener listener;
    struct timer retry;
    uint8_t name_room[NAME_SIZE_MAX];
    struct bytes name;
    uint32_t stream_id;
    uint64_t cursor;      /* everything up to here was handed over, durably */
    uint64_t next_cursor; /* where the put under way moves it */
    uint64_t committed;   /* the last position that we were told of */
    enum trigger_state state;
    bool stopping, more; /* more: the page under way was not the last */
    struct arena *arena; /* of the put under way */
    struct trigger_put put;
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

static void collect(struct trigger *trigger, const struct stream_page *page)
{
    struct trigger_put *put = &trigger->put;

    put->events = ARENA_NEW_ARRAY(trigger->arena, page->count, struct trigger_event);
    put->count = 0;
    for (size_t i = 0; i < page->count; i++) {
        struct item item;

        if (page->changes[i].new_image.size == 0 ||
            item_decode(trigger->arena, page->changes[i].new_image, &item) != OK)
            continue;
        if (!is_event(&page->changes[i], &item))
            continue;
        stream_tell_read(trigger->door.journeys, trigger->door.table_name, &page->changes[i]);
        put->events[put->count++] =
            (struct trigger_event){make_detail(trigger->arena, &item), page->changes[i].position};
    }
}

/* ---- the way of a page ---- */

static void read_on(struct trigger *trigger);

static void drop_arena(struct trigger *trigger)
{
    arena_free(trigger->arena);
    trigger->arena = NULL;
}

static void rest(struct trigger *trigger)
{
    trigger->state = trigger->stopping ? TRIGGER_STOPPED : TRIGGER_RESTING;
    trigger->door.changed(trigger->door.context);
}

static void wait_and_retry(struct trigger *trigger)
{
    trigger->state = TRIGGER_WAITING;
    timer_set_after(trigger->timers, &trigger->retry, RETRY_MS);
}

static void also_cursor(struct store_batch *batch, struct trigger_put *put)
{
    struct trigger *trigger = CONTAINER_OF(put, struct trigger, put);

    stream_cursor_store(batch, trigger->name, trigger->next_cursor);
}

static void put_done(struct trigger_put *put, enum status status)
{
    struct trigger *trigger = CONTAINER_OF(put, struct trigger, put);

    drop_arena(trigger);
    if (status == OK)
        trigger->cursor = trigger->next_cursor;
    if (trigger->stopping)
        rest(trigger);
    else if (status != OK)
        wait_and_retry(trigger);
    else if (trigger->more || trigger->committed > trigger->cursor)
        read_on(trigger);
    else
        rest(trigger);
}

static void start_put(struct trigger *trigger, const struct stream_page *page)
{
    trigger->next_cursor = page->next_after;
    trigger->more = !page->at_end;
    trigger->put.arena = trigger->arena;
    trigger->put.also = also_cursor;
    trigger->put.done = put_done;
    trigger->state = TRIGGER_PUTTING;
    trigger->door.put(trigger->door.context, &trigger->put);
}

static void read_on(struct trigger *trigger)
{
    struct stream_page page = {0};
    bool trimmed = false;

    trigger->arena = arena_new();
    struct stream_read read = {.stream_id = trigger->stream_id,
                               .after = trigger->cursor,
                               .limit = TRIGGER_BATCH_MAX,
                               .size_max = STREAM_READ_SIZE_MAX};
    enum status status = streams_read_all(trigger->streams, &read, trigger->arena, &page, &trimmed);

    if (trimmed) { /* stopped for more than a day: what is left is still in order */
        trigger->cursor = streams_trimmed_to(trigger->streams, trigger->stream_id);
        drop_arena(trigger);
        wait_and_retry(trigger);
        return;
    }
    if (status != OK) {
        drop_arena(trigger);
        wait_and_retry(trigger);
        return;
    }
    collect(trigger, &page);
    if (trigger->put.count == 0 && page.at_end) {
        /* Nothing for the bus: the durable cursor may stay behind, reading on from it is harmless.
         */
        trigger->cursor = page.next_after;
        drop_arena(trigger);
        rest(trigger);
        return;
    }
    start_put(trigger, &page);
}

static void committed(struct stream_listener *listener, uint64_t last_position)
{
    struct trigger *trigger = CONTAINER_OF(listener, struct trigger, listener);

    trigger->committed = last_position;
    if (trigger->state == TRIGGER_RESTING && !trigger->stopping)
        read_on(trigger);
}

/* A put whose sync failed may be there all the same, and its cursor with it (store.h): what it put
 * is not put again. */
static void retry(struct timer *timer)
{
    struct trigger *trigger = CONTAINER_OF(timer, struct trigger, retry);
    uint64_t stored = 0;

    if (stream_cursor_load(trigger->store, trigger->name, &stored) == OK &&
        stored > trigger->cursor)
        trigger->cursor = stored;
    read_on(trigger);
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
    trigger->cursor = from_position;
    if (stream_cursor_load(store, trigger->name, &trigger->cursor) != OK)
        trigger->cursor = from_position;
    trigger->retry.fire = retry;
    trigger->listener.committed = committed;
    streams_listen(streams, &trigger->listener);
    committed(&trigger->listener, store_last_position(store));
    return trigger;
}

bool trigger_stop(struct trigger *trigger)
{
    trigger->stopping = true;
    if (trigger->state == TRIGGER_PUTTING)
        return false;
    timer_cancel(trigger->timers, &trigger->retry);
    trigger->state = TRIGGER_STOPPED;
    return true;
}

void trigger_free(struct trigger *trigger)
{
    if (trigger == NULL)
        return;
    assert(trigger->state != TRIGGER_PUTTING);
    timer_cancel(trigger->timers, &trigger->retry);
    streams_unlisten(&trigger->listener);
    mem_free(trigger);
}

uint64_t trigger_cursor(const struct trigger *trigger)
{
    return trigger->cursor;
}

bool trigger_busy(struct trigger *trigger)
{
    return trigger->state == TRIGGER_PUTTING || trigger->state == TRIGGER_WAITING ||
           (trigger->state == TRIGGER_RESTING &&
            store_last_position(trigger->store) > trigger->cursor);
}
