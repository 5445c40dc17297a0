/* test/unit/streams/read.c - streams/read.c and trim.c: pages of records, and what is a day old. */
#include "records_test.h"

#define DAY_MS STREAM_RETENTION_MS

static struct stream_page page_of(struct stream_test *t, uint32_t stream_id, uint64_t after,
                                  size_t limit, size_t size_max)
{
    struct stream_page page = {0};
    bool trimmed = true;

    assert_int_equal(streams_read(t->streams, stream_id, 0, after, limit, size_max, t->arena,
                                  &page, &trimmed),
                     OK);
    assert_false(trimmed);
    return page;
}

static uint64_t write_to(struct stream_test *t, uint32_t stream_id)
{
    return test_write_record(t, (struct test_record){stream_id, CHANGE_INSERT,
                                                     clock_now_ms(t->clock),
                                                     "{\"pk\":{\"S\":\"a\"}}",
                                                     "{\"pk\":{\"S\":\"a\"}}", 0});
}

static void pages_follow_each_other(void **state)
{
    struct stream_test *t = *state;
    uint64_t after = 0, seen = 0;

    for (int i = 0; i < 10; i++) {
        write_to(t, 1);
        write_to(t, 2); /* another stream in between */
    }
    for (bool at_end = false; !at_end;) {
        struct stream_page page = page_of(t, 1, after, 3, 1 << 20);

        assert_true(page.count <= 3);
        for (size_t i = 0; i < page.count; i++) {
            assert_int_equal(page.changes[i].stream_id, 1);
            assert_int_equal(page.changes[i].position, 1 + 2 * seen);
            seen++;
        }
        after = page.next_after;
        at_end = page.at_end;
    }
    assert_int_equal(seen, 10);
    assert_int_equal(after, store_last_position(t->store)); /* others' records are passed too */
    assert_int_equal(page_of(t, 1, after, 3, 1 << 20).count, 0);
}

static void a_page_is_bounded_by_size_but_never_empty(void **state)
{
    struct stream_test *t = *state;

    write_to(t, 1);
    write_to(t, 1);
    struct stream_page page = page_of(t, 1, 0, 100, 1);

    assert_int_equal(page.count, 1);
    assert_false(page.at_end);
    assert_int_equal(page.next_after, 1);
}

static void an_empty_stream_is_at_its_end(void **state)
{
    struct stream_test *t = *state;

    write_to(t, 2);
    struct stream_page page = page_of(t, 1, 0, 100, 1 << 20);

    assert_int_equal(page.count, 0);
    assert_true(page.at_end);
    assert_int_equal(page.next_after, 1);
}

/* The trimming timer is due once a minute; its deletion goes through the writer. */
static void let_it_trim(struct stream_test *t)
{
    clock_advance(t->clock, 60 * 1000);
    assert_true(timers_run(t->timers) > 0);
    while (timers_next_ms(t->timers) == UINT64_MAX)
        test_loop_turn(&t->loop);
}

static void what_is_a_day_old_goes(void **state)
{
    struct stream_test *t = *state;
    struct stream_page page = {0};
    bool trimmed = false;

    for (uint32_t stream_id = 1; stream_id <= 3; stream_id++)
        write_to(t, stream_id);
    clock_advance(t->clock, DAY_MS / 2);
    uint64_t young = write_to(t, 1);

    let_it_trim(t); /* nothing is old yet */
    assert_int_equal(page_of(t, 1, 0, 10, 1 << 20).count, 2);
    clock_advance(t->clock, DAY_MS / 2);
    let_it_trim(t);

    assert_int_equal(streams_trimmed_to(t->streams, 1), 1);
    assert_int_equal(streams_trimmed_to(t->streams, 2), 2);
    assert_int_equal(streams_trimmed_to(t->streams, 3), 3);
    assert_int_equal(streams_read(t->streams, 1, 0, 0, 10, 1 << 20, t->arena, &page, &trimmed),
                     NOT_FOUND);
    assert_true(trimmed); /* never an empty page that looks like "no news" */
    page = page_of(t, 1, 1, 10, 1 << 20);
    assert_int_equal(page.count, 1);
    assert_int_equal(page.changes[0].position, young);
}

static void cursors_are_durable_numbers(void **state)
{
    struct stream_test *t = *state;
    uint64_t position = 0;

    assert_int_equal(stream_cursor_load(t->store, BYTES("nobody"), &position), NOT_FOUND);
    test_put(&t->loop, STORE_CURSORS, "damaged", "short");
    assert_int_equal(stream_cursor_load(t->store, BYTES("damaged"), &position), CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, stream_test_open, stream_test_close)
        TEST(pages_follow_each_other),       TEST(a_page_is_bounded_by_size_but_never_empty),
        TEST(an_empty_stream_is_at_its_end), TEST(what_is_a_day_old_goes),
        TEST(cursors_are_durable_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
