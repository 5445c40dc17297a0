/* logs/read.c - pages of events, and the tokens that they go on from.
 *
 *   GetLogEvents     f/ or b/, 56 digits, /s: the place of an event, and which way it goes. Of a
 * page without events the token is the one that was given: that is the end for now. FilterLogEvents
 * Base64 of the place of the first event that was not looked at.
 *
 * Each page reads one view of the store, so it never has half a batch. */
#include "base/base64.h"
#include "logs/filter.h"
#include "logs/internal.h"

#include <inttypes.h>

#define DIGITS 56
/* Timestamp and position, and room for more: AWS's ids have 56 digits, and sort as texts. */
#define PLACE_FORMAT "%018" PRIu64 "%020" PRIu64
#define PLACE_DIGITS 38
#define TIMESTAMP_DIGITS 18
#define TIMESTAMP_MAX UINT64_C(999999999999999999)

struct bytes log_event_id(struct arena *arena, const struct log_group_view *group,
                          const struct log_event *event)
{
    return arena_printf(arena, PLACE_FORMAT "%018" PRIu64, event->timestamp_ms, event->position,
                        group->id);
}

static struct log_place place_of(const struct log_event *event)
{
    return (struct log_place){event->timestamp_ms, event->position};
}

/* ---- GetLogEvents: tokens ---- */

static struct bytes print_token(struct log_read *read, char way, struct log_place place,
                                uint64_t stream_id)
{
    if (place.timestamp_ms > TIMESTAMP_MAX)
        place = (struct log_place){TIMESTAMP_MAX, 0};
    return arena_printf(read->arena, "%c/" PLACE_FORMAT "%018" PRIu64 "/s", way, place.timestamp_ms,
                        place.position, stream_id);
}

static enum status refuse_token(struct api_error *error)
{
    return api_invalid(error, "The specified nextToken is invalid.");
}

static bool read_digits(struct bytes text, size_t from, size_t size, uint64_t *ret)
{
    return bytes_to_uint64(bytes_slice(text, from, size), ret);
}

static bool parse_token(struct bytes token, uint64_t stream_id, bool *ret_forward,
                        struct log_place *ret)
{
    struct bytes digits = bytes_slice(token, 2, DIGITS);
    uint64_t id = 0;

    if (token.size != DIGITS + 4 || !bytes_end_with(token, BYTES("/s")) ||
        (!bytes_start_with(token, BYTES("f/")) && !bytes_start_with(token, BYTES("b/"))))
        return false;
    *ret_forward = token.ptr[0] == 'f';
    return read_digits(digits, 0, TIMESTAMP_DIGITS, &ret->timestamp_ms) &&
           read_digits(digits, TIMESTAMP_DIGITS, PLACE_DIGITS - TIMESTAMP_DIGITS, &ret->position) &&
           read_digits(digits, PLACE_DIGITS, DIGITS, &id) && id == stream_id;
}

/* ---- GetLogEvents ---- */

static struct log_place behind(struct log_place place)
{
    if (place.position < UINT64_MAX)
        place.position++;
    return place;
}

static struct log_place before(struct log_place place)
{
    if (place.position > 0)
        place.position--;
    return place;
}

static void raise(struct log_place *place, struct log_place to)
{
    if (log_place_compare(to, *place) > 0)
        *place = to;
}

static void lower(struct log_place *place, struct log_place to)
{
    if (log_place_compare(to, *place) < 0)
        *place = to;
}

/* The events of a walk, at most `limit` and a page's size; those that it gives. */
static enum status take_page(struct logs *logs, const struct log_walk *walk, struct log_read *read)
{
    AUTO(log_cursor_release) struct log_cursor *cursor = log_cursor_new(logs, walk);
    size_t capacity = 0, size = 0;
    struct log_record record;
    struct log_place place = {0, 0};
    enum status status = OK;

