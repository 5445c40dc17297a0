/* Tests of library/folder.c and its sisters: a folder in this process - opened, filled by many
 * threads, opened again. */
#include "library/folder.h"

#include "library_test.h"
#include "store/internal.h"

#include <signal.h>
#include <sys/resource.h>

#define THREADS 8
#define EVENTS_EACH 40

/* ---- reading and writing ---- */

static void expect_stream(struct dynlog *dynlog, const char *log, const char *id, uint64_t count)
{
    struct dynlog_reader *reader = NULL;
    struct dynlog_event event;
    enum dynlog_status status = DYNLOG_OK;
    uint64_t version = 0, position = 0;

    assert_int_equal(dynlog_read(dynlog, log, id, NULL, &reader, NULL), DYNLOG_OK);
    while ((status = dynlog_next(reader, 0, &event, NULL)) == DYNLOG_OK) {
        assert_int_equal(event.version, ++version);
        assert_string_equal(event.log, log);
        assert_string_equal(event.id, id);
        assert_true(event.time_ms > 0);
        if (event.position > 0) {
            assert_true(event.position > position);
            position = event.position;
        }
    }
    assert_int_equal(status, DYNLOG_END);
    assert_int_equal(version, count);
    dynlog_reader_close(reader);
}

static void test_append_and_read(void **state)
{
    struct dynlog *dynlog = test_open(NULL);
    struct dynlog_new_event events[] = {
        {.type = "signup",
         .payload = "{\"name\":\"test\"}",
         .event_id = "e1",
         .correlation_id = "c",
         .causation_id = "b"},
        {.type = "addPhoneNumber", .payload = "{\"number\":1.50}"},
    };
    struct dynlog_append append = {
        .log = "users", .id = "12", .expected = DYNLOG_NONE, .events = events, .event_count = 2};
    struct dynlog_range range = {.backward = true, .limit = 1};
    struct dynlog_reader *reader = NULL;
    struct dynlog_event event;
    struct dynlog_error error = {0};

    (void)state;
    assert_int_equal(dynlog_append(dynlog, &append, 1, &error), DYNLOG_OK);
    assert_int_equal(append.version, 2);
    assert_true(append.position > 0);
    expect_stream(dynlog, "users", "12", 2);
    assert_int_equal(dynlog_append(dynlog, &append, 1, &error), DYNLOG_CONFLICT);
    assert_string_equal(error.message, "users/12 is at version 2, not new.");
    assert_int_equal(append.version, 2);

    assert_int_equal(dynlog_read(dynlog, "users", "12", &range, &reader, NULL), DYNLOG_OK);
    assert_int_equal(dynlog_next(reader, 0, &event, NULL), DYNLOG_OK);
    assert_string_equal(event.payload, "{\"id\":\"12\",\"number\":1.5}");
    assert_int_equal(event.payload_size, strlen(event.payload));
    assert_null(event.event_id);
    assert_int_equal(dynlog_next(reader, 0, &event, NULL), DYNLOG_END);
    assert_int_equal(dynlog_next(reader, 0, &event, NULL), DYNLOG_END);
    dynlog_reader_close(reader);

    assert_int_equal(dynlog_read(dynlog, "users", "12", NULL, &reader, NULL), DYNLOG_OK);
    assert_int_equal(dynlog_next(reader, 0, &event, NULL), DYNLOG_OK);
    assert_string_equal(event.event_id, "e1");
    assert_string_equal(event.correlation_id, "c");
    assert_string_equal(event.causation_id, "b");
    dynlog_reader_close(reader);
    dynlog_close(dynlog);
}

static void test_several_streams(void **state)
{
    struct dynlog *dynlog = test_open(NULL);
    struct dynlog_new_event event = {.type = "moved"};
    struct dynlog_append appends[] = {
        {.log = "users", .id = "1", .expected = DYNLOG_NONE, .events = &event, .event_count = 1},
        {.log = "users", .id = "2", .expected = DYNLOG_ANY, .events = &event, .event_count = 1},
        {.log = "places", .id = "1", .expected = 1, .events = &event, .event_count = 1},
    };

    (void)state;
    assert_int_equal(dynlog_append(dynlog, appends, 3, NULL), DYNLOG_CONFLICT);
    expect_stream(dynlog, "users", "1", 0); /* all or none */
    test_append(dynlog, "places", "1", "opened", DYNLOG_NONE);
    assert_int_equal(dynlog_append(dynlog, appends, 3, NULL), DYNLOG_OK);
    assert_int_equal(appends[2].version, 2);
    expect_stream(dynlog, "users", "2", 1);
    dynlog_close(dynlog);
}

static void test_event_ids(void **state)
{
    struct dynlog *dynlog = test_open(NULL);
    struct dynlog_new_event event = {.type = "moved", .event_id = "a"};
    struct dynlog_append append = {
        .log = "users", .id = "1", .expected = DYNLOG_ANY, .events = &event, .event_count = 1};

    (void)state;
    assert_int_equal(dynlog_append(dynlog, &append, 1, NULL), DYNLOG_OK);
    assert_false(append.repeated);
    test_append(dynlog, "users", "1", "moved", 1);
    assert_int_equal(dynlog_append(dynlog, &append, 1, NULL), DYNLOG_OK);
    assert_true(append.repeated);
    assert_int_equal(append.version, 1);
    expect_stream(dynlog, "users", "1", 2);
    dynlog_close(dynlog);
}

