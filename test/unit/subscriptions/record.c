/* Keys order by name and position; values read back as they were printed, and damaged ones are
 * told. */
#include "subscriptions/subscriptions_test.h"

static void test_keys(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(SUBSCRIPTION_KEY_SIZE_MAX);
    struct bytes from, to, other;

    (void)state;
    subscription_key_bounds(arena, KEY_DONE, BYTES("a"), 5, &from, &to);
    subscription_key(&key, KEY_DONE, BYTES("a"), 5);
    assert_true(bytes_equal(buffer_bytes(&key), from));
    assert_int_equal(subscription_key_position(buffer_bytes(&key)), 5);
    subscription_key(&key, KEY_DONE, BYTES("a"), UINT64_MAX);
    assert_true(bytes_compare(buffer_bytes(&key), to) < 0);
    subscription_key(&key, KEY_DONE, BYTES("a."), 0);
    assert_true(bytes_compare(buffer_bytes(&key), to) > 0);
    subscription_key(&key, KEY_PARKED, BYTES("a"), 7);
    assert_true(bytes_compare(buffer_bytes(&key), to) > 0);
    subscription_key(&key, KEY_RECORD, BYTES("name"), 0);
    other = subscription_key_name(buffer_bytes(&key));
    assert_true(bytes_equal_text(other, "name"));
    subscription_key_bounds(arena, KEY_RECORD, BYTES(""), 0, &from, &to);
    assert_true(bytes_compare(from, buffer_bytes(&key)) < 0);
    assert_true(bytes_compare(buffer_bytes(&key), to) < 0);
}

static void test_records(void **state)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(SUBSCRIPTION_RECORD_SIZE_MAX);
    struct subscription_record record = {
        .group = true,
        .table_id = 3,
        .table_name = BYTES("table"),
        .filter = {.log = BYTES("users"), .type = BYTES("signup"), .id = BYTES("12")},
        .made_ms = 17};
    struct subscription_record back = {0};

    (void)state;
    subscription_record_print(&out, &record);
    assert_int_equal(subscription_record_read(buffer_bytes(&out), &back), OK);
    assert_true(back.group);
    assert_int_equal(back.table_id, 3);
    assert_int_equal(back.made_ms, 17);
    assert_true(bytes_equal_text(back.table_name, "table"));
    assert_true(bytes_equal_text(back.filter.log, "users"));
    assert_true(bytes_equal_text(back.filter.type, "signup"));
    assert_true(bytes_equal_text(back.filter.id, "12"));
    for (size_t size = 0; size < out.size; size++)
        assert_int_equal(subscription_record_read(bytes_of(out.ptr, size), &back), CORRUPT);
    buffer_append_byte(&out, 0);
    assert_int_equal(subscription_record_read(buffer_bytes(&out), &back), CORRUPT);
    out.ptr[0] = 2;
    assert_int_equal(subscription_record_read(buffer_bytes(&out), &back), NEWER_FORMAT);
}

static void test_parked(void **state)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(4096);
    struct subscription_parked parked = {.log = BYTES("users"),
                                         .id = BYTES("12"),
                                         .type = BYTES("signup"),
                                         .version = 4,
                                         .tries = 5,
                                         .time_ms = 17,
                                         .reason = BYTES("why")};
    struct subscription_parked back = {0};

    (void)state;
    subscription_parked_print(&out, &parked);
    assert_int_equal(subscription_parked_read(buffer_bytes(&out), &back), OK);
    assert_int_equal(back.version, 4);
    assert_int_equal(back.tries, 5);
    assert_int_equal(back.time_ms, 17);
    assert_true(bytes_equal_text(back.log, "users"));
    assert_true(bytes_equal_text(back.id, "12"));
    assert_true(bytes_equal_text(back.type, "signup"));
    assert_true(bytes_equal_text(back.reason, "why"));
    for (size_t size = 0; size < out.size; size++)
        assert_int_equal(subscription_parked_read(bytes_of(out.ptr, size), &back), CORRUPT);
}

/* ---- what is damaged ---- */

