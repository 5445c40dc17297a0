/* cli/forget.c - dynlog forget: the payloads of a private log's stream can never be read again. */
#include "cli/event.h"
#include "cli/output.h"
#include "cli/place.h"

struct forget_options {
    struct target_options target;
    const char *data;
    const char *log, *id;
    bool json;
};

static const struct argument_row arguments[] = {
    {"LOG", "the log, for example users; it was declared private",
     offsetof(struct forget_options, log), false},
    {"ID", "the entity whose stream is to be forgotten, for example 12",
     offsetof(struct forget_options, id), false},
};

static const struct option_row options[] = {
    {.name = "json",
     .kind = OPTION_FLAG,
     .help = "print what was done as a JSON line, on a terminal too",
     .offset = offsetof(struct forget_options, json)},
    FOLDER_TABLE_OPTIONS(struct forget_options),
    TARGET_OPTIONS(struct forget_options),
    PLACE_OPTIONS(struct forget_options),
};

static int print_forgotten(const struct cli *cli, const struct forget_options *on)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    if (cli_for_people(cli, on->json)) {
        cli_text_show(&out, arena_printf(cli->arena, "%s/%s", on->log, on->id), SIZE_MAX);
        buffer_append_text(&out, " is forgotten: its events stay, without payload.");
        return cli_line(cli, buffer_bytes(&out)) ? CLI_DONE : CLI_FAILED;
    }
    json_begin_object(&w);
    json_member_text(&w, "log", on->log);
    json_member_text(&w, "id", on->id);
    json_member_bool(&w, "forgotten", true);
    json_end_object(&w);
    return cli_line(cli, buffer_bytes(&out)) ? CLI_DONE : CLI_FAILED;
}

static int forget_run(struct cli *cli, const void *given)
{
    const struct forget_options *on = given;
    struct dynlog_error error;
    int exit_status = CLI_DONE;

    if (!cli_event_name(cli, on->log, on->id, &exit_status) ||
        !cli_place_needs_no_table(cli, &on->target, on->data, &exit_status))
        return exit_status;

    AUTO(cli_place_release)
    struct dynlog *dynlog = cli_place_open(cli, &on->target, on->data, &exit_status);

    if (dynlog == NULL)
        return exit_status;
    if (dynlog_forget(dynlog, on->log, on->id, &error) != DYNLOG_OK)
        return cli_place_fail(cli, &error);
    return print_forgotten(cli, on);
}

const struct command command_forget = {
    .name = "forget",
    .group = COMMAND_EVENTS,
    .summary = "destroy the key of a private stream: nobody reads its payloads again",
    .description =
        "The payloads of a private log (dynlog private) are stored under a key a stream. "
        "Without it nobody opens them: in the table, its indexes, change records, "
        "recovery history and backups. It can't be undone. docs/private-logs.md says "
        "what is not covered.",
    .example = "dynlog forget users 12",
    .options = {options, ARRAY_COUNT(options), arguments, ARRAY_COUNT(arguments)},
    .options_size = sizeof(struct forget_options),
    .run = forget_run,
};
