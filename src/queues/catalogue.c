/* queues/catalogue.c - a queue's settings as the store holds them, in STORE_CATALOGUE
 * (docs/format/queue.md), and the snapshots that everybody works with.
 *
 * The store is the truth. A snapshot is made from the bytes that it holds, never changes, and is
 * replaced once a change is durable; it lives until its last reference. */
#include "json/json.h"
#include "queues/internal.h"

#include <stdlib.h>

#define FORMAT 1
#define KEY_PREFIX "queue/"
#define KEY_END "queue0" /* '0' follows '/' */

/* ---- snapshots ---- */

struct queue *queue_ref(struct queue *queue)
{
    atomic_fetch_add_explicit(&queue->references, 1, memory_order_relaxed);
    return queue;
}

static void fronts_unref(struct fronts *fronts)
{
    if (atomic_fetch_sub_explicit(&fronts->references, 1, memory_order_acq_rel) == 1)
        mem_free(fronts);
}

static struct fronts *fronts_ref(struct fronts *fronts)
{
    if (fronts == NULL) {
        fronts = mem_new(sizeof *fronts);
        atomic_init(&fronts->references, 1);
    } else {
        atomic_fetch_add_explicit(&fronts->references, 1, memory_order_relaxed);
    }
    return fronts;
}

void queue_unref(struct queue *queue)
{
    if (queue == NULL ||
        atomic_fetch_sub_explicit(&queue->references, 1, memory_order_acq_rel) != 1)
        return;
    fronts_unref(queue->fronts);
    arena_free(queue->arena);
    mem_free(queue);
}

/* ---- writing ---- */

struct bytes catalogue_queue_key(struct arena *arena, struct bytes name)
{
    return arena_printf(arena, KEY_PREFIX "%.*s", BYTES_ARG(name));
}

static void write_settings(struct json_writer *w, struct arena *arena,
                           const struct queue_settings *settings)
{
    struct queue_pair pair;

    json_key(w, "attributes");
    json_begin_object(w);
    for (size_t i = 0; settings_at(settings, i, arena, &pair); i++) {
        json_key_bytes(w, pair.name);
        json_write_string(w, pair.value);
    }
    json_end_object(w);
}

struct bytes catalogue_encode_queue(struct arena *arena, const struct queue_view *view)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(QUEUE_RECORD_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    json_member_int(&w, "format", FORMAT);
    json_member_string(&w, "name", view->name);
    json_member_int(&w, "id", (int64_t)view->id);
    json_member_int(&w, "created", (int64_t)view->created_ms);
    json_member_int(&w, "modified", (int64_t)view->modified_ms);
    write_settings(&w, arena, &view->settings);
    json_key(&w, "tags");
    json_begin_object(&w);
    for (size_t i = 0; i < view->tag_count; i++) {
        json_key_bytes(&w, view->tags[i].name);
        json_write_string(&w, view->tags[i].value);
    }
    json_end_object(&w);
    json_end_object(&w);
    return buffer_failed(&out) ? (struct bytes){NULL, 0} : arena_copy(arena, buffer_bytes(&out));
}

/* ---- reading ---- */

/* FifoQueue first: the others' meaning hangs on it. */
static enum status read_settings(const struct json *json, struct arena *arena,
                                 struct queue_settings *ret)
{
    const struct json *attributes = json_get(json, "attributes");
    struct api_error *error = ARENA_NEW(arena, struct api_error);

    if (!json_is(attributes, JSON_OBJECT))
        return CORRUPT;
    settings_init(ret, bytes_equal_text(json_string(json_get(attributes, "FifoQueue")), "true"));
    for (struct json_iter it = json_iter(attributes); json_next(&it);)
        if (settings_set(ret, it.name, json_string(it.value), true, arena, error) != OK &&
            queue_attribute_is_known(it.name))
            return CORRUPT;
    return OK;
}

static void read_tags(const struct json *json, struct arena *arena, struct queue_view *view)
{
    const struct json *tags = json_get(json, "tags");
    struct queue_pair *list = ARENA_NEW_ARRAY(arena, json_count(tags), struct queue_pair);

    for (struct json_iter it = json_iter(tags); json_next(&it);)
        list[view->tag_count++] = (struct queue_pair){arena_copy(arena, it.name),
                                                      arena_copy(arena, json_string(it.value))};
    view->tags = list;
}

static enum status read_view(const struct arn_place *place, struct bytes stored,
                             struct arena *arena, struct queue_view *view)
{
    const struct json *json = NULL;
    uint64_t format = 0;
    enum status status = OK;

    if (json_parse(arena, stored, &json, NULL) != OK ||
        !json_uint64(json_get(json, "format"), &format))
        return CORRUPT;
    if (format > FORMAT)
        return NEWER_FORMAT;
    view->name = arena_copy(arena, json_string(json_get(json, "name")));
    view->arn = queue_arn(arena, place, view->name);
    if (view->name.size == 0 || !json_uint64(json_get(json, "id"), &view->id) ||
        !json_uint64(json_get(json, "created"), &view->created_ms) ||
        !json_uint64(json_get(json, "modified"), &view->modified_ms))
        return CORRUPT;
    status = read_settings(json, arena, &view->settings);
    if (status == OK)
        read_tags(json, arena, view);
    return status;
}

enum status catalogue_decode_queue(const struct arn_place *place, struct bytes stored,
                                   struct fronts *fronts, struct queue **ret)
{
    struct arena *arena = arena_new();
    struct queue *queue = mem_new(sizeof *queue);
    enum status status = OK;

    atomic_init(&queue->references, 1);
    queue->arena = arena;
    queue->fronts = fronts_ref(fronts);
    status = read_view(place, arena_copy(arena, stored), arena, &queue->view);
    if (status != OK) {
        queue_unref(queue);
        return status;
    }
    *ret = queue;
    return OK;
}

enum status queue_catalogue_load(struct queues *queues)
{
    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(queues->options.store, NULL, STORE_CATALOGUE,
                                             BYTES(KEY_PREFIX), BYTES(KEY_END), false);
    struct bytes key, value;

    while (store_iter_next(iter, &key, &value)) {
        struct queue *queue = NULL;
        enum status status = catalogue_decode_queue(&queues->place, value, NULL, &queue);

        if (status != OK)
            return status;
        lane_due(lane_new(queues, queue), 0); /* what became due while nobody looked */
    }
    return store_iter_status(iter);
}
