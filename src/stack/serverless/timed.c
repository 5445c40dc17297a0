/* stack/serverless/timed.c - `schedule` of a function's events: time -> function, as the Serverless
 * Framework deploys it.
 *
 *   method eventBus (unless said)   a scheduled rule for each expression, on the default bus
 *   method scheduler                a schedule of EventBridge Scheduler for each
 *
 * Their names are those that CloudFormation would make up of the Framework's logical ids,
 * STACK-FunctionEventsRuleScheduleN, without the random letters behind them. */
#include "stack/loader.h"

#define NAME_SIZE_MAX 64 /* of a rule, a target, a schedule */

struct timed {
    const struct loader_function *function;
    struct stack_where where;
    const struct node *map; /* NULL: the event is only an expression */
    const struct node **expressions;
    size_t count;
    struct bytes name, description, timezone, role;
    struct rule_target target;
    bool enabled, scheduler;
};

static const struct key_rule keys[] = {
    {"rate", NULL},    {"enabled", NULL},     {"name", NULL},
    {"input", NULL},   {"description", NULL}, {"inputPath", NULL},
    {"method", NULL},  {"timezone", NULL},    {"inputTransformer", NULL},
    {"roleArn", NULL},
};

/* ---- names ---- */

/* STACK-EventHandlerEventsRuleScheduleN; a long one loses the end of the stack's name. */
static struct bytes name_of(struct loader *loader, const struct timed *timed, size_t number)
{
    struct bytes id = timed->function->logical_id, stack = loader->stack_name, end = {0};

    if (timed->name.size > 0)
        return timed->name;
    id.size -= strlen("LambdaFunction");
    end = arena_printf(loader->arena, "%.*sEventsRuleSchedule%zu", BYTES_ARG(id), number);
    if (end.size + 1 < NAME_SIZE_MAX)
        stack.size = size_min(stack.size, NAME_SIZE_MAX - end.size - 1);
    return arena_printf(loader->arena, "%.*s-%.*s", BYTES_ARG(stack), BYTES_ARG(end));
}

static struct bytes target_id_of(struct loader *loader, const struct timed *timed)
{
    return bytes_slice(arena_printf(loader->arena, "%.*sSchedule", BYTES_ARG(timed->function->key)),
                       0, NAME_SIZE_MAX);
}

/* ---- reading ---- */

/* rate: an expression or a list of them. */
static enum status read_expressions(struct loader *loader, const struct node *node,
                                    struct stack_where where, struct timed *timed)
{
    enum status status = intrinsics_resolve(loader, node, &node);

    if (status != OK)
        return status;
    timed->expressions = ARENA_NEW_ARRAY(
        loader->arena, node_is(node, NODE_LIST) ? node->count + 1 : 1, const struct node *);
    if (node_is(node, NODE_LIST)) {
        for (size_t i = 0; i < node->count; i++)
            timed->expressions[timed->count++] = node->items[i];
    } else if (!node_is_nothing(node)) {
        timed->expressions[timed->count++] = node;
    }
    if (timed->count == 0)
        return loader_refuse(loader, where, "schedule: expected a rate in it");
    if (timed->count > 1 && timed->name.size > 0)
        return loader_refuse(loader, where,
                             "schedule: expected no name with more than one rate: each is a thing "
                             "of its own");
    return OK;
}

/* {body: '{"a": 1}'} is {"body": {"a": 1}}, as the Framework deploys it. */
static enum status read_body(struct loader *loader, const struct node *input, struct bytes *ret)
{
    const struct node *body = node_get(input, "body");
    struct bytes text = {0};
    enum status status = rules_json(loader, body, "body", true, &text);

    if (status == OK)
        *ret = arena_printf(loader->arena, "{\"body\":%.*s}", BYTES_ARG(text));
    return status;
}

static enum status read_input(struct loader *loader, const struct node *map,
                              struct rule_target *target)
{
    const struct node *input = NULL;
    enum status status = intrinsics_resolve(loader, node_get(map, "input"), &input);

    if (status != OK || node_is_nothing(input))
        return status;
    if (input->kind == NODE_STRING) {
        target->input = input->text;
        return OK;
    }
    if (node_is(node_get(input, "body"), NODE_STRING))
        return read_body(loader, input, &target->input);
    return rules_json(loader, input, "input", true, &target->input);
}

static enum status read_method(struct loader *loader, const struct node *map, bool *ret_scheduler)
{
    const struct node *node = node_get(map, "method");
    struct bytes method = BYTES("eventBus");
    enum status status = read_text(loader, node, "method", &method);

    *ret_scheduler = bytes_equal_text(method, "scheduler");
    if (status == OK && !*ret_scheduler && !bytes_equal_text(method, "eventBus"))
        return loader_refuse(loader, node->where,
                             "method: expected eventBus or scheduler, got \"%.*s\"",
                             BYTES_ARG(method));
    return status;
}

