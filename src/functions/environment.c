/* functions/environment.c - see environment.h. (AWS: Lambda developer guide, "Defined runtime
 * environment variables".) */
#include "functions/environment.h"

#include <stdlib.h>

/* What a worker inherits. PATH and HOME because nothing runs without them; the rest is how people
 * tell Node and Python where their packages are. */
static const char *const inherited[] = {"PATH", "HOME", "TMPDIR", "NODE_PATH", "VIRTUAL_ENV"};

struct variables {
    struct arena *arena;
    char **texts;
    size_t count, capacity;
};

static void set(struct variables *variables, struct bytes name, struct bytes value)
{
    char *text = arena_copy_text(variables->arena, arena_printf(variables->arena, "%.*s=%.*s",
                                                                BYTES_ARG(name), BYTES_ARG(value)));

    for (size_t i = 0; i < variables->count; i++)
        if (strncmp(variables->texts[i], text, name.size + 1) == 0) {
            variables->texts[i] = text;
            return;
        }
    /* one more than wanted: the NULL at the end */
    variables->texts = arena_grow(variables->arena, variables->texts, variables->count,
                                  variables->count + 2, &variables->capacity, sizeof(char *));
    variables->texts[variables->count++] = text;
    variables->texts[variables->count] = NULL;
}

static void set_text(struct variables *variables, const char *name, const char *value)
{
    set(variables, bytes_of_text(name), bytes_of_text(value));
}

static void set_all(struct variables *variables, const struct function_variable *all, size_t count)
{
    for (size_t i = 0; i < count; i++)
        set(variables, all[i].name, all[i].value);
}

static void set_inherited(struct variables *variables)
{
    for (size_t i = 0; i < ARRAY_COUNT(inherited); i++) {
        const char *value = getenv(inherited[i]);

        if (value != NULL)
            set_text(variables, inherited[i], value);
    }
}

/* What a function may set otherwise: SDKs need some key to sign with, and nothing looks at it. */
static void set_defaults(struct variables *variables)
{
    set_text(variables, "AWS_ACCESS_KEY_ID", "dynlog");
    set_text(variables, "AWS_SECRET_ACCESS_KEY", "dynlog");
    set_text(variables, "LANG", "en_US.UTF-8");
    set_text(variables, "TZ", ":UTC");
    set_text(variables, "IS_OFFLINE", "true");
}

static void set_lambdas(struct variables *variables, const struct environment_options *options)
{
    const struct function_settings *settings = options->settings;
    struct arena *arena = variables->arena;

    set(variables, BYTES("_HANDLER"), settings->handler);
    set_text(variables, "AWS_REGION", options->region);
    set_text(variables, "AWS_DEFAULT_REGION", options->region);
    set(variables, BYTES("AWS_LAMBDA_FUNCTION_NAME"), settings->name);
    set(variables, BYTES("AWS_LAMBDA_FUNCTION_VERSION"),
        settings->version.size > 0 ? settings->version : BYTES("$LATEST"));
    set(variables, BYTES("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"),
        arena_printf(arena, "%u", settings->memory_mb));
    set(variables, BYTES("AWS_LAMBDA_LOG_GROUP_NAME"), options->log_group);
    set(variables, BYTES("AWS_LAMBDA_LOG_STREAM_NAME"), options->log_stream);
    set_text(variables, "AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand");
    set_text(variables, "AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR");
    set(variables, BYTES("AWS_LAMBDA_RUNTIME_API"),
        arena_printf(arena, "127.0.0.1:%u", options->runtime_api_port));
    if (!bytes_start_with(settings->runtime, BYTES("provided")))
        set(variables, BYTES("AWS_EXECUTION_ENV"),
            arena_printf(arena, "AWS_Lambda_%.*s", BYTES_ARG(settings->runtime)));
    set(variables, BYTES("LAMBDA_TASK_ROOT"), settings->folder);
    set_text(variables, "LAMBDA_RUNTIME_DIR", options->runtime_folder);
}

char **environment_make(struct arena *arena, const struct environment_options *options)
{
    struct variables variables = {.arena = arena};

    set_inherited(&variables);
    if (options->temporary_folder != NULL)
        set_text(&variables, "TMPDIR", options->temporary_folder);
    set_defaults(&variables);
    set_all(&variables, options->common, options->common_count);
    set_all(&variables, options->settings->environment, options->settings->environment_count);
    set_lambdas(&variables, options);
    return variables.texts;
}

char **environment_of_machine(struct arena *arena)
{
    struct variables variables = {.arena = arena};

    set_inherited(&variables);
    set_text(&variables, "LANG", "C.UTF-8");
    return variables.texts;
}
