/* cli/archive_lines.c - dynlog archive export and import: events as JSON lines. See archive.h. */
#include "cli/archive.h"
#include "cli/output.h"
#include "cli/progress.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE_MAX 4096
#define WRONG_TOLD_MAX 10 /* lines; the others are counted */

/* ---- export ---- */

/* A file appears whole or not at all: it is written beside, and renamed. */
struct output {
    FILE *stream;
    const char *path; /* NULL: standard output */
    char beside[PATH_SIZE_MAX];
};

static bool open_output(const struct cli *cli, const char *path, struct output *ret, int *ret_exit)
{
    int fd = -1;

    *ret = (struct output){.stream = cli->out, .path = path};
    if (path == NULL || strcmp(path, "-") == 0) {
        ret->path = NULL;
        return true;
    }
    snprintf(ret->beside, sizeof ret->beside, "%s.XXXXXX", path);
    fd = mkstemp(ret->beside);
    ret->stream = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (ret->stream != NULL)
        return fchmod(fd, 0644) == 0;
    *ret_exit = cli_fail(cli, CLI_FAILED, "%s can't be written: %s.", path, strerror(errno));
    return false;
}

static void drop_output(struct output *output)
{
    if (output->path == NULL)
        return;
    fclose(output->stream);
    unlink(output->beside);
}

static bool finish_output(struct output *output)
{
    if (fflush(output->stream) != 0)
        return false;
    if (output->path == NULL)
        return true;
    return fsync(fileno(output->stream)) == 0 && rename(output->beside, output->path) == 0;
}

/* One that can't be opened ends it: what was asked for is all of them open. */
static int write_event(const struct archiving *archiving, const struct sealed_event *event,
                       FILE *stream)
{
    if (event->state == SEALED_REFUSED)
        return cli_fail(archiving->cli, CLI_FAILED,
                        "An event can't be opened: %.*s; without --open events are exported "
                        "sealed, as they are.",
                        BYTES_ARG(cli_sealed_why(archiving->cli->arena, event,
                                                 client_target(archiving->opener)->url)));
    if (fwrite(event->text.ptr, 1, event->text.size, stream) != event->text.size ||
        fputc('\n', stream) == EOF)
        return CLI_FAILED;
    return CLI_DONE;
}

static int write_events(struct archiving *archiving, struct archive_file *file,
                        const struct archive_place *places, size_t count, FILE *stream)
{
    struct cli *cli = archiving->cli;
    AUTO(cli_progress_end)
    struct progress progress = {.cli = cli, .things = "events", .total = count};
    AUTO(cli_archive_reader_end)
    struct archive_reader reader = {.cli = cli,
                                    .path = archiving->path,
                                    .file = file,
                                    .places = places,
                                    .count = count,
                                    .opener = archiving->opener,
                                    .progress = &progress};
    struct sealed_event event;
    int exit_status = CLI_DONE;

    cli_progress_begin(&progress);
    while (exit_status == CLI_DONE &&
           cli_archive_next(&reader, &event, &exit_status) == ARCHIVE_READ) {
        if (event.state == SEALED_REFUSED)
            cli_progress_hide(&progress);
        exit_status = write_event(archiving, &event, stream);
        cli_progress_add(&progress, 1);
    }
    return exit_status;
}

static int tell_exported(const struct archiving *archiving, const char *path, size_t count)
{
    struct cli *cli = archiving->cli;
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    if (cli_for_people(cli, archiving->on->json)) {
        fprintf(cli->out, "%s written to %s.\n", cli_things_text(count, "event"), path);
        return CLI_DONE;
    }
    json_begin_object(&w);
    json_member_text(&w, "archive", archiving->path);
    json_member_text(&w, "file", path);
    json_member_uint(&w, "exported", count);
    json_end_object(&w);
    return cli_line(cli, buffer_bytes(&out)) ? CLI_DONE : CLI_FAILED;
}

