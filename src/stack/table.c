/* stack/table.c - an AWS::DynamoDB::Table as the requests that make it.
 *
 * CloudFormation's properties and CreateTable's members are nearly the same; the tables below say
 * where they differ. Time to live and point-in-time recovery are requests of their own. */
#include "stack/loader.h"

enum field_kind { FIELD_TEXT, FIELD_INTEGER, FIELD_BOOLEAN, FIELD_OBJECT, FIELD_LIST, FIELD_TEXTS };

struct shape;

struct field {
    const char *name;      /* CloudFormation's */
    const char *call_name; /* CreateTable's; NULL: not part of CreateTable */
    enum field_kind kind;
    bool required;
    const struct shape *inside;
};

struct shape {
    const char *name; /* for messages */
    const struct field *fields;
    size_t count;
};

#define SHAPE(variable, name_)                                                                     \
    static const struct shape variable##_shape = {name_, variable##_fields,                        \
                                                  ARRAY_COUNT(variable##_fields)}

static const struct field attribute_fields[] = {
    {"AttributeName", "AttributeName", FIELD_TEXT, true, NULL},
    {"AttributeType", "AttributeType", FIELD_TEXT, true, NULL},
};
SHAPE(attribute, "an attribute definition");

static const struct field key_fields[] = {
    {"AttributeName", "AttributeName", FIELD_TEXT, true, NULL},
    {"KeyType", "KeyType", FIELD_TEXT, true, NULL},
};
SHAPE(key, "a key");

static const struct field throughput_fields[] = {
    {"ReadCapacityUnits", "ReadCapacityUnits", FIELD_INTEGER, true, NULL},
    {"WriteCapacityUnits", "WriteCapacityUnits", FIELD_INTEGER, true, NULL},
};
SHAPE(throughput, "ProvisionedThroughput");

static const struct field on_demand_fields[] = {
    {"MaxReadRequestUnits", "MaxReadRequestUnits", FIELD_INTEGER, false, NULL},
    {"MaxWriteRequestUnits", "MaxWriteRequestUnits", FIELD_INTEGER, false, NULL},
};
SHAPE(on_demand, "OnDemandThroughput");

static const struct field warm_fields[] = {
    {"ReadUnitsPerSecond", "ReadUnitsPerSecond", FIELD_INTEGER, false, NULL},
    {"WriteUnitsPerSecond", "WriteUnitsPerSecond", FIELD_INTEGER, false, NULL},
};
SHAPE(warm, "WarmThroughput");

static const struct field projection_fields[] = {
    {"ProjectionType", "ProjectionType", FIELD_TEXT, false, NULL},
    {"NonKeyAttributes", "NonKeyAttributes", FIELD_TEXTS, false, NULL},
};
SHAPE(projection, "a projection");

static const struct field index_fields[] = {
    {"IndexName", "IndexName", FIELD_TEXT, true, NULL},
    {"KeySchema", "KeySchema", FIELD_LIST, true, &key_shape},
    {"Projection", "Projection", FIELD_OBJECT, true, &projection_shape},
    {"ProvisionedThroughput", "ProvisionedThroughput", FIELD_OBJECT, false, &throughput_shape},
    {"OnDemandThroughput", "OnDemandThroughput", FIELD_OBJECT, false, &on_demand_shape},
    {"WarmThroughput", "WarmThroughput", FIELD_OBJECT, false, &warm_shape},
    {"ContributorInsightsSpecification", NULL, FIELD_OBJECT, false, NULL},
};
SHAPE(index, "an index");

static const struct field stream_fields[] = {
    {"StreamViewType", "StreamViewType", FIELD_TEXT, true, NULL},
    {"ResourcePolicy", NULL, FIELD_OBJECT, false, NULL},
};
SHAPE(stream, "StreamSpecification");

static const struct field encryption_fields[] = {
    {"SSEEnabled", "Enabled", FIELD_BOOLEAN, true, NULL},
    {"SSEType", "SSEType", FIELD_TEXT, false, NULL},
    {"KMSMasterKeyId", "KMSMasterKeyId", FIELD_TEXT, false, NULL},
};
SHAPE(encryption, "SSESpecification");

static const struct field tag_fields[] = {
    {"Key", "Key", FIELD_TEXT, true, NULL},
    {"Value", "Value", FIELD_TEXT, true, NULL},
};
SHAPE(tag, "a tag");

static const struct field table_fields[] = {
    {"TableName", "TableName", FIELD_TEXT, true, NULL},
    {"AttributeDefinitions", "AttributeDefinitions", FIELD_LIST, true, &attribute_shape},
    {"KeySchema", "KeySchema", FIELD_LIST, true, &key_shape},
    {"BillingMode", "BillingMode", FIELD_TEXT, false, NULL},
    {"ProvisionedThroughput", "ProvisionedThroughput", FIELD_OBJECT, false, &throughput_shape},
    {"OnDemandThroughput", "OnDemandThroughput", FIELD_OBJECT, false, &on_demand_shape},
    {"WarmThroughput", "WarmThroughput", FIELD_OBJECT, false, &warm_shape},
    {"GlobalSecondaryIndexes", "GlobalSecondaryIndexes", FIELD_LIST, false, &index_shape},
    {"LocalSecondaryIndexes", "LocalSecondaryIndexes", FIELD_LIST, false, &index_shape},
    {"StreamSpecification", "StreamSpecification", FIELD_OBJECT, false, &stream_shape},
    {"SSESpecification", "SSESpecification", FIELD_OBJECT, false, &encryption_shape},
    {"Tags", "Tags", FIELD_LIST, false, &tag_shape},
    {"TableClass", "TableClass", FIELD_TEXT, false, NULL},
    {"DeletionProtectionEnabled", "DeletionProtectionEnabled", FIELD_BOOLEAN, false, NULL},
    {"TimeToLiveSpecification", NULL, FIELD_OBJECT, false, NULL},
    {"PointInTimeRecoverySpecification", NULL, FIELD_OBJECT, false, NULL},
    {"ContributorInsightsSpecification", NULL, FIELD_OBJECT, false, NULL},
    {"ResourcePolicy", NULL, FIELD_OBJECT, false, NULL},
};
SHAPE(table, "a table");

static const struct field time_to_live_fields[] = {
    {"AttributeName", "AttributeName", FIELD_TEXT, true, NULL},
    {"Enabled", "Enabled", FIELD_BOOLEAN, true, NULL},
};
SHAPE(time_to_live, "TimeToLiveSpecification");

static const struct field recovery_fields[] = {
    {"PointInTimeRecoveryEnabled", "PointInTimeRecoveryEnabled", FIELD_BOOLEAN, true, NULL},
    {"RecoveryPeriodInDays", "RecoveryPeriodInDays", FIELD_INTEGER, false, NULL},
};
SHAPE(recovery, "PointInTimeRecoverySpecification");

/* ---- writing by shape ---- */

static enum status write_object(struct loader *loader, struct json_writer *writer,
                                const struct shape *shape, const struct node *node,
                                struct stack_where where);

static enum status refuse_kind(struct loader *loader, const struct field *field,
                               const struct node *node, const char *expected)
{
    return loader_refuse(loader, node->where, "%s: expected %s, got %.*s", field->name, expected,
                         BYTES_ARG(node_describe(loader->arena, node)));
}

static enum status write_list(struct loader *loader, struct json_writer *writer,
                              const struct field *field, const struct node *node)
{
    enum status status = OK;

    if (node->kind != NODE_LIST)
        return refuse_kind(loader, field, node, "a list");
    json_begin_array(writer);
    for (size_t i = 0; i < node->count && status == OK; i++) {
        struct bytes text = {0};

        if (field->kind == FIELD_LIST) {
            status = write_object(loader, writer, field->inside, node->items[i], node->where);
            continue;
        }
        if (!node_scalar_text(node->items[i], &text))
            return refuse_kind(loader, field, node->items[i], "text");
        json_write_string(writer, text);
    }
    json_end_array(writer);
    return status;
}

static enum status write_field(struct loader *loader, struct json_writer *writer,
                               const struct field *field, const struct node *node)
{
    struct bytes text = {0};
    int64_t integer = 0;
    bool boolean = false;
    enum status status = OK;

    switch (field->kind) {
    case FIELD_TEXT:
        status = read_text(loader, node, field->name, &text);
        if (status == OK)
            json_write_string(writer, text);
        return status;
    case FIELD_INTEGER:
        status = read_integer(loader, node, field->name, 0, INT64_MAX, &integer);
        if (status == OK)
            json_write_int(writer, integer);
        return status;
    case FIELD_BOOLEAN:
        status = read_boolean(loader, node, field->name, &boolean);
        if (status == OK)
            json_write_bool(writer, boolean);
        return status;
    case FIELD_OBJECT:
        return write_object(loader, writer, field->inside, node, node->where);
    case FIELD_LIST:
    case FIELD_TEXTS:
        return write_list(loader, writer, field, node);
    }
    assert(false && "a field of no kind");
    return OK;
}

static enum status write_fields(struct loader *loader, struct json_writer *writer,
                                const struct shape *shape, const struct node *node,
                                struct stack_where where)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct field *field = &shape->fields[i];
        const struct node *value = node_get(node, field->name);
        enum status status = OK;

        if (node_is_nothing(value) && field->required)
            return loader_refuse(loader, node != NULL ? node->where : where,
                                 "%s: expected %s in it", shape->name, field->name);
        if (node_is_nothing(value) || field->call_name == NULL)
            continue;
        json_key(writer, field->call_name);
        status = write_field(loader, writer, field, value);
        if (status != OK)
            return status;
    }
    return OK;
}

