/* cli/help.c - dynlog help, and --help of every command: the table of commands for people.
 *
 * The same table makes the manual pages (man.c) and what shells complete (completion.c). */
#include "cli/man.h"
#include "cli/output.h"

#define HELP_WIDTH_MAX 100 /* longer lines are hard to read */

static size_t help_width(const struct cli *cli)
{
    return size_min(cli->width, HELP_WIDTH_MAX);
}

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

const char *cli_group_title(enum command_group group)
{
    static const char *const titles[] = {
        [COMMAND_EVENTS] = "Events",       [COMMAND_REPLAY] = "The past again",
        [COMMAND_TABLES] = "Tables",       [COMMAND_SERVER] = "The server",
        [COMMAND_FUNCTIONS] = "Functions", [COMMAND_MORE] = "More",
    };

    return titles[group];
}

static void print_group(const struct cli *cli, enum command_group group)
{
    size_t count = 0;
    const struct command *const *commands = cli_commands(&count);
    bool titled = false;

    for (size_t i = 0; i < count; i++) {
        const char *summary =
            commands[i]->group == group ? commands[i]->summary : commands[i]->of_events;

        if (commands[i]->group != group && (summary == NULL || group != COMMAND_EVENTS))
            continue;
        if (!titled)
            print_heading(cli, cli_group_title(group));
        titled = true;
        print_entry(cli, commands[i]->name, summary, 17);
    }
}

void cli_help_overview(const struct cli *cli)
{
    fprintf(cli->out,
            "%sdynlog %s%s - append-only event logs on DynamoDB, and everything around "
            "them\n\nUsage: dynlog COMMAND [arguments] [options]\n",
            cli_paint(cli, cli->out, CLI_BOLD), DYNLOG_VERSION,
            cli_paint(cli, cli->out, CLI_PLAIN));
    for (int group = 0; group <= COMMAND_MORE; group++)
        print_group(cli, (enum command_group)group);
    print_heading(cli, "First steps");
    fprintf(cli->out, "  dynlog start\n"
                      "  dynlog append users 12 signup '{\"name\":\"test\"}'\n"
                      "  dynlog read users 12\n"
                      "\nEvery command has --help. Or choose from a list: dynlog menu\n");
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

/* How much of a command line stands in a line of `width`: up to the last blank between two words,
 * or before an option when there is one; all of it when it fits, or cannot be broken. */
static size_t size_that_fits(const char *line, size_t size, size_t width)
{
    char quote = '\0';
    size_t blank = 0, before_option = 0;

    if (size <= width)
        return size;
    for (size_t i = 0; i + 2 <= width || blank == 0; i++) { /* " \" ends the line */
        if (i == size)
            return size;
        if (quote != '\0' ? line[i] == quote : line[i] == '\'' || line[i] == '"')
            quote = quote == '\0' ? line[i] : '\0';
        else if (quote == '\0' && line[i] == ' ')
            blank = i;
        if (blank == i && line[i + 1] == '-')
            before_option = i;
    }
    return before_option > 0 ? before_option : blank; /* a value stays with its option */
}

void cli_help_example(FILE *out, const char *example, size_t indent, size_t width,
                      void (*put)(FILE *out, char c, bool at_start))
{
    size_t taken = indent;

    while (*example != '\0') {
        size_t line = strcspn(example, "\n");
        size_t size = size_that_fits(example, line, width > taken ? width - taken : 1);

        for (size_t i = 0; i < taken; i++)
            put(out, ' ', i == 0);
        for (size_t i = 0; i < size; i++)
            put(out, example[i], taken == 0 && i == 0);
        example += size;
        taken = indent;
        if (*example == ' ') { /* the shell goes on in the next line, too */
            put(out, ' ', false);
            put(out, '\\', false);
            taken += 4;
        }
        fputc('\n', out);
        example += *example != '\0';
    }
}

static void put_plainly(FILE *out, char c, bool at_start)
{
    (void)at_start;
    fputc(c, out);
}

void cli_help_print(const struct cli *cli, const struct command *command)
{
    const struct option_table *table = &command->options;

    fprintf(cli->out, "%sdynlog %s%s - ", cli_paint(cli, cli->out, CLI_BOLD), command->name,
            cli_paint(cli, cli->out, CLI_PLAIN));
    cli_text_wrap(cli->out, command->summary, strlen("dynlog  - ") + strlen(command->name), 2,
                  help_width(cli));
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
    print_heading(cli, "Example");
    cli_help_example(cli->out, command->example, 2, help_width(cli), put_plainly);
}

/* ---- the commands ---- */

struct help_options {
    const char *command, *man_pages;
    bool man;
};

static const struct argument_row arguments[] = {
    {"COMMAND", "the command; without it all are listed", offsetof(struct help_options, command),
     true},
};

static const struct option_row options[] = {
    {.name = "man",
     .kind = OPTION_FLAG,
     .help = "print the source of the manual page",
     .offset = offsetof(struct help_options, man)},
    {.name = "man-pages",
     .kind = OPTION_TEXT,
     .value_name = "DIR",
     .help = "write all manual pages into this folder, which is made",
     .offset = offsetof(struct help_options, man_pages)},
};

static int help_run(struct cli *cli, const void *given)
{
    const struct help_options *on = given;
    const struct command *command = on->command != NULL ? cli_command_find(on->command) : NULL;

    if (on->man_pages != NULL && (on->man || on->command != NULL))
        return cli_fail_usage(cli, "--man-pages writes all pages: it takes no command.");
    if (on->man_pages != NULL)
        return cli_man_write_all(cli, on->man_pages);
    if (on->command != NULL && command == NULL)
        return cli_command_unknown(cli, on->command);
    if (on->man)
        cli_man_print(cli->out, command);
    else if (command != NULL)
        cli_help_print(cli, command);
    else
        cli_help_overview(cli);
    return CLI_DONE;
}

const struct command command_help = {
    .name = "help",
    .group = COMMAND_MORE,
    .summary = "print all commands, or the help of one",
    .description = "The same as `dynlog COMMAND --help`. With --man it is the manual page, for "
                   "where none is installed.",
    .example = "dynlog help append\n"
               "dynlog help append --man | man -l -",
    .options = {options, ARRAY_COUNT(options), arguments, ARRAY_COUNT(arguments)},
    .options_size = sizeof(struct help_options),
    .run = help_run,
};

struct version_options {
    bool json;
};

static const struct option_row version_options[] = {
    {.name = "json",
     .kind = OPTION_FLAG,
     .help = "one JSON object",
     .offset = offsetof(struct version_options, json)},
};

static int version_run(struct cli *cli, const void *given)
{
    const struct version_options *on = given;

    fprintf(cli->out, on->json ? "{\"version\":\"%s\"}\n" : "dynlog %s\n", DYNLOG_VERSION);
    return CLI_DONE;
}

const struct command command_version = {
    .name = "version",
    .group = COMMAND_MORE,
    .summary = "print the version",
    .example = "dynlog version",
    .options = {version_options, ARRAY_COUNT(version_options), NULL, 0},
    .options_size = sizeof(struct version_options),
    .run = version_run,
};
