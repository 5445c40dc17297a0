/* check/tables.c - tables, their streams, backups and counters: what the catalogue holds of the
 * engine (docs/format/catalogue.md, docs/format/backup.md). */
#include "check/internal.h"

#include "engine/backup_form.h"
#include "streams/internal.h"

#include <stdlib.h>

#define FIGURES_PREFIX BYTES("engine/figures/")
#define READERS_PREFIX BYTES("engine/readers/")
#define TOKEN_PREFIX BYTES("engine/token/")
#define TOKEN_TIME_PREFIX BYTES("engine/token-time/")

#define FIGURES_VALUE_SIZE 16
#define READERS_VALUE_SIZE 6
#define TOKEN_SIZE_MIN 25 /* format, time, digest */

static const struct check_kind bad_id = {"id",
                                         "an id that is given twice mixes the rows of two tables"};
static const struct check_kind bad_shards = {
    "shards", "the records of the stream are not where its readers look for them"};

/* ---- rows ---- */

static struct check_table *add_table(struct check *check, uint32_t id)
{
    struct check_table *table = NULL;

    check->tables =
        arena_grow(check->arena, check->tables, check->table_count, check->table_count + 1,
                   &check->table_capacity, sizeof *check->tables);
    table = &check->tables[check->table_count++];
    *table = (struct check_table){.id = id};
    return table;
}

static void add_stream(struct check *check, const struct table_stream *stream,
                       const struct table *table, bool is_current)
{
    check->streams =
        arena_grow(check->arena, check->streams, check->stream_count, check->stream_count + 1,
                   &check->stream_capacity, sizeof *check->streams);
    check->streams[check->stream_count++] = (struct check_stream){
        .stream = *stream, .table = *table, .is_current = is_current, .oldest_ms = UINT64_MAX};
}

static enum status read_state(struct check *check, struct bytes key, struct bytes value)
{
    (void)key;
    return catalogue_parse_state(check->arena, arena_copy(check->arena, value), &check->state);
}

static enum status read_table(struct check *check, struct bytes key, struct bytes value)
{
    struct table table;
    enum status status =
        catalogue_parse_table(check->arena, arena_copy(check->arena, value), &table);

    if (status != OK)
        return status;
    if (!bytes_equal(catalogue_table_key(check->scratch, table.name), key))
        return CORRUPT;

    struct check_table *one = add_table(check, table.id);

    one->table = table;
    one->what = arena_printf(check->arena, "table \"%.*s\"", BYTES_ARG(table.name));
    one->index_figures = ARENA_NEW_ARRAY(check->arena, table.index_count + 1, struct table_figures);
    one->index_counted = ARENA_NEW_ARRAY(check->arena, table.index_count + 1, struct table_figures);
    one->takes_events = order_takes(&table.key);
    if (table.stream.id != 0)
        add_stream(check, &table.stream, &table, table.stream.enabled);
    return OK;
}

static enum status read_stream(struct check *check, struct bytes key, struct bytes value)
{
    struct engine_stream stream;
    struct table table = {0};
    enum status status =
        catalogue_parse_stream(check->arena, arena_copy(check->arena, value), &stream);

    if (status != OK)
        return status;
    if (!bytes_equal(catalogue_stream_key(check->scratch, stream.stream.id), key))
        return CORRUPT;
    table.key = stream.key;
    table.name = stream.table_name;
    add_stream(check, &stream.stream, &table, false);
    return OK;
}

static enum status read_backup(struct check *check, struct bytes key, struct bytes value)
{
    struct engine_backup backup;
    enum status status = backup_parse(check->arena, arena_copy(check->arena, key),
                                      arena_copy(check->arena, value), &backup);

    if (status != OK)
        return status;

    struct check_table *one = add_table(check, backup.items_id);

    one->table = backup.table;
    one->table.index_count = 0;
    one->table.stream = (struct table_stream){0};
    one->is_backup = true;
    one->is_loose = !backup.available;
    one->has_figures = true;
    one->figures = (struct table_figures){backup.item_count, backup.size_bytes};
    one->what = arena_printf(check->arena, "backup \"%.*s\" of table \"%.*s\"",
                             BYTES_ARG(backup.id), BYTES_ARG(backup.table_name));
    return OK;
}

static enum status read_restore(struct check *check, struct bytes key, struct bytes value)
{
    struct restore_record record;

