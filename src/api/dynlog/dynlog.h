/* api/dynlog/dynlog.h - what the files of /_dynlog share. */
#ifndef DYNLOG_API_DYNLOG_DYNLOG_H
#define DYNLOG_API_DYNLOG_DYNLOG_H

#include "api/internal.h"

/* GET /_dynlog/log?table=T&from=POSITION&log=L&type=T */
void api_dynlog_log(struct api *api, struct http_request *request);

#endif
