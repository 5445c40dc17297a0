/* Random histories of writes, on a clock that moves by random steps, with backups of a table and
 * restores of it to random moments under way all the time: steps are small, so that the table goes
 * on changing while it is copied and while changes are undone, recovery is turned off and on,
 * tables are deleted, and the engine stops and starts again in the middle. Every new table is
 * compared with what a model of the table was at its moment. A failure prints its seed; TEST_SEED=N
 * replays it. */
#include "engine/backup_test.h"

#define PARTITIONS 3
#define RANGES 8
#define KEYS (PARTITIONS * RANGES)
#define STEPS 500
#define HISTORIES 3
#define PENDING_MAX 4
#define NONE (-1)

/* What stands under each key: nothing, or an item of this number. */
struct state {
    int items[KEYS];
};

/* The table was in this state from this time on. */
struct moment {
    uint64_t time_ms;
    struct state state;
};

/* A table that is being made, and what it is to hold. */
struct pending {
    bool used;
    bool from_backup;
    char name[32];
    struct state state;
};

struct model {
    struct test_engine t;
    uint64_t random;
    struct state now;
    struct moment *moments; /* since recovery is on */
    size_t moment_count;
    bool recovery;
    struct pending pending[PENDING_MAX];
    struct engine_backup backup; /* id empty: there is none */
    struct state backup_state;
    size_t names, compared, deleted; /* deleted: tables that left a backup */
};

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators". */
static uint64_t draw(struct model *m, uint64_t below)
{
    m->random ^= m->random >> 12;
    m->random ^= m->random << 25;
    m->random ^= m->random >> 27;
    return (m->random * 0x2545F4914F6CDD1Du >> 32) % below;
}

/* ---- the table ---- */

static const char *print_key(struct arena *arena, size_t key)
{
    return (const char *)arena_printf(arena, "{'pk':{'S':'p%zu'},'sk':{'N':'%zu'}}", key / RANGES,
                                      key % RANGES)
        .ptr;
}

/* Odd ones are in the global index, multiples of three in the local one. */
static const char *print_item(struct arena *arena, size_t key, int number)
{
    struct bytes global = BYTES(""), local = BYTES("");

    if (number % 2 == 1)
        global = arena_printf(arena, ",'g':{'S':'g%d'}", number % 5);
    if (number % 3 == 0)
        local = arena_printf(arena, ",'l':{'N':'%d'}", number);
    return (const char *)arena_printf(
               arena, "{'pk':{'S':'p%zu'},'sk':{'N':'%zu'}%.*s%.*s,'v':{'N':'%d'}}", key / RANGES,
               key % RANGES, BYTES_ARG(global), BYTES_ARG(local), number)
        .ptr;
}

static void create(struct model *m)
{
    static struct table_index indexes[2];
    struct test_table_change test = {.change = {.kind = TABLE_CREATE,
                                                .name = BYTES("t"),
                                                .wanted = test_schema(VALUE_N, STREAM_KEYS_ONLY)}};

    indexes[0] = (struct table_index){.name = BYTES("global"), .kind = INDEX_GLOBAL};
    key_schema_add(&indexes[0].key, BYTES("g"), VALUE_S, true);
    indexes[1] = (struct table_index){
        .name = BYTES("local"), .kind = INDEX_LOCAL, .projection = PROJECTION_KEYS_ONLY};
    key_schema_add(&indexes[1].key, BYTES("pk"), VALUE_S, true);
    key_schema_add(&indexes[1].key, BYTES("l"), VALUE_N, false);
    test.change.wanted.indexes = indexes;
    test.change.wanted.index_count = ARRAY_COUNT(indexes);
    assert_int_equal(test_change_table(&m->t, &test), OK);
    for (size_t i = 0; i < KEYS; i++)
        m->now.items[i] = NONE;
    m->recovery = false;
}

static void remember(struct model *m)
{
    uint64_t now_ms = clock_now_ms(m->t.clock);

    if (!m->recovery)
        return;
    if (m->moment_count > 0 && m->moments[m->moment_count - 1].time_ms == now_ms)
        m->moment_count--;
    m->moments = mem_resize(m->moments, (m->moment_count + 1) * sizeof *m->moments);
    m->moments[m->moment_count++] = (struct moment){now_ms, m->now};
}

static void write_one(struct model *m)
{
    struct arena *arena = m->t.arena;
    size_t key = draw(m, KEYS);
    int number = draw(m, 3) == 0 ? NONE : (int)draw(m, 10);
    struct test_step step = {.kind = number == NONE ? WRITE_DELETE : WRITE_PUT,
                             .item = number == NONE ? print_key(arena, key)
                                                    : print_item(arena, key, number),
                             .idle = m->now.items[key] == number};

    test_step_on(&m->t, "t", &step, NULL);
    m->now.items[key] = number;
    remember(m);
}

