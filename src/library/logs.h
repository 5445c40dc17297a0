/* library/logs.h - the lists that dynlog_logs() and dynlog_private_logs() (private_logs.c) give
 * out, while they are made. */
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

struct private_logs_made;

struct private_logs_made *private_logs_made_new(void);
/* In the order of names. The name is copied. */
void private_logs_made_add(struct private_logs_made *made, struct bytes name, uint64_t declared_ms);
/* dynlog_private_logs_free() frees it. */
struct dynlog_private_logs *private_logs_made_done(struct private_logs_made *made);

#endif
