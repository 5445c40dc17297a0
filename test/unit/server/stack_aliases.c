/* Tests of server/stack_aliases.c: which names a function of a stack file is put with. */
#include "server_test.h"

#include "functions/record.h"

#define NAMES_MAX 5

struct alias_case {
    struct {
        const char *function, *name, *version;
    } aliases[NAMES_MAX];
    const char *expected; /* "published NAME=VERSION ..."; or what is wrong */
};

static const struct alias_case cases[] = {
    {.expected = "0"},
    {{{"f", "", "1"}}, "1"},
    {{{"f", "live", "$LATEST"}}, "0 live=0"},
    {{{"f", "live", "1"}, {"f", "", "1"}}, "1 live=1"}, /* whichever stands first */
    {{{"f", "z", "1"}, {"f", "a", "$LATEST"}, {"f", "", "1"}, {"f", "m", "1"}}, "1 a=0 m=1 z=1"},
    {{{"g", "", "1"}, {"g", "live", "1"}, {"f", "x", "$LATEST"}}, "0 x=0"},
    {{{"f", "", "1"}, {"f", "", "1"}}, "1"},
    {{{"f", "live", "1"}}, "FunctionVersion: there is no version 1 of f"},
    {{{"f", "", "1"}, {"f", "live", "2"}}, "FunctionVersion: there is no version 2 of f"},
    {{{"f", "live", "x"}}, "FunctionVersion: expected a number or $LATEST"},
    {{{"f", "a", "$LATEST"}, {"f", "b", "$LATEST"}, {"f", "a", "$LATEST"}},
     "Alias already exists: f:a"},
};

static struct bytes text_of(struct arena *arena, const struct function_settings *settings)
{
    struct bytes text = arena_printf(arena, "%d", (int)settings->published);

    for (size_t i = 0; i < settings->alias_count; i++)
        text =
            arena_printf(arena, "%.*s %.*s=%d", BYTES_ARG(text),
                         BYTES_ARG(settings->aliases[i].name), (int)settings->aliases[i].version);
    return text;
}

static void test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct stack_alias aliases[NAMES_MAX];
        struct stack stack = {.aliases = aliases};
        struct function_settings settings = {.name = BYTES("f")};
        struct bytes why = {NULL, 0};

        for (; stack.alias_count < NAMES_MAX && cases[i].aliases[stack.alias_count].function;
             stack.alias_count++)
            aliases[stack.alias_count] = (struct stack_alias){
                .function_name = bytes_of_text(cases[i].aliases[stack.alias_count].function),
                .name = bytes_of_text(cases[i].aliases[stack.alias_count].name),
                .version = bytes_of_text(cases[i].aliases[stack.alias_count].version),
            };
        const struct stack_alias *wrong = stack_aliases_set(arena, &stack, &settings, &why);

        assert_int_equal(wrong != NULL, why.size > 0);
        if (wrong == NULL)
            why = text_of(arena, &settings);
        if (!bytes_equal_text(why, cases[i].expected))
            fail_msg("case %zu: %.*s, expected %s", i, BYTES_ARG(why), cases[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