static void check_fields(struct loader *loader, const struct shape *shape, const struct node *node)
{
    struct key_rule rules[ARRAY_COUNT(table_fields)];

    for (size_t i = 0; i < shape->count; i++)
        rules[i] = (struct key_rule){shape->fields[i].name, NULL};
    read_check_keys(loader, node, rules, shape->count, shape->name);
}

static enum status write_object(struct loader *loader, struct json_writer *writer,
                                const struct shape *shape, const struct node *node,
                                struct stack_where where)
{
    enum status status = OK;

    if (!node_is(node, NODE_MAP))
        return loader_refuse(loader, node != NULL ? node->where : where,
                             "%s: expected a mapping, got %.*s", shape->name,
                             BYTES_ARG(node_describe(loader->arena, node)));
    check_fields(loader, shape, node);
    json_begin_object(writer);
    status = write_fields(loader, writer, shape, node, where);
    if (shape == &stream_shape) /* CloudFormation says it by having the property */
        json_member_bool(writer, "StreamEnabled", true);
    json_end_object(writer);
    return status;
}

/* A request of its own about the table: {TableName, NAME: {...}}. */
static enum status add_table_call(struct loader *loader, const char *target,
                                  const struct shape *shape, struct bytes id,
                                  const struct node *properties)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(LOADER_BODY_SIZE_MAX);
    struct json_writer writer = JSON_WRITER(&body);
    const struct node *specification = node_get(properties, shape->name);
    struct bytes name = {0};
    enum status status = OK;

    if (node_is_nothing(specification))
        return OK;
    status = read_text(loader, node_get(properties, "TableName"), "TableName", &name);
    if (status != OK)
        return status;
    json_begin_object(&writer);
    json_member_string(&writer, "TableName", name);
    json_key(&writer, shape->name);
    status = write_object(loader, &writer, shape, specification, properties->where);
    json_end_object(&writer);
    if (status != OK)
        return status;
    return loader_add_call(loader, target, &body, id, specification->where);
}

