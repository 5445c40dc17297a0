/* api/dynamodb/table_change.h - how operations that change a table start and end. */
#ifndef DYNLOG_API_DYNAMODB_TABLE_CHANGE_H
#define DYNLOG_API_DYNAMODB_TABLE_CHANGE_H

#include "api/dynamodb/dynamodb.h"

/* Its context is the call, its arena the call's. */
void table_change_init(struct table_change *change, struct api_call *call,
                       enum table_change_kind kind,
                       void (*done)(struct table_change *change, enum status status));
/* One in the call's arena. */
struct table_change *table_change_new(struct api_call *call, enum table_change_kind kind,
                                      void (*done)(struct table_change *change,
                                                   enum status status));
/* True: answered already, because the change failed. */
bool table_change_failed(struct table_change *change, enum status status);
/* {"TableDescription": ...} */
void table_answer_description(struct table_change *change, enum status status,
                              const char *table_status);

#endif
