/* bench/pattern.c - how many events a second the matcher matches, and how that depends on the
 * rules.
 *
 *   pattern [seconds of each line]
 *
 * Rules as people write them: one source, one detail type, and something of the detail. Prints one
 * JSON object a line. */
#include "base/clock.h"
#include "pattern/pattern.h"

#include <stdio.h>
#include <stdlib.h>

#define EVENTS 64

static const struct {
    const char *name, *pattern; /* %zu: the rule's number */
} kinds[] = {
    {"exact", "{\"source\":[\"dynamodb-log\"],\"detail-type\":[\"stream changes\"],"
              "\"detail\":{\"log\":[\"users\"],\"type\":[\"type-%zu\"]}}"},
    {"prefix", "{\"source\":[\"dynamodb-log\"],\"detail\":{\"key\":{\"pk\":[{\"prefix\":"
               "\"users#%zu#\"}]}}}"},
    {"numeric", "{\"source\":[\"dynamodb-log\"],\"detail\":{\"payload\":{\"amount\":[{\"numeric\":"
                "[\">\",%zu,\"<\",1000000]}]}}}"},
};

static void count(void *context, void *rule)
{
    size_t *matches = context;

    (void)rule;
    ++*matches;
}

static void fill(struct matcher *matcher, const char *pattern, size_t rules)
{
    AUTO(arena_release) struct arena *arena = arena_new();

    for (size_t i = 0; i < rules; i++) {
        const char *mark = strstr(pattern, "%zu");
        struct bytes text =
            arena_printf(arena, "%.*s%zu%s", (int)(mark - pattern), pattern, i, mark + 3);
        struct api_error error;

        if (matcher_add(matcher, (void *)(uintptr_t)(i + 1), text, &error) != OK) {
            fprintf(stderr, "%s\n", error.message);
            exit(1);
        }
    }
}

static void make_events(struct arena *arena, size_t rules, const struct json *events[EVENTS])
{
    for (size_t i = 0; i < EVENTS; i++) {
        size_t number = i * 7919 % (rules + 1); /* one in a few matches nothing */
        struct bytes text = arena_printf(
            arena,
            "{\"version\":\"0\",\"id\":\"5c7a0c1e-6f6e-4b4e-8d1c-2f6a0a7d0c11\","
            "\"detail-type\":\"stream changes\",\"source\":\"dynamodb-log\",\"account\":"
            "\"000000000000\",\"time\":\"2026-01-31T23:59:59.123Z\",\"region\":\"us-east-1\","
            "\"resources\":[],\"detail\":{\"log\":\"users\",\"key\":{\"pk\":\"users#%zu#stream\","
            "\"sk\":1},\"type\":\"type-%zu\",\"payload\":{\"id\":\"%zu\",\"name\":\"test\","
            "\"email\":\"test@example.com\",\"amount\":0.5}}}",
            number, number, number);

        if (json_parse(arena, text, &events[i], NULL) != OK)
            abort();
    }
}

static void measure(const char *name, const char *pattern, size_t rules, double seconds)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct matcher *matcher = matcher_new();
    const struct json *events[EVENTS];
    uint64_t begun_ns = 0, ended_ns = 0;
    size_t matched = 0, done = 0;

    fill(matcher, pattern, rules);
    make_events(arena, rules, events);
    begun_ns = clock_monotonic_ns();
    do {
        for (size_t i = 0; i < EVENTS; i++)
            matcher_match(matcher, events[i], count, &matched);
        done += EVENTS;
        ended_ns = clock_monotonic_ns();
    } while ((double)(ended_ns - begun_ns) < seconds * 1e9);
    printf("{\"rules\":%zu,\"kind\":\"%s\",\"events_per_s\":%.0f,\"ns_per_event\":%.0f,"
           "\"matches_per_event\":%.2f}\n",
           rules, name, (double)done * 1e9 / (double)(ended_ns - begun_ns),
           (double)(ended_ns - begun_ns) / (double)done, (double)matched / (double)done);
    matcher_free(matcher);
}

int main(int argc, char **argv)
{
    static const size_t rules[] = {1, 10, 100, 1000, 10000};
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 0.5;

    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++)
        for (size_t j = 0; j < ARRAY_COUNT(rules); j++)
            measure(kinds[i].name, kinds[i].pattern, rules[j], seconds);
    return 0;
}
