/* functions/async.c - see async.h. */
#include "functions/async.h"

#include "functions/async_private.h"
#include "functions/async_record.h"
#include "functions/function.h"
#include "functions/hold.h"
#include "functions/pool.h"
#include "journey/journey.h"
#include "vault/vault.h"

/* Of an event that is sealed, or whose cause is an older dynlog's; a record of its own may have
 * been larger. */
#define STORED_SIZE_MAX (VAULT_TEXT_SIZE_MAX(FUNCTION_EVENT_SIZE_MAX) + ASYNC_HEAD_SIZE_MAX)

/* One try: the payload stays in the store's memory meanwhile. */
struct async_run {
    struct invocation invocation;
    struct async_entry *entry;
    struct store_value value;
    struct arena *arena;            /* NULL: its payload was not sealed */
    struct async_invocation record; /* bytes of the value, or in the arena */
    char trace_header[JOURNEY_TRACE_HEADER_SIZE];
};

/* ---- entries ---- */

uint64_t async_now_ms(const struct functions *functions)
{
    return clock_now_ms(timers_clock(functions->options.timers));
}

static const bool moves[ENTRY_STATE_COUNT][ENTRY_STATE_COUNT] = {
    [ENTRY_LOADED] = {[ENTRY_WAITING] = true, [ENTRY_RETRYING] = true, [ENTRY_ENDING] = true},
    [ENTRY_WAITING] = {[ENTRY_RUNNING] = true, [ENTRY_RETRYING] = true, [ENTRY_ENDING] = true},
    [ENTRY_RUNNING] = {[ENTRY_RETRYING] = true, [ENTRY_ENDING] = true, [ENTRY_WAITING] = true},
    [ENTRY_RETRYING] = {[ENTRY_WAITING] = true},
};

/* With the queue and the counts that follow from it. */
void async_entry_enter(struct async_entry *entry, enum entry_state state)
{
    struct async *async = &entry->functions->async;

    assert(moves[entry->state][state]);
    list_remove(&entry->in_queue);
    if (entry->state == ENTRY_RUNNING)
        entry->function->async.running_count--;
    if (entry->state == ENTRY_RETRYING) {
        timer_cancel(entry->functions->options.timers, &entry->timer);
        async->retrying_count--;
        entry->function->async.held_count -= entry->held;
        entry->held = false;
    }
    entry->state = state;
    if (state == ENTRY_WAITING) {
        entry->waiting_ms = async_now_ms(entry->functions);
        list_append(&entry->function->async.waiting, &entry->in_queue);
    }
    if (state == ENTRY_RUNNING)
        entry->function->async.running_count++;
    if (state == ENTRY_RETRYING) {
        async->retrying_count++;
        timer_set_at(entry->functions->options.timers, &entry->timer, entry->next_ms);
    }
}

static void on_entry_timer(struct timer *timer);
static void on_write_again(struct timer *timer);

struct async_entry *async_entry_new(struct functions *functions,
                                    const struct async_invocation *invocation)
{
    struct async_entry *entry = mem_new(sizeof *entry);

    entry->functions = functions;
    entry->position = invocation->position;
    entry->accepted_ms = invocation->accepted_ms;
    entry->waiting_tail = &entry->waiting_first;
    entry->timer.fire = on_entry_timer;
    entry->write_again.fire = on_write_again;
    entry->name = mem_new(invocation->function_name.size + 1);
    memcpy(entry->name, invocation->function_name.ptr, invocation->function_name.size);
    list_append(&functions->async.all, &entry->in_all);
    list_append(&functions->async.unresolved, &entry->in_queue);
    functions->async.count++;
    return entry;
}

void async_entry_free(struct async_entry *entry)
{
    timer_cancel(entry->functions->options.timers, &entry->timer);
    timer_cancel(entry->functions->options.wall_timers, &entry->write_again);
    list_remove(&entry->in_all);
    list_remove(&entry->in_queue);
    if (entry->state == ENTRY_RETRYING)
        entry->functions->async.retrying_count--;
    entry->functions->async.count--;
    async_write_free(entry->write);
    async_write_forget(entry);
    async_early_release(entry);
    mem_free(entry->name);
    mem_free(entry);
}

