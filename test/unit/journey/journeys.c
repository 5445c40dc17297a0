/* journey/journeys.c, batch.c, event.c, invocation.c: how hops are linked, and what is kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "journey/internal.h"

#include <stdio.h>

#define NOW_MS 1785000000000

struct world {
    struct clock *clock;
    struct journeys *journeys;
    struct arena *arena;
};

static int set_up(void **state)
{
    struct world *world = mem_new(sizeof *world);

    world->clock = clock_new_manual(NOW_MS);
    world->journeys = journeys_new(&(struct journeys_options){.clock = world->clock});
    world->arena = arena_new();
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    journeys_check(world->journeys);
    journeys_free(world->journeys);
    clock_free(world->clock);
    arena_free(world->arena);
    mem_free(world);
    return 0;
}

/* ---- asking ---- */

static const struct json *ask(struct world *world, const char *name)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT((size_t)16 * 1024 * 1024);
    struct journey_query query = {.has_name = true, .limit = 100};
    const struct json *read = NULL;

    assert_int_equal(journey_name_parse(bytes_of_text(name), &query.name), OK);
    buffer_append_byte(&out, '[');
    journeys_print(world->journeys, &query, false, &out);
    buffer_append_byte(&out, ']');
    assert_int_equal(
        json_parse(world->arena, arena_copy(world->arena, buffer_bytes(&out)), &read, NULL), OK);
    return read;
}

/* "append(batch(attempt:failed))": the tree in short. */
static void tree(struct buffer *out, const struct json *hops)
{
    for (struct json_iter it = json_iter(hops); json_next(&it);) {
        struct bytes result = json_get_string(it.value, "result");

        if (it.index > 0)
            buffer_append_byte(out, ' ');
        buffer_append(out, json_get_string(it.value, "hop"));
        if (!bytes_equal_text(result, "done"))
            buffer_printf(out, ":%.*s", BYTES_ARG(result));
        if (json_get(it.value, "hops") == NULL)
            continue;
        buffer_append_byte(out, '(');
        tree(out, json_get(it.value, "hops"));
        buffer_append_byte(out, ')');
    }
}

static void expect(struct world *world, const char *name, const char *wanted)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT((size_t)1024 * 1024);
    const struct json *journeys = ask(world, name);

    assert_int_equal(json_count(journeys), 1);
    tree(&out, json_get(json_at(journeys, 0), "hops"));
    buffer_append_byte(&out, '\0');
    assert_string_equal((const char *)out.ptr, wanted);
}

/* ---- hops ---- */

static void read_record(struct world *world, uint64_t position, const char *pk, const char *sk)
{
    journey_read(world->journeys, &(struct journey_record){.position = position,
                                                           .time_ms = NOW_MS,
                                                           .table = BYTES("logs"),
                                                           .pk = bytes_of_text(pk),
                                                           .sk = bytes_of_text(sk),
                                                           .change = BYTES("INSERT")});
}

static struct journey_batch batch_of(const uint64_t *positions, size_t count)
{
    return (struct journey_batch){.mapping = BYTES("m"),
                                  .consumer = BYTES("f"),
                                  .positions = positions,
                                  .stride = sizeof *positions,
                                  .count = count};
}

static void put(struct world *world, const char *id, const char *header, const char *detail,
                uint64_t position)
{
    journey_event(world->journeys, &(struct journey_event){.event_id = bytes_of_text(id),
                                                           .bus_name = BYTES("default"),
                                                           .detail = bytes_of_text(detail),
                                                           .trace_header = bytes_of_text(header),
                                                           .position = position});
}

#define ID_A "aaaaaaaa-0000-4000-8000-000000000001"
#define ID_B "aaaaaaaa-0000-4000-8000-000000000002"
#define ID_C "aaaaaaaa-0000-4000-8000-000000000003"
#define ID_D "aaaaaaaa-0000-4000-8000-000000000004"

/* ---- tests ---- */

