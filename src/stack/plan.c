/* stack/plan.c - see plan.h. Everything that a stack has is brought into one form, a thing with a
 * name and parts that are JSON objects; then things are compared, whatever they are. */
#include "stack/plan.h"

#define PART_SIZE_MAX ((size_t)2 * 1024 * 1024) /* a call's body, and its late values */
#define VALUE_SHOWN_MAX 40 /* longer values of a change are not shown: the name has to do */

struct part { /* of a thing: a request, or settings */
    struct bytes name;
    const struct json *members;
    bool only_new; /* a request that says nothing to a thing that is there */
};

struct thing {
    struct bytes what;
    bool stays; /* it has data */
    struct part *parts;
    size_t part_count;
};

struct things {
    struct arena *arena;
    const struct stack *stack;
    struct bytes *late; /* a name for each late value */
    struct thing *all;
    size_t count, capacity;
};

/* ---- things of a stack ---- */

static struct bytes with_names(const struct things *things, struct bytes text)
{
    return stack_text(things->arena, things->stack, things->late, text, NULL);
}

static struct thing *add_thing(struct things *things, struct bytes what, bool stays)
{
    things->all = arena_grow(things->arena, things->all, things->count, things->count + 1,
                             &things->capacity, sizeof *things->all);
    things->all[things->count] = (struct thing){.what = what, .stays = stays};
    return &things->all[things->count++];
}

static void set_part(const struct things *things, struct thing *thing, size_t index,
                     struct bytes name, struct bytes text)
{
    thing->parts[index].name = name;
    if (json_parse(things->arena, with_names(things, text), &thing->parts[index].members, NULL) !=
        OK)
        thing->parts[index].members = NULL;
}

static void set_one_part(const struct things *things, struct thing *thing,
                         const struct buffer *text)
{
    thing->parts = ARENA_NEW(things->arena, struct part);
    thing->part_count = 1;
    set_part(things, thing, 0, BYTES(""), buffer_bytes(text));
}

static bool is_target(const struct stack_made *made)
{
    return bytes_start_with(made->what, BYTES("target "));
}

/* Targets belong to their rule: its requests tell of them. Archives have a request of their own
 * form. */
static bool is_made_by_calls(const struct stack_made *made)
{
    return !is_target(made) && !bytes_start_with(made->what, BYTES("archive "));
}

/* All calls of a resource make one thing; but the rules of a function's events are things of their
 * own, each with its calls behind each other. */
static size_t end_of_calls(const struct stack *stack, const struct stack_made *made)
{
    struct bytes resource = stack->calls[made->first_call].resource;

    for (const struct stack_made *next = made + 1; next < stack->made + stack->made_count; next++)
        if (is_made_by_calls(next) && next->first_call > made->first_call &&
            bytes_equal(stack->calls[next->first_call].resource, resource))
            return next->first_call;
    return stack->call_count;
}

static void add_call(const struct things *things, struct thing *thing,
                     const struct stack_call *call)
{
    struct bytes target = bytes_of_text(call->target);

    thing->parts[thing->part_count].only_new =
        call->update == NULL && bytes_find(target, BYTES(".Create")) != SIZE_MAX;
    set_part(things, thing, thing->part_count++, target, call->body);
}

static void add_made(struct things *things, const struct stack_made *made)
{
    const struct stack *stack = things->stack;
    struct bytes resource = stack->calls[made->first_call].resource;
    size_t end = end_of_calls(stack, made);
    struct thing *thing = add_thing(things, made->what, made->removal == NULL);

    thing->parts = ARENA_NEW_ARRAY(things->arena, end - made->first_call, struct part);
    for (size_t i = made->first_call; i < end; i++)
        if (bytes_equal(stack->calls[i].resource, resource))
            add_call(things, thing, &stack->calls[i]);
}