/* When it is too old to be tried. */
static uint64_t expiry_ms(const struct async_entry *entry)
{
    int32_t age_s = entry->function->version->settings.maximum_event_age_s;

    return entry->accepted_ms + (age_s < 0 ? ASYNC_EVENT_AGE_S : (uint64_t)age_s) * 1000;
}

/* ---- what does not run ---- */

static void tell(struct functions *functions, struct bytes function_name, struct bytes request_id,
                 const char *text)
{
    struct function_log log = {
        .kind = FUNCTION_LOG_LINE,
        .function_name = function_name,
        .request_id = request_id,
        .text = bytes_of_text(text),
        .from_stderr = true,
    };

    if (functions->options.log != NULL)
        functions->options.log(functions->options.context, &log);
}

enum status async_entry_load(const struct async_entry *entry, struct store_value *value,
                             struct async_invocation *ret)
{
    uint8_t key[ASYNC_KEY_SIZE];

    if (entry->memory != NULL) {
        *ret = *entry->memory;
        return OK;
    }
    async_key_encode(key, ASYNC_INVOCATION, entry->position);
    enum status st = store_get(entry->functions->options.store, NULL, STORE_DELIVERIES,
                               bytes_of(key, sizeof key), value);

    return st == OK ? async_record_decode(value->bytes, ret) : st;
}

static enum status open_payload(const struct async_entry *entry, struct arena *arena,
                                struct async_invocation *invocation)
{
    struct vault_reader reader = {.store = entry->functions->options.store};

    if (!invocation->sealed)
        return OK;
    invocation->sealed = false;
    return vault_open_text(&reader, invocation->payload, arena, &invocation->payload);
}

/* The payload of the last failure; empty: it is not known. Points into the value. */
static struct bytes last_error(const struct async_entry *entry, struct store_value *value)
{
    struct async_state state = {0};
    uint8_t key[ASYNC_KEY_SIZE];

    async_key_encode(key, ASYNC_STATE, entry->position);
    if (!entry->has_state ||
        store_get(entry->functions->options.store, NULL, STORE_DELIVERIES,
                  bytes_of(key, sizeof key), value) != OK ||
        async_state_decode(value->bytes, &state) != OK)
        return BYTES("");
    return state.last_error;
}

/* Its record can't be read, for ever. */
static void drop_damaged(struct async_entry *entry)
{
    tell(entry->functions, entry->function->version->settings.name, BYTES(""),
         "dropped an asynchronous invocation whose record is damaged");
    async_drop(entry);
}

/* Its function was deleted: nobody will ever run it. */
static void drop_of_gone(struct async_entry *entry)
{
    tell(entry->functions, entry->function->version->settings.name, BYTES(""),
         "dropped an asynchronous invocation: its function was deleted");
    async_tell_dropped(entry, "its function was deleted");
    async_drop(entry);
}

/* Without another attempt. What it met last is its response: that there was no concurrency left for
 * it, or its last failure. False: the store cannot say now what it was. */
static bool end_untried(struct async_entry *entry, enum destination_condition condition)
{
    AUTO(store_value_release) struct store_value value = {0}, state = {0};
    AUTO(arena_release) struct arena *arena = arena_new();
    struct async_invocation invocation;
    struct async_ending ending = {.condition = condition, .invocation = &invocation};
    bool throttled = entry->throttles > 0 || async_now_ms(entry->functions) > entry->waiting_ms;
    enum status st = async_entry_load(entry, &value, &invocation);

    if (st == OK)
        st = open_payload(entry, arena, &invocation);
    if (st == NOT_FOUND || st == CORRUPT) {
        drop_damaged(entry);
        return true;
    }
    if (st != OK)
        return false;
    if (condition == DESTINATION_EVENT_AGE_EXCEEDED && throttled) {
        ending.status = DESTINATION_THROTTLED;
    } else if (condition == DESTINATION_EVENT_AGE_EXCEEDED && entry->attempts > 0) {
        ending.status = 200;
        ending.response = last_error(entry, &state);
    }
    async_tell_untried(entry, &invocation, ending.status == DESTINATION_THROTTLED);
    async_end(entry, &ending);
    return true;
}

