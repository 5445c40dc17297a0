/* api/dynamodb/table_shapes.c - the bodies of the operations on tables. (AWS: the service model of
 * DynamoDB.) */
#include "api/shape.h"

#include "engine/table.h"

#define OPTIONAL SHAPE_OPTIONAL
#define REQUIRED SHAPE_REQUIRED
#define PARAMETER SHAPE_PARAMETER

#define KEY_NAME_SIZE_MAX 255
#define ARN_SIZE_MAX 1283
#define RECOVERY_DAYS_MAX 35

/* ---- names ---- */

static bool is_name(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.ptr[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_' || c == '.' || c == '-'))
            return false;
    }
    return text.size > 0;
}

const struct shape_pattern shape_name_pattern = {"[a-zA-Z0-9_.-]+", is_name};

const struct shape shape_table_name = {
    .kind = SHAPE_STRING,
    .pattern = &shape_name_pattern,
    SHAPE_BETWEEN(TABLE_NAME_SIZE_MIN, TABLE_NAME_SIZE_MAX),
};
const struct shape shape_table_or_arn = {
    .kind = SHAPE_STRING,
    .pattern = &shape_name_pattern,
    .or_arn = true,
    SHAPE_BETWEEN(TABLE_NAME_SIZE_MIN, TABLE_NAME_SIZE_MAX),
};
/* Of the operations on items: whether there is such a table is told later. */
const struct shape shape_item_table = {
    .kind = SHAPE_STRING,
    .pattern = &shape_name_pattern,
    .or_arn = true,
    .length_first = true,
    SHAPE_BETWEEN(1, TABLE_NAME_SIZE_MAX),
};

/* ---- pieces ---- */

static const struct shape text = {.kind = SHAPE_STRING};
static const struct shape boolean = {.kind = SHAPE_BOOLEAN};
static const struct shape positive_long = {.kind = SHAPE_LONG, SHAPE_AT_LEAST(1)};
static const struct shape key_name = {.kind = SHAPE_STRING, SHAPE_BETWEEN(1, KEY_NAME_SIZE_MAX)};

static const struct shape attribute_type = {.kind = SHAPE_STRING,
                                            .words = (const char *const[]){"B", "N", "S", NULL}};
static const struct shape_member attribute_definition_members[] = {
    SHAPE_MEMBER("AttributeName", &key_name, REQUIRED),
    SHAPE_MEMBER("AttributeType", &attribute_type, REQUIRED),
};
static const struct shape attribute_definition = {
    .kind = SHAPE_STRUCTURE,
    .name = "AttributeDefinition",
    SHAPE_MEMBERS(attribute_definition_members),
};
static const struct shape attribute_definitions = {.kind = SHAPE_LIST,
                                                   .element = &attribute_definition};

static const struct shape key_type = {.kind = SHAPE_STRING,
                                      .words = (const char *const[]){"HASH", "RANGE", NULL}};
static const struct shape_member key_schema_element_members[] = {
    SHAPE_MEMBER("AttributeName", &key_name, REQUIRED),
    SHAPE_MEMBER("KeyType", &key_type, REQUIRED),
};
static const struct shape key_schema_element = {
    .kind = SHAPE_STRUCTURE,
    .name = "KeySchemaElement",
    SHAPE_MEMBERS(key_schema_element_members),
};
static const struct shape key_schema = {
    .kind = SHAPE_LIST, .element = &key_schema_element, SHAPE_BETWEEN(1, 2)};

static const struct shape billing_mode = {
    .kind = SHAPE_STRING, .words = (const char *const[]){"PROVISIONED", "PAY_PER_REQUEST", NULL}};
static const struct shape_member throughput_members[] = {
    SHAPE_MEMBER("WriteCapacityUnits", &positive_long, REQUIRED),
    SHAPE_MEMBER("ReadCapacityUnits", &positive_long, REQUIRED),
};
static const struct shape throughput = {
    .kind = SHAPE_STRUCTURE,
    .name = "ProvisionedThroughput",
    SHAPE_MEMBERS(throughput_members),
};

