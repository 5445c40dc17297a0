/* delivery/deliveries.c - opening and closing, and handing over; see delivery.h. */
#include "delivery/internal.h"

/* ---- handing over ---- */

static bool names_fit(const struct delivery *delivery)
{
    const struct bytes names[] = {delivery->source_arn,   delivery->target_arn,
                                  delivery->target_id,    delivery->event_id,
                                  delivery->trace_header, delivery->dead_letter_arn};

    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (names[i].size > DELIVERY_NAME_SIZE_MAX)
            return false;
    return delivery->parameters.size <= DELIVERY_PARAMETERS_SIZE_MAX;
}

void deliveries_prepare(struct deliveries *deliveries, struct delivery *delivery)
{
    const struct delivery_door *door = &deliveries->options.door;
    struct delivery_error *error = &deliveries->scratch;

    assert(names_fit(delivery) && "the APIs limit what they take");
    if (delivery->accepted_ms == 0)
        delivery->accepted_ms = deliveries_now_ms(deliveries);
    delivery->error = NULL;
    delivery->may_begin = delivery->begun = false;
    delivery->end = ARENA_NEW(delivery->arena, struct delivery_end);
    if (delivery->payload.size > DELIVERY_PAYLOAD_SIZE_MAX) {
        delivery->way = DELIVERY_REFUSED;
        delivery->payload = (struct bytes){NULL, 0};
        delivery_error_set(error, "INVALID_PARAMETER", false,
                           "The input for the target is larger than %zu bytes.",
                           DELIVERY_PAYLOAD_SIZE_MAX);
    } else if (delivery->error_code != NULL) {
        delivery->way = DELIVERY_REFUSED;
        delivery_error_set(error, delivery->error_code, false,
                           "The input for the target could not be made from the event.");
    } else {
        delivery->way = door->find(door->context, delivery, error);
    }
    if (delivery->way == DELIVERY_REFUSED) {
        delivery->error = ARENA_NEW(delivery->arena, struct delivery_error);
        *delivery->error = *error;
    }
}

bool deliveries_begin(struct deliveries *deliveries, struct delivery *delivery,
                      const struct delivery_release *release)
{
    const struct delivery_door *door = &deliveries->options.door;

    if (delivery->way != DELIVERY_WRITTEN || !delivery->may_begin)
        return false;
    delivery->begun = true;
    delivery_tell(deliveries, delivery, NULL, &(struct delivery_end){.kind = OUTCOME_DELIVERED});
    door->begin(door->context, delivery, release);
    return true;
}

static void keep_error(struct delivery *delivery, const struct delivery_error *error)
{
    delivery->error = ARENA_NEW(delivery->arena, struct delivery_error);
    *delivery->error = *error;
}

static void write_to_target(struct deliveries *deliveries, struct store_batch *batch,
                            struct delivery *delivery)
{
    const struct delivery_door *door = &deliveries->options.door;
    struct delivery_error error = {.code = "UNKNOWN"};

    if (door->write(door->context, batch, delivery, &error)) {
        *delivery->end = (struct delivery_end){.kind = OUTCOME_DELIVERED};
        return;
    }
    keep_error(delivery, &error);
    outcome_fail(deliveries, batch, delivery, delivery->error, 0, 1, delivery->end);
}

static void refuse(struct deliveries *deliveries, struct store_batch *batch,
                   struct delivery *delivery)
{
    if (!delivery->error->postponed) {
        outcome_fail(deliveries, batch, delivery, delivery->error, 0, 1, delivery->end);
        return;
    }
    outcome_store(deliveries, batch, delivery, delivery->end);
    delivery->end->next_ms = deliveries_now_ms(deliveries) + delivery->error->retry_after_ms;
}

void deliveries_write(struct deliveries *deliveries, struct store_batch *batch,
                      struct delivery *delivery)
{
    switch (delivery->way) {
    case DELIVERY_WRITTEN:
        write_to_target(deliveries, batch, delivery);
        break;
    case DELIVERY_CALLED:
        outcome_store(deliveries, batch, delivery, delivery->end);
        break;
    case DELIVERY_REFUSED:
        refuse(deliveries, batch, delivery);
        break;
    }
    /* The cause's batch goes on: a letter that could not be looked at now is a record first. */
    if (delivery->end->kind == OUTCOME_STORE_FAILED)
        outcome_store(deliveries, batch, delivery, delivery->end);
}

