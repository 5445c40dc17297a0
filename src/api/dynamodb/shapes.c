/* api/dynamodb/shapes.c - the bodies of the operations on items. (AWS: the service model of
 * DynamoDB; the order of members is the one in which AWS tells what is wrong with them.) */
#include "api/dynamodb/statement.h"
#include "api/shape.h"

#define OPTIONAL SHAPE_OPTIONAL
#define REQUIRED SHAPE_REQUIRED
#define ALONE SHAPE_ALONE

/* ---- pieces ---- */

static const struct shape text = {.kind = SHAPE_STRING};
static const struct shape boolean = {.kind = SHAPE_BOOLEAN};
static const struct shape attribute_value = {.kind = SHAPE_ATTRIBUTE_VALUE};
static const struct shape attribute_name = {.kind = SHAPE_STRING, SHAPE_BETWEEN(0, 65535)};
static const struct shape attributes = {
    .kind = SHAPE_MAP, .key = &attribute_name, .element = &attribute_value};
static const struct shape values = {.kind = SHAPE_MAP, .element = &attribute_value};
static const struct shape names = {.kind = SHAPE_MAP, .element = &attribute_name};
static const struct shape positive = {.kind = SHAPE_INTEGER, SHAPE_AT_LEAST(1)};
static const struct shape query_limit = {.kind = SHAPE_INTEGER, .bare = true, SHAPE_AT_LEAST(1)};

static const struct shape capacity = {
    .kind = SHAPE_STRING, .words = (const char *const[]){"INDEXES", "TOTAL", "NONE", NULL}};
static const struct shape metrics = {.kind = SHAPE_STRING,
                                     .words = (const char *const[]){"SIZE", "NONE", NULL}};
static const struct shape return_values = {
    .kind = SHAPE_STRING,
    .words =
        (const char *const[]){"ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW", NULL}};
static const struct shape failure_values = {
    .kind = SHAPE_STRING, .words = (const char *const[]){"ALL_OLD", "NONE", NULL}};
static const struct shape select_word = {
    .kind = SHAPE_STRING,
    .words = (const char *const[]){"SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES",
                                   "ALL_PROJECTED_ATTRIBUTES", NULL}};

/* ---- parameters from before expressions ---- */

static const struct shape attribute_values = {.kind = SHAPE_LIST, .element = &attribute_value};
static const struct shape comparison_operator = {
    .kind = SHAPE_STRING,
    .words = (const char *const[]){"IN", "NULL", "BETWEEN", "LT", "NOT_CONTAINS", "EQ", "GT",
                                   "NOT_NULL", "NE", "LE", "BEGINS_WITH", "GE", "CONTAINS", NULL}};
static const struct shape conditional_operator = {
    .kind = SHAPE_STRING, .words = (const char *const[]){"OR", "AND", NULL}};

static const struct shape_member condition_members[] = {
    SHAPE_MEMBER("AttributeValueList", &attribute_values, OPTIONAL),
    SHAPE_MEMBER("ComparisonOperator", &comparison_operator, REQUIRED),
};
static const struct shape condition = {
    .kind = SHAPE_STRUCTURE, .name = "Condition", SHAPE_MEMBERS(condition_members)};
static const struct shape conditions = {
    .kind = SHAPE_MAP, .key = &attribute_name, .element = &condition};

static const struct shape_member expected_members[] = {
    SHAPE_MEMBER("AttributeValueList", &attribute_values, OPTIONAL),
    SHAPE_MEMBER("ComparisonOperator", &comparison_operator, OPTIONAL),
    SHAPE_MEMBER("Exists", &boolean, OPTIONAL),
    SHAPE_MEMBER("Value", &attribute_value, OPTIONAL),
};
static const struct shape expected_value = {
    .kind = SHAPE_STRUCTURE, .name = "ExpectedAttributeValue", SHAPE_MEMBERS(expected_members)};
static const struct shape expected = {
    .kind = SHAPE_MAP, .key = &attribute_name, .element = &expected_value};

static const struct shape update_action = {
    .kind = SHAPE_STRING, .words = (const char *const[]){"ADD", "PUT", "DELETE", NULL}};