    (void)key;
    return restore_parse(check->scratch, value, &record);
}

/* The hexadecimal id behind a prefix. */
static bool read_id(struct bytes key, struct bytes prefix, uint32_t *ret)
{
    uint32_t id = 0;

    if (key.size != prefix.size + 8)
        return false;
    for (size_t i = prefix.size; i < key.size; i++) {
        uint8_t c = key.ptr[i];

        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
            return false;
        id = id << 4 | (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    *ret = id;
    return true;
}

/* What is dropped while somebody reads it has no record any more. */
static enum status read_readers(struct check *check, struct bytes key, struct bytes value)
{
    uint32_t id = 0;

    if (value.size > 0 && value.ptr[0] > 1)
        return NEWER_FORMAT;
    if (!read_id(key, READERS_PREFIX, &id) || value.size != READERS_VALUE_SIZE ||
        value.ptr[0] != 1 || value.ptr[5] > 1 || bytes_get_u32(value.ptr + 1) == 0)
        return CORRUPT;
    if (value.ptr[5] == 1) {
        struct check_table *one = add_table(check, id);

        one->is_loose = one->is_backup = true;
        one->what = arena_printf(check->arena, "a deleted table or backup (id %u)", id);
    }
    return OK;
}

/* Read again once the tables are known. */
static enum status read_figures(struct check *check, struct bytes key, struct bytes value)
{
    uint32_t id = 0;

    (void)check;
    return read_id(key, FIGURES_PREFIX, &id) && value.size == FIGURES_VALUE_SIZE ? OK : CORRUPT;
}

static enum status read_token(struct check *check, struct bytes key, struct bytes value)
{
    (void)check, (void)key;
    if (value.size > 0 && value.ptr[0] > 2)
        return NEWER_FORMAT;
    if (value.size < TOKEN_SIZE_MIN || value.ptr[0] == 0 ||
        (value.ptr[0] == 1 && value.size != TOKEN_SIZE_MIN) ||
        (value.size - TOKEN_SIZE_MIN) % 4 != 0)
        return CORRUPT;
    return OK;
}

static const struct check_kind lost_token = {
    "token", "a transaction that is sent again may be done twice, or its token never goes"};

static enum status read_token_time(struct check *check, struct bytes key, struct bytes value)
{
    struct bytes name = bytes_slice(key, TOKEN_TIME_PREFIX.size + 8, key.size), token;

    if (key.size <= TOKEN_TIME_PREFIX.size + 8 || value.size != 0)
        return CORRUPT;
    if (!check_get(check, STORE_CATALOGUE, check_text(check, "engine/token/%.*s", BYTES_ARG(name)),
                   &token))
        check_find(check, &lost_token, "catalogue", check_bytes_text(check, key),
                   BYTES("the token of that name"), BYTES("none"));
    return OK;
}

static const struct {
    const char *prefix;
    enum status (*read)(struct check *check, struct bytes key, struct bytes value);
    const char *expected;
} rows[] = {
    {"engine/state", read_state, "where ids come from, as JSON"},
    {"engine/table/", read_table, "a table as JSON, under its own name"},
    {"engine/stream/", read_stream, "a closed stream as JSON, under its own id"},
    {"engine/backup/", read_backup, "a backup, two lines of JSON"},
    {"engine/restore/", read_restore, "a restore as JSON"},
    {"engine/readers/", read_readers, "format, readers, dropped: 6 bytes"},
    {"engine/figures/", read_figures, "items and bytes: 16 bytes, under an id"},
    {"engine/token-time/", read_token_time, "nothing, under a time and a token"},
    {"engine/token/", read_token, "format, time, digest, sizes"},
};

void check_engine_row(struct check *check, struct bytes key, struct bytes value)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        if (!bytes_start_with(key, bytes_of_text(rows[i].prefix)))
            continue;

        enum status status = rows[i].read(check, key, value);

        if (status != OK)
            check_find_unreadable(check, STORE_CATALOGUE, key, status, rows[i].expected);
        return;
    }
    check_find(check, &CHECK_STRAY, "catalogue", check_bytes_text(check, key),
               BYTES("a key that the engine knows"), BYTES("this one"));
}

/* ---- once all are known ---- */

static int by_table_id(const void *a, const void *b)
{
    const struct check_table *left = a, *right = b;

    return left->id < right->id ? -1 : left->id > right->id;
}

