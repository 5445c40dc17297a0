/* Random histories of item operations, JSON in and JSON out, against a model that is too simple to
 * be wrong: an array of items, looked at from the front. What each operation answers in all its
 * forms, what a failed condition leaves alone, what an index shows, and in the end the table's
 * change stream have to agree with it. A failure prints its seed and the call; TEST_SEED=N replays
 * it. */
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
static unsigned draw(unsigned below)
{
    uint64_t z = m.random += 0x9E3779B97F4A7C15u;

    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (unsigned)(((z ^ z >> 31) >> 16) % below);
}

static bool one_in(unsigned count)
{
    return draw(count) == 0;
}

#define PICK(array) ((array)[draw((unsigned)ARRAY_COUNT(array))])

/* ---- calls ---- */

static void fail_call(const char *why)
{
    print_error("TEST_SEED=%llu replays this:\n%s %.*s\nanswered %d %.*s\n",
                (unsigned long long)m.seed, m.operation, BYTES_ARG(m.asked), m.answer.http_status,
                BYTES_ARG(m.answer.body));
    fail_msg("%s", why);
}

/* The answer's JSON. `service` NULL: DynamoDB. */
static const struct json *ask_of(const char *service, const char *operation, struct buffer *body)
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

static const struct json *ask(const char *operation, struct buffer *body)
{
    const struct json *json = ask_of(NULL, operation, body);

    if (m.answer.http_status != 200)
        fail_call("this should not be refused");
    return json;
}

static void expect_error(const struct json *answer, const char *name)
{
    if (m.answer.http_status != 400 ||
        !bytes_end_with(json_string(json_get(answer, "__type")), bytes_of_text(name)))
        fail_call(name);
}

static struct item item_of(const struct json *json)
{
    struct item item = {0};
    struct api_error error = {0};

    if (item_from_json(m.call, json, &item, &error) != OK)
        fail_call("this is no item");
    return item;
}

/* `expected` NULL or empty: there has to be no such member. */
static void expect_item(const struct json *json, const struct item *expected, const char *what)
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

static struct value text_value(const char *text)
{
    return (struct value){.type = VALUE_S, .bytes = bytes_of_text(text)};
}

static struct value int_value(int64_t number)
{
    return (struct value){.type = VALUE_N, .number = number_of_int64(number)};
}

static struct value set_value(void)
{
    static const char *const letters[] = {"x", "y", "z", "u"};
    struct value set = {.type = VALUE_SS};

    set.list.values = ARENA_NEW_ARRAY(m.arena, ARRAY_COUNT(letters), struct value);
    for (size_t i = 0; i < ARRAY_COUNT(letters); i++)
        if (one_in(2) || (i + 1 == ARRAY_COUNT(letters) && set.list.count == 0))
            set.list.values[set.list.count++] = text_value(letters[i]);
    return set;
}

static struct value map_value(void)
{
    struct value map = {.type = VALUE_M};

    if (one_in(2))
        item_set(m.arena, &map.map, BYTES("a"), int_value(draw(5)));
    if (one_in(2))
        item_set(m.arena, &map.map, BYTES("b"), text_value("b"));
    return map;
}

static struct key random_key(void)
{
    return (struct key){draw(PARTITIONS), draw(RANGES)};
}

static const struct item **place_of(struct key key)
{
    return &m.items[key.partition][key.range];
}

static struct item key_item(struct key key)
{
    static const char *const partitions[PARTITIONS] = {"p", "pa", ""};
    struct item item = {0};

    item_set(m.arena, &item, BYTES("pk"),
             text_value(key.partition == 2 ? "\xC3\xA9" : partitions[key.partition]));
    item_set(m.arena, &item, BYTES("sk"), int_value((int64_t)key.range - 2));
    return item;
}

static struct item random_item(struct key key)
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

static void say_item(struct buffer *out, const char *member, const struct item *item)
{
    buffer_printf(out, ",\"%s\":", member);
    item_print(out, item);
}