static const struct shape_member attribute_update_members[] = {
    SHAPE_MEMBER("Value", &attribute_value, OPTIONAL),
    SHAPE_MEMBER("Action", &update_action, OPTIONAL),
};
static const struct shape attribute_update = {
    .kind = SHAPE_STRUCTURE,
    .name = "AttributeValueUpdate",
    SHAPE_MEMBERS(attribute_update_members),
};
static const struct shape attribute_updates = {
    .kind = SHAPE_MAP, .key = &attribute_name, .element = &attribute_update};

static const struct shape attributes_to_get = {
    .kind = SHAPE_LIST, .element = &attribute_name, SHAPE_AT_LEAST(1)};

/* ---- one item ---- */

static const struct shape_member put_item[] = {
    SHAPE_MEMBER("ReturnConsumedCapacity", &capacity, OPTIONAL),
    SHAPE_MEMBER("TableName", &shape_item_table, ALONE),
    SHAPE_MEMBER("Item", &attributes, REQUIRED),
    SHAPE_MEMBER("ConditionalOperator", &conditional_operator, OPTIONAL),
    SHAPE_MEMBER("Expected", &expected, OPTIONAL),
    SHAPE_MEMBER("ReturnValues", &return_values, OPTIONAL),
    SHAPE_MEMBER("ReturnItemCollectionMetrics", &metrics, OPTIONAL),
    SHAPE_MEMBER("ReturnValuesOnConditionCheckFailure", &failure_values, OPTIONAL),
    SHAPE_MEMBER("ConditionExpression", &text, OPTIONAL),
    SHAPE_MEMBER("ExpressionAttributeNames", &names, OPTIONAL),
    SHAPE_MEMBER("ExpressionAttributeValues", &values, OPTIONAL),
};
const struct shape shape_put_item = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(put_item)};

static const struct shape_member get_item[] = {
    SHAPE_MEMBER("ReturnConsumedCapacity", &capacity, OPTIONAL),
    SHAPE_MEMBER("AttributesToGet", &attributes_to_get, OPTIONAL),
    SHAPE_MEMBER("TableName", &shape_item_table, REQUIRED),
    SHAPE_MEMBER("Key", &attributes, REQUIRED),
    SHAPE_MEMBER("ConsistentRead", &boolean, OPTIONAL),
    SHAPE_MEMBER("ProjectionExpression", &text, OPTIONAL),
    SHAPE_MEMBER("ExpressionAttributeNames", &names, OPTIONAL),
};
const struct shape shape_get_item = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(get_item)};

static const struct shape_member update_item[] = {
    SHAPE_MEMBER("ReturnConsumedCapacity", &capacity, OPTIONAL),
    SHAPE_MEMBER("TableName", &shape_item_table, ALONE),
    SHAPE_MEMBER("Key", &attributes, REQUIRED),
    SHAPE_MEMBER("ReturnValues", &return_values, OPTIONAL),
    SHAPE_MEMBER("ReturnItemCollectionMetrics", &metrics, OPTIONAL),
    SHAPE_MEMBER("ConditionalOperator", &conditional_operator, OPTIONAL),
    SHAPE_MEMBER("Expected", &expected, OPTIONAL),
    SHAPE_MEMBER("AttributeUpdates", &attribute_updates, OPTIONAL),
    SHAPE_MEMBER("ReturnValuesOnConditionCheckFailure", &failure_values, OPTIONAL),
    SHAPE_MEMBER("UpdateExpression", &text, OPTIONAL),
    SHAPE_MEMBER("ConditionExpression", &text, OPTIONAL),
    SHAPE_MEMBER("ExpressionAttributeNames", &names, OPTIONAL),
    SHAPE_MEMBER("ExpressionAttributeValues", &values, OPTIONAL),
};
const struct shape shape_update_item = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(update_item)};

static const struct shape_member delete_item[] = {
    SHAPE_MEMBER("ReturnConsumedCapacity", &capacity, OPTIONAL),
    SHAPE_MEMBER("TableName", &shape_item_table, ALONE),
    SHAPE_MEMBER("Key", &attributes, REQUIRED),
    SHAPE_MEMBER("ReturnValues", &return_values, OPTIONAL),
    SHAPE_MEMBER("ReturnItemCollectionMetrics", &metrics, OPTIONAL),
    SHAPE_MEMBER("ConditionalOperator", &conditional_operator, OPTIONAL),
    SHAPE_MEMBER("Expected", &expected, OPTIONAL),
    SHAPE_MEMBER("ReturnValuesOnConditionCheckFailure", &failure_values, OPTIONAL),
    SHAPE_MEMBER("ConditionExpression", &text, OPTIONAL),
    SHAPE_MEMBER("ExpressionAttributeNames", &names, OPTIONAL),
    SHAPE_MEMBER("ExpressionAttributeValues", &values, OPTIONAL),
};
const struct shape shape_delete_item = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(delete_item)};

