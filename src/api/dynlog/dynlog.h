/* api/dynlog/dynlog.h - what the files of /_dynlog share. */
#ifndef DYNLOG_API_DYNLOG_DYNLOG_H
#define DYNLOG_API_DYNLOG_DYNLOG_H

#include "api/internal.h"

void api_dynlog_answer(struct http_request *request, int status, struct bytes json);
/* {"message":why} */
void api_dynlog_refuse(struct http_request *request, int status, struct bytes why);
/* {"error":name,"message":why} */
void api_dynlog_refuse_named(struct http_request *request, int http_status, const char *name,
                             struct bytes why);
/* What the store said, of a change: 503 NO_SPACE, or UNAVAILABLE. */
void api_dynlog_fail(struct http_request *request, enum status status);

/* 503, with Retry-After: {"error":"IN_USE","message":...}: the order of the table's events is being
 * made, and nobody is to take what there is of it for all. */
void api_dynlog_refuse_filling(struct http_request *request, struct bytes table);

/* GET /_dynlog/shards?table=T */
void api_dynlog_shards(struct api *api, struct http_request *request);
/* POST /_dynlog/shards {"table":T,"action":"roll"|"split","shard":ID} */
void api_dynlog_change_shards(struct api *api, struct http_request *request);

/* POST /_dynlog/drain */
void api_dynlog_drain(struct api *api, struct http_request *request);

/* GET /_dynlog/clock */
void api_dynlog_clock(struct api *api, struct http_request *request);
/* POST /_dynlog/clock {"advance":DURATION} or {"to":TIME or "next"} */
void api_dynlog_move_clock(struct api *api, struct http_request *request);

/* GET /_dynlog/log?table=T&from=POSITION&log=L&id=ID&type=T */
void api_dynlog_log(struct api *api, struct http_request *request);
/* GET /_dynlog/logs?table=T, GET /_dynlog/streams?log=L */
void api_dynlog_logs(struct api *api, struct http_request *request);
void api_dynlog_streams(struct api *api, struct http_request *request);

/* /_dynlog/subscriptions: subscriptions.c, and members in members.c */
void api_dynlog_subscriptions(struct api *api, struct http_request *request);
void api_dynlog_parked(struct api *api, struct http_request *request);
void api_dynlog_position_at(struct api *api, struct http_request *request);
void api_dynlog_unpark(struct api *api, struct http_request *request);
void api_dynlog_reset_subscription(struct api *api, struct http_request *request);
void api_dynlog_delete_subscription(struct api *api, struct http_request *request);
void api_dynlog_subscription_events(struct api *api, struct http_request *request);
void api_dynlog_event_done(struct api *api, struct http_request *request);
void api_dynlog_event_failed(struct api *api, struct http_request *request);
/* Every member leaves now. */
void api_dynlog_end_members(struct api *api);

/* GET /_dynlog/journeys?event=EVENT */
void api_dynlog_journeys(struct api *api, struct http_request *request);
/* Those that go on end now. */
void api_dynlog_end_journeys(struct api *api);

/* GET, POST {"function":NAME,"note":{},"held":true} and DELETE ?function=NAME of /_dynlog/holds */
void api_dynlog_get_holds(struct api *api, struct http_request *request);
void api_dynlog_post_holds(struct api *api, struct http_request *request);
void api_dynlog_delete_holds(struct api *api, struct http_request *request);

/* GET /_dynlog/private, PUT /_dynlog/private?log=LOG, POST /_dynlog/forget?log=LOG&id=ID */
void api_dynlog_private(struct api *api, struct http_request *request);
void api_dynlog_make_private(struct api *api, struct http_request *request);
void api_dynlog_forget(struct api *api, struct http_request *request);

/* POST /_dynlog/unseal [{"pk":PK,"sk":SK,"sealed":TEXT},...] */
void api_dynlog_unseal(struct api *api, struct http_request *request);
/* What POST does with the call's body. REFUSED: call->error, and which entry it is (SIZE_MAX: none
 * of them). */
MUST_USE enum status api_unseal(struct api_call *call, struct buffer *out, size_t *ret_index);

/* POST /_dynlog/backup {"to":FOLDER,"ownBytes":true}, and GET: how far it is */
void api_dynlog_begin_backup(struct api *api, struct http_request *request);
void api_dynlog_backup(struct api *api, struct http_request *request);

/* GET, POST and DELETE /_dynlog/faults */
void api_dynlog_get_faults(struct api *api, struct http_request *request);
void api_dynlog_post_faults(struct api *api, struct http_request *request);
void api_dynlog_delete_faults(struct api *api, struct http_request *request);
/* What POST does with the call's body. REFUSED: call->error. */
MUST_USE enum status api_add_faults(struct api_call *call);
void api_clear_faults(struct api_call *call);
/* What GET answers. */
void api_print_faults(struct api_call *call, struct buffer *out);

#endif