static void turn_recovery(struct model *m, bool on)
{
    if (on)
        test_recovery_on(&m->t, "t");
    else
        test_recovery(&m->t, "t", NULL);
    if (m->recovery && on) /* it goes on from where it began */
        return;
    m->recovery = on;
    m->moment_count = 0;
    remember(m);
}

/* ---- what is compared ---- */

static size_t count_index(struct model *m, const char *table, const char *index)
{
    struct item_query query = {0};
    struct api_error error;

    query.table_name = bytes_of_text(table);
    query.index_name = bytes_of_text(index);
    query.scan = true;
    assert_int_equal(engine_query(m->t.engine, &query, m->t.arena, &error), OK);
    return query.count;
}

static uint64_t index_item_count(struct model *m, const char *name, const char *index)
{
    const struct table *table = engine_table_ref(m->t.engine, bytes_of_text(name));
    struct table_figures figures;

    engine_figures(m->t.engine, table_find_index(table, bytes_of_text(index))->id, &figures);
    engine_table_unref(table);
    return figures.item_count;
}

static void expect_state(struct model *m, const char *name, const struct state *state)
{
    struct arena *arena = m->t.arena;
    struct table_figures figures = test_figures(&m->t, name);
    size_t count = 0, size = 0, global = 0, local = 0;

    for (size_t i = 0; i < KEYS; i++) {
        const char *text = state->items[i] == NONE ? NULL : print_item(arena, i, state->items[i]);
        struct item item = test_item(arena, text);

        test_expect_item(&m->t, name, print_key(arena, i), text);
        if (text == NULL)
            continue;
        count++;
        size += item_size(&item);
        global += state->items[i] % 2 == 1;
        local += state->items[i] % 3 == 0;
    }
    assert_int_equal(figures.item_count, count);
    assert_int_equal(figures.size_bytes, size);
    assert_int_equal(count_index(m, name, "global"), global);
    assert_int_equal(count_index(m, name, "local"), local);
    assert_int_equal(index_item_count(m, name, "global"), global);
    assert_int_equal(index_item_count(m, name, "local"), local);
    m->compared++;
}

static void compare_finished(struct model *m)
{
    for (size_t i = 0; i < PENDING_MAX; i++) {
        struct pending *pending = &m->pending[i];

        if (!pending->used || !test_is_active(&m->t, pending->name))
            continue;
        expect_state(m, pending->name, &pending->state);
        test_drop(&m->t, pending->name);
        pending->used = false;
    }
}

/* ---- restores and backups ---- */

/* NULL: as many are under way as may be. */
static struct pending *free_place(struct model *m, const struct state *state)
{
    for (size_t i = 0; i < PENDING_MAX; i++) {
        struct pending *pending = &m->pending[i];

        if (pending->used)
            continue;
        pending->used = true;
        pending->from_backup = false;
        pending->state = *state;
        snprintf(pending->name, sizeof pending->name, "r%zu", m->names++);
        return pending;
    }
    return NULL;
}

static const struct state *state_at(const struct model *m, uint64_t time_ms)
{
    const struct state *state = &m->moments[0].state;

    for (size_t i = 0; i < m->moment_count && m->moments[i].time_ms <= time_ms; i++)
        state = &m->moments[i].state;
    return state;
}

static void restore_past(struct model *m)
{
    struct recovery_window window;
    struct pending *pending = NULL;
    uint64_t time_ms = 0;

    if (!m->recovery)
        return;
    window = test_window(&m->t, "t");
    time_ms = window.earliest_ms + draw(m, window.latest_ms - window.earliest_ms + 1);
    if (draw(m, 4) == 0)
        time_ms = window.latest_ms;
    pending = free_place(m, state_at(m, time_ms));
    if (pending != NULL)
        test_restore_past(&m->t, "t", time_ms == window.latest_ms ? 0 : time_ms, pending->name,
                          NULL);
}

/* The writer is at it before the writes that follow, so it is of the moment before them. */
static void back_up(struct model *m)
{
    struct test_backup test;

    if (m->backup.id.size > 0)
        return;
    m->backup_state = m->now;
    test_submit_backup(&m->t, &test, "t", "backup");
    for (size_t i = 0; i < 4; i++)
        write_one(m);
    while (!test.done)
        test_loop_turn(&m->t.loop);
    assert_int_equal(test.status, OK);
    m->backup = test.change.backup;
}

static bool backup_is_in_use(const struct model *m)
{
    bool in_use = false;

    for (size_t i = 0; i < PENDING_MAX; i++)
        in_use = in_use || (m->pending[i].used && m->pending[i].from_backup);
    return in_use;
}

static void restore_backup(struct model *m)
{
    struct pending *pending = NULL;

    if (m->backup.id.size == 0 || backup_is_in_use(m))
        return;
    pending = free_place(m, &m->backup_state);
    if (pending == NULL)
        return;
    pending->from_backup = true;
    test_restore_backup(&m->t, &m->backup, pending->name, NULL);
}

