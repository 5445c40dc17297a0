/* cli/read.c - dynlog read: the events of one stream, in order. */
#include "cli/event.h"
#include "cli/output.h"
#include "cli/place.h"

#include <inttypes.h>

/* Events of a stretch of the table, whose columns are as wide as these need. */
#define ROWS_MAX 500

struct read_options {
    struct target_options target;
    const char *data;
    const char *log, *id;
    int64_t from, to, limit;
    bool backward, json;
};

static const struct argument_row arguments[] = {
    {"LOG", "the log, for example users", offsetof(struct read_options, log), false},
    {"ID", "the entity whose stream it is, for example 12", offsetof(struct read_options, id),
     false},
};

static const struct option_row options[] = {
    {.name = "from",
     .kind = OPTION_NUMBER,
     .value_name = "VERSION",
     .help = "only this version and later ones",
     .min = 0,
     .max = INT64_MAX,
     .offset = offsetof(struct read_options, from)},
    {.name = "to",
     .kind = OPTION_NUMBER,
     .value_name = "VERSION",
     .help = "only this version and earlier ones",
     .min = 0,
     .max = INT64_MAX,
     .number_default = INT64_MAX,
     .offset = offsetof(struct read_options, to)},
    {.name = "backward",
     .kind = OPTION_FLAG,
     .help = "the last event first",
     .offset = offsetof(struct read_options, backward)},
    {.name = "limit",
     .kind = OPTION_NUMBER,
     .value_name = "N",
     .help = "at most so many events",
     .min = 1,
     .max = INT64_MAX,
     .number_default = INT64_MAX,
     .offset = offsetof(struct read_options, limit)},
    {.name = "json",
     .kind = OPTION_FLAG,
     .help = "a JSON line an event, on a terminal too",
     .offset = offsetof(struct read_options, json)},
    TARGET_TABLE_OPTIONS(struct read_options),
    TARGET_OPTIONS(struct read_options),
    PLACE_OPTIONS(struct read_options),
};

static const struct table_column columns[] = {
    {"VERSION", true, false},
    {"TYPE", false, false},
    {"PAYLOAD", false, true},
};

struct reading {
    struct cli *cli;
    const struct read_options *on;
    struct dynlog_reader *reader;
    struct arena *arena; /* of the rows that are not printed yet */
    struct cli_table table;
    size_t row_count; /* of these */
    int64_t count;
};

static void print_rows(struct reading *reading)
{
    if (reading->row_count > 0)
        cli_table_print(reading->cli, &reading->table);
    reading->row_count = 0;
    arena_reset(reading->arena);
}

/* False: nobody reads on. */
static bool show(struct reading *reading, const struct dynlog_event *from)
{
    struct cli *cli = reading->cli;
    struct event event;

    cli_event_of_dynlog(reading->arena, from, &event);
    reading->count++;
    if (cli_for_people(cli, reading->on->json)) {
        struct bytes cells[] = {event.version, event.type, cli_event_payload(&event)};

        cli_table_add(cli, &reading->table, cells);
        if (++reading->row_count == ROWS_MAX)
            print_rows(reading);
        return ferror(cli->out) == 0;
    }

    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);

    cli_event_print(&out, &event);
    buffer_append_byte(&out, '\n');
    arena_reset(reading->arena);
    return fwrite(out.ptr, 1, out.size, cli->out) == out.size;
}

static int read_all(struct reading *reading)
{
    struct cli *cli = reading->cli;
    const struct read_options *on = reading->on;
    struct dynlog_event event;
    struct dynlog_error error;
    enum dynlog_status status = DYNLOG_OK;

    while ((status = dynlog_next(reading->reader, 0, &event, &error)) == DYNLOG_OK)
        if (!show(reading, &event))
            return CLI_FAILED;
    print_rows(reading);
    if (fflush(cli->out) != 0)
        return CLI_FAILED;
    if (status != DYNLOG_END)
        return cli_place_fail(cli, &error);
    if (reading->count == 0)
        cli_note(cli, "%s/%s has no events%s.", on->log, on->id,
                 on->from > 0 || on->to < INT64_MAX ? " there" : "");
    return CLI_DONE;
}

static int read_run(struct cli *cli, const void *given)
{
    const struct read_options *on = given;
    /* --to 0: before the first; 0 is every version for the library */
    struct dynlog_range range = {.from = (uint64_t)(on->to == 0 ? INT64_MAX : on->from),
                                 .to = (uint64_t)on->to,
                                 .limit = (uint64_t)on->limit,
                                 .backward = on->backward};
    struct dynlog_error error;
    int exit_status = CLI_DONE;

    if (!cli_event_name(cli, on->log, on->id, &exit_status))
        return exit_status;
    if (on->from > on->to)
        return cli_fail_usage(cli, "--from %" PRId64 " is above --to %" PRId64 ".", on->from,
                              on->to);

    AUTO(cli_place_release)
    struct dynlog *dynlog = cli_place_open(cli, &on->target, on->data, &exit_status);
    AUTO(cli_reader_release) struct dynlog_reader *reader = NULL;
    AUTO(arena_release) struct arena *arena = arena_new();

    if (dynlog == NULL)
        return exit_status;
    if (dynlog_read(dynlog, on->log, on->id, &range, &reader, &error) != DYNLOG_OK)
        return cli_place_fail(cli, &error);

    struct reading reading = {
        .cli = cli,
        .on = on,
        .reader = reader,
        .arena = arena,
        .table = {.columns = columns, .column_count = ARRAY_COUNT(columns)},
    };

    return read_all(&reading);
}

const struct command command_read = {
    .name = "read",
    .summary = "print the events of a stream, in order",
    .example = "dynlog read users 12\n"
               "dynlog read users 12 --backward --limit 1 --json",
    .options = {options, ARRAY_COUNT(options), arguments, ARRAY_COUNT(arguments)},
    .options_size = sizeof(struct read_options),
    .run = read_run,
};
