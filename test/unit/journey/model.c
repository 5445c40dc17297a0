/* journey/journeys.c and what it bounds: random hops, and after each that nothing passes a limit
 * (journeys_check()), that everything asked for can be read, and that all of it goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "journey/internal.h"

#include <stdio.h>
#include <stdlib.h>

#define STEPS 20000
#define KNOWN 64 /* ids that hops are of: some are forgotten by then, and some never were */

static uint64_t state;

static uint64_t draw(uint64_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % below;
}

struct world {
    struct clock *clock;
    struct journeys *journeys;
    uint64_t position;
    char ids[KNOWN][ID_UUID_SIZE];
    char headers[KNOWN][JOURNEY_TRACE_HEADER_SIZE];
    uint64_t spans; /* told to who exports */
};

static struct bytes name_of(char room[32], const char *what, uint64_t number)
{
    snprintf(room, 32, "%s-%u", what, (unsigned)number);
    return bytes_of_text(room);
}

static struct bytes long_text(size_t size)
{
    static uint8_t text[4 * JOURNEY_TEXT_SIZE_MAX];

    memset(text, 'x', sizeof text);
    return bytes_of(text, size);
}

static void read_one(struct world *world)
{
    char pk[32], sk[32];

    world->position += 1 + draw(3);
    journey_read(world->journeys,
                 &(struct journey_record){
                     .position = world->position,
                     .time_ms = clock_now_ms(world->clock),
                     .table = BYTES("t"),
                     .pk = draw(20) == 0 ? long_text(2000) : name_of(pk, "p", draw(50)),
                     .sk = name_of(sk, "s", draw(50)),
                     .change = BYTES("INSERT"),
                 });
}

static void pass_over(struct world *world)
{
    char mapping[32];

    journey_filtered(world->journeys, world->position > 5 ? world->position - draw(5) : 1,
                     name_of(mapping, "m", draw(3)), BYTES("f"));
}

static void hand_over(struct world *world)
{
    uint64_t positions[200];
    size_t count = 1 + draw(draw(10) == 0 ? 200 : 5), at = draw(KNOWN);
    char mapping[32];
    struct journey_batch batch = {.mapping = name_of(mapping, "m", draw(3)),
                                  .consumer = BYTES("f"),
                                  .positions = positions,
                                  .stride = sizeof *positions,
                                  .count = count};

    for (size_t i = 0; i < count; i++)
        positions[i] = world->position > count ? world->position - count + i : i + 1;
    id_uuid(world->ids[at]);
    journey_batch_begins(world->journeys, &batch, world->ids[at], world->headers[at]);
    if (draw(4) > 0)
        journey_batch_attempt(
            world->journeys, world->ids[at],
            &(struct journey_end){.result = draw(2) ? JOURNEY_DONE : JOURNEY_FAILED,
                                  .payload = BYTES("{\"errorType\":\"E\"}")});
    if (draw(4) > 0)
        journey_batch_ends(
            world->journeys, &batch,
            &(struct journey_end){.result = (enum journey_result)draw(JOURNEY_RESULT_COUNT)});
}

static void put_event(struct world *world)
{
    size_t at = draw(KNOWN), header = draw(KNOWN);

    if (draw(8) > 0)
        id_uuid(world->ids[at]);
    journey_event(world->journeys,
                  &(struct journey_event){
                      .event_id = bytes_of_text(world->ids[at]),
                      .bus_name = BYTES("default"),
                      .source = draw(30) == 0 ? long_text(3000) : BYTES("s"),
                      .detail_type = BYTES("d"),
                      .detail = BYTES("{\"key\":{\"pk\":\"p-1\",\"sk\":\"s-1\"}}"),
                      .trace_header = draw(2) ? bytes_of_text(world->headers[header]) : BYTES(""),
                      .position = draw(3) == 0 ? world->position : 0,
                  });
    if (draw(3) == 0)
        journey_archived(world->journeys, bytes_of_text(world->ids[at]), BYTES("archive"));
}

static struct journey_delivery a_delivery(struct world *world, char rule[32], char target[32])
{
    return (struct journey_delivery){.cause_id = bytes_of_text(world->ids[draw(KNOWN)]),
                                     .source_arn = name_of(rule, "r", draw(3)),
                                     .target_id = name_of(target, "t", draw(3)),
                                     .target_arn = BYTES("arn:aws:sqs:us-east-1:0:q"),
                                     .dead_letter_arn = BYTES("arn:aws:sqs:us-east-1:0:dead")};
}

