/* client/internal.h - one request over libcurl: what the files of this folder share. */
#ifndef DYNLOG_CLIENT_INTERNAL_H
#define DYNLOG_CLIENT_INTERNAL_H

#include "base/clock.h"
#include "client/client.h"

#include <curl/curl.h>

struct client {
    const struct target *target;
    bool never_pause;
    struct clock *clock;
    struct credentials keys;  /* the target's, or those of its process since */
    struct arena *keys_arena; /* theirs; NULL: they are the target's */
    CURL *easy;               /* one, so that its connection is used again */
    bool connected;           /* it has one, or had when it last looked */
    char signature[64];       /* curl's words for what is signed */
    char fault[CURL_ERROR_SIZE];
};

#define CLIENT_HEAD_SIZE_MAX ((size_t)256 * 1024)

struct exchange {
    struct curl_slist *headers;
    struct buffer head;
    struct buffer body;
};
void client_exchange_end(struct exchange *exchange); /* also for AUTO() */

/* Without a connection. */
void client_start_over(struct client *client);
/* Sets the handle up for a request; its texts live in the arena. */
void client_prepare(struct client *client, struct arena *arena,
                    const struct client_request *request, struct exchange *exchange);
/* Asks the process for the next keys. False: there is none, or `message` says what it did. */
bool client_renew_keys(struct client *client, char message[CREDENTIALS_MESSAGE_SIZE]);
/* libcurl takes a connection that ends between two lines of the head for an answer without a body:
 * that one is partial. */
CURLcode client_code_of(CURLcode code, const struct exchange *exchange);
/* What came of it. */
enum status client_finish(struct client *client, struct arena *arena, CURLcode code,
                          const struct exchange *exchange, struct client_answer *answer);

#endif
