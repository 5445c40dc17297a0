/* api/dynlog/subscriptions.h - what the two files of /_dynlog/subscriptions share. Private to
 * api/dynlog/. */
#ifndef DYNLOG_API_DYNLOG_SUBSCRIPTIONS_H
#define DYNLOG_API_DYNLOG_SUBSCRIPTIONS_H

#include "api/dynlog/dynlog.h"

/* What is refused here is named: INVALID 400, NOT_FOUND 404, IN_USE and CONFLICT 409, NO_SPACE and
 * UNAVAILABLE 503. Of a work that is not OK; `error` of one that is REFUSED. */
void subscriptions_fail(struct http_request *request, enum status status,
                        const struct api_error *error);

/* "start", "now", a position, or a time (2026-01-31T09:30:00Z) -> behind which position. REFUSED:
 * it is none of these. */
MUST_USE enum status subscriptions_read_from(struct api *api, uint32_t table_id, struct bytes text,
                                             uint64_t *ret);
/* A table of events; 0: the request was refused. */
uint32_t subscriptions_find_table(struct api *api, struct http_request *request, struct bytes name);

#endif
