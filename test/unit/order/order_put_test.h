/* order/order_put_test.h - events as the engine puts them, without an engine. */
#ifndef DYNLOG_TEST_ORDER_ORDER_PUT_TEST_H
#define DYNLOG_TEST_ORDER_ORDER_PUT_TEST_H

#include "store/store_test.h"

#include "order/order.h"

#define TABLE 7
#define ITEM_TEXT_SIZE 96 /* of an item without its payload */

struct event_text {
    const char *id, *type;
    uint64_t version;
    size_t payload_size;
    bool fails; /* its group is refused */
};

/* An event as the engine puts it. */
static inline void put_event(struct store_batch *batch, struct test_work *work)
{
    const struct event_text *text = work->context;
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(4096);
    AUTO(buffer_free) struct buffer value = BUFFER_INIT((size_t)1024 * 1024);
    struct order_work order = {.batch = batch, .arena = arena};
    struct order_run *run = NULL;
    struct order_event event = {.log = BYTES("users"),
                                .id = bytes_of_text(text->id),
                                .type = bytes_of_text(text->type),
                                .version = text->version};
    struct value pk = {.type = VALUE_S, .bytes = arena_printf(arena, "users#%s#stream", text->id)};
    struct number sk = number_of_int64((int64_t)text->version);

    order_begin_table(batch, TABLE);
    buffer_append_u32(&key, TABLE);
    key_encode_value(&key, &pk);
    number_encode_key(&key, &sk);
    item_head_print(&value, 100, true, false);
    buffer_printf(&value,
                  "{\"pk\":{\"S\":\"users#%s#stream\"},\"sk\":{\"N\":\"%llu\"},\"log\":{\"S\":"
                  "\"users\"},\"type\":{\"S\":\"%s\"},\"p\":{\"S\":\"",
                  text->id, (unsigned long long)text->version, text->type);
    for (size_t i = 0; i < text->payload_size; i++)
        buffer_append_byte(&value, 'p');
    buffer_append_text(&value, "\"}}");
    work->position = store_batch_position(batch);
    item_head_place(value.ptr, work->position, 17);
    store_batch_put(batch, STORE_ITEMS, buffer_bytes(&key), buffer_bytes(&value));
    assert_int_equal(order_load(&order, TABLE, &event, &run), OK);
    order_put(&order, run, &event, work->position);
    order_store(&order);
    if (text->fails)
        store_batch_fail(batch, IO_ERROR);
}

struct world {
    struct store *store;
    struct test_loop loop;
    struct arena *arena;
};

static inline void open_world(struct world *w)
{
    w->store = test_open(NULL);
    test_loop_open(&w->loop, w->store);
    w->arena = arena_new();
}

static inline void close_world(struct world *w)
{
    arena_free(w->arena);
    test_loop_close(&w->loop);
    store_close(w->store);
}

static inline uint64_t put(struct world *w, const char *id, uint64_t version, size_t payload_size)
{
    struct event_text text = {.id = id,
                              .type = version % 2 != 0 ? "odd" : "even",
                              .version = version,
                              .payload_size = payload_size};
    struct test_work work = {.body = put_event, .context = &text};

    test_submit(&w->loop, &work);
    assert_int_equal(test_finish(&w->loop, &work), OK);
    return work.position;
}

#endif
