/* cli/event_logs.c - dynlog logs, without a function's name: which event logs there are. */
#include "cli/event_logs.h"

#include "cli/output.h"
#include "json/json.h"

#include <inttypes.h>

static const struct table_column columns[] = {
    {"LOG", false, false},
    {"EVENTS", true, false},
    {"LAST POSITION", true, false},
};

static bool print_line(struct cli *cli, const struct dynlog_log *log)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    json_member_text(&w, "log", log->name);
    json_member_uint(&w, "events", log->event_count);
    if (log->last_position > 0)
        json_member_uint(&w, "lastPosition", log->last_position);
    json_end_object(&w);
    return cli_line(cli, buffer_bytes(&out));
}

static int show(struct cli *cli, const struct dynlog_logs *logs, bool json)
{
    struct cli_table table = {.columns = columns, .column_count = ARRAY_COUNT(columns)};

    for (size_t i = 0; i < logs->count; i++) {
        const struct dynlog_log *log = &logs->list[i];

        if (!cli_for_people(cli, json)) {
            if (!print_line(cli, log))
                return CLI_FAILED;
            continue;
        }

        struct bytes cells[] = {
            bytes_of_text(log->name),
            arena_printf(cli->arena, "%" PRIu64, log->event_count),
            log->last_position > 0 ? arena_printf(cli->arena, "%" PRIu64, log->last_position)
                                   : BYTES("-"),
        };

        cli_table_add(cli, &table, cells);
    }
    if (logs->count == 0)
        cli_note(cli, "There are no event logs yet: `dynlog append users 12 signup` begins one.");
    else if (cli_for_people(cli, json))
        cli_table_print(cli, &table);
    return ferror(cli->out) == 0 ? CLI_DONE : CLI_FAILED;
}

int cli_event_logs(struct cli *cli, const struct target_options *target, const char *data,
                   bool json)
{
    struct dynlog_logs *logs = NULL;
    struct dynlog_error error;
    int exit_status = CLI_DONE;
    AUTO(cli_place_release)
    struct dynlog *dynlog = cli_place_open(cli, target, data, &exit_status);

    if (dynlog == NULL)
        return exit_status;
    if (dynlog_logs(dynlog, &logs, &error) != DYNLOG_OK)
        return cli_place_fail(cli, &error);
    exit_status = show(cli, logs, json);
    dynlog_logs_free(logs);
    return exit_status;
}
