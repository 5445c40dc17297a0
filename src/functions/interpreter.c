/* functions/interpreter.c - see interpreter.h. */
#include "functions/interpreter.h"

#include "base/map.h"
#include "functions/environment.h"
#include "functions/process.h"

#include <stdlib.h>
#include <unistd.h>

/* What a folder's Python is. Asking goes through the candidates until one has boto3. */
struct python {
    struct interpreters *interpreters;
    struct arena *arena;
    const char *folder;
    const char *candidates[INTERPRETER_CANDIDATES_MAX];
    size_t candidate_count, candidate;
    struct process process;
    const char
        *executable; /* what the candidate calls itself: not pyenv's shim, but what it runs */
    bool has_boto3;
    const char *chosen; /* NULL: asking */
    struct list waiting;
};

struct interpreters {
    uv_loop_t *loop;
    void (*idle)(void *context);
    void *context;
    struct map pythons; /* by folder */
    size_t running;
    bool stopping;
};

/* find_spec() and no import: boto3 takes a third of a second to import. */
static const char *const python_question = "import importlib.util, sys\n"
                                           "print(sys.executable or '', flush=True)\n"
                                           "sys.exit(importlib.util.find_spec('boto3') is None)\n";

enum runtime_kind runtime_kind_of(struct bytes runtime)
{
    if (bytes_start_with(runtime, BYTES("nodejs")))
        return RUNTIME_NODE;
    if (bytes_start_with(runtime, BYTES("python3")))
        return RUNTIME_PYTHON;
    if (bytes_start_with(runtime, BYTES("provided")))
        return RUNTIME_PROVIDED;
    return RUNTIME_UNKNOWN;
}

static const char *path_if_executable(struct arena *arena, struct bytes folder, const char *name)
{
    char *path = arena_copy_text(arena, arena_printf(arena, "%.*s/%s", BYTES_ARG(folder), name));

    return access(path, X_OK) == 0 ? path : NULL;
}

/* Every NAME on PATH, at most `max`. Folders that are one folder (/bin and /usr/bin) count once. */
static size_t find_on_path(struct arena *arena, const char *name, const char **found, size_t max)
{
    struct bytes rest = bytes_of_text(getenv("PATH"));
    const char *folders[INTERPRETER_CANDIDATES_MAX];
    size_t count = 0;

    while (rest.size > 0 && count < max) {
        size_t colon = size_min(bytes_find_byte(rest, ':', 0), rest.size);
        struct bytes folder = bytes_slice(rest, 0, colon);
        const char *path = path_if_executable(arena, folder, name);

        rest = bytes_slice(rest, colon + 1, rest.size);
        if (path == NULL || folder.size == 0)
            continue;
        char *real = realpath(arena_copy_text(arena, folder), NULL);
        bool known = real == NULL;

        for (size_t i = 0; i < count && !known; i++)
            known = strcmp(folders[i], real) == 0;
        if (!known) {
            folders[count] = arena_copy_text(arena, bytes_of_text(real));
            found[count++] = path;
        }
        free(real);
    }
    return count;
}

/* ---- Python: asking ---- */

static void python_ask(struct python *python);

static void python_choose(struct python *python, const char *program)
{
    struct list *waiting;

    python->chosen = program;
    while ((waiting = list_take(&python->waiting)) != NULL) {
        struct interpreter_request *request =
            LIST_ITEM(waiting, struct interpreter_request, in_waiting);

        request->chosen(request, program, "");
    }
}

static void python_line(struct process *process, struct bytes line, bool from_stderr)
{
    struct python *python = CONTAINER_OF(process, struct python, process);

    if (!from_stderr && line.size > 0 && line.ptr[0] == '/')
        python->executable = arena_copy_text(python->arena, line);
}

static void python_exited(struct process *process, int64_t exit_status, int signal)
{
    struct python *python = CONTAINER_OF(process, struct python, process);

    python->has_boto3 = exit_status == 0 && signal == 0;
}

static void python_closed(struct process *process)
{
    struct python *python = CONTAINER_OF(process, struct python, process);
    struct interpreters *interpreters = python->interpreters;
    const char *candidate = python->candidates[python->candidate];

    interpreters->running--;
    if (interpreters->stopping) {
        if (interpreters->running == 0)
            interpreters->idle(interpreters->context);
        return;
    }
    if (python->has_boto3)
        python_choose(python, python->executable != NULL ? python->executable : candidate);
    else if (++python->candidate < python->candidate_count)
        python_ask(python);
    else
        python_choose(python, python->candidates[0]);
}

static void python_ask(struct python *python)
{
    const char *arguments[] = {python->candidates[python->candidate], "-c", python_question, NULL};
    struct process_options options = {
        .loop = python->interpreters->loop,
        .arguments = arguments,
        .environment = environment_of_machine(python->arena),
        .folder = python->folder,
    };

    python->process = (struct process){
        .line = python_line,
        .exited = python_exited,
        .closed = python_closed,
    };
    python->executable = NULL;
    python->has_boto3 = false;
    python->interpreters->running++;
    if (process_start(&python->process, &options) != OK)
        python->has_boto3 = false; /* closed() goes on with the next one */
}