static void say_key(struct buffer *out, struct key key)
{
    struct item item = key_item(key);

    say_item(out, "Key", &item);
}

static struct buffer begin_body(void)
{
    struct buffer body = BUFFER_INIT(1 << 20);

    buffer_append_text(&body, "{\"TableName\":\"model\"");
    return body;
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

static struct wish random_wish(bool is_update)
{
    static const char *const words[] = {"NONE", "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"};

    return (struct wish){
        .condition = one_in(2) ? ANY : (enum condition)draw(CONDITIONS),
        .compared = (int64_t)draw(6) - 2,
        .returns = words[draw(is_update ? 5 : 2)],
        .on_failure = one_in(2),
    };
}

static bool holds(const struct wish *wish, const struct item *old)
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
static void say_wish(struct buffer *out, const struct wish *wish, const char *values)
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

/* ---- the model's side of a write ---- */

static void write_item(struct key key, const struct item *new)
{
    const struct item *old = *place_of(key);
    bool idle = old == NULL || new == NULL ? old == new : item_equal(old, new);

    *place_of(key) = new;
    if (idle) /* no record in the change stream */
        return;
    m.changes = arena_grow(m.arena, m.changes, m.change_count, m.change_count + 1,
                           &m.change_capacity, sizeof *m.changes);
    m.changes[m.change_count++] = (struct step_change){key, old, new, false};
}

static const struct item *kept(struct item item)
{
    struct item *copy = ARENA_NEW(m.arena, struct item);

    *copy = item_copy(m.arena, &item);
    return copy;
}

/* The answer of a write whose condition did not hold. */
static void expect_failed(const struct json *answer, const struct wish *wish,
                          const struct item *old)
{
    expect_error(answer, "#ConditionalCheckFailedException");
    expect_item(json_get(answer, "Item"), wish->on_failure ? old : NULL, "the item of the failure");
}

static void put_one(void)
{
    AUTO(buffer_free) struct buffer body = begin_body();
    struct key key = random_key();
    const struct item *old = *place_of(key), *new = kept(random_item(key));
    struct wish wish = random_wish(false);

    say_item(&body, "Item", new);
    say_wish(&body, &wish, "");
    buffer_append_byte(&body, '}');

    const struct json *answer = ask_of(NULL, "PutItem", &body);

    if (!holds(&wish, old)) {
        expect_failed(answer, &wish, old);
        return;
    }
    if (m.answer.http_status != 200)
        fail_call("this should not be refused");
    expect_item(json_get(answer, "Attributes"), wish.returns[0] == 'A' ? old : NULL, "Attributes");
    write_item(key, new);
}

static void delete_one(void)
{
    AUTO(buffer_free) struct buffer body = begin_body();
    struct key key = random_key();
    const struct item *old = *place_of(key);
    struct wish wish = random_wish(false);

    say_key(&body, key);
    say_wish(&body, &wish, "");
    buffer_append_byte(&body, '}');

    const struct json *answer = ask_of(NULL, "DeleteItem", &body);

    if (!holds(&wish, old)) {
        expect_failed(answer, &wish, old);
        return;
    }
    if (m.answer.http_status != 200)
        fail_call("this should not be refused");
    expect_item(json_get(answer, "Attributes"), wish.returns[0] == 'A' ? old : NULL, "Attributes");
    write_item(key, NULL);
}

/* ---- updates ---- */

/* One update: its text and values, the attributes that it names, and what it makes of an item. */
struct update {
    const char *expression, *values, *named[3];
    bool takes_away; /* alone: it makes no item be there */
    /* False: it is refused for this item. */
    bool (*apply)(struct item *item);
};

static int64_t v_of(const struct item *item, int64_t otherwise)
{
    const struct value *v = item_get_text(item, "v");
    int64_t number = otherwise;

    if (v != NULL)
        assert_true(number_to_int64(&v->number, &number));
    return number;
}

static bool set_v(struct item *item)
{
    item_set(m.arena, item, BYTES("v"), int_value(3));
    return true;
}

static bool count_v(struct item *item)
{
    if (item_get_text(item, "v") == NULL)
        return false;
    item_set(m.arena, item, BYTES("v"), int_value(v_of(item, 0) + 1));
    return true;
}

static bool count_v_from_zero(struct item *item)
{
    item_set(m.arena, item, BYTES("v"), int_value(v_of(item, 0) - 1));
    return true;
}

static bool swap_v_and_w(struct item *item)
{
    const struct value *v = item_get_text(item, "v"), *w = item_get_text(item, "w");
    struct value old_v = v != NULL ? *v : int_value(0);

    if (v == NULL || w == NULL)
        return false;
    item_set(m.arena, item, BYTES("x"), *w);
    item_set(m.arena, item, BYTES("v"), int_value(v_of(item, 0)));
    item_set(m.arena, item, BYTES("y"), old_v);
    return true;
}

static bool remove_w_and_x(struct item *item)
{
    item_remove(item, BYTES("w"));
    item_remove(item, BYTES("x"));
    return true;
}

static bool change_set(struct item *item, bool add)
{
    static const char *const letters[] = {"y", "u"};
    const struct value *old = item_get_text(item, "s");
    struct value set = {.type = VALUE_SS};

    set.list.values = ARENA_NEW_ARRAY(m.arena, 8, struct value);
    for (size_t i = 0; old != NULL && i < old->list.count; i++)
        if (!bytes_equal_text(old->list.values[i].bytes, letters[0]) &&
            !bytes_equal_text(old->list.values[i].bytes, letters[1]))
            set.list.values[set.list.count++] = old->list.values[i];
    for (size_t i = 0; add && i < ARRAY_COUNT(letters); i++)
        set.list.values[set.list.count++] = text_value(letters[i]);
    if (set.list.count > 0)
        item_set(m.arena, item, BYTES("s"), set);
    else
        item_remove(item, BYTES("s"));
    return true;
}

static bool add_to_s(struct item *item)
{
    return change_set(item, true);
}

static bool delete_from_s(struct item *item)
{
    return change_set(item, false);
}

static bool set_in_m(struct item *item)
{
    const struct value *old = item_get_text(item, "m");
    struct value map = {.type = VALUE_M};

    if (old == NULL)
        return false;
    map.map = item_copy(m.arena, &old->map);
    item_set(m.arena, &map.map, BYTES("a"), int_value(9));
    item_set(m.arena, item, BYTES("m"), map);
    return true;
}

static bool set_group(struct item *item)
{
    item_set(m.arena, item, BYTES("g"), text_value("h"));
    item_remove(item, BYTES("w"));
    return true;
}

static bool remove_group(struct item *item)
{
    item_remove(item, BYTES("g"));
    return true;
}

/* Whatever the item. */
static bool refuse(struct item *item)
{
    (void)item;
    return false;
}

/* Once the condition holds. */
static bool refuse_late(struct item *item)
{
    (void)item;
    return false;
}

static const struct update updates[] = {
    {"SET v = :x", "\":x\":{\"N\":\"3.0\"}", {"v"}, false, set_v},
    {"SET v = v + :x", "\":x\":{\"N\":\"1\"}", {"v"}, false, count_v},
    {"ADD v :x", "\":x\":{\"N\":\"-1\"}", {"v"}, false, count_v_from_zero},
    {"SET v = if_not_exists(v, :z) - :x",
     "\":x\":{\"N\":\"1\"},\":z\":{\"N\":\"0\"}",
     {"v"},
     false,
     count_v_from_zero},
    {"SET x = w, y = v", "", {"x", "y"}, false, swap_v_and_w},
    {"REMOVE w, x", "", {"w", "x"}, true, remove_w_and_x},
    {"ADD s :s", "\":s\":{\"SS\":[\"y\",\"u\"]}", {"s"}, false, add_to_s},
    {"DELETE s :s", "\":s\":{\"SS\":[\"u\",\"y\"]}", {"s"}, true, delete_from_s},
    {"SET m.a = :x", "\":x\":{\"N\":\"9\"}", {"m"}, false, set_in_m},
    {"SET g = :g REMOVE w", "\":g\":{\"S\":\"h\"}", {"g", "w"}, false, set_group},
    {"REMOVE g", "", {"g"}, true, remove_group},
    {"SET pk = :g", "\":g\":{\"S\":\"h\"}", {"pk"}, false, refuse},
    {"SET g = :x", "\":x\":{\"N\":\"1\"}", {"g"}, false, refuse_late}, /* the key of an index */
    {"SET v = :x", "\":x\":{\"N\":\"1\"},\":y\":{\"N\":\"1\"}", {"v"}, false, refuse},
};

/* UPDATED_OLD and UPDATED_NEW: what the update names; of m only a. */
static struct item named_part(const struct update *update, const struct item *item)
{
    struct item part = {0};

