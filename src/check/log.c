/* check/log.c - the commit log, RocksDB's logs, the end of its MANIFEST, and the store's own keys
 * (docs/format/store.md). */
#include "check/internal.h"

static const struct check_kind damaged_log = {
    "damaged-log",
    "what was acknowledged behind the damaged bytes is not read any more, and the next "
    "start drops it for good: copy the folder before dynlog opens it"};

static const struct check_kind refused_log = {
    "damaged-log",
    "what was acknowledged behind the damaged bytes can't be read, and dynlog does not "
    "start with this folder: put it back from a backup"};

static bool has_records(const struct store_log *logs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (logs[i].records > 0)
            return true;
    return false;
}

static void look(struct check *check, const struct store_log *log, bool more)
{
    if (log->refused) {
        check_find(check, &refused_log, "log",
                   check_text(check, "%s, byte %llu", log->name, (unsigned long long)log->bad_at),
                   BYTES("the groups that were written, each with its checksum"),
                   bytes_of_text(log->words));
        return;
    }
    if (log->bad_at >= log->size || !log->needed)
        return;
    if (log->records_behind == 0 && !more) {
        check_part_remark(check, "%s ends in %llu bytes of a group that was not acknowledged",
                          log->name, (unsigned long long)(log->size - log->bad_at));
        return;
    }
    check_find(check, &damaged_log, "log",
               check_text(check, "%s, byte %llu", log->name, (unsigned long long)log->bad_at),
               BYTES("a record with the checksum that it was written with"),
               check_text(check,
                          "damaged bytes, behind %llu whole records; %llu whole records stand "
                          "behind them",
                          (unsigned long long)log->records,
                          (unsigned long long)log->records_behind));
}

static void look_at_manifest(struct check *check)
{
    struct bytes log = check->part.remark;
    const char *name = NULL;
    uint64_t size = 0;

    if (!store_has_torn_manifest(check->store, &name, &size))
        return;
    check_part_remark(check,
                      "%.*s%sstore/%s ends in %llu bytes of a change that was not finished; the "
                      "next start cuts them off",
                      BYTES_ARG(log), log.size > 0 ? "; " : "", name, (unsigned long long)size);
}

void check_logs(struct check *check)
{
    struct store_log *logs = NULL;
    size_t count = 0;
    const char *wrong = NULL;
    enum status status = store_logs(check->store, check->arena, &logs, &count);

    if (status != OK)
        check_find(check, &CHECK_UNREADABLE, "log", BYTES("log/*"), BYTES("logs that read"),
                   bytes_of_text(status_text(status)));
    for (size_t i = 0; status == OK && i < count; i++) {
        check->part.rows += logs[i].records;
        check->part.bytes += logs[i].size;
        look(check, &logs[i], has_records(logs + i + 1, count - i - 1));
    }
    look_at_manifest(check);
    wrong = store_check_own(check->store, check->arena);
    if (wrong != NULL)
        check_find(check, &CHECK_STRAY, "default", BYTES("the store's own keys"),
                   BYTES("last-position, log-flushed and scrub"), bytes_of_text(wrong));
}
