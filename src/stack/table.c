/* stack/table.c - an AWS::DynamoDB::Table as the requests that make it.
 *
 * CloudFormation's properties and CreateTable's members are nearly the same; the tables below say
 * where they differ. Time to live and point-in-time recovery are requests of their own. */
#include "stack/property_rows.h"

#define UNITS(name_, required_)                                                                    \
    {                                                                                              \
        .name = (name_), .kind = PROPERTY_INTEGER, .largest = INT64_MAX, .required = (required_)   \
    }

static const struct property attribute[] = {NEEDED("AttributeName"), NEEDED("AttributeType")};
static const struct property key[] = {NEEDED("AttributeName"), NEEDED("KeyType")};
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
    NEEDED("IndexName"),
    {.name = "KeySchema", .what = "a key", LIST_OF(key), .required = true},
    {.name = "Projection", MAP_OF(projection), .what = "a projection", .required = true},
    MAP("ProvisionedThroughput", throughput),
    MAP("OnDemandThroughput", on_demand),
    MAP("WarmThroughput", warm),
    ELSEWHERE("ContributorInsightsSpecification"),
};
static const struct property stream[] = {NEEDED("StreamViewType"), ELSEWHERE("ResourcePolicy")};
static const struct property encryption[] = {
    {.name = "SSEEnabled", .call_name = "Enabled", .kind = PROPERTY_BOOLEAN, .required = true},
    TEXT("SSEType"),
    TEXT("KMSMasterKeyId"),
};
static const struct property tag[] = {NEEDED("Key"), NEEDED("Value")};

static const struct property table[] = {
    ELSEWHERE("TableName"),
    {.name = "AttributeDefinitions",
     .what = "an attribute definition",
     LIST_OF(attribute),
     .required = true},
    {.name = "KeySchema", .what = "a key", LIST_OF(key), .required = true},
    TEXT("BillingMode"),
    MAP("ProvisionedThroughput", throughput),
    MAP("OnDemandThroughput", on_demand),
    MAP("WarmThroughput", warm),
    {.name = "GlobalSecondaryIndexes", .what = "an index", LIST_OF(index_properties)},
    {.name = "LocalSecondaryIndexes", .what = "an index", LIST_OF(index_properties)},
    {.name = "StreamSpecification", MAP_OF(stream), .stated = "StreamEnabled"},
    MAP("SSESpecification", encryption),
    {.name = "Tags", .what = "a tag", LIST_OF(tag)},
    TEXT("TableClass"),
    {.name = "DeletionProtectionEnabled", .kind = PROPERTY_BOOLEAN},
    ELSEWHERE("TimeToLiveSpecification"),
    ELSEWHERE("PointInTimeRecoverySpecification"),
    ELSEWHERE("ContributorInsightsSpecification"),
    ELSEWHERE("ResourcePolicy"),
};

static const struct property time_to_live_inside[] = {
    NEEDED("AttributeName"),
    {.name = "Enabled", .kind = PROPERTY_BOOLEAN, .required = true},
};
static const struct property time_to_live_property = {.name = "TimeToLiveSpecification",
                                                      MAP_OF(time_to_live_inside)};

static const struct property recovery_inside[] = {
    {.name = "PointInTimeRecoveryEnabled", .kind = PROPERTY_BOOLEAN, .required = true},
    UNITS("RecoveryPeriodInDays", false),
};
static const struct property recovery_property = {.name = "PointInTimeRecoverySpecification",
                                                  MAP_OF(recovery_inside)};

/* A request of its own about the table: {TableName, NAME: {...}}. */
static enum status add_table_call(struct loader *loader, const char *target,
                                  const struct property *property, struct bytes id,
                                  struct bytes name, const struct node *properties)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(LOADER_BODY_SIZE_MAX);
    struct json_writer writer = JSON_WRITER(&body);
    const struct node *specification = node_get(properties, property->name);
    enum status status = OK;

    if (node_is_nothing(specification))
        return OK;
    json_begin_object(&writer);
    json_member_string(&writer, "TableName", name);
    status = property_write_one(loader, &writer, properties, property, "a table");
    json_end_object(&writer);
    if (status != OK)
        return status;
    return loader_add_call(loader, target, &body, id, specification->where);
}

/* What both kinds of tables are made of; recovery: of the table's own region. */
static enum status add_table(struct loader *loader, struct bytes id, const struct node *resource,
                             const struct node *properties, const struct node *recovery_map)
{
    const struct node *time_to_live = NULL, *recovery = NULL;
    bool recovers = false, expires = false, names_attribute = false;
    struct bytes name = {0};
    enum status status = references_name(loader, id, resource, &name);

    if (status == OK)
        status = loader_add_made(loader, arena_printf(loader->arena, "table %.*s", BYTES_ARG(name)),
                                 NULL, NULL, resource->where);
    if (status != OK)
        return status;

    /* Off is what a new table is. A time to live may have been on before: provisioning takes the
     * answer that it is off already. */
    time_to_live = node_get(properties, time_to_live_property.name);
    recovery = node_get(recovery_map, recovery_property.name);
    status = read_boolean(loader, node_get(time_to_live, "Enabled"), "Enabled", &expires);
    if (status == OK)
        status = read_boolean(loader, node_get(recovery, "PointInTimeRecoveryEnabled"),
                              "PointInTimeRecoveryEnabled", &recovers);
    names_attribute = !node_is_nothing(node_get(time_to_live, "AttributeName"));
    if (status == OK && (expires || names_attribute || !node_is(time_to_live, NODE_MAP)))
        status = add_table_call(loader, "DynamoDB_20120810.UpdateTimeToLive",
                                &time_to_live_property, id, name, properties);
    if (status == OK && (recovers || !node_is(recovery, NODE_MAP)))
        status = add_table_call(loader, "DynamoDB_20120810.UpdateContinuousBackups",
                                &recovery_property, id, name, recovery_map);
    return status;
}

