/* engine/catalogue_form.c - tables and streams as bytes in the store: JSON, because they are few,
 * change rarely, and can so be read by people (docs/format/catalogue.md). */
#include "engine/catalogue.h"

static const char *const billing_names[] = {
    [BILLING_PROVISIONED] = "PROVISIONED",
    [BILLING_PAY_PER_REQUEST] = "PAY_PER_REQUEST",
};

static const char *const kind_names[] = {
    [INDEX_LOCAL] = "LOCAL",
    [INDEX_GLOBAL] = "GLOBAL",
    [INDEX_EXPIRY] = "EXPIRY",
};

static const char *const projection_names[] = {
    [PROJECTION_ALL] = "ALL",
    [PROJECTION_KEYS_ONLY] = "KEYS_ONLY",
    [PROJECTION_INCLUDE] = "INCLUDE",
};

static const char *const view_names[] = {
    [STREAM_NONE] = "NONE",
    [STREAM_KEYS_ONLY] = "KEYS_ONLY",
    [STREAM_NEW_IMAGE] = "NEW_IMAGE",
    [STREAM_OLD_IMAGE] = "OLD_IMAGE",
    [STREAM_NEW_AND_OLD_IMAGES] = "NEW_AND_OLD_IMAGES",
};

struct bytes catalogue_table_key(struct arena *arena, struct bytes name)
{
    return arena_printf(arena, "engine/table/%.*s", BYTES_ARG(name));
}

struct bytes catalogue_stream_key(struct arena *arena, uint32_t stream_id)
{
    return arena_printf(arena, "engine/stream/%08x", stream_id);
}

/* ---- writing ---- */

static void write_begin(struct json_writer *w)
{
    json_begin_object(w);
    json_member_int(w, "format", CATALOGUE_FORMAT);
}

static struct bytes write_end(struct json_writer *w, struct arena *arena)
{
    json_end_object(w);
    assert(!buffer_failed(w->out) && "every member of a table has a limit");
    return arena_copy(arena, buffer_bytes(w->out));
}

struct bytes catalogue_print_state(struct arena *arena, const struct catalogue_state *state)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CATALOGUE_RECORD_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    write_begin(&w);
    json_member_uint(&w, "nextId", state->next_id);
    json_member_uint(&w, "tableCount", state->table_count);
    json_member_uint(&w, "lastLabelMs", state->last_label_ms);
    return write_end(&w, arena);
}

static void write_key_attribute(struct json_writer *w, const struct key_attribute *key)
{
    json_begin_object(w);
    json_member_string(w, "name", key->name);
    json_member_text(w, "type", value_type_name(key->type));
    json_end_object(w);
}

static void write_shard(struct json_writer *w, const struct stream_shard *shard)
{
    json_begin_object(w);
    json_member_uint(w, "number", shard->number);
    if (shard->parent != SHARD_NONE)
        json_member_uint(w, "parent", shard->parent);
    json_member_uint(w, "hashFrom", shard->hash_from);
    json_member_uint(w, "hashTo", shard->hash_to);
    json_member_uint(w, "begin", shard->begin);
    json_member_uint(w, "openedMs", shard->opened_ms);
    if (!shard_is_open(shard)) {
        json_member_uint(w, "end", shard->end);
        json_member_uint(w, "closedMs", shard->closed_ms);
    }
    json_end_object(w);
}

/* Of a table: one attribute, or one and another. */
static void write_table_key(struct json_writer *w, const struct key_schema *key)
{
    json_key(w, "hash");
    write_key_attribute(w, &key->attributes[0]);
    if (!key_schema_has_range(key))
        return;
    json_key(w, "range");
    write_key_attribute(w, &key->attributes[1]);
}

static void write_index_key(struct json_writer *w, const struct key_schema *key)
{
    for (size_t i = 0; i < key->count; i++) {
        if (i == 0 || i == key->hash_count) {
            json_key(w, i == 0 ? "hash" : "range");
            json_begin_array(w);
        }
        write_key_attribute(w, &key->attributes[i]);
        if (i + 1 == key->hash_count || i + 1 == key->count)
            json_end_array(w);
    }
}