/* ---- many items ---- */

static const struct shape index_name = {
    .kind = SHAPE_STRING,
    .pattern = &shape_name_pattern,
    SHAPE_BETWEEN(TABLE_NAME_SIZE_MIN, TABLE_NAME_SIZE_MAX),
};

static const struct shape_member query[] = {
    SHAPE_MEMBER("Select", &select_word, OPTIONAL),
    SHAPE_MEMBER("IndexName", &index_name, OPTIONAL),
    SHAPE_MEMBER("ReturnConsumedCapacity", &capacity, OPTIONAL),
    SHAPE_MEMBER("QueryFilter", &conditions, OPTIONAL),
    SHAPE_MEMBER("TableName", &shape_item_table, REQUIRED),
    SHAPE_MEMBER("ConditionalOperator", &conditional_operator, OPTIONAL),
    SHAPE_MEMBER("AttributesToGet", &attributes_to_get, OPTIONAL),
    SHAPE_MEMBER("Limit", &query_limit, OPTIONAL),
    SHAPE_MEMBER("KeyConditions", &conditions, OPTIONAL),
    SHAPE_MEMBER("ExclusiveStartKey", &attributes, OPTIONAL),
    SHAPE_MEMBER("ConsistentRead", &boolean, OPTIONAL),
    SHAPE_MEMBER("ScanIndexForward", &boolean, OPTIONAL),
    SHAPE_MEMBER("KeyConditionExpression", &text, OPTIONAL),
    SHAPE_MEMBER("FilterExpression", &text, OPTIONAL),
    SHAPE_MEMBER("ProjectionExpression", &text, OPTIONAL),
    SHAPE_MEMBER("ExpressionAttributeNames", &names, OPTIONAL),
    SHAPE_MEMBER("ExpressionAttributeValues", &values, OPTIONAL),
};
const struct shape shape_query = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(query)};

static const struct shape segments = {.kind = SHAPE_INTEGER, SHAPE_BETWEEN(1, 1000000)};
static const struct shape segment = {.kind = SHAPE_INTEGER, SHAPE_BETWEEN(0, 999999)};

static const struct shape_member scan[] = {
    SHAPE_MEMBER("Select", &select_word, OPTIONAL),
    SHAPE_MEMBER("IndexName", &index_name, OPTIONAL),
    SHAPE_MEMBER("TotalSegments", &segments, OPTIONAL),
    SHAPE_MEMBER("ReturnConsumedCapacity", &capacity, OPTIONAL),
    SHAPE_MEMBER("TableName", &shape_item_table, REQUIRED),
    SHAPE_MEMBER("ConditionalOperator", &conditional_operator, OPTIONAL),
    SHAPE_MEMBER("ScanFilter", &conditions, OPTIONAL),
    SHAPE_MEMBER("Segment", &segment, OPTIONAL),
    SHAPE_MEMBER("Limit", &positive, OPTIONAL),
    SHAPE_MEMBER("AttributesToGet", &attributes_to_get, OPTIONAL),
    SHAPE_MEMBER("ExclusiveStartKey", &attributes, OPTIONAL),
    SHAPE_MEMBER("ConsistentRead", &boolean, OPTIONAL),
    SHAPE_MEMBER("FilterExpression", &text, OPTIONAL),
    SHAPE_MEMBER("ProjectionExpression", &text, OPTIONAL),
    SHAPE_MEMBER("ExpressionAttributeNames", &names, OPTIONAL),
    SHAPE_MEMBER("ExpressionAttributeValues", &values, OPTIONAL),
};
const struct shape shape_scan = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(scan)};

/* ---- batches ---- */

