/* check/facts.c - random rows told by two sides in different orders: they agree, or what differs is
 * told and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "check/facts.h"

#define ROWS 20000

struct told {
    char text[256];
};

static struct bytes row(char room[32], const char *what, size_t at)
{
    return bytes_of(room, (size_t)snprintf(room, 32, "%s%zu", what, at));
}

/* The one side forward, the other from its middle on; but one row is left out, too much, or other.
 */
static void tell_both(struct facts *facts, size_t missing, size_t stray, size_t other)
{
    char key[32], value[32];

    for (size_t i = 0; i < ROWS; i++)
        facts_expect(facts, row(key, "k", i), row(value, "v", i));
    for (size_t i = 0; i < ROWS; i++) {
        size_t at = (i + ROWS / 2) % ROWS;

        if (at != missing)
            facts_there(facts, row(key, "k", at), row(value, at == other ? "w" : "v", at));
    }
    if (stray != 0)
        facts_there(facts, row(key, "k", stray), row(value, "v", stray));
}

static void tell(void *context, struct bytes key, const struct bytes *expected,
                 const struct bytes *there)
{
    struct told *told = context;
    size_t size = strlen(told->text);

    snprintf(told->text + size, sizeof told->text - size, "%.*s:%.*s:%.*s;", BYTES_ARG(key),
             expected != NULL ? (int)expected->size : 1,
             expected != NULL ? (const char *)expected->ptr : "-",
             there != NULL ? (int)there->size : 1, there != NULL ? (const char *)there->ptr : "-");
}

static void expect_told(size_t missing, size_t stray, size_t other, const char *expected)
{
    struct facts *facts = facts_new();
    struct told told = {""};

    tell_both(facts, missing, stray, other);
    assert_int_equal(facts_agree(facts), expected[0] == '\0');
    facts_begin_again(facts);
    tell_both(facts, missing, stray, other);
    facts_tell(facts, tell, &told);
    assert_string_equal(told.text, expected);
    facts_free(facts);
}

static void test_they_agree(void **state)
{
    (void)state;
    expect_told(SIZE_MAX, 0, SIZE_MAX, "");
}

static void test_what_differs_is_told(void **state)
{
    (void)state;
    expect_told(77, 0, SIZE_MAX, "k77:v77:-;");
    expect_told(SIZE_MAX, ROWS + 5, SIZE_MAX, "k20005:-:v20005;");
    expect_told(SIZE_MAX, 0, 4242, "k4242:v4242:w4242;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_they_agree),
        cmocka_unit_test(test_what_differs_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
