/* Queues against a naive model: an array of messages that is walked from the front. Random sends,
 * receives, deletions, changes of visibility, purges, starts anew and moves of the clock; after
 * each step the answer, the figures and all that always holds must agree. Each run prints its seed;
 * QUEUES_SEED=N replays one. */
#include "queues/queues_test.h"

#define STEPS 800
#define STEPS_MAX (20 * STEPS) /* a rare history needs a few more */
#define MESSAGES_MAX 4000
#define HANDLES_MAX 4000
#define MAX_RECEIVES 3
#define VISIBILITY_S 4
#define RETENTION_S 60

static struct test_queues t;
static uint64_t seed;

static uint64_t draw(uint64_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % below;
}

/* ---- the model ---- */

struct model_message {
    size_t number;  /* its body */
    uint64_t order; /* of its arrival in this queue */
    uint64_t sent_ms, due_ms, received_ms;
    uint32_t receives, receives_before;
    bool delayed, in_flight, dead; /* dead: in the dead-letter queue */
    size_t group;
};

struct model_handle {
    struct bytes text;
    size_t number;
    uint32_t receives;
    bool dead;
};

static struct {
    struct model_message messages[MESSAGES_MAX];
    size_t count;
    uint64_t orders;
    struct model_handle handles[HANDLES_MAX];
    size_t handle_count;
    uint64_t sent_at[200]; /* FIFO: when a deduplication id was last sent, 0: never */
    bool fifo;
    uint64_t delay_s; /* of the queue */
    /* How often the rare things happened: a run without them would show nothing. */
    size_t buried, expired, refused, duplicates, received_again;
} model;

static uint64_t now(void)
{
    return clock_now_ms(t.clock);
}

static const char *name_of(bool dead)
{
    if (model.fifo)
        return dead ? "dead.fifo" : "q.fifo";
    return dead ? "dead" : "q";
}

static bool is_before(const struct model_message *a, const struct model_message *b)
{
    return a->sent_ms != b->sent_ms ? a->sent_ms < b->sent_ms : a->order < b->order;
}

static void model_remove(size_t i)
{
    model.messages[i] = model.messages[--model.count];
}

static void model_time(void)
{
    for (size_t i = model.count; i-- > 0;) {
        struct model_message *m = &model.messages[i];

        if (m->sent_ms + RETENTION_S * 1000 <= now()) {
            model_remove(i);
            model.expired++;
            continue;
        }
        if ((m->delayed || m->in_flight) && m->due_ms <= now())
            m->delayed = m->in_flight = false;
    }
}

static bool is_early(const struct model_message *m)
{
    return model.fifo && !m->dead && m->sent_ms + model.delay_s * 1000 > now();
}

/* FIFO: no message of its group stands before it that is in flight or early. */
static bool is_free(const struct model_message *m)
{
    if (m->delayed || m->in_flight || is_early(m))
        return false;
    for (size_t i = 0; model.fifo && i < model.count; i++) {
        const struct model_message *other = &model.messages[i];

        if (other->dead == m->dead && other->group == m->group && other->order < m->order &&
            (other->in_flight || is_early(other)))
            return false;
    }
    return true;
}

/* The first free message; of `group` when that is not SIZE_MAX. */
static struct model_message *first_free(bool dead, size_t group)
{
    struct model_message *first = NULL;

    for (size_t i = 0; i < model.count; i++) {
        struct model_message *m = &model.messages[i];

        if (m->dead == dead && (group == SIZE_MAX || m->group == group) && is_free(m) &&
            (first == NULL || is_before(m, first)))
            first = m;
    }
    return first;
}

static void model_bury(struct model_message *m)
{
    model.buried++;
    m->dead = true;
    m->order = ++model.orders;
    m->receives_before += m->receives;
    m->receives = 0;
    if (model.fifo)
        m->sent_ms = now();
}

/* What a receive should give, in its order. FIFO: all of a group before the next group, and a group
 * that gave something gives no more in this receive than what stood behind it then. */
