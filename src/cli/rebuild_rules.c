/* cli/rebuild_rules.c - what a target of rules would get of an event: their patterns and inputs;
 * see rebuild.h. */
#include "cli/rebuild.h"

#include "bus/input.h"
#include "cli/output.h"
#include "pattern/pattern.h"

#define RULES_MAX 100   /* of one target; AWS has 300 rules a bus */
#define TARGETS_MAX 100 /* that it is, of one rule */

struct rule_target {
    struct bus_target input;
    struct bytes group_id, deduplication_id; /* SqsParameters */
};

struct rule {
    struct bytes name, bus, arn, pattern;
    struct rule_target targets[TARGETS_MAX];
    size_t target_count;
};

struct rebuild_rules {
    const char *arn; /* of the target */
    struct matcher *matcher;
    struct rule *list[RULES_MAX];
    size_t count;
};

/* ---- finding them ---- */

static struct bytes copy(struct rebuild *on, const struct json *object, const char *name)
{
    return arena_copy(on->cli->arena, json_get_string(object, name));
}

static void read_target(struct rebuild *on, const struct json *json, struct rule_target *ret)
{
    struct arena *arena = on->cli->arena;
    const struct json *transformer = json_get(json, "InputTransformer");
    const struct json *map = json_get(transformer, "InputPathsMap");
    const struct json *of_queue = json_get(json, "SqsParameters");
    struct bus_input_path *paths =
        ARENA_NEW_ARRAY(arena, json_count(map) + 1, struct bus_input_path);
    size_t count = 0;

    for (struct json_iter it = json_iter(map); json_next(&it);)
        paths[count++] = (struct bus_input_path){arena_copy(arena, it.name),
                                                 arena_copy(arena, json_string(it.value))};
    *ret = (struct rule_target){
        .input = {.id = copy(on, json, "Id"),
                  .arn = copy(on, json, "Arn"),
                  .input = copy(on, json, "Input"),
                  .input_path = copy(on, json, "InputPath"),
                  .input_template = copy(on, transformer, "InputTemplate"),
                  .input_paths = paths,
                  .input_path_count = count},
        .group_id = copy(on, of_queue, "MessageGroupId"),
        .deduplication_id = copy(on, of_queue, "MessageDeduplicationId"),
    };
}

static bool ask_events(struct rebuild *on, struct arena *arena, const char *operation,
                       struct buffer *body, struct client_answer *ret)
{
    const char *target = arena_copy_text(arena, arena_printf(arena, "AWSEvents.%s", operation));

    return rebuild_call(on, arena, TARGET_EVENTS, target, buffer_bytes(body), ret);
}

static bool load_targets(struct rebuild *on, const struct rebuild_rules *rules, struct rule *rule)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(REBUILD_BODY_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&body);
    struct client_answer answer = {0};

    json_begin_object(&w);
    json_member_string(&w, "Rule", rule->name);
    json_member_string(&w, "EventBusName", rule->bus);
    json_member_int(&w, "Limit", TARGETS_MAX);
    json_end_object(&w);
    if (!ask_events(on, arena, "ListTargetsByRule", &body, &answer))
        return false;
    for (struct json_iter it = json_iter(json_get(answer.json, "Targets")); json_next(&it);)
        if (bytes_equal_text(json_get_string(it.value, "Arn"), rules->arn) &&
            rule->target_count < TARGETS_MAX)
            read_target(on, it.value, &rule->targets[rule->target_count++]);
    return true;
}

static bool add_rule(struct rebuild *on, struct rebuild_rules *rules, struct rule *rule)
{
    struct api_error error;

    if (rules->count == RULES_MAX)
        return rebuild_fail(on, CLI_FAILED, "%s has more than %d rules.", rules->arn, RULES_MAX);
    if (matcher_add(rules->matcher, rule, rule->pattern, &error) != OK)
        return rebuild_fail(on, CLI_FAILED, "The pattern of rule %.*s can't be read: %s",
                            BYTES_ARG(rule->name), error.message);
    rules->list[rules->count++] = rule;
    return load_targets(on, rules, rule);
}

/* Disabled ones give it nothing, nor do schedules of events. */
static bool load_rule(struct rebuild *on, struct rebuild_rules *rules, struct bytes bus,
                      struct bytes name)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(REBUILD_BODY_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&body);
    struct client_answer answer = {0};
    struct rule *rule = ARENA_NEW(on->cli->arena, struct rule);

    json_begin_object(&w);
    json_member_string(&w, "Name", name);
    json_member_string(&w, "EventBusName", bus);
    json_end_object(&w);
    if (!ask_events(on, arena, "DescribeRule", &body, &answer))
        return false;
    rule->name = arena_copy(on->cli->arena, name);
    rule->bus = arena_copy(on->cli->arena, bus);
    rule->arn = copy(on, answer.json, "Arn");
    rule->pattern = copy(on, answer.json, "EventPattern");
    if (rule->pattern.size == 0 ||
        bytes_equal_text(json_get_string(answer.json, "State"), "DISABLED"))
        return true;
    return add_rule(on, rules, rule);
}

