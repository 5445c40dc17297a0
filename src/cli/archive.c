/* cli/archive.c - dynlog archive: the SQLite file of events, for people. See archive.h. */
#include "cli/archive.h"

#include "base/clock.h"
#include "cli/output.h"
#include "cli/server_door.h"
#include "cli/when.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

static const struct argument_row arguments[] = {
    {"ACTION", "list, show, export, import or prune", offsetof(struct archive_options, action),
     false},
    {"WHAT", "show: an event's id; export, import: a file, else standard output and input",
     offsetof(struct archive_options, what), true},
};

static const struct option_row options[] = {
    {.name = "archive",
     .kind = OPTION_TEXT,
     .value_name = "FILE",
     .help = "the SQLite file, else ./" ARCHIVE_PATH_DEFAULT,
     .offset = offsetof(struct archive_options, archive)},
    {.name = "since",
     .kind = OPTION_TEXT,
     .value_name = "TIME",
     .help = "events from then on: 2026-01-31T09:30:00Z, 2026-01-31, or so long ago (90, 1h30m, "
             "2d)",
     .offset = offsetof(struct archive_options, since)},
    {.name = "until",
     .kind = OPTION_TEXT,
     .value_name = "TIME",
     .help = "events before then",
     .offset = offsetof(struct archive_options, until)},
    {.name = "log",
     .kind = OPTION_TEXTS,
     .value_name = "LOG",
     .help = "only events of this log; may be given often",
     .offset = offsetof(struct archive_options, logs)},
    {.name = "type",
     .kind = OPTION_TEXTS,
     .value_name = "TYPE",
     .help = "only events of this type; may be given often",
     .offset = offsetof(struct archive_options, types)},
    {.name = "stream",
     .kind = OPTION_TEXT,
     .value_name = "LOG/ID",
     .help = "only events of this stream",
     .offset = offsetof(struct archive_options, stream)},
    {.name = "limit",
     .kind = OPTION_NUMBER,
     .value_name = "N",
     .help = "show: the last N events; else 20 on a terminal, and all in a pipe",
     .min = 1,
     .max = INT64_MAX,
     .offset = offsetof(struct archive_options, limit)},
    {.name = "before",
     .kind = OPTION_TEXT,
     .value_name = "TIME",
     .help = "prune: delete what is older than that",
     .offset = offsetof(struct archive_options, before)},
    {.name = "keep",
     .kind = OPTION_TEXT,
     .value_name = "DURATION",
     .help = "prune: delete what is older than so long (30d)",
     .offset = offsetof(struct archive_options, keep)},
    {.name = "yes",
     .letter = 'y',
     .kind = OPTION_FLAG,
     .help = "prune: do not ask",
     .offset = offsetof(struct archive_options, yes)},
    {.name = "open",
     .kind = OPTION_FLAG,
     .help = "show, export: with the payloads of private logs, which the dynlog that stored them "
             "opens; else they stay sealed",
     .offset = offsetof(struct archive_options, open)},
    {.name = "json",
     .kind = OPTION_FLAG,
     .help = "JSON lines, on a terminal too",
     .offset = offsetof(struct archive_options, json)},
    {.name = "endpoint",
     .kind = OPTION_TEXT,
     .value_name = "URL",
     .help = "--open: who is asked; else $AWS_ENDPOINT_URL, else " TARGET_ENDPOINT_DEFAULT,
     .offset = offsetof(struct archive_options, target.endpoint)},
    {.name = "profile",
     .kind = OPTION_TEXT,
     .value_name = "NAME",
     .help = "--open: keys of this profile of ~/.aws/credentials",
     .offset = offsetof(struct archive_options, target.profile)},
};

/* ---- the file ---- */

struct archive_file *cli_archive_open(const struct cli *cli, const char *path,
                                      enum archive_file_mode mode, int *ret_exit)
{
    char message[ARCHIVE_MESSAGE_SIZE] = "";
    struct archive_file *file = NULL;
    enum status status = archive_file_open(path, mode, &file, message);

    if (status == OK)
        return file;
    if (status == NOT_FOUND)
        *ret_exit = cli_fail(cli, CLI_FAILED,
                             "There is no archive %s. `dynlog start` writes one; --archive FILE "
                             "names another.",
                             path);
    else
        *ret_exit = cli_fail(cli, CLI_FAILED, "The archive %s can't be used: %s.", path, message);
    return NULL;
}