static const struct shape view_type = {
    .kind = SHAPE_STRING,
    .words =
        (const char *const[]){"NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES", "KEYS_ONLY", NULL}};
static const struct shape_member stream_members[] = {
    SHAPE_MEMBER("StreamEnabled", &boolean, REQUIRED),
    SHAPE_MEMBER("StreamViewType", &view_type, OPTIONAL),
};
static const struct shape stream = {
    .kind = SHAPE_STRUCTURE, .name = "StreamSpecification", SHAPE_MEMBERS(stream_members)};

static const struct shape encryption_type = {.kind = SHAPE_STRING,
                                             .words = (const char *const[]){"AES256", "KMS", NULL}};
static const struct shape_member encryption_members[] = {
    SHAPE_MEMBER("Enabled", &boolean, OPTIONAL),
    SHAPE_MEMBER("SSEType", &encryption_type, OPTIONAL),
    SHAPE_MEMBER("KMSMasterKeyId", &text, OPTIONAL),
};
static const struct shape encryption = {
    .kind = SHAPE_STRUCTURE, .name = "SSESpecification", SHAPE_MEMBERS(encryption_members)};

static const struct shape table_class = {
    .kind = SHAPE_STRING,
    .words = (const char *const[]){"STANDARD", "STANDARD_INFREQUENT_ACCESS", NULL}};

/* ---- indexes ---- */

static const struct shape index_name = {
    .kind = SHAPE_STRING,
    .pattern = &shape_name_pattern,
    SHAPE_BETWEEN(TABLE_NAME_SIZE_MIN, TABLE_NAME_SIZE_MAX),
};
static const struct shape index_key_schema = {
    .kind = SHAPE_LIST, .element = &key_schema_element, SHAPE_BETWEEN(1, KEY_ATTRIBUTES_MAX)};
static const struct shape projection_type = {
    .kind = SHAPE_STRING, .words = (const char *const[]){"ALL", "INCLUDE", "KEYS_ONLY", NULL}};
static const struct shape included = {
    .kind = SHAPE_LIST, .element = &key_name, SHAPE_BETWEEN(1, INDEX_INCLUDED_MAX)};
static const struct shape_member projection_members[] = {
    SHAPE_MEMBER("ProjectionType", &projection_type, OPTIONAL),
    SHAPE_MEMBER("NonKeyAttributes", &included, OPTIONAL),
};
static const struct shape projection = {
    .kind = SHAPE_STRUCTURE, .name = "Projection", SHAPE_MEMBERS(projection_members)};

static const struct shape_member local_index_members[] = {
    SHAPE_MEMBER("Projection", &projection, REQUIRED),
    SHAPE_MEMBER("IndexName", &index_name, REQUIRED),
    SHAPE_MEMBER("KeySchema", &key_schema, REQUIRED),
};
static const struct shape local_index = {
    .kind = SHAPE_STRUCTURE, .name = "LocalSecondaryIndex", SHAPE_MEMBERS(local_index_members)};
static const struct shape local_indexes = {.kind = SHAPE_LIST, .element = &local_index};

static const struct shape_member global_index_members[] = {
    SHAPE_MEMBER("Projection", &projection, REQUIRED),
    SHAPE_MEMBER("IndexName", &index_name, REQUIRED),
    SHAPE_MEMBER("ProvisionedThroughput", &throughput, OPTIONAL),
    SHAPE_MEMBER("KeySchema", &index_key_schema, REQUIRED),
    SHAPE_REFUSED("OnDemandThroughput"),
    SHAPE_REFUSED("WarmThroughput"),
};
static const struct shape global_index = {
    .kind = SHAPE_STRUCTURE, .name = "GlobalSecondaryIndex", SHAPE_MEMBERS(global_index_members)};
static const struct shape global_indexes = {.kind = SHAPE_LIST, .element = &global_index};

static const struct shape create_index = {.kind = SHAPE_STRUCTURE,
                                          .name = "CreateGlobalSecondaryIndexAction",
                                          SHAPE_MEMBERS(global_index_members)};