static enum status add_made(struct loader *loader, const struct node *properties,
                            struct stack_where where)
{
    struct bytes name = {0};
    enum status status = read_text(loader, node_get(properties, "TableName"), "TableName", &name);

    return status == OK
               ? loader_add_made(loader, arena_printf(loader->arena, "table %.*s", BYTES_ARG(name)),
                                 NULL, NULL, where)
               : status;
}

enum status table_read(struct loader *loader, struct bytes id, const struct node *resource)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(LOADER_BODY_SIZE_MAX);
    struct json_writer writer = JSON_WRITER(&body);
    const struct node *properties = NULL, *recovery = NULL, *time_to_live = NULL;
    bool recovers = false, expires = false, names_attribute = false;
    enum status status = intrinsics_resolve(loader, node_get(resource, "Properties"), &properties);

    if (status != OK)
        return status;
    if (node_is_nothing(properties))
        return loader_refuse(loader, resource->where, "%.*s: expected Properties with TableName",
                             BYTES_ARG(id));
    status = write_object(loader, &writer, &table_shape, properties, resource->where);
    if (status == OK)
        status =
            loader_add_call(loader, "DynamoDB_20120810.CreateTable", &body, id, resource->where);
    if (status == OK)
        status = add_made(loader, properties, resource->where);
    if (status != OK)
        return status;

    /* Off is what a new table is. A time to live may have been on before: provisioning takes the
     * answer that it is off already. */
    time_to_live = node_get(properties, time_to_live_shape.name);
    recovery = node_get(properties, recovery_shape.name);
    status = read_boolean(loader, node_get(time_to_live, "Enabled"), "Enabled", &expires);
    if (status == OK)
        status = read_boolean(loader, node_get(recovery, "PointInTimeRecoveryEnabled"),
                              "PointInTimeRecoveryEnabled", &recovers);
    names_attribute = !node_is_nothing(node_get(time_to_live, "AttributeName"));
    if (status == OK && (expires || names_attribute || !node_is(time_to_live, NODE_MAP)))
        status = add_table_call(loader, "DynamoDB_20120810.UpdateTimeToLive", &time_to_live_shape,
                                id, properties);
    if (status == OK && (recovers || !node_is(recovery, NODE_MAP)))
        status = add_table_call(loader, "DynamoDB_20120810.UpdateContinuousBackups",
                                &recovery_shape, id, properties);
    return status;
}
