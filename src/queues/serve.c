/* queues/serve.c - whoever waits for messages, on the loop: receives stand in a line, one work at a
 * time serves those at its head.
 *
 *   queues_receive() --> waiting --look--> serving --messages, or no time left--> done
 *                           ^                |
 *                           +---- nothing ---+
 *
 * A receive looks when it is new, and again after each wake: a send, a deletion that frees a group,
 * a change of visibility, the lane's timer. One work at a time, because two in one group would
 * propose the same messages. */
#include "queues/internal.h"
#include "vault/vault.h"

struct serve {
    struct store_work work;
    struct lane *lane;
    struct queue *queue;
    struct queue_receive *receives[RUN_RECEIVES_MAX];
    size_t count;
    bool advance, advancing;
    enum status outcome;
    uint64_t due_ms, dead_due_ms;
    bool again, moved;
    char (*moved_ids)[ID_UUID_SIZE];
    size_t moved_count;
};

/* ---- the end of a receive ---- */

static enum status open_body(struct queues *queues, struct queue_receive *receive,
                             struct queue_message *message)
{
    struct vault_reader reader = {.store = queues->options.store};

    message->sealed = false;
    return vault_open_text(&reader, message->body, receive->arena, &message->body);
}

static enum status load_message(struct queues *queues, struct queue_receive *receive,
                                uint64_t queue_id, const struct taken *taken)
{
    AUTO(store_value_release) struct store_value value = {0};
    struct key key = key_of_place(queue_id, KEY_MESSAGE, taken->place);
    struct receipt receipt = {queue_id, taken->place, taken->receives};
    struct queue_received *received = &receive->messages[receive->count];
    enum status status =
        store_get(queues->options.store, NULL, STORE_QUEUES, key_bytes(&key), &value);

    if (status == OK)
        status = message_decode(arena_copy(receive->arena, value.bytes), receive->arena,
                                &received->message);
    if (status == OK && received->message.sealed)
        status = open_body(queues, receive, &received->message);
    if (status != OK)
        return status;
    received->message.sent_ms = taken->place.sent_ms;
    received->message.position = taken->place.position;
    received->receipt_handle = receipt_print(receive->arena, &receipt);
    received->first_received_ms = taken->first_received_ms;
    received->receive_count = taken->receive_count;
    receive->count++;
    return OK;
}

/* What was purged meanwhile is left out. */
static enum status load_messages(struct queues *queues, struct queue_receive *receive,
                                 uint64_t queue_id)
{
    size_t count = receive->count;
    enum status status = OK;

    receive->messages = ARENA_NEW_ARRAY(receive->arena, count, struct queue_received);
    receive->count = 0;
    for (size_t i = 0; status == OK && i < count; i++) {
        status = load_message(queues, receive, queue_id, &receive->taken[i]);
        if (status == NOT_FOUND)
            status = OK;
    }
    return status;
}

static void finish(struct queues *queues, struct queue_receive *receive, enum status status)
{
    timer_cancel(queues->options.wall_timers, &receive->deadline);
    receive->lane = NULL;
    receive->done(receive, status);
}

/* Without a message. */
static void finish_empty(struct lane *lane, struct queue_receive *receive)
{
    enum status status = OK;

    receive->count = 0;
    if (lane->deleted)
        status = queue_refuse_missing(&receive->error);
    finish(lane->queues, receive, status);
}

/* ---- one work ---- */

static void write_serve(struct store_batch *batch, struct store_work *work)
{
    struct serve *serve = CONTAINER_OF(work, struct serve, work);
    AUTO(arena_release) struct arena *arena = arena_new();
    struct receive_run rr = {.dead_letters = NULL};

    serve->outcome = run_begin(&rr.run, serve->lane->queues, batch, serve->queue, arena);
    if (serve->outcome != OK)
        return;
    serve->outcome = receive_run(&rr, serve->receives, serve->count, serve->advance);
    serve->due_ms = rr.run.due_ms;
    serve->dead_due_ms = rr.dead_begun ? rr.dead.due_ms : UINT64_MAX;
    serve->again = rr.again;
    serve->moved = rr.moved;
    mem_free(serve->moved_ids);
    serve->moved_ids = rr.moved_ids;
    serve->moved_count = rr.moved_count;
    queue_unref(rr.dead_letters);
}

