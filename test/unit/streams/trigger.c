/* The built-in trigger: records become events exactly once, over failures, stops and restarts. The
 * door here writes each event under a key of its own, in the batch that moves the cursor, as the
 * bus does. */
#include "streams/streams_test.h"

#include "streams/trigger.h"
#include "vault/vault_test.h"

#define STREAM 1
#define NAME BYTES("trigger/test")
#define MANY (TRIGGER_BATCH_MAX + 20)

/* ---- a bus ---- */

struct door {
    struct test_streams *t;
    struct test_work work;
    struct trigger_put *put; /* under way: the first of its batch */
    size_t puts, pages, changes;
    bool holds;          /* the put waits for release() */
    size_t failures;     /* so many puts fail first */
    size_t fails_behind; /* not 0: pages behind so many can't be written, once */
    struct vault *vault; /* NULL: no log is private */
    /* begin() */
    bool begins;     /* nobody waits for the batch */
    bool keeps_each; /* a page as often as it has events */
    size_t begun_count;
    struct trigger_put *kept[8]; /* until let_go() */
    size_t kept_count, ended_count;
    char begun[1024]; /* the numbers of the events, in order */
};

/* Sealed where a log is private, as the bus does. */
static void write_event(struct store_batch *batch, struct door *door, struct arena *arena,
                        struct bytes text)
{
    struct bytes sealed;
    uint8_t key[8];

    assert_int_equal(vault_seal_text(door->vault, batch, arena, text, &sealed), OK);
    bytes_put_u64(key, store_batch_position(batch));
    store_batch_put(batch, STORE_EVENTS, bytes_of(key, sizeof key),
                    sealed.size > 0 ? sealed : text);
}

static void write_events(struct store_batch *batch, struct test_work *work)
{
    struct door *door = work->context;

    struct trigger_put *last = NULL;
    size_t written = 0;

    if (door->failures > 0)
        return;
    for (struct trigger_put *put = door->put; put != NULL; put = put->next) {
        if (door->fails_behind > 0 && written == door->fails_behind)
            break;
        for (size_t i = 0; i < put->count; i++)
            write_event(batch, door, put->arena, put->events[i].detail);
        last = put;
        written++;
    }
    door->put->also(batch, last);
}

static void written(struct store_work *work, enum status status)
{
    struct test_work *test = CONTAINER_OF(work, struct test_work, work);
    struct door *door = test->context;
    struct trigger_put *put = door->put, *last = put;
    size_t written = 1;

    door->put = NULL;
    while (last->next != NULL && written != door->fails_behind) {
        last = last->next;
        written++;
    }
    if (door->failures > 0) {
        door->failures--;
        status = IO_ERROR;
        last = NULL;
    } else if (last->next != NULL) {
        door->fails_behind = 0;
        status = IO_ERROR;
    }
    put->done(put, last, status);
}

static void release(struct door *door)
{
    door->work = (struct test_work){.body = write_events, .context = door};
    test_submit(&door->t->loop, &door->work);
    door->work.work.done = written;
}

static void put_events(void *context, struct trigger_put *put)
{
    struct door *door = context;

    assert_null(door->put); /* one at a time */
    door->put = put;
    door->puts++;
    door->pages = 0;
    for (; put != NULL; put = put->next) {
        assert_true(put->count <= TRIGGER_BATCH_MAX);
        door->pages++;
    }
    if (!door->holds)
        release(door);
}

/* As functions do: each event is noted, and the page is kept once. */
static bool begin(void *context, struct trigger_put *put, size_t *ret_kept)
{
    struct door *door = context;

    door->begun_count += put->count;
    for (size_t i = 0; i < put->count && !door->keeps_each; i++) {
        struct bytes detail = put->events[i].detail;
        size_t at = bytes_find(detail, BYTES("\"sk\":")), size = strlen(door->begun);

        assert_true(size + 2 < sizeof door->begun);
        door->begun[size] = (char)detail.ptr[at + 5];
    }
    *ret_kept = door->begins ? door->keeps_each ? put->count : 1 : 0;
    if (door->begins) {
        assert_true(door->kept_count < ARRAY_COUNT(door->kept));
        door->kept[door->kept_count++] = put;
    }
    return door->begins;
}

/* What began has ended well. */
static void end_begun(struct door *door)
{
    for (; door->ended_count < door->kept_count; door->ended_count++)
        door->kept[door->ended_count]->ended_well(door->kept[door->ended_count]);
}

