/* journey/event.c - events on buses, rules that matched, deliveries; see journey.h. */
#include "journey/internal.h"

/* ---- which record of a batch an event is of ---- */

/* "users#12#stream", 1, {"S":"users#12#stream"} and {"N":"1"} */
static struct bytes scalar(const struct json *value)
{
    struct json_iter it = json_iter(value);

    if (json_is(value, JSON_STRING))
        return json_string(value);
    if (json_is(value, JSON_NUMBER))
        return json_number_text(value);
    if (json_is(value, JSON_OBJECT) && json_count(value) == 1 && json_next(&it) &&
        (bytes_equal_text(it.name, "S") || bytes_equal_text(it.name, "N")))
        return json_string(it.value);
    return (struct bytes){NULL, 0};
}

/* The last write of that key. batch NULL: of any that is with its consumer now. */
static uint64_t position_of_key(struct journeys *journeys, const struct root *batch,
                                struct bytes pk, struct bytes sk)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT((size_t)8 * 1024);
    const struct hop *hop = NULL;
    uint64_t position = 0;

    buffer_append(&key, pk);
    if (sk.size > 0)
        buffer_append_byte(&key, '/');
    buffer_append(&key, sk);
    if (pk.size == 0 || buffer_failed(&key))
        return 0;
    while ((hop = find_text(journeys, LINK_KEY, buffer_bytes(&key), hop)) != NULL)
        if (hop->position > position &&
            (batch != NULL ? batch_has(hop, batch) : attempt_under_way(hop) != NULL))
            position = hop->position;
    return position;
}

/* An object of one or two members, which are the key's: their names are the table's affair. */
static uint64_t position_of_keys(struct journeys *journeys, const struct root *batch,
                                 const struct json *keys)
{
    struct json_iter it = json_iter(keys);
    struct bytes first = {NULL, 0}, second = {NULL, 0};

    if (!json_is(keys, JSON_OBJECT) || json_count(keys) == 0 || json_count(keys) > 2)
        return 0;
    (void)json_next(&it);
    first = scalar(it.value);
    if (json_next(&it))
        second = scalar(it.value);
    uint64_t position = position_of_key(journeys, batch, first, second);

    return position != 0 || second.size == 0 ? position
                                             : position_of_key(journeys, batch, second, first);
}

static uint64_t position_of_detail(struct journeys *journeys, const struct root *batch,
                                   const struct json *detail)
{
    static const char *const names[] = {"key", "Key", "keys", "Keys"};
    struct journey_name name;
    uint64_t position = 0;

    if (journey_name_parse(json_get_string(detail, "eventID"), &name) == OK &&
        name.kind == JOURNEY_NAME_RECORD)
        return name.position;
    for (size_t i = 0; position == 0 && i < ARRAY_COUNT(names); i++)
        position = position_of_keys(journeys, batch, json_get(detail, names[i]));
    if (position == 0)
        position =
            position_of_keys(journeys, batch, json_get(json_get(detail, "dynamodb"), "Keys"));
    if (position == 0)
        position = position_of_key(journeys, batch, scalar(json_get(detail, "pk")),
                                   scalar(json_get(detail, "sk")));
    return position;
}

/* 0: it can't be seen, so it may be of any. */
static uint64_t position_of_text(struct journeys *journeys, const struct hop *attempt,
                                 struct bytes text)
{
    AUTO(arena_release) struct arena *arena = NULL;
    const struct hop *batch = attempt->parent;
    const struct json *detail = NULL;

    if (batch->kind != HOP_BATCH || batch->of_messages)
        return 0;
    if (batch->number == 1)
        return batch->position;
    arena = arena_new();
    if (json_parse(arena, text, &detail, NULL) != OK)
        return 0;
    return position_of_detail(journeys, batch->root, detail);
}

/* ---- events ---- */

static struct hop *find_event(const struct journeys *journeys, struct bytes event_id)
{
    struct hop *hop = find_text(journeys, LINK_ID, event_id, NULL);

    return hop != NULL && hop->kind == HOP_EVENT ? hop : NULL;
}

/* Who put it sends no trace header, as SDKs from before 2022 do: then the record that it speaks of
 * tells, while its batch is with a function. */
static struct hop *find_by_detail(struct journeys *journeys, struct bytes text)
{
    AUTO(arena_release) struct arena *arena = NULL;
    const struct json *detail = NULL;

