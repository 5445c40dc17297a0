/* Tests of cli/man.c: every command has its page, all of it text that roff takes as it is; and the
 * pages are written as files. */
#include "cli/man.h"
#include "cli_test.h"

#include <dirent.h>

static char *page_of(const struct command *command)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    cli_man_print(out, command);
    fclose(out);
    if (text == NULL)
        abort();
    return text;
}

/* No line that roff would take for a request but those that it is to take; no naked hyphen in an
 * option's name; ASCII. */
static void check_page(const char *page)
{
    static const char *const requests[] = {".TH ", ".SH ", ".SS ", ".TP", ".B ",  ".BR ", ".BI ",
                                           ".I ",  ".RI ", ".nf",  ".fi", ".ft ", ".PP",  ".\\\" "};

    for (const char *line = page; *line != '\0'; line += strcspn(line, "\n") + 1) {
        size_t i = 0;

        assert_true(line[0] != '\'');
        while (line[0] == '.' && i < ARRAY_COUNT(requests) &&
               strncmp(line, requests[i], strlen(requests[i])) != 0)
            i++;
        if (line[0] == '.' && i == ARRAY_COUNT(requests))
            fail_msg("a line that roff takes for a request: %.40s", line);
    }
    for (const char *c = page; *c != '\0'; c++)
        assert_true((*c >= ' ' && *c <= '~') || *c == '\n');
}

static void test_pages(void **state)
{
    size_t count = 0;
    const struct command *const *all = cli_commands(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        char *page = page_of(all[i]);

        print_message("  %s\n", all[i]->name);
        check_page(page);
        assert_contains(page, ".SH NAME\ndynlog\\-");
        assert_contains(page, ".SH EXIT STATUS\n");
        assert_contains(page, ".SH EXAMPLES\n.nf\n");
        free(page);
    }
}

static void test_overview(void **state)
{
    size_t count = 0;
    const struct command *const *all = cli_commands(&count);
    char *page = page_of(NULL);

    (void)state;
    check_page(page);
    for (size_t i = 0; i < count; i++) {
        char name[80];

        snprintf(name, sizeof name, ".BR dynlog\\-%s (1)\n", all[i]->name);
        assert_contains(page, name);
    }
    assert_contains(page, "\n.B 5\n");
    free(page);
}

/* What a section says goes by the options that the command has. */
static void test_sections(void **state)
{
    char *append = page_of(&command_append), *clean = page_of(&command_clean);

    (void)state;
    assert_contains(append, ".BI \\-\\-expect\\~ VERSION\n");
    assert_contains(append, "\n.B 3\nA race was lost");
    assert_contains(append, "AWS_PROFILE");
    assert_contains(append, "{\\(dqname\\(dq:\\(dqtest\\(dq}\\(aq\n");
    assert_null(strstr(clean, "AWS_PROFILE"));
    assert_null(strstr(clean, "\n.B 3\n"));
    assert_contains(clean, ".B \\&.dynlog\n");
    free(append);
    free(clean);
}

static void test_files(void **state)
{
    static const struct cli_streams streams = {0};
    char folder[] = "/tmp/dynlog-man-XXXXXX", words[128], path[512];
    size_t commands = 0, pages = 0;
    const struct dirent *entry = NULL;

    (void)state;
    cli_commands(&commands);
    assert_non_null(mkdtemp(folder));
    snprintf(words, sizeof words, "help --man-pages %s/man1", folder);
    for (int i = 0; i < 2; i++) { /* again over what is there */
        AUTO(cli_run_free) struct cli_run run = run_cli(&streams, words);

        assert_int_equal(run.exit_status, CLI_DONE);
    }
    snprintf(path, sizeof path, "%s/man1", folder);

    DIR *listing = opendir(path);

    assert_non_null(listing);
    while ((entry = readdir(listing)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        pages++;
        snprintf(path, sizeof path, "%s/man1/%s", folder, entry->d_name);
        unlink(path);
    }
    closedir(listing);
    assert_int_equal(pages, commands + 1);
    snprintf(path, sizeof path, "%s/man1", folder);
    rmdir(path);
    rmdir(folder);

    AUTO(cli_run_free) struct cli_run run = run_cli(&streams, "help --man-pages /dev/null/x");

    assert_int_equal(run.exit_status, CLI_FAILED);
    assert_contains(run.err, "The pages can't be written into /dev/null/x: ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_overview),
        cmocka_unit_test(test_sections),
        cmocka_unit_test(test_files),
    };

    test_environment();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