static void let_go(struct door *door)
{
    door->ended_count = 0;
    for (size_t i = 0; i < door->kept_count; i++)
        for (size_t left = door->keeps_each ? door->kept[i]->count : 1; left > 0; left--)
            door->kept[i]->released(door->kept[i]);
    door->kept_count = 0;
}

static void changed(void *context)
{
    struct door *door = context;

    door->changes++;
}

/* ---- a trigger on it ---- */

struct triggered {
    struct test_streams t;
    struct door door;
    struct trigger *trigger;
};

static void start_trigger(struct triggered *s)
{
    const struct trigger_door door = {.context = &s->door,
                                      .begin = s->door.begins ? begin : NULL,
                                      .put = put_events,
                                      .changed = changed};

    s->door.t = &s->t;
    s->trigger = trigger_new(s->t.streams, s->t.store, s->t.timers, NAME, STREAM, 0, &door);
}

static void open_triggered(struct triggered *s, const char *folder)
{
    *s = (struct triggered){0};
    test_streams_open(&s->t, folder);
    start_trigger(s);
}

static void settle(struct triggered *s)
{
    for (size_t i = 0; i < 8; i++) /* a put, the page after it, and so on */
        test_streams_settle(&s->t);
}

static void stop_trigger(struct triggered *s)
{
    while (!trigger_stop(s->trigger))
        test_streams_turn(&s->t);
    trigger_free(s->trigger);
}

static void close_triggered(struct triggered *s)
{
    stop_trigger(s);
    test_streams_close(&s->t);
}

static size_t count_events(struct triggered *s, struct bytes *ret_last)
{
    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(
        s->t.store, NULL, STORE_EVENTS, (struct bytes){NULL, 0}, (struct bytes){NULL, 0}, false);
    struct bytes key, value;
    size_t count = 0;

    while (store_iter_next(iter, &key, &value)) {
        if (ret_last != NULL)
            *ret_last = arena_copy(s->t.arena, value);
        count++;
    }
    return count;
}

static uint64_t cursor_of(struct triggered *s)
{
    uint64_t position = 0;

    return stream_cursor_load(s->t.store, NAME, &position) == OK ? position : 0;
}

#define EVENT(n)                                                                                   \
    "{\"pk\":{\"S\":\"users#12#stream\"},\"sk\":{\"N\":\"" #n "\"},\"log\":{\"S\":\"users\"},"     \
    "\"type\":{\"S\":\"signup\"},\"payload\":{\"M\":{\"id\":{\"S\":\"12\"},\"n\":{\"N\":\"" #n     \
    "\"}}}}"

static void expect_detail(struct triggered *s, const char *image, const char *expected)
{
    struct bytes last = {NULL, 0};
    size_t before = count_events(s, NULL);

    test_event(&s->t, STREAM, image);
    settle(s);
    assert_int_equal(count_events(s, &last), before + 1);
    if (!bytes_equal_text(last, expected))
        fail_msg("expected: %s\nanswered: %.*s", expected, BYTES_ARG(last));
}

/* ---- what becomes of a record ---- */

static void test_detail(void **state)
{
    struct triggered s;

    (void)state;
    open_triggered(&s, NULL);
    expect_detail(
        &s, EVENT(1),
        "{\"log\":\"users\",\"key\":{\"pk\":\"users#12#stream\",\"sk\":1},\"type\":\"signup\","
        "\"payload\":{\"id\":\"12\",\"n\":1}}");
    /* what the event says of itself */
    expect_detail(&s,
                  "{\"pk\":{\"S\":\"a#1#stream\"},\"meta\":{\"M\":{\"id\":{\"S\":\"e\"},"
                  "\"time\":{\"N\":\"7\"}}}}",
                  "{\"key\":{\"pk\":\"a#1#stream\"},\"meta\":{\"id\":\"e\",\"time\":7}}");
    /* members that the item does not have are left out */
    expect_detail(&s, "{\"pk\":{\"S\":\"a#1#stream\"}}", "{\"key\":{\"pk\":\"a#1#stream\"}}");
    /* whatever the types */
    expect_detail(
        &s,
        "{\"pk\":{\"S\":\"a#1#stream\"},\"sk\":{\"S\":\"x\"},\"log\":{\"NULL\":true},"
        "\"payload\":{\"L\":[{\"BOOL\":false}]}}",
        "{\"log\":null,\"key\":{\"pk\":\"a#1#stream\",\"sk\":\"x\"},\"payload\":[false]}");
    close_triggered(&s);
}