static void test_large_events(void **state)
{
    struct dynlog *dynlog = test_open(NULL);
    size_t size = ITEM_SIZE_MAX;
    char *payload = mem_new(size + 16);
    struct dynlog_new_event event = {.type = "x", .payload = payload};
    struct dynlog_append append = {
        .log = "a", .id = "1", .expected = DYNLOG_NONE, .events = &event, .event_count = 1};

    (void)state;
    snprintf(payload, size, "{\"t\":\"");
    memset(payload + 6, 'x', size);
    memcpy(payload + 6 + size - 1000, "\"}", 3);
    assert_int_equal(dynlog_append(dynlog, &append, 1, NULL), DYNLOG_OK);
    memset(payload + 6, 'x', size);
    memcpy(payload + 6 + size, "\"}", 3);
    append.expected = 1;
    assert_int_equal(dynlog_append(dynlog, &append, 1, NULL), DYNLOG_INVALID);
    mem_free(payload);
    dynlog_close(dynlog);
}

/* ---- opening ---- */

static void test_open_again(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    struct dynlog *dynlog = NULL, *second = NULL;
    struct dynlog_error error = {0};

    (void)state;
    test_folder_make(folder);
    dynlog = test_open(folder);
    test_append(dynlog, "users", "1", "signup", DYNLOG_NONE);
    assert_int_equal(dynlog_open(folder, NULL, &second, &error), DYNLOG_IN_USE);
    assert_null(second);
    assert_non_null(strstr(error.message, folder));
    dynlog_close(dynlog);
    dynlog = test_open(folder);
    expect_stream(dynlog, "users", "1", 1);
    test_append(dynlog, "users", "1", "moved", 1);
    expect_stream(dynlog, "users", "1", 2);
    dynlog_close(dynlog);
    test_folder_remove(folder);
}

static void test_wrong_places(void **state)
{
    static const struct {
        const char *place;
        struct dynlog_options options;
        enum dynlog_status status;
    } cases[] = {
        {NULL, {0}, DYNLOG_INVALID},
        {"", {0}, DYNLOG_INVALID},
        {"aws:", {0}, DYNLOG_INVALID},
        {"aws:Nowhere!", {0}, DYNLOG_INVALID},
        {"aws:eu-west-1", {.region = "eu-north-1"}, DYNLOG_INVALID},
        {"aws:eu-west-1", {.profile = "nobody"}, DYNLOG_DENIED},
        {"http://", {0}, DYNLOG_INVALID},
        {"", {.memory = true, .table = "a b"}, DYNLOG_INVALID},
        {"", {.memory = true, .table = ""}, DYNLOG_INVALID},
        {"/dev/null/x", {0}, DYNLOG_IO_ERROR},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct dynlog *dynlog = NULL;
        struct dynlog_error error = {0};
        enum dynlog_status status = dynlog_open(cases[i].place, &cases[i].options, &dynlog, &error);

        print_message("  %s: %s\n", cases[i].place, error.message);
        assert_null(dynlog);
        assert_int_equal(status, error.status);
        if (cases[i].status != DYNLOG_IO_ERROR)
            assert_int_equal(status, cases[i].status);
        assert_true(strlen(error.message) > 0);
    }
}

/* ---- many threads ---- */

struct racer {
    struct dynlog *dynlog;
    pthread_t thread;
    size_t number;
    size_t won[2]; /* of each stream */
    const char *fault;
};

/* Appends with the version it believes the stream is at, until it has won so often. */
static void *race(void *context)
{
    struct racer *racer = context;
    static const char *const ids[] = {"1", "2"};
    int64_t expected[2] = {0, 0};

    for (size_t turn = 0; racer->won[0] < EVENTS_EACH || racer->won[1] < EVENTS_EACH; turn++) {
        size_t at = (turn + racer->number) % 2;
        struct dynlog_new_event event = {.type = "moved"};
        struct dynlog_append append = {.log = "users",
                                       .id = ids[at],
                                       .expected = expected[at],
                                       .events = &event,
                                       .event_count = 1};

        if (racer->won[at] == EVENTS_EACH)
            continue;

        enum dynlog_status status = dynlog_append(racer->dynlog, &append, 1, NULL);

        if (status != DYNLOG_OK && status != DYNLOG_CONFLICT) {
            racer->fault = "a status of its own";
            return NULL;
        }
        if (status == DYNLOG_OK && append.version != (uint64_t)expected[at] + 1) {
            racer->fault = "a version that was not expected";
            return NULL;
        }
        racer->won[at] += status == DYNLOG_OK ? 1 : 0;
        expected[at] = (int64_t)append.version;
    }
    return NULL;
}

