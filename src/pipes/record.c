/* pipes/record.c - pipes as JSON in STORE_CATALOGUE (docs/format/pipe.md); see internal.h. Members
 * that say nothing are left out. */
#include "pipes/internal.h"

#define FORMAT 1

struct bytes pipe_key(struct arena *arena, struct bytes name)
{
    return arena_printf(arena, PIPE_KEY "%.*s", BYTES_ARG(name));
}

struct bytes pipe_arn(const struct arn_place *place, struct arena *arena, struct bytes name)
{
    return arn_make(arena, place, "pipes", "pipe/%.*s", BYTES_ARG(name));
}

static void member_json(struct json_writer *w, const char *name, struct bytes json)
{
    if (json.size == 0)
        return;
    json_key(w, name);
    json_write_raw(w, json);
}

struct bytes pipe_encode(struct arena *arena, const struct pipe_record *record)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(PIPE_RECORD_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);
    const struct pipe_settings *settings = &record->settings;

    json_begin_object(&w);
    json_member_int(&w, "format", FORMAT);
    json_member_text(&w, "id", record->id);
    json_member_string(&w, "name", settings->name);
    json_member_set(&w, "description", settings->description);
    json_member_string(&w, "role", settings->role_arn);
    json_member_string(&w, "source", settings->source);
    member_json(&w, "sourceParameters", settings->source_parameters);
    json_member_set(&w, "enrichment", settings->enrichment);
    member_json(&w, "enrichmentParameters", settings->enrichment_parameters);
    json_member_string(&w, "target", settings->target);
    member_json(&w, "targetParameters", settings->target_parameters);
    member_json(&w, "logConfiguration", settings->log_configuration);
    json_member_set(&w, "kmsKey", settings->kms_key);
    json_member_bool(&w, "running", settings->running);
    if (record->deleted)
        json_member_bool(&w, "deleted", true);
    json_member_uint(&w, "created", record->created_ms);
    json_member_uint(&w, "modified", record->modified_ms);
    json_key(&w, "tags");
    json_begin_object(&w);
    for (size_t i = 0; i < settings->tag_count; i++) {
        json_key_bytes(&w, settings->tags[i].key);
        json_write_string(&w, settings->tags[i].value);
    }
    json_end_object(&w);
    json_end_object(&w);
    assert(!buffer_failed(&out) && "the limits of a request keep a record small");
    return arena_copy(arena, buffer_bytes(&out));
}

/* ---- reading ---- */

static struct bytes json_text(struct arena *arena, const struct json *value)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(PIPE_RECORD_SIZE_MAX);

    if (!json_is(value, JSON_OBJECT))
        return (struct bytes){NULL, 0};
    json_print(&out, value);
    return arena_copy(arena, buffer_bytes(&out));
}

static void decode_tags(struct arena *arena, const struct json *tags, struct pipe_settings *ret)
{
    struct pipe_tag *list = ARENA_NEW_ARRAY(arena, json_count(tags), struct pipe_tag);

    for (struct json_iter it = json_iter(tags); json_next(&it);)
        list[it.index] = (struct pipe_tag){it.name, json_string(it.value)};
    ret->tags = list;
    ret->tag_count = json_count(tags);
}

static struct pipe_settings decode_settings(struct arena *arena, const struct json *root)
{
    struct pipe_settings settings = {
        .name = json_get_string(root, "name"),
        .description = json_get_string(root, "description"),
        .role_arn = json_get_string(root, "role"),
        .source = json_get_string(root, "source"),
        .enrichment = json_get_string(root, "enrichment"),
        .target = json_get_string(root, "target"),
        .kms_key = json_get_string(root, "kmsKey"),
        .source_parameters = json_text(arena, json_get(root, "sourceParameters")),
        .enrichment_parameters = json_text(arena, json_get(root, "enrichmentParameters")),
        .target_parameters = json_text(arena, json_get(root, "targetParameters")),
        .log_configuration = json_text(arena, json_get(root, "logConfiguration")),
        .running = json_bool(json_get(root, "running")),
    };

    decode_tags(arena, json_get(root, "tags"), &settings);
    return settings;
}

enum status pipe_decode(struct arena *arena, struct bytes stored, struct pipe_record *ret)
{
    const struct json *root = NULL;
    struct bytes id = {NULL, 0};
    int64_t format = 0;

    if (json_parse(arena, arena_copy(arena, stored), &root, NULL) != OK ||
        !json_int64(json_get(root, "format"), &format) || format < 1)
        return CORRUPT;
    if (format > FORMAT)
        return NEWER_FORMAT;
    *ret = (struct pipe_record){
        .settings = decode_settings(arena, root),
        .created_ms = json_get_uint(root, "created", 0),
        .modified_ms = json_get_uint(root, "modified", 0),
        .deleted = json_bool(json_get(root, "deleted")),
    };
    id = json_get_string(root, "id");
    if (id.size != ID_UUID_SIZE - 1 || ret->settings.name.size == 0)
        return CORRUPT;
    memcpy(ret->id, id.ptr, id.size);
    return OK;
}