/* Pages of names: of buses, of the rules of one. */
static bool load_rules_of(struct rebuild *on, struct rebuild_rules *rules, struct bytes bus)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes next = {NULL, 0};

    do {
        AUTO(buffer_free) struct buffer body = BUFFER_INIT(REBUILD_BODY_SIZE_MAX);
        struct json_writer w = JSON_WRITER(&body);
        struct client_answer answer = {0};

        json_begin_object(&w);
        json_member_text(&w, "TargetArn", rules->arn);
        json_member_string(&w, "EventBusName", bus);
        if (next.size > 0)
            json_member_string(&w, "NextToken", next);
        json_end_object(&w);
        if (!ask_events(on, arena, "ListRuleNamesByTarget", &body, &answer))
            return false;
        for (struct json_iter it = json_iter(json_get(answer.json, "RuleNames")); json_next(&it);)
            if (!load_rule(on, rules, bus, json_string(it.value)))
                return false;
        next = json_get_string(answer.json, "NextToken");
    } while (next.size > 0);
    return true;
}

static bool load_buses(struct rebuild *on, struct rebuild_rules *rules)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes next = {NULL, 0};

    do {
        AUTO(buffer_free) struct buffer body = BUFFER_INIT(REBUILD_BODY_SIZE_MAX);
        struct json_writer w = JSON_WRITER(&body);
        struct client_answer answer = {0};

        json_begin_object(&w);
        if (next.size > 0)
            json_member_string(&w, "NextToken", next);
        json_end_object(&w);
        if (!ask_events(on, arena, "ListEventBuses", &body, &answer))
            return false;
        for (struct json_iter it = json_iter(json_get(answer.json, "EventBuses")); json_next(&it);)
            if (!load_rules_of(on, rules, json_get_string(it.value, "Name")))
                return false;
        next = json_get_string(answer.json, "NextToken");
    } while (next.size > 0);
    return true;
}

bool rebuild_rules_load(struct rebuild *on, const char *arn, struct rebuild_rules **ret)
{
    struct rebuild_rules *rules = ARENA_NEW(on->cli->arena, struct rebuild_rules);
    bool well = false;

    rules->arn = arn;
    rules->matcher = matcher_new();
    well = load_buses(on, rules);
    *ret = NULL;
    if (well && rules->count > 0)
        *ret = rules;
    else
        rebuild_rules_free(rules);
    return well;
}

void rebuild_rules_free(struct rebuild_rules *rules)
{
    if (rules != NULL)
        matcher_free(rules->matcher);
}

void rebuild_rules_text(const struct rebuild_rules *rules, struct buffer *out)
{
    buffer_append_text(out, rules->count == 1 ? "rule " : "rules ");
    for (size_t i = 0; i < rules->count; i++)
        buffer_printf(out, "%s%.*s of %.*s", i > 0 ? ", " : "", BYTES_ARG(rules->list[i]->name),
                      BYTES_ARG(rules->list[i]->bus));
}

/* {"detail":{"log":["users"]}} and nothing else there. */
static struct bytes log_of(struct arena *arena, struct bytes pattern)
{
    const struct json *json = NULL, *logs = NULL;

    if (json_parse(arena, pattern, &json, NULL) != OK)
        return BYTES("");
    logs = json_get(json_get(json, "detail"), "log");
    return json_is(logs, JSON_ARRAY) && json_count(logs) == 1 ? json_string(json_at(logs, 0))
                                                              : BYTES("");
}

const char *rebuild_rules_log(struct rebuild *on, const struct rebuild_rules *rules)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes log = log_of(arena, rules->list[0]->pattern);

    for (size_t i = 1; i < rules->count; i++)
        if (!bytes_equal(log, log_of(arena, rules->list[i]->pattern)))
            return NULL;
    return log.size > 0 ? arena_copy_text(on->cli->arena, log) : NULL;
}

/* ---- an event ---- */

struct finding {
    struct input_event input;
    struct arena *arena;
    struct rebuild_input *list;
    size_t count, capacity;
};

static void found(void *context, void *what)
{
    struct finding *finding = context;
    struct rule *rule = what;

    finding->input.rule_arn = rule->arn;
    finding->input.rule_name = rule->name;
    for (size_t i = 0; i < rule->target_count; i++) {
        const struct rule_target *target = &rule->targets[i];
        struct bytes payload = {NULL, 0};

        if (!input_make(&target->input, &finding->input, finding->arena, &payload))
            continue; /* the bus could not deliver it either */
        finding->list = arena_grow(finding->arena, finding->list, finding->count,
                                   finding->count + 1, &finding->capacity, sizeof *finding->list);
        finding->list[finding->count++] =
            (struct rebuild_input){payload, target->group_id, target->deduplication_id};
    }
}

void rebuild_rules_match(const struct rebuild_rules *rules, struct bytes text,
                         const struct json *json, uint64_t time_ms, struct arena *arena,
                         struct rebuild_input **ret, size_t *ret_count)
{
    struct finding finding = {.input = {.text = text, .json = json, .ingested_ms = time_ms},
                              .arena = arena};

    matcher_match(rules->matcher, json, found, &finding);
    *ret = finding.list;
    *ret_count = finding.count;
}
