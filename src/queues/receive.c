/* queues/receive.c - messages out of a queue: what one run on the writer gives to those who wait.
 *
 * The index of ready messages is read from its front. Each message that it proposes is looked at
 * (its state, through the batch) and then expires, goes to the dead-letter queue, or is taken:
 *
 *   READY --taken--> IN_FLIGHT until now + visibility timeout, receives + 1
 *
 * FIFO: the index proposes groups by their first message; a group is walked along its links for as
 * long as its messages are ready, and only for one receive, because what that took stands before
 * the rest. */
#include "queues/internal.h"

struct serving {
    struct receive_run *rr;
    struct queue_receive **receives;
    size_t count, at; /* those before `at` have all they can get */
    /* A fault: messages that are overtaken by those that come after them. */
    struct place overtaken[QUEUE_BATCH_MAX];
    size_t overtaken_count;
};

/* Who gets the next message; NULL: nobody needs one. */
static struct queue_receive *whose_turn(struct serving *s)
{
    for (; s->at < s->count; s->at++) {
        struct queue_receive *receive = s->receives[s->at];

        if (receive->outcome == OK && receive->count < receive->maximum)
            return receive;
    }
    return NULL;
}

static bool is_worn_out(const struct receive_run *rr)
{
    return rr->looked >= RUN_STEP_COUNT_MAX || rr->copied >= RUN_STEP_SIZE_MAX;
}

/* ---- faults that a test asked for: standard queues promise neither ---- */

static bool strikes(const struct queue_run *run, enum fault_kind kind)
{
    struct fault_place place = {.of = {[FAULT_QUEUE] = run->queue->view.name}};

    return !run->fifo && faults_hit(run->queues->options.faults, kind, &place, NULL);
}

/* The message is there once more, with its id: whoever deletes the one does not delete the other.
 * One that was received before, or comes from another queue, is left alone, so that a copy has no
 * copies.
 */
static enum status duplicate(struct receive_run *rr, struct place place,
                             const struct message_state *state)
{
    struct queue_run *run = &rr->run;
    struct key key = key_of_place(run->queue->view.id, KEY_MESSAGE, place);
    struct place copy = {place.sent_ms, store_batch_position(run->batch)};
    struct message_state fresh = {.kind = STATE_NONE,
                                  .receives_before = state->receives,
                                  .first_received_ms = state->first_received_ms};
    struct bytes record = {NULL, 0};
    enum status status = run_get(run, &key, &record);

    if (status == OK)
        status = message_insert(run, copy, arena_copy(run->arena, record), &fresh, 0);
    rr->copied += record.size;
    rr->again = true;
    return status == NOT_FOUND ? CORRUPT : status;
}

static bool is_overtaken(struct serving *s, struct place place)
{
    if (s->overtaken_count == QUEUE_BATCH_MAX || !strikes(&s->rr->run, FAULT_REORDER))
        return false;
    s->overtaken[s->overtaken_count++] = place;
    return true;
}

/* ---- one message ---- */

static uint64_t invisible_until(const struct queue_run *run, const struct queue_receive *receive)
{
    int64_t seconds = receive->visibility_s;

    if (seconds < 0)
        seconds = run->queue->view.settings.visibility_s;
    return run->now_ms + (uint64_t)seconds * 1000;
}

static void take(struct queue_run *run, struct queue_receive *receive, struct place place,
                 struct message_state *state)
{
    state->receives++;
    state->received_ms = run->now_ms;
    if (state->first_received_ms == 0)
        state->first_received_ms = run->now_ms;
    state->changed = false;
    message_enter(run, place, state, STATE_IN_FLIGHT, invisible_until(run, receive));
    receive->taken[receive->count++] = (struct taken){
        .place = place,
        .receives = state->receives,
        .receive_count = state->receives + state->receives_before,
        .first_received_ms = state->first_received_ms,
    };
}

