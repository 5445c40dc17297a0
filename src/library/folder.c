/* library/folder.c - opening and closing a data folder in this process; see folder.h.
 *
 * The table is made as a start without a stack file makes it - keys pk and sk, a change stream with
 * both images - so that a server that is started on the folder later goes on from there: its
 * built-in trigger hands the events on. */
#include "library/folder.h"

#include "library/logs.h"
#include "library/streams.h"
#include "vault/vault.h"

static const struct arn_place here = {"aws", "us-east-1", "000000000000"};

/* ---- the table ---- */

struct table_making {
    struct table_change change;
    enum status status;
    bool done;
};

static void table_made(struct table_change *change, enum status status)
{
    struct table_making *making = CONTAINER_OF(change, struct table_making, change);

    making->status = status;
    making->done = true;
}

static enum dynlog_status make_table(struct folder *folder, const char *name,
                                     struct dynlog_error *error)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct table_making *making = ARENA_NEW(arena, struct table_making);
    struct table_change *change = &making->change;

    change->kind = TABLE_CREATE;
    change->name = bytes_of_text(name);
    change->arena = arena;
    change->done = table_made;
    change->wanted.billing = BILLING_PAY_PER_REQUEST;
    change->wanted.stream.enabled = true;
    change->wanted.stream.view = STREAM_NEW_AND_OLD_IMAGES;
    key_schema_add(&change->wanted.key, BYTES("pk"), VALUE_S, true);
    key_schema_add(&change->wanted.key, BYTES("sk"), VALUE_N, false);
    engine_change_table(folder->engine, folder->port, change);
    while (!making->done) {
        waiting_wait(&folder->upkeep, UINT64_MAX);
        store_port_run(folder->port);
    }
    if (making->status == REFUSED)
        return fault_of_refusal(error, name, &change->error);
    return making->status == OK ? DYNLOG_OK : fault_of_status(error, name, making->status);
}

/* A key of a text and a number: else no stream fits in. */
static bool takes_events(const struct table *table)
{
    const struct key_schema *key = &table->key;

    return key->count == 2 && key->hash_count == 1 &&
           bytes_equal_text(key->attributes[0].name, "pk") && key->attributes[0].type == VALUE_S &&
           bytes_equal_text(key->attributes[1].name, "sk") && key->attributes[1].type == VALUE_N;
}

static enum dynlog_status find_table(struct folder *folder, const char *name,
                                     struct dynlog_error *error)
{
    const struct table *table = engine_table_ref(folder->engine, bytes_of_text(name));
    enum dynlog_status status = DYNLOG_OK;

    if (table == NULL) {
        status = make_table(folder, name, error);
        table = engine_table_ref(folder->engine, bytes_of_text(name));
    }
    if (status == DYNLOG_OK && table == NULL)
        status = fault_say(error, DYNLOG_REFUSED, "The table %s is being restored.", name);
    if (status == DYNLOG_OK && table != NULL && !takes_events(table))
        status = fault_say(error, DYNLOG_REFUSED,
                           "The table %s has other keys than pk (S) and sk (N): it has no streams.",
                           name);
    if (table != NULL) {
        folder->table_id = table->id;
        engine_table_unref(table);
    }
    return status;
}

/* ---- the parts ---- */

static enum dynlog_status check_name(const char *name, struct dynlog_error *error)
{
    struct bytes text = bytes_of_text(name);

    if (text.size >= TABLE_NAME_SIZE_MIN && text.size <= TABLE_NAME_SIZE_MAX &&
        bytes_are_of(text, "-_."))
        return DYNLOG_OK;
    return fault_say(error, DYNLOG_INVALID,
                     "A table's name has %d to %d letters, digits and \"-_.\".",
                     TABLE_NAME_SIZE_MIN, TABLE_NAME_SIZE_MAX);
}

static enum dynlog_status open_store(struct folder *folder, const char *place,
                                     const struct dynlog_options *options,
                                     struct dynlog_error *error)
{
    struct store_options wanted = {.folder = place, .memory = options->memory};
    char message[STORE_MESSAGE_SIZE] = "";
    enum status status = store_open(&wanted, &folder->store, message);

    if (status == OK)
        return DYNLOG_OK;
    if (status == EXISTS) /* what is there is no store; nobody was first */
        status = REFUSED;
    fault_of_status(error, place, status);
    return fault_say(error, error != NULL ? error->status : fault_of_status(NULL, place, status),
                     "%s", message);
}

static enum status shards_of_engine(void *context, uint32_t stream_id, struct arena *arena,
                                    struct stream_shard **ret, size_t *ret_count)
{
    const struct folder *folder = context;

    return engine_stream_shards(folder->engine, stream_id, arena, ret, ret_count);
}

static enum status open_engine(struct folder *folder)
{
    struct stream_door shards = {folder, shards_of_engine};
    struct engine_door door = {.port = folder->port, .timers = folder->timers, .context = folder};
    enum status status = engine_open(folder->store, folder->base.clock, &here, &folder->engine);

