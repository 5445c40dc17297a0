/* schedule/expression.c - rate(), cron() and at() as text; see expression.h. */
#include "schedule/expression.h"

#include "schedule/calendar.h"

#define SECOND_MS 1000

static const struct unit {
    const char *one, *many;
    uint64_t ms;
} units[] = {
    /* the largest first: printing takes the first that fits */
    {"day", "days", (uint64_t)CALENDAR_DAY_S *SECOND_MS},
    {"hour", "hours", (uint64_t)CALENDAR_HOUR_S *SECOND_MS},
    {"minute", "minutes", (uint64_t)CALENDAR_MINUTE_S *SECOND_MS},
};

/* The text between NAME( and ). */
static bool unwrap(struct bytes text, const char *name, struct bytes *ret)
{
    struct bytes prefix = bytes_of_text(name);

    if (!bytes_start_with(text, prefix) || text.size <= prefix.size ||
        text.ptr[text.size - 1] != ')')
        return false;
    *ret = bytes_slice(text, prefix.size, text.size - prefix.size - 1);
    return true;
}

static bool parse_rate(struct bytes text, enum schedule_dialect dialect,
                       struct schedule_expression *ret)
{
    size_t space = bytes_find_byte(text, ' ', 0);
    struct bytes unit = bytes_slice(text, space == SIZE_MAX ? text.size : space + 1, text.size);
    uint64_t value = 0;

    if (!bytes_to_uint64(bytes_slice(text, 0, space), &value) || value < 1 ||
        value > SCHEDULE_RATE_MAX)
        return false;
    ret->kind = SCHEDULE_RATE;
    for (size_t i = 0; i < ARRAY_COUNT(units); i++) {
        bool one = bytes_equal_text(unit, units[i].one);
        bool many = bytes_equal_text(unit, units[i].many);

        ret->every_ms = value * units[i].ms;
        if ((one || many) && (dialect == SCHEDULE_OF_SCHEDULER || one == (value == 1)))
            return true;
    }
    return false;
}

static bool parse_number(struct bytes text, size_t from, size_t size, uint32_t min, uint32_t max,
                         uint32_t *ret)
{
    uint64_t value = 0;

    if (!bytes_to_uint64(bytes_slice(text, from, size), &value) || value < min || value > max)
        return false;
    *ret = (uint32_t)value;
    return true;
}

/* yyyy-mm-ddThh:mm:ss */
static bool parse_at(struct bytes text, struct schedule_expression *ret)
{
    static const char form[] = "dddd-dd-ddTdd:dd:dd";
    struct calendar_date date = {0};
    uint32_t year = 0, hour = 0, minute = 0, second = 0;

    if (text.size != sizeof form - 1)
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (form[i] != 'd' && text.ptr[i] != (uint8_t)form[i])
            return false;
    if (!parse_number(text, 0, 4, 1, 9999, &year) ||
        !parse_number(text, 5, 2, 1, 12, &date.month) || !parse_number(text, 11, 2, 0, 23, &hour) ||
        !parse_number(text, 14, 2, 0, 59, &minute) || !parse_number(text, 17, 2, 0, 59, &second))
        return false;
    date.year = (int32_t)year;
    if (!parse_number(text, 8, 2, 1, calendar_month_size(date.year, date.month), &date.day))
        return false;
    ret->kind = SCHEDULE_AT;
    ret->at_s = calendar_days(date) * CALENDAR_DAY_S + (int64_t)hour * CALENDAR_HOUR_S +
                (int64_t)minute * CALENDAR_MINUTE_S + (int64_t)second;
    return true;
}

bool schedule_parse(struct bytes text, enum schedule_dialect dialect,
                    struct schedule_expression *ret)
{
    struct bytes inner;
    struct schedule_expression parsed = {.kind = SCHEDULE_CRON};
    bool right = false;

    if (unwrap(text, "rate(", &inner))
        right = parse_rate(inner, dialect, &parsed);
    else if (unwrap(text, "cron(", &inner))
        right = cron_parse(inner, &parsed.cron);
    else if (dialect == SCHEDULE_OF_SCHEDULER && unwrap(text, "at(", &inner))
        right = parse_at(inner, &parsed);
    if (right)
        *ret = parsed;
    return right;
}

static void print_rate(struct buffer *out, uint64_t every_ms)
{
    for (size_t i = 0; i < ARRAY_COUNT(units); i++) {
        uint64_t value = every_ms / units[i].ms;

        if (every_ms % units[i].ms != 0)
            continue;
        buffer_printf(out, "rate(%llu %s)", (unsigned long long)value,
                      value == 1 ? units[i].one : units[i].many);
        return;
    }
}

static void print_at(struct buffer *out, int64_t at_s)
{
    int64_t days = calendar_floor(at_s, CALENDAR_DAY_S);
    struct calendar_date date = calendar_date(days);
    int64_t second = at_s - days * CALENDAR_DAY_S;

    buffer_printf(out, "at(%04d-%02u-%02uT%02d:%02d:%02d)", (int)date.year, date.month, date.day,
                  (int)(second / CALENDAR_HOUR_S), (int)(second / CALENDAR_MINUTE_S % 60),
                  (int)(second % 60));
}

void schedule_print(struct buffer *out, const struct schedule_expression *expression)
{
    switch (expression->kind) {
    case SCHEDULE_RATE:
        print_rate(out, expression->every_ms);
        return;
    case SCHEDULE_CRON:
        buffer_append_text(out, "cron(");
        cron_print(out, &expression->cron);
        buffer_append_byte(out, ')');
        return;
    case SCHEDULE_AT:
        print_at(out, expression->at_s);
        return;
    }
}
