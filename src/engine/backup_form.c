/* engine/backup_form.c - see backup_form.h. A backup is two lines of JSON: what it is, and the
 * table as the catalogue keeps tables. */
#include "engine/backup_form.h"

#include "engine/catalogue.h"

static const char *const type_names[] = {
    [BACKUP_USER] = "USER",
    [BACKUP_SYSTEM] = "SYSTEM",
};

static const char *const phase_names[] = {
    [RESTORE_COPY] = "COPY",
    [RESTORE_UNDO] = "UNDO",
};

struct bytes backup_key(struct arena *arena, struct bytes table_name, struct bytes id)
{
    return arena_printf(arena, "engine/backup/%.*s/%.*s", BYTES_ARG(table_name), BYTES_ARG(id));
}

struct bytes backup_table_prefix(struct arena *arena, struct bytes table_name, char last)
{
    return arena_printf(arena, "engine/backup/%.*s%c", BYTES_ARG(table_name), last);
}

struct bytes restore_key(struct arena *arena, uint32_t table_id)
{
    return arena_printf(arena, "engine/restore/%08x", table_id);
}

/* ---- writing ---- */

static void write_uint(struct json_writer *w, const char *name, uint64_t value)
{
    json_key(w, name);
    json_write_uint(w, value);
}

struct bytes backup_print(struct arena *arena, const struct engine_backup *backup)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(2 * CATALOGUE_RECORD_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    json_member_int(&w, "format", BACKUP_FORMAT);
    json_member_string(&w, "name", backup->name);
    json_member_text(&w, "type", type_names[backup->type]);
    json_member_bool(&w, "available", backup->available);
    write_uint(&w, "createdMs", backup->created_ms);
    write_uint(&w, "expiresMs", backup->expires_ms);
    write_uint(&w, "itemCount", backup->item_count);
    write_uint(&w, "sizeBytes", backup->size_bytes);
    write_uint(&w, "itemsId", backup->items_id);
    json_end_object(&w);
    buffer_append_byte(&out, '\n');
    buffer_append(&out, catalogue_print_table(arena, &backup->table));
    assert(!buffer_failed(&out) && "every member of a backup has a limit");
    return arena_copy(arena, buffer_bytes(&out));
}

struct bytes restore_print(struct arena *arena, const struct restore_record *record)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(4096);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    json_member_int(&w, "format", BACKUP_FORMAT);
    write_uint(&w, "tableId", record->table_id);
    json_member_string(&w, "tableName", record->table_name);
    write_uint(&w, "itemsId", record->items_id);
    write_uint(&w, "recoveryId", record->recovery_id);
    write_uint(&w, "timeMs", record->time_ms);
    write_uint(&w, "position", record->position);
    json_member_text(&w, "phase", phase_names[record->phase]);
    write_uint(&w, "undone", record->undone);
    json_end_object(&w);
    assert(!buffer_failed(&out));
    return arena_copy(arena, buffer_bytes(&out));
}

/* ---- reading: the first fault is remembered ---- */

struct reader {
    const struct json *object;
    bool wrong;
};

static uint64_t read_uint(struct reader *reader, const char *name, uint64_t value_max)
{
    int64_t value = 0;

    if (!json_int64(json_get(reader->object, name), &value) || value < 0 ||
        (uint64_t)value > value_max)
        reader->wrong = true;
    return (uint64_t)value;
}

static struct bytes read_text(struct reader *reader, const char *name)
{
    const struct json *value = json_get(reader->object, name);

    reader->wrong = reader->wrong || !json_is(value, JSON_STRING);
    return json_string(value);
}

static bool read_bool(struct reader *reader, const char *name)
{
    const struct json *value = json_get(reader->object, name);

    reader->wrong = reader->wrong || !json_is(value, JSON_BOOL);
    return json_bool(value);
}

static size_t read_word(struct reader *reader, const char *name, const char *const *words,
                        size_t count)
{
    struct bytes text = read_text(reader, name);

    for (size_t i = 0; i < count; i++)
        if (bytes_equal_text(text, words[i]))
            return i;
    reader->wrong = true;
    return 0;
}

static enum status read_begin(struct reader *reader, struct arena *arena, struct bytes text)
{
    *reader = (struct reader){0};
    if (json_parse(arena, text, &reader->object, NULL) != OK)
        return CORRUPT;

    uint64_t format = read_uint(reader, "format", INT64_MAX);

    if (reader->wrong)
        return CORRUPT;
    return format > BACKUP_FORMAT ? NEWER_FORMAT : OK;
}

/* "engine/backup/TABLE/ID" */
static bool split_key(struct bytes key, struct bytes *ret_table_name, struct bytes *ret_id)
{
    if (!bytes_start_with(key, BACKUP_PREFIX))
        return false;

    struct bytes rest = bytes_slice(key, BACKUP_PREFIX.size, key.size);
    size_t slash = bytes_find_byte(rest, '/', 0);

    if (slash == SIZE_MAX || slash == 0 || slash + 1 == rest.size)
        return false;
    *ret_table_name = bytes_slice(rest, 0, slash);
    *ret_id = bytes_slice(rest, slash + 1, rest.size);
    return true;
}

enum status backup_parse(struct arena *arena, struct bytes key, struct bytes text,
                         struct engine_backup *ret)
{
    size_t line = bytes_find_byte(text, '\n', 0);
    struct engine_backup backup = {0};
    struct reader reader;
    enum status status = read_begin(&reader, arena, bytes_slice(text, 0, line));

    if (status != OK)
        return status;
    if (line == SIZE_MAX || !split_key(key, &backup.table_name, &backup.id))
        return CORRUPT;
    backup.name = read_text(&reader, "name");
    backup.type = (enum backup_type)read_word(&reader, "type", type_names, ARRAY_COUNT(type_names));
    backup.available = read_bool(&reader, "available");
    backup.created_ms = read_uint(&reader, "createdMs", INT64_MAX);
    backup.expires_ms = read_uint(&reader, "expiresMs", INT64_MAX);
    backup.item_count = read_uint(&reader, "itemCount", INT64_MAX);
    backup.size_bytes = read_uint(&reader, "sizeBytes", INT64_MAX);
    backup.items_id = (uint32_t)read_uint(&reader, "itemsId", UINT32_MAX);
    if (reader.wrong || backup.items_id == 0)
        return CORRUPT;
    status = catalogue_parse_table(arena, bytes_slice(text, line + 1, text.size), &backup.table);
    if (status == OK)
        *ret = backup;
    return status;
}

enum status restore_parse(struct arena *arena, struct bytes text, struct restore_record *ret)
{
    struct reader reader;
    enum status status = read_begin(&reader, arena, text);

    if (status != OK)
        return status;

    struct restore_record record = {
        .table_id = (uint32_t)read_uint(&reader, "tableId", UINT32_MAX),
        .table_name = read_text(&reader, "tableName"),
        .items_id = (uint32_t)read_uint(&reader, "itemsId", UINT32_MAX),
        .recovery_id = (uint32_t)read_uint(&reader, "recoveryId", UINT32_MAX),
        .time_ms = read_uint(&reader, "timeMs", INT64_MAX),
        .position = read_uint(&reader, "position", INT64_MAX),
        .phase =
            (enum restore_phase)read_word(&reader, "phase", phase_names, ARRAY_COUNT(phase_names)),
        .undone = read_uint(&reader, "undone", INT64_MAX),
    };

    if (reader.wrong || record.table_id == 0 || record.items_id == 0 || record.table_name.size == 0)
        return CORRUPT;
    *ret = record;
    return OK;
}