static void test_skipped(void **state)
{
    static const char *const images[] = {
        "{\"pk\":{\"S\":\"users#12\"}}",
        "{\"pk\":{\"S\":\"#stream#\"}}",
        "{\"pk\":{\"N\":\"1\"}}",
        "{\"id\":{\"S\":\"a#1#stream\"}}",
        "nonsense",
    };
    struct triggered s;

    (void)state;
    open_triggered(&s, NULL);
    for (size_t i = 0; i < ARRAY_COUNT(images); i++)
        test_event(&s.t, STREAM, images[i]);
    test_record(&s.t, &(struct change){.stream_id = STREAM,
                                       .kind = CHANGE_REMOVE,
                                       .keys = BYTES("{}"),
                                       .old_image = BYTES(EVENT(1))});
    test_record(&s.t, &(struct change){.stream_id = STREAM, /* a stream of keys only */
                                       .kind = CHANGE_INSERT,
                                       .keys = BYTES("{\"pk\":{\"S\":\"a#1#stream\"}}")});
    test_event(&s.t, STREAM + 1, EVENT(1)); /* of another table */
    settle(&s);
    assert_int_equal(count_events(&s, NULL), 0);
    assert_false(trigger_busy(s.trigger));
    test_record(&s.t, &(struct change){.stream_id = STREAM, /* a change counts as well */
                                       .kind = CHANGE_MODIFY,
                                       .keys = BYTES("{}"),
                                       .new_image = BYTES(EVENT(2)),
                                       .old_image = BYTES(EVENT(1))});
    settle(&s);
    assert_int_equal(count_events(&s, NULL), 1);
    close_triggered(&s);
}

/* What would pass EventBridge's limit is told without its payload, but for its id. */
static void test_too_large(void **state)
{
    static const char head[] =
        "{\"pk\":{\"S\":\"a#1#stream\"},\"payload\":{\"M\":{\"id\":{\"S\":\"";
    AUTO(buffer_free) struct buffer image = BUFFER_INIT(1024 * 1024);
    struct triggered s;

    (void)state;
    open_triggered(&s, NULL);
    buffer_printf(&image, "%s12\"},\"b\":{\"S\":\"", head);
    for (size_t i = 0; i < TRIGGER_DETAIL_SIZE_MAX; i++)
        buffer_append_byte(&image, 'b');
    buffer_printf(&image, "\"}}}}%c", 0);
    expect_detail(&s, (const char *)image.ptr,
                  "{\"key\":{\"pk\":\"a#1#stream\"},\"partial\":true,\"payload\":{\"id\":\"12\"}}");
    buffer_clear(&image); /* an id that is too large itself */
    buffer_append_text(&image, head);
    for (size_t i = 0; i < TRIGGER_DETAIL_SIZE_MAX; i++)
        buffer_append_byte(&image, 'b');
    buffer_printf(&image, "\"}}}}%c", 0);
    expect_detail(&s, (const char *)image.ptr,
                  "{\"key\":{\"pk\":\"a#1#stream\"},\"partial\":true,\"payload\":{}}");
    close_triggered(&s);
}

/* Every attribute may be larger than an event. */
static void test_large_members(void **state)
{
    AUTO(buffer_free) struct buffer image = BUFFER_INIT(1024 * 1024);
    struct triggered s;

    (void)state;
    open_triggered(&s, NULL);
    buffer_append_text(
        &image, "{\"pk\":{\"S\":\"a#1#stream\"},\"log\":{\"S\":\"users\"},\"type\":{\"S\":\"");
    for (size_t i = 0; i < TRIGGER_DETAIL_SIZE_MAX; i++)
        buffer_append_byte(&image, 't');
    buffer_printf(&image, "\"}}%c", 0);
    expect_detail(&s, (const char *)image.ptr,
                  "{\"key\":{\"pk\":\"a#1#stream\"},\"partial\":true,\"payload\":{}}");
    buffer_clear(&image); /* a table whose key is another attribute */
    buffer_append_text(&image, "{\"pk\":{\"S\":\"");
    for (size_t i = 0; i < TRIGGER_DETAIL_SIZE_MAX; i++)
        buffer_append_byte(&image, 'p');
    buffer_printf(&image, "#stream\"}}%c", 0);
    expect_detail(&s, (const char *)image.ptr, "{\"partial\":true,\"payload\":{}}");
    close_triggered(&s);
}

