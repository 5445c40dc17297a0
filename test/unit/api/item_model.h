/* api/item_model.h - the model of item_model.c: an array of items, what was asked last, and how
 * calls and their answers are written and looked at. */
#ifndef DYNLOG_TEST_API_ITEM_MODEL_H
#define DYNLOG_TEST_API_ITEM_MODEL_H

#include "api/api_test.h"

#include <stdlib.h>

#define PARTITIONS 3
#define RANGES 8
#define STEPS 300
#define HISTORIES 4
#define BATCH_MAX 8
#define SEGMENTS 3

struct key {
    unsigned partition, range;
};

/* One item of the array, as it was before and after a write. */
struct step_change {
    struct key key;
    const struct item *old, *new; /* NULL: none */
    bool seen;                    /* in the change stream */
};

static struct {
    struct test_api api;
    struct arena *arena; /* of the history: items live here */
    struct arena *call;  /* of one step */
    const struct item *items[PARTITIONS][RANGES];
    struct step_change *changes;
    size_t change_count, change_capacity;
    uint64_t seed, random;
    struct bytes asked; /* the last call, for failures */
    const char *operation;
    struct test_answer answer;
} m;

/* splitmix64 */
static inline unsigned draw(unsigned below)
{
    uint64_t z = m.random += 0x9E3779B97F4A7C15u;

    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (unsigned)(((z ^ z >> 31) >> 16) % below);
}

static inline bool one_in(unsigned count)
{
    return draw(count) == 0;
}

#define PICK(array) ((array)[draw((unsigned)ARRAY_COUNT(array))])

/* ---- calls ---- */

static inline void fail_call(const char *why)
{
    print_error("TEST_SEED=%llu replays this:\n%s %.*s\nanswered %d %.*s\n",
                (unsigned long long)m.seed, m.operation, BYTES_ARG(m.asked), m.answer.http_status,
                BYTES_ARG(m.answer.body));
    fail_msg("%s", why);
}

/* The answer's JSON. `service` NULL: DynamoDB. */
static inline const struct json *ask_of(const char *service, const char *operation,
                                        struct buffer *body)
{
    const struct json *json = NULL;
    const char *target = arena_copy_text(
        m.call,
        arena_printf(m.call, "%s.%s", service != NULL ? service : "DynamoDB_20120810", operation));

    assert_false(buffer_failed(body));
    m.asked = arena_copy(m.call, buffer_bytes(body));
    m.operation = operation;
    m.answer = test_api_call(&m.api, m.call, target, m.asked);
    if (m.answer.body.size > 0 && json_parse(m.call, m.answer.body, &json, NULL) != OK)
        fail_call("an answer is JSON");
    return json;
}

static inline const struct json *ask(const char *operation, struct buffer *body)
{
    const struct json *json = ask_of(NULL, operation, body);

    if (m.answer.http_status != 200)
        fail_call("this should not be refused");
    return json;
}

static inline void expect_error(const struct json *answer, const char *name)
{
    if (m.answer.http_status != 400 ||
        !bytes_end_with(json_string(json_get(answer, "__type")), bytes_of_text(name)))
        fail_call(name);
}

static inline struct item item_of(const struct json *json)
{
    struct item item = {0};
    struct api_error error = {0};

    if (item_from_json(m.call, json, &item, &error) != OK)
        fail_call("this is no item");
    return item;
}

/* `expected` NULL or empty: there has to be no such member. */
static inline void expect_item(const struct json *json, const struct item *expected,
                               const char *what)
{
    if (expected == NULL || expected->count == 0) {
        if (json != NULL)
            fail_call(what);
        return;
    }
    if (json == NULL)
        fail_call(what);

    struct item found = item_of(json);

    if (!item_equal(&found, expected))
        fail_call(what);
}

/* ---- values ---- */

static inline struct value text_value(const char *text)
{
    return (struct value){.type = VALUE_S, .bytes = bytes_of_text(text)};
}

static inline struct value int_value(int64_t number)
{
    return (struct value){.type = VALUE_N, .number = number_of_int64(number)};
}

static inline struct value set_value(void)
{
    static const char *const letters[] = {"x", "y", "z", "u"};
    struct value set = {.type = VALUE_SS};

    set.list.values = ARENA_NEW_ARRAY(m.arena, ARRAY_COUNT(letters), struct value);
    for (size_t i = 0; i < ARRAY_COUNT(letters); i++)
        if (one_in(2) || (i + 1 == ARRAY_COUNT(letters) && set.list.count == 0))
            set.list.values[set.list.count++] = text_value(letters[i]);
    return set;
}

static inline struct value map_value(void)
{
    struct value map = {.type = VALUE_M};

    if (one_in(2))
        item_set(m.arena, &map.map, BYTES("a"), int_value(draw(5)));
    if (one_in(2))
        item_set(m.arena, &map.map, BYTES("b"), text_value("b"));
    return map;
}

