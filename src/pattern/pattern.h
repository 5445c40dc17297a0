/* pattern/pattern.h - event patterns and the compiled matcher. (AWS: EventBridge user guide,
 * "Comparison operators for use in event patterns".)
 *
 * A pattern is checked and compiled once. A matcher holds the patterns of thousands of rules and
 * finds those that match an event in a time that depends on the event, hardly on their number: the
 * event is flattened once into (path, value) fields, and only the paths that some pattern names are
 * looked at. */
#ifndef DYNLOG_PATTERN_PATTERN_H
#define DYNLOG_PATTERN_PATTERN_H

#include "base/api_error.h"
#include "json/json.h"

#define PATTERN_SIZE_MAX 4096 /* bytes of an EventPattern; AWS's limit */

struct matcher;

struct matcher *matcher_new(void);
void matcher_free(struct matcher *matcher);

/* REFUSED with InvalidEventPatternException and where it is wrong:
 * "Event pattern is not valid. Reason: ... at [Source: ...; line: 1, column: 12]"; or because its
 * wildcards are too complex for EventBridge (complexity.h). */
MUST_USE enum status pattern_check(struct bytes pattern, struct api_error *reterr);

/* REFUSED as above, but whatever the wildcards: this one has no trouble with them. The pattern's
 * bytes are copied. `rule` is handed back by matcher_match(); adding it again replaces it. */
MUST_USE enum status matcher_add(struct matcher *matcher, void *rule, struct bytes pattern,
                                 struct api_error *reterr);
void matcher_remove(struct matcher *matcher, void *rule);

/* Calls found() for every rule whose pattern matches, once each. */
void matcher_match(struct matcher *matcher, const struct json *event,
                   void (*found)(void *context, void *rule), void *context);

/* One pattern against one event: TestEventPattern. */
MUST_USE enum status pattern_test(struct bytes pattern, const struct json *event, bool *ret,
                                  struct api_error *reterr);

#endif