/* ---- exactly once ---- */

static void write_burst(struct store_batch *batch, struct test_work *work)
{
    for (size_t i = 0; i < MANY; i++) {
        AUTO(buffer_free) struct buffer value = BUFFER_INIT(4096);
        uint8_t key[CHANGE_KEY_SIZE];
        struct change change = {.stream_id = STREAM,
                                .position = store_batch_position(batch),
                                .kind = CHANGE_INSERT,
                                .time_ms = TEST_NOW_MS,
                                .keys = BYTES("{}"),
                                .new_image = BYTES(EVENT(1))};

        change_encode_key(key, STREAM, 0, change.position);
        change_encode(&value, &change);
        store_batch_put(batch, STORE_CHANGES, bytes_of(key, sizeof key), buffer_bytes(&value));
    }
    work->position = MANY;
}

static void test_several_pages(void **state)
{
    struct triggered s;
    struct test_work burst = {.body = write_burst};

    (void)state;
    open_triggered(&s, NULL);
    test_streams_do(&s.t, &burst);
    settle(&s);
    assert_int_equal(count_events(&s, NULL), MANY);
    assert_int_equal(s.door.puts, 2);
    assert_false(trigger_busy(s.trigger));
    close_triggered(&s);
}

/* Two events of user 12, and then those of 2, 3 ... */
static void expect_events(struct triggered *s, size_t count)
{
    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(
        s->t.store, NULL, STORE_EVENTS, (struct bytes){NULL, 0}, (struct bytes){NULL, 0}, false);
    struct bytes key, value;
    size_t seen = 0;

    while (store_iter_next(iter, &key, &value)) {
        char part[32];

        snprintf(part, sizeof part, "users#%zu#", seen < 2 ? 12 : seen);
        if (bytes_find(value, bytes_of_text(part)) == SIZE_MAX)
            fail_msg("%zu: %.*s", seen, BYTES_ARG(value));
        seen++;
    }
    assert_int_equal(seen, 2 + count);
}

/* Shards that close meanwhile, and their children: one run of events, in the order of the writes.
 */
static void test_shards(void **state)
{
    struct stream_shard shards[] = {
        {.number = 0, .parent = SHARD_NONE, .hash_to = UINT32_MAX, .end = SHARD_OPEN},
        {.number = 1, .parent = 0, .hash_to = 9, .end = SHARD_OPEN},
        {.number = 2, .parent = 0, .hash_from = 10, .hash_to = UINT32_MAX, .end = SHARD_OPEN},
    };
    static const uint16_t after_split[] = {2, 1, 1, 2, 1};
    struct triggered s;

    (void)state;
    open_triggered(&s, NULL);
    s.t.shards = shards;
    s.t.shard_count = 1;
    s.door.holds = true;
    test_event(&s.t, STREAM, EVENT(0));
    settle(&s);
    test_event(&s.t, STREAM, EVENT(1)); /* while a put is under way */
    shards[0].end = test_other_write(&s.t);
    shards[1].begin = shards[2].begin = test_other_write(&s.t);
    s.t.shard_count = ARRAY_COUNT(shards);
    for (size_t i = 0; i < ARRAY_COUNT(after_split); i++) {
        char image[256];

        snprintf(image, sizeof image, "{\"pk\":{\"S\":\"users#%zu#stream\"},\"sk\":{\"N\":\"1\"}}",
                 i + 2);
        test_record(&s.t, &(struct change){.stream_id = STREAM,
                                           .shard = after_split[i],
                                           .kind = CHANGE_INSERT,
                                           .keys = BYTES("{}"),
                                           .new_image = bytes_of_text(image)});
    }
    s.door.holds = false;
    release(&s.door);
    settle(&s);
    expect_events(&s, ARRAY_COUNT(after_split));
    assert_false(trigger_busy(s.trigger));
    close_triggered(&s);
}

/* ---- targets that begin before the batch ---- */

static void open_beginning(struct triggered *s, const char *folder)
{
    *s = (struct triggered){.door = {.begins = true}};
    test_streams_open(&s->t, folder);
    start_trigger(s);
}

