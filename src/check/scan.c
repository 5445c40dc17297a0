/* check/scan.c - a family row by row, and what is told of it; see internal.h. */
#include "check/internal.h"

#include "base/clock.h"

#include <stdio.h>

#define NS_PER_MS 1000000u
#define PROGRESS_ROWS 4096 /* between two looks at whether somebody waits or stops it */

const struct check_kind CHECK_UNREADABLE = {
    "unreadable", "the row is damaged; whatever needs it answers an error, and may not start"};
const struct check_kind CHECK_STRAY = {
    "stray", "nothing needs the row; it takes room, and shows that something was left behind"};
const struct check_kind CHECK_MISSING = {"missing",
                                         "who looks by this way does not find what is stored"};
const struct check_kind CHECK_DIFFERENT = {
    "different", "two places tell different things of one, and who asks gets one or the other"};

static const struct check_kind damaged = {
    "damaged-file",
    "a file of the store is damaged: what it holds can't be read, and the family is "
    "not compared with others; put the folder back from a backup"};

/* ---- parts ---- */

void check_part_begin(struct check *check, const char *name)
{
    check->part = (struct check_part){.name = name};
    check->part_begin_ns = clock_monotonic_ns();
}

void check_part_remark(struct check *check, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    check->part.remark = arena_vprintf(check->arena, format, args);
    va_end(args);
}

static void tell_progress(struct check *check)
{
    const struct check_report *report = &check->options->report;

    if (report->progress != NULL)
        report->progress(report->context, check->progress);
    check->progress = 0;
    if (report->stopped != NULL && report->stopped(report->context))
        check->status = CLOSED;
}

void check_part_end(struct check *check)
{
    const struct check_report *report = &check->options->report;

    tell_progress(check);
    check->part.ms = (clock_monotonic_ns() - check->part_begin_ns) / NS_PER_MS;
    check->result.rows += check->part.rows;
    check->result.bytes += check->part.bytes;
    if (report->part != NULL && check->status == OK)
        report->part(report->context, &check->part);
}

/* ---- findings ---- */

struct kind_count {
    struct kind_count *next;
    const struct check_kind *kind;
    uint64_t count;
};

static struct kind_count *count_of(struct check *check, const struct check_kind *kind)
{
    struct kind_count *one = check->kinds;

    while (one != NULL && one->kind != kind)
        one = one->next;
    if (one == NULL) {
        one = ARENA_NEW(check->arena, struct kind_count);
        *one = (struct kind_count){.next = check->kinds, .kind = kind};
        check->kinds = one;
    }
    return one;
}

void check_find(struct check *check, const struct check_kind *kind, const char *family,
                struct bytes key, struct bytes expected, struct bytes there)
{
    const struct check_report *report = &check->options->report;
    struct check_finding finding = {kind, family, key, expected, there};
    struct kind_count *count = NULL;

    /* Whose a row is can't be known when the settings could not be read to their end. */
    if (kind == &CHECK_STRAY && check->damaged[STORE_CATALOGUE])
        return;
    count = count_of(check, kind);
    count->count++;
    check->part.findings++;
    check->result.findings++;
    if (count->count <= CHECK_FINDINGS_MAX)
        report->found(report->context, &finding);
}

void check_tell_more(struct check *check)
{
    const struct check_report *report = &check->options->report;

    for (const struct kind_count *one = check->kinds; one != NULL; one = one->next)
        if (one->count > CHECK_FINDINGS_MAX && report->more != NULL)
            report->more(report->context, one->kind, one->count - CHECK_FINDINGS_MAX);
}

struct bytes check_text(struct check *check, const char *format, ...)
{
    va_list args;
    struct bytes text;

    va_start(args, format);
    text = arena_vprintf(check->scratch, format, args);
    va_end(args);
    return text;
}

void check_find_position(struct check *check, const struct check_kind *kind, const char *family,
                         struct bytes place, uint64_t position)
{
    check_find(check, kind, family, place,
               check_text(check, "a position up to the last one, %llu",
                          (unsigned long long)check->last_position),
               check_text(check, "%llu", (unsigned long long)position));
}

void check_find_nobodys(struct check *check, const char *family, struct bytes key,
                        const char *expected, uint64_t id)
{
    check_find(check, &CHECK_STRAY, family, check_bytes_text(check, key), bytes_of_text(expected),
               check_text(check, "one of the id %llu, which is nobody's", (unsigned long long)id));
}

void check_find_unreadable(struct check *check, enum store_family family, struct bytes key,
                           enum status status, const char *expected)
{
    check_find(check, &CHECK_UNREADABLE, store_family_name(family), check_bytes_text(check, key),
               bytes_of_text(expected), bytes_of_text(status_text(status)));
}

/* ---- rows ---- */

static void count_row(struct check *check, struct bytes key, struct bytes value)
{
    check->progress++;
    if (!check->again) {
        check->part.rows++;
        check->part.bytes += key.size + value.size;
    }
    if (check->progress >= PROGRESS_ROWS)
        tell_progress(check);
}

void check_scan(struct check *check, enum store_family family, struct bytes from, struct bytes to,
                check_row row, void *context)
{
    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(check->store, NULL, family, from, to, false);
    struct bytes key, value;

    while (check->status == OK && store_iter_next(iter, &key, &value)) {
        arena_reset(check->scratch);
        count_row(check, key, value);
        row(check, key, value, context);
    }
    if (check->status != OK || store_iter_status(iter) == OK)
        return;
    if (!check->damaged[family])
        check_find(check, &damaged, store_family_name(family), BYTES("files of the family"),
                   BYTES("blocks with the checksums that they were written with"),
                   bytes_of_text(store_iter_words(iter)));
    check->damaged[family] = true;
}

void check_scan_all(struct check *check, enum store_family family, check_row row, void *context)
{
    static const struct bytes all = {NULL, 0};

    check_scan(check, family, all, all, row, context);
}

bool check_get(struct check *check, enum store_family family, struct bytes key, struct bytes *ret)
{
    AUTO(store_value_release) struct store_value value = {0};

    if (store_get(check->store, NULL, family, key, &value) != OK)
        return false;
    *ret = arena_copy(check->scratch, value.bytes);
    return true;
}
