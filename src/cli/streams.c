/* cli/streams.c - dynlog streams: the streams of a log, and the version each is at. */
#include "cli/event.h"
#include "cli/output.h"
#include "json/json.h"
#include "cli/place.h"

#include <inttypes.h>

#define PAGE_COUNT 500

struct streams_options {
    struct target_options target;
    const char *data;
    const char *log, *after;
    int64_t limit;
    bool json;
};

static const struct argument_row arguments[] = {
    {"LOG", "the log, for example users", offsetof(struct streams_options, log), false},
};

static const struct option_row options[] = {
    {.name = "after",
     .kind = OPTION_TEXT,
     .value_name = "ID",
     .help = "begin behind this id: streams are sorted by id",
     .offset = offsetof(struct streams_options, after)},
    {.name = "limit",
     .kind = OPTION_NUMBER,
     .value_name = "N",
     .help = "at most so many streams",
     .min = 1,
     .max = INT64_MAX,
     .number_default = INT64_MAX,
     .offset = offsetof(struct streams_options, limit)},
    {.name = "json",
     .kind = OPTION_FLAG,
     .help = "a JSON line a stream, on a terminal too",
     .offset = offsetof(struct streams_options, json)},
    TARGET_TABLE_OPTIONS(struct streams_options),
    TARGET_OPTIONS(struct streams_options),
    PLACE_OPTIONS(struct streams_options),
};

static const struct table_column columns[] = {
    {"STREAM", false, false},
    {"VERSION", true, false},
    {"LAST POSITION", true, false},
};

struct listing {
    struct cli *cli;
    const struct streams_options *on;
    struct cli_table table;
    uint64_t count;
};

static bool show_line(struct listing *listing, const struct dynlog_stream *stream)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    json_member_text(&w, "log", listing->on->log);
    json_member_text(&w, "id", stream->id);
    json_member_uint(&w, "version", stream->version);
    if (stream->last_position > 0)
        json_member_uint(&w, "lastPosition", stream->last_position);
    json_end_object(&w);
    return cli_line(listing->cli, buffer_bytes(&out));
}

/* False: nobody reads on. */
static bool show(struct listing *listing, struct arena *arena, const struct dynlog_stream *stream)
{
    struct cli *cli = listing->cli;

    listing->count++;
    if (!cli_for_people(cli, listing->on->json))
        return show_line(listing, stream);

    struct bytes cells[] = {
        arena_printf(arena, "%s/%s", listing->on->log, stream->id),
        arena_printf(arena, "%" PRIu64, stream->version),
        stream->last_position > 0 ? arena_printf(arena, "%" PRIu64, stream->last_position)
                                  : BYTES("-"),
    };

    cli_table_add(cli, &listing->table, cells);
    return true;
}

static bool show_page(struct listing *listing, const struct dynlog_streams *streams)
{
    AUTO(arena_release) struct arena *arena = arena_new();

    for (size_t i = 0; i < streams->count; i++)
        if (!show(listing, arena, &streams->list[i]))
            return false;
    if (cli_for_people(listing->cli, listing->on->json) && streams->count > 0)
        cli_table_print(listing->cli, &listing->table);
    return ferror(listing->cli->out) == 0;
}

static int list_all(struct listing *listing, struct dynlog *dynlog)
{
    const struct streams_options *on = listing->on;
    const char *after = on->after;
    bool more = true;

    while (more && listing->count < (uint64_t)on->limit) {
        size_t limit = PAGE_COUNT;
        struct dynlog_streams *streams = NULL;
        struct dynlog_error error;

        if ((uint64_t)on->limit - listing->count < limit)
            limit = (size_t)((uint64_t)on->limit - listing->count);
        if (dynlog_streams(dynlog, on->log, after, limit, &streams, &error) != DYNLOG_OK)
            return cli_place_fail(listing->cli, &error);

        bool is_read = show_page(listing, streams);

        more = streams->more;
        if (streams->count > 0)
            after = arena_copy_text(listing->cli->arena,
                                    bytes_of_text(streams->list[streams->count - 1].id));
        dynlog_streams_free(streams);
        if (!is_read)
            return CLI_FAILED;
    }
    if (listing->count == 0)
        cli_note(listing->cli, "%s has no streams%s.", on->log, on->after != NULL ? " there" : "");
    return CLI_DONE;
}

static int streams_run(struct cli *cli, const void *given)
{
    const struct streams_options *on = given;
    struct listing listing = {
        .cli = cli, .on = on, .table = {.columns = columns, .column_count = ARRAY_COUNT(columns)}};
    int exit_status = CLI_DONE;

    if (!cli_event_name(cli, on->log, on->after != NULL ? on->after : "any", &exit_status))
        return exit_status;

    AUTO(cli_place_release)
    struct dynlog *dynlog = cli_place_open(cli, &on->target, on->data, &exit_status);

    return dynlog != NULL ? list_all(&listing, dynlog) : exit_status;
}

const struct command command_streams = {
    .name = "streams",
    .group = COMMAND_EVENTS,
    .summary = "list the streams of a log",
    .description =
        "By id, with the version that each is at. A dynlog and a data folder step from "
        "stream to stream; of another engine, and of AWS, the whole table is read, once.",
    .example = "dynlog streams users\n"
               "dynlog streams users --after 12 --limit 100 --json",
    .options = {options, ARRAY_COUNT(options), arguments, ARRAY_COUNT(arguments)},
    .options_size = sizeof(struct streams_options),
    .run = streams_run,
};
