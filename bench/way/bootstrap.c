/* bench/way/bootstrap.c - a function in C that notes when it got which event, and does nothing
 * else.
 *
 * As dynlog's own bootstraps do it, the answer and the question for the next event leave in one
 * write: both are known at once, and the Runtime API answers them in order. */
#include "base/clock.h"

#include "board.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define NEXT "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: dynlog\r\n\r\n"
#define RESPONSE                                                                                   \
    "POST /2018-06-01/runtime/invocation/%.*s/response HTTP/1.1\r\nHost: dynlog\r\n"               \
    "Content-Length: 4\r\n\r\nnull" NEXT
#define ROOM ((size_t)2 * 1024 * 1024) /* an event has at most 1 MB */
#define REQUEST_ID "Lambda-Runtime-Aws-Request-Id: "

static char input[ROOM];
static size_t input_size;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static int connect_to_api(const char *address)
{
    const char *colon = address != NULL ? strchr(address, ':') : NULL;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;

    if (colon == NULL || fd < 0)
        die("AWS_LAMBDA_RUNTIME_API");
    to.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
        die(address);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return fd;
}

/* Size of the answer that `input` begins with; 0: more must be read. *ret_body: where its body is.
 */
static size_t answer_size(size_t *ret_body)
{
    const char *end = memmem(input, input_size, "\r\n\r\n", 4);

    if (end == NULL)
        return 0;
    size_t head = (size_t)(end - input) + 4;
    const char *length = memmem(input, head, "Content-Length: ", 16);

    if (length == NULL)
        length = memmem(input, head, "content-length: ", 16);
    if (length == NULL)
        die("an answer without Content-Length");
    size_t whole = head + strtoul(length + 16, NULL, 10);

    *ret_body = head;
    return input_size >= whole ? whole : 0;
}

static void note(struct board_event *board, const char *event, size_t size, uint64_t now)
{
    const char *number = memmem(event, size, "\"way#", 5);
    uint64_t at = number != NULL ? strtoull(number + 5, NULL, 10) : BOARD_EVENTS_MAX;
    uint64_t none = 0;

    if (at < BOARD_EVENTS_MAX)
        atomic_compare_exchange_strong(&board[at].started, &none, now);
}

static void send_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);

        if (sent <= 0)
            exit(0);
        bytes += sent;
        size -= (size_t)sent;
    }
}

/* An answer to what was posted is only taken out of the way. */
static void take_answer(int fd, struct board_event *board, size_t body, size_t whole)
{
    const char *id = memmem(input, body, REQUEST_ID, strlen(REQUEST_ID));
    char out[512];

    if (id == NULL)
        return;
    note(board, input + body, whole - body, clock_monotonic_ns());
    id += strlen(REQUEST_ID);
    int size = snprintf(out, sizeof out, RESPONSE, (int)strcspn(id, "\r"), id);

    send_all(fd, out, (size_t)size);
}

int main(void)
{
    int fd = connect_to_api(getenv("AWS_LAMBDA_RUNTIME_API"));
    const char *path = getenv(BOARD_VARIABLE);
    int file = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
    struct board_event *board =
        mmap(NULL, BOARD_EVENTS_MAX * sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);

    if (board == MAP_FAILED)
        die(BOARD_VARIABLE);
    send_all(fd, NEXT, strlen(NEXT));
    for (;;) {
        ssize_t got = read(fd, input + input_size, ROOM - input_size);

        if (got <= 0)
            return 0;
        input_size += (size_t)got;
        for (size_t body, whole; (whole = answer_size(&body)) > 0;) {
            take_answer(fd, board, body, whole);
            input_size -= whole;
            memmove(input, input + whole, input_size);
        }
    }
}