    for (size_t i = 0; i < ARRAY_COUNT(update->named) && update->named[i] != NULL; i++) {
        const struct value *value = item != NULL ? item_get_text(item, update->named[i]) : NULL;
        struct value inner = {.type = VALUE_M};

        if (value != NULL && update->apply == set_in_m) {
            const struct value *a = item_get_text(&value->map, "a");

            if (a != NULL)
                item_set(m.call, &inner.map, BYTES("a"), *a);
            value = a != NULL ? &inner : NULL;
        }
        if (value != NULL)
            item_set(m.call, &part, bytes_of_text(update->named[i]), *value);
    }
    return part;
}

static void expect_returned(const struct json *answer, const struct wish *wish,
                            const struct update *update, const struct item *old,
                            const struct item *new)
{
    bool of_old = bytes_end_with(bytes_of_text(wish->returns), BYTES("_OLD"));
    const struct item *whole = of_old ? old : new;
    struct item part = named_part(update, whole);

    if (strcmp(wish->returns, "NONE") == 0)
        whole = NULL;
    expect_item(json_get(answer, "Attributes"), wish->returns[0] == 'U' ? &part : whole,
                wish->returns);
}

static void update_one(void)
{
    AUTO(buffer_free) struct buffer body = begin_body();
    struct key key = random_key();
    const struct update *update = &PICK(updates);
    const struct item *old = *place_of(key), *new = NULL;
    struct item changed = old != NULL ? item_copy(m.arena, old) : key_item(key);
    struct wish wish = random_wish(true);

    say_key(&body, key);
    buffer_printf(&body, ",\"UpdateExpression\":\"%s\"", update->expression);
    say_wish(&body, &wish, update->values);
    buffer_append_byte(&body, '}');

    const struct json *answer = ask_of(NULL, "UpdateItem", &body);

    if (update->apply == refuse) {
        expect_error(answer, "#ValidationException");
        return;
    }
    if (!holds(&wish, old)) {
        expect_failed(answer, &wish, old);
        return;
    }
    if (!update->apply(&changed)) {
        expect_error(answer, "#ValidationException");
        return;
    }
    if (m.answer.http_status != 200)
        fail_call("this should not be refused");
    new = old == NULL && update->takes_away ? NULL : kept(changed);
    expect_returned(answer, &wish, update, old, new);
    write_item(key, new);
}

/* ---- batches ---- */

static bool already(const struct key *keys, size_t count, struct key key)
{
    for (size_t i = 0; i < count; i++)
        if (keys[i].partition == key.partition && keys[i].range == key.range)
            return true;
    return false;
}

/* Puts and deletions of different items; of one item twice all is refused, and so is a wrong key.
 */
static void batch_write(void)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(1 << 20);
    struct key keys[BATCH_MAX];
    const struct item *news[BATCH_MAX] = {NULL};
    size_t count = 1 + draw(BATCH_MAX);
    bool twice = false, wrong = one_in(8);

