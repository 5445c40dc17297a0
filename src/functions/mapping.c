/* functions/mapping.c - see mapping.h: settings, reading the stream into lanes, the cursor. */
#include "functions/mapping.h"

#include "functions/function.h"
#include "functions/mapping_private.h"

#include <stdio.h>

#define CURSOR_NONE UINT64_MAX /* none was written yet */

void mapping_changed(struct mapping *mapping)
{
    mapping->mappings->changed(mapping->mappings->context);
}

void mapping_tell(const struct mapping *mapping, struct bytes text)
{
    const struct functions_options *options = &mapping->mappings->functions->options;
    struct function_log log = {
        .kind = FUNCTION_LOG_LINE,
        .function_name = mapping->settings.function_name,
        .text = text,
        .from_stderr = true,
    };

    if (options->log != NULL)
        options->log(options->context, &log);
}

/* ---- the cursor ---- */

static void write_cursor(struct mapping *mapping);

static void cursor_run(struct store_batch *batch, struct store_work *work)
{
    struct mapping *mapping = CONTAINER_OF(work, struct mapping, work);

    stream_cursor_store(batch, bytes_of_text(mapping->cursor_name), mapping->cursor_writing);
    if (mapping->forgetting)
        rerun_forget(batch, bytes_of_text(mapping->cursor_name), mapping->cursor_writing);
}

static void cursor_done(struct store_work *work, enum status status)
{
    struct mapping *mapping = CONTAINER_OF(work, struct mapping, work);

    mapping->writing = false;
    mapping->mappings->in_flight--;
    if (status == OK) {
        mapping->cursor = mapping->cursor_writing;
        rerun_passed(&mapping->rerun, mapping->cursor);
    } else if (!mapping->mappings->stopping) {
        timer_set_after(mapping->mappings->timers, &mapping->write_again, MAPPING_STORE_RETRY_MS);
    }
    if (status == OK)
        write_cursor(mapping);
    mapping_changed(mapping);
}

/* One write at a time: what moves meanwhile goes with the next one. */
static void write_cursor(struct mapping *mapping)
{
    if (mapping->writing || mapping->cursor_wanted == mapping->cursor)
        return;
    timer_cancel(mapping->mappings->timers, &mapping->write_again);
    mapping->writing = true;
    mapping->cursor_writing = mapping->cursor_wanted;
    mapping->forgetting = mapping->rerun.noted_to > 0;
    mapping->mappings->in_flight++;
    store_submit(mapping->mappings->store, mapping->mappings->port, &mapping->work);
}

static void on_write_again(struct timer *timer)
{
    write_cursor(CONTAINER_OF(timer, struct mapping, write_again));
}

static void move_cursor(struct mapping *mapping)
{
    uint64_t first = UINT64_MAX;

    for (size_t i = 0; i < mapping->lane_count; i++)
        if (lane_first(&mapping->lanes[i]) < first)
            first = lane_first(&mapping->lanes[i]);
    uint64_t done = first == UINT64_MAX ? mapping->read_after : first - 1;

    if (done > mapping->cursor_wanted) {
        mapping->cursor_wanted = done;
        write_cursor(mapping);
    }
}

/* ---- reading ---- */

/* Keys of a record are printed partition key first; which lane is by its text. */
static struct lane *lane_of(struct mapping *mapping, const struct change *change,
                            struct arena *arena)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(change->keys.size);
    const struct json *keys = NULL;

    if (mapping->lane_count == 1 || json_parse(arena, change->keys, &keys, NULL) != OK)
        return &mapping->lanes[0];
    struct json_iter iter = json_iter(keys);

    if (!json_next(&iter))
        return &mapping->lanes[0];
    json_print(&text, iter.value);
    return &mapping->lanes[map_hash(buffer_bytes(&text)) % mapping->lane_count];
}

/* False when the record has to wait for a lane; no later one may overtake it. */
static bool take(struct mapping *mapping, const struct change *change, struct arena *arena)
{
    struct lane *lane = lane_of(mapping, change, arena);

    if (lane_is_full(lane))
        return false;
    if (lane_add(lane, change) == OK)
        return true;
    if (lane_is_full(lane))
        return false;
    mapping_tell(mapping, BYTES("dropped a record whose text is larger than an event may be"));
    return true;
}