    if (journeys->batch_count == 0)
        return NULL;
    arena = arena_new();
    if (json_parse(arena, text, &detail, NULL) != OK)
        return NULL;
    return attempt_under_way(find_position(journeys, position_of_detail(journeys, NULL, detail)));
}

/* NULL: it begins a journey. An event that is there already is on another bus now, or replayed. */
static struct hop *find_cause(struct journeys *journeys, const struct journey_event *event)
{
    struct hop *hop = find_event(journeys, event->event_id);

    if (hop == NULL)
        hop = find_attempt(journeys, event->trace_header);
    if (hop == NULL && event->position != 0)
        hop = find_position(journeys, event->position);
    if (hop == NULL && event->trace_header.size == 0)
        hop = find_by_detail(journeys, event->detail);
    return hop;
}

static struct hop *event_new(struct journeys *journeys, const struct journey_event *event)
{
    const struct named_text texts[] = {
        {TEXT_ID, event->event_id},        {TEXT_BUS, event->bus_name},
        {TEXT_SOURCE, event->source},      {TEXT_DETAIL_TYPE, event->detail_type},
        {TEXT_REPLAY, event->replay_name}, {TEXT_NONE, {0}}};
    struct hop *cause = find_cause(journeys, event);
    struct root *root = cause != NULL ? cause->root : root_new(journeys, false);
    struct hop *hop = root != NULL ? hop_new(root, cause, HOP_EVENT, texts) : NULL;

    if (hop == NULL) {
        if (cause == NULL && root != NULL)
            root_drop(root);
        return NULL;
    }
    hop->position = event->position;
    if (cause != NULL && cause->kind == HOP_ATTEMPT && hop->position == 0)
        hop->position = position_of_text(journeys, cause, event->detail);
    link_enter(hop, &hop->link, LINK_ID, hash_text(LINK_ID, event->event_id));
    root_set_trace(root, event->trace_header);
    hop_enter(hop, JOURNEY_DONE, NULL);
    return hop;
}

void journey_event(struct journeys *journeys, const struct journey_event *event)
{
    if (journeys_begin(journeys))
        (void)event_new(journeys, event);
}

void journey_archived(struct journeys *journeys, struct bytes event_id, struct bytes archive_name)
{
    const struct named_text texts[] = {{TEXT_ARCHIVE, archive_name}, {TEXT_NONE, {0}}};
    struct hop *hop = journeys_begin(journeys) ? find_event(journeys, event_id) : NULL;

    if (hop != NULL)
        hop = hop_new(hop->root, hop, HOP_ARCHIVE, texts);
    if (hop != NULL)
        hop_enter(hop, JOURNEY_DONE, NULL);
}

/* ---- rules and deliveries ---- */

static struct hop *find_child(struct hop *parent, enum hop_kind kind, enum hop_text name,
                              struct bytes text)
{
    for (struct hop *hop = parent->first; hop != NULL; hop = hop->next)
        if (hop->kind == kind && bytes_equal(hop_text(hop, name), text))
            return hop;
    return NULL;
}

static struct hop *find_target(struct hop *parent, const struct journey_delivery *delivery)
{
    for (struct hop *hop = parent->first; hop != NULL; hop = hop->next)
        if ((hop->kind == HOP_DELIVERY || hop->kind == HOP_DESTINATION ||
             hop->kind == HOP_LETTER) &&
            hop->position == delivery->position &&
            bytes_equal(hop_text(hop, TEXT_TARGET_ID), delivery->target_id))
            return hop;
    return NULL;
}

/* What an invocation has for a target is its destination, or its dead letter. */
static enum hop_kind kind_of(const struct hop *cause, const struct journey_delivery *delivery)
{
    if (cause->kind != HOP_INVOCATION)
        return HOP_DELIVERY;
    return bytes_equal_text(delivery->target_id, "DeadLetterConfig") ? HOP_LETTER : HOP_DESTINATION;
}

/* Of an event that came to several buses, or again by a replay, the newest that has it. */
struct hop *delivery_find(struct journeys *journeys, const struct journey_delivery *delivery)
{
    struct hop *cause = NULL;

    while ((cause = find_text(journeys, LINK_ID, delivery->cause_id, cause)) != NULL) {
        struct hop *rule = find_child(cause, HOP_RULE, TEXT_RULE, delivery->source_arn);
        struct hop *hop = find_target(rule != NULL ? rule : cause, delivery);

        if (hop != NULL)
            return hop;
    }
    return NULL;
}

