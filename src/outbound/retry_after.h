/* outbound/retry_after.h - the header with which a server says when to come back (RFC 9110, section
 * 10.2.3): seconds, or a date in one of HTTP's three forms.
 *
 * EventBridge obeys it and, other than the RFC, gives a negative number a meaning: never again. */
#ifndef DYNLOG_OUTBOUND_RETRY_AFTER_H
#define DYNLOG_OUTBOUND_RETRY_AFTER_H

#include "base/bytes.h"

enum retry_after {
    RETRY_AFTER_NOT_SAID, /* also when it can't be understood */
    RETRY_AFTER_DELAY,    /* *ret_ms from now; 0 for a date that is past */
    RETRY_AFTER_NEVER,
};

/* More than this is this: no delivery gets as old. */
#define RETRY_AFTER_MS_MAX ((uint64_t)366 * 24 * 3600 * 1000)

enum retry_after retry_after_read(struct bytes text, uint64_t now_ms, uint64_t *ret_ms);

/* "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994".
 * The day of the week is not looked at. now_ms tells the century of a year of two digits. */
MUST_USE bool http_date_read(struct bytes text, uint64_t now_ms, uint64_t *ret_ms);

#endif
