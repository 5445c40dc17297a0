/* Tests of mapping/shard.c and cursor.c: shards side by side, children behind
 * their parents, cursors of both. */
#include "mapping_test.h"

#define HALF 0x80000000u

/* ---- a stream whose shards a test closes ---- */

struct closing {
    struct store_work work;
    struct test *test;
    uint32_t number;
    size_t children;
    bool done;
};

/* On the writer's thread, so that whoever sees the positions sees the shards. */
static void close_run(struct store_batch *batch, struct store_work *work)
{
    struct closing *closing = CONTAINER_OF(work, struct closing, work);
    struct test *t = closing->test;
    uint64_t end = store_batch_position(batch), begin = store_batch_position(batch);

    pthread_mutex_lock(&t->shards_mutex);
    for (size_t i = 0, count = t->shard_count; i < count; i++) {
        struct stream_shard *parent = &t->shards[i];

        if (parent->number != closing->number)
            continue;
        parent->end = end;
        for (size_t k = 0; k < closing->children; k++) {
            uint32_t middle = parent->hash_from + (parent->hash_to - parent->hash_from) / 2;
            struct stream_shard child = {.number = t->shards[t->shard_count - 1].number + 1,
                                         .parent = parent->number,
                                         .hash_from = k == 0 ? parent->hash_from : middle + 1,
                                         .hash_to =
                                             k + 1 == closing->children ? parent->hash_to : middle,
                                         .begin = begin,
                                         .end = SHARD_OPEN};

            assert_true(t->shard_count < TEST_SHARDS_MAX);
            t->shards[t->shard_count++] = child;
        }
    }
    pthread_mutex_unlock(&t->shards_mutex);
}

static void close_done(struct store_work *work, enum status status)
{
    assert_int_equal(status, OK);
    CONTAINER_OF(work, struct closing, work)->done = true;
}

/* 0 children: its stream is disabled; 1: it rolls; 2: it splits. */
static void close_shard(struct test *t, uint32_t number, size_t children)
{
    struct closing *closing = ARENA_NEW(t->h->arena, struct closing);

    *closing = (struct closing){.work = {.run = close_run, .done = close_done},
                                .test = t,
                                .number = number,
                                .children = children};
    store_submit(t->h->store, t->h->port, &closing->work);
    HARNESS_UNTIL(t->h, closing->done);
}

static void two_shards(struct test *t)
{
    t->shards[0] = (struct stream_shard){
        .number = 0, .parent = SHARD_NONE, .hash_to = HALF - 1, .end = SHARD_OPEN};
    t->shards[1] = (struct stream_shard){.number = 1,
                                         .parent = SHARD_NONE,
                                         .hash_from = HALF,
                                         .hash_to = UINT32_MAX,
                                         .end = SHARD_OPEN};
    t->shard_count = 2;
}

/* ---- files that a handler looks for ---- */

static void hold(struct test *t, const char *key)
{
    harness_write(t->h, arena_copy_text(t->h->arena, arena_printf(t->h->arena, "hold.%s", key)),
                  "");
}

static void remove_file(struct test *t, const char *name)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s", t->h->folder, name);
    assert_int_equal(unlink(path), 0);
}

static void restart(struct test *t, const struct mapping_settings *settings, const char *handler)
{
    close_mappings(t, 0);
    harness_open_functions(t->h);
    open_mappings(t);
    buffer_clear(&t->h->log);
    put_function(t, "f", handler);
    add(t, settings);
}

/* How many cursors the store has, and which is at most `name`. */
static size_t count_cursors(struct test *t)
{
    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(t->h->store, NULL, STORE_CURSORS, BYTES("mapping/"),
                                             BYTES("mapping0"), false);
    struct bytes key, value;
    size_t count = 0;

    while (store_iter_next(iter, &key, &value))
        count++;
    return count;
}

/* ---- tests ---- */

