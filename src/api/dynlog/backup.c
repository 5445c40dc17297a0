/* api/dynlog/backup.c - /_dynlog/backup: a copy of the data folder that this dynlog makes of itself
 * (server/backing_up.c).
 *
 *   POST  {"to":"/absolute/folder"}   begins it: 202. "ownBytes":true: no hard links to its tables
 *   GET                               how far it is, or what became of the last one
 *
 *   both  {"state":"NONE"|"RUNNING"|"DONE"|"FAILED","to","bytes","total","position","message"} */
#include "api/dynlog/dynlog.h"

static void answer(struct api *api, struct http_request *request, int http_status)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(API_ANSWER_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    api->services.server.write_backup(api->services.server.context, &w);
    json_end_object(&w);
    api_dynlog_answer(request, http_status, buffer_bytes(&out));
}

void api_dynlog_backup(struct api *api, struct http_request *request)
{
    answer(api, request, 200);
}

void api_dynlog_begin_backup(struct api *api, struct http_request *request)
{
    const struct json *json = NULL;
    struct api_error error = {0};

    if (json_parse(http_arena(request), http_body(request), &json, NULL) != OK ||
        !json_is(json, JSON_OBJECT)) {
        api_dynlog_refuse(request, 400, BYTES("where to? {\"to\":\"/absolute/folder\"}"));
        return;
    }
    enum status status =
        api->services.server.begin_backup(api->services.server.context, json_get_string(json, "to"),
                                          json_bool(json_get(json, "ownBytes")), &error);

    if (status == OK)
        answer(api, request, 202);
    else
        api_dynlog_refuse(request, status == CONFLICT ? 409 : 400, bytes_of_text(error.message));
}