    buffer_append_text(&body, "{\"RequestItems\":{\"model\":[");
    for (size_t i = 0; i < count; i++) {
        struct item key;

        keys[i] = random_key();
        twice = twice || already(keys, i, keys[i]);
        key = key_item(keys[i]);
        buffer_append_text(&body, i > 0 ? "," : "");
        if (one_in(3)) {
            buffer_append_text(&body, "{\"DeleteRequest\":{\"Key\":");
            item_print(&body, &key);
        } else {
            news[i] = kept(random_item(keys[i]));
            buffer_append_text(&body, "{\"PutRequest\":{\"Item\":");
            item_print(&body, news[i]);
        }
        buffer_append_text(&body, "}}");
    }
    if (wrong)
        buffer_append_text(&body, ",{\"PutRequest\":{\"Item\":{\"pk\":{\"S\":\"p\"}}}}");
    buffer_append_text(&body, "]}}");

    const struct json *answer = ask_of(NULL, "BatchWriteItem", &body);

    if (twice || wrong) {
        expect_error(answer, "#ValidationException");
        return;
    }
    if (m.answer.http_status != 200 || json_count(json_get(answer, "UnprocessedItems")) != 0)
        fail_call("all of it should be done");
    for (size_t i = 0; i < count; i++)
        write_item(keys[i], news[i]);
}

