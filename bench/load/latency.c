/* bench/load/latency.c - a histogram whose buckets grow: 32 of them for each doubling. */
#include "load.h"

#include <stdlib.h>

#define PER_DOUBLING_BITS 5
#define PER_DOUBLING (1U << PER_DOUBLING_BITS)
#define BUCKETS ((64 - PER_DOUBLING_BITS) * PER_DOUBLING + PER_DOUBLING)

struct load_latency {
    uint64_t count, max;
    uint64_t buckets[BUCKETS];
};

struct load_latency *load_latency_new(void)
{
    struct load_latency *latency = calloc(1, sizeof *latency);

    if (latency == NULL)
        abort();
    return latency;
}

/* Below PER_DOUBLING one bucket a nanosecond; above, the highest bits. */
static unsigned bucket_of(uint64_t ns)
{
    if (ns < PER_DOUBLING)
        return (unsigned)ns;

    unsigned shift = 63U - (unsigned)__builtin_clzll(ns) - PER_DOUBLING_BITS;

    return (shift + 1) * PER_DOUBLING + (unsigned)((ns >> shift) - PER_DOUBLING);
}

static uint64_t lowest_of(unsigned bucket)
{
    if (bucket < PER_DOUBLING)
        return bucket;
    return (uint64_t)(PER_DOUBLING + bucket % PER_DOUBLING) << (bucket / PER_DOUBLING - 1);
}

void load_latency_add(struct load_latency *latency, uint64_t ns)
{
    latency->buckets[bucket_of(ns)]++;
    latency->count++;
    if (ns > latency->max)
        latency->max = ns;
}

uint64_t load_latency_at(const struct load_latency *latency, double part)
{
    uint64_t wanted = (uint64_t)((double)latency->count * part), seen = 0;

    for (unsigned i = 0; i < BUCKETS; i++) {
        seen += latency->buckets[i];
        if (seen > wanted)
            return lowest_of(i);
    }
    return latency->max;
}

uint64_t load_latency_max(const struct load_latency *latency)
{
    return latency->max;
}