/* ---- faults that a test asked for ---- */

static bool strikes(const struct async_entry *entry, enum fault_kind kind, struct fault_hit *ret)
{
    struct fault_place place = {.of = {[FAULT_FUNCTION] = entry->function->version->settings.name,
                                       [FAULT_SERVICE] = BYTES("lambda"),
                                       [FAULT_OPERATION] = BYTES("AsynchronousInvocation")}};

    return faults_hit(entry->functions->options.faults, kind, &place, ret);
}

static void wait_until(struct async_entry *entry, uint64_t time_ms)
{
    uint64_t expiry = expiry_ms(entry);

    entry->next_ms = time_ms < expiry ? time_ms : expiry;
    async_entry_enter(entry, ENTRY_RETRYING);
}

/* A new invocation is delayed, or held until a later one has overtaken it. */
static bool is_held_back(struct async_entry *entry)
{
    struct fault_hit hit = {0};

    if (strikes(entry, FAULT_DELAY, &hit)) {
        wait_until(entry, async_now_ms(entry->functions) + hit.delay_ms);
        return true;
    }
    if (!strikes(entry, FAULT_REORDER, NULL))
        return false;
    wait_until(entry, async_now_ms(entry->functions) + ASYNC_HELD_MS);
    entry->held = true;
    entry->function->async.held_count++;
    return true;
}

/* A later invocation runs: those that it overtook are next. */
static void let_go_of_held(struct function *function, uint64_t position)
{
    if (function->async.held_count == 0)
        return;
    LIST_EACH (&function->functions->async.all, it) {
        struct async_entry *entry = LIST_ITEM(it, struct async_entry, in_all);

        if (entry->held && entry->function == function && entry->position != 0 &&
            (position == 0 || entry->position < position))
            async_entry_enter(entry, ENTRY_WAITING);
    }
}

/* As Lambda does when there is no concurrency left: back into the queue, and no attempt. */
static bool is_throttled(struct async_entry *entry)
{
    uint64_t delay_ms = ASYNC_THROTTLED_FIRST_MS << (entry->throttles < 9 ? entry->throttles : 9);

    if (!strikes(entry, FAULT_THROTTLE, NULL))
        return false;
    entry->throttles++;
    entry->functions->throttles_total++;
    if (delay_ms > ASYNC_THROTTLED_LONGEST_MS)
        delay_ms = ASYNC_THROTTLED_LONGEST_MS;
    wait_until(entry, async_now_ms(entry->functions) + delay_ms);
    async_tell_throttled(entry);
    return true;
}

/* Decided as it begins: invocations begin in the queue's order, and end in any. */
static void decide_duplicate(struct async_entry *entry)
{
    if (entry->drawn)
        return;
    entry->drawn = true;
    entry->twice = strikes(entry, FAULT_DUPLICATE, NULL);
}

/* ---- attempts ---- */

static uint32_t retries_max(const struct async_entry *entry)
{
    int32_t retries = entry->function->version->settings.maximum_retry_attempts;

    return retries < 0 ? ASYNC_RETRY_ATTEMPTS : (uint32_t)retries;
}

static uint64_t retry_delay_ms(const struct async_entry *entry)
{
    int64_t delay_ms = entry->function->version->settings.retry_delay_ms;

    if (delay_ms >= 0)
        return (uint64_t)delay_ms;
    return entry->attempts == 1 ? ASYNC_RETRY_FIRST_MS : ASYNC_RETRY_NEXT_MS;
}

static void end_after(struct async_entry *entry, const struct async_run *run,
                      enum destination_condition condition)
{
    struct async_ending ending = {.condition = condition,
                                  .invocation = &run->record,
                                  .status = 200,
                                  .response = run->invocation.result,
                                  .version = bytes_of_text(run->invocation.version)};

    async_end(entry, &ending);
}

