/* library/asked.c - a dynlog server, AWS, or another engine: streams are read and written with
 * DynamoDB's operations.
 *
 * A put whose answer was lost is looked at again: what stands there is ours, or somebody else's
 * (then ours was not done, and never will be: its place is taken), or nothing (then nobody knows:
 * DYNLOG_UNCERTAIN). Ours is told by the event's id or, when it has none, by its nonce: two who
 * append the same within a millisecond are two. Several events go as one TransactWriteItems with a
 * token, which makes a second try the same as the first. */
#include "library/asked.h"

#include "base/id.h"

#include <inttypes.h>

#define BODY_SIZE_MAX (ITEM_TEXT_SIZE_MAX + 4096)
#define TRANSACTION_TEXT_SIZE_MAX ((size_t)64 * 1024 * 1024)
#define ANSWER_MS 10000         /* dynlog.h: timeout_ms */
#define TRANSACTION_TRIES_MAX 8 /* that meet others on their items */

static struct asked *asked_of(struct dynlog *dynlog)
{
    return CONTAINER_OF(dynlog, struct asked, base);
}

/* ---- asking ---- */

struct asker *asked_take(struct asked *asked)
{
    struct asker *asker = NULL;

    pthread_mutex_lock(&asked->mutex);
    asker = asked->idle;
    if (asker != NULL)
        asked->idle = asker->next;
    pthread_mutex_unlock(&asked->mutex);
    if (asker != NULL)
        return asker;
    asker = mem_new(sizeof *asker);
    asker->client = client_new(&asked->target);
    if (asked->base.never_pause)
        client_never_pause(asker->client);
    return asker;
}

void asked_give(struct asked *asked, struct asker *asker)
{
    pthread_mutex_lock(&asked->mutex);
    asker->next = asked->idle;
    asked->idle = asker;
    pthread_mutex_unlock(&asked->mutex);
}

static enum status call(struct asked *asked, struct arena *arena, struct client_request *request,
                        struct client_answer *ret)
{
    struct asker *asker = asked_take(asked);
    enum status status = OK;

    request->method = "POST";
    request->path = "/";
    request->answer_ms = asked->answer_ms;
    status = client_ask(asker->client, arena, request, ret);
    asked_give(asked, asker);
    return status;
}

enum status asked_call(struct asked *asked, struct arena *arena, const char *target,
                       struct bytes body, struct client_answer *ret)
{
    struct client_request request = {.target = target, .body = body};

    return call(asked, arena, &request, ret);
}

enum status asked_call_streams(struct asked *asked, struct arena *arena, const char *target,
                               struct bytes body, struct client_answer *ret)
{
    struct client_request request = {
        .service = TARGET_DYNAMODB_STREAMS, .target = target, .body = body};

    return call(asked, arena, &request, ret);
}

/* ---- a part of a stream ---- */

static struct value number_value(int64_t number)
{
    return (struct value){.type = VALUE_N, .number = number_of_int64(number)};
}

static void print_query(struct asked *asked, const struct stream_query *query, struct arena *arena,
                        struct buffer *body)
{
    struct json_writer w = JSON_WRITER(body);
    struct item values = {0};

    item_set(arena, &values, BYTES(":pk"), (struct value){.type = VALUE_S, .bytes = query->pk});
    item_set(arena, &values, BYTES(":from"), number_value(query->from));
    item_set(arena, &values, BYTES(":to"), number_value(query->to));
    json_begin_object(&w);
    json_member_text(&w, "TableName", asked->target.table);
    json_member_text(&w, "KeyConditionExpression", "pk = :pk and sk between :from and :to");
    json_member_bool(&w, "ScanIndexForward", !query->backward);
    json_member_bool(&w, "ConsistentRead", true);
    json_member_int(&w, "Limit", (int64_t)query->limit);
    if (query->ids_only) {
        json_member_text(&w, "ProjectionExpression", "sk, meta.#id, meta.#time");
        json_key(&w, "ExpressionAttributeNames");
        json_write_raw(&w, BYTES("{\"#id\":\"id\",\"#time\":\"time\"}"));
    }
    json_key(&w, "ExpressionAttributeValues");
    item_print(body, &values);
    w.comma = true;
    json_end_object(&w);
}

