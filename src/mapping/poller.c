/* mapping/poller.c - see poller.h. */
#include "mapping/queue_source.h"

/* A receive waits until a message comes: the queue wakes it. */
#define RECEIVE_WAIT_S ((int64_t)365 * 24 * 3600)

static const bool moves[POLLER_STATE_COUNT][POLLER_STATE_COUNT] = {
    [POLLER_RESTING] = {[POLLER_FILLING] = true},
    [POLLER_FILLING] = {[POLLER_RUNNING] = true, [POLLER_RESTING] = true},
    [POLLER_RUNNING] =
        {[POLLER_RUNNING] = true, [POLLER_BACKING_OFF] = true, [POLLER_RESTING] = true},
    [POLLER_BACKING_OFF] = {[POLLER_RUNNING] = true, [POLLER_RESTING] = true},
};

static struct mappings *mappings_of(const struct poller *poller)
{
    return poller->source->mapping->mappings;
}

static const struct mapping_settings *settings_of(const struct poller *poller)
{
    return &poller->source->mapping->settings;
}

static uint64_t now_ms(const struct poller *poller)
{
    return clock_now_ms(timers_clock(mappings_of(poller)->options.timers));
}

/* Nothing new is begun. */
static bool is_ending(const struct poller *poller)
{
    return poller->source->ending || mappings_of(poller)->stopping;
}

/* The only place that changes a state, with the count that follows from it. */
static void enter(struct poller *poller, enum poller_state state)
{
    assert(moves[poller->state][state]);
    if (poller->state == POLLER_RUNNING)
        mappings_of(poller)->in_flight--;
    poller->state = state;
    if (state == POLLER_RUNNING)
        mappings_of(poller)->in_flight++;
}

static void cancel_timers(struct poller *poller)
{
    struct mappings_options *options = &mappings_of(poller)->options;

    timer_cancel(options->timers, &poller->window);
    timer_cancel(options->timers, &poller->back_off);
    timer_cancel(options->timers, &poller->expiry);
    timer_cancel(options->wall_timers, &poller->again);
}

/* The batch is done with, or given back. */
static void rest(struct poller *poller)
{
    cancel_timers(poller);
    arena_reset(poller->arena);
    poller->messages = NULL;
    poller->count = poller->capacity = poller->size = 0;
    poller->begin = poller->end = 0;
    poller->window_over = poller->expired = false;
    poller->delay_ms = MAPPING_RETRY_FIRST_MS;
    enter(poller, POLLER_RESTING);
}

/* ---- what becomes of messages ---- */

/* What is left of the batch, from `begin` on: the queue gives it out again. */
static void give_back(struct poller *poller, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++) {
        queue_source_failed(poller->source, poller->messages[i].receipt_handle, poller->visible_ms);
        poller_tell_message(poller, i, false);
    }
}

static void end_records(struct poller *poller, bool all)
{
    struct bytes *done = ARENA_NEW_ARRAY(poller->arena, poller->end - poller->begin, struct bytes);
    size_t count = 0;

    for (size_t i = poller->begin; i < poller->end; i++)
        if (all || !poller->records[i - poller->begin].failed) {
            done[count++] = poller->messages[i].receipt_handle;
            poller_tell_message(poller, i, true);
        } else {
            give_back(poller, i, i + 1);
        }
    queue_source_delete(poller->source, done, count);
}

/* ---- handing over ---- */

static void offer(struct poller *poller);

static void back_off(struct poller *poller)
{
    struct timers *timers = mappings_of(poller)->options.timers;

    if (is_ending(poller) || poller->expired ||
        now_ms(poller) + poller->delay_ms >= poller->visible_ms) {
        poller_tell_batch(poller, 0);
        give_back(poller, poller->begin, poller->count);
        rest(poller);
        return;
    }
    enter(poller, POLLER_BACKING_OFF);
    poller_tell_batch(poller, now_ms(poller) + poller->delay_ms);
    timer_set_after(timers, &poller->back_off, poller->delay_ms);
    poller->delay_ms =
        poller->delay_ms * 2 < MAPPING_RETRY_LAST_MS ? poller->delay_ms * 2 : MAPPING_RETRY_LAST_MS;
}

