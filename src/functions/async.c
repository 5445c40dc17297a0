/* functions/async.c - see async.h. */
#include "functions/async.h"

#include "functions/async_private.h"
#include "functions/async_record.h"
#include "functions/destination.h"
#include "functions/function.h"
#include "functions/pool.h"

/* Where the payload of a large event ends up: its destination's record, which may be larger. */
#define STORED_SIZE_MAX (DESTINATION_RECORD_SIZE_MAX + ASYNC_HEAD_SIZE_MAX)

/* One try: the payload stays in the store's memory meanwhile. */
struct async_run {
    struct invocation invocation;
    struct async_entry *entry;
    struct store_value value;
    struct async_invocation record; /* bytes of the value */
};

/* One change of the store. */
struct async_write {
    struct store_work work;
    struct functions *functions;
    struct async_entry *entry; /* that it ends; NULL: it counts an attempt */
    uint64_t position;
    bool has_state;
    struct buffer state;
    bool has_destination;
    bool too_old; /* the record is made by the writer, who sees the last error for certain */
    struct function_version *version; /* whose ARN the record has; NULL: no destination */
    struct destination_record record;
    struct buffer destination_payload;
    char destination_name[FUNCTION_NAME_SIZE_MAX];
    struct async_invocation destination;
};

/* ---- entries ---- */

static const bool moves[ENTRY_STATE_COUNT][ENTRY_STATE_COUNT] = {
    [ENTRY_LOADED] = {[ENTRY_WAITING] = true, [ENTRY_RETRYING] = true, [ENTRY_ENDING] = true},
    [ENTRY_WAITING] = {[ENTRY_RUNNING] = true, [ENTRY_RETRYING] = true, [ENTRY_ENDING] = true},
    [ENTRY_RUNNING] = {[ENTRY_RETRYING] = true, [ENTRY_ENDING] = true, [ENTRY_WAITING] = true},
    [ENTRY_RETRYING] = {[ENTRY_WAITING] = true},
};

/* The only place that changes a state, with the queue and the counts that follow from it. */
static void entry_enter(struct async_entry *entry, enum entry_state state)
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
    if (state == ENTRY_WAITING)
        list_append(&entry->function->async.waiting, &entry->in_queue);
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
    entry->timer.fire = on_entry_timer;
    entry->write_again.fire = on_write_again;
    entry->name = mem_new(invocation->function_name.size + 1);
    memcpy(entry->name, invocation->function_name.ptr, invocation->function_name.size);
    list_append(&functions->async.all, &entry->in_all);
    list_append(&functions->async.unresolved, &entry->in_queue);
    functions->async.count++;
    return entry;
}

static void write_free(struct async_write *write)
{
    if (write == NULL)
        return;
    buffer_free(&write->state);
    buffer_free(&write->destination_payload);
    function_version_unref(write->version);
    mem_free(write);
}

static void entry_free(struct async_entry *entry)
{
    timer_cancel(entry->functions->options.timers, &entry->timer);
    timer_cancel(entry->functions->options.wall_timers, &entry->write_again);
    list_remove(&entry->in_all);
    list_remove(&entry->in_queue);
    if (entry->state == ENTRY_RETRYING)
        entry->functions->async.retrying_count--;
    entry->functions->async.count--;
    write_free(entry->write);
    mem_free(entry->name);
    mem_free(entry);
}

static uint64_t now_ms(const struct functions *functions)
{
    return clock_now_ms(timers_clock(functions->options.timers));
}

/* When it is too old to be tried. */
static uint64_t expiry_ms(const struct async_entry *entry)
{
    int32_t age_s = entry->function->version->settings.maximum_event_age_s;

    return entry->accepted_ms + (age_s < 0 ? ASYNC_EVENT_AGE_S : (uint64_t)age_s) * 1000;
}

/* ---- writing ---- */

static void print_destination(struct async_write *write)
{
    buffer_clear(&write->destination_payload);
    destination_record_print(&write->destination_payload, &write->record);
    write->has_destination = !buffer_failed(&write->destination_payload);
    write->destination.payload = buffer_bytes(&write->destination_payload);
}

