/* functions/record.c - see record.h. */
#include "functions/record.h"

#define RECORD_FORMAT 1
#define KEY_PREFIX "function/"

struct bytes function_record_key(struct arena *arena, struct bytes name)
{
    return arena_printf(arena, KEY_PREFIX "%.*s", BYTES_ARG(name));
}

/* ---- versions ---- */

struct bytes function_version_text(struct arena *arena, uint64_t version)
{
    return version == 0 ? BYTES("$LATEST")
                        : arena_printf(arena, "%llu", (unsigned long long)version);
}

bool function_version_of(struct bytes qualifier, uint64_t *ret)
{
    if (bytes_equal_text(qualifier, "$LATEST")) {
        *ret = 0;
        return true;
    }
    for (size_t i = 0; i < qualifier.size; i++)
        if (qualifier.ptr[i] < '0' || qualifier.ptr[i] > '9')
            return false;
    return qualifier.size > 0 && qualifier.ptr[0] != '0' && bytes_to_uint64(qualifier, ret);
}

const struct function_configuration *
function_record_configuration(const struct function_record *record, uint64_t version)
{
    for (size_t i = 0; i < record->configuration_count; i++)
        if (record->configurations[i].version == version)
            return &record->configurations[i];
    return NULL;
}

const struct function_alias *function_record_alias(const struct function_record *record,
                                                   struct bytes name)
{
    for (size_t i = 0; i < record->alias_count; i++)
        if (bytes_equal(record->aliases[i].name, name))
            return &record->aliases[i];
    return NULL;
}

const struct function_event_config *
function_record_event_config(const struct function_record *record, struct bytes qualifier)
{
    for (size_t i = 0; i < record->event_config_count; i++)
        if (bytes_equal(record->event_configs[i].qualifier, qualifier))
            return &record->event_configs[i];
    return NULL;
}

/* ---- kept members ---- */

/* In the words of AWS, and in the order of its answers. */
static const char *const kept_names[] = {
    "Architectures",        "EphemeralStorage", "KMSKeyArn",     "LoggingConfig",
    "RuntimeVersionConfig", "SnapStart",        "TracingConfig", "VpcConfig",
};

static const char *kept_name_of(struct bytes name)
{
    for (size_t i = 0; i < ARRAY_COUNT(kept_names); i++)
        if (bytes_equal_text(name, kept_names[i]))
            return kept_names[i];
    return NULL;
}

/* ---- writing ---- */

static void write_environment(struct json_writer *w, const struct function_configuration *from)
{
    json_key(w, "environment");
    json_begin_object(w);
    for (size_t i = 0; i < from->environment_count; i++) {
        json_key_bytes(w, from->environment[i].name);
        json_write_string(w, from->environment[i].value);
    }
    json_end_object(w);
}

static void write_configuration(struct json_writer *w, const struct function_configuration *from)
{
    json_begin_object(w);
    json_member_uint(w, "version", from->version);
    json_member_set(w, "description", from->description);
    json_member_set(w, "handler", from->handler);
    json_member_set(w, "runtime", from->runtime);
    json_member_set(w, "role", from->role);
    if (from->environment_count > 0)
        write_environment(w, from);
    json_member_uint(w, "timeout", from->timeout_s);
    json_member_uint(w, "memory", from->memory_mb);
    json_member_set(w, "code", from->code);
    json_member_set(w, "folder", from->folder);
    json_member_set(w, "archive", from->archive);
    json_member_uint(w, "codeSize", from->code_size);
    json_member_set(w, "deadLetters", from->dead_letter_arn);
    json_member_set(w, "logGroup", from->log_group);
    if (from->kept_count > 0) {
        json_key(w, "kept");
        json_begin_object(w);
        for (size_t i = 0; i < from->kept_count; i++) {
            json_key(w, from->kept[i].name);
            json_write_raw(w, from->kept[i].value);
        }
        json_end_object(w);
    }
    json_member_uint(w, "modified", from->modified_ms);
    json_member_set(w, "revision", from->revision_id);
    json_end_object(w);
}