static void deliver(struct world *world)
{
    char rule[32], target[32];
    struct journey_delivery delivery = a_delivery(world, rule, target);

    if (draw(3) == 0)
        journey_call_begins(world->journeys, &delivery);
    journey_delivery(
        world->journeys, &delivery,
        &(struct journey_end){.result = (enum journey_result)draw(JOURNEY_RESULT_COUNT),
                              .code = BYTES("TIMEOUT"),
                              .message = long_text(draw(2000)),
                              .attempt = (uint32_t)draw(4)});
}

static void invoke(struct world *world)
{
    char rule[32], target[32];
    struct journey_delivery delivery = a_delivery(world, rule, target);
    size_t at = draw(KNOWN);

    if (draw(2))
        id_uuid(world->ids[at]);
    if (draw(2))
        journey_invocation(world->journeys, &(struct journey_invocation){
                                                .request_id = bytes_of_text(world->ids[at]),
                                                .function_name = BYTES("g"),
                                                .delivery = draw(2) ? &delivery : NULL,
                                            });
    journey_attempt_begins(world->journeys, world->ids[at], BYTES("g"), world->headers[at]);
    journey_attempt_ends(
        world->journeys, world->ids[at],
        &(struct journey_end){.result = JOURNEY_FAILED, .payload = BYTES("nonsense")});
    if (draw(2))
        journey_invocation_ends(world->journeys, world->ids[at],
                                &(struct journey_end){.result = JOURNEY_DONE});
    journey_wrote(
        world->journeys, bytes_of_text(world->headers[draw(KNOWN)]),
        &(struct journey_record){.table = BYTES("core"), .pk = BYTES("a"), .position = 1});
}

static void ask(struct world *world)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT((size_t)64 * 1024 * 1024);
    AUTO(arena_release) struct arena *arena = arena_new();
    struct journey_query query = {.limit = 1 + draw(20), .failed = draw(2)};
    const struct json *read = NULL;

    query.has_name = draw(2) && journey_name_parse(draw(2) ? BYTES("p-1/s-1")
                                                           : bytes_of_text(world->ids[draw(KNOWN)]),
                                                   &query.name) == OK;
    buffer_append_byte(&out, '[');
    size_t count = journeys_print(world->journeys, &query, false, &out);

    buffer_append_byte(&out, ']');
    assert_false(buffer_failed(&out));
    assert_int_equal(json_parse(arena, buffer_bytes(&out), &read, NULL), OK);
    assert_int_equal(json_count(read), count);
}

static void on_span(void *context, const struct journey_span *span)
{
    struct world *world = context;
    AUTO(buffer_free) struct buffer out = BUFFER_INIT((size_t)1024 * 1024);
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct json *read = NULL;

    world->spans++;
    journey_span_print(span, &out);
    assert_int_equal(json_parse(arena, buffer_bytes(&out), &read, NULL), OK);
    assert_int_equal(json_get_string(read, "traceId").size, 32);
    assert_int_equal(json_get_string(read, "spanId").size, 16);
    assert_true(json_get_string(read, "name").size > 0);
}

static void test_bounds(void **unused)
{
    static void (*const steps[])(struct world * world) = {read_one,  read_one, pass_over, hand_over,
                                                          put_event, deliver,  invoke};
    struct world world = {.clock = clock_new_manual(1785000000000)};
    const char *seed = getenv("TEST_SEED");

    (void)unused;
    state = seed != NULL ? strtoull(seed, NULL, 10) : clock_monotonic_ns() | 1;
    printf("TEST_SEED=%llu\n", (unsigned long long)state);
    for (size_t round = 0; round < 4; round++) {
        world.journeys = journeys_new(&(struct journeys_options){.clock = world.clock,
                                                                 .size_max = (size_t)40000 << round,
                                                                 .count_max = (size_t)10 << round});
        world.position = 0;
        journeys_export(world.journeys, on_span, &world);
        for (size_t i = 0; i < KNOWN; i++) {
            id_uuid(world.ids[i]);
            world.headers[i][0] = '\0';
        }
        for (size_t i = 0; i < STEPS / 4; i++) {
            clock_advance(world.clock, draw(3));
            steps[draw(ARRAY_COUNT(steps))](&world);
            if (i % 16 == 0)
                journeys_check(world.journeys);
            if (draw(200) == 0)
                ask(&world);
        }
        journeys_check(world.journeys);
        journeys_free(world.journeys);
    }
    assert_true(world.spans > 1000);
    clock_free(world.clock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