static void batch_get(void)
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

static void get_one(void)
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

static bool is_asked(const struct question *q, int64_t sk)
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

static bool passes(const struct question *q, const struct item *item)
{
    return !q->filtered || (item_get_text(item, "v") != NULL && v_of(item, 0) > q->above);
}

static void say_question(struct buffer *out, const struct question *q, struct bytes start_key)
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
static bool query_page(const struct question *q, unsigned *at, struct bytes *start_key)
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

static void query_one(void)
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
static void mark(const struct json *items, bool found[PARTITIONS][RANGES])
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
static void read_pages(const char *operation, const char *more, bool found[PARTITIONS][RANGES])
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
static void expect_all(bool found[PARTITIONS][RANGES], const char *group)
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

static void scan_all(void)
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

static void read_index(void)
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

/* ---- the change stream ---- */

static bool is_key_of(struct key key, const struct item *keys)
{
    struct item item = key_item(key);

    return item_equal(&item, keys);
}

/* The first change of this item that was not seen yet. */
static void expect_record(const struct json *record)
{
    const struct json *change = json_get(record, "dynamodb");
    struct item keys = item_of(json_get(change, "Keys"));
    struct bytes name = json_string(json_get(record, "eventName"));

    for (size_t i = 0; i < m.change_count; i++) {
        struct step_change *c = &m.changes[i];

        if (c->seen || !is_key_of(c->key, &keys))
            continue;
        c->seen = true;
        if (!bytes_equal_text(name, c->old == NULL   ? "INSERT"
                                    : c->new == NULL ? "REMOVE"
                                                     : "MODIFY"))
            fail_call("another eventName");
        expect_item(json_get(change, "OldImage"), c->old, "OldImage");
        expect_item(json_get(change, "NewImage"), c->new, "NewImage");
        return;
    }
    fail_call("a record of nothing");
}

static void read_shard(struct bytes arn, struct bytes shard)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(1 << 16);
    struct bytes iterator = {NULL, 0};
    size_t count = 0;

    buffer_printf(&body,
                  "{\"StreamArn\":\"%.*s\",\"ShardId\":\"%.*s\",\"ShardIteratorType\":"
                  "\"TRIM_HORIZON\"}",
                  BYTES_ARG(arn), BYTES_ARG(shard));
    iterator = json_string(
        json_get(ask_of("DynamoDBStreams_20120810", "GetShardIterator", &body), "ShardIterator"));
    do {
        const struct json *answer = NULL;

        buffer_clear(&body);
        buffer_printf(&body, "{\"ShardIterator\":\"%.*s\",\"Limit\":%u}", BYTES_ARG(iterator),
                      1 + draw(100));
        answer = ask_of("DynamoDBStreams_20120810", "GetRecords", &body);
        count = json_count(json_get(answer, "Records"));
        for (struct json_iter it = json_iter(json_get(answer, "Records")); json_next(&it);)
            expect_record(it.value);
        iterator = json_string(json_get(answer, "NextShardIterator"));
    } while (iterator.size > 0 && count > 0);
}

