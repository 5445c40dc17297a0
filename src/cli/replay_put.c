/* cli/replay_put.c - events into a table, each once. See replay.h.
 *
 * Where something stands already (conditional_put.h), the same content is skipped, other content is
 * told and never touched. A request has several of a lane's events; on AWS one. */
#include "cli/replay.h"

#include "cli/conditional_put.h"
#include "cli/output.h"

#include <poll.h>
#include <stdio.h>

#define BATCH_SIZE_MAX ((size_t)2 * 1024 * 1024) /* of texts; a transaction takes 4 MB */
#define CREATE_LOOKS_MAX 300
#define CREATE_LOOK_MS 200

struct putting { /* an event of a batch */
    struct replay_event *event;
    struct item item;
};

static enum status ask(struct replay_lane *lane, const struct putting *puts, size_t count,
                       struct client_answer *ret)
{
    const struct item *items[REPLAY_BATCH_MAX];

    for (size_t i = 0; i < count; i++)
        items[i] = &puts[i].item;
    return conditional_put_together(lane->client, lane->arena, items, count, ret);
}

/* ---- what stands there ---- */

/* An event has plain JSON: what it can't tell apart (a set from a list) is the same. */
static bool make_plain(struct arena *arena, const struct item *item, struct item *ret)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(REPLAY_TEXT_SIZE_MAX);
    struct value map = {.type = VALUE_M, .map = *item}, plain = {0};
    const struct json *json = NULL;
    struct api_error error;

    value_print_plain(&text, &map);
    if (json_parse(arena, arena_copy(arena, buffer_bytes(&text)), &json, NULL) != OK ||
        value_from_plain_json(arena, json, &plain, &error) != OK)
        return false;
    *ret = plain.map;
    return true;
}

static void settle(struct replay_lane *lane, const struct putting *put,
                   const struct json *there_json, bool uncertain)
{
    struct client_answer answer = {0};
    struct item there = {0};

    if (conditional_put_look(lane->client, lane->arena, &put->item, there_json, &there, &answer) !=
        OK) {
        replay_tell(lane, put->event, REPLAY_DIFFERENT, BYTES("what stands there was not told"));
        return;
    }
    if (!item_equal(&put->item, &there) && !put->event->is_item &&
        !make_plain(lane->arena, &there, &there))
        there = (struct item){0};
    if (item_equal(&put->item, &there))
        put->event->outcome = uncertain ? REPLAY_SENT : REPLAY_SKIPPED; /* an earlier try's */
    else
        replay_tell(lane, put->event, REPLAY_DIFFERENT,
                    replay_difference(lane->arena, &there, &put->item));
}

/* ---- what answers mean ---- */

/* Settles what can be; what is left moves to the front. False: the answer says something else. */
static bool read_reasons(struct replay_lane *lane, struct putting *puts, size_t *count,
                         const struct client_answer *answer)
{
    const struct json *reasons = json_get(answer->json, "CancellationReasons");
    size_t left = 0;

    if (json_count(reasons) != *count)
        return false;
    for (struct json_iter it = json_iter(reasons); json_next(&it);) {
        struct bytes code = json_get_string(it.value, "Code");
        struct putting put = puts[it.index];

        if (bytes_equal_text(code, "ConditionalCheckFailed"))
            settle(lane, &put, json_get(it.value, "Item"), answer->uncertain);
        else if (code.size == 0 || bytes_equal_text(code, "None") || conditional_put_is_busy(code))
            puts[left++] = put;
        else
            return false;
    }
    *count = left;
    return true;
}

/* One item that is refused for itself. */
static bool is_about_item(struct bytes name)
{
    return bytes_equal_text(name, "ValidationException") ||
           bytes_equal_text(name, "ItemCollectionSizeLimitExceededException") ||
           bytes_equal_text(name, "SerializationException");
}

/* OK: the one is settled. CONFLICT: not now. REFUSED: it is no matter of this item. */
static enum status read_single(struct replay_lane *lane, const struct putting *put,
                               const struct client_answer *answer)
{
    if (bytes_equal_text(answer->error_name, "ConditionalCheckFailedException"))
        settle(lane, put, json_get(answer->json, "Item"), answer->uncertain);
    else if (is_about_item(answer->error_name))
        replay_tell(lane, put->event, REPLAY_REFUSED, answer->message);
    else if (conditional_put_is_busy(answer->error_name))
        return CONFLICT;
    else
        return REFUSED;
    return OK;
}