static void attempt_ended(struct async_entry *entry, const struct async_run *run)
{
    entry->throttles = 0;
    if (!run->invocation.failed && entry->twice) {
        entry->twice = false;
        async_entry_enter(entry, ENTRY_WAITING);
        return;
    }
    entry->attempts++;
    entry->next_ms = async_now_ms(entry->functions) + retry_delay_ms(entry);
    if (!run->invocation.failed) {
        end_after(entry, run, DESTINATION_SUCCESS);
    } else if (entry->attempts > retries_max(entry)) {
        end_after(entry, run, DESTINATION_RETRIES_EXHAUSTED);
    } else if (entry->next_ms >= expiry_ms(entry)) { /* as AWS: at once, and not at its age */
        end_after(entry, run, DESTINATION_EVENT_AGE_EXCEEDED);
    } else if (entry->function->gone) {
        drop_of_gone(entry);
    } else {
        async_count(entry, run->invocation.result);
        async_entry_enter(entry, ENTRY_RETRYING);
        journey_invocation_ends(
            entry->functions->options.journeys, run->record.request_id,
            &(struct journey_end){.result = JOURNEY_RETRYING, .next_ms = entry->next_ms});
    }
}

static void run_free(struct async_run *run)
{
    store_value_release(&run->value);
    arena_free(run->arena);
    mem_free(run);
}

static void tell_attempt(const struct async_run *run)
{
    const struct invocation *invocation = &run->invocation;
    bool ran = invocation->status == OK;
    enum journey_result result = invocation->failed ? JOURNEY_FAILED : JOURNEY_DONE;

    if (!ran)
        result = invocation->status == REFUSED ? JOURNEY_FAILED : JOURNEY_STOPPED;
    journey_attempt_ends(run->entry->functions->options.journeys, run->record.request_id,
                         &(struct journey_end){
                             .result = result,
                             .duration_us = ran ? invocation->duration_us : 0,
                             .payload = ran && invocation->failed ? invocation->result : BYTES(""),
                             .message = invocation->status == REFUSED
                                            ? bytes_of_text(invocation->error.message)
                                            : BYTES(""),
                         });
}

static void run_done(struct invocation *invocation)
{
    struct async_run *run = CONTAINER_OF(invocation, struct async_run, invocation);
    struct async_entry *entry = run->entry;
    struct function *function = entry->function;

    tell_attempt(run);
    if (invocation->status ==
        REFUSED) { /* larger than any invocation may be: a destination's record */
        tell(entry->functions, function->version->settings.name,
             bytes_of_text(run->record.request_id), invocation->error.message);
        async_tell_dropped(entry, invocation->error.message);
        async_drop(entry);
    } else if (invocation->status != OK) {
        async_entry_enter(entry, ENTRY_WAITING); /* we stop: the next start runs it */
    } else {
        attempt_ended(entry, run);
    }
    async_early_ran(entry);
    run_free(run);
    async_dispatch(function);
}

/* False when the store cannot give the payload now. */
static bool run_start(struct async_entry *entry)
{
    struct async_run *run = mem_new(sizeof *run);
    enum status st = async_entry_load(entry, &run->value, &run->record);

    if (st == OK && run->record.sealed) {
        run->arena = arena_new();
        st = open_payload(entry, run->arena, &run->record);
    }
    if (st == NOT_FOUND || st == CORRUPT)
        drop_damaged(entry);
    if (st != OK) {
        run_free(run);
        return st == NOT_FOUND || st == CORRUPT;
    }
    async_entry_enter(entry, ENTRY_RUNNING);
    decide_duplicate(entry);
    run->entry = entry;
    run->invocation.function_name = bytes_of_text(entry->function->name);
    run->invocation.payload = run->record.payload;
    memcpy(run->invocation.request_id, run->record.request_id, sizeof run->invocation.request_id);
    run->invocation.wait = true;
    run->invocation.done = run_done;
    journey_attempt_begins(entry->functions->options.journeys, run->record.request_id,
                           run->invocation.function_name, run->trace_header);
    run->invocation.trace_id = bytes_of_text(run->trace_header);
    functions_invoke(entry->functions, &run->invocation);
    return true;
}

