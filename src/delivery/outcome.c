/* delivery/outcome.c - on the writer: what becomes of a delivery, all of it in one batch. */
#include "delivery/internal.h"

void outcome_delete(struct store_batch *batch, uint64_t position)
{
    uint8_t key[DELIVERY_KEY_SIZE];

    delivery_key_encode(key, DELIVERY_KEY_RECORD, position);
    store_batch_delete(batch, STORE_DELIVERIES, bytes_of(key, sizeof key));
    delivery_key_encode(key, DELIVERY_KEY_ATTEMPTS, position);
    store_batch_delete(batch, STORE_DELIVERIES, bytes_of(key, sizeof key));
}

static enum status seal(const struct deliveries *deliveries, struct store_batch *batch,
                        struct delivery *delivery, uint8_t which, struct bytes *text)
{
    struct bytes sealed;
    enum status st =
        vault_seal_text(deliveries->options.vault, batch, delivery->arena, *text, &sealed);

    if (st != OK || sealed.size == 0)
        return st;
    *text = sealed;
    delivery->sealed |= which;
    return OK;
}

void outcome_store(struct deliveries *deliveries, struct store_batch *batch,
                   const struct delivery *delivery, struct delivery_end *end)
{
    AUTO(buffer_free) struct buffer value = BUFFER_INIT(DELIVERY_RECORD_SIZE_MAX);
    struct delivery record = *delivery;
    uint8_t key[DELIVERY_KEY_SIZE];

    *end = (struct delivery_end){.kind = OUTCOME_STORED, .position = store_batch_position(batch)};
    record.sealed = 0;
    enum status st = seal(deliveries, batch, &record, DELIVERY_SEALED_PAYLOAD, &record.payload);

    if (st == OK)
        st = seal(deliveries, batch, &record, DELIVERY_SEALED_EVENT, &record.event);
    if (st != OK) {
        store_batch_fail(batch, st);
        return;
    }
    delivery_key_encode(key, DELIVERY_KEY_RECORD, end->position);
    delivery_record_encode(&value, &record);
    assert(!buffer_failed(&value) && "deliveries_prepare() looked at the sizes");
    store_batch_put(batch, STORE_DELIVERIES, bytes_of(key, sizeof key), buffer_bytes(&value));
}

static void put_attempts(struct store_batch *batch, uint64_t position,
                         const struct delivery_attempts *attempts)
{
    AUTO(buffer_free) struct buffer value = BUFFER_INIT(DELIVERY_ATTEMPTS_SIZE_MAX);
    uint8_t key[DELIVERY_KEY_SIZE];

    delivery_key_encode(key, DELIVERY_KEY_ATTEMPTS, position);
    delivery_attempts_encode(&value, attempts);
    assert(!buffer_failed(&value));
    store_batch_put(batch, STORE_DELIVERIES, bytes_of(key, sizeof key), buffer_bytes(&value));
}

void outcome_give_up(struct deliveries *deliveries, struct store_batch *batch,
                     const struct delivery *delivery, const struct delivery_error *error,
                     uint64_t position, uint32_t failed, enum delivery_condition condition,
                     struct delivery_end *end)
{
    const struct delivery_door *door = &deliveries->options.door;

    *end = (struct delivery_end){
        .kind = OUTCOME_DROPPED, .position = position, .failed = failed, .code = error->code};
    if (delivery->dead_letter_arn.size > 0) {
        end->letter = delivery_letter_make(delivery, error, failed, condition);
        enum status st = door->write_letter(door->context, batch, end->letter);

        if (st == IO_ERROR || st == NO_SPACE) { /* not the queue's fault: later */
            end->kind = OUTCOME_STORE_FAILED;
            return;
        }
        end->kind = st == OK ? OUTCOME_LETTER : OUTCOME_DROPPED;
        end->letter_refused = st != OK;
    }
    if (position != 0)
        outcome_delete(batch, position);
}

