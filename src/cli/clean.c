/* cli/clean.c - dynlog clean: deletes the data folder and the archive, after it was sure that both
 * are dynlog's and that nobody uses them.
 *
 * The folder's lock is held while it is deleted, so that no dynlog opens it half way. */
#include "cli/internal.h"

#include "base/file.h"
#include "cli/output.h"
#include "json/json.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define DATA_DEFAULT ".dynlog"
#define ARCHIVE_DEFAULT "db"
#define REPLAYS_PATTERN ".replay-*.json" /* replay_state.c: how far named ones are */
#define LOCK_NAME "dynlog.lock"          /* docs/format/store.md */

struct clean_options {
    const char *data, *archive;
    bool yes, json;
};

static const struct option_row options[] = {
    {.name = "data",
     .kind = OPTION_TEXT,
     .value_name = "DIR",
     .help = "the data folder; else .dynlog",
     .offset = offsetof(struct clean_options, data)},
    {.name = "archive",
     .kind = OPTION_TEXT,
     .value_name = "FILE",
     .help = "the SQLite archive; else db, if that is one of dynlog's",
     .offset = offsetof(struct clean_options, archive)},
    {.name = "yes",
     .letter = 'y',
     .kind = OPTION_FLAG,
     .help = "do not ask",
     .offset = offsetof(struct clean_options, yes)},
    {.name = "json",
     .kind = OPTION_FLAG,
     .help = "a JSON line for each thing deleted, on a terminal too",
     .offset = offsetof(struct clean_options, json)},
};

/* What is to go. */
struct cleaning {
    struct cli *cli;
    char folder[PATH_MAX]; /* without symbolic links; empty: none */
    int lock;
    const char *archive; /* NULL: none */
    glob_t replays;      /* files that say how far replays of the archive are */
};

static int64_t size_sum; /* nftw() hands nothing through */

static int add_size(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)path, (void)kind, (void)ftw;
    if (S_ISREG(st->st_mode))
        size_sum += (int64_t)st->st_size;
    return 0;
}

static int64_t size_of(const char *path)
{
    size_sum = 0;
    nftw(path, add_size, 32, FTW_PHYS);
    return size_sum;
}

/* ---- the data folder ---- */

/* The first name in the folder that dynlog did not put there; NULL when there is none. */
static const char *find_stranger(const struct cleaning *cleaning)
{
    static const char *const ours[] = {".",
                                       "..",
                                       LOCK_NAME,
                                       "format",
                                       "format.new",
                                       "store",
                                       "log",
                                       "runtimes",
                                       "functions",
                                       "backup.json",
                                       "archive.db",
                                       "archive.db-wal",
                                       "archive.db-shm",
                                       "archive.db-journal"};
    DIR *folder = opendir(cleaning->folder);
    const struct dirent *entry = NULL;
    const char *stranger = NULL;

    while (folder != NULL && stranger == NULL && (entry = readdir(folder)) != NULL) {
        size_t i = 0;

        while (i < ARRAY_COUNT(ours) && strcmp(ours[i], entry->d_name) != 0)
            i++;
        if (i == ARRAY_COUNT(ours))
            stranger = arena_copy_text(cleaning->cli->arena, bytes_of_text(entry->d_name));
    }
    if (folder != NULL)
        closedir(folder);
    return stranger;
}

