/* cli/doctor_programs.c - the stack file, and the programs that it needs. */
#include "cli/doctor.h"
#include "cli/program.h"
#include "functions/interpreter.h"

#include <stdlib.h>

/* ---- the stack file ---- */

static void look_at_functions(struct doctor *doctor)
{
    for (size_t i = 0; i < doctor->stack->function_count; i++) {
        enum runtime_kind kind = runtime_kind_of(doctor->stack->functions[i].runtime);

        doctor->needs_node |= kind == RUNTIME_NODE;
        doctor->needs_python |= kind == RUNTIME_PYTHON;
    }
}

void doctor_stack(struct doctor *doctor)
{
    struct stack_options options = {
        .path = doctor->config != NULL ? doctor->config : stack_find(),
        .stage = doctor->stage,
        .account = "000000000000",
    };
    struct stack_error error = {0};
    enum status status = OK;

    if (options.path == NULL) {
        doctor_tell(doctor, FINDING_OK, "stack file", NULL,
                    "none here: start makes two tables and a bus");
        return;
    }
    status = stack_load(doctor->cli->arena, &options, &doctor->stack, &error);
    if (status == REFUSED) {
        doctor_tell(doctor, FINDING_PROBLEM, "stack file",
                    "Mend it, or name another with -c FILE. What is understood: "
                    "docs/stack-file.md.",
                    "%s:%zu:%zu: %.*s", error.where.file, error.where.line, error.where.column,
                    BYTES_ARG(error.message));
    } else if (status != OK) {
        doctor_tell(doctor, FINDING_PROBLEM, "stack file", "Name another with -c FILE.",
                    "%s can't be read: %s", options.path, status_text(status));
    } else {
        look_at_functions(doctor);
        doctor_tell(doctor, FINDING_OK, "stack file", NULL, "%s: %.*s, stage %.*s, %zu %s",
                    options.path, BYTES_ARG(doctor->stack->service),
                    BYTES_ARG(doctor->stack->stage), doctor->stack->function_count,
                    doctor->stack->function_count == 1 ? "function" : "functions");
        if (doctor->stack->note_count > 0)
            doctor_tell(doctor, FINDING_WARNING, "stack file",
                        "`dynlog start` names them when it starts.",
                        "%zu things in it will not act", doctor->stack->note_count);
    }
}

/* ---- programs ---- */

/* The first line, without "aws-cli/" and the like before the first digit. */
static struct bytes version_of(struct bytes output)
{
    struct bytes line = bytes_slice(output, 0, bytes_find_byte(output, '\n', 0));
    size_t at = 0;

    while (at < line.size && (line.ptr[at] < '0' || line.ptr[at] > '9'))
        at++;
    line = bytes_slice(line, at, line.size);
    return bytes_slice(line, 0, bytes_find_byte(line, ' ', 0));
}

/* Parts of "18.19.0" as numbers; what is not there is 0. */
static bool is_older(struct bytes version, unsigned major, unsigned minor)
{
    uint64_t parts[2] = {0, 0};

    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        struct bytes part = bytes_slice(version, 0, bytes_find_byte(version, '.', 0));

        if (!bytes_to_uint64(part, &parts[i]))
            break;
        version = bytes_slice(version, part.size + 1, version.size);
    }
    return parts[0] < major || (parts[0] == major && parts[1] < minor);
}

struct wanted_program {
    const char *what, *name, *for_what, *advice;
    unsigned major, minor; /* the oldest that will do; 0: any */
};