/* Records that came within TRIGGER_WAIT_MS are one batch, and drain waits for it. */
static void test_begins(void **state)
{
    struct triggered s;

    (void)state;
    open_beginning(&s, NULL);
    test_event(&s.t, STREAM, EVENT(1));
    settle(&s);
    test_event(&s.t, STREAM, EVENT(2));
    settle(&s);
    assert_string_equal(s.door.begun, "12");
    assert_int_equal(s.door.puts, 0);
    assert_true(trigger_busy(s.trigger)); /* a drain has to wait for them */
    end_begun(&s.door);
    test_streams_advance(&s.t, TRIGGER_WAIT_MS - 1);
    assert_int_equal(s.door.puts, 0);
    test_streams_advance(&s.t, 1);
    settle(&s);
    assert_int_equal(s.door.puts, 1);
    assert_int_equal(s.door.pages, 2);
    assert_int_equal(count_events(&s, NULL), 2);
    assert_false(trigger_busy(s.trigger));
    assert_string_equal(s.door.begun, "12");
    test_event(&s.t, STREAM, EVENT(3));
    settle(&s);
    trigger_hurry(s.trigger); /* a drain waits */
    settle(&s);
    assert_int_equal(s.door.puts, 2);
    assert_false(trigger_busy(s.trigger));
    let_go(&s.door);
    close_triggered(&s);
}

/* A page that somebody waits for takes those before it along; what comes while a batch is under way
 * begins at once, and waits for the next one. */
static void test_begins_in_order(void **state)
{
    struct triggered s;

    (void)state;
    open_beginning(&s, NULL);
    s.door.holds = true;
    test_event(&s.t, STREAM, EVENT(1));
    settle(&s);
    s.door.begins = false;
    test_event(&s.t, STREAM, EVENT(2));
    settle(&s);
    assert_int_equal(s.door.puts, 1);
    assert_int_equal(s.door.pages, 2);
    s.door.begins = true;
    test_event(&s.t, STREAM, EVENT(3));
    settle(&s);
    assert_string_equal(s.door.begun, "123");
    release(&s.door);
    settle(&s);
    assert_int_equal(count_events(&s, NULL), 2);
    assert_int_equal(s.door.puts, 1);
    s.door.holds = false;
    end_begun(&s.door);
    test_streams_advance(&s.t, TRIGGER_WAIT_MS);
    settle(&s);
    assert_int_equal(count_events(&s, NULL), 3);
    let_go(&s.door);
    close_triggered(&s);
}

/* What has ended is written before what has not; that is written when it is late, or when somebody
 * waits for it. */
static void test_begins_and_ends(void **state)
{
    struct triggered s;

    (void)state;
    open_beginning(&s, NULL);
    for (int i = 0; i < 3; i++) {
        test_event(&s.t, STREAM, EVENT(1));
        settle(&s);
        if (i == 0)
            end_begun(&s.door);
    }
    s.door.kept[2]->ended_well(s.door.kept[2]); /* the one before it has not */
    test_streams_advance(&s.t, TRIGGER_WAIT_MS);
    settle(&s);
    assert_int_equal(s.door.puts, 1);
    assert_int_equal(count_events(&s, NULL), 1);
    for (uint64_t ms = TRIGGER_WAIT_MS; ms < TRIGGER_LATE_MS; ms += TRIGGER_WAIT_MS) {
        assert_int_equal(s.door.puts, 1);
        assert_true(trigger_busy(s.trigger));
        test_streams_advance(&s.t, TRIGGER_WAIT_MS);
        settle(&s);
    }
    assert_int_equal(s.door.puts, 2);
    assert_int_equal(count_events(&s, NULL), 3);
    assert_false(trigger_busy(s.trigger));
    let_go(&s.door);
    close_triggered(&s);
}

/* Targets that are slower than the records are not flooded: the next page waits until half of what
 * began has ended. Those that stand still hold up nobody for long. */