static size_t room(const struct mapping *mapping)
{
    size_t records = 0;

    for (size_t i = 0; i < mapping->lane_count; i++)
        if (!lane_is_full(&mapping->lanes[i]))
            records += mapping->settings.batch_size - mapping->lanes[i].filling.count;
    return size_min(records, STREAM_READ_RECORDS_MAX);
}

static void read_failed(struct mapping *mapping, bool trimmed)
{
    struct mappings *mappings = mapping->mappings;

    if (trimmed) { /* stopped for more than a day: what is left is still in order */
        mapping_tell(mapping, BYTES("records were trimmed before the function could take them"));
        mapping->read_after = streams_trimmed_to(mappings->streams, mapping->settings.stream_id);
    }
    timer_set_after(mappings->timers, &mapping->read_again, trimmed ? 0 : MAPPING_STORE_RETRY_MS);
}

/* One page into the lanes; true when another one may follow at once. */
static bool read_page(struct mapping *mapping)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct stream_page page = {0};
    bool trimmed = false;
    size_t limit = room(mapping);

    if (limit == 0)
        return false;
    enum status st =
        streams_read(mapping->mappings->streams, mapping->settings.stream_id, 0,
                     mapping->read_after, limit, STREAM_READ_SIZE_MAX, arena, &page, &trimmed);

    if (st != OK) {
        read_failed(mapping, trimmed);
        return false;
    }
    for (size_t i = 0; i < page.count; i++) {
        if (!take(mapping, &page.changes[i], arena))
            return i > 0;
        mapping->read_after = page.changes[i].position;
    }
    mapping->read_after = page.next_after;
    mapping->at_end = page.at_end;
    return !page.at_end;
}

static bool may_read(const struct mapping *mapping)
{
    return !mapping->mappings->stopping && mapping->settings.enabled && !mapping->at_end &&
           !timer_is_set(&mapping->read_again);
}

/* Reads while there is something and room for it, then hands over what is ready, which makes room.
 */
static void look(struct mapping *mapping)
{
    if (mapping->going)
        return;
    mapping->going = true;
    do {
        mapping->made_room = false;
        while (may_read(mapping) && read_page(mapping))
            ;
        for (size_t i = 0; i < mapping->lane_count; i++)
            lane_go(&mapping->lanes[i]);
    } while (mapping->made_room && may_read(mapping));
    mapping->going = false;
    if (mapping->moved)
        move_cursor(mapping);
    mapping->moved = false;
}

void mapping_go(struct mapping *mapping)
{
    look(mapping);
    mapping_changed(mapping);
}

static void on_read_again(struct timer *timer)
{
    mapping_go(CONTAINER_OF(timer, struct mapping, read_again));
}

static void on_committed(struct stream_listener *listener, uint64_t last_position)
{
    struct mappings *mappings = CONTAINER_OF(listener, struct mappings, listener);

    for (size_t i = 0; i < mappings->count; i++) {
        struct mapping *mapping = mappings->all[i];

        if (last_position <= mapping->read_after)
            continue;
        mapping->at_end = false;
        mapping_go(mapping);
    }
}

/* ---- adding ---- */

static enum status refuse_range(struct api_error *reterr, long long value, const char *name,
                                long long least, long long most)
{
    if (value < least)
        return api_refuse(reterr, API_VALIDATION,
                          "1 validation error detected: Value '%lld' at '%s' failed to satisfy "
                          "constraint: Member must have value greater than or equal to %lld",
                          value, name, least);
    if (value > most)
        return api_refuse(reterr, API_VALIDATION,
                          "1 validation error detected: Value '%lld' at '%s' failed to satisfy "
                          "constraint: Member must have value less than or equal to %lld",
                          value, name, most);
    return OK;
}

