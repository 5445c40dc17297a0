/* delivery/letter.c - see letter.h. */
#include "delivery/letter.h"

#include "base/clock.h"

#include <inttypes.h>

/* An attribute without a value is none that a queue takes. */
static void add(struct delivery_letter *letter, const char *name, struct bytes value)
{
    if (value.size == 0)
        return;
    assert(letter->attribute_count < DELIVERY_LETTER_ATTRIBUTES_MAX);
    letter->attributes[letter->attribute_count++] = (struct delivery_attribute){name, value};
}

static struct bytes condition_text(enum delivery_condition condition)
{
    switch (condition) {
    case DELIVERY_NOT_EXHAUSTED:
        return BYTES("");
    case DELIVERY_ATTEMPTS_EXHAUSTED:
        return BYTES("MaximumRetryAttempts");
    case DELIVERY_AGE_EXCEEDED:
        return BYTES("MaximumEventAgeInSeconds");
    }
    assert(false && "no such condition");
    return BYTES("");
}

static void add_schedule(struct delivery_letter *letter, const struct delivery *delivery)
{
    char time[CLOCK_ISO_SIZE];

    clock_format_iso(delivery->scheduled_ms, false, time);
    add(letter, "SCHEDULE_ARN", delivery->source_arn);
    add(letter, "SCHEDULED_TIME", arena_copy(letter->arena, bytes_of_text(time)));
    add(letter, "EXECUTION_ID", delivery->event_id);
    add(letter, "IS_PAYLOAD_TRUNCATED", BYTES("false"));
}

struct delivery_letter *delivery_letter_make(const struct delivery *delivery,
                                             const struct delivery_error *error, uint32_t failed,
                                             enum delivery_condition condition)
{
    struct delivery_letter *letter = ARENA_NEW(delivery->arena, struct delivery_letter);
    bool of_rule = delivery->source == DELIVERY_OF_RULE;

    letter->arena = delivery->arena;
    letter->queue_arn = delivery->dead_letter_arn;
    letter->body = of_rule && delivery->event.size > 0 ? delivery->event : delivery->payload;
    if (letter->body.size == 0) /* no message is empty */
        letter->body = BYTES("{}");
    letter->trace_header = delivery->trace_header;
    assert(delivery->source != DELIVERY_OF_FUNCTION &&
           "its dead letters are deliveries themselves");
    if (of_rule)
        add(letter, "RULE_ARN", delivery->source_arn);
    else
        add_schedule(letter, delivery);
    add(letter, "TARGET_ARN", delivery->target_arn);
    add(letter, "ERROR_CODE", bytes_of_text(error->code));
    add(letter, "ERROR_MESSAGE", arena_copy(letter->arena, bytes_of_text(error->message)));
    add(letter, "EXHAUSTED_RETRY_CONDITION", condition_text(condition));
    add(letter, "RETRY_ATTEMPTS",
        arena_printf(letter->arena, "%" PRIu32, failed > 0 ? failed - 1 : 0));
    return letter;
}
