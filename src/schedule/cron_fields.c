/* schedule/cron_fields.c - cron's six fields as text: read and printed; see cron.h.
 *
 *   field   part {"," part}
 *   part    ["*" | value ["-" value]] ["/" step]        and what a day field has of its own */
#include "schedule/cron.h"

#define FIELD_COUNT 6

struct field {
    uint32_t min, max;
    const char *names; /* three letters each, from the value min; NULL: none */
    bool wraps;        /* a range may go over the end */
};

static const struct field minutes = {0, 59, NULL, true};
static const struct field hours = {0, 23, NULL, true};
static const struct field days = {1, 31, NULL, true};
static const struct field months = {1, 12, "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC", true};
static const struct field weekdays = {1, 7, "SUNMONTUEWEDTHUFRISAT", true};
static const struct field years = {CRON_YEAR_MIN, CRON_YEAR_MAX, NULL, false};

/* ---- sets: bit value - base ---- */

static void add(uint64_t *set, uint32_t bit)
{
    set[bit / 64] |= UINT64_C(1) << (bit % 64);
}

static bool has(const uint64_t *set, uint32_t bit)
{
    return (set[bit / 64] >> (bit % 64) & 1) != 0;
}

/* ---- reading ---- */

static bool is_word(struct bytes text, const char *word)
{
    return bytes_equal_ignore_case(text, bytes_of_text(word));
}

static bool parse_value(const struct field *field, struct bytes text, uint32_t *ret)
{
    uint64_t value = 0;

    for (uint32_t i = 0; field->names != NULL && text.size == 3 && field->min + i <= field->max;
         i++)
        if (bytes_equal_ignore_case(text, bytes_of(field->names + (size_t)i * 3, 3))) {
            *ret = field->min + i;
            return true;
        }
    if (text.size > 4 || !bytes_to_uint64(text, &value) || value < field->min || value > field->max)
        return false;
    *ret = (uint32_t)value;
    return true;
}

/* `*`, `n`, `a-b`; and where a step without an end goes to. */
static bool parse_range(const struct field *field, struct bytes text, bool stepped, uint32_t *from,
                        uint32_t *to)
{
    size_t dash = bytes_find_byte(text, '-', 0);

    if (bytes_equal_text(text, "*")) {
        *from = field->min;
        *to = field->max;
        return true;
    }
    if (dash != SIZE_MAX)
        return parse_value(field, bytes_slice(text, 0, dash), from) &&
               parse_value(field, bytes_slice(text, dash + 1, text.size), to) &&
               (field->wraps || *from <= *to);
    if (!parse_value(field, text, from))
        return false;
    *to = stepped ? field->max : *from;
    return true;
}

/* A plain part: into the set, whose bit 0 is the value `base`. */
static bool parse_part(const struct field *field, struct bytes part, uint32_t base, uint64_t *set)
{
    size_t slash = bytes_find_byte(part, '/', 0);
    struct bytes step_text = bytes_slice(part, slash == SIZE_MAX ? part.size : slash + 1, 4);
    uint32_t from = 0, to = 0, size = field->max - field->min + 1;
    uint64_t step = 1;

    if (slash != SIZE_MAX && (!bytes_to_uint64(step_text, &step) || step < 1 || step > field->max ||
                              step_text.size != part.size - slash - 1))
        return false;
    if (!parse_range(field, bytes_slice(part, 0, slash), slash != SIZE_MAX, &from, &to))
        return false;
    for (uint32_t left = to >= from ? to - from : to + size - from, at = 0; at <= left;
         at += (uint32_t)step)
        add(set, field->min + (from - field->min + at) % size - base);
    return true;
}

/* Whether there is another part behind the commas; an empty one is a part too. */
static bool next_part(struct bytes *rest, bool *more, struct bytes *part)
{
    size_t comma = bytes_find_byte(*rest, ',', 0);

    if (!*more)
        return false;
    *part = bytes_slice(*rest, 0, comma);
    *more = comma != SIZE_MAX;
    *rest = *more ? bytes_slice(*rest, comma + 1, rest->size) : (struct bytes){NULL, 0};
    return true;
}

