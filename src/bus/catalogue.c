/* bus/catalogue.c - buses and rules as the store holds them (docs/format/bus.md), and the structs
 * in memory that are made from those bytes; see internal.h. Reads everything when the store is
 * opened. */
#include "bus/internal.h"

#define BUS_KEY "bus/"
#define BUS_KEY_END "bus0" /* '0' follows '/' */
#define RULE_KEY "rule/"
#define RULE_KEY_END "rule0"
#define ARCHIVE_KEYS "archive/"
#define ARCHIVE_KEYS_END "archive0"
#define REPLAY_KEYS "replay/"
#define REPLAY_KEYS_END "replay0"
#define FORMAT 1           /* of all, but for */
#define FORMAT_SCHEDULED 2 /* of a rule with a schedule, which may have no pattern */

struct bytes catalogue_bus_key(struct arena *arena, struct bytes name)
{
    return arena_printf(arena, BUS_KEY "%.*s", BYTES_ARG(name));
}

/* A rule's name has no '/', so the last one ends the bus's. */
struct bytes catalogue_rule_key(struct arena *arena, struct bytes bus_name, struct bytes rule_name)
{
    return arena_printf(arena, RULE_KEY "%.*s/%.*s", BYTES_ARG(bus_name), BYTES_ARG(rule_name));
}

/* ---- writing ---- */

struct bytes catalogue_take(struct arena *arena, const struct buffer *buffer)
{
    assert(!buffer_failed(buffer) && "the limits of names and inputs keep a setting small");
    return arena_copy(arena, buffer_bytes(buffer));
}

static void member_tags(struct json_writer *w, const struct bus_tag *tags, size_t count)
{
    if (count == 0)
        return;
    json_key(w, "tags");
    json_begin_object(w);
    for (size_t i = 0; i < count; i++) {
        json_key_bytes(w, tags[i].key);
        json_write_string(w, tags[i].value);
    }
    json_end_object(w);
}

struct bytes catalogue_encode_bus(struct arena *arena, const struct bus_description *description)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(BUS_STORED_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    json_member_int(&w, "format", FORMAT);
    json_member_string(&w, "name", description->name);
    json_member_set(&w, "description", description->description);
    json_member_set(&w, "key", description->kms_key);
    json_member_set(&w, "deadLetters", description->dead_letter_arn);
    json_member_set(&w, "policy", description->policy);
    member_tags(&w, description->tags, description->tag_count);
    json_member_uint(&w, "created", description->created_ms);
    json_member_uint(&w, "modified", description->modified_ms);
    json_end_object(&w);
    return catalogue_take(arena, &out);
}

static void encode_input_paths(struct json_writer *w, const struct bus_target *target)
{
    json_key(w, "inputPaths");
    json_begin_object(w);
    for (size_t i = 0; i < target->input_path_count; i++) {
        json_key_bytes(w, target->input_paths[i].name);
        json_write_string(w, target->input_paths[i].path);
    }
    json_end_object(w);
}

static void encode_target(struct json_writer *w, const struct bus_target *target)
{
    json_begin_object(w);
    json_member_string(w, "id", target->id);
    json_member_string(w, "arn", target->arn);
    json_member_set(w, "input", target->input);
    json_member_set(w, "inputPath", target->input_path);
    json_member_set(w, "parameters", target->parameters);
    json_member_set(w, "deadLetter", target->dead_letter_arn);
    json_member_set(w, "inputTemplate", target->input_template);
    if (target->input_path_count > 0)
        encode_input_paths(w, target);
    if (target->maximum_retry_attempts >= 0)
        json_member_int(w, "maximumRetryAttempts", target->maximum_retry_attempts);
    if (target->maximum_event_age_s >= 0)
        json_member_int(w, "maximumEventAge", target->maximum_event_age_s);
    json_member_set(w, "json", target->json);
    json_end_object(w);
}

struct bytes catalogue_encode_rule(struct arena *arena, const struct bus_rule *rule)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(BUS_STORED_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_object(&w);
    json_member_int(&w, "format", rule->schedule.size > 0 ? FORMAT_SCHEDULED : FORMAT);
    json_member_string(&w, "name", rule->name);
    json_member_string(&w, "bus", rule->bus_name);
    json_member_set(&w, "pattern", rule->pattern);
    json_member_set(&w, "schedule", rule->schedule);
    if (rule->schedule.size > 0)
        json_member_uint(&w, "scheduled", rule->scheduled_ms);
    json_member_set(&w, "description", rule->description);
    json_member_set(&w, "role", rule->role_arn);
    json_member_bool(&w, "enabled", rule->enabled);
    if (rule->all_management_events)
        json_member_bool(&w, "allManagementEvents", true);
    member_tags(&w, rule->tags, rule->tag_count);
    json_member_uint(&w, "created", rule->created_ms);
    json_key(&w, "targets");
    json_begin_array(&w);
    for (size_t i = 0; i < rule->target_count; i++)
        encode_target(&w, &rule->targets[i]);
    json_end_array(&w);
    json_end_object(&w);
    return catalogue_take(arena, &out);
}

