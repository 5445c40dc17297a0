/* stack/table.c - an AWS::DynamoDB::Table as the requests that make it.
 *
 * CloudFormation's properties and CreateTable's members are nearly the same; the tables below say
 * where they differ. Time to live and point-in-time recovery are requests of their own. */
#include "stack/loader.h"

#define TEXT(name_)                                                                                \
    {                                                                                              \
        .name = (name_), .kind = PROPERTY_TEXT                                                     \
    }
#define REQUIRED(name_)                                                                            \
    {                                                                                              \
        .name = (name_), .kind = PROPERTY_TEXT, .required = true                                   \
    }
#define UNITS(name_, required_)                                                                    \
    {                                                                                              \
        .name = (name_), .kind = PROPERTY_INTEGER, .largest = INT64_MAX, .required = (required_)   \
    }
#define MAP(name_, inside_)                                                                        \
    .name = (name_), .kind = PROPERTY_MAP, .inside = (inside_), .inside_count = ARRAY_COUNT(inside_)
#define LIST(name_, what_, inside_)                                                                \
    .name = (name_), .what = (what_), .kind = PROPERTY_LIST, .inside = (inside_),                  \
    .inside_count = ARRAY_COUNT(inside_)
#define ELSEWHERE(name_)                                                                           \
    {                                                                                              \
        .name = (name_), .kind = PROPERTY_ELSEWHERE                                                \
    }

static const struct property attribute[] = {REQUIRED("AttributeName"), REQUIRED("AttributeType")};
static const struct property key[] = {REQUIRED("AttributeName"), REQUIRED("KeyType")};
static const struct property throughput[] = {UNITS("ReadCapacityUnits", true),
                                             UNITS("WriteCapacityUnits", true)};
static const struct property on_demand[] = {UNITS("MaxReadRequestUnits", false),
                                            UNITS("MaxWriteRequestUnits", false)};
static const struct property warm[] = {UNITS("ReadUnitsPerSecond", false),
                                       UNITS("WriteUnitsPerSecond", false)};
static const struct property projection[] = {
    TEXT("ProjectionType"),
    {.name = "NonKeyAttributes", .kind = PROPERTY_TEXTS},
};
static const struct property index_properties[] = {
    REQUIRED("IndexName"),
    {LIST("KeySchema", "a key", key), .required = true},
    {MAP("Projection", projection), .what = "a projection", .required = true},
    {MAP("ProvisionedThroughput", throughput)},
    {MAP("OnDemandThroughput", on_demand)},
    {MAP("WarmThroughput", warm)},
    ELSEWHERE("ContributorInsightsSpecification"),
};
static const struct property stream[] = {REQUIRED("StreamViewType"), ELSEWHERE("ResourcePolicy")};
static const struct property encryption[] = {
    {.name = "SSEEnabled", .call_name = "Enabled", .kind = PROPERTY_BOOLEAN, .required = true},
    TEXT("SSEType"),
    TEXT("KMSMasterKeyId"),
};
static const struct property tag[] = {REQUIRED("Key"), REQUIRED("Value")};

static const struct property table[] = {
    REQUIRED("TableName"),
    {LIST("AttributeDefinitions", "an attribute definition", attribute), .required = true},
    {LIST("KeySchema", "a key", key), .required = true},
    TEXT("BillingMode"),
    {MAP("ProvisionedThroughput", throughput)},
    {MAP("OnDemandThroughput", on_demand)},
    {MAP("WarmThroughput", warm)},
    {LIST("GlobalSecondaryIndexes", "an index", index_properties)},
    {LIST("LocalSecondaryIndexes", "an index", index_properties)},
    {MAP("StreamSpecification", stream), .stated = "StreamEnabled"},
    {MAP("SSESpecification", encryption)},
    {LIST("Tags", "a tag", tag)},
    TEXT("TableClass"),
    {.name = "DeletionProtectionEnabled", .kind = PROPERTY_BOOLEAN},
    ELSEWHERE("TimeToLiveSpecification"),
    ELSEWHERE("PointInTimeRecoverySpecification"),
    ELSEWHERE("ContributorInsightsSpecification"),
    ELSEWHERE("ResourcePolicy"),
};

static const struct property time_to_live_inside[] = {
    REQUIRED("AttributeName"),
    {.name = "Enabled", .kind = PROPERTY_BOOLEAN, .required = true},
};
static const struct property time_to_live_property = {
    MAP("TimeToLiveSpecification", time_to_live_inside)};

static const struct property recovery_inside[] = {
    {.name = "PointInTimeRecoveryEnabled", .kind = PROPERTY_BOOLEAN, .required = true},
    UNITS("RecoveryPeriodInDays", false),
};
static const struct property recovery_property = {
    MAP("PointInTimeRecoverySpecification", recovery_inside)};

/* A request of its own about the table: {TableName, NAME: {...}}. */
static enum status add_table_call(struct loader *loader, const char *target,
                                  const struct property *property, struct bytes id,
                                  const struct node *properties)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(LOADER_BODY_SIZE_MAX);
    struct json_writer writer = JSON_WRITER(&body);
    const struct node *specification = node_get(properties, property->name);
    struct bytes name = {0};
    enum status status = OK;

    if (node_is_nothing(specification))
        return OK;
    status = read_text(loader, node_get(properties, "TableName"), "TableName", &name);
    if (status != OK)
        return status;
    json_begin_object(&writer);
    json_member_string(&writer, "TableName", name);
    status = property_write_one(loader, &writer, properties, property, "a table");
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
    enum status status = property_read(loader, id, resource, &properties);

    if (status != OK)
        return status;
    if (properties->count == 0)
        return loader_refuse(loader, resource->where, "%.*s: expected Properties with TableName",
                             BYTES_ARG(id));
    json_begin_object(&writer);
    status = property_write(loader, &writer, properties, table, ARRAY_COUNT(table), "a table");
    json_end_object(&writer);
    if (status == OK)
        status =
            loader_add_call(loader, "DynamoDB_20120810.CreateTable", &body, id, resource->where);
    if (status == OK)
        status = add_made(loader, properties, resource->where);
    if (status != OK)
        return status;

    /* Off is what a new table is. A time to live may have been on before: provisioning takes the
     * answer that it is off already. */
    time_to_live = node_get(properties, time_to_live_property.name);
    recovery = node_get(properties, recovery_property.name);
    status = read_boolean(loader, node_get(time_to_live, "Enabled"), "Enabled", &expires);
    if (status == OK)
        status = read_boolean(loader, node_get(recovery, "PointInTimeRecoveryEnabled"),
                              "PointInTimeRecoveryEnabled", &recovers);
    names_attribute = !node_is_nothing(node_get(time_to_live, "AttributeName"));
    if (status == OK && (expires || names_attribute || !node_is(time_to_live, NODE_MAP)))
        status = add_table_call(loader, "DynamoDB_20120810.UpdateTimeToLive",
                                &time_to_live_property, id, properties);
    if (status == OK && (recovers || !node_is(recovery, NODE_MAP)))
        status = add_table_call(loader, "DynamoDB_20120810.UpdateContinuousBackups",
                                &recovery_property, id, properties);
    return status;
}