/* The run of the dead-letter queue; false when it is not there: then messages stay. */
static bool begin_dead_letters(struct receive_run *rr)
{
    const struct queue_settings *settings = &rr->run.queue->view.settings;
    struct queues *queues = rr->run.queues;

    if (rr->dead_begun || rr->dead_letters != NULL)
        return rr->dead_begun;
    rr->dead_letters =
        queue_ref_named(queues, queue_name_of_arn(&queues->place, settings->dead_letter_arn));
    rr->dead_begun =
        rr->dead_letters != NULL && rr->dead_letters->view.settings.fifo == settings->fifo &&
        run_begin(&rr->dead, queues, rr->run.batch, rr->dead_letters, rr->run.arena) == OK;
    return rr->dead_begun;
}

/* A queue can be its own dead-letter queue: then one run counts for both. */
static struct queue_run *dead_letters_of(struct receive_run *rr)
{
    if (rr->dead_letters->view.id == rr->run.queue->view.id)
        return &rr->run;
    return &rr->dead;
}

static void note_moved(struct receive_run *rr, const char id[ID_UUID_SIZE])
{
    if (rr->run.queues->options.moved == NULL)
        return;
    rr->moved_ids = mem_resize(rr->moved_ids, (rr->moved_count + 1) * sizeof *rr->moved_ids);
    memcpy(rr->moved_ids[rr->moved_count++], id, ID_UUID_SIZE);
}

static enum status move_dead_letter(struct receive_run *rr, struct place place,
                                    const struct message_state *state)
{
    char id[ID_UUID_SIZE];
    size_t size = 0;
    enum status status =
        message_move(&rr->run, dead_letters_of(rr), place, state, false, &size, id);

    if (status == OK)
        note_moved(rr, id);
    rr->copied += size;
    rr->moved = rr->moved || status == OK;
    return status;
}

/* AWS: a standard queue says so, a FIFO queue has nothing to give. */
static bool is_full(struct serving *s)
{
    const struct queue_run *run = &s->rr->run;

    if (run->counts.in_flight < QUEUE_IN_FLIGHT_MAX)
        return false;
    for (size_t i = 0; !run->fifo && i < s->count; i++) {
        struct queue_receive *receive = s->receives[i];

        if (receive->count == 0)
            receive->outcome =
                api_refuse(&receive->error, API_OVER_LIMIT,
                           "Too many messages are in flight: %d at most.", QUEUE_IN_FLIGHT_MAX);
    }
    return true;
}

/* *ret_taken: it was given to the receive. */
static enum status offer(struct serving *s, struct queue_receive *receive, struct place place,
                         struct message_state *state, bool *ret_taken)
{
    struct receive_run *rr = s->rr;
    uint32_t receives_max = rr->run.queue->view.settings.max_receives;

    *ret_taken = false;
    if (message_is_expired(&rr->run, place))
        return message_remove(&rr->run, place, state);
    if (receives_max > 0 && state->receives >= receives_max && begin_dead_letters(rr))
        return move_dead_letter(rr, place, state);
    take(&rr->run, receive, place, state);
    *ret_taken = true;
    if (state->receives == 1 && state->receives_before == 0 && strikes(&rr->run, FAULT_DUPLICATE))
        return duplicate(rr, place, state);
    return OK;
}

/* ---- a standard queue ---- */

static enum status serve_message(struct serving *s, struct queue_receive *receive,
                                 struct place place)
{
    struct message_state state;
    bool taken = false;
    enum status status = state_load(&s->rr->run, place, &state);

    if (status == OK && state.kind == STATE_READY)
        status = offer(s, receive, place, &state, &taken);
    return status == NOT_FOUND ? OK : status; /* deleted by a work of this group */
}

/* ---- a FIFO queue ---- */

/* A group from its first message on, for one receive. */
static enum status serve_group(struct serving *s, struct queue_receive *receive, struct place place)
{
    struct receive_run *rr = s->rr;

    while (!place_is_none(place) && receive->count < receive->maximum && !is_worn_out(rr)) {
        struct message_state state;
        struct place next;
        bool taken = false;
        enum status status = state_load(&rr->run, place, &state);

        if (status == NOT_FOUND || (status == OK && state.kind != STATE_READY))
            return OK;
        if (status != OK)
            return status;
        if (message_is_early(&rr->run, place) || is_full(s))
            return OK;
        next = state.next;
        status = offer(s, receive, place, &state, &taken);
        if (status != OK)
            return status;
        rr->looked++;
        place = next;
    }
    return OK;
}

