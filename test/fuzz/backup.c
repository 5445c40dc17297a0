/* Fuzz target: backups, unfinished restores and history as they are on disk.
 *
 * What is read prints or encodes to something that reads the same; the rest is called corrupt or of
 * a newer format. Build with -fsanitize=fuzzer,address,undefined. */
#include "engine/backup_form.h"
#include "engine/history.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_read(enum status status)
{
    assert(status == OK || status == CORRUPT || status == NEWER_FORMAT);
    return status == OK;
}

static void fuzz_backup(struct arena *arena, struct bytes text)
{
    struct bytes key = BYTES("engine/backup/users/01785000000000-0a1b2c3d"), printed;
    struct engine_backup backup, again;

    if (!is_read(backup_parse(arena, key, text, &backup)))
        return;
    assert(bytes_equal(backup_key(arena, backup.table_name, backup.id), key));
    printed = backup_print(arena, &backup);

    enum status status = backup_parse(arena, key, printed, &again);

    assert(status == OK && bytes_equal(backup_print(arena, &again), printed));
}

static void fuzz_restore(struct arena *arena, struct bytes text)
{
    struct restore_record restore, again;
    struct bytes printed;

    if (!is_read(restore_parse(arena, text, &restore)))
        return;
    printed = restore_print(arena, &restore);

    enum status status = restore_parse(arena, printed, &again);

    assert(status == OK && bytes_equal(restore_print(arena, &again), printed));
}

static void fuzz_history(struct bytes value)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(SIZE_MAX);
    uint8_t key[HISTORY_KEY_SIZE];
    struct history history;

    history_encode_key(key, 3, 812);
    if (!is_read(history_decode(bytes_of(key, sizeof key), value, &history)))
        return;
    assert(history.recovery_id == 3 && history.position == 812);
    history_encode(&out, &history);
    assert(bytes_equal(buffer_bytes(&out), value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes input = bytes_of(data, size);

    fuzz_backup(arena, input);
    fuzz_restore(arena, input);
    fuzz_history(input);
    return 0;
}
