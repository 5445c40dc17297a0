/* Tests of json/template.c: the pieces of templates, and JSON without its quotes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "json/template.h"

static bool is_path(struct bytes name)
{
    return bytes_start_with(name, BYTES("$"));
}

/* Pieces as: text|, <name>| outside of quotes, "<name>"| inside. */
static void test_pieces(void **state)
{
    static const struct {
        const char *text, *pieces;
        bool paths_alone;
    } rows[] = {
        {"", "", false},
        {"text", "text|", false},
        {"<a>", "<a>|", false},
        {"<a><b>", "<a>|<b>|", false},
        {"{\"k\": <a>}", "{\"k\": |<a>|}|", false},
        {"{\"k\": \"x <a>\", \"l\": <b>}", "{\"k\": \"x |\"<a>\"|\", \"l\": |<b>|}|", false},
        {"\"\\\"<a>\"<b>", "\"\\\"|\"<a>\"|\"|<b>|", false},
        {"a < b", "a < b|", false},
        {"<a> < b", "<a>| < b|", false},
        {"<>", "<>|", false},
        {"<<a>>", "<<a>|>|", false},
        {"<<$.a>>", "<|<$.a>|>|", true},
        {"<b>\"<$>\"</b>", "<b>\"|\"<$>\"|\"</b>|", true},
        {"<\"<$>", "<\"|\"<$>\"|", true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        AUTO(buffer_free) struct buffer out = BUFFER_INIT(1000);
        struct json_template template = {.text = bytes_of_text(rows[i].text),
                                         .is_name = rows[i].paths_alone ? is_path : NULL};
        struct json_template_piece piece;

        while (json_template_next(&template, &piece)) {
            const char *quote = piece.in_string ? "\"" : "";

            if (piece.is_name)
                buffer_printf(&out, "%s<%.*s>%s|", quote, BYTES_ARG(piece.text), quote);
            else
                buffer_printf(&out, "%.*s|", BYTES_ARG(piece.text));
        }
        if (!bytes_equal_text(buffer_bytes(&out), rows[i].pieces))
            fail_msg("%s: %.*s", rows[i].text, BYTES_ARG(buffer_bytes(&out)));
    }
}

static void test_unquoted(void **state)
{
    static const char *const rows[][2] = {
        {"{\"key\":\"value\"}", "{key:value}"},
        {"[1,\"a\"]", "[1,a]"},
        {"[\"say \\\"hi\\\"\"]", "[say hi]"},
        {"[\"a\\\\\",\"\\n\"]", "[a\\\\,\\n]"},
        {"\\", "\\"},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        AUTO(buffer_free) struct buffer out = BUFFER_INIT(1000);

        json_template_append_unquoted(&out, bytes_of_text(rows[i][0]));
        if (!bytes_equal_text(buffer_bytes(&out), rows[i][1]))
            fail_msg("%s: %.*s", rows[i][0], BYTES_ARG(buffer_bytes(&out)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_unquoted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
