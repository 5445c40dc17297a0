/* api/dynamodb/index_json.h - secondary indexes in AWS's wire form, both ways. */
#ifndef DYNLOG_API_DYNAMODB_INDEX_JSON_H
#define DYNLOG_API_DYNAMODB_INDEX_JSON_H

#include "api/dynamodb/key_schema_json.h"

/* LocalSecondaryIndexes and GlobalSecondaryIndexes of CreateTable, into table->indexes. The table's
 * key and billing are known. */
MUST_USE enum status index_decode_all(struct arena *arena, const struct json *body,
                                      const struct key_definitions *definitions,
                                      struct table *table, struct api_error *reterr);

/* GlobalSecondaryIndexUpdates of UpdateTable, onto table->indexes (in the arena). `body` may have
 * AttributeDefinitions for new ones. */
MUST_USE enum status index_decode_updates(struct arena *arena, const struct json *body,
                                          struct table *table, struct api_error *reterr);
/* What the body alone has wrong of them. */
MUST_USE enum status index_check_updates(const struct json *body, struct api_error *reterr);

/* The members LocalSecondaryIndexes and GlobalSecondaryIndexes of a TableDescription.
 * global_status: of global indexes that are not being filled. */
void index_write_all(struct api_call *call, struct json_writer *w, const struct table *table,
                     const char *global_status);

#endif