static int by_stream_id(const void *a, const void *b)
{
    const struct check_stream *left = a, *right = b;

    return left->stream.id < right->stream.id ? -1 : left->stream.id > right->stream.id;
}

static void load_figures(struct check *check, uint32_t id, struct table_figures *ret, bool *ret_has)
{
    struct bytes value;

    *ret = (struct table_figures){0};
    *ret_has =
        check_get(check, STORE_CATALOGUE, check_text(check, "engine/figures/%08x", id), &value) &&
        value.size == FIGURES_VALUE_SIZE;
    if (*ret_has)
        *ret = (struct table_figures){bytes_get_u64(value.ptr), bytes_get_u64(value.ptr + 8)};
}

static void check_id(struct check *check, uint32_t id, const char *what, struct bytes name)
{
    if (id != 0 && id < check->state.next_id)
        return;
    check_find(check, &bad_id, "catalogue", check_text(check, "%s \"%.*s\"", what, BYTES_ARG(name)),
               check_text(check, "an id from 1 to %u", check->state.next_id - 1),
               check_text(check, "%u", id));
}

static void settle_table(struct check *check, struct check_table *table)
{
    bool has = false;

    if (!table->is_loose)
        check_id(check, table->id, "table or backup", table->table.name);
    if (table->is_backup)
        return;
    load_figures(check, table->id, &table->figures, &table->has_figures);
    for (size_t i = 0; i < table->table.index_count; i++) {
        check_id(check, table->table.indexes[i].id, "index", table->table.indexes[i].name);
        load_figures(check, table->table.indexes[i].id, &table->index_figures[i], &has);
    }
    for (size_t i = 0; i < check->stream_count; i++)
        if (check->streams[i].is_current && check->streams[i].table.id == table->id)
            table->stream = &check->streams[i];
}

static void settle_stream(struct check *check, struct check_stream *stream)
{
    char room[32];
    struct bytes value;

    check_id(check, stream->stream.id, "stream of table", stream->table.name);
    if (!shards_check(stream->stream.shards, stream->stream.shard_count, stream->stream.enabled))
        check_find(check, &bad_shards, "catalogue",
                   check_text(check, "stream %u of table \"%.*s\"", stream->stream.id,
                              BYTES_ARG(stream->table.name)),
                   BYTES("open shards that cover every hash once, in the order of their numbers"),
                   check_text(check, "%zu shards that do not", stream->stream.shard_count));
    if (check_get(check, STORE_CURSORS, trim_cursor_name(stream->stream.id, room), &value) &&
        value.size == 8)
        stream->trimmed = bytes_get_u64(value.ptr);
}

static void check_doubles(struct check *check)
{
    uint32_t tables = 0;

    for (size_t i = 0; i < check->table_count; i++) {
        tables += !check->tables[i].is_backup;
        if (i > 0 && check->tables[i].id == check->tables[i - 1].id)
            check_find(check, &bad_id, "catalogue", check->tables[i].what,
                       BYTES("an id of its own"),
                       check_text(check, "%u, as %.*s", check->tables[i].id,
                                  BYTES_ARG(check->tables[i - 1].what)));
    }
    if (tables != check->state.table_count)
        check_find(check, &CHECK_DIFFERENT, "catalogue", BYTES("engine/state"),
                   check_text(check, "%u tables", tables),
                   check_text(check, "%u", check->state.table_count));
}

void check_tables_settle(struct check *check)
{
    if (check->table_count > 0)
        qsort(check->tables, check->table_count, sizeof *check->tables, by_table_id);
    if (check->stream_count > 0)
        qsort(check->streams, check->stream_count, sizeof *check->streams, by_stream_id);
    check_doubles(check);
    for (size_t i = 0; i < check->stream_count; i++)
        settle_stream(check, &check->streams[i]);
    for (size_t i = 0; i < check->table_count; i++)
        settle_table(check, &check->tables[i]);
}

struct check_table *check_table_of(struct check *check, uint32_t id)
{
    struct check_table wanted = {.id = id};

    return check->table_count == 0
               ? NULL
               : bsearch(&wanted, check->tables, check->table_count, sizeof wanted, by_table_id);
}

struct check_stream *check_stream_of(struct check *check, uint32_t id)
{
    struct check_stream wanted = {.stream.id = id};

    return check->stream_count == 0
               ? NULL
               : bsearch(&wanted, check->streams, check->stream_count, sizeof wanted, by_stream_id);
}