static void test_the_built_in_trigger(void **state)
{
    struct world *world = *state;

    read_record(world, 7, "users#1#stream", "1");
    read_record(world, 7, "users#1#stream", "1"); /* read twice is one */
    put(world, ID_A, "", "{}", 7);
    journey_archived(world->journeys, BYTES(ID_A), BYTES("all"));
    expect(world, "users#1#stream/1", "append(event(archive))");
    expect(world, ID_A, "append(event(archive))");
    expect(world, "00000001000000000000000000000007", "append(event(archive))");
}

/* Whose key, or eventID, is in the detail; else of all. */
static void test_records_of_a_batch(void **state)
{
    struct world *world = *state;
    const uint64_t positions[] = {1, 3, 5};
    struct journey_batch batch = batch_of(positions, 3);
    char header[JOURNEY_TRACE_HEADER_SIZE];

    read_record(world, 1, "a", "1");
    read_record(world, 3, "b", "2");
    read_record(world, 5, "c", "");
    journey_batch_begins(world->journeys, &batch, ID_A, header);
    put(world, ID_B, header, "{\"key\":{\"sk\":2,\"pk\":\"b\"}}", 0);
    put(world, ID_C, header, "{\"dynamodb\":{\"Keys\":{\"pk\":{\"S\":\"c\"}}}}", 0);
    put(world, ID_D, header, "{\"eventID\":\"00000001000000000000000000000001\"}", 0);
    put(world, "aaaaaaaa-0000-4000-8000-000000000005", header, "{\"who\":\"knows\"}", 0);
    journey_batch_attempt(world->journeys, ID_A, &(struct journey_end){.result = JOURNEY_DONE});
    journey_batch_ends(world->journeys, &batch, &(struct journey_end){.result = JOURNEY_DONE});
    expect(world, ID_B, "append(batch(attempt(event event)))");
    expect(world, "b/2", "append(batch(attempt(event event)))");
    assert_int_equal(json_count(ask(world, ID_A)), 3);
    assert_int_equal(json_count(ask(world, "aaaaaaaa-0000-4000-8000-000000000005")), 3);
    const struct json *one = json_at(ask(world, ID_C), 0);

    assert_true(bytes_equal_text(json_get_string(one, "event"), "c"));
}

/* From an SDK that knows no traces: the record tells, while its batch is with the function. */
static void test_events_without_a_trace(void **state)
{
    struct world *world = *state;
    const uint64_t positions[] = {1, 3};
    struct journey_batch batch = batch_of(positions, 2);
    char header[JOURNEY_TRACE_HEADER_SIZE];

    read_record(world, 1, "a", "1");
    read_record(world, 3, "b", "2");
    put(world, ID_B, "", "{\"key\":{\"pk\":\"a\",\"sk\":1}}", 0);
    journey_batch_begins(world->journeys, &batch, ID_A, header);
    put(world, ID_C, "", "{\"key\":{\"pk\":\"a\",\"sk\":1}}", 0);
    journey_batch_attempt(world->journeys, ID_A, &(struct journey_end){.result = JOURNEY_DONE});
    put(world, ID_D, "", "{\"key\":{\"pk\":\"a\",\"sk\":1}}", 0);
    expect(world, ID_B, "event");
    expect(world, ID_C, "append(batch:running(attempt(event)))");
    expect(world, "b/2", "append(batch:running(attempt()))"); /* the event is another record's */
    expect(world, ID_D, "event");
}

