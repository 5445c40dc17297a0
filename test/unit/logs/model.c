/* Logs against a naive model: an array of events that is sorted by hand. Random puts, letters,
 * deletions of streams and groups, retention periods, starts anew and moves of the clock; after
 * each step pages of streams are walked both ways, and pages of searches, and what always holds is
 * checked. Each run prints its seed; LOGS_SEED=N replays one. */
#include "logs/logs_test.h"

#include "base/id.h"

#include <inttypes.h>

#define STEPS 700
#define STEPS_MAX (20 * STEPS) /* a rare history needs a few more */
#define EVENTS_MAX 20000
#define GROUPS 2
#define STREAMS 4
#define HOUR_MS ((uint64_t)60 * 60 * 1000)
#define DAY_MS (24 * HOUR_MS)

static struct test_logs t;
static uint64_t seed;

static uint64_t draw(uint64_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % below;
}

static const char *const group_names[GROUPS] = {"/app/a", "/app/b"};
static const char *const stream_names[STREAMS] = {"x", "xy", "z/1", "z/2"};

/* ---- the model ---- */

struct model_event {
    size_t group, stream;
    uint64_t timestamp_ms;
    size_t number; /* its message; also the order of arrival */
};

static struct {
    struct model_event events[EVENTS_MAX]; /* in the order of their places */
    size_t count, numbers;
    bool groups[GROUPS], streams[GROUPS][STREAMS];
    uint32_t retention_days[GROUPS];
    size_t expired, deleted, refused, paged; /* how often the rare things happened */
} model;

static uint64_t now(void)
{
    return clock_now_ms(t.clock);
}

static bool is_alive(const struct model_event *event)
{
    uint32_t days = model.retention_days[event->group];

    return days == 0 || event->timestamp_ms + days * DAY_MS > now();
}

static void model_add(size_t group, size_t stream, uint64_t timestamp_ms)
{
    size_t at = model.count++;

    assert_true(model.count < EVENTS_MAX);
    for (; at > 0 && model.events[at - 1].timestamp_ms > timestamp_ms; at--)
        model.events[at] = model.events[at - 1];
    model.events[at] = (struct model_event){group, stream, timestamp_ms, model.numbers++};
}

/* stream STREAMS: all of the group. */
static void model_delete(size_t group, size_t stream)
{
    size_t kept = 0;

    for (size_t i = 0; i < model.count; i++) {
        bool goes = model.events[i].group == group &&
                    (stream == STREAMS || model.events[i].stream == stream);

        model.deleted += goes;
        if (!goes)
            model.events[kept++] = model.events[i];
    }
    model.count = kept;
}

static void model_expire(void)
{
    size_t kept = 0;

    for (size_t i = 0; i < model.count; i++) {
        model.expired += !is_alive(&model.events[i]);
        if (is_alive(&model.events[i]))
            model.events[kept++] = model.events[i];
    }
    model.count = kept;
}

static struct bytes message_of(size_t number)
{
    return arena_printf(t.arena, "%zu%s", number, number % 3 == 0 ? " fizz" : "");
}

/* ---- steps ---- */

static void step_group(size_t group)
{
    enum status status = OK;

    if (!model.groups[group]) {
        test_create(&t, group_names[group]);
        model.groups[group] = true;
    } else if (draw(20) == 0) {
        assert_int_equal(test_change(&t, LOG_DELETE_GROUP, group_names[group], 0), OK);
        model_delete(group, STREAMS);
        model.groups[group] = false;
        model.retention_days[group] = 0;
        memset(model.streams[group], 0, sizeof model.streams[group]);
    } else {
        /* What has expired and is not deleted yet would be seen again. */
        test_logs_reopen(&t);
        test_settle(&t);
        model.retention_days[group] = draw(3) == 0 ? 0 : 1 + (uint32_t)draw(3);
        status =
            test_change(&t, LOG_SET_RETENTION, group_names[group], model.retention_days[group]);
        assert_int_equal(status, OK);
        model_expire();
    }
}

