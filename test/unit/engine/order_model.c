/* The order of events against a sorted array: random writes, alone and in transactions, of events
 * and of what is none, of streams that are appended to and of what happens to them else; then every
 * kind of reader, by pages of any size, in both directions and between any bounds. One log is
 * private. In between a table becomes what an older dynlog left, with a row for every event. A
 * failure prints its seed; TEST_SEED=N replays it. */
#include "engine/backup_test.h"
#include "engine/order_test.h"

#include "base/id.h"
#include "order/internal.h"

#define LOGS 3
#define IDS 4
#define VERSIONS 12
#define TYPES 3
#define KEYS (LOGS * IDS * VERSIONS)
#define STEPS 300
#define HISTORIES 4
#define WRITES_MAX 4
#define PRIVATE_LOG 2

static const char *const log_names[LOGS] = {"a", "ab", "b"};
static const char *const id_names[IDS] = {"1!", "1", "1x", "2"}; /* as LOG#ID#stream stands */
static const char *const type_names[TYPES] = {"x", "xy", "y"};

struct model_event {
    bool there;
    size_t type; /* TYPES: the item is no event */
    uint64_t position;
};

struct model {
    struct test_engine *t;
    struct model_event events[KEYS];
    uint64_t random;
    size_t removes; /* of 100 writes of single items */
};

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators". */
static uint64_t draw(struct model *m, uint64_t below)
{
    m->random ^= m->random >> 12;
    m->random ^= m->random << 25;
    m->random ^= m->random >> 27;
    return (m->random * 0x2545F4914F6CDD1Du >> 32) % below;
}

static size_t log_of(size_t key)
{
    return key / (IDS * VERSIONS);
}

static size_t id_of(size_t key)
{
    return key / VERSIONS % IDS;
}

static int version_of(size_t key)
{
    return (int)(key % VERSIONS) + 1;
}

static bool is_event(const struct model_event *event)
{
    return event->there && event->type < TYPES;
}

/* ---- writes ---- */

struct model_write {
    size_t key, type; /* type of what is put */
    bool remove;
};

static struct item_write make_write(struct model *m, const struct model_write *write)
{
    const char *log = log_names[log_of(write->key)], *id = id_names[id_of(write->key)];
    struct bytes key = arena_printf(m->t->arena, "{'pk':{'S':'%s#%s#stream'},'sk':{'N':'%d'}}%c",
                                    log, id, version_of(write->key), '\0');
    struct bytes item = arena_printf(
        m->t->arena,
        "{'pk':{'S':'%s#%s#stream'},'sk':{'N':'%d'},'log':{'S':'%s'},'payload':{'M':{}}%s%s%s%c",
        log, id, version_of(write->key), log, write->type < TYPES ? ",'type':{'S':'" : "}",
        write->type < TYPES ? type_names[write->type] : "", write->type < TYPES ? "'}}" : "", '\0');
    struct test_step step = {.kind = write->remove ? WRITE_DELETE : WRITE_PUT,
                             .item = (const char *)(write->remove ? key : item).ptr};

    return test_item_write(m->t, "log", &step);
}

static void follow(struct model *m, const struct model_write *write, uint64_t position)
{
    struct model_event *event = &m->events[write->key];
    bool was = is_event(event);

    event->there = !write->remove;
    event->type = write->type;
    if (position != 0 && is_event(event) && !was)
        event->position = position;
}

/* The version behind the highest item of a stream; KEYS: there is no room. */
static size_t next_version(const struct model *m, size_t log, size_t id)
{
    size_t first = (log * IDS + id) * VERSIONS, at = first + VERSIONS;

    while (at > first && !m->events[at - 1].there)
        at--;
    return at < first + VERSIONS ? at : KEYS;
}

/* Mostly an append; else anything. */
static struct model_write draw_write(struct model *m)
{
    struct model_write write = {.key = draw(m, KEYS), .type = draw(m, TYPES + 1)};
    size_t next = next_version(m, draw(m, LOGS), draw(m, IDS));

    if (draw(m, 3) != 0 && next < KEYS) {
        write.key = next;
        write.type = draw(m, TYPES);
    } else {
        write.remove = draw(m, 100) < m->removes;
    }
    return write;
}