/* On the writer's thread: what is in the store of it, now that its time is over. */
static void print_too_old(struct store_batch *batch, struct async_write *write)
{
    struct async_invocation record = {0};
    struct async_state state = {0};
    struct bytes value;
    uint8_t key[ASYNC_KEY_SIZE];

    async_key_encode(key, ASYNC_INVOCATION, write->position);
    if (store_batch_get(batch, STORE_DELIVERIES, bytes_of(key, sizeof key), &value) != OK ||
        async_record_decode(value, &record) != OK) {
        write->has_destination = false;
        return;
    }
    async_key_encode(key, ASYNC_STATE, write->position);
    if (store_batch_get(batch, STORE_DELIVERIES, bytes_of(key, sizeof key), &value) == OK &&
        async_state_decode(value, &state) == OK)
        write->record.response_payload = state.last_error;
    write->record.request_id = bytes_of_text(record.request_id);
    write->record.request_payload = record.payload;
    print_destination(write);
}

static void write_run(struct store_batch *batch, struct store_work *work)
{
    struct async_write *write = CONTAINER_OF(work, struct async_write, work);
    uint8_t key[ASYNC_KEY_SIZE];

    if (write->too_old && write->version != NULL)
        print_too_old(batch, write);

    async_key_encode(key, ASYNC_STATE, write->position);
    if (write->entry == NULL) {
        store_batch_put(batch, STORE_DELIVERIES, bytes_of(key, sizeof key),
                        buffer_bytes(&write->state));
        return;
    }
    if (write->has_state)
        store_batch_delete(batch, STORE_DELIVERIES, bytes_of(key, sizeof key));
    async_key_encode(key, ASYNC_INVOCATION, write->position);
    store_batch_delete(batch, STORE_DELIVERIES, bytes_of(key, sizeof key));
    if (write->has_destination)
        functions_async_write(write->functions, batch, &write->destination);
}

/* The next start finds it as it was; until then it is tried again. A count that could not be
 * written is forgotten: one attempt too many is allowed, one too few is not. */
static void write_failed(struct async_write *write)
{
    struct async_entry *entry = write->entry;

    if (entry == NULL) {
        write_free(write);
        return;
    }
    entry->write = write;
    if (!write->functions->stopping)
        timer_set_after(write->functions->options.wall_timers, &entry->write_again,
                        ASYNC_WRITE_AGAIN_MS);
}

static void write_done(struct store_work *work, enum status status)
{
    struct async_write *write = CONTAINER_OF(work, struct async_write, work);
    struct functions *functions = write->functions;

    functions->async.writing_count--;
    if (status != OK) {
        write_failed(write);
        functions_changed(functions);
        return;
    }
    if (write->entry != NULL)
        entry_free(write->entry);
    if (write->has_destination)
        functions_async_written(functions, &write->destination);
    write_free(write);
    functions_changed(functions);
}

static void write_submit(struct async_write *write)
{
    write->functions->async.writing_count++;
    store_submit(write->functions->options.store, write->functions->options.port, &write->work);
}

static struct async_write *write_new(struct async_entry *entry)
{
    struct async_write *write = mem_new(sizeof *write);

    write->work.run = write_run;
    write->work.done = write_done;
    write->functions = entry->functions;
    write->position = entry->position;
    write->has_state = entry->has_state;
    write->state = BUFFER_INIT(ASYNC_LAST_ERROR_SIZE_MAX + ASYNC_HEAD_SIZE_MAX);
    write->destination_payload = BUFFER_INIT(DESTINATION_RECORD_SIZE_MAX);
    return write;
}

/* ---- the end of an invocation ---- */

/* Who is told; the record has no payloads yet. */
static void choose_destination(struct async_write *write, const struct async_entry *entry,
                               enum destination_condition condition)
{
    struct function_version *version = entry->function->version;
    const struct function_destination *destination = condition == DESTINATION_SUCCESS
                                                         ? &version->settings.on_success
                                                         : &version->settings.on_failure;
    struct bytes name = function_name_of(destination->arn);

    if (destination->kind == DESTINATION_NONE || name.size == 0)
        return;
    function_version_ref(version);
    write->version = version;
    write->record.condition = condition;
    write->record.time_ms = now_ms(entry->functions);
    write->record.function_arn = version->arn;
    write->record.invoke_count = entry->attempts;
    assert(name.size <= sizeof write->destination_name);
    memcpy(write->destination_name, name.ptr, name.size);
    write->destination =
        (struct async_invocation){.function_name = bytes_of(write->destination_name, name.size)};
}

static void entry_end(struct async_entry *entry, struct async_write *write)
{
    entry_enter(entry, ENTRY_ENDING);
    write->entry = entry;
    write_submit(write);
}

