/* cli/options.h - a command line, read by a table into a structure of the command's.
 *
 *   --name VALUE  --name=VALUE  -n VALUE  -nVALUE  -ab (flags)  --  (only arguments follow)
 *
 * Options may stand before, between and behind arguments; of an option given twice the last counts,
 * if it may not be given often. A value that begins with "--" needs the form with "=", so that a
 * forgotten value is noticed. "-" is an argument. */
#ifndef DYNLOG_CLI_OPTIONS_H
#define DYNLOG_CLI_OPTIONS_H

#include "base/bytes.h"

enum option_kind {
    OPTION_FLAG,    /* a bool member */
    OPTION_TEXT,    /* a const char * member; not empty; NULL when not given */
    OPTION_TEXTS,   /* a struct option_texts member: every one that is given counts */
    OPTION_NUMBER,  /* an int64_t member: a whole number from min to max */
    OPTION_REFUSED, /* known, and refused by name; help says why */
};

#define OPTION_TEXTS_MAX 200 /* CloudFormation's parameters of a template */

struct option_texts {
    const char *texts[OPTION_TEXTS_MAX];
    size_t count;
};

struct option_row {
    const char *name;
    char letter; /* 0: none */
    enum option_kind kind;
    const char *value_name; /* what --help calls the value */
    const char *help;
    size_t offset; /* of the member */
    int64_t min, max, number_default;
};

/* A const char * member, NULL when not given. A last one whose name ends in "..." takes all words
 * that follow: a struct option_texts member. */
struct argument_row {
    const char *name, *help;
    size_t offset;
    bool optional; /* such rows stand last */
};

struct option_table {
    const struct option_row *options;
    size_t option_count;
    const struct argument_row *arguments;
    size_t argument_count;
};

#define OPTIONS_MESSAGE_SIZE 512

enum options_found {
    OPTIONS_READ,
    OPTIONS_HELP,  /* -h or --help stands there; the rest was not looked at */
    OPTIONS_WRONG, /* `message` says what is, and what was expected */
};

/* argv without the program and the command. *into is set to its defaults first; texts point into
 * argv. */
enum options_found cli_options_read(const struct option_table *table, int argc, char **argv,
                                    void *into, char message[OPTIONS_MESSAGE_SIZE]);

/* The name most like `word`, for "did you mean"; NULL when none is near. names[i] is read at
 * (const char *const *)((const char *)first + i * step). */
const char *cli_options_nearest(const char *word, const void *first, size_t count, size_t step);

#endif
