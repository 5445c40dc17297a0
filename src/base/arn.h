/* base/arn.h - Amazon resource names. dynlog answers for one account in one region; a request's
 * region and key never select another database. */
#ifndef DYNLOG_BASE_ARN_H
#define DYNLOG_BASE_ARN_H

#include "base/arena.h"

struct arn_place {
    const char *partition; /* "aws" */
    const char *region;    /* "us-east-1" */
    const char *account;   /* "000000000000" */
};

/* arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE */
struct bytes arn_make(struct arena *arena, const struct arn_place *place, const char *service,
                      const char *resource_format, ...) PRINTF_LIKE(4, 5);

struct arn {
    struct bytes partition, service, region, account, resource;
};
/* The parts point into text. False when it is no ARN. */
MUST_USE bool arn_parse(struct bytes text, struct arn *ret);

#endif
