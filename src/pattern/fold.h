/* pattern/fold.h - letters without their case, for equals-ignore-case.
 *
 * Simple case folding, letter by letter, of Latin, Greek, Cyrillic and Armenian; all else stays as
 * it is. No letter changes its size in UTF-8, so a folded text has the size of the text. */
#ifndef DYNLOG_PATTERN_FOLD_H
#define DYNLOG_PATTERN_FOLD_H

#include "base/arena.h"

/* The folded text lives in the arena. */
struct bytes fold_text(struct arena *arena, struct bytes text);

#endif
