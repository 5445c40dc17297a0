/* api/item_model_read.h - what item_model.c reads: items alone and in batches, queries of all kinds
 * in pages, scans in segments, an index. */
#ifndef DYNLOG_TEST_API_ITEM_MODEL_READ_H
#define DYNLOG_TEST_API_ITEM_MODEL_READ_H

#include "api/item_model.h"

static inline void batch_get(void)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(1 << 20);
    struct key keys[BATCH_MAX];
    size_t count = 0, wanted = 1 + draw(BATCH_MAX), there = 0;

    buffer_append_text(&body, "{\"RequestItems\":{\"model\":{\"Keys\":[");
    while (count < wanted) {
        struct key key = random_key();
        struct item item = key_item(key);

        if (already(keys, count, key))
            continue;
        buffer_append_text(&body, count > 0 ? "," : "");
        item_print(&body, &item);
        there += *place_of(key) != NULL;
        keys[count++] = key;
    }
    buffer_append_text(&body, "]}}}");

    const struct json *items = json_get(json_get(ask("BatchGetItem", &body), "Responses"), "model");

    if (json_count(items) != there)
        fail_call("another number of items");
    for (struct json_iter it = json_iter(items); json_next(&it);) {
        struct item item = item_of(it.value);
        bool found = false;

        for (size_t i = 0; i < count && !found; i++)
            found = *place_of(keys[i]) != NULL && item_equal(&item, *place_of(keys[i]));
        if (!found)
            fail_call("an item that is not there");
    }
}

/* ---- reading ---- */

static inline void get_one(void)
{
    AUTO(buffer_free) struct buffer body = begin_body();
    struct key key = random_key();
    const struct item *item = *place_of(key);
    bool projected = one_in(2);
    struct item part = {0};

    say_key(&body, key);
    if (one_in(2))
        buffer_append_text(&body, ",\"ConsistentRead\":true");
    if (projected)
        buffer_append_text(&body, ",\"ProjectionExpression\":\"v, s\"");
    buffer_append_byte(&body, '}');

    const struct json *found = json_get(ask("GetItem", &body), "Item");

    if (!projected || item == NULL) {
        expect_item(found, item, "the item");
        return;
    }
    if (item_get_text(item, "v") != NULL)
        item_set(m.call, &part, BYTES("v"), *item_get_text(item, "v"));
    if (item_get_text(item, "s") != NULL)
        item_set(m.call, &part, BYTES("s"), *item_get_text(item, "s"));
    if (found == NULL)
        fail_call("the item");

    struct item answered = item_of(found);

    if (!item_equal(&answered, &part))
        fail_call("the projected item");
}

/* What a query asks: a partition, a condition on its ranges, a filter, an order, pages. */
struct question {
    unsigned partition;
    enum { ALL, IS, LESS, LESS_OR_EQUAL, MORE, MORE_OR_EQUAL, BETWEEN, RANGE_CONDITIONS } range;
    int64_t low, high; /* as sk has them */
    bool filtered, backward, counts_only;
    int64_t above; /* the filter: v > above */
    unsigned limit;
};

static const char *const range_texts[RANGE_CONDITIONS] = {
    "",
    " AND sk = :l",
    " AND sk < :l",
    " AND sk <= :l",
    " AND sk > :l",
    " AND sk >= :l",
    " AND sk BETWEEN :l AND :h",
};

static inline bool is_asked(const struct question *q, int64_t sk)
{
    switch ((int)q->range) {
    case IS:
        return sk == q->low;
    case LESS:
        return sk < q->low;
    case LESS_OR_EQUAL:
        return sk <= q->low;
    case MORE:
        return sk > q->low;
    case MORE_OR_EQUAL:
        return sk >= q->low;
    case BETWEEN:
        return sk >= q->low && sk <= q->high;
    default:
        return true;
    }
}

static inline bool passes(const struct question *q, const struct item *item)
{
    return !q->filtered || (item_get_text(item, "v") != NULL && v_of(item, 0) > q->above);
}

static inline void say_question(struct buffer *out, const struct question *q,
                                struct bytes start_key)
{
    struct item key = key_item((struct key){q->partition, 0});

    buffer_printf(out, ",\"KeyConditionExpression\":\"pk = :p%s\"", range_texts[q->range]);
    buffer_printf(out, ",\"ScanIndexForward\":%s,\"Limit\":%u", q->backward ? "false" : "true",
                  q->limit);
    if (q->counts_only)
        buffer_append_text(out, ",\"Select\":\"COUNT\"");
    if (q->filtered)
        buffer_append_text(out, ",\"FilterExpression\":\"v > :f\"");
    if (start_key.size > 0)
        buffer_printf(out, ",\"ExclusiveStartKey\":%.*s", BYTES_ARG(start_key));
    buffer_append_text(out, ",\"ExpressionAttributeValues\":{\":p\":");
    value_print(out, item_get_text(&key, "pk"));
    if (q->filtered)
        buffer_printf(out, ",\":f\":{\"N\":\"%lld\"}", (long long)q->above);
    if (q->range != ALL)
        buffer_printf(out, ",\":l\":{\"N\":\"%lld\"}", (long long)q->low);
    if (q->range == BETWEEN)
        buffer_printf(out, ",\":h\":{\"N\":\"%lld\"}", (long long)q->high);
    buffer_append_text(out, "}}");
}

/* One page, compared with the next items of the model from *at on (a range). False: the last page.
 */
