/* cli/private.c - dynlog private: a log's payloads are stored so that they can be forgotten. */
#include "cli/output.h"
#include "cli/place.h"

#include "json/json.h"

struct private_options {
    struct target_options target;
    const char *data;
    const char *log;
    bool json;
};

static const struct argument_row arguments[] = {
    {"LOG", "the log, for example users; it has no events yet",
     offsetof(struct private_options, log), false},
};

static const struct option_row options[] = {
    {.name = "json",
     .kind = OPTION_FLAG,
     .help = "print what was done as a JSON line, on a terminal too",
     .offset = offsetof(struct private_options, json)},
    TARGET_TABLE_OPTIONS(struct private_options),
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

static int private_run(struct cli *cli, const void *given)
{
    const struct private_options *on = given;
    struct dynlog_error error;
    int exit_status = CLI_DONE;

    AUTO(cli_place_release)
    struct dynlog *dynlog = cli_place_open(cli, &on->target, on->data, &exit_status);

    if (dynlog == NULL)
        return exit_status;
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
                   "clients read and write plain items as before.",
    .example = "dynlog private people",
    .options = {options, ARRAY_COUNT(options), arguments, ARRAY_COUNT(arguments)},
    .options_size = sizeof(struct private_options),
    .run = private_run,
};
