/* journey/invocation.c - invocations that are no batch, attempts of whatever is tried, and what
 * handlers write; see journey.h. */
#include "journey/internal.h"

/* ---- attempts ---- */

static size_t count_attempts(const struct hop *of)
{
    size_t count = 0;

    for (const struct hop *hop = of->first; hop != NULL; hop = hop->next)
        count += hop->kind == HOP_ATTEMPT;
    return count;
}

/* Of many, those in the middle tell the least. */
static void forget_middle_attempt(struct hop *of)
{
    size_t at = JOURNEY_ATTEMPTS_MAX / 2;

    for (struct hop *hop = of->first; hop != NULL; hop = hop->next)
        if (hop->kind == HOP_ATTEMPT && at-- == 0) {
            hop_forget(hop);
            return;
        }
}

struct hop *attempt_new(struct hop *of, const struct named_text *texts)
{
    struct hop *attempt = NULL;

    of->attempts++;
    if (count_attempts(of) >= JOURNEY_ATTEMPTS_MAX)
        forget_middle_attempt(of);
    attempt = hop_new(of->root, of, HOP_ATTEMPT, texts);
    if (attempt == NULL)
        return NULL;
    attempt->number = of->attempts;
    attempt->span = root_random(of->root);
    hop_enter(attempt, JOURNEY_RUNNING, NULL);
    return attempt;
}

static enum journey_result result_of_attempt(enum journey_result result)
{
    switch (result) {
    case JOURNEY_DONE:
    case JOURNEY_THROTTLED:
    case JOURNEY_STOPPED:
        return result;
    case JOURNEY_RUNNING:
    case JOURNEY_WAITING:
    case JOURNEY_RETRYING:
    case JOURNEY_FAILED:
    case JOURNEY_SPLIT:
    case JOURNEY_DROPPED:
    case JOURNEY_LETTER:
    case JOURNEY_FILTERED:
    case JOURNEY_RETURNED:
    case JOURNEY_RESULT_COUNT:
        return JOURNEY_FAILED;
    }
    return JOURNEY_FAILED;
}

void attempt_enter(struct hop *attempt, enum journey_result result, const struct journey_end *end)
{
    hop_enter(attempt, result, end);
    if (result == JOURNEY_THROTTLED && attempt->parent->attempts > 0)
        attempt->parent->attempts--;
}

void attempt_end(struct hop *of, const struct journey_end *end)
{
    static const struct named_text none = {TEXT_NONE, {0}};
    struct hop *attempt = NULL;

    for (struct hop *hop = of->first; hop != NULL; hop = hop->next)
        if (hop->kind == HOP_ATTEMPT && hop->result == JOURNEY_RUNNING)
            attempt = hop;
    if (attempt == NULL)
        attempt = attempt_new(of, &none);
    if (attempt == NULL)
        return;
    if (end->attempt != 0)
        attempt->number = of->attempts = end->attempt;
    attempt_enter(attempt, result_of_attempt(end->result), end);
}

/* ---- invocations ---- */

/* NULL: it begins a journey. */
static struct hop *find_cause(struct journeys *journeys, const struct journey_invocation *of)
{
    return of->delivery != NULL ? delivery_hop(journeys, of->delivery)
                                : find_attempt(journeys, of->trace_header);
}

static struct hop *invocation_new(struct journeys *journeys, const struct journey_invocation *of)
{
    const struct named_text texts[] = {
        {TEXT_ID, of->request_id}, {TEXT_FUNCTION, of->function_name}, {TEXT_NONE, {0}}};
    struct hop *cause = find_cause(journeys, of);
    struct root *root = cause != NULL ? cause->root : root_new(journeys, false);
    struct hop *hop = root != NULL ? hop_new(root, cause, HOP_INVOCATION, texts) : NULL;

    if (hop == NULL) {
        if (cause == NULL && root != NULL)
            root_drop(root);
        return NULL;
    }
    hop->synchronous = of->synchronous;
    link_enter(hop, &hop->link, LINK_ID, hash_text(LINK_ID, of->request_id));
    root_set_trace(root, of->trace_header);
    hop_enter(hop, JOURNEY_WAITING, NULL);
    return hop;
}

static struct hop *find_invocation(const struct journeys *journeys, struct bytes request_id)
{
    struct hop *hop = find_text(journeys, LINK_ID, request_id, NULL);

    return hop != NULL && hop->kind == HOP_INVOCATION ? hop : NULL;
}

void journey_invocation(struct journeys *journeys, const struct journey_invocation *invocation)
{
    if (!journeys_begin(journeys) || find_invocation(journeys, invocation->request_id) != NULL)
        return;
    (void)invocation_new(journeys, invocation);
}

void journey_attempt_begins(struct journeys *journeys, const char *request_id,
                            struct bytes function_name,
                            char trace_header[JOURNEY_TRACE_HEADER_SIZE])
{
    static const struct named_text none = {TEXT_NONE, {0}};
    struct bytes id = bytes_of_text(request_id);
    struct hop *hop = NULL, *attempt = NULL;

    trace_header[0] = '\0';
    if (!journeys_begin(journeys))
        return;
    hop = find_invocation(journeys, id);
    if (hop == NULL)
        hop = invocation_new(journeys, &(struct journey_invocation){
                                           .request_id = id, .function_name = function_name});
    if (hop == NULL)
        return;
    hop_enter(hop, JOURNEY_RUNNING, NULL);
    attempt = attempt_new(hop, &none);
    if (attempt != NULL)
        trace_header_of(attempt, trace_header);
}

void journey_attempt_ends(struct journeys *journeys, const char *request_id,
                          const struct journey_end *end)
{
    struct hop *hop = NULL;

    if (!journeys_begin(journeys))
        return;
    hop = find_invocation(journeys, bytes_of_text(request_id));
    if (hop != NULL)
        attempt_end(hop, end);
}

void journey_invocation_ends(struct journeys *journeys, const char *request_id,
                             const struct journey_end *end)
{
    struct hop *hop = NULL;

    if (!journeys_begin(journeys))
        return;
    hop = find_invocation(journeys, bytes_of_text(request_id));
    if (hop != NULL)
        hop_enter(hop, end->result, end);
}

/* ---- what handlers write ---- */

void journey_wrote(struct journeys *journeys, struct bytes trace_header,
                   const struct journey_record *record)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT((size_t)8 * 1024);
    struct hop *attempt = NULL, *hop = NULL;

    if (trace_header.size == 0 || !journeys_begin(journeys))
        return;
    attempt = find_attempt(journeys, trace_header);
    if (attempt == NULL)
        return;
    buffer_append(&key, record->pk);
    if (record->sk.size > 0)
        buffer_append_byte(&key, '/');
    buffer_append(&key, record->sk);
    const struct named_text texts[] = {{TEXT_KEY, buffer_bytes(&key)},
                                       {TEXT_TABLE, record->table},
                                       {TEXT_CHANGE, record->change},
                                       {TEXT_NONE, {0}}};

    hop = hop_new(attempt->root, attempt, HOP_WRITE, texts);
    if (hop == NULL)
        return;
    hop->position = record->position;
    hop_enter(hop, JOURNEY_DONE, NULL);
}
