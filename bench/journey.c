/* bench/journey.c - what hops cost, with as many journeys in memory as are kept.
 *
 *   journey [seconds]
 *
 * Prints a JSON object a line: nanoseconds of processor time that the journeys take for
 *   append    a write that nobody reads
 *   trigger   a change record, its event on the bus, a rule and its queue
 *   event     an event of a client, a rule and its queue
 *   function  the same with an asynchronous invocation of one attempt in the place of the queue */
#include "bench.h"

#include "base/clock.h"
#include "base/id.h"
#include "journey/journey.h"

struct bench {
    struct journeys *journeys;
    uint64_t position;
    bool by_trigger, by_function;
};

#define RULE_ARN "arn:aws:events:us-east-1:000000000000:rule/log/a-rule"

static void append(struct bench *bench)
{
    char key[64];
    int size =
        snprintf(key, sizeof key, "users#%08llu#stream", (unsigned long long)++bench->position);

    journey_appended(bench->journeys, bytes_of(key, (size_t)size), bench->position, 1785000000000);
}

static void read_record(struct bench *bench)
{
    char key[64];

    snprintf(key, sizeof key, "users#%08llu#stream", (unsigned long long)++bench->position);
    journey_read(bench->journeys, &(struct journey_record){
                                      .position = bench->position,
                                      .time_ms = 1785000000000,
                                      .table = BYTES("local-dynamodb-logs"),
                                      .pk = bytes_of_text(key),
                                      .sk = BYTES("1"),
                                      .change = BYTES("INSERT"),
                                      .stream = (uint64_t)2 << 32,
                                  });
}

static void invoke(struct bench *bench, const struct journey_delivery *delivery)
{
    const struct journey_end done = {.result = JOURNEY_DONE};
    char id[ID_UUID_SIZE], header[JOURNEY_TRACE_HEADER_SIZE];

    id_uuid(id);
    journey_invocation(bench->journeys, &(struct journey_invocation){
                                            .request_id = bytes_of_text(id),
                                            .function_name = BYTES("users-node-local-eventHandler"),
                                            .delivery = delivery});
    journey_delivery(bench->journeys, delivery, &done);
    journey_attempt_begins(bench->journeys, id, BYTES("users-node-local-eventHandler"), header);
    journey_attempt_ends(bench->journeys, id, &done);
    journey_invocation_ends(bench->journeys, id, &done);
}

static void event(struct bench *bench)
{
    char id[ID_UUID_SIZE];

    id_uuid(id);
    const struct journey_delivery delivery = {.cause_id = bytes_of_text(id),
                                              .source_arn = BYTES(RULE_ARN),
                                              .target_id = BYTES("a-rule-target"),
                                              .target_arn =
                                                  BYTES("arn:aws:sqs:us-east-1:000000000000:q")};

    if (bench->by_trigger)
        read_record(bench);
    journey_event(bench->journeys,
                  &(struct journey_event){.event_id = bytes_of_text(id),
                                          .bus_name = BYTES("dynamodb-log"),
                                          .source = BYTES("dynamodb-log"),
                                          .detail_type = BYTES("stream changes"),
                                          .detail = BYTES("{\"key\":{\"pk\":\"a\"}}"),
                                          .position = bench->by_trigger ? bench->position : 0});
    if (bench->by_function)
        invoke(bench, &delivery);
    else
        journey_delivery(bench->journeys, &delivery, &(struct journey_end){.result = JOURNEY_DONE});
}

static void measure(const char *kind, void (*run)(struct bench *bench), bool by_trigger,
                    bool by_function, double seconds)
{
    struct clock *clock = clock_new_real();
    struct bench bench = {.journeys = journeys_new(&(struct journeys_options){.clock = clock}),
                          .by_trigger = by_trigger,
                          .by_function = by_function};
    struct journeys_figures figures;
    uint64_t count = 0;
    double used = 0;

    for (size_t i = 0; i < 2 * JOURNEYS_COUNT_MAX; i++)
        run(&bench);
    double before = bench_cpu_us();

    while ((used = bench_cpu_us() - before) < seconds * 1e6)
        for (size_t i = 0; i < 1000; i++, count++)
            run(&bench);
    journeys_figures(bench.journeys, &figures);
    printf("{\"kind\":\"%s\",\"ns\":%.0f,\"journeys\":%zu,\"hops\":%zu,\"bytes\":%zu}\n", kind,
           used * 1000 / (double)count, figures.count, figures.hops, figures.size);
    journeys_free(bench.journeys);
    clock_free(clock);
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 1;

    measure("append", append, false, false, seconds);
    measure("trigger", event, true, false, seconds);
    measure("event", event, false, false, seconds);
    measure("function", event, false, true, seconds);
    return 0;
}
