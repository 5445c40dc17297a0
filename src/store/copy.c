/* store/copy.c - the whole store as it is at one moment, into another folder.
 *
 * Of an open one RocksDB makes a checkpoint: tables become hard links (or, on another file system,
 * copies). They have everything up to META_FLUSHED, and more of some families than of others; the
 * groups from there to the one that is last then are copied from the log, and replaying them makes
 * one moment of it. Of one that nobody has open its files are copied as they are. See store.h, and
 * docs/format/store.md. */
#include "base/copy.h"
#include "base/file.h"
#include "store/internal.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

/* Tables are never changed. */
static bool is_table(const char *name)
{
    return bytes_end_with(bytes_of_text(name), BYTES(".sst"));
}

/* What every opening makes anew. */
static bool is_made_anew(const char *name)
{
    return strcmp(name, "LOCK") == 0 || strcmp(name, "LOG") == 0 ||
           bytes_start_with(bytes_of_text(name), BYTES("LOG.old"));
}

static enum status checkpoint(struct store *store, const char *to, char words[ROCKS_ERROR_SIZE])
{
    char *error = NULL;
    rocksdb_checkpoint_t *checkpoint = rocksdb_checkpoint_object_create(store->rocks.db, &error);

    if (error == NULL) {
        /* No flush: what is not in tables is in our log. */
        rocksdb_checkpoint_create(checkpoint, to, UINT64_MAX, &error);
        rocksdb_checkpoint_object_destroy(checkpoint);
    }
    if (error != NULL)
        snprintf(words, ROCKS_ERROR_SIZE, "%s", error);
    return rocks_status(error);
}

static bool path_of(char path[PATH_MAX], const char *folder, const char *name)
{
    return (size_t)snprintf(path, PATH_MAX, "%s/%s", folder, name) < PATH_MAX;
}

static enum status refuse(enum status status, const char *to, const char *words,
                          char message[STORE_MESSAGE_SIZE])
{
    snprintf(message, STORE_MESSAGE_SIZE, "The store can't be copied to %s: %s (%s).", to,
             status_text(status), words);
    return status;
}

static size_t count_families(const struct rocks *rocks)
{
    size_t count = 0;

    for (size_t i = 0; i < FAMILY_COUNT; i++)
        count += rocks_family(rocks, i) != NULL;
    return count;
}

/* The tables, and the last group that is copied with them: one of which no table has anything, or
 * one that is accepted by then. It names no family that the tables do not know: when one is made
 * meanwhile, which happens once in a folder's life, they are copied again. */
static enum status copy_tables(struct store *store, const char *rocks_path, uint64_t *ret_last,
                               char words[ROCKS_ERROR_SIZE])
{
    enum status status = OK;
    size_t before = 0;

    for (;;) {
        before = count_families(&store->rocks);
        status = checkpoint(store, rocks_path, words);
        pthread_mutex_lock(&store->checkpoint.applying);
        *ret_last = atomic_load(&store->wal.last_group);
        pthread_mutex_unlock(&store->checkpoint.applying);
        if (status != OK || count_families(&store->rocks) == before)
            return status;
        status = file_remove_folder(rocks_path);
        if (status != OK)
            return status;
    }
}

/* No segment is retired, and no family flushed by us, meanwhile. */
static enum status copy_parts(struct store *store, const char *to, const char *rocks_path,
                              char words[ROCKS_ERROR_SIZE])
{
    char from[PATH_MAX], log_path[PATH_MAX];
    uint64_t flushed = 0, last_group = 0;
    enum status status = OK;

    if (!path_of(from, store->folder, WAL_FOLDER_NAME) || !path_of(log_path, to, WAL_FOLDER_NAME))
        return TOO_LARGE;
    status = rocks_flush_family(&store->rocks, FAMILY_META); /* its META_FLUSHED is in a table */
    if (status == OK)
        status = replay_read_flushed(store, &flushed);
    if (status == OK)
        status = copy_tables(store, rocks_path, &last_group, words);
    if (status == OK)
        status = wal_copy(from, flushed, last_group, log_path, words);
    return status;
}

