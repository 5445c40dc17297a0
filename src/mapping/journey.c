/* mapping/journey.c - what lanes and pollers tell the journeys (journey/journey.h): which records
 * they took up, and what becomes of each part of a batch, and of each message. Attempts are told by
 * who makes them (function_consumer.c). */
#include "journey/journey.h"
#include "mapping/internal.h"
#include "mapping/queue_source.h"

struct journey_batch mapping_told_batch(const struct mapping_handover *handover,
                                        struct bytes consumer_name)
{
    const struct mapping_settings *settings = handover->settings;
    bool is_queue = settings->source == MAPPING_OF_QUEUE;

    return (struct journey_batch){.mapping = settings->uuid,
                                  .consumer = consumer_name,
                                  .positions = &handover->records->position,
                                  .message_ids = is_queue ? handover->records->identifier : NULL,
                                  .queue_arn = settings->source_arn,
                                  .stride = sizeof *handover->records,
                                  .count = handover->count};
}

/* ---- of a change stream ---- */

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

/* ---- of a queue ---- */

static struct journeys *journeys_of(const struct poller *poller)
{
    return poller->source->mapping->mappings->options.journeys;
}

void poller_tell_filtered(const struct poller *poller, const struct queue_received *received)
{
    const struct mapping *mapping = poller->source->mapping;

    journey_message_filtered(journeys_of(poller), received->message.message_id,
                             mapping->settings.source_arn, bytes_of_text(mapping->uuid),
                             mapping->settings.function_name);
}

void poller_tell_message(const struct poller *poller, size_t index, bool handled)
{
    journey_message(journeys_of(poller), poller->messages[index].message.message_id,
                    poller->source->mapping->settings.source_arn,
                    &(struct journey_end){
                        .result = handled ? JOURNEY_DONE : JOURNEY_RETRYING,
                        .next_ms = handled ? 0 : poller->visible_ms,
                    });
}

static enum journey_result result_of(enum mapping_outcome outcome)
{
    switch (outcome) {
    case MAPPING_HANDLED:
        return JOURNEY_DONE;
    case MAPPING_FAILED:
    case MAPPING_PARTLY_FAILED:
        return JOURNEY_RETURNED;
    case MAPPING_NOT_TAKEN:
        return JOURNEY_RETRYING;
    case MAPPING_CLOSED:
        return JOURNEY_STOPPED;
    }
    return JOURNEY_RETURNED;
}

void poller_tell_batch(const struct poller *poller, uint64_t next_ms)
{
    const struct mapping_handover *handover = &poller->handover;
    struct journey_batch batch =
        mapping_told_batch(handover, poller->source->mapping->settings.function_name);
    enum journey_result result = result_of(handover->outcome);

    if (result == JOURNEY_RETRYING && next_ms == 0)
        result = JOURNEY_RETURNED; /* others may have its messages now */
    journey_batch_ends(journeys_of(poller), &batch,
                       &(struct journey_end){.result = result, .next_ms = next_ms});
}
