/* cli/replay.c - dynlog replay: the command line, who is asked, the filter. See replay.h. */
#include "cli/replay.h"

#include "base/clock.h"
#include "cli/archive.h"
#include "cli/function.h"
#include "cli/output.h"
#include "cli/server_door.h"
#include "cli/when.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define BUS_DEFAULT "dynamodb-log"
#define RATE_MAX 1000000

static const struct option_row options[] = {
    {.name = "from",
     .kind = OPTION_TEXT,
     .value_name = "SOURCE",
     .help = "db (the SQLite archive), bus-archive, change-stream (24 hours) or table",
     .offset = offsetof(struct replay_options, from)},
    {.name = "to",
     .kind = OPTION_TEXT,
     .value_name = "SINK",
     .help = "bus, table or function",
     .offset = offsetof(struct replay_options, to)},
    {.name = "archive",
     .kind = OPTION_TEXT,
     .value_name = "FILE",
     .help = "from db: the SQLite file, else ./" ARCHIVE_PATH_DEFAULT,
     .offset = offsetof(struct replay_options, archive)},
    {.name = "bus-archive",
     .kind = OPTION_TEXT,
     .value_name = "NAME",
     .help = "from bus-archive: its name, else " REPLAY_BUS_ARCHIVE_DEFAULT,
     .offset = offsetof(struct replay_options, bus_archive)},
    {.name = "bus",
     .kind = OPTION_TEXT,
     .value_name = "NAME",
     .help = "to bus: its name, else " BUS_DEFAULT,
     .offset = offsetof(struct replay_options, bus)},
    {.name = "function",
     .kind = OPTION_TEXT,
     .value_name = "NAME",
     .help = "to function: its name, its ARN, or its key in the stack file",
     .offset = offsetof(struct replay_options, function)},
    {.name = "since",
     .kind = OPTION_TEXT,
     .value_name = "TIME",
     .help = "events from then on: 2026-01-31T09:30:00Z, 2026-01-31, or so long ago (90, 1h30m, "
             "2d)",
     .offset = offsetof(struct replay_options, since)},
    {.name = "until",
     .kind = OPTION_TEXT,
     .value_name = "TIME",
     .help = "events before then",
     .offset = offsetof(struct replay_options, until)},
    {.name = "log",
     .kind = OPTION_TEXTS,
     .value_name = "LOG",
     .help = "only events of this log; may be given often",
     .offset = offsetof(struct replay_options, logs)},
    {.name = "type",
     .kind = OPTION_TEXTS,
     .value_name = "TYPE",
     .help = "only events of this type; may be given often",
     .offset = offsetof(struct replay_options, types)},
    {.name = "stream",
     .kind = OPTION_TEXT,
     .value_name = "LOG/ID",
     .help = "only events of this stream",
     .offset = offsetof(struct replay_options, stream)},
    {.name = "name",
     .kind = OPTION_TEXT,
     .value_name = "NAME",
     .help =
         "the replay's name: the same command goes on where it was interrupted; events on a bus "
         "have it as replay-name",
     .offset = offsetof(struct replay_options, name)},
    {.name = "rate",
     .kind = OPTION_NUMBER,
     .value_name = "N",
     .help = "at most so many events a second",
     .min = 1,
     .max = RATE_MAX,
     .offset = offsetof(struct replay_options, rate)},
    {.name = "dry-run",
     .kind = OPTION_FLAG,
     .help = "say what would go, and send nothing",
     .offset = offsetof(struct replay_options, dry_run)},
    {.name = "create",
     .kind = OPTION_FLAG,
     .help = "to table: make it when it is not there",
     .offset = offsetof(struct replay_options, create)},
    {.name = "json",
     .kind = OPTION_FLAG,
     .help = "JSON lines, on a terminal too; with --dry-run each event",
     .offset = offsetof(struct replay_options, json)},
    TARGET_TABLE_OPTIONS(struct replay_options),
    TARGET_OPTIONS(struct replay_options),
    {.name = "to-table",
     .kind = OPTION_TEXT,
     .value_name = "NAME",
     .help = "to table: its name, else that of --table or --stage",
     .offset = offsetof(struct replay_options, to_target.table)},
    {.name = "to-endpoint",
     .kind = OPTION_TEXT,
     .value_name = "URL",
     .help = "who gets the events, when that is somebody else than who is asked",
     .offset = offsetof(struct replay_options, to_target.endpoint)},
    {.name = "to-region",
     .kind = OPTION_TEXT,
     .value_name = "REGION",
     .help = "without --to-endpoint: AWS itself gets them, in this region",
     .offset = offsetof(struct replay_options, to_target.region)},
    {.name = "to-profile",
     .kind = OPTION_TEXT,
     .value_name = "NAME",
     .help = "keys for who gets the events",
     .offset = offsetof(struct replay_options, to_target.profile)},
};