    if (status == OK)
        status = engine_start(folder->engine, &door);
    if (status == OK)
        folder->streams = streams_new(folder->store, folder->port, folder->timers, &shards);
    if (status == OK)
        folder->subscriptions = subscriptions_new(folder->store, folder->base.clock);
    return status;
}

/* The order of an older folder's events is made before anybody reads (engine/order_fill.c): a
 * reader that finds a part of it would take that for all. It would be tried for as long as the disk
 * takes nothing: whoever opens the folder is told that instead, and the next to open it goes on. */
static enum dynlog_status wait_for_order(struct folder *folder, const char *place,
                                         struct dynlog_error *error)
{
    while (engine_fills_order(folder->engine)) {
        enum status failure = engine_order_failure(folder->engine);

        if (failure != OK)
            return fault_of_status(error, place, failure);
        folder_upkeep_wait(folder);
        store_port_run(folder->port);
        timers_run(folder->timers);
    }
    return DYNLOG_OK;
}

static void parse_condition(struct folder *folder)
{
    struct expr_names names = {0};
    struct api_error refusal;
    enum status status =
        expr_parse_condition(folder->arena, EXPR_CONDITION, BYTES("attribute_not_exists(pk)"),
                             &names, &folder->is_new, &refusal);

    assert(status == OK);
}

static void wake_upkeep(void *context)
{
    struct folder *folder = context;

    waiting_wake(&folder->upkeep);
}

static enum dynlog_status open_parts(struct folder *folder, const char *place,
                                     const struct dynlog_options *options,
                                     struct dynlog_error *error)
{
    enum dynlog_status status = check_name(options->table, error);

    if (status == DYNLOG_OK)
        status = open_store(folder, place, options, error);
    if (status != DYNLOG_OK)
        return status;
    folder->port = store_port_new(folder->store, wake_upkeep, folder_committed, folder);
    folder->timers = timers_new(folder->base.clock, NULL, NULL);

    enum status opened = open_engine(folder);

    if (opened != OK)
        return fault_of_status(error, place, opened);
    parse_condition(folder);
    status = find_table(folder, options->table, error);
    if (status == DYNLOG_OK)
        status = wait_for_order(folder, place, error);
    if (status != DYNLOG_OK)
        return status;
    folder_thread_start(folder);
    return DYNLOG_OK;
}

/* ---- life ---- */

/* Without its thread everything is answered here. */
static void settle(struct folder *folder)
{
    while (folder->engine != NULL && !engine_stop(folder->engine)) {
        waiting_wait(&folder->upkeep, UINT64_MAX);
        store_port_run(folder->port);
    }
}

static void folder_close(struct dynlog *dynlog)
{
    struct folder *folder = folder_of(dynlog);

    if (folder->has_thread)
        folder_thread_stop(folder);
    else
        settle(folder);
    if (folder->subscriptions != NULL)
        subscriptions_free(folder->subscriptions);
    streams_free(folder->streams);
    engine_close(folder->engine);
    while (folder->idle != NULL) {
        struct caller *caller = folder->idle;

        folder->idle = caller->next;
        store_port_free(caller->port);
        waiting_release(&caller->waiting);
        mem_free(caller);
    }
    store_port_free(folder->port);
    if (folder->store != NULL)
        store_close(folder->store);
    if (folder->timers != NULL)
        timers_free(folder->timers);
    waiting_release(&folder->upkeep);
    pthread_mutex_destroy(&folder->mutex);
    arena_free(folder->arena);
    mem_free(folder);
}

static bool is_ordered(const struct folder *folder)
{
    bool is_filled = false;

    return order_is_filled(folder->store, NULL, folder->table_id, &is_filled) != OK || is_filled;
}

enum dynlog_status folder_say_unordered(struct dynlog_error *error)
{
    return fault_say(error, DYNLOG_IN_USE,
                     "The order of the events, which an older dynlog did not keep, could not be "
                     "made; it is tried again when the folder is opened again.");
}

/* Counts are of each type of a log, and by log. */
static enum dynlog_status folder_logs(struct dynlog *dynlog, struct dynlog_logs **ret,
                                      struct dynlog_error *error)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct folder *folder = folder_of(dynlog);
    struct order_count *counts = NULL;
    struct logs_made *made = NULL;
    size_t count = 0, next = 0;
    enum status status = OK;

    if (!is_ordered(folder))
        return folder_say_unordered(error);
    status = order_counts(folder->store, NULL, folder->table_id, BYTES(""), arena, &counts, &count);
    if (status != OK)
        return fault_of_status(error, dynlog->place, status);
    made = logs_made_new();
    for (size_t i = 0; i < count; i = next) {
        uint64_t events = 0, last = 0;

        for (next = i; next < count && bytes_equal(counts[next].log, counts[i].log); next++) {
            events += counts[next].events;
            last = counts[next].last_position > last ? counts[next].last_position : last;
        }
        logs_made_add(made, counts[i].log, events, last);
    }
    *ret = logs_made_done(made);
    return DYNLOG_OK;
}