static enum status put_one(struct replay_lane *lane, const struct putting *put,
                           struct client_answer *ret)
{
    for (unsigned turn = 0;; turn++) {
        enum status status = conditional_put_one(lane->client, lane->arena, &put->item, ret);
        enum status read = OK;

        if (status == OK)
            put->event->outcome = REPLAY_SENT;
        if (status != REFUSED)
            return status;
        read = read_single(lane, put, ret);
        if (read == OK)
            return OK;
        if (read == REFUSED || turn == REPLAY_BUSY_TURNS_MAX)
            return REFUSED;
        client_pause(lane->client, turn);
    }
}

static enum status put_singly(struct replay_lane *lane, const struct putting *puts, size_t count,
                              struct client_answer *ret)
{
    enum status status = OK;

    for (size_t i = 0; status == OK && i < count; i++)
        status = put_one(lane, &puts[i], ret);
    return status;
}

/* What is left when a transaction is refused as a whole goes one by one: only then is told which
 * item it was. */
static enum status put_together(struct replay_lane *lane, struct putting *puts, size_t count,
                                struct client_answer *ret)
{
    unsigned turn = 0;

    while (count > 0) {
        size_t before = count;
        enum status status = ask(lane, puts, count, ret);

        for (size_t i = 0; status == OK && i < count; i++)
            puts[i].event->outcome = REPLAY_SENT;
        if (status != REFUSED)
            return status;
        if (!bytes_equal_text(ret->error_name, "TransactionCanceledException") ||
            !read_reasons(lane, puts, &count, ret) ||
            (count == before && turn == REPLAY_BUSY_TURNS_MAX))
            return put_singly(lane, puts, count, ret);
        if (count == before)
            client_pause(lane->client, turn++);
    }
    return OK;
}

static enum status give(struct replay_lane *lane, struct replay_event **events, size_t count,
                        bool singly, struct client_answer *ret)
{
    struct putting puts[REPLAY_BATCH_MAX];
    size_t put_count = 0;

    for (size_t i = 0; i < count; i++) {
        struct bytes why = {NULL, 0};

        puts[put_count].event = events[i];
        if (replay_item(lane->arena, events[i], &puts[put_count].item, &why))
            put_count++;
        else
            replay_tell(lane, events[i], REPLAY_REFUSED, why);
    }
    return singly ? put_singly(lane, puts, put_count, ret)
                  : put_together(lane, puts, put_count, ret);
}

static enum status give_together(struct replay_lane *lane, struct replay_event **events,
                                 size_t count, struct client_answer *ret)
{
    return give(lane, events, count, false, ret);
}

static enum status give_singly(struct replay_lane *lane, struct replay_event **events, size_t count,
                               struct client_answer *ret)
{
    return give(lane, events, count, true, ret);
}

static bool print(struct replay *replay, struct arena *arena, const struct replay_event *event,
                  struct buffer *out, struct bytes *why)
{
    struct item item;

    (void)replay;
    if (!replay_item(arena, event, &item, why))
        return false;
    item_print(out, &item);
    return true;
}

const struct replay_sink replay_to_table = {.batch_max = REPLAY_BATCH_MAX,
                                            .size_max = BATCH_SIZE_MAX,
                                            .one_of_key = true,
                                            .give = give_together,
                                            .print = print};
const struct replay_sink replay_to_table_singly = {
    .batch_max = 1, .size_max = SIZE_MAX, .give = give_singly, .print = print};

/* ---- the table ---- */

