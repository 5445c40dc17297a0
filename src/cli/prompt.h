/* cli/prompt.h - questions to a person: one of a list, a line, a key, yes or no.
 *
 * On a terminal a list is gone through with arrow keys (the page keys, Home, End) and
 * narrowed by typing; a line is edited, with suggestions on Tab, Up and Down. On a plain terminal
 * (TERM=dumb or none), or where input and output are no terminal, a list has numbers and a line is
 * a line: every question can be answered either way. While a question is open the terminal is the
 * question's (cli/keys.h); it is restored at every way out. Answered, a question is one line:
 *
 *   Table: local-core */
#ifndef DYNLOG_CLI_PROMPT_H
#define DYNLOG_CLI_PROMPT_H

#include "cli/internal.h"

#define PROMPT_LINE_SIZE_MAX ((size_t)4096) /* a line that is typed: an expression of AWS's limit  \
                                             */

enum prompt_end {
    PROMPT_ANSWERED,
    PROMPT_BACK, /* Escape; in a plain terminal "<" */
    PROMPT_QUIT, /* Ctrl-C, Ctrl-D, or the input ended */
};

struct prompt {
    struct cli *cli;
    bool plain;
};

struct prompt cli_prompt(struct cli *cli);

struct prompt_choice {
    const char *text;
    const char *hint; /* shown behind it; NULL: none */
};

/* *at: where the mark stands at first; the answer. */
MUST_USE enum prompt_end cli_prompt_select(const struct prompt *prompt, const char *title,
                                           const struct prompt_choice *choices, size_t count,
                                           size_t *at);

struct prompt_line {
    const char *help;               /* a line below; NULL: none */
    const char *initial;            /* stands there at first; NULL: nothing */
    const char *const *suggestions; /* the likeliest first */
    size_t suggestion_count;
};

/* *ret lives in the command's arena; it may be empty. */
MUST_USE enum prompt_end cli_prompt_line(const struct prompt *prompt, const char *title,
                                         const struct prompt_line *line, const char **ret);

struct prompt_key {
    char key;
    const char *text; /* "next page" */
};

/* One of these keys, small or large; *ret is the row's. Enter is the first one. */
MUST_USE enum prompt_end cli_prompt_key(const struct prompt *prompt, const struct prompt_key *keys,
                                        size_t count, char *ret);

/* y or n; Enter, Escape and everything else is no. */
MUST_USE enum prompt_end cli_prompt_confirm(const struct prompt *prompt, const char *question,
                                            bool *ret);

#endif
