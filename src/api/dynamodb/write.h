/* api/dynamodb/write.h - PutItem, UpdateItem and DeleteItem differ in one word; see write.c. */
#ifndef DYNLOG_API_DYNAMODB_WRITE_H
#define DYNLOG_API_DYNAMODB_WRITE_H

#include "api/dynamodb/dynamodb.h"

/* Decodes the call as one write of that kind, has the engine do it, answers. */
void dynamodb_write_one(struct api_call *call, enum write_kind kind);

#endif
