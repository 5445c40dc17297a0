/* api/logs/common.h - what CloudWatch Logs' operations share. (AWS: CloudWatch Logs API reference.)
 */
#ifndef DYNLOG_API_LOGS_COMMON_H
#define DYNLOG_API_LOGS_COMMON_H

#include "api/api.h"
#include "api/decode.h"
#include "api/operations.h"

/* The group that logGroupName or logGroupIdentifier (a name or an ARN) names; until the next
 * change. REFUSED: none or both are given, or there is no such group. */
MUST_USE enum status logs_api_group(struct api_call *call, const struct log_group_view **ret);

struct log_change *logs_api_change(struct api_call *call, enum log_change_kind kind);
void logs_api_submit(struct api_call *call, struct log_change *change, enum status status);

/* A map of tags; an array in the arena. */
const struct log_tag *logs_api_tags(struct api_call *call, const char *member, size_t *ret_count);

/* Tokens of lists: the name that the page ended with, as Base64. */
MUST_USE enum status logs_api_token(struct api_call *call, struct bytes *ret);
void logs_api_write_token(struct json_writer *w, struct bytes name);

#endif