static void write_index(struct json_writer *w, const struct table_index *index)
{
    json_begin_object(w);
    json_member_uint(w, "id", index->id);
    json_member_string(w, "name", index->name);
    json_member_text(w, "kind", kind_names[index->kind]);
    write_index_key(w, &index->key);
    json_member_text(w, "projection", projection_names[index->projection]);
    json_key(w, "included");
    json_begin_array(w);
    for (size_t i = 0; i < index->included_count; i++)
        json_write_string(w, index->included[i]);
    json_end_array(w);
    json_member_uint(w, "readUnits", index->read_units);
    json_member_uint(w, "writeUnits", index->write_units);
    json_member_bool(w, "backfilling", index->backfilling);
    json_end_object(w);
}

static void write_indexes(struct json_writer *w, const struct table *table)
{
    json_key(w, "indexes");
    json_begin_array(w);
    for (size_t i = 0; i < table->index_count; i++)
        write_index(w, &table->indexes[i]);
    json_end_array(w);
}

static void write_stream(struct json_writer *w, const struct table_stream *stream)
{
    if (stream->id == 0)
        return;
    json_key(w, "stream");
    json_begin_object(w);
    json_member_uint(w, "id", stream->id);
    json_member_string(w, "label", stream->label);
    json_member_text(w, "view", view_names[stream->view]);
    json_member_bool(w, "enabled", stream->enabled);
    json_member_uint(w, "createdMs", stream->created_ms);
    json_member_uint(w, "closedMs", stream->closed_ms);
    json_key(w, "shards");
    json_begin_array(w);
    for (size_t i = 0; i < stream->shard_count; i++)
        write_shard(w, &stream->shards[i]);
    json_end_array(w);
    json_end_object(w);
}

static void write_tags(struct json_writer *w, const struct table *table)
{
    json_key(w, "tags");
    json_begin_array(w);
    for (size_t i = 0; i < table->tag_count; i++) {
        json_begin_object(w);
        json_member_string(w, "key", table->tags[i].key);
        json_member_string(w, "value", table->tags[i].value);
        json_end_object(w);
    }
    json_end_array(w);
}

static void write_restore(struct json_writer *w, const struct table_restore *restore)
{
    if (!restore->in_progress)
        return;
    json_key(w, "restore");
    json_begin_object(w);
    json_member_string(w, "backupArn", restore->backup_arn);
    json_member_string(w, "tableArn", restore->table_arn);
    json_member_uint(w, "dateTimeMs", restore->date_time_ms);
    json_end_object(w);
}

struct bytes catalogue_print_table(struct arena *arena, const struct table *table)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CATALOGUE_RECORD_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    write_begin(&w);
    json_member_uint(&w, "id", table->id);
    json_member_string(&w, "tableId", table->table_id);
    json_member_string(&w, "name", table->name);
    write_table_key(&w, &table->key);
    json_member_text(&w, "billing", billing_names[table->billing]);
    json_member_uint(&w, "readUnits", table->read_units);
    json_member_uint(&w, "writeUnits", table->write_units);
    json_member_uint(&w, "billingChangedMs", table->billing_changed_ms);
    json_member_uint(&w, "createdMs", table->created_ms);
    write_stream(&w, &table->stream);
    json_member_string(&w, "ttlAttribute", table->ttl_attribute);
    json_member_bool(&w, "ttlEnabled", table->ttl_enabled);
    json_member_bool(&w, "pointInTimeRecovery", table->point_in_time_recovery);
    json_member_uint(&w, "pointInTimeRecoverySinceMs", table->point_in_time_recovery_since_ms);
    json_member_uint(&w, "recoveryPeriodDays", table->recovery_period_days);
    json_member_uint(&w, "recoveryId", table->recovery_id);
    json_member_bool(&w, "deletionProtection", table->deletion_protection);
    json_member_bool(&w, "sseEnabled", table->sse_enabled);
    json_member_string(&w, "sseKmsKey", table->sse_kms_key);
    json_member_string(&w, "tableClass", table->table_class);
    write_tags(&w, table);
    write_indexes(&w, table);
    write_restore(&w, &table->restore);
    return write_end(&w, arena);
}

struct bytes catalogue_print_stream(struct arena *arena, const struct engine_stream *stream)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CATALOGUE_RECORD_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    write_begin(&w);
    json_member_string(&w, "tableName", stream->table_name);
    write_table_key(&w, &stream->key);
    write_stream(&w, &stream->stream);
    return write_end(&w, arena);
}

