/* cli/tables/ask_private.h - what the questions and the pages of an interactive query share. */
#ifndef DYNLOG_CLI_TABLES_ASK_PRIVATE_H
#define DYNLOG_CLI_TABLES_ASK_PRIVATE_H

#include "cli/prompt.h"
#include "cli/tables/ask.h"

#define ASK_HISTORY_MAX 50

enum ask_step { ASK_TABLE, ASK_INDEX, ASK_KEY, ASK_FILTER, ASK_PAGES };

/* One query as it was typed. */
struct ask_spec {
    const char *table, *index;
    const char *values[KEY_ATTRIBUTES_MAX]; /* of the key's attributes; NULL or empty: none */
    const char *filter;
    bool backward;
};

struct asking {
    struct cli *cli;
    struct client *client;
    struct prompt prompt;
    const char **tables;
    size_t table_count;
    struct tables_shape shape; /* of now.table */
    struct ask_spec now;
    struct ask_spec history[ASK_HISTORY_MAX]; /* the newest last, no two alike */
    size_t history_count;
    bool from_behind; /* Escape went one question back */
    bool again;       /* the pages want to be shown anew, for another spec */
};

/* The key that is read by. */
const struct key_schema *ask_keys(const struct asking *on);
/* The values as a key; no parts when there is no partition key. False: the fault says what is wrong
 * with one of them. Partition keys of which only a part is given yet are no fault, and no key. */
bool ask_spec_key(struct asking *on, struct tables_key *ret, struct tables_fault *reterr);
/* The words of the key, as a command has them; returns their count. */
size_t ask_spec_words(struct asking *on, const char *words[KEY_ATTRIBUTES_MAX]);
/* A line. */
void ask_say(struct asking *on, enum cli_colour colour, struct bytes text);

/* ANSWERED: on with `now`, which may be another one then (`again`), or from the table. */
enum prompt_end ask_pages(struct asking *on);

#endif