/* Only one that something needs is a problem when it is not there. */
static void look_at_program(struct doctor *doctor, const struct wanted_program *wanted,
                            const char *place, bool needed)
{
    const char *arguments[] = {place, "--version", NULL};
    struct bytes output = {NULL, 0};
    enum finding finding = needed ? FINDING_PROBLEM : FINDING_WARNING;
    enum status status = OK;

    if (place == NULL) {
        doctor_tell(doctor, finding, wanted->what, wanted->advice, "not found; %s",
                    wanted->for_what);
        return;
    }
    status = cli_program_ask(doctor->cli->arena, arguments, &output);
    if (status != OK || version_of(output).size == 0)
        doctor_tell(doctor, finding, wanted->what, wanted->advice, "%s does not tell its version%s",
                    place, status == TIMED_OUT ? ": it takes too long" : "");
    else if (is_older(version_of(output), wanted->major, wanted->minor))
        doctor_tell(doctor, finding, wanted->what, wanted->advice,
                    "%.*s at %s is too old for functions", BYTES_ARG(version_of(output)), place);
    else
        doctor_tell(doctor, FINDING_OK, wanted->what, NULL, "%.*s at %s",
                    BYTES_ARG(version_of(output)), place);
}

static const char *environment(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

static void look_at_node(struct doctor *doctor)
{
    static const struct wanted_program node = {
        "node",
        "node",
        "functions in Node.js need it",
        "Install Node.js 18 or newer, or set DYNLOG_NODE to its path.",
        18,
        0};
    const char *named = environment("DYNLOG_NODE");

    look_at_program(doctor, &node,
                    named != NULL ? named : cli_program_find(doctor->cli->arena, "node", 0),
                    doctor->needs_node);
}

/* The order of functions/interpreter.h. */
static const char *find_python(struct doctor *doctor, bool *ret_boto3)
{
    struct arena *arena = doctor->cli->arena;
    const char *folder =
        doctor->stack != NULL && doctor->stack->folder != NULL ? doctor->stack->folder : ".";
    const char *environments[] = {
        environment("VIRTUAL_ENV"),
        arena_copy_text(arena, arena_printf(arena, "%s/venv", folder)),
        arena_copy_text(arena, arena_printf(arena, "%s/.venv", folder)),
    };
    const char *first = environment("DYNLOG_PYTHON");
    struct bytes output;

    for (size_t i = 0; first == NULL && i < ARRAY_COUNT(environments); i++)
        if (environments[i] != NULL)
            first = cli_program_find(
                arena,
                arena_copy_text(arena, arena_printf(arena, "%s/bin/python3", environments[i])), 0);
    for (size_t turn = 0; turn < INTERPRETER_CANDIDATES_MAX; turn++) {
        const char *place = first != NULL ? first : cli_program_find(arena, "python3", turn);
        const char *arguments[] = {
            place, "-c",
            "import importlib.util, sys; sys.exit(importlib.util.find_spec('boto3') is None)",
            NULL};

        if (place == NULL)
            break;
        *ret_boto3 = cli_program_ask(arena, arguments, &output) == OK;
        if (*ret_boto3 || first != NULL)
            return place;
    }
    return cli_program_find(arena, "python3", 0);
}

static void look_at_python(struct doctor *doctor)
{
    static const struct wanted_program python = {
        "python3",
        "python3",
        "functions in Python need it",
        "Install Python 3.8 or newer, or set DYNLOG_PYTHON to its path.",
        3,
        8};
    bool has_boto3 = false;
    const char *place = find_python(doctor, &has_boto3);

    look_at_program(doctor, &python, place, doctor->needs_python);
    if (place != NULL && !has_boto3)
        doctor_tell(doctor, FINDING_WARNING, "boto3",
                    "Install it: pip install boto3, or Debian's python3-boto3.",
                    "%s has none; functions in Python ask AWS with it", place);
}

void doctor_programs(struct doctor *doctor)
{
    static const struct wanted_program others[] = {
        {"aws", "aws", "the AWS CLI asks dynlog and AWS", "Install it: Debian's awscli.", 0, 0},
        {"sqlite3", "sqlite3", "with it a person looks into the archive",
         "Install it: Debian's sqlite3.", 0, 0},
    };

    doctor_tell(doctor, FINDING_OK, "dynlog", NULL, "%s", DYNLOG_VERSION);
    look_at_node(doctor);
    look_at_python(doctor);
    for (size_t i = 0; i < ARRAY_COUNT(others); i++)
        look_at_program(doctor, &others[i], cli_program_find(doctor->cli->arena, others[i].name, 0),
                        false);
}