static const char *const from_words[] = {"db", "bus-archive", "change-stream", "table"};
static const char *const to_words[] = {"bus", "table", "function"};

/* ---- the command line ---- */

static bool find_word(const char *text, const char *const *words, size_t count, unsigned *ret)
{
    for (size_t i = 0; text != NULL && i < count; i++) {
        if (strcmp(text, words[i]) != 0)
            continue;
        *ret = (unsigned)i;
        return true;
    }
    return false;
}

/* What was given and does not belong to this source and sink; NULL: nothing. */
static const char *stray(const struct replay *replay)
{
    const struct replay_options *on = replay->on;
    const struct {
        bool given, right;
        const char *name;
    } given[] = {
        {on->archive != NULL, replay->from == FROM_DB, "--archive is for --from db"},
        {on->bus_archive != NULL, replay->from == FROM_BUS_ARCHIVE,
         "--bus-archive is for --from bus-archive"},
        {on->bus != NULL, replay->to == TO_BUS, "--bus is for --to bus"},
        {on->function != NULL, replay->to == TO_FUNCTION, "--function is for --to function"},
        {on->create, replay->to == TO_TABLE, "--create is for --to table"},
        {on->to_target.table != NULL, replay->to == TO_TABLE, "--to-table is for --to table"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(given); i++)
        if (given[i].given && !given[i].right)
            return given[i].name;
    return NULL;
}

static bool is_good_name(const char *name)
{
    return strlen(name) <= REPLAY_NAME_SIZE_MAX && bytes_are_of(bytes_of_text(name), ".-_");
}

static const char *default_name(struct arena *arena)
{
    char iso[CLOCK_ISO_SIZE];

    clock_format_iso(cli_when_now(), true, iso);
    for (char *c = iso; *c != '\0'; c++)
        *c = *c == ':' ? '-' : *c;
    return arena_copy_text(arena, arena_printf(arena, "replay-%s", iso));
}

static bool read_words(struct replay *replay, int *ret_exit)
{
    const struct replay_options *on = replay->on;
    unsigned from = 0, to = 0;

    if (!find_word(on->from, from_words, ARRAY_COUNT(from_words), &from))
        *ret_exit = cli_fail_usage(replay->cli,
                                   "--from needs db, bus-archive, change-stream or table%s%s%s.",
                                   on->from != NULL ? ", not \"" : "",
                                   on->from != NULL ? on->from : "", on->from != NULL ? "\"" : "");
    else if (!find_word(on->to, to_words, ARRAY_COUNT(to_words), &to))
        *ret_exit = cli_fail_usage(replay->cli, "--to needs bus, table or function%s%s%s.",
                                   on->to != NULL ? ", not \"" : "", on->to != NULL ? on->to : "",
                                   on->to != NULL ? "\"" : "");
    replay->from = (enum replay_from)from;
    replay->to = (enum replay_to)to;
    return *ret_exit == CLI_DONE;
}

static bool read_options(struct replay *replay, int *ret_exit)
{
    const struct replay_options *on = replay->on;
    const struct cli *cli = replay->cli;

    if (!read_words(replay, ret_exit))
        return false;
    if (stray(replay) != NULL)
        *ret_exit = cli_fail_usage(cli, "%s.", stray(replay));
    else if (replay->to == TO_FUNCTION && on->function == NULL)
        *ret_exit = cli_fail_usage(cli, "--to function needs --function NAME.");
    else if (on->name != NULL && !is_good_name(on->name))
        *ret_exit = cli_fail_usage(cli,
                                   "--name needs at most %d letters, digits, dots, dashes and "
                                   "underscores, not \"%s\".",
                                   REPLAY_NAME_SIZE_MAX, on->name);
    if (*ret_exit != CLI_DONE ||
        !cli_when_read(cli, "--since", on->since, &replay->filter.since_ms, ret_exit) ||
        !cli_when_read(cli, "--until", on->until, &replay->filter.until_ms, ret_exit) ||
        !cli_stream_read(cli, on->stream, &replay->filter.pk, ret_exit))
        return false;
    replay->filter.logs = on->logs.texts;
    replay->filter.log_count = on->logs.count;
    replay->filter.types = on->types.texts;
    replay->filter.type_count = on->types.count;
    replay->archive = on->archive != NULL ? on->archive : ARCHIVE_PATH_DEFAULT;
    replay->bus = on->bus != NULL ? on->bus : BUS_DEFAULT;
    replay->name = on->name != NULL ? on->name : default_name(cli->arena);
    return true;
}

/* ---- who is asked, and who gets it ---- */

static bool has_server_source(const struct replay *replay)
{
    return replay->from != FROM_DB;
}

/* What is not said of the sink is as of the source; another place takes none of its names. */
static struct target_options sink_options(const struct replay_options *on)
{
    struct target_options to = on->to_target;

    if (to.endpoint == NULL && to.region == NULL) {
        to.endpoint = on->target.endpoint;
        to.region = on->target.region;
        if (to.profile == NULL)
            to.profile = on->target.profile;
    }
    to.stage = on->target.stage;
    if (to.table == NULL)
        to.table = on->target.table;
    return to;
}

static bool is_dynlog(struct client *client, struct arena *arena, bool *ret,
                      enum status *ret_status, struct client_answer *answer)
{
    const struct json *ignored = NULL;

    *ret_status = cli_server_ask_status(client, arena, &ignored, answer);
    *ret = *ret_status == OK;
    return *ret_status == OK || (*ret_status == REFUSED && client_is_stranger(answer));
}

static bool ask_who(struct replay *replay, struct client *client, bool *ret, int *ret_exit)
{
    struct client_answer answer = {0};
    enum status status = OK;

    if (is_dynlog(client, replay->cli->arena, ret, &status, &answer))
        return true;
    *ret_exit = cli_client_fail(replay->cli, client, status, &answer);
    return false;
}

/* From db, sealed payloads are opened by who is asked, when that is another place than the sink. */
static bool open_opener(struct replay *replay, int *ret_exit)
{
    const struct replay_options *on = replay->on;
    bool elsewhere = on->to_target.endpoint != NULL || on->to_target.region != NULL;
    const struct json *ignored = NULL;

    if (replay->from != FROM_DB)
        return true;
    if (on->target.endpoint == NULL || !elsewhere) {
        replay->opener = replay->to_dynlog ? replay->to_client : NULL;
        return true;
    }
    replay->own_opener = cli_client_open(replay->cli, &on->target, ret_exit);
    replay->opener = replay->own_opener;
    return replay->opener != NULL &&
           cli_server_status(replay->cli, replay->opener, replay->cli->arena, &ignored, ret_exit);
}

static bool open_clients(struct replay *replay, int *ret_exit)
{
    const struct replay_options *on = replay->on;
    struct target_options to = sink_options(on);

    replay->to_client = cli_client_open(replay->cli, &to, ret_exit);
    if (replay->to_client == NULL ||
        !ask_who(replay, replay->to_client, &replay->to_dynlog, ret_exit) ||
        !open_opener(replay, ret_exit))
        return false;
    if (!has_server_source(replay))
        return true;
    replay->client = cli_client_open(replay->cli, &on->target, ret_exit);
    if (replay->client == NULL || !ask_who(replay, replay->client, &replay->from_dynlog, ret_exit))
        return false;

    const struct target *source = client_target(replay->client);
    const struct target *sink = client_target(replay->to_client);

    if (replay->to != TO_TABLE || replay->from == FROM_BUS_ARCHIVE ||
        strcmp(source->url, sink->url) != 0 || strcmp(source->table, sink->table) != 0)
        return true;
    *ret_exit = cli_fail_usage(replay->cli,
                               "The table %s can't be replayed to itself: name another one with "
                               "--to-table NAME, or another place with --to-endpoint or "
                               "--to-region.",
                               sink->table);
    return false;
}

static bool prepare_sink(struct replay *replay, int *ret_exit)
{
    switch (replay->to) {
    case TO_BUS:
        replay->sink = &replay_to_bus;
        return replay_prepare_bus(replay, ret_exit);
    case TO_FUNCTION:
        replay->sink = &replay_to_function;
        replay->function = cli_function_name(replay->cli, replay->to_client, replay->on->function);
        return replay_prepare_function(replay, ret_exit);
    case TO_TABLE:
        replay->sink =
            client_target(replay->to_client)->is_aws ? &replay_to_table_singly : &replay_to_table;
        return replay_prepare_table(replay, ret_exit);
    }
    return false;
}

/* ---- what is the same when a run goes on ---- */

static void append_texts(struct buffer *out, const char *option, const struct option_texts *texts)
{
    for (size_t i = 0; i < texts->count; i++)
        buffer_printf(out, " %s %s", option, texts->texts[i]);
}

static void append_option(struct buffer *out, const char *option, const char *text)
{
    if (text != NULL)
        buffer_printf(out, " %s %s", option, text);
}

static struct bytes what_of(const struct replay *replay)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT((size_t)64 * 1024);
    const struct replay_options *on = replay->on;
    const struct target *to = client_target(replay->to_client);

    buffer_printf(&out, "--from %s", on->from);
    if (replay->from == FROM_DB)
        append_option(&out, "--archive", replay->archive);
    else
        buffer_printf(&out, " --endpoint %s --table %s", client_target(replay->client)->url,
                      client_target(replay->client)->table);
    buffer_printf(&out, " --to %s", on->to);
    if (replay->to == TO_TABLE)
        append_option(&out, "--to-table", to->table);
    if (replay->to == TO_BUS)
        append_option(&out, "--bus", replay->bus);
    append_option(&out, "--function", on->function);
    append_option(&out, "--to-endpoint", to->url);
    append_option(&out, "--since", on->since);
    append_option(&out, "--until", on->until);
    append_texts(&out, "--log", &on->logs);
    append_texts(&out, "--type", &on->types);
    append_option(&out, "--stream", on->stream);
    return arena_copy(replay->cli->arena, buffer_bytes(&out));
}

