/* bench/floor.c - the least that a server of this kind can do: what dynlog's figures are divided
 * by.
 *
 *   bench_floor PORT            the HTTP stack alone (src/net): every request gets one constant
 *   bench_floor PORT LOG_FILE   the same, once the request's body is on disk: a log that was
 * written with zeros before, so that a sync is nothing but the bytes; bodies that come while it
 * syncs go together with the next one
 *
 * Prints the port and goes on until it gets SIGTERM. */
#include "bench.h"

#include "net/http.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define LOG_SIZE ((off_t)512 * 1024 * 1024) /* then it begins again at 0 */
#define GROUP_SIZE_MAX ((size_t)1024 * 1024)
#define CONSTANT                                                                                   \
    "{\"ConsumedCapacity\":{\"TableName\":\"local-dynamodb-logs\",\"CapacityUnits\":1.0},"         \
    "\"Attributes\":\"none at all\"}"

struct waiting {
    struct http_request *request;
    struct waiting *next;
};

struct floor {
    uv_loop_t loop;
    struct http_server *server;
    uv_async_t synced;
    uv_signal_t terminated;
    int file; /* -1: nothing is written */
    off_t end;
    pthread_t writer;
    pthread_mutex_t mutex;
    pthread_cond_t given;
    struct waiting *first, **last; /* that the writer has not taken */
    struct waiting *done;
    bool stopped;
};

static void answer(struct http_request *request)
{
    http_answer(request, &(struct http_answer){.status = 200,
                                               .content_type = "application/x-amz-json-1.0",
                                               .body = bytes_of_text(CONSTANT)});
}

static void handle(void *context, struct http_request *request)
{
    struct floor *floor = context;

    if (floor->file < 0) {
        answer(request);
        return;
    }

    struct waiting *waiting = ARENA_NEW(http_arena(request), struct waiting);

    waiting->request = request;
    pthread_mutex_lock(&floor->mutex);
    *floor->last = waiting;
    floor->last = &waiting->next;
    pthread_cond_signal(&floor->given);
    pthread_mutex_unlock(&floor->mutex);
}

/* Everything that waits; NULL: the end. */
static struct waiting *take(struct floor *floor)
{
    struct waiting *taken;

    pthread_mutex_lock(&floor->mutex);
    while (floor->first == NULL && !floor->stopped)
        pthread_cond_wait(&floor->given, &floor->mutex);
    taken = floor->first;
    floor->first = NULL;
    floor->last = &floor->first;
    pthread_mutex_unlock(&floor->mutex);
    return taken;
}

static void write_group(struct floor *floor, const struct waiting *group, char *room)
{
    size_t size = 0;

    for (; group != NULL; group = group->next) {
        struct bytes body = http_body(group->request);

        if (size + body.size > GROUP_SIZE_MAX)
            break; /* a floor: no more than that waits at any load of ours */
        memcpy(room + size, body.ptr, body.size);
        size += body.size;
    }
    if (floor->end + (off_t)size > LOG_SIZE)
        floor->end = 0;
    if (pwrite(floor->file, room, size, floor->end) != (ssize_t)size ||
        fdatasync(floor->file) != 0) {
        perror("bench_floor");
        exit(1);
    }
    floor->end += (off_t)size;
}

static void *writer_main(void *context)
{
    struct floor *floor = context;
    char *room = malloc(GROUP_SIZE_MAX);
    struct waiting *group;

    while ((group = take(floor)) != NULL) {
        struct waiting **end = &group;

        write_group(floor, group, room);
        pthread_mutex_lock(&floor->mutex);
        while (*end != NULL)
            end = &(*end)->next;
        *end = floor->done;
        floor->done = group;
        pthread_mutex_unlock(&floor->mutex);
        uv_async_send(&floor->synced);
    }
    free(room);
    return NULL;
}

static void synced(uv_async_t *async)
{
    struct floor *floor = async->data;
    struct waiting *done;

    pthread_mutex_lock(&floor->mutex);
    done = floor->done;
    floor->done = NULL;
    pthread_mutex_unlock(&floor->mutex);
    while (done != NULL) {
        struct http_request *request = done->request;

        done = done->next; /* it goes with its request */
        answer(request);
    }
}

static void closed(void *context)
{
    uv_stop(&((struct floor *)context)->loop);
}

static void terminated(uv_signal_t *signal, int number)
{
    struct floor *floor = signal->data;

    (void)number;
    http_server_close(floor->server, 100, closed, floor);
}

static void open_log(struct floor *floor, const char *path)
{
    floor->file = bench_prewritten(path, LOG_SIZE);
    pthread_create(&floor->writer, NULL, writer_main, floor);
}

int main(int argc, char **argv)
{
    static struct floor floor = {
        .file = -1, .mutex = PTHREAD_MUTEX_INITIALIZER, .given = PTHREAD_COND_INITIALIZER};
    struct http_listener *listener;
    uint64_t wanted = 0;
    uint16_t port;

    if (argc < 2 || argc > 3 || !bytes_to_uint64(bytes_of_text(argv[1]), &wanted) ||
        wanted > UINT16_MAX) {
        fprintf(stderr, "bench_floor PORT [LOG_FILE]\n");
        return 2;
    }
    floor.last = &floor.first;
    uv_loop_init(&floor.loop);
    uv_async_init(&floor.loop, &floor.synced, synced);
    uv_signal_init(&floor.loop, &floor.terminated);
    floor.synced.data = floor.terminated.data = &floor;
    uv_signal_start(&floor.terminated, terminated, SIGTERM);
    if (argc == 3)
        open_log(&floor, argv[2]);
    floor.server = http_server_new(&floor.loop);
    bench_must("listen",
               http_listen(floor.server,
                           &(struct http_listen_options){.host = "127.0.0.1",
                                                         .port = (uint16_t)wanted,
                                                         .handle = handle,
                                                         .context = &floor},
                           &listener, &port),
               NULL);
    printf("%d\n", port);
    fflush(stdout);
    uv_run(&floor.loop, UV_RUN_DEFAULT);
    if (floor.file >= 0) {
        pthread_mutex_lock(&floor.mutex);
        floor.stopped = true;
        pthread_cond_signal(&floor.given);
        pthread_mutex_unlock(&floor.mutex);
        pthread_join(floor.writer, NULL);
    }
    return 0;
}