/* From the first version up, or from the last one down. */
static void take_stream_away(struct model *m)
{
    size_t first = (draw(m, LOGS) * IDS + draw(m, IDS)) * VERSIONS, count = draw(m, VERSIONS + 1);
    bool from_the_end = draw(m, 2) == 0;

    for (size_t i = 0; i < count; i++) {
        size_t key = from_the_end ? first + VERSIONS - 1 - i : first + i;
        struct model_write write = {.key = key, .remove = true};
        struct item_write item = make_write(m, &write);
        struct test_engine_write test = {.write = {.writes = &item, .count = 1}};

        assert_int_equal(test_write(m->t, &test), OK);
        follow(m, &write, 0);
    }
}

static bool is_drawn(const struct model_write *writes, size_t count, size_t key)
{
    for (size_t i = 0; i < count; i++)
        if (writes[i].key == key)
            return true;
    return false;
}

static void write_some(struct model *m)
{
    struct model_write writes[WRITES_MAX];
    struct item_write items[WRITES_MAX];
    size_t count = draw(m, 3) == 0 ? draw(m, WRITES_MAX) + 1 : 1, kind = draw(m, 3);

    if (draw(m, 60) == 0)
        take_stream_away(m);
    for (size_t i = 0; i < count; i++) { /* of a transaction no two have one key */
        writes[i] = draw_write(m);
        if (i > 0 && kind < 2) /* several versions of one stream, upwards or in any order */
            writes[i].key = kind == 0 ? writes[i - 1].key + 1
                                      : writes[0].key / VERSIONS * VERSIONS + draw(m, VERSIONS);
        if (writes[i].key == KEYS || is_drawn(writes, i, writes[i].key))
            count = i;
        else
            items[i] = make_write(m, &writes[i]);
    }

    struct test_engine_write test = {
        .write = {.writes = items, .count = count, .atomic = count > 1}};

    assert_int_equal(test_write(m->t, &test), OK);
    for (size_t i = 0; i < count; i++)
        follow(m, &writes[i], items[i].position);
}

/* ---- a table with a row for every event, as older dynlogs wrote it ---- */

static void put_row(struct model *m, struct store_batch *batch, uint32_t table_id, size_t key)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer row = BUFFER_INIT(ORDER_KEY_SIZE_MAX);
    struct order_work work = {.batch = batch, .arena = arena};
    struct order_event event = {.log = bytes_of_text(log_names[log_of(key)]),
                                .id = bytes_of_text(id_names[id_of(key)]),
                                .type = bytes_of_text(type_names[m->events[key].type])};
    struct order_run *run = NULL;
    uint8_t value[12];

    assert_int_equal(order_load(&work, table_id, &event, &run), OK);
    bytes_put_u64(value, (uint64_t)version_of(key));
    bytes_put_u32(value + 8, run->number);
    order_key_stream(&row, table_id, event.log, event.id);
    buffer_append_u64(&row, m->events[key].position);
    store_batch_put(batch, STORE_STREAMS, buffer_bytes(&row), bytes_of(value, sizeof value));
}

static void put_rows(struct store_batch *batch, struct test_work *work)
{
    struct model *m = work->context;
    uint8_t from[4], to[4];

    bytes_put_u32(from, (uint32_t)work->number);
    bytes_put_u32(to, (uint32_t)work->number + 1);
    store_batch_delete_range(batch, STORE_STREAMS, bytes_of(from, 4), bytes_of(to, 4));
    for (size_t key = 0; key < KEYS; key++)
        if (is_event(&m->events[key]))
            put_row(m, batch, (uint32_t)work->number, key);
}

static void make_rows(struct model *m)
{
    struct test_work work = {.body = put_rows, .context = m, .number = test_table_id(m->t, "log")};

    test_submit(&m->t->loop, &work);
    assert_int_equal(test_finish(&m->t->loop, &work), OK);
    test_refuse(&m->t->loop);
}

/* ---- readers ---- */

struct model_filter {
    size_t log, id, type; /* LOGS, IDS, TYPES: any */
};

static struct order_filter filter_of(const struct model_filter *filter)
{
    struct order_filter ret = {0};

