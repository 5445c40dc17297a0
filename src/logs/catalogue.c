/* logs/catalogue.c - a group's settings as the store holds them, in STORE_CATALOGUE
 * (docs/format/logs.md). A group in memory is made from these bytes, never changed, and replaced
 * once a change is durable. */
#include "json/json.h"
#include "logs/internal.h"

#define FORMAT 1
#define KEY_PREFIX "log-group/"
#define KEY_END "log-group0" /* '0' follows '/' */

struct bytes log_group_key(struct arena *arena, struct bytes name)
{
    return arena_printf(arena, KEY_PREFIX "%.*s", BYTES_ARG(name));
}

/* ---- writing ---- */

struct bytes log_group_encode(struct arena *arena, const struct log_group_view *view)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(LOG_GROUP_RECORD_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    json_member_int(&w, "format", FORMAT);
    json_member_string(&w, "name", view->name);
    json_member_int(&w, "id", (int64_t)view->id);
    json_member_int(&w, "created", (int64_t)view->created_ms);
    json_member_int(&w, "retentionDays", view->retention_days);
    json_member_string(&w, "kmsKey", view->kms_key);
    json_member_string(&w, "class", view->class);
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

static void read_tags(const struct json *json, struct arena *arena, struct log_group_view *view)
{
    const struct json *tags = json_get(json, "tags");
    struct log_tag *list = ARENA_NEW_ARRAY(arena, json_count(tags), struct log_tag);

    for (struct json_iter it = json_iter(tags); json_next(&it);)
        list[view->tag_count++] =
            (struct log_tag){arena_copy(arena, it.name), arena_copy(arena, json_string(it.value))};
    view->tags = list;
}

static enum status read_view(const struct arn_place *place, struct bytes stored,
                             struct arena *arena, struct log_group_view *view)
{
    const struct json *json = NULL;
    uint64_t format = 0, days = 0;

    if (json_parse(arena, stored, &json, NULL) != OK ||
        !json_uint64(json_get(json, "format"), &format))
        return CORRUPT;
    if (format > FORMAT)
        return NEWER_FORMAT;
    view->name = arena_copy(arena, json_string(json_get(json, "name")));
    view->arn = arn_make(arena, place, "logs", "log-group:%.*s", BYTES_ARG(view->name));
    view->kms_key = arena_copy(arena, json_string(json_get(json, "kmsKey")));
    view->class = arena_copy(arena, json_string(json_get(json, "class")));
    if (view->name.size == 0 || !json_uint64(json_get(json, "id"), &view->id) || view->id == 0 ||
        !json_uint64(json_get(json, "created"), &view->created_ms) ||
        !json_uint64(json_get(json, "retentionDays"), &days) || days > UINT32_MAX)
        return CORRUPT;
    view->retention_days = (uint32_t)days;
    read_tags(json, arena, view);
    return OK;
}

enum status log_group_decode(const struct arn_place *place, struct bytes stored,
                             struct log_group **ret)
{
    struct arena *arena = arena_new();
    struct log_group *group = mem_new(sizeof *group);
    enum status status = OK;

    group->arena = arena;
    status = read_view(place, arena_copy(arena, stored), arena, &group->view);
    if (status != OK) {
        log_group_free(group);
        return status;
    }
    *ret = group;
    return OK;
}

void log_group_free(struct log_group *group)
{
    arena_free(group->arena);
    mem_free(group);
}

enum status logs_catalogue_load(struct logs *logs)
{
    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(logs->options.store, NULL, STORE_CATALOGUE,
                                             BYTES(KEY_PREFIX), BYTES(KEY_END), false);
    struct bytes key, value;

    while (store_iter_next(iter, &key, &value)) {
        struct log_group *group = NULL;
        enum status status = log_group_decode(&logs->place, value, &group);

        if (status != OK)
            return status;
        map_put(&logs->groups, group->view.name, group);
    }
    return store_iter_status(iter);
}
