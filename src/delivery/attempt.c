/* delivery/attempt.c - one attempt of one record; see internal.h.
 *
 *   loop     the record is read, the door finds the target
 *              written: a work   { put at the target, delete the record }
 *              called:  a call, then a work of its end
 *              neither: a work of the failure
 *   writer   the work; a failure is decided here, because only here it is known
 *   loop     durable: counted, and the entry goes or waits for its time
 *
 * A work looks first whether its record is still there: a batch of which nobody could tell whether
 * it reached the disk is tried again. */
#include "delivery/internal.h"

enum step {
    STEP_WRITE,   /* at the target's store */
    STEP_TAKEN,   /* the call was good: only the record is to go */
    STEP_FAIL,    /* with the attempt's error */
    STEP_EXPIRE,  /* too old to be tried: the last error counts */
    STEP_DAMAGED, /* a record that can't be read */
};

struct attempt {
    struct store_work work;
    struct delivery_call call;
    struct entry *entry;
    enum step step;
    bool calling, cancelled;
    struct arena *arena;      /* also on the writer, during the work */
    struct delivery delivery; /* its bytes are in the arena */
    struct delivery_error error;
    struct delivery_end end;
};

/* ---- on the writer ---- */

/* The last failure, as the store has it. False: the store can't say now. */
static bool read_last_error(struct store_batch *batch, struct attempt *attempt)
{
    struct delivery_attempts last = {0};
    uint8_t key[DELIVERY_KEY_SIZE];
    struct bytes value;

    delivery_key_encode(key, DELIVERY_KEY_ATTEMPTS, attempt->entry->position);
    enum status st = store_batch_get(batch, STORE_DELIVERIES, bytes_of(key, sizeof key), &value);

    if (st == OK && delivery_attempts_decode(value, &last) == OK)
        delivery_error_set(&attempt->error, arena_copy_text(attempt->arena, last.code), true,
                           "%.*s", BYTES_ARG(last.message));
    else
        delivery_error_set(&attempt->error, "TIMEOUT", true,
                           "The event was too old before its target could be tried.");
    return st == OK || st == NOT_FOUND;
}

static void expire(struct store_batch *batch, struct attempt *attempt)
{
    struct entry *entry = attempt->entry;

    if (read_last_error(batch, attempt))
        outcome_give_up(entry->deliveries, batch, &attempt->delivery, &attempt->error,
                        entry->position, entry->failed, DELIVERY_AGE_EXCEEDED, &attempt->end);
    else
        attempt->end = (struct delivery_end){.kind = OUTCOME_STORE_FAILED};
}

static void fail(struct store_batch *batch, struct attempt *attempt)
{
    struct entry *entry = attempt->entry;

    outcome_fail(entry->deliveries, batch, &attempt->delivery, &attempt->error, entry->position,
                 entry->failed + 1, &attempt->end);
}

static void succeed(struct store_batch *batch, struct attempt *attempt)
{
    outcome_delete(batch, attempt->entry->position);
    attempt->end = (struct delivery_end){.kind = OUTCOME_DELIVERED};
}

static void run_step(struct store_batch *batch, struct attempt *attempt)
{
    const struct delivery_door *door = &attempt->entry->deliveries->options.door;

    switch (attempt->step) {
    case STEP_WRITE:
        if (door->write(door->context, batch, &attempt->delivery, &attempt->error))
            succeed(batch, attempt);
        else
            fail(batch, attempt);
        break;
    case STEP_TAKEN:
        succeed(batch, attempt);
        break;
    case STEP_FAIL:
        fail(batch, attempt);
        break;
    case STEP_EXPIRE:
        expire(batch, attempt);
        break;
    case STEP_DAMAGED:
        outcome_delete(batch, attempt->entry->position);
        attempt->end = (struct delivery_end){.kind = OUTCOME_DROPPED, .code = "INTERNAL_ERROR"};
        break;
    }
}

