/* journey/otlp.c: each span has the shape of OTLP's JSON, its ids, its times, and the words of the
 * semantic conventions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "journey/internal.h"

#define NOW_MS 1785000000000
#define ID_A "aaaaaaaa-0000-4000-8000-000000000001"
#define ID_B "aaaaaaaa-0000-4000-8000-000000000002"
#define SPANS_MAX 32

struct spans {
    struct arena *arena;
    const struct json *list[SPANS_MAX];
    size_t count;
};

static void keep(void *context, const struct journey_span *span)
{
    struct spans *spans = context;
    AUTO(buffer_free) struct buffer out = BUFFER_INIT((size_t)1024 * 1024);

    journey_span_print(span, &out);
    assert_true(spans->count < SPANS_MAX);
    assert_int_equal(json_parse(spans->arena, arena_copy(spans->arena, buffer_bytes(&out)),
                                &spans->list[spans->count++], NULL),
                     OK);
}

static struct bytes attribute(const struct json *span, const char *key)
{
    for (struct json_iter it = json_iter(json_get(span, "attributes")); json_next(&it);) {
        const struct json *value = json_get(it.value, "value");

        if (!bytes_equal_text(json_get_string(it.value, "key"), key))
            continue;
        return json_get(value, "intValue") != NULL ? json_get_string(value, "intValue")
                                                   : json_get_string(value, "stringValue");
    }
    return (struct bytes){NULL, 0};
}

static const struct json *span_of(const struct spans *spans, const char *hop)
{
    for (size_t i = 0; i < spans->count; i++)
        if (bytes_equal_text(attribute(spans->list[i], "dynlog.hop"), hop))
            return spans->list[i];
    return NULL;
}

static void expect(const struct json *span, const char *key, const char *wanted)
{
    struct bytes got = attribute(span, key);

    assert_non_null(span);
    assert_int_equal(got.size, strlen(wanted));
    assert_memory_equal(got.ptr, wanted, got.size);
}

static bool is_hex(struct bytes text, size_t digits)
{
    bool hex = text.size == digits;

    for (size_t i = 0; hex && i < digits; i++)
        hex = (text.ptr[i] >= '0' && text.ptr[i] <= '9') ||
              (text.ptr[i] >= 'a' && text.ptr[i] <= 'f');
    return hex;
}

/* What every Span must have: trace.proto, in the JSON encoding of OTLP. */
static void check_shape(const struct json *span)
{
    uint64_t begin = 0, end = 0, kind = json_get_uint(span, "kind", 0);

    assert_true(is_hex(json_get_string(span, "traceId"), 32));
    assert_true(is_hex(json_get_string(span, "spanId"), 16));
    if (json_get(span, "parentSpanId") != NULL)
        assert_true(is_hex(json_get_string(span, "parentSpanId"), 16));
    assert_true(json_get_string(span, "name").size > 0);
    assert_true(kind >= 1 && kind <= 5);
    assert_true(bytes_to_uint64(json_get_string(span, "startTimeUnixNano"), &begin));
    assert_true(bytes_to_uint64(json_get_string(span, "endTimeUnixNano"), &end));
    assert_true(begin >= (uint64_t)NOW_MS * 1000000 && end >= begin);
    assert_true(json_is(json_get(span, "attributes"), JSON_ARRAY));
    assert_true(json_get_uint(json_get(span, "status"), "code", 9) <= 2);
}

static void act(struct journeys *journeys, struct clock *clock,
                char header[JOURNEY_TRACE_HEADER_SIZE])
{
    const uint64_t positions[] = {4, 5};
    struct journey_batch batch = {.mapping = BYTES("m"),
                                  .consumer = BYTES("trigger"),
                                  .positions = positions,
                                  .stride = sizeof *positions,
                                  .count = 2};

    for (size_t i = 0; i < 2; i++)
        journey_read(journeys, &(struct journey_record){.position = positions[i],
                                                        .time_ms = NOW_MS,
                                                        .table = BYTES("logs"),
                                                        .pk = i == 0 ? BYTES("a") : BYTES("b"),
                                                        .change = BYTES("INSERT")});
    clock_advance(clock, 10);
    journey_batch_begins(journeys, &batch, ID_A, header);
    journey_event(journeys, &(struct journey_event){.event_id = BYTES(ID_B),
                                                    .bus_name = BYTES("orders"),
                                                    .source = BYTES("s"),
                                                    .detail_type = BYTES("d"),
                                                    .detail = BYTES("{\"pk\":\"a\"}"),
                                                    .trace_header = bytes_of_text(header)});
    clock_advance(clock, 5);
    journey_batch_attempt(journeys, ID_A,
                          &(struct journey_end){.result = JOURNEY_FAILED,
                                                .duration_us = 5000,
                                                .payload = BYTES("{\"errorType\":\"TypeError\","
                                                                 "\"errorMessage\":\"no\"}")});
    journey_batch_ends(journeys, &batch, &(struct journey_end){.result = JOURNEY_DROPPED});
}

static void test_spans(void **unused)
{
    struct clock *clock = clock_new_manual(NOW_MS);
    struct journeys *journeys = journeys_new(&(struct journeys_options){.clock = clock});
    struct spans spans = {.arena = arena_new()};
    char header[JOURNEY_TRACE_HEADER_SIZE];

    (void)unused;
    journeys_export(journeys, keep, &spans);
    act(journeys, clock, header);
    assert_int_equal(spans.count, 5); /* two appends, the event, the attempt, the batch */
    for (size_t i = 0; i < spans.count; i++) {
        check_shape(spans.list[i]);
        assert_true(bytes_equal(json_get_string(spans.list[i], "traceId"),
                                json_get_string(spans.list[0], "traceId")));
    }

    const struct json *append = span_of(&spans, "append"), *batch = span_of(&spans, "batch");
    const struct json *attempt = span_of(&spans, "attempt"), *event = span_of(&spans, "event");

    expect(append, "db.system.name", "aws.dynamodb");
    expect(append, "db.collection.name", "logs");
    expect(batch, "messaging.operation.type", "process");
    expect(batch, "messaging.batch.message_count", "2");
    expect(attempt, "faas.invoked_name", "trigger");
    expect(attempt, "faas.invocation_id", ID_A);
    expect(attempt, "faas.trigger", "datasource");
    expect(attempt, "error.type", "TypeError");
    expect(event, "messaging.system", "aws_eventbridge");
    expect(event, "messaging.destination.name", "orders");
    expect(event, "messaging.message.id", ID_B);
    assert_int_equal(json_get_uint(json_get(attempt, "status"), "code", 0), 2);
    assert_true(bytes_equal_text(json_get_string(json_get(attempt, "status"), "message"), "no"));
    assert_int_equal(json_count(json_get(batch, "links")), 2);
    assert_true(
        bytes_equal(json_get_string(batch, "parentSpanId"), json_get_string(append, "spanId")));
    assert_true(
        bytes_equal(json_get_string(attempt, "parentSpanId"), json_get_string(batch, "spanId")));
    assert_true(
        bytes_equal(json_get_string(event, "parentSpanId"), json_get_string(attempt, "spanId")));
    /* What the handler sees: Root=1-TTTTTTTT-TTTT...;Parent=SPAN */
    assert_memory_equal(header + 7, json_get_string(append, "traceId").ptr, 8);
    assert_memory_equal(header + 16, json_get_string(append, "traceId").ptr + 8, 24);
    assert_memory_equal(header + 48, json_get_string(attempt, "spanId").ptr, 16);

    journeys_free(journeys);
    clock_free(clock);
    arena_free(spans.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spans),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
