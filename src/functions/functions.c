/* functions/functions.c - the registry: functions by name, their settings, and the life of it all.
 */
#include "functions/functions.h"

#include "functions/function.h"
#include "functions/pool.h"
#include "functions/worker.h"

#include <stdlib.h>

/* ---- names ---- */

/* NAME or NAME:$LATEST. */
static struct bytes name_without_version(struct bytes text)
{
    size_t colon = bytes_find_byte(text, ':', 0);

    if (colon == SIZE_MAX)
        return text;
    if (!bytes_equal_text(bytes_slice(text, colon + 1, text.size), "$LATEST"))
        return BYTES("");
    return bytes_slice(text, 0, colon);
}

struct bytes function_name_of(struct bytes name_or_arn)
{
    struct arn arn;
    size_t part = bytes_find(name_or_arn, BYTES(":function:"));
    struct bytes name = name_or_arn;

    if (arn_parse(name_or_arn, &arn)) {
        if (!bytes_equal_text(arn.service, "lambda") ||
            !bytes_start_with(arn.resource, BYTES("function:")))
            return BYTES("");
        name = bytes_slice(arn.resource, strlen("function:"), arn.resource.size);
    } else if (part != SIZE_MAX) {
        name = bytes_slice(name_or_arn, part + strlen(":function:"), name_or_arn.size);
    }
    name = name_without_version(name);
    return name.size <= FUNCTION_NAME_SIZE_MAX ? name : BYTES("");
}

struct bytes function_log_group(struct arena *arena, const struct function_settings *settings)
{
    if (settings->log_group.size > 0)
        return settings->log_group;
    return arena_printf(arena, "/aws/lambda/%.*s", BYTES_ARG(settings->name));
}

struct function *function_find(const struct functions *functions, struct bytes name_or_arn)
{
    return map_get(&functions->by_name, function_name_of(name_or_arn));
}

const struct function_settings *functions_find(const struct functions *functions,
                                               struct bytes name_or_arn)
{
    const struct function *function = function_find(functions, name_or_arn);

    return function != NULL ? &function->version->settings : NULL;
}

void functions_list(const struct functions *functions, struct arena *arena,
                    const struct function_settings ***ret, size_t *ret_count)
{
    const struct function_settings **list =
        ARENA_NEW_ARRAY(arena, functions->count, const struct function_settings *);

    for (size_t i = 0; i < functions->count; i++)
        list[i] = &functions->all[i]->version->settings;
    *ret = list;
    *ret_count = functions->count;
}

struct bytes functions_arn(const struct functions *functions, struct arena *arena,
                           struct bytes name)
{
    return arn_make(arena, functions->options.place, "lambda", "function:%.*s", BYTES_ARG(name));
}

/* ---- versions ---- */

void function_version_ref(struct function_version *version)
{
    version->references++;
}

