/* cli/cli.c - the table of commands, and help. See cli.h. */
#include "cli/internal.h"

#include "cli/output.h"

#include <locale.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_DEFAULT 80
#define WIDTH_MIN 40
#define HELP_WIDTH_MAX 100 /* longer lines are hard to read */

static const struct command *const commands[] = {
    &command_start,  &command_stop,    &command_append,  &command_read,   &command_tail,
    &command_invoke, &command_logs,    &command_journey, &command_status, &command_drain,
    &command_clock,  &command_private, &command_forget,  &command_clean,
};

static size_t help_width(const struct cli *cli)
{
    return size_min(cli->width, HELP_WIDTH_MAX);
}

/* ---- help ---- */

/* "  NAME   what it is", wrapped. */
static void print_entry(const struct cli *cli, const char *name, const char *text, size_t column)
{
    fprintf(cli->out, "  %s%s%s", cli_paint(cli, cli->out, CLI_BOLD), name,
            cli_paint(cli, cli->out, CLI_PLAIN));
    if (strlen(name) + 4 > column)
        fprintf(cli->out, "\n%*s", (int)column, "");
    else
        fprintf(cli->out, "%*s", (int)(column - strlen(name) - 2), "");
    cli_text_wrap(cli->out, text, column, column, help_width(cli));
}

static void print_heading(const struct cli *cli, const char *text)
{
    fprintf(cli->out, "\n%s%s%s\n", cli_paint(cli, cli->out, CLI_CYAN), text,
            cli_paint(cli, cli->out, CLI_PLAIN));
}

static void print_overview(const struct cli *cli)
{
    fprintf(cli->out,
            "%sdynlog %s%s - append-only event logs on DynamoDB, and everything around "
            "them\n\nUsage: dynlog COMMAND [arguments] [options]\n",
            cli_paint(cli, cli->out, CLI_BOLD), DYNLOG_VERSION,
            cli_paint(cli, cli->out, CLI_PLAIN));
    print_heading(cli, "Commands");
    for (size_t i = 0; i < ARRAY_COUNT(commands); i++)
        print_entry(cli, commands[i]->name, commands[i]->summary, 12);
    print_entry(cli, "version", "print the version", 12);
    print_entry(cli, "help", "print this, or the help of a command", 12);
    print_heading(cli, "First steps");
    fprintf(cli->out, "  dynlog start\n"
                      "  dynlog append users 12 signup '{\"name\":\"test\"}'\n"
                      "  dynlog read users 12\n"
                      "\nEvery command has --help.\n");
}

static void print_usage(const struct cli *cli, const struct command *command)
{
    const struct option_table *table = &command->options;

    fprintf(cli->out, "\nUsage: dynlog %s", command->name);
    for (size_t i = 0; i < table->argument_count; i++)
        fprintf(cli->out, table->arguments[i].optional ? " [%s]" : " %s", table->arguments[i].name);
    fprintf(cli->out, " [options]\n");
}

static void print_options(const struct cli *cli, const struct option_table *table)
{
    char name[64];

    print_heading(cli, "Options");
    for (size_t i = 0; i < table->option_count; i++) {
        const struct option_row *row = &table->options[i];
        char letter[] = {'-', row->letter, ',', ' ', '\0'};

        if (row->kind == OPTION_REFUSED)
            continue;
        snprintf(name, sizeof name, "%s--%s%s%s", row->letter != '\0' ? letter : "", row->name,
                 row->value_name != NULL ? " " : "",
                 row->value_name != NULL ? row->value_name : "");
        print_entry(cli, name, row->help, 24);
    }
    print_entry(cli, "-h, --help", "print this", 24);
}

/* Each line of the example, indented. */
static void print_example(const struct cli *cli, const char *example)
{
    print_heading(cli, "Example");
    while (*example != '\0') {
        size_t size = strcspn(example, "\n");

        fprintf(cli->out, "  %.*s\n", (int)size, example);
        example += size + (example[size] == '\n');
    }
}

