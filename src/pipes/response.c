/* pipes/response.c - what a called target answered to a batch: {"batchItemFailures":[
 * {"itemIdentifier":ID}, ...]}, ID being the eventID of a change record or the messageId of a
 * message. (AWS: EventBridge user guide, "Amazon EventBridge Pipes batching and concurrency".)
 *
 *   nothing, no JSON object, no such member, null, an empty list    all went well
 *   an identifier that is empty, null, missing or of no record     the whole batch failed
 *
 * What an enrichment made keeps the identifiers of the records that it was made from, or can't be
 * told of. See execution.h. */
#include "pipes/execution.h"

static struct bytes identifier_of(struct arena *arena, const struct execution *e, size_t record)
{
    bool of_queue = e->plan->source == PIPE_SOURCE_QUEUE;
    const struct json *json = NULL;

    if (json_parse(arena, e->handover->records[record].text, &json, NULL) != OK)
        return (struct bytes){NULL, 0};
    return json_get_string(json, of_queue ? "messageId" : "eventID");
}

/* By identifier: the index of the record, from 1. */
static void index_records(const struct execution *e, struct arena *arena, struct map *ret)
{
    for (size_t i = 0; i < e->handover->count; i++) {
        size_t *number = ARENA_NEW(arena, size_t);

        *number = i;
        map_put(ret, identifier_of(arena, e, i), number);
    }
}

enum mapping_outcome response_read(struct execution *e, struct bytes answer)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(map_free) struct map records = MAP_INIT;
    const struct json *json = NULL, *failures = NULL;
    size_t failed = 0;

    if (json_parse(arena, answer, &json, NULL) != OK)
        return MAPPING_HANDLED;
    failures = json_get(json, "batchItemFailures");
    if (json_count(failures) == 0)
        return MAPPING_HANDLED;
    index_records(e, arena, &records);
    for (struct json_iter it = json_iter(failures); json_next(&it);) {
        struct bytes identifier = json_get_string(it.value, "itemIdentifier");
        const size_t *record = identifier.size > 0 ? map_get(&records, identifier) : NULL;

        if (record == NULL) {
            execution_explain(e, "pipes", "The target named an itemIdentifier of no record.");
            return MAPPING_FAILED;
        }
        failed += !e->handover->records[*record].failed;
        e->handover->records[*record].failed = true;
    }
    execution_explain(e, "pipes", "The target failed %zu of %zu records.", failed,
                      e->handover->count);
    return failed == e->handover->count ? MAPPING_FAILED : MAPPING_PARTLY_FAILED;
}
