/* engine/write.c - the way of a write through the engine.
 *
 *   caller's thread            writer's thread                                    caller's thread
 *   plan: table, key,   --->   plan still true? -> old item -> condition  --->    done()
 *   stored bytes               -> what its kind means -> apply
 *
 * As much as possible is done before the writer, because all writes share it: a put is encoded when
 * it gets there, and one that makes a new item under attribute_not_exists decodes nothing. What
 * each kind means: put.c, update.c, delete.c, check.c; several at once: transact.c. */
#include "engine/internal.h"

#include <stdlib.h>

static const struct write_meaning *meaning_of(const struct item_write *write)
{
    switch (write->kind) {
    case WRITE_PUT:
        return &write_meaning_put;
    case WRITE_UPDATE:
        return &write_meaning_update;
    case WRITE_DELETE:
        return &write_meaning_delete;
    case WRITE_CHECK:
        return &write_meaning_check;
    }
    assert(false && "a kind of write that does not exist");
}

static void refuse(struct item_write *write, struct arena *arena, const struct api_error *error)
{
    write->status = REFUSED;
    write->error = ARENA_NEW(arena, struct api_error);
    *write->error = *error;
}

/* ---- planning: what the table and the item alone decide ---- */

static void clear_results(struct item_write *write)
{
    write->status = OK;
    write->error = NULL;
    write->returned = write->old = (struct bytes){0};
    write->old_size = write->new_size = 0;
    write->position = 0;
    write->index_costs = NULL;
    write->index_cost_count = 0;
    write->collection_key = (struct item){0};
}

static void prepare(struct item_write *write, struct write_plan *plan, struct arena *arena,
                    struct api_error *scratch)
{
    const struct write_meaning *meaning = meaning_of(write);
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(TABLE_KEY_SIZE_MAX);
    enum status status = table_key(plan->table, &write->item, !meaning->whole_item, &key, scratch);

    plan->key = (struct bytes){0};
    if (status == OK && meaning->prepare != NULL)
        status = meaning->prepare(write, plan, arena, scratch);
    if (status == OK)
        plan->key = arena_copy(arena, buffer_bytes(&key));
    else
        refuse(write, arena, scratch);
}

static void plan_each(struct engine *engine, struct store_port *port, struct engine_write *write)
{
    struct api_error scratch;

    scratch.extra = (struct bytes){0};
    write->plans = ARENA_NEW_ARRAY(write->arena, write->count, struct write_plan);
    for (size_t i = 0; i < write->count; i++) {
        struct write_plan *plan = &write->plans[i];

        clear_results(&write->writes[i]);
        plan->generation = catalogue_generation(&engine->catalogue);
        plan->table = catalogue_ref(&engine->catalogue, write->writes[i].table_name);
        if (plan->table == NULL)
            continue;
        shards_roll_old(engine, port, plan->table);
        prepare(&write->writes[i], plan, write->arena, &scratch);
    }
}

/* On the writer's thread: the plan is made with the table as it is at this point of the batch. */
static enum status renew_plan(struct write_run *run, struct item_write *write,
                              struct write_plan *plan)
{
    const struct table *before = plan->table, *now = NULL;

    if (catalogue_unchanged(&run->engine->catalogue, plan->generation))
        return OK;

    enum status status = catalogue_writer_ref(&run->engine->catalogue, run->batch, run->arena,
                                              write->table_name, &now);

    plan->table = now;
    if (status == OK && (before == NULL || before->id != now->id)) {
        clear_results(write);
        plan->after = (struct stored_item){0};
        plan->vault = NULL;
        prepare(write, plan, run->arena, &run->error);
    }
    engine_table_unref(before);
    return status == NOT_FOUND ? OK : status;
}

/* ---- evaluating ---- */

enum status write_old_item(struct write_run *run, struct write_plan *plan, const struct item **ret)
{
    if (plan->old_item == NULL && stored_item_exists(&plan->before)) {
        struct item *item = ARENA_NEW(run->arena, struct item);
        enum status status = item_decode(run->arena, plan->before.form, item);

        if (status != OK)
            return status;
        plan->old_item = item;
    }
    *ret = plan->old_item;
    return OK;
}