static bool goes_on_waiting(const struct serve *serve, const struct queue_receive *receive)
{
    const struct lane *lane = serve->lane;

    if (receive->count > 0 || receive->outcome != OK || receive->over || lane->deleted ||
        lane->queues->stopped)
        return false;
    return serve->again || receive->wait_s > 0;
}

static void wake_dead_letters(struct serve *serve)
{
    struct queues *queues = serve->lane->queues;
    const struct queue_settings *settings = &serve->queue->view.settings;
    struct lane *lane = NULL;

    if (!serve->moved)
        return;
    lane = lane_find(queues, queue_name_of_arn(&queues->place, settings->dead_letter_arn));
    if (lane == NULL)
        return;
    lane_due(lane, serve->dead_due_ms);
    lane_wake(lane);
}

static void tell_moved(const struct serve *serve)
{
    const struct queues_options *options = &serve->lane->queues->options;
    const struct queue_view *view = &serve->queue->view;

    for (size_t i = 0; i < serve->moved_count; i++)
        options->moved(options->context, serve->moved_ids[i], view->arn,
                       view->settings.dead_letter_arn);
}

static void end_served(struct serve *serve, struct queue_receive *receive, enum status status)
{
    struct lane *lane = serve->lane;

    if (status == OK)
        status = receive->outcome;
    if (status == OK && receive->count > 0)
        status = load_messages(lane->queues, receive, serve->queue->view.id);
    if (status == OK && receive->count == 0)
        finish_empty(lane, receive);
    else
        finish(lane->queues, receive, status);
}

/* The first in the line, from `at` on, that came later. */
static struct list *find_later(struct lane *lane, struct list *at, uint64_t arrival)
{
    while (at != &lane->waiting && LIST_ITEM(at, struct queue_receive, place)->arrival < arrival)
        at = at->next;
    return at;
}

/* Those that go on waiting stand where they stood. */
static void put_back(struct serve *serve)
{
    struct list *at = serve->lane->waiting.next;
    size_t kept = 0;

    for (size_t i = 0; i < serve->count; i++) {
        struct queue_receive *receive = serve->receives[i];

        receive->serving = false;
        if (!goes_on_waiting(serve, receive)) {
            serve->receives[kept++] = receive;
            continue;
        }
        at = find_later(serve->lane, at, receive->arrival);
        list_insert_before(at, &receive->place);
    }
    serve->count = kept;
}

static void serve_written(struct store_work *work, enum status status)
{
    struct serve *serve = CONTAINER_OF(work, struct serve, work);
    struct lane *lane = serve->lane;

    lane->serving = false;
    if (status != OK)
        lane_doubtful(lane);
    else
        status = serve->outcome;
    if (status == OK) {
        serve->again = serve->again || serve->advancing;
        lane->wakes += serve->again ? 1 : 0;
        lane_due(lane, serve->due_ms);
        put_back(serve);
        wake_dead_letters(serve);
        tell_moved(serve);
    }
    for (size_t i = 0; i < serve->count; i++) {
        serve->receives[i]->serving = false;
        if (status == REFUSED)
            queue_refuse_missing(&serve->receives[i]->error);
        end_served(serve, serve->receives[i], status);
    }
    queue_unref(serve->queue);
    mem_free(serve->moved_ids);
    mem_free(serve);
    lane_serve(lane);
    lane_returned(lane);
}

/* Those who have not looked since the last wake, in their order. */
static void take_waiting(struct lane *lane, struct serve *serve)
{
    LIST_EACH (&lane->waiting, it) {
        struct queue_receive *receive = LIST_ITEM(it, struct queue_receive, place);

        if (serve->count == RUN_RECEIVES_MAX)
            return;
        if (receive->looked == lane->wakes)
            continue;
        list_remove(&receive->place);
        receive->looked = lane->wakes;
        receive->serving = true;
        receive->outcome = OK;
        serve->receives[serve->count++] = receive;
    }
}

