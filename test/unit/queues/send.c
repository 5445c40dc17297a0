/* test/unit/queues/send.c - messages into a queue: in batches, and from other folders, in their
 * batch. */
#include "queues/queues_test.h"

static struct test_queues t;

/* ---- batches ---- */

static void wrong_ones_among_right_ones(void **state)
{
    struct queue_entry entries[3] = {
        {.message = {.body = BYTES("one")}, .delay_s = -1},
        {.message = {.body = BYTES("\x01")}, .delay_s = -1},
        {.message = {.body = BYTES("three")}, .delay_s = -1},
    };

    (void)state;
    test_queues_open(&t);
    assert_int_equal(test_create(&t, "q", NULL), OK);
    assert_int_equal(test_send_entries(&t, "q", entries, 3), OK);
    assert_true(!entries[0].failed && entries[1].failed && !entries[2].failed);
    assert_int_equal(entries[1].error.kind, API_INVALID_MESSAGE_CONTENTS);
    assert_string_equal(test_receive_bodies(&t, "q", 10), "one three");
    assert_int_equal(test_send_entries(&t, "nowhere", entries, 3), REFUSED);
    test_queues_close(&t);
}

/* Texts order as the numbers do. */
static void sequence_numbers(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();

    (void)state;
    assert_true(bytes_equal_text(queue_sequence_number(arena, 42), "10000000000000000042"));
    assert_int_equal(queue_sequence_number(arena, UINT32_MAX).size, 20);
}

/* ---- the door: letters in somebody else's batch ---- */

struct letters {
    struct queue_letter *letters;
    enum status *statuses;
    size_t count;
};

static void write_letters(struct store_batch *batch, struct test_work *work)
{
    struct letters *letters = work->context;

    store_batch_put(batch, STORE_ITEMS, BYTES("theirs"), BYTES("x"));
    for (size_t i = 0; i < letters->count; i++)
        letters->statuses[i] = queues_write(t.queues, batch, &letters->letters[i]);
}

static void write_all(struct queue_letter *list, enum status *statuses, size_t count)
{
    struct letters letters = {list, statuses, count};
    struct test_work work = {.body = write_letters, .context = &letters};

    assert_int_equal(test_do(&t.loop, &work), OK);
    for (size_t i = 0; i < count; i++)
        if (statuses[i] == OK)
            queues_written(t.queues, &list[i]);
}

static struct queue_letter letter_to(const char *name, const char *body)
{
    return (struct queue_letter){.queue_arn = arena_printf(t.arena, TEST_ARN "%s", name),
                                 .message = {.body = bytes_of_text(body)}};
}

/* It is there with the rest of the batch, and whoever waits gets it. */
static void a_letter_wakes(void **state)
{
    struct test_receive *waiting = NULL;
    struct queue_letter letters[2];
    enum status statuses[2];

    (void)state;
    test_queues_open(&t);
    assert_int_equal(test_create(&t, "q", NULL), OK);
    waiting = test_receive_begin(&t, "q", 10, -1, 20);
    test_settle(&t);
    letters[0] = letter_to("q", "one");
    letters[1] = letter_to("q", "two"); /* two in one batch see each other */
    write_all(letters, statuses, 2);
    assert_int_equal(statuses[0], OK);
    assert_int_equal(statuses[1], OK);
    test_settle(&t);
    assert_string_equal(test_bodies(&t, waiting), "one two");
    assert_true(bytes_equal_text(test_received(waiting, 0)->message.sender_id, "000000000000"));
    test_expect(t.store, NULL, STORE_ITEMS, "theirs", "x");
    test_check(&t, "q");
    test_queues_close(&t);
}

/* By the queue's delay; told by queues_written() to whoever waits for it. */
static void a_letter_is_delayed(void **state)
{
    struct test_receive *waiting = NULL;
    struct queue_letter letter;
    enum status status = OK;

    (void)state;
    test_queues_open(&t);
    assert_int_equal(test_create(&t, "q", PAIRS("DelaySeconds", "5")), OK);
    waiting = test_receive_begin(&t, "q", 10, -1, 20);
    test_settle(&t);
    letter = letter_to("q", "one");
    write_all(&letter, &status, 1);
    test_advance(&t, 4999);
    assert_false(waiting->done);
    test_advance(&t, 1);
    assert_string_equal(test_bodies(&t, waiting), "one");
    test_queues_close(&t);
}

