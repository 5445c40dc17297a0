/* bench/pattern.c - how many events a second the matcher matches against hundreds of rules, on one
 * core.
 *
 *   pattern [seconds of each figure] [part of a kind's name]
 *
 * 256 events of some 900 bytes, as they reach a bus; for each kind of rule a matcher that holds the
 * number of rules that is said. Prints one JSON object a line, times in nanoseconds an event:
 *
 *   parse   the event's text becomes a tree (yyjson), which the bus needs in any case
 *   match   the rules of the tree; this is what the matcher costs
 *   both    one after the other, as the bus does it
 *   naive   the same rules asked one after the other, each by a matcher of its own
 *
 * scripts/bench makes docs/performance.md of the lines. */
#include "base/clock.h"
#include "pattern/pattern.h"

#include <stdio.h>
#include <stdlib.h>

#define EVENTS 256
#define NAIVE_PART 8 /* the naive way is measured over that part of the events: it is slow */

/* ---- rules ---- */

/* # stands for the rule's number, ## for the next one. */
static const char exact[] = "{\"source\":[\"shop.orders\"],\"detail-type\":[\"order placed\"],"
                            "\"detail\":{\"customer\":{\"id\":[\"customer-#\"]}}}";
static const char prefix[] = "{\"source\":[\"shop.orders\"],\"detail\":{\"customer\":{\"id\":[{"
                             "\"prefix\":\"customer-#\"}]}}}";
static const char suffix[] = "{\"detail\":{\"invoice\":{\"file\":[{\"suffix\":\"-#.pdf\"}]}}}";
static const char anything_but[] =
    "{\"detail\":{\"customer\":{\"id\":[\"customer-#\"]},\"payment\":{\"state\":[{\"anything-but\":"
    "[\"failed\",\"refused\"]}]}}}";
static const char anything_but_alone[] =
    "{\"detail\":{\"customer\":{\"id\":[{\"anything-but\":\"customer-#\"}]}}}";
static const char ignore_case[] =
    "{\"detail\":{\"address\":{\"city\":[{\"equals-ignore-case\":\"CITY of #\"}]}}}";
static const char numeric[] = "{\"detail\":{\"total\":[{\"numeric\":[\">=\",#,\"<\",##]}]}}";
static const char numeric_open[] = "{\"detail\":{\"total\":[{\"numeric\":[\">\",#]}],"
                                   "\"customer\":{\"id\":[\"customer-#\"]}}}";
static const char wildcard[] =
    "{\"detail\":{\"invoice\":{\"file\":[{\"wildcard\":\"*/customers/#/*.pdf\"}]}}}";
static const char overlapping[] =
    "{\"detail\":{\"invoice\":{\"file\":[{\"wildcard\":\"*invoices*customers*#*pdf\"}]}}}";

static const struct kind {
    const char *name;
    size_t rules;
    const char *patterns[8]; /* taken in turn */
} kinds[] = {
    {"exact", 400, {exact}},
    {"prefix", 400, {prefix}},
    {"suffix", 400, {suffix}},
    {"anything-but", 400, {anything_but}},
    {"equals-ignore-case", 400, {ignore_case}},
    {"numeric", 400, {numeric}},
    {"all of these, mixed",
     400,
     {exact, prefix, suffix, anything_but, ignore_case, numeric, numeric_open}},
    {"wildcard", 100, {wildcard}},
    {"wildcards that overlap", 100, {overlapping}},
    {"anything-but, nothing else", 100, {anything_but_alone}},
    {"all of these, mixed",
     10,
     {exact, prefix, suffix, anything_but, ignore_case, numeric, numeric_open}},
    {"all of these, mixed",
     10000,
     {exact, prefix, suffix, anything_but, ignore_case, numeric, numeric_open}},
};

/* The pattern with its numbers. */
static struct bytes write_pattern(struct arena *arena, const char *pattern, size_t number)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(PATTERN_SIZE_MAX);

    for (const char *at = pattern; *at != '\0'; at++) {
        if (*at != '#') {
            buffer_append_byte(&text, (uint8_t)*at);
        } else if (at[1] == '#') {
            buffer_printf(&text, "%zu", number + 1);
            at++;
        } else {
            buffer_printf(&text, "%zu", number);
        }
    }
    return arena_copy(arena, buffer_bytes(&text));
}

static struct bytes rule_of(const struct kind *kind, struct arena *arena, size_t number)
{
    size_t patterns = 0;

    while (patterns < ARRAY_COUNT(kind->patterns) && kind->patterns[patterns] != NULL)
        patterns++;
    return write_pattern(arena, kind->patterns[number % patterns], number);
}

static void add_rule(struct matcher *matcher, size_t number, struct bytes pattern)
{
    struct api_error error;

    if (matcher_add(matcher, (void *)(uintptr_t)(number + 1), pattern, &error) != OK) {
        fprintf(stderr, "%s\n", error.message);
        exit(1);
    }
}

/* ---- events ---- */

