/* schedule/record.c - schedules, groups and rules' times as JSON in the store
 * (docs/format/schedule.md); see internal.h. Members that say nothing are left out. */
#include "schedule/internal.h"

#define FORMAT 1 /* of all of them */

/* ---- writing ---- */

static void member_time(struct json_writer *w, const char *name, uint64_t time_ms)
{
    if (time_ms > 0 && time_ms != SCHEDULE_NEVER)
        json_member_uint(w, name, time_ms);
}

static struct bytes take(struct arena *arena, const struct buffer *buffer)
{
    assert(!buffer_failed(buffer) && "the limits of names and inputs keep a record small");
    return arena_copy(arena, buffer_bytes(buffer));
}

static void encode_target(struct json_writer *w, const struct schedule_target *target)
{
    json_key(w, "target");
    json_begin_object(w);
    json_member_string(w, "arn", target->arn);
    json_member_set(w, "role", target->role_arn);
    json_member_set(w, "input", target->input);
    json_member_set(w, "deadLetter", target->dead_letter_arn);
    json_member_set(w, "messageGroup", target->message_group_id);
    json_member_set(w, "detailType", target->detail_type);
    json_member_set(w, "source", target->source);
    json_member_int(w, "retryAttempts", target->retry_attempts);
    json_member_int(w, "eventAge", target->event_age_s);
    json_end_object(w);
}

struct bytes schedule_encode(struct arena *arena, const struct schedule_record *record)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(SCHEDULE_RECORD_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);
    const struct schedule_view *view = &record->view;
    const struct schedule_settings *settings = &view->settings;

    json_begin_object(&w);
    json_member_int(&w, "format", FORMAT);
    json_member_uint(&w, "revision", record->revision);
    json_member_string(&w, "group", settings->group);
    json_member_string(&w, "name", settings->name);
    json_member_set(&w, "description", settings->description);
    json_member_string(&w, "expression", settings->expression);
    json_member_set(&w, "timezone", settings->timezone);
    json_member_set(&w, "kmsKey", settings->kms_key_arn);
    member_time(&w, "start", settings->start_ms);
    member_time(&w, "end", settings->end_ms);
    if (settings->window_minutes > 0)
        json_member_int(&w, "window", settings->window_minutes);
    json_member_bool(&w, "enabled", settings->enabled);
    json_member_bool(&w, "deleteAfter", settings->delete_after);
    encode_target(&w, &settings->target);
    json_member_uint(&w, "created", view->created_ms);
    json_member_uint(&w, "modified", view->modified_ms);
    member_time(&w, "first", record->first_ms);
    member_time(&w, "due", view->due_ms);
    json_end_object(&w);
    return take(arena, &out);
}

struct bytes schedule_group_encode(struct arena *arena, const struct schedule_group_view *group)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(SCHEDULE_RECORD_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    json_member_int(&w, "format", FORMAT);
    json_member_string(&w, "name", group->name);
    member_time(&w, "created", group->created_ms);
    member_time(&w, "modified", group->modified_ms);
    json_key(&w, "tags");
    json_begin_object(&w);
    for (size_t i = 0; i < group->tag_count; i++) {
        json_key_bytes(&w, group->tags[i].key);
        json_write_string(&w, group->tags[i].value);
    }
    json_end_object(&w);
    json_end_object(&w);
    return take(arena, &out);
}

struct bytes rule_encode(struct arena *arena, const struct rule_record *record)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(256);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    json_member_int(&w, "format", FORMAT);
    json_member_uint(&w, "since", record->since_ms);
    json_member_uint(&w, "last", record->last_ms);
    json_end_object(&w);
    return take(arena, &out);
}

/* ---- reading ---- */

static enum status parse_stored(struct arena *arena, struct bytes stored, const struct json **ret)
{
    int64_t format = 0;

    if (json_parse(arena, arena_copy(arena, stored), ret, NULL) != OK ||
        !json_int64(json_get(*ret, "format"), &format) || format < 1)
        return CORRUPT;
    return format > FORMAT ? NEWER_FORMAT : OK;
}

