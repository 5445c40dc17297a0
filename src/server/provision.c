/* server/provision.c - makes what the stack file describes: functions, then AWS's own requests for
 * tables, queues, buses, rules and targets in order, then archives and mappings. What is there
 * already stays, with its data, and is updated where AWS has a request for that; a table follows
 * the file (follow.c). Functions whose environment has a value that only a request gave (values.c)
 * are put again behind the requests. */
#include "server/internal.h"

struct provisioning {
    struct server *server;
    size_t next;   /* call, then archive */
    bool updating; /* the call's update is under way */
    bool *late;    /* functions that wait for values */
    void (*done)(struct server *server, bool ok);
    struct bus_change archive;
};

static void next_call(struct provisioning *provisioning);

static void finish(struct provisioning *provisioning, bool ok)
{
    struct server *server = provisioning->server;
    void (*done)(struct server * server, bool ok) = provisioning->done;

    mem_free(provisioning);
    done(server, ok);
}

static void fail_at(struct provisioning *provisioning, const struct stack_where *where,
                    struct bytes resource, struct bytes why)
{
    why = stack_mask(provisioning->server->stack_arena, provisioning->server->stack, why);
    output_error("%s:%zu:%zu: %.*s can't be made: %.*s", where->file, where->line, where->column,
                 BYTES_ARG(resource), BYTES_ARG(why));
    finish(provisioning, false);
}

/* ---- functions ---- */

static enum status destination_of(struct server *server, const struct stack_destination *from,
                                  struct function_destination *ret, struct api_error *reterr)
{
    struct bytes arn = {NULL, 0};

    if (from->kind == STACK_DESTINATION_FUNCTION)
        arn = functions_arn(server->functions, server->stack_arena, from->target);
    if (from->kind == STACK_DESTINATION_ARN)
        arn = from->target;
    return function_destination_of(arn, ret, reterr);
}

/* It is there again at a start without this one. */
static void note_hidden(struct server *server, const struct stack_function *function)
{
    output_note(server, &(struct stack_note){
                            .where = function->where,
                            .text = arena_printf(server->stack_arena,
                                                 "function %.*s hides the one of that name that a "
                                                 "client made",
                                                 BYTES_ARG(function->key)),
                        });
}

/* False: a value is still to come. */
static bool fill_environment(struct server *server, const struct stack_function *function,
                             struct function_settings *settings)
{
    struct function_variable *environment =
        ARENA_NEW_ARRAY(server->stack_arena, function->environment_count, struct function_variable);
    bool all_known = true;

    for (size_t i = 0; i < function->environment_count; i++) {
        bool known = true;

        environment[i] =
            (struct function_variable){function->environment[i].name,
                                       values_fill(server, function->environment[i].value, &known)};
        all_known = all_known && known;
    }
    settings->environment = environment;
    settings->environment_count = function->environment_count;
    return all_known;
}

/* *ret_known: no value of the environment is still to come. *ret_where: what is wrong. */
static enum status put_function(struct server *server, size_t index, bool *ret_known,
                                const struct stack_where **ret_where, struct api_error *reterr)
{
    const struct stack_function *function = &server->stack->functions[index];
    const struct stack_alias *wrong = NULL;
    struct bytes why = {NULL, 0};
    int64_t attempts = function->maximum_retry_attempts;

    if (attempts < 0) /* the offline plugin's setting stands in for AWS's 2 */
        attempts = server->stack->maximum_retry_attempts;

    struct function_settings settings = {
        .name = function->name,
        .handler = function->handler,
        .runtime = function->runtime,
        .folder = server->function_places[index].folder,
        .archive = server->function_places[index].archive,
        .archive_size = server->function_places[index].archive_size,
        .timeout_s = function->timeout_s,
        .memory_mb = function->memory_mb,
        .reserved_concurrency = function->reserved_concurrency,
        .maximum_retry_attempts = (int32_t)attempts,
        .retry_delay_ms = server->stack->retry_delay_ms,
        .maximum_event_age_s = function->maximum_event_age_s,
        .dead_letter_arn = function->dead_letter_arn,
        .log_group = function->log_group,
        .disable_logs = function->disable_logs,
    };
    enum status st = destination_of(server, &function->on_success, &settings.on_success, reterr);

    *ret_where = &function->where;
    *ret_known = fill_environment(server, function, &settings);
    if (st == OK)
        st = destination_of(server, &function->on_failure, &settings.on_failure, reterr);
    if (st == OK)
        st = function_check_dead_letter(settings.dead_letter_arn, reterr);
    if (st != OK)
        return st;
    wrong = stack_aliases_set(server->stack_arena, server->stack, &settings, &why);
    if (wrong != NULL) {
        *ret_where = &wrong->where;
        return api_refuse(reterr, API_LAMBDA_INVALID_PARAMETER, "%.*s", BYTES_ARG(why));
    }
    if (functions_is_stored(server->functions, settings.name))
        note_hidden(server, function);
    return functions_put(server->functions, &settings, reterr);
}