static struct delivery_verdict decide(struct deliveries *deliveries,
                                      const struct delivery *delivery, uint64_t position,
                                      uint32_t failed, const struct delivery_error *error)
{
    struct deliveries_options options = {
        .retry_delay_ms = deliveries->retry_delay_ms,
        .maximum_retry_attempts = deliveries->maximum_retry_attempts,
    };

    return delivery_decide(&options, delivery, position, failed, error,
                           deliveries_now_ms(deliveries));
}

void outcome_fail(struct deliveries *deliveries, struct store_batch *batch,
                  const struct delivery *delivery, const struct delivery_error *error,
                  uint64_t position, uint32_t failed, struct delivery_end *end)
{
    struct delivery_verdict verdict = decide(deliveries, delivery, position, failed, error);

    if (!verdict.again) {
        outcome_give_up(deliveries, batch, delivery, error, position, failed, verdict.condition,
                        end);
        return;
    }
    if (position == 0) { /* a new record has its position now, and the jitter goes by that */
        outcome_store(deliveries, batch, delivery, end);
        verdict = decide(deliveries, delivery, end->position, failed, error);
    } else {
        *end = (struct delivery_end){.kind = OUTCOME_STORED, .position = position};
    }
    end->failed = failed;
    end->next_ms = verdict.next_ms;
    put_attempts(batch, end->position,
                 &(struct delivery_attempts){
                     .failed = failed,
                     .next_ms = verdict.next_ms,
                     .code = bytes_slice(bytes_of_text(error->code), 0, DELIVERY_CODE_SIZE_MAX),
                     .message = bytes_of_text(error->message),
                 });
}

/* ---- on the loop ---- */

/* Once for each target and code: a rule whose target is gone has as much to say as there are
 * events. */
static void tell_dropped(struct deliveries *deliveries, const struct delivery *delivery,
                         const struct delivery_error *error, const struct delivery_end *end)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(16 * 1024);

    if (deliveries->options.dropped == NULL)
        return;
    buffer_printf(&text, "%.*s %.*s %s %d", BYTES_ARG(delivery->source_arn),
                  BYTES_ARG(delivery->target_id), end->code, (int)end->letter_refused);
    if (map_has(&deliveries->told, buffer_bytes(&text)))
        return;
    if (deliveries->told.count >= DELIVERY_TOLD_MAX)
        map_clear(&deliveries->told);
    map_put(&deliveries->told, buffer_bytes(&text), deliveries);
    buffer_clear(&text);
    buffer_printf(&text, "dropped what %.*s has for its target %.*s (%.*s): %s",
                  BYTES_ARG(delivery->source_arn), BYTES_ARG(delivery->target_id),
                  BYTES_ARG(delivery->target_arn), end->code);
    if (error != NULL && error->message[0] != '\0')
        buffer_printf(&text, ", %s", error->message);
    if (end->letter_refused)
        buffer_printf(&text, "; and its dead-letter queue %.*s can't take it",
                      BYTES_ARG(delivery->dead_letter_arn));
    buffer_append_text(&text, ". More of the same are only counted");
    buffer_append_byte(&text, '\0');
    if (!buffer_failed(&text))
        deliveries->options.dropped(deliveries->options.context, (const char *)text.ptr);
}

void outcome_durable(struct deliveries *deliveries, const struct delivery *delivery,
                     const struct delivery_error *error, const struct delivery_end *end)
{
    const struct delivery_door *door = &deliveries->options.door;
    struct deliveries_figures *totals = &deliveries->totals;

    switch (end->kind) {
    case OUTCOME_DELIVERED:
        totals->delivered_total++;
        break;
    case OUTCOME_LETTER:
        totals->failed_total++;
        totals->dead_letters_total++;
        door->letter_written(door->context, end->letter);
        break;
    case OUTCOME_DROPPED:
        totals->failed_total++;
        totals->dropped_total++;
        tell_dropped(deliveries, delivery, error, end);
        break;
    case OUTCOME_STORED:
    case OUTCOME_GONE:
    case OUTCOME_STORE_FAILED:
        break;
    }
}
