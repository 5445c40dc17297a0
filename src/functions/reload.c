/* functions/reload.c - see reload.h. */
#include "functions/reload.h"

#include "functions/pool.h"
#include "functions/worker.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- what is said ---- */

/* The path as the developer knows it: from the function's folder on. */
static struct bytes path_in_folder(const struct function *function, struct bytes path)
{
    struct bytes folder = function->version->settings.folder;

    if (bytes_start_with(path, folder) && path.size > folder.size && path.ptr[folder.size] == '/')
        return bytes_slice(path, folder.size + 1, path.size);
    return path;
}

static void say(const struct function *function, struct bytes text)
{
    log_note(&function->functions->options, function->version->settings.name, text);
}

static void say_changed(struct function *function)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct reload *reload = &function->reload;

    if (reload->changed_path == NULL)
        return;
    struct bytes path = path_in_folder(function, bytes_of_text(reload->changed_path));

    say(function, arena_printf(arena, "%.*s changed: starting with the new code", BYTES_ARG(path)));
    mem_free(reload->changed_path);
    reload->changed_path = NULL;
}

static void say_restless(struct function *function, const char *path)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes name = path_in_folder(function, bytes_of_text(path));

    say(function,
        arena_printf(arena,
                     "%.*s changes again and again while the function starts; if its own code "
                     "writes it, write it elsewhere, or start dynlog with --no-reload",
                     BYTES_ARG(name)));
}

static void say_full(struct function *function, struct bytes path)
{
    AUTO(arena_release) struct arena *arena = arena_new();

    if (function->reload.said_full)
        return;
    function->reload.said_full = true;
    say(function,
        arena_printf(arena,
                     "%.*s and perhaps more can't be watched (at most %zu files of a function, "
                     "%zu folders in all, and what fs.inotify.max_user_watches allows): their "
                     "changes are not seen",
                     BYTES_ARG(path), WATCH_PATHS_MAX, WATCH_FOLDERS_MAX));
}

/* ---- changes ---- */

static uint64_t waited_ms(const struct function *function)
{
    (void)function;
    return clock_monotonic_ns() / 1000000;
}

bool reload_is_restless(const struct function *function)
{
    const struct reload *reload = &function->reload;

    return reload->restless_since_ns > 0 &&
           waited_ms(function) - reload->restless_since_ns / 1000000 >= RELOAD_RESTLESS_MS;
}

/* Idle and starting workers go. True when there was one that works, or worked, or will. */
static bool end_stale_workers(struct function *function, const char *path)
{
    struct reload *reload = &function->reload;
    bool restless = reload_is_restless(function), any = false;

    LIST_EACH (&function->workers, it) {
        struct worker *worker = LIST_ITEM(it, struct worker, in_workers);

        if (worker->state == WORKER_STOPPING)
            continue;
        any = true;
        if (worker->state == WORKER_STARTING && restless)
            continue;
        if (worker->state == WORKER_STARTING) {
            log_mute(&worker->log); /* what its init says, the next one says again */
            reload->hasty_starts++;
            if (reload->restless_since_ns == 0)
                reload->restless_since_ns = clock_monotonic_ns();
        }
        if (worker->state == WORKER_STARTING || worker->state == WORKER_IDLE)
            worker_stop(worker);
    }
    if (any && restless)
        say_restless(function, path);
    return any;
}

static void code_changed(struct function *function, const char *path)
{
    struct functions *functions = function->functions;
    struct reload *reload = &function->reload;

    reload->code++;
    if (reload->changed_path == NULL)
        reload->changed_path = mem_copy_text(path);
    if (end_stale_workers(function, path) || function->init_failed)
        reload->warm = !reload_is_restless(function);
    if (!functions->stopping)
        timer_set_after(functions->options.wall_timers, &reload->quiet, RELOAD_QUIET_MS);
}