static void step_stream(size_t group, size_t stream)
{
    bool there = model.streams[group][stream], deletes = draw(4) == 0;
    enum status status = test_stream(&t, deletes, group_names[group], stream_names[stream]);

    if (!model.groups[group] || there != deletes) {
        assert_int_equal(status, REFUSED);
        model.refused++;
        return;
    }
    assert_int_equal(status, OK);
    if (deletes)
        model_delete(group, stream);
    model.streams[group][stream] = !deletes;
}

static uint64_t draw_time(void)
{
    uint64_t age_ms = draw(2) == 0 ? draw(20) : draw(10 * DAY_MS);

    return draw(10) == 0 ? now() + draw(HOUR_MS) : now() - age_ms;
}

static int compare_inputs(const void *a, const void *b)
{
    const struct log_input *x = a, *y = b;

    return x->timestamp_ms < y->timestamp_ms ? -1 : x->timestamp_ms > y->timestamp_ms;
}

static void step_put(size_t group, size_t stream)
{
    struct log_input events[8];
    size_t count = 1 + draw(8), first = model.numbers;
    uint64_t base_ms = draw_time();
    enum status status = OK;

    for (size_t i = 0; i < count; i++) /* some share a time */
        events[i].timestamp_ms = base_ms + (base_ms > now() ? 0 : draw(5));
    qsort(events, count, sizeof *events, compare_inputs);
    for (size_t i = 0; i < count; i++)
        events[i].message = message_of(first + i);
    status = test_put_events(&t, group_names[group], stream_names[stream], events, count);
    if (!model.groups[group] || !model.streams[group][stream]) {
        assert_int_equal(status, REFUSED);
        model.refused++;
        return;
    }
    assert_int_equal(status, OK);
    for (size_t i = 0; i < count; i++)
        model_add(group, stream, events[i].timestamp_ms);
    model_expire();
}

static void step_letter(size_t group, size_t stream)
{
    uint64_t time_ms = draw_time();
    enum status status = test_write(&t, group_names[group], stream_names[stream], time_ms,
                                    message_of(model.numbers));

    if (!model.groups[group]) {
        assert_int_equal(status, NOT_FOUND);
        return;
    }
    assert_int_equal(status, OK);
    model.streams[group][stream] = true;
    model_add(group, stream, time_ms);
    model_expire();
}

/* ---- what readers see ---- */

/* The model's events of some streams between two times, end not in it; mask: a bit a stream. */
static size_t expected(size_t group, unsigned mask, uint64_t start_ms, uint64_t end_ms,
                       bool fizz_only, const struct model_event **ret)
{
    size_t count = 0;

    for (size_t i = 0; i < model.count; i++) {
        const struct model_event *event = &model.events[i];

        if (event->group == group && (mask >> event->stream & 1) != 0 && is_alive(event) &&
            event->timestamp_ms >= start_ms && event->timestamp_ms < end_ms &&
            (!fizz_only || event->number % 3 == 0))
            ret[count++] = event;
    }
    return count;
}

static void expect_event(const struct log_event *event, const struct model_event *wanted)
{
    assert_int_equal(event->timestamp_ms, wanted->timestamp_ms);
    assert_true(bytes_equal(event->message, message_of(wanted->number)));
}

/* All pages of a stream, from the front or from the end. */
static void check_read(size_t group, size_t stream, bool from_head)
{
    static const struct model_event *wanted[EVENTS_MAX];
    uint64_t start_ms = draw(2) == 0 ? 0 : draw_time();
    uint64_t end_ms = draw(2) == 0 ? UINT64_MAX : draw_time();
    size_t count = expected(group, 1u << stream, start_ms, end_ms, false, wanted), seen = 0;
    struct log_read read = {.group = logs_find(t.logs, bytes_of_text(group_names[group])),
                            .stream_name = bytes_of_text(stream_names[stream]),
                            .start_ms = start_ms,
                            .end_ms = end_ms,
                            .from_head = from_head,
                            .limit = 1 + draw(30),
                            .arena = t.arena};

    for (;;) {
        assert_int_equal(logs_read(t.logs, &read), OK);
        assert_true(read.count <= read.limit && seen + read.count <= count);
        for (size_t i = 0; i < read.count; i++)
            expect_event(&read.events[i],
                         wanted[from_head ? seen + i : count - seen - read.count + i]);
        seen += read.count;
        model.paged += seen > read.count;

        struct bytes next = from_head ? read.forward_token : read.backward_token;

        if (read.count == 0)
            break;
        assert_false(bytes_equal(next, read.token));
        read.token = next;
    }
    assert_int_equal(seen, count);
}