/* What can't be put leaves no trace, and the batch goes on. */
static void letters_that_no_queue_takes(void **state)
{
    uint8_t *large = mem_new(2048);
    struct message_attribute eleven[11];
    struct queue_letter letters[6];
    enum status statuses[6];

    (void)state;
    test_queues_open(&t);
    assert_int_equal(test_create(&t, "q", PAIRS("MaximumMessageSize", "1024")), OK);
    assert_int_equal(test_create(&t, "q.fifo", PAIRS("FifoQueue", "true")), OK);
    memset(large, 'x', 2048);
    for (size_t i = 0; i < ARRAY_COUNT(eleven); i++)
        eleven[i] = (struct message_attribute){bytes_slice(BYTES("abcdefghijk"), i, 1),
                                               BYTES("String"), BYTES("x"), false};
    letters[0] = letter_to("nowhere", "x");
    letters[1] = letter_to("q", "x");
    letters[1].queue_arn = BYTES("arn:aws:sqs:eu-west-1:000000000000:q"); /* another region's */
    letters[2] = letter_to("q", "");
    letters[2].message.body = bytes_of(large, 1025);
    letters[3] = letter_to("q", "\x01");
    letters[4] = letter_to("q.fifo", "x"); /* without a group */
    letters[5] = letter_to("q", "x");
    letters[5].message.attributes = eleven;
    letters[5].message.attribute_count = ARRAY_COUNT(eleven);
    write_all(letters, statuses, 6);
    assert_int_equal(statuses[0], NOT_FOUND);
    assert_int_equal(statuses[1], NOT_FOUND);
    assert_int_equal(statuses[2], TOO_LARGE);
    assert_int_equal(statuses[3], MALFORMED);
    assert_int_equal(statuses[4], MALFORMED);
    assert_int_equal(statuses[5], MALFORMED);
    test_expect_figures(&t, "q", 0, 0, 0);
    test_check(&t, "q");
    mem_free(large);
    test_queues_close(&t);
}

/* In a FIFO queue: the order in the group, and the same content is no second message. */
static void letters_to_a_fifo_queue(void **state)
{
    struct queue_letter letters[3];
    enum status statuses[3];

    (void)state;
    test_queues_open(&t);
    assert_int_equal(test_create(&t, "q.fifo", PAIRS("FifoQueue", "true")), OK);
    letters[0] = letter_to("q.fifo", "one");
    letters[1] = letter_to("q.fifo", "two");
    letters[2] = letter_to("q.fifo", "one");
    for (size_t i = 0; i < 3; i++)
        letters[i].message.group_id = BYTES("g");
    write_all(letters, statuses, 3);
    assert_int_equal(statuses[2], OK);
    assert_string_equal(letters[2].message.message_id, letters[0].message.message_id);
    assert_string_equal(test_receive_bodies(&t, "q.fifo", 10), "one two");
    test_check(&t, "q.fifo");
    test_queues_close(&t);
}

/* The queue goes, and comes anew, between the batch and queues_written(). */
static void the_queue_goes_meanwhile(void **state)
{
    struct queue_letter letter;
    struct letters letters = {&letter, NULL, 1};
    struct test_work work = {.body = write_letters, .context = &letters};
    enum status status = OK;

    (void)state;
    test_queues_open(&t);
    assert_int_equal(test_create(&t, "q", NULL), OK);
    letter = letter_to("q", "one");
    letters.statuses = &status;
    assert_int_equal(test_do(&t.loop, &work), OK);
    assert_int_equal(test_do_queue(&t, QUEUE_DELETE, "q"), OK);
    queues_written(t.queues, &letter);
    clock_advance(t.clock, QUEUE_DELETED_RECENTLY_S * 1000);
    assert_int_equal(test_create(&t, "q", NULL), OK);
    queues_written(t.queues, &letter);
    assert_string_equal(test_receive_bodies(&t, "q", 10), "");
    test_queues_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_ones_among_right_ones),
        cmocka_unit_test(sequence_numbers),
        cmocka_unit_test(a_letter_wakes),
        cmocka_unit_test(a_letter_is_delayed),
        cmocka_unit_test(letters_that_no_queue_takes),
        cmocka_unit_test(letters_to_a_fifo_queue),
        cmocka_unit_test(the_queue_goes_meanwhile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