static void add_archive(struct things *things, const struct stack_archive *archive)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(PART_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    json_member_string(&w, "bus", archive->bus_name);
    json_member_string(&w, "Description", archive->description);
    json_member_string(&w, "EventPattern", archive->pattern);
    json_member_uint(&w, "RetentionDays", archive->retention_days);
    json_end_object(&w);
    set_one_part(things,
                 add_thing(things,
                           arena_printf(things->arena, "archive %.*s", BYTES_ARG(archive->name)),
                           true),
                 &out);
}

static void write_environment(struct json_writer *w, const struct stack_function *function)
{
    json_key(w, "environment");
    json_begin_object(w);
    for (size_t i = 0; i < function->environment_count; i++) {
        json_key_bytes(w, function->environment[i].name);
        json_write_string(w, function->environment[i].value);
    }
    json_end_object(w);
}

static struct bytes code_of(const struct stack_function *function)
{
    const struct stack_code *code = &function->code;

    if (code->text.size > 0)
        return code->text;
    return bytes_of_text(code->archive != NULL  ? code->archive
                         : code->folder != NULL ? code->folder
                                                : "");
}

static void add_function(struct things *things, const struct stack_function *function)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(PART_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    json_member_string(&w, "handler", function->handler);
    json_member_string(&w, "runtime", function->runtime);
    json_member_uint(&w, "timeout", function->timeout_s);
    json_member_uint(&w, "memorySize", function->memory_mb);
    json_member_int(&w, "reservedConcurrency", function->reserved_concurrency);
    json_member_int(&w, "maximumRetryAttempts",
                    function->maximum_retry_attempts >= 0 ? function->maximum_retry_attempts
                                                          : things->stack->maximum_retry_attempts);
    json_member_int(&w, "retryDelayMs", things->stack->retry_delay_ms);
    json_member_int(&w, "maximumEventAge", function->maximum_event_age_s);
    json_member_string(&w, "destinations.onSuccess", function->on_success.target);
    json_member_string(&w, "destinations.onFailure", function->on_failure.target);
    json_member_string(&w, "onError", function->dead_letter_arn);
    json_member_string(&w, "log group", function->log_group);
    json_member_string(&w, "code", code_of(function));
    write_environment(&w, function);
    json_end_object(&w);
    set_one_part(things,
                 add_thing(things,
                           arena_printf(things->arena, "function %.*s", BYTES_ARG(function->name)),
                           false),
                 &out);
}

/* A table's name, or a queue's. */
static struct bytes source_of(const struct stack_mapping *mapping)
{
    struct arn arn = {0};

    if (mapping->source == STACK_MAPPING_QUEUE && arn_parse(mapping->queue_arn, &arn))
        return arn.resource;
    return mapping->source == STACK_MAPPING_QUEUE ? mapping->queue_arn : mapping->table_name;
}

static void add_mapping(struct things *things, const struct stack_mapping *mapping)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(PART_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    json_member_uint(&w, "batchSize", mapping->batch_size);
    json_member_uint(&w, "batchWindow", mapping->batch_window_s);
    json_member_uint(&w, "parallelizationFactor", mapping->parallelization_factor);
    json_member_bool(&w, "bisectBatchOnFunctionError", mapping->bisect_on_error);
    json_member_int(&w, "maximumRetryAttempts", mapping->maximum_retry_attempts);
    json_member_int(&w, "maximumRecordAgeInSeconds", mapping->maximum_record_age_s);
    json_member_bool(&w, "enabled", mapping->enabled);
    json_member_bool(&w, "reportBatchItemFailures", mapping->report_batch_item_failures);
    json_member_uint(&w, "tumblingWindowInSeconds", mapping->tumbling_window_s);
    json_member_string(&w, "destinations.onFailure", mapping->on_failure_arn);
    json_member_uint(&w, "maximumConcurrency", mapping->maximum_concurrency);
    json_key(&w, "filterPatterns");
    json_begin_array(&w);
    for (size_t i = 0; i < mapping->filter_count; i++)
        json_write_string(&w, mapping->filters[i]);
    json_end_array(&w);
    json_end_object(&w);
    set_one_part(
        things,
        add_thing(things,
                  arena_printf(things->arena, "mapping of %.*s to %.*s",
                               BYTES_ARG(source_of(mapping)), BYTES_ARG(mapping->function_name)),
                  false),
        &out);
}

