/* schedule/schedule.h against a list that is too simple to be wrong: random changes of schedules
 * and groups, time that goes on, starts anew. What happened, and when, must be the same. A failure
 * prints the seed; TEST_SEED=N runs that one again. */
#include "schedule/schedule_test.h"

#include "base/id.h"

#define STEPS 250
#define NAMES 4
#define GROUPS 2
#define HAPPENED_MAX 20000

static uint64_t chance_state;

static uint32_t chance(uint32_t below)
{
    chance_state ^= chance_state << 13;
    chance_state ^= chance_state >> 7;
    chance_state ^= chance_state << 17;
    return (uint32_t)(chance_state % below);
}

/* ---- the list ---- */

struct simple {
    bool there, enabled, delete_after;
    uint64_t every_ms, at_ms; /* one of them */
    uint64_t start_ms, end_ms, first_ms, due_ms;
};

struct happening {
    uint32_t group, name;
    uint64_t at_ms;
};

struct list_model {
    struct simple schedules[GROUPS][NAMES];
    bool groups[GROUPS];
    struct happening happened[HAPPENED_MAX];
    size_t count;
};

static uint64_t simple_next(const struct simple *s, uint64_t after_ms)
{
    uint64_t next = s->first_ms;

    if (s->every_ms == 0)
        return s->at_ms > after_ms ? s->at_ms : SCHEDULE_NEVER;
    while (next <= after_ms)
        next += s->every_ms;
    return s->end_ms > 0 && next >= s->end_ms ? SCHEDULE_NEVER : next;
}

static void simple_begin(struct simple *s, uint64_t now_ms)
{
    s->first_ms = s->start_ms > 0 ? s->start_ms : now_ms;
    s->due_ms = s->enabled ? simple_next(s, now_ms - 1) : SCHEDULE_NEVER;
}

static void simple_happen(struct list_model *model, uint32_t group, uint32_t name,
                          uint64_t behind_ms)
{
    struct simple *s = &model->schedules[group][name];

    assert_true(model->count < HAPPENED_MAX);
    model->happened[model->count++] = (struct happening){group, name, s->due_ms};
    s->due_ms = simple_next(s, behind_ms > s->due_ms ? behind_ms : s->due_ms);
    if (s->due_ms == SCHEDULE_NEVER && s->delete_after)
        s->there = false;
}

/* missed: one for all that are due, instead of each. */
static void model_to(struct list_model *model, uint64_t now_ms, bool missed)
{
    for (uint32_t group = 0; group < GROUPS; group++)
        for (uint32_t name = 0; name < NAMES; name++) {
            const struct simple *s = &model->schedules[group][name];

            while (s->there && s->due_ms <= now_ms)
                simple_happen(model, group, name, missed ? now_ms : 0);
        }
}

/* ---- both ---- */

struct both {
    struct test_schedules t;
    struct list_model model;
    size_t compared; /* of t.due */
};

static const char *const group_names[GROUPS] = {"default", "g"};
static const char *const names[NAMES] = {"a", "b", "c", "d"};

static int compare_happenings(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct happening));
}

/* Whatever the order among those of one step. */
static void compare(struct both *both)
{
    struct happening *got = ARENA_NEW_ARRAY(both->t.arena, DUE_MAX, struct happening);

    if (both->t.due_count != both->model.count)
        fail_msg("%zu happened, not %zu", both->t.due_count, both->model.count);
    for (size_t i = 0; i < both->t.due_count; i++) {
        const struct test_due *due = &both->t.due[i];
        uint8_t name = due->arn.ptr[due->arn.size - 1];

        got[i].group = bytes_find(due->arn, BYTES("/default/")) != SIZE_MAX ? 0 : 1;
        got[i].name = (uint32_t)(name - 'a');
        got[i].at_ms = due->scheduled_ms;
    }
    qsort(got, both->t.due_count, sizeof *got, compare_happenings);
    qsort(both->model.happened, both->model.count, sizeof *got, compare_happenings);
    for (size_t i = 0; i < both->model.count; i++)
        if (compare_happenings(&got[i], &both->model.happened[i]) != 0)
            fail_msg("%s/%s at %llu, not %s/%s at %llu", group_names[got[i].group],
                     names[got[i].name], (unsigned long long)got[i].at_ms,
                     group_names[both->model.happened[i].group],
                     names[both->model.happened[i].name],
                     (unsigned long long)both->model.happened[i].at_ms);
    both->t.due_count = both->model.count = 0;
}

static struct schedule_settings random_settings(struct both *both, struct simple *s)
{
    struct arena *arena = both->t.arena;
    uint64_t now_ms = clock_now_ms(both->t.clock);
    struct schedule_settings settings = test_settings((struct schedule_settings){0});

