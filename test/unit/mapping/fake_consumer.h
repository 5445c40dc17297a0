/* mapping/fake_consumer.h - a consumer that a test writes: what it was handed, and what it says to
 * that. No function, no process. */
#ifndef DYNLOG_TEST_MAPPING_FAKE_CONSUMER_H
#define DYNLOG_TEST_MAPPING_FAKE_CONSUMER_H

#include "mapping_test.h"

#define FAKE_HELD_MAX 16

struct fake {
    struct test *test;
    struct mapping *mapping;
    struct buffer log; /* "1,2|3|": sort keys; windows as "[1,2 {state}]" */
    size_t calls;
    /* What a test says: a file of `fail` keys, or an answer of its own. */
    const char *fail;     /* ",2,7,": a batch with one of them fails */
    const char *response; /* read as a function's answer; NULL: none */
    bool refuses;         /* takes nothing */
    bool waits;           /* what it holds was not begun: it can be withdrawn */
    bool holds;           /* keeps what it is handed until fake_release() */
    struct mapping_handover *held[FAKE_HELD_MAX];
    size_t held_count;
    enum mapping_outcome (*answer)(struct fake *fake, struct mapping_handover *handover);
};

/* The sort key of a record, or the body of a message. */
static inline struct bytes fake_key(const struct mapping_record *record)
{
    size_t at = bytes_find(record->text, BYTES("\"sk\":{\"N\":\""));

    at = at != SIZE_MAX ? at + 11 : bytes_find(record->text, BYTES("\"body\":\"")) + 8;
    return bytes_slice(record->text, at, bytes_find_byte(record->text, '"', at) - at);
}

static inline void fake_print(struct fake *fake, const struct mapping_handover *handover)
{
    const struct mapping_window *window = handover->window;

    for (size_t i = 0; i < handover->count; i++)
        buffer_printf(&fake->log, "%s%.*s", i > 0 ? "," : "",
                      BYTES_ARG(fake_key(&handover->records[i])));
    if (window != NULL)
        buffer_printf(&fake->log, "[%llu-%llu %.*s%s%s]",
                      (unsigned long long)(window->start_ms - HARNESS_START_MS) / 1000,
                      (unsigned long long)(window->end_ms - HARNESS_START_MS) / 1000,
                      (int)size_min(window->state.size, 40), (const char *)window->state.ptr,
                      window->is_final ? " final" : "",
                      window->is_terminated_early ? " early" : "");
    buffer_append_byte(&fake->log, '|');
}

static inline bool fake_is_bad(const struct fake *fake, const struct mapping_record *record)
{
    char key[32];

    snprintf(key, sizeof key, ",%.*s,", BYTES_ARG(fake_key(record)));
    return fake->fail != NULL && strstr(fake->fail, key) != NULL;
}

static inline enum mapping_outcome fake_answer(struct fake *fake, struct mapping_handover *handover)
{
    if (fake->answer != NULL)
        return fake->answer(fake, handover);
    for (size_t i = 0; i < handover->count; i++)
        if (fake_is_bad(fake, &handover->records[i])) {
            handover->function_error = "Unhandled";
            return MAPPING_FAILED;
        }
    if (fake->response != NULL)
        return mapping_read_response(handover, fake->test->h->arena, bytes_of_text(fake->response));
    return MAPPING_HANDLED;
}

static inline void fake_end(struct fake *fake, struct mapping_handover *handover)
{
    enum mapping_outcome outcome = fake_answer(fake, handover);

    mapping_handover_end(handover, outcome,
                         outcome == MAPPING_HANDLED ? NULL : MAPPING_PROBLEM_FAILED);
}

static inline void fake_take(void *context, struct mapping_handover *handover)
{
    struct fake *fake = context;

    fake->calls++;
    fake_print(fake, handover);
    snprintf(handover->request_id, sizeof handover->request_id, "request-%zu", fake->calls);
    if (fake->holds) {
        assert_true(fake->held_count < FAKE_HELD_MAX);
        fake->held[fake->held_count++] = handover;
    } else if (fake->refuses) {
        mapping_handover_end(handover, MAPPING_NOT_TAKEN, MAPPING_PROBLEM_THROTTLED);
    } else {
        fake_end(fake, handover);
    }
}

