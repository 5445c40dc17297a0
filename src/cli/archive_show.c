/* cli/archive_show.c - dynlog archive show: events, or the one with an id. See archive.h. */
#include "cli/archive.h"

#include "cli/output.h"
#include "cli/when.h"

#define SHOW_LIMIT_DEFAULT 20 /* on a terminal; into a pipe all of them go */

static const struct table_column event_columns[] = {
    {"TIME (UTC)", false, false}, {"STREAM", false, false}, {"VERSION", true, false},
    {"TYPE", false, false},       {"PAYLOAD", false, true},
};

static struct bytes text_of(struct arena *arena, const struct json *value)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);

    if (value == NULL)
        return BYTES("-");
    json_print(&out, value);
    return arena_copy(arena, buffer_bytes(&out));
}

/* "users/12"; of an event that is no log's: its source. */
static struct bytes stream_of(struct arena *arena, const struct json *event)
{
    struct bytes pk = json_get_string(json_get(json_get(event, "detail"), "key"), "pk");
    size_t hash = bytes_find_byte(pk, '#', 0), suffix = strlen("#stream");

    if (pk.size == 0)
        return cli_archive_name(json_get_string(event, "source"));
    if (!bytes_end_with(pk, BYTES("#stream")) || hash + 1 + suffix >= pk.size)
        return pk;
    return arena_printf(arena, "%.*s/%.*s", BYTES_ARG(bytes_slice(pk, 0, hash)),
                        BYTES_ARG(bytes_slice(pk, hash + 1, pk.size - suffix - hash - 1)));
}

static struct bytes payload_of(struct arena *arena, const struct sealed_event *shown,
                               const struct json *event)
{
    const struct json *detail = json_get(event, "detail");
    const struct json *payload = json_get(detail, "payload");

    if (event == NULL)
        return shown->text;
    if (shown->state != SEALED_NOT)
        return BYTES("(sealed)");
    if (shown->forgotten)
        return BYTES("(forgotten)");
    return text_of(arena, payload != NULL ? payload : detail);
}

static void add_event(struct cli *cli, struct cli_table *table, uint64_t time_ms,
                      const struct sealed_event *shown)
{
    struct arena *arena = cli->arena;
    const struct json *event = NULL;

    if (json_parse(arena, shown->text, &event, NULL) != OK)
        event = NULL;

    const struct json *detail = json_get(event, "detail");
    struct bytes cells[] = {
        cli_when_text(arena, time_ms),
        stream_of(arena, event),
        text_of(arena, json_get(json_get(detail, "key"), "sk")),
        cli_archive_name(json_get_string(detail, "type")),
        payload_of(arena, shown, event),
    };

    cli_table_add(cli, table, cells);
}

/* ---- one that can't be opened is shown as it is, and told ---- */

struct showing {
    struct archiving *archiving;
    struct cli_table table;
    size_t sealed, refused;
    struct bytes why; /* of the first that was refused */
};

static void note_sealed(struct showing *showing, const struct sealed_event *event)
{
    struct archiving *archiving = showing->archiving;
    struct cli *cli = archiving->cli;

    showing->sealed += event->state == SEALED_SHUT;
    if (event->state != SEALED_REFUSED)
        return;
    if (showing->refused++ == 0)
        showing->why = cli_sealed_why(cli->arena, event, client_target(archiving->opener)->url);
}

static int tell_sealed(const struct showing *showing, bool people)
{
    const struct cli *cli = showing->archiving->cli;

    if (showing->refused > 0)
        return cli_fail(cli, CLI_FAILED, "%zu of the events could not be opened. The first: %.*s.",
                        showing->refused, BYTES_ARG(showing->why));
    if (people && showing->sealed > 0)
        cli_note(cli, "(sealed) is the payload of a private log: --open asks the dynlog that "
                      "stored it.");
    return CLI_DONE;
}

/* ---- events ---- */

