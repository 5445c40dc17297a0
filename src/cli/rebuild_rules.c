/* cli/rebuild_rules.c - what the function would get of an event: the patterns of its rules and the
 * inputs of its targets, over the event as the built-in trigger puts it on the bus; see rebuild.h.
 */
#include "cli/rebuild.h"

#include "base/clock.h"
#include "bus/input.h"
#include "cli/output.h"
#include "pattern/pattern.h"
#include "streams/trigger.h"

#include <inttypes.h>

#define RULES_MAX 100   /* of one function; AWS has 300 rules a bus */
#define TARGETS_MAX 100 /* that the function is, of one rule */
#define STREAM_SUFFIX "#stream"
#define EVENT_SIZE_MAX ((size_t)64 * 1024 * 1024)

struct rule {
    struct bytes name, bus, arn, pattern;
    struct bus_target targets[TARGETS_MAX];
    size_t target_count;
};

struct rebuild_rules {
    struct matcher *matcher;
    struct rule *list[RULES_MAX];
    size_t count;
    char account[16], region[32];
};

/* ---- finding them ---- */

static struct bytes copy(struct rebuild *on, const struct json *object, const char *name)
{
    return arena_copy(on->cli->arena, json_get_string(object, name));
}

static void read_target(struct rebuild *on, const struct json *json, struct bus_target *ret)
{
    struct arena *arena = on->cli->arena;
    const struct json *transformer = json_get(json, "InputTransformer");
    const struct json *map = json_get(transformer, "InputPathsMap");
    struct bus_input_path *paths =
        ARENA_NEW_ARRAY(arena, json_count(map) + 1, struct bus_input_path);
    size_t count = 0;

    for (struct json_iter it = json_iter(map); json_next(&it);)
        paths[count++] = (struct bus_input_path){arena_copy(arena, it.name),
                                                 arena_copy(arena, json_string(it.value))};
    *ret = (struct bus_target){.id = copy(on, json, "Id"),
                               .arn = copy(on, json, "Arn"),
                               .input = copy(on, json, "Input"),
                               .input_path = copy(on, json, "InputPath"),
                               .input_template = copy(on, transformer, "InputTemplate"),
                               .input_paths = paths,
                               .input_path_count = count};
}

static bool ask_events(struct rebuild *on, struct arena *arena, const char *operation,
                       struct buffer *body, struct client_answer *ret)
{
    const char *target = arena_copy_text(arena, arena_printf(arena, "AWSEvents.%s", operation));

    return rebuild_call(on, arena, TARGET_EVENTS, target, buffer_bytes(body), ret);
}

static bool load_targets(struct rebuild *on, struct rule *rule)
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
        if (bytes_equal_text(json_get_string(it.value, "Arn"), on->arn) &&
            rule->target_count < TARGETS_MAX)
            read_target(on, it.value, &rule->targets[rule->target_count++]);
    return true;
}

static bool add_rule(struct rebuild *on, struct rule *rule)
{
    struct rebuild_rules *rules = on->rules;
    struct api_error error;

    if (rules->count == RULES_MAX)
        return rebuild_fail(on, CLI_FAILED, "%s has more than %d rules.", on->function, RULES_MAX);
    if (matcher_add(rules->matcher, rule, rule->pattern, &error) != OK)
        return rebuild_fail(on, CLI_FAILED, "The pattern of rule %.*s can't be read: %s",
                            BYTES_ARG(rule->name), error.message);
    rules->list[rules->count++] = rule;
    return load_targets(on, rule);
}

/* Disabled ones give it nothing, nor do schedules of events. */
static bool load_rule(struct rebuild *on, struct bytes bus, struct bytes name)
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
    return add_rule(on, rule);
}

