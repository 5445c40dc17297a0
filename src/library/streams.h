/* library/streams.h - the list that dynlog_streams() gives out, while it is made. */
#ifndef DYNLOG_LIBRARY_STREAMS_H
#define DYNLOG_LIBRARY_STREAMS_H

#include "base/bytes.h"
#include <dynlog.h>

#define STREAMS_LIMIT_MAX 1000

struct streams_made;

struct streams_made *streams_made_new(void);
/* The id is copied. */
void streams_made_add(struct streams_made *made, struct bytes id, uint64_t version,
                      uint64_t last_position);
/* As they were added; dynlog_streams_free() frees it. */
struct dynlog_streams *streams_made_done(struct streams_made *made, bool more);

#endif