/* A batch that is held up holds up its shard alone; and a restart repeats that alone. */
static void shards_go_side_by_side(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings = settings_of("f");

    two_shards(t);
    put_function(t, "f", "f.slow");
    add(t, &settings);
    hold(t, "a1");
    write_to_shard(t, 0, "a", 1, 2, 1);
    HARNESS_UNTIL(t->h, logged(t, "begin a1\n"));
    write_to_shard(t, 1, "b", 1, 2, 1);
    HARNESS_UNTIL(t->h, logged(t, "end b2\n"));
    write_to_shard(t, 1, "b", 3, 1, 1);
    HARNESS_UNTIL(t->h, logged(t, "end b3\n"));
    assert_false(logged(t, "end a1\n"));
    assert_int_equal(cursor_of(t), 0);
    assert_true(mappings_busy(t->mappings));
    HARNESS_UNTIL(t->h, count_cursors(t) == 2); /* of the mapping, and of the shard that is ahead */

    uint64_t ahead = 0;

    do { /* until what b3's batch moved is written */
        uv_run(&t->h->loop, UV_RUN_NOWAIT);
        assert_int_equal(stream_cursor_load(t->h->store, BYTES("mapping/7/f/1"), &ahead), OK);
    } while (ahead < 5);
    remove_file(t, "hold.a1");
    restart(t, &settings, "f.slow");
    UNTIL_QUIET(t);
    assert_true(logged(t, "end a2\n"));
    assert_false(logged(t, "begin b1\n"));
    assert_false(logged(t, "begin b3\n"));
    write_to_shard(t, 1, "b", 4, 1, 1);
    UNTIL_QUIET(t);
    assert_true(logged(t, "end b4\n"));
    assert_int_equal(cursor_of(t), store_last_position(t->h->store));
    assert_int_equal(count_cursors(t), 1); /* nobody is ahead any more */
}

static void children_wait_for_their_parent(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings = settings_of("f");
    const char *log;

    put_function(t, "f", "f.slow");
    add(t, &settings);
    hold(t, "a1");
    write_to_shard(t, 0, "a", 1, 1, 1);
    HARNESS_UNTIL(t->h, logged(t, "begin a1\n"));
    write_to_shard(t, 0, "a", 2, 1, 1);
    close_shard(t, 0, 2);
    write_to_shard(t, 1, "a", 3, 1, 1);
    write_to_shard(t, 2, "b", 1, 1, 1);
    close_shard(t, 1, 1);
    write_to_shard(t, 3, "a", 4, 1, 1);
    assert_true(mappings_busy(t->mappings));
    assert_false(logged(t, "begin b1\n"));
    remove_file(t, "hold.a1");
    UNTIL_QUIET(t);
    log = harness_log_text(t->h);
    assert_true(strstr(log, "end a1\n") < strstr(log, "begin a2\n"));
    assert_true(strstr(log, "end a2\n") < strstr(log, "begin a3\n"));
    assert_true(strstr(log, "end a2\n") < strstr(log, "begin b1\n"));
    assert_true(strstr(log, "end a3\n") < strstr(log, "begin a4\n"));
    assert_int_equal(cursor_of(t), store_last_position(t->h->store));
    assert_int_equal(count_cursors(t), 1);
    /* nothing of all that comes again */
    restart(t, &settings, "f.slow");
    UNTIL_QUIET(t);
    assert_false(logged(t, "begin"));
    write_to_shard(t, 3, "a", 5, 1, 1);
    UNTIL_QUIET(t);
    assert_true(logged(t, "end a5\n"));
}

/* Shards without a record, one after the other, hold nobody up. */
static void empty_shards_are_passed(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings = settings_of("f");

    put_function(t, "f", "f.handler");
    add(t, &settings);
    for (uint32_t number = 0; number < 5; number++)
        close_shard(t, number, 1);
    UNTIL_QUIET(t);
    write_to_shard(t, 5, "a", 1, 1, 1);
    UNTIL_QUIET(t);
    assert_string_equal(batches(t), "1|");
    for (uint32_t number = 5; number < 9; number++) /* while nobody reads */
        close_shard(t, number, 1);
    restart(t, &settings, "f.handler");
    write_to_shard(t, 9, "a", 2, 1, 1);
    UNTIL_QUIET(t);
    assert_string_equal(batches(t), "2|");
}