/* Equal items have equal sizes, so nearly all that differ are told apart without decoding. */
enum status write_is_idle(struct write_run *run, struct write_plan *plan, bool *ret)
{
    const struct item *old = NULL;

    *ret = bytes_equal(plan->before.form, plan->after.form);
    if (*ret || !stored_item_exists(&plan->before) || plan->before.size != plan->after.size)
        return OK;

    enum status status = write_old_item(run, plan, &old);

    if (status == OK)
        *ret = item_equal(old, plan->new_item);
    return status;
}

void write_return_old(struct write_run *run, struct item_write *write,
                      const struct write_plan *plan)
{
    write->returned = arena_copy(run->arena, plan->before.form);
}

static enum status load_old(struct write_run *run, struct write_plan *plan)
{
    struct bytes value;
    enum status status = store_batch_get(run->batch, STORE_ITEMS, plan->key, &value);

    plan->before = (struct stored_item){0};
    plan->old_item = NULL;
    if (status == NOT_FOUND)
        return OK;
    return status == OK ? write_read(run, value, &plan->before) : status;
}

static enum status check_condition(struct write_run *run, struct item_write *write,
                                   struct write_plan *plan)
{
    const struct item *old = NULL;
    bool holds = false;

    if (write->condition == NULL)
        return OK;

    enum status status = write_old_item(run, plan, &old);

    if (status == OK)
        status = expr_holds(write->condition, old, run->arena, &holds, &run->error);
    if (status != OK || holds)
        return status;
    if (write->return_old_on_failure)
        write->old = arena_copy(run->arena, plan->before.form);
    return api_refuse(&run->error, API_CONDITIONAL_CHECK_FAILED, "The conditional request failed");
}

static enum status evaluate(struct write_run *run, struct item_write *write,
                            struct write_plan *plan)
{
    enum status status = load_old(run, plan);

    if (status != OK)
        return status;
    write->old_size = write->new_size = plan->before.size;
    status = check_condition(run, write, plan);
    if (status == OK)
        status = figures_load(run, plan->table->id, &plan->figures);
    if (status == OK)
        status = meaning_of(write)->evaluate(run, write, plan);
    if (status == OK)
        status = write_seal(run, plan);
    if (status == OK)
        status = table_index_evaluate(run, plan);
    if (status == OK)
        status = write_order_evaluate(run, plan);
    if (status == OK)
        status = collection_evaluate(run, write, plan);
    return status;
}

void write_evaluate(struct write_run *run, struct item_write *write, struct write_plan *plan)
{
    plan->effect = EFFECT_NONE;
    write->status = evaluate(run, write, plan);
    if (write->status == REFUSED)
        refuse(write, run->arena, &run->error);
}

/* ---- applying ---- */

void write_put(struct write_run *run, const struct write_plan *plan)
{
    static const struct stored_item nothing;

    write_order_apply(run, plan);
    switch (plan->effect) {
    case EFFECT_NONE:
        return;
    case EFFECT_STORE:
        if (plan->vault != NULL)
            vault_use(&run->vault, plan->vault, VAULT_ITEM, item_get_text(plan->new_item, "sk"));
        store_batch_put(run->batch, STORE_ITEMS, plan->key, plan->after.value);
        figures_count(plan->figures, &plan->before, &plan->after);
        break;
    case EFFECT_REMOVE:
        store_batch_delete(run->batch, STORE_ITEMS, plan->key);
        figures_count(plan->figures, &plan->before, &nothing);
        break;
    }
    table_index_apply(run, plan);
    collection_apply(plan);
}

void write_apply(struct write_run *run, struct item_write *write, struct write_plan *plan)
{
    if (plan->effect == EFFECT_NONE)
        return;
    plan->position = write->position = store_batch_position(run->batch);
    write_put(run, plan);
    table_index_tell_costs(run, write, plan);
    change_record_put(run, write, plan);
    history_put(run, plan, write->position);
}

/* ---- several writes, each on its own ---- */

static int compare_keys(const void *a, const void *b)
{
    const struct bytes *left = a, *right = b;

    return bytes_compare(*left, *right);
}

