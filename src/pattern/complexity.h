/* pattern/complexity.h - whether EventBridge would call a pattern's wildcards too complex.
 *
 * Its engine follows all wildcards of one field at once, and a value that leads into many of them
 * at the same time is slow there. So it refuses a pattern when some value would: the most
 * beginnings of wildcards ("a*b", "a*", "a" of "a*b*c") that a value's first bytes can match at a
 * time, added up over the field's wildcards, with the stars that may follow. That is the measure of
 * its open source engine (event-ruler, MachineComplexityEvaluator); the limit is what people have
 * met.
 *
 * Alternatives of $or are rules of their own in one engine: where the fields before in the order of
 * their paths are the same, their wildcards of one field are followed at once too.
 *
 * The matcher here has no such trouble; the pattern would be refused at its deployment. */
#ifndef DYNLOG_PATTERN_COMPLEXITY_H
#define DYNLOG_PATTERN_COMPLEXITY_H

#include "pattern/compiled.h"

#define COMPLEXITY_MAX 10

bool complexity_is_too_high(const struct pattern *pattern);

#endif
