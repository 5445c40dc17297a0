/* api/dynamodb/describe.c - DescribeTable, ListTables, DescribeLimits, DescribeEndpoints. */
#include "api/dynamodb/table_json.h"
#include "api/operations.h"

#define LIST_TABLES_MAX 100

void api_describe_table(struct api_call *call)
{
    struct bytes name = {NULL, 0};
    enum status status = dynamodb_table_name(call->body, &name, &call->error);
    const struct table *table = status == OK ? engine_table_ref_any(call->on->engine, name) : NULL;

    if (status == OK && table == NULL)
        status = api_refuse(&call->error, API_RESOURCE_NOT_FOUND,
                            "Requested resource not found: Table: %.*s not found", BYTES_ARG(name));
    if (status != OK) {
        api_fail_status(call, status);
        return;
    }

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_key(&w, "Table");
    table_write_description(call, &w, table, table->restore.in_progress ? "CREATING" : "ACTIVE");
    json_end_object(&w);
    engine_table_unref(table);
    api_answer(call, buffer_bytes(out));
}

void api_list_tables(struct api_call *call)
{
    struct bytes after = decode_string(call->body, "ExclusiveStartTableName"), *names = NULL;
    int64_t limit = decode_int(call->body, "Limit", LIST_TABLES_MAX);
    size_t count = 0;
    bool more = false;

    engine_table_names(call->on->engine, after, (size_t)limit, call->arena, &names, &count, &more);

    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_key(&w, "TableNames");
    json_begin_array(&w);
    for (size_t i = 0; i < count; i++)
        json_write_string(&w, names[i]);
    json_end_array(&w);
    if (more)
        json_member_string(&w, "LastEvaluatedTableName", names[count - 1]);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

void api_describe_limits(struct api_call *call)
{
    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_member_int(&w, "AccountMaxReadCapacityUnits", 80000);
    json_member_int(&w, "AccountMaxWriteCapacityUnits", 80000);
    json_member_int(&w, "TableMaxReadCapacityUnits", 40000);
    json_member_int(&w, "TableMaxWriteCapacityUnits", 40000);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}

/* The address under which the client found us. */
void api_describe_endpoints(struct api_call *call)
{
    struct buffer *out = api_buffer(call);
    struct json_writer w = JSON_WRITER(out);
    struct bytes host =
        call->request != NULL ? http_header(call->request, "host") : BYTES("localhost");

    json_begin_object(&w);
    json_key(&w, "Endpoints");
    json_begin_array(&w);
    json_begin_object(&w);
    json_member_string(&w, "Address", host);
    json_member_int(&w, "CachePeriodInMinutes", 1440);
    json_end_object(&w);
    json_end_array(&w);
    json_end_object(&w);
    api_answer(call, buffer_bytes(out));
}