/* A mapping passes a record over; another takes it, and is throttled first: that does not count. */
static void test_filtered_and_throttled(void **state)
{
    struct world *world = *state;
    uint64_t position = 7;
    struct journey_batch batch = batch_of(&position, 1);
    char id[ID_UUID_SIZE], header[JOURNEY_TRACE_HEADER_SIZE];

    journey_filtered(world->journeys, 7, BYTES("other"), BYTES("g")); /* of nothing that is known */
    read_record(world, 7, "a", "1");
    journey_filtered(world->journeys, 7, BYTES("other"), BYTES("g"));
    journey_filtered(world->journeys, 7, BYTES("other"), BYTES("g")); /* read again */
    for (int i = 0; i < 2; i++) {
        id_uuid(id);
        journey_batch_begins(world->journeys, &batch, id, header);
        journey_batch_attempt(
            world->journeys, id,
            &(struct journey_end){.result = i == 0 ? JOURNEY_THROTTLED : JOURNEY_DONE});
    }
    journey_batch_ends(world->journeys, &batch, &(struct journey_end){.result = JOURNEY_DONE});
    expect(world, "a/1", "append(filter:filtered batch(attempt:throttled attempt))");
    const struct json *append = json_at(json_get(json_at(ask(world, "a/1"), 0), "hops"), 0);
    const struct json *hop = json_at(json_get(append, "hops"), 1);

    assert_int_equal(json_get_uint(hop, "attempts", 0), 1);
    assert_int_equal(json_get_uint(json_at(json_get(hop, "hops"), 1), "attempt", 0), 1);
}

static void test_attempts_share_a_batch(void **state)
{
    struct world *world = *state;
    const uint64_t positions[] = {1, 2};
    struct journey_batch whole = batch_of(positions, 2), half = batch_of(positions, 1);
    char header[JOURNEY_TRACE_HEADER_SIZE], again[JOURNEY_TRACE_HEADER_SIZE];
    const struct journey_end failed = {
        .result = JOURNEY_FAILED, .payload = BYTES("{\"errorType\":\"E\",\"errorMessage\":\"m\"}")};

    read_record(world, 1, "a", "");
    read_record(world, 2, "b", "");
    journey_batch_begins(world->journeys, &whole, ID_A, header);
    journey_batch_attempt(world->journeys, ID_A, &failed);
    journey_batch_ends(world->journeys, &whole, &(struct journey_end){.result = JOURNEY_SPLIT});
    journey_batch_begins(world->journeys, &half, ID_B, header);
    journey_batch_attempt(world->journeys, ID_B, &failed);
    journey_batch_ends(world->journeys, &half, &(struct journey_end){.result = JOURNEY_RETRYING});
    journey_batch_begins(world->journeys, &half, ID_C, again);
    journey_batch_attempt(world->journeys, ID_C, &(struct journey_end){.result = JOURNEY_DONE});
    journey_batch_ends(world->journeys, &half, &(struct journey_end){.result = JOURNEY_DONE});
    expect(world, "a", "append(batch:split(attempt:failed) batch(attempt:failed attempt))");
    expect(world, "b", "append(batch:split(attempt:failed))");
    assert_memory_equal(header, again, strlen("Root=1-12345678-123456789012345678901234"));
    assert_string_not_equal(header, again);
}

static void test_a_delivery(void **state)
{
    struct world *world = *state;
    const struct journey_delivery delivery = {.cause_id = BYTES(ID_A),
                                              .source_arn = BYTES("arn:rule"),
                                              .target_id = BYTES("t"),
                                              .target_arn = BYTES("arn:target"),
                                              .dead_letter_arn = BYTES("arn:dead")};
    struct journey_end end = {.result = JOURNEY_WAITING};

    put(world, ID_A, "", "{}", 0);
    journey_delivery(world->journeys, &delivery, &end);
    journey_call_begins(world->journeys, &delivery);
    expect(world, ID_A, "event(rule(delivery:running(attempt:running)))");
    end = (struct journey_end){.result = JOURNEY_RETRYING, .attempt = 1, .code = BYTES("TIMEOUT")};
    journey_delivery(world->journeys, &delivery, &end);
    journey_call_begins(world->journeys, &delivery);
    end = (struct journey_end){.result = JOURNEY_LETTER, .attempt = 2, .code = BYTES("TIMEOUT")};
    journey_delivery(world->journeys, &delivery, &end);
    expect(world, ID_A,
           "event(rule(delivery:dead-letter(attempt:failed attempt:failed dead-letter)))");
}