static inline struct key random_key(void)
{
    return (struct key){draw(PARTITIONS), draw(RANGES)};
}

static inline const struct item **place_of(struct key key)
{
    return &m.items[key.partition][key.range];
}

static inline struct item key_item(struct key key)
{
    static const char *const partitions[PARTITIONS] = {"p", "pa", ""};
    struct item item = {0};

    item_set(m.arena, &item, BYTES("pk"),
             text_value(key.partition == 2 ? "\xC3\xA9" : partitions[key.partition]));
    item_set(m.arena, &item, BYTES("sk"), int_value((int64_t)key.range - 2));
    return item;
}

static inline struct item random_item(struct key key)
{
    static const char *const groups[] = {"g", "h"};
    struct item item = key_item(key);

    if (!one_in(3))
        item_set(m.arena, &item, BYTES("v"), int_value((int64_t)draw(6) - 2));
    if (one_in(2))
        item_set(m.arena, &item, BYTES("w"), text_value(one_in(2) ? "" : "some text"));
    if (one_in(2))
        item_set(m.arena, &item, BYTES("s"), set_value());
    if (one_in(2))
        item_set(m.arena, &item, BYTES("m"), map_value());
    if (one_in(2))
        item_set(m.arena, &item, BYTES("g"), text_value(PICK(groups)));
    return item;
}

static inline void say_item(struct buffer *out, const char *member, const struct item *item)
{
    buffer_printf(out, ",\"%s\":", member);
    item_print(out, item);
}

static inline void say_key(struct buffer *out, struct key key)
{
    struct item item = key_item(key);

    say_item(out, "Key", &item);
}

static inline struct buffer begin_body(void)
{
    struct buffer body = BUFFER_INIT(1 << 20);

    buffer_append_text(&body, "{\"TableName\":\"model\"");
    return body;
}

static inline int64_t v_of(const struct item *item, int64_t otherwise)
{
    const struct value *v = item_get_text(item, "v");
    int64_t number = otherwise;

    if (v != NULL)
        assert_true(number_to_int64(&v->number, &number));
    return number;
}

static inline bool already(const struct key *keys, size_t count, struct key key)
{
    for (size_t i = 0; i < count; i++)
        if (keys[i].partition == key.partition && keys[i].range == key.range)
            return true;
    return false;
}

/* ---- conditions ---- */

enum condition { ANY, THERE, NOT_THERE, EQUAL, GREATER, CONDITIONS };

static const char *const condition_texts[CONDITIONS] = {
    NULL, "attribute_exists(pk)", "attribute_not_exists(pk)", "v = :c", "v > :c",
};

/* What is asked of one write besides what it does. */
struct wish {
    enum condition condition;
    int64_t compared; /* :c */
    const char *returns;
    bool on_failure; /* the item comes back with the error */
};

static inline struct wish random_wish(bool is_update)
{
    static const char *const words[] = {"NONE", "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"};

    return (struct wish){
        .condition = one_in(2) ? ANY : (enum condition)draw(CONDITIONS),
        .compared = (int64_t)draw(6) - 2,
        .returns = words[draw(is_update ? 5 : 2)],
        .on_failure = one_in(2),
    };
}

static inline bool holds(const struct wish *wish, const struct item *old)
{
    const struct value *v = old != NULL ? item_get_text(old, "v") : NULL;
    int64_t number = 0;

    if (wish->condition >= EQUAL && v != NULL)
        assert_true(number_to_int64(&v->number, &number));
    switch ((int)wish->condition) {
    case THERE:
        return old != NULL;
    case NOT_THERE:
        return old == NULL;
    case EQUAL:
        return v != NULL && number == wish->compared;
    case GREATER:
        return v != NULL && number > wish->compared;
    default:
        return true;
    }
}

/* `values`: those of an update expression, without braces. */
static inline void say_wish(struct buffer *out, const struct wish *wish, const char *values)
{
    bool compares = wish->condition >= EQUAL;

    buffer_printf(out, ",\"ReturnValues\":\"%s\"", wish->returns);
    if (wish->on_failure)
        buffer_append_text(out, ",\"ReturnValuesOnConditionCheckFailure\":\"ALL_OLD\"");
    if (wish->condition != ANY)
        buffer_printf(out, ",\"ConditionExpression\":\"%s\"", condition_texts[wish->condition]);
    if (compares || values[0] != '\0')
        buffer_append_text(out, ",\"ExpressionAttributeValues\":{");
    if (compares)
        buffer_printf(out, "\":c\":{\"N\":\"%lld\"}%s", (long long)wish->compared,
                      values[0] != '\0' ? "," : "");
    if (compares || values[0] != '\0')
        buffer_printf(out, "%s}", values);
}

#endif