static enum dynlog_status say_malformed(struct asked *asked, struct dynlog_error *error)
{
    return fault_say(error, DYNLOG_REFUSED, "%s answers with something that is no item.",
                     asked->target.url);
}

/* Where the server tells them. False: they are none of these items. */
static bool read_places(const struct json *positions, struct arena *arena, struct stream_part *part)
{
    size_t count = 0;

    if (positions == NULL)
        return true;
    if (!json_is(positions, JSON_ARRAY) || json_count(positions) != part->count)
        return false;
    part->places = ARENA_NEW_ARRAY(arena, part->count, struct event_place);
    for (struct json_iter it = json_iter(positions); json_next(&it);)
        part->places[count++] = (struct event_place){json_get_uint(it.value, "Position", 0),
                                                     json_get_uint(it.value, "Time", 0)};
    return true;
}

static enum dynlog_status asked_query(struct dynlog *dynlog, const struct stream_query *query,
                                      struct arena *arena, struct stream_part *ret,
                                      struct dynlog_error *error)
{
    static const struct client_header wants_positions = {ASKED_POSITIONS_HEADER, "true"};
    struct asked *asked = asked_of(dynlog);
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(BODY_SIZE_MAX);
    struct client_request request = {.target = "DynamoDB_20120810.Query",
                                     .headers = &wants_positions,
                                     .header_count = asked->target.is_aws ? 0 : 1};
    struct client_answer answer = {0};
    enum status status = OK;

    print_query(asked, query, arena, &body);
    request.body = buffer_bytes(&body);
    status = call(asked, arena, &request, &answer);
    if (status != OK)
        return fault_of_answer(error, &asked->target, status, &answer);

    const struct json *items = json_get(answer.json, "Items");

    ret->items = ARENA_NEW_ARRAY(arena, json_count(items), struct item);
    for (struct json_iter it = json_iter(items); json_next(&it);) {
        struct api_error refusal;

        if (item_from_json(arena, it.value, &ret->items[ret->count++], &refusal) != OK)
            return say_malformed(asked, error);
    }
    if (!read_places(json_get(answer.json, "DynlogPositions"), arena, ret))
        return say_malformed(asked, error);
    ret->more = json_get(answer.json, "LastEvaluatedKey") != NULL;
    return DYNLOG_OK;
}

/* ---- puts ---- */

static bool answered(enum status status, const struct client_answer *answer, const char *name)
{
    return status == REFUSED && bytes_equal_text(answer->error_name, name);
}

enum there { THERE_NOTHING, THERE_OURS, THERE_ANOTHER };

static enum status look_again(struct asked *asked, struct arena *arena, const struct item *item,
                              enum there *ret, struct client_answer *answer)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(BODY_SIZE_MAX);
    struct item key = {0}, there = {0};
    struct api_error refusal;
    enum status status = OK;
    const struct json *found = NULL;

    item_set(arena, &key, BYTES("pk"), *item_get_text(item, "pk"));
    item_set(arena, &key, BYTES("sk"), *item_get_text(item, "sk"));
    buffer_append_text(&body, "{\"TableName\":");
    json_append_string(&body, bytes_of_text(asked->target.table));
    buffer_append_text(&body, ",\"ConsistentRead\":true,\"Key\":");
    item_print(&body, &key);
    buffer_append_text(&body, "}");
    status = asked_call(asked, arena, "DynamoDB_20120810.GetItem", buffer_bytes(&body), answer);
    if (status != OK)
        return status;
    found = json_get(answer->json, "Item");
    if (found == NULL)
        *ret = THERE_NOTHING;
    else
        *ret = item_from_json(arena, found, &there, &refusal) == OK && event_is_same(item, &there)
                   ? THERE_OURS
                   : THERE_ANOTHER;
    return OK;
}

static enum dynlog_status say_uncertain(struct asked *asked, const struct client_answer *answer,
                                        struct dynlog_error *error)
{
    return fault_say(error, DYNLOG_UNCERTAIN,
                     "The answer of %s to a write was lost, and it may have been done%s%.*s%s",
                     asked->target.url, answer->message.size > 0 ? " (" : "",
                     BYTES_ARG(answer->message), answer->message.size > 0 ? ")." : ".");
}

/* Of puts that are done all or none, the first one tells. `refused`: the last try met an item that
 * stands there. */
