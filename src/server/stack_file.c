/* server/stack_file.c - the stack file, read: when dynlog starts, and each time that it has changed
 * (watch.c). */
#include "server/internal.h"

#include <stdlib.h>

/* Absolute, because workers are started in it. */
static bool find_code_folder(struct server *server)
{
    char *absolute = realpath(server->stack->folder != NULL ? server->stack->folder : ".", NULL);

    if (absolute == NULL) {
        output_error("the folder of the stack file is gone: %s", server->stack->folder);
        return false;
    }
    server->code_folder =
        bytes_of(arena_copy_text(server->arena, bytes_of_text(absolute)), strlen(absolute));
    free(absolute);
    return true;
}

/* NAME=VALUE */
static struct stack_parameter *read_parameters(struct server *server, struct arena *arena)
{
    struct stack_parameter *parameters =
        ARENA_NEW_ARRAY(arena, server->options.parameter_count, struct stack_parameter);

    for (size_t i = 0; i < server->options.parameter_count; i++) {
        struct bytes text = bytes_of_text(server->options.parameters[i]);
        size_t equals = bytes_find_byte(text, '=', 0);

        parameters[i].name = bytes_slice(text, 0, equals);
        parameters[i].value = bytes_slice(text, equals + 1, text.size);
    }
    return parameters;
}

static void tell_failure(const struct stack_options *options, enum status status,
                         const struct stack_error *error)
{
    if (status == REFUSED)
        output_error("%s:%zu:%zu: %.*s", error->where.file, error->where.line, error->where.column,
                     BYTES_ARG(error->message));
    else
        output_error("the stack file %s can't be read: %s", options->path, status_text(status));
}

/* What was told of the stack in use is not told again; lines may have moved. */
static bool is_told(const struct server *server, const struct stack_note *note)
{
    for (size_t i = 0; server->stack != NULL && i < server->stack->note_count; i++)
        if (bytes_equal(server->stack->notes[i].text, note->text) &&
            strcmp(server->stack->notes[i].where.file, note->where.file) == 0)
            return true;
    return false;
}

bool stack_file_load(struct server *server, struct arena *arena, const struct stack **ret)
{
    struct stack_options options = {
        .path = server->stack_path,
        .stage = server->options.stage,
        .region = server->options.region,
        .account = server->place.account,
        .parameters = read_parameters(server, arena),
        .parameter_count = server->options.parameter_count,
    };
    const struct stack *stack = NULL; /* *ret may be the stack in use, which is looked at below */
    struct stack_error error = {0};
    enum status status = OK;

    if (options.path == NULL)
        stack = stack_default(arena, &options);
    else
        status = stack_load(arena, &options, &stack, &error);
    if (status != OK) {
        tell_failure(&options, status, &error);
        return false;
    }
    for (size_t i = 0; i < stack->note_count; i++)
        if (!is_told(server, &stack->notes[i]))
            output_note(server, &stack->notes[i]);
    *ret = stack;
    return true;
}

/* --config, else one of the usual names in the folder, else none. */
bool stack_file_open(struct server *server)
{
    server->stack_path = server->options.stack_path;
    if (server->stack_path == NULL)
        server->stack_path = stack_find();
    server->own_stack = server->stack_path == NULL;
    server->stack_arena = arena_new();

    const struct stack *stack = NULL;

    if (!stack_file_load(server, server->stack_arena, &stack))
        return false;
    server->stack = stack;
    server->place.region = arena_copy_text(server->arena, server->stack->region);
    return find_code_folder(server);
}