static void work_run(struct store_batch *batch, struct store_work *work)
{
    struct attempt *attempt = CONTAINER_OF(work, struct attempt, work);
    uint8_t key[DELIVERY_KEY_SIZE];
    struct bytes value;

    delivery_key_encode(key, DELIVERY_KEY_RECORD, attempt->entry->position);
    enum status st = store_batch_get(batch, STORE_DELIVERIES, bytes_of(key, sizeof key), &value);

    if (st == OK)
        run_step(batch, attempt);
    else
        attempt->end =
            (struct delivery_end){.kind = st == NOT_FOUND ? OUTCOME_GONE : OUTCOME_STORE_FAILED};
}

/* ---- the end ---- */

void attempt_free(struct attempt *attempt)
{
    if (attempt == NULL)
        return;
    arena_free(attempt->arena);
    mem_free(attempt);
}

static void drop_attempt(struct entry *entry)
{
    attempt_free(entry->attempt);
    entry->attempt = NULL;
}

/* The next start finds it as it was; until then it is tried again. A call that was made is not made
 * again for that: its end waits. */
static void store_failed(struct attempt *attempt)
{
    struct entry *entry = attempt->entry;
    struct deliveries *deliveries = entry->deliveries;

    if (entry->state == ENTRY_SETTLING) {
        if (!deliveries->stopping)
            timer_set_after(deliveries->options.wall_timers, &entry->again,
                            DELIVERY_WRITE_AGAIN_MS);
        return;
    }
    drop_attempt(entry);
    entry_enter(entry, ENTRY_PAUSED);
    lane_dispatch(entry->lane);
}

static void work_done(struct store_work *work, enum status status)
{
    struct attempt *attempt = CONTAINER_OF(work, struct attempt, work);
    struct entry *entry = attempt->entry;
    struct deliveries *deliveries = entry->deliveries;
    const struct delivery_door *door = &deliveries->options.door;
    const struct delivery_end *end = &attempt->end;

    deliveries->works--;
    if (status != OK || end->kind == OUTCOME_STORE_FAILED) {
        store_failed(attempt);
        deliveries_changed(deliveries);
        return;
    }
    delivery_tell(deliveries, &attempt->delivery, &attempt->error, end);
    if (end->kind == OUTCOME_DELIVERED && attempt->step == STEP_WRITE)
        door->written(door->context, &attempt->delivery);
    outcome_durable(deliveries, &attempt->delivery, &attempt->error, end);
    if (end->kind == OUTCOME_STORED) {
        struct lane *lane = entry->lane;

        entry->failed = end->failed;
        entry->next_ms = end->next_ms;
        drop_attempt(entry);
        entry_enter(entry, ENTRY_RETRYING);
        lane_dispatch(lane);
    } else {
        entry_free(entry);
    }
    deliveries_changed(deliveries);
}

void attempt_submit(struct attempt *attempt)
{
    struct deliveries *deliveries = attempt->entry->deliveries;

    deliveries->works++;
    attempt->work = (struct store_work){.run = work_run, .done = work_done};
    store_submit(deliveries->options.store, deliveries->options.port, &attempt->work);
}

/* ---- calls ---- */

static void call_start(struct attempt *attempt)
{
    struct deliveries *deliveries = attempt->entry->deliveries;
    const struct delivery_door *door = &deliveries->options.door;

    attempt->calling = true;
    deliveries->calls++;
    attempt->call.delivery = &attempt->delivery;
    delivery_tell_call(deliveries, &attempt->delivery);
    door->call(door->context, &attempt->call);
}