static void delete_backup(struct model *m)
{
    if (m->backup.id.size == 0 || backup_is_in_use(m))
        return;
    test_delete_backup(&m->t, &m->backup, NULL);
    m->backup.id.size = 0;
}

/* With recovery on it leaves a backup behind, which becomes a table at once. */
static void delete_table(struct model *m)
{
    struct backup_list list = {
        .table_name = BYTES("t"), .type = BACKUP_SYSTEM, .to_ms = UINT64_MAX, .limit = 1000};
    struct pending *pending = NULL;

    test_drop(&m->t, "t");
    assert_int_equal(engine_backup_list(m->t.engine, &list, m->t.arena), OK);
    m->deleted += m->recovery;
    assert_int_equal(list.count, m->deleted);
    if (m->recovery)
        pending = free_place(m, &m->now);
    if (pending != NULL) {
        struct test_restore test = {.source = {.backup_arn = BYTES("arn"),
                                               .table_name = BYTES("t"),
                                               .backup_id = list.backups[list.count - 1].id}};

        test_submit_restore(&m->t, &test, pending->name);
        while (!test.done)
            test_loop_turn(&m->t.loop);
        pending->used = test.status == OK; /* a restore of its past may be reading it still */
    }
    create(m);
}

static void restart(struct model *m)
{
    test_engine_stop(&m->t);
    test_engine_start(&m->t);
}

static void finish_all(struct model *m)
{
    for (size_t i = 0; i < PENDING_MAX; i++)
        if (m->pending[i].used)
            test_wait_active(&m->t, m->pending[i].name);
    compare_finished(m);
}

/* ---- a history ---- */

static void take_step(struct model *m)
{
    uint64_t what = draw(m, 100);

    if (what < 50)
        write_one(m);
    else if (what < 62)
        test_advance_only(&m->t, draw(m, 4) == 0 ? draw(m, 5000) : draw(m, 4));
    else if (what < 72)
        restore_past(m);
    else if (what < 76)
        back_up(m);
    else if (what < 80)
        restore_backup(m);
    else if (what < 83)
        delete_backup(m);
    else if (what < 87)
        turn_recovery(m, !m->recovery || draw(m, 3) == 0);
    else if (what < 89)
        delete_table(m);
    else if (what < 91)
        restart(m);
    else if (engine_busy(m->t.engine))
        test_loop_turn(&m->t.loop);
}

static size_t count_catalogue(struct model *m, const char *from, const char *to)
{
    return test_count_keys(&m->t, STORE_CATALOGUE, bytes_of_text(from), bytes_of_text(to));
}

/* Whatever was made, held and dropped: nothing of it stays. */
static void expect_nothing_left(struct model *m)
{
    delete_backup(m);
    turn_recovery(m, false);
    test_drop(&m->t, "t");
    test_advance(&m->t, SYSTEM_BACKUP_LIFE_MS + 60000);
    assert_int_equal(test_count_all(&m->t, STORE_ITEMS), 0);
    assert_int_equal(test_count_all(&m->t, STORE_INDEXES), 0);
    assert_int_equal(test_count_all(&m->t, STORE_HISTORY), 0);
    assert_int_equal(count_catalogue(m, "engine/backup/", "engine/backup0"), 0);
    assert_int_equal(count_catalogue(m, "engine/figures/", "engine/figures0"), 0);
    assert_int_equal(count_catalogue(m, "engine/readers/", "engine/readers0"), 0);
    assert_int_equal(count_catalogue(m, "engine/restore/", "engine/restore0"), 0);
    assert_int_equal(count_catalogue(m, "engine/table/", "engine/table0"), 0);
}

static void run_history(uint64_t seed)
{
    char folder[TEST_FOLDER_SIZE];
    struct model m = {.random = seed};

    print_message("TEST_SEED=%llu\n", (unsigned long long)seed);
    test_folder_make(folder);
    test_engine_open(&m.t, folder);
    m.t.step_count_max = 1 + draw(&m, 7);
    restart(&m);
    create(&m);
    turn_recovery(&m, true);
    for (size_t i = 0; i < STEPS; i++) {
        take_step(&m);
        compare_finished(&m);
    }
    finish_all(&m);
    expect_state(&m, "t", &m.now);
    assert_true(m.compared > 1);
    expect_nothing_left(&m);
    assert_int_equal(m.t.said[0], '\0');
    test_engine_close(&m.t);
    test_folder_remove(folder);
    mem_free(m.moments);
}

static void test_histories(void **state)
{
    const char *given = getenv("TEST_SEED");
    uint64_t seed = 0;

    (void)state;
    if (given != NULL && bytes_to_uint64(bytes_of_text(given), &seed)) {
        run_history(seed);
        return;
    }
    for (size_t i = 0; i < HISTORIES; i++)
        run_history(clock_monotonic_ns() | 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_histories)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