enum status table_read(struct loader *loader, struct bytes id, const struct node *resource)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(LOADER_BODY_SIZE_MAX);
    struct json_writer writer = JSON_WRITER(&body);
    const struct node *properties = NULL;
    struct bytes name = {0};
    enum status status = property_read(loader, id, resource, &properties);

    if (status == OK)
        status = references_name(loader, id, resource, &name);
    if (status != OK)
        return status;
    json_begin_object(&writer);
    json_member_string(&writer, "TableName", name);
    status = property_write(loader, &writer, properties, table, ARRAY_COUNT(table), "a table");
    json_end_object(&writer);
    if (status == OK)
        status =
            loader_add_call(loader, "DynamoDB_20120810.CreateTable", &body, id, resource->where);
    return status == OK ? add_table(loader, id, resource, properties, properties) : status;
}

/* ---- AWS::DynamoDB::GlobalTable ---- */

/* The replica of this region, else the first one. */
static const struct node *own_replica(const struct loader *loader, const struct node *properties)
{
    const struct node *replicas = node_get(properties, "Replicas"), *found = NULL;

    for (size_t i = 0; node_is(replicas, NODE_LIST) && i < replicas->count; i++) {
        const struct node *region = node_get(replicas->items[i], "Region");

        if (i == 0 ||
            (node_is(region, NODE_STRING) && bytes_equal_text(region->text, loader->place.region)))
            found = replicas->items[i];
    }
    return found;
}

static const struct property global_index[] = {
    NEEDED("IndexName"),
    {.name = "KeySchema", .what = "a key", LIST_OF(key), .required = true},
    {.name = "Projection", MAP_OF(projection), .what = "a projection", .required = true},
    ELSEWHERE("WriteProvisionedThroughputSettings"),
    ELSEWHERE("WriteOnDemandThroughputSettings"),
    MAP("WarmThroughput", warm),
};
static const struct property global_table[] = {
    ELSEWHERE("TableName"),
    {.name = "AttributeDefinitions",
     .what = "an attribute definition",
     LIST_OF(attribute),
     .required = true},
    {.name = "KeySchema", .what = "a key", LIST_OF(key), .required = true},
    {.name = "GlobalSecondaryIndexes", .what = "an index", LIST_OF(global_index)},
    {.name = "LocalSecondaryIndexes", .what = "an index", LIST_OF(index_properties)},
    {.name = "StreamSpecification", MAP_OF(stream), .stated = "StreamEnabled"},
    MAP("WarmThroughput", warm),
    ELSEWHERE("BillingMode"),
    ELSEWHERE("Replicas"),
    ELSEWHERE("SSESpecification"),
    ELSEWHERE("TimeToLiveSpecification"),
    ELSEWHERE("WriteProvisionedThroughputSettings"),
    ELSEWHERE("WriteOnDemandThroughputSettings"),
    {.name = "MultiRegionConsistency", .note = "there is one region here"},
    {.name = "GlobalTableWitnesses", .note = "there is one region here"},
};

/* One region is all regions here; capacity that scales by itself is capacity on demand. */
enum status table_read_global(struct loader *loader, struct bytes id, const struct node *resource)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(LOADER_BODY_SIZE_MAX);
    struct json_writer writer = JSON_WRITER(&body);
    static const struct property class_property = {.name = "TableClass", .kind = PROPERTY_TEXT},
                                 protection = {.name = "DeletionProtectionEnabled",
                                               .kind = PROPERTY_BOOLEAN};
    const struct node *properties = NULL, *replica = NULL;
    struct bytes name = {0};
    enum status status = property_read(loader, id, resource, &properties);

    if (status == OK)
        status = references_name(loader, id, resource, &name);
    if (status != OK)
        return status;
    replica = own_replica(loader, properties);
    if (replica == NULL)
        return loader_refuse(loader, resource->where,
                             "%.*s: expected Properties with Replicas, one at least",
                             BYTES_ARG(id));
    json_begin_object(&writer);
    json_member_string(&writer, "TableName", name);
    json_member_text(&writer, "BillingMode", "PAY_PER_REQUEST");
    status = property_write(loader, &writer, properties, global_table, ARRAY_COUNT(global_table),
                            "a table");
    if (status == OK)
        status = property_write_one(loader, &writer, replica, &class_property, "a replica");
    if (status == OK)
        status = property_write_one(loader, &writer, replica, &protection, "a replica");
    json_end_object(&writer);
    if (status == OK)
        status =
            loader_add_call(loader, "DynamoDB_20120810.CreateTable", &body, id, resource->where);
    return status == OK ? add_table(loader, id, resource, properties, replica) : status;
}