    if (chance(3) == 0) {
        char iso[CLOCK_ISO_SIZE];

        s->at_ms = (now_ms / 1000 + chance(7200)) * 1000 - 1800000;
        clock_format_iso(s->at_ms, false, iso);
        settings.expression = arena_printf(arena, "at(%.19s)", iso);
    } else {
        uint32_t minutes = 1 + chance(90);

        s->every_ms = minutes * MINUTE_MS;
        settings.expression = arena_printf(arena, "rate(%u minutes)", minutes);
        if (chance(3) == 0)
            settings.start_ms = s->start_ms =
                now_ms + chance(7200000) - (chance(2) == 0 ? 0 : SCHEDULE_START_PAST_MS);
        if (chance(3) == 0)
            settings.end_ms = s->end_ms =
                (s->start_ms > now_ms ? s->start_ms : now_ms) + 1 + chance(14400000);
    }
    settings.enabled = s->enabled = chance(5) > 0;
    settings.delete_after = s->delete_after = chance(2) == 0;
    return settings;
}

static bool goes_on(const struct simple *old, const struct simple *new)
{
    return old->enabled && new->enabled && old->every_ms == new->every_ms &&
           old->at_ms == new->at_ms && old->start_ms == new->start_ms && old->end_ms == new->end_ms;
}

static void put(struct both *both, enum schedule_change_kind kind)
{
    uint32_t group = chance(GROUPS), name = chance(NAMES);
    struct simple *old = &both->model.schedules[group][name], new = {.there = true};
    struct test_change change = {.change = {.kind = kind, .settings = random_settings(both, &new)}};
    bool taken = both->model.groups[group] && old->there == (kind == SCHEDULE_UPDATE);
    uint64_t now_ms = clock_now_ms(both->t.clock);

    change.change.settings.group = bytes_of_text(group_names[group]);
    change.change.settings.name = bytes_of_text(names[name]);
    assert_int_equal(test_change(&both->t, &change), taken ? OK : REFUSED);
    test_settle(&both->t);
    if (!taken)
        return;
    new.first_ms = old->first_ms;
    new.due_ms = old->due_ms;
    if (kind == SCHEDULE_CREATE || !goes_on(old, &new))
        simple_begin(&new, now_ms);
    *old = new;
    model_to(&both->model, now_ms, false);
}

static void delete_one(struct both *both)
{
    uint32_t group = chance(GROUPS), name = chance(NAMES);
    struct test_change change = {.change = {.kind = SCHEDULE_DELETE}};

    change.change.settings.group = bytes_of_text(group_names[group]);
    change.change.settings.name = bytes_of_text(names[name]);
    assert_int_equal(test_change(&both->t, &change),
                     both->model.schedules[group][name].there ? OK : REFUSED);
    both->model.schedules[group][name].there = false;
}

static void change_group(struct both *both)
{
    bool there = both->model.groups[1];

    test_must(&both->t, there ? SCHEDULE_DELETE_GROUP : SCHEDULE_CREATE_GROUP,
              (struct schedule_settings){.group = BYTES("g")});
    both->model.groups[1] = !there;
    for (uint32_t name = 0; name < NAMES; name++)
        both->model.schedules[1][name].there = false;
}

static void advance(struct both *both)
{
    test_advance(&both->t, chance(3600000));
    test_settle(&both->t);
    model_to(&both->model, clock_now_ms(both->t.clock), false);
}

static void restart(struct both *both)
{
    test_restart(&both->t, chance(2) == 0 ? 0 : chance(7200000));
    schedules_start(both->t.schedules);
    test_settle(&both->t);
    model_to(&both->model, clock_now_ms(both->t.clock), true);
}

static void step(struct both *both)
{
    uint32_t what = chance(20);

    if (what < 7)
        put(both, SCHEDULE_CREATE);
    else if (what < 11)
        put(both, SCHEDULE_UPDATE);
    else if (what < 13)
        delete_one(both);
    else if (what < 14)
        change_group(both);
    else if (what < 18)
        advance(both);
    else
        restart(both);
    compare(both);
}

static void test_a_random_history(void **state)
{
    static struct both both;
    const char *given = getenv("TEST_SEED");
    char folder[TEST_FOLDER_SIZE];
    uint64_t seed = 0;

    (void)state;
    id_random((uint8_t *)&seed, sizeof seed);
    chance_state = (given != NULL ? strtoull(given, NULL, 10) : seed) | 1;
    print_message("TEST_SEED=%llu\n", (unsigned long long)chance_state);
    test_folder_make(folder);
    both.t = (struct test_schedules){
        .arena = arena_new(), .clock = clock_new_manual(TEST_NOW_MS), .folder = folder};
    both.model.groups[0] = true;
    test_schedules_attach(&both.t);
    schedules_start(both.t.schedules);
    for (size_t i = 0; i < STEPS; i++)
        step(&both);
    test_schedules_close(&both.t);
    test_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_random_history),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