static void check_search(size_t group)
{
    static const struct model_event *wanted[EVENTS_MAX];
    struct bytes names[STREAMS];
    struct log_search search = {.group = logs_find(t.logs, bytes_of_text(group_names[group])),
                                .start_ms = draw(2) == 0 ? 0 : draw_time(),
                                .end_ms = draw(2) == 0 ? UINT64_MAX : draw_time(),
                                .limit = 1 + draw(40),
                                .stream_names = names,
                                .arena = t.arena};
    bool fizz = draw(3) == 0;
    unsigned mask = 0;
    size_t count = 0, seen = 0;

    switch (draw(3)) {
    case 0:
        mask = (1u << STREAMS) - 1;
        break;
    case 1:
        search.stream_prefix = BYTES("x");
        mask = 3;
        break;
    default:
        for (size_t i = 0; i < STREAMS; i++)
            if (model.streams[group][i] && draw(2) == 0) {
                names[search.stream_count++] = bytes_of_text(stream_names[i]);
                mask |= 1u << i;
            }
        if (search.stream_count == 0)
            mask = (1u << STREAMS) - 1;
    }
    if (fizz)
        assert_int_equal(log_filter_parse(t.arena, BYTES("fizz"), &search.filter, &t.error), OK);
    count = expected(group, mask, search.start_ms,
                     search.end_ms == UINT64_MAX ? UINT64_MAX : search.end_ms + 1, fizz, wanted);
    do {
        assert_int_equal(logs_search(t.logs, &search), OK);
        assert_true(search.count <= search.limit && seen + search.count <= count);
        for (size_t i = 0; i < search.count; i++) {
            expect_event(&search.events[i], wanted[seen + i]);
            assert_true(bytes_equal_text(search.events[i].stream_name,
                                         stream_names[wanted[seen + i]->stream]));
        }
        seen += search.count;
        search.token = search.next_token;
    } while (search.token.size > 0);
    assert_int_equal(seen, count);
}

static void check_all(void)
{
    for (size_t group = 0; group < GROUPS; group++) {
        if (!model.groups[group])
            continue;
        check_search(group);
        for (size_t stream = 0; stream < STREAMS; stream++)
            if (model.streams[group][stream])
                check_read(group, stream, draw(2) == 0);
    }
    test_check(&t);
}

static void step(void)
{
    size_t group = draw(GROUPS), stream = draw(STREAMS);
    uint64_t kind = draw(100);

    if (kind < 8)
        step_group(group);
    else if (kind < 20)
        step_stream(group, stream);
    else if (kind < 60)
        step_put(group, stream);
    else if (kind < 80)
        step_letter(group, stream);
    else if (kind < 95)
        test_advance(&t, draw(3) == 0 ? draw(DAY_MS) : draw(1000));
    else
        test_logs_reopen(&t);
    model_expire();
    test_settle(&t);
}

static bool has_met_everything(void)
{
    return model.expired > 20 && model.deleted > 20 && model.refused > 5 && model.paged > 20;
}

static void test_random_history(void **state)
{
    const char *given = getenv("LOGS_SEED");
    size_t steps = 0;

    (void)state;
    id_random((uint8_t *)&seed, sizeof seed);
    if (given != NULL)
        seed = strtoull(given, NULL, 10);
    printf("LOGS_SEED=%" PRIu64 "\n", seed);
    test_logs_open(&t);
    for (; steps < STEPS || !has_met_everything(); steps++) {
        assert_true(steps < STEPS_MAX);
        step();
        check_all();
        if (steps % 50 == 49)
            test_logs_reopen(&t); /* and an arena of its own */
    }
    test_logs_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_history)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
