/* queues/change.c - CreateQueue, SetQueueAttributes, TagQueue, AddPermission, PurgeQueue,
 * DeleteQueue and what takes back: planned on the loop, written by the writer, and seen once it is
 * durable.
 *
 * They run one after the other: they are rare, and a queue may need another (its dead-letter
 * queue) that the change before makes. */
#include "queues/internal.h"

#define LIST_CHANGE(it) LIST_ITEM(it, struct queue_change, place)

/* ---- names ---- */

static enum status check_name(struct bytes name, bool fifo, struct api_error *error)
{
    struct bytes stem = name;

    if (fifo && bytes_end_with(name, BYTES(".fifo")))
        stem = bytes_slice(name, 0, name.size - strlen(".fifo"));
    if (bytes_are_of(stem, "-_") && name.size <= QUEUE_NAME_SIZE_MAX &&
        (stem.size < name.size) == fifo)
        return OK;
    if (fifo)
        return api_refuse(error, API_INVALID_PARAMETER_VALUE,
                          "The name of a FIFO queue can only include alphanumeric characters, "
                          "hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in "
                          "length.");
    return api_refuse(
        error, API_INVALID_PARAMETER_VALUE,
        "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in "
        "length");
}

/* A name that was given back is taken again after a minute; old ones are forgotten on the way. */
static bool was_deleted_recently(struct queues *queues, struct bytes name)
{
    uint64_t *deleted_ms = map_get(&queues->deleted, name);

    if (deleted_ms == NULL)
        return false;
    if (*deleted_ms + (uint64_t)QUEUE_DELETED_RECENTLY_S * 1000 > queues_now_ms(queues))
        return true;
    mem_free(map_remove(&queues->deleted, name));
    return false;
}

static void forget_deleted(struct queues *queues)
{
    struct bytes name;
    void *value = NULL;

    for (size_t i = 0; map_next(&queues->deleted, &i, &name, &value);) {
        const uint64_t *deleted_ms = value;

        if (*deleted_ms + (uint64_t)QUEUE_DELETED_RECENTLY_S * 1000 <= queues_now_ms(queues)) {
            mem_free(map_remove(&queues->deleted, name));
            return;
        }
    }
}

/* Each pays for more than one old one: they die out. */
static void remember_deleted(struct queues *queues, struct bytes name)
{
    uint64_t *deleted_ms = mem_new(sizeof *deleted_ms);

    forget_deleted(queues);
    forget_deleted(queues);
    *deleted_ms = queues_now_ms(queues);
    mem_free(map_put(&queues->deleted, name, deleted_ms));
}

/* ---- tags ---- */

/* Names and values as AWS allows them; in the order of their names. */
static void put_tag(struct queue_change *change, const struct queue_pair *tag)
{
    struct queue_view *plan = &change->plan;
    struct queue_pair *tags =
        ARENA_NEW_ARRAY(change->arena, plan->tag_count + 1, struct queue_pair);
    size_t count = 0;
    bool put = false;

    for (size_t i = 0; i < plan->tag_count; i++) {
        int order = bytes_compare(plan->tags[i].name, tag->name);

        if (order >= 0 && !put) {
            tags[count++] = *tag;
            put = true;
        }
        if (order != 0)
            tags[count++] = plan->tags[i];
    }
    if (!put)
        tags[count++] = *tag;
    plan->tags = tags;
    plan->tag_count = count;
}

static void remove_tag(struct queue_change *change, struct bytes name)
{
    struct queue_view *plan = &change->plan;
    struct queue_pair *tags = ARENA_NEW_ARRAY(change->arena, plan->tag_count, struct queue_pair);
    size_t count = 0;

    for (size_t i = 0; i < plan->tag_count; i++)
        if (!bytes_equal(plan->tags[i].name, name))
            tags[count++] = plan->tags[i];
    plan->tags = tags;
    plan->tag_count = count;
}

#define TAG_NAME_SIZE_MAX 128
#define TAG_VALUE_SIZE_MAX 256

