/* Tests of cli/output.c: widths, cutting, wrapping, figures, tables. */
#include "cli/output.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <locale.h>
#include <stdlib.h>

static void test_show(void **state)
{
    static const struct {
        const char *text;
        size_t width;
        const char *shown;
        size_t columns;
    } cases[] = {
        {"users", 5, "users", 5},
        {"users", 6, "users", 5},
        {"users", 4, "use…", 4},
        {"users", 1, "…", 1},
        {"users", 0, "", 0},
        {"", 3, "", 0},
        {"åäö", 3, "åäö", 3},
        {"åäö", 2, "å…", 2},
        {"日本語", 6, "日本語", 6}, /* two columns each */
        {"日本語", 5, "日本…", 5},
        {"日本語", 4, "日…", 3}, /* half a character is none */
        {"a\033[31mb", 20, "a\xEF\xBF\xBD[31mb", 7},
        {"a\nb\tc", 20,
         "a\xEF\xBF\xBD"
         "b\xEF\xBF\xBD"
         "c",
         5},
        {"a\xC2\x9B"
         "b",
         20,
         "a\xEF\xBF\xBD"
         "b",
         3}, /* a terminal's other escape */
        {"a\xFF"
         "b",
         20,
         "a\xEF\xBF\xBD"
         "b",
         3},
        {"a\xE6\x97", 20, "a\xEF\xBF\xBD\xEF\xBF\xBD", 3},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO(buffer_free) struct buffer out = BUFFER_INIT(1024);
        size_t columns = cli_text_show(&out, bytes_of_text(cases[i].text), cases[i].width);

        assert_int_equal(columns, cases[i].columns);
        buffer_append_byte(&out, '\0');
        assert_string_equal((const char *)out.ptr, cases[i].shown);
    }
}

static void test_figures(void **state)
{
    static const struct {
        int64_t value;
        const char *count, *size;
    } cases[] = {
        {0, "0", "0 bytes"},           {1, "1", "1 byte"},
        {999, "999", "999 bytes"},     {1000, "1,000", "1.0 kB"},
        {9949, "9,949", "9.9 kB"},     {9950, "9,950", "10 kB"},
        {123456, "123,456", "123 kB"}, {999499, "999,499", "999 kB"},
        {999500, "999,500", "1.0 MB"}, {-1234567, "-1,234,567", "-1234567 bytes"},
        {-123, "-123", "-123 bytes"},  {1234567890, "1,234,567,890", "1.2 GB"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        assert_string_equal(cli_count_text(cases[i].value), cases[i].count);
        assert_string_equal(cli_size_text(cases[i].value), cases[i].size);
    }
}

static void test_things(void **state)
{
    (void)state;
    assert_string_equal(cli_things_text(0, "event"), "0 events");
    assert_string_equal(cli_things_text(1, "event"), "1 event");
    assert_string_equal(cli_things_text(1234, "item"), "1,234 items");
    assert_string_equal(cli_things_text(INT64_MAX, "event"), "9,223,372,036,854,775,807 events");
}

static void test_durations(void **state)
{
    (void)state;
    assert_string_equal(cli_duration_text(0), "0 ms");
    assert_string_equal(cli_duration_text(999), "999 ms");
    assert_string_equal(cli_duration_text(1000), "1.0 s");
    assert_string_equal(cli_duration_text(59999), "59.9 s");
    assert_string_equal(cli_duration_text(60000), "1 min 0 s");
    assert_string_equal(cli_duration_text(3599999), "59 min 59 s");
    assert_string_equal(cli_duration_text(3600000), "1 h 0 min");
    assert_string_equal(cli_duration_text((uint64_t)48 * 3600000), "2 days");
}

static void assert_wrapped(const char *text, size_t at, size_t indent, size_t width,
                           const char *expected)
{
    char *out = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&out, &size);

    cli_text_wrap(stream, text, at, indent, width);
    fclose(stream);
    assert_string_equal(out, expected);
    free(out);
}

static void test_wrap(void **state)
{
    (void)state;
    assert_wrapped("one two three", 0, 0, 7, "one two\nthree\n");
    assert_wrapped("one two three", 0, 0, 6, "one\ntwo\nthree\n");
    assert_wrapped("one two three", 2, 4, 10, "one two\n    three\n");
    assert_wrapped("a-word-too-long b", 0, 2, 5, "a-word-too-long\n  b\n");
    assert_wrapped("", 0, 0, 5, "\n");
}

/* ---- tables ---- */

static const struct table_column columns[] = {
    {"VERSION", true, false},
    {"TYPE", false, false},
    {"PAYLOAD", false, true},
};

struct table_test {
    struct cli cli;
    struct cli_table table;
    char *text;
    size_t size;
};

static void table_begin(struct table_test *test, size_t width)
{
    *test =
        (struct table_test){.table = {.columns = columns, .column_count = ARRAY_COUNT(columns)}};
    test->cli = (struct cli){.arena = arena_new(),
                             .out = open_memstream(&test->text, &test->size),
                             .out_is_terminal = true,
                             .no_colour = true,
                             .width = width};
}

static void add(struct table_test *test, const char *version, const char *type, const char *payload)
{
    struct bytes cells[] = {bytes_of_text(version), bytes_of_text(type), bytes_of_text(payload)};

    cli_table_add(&test->cli, &test->table, cells);
}