struct bytes stack_alias_text(struct arena *arena, const struct stack_alias *alias)
{
    if (alias->name.size == 0)
        return arena_printf(arena, "version %.*s of %.*s", BYTES_ARG(alias->version),
                            BYTES_ARG(alias->function_name));
    return arena_printf(arena, "alias %.*s of %.*s", BYTES_ARG(alias->name),
                        BYTES_ARG(alias->function_name));
}

static void add_alias(struct things *things, const struct stack_alias *alias)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(PART_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    json_member_string(&w, "FunctionVersion", alias->version);
    json_member_string(&w, "Description", alias->description);
    json_end_object(&w);
    set_one_part(things, add_thing(things, stack_alias_text(things->arena, alias), false), &out);
}

/* Those that act on more than one thing. */
static void add_settings(struct things *things, const struct stack *stack)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(PART_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    json_member_int(&w, "retryDelayMs", stack->retry_delay_ms);
    json_member_int(&w, "maximumRetryAttempts", stack->maximum_retry_attempts);
    json_member_uint(&w, "dynlog.shards", stack->shard_count);
    json_end_object(&w);
    set_one_part(things, add_thing(things, BYTES("settings of deliveries and streams"), false),
                 &out);
}

static void collect(struct things *things, struct arena *arena, const struct stack *stack)
{
    static const char *const kinds[] = {"port", "stream", "connection", "destination"};

    *things = (struct things){.arena = arena, .stack = stack};
    things->late = ARENA_NEW_ARRAY(arena, stack->late_count, struct bytes);
    for (size_t i = 0; i < stack->late_count; i++)
        things->late[i] = arena_printf(arena, "%s of %.*s", kinds[stack->late[i].kind],
                                       BYTES_ARG(stack->late[i].name));
    for (size_t i = 0; i < stack->made_count; i++)
        if (is_made_by_calls(&stack->made[i]))
            add_made(things, &stack->made[i]);
    for (size_t i = 0; i < stack->archive_count; i++)
        add_archive(things, &stack->archives[i]);
    for (size_t i = 0; i < stack->function_count; i++)
        add_function(things, &stack->functions[i]);
    for (size_t i = 0; i < stack->mapping_count; i++)
        add_mapping(things, &stack->mappings[i]);
    for (size_t i = 0; i < stack->alias_count; i++)
        add_alias(things, &stack->aliases[i]);
    for (size_t i = 0; i < stack->private_log_count; i++)
        add_thing(things,
                  arena_printf(arena, "private log %.*s", BYTES_ARG(stack->private_logs[i].log)),
                  true);
    add_settings(things, stack);
}

static const struct thing *find_thing(const struct things *things, struct bytes what)
{
    for (size_t i = 0; i < things->count; i++)
        if (bytes_equal(things->all[i].what, what))
            return &things->all[i];
    return NULL;
}

/* ---- what differs between two things of one name ---- */

static struct bytes text_of(struct arena *arena, const struct json *value)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(PART_SIZE_MAX);

    if (value == NULL)
        return BYTES("");
    json_print(&out, value);
    return arena_copy(arena, buffer_bytes(&out));
}

/* What came from a NoEcho parameter is printed nowhere. */
static bool is_secret(const struct stack *stack, struct bytes text)
{
    for (size_t i = 0; i < stack->secret_count; i++)
        if (stack->secrets[i].size > 0 && bytes_find(text, stack->secrets[i]) != SIZE_MAX)
            return true;
    return false;
}