/* Finds the folder and takes its lock. An exit status that is not CLI_DONE: said why not. */
static int take_folder(struct cleaning *cleaning, const char *data)
{
    struct cli *cli = cleaning->cli;
    const char *path = NULL, *stranger = NULL;

    if (realpath(data, cleaning->folder) == NULL) {
        cleaning->folder[0] = '\0';
        if (errno == ENOENT)
            return CLI_DONE;
        return cli_fail(cli, CLI_FAILED, "The data folder %s can't be used: %s.", data,
                        strerror(errno));
    }
    path = arena_copy_text(cli->arena, arena_printf(cli->arena, "%s/" LOCK_NAME, cleaning->folder));
    cleaning->lock = open(path, O_RDWR | O_CLOEXEC);
    if (cleaning->lock < 0 && (errno == ENOENT || errno == ENOTDIR))
        return cli_fail(cli, CLI_FAILED,
                        "%s is no data folder of dynlog's (it has no " LOCK_NAME
                        "): nothing was deleted.",
                        data);
    if (cleaning->lock < 0)
        return cli_fail(cli, CLI_FAILED, "%s can't be opened: %s.", path, strerror(errno));
    if (flock(cleaning->lock, LOCK_EX | LOCK_NB) != 0)
        return cli_fail(
            cli, CLI_FAILED,
            "A running dynlog uses %s: nothing was deleted. Stop it with `dynlog stop`.", data);
    stranger = find_stranger(cleaning);
    if (stranger != NULL)
        return cli_fail(cli, CLI_FAILED,
                        "%s holds \"%s\", which is not dynlog's: nothing was deleted. Move it away "
                        "first.",
                        data, stranger);
    return CLI_DONE;
}

/* ---- the archive ---- */

#define SQLITE_HEAD "SQLite format 3"
#define ARCHIVE_TABLE "dynlog_archive" /* archive/archive.h: a table that only dynlog makes */
#define LOOK_SIZE ((size_t)64 * 1024)  /* the schema stands at the front */

/* True when the front of the file has the text. */
static bool front_has(const char *path, const char *text)
{
    FILE *file = fopen(path, "re");

    if (file == NULL)
        return false;

    uint8_t *front = mem_new(LOOK_SIZE);
    size_t size = fread(front, 1, LOOK_SIZE, file);
    bool has = bytes_find(bytes_of(front, size), bytes_of_text(text)) != SIZE_MAX;

    mem_free(front);
    fclose(file);
    return has;
}

/* What was written last may still be in the write-ahead log alone. */
static bool is_archive(struct arena *arena, const char *path)
{
    const char *wal = arena_copy_text(arena, arena_printf(arena, "%s-wal", path));

    return front_has(path, SQLITE_HEAD) &&
           (front_has(path, ARCHIVE_TABLE) || front_has(wal, ARCHIVE_TABLE));
}

/* Every open connection holds a lock on bytes of SQLite's lock-byte page
 * (sqlite.org/fileformat2.html, section 1.4). */
static bool is_in_use(const char *path)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1 << 30, .l_len = 512};
    int fd = open(path, O_RDWR | O_CLOEXEC);
    bool used = fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;

    if (fd >= 0)
        close(fd);
    return used;
}

/* ./db may be anybody's: only an archive of dynlog's counts, and another file is an error only when
 * it was named. */
static int take_archive(struct cleaning *cleaning, const char *named)
{
    const char *path = named != NULL ? named : ARCHIVE_DEFAULT;
    struct stat st;

    if (stat(path, &st) != 0) {
        if (errno == ENOENT)
            return CLI_DONE;
        return cli_fail(cleaning->cli, CLI_FAILED, "The archive %s can't be used: %s.", path,
                        strerror(errno));
    }

    bool ours = S_ISREG(st.st_mode) && is_archive(cleaning->cli->arena, path);

    if (ours && is_in_use(path))
        return cli_fail(cleaning->cli, CLI_FAILED,
                        "Somebody uses the archive %s: nothing was deleted. Stop dynlog with "
                        "`dynlog stop`, and close what else reads it.",
                        path);
    if (ours)
        cleaning->archive = path;
    else if (named != NULL)
        return cli_fail(cleaning->cli, CLI_FAILED,
                        "%s is no archive of dynlog's: nothing was deleted.", path);
    return CLI_DONE;
}

/* ---- how far its replays are ---- */

