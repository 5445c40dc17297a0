/* api/dynamodb/delete_item.c - DeleteItem. */
#include "api/dynamodb/write.h"
#include "api/operations.h"

void api_delete_item(struct api_call *call)
{
    dynamodb_write_one(call, WRITE_DELETE);
}
