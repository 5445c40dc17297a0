/* delivery/journey.c - what became of a delivery, for the journeys (journey/journey.h). */
#include "delivery/internal.h"
#include "journey/journey.h"

static struct journey_delivery told_of(const struct delivery *delivery)
{
    return (struct journey_delivery){.cause_id = delivery->event_id,
                                     .source_arn = delivery->source_arn,
                                     .target_id = delivery->target_id,
                                     .target_arn = delivery->target_arn,
                                     .dead_letter_arn = delivery->dead_letter_arn};
}

static enum journey_result result_of(const struct delivery_end *end)
{
    switch (end->kind) {
    case OUTCOME_DELIVERED:
        return JOURNEY_DONE;
    case OUTCOME_STORED:
        return end->failed > 0 ? JOURNEY_RETRYING : JOURNEY_WAITING;
    case OUTCOME_LETTER:
        return JOURNEY_LETTER;
    case OUTCOME_DROPPED:
    case OUTCOME_GONE:
    case OUTCOME_STORE_FAILED:
        break;
    }
    return JOURNEY_DROPPED;
}

void delivery_tell(const struct deliveries *deliveries, const struct delivery *delivery,
                   const struct delivery_error *error, const struct delivery_end *end)
{
    struct journey_delivery told = told_of(delivery);
    bool failed = end->kind != OUTCOME_DELIVERED && error != NULL;

    if (deliveries->options.journeys == NULL)
        return;
    journey_delivery(deliveries->options.journeys, &told,
                     &(struct journey_end){
                         .result = result_of(end),
                         .attempt = failed ? end->failed : 0,
                         .next_ms = end->next_ms,
                         .code = failed ? bytes_of_text(error->code) : BYTES(""),
                         .message = failed ? bytes_of_text(error->message) : BYTES(""),
                     });
}

void delivery_tell_call(const struct deliveries *deliveries, const struct delivery *delivery)
{
    struct journey_delivery told = told_of(delivery);

    journey_call_begins(deliveries->options.journeys, &told);
}
