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
 *   {"Seed": 7, "Throttle": [{"Operation": "PutItem", "TableName": "t", "Probability": 0.1}]}
 *       Kinds that every hop may ask about (base/faults.h): what each may be narrowed to, and what
 *       else it takes, are the rows of `armed_kinds`. The seed counts for what is armed with it and
 *       later.
 *
 * Another kind is another row. */
#include "api/dynlog/dynlog.h"

#include "api/decode.h"
#include "api/dynamodb/dynamodb.h"
#include "api/throttle.h"
#include "delivery/delivery.h"

#include <stdio.h>
#include <stdlib.h>

#define COUNT_MAX 1000000
#define DELAY_MS_MAX ((int64_t)24 * 60 * 60 * 1000)
#define SEED_MAX ((int64_t)1 << 53) /* exact in every JSON */

static enum status decode_count(const struct json *value, uint64_t *ret, struct api_error *reterr)
{
    int64_t count = 1;

    if (value != NULL && (!json_int64(value, &count) || count < 1 || count > COUNT_MAX))
        return api_invalid(reterr, "Count is a whole number from 1 to %d", COUNT_MAX);
    *ret = (uint64_t)count;
    return OK;
}

/* ---- TransactionConflict ---- */

static enum status refuse_member(struct api_error *reterr, struct bytes name)
{
    return api_invalid(reterr,
                       "%.*s is no member of a TransactionConflict, which has TableName, "
                       "Key and Count",
                       BYTES_ARG(name));
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

/* ---- kinds that every hop may ask about ---- */

static const char *const scope_names[FAULT_SCOPE_COUNT] = {
    [FAULT_SERVICE] = "Service",       [FAULT_OPERATION] = "Operation",
    [FAULT_TABLE] = "TableName",       [FAULT_FUNCTION] = "FunctionName",
    [FAULT_BUS] = "EventBusName",      [FAULT_RULE] = "RuleName",
    [FAULT_SCHEDULE] = "ScheduleName", [FAULT_TARGET_ID] = "TargetId",
    [FAULT_TARGET_ARN] = "TargetArn",  [FAULT_QUEUE] = "QueueName",
};

enum extra {
    EXTRA_NONE = 0,
    EXTRA_ERROR_CODE = 1,
    EXTRA_RETRIABLE = 2,
    EXTRA_DELAY = 4,
    EXTRA_WHEN = 8
};

#define SCOPE(scope) (1u << (scope))

static const struct armed_kind {
    const char *name;
    enum fault_kind kind;
    unsigned scopes; /* SCOPE()s */
    unsigned extras;
    const char *members; /* for people */
} armed_kinds[] = {
    {"Throttle", FAULT_THROTTLE,
     SCOPE(FAULT_SERVICE) | SCOPE(FAULT_OPERATION) | SCOPE(FAULT_TABLE) | SCOPE(FAULT_FUNCTION) |
         SCOPE(FAULT_BUS) | SCOPE(FAULT_QUEUE),
     EXTRA_ERROR_CODE,
     "Service, Operation, TableName, FunctionName, EventBusName, QueueName, ErrorCode, "},
    {"TargetFailure", FAULT_TARGET_FAILURE,
     SCOPE(FAULT_BUS) | SCOPE(FAULT_RULE) | SCOPE(FAULT_SCHEDULE) | SCOPE(FAULT_FUNCTION) |
         SCOPE(FAULT_TARGET_ID) | SCOPE(FAULT_TARGET_ARN),
     EXTRA_ERROR_CODE | EXTRA_RETRIABLE,
     "EventBusName, RuleName, ScheduleName, FunctionName, TargetId, TargetArn, ErrorCode, "
     "Retriable, "},
    {"Duplicate", FAULT_DUPLICATE, SCOPE(FAULT_FUNCTION) | SCOPE(FAULT_QUEUE), EXTRA_NONE,
     "FunctionName, QueueName, "},
    {"Reorder", FAULT_REORDER, SCOPE(FAULT_FUNCTION) | SCOPE(FAULT_QUEUE), EXTRA_NONE,
     "FunctionName, QueueName, "},
    {"Delay", FAULT_DELAY,
     SCOPE(FAULT_FUNCTION) | SCOPE(FAULT_TABLE) | SCOPE(FAULT_BUS) | SCOPE(FAULT_RULE) |
         SCOPE(FAULT_TARGET_ID) | SCOPE(FAULT_TARGET_ARN),
     EXTRA_DELAY,
     "FunctionName, TableName, EventBusName, RuleName, TargetId, TargetArn, Milliseconds, "},
    {"KillWorker", FAULT_KILL_WORKER, SCOPE(FAULT_FUNCTION), EXTRA_WHEN, "FunctionName, When, "},
};

/* What one fault is decoded into. */
struct decoding {
    struct api_call *call;
    const struct armed_kind *kind;
    struct fault *fault;
    bool has_probability, has_count;
};

static bool find_scope(const struct armed_kind *kind, struct bytes name, size_t *ret)
{
    for (*ret = 0; *ret < FAULT_SCOPE_COUNT; ++*ret)
        if ((kind->scopes & SCOPE(*ret)) != 0 && bytes_equal_text(name, scope_names[*ret]))
            return true;
    return false;
}

static bool is_service(struct bytes name)
{
    char room[THROTTLE_SERVICE_SIZE];
    size_t count = 0;
    const struct api_operation *operations = api_operations(&count);

    for (size_t i = 0; i < count; i++)
        if (bytes_equal(name, throttle_service_name(operations[i].service, room)))
            return true;
    return false;
}

/* FunctionName also has asynchronous invocations, which no operation is. */
#define OPERATION_OF_QUEUE "AsynchronousInvocation"

static bool is_operation(struct bytes name)
{
    size_t count = 0;
    const struct api_operation *operations = api_operations(&count);

    for (size_t i = 0; i < count; i++)
        if (bytes_equal_text(name, operations[i].name))
            return true;
    return bytes_equal_text(name, OPERATION_OF_QUEUE);
}

/* A name that nothing has would never strike: it is a mistake in the test. */
static enum status check_name(const struct api_call *call, size_t scope, struct bytes name,
                              struct api_error *error)
{
    const struct table *table = NULL;

