/* api/dynamodb/index_json.h - secondary indexes in AWS's wire form, both ways.
 *
 *   index_json.c      an index, all of a table, their description
 *   index_updates.c   GlobalSecondaryIndexUpdates of UpdateTable */
#ifndef DYNLOG_API_DYNAMODB_INDEX_JSON_H
#define DYNLOG_API_DYNAMODB_INDEX_JSON_H

#include "api/dynamodb/key_schema_json.h"

/* LocalSecondaryIndexes and GlobalSecondaryIndexes of CreateTable, into table->indexes. The table's
 * key and billing are known. */
MUST_USE enum status index_decode_all(struct arena *arena, const struct json *body,
                                      const struct key_definitions *definitions,
                                      struct table *table, struct api_error *reterr);

/* ---- UpdateTable ---- */

enum index_action { INDEX_UPDATE, INDEX_CREATE, INDEX_DELETE };

/* What the body alone has wrong of GlobalSecondaryIndexUpdates. */
MUST_USE enum status index_check_updates(const struct json *body, struct api_error *reterr);
/* Onto table->indexes (in the arena). `body` may have AttributeDefinitions for new ones. */
MUST_USE enum status index_decode_updates(struct arena *arena, const struct json *body,
                                          struct table *table, struct api_error *reterr);
/* True and *ret when the list (which may be NULL) has an action for that index. */
bool index_find_action(const struct json *updates, struct bytes name, enum index_action *ret);
/* The list makes an index, or drops one. */
bool index_has_online_action(const struct json *updates);

/* ---- writing ---- */

/* How a TableDescription shows global indexes. */
struct index_view {
    const char *global_status;  /* of those that are not being filled */
    const struct json *updates; /* in the answer to such a list; otherwise NULL */
};
/* The members LocalSecondaryIndexes and GlobalSecondaryIndexes of a TableDescription. */
void index_write_all(struct api_call *call, struct json_writer *w, const struct table *table,
                     const struct index_view *view);

/* ---- for both files ---- */

/* What one reading works with. */
struct index_reader {
    struct arena *arena;
    const struct key_definitions *definitions;
    struct table *table;
    struct api_error *error;
};

/* Name, key and projection. */
MUST_USE enum status index_decode(struct index_reader *reader, const struct json *body,
                                  enum index_kind kind, struct table_index *ret);
/* Room for the table's indexes and `more`. */
void index_make_room(struct index_reader *reader, size_t more);
size_t index_count_of_kind(const struct table *table, enum index_kind kind);
MUST_USE enum status index_check_included(const struct index_reader *reader);

#endif
