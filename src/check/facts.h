/* check/facts.h - rows that one side says must be there, and rows that are: without keeping either.
 *
 * Each row is a hash in one of many sums, by its key: what is expected is added, what is there is
 * taken away. When both sides told the same rows every sum is zero, in whatever order they came;
 * when a row is missing, too much or different, its sum is not (but for one chance in 2^64), and
 * both sides are told once more to find which: then the rows of those sums alone are kept.
 *
 *   facts_expect(), facts_there() ...  ->  facts_agree()?  yes: done
 *                                              | no
 *   facts_begin_again(), the same rows once more  ->  facts_tell() */
#ifndef DYNLOG_CHECK_FACTS_H
#define DYNLOG_CHECK_FACTS_H

#include "base/arena.h"

struct facts;

struct facts *facts_new(void);
void facts_free(struct facts *facts); /* also NULL */

void facts_expect(struct facts *facts, struct bytes key, struct bytes value);
void facts_there(struct facts *facts, struct bytes key, struct bytes value);

bool facts_agree(const struct facts *facts);
/* The rows that differ are looked for: at most as many as fit into FACTS_KEPT_SIZE_MAX. */
#define FACTS_KEPT_SIZE_MAX ((size_t)64 * 1024 * 1024)
void facts_begin_again(struct facts *facts);
/* Each row that was expected or was there, and not both. expected, there: NULL when it was not. In
 * no order. */
void facts_tell(struct facts *facts,
                void (*tell)(void *context, struct bytes key, const struct bytes *expected,
                             const struct bytes *there),
                void *context);

#endif
