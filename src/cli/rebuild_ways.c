/* cli/rebuild_ways.c - by which ways the function gets events; see rebuild.h.
 *
 *   rule ------------------------> FUNCTION, FUNCTION:ALIAS, FUNCTION:VERSION
 *   change stream --> mapping ---> one of these
 *   rule --> queue --> mapping --> one of these
 *
 * What else may give it events of the log and can't be fed is refused by name, so that no read
 * model is made of a part of them. */
#include "cli/rebuild.h"

#include "cli/output.h"
#include "mapping/filters.h"

#define FUNCTIONS "/2015-03-31/functions/"
#define MAPPINGS "/2015-03-31/event-source-mappings"
#define PIPES "/v1/pipes"

/* ---- the function's names ---- */

/* "live" of "ARN:live"; "" of the ARN itself. NULL: it is another function's. */
static const char *qualifier_of(const struct rebuild *on, struct bytes arn)
{
    struct bytes own = bytes_of_text(on->arn);
    struct bytes rest;

    if (!bytes_start_with(arn, own))
        return NULL;
    rest = bytes_slice(arn, own.size, arn.size);
    if (rest.size > 0 && rest.ptr[0] != ':')
        return NULL;
    return arena_copy_text(on->cli->arena, bytes_slice(rest, rest.size > 0, rest.size));
}

/* As an invocation says it. */
static const char *said(const char *qualifier)
{
    return qualifier[0] == '\0' || strcmp(qualifier, "$LATEST") == 0 ? NULL : qualifier;
}

static struct rebuild_way *add_way(struct rebuild *on, enum rebuild_way_kind kind,
                                   const char *qualifier)
{
    struct rebuild_way *way = NULL;

    if (on->ways->count == REBUILD_WAYS_MAX) {
        rebuild_fail(on, CLI_FAILED, "%s gets events by more than %d ways.", on->function,
                     REBUILD_WAYS_MAX);
        return NULL;
    }
    way = &on->ways->list[on->ways->count++];
    *way = (struct rebuild_way){.kind = kind, .qualifier = said(qualifier)};
    return way;
}

/* Rules whose target is the function under this name. */
static bool load_rules(struct rebuild *on, const char *qualifier)
{
    struct arena *arena = on->cli->arena;
    struct rebuild_rules *rules = NULL;
    struct rebuild_way *way = NULL;
    const char *arn = arena_copy_text(
        arena, arena_printf(arena, "%s%s%s", on->arn, qualifier[0] != '\0' ? ":" : "", qualifier));

    if (!rebuild_rules_load(on, arn, &rules))
        return false;
    if (rules == NULL)
        return true;
    way = add_way(on, REBUILD_BY_RULES, qualifier);
    if (way == NULL) {
        rebuild_rules_free(rules);
        return false;
    }
    way->arn = arn;
    way->rules = rules;
    return true;
}

/* Pages of a list of Lambda's; each thing of it is given to add(). */
static bool load_list(struct rebuild *on, const char *path, const char *list,
                      bool (*add)(struct rebuild *on, const struct json *json))
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes marker = {NULL, 0};

    do {
        AUTO(buffer_free) struct buffer out = BUFFER_INIT(REBUILD_BODY_SIZE_MAX);
        struct client_answer answer = {0};

        buffer_append_text(&out, path);
        if (marker.size > 0)
            client_query(&out, "Marker", marker);
        if (!rebuild_get(on, arena, TARGET_LAMBDA, buffer_bytes(&out), &answer))
            return false;
        for (struct json_iter it = json_iter(json_get(answer.json, list)); json_next(&it);)
            if (!add(on, it.value))
                return false;
        marker = json_get_string(answer.json, "NextMarker");
    } while (marker.size > 0);
    return true;
}

static bool add_alias(struct rebuild *on, const struct json *json)
{
    struct arena *arena = on->cli->arena;
    const struct json *weights =
        json_get(json_get(json, "RoutingConfig"), "AdditionalVersionWeights");
    const char *name = arena_copy_text(arena, json_get_string(json, "Name"));

    if (on->ways->alias_count == REBUILD_ALIASES_MAX)
        return rebuild_fail(on, CLI_FAILED, "%s has more than %d aliases.", on->function,
                            REBUILD_ALIASES_MAX);
    on->ways->aliases[on->ways->alias_count++] = (struct rebuild_alias){
        .name = name,
        .version = arena_copy_text(arena, json_get_string(json, "FunctionVersion")),
        .shared = json_count(weights) > 0,
    };
    return load_rules(on, name);
}

