/* engine/backup.c - CreateBackup, DeleteBackup, and reading of backups; see backup.h.
 *
 *   not there --first step--> being made --last step--> available --DeleteBackup--> not there
 *                                 |                          |
 *                                 +- failed, or a crash: --+ +- SYSTEM: 35 days of the clock --+
 *                                    taken away              |  later taken away               |
 *                                                            +---------------------------------+
 *
 * A small table goes the whole way in one step. The steps of a larger one read one view of the
 * store, made in the first of them, so the backup is of one moment; when the disk fails the view is
 * let go at once, because the store waits for it before it can heal. */
#include "engine/backup.h"

#include "base/id.h"
#include "engine/backup_form.h"
#include "engine/internal.h"

#include <stdio.h>

struct bytes backup_arn(const struct engine *engine, struct arena *arena, struct bytes table_name,
                        struct bytes id)
{
    return arn_make(arena, &engine->place, "dynamodb", "table/%.*s/backup/%.*s",
                    BYTES_ARG(table_name), BYTES_ARG(id));
}

enum status refuse_missing_backup(const struct engine *engine, struct arena *arena,
                                  struct bytes table_name, struct bytes id,
                                  struct api_error *reterr)
{
    return api_refuse(reterr, API_BACKUP_NOT_FOUND, "Backup not found: %.*s",
                      BYTES_ARG(backup_arn(engine, arena, table_name, id)));
}

static bool is_expired(const struct engine_backup *backup, uint64_t now_ms)
{
    return backup->expires_ms != 0 && now_ms >= backup->expires_ms;
}

/* ---- reading ---- */

/* Of bytes that do not live long. */
static enum status parse_copy(struct arena *arena, struct bytes key, struct bytes text,
                              struct engine_backup *ret)
{
    return backup_parse(arena, arena_copy(arena, key), arena_copy(arena, text), ret);
}

enum status engine_backup_find(struct engine *engine, struct bytes table_name, struct bytes id,
                               struct arena *arena, struct engine_backup *ret)
{
    AUTO(store_value_release) struct store_value value = {0};
    struct bytes key = backup_key(arena, table_name, id);
    enum status status = store_get(engine->store, NULL, STORE_CATALOGUE, key, &value);

    if (status == OK)
        status = parse_copy(arena, key, value.bytes, ret);
    if (status == OK && is_expired(ret, clock_now_ms(engine->clock)))
        return NOT_FOUND;
    return status;
}

static bool is_wanted(const struct backup_list *list, const struct engine_backup *backup,
                      uint64_t now_ms)
{
    return !is_expired(backup, now_ms) && (list->any_type || backup->type == list->type) &&
           backup->created_ms >= list->from_ms && backup->created_ms < list->to_ms;
}

/* Where the walk begins and ends. */
static void bounds_of(const struct backup_list *list, struct arena *arena, struct bytes *ret_from,
                      struct bytes *ret_to)
{
    bool one = list->table_name.size > 0;

    *ret_from = one ? backup_table_prefix(arena, list->table_name, '/') : BACKUP_PREFIX;
    *ret_to = one ? backup_table_prefix(arena, list->table_name, '0') : BACKUP_END;
    if (list->after_id.size == 0)
        return;

    struct bytes after = arena_printf(
        arena, "%.*s0", BYTES_ARG(backup_key(arena, list->after_table_name, list->after_id)));

    if (bytes_compare(after, *ret_from) > 0)
        *ret_from = after;
}

enum status engine_backup_list(struct engine *engine, struct backup_list *list, struct arena *arena)
{
    AUTO(arena_release) struct arena *scratch = arena_new();
    uint64_t now_ms = clock_now_ms(engine->clock);
    struct bytes from, to, key, value;
    struct engine_backup backup;

    list->backups = ARENA_NEW_ARRAY(arena, list->limit, struct engine_backup);
    list->count = 0;
    list->more = false;
    bounds_of(list, arena, &from, &to);

    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(engine->store, NULL, STORE_CATALOGUE, from, to, false);

    while (store_iter_next(iter, &key, &value)) {
        enum status status = backup_parse(scratch, key, value, &backup);

        if (status == OK && is_wanted(list, &backup, now_ms)) {
            list->more = list->count == list->limit;
            if (list->more)
                break;
            status = parse_copy(arena, key, value, &list->backups[list->count++]);
        }
        if (status != OK)
            return status;
        arena_reset(scratch);
    }
    return store_iter_status(iter);
}