static bool is_shown(const struct stack *stack, const struct json *value, struct bytes text)
{
    return value != NULL && !json_is(value, JSON_OBJECT) && !json_is(value, JSON_ARRAY) &&
           text.size <= VALUE_SHOWN_MAX && !is_secret(stack, text);
}

/* What of a request that makes things acts on one that is there already (server/follow.c). */
static bool is_followed(struct bytes name, const struct json *before)
{
    static const char *const members[] = {"AttributeDefinitions", "GlobalSecondaryIndexes",
                                          "KeySchema", "LocalSecondaryIndexes"};

    for (size_t i = 0; i < ARRAY_COUNT(members); i++)
        if (bytes_equal_text(name, members[i]))
            return true;
    return bytes_equal_text(name, "StreamSpecification") && before == NULL;
}

/* A Serverless file's word for a setting is another in a template. */
static struct bytes word_of(const struct stack *stack, struct bytes name)
{
    static const struct {
        const char *serverless, *template;
    } words[] = {
        {"handler", "Handler"},
        {"runtime", "Runtime"},
        {"timeout", "Timeout"},
        {"memorySize", "MemorySize"},
        {"reservedConcurrency", "ReservedConcurrentExecutions"},
        {"maximumRetryAttempts", "MaximumRetryAttempts"},
        {"maximumEventAge", "MaximumEventAgeInSeconds"},
        {"destinations.onSuccess", "DestinationConfig.OnSuccess"},
        {"destinations.onFailure", "DestinationConfig.OnFailure"},
        {"onError", "DeadLetterConfig"},
        {"log group", "LoggingConfig.LogGroup"},
        {"code", "Code"},
        {"environment", "Environment"},
        {"batchSize", "BatchSize"},
        {"batchWindow", "MaximumBatchingWindowInSeconds"},
        {"parallelizationFactor", "ParallelizationFactor"},
        {"bisectBatchOnFunctionError", "BisectBatchOnFunctionError"},
        {"maximumRecordAgeInSeconds", "MaximumRecordAgeInSeconds"},
        {"enabled", "Enabled"},
        {"reportBatchItemFailures", "FunctionResponseTypes"},
        {"tumblingWindowInSeconds", "TumblingWindowInSeconds"},
        {"maximumConcurrency", "ScalingConfig.MaximumConcurrency"},
        {"filterPatterns", "FilterCriteria"},
    };

    for (size_t i = 0; stack->is_template && i < ARRAY_COUNT(words); i++)
        if (bytes_equal_text(name, words[i].serverless))
            return bytes_of_text(words[i].template);
    return name;
}

/* Two stacks, and what is told of them. */
struct telling {
    const struct things *old, *new;
    struct buffer out;
};

static void tell_member(struct telling *telling, bool only_new, struct bytes name,
                        const struct json *before, const struct json *after)
{
    struct arena *arena = telling->new->arena;
    struct buffer *out = &telling->out;
    struct bytes old = text_of(arena, before), new = text_of(arena, after);

    if (bytes_equal(old, new))
        return;
    buffer_printf(out, "%s%.*s", out->size > 0 ? ", " : "",
                  BYTES_ARG(word_of(telling->new->stack, name)));
    if (is_shown(telling->old->stack, before, old) && is_shown(telling->new->stack, after, new))
        buffer_printf(out, " %.*s -> %.*s", BYTES_ARG(old), BYTES_ARG(new));
    if (only_new && !is_followed(name, before))
        buffer_append_text(out, " (stays as it is)");
}

/* One of the two may be NULL. */
static void tell_part(struct telling *telling, const struct part *before, const struct part *after)
{
    bool only_new = (after != NULL ? after : before)->only_new;
    const struct json *old = before != NULL ? before->members : NULL;
    const struct json *new = after != NULL ? after->members : NULL;

    for (struct json_iter it = json_iter(new); json_next(&it);)
        tell_member(telling, only_new, it.name, json_get_bytes(old, it.name), it.value);
    for (struct json_iter it = json_iter(old); json_next(&it);)
        if (json_get_bytes(new, it.name) == NULL)
            tell_member(telling, only_new, it.name, it.value, NULL);
}