static bool parse_plain(const struct field *field, struct bytes text, uint32_t base, uint64_t *set)
{
    struct bytes part;

    for (bool more = true; next_part(&text, &more, &part);)
        if (!parse_part(field, part, base, set))
            return false;
    return true;
}

/* L, L-n, LW, nW. False: it is none of these. */
static bool parse_special_day(struct bytes part, struct cron *cron)
{
    uint64_t before = 0;
    uint32_t day = 0;

    if (is_word(part, "L")) {
        cron->before_last |= 1;
    } else if (is_word(part, "LW")) {
        cron->last_weekday = true;
    } else if (is_word(bytes_slice(part, 0, 2), "L-")) {
        if (!bytes_to_uint64(bytes_slice(part, 2, part.size), &before) || before < 1 ||
            before > 30 || part.size > 4)
            return false;
        cron->before_last |= 1U << before;
    } else {
        if (part.size < 2 || (part.ptr[part.size - 1] | 0x20) != 'w' ||
            !parse_value(&days, bytes_slice(part, 0, part.size - 1), &day))
            return false;
        cron->nearest |= 1U << day;
    }
    return true;
}

static bool parse_days(struct bytes text, struct cron *cron)
{
    uint64_t set = 0;
    struct bytes part;

    for (bool more = true; next_part(&text, &more, &part);)
        if (!parse_special_day(part, cron) && !parse_part(&days, part, 0, &set))
            return false;
    cron->days = (uint32_t)set;
    return true;
}

/* L, nL. */
static bool parse_special_weekday(struct bytes part, struct cron *cron)
{
    uint32_t weekday = 0;

    if (is_word(part, "L")) {
        cron->weekdays |= 1U << weekdays.max;
        return true;
    }
    if (part.size < 2 || (part.ptr[part.size - 1] | 0x20) != 'l' ||
        !parse_value(&weekdays, bytes_slice(part, 0, part.size - 1), &weekday))
        return false;
    cron->last_weekdays |= 1U << weekday;
    return true;
}

static bool parse_weekdays(struct bytes text, struct cron *cron)
{
    size_t hash = bytes_find_byte(text, '#', 0);
    uint64_t set = 0, nth = 0;
    struct bytes part;

    if (hash != SIZE_MAX) {
        if (!parse_value(&weekdays, bytes_slice(text, 0, hash), &cron->nth_weekday) ||
            text.size != hash + 2 ||
            !bytes_to_uint64(bytes_slice(text, hash + 1, text.size), &nth) || nth < 1 || nth > 5)
            return false;
        cron->nth = (uint32_t)nth;
        return true;
    }
    for (bool more = true; next_part(&text, &more, &part);)
        if (!parse_special_weekday(part, cron) && !parse_part(&weekdays, part, 0, &set))
            return false;
    cron->weekdays |= (uint32_t)set;
    return true;
}

/* Exactly one of the two is `?`. */
static bool parse_both_days(struct bytes date, struct bytes weekday, struct cron *cron)
{
    cron->by_weekday = bytes_equal_text(date, "?");
    if (cron->by_weekday == bytes_equal_text(weekday, "?"))
        return false;
    return cron->by_weekday ? parse_weekdays(weekday, cron) : parse_days(date, cron);
}

/* Fields stand between runs of spaces; none before the first and behind the last. */
static bool split(struct bytes text, struct bytes fields[FIELD_COUNT])
{
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        size_t end = size_min(bytes_find_byte(text, ' ', 0), text.size);

        if (end == 0)
            return false;
        fields[i] = bytes_slice(text, 0, end);
        while (end < text.size && text.ptr[end] == ' ')
            end++;
        if ((end == text.size) != (i == FIELD_COUNT - 1))
            return false;
        if (i == FIELD_COUNT - 1 && fields[i].size != text.size)
            return false;
        text = bytes_slice(text, end, text.size);
    }
    return true;
}