/* True: the next part is to be offered. */
static bool part_ended(struct poller *poller)
{
    struct mapping *mapping = poller->source->mapping;
    const struct mapping_handover *handover = &poller->handover;

    if (handover->outcome != MAPPING_NOT_TAKEN)
        poller_tell_batch(poller, 0);
    if (handover->outcome == MAPPING_CLOSED) { /* the queue gives it out again after the start */
        rest(poller);
        return false;
    }
    mapping->last_result = handover->problem != NULL ? handover->problem : MAPPING_RESULT_OK;
    switch (handover->outcome) {
    case MAPPING_HANDLED:
        end_records(poller, true);
        break;
    case MAPPING_PARTLY_FAILED:
        end_records(poller, false);
        break;
    case MAPPING_FAILED:
        give_back(poller, poller->begin, poller->end);
        break;
    case MAPPING_NOT_TAKEN:
        back_off(poller);
        return false;
    case MAPPING_CLOSED:
        break;
    }
    poller->begin = poller->end;
    if (poller->begin < poller->count && !mappings_of(poller)->stopping)
        return true;
    rest(poller);
    return false;
}

static void on_handed_over(struct mapping_handover *handover)
{
    struct poller *poller = CONTAINER_OF(handover, struct poller, handover);
    struct mapping *mapping = poller->source->mapping;

    timer_cancel(mappings_of(poller)->options.timers, &poller->expiry);
    poller->ended = true;
    if (poller->taking)
        return; /* offer() goes on */
    if (part_ended(poller))
        offer(poller);
    mapping_go(mapping);
}

/* Nobody has begun with it, and others can receive its messages now. */
static void on_expiry(struct timer *timer)
{
    struct poller *poller = CONTAINER_OF(timer, struct poller, expiry);
    const struct mapping_consumer *consumer = &poller->source->mapping->consumer;

    poller->expired = true;
    if (consumer->withdraw != NULL && !consumer->withdraw(consumer->context, &poller->handover))
        poller->expired = false;
}

/* As many messages from `begin` on as an event holds. */
static void print_part(struct poller *poller)
{
    const struct queue_source *source = poller->source;
    AUTO(buffer_free) struct buffer record = BUFFER_INIT(MAPPING_PAYLOAD_SIZE_MAX);
    size_t *ends = ARENA_NEW_ARRAY(poller->arena, poller->count - poller->begin, size_t);
    size_t count = 0;

    buffer_clear(&poller->text);
    for (size_t i = poller->begin; i < poller->count; i++) {
        buffer_clear(&record);
        queue_record_print(&record, &poller->messages[i], &source->origin);
        assert(!buffer_failed(&record)); /* a message has a megabyte, which may be escaped */
        if (count > 0 && poller->text.size + 1 + record.size > MAPPING_PAYLOAD_SIZE_MAX)
            break;
        if (count > 0)
            buffer_append_byte(&poller->text, ',');
        buffer_append(&poller->text, buffer_bytes(&record));
        ends[count++] = poller->text.size;
    }
    poller->end = poller->begin + count;
    if (count > poller->record_capacity) {
        poller->record_capacity = count;
        poller->records = mem_resize(poller->records, count * sizeof *poller->records);
    }
    for (size_t i = 0, begin = 0; i < count; begin = ends[i++] + 1) {
        const struct queue_message *message = &poller->messages[poller->begin + i].message;

        poller->records[i] = (struct mapping_record){
            .text = bytes_slice(buffer_bytes(&poller->text), begin, ends[i] - begin),
            .position = message->position,
            .time_ms = message->sent_ms,
        };
        memcpy(poller->records[i].identifier, message->message_id, sizeof message->message_id);
    }
}