static void test_full(void **state)
{
    struct test_work burst = {.body = write_burst};
    struct triggered s;

    (void)state;
    assert_true(MANY > TRIGGER_BEGUN_MAX && MANY < 2 * TRIGGER_BEGUN_MAX + 10);
    open_beginning(&s, NULL);
    s.door.keeps_each = true;
    test_streams_do(&s.t, &burst);
    settle(&s);
    assert_int_equal(s.door.begun_count, TRIGGER_BEGUN_MAX);
    for (size_t i = 0; i < TRIGGER_BEGUN_MAX / 2 - 1; i++)
        s.door.kept[0]->ended_well(s.door.kept[0]);
    test_event(&s.t, STREAM, EVENT(1));
    test_streams_advance(&s.t, 0);
    assert_int_equal(s.door.begun_count, TRIGGER_BEGUN_MAX);
    s.door.kept[0]->ended_well(s.door.kept[0]);
    assert_int_equal(s.door.begun_count, TRIGGER_BEGUN_MAX); /* not within that call */
    test_streams_advance(&s.t, 0);
    assert_int_equal(s.door.begun_count, TRIGGER_BEGUN_MAX / 2 * 3);
    for (uint64_t ms = 0; ms <= TRIGGER_SLOW_MS + TRIGGER_LATE_MS; ms += TRIGGER_WAIT_MS) {
        test_streams_advance(&s.t, TRIGGER_WAIT_MS);
        settle(&s);
    }
    assert_int_equal(s.door.begun_count, MANY + 1);
    assert_int_equal(count_events(&s, NULL), MANY + 1);
    assert_false(trigger_busy(s.trigger));
    close_triggered(&s);
    let_go(&s.door);
}

/* No event begins twice in one life: what could not be written is written later, as it is. */
static void test_begun_failure(void **state)
{
    struct triggered s;

    (void)state;
    open_beginning(&s, NULL);
    s.door.failures = 1;
    s.door.fails_behind = 1;
    for (int i = 0; i < 2; i++) {
        test_event(&s.t, STREAM, EVENT(1));
        settle(&s);
    }
    end_begun(&s.door);
    test_streams_advance(&s.t, TRIGGER_WAIT_MS);
    settle(&s);
    assert_int_equal(cursor_of(&s), 0);
    test_streams_advance(&s.t, 1000);
    settle(&s);
    assert_int_equal(count_events(&s, NULL), 1); /* the second page had to wait again */
    assert_true(trigger_busy(s.trigger));
    test_streams_advance(&s.t, 1000);
    settle(&s);
    assert_int_equal(count_events(&s, NULL), 2);
    assert_string_equal(s.door.begun, "11");
    assert_false(trigger_busy(s.trigger));
    let_go(&s.door);
    close_triggered(&s);
}

/* A crash before the batch: the next life begins with them again, and writes them once. A stop
 * writes them first. */
static void test_begun_restart(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    struct triggered s;

    (void)state;
    test_folder_make(folder);
    open_beginning(&s, folder);
    test_event(&s.t, STREAM, EVENT(1));
    settle(&s);
    assert_string_equal(s.door.begun, "1");
    trigger_free(s.trigger); /* as if it had been killed: nothing was written */
    let_go(&s.door);         /* whoever keeps a page may do so longer than the trigger lives */
    assert_int_equal(count_events(&s, NULL), 0);
    start_trigger(&s);
    settle(&s);
    assert_string_equal(s.door.begun, "11");
    let_go(&s.door);
    stop_trigger(&s);
    assert_int_equal(count_events(&s, NULL), 1);
    start_trigger(&s);
    settle(&s);
    assert_string_equal(s.door.begun, "11");
    assert_false(trigger_busy(s.trigger));
    close_triggered(&s);
    test_folder_remove(folder);
}

/* While the disk is slow, no more than so many pages wait in memory; those behind get longer. */
static void test_pages_max(void **state)
{
    struct triggered s;

    (void)state;
    open_triggered(&s, NULL);
    s.door.holds = true;
    for (size_t i = 0; i < TRIGGER_PAGES_MAX + 5; i++) {
        test_event(&s.t, STREAM, EVENT(1));
        settle(&s);
    }
    s.door.holds = false;
    release(&s.door);
    settle(&s);
    assert_int_equal(count_events(&s, NULL), TRIGGER_PAGES_MAX + 5);
    /* the first alone; those that were read, and the rest in one page */
    assert_int_equal(s.door.puts, 2);
    assert_int_equal(s.door.pages, TRIGGER_PAGES_MAX);
    assert_false(trigger_busy(s.trigger));
    close_triggered(&s);
}

