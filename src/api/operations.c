/* api/operations.c - the operations that dynlog answers, and those of DynamoDB that it does not
 * have, a row each. README and docs/compatibility.md are printed from it (scripts/operations). */
#include "api/operations.h"

#include "api/internal.h"
#include "api/shape.h"

const struct api_service api_dynamodb = {
    "DynamoDB", "DynamoDB_20120810", "com.amazonaws.dynamodb.v20120810#",
    "com.amazonaws.dynamodb.v20120810.", "application/x-amz-json-1.0"};
const struct api_service api_streams = {
    "DynamoDB Streams", "DynamoDBStreams_20120810", "com.amazonaws.dynamodb.v20120810#",
    "com.amazonaws.dynamodb.v20120810.", "application/x-amz-json-1.0"};
const struct api_service api_events = {"EventBridge", "AWSEvents", "", "",
                                       "application/x-amz-json-1.1"};
const struct api_service api_sqs = {"SQS", "AmazonSQS", "com.amazonaws.sqs#", "com.amazonaws.sqs.",
                                    "application/x-amz-json-1.0"};
const struct api_service api_scheduler = {"EventBridge Scheduler", "AWSScheduler", "", "",
                                          "application/json"};
const struct api_service api_lambda = {"Lambda", NULL, "", "", "application/json"};

