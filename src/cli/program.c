/* cli/program.c - see program.h. */
#include "cli/program.h"

#include "base/buffer.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

const char *cli_program_find(struct arena *arena, const char *name, size_t turn)
{
    const char *path = getenv("PATH");

    if (strchr(name, '/') != NULL)
        return turn == 0 && access(name, X_OK) == 0 ? name : NULL;
    while (path != NULL && *path != '\0') {
        size_t size = strcspn(path, ":");
        const char *place =
            arena_copy_text(arena, arena_printf(arena, "%.*s/%s", (int)size, path, name));

        if (size > 0 && access(place, X_OK) == 0 && turn-- == 0)
            return place;
        path += size + (path[size] == ':');
    }
    return NULL;
}

/* Starts it with an empty input and one pipe for what it prints; -1: it can't be. */
static pid_t start(const char *const *arguments, int output)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    pid_t pid = -1;
    int error = 0;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP); /* ended with what it started */
    error = posix_spawn(&pid, arguments[0], &actions, &attributes,
                        (char *const *)(uintptr_t)arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error == 0 ? pid : -1;
}

/* Until it closes its output. False: it takes too long. */
static bool read_output(int fd, struct buffer *out)
{
    uint64_t end_ns = clock_monotonic_ns() + (uint64_t)PROGRAM_ANSWER_MS * 1000000;
    uint8_t piece[1024];

    for (;;) {
        uint64_t now_ns = clock_monotonic_ns();
        struct pollfd wanted = {.fd = fd, .events = POLLIN};
        int ready = now_ns < end_ns ? poll(&wanted, 1, (int)((end_ns - now_ns) / 1000000 + 1)) : 0;
        ssize_t size = 0;

        if (ready < 0 && errno == EINTR)
            continue;
        if (ready <= 0)
            return false;
        size = read(fd, piece, sizeof piece);
        if (size <= 0)
            return true;
        buffer_append(out, bytes_of(piece, (size_t)size)); /* what does not fit is not looked at */
    }
}

static struct bytes without_blanks(struct bytes text)
{
    while (text.size > 0 && strchr(" \t\r\n", text.ptr[text.size - 1]) != NULL)
        text.size--;
    while (text.size > 0 && strchr(" \t\r\n", text.ptr[0]) != NULL)
        text = bytes_slice(text, 1, text.size);
    return text;
}

enum status cli_program_ask(struct arena *arena, const char *const *arguments, struct bytes *ret)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(PROGRAM_OUTPUT_SIZE_MAX);
    int fds[2], how = 0;
    pid_t pid = -1;
    bool ended = false;

    if (pipe2(fds, O_CLOEXEC) != 0)
        return IO_ERROR;
    pid = start(arguments, fds[1]);
    close(fds[1]);
    if (pid < 0) {
        close(fds[0]);
        return NOT_FOUND;
    }
    ended = read_output(fds[0], &out);
    close(fds[0]);
    if (!ended)
        kill(-pid, SIGKILL);
    while (waitpid(pid, &how, 0) < 0 && errno == EINTR)
        ;
    if (!ended)
        return TIMED_OUT;
    *ret = arena_copy(arena, without_blanks(buffer_bytes(&out)));
    return WIFEXITED(how) && WEXITSTATUS(how) == 0 ? OK : REFUSED;
}
