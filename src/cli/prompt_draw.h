/* cli/prompt_draw.h - private to the prompt: some lines at the cursor, drawn over and over. */
#ifndef DYNLOG_CLI_PROMPT_DRAW_H
#define DYNLOG_CLI_PROMPT_DRAW_H

#include "cli/keys.h"
#include "cli/output.h"
#include "cli/prompt.h"

#define PROMPT_ROWS_MAX 12 /* of a list at once */

struct drawing {
    const struct cli *cli;
    struct buffer out; /* what is drawn next */
    size_t line_count; /* that stand there */
    size_t width;      /* of the terminal, as it is now */
    size_t rows;       /* of a list that fit */
};

static inline struct drawing drawing_begin(const struct cli *cli)
{
    return (struct drawing){.cli = cli, .out = BUFFER_INIT(CLI_LINE_SIZE_MAX)};
}

/* Looks how large the terminal is, and begins with what takes away the last drawing. */
void cli_drawing_start(struct drawing *drawing);
/* A line in a colour, cut to the width; `mark` stands before it. */
void cli_drawing_line(struct drawing *drawing, enum cli_colour colour, const char *mark,
                      struct bytes text);
/* Shows it. */
void cli_drawing_show(struct drawing *drawing);
/* Leaves "title: answer" there; answer NULL: nothing. */
void cli_drawing_end(struct drawing *drawing, const char *title, const char *answer);

/* The rows of a list around the mark: the first one of `rows` that show. */
size_t cli_drawing_first(size_t mark, size_t count, size_t rows);

/* The same questions on a terminal that only prints. */
enum prompt_end cli_plain_select(struct cli *cli, const char *title,
                                 const struct prompt_choice *choices, size_t count, size_t *at);
enum prompt_end cli_plain_line(struct cli *cli, const char *title, const struct prompt_line *line,
                               const char **ret);
enum prompt_end cli_plain_key(struct cli *cli, const struct prompt_key *keys, size_t count,
                              char *ret);

/* Typed text that `text` has somewhere, whatever the case of its letters. */
bool cli_prompt_matches(const char *text, struct bytes typed);

#endif
