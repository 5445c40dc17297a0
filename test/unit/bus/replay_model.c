/* Archives and replays against a naive model: an array of events. Random buses, archives with
 * patterns and retentions, puts with times of the past, moves of the clock, starts anew, deletions;
 * a replay must deliver exactly the window's events to exactly the rules that were chosen, in the
 * order of their times, each once; figures must agree after each step. A failure prints the seed;
 * TEST_SEED=N replays it. */
#include "bus/archive_test.h"

#include "base/id.h"

#define STEPS 150
#define EVENTS_MAX 6000
#define ARCHIVES 3
#define KINDS 4 /* of events: {"n":...} has the kind as its detail type */

static struct test_bus test;
static struct store *store;
static uint64_t seed;

static uint64_t draw(uint64_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % below;
}

/* ---- the model ---- */

static struct {
    struct {
        uint64_t time_ms;
        size_t kind;
        bool in[ARCHIVES];
    } events[EVENTS_MAX];
    size_t count;
    struct {
        bool there;
        size_t kinds; /* a bit a kind */
        uint32_t retention_days;
    } archives[ARCHIVES];
    size_t rule_kinds[2];
    uint64_t now_ms;
    size_t replays, replayed;
} model;

static const char *const archive_names[ARCHIVES] = {"a0", "a1", "a2"};
static const char *const rule_names[2] = {"r0", "r1"};

static struct bytes pattern_of(size_t kinds)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(4096);

    buffer_append_text(&out, "{\"detail-type\":[\"none\"");
    for (size_t kind = 0; kind < KINDS; kind++)
        if (kinds >> kind & 1)
            buffer_printf(&out, ",\"%zu\"", kind);
    buffer_append_text(&out, "]}");
    return arena_copy(test.arena, buffer_bytes(&out));
}

static bool is_expired(size_t event, size_t archive)
{
    uint64_t days = model.archives[archive].retention_days;

    return days > 0 && model.events[event].time_ms + days * DAY_MS <= model.now_ms;
}

/* What is too old when the clock stops has gone by the next whole minute at the latest: the clock
 * moves in whole minutes here, and so do events' times. */
static void expect_figures(void)
{
    size_t all = 0;

    for (size_t a = 0; a < ARCHIVES; a++) {
        size_t count = 0;

        if (!model.archives[a].there)
            continue;
        for (size_t i = 0; i < model.count; i++)
            count += model.events[i].in[a];
        assert_int_equal(test_archive_figures(&test, archive_names[a]).count, count);
        all += count;
    }
    assert_int_equal(test_all_archived(&test).count, all);
}

static void settle(void)
{
    test_archives_settle(&test);
    for (size_t i = 0; i < model.count; i++)
        for (size_t a = 0; a < ARCHIVES; a++)
            if (is_expired(i, a))
                model.events[i].in[a] = false;
}

/* ---- steps ---- */

static void step_archive(void)
{
    size_t a = draw(ARCHIVES);

    if (model.archives[a].there && draw(3) == 0) {
        CHANGE_OK(&test, .kind = BUS_DELETE_ARCHIVE, .name = bytes_of_text(archive_names[a]));
        for (size_t i = 0; i < model.count; i++)
            model.events[i].in[a] = false;
        model.archives[a].there = false;
        return;
    }
    model.archives[a].kinds = draw(1 << KINDS);
    model.archives[a].retention_days = (uint32_t)draw(4);
    CHANGE_OK(&test, .kind = model.archives[a].there ? BUS_UPDATE_ARCHIVE : BUS_CREATE_ARCHIVE,
              .name = bytes_of_text(archive_names[a]), .has_pattern = true, .has_retention = true,
              .pattern = pattern_of(model.archives[a].kinds),
              .retention_days = model.archives[a].retention_days);
    model.archives[a].there = true;
}

static void step_put(void)
{
    struct bus_entry entries[50];
    size_t count = 1 + draw(ARRAY_COUNT(entries));

    for (size_t i = 0; i < count && model.count < EVENTS_MAX; i++) {
        size_t n = model.count++, kind = draw(KINDS);
        uint64_t time_ms = model.now_ms - draw(4 * 24 * 60) * 60000;

        entries[i] =
            test_entry("", arena_copy_text(test.arena, arena_printf(test.arena, "{\"n\":%zu}", n)));
        entries[i].detail_type = arena_printf(test.arena, "%zu", kind);
        entries[i].time_ms = time_ms;
        model.events[n].time_ms = time_ms;
        model.events[n].kind = kind;
        for (size_t a = 0; a < ARCHIVES; a++)
            model.events[n].in[a] =
                model.archives[a].there && (model.archives[a].kinds >> kind & 1) != 0;
        if (i + 1 == count || model.count == EVENTS_MAX)
            test_put_events(&test, entries, i + 1);
    }
}

