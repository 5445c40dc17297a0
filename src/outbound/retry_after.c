/* outbound/retry_after.c - see retry_after.h. */
#include "outbound/retry_after.h"

#include "base/clock.h"

#include <stdio.h>

/* ---- dates ---- */

struct date {
    uint64_t day, month, year, hour, minute, second;
};

/* What is left to read; a piece that is not there makes all that follow false. */
struct reader {
    struct bytes text;
    bool failed;
};

static void read_literal(struct reader *r, const char *literal)
{
    if (bytes_start_with(r->text, bytes_of_text(literal)))
        r->text = bytes_slice(r->text, strlen(literal), r->text.size);
    else
        r->failed = true;
}

static uint64_t read_number(struct reader *r, size_t digits)
{
    uint64_t number = 0;

    if (r->text.size < digits || !bytes_to_uint64(bytes_slice(r->text, 0, digits), &number))
        r->failed = true;
    else
        r->text = bytes_slice(r->text, digits, r->text.size);
    return number;
}

static uint64_t read_month(struct reader *r)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

    for (size_t i = 0; i < ARRAY_COUNT(months); i++)
        if (bytes_start_with(r->text, bytes_of_text(months[i]))) {
            read_literal(r, months[i]);
            return i + 1;
        }
    r->failed = true;
    return 0;
}

static void read_time(struct reader *r, struct date *date)
{
    date->hour = read_number(r, 2);
    read_literal(r, ":");
    date->minute = read_number(r, 2);
    read_literal(r, ":");
    date->second = read_number(r, 2);
}

/* Letters: the day of the week, in full or short. */
static void skip_word(struct reader *r)
{
    size_t size = 0;

    while (size < r->text.size && ((r->text.ptr[size] | 0x20) >= 'a') &&
           ((r->text.ptr[size] | 0x20) <= 'z'))
        size++;
    r->failed |= size == 0;
    r->text = bytes_slice(r->text, size, r->text.size);
}

/* 06 Nov 1994 08:49:37 GMT */
static struct date read_fixed(struct reader *r)
{
    struct date date = {0};

    date.day = read_number(r, 2);
    read_literal(r, " ");
    date.month = read_month(r);
    read_literal(r, " ");
    date.year = read_number(r, 4);
    read_literal(r, " ");
    read_time(r, &date);
    read_literal(r, " GMT");
    return date;
}

/* 06-Nov-94 08:49:37 GMT; a year that would be more than 50 years ahead was in the last century. */
static struct date read_old(struct reader *r, uint64_t this_year)
{
    struct date date = {0};

    date.day = read_number(r, 2);
    read_literal(r, "-");
    date.month = read_month(r);
    read_literal(r, "-");
    date.year = this_year / 100 * 100 + read_number(r, 2);
    if (date.year > this_year + 50)
        date.year -= 100;
    read_literal(r, " ");
    read_time(r, &date);
    read_literal(r, " GMT");
    return date;
}

/* Nov  6 08:49:37 1994 */
static struct date read_asctime(struct reader *r)
{
    struct date date = {0};

    date.month = read_month(r);
    read_literal(r, " ");
    if (bytes_start_with(r->text, BYTES(" "))) {
        read_literal(r, " ");
        date.day = read_number(r, 1);
    } else {
        date.day = read_number(r, 2);
    }
    read_literal(r, " ");
    read_time(r, &date);
    read_literal(r, " ");
    date.year = read_number(r, 4);
    return date;
}

static uint64_t year_of(uint64_t time_ms)
{
    char text[CLOCK_ISO_SIZE];
    uint64_t year = 0;

    clock_format_iso(time_ms, false, text);
    return bytes_to_uint64(bytes_of(text, 4), &year) ? year : 0;
}

/* clock_parse_iso() knows which dates there are. */
static bool date_to_ms(const struct date *date, uint64_t *ret_ms)
{
    char text[CLOCK_ISO_SIZE + 8];

    if (date->year > 9999 || date->year < 1970)
        return false;
    snprintf(text, sizeof text, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)date->year,
             (unsigned)date->month, (unsigned)date->day, (unsigned)date->hour,
             (unsigned)date->minute, (unsigned)date->second);
    return clock_parse_iso(bytes_of_text(text), ret_ms);
}

bool http_date_read(struct bytes text, uint64_t now_ms, uint64_t *ret_ms)
{
    struct reader r = {.text = text};
    struct date date = {0};

    skip_word(&r);
    if (bytes_start_with(r.text, BYTES(", "))) {
        read_literal(&r, ", ");
        date = r.text.size > 2 && r.text.ptr[2] == '-' ? read_old(&r, year_of(now_ms))
                                                       : read_fixed(&r);
    } else {
        read_literal(&r, " ");
        date = read_asctime(&r);
    }
    return !r.failed && r.text.size == 0 && date_to_ms(&date, ret_ms);
}

/* ---- Retry-After ---- */

static bool is_digits(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
    return text.size > 0;
}

static bool is_zero(struct bytes digits)
{
    for (size_t i = 0; i < digits.size; i++)
        if (digits.ptr[i] != '0')
            return false;
    return true;
}

enum retry_after retry_after_read(struct bytes text, uint64_t now_ms, uint64_t *ret_ms)
{
    bool negative = bytes_start_with(text, BYTES("-"));
    struct bytes digits = bytes_slice(text, negative ? 1 : 0, text.size);
    uint64_t number = 0;

    *ret_ms = 0;
    if (is_digits(digits)) {
        if (negative && !is_zero(digits))
            return RETRY_AFTER_NEVER;
        if (!bytes_to_uint64(digits, &number) || number > RETRY_AFTER_MS_MAX / 1000)
            number = RETRY_AFTER_MS_MAX / 1000;
        *ret_ms = number * 1000;
        return RETRY_AFTER_DELAY;
    }
    if (!http_date_read(text, now_ms, &number))
        return RETRY_AFTER_NOT_SAID;
    if (number > now_ms)
        *ret_ms = number - now_ms < RETRY_AFTER_MS_MAX ? number - now_ms : RETRY_AFTER_MS_MAX;
    return RETRY_AFTER_DELAY;
}
