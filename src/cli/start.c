/* cli/start.c - dynlog start: a server in the foreground. */
#include "cli/internal.h"

#include "base/clock.h"
#include "cli/output.h"
#include "net/cors.h"
#include "server/server.h"
#include "value/shard.h"

#include <stdlib.h>

#define PORT_MAX 65535
#define PORT_NOT_SAID (-1)
#define SHARDS_NOT_SAID (-1)

struct start_options {
    const char *config, *stage, *region, *data, *host, *credentials, *archive, *cors, *clock, *otlp;
    int64_t port, events_port, lambda_port, shards, threads;
    struct option_texts parameters, private_logs;
    bool memory, quiet, watch, no_reload, no_journeys;
};

#define PORT_OPTION(name_, help_, member)                                                          \
    {                                                                                              \
        .name = (name_), .kind = OPTION_NUMBER, .value_name = "PORT", .help = (help_), .min = 0,   \
        .max = PORT_MAX, .number_default = PORT_NOT_SAID,                                          \
        .offset = offsetof(struct start_options, member)                                           \
    }
#define TEXT_OPTION(name_, letter_, value_name_, help_, member)                                    \
    {                                                                                              \
        .name = (name_), .letter = (letter_), .kind = OPTION_TEXT, .value_name = (value_name_),    \
        .help = (help_), .offset = offsetof(struct start_options, member)                          \
    }

static const struct option_row options[] = {
    TEXT_OPTION(
        "config", 'c', "FILE",
        "the stack file (Serverless Framework, CloudFormation, AWS SAM); else serverless.yml "
        "or template.yaml in this folder; else tables STAGE-dynamodb-logs and STAGE-core, "
        "and a bus",
        config),
    {.name = "parameter",
     .kind = OPTION_TEXTS,
     .value_name = "NAME=VALUE",
     .help = "the value of one of the template's parameters; else its default (repeatable)",
     .offset = offsetof(struct start_options, parameters)},
    TEXT_OPTION("stage", 0, "STAGE", "the stack's stage; else the stack file's, else local", stage),
    TEXT_OPTION(
        "region", 0, "REGION",
        "the region that names and handlers are told; else the stack file's, else us-east-1",
        region),
    TEXT_OPTION("data", 0, "DIR", "the data folder; else .dynlog", data),
    {.name = "memory",
     .kind = OPTION_FLAG,
     .help = "keep everything in memory: nothing is left after the end",
     .offset = offsetof(struct start_options, memory)},
    TEXT_OPTION(
        "host", 0, "ADDRESS",
        "the address to listen on; else 127.0.0.1 and ::1. Any other lets other machines in", host),
    PORT_OPTION("port", "where all services answer; else 8000 (0: any free port)", port),
    PORT_OPTION("events-port",
                "where clients of EventBridge look; else the stack's or 4010 (0: any free port)",
                events_port),
    PORT_OPTION("lambda-port",
                "where clients of Lambda look; else the stack's or 3002 (0: any free port)",
                lambda_port),
    TEXT_OPTION("credentials", 0, "FILE",
                "check signatures against the keys in this file (the format of "
                "~/.aws/credentials); else any key may sign",
                credentials),
    TEXT_OPTION("cors", 0, "ORIGIN",
                "let web pages of this origin ask AWS's services here, as AWS lets them (several "
                "with commas between; '*': any page); else none but this machine's own",
                cors),
    TEXT_OPTION("archive", 0, "FILE",
                "the SQLite archive; else the stack's, else archive.db in the data folder; db when "
                "there is no stack file",
                archive),
    TEXT_OPTION("clock", 0, "CLOCK",
                "manual: time stands still until `dynlog clock` moves it; manual=TIME: it begins "
                "at TIME (2026-01-31T09:30:00Z); else real, the machine's",
                clock),
    TEXT_OPTION("otlp", 0, "URL",
                "send journeys as OpenTelemetry spans to this endpoint (http://127.0.0.1:4318); "
                "else $OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, $OTEL_EXPORTER_OTLP_ENDPOINT, or "
                "nowhere",
                otlp),
    {.name = "shards",
     .kind = OPTION_NUMBER,
     .value_name = "N",
     .help = "how many shards a change stream begins with, 1 to 100; else the stack's or 1",
     .min = 1,
     .max = SHARDS_BEGIN_MAX,
     .number_default = SHARDS_NOT_SAID,
     .offset = offsetof(struct start_options, shards)},
    {.name = "private",
     .kind = OPTION_TEXTS,
     .value_name = "LOG",
     .help = "declare this log private, beside the stack's: each of its streams can be forgotten "
             "(repeatable)",
     .offset = offsetof(struct start_options, private_logs)},
    {.name = "quiet",
     .letter = 'q',
     .kind = OPTION_FLAG,
     .help = "no lines of handlers",
     .offset = offsetof(struct start_options, quiet)},
    {.name = "no-reload",
     .kind = OPTION_FLAG,
     .help = "a function's code that changes is not seen; for measuring, and code that writes "
             "what it loads",
     .offset = offsetof(struct start_options, no_reload)},
    {.name = "no-journeys",
     .kind = OPTION_FLAG,
     .help = "what happens to events is not remembered; for measuring",
     .offset = offsetof(struct start_options, no_journeys)},
    {.name = "watch",
     .letter = 'w',
     .kind = OPTION_FLAG,
     .help = "follow the stack file: when it is saved, show what changes, and make it so",
     .offset = offsetof(struct start_options, watch)},
    {.name = "threads",
     .kind = OPTION_NUMBER,
     .value_name = "N",
     .help = "loops that answer operations on items, 1 to 64; for machines with more cores than "
             "one client keeps busy",
     .min = 1,
     .max = SERVER_THREADS_MAX,
     .number_default = 1,
     .offset = offsetof(struct start_options, threads)},
};

