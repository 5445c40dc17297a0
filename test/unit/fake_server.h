/* test/unit/fake_server.h - a server that answers by a script; and an environment without the
 * machine's settings. */
#ifndef DYNLOG_TEST_FAKE_SERVER_H
#define DYNLOG_TEST_FAKE_SERVER_H

#include "base/buffer.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <locale.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* Nothing of the machine's settings counts. */
static inline void test_environment(void)
{
    static const char *const names[] = {
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_DYNAMODB",
        "AWS_ENDPOINT_URL_DYNAMODB_STREAMS",
        "AWS_ENDPOINT_URL_EVENTBRIDGE",
        "AWS_ENDPOINT_URL_LAMBDA",
        "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_PROFILE",
        "AWS_CA_BUNDLE",
        "AWS_USE_FIPS_ENDPOINT",
        "AWS_USE_DUALSTACK_ENDPOINT",
        "AWS_ROLE_ARN",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    };

    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        unsetenv(names[i]);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
    setenv("AWS_CONFIG_FILE", "/dev/null", 1);
    alarm(60); /* a command that waits for what never comes */
    setlocale(LC_CTYPE, "C.UTF-8");
}

/* ---- a server ---- */

struct fake_answer {
    const char *wanted; /* a part of the request it answers; else the test fails */
    int status;         /* 0: the connection is closed without an answer */
    const char *body;
};
#define FAKE_DAMAGED 1200 /* a status: 200, with a checksum that is not its body's */
#define FAKE_CUT 2409     /* a status: 409, and the connection ends within the head */

#define FAKE_REQUEST_SIZE 65536

struct fake_server {
    const struct fake_answer *answers;
    const char *const *headers; /* of each answer, each line with its end; NULL: none */
    size_t count, at;
    const struct fake_answer
        *standing; /* to requests at any time, as often as they come; NULL: none */
    size_t standing_count;
    size_t stood;                 /* requests that had one of these */
    char last[FAKE_REQUEST_SIZE]; /* the last one of them */
    int listener;
    pthread_t thread;
    char url[64];
    char fault[256]; /* empty: all went by the script */
};

static inline bool fake_send(int fd, const struct fake_answer *answer, const char *headers)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(FAKE_REQUEST_SIZE);

    buffer_printf(&out, "HTTP/1.1 %d Scripted\r\nContent-Length: %zu\r\n%s%s\r\n%s",
                  answer->status % 1000, strlen(answer->body), headers,
                  answer->status == FAKE_DAMAGED ? "x-amz-crc32: 1\r\n" : "", answer->body);
    if (answer->status == FAKE_CUT) {
        (void)!send(fd, out.ptr, strlen("HTTP/1.1 409 Scripted\r\nContent-"), MSG_NOSIGNAL);
        return false;
    }
    return send(fd, out.ptr, out.size, MSG_NOSIGNAL) == (ssize_t)out.size;
}

/* The size of the request at the front, 0 when it is not whole. */
static inline size_t fake_whole(const char *text)
{
    const char *end = strstr(text, "\r\n\r\n"), *length = strcasestr(text, "content-length:");
    size_t body = length != NULL && end != NULL && length < end
                      ? (size_t)strtoul(length + strlen("content-length:"), NULL, 10)
                      : 0;

    if (end == NULL || strlen(end + 4) < body)
        return 0;
    return (size_t)(end + 4 - text) + body;
}

static inline const struct fake_answer *fake_standing(struct fake_server *server,
                                                      const char *request)
{
    for (size_t i = 0; i < server->standing_count; i++)
        if (strstr(request, server->standing[i].wanted) != NULL) {
            server->stood++;
            snprintf(server->last, sizeof server->last, "%s", request);
            return &server->standing[i];
        }
    return NULL;
}