/* Stopped in the middle of a family: the parent's rest first, then its children. */
static void a_restart_goes_on_in_the_parent(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings = settings_of("f");

    put_function(t, "f", "f.handler");
    settings.batch_size = 2;
    add(t, &settings);
    harness_write(t->h, "fail.3", "");
    write_to_shard(t, 0, "a", 1, 4, 1);
    HARNESS_UNTIL(t->h, logged(t, "batch 3,4"));
    close_shard(t, 0, 2);
    write_to_shard(t, 1, "a", 5, 1, 1);
    close_shard(t, 1, 1);
    write_to_shard(t, 3, "a", 6, 2, 1);
    HARNESS_UNTIL(t->h, cursor_of(t) == 2);
    remove_file(t, "fail.3");
    restart(t, &settings, "f.handler");
    UNTIL_QUIET(t);
    assert_string_equal(batches(t), "3,4|5|6,7|");
    assert_int_equal(cursor_of(t), store_last_position(t->h->store));
    assert_int_equal(count_cursors(t), 1);
}

static void a_new_mapping_on_an_old_stream(void **state)
{
    struct test *t = *state;
    struct mapping_settings latest = settings_of("latest"), first = settings_of("first");

    put_function(t, "latest", "f.handler");
    put_function(t, "first", "f.handler");
    write_to_shard(t, 0, "a", 1, 1, 1);
    close_shard(t, 0, 1);
    write_to_shard(t, 1, "a", 2, 1, 1);
    add(t, &latest);
    UNTIL_QUIET(t);
    assert_string_equal(batches(t), "");
    first.trim_horizon = true;
    add(t, &first);
    UNTIL_QUIET(t);
    assert_string_equal(batches(t), "1|2|");
    close_shard(t, 1, 1);
    write_to_shard(t, 2, "a", 3, 1, 1);
    UNTIL_QUIET(t);
    assert_string_equal(batches(t), "1|2|3|3|");
}

/* A stream that is disabled: its shards end, all is handed over, and nothing waits for more. */
static void a_stream_that_ends(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings = settings_of("f");

    two_shards(t);
    put_function(t, "f", "f.handler");
    add(t, &settings);
    write_to_shard(t, 0, "a", 1, 1, 1);
    write_to_shard(t, 1, "b", 2, 1, 1);
    close_shard(t, 0, 0);
    close_shard(t, 1, 0);
    UNTIL_QUIET(t);
    assert_true(text_has(batches(t), "1|") && text_has(batches(t), "2|"));
    restart(t, &settings, "f.handler");
    UNTIL_QUIET(t);
    assert_string_equal(batches(t), "");
}

/* Not read for so long that a closed shard, with its records, is gone: its child goes on. */
static void a_shard_that_is_gone(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings = settings_of("f");

    put_function(t, "f", "f.handler");
    add(t, &settings);
    harness_write(t->h, "fail.1", "");
    write_to_shard(t, 0, "a", 1, 1, 1);
    HARNESS_UNTIL(t->h, logged(t, "batch 1"));
    close_shard(t, 0, 1);
    close_mappings(t, 0);
    pthread_mutex_lock(&t->shards_mutex);
    t->shards[0] = t->shards[1];
    t->shard_count = 1;
    pthread_mutex_unlock(&t->shards_mutex);
    harness_open_functions(t->h);
    open_mappings(t);
    buffer_clear(&t->h->log);
    put_function(t, "f", "f.handler");
    add(t, &settings);
    write_to_shard(t, 1, "a", 2, 1, 1);
    UNTIL_QUIET(t);
    assert_string_equal(batches(t), "2|");
}

/* ---- random families ---- */

#define KEYS 6
#define STEPS 120

struct family {
    struct test *t;
    uint64_t random;
    size_t written[KEYS]; /* the last number of each key */
};

static uint64_t draw(struct family *f, uint64_t below)
{
    f->random ^= f->random << 13;
    f->random ^= f->random >> 7;
    f->random ^= f->random << 17;
    return f->random % below;
}

