/* server/watch.c - `dynlog start --watch`: a running server follows its stack file.
 *
 *   IDLE --a file changed--> SETTLING --quiet for a moment--> loaded, planned --> APPLYING --> IDLE
 *                               ^                                |                   |
 *                               |        it is wrong: said, and the stack stays      | changed
 *                               +------------------- as it was ----------------------+ meanwhile
 *
 * Applying is what a start does: each request is made again, and what is there already becomes what
 * the file says; data stays. First the plan is shown. A change that can't be made (another key of a
 * table) is found before anything is done. When a request fails nevertheless, the plan of the next
 * change is made from the state before, so that nothing is left out.
 *
 * What is watched are the folders of the files, because editors put a new file in the place of the
 * old one. */
#include "server/internal.h"

#include <sys/stat.h>

#define WATCH_SETTLE_MS ((uint64_t)50) /* an editor's save is several changes */

struct watched_folder {
    uv_fs_event_t handle;
    struct watch *watch;
    const char *path;
};

struct watched_file { /* as it was when it was last read */
    const char *path;
    struct timespec changed_at;
    ino_t inode;
    off_t size;
};

struct watch {
    struct server *server;
    struct arena *arena; /* of the two lists */
    struct watched_folder **folders;
    struct watched_file *files;
    size_t folder_count, file_count;
    struct timer settle; /* of wall_timers */
    bool applying, again, closing;

    /* what is being applied */
    struct plan plan;
    struct arena *before_arena;
    const struct stack *before;
    struct made *before_made;
    struct bytes *before_values;
    struct function_place *before_places;
};

/* ---- which files ---- */

static struct watched_file look(const char *path)
{
    struct watched_file file = {.path = path};
    struct stat stat_now;

    if (stat(path, &stat_now) != 0)
        return file;
    file.changed_at = stat_now.st_mtim;
    file.inode = stat_now.st_ino;
    file.size = stat_now.st_size;
    return file;
}

static bool has_changed(const struct watched_file *file)
{
    struct watched_file now = look(file->path);

    return now.inode != file->inode || now.size != file->size ||
           now.changed_at.tv_sec != file->changed_at.tv_sec ||
           now.changed_at.tv_nsec != file->changed_at.tv_nsec;
}

static bool any_has_changed(const struct watch *watch)
{
    for (size_t i = 0; i < watch->file_count; i++)
        if (has_changed(&watch->files[i]))
            return true;
    return false;
}

static void on_folder(uv_fs_event_t *handle, const char *name, int events, int status)
{
    struct watched_folder *folder = handle->data;
    struct watch *watch = folder->watch;

    (void)name;
    (void)events;
    (void)status;
    if (!watch->closing)
        timer_set_after(watch->server->wall_timers, &watch->settle, WATCH_SETTLE_MS);
}

static void folder_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

static void add_folder(struct watch *watch, const char *path)
{
    struct watched_folder *folder = NULL;

    for (size_t i = 0; i < watch->folder_count; i++)
        if (strcmp(watch->folders[i]->path, path) == 0)
            return;
    folder = mem_new(sizeof *folder);
    folder->watch = watch;
    folder->path = path;
    uv_fs_event_init(&watch->server->loop, &folder->handle);
    folder->handle.data = folder;
    if (uv_fs_event_start(&folder->handle, on_folder, path, 0) != 0)
        output_error("changes in %s can't be seen: the system has no more watches", path);
    watch->folders[watch->folder_count++] = folder;
}

static void forget_files(struct watch *watch)
{
    for (size_t i = 0; i < watch->folder_count; i++)
        uv_close((uv_handle_t *)&watch->folders[i]->handle, folder_closed);
    watch->folder_count = watch->file_count = 0;
    arena_free(watch->arena);
    watch->arena = NULL;
}

/* As it was before it was read. One that is new here counts as changed, because it may have been
 * since it was read: it is read again, and as a rule nothing differs. */
static struct watched_file file_of(const struct watch *watch, const char *path)
{
    for (size_t i = 0; i < watch->file_count; i++)
        if (strcmp(watch->files[i].path, path) == 0)
            return watch->files[i];
    return (struct watched_file){0};
}

static const char *folder_of(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL)
        return ".";
    return slash == path ? "/" : arena_copy_text(arena, bytes_of(path, (size_t)(slash - path)));
}

/* The files of a stack that was read. */
static void set_files(struct watch *watch, const struct stack *stack)
{
    struct arena *arena = arena_new();
    struct watched_file *files = ARENA_NEW_ARRAY(arena, stack->file_count, struct watched_file);

    for (size_t i = 0; i < stack->file_count; i++) {
        files[i] = file_of(watch, stack->files[i]);
        files[i].path = arena_copy_text(arena, bytes_of_text(stack->files[i]));
    }
    forget_files(watch);
    watch->arena = arena;
    watch->files = files;
    watch->file_count = stack->file_count;
    watch->folders = ARENA_NEW_ARRAY(arena, stack->file_count, struct watched_folder *);
    for (size_t i = 0; i < stack->file_count; i++)
        add_folder(watch, folder_of(arena, files[i].path));
    timer_set_after(watch->server->wall_timers, &watch->settle, WATCH_SETTLE_MS);
}