void delivery_called(struct delivery_call *call, const struct delivery_error *error)
{
    struct attempt *attempt = CONTAINER_OF(call, struct attempt, call);
    struct entry *entry = attempt->entry;
    struct deliveries *deliveries = entry->deliveries;

    assert(attempt->calling);
    attempt->calling = false;
    deliveries->calls--;
    if (error != NULL && deliveries->stopping) { /* the next start makes it again */
        drop_attempt(entry);
        entry_enter(entry, ENTRY_WAITING);
        deliveries_changed(deliveries);
        return;
    }
    if (error != NULL)
        attempt->error = *error;
    attempt->step = error != NULL ? STEP_FAIL : STEP_TAKEN;
    entry_enter(entry, ENTRY_SETTLING);
    attempt_submit(attempt);
}

void attempt_cancel(struct attempt *attempt)
{
    const struct delivery_door *door = &attempt->entry->deliveries->options.door;

    if (!attempt->calling || attempt->cancelled)
        return;
    attempt->cancelled = true;
    door->cancel(door->context, &attempt->call);
}

/* ---- the beginning ---- */

static enum status open_sealed(struct attempt *attempt)
{
    struct vault_reader reader = {.store = attempt->entry->deliveries->options.store};
    struct delivery *delivery = &attempt->delivery;
    enum status st = OK;

    if ((delivery->sealed & DELIVERY_SEALED_PAYLOAD) != 0)
        st = vault_open_text(&reader, delivery->payload, attempt->arena, &delivery->payload);
    if (st == OK && (delivery->sealed & DELIVERY_SEALED_EVENT) != 0)
        st = vault_open_text(&reader, delivery->event, attempt->arena, &delivery->event);
    delivery->sealed = 0;
    return st;
}

/* A copy: a store whose disk failed heals once nobody holds anything of it, and an attempt may wait
 * for just that. */
static enum status load(struct attempt *attempt)
{
    struct deliveries *deliveries = attempt->entry->deliveries;
    AUTO(store_value_release) struct store_value value = {0};
    uint8_t key[DELIVERY_KEY_SIZE];

    delivery_key_encode(key, DELIVERY_KEY_RECORD, attempt->entry->position);
    enum status st = store_get(deliveries->options.store, NULL, STORE_DELIVERIES,
                               bytes_of(key, sizeof key), &value);

    if (st == OK)
        st = delivery_record_decode(arena_copy(attempt->arena, value.bytes), &attempt->delivery);
    if (st == OK)
        st = open_sealed(attempt);
    attempt->delivery.arena = attempt->arena;
    return st;
}

/* Which way; true: the target is to be called. */
static bool choose_step(struct attempt *attempt)
{
    struct entry *entry = attempt->entry;
    struct deliveries *deliveries = entry->deliveries;
    const struct delivery_door *door = &deliveries->options.door;

    if (deliveries_now_ms(deliveries) >= entry->expiry_ms) {
        attempt->step = STEP_EXPIRE;
        return false;
    }
    deliveries->totals.retries_total += entry->failed > 0;
    switch (door->find(door->context, &attempt->delivery, &attempt->error)) {
    case DELIVERY_WRITTEN:
        attempt->step = STEP_WRITE;
        return false;
    case DELIVERY_CALLED:
        return true;
    case DELIVERY_REFUSED:
        attempt->step = STEP_FAIL;
        return false;
    }
    assert(false && "no such way");
    return false;
}

void attempt_start(struct entry *entry)
{
    struct attempt *attempt = mem_new(sizeof *attempt);

    attempt->entry = entry;
    attempt->arena = arena_new();
    entry->attempt = attempt;
    enum status st = load(attempt);

    if (st != OK && st != NOT_FOUND && st != CORRUPT) {
        drop_attempt(entry);
        entry_enter(entry, ENTRY_PAUSED);
        return;
    }
    entry_enter(entry, ENTRY_RUNNING);
    if (st != OK) {
        attempt->step = STEP_DAMAGED;
        delivery_error_set(&attempt->error, "INTERNAL_ERROR", false, "Its record is damaged.");
    } else if (choose_step(attempt)) {
        call_start(attempt);
        return;
    }
    attempt_submit(attempt);
}
