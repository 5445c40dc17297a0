/* logs/record.c, logs/catalogue.c: what is stored reads back the same; newer formats are refused,
 * and anything else that does not fit is corrupt. */
#include "logs/logs_test.h"

static struct bytes edited(struct arena *arena, struct bytes value, size_t at, uint8_t byte)
{
    uint8_t *copy = arena_alloc(arena, value.size);

    memcpy(copy, value.ptr, value.size);
    copy[at] = byte;
    return bytes_of(copy, value.size);
}

static void test_values(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer stream = BUFFER_INIT(64);
    AUTO(buffer_free) struct buffer second = BUFFER_INIT(64);
    AUTO(buffer_free) struct buffer figures = BUFFER_INIT(64);
    struct log_stream_view view = {BYTES("s"), 7, 1, true, 2, 3, 4}, read = {.name = BYTES("s")};
    struct log_figures numbers = {5, 6}, again = {0, 0};

    (void)state;
    log_stream_encode(&stream, &view);
    assert_int_equal(log_stream_decode(buffer_bytes(&stream), &read), OK);
    log_stream_encode(&second, &read);
    assert_true(bytes_equal(buffer_bytes(&stream), buffer_bytes(&second)));
    assert_true(read.has_events && read.id == 7 && read.created_ms == 1 && read.first_ms == 2 &&
                read.last_ms == 3 && read.ingested_ms == 4);
    log_figures_encode(&figures, &numbers);
    assert_int_equal(log_figures_decode(buffer_bytes(&figures), &again), OK);
    assert_memory_equal(&numbers, &again, sizeof numbers);
    assert_int_equal(log_stream_decode(edited(arena, buffer_bytes(&stream), 0, 2), &read),
                     NEWER_FORMAT);
    assert_int_equal(log_stream_decode(edited(arena, buffer_bytes(&stream), 0, 0), &read), CORRUPT);
    assert_int_equal(log_stream_decode(edited(arena, buffer_bytes(&stream), 17, 2), &read),
                     CORRUPT);
    assert_int_equal(log_figures_decode(edited(arena, buffer_bytes(&figures), 0, 2), &again),
                     NEWER_FORMAT);
    for (size_t size = 0; size < stream.size; size++)
        assert_int_equal(log_stream_decode(bytes_of(stream.ptr, size), &read), CORRUPT);
    for (size_t size = 0; size < figures.size; size++)
        assert_int_equal(log_figures_decode(bytes_of(figures.ptr, size), &again), CORRUPT);
}

static void test_events(void **state)
{
    struct log_record record = {11, 12, BYTES("m")}, read;
    uint8_t value[LOG_RECORD_HEAD_SIZE + 1];

    (void)state;
    log_record_head(value, &record);
    value[LOG_RECORD_HEAD_SIZE] = 'm';
    assert_int_equal(log_record_decode(bytes_of(value, sizeof value), &read), OK);
    assert_int_equal(read.ingested_ms, 11);
    assert_int_equal(read.stream_id, 12);
    assert_true(bytes_equal_text(read.message, "m"));
    for (size_t size = 0; size < sizeof value; size++)
        assert_int_equal(log_record_decode(bytes_of(value, size), &read), CORRUPT);
    value[0] = 2;
    assert_int_equal(log_record_decode(bytes_of(value, sizeof value), &read), NEWER_FORMAT);
}

static void test_groups(void **state)
{
    static const struct {
        const char *stored;
        enum status status;
    } rows[] = {
        {"{\"format\":1,\"name\":\"g\",\"id\":1,\"created\":2,\"retentionDays\":3,\"more\":[]}",
         OK},
        {"{\"format\":2}", NEWER_FORMAT},
        {"{\"format\":1,\"name\":\"g\",\"id\":0,\"created\":2,\"retentionDays\":3}", CORRUPT},
        {"{\"format\":1,\"name\":\"\",\"id\":1,\"created\":2,\"retentionDays\":3}", CORRUPT},
        {"{\"format\":1,\"name\":\"g\",\"id\":1,\"created\":2,\"retentionDays\":-3}", CORRUPT},
        {"{\"format\":1,\"name\":\"g\"}", CORRUPT},
        {"{\"name\":\"g\"}", CORRUPT},
        {"", CORRUPT},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct log_group *group = NULL;

        assert_int_equal(log_group_decode(&test_place, bytes_of_text(rows[i].stored), &group),
                         rows[i].status);
        if (group != NULL)
            log_group_free(group);
    }
}

/* Everything that a group may have survives a start. */
static void test_restart(void **state)
{
    const struct log_tag tags[] = {{BYTES("a"), BYTES("\"x\"")}, {BYTES("b"), BYTES("")}};
    struct test_logs t;
    const struct log_group_view *view = NULL;

    (void)state;
    test_logs_open(&t);
    struct test_change change = {.change = {.kind = LOG_CREATE_GROUP,
                                            .name = BYTES("/g"),
                                            .kms_key = BYTES("key"),
                                            .class = BYTES("DELIVERY"),
                                            .tags = tags,
                                            .tag_count = 2,
                                            .arena = test_call_arena(&t),
                                            .done = test_change_done}};

    logs_change(t.logs, &change.change);
    while (!change.done)
        test_loop_turn(&t.loop);
    assert_int_equal(test_change(&t, LOG_SET_RETENTION, "/g", 3653), OK);
    test_logs_reopen(&t);
    view = logs_find(t.logs, BYTES("/g"));
    assert_non_null(view);
    assert_true(bytes_equal_text(view->kms_key, "key"));
    assert_true(bytes_equal_text(view->class, "DELIVERY"));
    assert_int_equal(view->retention_days, 3653);
    assert_int_equal(view->created_ms, TEST_NOW_MS);
    assert_int_equal(view->tag_count, 2);
    assert_true(bytes_equal_text(view->tags[0].value, "\"x\""));
    assert_true(bytes_equal_text(view->arn, TEST_ARN "/g"));
    test_settle(&t);
    test_logs_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_restart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