static const struct shape_member update_index_members[] = {
    SHAPE_MEMBER("IndexName", &index_name, REQUIRED),
    SHAPE_MEMBER("ProvisionedThroughput", &throughput, OPTIONAL),
    SHAPE_REFUSED("OnDemandThroughput"),
    SHAPE_REFUSED("WarmThroughput"),
};
static const struct shape update_index = {.kind = SHAPE_STRUCTURE,
                                          .name = "UpdateGlobalSecondaryIndexAction",
                                          SHAPE_MEMBERS(update_index_members)};
static const struct shape_member delete_index_members[] = {
    SHAPE_MEMBER("IndexName", &index_name, REQUIRED),
};
static const struct shape delete_index = {.kind = SHAPE_STRUCTURE,
                                          .name = "DeleteGlobalSecondaryIndexAction",
                                          SHAPE_MEMBERS(delete_index_members)};
static const struct shape_member index_update_members[] = {
    SHAPE_MEMBER("Update", &update_index, OPTIONAL),
    SHAPE_MEMBER("Create", &create_index, OPTIONAL),
    SHAPE_MEMBER("Delete", &delete_index, OPTIONAL),
};
static const struct shape index_update = {.kind = SHAPE_STRUCTURE,
                                          .name = "GlobalSecondaryIndexUpdate",
                                          SHAPE_MEMBERS(index_update_members)};
static const struct shape index_updates = {.kind = SHAPE_LIST, .element = &index_update};

/* ---- tables ---- */

static const struct shape_member create_table[] = {
    SHAPE_MEMBER("AttributeDefinitions", &attribute_definitions, REQUIRED),
    SHAPE_MEMBER("TableName", &shape_table_or_arn, PARAMETER),
    SHAPE_MEMBER("BillingMode", &billing_mode, OPTIONAL),
    SHAPE_MEMBER("ProvisionedThroughput", &throughput, OPTIONAL),
    SHAPE_MEMBER("KeySchema", &key_schema, REQUIRED),
    SHAPE_MEMBER("LocalSecondaryIndexes", &local_indexes, OPTIONAL),
    SHAPE_MEMBER("GlobalSecondaryIndexes", &global_indexes, OPTIONAL),
    SHAPE_MEMBER("StreamSpecification", &stream, OPTIONAL),
    SHAPE_MEMBER("SSESpecification", &encryption, OPTIONAL),
    SHAPE_MEMBER("Tags", &shape_tags, OPTIONAL),
    SHAPE_MEMBER("TableClass", &table_class, OPTIONAL),
    SHAPE_MEMBER("DeletionProtectionEnabled", &boolean, OPTIONAL),
    SHAPE_REFUSED("OnDemandThroughput"),
    SHAPE_REFUSED("WarmThroughput"),
    SHAPE_REFUSED("ResourcePolicy"),
    SHAPE_REFUSED("GlobalTableSourceArn"),
    SHAPE_REFUSED("GlobalTableSettingsReplicationMode"),
    SHAPE_REFUSED("VectorIndexes"),
};
const struct shape shape_create_table = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(create_table)};

static const struct shape_member update_table[] = {
    SHAPE_MEMBER("TableName", &shape_table_or_arn, PARAMETER),
    SHAPE_MEMBER("AttributeDefinitions", &attribute_definitions, OPTIONAL),
    SHAPE_MEMBER("BillingMode", &billing_mode, OPTIONAL),
    SHAPE_MEMBER("ProvisionedThroughput", &throughput, OPTIONAL),
    SHAPE_MEMBER("GlobalSecondaryIndexUpdates", &index_updates, OPTIONAL),
    SHAPE_MEMBER("StreamSpecification", &stream, OPTIONAL),
    SHAPE_MEMBER("SSESpecification", &encryption, OPTIONAL),
    SHAPE_MEMBER("TableClass", &table_class, OPTIONAL),
    SHAPE_MEMBER("DeletionProtectionEnabled", &boolean, OPTIONAL),
    SHAPE_REFUSED("ReplicaUpdates"),
    SHAPE_REFUSED("MultiRegionConsistency"),
    SHAPE_REFUSED("GlobalTableWitnessUpdates"),
    SHAPE_REFUSED("OnDemandThroughput"),
    SHAPE_REFUSED("WarmThroughput"),
    SHAPE_REFUSED("GlobalTableSettingsReplicationMode"),
    SHAPE_REFUSED("VectorIndexUpdates"),
};
const struct shape shape_update_table = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(update_table)};