/* What the consumer ends at once is followed by the next part here, not one inside the other. */
static void offer(struct poller *poller)
{
    struct mapping *mapping = poller->source->mapping;
    struct timers *timers = mappings_of(poller)->options.timers;
    bool more = true;

    while (more) {
        print_part(poller);
        enter(poller, POLLER_RUNNING);
        poller->handover = (struct mapping_handover){
            .settings = &mapping->settings,
            .records = poller->records,
            .count = poller->end - poller->begin,
            .done = on_handed_over,
        };
        timer_set_at(timers, &poller->expiry, poller->visible_ms);
        poller->ended = false;
        poller->taking = true;
        mapping->consumer.take(mapping->consumer.context, &poller->handover);
        poller->taking = false;
        more = poller->ended && part_ended(poller);
    }
}

static void on_back_off(struct timer *timer)
{
    struct poller *poller = CONTAINER_OF(timer, struct poller, back_off);
    struct mapping *mapping = poller->source->mapping;

    offer(poller);
    mapping_go(mapping);
}

/* ---- filling ---- */

static void receive(struct poller *poller);

static bool is_ready(const struct poller *poller)
{
    const struct mapping_settings *settings = settings_of(poller);

    return settings->batch_window_s == 0 || poller->window_over ||
           poller->count >= settings->batch_size || poller->size >= MAPPING_PAYLOAD_SIZE_MAX ||
           is_ending(poller);
}

static void keep(struct poller *poller, const struct queue_received *received)
{
    poller->messages = arena_grow(poller->arena, poller->messages, poller->count, poller->count + 1,
                                  &poller->capacity, sizeof *poller->messages);
    poller->messages[poller->count++] = *received;
    poller->size += queue_message_size(&received->message);
}

/* Those that match no filter are done with. */
static void take_received(struct poller *poller)
{
    struct queue_source *source = poller->source;
    struct bytes unwanted[QUEUE_BATCH_MAX];
    size_t unwanted_count = 0;

    for (size_t i = 0; i < poller->receive.count; i++) {
        const struct queue_received *received = &poller->receive.messages[i];

        if (queue_source_wants(source, received)) {
            keep(poller, received);
        } else {
            poller_tell_filtered(poller, received);
            unwanted[unwanted_count++] = received->receipt_handle;
        }
    }
    queue_source_delete(source, unwanted, unwanted_count);
}

static void begin_batch(struct poller *poller)
{
    const struct mapping_settings *settings = settings_of(poller);
    struct mappings *mappings = mappings_of(poller);
    const struct queue_view *queue =
        queues_find(mappings->options.queues, poller->source->queue_name);

    poller->visible_ms = now_ms(poller);
    if (queue != NULL)
        poller->visible_ms += (uint64_t)queue->settings.visibility_s * 1000;
    if (settings->batch_window_s > 0)
        timer_set_after(mappings->options.timers, &poller->window,
                        (uint64_t)settings->batch_window_s * 1000);
}

/* Goes on with what there is: receives more, hands over, or rests. */
static void go_on(struct poller *poller)
{
    struct mapping *mapping = poller->source->mapping;

    timer_cancel(mappings_of(poller)->options.wall_timers, &poller->again);
    if (mappings_of(poller)->stopping || (poller->count == 0 && is_ending(poller))) {
        rest(poller); /* what it has becomes visible again */
    } else if (poller->count > 0 && is_ready(poller)) {
        timer_cancel(mappings_of(poller)->options.timers, &poller->window);
        offer(poller);
    } else if (!poller->receiving) {
        receive(poller);
        return;
    }
    mapping_go(mapping);
}

static void receive_failed(struct poller *poller, enum status status)
{
    struct mappings *mappings = mappings_of(poller);

    if (status == REFUSED || is_ending(poller)) { /* refused: until the queue is there again */
        rest(poller);
        mapping_go(poller->source->mapping);
        return;
    }
    timer_set_after(mappings->options.wall_timers, &poller->again, MAPPING_STORE_RETRY_MS);
}