int cli_archive_fail(const struct cli *cli, const char *path, const char *message)
{
    return cli_fail(cli, CLI_FAILED, "The archive %s: %s.", path, message);
}

int64_t cli_archive_size(const char *path)
{
    char wal[4096];
    struct stat file;
    int64_t size = 0;

    snprintf(wal, sizeof wal, "%s-wal", path);
    if (stat(path, &file) == 0)
        size += file.st_size;
    if (stat(wal, &file) == 0)
        size += file.st_size;
    return size;
}

/* ---- list ---- */

static const struct table_column count_columns[] = {
    {"LOG", false, false},         {"TYPE", false, false}, {"EVENTS", true, false},
    {"FIRST (UTC)", false, false}, {"LAST", false, false},
};

struct bytes cli_archive_name(struct bytes name)
{
    return name.size > 0 ? name : BYTES("-");
}

static void list_for_people(const struct archiving *archiving, const struct archive_count *counts,
                            size_t count)
{
    struct cli *cli = archiving->cli;
    struct arena *arena = cli->arena;
    struct cli_table table = {.columns = count_columns, .column_count = ARRAY_COUNT(count_columns)};
    uint64_t events = 0;

    for (size_t i = 0; i < count; i++) {
        struct bytes cells[] = {
            cli_archive_name(counts[i].log),
            cli_archive_name(counts[i].type),
            arena_printf(arena, "%s", cli_count_text((int64_t)counts[i].events)),
            cli_when_text(arena, counts[i].first_ms),
            cli_when_text(arena, counts[i].last_ms),
        };

        events += counts[i].events;
        cli_table_add(cli, &table, cells);
    }
    if (count > 0)
        cli_table_print(cli, &table);
    fprintf(cli->out, "%s%s in %s (%s)\n", count > 0 ? "\n" : "", cli_things_text(events, "event"),
            archiving->path, cli_size_text(cli_archive_size(archiving->path)));
}

static void member_time(struct json_writer *w, const char *name, uint64_t time_ms)
{
    char iso[CLOCK_ISO_SIZE];

    if (time_ms == 0)
        return;
    clock_format_iso(time_ms, true, iso);
    json_member_text(w, name, iso);
}

static bool list_line(const struct cli *cli, const struct archive_count *count)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    json_member_string(&w, "log", count->log);
    json_member_string(&w, "type", count->type);
    json_member_uint(&w, "events", count->events);
    json_member_uint(&w, "bytes", count->bytes);
    member_time(&w, "first", count->first_ms);
    member_time(&w, "last", count->last_ms);
    json_end_object(&w);
    return cli_line(cli, buffer_bytes(&out));
}

static int list(struct archiving *archiving)
{
    struct cli *cli = archiving->cli;
    char message[ARCHIVE_MESSAGE_SIZE] = "";
    struct archive_count *counts = NULL;
    size_t count = 0;
    int exit_status = CLI_DONE;
    AUTO(archive_file_release)
    struct archive_file *file =
        cli_archive_open(cli, archiving->path, ARCHIVE_FILE_READ, &exit_status);

    if (file == NULL)
        return exit_status;
    if (archive_file_counts(file, &archiving->filter, cli->arena, &counts, &count, message) != OK)
        return cli_archive_fail(cli, archiving->path, message);
    if (cli_for_people(cli, archiving->on->json)) {
        list_for_people(archiving, counts, count);
        return CLI_DONE;
    }
    for (size_t i = 0; i < count; i++)
        if (!list_line(cli, &counts[i]))
            return CLI_FAILED;
    return CLI_DONE;
}

/* ---- the command line ---- */

enum { FOR_LIST = 1, FOR_SHOW = 2, FOR_EXPORT = 4, FOR_IMPORT = 8, FOR_PRUNE = 16 };

static const struct action {
    const char *name;
    unsigned bit;
    int (*run)(struct archiving *archiving);
} actions[] = {
    {"list", FOR_LIST, list},
    {"show", FOR_SHOW, cli_archive_show},
    {"export", FOR_EXPORT, cli_archive_export},
    {"import", FOR_IMPORT, cli_archive_import},
    {"prune", FOR_PRUNE, cli_archive_prune},
};

static const struct action *find_action(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(actions); i++)
        if (strcmp(actions[i].name, name) == 0)
            return &actions[i];
    return NULL;
}

