/* cli/doctor.c - dynlog doctor: what is there on this machine, what is not, and what to do. */
#include "cli/doctor.h"

#include "cli/output.h"

#include <inttypes.h>

#define PORT_MAX 65535
#define WHAT_WIDTH 12
#define LEVEL_WIDTH 9

struct doctor_options {
    const char *config, *data, *stage, *region, *profile;
    int64_t ports[3];
    bool json;
};

static const struct option_row options[] = {
    {.name = "config",
     .letter = 'c',
     .kind = OPTION_TEXT,
     .value_name = "FILE",
     .help = "the stack file; else the one that `dynlog start` would find here",
     .offset = offsetof(struct doctor_options, config)},
    {.name = "data",
     .kind = OPTION_TEXT,
     .value_name = "DIR",
     .help = "the data folder; else .dynlog",
     .offset = offsetof(struct doctor_options, data)},
    {.name = "stage",
     .kind = OPTION_TEXT,
     .value_name = "STAGE",
     .help = "the stage that the stack file is read for",
     .offset = offsetof(struct doctor_options, stage)},
    {.name = "port",
     .kind = OPTION_NUMBER,
     .value_name = "PORT",
     .help = "where all services answer; else 8000",
     .min = 1,
     .max = PORT_MAX,
     .offset = offsetof(struct doctor_options, ports[0])},
    {.name = "events-port",
     .kind = OPTION_NUMBER,
     .value_name = "PORT",
     .help = "where clients of EventBridge look; else the stack's or 4010",
     .min = 1,
     .max = PORT_MAX,
     .offset = offsetof(struct doctor_options, ports[1])},
    {.name = "lambda-port",
     .kind = OPTION_NUMBER,
     .value_name = "PORT",
     .help = "where clients of Lambda look; else the stack's or 3002",
     .min = 1,
     .max = PORT_MAX,
     .offset = offsetof(struct doctor_options, ports[2])},
    {.name = "region",
     .kind = OPTION_TEXT,
     .value_name = "REGION",
     .help = "look whether AWS could be asked in this region",
     .offset = offsetof(struct doctor_options, region)},
    {.name = "profile",
     .kind = OPTION_TEXT,
     .value_name = "NAME",
     .help = "look at this profile of ~/.aws/credentials",
     .offset = offsetof(struct doctor_options, profile)},
    {.name = "json",
     .kind = OPTION_FLAG,
     .help = "a JSON line for each finding, on a terminal too",
     .offset = offsetof(struct doctor_options, json)},
};

void doctor_section(struct doctor *doctor, const char *title)
{
    struct cli *cli = doctor->cli;

    if (cli_for_people(cli, doctor->json))
        fprintf(cli->out, "%s%s%s\n", cli_paint(cli, cli->out, CLI_CYAN), title,
                cli_paint(cli, cli->out, CLI_PLAIN));
}

static const char *const level_names[] = {"ok", "warning", "problem"};

static void print_json(const struct doctor *doctor, enum finding finding, const char *what,
                       const char *advice, struct bytes text)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);

    buffer_append_text(&out, "{\"what\":");
    json_append_string(&out, bytes_of_text(what));
    buffer_printf(&out, ",\"level\":\"%s\",\"text\":", level_names[finding]);
    json_append_string(&out, text);
    if (advice != NULL) {
        buffer_append_text(&out, ",\"advice\":");
        json_append_string(&out, bytes_of_text(advice));
    }
    buffer_append_byte(&out, '}');
    (void)!cli_line(doctor->cli, buffer_bytes(&out));
}

/*   ok       node        20.11.1 at /usr/bin/node
 *   warning  aws         not found
 *                        Install it ... */
static void print_people(const struct doctor *doctor, enum finding finding, const char *what,
                         const char *advice, struct bytes text)
{
    static const enum cli_colour colours[] = {CLI_GREEN, CLI_YELLOW, CLI_RED};
    AUTO(buffer_free) struct buffer shown = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    const struct cli *cli = doctor->cli;
    size_t column = 2 + LEVEL_WIDTH + WHAT_WIDTH;

    cli_text_show(&shown, text, SIZE_MAX);
    fprintf(cli->out, "  %s%-*s%s%-*s", cli_paint(cli, cli->out, colours[finding]), LEVEL_WIDTH,
            level_names[finding], cli_paint(cli, cli->out, CLI_PLAIN), WHAT_WIDTH, what);
    cli_text_wrap(cli->out, arena_copy_text(cli->arena, buffer_bytes(&shown)), column, column,
                  cli->width);
    if (advice == NULL)
        return;
    fprintf(cli->out, "%*s", (int)column, "");
    cli_text_wrap(cli->out, advice, column, column, cli->width);
}

void doctor_tell(struct doctor *doctor, enum finding finding, const char *what, const char *advice,
                 const char *format, ...)
{
    struct bytes text;
    va_list args;

    va_start(args, format);
    text = arena_vprintf(doctor->cli->arena, format, args);
    va_end(args);
    doctor->warnings += finding == FINDING_WARNING;
    doctor->problems += finding == FINDING_PROBLEM;
    if (cli_for_people(doctor->cli, doctor->json))
        print_people(doctor, finding, what, advice, text);
    else
        print_json(doctor, finding, what, advice, text);
}

static void print_sum(const struct doctor *doctor)
{
    const struct cli *cli = doctor->cli;

    if (!cli_for_people(cli, doctor->json))
        return;
    if (doctor->problems > 0)
        fprintf(cli->out, "\n%zu %s", doctor->problems,
                doctor->problems == 1 ? "problem" : "problems");
    else
        fprintf(cli->out, "\nNo problem");
    if (doctor->warnings > 0)
        fprintf(cli->out, ", %zu %s", doctor->warnings,
                doctor->warnings == 1 ? "warning" : "warnings");
    fprintf(cli->out, ".\n");
}

static int doctor_run(struct cli *cli, const void *given)
{
    const struct doctor_options *on = given;
    struct doctor doctor = {
        .cli = cli,
        .config = on->config,
        .data = on->data,
        .stage = on->stage,
        .region = on->region,
        .profile = on->profile,
        .ports = {on->ports[0], on->ports[1], on->ports[2]},
        .json = on->json,
    };

    doctor_section(&doctor, "The stack");
    doctor_stack(&doctor);
    doctor_section(&doctor, "Programs");
    doctor_programs(&doctor);
    doctor_section(&doctor, "Ports");
    doctor_ports(&doctor);
    doctor_section(&doctor, "Data");
    doctor_data(&doctor);
    doctor_section(&doctor, "Keys");
    doctor_credentials(&doctor);
    doctor_section(&doctor, "The machine");
    doctor_machine(&doctor);
    print_sum(&doctor);
    return doctor.problems > 0 ? CLI_FAILED : CLI_DONE;
}

const struct command command_doctor = {
    .name = "doctor",
    .group = COMMAND_SERVER,
    .summary = "look whether everything is there, and say what to do",
    .description =
        "Looks at the stack file, the programs that functions need, the ports, the data folder, "
        "keys for AWS (which are never printed), limits and the clock. Changes nothing. Ends with "
        "exit status 1 when there is a problem; a warning is none.",
    .example = "dynlog doctor\n"
               "dynlog doctor -c serverless.yml --stage local --json",
    .options = {options, ARRAY_COUNT(options), NULL, 0},
    .options_size = sizeof(struct doctor_options),
    .run = doctor_run,
};