static void write_alias(struct json_writer *w, const struct function_alias *alias)
{
    json_begin_object(w);
    json_member_string(w, "name", alias->name);
    json_member_set(w, "description", alias->description);
    json_member_uint(w, "version", alias->version);
    if (alias->other_version > 0) {
        json_member_uint(w, "otherVersion", alias->other_version);
        json_key(w, "otherWeight");
        json_write_raw(w, alias->other_weight);
    }
    json_member_set(w, "revision", alias->revision_id);
    json_end_object(w);
}

static void write_event_config(struct json_writer *w, const struct function_event_config *config)
{
    json_begin_object(w);
    json_member_string(w, "qualifier", config->qualifier);
    if (config->maximum_retry_attempts >= 0)
        json_member_int(w, "retries", config->maximum_retry_attempts);
    if (config->maximum_event_age_s >= 0)
        json_member_int(w, "age", config->maximum_event_age_s);
    json_member_set(w, "onSuccess", config->on_success_arn);
    json_member_set(w, "onFailure", config->on_failure_arn);
    json_member_uint(w, "modified", config->modified_ms);
    json_end_object(w);
}

static void write_statement(struct json_writer *w, const struct function_statement *statement)
{
    json_begin_object(w);
    json_member_string(w, "qualifier", statement->qualifier);
    json_member_string(w, "sid", statement->sid);
    json_key(w, "statement");
    json_write_raw(w, statement->json);
    json_end_object(w);
}

/* "name":[element, ...], when there are any. */
#define WRITE_ALL(w_, name_, array_, count_, write_)                                               \
    do {                                                                                           \
        if ((count_) > 0) {                                                                        \
            json_key((w_), (name_));                                                               \
            json_begin_array(w_);                                                                  \
            for (size_t at_ = 0; at_ < (count_); at_++)                                            \
                write_((w_), &(array_)[at_]);                                                      \
            json_end_array(w_);                                                                    \
        }                                                                                          \
    } while (0)

struct bytes function_record_encode(struct arena *arena, const struct function_record *record)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(FUNCTION_RECORD_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    json_member_int(&w, "format", RECORD_FORMAT);
    json_member_string(&w, "name", record->name);
    if (!record->stored)
        json_member_bool(&w, "fromFile", true);
    if (record->disable_logs)
        json_member_bool(&w, "disableLogs", true);
    if (record->retry_delay_ms >= 0)
        json_member_int(&w, "retryDelay", record->retry_delay_ms);
    json_member_uint(&w, "lastVersion", record->last_version);
    if (record->reserved_concurrency >= 0)
        json_member_int(&w, "reservedConcurrency", record->reserved_concurrency);
    WRITE_ALL(&w, "configurations", record->configurations, record->configuration_count,
              write_configuration);
    WRITE_ALL(&w, "aliases", record->aliases, record->alias_count, write_alias);
    WRITE_ALL(&w, "eventConfigs", record->event_configs, record->event_config_count,
              write_event_config);
    WRITE_ALL(&w, "statements", record->statements, record->statement_count, write_statement);
    if (record->tag_count > 0) {
        json_key(&w, "tags");
        json_begin_object(&w);
        for (size_t i = 0; i < record->tag_count; i++) {
            json_key_bytes(&w, record->tags[i].key);
            json_write_string(&w, record->tags[i].value);
        }
        json_end_object(&w);
    }
    json_end_object(&w);
    assert(!buffer_failed(&out)); /* a change is refused before that (change.c) */
    return arena_copy(arena, buffer_bytes(&out));
}

/* ---- reading ---- */

static struct bytes print(struct arena *arena, const struct json *value)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(FUNCTION_RECORD_SIZE_MAX);

    json_print(&out, value);
    return arena_copy(arena, buffer_bytes(&out));
}

static int32_t read_int32(const struct json *object, const char *name)
{
    uint64_t value = json_get_uint(object, name, UINT64_MAX);

    return value <= INT32_MAX ? (int32_t)value : -1;
}

