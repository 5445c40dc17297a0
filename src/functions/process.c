/* functions/process.c - see process.h.
 *
 * The pipes are read here with read(2), on the loop's word or when process_drain() asks: libuv's
 * own stream would read only at the loop's next turn, after the invocation that printed has ended.
 */
#include "functions/process.h"

#include "functions/functions.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#define PIPE_READ_SIZE ((size_t)32 * 1024)
#define PIPE_DRAIN_READS_MAX 64 /* a thread that prints for ever must not hold the loop */

/* ---- lines ---- */

static void tell_line(struct process_pipe *pipe, struct bytes line)
{
    if (line.size > 0 && line.ptr[line.size - 1] == '\r')
        line.size--;
    pipe->process->line(pipe->process, line, pipe->is_stderr);
}

/* The beginning of a line is kept until its end comes, or more than a whole line may have. */
static void keep_beginning(struct process_pipe *pipe, struct bytes text)
{
    while (text.size > 0) {
        if (pipe->line.size == pipe->line.size_max) {
            tell_line(pipe, buffer_bytes(&pipe->line));
            buffer_clear(&pipe->line);
        }
        struct bytes piece = bytes_slice(text, 0, pipe->line.size_max - pipe->line.size);

        buffer_append(&pipe->line, piece);
        text = bytes_slice(text, piece.size, text.size);
    }
}

static void take_text(struct process_pipe *pipe, struct bytes text)
{
    for (;;) {
        size_t end = bytes_find_byte(text, '\n', 0);

        if (end == SIZE_MAX)
            break;
        if (pipe->line.size == 0) {
            tell_line(pipe, bytes_slice(text, 0, end));
        } else {
            keep_beginning(pipe, bytes_slice(text, 0, end));
            tell_line(pipe, buffer_bytes(&pipe->line));
            buffer_clear(&pipe->line);
        }
        text = bytes_slice(text, end + 1, text.size);
    }
    keep_beginning(pipe, text);
}

static void end_line(struct process_pipe *pipe)
{
    if (pipe->line.size == 0)
        return;
    tell_line(pipe, buffer_bytes(&pipe->line));
    buffer_clear(&pipe->line);
}

/* ---- handles ---- */

static void tell_closed(struct process *process)
{
    if (--process->open_handles > 0)
        return;
    for (size_t i = 0; i < ARRAY_COUNT(process->pipes); i++)
        buffer_free(&process->pipes[i].line);
    process->closed(process);
}

static void on_pipe_closed(uv_handle_t *handle)
{
    struct process_pipe *pipe = handle->data;

    tell_closed(pipe->process);
}

static void on_closed(uv_handle_t *handle)
{
    tell_closed(handle->data);
}

static void close_pipe(struct process_pipe *pipe)
{
    if (pipe->descriptor < 0)
        return;
    uv_poll_stop(&pipe->poll);
    uv_close((uv_handle_t *)&pipe->poll, on_pipe_closed);
    close(pipe->descriptor);
    pipe->descriptor = -1;
}

/* False when nothing more can be read now. */
static bool read_once(struct process_pipe *pipe)
{
    uint8_t piece[PIPE_READ_SIZE];
    ssize_t got;

    do {
        got = read(pipe->descriptor, piece, sizeof piece);
    } while (got < 0 && errno == EINTR);
    if (got > 0) {
        take_text(pipe, bytes_of(piece, (size_t)got));
        return true;
    }
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return false;
    end_line(pipe);
    close_pipe(pipe);
    return false;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct process_pipe *pipe = poll->data;

    (void)status;
    (void)events;
    if (pipe->descriptor >= 0)
        read_once(pipe);
}

void process_drain(struct process *process)
{
    for (size_t i = 0; i < ARRAY_COUNT(process->pipes); i++) {
        struct process_pipe *pipe = &process->pipes[i];

        for (unsigned reads = 0; pipe->descriptor >= 0 && reads < PIPE_DRAIN_READS_MAX; reads++)
            if (!read_once(pipe))
                break;
        end_line(pipe);
    }
}

