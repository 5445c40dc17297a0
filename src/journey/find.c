/* journey/find.c - the journeys that somebody asks for, the newest first. */
#include "journey/internal.h"

/* What the name stands for, looked up once. */
struct sought {
    const struct journey_query *query;
    const struct root *root; /* of an id: where it stands */
    const struct hop *hop;
    bool by_writes; /* a key that no journey begins with: those that wrote it count */
};

static bool wrote(const struct hop *hop, const struct root *journey, struct bytes key)
{
    if (!hop_is_of(hop, journey))
        return false;
    if (hop->kind == HOP_WRITE && bytes_equal(hop_text(hop, TEXT_KEY), key))
        return true;
    if (hop->shared != NULL && wrote(hop->shared, journey, key))
        return true;
    for (const struct hop *child = hop->first; child != NULL; child = child->next)
        if (wrote(child, journey, key))
            return true;
    return false;
}

static bool contains(const struct hop *hop, const struct root *journey, const struct hop *sought)
{
    if (hop == sought || !hop_is_of(hop, journey))
        return hop == sought && hop_is_of(hop, journey);
    if (hop->shared != NULL)
        return contains(hop->shared, journey, sought);
    for (const struct hop *child = hop->first; child != NULL; child = child->next)
        if (contains(child, journey, sought))
            return true;
    return false;
}

/* A journey of a batch, in which an event may be of one record alone. */
static bool has_hop(const struct root *journey, const struct sought *sought)
{
    if (sought->root == journey)
        return true;
    return sought->root != NULL && sought->root->is_batch &&
           contains(journey->top, journey, sought->hop);
}

/* Its own, or that of a batch below the hop. */
static bool has_trace(const struct hop *hop, const uint64_t trace[2])
{
    const struct trace *own = &hop->root->trace;

    if (hop->parent == NULL && own->high == trace[0] && own->low == trace[1])
        return true;
    if (hop->shared != NULL)
        return has_trace(hop->shared, trace);
    for (const struct hop *child = hop->first; child != NULL; child = child->next)
        if (has_trace(child, trace))
            return true;
    return false;
}

static bool has_name(const struct root *journey, const struct sought *sought)
{
    const struct journey_name *name = &sought->query->name;

    switch (name->kind) {
    case JOURNEY_NAME_KEY:
        return sought->by_writes ? wrote(journey->top, journey, name->text)
                                 : bytes_equal(hop_text(journey->top, TEXT_KEY), name->text);
    case JOURNEY_NAME_ID:
        return has_hop(journey, sought);
    case JOURNEY_NAME_RECORD:
        return journey->top->kind == HOP_APPEND && journey->top->position == name->position;
    case JOURNEY_NAME_TRACE:
        return has_trace(journey->top, name->trace);
    }
    return false;
}

static bool matches(const struct root *journey, const struct sought *sought)
{
    const struct journey_query *query = sought->query;

    if (journey->top->at_ms < query->since_ms)
        return false;
    if (query->table.size > 0 && !bytes_equal(hop_text(journey->top, TEXT_TABLE), query->table))
        return false;
    if (query->has_name && !has_name(journey, sought))
        return false;
    if (!query->failed)
        return true;
    struct journey_state state = journey_state_of(journey);

    return state.failed || state.retried;
}

/* Of an event, an invocation, or else of a message. */
static const struct hop *find_id(const struct journeys *journeys, struct bytes id)
{
    char text[ID_UUID_SIZE];
    const struct hop *hop = find_text(journeys, LINK_ID, id, NULL);

    if (hop != NULL || id.size != sizeof text - 1)
        return hop;
    memcpy(text, id.ptr, id.size);
    text[id.size] = '\0';
    return find_sent(journeys, text);
}

static bool begins_any(const struct journeys *journeys, struct bytes key)
{
    LIST_EACH (&journeys->all, it)
        if (bytes_equal(hop_text(LIST_ITEM(it, struct root, in_all)->top, TEXT_KEY), text_cut(key)))
            return true;
    return false;
}

static struct sought look_up(const struct journeys *journeys, const struct journey_query *query)
{
    struct sought sought = {.query = query};

    if (!query->has_name)
        return sought;
    if (query->name.kind == JOURNEY_NAME_ID)
        sought.hop = find_id(journeys, query->name.text);
    if (sought.hop != NULL)
        sought.root = sought.hop->root;
    sought.by_writes =
        query->name.kind == JOURNEY_NAME_KEY && !begins_any(journeys, query->name.text);
    return sought;
}

size_t journeys_print(const struct journeys *journeys, const struct journey_query *query, bool line,
                      struct buffer *out)
{
    size_t count = 0;

    if (journeys == NULL)
        return 0;
    struct sought sought = look_up(journeys, query);

    for (const struct list *it = journeys->all.previous;
         it != &journeys->all && count < query->limit; it = it->previous) {
        const struct root *journey = LIST_ITEM((struct list *)(uintptr_t)it, struct root, in_all);

        if (!matches(journey, &sought))
            continue;
        if (count++ > 0 && !line)
            buffer_append_byte(out, ',');
        journey_print(journey, out);
        if (line)
            buffer_append_byte(out, '\n');
    }
    return count;
}