/* $LATEST is among them. */
static bool add_version(struct rebuild *on, const struct json *json)
{
    return load_rules(on, arena_copy_text(on->cli->arena, json_get_string(json, "Version")));
}

static bool load_names(struct rebuild *on)
{
    struct arena *arena = on->cli->arena;
    const char *aliases =
        arena_copy_text(arena, arena_printf(arena, FUNCTIONS "%s/aliases", on->function));
    const char *versions =
        arena_copy_text(arena, arena_printf(arena, FUNCTIONS "%s/versions", on->function));

    return load_rules(on, "") && load_list(on, aliases, "Aliases", add_alias) &&
           load_list(on, versions, "Versions", add_version);
}

/* ---- mappings ---- */

static void read_settings(struct rebuild *on, const struct json *json, struct rebuild_way *way)
{
    struct arena *arena = on->cli->arena;
    const struct json *filters = json_get(json_get(json, "FilterCriteria"), "Filters");
    struct bytes *patterns = ARENA_NEW_ARRAY(arena, json_count(filters) + 1, struct bytes);
    struct mapping_settings *settings = &way->settings;

    settings->source_arn = arena_copy(arena, json_get_string(json, "EventSourceArn"));
    settings->batch_size =
        (uint32_t)size_min(json_get_uint(json, "BatchSize", 1), MAPPING_BATCH_SIZE_MAX);
    for (struct json_iter it = json_iter(filters); json_next(&it);)
        patterns[settings->filter_count++] =
            arena_copy(arena, json_get_string(it.value, "Pattern"));
    settings->filters = patterns;
    settings->report_batch_item_failures = json_count(json_get(json, "FunctionResponseTypes")) > 0;
    way->uuid = arena_copy_text(arena, json_get_string(json, "UUID"));
}

static bool add_mapping_way(struct rebuild *on, enum rebuild_way_kind kind, const char *qualifier,
                            const struct json *json, struct rebuild_rules *rules, const char *view)
{
    struct rebuild_way *way = add_way(on, kind, qualifier);
    struct api_error error = {.kind = API_NO_ERROR};

    if (way == NULL) {
        rebuild_rules_free(rules);
        return false;
    }
    way->rules = rules;
    way->view = view;
    read_settings(on, json, way);
    if (mapping_filters_check(&way->settings, &error) != OK)
        return rebuild_fail(on, CLI_FAILED, "A filter of the mapping %s can't be read: %s",
                            way->uuid, error.message);
    way->filters = mapping_filters_new(&way->settings);
    return true;
}

static void note_other(struct rebuild *on, struct bytes source_arn)
{
    buffer_printf(&on->ways->others, "%s%.*s", on->ways->others.size > 0 ? ", " : "",
                  BYTES_ARG(source_arn));
}

/* The stream that the log has now: only its records come. */
static bool add_stream(struct rebuild *on, const char *qualifier, const struct json *json,
                       struct bytes source_arn)
{
    const char *name = client_target(on->client)->table;
    const struct json *table = NULL;
    const char *view = NULL;

    if (!rebuild_table_find(on, name, &table))
        return false;
    if (!bytes_equal(json_get_string(table, "LatestStreamArn"), source_arn)) {
        note_other(on, source_arn);
        return true;
    }
    if (json_get_uint(json, "TumblingWindowInSeconds", 0) > 0)
        return rebuild_fail(
            on, CLI_FAILED,
            "The mapping %.*s gives %s the stream of %s in tumbling windows, whose state is made "
            "of when records came: history can't be fed so. Set its TumblingWindowInSeconds to 0 "
            "for the rebuild.",
            BYTES_ARG(json_get_string(json, "UUID")), on->function, name);
    view = arena_copy_text(
        on->cli->arena, json_get_string(json_get(table, "StreamSpecification"), "StreamViewType"));
    return add_mapping_way(on, REBUILD_BY_STREAM, qualifier, json, NULL, view);
}

