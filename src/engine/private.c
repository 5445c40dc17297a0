/* engine/private.c - private logs: their payloads are sealed when they are written, opened when
 * they are read, and forgotten (vault/vault.h).
 *
 * A log is declared in two groups, so that nothing of it stays plain unseen:
 *
 *   BEING_DECLARED, at position P      from here on everything is sealed
 *     | a later group: are there events below P?
 *     +-- no: PRIVATE     +-- yes: it is not, and the caller is told
 *
 * Killed in between, the log is being declared until somebody declares it again. */
#include "engine/internal.h"
#include "value/stream_key.h"

/* ---- writing ---- */

static const struct value *text_of(const struct item *item, const char *name)
{
    const struct value *value = item_get_text(item, name);

    return value != NULL && value->type == VALUE_S ? value : NULL;
}

/* *ret NULL: it is not to be sealed. By its key alone: what is in a stream of a private log and is
 * no event for another reason is sealed all the same. */
static enum status find_stream(struct write_run *run, const struct write_plan *plan,
                               struct vault_stream **ret)
{
    const struct value *pk = text_of(plan->new_item, "pk");
    struct bytes log, id;

    *ret = NULL;
    if (pk == NULL || !vault_hides(item_get_text(plan->new_item, "payload")) ||
        !stream_key_read(pk->bytes, &log, &id))
        return OK;
    return vault_load(&run->vault, log, id, ret);
}

enum status write_seal(struct write_run *run, struct write_plan *plan)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(STORED_ITEM_SIZE_MAX);
    const struct item *item = plan->new_item;
    struct bytes form = plan->after.form;

    plan->vault = NULL;
    if (plan->effect != EFFECT_STORE || !vault_is_used(run->engine->vault) ||
        !order_takes(&plan->table->key))
        return OK;

    enum status status = find_stream(run, plan, &plan->vault);

    if (status != OK || plan->vault == NULL)
        return status;
    value_print(&text, item_get_text(item, "payload"));

    struct bytes sealed =
        vault_seal(&run->vault, plan->vault, VAULT_ITEM, item_get_text(item, "pk"),
                   item_get_text(item, "sk"), buffer_bytes(&text));

    plan->after =
        stored_item_make(run->arena, item, plan->after.size, plan->after.head != NULL, sealed);
    plan->after.form = form;
    return OK;
}

enum status write_read(struct write_run *run, struct bytes value, struct stored_item *ret)
{
    enum status status = stored_item_read(value, ret);

    return status == OK ? stored_item_open(&(struct vault_reader){run->engine->store, run->batch},
                                           run->arena, ret)
                        : status;
}

/* ---- declaring ---- */

static enum status refuse_events(struct private_change *change)
{
    return api_invalid(&change->error,
                       "The log %.*s has events already, and they are stored plain: a log is "
                       "declared private before its first event. Put its events into a new log, "
                       "or into a new data folder, that is declared private.",
                       BYTES_ARG(change->log));
}

static enum status look_at_table(struct private_change *change, const struct table *table,
                                 uint64_t position)
{
    struct store *store = change->engine->store;
    struct order_read read = {.table_id = table->id,
                              .filter = {.log = change->log},
                              .before = position,
                              .limit = 1,
                              .bare = true};
    struct order_page page;

    if (!order_takes(&table->key))
        return OK;

    enum status status = order_read(store, NULL, &read, change->arena, &page);

    if (status == OK && page.filling)
        return api_invalid(&change->error,
                           "The order of the events of table %.*s is being made: whether %.*s has "
                           "events is not known yet. Declare it again in a moment.",
                           BYTES_ARG(table->name), BYTES_ARG(change->log));
    return status == OK && page.count > 0 ? refuse_events(change) : status;
}

static enum status look_for_events(struct private_change *change, uint64_t position)
{
    struct bytes *names = NULL;
    size_t count = catalogue_names(&change->engine->catalogue, BYTES(""), change->arena, &names);
    enum status status = OK;

    for (size_t i = 0; status == OK && i < count; i++) {
        const struct table *table = catalogue_ref_any(&change->engine->catalogue, names[i]);

        if (table != NULL)
            status = look_at_table(change, table, position);
        engine_table_unref(table);
    }
    return status;
}