static enum dynlog_status settle(struct asked *asked, struct arena *arena, const struct item *item,
                                 const struct client_answer *lost, struct dynlog_error *error)
{
    enum there there = THERE_NOTHING;
    struct client_answer answer = {0};

    if (look_again(asked, arena, item, &there, &answer) != OK)
        return say_uncertain(asked, lost, error);
    switch (there) {
    case THERE_OURS:
        return DYNLOG_OK;
    case THERE_ANOTHER:
        return fault_none(error, DYNLOG_CONFLICT);
    case THERE_NOTHING:
        return say_uncertain(asked, lost, error);
    }
    assert(false && "a kind of item that does not exist");
}

/* Where the server tells it. */
static uint64_t position_of(const struct client_answer *answer)
{
    uint64_t position = 0;

    return bytes_to_uint64(client_header(answer, ASKED_POSITION_HEADER), &position) ? position : 0;
}

static enum dynlog_status put_one(struct asked *asked, struct event_put *put, struct arena *arena,
                                  struct dynlog_error *error)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(BODY_SIZE_MAX);
    struct client_answer answer = {0};
    enum status status = OK;

    buffer_append_text(&body, "{\"TableName\":");
    json_append_string(&body, bytes_of_text(asked->target.table));
    buffer_append_text(&body, ",\"ConditionExpression\":\"attribute_not_exists(pk)\",\"Item\":");
    item_print(&body, &put->items[0]);
    buffer_append_text(&body, "}");
    status = asked_call(asked, arena, "DynamoDB_20120810.PutItem", buffer_bytes(&body), &answer);
    put->positions[0] = position_of(&answer);
    if (status == OK)
        return DYNLOG_OK;
    if (answered(status, &answer, "ConditionalCheckFailedException"))
        return answer.uncertain ? settle(asked, arena, &put->items[0], &answer, error)
                                : fault_none(error, DYNLOG_CONFLICT);
    if (answer.uncertain) /* one try may have done it, whatever the last one says: "slower" */
        return settle(asked, arena, &put->items[0], &answer, error);
    return fault_of_answer(error, &asked->target, status, &answer);
}

static void print_transaction(struct asked *asked, const struct event_put *put, struct buffer *body)
{
    struct json_writer w = JSON_WRITER(body);
    char token[ID_UUID_SIZE];

    id_uuid(token);
    json_begin_object(&w);
    json_member_text(&w, "ClientRequestToken", token);
    json_key(&w, "TransactItems");
    json_begin_array(&w);
    for (size_t i = 0; i < put->count; i++) {
        json_begin_object(&w);
        json_key(&w, "Put");
        json_begin_object(&w);
        json_member_text(&w, "TableName", asked->target.table);
        json_member_text(&w, "ConditionExpression", "attribute_not_exists(pk)");
        json_key(&w, "Item");
        item_print(body, &put->items[i]);
        w.comma = true;
        json_end_object(&w);
        json_end_object(&w);
    }
    json_end_array(&w);
    json_end_object(&w);
}

static bool is_cancelled_for(const struct client_answer *answer, const char *code)
{
    for (struct json_iter it = json_iter(json_get(answer->json, "CancellationReasons"));
         json_next(&it);)
        if (bytes_equal_text(json_string(json_get(it.value, "Code")), code))
            return true;
    return false;
}

/* Others were at its items, or it was too much just now: nothing was done. */
static bool is_worth_another(const struct client_answer *answer)
{
    static const char *const codes[] = {"TransactionConflict", "ProvisionedThroughputExceeded",
                                        "ThrottlingError"};

    for (size_t i = 0; i < ARRAY_COUNT(codes); i++)
        if (is_cancelled_for(answer, codes[i]))
            return true;
    return false;
}