/* The replay's deliveries in the order of the model: by time, then as they were put. */
static size_t expect_one(size_t archive, uint64_t from_ms, uint64_t to_ms, size_t rules, size_t *at)
{
    uint64_t last_ms = 0, next_ms = 0;
    size_t delivered = 0;

    for (;;) {
        next_ms = UINT64_MAX;
        for (size_t i = 0; i < model.count; i++)
            if (model.events[i].in[archive] && model.events[i].time_ms >= from_ms &&
                model.events[i].time_ms < to_ms && model.events[i].time_ms > last_ms &&
                model.events[i].time_ms < next_ms)
                next_ms = model.events[i].time_ms;
        if (next_ms == UINT64_MAX)
            return delivered;
        last_ms = next_ms;
        for (size_t i = 0; i < model.count; i++) {
            if (!model.events[i].in[archive] || model.events[i].time_ms != next_ms)
                continue;
            for (size_t r = 0; r < 2; r++) {
                if (!(rules >> r & 1) || !(model.rule_kinds[r] >> model.events[i].kind & 1))
                    continue;
                /* two rules of one event in any order */
                assert_true(*at < test.delivery_count);
                assert_int_equal(test_number_of(test.deliveries[*at].payload), i);
                ++*at;
                delivered++;
            }
        }
    }
}

static void step_replay(void)
{
    size_t a = draw(ARCHIVES), rules = 1 + draw(3), at = 0;
    uint64_t from_ms = model.now_ms - draw(5 * 24 * 60) * 60000,
             to_ms = from_ms + (1 + draw(3 * 24 * 60)) * 60000;
    struct bytes arns[2];
    size_t arn_count = 0;
    char name[32];

    if (!model.archives[a].there)
        return;
    settle();
    for (size_t r = 0; r < 2; r++)
        if (rules >> r & 1)
            arns[arn_count++] = arena_printf(
                test.arena, "arn:aws:events:us-east-1:000000000000:rule/%s", rule_names[r]);
    snprintf(name, sizeof name, "replay%zu", model.replays++);
    test_forget_deliveries(&test);
    CHANGE_OK(&test, .kind = BUS_START_REPLAY, .name = arena_copy(test.arena, bytes_of_text(name)),
              .archive_name = bytes_of_text(archive_names[a]), .from_ms = from_ms, .to_ms = to_ms,
              .rule_arns = arns, .rule_arn_count = rules == 3 && draw(2) == 0 ? 0 : arn_count);
    test_archives_settle(&test);
    assert_int_equal(test_replay_state(&test, name), BUS_REPLAY_COMPLETED);
    model.replayed += expect_one(a, from_ms, to_ms, rules, &at);
    assert_int_equal(at, test.delivery_count);
}

static void step_clock(void)
{
    uint64_t by_ms = draw(24 * 60) * 60000;

    model.now_ms += by_ms;
    clock_advance(test.clock, by_ms);
    settle();
}

static void step_start(void)
{
    test_bus_detach(&test);
    test_bus_attach_at(&test, store, model.now_ms);
    test_archives_start(&test);
    settle();
}

static void run(void)
{
    memset(&model, 0, sizeof model);
    model.now_ms = TEST_NOW_MS - TEST_NOW_MS % 60000;
    store = test_open(NULL);
    test_bus_attach_at(&test, store, model.now_ms);
    test_archives_start(&test);
    for (size_t r = 0; r < 2; r++) {
        model.rule_kinds[r] = draw(1 << KINDS);
        test_put_rule(&test, "", rule_names[r],
                      arena_copy_text(test.arena, pattern_of(model.rule_kinds[r])));
    }
    for (size_t i = 0; i < STEPS; i++) {
        switch (draw(8)) {
        case 0:
            step_archive();
            break;
        case 1:
            step_clock();
            break;
        case 2:
            step_start();
            break;
        case 3:
        case 4:
            step_replay();
            break;
        default:
            step_put();
        }
        settle();
        expect_figures();
    }
    test_bus_close(&test);
}

static void test_model(void **state)
{
    const char *given = getenv("TEST_SEED");
    uint64_t first = 0, replayed = 0;

    (void)state;
    for (size_t i = 0; i < (given != NULL ? 1 : 4) || (given == NULL && replayed == 0); i++) {
        id_random((uint8_t *)&first, sizeof first);
        seed = given != NULL ? strtoull(given, NULL, 10) : first;
        print_message("TEST_SEED=%llu\n", (unsigned long long)seed);
        run();
        replayed += model.replayed;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_model)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