static enum status check(const struct mapping_settings *settings, struct api_error *reterr)
{
    enum status st =
        refuse_range(reterr, settings->batch_size, "batchSize", 1, MAPPING_BATCH_SIZE_MAX);

    if (st == OK)
        st = refuse_range(reterr, settings->batch_window_s, "maximumBatchingWindowInSeconds", 0,
                          MAPPING_WINDOW_S_MAX);
    if (st == OK)
        st = refuse_range(reterr, settings->parallelization_factor, "parallelizationFactor", 0,
                          MAPPING_PARALLELIZATION_MAX);
    if (st == OK)
        st = refuse_range(reterr, settings->maximum_retry_attempts, "maximumRetryAttempts", -1,
                          MAPPING_RETRY_ATTEMPTS_MAX);
    if (st == OK && settings->maximum_record_age_s != -1)
        st = refuse_range(reterr, settings->maximum_record_age_s, "maximumRecordAgeInSeconds",
                          MAPPING_RECORD_AGE_S_MIN, MAPPING_RECORD_AGE_S_MAX);
    return st;
}

/* FNV-1a: the same mapping has the same id after every start. */
static uint64_t fold(uint64_t hash, struct bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        hash = (hash ^ bytes.ptr[i]) * 1099511628211u;
    return hash;
}

static void make_uuid(struct mapping *mapping)
{
    const struct mapping_settings *settings = &mapping->settings;
    uint64_t high =
        fold(fold(14695981039346656037u, settings->function_name), settings->stream_arn);
    uint64_t low = fold(fold(high, settings->stream_arn), settings->function_name);

    snprintf(mapping->uuid, sizeof mapping->uuid, "%08x-%04x-8%03x-%04x-%012llx",
             (unsigned)(high >> 32), (unsigned)(high >> 16 & 0xFFFF), (unsigned)(high & 0xFFF),
             (unsigned)(0x8000 | (low >> 48 & 0x3FFF)),
             (unsigned long long)(low & 0xFFFFFFFFFFFFu));
}

static struct mapping *mapping_new(struct mappings *mappings,
                                   const struct mapping_settings *settings)
{
    struct mapping *mapping = mem_new(sizeof *mapping);

    mapping->mappings = mappings;
    mapping->arena = arena_new();
    mapping->settings = *settings;
    mapping->settings.function_name =
        arena_copy(mapping->arena, function_name_of(settings->function_name));
    mapping->settings.stream_arn = arena_copy(mapping->arena, settings->stream_arn);
    mapping->settings.parallelization_factor =
        settings->parallelization_factor > 0 ? settings->parallelization_factor : 1;
    mapping->lane_count = mapping->settings.parallelization_factor;
    for (size_t i = 0; i < mapping->lane_count; i++)
        lane_init(&mapping->lanes[i], mapping);
    mapping->last_result = "No records processed";
    mapping->read_again.fire = on_read_again;
    mapping->write_again.fire = on_write_again;
    mapping->work.run = cursor_run;
    mapping->work.done = cursor_done;
    snprintf(mapping->cursor_name, sizeof mapping->cursor_name, "mapping/%u/%.*s",
             settings->stream_id, BYTES_ARG(mapping->settings.function_name));
    make_uuid(mapping);
    return mapping;
}

static void mapping_free(struct mapping *mapping)
{
    timer_cancel(mapping->mappings->timers, &mapping->read_again);
    timer_cancel(mapping->mappings->timers, &mapping->write_again);
    for (size_t i = 0; i < mapping->lane_count; i++)
        lane_free(&mapping->lanes[i]);
    rerun_free(&mapping->rerun);
    arena_free(mapping->arena);
    mem_free(mapping);
}

/* Where it was, or where a new one begins: "now" is written down, so that it stays now. */
static enum status find_place(struct mapping *mapping)
{
    struct mappings *mappings = mapping->mappings;
    uint64_t begin = mapping->settings.trim_horizon
                         ? streams_trimmed_to(mappings->streams, mapping->settings.stream_id)
                         : store_last_position(mappings->store);
    enum status st =
        stream_cursor_load(mappings->store, bytes_of_text(mapping->cursor_name), &mapping->cursor);