static enum status put_tags(struct queue_change *change)
{
    for (size_t i = 0; i < change->tag_count; i++) {
        const struct queue_pair *tag = &change->tags[i];

        if (tag->name.size == 0 || tag->name.size > TAG_NAME_SIZE_MAX)
            return api_refuse(&change->error, API_INVALID_PARAMETER_VALUE,
                              "Tag keys must be between 1 and %d characters in length.",
                              TAG_NAME_SIZE_MAX);
        if (tag->value.size > TAG_VALUE_SIZE_MAX)
            return api_refuse(&change->error, API_INVALID_PARAMETER_VALUE,
                              "Tag values must be between 0 and %d characters in length.",
                              TAG_VALUE_SIZE_MAX);
        put_tag(change, tag);
    }
    if (change->plan.tag_count > QUEUE_TAGS_MAX)
        return api_refuse(&change->error, API_INVALID_PARAMETER_VALUE,
                          "Too many tags added for queue %.*s.", BYTES_ARG(change->name));
    return OK;
}

/* ---- attributes ---- */

static bool gives(const struct queue_change *change, const char *name, const char *value)
{
    for (size_t i = 0; i < change->attribute_count; i++)
        if (bytes_equal_text(change->attributes[i].name, name))
            return value != NULL
                       ? bytes_equal_ignore_case(change->attributes[i].value, bytes_of_text(value))
                       : change->attributes[i].value.size > 0;
    return false;
}

/* Throughput by group needs deduplication by group. */
static enum status check_together(struct queue_change *change)
{
    const struct queue_settings *settings = &change->plan.settings;

    if (gives(change, "KmsMasterKeyId", NULL) && gives(change, "SqsManagedSseEnabled", "true"))
        return api_refuse(
            &change->error, API_INVALID_ATTRIBUTE_NAME,
            "You can use one type of server-side encryption (SSE) at one time. You can "
            "either enable KMS SSE or SQS SSE.");
    if (settings->fifo_throughput_limit == 1 && settings->deduplication_scope == 0)
        return api_refuse(&change->error, API_INVALID_ATTRIBUTE_VALUE,
                          "Invalid value for the parameter FifoThroughputLimit. Reason: "
                          "perMessageGroupId is allowed only when the value for DeduplicationScope "
                          "is messageGroup.");
    return OK;
}

static enum status set_attributes(struct queue_change *change, bool creating)
{
    enum status status = OK;

    for (size_t i = 0; status == OK && i < change->attribute_count; i++)
        status = settings_set(&change->plan.settings, change->attributes[i].name,
                              change->attributes[i].value, creating, change->arena, &change->error);
    if (status == OK)
        status = check_together(change);
    if (status == OK && (creating || gives(change, "RedrivePolicy", NULL)))
        status = policy_check_target(change->queues, &change->plan, change->arena, &change->error);
    return status;
}

/* ---- planning, on the loop ---- */

static enum status plan_existing(struct queue_change *change, const struct queue_view *view)
{
    struct bytes name = {NULL, 0};
    enum status status =
        settings_differ(&view->settings, change->attributes, change->attribute_count, change->arena,
                        &change->error, &name);

    if (status != OK)
        return status;
    if (name.size > 0)
        return api_refuse(&change->error, API_QUEUE_NAME_EXISTS,
                          "A queue already exists with the same name and a different value for "
                          "attribute %.*s",
                          BYTES_ARG(name));
    change->nothing = true;
    return OK;
}

static enum status plan_create(struct queue_change *change)
{
    struct queues *queues = change->queues;
    bool fifo = gives(change, "FifoQueue", "true");
    const struct queue_view *view = queues_find(queues, change->name);
    enum status status = check_name(change->name, fifo, &change->error);

