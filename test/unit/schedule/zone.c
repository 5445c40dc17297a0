/* schedule/zone.c: small files by hand, and every zone of the machine against the C library. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/id.h"
#include "schedule/calendar.h"
#include "schedule/zone.h"

static uint64_t chance_state;

static uint64_t chance(uint64_t below)
{
    chance_state ^= chance_state << 13;
    chance_state ^= chance_state >> 7;
    chance_state ^= chance_state << 17;
    return chance_state % below;
}

/* ---- files by hand ---- */

static void put_header(struct buffer *out, uint8_t version, uint32_t times, uint32_t types)
{
    static const uint8_t unused[15] = {0};

    buffer_append_text(out, "TZif");
    buffer_append_byte(out, version);
    buffer_append(out, bytes_of(unused, sizeof unused));
    buffer_append_u32(out, 0);
    buffer_append_u32(out, 0);
    buffer_append_u32(out, 0);
    buffer_append_u32(out, times);
    buffer_append_u32(out, types);
    buffer_append_u32(out, 4);
}

static void put_type(struct buffer *out, int32_t offset_s)
{
    buffer_append_u32(out, (uint32_t)offset_s);
    buffer_append_byte(out, 0);
    buffer_append_byte(out, 0);
}

/* One hour until 1000000, then two, then one again from 2000000. */
static void put_file(struct buffer *out, const char *rule)
{
    put_header(out, '2', 0, 1);
    put_type(out, 0);
    buffer_append(out, bytes_of("ABC", 4));
    put_header(out, '2', 2, 2);
    buffer_append_u64(out, 1000000);
    buffer_append_u64(out, 2000000);
    buffer_append(out, bytes_of("\1\0", 2));
    put_type(out, 3600);
    put_type(out, 7200);
    buffer_append(out, bytes_of("ABC", 4));
    buffer_printf(out, "\n%s\n", rule);
}

static void test_once_twice_never(void **state)
{
    AUTO(buffer_free) struct buffer file = BUFFER_INIT(ZONE_FILE_SIZE_MAX);
    struct zone *zone = NULL;
    int64_t at = 0;

    (void)state;
    put_file(&file, "");
    assert_int_equal(zone_read(buffer_bytes(&file), &zone), OK);
    assert_int_equal(zone_offset_s(zone, 999999), 3600);
    assert_int_equal(zone_offset_s(zone, 1000000), 7200);
    assert_int_equal(zone_offset_s(zone, 2000000), 3600);
    assert_int_equal(zone_offset_s(zone, INT64_C(99999999999)), 3600);
    assert_int_equal(zone_to_utc(zone, 1003599, &at), ZONE_ONCE);
    assert_int_equal(at, 999999);
    assert_int_equal(zone_to_utc(zone, 1003600, &at), ZONE_NEVER);
    assert_int_equal(at, 1000000);
    assert_int_equal(zone_to_utc(zone, 1007199, &at), ZONE_NEVER);
    assert_int_equal(at, 1003599);
    assert_int_equal(zone_to_utc(zone, 1007200, &at), ZONE_ONCE);
    assert_int_equal(at, 1000000);
    assert_int_equal(zone_to_utc(zone, 2003599, &at), ZONE_ONCE);
    assert_int_equal(zone_to_utc(zone, 2003600, &at), ZONE_TWICE);
    assert_int_equal(at, 1996400);
    assert_int_equal(zone_to_utc(zone, 2007199, &at), ZONE_TWICE);
    assert_int_equal(at, 1999999);
    assert_int_equal(zone_to_utc(zone, 2007200, &at), ZONE_ONCE);
    assert_int_equal(at, 2003600);
    zone_free(zone);
}

static void test_every_cut_and_every_flip_is_survived(void **state)
{
    AUTO(buffer_free) struct buffer file = BUFFER_INIT(ZONE_FILE_SIZE_MAX);
    struct zone *zone = NULL;
    int64_t at = 0;

    (void)state;
    put_file(&file, "CET-1CEST,M3.5.0,M10.5.0/3");
    for (size_t size = 0; size < file.size; size++)
        assert_int_equal(zone_read(bytes_slice(buffer_bytes(&file), 0, size), &zone), MALFORMED);
    for (size_t i = 0; i < file.size * 8; i++) {
        file.ptr[i / 8] ^= (uint8_t)(1U << (i % 8));
        if (zone_read(buffer_bytes(&file), &zone) == OK) {
            (void)zone_to_utc(zone, (int64_t)chance(4000000000), &at);
            zone_free(zone);
        }
        file.ptr[i / 8] ^= (uint8_t)(1U << (i % 8));
    }
}

/* ---- against the C library ---- */

static struct zones *all;
static size_t zone_count;

static int64_t local_of_library(int64_t utc_s)
{
    time_t time = (time_t)utc_s;
    struct tm tm;

    assert_non_null(localtime_r(&time, &tm));
    return calendar_days((struct calendar_date){tm.tm_year + 1900, (uint32_t)tm.tm_mon + 1,
                                                (uint32_t)tm.tm_mday}) *
               CALENDAR_DAY_S +
           tm.tm_hour * CALENDAR_HOUR_S + tm.tm_min * CALENDAR_MINUTE_S + tm.tm_sec;
}

static void check_moment(const struct zone *zone, const char *name, int64_t utc_s)
{
    int64_t local_s = utc_s + zone_offset_s(zone, utc_s), back = 0;
    enum zone_local kind = zone_to_utc(zone, local_s, &back);

    if (local_of_library(utc_s) != local_s)
        fail_msg("%s at %lld: %lld, not %lld", name, (long long)utc_s, (long long)(local_s - utc_s),
                 (long long)(local_of_library(utc_s) - utc_s));
    if (kind == ZONE_NEVER || (kind == ZONE_ONCE && back != utc_s) || back > utc_s)
        fail_msg("%s at %lld: back to %lld", name, (long long)utc_s, (long long)back);
}

static int check_zone(const char *path, const struct stat *status, int type)
{
    struct bytes name = bytes_of_text(path + sizeof ZONE_FOLDER);
    const struct zone *zone = NULL;

    (void)status;
    if (type != FTW_F || !zone_name_is_valid(name) || zones_find(all, name, &zone) != OK)
        return 0;
    zone_count++;
    setenv("TZ", path + sizeof ZONE_FOLDER, 1);
    tzset();
    for (size_t i = 0; i < 200; i++)
        check_moment(zone, path, (int64_t)chance(UINT64_C(7258118400))); /* until 2200 */
    return 0;
}

static void test_every_zone_of_the_machine(void **state)
{
    (void)state;
    all = zones_new(ZONE_FOLDER);
    if (ftw(ZONE_FOLDER, check_zone, 8) != 0 || zone_count == 0)
        skip(); /* there is no database */
    assert_true(zone_count > 300);
    zones_free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_once_twice_never),
        cmocka_unit_test(test_every_cut_and_every_flip_is_survived),
        cmocka_unit_test(test_every_zone_of_the_machine),
    };

    id_random((uint8_t *)&chance_state, sizeof chance_state);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
