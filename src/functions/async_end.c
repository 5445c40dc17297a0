/* functions/async_end.c - what is written of an asynchronous invocation: that an attempt failed,
 * and its end.
 *
 *   one batch   { its keys go, its destination has the record, its dead-letter queue the event }
 *
 * What is told goes through deliveries: it is at its target in that very batch, or a record there
 * that is tried again. A batch that the store refused is made again, from what was to be told; the
 * targets are looked up anew. */
#include "functions/async_private.h"
#include "functions/async_record.h"
#include "functions/failure.h"
#include "functions/function.h"
#include "journey/journey.h"

#define TOLD_MAX 2 /* a destination and a dead-letter queue */

/* Who is told of an end, and what. */
struct telling {
    struct arena *arena; /* of what is told; NULL: nobody is told */
    struct delivery wanted[TOLD_MAX];
    size_t count;
    struct arena *try; /* of one try to write it */
    struct delivery deliveries[TOLD_MAX];
};

/* One change of the store. */
struct async_write {
    struct store_work work;
    struct functions *functions;
    struct async_entry *entry; /* that it ends; NULL: it counts an attempt */
    struct async_write *next;  /* of those that wait until their entry is written */
    uint64_t position;
    bool has_state;
    struct buffer state;
    struct telling telling;
};

/* ---- on the writer's thread ---- */

static void write_run(struct store_batch *batch, struct store_work *work)
{
    struct async_write *write = CONTAINER_OF(work, struct async_write, work);
    const struct destination_door *door = &write->functions->options.destinations;
    uint8_t key[ASYNC_KEY_SIZE];

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
    for (size_t i = 0; i < write->telling.count; i++)
        door->write(door->context, batch, &write->telling.deliveries[i]);
}

/* ---- on the loop ---- */

static struct async_write *write_new(struct async_entry *entry)
{
    struct async_write *write = mem_new(sizeof *write);

    write->functions = entry->functions;
    write->position = entry->position;
    write->has_state = entry->has_state;
    write->state = BUFFER_INIT(ASYNC_LAST_ERROR_SIZE_MAX + ASYNC_HEAD_SIZE_MAX);
    return write;
}

void async_write_free(struct async_write *write)
{
    if (write == NULL)
        return;
    buffer_free(&write->state);
    arena_free(write->telling.arena);
    arena_free(write->telling.try);
    mem_free(write);
}

/* The next start finds it as it was; until then it is tried again. A count that could not be
 * written is forgotten: one attempt too many is allowed, one too few is not. */
static void write_failed(struct async_write *write)
{
    struct async_entry *entry = write->entry;

    if (entry == NULL) {
        async_write_free(write);
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
    const struct destination_door *door = &functions->options.destinations;

    functions->async.writing_count--;
    if (status != OK) {
        write_failed(write);
        functions_changed(functions);
        return;
    }
    if (write->entry != NULL)
        async_entry_free(write->entry);
    for (size_t i = 0; i < write->telling.count; i++)
        door->written(door->context, &write->telling.deliveries[i]);
    async_write_free(write);
    functions_changed(functions);
}

static void prepare(struct async_write *write)
{
    const struct destination_door *door = &write->functions->options.destinations;
    struct telling *telling = &write->telling;

    if (telling->count == 0)
        return;
    arena_free(telling->try);
    telling->try = arena_new();
    for (size_t i = 0; i < telling->count; i++) {
        telling->deliveries[i] = telling->wanted[i];
        telling->deliveries[i].arena = telling->try;
        door->prepare(door->context, &telling->deliveries[i]);
    }
}

static void submit(struct async_write *write)
{
    prepare(write);
    write->work = (struct store_work){.run = write_run, .done = write_done};
    write->functions->async.writing_count++;
    store_submit(write->functions->options.store, write->functions->options.port, &write->work);
}

/* At once, or when the entry has its place in the store. */
static void submit_of(struct async_entry *entry, struct async_write *write)
{
    if (!entry->unwritten) {
        submit(write);
        return;
    }
    *entry->waiting_tail = write;
    entry->waiting_tail = &write->next;
}

void async_write_forget(struct async_entry *entry)
{
    struct async_write *write = entry->waiting_first;

    while (write != NULL) {
        struct async_write *next = write->next;

        async_write_free(write);
        write = next;
    }
}

void async_write_waiting(struct async_entry *entry)
{
    struct async_write *write = entry->waiting_first;
    uint64_t position = entry->position;

    entry->waiting_first = NULL;
    entry->waiting_tail = &entry->waiting_first;
    while (write != NULL) {
        struct async_write *next = write->next;

        write->position = position;
        submit(write);
        write = next;
    }
}

/* ---- who is told ---- */

static struct delivery *tell(struct telling *telling, const struct destination_record *record,
                             const char *id, struct bytes target_arn)
{
    struct delivery *delivery = &telling->wanted[telling->count++];

    *delivery = (struct delivery){.source = DELIVERY_OF_FUNCTION,
                                  .source_arn = record->function_arn,
                                  .event_id = arena_copy(telling->arena, record->request_id),
                                  .target_arn = arena_copy(telling->arena, target_arn),
                                  .target_id = bytes_of_text(id),
                                  .maximum_retry_attempts = -1,
                                  .maximum_event_age_s = -1};
    return delivery;
}

static void tell_destination(struct telling *telling,
                             const struct function_destination *destination,
                             const struct destination_record *record)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(DESTINATION_RECORD_SIZE_MAX);
    bool success = record->condition == DESTINATION_SUCCESS;

    if (destination->kind == DESTINATION_NONE)
        return;
    struct delivery *delivery =
        tell(telling, record, success ? "OnSuccess" : "OnFailure", destination->arn);

    destination_record_print(&text, record);
    assert(!buffer_failed(&text));
    delivery->payload = arena_copy(telling->arena, buffer_bytes(&text));
    if (destination->kind == DESTINATION_BUS)
        delivery->parameters =
            success ? BYTES("{\"EventBridgeParameters\":{\"Source\":\"lambda\",\"DetailType\":"
                            "\"Lambda Function Invocation Result - Success\"}}")
                    : BYTES("{\"EventBridgeParameters\":{\"Source\":\"lambda\",\"DetailType\":"
                            "\"Lambda Function Invocation Result - Failure\"}}");
}

