/* store/log.c - the bytes of logs, looked at without RocksDB. The commit log's own reader tells of
 * its segments (wal_look.c); the rest is about RocksDB's logs, in which groups of folders of format
 * 1 are.
 *
 * RocksDB reads a log up to the first record that is not whole and takes that for its end, because
 * this is what a kill and a power failure leave. A damaged byte in the middle looks the same to it:
 * everything behind it is gone without a word. What tells them apart is whether whole records stand
 * behind.
 *
 * Their form: fragment.h. */
#include "store/fragment.h"
#include "store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG_ENDING ".log"

/* ---- one log ---- */

struct look {
    uint32_t number; /* the lower half of the log's */
    struct store_log *log;
    bool bad;  /* there was a record that is not whole */
    bool over; /* what follows is of a log that was in this file before, or was never written */
};

static bool is_of_another_log(const struct look *look, const uint8_t *record)
{
    return fragment_is_again(record[6]) &&
           fragment_get_u32(record + FRAGMENT_HEAD_SIZE) != look->number;
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

static void count(struct look *look, const uint8_t *record)
{
    /* A record of several pieces counts once, at its last one. */
    uint8_t kind =
        record[6] >= FRAGMENT_AGAIN ? (uint8_t)(record[6] - FRAGMENT_AGAIN + 1) : record[6];
    bool ends = kind == FRAGMENT_FULL || kind == FRAGMENT_LAST;

    if (look->bad)
        look->log->records_behind += ends;
    else
        look->log->records += ends;
}

static void look_at_block(struct look *look, const uint8_t *block, size_t size, uint64_t offset)
{
    size_t at = 0;

    while (!look->over && size - at >= FRAGMENT_HEAD_SIZE) {
        size_t whole = fragment_size(bytes_of(block + at, size - at));

        if (whole > 0 && is_of_another_log(look, block + at)) {
            look->over = !look->bad;
            at += whole;
        } else if (whole > 0) {
            count(look, block + at);
            at += whole;
        } else if (look->bad) {
            at++; /* the next whole one may begin anywhere */
        } else {
            look->bad = true;
            look->log->bad_at = offset + at;
            at++;
        }
    }
    if (!look->bad && !look->over && at < size && !is_zero(block + at, size - at)) {
        look->bad = true;
        look->log->bad_at = offset + at;
    }
}

static enum status look_at_log(const char *path, struct store_log *log)
{
    struct look look = {.number = (uint32_t)log->number, .log = log};
    int file = open(path, O_RDONLY | O_CLOEXEC);
    enum status status = file < 0 ? status_of_errno(errno) : OK;
    uint8_t *block = mem_new(FRAGMENT_BLOCK_SIZE);
    ssize_t size = 0;
    uint64_t zeros_from = UINT64_MAX;

    for (uint64_t offset = 0; status == OK && !look.over; offset += (uint64_t)size) {
        size = pread(file, block, FRAGMENT_BLOCK_SIZE, (off_t)offset);
        if (size < 0)
            status = status_of_errno(errno);
        if (size <= 0)
            break;
        log->size = offset + (uint64_t)size;
        /* Blocks that were taken ahead and never written. */
        if (is_zero(block, (size_t)size)) {
            zeros_from = zeros_from == UINT64_MAX ? offset : zeros_from;
            continue;
        }
        if (zeros_from != UINT64_MAX && !look.bad) {
            look.bad = true;
            log->bad_at = zeros_from;
        }
        look_at_block(&look, block, (size_t)size, offset);
    }
    if (!look.bad)
        log->bad_at = log->size;
    mem_free(block);
    if (file >= 0)
        close(file);
    return status;
}

/* ---- all of them ---- */

static bool log_number(const char *name, uint64_t *ret)
{
    size_t size = strlen(name);

    return size > strlen(LOG_ENDING) && strcmp(name + size - strlen(LOG_ENDING), LOG_ENDING) == 0 &&
           bytes_to_uint64(bytes_of(name, size - strlen(LOG_ENDING)), ret);
}

static int by_number(const void *a, const void *b)
{
    const struct store_log *left = a, *right = b;

    return left->number < right->number ? -1 : left->number > right->number;
}

static uint64_t first_needed(struct store *store)
{
    uint64_t number = 0;

    if (store->rocks.db == NULL ||
        rocksdb_property_int(store->rocks.db, "rocksdb.min-log-number-to-keep", &number) != 0)
        return 0;
    return number;
}

struct logs {
    struct store *store;
    struct arena *arena;
    struct store_log *list;
    size_t count, capacity;
};

static struct store_log *add(struct logs *logs)
{
    logs->list = arena_grow(logs->arena, logs->list, logs->count, logs->count + 1, &logs->capacity,
                            sizeof *logs->list);
    logs->list[logs->count] = (struct store_log){0};
    return &logs->list[logs->count++];
}

static enum status look_at_rocks_logs(struct logs *logs)
{
    char path[PATH_MAX];
    const struct dirent *entry = NULL;
    DIR *folder = opendir(logs->store->rocks.folder);
    enum status status = folder == NULL ? status_of_errno(errno) : OK;
    uint64_t needed = first_needed(logs->store), number = 0;

    while (folder != NULL && status == OK && (entry = readdir(folder)) != NULL) {
        if (!log_number(entry->d_name, &number))
            continue;

        struct store_log *log = add(logs);

        log->number = number;
        log->needed = number >= needed;
        log->name = arena_copy_text(
            logs->arena, arena_printf(logs->arena, STORE_ROCKS_NAME "/%s", entry->d_name));
        if ((size_t)snprintf(path, sizeof path, "%s/%s", logs->store->rocks.folder,
                             entry->d_name) >= sizeof path)
            status = TOO_LARGE;
        if (status == OK)
            status = look_at_log(path, log);
    }
    if (folder != NULL)
        closedir(folder);
    if (logs->count > 0)
        qsort(logs->list, logs->count, sizeof *logs->list, by_number);
    return status;
}

static void add_segment(void *context, const struct wal_segment *segment)
{
    struct logs *logs = context;
    struct store_log *log = add(logs);

    *log = (struct store_log){.number = segment->name,
                              .size = segment->size,
                              .needed = true,
                              .records = segment->records,
                              .bad_at = segment->end,
                              .refused = segment->is_damaged};
    log->name = arena_copy_text(
        logs->arena, arena_printf(logs->arena, WAL_FOLDER_NAME "/%06" PRIu32, segment->name));
    log->words = arena_copy_text(logs->arena, bytes_of_text(logs->store->damage));
}

static enum status look_at_segments(struct logs *logs)
{
    char words[WAL_WORDS_SIZE], path[PATH_MAX];
    struct wal wal = {.fd = -1};
    uint64_t flushed = 0;
    enum status status = replay_read_flushed(logs->store, &flushed);

    if (status == OK && (size_t)snprintf(path, sizeof path, "%s/" WAL_FOLDER_NAME,
                                         logs->store->folder) >= sizeof path)
        status = TOO_LARGE;
    if (status == OK)
        status = wal_open(path, flushed, true, &wal, words);
    if (status == OK)
        status = wal_look(&wal, add_segment, logs);
    wal_close(&wal);
    return status == NOT_FOUND || status == CORRUPT ? OK : status; /* the opening told of it */
}

static bool is_told(const struct logs *logs)
{
    for (size_t i = 0; i < logs->count; i++)
        if (logs->list[i].refused)
            return true;
    return false;
}

enum status store_logs(struct store *store, struct arena *arena, struct store_log **ret,
                       size_t *ret_count)
{
    struct logs logs = {.store = store, .arena = arena};
    enum status status = look_at_rocks_logs(&logs);

    if (status == OK)
        status = look_at_segments(&logs);
    if (status == OK && store->damage[0] != '\0' && !is_told(&logs))
        *add(&logs) =
            (struct store_log){.name = WAL_FOLDER_NAME,
                               .needed = true,
                               .refused = true,
                               .words = arena_copy_text(arena, bytes_of_text(store->damage))};
    *ret = logs.list;
    *ret_count = logs.count;
    return status;
}

bool store_has_torn_manifest(const struct store *store, const char **ret_name, uint64_t *ret_size)
{
    const struct manifest_aside *aside = &store->rocks.aside;

    if (aside->folder == NULL)
        return false;
    *ret_name = aside->name;
    *ret_size = aside->tail_size;
    return true;
}

/* ---- the store's own keys ---- */

const char *store_check_own(struct store *store, struct arena *arena)
{
    rocksdb_readoptions_t *options = rocksdb_readoptions_create();
    rocksdb_iterator_t *iter = rocksdb_create_iterator_cf(store->rocks.db, options,
                                                          rocks_family(&store->rocks, FAMILY_META));
    const char *wrong = NULL;
    char *error = NULL;

    for (rocksdb_iter_seek_to_first(iter); wrong == NULL && rocksdb_iter_valid(iter);
         rocksdb_iter_next(iter)) {
        struct bytes key, value;

        key.ptr = (const uint8_t *)rocksdb_iter_key(iter, &key.size);
        value.ptr = (const uint8_t *)rocksdb_iter_value(iter, &value.size);
        if (!(bytes_equal(key, META_LAST_POSITION) && value.size == 8) &&
            !(bytes_equal(key, META_FLUSHED) && value.size == 8) &&
            !(bytes_equal(key, META_SCRUB) && value.size == 4))
            wrong = arena_copy_text(arena, arena_printf(arena, "the key \"%.*s\" with %zu bytes",
                                                        BYTES_ARG(key), value.size));
    }
    rocksdb_iter_get_error(iter, &error);
    if (wrong == NULL && error != NULL)
        wrong = arena_copy_text(arena, bytes_of_text(error));
    if (error != NULL)
        rocksdb_free(error);
    rocksdb_iter_destroy(iter);
    rocksdb_readoptions_destroy(options);
    return wrong;
}