static void note_as_read(struct watch *watch)
{
    for (size_t i = 0; i < watch->file_count; i++)
        watch->files[i] = look(watch->files[i].path);
}

/* ---- applying ---- */

static void settle_again(struct watch *watch)
{
    if (!watch->again)
        return;
    watch->again = false;
    timer_set_after(watch->server->wall_timers, &watch->settle, WATCH_SETTLE_MS);
}

/* What was applied is the stack in use; or, when it failed, the one before is, for the next plan.
 */
static void finish(struct server *server, bool ok)
{
    struct watch *watch = server->watch;
    struct arena *gone = ok ? watch->before_arena : server->stack_arena;

    watch->applying = false;
    if (ok) {
        set_files(watch, server->stack);
        if (archiving_wanted(server))
            archiving_open(server); /* else it said why, and is tried again at the next start */
        warm_start(server);
        output_applied(server);
    } else {
        server->stack = watch->before;
        server->stack_arena = watch->before_arena;
        server->made = watch->before_made;
        server->late_values = watch->before_values;
        server->function_places = watch->before_places;
        parts_take_settings(server);
        output_error("the change of %s is not applied as a whole; it is tried again when the file "
                     "is saved",
                     server->stack_path);
    }
    arena_free(gone);
    loop_changed(server);
    settle_again(watch);
}

static void applied(struct server *server, bool ok)
{
    if (ok)
        unmake_start(server, server->watch->before, finish);
    else
        finish(server, false);
}

static void apply(struct watch *watch, struct arena *arena, const struct stack *stack,
                  const struct plan *plan)
{
    struct server *server = watch->server;

    watch->applying = true;
    watch->plan = *plan;
    watch->before = server->stack;
    watch->before_arena = server->stack_arena;
    watch->before_made = server->made;
    watch->before_values = server->late_values;
    watch->before_places = server->function_places;
    server->stack = stack;
    server->stack_arena = arena;
    parts_take_settings(server);
    if (stack_code_open(server))
        stack_steps(server, applied);
    else
        finish(server, false);
}

static bool may_apply(struct watch *watch, const struct stack *stack)
{
    struct server *server = watch->server;
    struct bytes why = {NULL, 0};

    for (size_t i = 0; i < stack->call_count; i++) {
        const struct stack_call *call = &stack->calls[i];

        why = follow_refusal(server, call);
        if (why.size == 0)
            continue;
        output_error("%s:%zu:%zu: %.*s: %.*s", call->where.file, call->where.line,
                     call->where.column, BYTES_ARG(call->resource), BYTES_ARG(why));
        return false;
    }
    return true;
}

static void take_up(struct watch *watch)
{
    struct server *server = watch->server;
    struct arena *arena = arena_new();
    const struct stack *stack = NULL;
    struct plan plan = {0};

    note_as_read(watch);
    if (!stack_file_load(server, arena, &stack)) {
        arena_free(arena);
        return;
    }
    plan_make(arena, server->stack, stack, &plan);
    if (plan.count > 0 || plan.at_next_start.size > 0)
        output_plan(server, &plan);
    if (!may_apply(watch, stack) || plan.count == 0) {
        set_files(watch, stack);
        arena_free(arena);
        return;
    }
    apply(watch, arena, stack, &plan);
}

static void on_settled(struct timer *timer)
{
    struct watch *watch = CONTAINER_OF(timer, struct watch, settle);

    if (watch->server->state != SERVER_SERVING)
        return;
    if (watch->applying)
        watch->again = true;
    else if (any_has_changed(watch))
        take_up(watch);
}

/* ---- life ---- */

void watch_open(struct server *server)
{
    struct watch *watch = NULL;

    if (!server->options.watch || server->own_stack)
        return;
    watch = mem_new(sizeof *watch);
    watch->server = server;
    watch->settle.fire = on_settled;
    server->watch = watch;
    set_files(watch, server->stack);
}

bool watch_busy(const struct server *server)
{
    return server->watch != NULL && server->watch->applying && !server->waits_for_quiet;
}

bool watch_differs(const struct server *server, struct bytes what)
{
    const struct watch *watch = server->watch;

    for (size_t i = 0; watch != NULL && watch->applying && i < watch->plan.count; i++)
        if (bytes_equal(watch->plan.steps[i].what, what))
            return true;
    return watch == NULL || !watch->applying;
}

const struct stack *watch_before(const struct server *server)
{
    const struct watch *watch = server->watch;

    return watch != NULL && watch->applying ? watch->before : NULL;
}

bool watch_close(struct server *server)
{
    struct watch *watch = server->watch;

    if (watch == NULL)
        return true;
    watch->closing = true;
    timer_cancel(server->wall_timers, &watch->settle);
    if (watch->applying)
        return false;
    forget_files(watch);
    mem_free(watch);
    server->watch = NULL;
    return true;
}