static const struct api_operation operations[] = {
    {&api_dynamodb, "PutItem", api_put_item, &shape_put_item, NULL},
    {&api_dynamodb, "GetItem", api_get_item, &shape_get_item, NULL},
    {&api_dynamodb, "UpdateItem", api_update_item, &shape_update_item, NULL},
    {&api_dynamodb, "DeleteItem", api_delete_item, &shape_delete_item, NULL},
    {&api_dynamodb, "Query", api_query, &shape_query, NULL},
    {&api_dynamodb, "Scan", api_scan, &shape_scan, NULL},
    {&api_dynamodb, "BatchGetItem", api_batch_get_item, &shape_batch_get_item, NULL},
    {&api_dynamodb, "BatchWriteItem", api_batch_write_item, &shape_batch_write_item, NULL},
    {&api_dynamodb, "TransactGetItems", api_transact_get_items, &shape_transact_get_items, NULL},
    {&api_dynamodb, "TransactWriteItems", api_transact_write_items, &shape_transact_write_items,
     NULL},
    {&api_dynamodb, "ExecuteStatement", api_execute_statement, &shape_execute_statement, NULL},
    {&api_dynamodb, "BatchExecuteStatement", api_batch_execute_statement,
     &shape_batch_execute_statement, NULL},
    {&api_dynamodb, "ExecuteTransaction", api_execute_transaction, &shape_execute_transaction,
     NULL},
    {&api_dynamodb, "CreateTable", api_create_table, &shape_create_table,
     "encryption, class and throughput are kept and described, and change nothing; no limits of "
     "on-demand throughput, warm throughput, resource policies and vector indexes"},
    {&api_dynamodb, "DescribeTable", api_describe_table, &shape_table, "no WarmThroughput"},
    {&api_dynamodb, "UpdateTable", api_update_table, &shape_update_table,
     "as CreateTable; no replicas"},
    {&api_dynamodb, "DeleteTable", api_delete_table, &shape_table, NULL},
    {&api_dynamodb, "ListTables", api_list_tables, &shape_list_tables, NULL},
    {&api_dynamodb, "UpdateTimeToLive", api_update_time_to_live, &shape_update_time_to_live,
     "expired items go within seconds; it can be changed again at once"},
    {&api_dynamodb, "DescribeTimeToLive", api_describe_time_to_live, &shape_table, NULL},
    {&api_dynamodb, "UpdateContinuousBackups", api_update_continuous_backups,
     &shape_update_continuous_backups,
     "the latest moment that can be restored is now, not some five minutes ago"},
    {&api_dynamodb, "DescribeContinuousBackups", api_describe_continuous_backups, &shape_table,
     NULL},
    {&api_dynamodb, "CreateBackup", api_create_backup, &shape_create_backup, NULL},
    {&api_dynamodb, "DescribeBackup", api_describe_backup, &shape_backup, NULL},
    {&api_dynamodb, "ListBackups", api_list_backups, &shape_list_backups, NULL},
    {&api_dynamodb, "DeleteBackup", api_delete_backup, &shape_backup, NULL},
    {&api_dynamodb, "RestoreTableFromBackup", api_restore_table_from_backup,
     &shape_restore_table_from_backup, NULL},
    {&api_dynamodb, "RestoreTableToPointInTime", api_restore_table_to_point_in_time,
     &shape_restore_table_to_point_in_time, NULL},
    {&api_dynamodb, "TagResource", api_tag_resource, &shape_tag_resource, NULL},
    {&api_dynamodb, "UntagResource", api_untag_resource, &shape_untag_resource, NULL},
    {&api_dynamodb, "ListTagsOfResource", api_list_tags_of_resource, &shape_list_tags_of_resource,
     NULL},
    {&api_dynamodb, "DescribeLimits", api_describe_limits, &shape_nothing,
     "AWS's figures, which limit nothing here"},
    {&api_dynamodb, "DescribeEndpoints", api_describe_endpoints, &shape_nothing, NULL},

    {&api_streams, "ListStreams", api_list_streams, &shape_list_streams, NULL},
    {&api_streams, "DescribeStream", api_describe_stream, &shape_describe_stream, NULL},
    {&api_streams, "GetShardIterator", api_get_shard_iterator, &shape_get_shard_iterator, NULL},
    {&api_streams, "GetRecords", api_get_records, &shape_get_records, NULL},

    {&api_events, "CreateEventBus", api_create_event_bus, &shape_create_event_bus,
     "a key and a dead-letter queue for what can't be decrypted are kept and told, without effect"},
    {&api_events, "UpdateEventBus", api_update_event_bus, &shape_update_event_bus,
     "as CreateEventBus"},
    {&api_events, "DescribeEventBus", api_describe_event_bus, &shape_describe_event_bus, NULL},
    {&api_events, "ListEventBuses", api_list_event_buses, &shape_list_event_buses, NULL},
    {&api_events, "DeleteEventBus", api_delete_event_bus, &shape_delete_event_bus, NULL},
    {&api_events, "PutRule", api_put_rule, &shape_put_rule, NULL},
    {&api_events, "DescribeRule", api_describe_rule, &shape_rule, NULL},
    {&api_events, "ListRules", api_list_rules, &shape_list_rules, NULL},
    {&api_events, "EnableRule", api_enable_rule, &shape_rule, NULL},
    {&api_events, "DisableRule", api_disable_rule, &shape_rule, NULL},
    {&api_events, "DeleteRule", api_delete_rule, &shape_delete_rule, NULL},
    {&api_events, "PutTargets", api_put_targets, &shape_put_targets,
     "functions, queues, event buses of the same account and API destinations; an InputTemplate is "
     "one JSON value"},
    {&api_events, "ListTargetsByRule", api_list_targets_by_rule, &shape_list_targets_by_rule, NULL},
    {&api_events, "RemoveTargets", api_remove_targets, &shape_remove_targets, NULL},
    {&api_events, "ListRuleNamesByTarget", api_list_rule_names_by_target,
     &shape_list_rule_names_by_target, NULL},
    {&api_events, "PutPermission", api_put_permission, &shape_put_permission,
     "kept and told; nobody is refused"},
    {&api_events, "RemovePermission", api_events_remove_permission, &shape_events_remove_permission,
     NULL},
    {&api_events, "TagResource", api_events_tag_resource, &shape_events_tag_resource, NULL},
    {&api_events, "UntagResource", api_events_untag_resource, &shape_events_untag_resource, NULL},
    {&api_events, "ListTagsForResource", api_events_list_tags_for_resource,
     &shape_events_list_tags_for_resource, NULL},
    {&api_events, "PutEvents", api_put_events, &shape_put_events, NULL},
    {&api_events, "CreateArchive", api_create_archive, &shape_create_archive,
     "events are in it at once; no customer managed keys"},
    {&api_events, "DescribeArchive", api_describe_archive, &shape_archive, NULL},
    {&api_events, "ListArchives", api_list_archives, &shape_list_archives, NULL},
    {&api_events, "UpdateArchive", api_update_archive, &shape_update_archive,
     "what is not said stays; no customer managed keys"},
    {&api_events, "DeleteArchive", api_delete_archive, &shape_archive, NULL},
    {&api_events, "StartReplay", api_start_replay, &shape_start_replay,
     "in the order of the events' times, as fast as targets take them"},
    {&api_events, "DescribeReplay", api_describe_replay, &shape_replay, NULL},
    {&api_events, "ListReplays", api_list_replays, &shape_list_replays, NULL},
    {&api_events, "CancelReplay", api_cancel_replay, &shape_replay, NULL},
    {&api_events, "TestEventPattern", api_test_event_pattern, &shape_test_event_pattern, NULL},
    {&api_events, "CreateConnection", api_create_connection, &shape_create_connection,
     "secrets are kept in the data folder, not in Secrets Manager; an AuthorizationEndpoint may be "
     "http:// when it is on this machine; no private APIs"},
    {&api_events, "DescribeConnection", api_describe_connection, &shape_connection, NULL},
    {&api_events, "ListConnections", api_list_connections, &shape_list_connections, NULL},
    {&api_events, "UpdateConnection", api_update_connection, &shape_update_connection,
     "as CreateConnection"},
    {&api_events, "DeauthorizeConnection", api_deauthorize_connection, &shape_connection, NULL},
    {&api_events, "DeleteConnection", api_delete_connection, &shape_connection, NULL},
    {&api_events, "CreateApiDestination", api_create_api_destination, &shape_create_api_destination,
     "an InvocationEndpoint may be http:// when it is on this machine (localhost, 127.0.0.0/8, "
     "[::1])"},
    {&api_events, "DescribeApiDestination", api_describe_api_destination, &shape_api_destination,
     NULL},
    {&api_events, "ListApiDestinations", api_list_api_destinations, &shape_list_api_destinations,
     NULL},
    {&api_events, "UpdateApiDestination", api_update_api_destination, &shape_update_api_destination,
     "as CreateApiDestination"},
    {&api_events, "DeleteApiDestination", api_delete_api_destination, &shape_api_destination, NULL},

    {&api_scheduler, "CreateSchedule", api_create_schedule, &shape_put_schedule,
     "targets are functions, SQS queues and event buses; roles and keys are kept and told, and no "
     "role is assumed"},
    {&api_scheduler, "GetSchedule", api_get_schedule, &shape_schedule, NULL},
    {&api_scheduler, "UpdateSchedule", api_update_schedule, &shape_put_schedule,
     "as CreateSchedule"},
    {&api_scheduler, "DeleteSchedule", api_delete_schedule, &shape_schedule, NULL},
    {&api_scheduler, "ListSchedules", api_list_schedules, &shape_list_schedules, NULL},
    {&api_scheduler, "CreateScheduleGroup", api_create_schedule_group, &shape_create_schedule_group,
     NULL},
    {&api_scheduler, "GetScheduleGroup", api_get_schedule_group, &shape_schedule_group, NULL},
    {&api_scheduler, "DeleteScheduleGroup", api_delete_schedule_group, &shape_schedule_group,
     "the group and its schedules are gone at once, never DELETING"},
    {&api_scheduler, "ListScheduleGroups", api_list_schedule_groups, &shape_list_schedule_groups,
     NULL},
    {&api_scheduler, "TagResource", api_scheduler_tag_resource, &shape_tag_group, NULL},
    {&api_scheduler, "UntagResource", api_scheduler_untag_resource, &shape_untag_group, NULL},
    {&api_scheduler, "ListTagsForResource", api_scheduler_list_tags_for_resource,
     &shape_list_tags_of_group, NULL},

    {&api_sqs, "CreateQueue", api_create_queue, &shape_create_queue, NULL},
    {&api_sqs, "GetQueueUrl", api_get_queue_url, &shape_get_queue_url, NULL},
    {&api_sqs, "ListQueues", api_list_queues, &shape_list_queues, NULL},
    {&api_sqs, "GetQueueAttributes", api_get_queue_attributes, &shape_get_queue_attributes, NULL},
    {&api_sqs, "SetQueueAttributes", api_set_queue_attributes, &shape_set_queue_attributes,
     "policies and keys are kept and told, without effect; nothing is throttled"},
    {&api_sqs, "TagQueue", api_tag_queue, &shape_tag_queue, NULL},
    {&api_sqs, "UntagQueue", api_untag_queue, &shape_untag_queue, NULL},
    {&api_sqs, "ListQueueTags", api_list_queue_tags, &shape_queue_url, NULL},
    {&api_sqs, "AddPermission", api_add_permission, &shape_add_permission,
     "kept and told; nobody is refused"},
    {&api_sqs, "RemovePermission", api_remove_permission, &shape_remove_permission,
     "kept and told; nobody is refused"},
    {&api_sqs, "SendMessage", api_send_message, &shape_send_message,
     "MessageGroupId on a standard queue is kept and told; it changes no order"},
    {&api_sqs, "SendMessageBatch", api_send_message_batch, &shape_send_message_batch,
     "MessageGroupId on a standard queue is kept and told; it changes no order"},
    {&api_sqs, "ReceiveMessage", api_receive_message, &shape_receive_message, NULL},
    {&api_sqs, "DeleteMessage", api_delete_message, &shape_delete_message, NULL},
    {&api_sqs, "DeleteMessageBatch", api_delete_message_batch, &shape_delete_message_batch, NULL},
    {&api_sqs, "ChangeMessageVisibility", api_change_message_visibility,
     &shape_change_message_visibility, NULL},
    {&api_sqs, "ChangeMessageVisibilityBatch", api_change_message_visibility_batch,
     &shape_change_message_visibility_batch, NULL},
    {&api_sqs, "PurgeQueue", api_purge_queue, &shape_queue_url, NULL},
    {&api_sqs, "DeleteQueue", api_delete_queue, &shape_queue_url, NULL},
    {&api_sqs, "ListDeadLetterSourceQueues", api_list_dead_letter_source_queues,
     &shape_list_dead_letter_source_queues, NULL},
    {&api_sqs, "StartMessageMoveTask", api_start_message_move_task, &shape_start_message_move_task,
     NULL},
    {&api_sqs, "CancelMessageMoveTask", api_cancel_message_move_task,
     &shape_cancel_message_move_task, NULL},
    {&api_sqs, "ListMessageMoveTasks", api_list_message_move_tasks, &shape_list_message_move_tasks,
     NULL},

    {&api_lambda, "Invoke", api_invoke, NULL, NULL},
    {&api_lambda, "InvokeAsync", api_invoke_async, NULL, NULL},
    {&api_lambda, "ListFunctions", api_list_functions, NULL, NULL},
    {&api_lambda, "GetFunction", api_get_function, NULL, "functions come from the stack file"},
    {&api_lambda, "GetFunctionConfiguration", api_get_function_configuration, NULL, NULL},
    {&api_lambda, "ListEventSourceMappings", api_list_event_source_mappings, NULL, NULL},
    {&api_lambda, "GetEventSourceMapping", api_get_event_source_mapping, NULL, NULL},
};

