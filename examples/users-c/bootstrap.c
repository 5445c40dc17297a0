/* bootstrap.c - the same users as a Lambda function: `provided.al2023`, on dynlog and on AWS.
 *
 *   an event of the bus  {"detail":{"key":{"pk":"users#12#stream",...},...}}
 *   or a question        {"user":"12"}
 *
 * is answered with the user as their events make them. Nothing is kept between invocations but what
 * was read: a user who comes again is caught up from where they were. */
#include "user.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define RUNTIME "http://%s/2018-06-01/runtime"
#define USERS_MAX 256 /* remembered; each has its place by its id */

static struct user users[USERS_MAX];

/* ---- the function ---- */

static struct user *find_user(const char *id)
{
    size_t place = 5381;
    struct user *user = NULL;

    for (const char *at = id; *at != '\0'; at++)
        place = place * 33 + (unsigned char)*at;
    user = &users[place % USERS_MAX];
    if (strcmp(user->id, id) != 0) { /* another one had the place */
        memset(user, 0, sizeof *user);
        snprintf(user->id, sizeof user->id, "%s", id);
    }
    return user;
}

/* "users#12#stream" -> "12" */
static bool id_of_event(const char *event, char *id, size_t size)
{
    char pk[256];
    const char *from = NULL;

    if (json_member(event, "user", id, size))
        return true;
    if (!json_member(event, "pk", pk, sizeof pk) || strncmp(pk, "users#", 6) != 0)
        return false;
    from = pk + 6;
    snprintf(id, size, "%.*s", (int)strcspn(from, "#"), from);
    return true;
}

/* False: `answer` is an error. */
static bool handle(struct dynlog *dynlog, const char *event, char *answer, size_t size)
{
    char id[128];
    struct user *user = NULL;
    struct dynlog_error error;

    if (!id_of_event(event, id, sizeof id)) {
        snprintf(answer, size, "{\"errorType\":\"NoUser\",\"errorMessage\":\"no user is named\"}");
        return false;
    }
    user = find_user(id);
    if (user_catch_up(dynlog, user, &error) != DYNLOG_OK) {
        fprintf(stderr, "users/%s: %s\n", id, error.message);
        snprintf(answer, size, "{\"errorType\":\"%s\",\"errorMessage\":\"users/%s\"}",
                 dynlog_status_name(error.status), id);
        return false;
    }
    user_print(user, answer, size);
    printf("%s\n", answer);
    fflush(stdout);
    return true;
}

/* ---- the Runtime API ---- */

struct received {
    char *text;
    size_t size;
    char request_id[128];
};

static size_t take(char *piece, size_t one, size_t size, void *context)
{
    struct received *received = context;
    char *longer = realloc(received->text, received->size + one * size + 1);

    if (longer == NULL)
        return 0;
    received->text = longer;
    memcpy(longer + received->size, piece, one * size);
    received->size += one * size;
    longer[received->size] = '\0';
    return one * size;
}

static size_t take_header(char *line, size_t one, size_t size, void *context)
{
    static const char name[] = "Lambda-Runtime-Aws-Request-Id:";
    struct received *received = context;

    if (strncasecmp(line, name, sizeof name - 1) == 0) {
        line += sizeof name - 1;
        line += strspn(line, " ");
        snprintf(received->request_id, sizeof received->request_id, "%.*s",
                 (int)strcspn(line, "\r\n"), line);
    }
    return one * size;
}

/* body NULL: GET. */
static bool ask(CURL *easy, const char *path, const char *body, struct received *received)
{
    char url[512];

    snprintf(url, sizeof url, RUNTIME "%s", getenv("AWS_LAMBDA_RUNTIME_API"), path);
    curl_easy_reset(easy);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, received);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, received);
    if (body != NULL)
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
    return curl_easy_perform(easy) == CURLE_OK;
}

static struct dynlog *open_place(void)
{
    const char *endpoint = getenv("AWS_ENDPOINT_URL_DYNAMODB"), *region = getenv("AWS_REGION");
    struct dynlog_options options = {.table = getenv("DYNAMODB_LOGS_TABLE")};
    struct dynlog *dynlog = NULL;
    struct dynlog_error error;
    char aws[64];

    snprintf(aws, sizeof aws, "aws:%s", region != NULL ? region : "");
    if (dynlog_open(endpoint != NULL ? endpoint : aws, &options, &dynlog, &error) != DYNLOG_OK)
        fprintf(stderr, "%s\n", error.message);
    return dynlog;
}

int main(void)
{
    struct dynlog *dynlog = open_place();
    CURL *easy = curl_easy_init();
    struct received event = {0}, ignored = {0};

    if (dynlog == NULL || easy == NULL || getenv("AWS_LAMBDA_RUNTIME_API") == NULL)
        return EXIT_FAILURE;
    while (ask(easy, "/invocation/next", NULL, &event)) {
        char answer[2048], path[256];
        bool done = handle(dynlog, event.text != NULL ? event.text : "", answer, sizeof answer);

        snprintf(path, sizeof path, "/invocation/%s/%s", event.request_id,
                 done ? "response" : "error");
        if (!ask(easy, path, answer, &ignored))
            break;
        event.size = ignored.size = 0;
    }
    free(event.text);
    free(ignored.text);
    curl_easy_cleanup(easy);
    dynlog_close(dynlog);
    return EXIT_SUCCESS;
}
