/* functions/launch.c - see launch.h. */
#include "functions/launch.h"

#include "base/file.h"
#include "functions/environment.h"
#include "functions/remains.h"
#include "functions/worker.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- its folder, and its end ---- */

struct launch_folder {
    uv_work_t work;
    struct worker *worker;
    bool cleaning;
    char log_stream[sizeof "AWS_LAMBDA_LOG_STREAM_NAME=" + LOG_STREAM_NAME_SIZE];
    char path[]; /* empty: it has the machine's */
};

/* Without one it has the machine's: a full disk is not a reason to start nothing. */
static void make_folder(struct worker *worker)
{
    static uint64_t made;
    const char *in = worker->functions->options.temporary_folder;
    size_t size = in != NULL ? strlen(in) + 32 : 1;
    struct launch_folder *folder = mem_new(sizeof *folder + size);

    if (in != NULL) {
        snprintf(folder->path, size, "%s/%llx", in, (unsigned long long)++made);
        if (mkdir(folder->path, 0700) != 0 && errno != EEXIST)
            folder->path[0] = '\0';
    }
    snprintf(folder->log_stream, sizeof folder->log_stream, "AWS_LAMBDA_LOG_STREAM_NAME=%s",
             worker->log.stream_name);
    folder->worker = worker;
    worker->folder = folder;
}

static void clean(uv_work_t *work)
{
    struct launch_folder *folder = CONTAINER_OF(work, struct launch_folder, work);

    remains_kill(bytes_of_text(folder->log_stream));
    if (folder->path[0] != '\0' && file_remove_folder(folder->path) != OK)
        return; /* somebody holds it: the next start of dynlog removes what is left */
}

static void cleaned(uv_work_t *work, int status)
{
    struct launch_folder *folder = CONTAINER_OF(work, struct launch_folder, work);
    struct worker *worker = folder->worker;

    (void)status;
    worker->folder = NULL;
    mem_free(folder);
    worker_cleaned(worker);
}

void launch_clean(struct worker *worker)
{
    struct launch_folder *folder = worker->folder;

    if (folder == NULL)
        return; /* it was never launched */
    folder->cleaning = true;
    if (uv_queue_work(worker->functions->options.loop, &folder->work, clean, cleaned) != 0)
        assert(false && "a work with a callback is always taken");
}

bool launch_is_cleaning(const struct worker *worker)
{
    return worker->folder != NULL && worker->folder->cleaning;
}

/* ---- its process ---- */

#define ARGUMENTS_MAX 4

static char *bootstrap_path(struct worker *worker, struct arena *arena)
{
    const char *runtimes = worker->functions->options.runtimes_folder;

    switch (runtime_kind_of(worker->version->settings.runtime)) {
    case RUNTIME_NODE:
        return arena_copy_text(arena, arena_printf(arena, "%s/node/bootstrap.mjs", runtimes));
    case RUNTIME_PYTHON:
        return arena_copy_text(arena, arena_printf(arena, "%s/python/bootstrap.py", runtimes));
    case RUNTIME_PROVIDED:
    case RUNTIME_UNKNOWN:
        break;
    }
    return NULL;
}

/* Our bootstraps are told by an argument whether anybody wants to know what they load. */
static void set_arguments(struct worker *worker, struct arena *arena, const char *program,
                          const char *arguments[ARGUMENTS_MAX])
{
    size_t count = 0;

    arguments[count++] = program;
    arguments[count] = bootstrap_path(worker, arena);
    if (arguments[count] != NULL && worker->function->reload.open)
        arguments[++count] = "--tell-loaded";
    arguments[count + 1] = NULL;
}

static void start_process(struct worker *worker, const char *program)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct functions_options *options = &worker->functions->options;
    const struct function_settings *settings = &worker->version->settings;
    const char *arguments[ARGUMENTS_MAX];

    set_arguments(worker, arena, program, arguments);
    make_folder(worker);
    struct environment_options environment = {
        .settings = settings,
        .common = options->environment,
        .common_count = options->environment_count,
        .region = options->place->region,
        .runtime_folder = options->runtimes_folder,
        .temporary_folder = worker->folder->path[0] != '\0' ? worker->folder->path : NULL,
        .runtime_api_port = worker->port,
        .log_group = settings->log_group,
        .log_stream = bytes_of_text(worker->log.stream_name),
    };
    struct process_options process = {
        .loop = options->loop,
        .arguments = arguments,
        .environment = environment_make(arena, &environment),
        .folder = arena_copy_text(arena, settings->folder),
    };

    worker->has_process = true;
    log_init_start(&worker->log, settings->runtime);
    enum status st = process_start(&worker->process, &process);

    if (st != OK)
        worker_cannot_start(worker, arena_printf(arena, "cannot run %s in %s: %s", program,
                                                 process.folder, status_text(st)));
}

static void on_interpreter(struct interpreter_request *request, const char *program,
                           const char *message)
{
    struct worker *worker = CONTAINER_OF(request, struct worker, interpreter);

    if (program != NULL)
        start_process(worker, program);
    else
        worker_cannot_start(worker, bytes_of_text(message));
}

/* Lambda would start them beside the runtime. */
static void look_for_extensions(struct worker *worker)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct function_settings *settings = &worker->version->settings;
    struct bytes own = arena_printf(arena, "%.*s/extensions", BYTES_ARG(settings->folder));
    const char *folders[] = {arena_copy_text(arena, own), "/opt/extensions"};

    if (worker->function->said_extensions)
        return;
    worker->function->said_extensions = true;
    for (size_t i = 0; i < ARRAY_COUNT(folders); i++) {
        DIR *folder = opendir(folders[i]);
        struct dirent *found = NULL;

        while (folder != NULL && (found = readdir(folder)) != NULL && found->d_name[0] == '.')
            ;
        if (found != NULL)
            log_note(&worker->functions->options, settings->name,
                     arena_printf(arena, "%s/%s is not started: dynlog runs no extensions",
                                  folders[i], found->d_name));
        if (folder != NULL)
            closedir(folder);
    }
}

void launch(struct worker *worker)
{
    const struct function_settings *settings = &worker->version->settings;

    look_for_extensions(worker);

    worker->interpreter.chosen = on_interpreter;
    interpreters_choose(worker->functions->interpreters, settings->runtime, settings->folder,
                        &worker->interpreter);
}
