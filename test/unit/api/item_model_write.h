/* api/item_model_write.h - what item_model.c writes: puts, deletions, updates with all their return
 * values, batches; and what the model makes of each. */
#ifndef DYNLOG_TEST_API_ITEM_MODEL_WRITE_H
#define DYNLOG_TEST_API_ITEM_MODEL_WRITE_H

#include "api/item_model.h"

/* ---- the model's side of a write ---- */

static inline void write_item(struct key key, const struct item *new)
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

static inline const struct item *kept(struct item item)
{
    struct item *copy = ARENA_NEW(m.arena, struct item);

    *copy = item_copy(m.arena, &item);
    return copy;
}

/* The answer of a write whose condition did not hold. */
static inline void expect_failed(const struct json *answer, const struct wish *wish,
                                 const struct item *old)
{
    expect_error(answer, "#ConditionalCheckFailedException");
    expect_item(json_get(answer, "Item"), wish->on_failure ? old : NULL, "the item of the failure");
}

static inline void put_one(void)
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

static inline void delete_one(void)
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

static inline bool set_v(struct item *item)
{
    item_set(m.arena, item, BYTES("v"), int_value(3));
    return true;
}

static inline bool count_v(struct item *item)
{
    if (item_get_text(item, "v") == NULL)
        return false;
    item_set(m.arena, item, BYTES("v"), int_value(v_of(item, 0) + 1));
    return true;
}

static inline bool count_v_from_zero(struct item *item)
{
    item_set(m.arena, item, BYTES("v"), int_value(v_of(item, 0) - 1));
    return true;
}

static inline bool swap_v_and_w(struct item *item)
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

static inline bool remove_w_and_x(struct item *item)
{
    item_remove(item, BYTES("w"));
    item_remove(item, BYTES("x"));
    return true;
}

static inline bool change_set(struct item *item, bool add)
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

static inline bool add_to_s(struct item *item)
{
    return change_set(item, true);
}

static inline bool delete_from_s(struct item *item)
{
    return change_set(item, false);
}

static inline bool set_in_m(struct item *item)
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

static inline bool set_group(struct item *item)
{
    item_set(m.arena, item, BYTES("g"), text_value("h"));
    item_remove(item, BYTES("w"));
    return true;
}

static inline bool remove_group(struct item *item)
{
    item_remove(item, BYTES("g"));
    return true;
}

/* Whatever the item. */
static inline bool refuse(struct item *item)
{
    (void)item;
    return false;
}

/* Once the condition holds. */
static inline bool refuse_late(struct item *item)
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
static inline struct item named_part(const struct update *update, const struct item *item)
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

static inline void expect_returned(const struct json *answer, const struct wish *wish,
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

static inline void update_one(void)
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

/* Puts and deletions of different items; of one item twice all is refused, and so is a wrong key.
 */
static inline void batch_write(void)
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

#endif
