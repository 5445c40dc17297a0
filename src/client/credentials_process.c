/* client/credentials_process.c - keys of a program: credential_process. (AWS: SDKs and Tools
 * Reference Guide, "Process credential provider".)
 *
 *   its words, as a shell splits them, without a shell
 *   its output   {"Version":1,"AccessKeyId","SecretAccessKey","SessionToken","Expiration"}
 *
 * It reads nothing, and what it says beside its output is a part of the message when it fails. It
 * is waited for as long as it takes: it may ask its person something in a window. */
#include "client/credentials.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "json/json.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_SIZE_MAX ((size_t)64 * 1024)
#define WORDS_MAX 256
#define SAID_SIZE 300 /* of what it said that a message has */

static enum status say(char message[CREDENTIALS_MESSAGE_SIZE], const char *process,
                       const char *what, struct bytes said)
{
    while (said.size > 0 && strchr(" \r\n", said.ptr[said.size - 1]) != NULL)
        said.size--;
    said = bytes_slice(said, 0, size_min(said.size, SAID_SIZE));
    snprintf(message, CREDENTIALS_MESSAGE_SIZE, "The credential_process `%.300s` %s%s%.*s", process,
             what, said.size > 0 ? ": " : ".", BYTES_ARG(said));
    return NOT_PERMITTED;
}

/* ---- its words ---- */

static bool is_escape(const char *at, char quote)
{
    if (at[0] != '\\' || at[1] == '\0')
        return false;
    return quote == '\0' || (quote == '"' && (at[1] == '"' || at[1] == '\\'));
}

/* One word: quotes hold it together, a backslash takes the next character as it is. False: a quote
 * has no end. */
static bool take_word(const char **at, struct buffer *out)
{
    char quote = '\0';

    for (; **at != '\0' && (quote != '\0' || strchr(" \t", **at) == NULL); ++*at) {
        if (**at == quote)
            quote = '\0';
        else if (quote == '\0' && (**at == '"' || **at == '\''))
            quote = **at;
        else if (is_escape(*at, quote))
            buffer_append_byte(out, (uint8_t) * ++*at);
        else
            buffer_append_byte(out, (uint8_t) * *at);
    }
    return quote == '\0';
}

static bool split(struct arena *arena, const char *process, char *words[WORDS_MAX + 1])
{
    size_t count = 0;

    for (const char *at = process;;) {
        AUTO(buffer_free) struct buffer word = BUFFER_INIT(SETTINGS_SIZE_MAX);

        at += strspn(at, " \t");
        if (*at == '\0')
            break;
        if (count == WORDS_MAX || !take_word(&at, &word))
            return false;
        words[count++] = arena_copy_text(arena, buffer_bytes(&word));
    }
    words[count] = NULL;
    return count > 0;
}

/* ---- running it ---- */

struct running {
    pid_t pid;
    int out, err;
};

static int spawn(char *const *words, int out, int err, pid_t *ret)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    int error = 0;

    sigemptyset(&none); /* a library's thread blocks them all */
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
    error = posix_spawnp(ret, words[0], &actions, &attributes, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return error;
}

static void close_both(const int pair[2])
{
    close(pair[0]);
    close(pair[1]);
}

/* 0, or an errno. */
static int start(char *const *words, struct running *ret)
{
    int out[2], err[2], error = 0;

    if (pipe2(out, O_CLOEXEC) != 0)
        return errno;
    if (pipe2(err, O_CLOEXEC) != 0) {
        error = errno;
        close_both(out);
        return error;
    }
    error = spawn(words, out[1], err[1], &ret->pid);
    if (error != 0) {
        close_both(out);
        close_both(err);
        return error;
    }
    close(out[1]);
    close(err[1]);
    ret->out = out[0];
    ret->err = err[0];
    return 0;
}

/* False: that was the end. What does not fit is passed over. */
static bool take(int fd, struct buffer *out)
{
    char piece[4096];
    ssize_t size = read(fd, piece, sizeof piece);

    if (size > 0)
        buffer_append(out, bytes_of(piece, (size_t)size));
    return size > 0 || (size < 0 && errno == EINTR);
}

static void listen_to(const struct running *running, struct buffer *out, struct buffer *err)
{
    struct pollfd fds[2] = {{.fd = running->out, .events = POLLIN},
                            {.fd = running->err, .events = POLLIN}};

    while (fds[0].fd >= 0 || fds[1].fd >= 0) {
        fds[0].revents = fds[1].revents = 0;
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            break;
        for (size_t i = 0; i < 2; i++)
            if (fds[i].fd >= 0 && fds[i].revents != 0 && !take(fds[i].fd, i == 0 ? out : err))
                fds[i].fd = -1;
    }
    close(running->out);
    close(running->err);
}

/* Its exit status; 0 also when the program we are part of waits for children itself. */
static int end(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

enum status credentials_run(struct arena *arena, const char *process, struct credentials *ret,
                            char message[CREDENTIALS_MESSAGE_SIZE])
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(OUTPUT_SIZE_MAX);
    AUTO(buffer_free) struct buffer err = BUFFER_INIT(OUTPUT_SIZE_MAX);
    char *words[WORDS_MAX + 1], what[64];
    struct running running = {.out = -1, .err = -1};
    int error = 0;

    if (!split(arena, process, words))
        return say(message, process, "is no command: a quote has no end, or it has no word",
                   BYTES(""));
    error = start(words, &running);
    if (error != 0)
        return say(message, process, "can't be run", bytes_of_text(strerror(error)));
    listen_to(&running, &out, &err);
    error = end(running.pid);
    snprintf(what, sizeof what, "ended with exit status %d", error);
    if (error != 0)
        return say(message, process, what, buffer_bytes(&err));
    return credentials_parse(arena, process, buffer_bytes(&out), ret, message);
}

/* ---- what it printed ---- */

static const char *text_of(struct arena *arena, const struct json *json, const char *name)
{
    struct bytes text = json_get_string(json, name);

    return text.size > 0 ? arena_copy_text(arena, text) : NULL;
}

enum status credentials_parse(struct arena *arena, const char *process, struct bytes text,
                              struct credentials *ret, char message[CREDENTIALS_MESSAGE_SIZE])
{
    const struct json *json = NULL;
    const char *expiration = NULL;
    struct credentials keys = {0};

    if (json_parse(arena, text, &json, NULL) != OK || !json_is(json, JSON_OBJECT))
        return say(message, process, "printed no JSON object", BYTES(""));
    if (json_get_uint(json, "Version", 0) != 1)
        return say(message, process, "printed no keys of \"Version\": 1", BYTES(""));
    keys.process = arena_copy_text(arena, bytes_of_text(process));
    keys.key_id = text_of(arena, json, "AccessKeyId");
    keys.secret = text_of(arena, json, "SecretAccessKey");
    keys.token = text_of(arena, json, "SessionToken");
    expiration = text_of(arena, json, "Expiration");
    if (keys.key_id == NULL || keys.secret == NULL)
        return say(message, process, "printed no AccessKeyId, or no SecretAccessKey", BYTES(""));
    if (expiration != NULL && !clock_parse_iso(bytes_of_text(expiration), &keys.expires_ms))
        return say(message, process, "printed an Expiration that is no time",
                   bytes_of_text(expiration));
    *ret = keys;
    return OK;
}