static size_t model_receive(bool dead, size_t maximum, uint64_t visibility_s, size_t *numbers,
                            uint32_t *counts)
{
    size_t count = 0, group = SIZE_MAX;
    struct model_message *m = NULL;
    static struct model_message *in_flight[QUEUE_BATCH_MAX];

    while (count < maximum) {
        m = group != SIZE_MAX ? first_free(dead, group) : NULL;
        if (m == NULL) {
            group = SIZE_MAX;
            m = first_free(dead, SIZE_MAX);
        }
        if (m == NULL)
            break;
        if (!dead && m->receives >= MAX_RECEIVES) {
            if (model.fifo)
                group = m->group;
            model_bury(m);
            continue;
        }
        if (model.fifo)
            group = m->group;
        m->receives++;
        model.received_again += m->receives > 1;
        m->received_ms = now();
        /* Marked in flight at the end: the rest of its group goes with it. */
        m->delayed = true;
        m->due_ms = now() + visibility_s * 1000;
        in_flight[count] = m;
        numbers[count] = m->number;
        counts[count++] = m->receives + m->receives_before;
    }
    for (size_t i = 0; i < count; i++) {
        in_flight[i]->delayed = false;
        in_flight[i]->in_flight = true;
    }
    return count;
}

static struct model_message *model_find(size_t number, bool dead)
{
    for (size_t i = 0; i < model.count; i++)
        if (model.messages[i].number == number && model.messages[i].dead == dead)
            return &model.messages[i];
    return NULL;
}

static void expect_figures(bool dead)
{
    uint64_t ready = 0, in_flight = 0, delayed = 0;

    for (size_t i = 0; i < model.count; i++) {
        const struct model_message *m = &model.messages[i];

        if (m->dead != dead)
            continue;
        in_flight += m->in_flight;
        delayed += m->delayed || (!m->in_flight && is_early(m));
        ready += !m->in_flight && !m->delayed && !is_early(m);
    }
    test_expect_figures(&t, name_of(dead), ready, in_flight, delayed);
}

/* ---- steps ---- */

static void step_send(void)
{
    struct queue_entry entries[3] = {0};
    size_t count = 1 + draw(3);

    if (model.count + count > MESSAGES_MAX)
        return;
    for (size_t i = 0; i < count; i++) {
        size_t number = model.orders + 1, group = draw(4), id = draw(ARRAY_COUNT(model.sent_at));
        bool delayed = !model.fifo && draw(4) == 0;
        int64_t delay_s = delayed ? (int64_t)draw(4) : -1;
        struct queue_message *message = &entries[i].message;
        struct model_message *m = NULL;

        message->body = arena_printf(t.arena, "%zu", number);
        entries[i].delay_s = delay_s;
        if (model.fifo) {
            message->group_id = arena_printf(t.arena, "g%zu", group);
            message->deduplication_id = arena_printf(t.arena, "d%zu", id);
            if (model.sent_at[id] != 0 &&
                model.sent_at[id] + (uint64_t)QUEUE_DEDUPLICATION_S * 1000 > now()) {
                model.duplicates++;
                continue;
            }
            model.sent_at[id] = now();
        }
        m = &model.messages[model.count++];
        *m = (struct model_message){.number = number,
                                    .order = ++model.orders,
                                    .sent_ms = now(),
                                    .group = group,
                                    .delayed = delay_s > 0,
                                    .due_ms = now() + (uint64_t)(delay_s > 0 ? delay_s : 0) * 1000};
    }
    assert_int_equal(test_send_entries(&t, name_of(false), entries, count), OK);
    for (size_t i = 0; i < count; i++)
        assert_false(entries[i].failed);
}

static void step_receive(void)
{
    bool dead = draw(4) == 0;
    size_t maximum = 1 + draw(QUEUE_BATCH_MAX), numbers[QUEUE_BATCH_MAX], count = 0;
    uint64_t visibility_s = 1 + draw(VISIBILITY_S);
    uint32_t counts[QUEUE_BATCH_MAX];
    struct test_receive *test = test_receive_end(
        &t, test_receive_begin(&t, name_of(dead), maximum, (int64_t)visibility_s, 0));

    count = model_receive(dead, maximum, visibility_s, numbers, counts);
    assert_int_equal(test->status, OK);
    if (test->receive.count != count)
        fail_msg("received %s; expected %zu", test_bodies(&t, test), count);
    for (size_t i = 0; i < count; i++) {
        const struct queue_received *received = test_received(test, i);
        uint64_t number = 0;

        assert_true(bytes_to_uint64(received->message.body, &number));
        assert_int_equal(number, numbers[i]);
        assert_int_equal(received->receive_count, counts[i]);
        if (model.handle_count < HANDLES_MAX)
            model.handles[model.handle_count++] = (struct model_handle){
                received->receipt_handle, numbers[i], model_find(numbers[i], dead)->receives, dead};
    }
}

