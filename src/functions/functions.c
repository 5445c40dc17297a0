/* functions/functions.c - what a stack file puts, and the life of it all. Functions by name are
 * registry.c's. */
#include "functions/functions.h"

#include "functions/function.h"
#include "functions/hold.h"
#include "functions/pool.h"
#include "functions/worker.h"

#include <stdlib.h>

/* ---- putting ---- */

static bool is_name(struct bytes name)
{
    if (name.size == 0 || name.size > FUNCTION_NAME_SIZE_MAX)
        return false;
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

        if (!letter && !(c >= '0' && c <= '9') && c != '-' && c != '_')
            return false;
    }
    return true;
}

static enum status check_name(const struct function_settings *settings, struct api_error *reterr)
{
    if (is_name(settings->name))
        return OK;
    return api_refuse(reterr, API_VALIDATION,
                      "1 validation error detected: Value '%.*s' at 'functionName' failed to "
                      "satisfy constraint: Member must satisfy regular expression pattern: "
                      "[a-zA-Z0-9-_]+ and have length less than or equal to %d",
                      BYTES_ARG(settings->name), FUNCTION_NAME_SIZE_MAX);
}

static enum status check_settings(const struct function_settings *settings,
                                  struct api_error *reterr)
{
    enum runtime_kind kind = runtime_kind_of(settings->runtime);

    if (kind == RUNTIME_UNKNOWN)
        return api_refuse(reterr, API_LAMBDA_INVALID_PARAMETER,
                          "Value %.*s at 'runtime' failed to satisfy constraint: dynlog runs "
                          "nodejs*, python3* and provided*",
                          BYTES_ARG(settings->runtime));
    if (kind != RUNTIME_PROVIDED && settings->handler.size == 0)
        return api_refuse(reterr, API_LAMBDA_INVALID_PARAMETER,
                          "Runtime and Handler are mandatory parameters for functions created "
                          "with deployment packages.");
    if (settings->timeout_s < 1 || settings->timeout_s > FUNCTION_TIMEOUT_S_MAX)
        return api_refuse(reterr, API_VALIDATION,
                          "1 validation error detected: Value '%u' at 'timeout' failed to satisfy "
                          "constraint: Member must have value %s",
                          settings->timeout_s,
                          settings->timeout_s < 1 ? "greater than or equal to 1"
                                                  : "less than or equal to 900");
    if (settings->folder.size == 0 || settings->folder.ptr[0] != '/')
        return api_refuse(reterr, API_LAMBDA_INVALID_PARAMETER,
                          "the folder of a function must be an absolute path");
    return OK;
}

enum status functions_put(struct functions *functions, const struct function_settings *settings,
                          struct api_error *reterr)
{
    enum status st = check_name(settings, reterr);

    if (st == OK)
        st = check_settings(settings, reterr);
    if (st != OK)
        return st;
    return registry_put(functions, settings);
}

/* ---- life ---- */

static void on_idle(void *context)
{
    functions_changed(context);
}

static const struct function_variable *
copy_variables(struct arena *arena, const struct function_variable *variables, size_t count)
{
    struct function_variable *copies = ARENA_NEW_ARRAY(arena, count, struct function_variable);

    for (size_t i = 0; i < count; i++) {
        copies[i].name = arena_copy(arena, variables[i].name);
        copies[i].value = arena_copy(arena, variables[i].value);
    }
    return copies;
}

static void copy_options(struct functions *functions, const struct functions_options *options)
{
    functions->arena = arena_new();
    functions->options = *options;
    if (options->wall_timers == NULL)
        functions->options.wall_timers = options->timers;
    functions->options.runtimes_folder =
        arena_copy_text(functions->arena, bytes_of_text(options->runtimes_folder));
    if (options->code_folder != NULL)
        functions->options.code_folder =
            arena_copy_text(functions->arena, bytes_of_text(options->code_folder));
    if (options->temporary_folder != NULL)
        functions->options.temporary_folder =
            arena_copy_text(functions->arena, bytes_of_text(options->temporary_folder));
    functions->options.environment =
        copy_variables(functions->arena, options->environment, options->environment_count);
}

enum status functions_open(const struct functions_options *options, struct functions **ret)
{
    struct functions *functions = mem_new(sizeof *functions);

    copy_options(functions, options);
    functions->memory.fire = workers_look_at_memory;
    functions->machine_clock = clock_new_real();
    functions->interpreters = interpreters_new(options->loop, on_idle, functions);
    functions->starting_at_once_max = size_max(1, uv_available_parallelism());
    functions->workers_max = size_min(
        FUNCTION_WORKERS_MAX, size_max(FUNCTION_WORKERS_MIN, 2 * uv_available_parallelism()));
    functions->codes = codes_new(options->loop, functions->options.code_folder, on_idle, functions);
    registry_init(functions);
    async_init(&functions->async);
    enum status st = registry_load(functions);

    if (st == OK)
        st = holds_load(functions);
    if (st == OK)
        st = async_load(functions);