int cli_archive_export(struct archiving *archiving)
{
    struct cli *cli = archiving->cli;
    char message[ARCHIVE_MESSAGE_SIZE] = "";
    struct archive_place *places = NULL;
    struct output output;
    size_t count = 0;
    int64_t row = 0;
    int exit_status = CLI_DONE;
    AUTO(archive_file_release)
    struct archive_file *file =
        cli_archive_open(cli, archiving->path, ARCHIVE_FILE_READ, &exit_status);

    if (file == NULL)
        return exit_status;
    if (archive_file_select(file, &archiving->filter, &places, &count, &row, message) != OK)
        return cli_archive_fail(cli, archiving->path, message);
    if (open_output(cli, archiving->on->what, &output, &exit_status)) {
        exit_status = write_events(archiving, file, places, count, output.stream);
        if (exit_status == CLI_DONE && !finish_output(&output))
            exit_status =
                cli_fail(cli, CLI_FAILED, "%s can't be written: %s.",
                         output.path != NULL ? output.path : "Standard output", strerror(errno));
        if (exit_status == CLI_DONE && output.path != NULL)
            exit_status = tell_exported(archiving, output.path, count);
        drop_output(&output);
    }
    mem_free(places);
    return exit_status;
}

/* ---- import ---- */

struct importing {
    struct archiving *archiving;
    struct archive_import *import;
    struct progress progress;
    const char *name; /* of the input, for messages */
    uint64_t lines, fresh, known, wrong;
};

static void tell_wrong(struct importing *importing, const char *what)
{
    importing->wrong++;
    if (importing->wrong > WRONG_TOLD_MAX)
        return;
    cli_progress_hide(&importing->progress);
    cli_fail(importing->archiving->cli, CLI_FAILED, "%s, line %" PRIu64 ": %s.", importing->name,
             importing->lines, what);
}

/* False: SQLite failed, and that was told. */
static bool take_line(struct importing *importing, struct bytes line)
{
    char what[ARCHIVE_MESSAGE_SIZE] = "", message[ARCHIVE_MESSAGE_SIZE] = "";
    enum archive_line kind = ARCHIVE_LINE_WRONG;

    importing->lines++;
    if (line.size > 0 && line.ptr[line.size - 1] == '\r')
        line.size--;
    if (line.size == 0)
        return true; /* a blank line is none */
    if (archive_import_line(importing->import, line, &kind, what, message) != OK) {
        cli_progress_hide(&importing->progress);
        cli_archive_fail(importing->archiving->cli, importing->archiving->path, message);
        return false;
    }
    switch (kind) {
    case ARCHIVE_LINE_NEW:
        importing->fresh++;
        break;
    case ARCHIVE_LINE_KNOWN:
        importing->known++;
        break;
    case ARCHIVE_LINE_WRONG:
        tell_wrong(importing, what);
        break;
    }
    cli_progress_add(&importing->progress, line.size + 1);
    return true;
}

static bool take_lines(struct importing *importing, FILE *stream)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t size = 0;
    bool well = true;

    while (well && (size = getline(&line, &capacity, stream)) >= 0) {
        if (size > 0 && line[size - 1] == '\n')
            size--;
        well = take_line(importing, bytes_of(line, (size_t)size));
    }
    free(line);
    if (well && ferror(stream)) {
        cli_fail(importing->archiving->cli, CLI_FAILED, "%s can't be read: %s.", importing->name,
                 strerror(errno));
        return false;
    }
    return well;
}

static int tell_end(const struct importing *importing, uint64_t added)
{
    const struct archiving *archiving = importing->archiving;
    struct cli *cli = archiving->cli;
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    uint64_t known = importing->known + importing->fresh - added;

    if (cli_for_people(cli, archiving->on->json)) {
        fprintf(cli->out, "%s imported into %s; %s were there already.\n",
                cli_things_text(added, "event"), archiving->path, cli_count_text((int64_t)known));
        return CLI_DONE;
    }
    json_begin_object(&w);
    json_member_text(&w, "archive", archiving->path);
    json_member_uint(&w, "imported", added);
    json_member_uint(&w, "known", known);
    json_end_object(&w);
    return cli_line(cli, buffer_bytes(&out)) ? CLI_DONE : CLI_FAILED;
}