static bool add_queue(struct rebuild *on, const char *qualifier, const struct json *json,
                      struct bytes source_arn)
{
    struct rebuild_rules *rules = NULL;
    const char *arn = arena_copy_text(on->cli->arena, source_arn);

    if (!rebuild_rules_load(on, arn, &rules))
        return false;
    if (rules == NULL) {
        note_other(on, source_arn);
        return true;
    }
    return add_mapping_way(on, REBUILD_BY_QUEUE, qualifier, json, rules, NULL);
}

/* One that is disabled gives nothing. */
static bool add_mapping(struct rebuild *on, const struct json *json)
{
    const char *qualifier = qualifier_of(on, json_get_string(json, "FunctionArn"));
    struct bytes state = json_get_string(json, "State");
    struct bytes source = json_get_string(json, "EventSourceArn");

    if (qualifier == NULL || bytes_equal_text(state, "Disabled") ||
        bytes_equal_text(state, "Disabling") || bytes_equal_text(state, "Deleting"))
        return true;
    if (bytes_find(source, BYTES(":dynamodb:")) != SIZE_MAX)
        return add_stream(on, qualifier, json, source);
    return add_queue(on, qualifier, json, source);
}

/* ---- pipes ---- */

static bool check_pipe(struct rebuild *on, const struct json *json)
{
    if (qualifier_of(on, json_get_string(json, "Target")) == NULL ||
        bytes_equal_text(json_get_string(json, "DesiredState"), "STOPPED"))
        return true;
    return rebuild_fail(on, CLI_FAILED,
                        "The pipe %.*s gives %s events of %.*s, and what a pipe gives can't be fed "
                        "from history. Stop the pipe for the rebuild, when its events make no part "
                        "of the read model; else feed the function with `dynlog replay --to "
                        "function`.",
                        BYTES_ARG(json_get_string(json, "Name")), on->function,
                        BYTES_ARG(json_get_string(json, "Source")));
}

static bool check_pipes(struct rebuild *on)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes next = {NULL, 0};

    do {
        AUTO(buffer_free) struct buffer path = BUFFER_INIT(REBUILD_BODY_SIZE_MAX);
        struct client_answer answer = {0};

        buffer_append_text(&path, PIPES);
        if (next.size > 0)
            client_query(&path, "NextToken", next);
        client_query(&path, "TargetPrefix", bytes_of_text(on->arn));
        /* A dynlog has all services at one place; this one has no hosts in client/target.h. */
        if (!rebuild_get(on, arena, TARGET_LAMBDA, buffer_bytes(&path), &answer))
            return false;
        for (struct json_iter it = json_iter(json_get(answer.json, "Pipes")); json_next(&it);)
            if (!check_pipe(on, it.value))
                return false;
        next = json_get_string(answer.json, "NextToken");
    } while (next.size > 0);
    return true;
}

/* ---- --into ---- */

static const struct rebuild_alias *alias_of(const struct rebuild *on, const char *name)
{
    for (size_t i = 0; i < on->ways->alias_count; i++)
        if (strcmp(on->ways->aliases[i].name, name) == 0)
            return &on->ways->aliases[i];
    return NULL;
}

/* What is switched is $LATEST and aliases. */
static bool can_switch(struct rebuild *on, const struct rebuild_way *way)
{
    const struct rebuild_alias *alias = NULL;

    if (way->qualifier == NULL)
        return true;
    alias = alias_of(on, way->qualifier);
    if (alias == NULL)
        return rebuild_fail(on, CLI_FAILED,
                            "Version %s of %s gets events under its number, and a version can't be "
                            "switched to another table. Let what names it name an alias, or use "
                            "--clear.",
                            way->qualifier, on->function);
    if (alias->shared && on->note.aliases == NULL)
        return rebuild_fail(on, CLI_FAILED,
                            "The alias %s of %s shares its events between two versions: which of "
                            "them is to be switched? Give it one (`aws lambda update-alias "
                            "--routing-config '{}'`), or use --clear.",
                            alias->name, on->function);
    return true;
}

/* ---- all ---- */

