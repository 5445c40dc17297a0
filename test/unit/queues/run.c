/* Works that meet in one group of the writer: whatever they do to each other's messages, no message
 * is given out twice and none is lost from sight. The store is stopped until many wait, so that
 * they are one group. */
#include "queues/queues_test.h"

#define ROUNDS 60
#define CALLS 40
#define MESSAGES_MAX (ROUNDS * CALLS)

static struct test_queues t;
static uint64_t seed;

static uint64_t draw(uint64_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % below;
}

/* ---- calls that do not wait ---- */

struct crowd {
    bool sent[MESSAGES_MAX], deleted[MESSAGES_MAX], held[MESSAGES_MAX];
    struct bytes handles[MESSAGES_MAX];
    size_t count;
};

static struct crowd crowd;

static void begin_send(const char *name, bool fifo)
{
    struct test_send *test = ARENA_NEW(t.arena, struct test_send);
    struct queue_entry *entry = ARENA_NEW(t.arena, struct queue_entry);
    size_t number = crowd.count++;

    entry->delay_s = -1;
    entry->message.body = arena_printf(t.arena, "%zu", number);
    if (fifo) {
        entry->message.group_id = arena_printf(t.arena, "g%d", (int)draw(5));
        entry->message.deduplication_id = entry->message.body;
    }
    test->send = (struct queue_send){.queue_name = bytes_of_text(name),
                                     .entries = entry,
                                     .count = 1,
                                     .arena = test_call_arena(&t),
                                     .done = test_send_done};
    crowd.sent[number] = true;
    queues_send(t.queues, &test->send);
}

static void begin_settle(const char *name, size_t number, int64_t visibility_s)
{
    struct test_settle_call *test = ARENA_NEW(t.arena, struct test_settle_call);
    struct queue_receipt *receipt = ARENA_NEW(t.arena, struct queue_receipt);

    receipt->handle = crowd.handles[number];
    receipt->visibility_s = visibility_s;
    test->settle = (struct queue_settle){
        .kind = visibility_s < 0 ? QUEUE_DELETE_MESSAGES : QUEUE_CHANGE_VISIBILITY,
        .queue_name = bytes_of_text(name),
        .receipts = receipt,
        .count = 1,
        .arena = test_call_arena(&t),
        .done = test_settle_done,
    };
    crowd.held[number] = false;
    crowd.deleted[number] = visibility_s < 0;
    queues_settle(t.queues, &test->settle);
}

/* What came out of a receive: nobody else has it. */
static void note_received(const struct test_receive *test)
{
    assert_true(test->done && test->status == OK);
    for (size_t i = 0; i < test->receive.count; i++) {
        const struct queue_received *received = test_received(test, i);
        uint64_t number = 0;

        assert_true(bytes_to_uint64(received->message.body, &number) && number < crowd.count);
        assert_true(crowd.sent[number] && !crowd.deleted[number] && !crowd.held[number]);
        crowd.held[number] = true;
        crowd.handles[number] = received->receipt_handle;
    }
}

static void crowd_round(const char *name, bool fifo)
{
    struct test_receive *receives[CALLS];
    size_t receive_count = 0, known = crowd.count;
    struct test_hold hold;

    test_hold_writer(&t.loop, &hold);
    for (size_t i = 0; i < CALLS; i++) {
        uint64_t kind = draw(4);
        size_t number = known > 0 ? (size_t)draw(known) : 0;

        if (kind == 0)
            begin_send(name, fifo);
        else if (kind == 1)
            receives[receive_count++] = test_receive_begin(&t, name, 1 + draw(4), 30, 0);
        else if (known > 0 && crowd.held[number])
            begin_settle(name, number, kind == 2 ? -1 : 0);
    }
    assert_int_equal(test_release_writer(&t.loop, &hold), OK);
    test_settle(&t);
    for (size_t i = 0; i < receive_count; i++)
        note_received(receives[i]);
    test_check(&t, name);
}

static void run_crowd(const char *name, bool fifo)
{
    struct test_receive *last = NULL;

    id_random((uint8_t *)&seed, sizeof seed);
    if (getenv("QUEUES_SEED") != NULL)
        seed = strtoull(getenv("QUEUES_SEED"), NULL, 10);
    print_message("QUEUES_SEED=%llu\n", (unsigned long long)seed);
    memset(&crowd, 0, sizeof crowd);
    test_queues_open(&t);
    assert_int_equal(test_create(&t, name, fifo ? PAIRS("FifoQueue", "true") : NULL), OK);
    for (size_t i = 0; i < ROUNDS; i++)
        crowd_round(name, fifo);
    test_advance(&t, 30000);
    memset(crowd.held, 0, sizeof crowd.held); /* their time is over */
    do {
        last = test_receive(&t, name, QUEUE_BATCH_MAX);
        note_received(last);
        for (size_t i = 0; i < last->receive.count; i++)
            assert_int_equal(test_delete(&t, name, last->receive.messages[i].receipt_handle), OK);
        for (size_t i = 0; i < last->receive.count; i++) {
            uint64_t number = 0;

            assert_true(bytes_to_uint64(last->receive.messages[i].message.body, &number));
            crowd.deleted[number] = true;
        }
    } while (last->receive.count > 0);
    for (size_t i = 0; i < crowd.count; i++)
        assert_true(crowd.deleted[i]);
    test_expect_figures(&t, name, 0, 0, 0);
    test_queues_close(&t);
}

static void test_standard(void **state)
{
    (void)state;
    run_crowd("q", false);
}

static void test_fifo(void **state)
{
    (void)state;
    run_crowd("q.fifo", true);
}

/* A queue whose messages have all gone is read from where the last one was. */
static void test_front_follows(void **state)
{
    const struct front *front = NULL;

    (void)state;
    test_queues_open(&t);
    assert_int_equal(test_create(&t, "q", NULL), OK);
    front = &lane_find(t.queues, BYTES("q"))->queue->fronts->of[FRONT_READY];
    assert_int_equal(front->from.size, 0);
    for (size_t i = 0; i < 3; i++) {
        test_send_text(&t, "q", "x");
        struct test_receive *test = test_receive(&t, "q", 1);

        assert_int_equal(test_delete(&t, "q", test_received(test, 0)->receipt_handle), OK);
    }
    assert_string_equal(test_receive_bodies(&t, "q", 1), "");
    assert_true(front->from.size > 0);

    struct key end = key_of_kind(test_view(&t, "q")->id, (enum key_kind)(KEY_READY + 1));

    assert_true(bytes_equal(key_bytes(&front->from), key_bytes(&end)));
    test_send_text(&t, "q", "y"); /* lowers it */
    assert_true(bytes_compare(key_bytes(&front->from), key_bytes(&end)) < 0);
    assert_string_equal(test_receive_bodies(&t, "q", 1), "y");
    test_queues_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_standard),
        cmocka_unit_test(test_fifo),
        cmocka_unit_test(test_front_follows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
