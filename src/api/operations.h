/* api/operations.h - the functions behind the table in operations.c, a file an operation (a family
 * of small ones may share a file). */
#ifndef DYNLOG_API_OPERATIONS_H
#define DYNLOG_API_OPERATIONS_H

#include "api/api.h"

/* DynamoDB: items */
void api_put_item(struct api_call *call);
void api_get_item(struct api_call *call);
void api_update_item(struct api_call *call);
void api_delete_item(struct api_call *call);
void api_query(struct api_call *call);
void api_scan(struct api_call *call);
void api_batch_get_item(struct api_call *call);
void api_batch_write_item(struct api_call *call);
void api_transact_get_items(struct api_call *call);
void api_transact_write_items(struct api_call *call);
void api_execute_statement(struct api_call *call);
void api_batch_execute_statement(struct api_call *call);
void api_execute_transaction(struct api_call *call);

/* DynamoDB: tables */
void api_create_table(struct api_call *call);
void api_describe_table(struct api_call *call);
void api_update_table(struct api_call *call);
void api_delete_table(struct api_call *call);
void api_list_tables(struct api_call *call);
void api_update_time_to_live(struct api_call *call);
void api_describe_time_to_live(struct api_call *call);
void api_update_continuous_backups(struct api_call *call);
void api_describe_continuous_backups(struct api_call *call);
void api_tag_resource(struct api_call *call);
void api_untag_resource(struct api_call *call);
void api_list_tags_of_resource(struct api_call *call);
void api_describe_limits(struct api_call *call);
void api_describe_endpoints(struct api_call *call);

/* DynamoDB: backups */
void api_create_backup(struct api_call *call);
void api_describe_backup(struct api_call *call);
void api_list_backups(struct api_call *call);
void api_delete_backup(struct api_call *call);
void api_restore_table_from_backup(struct api_call *call);
void api_restore_table_to_point_in_time(struct api_call *call);

/* DynamoDB Streams */
void api_list_streams(struct api_call *call);
void api_describe_stream(struct api_call *call);
void api_get_shard_iterator(struct api_call *call);
void api_get_records(struct api_call *call);

/* EventBridge */
void api_create_event_bus(struct api_call *call);
void api_update_event_bus(struct api_call *call);
void api_put_permission(struct api_call *call);
void api_events_remove_permission(struct api_call *call);
void api_events_tag_resource(struct api_call *call);
void api_events_untag_resource(struct api_call *call);
void api_events_list_tags_for_resource(struct api_call *call);
void api_describe_event_bus(struct api_call *call);
void api_list_event_buses(struct api_call *call);
void api_delete_event_bus(struct api_call *call);
void api_put_rule(struct api_call *call);
void api_describe_rule(struct api_call *call);
void api_list_rules(struct api_call *call);
void api_enable_rule(struct api_call *call);
void api_disable_rule(struct api_call *call);
void api_delete_rule(struct api_call *call);
void api_put_targets(struct api_call *call);
void api_list_targets_by_rule(struct api_call *call);
void api_remove_targets(struct api_call *call);
void api_list_rule_names_by_target(struct api_call *call);
void api_put_events(struct api_call *call);
void api_create_archive(struct api_call *call);
void api_describe_archive(struct api_call *call);
void api_list_archives(struct api_call *call);
void api_update_archive(struct api_call *call);
void api_delete_archive(struct api_call *call);
void api_start_replay(struct api_call *call);
void api_describe_replay(struct api_call *call);
void api_list_replays(struct api_call *call);
void api_cancel_replay(struct api_call *call);
void api_test_event_pattern(struct api_call *call);
void api_create_connection(struct api_call *call);
void api_update_connection(struct api_call *call);
void api_deauthorize_connection(struct api_call *call);
void api_delete_connection(struct api_call *call);
void api_describe_connection(struct api_call *call);
void api_list_connections(struct api_call *call);
void api_create_api_destination(struct api_call *call);
void api_update_api_destination(struct api_call *call);
void api_delete_api_destination(struct api_call *call);
void api_describe_api_destination(struct api_call *call);
void api_list_api_destinations(struct api_call *call);