static void test_an_invocation(void **state)
{
    struct world *world = *state;
    const struct journey_delivery delivery = {.cause_id = BYTES(ID_A),
                                              .source_arn = BYTES("arn:rule"),
                                              .target_id = BYTES("t"),
                                              .target_arn = BYTES("arn:function:f")};
    const struct journey_delivery destination = {.cause_id = BYTES(ID_B),
                                                 .source_arn = BYTES("arn:function:f"),
                                                 .target_id = BYTES("OnFailure"),
                                                 .target_arn = BYTES("arn:aws:sqs:q")};
    char header[JOURNEY_TRACE_HEADER_SIZE];

    put(world, ID_A, "", "{}", 0);
    journey_invocation(world->journeys, &(struct journey_invocation){.request_id = BYTES(ID_B),
                                                                     .function_name = BYTES("f"),
                                                                     .delivery = &delivery});
    journey_delivery(world->journeys, &delivery, &(struct journey_end){.result = JOURNEY_DONE});
    journey_attempt_begins(world->journeys, ID_B, BYTES("f"), header);
    assert_true(journey_is_of_invocation(world->journeys, bytes_of_text(header)));
    journey_wrote(
        world->journeys, bytes_of_text(header),
        &(struct journey_record){.table = BYTES("core"), .pk = BYTES("row"), .position = 9});
    journey_attempt_ends(world->journeys, ID_B, &(struct journey_end){.result = JOURNEY_FAILED});
    journey_invocation_ends(
        world->journeys, ID_B,
        &(struct journey_end){.result = JOURNEY_FAILED, .code = BYTES("RetriesExhausted")});
    journey_delivery(world->journeys, &destination, &(struct journey_end){.result = JOURNEY_DONE});
    expect(world, "row", /* what a handler wrote leads here */
           "event(rule(delivery(invocation:failed(attempt:failed(write) destination))))");
}

/* An event that went to a queue, on its way to a function: handled with another one, failed, alone,
 * and given up. */
static void test_messages(void **state)
{
    struct world *world = *state;
    const char ids[2][ID_UUID_SIZE] = {ID_C, ID_D};
    const char *event_ids[] = {ID_A, ID_B};
    struct journey_batch both = {.mapping = BYTES("m"),
                                 .consumer = BYTES("f"),
                                 .message_ids = ids[0],
                                 .queue_arn = BYTES("arn:q"),
                                 .stride = sizeof ids[0],
                                 .count = 2};
    struct journey_batch one = both;
    char request_id[ID_UUID_SIZE], header[JOURNEY_TRACE_HEADER_SIZE];
    const struct journey_end failed = {.result = JOURNEY_FAILED}, done = {.result = JOURNEY_DONE};

    for (size_t i = 0; i < 2; i++) {
        const struct journey_delivery delivery = {.cause_id = bytes_of_text(event_ids[i]),
                                                  .source_arn = BYTES("arn:rule"),
                                                  .target_id = BYTES("t"),
                                                  .target_arn = BYTES("arn:q")};

        put(world, event_ids[i], "", "{}", 0);
        journey_delivery(world->journeys, &delivery, &done);
        journey_sent(world->journeys, &delivery, ids[i]);
    }
    expect(world, ID_A, "event(rule(delivery))");
    expect(world, ID_C, "event(rule(delivery))"); /* found by its message */
    id_uuid(request_id);
    journey_batch_begins(world->journeys, &both, request_id, header);
    expect(world, ID_B, "event(rule(delivery(message:running(batch:running(attempt:running)))))");
    put(world, "aaaaaaaa-0000-4000-8000-000000000005", header, "{}", 0);
    journey_batch_attempt(world->journeys, request_id, &failed);
    journey_batch_ends(world->journeys, &both, &(struct journey_end){.result = JOURNEY_RETURNED});
    journey_message(world->journeys, ids[0], BYTES("arn:q"), &done);
    journey_message(world->journeys, ids[1], BYTES("arn:q"),
                    &(struct journey_end){.result = JOURNEY_RETRYING, .next_ms = NOW_MS + 30000});
    expect(world, ID_A, "event(rule(delivery(message(batch:returned(attempt:failed(event))))))");
    expect(world, ID_B,
           "event(rule(delivery(message:retrying(batch:returned(attempt:failed(event))))))");
    assert_int_equal(json_count(ask(world, request_id)), 2);
    one.message_ids = ids[1];
    one.count = 1;
    id_uuid(request_id);
    journey_batch_begins(world->journeys, &one, request_id, header);
    journey_batch_attempt(world->journeys, request_id, &failed);
    journey_batch_ends(world->journeys, &one, &(struct journey_end){.result = JOURNEY_RETURNED});
    journey_message(world->journeys, ids[1], BYTES("arn:q"),
                    &(struct journey_end){.result = JOURNEY_LETTER, .message = BYTES("arn:dead")});
    expect(world, ID_B,
           "event(rule(delivery(message:dead-letter(batch:returned(attempt:failed(event)) "
           "batch:returned(attempt:failed)))))");
    journey_message_filtered(world->journeys, ids[1], BYTES("arn:dead"), BYTES("n"), BYTES("g"));
    assert_int_equal(json_count(ask(world, ID_D)), 1);
    journey_message(world->journeys, "aaaaaaaa-0000-4000-8000-000000000009", BYTES("arn:q"), &done);
}