/* Some 900 bytes. Most find a rule: one in five has a number that no rule has. */
static struct bytes write_event(struct arena *arena, size_t number)
{
    return arena_printf(
        arena,
        "{\"version\":\"0\",\"id\":\"5c7a0c1e-6f6e-4b4e-8d1c-2f6a0a7d%04zx\",\"detail-type\":"
        "\"order placed\",\"source\":\"shop.orders\",\"account\":\"000000000000\",\"time\":"
        "\"2026-01-31T23:59:59.123Z\",\"region\":\"us-east-1\",\"resources\":["
        "\"arn:aws:dynamodb:us-east-1:000000000000:table/orders\"],\"detail\":{\"log\":\"orders\","
        "\"version\":%zu,\"customer\":{\"id\":\"customer-%zu\",\"name\":\"Somebody "
        "Else\",\"email\":"
        "\"somebody@example.com\",\"since\":\"2024-02-29\"},\"address\":{\"street\":\"Long Street "
        "12\",\"city\":\"City of %zu\",\"zip\":\"12345\",\"country\":\"DK\"},\"items\":[{\"sku\":"
        "\"A-1001\",\"count\":2,\"price\":12.50},{\"sku\":\"B-2002\",\"count\":1,\"price\":99},{"
        "\"sku\":\"C-3003\",\"count\":10,\"price\":0.99}],\"payment\":{\"state\":\"%s\",\"method\":"
        "\"card\",\"token\":\"tok_1NirD82eZvKYlo2CIvbtLWuY\"},\"total\":%zu.5,\"currency\":\"DKK\","
        "\"invoice\":{\"file\":\"s3/invoices/2026/01/customers/%zu/invoice-%zu.pdf\",\"pages\":2},"
        "\"gift\":false,\"note\":\"leave it at the door, please, when nobody opens\"}}",
        number, number, number, number, number % 16 == 0 ? "failed" : "settled", number, number,
        number);
}

struct events {
    struct arena *arena;
    struct bytes texts[EVENTS];
    const struct json *trees[EVENTS];
    size_t size; /* of all texts */
};

static void make_events(struct events *events, size_t rules)
{
    *events = (struct events){.arena = arena_new()};
    for (size_t i = 0; i < EVENTS; i++) {
        events->texts[i] = write_event(events->arena, i * 7919 % (rules + rules / 4 + 1));
        events->size += events->texts[i].size;
        if (json_parse(events->arena, events->texts[i], &events->trees[i], NULL) != OK)
            abort();
    }
}

/* ---- measuring ---- */

struct bench {
    struct events *events;
    struct matcher *matcher;
    struct matcher **alone; /* one for each rule */
    size_t rules, matches;
    struct arena *parsed;
};

static void count(void *context, void *rule)
{
    struct bench *bench = context;

    (void)rule;
    bench->matches++;
}

static void run_match(struct bench *bench, size_t event)
{
    matcher_match(bench->matcher, bench->events->trees[event], count, bench);
}

static const struct json *parse(struct bench *bench, size_t event)
{
    const struct json *tree = NULL;

    arena_reset(bench->parsed);
    if (json_parse(bench->parsed, bench->events->texts[event], &tree, NULL) != OK)
        abort();
    return tree;
}

static void run_parse(struct bench *bench, size_t event)
{
    parse(bench, event);
}

static void run_both(struct bench *bench, size_t event)
{
    matcher_match(bench->matcher, parse(bench, event), count, bench);
}

static void run_naive(struct bench *bench, size_t event)
{
    for (size_t i = 0; i < bench->rules; i++)
        matcher_match(bench->alone[i], bench->events->trees[event], count, bench);
}

/* The best of several runs, in ns an event: the machine does other things too. */
static double measure(struct bench *bench, void (*run)(struct bench *bench, size_t event),
                      size_t events, double seconds)
{
    uint64_t begun_ns = clock_monotonic_ns(), now_ns = begun_ns;
    double best = 1e18;

    do {
        uint64_t from_ns = now_ns;

        for (size_t i = 0; i < events; i++)
            run(bench, i);
        now_ns = clock_monotonic_ns();
        if ((double)(now_ns - from_ns) / (double)events < best)
            best = (double)(now_ns - from_ns) / (double)events;
    } while ((double)(now_ns - begun_ns) < seconds * 1e9);
    return best;
}

static void fill(struct bench *bench, const struct kind *kind)
{
    AUTO(arena_release) struct arena *arena = arena_new();

    bench->matcher = matcher_new();
    bench->alone = mem_new(kind->rules * sizeof *bench->alone);
    for (size_t i = 0; i < kind->rules; i++) {
        struct bytes pattern = rule_of(kind, arena, i);

        add_rule(bench->matcher, i, pattern);
        bench->alone[i] = matcher_new();
        add_rule(bench->alone[i], i, pattern);
    }
}

static void empty(struct bench *bench)
{
    matcher_free(bench->matcher);
    for (size_t i = 0; i < bench->rules; i++)
        matcher_free(bench->alone[i]);
    mem_free(bench->alone);
    arena_free(bench->parsed);
    arena_free(bench->events->arena);
}

/* How many rules match an event, on the average. */
static double count_matches(struct bench *bench)
{
    bench->matches = 0;
    for (size_t i = 0; i < EVENTS; i++)
        run_match(bench, i);
    return (double)bench->matches / EVENTS;
}

static void measure_kind(const struct kind *kind, double seconds)
{
    struct events events;
    struct bench bench = {.events = &events, .rules = kind->rules, .parsed = arena_new()};

    make_events(&events, kind->rules);
    fill(&bench, kind);
    double matches = count_matches(&bench);
    double match = measure(&bench, run_match, EVENTS, seconds);
    double parse_ns = measure(&bench, run_parse, EVENTS, seconds);
    double both = measure(&bench, run_both, EVENTS, seconds);
    double naive = measure(&bench, run_naive, EVENTS / NAIVE_PART, seconds);

    printf("{\"kind\":\"%s\",\"rules\":%zu,\"bytes\":%.0f,\"match\":%.0f,\"parse\":%.0f,\"both\":"
           "%.0f,\"naive\":%.0f,\"matches\":%.2f}\n",
           kind->name, kind->rules, (double)events.size / EVENTS, match, parse_ns, both, naive,
           matches);
    fflush(stdout);
    empty(&bench);
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 0.5;

    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++)
        if (argc < 3 || strstr(kinds[i].name, argv[2]) != NULL)
            measure_kind(&kinds[i], seconds);
    return 0;
}
