/* functions/async_journey.c - what becomes of asynchronous invocations that have no attempt, for
 * the journeys (journey/journey.h). Attempts and ends are told where they are made (async.c,
 * async_end.c). */
#include "functions/async_private.h"
#include "functions/async_record.h"
#include "functions/function.h"
#include "journey/journey.h"

/* As the record of its destination says it. */
#define THROTTLED_MESSAGE "Rate Exceeded."

/* One that came before the start is not known: it begins a journey. */
static void know(const struct async_entry *entry, const struct async_invocation *invocation)
{
    journey_invocation(entry->functions->options.journeys,
                       &(struct journey_invocation){
                           .request_id = bytes_of_text(invocation->request_id),
                           .function_name = invocation->function_name,
                       });
}

static void tell_attempt(const struct async_entry *entry, const struct async_invocation *invocation)
{
    journey_attempt_ends(
        entry->functions->options.journeys, invocation->request_id,
        &(struct journey_end){.result = JOURNEY_THROTTLED, .message = BYTES(THROTTLED_MESSAGE)});
}

void async_tell_throttled(const struct async_entry *entry)
{
    AUTO(store_value_release) struct store_value value = {0};
    struct async_invocation invocation;

    if (entry->functions->options.journeys == NULL ||
        async_entry_load(entry, &value, &invocation) != OK)
        return;
    know(entry, &invocation);
    tell_attempt(entry, &invocation);
    journey_invocation_ends(
        entry->functions->options.journeys, invocation.request_id,
        &(struct journey_end){.result = JOURNEY_RETRYING, .next_ms = entry->next_ms});
}

void async_tell_untried(const struct async_entry *entry, const struct async_invocation *invocation,
                        bool throttled)
{
    know(entry, invocation);
    if (throttled && entry->throttles == 0) /* else it was told each time */
        tell_attempt(entry, invocation);
}

void async_tell_dropped(const struct async_entry *entry, const char *why)
{
    AUTO(store_value_release) struct store_value value = {0};
    struct async_invocation invocation;

    if (entry->functions->options.journeys == NULL ||
        async_entry_load(entry, &value, &invocation) != OK)
        return;
    know(entry, &invocation);
    journey_invocation_ends(
        entry->functions->options.journeys, invocation.request_id,
        &(struct journey_end){.result = JOURNEY_DROPPED, .message = bytes_of_text(why)});
}
