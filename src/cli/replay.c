/* cli/replay.c - dynlog replay: the command line, what would go, the summary. See replay.h. */
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
     .help = "from bus-archive: its name, else dynamodb-logs-archive",
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
    return *ret_status == OK || *ret_status == REFUSED;
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

static bool open_clients(struct replay *replay, int *ret_exit)
{
    const struct replay_options *on = replay->on;
    struct target_options to = sink_options(on);

    replay->to_client = cli_client_open(replay->cli, &to, ret_exit);
    if (replay->to_client == NULL ||
        !ask_who(replay, replay->to_client, &replay->to_dynlog, ret_exit))
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
        return true;
    case TO_FUNCTION:
        replay->sink = &replay_to_function;
        replay->function = cli_function_name(replay->cli, replay->to_client, replay->on->function);
        return true;
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

/* ---- what would go ---- */

struct kind {
    struct bytes log, type;
    uint64_t events, first_ms, last_ms;
};

#define KINDS_MAX 10000 /* of log and type, in a table of --dry-run; others are not told apart */

struct kinds {
    struct kind *list;
    size_t count, capacity;
};

static void count_kind(struct replay *replay, struct kinds *kinds, const struct replay_event *event)
{
    struct arena *arena = replay->cli->arena;
    struct kind *kind = NULL;

    for (size_t i = 0; i < kinds->count && kind == NULL; i++)
        if (bytes_equal(kinds->list[i].log, event->log) &&
            bytes_equal(kinds->list[i].type, event->type))
            kind = &kinds->list[i];
    if (kind == NULL && kinds->count < KINDS_MAX) {
        kinds->list = arena_grow(arena, kinds->list, kinds->count, kinds->count + 1,
                                 &kinds->capacity, sizeof *kinds->list);
        kind = &kinds->list[kinds->count++];
        *kind = (struct kind){.log = arena_copy(arena, event->log),
                              .type = arena_copy(arena, event->type),
                              .first_ms = event->time_ms};
    }
    if (kind == NULL)
        kind = &kinds->list[KINDS_MAX - 1];
    kind->events++;
    if (event->time_ms < kind->first_ms)
        kind->first_ms = event->time_ms;
    if (event->time_ms > kind->last_ms)
        kind->last_ms = event->time_ms;
}

static const struct table_column kind_columns[] = {
    {"LOG", false, false},         {"TYPE", false, false}, {"EVENTS", true, false},
    {"FIRST (UTC)", false, false}, {"LAST", false, false},
};

static void print_kinds(const struct replay *replay, const struct kinds *kinds)
{
    struct cli *cli = replay->cli;
    struct cli_table table = {.columns = kind_columns, .column_count = ARRAY_COUNT(kind_columns)};
    uint64_t events = 0;

    for (size_t i = 0; i < kinds->count; i++) {
        const struct kind *kind = &kinds->list[i];
        struct bytes cells[] = {
            kind->log.size > 0 ? kind->log : BYTES("-"),
            kind->type.size > 0 ? kind->type : BYTES("-"),
            arena_printf(cli->arena, "%s", cli_count_text((int64_t)kind->events)),
            cli_when_text(cli->arena, kind->first_ms),
            cli_when_text(cli->arena, kind->last_ms),
        };

        events += kind->events;
        cli_table_add(cli, &table, cells);
    }
    if (kinds->count > 0)
        cli_table_print(cli, &table);
    fprintf(cli->out, "%s%s events would go to the %s; nothing was sent.\n",
            kinds->count > 0 ? "\n" : "", cli_count_text((int64_t)events), replay->on->to);
}

/* What can't go is told on stderr, in its place. */
static bool print_event(struct replay *replay, const struct replay_event *event)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(REPLAY_TEXT_SIZE_MAX * 2);
    struct bytes why = {NULL, 0};

    if (replay->sink->print(replay, arena, event, &out, &why))
        return cli_line(replay->cli, buffer_bytes(&out));
    cli_fail(replay->cli, CLI_FAILED, "%.*s would fail: %.*s.",
             BYTES_ARG(replay_event_name(arena, event)), BYTES_ARG(why));
    return true;
}

static int dry_run(struct replay *replay)
{
    bool people = cli_for_people(replay->cli, replay->on->json);
    struct kinds kinds = {0};
    struct replay_event *event = NULL;
    enum replay_reading reading = REPLAY_READ;
    bool well = true;

    while (well && (reading = replay->source->next(replay->source, &event)) == REPLAY_READ) {
        if (people)
            count_kind(replay, &kinds, event);
        else
            well = print_event(replay, event);
        mem_free(event);
    }
    if (people && reading == REPLAY_END)
        print_kinds(replay, &kinds);
    return well && reading == REPLAY_END ? CLI_DONE : CLI_FAILED;
}