/* A schedule was due; or what caused it is not known any more. */
static struct hop *cause_new(struct journeys *journeys, const struct journey_delivery *delivery)
{
    bool schedule = bytes_find(delivery->source_arn, BYTES(":scheduler:")) != SIZE_MAX;
    const struct named_text texts[] = {{TEXT_ID, delivery->cause_id},
                                       {TEXT_RULE, schedule ? delivery->source_arn : BYTES("")},
                                       {TEXT_NONE, {0}}};
    struct root *root = root_new(journeys, false);
    struct hop *hop = NULL;

    if (root == NULL)
        return NULL;
    hop = hop_new(root, NULL, schedule ? HOP_SCHEDULE : HOP_EVENT, texts);
    if (hop == NULL) {
        root_drop(root);
        return NULL;
    }
    link_enter(hop, &hop->link, LINK_ID, hash_text(LINK_ID, delivery->cause_id));
    root_set_trace(root, (struct bytes){NULL, 0});
    return hop;
}

static struct hop *rule_of(struct hop *cause, const struct journey_delivery *delivery)
{
    const struct named_text texts[] = {{TEXT_RULE, delivery->source_arn}, {TEXT_NONE, {0}}};
    struct hop *rule = NULL;

    if (cause->kind != HOP_EVENT) /* a schedule, or the destination of an invocation */
        return cause;
    rule = find_child(cause, HOP_RULE, TEXT_RULE, delivery->source_arn);
    if (rule == NULL)
        rule = hop_new(cause->root, cause, HOP_RULE, texts);
    if (rule != NULL)
        hop_enter(rule, JOURNEY_DONE, NULL);
    return rule;
}

struct hop *delivery_hop(struct journeys *journeys, const struct journey_delivery *delivery)
{
    const struct named_text texts[] = {{TEXT_TARGET_ID, delivery->target_id},
                                       {TEXT_TARGET, delivery->target_arn},
                                       {TEXT_NONE, {0}}};
    struct hop *hop = delivery_find(journeys, delivery);
    struct hop *cause = NULL;

    cause = find_text(journeys, LINK_ID, delivery->cause_id, NULL);
    /* A replay that brings it once more, after the first time was over. */
    if (hop != NULL && (hop_is_open(hop) || cause == NULL || hop->root != cause->root ||
                        hop->parent->parent == cause || hop->parent == cause))
        return hop;
    if (cause == NULL)
        cause = cause_new(journeys, delivery);
    if (cause != NULL)
        cause = rule_of(cause, delivery);
    if (cause == NULL)
        return NULL;
    hop = hop_new(cause->root, cause, kind_of(cause, delivery), texts);
    if (hop == NULL)
        return NULL;
    hop->position = delivery->position;
    hop_enter(hop, JOURNEY_WAITING, NULL);
    return hop;
}

static void add_letter(struct hop *hop, const struct journey_delivery *delivery,
                       const struct journey_end *end)
{
    const struct named_text texts[] = {
        {TEXT_TARGET, delivery->dead_letter_arn}, {TEXT_CODE, end->code}, {TEXT_NONE, {0}}};
    struct hop *letter = hop_new(hop->root, hop, HOP_LETTER, texts);

    if (letter != NULL)
        hop_enter(letter, JOURNEY_DONE, NULL);
}

void journey_delivery(struct journeys *journeys, const struct journey_delivery *delivery,
                      const struct journey_end *end)
{
    struct hop *hop = NULL;

    if (!journeys_begin(journeys) || delivery->cause_id.size == 0)
        return;
    hop = delivery_hop(journeys, delivery);
    if (hop == NULL)
        return;
    if (end->result == JOURNEY_RETRYING || end->result == JOURNEY_LETTER ||
        end->result == JOURNEY_DROPPED || (end->result == JOURNEY_DONE && hop->attempts > 0))
        attempt_end(hop, end);
    if (end->result == JOURNEY_LETTER)
        add_letter(hop, delivery, end);
    hop_enter(hop, end->result, end);
}

void journey_call_begins(struct journeys *journeys, const struct journey_delivery *delivery)
{
    static const struct named_text none = {TEXT_NONE, {0}};
    struct hop *hop = NULL;

    if (!journeys_begin(journeys) || delivery->cause_id.size == 0)
        return;
    hop = delivery_hop(journeys, delivery);
    if (hop == NULL)
        return;
    hop_enter(hop, JOURNEY_RUNNING, NULL);
    (void)attempt_new(hop, &none);
}
