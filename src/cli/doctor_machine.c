/* cli/doctor_machine.c - the data folder, keys, limits, and the clock. */
#include "base/clock.h"
#include "base/file.h"
#include "cli/doctor.h"
#include "cli/output.h"
#include "store/format.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/timex.h>
#include <unistd.h>

/* docs/format/store.md */
#define DATA_DEFAULT ".dynlog"
#define LOCK_NAME "dynlog.lock"
#define FORMAT_WORDS "dynlog store "

#define DISK_WARNING ((uint64_t)1000 * 1000 * 1000) /* RocksDB needs room to compact */
#define DISK_PROBLEM ((uint64_t)100 * 1000 * 1000)
#define OPEN_FILES_WARNING 1024     /* connections, workers' pipes, RocksDB's files */
#define WATCHES_WARNING 8192        /* one a folder that functions load files from */
#define WATCH_INSTANCES_WARNING 128 /* the kernel's default, shared with editors */
#define YEAR_2024_MS UINT64_C(1704067200000)

static const char *path_in(const struct doctor *doctor, const char *folder, const char *name)
{
    struct arena *arena = doctor->cli->arena;

    return arena_copy_text(arena, arena_printf(arena, "%s/%s", folder, name));
}

/* ---- the data folder ---- */

static int64_t size_sum; /* nftw() hands nothing through */

static int add_size(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)path, (void)kind, (void)ftw;
    if (S_ISREG(st->st_mode))
        size_sum += (int64_t)st->st_size;
    return 0;
}

/* The process that has a lock of flock(2) on the file, as the kernel lists it: trying the lock
 * would be in the way of a dynlog that starts. 0: nobody. */
static int64_t lock_holder(const char *path)
{
    FILE *locks = fopen("/proc/locks", "re");
    struct stat st;
    char line[256];
    int64_t holder = 0;

    /* 1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF */
    while (locks != NULL && stat(path, &st) == 0 && fgets(line, sizeof line, locks) != NULL) {
        int pid = 0;
        unsigned major_number = 0, minor_number = 0;
        unsigned long inode = 0;

        /* NOLINTNEXTLINE(cert-err34-c): the kernel's own numbers */
        if (sscanf(line, "%*d: FLOCK %*s %*s %d %x:%x:%lu", &pid, &major_number, &minor_number,
                   &inode) == 4 &&
            inode == st.st_ino && makedev(major_number, minor_number) == st.st_dev) {
            holder = pid > 0 ? pid : -1; /* in another namespace */
            break;
        }
    }
    if (locks != NULL)
        fclose(locks);
    return holder;
}

static void look_at_holder(struct doctor *doctor, const char *folder)
{
    const char *lock = path_in(doctor, folder, LOCK_NAME);
    int64_t holder = lock_holder(lock);
    struct bytes told = {NULL, 0};

    if (holder == 0) {
        doctor_tell(doctor, FINDING_OK, "use", NULL, "no dynlog uses the folder");
        return;
    }
    if (holder < 0 &&
        (file_read(doctor->cli->arena, lock, 64, &told) != OK ||
         !bytes_to_int64(bytes_slice(told, 0, bytes_find_byte(told, '\n', 0)), &holder)))
        holder = 0;
    doctor_tell(doctor, FINDING_OK, "use", NULL, "a running dynlog uses it: process %" PRId64,
                holder);
}

