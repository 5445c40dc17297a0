/* api/dynamodb/table_json.h - a table in AWS's wire form, both ways. */
#ifndef DYNLOG_API_DYNAMODB_TABLE_JSON_H
#define DYNLOG_API_DYNAMODB_TABLE_JSON_H

#include "api/dynamodb/dynamodb.h"

/* TableDescription. `status`: "ACTIVE", "CREATING", "DELETING", "UPDATING". */
void table_write_description(struct api_call *call, struct json_writer *w,
                             const struct table *table, const char *status);
/* The same in the answer to an UpdateTable: with what goes on with the indexes that it named.
 * index_updates: GlobalSecondaryIndexUpdates, or NULL. */
void table_write_updated(struct api_call *call, struct json_writer *w, const struct table *table,
                         const char *status, const struct json *index_updates);

/* StreamSpecification: STREAM_NONE when disabled. */
MUST_USE enum status table_decode_stream(const struct json *body, enum stream_view *ret,
                                         bool *ret_present, struct api_error *reterr);
/* ProvisionedThroughput: of a table or an index. */
MUST_USE enum status table_decode_throughput(const struct json *throughput,
                                             uint64_t *ret_read_units, uint64_t *ret_write_units,
                                             struct api_error *reterr);
void table_write_throughput(struct json_writer *w, uint64_t read_units, uint64_t write_units);
/* BillingMode and ProvisionedThroughput, checked against each other. */
MUST_USE enum status table_decode_billing(const struct json *body, struct table *table,
                                          struct api_error *reterr);
/* SSESpecification, TableClass, DeletionProtectionEnabled. */
MUST_USE enum status table_decode_settings(const struct json *body, struct table *table,
                                           struct api_error *reterr);
MUST_USE enum status table_decode_tags(struct arena *arena, const struct json *tags,
                                       struct table_tag **ret, size_t *ret_count,
                                       struct api_error *reterr);

/* arn:...:table/NAME of ResourceArn -> NAME; errors as the tag operations give them. */
MUST_USE enum status table_name_of_arn(const struct json *body, struct bytes *ret,
                                       struct api_error *reterr);

const char *table_view_name(enum stream_view view); /* "NEW_AND_OLD_IMAGES" */

#endif