static void read_environment(struct arena *arena, const struct json *json,
                             struct function_configuration *ret)
{
    struct function_variable *variables =
        ARENA_NEW_ARRAY(arena, json_count(json), struct function_variable);

    ret->environment = variables;
    for (struct json_iter it = json_iter(json); json_next(&it);)
        variables[ret->environment_count++] =
            (struct function_variable){it.name, json_string(it.value)};
}

static enum status read_kept(struct arena *arena, const struct json *json,
                             struct function_configuration *ret)
{
    struct function_kept *kept = ARENA_NEW_ARRAY(arena, json_count(json), struct function_kept);

    ret->kept = kept;
    for (struct json_iter it = json_iter(json); json_next(&it);) {
        const char *name = kept_name_of(it.name);

        if (name == NULL)
            return CORRUPT;
        kept[ret->kept_count++] =
            (struct function_kept){.name = name, .value = print(arena, it.value)};
    }
    return OK;
}

static enum status read_configuration(struct arena *arena, const struct json *json, void *to)
{
    struct function_configuration *ret = to;

    *ret = (struct function_configuration){
        .version = json_get_uint(json, "version", UINT64_MAX),
        .description = json_get_string(json, "description"),
        .handler = json_get_string(json, "handler"),
        .runtime = json_get_string(json, "runtime"),
        .role = json_get_string(json, "role"),
        .timeout_s = (uint32_t)json_get_uint(json, "timeout", 0),
        .memory_mb = (uint32_t)json_get_uint(json, "memory", 0),
        .code = json_get_string(json, "code"),
        .folder = json_get_string(json, "folder"),
        .archive = json_get_string(json, "archive"),
        .code_size = json_get_uint(json, "codeSize", 0),
        .dead_letter_arn = json_get_string(json, "deadLetters"),
        .log_group = json_get_string(json, "logGroup"),
        .modified_ms = json_get_uint(json, "modified", 0),
        .revision_id = json_get_string(json, "revision"),
    };
    read_environment(arena, json_get(json, "environment"), ret);
    bool has_code = ret->code.size == FUNCTION_CODE_HASH_SIZE ||
                    (ret->code.size == 0 && ret->folder.size > 0 && ret->folder.ptr[0] == '/');

    bool has_hash = ret->archive.size == 0 || ret->archive.size == FUNCTION_CODE_HASH_SIZE;

    if (ret->version == UINT64_MAX || !has_code || !has_hash || ret->timeout_s < 1 ||
        ret->timeout_s > FUNCTION_TIMEOUT_S_MAX)
        return CORRUPT;
    return read_kept(arena, json_get(json, "kept"), ret);
}

static enum status read_alias(struct arena *arena, const struct json *json, void *to)
{
    struct function_alias *ret = to;

    (void)arena;
    *ret = (struct function_alias){
        .name = json_get_string(json, "name"),
        .description = json_get_string(json, "description"),
        .version = json_get_uint(json, "version", 0),
        .other_version = json_get_uint(json, "otherVersion", 0),
        .other_weight = json_number_text(json_get(json, "otherWeight")),
        .revision_id = json_get_string(json, "revision"),
    };
    return ret->name.size > 0 ? OK : CORRUPT;
}

static enum status read_event_config(struct arena *arena, const struct json *json, void *to)
{
    struct function_event_config *ret = to;

    (void)arena;
    *ret = (struct function_event_config){
        .qualifier = json_get_string(json, "qualifier"),
        .maximum_retry_attempts = read_int32(json, "retries"),
        .maximum_event_age_s = read_int32(json, "age"),
        .on_success_arn = json_get_string(json, "onSuccess"),
        .on_failure_arn = json_get_string(json, "onFailure"),
        .modified_ms = json_get_uint(json, "modified", 0),
    };
    return ret->qualifier.size > 0 ? OK : CORRUPT;
}

static enum status read_statement(struct arena *arena, const struct json *json, void *to)
{
    struct function_statement *ret = to;

