/* api/dynamodb/transact_write_items.c - TransactWriteItems: up to 100 actions, all or none. When
 * one fails, the answer lists a reason for each, in order. */
#include "api/dynamodb/write.h"
#include "api/operations.h"

struct transact_write {
    struct api_call *call;
    struct engine_write write;
    enum capacity_wanted capacity;
};

static const struct {
    const char *name;
    enum write_kind kind;
} actions[] = {
    {"ConditionCheck", WRITE_CHECK},
    {"Put", WRITE_PUT},
    {"Delete", WRITE_DELETE},
    {"Update", WRITE_UPDATE},
};

static enum status decode_action(struct api_call *call, const struct json *wrapper,
                                 struct item_write *ret)
{
    const struct json *body = NULL;
    size_t found = 0, which = 0;

    for (size_t i = 0; i < ARRAY_COUNT(actions); i++) {
        const struct json *action = decode_member(wrapper, actions[i].name);

        if (action != NULL) {
            body = action;
            which = i;
            found++;
        }
    }
    if (found != 1)
        return api_invalid(&call->error, "TransactItems can only contain one of Check, Put, Update "
                                         "or Delete");
    return dynamodb_write(call, body, actions[which].kind, false, ret, &call->error);
}

static enum status decode(struct api_call *call, struct engine_write *write)
{
    const struct json *items = decode_member(call->body, "TransactItems");
    enum status status = OK;

    write->token = decode_string(call->body, "ClientRequestToken");
    write->fingerprint = call->body_text;
    write->writes = ARENA_NEW_ARRAY(call->arena, json_count(items), struct item_write);
    for (struct json_iter it = json_iter(items); status == OK && json_next(&it);)
        status = decode_action(call, it.value, &write->writes[write->count++]);
    return status;
}

static void answer(struct transact_write *transact)
{
    struct buffer *out = api_buffer(transact->call);
    struct json_writer w = JSON_WRITER(out);
    struct capacity_sums sums = {.count = 0};

    json_begin_object(&w);
    for (size_t i = 0; i < transact->write.count; i++) {
        const struct item_write *item = &transact->write.writes[i];

        capacity_add_write(transact->call->arena, capacity_sum_of(&sums, item->table_name), item,
                           2);
    }
    /* A repeated token costs reads, not writes. */
    capacity_write_all(&w, transact->capacity, &sums, true, transact->write.repeated);
    if (dynamodb_metrics_wanted(transact->call->body))
        metrics_write_all(&w, transact->write.writes, transact->write.count, NULL);
    json_end_object(&w);
    api_answer(transact->call, buffer_bytes(out));
}

/* The short name that stands in a cancellation reason. */
static const char *reason_code(const struct item_write *item)
{
    if (item->status != REFUSED || item->error == NULL)
        return "None";
    switch ((int)item->error->kind) {
    case API_CONDITIONAL_CHECK_FAILED:
        return "ConditionalCheckFailed";
    case API_TRANSACTION_CONFLICT:
        return "TransactionConflict";
    case API_ITEM_COLLECTION_SIZE_LIMIT:
        return "ItemCollectionSizeLimitExceeded";
    default:
        return "ValidationError";
    }
}

static bool item_refused(const struct item_write *item)
{
    return item->status == REFUSED && item->error != NULL;
}

static void print_reasons(struct transact_write *transact, struct buffer *codes,
                          struct json_writer *w)
{
    json_key(w, "CancellationReasons");
    json_begin_array(w);
    for (size_t i = 0; i < transact->write.count; i++) {
        const struct item_write *item = &transact->write.writes[i];

        buffer_printf(codes, "%s%s", i > 0 ? ", " : "", reason_code(item));
        json_begin_object(w);
        json_member_text(w, "Code", reason_code(item));
        if (item_refused(item))
            json_member_text(w, "Message", item->error->message);
        if (item->old.size > 0) {
            json_key(w, "Item");
            json_write_raw(w, item->old);
        }
        json_end_object(w);
    }
    json_end_array(w);
}

static void cancel(struct transact_write *transact)
{
    AUTO(buffer_free) struct buffer codes = BUFFER_INIT(API_ERROR_MESSAGE_SIZE * 2);
    AUTO(buffer_free) struct buffer reasons = BUFFER_INIT(API_ANSWER_SIZE_MAX);
    struct json_writer w = {.out = &reasons, .comma = true};
    struct api_error *error = &transact->call->error;

    print_reasons(transact, &codes, &w);
    api_refuse(error, API_TRANSACTION_CANCELED,
               "Transaction cancelled, please refer cancellation reasons for specific reasons "
               "[%.*s]",
               BYTES_ARG(buffer_bytes(&codes)));
    error->extra = buffer_bytes(&reasons);
    api_fail(transact->call, error);
}

static void done(struct engine_write *write, enum status status)
{
    struct transact_write *transact = CONTAINER_OF(write, struct transact_write, write);
    bool cancelled = false;

    for (size_t i = 0; i < write->count; i++)
        cancelled = cancelled || item_refused(&write->writes[i]);
    if (cancelled) {
        cancel(transact);
    } else if (status == OK) {
        answer(transact);
    } else if (status == REFUSED) {
        api_fail(transact->call, &write->error);
    } else {
        api_fail_status(transact->call, status);
    }
}

void api_transact_write_items(struct api_call *call)
{
    struct transact_write *transact = ARENA_NEW(call->arena, struct transact_write);
    enum status status = OK;

    transact->call = call;
    transact->write = (struct engine_write){.arena = call->arena, .atomic = true, .done = done};
    transact->capacity = dynamodb_capacity_wanted(call->body);
    status = decode(call, &transact->write);
    if (status == OK)
        engine_write(call->on->engine, call->on->port, &transact->write);
    else
        api_fail_status(call, status);
}
