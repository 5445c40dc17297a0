/* api/shape.h - the shape of a request's body, as AWS's service models give it: which members there
 * are, of which JSON types, within which limits.
 *
 * A body is checked whole before its operation sees it, in AWS's order:
 *   1. a member of a wrong JSON type is a SerializationException;
 *   2. constraints that do not hold (the first SHAPE_ERRORS_MAX) are one ValidationException, "2
 *      validation errors detected: Value null at 'key' failed to satisfy constraint: ...; ...";
 *   3. what dynlog does not do yet is refused by name, so that nothing is accepted and then
 * ignored. null is absent, and members that the shape does not have are skipped. (That no object
 * has a member twice is the caller's care: json_unite().)
 *
 * So an operation relies on this: its required members are there, and what is there has its type,
 * its length, its range. What a shape says is not checked a second time. Attribute values
 * ({"S":"x"}) are the exception: value/value.h reads and checks them for the operation. */
#ifndef DYNLOG_API_SHAPE_H
#define DYNLOG_API_SHAPE_H

#include "base/api_error.h"
#include "json/json.h"

#define SHAPE_ERRORS_MAX 10  /* AWS tells no more in one answer */
#define SHAPE_MEMBERS_MAX 32 /* of one structure */

enum shape_kind {
    SHAPE_STRING,
    SHAPE_BOOLEAN,
    SHAPE_INTEGER,
    SHAPE_LONG,
    SHAPE_TIMESTAMP,
    SHAPE_LIST,
    SHAPE_MAP,
    SHAPE_STRUCTURE,
    SHAPE_ATTRIBUTE_VALUE, /* looked at elsewhere */
};

struct shape_pattern {
    const char *text; /* as AWS's messages show it */
    bool (*matches)(struct bytes text);
};

struct shape;

struct shape_member {
    const char *name;
    size_t name_size;
    const struct shape *shape; /* NULL: refused by name */
    enum shape_need {
        SHAPE_OPTIONAL,
        SHAPE_REQUIRED,
        SHAPE_ALONE,     /* required; what is wrong with it is told before all else, and alone */
        SHAPE_PARAMETER, /* required, in the words of the operations on tables */
        SHAPE_CONTAINED, /* required, in SQS's words: "The request must contain the parameter X." */
    } need;
    const char *query; /* its name in the Query protocol; NULL: the same */
};

struct shape {
    enum shape_kind kind;
    const char *name;                   /* SHAPE_STRUCTURE: AWS's, for messages */
    const struct shape_member *members; /* SHAPE_STRUCTURE */
    size_t member_count;
    const struct shape *element; /* SHAPE_LIST, SHAPE_MAP: of its values */
    const struct shape *key;     /* SHAPE_MAP: a string; NULL: any */
    const char *const *words;    /* SHAPE_STRING: one of these; ends with NULL */
    const struct shape_pattern *pattern;
    bool or_arn;       /* an ARN is taken too, and then pattern and limits do not hold */
    bool length_first; /* of a wrong length AWS does not tell the pattern too */
    bool sensitive;    /* its value stands in no message */
    bool bare;         /* told as "Value at 'Limit'": without the value, names as they were sent */
    /* Of a number's value, of a string's characters, of a list's or map's elements. */
    bool has_min, has_max;
    int64_t min, max;
    /* In the Query protocol (form.h, xml.h). SHAPE_LIST, SHAPE_MAP: elements follow the member's
     * name without "member" or "entry" between. SHAPE_MAP: what its keys and values are called. */
    bool flat;
    const char *query_key, *query_value; /* NULL: "key", "value" */
};

/* For tables of shapes. */
#define SHAPE_MEMBER(name_, shape_, need_)                                                         \
    {                                                                                              \
        name_, sizeof(name_) - 1, shape_, need_, NULL                                              \
    }
#define SHAPE_QUERY_MEMBER(name_, query_, shape_, need_)                                           \
    {                                                                                              \
        name_, sizeof(name_) - 1, shape_, need_, query_                                            \
    }
#define SHAPE_REFUSED(name_)                                                                       \
    {                                                                                              \
        name_, sizeof(name_) - 1, NULL, SHAPE_OPTIONAL, NULL                                       \
    }
#define SHAPE_MEMBERS(array_) .members = (array_), .member_count = ARRAY_COUNT(array_)
#define SHAPE_AT_LEAST(min_) .has_min = true, .min = (min_)
#define SHAPE_AT_MOST(max_) .has_max = true, .max = (max_)
#define SHAPE_BETWEEN(min_, max_) SHAPE_AT_LEAST(min_), SHAPE_AT_MOST(max_)

#define SHAPE_ARN_SIZE_MAX 1024

/* `package` stands before class names in messages: "com.amazonaws.dynamodb.v20120810." */
MUST_USE enum status shape_check(const struct shape *shape, const struct json *body,
                                 const char *package, struct api_error *reterr);

