/* Fuzz target: what a mapping's function answers (ReportBatchItemFailures, the state of a window).
 * A second reader, which looks for the identifiers in its own way, agrees; a state reads back as
 * itself. Build with -fsanitize=fuzzer,address,undefined. */
#include "json/json.h"
#include "mapping/mapping.h"

#define RECORDS 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const identifiers[RECORDS] = {"one", "two", "three"};

static bool names(struct bytes identifier, size_t *ret)
{
    for (size_t i = 0; i < RECORDS; i++)
        if (bytes_equal_text(identifier, identifiers[i])) {
            *ret = i;
            return true;
        }
    return false;
}

/* From the last element to the first: what is no record's comes first, whatever the order. */
static enum mapping_outcome expected(const struct json *answer, bool failed[RECORDS])
{
    const struct json *list = json_get(answer, "batchItemFailures");
    size_t count = json_count(list), at = 0;

    if (list == NULL || json_is(list, JSON_NULL))
        return MAPPING_HANDLED;
    if (!json_is(list, JSON_ARRAY))
        return MAPPING_FAILED;
    while (count-- > 0) {
        if (!names(json_string(json_get(json_at(list, count), "itemIdentifier")), &at))
            return MAPPING_FAILED;
        failed[at] = true;
    }
    return json_count(list) > 0 ? MAPPING_PARTLY_FAILED : MAPPING_HANDLED;
}

static void check(struct arena *arena, struct bytes text, bool windowed)
{
    const struct mapping_settings settings = {.report_batch_item_failures = true};
    const struct mapping_window window = {0};
    struct mapping_record records[RECORDS] = {0};
    struct mapping_handover handover = {.settings = &settings,
                                        .records = records,
                                        .count = RECORDS,
                                        .window = windowed ? &window : NULL};
    const struct json *answer = NULL, *state = NULL;
    bool failed[RECORDS] = {false};
    bool parses = text.size == 0 || json_parse(arena, text, &answer, NULL) == OK;
    enum mapping_outcome outcome, other = MAPPING_FAILED;

    for (size_t i = 0; i < RECORDS; i++)
        memcpy(records[i].identifier, identifiers[i], strlen(identifiers[i]) + 1);
    outcome = mapping_read_response(&handover, arena, text);
    if (parses && (answer == NULL || json_is(answer, JSON_NULL) || json_is(answer, JSON_OBJECT)))
        other = expected(answer, failed);
    if (windowed && !json_is(json_get(answer, "state"), JSON_OBJECT))
        other = MAPPING_FAILED;
    assert(outcome == other);
    for (size_t i = 0; outcome == MAPPING_PARTLY_FAILED && i < RECORDS; i++)
        assert(records[i].failed == failed[i]);
    if (windowed && outcome != MAPPING_FAILED)
        assert(json_parse(arena, handover.state, &state, NULL) == OK &&
               json_is(state, JSON_OBJECT));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_release) struct arena *arena = arena_new();

    check(arena, bytes_of(data, size), false);
    check(arena, bytes_of(data, size), true);
    return 0;
}
