/* api/dynamodb/update_item.c - UpdateItem. */
#include "api/dynamodb/write.h"
#include "api/operations.h"

void api_update_item(struct api_call *call)
{
    dynamodb_write_one(call, WRITE_UPDATE);
}