/* ---- the index ---- */

static enum status serve_proposed(struct serving *s, struct bytes key, bool *ret_end)
{
    struct queue_run *run = &s->rr->run;
    struct queue_receive *receive = whose_turn(s);
    struct place place;

    *ret_end = receive == NULL || is_full(s);
    if (*ret_end)
        return OK;
    if (!key_place(key, &place))
        return CORRUPT;
    if (message_is_early(run, place)) { /* and so are all behind it */
        run_due(run, place.sent_ms + (uint64_t)run->queue->view.settings.delay_s * 1000);
        *ret_end = true;
        return OK;
    }
    if (is_overtaken(s, place))
        return OK;
    return run->fifo ? serve_group(s, receive, place) : serve_message(s, receive, place);
}

/* Behind those that came after them, and the last one first. */
static enum status serve_overtaken(struct serving *s)
{
    enum status status = OK;

    while (status == OK && s->overtaken_count > 0 && whose_turn(s) != NULL && !is_full(s))
        status = serve_message(s, whose_turn(s), s->overtaken[--s->overtaken_count]);
    return status;
}

static enum status serve_all(struct serving *s)
{
    struct receive_run *rr = s->rr;
    AUTO(store_iter_release) struct store_iter *iter = run_iter(&rr->run, FRONT_READY, NULL);
    struct bytes key, value;
    bool first = true, end = false;

    while (!end && whose_turn(s) != NULL && !is_worn_out(rr) &&
           store_iter_next(iter, &key, &value)) {
        enum status status = OK;

        if (first)
            run_seen(&rr->run, FRONT_READY, key, NULL);
        first = false;
        rr->looked++;
        status = serve_proposed(s, key, &end);
        if (status != OK)
            return status;
    }
    if (is_worn_out(rr))
        rr->again = true;
    else if (first && whose_turn(s) != NULL && store_iter_status(iter) == OK)
        run_seen(&rr->run, FRONT_READY, (struct bytes){NULL, 0}, NULL);
    return store_iter_status(iter) == OK ? serve_overtaken(s) : store_iter_status(iter);
}

/* ---- attempts ---- */

/* The same messages with the same handles once more, and their time begins anew. */
static enum status repeat_attempt(struct queue_run *run, struct queue_receive *receive)
{
    size_t count = 0;
    enum status status = attempt_find(run, receive->attempt_id, receive->taken, &count);

    for (size_t i = 0; status == OK && i < count; i++) {
        struct message_state state;

        status = state_load(run, receive->taken[i].place, &state);
        if (status == OK)
            message_enter(run, receive->taken[i].place, &state, STATE_IN_FLIGHT,
                          invisible_until(run, receive));
    }
    if (status == OK && count > 0) {
        receive->count = count;
        receive->maximum = count; /* it wants no others */
    }
    return status;
}

static enum status repeat_attempts(struct serving *s)
{
    enum status status = OK;

    for (size_t i = 0; status == OK && i < s->count; i++)
        if (s->receives[i]->attempt_id.size > 0)
            status = repeat_attempt(&s->rr->run, s->receives[i]);
    return status;
}

static void remember_attempts(struct serving *s)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct queue_receive *receive = s->receives[i];

        if (receive->attempt_id.size > 0 && receive->count > 0)
            attempt_remember(&s->rr->run, receive->attempt_id, receive->taken, receive->count);
    }
}

enum status receive_run(struct receive_run *rr, struct queue_receive **receives, size_t count,
                        bool advance)
{
    struct serving s = {.rr = rr, .receives = receives, .count = count};
    size_t advanced = 0;
    bool more = false;
    enum status status = OK;

    if (advance)
        status = advance_run(&rr->run, &advanced, &more);
    rr->again = advanced > 0; /* its index entries are of this group: seen by the next run */
    if (status == OK)
        status = repeat_attempts(&s);
    if (status == OK)
        status = serve_all(&s);
    remember_attempts(&s);
    run_end(&rr->run);
    if (rr->dead_begun)
        run_end(&rr->dead);
    return status;
}
