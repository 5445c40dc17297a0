/* value/stream_key.h - the partition key of a log's stream: LOG#ID#stream. */
#ifndef DYNLOG_VALUE_STREAM_KEY_H
#define DYNLOG_VALUE_STREAM_KEY_H

#include "base/bytes.h"

/* "users#12#stream" -> "users", "12". False: it is no stream's. A log has no '#', an id may. */
MUST_USE bool stream_key_read(struct bytes pk, struct bytes *ret_log, struct bytes *ret_id);

#endif