/* Those that wait for a value. */
static bool put_functions(struct provisioning *provisioning)
{
    struct server *server = provisioning->server;
    struct api_error error = {0};

    for (size_t i = 0; i < server->stack->function_count; i++) {
        const struct stack_function *function = &server->stack->functions[i];
        const struct stack_where *where = NULL;
        bool known = true;

        if (!provisioning->late[i])
            continue;
        enum status status = put_function(server, i, &known, &where, &error);

        provisioning->late[i] = !known;
        if (status != OK) {
            fail_at(provisioning, where, function->key, bytes_of_text(error.message));
            return false;
        }
    }
    return true;
}

/* ---- mappings ---- */

/* What both kinds have. */
static struct mapping_settings settings_of(const struct stack_mapping *mapping)
{
    return (struct mapping_settings){
        .function_name = mapping->function_name,
        .batch_size = mapping->batch_size,
        .batch_window_s = mapping->batch_window_s,
        .trim_horizon = mapping->trim_horizon,
        .enabled = mapping->enabled,
        .parallelization_factor = mapping->parallelization_factor,
        .bisect_on_error = mapping->bisect_on_error,
        .maximum_retry_attempts = mapping->maximum_retry_attempts,
        .maximum_record_age_s = mapping->maximum_record_age_s,
        .filters = mapping->filters,
        .filter_count = mapping->filter_count,
        .report_batch_item_failures = mapping->report_batch_item_failures,
        .tumbling_window_s = mapping->tumbling_window_s,
        .on_failure_arn = mapping->on_failure_arn,
        .maximum_concurrency = mapping->maximum_concurrency,
    };
}

static bool find_stream(struct server *server, struct bytes table_name,
                        struct mapping_settings *settings)
{
    static const char *const views[] = {"", "KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE",
                                        "NEW_AND_OLD_IMAGES"};
    const struct table *table = engine_table_ref(server->engine, table_name);
    bool found = table != NULL && table->stream.id != 0 && table->stream.enabled;

    if (found) {
        settings->source = MAPPING_OF_STREAM;
        settings->source_arn =
            arn_make(server->stack_arena, &server->place, "dynamodb", "table/%.*s/stream/%.*s",
                     BYTES_ARG(table->name), BYTES_ARG(table->stream.label));
        settings->stream_id = table->stream.id;
        settings->view = views[table->stream.view];
    }
    if (table != NULL)
        engine_table_unref(table);
    return found;
}

static bool add_mapping(struct provisioning *provisioning, const struct stack_mapping *mapping)
{
    struct server *server = provisioning->server;
    struct mapping_settings settings = settings_of(mapping);
    struct api_error error = {0};
    enum status status = OK;

    if (mapping->source == STACK_MAPPING_QUEUE) {
        settings.source = MAPPING_OF_QUEUE;
        settings.source_arn = mapping->queue_arn;
    } else if (!find_stream(server, mapping->table_name, &settings)) {
        fail_at(provisioning, &mapping->where, mapping->table_name,
                BYTES("the event needs a table of this stack with a StreamSpecification"));
        return false;
    }
    status = mapping_registry_declare(server->registry, &settings, &error);
    if (status != OK) {
        fail_at(provisioning, &mapping->where, mapping->function_name,
                status == REFUSED ? bytes_of_text(error.message)
                                  : bytes_of_text(status_text(status)));
        return false;
    }
    return true;
}

static void add_mappings(struct provisioning *provisioning)
{
    const struct stack *stack = provisioning->server->stack;

    for (size_t i = 0; i < stack->mapping_count; i++)
        if (!add_mapping(provisioning, &stack->mappings[i]))
            return;
    destinations_note(provisioning->server);
    finish(provisioning, true);
}

/* ---- archives ---- */

static void next_archive(struct provisioning *provisioning);

static void fail_archive(struct provisioning *provisioning, enum status status)
{
    const struct bus_change *change = &provisioning->archive;

    output_error("the archive %.*s of bus %.*s can't be made: %s", BYTES_ARG(change->name),
                 BYTES_ARG(change->bus_name),
                 status == REFUSED ? change->error.message : status_text(status));
    finish(provisioning, false);
}

static void archive_done(struct bus_change *change, enum status status);

