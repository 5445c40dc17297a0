/* cli/restore.c - dynlog restore: a data folder from a backup (backup/backup.h). */
#include "backup/backup.h"
#include "cli/copying.h"
#include "cli/output.h"
#include "cli/when.h"
#include "json/json.h"

struct restore_options {
    const char *backup, *to, *archive;
    bool own_bytes, json;
};

static const struct option_row options[] = {
    {.name = "archive",
     .kind = OPTION_TEXT,
     .value_name = "FILE",
     .help = "where its SQLite archive is put; else it stays in DIR, as archive.db",
     .offset = offsetof(struct restore_options, archive)},
    {.name = "own-bytes",
     .kind = OPTION_FLAG,
     .help = "copy everything; else tables of the store are hard links where that can be",
     .offset = offsetof(struct restore_options, own_bytes)},
    {.name = "json",
     .kind = OPTION_FLAG,
     .help = "a JSON object, on a terminal too",
     .offset = offsetof(struct restore_options, json)},
};

static const struct argument_row arguments[] = {
    {"BACKUP", "a folder that dynlog backup made", offsetof(struct restore_options, backup), false},
    {"DIR", "the data folder that is made: not there, or empty",
     offsetof(struct restore_options, to), false},
};

static enum status put_back(void *context)
{
    return backup_put_back(context);
}

static int print_restored(struct cli *cli, const struct restore_options *on,
                          const struct backup_restore *job)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    if (cli_for_people(cli, on->json)) {
        fprintf(cli->out, "%sRestored%s %s: as it was on %.*s UTC, at position %s.\n",
                cli_paint(cli, cli->out, CLI_GREEN), cli_paint(cli, cli->out, CLI_PLAIN), on->to,
                BYTES_ARG(cli_when_text(cli->arena, job->made_ms)),
                cli_count_text((int64_t)job->position));
        if (job->has_archive)
            fprintf(cli->out,
                    "Start it with its archive:\n  dynlog start --data %s --archive %s%s\n", on->to,
                    on->archive != NULL ? on->archive : on->to,
                    on->archive != NULL ? "" : "/" BACKUP_ARCHIVE_NAME);
        return CLI_DONE;
    }
    json_begin_object(&w);
    json_member_text(&w, "restored", on->to);
    json_member_uint(&w, "made", job->made_ms);
    json_member_uint(&w, "position", job->position);
    json_member_bool(&w, "archive", job->has_archive);
    json_end_object(&w);
    return cli_line(cli, buffer_bytes(&out)) ? CLI_DONE : CLI_FAILED;
}

static int restore_run(struct cli *cli, const void *given)
{
    const struct restore_options *on = given;
    struct backup_restore job = {
        .backup = on->backup, .to = on->to, .archive = on->archive, .own_bytes = on->own_bytes};
    enum status status = cli_copying_watch(cli, put_back, &job, &job.total, &job.done);

    if (status != OK)
        return cli_fail(cli, CLI_FAILED, "%s", job.message);
    return print_restored(cli, on, &job);
}

const struct command command_restore = {
    .name = "restore",
    .group = COMMAND_SERVER,
    .summary = "make a data folder from a backup",
    .description =
        "The folder is as it was at the moment of the backup: tables, events and their positions, "
        "queues, rules, functions, the archive. One that holds something is refused, and so is a "
        "backup that a dynlog has open. A table with point-in-time recovery goes further back from "
        "there: RestoreTableToPointInTime.",
    .example = "dynlog restore /tmp/dynlog-backup /tmp/dynlog-restored",
    .options = {options, ARRAY_COUNT(options), arguments, ARRAY_COUNT(arguments)},
    .options_size = sizeof(struct restore_options),
    .run = restore_run,
};