static bool is_told(enum status status)
{
    assert_true(status == OK || status == CORRUPT || status == NEWER_FORMAT);
    return status == OK;
}

/* Everything that reads the rows: lists, parked events, a member with what it is given. */
static void look(void *context)
{
    struct test_world *w = context;
    AUTO(arena_release) struct arena *arena = arena_new();
    struct subscription_view *views = NULL;
    struct subscription_parked *parked = NULL;
    struct test_join join = {
        .join = {.use = {.name = BYTES("mail"), .group = true}, .out_max = 100}};
    size_t count = 0;
    bool more = false;

    (void)is_told(subscriptions_list(w->subscriptions, BYTES(""), arena, &views, &count));
    (void)is_told(subscriptions_parked(w->subscriptions, BYTES("mail"), 0, 100, arena, &parked,
                                       &count, &more));
    enum status status = test_join(w, &join);

    if (status == REFUSED || !is_told(status)) /* or it takes something else now */
        return;
    for (status = OK; status == OK;) {
        struct subscription_event event;

        status = subscription_next(join.join.member, arena, &event, &more);
        assert_true(status == NOT_FOUND || is_told(status) || status == CORRUPT ||
                    status == NEWER_FORMAT);
    }
    subscription_leave(join.join.member);
}

/* A subscription with a row of every kind. */
static void make_rows(struct test_world *w)
{
    struct test_change unpark = {.change = {.kind = SUBSCRIPTION_UNPARK, .name = BYTES("mail")}};
    uint64_t positions[5];
    struct subscription_member *member = NULL;
    bool parked = false;

    for (size_t i = 0; i < ARRAY_COUNT(positions); i++)
        positions[i] = test_append(w, "users", (char[]){(char)('a' + i), '\0'}, "signup", 1);
    member = test_member(w, "mail", true, ARRAY_COUNT(positions));
    for (size_t i = 0; i < ARRAY_COUNT(positions); i++)
        assert_int_equal(test_next(w, member, NULL), positions[i]);
    for (size_t i = 1; i < 3; i++) /* two are parked, of which one comes back */
        for (parked = false; !parked;) {
            assert_int_equal(test_failed(w, member, positions[i], &parked), OK);
            if (!parked)
                assert_int_equal(test_next(w, member, NULL), positions[i]);
        }
    unpark.change.position = positions[2];
    assert_int_equal(test_change(w, &unpark), OK);
    assert_int_equal(test_failed(w, member, positions[3], &parked), OK); /* one has failed */
    assert_int_equal(test_is_done(w, member, positions[4]), OK);         /* behind a gap */
    subscription_leave(member);
}

static void test_damaged_rows(void **state)
{
    struct test_world w;
    struct subscription_view before, after;

    (void)state;
    test_world_open(&w, NULL);
    make_rows(&w);
    before = test_view(&w, "mail");
    test_damage(&w.loop, STORE_CURSORS, look, &w);
    after = test_view(&w, "mail");
    assert_int_equal(after.behind, 3);
    assert_int_equal(before.behind, after.behind);
    assert_int_equal(before.position, after.position);
    assert_int_equal(after.parked, 1);
    test_world_close(&w);
}

/* A key that has no position where one belongs. */
static void test_damaged_keys(void **state)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(SUBSCRIPTION_KEY_SIZE_MAX);
    struct test_world w;

    (void)state;
    for (enum subscription_key_kind kind = KEY_DONE; kind <= KEY_RETURNED; kind++) {
        test_world_open(&w, NULL);
        make_rows(&w);
        subscription_key(&key, kind, BYTES("mail"), UINT64_MAX);
        for (size_t size = key.size - 8; size < key.size; size++)
            test_replace(&w.loop, STORE_CURSORS, bytes_of(key.ptr, size), BYTES(""));
        look(&w);
        test_world_close(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),         cmocka_unit_test(test_records),
        cmocka_unit_test(test_parked),       cmocka_unit_test(test_damaged_rows),
        cmocka_unit_test(test_damaged_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