/* The names of files, for glob(): ones with '*' in them are files too. */
static const char *quote_pattern(struct arena *arena, const char *path)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT((size_t)PATH_MAX * 2);

    for (const char *c = path; *c != '\0'; c++) {
        if (strchr("*?[\\", *c) != NULL)
            buffer_append_byte(&out, '\\');
        buffer_append_byte(&out, (uint8_t)*c);
    }
    buffer_append_text(&out, REPLAYS_PATTERN);
    return arena_copy_text(arena, buffer_bytes(&out));
}

static bool is_replay(const char *path)
{
    return front_has(path, "{\"format\":1,\"what\":");
}

/* Without the archive they mean nothing: a replay of that name over another one is refused. The
 * pattern may take files that are nobody's of ours: they stay. */
static int take_replays(struct cleaning *cleaning)
{
    struct cli *cli = cleaning->cli;
    glob_t *found = &cleaning->replays;

    if (cleaning->archive == NULL ||
        glob(quote_pattern(cli->arena, cleaning->archive), 0, NULL, found) != 0)
        return CLI_DONE;
    for (size_t i = 0; i < found->gl_pathc; i++) {
        const char *path = found->gl_pathv[i];
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        bool used = fd >= 0 && is_replay(path) && flock(fd, LOCK_EX | LOCK_NB) != 0;

        if (fd >= 0)
            close(fd);
        if (used)
            return cli_fail(cli, CLI_FAILED,
                            "A replay that runs uses %s: nothing was deleted. End it first.", path);
    }
    return CLI_DONE;
}

/* ---- asking, and deleting ---- */

static const char *const archive_endings[] = {"", "-wal", "-shm", "-journal"};

static const char *archive_file(const struct cleaning *cleaning, const char *ending)
{
    struct arena *arena = cleaning->cli->arena;

    return arena_copy_text(arena, arena_printf(arena, "%s%s", cleaning->archive, ending));
}

/* "  1.2 MB     /tmp/db (the SQLite archive)", or {"deleted","what","bytes"}. */
static void list_one(struct buffer *out, bool json, const char *path, const char *what,
                     int64_t size)
{
    struct json_writer w = JSON_WRITER(out);

    if (!json) {
        buffer_printf(out, "  %-10s ", cli_size_text(size));
        cli_text_show(out, bytes_of_text(path), SIZE_MAX);
        buffer_printf(out, " (%s)\n", what);
        return;
    }
    json_begin_object(&w);
    json_member_text(&w, "deleted", path);
    json_member_text(&w, "what", what);
    json_member_int(&w, "bytes", size);
    json_end_object(&w);
    buffer_append_byte(out, '\n');
}

static void list(const struct cleaning *cleaning, struct buffer *out, bool json)
{
    int64_t size = 0;

    if (cleaning->folder[0] != '\0')
        list_one(out, json, cleaning->folder, "the data folder", size_of(cleaning->folder));
    for (size_t i = 0; cleaning->archive != NULL && i < ARRAY_COUNT(archive_endings); i++)
        size += size_of(archive_file(cleaning, archive_endings[i]));
    if (cleaning->archive != NULL)
        list_one(out, json, cleaning->archive, "the SQLite archive", size);
    for (size_t i = 0; i < cleaning->replays.gl_pathc; i++)
        if (is_replay(cleaning->replays.gl_pathv[i]))
            list_one(out, json, cleaning->replays.gl_pathv[i], "how far a replay is",
                     size_of(cleaning->replays.gl_pathv[i]));
}

static void print_list(const struct cleaning *cleaning, FILE *stream)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);

    list(cleaning, &out, false);
    fwrite(out.ptr, 1, out.size, stream);
}

static bool is_agreed(const struct cleaning *cleaning)
{
    struct cli *cli = cleaning->cli;
    char answer[16] = "";

    fprintf(cli->err, "This will be deleted:\n");
    print_list(cleaning, cli->err);
    fprintf(cli->err, "Delete it? [y/N] ");
    fflush(cli->err);
    if (fgets(answer, sizeof answer, cli->in) == NULL)
        fputc('\n', cli->err);
    return answer[0] == 'y' || answer[0] == 'Y';
}