    if (view != NULL && (status == OK || view->settings.fifo))
        return plan_existing(change, view);
    if (status != OK)
        return status;
    if (was_deleted_recently(queues, change->name))
        return api_refuse(&change->error, API_QUEUE_DELETED_RECENTLY,
                          "You must wait %d seconds after deleting a queue before you can create "
                          "another with the same name.",
                          QUEUE_DELETED_RECENTLY_S);
    if (queues->lanes.count >= QUEUE_COUNT_MAX)
        return api_refuse(&change->error, API_OVER_LIMIT, "dynlog holds %d queues at most.",
                          QUEUE_COUNT_MAX);
    change->plan = (struct queue_view){
        .name = change->name,
        .arn = queue_arn(change->arena, &queues->place, change->name),
        .created_ms = queues_now_ms(queues),
        .modified_ms = queues_now_ms(queues),
    };
    settings_init(&change->plan.settings, fifo);
    status = set_attributes(change, true);
    return status == OK ? put_tags(change) : status;
}

static enum status plan_purge(struct queue_change *change, struct lane *lane)
{
    uint64_t now_ms = queues_now_ms(change->queues);

    if (lane->was_purged && lane->purged_ms + (uint64_t)QUEUE_PURGE_INTERVAL_S * 1000 > now_ms)
        return api_refuse(&change->error, API_PURGE_QUEUE_IN_PROGRESS,
                          "Only one PurgeQueue operation on %.*s is allowed every %d seconds.",
                          BYTES_ARG(change->name), QUEUE_PURGE_INTERVAL_S);
    return OK;
}

static enum status plan_other(struct queue_change *change, struct lane *lane)
{
    enum status status = OK;

    switch (change->kind) {
    case QUEUE_CREATE:
    case QUEUE_DELETE:
        break;
    case QUEUE_SET:
        status = set_attributes(change, false);
        break;
    case QUEUE_PURGE:
        status = plan_purge(change, lane);
        break;
    case QUEUE_TAG:
        status = put_tags(change);
        break;
    case QUEUE_UNTAG:
        for (size_t i = 0; i < change->tag_count; i++)
            remove_tag(change, change->tags[i].name);
        break;
    case QUEUE_ADD_PERMISSION:
        status =
            policy_add_permission(&change->plan, change, &change->queues->place, &change->error);
        break;
    case QUEUE_REMOVE_PERMISSION:
        status = policy_remove_permission(&change->plan, change, &change->error);
        break;
    }
    return status;
}

static bool modifies(enum queue_change_kind kind)
{
    return kind == QUEUE_SET || kind == QUEUE_ADD_PERMISSION || kind == QUEUE_REMOVE_PERMISSION;
}

static enum status plan(struct queue_change *change)
{
    struct lane *lane = NULL;

    if (change->kind == QUEUE_CREATE)
        return plan_create(change);
    lane = lane_find(change->queues, change->name);
    if (lane == NULL)
        return queue_refuse_missing(&change->error);
    change->before = queue_ref(lane->queue);
    change->plan = lane->queue->view;
    if (modifies(change->kind))
        change->plan.modified_ms = queues_now_ms(change->queues);
    return plan_other(change, lane);
}

/* ---- writing ---- */

static void delete_range(struct store_batch *batch, uint64_t id, enum key_kind from,
                         enum key_kind to)
{
    struct key first = key_of_kind(id, from), behind = key_of_kind(id, to);

    store_batch_delete_range(batch, STORE_QUEUES, key_bytes(&first), key_bytes(&behind));
}

static void put_counts(struct store_batch *batch, uint64_t id)
{
    AUTO(buffer_free) struct buffer value = BUFFER_INIT(64);
    struct counts none = {.messages = 0};
    struct key key = key_of_kind(id, KEY_COUNTS);

    counts_encode(&value, &none);
    store_batch_put(batch, STORE_QUEUES, key_bytes(&key), buffer_bytes(&value));
}

static void put_queue(struct store_batch *batch, struct queue_change *change)
{
    change->stored = catalogue_encode_queue(change->arena, &change->plan);
    assert(change->stored.size > 0 && "attributes and tags have limits");
    store_batch_put(batch, STORE_CATALOGUE, catalogue_queue_key(change->arena, change->name),
                    change->stored);
}