/* A put that fails is tried again a second later, with the same records. */
static void test_failure(void **state)
{
    struct triggered s;

    (void)state;
    open_triggered(&s, NULL);
    s.door.failures = 2;
    test_event(&s.t, STREAM, EVENT(1));
    settle(&s);
    assert_int_equal(count_events(&s, NULL), 0);
    assert_int_equal(cursor_of(&s), 0);
    assert_true(trigger_busy(s.trigger));
    test_event(&s.t, STREAM, EVENT(2)); /* meanwhile: it waits its turn */
    settle(&s);
    assert_int_equal(s.door.puts, 1);
    test_streams_advance(&s.t, 999);
    assert_int_equal(s.door.puts, 1);
    test_streams_advance(&s.t, 1);
    assert_int_equal(s.door.puts, 2);
    assert_int_equal(count_events(&s, NULL), 0);
    test_streams_advance(&s.t, 1000);
    settle(&s);
    assert_int_equal(count_events(&s, NULL), 2);
    assert_int_equal(s.door.puts, 3);
    assert_false(trigger_busy(s.trigger));
    close_triggered(&s);
}

static void test_restart(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    struct triggered s;

    (void)state;
    test_folder_make(folder);
    open_triggered(&s, folder);
    test_event(&s.t, STREAM, EVENT(1));
    settle(&s);
    stop_trigger(&s);
    test_event(&s.t, STREAM, EVENT(2)); /* nobody is there to see it */
    test_streams_stop(&s.t);
    test_streams_start(&s.t);
    start_trigger(&s);
    settle(&s);
    assert_int_equal(count_events(&s, NULL), 2);
    stop_trigger(&s);
    test_streams_stop(&s.t);
    test_streams_start(&s.t);
    start_trigger(&s);
    settle(&s);
    assert_int_equal(count_events(&s, NULL), 2); /* nothing twice */
    close_triggered(&s);
    test_folder_remove(folder);
}

/* A new trigger starts where it is told to, an old one where its cursor stands. */
static void test_from(void **state)
{
    struct triggered s = {0};
    const struct trigger_door door = {.context = &s.door, .put = put_events, .changed = changed};
    uint64_t first = 0;

    (void)state;
    test_streams_open(&s.t, NULL);
    s.door.t = &s.t;
    first = test_event(&s.t, STREAM, EVENT(1));
    test_event(&s.t, STREAM, EVENT(2));
    s.trigger = trigger_new(s.t.streams, s.t.store, s.t.timers, NAME, STREAM, first, &door);
    settle(&s);
    assert_int_equal(count_events(&s, NULL), 1);
    stop_trigger(&s);
    s.trigger = trigger_new(s.t.streams, s.t.store, s.t.timers, NAME, STREAM, 0, &door);
    settle(&s);
    assert_int_equal(count_events(&s, NULL), 1);
    close_triggered(&s);
}

/* Closed for more than a day: what is left is still handed over. */
static void test_trimmed(void **state)
{
    struct triggered s;

    (void)state;
    open_triggered(&s, NULL);
    stop_trigger(&s);
    test_event(&s.t, STREAM, EVENT(1));
    test_streams_advance(&s.t, STREAM_RETENTION_MS);
    test_event(&s.t, STREAM, EVENT(2));
    test_streams_advance(&s.t, STREAM_TRIM_INTERVAL_MS);
    start_trigger(&s);
    settle(&s);
    test_streams_advance(&s.t, 1000);
    settle(&s);
    assert_int_equal(count_events(&s, NULL), 1);
    assert_false(trigger_busy(s.trigger));
    close_triggered(&s);
}

/* ---- stopping ---- */

/* A put in flight ends first; what was committed meanwhile is left for the next start. */
static void test_stop_meanwhile(void **state)
{
    struct triggered s;
    size_t changes = 0;

    (void)state;
    open_triggered(&s, NULL);
    s.door.holds = true;
    test_event(&s.t, STREAM, EVENT(1));
    settle(&s);
    assert_non_null(s.door.put);
    assert_true(trigger_busy(s.trigger));
    assert_false(trigger_stop(s.trigger));
    test_event(&s.t, STREAM, EVENT(2));
    settle(&s);
    changes = s.door.changes;
    release(&s.door);
    settle(&s);
    assert_true(s.door.changes > changes); /* whoever waits looks again */
    assert_true(trigger_stop(s.trigger));
    assert_int_equal(s.door.puts, 1);
    assert_int_equal(count_events(&s, NULL), 1);
    trigger_free(s.trigger);
    s.door.holds = false;
    start_trigger(&s);
    settle(&s);
    assert_int_equal(count_events(&s, NULL), 2);
    close_triggered(&s);
}