static const struct shape keys = {
    .kind = SHAPE_LIST,
    .element = &attributes,
    .bare = true,
    SHAPE_BETWEEN(1, ENGINE_BATCH_GET_MAX),
};
static const struct shape_member keys_and_attributes_members[] = {
    SHAPE_MEMBER("Keys", &keys, REQUIRED),
    SHAPE_MEMBER("AttributesToGet", &attributes_to_get, OPTIONAL),
    SHAPE_MEMBER("ConsistentRead", &boolean, OPTIONAL),
    SHAPE_MEMBER("ProjectionExpression", &text, OPTIONAL),
    SHAPE_MEMBER("ExpressionAttributeNames", &names, OPTIONAL),
};
static const struct shape keys_and_attributes = {
    .kind = SHAPE_STRUCTURE,
    .name = "KeysAndAttributes",
    SHAPE_MEMBERS(keys_and_attributes_members),
};
static const struct shape get_requests = {
    .kind = SHAPE_MAP,
    .key = &shape_item_table,
    .element = &keys_and_attributes,
    SHAPE_AT_MOST(ENGINE_BATCH_GET_MAX), /* none: the operation's own words */
};
static const struct shape_member batch_get_item[] = {
    SHAPE_MEMBER("ReturnConsumedCapacity", &capacity, OPTIONAL),
    SHAPE_MEMBER("RequestItems", &get_requests, REQUIRED),
};
const struct shape shape_batch_get_item = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(batch_get_item)};

static const struct shape_member delete_request_members[] = {
    SHAPE_MEMBER("Key", &attributes, REQUIRED),
};
static const struct shape delete_request = {
    .kind = SHAPE_STRUCTURE,
    .name = "DeleteRequest",
    SHAPE_MEMBERS(delete_request_members),
};
static const struct shape_member put_request_members[] = {
    SHAPE_MEMBER("Item", &attributes, REQUIRED),
};
static const struct shape put_request = {
    .kind = SHAPE_STRUCTURE,
    .name = "PutRequest",
    SHAPE_MEMBERS(put_request_members),
};
static const struct shape_member write_request_members[] = {
    SHAPE_MEMBER("DeleteRequest", &delete_request, OPTIONAL),
    SHAPE_MEMBER("PutRequest", &put_request, OPTIONAL),
};
static const struct shape write_request = {
    .kind = SHAPE_STRUCTURE,
    .name = "WriteRequest",
    SHAPE_MEMBERS(write_request_members),
};
static const struct shape write_requests = {
    .kind = SHAPE_LIST,
    .element = &write_request,
    SHAPE_BETWEEN(1, ENGINE_BATCH_WRITE_MAX),
};
static const struct shape table_write_requests = {
    .kind = SHAPE_MAP,
    .key = &shape_item_table,
    .element = &write_requests,
    SHAPE_AT_MOST(ENGINE_BATCH_WRITE_MAX),
};
static const struct shape_member batch_write_item[] = {
    SHAPE_MEMBER("ReturnConsumedCapacity", &capacity, OPTIONAL),
    SHAPE_MEMBER("ReturnItemCollectionMetrics", &metrics, OPTIONAL),
    SHAPE_MEMBER("RequestItems", &table_write_requests, REQUIRED),
};
const struct shape shape_batch_write_item = {.kind = SHAPE_STRUCTURE,
                                             SHAPE_MEMBERS(batch_write_item)};

/* ---- transactions ---- */

static const struct shape_member get_members[] = {
    SHAPE_MEMBER("Key", &attributes, REQUIRED),
    SHAPE_MEMBER("TableName", &shape_item_table, REQUIRED),
    SHAPE_MEMBER("ProjectionExpression", &text, OPTIONAL),
    SHAPE_MEMBER("ExpressionAttributeNames", &names, OPTIONAL),
};
static const struct shape get = {
    .kind = SHAPE_STRUCTURE, .name = "Get", SHAPE_MEMBERS(get_members)};
static const struct shape_member transact_get_item_members[] = {
    SHAPE_MEMBER("Get", &get, REQUIRED),
};
static const struct shape transact_get_item = {
    .kind = SHAPE_STRUCTURE,
    .name = "TransactGetItem",
    SHAPE_MEMBERS(transact_get_item_members),
};
static const struct shape transact_gets = {
    .kind = SHAPE_LIST,
    .element = &transact_get_item,
    SHAPE_BETWEEN(1, ENGINE_TRANSACTION_ITEMS_MAX),
};
static const struct shape_member transact_get_items[] = {
    SHAPE_MEMBER("TransactItems", &transact_gets, REQUIRED),
    SHAPE_MEMBER("ReturnConsumedCapacity", &capacity, OPTIONAL),
};
const struct shape shape_transact_get_items = {.kind = SHAPE_STRUCTURE,
                                               SHAPE_MEMBERS(transact_get_items)};

