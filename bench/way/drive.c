/* bench/way/drive.c - appends events, and tells when their handlers started.
 *
 *   bench_way HOST:PORT BOARD [--first N] [--count N] [--rate N] [--connections N] [--batch N]
 *
 * Each append is one PutItem with attribute_not_exists(pk), on a connection that is free, or with
 * --batch a BatchWriteItem of so many new events. At a rate, they begin at their times, one every
 * 1/rate seconds, whether earlier ones were answered or not, as long as a connection is free.
 * Without, as fast as they are answered. When all are appended, waits for the handlers, and for
 * drain to say that nothing is under way any more. Prints one JSON line; times in microseconds.
 *
 *   after_answer   from the append's answer to the handler's first line: the way beyond the sync
 *   after_sent     from its request to there
 *   append         from its request to its answer
 *   handled        events a second, from the first request to drain's answer
 */
#include "base/clock.h"

#include "board.h"
#include "../load/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define ROOM ((size_t)64 * 1024)
#define CONNECTIONS_MAX 512
#define BATCH_MAX 25
#define TABLE "local-dynamodb-logs"
#define SILENCE_MS 10000 /* no handler started in so long: events are lost */

struct connection {
    int fd;
    bool busy;
    uint64_t first; /* of the events that are under way */
    size_t read;
    char answer[ROOM];
};

struct run {
    uint64_t first, count, next, answered; /* events */
    uint64_t batch, interval_ns, begun, due;
    unsigned connection_count;
    struct connection *connections;
    struct board_event *board;
    int epoll, timer;
    struct sockaddr_in to;
    char request[ROOM];
};

static void die(const char *what)
{
    fprintf(stderr, "bench_way: %s: %s\n", what, errno != 0 ? strerror(errno) : "wrong");
    exit(1);
}

/* ---- requests ---- */

static void add_item(struct text *text, uint64_t n)
{
    text_add(text,
             "{\"pk\":{\"S\":\"way#%llu#stream\"},\"sk\":{\"N\":\"1\"},\"log\":{\"S\":\"way\"},"
             "\"type\":{\"S\":\"signup\"},\"payload\":{\"M\":{\"name\":{\"S\":\"Grace Hopper\"},"
             "\"email\":{\"S\":\"grace@example.com\"},\"visits\":{\"N\":\"12\"}}}}",
             (unsigned long long)n);
}

static size_t print_request(struct run *run, uint64_t n)
{
    static char body[ROOM / 2];
    struct text text = {body, body + sizeof body};

    if (run->batch == 1) {
        text_add(&text, "{\"TableName\":\"" TABLE "\",\"Item\":");
        add_item(&text, n);
        text_add(&text, ",\"ConditionExpression\":\"attribute_not_exists(pk)\"}");
    } else {
        text_add(&text, "{\"RequestItems\":{\"" TABLE "\":[");
        for (uint64_t i = 0; i < run->batch; i++) {
            text_add(&text, "%s{\"PutRequest\":{\"Item\":", i > 0 ? "," : "");
            add_item(&text, n + i);
            text_add(&text, "}}");
        }
        text_add(&text, "]}}");
    }
    return (size_t)snprintf(
        run->request, sizeof run->request,
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-amz-json-1.0\r\n"
        "X-Amz-Target: DynamoDB_20120810.%s\r\nX-Amz-Date: 20260101T000000Z\r\n"
        "Authorization: AWS4-HMAC-SHA256 "
        "Credential=local/20260101/us-east-1/dynamodb/aws4_request, "
        "SignedHeaders=host;x-amz-date, Signature=0000\r\nContent-Length: %zu\r\n\r\n%s",
        run->batch == 1 ? "PutItem" : "BatchWriteItem", (size_t)(text.at - body), body);
}

static void begin(struct run *run, struct connection *connection)
{
    size_t size = print_request(run, run->next);
    uint64_t now = clock_monotonic_ns();

    for (uint64_t i = 0; i < run->batch; i++)
        run->board[run->next + i].sent = now;
    connection->first = run->next;
    connection->busy = true;
    connection->read = 0;
    run->next += run->batch;
    if (send(connection->fd, run->request, size, MSG_NOSIGNAL) != (ssize_t)size)
        die("send");
}

/* ---- answers ---- */

