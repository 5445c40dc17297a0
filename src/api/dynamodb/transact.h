/* api/dynamodb/transact.h - what both transactional operations check. */
#ifndef DYNLOG_API_DYNAMODB_TRANSACT_H
#define DYNLOG_API_DYNAMODB_TRANSACT_H

#include "api/dynamodb/dynamodb.h"

/* TransactItems: there, 1 to 100. */
MUST_USE enum status transact_check_count(const struct json *items, struct api_error *reterr);

#endif
