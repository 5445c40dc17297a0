/* cli/clean.c - dynlog clean: deletes the data folder and the archive, after it was sure that both
 * are dynlog's and that nobody uses them.
 *
 * The folder's lock is held while it is deleted, so that no dynlog opens it half way. */
#include "cli/internal.h"

#include "base/file.h"
#include "cli/output.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define DATA_DEFAULT ".dynlog"
#define ARCHIVE_DEFAULT "db"
#define LOCK_NAME "dynlog.lock" /* docs/format/store.md */

struct clean_options {
    const char *data, *archive;
    bool yes;
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
};

/* What is to go. */
struct cleaning {
    struct cli *cli;
    char folder[PATH_MAX]; /* without symbolic links; empty: none */
    int lock;
    const char *archive; /* NULL: none */
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
    static const char *const ours[] = {
        ".",        "..",         LOCK_NAME,        "format",         "format.new",        "store",
        "runtimes", "archive.db", "archive.db-wal", "archive.db-shm", "archive.db-journal"};
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

/* ---- asking, and deleting ---- */

static const char *const archive_endings[] = {"", "-wal", "-shm", "-journal"};

static const char *archive_file(const struct cleaning *cleaning, const char *ending)
{
    struct arena *arena = cleaning->cli->arena;

    return arena_copy_text(arena, arena_printf(arena, "%s%s", cleaning->archive, ending));
}

static void list(const struct cleaning *cleaning, FILE *out)
{
    int64_t size = 0;

    if (cleaning->folder[0] != '\0')
        fprintf(out, "  %-10s %s\n", cli_size_text(size_of(cleaning->folder)), cleaning->folder);
    for (size_t i = 0; cleaning->archive != NULL && i < ARRAY_COUNT(archive_endings); i++)
        size += size_of(archive_file(cleaning, archive_endings[i]));
    if (cleaning->archive != NULL)
        fprintf(out, "  %-10s %s (the SQLite archive)\n", cli_size_text(size), cleaning->archive);
}

static bool is_agreed(const struct cleaning *cleaning)
{
    struct cli *cli = cleaning->cli;
    char answer[16] = "";

    fprintf(cli->out, "This will be deleted:\n");
    list(cleaning, cli->out);
    fprintf(cli->out, "Delete it? [y/N] ");
    fflush(cli->out);
    if (fgets(answer, sizeof answer, cli->in) == NULL)
        fputc('\n', cli->out);
    return answer[0] == 'y' || answer[0] == 'Y';
}

static int delete_all(const struct cleaning *cleaning)
{
    if (cleaning->folder[0] != '\0' && file_remove_folder(cleaning->folder) != OK)
        return cli_fail(cleaning->cli, CLI_FAILED, "%s can't be deleted: %s.", cleaning->folder,
                        strerror(errno));
    for (size_t i = 0; cleaning->archive != NULL && i < ARRAY_COUNT(archive_endings); i++) {
        const char *path = archive_file(cleaning, archive_endings[i]);

        if (unlink(path) != 0 && errno != ENOENT)
            return cli_fail(cleaning->cli, CLI_FAILED, "%s can't be deleted: %s.", path,
                            strerror(errno));
    }
    return CLI_DONE;
}

static int clean(struct cleaning *cleaning, const struct clean_options *on)
{
    struct cli *cli = cleaning->cli;
    int exit_status = take_folder(cleaning, on->data != NULL ? on->data : DATA_DEFAULT);

    if (exit_status == CLI_DONE)
        exit_status = take_archive(cleaning, on->archive);
    if (exit_status != CLI_DONE)
        return exit_status;
    if (cleaning->folder[0] == '\0' && cleaning->archive == NULL) {
        fprintf(cli->out, "There is nothing to delete.\n");
        return CLI_DONE;
    }
    if (!on->yes && (!cli->in_is_terminal || !cli->out_is_terminal)) {
        cli_fail(cli, CLI_USAGE, "This would be deleted; say --yes to do it:");
        list(cleaning, cli->err);
        return CLI_USAGE;
    }
    if (!on->yes && !is_agreed(cleaning)) {
        fprintf(cli->out, "Nothing was deleted.\n");
        return CLI_FAILED;
    }
    if (on->yes) {
        fprintf(cli->out, "Deleting:\n");
        list(cleaning, cli->out);
    }
    exit_status = delete_all(cleaning);
    if (exit_status == CLI_DONE && !on->yes)
        fprintf(cli->out, "Deleted.\n");
    return exit_status;
}

static int clean_run(struct cli *cli, const void *given)
{
    struct cleaning cleaning = {.cli = cli, .lock = -1};
    int exit_status = clean(&cleaning, given);

    if (cleaning.lock >= 0)
        close(cleaning.lock);
    return exit_status;
}

const struct command command_clean = {
    .name = "clean",
    .group = COMMAND_SERVER,
    .summary = "delete the data folder and the archive",
    .description = "Says what will go, and asks. Refuses what a running dynlog uses, and what is "
                   "not dynlog's.",
    .example = "dynlog clean\n"
               "dynlog clean --data /tmp/dynlog --yes",
    .options = {options, ARRAY_COUNT(options), NULL, 0},
    .options_size = sizeof(struct clean_options),
    .run = clean_run,
};
