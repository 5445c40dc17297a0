/* delivery/policy.h - what follows from a failed attempt. (AWS: RetryPolicy, MaximumRetryAttempts,
 * MaximumEventAgeInSeconds.) Nothing here has a state: the same delivery, error and time give the
 * same answer, so a test replays. */
#ifndef DYNLOG_DELIVERY_POLICY_H
#define DYNLOG_DELIVERY_POLICY_H

#include "delivery/delivery.h"

enum delivery_condition {
    DELIVERY_NOT_EXHAUSTED, /* the error is none that passes */
    DELIVERY_ATTEMPTS_EXHAUSTED,
    DELIVERY_AGE_EXCEEDED,
};

struct delivery_verdict {
    bool again;       /* at next_ms. Else: to be given up, for this condition */
    uint64_t next_ms; /* never after the delivery is too old: it is given up then */
    enum delivery_condition condition;
};

/* When it is too old to be tried. */
uint64_t delivery_expiry_ms(uint64_t accepted_ms, int32_t maximum_event_age_s);

/* The wait before retry number `retry` (from 1), of the delivery with this position. */
uint64_t delivery_back_off_ms(uint32_t retry, uint64_t position);

/* After `failed` attempts, the last one with this error. */
struct delivery_verdict delivery_decide(const struct deliveries_options *options,
                                        const struct delivery *delivery, uint64_t position,
                                        uint32_t failed, const struct delivery_error *error,
                                        uint64_t now_ms);

#endif
