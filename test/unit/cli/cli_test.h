/* test/unit/cli/cli_test.h - a command line run with streams of its own. */
#ifndef DYNLOG_TEST_CLI_TEST_H
#define DYNLOG_TEST_CLI_TEST_H

#include "cli/client.h"
#include "cli/internal.h"
#include "fake_server.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <locale.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- a command ---- */

struct cli_run {
    char *out, *err; /* what it wrote */
    int exit_status;
};

static inline void cli_run_free(struct cli_run *run)
{
    free(run->out);
    free(run->err);
}

struct cli_streams {
    const char *input; /* NULL: nothing */
    bool terminal;
    bool colour;
};

#define WORDS_MAX 24

/* words: the command line without "dynlog", one blank between two words ('~' stands for a blank in
 * a word, and for an empty word alone). */
static inline struct cli_run run_cli(const struct cli_streams *streams, const char *words)
{
    char line[4096], *argv[WORDS_MAX], *rest = line;
    int argc = 0;
    struct cli_run run = {0};
    size_t out_size = 0, err_size = 0;
    AUTO(arena_release) struct arena *arena = arena_new();
    FILE *in = streams->input != NULL && streams->input[0] != '\0'
                   ? fmemopen((void *)(uintptr_t)streams->input, strlen(streams->input), "r")
                   : fopen("/dev/null", "r");

    snprintf(line, sizeof line, "dynlog %s", words);
    for (char *word = strsep(&rest, " "); word != NULL; word = strsep(&rest, " ")) {
        assert_true(argc + 1 < WORDS_MAX);
        if (strcmp(word, "~") == 0)
            word[0] = '\0';
        for (char *c = word; *c != '\0'; c++)
            *c = *c == '~' ? ' ' : *c;
        argv[argc++] = word;
    }

    struct cli cli = {
        .arena = arena,
        .in = in,
        .out = open_memstream(&run.out, &out_size),
        .err = open_memstream(&run.err, &err_size),
        .in_is_terminal = streams->terminal,
        .out_is_terminal = streams->terminal,
        .err_is_terminal = streams->terminal,
        .no_colour = !streams->colour,
        .width = 80,
    };

    run.exit_status = cli_run(&cli, argc, argv);
    fclose(cli.out);
    fclose(cli.err);
    fclose(in);
    return run;
}

static inline void assert_contains(const char *whole, const char *part)
{
    if (strstr(whole, part) == NULL)
        fail_msg("\"%s\" does not contain \"%s\"", whole, part);
}

#endif