/* What is there already becomes what the file says. The bus of an archive cannot change. */
static bool update_archive(struct provisioning *provisioning)
{
    struct server *server = provisioning->server;
    struct bus_change *change = &provisioning->archive;
    const struct bus_archive *old = bus_find_archive(server->bus, change->name);

    if (change->kind != BUS_CREATE_ARCHIVE || change->error.kind != API_RESOURCE_ALREADY_EXISTS ||
        old == NULL || !bytes_equal(old->bus_name, change->bus_name))
        return false;
    change->kind = BUS_UPDATE_ARCHIVE;
    change->has_description = change->has_pattern = change->has_retention = true;
    bus_change(server->bus, change);
    return true;
}

static void archive_done(struct bus_change *change, enum status status)
{
    struct provisioning *provisioning = change->context;

    if (status == REFUSED && update_archive(provisioning))
        return;
    if (status != OK) {
        fail_archive(provisioning, status);
        return;
    }
    provisioning->next++;
    next_archive(provisioning);
}

/* A bus that an earlier dynlog archived has one archive at least: the stack's, or one with the bus'
 * name. */
static bool keep_old_archive(struct provisioning *provisioning)
{
    struct server *server = provisioning->server;
    const struct bus_description **buses = NULL;
    size_t count = 0;

    bus_list(server->bus, (struct bytes){NULL, 0}, server->stack_arena, &buses, &count);
    for (size_t i = 0; i < count; i++)
        if (buses[i]->archived) {
            provisioning->archive.bus_name = arena_copy(server->stack_arena, buses[i]->name);
            provisioning->archive.name = bytes_slice(
                provisioning->archive.bus_name, 0,
                size_min(provisioning->archive.bus_name.size, BUS_ARCHIVE_NAME_SIZE_MAX));
            return true;
        }
    return false;
}

static void next_archive(struct provisioning *provisioning)
{
    struct server *server = provisioning->server;
    const struct stack *stack = server->stack;

    provisioning->archive = (struct bus_change){.kind = BUS_CREATE_ARCHIVE,
                                                .arena = server->stack_arena,
                                                .done = archive_done,
                                                .context = provisioning};
    if (provisioning->next < stack->archive_count) {
        const struct stack_archive *archive = &stack->archives[provisioning->next];

        provisioning->archive.name = archive->name;
        provisioning->archive.bus_name = archive->bus_name;
        provisioning->archive.description = archive->description;
        provisioning->archive.pattern = archive->pattern;
        provisioning->archive.retention_days = archive->retention_days;
    } else if (!keep_old_archive(provisioning)) {
        add_mappings(provisioning);
        return;
    }
    bus_change(server->bus, &provisioning->archive);
}

/* ---- calls ---- */

static bool has_target(const struct stack_call *call, const char *target)
{
    return bytes_equal_text(bytes_of_text(call->target), target);
}

/* Errors that say that the thing is there, or is as it should be. */
static bool there_already(const struct stack_call *call, struct bytes type, struct bytes message)
{
    if (has_target(call, "DynamoDB_20120810.UpdateTimeToLive"))
        return bytes_find(message, BYTES("already enabled")) != SIZE_MAX ||
               bytes_find(message, BYTES("already disabled")) != SIZE_MAX;
    return bytes_end_with(type, BYTES("ResourceAlreadyExistsException")) ||
           bytes_end_with(type, BYTES("ResourceInUseException")) ||
           (bytes_end_with(type, BYTES("ConflictException")) &&
            (bytes_start_with(bytes_of_text(call->target), BYTES("AWSScheduler.Create")) ||
             has_target(call, "Pipes.CreatePipe")));
}

static void fail_call(struct provisioning *provisioning, struct bytes why)
{
    const struct stack_call *call = &provisioning->server->stack->calls[provisioning->next];

    fail_at(provisioning, &call->where, call->resource, why);
}

/* The table was there, and is now as the file says. */
static void followed(void *context, struct bytes why)
{
    struct provisioning *provisioning = context;

    if (why.size > 0) {
        fail_call(provisioning, why);
        return;
    }
    provisioning->next++;
    next_call(provisioning);
}

static void may_be_called_again(void *context, struct bytes why)
{
    if (why.size > 0)
        fail_call(context, why);
    else
        next_call(context);
}

static void call_now(struct provisioning *provisioning, const char *target, struct bytes body);

/* An operation that this dynlog does not have: a thing less, and that is said. */
static void skip_call(struct provisioning *provisioning, const struct stack_call *call,
                      struct bytes message)
{
    struct stack_note note = {
        call->where, arena_printf(provisioning->server->stack_arena, "not acted on: %.*s: %.*s",
                                  BYTES_ARG(call->resource), BYTES_ARG(message))};

    output_note(provisioning->server, &note);
    provisioning->next++;
    next_call(provisioning);
}

static void call_succeeded(struct provisioning *provisioning, const struct stack_call *call,
                           struct bytes answer)
{
    values_learn(provisioning->server, call, answer);
    provisioning->next++;
    next_call(provisioning);
}

