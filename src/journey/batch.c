/* journey/batch.c - change records that were read, and their batches; see journey.h. */
#include "journey/internal.h"

#define KEY_SIZE_MAX ((size_t)2 * JOURNEY_TEXT_SIZE_MAX + 1)

/* pk/sk */
static struct bytes key_of(const struct journey_record *record, uint8_t out[KEY_SIZE_MAX])
{
    struct bytes pk = bytes_slice(record->pk, 0, JOURNEY_TEXT_SIZE_MAX);
    struct bytes sk = bytes_slice(record->sk, 0, JOURNEY_TEXT_SIZE_MAX);
    size_t size = pk.size;

    if (pk.size > 0)
        memcpy(out, pk.ptr, pk.size);
    if (sk.size == 0)
        return bytes_of(out, size);
    out[size++] = '/';
    memcpy(out + size, sk.ptr, sk.size);
    return bytes_of(out, size + sk.size);
}

bool journey_has_read(const struct journeys *journeys, uint64_t position)
{
    return journeys == NULL || find_position(journeys, position) != NULL;
}

void journey_read(struct journeys *journeys, const struct journey_record *record)
{
    uint8_t key[KEY_SIZE_MAX];
    struct root *root = NULL;

    if (journey_has_read(journeys, record->position) || !journeys_begin(journeys))
        return;
    root = root_new(journeys, false);
    if (root == NULL)
        return;

    const struct named_text texts[] = {{TEXT_KEY, key_of(record, key)}, {TEXT_PK, record->pk},
                                       {TEXT_SK, record->sk},           {TEXT_TABLE, record->table},
                                       {TEXT_CHANGE, record->change},   {TEXT_NONE, {0}}};
    struct hop *hop = hop_new(root, NULL, HOP_APPEND, texts);

    if (hop == NULL) {
        root_drop(root);
        return;
    }
    hop->at_ms = hop->ended_ms = record->time_ms;
    hop->position = record->position;
    hop->stream = record->stream;
    link_enter(hop, &hop->link, LINK_POSITION, hash_number(LINK_POSITION, record->position));
    journeys_changed(journeys);
}

static bool is_filtered(const struct hop *append, struct bytes mapping)
{
    for (const struct hop *hop = append->first; hop != NULL; hop = hop->next)
        if (hop->kind == HOP_FILTER && bytes_equal(hop_text(hop, TEXT_MAPPING), mapping))
            return true;
    return false;
}

/* It makes no trace: should another mapping take the record, the trace is that of its batch. */
void journey_filtered(struct journeys *journeys, uint64_t position, struct bytes mapping,
                      struct bytes consumer)
{
    const struct named_text texts[] = {
        {TEXT_MAPPING, mapping}, {TEXT_FUNCTION, consumer}, {TEXT_NONE, {0}}};
    struct hop *append = journeys_begin(journeys) ? find_position(journeys, position) : NULL;

    if (append == NULL || is_filtered(append, mapping))
        return;
    struct hop *hop = hop_new(append->root, append, HOP_FILTER, texts);

    if (hop != NULL)
        hop_enter(hop, JOURNEY_FILTERED, NULL);
}

/* ---- batches ---- */

static const void *at(const void *first, const struct journey_batch *batch, size_t index)
{
    return (const uint8_t *)first + index * batch->stride;
}

static uint64_t position_at(const struct journey_batch *batch, size_t index)
{
    return *(const uint64_t *)at(batch->positions, batch, index);
}

static const char *message_at(const struct journey_batch *batch, size_t index)
{
    return at(batch->message_ids, batch, index);
}

/* The write, or the message; NULL: it is not known. `make`: the message's hop, if need be. */
static struct hop *part_of(struct journeys *journeys, const struct journey_batch *batch,
                           size_t index, bool make)
{
    const struct hop *sent = NULL;

    if (batch->message_ids == NULL)
        return find_position(journeys, position_at(batch, index));
    sent = find_sent(journeys, message_at(batch, index));
    if (sent == NULL || (!make && sent->first == NULL))
        return NULL;
    return message_hop(journeys, message_at(batch, index), batch->queue_arn);
}

static uint32_t hash_batch(const struct journey_batch *batch)
{
    if (batch->message_ids == NULL)
        return hash_number(LINK_BATCH, position_at(batch, 0));
    return hash_text(LINK_BATCH, bytes_of_text(message_at(batch, 0)));
}

/* A queue gives out its messages in ever other company: it is the same batch only if it has the
 * same ones. A batch never refers to what came of it (journeys_check()), so it gets no new ones. */
static bool has_same_messages(struct journeys *journeys, const struct hop *hop,
                              const struct journey_batch *batch)
{
    if (!hop->of_messages || hop->number != batch->count)
        return false;
    for (size_t i = 0; i < batch->count; i++) {
        const struct hop *message = part_of(journeys, batch, i, false);

        if (message == NULL ? i == 0 : !batch_has(message, hop->root))
            return false;
    }
    return true;
}

static bool is_batch(struct journeys *journeys, const struct hop *hop,
                     const struct journey_batch *batch)
{
    if (!bytes_equal(hop_text(hop, TEXT_MAPPING), batch->mapping))
        return false;
    if (batch->message_ids != NULL)
        return has_same_messages(journeys, hop, batch);
    return !hop->of_messages && hop->position == position_at(batch, 0) &&
           hop->last_position == position_at(batch, batch->count - 1);
}

static struct hop *find_batch(struct journeys *journeys, const struct journey_batch *batch)
{
    struct seeking seeking = links_seek(journeys, LINK_BATCH, hash_batch(batch));
    struct hop *hop = NULL;

    while ((hop = links_next(&seeking)) != NULL)
        if (is_batch(journeys, hop, batch))
            return hop;
    return NULL;
}