/* Without a record: its function is not there, or it is damaged. */
static void entry_drop(struct async_entry *entry)
{
    entry_end(entry, write_new(entry));
}

static void end_too_old(struct async_entry *entry)
{
    struct async_write *write = write_new(entry);

    write->too_old = true;
    choose_destination(write, entry, DESTINATION_EVENT_AGE_EXCEEDED);
    entry_end(entry, write);
}

static void end_after(struct async_entry *entry, const struct async_run *run,
                      enum destination_condition condition)
{
    struct async_write *write = write_new(entry);

    choose_destination(write, entry, condition);
    if (write->version != NULL) {
        write->record.request_id = bytes_of_text(run->record.request_id);
        write->record.request_payload = run->record.payload;
        write->record.response_payload = run->invocation.result;
        print_destination(write);
    }
    entry_end(entry, write);
}

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

static enum status load_record(const struct async_entry *entry, struct store_value *value,
                               struct async_invocation *ret)
{
    uint8_t key[ASYNC_KEY_SIZE];

    async_key_encode(key, ASYNC_INVOCATION, entry->position);
    enum status st = store_get(entry->functions->options.store, NULL, STORE_DELIVERIES,
                               bytes_of(key, sizeof key), value);

    return st == OK ? async_record_decode(value->bytes, ret) : st;
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
    entry_enter(entry, ENTRY_RETRYING);
}

