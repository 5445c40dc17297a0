/* Fuzz target: event patterns. The input is a pattern, a line's end, and an event.
 *
 * What compiles must match the same in a matcher of its own and in one that holds other patterns
 * with it, and be gone once it is removed. Build with -fsanitize=fuzzer,address,undefined. */
#include "pattern/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void note(void *context, void *rule)
{
    size_t *found = context;

    found[(uintptr_t)rule]++;
}

static void add(struct matcher *matcher, uintptr_t rule, struct bytes pattern)
{
    struct api_error error;

    if (matcher_add(matcher, (void *)rule, pattern, &error) != OK)
        assert(false && "a pattern that compiled once compiles again");
}

static void check_among_others(struct bytes pattern, const struct json *event, bool matched)
{
    struct matcher *matcher = matcher_new();
    size_t found[4] = {0};

    add(matcher, 1, BYTES("{\"a\":[{\"exists\":true}],\"b\":[{\"exists\":false}]}"));
    add(matcher, 2, pattern);
    add(matcher, 3, pattern);
    matcher_match(matcher, event, note, found);
    assert(found[2] == (matched ? 1 : 0) && found[3] == found[2]);
    matcher_remove(matcher, (void *)(uintptr_t)2);
    matcher_match(matcher, event, note, found);
    assert(found[2] == (matched ? 1 : 0) && found[3] == 2 * found[2]);
    matcher_free(matcher);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes input = bytes_of(data, size);
    size_t line_end = bytes_find_byte(input, '\n', 0);
    const struct json *event = NULL;
    struct api_error error = {0};
    bool matched = false;

    if (line_end == SIZE_MAX)
        line_end = size;
    if (json_parse(arena, bytes_slice(input, line_end + 1, size), &event, NULL) != OK &&
        json_parse(arena, BYTES("{\"a\":[{\"b\":1},{\"c\":[[\"x\"]]}],\"b\":null}"), &event,
                   NULL) != OK)
        return 0;

    struct bytes pattern = bytes_slice(input, 0, line_end);

    if (pattern_test(pattern, event, &matched, &error) == OK)
        check_among_others(pattern, event, matched);
    else
        assert(error.message[0] != '\0');
    return 0;
}
