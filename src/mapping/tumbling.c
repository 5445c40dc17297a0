/* mapping/tumbling.c - see tumbling.h. */
#include "mapping/internal.h"

#define PREFIX "window/"
#define HEAD_SIZE (1 + 6 * (size_t)8)
#define STATE_EMPTY "{}"

static uint64_t size_ms(const struct mapping_shard *shard)
{
    return (uint64_t)shard->mapping->settings.tumbling_window_s * 1000;
}

static struct timers *timers_of(const struct mapping_shard *shard)
{
    return shard->mapping->mappings->options.timers;
}

static uint64_t now_ms(const struct mapping_shard *shard)
{
    return clock_now_ms(timers_clock(timers_of(shard)));
}

/* ---- life ---- */

static void on_due(struct timer *timer)
{
    struct tumbling *tumbling = CONTAINER_OF(timer, struct tumbling, due);

    mapping_go(CONTAINER_OF(tumbling, struct mapping_shard, tumbling)->mapping);
}

void tumbling_init(struct mapping_shard *shard)
{
    shard->tumbling.state = BUFFER_INIT(FUNCTION_RESPONSE_SIZE_MAX * 2);
    shard->tumbling.due.fire = on_due;
}

void tumbling_stop(struct mapping_shard *shard)
{
    timer_cancel(timers_of(shard), &shard->tumbling.due);
}

void tumbling_free(struct mapping_shard *shard)
{
    tumbling_stop(shard);
    buffer_free(&shard->tumbling.state);
}

static void changed(struct mapping_shard *shard)
{
    shard->tumbling.is_changed = true;
    shard->mapping->moved = true;
}

static void set_state(struct mapping_shard *shard, struct bytes state)
{
    buffer_clear(&shard->tumbling.state);
    buffer_append(&shard->tumbling.state, state);
    assert(!buffer_failed(&shard->tumbling.state));
}

/* ---- a window ---- */

uint64_t tumbling_start_of(const struct mapping_shard *shard, uint64_t time_ms)
{
    const struct tumbling *tumbling = &shard->tumbling;

    if (size_ms(shard) == 0)
        return 0;
    uint64_t start_ms = time_ms - time_ms % size_ms(shard);

    return tumbling->is_open && start_ms < tumbling->start_ms ? tumbling->start_ms : start_ms;
}

bool tumbling_is_over(const struct mapping_shard *shard, uint64_t start_ms)
{
    return size_ms(shard) > 0 && now_ms(shard) >= start_ms + size_ms(shard);
}

void tumbling_enter(struct mapping_shard *shard, uint64_t start_ms)
{
    struct tumbling *tumbling = &shard->tumbling;

    if (size_ms(shard) == 0 || tumbling->is_open)
        return;
    tumbling->is_open = true;
    tumbling->start_ms = start_ms;
    tumbling->count = 0;
    tumbling->attempts = 0;
    set_state(shard, BYTES(STATE_EMPTY));
}

void tumbling_keep(struct mapping_shard *shard, const struct mapping_handover *handover,
                   size_t count)
{
    struct tumbling *tumbling = &shard->tumbling;

    if (!tumbling->is_open || count == 0)
        return;
    if (tumbling->count == 0) {
        tumbling->first = handover->records[0].position;
        tumbling->first_ms = handover->records[0].time_ms;
    }
    tumbling->last = handover->records[count - 1].position;
    tumbling->last_ms = handover->records[count - 1].time_ms;
    tumbling->count += count;
    if (handover->state.size > 0)
        set_state(shard, handover->state);
    changed(shard);
}

bool tumbling_is_overfull(const struct mapping_shard *shard)
{
    return shard->tumbling.is_open && shard->tumbling.state.size > MAPPING_STATE_SIZE_MAX;
}

bool tumbling_has_ended(const struct lane *lane)
{
    const struct mapping_shard *shard = lane->shard;
    const struct tumbling *tumbling = &shard->tumbling;

    if (!tumbling->is_open)
        return false;
    if (lane->filling.count > 0)
        return lane->filling_start_ms > tumbling->start_ms;
    return mapping_shard_is_read(shard) ||
           (shard->at_end && tumbling_is_over(shard, tumbling->start_ms));
}

struct mapping_window tumbling_seen(const struct mapping_shard *shard, bool closing)
{
    const struct tumbling *tumbling = &shard->tumbling;
    bool early = closing && tumbling_is_overfull(shard);

    return (struct mapping_window){
        .start_ms = tumbling->start_ms,
        .end_ms = tumbling->start_ms + size_ms(shard),
        .state = buffer_bytes(&tumbling->state),
        .shard_id = bytes_of_text(shard->id),
        .is_final = closing && !early,
        .is_terminated_early = early,
    };
}

/* ---- its end ---- */

void tumbling_close(struct mapping_shard *shard)
{
    struct tumbling *tumbling = &shard->tumbling;

    tumbling->is_open = tumbling_is_overfull(shard);
    tumbling->count = 0;
    tumbling->attempts = 0;
    set_state(shard, BYTES(STATE_EMPTY));
    changed(shard);
}

static bool is_too_old(const struct mapping_shard *shard)
{
    int32_t age_s = shard->mapping->settings.maximum_record_age_s;

    return age_s >= 0 && shard->tumbling.last_ms + (uint64_t)age_s * 1000 < now_ms(shard);
}

