/* pattern/place.h - where in a pattern's text a walk over its parsed values is, for messages.
 *
 * The walker calls place_value() for every token that it looks at, in the order of the text: each
 * bracket and brace, each value; and place_name() for the name of a member. The place is then what
 * AWS's parser would call its current location: behind a bracket, a number or a word, behind the
 * opening quote of a string; and for a name, what it is for the value behind the name. */
#ifndef DYNLOG_PATTERN_PLACE_H
#define DYNLOG_PATTERN_PLACE_H

#include "base/bytes.h"

struct place {
    struct bytes text; /* well-formed JSON */
    size_t at;         /* the current location */
    size_t next;       /* where the next token is looked for */
};

void place_value(struct place *place);
void place_name(struct place *place);

/* From 1; columns in bytes. */
void place_line_column(const struct place *place, size_t *ret_line, size_t *ret_column);

#endif
