/* api/dynamodb/dynamodb.h - what DynamoDB's operations share: table names, expressions, keys and
 * the figures of consumed capacity. */
#ifndef DYNLOG_API_DYNAMODB_DYNAMODB_H
#define DYNLOG_API_DYNAMODB_DYNAMODB_H

#include "api/api.h"
#include "api/decode.h"

/* The name in a TableName or a key of RequestItems: a name, or the ARN of a table. Region and
 * account never select another store. */
MUST_USE enum status dynamodb_name_of(struct bytes name_or_arn, struct bytes *ret,
                                      struct api_error *reterr);
MUST_USE enum status dynamodb_table_name(const struct json *body, struct bytes *ret,
                                         struct api_error *reterr);

/* The parameters of an operation that are expressions, and the legacy ones that must not stand
 * beside them (api/dynamodb/legacy.h), each in the order in which AWS names them; ends with NULL.
 */
#define DYNAMODB_PARAMETERS_MAX 5
struct dynamodb_parameters {
    const char *expressions[DYNAMODB_PARAMETERS_MAX];
    const char *legacy[DYNAMODB_PARAMETERS_MAX];
};
/* Before anything else is looked at: legacy parameters beside expressions, and placeholders without
 * an expression. */
MUST_USE enum status dynamodb_check_parameters(const struct json *body,
                                               const struct dynamodb_parameters *parameters,
                                               struct api_error *reterr);
/* ExpressionAttributeNames and -Values. */
MUST_USE enum status dynamodb_names(struct api_call *call, const struct json *body,
                                    struct expr_names *ret, struct api_error *reterr);

/* ConditionExpression, ProjectionExpression ...; *ret NULL when it is absent. */
MUST_USE enum status dynamodb_condition(struct api_call *call, const struct json *body,
                                        enum expr_kind kind, struct expr_names *names,
                                        const struct expr_condition **ret,
                                        struct api_error *reterr);
MUST_USE enum status dynamodb_projection(struct api_call *call, const struct json *body,
                                         struct expr_names *names,
                                         const struct expr_projection **ret,
                                         struct api_error *reterr);
/* All that an operation whose one expression is a ProjectionExpression has to say about it. */
MUST_USE enum status dynamodb_only_projection(struct api_call *call, const struct json *body,
                                              const struct expr_projection **ret,
                                              struct api_error *reterr);

/* Key, Item, ExclusiveStartKey: an item in wire form; count 0 when absent. */
MUST_USE enum status dynamodb_item(struct api_call *call, const struct json *body, const char *name,
                                   struct item *ret, struct api_error *reterr);

/* One write of PutItem, UpdateItem, DeleteItem, or of a transaction, which takes no legacy
 * parameters: its condition, update and what to return. */
MUST_USE enum status dynamodb_write(struct api_call *call, const struct json *body,
                                    enum write_kind kind, bool takes_legacy, struct item_write *ret,
                                    struct api_error *reterr);

/* The same for the same actions, however they are written down; in the arena. */
struct bytes dynamodb_fingerprint(struct arena *arena, const struct json *value);

/* ---- consumed capacity ---- */
enum capacity_wanted { CAPACITY_NONE, CAPACITY_TOTAL, CAPACITY_INDEXES };
enum capacity_wanted dynamodb_capacity_wanted(const struct json *body);
/* In half units, the smallest there are. */
uint64_t capacity_of_read(size_t size, bool consistent);      /* 4 KB a unit, half when eventual */
uint64_t capacity_of_write(size_t old_size, size_t new_size); /* 1 KB a unit of the larger */
/* What a table and its indexes cost. Begin with {.table_name}; the arrays are in the arena. */
struct capacity_of_index {
    struct bytes name;
    enum index_kind kind;
    uint64_t half_units;
};
struct capacity {
    struct bytes table_name;
    uint64_t half_units; /* of the table alone */
    struct capacity_of_index *indexes;
    size_t index_count, index_capacity;
};
void capacity_add_index(struct arena *arena, struct capacity *capacity, struct bytes name,
                        enum index_kind kind, uint64_t half_units);
/* What a write did to its table, `times` over (a transaction's costs twice), and to its indexes,
 * which cost a transaction no more. */
void capacity_add_write(struct arena *arena, struct capacity *capacity,
                        const struct item_write *write, uint64_t times);
/* Writes a ConsumedCapacity object. read and write tell which figures a transaction shows too. */
void capacity_write(struct json_writer *w, enum capacity_wanted wanted,
                    const struct capacity *capacity, bool transaction, bool is_read);
/* One figure per table of a batch, in the order in which the tables came. */
struct capacity_sums {
    struct capacity sums[ENGINE_TRANSACTION_ITEMS_MAX];
    size_t count;
};
struct capacity *capacity_sum_of(struct capacity_sums *sums, struct bytes table_name);
/* What the writes of a transaction cost, or, when they were done before, cost again. */
void capacity_add_transaction(struct arena *arena, struct capacity_sums *sums,
                              const struct engine_write *write);
/* The member ConsumedCapacity with an array; nothing when not wanted. */
void capacity_write_all(struct json_writer *w, enum capacity_wanted wanted,
                        const struct capacity_sums *sums, bool transaction, bool is_read);

/* ---- item collections (metrics.c) ---- */

/* ReturnItemCollectionMetrics is SIZE. */
bool dynamodb_metrics_wanted(const struct json *body);
/* An ItemCollectionMetrics object; write->collection_key is not empty. */
void metrics_write(struct json_writer *w, const struct item_write *write);
/* The member ItemCollectionMetrics of a batch: by table, as `given` names them (NULL: by name).
 * Nothing when no table has a local index. */
void metrics_write_all(struct json_writer *w, const struct item_write *writes, size_t count,
                       const struct bytes *given);

#endif
