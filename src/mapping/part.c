/* mapping/part.c - what becomes of a part of a batch that failed: halved, tried again, given up;
 * see lane.h. (AWS: Lambda developer guide, "Retain discarded records for a DynamoDB event source",
 * "Configuring partial batch response with DynamoDB".)
 *
 *   all of it failed       BisectBatchOnFunctionError: halved, which counts as no attempt
 *                          else one attempt more, and given up after MaximumRetryAttempts of them
 *   from a record on       what stands before it is done with. The rest is a part of its own:
 *                          bisecting, it is tried at once and this was no attempt; else this was
 *                          the first
 *
 * A part whose first record failed has failed as a whole, whatever its function says of the others:
 * only so bisecting finds a bad record that stands first. */
#include "mapping/internal.h"

static void start_part(struct lane *lane)
{
    lane->attempts = 0;
    lane->delay_ms = MAPPING_RETRY_FIRST_MS;
}

void lane_next_part(struct lane *lane)
{
    lane->mapping->moved = true;
    lane->begin = lane->end;
    if (lane->split_count > 0)
        lane->end = lane->ends[--lane->split_count];
    start_part(lane);
}

static void halve_part(struct lane *lane)
{
    assert(lane->split_count < LANE_SPLITS_MAX);
    lane_tell_split(lane);
    lane->ends[lane->split_count++] = lane->end;
    lane->end = lane->begin + (lane->end - lane->begin) / 2;
}

/* ---- giving up ---- */

static void note_failure(struct lane *lane, size_t begin, size_t end, const char *condition)
{
    const struct mapping_record first = mapping_batch_record_at(&lane->running, begin);
    const struct mapping_record last = mapping_batch_record_at(&lane->running, end - 1);
    bool tried = lane->attempts > 0;

    lane_tell_given_up(lane, begin, end, condition);
    mapping_shard_note_failure(lane->shard,
                               &(struct mapping_failure){
                                   .condition = condition,
                                   .attempts = lane->attempts,
                                   .request_id = tried ? lane->tried.request_id : "",
                                   .function_error = tried ? lane->tried.function_error : NULL,
                                   .version = lane->tried.version,
                                   .first = &first,
                                   .last = &last,
                                   .count = end - begin,
                               });
}

static uint64_t age_ms(const struct mapping *mapping)
{
    int32_t age_s = mapping->settings.maximum_record_age_s;
    uint64_t age_ms = age_s < 0 ? STREAM_RETENTION_MS : (uint64_t)age_s * 1000;

    return age_ms < STREAM_RETENTION_MS ? age_ms : STREAM_RETENTION_MS;
}

uint64_t lane_expires_ms(const struct lane *lane)
{
    return lane->running.records[lane->begin].time_ms + age_ms(lane->mapping);
}

void lane_drop_old(struct lane *lane)
{
    const struct mapping *mapping = lane->mapping;
    uint64_t now_ms = clock_now_ms(timers_clock(mapping->mappings->options.timers));
    size_t begin = lane->begin;

    while (lane->begin < lane->end && lane_expires_ms(lane) < now_ms)
        lane->begin++;
    if (lane->begin == begin)
        return;
    if (lane->begin < lane->end)
        lane_tell_split_from(lane, begin);
    AUTO(arena_release) struct arena *arena = arena_new();

    lane->mapping->moved = true;
    note_failure(lane, begin, lane->begin, MAPPING_RECORD_AGE_EXCEEDED);
    mapping_tell(mapping,
                 arena_printf(arena, "dropped %zu records that were older than %llu s",
                              lane->begin - begin, (unsigned long long)(age_ms(mapping) / 1000)));
}

static void give_up(struct lane *lane)
{
    AUTO(arena_release) struct arena *arena = arena_new();

    note_failure(lane, lane->begin, lane->end, MAPPING_RETRY_ATTEMPTS_EXHAUSTED);
    mapping_tell(lane->mapping, arena_printf(arena, "dropped %zu records after %u attempts",
                                             lane->end - lane->begin, lane->attempts));
    lane_next_part(lane);
}

/* ---- failing ---- */

static enum lane_again count_attempt(struct lane *lane)
{
    int32_t retries = lane->mapping->settings.maximum_retry_attempts;

    lane->attempts++;
    if (retries < 0 || lane->attempts <= (uint32_t)retries)
        return LANE_LATER;
    give_up(lane);
    return LANE_AT_ONCE;
}

enum lane_again lane_part_failed(struct lane *lane)
{
    if (!lane->mapping->settings.bisect_on_error || lane->end - lane->begin == 1)
        return count_attempt(lane);
    halve_part(lane);
    return LANE_AT_ONCE;
}

size_t lane_count_passed(const struct lane *lane)
{
    size_t count = 0;

    while (!lane->handover.records[count].failed)
        count++;
    return count;
}

enum lane_again lane_part_failed_from(struct lane *lane, size_t count)
{
    if (count == 0)
        return lane_part_failed(lane);
    lane_tell_split(lane);
    lane->begin += count;
    lane->mapping->moved = true;
    start_part(lane);
    return lane->mapping->settings.bisect_on_error ? LANE_AT_ONCE : count_attempt(lane);
}