/* A new invocation is delayed, or held until a later one has overtaken it. */
static bool is_held_back(struct async_entry *entry)
{
    struct fault_hit hit = {0};

    if (strikes(entry, FAULT_DELAY, &hit)) {
        wait_until(entry, now_ms(entry->functions) + hit.delay_ms);
        return true;
    }
    if (!strikes(entry, FAULT_REORDER, NULL))
        return false;
    wait_until(entry, now_ms(entry->functions) + ASYNC_HELD_MS);
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

        if (entry->held && entry->function == function && entry->position < position)
            entry_enter(entry, ENTRY_WAITING);
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
    wait_until(entry, now_ms(entry->functions) + delay_ms);
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

static void retry_later(struct async_entry *entry, struct bytes error)
{
    uint64_t expiry = expiry_ms(entry);
    struct async_write *write = write_new(entry);

    entry->next_ms = now_ms(entry->functions) + retry_delay_ms(entry);
    if (entry->next_ms > expiry)
        entry->next_ms = expiry; /* not to be tried again, but to be ended */
    struct async_state state = {
        .attempts = entry->attempts,
        .next_ms = entry->next_ms,
        .last_error = error.size <= ASYNC_LAST_ERROR_SIZE_MAX ? error : BYTES(""),
    };

    async_state_encode(&write->state, &state);
    entry->has_state = true;
    write_submit(write);
    entry_enter(entry, ENTRY_RETRYING);
}

static void attempt_ended(struct async_entry *entry, const struct async_run *run)
{
    entry->throttles = 0;
    if (!run->invocation.failed && entry->twice) {
        entry->twice = false;
        entry_enter(entry, ENTRY_WAITING);
        return;
    }
    entry->attempts++;
    if (!run->invocation.failed)
        end_after(entry, run, DESTINATION_SUCCESS);
    else if (entry->attempts > retries_max(entry))
        end_after(entry, run, DESTINATION_RETRIES_EXHAUSTED);
    else
        retry_later(entry, run->invocation.result);
}

static void run_free(struct async_run *run)
{
    store_value_release(&run->value);
    mem_free(run);
}

static void run_done(struct invocation *invocation)
{
    struct async_run *run = CONTAINER_OF(invocation, struct async_run, invocation);
    struct async_entry *entry = run->entry;
    struct function *function = entry->function;

    if (invocation->status ==
        REFUSED) { /* larger than any invocation may be: a destination's record */
        tell(entry->functions, function->version->settings.name,
             bytes_of_text(run->record.request_id), invocation->error.message);
        entry_drop(entry);
    } else if (invocation->status != OK) {
        entry_enter(entry, ENTRY_WAITING); /* we stop: the next start runs it */
    } else {
        attempt_ended(entry, run);
    }
    run_free(run);
    async_dispatch(function);
}

/* False when the store cannot give the payload now. */
static bool run_start(struct async_entry *entry)
{
    struct async_run *run = mem_new(sizeof *run);
    enum status st = load_record(entry, &run->value, &run->record);

    if (st == NOT_FOUND || st == CORRUPT) {
        tell(entry->functions, entry->function->version->settings.name, BYTES(""),
             "dropped an asynchronous invocation whose record is damaged");
        entry_drop(entry);
    }
    if (st != OK) {
        run_free(run);
        return st == NOT_FOUND || st == CORRUPT;
    }
    entry_enter(entry, ENTRY_RUNNING);
    decide_duplicate(entry);
    run->entry = entry;
    run->invocation.function_name = entry->function->version->settings.name;
    run->invocation.payload = run->record.payload;
    memcpy(run->invocation.request_id, run->record.request_id, sizeof run->invocation.request_id);
    run->invocation.wait = true;
    run->invocation.done = run_done;
    functions_invoke(entry->functions, &run->invocation);
    return true;
}

/* A function without any concurrency never takes its events: they are looked at when they are too
 * old. */
static void watch_oldest(struct function *function)
{
    struct timers *timers = function->functions->options.timers;
    struct async_queue *queue = &function->async;

    if (list_empty(&queue->waiting) || pool_limit(function) > 0)
        timer_cancel(timers, &queue->oldest);
    else
        timer_set_at(timers, &queue->oldest,
                     expiry_ms(LIST_ITEM(queue->waiting.next, struct async_entry, in_queue)));
}

void async_dispatch(struct function *function)
{
    struct functions *functions = function->functions;
    struct async_queue *queue = &function->async;

    if (!functions->started || functions->stopping || queue->dispatching)
        return;
    queue->dispatching = true; /* what ends at once does not dispatch inside this loop */
    while (!list_empty(&queue->waiting)) {
        struct async_entry *entry = LIST_ITEM(queue->waiting.next, struct async_entry, in_queue);

        if (now_ms(functions) >= expiry_ms(entry)) {
            end_too_old(entry);
            continue;
        }
        if (queue->running_count >= pool_limit(function))
            break;
        if (is_throttled(entry))
            continue;
        let_go_of_held(function, entry->position);
        if (!run_start(entry)) {
            timer_set_after(functions->options.wall_timers, &queue->again, ASYNC_WRITE_AGAIN_MS);
            queue->dispatching = false;
            return;
        }
    }
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
    struct async_write *write = entry->write;

    if (entry->functions->stopping)
        return;
    entry->write = NULL;
    write_submit(write);
}

static void on_entry_timer(struct timer *timer)
{
    struct async_entry *entry = CONTAINER_OF(timer, struct async_entry, timer);

    if (entry->functions->stopping)
        return;
    entry_enter(entry, ENTRY_WAITING);
    async_dispatch(entry->function);
}

/* ---- in and out ---- */

void functions_async_write(struct functions *functions, struct store_batch *batch,
                           struct async_invocation *invocation)
{
    AUTO(buffer_free) struct buffer value = BUFFER_INIT(STORED_SIZE_MAX);
    struct bytes name = function_name_of(invocation->function_name);
    uint8_t key[ASYNC_KEY_SIZE];

    if (invocation->request_id[0] == '\0')
        id_uuid(invocation->request_id);
    invocation->function_name = name;
    invocation->accepted_ms = now_ms(functions);
    invocation->position = store_batch_position(batch);
    async_key_encode(key, ASYNC_INVOCATION, invocation->position);
    async_record_encode(&value, invocation);
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
        entry_drop(entry);
        return;
    }
    entry->function = function;
    mem_free(entry->name);
    entry->name = NULL;
    entry_enter(entry, entry->next_ms > now_ms(functions) ? ENTRY_RETRYING : ENTRY_WAITING);
}

void functions_async_written(struct functions *functions, const struct async_invocation *invocation)
{
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

size_t async_waiting_count(const struct function *function)
{
    size_t count = 0;

    LIST_EACH (&function->async.waiting, it)
        count++;
    return count;
}

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
    for (size_t i = 0; i < functions->count; i++)
        if (timer_is_set(&functions->all[i]->async.oldest))
            waits_add(&waits, timer_due_ms(timers, &functions->all[i]->async.oldest));
    return waits;
}

void async_hurry(struct functions *functions)
{
    if (functions->stopping)
        return;
    LIST_EACH (&functions->async.all, it) {
        struct async_entry *entry = LIST_ITEM(it, struct async_entry, in_all);

        if (entry->state == ENTRY_RETRYING)
            entry_enter(entry, ENTRY_WAITING);
    }
    for (size_t i = 0; i < functions->count; i++)
        async_dispatch(functions->all[i]);
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
        entry_free(LIST_ITEM(it, struct async_entry, in_all));
}
