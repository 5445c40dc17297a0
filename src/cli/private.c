/* cli/private.c - dynlog private: a log's payloads are stored so that they can be forgotten; or
 * which logs are. */
#include "base/clock.h"
#include "cli/output.h"
#include "cli/place.h"
#include "cli/when.h"

#include "json/json.h"

struct private_options {
    struct target_options target;
    const char *data;
    const char *log;
    bool json;
};

static const struct argument_row arguments[] = {
    {"LOG", "the log, for example users; it has no events yet. Without one: which logs are private",
     offsetof(struct private_options, log), true},
};

static const struct option_row options[] = {
    {.name = "json",
     .kind = OPTION_FLAG,
     .help = "JSON lines, on a terminal too",
     .offset = offsetof(struct private_options, json)},
    FOLDER_TABLE_OPTIONS(struct private_options),
    TARGET_OPTIONS(struct private_options),
    PLACE_OPTIONS(struct private_options),
};

static int print_private(const struct cli *cli, const struct private_options *on)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    if (cli_for_people(cli, on->json)) {
        cli_text_show(&out, bytes_of_text(on->log), SIZE_MAX);
        buffer_append_text(&out, " is private: each of its streams can be forgotten.");
        return cli_line(cli, buffer_bytes(&out)) ? CLI_DONE : CLI_FAILED;
    }
    json_begin_object(&w);
    json_member_text(&w, "log", on->log);
    json_member_bool(&w, "private", true);
    json_end_object(&w);
    return cli_line(cli, buffer_bytes(&out)) ? CLI_DONE : CLI_FAILED;
}

/* ---- which there are ---- */

static const struct table_column columns[] = {{"LOG", false, false}, {"SINCE (UTC)", false, false}};

static bool list_line(const struct cli *cli, const struct dynlog_private_log *log)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);
    char since[CLOCK_ISO_SIZE];

    clock_format_iso(log->declared_ms, true, since);
    json_begin_object(&w);
    json_member_text(&w, "log", log->name);
    json_member_bool(&w, "private", true);
    json_member_text(&w, "since", since);
    json_end_object(&w);
    return cli_line(cli, buffer_bytes(&out));
}

static int print_list(struct cli *cli, const struct dynlog_private_logs *logs, bool people)
{
    struct cli_table table = {.columns = columns, .column_count = ARRAY_COUNT(columns)};

    for (size_t i = 0; i < logs->count; i++) {
        const struct dynlog_private_log *log = &logs->list[i];
        struct bytes cells[] = {bytes_of_text(log->name),
                                cli_when_text(cli->arena, log->declared_ms)};

        if (people)
            cli_table_add(cli, &table, cells);
        else if (!list_line(cli, log))
            return CLI_FAILED;
    }
    if (logs->count == 0)
        cli_note(cli, "No log is private; `dynlog private LOG` declares one, before its first "
                      "event.");
    else if (people)
        cli_table_print(cli, &table);
    return ferror(cli->out) == 0 ? CLI_DONE : CLI_FAILED;
}

static int list(struct cli *cli, const struct private_options *on, struct dynlog *dynlog)
{
    struct dynlog_private_logs *logs = NULL;
    struct dynlog_error error;
    int exit_status = CLI_DONE;

    if (dynlog_private_logs(dynlog, &logs, &error) != DYNLOG_OK)
        return cli_place_fail(cli, &error);
    exit_status = print_list(cli, logs, cli_for_people(cli, on->json));
    dynlog_private_logs_free(logs);
    return exit_status;
}

/* ---- the command line ---- */

static int private_run(struct cli *cli, const void *given)
{
    const struct private_options *on = given;
    struct dynlog_error error;
    int exit_status = CLI_DONE;

    if (!cli_place_needs_no_table(cli, &on->target, on->data, &exit_status))
        return exit_status;

    AUTO(cli_place_release)
    struct dynlog *dynlog = cli_place_open(cli, &on->target, on->data, &exit_status);

    if (dynlog == NULL)
        return exit_status;
    if (on->log == NULL)
        return list(cli, on, dynlog);
    if (dynlog_make_private(dynlog, on->log, &error) != DYNLOG_OK)
        return cli_place_fail(cli, &error);
    return print_private(cli, on);
}

const struct command command_private = {
    .name = "private",
    .group = COMMAND_EVENTS,
    .summary = "store the payloads of a log so that its streams can be forgotten",
    .description = "Before the log's first event, once and for good. From then on the payload of "
                   "each event is stored under a key of its stream, which dynlog forget destroys; "
                   "clients read and write plain items as before. Without a log: the logs that "
                   "are private.",
    .example = "dynlog private people\n"
               "dynlog private",
    .options = {options, ARRAY_COUNT(options), arguments, ARRAY_COUNT(arguments)},
    .options_size = sizeof(struct private_options),
    .run = private_run,
};