static const struct shape_member condition_check_members[] = {
    SHAPE_MEMBER("Key", &attributes, REQUIRED),
    SHAPE_MEMBER("TableName", &shape_item_table, REQUIRED),
    SHAPE_MEMBER("ConditionExpression", &text, REQUIRED),
    SHAPE_MEMBER("ExpressionAttributeNames", &names, OPTIONAL),
    SHAPE_MEMBER("ExpressionAttributeValues", &values, OPTIONAL),
    SHAPE_MEMBER("ReturnValuesOnConditionCheckFailure", &failure_values, OPTIONAL),
};
static const struct shape condition_check = {
    .kind = SHAPE_STRUCTURE,
    .name = "ConditionCheck",
    SHAPE_MEMBERS(condition_check_members),
};
static const struct shape_member put_members[] = {
    SHAPE_MEMBER("Item", &attributes, REQUIRED),
    SHAPE_MEMBER("TableName", &shape_item_table, REQUIRED),
    SHAPE_MEMBER("ConditionExpression", &text, OPTIONAL),
    SHAPE_MEMBER("ExpressionAttributeNames", &names, OPTIONAL),
    SHAPE_MEMBER("ExpressionAttributeValues", &values, OPTIONAL),
    SHAPE_MEMBER("ReturnValuesOnConditionCheckFailure", &failure_values, OPTIONAL),
};
static const struct shape put = {
    .kind = SHAPE_STRUCTURE, .name = "Put", SHAPE_MEMBERS(put_members)};
static const struct shape_member delete_members[] = {
    SHAPE_MEMBER("Key", &attributes, REQUIRED),
    SHAPE_MEMBER("TableName", &shape_item_table, REQUIRED),
    SHAPE_MEMBER("ConditionExpression", &text, OPTIONAL),
    SHAPE_MEMBER("ExpressionAttributeNames", &names, OPTIONAL),
    SHAPE_MEMBER("ExpressionAttributeValues", &values, OPTIONAL),
    SHAPE_MEMBER("ReturnValuesOnConditionCheckFailure", &failure_values, OPTIONAL),
};
static const struct shape delete = {
    .kind = SHAPE_STRUCTURE, .name = "Delete", SHAPE_MEMBERS(delete_members)};
static const struct shape_member update_members[] = {
    SHAPE_MEMBER("Key", &attributes, REQUIRED),
    SHAPE_MEMBER("UpdateExpression", &text, REQUIRED),
    SHAPE_MEMBER("TableName", &shape_item_table, REQUIRED),
    SHAPE_MEMBER("ConditionExpression", &text, OPTIONAL),
    SHAPE_MEMBER("ExpressionAttributeNames", &names, OPTIONAL),
    SHAPE_MEMBER("ExpressionAttributeValues", &values, OPTIONAL),
    SHAPE_MEMBER("ReturnValuesOnConditionCheckFailure", &failure_values, OPTIONAL),
};
static const struct shape update = {
    .kind = SHAPE_STRUCTURE, .name = "Update", SHAPE_MEMBERS(update_members)};
static const struct shape_member transact_write_item_members[] = {
    SHAPE_MEMBER("ConditionCheck", &condition_check, OPTIONAL),
    SHAPE_MEMBER("Put", &put, OPTIONAL),
    SHAPE_MEMBER("Delete", &delete, OPTIONAL),
    SHAPE_MEMBER("Update", &update, OPTIONAL),
};
static const struct shape transact_write_item = {
    .kind = SHAPE_STRUCTURE,
    .name = "TransactWriteItem",
    SHAPE_MEMBERS(transact_write_item_members),
};
static const struct shape transact_writes = {
    .kind = SHAPE_LIST,
    .element = &transact_write_item,
    SHAPE_BETWEEN(1, ENGINE_TRANSACTION_ITEMS_MAX),
};
static const struct shape token = {.kind = SHAPE_STRING, SHAPE_BETWEEN(1, 36)};
static const struct shape_member transact_write_items[] = {
    SHAPE_MEMBER("TransactItems", &transact_writes, REQUIRED),
    SHAPE_MEMBER("ReturnConsumedCapacity", &capacity, OPTIONAL),
    SHAPE_MEMBER("ReturnItemCollectionMetrics", &metrics, OPTIONAL),
    SHAPE_MEMBER("ClientRequestToken", &token, OPTIONAL),
};
const struct shape shape_transact_write_items = {.kind = SHAPE_STRUCTURE,
                                                 SHAPE_MEMBERS(transact_write_items)};

