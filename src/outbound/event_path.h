/* outbound/event_path.h - a path into an event, as HttpParameters may have in place of a value: the
 * notation of an input transformer, "$", "$.detail.id", "$.resources[0]". */
#ifndef DYNLOG_OUTBOUND_EVENT_PATH_H
#define DYNLOG_OUTBOUND_EVENT_PATH_H

#include "json/json.h"

/* "$", or "$." and "$[" and what follows: everything else stands for itself. */
bool event_path_is(struct bytes text);
/* What stands there; NULL: nothing, or the path is none. */
const struct json *event_path_find(const struct json *event, struct bytes path);

#endif
