/* cli/man.c - see man.h. */
#include "cli/man.h"

#include "base/clock.h"
#include "cli/output.h"
#include "client/target.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#define EPOCH_SECONDS_MAX UINT64_C(253402300799) /* the end of the year 9999 */
#define EXAMPLE_WIDTH 72        /* of a terminal of 80 columns, indented as man does it */
#define PAGES_DATE "2026-11-26" /* of the pages, unless SOURCE_DATE_EPOCH says another */

/* ---- text that means nothing to roff but itself ---- */

/* One character of text; `at_start`: of a line, where a dot begins a request. */
static void put_character(FILE *out, char c, bool at_start)
{
    switch (c) {
    case '\\':
        fputs("\\e", out);
        break;
    case '-':
        fputs("\\-", out);
        break;
    case '\'':
        fputs("\\(aq", out);
        break;
    case '`':
        fputs("\\(ga", out);
        break;
    case '^':
        fputs("\\(ha", out);
        break;
    case '~':
        fputs("\\(ti", out);
        break;
    case '"':
        fputs("\\(dq", out); /* an argument of a request may hold it, too */
        break;
    default:
        if (at_start && c == '.')
            fputs("\\&", out);
        fputc(c, out);
    }
}

static void put_literal(FILE *out, const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        put_character(out, *c, c == text);
}

/* A line of running text: `dynlog stop` becomes bold; a sentence ends its line. */
static void put_text(FILE *out, const char *text)
{
    bool bold = false, at_start = true;

    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '`') {
            bold = !bold;
            fputs(bold ? "\\fB" : "\\fR", out);
        } else if (*c == '.' && c[1] == ' ' && isupper((unsigned char)c[2])) {
            fputs(".\n", out);
            c++;
            at_start = true;
            continue;
        } else if (*c == '-' && (c == text || c[-1] == ' ' || c[1] != '-')) {
            /* the dash of an option, or within a word */
            fputs(c > text && isalnum((unsigned char)c[-1]) && !bold ? "-" : "\\-", out);
        } else {
            put_character(out, *c, at_start);
        }
        at_start = false;
    }
    fputc('\n', out);
}

static void put_heading(FILE *out, const char *title)
{
    fprintf(out, ".SH %s\n", title);
}

/* "NAME  what it is" */
static void put_term(FILE *out, const char *name, const char *text)
{
    fputs(".TP\n.B ", out);
    put_literal(out, name);
    fputc('\n', out);
    put_text(out, text);
}

/* ---- what a command has ---- */

static bool has_option(const struct command *command, const char *name)
{
    for (size_t i = 0; i < command->options.option_count; i++)
        if (strcmp(command->options.options[i].name, name) == 0)
            return true;
    return false;
}

/* NULL stands for all commands together. */
static bool any_has(const struct command *command, const char *name)
{
    size_t count = 0;
    const struct command *const *all = cli_commands(&count);

    if (command != NULL)
        return has_option(command, name);
    for (size_t i = 0; i < count; i++)
        if (has_option(all[i], name))
            return true;
    return false;
}

struct named_text {
    const char *option; /* only for commands that have it; NULL: for all */
    const char *name, *text;
};

static bool put_named(FILE *out, const struct command *command, const char *title,
                      const struct named_text *texts, size_t count)
{
    bool any = false;

    for (size_t i = 0; i < count; i++) {
        if (texts[i].option != NULL && !any_has(command, texts[i].option))
            continue;
        if (!any)
            put_heading(out, title);
        any = true;
        put_term(out, texts[i].name, texts[i].text);
    }
    return any;
}

/* ---- sections ---- */

static void put_exit_statuses(FILE *out, const struct command *command)
{
    static const struct named_text statuses[] = {
        {NULL, "0", "Done."},
        {NULL, "1", "It could not be done; standard error says why."},
        {NULL, "2", "The command line is wrong; nothing was done."},
        {"expect", "3", "A race was lost: the stream is at another version."},
        {"condition", "3", "The condition does not hold."},
        {"to-table", "3", "What stands in the table already is something else."},
        {"endpoint", "4", "Nothing answers at the endpoint."},
        {"timeout", "5", "The time of --timeout passed."},
    };

    put_named(out, command, "EXIT STATUS", statuses, ARRAY_COUNT(statuses));
}