/* ---- reading: a reader remembers the first fault, as a buffer does ---- */

struct form_reader {
    const struct json *object;
    bool wrong;
    uint64_t format; /* of the record */
};

static uint64_t read_uint(struct form_reader *reader, const char *name, uint64_t value_max)
{
    int64_t value = 0;

    if (!json_int64(json_get(reader->object, name), &value) || value < 0 ||
        (uint64_t)value > value_max)
        reader->wrong = true;
    return (uint64_t)value;
}

static uint32_t read_uint32(struct form_reader *reader, const char *name)
{
    return (uint32_t)read_uint(reader, name, UINT32_MAX);
}

static struct bytes read_text(struct form_reader *reader, const char *name)
{
    const struct json *value = json_get(reader->object, name);

    reader->wrong = reader->wrong || !json_is(value, JSON_STRING);
    return json_string(value);
}

static bool read_bool(struct form_reader *reader, const char *name)
{
    const struct json *value = json_get(reader->object, name);

    reader->wrong = reader->wrong || !json_is(value, JSON_BOOL);
    return json_bool(value);
}

static size_t read_name(struct form_reader *reader, const char *name, const char *const *names,
                        size_t count)
{
    struct bytes text = read_text(reader, name);

    for (size_t i = 0; i < count; i++)
        if (bytes_equal_text(text, names[i]))
            return i;
    reader->wrong = true;
    return 0;
}

static void read_key_attribute(struct form_reader *reader, const struct json *object, bool hash,
                               struct key_schema *key)
{
    struct form_reader inner = {.object = object};
    struct bytes name = read_text(&inner, "name");
    enum value_type type = VALUE_S;

    if (!value_type_of_name(read_text(&inner, "type"), &type) || name.size == 0)
        inner.wrong = true;
    reader->wrong = reader->wrong || inner.wrong;
    if (!inner.wrong)
        key_schema_add(key, name, type, hash);
}

static struct key_schema read_table_key(struct form_reader *reader)
{
    const struct json *range = json_get(reader->object, "range");
    struct key_schema key = {0};

    read_key_attribute(reader, json_get(reader->object, "hash"), true, &key);
    if (range != NULL && !reader->wrong)
        read_key_attribute(reader, range, false, &key);
    return key;
}

static struct key_schema read_index_key(struct form_reader *reader)
{
    static const char *const names[] = {"hash", "range"};
    struct key_schema key = {0};

    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        const struct json *part = json_get(reader->object, names[i]);

        if (json_count(part) > KEY_PARTS_MAX || (i == 0 && json_count(part) == 0))
            reader->wrong = true;
        for (struct json_iter it = json_iter(part); !reader->wrong && json_next(&it);)
            read_key_attribute(reader, it.value, i == 0, &key);
    }
    return key;
}

static struct table_index read_index(const struct json *object, struct arena *arena, bool *wrong)
{
    struct form_reader inner = {.object = object};
    const struct json *included = json_get(object, "included");
    struct table_index index = {
        .id = read_uint32(&inner, "id"),
        .name = read_text(&inner, "name"),
        .kind = (enum index_kind)read_name(&inner, "kind", kind_names, ARRAY_COUNT(kind_names)),
        .key = read_index_key(&inner),
        .projection = (enum index_projection)read_name(&inner, "projection", projection_names,
                                                       ARRAY_COUNT(projection_names)),
        .read_units = read_uint(&inner, "readUnits", INT64_MAX),
        .write_units = read_uint(&inner, "writeUnits", INT64_MAX),
        .backfilling = read_bool(&inner, "backfilling"),
    };

    index.included = ARENA_NEW_ARRAY(arena, json_count(included), struct bytes);
    for (struct json_iter it = json_iter(included); json_next(&it);)
        index.included[index.included_count++] = json_string(it.value);
    *wrong = *wrong || inner.wrong || index.id == 0;
    return index;
}

/* Format 1 had none. */
static void read_indexes(struct form_reader *reader, struct arena *arena, struct table *table)
{
    const struct json *indexes = json_get(reader->object, "indexes");

    if (indexes == NULL)
        return;
    if (!json_is(indexes, JSON_ARRAY) || json_count(indexes) > TABLE_INDEXES_MAX) {
        reader->wrong = true;
        return;
    }
    table->indexes = ARENA_NEW_ARRAY(arena, json_count(indexes), struct table_index);
    for (struct json_iter it = json_iter(indexes); json_next(&it);)
        table->indexes[table->index_count++] = read_index(it.value, arena, &reader->wrong);
}

