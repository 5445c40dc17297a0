/* Tests of cli/tables/lines.c: objects from lines. */
#include "cli/tables/lines.h"

#include "cli_test.h"

static void assert_lines(const char *text, const char *expected)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(1 << 16);
    FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    struct tables_lines lines = tables_lines_begin(file);

    for (;;) {
        const struct json *json = NULL;
        const char *message = NULL;
        size_t line = 0;
        enum tables_line found = tables_lines_next(&lines, arena, &json, &line, &message);

        if (found == TABLES_LINE_END)
            break;
        buffer_printf(&out, "%zu ", line);
        if (found == TABLES_LINE_JSON)
            json_print(&out, json);
        else
            buffer_append_text(&out, strstr(message, "array") != NULL ? "array" : "wrong");
        buffer_append_byte(&out, '\n');
    }
    tables_lines_end(&lines);
    fclose(file);
    assert_string_equal(arena_copy_text(arena, buffer_bytes(&out)), expected);
}

static void test_lines(void **state)
{
    (void)state;
    assert_lines("\n \n", "");
    assert_lines("{\"a\":1}\n{\"a\":2}", "1 {\"a\":1}\n2 {\"a\":2}\n");
    assert_lines("\n  {\"a\":1} \r\n\n{\"a\":2}\r\n", "2 {\"a\":1}\n4 {\"a\":2}\n");
    assert_lines("{\n  \"a\": {\n    \"b\": \"}\"\n  }\n}\n{\"c\":1}\n",
                 "1 {\"a\":{\"b\":\"}\"}}\n6 {\"c\":1}\n");
    assert_lines("{\"a\":1\n{\"b\":2}\n{\"c\":\n3}\n", "1 wrong\n2 {\"b\":2}\n3 {\"c\":3}\n");
    assert_lines("{\"a\":1}}\n{\"b\":2}\n", "1 wrong\n2 {\"b\":2}\n");
    assert_lines("[{\"a\":1}]\n{\"b\":2}\n", "1 array\n2 {\"b\":2}\n");
    assert_lines("hello\n1\n\"x\"\n{\"b\":2}", "1 wrong\n2 wrong\n3 wrong\n4 {\"b\":2}\n");
    assert_lines("{\"a\":\"\\\"{\"}\n", "1 {\"a\":\"\\\"{\"}\n");
    assert_lines("{\"a\":", "1 wrong\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lines)};

    test_environment();
    return cmocka_run_group_tests_name("cli/tables_lines", tests, NULL, NULL);
}
