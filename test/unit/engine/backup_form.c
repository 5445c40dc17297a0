/* Backups and restores on disk: their form, and bytes that do not follow it. */
#include "engine/backup_test.h"

#include "engine/backup_form.h"

static struct engine_backup backup_of(const char *name)
{
    struct engine_backup backup = {
        .table_name = BYTES("users"),
        .id = BYTES("01785000000000-0a1b2c3d"),
        .name = bytes_of_text(name),
        .type = BACKUP_SYSTEM,
        .available = true,
        .created_ms = 5,
        .expires_ms = 6,
        .item_count = 7,
        .size_bytes = 8,
        .table = test_schema(VALUE_N, STREAM_NONE),
        .items_id = 9,
    };

    backup.table.id = 3;
    backup.table.name = BYTES("users");
    backup.table.table_id = BYTES("0d3f");
    return backup;
}

/* The stored form is promised in docs/format/backup.md. */
static void test_form(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct engine_backup backup = backup_of("b"), read;
    struct bytes text = backup_print(arena, &backup);
    struct bytes key = backup_key(arena, backup.table_name, backup.id);
    size_t line = bytes_find_byte(text, '\n', 0);

    (void)state;
    test_expect_text(arena, "key", key, "engine/backup/users/01785000000000-0a1b2c3d");
    test_expect_text(arena, "backup", bytes_slice(text, 0, line),
                     "{'format':1,'name':'b','type':'SYSTEM','available':true,'createdMs':5,"
                     "'expiresMs':6,'itemCount':7,'sizeBytes':8,'itemsId':9}");
    assert_int_equal(backup_parse(arena, key, text, &read), OK);
    assert_true(bytes_equal(read.table_name, backup.table_name));
    assert_true(bytes_equal(read.id, backup.id));
    assert_true(bytes_equal(read.table.table_id, backup.table.table_id));
    assert_int_equal(read.table.id, 3);
    assert_true(bytes_equal(backup_print(arena, &read), text));
}

static const struct restore_record restore = {
    .table_id = 3,
    .table_name = {(const uint8_t *)"users", 5},
    .items_id = 9,
    .recovery_id = 4,
    .time_ms = 5,
    .position = 6,
    .phase = RESTORE_UNDO,
    .undone = 7,
};

static void test_form_of_a_restore(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct restore_record read;
    struct bytes text = restore_print(arena, &restore);

    (void)state;
    test_expect_text(arena, "key", restore_key(arena, 42), "engine/restore/0000002a");
    test_expect_text(arena, "restore", text,
                     "{'format':1,'tableId':3,'tableName':'users','itemsId':9,'recoveryId':4,"
                     "'timeMs':5,'position':6,'phase':'UNDO','undone':7}");
    assert_int_equal(restore_parse(arena, text, &read), OK);
    assert_true(bytes_equal(restore_print(arena, &read), text));
}

struct wrong_case {
    const char *part, *replaced;
    enum status status;
};

static struct bytes changed(struct arena *arena, struct bytes text, const struct wrong_case *wrong)
{
    size_t at = bytes_find(text, bytes_of_text(wrong->part));

    assert_int_not_equal(at, SIZE_MAX);
    return arena_printf(arena, "%.*s%s%.*s", (int)at, (const char *)text.ptr, wrong->replaced,
                        BYTES_ARG(bytes_slice(text, at + strlen(wrong->part), text.size)));
}

static void test_wrong_backups(void **state)
{
    static const struct wrong_case wrong[] = {
        {"\"format\":1", "\"format\":2", NEWER_FORMAT},
        {"\"format\":1", "\"format\":\"1\"", CORRUPT},
        {"\"type\":\"SYSTEM\"", "\"type\":\"MINE\"", CORRUPT},
        {"\"available\":true", "\"available\":1", CORRUPT},
        {"\"itemsId\":9", "\"itemsId\":0", CORRUPT},
        {"\"itemsId\":9", "\"itemsId\":4294967296", CORRUPT},
        {"\"createdMs\":5", "\"createdMs\":-5", CORRUPT},
        {"\"name\":\"b\"", "\"n\":\"b\"", CORRUPT},
        {"}\n{", "}", CORRUPT},
        {"}\n{", "\n{", CORRUPT},
        {"\"tableId\":\"0d3f\"", "\"tableId\":1", CORRUPT},
        {"\"itemsId\":9}", "\"itemsId\":9,\"later\":1}", OK},
    };
    AUTO(arena_release) struct arena *arena = arena_new();
    struct engine_backup backup = backup_of("b"), read;
    struct bytes text = backup_print(arena, &backup);
    struct bytes key = backup_key(arena, backup.table_name, backup.id);

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        enum status status = backup_parse(arena, key, changed(arena, text, &wrong[i]), &read);

        if (status != wrong[i].status)
            fail_msg("%s: %s", wrong[i].replaced, status_text(status));
    }
    assert_int_equal(backup_parse(arena, BYTES("engine/backup/users"), text, &read), CORRUPT);
    assert_int_equal(backup_parse(arena, BYTES("engine/backup//1"), text, &read), CORRUPT);
    assert_int_equal(backup_parse(arena, BYTES("engine/backup/users/"), text, &read), CORRUPT);
    assert_int_equal(backup_parse(arena, BYTES("engine/table/users/1"), text, &read), CORRUPT);
}

static void test_wrong_restores(void **state)
{
    static const struct wrong_case wrong[] = {
        {"\"format\":1", "\"format\":2", NEWER_FORMAT},
        {"\"tableId\":3", "\"tableId\":0", CORRUPT},
        {"\"tableName\":\"users\"", "\"tableName\":\"\"", CORRUPT},
        {"\"itemsId\":9", "\"itemsId\":0", CORRUPT},
        {"\"phase\":\"UNDO\"", "\"phase\":\"DO\"", CORRUPT},
        {"\"undone\":7", "\"undone\":7.5", CORRUPT},
        {"}", "", CORRUPT},
        {"}", ",\"later\":1}", OK},
    };
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes text = restore_print(arena, &restore);
    struct restore_record read;

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        enum status status = restore_parse(arena, changed(arena, text, &wrong[i]), &read);

        if (status != wrong[i].status)
            fail_msg("%s: %s", wrong[i].replaced, status_text(status));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_form_of_a_restore),
        cmocka_unit_test(test_wrong_backups),
        cmocka_unit_test(test_wrong_restores),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