static void step_delete(void)
{
    const struct model_handle *handle = NULL;
    struct model_message *m = NULL;
    enum status expected = OK, status = OK;

    if (model.handle_count == 0)
        return;
    handle = &model.handles[draw(2) == 0 ? draw(model.handle_count) : model.handle_count - 1];
    m = model_find(handle->number, handle->dead);
    if (m != NULL && model.fifo && (m->receives != handle->receives || !m->in_flight))
        expected = REFUSED;
    model.refused += expected == REFUSED;
    status = test_delete(&t, name_of(handle->dead), handle->text);
    assert_int_equal(status, expected);
    if (m != NULL && expected == OK && m->receives == handle->receives)
        model_remove((size_t)(m - model.messages));
}

static void step_visibility(void)
{
    const struct model_handle *handle = NULL;
    struct model_message *m = NULL;
    uint64_t visibility_s = draw(4);
    enum status expected = OK;

    if (model.handle_count == 0)
        return;
    handle = &model.handles[draw(2) == 0 ? draw(model.handle_count) : model.handle_count - 1];
    m = model_find(handle->number, handle->dead);
    if (m == NULL || m->receives != handle->receives || (model.fifo && !m->in_flight))
        expected = REFUSED;
    assert_int_equal(
        test_change_visibility(&t, name_of(handle->dead), handle->text, (int64_t)visibility_s),
        expected);
    if (expected != OK)
        return;
    m->in_flight = visibility_s > 0;
    m->due_ms = now() + visibility_s * 1000;
}

static void step_purge(void)
{
    enum status status = test_do_queue(&t, QUEUE_PURGE, name_of(false));

    for (size_t i = model.count; status == OK && i-- > 0;)
        if (!model.messages[i].dead)
            model_remove(i);
}

static void step(void)
{
    uint64_t kind = draw(100);

    if (kind < 25)
        step_send();
    else if (kind < 55)
        step_receive();
    else if (kind < 70)
        step_delete();
    else if (kind < 80)
        step_visibility();
    else if (kind < 97)
        test_advance(&t, draw(3) == 0 ? 1000 : draw(1500));
    else if (kind < 98)
        step_purge();
    else
        test_queues_reopen(&t);
    test_settle(&t);
    model_time();
    expect_figures(false);
    expect_figures(true);
    test_check(&t, name_of(false));
    test_check(&t, name_of(true));
}

/* What a history has to meet to say something. */
static bool saw_everything(void)
{
    return model.buried > 0 && model.expired > 0 && model.received_again > 0 &&
           (!model.fifo || (model.refused > 0 && model.duplicates > 0));
}

static void run(bool fifo, const char *delay)
{
    const char *text = getenv("QUEUES_SEED");
    const char *policy = fifo ? "{\"deadLetterTargetArn\":\"" TEST_ARN "dead.fifo\","
                                "\"maxReceiveCount\":3}"
                              : "{\"deadLetterTargetArn\":\"" TEST_ARN "dead\","
                                "\"maxReceiveCount\":3}";

    id_random((uint8_t *)&seed, sizeof seed);
    if (text != NULL)
        seed = strtoull(text, NULL, 10);
    print_message("QUEUES_SEED=%llu\n", (unsigned long long)seed);
    test_queues_open(&t);
    memset(&model, 0, sizeof model);
    model.fifo = fifo;
    model.delay_s = strtoull(delay, NULL, 10);
    assert_int_equal(test_create(&t, name_of(true),
                                 PAIRS("MessageRetentionPeriod", "60",
                                       fifo ? "FifoQueue" : "DelaySeconds", fifo ? "true" : "0")),
                     OK);
    assert_int_equal(
        test_create(&t, name_of(false),
                    PAIRS("MessageRetentionPeriod", "60", "RedrivePolicy", policy, "DelaySeconds",
                          fifo ? delay : "0", fifo ? "FifoQueue" : "VisibilityTimeout",
                          fifo ? "true" : "30")),
        OK);
    for (size_t i = 0; i < STEPS || !saw_everything(); i++) {
        assert_in_range(i, 0, STEPS_MAX);
        step();
    }
    test_queues_close(&t);
}

static void test_standard(void **state)
{
    (void)state;
    run(false, "0");
}

static void test_fifo(void **state)
{
    (void)state;
    run(true, "0");
}

static void test_fifo_with_delay(void **state)
{
    (void)state;
    run(true, "2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_standard),
        cmocka_unit_test(test_fifo),
        cmocka_unit_test(test_fifo_with_delay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
