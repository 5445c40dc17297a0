/* cli/archive_prune.c - dynlog archive prune: says what it will delete, asks, deletes, and gives
 * the room back. See archive.h. */
#include "cli/archive.h"

#include "base/duration.h"
#include "cli/output.h"
#include "cli/when.h"

#include <stdio.h>

static bool read_before(const struct archiving *archiving, uint64_t *ret_ms, int *ret_exit)
{
    const struct cli *cli = archiving->cli;
    const struct archive_options *on = archiving->on;
    uint64_t keep_ms = 0, now_ms = cli_when_now();

    if ((on->before == NULL) == (on->keep == NULL)) {
        *ret_exit = cli_fail_usage(
            cli, "prune needs one of --before TIME and --keep DURATION, for example --keep 30d.");
        return false;
    }
    if (on->before != NULL)
        return cli_when_read(cli, "--before", on->before, ret_ms, ret_exit);
    if (!duration_parse(bytes_of_text(on->keep), &keep_ms)) {
        *ret_exit = cli_fail_usage(
            cli, "--keep needs a duration, for example 30d or 12h, not \"%s\".", on->keep);
        return false;
    }
    *ret_ms = keep_ms < now_ms ? now_ms - keep_ms : 0;
    return true;
}

struct pruning {
    struct archiving *archiving;
    struct archive_file *file;
    uint64_t before_ms;
    struct archive_count old; /* what goes */
    uint64_t events;          /* of the file */
};

static int count(struct pruning *pruning)
{
    struct archiving *archiving = pruning->archiving;
    struct archive_filter all = {0}, old = {.until_ms = pruning->before_ms};
    struct arena *arena = archiving->cli->arena;
    char message[ARCHIVE_MESSAGE_SIZE] = "";
    struct archive_count *counts = NULL;
    size_t count = 0;

    if (archive_file_counts(pruning->file, &all, arena, &counts, &count, message) != OK)
        return cli_archive_fail(archiving->cli, archiving->path, message);
    for (size_t i = 0; i < count; i++)
        pruning->events += counts[i].events;
    if (archive_file_counts(pruning->file, &old, arena, &counts, &count, message) != OK)
        return cli_archive_fail(archiving->cli, archiving->path, message);
    for (size_t i = 0; i < count; i++) {
        struct archive_count *sum = &pruning->old;

        sum->events += counts[i].events;
        sum->bytes += counts[i].bytes;
        if (sum->first_ms == 0 || counts[i].first_ms < sum->first_ms)
            sum->first_ms = counts[i].first_ms;
        if (counts[i].last_ms > sum->last_ms)
            sum->last_ms = counts[i].last_ms;
    }
    return CLI_DONE;
}

static void tell(const struct pruning *pruning, FILE *stream)
{
    const struct archive_count *old = &pruning->old;
    struct arena *arena = pruning->archiving->cli->arena;

    fprintf(stream, "%s of %s (%s) of %s, from %.*s to %.*s UTC\n",
            cli_count_text((int64_t)old->events), cli_things_text(pruning->events, "event"),
            cli_size_text((int64_t)old->bytes), pruning->archiving->path,
            BYTES_ARG(cli_when_text(arena, old->first_ms)),
            BYTES_ARG(cli_when_text(arena, old->last_ms)));
}

static bool is_agreed(const struct pruning *pruning)
{
    const struct cli *cli = pruning->archiving->cli;
    char answer[16] = "";

    fprintf(cli->out, "This will be deleted:\n  ");
    tell(pruning, cli->out);
    fprintf(cli->out, "Delete it? [y/N] ");
    fflush(cli->out);
    if (fgets(answer, sizeof answer, cli->in) == NULL)
        fputc('\n', cli->out);
    return answer[0] == 'y' || answer[0] == 'Y';
}

static int tell_end(const struct pruning *pruning, uint64_t deleted, int64_t size_before)
{
    const struct archiving *archiving = pruning->archiving;
    const struct cli *cli = archiving->cli;
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);
    int64_t size = cli_archive_size(archiving->path);

    if (cli_for_people(cli, archiving->on->json)) {
        fprintf(cli->out, "Deleted %s; %s has %s now, ", cli_things_text(deleted, "event"),
                archiving->path, cli_size_text(size));
        fprintf(cli->out, "before %s.\n", cli_size_text(size_before));
        return CLI_DONE;
    }
    json_begin_object(&w);
    json_member_text(&w, "archive", archiving->path);
    json_member_uint(&w, "deleted", deleted);
    json_member_uint(&w, "left", pruning->events - deleted);
    json_member_int(&w, "bytes", size);
    json_member_int(&w, "bytesBefore", size_before);
    json_end_object(&w);
    return cli_line(cli, buffer_bytes(&out)) ? CLI_DONE : CLI_FAILED;
}

static int delete_old(struct pruning *pruning)
{
    struct archiving *archiving = pruning->archiving;
    int64_t size_before = cli_archive_size(archiving->path);
    char message[ARCHIVE_MESSAGE_SIZE] = "";
    uint64_t deleted = 0;

    if (archive_file_prune(pruning->file, pruning->before_ms, &deleted, message) != OK)
        return cli_archive_fail(archiving->cli, archiving->path, message);
    if (archive_file_vacuum(pruning->file, message) != OK)
        return cli_fail(archiving->cli, CLI_FAILED,
                        "%s deleted, but the room that took is not given back: %s. "
                        "Prune again later.",
                        cli_things_text(deleted, "event"), message);
    return tell_end(pruning, deleted, size_before);
}

int cli_archive_prune(struct archiving *archiving)
{
    struct cli *cli = archiving->cli;
    struct pruning pruning = {.archiving = archiving};
    int exit_status = CLI_DONE;
    AUTO(archive_file_release) struct archive_file *file = NULL;

    if (!read_before(archiving, &pruning.before_ms, &exit_status) ||
        (file = cli_archive_open(cli, archiving->path, ARCHIVE_FILE_CHANGE, &exit_status)) == NULL)
        return exit_status;
    pruning.file = file;
    exit_status = count(&pruning);
    if (exit_status != CLI_DONE)
        return exit_status;
    if (pruning.old.events == 0)
        return delete_old(&pruning); /* room that is free goes all the same */
    if (!archiving->on->yes && (!cli->in_is_terminal || !cli->out_is_terminal)) {
        cli_fail(cli, CLI_USAGE, "This would be deleted; say --yes to do it:");
        tell(&pruning, cli->err);
        return CLI_USAGE;
    }
    if (!archiving->on->yes && !is_agreed(&pruning)) {
        fprintf(cli->out, "Nothing was deleted.\n");
        return CLI_FAILED;
    }
    return delete_old(&pruning);
}
