/* logs/change.c - CreateLogGroup, DeleteLogGroup, PutRetentionPolicy, TagResource and what takes
 * back: planned on the loop, written by the writer, and seen once it is durable. They run one after
 * the other: they are rare. */
#include "logs/internal.h"

#define LIST_CHANGE(it) LIST_ITEM(it, struct log_change, place)

/* ---- tags, in the order of their names ---- */

static void put_tag(struct log_change *change, const struct log_tag *tag)
{
    struct log_group_view *plan = &change->plan;
    struct log_tag *tags = ARENA_NEW_ARRAY(change->arena, plan->tag_count + 1, struct log_tag);
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

static void remove_tag(struct log_change *change, struct bytes name)
{
    struct log_group_view *plan = &change->plan;
    struct log_tag *tags = ARENA_NEW_ARRAY(change->arena, plan->tag_count, struct log_tag);
    size_t count = 0;

    for (size_t i = 0; i < plan->tag_count; i++)
        if (!bytes_equal(plan->tags[i].name, name))
            tags[count++] = plan->tags[i];
    plan->tags = tags;
    plan->tag_count = count;
}

static enum status put_tags(struct log_change *change)
{
    for (size_t i = 0; i < change->tag_count; i++)
        put_tag(change, &change->tags[i]);
    if (change->plan.tag_count <= LOG_TAGS_MAX)
        return OK;
    if (change->kind == LOG_TAG_GROUP)
        return api_refuse(&change->error, API_TOO_MANY_TAGS,
                          "A resource can have no more than %d tags.", LOG_TAGS_MAX);
    return api_invalid(&change->error, "A resource can have no more than %d tags.", LOG_TAGS_MAX);
}

/* ---- planning, on the loop ---- */

static enum status plan_create(struct log_change *change)
{
    struct logs *logs = change->logs;

    if (logs_find(logs, change->name) != NULL)
        return api_refuse(&change->error, API_RESOURCE_ALREADY_EXISTS,
                          "The specified log group already exists");
    if (logs->groups.count >= LOG_GROUPS_MAX)
        return api_refuse(&change->error, API_LIMIT_EXCEEDED, "dynlog holds %d log groups at most.",
                          LOG_GROUPS_MAX);
    change->plan = (struct log_group_view){
        .name = change->name,
        .created_ms = logs_now_ms(logs),
        .kms_key = change->kms_key,
        .class = change->class.size > 0 ? change->class : BYTES("STANDARD"),
    };
    return put_tags(change);
}

static enum status plan(struct log_change *change)
{
    const struct log_group_view *view = logs_find(change->logs, change->name);
    enum status status = OK;

    if (change->kind == LOG_CREATE_GROUP)
        return plan_create(change);
    if (view == NULL)
        return log_refuse_group(&change->error);
    change->plan = *view;
    switch (change->kind) {
    case LOG_CREATE_GROUP:
    case LOG_DELETE_GROUP:
        break;
    case LOG_SET_RETENTION:
        change->plan.retention_days = change->retention_days;
        break;
    case LOG_TAG_GROUP:
        status = put_tags(change);
        break;
    case LOG_UNTAG_GROUP:
        for (size_t i = 0; i < change->tag_count; i++)
            remove_tag(change, change->tags[i].name);
        break;
    }
    return status;
}

/* ---- writing ---- */

static void put_group(struct store_batch *batch, struct log_change *change)
{
    change->stored = log_group_encode(change->arena, &change->plan);
    assert(change->stored.size > 0 && "names and tags have limits");
    store_batch_put(batch, STORE_CATALOGUE, log_group_key(change->arena, change->name),
                    change->stored);
}

static void put_figures(struct store_batch *batch, uint64_t id)
{
    AUTO(buffer_free) struct buffer value = BUFFER_INIT(64);
    struct log_figures none = {.events = 0};
    struct log_key key;

    log_key_kind(&key, id, LOG_KEY_FIGURES);
    log_figures_encode(&value, &none);
    store_batch_put(batch, STORE_LOGS, log_key_bytes(&key), buffer_bytes(&value));
}

/* Streams, events and figures: all in one range, and in this batch. */
static void delete_group(struct store_batch *batch, struct log_change *change)
{
    struct log_key first, behind;

    log_key_kind(&first, change->plan.id, (enum log_key_kind)0);
    log_key_kind(&behind, change->plan.id, LOG_KEY_BEHIND);
    store_batch_delete(batch, STORE_CATALOGUE, log_group_key(change->arena, change->name));
    store_batch_delete_range(batch, STORE_LOGS, log_key_bytes(&first), log_key_bytes(&behind));
}

static void write_change(struct store_batch *batch, struct store_work *work)
{
    struct log_change *change = CONTAINER_OF(work, struct log_change, work);

    switch (change->kind) {
    case LOG_CREATE_GROUP:
        change->plan.id = store_batch_position(batch); /* never given again */
        put_group(batch, change);
        put_figures(batch, change->plan.id);
        break;
    case LOG_DELETE_GROUP:
        delete_group(batch, change);
        break;
    case LOG_SET_RETENTION:
    case LOG_TAG_GROUP:
    case LOG_UNTAG_GROUP:
        put_group(batch, change);
        break;
    }
}

/* ---- once it is durable ---- */

/* new NULL: the group is gone. */
static void replace(struct logs *logs, struct bytes name, struct log_group *new)
{
    struct log_group *old = NULL;

    pthread_mutex_lock(&logs->mutex);
    old = new != NULL ? map_put(&logs->groups, name, new) : map_remove(&logs->groups, name);
    pthread_mutex_unlock(&logs->mutex);
    if (old != NULL)
        log_group_free(old);
}

static void apply(struct log_change *change)
{
    struct logs *logs = change->logs;
    struct log_group *group = NULL;
    enum status status = OK;

    if (change->kind != LOG_DELETE_GROUP)
        status = log_group_decode(&logs->place, change->stored, &group);
    assert(status == OK && "what was encoded is understood");
    replace(logs, change->name, group);
    if (change->kind == LOG_SET_RETENTION)
        sweep_group(logs, group);
    sweep_schedule(logs);
}

static void begin_next(struct logs *logs);

/* done() may come back with new changes, or free the one that it is told of. */
static void end(struct log_change *change, enum status status)
{
    struct logs *logs = change->logs;

    list_remove(&change->place);
    logs->changing = false;
    change->done(change, status);
    begin_next(logs);
    logs_told(logs);
}

static void change_written(struct store_work *work, enum status status)
{
    struct log_change *change = CONTAINER_OF(work, struct log_change, work);
    struct logs *logs = change->logs;

    if (status == OK)
        apply(change);
    logs->works--;
    end(change, status);
}

static void begin_next(struct logs *logs)
{
    if (logs->changing || list_empty(&logs->changes))
        return;

    struct log_change *change = LIST_CHANGE(logs->changes.next);
    enum status status = OK;

    logs->changing = true;
    status = plan(change);
    if (status != OK) {
        end(change, status);
        return;
    }
    change->work = (struct store_work){.run = write_change, .done = change_written};
    logs_submit(logs, &change->work);
}

void logs_change(struct logs *logs, struct log_change *change)
{
    change->logs = logs;
    change->error = (struct api_error){.kind = API_NO_ERROR};
    list_append(&logs->changes, &change->place);
    begin_next(logs);
}