/* ---- reading ---- */

/* The parsed texts live in the arena already. */
static const struct bus_tag *get_tags(struct arena *arena, const struct json *object,
                                      size_t *ret_count)
{
    const struct json *list = json_get(object, "tags");
    struct bus_tag *tags = ARENA_NEW_ARRAY(arena, json_count(list), struct bus_tag);

    for (struct json_iter it = json_iter(list); json_next(&it);)
        tags[it.index] = (struct bus_tag){it.name, json_string(it.value)};
    *ret_count = json_count(list);
    return tags;
}

static int32_t get_limit(const struct json *object, const char *name)
{
    int64_t value = 0;

    if (!json_int64(json_get(object, name), &value) || value < 0 || value > INT32_MAX)
        return -1;
    return (int32_t)value;
}

enum status catalogue_parse(struct arena *arena, struct bytes stored, const struct json **ret,
                            int64_t format_max)
{
    int64_t format = 0;

    if (json_parse(arena, stored, ret, NULL) != OK ||
        !json_int64(json_get(*ret, "format"), &format) || format < 1)
        return CORRUPT;
    return format > format_max ? NEWER_FORMAT : OK;
}

static enum status decode_bus(struct event_bus *event_bus, struct bytes stored)
{
    const struct json *root = NULL;

    event_bus->stored = arena_copy(event_bus->arena, stored);
    enum status st = catalogue_parse(event_bus->arena, stored, &root, FORMAT);

    if (st != OK)
        return st;
    event_bus->view = (struct bus_description){
        .name = json_get_string(root, "name"),
        .description = json_get_string(root, "description"),
        .kms_key = json_get_string(root, "key"),
        .dead_letter_arn = json_get_string(root, "deadLetters"),
        .policy = json_get_string(root, "policy"),
        .created_ms = json_get_uint(root, "created", 0),
        .modified_ms = json_get_uint(root, "modified", 0),
        .archived = json_bool(json_get(root, "archived")),
    };
    event_bus->view.tags = get_tags(event_bus->arena, root, &event_bus->view.tag_count);
    return event_bus->view.name.size > 0 ? OK : CORRUPT;
}

static void free_bus(struct event_bus *event_bus)
{
    matcher_free(event_bus->matcher);
    map_free(&event_bus->rules);
    arena_free(event_bus->arena);
    mem_free(event_bus);
}

enum status catalogue_apply_bus(struct bus *bus, struct bytes stored)
{
    struct event_bus *event_bus = mem_new(sizeof *event_bus);

    event_bus->arena = arena_new();
    enum status st = decode_bus(event_bus, stored);

    if (st != OK) {
        free_bus(event_bus);
        return st;
    }
    struct event_bus *old = map_put(&bus->buses, event_bus->view.name, event_bus);

    if (old != NULL) { /* the rules stay */
        event_bus->rules = old->rules;
        event_bus->matcher = old->matcher;
        old->rules = MAP_INIT;
        old->matcher = NULL;
        free_bus(old);
    } else {
        event_bus->matcher = matcher_new();
    }
    return OK;
}

static const struct bus_input_path *decode_input_paths(struct arena *arena,
                                                       const struct json *object)
{
    struct bus_input_path *paths =
        ARENA_NEW_ARRAY(arena, json_count(object), struct bus_input_path);

    for (struct json_iter it = json_iter(object); json_next(&it);)
        paths[it.index] = (struct bus_input_path){it.name, json_string(it.value)};
    return paths;
}

static struct bus_target decode_target(struct arena *arena, const struct json *object)
{
    return (struct bus_target){
        .id = json_get_string(object, "id"),
        .arn = json_get_string(object, "arn"),
        .input = json_get_string(object, "input"),
        .input_path = json_get_string(object, "inputPath"),
        .parameters = json_get_string(object, "parameters"),
        .dead_letter_arn = json_get_string(object, "deadLetter"),
        .input_template = json_get_string(object, "inputTemplate"),
        .input_paths = decode_input_paths(arena, json_get(object, "inputPaths")),
        .input_path_count = json_count(json_get(object, "inputPaths")),
        .json = json_get_string(object, "json"),
        .maximum_retry_attempts = get_limit(object, "maximumRetryAttempts"),
        .maximum_event_age_s = get_limit(object, "maximumEventAge"),
    };
}

static enum status decode_rule(const struct bus *bus, struct rule *rule, struct bytes stored)
{
    const struct json *root = NULL;

    rule->stored = arena_copy(rule->arena, stored);
    enum status st = catalogue_parse(rule->arena, stored, &root, FORMAT_SCHEDULED);

