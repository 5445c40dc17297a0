/* cli/program.h - other programs of the machine: where they are, and what they say of themselves.
 */
#ifndef DYNLOG_CLI_PROGRAM_H
#define DYNLOG_CLI_PROGRAM_H

#include "base/arena.h"

#define PROGRAM_OUTPUT_SIZE_MAX ((size_t)64 * 1024)
#define PROGRAM_ANSWER_MS 10000 /* for one that answers at all: a Python that starts cold */

/* The name's place on PATH, from the number `turn` on (0: the first); NULL when there is none. A
 * name with a slash is its own place. */
const char *cli_program_find(struct arena *arena, const char *name, size_t turn);

/* What it prints, both streams, without blanks around; its input is empty. NOT_FOUND: it can't be
 * run. TIMED_OUT: it was ended after PROGRAM_ANSWER_MS. REFUSED: another exit status than 0; *ret
 * is set all the same. arguments: the place first, NULL at the end. */
MUST_USE enum status cli_program_ask(struct arena *arena, const char *const *arguments,
                                     struct bytes *ret);

#endif