static const struct part *find_part(const struct thing *thing, struct bytes name)
{
    for (size_t i = 0; i < thing->part_count; i++)
        if (bytes_equal(thing->parts[i].name, name))
            return &thing->parts[i];
    return NULL;
}

/* Empty: nothing. */
static struct bytes differences(const struct things *old, const struct things *new,
                                const struct thing *before, const struct thing *after)
{
    struct telling telling = {old, new, BUFFER_INIT(PART_SIZE_MAX)};
    struct bytes told = {NULL, 0};

    for (size_t i = 0; i < after->part_count; i++)
        tell_part(&telling, find_part(before, after->parts[i].name), &after->parts[i]);
    for (size_t i = 0; i < before->part_count; i++)
        if (find_part(after, before->parts[i].name) == NULL)
            tell_part(&telling, &before->parts[i], NULL);
    told = arena_copy(new->arena, buffer_bytes(&telling.out));
    buffer_free(&telling.out);
    return told;
}

/* ---- what takes a start ---- */

/* A stack that maps no change stream gets dynlog's. */
static bool has_trigger(const struct stack *stack)
{
    for (size_t i = 0; i < stack->mapping_count; i++)
        if (stack->mappings[i].source == STACK_MAPPING_STREAM)
            return false;
    return true;
}

static struct bytes later_settings(struct arena *arena, const struct stack *before,
                                   const struct stack *after)
{
    const struct {
        const char *name;
        bool differs;
    } settings[] = {
        {"service", !bytes_equal(before->service, after->service)},
        {"stage", !bytes_equal(before->stage, after->stage)},
        {"region", !bytes_equal(before->region, after->region)},
        {"serverless-offline-aws-eventbridge.port", before->events_port != after->events_port},
        {"serverless-offline.lambdaPort", before->lambda_port != after->lambda_port},
        {"the built-in trigger", has_trigger(before) != has_trigger(after)},
        {"dynlog.archive", !bytes_equal(before->archive_path, after->archive_path)},
    };
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(PART_SIZE_MAX);

    for (size_t i = 0; i < ARRAY_COUNT(settings); i++)
        if (settings[i].differs)
            buffer_printf(&out, "%s%s", out.size > 0 ? ", " : "", settings[i].name);
    return arena_copy(arena, buffer_bytes(&out));
}

/* ---- the plan ---- */

static void add_step(struct plan *plan, enum plan_step_kind kind, struct bytes what,
                     struct bytes details)
{
    plan->steps[plan->count++] = (struct plan_step){kind, what, details};
}

void plan_make(struct arena *arena, const struct stack *before, const struct stack *after,
               struct plan *ret)
{
    struct things old, new;

    collect(&old, arena, before);
    collect(&new, arena, after);
    *ret = (struct plan){.steps = ARENA_NEW_ARRAY(arena, old.count + new.count, struct plan_step),
                         .at_next_start = later_settings(arena, before, after)};
    for (size_t i = 0; i < new.count; i++)
        if (find_thing(&old, new.all[i].what) == NULL)
            add_step(ret, PLAN_ADD, new.all[i].what, BYTES(""));
    for (size_t i = 0; i < new.count; i++) {
        const struct thing *same = find_thing(&old, new.all[i].what);
        struct bytes details = {NULL, 0};

        if (same != NULL)
            details = differences(&old, &new, same, &new.all[i]);
        if (details.size > 0)
            add_step(ret, PLAN_CHANGE, new.all[i].what, details);
    }
    for (size_t i = 0; i < old.count; i++)
        if (find_thing(&new, old.all[i].what) == NULL)
            add_step(ret, old.all[i].stays ? PLAN_STAYS : PLAN_REMOVE, old.all[i].what, BYTES(""));
}