static const char *state_path(const struct replay *replay)
{
    struct arena *arena = replay->cli->arena;

    return arena_copy_text(arena, arena_printf(arena, "%s.replay-%s.json",
                                               replay->from == FROM_DB ? replay->archive : "dynlog",
                                               replay->name));
}

/* The mark is "SINCE UNTIL" in milliseconds, and the source's: "--since 1h" stays the hour before
 * the first start. */
static bool read_mark(struct replay *replay)
{
    struct bytes mark = replay->mark;
    size_t first = bytes_find_byte(mark, ' ', 0);
    size_t second = first == SIZE_MAX ? SIZE_MAX : bytes_find_byte(mark, ' ', first + 1);

    if (second == SIZE_MAX)
        return false;
    replay->source_mark = bytes_slice(mark, second + 1, mark.size);
    return bytes_to_uint64(bytes_slice(mark, 0, first), &replay->filter.since_ms) &&
           bytes_to_uint64(bytes_slice(mark, first + 1, second - first - 1),
                           &replay->filter.until_ms);
}

static struct replay_source *open_source(struct replay *replay, int *ret_exit)
{
    switch (replay->from) {
    case FROM_DB:
        return replay_open_db(replay, ret_exit);
    case FROM_TABLE:
        return replay_open_table(replay, ret_exit);
    case FROM_CHANGE_STREAM:
        return replay_open_stream(replay, ret_exit);
    case FROM_BUS_ARCHIVE:
        break;
    }
    assert(false && "the server replays its archives");
    return NULL;
}

