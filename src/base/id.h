/* base/id.h - the ids that AWS answers carry. Random bytes come from the kernel, in blocks; ids of
 * requests, one an answer, from a generator that they begin. */
#ifndef DYNLOG_BASE_ID_H
#define DYNLOG_BASE_ID_H

#include "base/bytes.h"

#define ID_UUID_SIZE 37 /* 36 characters and a NUL */
/* RFC 9562, version 4, lower case: event ids, invocation ids. */
void id_uuid(char out[ID_UUID_SIZE]);

#define ID_REQUEST_SIZE 53 /* 52 characters and a NUL */
/* The shape of DynamoDB's x-amzn-requestid: 52 of A-Z and 0-9. */
void id_request(char out[ID_REQUEST_SIZE]);

/* The same shape made of two numbers: always the same, and another one for other numbers, but for
 * six of their bits. Looks random and is none: no secret. */
void id_uuid_of(uint64_t high, uint64_t low, char out[ID_UUID_SIZE]);

void id_random(uint8_t *out, size_t size);

#endif
