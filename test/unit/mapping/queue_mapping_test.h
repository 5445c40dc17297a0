/* mapping/queue_mapping_test.h - what the tests of a queue's mapping share: a queue, its messages,
 * and a consumer that a test writes. */
#ifndef DYNLOG_TEST_MAPPING_QUEUE_MAPPING_TEST_H
#define DYNLOG_TEST_MAPPING_QUEUE_MAPPING_TEST_H

#include "fake_consumer.h"

#define JOBS_ARN "arn:aws:sqs:us-east-1:000000000000:jobs"
#define VISIBILITY_MS ((uint64_t)30000) /* a queue's, when nobody says another one */

/* Nothing is with the consumer, the store or the queue's writer. */
#define UNTIL_QUEUE_QUIET(t)                                                                       \
    HARNESS_UNTIL((t)->h, !mappings_busy((t)->mappings) && !queues_busy((t)->queues))

static inline void change_queue(struct test *t, enum queue_change_kind kind, const char *name)
{
    struct queue_pair fifo[] = {{BYTES("FifoQueue"), BYTES("true")},
                                {BYTES("ContentBasedDeduplication"), BYTES("true")}};
    bool is_fifo = bytes_end_with(bytes_of_text(name), BYTES(".fifo"));
    struct fake_call call = {0};
    struct queue_change change = {.kind = kind,
                                  .name = bytes_of_text(name),
                                  .attributes = fifo,
                                  .attribute_count =
                                      kind == QUEUE_CREATE && is_fifo ? ARRAY_COUNT(fifo) : 0,
                                  .arena = t->h->arena,
                                  .done = fake_made,
                                  .context = &call};

    queues_change(t->queues, &change);
    HARNESS_UNTIL(t->h, call.done);
    assert_int_equal(call.status, OK);
}

static inline void sent(struct queue_send *send, enum status status)
{
    *(struct fake_call *)send->context = (struct fake_call){true, status};
}

/* "1,2,3": a message each, in one batch; of a FIFO queue's group. */
static inline void send_to(struct test *t, const char *queue, const char *group, const char *bodies)
{
    struct queue_entry entries[QUEUE_BATCH_MAX] = {0};
    struct bytes rest = bytes_of_text(bodies);
    struct fake_call call = {0};
    struct queue_send send = {.queue_name = bytes_of_text(queue),
                              .entries = entries,
                              .arena = t->h->arena,
                              .done = sent,
                              .context = &call};

    while (rest.size > 0) {
        size_t end = size_min(bytes_find_byte(rest, ',', 0), rest.size);

        assert_true(send.count < QUEUE_BATCH_MAX);
        entries[send.count].delay_s = -1;
        entries[send.count].message.group_id = bytes_of_text(group);
        entries[send.count++].message.body = bytes_slice(rest, 0, end);
        rest = bytes_slice(rest, size_min(end + 1, rest.size), rest.size);
    }
    queues_send(t->queues, &send);
    HARNESS_UNTIL(t->h, call.done);
    assert_int_equal(call.status, OK);
    for (size_t i = 0; i < send.count; i++)
        assert_false(entries[i].failed);
}

static inline void send_jobs(struct test *t, const char *bodies)
{
    send_to(t, "jobs", "", bodies);
}

static inline struct mapping_settings settings_of_queue(const char *arn)
{
    return (struct mapping_settings){
        .function_name = BYTES("f"),
        .source = MAPPING_OF_QUEUE,
        .source_arn = bytes_of_text(arn),
        .batch_size = 10,
        .enabled = true,
        .maximum_retry_attempts = -1,
        .maximum_record_age_s = -1,
    };
}

/* Messages as "READY IN-FLIGHT DELAYED". */
static inline const char *figures_of(struct test *t, const char *name)
{
    const struct queue_view *queue = queues_find(t->queues, bytes_of_text(name));
    struct queue_figures figures = {0};

    assert_non_null(queue);
    assert_int_equal(queues_figures(t->queues, queue, &figures), OK);
    return arena_copy_text(t->h->arena, arena_printf(t->h->arena, "%llu %llu %llu",
                                                     (unsigned long long)figures.ready,
                                                     (unsigned long long)figures.in_flight,
                                                     (unsigned long long)figures.delayed));
}

static inline struct fake *fake_of_queue(struct test *t, const struct mapping_settings *settings)
{
    struct fake *fake = fake_new(t);

    change_queue(t, QUEUE_CREATE, "jobs");
    fake_add(fake, settings);
    return fake;
}

static inline void queue_mapping_paused(void *context)
{
    *(bool *)context = true;
}

/* In a turn of its own: it must come without anything else that ends. */
static inline void pause_queue(struct fake *fake)
{
    bool paused = false;

    mapping_pause(fake->mapping, queue_mapping_paused, &paused);
    HARNESS_UNTIL(fake->test->h, (timers_run(fake->test->h->timers), paused));
}

#endif
