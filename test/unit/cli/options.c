/* Tests of cli/options.c: every form of a command line, and what is said about wrong ones. */
#include "cli/options.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>

struct into {
    const char *text, *first, *second;
    int64_t number;
    bool flag, quiet;
};

static const struct option_row rows[] = {
    {.name = "text",
     .letter = 't',
     .kind = OPTION_TEXT,
     .value_name = "TEXT",
     .offset = offsetof(struct into, text)},
    {.name = "number",
     .letter = 'n',
     .kind = OPTION_NUMBER,
     .value_name = "N",
     .min = 0,
     .max = 65535,
     .number_default = -1,
     .offset = offsetof(struct into, number)},
    {.name = "flag", .letter = 'f', .kind = OPTION_FLAG, .offset = offsetof(struct into, flag)},
    {.name = "quiet", .letter = 'q', .kind = OPTION_FLAG, .offset = offsetof(struct into, quiet)},
    {.name = "threads", .kind = OPTION_REFUSED, .value_name = "N", .help = "not supported yet"},
};

static const struct argument_row arguments[] = {
    {"FIRST", "the first thing", offsetof(struct into, first), false},
    {"SECOND", "the second thing", offsetof(struct into, second), true},
};

static const struct option_table table = {rows, ARRAY_COUNT(rows), arguments,
                                          ARRAY_COUNT(arguments)};

#define WORDS_MAX 8

struct option_case {
    const char *words[WORDS_MAX];
    const char *expected; /* "text|number|flag|quiet|first|second", "help", or the message */
};

static const struct option_case cases[] = {
    {{"a"}, "-|-1|0|0|a|-"},
    {{"a", "b"}, "-|-1|0|0|a|b"},
    {{"--text", "x", "a"}, "x|-1|0|0|a|-"},
    {{"--text=x", "a"}, "x|-1|0|0|a|-"},
    {{"--text=--x", "a"}, "--x|-1|0|0|a|-"},
    {{"--text==", "a"}, "=|-1|0|0|a|-"},
    {{"a", "--text", "x", "b"}, "x|-1|0|0|a|b"},
    {{"-t", "x", "a"}, "x|-1|0|0|a|-"},
    {{"-tx", "a"}, "x|-1|0|0|a|-"},
    {{"-fq", "a"}, "-|-1|1|1|a|-"},
    {{"-fqtx", "a"}, "x|-1|1|1|a|-"},
    {{"--flag", "--quiet", "a"}, "-|-1|1|1|a|-"},
    {{"--text", "x", "--text", "y", "a"}, "y|-1|0|0|a|-"},
    {{"--text", "-", "-"}, "-|-1|0|0|-|-"},
    {{"--text", "-x", "a"}, "-x|-1|0|0|a|-"},
    {{"--", "--text"}, "-|-1|0|0|--text|-"},
    {{"--flag", "--", "-f", "--"}, "-|-1|1|0|-f|--"},
    {{""}, "-|-1|0|0||-"},
    /* numbers at their limits and one past them */
    {{"--number", "0", "a"}, "-|0|0|0|a|-"},
    {{"--number=65535", "a"}, "-|65535|0|0|a|-"},
    {{"-n7", "a"}, "-|7|0|0|a|-"},
    {{"--number", "65536", "a"}, "--number needs a whole number from 0 to 65535, not \"65536\"."},
    {{"--number", "-1", "a"}, "--number needs a whole number from 0 to 65535, not \"-1\"."},
    {{"--number", "1.5", "a"}, "--number needs a whole number from 0 to 65535, not \"1.5\"."},
    {{"--number=", "a"}, "--number needs a whole number from 0 to 65535, not \"\"."},
    {{"--number", "99999999999999999999", "a"},
     "--number needs a whole number from 0 to 65535, not \"99999999999999999999\"."},
    /* help, wherever it stands */
    {{"--help"}, "help"},
    {{"-h"}, "help"},
    {{"a", "b", "--help"}, "help"},
    {{"--text", "x", "-fh"}, "help"},
    {{"--", "--help"}, "-|-1|0|0|--help|-"},
    /* wrong ones */
    {{NULL}, "FIRST is missing: the first thing."},
    {{"a", "b", "c"}, "\"c\" is one argument too many."},
    {{"a", "--text"}, "--text needs a value: --text TEXT."},
    {{"--text", "--flag", "a"}, "--text needs a value: --text TEXT."},
    {{"--text=", "a"}, "--text needs a value (TEXT) that is not empty."},
    {{"--text", "", "a"}, "--text needs a value (TEXT) that is not empty."},
    {{"--flag=yes", "a"}, "--flag takes no value."},
    {{"--threads", "4", "a"}, "--threads is not supported yet."},
    {{"--threads=4", "a"}, "--threads is not supported yet."},
    {{"--txet", "x"}, "There is no option --txet. Did you mean --text?"},
    {{"--numbr=3"}, "There is no option --numbr. Did you mean --number?"},
    {{"--qui"}, "There is no option --qui. Did you mean --quiet?"},
    {{"--wonderful"}, "There is no option --wonderful."},
    {{"-x"}, "There is no option -x."},
    {{"-5"}, "There is no option -5. An argument that begins with \"-\" stands behind \"--\"."},
};

static const char *shown(const char *text)
{
    return text != NULL ? text : "-";
}

