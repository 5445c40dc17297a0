/* bus/archive_test.h - what the tests of archives and replays share: a bus whose timers run, what
 * an archive holds, and what a replay delivered. */
#ifndef DYNLOG_TEST_ARCHIVE_TEST_H
#define DYNLOG_TEST_ARCHIVE_TEST_H

#include "bus/bus_test.h"

#define DAY_MS ((uint64_t)24 * 60 * 60 * 1000)
#define FAR_MS (TEST_NOW_MS + 1000 * DAY_MS)

static inline void test_archives_start(struct test_bus *test)
{
    bus_start(test->bus, test->timers, test->timers, NULL, NULL);
}

/* A bus whose replays and retention run, over a store in memory. */
static inline void test_archives_open(struct test_bus *test)
{
    test_bus_open(test);
    test_archives_start(test);
}

static inline void test_no_body(struct store_batch *batch, struct test_work *work)
{
    (void)batch, (void)work;
}

/* Until no replay goes on and nothing that was due is left. */
static inline void test_archives_settle(struct test_bus *test)
{
    do {
        struct test_work last = {.body = test_no_body};

        timers_run(test->timers);
        test_submit(&test->loop, &last);
        test_finish(&test->loop, &last);
    } while (bus_busy(test->bus));
}

static inline void test_archives_advance(struct test_bus *test, uint64_t by_ms)
{
    clock_advance(test->clock, by_ms);
    test_archives_settle(test);
}

static inline void test_create_archive(struct test_bus *test, const char *bus_name,
                                       const char *name, const char *pattern,
                                       uint32_t retention_days)
{
    CHANGE_OK(test, .kind = BUS_CREATE_ARCHIVE, .name = bytes_of_text(name),
              .bus_name = bytes_of_text(bus_name), .pattern = bytes_of_text(pattern),
              .retention_days = retention_days);
}

/* {"n":N} of a time. */
static inline void test_put_numbered(struct test_bus *test, const char *bus_name, size_t n,
                                     uint64_t time_ms)
{
    char detail[32];

    snprintf(detail, sizeof detail, "{\"n\":%zu}", n);

    struct bus_entry entry = test_entry(bus_name, detail);

    entry.time_ms = time_ms;
    test_put_events(test, &entry, 1);
    assert_null(entry.error_code);
}

static inline size_t test_number_of(struct bytes event)
{
    size_t at = bytes_find(event, BYTES("\"detail\":{\"n\":"));
    uint64_t n = 0;

    assert_int_not_equal(at, SIZE_MAX);
    at += 14;
    assert_true(bytes_to_uint64(bytes_slice(event, at, bytes_find_byte(event, '}', at) - at), &n));
    return (size_t)n;
}

/* The figures, which must be those of the events that are there. */
static inline struct bus_archive_figures test_archive_figures(struct test_bus *test,
                                                              const char *name)
{
    const struct bus_archive *archive = bus_find_archive(test->bus, bytes_of_text(name));
    struct bus_archive_figures figures = {0};

    assert_non_null(archive);
    assert_int_equal(bus_archive_figures(test->bus, archive, &figures), OK);
    return figures;
}

/* Every event in the family, of whatever archive: how many, and their bytes. */
static inline struct bus_archive_figures test_all_archived(struct test_bus *test)
{
    struct bytes none = {NULL, 0}, key, value;
    struct store_iter *iter =
        store_iter_new(test->loop.store, NULL, STORE_ARCHIVES, none, none, false);
    struct bus_archive_figures all = {0};

    while (store_iter_next(iter, &key, &value)) {
        if (key.size == 8)
            continue; /* figures */
        assert_int_equal(key.size, 24);
        all.count++;
        all.size += value.size;
    }
    store_iter_free(iter);
    return all;
}

#define EXPECT_ARCHIVED(test, name, count_)                                                        \
    assert_int_equal(test_archive_figures((test), (name)).count, (count_))

/* ---- replays ---- */

/* Of an archive with its bus' name; for these rules, none: all. */
static inline void test_start_replay(struct test_bus *test, const char *name, const char *bus_name,
                                     const char *archive, uint64_t from_ms, uint64_t to_ms)
{
    CHANGE_OK(test, .kind = BUS_START_REPLAY, .name = bytes_of_text(name),
              .bus_name = bytes_of_text(bus_name), .archive_name = bytes_of_text(archive),
              .from_ms = from_ms, .to_ms = to_ms);
}

static inline enum bus_replay_state test_replay_state(struct test_bus *test, const char *name)
{
    const struct bus_replay *replay = bus_find_replay(test->bus, bytes_of_text(name));

    assert_non_null(replay);
    return replay->state;
}

static inline void test_forget_deliveries(struct test_bus *test)
{
    test->delivery_count = 0;
}

/* What the deliveries since then were, "3 1 2" (numbers of events), all of replay `name`. */
static inline const char *test_replayed(struct test_bus *test, const char *name)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT((size_t)1 << 20);
    struct bytes member = arena_printf(test->arena, ",\"replay-name\":\"%s\",\"resources\":", name);

    for (size_t i = 0; i < test->delivery_count; i++) {
        struct bytes payload = test->deliveries[i].payload;

        assert_int_not_equal(bytes_find(payload, member), SIZE_MAX);
        buffer_printf(&out, "%s%zu", i > 0 ? " " : "", test_number_of(payload));
    }
    return arena_copy_text(test->arena, buffer_bytes(&out));
}

#endif