static struct stream_shard read_shard(struct form_reader *reader)
{
    bool open = json_get(reader->object, "end") == NULL;
    bool child = json_get(reader->object, "parent") != NULL;

    return (struct stream_shard){
        .number = read_uint32(reader, "number"),
        .parent = child ? read_uint32(reader, "parent") : SHARD_NONE,
        .hash_from = read_uint32(reader, "hashFrom"),
        .hash_to = read_uint32(reader, "hashTo"),
        .begin = read_uint(reader, "begin", INT64_MAX),
        .end = open ? SHARD_OPEN : read_uint(reader, "end", INT64_MAX),
        .opened_ms = read_uint(reader, "openedMs", INT64_MAX),
        .closed_ms = open ? 0 : read_uint(reader, "closedMs", INT64_MAX),
    };
}

/* Before format 3 a stream had one shard, from its first record to its last. Where that is nobody
 * wrote down: nothing comes behind it. */
static void make_only_shard(struct arena *arena, struct table_stream *stream)
{
    stream->shards = ARENA_NEW(arena, struct stream_shard);
    stream->shard_count = 1;
    stream->shards[0] = (struct stream_shard){.parent = SHARD_NONE,
                                              .hash_to = UINT32_MAX,
                                              .end = stream->enabled ? SHARD_OPEN : INT64_MAX,
                                              .opened_ms = stream->created_ms,
                                              .closed_ms = stream->closed_ms};
}

static void read_shards(struct form_reader *reader, struct arena *arena,
                        struct table_stream *stream)
{
    const struct json *shards = json_get(reader->object, "shards");

    if (shards == NULL && reader->format < 3) {
        make_only_shard(arena, stream);
        return;
    }
    if (!json_is(shards, JSON_ARRAY) || json_count(shards) > SHARDS_MAX) {
        reader->wrong = true;
        return;
    }
    stream->shards = ARENA_NEW_ARRAY(arena, json_count(shards), struct stream_shard);
    for (struct json_iter it = json_iter(shards); json_next(&it);) {
        struct form_reader inner = {.object = it.value};

        stream->shards[stream->shard_count++] = read_shard(&inner);
        reader->wrong = reader->wrong || inner.wrong;
    }
    if (!shards_check(stream->shards, stream->shard_count, stream->enabled))
        reader->wrong = true;
}

static struct table_stream read_stream(struct form_reader *reader, struct arena *arena)
{
    struct form_reader inner = {json_get(reader->object, "stream"), false, reader->format};
    struct table_stream stream = {0};

    if (inner.object == NULL)
        return stream;
    stream.id = read_uint32(&inner, "id");
    stream.label = read_text(&inner, "label");
    stream.view = (enum stream_view)read_name(&inner, "view", view_names, ARRAY_COUNT(view_names));
    stream.enabled = read_bool(&inner, "enabled");
    stream.created_ms = read_uint(&inner, "createdMs", INT64_MAX);
    stream.closed_ms = read_uint(&inner, "closedMs", INT64_MAX);
    read_shards(&inner, arena, &stream);
    reader->wrong = reader->wrong || inner.wrong || stream.id == 0;
    return stream;
}

static struct table_restore read_restore(struct form_reader *reader)
{
    struct form_reader inner = {.object = json_get(reader->object, "restore")};
    struct table_restore restore = {0};

    if (inner.object == NULL)
        return restore;
    restore.in_progress = true;
    restore.backup_arn = read_text(&inner, "backupArn");
    restore.table_arn = read_text(&inner, "tableArn");
    restore.date_time_ms = read_uint(&inner, "dateTimeMs", INT64_MAX);
    reader->wrong = reader->wrong || inner.wrong;
    return restore;
}

/* A record without a recovery id was written before there was a history: then there is none. */
static void read_recovery(struct form_reader *reader, struct table *table)
{
    if (json_get(reader->object, "recoveryId") != NULL)
        table->recovery_id = read_uint32(reader, "recoveryId");
    if (table->recovery_id == 0) {
        table->point_in_time_recovery = false;
        table->point_in_time_recovery_since_ms = 0;
        table->recovery_period_days = 0;
    }
}

