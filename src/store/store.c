/* store/store.c - opening and closing the store; its figures. See store.h and internal.h. */
#include "store/internal.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

/* Memory mode's RocksDB lives in an Env of its own: this name is on no disk. docs/adr/0003 */
#define MEMORY_FOLDER "/dynlog-memory"

/* Below this, replaying the log at the next open is quicker than writing a table for each family.
 */
#define CLOSE_REPLAY_SIZE_MAX ((uint64_t)8 << 20)

static enum status open_memory(struct store *store, char message[STORE_MESSAGE_SIZE])
{
    char words[ROCKS_ERROR_SIZE];
    enum status status = rocks_open(&store->rocks, MEMORY_FOLDER, true, ROCKS_CREATE, words);

    if (status != OK)
        snprintf(message, STORE_MESSAGE_SIZE, "The store in memory does not open: %s", words);
    return status;
}

static bool path_of(char path[PATH_MAX], const char *folder, const char *name)
{
    return (size_t)snprintf(path, PATH_MAX, "%s/%s", folder, name) < PATH_MAX;
}

static enum status open_log(struct store *store, const char *path, char words[WAL_WORDS_SIZE])
{
    uint64_t flushed = 0;
    enum status status = replay_read_flushed(store, &flushed);

    if (status == OK)
        status = wal_open(path, flushed, false, &store->wal, words);
    if (status == OK)
        status = replay_log(store, words);
    return status == OK ? wal_go_on(&store->wal) : status;
}

/* Without a log, and with families, it is damaged: the log is there before the first family is. But
 * for an older folder, whose RocksDB has a log of its own, and one that was never finished. The log
 * of a folder that nothing was put into is made when something is. */
static enum status make_log(struct store *store, const char *path, const struct folder_state *state)
{
    if (!rocks_has_families(&store->rocks)) {
        wal_create(path, 0, &store->wal);
        return OK;
    }
    if (!state->is_new && !state->is_old)
        return CORRUPT;
    wal_create(path, 0, &store->wal);
    return wal_begin(&store->wal);
}

static enum status open_or_make_log(struct store *store, const char *path,
                                    const struct folder_state *state,
                                    char message[STORE_MESSAGE_SIZE])
{
    char words[WAL_WORDS_SIZE] = "its log cannot be read";
    enum status status = open_log(store, path, words);

    if (status == NOT_FOUND) {
        wal_close(&store->wal);
        status = make_log(store, path, state);
    }
    if (status != OK)
        return folder_refuse(store->folder, status, words, message);
    wal_fit_disk(&store->wal, folder_disk_size(store->folder));
    return state->is_new || state->is_old ? folder_mark(store->folder, message) : OK;
}

static enum status open_folder(struct store *store, const char *folder,
                               char message[STORE_MESSAGE_SIZE])
{
    char rocks_path[PATH_MAX], log_path[PATH_MAX], words[ROCKS_ERROR_SIZE];
    struct folder_state state;
    enum status status = folder_take(folder, &state, message);

    if (status != OK)
        return status;
    store->lock = state.lock;
    store->folder = mem_copy_text(folder);
    if (!path_of(rocks_path, folder, STORE_ROCKS_NAME) ||
        !path_of(log_path, folder, WAL_FOLDER_NAME))
        return folder_refuse(folder, TOO_LARGE, "its name is too long", message);
    status = rocks_open(&store->rocks, rocks_path, false,
                        state.is_new ? ROCKS_CREATE : ROCKS_EXISTING, words);
    if (status != OK)
        return folder_refuse(folder, status, words, message);
    return open_or_make_log(store, log_path, &state, message);
}

enum status store_read_last_position(struct store *store, uint64_t *ret)
{
    return rocks_read_number(&store->rocks, META_LAST_POSITION, ret);
}

static enum status open_parts(struct store *store, const struct store_options *options,
                              char message[STORE_MESSAGE_SIZE])
{
    uint64_t last_position = 0;
    enum status status = options->memory ? open_memory(store, message)
                                         : open_folder(store, options->folder, message);

    if (status != OK)
        return status;
    status = store_read_last_position(store, &last_position);
    if (status != OK)
        return folder_refuse(options->memory ? "memory" : options->folder, status,
                             "the last position cannot be read", message);
    atomic_store(&store->last_position, last_position);
    status = scrub_load(store);
    if (status != OK)
        return folder_refuse(options->memory ? "memory" : options->folder, status,
                             "what was to be removed cannot be read", message);
    return OK;
}

