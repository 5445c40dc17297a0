/* base/clock.c - see clock.h. */
#include "base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#define NS_PER_MS 1000000
#define NS_PER_S INT64_C(1000000000)

/* When the machine's time is behind, one part in so many of what passes is left out. */
#define SLEW_PART 10
/* And not more often than this, because two readings are never of one moment. */
#define SLEW_STEP_NS (100 * NS_PER_MS)

/* A real clock is what has passed since the machine began (which only goes forward), and how far
 * the time of day is ahead of that. The distance grows when the time of day is set forward, or the
 * machine wakes up; when that is set back, it shrinks slowly. */
struct clock {
    bool manual;
    _Atomic uint64_t last_ms; /* real: the latest answer; manual: the time */
    _Atomic int64_t ahead_ns;
    _Atomic int64_t slewed_ns; /* what had passed when it shrank */
};

struct clock *clock_new_real(void)
{
    return clock_new_real_from(0);
}

struct clock *clock_new_real_from(uint64_t at_least_ms)
{
    struct clock *clock = mem_new(sizeof *clock);

    clock->slewed_ns = (int64_t)clock_monotonic_ns();
    clock->ahead_ns = (int64_t)at_least_ms * NS_PER_MS - clock->slewed_ns;
    return clock;
}

struct clock *clock_new_manual(uint64_t now_ms)
{
    struct clock *clock = mem_new(sizeof *clock);

    clock->manual = true;
    clock->last_ms = now_ms;
    return clock;
}

void clock_free(struct clock *clock)
{
    mem_free(clock);
}

bool clock_is_manual(const struct clock *clock)
{
    return clock->manual;
}

static int64_t time_of_day_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/* The time of day is less than the clock says, perhaps only because of a thread that stood still
 * between two readings: then the next one finds it right. */
static void slew(struct clock *clock, int64_t passed_ns, int64_t behind_ns)
{
    int64_t slewed_ns = atomic_load(&clock->slewed_ns), by_ns = (passed_ns - slewed_ns) / SLEW_PART;

    if (passed_ns - slewed_ns < SLEW_STEP_NS ||
        !atomic_compare_exchange_strong(&clock->slewed_ns, &slewed_ns, passed_ns))
        return;
    atomic_fetch_sub(&clock->ahead_ns, by_ns < behind_ns ? by_ns : behind_ns);
}

/* The distance as it is now. The time of day is read first: a thread that stands still between the
 * two makes it too small, which the next reading mends, and never too large. */
static int64_t read_ns(struct clock *clock)
{
    int64_t day_ns = time_of_day_ns(), passed_ns = (int64_t)clock_monotonic_ns();
    int64_t ahead_ns = atomic_load(&clock->ahead_ns);

    while (day_ns - passed_ns > ahead_ns)
        if (atomic_compare_exchange_weak(&clock->ahead_ns, &ahead_ns, day_ns - passed_ns)) {
            atomic_store(&clock->slewed_ns, passed_ns);
            return day_ns;
        }
    if (ahead_ns - (day_ns - passed_ns) > NS_PER_MS)
        slew(clock, passed_ns, ahead_ns - (day_ns - passed_ns));
    else if (passed_ns - atomic_load(&clock->slewed_ns) > SLEW_STEP_NS)
        atomic_store(&clock->slewed_ns, passed_ns);
    return passed_ns + ahead_ns;
}

uint64_t clock_now_ms(struct clock *clock)
{
    if (clock->manual)
        return atomic_load(&clock->last_ms);

    uint64_t now = (uint64_t)read_ns(clock) / NS_PER_MS, last = atomic_load(&clock->last_ms);

    while (now > last)
        if (atomic_compare_exchange_weak(&clock->last_ms, &last, now))
            return now;
    return last;
}

uint64_t clock_machine_ms(struct clock *clock)
{
    return clock->manual ? clock_now_ms(clock) : (uint64_t)time_of_day_ns() / NS_PER_MS;
}

uint64_t clock_waited_ms(struct clock *clock)
{
    return clock->manual ? clock_now_ms(clock) : clock_monotonic_ns() / 1000000;
}

void clock_advance(struct clock *clock, uint64_t by_ms)
{
    assert(clock->manual);
    atomic_fetch_add(&clock->last_ms, by_ms);
}

uint64_t clock_file_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME_COARSE, &ts);
    return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

uint64_t clock_monotonic_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

#define ISO_SECONDS_SIZE 20                   /* "2026-01-31T23:59:59" */
#define YEAR_10000_S ((uint64_t)253402300800) /* its first second */