static int delete_file(const struct cleaning *cleaning, const char *path)
{
    if (unlink(path) == 0 || errno == ENOENT)
        return CLI_DONE;
    return cli_fail(cleaning->cli, CLI_FAILED, "%s can't be deleted: %s.", path, strerror(errno));
}

static int delete_all(const struct cleaning *cleaning)
{
    int exit_status = CLI_DONE;

    if (cleaning->folder[0] != '\0' && file_remove_folder(cleaning->folder) != OK)
        return cli_fail(cleaning->cli, CLI_FAILED, "%s can't be deleted: %s.", cleaning->folder,
                        strerror(errno));
    for (size_t i = 0; exit_status == CLI_DONE && i < cleaning->replays.gl_pathc; i++)
        if (is_replay(cleaning->replays.gl_pathv[i]))
            exit_status = delete_file(cleaning, cleaning->replays.gl_pathv[i]);
    for (size_t i = 0;
         exit_status == CLI_DONE && cleaning->archive != NULL && i < ARRAY_COUNT(archive_endings);
         i++)
        exit_status = delete_file(cleaning, archive_file(cleaning, archive_endings[i]));
    return exit_status;
}

static int clean(struct cleaning *cleaning, const struct clean_options *on)
{
    struct cli *cli = cleaning->cli;
    AUTO(buffer_free) struct buffer lines = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    bool for_people = cli_for_people(cli, on->json);
    int exit_status = take_folder(cleaning, on->data != NULL ? on->data : DATA_DEFAULT);

    if (exit_status == CLI_DONE)
        exit_status = take_archive(cleaning, on->archive);
    if (exit_status == CLI_DONE)
        exit_status = take_replays(cleaning);
    if (exit_status != CLI_DONE)
        return exit_status;
    if (cleaning->folder[0] == '\0' && cleaning->archive == NULL) {
        if (for_people)
            fprintf(cli->out, "There is nothing to delete.\n");
        return CLI_DONE;
    }
    if (!on->yes && (!cli->in_is_terminal || !cli->err_is_terminal)) {
        cli_fail(cli, CLI_USAGE, "This would be deleted; say --yes to do it:");
        print_list(cleaning, cli->err);
        return CLI_USAGE;
    }
    if (!on->yes && !is_agreed(cleaning)) {
        fprintf(cli->err, "Nothing was deleted.\n");
        return CLI_FAILED;
    }
    list(cleaning, &lines, !for_people); /* while it is there to be measured */
    exit_status = delete_all(cleaning);
    if (exit_status != CLI_DONE)
        return exit_status;
    if (for_people)
        fprintf(cli->out, "Deleted%s\n", on->yes ? ":" : ".");
    if (!for_people || on->yes)
        fwrite(lines.ptr, 1, lines.size, cli->out);
    return CLI_DONE;
}

static int clean_run(struct cli *cli, const void *given)
{
    struct cleaning cleaning = {.cli = cli, .lock = -1};
    int exit_status = clean(&cleaning, given);

    if (cleaning.lock >= 0)
        close(cleaning.lock);
    globfree(&cleaning.replays);
    return exit_status;
}

const struct command command_clean = {
    .name = "clean",
    .group = COMMAND_SERVER,
    .summary = "delete the data folder and the archive",
    .description =
        "Says what will go, and asks. With an archive go the files that say how far its "
        "replays are (db.replay-NAME.json). Refuses what a running dynlog uses, and what is "
        "not dynlog's.",
    .example = "dynlog clean\n"
               "dynlog clean --data /tmp/dynlog --yes",
    .options = {options, ARRAY_COUNT(options), NULL, 0},
    .options_size = sizeof(struct clean_options),
    .run = clean_run,
};