    if (st != OK)
        return st;
    const struct json *list = json_get(root, "targets");
    struct bus_target *targets = ARENA_NEW_ARRAY(rule->arena, json_count(list), struct bus_target);

    for (struct json_iter it = json_iter(list); json_next(&it);)
        targets[it.index] = decode_target(rule->arena, it.value);
    rule->view = (struct bus_rule){
        .name = json_get_string(root, "name"),
        .bus_name = json_get_string(root, "bus"),
        .pattern = json_get_string(root, "pattern"),
        .schedule = json_get_string(root, "schedule"),
        .scheduled_ms = json_get_uint(root, "scheduled", 0),
        .description = json_get_string(root, "description"),
        .role_arn = json_get_string(root, "role"),
        .enabled = json_bool(json_get(root, "enabled")),
        .all_management_events = json_bool(json_get(root, "allManagementEvents")),
        .created_ms = json_get_uint(root, "created", 0),
        .targets = targets,
        .target_count = json_count(list),
    };
    rule->view.tags = get_tags(rule->arena, root, &rule->view.tag_count);
    rule->arn = bus_rule_arn(bus, rule->arena, &rule->view);
    return rule->view.name.size > 0 ? OK : CORRUPT;
}

/* A managed one goes with its archive. */
static void free_rule(struct rule *rule)
{
    if (rule->archive != NULL)
        return;
    arena_free(rule->arena);
    mem_free(rule);
}

/* Disabled rules, and those without targets or without a pattern, need not be found. False: the
 * pattern is none. */
static bool add_to_matcher(struct event_bus *home, struct rule *rule)
{
    struct api_error ignored;

    return !rule->view.enabled || rule->view.target_count == 0 || rule->view.pattern.size == 0 ||
           matcher_add(home->matcher, rule, rule->view.pattern, &ignored) == OK;
}

enum status catalogue_apply_rule(struct bus *bus, struct bytes stored)
{
    struct rule *rule = mem_new(sizeof *rule);

    rule->arena = arena_new();
    enum status st = decode_rule(bus, rule, stored);
    struct event_bus *home = st == OK ? bus_get(bus, rule->view.bus_name) : NULL;

    if (st == OK && (home == NULL || !add_to_matcher(home, rule)))
        st = CORRUPT;
    if (st != OK) {
        free_rule(rule);
        return st;
    }
    struct rule *old = map_put(&home->rules, rule->view.name, rule);

    if (old != NULL) {
        matcher_remove(home->matcher, old);
        free_rule(old);
    }
    return OK;
}

void catalogue_forget_rule(struct bus *bus, struct bytes bus_name, struct bytes rule_name)
{
    struct event_bus *home = bus_get(bus, bus_name);
    struct rule *rule = home != NULL ? map_remove(&home->rules, rule_name) : NULL;

    if (rule == NULL)
        return;
    matcher_remove(home->matcher, rule);
    free_rule(rule);
}

void catalogue_forget_bus(struct bus *bus, struct bytes name)
{
    struct event_bus *event_bus = map_remove(&bus->buses, name);
    struct bytes rule_name;
    void *rule = NULL;

    if (event_bus == NULL)
        return;
    for (size_t i = 0; map_next(&event_bus->rules, &i, &rule_name, &rule);)
        free_rule(rule);
    free_bus(event_bus);
}

/* ---- opening ---- */

static enum status load_range(struct bus *bus, struct bytes from, struct bytes to,
                              enum status (*apply)(struct bus *bus, struct bytes stored))
{
    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(bus->store, NULL, STORE_CATALOGUE, from, to, false);
    struct bytes key, value;

    while (store_iter_next(iter, &key, &value)) {
        enum status st = apply(bus, value);

        if (st != OK)
            return st;
    }
    return store_iter_status(iter);
}

enum status bus_catalogue_load(struct bus *bus)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    uint64_t now_ms = clock_now_ms(bus->clock);
    enum status st = load_range(bus, BYTES(BUS_KEY), BYTES(BUS_KEY_END), catalogue_apply_bus);

    if (st == OK && bus_get(bus, BYTES("default")) == NULL) /* it is there without being made */
        st = catalogue_apply_bus(
            bus, catalogue_encode_bus(arena, &(struct bus_description){.name = BYTES("default"),
                                                                       .created_ms = now_ms,
                                                                       .modified_ms = now_ms}));
    if (st == OK)
        st = load_range(bus, BYTES(RULE_KEY), BYTES(RULE_KEY_END), catalogue_apply_rule);
    if (st == OK)
        st = load_range(bus, BYTES(ARCHIVE_KEYS), BYTES(ARCHIVE_KEYS_END), archive_apply);
    if (st == OK)
        st = load_range(bus, BYTES(REPLAY_KEYS), BYTES(REPLAY_KEYS_END), replay_apply);
    return st;
}