/* Only what stands inside attribute values, whose types the operation reads: REFUSED with a
 * SerializationException when one is wrong. AWS tells that before anything else, so api_fail() asks
 * it when something else is about to be told. */
MUST_USE enum status shape_check_values(const struct shape *shape, const struct json *body,
                                        struct arena *arena, struct api_error *reterr);

/* ---- the bodies of the operations ---- */

extern const struct shape shape_nothing; /* no member is looked at */

/* dynamodb/shapes.c */
extern const struct shape shape_put_item, shape_get_item, shape_update_item, shape_delete_item,
    shape_query, shape_scan, shape_batch_get_item, shape_batch_write_item, shape_transact_get_items,
    shape_transact_write_items, shape_execute_statement, shape_batch_execute_statement,
    shape_execute_transaction;

/* dynamodb/table_shapes.c */
extern const struct shape shape_create_table, shape_update_table, shape_table, shape_list_tables,
    shape_update_time_to_live, shape_update_continuous_backups, shape_tag_resource,
    shape_untag_resource, shape_list_tags_of_resource;
extern const struct shape shape_create_backup, shape_backup, shape_list_backups,
    shape_restore_table_from_backup, shape_restore_table_to_point_in_time;
extern const struct shape shape_table_name, shape_table_or_arn, shape_item_table;
extern const struct shape_pattern shape_name_pattern;

/* streams/shapes.c */
extern const struct shape shape_list_streams, shape_describe_stream, shape_get_shard_iterator,
    shape_get_records;

/* sqs/shapes.c */
extern const struct shape shape_create_queue, shape_get_queue_url, shape_list_queues,
    shape_queue_url, shape_get_queue_attributes, shape_set_queue_attributes,
    shape_list_dead_letter_source_queues, shape_tag_queue, shape_untag_queue, shape_add_permission,
    shape_remove_permission, shape_send_message, shape_send_message_batch, shape_receive_message,
    shape_delete_message, shape_delete_message_batch, shape_change_message_visibility,
    shape_change_message_visibility_batch, shape_start_message_move_task,
    shape_cancel_message_move_task, shape_list_message_move_tasks;

/* scheduler/shapes.c */
extern const struct shape shape_put_schedule, shape_schedule, shape_list_schedules,
    shape_create_schedule_group, shape_schedule_group, shape_list_schedule_groups, shape_tag_group,
    shape_untag_group, shape_list_tags_of_group;

/* lambda/function_shapes.c */
extern const struct shape shape_create_function, shape_update_function_code,
    shape_update_function_configuration, shape_function, shape_list_functions,
    shape_list_of_function, shape_publish_version, shape_create_alias, shape_update_alias,
    shape_alias, shape_put_function_concurrency, shape_put_function_event_invoke_config,
    shape_lambda_add_permission, shape_lambda_remove_permission, shape_lambda_tag_resource,
    shape_lambda_untag_resource, shape_lambda_list_tags;

/* tag_shapes.c: [{Key, Value}], keys, one key */
extern const struct shape shape_tags, shape_tag_keys, shape_tag_key;

/* pipes/shapes.c */
extern const struct shape shape_create_pipe, shape_update_pipe, shape_pipe, shape_list_pipes,
    shape_tag_pipe, shape_untag_pipe, shape_list_tags_of_pipe;

/* logs/shapes.c */
extern const struct shape shape_create_log_group, shape_describe_log_groups,
    shape_describe_log_streams, shape_filter_log_events, shape_get_log_events, shape_log_group,
    shape_log_stream, shape_logs_list_tags_for_resource, shape_logs_tag_resource,
    shape_logs_untag_resource, shape_put_log_events, shape_put_retention_policy,
    shape_tag_log_group, shape_untag_log_group;

/* events/shapes.c */
extern const struct shape shape_create_event_bus, shape_delete_event_bus, shape_describe_event_bus,
    shape_list_event_buses, shape_put_rule, shape_rule, shape_delete_rule, shape_list_rules,
    shape_put_targets, shape_remove_targets, shape_list_targets_by_rule,
    shape_list_rule_names_by_target, shape_put_events, shape_test_event_pattern,
    shape_update_event_bus, shape_put_permission, shape_events_remove_permission,
    shape_events_tag_resource, shape_events_untag_resource, shape_events_list_tags_for_resource;
/* HttpParameters of targets and of connections */
extern const struct shape_pattern shape_header_key_pattern, shape_header_value_pattern,
    shape_query_key_pattern, shape_query_value_pattern;

/* events/outbound_shapes.c */
extern const struct shape shape_create_connection, shape_update_connection, shape_connection,
    shape_list_connections, shape_create_api_destination, shape_update_api_destination,
    shape_api_destination, shape_list_api_destinations;

/* lambda/mapping_shapes.c */
extern const struct shape shape_create_mapping, shape_update_mapping, shape_mapping,
    shape_list_mappings;

/* events/archive_shapes.c */
extern const struct shape shape_create_archive, shape_update_archive, shape_archive,
    shape_list_archives, shape_start_replay, shape_replay, shape_list_replays;

#endif
