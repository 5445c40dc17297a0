/* pattern/grams.h - which pairs of neighbouring bytes a text has, roughly: a sieve for wildcards.
 *
 * A text that a wildcard matches has every pair that stands within the wildcard's pieces. Each pair
 * is one of 256 bits; two pairs may share one, so the sieve lets through too much, never too
 * little. */
#ifndef DYNLOG_PATTERN_GRAMS_H
#define DYNLOG_PATTERN_GRAMS_H

#include "base/bytes.h"

struct grams {
    uint64_t bits[4];
};

static inline void grams_add(struct grams *grams, struct bytes text)
{
    for (size_t i = 0; i + 1 < text.size; i++) {
        unsigned bit = (text.ptr[i] * 37u + text.ptr[i + 1]) & 255;

        grams->bits[bit / 64] |= (uint64_t)1 << (bit % 64);
    }
}

/* Whether all of `needed` are there. */
static inline bool grams_have(const struct grams *grams, const struct grams *needed)
{
    uint64_t missing = 0;

    for (size_t i = 0; i < 4; i++)
        missing |= needed->bits[i] & ~grams->bits[i];
    return missing == 0;
}

#endif