static void call_failed(struct provisioning *provisioning, const struct stack_call *call,
                        struct bytes type, struct bytes message)
{
    if (has_target(call, "DynamoDB_20120810.UpdateTimeToLive") &&
        bytes_find(message, BYTES("active on a different AttributeName")) != SIZE_MAX)
        follow_time_to_live(provisioning->server, call, may_be_called_again, provisioning);
    else if (bytes_end_with(type, BYTES("UnknownOperationException")))
        skip_call(provisioning, call, message);
    else if (provisioning->updating || !there_already(call, type, message))
        fail_call(provisioning, message);
    else if (has_target(call, "DynamoDB_20120810.CreateTable"))
        follow_table(provisioning->server, call, followed, provisioning);
    else if (call->update != NULL)
        call_now(provisioning, call->update, call->update_body);
    else
        call_succeeded(provisioning, call, BYTES("{}"));
}

static void call_done(void *context, int http_status, struct bytes answer)
{
    struct provisioning *provisioning = context;
    const struct stack_call *call = &provisioning->server->stack->calls[provisioning->next];
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct json *error = NULL;
    struct bytes type = {NULL, 0}, message = answer;

    if (http_status / 100 == 2) {
        call_succeeded(provisioning, call, answer);
        return;
    }
    if (json_parse(arena, answer, &error, NULL) == OK) {
        type = json_string(json_get(error, "__type"));
        message = json_string(json_get(error, "message"));
        if (message.size == 0)
            message = json_string(json_get(error, "Message"));
    }
    call_failed(provisioning, call, type, message);
}

/* The call's request, or its update when it is another target. */
static void call_now(struct provisioning *provisioning, const char *target, struct bytes body)
{
    struct server *server = provisioning->server;

    provisioning->updating = target != server->stack->calls[provisioning->next].target;
    api_call_local(server->api, target, values_fill(server, body, NULL), call_done, provisioning);
}

/* A table that was being restored when the process before ended: it goes on, and takes no settings
 * until it is there. */
static bool is_being_restored(struct server *server, const struct stack_call *call)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct json *body = NULL;
    const struct table *table = NULL;
    bool restored = false;

    if (!bytes_start_with(bytes_of_text(call->target), BYTES("DynamoDB_")) ||
        json_parse(arena, call->body, &body, NULL) != OK)
        return false;
    table = engine_table_ref_any(server->engine, json_string(json_get(body, "TableName")));
    restored = table != NULL && table->restore.in_progress;
    engine_table_unref(table);
    return restored;
}

static void restored(void *context, struct bytes json)
{
    struct provisioning *provisioning = context;

    (void)json;
    provisioning->server->waits_for_quiet = false;
    next_call(provisioning);
}

static void next_call(struct provisioning *provisioning)
{
    const struct stack *stack = provisioning->server->stack;

    if (provisioning->next == stack->call_count) {
        provisioning->next = 0;
        if (put_functions(provisioning))
            next_archive(provisioning);
        return;
    }
    const struct stack_call *call = &stack->calls[provisioning->next];

    if (is_being_restored(provisioning->server, call)) {
        provisioning->server->waits_for_quiet = true;
        drain_wait(provisioning->server, false, restored, provisioning);
        return;
    }
    call_now(provisioning, call->target, call->body);
}

static bool aliases_differ(struct server *server, const struct stack *stack, struct bytes function)
{
    for (size_t i = 0; i < stack->alias_count; i++)
        if (bytes_equal(stack->aliases[i].function_name, function) &&
            watch_differs(server, stack_alias_text(server->stack_arena, &stack->aliases[i])))
            return true;
    return false;
}

/* When a stack file has changed, the workers of a function that did not go on. What was unpacked is
 * in another folder now. */
static bool is_to_be_put(struct server *server, const struct stack_function *function)
{
    const struct stack *before = watch_before(server);
    struct bytes what =
        arena_printf(server->stack_arena, "function %.*s", BYTES_ARG(function->name));

    return function->code.archive != NULL || function->code.text.size > 0 ||
           watch_differs(server, what) || aliases_differ(server, server->stack, function->name) ||
           (before != NULL && aliases_differ(server, before, function->name));
}

void provision_start(struct server *server, void (*done)(struct server *server, bool ok))
{
    struct provisioning *provisioning = mem_new(sizeof *provisioning);

    provisioning->server = server;
    provisioning->done = done;
    values_init(server);
    provisioning->late = ARENA_NEW_ARRAY(server->stack_arena, server->stack->function_count, bool);
    for (size_t i = 0; i < server->stack->function_count; i++)
        provisioning->late[i] = is_to_be_put(server, &server->stack->functions[i]);
    if (put_functions(provisioning))
        next_call(provisioning);
}