/* A handler that puts an event for its own queue: messages in the batch that came of others. */
static void test_messages_that_cause_each_other(void **state)
{
    struct world *world = *state;
    char ids[3][ID_UUID_SIZE], id[ID_UUID_SIZE], header[JOURNEY_TRACE_HEADER_SIZE] = "";
    struct journey_batch batch = {.mapping = BYTES("m"),
                                  .consumer = BYTES("f"),
                                  .queue_arn = BYTES("arn:q"),
                                  .stride = sizeof ids[0]};

    id_uuid(ids[0]);
    for (size_t i = 0; i < 100; i++) {
        id_uuid(id);
        const struct journey_delivery delivery = {.cause_id = bytes_of_text(id),
                                                  .source_arn = BYTES("arn:rule"),
                                                  .target_id = BYTES("t"),
                                                  .target_arn = BYTES("arn:q")};

        put(world, id, header, "{}", 0);
        journey_delivery(world->journeys, &delivery, &(struct journey_end){.result = JOURNEY_DONE});
        if (i > 0) /* else the first, once more with each that follows */
            id_uuid(ids[1]);
        journey_sent(world->journeys, &delivery, ids[i > 0 ? 1 : 0]);
        batch.message_ids = ids[0];
        batch.count = i > 0 ? 2 : 1;
        id_uuid(id);
        journey_batch_begins(world->journeys, &batch, id, header);
        journey_batch_attempt(world->journeys, id, &(struct journey_end){.result = JOURNEY_FAILED});
        journey_batch_ends(world->journeys, &batch,
                           &(struct journey_end){.result = JOURNEY_RETURNED});
    }
    assert_true(json_count(ask(world, ids[0])) >= 1);
    journeys_check(world->journeys);
}

/* After a restart: what goes on begins a journey of its own. */
static void test_unknown_causes(void **state)
{
    struct world *world = *state;
    const struct journey_delivery delivery = {.cause_id = BYTES(ID_A),
                                              .source_arn = BYTES("arn:rule"),
                                              .target_id = BYTES("t"),
                                              .target_arn = BYTES("arn:target")};
    char header[JOURNEY_TRACE_HEADER_SIZE];

    journey_delivery(world->journeys, &delivery, &(struct journey_end){.result = JOURNEY_DONE});
    expect(world, ID_A, "event(rule(delivery))");
    journey_attempt_begins(world->journeys, ID_B, BYTES("f"), header);
    expect(world, ID_B, "invocation:running(attempt:running)");
    assert_int_equal(json_count(ask(world, ID_C)), 0);
}

