/* base/duration.h - how long something takes, as people write it.
 *
 *   90        seconds; also 1.5
 *   1h30m     weeks (w), days (d), hours (h), minutes (m), seconds (s), milliseconds (ms); the
 *             larger unit first, each once; the last number may have a fraction
 *   PT1H30M   ISO 8601, with P, W, D, H, M and S; years and months differ in length, and are none
 */
#ifndef DYNLOG_BASE_DURATION_H
#define DYNLOG_BASE_DURATION_H

#include "base/buffer.h"

#define DURATION_MS_MAX ((uint64_t)1000 * 366 * 24 * 60 * 60 * 1000) /* a thousand years */

/* What is finer than a millisecond is let go. False: it is none, or longer than the maximum. */
MUST_USE bool duration_parse(struct bytes text, uint64_t *ret_ms);
/* "1h30m", "1.5s", "0s": what duration_parse() reads back as the same. */
void duration_print(struct buffer *out, uint64_t ms);

#endif
