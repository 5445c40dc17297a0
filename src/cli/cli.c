/* cli/cli.c - the table of commands, and the process. See cli.h. */
#include "cli/internal.h"

#include "base/terminal.h"
#include "cli/output.h"

#include <locale.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_DEFAULT 80
#define WIDTH_MIN 40

/* clang-format off */
static const struct command *const commands[] = { /* one a line: branches meet here */
    &command_append,
    &command_read,
    &command_tail,
    &command_subscriptions,
    &command_parked,
    &command_unpark,
    &command_streams,
    &command_private,
    &command_forget,
    &command_archive,
    &command_replay,
    &command_rebuild,
    &command_tables,
    &command_query,
    &command_scan,
    &command_get,
    &command_put,
    &command_update,
    &command_delete,
    &command_start,
    &command_stop,
    &command_status,
    &command_drain,
    &command_clock,
    &command_doctor,
    &command_check,
    &command_backup,
    &command_restore,
    &command_clean,
    &command_invoke,
    &command_logs,
    &command_journey,
    &command_menu,
    &command_fake,
    &command_completion,
    &command_help,
    &command_version,
};
/* clang-format on */

const struct command *const *cli_commands(size_t *ret_count)
{
    *ret_count = ARRAY_COUNT(commands);
    return commands;
}

/* ---- running ---- */

const struct command *cli_command_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(commands); i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

int cli_command_unknown(const struct cli *cli, const char *name)
{
    const char *names[ARRAY_COUNT(commands)];
    const char *nearest = NULL;

    for (size_t i = 0; i < ARRAY_COUNT(commands); i++)
        names[i] = commands[i]->name;
    nearest = cli_options_nearest(name, names, ARRAY_COUNT(names), sizeof *names);
    if (nearest != NULL)
        return cli_fail_usage(cli, "There is no command \"%s\". Did you mean %s?", name, nearest);
    return cli_fail_usage(cli, "There is no command \"%s\".", name);
}

static int run_command(struct cli *cli, const struct command *command, int argc, char **argv)
{
    char message[OPTIONS_MESSAGE_SIZE] = "";
    void *options = arena_alloc(cli->arena, command->options_size);

    cli->command = command;
    switch (cli_options_read(&command->options, argc, argv, options, message)) {
    case OPTIONS_HELP:
        cli_help_print(cli, command);
        return CLI_DONE;
    case OPTIONS_WRONG:
        return cli_fail_usage(cli, "%s", message);
    case OPTIONS_READ:
        break;
    }
    return command->run(cli, options);
}

int cli_run(struct cli *cli, int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : NULL;
    const struct command *command = NULL;

    if (name == NULL) {
        cli_help_overview(cli);
        return CLI_USAGE;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = command_help.name;
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0)
        name = command_version.name;
    if (name[0] == '-')
        return cli_fail_usage(cli, "The command comes first: dynlog COMMAND %s ...", name);
    command = cli_command_find(name);
    if (command == NULL)
        return cli_command_unknown(cli, name);
    return run_command(cli, command, argc - 2, argv + 2);
}

/* ---- the process ---- */

static size_t terminal_width(void)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    uint64_t width = WIDTH_DEFAULT;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        width = size.ws_col;
    else if (columns != NULL && !bytes_to_uint64(bytes_of_text(columns), &width))
        width = WIDTH_DEFAULT;
    return size_max((size_t)width, WIDTH_MIN);
}

int cli_main(int argc, char **argv)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct cli cli = {
        .arena = arena,
        .in = stdin,
        .out = stdout,
        .err = stderr,
        .in_is_terminal = isatty(STDIN_FILENO),
        .out_is_terminal = isatty(STDOUT_FILENO),
        .err_is_terminal = isatty(STDERR_FILENO),
        .no_colour = terminal_has_no_colour(),
        .width = terminal_width(),
    };

    setlocale(LC_CTYPE, "C.UTF-8"); /* events are UTF-8 whatever the user's locale is */

    int exit_status = cli_run(&cli, argc, argv);

    if (fflush(stdout) != 0 && exit_status == CLI_DONE)
        exit_status = CLI_FAILED;
    return exit_status;
}