static void close_all(struct process *process)
{
    for (size_t i = 0; i < ARRAY_COUNT(process->pipes); i++)
        close_pipe(&process->pipes[i]);
    if (process->handle.data != NULL)
        uv_close((uv_handle_t *)&process->handle, on_closed);
    uv_close((uv_handle_t *)&process->anchor, on_closed);
}

static void on_exit(uv_process_t *handle, int64_t exit_status, int signal)
{
    struct process *process = handle->data;

    process->running = false;
    kill(-handle->pid, SIGKILL); /* who ends by itself leaves nobody behind either */
    process_drain(process);
    process->exited(process, exit_status, signal);
    close_all(process);
}

/* ---- start and end ---- */

/* The reading end stays here; *ret_write is for the child. */
static enum status open_pipe(struct process *process, struct process_pipe *pipe, int *ret_write)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        return status_of_errno(errno);
    if (fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0 ||
        uv_poll_init(process->loop, &pipe->poll, ends[0]) != 0) {
        close(ends[0]);
        close(ends[1]);
        return IO_ERROR;
    }
    process->open_handles++;
    pipe->poll.data = pipe;
    pipe->descriptor = ends[0];
    *ret_write = ends[1];
    return OK;
}

static enum status spawn(struct process *process, const struct process_options *options,
                         const int writes[2])
{
    uv_stdio_container_t stdio[3] = {
        {.flags = UV_IGNORE},
        {.flags = UV_INHERIT_FD, .data.fd = writes[0]},
        {.flags = UV_INHERIT_FD, .data.fd = writes[1]},
    };
    /* libuv's structure wants char **, and does not write to what they point to */
    uv_process_options_t spawn_options = {
        .exit_cb = on_exit,
        .file = options->arguments[0],
        .args = (char **)(uintptr_t)options->arguments,
        .env = (char **)(uintptr_t)options->environment,
        .cwd = options->folder,
        .flags = UV_PROCESS_DETACHED,
        .stdio_count = ARRAY_COUNT(stdio),
        .stdio = stdio,
    };

    process->handle.data =
        process; /* says that the handle must be closed, however uv_spawn() ends */
    process->open_handles++;
    int error = uv_spawn(process->loop, &process->handle, &spawn_options);

    process->running = error == 0;
    return error == 0 ? OK : status_of_errno(-error);
}

enum status process_start(struct process *process, const struct process_options *options)
{
    int writes[2] = {-1, -1};
    enum status st = OK;

    process->loop = options->loop;
    process->handle.data = NULL;
    process->open_handles = 1;
    uv_timer_init(options->loop, &process->anchor);
    process->anchor.data = process;
    for (size_t i = 0; i < ARRAY_COUNT(process->pipes); i++) {
        process->pipes[i].process = process;
        process->pipes[i].descriptor = -1;
        process->pipes[i].line = BUFFER_INIT(FUNCTION_LOG_LINE_SIZE_MAX);
        process->pipes[i].is_stderr = i == 1;
    }
    for (size_t i = 0; i < ARRAY_COUNT(process->pipes) && st == OK; i++)
        st = open_pipe(process, &process->pipes[i], &writes[i]);
    if (st == OK)
        st = spawn(process, options, writes);
    for (size_t i = 0; i < ARRAY_COUNT(process->pipes); i++) {
        if (writes[i] >= 0)
            close(writes[i]);
        if (st == OK)
            uv_poll_start(&process->pipes[i].poll, UV_READABLE, on_readable);
    }
    if (st != OK)
        close_all(process);
    return st;
}

void process_kill(struct process *process)
{
    if (process->running)
        kill(-process->handle.pid, SIGKILL);
}

int process_id(const struct process *process)
{
    return process->handle.pid;
}