    *ret = (struct function_statement){
        .qualifier = json_get_string(json, "qualifier"),
        .sid = json_get_string(json, "sid"),
        .json = print(arena, json_get(json, "statement")),
    };
    return ret->qualifier.size > 0 && ret->sid.size > 0 ? OK : CORRUPT;
}

/* Each element of the array; *ret has room for all, *ret_count of size `size`. */
static enum status read_all(struct arena *arena, const struct json *array, size_t size,
                            enum status (*read)(struct arena *arena, const struct json *json,
                                                void *to),
                            void *ret, size_t *ret_count)
{
    uint8_t *elements = arena_alloc_array(arena, json_count(array), size);
    enum status status = OK;

    for (struct json_iter it = json_iter(array); status == OK && json_next(&it);)
        status = read(arena, it.value, elements + size * (*ret_count)++);
    memcpy(ret, &elements, sizeof elements);
    return status;
}

#define READ_ALL(arena_, json_, name_, read_, array_, count_)                                      \
    read_all((arena_), json_get((json_), (name_)), sizeof *(array_), (read_), (void *)&(array_),   \
             &(count_))

static void read_tags(struct arena *arena, const struct json *json, struct function_record *ret)
{
    struct function_kept *tags = ARENA_NEW_ARRAY(arena, json_count(json), struct function_kept);

    ret->tags = tags;
    for (struct json_iter it = json_iter(json); json_next(&it);)
        tags[ret->tag_count++] =
            (struct function_kept){.key = it.name, .value = json_string(it.value)};
}

/* The first is $LATEST, the others grow; whatever speaks of a version has it. */
static bool is_whole(const struct function_record *record)
{
    if (record->configuration_count == 0 || record->configurations[0].version != 0)
        return false;
    for (size_t i = 1; i < record->configuration_count; i++)
        if (record->configurations[i].version <= record->configurations[i - 1].version ||
            record->configurations[i].version > record->last_version)
            return false;
    for (size_t i = 0; i < record->alias_count; i++)
        if (function_record_configuration(record, record->aliases[i].version) == NULL ||
            function_record_configuration(record, record->aliases[i].other_version) == NULL)
            return false;
    return true;
}

enum status function_record_decode(struct arena *arena, struct bytes stored,
                                   struct function_record **ret)
{
    struct function_record *record = ARENA_NEW(arena, struct function_record);
    const struct json *json = NULL;
    enum status status = OK;

    if (json_parse(arena, stored, &json, NULL) != OK || !json_is(json, JSON_OBJECT))
        return CORRUPT;
    if (json_get_uint(json, "format", 0) > RECORD_FORMAT)
        return NEWER_FORMAT;
    if (json_get_uint(json, "format", 0) != RECORD_FORMAT)
        return CORRUPT;
    record->name = json_get_string(json, "name");
    record->stored = !json_bool(json_get(json, "fromFile"));
    record->disable_logs = json_bool(json_get(json, "disableLogs"));
    record->retry_delay_ms = -1;
    if (json_get(json, "retryDelay") != NULL)
        record->retry_delay_ms = (int64_t)json_get_uint(json, "retryDelay", 0);
    record->last_version = json_get_uint(json, "lastVersion", 0);
    record->reserved_concurrency = read_int32(json, "reservedConcurrency");
    read_tags(arena, json_get(json, "tags"), record);
    status = READ_ALL(arena, json, "configurations", read_configuration, record->configurations,
                      record->configuration_count);
    if (status == OK)
        status = READ_ALL(arena, json, "aliases", read_alias, record->aliases, record->alias_count);
    if (status == OK)
        status = READ_ALL(arena, json, "eventConfigs", read_event_config, record->event_configs,
                          record->event_config_count);
    if (status == OK)
        status = READ_ALL(arena, json, "statements", read_statement, record->statements,
                          record->statement_count);
    if (status == OK && (record->name.size == 0 || !is_whole(record)))
        status = CORRUPT;
    *ret = record;
    return status;
}
