/* bench/load/drive.c - connections, each with one request in flight.
 *
 *   connected -> sent -> answer read whole -> sent -> ...
 *
 * An answer is whole when its head's Content-Length was read (or its last chunk; for Redis its
 * bulk). The next request of a connection goes out in the same turn, so the server never waits for
 * the generator while that has processor time left. */
#include "load.h"

#include "base/clock.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_SIZE_MAX ((size_t)256 * 1024)
#define EVENTS_MAX 256

struct connection {
    int fd;
    uint64_t sent_at;
    size_t size, sent; /* of the request; how much of it is gone */
    size_t read;
    char *request, *answer;
};

struct load_run {
    const struct load_options *options;
    struct load_result *result;
    int epoll;
    struct connection *connections;
    unsigned in_flight;
    uint64_t next, random; /* request number; state of the random numbers */
    uint64_t counted_from, until;
    bool failed;
};

static double cpu_seconds(void)
{
    struct rusage used;

    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

/* xorshift64*: enough to choose keys. */
static uint64_t next_random(struct load_run *run)
{
    run->random ^= run->random >> 12;
    run->random ^= run->random << 25;
    run->random ^= run->random >> 27;
    return run->random * 0x2545f4914f6cdd1dU;
}

static void fail(struct load_run *run, const char *what)
{
    if (!run->failed)
        fprintf(stderr, "bench_load: %s: %s\n", what, errno != 0 ? strerror(errno) : "ended");
    run->failed = true;
}

/* ---- a whole answer ---- */

/* Where the value of a header of the head [text, end) starts; NULL: it has none. */
static const char *header(const char *text, const char *end, const char *name)
{
    size_t size = strlen(name);

    for (const char *line = text; line < end; line++) {
        line = memchr(line, '\n', (size_t)(end - line));
        if (line == NULL || (size_t)(end - line) <= size)
            return NULL;
        if (strncasecmp(line + 1, name, size) == 0 && line[1 + size] == ':')
            return line + size + 2;
    }
    return NULL;
}

/* Size of the whole HTTP answer; 0: more must be read. */
static size_t http_size(const char *text, size_t size)
{
    const char *end = memmem(text, size, "\r\n\r\n", 4);

    if (end == NULL)
        return 0;

    size_t head = (size_t)(end - text) + 4;
    const char *length = header(text, end + 2, "content-length");

    if (length != NULL) {
        size_t whole = head + strtoul(length, NULL, 10);

        return size >= whole ? whole : 0;
    }
    end = memmem(text + head, size - head, "0\r\n\r\n", 5); /* chunked: the last one is empty */
    return end != NULL ? (size_t)(end - text) + 5 : 0;
}

/* The same of Redis's: +OK, -ERR, or one bulk. */
static size_t resp_size(const char *text, size_t size)
{
    const char *end = memmem(text, size, "\r\n", 2);

    if (end == NULL)
        return 0;

    size_t line = (size_t)(end - text) + 2;

    if (text[0] != '$')
        return line;
    line += strtoul(text + 1, NULL, 10) + 2;
    return size >= line ? line : 0;
}

static bool is_right(const struct load_work *work, const char *text, size_t size)
{
    if (work->resp)
        return text[0] == '$';
    return size > 12 && memcmp(text + 9, "200", 3) == 0 &&
           (work->expects == NULL || memmem(text, size, work->expects, strlen(work->expects)));
}

static void count(struct load_run *run, const struct connection *connection, size_t size)
{
    struct load_result *result = run->result;
    uint64_t now = clock_monotonic_ns();

    if (!is_right(run->options->work, connection->answer, size)) {
        if (result->errors++ == 0)
            snprintf(result->first_error, sizeof result->first_error, "%.*s", (int)size,
                     connection->answer);
        return;
    }
    if (connection->sent_at < run->counted_from)
        return;
    result->requests++;
    load_latency_add(result->latency, now - connection->sent_at);
}

/* ---- a connection ---- */

static void watch(struct load_run *run, struct connection *connection, int operation,
                  uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = connection};

    if (epoll_ctl(run->epoll, operation, connection->fd, &event) != 0)
        fail(run, "epoll");
}