static bool is_clock(const char *text)
{
    uint64_t ms = 0;

    return strcmp(text, "real") == 0 || strcmp(text, "manual") == 0 ||
           (strncmp(text, "manual=", 7) == 0 && clock_parse_iso(bytes_of_text(text + 7), &ms));
}

/* Of OpenTelemetry; one that is set to nothing says nothing. */
static const char *otlp_endpoint(const struct start_options *on)
{
    static const char *const names[] = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
                                        "OTEL_EXPORTER_OTLP_ENDPOINT"};

    if (on->otlp != NULL)
        return on->otlp;
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        const char *value = getenv(names[i]);

        if (value != NULL && *value != '\0')
            return value;
    }
    return NULL;
}

static bool is_url(const char *text)
{
    return strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0;
}

/* "http://user:password@host": it would stand in status and logs, and in whoever lists processes.
 */
static bool has_user(const char *url)
{
    const char *host = strstr(url, "://");
    size_t size = 0;

    host = host != NULL ? host + 3 : url;
    size = strcspn(host, "/?#\\");
    return memchr(host, '@', size) != NULL;
}

static int start_run(struct cli *cli, const void *given)
{
    const struct start_options *on = given;
    struct server_options server = {
        .stack_path = on->config,
        .stage = on->stage,
        .region = on->region,
        .data = on->data,
        .memory = on->memory,
        .host = on->host,
        .port = (int)on->port,
        .events_port = (int)on->events_port,
        .lambda_port = (int)on->lambda_port,
        .credentials = on->credentials,
        .archive = on->archive,
        .cors = on->cors,
        .clock = on->clock,
        .shards = (int)on->shards,
        .threads = (int)on->threads,
        .otlp = otlp_endpoint(on),
        .quiet = on->quiet,
        .watch = on->watch,
        .parameters = on->parameters.texts,
        .parameter_count = on->parameters.count,
        .private_logs = on->private_logs.texts,
        .private_log_count = on->private_logs.count,
        .no_reload = on->no_reload,
        .no_journeys = on->no_journeys,
    };

    if (on->otlp != NULL && on->no_journeys)
        return cli_fail_usage(cli, "--otlp sends journeys, --no-journeys has none: choose one.");
    if (server.otlp != NULL && has_user(server.otlp))
        return cli_fail_usage(cli,
                              "The OTLP endpoint has a user or a password in its address, which "
                              "status and logs would show. Send them as a header: "
                              "OTEL_EXPORTER_OTLP_HEADERS=\"authorization=Basic ...\".");
    if (server.otlp != NULL && !is_url(server.otlp))
        return cli_fail_usage(cli,
                              "The OTLP endpoint is an http:// or https:// address (OTLP/HTTP, as "
                              "JSON), not \"%s\".",
                              server.otlp);
    for (size_t i = 0; i < on->parameters.count; i++)
        if (strchr(on->parameters.texts[i], '=') == NULL || on->parameters.texts[i][0] == '=')
            return cli_fail_usage(cli, "--parameter needs NAME=VALUE.");

    for (size_t i = 0; i < on->private_logs.count; i++)
        if (on->private_logs.texts[i][0] == '\0' || strchr(on->private_logs.texts[i], '#') != NULL)
            return cli_fail_usage(cli, "--private needs the name of a log, without \"#\".");

    if (on->clock != NULL && !is_clock(on->clock))
        return cli_fail_usage(cli,
                              "--clock is real, manual or manual=TIME with a time like "
                              "2026-01-31T09:30:00Z, not \"%s\".",
                              on->clock);
    if (on->memory && on->data != NULL)
        return cli_fail_usage(cli, "--memory leaves nothing on disk, --data does: choose one.");
    if (on->cors != NULL && !cors_is_list(on->cors))
        return cli_fail_usage(cli, "--cors needs '*' or origins as browsers send them, for example "
                                   "https://app.example.com,http://localhost:3000.");
    return server_run(&server) == 0 ? CLI_DONE : CLI_FAILED;
}

const struct command command_start = {
    .name = "start",
    .group = COMMAND_SERVER,
    .summary = "run dynlog here: tables, change streams, bus, functions, archive",
    .description =
        "Runs until Ctrl-C or `dynlog stop`, then finishes what is in flight. Everything "
        "is durable: after a crash, start again and it goes on.",
    .example = "dynlog start\n"
               "dynlog start -c serverless.yml --stage local --data /tmp/dynlog --port 8001\n"
               "dynlog start -c template.yaml --parameter TablePrefix=local",
    .options = {options, ARRAY_COUNT(options), NULL, 0},
    .options_size = sizeof(struct start_options),
    .run = start_run,
};