static void read_tags(struct form_reader *reader, struct arena *arena, struct table *table)
{
    const struct json *tags = json_get(reader->object, "tags");

    if (!json_is(tags, JSON_ARRAY) || json_count(tags) > TABLE_TAGS_MAX) {
        reader->wrong = true;
        return;
    }
    table->tags = ARENA_NEW_ARRAY(arena, json_count(tags), struct table_tag);
    for (struct json_iter it = json_iter(tags); json_next(&it);) {
        struct form_reader inner = {.object = it.value};
        struct table_tag *tag = &table->tags[table->tag_count++];

        tag->key = read_text(&inner, "key");
        tag->value = read_text(&inner, "value");
        reader->wrong = reader->wrong || inner.wrong;
    }
}

static enum status read_begin(struct form_reader *reader, struct arena *arena, struct bytes text)
{
    *reader = (struct form_reader){0};
    if (json_parse(arena, text, &reader->object, NULL) != OK)
        return CORRUPT;

    reader->format = read_uint(reader, "format", INT64_MAX);
    if (reader->wrong)
        return CORRUPT;
    return reader->format > CATALOGUE_FORMAT ? NEWER_FORMAT : OK;
}

enum status catalogue_parse_state(struct arena *arena, struct bytes text,
                                  struct catalogue_state *ret)
{
    struct form_reader reader;
    enum status status = read_begin(&reader, arena, text);

    if (status != OK)
        return status;

    struct catalogue_state state = {
        .next_id = read_uint32(&reader, "nextId"),
        .table_count = read_uint32(&reader, "tableCount"),
        .last_label_ms = read_uint(&reader, "lastLabelMs", INT64_MAX),
    };

    if (reader.wrong)
        return CORRUPT;
    *ret = state;
    return OK;
}

enum status catalogue_parse_table(struct arena *arena, struct bytes text, struct table *ret)
{
    struct form_reader reader;
    enum status status = read_begin(&reader, arena, text);

    if (status != OK)
        return status;

    struct table table = {
        .id = read_uint32(&reader, "id"),
        .table_id = read_text(&reader, "tableId"),
        .name = read_text(&reader, "name"),
        .key = read_table_key(&reader),
        .billing = (enum table_billing)read_name(&reader, "billing", billing_names,
                                                 ARRAY_COUNT(billing_names)),
        .read_units = read_uint(&reader, "readUnits", INT64_MAX),
        .write_units = read_uint(&reader, "writeUnits", INT64_MAX),
        .billing_changed_ms = read_uint(&reader, "billingChangedMs", INT64_MAX),
        .created_ms = read_uint(&reader, "createdMs", INT64_MAX),
        .stream = read_stream(&reader, arena),
        .ttl_attribute = read_text(&reader, "ttlAttribute"),
        .ttl_enabled = read_bool(&reader, "ttlEnabled"),
        .point_in_time_recovery = read_bool(&reader, "pointInTimeRecovery"),
        .point_in_time_recovery_since_ms =
            read_uint(&reader, "pointInTimeRecoverySinceMs", INT64_MAX),
        .recovery_period_days = read_uint32(&reader, "recoveryPeriodDays"),
        .deletion_protection = read_bool(&reader, "deletionProtection"),
        .sse_enabled = read_bool(&reader, "sseEnabled"),
        .sse_kms_key = read_text(&reader, "sseKmsKey"),
        .table_class = read_text(&reader, "tableClass"),
        .restore = read_restore(&reader),
    };

    read_recovery(&reader, &table);
    read_tags(&reader, arena, &table);
    read_indexes(&reader, arena, &table);
    if (reader.wrong)
        return CORRUPT;
    *ret = table;
    return OK;
}

enum status catalogue_parse_stream(struct arena *arena, struct bytes text,
                                   struct engine_stream *ret)
{
    struct form_reader reader;
    enum status status = read_begin(&reader, arena, text);

    if (status != OK)
        return status;

    struct engine_stream stream = {
        .table_name = read_text(&reader, "tableName"),
        .key = read_table_key(&reader),
        .stream = read_stream(&reader, arena),
    };

    if (reader.wrong || stream.stream.id == 0)
        return CORRUPT;
    *ret = stream;
    return OK;
}
