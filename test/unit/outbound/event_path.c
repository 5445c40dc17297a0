/* event_path.h: what a path of HttpParameters points at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "outbound/event_path.h"

static void test_what_is_a_path(void **state)
{
    (void)state;
    assert_true(event_path_is(BYTES("$")));
    assert_true(event_path_is(BYTES("$.detail")));
    assert_true(event_path_is(BYTES("$[0]")));
    assert_false(event_path_is(BYTES("")));
    assert_false(event_path_is(BYTES("$5")));
    assert_false(event_path_is(BYTES("$5.00")));
    assert_false(event_path_is(BYTES("US$.5")));
}

static void test_what_it_points_at(void **state)
{
    static const struct {
        const char *path, *expected; /* NULL: nothing */
    } cases[] = {
        {"$",
         "{\"detail-type\":\"t\",\"resources\":[\"a\",[1,2]],\"detail\":{\"a\":{\"b\":null}}}"},
        {"$.detail-type", "\"t\""},
        {"$.resources[0]", "\"a\""},
        {"$.resources[1][1]", "2"},
        {"$.resources", "[\"a\",[1,2]]"},
        {"$.detail.a", "{\"b\":null}"},
        {"$.detail.a.b", "null"},
        {"$.detail.a.c", NULL},
        {"$.detail.a.b.c", NULL},
        {"$.resources[2]", NULL},
        {"$.resources[-1]", NULL},
        {"$.resources[a]", NULL},
        {"$.resources[0", NULL},
        {"$.resources[]", NULL},
        {"$.resources[18446744073709551616]", NULL},
        {"$.resources.a", NULL},
        {"$.detail[0]", NULL},
        {"$.", NULL},
        {"$..detail", NULL},
        {"$.detail.", NULL},
        {"$[0]", NULL},
        {"detail", NULL},
    };
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct json *event = NULL;

    (void)state;
    assert_int_equal(json_parse(arena, bytes_of_text(cases[0].expected), &event, NULL), OK);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO(buffer_free) struct buffer out = BUFFER_INIT(1024);
        const struct json *found = event_path_find(event, bytes_of_text(cases[i].path));

        if (found != NULL)
            json_print(&out, found);
        if ((found != NULL) != (cases[i].expected != NULL) ||
            (found != NULL && !bytes_equal_text(buffer_bytes(&out), cases[i].expected)))
            fail_msg("%s: %.*s", cases[i].path, BYTES_ARG(buffer_bytes(&out)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_a_path),
        cmocka_unit_test(test_what_it_points_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