void function_version_unref(struct function_version *version)
{
    if (version == NULL || --version->references > 0)
        return;
    arena_free(version->arena);
    mem_free(version);
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

static struct function_version *version_new(const struct functions *functions,
                                            const struct function_settings *settings)
{
    struct function_version *version = mem_new(sizeof *version);
    struct function_settings *copy = &version->settings;
    struct arena *arena = version->arena = arena_new();

    version->references = 1;
    *copy = *settings;
    copy->name = arena_copy(arena, settings->name);
    copy->handler = arena_copy(arena, settings->handler);
    copy->runtime = arena_copy(arena, settings->runtime);
    copy->folder = arena_copy(arena, settings->folder);
    copy->description = arena_copy(arena, settings->description);
    copy->on_success.arn = arena_copy(arena, settings->on_success.arn);
    copy->on_failure.arn = arena_copy(arena, settings->on_failure.arn);
    copy->dead_letter_arn = arena_copy(arena, settings->dead_letter_arn);
    copy->log_group = arena_copy(arena, function_log_group(arena, settings));
    copy->environment = copy_variables(arena, settings->environment, settings->environment_count);
    version->arn = functions_arn(functions, arena, copy->name);
    return version;
}

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

static void insert_in_order(struct functions *functions, struct function *function)
{
    size_t at = functions->count;

    if (functions->count == functions->capacity) {
        functions->capacity = size_max(16, functions->capacity * 2);
        functions->all = mem_resize(functions->all, functions->capacity * sizeof *functions->all);
    }
    for (; at > 0 && bytes_compare(functions->all[at - 1]->version->settings.name,
                                   function->version->settings.name) > 0;
         at--)
        functions->all[at] = functions->all[at - 1];
    functions->all[at] = function;
    functions->count++;
}

static void function_new(struct functions *functions, struct function_version *version)
{
    struct function *function = mem_new(sizeof *function);

    function->functions = functions;
    function->version = version;
    list_init(&function->workers);
    list_init(&function->idle);
    list_init(&function->waiting);
    async_queue_init(&function->async);
    map_put(&functions->by_name, version->settings.name, function);
    insert_in_order(functions, function);
}

enum status functions_put(struct functions *functions, const struct function_settings *settings,
                          struct api_error *reterr)
{
    enum status st = check_name(settings, reterr);

    if (st == OK)
        st = check_settings(settings, reterr);
    if (st != OK)
        return st;
    struct function *function = map_get(&functions->by_name, settings->name);
    struct function_version *version = version_new(functions, settings);

    if (function == NULL) {
        function_new(functions, version);
        return OK;
    }
    function_version_unref(function->version);
    function->version = version;
    pool_retire(function);
    pool_dispatch(function);
    async_dispatch(function);
    return OK;
}

static void function_free(struct function *function)
{
    assert(list_empty(&function->workers) && list_empty(&function->waiting));
    async_queue_free(function);
    function_version_unref(function->version);
    mem_free(function);
}

/* ---- life ---- */

static void on_interpreters_idle(void *context)
{
    functions_changed(context);
}

static void copy_options(struct functions *functions, const struct functions_options *options)
{
    functions->arena = arena_new();
    functions->options = *options;
    if (options->wall_timers == NULL)
        functions->options.wall_timers = options->timers;
    functions->options.runtimes_folder =
        arena_copy_text(functions->arena, bytes_of_text(options->runtimes_folder));
    functions->options.environment =
        copy_variables(functions->arena, options->environment, options->environment_count);
}

enum status functions_open(const struct functions_options *options, struct functions **ret)
{
    struct functions *functions = mem_new(sizeof *functions);

    copy_options(functions, options);
    functions->machine_clock = clock_new_real();
    functions->interpreters = interpreters_new(options->loop, on_interpreters_idle, functions);
    functions->starting_at_once_max = size_max(1, uv_available_parallelism());
    functions->workers_max = size_min(
        FUNCTION_WORKERS_MAX, size_max(FUNCTION_WORKERS_MIN, 2 * uv_available_parallelism()));
    async_init(&functions->async);
    enum status st = async_load(functions);

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
    async_start(functions);
}

void functions_warm(struct functions *functions, struct bytes name_or_arn)
{
    struct function *function = function_find(functions, name_or_arn);

    if (function != NULL)
        pool_warm(function);
}

static bool is_stopped(const struct functions *functions)
{
    return functions->stopping && functions->worker_count == 0 &&
           functions->async.writing_count == 0 && !interpreters_busy(functions->interpreters);
}

static void on_grace_closed(uv_handle_t *handle)
{
    struct functions *functions = handle->data;

    functions->stopped(functions->stopped_context);
}

void functions_changed(struct functions *functions)
{
    if (functions->options.changed != NULL)
        functions->options.changed(functions->options.context);
    if (!is_stopped(functions) || functions->told_stopped)
        return;
    functions->told_stopped = true;
    uv_close((uv_handle_t *)&functions->grace, on_grace_closed);
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
    for (size_t i = 0; i < functions->count; i++)
        stop_function(functions->all[i]);
    functions_changed(functions);
}

void functions_close(struct functions *functions)
{
    if (functions == NULL)
        return;
    async_free(functions);
    for (size_t i = 0; i < functions->count; i++)
        function_free(functions->all[i]);
    mem_free(functions->all);
    map_free(&functions->by_name);
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

void functions_figures(const struct functions *functions, struct functions_figures *ret)
{
    *ret = (struct functions_figures){
        .running = functions->busy_count,
        .waiting = functions->waiting_count,
        .queued = functions->async.count,
        .retrying = functions->async.retrying_count,
        .shut_out = shut_out(functions),
        .workers = functions->worker_count,
        .invocations_total = functions->invocations_total,
        .errors_total = functions->errors_total,
        .throttles_total = functions->throttles_total,
    };
}