    while (read->count < read->limit) {
        status = log_cursor_next(cursor, &place, &record);
        if (status == NOT_FOUND)
            return OK;
        if (status != OK)
            return status;
        size += record.message.size + LOG_EVENT_OVERHEAD;
        if (size > LOG_PAGE_SIZE_MAX && read->count > 0)
            return OK;
        read->events = arena_grow(read->arena, read->events, read->count, read->count + 1,
                                  &capacity, sizeof *read->events);
        read->events[read->count++] =
            (struct log_event){.timestamp_ms = place.timestamp_ms,
                               .position = place.position,
                               .ingested_ms = record.ingested_ms,
                               .message = arena_copy(read->arena, record.message)};
    }
    return OK;
}

static void turn_round(struct log_read *read)
{
    for (size_t i = 0; i < read->count / 2; i++) {
        struct log_event event = read->events[i];

        read->events[i] = read->events[read->count - 1 - i];
        read->events[read->count - 1 - i] = event;
    }
}

/* Without events both tokens lead to where this page looked. */
static void print_tokens(struct log_read *read, const struct log_walk *walk, uint64_t stream_id)
{
    struct log_place first = walk->backward ? walk->to : walk->from;
    struct log_place forward = before(first), backward = first;

    if (read->count > 0) {
        forward = place_of(&read->events[read->count - 1]);
        backward = place_of(&read->events[0]);
    }
    read->forward_token = print_token(read, 'f', forward, stream_id);
    read->backward_token = print_token(read, 'b', backward, stream_id);
    if (read->count > 0 || read->token.size == 0)
        return;
    if (walk->backward)
        read->backward_token = read->token;
    else
        read->forward_token = read->token;
}

static enum status find_stream(struct logs *logs, const struct store_view *view,
                               const struct log_group_view *group, struct bytes name,
                               struct log_stream_view *ret)
{
    AUTO(store_value_release) struct store_value value = {0};
    struct log_key key;
    enum status status = NOT_FOUND;

    if (!log_stream_name_is_valid(name))
        return NOT_FOUND;
    log_key_stream(&key, group->id, name);
    status = store_get(logs->options.store, view, STORE_LOGS, log_key_bytes(&key), &value);
    if (status == OK)
        status = log_stream_decode(value.bytes, ret);
    if (status == OK)
        ret->name = name;
    return status;
}

static enum status plan_read(struct logs *logs, struct log_read *read, uint64_t stream_id,
                             struct log_walk *walk)
{
    struct log_place place = {0, 0};
    bool forward = read->from_head;

    walk->group_id = read->group->id;
    walk->from.timestamp_ms =
        size_max(read->start_ms, log_alive_ms(read->group->retention_days, logs_now_ms(logs)));
    walk->to = read->end_ms == UINT64_MAX ? LOG_PLACE_LAST : (struct log_place){read->end_ms, 0};
    if (read->token.size > 0 && !parse_token(read->token, stream_id, &forward, &place))
        return refuse_token(&read->error);
    if (read->token.size > 0 && forward)
        raise(&walk->from, behind(place));
    else if (read->token.size > 0)
        lower(&walk->to, place);
    walk->backward = !forward;
    return OK;
}

static enum status read_view(struct logs *logs, const struct store_view *view,
                             struct log_read *read)
{
    struct log_stream_view stream;
    struct log_walk walk = {.view = view};
    enum status status = find_stream(logs, view, read->group, read->stream_name, &stream);

    if (status == NOT_FOUND)
        return log_refuse_stream(&read->error);
    if (status == OK)
        status = plan_read(logs, read, stream.id, &walk);
    if (status != OK)
        return status;
    walk.stream_ids = &stream.id;
    walk.stream_count = 1;
    status = take_page(logs, &walk, read);
    if (status != OK)
        return status;
    if (walk.backward)
        turn_round(read);
    print_tokens(read, &walk, stream.id);
    return OK;
}

enum status logs_read(struct logs *logs, struct log_read *read)
{
    struct store_view *view = store_view_new(logs->options.store);
    enum status status = OK;