    if (filter->log < LOGS)
        ret.log = bytes_of_text(log_names[filter->log]);
    if (filter->id < IDS)
        ret.id = bytes_of_text(id_names[filter->id]);
    if (filter->type < TYPES)
        ret.type = bytes_of_text(type_names[filter->type]);
    return ret;
}

static bool takes(const struct model *m, const struct model_filter *filter, size_t key)
{
    return is_event(&m->events[key]) && (filter->log == LOGS || filter->log == log_of(key)) &&
           (filter->id == IDS || filter->id == id_of(key)) &&
           (filter->type == TYPES || filter->type == m->events[key].type);
}

/* The key of the next event behind `at`, or KEYS. */
static size_t next_of(const struct model *m, const struct model_filter *filter, uint64_t at,
                      bool backward)
{
    size_t best = KEYS;

    for (size_t key = 0; key < KEYS; key++) {
        uint64_t position = m->events[key].position;

        if (!takes(m, filter, key) || (backward ? position >= at : position <= at))
            continue;
        if (best == KEYS ||
            (backward ? position > m->events[best].position : position < m->events[best].position))
            best = key;
    }
    return best;
}

static void expect_entry(const struct model *m, size_t key, const struct order_entry *entry,
                         bool bare)
{
    assert_true(key < KEYS);
    assert_int_equal(entry->position, m->events[key].position);
    assert_true(bytes_equal_text(entry->event.log, log_names[log_of(key)]));
    assert_true(bytes_equal_text(entry->event.id, id_names[id_of(key)]));
    assert_true(bytes_equal_text(entry->event.type, type_names[m->events[key].type]));
    assert_int_equal(entry->event.version, version_of(key));
    assert_int_equal(entry->item.position, bare ? 0 : entry->position);
}

static void read_pages(struct model *m, uint32_t table_id)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct model_filter filter = {draw(m, LOGS + 1), IDS, draw(m, 2 * TYPES)};
    uint64_t last = store_last_position(m->t->store);
    struct order_read read = {.table_id = table_id,
                              .backward = draw(m, 2) == 0,
                              .after = draw(m, 2) == 0 ? 0 : draw(m, last + 2),
                              .before = draw(m, 2) == 0 ? 0 : draw(m, last + 2),
                              .limit = draw(m, 5) == 0 ? 0 : draw(m, 7) + 1,
                              .bare = draw(m, 2) == 0};
    uint64_t after = read.after, before = read.before != 0 ? read.before : UINT64_MAX;
    uint64_t at = read.backward ? before : after;
    struct order_page page;

    if (filter.log < LOGS && draw(m, 2) == 0)
        filter.id = draw(m, IDS);
    if (filter.type > TYPES)
        filter.type = TYPES;
    read.filter = filter_of(&filter);
    do {
        assert_int_equal(order_read(m->t->store, NULL, &read, arena, &page), OK);
        assert_false(page.filling);
        assert_true(page.at_end || read.limit == 0 || page.count == read.limit);
        for (size_t i = 0; i < page.count; i++) {
            size_t key = next_of(m, &filter, at, read.backward);

            expect_entry(m, key, &page.list[i], read.bare);
            at = m->events[key].position;
            assert_true(at > after && at < before);
        }
        *(read.backward ? &read.before : &read.after) = page.next;
    } while (!page.at_end);

    size_t key = next_of(m, &filter, at, read.backward);

    assert_true(key == KEYS || m->events[key].position <= after ||
                m->events[key].position >= before);
}

static void expect_counts(struct model *m, uint32_t table_id)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct order_count *counts = NULL;
    size_t count = 0, at = 0;

    assert_int_equal(order_counts(m->t->store, NULL, table_id, BYTES(""), arena, &counts, &count),
                     OK);
    for (size_t log = 0; log < LOGS; log++)
        for (size_t type = 0; type < TYPES; type++) {
            uint64_t events = 0, last = 0;

            for (size_t key = 0; key < KEYS; key++) {
                if (!takes(m, &(struct model_filter){log, IDS, type}, key))
                    continue;
                events++;
                if (m->events[key].position > last)
                    last = m->events[key].position;
            }
            if (events == 0)
                continue;
            assert_true(at < count);
            assert_true(bytes_equal_text(counts[at].log, log_names[log]));
            assert_true(bytes_equal_text(counts[at].type, type_names[type]));
            assert_int_equal(counts[at].events, events);
            assert_int_equal(counts[at].last_position, last);
            at++;
        }
    assert_int_equal(at, count);
}

