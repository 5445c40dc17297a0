/* cli/hand.c - see hand.h. */
#include "cli/hand.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define VARIABLES 6

/* ---- its environment ---- */

static char **make_environment(struct arena *arena, const struct dynlog_event *event)
{
    size_t count = 0, kept = 0;
    char **made = NULL;

    while (environ[count] != NULL)
        count++;
    made = ARENA_NEW_ARRAY(arena, count + VARIABLES + 1, char *);
    for (size_t i = 0; i < count; i++)
        if (strncmp(environ[i], "DYNLOG_", strlen("DYNLOG_")) != 0)
            made[kept++] = environ[i];
    if (event == NULL)
        return made;

    struct bytes texts[VARIABLES] = {
        arena_printf(arena, "DYNLOG_LOG=%s", event->log),
        arena_printf(arena, "DYNLOG_ID=%s", event->id),
        arena_printf(arena, "DYNLOG_VERSION=%" PRIu64, event->version),
        arena_printf(arena, "DYNLOG_TYPE=%s", event->type),
        arena_printf(arena, "DYNLOG_POSITION=%" PRIu64, event->position),
        arena_printf(arena, "DYNLOG_TRY=%" PRIu32, event->try_number > 0 ? event->try_number : 1),
    };

    for (size_t i = 0; i < VARIABLES; i++)
        made[kept++] = arena_copy_text(arena, texts[i]);
    return made;
}

/* ---- processes ---- */

/* stdout_fd -1: ours. Returns 0, or an errno. */
static int start(const struct hand *hand, const struct dynlog_event *event, int stdin_fd,
                 int stdout_fd, pid_t *ret)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    char *arguments[] = {arena_copy_text(arena, BYTES("sh")), arena_copy_text(arena, BYTES("-c")),
                         arena_copy_text(arena, bytes_of_text(hand->command)), NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    int failed = 0;

    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    sigaddset(&defaults, SIGINT);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, stdin_fd, STDIN_FILENO);
    if (stdout_fd >= 0)
        posix_spawn_file_actions_adddup2(&actions, stdout_fd, STDOUT_FILENO);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
    failed = posix_spawn(ret, "/bin/sh", &actions, &attributes, arguments,
                         make_environment(arena, event));
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return failed;
}

static int wait_for(pid_t pid)
{
    int state = 0;

    while (waitpid(pid, &state, 0) < 0 && errno == EINTR)
        continue;
    return state;
}

static bool write_all(int fd, struct bytes text)
{
    while (text.size > 0) {
        ssize_t written = write(fd, text.ptr, text.size);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false; /* it does not want to read it */
        text = bytes_slice(text, (size_t)written, text.size);
    }
    return true;
}

static bool say_state(int state, char reason[HAND_REASON_SIZE])
{
    if (WIFEXITED(state) && WEXITSTATUS(state) == 0)
        return true;
    if (WIFSIGNALED(state))
        snprintf(reason, HAND_REASON_SIZE, "the command was ended by signal %d", WTERMSIG(state));
    else
        snprintf(reason, HAND_REASON_SIZE, "the command ended with exit status %d",
                 WEXITSTATUS(state));
    return false;
}

static bool say_error(const char *what, int error, char reason[HAND_REASON_SIZE])
{
    snprintf(reason, HAND_REASON_SIZE, "%s: %s", what, strerror(error));
    return false;
}

/* ---- one process an event ---- */

static bool run_one(struct hand *hand, const struct dynlog_event *event, struct bytes json,
                    char reason[HAND_REASON_SIZE])
{
    int fds[2], failed = 0;
    pid_t pid = 0;

    if (pipe2(fds, O_CLOEXEC) != 0)
        return say_error("no pipe", errno, reason);
    failed = start(hand, event, fds[0], -1, &pid);
    close(fds[0]);
    if (failed == 0 && write_all(fds[1], json)) {
        /* Whether it reads it is its own affair. */
    }
    close(fds[1]);
    return failed == 0 ? say_state(wait_for(pid), reason)
                       : say_error("the command can't be started", failed, reason);
}

/* ---- one that is kept ---- */

static bool keep_one(struct hand *hand, char reason[HAND_REASON_SIZE])
{
    int to[2], from[2], failed = 0;

    if (hand->pid != 0)
        return true;
    if (pipe2(to, O_CLOEXEC) != 0)
        return say_error("no pipe", errno, reason);
    if (pipe2(from, O_CLOEXEC) != 0) {
        failed = errno;
        close(to[0]);
        close(to[1]);
        return say_error("no pipe", failed, reason);
    }
    failed = start(hand, NULL, to[0], from[1], &hand->pid);
    close(to[0]);
    close(from[1]);
    hand->to_fd = to[1];
    hand->from = fdopen(from[0], "r");
    if (failed == 0)
        return true;
    hand->pid = 0;
    close(hand->to_fd);
    fclose(hand->from);
    return say_error("the command can't be started", failed, reason);
}

static bool read_verdict(struct hand *hand, char reason[HAND_REASON_SIZE])
{
    char line[HAND_REASON_SIZE + 16];
    struct bytes text;

    do {
        errno = 0;
        clearerr(hand->from);
    } while (fgets(line, sizeof line, hand->from) == NULL && errno == EINTR);
    if (feof(hand->from) || ferror(hand->from)) {
        cli_hand_close(hand);
        snprintf(reason, HAND_REASON_SIZE, "the command ended without an answer");
        return false;
    }
    text = bytes_of_text(line);
    while (text.size > 0 && (text.ptr[text.size - 1] == '\n' || text.ptr[text.size - 1] == '\r'))
        text.size--;
    if (bytes_equal_text(text, "done"))
        return true;
    if (bytes_equal_text(text, "failed") || bytes_start_with(text, BYTES("failed "))) {
        text = bytes_slice(text, strlen("failed "), text.size);
        snprintf(reason, HAND_REASON_SIZE, "%.*s", BYTES_ARG(text));
        return false;
    }
    cli_hand_close(hand); /* what it says next would be of another event */
    snprintf(reason, HAND_REASON_SIZE,
             "the command answered neither \"done\" nor \"failed REASON\": %.*s",
             (int)size_min(text.size, 200), (const char *)text.ptr);
    return false;
}

static bool feed_one(struct hand *hand, struct bytes json, char reason[HAND_REASON_SIZE])
{
    if (!keep_one(hand, reason))
        return false;
    if (!write_all(hand->to_fd, json) || !write_all(hand->to_fd, BYTES("\n"))) {
        cli_hand_close(hand);
        snprintf(reason, HAND_REASON_SIZE, "the command ended before it read the event");
        return false;
    }
    return read_verdict(hand, reason);
}

/* ---- */

bool cli_hand_over(struct hand *hand, const struct dynlog_event *event, struct bytes json,
                   char reason[HAND_REASON_SIZE])
{
    signal(SIGPIPE, SIG_IGN);
    reason[0] = '\0';
    return hand->lines ? feed_one(hand, json, reason) : run_one(hand, event, json, reason);
}

void cli_hand_close(struct hand *hand)
{
    if (hand->pid == 0)
        return;
    close(hand->to_fd);
    fclose(hand->from);
    wait_for(hand->pid);
    hand->pid = 0;
}
