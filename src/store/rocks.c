/* store/rocks.c - one RocksDB: opening, closing, opening again after a failure, and its errors.
 *
 * RocksDB's C API has error texts and no codes; rocks_status() reads what it needs from them, and
 * test/unit/store/rocks.c makes real failures to hold it to the texts. */
#include "base/file.h"
#include "store/internal.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

static const struct {
    const char *words;
    enum status status;
} error_words[] = {
    {"No space left on device", NO_SPACE},
    {"Disk quota exceeded", NO_SPACE},
    {"Permission denied", NOT_PERMITTED},
    {"Read-only file system", NOT_PERMITTED},
    {"Operation not permitted", NOT_PERMITTED},
    {"Corruption", CORRUPT},
    {"does not exist (create_if_missing is false)", CORRUPT},
    {"No such file or directory", CORRUPT}, /* one of its own */
};

static enum status status_of_words(const char *words)
{
    for (size_t i = 0; i < ARRAY_COUNT(error_words); i++)
        if (strstr(words, error_words[i].words) != NULL)
            return error_words[i].status;
    return IO_ERROR;
}

enum status rocks_status(char *error)
{
    if (error == NULL)
        return OK;

    enum status status = status_of_words(error);

    rocksdb_free(error);
    return status;
}

/* The families that are there, in the order of RocksDB's list. */
struct listed {
    const char *names[FAMILY_COUNT];
    const rocksdb_options_t *options[FAMILY_COUNT];
    rocksdb_column_family_handle_t *handles[FAMILY_COUNT];
    size_t which[FAMILY_COUNT];
    int count;
};

static void list(const struct rocks *rocks, const bool present[FAMILY_COUNT], struct listed *ret)
{
    ret->count = 0;
    for (size_t i = 0; i < FAMILY_COUNT; i++) {
        if (!present[i])
            continue;
        ret->names[ret->count] = rocks_family_names[i];
        ret->options[ret->count] = rocks->options.of_family[i];
        ret->which[ret->count++] = i;
    }
}

/* RocksDB's tries to write its options (options.c). It never removes them. */
void rocks_drop_options(const struct rocks *rocks)
{
    AUTO(file_close_folder) DIR *entries = rocks->memory ? NULL : opendir(rocks->folder);
    const struct dirent *entry = NULL;

    while (entries != NULL && (entry = readdir(entries)) != NULL) {
        struct bytes name = bytes_of_text(entry->d_name);

        if (bytes_start_with(name, BYTES("OPTIONS-")) && bytes_end_with(name, BYTES(".dbtmp")))
            (void)unlinkat(dirfd(entries), entry->d_name, 0);
    }
}

static char *try_open(struct rocks *rocks, enum rocks_mode mode)
{
    const char *folder = rocks->aside.folder != NULL ? rocks->aside.folder : rocks->folder;
    rocksdb_options_t *database = rocks->options.of_family[FAMILY_META];
    bool present[FAMILY_COUNT];
    struct listed listed;
    char *error = rocks_list_families(rocks, folder, mode, present);

    if (error != NULL)
        return error;
    list(rocks, present, &listed);
    rocksdb_options_set_create_if_missing(database, mode == ROCKS_CREATE);
    if (mode == ROCKS_READ_ONLY)
        rocks->db =
            rocksdb_open_for_read_only_column_families(database, folder, listed.count, listed.names,
                                                       listed.options, listed.handles, 0, &error);
    else
        rocks->db = rocksdb_open_column_families(database, folder, listed.count, listed.names,
                                                 listed.options, listed.handles, &error);
    if (error != NULL) {
        rocks->db = NULL;
        return error;
    }
    for (int i = 0; i < listed.count; i++)
        atomic_store(&rocks->families[listed.which[i]], listed.handles[i]);
    if (mode != ROCKS_READ_ONLY)
        rocks_drop_options(rocks);
    return NULL;
}

static enum status open_once(struct rocks *rocks, enum rocks_mode mode,
                             char words[ROCKS_ERROR_SIZE])
{
    char *error = try_open(rocks, mode);

    if (error != NULL)
        snprintf(words, ROCKS_ERROR_SIZE, "%s", error);
    return rocks_status(error);
}

static enum status look_at_group(void *context, struct bytes changes)
{
    return replay_knows_families(context, changes) ? OK : CORRUPT;
}

/* The log has what the tables do not. CORRUPT: not all of it. NOT_FOUND: there is no log; without
 * it (format 1) nothing tells what the tables should have, unless nothing was ever put. */
static enum status find_rest_in_log(struct rocks *rocks, char words[ROCKS_ERROR_SIZE])
{
    char path[PATH_MAX];
    struct wal wal = {.fd = -1};
    uint64_t flushed = 0;
    enum status status = rocks_read_number(rocks, META_FLUSHED, &flushed);

    if (status == OK &&
        (size_t)snprintf(path, sizeof path, "%s/../" WAL_FOLDER_NAME, rocks->folder) >= sizeof path)
        status = TOO_LARGE;
    if (status == OK)
        status = wal_open(path, flushed, true, &wal, words);
    if (status == OK)
        status = wal_replay(&wal, flushed, UINT64_MAX, look_at_group, rocks, words);
    wal_close(&wal);
    return status == NOT_FOUND && !rocks_has_families(rocks) ? OK : status;
}

