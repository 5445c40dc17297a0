/* streams/streams_test.h - change streams on a store in memory, with a clock that is moved by hand
 * and records written as the engine writes them. */
#ifndef DYNLOG_TEST_STREAMS_TEST_H
#define DYNLOG_TEST_STREAMS_TEST_H

#include "store/store_test.h"

#include "streams/internal.h"

#define TEST_NOW_MS ((uint64_t)1785000000000)

struct test_streams {
    const char *folder; /* NULL: in memory */
    struct clock *clock;
    struct timers *timers;
    struct store *store;
    struct test_loop loop;
    struct streams *streams;
    struct arena *arena;
    size_t commits_told;
    struct stream_shard *shards; /* of every stream; NULL: one */
    size_t shard_count;
};

static struct stream_shard test_one_shard = {
    .parent = SHARD_NONE, .hash_to = UINT32_MAX, .end = SHARD_OPEN};

static inline enum status test_shards_of(void *context, uint32_t stream_id, struct arena *arena,
                                         struct stream_shard **ret, size_t *ret_count)
{
    const struct test_streams *t = context;

    (void)stream_id, (void)arena;
    *ret = t->shards != NULL ? t->shards : &test_one_shard;
    *ret_count = t->shards != NULL ? t->shard_count : 1;
    return OK;
}

static inline void test_streams_start(struct test_streams *t)
{
    const struct stream_door door = {t, test_shards_of};

    t->timers = timers_new(t->clock, NULL, NULL);
    t->store = test_open(t->folder);
    test_loop_open(&t->loop, t->store);
    t->streams = streams_new(t->store, t->loop.port, t->timers, &door);
    t->commits_told = 0;
}

static inline void test_streams_open(struct test_streams *t, const char *folder)
{
    *t = (struct test_streams){
        .folder = folder, .clock = clock_new_manual(TEST_NOW_MS), .arena = arena_new()};
    test_streams_start(t);
}

/* One turn of the loop, as the server has it. */
static inline void test_streams_turn(struct test_streams *t)
{
    test_loop_turn(&t->loop);
    if (t->loop.commits != t->commits_told) {
        t->commits_told = t->loop.commits;
        streams_committed(t->streams, t->loop.last_position);
    }
}

static inline void test_streams_do(struct test_streams *t, struct test_work *work)
{
    test_submit(&t->loop, work);
    while (!work->done)
        test_streams_turn(t);
    assert_int_equal(work->status, OK);
}

static inline void test_nothing(struct store_batch *batch, struct test_work *work)
{
    (void)batch, (void)work;
}

/* Until everything that was submitted so far has been answered. */
static inline void test_streams_settle(struct test_streams *t)
{
    struct test_work last = {.body = test_nothing};

    test_streams_do(t, &last);
}

static inline void test_streams_stop(struct test_streams *t)
{
    struct test_work last = {.body = test_nothing};

    streams_free(t->streams);
    assert_int_equal(test_do(&t->loop, &last), OK); /* a deletion under way is answered */
    test_loop_close(&t->loop);
    store_close(t->store);
    timers_free(t->timers);
}

static inline void test_streams_close(struct test_streams *t)
{
    test_streams_stop(t);
    clock_free(t->clock);
    arena_free(t->arena);
}

/* Moves the clock; what that sets off is done when it returns. */
static inline void test_streams_advance(struct test_streams *t, uint64_t by_ms)
{
    clock_advance(t->clock, by_ms);
    timers_run(t->timers);
    for (size_t i = 0; i < 4; i++) /* a deletion, the look for more after it, and so on */
        test_streams_settle(t);
}

/* ---- records ---- */

struct test_record {
    struct test_streams *t;
    struct change change; /* its position is filled */
};

static inline void test_write_record(struct store_batch *batch, struct test_work *work)
{
    AUTO(buffer_free) struct buffer value = BUFFER_INIT(1024 * 1024);
    struct test_record *record = work->context;
    uint8_t key[CHANGE_KEY_SIZE];

    record->change.position = store_batch_position(batch);
    record->change.time_ms = clock_now_ms(record->t->clock);
    change_encode_key(key, record->change.stream_id, record->change.shard, record->change.position);
    change_encode(&value, &record->change);
    store_batch_put(batch, STORE_CHANGES, bytes_of(key, sizeof key), buffer_bytes(&value));
}

/* Its position. */
static inline uint64_t test_record(struct test_streams *t, const struct change *change)
{
    struct test_record record = {t, *change};
    struct test_work work = {.body = test_write_record, .context = &record};

    test_streams_do(t, &work);
    return record.change.position;
}

/* An event of a stream: INSERT with a new image. */
static inline uint64_t test_event(struct test_streams *t, uint32_t stream_id, const char *image)
{
    return test_record(t, &(struct change){.stream_id = stream_id,
                                           .kind = CHANGE_INSERT,
                                           .keys = BYTES("{\"pk\":{\"S\":\"a\"}}"),
                                           .new_image = bytes_of_text(image)});
}

static inline void test_position(struct store_batch *batch, struct test_work *work)
{
    work->position = store_batch_position(batch);
}

/* A write of somebody else's, without a record here. */
static inline uint64_t test_other_write(struct test_streams *t)
{
    struct test_work work = {.body = test_position};

    test_streams_do(t, &work);
    return work.position;
}

#endif