static bool is_whole(const struct connection *connection)
{
    const char *text = connection->answer, *end = memmem(text, connection->read, "\r\n\r\n", 4);
    const char *length = end != NULL ? strcasestr(text, "content-length:") : NULL;

    return length != NULL &&
           connection->read >= (size_t)(end - text) + 4 + strtoul(length + 15, NULL, 10);
}

static void readable(struct run *run, struct connection *connection)
{
    ssize_t got = recv(connection->fd, connection->answer + connection->read,
                       ROOM - 1 - connection->read, MSG_DONTWAIT);

    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0)
        die("the server closed a connection");
    connection->read += (size_t)got;
    connection->answer[connection->read] = '\0';
    if (!is_whole(connection))
        return;
    if (strncmp(connection->answer + 9, "200", 3) != 0) {
        errno = 0;
        die(connection->answer);
    }
    uint64_t now = clock_monotonic_ns();

    for (uint64_t i = 0; i < run->batch; i++)
        run->board[connection->first + i].answered = now;
    run->answered += run->batch;
    connection->busy = false;
}

/* ---- the run ---- */

static int connect_one(const struct run *run)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

    if (fd < 0 || connect(fd, (const struct sockaddr *)&run->to, sizeof run->to) != 0)
        die("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static bool is_left(const struct run *run)
{
    return run->next < run->first + run->count;
}

/* Those whose time has come, on connections that are free. */
static void begin_due(struct run *run)
{
    bool is_free = false;

    for (unsigned i = 0; i < run->connection_count && is_left(run); i++) {
        if (run->connections[i].busy)
            continue;
        is_free = run->interval_ns > 0 && clock_monotonic_ns() < run->due;
        if (is_free)
            break;
        run->due += run->interval_ns * run->batch;
        begin(run, &run->connections[i]);
    }
    if (!is_free || !is_left(run))
        return;
    struct itimerspec at = {.it_value = {.tv_sec = (time_t)(run->due / 1000000000),
                                         .tv_nsec = (long)(run->due % 1000000000)}};

    timerfd_settime(run->timer, TFD_TIMER_ABSTIME, &at, NULL);
}

static void append_all(struct run *run)
{
    run->begun = run->due = clock_monotonic_ns();
    run->next = run->first;
    begin_due(run);
    while (run->answered < run->count) {
        struct epoll_event events[CONNECTIONS_MAX];
        int count = epoll_wait(run->epoll, events, CONNECTIONS_MAX, -1);

        for (int i = 0; i < count; i++) {
            uint64_t expired;

            if (events[i].data.ptr != NULL)
                readable(run, events[i].data.ptr);
            else if (read(run->timer, &expired, sizeof expired) < 0 && errno != EAGAIN)
                die("timer");
        }
        begin_due(run);
    }
}

/* Looks seldom: whoever waits must not take the processor of those who work. */
static void wait_for_handlers(struct run *run)
{
    uint64_t at = run->first, silent_ms = 0;

    while (at < run->first + run->count) {
        if (atomic_load(&run->board[at].started) != 0) {
            at++;
            silent_ms = 0;
            continue;
        }
        if (++silent_ms > SILENCE_MS) {
            errno = 0;
            die("no handler started for seconds: an event is lost");
        }
        usleep(1000);
    }
}

static uint64_t drain(const struct run *run)
{
    static const char request[] = "POST /_dynlog/drain HTTP/1.1\r\nHost: localhost\r\n"
                                  "Content-Length: 0\r\n\r\n";
    int fd = connect_one(run);
    char answer[1024];
    ssize_t size = 0;

    if (send(fd, request, sizeof request - 1, 0) < 0 ||
        (size = recv(fd, answer, sizeof answer - 1, 0)) <= 0)
        die("drain");
    answer[size] = '\0';
    if (strncmp(answer + 9, "200", 3) != 0)
        die(answer);
    close(fd);
    return clock_monotonic_ns();
}

/* ---- figures ---- */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void print_times(const char *name, double *times, uint64_t count)
{
    qsort(times, count, sizeof *times, compare);
    printf(",\"%s\":{\"p50\":%.0f,\"p99\":%.0f,\"max\":%.0f}", name, times[count / 2],
           times[count * 99 / 100], times[count - 1]);
}

static void print(struct run *run, uint64_t end)
{
    double *times = calloc(run->count, sizeof *times);
    const struct board_event *board = run->board + run->first;
    uint64_t last = 0, appended = 0;
    struct rusage used;

    if (times == NULL)
        die("memory");
    for (uint64_t i = 0; i < run->count; i++) {
        last = board[i].started > last ? board[i].started : last;
        appended = board[i].answered > appended ? board[i].answered : appended;
    }
    getrusage(RUSAGE_SELF, &used);
    printf("{\"events\":%llu,\"seconds\":%.3f,\"appended\":%.0f,\"started\":%.0f,\"handled\":%.0f,"
           "\"driver_cpu\":%.2f",
           (unsigned long long)run->count, (double)(end - run->begun) / 1e9,
           (double)run->count * 1e9 / (double)(appended - run->begun),
           (double)run->count * 1e9 / (double)(last - run->begun),
           (double)run->count * 1e9 / (double)(end - run->begun),
           ((double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 +
            (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec)) /
               (double)run->count);
    /* a handler may start before the client has read its answer: the sync was before both */
    for (uint64_t i = 0; i < run->count; i++)
        times[i] = ((double)board[i].started - (double)board[i].answered) / 1e3;
    print_times("after_answer", times, run->count);
    for (uint64_t i = 0; i < run->count; i++)
        times[i] = (double)(board[i].started - board[i].sent) / 1e3;
    print_times("after_sent", times, run->count);
    for (uint64_t i = 0; i < run->count; i++)
        times[i] = (double)(board[i].answered - board[i].sent) / 1e3;
    print_times("append", times, run->count);
    printf("}\n");
    free(times);
}

/* ---- life ---- */

static void open_run(struct run *run, const char *address, const char *path)
{
    const char *colon = strchr(address, ':');
    struct epoll_event event = {.events = EPOLLIN};
    int file = open(path, O_RDWR | O_CLOEXEC);

    if (colon == NULL || file < 0)
        die(path);
    run->to = (struct sockaddr_in){.sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                   .sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10))};
    run->board = mmap(NULL, BOARD_EVENTS_MAX * sizeof *run->board, PROT_READ | PROT_WRITE,
                      MAP_SHARED, file, 0);
    run->connections = calloc(run->connection_count, sizeof *run->connections);
    run->epoll = epoll_create1(EPOLL_CLOEXEC);
    run->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (run->board == MAP_FAILED || run->connections == NULL || run->epoll < 0 || run->timer < 0 ||
        epoll_ctl(run->epoll, EPOLL_CTL_ADD, run->timer, &event) != 0)
        die("opening");
    for (unsigned i = 0; i < run->connection_count; i++) {
        run->connections[i].fd = connect_one(run);
        event.data.ptr = &run->connections[i];
        if (epoll_ctl(run->epoll, EPOLL_CTL_ADD, run->connections[i].fd, &event) != 0)
            die("epoll");
    }
}