static enum dynlog_status put_several(struct asked *asked, struct event_put *put,
                                      struct arena *arena, struct dynlog_error *error)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(TRANSACTION_TEXT_SIZE_MAX);
    struct client_answer answer = {0};
    enum status status = OK;
    bool cancelled = false, uncertain = false;
    uint64_t last = 0;

    print_transaction(asked, put, &body);
    if (buffer_failed(&body))
        return fault_say(error, DYNLOG_INVALID, "The events are too large for one request.");
    for (unsigned turn = 0; turn < TRANSACTION_TRIES_MAX; turn++) {
        status = asked_call(asked, arena, "DynamoDB_20120810.TransactWriteItems",
                            buffer_bytes(&body), &answer);
        uncertain = answer.uncertain = answer.uncertain || uncertain; /* of any try */
        cancelled = answered(status, &answer, "TransactionCanceledException");
        if (!(cancelled && is_worth_another(&answer)) &&
            !answered(status, &answer, "TransactionInProgressException"))
            break;
        place_pause(&asked->base, turn);
    }
    last = position_of(&answer);
    for (size_t i = 0; i < put->count; i++) /* they follow each other */
        put->positions[i] = last >= put->count ? last - (put->count - 1 - i) : 0;
    if (status == OK)
        return DYNLOG_OK;
    if (cancelled && is_cancelled_for(&answer, "ConditionalCheckFailed"))
        return answer.uncertain ? settle(asked, arena, &put->items[0], &answer, error)
                                : fault_none(error, DYNLOG_CONFLICT);
    if (answer.uncertain) /* one try may have done it, whatever the last one says: "slower" */
        return settle(asked, arena, &put->items[0], &answer, error);
    return fault_of_answer(error, &asked->target, status, &answer);
}

static enum dynlog_status asked_put(struct dynlog *dynlog, struct event_put *put,
                                    struct arena *arena, struct dynlog_error *error)
{
    struct asked *asked = asked_of(dynlog);

    return put->count == 1 ? put_one(asked, put, arena, error)
                           : put_several(asked, put, arena, error);
}

/* ---- opening ---- */

static void asked_close(struct dynlog *dynlog)
{
    struct asked *asked = asked_of(dynlog);

    while (asked->idle != NULL) {
        struct asker *asker = asked->idle;

        asked->idle = asker->next;
        client_free(asker->client);
        mem_free(asker);
    }
    asked_streams_forget(asked);
    pthread_mutex_destroy(&asked->mutex);
    arena_free(asked->arena);
    mem_free(asked);
}

static const struct place_kind asked_kind = {
    .loses_answers = true,
    .close = asked_close,
    .query = asked_query,
    .put = asked_put,
    .subscribe = asked_subscribe,
    .logs = asked_logs,
    .streams = asked_streams,
    .position = asked_position,
    .forget = asked_forget,
    .make_private = asked_make_private,
    .private_logs = asked_private_logs,
};

static enum dynlog_status resolve(struct asked *asked, const char *place,
                                  const struct dynlog_options *options, struct dynlog_error *error)
{
    struct target_options wanted = {
        .region = options->region, .profile = options->profile, .table = options->table};
    char message[TARGET_MESSAGE_SIZE] = "";

    if (strncmp(place, "aws:", strlen("aws:")) != 0) {
        wanted.endpoint = place;
    } else if (place[strlen("aws:")] == '\0') {
        return fault_say(error, DYNLOG_INVALID,
                         "AWS needs a region. A place looks like this: aws:eu-central-1");
    } else {
        wanted.region = place + strlen("aws:");
        if (options->region != NULL && strcmp(options->region, wanted.region) != 0)
            return fault_say(error, DYNLOG_INVALID, "The place %s is not in the region %s.", place,
                             options->region);
    }

    enum status status = target_resolve(asked->arena, &wanted, &asked->target, message);

    if (status == OK)
        return DYNLOG_OK;
    return fault_say(error, status == NOT_PERMITTED ? DYNLOG_DENIED : DYNLOG_INVALID, "%s",
                     message);
}

enum dynlog_status asked_open(const char *place, const struct dynlog_options *options,
                              struct dynlog **ret, struct dynlog_error *error)
{
    struct asked *asked = mem_new(sizeof *asked);
    enum dynlog_status status = DYNLOG_OK;

    asked->arena = arena_new();
    asked->base.kind = &asked_kind;
    asked->answer_ms = options->timeout_ms > 0 ? (int64_t)options->timeout_ms : ANSWER_MS;
    pthread_mutex_init(&asked->mutex, NULL);
    status = resolve(asked, place, options, error);
    if (status != DYNLOG_OK) {
        asked_close(&asked->base);
        return status;
    }
    *ret = &asked->base;
    return DYNLOG_OK;
}
