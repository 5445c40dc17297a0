/* A group against a naive model: an array of events with a state each. Random appends, deletions of
 * events, members that come and go, answers out of order, failures, unparked events, disks that
 * fail, and starts anew. What is given must be what may be given; nothing is lost, and the position
 * passes nothing that is not done. A failure prints the seed: SUBSCRIPTIONS_SEED=N replays it. */
#include "subscriptions/subscriptions_test.h"

#include "base/id.h"

#include <signal.h>

#define STEPS 3000
#define EVENTS_MAX 3000
#define STREAMS 6
#define MEMBERS 4
#define TRIES 3

enum model_state { WAITING, OUT, DONE, PARKED, RETURNED, GONE };

struct model_event {
    uint64_t position, version;
    size_t stream;
    enum model_state state;
    bool came_back; /* it was parked */
    bool deleted;
    uint32_t failures;
    size_t member;
};

static struct {
    struct model_event events[EVENTS_MAX];
    size_t count;
    uint64_t versions[STREAMS];
    struct subscription_member *members[MEMBERS];
    size_t out[MEMBERS], out_max[MEMBERS];
    size_t given, parked, returned, restarts, given_back, in_vain;
} model;
static struct test_world w;
static char folder[TEST_FOLDER_SIZE];
static uint64_t seed;
static char ids[STREAMS][2];

static size_t draw(size_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(seed >> 33) % below;
}

static const char *type_of(uint64_t version)
{
    return version % 2 != 0 ? "odd" : "even";
}

/* ---- what may be ---- */

static bool is_open(const struct model_event *event)
{
    return event->state == WAITING || event->state == OUT || event->state == RETURNED;
}

/* Whether it may be given now: none of its stream is out, none that comes before it waits. */
static bool may_be_given(const struct model_event *event)
{
    if ((event->state != WAITING && event->state != RETURNED) || event->deleted)
        return false;
    for (size_t i = 0; i < model.count; i++) {
        const struct model_event *other = &model.events[i];

        if (other->stream != event->stream || other == event)
            continue;
        if (other->state == OUT)
            return false;
        if (other->position < event->position && !other->deleted &&
            (other->state == WAITING || other->state == RETURNED))
            return false;
    }
    return true;
}

static struct model_event *event_at(uint64_t position)
{
    for (size_t i = 0; i < model.count; i++)
        if (model.events[i].position == position)
            return &model.events[i];
    fail_msg("no event of ours");
    return NULL;
}

static void check_view(void)
{
    struct subscription_view view = test_view(&w, "g");
    size_t open = 0, out = 0, parked = 0, deleted = 0;

    for (size_t i = 0; i < model.count; i++) {
        const struct model_event *event = &model.events[i];

        if (!event->came_back && event->state == WAITING && !event->deleted)
            assert_true(view.position < event->position);
        open += is_open(event) && !event->deleted;
        deleted += is_open(event) && event->deleted;
        out += event->state == OUT;
        parked += event->state == PARKED;
    }
    assert_int_equal(view.parked, parked);
    assert_int_equal(view.out, out);
    /* One that was deleted may be counted until it would be given. */
    assert_in_range(view.behind, open, open + deleted);
}

/* ---- steps ---- */

static void append(void)
{
    struct model_event *event = &model.events[model.count];
    size_t stream = draw(STREAMS);

    if (draw(4) == 0)
        test_append(&w, "other", ids[stream], "odd", model.count + 1);
    if (model.count == EVENTS_MAX)
        return;
    *event = (struct model_event){.stream = stream, .version = ++model.versions[stream]};
    event->position =
        test_append(&w, "users", ids[stream], type_of(event->version), event->version);
    model.count++;
}

static void come(size_t m)
{
    struct test_join test = {
        .join = {.use = {.name = BYTES("g"), .group = true, .filter = {.log = BYTES("users")}},
                 .out_max = 1 + draw(3),
                 .tries_max = TRIES}};

    if (model.members[m] != NULL)
        return;
    assert_int_equal(test_join(&w, &test), OK);
    model.members[m] = test.join.member;
    model.out_max[m] = test.join.out_max;
    model.out[m] = 0;
}

static void go(size_t m)
{
    if (model.members[m] == NULL)
        return;
    subscription_leave(model.members[m]);
    model.members[m] = NULL;
    for (size_t i = 0; i < model.count; i++) {
        struct model_event *event = &model.events[i];

        if (event->state != OUT || event->member != m)
            continue;
        event->state = event->came_back ? RETURNED : WAITING;
        model.given_back++;
    }
}

static void take(size_t m)
{
    struct subscription_event event;
    struct model_event *expected = NULL;
    bool at_end = false;
    enum status status = OK;

    if (model.members[m] == NULL)
        return;
    status = subscription_next(model.members[m], w.arena, &event, &at_end);
    if (model.out[m] == model.out_max[m]) {
        assert_int_equal(status, CONFLICT);
        return;
    }
    if (status == OK) {
        expected = event_at(event.position);
        assert_true(may_be_given(expected));
        assert_int_equal(event.try_number, expected->failures + 1);
        assert_int_equal(event.event.version, expected->version);
        assert_int_equal(event.returned, expected->came_back);
        expected->state = OUT;
        expected->member = m;
        model.out[m]++;
        model.given++;
        return;
    }
    assert_int_equal(status, NOT_FOUND);
    for (size_t i = 0; i < model.count; i++) {
        assert_false(may_be_given(&model.events[i]));
        if (at_end && !model.events[i].deleted)
            assert_false(is_open(&model.events[i]));
    }
}