    if (st != OK) {
        functions_close(functions);
        return st;
    }
    *ret = functions;
    return OK;
}

void functions_start(struct functions *functions)
{
    functions->started = true;
    codes_sweep(functions->codes);
    async_start(functions);
}

void functions_warm(struct functions *functions, struct bytes name_or_arn)
{
    struct function *function = function_find(functions, name_or_arn);

    if (function != NULL)
        pool_warm(function_route(function));
}

static bool is_stopped(const struct functions *functions)
{
    return functions->stopping && functions->worker_count == 0 &&
           functions->async.writing_count == 0 && !interpreters_busy(functions->interpreters) &&
           !codes_busy(functions->codes) && list_empty(&functions->changes);
}

static void on_grace_closed(uv_handle_t *handle)
{
    struct functions *functions = handle->data;

    functions->stopped(functions->stopped_context);
}

static void close_grace(void *context)
{
    struct functions *functions = context;

    uv_close((uv_handle_t *)&functions->grace, on_grace_closed);
}

static void stop_watching(struct functions *functions)
{
    struct watcher *watcher = functions->watcher;

    functions->watcher = NULL;
    for (size_t i = 0; i < functions->count; i++)
        reload_close(functions->all[i]);
    timer_cancel(functions->options.wall_timers, &functions->memory);
    if (watcher != NULL)
        watcher_close(watcher, close_grace, functions);
    else
        close_grace(functions);
}

void functions_changed(struct functions *functions)
{
    if (functions->options.changed != NULL)
        functions->options.changed(functions->options.context);
    registry_reap_soon(functions);
    if (!is_stopped(functions) || functions->told_stopped)
        return;
    functions->told_stopped = true;
    stop_watching(functions);
}

/* Grace is over. */
static void on_grace(uv_timer_t *timer)
{
    struct functions *functions = timer->data;

    for (size_t i = 0; i < functions->count; i++)
        LIST_EACH (&functions->all[i]->workers, it)
            worker_abandon(LIST_ITEM(it, struct worker, in_workers));
    functions_changed(functions);
}

/* Workers that have nothing to end go at once. */
static void stop_function(struct function *function)
{
    struct invocation *invocation;

    while ((invocation = pool_first(function)) != NULL) {
        invocation->status = CLOSED;
        invocation->done(invocation);
    }
    LIST_EACH (&function->workers, it) {
        struct worker *worker = LIST_ITEM(it, struct worker, in_workers);

        if (worker->state != WORKER_BUSY)
            worker_stop(worker);
    }
}

void functions_keep_code(struct functions *functions, bool kept)
{
    codes_keep(functions->codes, kept);
}

void functions_stop(struct functions *functions, uint64_t grace_ms, void (*stopped)(void *context),
                    void *context)
{
    assert(!functions->stopping);
    functions->stopping = true;
    functions->stopped = stopped;
    functions->stopped_context = context;
    uv_timer_init(functions->options.loop, &functions->grace);
    functions->grace.data = functions;
    uv_timer_start(&functions->grace, on_grace, grace_ms, 0);
    interpreters_stop(functions->interpreters);
    codes_stop(functions->codes);
    for (size_t i = 0; i < functions->count; i++)
        stop_function(functions->all[i]);
    functions_changed(functions);
}

void functions_close(struct functions *functions)
{
    if (functions == NULL)
        return;
    async_free(functions);
    holds_free(functions);
    codes_stop(functions->codes);
    registry_free(functions);
    codes_free(functions->codes);
    folder_codes_free(&functions->folders);
    interpreters_free(functions->interpreters);
    clock_free(functions->machine_clock);
    arena_free(functions->arena);
    mem_free(functions);
}

/* A function that may not run: its invocations wait for somebody who lets it. */
static size_t shut_out(const struct functions *functions)
{
    size_t count = 0;

    for (size_t i = 0; i < functions->count; i++) {
        const struct function *function = functions->all[i];

        if (pool_limit(function) == 0)
            count += function->waiting_count;
    }
    return count;
}

struct waits functions_waits(const struct functions *functions)
{
    return async_waits(functions);
}

void functions_hurry(struct functions *functions)
{
    async_hurry(functions);
}

static size_t changing(const struct functions *functions)
{
    size_t count = codes_busy(functions->codes) ? 1 : 0;

    for (const struct list *it = functions->changes.next; it != &functions->changes; it = it->next)
        count++;
    return count;
}

void functions_figures(const struct functions *functions, struct functions_figures *ret)
{
    *ret = (struct functions_figures){
        .running = functions->busy_count,
        .waiting = functions->waiting_count,
        .queued = functions->async.count,
        .retrying = functions->async.retrying_count,
        .shut_out = shut_out(functions),
        .held = holds_waiting(functions),
        .workers = functions->worker_count,
        .changing = changing(functions),
        .invocations_total = functions->invocations_total,
        .errors_total = functions->errors_total,
        .throttles_total = functions->throttles_total,
    };
}