/* Pages of names: of buses, of the rules of one. */
static bool load_rules_of(struct rebuild *on, struct bytes bus)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes next = {NULL, 0};

    do {
        AUTO(buffer_free) struct buffer body = BUFFER_INIT(REBUILD_BODY_SIZE_MAX);
        struct json_writer w = JSON_WRITER(&body);
        struct client_answer answer = {0};

        json_begin_object(&w);
        json_member_text(&w, "TargetArn", on->arn);
        json_member_string(&w, "EventBusName", bus);
        if (next.size > 0)
            json_member_string(&w, "NextToken", next);
        json_end_object(&w);
        if (!ask_events(on, arena, "ListRuleNamesByTarget", &body, &answer))
            return false;
        for (struct json_iter it = json_iter(json_get(answer.json, "RuleNames")); json_next(&it);)
            if (!load_rule(on, bus, json_string(it.value)))
                return false;
        next = json_get_string(answer.json, "NextToken");
    } while (next.size > 0);
    return true;
}

static bool load_buses(struct rebuild *on)
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
            if (!load_rules_of(on, json_get_string(it.value, "Name")))
                return false;
        next = json_get_string(answer.json, "NextToken");
    } while (next.size > 0);
    return true;
}

/* "arn:aws:lambda:REGION:ACCOUNT:function:NAME" */
static void read_place(struct rebuild_rules *rules, const char *arn)
{
    struct bytes rest = bytes_of_text(arn), parts[5];

    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        size_t colon = size_min(bytes_find_byte(rest, ':', 0), rest.size);

        parts[i] = bytes_slice(rest, 0, colon);
        rest = bytes_slice(rest, size_min(colon + 1, rest.size), rest.size);
    }
    snprintf(rules->region, sizeof rules->region, "%.*s", BYTES_ARG(parts[3]));
    snprintf(rules->account, sizeof rules->account, "%.*s", BYTES_ARG(parts[4]));
}

bool rebuild_rules_load(struct rebuild *on)
{
    on->rules = ARENA_NEW(on->cli->arena, struct rebuild_rules);
    on->rules->matcher = matcher_new();
    read_place(on->rules, on->arn);
    if (!load_buses(on))
        return false;
    if (on->rules->count > 0)
        return true;
    return rebuild_fail(on, CLI_FAILED,
                        "No enabled rule of a bus has %s as its target, so there is nothing that "
                        "says which events it gets. A function that is fed by an event source "
                        "mapping or a queue can't be rebuilt.",
                        on->function);
}

void rebuild_rules_free(struct rebuild_rules *rules)
{
    if (rules != NULL)
        matcher_free(rules->matcher);
}

struct bytes rebuild_rules_text(const struct rebuild *on)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(REBUILD_BODY_SIZE_MAX);

    for (size_t i = 0; i < on->rules->count; i++)
        buffer_printf(&out, "%s%.*s of %.*s", i > 0 ? ", " : "",
                      BYTES_ARG(on->rules->list[i]->name), BYTES_ARG(on->rules->list[i]->bus));
    return arena_copy(on->cli->arena, buffer_bytes(&out));
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

const char *rebuild_rules_log(const struct rebuild_rules *rules)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes log = log_of(arena, rules->list[0]->pattern);
    static char text[2048];

    for (size_t i = 1; i < rules->count; i++)
        if (!bytes_equal(log, log_of(arena, rules->list[i]->pattern)))
            return NULL;
    if (log.size == 0 || log.size >= sizeof text)
        return NULL;
    snprintf(text, sizeof text, "%.*s", BYTES_ARG(log));
    return text;
}

/* ---- an event ---- */

static void write_member(struct json_writer *w, const struct json *from, const char *name)
{
    const struct json *value = json_get(from, name);

    if (value == NULL)
        return;
    json_key(w, name);
    json_write_value(w, value);
}

/* As the trigger writes it (streams/trigger.c): what is too large for a bus has only its id. */
static bool write_detail(struct buffer *out, const struct json *line, bool whole)
{
    AUTO(buffer_free) struct buffer detail = BUFFER_INIT(TRIGGER_DETAIL_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&detail);
    const struct json *payload = json_get(line, "payload");

    json_begin_object(&w);
    write_member(&w, line, "log");
    write_member(&w, line, "key");
    write_member(&w, line, "type");
    if (whole) {
        write_member(&w, line, "payload");
    } else {
        json_member_bool(&w, "partial", true);
        json_key(&w, "payload");
        json_begin_object(&w);
        write_member(&w, payload, "id");
        json_end_object(&w);
    }
    write_member(&w, line, "meta");
    json_end_object(&w);
    buffer_append(out, buffer_bytes(&detail));
    return !buffer_failed(&detail);
}