static void put_environment(FILE *out, const struct command *command)
{
    static const struct named_text variables[] = {
        {"endpoint", "AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL",
         "Who is asked when neither --endpoint nor --region says so; without them "
         "" TARGET_ENDPOINT_DEFAULT "."},
        {"endpoint", "AWS_REGION, AWS_DEFAULT_REGION", "The region of an endpoint."},
        {"endpoint", "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN",
         "The keys, unless --profile names others."},
        {"endpoint", "AWS_PROFILE", "The profile whose keys are taken when there are none here."},
        {"endpoint", "AWS_SHARED_CREDENTIALS_FILE",
         "Where profiles stand, in place of ~/.aws/credentials."},
        {"otlp", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, OTEL_EXPORTER_OTLP_ENDPOINT",
         "Where journeys are sent without --otlp."},
        {NULL, "NO_COLOR", "When it is set, and not empty, there is no colour."},
        {NULL, "TERM", "With dumb there is no colour, and nothing moves on the screen."},
        {NULL, "COLUMNS", "The width of lines where there is no terminal that knows it; else 80."},
    };

    put_named(out, command, "ENVIRONMENT", variables, ARRAY_COUNT(variables));
}

static void put_files(FILE *out, const struct command *command)
{
    static const struct named_text files[] = {
        {"data", ".dynlog", "The data folder, unless --data names another."},
        {"archive", "db", "The SQLite archive where there is no stack file."},
        {"config", "serverless.yml, template.yaml",
         "The stack file, unless --config names another."},
        {"endpoint", "~/.aws/credentials", "Profiles and their keys."},
    };

    /* --data of those that ask a server is the folder in its place: none unless it is named */
    bool no_default = command != NULL && has_option(command, "endpoint");

    put_named(out, command, "FILES", files + no_default, ARRAY_COUNT(files) - no_default);
}

static void put_example(FILE *out, const char *example)
{
    put_heading(out, "EXAMPLES");
    fputs(".nf\n.ft CR\n", out);
    cli_help_example(out, example, 0, EXAMPLE_WIDTH, put_character);
    fputs(".ft R\n.fi\n", out);
}

/* Never today's: two builds of one commit are the same bytes
 * (https://reproducible-builds.org/specs/source-date-epoch/). */
static struct bytes pages_date(char iso[CLOCK_ISO_SIZE])
{
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    uint64_t seconds = 0;

    if (epoch == NULL || !bytes_to_uint64(bytes_of_text(epoch), &seconds) ||
        seconds > EPOCH_SECONDS_MAX)
        return BYTES(PAGES_DATE);
    clock_format_iso(seconds * 1000, false, iso);
    return bytes_of(iso, strlen(PAGES_DATE));
}

static void put_head(FILE *out, const char *name, const char *summary)
{
    char iso[CLOCK_ISO_SIZE];

    fprintf(out, ".\\\" Made from the table of commands by dynlog help --man-pages.\n.TH ");
    for (const char *c = name; *c != '\0'; c++)
        put_character(out, (char)toupper((unsigned char)*c), false);
    fprintf(out, " 1 \"%.*s\" \"dynlog %s\" \"dynlog\"\n", BYTES_ARG(pages_date(iso)),
            DYNLOG_VERSION);
    put_heading(out, "NAME");
    put_literal(out, name);
    fputs(" \\- ", out);
    put_text(out, summary);
}

/* ---- the page of a command ---- */

static void put_synopsis(FILE *out, const struct command *command)
{
    const struct option_table *table = &command->options;

    put_heading(out, "SYNOPSIS");
    fputs(".B dynlog ", out);
    put_literal(out, command->name);
    fputc('\n', out);
    for (size_t i = 0; i < table->argument_count; i++) {
        const char *form = table->arguments[i].optional ? ".RI [ %s ]\n" : ".I %s\n";

        fprintf(out, form[1] == 'R' ? ".RI [ " : ".I ");
        put_literal(out, table->arguments[i].name);
        fputs(form[1] == 'R' ? " ]\n" : "\n", out);
    }
    fputs(".RI [ options ]\n", out);
}

static void put_option(FILE *out, const struct option_row *row)
{
    fputs(".TP\n", out);
    fputs(row->value_name != NULL ? ".BI " : ".B ", out);
    if (row->letter != '\0')
        fprintf(out, row->value_name != NULL ? "\\-%c\\fR,\\fP\\~\\-\\-" : "\\-%c\\fR, \\fP\\-\\-",
                row->letter);
    else
        fputs("\\-\\-", out);
    put_literal(out, row->name);
    if (row->value_name != NULL) {
        fputs("\\~ ", out);
        put_literal(out, row->value_name);
    }
    fputc('\n', out);
    put_text(out, row->help);
}

static void put_options(FILE *out, const struct option_table *table)
{
    put_heading(out, "OPTIONS");
    for (size_t i = 0; i < table->option_count; i++)
        if (table->options[i].kind != OPTION_REFUSED)
            put_option(out, &table->options[i]);
    fputs(".TP\n.B \\-h\\fR, \\fP\\-\\-help\nprint the help of this command\n", out);
}

/* They stand under one heading of `dynlog help`. */
static bool are_neighbours(const struct command *a, const struct command *b)
{
    return a->group == b->group || (a->of_events != NULL && b->group == COMMAND_EVENTS) ||
           (b->of_events != NULL && a->group == COMMAND_EVENTS);
}

