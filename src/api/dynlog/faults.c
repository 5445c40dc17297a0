/* api/dynlog/faults.c - /_dynlog/faults: failures on demand, so that a test can see what its
 * program does when AWS fails.
 *
 *   POST    adds faults: an object with a list for each kind; a kind's list is taken whole or not
 *           at all
 *   GET     answers those that still wait, in the form in which they were asked for
 *   DELETE  forgets them all
 *
 *   {"TransactionConflict": [{"TableName": "t", "Key": {"pk": {"S": "a"}}, "Count": 2}]}
 *       The next Count (else 1) writes and transactional reads of that item, or of any item of the
 *       table when there is no Key, meet a conflict: TransactionConflictException, a cancelled
 *       transaction, an unprocessed item.
 *
 * Another kind is another row of `kinds`. */
#include "api/dynlog/dynlog.h"

#include "api/decode.h"
#include "api/dynamodb/dynamodb.h"

#define COUNT_MAX 1000000

struct kind {
    const char *name;
    enum status (*add)(struct api_call *call, const struct json *list);
    void (*print)(struct api_call *call, struct json_writer *w); /* the list */
};

/* ---- TransactionConflict ---- */

static enum status refuse_member(struct api_error *reterr, struct bytes name)
{
    return api_invalid(reterr,
                       "%.*s is no member of a TransactionConflict, which has TableName, "
                       "Key and Count",
                       BYTES_ARG(name));
}

static enum status decode_count(const struct json *value, uint64_t *ret, struct api_error *reterr)
{
    int64_t count = 1;

    if (value != NULL && (!json_int64(value, &count) || count < 1 || count > COUNT_MAX))
        return api_invalid(reterr, "Count is a whole number from 1 to %d", COUNT_MAX);
    *ret = (uint64_t)count;
    return OK;
}

static enum status decode_key(struct arena *arena, const struct json *value, struct item *ret,
                              struct api_error *reterr)
{
    if (value == NULL)
        return OK;
    if (!json_is(value, JSON_OBJECT) || json_count(value) == 0)
        return api_invalid(reterr, "Key is an object, as in GetItem; leave it out for any item");
    return item_from_json(arena, value, ret, reterr);
}

static enum status decode_conflict(struct api_call *call, const struct json *body,
                                   struct engine_fault *ret)
{
    const struct json *members[3] = {NULL};
    static const char *const names[] = {"TableName", "Key", "Count"};
    struct api_error *error = &call->error;
    enum status status = OK;

    if (!json_is(body, JSON_OBJECT))
        return api_invalid(error, "A TransactionConflict is an object with TableName, Key and "
                                  "Count");
    for (struct json_iter it = json_iter(body); json_next(&it);) {
        size_t i = 0;

        while (i < ARRAY_COUNT(names) && !bytes_equal_text(it.name, names[i]))
            i++;
        if (i == ARRAY_COUNT(names))
            return refuse_member(error, it.name);
        members[i] = it.value;
    }
    if (json_string(members[0]).size == 0)
        return api_invalid(error, "TableName is missing");
    status = dynamodb_name_of(json_string(members[0]), &ret->table_name, error);
    if (status == OK)
        status = decode_key(call->arena, members[1], &ret->key, error);
    return status == OK ? decode_count(members[2], &ret->count, error) : status;
}

static enum status add_conflicts(struct api_call *call, const struct json *list)
{
    struct engine_fault *faults =
        ARENA_NEW_ARRAY(call->arena, json_count(list), struct engine_fault);
    enum status status = OK;
    size_t count = 0;

    for (struct json_iter it = json_iter(list); status == OK && json_next(&it);)
        status = decode_conflict(call, it.value, &faults[count++]);
    if (status == OK)
        status = engine_add_faults(call->on->engine, faults, count, &call->error);
    return status;
}

static void print_conflicts(struct api_call *call, struct json_writer *w)
{
    struct engine_fault *faults = NULL;
    size_t count = 0;

    engine_faults(call->on->engine, call->arena, &faults, &count);
    json_begin_array(w);
    for (size_t i = 0; i < count; i++) {
        json_begin_object(w);
        json_member_string(w, "TableName", faults[i].table_name);
        if (faults[i].key_text.size > 0) {
            json_key(w, "Key");
            json_write_raw(w, faults[i].key_text);
        }
        json_key(w, "Count");
        json_write_uint(w, faults[i].count);
        json_end_object(w);
    }
    json_end_array(w);
}

/* ---- every kind ---- */

static const struct kind kinds[] = {
    {"TransactionConflict", add_conflicts, print_conflicts},
};

static const struct kind *find_kind(struct bytes name)
{
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++)
        if (bytes_equal_text(name, kinds[i].name))
            return &kinds[i];
    return NULL;
}

static enum status check_lists(struct api_call *call, const struct json *body)
{
    if (!json_is(body, JSON_OBJECT))
        return api_invalid(&call->error, "Faults are an object with a list for each kind");
    for (struct json_iter it = json_iter(body); json_next(&it);) {
        if (find_kind(it.name) == NULL)
            return api_invalid(&call->error, "dynlog knows no fault %.*s", BYTES_ARG(it.name));
        if (!json_is(it.value, JSON_ARRAY))
            return api_invalid(&call->error, "%.*s is a list", BYTES_ARG(it.name));
    }
    return OK;
}

enum status api_add_faults(struct api_call *call)
{
    const struct json *body = NULL;
    struct json_error wrong = {0};
    enum status status = OK;

    if (json_parse(call->arena, call->body_text, &body, &wrong) != OK)
        return api_invalid(&call->error, "The body is not JSON: %s, at line %zu, column %zu",
                           wrong.message, wrong.line, wrong.column);
    status = check_lists(call, body);
    for (struct json_iter it = json_iter(body); status == OK && json_next(&it);)
        status = find_kind(it.name)->add(call, it.value);
    return status;
}

void api_print_faults(struct api_call *call, struct buffer *out)
{
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        json_key(&w, kinds[i].name);
        kinds[i].print(call, &w);
    }
    json_end_object(&w);
}

/* ---- HTTP ---- */

static void answer(struct http_request *request, int status, const struct buffer *out)
{
    http_answer(request, &(struct http_answer){.status = status,
                                               .content_type = "application/json",
                                               .body = buffer_bytes(out)});
}

static void answer_faults(struct api_call *call)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(API_ANSWER_SIZE_MAX);

    api_print_faults(call, &out);
    answer(call->request, 200, &out);
}

static void answer_refusal(struct api_call *call)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(API_ANSWER_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    json_member_text(&w, "message", call->error.message);
    json_end_object(&w);
    answer(call->request, 400, &out);
}

static struct api_call *call_of(struct api *api, struct http_request *request)
{
    struct api_call *call = ARENA_NEW(http_arena(request), struct api_call);

    call->api = api;
    call->on = &api->services;
    call->arena = http_arena(request);
    call->request = request;
    call->body_text = http_body(request);
    return call;
}

void api_dynlog_get_faults(struct api *api, struct http_request *request)
{
    answer_faults(call_of(api, request));
}

void api_dynlog_post_faults(struct api *api, struct http_request *request)
{
    struct api_call *call = call_of(api, request);

    if (api_add_faults(call) == OK)
        answer_faults(call);
    else
        answer_refusal(call);
}

void api_dynlog_delete_faults(struct api *api, struct http_request *request)
{
    engine_clear_faults(api->services.engine);
    answer_faults(call_of(api, request));
}