static struct bytes make_event(const struct rebuild *on, struct arena *arena,
                               const struct json *line, uint64_t position, bool whole)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(EVENT_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);
    char time[CLOCK_ISO_SIZE];

    clock_format_iso(json_get_uint(line, "time", 0), true, time);
    json_begin_object(&w);
    json_member_text(&w, "version", "0");
    json_member_string(
        &w, "id", /* the same at every rebuild */
        arena_printf(arena, "00000000-0000-4000-8000-%012" PRIx64, position & 0xffffffffffff));
    json_member_text(&w, "detail-type", "stream changes");
    json_member_text(&w, "source", "dynamodb-log");
    json_member_text(&w, "account", on->rules->account);
    json_member_text(&w, "time", time);
    json_member_text(&w, "region", on->rules->region);
    json_member_string(&w, "replay-name", arena_printf(arena, "rebuild-%s", on->function));
    json_key(&w, "resources");
    json_write_raw(&w, BYTES("[]"));
    json_key(&w, "detail");
    if (!write_detail(&out, line, whole))
        return BYTES("");
    buffer_append_byte(&out, '}');
    return arena_copy(arena, buffer_bytes(&out));
}

struct finding {
    const struct rebuild *on;
    struct rebuild_event *event;
    struct input_event input;
    size_t capacity;
};

static void found(void *context, void *what)
{
    struct finding *finding = context;
    struct rebuild_event *event = finding->event;
    struct rule *rule = what;

    finding->input.rule_arn = rule->arn;
    finding->input.rule_name = rule->name;
    for (size_t i = 0; i < rule->target_count; i++) {
        struct bytes payload = {NULL, 0};

        if (!input_make(&rule->targets[i], &finding->input, event->arena, &payload))
            continue; /* the bus could not deliver it either */
        event->payloads =
            arena_grow(event->arena, event->payloads, event->payload_count,
                       event->payload_count + 1, &finding->capacity, sizeof *event->payloads);
        event->payloads[event->payload_count++] = payload;
    }
}

static bool is_wanted(const struct rebuild *on, struct bytes log, struct bytes type)
{
    const struct option_texts *types = &on->on->types;
    bool wanted = types->count == 0;

    if (on->on->log != NULL && !bytes_equal_text(log, on->on->log))
        return false;
    for (size_t i = 0; i < types->count; i++)
        wanted = wanted || bytes_equal_text(type, types->texts[i]);
    return wanted;
}

bool rebuild_event_read(const struct rebuild *on, struct bytes line, struct rebuild_event *ret)
{
    struct arena *arena = ret->arena;
    const struct json *json = NULL, *key = NULL;
    struct finding finding = {.on = on, .event = ret};
    struct bytes pk;
    size_t hash = 0;

    if (json_parse(arena, line, &json, NULL) != OK ||
        !json_uint64(json_get(json, "position"), &ret->position))
        return false;
    key = json_get(json, "key");
    pk = json_get_string(key, "pk");
    hash = bytes_find_byte(pk, '#', 0);
    if (!bytes_end_with(pk, BYTES(STREAM_SUFFIX)) || hash + strlen(STREAM_SUFFIX) >= pk.size)
        return false;
    ret->log = json_get_string(json, "log");
    ret->id = bytes_slice(pk, hash + 1, pk.size - strlen(STREAM_SUFFIX) - hash - 1);
    ret->version = json_number_text(json_get(key, "sk"));
    ret->type = json_get_string(json, "type");
    if (!is_wanted(on, ret->log, ret->type))
        return true;
    finding.input.text = make_event(on, arena, json, ret->position, true);
    if (finding.input.text.size == 0)
        finding.input.text = make_event(on, arena, json, ret->position, false);
    finding.input.ingested_ms = json_get_uint(json, "time", 0);
    if (json_parse(arena, finding.input.text, &finding.input.json, NULL) == OK)
        matcher_match(on->rules->matcher, finding.input.json, found, &finding);
    return true;
}