/* DescribeTable, DeleteTable, DescribeTimeToLive, DescribeContinuousBackups */
static const struct shape_member table[] = {
    SHAPE_MEMBER("TableName", &shape_table_or_arn, PARAMETER),
};
const struct shape shape_table = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(table)};

static const struct shape list_limit = {.kind = SHAPE_INTEGER, SHAPE_BETWEEN(1, 100)};
static const struct shape_member list_tables[] = {
    SHAPE_MEMBER("Limit", &list_limit, OPTIONAL),
    SHAPE_MEMBER("ExclusiveStartTableName", &shape_table_name, OPTIONAL),
};
const struct shape shape_list_tables = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(list_tables)};

/* ---- settings ---- */

static const struct shape_member time_to_live_members[] = {
    SHAPE_MEMBER("Enabled", &boolean, REQUIRED),
    SHAPE_MEMBER("AttributeName", &key_name, REQUIRED),
};
static const struct shape time_to_live = {
    .kind = SHAPE_STRUCTURE,
    .name = "TimeToLiveSpecification",
    SHAPE_MEMBERS(time_to_live_members),
};
static const struct shape_member update_time_to_live[] = {
    SHAPE_MEMBER("TableName", &shape_table_or_arn, PARAMETER),
    SHAPE_MEMBER("TimeToLiveSpecification", &time_to_live, REQUIRED),
};
const struct shape shape_update_time_to_live = {.kind = SHAPE_STRUCTURE,
                                                SHAPE_MEMBERS(update_time_to_live)};

static const struct shape recovery_days = {.kind = SHAPE_INTEGER,
                                           SHAPE_BETWEEN(1, RECOVERY_DAYS_MAX)};
static const struct shape_member recovery_members[] = {
    SHAPE_MEMBER("PointInTimeRecoveryEnabled", &boolean, REQUIRED),
    SHAPE_MEMBER("RecoveryPeriodInDays", &recovery_days, OPTIONAL),
};
static const struct shape recovery = {
    .kind = SHAPE_STRUCTURE,
    .name = "PointInTimeRecoverySpecification",
    SHAPE_MEMBERS(recovery_members),
};
static const struct shape_member update_continuous_backups[] = {
    SHAPE_MEMBER("TableName", &shape_table_or_arn, PARAMETER),
    SHAPE_MEMBER("PointInTimeRecoverySpecification", &recovery, REQUIRED),
};
const struct shape shape_update_continuous_backups = {.kind = SHAPE_STRUCTURE,
                                                      SHAPE_MEMBERS(update_continuous_backups)};

/* ---- tags ---- */

static const struct shape resource_arn = {.kind = SHAPE_STRING, SHAPE_BETWEEN(1, ARN_SIZE_MAX)};

static const struct shape_member tag_resource[] = {
    SHAPE_MEMBER("ResourceArn", &resource_arn, REQUIRED),
    SHAPE_MEMBER("Tags", &shape_tags, REQUIRED),
};
const struct shape shape_tag_resource = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(tag_resource)};

static const struct shape_member untag_resource[] = {
    SHAPE_MEMBER("ResourceArn", &resource_arn, REQUIRED),
    SHAPE_MEMBER("TagKeys", &shape_tag_keys, REQUIRED),
};
const struct shape shape_untag_resource = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(untag_resource)};

static const struct shape_member list_tags_of_resource[] = {
    SHAPE_MEMBER("ResourceArn", &resource_arn, REQUIRED),
    SHAPE_MEMBER("NextToken", &text, OPTIONAL), /* never given: there is one page */
};
const struct shape shape_list_tags_of_resource = {.kind = SHAPE_STRUCTURE,
                                                  SHAPE_MEMBERS(list_tags_of_resource)};

/* ---- backups ---- */

