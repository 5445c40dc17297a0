/* schedule/zones.c: names, and none that leads out of the folder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "schedule/zone.h"

static void test_names(void **state)
{
    static const char *const right[] = {
        "UTC",  "Europe/Berlin", "Etc/GMT+5", "Etc/GMT-14", "America/Argentina/Buenos_Aires",
        "GMT0", "EST5EDT"};
    static const char *const wrong[] = {"",
                                        "/",
                                        "/Europe/Berlin",
                                        "Europe/",
                                        "Europe//Berlin",
                                        "../UTC",
                                        "Europe/../UTC",
                                        ".",
                                        "Europe/.",
                                        "posix/UTC",
                                        "right/UTC",
                                        "posixrules",
                                        "zone.tab",
                                        "Europe\\Berlin",
                                        "Europe Berlin",
                                        "Europe/Ber\nlin",
                                        "localtime",
                                        "1UTC",
                                        "A23456789012345678901234567890123456789012345678901"};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(right); i++)
        assert_true(zone_name_is_valid(bytes_of_text(right[i])));
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++)
        if (zone_name_is_valid(bytes_of_text(wrong[i])))
            fail_msg("%s is taken", wrong[i]);
    assert_false(zone_name_is_valid(bytes_of("UTC", 4)));
}

static void test_finding(void **state)
{
    char folder[] = "/tmp/zones-XXXXXX", path[80];
    struct zones *zones = NULL;
    const struct zone *zone = NULL, *again = NULL;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/Bad", folder);
    assert_int_equal(file_write(path, BYTES("TZif, they said"), 0600), OK);
    snprintf(path, sizeof path, "%s/Europe", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    zones = zones_new(folder);
    assert_int_equal(zones_find(zones, BYTES("UTC"), &zone), OK);
    assert_int_equal(zones_find(zones, BYTES("UTC"), &again), OK);
    assert_ptr_equal(zone, again);
    assert_int_equal(zone_offset_s(zone, 0), 0);
    assert_int_equal(zones_find(zones, BYTES("None"), &zone), NOT_FOUND);
    assert_int_equal(zones_find(zones, BYTES("../Bad"), &zone), NOT_FOUND);
    assert_int_equal(zones_find(zones, BYTES("Bad"), &zone), MALFORMED);
    assert_int_not_equal(zones_find(zones, BYTES("Europe"), &zone), OK);
    zones_free(zones);
    assert_int_equal(file_remove_folder(folder), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_finding),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