static enum dynlog_status folder_streams(struct dynlog *dynlog, const struct streams_query *query,
                                         struct dynlog_streams **ret, struct dynlog_error *error)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct folder *folder = folder_of(dynlog);
    struct order_stream *list = NULL;
    struct streams_made *made = NULL;
    size_t count = 0;
    bool more = false;
    enum status status = OK;

    if (!is_ordered(folder))
        return folder_say_unordered(error);
    status = order_streams(folder->store, NULL, folder->table_id, bytes_of_text(query->log),
                           bytes_of_text(query->after), query->limit, arena, &list, &count, &more);
    if (status != OK)
        return fault_of_status(error, dynlog->place, status);
    made = streams_made_new();
    for (size_t i = 0; i < count; i++)
        streams_made_add(made, list[i].id, list[i].version, list[i].last_position);
    *ret = streams_made_done(made, more);
    return DYNLOG_OK;
}

static enum dynlog_status folder_position(struct dynlog *dynlog, uint64_t *ret,
                                          struct dynlog_error *error)
{
    static const struct order_filter all;
    struct folder *folder = folder_of(dynlog);
    enum status status = OK;

    if (!is_ordered(folder))
        return folder_say_unordered(error);
    status = order_last(folder->store, NULL, folder->table_id, &all, ret);
    return status == OK ? DYNLOG_OK : fault_of_status(error, dynlog->place, status);
}

struct changing {
    struct private_change change;
    enum status status;
    bool done;
};

static void private_changed(struct private_change *change, enum status status)
{
    struct changing *changing = CONTAINER_OF(change, struct changing, change);

    changing->status = status;
    changing->done = true;
}

static enum dynlog_status change_private(struct folder *folder, enum private_change_kind kind,
                                         const char *log, const char *id,
                                         struct dynlog_error *error)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct changing *changing = ARENA_NEW(arena, struct changing);
    struct caller *caller = caller_take(folder);

    changing->change.kind = kind;
    changing->change.log = bytes_of_text(log);
    changing->change.id = bytes_of_text(id);
    changing->change.arena = arena;
    changing->change.done = private_changed;
    engine_change_private(folder->engine, caller->port, &changing->change);
    if (!changing->done)
        caller_wait(caller, &changing->done);
    caller_give(folder, caller);
    if (changing->status == REFUSED)
        return fault_say(error, DYNLOG_REFUSED, "%s", changing->change.error.message);
    return changing->status == OK ? DYNLOG_OK
                                  : fault_of_status(error, folder->base.place, changing->status);
}

static enum dynlog_status folder_forget(struct dynlog *dynlog, const char *log, const char *id,
                                        struct dynlog_error *error)
{
    return change_private(folder_of(dynlog), PRIVATE_FORGET, log, id, error);
}

static enum dynlog_status folder_make_private(struct dynlog *dynlog, const char *log,
                                              struct dynlog_error *error)
{
    return change_private(folder_of(dynlog), PRIVATE_DECLARE, log, NULL, error);
}

static enum dynlog_status folder_private_logs(struct dynlog *dynlog,
                                              struct dynlog_private_logs **ret,
                                              struct dynlog_error *error)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct folder *folder = folder_of(dynlog);
    struct private_logs_made *made = NULL;
    struct vault_log *logs = NULL;
    size_t count = 0;
    enum status status = vault_logs(engine_vault(folder->engine), arena, &logs, &count);

    if (status != OK)
        return fault_of_status(error, folder->base.place, status);
    made = private_logs_made_new();
    for (size_t i = 0; i < count; i++)
        private_logs_made_add(made, logs[i].name, logs[i].declared_ms);
    *ret = private_logs_made_done(made);
    return DYNLOG_OK;
}

static const struct place_kind folder_kind = {
    .close = folder_close,
    .query = folder_query,
    .put = folder_put,
    .subscribe = folder_subscribe,
    .logs = folder_logs,
    .streams = folder_streams,
    .position = folder_position,
    .forget = folder_forget,
    .make_private = folder_make_private,
    .private_logs = folder_private_logs,
};

enum dynlog_status folder_open(const char *place, const struct dynlog_options *options,
                               struct dynlog **ret, struct dynlog_error *error)
{
    struct folder *folder = mem_new(sizeof *folder);
    enum dynlog_status status = DYNLOG_OK;

    folder->arena = arena_new();
    folder->base.kind = &folder_kind;
    folder->base.clock = clock_new_real();
    pthread_mutex_init(&folder->mutex, NULL);
    waiting_init(&folder->upkeep);
    list_init(&folder->readers);
    atomic_init(&folder->stopping, false);
    status = open_parts(folder, place, options, error);
    if (status != DYNLOG_OK) {
        struct clock *clock = folder->base.clock;

        folder_close(&folder->base);
        clock_free(clock);
        return status;
    }
    *ret = &folder->base;
    return DYNLOG_OK;
}