static inline bool fake_withdraw(void *context, struct mapping_handover *handover)
{
    struct fake *fake = context;

    for (size_t i = 0; fake->waits && i < fake->held_count; i++) {
        if (fake->held[i] != handover)
            continue;
        fake->held[i] = fake->held[--fake->held_count];
        mapping_handover_end(handover, MAPPING_NOT_TAKEN, MAPPING_PROBLEM_THROTTLED);
        return true;
    }
    return false;
}

static inline void fake_print_failure(void *context, struct buffer *out,
                                      const struct mapping_failure *failure)
{
    (void)context;
    buffer_printf(out, "%s %u %s %s %s %zu", failure->condition, failure->attempts,
                  failure->request_id[0] != '\0' ? failure->request_id : "-",
                  failure->first->identifier + strspn(failure->first->identifier, "0"),
                  failure->last->identifier + strspn(failure->last->identifier, "0"),
                  failure->count);
}

static inline void fake_release(struct fake *fake)
{
    size_t count = fake->held_count;
    struct mapping_handover *held[FAKE_HELD_MAX];

    memcpy(held, fake->held, sizeof held);
    fake->held_count = 0;
    for (size_t i = 0; i < count; i++)
        fake_end(fake, held[i]);
}

static inline const char *fake_log(struct fake *fake)
{
    return arena_copy_text(fake->test->h->arena, buffer_bytes(&fake->log));
}

static inline enum status fake_try_add(struct fake *fake, const struct mapping_settings *settings,
                                       struct api_error *reterr)
{
    const struct mapping_consumer consumer = {.context = fake,
                                              .take = fake_take,
                                              .withdraw = fake_withdraw,
                                              .print_failure = fake_print_failure};

    return mappings_add(fake->test->mappings, settings, &consumer, &fake->mapping, reterr);
}

static inline void fake_add(struct fake *fake, const struct mapping_settings *settings)
{
    struct api_error error = {0};

    if (fake_try_add(fake, settings, &error) != OK)
        fail_msg("%s", error.message);
    UNTIL_QUIET(fake->test);
}

static inline struct fake *fake_new(struct test *t)
{
    struct fake *fake = ARENA_NEW(t->h->arena, struct fake);

    *fake = (struct fake){.test = t, .log = BUFFER_INIT((size_t)1024 * 1024)};
    return fake;
}

static inline void fake_free(struct fake *fake)
{
    buffer_free(&fake->log);
}

/* As after a crash: what was not durable is not known. The time stays. */
static inline void fake_restart(struct fake *fake, const struct mapping_settings *settings)
{
    struct test *t = fake->test;

    close_mappings(t, 0);
    harness_open_functions(t->h);
    open_mappings(t);
    buffer_clear(&fake->log);
    fake_add(fake, settings);
}

/* ---- a queue for failure records ---- */

#define FAKE_QUEUE_ARN "arn:aws:sqs:us-east-1:000000000000:failed"

struct fake_call {
    bool done;
    enum status status;
};

static inline void fake_made(struct queue_change *change, enum status status)
{
    *(struct fake_call *)change->context = (struct fake_call){true, status};
}

static inline void fake_received(struct queue_receive *receive, enum status status)
{
    *(struct fake_call *)receive->context = (struct fake_call){true, status};
}

static inline void fake_make_queue(struct test *t)
{
    struct fake_call call = {0};
    struct queue_change change = {.kind = QUEUE_CREATE,
                                  .name = BYTES("failed"),
                                  .arena = t->h->arena,
                                  .done = fake_made,
                                  .context = &call};

    queues_change(t->queues, &change);
    HARNESS_UNTIL(t->h, call.done);
    assert_int_equal(call.status, OK);
}

/* All messages of the queue, as "A|B|"; they are not deleted. */
static inline const char *fake_messages(struct test *t)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(65536);

    for (bool more = true; more;) {
        struct fake_call call = {0};
        struct queue_receive receive = {.queue_name = BYTES("failed"),
                                        .maximum = 10,
                                        .visibility_s = 3600,
                                        .wait_s = 0,
                                        .arena = t->h->arena,
                                        .done = fake_received,
                                        .context = &call};

        queues_receive(t->queues, &receive);
        HARNESS_UNTIL(t->h, call.done);
        assert_int_equal(call.status, OK);
        for (size_t i = 0; i < receive.count; i++)
            buffer_printf(&out, "%.*s|", BYTES_ARG(receive.messages[i].message.body));
        more = receive.count > 0;
    }
    return arena_copy_text(t->h->arena, buffer_bytes(&out));
}

#endif
