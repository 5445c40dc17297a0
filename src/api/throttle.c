/* api/throttle.c - see throttle.h. */
#include "api/throttle.h"

#include "api/decode.h"
#include "api/internal.h"

/* Throttled by parts. */
static bool has_parts(const struct api_operation *operation)
{
    return (operation->service == &api_events && strcmp(operation->name, "PutEvents") == 0) ||
           (operation->service == &api_dynamodb && strcmp(operation->name, "BatchWriteItem") == 0);
}

struct bytes throttle_service_name(const struct api_service *service,
                                   char room[THROTTLE_SERVICE_SIZE])
{
    static const char *const families[] = {"EventBridge ", "CloudWatch "};
    const char *name = service->name;
    size_t size = 0;

    if (service == &api_events) /* its marketing name is another one */
        return BYTES("events");
    for (size_t i = 0; i < ARRAY_COUNT(families); i++)
        if (strncmp(name, families[i], strlen(families[i])) == 0)
            name += strlen(families[i]);
    for (const char *at = name; *at != '\0' && size < THROTTLE_SERVICE_SIZE; at++)
        if (*at != ' ')
            room[size++] = (char)(*at >= 'A' && *at <= 'Z' ? *at - 'A' + 'a' : *at);
    return bytes_of(room, size);
}

struct bytes throttle_name_of(struct bytes name_or_arn)
{
    size_t at = name_or_arn.size;

    if (!bytes_start_with(name_or_arn, BYTES("arn:")) &&
        !bytes_start_with(name_or_arn, BYTES("http")))
        return name_or_arn;
    while (at > 0 && name_or_arn.ptr[at - 1] != '/' && name_or_arn.ptr[at - 1] != ':')
        at--;
    return bytes_slice(name_or_arn, at, name_or_arn.size);
}

/* ---- where a call happens ---- */

static struct fault_place place_of(const struct api_call *call, char room[THROTTLE_SERVICE_SIZE])
{
    const struct json *body = call->operation->input != NULL ? call->body : NULL;
    struct fault_place place = {0};
    struct bytes queue = decode_string(body, "QueueUrl"), bus = decode_string(body, "EventBusName");

    place.of[FAULT_SERVICE] = throttle_service_name(call->operation->service, room);
    place.of[FAULT_OPERATION] = bytes_of_text(call->operation->name);
    place.of[FAULT_TABLE] = throttle_name_of(decode_string(body, "TableName"));
    place.of[FAULT_FUNCTION] = throttle_name_of(call->path_name);
    place.of[FAULT_QUEUE] =
        throttle_name_of(queue.size > 0 ? queue : decode_string(body, "QueueName"));
    place.of[FAULT_BUS] = throttle_name_of(bus);
    if (call->operation->service == &api_events && bus.size == 0)
        place.of[FAULT_BUS] = BYTES("default");
    return place;
}

static bool hits(const struct api_call *call, const struct fault_place *place)
{
    return faults_hit(call->on->faults, FAULT_THROTTLE, place, NULL);
}

/* Of TransactItems: {"Put":{"TableName":...}}. */
static struct bytes table_of_action(const struct json *item)
{
    struct json_iter it = json_iter(item);

    return json_next(&it) ? throttle_name_of(decode_string(it.value, "TableName"))
                          : (struct bytes){NULL, 0};
}

/* Operations on several tables are throttled when one of them is. */
static bool any_table_hits(const struct api_call *call, struct fault_place *place)
{
    const struct json *body = call->operation->input != NULL ? call->body : NULL;
    const struct json *tables = decode_member(body, "RequestItems");
    const struct json *actions = decode_member(body, "TransactItems");

    if (tables == NULL && actions == NULL)
        return hits(call, place);
    for (struct json_iter it = json_iter(tables); tables != NULL && json_next(&it);) {
        place->of[FAULT_TABLE] = throttle_name_of(it.name);
        if (hits(call, place))
            return true;
    }
    for (struct json_iter it = json_iter(actions); actions != NULL && json_next(&it);) {
        place->of[FAULT_TABLE] = table_of_action(it.value);
        if (hits(call, place))
            return true;
    }
    return false;
}

/* ---- AWS's words ---- */

static const char *const on_demand_message =
    "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically "
    "scaling your table or index so please try again shortly. If exceptions persist, check if you "
    "have a hot key: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
    "bp-partition-key-design.html";

static bool is_on_demand(const struct api_call *call, struct bytes table_name)
{
    const struct table *table = engine_table_ref(call->on->engine, table_name);
    bool on_demand = table != NULL && table->billing == BILLING_PAY_PER_REQUEST;

    engine_table_unref(table);
    return on_demand;
}

static enum status refuse_items(struct api_call *call, struct bytes table_name, bool writes)
{
    const char *way = writes ? "Write" : "Read";
    bool on_demand = is_on_demand(call, table_name);

    if (table_name.size > 0)
        call->error.extra = arena_printf(
            call->arena,
            ",\"ThrottlingReasons\":[{\"reason\":\"Table%s%s\",\"resource\":\"%.*s\"}]", way,
            on_demand ? "KeyRangeThroughputExceeded" : "ProvisionedThroughputExceeded",
            BYTES_ARG(arn_make(call->arena, call->on->place, "dynamodb", "table/%.*s",
                               BYTES_ARG(table_name))));
    if (on_demand)
        return api_refuse(&call->error, API_THROTTLING, "%s", on_demand_message);
    return api_refuse(&call->error, API_PROVISIONED_THROUGHPUT_EXCEEDED,
                      "The level of configured provisioned throughput for the table was exceeded. "
                      "Consider increasing your provisioning level with the UpdateTable API.");
}

enum status throttle_refuse(struct api_call *call, struct bytes table_name)
{
    const struct api_service *service = call->operation->service;

    if (service == &api_lambda) {
        call->error.extra = BYTES(",\"Reason\":\"ConcurrentInvocationLimitExceeded\"");
        return api_refuse(&call->error, API_LAMBDA_TOO_MANY_REQUESTS, "Rate Exceeded.");
    }
    if (service == &api_sqs)
        return api_refuse(&call->error, API_REQUEST_THROTTLED,
                          "The request was denied due to request throttling.");
    const struct api_item_operation *on_items = api_item_operation_of(call->operation);

    if (on_items != NULL)
        return refuse_items(call, table_name, on_items->writes);
    if (service == &api_dynamodb)
        return api_refuse(&call->error, API_THROTTLING,
                          "Rate of requests exceeds the allowed throughput.");
    return api_refuse(&call->error, API_THROTTLING, "Rate exceeded");
}

/* ---- asked ---- */

enum status throttle_check(struct api_call *call)
{
    char room[THROTTLE_SERVICE_SIZE];
    struct fault_place place;

    if (has_parts(call->operation) || !faults_any(call->on->faults, FAULT_THROTTLE))
        return OK;
    place = place_of(call, room);
    return any_table_hits(call, &place) ? throttle_refuse(call, place.of[FAULT_TABLE]) : OK;
}

bool throttle_part(struct api_call *call, enum fault_scope scope, struct bytes name_or_arn,
                   struct fault_hit *ret)
{
    char room[THROTTLE_SERVICE_SIZE];
    struct fault_place place;

    if (!faults_any(call->on->faults, FAULT_THROTTLE))
        return false;
    place = place_of(call, room);
    place.of[scope] = throttle_name_of(name_or_arn);
    return faults_hit(call->on->faults, FAULT_THROTTLE, &place, ret);
}
