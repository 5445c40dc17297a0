/* api/dynlog/dynlog.h - what the files of /_dynlog share. */
#ifndef DYNLOG_API_DYNLOG_DYNLOG_H
#define DYNLOG_API_DYNLOG_DYNLOG_H

#include "api/internal.h"

void api_dynlog_answer(struct http_request *request, int status, struct bytes json);

/* GET /_dynlog/shards?table=T */
void api_dynlog_shards(struct api *api, struct http_request *request);
/* POST /_dynlog/shards {"table":T,"action":"roll"|"split","shard":ID} */
void api_dynlog_change_shards(struct api *api, struct http_request *request);

/* GET /_dynlog/log?table=T&from=POSITION&log=L&type=T */
void api_dynlog_log(struct api *api, struct http_request *request);

#endif