/* ---- on the writer's thread ---- */

enum status backup_load(struct engine *engine, struct store_batch *batch, struct arena *arena,
                        struct bytes table_name, struct bytes id, struct engine_backup *ret)
{
    struct bytes key = backup_key(arena, table_name, id), text;
    enum status status = store_batch_get(batch, STORE_CATALOGUE, key, &text);

    if (status == OK)
        status = parse_copy(arena, key, text, ret);
    if (status == OK && is_expired(ret, clock_now_ms(engine->clock)))
        return NOT_FOUND;
    return status;
}

void backup_store(struct store_batch *batch, struct arena *arena,
                  const struct engine_backup *backup)
{
    store_batch_put(batch, STORE_CATALOGUE, backup_key(arena, backup->table_name, backup->id),
                    backup_print(arena, backup));
}

/* Gives the backup its id, and its time: a name that nobody has. AWS's ids begin with the time and
 * end, for what it makes itself, with zeros; so two of those never have one time. */
static enum status name_backup(struct store_batch *batch, struct arena *arena,
                               struct engine_backup *backup)
{
    char id[BACKUP_ID_SIZE];
    struct bytes text;
    enum status status = OK;

    while (status == OK) {
        uint8_t random[4] = {0};

        if (backup->type == BACKUP_USER)
            id_random(random, sizeof random);
        snprintf(id, sizeof id, "%014llu-%08x", (unsigned long long)backup->created_ms,
                 bytes_get_u32(random));
        backup->id = arena_copy(arena, bytes_of_text(id));
        status = store_batch_get(batch, STORE_CATALOGUE,
                                 backup_key(arena, backup->table_name, backup->id), &text);
        if (status == OK && backup->type == BACKUP_SYSTEM)
            backup->created_ms++;
    }
    return status == NOT_FOUND ? OK : status;
}

enum status backup_of_deleted_table(struct engine *engine, struct store_batch *batch,
                                    struct arena *arena, const struct table *table,
                                    struct engine_backup *ret)
{
    struct write_run run = {.engine = engine, .batch = batch, .arena = arena};
    struct figures_entry *figures = NULL;
    struct engine_backup backup = {
        .table_name = table->name,
        .name = arena_printf(arena, "%.*s$DeletedTableBackup", BYTES_ARG(table->name)),
        .type = BACKUP_SYSTEM,
        .available = true,
        .created_ms = clock_now_ms(engine->clock),
        .table = *table,
        .items_id = table->id,
    };
    enum status status = figures_load(&run, table->id, &figures);

    if (status == OK)
        status = name_backup(batch, arena, &backup);
    if (status != OK)
        return status;
    backup.expires_ms = backup.created_ms + SYSTEM_BACKUP_LIFE_MS;
    backup.item_count = figures->now.item_count;
    backup.size_bytes = figures->now.size_bytes;
    *ret = backup;
    return OK;
}

/* ---- taking away what is over ---- */

struct removal {
    struct job job;
    struct engine *engine;
    struct arena *arena;
    struct bytes table_name, id;
};

/* What is available and has not expired is somebody's; what a restore reads waits for it. */
static enum status remove_step(struct job *job, struct store_batch *batch, bool *ret_done)
{
    struct removal *removal = CONTAINER_OF(job, struct removal, job);
    struct arena *arena = removal->arena;
    struct bytes key = backup_key(arena, removal->table_name, removal->id), text;
    struct engine_backup backup;
    struct space items;
    enum status status = store_batch_get(batch, STORE_CATALOGUE, key, &text);

    *ret_done = true;
    if (status == OK)
        status = parse_copy(arena, key, text, &backup);
    if (status == OK)
        status = space_load(batch, arena, STORE_ITEMS, backup.items_id, &items);
    if (status != OK)
        return status == NOT_FOUND ? OK : status;
    if (items.readers > 0 ||
        (backup.available && !is_expired(&backup, clock_now_ms(removal->engine->clock))))
        return OK;
    space_drop(batch, arena, &items);
    store_batch_delete(batch, STORE_CATALOGUE, key);
    return OK;
}

static void removal_ended(struct job *job, enum status status)
{
    struct removal *removal = CONTAINER_OF(job, struct removal, job);

    (void)status; /* what is not done now is done at the next start, or in a minute */
    arena_free(removal->arena);
    mem_free(removal);
}