static bool open_state_and_source(struct replay *replay, int *ret_exit)
{
    bool is_kept = replay->on->name != NULL && !replay->on->dry_run;
    struct bytes what = what_of(replay);

    if (is_kept) {
        replay->state_path = state_path(replay);
        if (!replay_state_open(replay, replay->state_path, what, ret_exit))
            return false;
        if (replay->mark.size > 0 && !read_mark(replay)) {
            *ret_exit =
                cli_fail(replay->cli, CLI_FAILED, "%s is damaged: delete it.", replay->state_path);
            return false;
        }
    }
    replay->source = open_source(replay, ret_exit);
    if (replay->source == NULL || !is_kept)
        return replay->source != NULL;
    return replay_state_begin(replay, what,
                              arena_printf(replay->cli->arena, "%" PRIu64 " %" PRIu64 " %.*s",
                                           replay->filter.since_ms, replay->filter.until_ms,
                                           BYTES_ARG(replay->source->mark)),
                              ret_exit);
}

/* ---- the filter ---- */

static bool is_one_of(const char *const *texts, size_t count, struct bytes text)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_equal_text(text, texts[i]))
            return true;
    return count == 0;
}

bool replay_takes(struct replay *replay, const struct replay_event *event)
{
    const struct archive_filter *filter = &replay->filter;

    if (!is_one_of(filter->logs, filter->log_count, event->log) ||
        !is_one_of(filter->types, filter->type_count, event->type) ||
        (filter->pk.size > 0 && !bytes_equal(filter->pk, event->pk)))
        return false;
    if (filter->since_ms == 0 && filter->until_ms == 0)
        return true;
    if (event->time_ms == 0) {
        replay->without_time++;
        return false;
    }
    return event->time_ms >= filter->since_ms &&
           (filter->until_ms == 0 || event->time_ms < filter->until_ms);
}