void deliveries_written(struct deliveries *deliveries, struct delivery *delivery)
{
    const struct delivery_door *door = &deliveries->options.door;
    const struct delivery_end *end = delivery->end;

    outcome_durable(deliveries, delivery, delivery->error, end);
    if (!delivery->begun)
        delivery_tell(deliveries, delivery, delivery->error, end);
    if (end->kind == OUTCOME_DELIVERED)
        door->written(door->context, delivery);
    if (end->kind != OUTCOME_STORED)
        return;
    struct entry *entry = entry_new(deliveries, delivery, end->position);

    entry->failed = end->failed;
    entry_queue(entry, end->next_ms);
    lane_dispatch(entry->lane);
}

/* ---- figures ---- */

void deliveries_figures(const struct deliveries *deliveries, struct deliveries_figures *ret)
{
    const size_t *counts = deliveries->state_counts;

    *ret = deliveries->totals;
    ret->running = counts[ENTRY_RUNNING] + counts[ENTRY_SETTLING];
    ret->waiting = counts[ENTRY_WAITING] + counts[ENTRY_NEW] + counts[ENTRY_PAUSED];
    ret->retrying = counts[ENTRY_RETRYING];
    ret->lanes = deliveries->lanes.count;
}

bool deliveries_running(const struct deliveries *deliveries)
{
    const size_t *counts = deliveries->state_counts;

    return counts[ENTRY_RUNNING] + counts[ENTRY_SETTLING] + counts[ENTRY_WAITING] +
               counts[ENTRY_NEW] + counts[ENTRY_PAUSED] >
           0;
}

bool deliveries_busy(const struct deliveries *deliveries)
{
    return deliveries_running(deliveries) || deliveries->state_counts[ENTRY_RETRYING] > 0;
}

struct waits deliveries_waits(const struct deliveries *deliveries)
{
    struct waits waits = WAITS_NONE;

    if (deliveries->state_counts[ENTRY_RETRYING] > 0)
        LIST_EACH (&deliveries->all, it) {
            const struct entry *entry = LIST_ITEM(it, struct entry, in_all);

            if (entry->state == ENTRY_RETRYING)
                waits_add(&waits, entry->next_ms);
        }
    return waits;
}

size_t deliveries_run_due_now(struct deliveries *deliveries)
{
    size_t count = 0;

    LIST_EACH (&deliveries->all, it) {
        struct entry *entry = LIST_ITEM(it, struct entry, in_all);

        if (entry->state != ENTRY_RETRYING)
            continue;
        entry_enter(entry, ENTRY_WAITING);
        count++;
    }
    LIST_EACH (&deliveries->all, again) {
        struct entry *entry = LIST_ITEM(again, struct entry, in_all);

        if (entry->state == ENTRY_WAITING)
            lane_dispatch(entry->lane);
    }
    return count;
}

void deliveries_changed(struct deliveries *deliveries)
{
    if (deliveries->options.changed != NULL)
        deliveries->options.changed(deliveries->options.context);
}

/* ---- life ---- */

void deliveries_set_retries(struct deliveries *deliveries, int64_t retry_delay_ms,
                            int64_t maximum_retry_attempts)
{
    deliveries->retry_delay_ms = retry_delay_ms;
    deliveries->maximum_retry_attempts = maximum_retry_attempts;
}

enum status deliveries_open(const struct deliveries_options *options, struct deliveries **ret)
{
    struct deliveries *deliveries = mem_new(sizeof *deliveries);

    deliveries->options = *options;
    deliveries_set_retries(deliveries, options->retry_delay_ms, options->maximum_retry_attempts);
    if (options->wall_timers == NULL)
        deliveries->options.wall_timers = options->timers;
    list_init(&deliveries->all);
    enum status st = entries_load(deliveries);

    if (st != OK) {
        deliveries_close(deliveries);
        return st;
    }
    *ret = deliveries;
    return OK;
}

void deliveries_start(struct deliveries *deliveries)
{
    deliveries->started = true;
    LIST_EACH (&deliveries->all, it) {
        struct entry *entry = LIST_ITEM(it, struct entry, in_all);

        if (entry->state == ENTRY_WAITING)
            lane_dispatch(entry->lane);
    }
}

bool deliveries_stop(struct deliveries *deliveries)
{
    deliveries->stopping = true;
    LIST_EACH (&deliveries->all, it) {
        struct entry *entry = LIST_ITEM(it, struct entry, in_all);

        if (entry->attempt != NULL)
            attempt_cancel(entry->attempt);
    }
    return deliveries->works == 0 && deliveries->calls == 0;
}

void deliveries_close(struct deliveries *deliveries)
{
    assert(deliveries->works == 0 && deliveries->calls == 0);
    deliveries->stopping = true; /* lanes that lose an entry do not go on */
    entries_free(deliveries);
    map_free(&deliveries->lanes);
    map_free(&deliveries->told);
    mem_free(deliveries);
}