/* What only one of the two methods has. */
static enum status check_method(struct loader *loader, const struct timed *timed)
{
    static const char *const not_with_scheduler[] = {"inputPath", "inputTransformer"};

    for (size_t i = 0; timed->scheduler && i < ARRAY_COUNT(not_with_scheduler); i++) {
        const struct node *node = node_get(timed->map, not_with_scheduler[i]);

        if (!node_is_nothing(node))
            return loader_refuse(loader, node->where, "%s: expected method: eventBus with it",
                                 not_with_scheduler[i]);
    }
    if (!timed->scheduler && timed->timezone.size > 0)
        return loader_refuse(loader, node_get(timed->map, "timezone")->where,
                             "timezone: expected method: scheduler with it");
    return OK;
}

static enum status read_map_of(struct loader *loader, struct timed *timed)
{
    const struct node *map = timed->map;
    enum status status = read_boolean(loader, node_get(map, "enabled"), "enabled", &timed->enabled);

    read_check_keys(loader, map, keys, ARRAY_COUNT(keys), "schedule");
    if (status == OK)
        status = read_text(loader, node_get(map, "name"), "name", &timed->name);
    if (status == OK)
        status =
            read_text(loader, node_get(map, "description"), "description", &timed->description);
    if (status == OK)
        status = read_text(loader, node_get(map, "timezone"), "timezone", &timed->timezone);
    if (status == OK)
        status = read_text(loader, node_get(map, "roleArn"), "roleArn", &timed->role);
    if (status == OK)
        status = read_method(loader, map, &timed->scheduler);
    if (status == OK)
        status = check_method(loader, timed);
    if (status == OK)
        status = read_input(loader, map, &timed->target);
    if (status == OK)
        status = bridge_read_transformer(loader, map, &timed->target);
    return status;
}

/* ---- calls ---- */

static enum status add_rule(struct loader *loader, const struct timed *timed,
                            struct bytes expression, size_t number)
{
    struct rule rule = {
        .name = name_of(loader, timed, number),
        .bus = BYTES("default"),
        .description = timed->description,
        .schedule = expression,
        .enabled = timed->enabled,
        .resource = timed->function->key,
        .where = timed->where,
        .target = &timed->target,
    };

    return rules_add(loader, &rule);
}

static enum status add_schedule(struct loader *loader, const struct timed *timed,
                                struct bytes expression, size_t number)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(LOADER_BODY_SIZE_MAX);
    struct json_writer writer = JSON_WRITER(&body);

    json_begin_object(&writer);
    json_member_string(&writer, "Name", name_of(loader, timed, number));
    if (timed->description.size > 0)
        json_member_string(&writer, "Description", timed->description);
    json_member_string(&writer, "ScheduleExpression", expression);
    if (timed->timezone.size > 0)
        json_member_string(&writer, "ScheduleExpressionTimezone", timed->timezone);
    json_member_text(&writer, "State", timed->enabled ? "ENABLED" : "DISABLED");
    json_key(&writer, "FlexibleTimeWindow");
    json_begin_object(&writer);
    json_member_text(&writer, "Mode", "OFF");
    json_end_object(&writer);
    json_key(&writer, "Target");
    json_begin_object(&writer);
    json_member_string(&writer, "Arn", timed->function->arn);
    json_member_string(&writer, "RoleArn",
                       timed->role.size > 0 ? timed->role : references_role(loader));
    if (timed->target.input.size > 0)
        json_member_string(&writer, "Input", timed->target.input);
    json_end_object(&writer);
    json_end_object(&writer);
    return schedule_add(loader, name_of(loader, timed, number), (struct bytes){0}, &body,
                        timed->function->key, timed->where);
}

enum status timed_read(struct loader *loader, const struct loader_function *function,
                       const struct node_member *event, size_t *number)
{
    struct timed timed = {
        .function = function, .where = event->where, .target = RULE_TARGET_INIT, .enabled = true};
    const struct node *node = event->value;
    enum status status = OK;

    timed.target.arn = function->arn;
    timed.target.id = target_id_of(loader, &timed);
    if (node_is(node, NODE_MAP) && !node_is_intrinsic(node)) {
        timed.map = node;
        status = read_map_of(loader, &timed);
        node = node_get(node, "rate");
    }
    if (status == OK)
        status = read_expressions(loader, node, event->value->where, &timed);
    for (size_t i = 0; status == OK && i < timed.count; i++) {
        struct bytes expression = {0};

        (*number)++;
        status = read_text(loader, timed.expressions[i], "rate", &expression);
        if (status == OK && expression.size == 0)
            return loader_refuse(loader, event->value->where,
                                 "schedule: expected a rate(...) or cron(...)");
        if (status == OK)
            status = timed.scheduler ? add_schedule(loader, &timed, expression, *number)
                                     : add_rule(loader, &timed, expression, *number);
    }
    return status;
}