static bool refuse_none(struct rebuild *on)
{
    if (on->ways->others.size > 0)
        return rebuild_fail(on, CLI_FAILED,
                            "%s gets no events of %s: its mappings read %.*s. Is the log another "
                            "table? Say --table.",
                            on->function, client_target(on->client)->table,
                            BYTES_ARG(buffer_bytes(&on->ways->others)));
    return rebuild_fail(on, CLI_FAILED,
                        "No enabled rule of a bus has %s as its target, and no mapping gives it "
                        "the stream of %s or a queue that a rule fills, so there is nothing that "
                        "says which events it gets. `dynlog replay --to function` feeds it what "
                        "you say.",
                        on->function, client_target(on->client)->table);
}

/* "arn:aws:lambda:REGION:ACCOUNT:function:NAME" */
static void read_place(struct rebuild *on)
{
    struct bytes rest = bytes_of_text(on->arn), parts[5];

    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        size_t colon = size_min(bytes_find_byte(rest, ':', 0), rest.size);

        parts[i] = bytes_slice(rest, 0, colon);
        rest = bytes_slice(rest, size_min(colon + 1, rest.size), rest.size);
    }
    on->region = arena_copy_text(on->cli->arena, parts[3]);
    on->account = arena_copy_text(on->cli->arena, parts[4]);
}

bool rebuild_ways_load(struct rebuild *on)
{
    on->ways = ARENA_NEW(on->cli->arena, struct rebuild_ways);
    on->ways->others = BUFFER_INIT(REBUILD_BODY_SIZE_MAX);
    read_place(on);
    if (!load_names(on) || !load_list(on, MAPPINGS, "EventSourceMappings", add_mapping) ||
        !check_pipes(on))
        return false;
    if (on->ways->count == 0)
        return refuse_none(on);
    for (size_t i = 0; on->on->into != NULL && i < on->ways->count; i++)
        if (!can_switch(on, &on->ways->list[i]))
            return false;
    return true;
}

void rebuild_ways_free(struct rebuild_ways *ways)
{
    for (size_t i = 0; ways != NULL && i < ways->count; i++) {
        rebuild_rules_free(ways->list[i].rules);
        matcher_free(ways->list[i].filters);
    }
    if (ways != NULL)
        buffer_free(&ways->others);
}

bool rebuild_has_way(const struct rebuild *on, enum rebuild_way_kind kind)
{
    for (size_t i = 0; i < on->ways->count; i++)
        if (on->ways->list[i].kind == kind)
            return true;
    return false;
}

const char *rebuild_ways_log(struct rebuild *on)
{
    const char *log = NULL;

    for (size_t i = 0; i < on->ways->count; i++) {
        const struct rebuild_way *way = &on->ways->list[i];
        const char *other = way->rules != NULL ? rebuild_rules_log(on, way->rules) : NULL;

        if (other == NULL || (log != NULL && strcmp(log, other) != 0))
            return NULL;
        log = other;
    }
    return log;
}

static void print_way(const struct rebuild *on, const struct rebuild_way *way, struct buffer *out)
{
    struct arn queue = {0};

    if (way->kind == REBUILD_BY_STREAM)
        buffer_printf(out, "the stream of %s", client_target(on->client)->table);
    else
        rebuild_rules_text(way->rules, out);
    if (way->kind == REBUILD_BY_QUEUE && arn_parse(way->settings.source_arn, &queue))
        buffer_printf(out, " through the queue %.*s", BYTES_ARG(queue.resource));
    if (way->qualifier != NULL)
        buffer_printf(out, " (to %s)", way->qualifier);
}

struct bytes rebuild_ways_text(const struct rebuild *on)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(REBUILD_BODY_SIZE_MAX);

    for (size_t i = 0; i < on->ways->count; i++) {
        buffer_append_text(&out, i > 0 ? "; " : "");
        print_way(on, &on->ways->list[i], &out);
    }
    if (on->ways->others.size > 0)
        buffer_printf(&out, ". What comes from elsewhere is not of the log, and not fed: %.*s",
                      BYTES_ARG(buffer_bytes(&on->ways->others)));
    return arena_copy(on->cli->arena, buffer_bytes(&out));
}