static struct model_event *some_out(size_t m)
{
    size_t at = model.count > 0 ? draw(model.count) : 0;

    for (size_t i = 0; i < model.count; i++) {
        struct model_event *event = &model.events[(at + i) % model.count];

        if (event->state == OUT && event->member == m)
            return event;
    }
    return NULL;
}

/* What could not be stored has changed nothing: the member has its event as before. */
static void answer_in_vain(size_t m, uint64_t position, bool fails)
{
    bool parked = false;

    test_limit_files(0);
    if (fails)
        assert_int_not_equal(test_failed(&w, model.members[m], position, &parked), OK);
    else
        assert_int_not_equal(test_is_done(&w, model.members[m], position), OK);
    test_limit_files(RLIM_INFINITY);
    model.in_vain++;
    check_view();
}

static void answer(size_t m, bool fails)
{
    struct model_event *event = model.members[m] != NULL ? some_out(m) : NULL;
    bool parked = false;

    if (event == NULL)
        return;
    if (draw(16) == 0)
        answer_in_vain(m, event->position, fails);
    model.out[m]--;
    if (!fails) {
        assert_int_equal(test_is_done(&w, model.members[m], event->position), OK);
        event->state = DONE;
        return;
    }
    assert_int_equal(test_failed(&w, model.members[m], event->position, &parked), OK);
    event->failures++;
    assert_int_equal(parked, event->failures == TRIES);
    event->state = parked ? PARKED : event->came_back ? RETURNED : WAITING;
    model.parked += parked;
}

static void unpark(void)
{
    struct test_change change = {.change = {.kind = SUBSCRIPTION_UNPARK_ALL, .name = BYTES("g")}};
    size_t expected = 0;

    for (size_t i = 0; i < model.count; i++) {
        struct model_event *event = &model.events[i];

        if (event->state != PARKED || (change.change.position != 0 && draw(2) == 0))
            continue;
        if (draw(2) == 0) { /* this one alone */
            change.change.kind = SUBSCRIPTION_UNPARK;
            change.change.position = event->position;
            expected = 1;
            break;
        }
        expected++;
    }
    if (change.change.kind == SUBSCRIPTION_UNPARK_ALL) {
        expected = 0;
        for (size_t i = 0; i < model.count; i++)
            expected += model.events[i].state == PARKED;
    }
    assert_int_equal(test_change(&w, &change), OK);
    assert_int_equal(change.change.count, expected);
    for (size_t i = 0; i < model.count; i++) {
        struct model_event *event = &model.events[i];

        if (event->state != PARKED || (change.change.kind == SUBSCRIPTION_UNPARK &&
                                       event->position != change.change.position))
            continue;
        event->state = RETURNED;
        event->came_back = true;
        event->failures = 0;
        model.returned++;
    }
}

static void delete_event(void)
{
    struct model_event *event = model.count > 0 ? &model.events[draw(model.count)] : NULL;

    if (event == NULL || event->deleted)
        return;
    test_remove(&w, "users", ids[event->stream], type_of(event->version), event->version,
                event->position);
    event->deleted = true;
}

static void start_anew(void)
{
    for (size_t m = 0; m < MEMBERS; m++)
        go(m);
    test_world_close(&w);
    test_world_open(&w, folder);
    model.restarts++;
}

static void step(void)
{
    size_t kind = draw(100), m = draw(MEMBERS);

    if (kind < 22)
        append();
    else if (kind < 27)
        come(m);
    else if (kind < 29)
        go(m);
    else if (kind < 60)
        take(m);
    else if (kind < 84)
        answer(m, false);
    else if (kind < 94)
        answer(m, true);
    else if (kind < 96)
        unpark();
    else if (kind < 97)
        delete_event();
    else if (draw(10) == 0)
        start_anew();
    else
        check_view();
}

/* A run without these would show nothing. */
static bool has_shown_all(void)
{
    return model.given > 100 && model.parked > 0 && model.returned > 0 && model.restarts > 0 &&
           model.given_back > 0 && model.in_vain > 0;
}

static void finish(void)
{
    for (size_t m = 1; m < MEMBERS; m++)
        go(m);
    come(0);
    for (size_t before = SIZE_MAX; before != model.given;) {
        before = model.given;
        while (model.out[0] > 0)
            answer(0, false);
        take(0);
    }
    for (size_t i = 0; i < model.count; i++)
        if (!model.events[i].deleted)
            assert_true(model.events[i].state == DONE || model.events[i].state == PARKED);
    assert_int_equal(test_view(&w, "g").behind, 0);
    assert_int_equal(test_view(&w, "g").position, store_last_position(w.store));
}

static void test_model(void **state)
{
    const char *given = getenv("SUBSCRIPTIONS_SEED");

    (void)state;
    if (given != NULL)
        assert_true(bytes_to_uint64(bytes_of_text(given), &seed));
    else
        id_random((uint8_t *)&seed, sizeof seed);
    fprintf(stderr, "SUBSCRIPTIONS_SEED=%llu\n", (unsigned long long)seed);
    for (size_t i = 0; i < STREAMS; i++)
        ids[i][0] = (char)('a' + i);
    test_folder_make(folder);
    test_world_open(&w, folder);
    come(0);
    for (size_t i = 0; i < STEPS || !has_shown_all(); i++) {
        assert_true(i < 20 * STEPS);
        step();
    }
    finish();
    go(0);
    test_world_close(&w);
    test_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_model)};

    signal(SIGXFSZ, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