static void tell_dead_letter_queue(struct telling *telling, struct bytes queue_arn,
                                   const struct destination_record *record)
{
    if (queue_arn.size == 0 || record->condition == DESTINATION_SUCCESS)
        return;
    struct delivery *delivery = tell(telling, record, "DeadLetterConfig", queue_arn);

    delivery->parameters = destination_letter_attributes(telling->arena, record);
    delivery->payload = arena_copy(
        telling->arena, record->request_payload.size > 0 ? record->request_payload : BYTES("{}"));
}

static void choose(struct async_write *write, const struct async_entry *entry,
                   const struct async_ending *ending)
{
    struct telling *telling = &write->telling;
    const struct function_version *version = entry->function->version;
    const struct function_settings *settings = &version->settings;
    bool success = ending->condition == DESTINATION_SUCCESS;
    const struct function_destination *destination =
        success ? &settings->on_success : &settings->on_failure;

    if (entry->functions->options.destinations.prepare == NULL ||
        (destination->kind == DESTINATION_NONE && (success || settings->dead_letter_arn.size == 0)))
        return;
    telling->arena = arena_new();
    struct destination_record record = {
        .condition = ending->condition,
        .time_ms = async_now_ms(entry->functions),
        .request_id = bytes_of_text(ending->invocation->request_id),
        .function_arn = entry->function->kind == FUNCTION_LATEST
                            ? arena_printf(telling->arena, "%.*s:$LATEST", BYTES_ARG(version->arn))
                            : arena_copy(telling->arena, version->arn),
        .executed_version = ending->version.size > 0
                                ? ending->version
                                : arena_copy(telling->arena, settings->version),
        .invoke_count = entry->attempts,
        .request_payload = ending->invocation->payload,
        .status = ending->status,
        .response_payload = ending->response,
    };

    tell_destination(telling, destination, &record);
    tell_dead_letter_queue(telling, settings->dead_letter_arn, &record);
}

static bool tells_success(const struct async_entry *entry)
{
    return entry->functions->options.destinations.prepare != NULL &&
           entry->function->version->settings.on_success.kind != DESTINATION_NONE;
}

/* ---- what async.c asks for ---- */

void async_count(struct async_entry *entry, struct bytes error)
{
    struct async_write *write = write_new(entry);
    struct async_state state = {
        .attempts = entry->attempts,
        .next_ms = entry->next_ms,
        .last_error = error.size <= ASYNC_LAST_ERROR_SIZE_MAX ? error : BYTES(""),
    };

    async_state_encode(&write->state, &state);
    entry->has_state = true;
    submit_of(entry, write);
}

static void end(struct async_entry *entry, struct async_write *write)
{
    async_entry_enter(entry, ENTRY_ENDING);
    write->entry = entry;
    submit_of(entry, write);
}

static void tell_journey(const struct async_entry *entry, const struct async_ending *ending)
{
    bool success = ending->condition == DESTINATION_SUCCESS;

    journey_invocation_ends(
        entry->functions->options.journeys, ending->invocation->request_id,
        &(struct journey_end){
            .result = success ? JOURNEY_DONE : JOURNEY_FAILED,
            .code =
                success ? BYTES("") : bytes_of_text(destination_condition_text(ending->condition)),
        });
}

void async_end(struct async_entry *entry, const struct async_ending *ending)
{
    tell_journey(entry, ending);
    if (ending->condition == DESTINATION_SUCCESS && !tells_success(entry) && async_early_end(entry))
        return;
    struct async_write *write = write_new(entry);

    choose(write, entry, ending);
    end(entry, write);
}

void async_end_written(struct async_entry *entry)
{
    struct async_write *write = write_new(entry);

    write->entry = entry;
    submit(write);
}

void async_drop(struct async_entry *entry)
{
    end(entry, write_new(entry));
}

void async_end_again(struct async_entry *entry)
{
    struct async_write *write = entry->write;

    entry->write = NULL;
    submit(write);
}