void backup_remove(struct engine *engine, struct bytes table_name, struct bytes id)
{
    struct removal *removal = mem_new(sizeof *removal);

    removal->engine = engine;
    removal->arena = arena_new();
    removal->table_name = arena_copy(removal->arena, table_name);
    removal->id = arena_copy(removal->arena, id);
    removal->job.step = remove_step;
    removal->job.ended = removal_ended;
    removal->job.keeps_trying = true;
    job_start(&engine->jobs, &removal->job);
}

enum status backups_clean(struct engine *engine)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(store_iter_release)
    struct store_iter *iter =
        store_iter_new(engine->store, NULL, STORE_CATALOGUE, BACKUP_PREFIX, BACKUP_END, false);
    struct bytes key, value;
    struct engine_backup backup;

    while (store_iter_next(iter, &key, &value)) {
        enum status status = backup_parse(arena, key, value, &backup);

        if (status != OK)
            return status;
        if (!backup.available)
            backup_remove(engine, backup.table_name, backup.id);
        arena_reset(arena);
    }
    return store_iter_status(iter);
}

/* ---- CreateBackup ---- */

/* How far the copy is. */
struct making_place {
    bool begun; /* the record is there */
    struct buffer after;
    uint64_t item_count, size_bytes;
};

struct making {
    struct job job;
    struct engine *engine;
    struct backup_change *change;
    struct arena *scratch; /* of one step */
    struct store_view *view;
    struct making_place now, next; /* next: of the step that is under way */
};

static enum status load_source(struct making *making, struct store_batch *batch)
{
    struct backup_change *change = making->change;
    const struct table *table = NULL;
    enum status status = catalogue_writer_ref(&making->engine->catalogue, batch, making->scratch,
                                              change->table_name, &table);

    if (status == NOT_FOUND)
        return api_refuse(&change->error, API_TABLE_NOT_FOUND, "Table not found: %.*s",
                          BYTES_ARG(change->table_name));
    if (status != OK)
        return status;
    change->backup = (struct engine_backup){
        .table_name = change->table_name,
        .name = change->name,
        .type = BACKUP_USER,
        .created_ms = clock_now_ms(making->engine->clock),
        .table = table_copy(change->arena, table),
    };
    engine_table_unref(table);
    return OK;
}

/* The moment of the backup: what is synced now, and so everything that anybody was told. */
static enum status begin_making(struct making *making, struct store_batch *batch)
{
    struct backup_change *change = making->change;
    struct catalogue_state state;
    enum status status = load_source(making, batch);

    if (status == OK)
        status = catalogue_writer_state(batch, making->scratch, &state);
    if (status == OK)
        status = name_backup(batch, change->arena, &change->backup);
    if (status != OK)
        return status;
    change->backup.items_id = state.next_id++;
    store_view_free(making->engine->store, making->view);
    making->view = store_view_new(making->engine->store);
    store_batch_put(batch, STORE_CATALOGUE, CATALOGUE_STATE_KEY,
                    catalogue_print_state(making->scratch, &state));
    return OK;
}

static void put_page(struct making *making, struct store_batch *batch, const struct copy_page *page)
{
    struct engine_backup *backup = &making->change->backup;
    struct making_place *next = &making->next;

    next->item_count = making->now.item_count;
    next->size_bytes = making->now.size_bytes;
    buffer_clear(&next->after);
    for (size_t i = 0; i < page->count; i++) {
        const struct copy_item *item = &page->items[i];

        store_batch_put(batch, STORE_ITEMS, copy_key(making->scratch, backup->items_id, item->key),
                        item->item.value);
        next->item_count++;
        next->size_bytes += item->item.size;
    }
    if (page->count > 0)
        buffer_append(&next->after, page->items[page->count - 1].key);
    backup->available = page->is_last;
    backup->item_count = next->item_count;
    backup->size_bytes = next->size_bytes;
    if (!making->now.begun || page->is_last)
        backup_store(batch, making->scratch, backup);
}

static enum status make_step(struct job *job, struct store_batch *batch, bool *ret_done)
{
    struct making *making = CONTAINER_OF(job, struct making, job);
    struct copy_page page;
    enum status status = OK;

