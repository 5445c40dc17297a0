/* logs/run.c - one run() on the store's writer, about one group: its streams, its events, and the
 * figures that follow from them.
 *
 * What always holds:
 *   1. A group has figures (C) while it is there; a group without them is gone.
 *   2. A stream has a record (N) and, under its id, its name (I); an event a record (E) and an
 *      entry in its stream (S) at the same place.
 *   3. The figures are the number of E, and the sizes of their messages with their overhead. */
#include "logs/internal.h"

#define ENTRY_KEY_SIZE ((size_t)33) /* group (8) | letter | stream (8) | place (16) */
/* PutLogEvents has at most 10,000 events, a step of an appender fewer. */
#define ENTRIES_SIZE_MAX (ENTRY_KEY_SIZE * 10000)

static void put(struct log_run *run, const struct log_key *key, struct bytes value)
{
    store_batch_put(run->batch, STORE_LOGS, log_key_bytes(key), value);
}

static void drop(struct log_run *run, const struct log_key *key)
{
    store_batch_delete(run->batch, STORE_LOGS, log_key_bytes(key));
}

enum status log_run_begin(struct log_run *run, struct logs *logs, struct store_batch *batch,
                          uint64_t group_id)
{
    struct log_key key;
    struct bytes value;
    enum status status = OK;

    *run = (struct log_run){.logs = logs,
                            .batch = batch,
                            .group_id = group_id,
                            .now_ms = logs_now_ms(logs),
                            .entries = BUFFER_INIT(ENTRIES_SIZE_MAX)};
    log_key_kind(&key, group_id, LOG_KEY_FIGURES);
    status = store_batch_get(batch, STORE_LOGS, log_key_bytes(&key), &value);
    if (status == OK)
        status = log_figures_decode(value, &run->figures);
    run->figures_before = run->figures;
    return status;
}

/* Events first, then their entries: keys that follow each other are put at nearly no cost, while
 * each change between the two is looked up from the top of RocksDB's list. */
static void put_entries(struct log_run *run)
{
    for (size_t at = 0; at < run->entries.size; at += ENTRY_KEY_SIZE)
        store_batch_put(run->batch, STORE_LOGS, bytes_of(run->entries.ptr + at, ENTRY_KEY_SIZE),
                        (struct bytes){NULL, 0});
    buffer_free(&run->entries);
}

void log_run_end(struct log_run *run)
{
    AUTO(buffer_free) struct buffer value = BUFFER_INIT(64);
    struct log_key key;

    put_entries(run);
    if (run->figures.events == run->figures_before.events &&
        run->figures.bytes == run->figures_before.bytes)
        return;
    log_key_kind(&key, run->group_id, LOG_KEY_FIGURES);
    log_figures_encode(&value, &run->figures);
    put(run, &key, buffer_bytes(&value));
    run->figures_before = run->figures;
}

/* ---- streams ---- */

enum status log_run_stream(struct log_run *run, struct bytes name, struct log_stream_view *ret)
{
    struct log_key key;
    struct bytes value;
    enum status status = OK;

    log_key_stream(&key, run->group_id, name);
    status = store_batch_get(run->batch, STORE_LOGS, log_key_bytes(&key), &value);
    if (status == OK)
        status = log_stream_decode(value, ret);
    if (status == OK)
        ret->name = name;
    return status;
}

void log_run_new_stream(struct log_run *run, struct bytes name, struct log_stream_view *ret)
{
    struct log_key key;

    *ret = (struct log_stream_view){
        .name = name, .id = store_batch_position(run->batch), .created_ms = run->now_ms};
    log_key_stream_name(&key, run->group_id, ret->id);
    put(run, &key, name);
}

void log_run_put_stream(struct log_run *run, const struct log_stream_view *stream)
{
    AUTO(buffer_free) struct buffer value = BUFFER_INIT(64);
    struct log_key key;

    log_key_stream(&key, run->group_id, stream->name);
    log_stream_encode(&value, stream);
    put(run, &key, buffer_bytes(&value));
}

/* ---- events ---- */

static void note_times(struct log_run *run, struct log_stream_view *stream, uint64_t timestamp_ms)
{
    if (!stream->has_events || timestamp_ms < stream->first_ms)
        stream->first_ms = timestamp_ms;
    if (!stream->has_events || timestamp_ms > stream->last_ms)
        stream->last_ms = timestamp_ms;
    stream->has_events = true;
    stream->ingested_ms = run->now_ms;
}

void log_run_put_event(struct log_run *run, struct log_stream_view *stream,
                       const struct log_input *event)
{
    AUTO(buffer_free)
    struct buffer value = BUFFER_INIT(LOG_RECORD_HEAD_SIZE + LOG_EVENT_SIZE_MAX);
    struct log_record record = {run->now_ms, stream->id, event->message};
    struct log_place place = {event->timestamp_ms, store_batch_position(run->batch)};
    uint8_t head[LOG_RECORD_HEAD_SIZE];
    struct log_key key;

    log_record_head(head, &record);
    buffer_append(&value, bytes_of(head, sizeof head));
    buffer_append(&value, event->message);
    assert(!buffer_failed(&value) && event->message.size > 0);
    log_key_event(&key, run->group_id, place);
    put(run, &key, buffer_bytes(&value));
    log_key_stream_event(&key, run->group_id, stream->id, place);
    assert(key.size == ENTRY_KEY_SIZE);
    buffer_append(&run->entries, log_key_bytes(&key));
    assert(!buffer_failed(&run->entries) && "no run has so many events");
    run->figures.events++;
    run->figures.bytes += event->message.size + LOG_EVENT_OVERHEAD;
    note_times(run, stream, event->timestamp_ms);
}

void log_run_delete_event(struct log_run *run, struct log_place place,
                          const struct log_record *record)
{
    struct log_key key;

    log_key_event(&key, run->group_id, place);
    drop(run, &key);
    log_key_stream_event(&key, run->group_id, record->stream_id, place);
    drop(run, &key);
    run->figures.events--;
    run->figures.bytes -= record->message.size + LOG_EVENT_OVERHEAD;
}
