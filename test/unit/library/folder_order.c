/* Opening a folder that an older dynlog wrote, whose events are put in order before anybody reads
 * (library/folder.c), on a disk that takes nothing meanwhile. */
#include "engine/order_test.h"

#include <dynlog.h>

#include <signal.h>
#include <sys/resource.h>

#define TABLE "local-dynamodb-logs"
#define EVENTS 30
#define PAYLOAD_SIZE ((size_t)20 * 1000)

/* Enough to open a store, and less than one step of the filling writes. */
#define FILE_SIZE ((rlim_t)256 * 1024)

static void limit_files(rlim_t size)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void make_old_folder(const char *folder)
{
    struct test_engine t;
    char *text = mem_new(PAYLOAD_SIZE + 1);

    memset(text, 'x', PAYLOAD_SIZE);
    test_engine_open(&t, folder);
    test_create(&t, TABLE, VALUE_N, STREAM_NONE);
    for (int i = 1; i <= EVENTS; i++)
        test_put_item(&t, TABLE,
                      (const char *)arena_printf(t.arena,
                                                 "{'pk':{'S':'users#1#stream'},'sk':{'N':'%d'},"
                                                 "'log':{'S':'users'},'type':{'S':'moved'},"
                                                 "'payload':{'M':{'text':{'S':'%s'}}}}%c",
                                                 i, text, '\0')
                          .ptr);
    test_age(&t, TABLE);
    test_engine_close(&t);
    mem_free(text);
}

/* The failure is told, however long the disk stays as it is; then the next one goes on. */
static void test_a_disk_that_fails(void **state)
{
    char folder[TEST_FOLDER_SIZE];
    struct dynlog *dynlog = NULL;
    struct dynlog_logs *logs = NULL;
    struct dynlog_error error = {0};

    (void)state;
    test_folder_make(folder);
    make_old_folder(folder);
    limit_files(FILE_SIZE);
    for (int i = 0; i < 2; i++) {
        enum dynlog_status status = dynlog_open(folder, NULL, &dynlog, &error);

        assert_true(status == DYNLOG_IO_ERROR || status == DYNLOG_NO_SPACE);
        assert_int_equal(error.status, status);
        assert_non_null(strstr(error.message, folder));
        assert_null(dynlog);
    }
    limit_files(RLIM_INFINITY);
    assert_int_equal(dynlog_open(folder, NULL, &dynlog, &error), DYNLOG_OK);
    assert_int_equal(dynlog_logs(dynlog, &logs, &error), DYNLOG_OK);
    assert_int_equal(logs->count, 1);
    assert_int_equal(logs->list[0].event_count, EVENTS);
    dynlog_logs_free(logs);
    dynlog_close(dynlog);
    test_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_disk_that_fails)};

    signal(SIGXFSZ, SIG_IGN); /* a write past RLIMIT_FSIZE fails with EFBIG instead */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