const struct api_operation *api_operations(size_t *ret_count)
{
    *ret_count = ARRAY_COUNT(operations);
    return operations;
}

#define ONE_REGION "it is one region, and has no global tables and no replicas of tables"
#define NO_KINESIS "it has no Kinesis streams; a table's own stream has all its changes"
#define NO_INSIGHTS "it counts no accesses to keys"
#define NO_POLICIES "whoever reaches it may do everything"
#define NO_VECTORS "it has no vector indexes"
#define NO_PARTNERS "it has no partners whose events it could take"
#define NO_ENDPOINTS "it is one region, so a global endpoint has nowhere to go over to"
#define NO_BUCKETS "it has no S3 buckets; backups and Scan have a table's items"

static const struct api_missing missing[] = {
    {&api_dynamodb, "CreateGlobalTable", ONE_REGION},
    {&api_dynamodb, "DescribeGlobalTable", ONE_REGION},
    {&api_dynamodb, "DescribeGlobalTableSettings", ONE_REGION},
    {&api_dynamodb, "ListGlobalTables", ONE_REGION},
    {&api_dynamodb, "UpdateGlobalTable", ONE_REGION},
    {&api_dynamodb, "UpdateGlobalTableSettings", ONE_REGION},
    {&api_dynamodb, "DescribeTableReplicaAutoScaling", ONE_REGION},
    {&api_dynamodb, "UpdateTableReplicaAutoScaling", ONE_REGION},
    {&api_dynamodb, "DescribeKinesisStreamingDestination", NO_KINESIS},
    {&api_dynamodb, "EnableKinesisStreamingDestination", NO_KINESIS},
    {&api_dynamodb, "DisableKinesisStreamingDestination", NO_KINESIS},
    {&api_dynamodb, "UpdateKinesisStreamingDestination", NO_KINESIS},
    {&api_dynamodb, "DescribeContributorInsights", NO_INSIGHTS},
    {&api_dynamodb, "ListContributorInsights", NO_INSIGHTS},
    {&api_dynamodb, "UpdateContributorInsights", NO_INSIGHTS},
    {&api_dynamodb, "GetResourcePolicy", NO_POLICIES},
    {&api_dynamodb, "PutResourcePolicy", NO_POLICIES},
    {&api_dynamodb, "DeleteResourcePolicy", NO_POLICIES},
    {&api_dynamodb, "ExportTableToPointInTime", NO_BUCKETS},
    {&api_dynamodb, "DescribeExport", NO_BUCKETS},
    {&api_dynamodb, "ListExports", NO_BUCKETS},
    {&api_dynamodb, "ImportTable", NO_BUCKETS},
    {&api_dynamodb, "DescribeImport", NO_BUCKETS},
    {&api_dynamodb, "ListImports", NO_BUCKETS},
    {&api_dynamodb, "StartBulkPutItems", NO_BUCKETS},
    {&api_dynamodb, "DescribeBulkOperation", NO_BUCKETS},
    {&api_dynamodb, "ListBulkOperations", NO_BUCKETS},
    {&api_dynamodb, "CancelBulkOperation", NO_BUCKETS},
    {&api_dynamodb, "SearchVectors", NO_VECTORS},

    {&api_events, "ActivateEventSource", NO_PARTNERS},
    {&api_events, "DeactivateEventSource", NO_PARTNERS},
    {&api_events, "DescribeEventSource", NO_PARTNERS},
    {&api_events, "ListEventSources", NO_PARTNERS},
    {&api_events, "CreatePartnerEventSource", NO_PARTNERS},
    {&api_events, "DescribePartnerEventSource", NO_PARTNERS},
    {&api_events, "ListPartnerEventSources", NO_PARTNERS},
    {&api_events, "ListPartnerEventSourceAccounts", NO_PARTNERS},
    {&api_events, "DeletePartnerEventSource", NO_PARTNERS},
    {&api_events, "PutPartnerEvents", NO_PARTNERS},
    {&api_events, "CreateEndpoint", NO_ENDPOINTS},
    {&api_events, "DescribeEndpoint", NO_ENDPOINTS},
    {&api_events, "ListEndpoints", NO_ENDPOINTS},
    {&api_events, "UpdateEndpoint", NO_ENDPOINTS},
    {&api_events, "DeleteEndpoint", NO_ENDPOINTS},
};

const struct api_missing *api_missing_operations(size_t *ret_count)
{
    *ret_count = ARRAY_COUNT(missing);
    return missing;
}