    if (scope == FAULT_SERVICE && !is_service(name))
        return api_invalid(
            error,
            "There is no service %.*s: dynamodb, dynamodbstreams, events, scheduler, "
            "lambda and sqs are some",
            BYTES_ARG(name));
    if (scope == FAULT_OPERATION && !is_operation(name))
        return api_invalid(error, "There is no operation %.*s", BYTES_ARG(name));
    if (scope == FAULT_FUNCTION && call->on->functions != NULL &&
        functions_find(call->on->functions, name) == NULL)
        return api_invalid(error, "There is no function %.*s", BYTES_ARG(name));
    if (scope == FAULT_QUEUE && call->on->queues != NULL &&
        queues_find(call->on->queues, name) == NULL)
        return api_invalid(error, "There is no queue %.*s", BYTES_ARG(name));
    if (scope != FAULT_TABLE)
        return OK;
    table = engine_table_ref(call->on->engine, name);
    if (table == NULL)
        return api_invalid(error, "There is no table %.*s", BYTES_ARG(name));
    engine_table_unref(table);
    return OK;
}

static enum status decode_scope(struct decoding *d, size_t scope, const struct json *value)
{
    struct bytes name = json_string(value);

    if (name.size == 0)
        return api_invalid(&d->call->error, "%s is a name", scope_names[scope]);
    if (scope != FAULT_TARGET_ARN)
        name = throttle_name_of(name);
    d->fault->where.of[scope] = name;
    return check_name(d->call, scope, name, &d->call->error);
}

static enum status decode_probability(struct decoding *d, const struct json *value)
{
    double probability = 0;

    if (!json_double(value, &probability) || !(probability > 0 && probability <= 1))
        return api_invalid(&d->call->error, "Probability is a number above 0, at most 1");
    d->fault->probability = probability;
    d->has_probability = true;
    return OK;
}

static enum status decode_error_code(struct decoding *d, const struct json *value)
{
    struct bytes code = json_string(value);