static void on_changed(struct watched *watched, const char *path)
{
    struct reload *reload = CONTAINER_OF(watched, struct reload, watched);

    code_changed(CONTAINER_OF(reload, struct function, reload), path);
}

static void on_quiet(struct timer *timer)
{
    struct reload *reload = CONTAINER_OF(timer, struct reload, quiet);
    struct function *function = CONTAINER_OF(reload, struct function, reload);

    pool_dispatch(function); /* and warms it */
}

/* The loop saw changes: who waits for a worker that is gone gets another one. */
static void on_read(void *context)
{
    struct functions *functions = context;

    for (size_t i = 0; i < functions->count; i++)
        if (functions->all[i]->waiting_count > 0)
            pool_dispatch(functions->all[i]);
}

void reload_read(struct functions *functions)
{
    if (functions->watcher != NULL)
        watcher_read(functions->watcher);
}

/* ---- workers ---- */

bool reload_is_stale(const struct worker *worker)
{
    return worker->code != worker->function->reload.code;
}

bool reload_may_start(const struct function *function)
{
    const struct reload *reload = &function->reload;

    return reload->hasty_starts < RELOAD_HASTY_STARTS || !timer_is_set(&reload->quiet);
}

void reload_started(struct worker *worker)
{
    struct reload *reload = &worker->function->reload;

    if (reload_is_stale(worker))
        return;
    reload->hasty_starts = 0;
    reload->restless_since_ns = 0;
}

/* What a list of paths gave. */
struct telling {
    struct worker *worker;
    char *changed; /* the first that did; NULL: none */
};

static void add_path(struct telling *telling, struct bytes path, enum watch_kind kind)
{
    struct function *function = telling->worker->function;
    struct watched *watched = &function->reload.watched;
    enum watch_added added = watched_add(watched, path, kind, telling->worker->begun_ns);

    if (added == WATCH_FULL)
        say_full(function, path);
    if (added != WATCH_CHANGED || telling->changed != NULL)
        return;
    telling->changed = mem_new(path.size + 1);
    memcpy(telling->changed, path.ptr, path.size);
}

/* A link is watched where it is, and where it leads to. */
static void add_loaded(struct telling *telling, struct bytes path)
{
    char text[PATH_MAX], real[PATH_MAX];

    snprintf(text, sizeof text, "%.*s", BYTES_ARG(path));
    add_path(telling, path, WATCH_FILE);
    if (realpath(text, real) != NULL && strcmp(text, real) != 0)
        add_path(telling, bytes_of_text(real), WATCH_FILE);
}

/* The first list of some code replaces the one of the code before. */
static bool telling_begin(struct telling *telling)
{
    struct reload *reload = &telling->worker->function->reload;

    if (!reload->open || reload_is_stale(telling->worker))
        return false;
    if (reload->told != reload->code)
        watched_renew_begin(&reload->watched);
    return true;
}

static void telling_end(struct telling *telling)
{
    struct function *function = telling->worker->function;
    struct reload *reload = &function->reload;

    if (reload->told != reload->code)
        watched_renew_end(&reload->watched);
    reload->told = reload->code;
    if (telling->changed != NULL)
        code_changed(function, telling->changed);
    mem_free(telling->changed);
}

void reload_loaded(struct worker *worker, struct bytes body)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct telling telling = {.worker = worker};
    const struct json *paths = NULL;

    if (json_parse(arena, body, &paths, NULL) != OK || !telling_begin(&telling))
        return;
    for (struct json_iter it = json_iter(json_get(paths, "loaded")); json_next(&it);)
        add_loaded(&telling, json_string(it.value));
    for (struct json_iter it = json_iter(json_get(paths, "wanted")); json_next(&it);)
        add_path(&telling, json_string(it.value), WATCH_WANTED);
    telling_end(&telling);
}