static enum status open_looking(struct store *store, const char *folder,
                                char message[STORE_MESSAGE_SIZE])
{
    char rocks_path[PATH_MAX], log_path[PATH_MAX], words[ROCKS_ERROR_SIZE];
    uint64_t last_position = 0;
    struct folder_state state;
    enum status status = folder_look(folder, &state, message);

    if (status != OK)
        return status;
    store->lock = state.lock;
    store->folder = mem_copy_text(folder);
    if (!path_of(rocks_path, folder, STORE_ROCKS_NAME) ||
        !path_of(log_path, folder, WAL_FOLDER_NAME))
        return folder_refuse(folder, TOO_LARGE, "its name is too long", message);
    status =
        rocks_open_reading(&store->rocks, rocks_path, log_path, state.is_old, store->damage, words);
    if (status != OK)
        return folder_refuse(folder, status, words, message);
    status = store_read_last_position(store, &last_position);
    if (status != OK)
        return folder_refuse(folder, status, "the last position cannot be read", message);
    atomic_store(&store->last_position, last_position);
    return OK;
}

static struct store *new_store(void)
{
    struct store *store = mem_new(sizeof *store);

    store->lock = -1;
    pthread_mutex_init(&store->checkpoint.running, NULL);
    pthread_mutex_init(&store->checkpoint.applying, NULL);
    pthread_mutex_init(&store->checkpoint.mutex, NULL);
    pthread_cond_init(&store->checkpoint.moved, NULL);
    return store;
}

static void free_parts(struct store *store)
{
    cache_clear(&store->cache);
    wal_close(&store->wal);
    pthread_mutex_destroy(&store->checkpoint.running);
    pthread_mutex_destroy(&store->checkpoint.applying);
    pthread_mutex_destroy(&store->checkpoint.mutex);
    pthread_cond_destroy(&store->checkpoint.moved);
    rocks_clear(&store->rocks);
    if (store->looks && store->lock >= 0)
        close(store->lock);
    else
        folder_release(store->lock);
    mem_free(store->folder);
    mem_free(store);
}

enum status store_open(const struct store_options *options, struct store **ret,
                       char message[STORE_MESSAGE_SIZE])
{
    struct store *store = new_store();

    store->memory = options->memory;

    enum status status = open_parts(store, options, message);

    if (status != OK) {
        free_parts(store);
        return status;
    }
    gate_init(&store->gate);
    cache_init(&store->cache,
               options->cache_size > 0 ? options->cache_size : cache_size_of_machine());
    pthread_mutex_init(&store->ports_mutex, NULL);
    list_init(&store->ports);
    writer_start(store);
    *ret = store;
    return OK;
}

enum status store_open_reading(const char *folder, struct store **ret,
                               char message[STORE_MESSAGE_SIZE])
{
    struct store *store = new_store();

    store->looks = true;

    enum status status = open_looking(store, folder, message);

    if (status != OK) {
        free_parts(store);
        return status;
    }
    gate_init(&store->gate);
    pthread_mutex_init(&store->ports_mutex, NULL);
    list_init(&store->ports);
    *ret = store;
    return OK;
}

static void close_looking(struct store *store)
{
    pthread_mutex_destroy(&store->ports_mutex);
    gate_clear(&store->gate);
    free_parts(store);
}

/* May fail: the log has everything. */
static void close_clean(struct store *store)
{
    scrub_run(store, 1);
    if (store->failed == OK && wal_size(&store->wal) >= CLOSE_REPLAY_SIZE_MAX)
        (void)!checkpoint_run(store);
    wal_drop_spares(&store->wal, 1);
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    if (store->looks) {
        close_looking(store);
        return;
    }
    writer_stop(store);
    /* The ports live on: their last answers are still to be handed out. */
    for (struct list *it = list_take(&store->ports); it != NULL; it = list_take(&store->ports))
        LIST_ITEM(it, struct store_port, place)->store = NULL;
    pthread_mutex_destroy(&store->ports_mutex);
    checkpoint_stop(store);
    gate_clear(&store->gate);
    if (!store->memory && store->failed == OK)
        close_clean(store);
    free_parts(store);
}

const char *store_family_name(enum store_family family)
{
    return rocks_family_names[family];
}

/* ---- figures ---- */

void store_figures(struct store *store, struct store_figures *ret)
{
    const struct rocks *rocks = &store->rocks;

    *ret = (struct store_figures){.groups = atomic_load(&store->groups),
                                  .works = atomic_load(&store->works),
                                  .scrubbing = atomic_load(&store->scrub) != 0};
    gate_enter(&store->gate, false);
    if (rocks->db != NULL) {
        ret->memory_size = rocks_figure(rocks, "rocksdb.cur-size-all-mem-tables") +
                           rocks_figure(rocks, "rocksdb.estimate-table-readers-mem") +
                           rocksdb_cache_get_usage(rocks->options.cache);
        if (store->memory)
            ret->memory_size += rocks_figure(rocks, "rocksdb.live-sst-files-size");
    }
    gate_leave(&store->gate);
    ret->memory_size += cache_size(&store->cache);
    if (!store->memory)
        ret->bytes_on_disk = folder_size(store->folder);
}