static void send_rest(struct load_run *run, struct connection *connection)
{
    while (connection->sent < connection->size) {
        ssize_t sent = send(connection->fd, connection->request + connection->sent,
                            connection->size - connection->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (sent < 0 && errno == EAGAIN) {
            watch(run, connection, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
            return;
        }
        if (sent < 0) {
            fail(run, "send");
            return;
        }
        connection->sent += (size_t)sent;
    }
}

/* None is begun after the end. */
static void begin(struct load_run *run, struct connection *connection)
{
    uint64_t now = clock_monotonic_ns();

    connection->size = now < run->until
                           ? run->options->work->print(run->options, connection->request, run->next,
                                                       next_random(run))
                           : 0;
    if (connection->size == 0)
        return;
    run->next++;
    run->in_flight++;
    connection->sent = connection->read = 0;
    connection->sent_at = clock_monotonic_ns();
    send_rest(run, connection);
}

static void readable(struct load_run *run, struct connection *connection)
{
    ssize_t got = recv(connection->fd, connection->answer + connection->read,
                       ANSWER_SIZE_MAX - connection->read, MSG_DONTWAIT);

    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        errno = got < 0 ? errno : 0;
        fail(run, "the server closed a connection");
        return;
    }
    connection->read += (size_t)got;

    size_t size = run->options->work->resp ? resp_size(connection->answer, connection->read)
                                           : http_size(connection->answer, connection->read);

    if (size == 0 && connection->read == ANSWER_SIZE_MAX)
        fail(run, "an answer is too large");
    if (size == 0)
        return;
    run->in_flight--;
    count(run, connection, size);
    begin(run, connection);
}

static bool connect_one(struct load_run *run, struct connection *connection,
                        const struct addrinfo *address)
{
    int on = 1;

    *connection = (struct connection){.fd = socket(address->ai_family, SOCK_STREAM, 0),
                                      .request = malloc(LOAD_REQUEST_SIZE_MAX),
                                      .answer = malloc(ANSWER_SIZE_MAX)};
    if (connection->fd < 0 || connection->request == NULL || connection->answer == NULL ||
        connect(connection->fd, address->ai_addr, address->ai_addrlen) != 0) {
        fail(run, "connect");
        return false;
    }
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    watch(run, connection, EPOLL_CTL_ADD, EPOLLIN);
    return !run->failed;
}

/* ---- the run ---- */

static bool connect_all(struct load_run *run)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *address;
    bool good = true;

    if (getaddrinfo(run->options->host, run->options->port, &hints, &address) != 0) {
        fail(run, "the host is not known");
        return false;
    }
    for (unsigned i = 0; i < run->options->connections && good; i++)
        good = connect_one(run, &run->connections[i], address);
    freeaddrinfo(address);
    return good;
}

static void turn(struct load_run *run)
{
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(run->epoll, events, EVENTS_MAX, -1);

    for (int i = 0; i < count && !run->failed; i++) {
        struct connection *connection = events[i].data.ptr;

        if (events[i].events & EPOLLOUT) {
            watch(run, connection, EPOLL_CTL_MOD, EPOLLIN);
            send_rest(run, connection);
        }
        if (events[i].events & ~(uint32_t)EPOLLOUT)
            readable(run, connection);
    }
}

static void close_all(struct load_run *run)
{
    for (unsigned i = 0; i < run->options->connections; i++) {
        if (run->connections[i].fd > 0)
            close(run->connections[i].fd);
        free(run->connections[i].request);
        free(run->connections[i].answer);
    }
    free(run->connections);
    close(run->epoll);
}

bool load_drive(const struct load_options *options, struct load_result *ret)
{
    struct load_run run = {
        .options = options,
        .result = ret,
        .epoll = epoll_create1(0),
        .connections = calloc(options->connections, sizeof(struct connection)),
        .random = options->seed * 2 + 1,
    };
    uint64_t start;
    double cpu = cpu_seconds();

    *ret = (struct load_result){.latency = load_latency_new()};
    if (run.connections != NULL && connect_all(&run)) {
        start = clock_monotonic_ns();
        run.counted_from = start + (uint64_t)(options->warm_up * 1e9);
        run.until = run.counted_from + (uint64_t)(options->seconds * 1e9);
        for (unsigned i = 0; i < options->connections && !run.failed; i++)
            begin(&run, &run.connections[i]);
        while (run.in_flight > 0 && !run.failed)
            turn(&run);
        ret->seconds = (double)(clock_monotonic_ns() - run.counted_from) / 1e9;
        ret->cpu_seconds = cpu_seconds() - cpu;
    }
    close_all(&run);
    return !run.failed;
}