/* Events that come together are of the same second: a thread remembers the last one. */
static const char *iso_seconds(time_t seconds)
{
    static _Thread_local struct {
        time_t seconds;
        char text[ISO_SECONDS_SIZE];
    } last;
    struct tm tm;

    if (last.text[0] == '\0' || last.seconds != seconds) {
        gmtime_r(&seconds, &tm);
        strftime(last.text, sizeof last.text, "%Y-%m-%dT%H:%M:%S", &tm);
        last.seconds = seconds;
    }
    return last.text;
}

void clock_format_iso(uint64_t time_ms, bool milliseconds, char out[CLOCK_ISO_SIZE])
{
    unsigned rest = (unsigned)(time_ms % 1000);

    if (time_ms / 1000 >= YEAR_10000_S) { /* no time of ours: what fits */
        snprintf(out, CLOCK_ISO_SIZE, "%llu", (unsigned long long)time_ms);
        return;
    }
    memcpy(out, iso_seconds((time_t)(time_ms / 1000)), ISO_SECONDS_SIZE);
    out += strlen(out);
    if (milliseconds) {
        *out++ = '.';
        *out++ = (char)('0' + rest / 100);
        *out++ = (char)('0' + rest / 10 % 10);
        *out++ = (char)('0' + rest % 10);
    }
    *out++ = 'Z';
    *out = '\0';
}

void clock_format_http(uint64_t time_ms, char out[CLOCK_HTTP_SIZE])
{
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm tm;
    char rest[16];

    gmtime_r(&seconds, &tm);
    strftime(rest, sizeof rest, "%Y %H:%M:%S", &tm);
    snprintf(out, CLOCK_HTTP_SIZE, "%s, %02u %s %.13s GMT", days[tm.tm_wday],
             (unsigned)tm.tm_mday % 100, months[tm.tm_mon], rest);
}

/* Reads `count` digits and moves on. */
static bool take_digits(struct bytes *text, size_t count, int *ret)
{
    uint64_t value = 0;

    if (text->size < count || !bytes_to_uint64(bytes_slice(*text, 0, count), &value))
        return false;
    *text = bytes_slice(*text, count, text->size);
    *ret = (int)value;
    return true;
}

static bool take_byte(struct bytes *text, uint8_t byte)
{
    if (text->size == 0 || text->ptr[0] != byte)
        return false;
    *text = bytes_slice(*text, 1, text->size);
    return true;
}

static bool take_offset(struct bytes *text, int64_t *ret_seconds)
{
    int hours = 0, minutes = 0, sign = 0;

    if (take_byte(text, 'Z')) {
        *ret_seconds = 0;
        return text->size == 0;
    }
    sign = take_byte(text, '+') ? 1 : take_byte(text, '-') ? -1 : 0;
    if (sign == 0 || !take_digits(text, 2, &hours))
        return false;
    take_byte(text, ':');
    if (!take_digits(text, 2, &minutes) || hours > 14 || minutes > 59)
        return false;
    *ret_seconds = (int64_t)sign * (hours * 3600 + minutes * 60);
    return text->size == 0;
}

/* In the Gregorian calendar; month from 1. */
static int days_of_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

/* ".5", ".123456": at least one digit; what is finer than a millisecond is let go. */
static bool take_fraction(struct bytes *text, uint64_t *ret_ms)
{
    uint64_t unit = 100;
    size_t size_before = 0;

    if (!take_byte(text, '.'))
        return true;
    size_before = text->size;
    for (int digit = 0; take_digits(text, 1, &digit); unit /= 10)
        *ret_ms += (uint64_t)digit * unit;
    return text->size < size_before;
}

bool clock_parse_iso(struct bytes text, uint64_t *ret_ms)
{
    struct tm tm = {0};
    int64_t offset = 0;
    uint64_t fraction_ms = 0;

    if (!take_digits(&text, 4, &tm.tm_year) || !take_byte(&text, '-') ||
        !take_digits(&text, 2, &tm.tm_mon) || !take_byte(&text, '-') ||
        !take_digits(&text, 2, &tm.tm_mday) || !(take_byte(&text, 'T') || take_byte(&text, ' ')) ||
        !take_digits(&text, 2, &tm.tm_hour) || !take_byte(&text, ':') ||
        !take_digits(&text, 2, &tm.tm_min) || !take_byte(&text, ':') ||
        !take_digits(&text, 2, &tm.tm_sec))
        return false;
    if (tm.tm_year < 1970 || tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 ||
        tm.tm_mday > days_of_month(tm.tm_year, tm.tm_mon) || tm.tm_hour > 23 || tm.tm_min > 59 ||
        tm.tm_sec > 60)
        return false;
    if (!take_fraction(&text, &fraction_ms) || !take_offset(&text, &offset))
        return false;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;

    int64_t seconds = (int64_t)timegm(&tm) - offset;

    if (seconds < 0)
        return false;
    *ret_ms = (uint64_t)seconds * 1000 + fraction_ms;
    return true;
}