static void put_see_also(FILE *out, const struct command *command)
{
    size_t count = 0;
    const struct command *const *all = cli_commands(&count);

    put_heading(out, "SEE ALSO");
    fputs(".BR dynlog (1)", out);
    for (size_t i = 0; i < count; i++) {
        if (all[i] == command || !are_neighbours(all[i], command))
            continue;
        fputs(",\n.BR dynlog\\-", out);
        put_literal(out, all[i]->name);
        fputs(" (1)", out);
    }
    fputc('\n', out);
}

static void put_command_page(FILE *out, const struct command *command)
{
    const struct option_table *table = &command->options;
    char name[64];

    snprintf(name, sizeof name, "dynlog-%s", command->name);
    put_head(out, name, command->summary);
    put_synopsis(out, command);
    if (command->description != NULL) {
        put_heading(out, "DESCRIPTION");
        put_text(out, command->description);
    }
    if (table->argument_count > 0)
        put_heading(out, "ARGUMENTS");
    for (size_t i = 0; i < table->argument_count; i++) {
        fputs(".TP\n.I ", out);
        put_literal(out, table->arguments[i].name);
        fputc('\n', out);
        put_text(out, table->arguments[i].help);
    }
    put_options(out, table);
    put_exit_statuses(out, command);
    put_environment(out, command);
    put_files(out, command);
    put_example(out, command->example);
    put_see_also(out, command);
}

/* ---- dynlog(1) ---- */

static void put_group(FILE *out, enum command_group group)
{
    size_t count = 0;
    const struct command *const *all = cli_commands(&count);
    bool titled = false;

    for (size_t i = 0; i < count; i++) {
        const char *summary = all[i]->group == group ? all[i]->summary : all[i]->of_events;

        if (all[i]->group != group && (summary == NULL || group != COMMAND_EVENTS))
            continue;
        if (!titled)
            fprintf(out, ".SS %s\n", cli_group_title(group));
        titled = true;
        fputs(".TP\n.BR dynlog\\-", out);
        put_literal(out, all[i]->name);
        fputs(" (1)\n", out);
        put_text(out, summary);
    }
}

static void put_overview_page(FILE *out)
{
    put_head(out, "dynlog", "append-only event logs on DynamoDB, and everything around them");
    put_heading(out, "SYNOPSIS");
    fputs(".B dynlog\n.I COMMAND\n.RI [ arguments ]\n.RI [ options ]\n", out);
    put_heading(out, "DESCRIPTION");
    put_text(out, "One program that answers as DynamoDB with its streams, EventBridge, Lambda, SQS "
                  "and CloudWatch Logs do, and runs the functions of a stack, on this machine and "
                  "without a network. What was acknowledged is durable.");
    fputs(".PP\n", out);
    put_text(out, "On a terminal people are answered, with colour and tables; into a pipe, or with "
                  "--json, there is a line of JSON for each thing. What went wrong is said on "
                  "standard error.");
    put_heading(out, "COMMANDS");
    for (int group = 0; group <= COMMAND_MORE; group++)
        put_group(out, (enum command_group)group);
    put_exit_statuses(out, NULL);
    put_environment(out, NULL);
    put_files(out, NULL);
    put_example(out, "dynlog start\n"
                     "dynlog append users 12 signup '{\"name\":\"test\"}'\n"
                     "dynlog read users 12");
    put_heading(out, "SEE ALSO");
    fputs(".BR aws (1)\n", out);
}

void cli_man_print(FILE *out, const struct command *command)
{
    if (command != NULL)
        put_command_page(out, command);
    else
        put_overview_page(out);
}

/* ---- files ---- */

/* Under another name first: the folder's time says that it was written again, and no half page
 * stands there. */
static bool write_page(const char *folder, const struct command *command)
{
    char path[4096], new_path[4096 + 8];
    FILE *file = NULL;
    bool well = false;

    if (command == NULL)
        snprintf(path, sizeof path, "%s/dynlog.1", folder);
    else
        snprintf(path, sizeof path, "%s/dynlog-%s.1", folder, command->name);
    snprintf(new_path, sizeof new_path, "%s.new", path);
    file = fopen(new_path, "we");
    if (file == NULL)
        return false;
    cli_man_print(file, command);
    well = !ferror(file);
    return fclose(file) == 0 && well && rename(new_path, path) == 0;
}

int cli_man_write_all(const struct cli *cli, const char *folder)
{
    size_t count = 0;
    const struct command *const *all = cli_commands(&count);
    bool well = (mkdir(folder, 0777) == 0 || errno == EEXIST) && write_page(folder, NULL);

    for (size_t i = 0; well && i < count; i++)
        well = write_page(folder, all[i]);
    if (!well)
        return cli_fail(cli, CLI_FAILED, "The pages can't be written into %s: %s.", folder,
                        strerror(errno));
    return CLI_DONE;
}
