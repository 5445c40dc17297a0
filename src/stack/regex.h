/* stack/regex.h - the regular expressions of AllowedPattern, as far as templates use them.
 *
 *   literal  .  [a-z]  [^a-z]  \d \w \s \D \W \S  ( )  (?: )  a|b  ?  *  +  {n} {n,} {n,m}  ^  $
 *
 * CloudFormation's are Java's; what is not in this list (look-ahead, back-references, possessive
 * quantifiers) is UNSUPPORTED, and so is a match that takes too many steps: a pattern of a file
 * must not hang a start. A lazy quantifier matches as a greedy one: only the whole text counts. */
#ifndef DYNLOG_STACK_REGEX_H
#define DYNLOG_STACK_REGEX_H

#include "base/bytes.h"

#define REGEX_DEPTH_MAX 1000   /* parts that are being matched at once: stack */
#define REGEX_STEPS_MAX 200000 /* of one match */

enum regex_answer { REGEX_MATCHES, REGEX_DIFFERS, REGEX_UNSUPPORTED };

/* The whole text must match, as AllowedPattern wants it. */
enum regex_answer regex_match(struct bytes pattern, struct bytes text);

#endif
