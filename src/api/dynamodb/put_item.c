/* api/dynamodb/put_item.c - PutItem. */
#include "api/dynamodb/write.h"
#include "api/operations.h"

void api_put_item(struct api_call *call)
{
    dynamodb_write_one(call, WRITE_PUT);
}