/* The model's stream: its highest version and its last position; false: it has no event. */
static bool model_stream(const struct model *m, size_t log, size_t id, uint64_t *ret_version,
                         uint64_t *ret_last)
{
    *ret_version = *ret_last = 0;
    for (size_t key = 0; key < KEYS; key++) {
        if (!takes(m, &(struct model_filter){log, id, TYPES}, key))
            continue;
        *ret_version = (uint64_t)version_of(key); /* keys are in their order */
        if (m->events[key].position > *ret_last)
            *ret_last = m->events[key].position;
    }
    return *ret_last != 0;
}

static void expect_streams(struct model *m, uint32_t table_id)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    size_t log = draw(m, LOGS), id = 0, count = 0;
    struct bytes after = BYTES("");
    struct order_stream *streams = NULL;
    bool more = true;

    while (more) {
        assert_int_equal(order_streams(m->t->store, NULL, table_id, bytes_of_text(log_names[log]),
                                       after, draw(m, 3) + 1, arena, &streams, &count, &more),
                         OK);
        for (size_t i = 0; i < count; i++) {
            uint64_t version = 0, last = 0;

            while (id < IDS && !model_stream(m, log, id, &version, &last))
                id++;
            assert_true(id < IDS);
            assert_true(bytes_equal_text(streams[i].id, id_names[id]));
            assert_int_equal(streams[i].version, version);
            assert_int_equal(streams[i].last_position, last);
            after = streams[i].id;
            id++;
        }
    }
    for (; id < IDS; id++)
        assert_false(model_stream(m, log, id, &(uint64_t){0}, &(uint64_t){0}));
}

static void expect_same(struct model *m, const char *table)
{
    uint32_t id = test_table_id(m->t, table);

    for (size_t i = 0; i < 4; i++)
        read_pages(m, id);
    expect_counts(m, id);
    expect_streams(m, id);
    test_expect_sound(m->t, table);
}

/* ---- */

struct declaring {
    struct private_change change;
    bool done;
};

static void declared(struct private_change *change, enum status status)
{
    assert_int_equal(status, OK);
    CONTAINER_OF(change, struct declaring, change)->done = true;
}

static void declare(struct model *m, const char *log)
{
    struct declaring declaring = {.change = {.kind = PRIVATE_DECLARE,
                                             .log = bytes_of_text(log),
                                             .arena = test_arena(m->t),
                                             .done = declared}};

    engine_change_private(m->t->engine, m->t->loop.port, &declaring.change);
    while (!declaring.done)
        test_loop_turn(&m->t->loop);
}

static void run_history(uint64_t seed)
{
    struct test_engine t;
    struct model m = {.t = &t, .random = seed | 1};

    test_engine_open(&t, NULL);
    test_create(&t, "log", VALUE_N, draw(&m, 2) == 0 ? STREAM_NONE : STREAM_NEW_AND_OLD_IMAGES);
    declare(&m, log_names[PRIVATE_LOG]);
    m.removes = draw(&m, 60);
    for (size_t i = 0; i < STEPS; i++) {
        write_some(&m);
        if (draw(&m, 100) == 0)
            make_rows(&m);
        if (draw(&m, 20) == 0)
            test_refuse(&t.loop);
        if (draw(&m, 5) == 0)
            expect_same(&m, "log");
    }

    struct engine_backup backup = test_back_up(&t, "log", "backup");

    test_restore_backup(&t, &backup, "copy", NULL);
    while (engine_busy(t.engine))
        test_loop_turn(&t.loop);
    expect_same(&m, "copy"); /* events of a restored table keep their positions */
    test_engine_close(&t);
}

static void test_histories(void **state)
{
    const char *given = getenv("TEST_SEED");
    uint64_t seed = 0;

    (void)state;
    if (given == NULL || !bytes_to_uint64(bytes_of_text(given), &seed))
        id_random((uint8_t *)&seed, sizeof seed);
    for (uint64_t i = 0; i < HISTORIES; i++) {
        print_message("TEST_SEED=%llu\n", (unsigned long long)seed);
        run_history(seed);
        seed += 2;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_histories)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