static void test_threads_that_race(void **state)
{
    struct dynlog *dynlog = test_open(NULL);
    struct racer racers[THREADS];

    (void)state;
    for (size_t i = 0; i < THREADS; i++) {
        racers[i] = (struct racer){.dynlog = dynlog, .number = i};
        assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(racers[i].thread, NULL);
        if (racers[i].fault != NULL)
            fail_msg("%s", racers[i].fault);
    }
    expect_stream(dynlog, "users", "1", (uint64_t)THREADS * EVENTS_EACH);
    expect_stream(dynlog, "users", "2", (uint64_t)THREADS * EVENTS_EACH);
    dynlog_close(dynlog);
}

/* ---- a disk that takes nothing ---- */

static void limit_files(rlim_t size)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static bool is_of_disk(enum dynlog_status status, const struct dynlog_error *error)
{
    return (status == DYNLOG_IO_ERROR || status == DYNLOG_NO_SPACE) && error->status == status &&
           error->message[0] != '\0';
}

/* Nothing is half there, nothing that was acknowledged is lost, and it goes on by itself. */
static void test_a_disk_that_fails(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    struct dynlog_subscription wanted = {.from = DYNLOG_FROM_START, .name = "mail"};
    struct dynlog_new_event event = {.type = "moved"};
    struct dynlog_append append = {
        .log = "users", .id = "1", .expected = 1, .events = &event, .event_count = 1};
    struct dynlog *dynlog = NULL;
    struct dynlog_reader *reader = NULL, *second = NULL;
    struct dynlog_event got;
    struct dynlog_error error = {0};

    (void)state;
    test_folder_make(folder);
    dynlog = test_open(folder);
    CONTAINER_OF(dynlog, struct folder, base)->store->repair_pause_ms = 0;
    test_append(dynlog, "users", "1", "signup", DYNLOG_NONE);
    assert_int_equal(dynlog_subscribe(dynlog, &wanted, &reader, &error), DYNLOG_OK);
    assert_int_equal(dynlog_next(reader, 0, &got, &error), DYNLOG_OK);

    limit_files(0);
    assert_true(is_of_disk(dynlog_append(dynlog, &append, 1, &error), &error));
    assert_true(is_of_disk(dynlog_done(reader, &error), &error));
    assert_true(is_of_disk(dynlog_failed(reader, "why", &error), &error));
    wanted.name = "other";
    assert_true(is_of_disk(dynlog_subscribe(dynlog, &wanted, &second, &error), &error));
    assert_null(second);
    assert_int_equal(dynlog_next(reader, 0, &got, &error), DYNLOG_INVALID); /* it has its event */
    expect_stream(dynlog, "users", "1", 1);
    limit_files(RLIM_INFINITY);

    assert_int_equal(dynlog_done(reader, &error), DYNLOG_OK);
    assert_int_equal(dynlog_append(dynlog, &append, 1, &error), DYNLOG_OK);
    assert_int_equal(append.version, 2);
    assert_int_equal(dynlog_next(reader, -1, &got, &error), DYNLOG_OK);
    assert_int_equal(got.version, 2);
    assert_int_equal(got.try_number, 1);
    dynlog_reader_close(reader);
    dynlog_close(dynlog);
    dynlog = test_open(folder);
    expect_stream(dynlog, "users", "1", 2);
    dynlog_close(dynlog);
    test_folder_remove(folder);
}

/* ---- read models ---- */

struct model {
    uint64_t applied;
    uint64_t refuse_at;
};

static bool apply(void *context, const struct dynlog_event *event)
{
    struct model *model = context;

    if (event->version == model->refuse_at)
        return false;
    model->applied++;
    return true;
}

static void test_catch_up(void **state)
{
    struct dynlog *dynlog = test_open(NULL);
    struct model model = {.refuse_at = 3};
    struct dynlog_projection projection = {.apply = apply, .context = &model};
    struct dynlog_error error;

    (void)state;
    assert_int_equal(dynlog_catch_up(dynlog, "users", "1", &projection, &error), DYNLOG_OK);
    for (int64_t i = 0; i < 4; i++)
        test_append(dynlog, "users", "1", "moved", i);
    assert_int_equal(dynlog_catch_up(dynlog, "users", "1", &projection, &error), DYNLOG_STOPPED);
    assert_int_equal(projection.version, 2);
    assert_int_equal(model.applied, 2);
    model.refuse_at = 0;
    assert_int_equal(dynlog_catch_up(dynlog, "users", "1", &projection, &error), DYNLOG_OK);
    assert_int_equal(projection.version, 4);
    assert_int_equal(model.applied, 4);
    projection.version = 6; /* ahead: there is nothing to do */
    assert_int_equal(dynlog_catch_up(dynlog, "users", "1", &projection, &error), DYNLOG_OK);
    dynlog_close(dynlog);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append_and_read),   cmocka_unit_test(test_several_streams),
        cmocka_unit_test(test_event_ids),         cmocka_unit_test(test_large_events),
        cmocka_unit_test(test_open_again),        cmocka_unit_test(test_wrong_places),
        cmocka_unit_test(test_threads_that_race), cmocka_unit_test(test_a_disk_that_fails),
        cmocka_unit_test(test_catch_up),
    };

    alarm(120);
    signal(SIGXFSZ, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