/* False: there is no more to say of the folder. */
static bool look_at_format(struct doctor *doctor, const char *folder)
{
    struct bytes text = {NULL, 0};
    int64_t version = 0;
    enum status status =
        file_read(doctor->cli->arena, path_in(doctor, folder, "format"), 64, &text);

    if (!file_exists(path_in(doctor, folder, LOCK_NAME))) {
        doctor_tell(doctor, FINDING_PROBLEM, "folder", "Name another with --data DIR.",
                    "%s is not dynlog's: it has no " LOCK_NAME, folder);
        return false;
    }
    if (status == NOT_FOUND) {
        doctor_tell(doctor, FINDING_OK, "folder", NULL,
                    "%s: a start was interrupted before it "
                    "was done; the next one makes it",
                    folder);
        return true;
    }
    if (status != OK || !bytes_start_with(text, BYTES(FORMAT_WORDS)) ||
        !bytes_end_with(text, BYTES("\n")) ||
        !bytes_to_int64(
            bytes_slice(text, strlen(FORMAT_WORDS), text.size - strlen(FORMAT_WORDS) - 1),
            &version)) {
        doctor_tell(doctor, FINDING_PROBLEM, "folder",
                    "Bring it back from a copy; or `dynlog clean` deletes it.",
                    "%s is damaged: its file format can't be read", folder);
        return false;
    }
    if (version < 1 || version > STORE_FORMAT_VERSION) {
        doctor_tell(doctor, FINDING_PROBLEM, "folder",
                    "Use the dynlog that made it, or name another with --data DIR.",
                    "%s has format %" PRId64 ", this dynlog reads %d", folder, version,
                    STORE_FORMAT_VERSION);
        return false;
    }
    size_sum = 0;
    nftw(folder, add_size, 32, FTW_PHYS);
    doctor_tell(doctor, FINDING_OK, "folder", NULL, "%s: format %" PRId64 ", %s", folder, version,
                cli_size_text(size_sum));
    return true;
}

static void look_at_disk(struct doctor *doctor, const char *folder)
{
    struct statvfs fs;
    uint64_t left = 0;
    enum finding finding = FINDING_OK;

    if (statvfs(folder, &fs) != 0)
        return;
    left = (uint64_t)fs.f_bavail * fs.f_frsize;
    if (left < DISK_WARNING)
        finding = left < DISK_PROBLEM ? FINDING_PROBLEM : FINDING_WARNING;
    doctor_tell(doctor, finding, "disk",
                finding == FINDING_OK ? NULL
                                      : "Make room: on a full disk writes are refused, reads "
                                        "go on.",
                "%s free", cli_size_text(left > INT64_MAX ? INT64_MAX : (int64_t)left));
}

/* Where what is not there would be made: the first folder above it that is there. */
static void find_folder_above(const char *path, char above[PATH_MAX])
{
    for (size_t size = strlen(path); size > 1; size--) {
        if (path[size - 1] != '/')
            continue;
        snprintf(above, PATH_MAX, "%.*s", (int)(size - 1), path);
        if (access(above, F_OK) == 0)
            return;
    }
    snprintf(above, PATH_MAX, "%s", path[0] == '/' ? "/" : ".");
}

void doctor_data(struct doctor *doctor)
{
    const char *folder = doctor->data != NULL ? doctor->data : DATA_DEFAULT;
    char above[PATH_MAX];
    struct stat st = {0};
    int error = stat(folder, &st) == 0 ? 0 : errno;

    if (error == ENOENT) {
        doctor_tell(doctor, FINDING_OK, "folder", NULL, "%s is not there; `dynlog start` makes it",
                    folder);
        find_folder_above(folder, above);
        folder = above;
    } else if (error != 0) {
        doctor_tell(doctor, FINDING_PROBLEM, "folder", "Name another with --data DIR.",
                    "%s can't be used: %s", folder, strerror(error));
        return;
    } else if (!S_ISDIR(st.st_mode)) {
        doctor_tell(doctor, FINDING_PROBLEM, "folder", "Name another with --data DIR.",
                    "%s is no folder", folder);
        return;
    } else if (access(folder, R_OK | X_OK) != 0) {
        doctor_tell(doctor, FINDING_PROBLEM, "folder",
                    "Make it readable and writable for this user, or name another with "
                    "--data DIR.",
                    "%s can't be read: %s", folder, strerror(errno));
        return;
    } else if (look_at_format(doctor, folder)) {
        look_at_holder(doctor, folder);
    } else {
        return;
    }
    if (access(folder, W_OK | X_OK) != 0)
        doctor_tell(doctor, FINDING_PROBLEM, "folder",
                    "Make it writable for this user, or name another with --data DIR.",
                    "%s can't be written: %s", folder, strerror(errno));
    look_at_disk(doctor, folder);
}

/* ---- keys ---- */

static bool is_set(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0';
}