/* ACTIVE; NOT_FOUND; REFUSED and others: as the client says. */
static enum status look_at_table(struct replay *replay, bool *ret_is_active,
                                 struct client_answer *ret)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT((size_t)64 * 1024);
    struct json_writer w = JSON_WRITER(&body);
    enum status status = OK;

    json_begin_object(&w);
    json_member_text(&w, "TableName", client_target(replay->to_client)->table);
    json_end_object(&w);
    status = client_call(replay->to_client, replay->cli->arena, "DescribeTable",
                         buffer_bytes(&body), ret);
    *ret_is_active =
        bytes_equal_text(json_get_string(json_get(ret->json, "Table"), "TableStatus"), "ACTIVE");
    return status == REFUSED && bytes_equal_text(ret->error_name, "ResourceNotFoundException")
               ? NOT_FOUND
               : status;
}

static enum status create_table(struct replay *replay, struct client_answer *ret)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT((size_t)64 * 1024);

    buffer_append_text(&body, "{\"TableName\":");
    json_append_string(&body, bytes_of_text(client_target(replay->to_client)->table));
    buffer_append_text(
        &body,
        ",\"AttributeDefinitions\":[{\"AttributeName\":\"pk\",\"AttributeType\":\"S\"},"
        "{\"AttributeName\":\"sk\",\"AttributeType\":\"N\"}],"
        "\"KeySchema\":[{\"AttributeName\":\"pk\",\"KeyType\":\"HASH\"},"
        "{\"AttributeName\":\"sk\",\"KeyType\":\"RANGE\"}],\"BillingMode\":\"PAY_PER_REQUEST\"}");

    enum status status =
        client_call(replay->to_client, replay->cli->arena, "CreateTable", buffer_bytes(&body), ret);

    /* An earlier try made it, whose answer was lost, or somebody else just did: its keys are looked
     * at next. */
    return status == REFUSED && bytes_equal_text(ret->error_name, "ResourceInUseException")
               ? OK
               : status;
}

static bool is_key(const struct json *table, const char *name, const char *part, const char *type)
{
    unsigned found = 0;

    for (struct json_iter it = json_iter(json_get(table, "KeySchema")); json_next(&it);)
        found += bytes_equal_text(json_get_string(it.value, "AttributeName"), name) &&
                 bytes_equal_text(json_get_string(it.value, "KeyType"), part);
    for (struct json_iter it = json_iter(json_get(table, "AttributeDefinitions")); json_next(&it);)
        found += bytes_equal_text(json_get_string(it.value, "AttributeName"), name) &&
                 bytes_equal_text(json_get_string(it.value, "AttributeType"), type);
    return found == 2;
}

/* Else each event would be refused by itself. */
static bool takes_events(struct replay *replay, const struct client_answer *answer, int *ret_exit)
{
    const struct json *table = json_get(answer->json, "Table");

    if (is_key(table, "pk", "HASH", "S") && is_key(table, "sk", "RANGE", "N"))
        return true;
    *ret_exit = cli_fail(replay->cli, CLI_FAILED,
                         "The table %s takes no events: its keys are not pk, text, and sk, a "
                         "number. --to-table NAME names another; --create makes it.",
                         client_target(replay->to_client)->table);
    return false;
}

bool replay_prepare_table(struct replay *replay, int *ret_exit)
{
    struct client_answer answer = {0};
    bool is_active = false;
    enum status status = look_at_table(replay, &is_active, &answer);

    if (status == NOT_FOUND && !replay->on->create) {
        *ret_exit = cli_fail(replay->cli, CLI_FAILED,
                             "There is no table %s at %s. --create makes it; --to-table NAME names "
                             "another.",
                             client_target(replay->to_client)->table,
                             client_target(replay->to_client)->url);
        return false;
    }
    if (status == NOT_FOUND && replay->on->dry_run)
        return true;
    if (status == NOT_FOUND)
        status = create_table(replay, &answer);
    for (unsigned look = 0; status == OK && !is_active && look < CREATE_LOOKS_MAX; look++) {
        status = look_at_table(replay, &is_active, &answer);
        if (status == OK && !is_active)
            poll(NULL, 0, CREATE_LOOK_MS);
    }
    if (status == OK && is_active)
        return takes_events(replay, &answer, ret_exit);
    *ret_exit = status == OK ? cli_fail(replay->cli, CLI_FAILED, "The table %s is not ACTIVE.",
                                        client_target(replay->to_client)->table)
                             : cli_client_fail(replay->cli, replay->to_client, status, &answer);
    return false;
}