/* "src/main.handler" is of src/main.sh, src/main.lua or whatever the bootstrap makes of it. */
static void add_files_of_handler(struct telling *telling, struct arena *arena)
{
    const struct function_settings *settings = &telling->worker->version->settings;
    struct bytes path =
        arena_printf(arena, "%.*s/%.*s", BYTES_ARG(settings->folder), BYTES_ARG(settings->handler));
    size_t name = path.size, size;

    while (path.ptr[name - 1] != '/')
        name--;
    size = size_min(bytes_find_byte(path, '.', name), path.size);
    struct bytes begin = bytes_slice(path, name, size - name);
    DIR *folder = opendir(arena_copy_text(arena, bytes_slice(path, 0, name)));
    struct dirent *found;

    if (folder == NULL)
        return;
    while (begin.size > 0 && (found = readdir(folder)) != NULL) {
        struct bytes file = bytes_of_text(found->d_name);

        if (bytes_start_with(file, begin) &&
            (file.size == begin.size || file.ptr[begin.size] == '.') && found->d_type != DT_DIR)
            add_loaded(telling, arena_printf(arena, "%.*s%s", (int)name, (const char *)path.ptr,
                                             found->d_name));
    }
    closedir(folder);
}

static void tell_of_provided(struct worker *worker)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct telling telling = {.worker = worker};
    struct bytes bootstrap =
        arena_printf(arena, "%.*s/bootstrap", BYTES_ARG(worker->version->settings.folder));

    if (!telling_begin(&telling))
        return;
    if (access(arena_copy_text(arena, bootstrap), F_OK) == 0)
        add_loaded(&telling, bootstrap);
    else
        add_path(&telling, bootstrap, WATCH_WANTED);
    add_files_of_handler(&telling, arena);
    mem_free(telling.changed); /* it is read after this */
    telling.changed = NULL;
    telling_end(&telling);
}

/* Of the file that changed last: an editor that empties it and writes it saves once. A name that is
 * not there is one that an import looked for: what came or went beside it is no other save. */
static void note_save(struct reload *reload)
{
    struct stat file;

    if (reload->changed_path == NULL || stat(reload->changed_path, &file) != 0)
        return;
    const uint64_t what[] = {map_hash(bytes_of_text(reload->changed_path)), (uint64_t)file.st_ino,
                             (uint64_t)file.st_size, (uint64_t)file.st_mtim.tv_sec,
                             (uint64_t)file.st_mtim.tv_nsec};

    reload->save = map_hash(bytes_of((const uint8_t *)what, sizeof what));
}

void reload_starts(struct worker *worker)
{
    struct function *function = worker->function;

    worker->code = function->reload.code;
    note_save(&function->reload);
    worker->save = function->reload.save;
    worker->begun_ns = clock_file_ns();
    say_changed(function);
    if (runtime_kind_of(worker->version->settings.runtime) == RUNTIME_PROVIDED)
        tell_of_provided(worker);
}

/* ---- life ---- */

void reload_open(struct function *function)
{
    struct functions *functions = function->functions;
    struct reload *reload = &function->reload;

    reload_close(function);
    if (!functions->options.reload || function->version->code.size > 0 || functions->stopping ||
        function->kind == FUNCTION_ALIAS)
        return;
    if (functions->watcher == NULL)
        functions->watcher = watcher_new(functions->options.loop, on_read, functions);
    if (functions->watcher == NULL) {
        say(function, BYTES("the kernel gives no inotify (fs.inotify.max_user_instances): changes "
                            "of its code are not seen"));
        return;
    }
    watched_open(&reload->watched, functions->watcher, function->version->settings.folder);
    reload->watched.changed = on_changed;
    reload->quiet.fire = on_quiet;
    reload->open = true;
    reload->code++;
}

void reload_close(struct function *function)
{
    struct reload *reload = &function->reload;

    if (!reload->open)
        return;
    timer_cancel(function->functions->options.wall_timers, &reload->quiet);
    watched_close(&reload->watched);
    mem_free(reload->changed_path);
    reload->changed_path = NULL;
    reload->open = false;
    reload->warm = false;
}
