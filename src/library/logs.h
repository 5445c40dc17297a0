/* library/logs.h - the list that dynlog_logs() gives out, while it is made. */
#ifndef DYNLOG_LIBRARY_LOGS_H
#define DYNLOG_LIBRARY_LOGS_H

#include "base/bytes.h"
#include <dynlog.h>

struct logs_made;

struct logs_made *logs_made_new(void);
/* The name is copied. */
void logs_made_add(struct logs_made *made, struct bytes name, uint64_t event_count,
                   uint64_t last_position);
/* By name; dynlog_logs_free() frees it. */
struct dynlog_logs *logs_made_done(struct logs_made *made);

#endif