void doctor_credentials(struct doctor *doctor)
{
    struct target_options options = {.region =
                                         doctor->region != NULL ? doctor->region : "us-east-1",
                                     .profile = doctor->profile};
    struct target target;
    char message[TARGET_MESSAGE_SIZE] = "";
    bool asked = doctor->region != NULL || doctor->profile != NULL;
    bool key = is_set("AWS_ACCESS_KEY_ID"), secret = is_set("AWS_SECRET_ACCESS_KEY");

    if (key != secret)
        doctor_tell(doctor, FINDING_WARNING, "environment", "Set both, or none of them.",
                    "%s is set, %s is not: neither is used",
                    key ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
                    key ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
    if (target_resolve(doctor->cli->arena, &options, &target, message) != OK)
        doctor_tell(doctor, asked ? FINDING_PROBLEM : FINDING_OK, "keys", asked ? message : NULL,
                    asked ? "none for AWS" : "none for AWS; a dynlog takes any");
    else if (doctor->profile == NULL && key && secret)
        doctor_tell(doctor, FINDING_OK, "keys", NULL, "found in the environment%s",
                    target.token != NULL ? ", with a session token" : "");
    else
        doctor_tell(doctor, FINDING_OK, "keys", NULL, "found, of profile %s",
                    doctor->profile != NULL ? doctor->profile
                    : is_set("AWS_PROFILE") ? getenv("AWS_PROFILE")
                                            : "default");
}

/* ---- limits ---- */

static void look_at_limit(struct doctor *doctor, const char *what, const char *path,
                          uint64_t warning, const char *advice)
{
    struct bytes text = {NULL, 0};
    uint64_t limit = 0;

    if (file_read(doctor->cli->arena, path, 64, &text) != OK ||
        !bytes_to_uint64(bytes_slice(text, 0, bytes_find_byte(text, '\n', 0)), &limit))
        return; /* another kernel */
    doctor_tell(doctor, limit < warning ? FINDING_WARNING : FINDING_OK, what,
                limit < warning ? advice : NULL, "%s", cli_count_text((int64_t)limit));
}

static void look_at_files(struct doctor *doctor)
{
    struct rlimit limit;
    bool few = false;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    few = limit.rlim_cur < OPEN_FILES_WARNING;
    if (limit.rlim_cur == RLIM_INFINITY)
        doctor_tell(doctor, FINDING_OK, "open files", NULL, "no limit");
    else
        doctor_tell(doctor, few ? FINDING_WARNING : FINDING_OK, "open files",
                    few ? "Raise it with ulimit -n 4096 before `dynlog start`." : NULL, "%s",
                    cli_count_text((int64_t)limit.rlim_cur));
}

/* ---- the clock ---- */

static void look_at_clock(struct doctor *doctor)
{
    struct clock *clock = clock_new_real();
    struct timex timex = {0};
    char text[CLOCK_ISO_SIZE];
    uint64_t now_ms = clock_now_ms(clock);
    bool wrong = now_ms < YEAR_2024_MS;
    bool loose = adjtimex(&timex) == TIME_ERROR && (timex.status & STA_UNSYNC) != 0;

    clock_free(clock);
    clock_format_iso(now_ms, false, text);
    if (wrong)
        doctor_tell(doctor, FINDING_PROBLEM, "clock",
                    "Set it: AWS refuses what is signed at a wrong time.", "%s is in the past",
                    text);
    else
        doctor_tell(doctor, FINDING_OK, "clock", NULL, "%s%s", text,
                    loose ? ", set by no time server" : "");
}

void doctor_machine(struct doctor *doctor)
{
    look_at_files(doctor);
    look_at_limit(doctor, "watches", "/proc/sys/fs/inotify/max_user_watches", WATCHES_WARNING,
                  "Raise it, or changed code is not seen: sysctl "
                  "fs.inotify.max_user_watches=65536");
    look_at_limit(doctor, "watchers", "/proc/sys/fs/inotify/max_user_instances",
                  WATCH_INSTANCES_WARNING,
                  "Raise it, or changed code is not seen: sysctl "
                  "fs.inotify.max_user_instances=256");
    look_at_clock(doctor);
}
