/* server/stack_code.c - the code of the stack's functions, where workers can run it: in its folder
 * as it lies there, or in one that is made of it at each start, beside the bootstraps:
 *
 *   RUNTIMES/code/G/N/    what was in the archive, or the program that stands in the template
 *
 * A start is a deployment: what is there from the start before goes first. A stack file that
 * changed is one too: G counts them. Functions with one archive have one folder. */
#include "server/internal.h"

#include "base/file.h"
#include "functions/folder.h"
#include "functions/unzip.h"

#include <stdio.h>
#include <stdlib.h>

#define ARCHIVE_SIZE_MAX ((size_t)250 * 1024 * 1024) /* what Lambda takes unzipped */

static bool fail(const struct stack_function *function, const char *what, const char *why)
{
    output_error("%s:%zu:%zu: the code of %.*s can't be used: %s: %s", function->where.file,
                 function->where.line, function->where.column, BYTES_ARG(function->key), what, why);
    return false;
}

static const char *fault_text(enum unzip_fault fault, enum status status)
{
    switch (fault) {
    case UNZIP_NO_FAULT:
        return "nothing is wrong";
    case UNZIP_NO_ZIP:
        return "it is no zip file, or damaged";
    case UNZIP_EMPTY:
        return "no file is in it";
    case UNZIP_TOO_LARGE:
        return "more than 250 MB are in it";
    case UNZIP_TOO_MANY:
        return "too many files are in it";
    case UNZIP_BAD_NAME:
        return "a name in it leads outside, or is too long or too deep";
    case UNZIP_BAD_LINK:
        return "a link in it leads outside";
    case UNZIP_BAD_KIND:
        return "something is in it that is no file, folder or link";
    case UNZIP_DISK:
        return status_text(status);
    }
    assert(false && "a fault of no kind");
    return "";
}

static bool unpack(struct server *server, size_t index, const char *folder)
{
    const struct stack_function *function = &server->stack->functions[index];
    struct function_place *place = &server->function_places[index];
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes zip = {NULL, 0};
    enum status status = file_read(arena, function->code.archive, ARCHIVE_SIZE_MAX, &zip);
    enum unzip_fault fault = UNZIP_NO_FAULT;
    char hash[FUNCTION_CODE_HASH_SIZE + 1];

    if (status != OK)
        return fail(function, function->code.archive, status_text(status));
    folder_hash(zip, hash);
    place->archive = arena_copy(server->stack_arena, bytes_of_text(hash));
    place->archive_size = zip.size;
    fault = unzip(zip, folder, &status);
    return fault == UNZIP_NO_FAULT ||
           fail(function, function->code.archive, fault_text(fault, status));
}

/* index.js or index.py, as CloudFormation calls them. */
static bool write_program(struct server *server, const struct stack_function *function,
                          const char *folder)
{
    bool python = bytes_start_with(function->runtime, BYTES("python"));
    const char *path =
        arena_copy_text(server->stack_arena, arena_printf(server->stack_arena, "%s/index.%s",
                                                          folder, python ? "py" : "js"));
    enum status status = file_write_unsynced(path, function->code.text, 0644);

    return status == OK || fail(function, path, status_text(status));
}

/* The place of an earlier function with the same archive; NULL: there is none. */
static const struct function_place *same_archive(const struct server *server, size_t index)
{
    const struct stack_function *functions = server->stack->functions;

    for (size_t i = 0; i < index && functions[index].code.archive != NULL; i++)
        if (functions[i].code.archive != NULL &&
            strcmp(functions[i].code.archive, functions[index].code.archive) == 0)
            return &server->function_places[i];
    return NULL;
}

static bool make_folder(struct server *server, size_t index)
{
    const struct stack_function *function = &server->stack->functions[index];
    const struct function_place *same = same_archive(server, index);
    struct bytes path = {NULL, 0};
    const char *folder = NULL;
    enum status status = OK;

    if (same != NULL) {
        server->function_places[index] = *same;
        return true;
    }
    path = arena_printf(server->stack_arena, "%s/code/%llu/%zu", server->runtimes,
                        (unsigned long long)server->code_generation, index);
    folder = arena_copy_text(server->stack_arena, path);
    status = file_make_folder(folder);
    if (status != OK)
        return fail(function, folder, status_text(status));
    server->function_places[index].folder = path;
    return function->code.archive != NULL ? unpack(server, index, folder)
                                          : write_program(server, function, folder);
}

static bool use_folder(struct server *server, size_t index)
{
    const struct stack_function *function = &server->stack->functions[index];
    char *absolute = realpath(function->code.folder, NULL);

    if (absolute == NULL)
        return fail(function, function->code.folder, "there is no such folder");
    server->function_places[index].folder =
        bytes_of_text(arena_copy_text(server->stack_arena, bytes_of_text(absolute)));
    free(absolute);
    return true;
}

/* At a start all that is there; later what was in use before the last stack: workers of that one
 * may still run. */
static bool remove_old(struct server *server)
{
    char folder[sizeof server->runtimes + 32];

    if (server->code_generation == 1)
        snprintf(folder, sizeof folder, "%s/code", server->runtimes);
    else
        snprintf(folder, sizeof folder, "%s/code/%llu", server->runtimes,
                 (unsigned long long)(server->code_generation - 2));
    if (file_remove_folder(folder) == OK)
        return true;
    output_error("can't remove %s", folder);
    return false;
}

bool stack_code_open(struct server *server)
{
    const struct stack *stack = server->stack;
    bool well = true;

    server->code_generation++;
    if (stack->function_count > 0 && !remove_old(server))
        return false;
    server->function_places =
        ARENA_NEW_ARRAY(server->stack_arena, stack->function_count, struct function_place);
    for (size_t i = 0; well && i < stack->function_count; i++) {
        const struct stack_code *from = &stack->functions[i].code;

        if (from->archive != NULL || from->text.size > 0)
            well = make_folder(server, i);
        else if (from->folder != NULL)
            well = use_folder(server, i);
        else
            server->function_places[i].folder = server->code_folder;
    }
    return well;
}