    if (st != OK && st != NOT_FOUND)
        return st;
    mapping->cursor_wanted = mapping->read_after = st == OK ? mapping->cursor : begin;
    if (st == NOT_FOUND)
        mapping->cursor = CURSOR_NONE;
    else
        st = rerun_load(&mapping->rerun, mappings->store, bytes_of_text(mapping->cursor_name),
                        mapping->cursor);
    write_cursor(mapping);
    return st == NOT_FOUND ? OK : st;
}

enum status mappings_add(struct mappings *mappings, const struct mapping_settings *settings,
                         struct api_error *reterr)
{
    enum status st = check(settings, reterr);

    if (st != OK)
        return st;
    struct mapping *mapping = mapping_new(mappings, settings);

    st = find_place(mapping);
    if (st != OK) {
        mapping_free(mapping);
        return st;
    }
    if (mappings->count == mappings->capacity) {
        mappings->capacity = size_max(8, mappings->capacity * 2);
        mappings->all = mem_resize(mappings->all, mappings->capacity * sizeof *mappings->all);
    }
    mappings->all[mappings->count++] = mapping;
    mapping_go(mapping);
    return OK;
}

/* ---- describing ---- */

size_t mappings_count(const struct mappings *mappings)
{
    return mappings->count;
}

void mappings_describe(const struct mappings *mappings, size_t index,
                       struct mapping_description *ret)
{
    const struct mapping *mapping = mappings->all[index];

    memcpy(ret->uuid, mapping->uuid, sizeof ret->uuid);
    ret->settings = &mapping->settings;
    ret->state = mapping->settings.enabled ? "Enabled" : "Disabled";
    ret->cursor = mapping->cursor != CURSOR_NONE ? mapping->cursor : mapping->cursor_wanted;
    ret->last_result = mapping->last_result;
}

static bool mapping_busy(struct mapping *mapping)
{
    if (!mapping->settings.enabled)
        return mapping->writing;
    if (mapping->read_after < store_last_position(mapping->mappings->store) && !mapping->going) {
        mapping->at_end = false; /* committed, but we were not told yet */
        look(mapping);
    }
    for (size_t i = 0; i < mapping->lane_count; i++)
        if (lane_busy(&mapping->lanes[i]))
            return true;
    return !mapping->at_end || mapping->writing;
}

bool mappings_busy(struct mappings *mappings)
{
    bool busy = false;

    for (size_t i = 0; i < mappings->count; i++)
        if (mapping_busy(mappings->all[i]))
            busy = true;
    return busy;
}

/* ---- life ---- */

struct mappings *mappings_new(struct functions *functions, struct streams *streams,
                              struct store *store, struct store_port *port, struct timers *timers,
                              void (*changed)(void *context), void *context)
{
    struct mappings *mappings = mem_new(sizeof *mappings);

    mappings->functions = functions;
    mappings->streams = streams;
    mappings->store = store;
    mappings->port = port;
    mappings->timers = timers;
    mappings->region = functions->options.place->region;
    mappings->changed = changed;
    mappings->context = context;
    mappings->listener.committed = on_committed;
    streams_listen(streams, &mappings->listener);
    return mappings;
}

bool mappings_stop(struct mappings *mappings)
{
    mappings->stopping = true;
    for (size_t i = 0; i < mappings->count; i++) {
        struct mapping *mapping = mappings->all[i];

        timer_cancel(mappings->timers, &mapping->read_again);
        timer_cancel(mappings->timers, &mapping->write_again);
        for (size_t k = 0; k < mapping->lane_count; k++)
            lane_stop(&mapping->lanes[k]);
    }
    return mappings->in_flight == 0;
}

void mappings_free(struct mappings *mappings)
{
    if (mappings == NULL)
        return;
    assert(mappings->in_flight == 0);
    streams_unlisten(&mappings->listener);
    for (size_t i = 0; i < mappings->count; i++)
        mapping_free(mappings->all[i]);
    mem_free(mappings->all);
    mem_free(mappings);
}