/* False: this connection is over. */
static inline bool fake_serve(struct fake_server *server, int fd, const char *request)
{
    const struct fake_answer *answer = fake_standing(server, request);

    if (answer != NULL)
        return fake_send(fd, answer, "");
    answer = &server->answers[server->at];
    if (server->at == server->count) {
        snprintf(server->fault, sizeof server->fault, "one request too many: %.160s", request);
        return false;
    }
    server->at++;
    if (strstr(request, answer->wanted) == NULL)
        snprintf(server->fault, sizeof server->fault, "request %zu has no \"%.160s\"", server->at,
                 answer->wanted);
    return answer->status != 0 &&
           fake_send(fd, answer, server->headers != NULL ? server->headers[server->at - 1] : "");
}

#define FAKE_CONNECTIONS_MAX 8

struct fake_connection {
    int fd;
    size_t size;
    char text[FAKE_REQUEST_SIZE];
};

/* False: it is over. */
static inline bool fake_read(struct fake_server *server, struct fake_connection *connection)
{
    ssize_t count = read(connection->fd, connection->text + connection->size,
                         FAKE_REQUEST_SIZE - 1 - connection->size);

    if (count <= 0)
        return false;
    connection->size += (size_t)count;
    connection->text[connection->size] = '\0';
    if (fake_whole(connection->text) == 0)
        return true;
    connection->size = 0;
    return fake_serve(server, connection->fd, connection->text);
}

/* Several connections side by side: whoever asks keeps his open. */
static inline void *fake_run(void *context)
{
    struct fake_server *server = context;
    struct fake_connection *list = mem_new_array(FAKE_CONNECTIONS_MAX, sizeof *list);
    size_t count = 0;

    for (;;) {
        struct pollfd fds[FAKE_CONNECTIONS_MAX + 1] = {{.fd = server->listener, .events = POLLIN}};

        for (size_t i = 0; i < count; i++)
            fds[i + 1] = (struct pollfd){.fd = list[i].fd, .events = POLLIN};
        poll(fds, (nfds_t)count + 1, -1);
        for (size_t i = count; i-- > 0;) {
            if (fds[i + 1].revents == 0 || fake_read(server, &list[i]))
                continue;
            close(list[i].fd);
            list[i] = list[--count];
        }
        if (fds[0].revents == 0 || count == FAKE_CONNECTIONS_MAX)
            continue;
        list[count] = (struct fake_connection){.fd = accept(server->listener, NULL, NULL)};
        if (list[count].fd < 0)
            break;
        count++;
    }
    while (count > 0)
        close(list[--count].fd);
    mem_free(list);
    return NULL;
}

/* standing: what is asked for whenever it is, besides the script. */
static inline void fake_start_standing(struct fake_server *server,
                                       const struct fake_answer *answers,
                                       const char *const *headers, size_t count,
                                       const struct fake_answer *standing, size_t standing_count)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;

    *server = (struct fake_server){.answers = answers,
                                   .headers = headers,
                                   .count = count,
                                   .standing = standing,
                                   .standing_count = standing_count};
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(server->listener >= 0);
    assert_int_equal(bind(server->listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(server->listener, 16), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &size), 0);
    snprintf(server->url, sizeof server->url, "http://127.0.0.1:%d", ntohs(address.sin_port));
    assert_int_equal(pthread_create(&server->thread, NULL, fake_run, server), 0);
}

static inline void fake_start_with(struct fake_server *server, const struct fake_answer *answers,
                                   const char *const *headers, size_t count)
{
    fake_start_standing(server, answers, headers, count, NULL, 0);
}

static inline void fake_start(struct fake_server *server, const struct fake_answer *answers,
                              size_t count)
{
    fake_start_with(server, answers, NULL, count);
}

/* Every client must be gone. All answers must have been given. */
static inline void fake_stop(struct fake_server *server)
{
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
    if (server->fault[0] != '\0')
        fail_msg("%s", server->fault);
    assert_int_equal(server->at, server->count);
}

#endif