/* On a terminal they wait for the width of their columns. */
static bool show_event(struct showing *showing, uint64_t time_ms, struct sealed_event *event,
                       bool people)
{
    struct cli *cli = showing->archiving->cli;

    note_sealed(showing, event);
    if (!people)
        return cli_line(cli, event->text);
    event->text = arena_copy(cli->arena, event->text);
    add_event(cli, &showing->table, time_ms, event);
    return true;
}

static int show_all(struct showing *showing, struct archive_reader *reader, bool people)
{
    struct sealed_event event;
    int exit_status = CLI_DONE;

    while (cli_archive_next(reader, &event, &exit_status) == ARCHIVE_READ)
        if (!show_event(showing, reader->places[reader->next - 1].time_ms, &event, people))
            return CLI_FAILED;
    return exit_status;
}

/* The last `limit` of the places. */
static int show_places(struct archiving *archiving, struct archive_file *file,
                       const struct archive_place *places, size_t count)
{
    struct cli *cli = archiving->cli;
    bool people = cli_for_people(cli, archiving->on->json);
    size_t limit = archiving->on->limit > 0 ? (size_t)archiving->on->limit
                   : people                 ? SHOW_LIMIT_DEFAULT
                                            : SIZE_MAX;
    size_t first = count - size_min(count, limit);
    struct showing showing = {
        .archiving = archiving,
        .table = {.columns = event_columns, .column_count = ARRAY_COUNT(event_columns)}};
    AUTO(cli_archive_reader_end)
    struct archive_reader reader = {.cli = cli,
                                    .path = archiving->path,
                                    .file = file,
                                    .places = places,
                                    .count = count,
                                    .next = first,
                                    .opener = archiving->opener};
    int exit_status = show_all(&showing, &reader, people);

    if (exit_status != CLI_DONE)
        return exit_status;
    if (people && count > first)
        cli_table_print(cli, &showing.table);
    if (people && first > 0)
        cli_note(cli, "These are the last %zu of %s events; --limit N shows more.", count - first,
                 cli_count_text((int64_t)count));
    if (count == 0)
        cli_note(cli, "There are no such events in %s.", archiving->path);
    return tell_sealed(&showing, people);
}

/* ---- one event ---- */

static int show_one(struct archiving *archiving, struct archive_file *file)
{
    struct cli *cli = archiving->cli;
    const char *id = archiving->on->what;
    char message[ARCHIVE_MESSAGE_SIZE] = "";
    struct showing showing = {.archiving = archiving};
    struct sealed_event event = {0};
    struct client_answer answer = {0};
    enum status status =
        archive_file_find(file, cli->arena, bytes_of_text(id), &event.text, message);

    if (status == NOT_FOUND)
        return cli_fail(cli, CLI_FAILED, "%s has no event with the id %s.", archiving->path, id);
    if (status != OK)
        return cli_archive_fail(cli, archiving->path, message);
    cli_sealed_look(&event);
    if (archiving->opener != NULL)
        status = cli_sealed_open(archiving->opener, cli->arena, &event, 1, &answer);
    if (status != OK)
        return cli_client_fail(cli, archiving->opener, status, &answer);
    note_sealed(&showing, &event);
    return cli_line(cli, event.text) ? tell_sealed(&showing, false) : CLI_FAILED;
}

int cli_archive_show(struct archiving *archiving)
{
    struct cli *cli = archiving->cli;
    char message[ARCHIVE_MESSAGE_SIZE] = "";
    struct archive_place *places = NULL;
    size_t count = 0;
    int64_t row = 0;
    int exit_status = CLI_DONE;
    AUTO(archive_file_release)
    struct archive_file *file =
        cli_archive_open(cli, archiving->path, ARCHIVE_FILE_READ, &exit_status);

    if (file == NULL)
        return exit_status;
    if (archiving->on->what != NULL)
        return show_one(archiving, file);
    if (archive_file_select(file, &archiving->filter, &places, &count, &row, message) != OK)
        return cli_archive_fail(cli, archiving->path, message);
    exit_status = show_places(archiving, file, places, count);
    mem_free(places);
    return exit_status;
}