bool keys_repeat(struct bytes *keys, size_t count)
{
    qsort(keys, count, sizeof *keys, compare_keys);
    for (size_t i = 1; i < count; i++)
        if (bytes_equal(keys[i - 1], keys[i]))
            return true;
    return false;
}

bool write_keys_repeat(const struct engine_write *write, struct arena *arena)
{
    struct bytes *keys = ARENA_NEW_ARRAY(arena, write->count, struct bytes);
    size_t count = 0;

    for (size_t i = 0; i < write->count; i++)
        if (write->plans[i].key.size > 0)
            keys[count++] = write->plans[i].key;
    return keys_repeat(keys, count);
}

/* The refusal that one wrong write brings over all of a batch, or NULL. */
static struct api_error *fault_of_batch(struct write_run *run, struct engine_write *write)
{
    if (write->apart)
        return NULL;
    for (size_t i = 0; i < write->count; i++)
        if (write->writes[i].status == REFUSED && !write_lost(&write->writes[i]))
            return write->writes[i].error;
    if (write->count == 1 || !write_keys_repeat(write, run->arena))
        return NULL;

    struct api_error *error = ARENA_NEW(run->arena, struct api_error);

    api_invalid(error, "Provided list of item keys contains duplicates");
    return error;
}

static void run_each(struct write_run *run, struct engine_write *write)
{
    struct api_error *fault = fault_of_batch(run, write);

    for (size_t i = 0; i < write->count; i++) {
        struct item_write *one = &write->writes[i];

        if (fault != NULL) {
            one->status = REFUSED;
            one->error = fault;
            continue;
        }
        if (one->status != OK)
            continue;
        write_evaluate(run, one, &write->plans[i]);
        if (one->status == OK)
            write_apply(run, one, &write->plans[i]);
    }
}

/* ---- on its way through the writer ---- */

static enum status renew_plans(struct write_run *run, struct engine_write *write)
{
    for (size_t i = 0; i < write->count; i++) {
        struct item_write *one = &write->writes[i];
        enum status status = renew_plan(run, one, &write->plans[i]);

        if (status != OK)
            return status;
        if (write->plans[i].table == NULL && !write->atomic) {
            refuse_missing_table(&run->error);
            refuse(one, run->arena, &run->error);
        }
    }
    return OK;
}

static void run_write(struct store_batch *batch, struct store_work *work)
{
    struct engine_write *write = CONTAINER_OF(work, struct engine_write, work);
    struct write_run run;

    if (write->outcome != OK)
        return;
    /* Member by member: the scratch error is large and stays as it is. */
    run.engine = write->engine;
    run.batch = batch;
    run.arena = write->arena;
    run.now_ms = write->ran_ms = clock_now_ms(write->engine->clock);
    run.figures = NULL;
    run.collections = NULL;
    run.order = (struct order_work){.batch = batch, .arena = write->arena};
    run.vault = (struct vault_work){.batch = batch, .arena = write->arena};
    run.error.extra = (struct bytes){0};
    write->outcome = renew_plans(&run, write);
    if (write->outcome != OK)
        return;
    if (write->atomic)
        write->outcome = transact_run(&run, write);
    else
        run_each(&run, write);
    figures_store(&run);
    collections_store(&run);
    order_store(&run.order);
    vault_store(&run.vault);
}

static void write_done(struct store_work *work, enum status status)
{
    struct engine_write *write = CONTAINER_OF(work, struct engine_write, work);

    if (status == OK)
        write_tell(write);
    for (size_t i = 0; i < write->count; i++)
        engine_table_unref(write->plans[i].table);
    conflict_leave(write->engine, write);
    write->done(write, status == OK ? write->outcome : status);
}

void engine_write(struct engine *engine, struct store_port *port, struct engine_write *write)
{
    write->engine = engine;
    write->outcome = OK;
    write->repeated = false;
    write->work = (struct store_work){.run = run_write, .done = write_done};
    if (write->token.size > 0)
        token_digest(write);
    plan_each(engine, port, write);
    conflict_enter(engine, write);
    store_submit(engine->store, port, &write->work);
}