    arena_reset(making->scratch);
    if (!making->now.begun)
        status = begin_making(making, batch);
    if (status == OK)
        status = copy_read(making->engine, making->view, making->change->backup.table.id,
                           buffer_bytes(&making->now.after), making->scratch, &page);
    if (status != OK)
        return status;
    put_page(making, batch, &page);
    *ret_done = page.is_last;
    return OK;
}

static void make_stepped(struct job *job, enum status status)
{
    struct making *making = CONTAINER_OF(job, struct making, job);
    struct making_place before = making->now;

    if (status != OK)
        return;
    making->now = making->next;
    making->now.begun = true;
    making->next = before;
}

/* CLOSED leaves an unfinished one to the next start. */
static void make_ended(struct job *job, enum status status)
{
    struct making *making = CONTAINER_OF(job, struct making, job);
    struct backup_change *change = making->change;

    store_view_free(making->engine->store, making->view);
    if (making->now.begun && status != OK && status != CLOSED)
        backup_remove(making->engine, change->backup.table_name, change->backup.id);
    buffer_free(&making->now.after);
    buffer_free(&making->next.after);
    arena_free(making->scratch);
    mem_free(making);
    change->done(change, status);
}

void engine_backup_create(struct engine *engine, struct backup_change *change)
{
    struct making *making = mem_new(sizeof *making);

    assert(engine->started);
    making->engine = engine;
    making->change = change;
    making->scratch = arena_new();
    making->now.after = BUFFER_INIT(TABLE_KEY_SIZE_MAX);
    making->next.after = BUFFER_INIT(TABLE_KEY_SIZE_MAX);
    making->job.step = make_step;
    making->job.stepped = make_stepped;
    making->job.ended = make_ended;
    job_start(&engine->jobs, &making->job);
}

/* ---- DeleteBackup ---- */

static enum status refuse_system(struct engine *engine, struct backup_change *change)
{
    struct bytes arn =
        backup_arn(engine, change->arena, change->backup.table_name, change->backup.id);
    char expires[CLOCK_ISO_SIZE];

    clock_format_iso(change->backup.expires_ms, true, expires);
    return api_invalid(&change->error,
                       "Invalid Request: User is not allowed to delete the system backup with arn "
                       "%.*s. It will automatically expire on %s",
                       BYTES_ARG(arn), expires);
}

static enum status check_removal(struct engine *engine, struct backup_change *change,
                                 const struct space *items)
{
    struct bytes arn =
        backup_arn(engine, change->arena, change->backup.table_name, change->backup.id);

    if (change->backup.type == BACKUP_SYSTEM)
        return refuse_system(engine, change);
    if (!change->backup.available)
        return api_refuse(&change->error, API_BACKUP_IN_USE, "Backup is being created: %.*s",
                          BYTES_ARG(arn));
    if (items->readers > 0)
        return api_refuse(&change->error, API_BACKUP_IN_USE,
                          "Backup is being used to restore table: %.*s", BYTES_ARG(arn));
    return OK;
}

static enum status delete_backup(struct engine *engine, struct backup_change *change,
                                 struct store_batch *batch)
{
    struct arena *arena = change->arena;
    struct space items;
    enum status status =
        backup_load(engine, batch, arena, change->table_name, change->id, &change->backup);

    if (status == NOT_FOUND)
        return refuse_missing_backup(engine, arena, change->table_name, change->id, &change->error);
    if (status == OK)
        status = space_load(batch, arena, STORE_ITEMS, change->backup.items_id, &items);
    if (status == OK)
        status = check_removal(engine, change, &items);
    if (status != OK)
        return status;
    space_drop(batch, arena, &items);
    store_batch_delete(batch, STORE_CATALOGUE, backup_key(arena, change->table_name, change->id));
    return OK;
}

static void run_deletion(struct store_batch *batch, struct store_work *work)
{
    struct backup_change *change = CONTAINER_OF(work, struct backup_change, work);

    change->outcome = delete_backup(change->engine, change, batch);
}

static void deletion_done(struct store_work *work, enum status status)
{
    struct backup_change *change = CONTAINER_OF(work, struct backup_change, work);

    change->done(change, status == OK ? change->outcome : status);
}

void engine_backup_delete(struct engine *engine, struct backup_change *change)
{
    assert(engine->started);
    change->engine = engine;
    change->outcome = OK;
    change->work = (struct store_work){.run = run_deletion, .done = deletion_done};
    store_submit(engine->store, engine->door.port, &change->work);
}