int main(int argc, char **argv)
{
    uint64_t rate = 0, connections = 64;
    struct run run = {.count = 1000, .batch = 1};
    struct {
        const char *name;
        uint64_t *value;
    } options[] = {{"--first", &run.first},
                   {"--count", &run.count},
                   {"--rate", &rate},
                   {"--connections", &connections},
                   {"--batch", &run.batch}};

    for (int i = 3; i + 1 < argc; i += 2)
        for (size_t j = 0; j < sizeof options / sizeof *options; j++)
            if (strcmp(argv[i], options[j].name) == 0)
                *options[j].value = strtoull(argv[i + 1], NULL, 10);
    if (argc < 3 || argc % 2 == 0 || run.batch == 0 || run.batch > BATCH_MAX || connections == 0 ||
        connections > CONNECTIONS_MAX || run.count == 0 || run.count % run.batch != 0 ||
        run.first + run.count > BOARD_EVENTS_MAX) {
        fprintf(stderr, "bench_way HOST:PORT BOARD [--first N] [--count N] [--rate N] "
                        "[--connections N] [--batch N]\n");
        return 2;
    }
    run.connection_count = (unsigned)connections;
    run.interval_ns = rate > 0 ? 1000000000 / rate : 0;
    open_run(&run, argv[1], argv[2]);
    append_all(&run);
    wait_for_handlers(&run);
    print(&run, drain(&run));
    return 0;
}