static void table_end(struct table_test *test, const char *expected)
{
    fclose(test->cli.out);
    assert_string_equal(test->text, expected);
    free(test->text);
    arena_free(test->cli.arena);
}

static void test_table(void **state)
{
    struct table_test test;

    (void)state;
    table_begin(&test, 30);
    add(&test, "1", "signup", "{\"id\":\"12\"}");
    add(&test, "10", "x", "{\"id\":\"12\",\"name\":\"test\"}");
    add(&test, "", "", "");
    cli_table_print(&test.cli, &test.table);
    table_end(&test, "VERSION  TYPE    PAYLOAD\n"
                     "      1  signup  {\"id\":\"12\"}\n"
                     "     10  x       {\"id\":\"12\",\"…\n"
                     "\n");
}

/* The titles come once, widths only grow, and a page without rows prints nothing. */
static void test_table_in_pages(void **state)
{
    struct table_test test;

    (void)state;
    table_begin(&test, 40);
    add(&test, "1", "signup", "{}");
    cli_table_print(&test.cli, &test.table);
    add(&test, "2", "addPhoneNumber", "{}");
    cli_table_print(&test.cli, &test.table);
    add(&test, "3", "x", "{}");
    cli_table_print(&test.cli, &test.table);
    cli_table_print(&test.cli, &test.table);
    table_end(&test, "VERSION  TYPE    PAYLOAD\n"
                     "      1  signup  {}\n"
                     "      2  addPhoneNumber  {}\n"
                     "      3  x               {}\n");
}

static void test_table_limits(void **state)
{
    struct table_test test;
    char type[42], expected[512];

    (void)state;
    memset(type, 't', sizeof type - 1);
    type[sizeof type - 1] = '\0';
    table_begin(&test, 20); /* narrower than the columns: the last one keeps ten */
    add(&test, "1", type, "0123456789a");
    cli_table_print(&test.cli, &test.table);
    snprintf(expected, sizeof expected, "VERSION  TYPE%*s  PAYLOAD\n      1  %.*s…  012345678…\n",
             CLI_COLUMN_WIDTH_NARROW - 4, "", CLI_COLUMN_WIDTH_NARROW - 1, type);
    table_end(&test, expected);
}

/* Whole while there is room; else the widest text gives way first, whichever column it is. */
static void test_table_shares_the_line(void **state)
{
    static const struct table_column of_streams[] = {
        {"STREAM", false, false}, {"VERSION", true, false}, {"PAYLOAD", false, true}};
    static const struct {
        size_t width;
        const char *expected;
    } cases[] = {
        {64, "STREAM                                      VERSION  PAYLOAD\n"
             "users/4181b152-fb77-416f-969c-646d52269d62  1234567  {\"a\":1}\n"},
        {60, "STREAM                                   VERSION  PAYLOAD\n"
             "users/4181b152-fb77-416f-969c-646d5226…  1234567  {\"a\":1}\n"},
        {44, "STREAM                   VERSION  PAYLOAD\n"
             "users/4181b152-fb77-41…  1234567  {\"a\":1}\n"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct table_test test;
        struct bytes cells[] = {BYTES("users/4181b152-fb77-416f-969c-646d52269d62"),
                                BYTES("1234567"), BYTES("{\"a\":1}")};

        table_begin(&test, cases[i].width);
        test.table.columns = of_streams;
        cli_table_add(&test.cli, &test.table, cells);
        cli_table_print(&test.cli, &test.table);
        table_end(&test, cases[i].expected);
    }
}

/* ---- colour and messages ---- */

static void test_colour(void **state)
{
    struct cli cli = {.out = stdout, .err = stderr, .out_is_terminal = true};

    (void)state;
    assert_string_equal(cli_paint(&cli, stdout, CLI_RED), "\033[31m");
    assert_string_equal(cli_paint(&cli, stderr, CLI_RED), ""); /* no terminal */
    cli.no_colour = true;
    assert_string_equal(cli_paint(&cli, stdout, CLI_RED), "");
}

static void assert_message(bool terminal, const char *expected)
{
    char *text = NULL;
    size_t size = 0;
    struct cli cli = {.err = open_memstream(&text, &size),
                      .err_is_terminal = terminal,
                      .no_colour = true,
                      .width = 20,
                      .command = &command_append};

    assert_int_equal(cli_fail(&cli, CLI_LOST_RACE, "%s is at version %d.", "us\033ers/12", 5), 3);
    cli_note(&cli, "note");
    fclose(cli.err);
    assert_string_equal(text, expected);
    free(text);
}

static void test_messages(void **state)
{
    (void)state;
    assert_message(false, "dynlog append: us\xEF\xBF\xBD"
                          "ers/12 is at version 5.\n");
    assert_message(true, "dynlog append: us\xEF\xBF\xBD"
                         "ers/12\nis at version 5.\n"
                         "dynlog append: note\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_show),
        cmocka_unit_test(test_figures),
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_things),
        cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_table_in_pages),
        cmocka_unit_test(test_table_limits),
        cmocka_unit_test(test_colour),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_table_shares_the_line),
    };

    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
