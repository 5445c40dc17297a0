/* outbound/token.c - tokens of OAuth connections: fetched once for all that wait, kept until they
 * expire by the clock, in memory only; see internal.h.
 *
 *   none --(fetch)--> fetching --> there --(60 s before its end, or dropped)--> none
 *                        |
 *                        +--> none: whoever waited is told why
 *
 * A connection that is AUTHORIZING gets its state from the first fetch. Later ones change it only
 * when the authorization endpoint refuses: what may pass (a time-out, 5xx, 429) is for the retry
 * policy of the delivery. */
#include "outbound/internal.h"

#include <stdio.h>

/* ---- what came back ---- */

enum verdict { TOKEN_THERE, TOKEN_REFUSED, TOKEN_LATER };

static bool is_token(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.ptr[i] < 0x21 || text.ptr[i] > 0x7E)
            return false;
    return text.size > 0 && text.size <= OUTBOUND_TOKEN_SIZE_MAX;
}

static bool may_pass(const struct outbound_request *request)
{
    if (request->end != OUTBOUND_ANSWERED)
        return request->end != OUTBOUND_TOO_LARGE && request->end != OUTBOUND_UNUSABLE;
    return request->status >= 500 || request->status == 429 || request->status == 408;
}

/* Seconds, which some servers send as text. */
static uint64_t expiry_of(const struct json *answer, uint64_t now_ms)
{
    const struct json *member = json_get(answer, "expires_in");
    int64_t number = 0;
    uint64_t seconds = 0;

    if (json_int64(member, &number) && number > 0)
        seconds = (uint64_t)number;
    else if (!bytes_to_uint64(json_string(member), &seconds))
        return UINT64_MAX;
    return seconds < (UINT64_MAX - now_ms) / 1000 ? now_ms + seconds * 1000 : UINT64_MAX;
}

static enum verdict read_answer(struct token *token, char why[OUTBOUND_MESSAGE_SIZE])
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct outbound_request *request = &token->request;
    const struct json *answer = NULL;

    if (request->end != OUTBOUND_ANSWERED) {
        snprintf(why, OUTBOUND_MESSAGE_SIZE, "The authorization endpoint %s.",
                 request->end == OUTBOUND_TIMED_OUT ? "did not answer within 5 seconds"
                                                    : "cannot be reached");
        return may_pass(request) ? TOKEN_LATER : TOKEN_REFUSED;
    }
    if (request->status < 200 || request->status > 299) {
        snprintf(why, OUTBOUND_MESSAGE_SIZE, "The authorization endpoint returned HTTP status %d.",
                 request->status);
        return may_pass(request) ? TOKEN_LATER : TOKEN_REFUSED;
    }
    if (json_parse(arena, request->answer_body, &answer, NULL) != OK ||
        !is_token(json_string(json_get(answer, "access_token")))) {
        snprintf(why, OUTBOUND_MESSAGE_SIZE,
                 "The response of the authorization endpoint has no access token.");
        return TOKEN_REFUSED;
    }
    mem_free(token->value);
    token->value =
        mem_copy_text(arena_copy_text(arena, json_string(json_get(answer, "access_token"))));
    token->serial++;
    token->expires_ms = expiry_of(answer, outbound_now_ms(token->outbound));
    return TOKEN_THERE;
}

static void give(struct token *token)
{
    const struct outbound_connection *connection = &token->connection->view;

    if (connection->state == OUTBOUND_AUTHORIZING)
        outbound_set_state(token->outbound, connection, OUTBOUND_AUTHORIZED, "");
    running_token_there(&token->waiting, token->value);
}

static void give_up(struct token *token, enum verdict verdict, const char *why)
{
    const struct outbound_connection *connection = &token->connection->view;

    if (verdict == TOKEN_REFUSED || connection->state == OUTBOUND_AUTHORIZING)
        outbound_set_state(token->outbound, connection, OUTBOUND_DEAUTHORIZED, why);
    running_token_failed(&token->waiting, why);
}

static void fetched(struct outbound_request *request)
{
    struct token *token = request->context;
    char why[OUTBOUND_MESSAGE_SIZE] = "";

    token->fetching = false;
    if (token->stale) { /* what was asked for is not what the connection says now */
        token_fetch(token);
        return;
    }

    enum verdict verdict = read_answer(token, why);

    if (verdict == TOKEN_THERE)
        give(token);
    else
        give_up(token, verdict, why);
}

/* ---- asking ---- */

void token_fetch(struct token *token)
{
    AUTO(arena_release) struct arena *arena = arena_new();

    if (token->fetching)
        return;
    token->stale = false;
    token->fetching = true;
    request_of_token(arena, &token->connection->view.authorization, &token->request);
    token->request.done = fetched;
    token->request.context = token;
    outbound_client_send(token->outbound->client, &token->request);
}

static bool will_live(const struct token *token)
{
    return token->value != NULL &&
           (token->expires_ms == UINT64_MAX ||
            token->expires_ms > outbound_now_ms(token->outbound) + OUTBOUND_TOKEN_LEFT_MS);
}

const char *token_get(struct token *token, struct running *running)
{
    if (!token->fetching && will_live(token))
        return token->value;
    running_wait(running, &token->waiting);
    token_fetch(token);
    return NULL;
}

void token_drop(struct token *token)
{
    mem_free(token->value);
    token->value = NULL;
}

/* ---- life ---- */

struct token *token_new(struct outbound *outbound)
{
    struct token *token = mem_new(sizeof *token);

    token->outbound = outbound;
    list_init(&token->waiting);
    return token;
}

void token_move(struct token *token, struct connection *connection, bool fresh)
{
    token->connection = connection;
    if (!fresh)
        return;
    token_drop(token);
    token->stale = token->fetching;
}

void token_free(struct token *token)
{
    if (token->fetching)
        outbound_client_cancel(token->outbound->client, &token->request);
    running_token_failed(&token->waiting, "The connection has no authorization parameters.");
    mem_free(token->value);
    mem_free(token);
}