/* ---- PartiQL ---- */

static const struct shape statement_text = {.kind = SHAPE_STRING,
                                            SHAPE_BETWEEN(1, STATEMENT_SIZE_MAX)};
static const struct shape parameters = {
    .kind = SHAPE_LIST, .element = &attribute_value, SHAPE_AT_LEAST(1)};
static const struct shape next_token = {.kind = SHAPE_STRING,
                                        SHAPE_BETWEEN(1, STATEMENT_TOKEN_SIZE_MAX)};

static const struct shape_member execute_statement[] = {
    SHAPE_MEMBER("ReturnConsumedCapacity", &capacity, OPTIONAL),
    SHAPE_MEMBER("Statement", &statement_text, REQUIRED),
    SHAPE_MEMBER("Parameters", &parameters, OPTIONAL),
    SHAPE_MEMBER("Limit", &positive, OPTIONAL),
    SHAPE_MEMBER("NextToken", &next_token, OPTIONAL),
    SHAPE_MEMBER("ConsistentRead", &boolean, OPTIONAL),
    SHAPE_MEMBER("ReturnValuesOnConditionCheckFailure", &failure_values, OPTIONAL),
};
const struct shape shape_execute_statement = {.kind = SHAPE_STRUCTURE,
                                              SHAPE_MEMBERS(execute_statement)};

static const struct shape_member batch_statement_members[] = {
    SHAPE_MEMBER("Statement", &statement_text, REQUIRED),
    SHAPE_MEMBER("Parameters", &parameters, OPTIONAL),
    SHAPE_MEMBER("ConsistentRead", &boolean, OPTIONAL),
    SHAPE_MEMBER("ReturnValuesOnConditionCheckFailure", &failure_values, OPTIONAL),
};
static const struct shape batch_statement = {
    .kind = SHAPE_STRUCTURE,
    .name = "BatchStatementRequest",
    SHAPE_MEMBERS(batch_statement_members),
};
static const struct shape batch_statements = {
    .kind = SHAPE_LIST,
    .element = &batch_statement,
    SHAPE_BETWEEN(1, STATEMENT_BATCH_MAX),
};
static const struct shape_member batch_execute_statement[] = {
    SHAPE_MEMBER("ReturnConsumedCapacity", &capacity, OPTIONAL),
    SHAPE_MEMBER("Statements", &batch_statements, REQUIRED),
};
const struct shape shape_batch_execute_statement = {.kind = SHAPE_STRUCTURE,
                                                    SHAPE_MEMBERS(batch_execute_statement)};

static const struct shape_member transact_statement_members[] = {
    SHAPE_MEMBER("Statement", &statement_text, REQUIRED),
    SHAPE_MEMBER("Parameters", &parameters, OPTIONAL),
    SHAPE_MEMBER("ReturnValuesOnConditionCheckFailure", &failure_values, OPTIONAL),
};
static const struct shape transact_statement = {
    .kind = SHAPE_STRUCTURE,
    .name = "ParameterizedStatement",
    SHAPE_MEMBERS(transact_statement_members),
};
static const struct shape transact_statements = {
    .kind = SHAPE_LIST,
    .element = &transact_statement,
    SHAPE_BETWEEN(1, ENGINE_TRANSACTION_ITEMS_MAX),
};
static const struct shape_member execute_transaction[] = {
    SHAPE_MEMBER("ReturnConsumedCapacity", &capacity, OPTIONAL),
    SHAPE_MEMBER("TransactStatements", &transact_statements, REQUIRED),
    SHAPE_MEMBER("ClientRequestToken", &token, OPTIONAL),
};
const struct shape shape_execute_transaction = {.kind = SHAPE_STRUCTURE,
                                                SHAPE_MEMBERS(execute_transaction)};
