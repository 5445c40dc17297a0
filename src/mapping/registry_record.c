/* mapping/registry_record.c - a mapping that a client made, as the store holds it
 * (docs/format/mapping.md): JSON in STORE_CATALOGUE under mapping/UUID. */
#include "mapping/registry_private.h"

#define FORMAT 1

static const char *const views[] = {"KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"};

struct bytes mapping_registry_record_key(struct arena *arena, struct bytes uuid)
{
    return arena_printf(arena, REGISTRY_KEY_PREFIX "%.*s", BYTES_ARG(uuid));
}

/* ---- writing ---- */

static void write_stream(struct json_writer *w, const struct mapping_settings *settings)
{
    json_member_uint(w, "stream", settings->stream_id);
    json_member_text(w, "view", settings->view);
    json_member_bool(w, "trimHorizon", settings->trim_horizon);
    json_member_uint(w, "parallelizationFactor", settings->parallelization_factor);
    json_member_bool(w, "bisectOnError", settings->bisect_on_error);
    json_member_int(w, "maximumRetryAttempts", settings->maximum_retry_attempts);
    json_member_int(w, "maximumRecordAge", settings->maximum_record_age_s);
    json_member_uint(w, "tumblingWindow", settings->tumbling_window_s);
    json_member_set(w, "onFailure", settings->on_failure_arn);
}

static void write_settings(struct json_writer *w, const struct mapping_settings *settings)
{
    json_member_string(w, "function", settings->function_name);
    json_member_string(w, "source", settings->source_arn);
    json_member_bool(w, "enabled", settings->enabled);
    json_member_uint(w, "batchSize", settings->batch_size);
    json_member_uint(w, "batchWindow", settings->batch_window_s);
    json_member_bool(w, "reportBatchItemFailures", settings->report_batch_item_failures);
    json_key(w, "filters");
    json_begin_array(w);
    for (size_t i = 0; i < settings->filter_count; i++)
        json_write_string(w, settings->filters[i]);
    json_end_array(w);
    if (settings->source == MAPPING_OF_STREAM)
        write_stream(w, settings);
    else
        json_member_uint(w, "maximumConcurrency", settings->maximum_concurrency);
}

struct bytes mapping_registry_record_encode(struct arena *arena,
                                            const struct mapping_registry_record *record)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(REGISTRY_RECORD_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    json_member_int(&w, "format", FORMAT);
    json_member_string(&w, "uuid", record->uuid);
    json_member_uint(&w, "modified", record->modified_ms);
    if (record->deleting)
        json_member_bool(&w, "deleting", true);
    write_settings(&w, &record->settings);
    json_key(&w, "tags");
    json_begin_object(&w);
    for (size_t i = 0; i < record->tag_count; i++) {
        json_key_bytes(&w, record->tags[i].name);
        json_write_string(&w, record->tags[i].value);
    }
    json_end_object(&w);
    json_end_object(&w);
    assert(!buffer_failed(&out) && "filters and tags have limits");
    return arena_copy(arena, buffer_bytes(&out));
}

/* ---- reading ---- */

static bool read_uint32(const struct json *json, const char *name, uint32_t *ret)
{
    uint64_t value = 0;

    if (!json_uint64(json_get(json, name), &value) || value > UINT32_MAX)
        return false;
    *ret = (uint32_t)value;
    return true;
}

static bool read_int32(const struct json *json, const char *name, int32_t *ret)
{
    int64_t value = 0;

    if (!json_int64(json_get(json, name), &value) || value < INT32_MIN || value > INT32_MAX)
        return false;
    *ret = (int32_t)value;
    return true;
}

static bool read_stream(const struct json *json, struct arena *arena,
                        struct mapping_settings *settings)
{
    struct bytes view = json_get_string(json, "view");

    for (size_t i = 0; i < ARRAY_COUNT(views); i++)
        if (bytes_equal_text(view, views[i]))
            settings->view = views[i];
    settings->trim_horizon = json_bool(json_get(json, "trimHorizon"));
    settings->bisect_on_error = json_bool(json_get(json, "bisectOnError"));
    settings->on_failure_arn = arena_copy(arena, json_get_string(json, "onFailure"));
    return settings->view != NULL && read_uint32(json, "stream", &settings->stream_id) &&
           read_uint32(json, "parallelizationFactor", &settings->parallelization_factor) &&
           read_int32(json, "maximumRetryAttempts", &settings->maximum_retry_attempts) &&
           read_int32(json, "maximumRecordAge", &settings->maximum_record_age_s) &&
           read_uint32(json, "tumblingWindow", &settings->tumbling_window_s);
}

static void read_filters(const struct json *json, struct arena *arena,
                         struct mapping_settings *settings)
{
    const struct json *list = json_get(json, "filters");
    struct bytes *filters = ARENA_NEW_ARRAY(arena, json_count(list), struct bytes);

    for (struct json_iter it = json_iter(list); json_next(&it);)
        filters[settings->filter_count++] = arena_copy(arena, json_string(it.value));
    settings->filters = filters;
}

static bool read_settings(const struct json *json, struct arena *arena,
                          struct mapping_settings *settings)
{
    struct arn arn;

    *settings = (struct mapping_settings){
        .function_name = arena_copy(arena, json_get_string(json, "function")),
        .source_arn = arena_copy(arena, json_get_string(json, "source")),
        .enabled = json_bool(json_get(json, "enabled")),
        .report_batch_item_failures = json_bool(json_get(json, "reportBatchItemFailures")),
        .maximum_retry_attempts = -1,
        .maximum_record_age_s = -1,
    };
    if (settings->function_name.size == 0 || !arn_parse(settings->source_arn, &arn) ||
        !read_uint32(json, "batchSize", &settings->batch_size) ||
        !read_uint32(json, "batchWindow", &settings->batch_window_s))
        return false;
    read_filters(json, arena, settings);
    settings->source = bytes_equal_text(arn.service, "sqs") ? MAPPING_OF_QUEUE : MAPPING_OF_STREAM;
    return settings->source == MAPPING_OF_STREAM
               ? read_stream(json, arena, settings)
               : read_uint32(json, "maximumConcurrency", &settings->maximum_concurrency);
}

static void read_tags(const struct json *json, struct arena *arena,
                      struct mapping_registry_record *record)
{
    const struct json *tags = json_get(json, "tags");
    struct mapping_registry_tag *list =
        ARENA_NEW_ARRAY(arena, json_count(tags), struct mapping_registry_tag);

    for (struct json_iter it = json_iter(tags); json_next(&it);)
        list[record->tag_count++] = (struct mapping_registry_tag){
            arena_copy(arena, it.name), arena_copy(arena, json_string(it.value))};
    record->tags = list;
}

enum status mapping_registry_record_decode(struct bytes stored, struct arena *arena,
                                           struct mapping_registry_record *ret)
{
    const struct json *json = NULL;
    uint64_t format = 0;

    *ret = (struct mapping_registry_record){.uuid = {NULL, 0}};
    if (json_parse(arena, stored, &json, NULL) != OK ||
        !json_uint64(json_get(json, "format"), &format))
        return CORRUPT;
    if (format > FORMAT)
        return NEWER_FORMAT;
    ret->uuid = arena_copy(arena, json_get_string(json, "uuid"));
    ret->deleting = json_bool(json_get(json, "deleting"));
    if (ret->uuid.size != ID_UUID_SIZE - 1 ||
        !json_uint64(json_get(json, "modified"), &ret->modified_ms) ||
        !read_settings(json, arena, &ret->settings))
        return CORRUPT;
    read_tags(json, arena, ret);
    return OK;
}