/* ---- the summary ---- */

static const struct table_column count_columns[] = {
    {"READ", true, false},      {"SENT", true, false},   {"SKIPPED", true, false},
    {"DIFFERENT", true, false}, {"FAILED", true, false},
};

static void summary_for_people(const struct replay *replay, uint64_t took_ms, uint64_t before)
{
    struct cli *cli = replay->cli;
    const struct replay_counts *counts = &replay->place.counts;
    const uint64_t numbers[] = {counts->read, counts->sent, counts->skipped, counts->different,
                                counts->failed};
    struct cli_table table = {.columns = count_columns, .column_count = ARRAY_COUNT(count_columns)};
    struct bytes cells[ARRAY_COUNT(count_columns)];
    uint64_t now = counts->read - before;

    for (size_t i = 0; i < ARRAY_COUNT(cells); i++)
        cells[i] = arena_printf(cli->arena, "%s", cli_count_text((int64_t)numbers[i]));
    cli_table_add(cli, &table, cells);
    cli_table_print(cli, &table);
    fprintf(cli->out, "\ntook %s", cli_duration_text(took_ms));
    if (took_ms > 0)
        fprintf(cli->out, ", %s events/s", cli_count_text((int64_t)(now * 1000 / took_ms)));
    if (replay->to == TO_BUS)
        fprintf(cli->out, "; replay-name %s", replay->name);
    fprintf(cli->out, "\n");
}

static bool summary_line(const struct replay *replay, enum replay_end end, uint64_t took_ms)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    const struct replay_counts *counts = &replay->place.counts;
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    json_member_text(&w, "name", replay->name);
    json_member_text(&w, "from", replay->on->from);
    json_member_text(&w, "to", replay->on->to);
    json_member_uint(&w, "read", counts->read);
    json_member_uint(&w, "sent", counts->sent);
    json_member_uint(&w, "skipped", counts->skipped);
    json_member_uint(&w, "different", counts->different);
    json_member_uint(&w, "failed", counts->failed);
    json_member_bool(&w, "finished", end == REPLAY_ALL);
    json_member_uint(&w, "tookMs", took_ms);
    json_end_object(&w);
    return cli_line(replay->cli, buffer_bytes(&out));
}

static void tell_without_time(const struct replay *replay)
{
    if (replay->without_time > 0)
        cli_note(replay->cli,
                 "%s items have no time (a dynlog or meta.time tells it) and were left out by "
                 "--since and --until.",
                 cli_count_text((int64_t)replay->without_time));
}

static int end_of(const struct replay *replay, enum replay_end end, int exit_status)
{
    const struct replay_counts *counts = &replay->place.counts;

    if (end != REPLAY_ALL && replay->state != NULL)
        cli_fail(replay->cli, CLI_FAILED,
                 "%s: %s events are done. The same command goes on behind them (%s).",
                 end == REPLAY_INTERRUPTED ? "Interrupted" : "Not finished",
                 cli_count_text((int64_t)counts->read), replay->state_path);
    else if (end != REPLAY_ALL)
        cli_fail(replay->cli, CLI_FAILED,
                 "%s: %s events are done. With --name a replay can go on where it was.",
                 end == REPLAY_INTERRUPTED ? "Interrupted" : "Not finished",
                 cli_count_text((int64_t)counts->read));
    if (end == REPLAY_BROKEN)
        return exit_status;
    if (end == REPLAY_INTERRUPTED || counts->failed > 0)
        return CLI_FAILED;
    return counts->different > 0 ? CLI_LOST_RACE : CLI_DONE;
}

static int run(struct replay *replay)
{
    uint64_t begin_ns = clock_monotonic_ns(), before = replay->place.counts.read, took_ms = 0;
    int exit_status = CLI_DONE;
    enum replay_end end = REPLAY_ALL;

    if (before > 0)
        cli_note(replay->cli, "Replay %s goes on: %s events are done.", replay->name,
                 cli_count_text((int64_t)before));
    end = replay_run(replay, &exit_status);
    took_ms = (clock_monotonic_ns() - begin_ns) / 1000000;
    if (cli_for_people(replay->cli, replay->on->json))
        summary_for_people(replay, took_ms, before);
    else if (!summary_line(replay, end, took_ms))
        return CLI_FAILED;
    tell_without_time(replay);
    return end_of(replay, end, exit_status);
}

/* ---- all of it ---- */

static void release(struct replay *replay)
{
    if (replay->source != NULL)
        replay->source->close(replay->source);
    replay_state_close(replay->state);
    client_free(replay->client);
    client_free(replay->to_client);
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
    return replay->on->dry_run ? dry_run(replay) : run(replay);
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
