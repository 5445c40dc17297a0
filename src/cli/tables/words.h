/* cli/tables/words.h - private to filter.c: the words of a condition, one after the other. */
#ifndef DYNLOG_CLI_TABLES_WORDS_H
#define DYNLOG_CLI_TABLES_WORDS_H

#include "cli/tables/filter.h"

struct words {
    struct bytes text;
    size_t at;
    struct arena *arena;
    struct tables_fault *fault; /* the first one is kept */
    bool failed;
};

/* Remembers what was expected at the next word; returns false. */
bool tables_words_fail(struct words *words, const char *format, ...) PRINTF_LIKE(2, 3);

/* 0 at the end; blanks are skipped. */
uint8_t tables_words_peek(struct words *words);
/* These characters, if they are next. Letters: a whole word, in any case. */
bool tables_words_take(struct words *words, const char *expected);
/* A bare name followed by "(": the name is taken, in small letters; "(" is not. */
bool tables_words_call(struct words *words, const char *name);

/* A name, bare or in backquotes. False: failed. */
MUST_USE bool tables_words_name(struct words *words, struct bytes *ret);
/* Digits in brackets, behind the "[". */
MUST_USE bool tables_words_index(struct words *words, struct bytes *ret);
/* Does a value begin here? */
bool tables_words_at_value(struct words *words);
MUST_USE bool tables_words_value(struct words *words, struct value *ret);

#endif