/* EventBridge Scheduler (REST) */
void api_create_schedule(struct api_call *call);
void api_get_schedule(struct api_call *call);
void api_update_schedule(struct api_call *call);
void api_delete_schedule(struct api_call *call);
void api_list_schedules(struct api_call *call);
void api_create_schedule_group(struct api_call *call);
void api_get_schedule_group(struct api_call *call);
void api_delete_schedule_group(struct api_call *call);
void api_list_schedule_groups(struct api_call *call);
void api_scheduler_tag_resource(struct api_call *call);
void api_scheduler_untag_resource(struct api_call *call);
void api_scheduler_list_tags_for_resource(struct api_call *call);

/* SQS */
void api_create_queue(struct api_call *call);
void api_get_queue_url(struct api_call *call);
void api_list_queues(struct api_call *call);
void api_get_queue_attributes(struct api_call *call);
void api_set_queue_attributes(struct api_call *call);
void api_tag_queue(struct api_call *call);
void api_untag_queue(struct api_call *call);
void api_list_queue_tags(struct api_call *call);
void api_add_permission(struct api_call *call);
void api_remove_permission(struct api_call *call);
void api_send_message(struct api_call *call);
void api_send_message_batch(struct api_call *call);
void api_receive_message(struct api_call *call);
void api_delete_message(struct api_call *call);
void api_delete_message_batch(struct api_call *call);
void api_change_message_visibility(struct api_call *call);
void api_change_message_visibility_batch(struct api_call *call);
void api_purge_queue(struct api_call *call);
void api_delete_queue(struct api_call *call);
void api_list_dead_letter_source_queues(struct api_call *call);
void api_start_message_move_task(struct api_call *call);
void api_cancel_message_move_task(struct api_call *call);
void api_list_message_move_tasks(struct api_call *call);

/* CloudWatch Logs */
void api_create_log_group(struct api_call *call);
void api_delete_log_group(struct api_call *call);
void api_describe_log_groups(struct api_call *call);
void api_put_retention_policy(struct api_call *call);
void api_delete_retention_policy(struct api_call *call);
void api_create_log_stream(struct api_call *call);
void api_delete_log_stream(struct api_call *call);
void api_describe_log_streams(struct api_call *call);
void api_put_log_events(struct api_call *call);
void api_get_log_events(struct api_call *call);
void api_filter_log_events(struct api_call *call);
void api_logs_tag_resource(struct api_call *call);
void api_logs_untag_resource(struct api_call *call);
void api_logs_list_tags_for_resource(struct api_call *call);
void api_tag_log_group(struct api_call *call);
void api_untag_log_group(struct api_call *call);
void api_list_tags_log_group(struct api_call *call);

/* Lambda (REST) */
void api_invoke(struct api_call *call);
void api_invoke_async(struct api_call *call);
void api_create_function(struct api_call *call);
void api_update_function_code(struct api_call *call);
void api_update_function_configuration(struct api_call *call);
void api_delete_function(struct api_call *call);
void api_publish_version(struct api_call *call);
void api_list_versions_by_function(struct api_call *call);
void api_create_alias(struct api_call *call);
void api_update_alias(struct api_call *call);
void api_get_alias(struct api_call *call);
void api_list_aliases(struct api_call *call);
void api_delete_alias(struct api_call *call);
void api_put_function_concurrency(struct api_call *call);
void api_get_function_concurrency(struct api_call *call);
void api_delete_function_concurrency(struct api_call *call);
void api_put_function_event_invoke_config(struct api_call *call);
void api_update_function_event_invoke_config(struct api_call *call);
void api_get_function_event_invoke_config(struct api_call *call);
void api_list_function_event_invoke_configs(struct api_call *call);
void api_delete_function_event_invoke_config(struct api_call *call);
void api_lambda_add_permission(struct api_call *call);
void api_lambda_remove_permission(struct api_call *call);
void api_get_policy(struct api_call *call);
void api_lambda_tag_resource(struct api_call *call);
void api_lambda_untag_resource(struct api_call *call);
void api_lambda_list_tags(struct api_call *call);
void api_get_account_settings(struct api_call *call);
void api_list_functions(struct api_call *call);
void api_get_function(struct api_call *call);
void api_get_function_configuration(struct api_call *call);
void api_list_event_source_mappings(struct api_call *call);
void api_get_event_source_mapping(struct api_call *call);

#endif
