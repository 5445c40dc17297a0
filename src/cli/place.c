/* cli/place.c - see place.h. */
#include "cli/place.h"

#include "cli/client.h"
#include "cli/output.h"

#include <errno.h>
#include <unistd.h>

static struct dynlog *open_place(struct cli *cli, const char *place,
                                 const struct dynlog_options *options, int *ret_exit)
{
    struct dynlog *dynlog = NULL;
    struct dynlog_error error;

    if (dynlog_open(place, options, &dynlog, &error) != DYNLOG_OK)
        *ret_exit = cli_place_fail(cli, &error);
    return dynlog;
}

/* Whoever only looks makes none of a name that was misspelt. */
static bool makes_folders(const struct command *command)
{
    return command == &command_append || command == &command_private;
}

static struct dynlog *open_folder(struct cli *cli, const struct target_options *on,
                                  const char *data, int *ret_exit)
{
    struct dynlog_options options = {.table = on->table};

    if (on->endpoint != NULL || on->region != NULL) {
        *ret_exit = cli_fail_usage(cli, "--data is a folder, --endpoint and --region a server: "
                                        "choose one.");
        return NULL;
    }
    if (!makes_folders(cli->command) && access(data, F_OK) != 0 && errno == ENOENT) {
        *ret_exit = cli_fail(cli, CLI_FAILED,
                             "There is no data folder %s. `dynlog append` and `dynlog start` make "
                             "one.",
                             data);
        return NULL;
    }
    if (options.table == NULL && on->stage != NULL)
        options.table = arena_copy_text(
            cli->arena, arena_printf(cli->arena, "%s" TARGET_TABLE_SUFFIX, on->stage));
    return open_place(cli, data, &options, ret_exit);
}

bool cli_place_needs_no_table(const struct cli *cli, const struct target_options *options,
                              const char *data, int *ret_exit)
{
    if (data != NULL || (options->table == NULL && options->stage == NULL))
        return true;
    *ret_exit = cli_fail_usage(cli,
                               "%s goes with --data alone, where it names the table that the "
                               "folder has. At a server a log is private, and forgotten, in all "
                               "tables: leave it out.",
                               options->table != NULL ? "--table" : "--stage");
    return false;
}

struct dynlog *cli_place_open(struct cli *cli, const struct target_options *on, const char *data,
                              int *ret_exit)
{
    char message[TARGET_MESSAGE_SIZE] = "";
    struct target target;

    if (data != NULL)
        return open_folder(cli, on, data, ret_exit);
    if (target_resolve(cli->arena, on, &target, message) != OK) {
        *ret_exit = cli_fail_usage(cli, "%s", message);
        return NULL;
    }

    struct dynlog_options options = {
        .table = target.table, .region = target.region, .profile = on->profile};

    return open_place(cli, target.url, &options, ret_exit);
}

/* ---- what went wrong ---- */

static enum cli_exit exit_of(enum dynlog_status status)
{
    switch (status) {
    case DYNLOG_CONFLICT:
        return CLI_LOST_RACE;
    case DYNLOG_INVALID:
        return CLI_USAGE;
    case DYNLOG_UNREACHABLE:
    case DYNLOG_TIMED_OUT:
    case DYNLOG_UNCERTAIN:
        return CLI_UNREACHABLE;
    case DYNLOG_OK:
    case DYNLOG_END:
    case DYNLOG_STOPPED:
    case DYNLOG_GAP:
    case DYNLOG_NOT_FOUND:
    case DYNLOG_UNSUPPORTED:
    case DYNLOG_DENIED:
    case DYNLOG_IN_USE:
    case DYNLOG_NO_SPACE:
    case DYNLOG_IO_ERROR:
    case DYNLOG_CORRUPT:
    case DYNLOG_REFUSED:
        break;
    }
    return CLI_FAILED;
}

/* What to do next. */
static const char *hint_of(const struct dynlog_error *error)
{
    struct bytes message = bytes_of_text(error->message);

    if (error->status == DYNLOG_NOT_FOUND && bytes_start_with(message, BYTES("There is no table")))
        return " Name it with --table NAME or --stage STAGE; `dynlog tables` lists what there is.";
    if (error->status == DYNLOG_UNREACHABLE && bytes_end_with(message, BYTES(".")))
        return " Start dynlog with `dynlog start`, or say where it runs with --endpoint URL.";
    if (error->status == DYNLOG_UNSUPPORTED)
        return " Say where one runs with --endpoint URL.";
    if (error->status == DYNLOG_DENIED)
        return " (Keys are those of --profile, of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
               "of ~/.aws/credentials.)";
    return cli_hint_of_refusal(message);
}

int cli_place_fail(const struct cli *cli, const struct dynlog_error *error)
{
    if (error->status == DYNLOG_INVALID)
        return cli_fail_usage(cli, "%s", error->message);
    return cli_fail(cli, exit_of(error->status), "%s%s", error->message, hint_of(error));
}