static void test_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char words[WORDS_MAX][64], *argv[WORDS_MAX], message[OPTIONS_MESSAGE_SIZE] = "", text[256];
        struct into into = {0};
        int argc = 0;

        for (; argc < WORDS_MAX && cases[i].words[argc] != NULL; argc++) {
            snprintf(words[argc], sizeof words[argc], "%s", cases[i].words[argc]);
            argv[argc] = words[argc];
        }
        switch (cli_options_read(&table, argc, argv, &into, message)) {
        case OPTIONS_HELP:
            snprintf(text, sizeof text, "help");
            break;
        case OPTIONS_WRONG:
            snprintf(text, sizeof text, "%s", message);
            break;
        case OPTIONS_READ:
            snprintf(text, sizeof text, "%s|%" PRId64 "|%d|%d|%s|%s", shown(into.text), into.number,
                     into.flag, into.quiet, shown(into.first), shown(into.second));
            break;
        }
        if (strcmp(text, cases[i].expected) != 0)
            fail_msg("case %zu: %s, expected %s", i, text, cases[i].expected);
    }
}

static void test_nearest(void **state)
{
    static const char *const names[] = {"start", "stop", "status", "append", "tail"};
    static const struct {
        const char *word, *nearest;
    } words[] = {
        {"strat", "start"},
        {"stp", "stop"},
        {"sttaus", "status"},
        {"apend", "append"},
        {"app", "append"},
        {"tial", "tail"},
        {"x", NULL},
        {"deploy", NULL},
        {"", NULL},
        {"statuss", "status"},
        {"appendappendappend", NULL},
        {"a-word-that-is-longer-than-any-name-there-will-ever-be", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        const char *nearest =
            cli_options_nearest(words[i].word, names, ARRAY_COUNT(names), sizeof *names);

        if (words[i].nearest == NULL && nearest != NULL)
            fail_msg("%s: %s", words[i].word, nearest);
        if (words[i].nearest != NULL)
            assert_string_equal(nearest, words[i].nearest);
    }
}

/* ---- an option that may stand more than once ---- */

static const struct option_row repeated_row = {
    .name = "parameter", .letter = 'p', .kind = OPTION_TEXTS, .value_name = "NAME=VALUE"};
static const struct option_table repeated_table = {&repeated_row, 1, NULL, 0};

static void repeated(void **state)
{
    char words[6][20] = {"--parameter", "a=1", "-p", "b=2", "-pc=3", "--parameter=d=4"};
    char *argv[] = {words[0], words[1], words[2], words[3], words[4], words[5]};
    char empty[] = "--parameter=";
    char *argv_empty[] = {words[0], words[1], empty};
    struct option_texts texts = {0};
    char message[OPTIONS_MESSAGE_SIZE];

    (void)state;
    assert_int_equal(cli_options_read(&repeated_table, 6, argv, &texts, message), OPTIONS_READ);
    assert_int_equal(texts.count, 4);
    assert_string_equal(texts.texts[0], "a=1");
    assert_string_equal(texts.texts[1], "b=2");
    assert_string_equal(texts.texts[2], "c=3");
    assert_string_equal(texts.texts[3], "d=4");
    texts.count = 0;
    assert_int_equal(cli_options_read(&repeated_table, 3, argv_empty, &texts, message),
                     OPTIONS_WRONG);
    assert_string_equal(message, "--parameter needs a value (NAME=VALUE) that is not empty.");
}

/* As many as fit, and one more. */
static void repeated_at_the_limit(void **state)
{
    char word[] = "-px";
    char *words[OPTION_TEXTS_MAX + 1];
    struct option_texts texts = {0};
    char message[OPTIONS_MESSAGE_SIZE];

    (void)state;
    for (int i = 0; i <= OPTION_TEXTS_MAX; i++)
        words[i] = word;
    assert_int_equal(cli_options_read(&repeated_table, OPTION_TEXTS_MAX, words, &texts, message),
                     OPTIONS_READ);
    texts.count = 0;
    assert_int_equal(
        cli_options_read(&repeated_table, OPTION_TEXTS_MAX + 1, words, &texts, message),
        OPTIONS_WRONG);
    assert_non_null(strstr(message, "more than"));
}

struct many {
    const char *first;
    struct option_texts rest;
};

static void test_many_arguments(void **state)
{
    static const struct argument_row many_rows[] = {
        {"FIRST", "the first thing", offsetof(struct many, first), false},
        {"REST...", "all others", offsetof(struct many, rest), true},
    };
    static const struct option_table many_table = {.arguments = many_rows,
                                                   .argument_count = ARRAY_COUNT(many_rows)};
    char words[OPTION_TEXTS_MAX + 2][4], *argv[OPTION_TEXTS_MAX + 2],
        message[OPTIONS_MESSAGE_SIZE] = "";
    struct many many = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(argv); i++) {
        snprintf(words[i], sizeof words[i], "%u", (unsigned)(i % 1000));
        argv[i] = words[i];
    }
    assert_int_equal(cli_options_read(&many_table, 1, argv, &many, message), OPTIONS_READ);
    assert_string_equal(many.first, "0");
    assert_int_equal(many.rest.count, 0);
    assert_int_equal(cli_options_read(&many_table, OPTION_TEXTS_MAX + 1, argv, &many, message),
                     OPTIONS_READ);
    assert_int_equal(many.rest.count, OPTION_TEXTS_MAX);
    assert_string_equal(many.rest.texts[0], "1");
    memset(&many, 0, sizeof many);
    assert_int_equal(cli_options_read(&many_table, OPTION_TEXTS_MAX + 2, argv, &many, message),
                     OPTIONS_WRONG);
    assert_string_equal(message, "REST... takes at most 200 words.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(repeated),
        cmocka_unit_test(repeated_at_the_limit),
        cmocka_unit_test(test_many_arguments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
