/* value/number_range.h - private to value/: the last step of everything that makes a number. */
#ifndef DYNLOG_VALUE_NUMBER_RANGE_H
#define DYNLOG_VALUE_NUMBER_RANGE_H

#include "value/number.h"

/* Sets the exponent of a number that is not zero; REFUSED with AWS's message when it leaves the
 * range or when too_many digits were found. */
MUST_USE enum status number_in_range(struct number *number, int64_t exponent, bool too_many,
                                     struct api_error *reterr);

#endif
