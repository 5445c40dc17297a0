/* mapping/journey.c - what lanes tell the journeys (journey/journey.h): which records they took up,
 * and what becomes of each part of a batch. Attempts are told by who makes them
 * (function_consumer.c). */
#include "journey/journey.h"
#include "mapping/internal.h"

static void tell_range(const struct lane *lane, size_t begin, size_t end,
                       const struct journey_end *result)
{
    const struct mapping *mapping = lane->mapping;
    struct journey_batch batch = {.mapping = bytes_of_text(mapping->uuid),
                                  .consumer = mapping->settings.function_name,
                                  .positions = &lane->running.records[begin].position,
                                  .stride = sizeof *lane->running.records,
                                  .count = end - begin};

    if (!lane->closing && end > begin)
        journey_batch_ends(mapping->mappings->options.journeys, &batch, result);
}

void lane_tell_read(const struct lane *lane, const struct change *change)
{
    stream_tell_read(lane->mapping->mappings->options.journeys, lane_table_name(lane), change);
}

void lane_tell_filtered(const struct lane *lane, const struct change *change)
{
    const struct mapping *mapping = lane->mapping;

    lane_tell_read(lane, change);
    journey_filtered(mapping->mappings->options.journeys, change->position,
                     bytes_of_text(mapping->uuid), mapping->settings.function_name);
}

void lane_tell_handled(const struct lane *lane)
{
    tell_range(lane, lane->begin, lane->end, &(struct journey_end){.result = JOURNEY_DONE});
}

void lane_tell_again(const struct lane *lane, uint64_t next_ms)
{
    tell_range(lane, lane->begin, lane->end,
               &(struct journey_end){.result = JOURNEY_RETRYING, .next_ms = next_ms});
}

void lane_tell_split(const struct lane *lane)
{
    tell_range(lane, lane->begin, lane->end, &(struct journey_end){.result = JOURNEY_SPLIT});
}

void lane_tell_split_from(const struct lane *lane, size_t begin)
{
    if (lane->attempts > 0)
        tell_range(lane, begin, lane->end, &(struct journey_end){.result = JOURNEY_SPLIT});
}

void lane_tell_stopped(const struct lane *lane)
{
    tell_range(lane, lane->begin, lane->end, &(struct journey_end){.result = JOURNEY_STOPPED});
}

void lane_tell_given_up(const struct lane *lane, size_t begin, size_t end, const char *condition)
{
    struct bytes queue_arn = lane->mapping->settings.on_failure_arn;

    tell_range(lane, begin, end,
               &(struct journey_end){
                   .result = queue_arn.size > 0 ? JOURNEY_LETTER : JOURNEY_DROPPED,
                   .code = bytes_of_text(condition),
                   .message = queue_arn,
               });
}
