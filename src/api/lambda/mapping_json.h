/* api/lambda/mapping_json.h - an event source mapping as answers have it, and its tags. */
#ifndef DYNLOG_API_LAMBDA_MAPPING_JSON_H
#define DYNLOG_API_LAMBDA_MAPPING_JSON_H

#include "api/api.h"
#include "mapping/registry.h"

/* EventSourceMappingConfiguration */
void mapping_json_write(struct api_call *call, struct json_writer *w,
                        const struct mapping_registry_view *view);
/* The one with this UUID, which is there. */
void mapping_json_answer(struct api_call *call, int http_status, struct bytes uuid);
/* {NAME: VALUE}; tags NULL: none. */
MUST_USE enum status mapping_json_decode_tags(struct api_call *call, const struct json *tags,
                                              struct mapping_registry_change *change);

#endif
