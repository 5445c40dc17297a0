/* schedule/zone.c - TZif files, and local time to UTC and back; see zone.h.
 *
 *   file     header, block of version 1 [, header, block with 64-bit times, "\n" rule "\n"]
 *   header   "TZif" | version | 15 unused | six counts of 4 bytes
 *   block    times | their types (a byte each) | types (offset 4, daylight 1, name 1) | names |
 *            leap seconds | standard/wall | UT/local */
#include "schedule/zone.h"

#include "schedule/calendar.h"
#include "schedule/zone_rule.h"

#define HEADER_SIZE 44
#define TYPE_SIZE 6
#define VERSION_AT 4
#define COUNTS_AT 20

struct zone {
    int64_t *times;   /* ascending */
    int32_t *offsets; /* from each of them on */
    size_t count;
    int32_t first_offset_s; /* before the first */
    bool has_rule;          /* for the time from the last one on */
    struct zone_rule rule;
};

void zone_free(struct zone *zone)
{
    if (zone == NULL)
        return;
    mem_free(zone->times);
    mem_free(zone->offsets);
    mem_free(zone);
}

struct zone *zone_utc(void)
{
    return mem_new(sizeof(struct zone));
}

/* ---- reading ---- */

struct header {
    uint64_t ut_count, standard_count, leap_count, time_count, type_count, name_size;
};

/* What is left of the file; a taker moves on. */
static bool take(struct bytes *rest, uint64_t size, struct bytes *ret)
{
    if (size > rest->size)
        return false;
    *ret = bytes_slice(*rest, 0, (size_t)size);
    *rest = bytes_slice(*rest, (size_t)size, rest->size);
    return true;
}

static bool read_header(struct bytes *rest, struct header *ret, uint8_t *version)
{
    struct bytes header;

    if (!take(rest, HEADER_SIZE, &header) || !bytes_start_with(header, BYTES("TZif")))
        return false;
    const uint8_t *counts = header.ptr + COUNTS_AT;

    *version = header.ptr[VERSION_AT];
    *ret = (struct header){bytes_get_u32(counts),      bytes_get_u32(counts + 4),
                           bytes_get_u32(counts + 8),  bytes_get_u32(counts + 12),
                           bytes_get_u32(counts + 16), bytes_get_u32(counts + 20)};
    return ret->type_count >= 1 && ret->type_count <= ZONE_TYPES_MAX &&
           ret->time_count <= ZONE_CHANGES_MAX;
}

static uint64_t block_size(const struct header *header, uint64_t time_size)
{
    return header->time_count * (time_size + 1) + header->type_count * TYPE_SIZE +
           header->name_size + header->leap_count * (time_size + 4) + header->standard_count +
           header->ut_count;
}

static int64_t get_time(const uint8_t *at, size_t size)
{
    return size == 8 ? (int64_t)bytes_get_u64(at) : (int32_t)bytes_get_u32(at);
}

static bool get_offset(struct bytes types, size_t index, int32_t *ret)
{
    if (index >= types.size / TYPE_SIZE)
        return false;
    *ret = (int32_t)bytes_get_u32(types.ptr + index * TYPE_SIZE);
    return *ret > -ZONE_OFFSET_S_MAX && *ret < ZONE_OFFSET_S_MAX;
}

static bool read_block(struct bytes *rest, const struct header *header, size_t time_size,
                       struct zone *zone)
{
    struct bytes times, indexes, types, ignored;
    uint64_t behind = block_size(header, time_size) -
                      header->time_count * ((uint64_t)time_size + 1) -
                      header->type_count * TYPE_SIZE;