    if (d->kind->kind == FAULT_THROTTLE && !bytes_equal_text(code, "InternalFailure") &&
        !bytes_equal_text(code, "ThrottlingException"))
        return api_invalid(&d->call->error, "ErrorCode is ThrottlingException or InternalFailure, "
                                            "for entries of PutEvents");
    if (d->kind->kind == FAULT_TARGET_FAILURE && delivery_error_code_of(code) == NULL)
        return api_invalid(&d->call->error,
                           "ErrorCode is one of EventBridge's: THROTTLING, "
                           "NO_RESOURCE, ERROR_FROM_TARGET, TIMEOUT, CONNECTION_FAILURE ...");
    d->fault->error_code = code;
    return OK;
}

static enum status decode_extra(struct decoding *d, struct bytes name, const struct json *value,
                                bool *ret_known)
{
    struct api_error *error = &d->call->error;
    int64_t ms = 0;

    *ret_known = true;
    if ((d->kind->extras & EXTRA_ERROR_CODE) != 0 && bytes_equal_text(name, "ErrorCode"))
        return decode_error_code(d, value);
    if ((d->kind->extras & EXTRA_RETRIABLE) != 0 && bytes_equal_text(name, "Retriable")) {
        if (!json_is(value, JSON_BOOL))
            return api_invalid(error, "Retriable is true or false");
        d->fault->retriable = json_bool(value);
        return OK;
    }
    if ((d->kind->extras & EXTRA_DELAY) != 0 && bytes_equal_text(name, "Milliseconds")) {
        if (!json_int64(value, &ms) || ms < 1 || ms > DELAY_MS_MAX)
            return api_invalid(error, "Milliseconds is a whole number from 1 to 86400000");
        d->fault->delay_ms = (uint64_t)ms;
        return OK;
    }
    if ((d->kind->extras & EXTRA_WHEN) != 0 && bytes_equal_text(name, "When")) {
        d->fault->at_start = bytes_equal_text(json_string(value), "Start");
        if (!d->fault->at_start && !bytes_equal_text(json_string(value), "End"))
            return api_invalid(error, "When is Start or End");
        return OK;
    }
    *ret_known = false;
    return OK;
}

static enum status decode_fault_member(struct decoding *d, struct bytes name,
                                       const struct json *value)
{
    size_t scope = 0;
    bool known = false;
    enum status status = OK;

    if (find_scope(d->kind, name, &scope))
        return decode_scope(d, scope, value);
    if (bytes_equal_text(name, "Probability"))
        return decode_probability(d, value);
    if (bytes_equal_text(name, "Count")) {
        d->has_count = true;
        return decode_count(value, &d->fault->count, &d->call->error);
    }
    status = decode_extra(d, name, value, &known);
    if (known)
        return status;
    return api_invalid(&d->call->error,
                       "%.*s is no member of a %s, which has %sProbability and Count",
                       BYTES_ARG(name), d->kind->name, d->kind->members);
}

/* One that says neither how likely nor how often strikes once. */
static enum status decode_fault(struct api_call *call, const struct armed_kind *kind,
                                const struct json *body, struct fault *ret)
{
    struct decoding d = {.call = call, .kind = kind, .fault = ret};
    enum status status = OK;

    *ret = (struct fault){.kind = kind->kind, .probability = 1, .retriable = true};
    if (!json_is(body, JSON_OBJECT))
        return api_invalid(&call->error, "A %s is an object with %sProbability and Count",
                           kind->name, kind->members);
    for (struct json_iter it = json_iter(body); status == OK && json_next(&it);)
        status = decode_fault_member(&d, it.name, it.value);
    if (status == OK && !d.has_probability && !d.has_count)
        ret->count = 1;
    if (status == OK && kind->kind == FAULT_DELAY && ret->delay_ms == 0)
        return api_invalid(&call->error, "A Delay needs Milliseconds");
    return status;
}

/* As short as it reads back the same. */
static void print_probability(struct json_writer *w, double probability)
{
    char text[32];

    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, probability);
        if (strtod(text, NULL) == probability)
            break;
    }
    json_key(w, "Probability");
    json_write_raw(w, bytes_of_text(text));
}

static void print_fault(struct json_writer *w, const struct armed_kind *kind,
                        const struct fault *fault)
{
    json_begin_object(w);
    for (size_t i = 0; i < FAULT_SCOPE_COUNT; i++)
        if (fault->where.of[i].size > 0)
            json_member_string(w, scope_names[i], fault->where.of[i]);
    if (fault->error_code.size > 0)
        json_member_string(w, "ErrorCode", fault->error_code);
    if ((kind->extras & EXTRA_RETRIABLE) != 0)
        json_member_bool(w, "Retriable", fault->retriable);
    if ((kind->extras & EXTRA_DELAY) != 0)
        json_member_int(w, "Milliseconds", (int64_t)fault->delay_ms);
    if ((kind->extras & EXTRA_WHEN) != 0)
        json_member_text(w, "When", fault->at_start ? "Start" : "End");
    print_probability(w, fault->probability);
    if (fault->count > 0)
        json_member_int(w, "Count", (int64_t)fault->count);
    json_end_object(w);
}