/* ---- a run ---- */

static int run(struct replay *replay)
{
    uint64_t begin_ns = clock_monotonic_ns(), before = replay->place.counts.read, took_ms = 0;
    int exit_status = CLI_DONE;
    enum replay_end end = REPLAY_ALL;

    if (before > 0)
        cli_note(replay->cli, "Replay %s goes on behind %s.", replay->name,
                 cli_things_text(before, "event"));
    end = replay_run(replay, &exit_status);
    took_ms = (clock_monotonic_ns() - begin_ns) / 1000000;
    return replay_tell_end(replay, end, took_ms, before, exit_status);
}

/* ---- all of it ---- */

static void release(struct replay *replay)
{
    if (replay->source != NULL)
        replay->source->close(replay->source);
    replay_state_close(replay->state);
    client_free(replay->client);
    client_free(replay->to_client);
    client_free(replay->own_opener);
}

static int replay_all(struct replay *replay)
{
    int exit_status = CLI_DONE;

    if (!read_options(replay, &exit_status) || !open_clients(replay, &exit_status))
        return exit_status;
    if (replay->from == FROM_BUS_ARCHIVE)
        return replay_by_server(replay);
    if (!open_state_and_source(replay, &exit_status) || !prepare_sink(replay, &exit_status))
        return exit_status;
    return replay->on->dry_run ? replay_dry_run(replay) : run(replay);
}

static int replay_run_command(struct cli *cli, const void *given)
{
    struct replay *replay = mem_new(sizeof *replay);
    int exit_status = CLI_DONE;

    replay->cli = cli;
    replay->on = given;
    exit_status = replay_all(replay);
    release(replay);
    mem_free(replay);
    return exit_status;
}

const struct command command_replay = {
    .name = "replay",
    .group = COMMAND_REPLAY,
    .summary = "send events once more: from an archive, a change stream or a table",
    .description =
        "To a table each event once: what is there already is skipped, and what is there with "
        "other content is told, never overwritten (exit status 3). To a bus with replay-name, so "
        "that rules can tell. To a function as a rule would hand it over. Events of one stream go "
        "in order, several streams at once. With --name an interrupted replay goes on where it "
        "was.",
    .example = "dynlog replay --from db --to table --to-table fresh --create\n"
               "dynlog replay --from db --to bus --log users --since 1h --name again\n"
               "dynlog replay --from table --to function --function eventHandler --rate 100\n"
               "dynlog replay --from bus-archive --to bus --name again\n"
               "dynlog replay --from db --to table --dry-run",
    .options = {options, ARRAY_COUNT(options), NULL, 0},
    .options_size = sizeof(struct replay_options),
    .run = replay_run_command,
};
