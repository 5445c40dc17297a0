/* cli/backup.c - dynlog backup: a copy of a whole data folder (backup/backup.h), made by the dynlog
 * that has it open, or, with --data, of a folder that none has.
 *
 * A running dynlog begins it and is asked how far it is: who asks may go away, the copy is made all
 * the same. */
#include "backup/backup.h"
#include "base/file.h"
#include "cli/check.h"
#include "cli/copying.h"
#include "cli/output.h"
#include "cli/server_door.h"
#include "cli/when.h"

#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#define ARCHIVE_DEFAULT "db"
#define LOOK_AGAIN_MS 50

struct backup_options {
    struct target_options target;
    const char *to, *data, *archive;
    bool own_bytes, check, json;
};

static const struct option_row options[] = {
    {.name = "data",
     .kind = OPTION_TEXT,
     .value_name = "DIR",
     .help = "copy this data folder, which no dynlog has open",
     .offset = offsetof(struct backup_options, data)},
    {.name = "archive",
     .kind = OPTION_TEXT,
     .value_name = "FILE",
     .help = "with --data: its SQLite archive; else DIR/archive.db, else db, if that is there",
     .offset = offsetof(struct backup_options, archive)},
    {.name = "own-bytes",
     .kind = OPTION_FLAG,
     .help = "copy everything; else tables of the store are hard links where that can be",
     .offset = offsetof(struct backup_options, own_bytes)},
    {.name = "check",
     .kind = OPTION_FLAG,
     .help = "look whether the copy is whole, as dynlog check does",
     .offset = offsetof(struct backup_options, check)},
    {.name = "json",
     .kind = OPTION_FLAG,
     .help = "a JSON object, on a terminal too",
     .offset = offsetof(struct backup_options, json)},
    TARGET_OPTIONS(struct backup_options),
};

static const struct argument_row arguments[] = {
    {"TO", "the folder that is made; nothing may be there", offsetof(struct backup_options, to),
     false},
};

struct made {
    uint64_t position, bytes;
};

/* ---- by the dynlog that has the folder open ---- */

/* A server may have another working folder. NULL: too long. */
static const char *absolute(struct arena *arena, const char *path)
{
    char here[PATH_MAX];

    if (path[0] == '/')
        return path;
    if (getcwd(here, sizeof here) == NULL)
        return NULL;
    return arena_copy_text(arena, arena_printf(arena, "%s/%s", here, path));
}

static struct bytes request_body(struct arena *arena, const struct backup_options *on,
                                 const char *to)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT((size_t)16 * PATH_MAX);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    json_member_text(&w, "to", to);
    json_member_bool(&w, "ownBytes", on->own_bytes);
    json_end_object(&w);
    return arena_copy(arena, buffer_bytes(&out));
}

static int wait_for_end(struct cli *cli, struct client *client, struct made *ret)
{
    struct progress progress = {.cli = cli};
    int exit_status = CLI_DONE;
    bool over = false;

    cli_progress_begin(&progress);
    while (!over && exit_status == CLI_DONE) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct client_request request = {.method = "GET", .path = "/_dynlog/backup"};
        struct client_answer answer = {0};
        enum status status = client_ask(client, arena, &request, &answer);
        struct bytes state = status == OK ? json_get_string(answer.json, "state") : BYTES("");

        over = !bytes_equal_text(state, "RUNNING");
        ret->bytes = status == OK ? json_get_uint(answer.json, "bytes", 0) : 0;
        progress.total = status == OK ? json_get_uint(answer.json, "total", 0) : 0;
        cli_progress_set(&progress, ret->bytes);
        if (over)
            cli_progress_end(&progress);
        if (status != OK)
            exit_status = cli_client_fail(cli, client, status, &answer);
        else if (bytes_equal_text(state, "FAILED"))
            exit_status = cli_fail(cli, CLI_FAILED, "%.*s",
                                   BYTES_ARG(json_get_string(answer.json, "message")));
        else if (over)
            ret->position = json_get_uint(answer.json, "position", 0);
        else
            poll(NULL, 0, LOOK_AGAIN_MS);
    }
    cli_progress_end(&progress);
    return exit_status;
}