static void test_many_attempts(void **state)
{
    struct world *world = *state;
    char header[JOURNEY_TRACE_HEADER_SIZE];
    const struct json *attempts = NULL;

    for (size_t i = 0; i < 1000; i++) {
        journey_attempt_begins(world->journeys, ID_A, BYTES("f"), header);
        journey_attempt_ends(world->journeys, ID_A,
                             &(struct journey_end){.result = JOURNEY_FAILED});
    }
    attempts = json_get(json_at(json_get(json_at(ask(world, ID_A), 0), "hops"), 0), "hops");
    assert_int_equal(json_count(attempts), JOURNEY_ATTEMPTS_MAX);
    assert_int_equal(json_get_uint(json_at(attempts, 0), "attempt", 0), 1);
    assert_int_equal(json_get_uint(json_at(attempts, JOURNEY_ATTEMPTS_MAX - 1), "attempt", 0),
                     1000);
    assert_int_equal(json_get_uint(json_at(ask(world, ID_A), 0), "omitted", 0),
                     1000 - JOURNEY_ATTEMPTS_MAX);
}

/* The count is what it may be, and so is the memory. */
static void test_a_hundred_thousand(void **state)
{
    struct world *world = *state;
    struct journeys_figures figures;
    char pk[32];

    for (uint64_t i = 1; i <= 100000; i++) {
        snprintf(pk, sizeof pk, "users#%u#stream", (unsigned)i);
        read_record(world, i, pk, "1");
        put(world, ID_A, "", "{}", i);
    }
    journeys_figures(world->journeys, &figures);
    assert_int_equal(figures.count, JOURNEYS_COUNT_MAX);
    assert_int_equal(figures.forgotten_total, 100000 - JOURNEYS_COUNT_MAX);
    assert_true(figures.size <= JOURNEYS_SIZE_MAX);
    assert_int_equal(json_count(ask(world, "users#90000#stream/1")), 0);
    assert_int_equal(json_count(ask(world, "users#90001#stream/1")), 1);
}

static void test_appends(void **state)
{
    struct world *world = *state;
    uint64_t position = 0, time_ms = 0;

    assert_false(journey_find_append(world->journeys, BYTES("k"), &position, &time_ms));
    journey_appended(world->journeys, BYTES("k"), 1, 10);
    journey_appended(world->journeys, BYTES("k"), 2, 20);
    assert_true(journey_find_append(world->journeys, BYTES("k"), &position, &time_ms));
    assert_true(position == 2 && time_ms == 20);
    for (uint64_t i = 0; i < JOURNEY_APPENDS_MAX; i++)
        journey_appended(world->journeys, BYTES("other"), 3 + i, 30);
    assert_false(journey_find_append(world->journeys, BYTES("k"), &position, &time_ms));
}

static void test_nobody_asks(void **state)
{
    char header[JOURNEY_TRACE_HEADER_SIZE] = "x";
    const uint64_t position = 1;
    struct journey_batch batch = batch_of(&position, 1);

    (void)state;
    journey_appended(NULL, BYTES("k"), 1, 1);
    journey_read(NULL, &(struct journey_record){.position = 1});
    journey_batch_begins(NULL, &batch, ID_A, header);
    assert_string_equal(header, "");
    journey_filtered(NULL, 1, BYTES("m"), BYTES("f"));
    journey_batch_ends(NULL, &batch, &(struct journey_end){0});
    journey_event(NULL, &(struct journey_event){0});
    journey_delivery(NULL, &(struct journey_delivery){0}, &(struct journey_end){0});
    journey_attempt_begins(NULL, ID_A, BYTES("f"), header);
    assert_string_equal(header, "");
    journeys_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_built_in_trigger, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_records_of_a_batch, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_events_without_a_trace, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_filtered_and_throttled, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_attempts_share_a_batch, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_delivery, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_invocation, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_messages, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_messages_that_cause_each_other, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unknown_causes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many_attempts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_hundred_thousand, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_appends, set_up, tear_down),
        cmocka_unit_test(test_nobody_asks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