void lane_serve(struct lane *lane)
{
    struct serve *serve = NULL;

    if (lane->serving || list_empty(&lane->waiting))
        return;
    serve = mem_new(sizeof *serve);
    take_waiting(lane, serve);
    if (serve->count == 0) {
        mem_free(serve);
        return;
    }
    serve->work = (struct store_work){.run = write_serve, .done = serve_written};
    serve->lane = lane;
    serve->queue = queue_ref(lane->queue);
    serve->due_ms = UINT64_MAX;
    /* What time has made ready but no work has moved yet is there for who asks now. */
    serve->advance = lane->advancing || timer_is_set(&lane->again) ||
                     queues_now_ms(lane->queues) >= lane->due_ms;
    serve->advancing = lane->advancing;
    lane->serving = true;
    lane_submit(lane, &serve->work);
}

/* ---- who waits ---- */

static void end_of_wait(struct queue_receive *receive)
{
    struct lane *lane = receive->lane;

    receive->over = true;
    if (receive->serving)
        return;
    list_remove(&receive->place);
    finish_empty(lane, receive);
}

static void deadline_reached(struct timer *timer)
{
    end_of_wait(CONTAINER_OF(timer, struct queue_receive, deadline));
}

void queues_receive_no_longer(struct queue_receive *receive)
{
    if (receive->lane != NULL)
        end_of_wait(receive);
}

void lane_end_waiting(struct lane *lane, enum status status)
{
    for (struct list *it = list_take(&lane->waiting); it != NULL; it = list_take(&lane->waiting)) {
        struct queue_receive *receive = LIST_ITEM(it, struct queue_receive, place);

        assert(status == OK || lane->deleted);
        receive->over = true;
        finish_empty(lane, receive);
    }
}

static enum status check_receive(const struct queue_settings *settings,
                                 struct queue_receive *receive)
{
    if (receive->attempt_id.size == 0)
        return OK;
    if (!settings->fifo)
        return api_refuse(
            &receive->error, API_INVALID_PARAMETER_VALUE,
            "Value %.*s for parameter ReceiveRequestAttemptId is invalid. Reason: The "
            "request include parameter that is not valid for this queue type.",
            BYTES_ARG(receive->attempt_id));
    if (!message_id_is_valid(receive->attempt_id))
        return api_refuse(&receive->error, API_INVALID_PARAMETER_VALUE,
                          "Value %.*s for parameter ReceiveRequestAttemptId is invalid. Reason: "
                          "ReceiveRequestAttemptId can only include alphanumeric and punctuation "
                          "characters. 1 to %d in length.",
                          BYTES_ARG(receive->attempt_id), QUEUE_ID_SIZE_MAX);
    return OK;
}

void queues_receive(struct queues *queues, struct queue_receive *receive)
{
    struct lane *lane = lane_find(queues, receive->queue_name);
    enum status status = OK;

    assert(receive->maximum >= 1 && receive->maximum <= QUEUE_BATCH_MAX);
    receive->count = 0;
    receive->lane = NULL;
    receive->serving = receive->over = false;
    receive->deadline = (struct timer){.fire = deadline_reached};
    if (lane == NULL) {
        receive->done(receive, queue_refuse_missing(&receive->error));
        return;
    }
    status = check_receive(&lane->queue->view.settings, receive);
    if (status != OK || queues->stopped) {
        receive->done(receive, status);
        return;
    }
    if (receive->wait_s < 0)
        receive->wait_s = lane->queue->view.settings.wait_s;
    receive->lane = lane;
    receive->taken = ARENA_NEW_ARRAY(receive->arena, QUEUE_BATCH_MAX, struct taken);
    if (receive->wait_s > 0)
        timer_set_after(queues->options.wall_timers, &receive->deadline,
                        (uint64_t)receive->wait_s * 1000);
    receive->looked = 0;
    receive->arrival = ++lane->arrivals;
    list_append(&lane->waiting, &receive->place);
    lane_serve(lane);
}