static void write_change(struct store_batch *batch, struct store_work *work)
{
    struct queue_change *change = CONTAINER_OF(work, struct queue_change, work);

    switch (change->kind) {
    case QUEUE_CREATE:
        change->plan.id = store_batch_position(batch); /* never given again */
        put_queue(batch, change);
        put_counts(batch, change->plan.id);
        break;
    case QUEUE_DELETE:
        store_batch_delete(batch, STORE_CATALOGUE,
                           catalogue_queue_key(change->arena, change->name));
        delete_range(batch, change->plan.id, (enum key_kind)0, (enum key_kind)UINT8_MAX);
        break;
    case QUEUE_PURGE:
        delete_range(batch, change->plan.id, KEY_FIRST_OF_MESSAGES, KEY_BEHIND);
        put_counts(batch, change->plan.id);
        break;
    case QUEUE_SET:
    case QUEUE_TAG:
    case QUEUE_UNTAG:
    case QUEUE_ADD_PERMISSION:
    case QUEUE_REMOVE_PERMISSION:
        put_queue(batch, change);
        break;
    }
}

/* ---- once it is durable ---- */

static struct queue *decode(struct queue_change *change, struct fronts *fronts)
{
    struct queue *queue = NULL;
    enum status status =
        catalogue_decode_queue(&change->queues->place, change->stored, fronts, &queue);

    assert(status == OK && "what was checked and encoded is understood");
    return queue;
}

static void apply(struct queue_change *change)
{
    struct queues *queues = change->queues;
    struct lane *lane = lane_find(queues, change->name);

    switch (change->kind) {
    case QUEUE_CREATE:
        lane_new(queues, decode(change, NULL));
        break;
    case QUEUE_DELETE:
        remember_deleted(queues, change->name);
        pthread_mutex_lock(&queues->mutex);
        map_remove(&queues->lanes, change->name);
        pthread_mutex_unlock(&queues->mutex);
        lane_delete(lane);
        break;
    case QUEUE_PURGE:
        lane->was_purged = true;
        lane->purged_ms = queues_now_ms(queues);
        break;
    case QUEUE_SET:
    case QUEUE_TAG:
    case QUEUE_UNTAG:
    case QUEUE_ADD_PERMISSION:
    case QUEUE_REMOVE_PERMISSION:
        lane_replace(lane, decode(change, lane->queue->fronts));
        break;
    }
}

static void tell_listeners(const struct queues *queues, const struct queue_change *change)
{
    const struct queue_view *queue = queues_find(queues, change->name);

    LIST_EACH (&queues->listeners, it) {
        struct queue_listener *listener = LIST_ITEM(it, struct queue_listener, place);

        listener->made(listener, queue);
    }
}

static void begin_next(struct queues *queues);

/* done() may come back with new changes, or free the one that it is told of. */
static void end(struct queue_change *change, enum status status)
{
    struct queues *queues = change->queues;

    list_remove(&change->place);
    queue_unref(change->before);
    change->before = NULL;
    queues->changing = false;
    change->done(change, status);
    begin_next(queues);
    if (list_empty(&queues->changes) && queues->options.changed != NULL)
        queues->options.changed(queues->options.context);
}

static void change_written(struct store_work *work, enum status status)
{
    struct queue_change *change = CONTAINER_OF(work, struct queue_change, work);

    if (status == OK)
        apply(change);
    if (status == OK && change->kind == QUEUE_CREATE)
        tell_listeners(change->queues, change);
    end(change, status);
}

static void begin_next(struct queues *queues)
{
    if (queues->changing || list_empty(&queues->changes))
        return;

    struct queue_change *change = LIST_CHANGE(queues->changes.next);
    enum status status = OK;

    queues->changing = true;
    status = plan(change);
    if (status != OK || change->nothing) {
        end(change, status);
        return;
    }
    change->work = (struct store_work){.run = write_change, .done = change_written};
    store_submit(queues->options.store, queues->options.port, &change->work);
}

void queues_change(struct queues *queues, struct queue_change *change)
{
    change->queues = queues;
    change->before = NULL;
    change->nothing = false;
    change->error = (struct api_error){.kind = API_NO_ERROR};
    list_append(&queues->changes, &change->place);
    begin_next(queues);
}