/* What waits for concurrency grows too old at its time, whether a worker is free by then or not. */
static void watch_oldest(struct function *function)
{
    struct timers *timers = function->functions->options.timers;
    struct async_queue *queue = &function->async;

    if (list_empty(&queue->waiting) || holds_has(function))
        timer_cancel(timers, &queue->oldest);
    else
        timer_set_at(timers, &queue->oldest,
                     expiry_ms(LIST_ITEM(queue->waiting.next, struct async_entry, in_queue)));
}

/* The first that waits is looked at. False: it goes on waiting, and so do those behind it. */
static bool dispatch_first(struct function *function)
{
    struct functions *functions = function->functions;
    struct async_queue *queue = &function->async;
    struct async_entry *entry = LIST_ITEM(queue->waiting.next, struct async_entry, in_queue);
    bool done = true;

    if (pool_limit(function) == 0)
        done = end_untried(entry, DESTINATION_ZERO_CONCURRENCY);
    else if (async_now_ms(functions) >= expiry_ms(entry))
        done = end_untried(entry, DESTINATION_EVENT_AGE_EXCEEDED);
    else if (queue->running_count >= pool_limit(function))
        return false;
    else if (!is_throttled(entry)) {
        let_go_of_held(function, entry->position);
        done = run_start(entry);
    }
    if (!done) /* the store cannot give it now */
        timer_set_after(functions->options.wall_timers, &queue->again, ASYNC_WRITE_AGAIN_MS);
    return done;
}

void async_dispatch(struct function *function)
{
    struct functions *functions = function->functions;
    struct async_queue *queue = &function->async;

    if (!functions->started || functions->stopping || queue->dispatching)
        return;
    queue->dispatching = true; /* what ends at once does not dispatch inside this loop */
    while (!list_empty(&queue->waiting) && !holds_has(function) && dispatch_first(function))
        ;
    queue->dispatching = false;
    watch_oldest(function);
}

static void on_oldest(struct timer *timer)
{
    async_dispatch(CONTAINER_OF(timer, struct function, async.oldest));
}

static void on_again(struct timer *timer)
{
    async_dispatch(CONTAINER_OF(timer, struct function, async.again));
}

static void on_write_again(struct timer *timer)
{
    struct async_entry *entry = CONTAINER_OF(timer, struct async_entry, write_again);

    if (!entry->functions->stopping)
        async_end_again(entry);
}

static void on_entry_timer(struct timer *timer)
{
    struct async_entry *entry = CONTAINER_OF(timer, struct async_entry, timer);

    if (entry->functions->stopping)
        return;
    async_entry_enter(entry, ENTRY_WAITING);
    async_dispatch(entry->function);
}

/* ---- in and out ---- */

/* *ret: as it is to be stored. */
static enum status seal_payload(const struct functions *functions, struct store_batch *batch,
                                struct arena *arena, const struct async_invocation *invocation,
                                struct async_invocation *ret)
{
    struct bytes sealed;
    enum status st =
        vault_seal_text(functions->options.vault, batch, arena, invocation->payload, &sealed);

    *ret = *invocation;
    ret->sealed = st == OK && sealed.size > 0;
    if (ret->sealed)
        ret->payload = sealed;
    return st;
}

void functions_async_write(struct functions *functions, struct store_batch *batch,
                           struct async_invocation *invocation)
{
    AUTO(buffer_free) struct buffer value = BUFFER_INIT(STORED_SIZE_MAX);
    AUTO(arena_release) struct arena *arena = arena_new();
    struct async_invocation record;
    struct bytes name = function_name_of(invocation->function_name);
    uint8_t key[ASYNC_KEY_SIZE];

    if (invocation->early != NULL && atomic_load(&invocation->early->ended)) {
        invocation->position = 0;
        return;
    }
    if (invocation->early == NULL) {
        if (invocation->request_id[0] == '\0')
            id_uuid(invocation->request_id);
        invocation->function_name = name;
        invocation->accepted_ms = async_now_ms(functions);
    }
    invocation->position = store_batch_position(batch);
    async_key_encode(key, ASYNC_INVOCATION, invocation->position);
    enum status st = seal_payload(functions, batch, arena, invocation, &record);