/* As if its MANIFEST ended where its last whole record does (manifest.c). For writing it is cut
 * there, when everything is there without the rest; who reads is told of the log by who reads that.
 * NOT_FOUND: it does end there, or nobody can tell. */
static enum status open_without_tail(struct rocks *rocks, enum rocks_mode mode,
                                     char words[ROCKS_ERROR_SIZE])
{
    enum status status = manifest_set_aside(rocks->folder, &rocks->aside, words);

    if (status != OK)
        return status;
    status = open_once(rocks, ROCKS_READ_ONLY, words);
    if (status == OK) {
        status = find_rest_in_log(rocks, words);
        if (mode == ROCKS_READ_ONLY && (status == OK || status == CORRUPT))
            return OK;
    }
    rocks_close(rocks);
    if (status == OK)
        status = manifest_cut(rocks->folder);
    return status == OK ? open_once(rocks, mode, words) : status;
}

enum status rocks_open_again(struct rocks *rocks, enum rocks_mode mode,
                             char words[ROCKS_ERROR_SIZE])
{
    char tail_words[ROCKS_ERROR_SIZE] = "its MANIFEST cannot be cut";
    enum status status = OK;

    assert(rocks->db == NULL);
    status = open_once(rocks, mode, words);
    if (status != CORRUPT)
        return status;
    status = open_without_tail(rocks, mode, tail_words);
    if (status == NOT_FOUND || status == CORRUPT)
        return CORRUPT; /* the first words tell why */
    if (status != OK)
        memcpy(words, tail_words, sizeof tail_words);
    return status;
}

enum status rocks_open(struct rocks *rocks, const char *folder, bool memory, enum rocks_mode mode,
                       char words[ROCKS_ERROR_SIZE])
{
    /* The best that this build of RocksDB was linked with: it says at open when one is missing. */
    static const int compressions[] = {rocksdb_lz4_compression, rocksdb_snappy_compression,
                                       rocksdb_no_compression};
    enum status status = IO_ERROR;

    for (size_t i = 0; i < ARRAY_COUNT(compressions); i++) {
        *rocks = (struct rocks){.folder = mem_copy_text(folder), .memory = memory};
        rocks_options_init(&rocks->options, memory, compressions[i]);
        status = rocks_open_again(rocks, mode, words);
        if (status == OK)
            break;
        rocks_clear(rocks);
        if (strstr(words, "is not linked with the binary") == NULL)
            break;
    }
    return status;
}

uint64_t rocks_figure(const struct rocks *rocks, const char *name)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < FAMILY_COUNT; i++) {
        rocksdb_column_family_handle_t *family = rocks_family(rocks, i);
        uint64_t value = 0;

        if (family != NULL && rocksdb_property_int_cf(rocks->db, family, name, &value) == 0)
            sum += value;
    }
    return sum;
}

enum status rocks_read_number(const struct rocks *rocks, struct bytes key, uint64_t *ret)
{
    char *error = NULL;
    size_t size = 0;
    char *value = rocksdb_get_cf(rocks->db, rocks->options.read, rocks_family(rocks, FAMILY_META),
                                 (const char *)key.ptr, key.size, &size, &error);
    enum status status = rocks_status(error);

    if (status == OK && value != NULL && size != 8)
        status = CORRUPT;
    if (status == OK)
        *ret = value != NULL ? bytes_get_u64((const uint8_t *)value) : 0;
    rocksdb_free(value);
    return status;
}

enum status rocks_flush_family(struct rocks *rocks, size_t family)
{
    rocksdb_flushoptions_t *options = rocksdb_flushoptions_create();
    rocksdb_column_family_handle_t *handle = rocks_family(rocks, family);
    char *error = NULL;

    if (handle != NULL)
        rocksdb_flush_cf(rocks->db, options, handle, &error);
    rocksdb_flushoptions_destroy(options);
    return rocks_status(error);
}

enum status rocks_flush(struct rocks *rocks)
{
    enum status status = OK;

    for (size_t i = 0; status == OK && i < FAMILY_COUNT; i++)
        status = rocks_flush_family(rocks, i);
    return status;
}

enum status rocks_write(struct rocks *rocks, rocksdb_writebatch_t *changes)
{
    char *error = NULL;

    rocksdb_write(rocks->db, rocks->options.write, changes, &error);
    return rocks_status(error);
}

static void close_families(struct rocks *rocks)
{
    for (size_t i = 0; i < FAMILY_COUNT; i++) {
        rocksdb_column_family_handle_t *family = rocks_family(rocks, i);

        if (family != NULL)
            rocksdb_column_family_handle_destroy(family);
        atomic_store(&rocks->families[i], NULL);
    }
}

void rocks_close(struct rocks *rocks)
{
    if (rocks->db != NULL) {
        close_families(rocks);
        rocksdb_close(rocks->db);
        rocks->db = NULL;
    }
    manifest_drop_aside(&rocks->aside);
}

void rocks_clear(struct rocks *rocks)
{
    rocks_close(rocks);
    rocks_options_clear(&rocks->options);
    mem_free(rocks->folder);
    *rocks = (struct rocks){0};
}