bool cron_parse(struct bytes text, struct cron *ret)
{
    struct bytes fields[FIELD_COUNT];
    struct cron cron = {0};
    uint64_t hour_set = 0, month_set = 0;

    if (!split(text, fields) || !parse_plain(&minutes, fields[0], 0, &cron.minutes) ||
        !parse_plain(&hours, fields[1], 0, &hour_set) ||
        !parse_plain(&months, fields[3], 0, &month_set) ||
        !parse_both_days(fields[2], fields[4], &cron) ||
        !parse_plain(&years, fields[5], CRON_YEAR_MIN, cron.years))
        return false;
    cron.hours = (uint32_t)hour_set;
    cron.months = (uint32_t)month_set;
    *ret = cron;
    return true;
}

/* ---- printing ---- */

struct printing {
    struct buffer *out;
    size_t begin; /* where the field begins: a comma stands before all but the first part */
};

static void begin_part(const struct printing *printing)
{
    if (printing->out->size > printing->begin)
        buffer_append_byte(printing->out, ',');
}

/* Runs of values become ranges, the whole field a star. */
static void print_set(const struct printing *printing, const struct field *field, uint32_t base,
                      const uint64_t *set)
{
    for (uint32_t value = field->min; value <= field->max; value++) {
        uint32_t end = value;

        if (!has(set, value - base))
            continue;
        while (end < field->max && has(set, end + 1 - base))
            end++;
        begin_part(printing);
        if (value == field->min && end == field->max)
            buffer_append_byte(printing->out, '*');
        else if (end > value)
            buffer_printf(printing->out, "%u-%u", value, end);
        else
            buffer_printf(printing->out, "%u", value);
        value = end;
    }
}

static void print_field(struct buffer *out, const struct field *field, uint32_t base,
                        const uint64_t *set)
{
    print_set(&(struct printing){out, out->size}, field, base, set);
    buffer_append_byte(out, ' ');
}

static void print_days(struct buffer *out, const struct cron *cron)
{
    struct printing printing = {out, out->size};
    uint64_t set = cron->days;

    print_set(&printing, &days, 0, &set);
    for (uint32_t day = 1; day <= days.max; day++)
        if ((cron->nearest >> day & 1) != 0) {
            begin_part(&printing);
            buffer_printf(out, "%uW", day);
        }
    for (uint32_t before = 0; before < days.max; before++)
        if ((cron->before_last >> before & 1) != 0) {
            begin_part(&printing);
            if (before == 0)
                buffer_append_text(out, "L");
            else
                buffer_printf(out, "L-%u", before);
        }
    if (cron->last_weekday) {
        begin_part(&printing);
        buffer_append_text(out, "LW");
    }
}

static void print_weekdays(struct buffer *out, const struct cron *cron)
{
    struct printing printing = {out, out->size};
    uint64_t set = cron->weekdays;

    if (cron->nth > 0) {
        buffer_printf(out, "%u#%u", cron->nth_weekday, cron->nth);
        return;
    }
    print_set(&printing, &weekdays, 0, &set);
    for (uint32_t weekday = 1; weekday <= weekdays.max; weekday++)
        if ((cron->last_weekdays >> weekday & 1) != 0) {
            begin_part(&printing);
            buffer_printf(out, "%uL", weekday);
        }
}

void cron_print(struct buffer *out, const struct cron *cron)
{
    uint64_t hour_set = cron->hours, month_set = cron->months;
    struct printing last = {out, 0};

    print_field(out, &minutes, 0, &cron->minutes);
    print_field(out, &hours, 0, &hour_set);
    if (cron->by_weekday)
        buffer_append_text(out, "?");
    else
        print_days(out, cron);
    buffer_append_byte(out, ' ');
    print_field(out, &months, 0, &month_set);
    if (cron->by_weekday)
        print_weekdays(out, cron);
    else
        buffer_append_text(out, "?");
    buffer_append_byte(out, ' ');
    last.begin = out->size;
    print_set(&last, &years, CRON_YEAR_MIN, cron->years);
}