static int backup_asked(struct cli *cli, const struct backup_options *on, struct made *ret)
{
    const char *to = absolute(cli->arena, on->to);
    struct client_answer answer = {0};
    const struct json *status_answer = NULL;
    int exit_status = CLI_DONE;
    AUTO(client_release)
    struct client *client = cli_client_open(cli, &on->target, &exit_status);

    if (client == NULL || !cli_server_status(cli, client, cli->arena, &status_answer, &exit_status))
        return exit_status;
    if (to == NULL)
        return cli_fail(cli, CLI_FAILED, "The working folder has no name any more.");

    struct client_request request = {.method = "POST",
                                     .path = "/_dynlog/backup",
                                     .body = request_body(cli->arena, on, to),
                                     .once = true};
    enum status status = client_ask(client, cli->arena, &request, &answer);

    if (status != OK)
        return cli_client_fail(cli, client, status, &answer);
    return wait_for_end(cli, client, ret);
}

/* ---- of a folder that nobody has open ---- */

static const char *archive_of(struct cli *cli, const struct backup_options *on)
{
    const char *inside =
        arena_copy_text(cli->arena, arena_printf(cli->arena, "%s/" BACKUP_ARCHIVE_NAME, on->data));

    if (on->archive != NULL)
        return on->archive;
    if (file_exists(inside))
        return inside;
    return file_exists(ARCHIVE_DEFAULT) ? ARCHIVE_DEFAULT : NULL;
}

static enum status make(void *context)
{
    return backup_make(context);
}

static int backup_folder(struct cli *cli, const struct backup_options *on, struct made *ret)
{
    struct backup_job job = {.folder = on->data,
                             .archive = archive_of(cli, on),
                             .to = on->to,
                             .own_bytes = on->own_bytes,
                             .now_ms = cli_when_now()};
    enum status status = OK;

    if (on->archive != NULL && !file_exists(on->archive))
        return cli_fail(cli, CLI_FAILED, "There is no archive %s.", on->archive);
    status = cli_copying_watch(cli, make, &job, &job.total, &job.done);
    if (status == IN_USE)
        return cli_fail(cli, CLI_FAILED,
                        "%s Or leave --data out: the dynlog that has it open makes the backup.",
                        job.message);
    if (status != OK)
        return cli_fail(cli, CLI_FAILED, "%s", job.message);
    *ret = (struct made){job.position, atomic_load(&job.done)};
    return CLI_DONE;
}

/* ---- */

static int print_made(struct cli *cli, const struct backup_options *on, const struct made *made)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    if (cli_for_people(cli, on->json)) {
        fprintf(cli->out, "%sMade%s %s: %s, everything up to position %s.\n",
                cli_paint(cli, cli->out, CLI_GREEN), cli_paint(cli, cli->out, CLI_PLAIN), on->to,
                cli_size_text((int64_t)made->bytes), cli_count_text((int64_t)made->position));
        return CLI_DONE;
    }
    json_begin_object(&w);
    json_member_text(&w, "backup", on->to);
    json_member_uint(&w, "bytes", made->bytes);
    json_member_uint(&w, "position", made->position);
    json_end_object(&w);
    return cli_line(cli, buffer_bytes(&out)) ? CLI_DONE : CLI_FAILED;
}

static int backup_run(struct cli *cli, const void *given)
{
    const struct backup_options *on = given;
    struct made made = {0};
    int exit_status = CLI_DONE;

    if (on->data == NULL && on->archive != NULL)
        return cli_fail_usage(cli, "--archive goes with --data: a running dynlog knows its own.");
    exit_status = on->data != NULL ? backup_folder(cli, on, &made) : backup_asked(cli, on, &made);
    if (exit_status == CLI_DONE)
        exit_status = print_made(cli, on, &made);
    if (exit_status == CLI_DONE && on->check)
        exit_status = cli_check_folder(cli, on->to, NULL, false, on->json);
    return exit_status;
}

const struct command command_backup = {
    .name = "backup",
    .group = COMMAND_SERVER,
    .summary = "copy the whole data folder, while it is written",
    .description =
        "The copy is of one moment: it has everything that was acknowledged before the command "
        "began. It is a data folder, which dynlog start opens, with the SQLite archive in it. A "
        "name that is there is refused; what is not whole never gets the name.",
    .example = "dynlog backup /tmp/dynlog-backup --check\n"
               "dynlog backup /tmp/dynlog-copy --data .dynlog",
    .options = {options, ARRAY_COUNT(options), arguments, ARRAY_COUNT(arguments)},
    .options_size = sizeof(struct backup_options),
    .run = backup_run,
};
