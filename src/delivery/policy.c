/* delivery/policy.c - see policy.h. */
#include "delivery/policy.h"

uint64_t delivery_expiry_ms(uint64_t accepted_ms, int32_t maximum_event_age_s)
{
    uint64_t age_s = maximum_event_age_s < 0 ? (uint64_t)DELIVERY_EVENT_AGE_S_MAX
                                             : (uint64_t)maximum_event_age_s;

    return accepted_ms + age_s * 1000;
}

/* The jitter is a hash of what waits: deliveries that failed together come back apart, and a run
 * with a manual clock can be repeated. */
uint64_t delivery_back_off_ms(uint32_t retry, uint64_t position)
{
    uint64_t whole = DELIVERY_RETRY_FIRST_MS;
    uint8_t seed[12];

    for (uint32_t i = 1; i < retry && whole < DELIVERY_RETRY_LONGEST_MS; i++)
        whole *= 2;
    if (whole > DELIVERY_RETRY_LONGEST_MS)
        whole = DELIVERY_RETRY_LONGEST_MS;
    bytes_put_u64(seed, position);
    bytes_put_u32(seed + 8, retry);
    return whole - bytes_hash(bytes_of(seed, sizeof seed)) % (whole / 2 + 1);
}

static uint32_t retries_max(const struct deliveries_options *options,
                            const struct delivery *delivery)
{
    if (options->maximum_retry_attempts >= 0)
        return (uint32_t)options->maximum_retry_attempts;
    return delivery->maximum_retry_attempts < 0 ? DELIVERY_RETRY_ATTEMPTS_MAX
                                                : (uint32_t)delivery->maximum_retry_attempts;
}

struct delivery_verdict delivery_decide(const struct deliveries_options *options,
                                        const struct delivery *delivery, uint64_t position,
                                        uint32_t failed, const struct delivery_error *error,
                                        uint64_t now_ms)
{
    uint64_t expiry_ms = delivery_expiry_ms(delivery->accepted_ms, delivery->maximum_event_age_s);
    uint64_t wait_ms = 0;

    if (!error->retriable)
        return (struct delivery_verdict){.condition = DELIVERY_NOT_EXHAUSTED};
    if (failed > retries_max(options, delivery))
        return (struct delivery_verdict){.condition = DELIVERY_ATTEMPTS_EXHAUSTED};
    if (now_ms >= expiry_ms)
        return (struct delivery_verdict){.condition = DELIVERY_AGE_EXCEEDED};
    wait_ms = options->retry_delay_ms >= 0 ? (uint64_t)options->retry_delay_ms
                                           : delivery_back_off_ms(failed, position);
    if (wait_ms < error->retry_after_ms)
        wait_ms = error->retry_after_ms;
    return (struct delivery_verdict){
        .again = true,
        .next_ms = wait_ms < expiry_ms - now_ms ? now_ms + wait_ms : expiry_ms,
    };
}