static struct schedule_target decode_target(const struct json *object)
{
    return (struct schedule_target){
        .arn = json_get_string(object, "arn"),
        .role_arn = json_get_string(object, "role"),
        .input = json_get_string(object, "input"),
        .dead_letter_arn = json_get_string(object, "deadLetter"),
        .message_group_id = json_get_string(object, "messageGroup"),
        .detail_type = json_get_string(object, "detailType"),
        .source = json_get_string(object, "source"),
        .retry_attempts = (int32_t)json_get_uint(object, "retryAttempts", SCHEDULE_RETRY_ATTEMPTS),
        .event_age_s = (int32_t)json_get_uint(object, "eventAge", SCHEDULE_EVENT_AGE_S),
    };
}

enum status schedule_decode(const struct arn_place *place, struct arena *arena, struct bytes stored,
                            struct schedule_record *ret)
{
    const struct json *root = NULL;
    enum status st = parse_stored(arena, stored, &root);

    if (st != OK)
        return st;
    *ret = (struct schedule_record){
        .revision = json_get_uint(root, "revision", 0),
        .first_ms = json_get_uint(root, "first", 0),
        .view = {.created_ms = json_get_uint(root, "created", 0),
                 .modified_ms = json_get_uint(root, "modified", 0),
                 .due_ms = json_get_uint(root, "due", SCHEDULE_NEVER),
                 .settings = {.group = json_get_string(root, "group"),
                              .name = json_get_string(root, "name"),
                              .description = json_get_string(root, "description"),
                              .expression = json_get_string(root, "expression"),
                              .timezone = json_get_string(root, "timezone"),
                              .kms_key_arn = json_get_string(root, "kmsKey"),
                              .start_ms = json_get_uint(root, "start", 0),
                              .end_ms = json_get_uint(root, "end", 0),
                              .window_minutes = (uint32_t)json_get_uint(root, "window", 0),
                              .enabled = json_bool(json_get(root, "enabled")),
                              .delete_after = json_bool(json_get(root, "deleteAfter")),
                              .target = decode_target(json_get(root, "target"))}},
    };
    const struct schedule_settings *settings = &ret->view.settings;

    ret->view.arn = arn_make(arena, place, "scheduler", "schedule/%.*s/%.*s",
                             BYTES_ARG(settings->group), BYTES_ARG(settings->name));
    return settings->group.size > 0 && settings->name.size > 0 ? OK : CORRUPT;
}

struct bytes schedule_group_arn(const struct arn_place *place, struct arena *arena,
                                struct bytes name)
{
    return arn_make(arena, place, "scheduler", "schedule-group/%.*s", BYTES_ARG(name));
}

enum status schedule_group_decode(const struct arn_place *place, struct arena *arena,
                                  struct bytes stored, struct schedule_group_view *ret)
{
    const struct json *root = NULL;
    enum status st = parse_stored(arena, stored, &root);

    if (st != OK)
        return st;
    const struct json *tags = json_get(root, "tags");
    struct schedule_tag *list = ARENA_NEW_ARRAY(arena, json_count(tags), struct schedule_tag);

    for (struct json_iter it = json_iter(tags); json_next(&it);)
        list[it.index] = (struct schedule_tag){it.name, json_string(it.value)};
    *ret = (struct schedule_group_view){
        .name = json_get_string(root, "name"),
        .created_ms = json_get_uint(root, "created", 0),
        .modified_ms = json_get_uint(root, "modified", 0),
        .tags = list,
        .tag_count = json_count(tags),
    };
    ret->arn = schedule_group_arn(place, arena, ret->name);
    return ret->name.size > 0 ? OK : CORRUPT;
}

enum status rule_decode(struct arena *arena, struct bytes stored, struct rule_record *ret)
{
    const struct json *root = NULL;
    enum status st = parse_stored(arena, stored, &root);

    if (st == OK)
        *ret =
            (struct rule_record){json_get_uint(root, "since", 0), json_get_uint(root, "last", 0)};
    return st;
}