static void print_help(const struct cli *cli, const struct command *command)
{
    const struct option_table *table = &command->options;

    fprintf(cli->out, "%sdynlog %s%s - %s\n", cli_paint(cli, cli->out, CLI_BOLD), command->name,
            cli_paint(cli, cli->out, CLI_PLAIN), command->summary);
    print_usage(cli, command);
    if (command->description != NULL) {
        fputc('\n', cli->out);
        cli_text_wrap(cli->out, command->description, 0, 0, help_width(cli));
    }
    if (table->argument_count > 0)
        print_heading(cli, "Arguments");
    for (size_t i = 0; i < table->argument_count; i++)
        print_entry(cli, table->arguments[i].name, table->arguments[i].help, 12);
    print_options(cli, table);
    print_example(cli, command->example);
}

/* ---- running ---- */

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(commands); i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static int fail_unknown(const struct cli *cli, const char *name)
{
    const char *names[ARRAY_COUNT(commands) + 2] = {"version", "help"};
    const char *nearest = NULL;

    for (size_t i = 0; i < ARRAY_COUNT(commands); i++)
        names[i + 2] = commands[i]->name;
    nearest = cli_options_nearest(name, names, ARRAY_COUNT(names), sizeof *names);
    if (nearest != NULL)
        return cli_fail_usage(cli, "There is no command \"%s\". Did you mean %s?", name, nearest);
    return cli_fail_usage(cli, "There is no command \"%s\".", name);
}

static int run_help(const struct cli *cli, int argc, char **argv)
{
    const struct command *command = argc > 0 ? find_command(argv[0]) : NULL;

    if (argc > 1)
        return cli_fail_usage(cli, "help takes one command, not %d words.", argc);
    if (argc > 0 && argv[0][0] != '-' && command == NULL && strcmp(argv[0], "help") != 0 &&
        strcmp(argv[0], "version") != 0)
        return fail_unknown(cli, argv[0]);
    if (command != NULL)
        print_help(cli, command);
    else
        print_overview(cli);
    return CLI_DONE;
}

static int run_version(const struct cli *cli, int argc, char **argv)
{
    if (argc > 0 && (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0))
        fprintf(cli->out, "Usage: dynlog version\n\nPrints the version.\n\nExample\n"
                          "  dynlog version\n");
    else if (argc > 0)
        return cli_fail_usage(cli, "version takes no arguments.");
    else
        fprintf(cli->out, "dynlog %s\n", DYNLOG_VERSION);
    return CLI_DONE;
}

static int run_command(struct cli *cli, const struct command *command, int argc, char **argv)
{
    char message[OPTIONS_MESSAGE_SIZE] = "";
    void *options = arena_alloc(cli->arena, command->options_size);

    cli->command = command;
    switch (cli_options_read(&command->options, argc, argv, options, message)) {
    case OPTIONS_HELP:
        print_help(cli, command);
        return CLI_DONE;
    case OPTIONS_WRONG:
        return cli_fail_usage(cli, "%s", message);
    case OPTIONS_READ:
        break;
    }
    return command->run(cli, options);
}

static bool is_one_of(const char *word, const char *a, const char *b, const char *c)
{
    return strcmp(word, a) == 0 || strcmp(word, b) == 0 || strcmp(word, c) == 0;
}

int cli_run(struct cli *cli, int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : NULL;
    const struct command *command = NULL;

    if (name == NULL) {
        print_overview(cli);
        return CLI_USAGE;
    }
    if (is_one_of(name, "help", "--help", "-h"))
        return run_help(cli, argc - 2, argv + 2);
    if (is_one_of(name, "version", "--version", "-V"))
        return run_version(cli, argc - 2, argv + 2);
    if (name[0] == '-')
        return cli_fail_usage(cli, "The command comes first: dynlog COMMAND %s ...", name);
    command = find_command(name);
    if (command == NULL)
        return fail_unknown(cli, name);
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

static bool has_no_colour(void)
{
    const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");

    return (no_colour != NULL && no_colour[0] != '\0') ||
           (term != NULL && strcmp(term, "dumb") == 0);
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
        .no_colour = has_no_colour(),
        .width = terminal_width(),
    };

    setlocale(LC_CTYPE, "C.UTF-8"); /* events are UTF-8 whatever the user's locale is */

    int exit_status = cli_run(&cli, argc, argv);

    if (fflush(stdout) != 0 && exit_status == CLI_DONE)
        exit_status = CLI_FAILED;
    return exit_status;
}
