/* Tests of library/folder_member.c: places under a name that survive the process, groups whose
 * members share, events that fail. */
#include "library/folder.h"

#include "library_test.h"

static struct dynlog_reader *join(struct dynlog *dynlog, const char *name, bool group)
{
    struct dynlog_subscription wanted = {
        .log = "users", .from = DYNLOG_FROM_START, .name = name, .group = group, .tries_max = 2};
    struct dynlog_reader *reader = NULL;
    struct dynlog_error error = {0};

    if (dynlog_subscribe(dynlog, &wanted, &reader, &error) != DYNLOG_OK)
        fail_msg("%s", error.message);
    return reader;
}

static void expect_event(struct dynlog_reader *reader, const char *id, uint64_t version,
                         uint32_t try_number)
{
    struct dynlog_event event;
    struct dynlog_error error = {0};

    if (dynlog_next(reader, 10000, &event, &error) != DYNLOG_OK)
        fail_msg("%s", error.message);
    assert_string_equal(event.id, id);
    assert_int_equal(event.version, version);
    assert_int_equal(event.try_number, try_number);
}

static void test_a_name_is_kept(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    struct dynlog *dynlog = NULL;
    struct dynlog_reader *reader = NULL, *second = NULL;
    struct dynlog_subscription again = {.log = "users", .name = "mail"};
    struct dynlog_event event;
    struct dynlog_error error;

    (void)state;
    test_folder_make(folder);
    dynlog = test_open(folder);
    for (int64_t i = 0; i < 3; i++)
        test_append(dynlog, "users", "1", "moved", i);
    test_append(dynlog, "places", "1", "opened", 0);
    reader = join(dynlog, "mail", false);
    assert_int_equal(dynlog_subscribe(dynlog, &again, &second, &error), DYNLOG_IN_USE);
    expect_event(reader, "1", 1, 1);
    assert_int_equal(dynlog_next(reader, 0, &event, &error), DYNLOG_INVALID);
    assert_non_null(strstr(error.message, "neither done nor failed"));
    assert_int_equal(dynlog_done(reader, &error), DYNLOG_OK);
    assert_int_equal(dynlog_done(reader, &error), DYNLOG_INVALID);
    expect_event(reader, "1", 2, 1); /* and is not done with it */
    dynlog_reader_close(reader);
    dynlog_close(dynlog);

    dynlog = test_open(folder);
    reader = join(dynlog, "mail", false);
    expect_event(reader, "1", 2, 1);
    assert_int_equal(dynlog_done(reader, &error), DYNLOG_OK);
    expect_event(reader, "1", 3, 1);
    assert_int_equal(dynlog_done(reader, &error), DYNLOG_OK);
    assert_int_equal(dynlog_next(reader, 0, &event, &error), DYNLOG_END);
    assert_int_equal(dynlog_next(reader, 1, &event, &error), DYNLOG_TIMED_OUT);
    dynlog_reader_close(reader);

    again.type = "moved"; /* another filter under the same name */
    assert_int_equal(dynlog_subscribe(dynlog, &again, &reader, &error), DYNLOG_CONFLICT);
    again = (struct dynlog_subscription){.name = "no good name"};
    assert_int_equal(dynlog_subscribe(dynlog, &again, &reader, &error), DYNLOG_INVALID);
    dynlog_close(dynlog);
    test_folder_remove(folder);
}

static void test_failures(void **state)
{
    struct dynlog *dynlog = test_open(NULL);
    struct dynlog_reader *reader = NULL;
    struct dynlog_error error;

    (void)state;
    test_append(dynlog, "users", "1", "moved", 0);
    test_append(dynlog, "users", "1", "moved", 1);
    reader = join(dynlog, "group", true);
    expect_event(reader, "1", 1, 1);
    assert_int_equal(dynlog_failed(reader, "not now", &error), DYNLOG_OK);
    expect_event(reader, "1", 1, 2);
    assert_int_equal(dynlog_failed(reader, "nor now", &error), DYNLOG_OK);
    expect_event(reader, "1", 2, 1); /* the first one is parked */
    assert_int_equal(dynlog_done(reader, &error), DYNLOG_OK);
    dynlog_reader_close(reader);
    dynlog_close(dynlog);
}

/* ---- members that share ---- */

#define MEMBERS 3
#define STREAMS 6
#define VERSIONS 20

struct sharing {
    struct dynlog *dynlog;
    pthread_mutex_t mutex;
    uint64_t versions[STREAMS]; /* the last one that somebody was done with */
    size_t count;
    bool wrong;
};

static void *work(void *context)
{
    struct sharing *sharing = context;
    struct dynlog_reader *reader = join(sharing->dynlog, "shared", true);
    struct dynlog_event event;
    bool over = false;

    while (!over && dynlog_next(reader, 20, &event, NULL) != DYNLOG_IO_ERROR) {
        pthread_mutex_lock(&sharing->mutex);
        if (event.version > 0) {
            size_t stream = (size_t)strtoul(event.id, NULL, 10);

            sharing->wrong = sharing->wrong || event.version != sharing->versions[stream] + 1;
            sharing->versions[stream] = event.version;
            sharing->count++;
        }
        over = sharing->count >= (size_t)STREAMS * VERSIONS;
        pthread_mutex_unlock(&sharing->mutex);
        if (event.version > 0 && dynlog_done(reader, NULL) != DYNLOG_OK)
            break;
    }
    dynlog_reader_close(reader);
    return NULL;
}

static void test_members_share(void **state)
{
    struct sharing sharing = {.dynlog = test_open(NULL)};
    pthread_t threads[MEMBERS];
    char id[16];

    (void)state;
    pthread_mutex_init(&sharing.mutex, NULL);
    for (size_t i = 0; i < MEMBERS; i++)
        pthread_create(&threads[i], NULL, work, &sharing);
    for (int64_t version = 0; version < VERSIONS; version++)
        for (int stream = 0; stream < STREAMS; stream++) {
            snprintf(id, sizeof id, "%d", stream);
            test_append(sharing.dynlog, "users", id, "moved", version);
        }
    for (size_t i = 0; i < MEMBERS; i++)
        pthread_join(threads[i], NULL);
    assert_false(sharing.wrong); /* in order, each once */
    for (size_t i = 0; i < STREAMS; i++)
        assert_int_equal(sharing.versions[i], VERSIONS);
    pthread_mutex_destroy(&sharing.mutex);
    dynlog_close(sharing.dynlog);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_name_is_kept),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_members_share),
    };

    alarm(120);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
