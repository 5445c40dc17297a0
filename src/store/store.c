/* store/store.c - opening and closing the store; its figures. See store.h and internal.h. */
#include "store/internal.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

/* Memory mode's RocksDB lives in an Env of its own: this name is on no disk. docs/adr/0003 */
#define MEMORY_FOLDER "/dynlog-memory"

static enum status open_memory(struct store *store, char message[STORE_MESSAGE_SIZE])
{
    char words[ROCKS_ERROR_SIZE];
    enum status status = rocks_open(&store->rocks, MEMORY_FOLDER, true, ROCKS_CREATE, words);

    if (status != OK)
        snprintf(message, STORE_MESSAGE_SIZE, "The store in memory does not open: %s", words);
    return status;
}

static enum status open_folder(struct store *store, const char *folder,
                               char message[STORE_MESSAGE_SIZE])
{
    char path[PATH_MAX], words[ROCKS_ERROR_SIZE];
    struct folder_state state;
    enum status status = folder_take(folder, &state, message);

    if (status != OK)
        return status;
    store->lock = state.lock;
    store->folder = mem_copy_text(folder);
    if ((size_t)snprintf(path, sizeof path, "%s/" STORE_ROCKS_NAME, folder) >= sizeof path)
        return folder_refuse(folder, TOO_LARGE, "its name is too long", message);
    status =
        rocks_open(&store->rocks, path, false, state.is_new ? ROCKS_CREATE : ROCKS_EXISTING, words);
    if (status != OK)
        return folder_refuse(folder, status, words, message);
    return state.is_new ? folder_mark(folder, message) : OK;
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
    char path[PATH_MAX], words[ROCKS_ERROR_SIZE];
    uint64_t last_position = 0;
    enum status status = folder_look(folder, &store->lock, message);

    if (status != OK)
        return status;
    store->folder = mem_copy_text(folder);
    if ((size_t)snprintf(path, sizeof path, "%s/" STORE_ROCKS_NAME, folder) >= sizeof path)
        return folder_refuse(folder, TOO_LARGE, "its name is too long", message);
    status = rocks_open(&store->rocks, path, false, ROCKS_READ_ONLY, words);
    if (status != OK)
        return folder_refuse(folder, status, words, message);
    status = store_read_last_position(store, &last_position);
    if (status != OK)
        return folder_refuse(folder, status, "the last position cannot be read", message);
    atomic_store(&store->last_position, last_position);
    return OK;
}

static void free_parts(struct store *store)
{
    cache_clear(&store->cache);
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
    struct store *store = mem_new(sizeof *store);

    store->lock = -1;
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
    struct store *store = mem_new(sizeof *store);

    store->lock = -1;
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
    gate_clear(&store->gate);
    if (!store->memory && store->failed == OK)
        scrub_run(store, 1);
    if (!store->memory && store->failed == OK)
        rocks_flush(&store->rocks);
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