    if (st != OK) {
        store_batch_fail(batch, st);
        return;
    }
    async_record_encode(&value, &record);
    assert(!buffer_failed(&value));
    store_batch_put(batch, STORE_DELIVERIES, bytes_of(key, sizeof key), buffer_bytes(&value));
}

/* Finds its function, and lets it wait for its turn or its time. */
static void entry_resolve(struct async_entry *entry)
{
    struct functions *functions = entry->functions;
    struct function *function = function_find(functions, bytes_of_text(entry->name));

    if (function == NULL) {
        tell(functions, bytes_of_text(entry->name), BYTES(""),
             "dropped an asynchronous invocation: there is no such function");
        async_tell_dropped(entry, "there is no such function");
        async_drop(entry);
        return;
    }
    entry->function = function;
    mem_free(entry->name);
    entry->name = NULL;
    async_entry_enter(entry,
                      entry->next_ms > async_now_ms(functions) ? ENTRY_RETRYING : ENTRY_WAITING);
}

void functions_async_written(struct functions *functions, const struct async_invocation *invocation)
{
    if (invocation->early != NULL) {
        async_early_written(invocation);
        return;
    }
    struct async_entry *entry = async_entry_new(functions, invocation);

    if (!functions->started || functions->stopping)
        return;
    entry_resolve(entry);
    if (entry->function == NULL)
        return;
    if (entry->state == ENTRY_WAITING)
        (void)is_held_back(entry);
    async_dispatch(entry->function);
}

void async_start(struct functions *functions)
{
    struct list *loaded;

    while ((loaded = list_take(&functions->async.unresolved)) != NULL)
        entry_resolve(LIST_ITEM(loaded, struct async_entry, in_queue));
    for (size_t i = 0; i < functions->count; i++)
        async_dispatch(functions->all[i]);
}

/* ---- for drain ---- */

struct waits async_waits(const struct functions *functions)
{
    struct timers *timers = functions->options.timers;
    struct waits waits = WAITS_NONE;

    if (functions->async.retrying_count > 0)
        LIST_EACH (&functions->async.all, it) {
            const struct async_entry *entry = LIST_ITEM(it, struct async_entry, in_all);

            if (entry->state == ENTRY_RETRYING)
                waits_add(&waits, timer_due_ms(timers, &entry->timer));
        }
    return waits;
}

void async_hurry(struct functions *functions)
{
    if (functions->stopping)
        return;
    LIST_EACH (&functions->async.all, it) {
        struct async_entry *entry = LIST_ITEM(it, struct async_entry, in_all);

        if (entry->state == ENTRY_RETRYING)
            async_entry_enter(entry, ENTRY_WAITING);
    }
    for (size_t i = 0; i < functions->count; i++)
        async_dispatch(functions->all[i]);
}

/* ---- a function that is deleted ---- */

void async_forget(struct function *function)
{
    LIST_EACH (&function->functions->async.all, it) {
        struct async_entry *entry = LIST_ITEM(it, struct async_entry, in_all);

        if (entry->function != function)
            continue;
        if (entry->state == ENTRY_RETRYING)
            async_entry_enter(entry, ENTRY_WAITING);
        if (entry->state == ENTRY_WAITING)
            drop_of_gone(entry);
    }
    async_queue_free(function);
}

bool async_has_entries(const struct function *function)
{
    LIST_EACH (&function->functions->async.all, it)
        if (LIST_ITEM(it, struct async_entry, in_all)->function == function)
            return true;
    return false;
}

/* ---- life ---- */

void async_queue_init(struct async_queue *queue)
{
    list_init(&queue->waiting);
    queue->oldest.fire = on_oldest;
    queue->again.fire = on_again;
}

void async_queue_free(struct function *function)
{
    timer_cancel(function->functions->options.timers, &function->async.oldest);
    timer_cancel(function->functions->options.wall_timers, &function->async.again);
}

void async_init(struct async *async)
{
    list_init(&async->all);
    list_init(&async->unresolved);
}

void async_free(struct functions *functions)
{
    LIST_EACH (&functions->async.all, it)
        async_entry_free(LIST_ITEM(it, struct async_entry, in_all));
}
