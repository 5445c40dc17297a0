/* mapping/mapping_test.h - what the tests of a mapping's files share: functions with a mapping
 * over a stream whose shards and records a test makes. */
#ifndef DYNLOG_TEST_MAPPING_MAPPING_TEST_H
#define DYNLOG_TEST_MAPPING_MAPPING_TEST_H

#include "functions/harness.h"

#include "mapping/mapping.h"

#include <pthread.h>

#define STREAM 7

#define TEST_SHARDS_MAX 200

struct test {
    struct harness *h;
    struct streams *streams;
    struct mappings *mappings;
    struct queues *queues;
    size_t changes; /* how often `changed` was called */
    pthread_mutex_t shards_mutex;
    struct stream_shard shards[TEST_SHARDS_MAX];
    size_t shard_count;
};

/* ---- set up ---- */

static inline void committed(void *context, uint64_t last_position)
{
    struct test *t = context;

    streams_committed(t->streams, last_position);
}

static inline void changed(void *context)
{
    struct test *t = context;

    t->changes++;
}

static inline void logged_line(void *context, const struct function_log *log)
{
    struct test *t = context;

    harness_log(t->h, log);
}

static inline enum status shards_of_test(void *context, uint32_t stream_id, struct arena *arena,
                                         struct stream_shard **ret, size_t *ret_count)
{
    struct test *t = context;

    (void)stream_id;
    pthread_mutex_lock(&t->shards_mutex);
    *ret = ARENA_NEW_ARRAY(arena, t->shard_count, struct stream_shard);
    memcpy(*ret, t->shards, t->shard_count * sizeof *t->shards);
    *ret_count = t->shard_count;
    pthread_mutex_unlock(&t->shards_mutex);
    return *ret_count > 0 ? OK : NOT_FOUND; /* a test took the stream away */
}

static inline void open_queues(struct test *t)
{
    struct harness *h = t->h;
    const struct queues_options options = {.store = h->store,
                                           .port = h->port,
                                           .timers = h->timers,
                                           .place = &harness_place,
                                           .changed = changed,
                                           .context = t};

    assert_int_equal(queues_open(&options, &t->queues), OK);
}

static inline void open_mappings(struct test *t)
{
    struct harness *h = t->h;
    const struct stream_door door = {t, shards_of_test};
    struct mappings_options options = {.functions = h->functions,
                                       .store = h->store,
                                       .port = h->port,
                                       .timers = h->timers,
                                       .faults = h->faults,
                                       .place = &harness_place,
                                       .log = logged_line,
                                       .changed = changed,
                                       .context = t};

    open_queues(t);
    t->streams = streams_new(h->store, h->port, h->timers, &door);
    options.streams = t->streams;
    options.queues = t->queues;
    t->mappings = mappings_new(&options);
}

static inline void close_mappings(struct test *t, uint64_t grace_ms)
{
    struct harness *h = t->h;

    mappings_stop(t->mappings);
    harness_close_functions(h, grace_ms);
    HARNESS_UNTIL(h, mappings_stop(t->mappings));
    mappings_free(t->mappings);
    HARNESS_UNTIL(h, queues_stop(t->queues));
    queues_close(t->queues);
    streams_free(t->streams);
    t->streams = NULL;
}

static inline int set_up(void **state)
{
    struct test *t = mem_new(sizeof *t);
    struct harness *h = t->h = harness_new();

    pthread_mutex_init(&t->shards_mutex, NULL);
    t->shards[0] =
        (struct stream_shard){.parent = SHARD_NONE, .hash_to = UINT32_MAX, .end = SHARD_OPEN};
    t->shard_count = 1;
    h->committed = committed;
    h->context = t;
    /* prints the batch as its sort keys; fails while the file fail.KEY of one of them is there */
    harness_write(
        h, "f.js",
        "const { existsSync } = require('fs')\n"
        "exports.handler = async ({ Records }) => {\n"
        "  const keys = Records.map((r) => r.dynamodb.Keys.sk.N)\n"
        "  console.log('batch', keys.length > 20 ? keys.length : keys.join(','))\n"
        "  const bad = keys.find((key) => existsSync('fail.' + key))\n"
        "  if (bad) throw new Error('bad ' + bad)\n"
        "}\n"
        "exports.slow = async ({ Records }) => {\n"
        "  const keys = Records.map((r) => r.dynamodb.Keys.pk.S + r.dynamodb.Keys.sk.N)\n"
        "  for (const key of keys) {\n"
        "    console.log('begin', key)\n"
        "    while (existsSync('hold.' + key)) await new Promise((r) => setTimeout(r, 5))\n"
        "    console.log('end', key)\n"
        "  }\n"
        "}\n"
        "exports.echo = async (event) => { console.log('event', JSON.stringify(event)) }\n");
    open_mappings(t);
    *state = t;
    return 0;
}

static inline int tear_down(void **state)
{
    struct test *t = *state;

    close_mappings(t, 0);
    harness_free(t->h);
    pthread_mutex_destroy(&t->shards_mutex);
    mem_free(t);
    return 0;
}