    if (header->leap_count > 0 || !take(rest, header->time_count * time_size, &times) ||
        !take(rest, header->time_count, &indexes) ||
        !take(rest, header->type_count * TYPE_SIZE, &types) || !take(rest, behind, &ignored) ||
        !get_offset(types, 0, &zone->first_offset_s))
        return false;
    zone->count = (size_t)header->time_count;
    zone->times = mem_new_array(size_max(zone->count, 1), sizeof *zone->times);
    zone->offsets = mem_new_array(size_max(zone->count, 1), sizeof *zone->offsets);
    for (size_t i = 0; i < zone->count; i++) {
        zone->times[i] = get_time(times.ptr + i * time_size, time_size);
        if (!get_offset(types, indexes.ptr[i], &zone->offsets[i]) ||
            (i > 0 && zone->times[i] <= zone->times[i - 1]))
            return false;
    }
    return true;
}

static bool read_rule(struct bytes rest, struct zone *zone)
{
    size_t end = rest.size > 0 ? bytes_find_byte(rest, '\n', 1) : SIZE_MAX;

    if (end == SIZE_MAX || rest.ptr[0] != '\n')
        return false;
    if (end == 1)
        return true; /* none: the last offset goes on */
    zone->has_rule = true;
    return zone_rule_parse(bytes_slice(rest, 1, end - 1), &zone->rule);
}

static bool read_file(struct bytes file, struct zone *zone)
{
    struct header header;
    struct bytes ignored;
    uint8_t version = 0;

    if (file.size > ZONE_FILE_SIZE_MAX || !read_header(&file, &header, &version))
        return false;
    if (version == 0)
        return read_block(&file, &header, 4, zone);
    return take(&file, block_size(&header, 4), &ignored) && read_header(&file, &header, &version) &&
           read_block(&file, &header, 8, zone) && read_rule(file, zone);
}

enum status zone_read(struct bytes file, struct zone **ret)
{
    struct zone *zone = mem_new(sizeof *zone);

    if (!read_file(file, zone)) {
        zone_free(zone);
        return MALFORMED;
    }
    *ret = zone;
    return OK;
}

/* ---- asking ---- */

/* How many changes are at or before the moment. */
static size_t changes_until(const struct zone *zone, int64_t utc_s)
{
    size_t low = 0, high = zone->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (zone->times[middle] <= utc_s)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct zone_stretch stretch_at(const struct zone *zone, int64_t utc_s)
{
    size_t until = changes_until(zone, utc_s);
    struct zone_stretch stretch = {
        .from_s = until > 0 ? zone->times[until - 1] : INT64_MIN,
        .to_s = until < zone->count ? zone->times[until] : INT64_MAX,
        .offset_s = until > 0 ? zone->offsets[until - 1] : zone->first_offset_s,
    };

    if (until == zone->count && zone->has_rule) {
        struct zone_stretch ruled = zone_rule_stretch(&zone->rule, utc_s);

        stretch.to_s = ruled.to_s;
        stretch.offset_s = ruled.offset_s;
        if (ruled.from_s > stretch.from_s)
            stretch.from_s = ruled.from_s;
    }
    return stretch;
}

int32_t zone_offset_s(const struct zone *zone, int64_t utc_s)
{
    return stretch_at(zone, utc_s).offset_s;
}

/* Looks at all stretches that an offset of at most ZONE_OFFSET_S_MAX can reach. */
enum zone_local zone_to_utc(const struct zone *zone, int64_t local_s, int64_t *ret_utc_s)
{
    int64_t latest = local_s + ZONE_OFFSET_S_MAX;
    struct zone_stretch stretch = stretch_at(zone, local_s - ZONE_OFFSET_S_MAX);
    int64_t first = 0, skipped = 0;
    size_t found = 0;

    for (;;) {
        int64_t utc = local_s - stretch.offset_s;

        if (utc >= stretch.from_s && utc < stretch.to_s) {
            if (found++ == 0)
                first = utc;
        } else if (utc >= stretch.to_s) {
            skipped = utc; /* as the clocks went before the change */
        }
        if (stretch.to_s > latest)
            break;
        stretch = stretch_at(zone, stretch.to_s);
    }
    *ret_utc_s = found > 0 ? first : skipped;
    if (found == 0)
        return ZONE_NEVER;
    return found == 1 ? ZONE_ONCE : ZONE_TWICE;
}