    read->events = NULL;
    read->count = 0;
    status = read_view(logs, view, read);
    store_view_free(logs->options.store, view);
    return status;
}

/* ---- FilterLogEvents: which streams ---- */

/* What one search found out: names of streams by their ids, and which ids are wanted. */
struct searching {
    struct logs *logs;
    struct log_search *search;
    const struct store_view *view;
    struct arena *scratch; /* a message's JSON, for one event */
    struct map names;      /* id (8) -> struct bytes *; NULL bytes: not wanted, or deleted */
    uint64_t *ids;         /* NULL: all, or more than can be walked one beside the other */
    size_t id_count;
    size_t capacity, size;
};

static enum status note_named(struct searching *s)
{
    struct log_search *search = s->search;

    s->ids = ARENA_NEW_ARRAY(search->arena, search->stream_count, uint64_t);
    for (size_t i = 0; i < search->stream_count; i++) {
        struct log_stream_view stream;
        enum status status =
            find_stream(s->logs, s->view, search->group, search->stream_names[i], &stream);
        bool twice = false;

        if (status == NOT_FOUND)
            return log_refuse_stream(&search->error);
        if (status != OK)
            return status;
        for (size_t j = 0; j < s->id_count; j++)
            twice = twice || s->ids[j] == stream.id;
        if (!twice)
            s->ids[s->id_count++] = stream.id;
    }
    return OK;
}

/* Those that begin with the prefix, when they are few; else each event's stream is looked at. */
static enum status note_prefixed(struct searching *s)
{
    struct log_stream_list list = {.group = s->search->group,
                                   .prefix = s->search->stream_prefix,
                                   .limit = LOG_MERGE_MAX,
                                   .arena = s->search->arena};
    enum status status = logs_list_streams(s->logs, &list);

    if (status != OK || list.more)
        return status;
    s->ids = ARENA_NEW_ARRAY(s->search->arena, list.count + 1, uint64_t);
    for (size_t i = 0; i < list.count; i++)
        s->ids[s->id_count++] = list.streams[i].id;
    return OK;
}

/* The name of an event's stream; empty when it is not wanted, or deleted. */
static enum status name_of(struct searching *s, uint64_t stream_id, struct bytes *ret)
{
    AUTO(store_value_release) struct store_value value = {0};
    uint8_t id[8];
    struct bytes *known = NULL;
    struct log_key key;
    enum status status = OK;

    bytes_put_u64(id, stream_id);
    known = map_get(&s->names, bytes_of(id, sizeof id));
    if (known == NULL) {
        known = ARENA_NEW(s->search->arena, struct bytes);
        log_key_stream_name(&key, s->search->group->id, stream_id);
        status =
            store_get(s->logs->options.store, s->view, STORE_LOGS, log_key_bytes(&key), &value);
        if (status != OK && status != NOT_FOUND)
            return status;
        if (status == OK && bytes_start_with(value.bytes, s->search->stream_prefix))
            *known = arena_copy(s->search->arena, value.bytes);
        map_put(&s->names, bytes_of(id, sizeof id), known);
    }
    *ret = *known;
    return OK;
}

/* ---- FilterLogEvents ---- */

static struct bytes print_next(struct arena *arena, struct log_place place)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(64);
    uint8_t raw[16];

    bytes_put_u64(raw, place.timestamp_ms);
    bytes_put_u64(raw + 8, place.position);
    base64_encode(&text, bytes_of(raw, sizeof raw));
    return arena_copy(arena, buffer_bytes(&text));
}

static enum status parse_next(struct log_search *search, struct log_place *ret)
{
    struct bytes raw = {NULL, 0};

    if (base64_decode(search->arena, search->token, &raw) != BASE64_NO_FAULT || raw.size != 16)
        return refuse_token(&search->error);
    *ret = (struct log_place){bytes_get_u64(raw.ptr), bytes_get_u64(raw.ptr + 8)};
    return OK;
}

