/* cli/event_lines.h - the lines of a file or of standard input, one after the other, with their
 * numbers. Blank ones are left out: what never ends sends them to say that it lives. */
#ifndef DYNLOG_CLI_EVENT_LINES_H
#define DYNLOG_CLI_EVENT_LINES_H

#include "base/buffer.h"
#include "cli/event_line.h"
#include "cli/internal.h"

struct event_lines {
    FILE *in;
    bool is_ours; /* to close */
    bool is_file; /* can be read again */
    const char *name;
    uint64_t number; /* of the last line that was read, from 1 */
    struct buffer text;
};

enum event_lines_next {
    EVENT_LINES_ONE,
    EVENT_LINES_END,
    EVENT_LINES_INTERRUPTED, /* by a signal */
    EVENT_LINES_WRONG,       /* the line can't be read: `message` says why */
};

/* file "-": standard input. False: said why, exit status in *ret_exit. */
MUST_USE bool cli_event_lines_open(const struct cli *cli, const char *file, struct event_lines *ret,
                                   int *ret_exit);
void cli_event_lines_close(struct event_lines *lines); /* also for AUTO() */
/* Texts of *ret live in the arena. */
enum event_lines_next cli_event_lines_next(struct event_lines *lines, struct arena *arena,
                                           struct event_line *ret,
                                           char message[EVENT_LINE_MESSAGE_SIZE]);
/* From the first line again. */
void cli_event_lines_rewind(struct event_lines *lines);

#endif