/* Every change has its record, with both images, in the order of its item. */
static void check_stream(struct bytes arn)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(4096);
    const struct json *shards = NULL;

    buffer_printf(&body, "{\"StreamArn\":\"%.*s\"}", BYTES_ARG(arn));
    shards = json_get(
        json_get(ask_of("DynamoDBStreams_20120810", "DescribeStream", &body), "StreamDescription"),
        "Shards");
    for (struct json_iter it = json_iter(shards); json_next(&it);)
        read_shard(arn, json_string(json_get(it.value, "ShardId")));
    for (size_t i = 0; i < m.change_count; i++)
        if (!m.changes[i].seen)
            fail_call("a change has no record");
}

/* ---- histories ---- */

static struct bytes create_table(void)
{
    AUTO(buffer_free) struct buffer body = begin_body();

    buffer_append_text(
        &body, ",\"BillingMode\":\"PAY_PER_REQUEST\",\"AttributeDefinitions\":["
               "{\"AttributeName\":\"pk\",\"AttributeType\":\"S\"},"
               "{\"AttributeName\":\"sk\",\"AttributeType\":\"N\"},"
               "{\"AttributeName\":\"g\",\"AttributeType\":\"S\"}],\"KeySchema\":["
               "{\"AttributeName\":\"pk\",\"KeyType\":\"HASH\"},"
               "{\"AttributeName\":\"sk\",\"KeyType\":\"RANGE\"}],\"GlobalSecondaryIndexes\":[{"
               "\"IndexName\":\"by-g\",\"Projection\":{\"ProjectionType\":\"ALL\"},\"KeySchema\":["
               "{\"AttributeName\":\"g\",\"KeyType\":\"HASH\"},"
               "{\"AttributeName\":\"sk\",\"KeyType\":\"RANGE\"}]}],\"StreamSpecification\":{"
               "\"StreamEnabled\":true,\"StreamViewType\":\"NEW_AND_OLD_IMAGES\"}}");
    return arena_copy(m.arena,
                      json_string(json_get(json_get(ask("CreateTable", &body), "TableDescription"),
                                           "LatestStreamArn")));
}

static void step(void)
{
    static void (*const steps[])(void) = {
        put_one,   put_one,   update_one, update_one, update_one,  get_one,  get_one,
        query_one, query_one, delete_one, batch_get,  batch_write, scan_all, read_index};

    PICK(steps)();
    arena_reset(m.call);
}

static void run_history(uint64_t seed)
{
    memset(&m, 0, sizeof m);
    m.seed = seed;
    m.random = seed << 20;
    m.arena = arena_new();
    m.call = arena_new();
    test_api_open(&m.api);

    struct bytes arn = create_table();

    for (size_t i = 0; i < STEPS; i++)
        step();
    test_api_settle(&m.api);
    check_stream(arn);
    test_api_close(&m.api);
    arena_free(m.call);
    arena_free(m.arena);
}

static void test_histories(void **state)
{
    const char *given = getenv("TEST_SEED");
    uint64_t seed = clock_monotonic_ns();

    (void)state;
    if (given != NULL && bytes_to_uint64(bytes_of_text(given), &seed)) {
        run_history(seed);
        return;
    }
    for (size_t i = 0; i < HISTORIES; i++)
        run_history(seed + i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_histories)};

    return cmocka_run_group_tests_name("api/model", tests, NULL, NULL);
}