static enum status plan_search(struct searching *s, struct log_walk *walk)
{
    struct log_search *search = s->search;
    struct log_place place = {0, 0};
    enum status status = OK;

    walk->view = s->view;
    walk->group_id = search->group->id;
    walk->stream_ids = s->ids;
    walk->stream_count = s->id_count;
    walk->from.timestamp_ms = size_max(
        search->start_ms, log_alive_ms(search->group->retention_days, logs_now_ms(s->logs)));
    walk->to =
        search->end_ms == UINT64_MAX ? LOG_PLACE_LAST : (struct log_place){search->end_ms + 1, 0};
    if (search->token.size > 0)
        status = parse_next(search, &place);
    if (status == OK && search->token.size > 0)
        raise(&walk->from, place);
    return status;
}

static void add_event(struct searching *s, struct log_place place, const struct log_record *record,
                      struct bytes name)
{
    struct log_search *search = s->search;

    search->events = arena_grow(search->arena, search->events, search->count, search->count + 1,
                                &s->capacity, sizeof *search->events);
    search->events[search->count++] =
        (struct log_event){.timestamp_ms = place.timestamp_ms,
                           .position = place.position,
                           .ingested_ms = record->ingested_ms,
                           .message = arena_copy(search->arena, record->message),
                           .stream_name = name};
    s->size += record->message.size + LOG_EVENT_OVERHEAD;
}

static bool is_wanted(struct searching *s, const struct log_record *record)
{
    bool wanted = s->search->filter == NULL ||
                  log_filter_matches(s->search->filter, record->message, s->scratch);

    arena_reset(s->scratch);
    return wanted;
}

/* An event more than the page holds, or than one search looks at, is where the next one begins. */
static enum status walk_events(struct searching *s, struct log_cursor *cursor)
{
    struct log_search *search = s->search;
    size_t looked_count = 0, looked_size = 0;

    for (;;) {
        struct log_record record;
        struct log_place place;
        struct bytes name = {NULL, 0};
        enum status status = log_cursor_next(cursor, &place, &record);

        if (status == NOT_FOUND)
            return OK;
        if (status == OK &&
            (search->count == search->limit ||
             (search->count > 0 &&
              s->size + record.message.size + LOG_EVENT_OVERHEAD > LOG_PAGE_SIZE_MAX) ||
             looked_count == LOG_SEARCH_COUNT_MAX || looked_size > LOG_SEARCH_SIZE_MAX)) {
            search->next_token = print_next(search->arena, place);
            return OK;
        }
        if (status == OK)
            status = name_of(s, record.stream_id, &name);
        if (status != OK)
            return status;
        looked_count++;
        looked_size += record.message.size + LOG_EVENT_OVERHEAD;
        if (name.size > 0 && is_wanted(s, &record))
            add_event(s, place, &record, name);
    }
}

static enum status search_view(struct searching *s)
{
    AUTO(log_cursor_release) struct log_cursor *cursor = NULL;
    struct log_walk walk = {.backward = false};
    enum status status = OK;

    if (s->search->stream_count > 0)
        status = note_named(s);
    else if (s->search->stream_prefix.size > 0)
        status = note_prefixed(s);
    if (status == OK)
        status = plan_search(s, &walk);
    if (status != OK)
        return status;
    cursor = log_cursor_new(s->logs, &walk);
    return walk_events(s, cursor);
}

enum status logs_search(struct logs *logs, struct log_search *search)
{
    struct store_view *view = store_view_new(logs->options.store);
    struct searching s = {
        .logs = logs, .search = search, .view = view, .scratch = arena_new(), .names = MAP_INIT};
    enum status status = OK;

    search->events = NULL;
    search->count = 0;
    search->next_token = (struct bytes){NULL, 0};
    status = search_view(&s);
    map_free(&s.names);
    arena_free(s.scratch);
    store_view_free(logs->options.store, view);
    return status;
}