bool batch_has(const struct hop *append, const struct root *batch)
{
    if (append == NULL || (append->kind != HOP_APPEND && append->kind != HOP_MESSAGE))
        return false;
    for (const struct hop *hop = append->first; hop != NULL; hop = hop->next)
        if (hop->kind == HOP_BATCH_REF && hop->shared->root == batch)
            return true;
    return false;
}

bool hop_refers(const struct hop *hop, const struct root *batch)
{
    if (hop->shared != NULL)
        return hop->shared->root == batch || hop_refers(hop->shared, batch);
    for (const struct hop *child = hop->first; child != NULL; child = child->next)
        if (hop_refers(child, batch))
            return true;
    return false;
}

struct hop *attempt_under_way(const struct hop *append)
{
    if (append == NULL || append->kind != HOP_APPEND)
        return NULL;
    for (const struct hop *ref = append->first; ref != NULL; ref = ref->next)
        if (ref->kind == HOP_BATCH_REF && ref->shared->last != NULL &&
            ref->shared->last->kind == HOP_ATTEMPT && hop_is_open(ref->shared->last))
            return ref->shared->last;
    return NULL;
}

/* Its trace is that of its first record, if that has one already; journeys without one take it. */
static void refer(struct hop *append, struct hop *batch)
{
    static const struct named_text none = {TEXT_NONE, {0}};
    struct hop *hop = hop_new(append->root, append, HOP_BATCH_REF, &none);

    if (hop == NULL)
        return;
    if (append->kind == HOP_APPEND && append->root->by_key.kind == LINK_NONE)
        link_enter(append, &append->root->by_key, LINK_KEY,
                   hash_text(LINK_KEY, hop_text(append, TEXT_KEY)));
    hop->shared = batch;
    root_ref(batch->root);
    list_append(&batch->root->refers, &hop->in_batch);
    /* Handlers that cause each other by a queue go deeper and deeper, as others do. */
    if (batch->of_messages && hop->depth > batch->depth)
        batch->depth = hop->depth;
    if (trace_is_set(&append->root->trace))
        root_take_trace(batch->root, &append->root->trace);
    else if (!trace_is_set(&batch->root->trace))
        root_set_trace(batch->root, (struct bytes){NULL, 0});
    root_take_trace(append->root, &batch->root->trace);
}

static struct hop *batch_new(struct journeys *journeys, const struct journey_batch *batch)
{
    const struct named_text texts[] = {
        {TEXT_MAPPING, batch->mapping}, {TEXT_FUNCTION, batch->consumer}, {TEXT_NONE, {0}}};
    struct root *root = root_new(journeys, true);
    struct hop *hop = root != NULL ? hop_new(root, NULL, HOP_BATCH, texts) : NULL;

    if (hop == NULL) {
        if (root != NULL)
            root_unref(root);
        return NULL;
    }
    hop->of_messages = batch->message_ids != NULL;
    if (hop->of_messages) {
        if (!message_id_parse(message_at(batch, 0), hop->message))
            hop->message[0] = hop->message[1] = 0;
    } else {
        hop->position = position_at(batch, 0);
        hop->last_position = position_at(batch, batch->count - 1);
    }
    hop->number = (uint32_t)batch->count;
    link_enter(hop, &hop->link, LINK_BATCH, hash_batch(batch));
    for (size_t i = 0; i < batch->count; i++) {
        struct hop *part = part_of(journeys, batch, i, true);

        if (part != NULL)
            refer(part, hop);
    }
    if (root->references == 1)
        hop = NULL; /* of nothing that is known */
    root_unref(root);
    return hop;
}

static void enter_messages(struct journeys *journeys, const struct journey_batch *batch)
{
    for (size_t i = 0; batch->message_ids != NULL && i < batch->count; i++) {
        struct hop *message = part_of(journeys, batch, i, false);

        if (message != NULL)
            hop_enter(message, JOURNEY_RUNNING, NULL);
    }
}

void journey_batch_begins(struct journeys *journeys, const struct journey_batch *batch,
                          const char *request_id, char trace_header[JOURNEY_TRACE_HEADER_SIZE])
{
    const struct named_text texts[] = {{TEXT_ID, bytes_of_text(request_id)}, {TEXT_NONE, {0}}};
    struct hop *hop = NULL, *attempt = NULL;

    trace_header[0] = '\0';
    if (!journeys_begin(journeys) || batch->count == 0)
        return;
    hop = find_batch(journeys, batch);
    if (hop == NULL)
        hop = batch_new(journeys, batch);
    if (hop == NULL)
        return;
    hop_enter(hop, JOURNEY_RUNNING, NULL);
    enter_messages(journeys, batch);
    attempt = attempt_new(hop, texts);
    if (attempt == NULL)
        return;
    link_enter(attempt, &attempt->link, LINK_ID, hash_text(LINK_ID, bytes_of_text(request_id)));
    trace_header_of(attempt, trace_header);
}

void journey_batch_attempt(struct journeys *journeys, const char *request_id,
                           const struct journey_end *end)
{
    struct hop *attempt = NULL;

    if (!journeys_begin(journeys))
        return;
    attempt = find_text(journeys, LINK_ID, bytes_of_text(request_id), NULL);
    if (attempt != NULL && attempt->kind == HOP_ATTEMPT)
        attempt_enter(attempt, end->result, end);
}

void journey_batch_ends(struct journeys *journeys, const struct journey_batch *batch,
                        const struct journey_end *end)
{
    struct hop *hop = NULL;

    if (!journeys_begin(journeys) || batch->count == 0)
        return;
    hop = find_batch(journeys, batch);
    if (hop == NULL) /* given up before it was handed over */
        hop = batch_new(journeys, batch);
    if (hop != NULL)
        hop_enter(hop, end->result, end);
}