/* Stopped while it waits to try again: it tries no more. */
static void test_stop_while_waiting(void **state)
{
    struct triggered s;

    (void)state;
    open_triggered(&s, NULL);
    s.door.failures = 1;
    test_event(&s.t, STREAM, EVENT(1));
    settle(&s);
    assert_true(trigger_stop(s.trigger));
    test_streams_advance(&s.t, 5000);
    assert_int_equal(s.door.puts, 1);
    trigger_free(s.trigger);
    start_trigger(&s);
    settle(&s);
    assert_int_equal(count_events(&s, NULL), 1);
    close_triggered(&s);
}

/* ---- private logs ---- */

/* As the engine stores it; its record here is plain, as streams_read_all() gives it. */
static void seal_item(struct store_batch *batch, struct test_work *work)
{
    struct triggered *s = work->context;
    struct vault_work vault = {.batch = batch, .arena = s->t.arena};
    struct vault_stream *stream = NULL;
    struct value sk = {.type = VALUE_N, .number = number_of_int64((int64_t)work->position)};

    assert_int_equal(vault_load(&vault, BYTES("users"), BYTES("12"), &stream), OK);
    vault_use(&vault, stream, VAULT_ITEM, &sk);
    vault_store(&vault);
}

static void append_private(struct triggered *s, uint64_t version, const char *image)
{
    struct test_work work = {.body = seal_item, .context = s, .position = version};

    test_streams_do(&s->t, &work);
    test_event(&s->t, STREAM, image);
}

static void expect_last(struct triggered *s, size_t count, const char *expected)
{
    struct vault_reader reader = {.store = s->t.store};
    struct bytes last = {NULL, 0}, text;

    assert_int_equal(count_events(s, &last), count);
    assert_int_equal(vault_open_text(&reader, last, s->t.arena, &text), OK);
    if (!bytes_equal_text(text, expected))
        fail_msg("expected: %s\nanswered: %.*s", expected, BYTES_ARG(text));
}

/* The page was read, the stream is forgotten, and then comes the page's batch. */
static void test_forgotten_meanwhile(void **state)
{
    struct triggered s;
    struct test_vault_change change = {.log = BYTES("users"), .id = BYTES("12")};
    struct test_work declare = {.body = test_declare_body, .context = &change};
    struct test_work forget = {.body = test_forget_body, .context = &change};

    (void)state;
    open_triggered(&s, NULL);
    assert_int_equal(vault_open(s.t.store, &change.vault), OK);
    s.door.vault = change.vault;
    test_streams_do(&s.t, &declare);
    s.door.holds = true;
    append_private(&s, 1, EVENT(1));
    settle(&s);
    assert_non_null(s.door.put);
    assert_int_not_equal(bytes_find(s.door.put->events[0].detail, BYTES("\"n\":1")), SIZE_MAX);
    test_streams_do(&s.t, &forget);
    assert_true(change.had_key);
    s.door.holds = false;
    release(&s.door);
    settle(&s);
    expect_last(&s, 1,
                "{\"log\":\"users\",\"key\":{\"pk\":\"users#12#stream\",\"sk\":1},"
                "\"type\":\"signup\",\"payload\":{},\"forgotten\":true}");
    append_private(&s, 2, EVENT(2)); /* the stream goes on */
    settle(&s);
    expect_last(&s, 2,
                "{\"log\":\"users\",\"key\":{\"pk\":\"users#12#stream\",\"sk\":2},"
                "\"type\":\"signup\",\"payload\":{\"id\":\"12\",\"n\":2}}");
    close_triggered(&s);
    vault_close(change.vault);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_detail),
        cmocka_unit_test(test_skipped),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_large_members),
        cmocka_unit_test(test_several_pages),
        cmocka_unit_test(test_shards),
        cmocka_unit_test(test_begins),
        cmocka_unit_test(test_begins_in_order),
        cmocka_unit_test(test_begins_and_ends),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_begun_failure),
        cmocka_unit_test(test_begun_restart),
        cmocka_unit_test(test_pages_max),
        cmocka_unit_test(test_failure),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_from),
        cmocka_unit_test(test_trimmed),
        cmocka_unit_test(test_stop_meanwhile),
        cmocka_unit_test(test_stop_while_waiting),
        cmocka_unit_test(test_forgotten_meanwhile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
