/* logs/regex.h - the regular expressions of filter patterns. (AWS: CloudWatch Logs user guide,
 * "Supported regular expressions".)
 *
 *   a . [a-z_] [^0-9] \d \D \s \S \w \W \x3A \[      one character
 *   ? * + {2} {2,} {,3} {2,3}                        how often it comes
 *   ^ $                                              at the beginning and at the end
 *   |                                                between alternatives
 *
 * There are no parentheses, so an expression is alternatives of characters in a row. All ways of
 * matching are walked at once, one character of the text after the other: the time is the text's
 * size times the expression's, whatever they are. */
#ifndef DYNLOG_LOGS_REGEX_H
#define DYNLOG_LOGS_REGEX_H

#include "base/arena.h"

/* Characters of an expression, once those with counts are written out: {3} is three. */
#define REGEX_ATOMS_MAX 1000

struct regex;

/* What stands between the percent signs. MALFORMED: it is none. TOO_LARGE: REGEX_ATOMS_MAX. */
MUST_USE enum status regex_parse(struct arena *arena, struct bytes text, const struct regex **ret);
/* Whether it matches somewhere in the text, which is UTF-8. */
bool regex_matches(const struct regex *regex, struct bytes text);
/* As it was given. */
struct bytes regex_text(const struct regex *regex);

#endif
