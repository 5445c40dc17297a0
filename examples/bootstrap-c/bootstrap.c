/* bootstrap.c - a Lambda function in C: no library, no runtime but this file.
 *
 *   cc -O2 -o bootstrap bootstrap.c        (for AWS: -static, and zip it)
 *
 * The Runtime API is HTTP/1.1 on AWS_LAMBDA_RUNTIME_API. One connection stays open: GET next waits
 * for an event, POST response answers it. The handler is at the end of this file.
 *
 * Offline dynlog starts it again when `bootstrap` changes. What else it reads it may tell, on a
 * path that AWS does not have: main() does so with the file named by GREETING_FILE. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define RUNTIME "/2018-06-01/runtime"
#define HEAD_SIZE_MAX 8192              /* of an answer: Lambda's are some hundred bytes */
#define BODY_SIZE_MAX (6 * 1024 * 1024) /* of an event */

static int api = -1;  /* the connection */
static FILE *answers; /* what comes on it */

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* ---- HTTP ---- */

static void connect_to_api(const char *address)
{
    const char *colon = strchr(address, ':');
    struct sockaddr_in to = {.sin_family = AF_INET};
    char host[64] = "";
    int yes = 1;

    if (colon == NULL || (size_t)(colon - address) >= sizeof host)
        die("AWS_LAMBDA_RUNTIME_API");
    memcpy(host, address, (size_t)(colon - address));
    to.sin_port = htons((unsigned short)strtoul(colon + 1, NULL, 10));
    api = socket(AF_INET, SOCK_STREAM, 0);
    if (inet_pton(AF_INET, host, &to.sin_addr) != 1 ||
        connect(api, (struct sockaddr *)&to, sizeof to) != 0)
        die(address);
    setsockopt(api, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if ((answers = fdopen(api, "r")) == NULL)
        die("fdopen");
}

static void send_all(const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t sent = write(api, bytes, size);

        if (sent <= 0)
            die("write");
        bytes += sent;
        size -= (size_t)sent;
    }
}

static void send_request(const char *method, const char *path, const char *body)
{
    size_t size = strlen(body), room = strlen(path) + size + 256;
    char *request = malloc(room);

    if (request == NULL)
        die("malloc");
    int length =
        snprintf(request, room, "%s %s HTTP/1.1\r\nHost: lambda\r\nContent-Length: %zu\r\n\r\n%s",
                 method, path, size, body);
    send_all(request, (size_t)length);
    free(request);
}

/* The value of a header in `head`, copied; empty when it is not there. */
static void header(const char *head, const char *name, char *value, size_t size)
{
    size_t length = strlen(name);

    value[0] = '\0';
    for (const char *line = strstr(head, "\r\n"); line != NULL; line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, length) != 0 || line[2 + length] != ':')
            continue;
        const char *from = line + 3 + length + strspn(line + 3 + length, " ");

        snprintf(value, size, "%.*s", (int)strcspn(from, "\r"), from);
        return;
    }
}

/* Head into `head`; the body, which the caller frees, with a NUL behind it. Ends the process when
 * the other side is gone. */
static char *read_answer(char head[HEAD_SIZE_MAX])
{
    char length[32], *line;
    size_t size = 0;

    do {
        line = head + size;
        if (size == HEAD_SIZE_MAX - 1 || fgets(line, (int)(HEAD_SIZE_MAX - size), answers) == NULL)
            exit(0);
        size += strlen(line);
    } while (strcmp(line, "\r\n") != 0);
    header(head, "Content-Length", length, sizeof length);
    size = strtoul(length, NULL, 10);
    char *body = size <= BODY_SIZE_MAX ? malloc(size + 1) : NULL;

    if (body == NULL)
        die("malloc");
    if (fread(body, 1, size, answers) != size)
        exit(0);
    body[size] = '\0';
    return body;
}

static void post(const char *path, const char *body)
{
    char head[HEAD_SIZE_MAX];

    send_request("POST", path, body);
    free(read_answer(head));
}

/* ---- the handler ---- */

static char greeting[256] = "hello";

/* What the function answers to an event (JSON both); malloc()ed. NULL: it failed. */
static char *handle(const char *event, const char *request_id)
{
    size_t room = strlen(event) + sizeof greeting + 256;
    char *answer = malloc(room);

    if (strstr(event, "\"fail\"") != NULL || answer == NULL) {
        free(answer);
        return NULL;
    }
    printf("%s from C\n", greeting);
    fflush(stdout);
    snprintf(answer, room, "{\"greeting\":\"%s\",\"requestId\":\"%s\",\"event\":%s}", greeting,
             request_id, event);
    return answer;
}

/* ---- main ---- */

/* The first line of the file, if there is one. */
static void read_greeting(const char *path)
{
    FILE *file = fopen(path, "r");
    char told[1024];

    if (file != NULL && fgets(greeting, sizeof greeting, file) != NULL)
        greeting[strcspn(greeting, "\n")] = '\0';
    if (file != NULL)
        fclose(file);
    if (getenv("IS_OFFLINE") == NULL)
        return;
    snprintf(told, sizeof told, "{\"%s\":[\"%s\"]}", file != NULL ? "loaded" : "wanted", path);
    post("/_dynlog/loaded", told);
}

int main(void)
{
    const char *address = getenv("AWS_LAMBDA_RUNTIME_API"), *file = getenv("GREETING_FILE");
    char head[HEAD_SIZE_MAX], id[64], path[256];

    if (address == NULL)
        die("AWS_LAMBDA_RUNTIME_API");
    connect_to_api(address);
    if (file != NULL)
        read_greeting(file);
    for (;;) {
        send_request("GET", RUNTIME "/invocation/next", "");
        char *event = read_answer(head);

        header(head, "Lambda-Runtime-Aws-Request-Id", id, sizeof id);
        char *answer = handle(event, id);

        snprintf(path, sizeof path, RUNTIME "/invocation/%s/%s", id,
                 answer != NULL ? "response" : "error");
        post(path, answer != NULL
                       ? answer
                       : "{\"errorType\":\"Example\",\"errorMessage\":\"told to fail\"}");
        free(answer);
        free(event);
    }
}
