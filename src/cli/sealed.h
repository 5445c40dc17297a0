/* cli/sealed.h - events of an archive whose payload is sealed (vault/vault.h): what they look like,
 * and opening them, which only the dynlog that has their keys can (POST /_dynlog/unseal).
 *
 *   detail  {...,"key":{"pk":"people#12#stream","sk":1},"payload":{"sealed":"BASE64"}}
 *     opened     "payload" as it was; all else stays, byte for byte
 *     forgotten  "payload":{},"forgotten":true
 *
 * The same of events within an event, as failures tell of them. A client may have written a payload
 * that looks so, in a log that is not private: the dynlog tells (its door), and it stays as it is.
 */
#ifndef DYNLOG_CLI_SEALED_H
#define DYNLOG_CLI_SEALED_H

#include "cli/client.h"

enum sealed_state {
    SEALED_NOT,    /* it has nothing sealed, or all of it was opened */
    SEALED_SHUT,   /* something looks sealed, and nobody was asked */
    SEALED_REFUSED /* something is sealed, and not by the dynlog that was asked: `why` */
};

struct sealed_event {
    struct bytes text; /* the event, as JSON */
    enum sealed_state state;
    bool forgotten;   /* its payload is empty, and it says so */
    struct bytes why; /* of SEALED_REFUSED */
};

/* Fills what `text` tells of itself. */
void cli_sealed_look(struct sealed_event *event);

/* Opens those that are SEALED_SHUT. Not OK: the client's, as client_ask(); nothing is changed.
 * Texts live in the arena. */
MUST_USE enum status cli_sealed_open(struct client *client, struct arena *arena,
                                     struct sealed_event *events, size_t count,
                                     struct client_answer *ret);

/* Why an event stays sealed, and what to do; `url`: who was asked, or would have been. */
struct bytes cli_sealed_why(struct arena *arena, const struct sealed_event *event, const char *url);

#endif