static inline bool query_page(const struct question *q, unsigned *at, struct bytes *start_key)
{
    AUTO(buffer_free) struct buffer body = begin_body();
    AUTO(buffer_free) struct buffer last = BUFFER_INIT(1024);
    unsigned scanned = 0, count = 0;

    say_question(&body, q, *start_key);

    const struct json *answer = ask("Query", &body);
    const struct json *items = json_get(answer, "Items"), *last_key = NULL;

    for (; *at < RANGES && scanned < q->limit; ++*at) {
        unsigned range = q->backward ? RANGES - 1 - *at : *at;
        const struct item *item = m.items[q->partition][range];

        if (item == NULL || !is_asked(q, (int64_t)range - 2))
            continue;
        scanned++;
        if (!passes(q, item))
            continue;
        if (!q->counts_only)
            expect_item(json_at(items, count), item, "an item of the query");
        count++;
    }

    int64_t told = -1, told_scanned = -1;

    if (!json_int64(json_get(answer, "Count"), &told) ||
        !json_int64(json_get(answer, "ScannedCount"), &told_scanned) || told != count ||
        told_scanned != scanned || (!q->counts_only && json_count(items) != count) ||
        (q->counts_only && items != NULL))
        fail_call("another number of items");
    last_key = json_get(answer, "LastEvaluatedKey");
    if ((last_key != NULL) != (scanned == q->limit))
        fail_call("another end of the page");
    if (last_key == NULL)
        return false;
    json_print(&last, last_key);
    *start_key = arena_copy(m.call, buffer_bytes(&last));
    return true;
}

static inline void query_one(void)
{
    struct question q = {
        .partition = draw(PARTITIONS),
        .low = (int64_t)draw(RANGES) - 2,
        .filtered = one_in(3),
        .backward = one_in(2),
        .counts_only = one_in(4),
        .above = (int64_t)draw(4) - 2,
        .limit = 1 + draw(RANGES + 2),
    };
    struct bytes start_key = {NULL, 0};
    unsigned at = 0;

    q.range = draw(RANGE_CONDITIONS);
    q.high = q.low + draw(3);
    while (query_page(&q, &at, &start_key))
        ;
}

/* Marks the model's items that come; the caller looks whether all did. `seen` counts them. */
static inline void mark(const struct json *items, bool found[PARTITIONS][RANGES])
{
    for (struct json_iter it = json_iter(items); json_next(&it);) {
        struct item item = item_of(it.value);
        bool known = false;

        for (unsigned p = 0; p < PARTITIONS; p++)
            for (unsigned r = 0; r < RANGES; r++)
                if (m.items[p][r] != NULL && !found[p][r] && item_equal(&item, m.items[p][r]))
                    known = found[p][r] = true;
        if (!known)
            fail_call("an item that is not there, or twice");
    }
}

/* All pages of a scan or of a query on the index. `more` are members without braces. */
static inline void read_pages(const char *operation, const char *more,
                              bool found[PARTITIONS][RANGES])
{
    struct bytes start_key = {NULL, 0};

    do {
        AUTO(buffer_free) struct buffer body = begin_body();
        AUTO(buffer_free) struct buffer last = BUFFER_INIT(1024);
        const struct json *answer = NULL;

        buffer_printf(&body, ",\"Limit\":%u%s", 1 + draw(10), more);
        if (start_key.size > 0)
            buffer_printf(&body, ",\"ExclusiveStartKey\":%.*s", BYTES_ARG(start_key));
        buffer_append_byte(&body, '}');
        answer = ask(operation, &body);
        mark(json_get(answer, "Items"), found);
        if (json_get(answer, "LastEvaluatedKey") != NULL)
            json_print(&last, json_get(answer, "LastEvaluatedKey"));
        start_key = arena_copy(m.call, buffer_bytes(&last));
    } while (start_key.size > 0);
}

/* `group` NULL: all items; else those that the index has under it. */
static inline void expect_all(bool found[PARTITIONS][RANGES], const char *group)
{
    for (unsigned p = 0; p < PARTITIONS; p++)
        for (unsigned r = 0; r < RANGES; r++) {
            const struct item *item = m.items[p][r];
            const struct value *g = item != NULL ? item_get_text(item, "g") : NULL;
            bool expected =
                item != NULL &&
                (group == NULL ||
                 (g != NULL && (group[0] == '\0' || bytes_equal_text(g->bytes, group))));

            if (found[p][r] != expected)
                fail_call(expected ? "an item was left out" : "an item too many");
        }
}

static inline void scan_all(void)
{
    bool found[PARTITIONS][RANGES] = {{false}};

    if (one_in(2)) {
        read_pages("Scan", "", found);
    } else {
        for (unsigned segment = 0; segment < SEGMENTS; segment++)
            read_pages(
                "Scan",
                arena_copy_text(m.call, arena_printf(m.call, ",\"TotalSegments\":%d,\"Segment\":%u",
                                                     SEGMENTS, segment)),
                found);
    }
    expect_all(found, NULL);
}

static inline void read_index(void)
{
    bool found[PARTITIONS][RANGES] = {{false}};
    const char *group = one_in(2) ? "g" : "h";

    if (one_in(3)) {
        read_pages("Scan", ",\"IndexName\":\"by-g\"", found);
        expect_all(found, "");
        return;
    }
    read_pages(
        "Query",
        arena_copy_text(m.call,
                        arena_printf(m.call,
                                     ",\"IndexName\":\"by-g\",\"KeyConditionExpression\":\"g = "
                                     ":g\",\"ExpressionAttributeValues\":{\":g\":{\"S\":\"%s\"}}",
                                     group)),
        found);
    expect_all(found, group);
}

#endif