static const struct shape backup_arn = {.kind = SHAPE_STRING, SHAPE_BETWEEN(37, 1024)};
static const struct shape backup_name = {
    .kind = SHAPE_STRING,
    .pattern = &shape_name_pattern,
    SHAPE_BETWEEN(3, 255),
};
static const struct shape timestamp = {.kind = SHAPE_TIMESTAMP};

static const struct shape_member create_backup[] = {
    SHAPE_MEMBER("TableName", &shape_table_or_arn, PARAMETER),
    SHAPE_MEMBER("BackupName", &backup_name, REQUIRED),
};
const struct shape shape_create_backup = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(create_backup)};

/* DescribeBackup, DeleteBackup */
static const struct shape_member backup[] = {
    SHAPE_MEMBER("BackupArn", &backup_arn, REQUIRED),
};
const struct shape shape_backup = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(backup)};

static const struct shape backup_type = {
    .kind = SHAPE_STRING,
    .words = (const char *const[]){"AWS_BACKUP", "ALL", "SYSTEM", "USER", NULL}};
static const struct shape_member list_backups[] = {
    SHAPE_MEMBER("TableName", &shape_table_or_arn, OPTIONAL),
    SHAPE_MEMBER("Limit", &list_limit, OPTIONAL),
    SHAPE_MEMBER("TimeRangeLowerBound", &timestamp, OPTIONAL),
    SHAPE_MEMBER("TimeRangeUpperBound", &timestamp, OPTIONAL),
    SHAPE_MEMBER("ExclusiveStartBackupArn", &backup_arn, OPTIONAL),
    SHAPE_MEMBER("BackupType", &backup_type, OPTIONAL),
};
const struct shape shape_list_backups = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(list_backups)};

static const struct shape_member restore_from_backup[] = {
    SHAPE_MEMBER("TargetTableName", &shape_table_name, REQUIRED),
    SHAPE_MEMBER("BackupArn", &backup_arn, REQUIRED),
    SHAPE_MEMBER("BillingModeOverride", &billing_mode, OPTIONAL),
    SHAPE_MEMBER("GlobalSecondaryIndexOverride", &global_indexes, OPTIONAL),
    SHAPE_MEMBER("LocalSecondaryIndexOverride", &local_indexes, OPTIONAL),
    SHAPE_MEMBER("ProvisionedThroughputOverride", &throughput, OPTIONAL),
    SHAPE_MEMBER("SSESpecificationOverride", &encryption, OPTIONAL),
    SHAPE_REFUSED("OnDemandThroughputOverride"),
    SHAPE_REFUSED("VectorIndexOverride"),
};
const struct shape shape_restore_table_from_backup = {.kind = SHAPE_STRUCTURE,
                                                      SHAPE_MEMBERS(restore_from_backup)};

static const struct shape source_arn = {.kind = SHAPE_STRING, SHAPE_BETWEEN(1, 1024)};
static const struct shape_member restore_to_point_in_time[] = {
    SHAPE_MEMBER("SourceTableArn", &source_arn, OPTIONAL),
    SHAPE_MEMBER("SourceTableName", &shape_table_name, OPTIONAL),
    SHAPE_MEMBER("TargetTableName", &shape_table_name, REQUIRED),
    SHAPE_MEMBER("UseLatestRestorableTime", &boolean, OPTIONAL),
    SHAPE_MEMBER("RestoreDateTime", &timestamp, OPTIONAL),
    SHAPE_MEMBER("BillingModeOverride", &billing_mode, OPTIONAL),
    SHAPE_MEMBER("GlobalSecondaryIndexOverride", &global_indexes, OPTIONAL),
    SHAPE_MEMBER("LocalSecondaryIndexOverride", &local_indexes, OPTIONAL),
    SHAPE_MEMBER("ProvisionedThroughputOverride", &throughput, OPTIONAL),
    SHAPE_MEMBER("SSESpecificationOverride", &encryption, OPTIONAL),
    SHAPE_REFUSED("OnDemandThroughputOverride"),
    SHAPE_REFUSED("VectorIndexOverride"),
};
const struct shape shape_restore_table_to_point_in_time = {.kind = SHAPE_STRUCTURE,
                                                           SHAPE_MEMBERS(restore_to_point_in_time)};
