/* outbound/rate.h - so many in a second: a bucket that holds one second's worth and fills evenly.
 *
 * It is kept as one number, the time at which the bucket will be full: taking one moves it on by
 * the time that one takes to fill. */
#ifndef DYNLOG_OUTBOUND_RATE_H
#define DYNLOG_OUTBOUND_RATE_H

#include "base/base.h"

struct rate {
    uint64_t full_us; /* 0 at birth: full */
};

/* 0: taken. Else nothing was taken, and so many milliseconds from now one will be there. */
static inline uint64_t rate_take(struct rate *rate, uint64_t per_second, uint64_t now_ms)
{
    uint64_t now_us = now_ms * 1000, one_us = 1000000 / per_second;
    uint64_t full_us = rate->full_us > now_us ? rate->full_us : now_us;

    if (full_us + one_us > now_us + 1000000)
        return (full_us + one_us - now_us - 1000000 + 999) / 1000;
    rate->full_us = full_us + one_us;
    return 0;
}

#endif
