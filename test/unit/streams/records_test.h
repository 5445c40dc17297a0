/* test/unit/streams/records_test.h - change records in a store in memory, and a clock that tests move. */
#ifndef DYNLOG_TEST_RECORDS_TEST_H
#define DYNLOG_TEST_RECORDS_TEST_H

#include "store/store_test.h"

#include "streams/streams.h"

#define TEST_NOW_MS ((uint64_t)1767225600000) /* 2026-01-01T00:00:00Z */

struct stream_test {
    struct store *store;
    struct test_loop loop;
    struct clock *clock;
    struct timers *timers;
    struct streams *streams;
    struct arena *arena;
};

static inline int stream_test_open(void **state)
{
    struct stream_test *t = mem_new(sizeof *t);

    t->store = test_open(NULL);
    test_loop_open(&t->loop, t->store);
    t->clock = clock_new_manual(TEST_NOW_MS);
    t->timers = timers_new(t->clock, NULL, NULL);
    t->streams = streams_new(t->store, t->loop.port, t->timers);
    t->arena = arena_new();
    *state = t;
    return 0;
}

static inline int stream_test_close(void **state)
{
    struct stream_test *t = *state;

    arena_free(t->arena);
    streams_free(t->streams);
    timers_free(t->timers);
    clock_free(t->clock);
    test_loop_close(&t->loop);
    store_close(t->store);
    mem_free(t);
    return 0;
}

/* ---- records ---- */

struct test_record {
    uint32_t stream_id;
    enum change_kind kind;
    uint64_t time_ms;
    const char *keys, *new_image;
    uint64_t position; /* filled */
};

static inline void test_record_body(struct store_batch *batch, struct test_work *work)
{
    struct test_record *record = work->context;
    AUTO(buffer_free) struct buffer value = BUFFER_INIT(1 << 20);
    uint8_t key[CHANGE_KEY_SIZE];
    struct change change = {
        .stream_id = record->stream_id,
        .position = store_batch_position(batch),
        .kind = record->kind,
        .time_ms = record->time_ms,
        .keys = bytes_of_text(record->keys),
        .new_image = bytes_of_text(record->new_image),
    };

    record->position = change.position;
    change_encode_key(key, change.stream_id, change.shard, change.position);
    change_encode(&value, &change);
    store_batch_put(batch, STORE_CHANGES, bytes_of(key, sizeof key), buffer_bytes(&value));
}

/* Commits one record; its position. */
static inline uint64_t test_write_record(struct stream_test *t, struct test_record record)
{
    struct test_work work = {.body = test_record_body, .context = &record};

    assert_int_equal(test_do(&t->loop, &work), OK);
    return record.position;
}

/* An event of a log, as a record of stream 1. */
static inline uint64_t test_write_event(struct stream_test *t, const char *image)
{
    return test_write_record(
        t, (struct test_record){1, CHANGE_INSERT, clock_now_ms(t->clock),
                                "{\"pk\":{\"S\":\"users#1#stream\"},\"sk\":{\"N\":\"1\"}}", image, 0});
}

#define TEST_IMAGE                                                                                 \
    "{\"pk\":{\"S\":\"users#1#stream\"},\"sk\":{\"N\":\"1\"},\"type\":{\"S\":\"signup\"},"          \
    "\"log\":{\"S\":\"users\"},\"payload\":{\"M\":{\"id\":{\"S\":\"1\"},\"n\":{\"N\":\"0.5\"}}}}"

#endif
