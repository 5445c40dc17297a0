/* mapping/filters.h - FilterCriteria: which records a mapping's consumer sees at all. */
#ifndef DYNLOG_MAPPING_FILTERS_H
#define DYNLOG_MAPPING_FILTERS_H

#include "mapping/mapping.h"
#include "pattern/pattern.h"

/* Before mapping_filters_new(). */
MUST_USE enum status mapping_filters_check(const struct mapping_settings *settings,
                                           struct api_error *reterr);
/* NULL: every record is taken. matcher_free() */
struct matcher *mapping_filters_new(const struct mapping_settings *settings);
/* Of a queue: the record as queue_record_print_parsed() prints it. */
bool mapping_filters_take(struct matcher *filters, struct bytes record, struct arena *arena);

#endif