static void on_received(struct queue_receive *received, enum status status)
{
    struct poller *poller = CONTAINER_OF(received, struct poller, receive);
    bool is_first = poller->count == 0;

    poller->receiving = false;
    mappings_of(poller)->in_flight--;
    if (status != OK) {
        receive_failed(poller, status);
        return;
    }
    take_received(poller);
    if (is_first && poller->count > 0)
        begin_batch(poller);
    go_on(poller);
}

static void receive(struct poller *poller)
{
    const struct mapping_settings *settings = settings_of(poller);

    if (poller->count == 0) { /* of receives that brought nothing that is wanted */
        arena_reset(poller->arena);
        poller->messages = NULL;
        poller->capacity = 0;
    }
    poller->receive = (struct queue_receive){
        .queue_name = poller->source->queue_name,
        .maximum = size_min(QUEUE_BATCH_MAX, settings->batch_size - poller->count),
        .visibility_s = -1,
        .wait_s = RECEIVE_WAIT_S,
        .arena = poller->arena,
        .done = on_received,
    };
    poller->receiving = true;
    mappings_of(poller)->in_flight++;
    queues_receive(mappings_of(poller)->options.queues, &poller->receive);
}

static void on_again(struct timer *timer)
{
    go_on(CONTAINER_OF(timer, struct poller, again));
}

static void on_window(struct timer *timer)
{
    struct poller *poller = CONTAINER_OF(timer, struct poller, window);

    poller->window_over = true;
    if (poller->receiving)
        queues_receive_no_longer(&poller->receive); /* on_received() goes on */
    else
        go_on(poller);
}

void poller_begin(struct poller *poller)
{
    enter(poller, POLLER_FILLING);
    receive(poller);
}

/* ---- ending, figures, life ---- */

void poller_end(struct poller *poller)
{
    if (poller->state == POLLER_FILLING && poller->receiving) {
        queues_receive_no_longer(&poller->receive);
    } else if (poller->state == POLLER_FILLING) {
        go_on(poller);
    } else if (poller->state == POLLER_BACKING_OFF) {
        give_back(poller, poller->begin, poller->count);
        rest(poller);
    } else if (poller->state == POLLER_RUNNING && poller->source->mapping->consumer.withdraw) {
        const struct mapping_consumer *consumer = &poller->source->mapping->consumer;

        consumer->withdraw(consumer->context, &poller->handover);
    }
}

void poller_stop(struct poller *poller)
{
    cancel_timers(poller);
    if (poller->receiving)
        queues_receive_no_longer(&poller->receive);
    else if (poller->state == POLLER_FILLING || poller->state == POLLER_BACKING_OFF)
        rest(poller);
}

void poller_waits(const struct poller *poller, struct waits *waits)
{
    struct timers *timers = mappings_of(poller)->options.timers;

    if (poller->state == POLLER_BACKING_OFF)
        waits_add(waits, timer_due_ms(timers, &poller->back_off));
    else if (poller->state == POLLER_FILLING && timer_is_set(&poller->window))
        waits_add(waits, timer_due_ms(timers, &poller->window));
}

void poller_hurry(struct poller *poller)
{
    struct timers *timers = mappings_of(poller)->options.timers;

    if (timer_is_set(&poller->window)) {
        timer_cancel(timers, &poller->window);
        on_window(&poller->window);
    } else if (poller->state == POLLER_BACKING_OFF) {
        timer_cancel(timers, &poller->back_off);
        on_back_off(&poller->back_off);
    }
}

struct poller *poller_new(struct queue_source *source)
{
    struct poller *poller = mem_new(sizeof *poller);

    poller->source = source;
    poller->arena = arena_new();
    poller->text = BUFFER_INIT(MAPPING_PAYLOAD_SIZE_MAX);
    poller->window.fire = on_window;
    poller->again.fire = on_again;
    poller->back_off.fire = on_back_off;
    poller->expiry.fire = on_expiry;
    poller->delay_ms = MAPPING_RETRY_FIRST_MS;
    return poller;
}

void poller_free(struct poller *poller)
{
    assert(poller->state == POLLER_RESTING);
    buffer_free(&poller->text);
    mem_free(poller->records);
    arena_free(poller->arena);
    mem_free(poller);
}