static void run_end(struct store_batch *batch, struct store_work *work)
{
    struct private_change *change = CONTAINER_OF(work, struct private_change, work);
    struct vault_log log;

    change->outcome = vault_log_load(batch, change->log, &log);
    if (change->outcome == NOT_FOUND) { /* somebody else was refused meanwhile */
        change->outcome = refuse_events(change);
        return;
    }
    if (change->outcome != OK || log.state == VAULT_PRIVATE)
        return;
    log.name = change->log;
    change->outcome = look_for_events(change, log.position);
    log.state = VAULT_PRIVATE;
    if (change->outcome == OK)
        vault_log_store(change->engine->vault, batch, &log);
    else
        vault_log_remove(batch, change->log);
    change->changed = change->outcome == OK;
}

static void ended(struct store_work *work, enum status status)
{
    struct private_change *change = CONTAINER_OF(work, struct private_change, work);

    change->done(change, status == OK ? change->outcome : status);
}

static void run_begin(struct store_batch *batch, struct store_work *work)
{
    struct private_change *change = CONTAINER_OF(work, struct private_change, work);
    struct vault_log log;

    change->outcome = vault_log_load(batch, change->log, &log);
    change->declared = change->outcome == OK && log.state == VAULT_PRIVATE;
    if (change->outcome != NOT_FOUND)
        return;
    log = (struct vault_log){.name = change->log,
                             .state = VAULT_BEING_DECLARED,
                             .declared_ms = clock_now_ms(change->engine->clock),
                             .position = store_batch_position(batch)};
    vault_log_store(change->engine->vault, batch, &log);
    change->outcome = OK;
}

/* What the first group put is seen by iterators from the next one on. */
static void begun(struct store_work *work, enum status status)
{
    struct private_change *change = CONTAINER_OF(work, struct private_change, work);

    if (status == OK)
        status = change->outcome;
    if (status != OK || change->declared) {
        change->done(change, status);
        return;
    }
    change->work = (struct store_work){.run = run_end, .done = ended};
    store_submit(change->engine->store, change->port, &change->work);
}

/* ---- forgetting ---- */

static void run_forget(struct store_batch *batch, struct store_work *work)
{
    struct private_change *change = CONTAINER_OF(work, struct private_change, work);
    struct vault_log log;
    enum status status = vault_log_load(batch, change->log, &log);

    if (status == NOT_FOUND || (status == OK && log.state != VAULT_PRIVATE))
        status = api_invalid(&change->error,
                             "The log %.*s is not private: its payloads are stored plain, and "
                             "nothing was forgotten. A log is declared private before its first "
                             "event.",
                             BYTES_ARG(change->log));
    else if (status == OK)
        status = vault_forget(batch, change->log, change->id, &change->changed);
    change->outcome = status;
}

/* ---- asking ---- */

struct vault *engine_vault(struct engine *engine)
{
    return engine->vault;
}

static bool is_name(struct bytes text, size_t size_max)
{
    return text.size > 0 && text.size <= size_max && bytes_find_byte(text, '#', 0) == SIZE_MAX &&
           bytes_are_utf8(text);
}

/* The id of a stream may have a '#': its log ends at the first one. */
static enum status check_names(struct private_change *change)
{
    if (!is_name(change->log, VAULT_LOG_SIZE_MAX))
        return api_invalid(&change->error,
                           "The log must be UTF-8 text of 1 to %zu bytes without \"#\".",
                           VAULT_LOG_SIZE_MAX);
    if (change->kind == PRIVATE_FORGET &&
        (change->id.size == 0 || change->log.size + change->id.size + 2 > KEY_HASH_SIZE_MAX))
        return api_invalid(&change->error, "The id of the stream must be text of 1 to %zu bytes.",
                           KEY_HASH_SIZE_MAX - change->log.size - 2);
    return OK;
}

void engine_change_private(struct engine *engine, struct store_port *port,
                           struct private_change *change)
{
    change->engine = engine;
    change->port = port;
    change->changed = change->declared = false;
    change->error.extra = (struct bytes){0};
    if (check_names(change) != OK) {
        change->done(change, REFUSED);
        return;
    }
    if (change->kind == PRIVATE_DECLARE)
        change->work = (struct store_work){.run = run_begin, .done = begun};
    else
        change->work = (struct store_work){.run = run_forget, .done = ended};
    store_submit(engine->store, port, &change->work);
}