static void write_some(struct family *f)
{
    static const char *const names[KEYS] = {"a", "b", "c", "d", "e", "f"};
    size_t key = draw(f, KEYS), count = 1 + draw(f, 3);
    uint32_t number =
        shards_of_hash(f->t->shards, f->t->shard_count, shard_hash(bytes_of_text(names[key])))
            ->number;

    write_to_shard(f->t, number, names[key], f->written[key] + 1, count, 1);
    f->written[key] += count;
}

static void close_some(struct family *f, size_t children)
{
    const struct test *t = f->t;
    uint32_t hash = (uint32_t)draw(f, UINT32_MAX);

    if (t->shard_count + children < TEST_SHARDS_MAX)
        close_shard(f->t, shards_of_hash(t->shards, t->shard_count, hash)->number, children);
}

/* Each key's records in order; once handed over, a restart may repeat some, and then goes on. */
static void check_keys(struct family *f)
{
    const char *log = harness_log_text(f->t->h);
    size_t seen[KEYS] = {0};

    for (const char *at = log; (at = strstr(at, " end ")) != NULL; at++) {
        size_t key = (size_t)(at[5] - 'a'), number = (size_t)strtoul(at + 6, NULL, 10);

        assert_true(key < KEYS);
        if (number > seen[key] + 1)
            fail_msg("%c%zu before %c%zu", at[5], number, at[5], seen[key] + 1);
        if (number == seen[key] + 1)
            seen[key]++;
    }
    for (size_t key = 0; key < KEYS; key++)
        assert_int_equal(seen[key], f->written[key]);
}

static void a_history(void **state)
{
    struct test *t = *state;
    const char *given = getenv("TEST_SEED");
    struct family f = {.t = t, .random = clock_monotonic_ns() | 1};
    struct mapping_settings settings = settings_of("f");

    if (given != NULL && !bytes_to_uint64(bytes_of_text(given), &f.random))
        fail_msg("TEST_SEED is a number");
    print_message("TEST_SEED=%llu\n", (unsigned long long)f.random);
    settings.batch_size = 3;
    settings.parallelization_factor = 2;
    put_function(t, "f", "f.slow");
    add(t, &settings);
    for (size_t i = 0; i < STEPS; i++) {
        uint64_t what = draw(&f, 20);

        if (what < 12) {
            write_some(&f);
        } else if (what < 15) {
            close_some(&f, 1);
        } else if (what < 17) {
            close_some(&f, 2);
        } else if (what < 19) {
            uv_run(&t->h->loop, UV_RUN_NOWAIT);
        } else {
            close_mappings(t, 0);
            harness_open_functions(t->h);
            open_mappings(t);
            put_function(t, "f", "f.slow");
            add(t, &settings);
        }
    }
    UNTIL_QUIET(t);
    check_keys(&f);
    restart(t, &settings, "f.slow"); /* all of that is durable */
    UNTIL_QUIET(t);
    assert_false(logged(t, "begin"));
}

/* With notes of where records are, shards without news are not read, and those with news are. */
static void notes_hide_nothing(void **state)
{
    struct test *t = *state;
    struct mapping_settings settings = settings_of("f");

    put_function(t, "f", "f.handler");
    two_shards(t);
    write_to_shard(t, 1, "b", 1, 1, 1); /* before notes are kept */
    streams_keep_notes(t->streams);
    settings.trim_horizon = true;
    settings.batch_size = 1;
    add(t, &settings);
    UNTIL_QUIET(t);
    for (size_t i = 2; i < 6; i++) {
        write_to_shard(t, i % 2, "x", i, 1, 1);
        UNTIL_QUIET(t);
    }
    close_shard(t, 0, 1);
    write_to_shard(t, 2, "x", 6, 1, 1); /* its child */
    UNTIL_QUIET(t);
    assert_string_equal(batches(t), "1|2|3|4|5|6|");
    assert_int_equal(cursor_of(t), store_last_position(t->h->store));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(shards_go_side_by_side),
        TEST(children_wait_for_their_parent),
        TEST(empty_shards_are_passed),
        TEST(a_restart_goes_on_in_the_parent),
        TEST(a_new_mapping_on_an_old_stream),
        TEST(a_stream_that_ends),
        TEST(a_shard_that_is_gone),
        TEST(notes_hide_nothing),
        TEST(a_history),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
