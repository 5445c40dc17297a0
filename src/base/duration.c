/* base/duration.c - see duration.h. */
#include "base/duration.h"

#include <inttypes.h>

#define SECOND_MS ((uint64_t)1000)
#define DAY_MS (24 * 60 * 60 * SECOND_MS)

struct unit {
    const char *text; /* "ms" stands before "m": the longer one is looked for first */
    uint64_t ms;
};

/* Also in the order in which they may follow each other, but for "ms", which comes last. */
static const struct unit people[] = {
    {"w", 7 * DAY_MS},     {"d", DAY_MS},    {"h", 60 * 60 * SECOND_MS},
    {"m", 60 * SECOND_MS}, {"s", SECOND_MS}, {"ms", 1},
};
static const struct unit iso_dates[] = {{"W", 7 * DAY_MS}, {"D", DAY_MS}};
static const struct unit iso_times[] = {
    {"H", 60 * 60 * SECOND_MS}, {"M", 60 * SECOND_MS}, {"S", SECOND_MS}};

/* A number of units, its fraction apart: in billionths. */
struct quantity {
    uint64_t whole, billionths;
    bool has_fraction;
};

static bool is_digit(struct bytes text)
{
    return text.size > 0 && text.ptr[0] >= '0' && text.ptr[0] <= '9';
}

static struct bytes after(struct bytes text, size_t count)
{
    return bytes_slice(text, count, text.size);
}

static void take_fraction(struct bytes *text, struct quantity *ret)
{
    uint64_t place = 100000000;

    ret->has_fraction = true;
    for (; is_digit(*text); *text = after(*text, 1), place /= 10)
        ret->billionths += place * (uint64_t)(text->ptr[0] - '0');
}

static bool take_quantity(struct bytes *text, struct quantity *ret)
{
    *ret = (struct quantity){0};
    if (!is_digit(*text))
        return false;
    for (; is_digit(*text); *text = after(*text, 1)) {
        ret->whole = ret->whole * 10 + (uint64_t)(text->ptr[0] - '0');
        if (ret->whole > DURATION_MS_MAX)
            return false;
    }
    if (text->size < 2 || text->ptr[0] != '.')
        return true;
    *text = after(*text, 1);
    if (!is_digit(*text))
        return false;
    take_fraction(text, ret);
    return true;
}

/* Adds so many units. */
static bool add(uint64_t *ms, const struct quantity *quantity, uint64_t unit_ms)
{
    uint64_t more = 0;

    if (__builtin_mul_overflow(quantity->whole, unit_ms, &more) || more > DURATION_MS_MAX)
        return false;
    /* less than a week of milliseconds: the product fits */
    more += quantity->billionths * unit_ms / 1000000000;
    *ms += more;
    return *ms <= DURATION_MS_MAX;
}

/* The longest unit at the front of the text, at or after *at; *at is then behind it. */
static const struct unit *take_unit(struct bytes *text, const struct unit *units, size_t count,
                                    size_t *at)
{
    const struct unit *found = NULL;
    size_t found_at = 0;

    for (size_t i = *at; i < count; i++) {
        struct bytes name = bytes_of_text(units[i].text);

        if (bytes_start_with(*text, name) && (found == NULL || name.size > strlen(found->text))) {
            found = &units[i];
            found_at = i;
        }
    }
    if (found == NULL)
        return NULL;
    *text = after(*text, strlen(found->text));
    *at = found_at + 1;
    return found;
}

#define NO_END (-1)

/* Quantities with units, until the text is over or `end` stands there. *ret_any: there was one. */
static bool take_units(struct bytes *text, const struct unit *units, size_t count, int end,
                       uint64_t *ms, bool *ret_any)
{
    size_t at = 0;
    bool last = false;

    while (text->size > 0 && text->ptr[0] != end) {
        struct quantity quantity;
        const struct unit *unit = NULL;

        if (last || !take_quantity(text, &quantity))
            return false;
        unit = take_unit(text, units, count, &at);
        if (unit == NULL || !add(ms, &quantity, unit->ms))
            return false;
        last = quantity.has_fraction;
        *ret_any = true;
    }
    return !last || text->size == 0;
}

static bool parse_iso(struct bytes text, uint64_t *ms)
{
    bool any = false;

    if (!take_units(&text, iso_dates, ARRAY_COUNT(iso_dates), 'T', ms, &any))
        return false;
    if (text.size == 0)
        return any;
    text = after(text, 1);
    any = false;
    return take_units(&text, iso_times, ARRAY_COUNT(iso_times), NO_END, ms, &any) && any;
}

static bool parse_people(struct bytes text, uint64_t *ms)
{
    struct bytes rest = text;
    struct quantity seconds;
    bool any = false;

    if (take_quantity(&rest, &seconds) && rest.size == 0)
        return add(ms, &seconds, SECOND_MS);
    return take_units(&text, people, ARRAY_COUNT(people), NO_END, ms, &any) && any;
}

bool duration_parse(struct bytes text, uint64_t *ret_ms)
{
    uint64_t ms = 0;
    bool ok = bytes_start_with(text, BYTES("P")) ? parse_iso(after(text, 1), &ms)
                                                 : parse_people(text, &ms);

    if (ok)
        *ret_ms = ms;
    return ok;
}

void duration_print(struct buffer *out, uint64_t ms)
{
    size_t size = out->size;

    for (size_t i = 0; i < ARRAY_COUNT(people) - 2; i++) {
        if (ms >= people[i].ms)
            buffer_printf(out, "%" PRIu64 "%s", ms / people[i].ms, people[i].text);
        ms %= people[i].ms;
    }
    if (ms % SECOND_MS != 0)
        buffer_printf(out, "%" PRIu64 ".%03us", ms / SECOND_MS, (unsigned)(ms % SECOND_MS));
    else if (ms > 0 || out->size == size)
        buffer_printf(out, "%" PRIu64 "s", ms / SECOND_MS);
}