static struct python *python_new(struct interpreters *interpreters, struct bytes folder)
{
    struct python *python = mem_new(sizeof *python);

    python->interpreters = interpreters;
    python->arena = arena_new();
    python->folder = arena_copy_text(python->arena, folder);
    list_init(&python->waiting);
    python->candidate_count =
        find_on_path(python->arena, "python3", python->candidates, ARRAY_COUNT(python->candidates));
    map_put(&interpreters->pythons, folder, python);
    if (python->candidate_count == 1)
        python->chosen = python->candidates[0];
    else if (python->candidate_count > 1)
        python_ask(python);
    return python;
}

/* The ones that need no asking; NULL when there is none. */
static const char *python_named(struct arena *arena, struct bytes folder)
{
    struct bytes environment = bytes_of_text(getenv("VIRTUAL_ENV"));
    const char *program = getenv("DYNLOG_PYTHON");

    if (program != NULL && program[0] != '\0')
        return program;
    program = environment.size > 0 ? path_if_executable(arena, environment, "bin/python3") : NULL;
    if (program == NULL)
        program = path_if_executable(arena, folder, "venv/bin/python3");
    if (program == NULL)
        program = path_if_executable(arena, folder, ".venv/bin/python3");
    return program;
}

static void choose_python(struct interpreters *interpreters, struct bytes folder,
                          struct arena *arena, struct interpreter_request *request)
{
    const char *program = python_named(arena, folder);

    if (program != NULL) {
        request->chosen(request, program, "");
        return;
    }
    struct python *python = map_get(&interpreters->pythons, folder);

    if (python == NULL)
        python = python_new(interpreters, folder);
    if (python->chosen != NULL)
        request->chosen(request, python->chosen, "");
    else if (python->candidate_count > 0)
        list_append(&python->waiting, &request->in_waiting);
    else
        request->chosen(request, NULL,
                        "there is no python3 on PATH: install Python 3, or set DYNLOG_PYTHON to "
                        "the path of its program");
}

/* ---- choosing ---- */

static void choose_node(struct arena *arena, struct interpreter_request *request)
{
    const char *program = getenv("DYNLOG_NODE");

    if ((program == NULL || program[0] == '\0') && find_on_path(arena, "node", &program, 1) == 0)
        program = NULL;
    request->chosen(request, program,
                    "there is no node on PATH: install Node.js, or set DYNLOG_NODE to the path of "
                    "its program");
}

static void choose_provided(struct bytes folder, struct arena *arena,
                            struct interpreter_request *request)
{
    struct bytes message = arena_printf(arena, "Couldn't find valid bootstrap(s): [%.*s/bootstrap]",
                                        BYTES_ARG(folder));

    request->chosen(request, path_if_executable(arena, folder, "bootstrap"),
                    arena_copy_text(arena, message));
}

void interpreters_choose(struct interpreters *interpreters, struct bytes runtime,
                         struct bytes folder, struct interpreter_request *request)
{
    AUTO(arena_release) struct arena *arena = arena_new();

    list_init(&request->in_waiting);
    switch (runtime_kind_of(runtime)) {
    case RUNTIME_NODE:
        choose_node(arena, request);
        return;
    case RUNTIME_PYTHON:
        choose_python(interpreters, folder, arena, request);
        return;
    case RUNTIME_PROVIDED:
        choose_provided(folder, arena, request);
        return;
    case RUNTIME_UNKNOWN:
        break;
    }
    assert(false && "functions_put() lets no other runtime in");
}

void interpreters_cancel(struct interpreter_request *request)
{
    if (request->in_waiting.next != NULL)
        list_remove(&request->in_waiting);
}

/* ---- life ---- */

struct interpreters *interpreters_new(uv_loop_t *loop, void (*idle)(void *context), void *context)
{
    struct interpreters *interpreters = mem_new(sizeof *interpreters);

    interpreters->loop = loop;
    interpreters->idle = idle;
    interpreters->context = context;
    return interpreters;
}

void interpreters_stop(struct interpreters *interpreters)
{
    struct bytes folder;
    void *value;

    interpreters->stopping = true;
    for (size_t i = 0; map_next(&interpreters->pythons, &i, &folder, &value);)
        process_kill(&((struct python *)value)->process);
}

bool interpreters_busy(const struct interpreters *interpreters)
{
    return interpreters->running > 0;
}

void interpreters_free(struct interpreters *interpreters)
{
    struct bytes folder;
    void *value;

    assert(interpreters->running == 0);
    for (size_t i = 0; map_next(&interpreters->pythons, &i, &folder, &value);) {
        struct python *python = value;

        arena_free(python->arena);
        mem_free(python);
    }
    map_free(&interpreters->pythons);
    mem_free(interpreters);
}
