/* api/dynamodb/create_table.c - CreateTable. The table can be used at once; the answer says
 * CREATING, as AWS's does, and the next DescribeTable says ACTIVE. */
#include "api/dynamodb/index_json.h"
#include "api/dynamodb/table_change.h"
#include "api/dynamodb/table_json.h"
#include "api/operations.h"

static enum status decode(struct api_call *call, struct table *table)
{
    const struct json *body = call->body;
    struct api_error *error = &call->error;
    struct key_definitions definitions = {NULL, 0};
    bool has_stream = false;
    enum status status = dynamodb_table_name(body, &table->name, error);

    key_definitions_add(call->arena, decode_member(body, "AttributeDefinitions"), &definitions);
    if (status == OK)
        status = table_decode_billing(body, table, error);
    if (status == OK)
        status = key_definitions_check(decode_member(body, "AttributeDefinitions"), error);
    if (status == OK)
        status = key_schema_check_table(decode_member(body, "KeySchema"), &definitions, error);
    if (status == OK)
        status = key_schema_decode(decode_member(body, "KeySchema"), &definitions, 1, &table->key,
                                   error);
    if (status == OK)
        status = index_decode_all(call->arena, body, &definitions, table, error);
    if (status == OK)
        status = table_decode_stream(body, &table->stream.view, &has_stream, error);
    if (status == OK)
        status = table_decode_settings(body, table, error);
    if (status == OK)
        status = table_decode_tags(call->arena, decode_member(body, "Tags"), &table->tags,
                                   &table->tag_count, error);
    table->stream.enabled = table->stream.view != STREAM_NONE;
    return status;
}

static void done(struct table_change *change, enum status status)
{
    table_answer_description(change, status, "CREATING");
}

void api_create_table(struct api_call *call)
{
    struct table_change *change = table_change_new(call, TABLE_CREATE, done);
    enum status status = decode(call, &change->wanted);

    change->name = change->wanted.name;
    if (status == OK)
        engine_change_table(call->on->engine, call->on->port, change);
    else
        api_fail_status(call, status);
}