/* What was given and does not belong to the action; NULL: nothing. */
static const char *stray(const struct archive_options *on, unsigned bit)
{
    const struct {
        bool given;
        unsigned takes;
        const char *name;
    } given[] = {
        {on->what != NULL, FOR_SHOW | FOR_EXPORT | FOR_IMPORT, "WHAT"},
        {on->since != NULL, FOR_LIST | FOR_SHOW | FOR_EXPORT, "--since"},
        {on->until != NULL, FOR_LIST | FOR_SHOW | FOR_EXPORT, "--until"},
        {on->logs.count > 0, FOR_LIST | FOR_SHOW | FOR_EXPORT, "--log"},
        {on->types.count > 0, FOR_LIST | FOR_SHOW | FOR_EXPORT, "--type"},
        {on->stream != NULL, FOR_SHOW | FOR_EXPORT, "--stream"},
        {on->limit > 0, FOR_SHOW, "--limit"},
        {on->before != NULL, FOR_PRUNE, "--before"},
        {on->keep != NULL, FOR_PRUNE, "--keep"},
        {on->yes, FOR_PRUNE, "--yes"},
        {on->open, FOR_SHOW | FOR_EXPORT, "--open"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(given); i++)
        if (given[i].given && (given[i].takes & bit) == 0)
            return given[i].name;
    return NULL;
}

/* The dynlog that opens what is sealed. False: said why. */
static bool open_opener(struct archiving *archiving, int *ret_exit)
{
    struct cli *cli = archiving->cli;
    const struct json *ignored = NULL;

    archiving->opener = cli_client_open(cli, &archiving->on->target, ret_exit);
    return archiving->opener != NULL &&
           cli_server_status(cli, archiving->opener, cli->arena, &ignored, ret_exit);
}

static int archive_run_command(struct cli *cli, const void *options_given)
{
    const struct archive_options *on = options_given;
    const struct action *action = find_action(on->action);
    struct archiving archiving = {
        .cli = cli,
        .on = on,
        .path = on->archive != NULL ? on->archive : ARCHIVE_PATH_DEFAULT,
        .filter = {.logs = on->logs.texts,
                   .types = on->types.texts,
                   .log_count = on->logs.count,
                   .type_count = on->types.count},
    };
    int exit_status = CLI_DONE;

    if (action == NULL)
        return cli_fail_usage(cli, "archive takes list, show, export, import or prune, not \"%s\".",
                              on->action);

    const char *name = stray(on, action->bit);

    if (name != NULL)
        return cli_fail_usage(cli, "archive %s takes no %s.", action->name, name);
    if (!cli_when_read(cli, "--since", on->since, &archiving.filter.since_ms, &exit_status) ||
        !cli_when_read(cli, "--until", on->until, &archiving.filter.until_ms, &exit_status) ||
        !cli_stream_read(cli, on->stream, &archiving.filter.pk, &exit_status))
        return exit_status;
    if (!on->open && (on->target.endpoint != NULL || on->target.profile != NULL))
        return cli_fail_usage(cli, "--endpoint and --profile say who opens what is sealed: they "
                                   "need --open.");
    if (!on->open || open_opener(&archiving, &exit_status))
        exit_status = action->run(&archiving);
    client_free(archiving.opener);
    return exit_status;
}

const struct command command_archive = {
    .name = "archive",
    .group = COMMAND_REPLAY,
    .summary = "look into the SQLite archive: list, show, export, import, prune",
    .description =
        "list counts events by log and type. show prints events, or the one with an id. export "
        "writes events as JSON lines, import reads such lines: all of them or none, and what is "
        "there already (by its id) is passed over. Payloads of private logs are sealed in the file "
        "and in what is exported, unless --open says otherwise. prune deletes what is old and "
        "makes the file "
        "smaller. All of it may be done while a dynlog writes the file.",
    .example = "dynlog archive list\n"
               "dynlog archive show --log users --since 1h\n"
               "dynlog archive export events.jsonl --until 2026-01-31\n"
               "dynlog archive import events.jsonl --archive other.db\n"
               "dynlog archive prune --keep 30d --yes",
    .options = {options, ARRAY_COUNT(options), arguments, ARRAY_COUNT(arguments)},
    .options_size = sizeof(struct archive_options),
    .run = archive_run_command,
};