static void note_failure(const struct lane *lane, const char *condition)
{
    const struct tumbling *tumbling = &lane->shard->tumbling;
    struct mapping_record first = {.position = tumbling->first, .time_ms = tumbling->first_ms};
    struct mapping_record last = {.position = tumbling->last, .time_ms = tumbling->last_ms};

    stream_sequence_print(first.position, first.identifier);
    stream_sequence_print(last.position, last.identifier);
    mapping_shard_note_failure(lane->shard, &(struct mapping_failure){
                                                .condition = condition,
                                                .attempts = tumbling->attempts,
                                                .request_id = lane->tried.request_id,
                                                .function_error = lane->tried.function_error,
                                                .version = lane->tried.version,
                                                .first = &first,
                                                .last = &last,
                                                .count = tumbling->count,
                                            });
}

/* A window is as old as its last record, and always tried once. */
bool tumbling_end_failed(struct lane *lane)
{
    struct mapping_shard *shard = lane->shard;
    int32_t retries = shard->mapping->settings.maximum_retry_attempts;
    uint32_t attempts = ++shard->tumbling.attempts;
    bool too_often = retries >= 0 && attempts > (uint32_t)retries;

    if (!too_often && !is_too_old(shard))
        return false;
    AUTO(arena_release) struct arena *arena = arena_new();

    note_failure(lane, too_often ? MAPPING_RETRY_ATTEMPTS_EXHAUSTED : MAPPING_RECORD_AGE_EXCEEDED);
    mapping_tell(shard->mapping,
                 arena_printf(arena, "dropped the state of a window after %u attempts", attempts));
    tumbling_close(shard);
    return true;
}

void tumbling_arm(struct lane *lane)
{
    struct mapping_shard *shard = lane->shard;
    struct tumbling *tumbling = &shard->tumbling;
    uint64_t start_ms = tumbling->is_open ? tumbling->start_ms : lane->filling_start_ms;

    if (size_ms(shard) == 0)
        return;
    if ((!tumbling->is_open && lane->filling.count == 0) || tumbling_is_over(shard, start_ms) ||
        !mapping_may_go(lane->mapping))
        timer_cancel(timers_of(shard), &tumbling->due);
    else
        timer_set_at(timers_of(shard), &tumbling->due, start_ms + size_ms(shard));
}

/* ---- durable ---- */

static struct bytes key_of(struct arena *arena, struct bytes cursor_name)
{
    return arena_printf(arena, PREFIX "%.*s", BYTES_ARG(cursor_name));
}

struct bytes tumbling_print(const struct mapping_shard *shard, struct arena *arena)
{
    const struct tumbling *tumbling = &shard->tumbling;
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(HEAD_SIZE + tumbling->state.size);

    if (!tumbling->is_open)
        return (struct bytes){NULL, 0};
    buffer_append_byte(&out, TUMBLING_FORMAT);
    buffer_append_u64(&out, tumbling->start_ms);
    buffer_append_u64(&out, tumbling->first);
    buffer_append_u64(&out, tumbling->first_ms);
    buffer_append_u64(&out, tumbling->last);
    buffer_append_u64(&out, tumbling->last_ms);
    buffer_append_u64(&out, tumbling->count);
    buffer_append(&out, buffer_bytes(&tumbling->state));
    assert(!buffer_failed(&out));
    return arena_copy(arena, buffer_bytes(&out));
}

void tumbling_store(struct store_batch *batch, struct bytes cursor_name, struct bytes value)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes key = key_of(arena, cursor_name);

    if (value.size > 0)
        store_batch_put(batch, STORE_CURSORS, key, value);
    else
        store_batch_delete(batch, STORE_CURSORS, key);
}

void tumbling_forget_all(struct store_batch *batch, struct bytes mapping_cursor_name)
{
    AUTO(arena_release) struct arena *arena = arena_new();

    store_batch_delete_range(batch, STORE_CURSORS,
                             arena_printf(arena, PREFIX "%.*s/", BYTES_ARG(mapping_cursor_name)),
                             arena_printf(arena, PREFIX "%.*s0", BYTES_ARG(mapping_cursor_name)));
}

static enum status decode(struct mapping_shard *shard, struct bytes value)
{
    struct tumbling *tumbling = &shard->tumbling;

    if (value.size < 1 || value.ptr[0] < TUMBLING_FORMAT)
        return CORRUPT;
    if (value.ptr[0] > TUMBLING_FORMAT)
        return NEWER_FORMAT;
    if (value.size < HEAD_SIZE || value.size - HEAD_SIZE > tumbling->state.size_max)
        return CORRUPT;
    tumbling->is_open = true;
    tumbling->start_ms = bytes_get_u64(value.ptr + 1);
    tumbling->first = bytes_get_u64(value.ptr + 9);
    tumbling->first_ms = bytes_get_u64(value.ptr + 17);
    tumbling->last = bytes_get_u64(value.ptr + 25);
    tumbling->last_ms = bytes_get_u64(value.ptr + 33);
    tumbling->count = bytes_get_u64(value.ptr + 41);
    set_state(shard, bytes_slice(value, HEAD_SIZE, value.size));
    return OK;
}

/* Of a mapping that has no windows any more nothing stays. */
enum status tumbling_load(struct mapping_shard *shard)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(store_value_release) struct store_value value = {0};
    enum status status = store_get(shard->mapping->mappings->options.store, NULL, STORE_CURSORS,
                                   key_of(arena, bytes_of_text(shard->cursor_name)), &value);

    if (status != OK)
        return status == NOT_FOUND ? OK : status;
    if (size_ms(shard) > 0)
        return decode(shard, value.bytes);
    shard->tumbling.is_changed = true;
    return OK;
}