static void print_armed(struct api_call *call, struct json_writer *w)
{
    for (size_t i = 0; i < ARRAY_COUNT(armed_kinds); i++) {
        struct fault *list = NULL;
        size_t count = 0;

        faults_list(call->on->faults, armed_kinds[i].kind, call->arena, &list, &count);
        json_key(w, armed_kinds[i].name);
        json_begin_array(w);
        for (size_t k = 0; k < count; k++)
            print_fault(w, &armed_kinds[i], &list[k]);
        json_end_array(w);
    }
}

/* ---- a body ---- */

static const struct armed_kind *find_kind(struct bytes name)
{
    for (size_t i = 0; i < ARRAY_COUNT(armed_kinds); i++)
        if (bytes_equal_text(name, armed_kinds[i].name))
            return &armed_kinds[i];
    return NULL;
}

static enum status check_lists(struct api_call *call, const struct json *body)
{
    if (!json_is(body, JSON_OBJECT))
        return api_invalid(&call->error, "Faults are an object with a list for each kind");
    for (struct json_iter it = json_iter(body); json_next(&it);) {
        if (bytes_equal_text(it.name, "Seed"))
            continue;
        if (find_kind(it.name) == NULL && !bytes_equal_text(it.name, "TransactionConflict"))
            return api_invalid(&call->error, "dynlog knows no fault %.*s", BYTES_ARG(it.name));
        if (!json_is(it.value, JSON_ARRAY))
            return api_invalid(&call->error, "%.*s is a list", BYTES_ARG(it.name));
    }
    return OK;
}

static enum status decode_seed(struct api_call *call, const struct json *value, int64_t *ret)
{
    *ret = -1;
    if (value != NULL && (!json_int64(value, ret) || *ret < 0 || *ret > SEED_MAX))
        return api_invalid(&call->error, "Seed is a whole number from 0 to %lld",
                           (long long)SEED_MAX);
    return OK;
}

/* All lists but TransactionConflict's, into one. */
static enum status decode_armed(struct api_call *call, const struct json *body, struct fault **ret,
                                size_t *ret_count)
{
    size_t capacity = 0;
    enum status status = OK;

    *ret_count = 0;
    for (struct json_iter it = json_iter(body); json_next(&it);)
        capacity += find_kind(it.name) != NULL ? json_count(it.value) : 0;
    *ret = ARENA_NEW_ARRAY(call->arena, capacity, struct fault);
    for (struct json_iter it = json_iter(body); status == OK && json_next(&it);) {
        const struct armed_kind *kind = find_kind(it.name);

        if (kind == NULL)
            continue;
        for (struct json_iter in = json_iter(it.value); status == OK && json_next(&in);)
            status = decode_fault(call, kind, in.value, &(*ret)[(*ret_count)++]);
    }
    return status;
}

/* Everything is looked at before anything is armed; conflicts last, because they can still be
 * refused: then the others are not armed either. */
static enum status add_all(struct api_call *call, const struct json *body)
{
    const struct json *conflicts = json_get(body, "TransactionConflict");
    struct fault *list = NULL;
    size_t count = 0;
    int64_t seed = -1;
    enum status status = check_lists(call, body);

    if (status == OK)
        status = decode_seed(call, json_get(body, "Seed"), &seed);
    if (status == OK)
        status = decode_armed(call, body, &list, &count);
    if (status == OK)
        status = faults_room(call->on->faults, count, &call->error);
    if (status == OK && conflicts != NULL)
        status = add_conflicts(call, conflicts);
    if (status == OK && seed >= 0)
        faults_seed(call->on->faults, (uint64_t)seed);
    return status == OK ? faults_add(call->on->faults, list, count, &call->error) : status;
}

enum status api_add_faults(struct api_call *call)
{
    const struct json *body = NULL;
    struct json_error wrong = {0};

    if (json_parse(call->arena, call->body_text, &body, &wrong) != OK)
        return api_invalid(&call->error, "The body is not JSON: %s, at line %zu, column %zu",
                           wrong.message, wrong.line, wrong.column);
    return add_all(call, body);
}

void api_print_faults(struct api_call *call, struct buffer *out)
{
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_member_int(&w, "Seed", (int64_t)faults_seed_of(call->on->faults));
    json_key(&w, "TransactionConflict");
    print_conflicts(call, &w);
    print_armed(call, &w);
    json_end_object(&w);
}

void api_clear_faults(struct api_call *call)
{
    engine_clear_faults(call->on->engine);
    faults_clear(call->on->faults);
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
    struct api_call *call = call_of(api, request);

    api_clear_faults(call);
    answer_faults(call);
}