static int import_stream(struct importing *importing, FILE *stream)
{
    struct archiving *archiving = importing->archiving;
    char message[ARCHIVE_MESSAGE_SIZE] = "";
    uint64_t added = 0;

    if (!take_lines(importing, stream))
        return CLI_FAILED;
    cli_progress_hide(&importing->progress);
    if (importing->wrong > 0)
        return cli_fail(
            archiving->cli, CLI_FAILED, "%s of %s lines are no events: nothing was imported.",
            cli_count_text((int64_t)importing->wrong), cli_count_text((int64_t)importing->lines));
    if (archive_import_commit(importing->import, &added, message) != OK)
        return cli_archive_fail(archiving->cli, archiving->path, message);
    cli_progress_end(&importing->progress);
    return tell_end(importing, added);
}

static uint64_t size_of(FILE *stream)
{
    struct stat file;

    return fstat(fileno(stream), &file) == 0 && S_ISREG(file.st_mode) ? (uint64_t)file.st_size : 0;
}

/* Goes to the first line that is not blank. False: there is none. */
static bool find_line(struct importing *importing, FILE *stream)
{
    int c = 0;

    while ((c = getc(stream)) == '\n' || c == '\r')
        importing->lines += c == '\n' ? 1 : 0;
    return c != EOF && ungetc(c, stream) == c;
}

/* Nothing is made of nothing. */
static int tell_empty(const struct importing *importing, FILE *stream)
{
    struct cli *cli = importing->archiving->cli;

    if (ferror(stream))
        return cli_fail(cli, CLI_FAILED, "%s can't be read: %s.", importing->name, strerror(errno));
    if (!cli_for_people(cli, importing->archiving->on->json))
        return tell_end(importing, 0);
    fprintf(cli->out, "%s has no events: nothing was imported.\n", importing->name);
    return CLI_DONE;
}

int cli_archive_import(struct archiving *archiving)
{
    struct cli *cli = archiving->cli;
    const char *path = archiving->on->what;
    bool is_input = path == NULL || strcmp(path, "-") == 0;
    FILE *stream = is_input ? cli->in : fopen(path, "re");
    char message[ARCHIVE_MESSAGE_SIZE] = "";
    int exit_status = CLI_DONE;

    if (stream == NULL)
        return cli_fail(cli, CLI_FAILED, "%s can't be read: %s.", path, strerror(errno));

    struct importing importing = {
        .archiving = archiving,
        .name = is_input ? "Standard input" : path,
        .progress = {.cli = cli, .total = is_input ? 0 : size_of(stream)},
    };
    AUTO(archive_file_release) struct archive_file *file = NULL;

    if (is_input && cli->in_is_terminal)
        cli_note(cli, "Reading events from the terminal, a JSON line each; Ctrl-D ends.");
    if (!find_line(&importing, stream)) {
        exit_status = tell_empty(&importing, stream);
        if (!is_input)
            fclose(stream);
        return exit_status;
    }
    file = cli_archive_open(cli, archiving->path, ARCHIVE_FILE_MAKE, &exit_status);
    if (file != NULL && archive_import_begin(file, &importing.import, message) != OK)
        exit_status = cli_archive_fail(cli, archiving->path, message);
    if (exit_status == CLI_DONE) {
        cli_progress_begin(&importing.progress);
        exit_status = import_stream(&importing, stream);
        cli_progress_end(&importing.progress);
    }
    archive_import_end(importing.import);
    if (!is_input)
        fclose(stream);
    return exit_status;
}