static inline void put_function(struct test *t, const char *name, const char *handler)
{
    struct function_settings settings = harness_settings(t->h, name, "nodejs20.x", handler);

    settings.timeout_s = 900;
    harness_put(t->h, &settings);
}

static inline struct mapping_settings settings_of(const char *function_name)
{
    return (struct mapping_settings){
        .function_name = bytes_of_text(function_name),
        .source_arn = BYTES("arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/now"),
        .stream_id = STREAM,
        .view = "NEW_AND_OLD_IMAGES",
        .batch_size = 100,
        .enabled = true,
        .parallelization_factor = 1,
        .maximum_retry_attempts = -1,
        .maximum_record_age_s = -1,
    };
}

static inline void add(struct test *t, const struct mapping_settings *settings)
{
    struct api_error error = {0};

    if (mappings_add(t->mappings, settings, NULL, NULL, &error) != OK)
        fail_msg("%s", error.message);
}

/* ---- records ---- */

struct put {
    struct store_work work;
    struct test *test;
    const char *key;
    uint32_t number; /* of the shard */
    size_t first, count, size;
    bool done;
};

static inline void put_run(struct store_batch *batch, struct store_work *work)
{
    struct put *put = CONTAINER_OF(work, struct put, work);

    for (size_t i = 0; i < put->count; i++) {
        AUTO(buffer_free) struct buffer keys = BUFFER_INIT(1024);
        AUTO(buffer_free) struct buffer image = BUFFER_INIT((size_t)1024 * 1024);
        AUTO(buffer_free) struct buffer value = BUFFER_INIT((size_t)2 * 1024 * 1024);
        uint8_t key[CHANGE_KEY_SIZE];

        buffer_printf(&keys, "{\"pk\":{\"S\":\"%s\"},\"sk\":{\"N\":\"%zu\"}}", put->key,
                      put->first + i);
        buffer_printf(&image, "{\"text\":{\"S\":\"");
        for (size_t k = 0; k < put->size; k++)
            buffer_append_byte(&image, 'x');
        buffer_append_text(&image, "\"}}");
        struct change change = {
            .stream_id = STREAM,
            .position = store_batch_position(batch),
            .kind = CHANGE_INSERT,
            .time_ms = clock_now_ms(put->test->h->clock),
            .keys = buffer_bytes(&keys),
            .new_image = buffer_bytes(&image),
        };

        change_encode_key(key, change.stream_id, shard_slot(put->number), change.position);
        change_encode(&value, &change);
        store_batch_put(batch, STORE_CHANGES, bytes_of(key, sizeof key), buffer_bytes(&value));
        streams_note(put->test->streams, STREAM, shard_slot(put->number), change.position);
    }
}

static inline void put_done(struct store_work *work, enum status status)
{
    assert_int_equal(status, OK);
    CONTAINER_OF(work, struct put, work)->done = true;
}

/* Writes records with sort keys first, first + 1, ... in one batch. */
static inline void write_to_shard(struct test *t, uint32_t number, const char *key, size_t first,
                                  size_t count, size_t size)
{
    struct put *put = ARENA_NEW(t->h->arena, struct put);

    *put = (struct put){
        .work = {.run = put_run, .done = put_done},
        .test = t,
        .key = key,
        .number = number,
        .first = first,
        .count = count,
        .size = size,
    };
    store_submit(t->h->store, t->h->port, &put->work);
    HARNESS_UNTIL(t->h, put->done);
}

static inline void write_records(struct test *t, const char *key, size_t first, size_t count,
                                 size_t size)
{
    write_to_shard(t, 0, key, first, count, size);
}

static inline void write_one(struct test *t, size_t n)
{
    write_records(t, "a", n, 1, 1);
}

static inline bool logged(struct test *t, const char *text)
{
    return text_has(harness_log_text(t->h), text);
}

/* All batches, as "1,2|3|". */
static inline const char *batches(struct test *t)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(65536);

    for (const char *at = harness_log_text(t->h); (at = strstr(at, " batch ")) != NULL; at++)
        buffer_printf(&out, "%.*s|", (int)strcspn(at + 7, "\n"), at + 7);
    return arena_copy_text(t->h->arena, buffer_bytes(&out));
}

#define UNTIL_QUIET(t) HARNESS_UNTIL((t)->h, !mappings_busy((t)->mappings))

/* Runs the clock until nothing is left to do. */
static inline void run_clock(struct test *t)
{
    uv_timer_start(&t->h->patience, harness_hangs, HARNESS_PATIENCE_MS, 0);
    while (mappings_busy(t->mappings)) {
        uv_run(&t->h->loop, UV_RUN_NOWAIT);
        if (mappings_waits(t->mappings).count > 0) /* not while a handler runs: it has a deadline */
            harness_advance(t->h, 100);
    }
    uv_timer_stop(&t->h->patience);
}

static inline uint64_t cursor_of(struct test *t)
{
    struct mapping_description description;

    mappings_describe(t->mappings, 0, &description);
    return description.cursor;
}

#endif
