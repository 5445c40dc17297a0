/* store/copy.c - the whole store as it is at one moment, into another folder.
 *
 * Of an open one RocksDB makes a checkpoint: tables become hard links (or, on another file system,
 * copies), and the end of the log is copied without a flush. Of one that nobody has open its files
 * are copied as they are. See store.h, and docs/format/store.md. */
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
        /* The log stays as it is: a flush would only make the writer wait. */
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

enum status store_copy(struct store *store, const char *to, bool link, _Atomic uint64_t *done,
                       char message[STORE_MESSAGE_SIZE])
{
    char path[PATH_MAX], aside[PATH_MAX], words[ROCKS_ERROR_SIZE] = "";
    enum status status = IO_ERROR;

    if (store->memory) {
        snprintf(message, STORE_MESSAGE_SIZE,
                 "This dynlog keeps everything in memory (--memory): there is no folder to copy.");
        return REFUSED;
    }
    if (!path_of(path, to, STORE_ROCKS_NAME) || !path_of(aside, to, "linked"))
        return refuse(TOO_LARGE, to, "its name is too long", message);
    gate_enter(&store->gate, false); /* the RocksDB under it is not exchanged meanwhile */
    if (store->rocks.db != NULL)
        status = checkpoint(store, link ? path : aside, words);
    gate_leave(&store->gate);
    if (status == OK && !link) { /* bytes of its own */
        status = file_copy_folder(aside, path, &(struct file_copy){.done = done});
        if (status == OK)
            status = file_remove_folder(aside);
    } else if (status == OK && done != NULL) {
        atomic_fetch_add(done, file_folder_size(path));
    }
    return status == OK ? OK : refuse(status, to, words, message);
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
    return status == OK ? OK : refuse(status, to, folder, message);
}

/* ---- a folder that nobody opens meanwhile ---- */

enum status store_hold(const char *folder, int *ret_lock, char message[STORE_MESSAGE_SIZE])
{
    return folder_look(folder, ret_lock, message);
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