static enum status copy_open(struct store *store, const char *to, const char *rocks_path,
                             char words[ROCKS_ERROR_SIZE])
{
    enum status status = IO_ERROR;

    gate_enter(&store->gate, false); /* the RocksDB under it is not exchanged meanwhile */
    pthread_mutex_lock(&store->checkpoint.running);
    if (store->rocks.db != NULL)
        status = copy_parts(store, to, rocks_path, words);
    pthread_mutex_unlock(&store->checkpoint.running);
    gate_leave(&store->gate);
    return status;
}

enum status store_copy(struct store *store, const char *to, bool link, _Atomic uint64_t *done,
                       char message[STORE_MESSAGE_SIZE])
{
    char path[PATH_MAX], aside[PATH_MAX], words[ROCKS_ERROR_SIZE] = "";
    enum status status = OK;

    if (store->memory) {
        snprintf(message, STORE_MESSAGE_SIZE,
                 "This dynlog keeps everything in memory (--memory): there is no folder to copy.");
        return REFUSED;
    }
    if (!path_of(path, to, STORE_ROCKS_NAME) || !path_of(aside, to, "linked"))
        return refuse(TOO_LARGE, to, "its name is too long", message);
    status = copy_open(store, to, link ? path : aside, words);
    if (status == OK && !link) { /* bytes of its own */
        status = file_copy_folder(aside, path, &(struct file_copy){.done = done});
        if (status == OK)
            status = file_remove_folder(aside);
    } else if (status == OK && done != NULL) {
        atomic_fetch_add(done, file_folder_size(path));
    }
    return status == OK ? OK : refuse(status, to, words, message);
}

/* A folder of format 1 has none; its copy is marked as one of today's, and gets one with nothing in
 * it. */
static enum status copy_closed_log(const char *folder, const char *to, _Atomic uint64_t *done)
{
    char from[PATH_MAX], path[PATH_MAX];
    struct wal wal;
    enum status status = OK;

    if (!path_of(from, folder, WAL_FOLDER_NAME) || !path_of(path, to, WAL_FOLDER_NAME))
        return TOO_LARGE;
    if (file_exists(from))
        return file_copy_folder(from, path, &(struct file_copy){.done = done});
    wal_create(path, 0, &wal);
    status = wal_begin(&wal);
    wal_close(&wal);
    return status;
}

enum status store_copy_closed(const char *folder, const char *to, bool link, _Atomic uint64_t *done,
                              char message[STORE_MESSAGE_SIZE])
{
    const struct file_copy copy = {
        .link = link, .is_fixed = is_table, .is_left_out = is_made_anew, .done = done};
    char from[PATH_MAX], path[PATH_MAX];
    enum status status = TOO_LARGE;

    if (path_of(from, folder, STORE_ROCKS_NAME) && path_of(path, to, STORE_ROCKS_NAME))
        status = file_copy_folder(from, path, &copy);
    if (status == OK)
        status = copy_closed_log(folder, to, done);
    return status == OK ? OK : refuse(status, to, folder, message);
}

/* ---- a folder that nobody opens meanwhile ---- */

enum status store_hold(const char *folder, int *ret_lock, char message[STORE_MESSAGE_SIZE])
{
    struct folder_state state;
    enum status status = folder_look(folder, &state, message);

    if (status == OK)
        *ret_lock = state.lock;
    return status;
}

enum status store_hold_new(const char *folder, int *ret_lock, char message[STORE_MESSAGE_SIZE])
{
    struct folder_state state;
    enum status status = folder_take(folder, &state, message);

    if (status == OK)
        *ret_lock = state.lock;
    return status;
}

void store_let_go(int lock, bool is_new)
{
    if (lock >= 0 && is_new)
        folder_release(lock);
    else if (lock >= 0)
        close(lock);
}

enum status store_mark(const char *folder, char message[STORE_MESSAGE_SIZE])
{
    return folder_mark(folder, message);
}
