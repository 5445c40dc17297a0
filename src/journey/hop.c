/* journey/hop.c - a hop, its texts, and where it is found; see internal.h. */
#include "journey/internal.h"

#include "base/map.h"

/* ---- texts ---- */

/* A character is not cut in two. */
static struct bytes cut(struct bytes text)
{
    size_t size = text.size;

    if (size <= JOURNEY_TEXT_SIZE_MAX)
        return text;
    size = JOURNEY_TEXT_SIZE_MAX;
    while (size > 0 && (text.ptr[size] & 0xc0) == 0x80)
        size--;
    return bytes_slice(text, 0, size);
}

static size_t texts_size(const struct named_text *texts)
{
    size_t size = 0;

    for (; texts->name != TEXT_NONE; texts++)
        if (texts->text.size > 0)
            size += 3 + cut(texts->text).size;
    return size;
}

static void texts_put(uint8_t *out, const struct named_text *texts)
{
    for (; texts->name != TEXT_NONE; texts++) {
        struct bytes text = cut(texts->text);

        if (text.size == 0)
            continue;
        *out++ = (uint8_t)texts->name;
        *out++ = (uint8_t)(text.size >> 8);
        *out++ = (uint8_t)text.size;
        memcpy(out, text.ptr, text.size);
        out += text.size;
    }
}

static struct bytes texts_get(const uint8_t *texts, size_t size, enum hop_text name)
{
    for (size_t at = 0; at < size;) {
        size_t text_size = (size_t)texts[at + 1] << 8 | texts[at + 2];

        if (texts[at] == name)
            return bytes_of(texts + at + 3, text_size);
        at += 3 + text_size;
    }
    return (struct bytes){NULL, 0};
}

static uint8_t *texts_of(const struct hop *hop)
{
    return (uint8_t *)(uintptr_t)&hop->links[hop->link_count];
}

struct bytes hop_text(const struct hop *hop, enum hop_text name)
{
    struct bytes text = texts_get(texts_of(hop), hop->text_size, name);

    return text.size > 0 || hop->late == NULL ? text : texts_get(hop->late, hop->late_size, name);
}

/* ---- the index ---- */

uint64_t hash_number(enum link_kind kind, uint64_t number)
{
    uint8_t bytes[9] = {(uint8_t)kind};

    bytes_put_u64(bytes + 1, number);
    return map_hash(bytes_of(bytes, sizeof bytes));
}

/* Ids are made by dynlog itself: they need no hash that withstands who chooses them. */
static uint64_t hash_id(struct bytes id)
{
    uint64_t hash = id.size, word = 0;
    size_t i = 0;

    for (; i + 8 <= id.size; i += 8) {
        memcpy(&word, id.ptr + i, 8);
        hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
        hash ^= hash >> 29;
    }
    word = 0;
    if (i < id.size)
        memcpy(&word, id.ptr + i, id.size - i);
    hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
    return hash ^ hash >> 32;
}

uint64_t hash_text(enum link_kind kind, struct bytes text)
{
    if (kind == LINK_ID)
        return hash_id(text);
    return map_hash(text) + (uint64_t)kind * 0x9e3779b97f4a7c15U;
}

void link_enter(struct journeys *journeys, struct link *link, struct hop *hop, enum link_kind kind,
                uint64_t hash)
{
    if (journeys->buckets == NULL)
        journeys->buckets = mem_new_array(JOURNEY_BUCKETS, sizeof *journeys->buckets);

    struct link **bucket = &journeys->buckets[hash & (JOURNEY_BUCKETS - 1)];

    *link = (struct link){*bucket, bucket, hop, (uint32_t)hash, (uint32_t)kind};
    if (link->next != NULL)
        link->next->at = &link->next;
    *bucket = link;
    if (kind == LINK_ID)
        journeys->recent = hop;
}

void link_leave(struct link *link)
{
    if (link->kind == LINK_NONE)
        return;
    *link->at = link->next;
    if (link->next != NULL)
        link->next->at = link->at;
    link->kind = LINK_NONE;
}

static size_t links_of(enum hop_kind kind)
{
    switch (kind) {
    case HOP_APPEND:  /* position, key */
    case HOP_ATTEMPT: /* span; of a batch: id */
        return 2;
    case HOP_BATCH:
    case HOP_EVENT:
    case HOP_INVOCATION:
    case HOP_SCHEDULE:
    case HOP_DELIVERY: /* of a message */
    case HOP_DESTINATION:
        return 1;
    case HOP_BATCH_REF:
    case HOP_ARCHIVE:
    case HOP_RULE:
    case HOP_LETTER:
    case HOP_WRITE:
    case HOP_FILTER:
    case HOP_MESSAGE:
    case HOP_KIND_COUNT:
        return 0;
    }
    return 0;
}

void hop_link(struct hop *hop, enum link_kind kind, uint64_t hash)
{
    for (size_t i = 0; i < hop->link_count; i++)
        if (hop->links[i].kind == LINK_NONE) {
            link_enter(hop->root->journeys, &hop->links[i], hop, kind, hash);
            return;
        }
    assert(false && "links_of() counts the ways in which a hop is found");
}

static const struct link *bucket_of(const struct journeys *journeys, uint64_t hash)
{
    return journeys->buckets != NULL ? journeys->buckets[hash & (JOURNEY_BUCKETS - 1)] : NULL;
}

static enum hop_text text_of_link(enum link_kind kind)
{
    return kind == LINK_KEY ? TEXT_KEY : TEXT_ID;
}

struct hop *find_text(const struct journeys *journeys, enum link_kind kind, struct bytes text,
                      const struct hop *after)
{
    bool skipping = after != NULL;

    if (kind == LINK_ID && !skipping && journeys->recent != NULL &&
        bytes_equal(hop_text(journeys->recent, TEXT_ID), text))
        return journeys->recent;
    uint64_t hash = hash_text(kind, text);

    for (const struct link *link = bucket_of(journeys, hash); link != NULL; link = link->next) {
        if (link->hash != (uint32_t)hash || link->kind != kind ||
            !bytes_equal(hop_text(link->hop, text_of_link(kind)), cut(text)))
            continue;
        if (!skipping)
            return link->hop;
        skipping = link->hop != after;
    }
    return NULL;
}

static uint64_t number_of(const struct hop *hop, enum link_kind kind)
{
    return kind == LINK_SPAN ? hop->span : hop->position;
}

struct hop *find_number(const struct journeys *journeys, enum link_kind kind, uint64_t number)
{
    uint64_t hash = hash_number(kind, number);

    for (const struct link *link = bucket_of(journeys, hash); link != NULL; link = link->next)
        if (link->hash == (uint32_t)hash && link->kind == kind &&
            number_of(link->hop, kind) == number)
            return link->hop;
    return NULL;
}

struct hop *find_trace(const struct journeys *journeys, const struct trace *trace)
{
    uint64_t hash = hash_number(LINK_TRACE, trace->low);

    for (const struct link *link = bucket_of(journeys, hash); link != NULL; link = link->next)
        if (link->hash == (uint32_t)hash && link->kind == LINK_TRACE &&
            link->hop->root->trace.low == trace->low && link->hop->root->trace.high == trace->high)
            return link->hop;
    return NULL;
}

struct hop *find_message(const struct journeys *journeys, const uint64_t id[2])
{
    uint64_t hash = hash_number(LINK_MESSAGE, id[0] ^ id[1]);

    for (const struct link *link = bucket_of(journeys, hash); link != NULL; link = link->next)
        if (link->hash == (uint32_t)hash && link->kind == LINK_MESSAGE &&
            link->hop->message[0] == id[0] && link->hop->message[1] == id[1])
            return link->hop;
    return NULL;
}

/* ---- life ---- */

static size_t size_with(size_t link_count, size_t text_size)
{
    return sizeof(struct hop) + link_count * sizeof(struct link) + text_size;
}

size_t hop_own_size(const struct hop *hop)
{
    return piece_size(size_with(hop->link_count, hop->text_size)) + JOURNEY_ALLOCATION_SIZE;
}

static size_t hop_size(const struct hop *hop)
{
    size_t size = hop_own_size(hop);

    return hop->late != NULL ? size + hop->late_size + JOURNEY_ALLOCATION_SIZE : size;
}

static void count(struct root *root, size_t size, bool more)
{
    root->size = more ? root->size + size : root->size - size;
    root->journeys->size = more ? root->journeys->size + size : root->journeys->size - size;
}

struct hop *hop_new(struct root *root, struct hop *parent, enum hop_kind kind,
                    const struct named_text *texts)
{
    size_t text_size = texts_size(texts), link_count = links_of(kind);
    struct hop *hop = NULL;

    if (parent != NULL && parent->depth >= JOURNEY_DEPTH_MAX) {
        root->omitted++;
        root->journeys->omitted_total++;
        return NULL;
    }
    size_t size = size_with(link_count, text_size);

    if (!root_make_room(root, piece_size(size) + JOURNEY_ALLOCATION_SIZE))
        return NULL;
    hop = piece_new(root->journeys, size);
    hop->link_count = (uint8_t)link_count;
    hop->depth = parent != NULL ? (uint8_t)(parent->depth + 1) : 0;
    hop->kind = (uint8_t)kind;
    hop->root = root;
    hop->parent = parent;
    hop->text_size = (uint16_t)text_size;
    hop->at_ms = root->journeys->now_ms;
    hop->span = journeys_random(root->journeys);
    /* What has an end is not exported when its trace is set. */
    if (kind == HOP_BATCH || kind == HOP_INVOCATION || kind == HOP_DELIVERY || kind == HOP_MESSAGE)
        hop->result = JOURNEY_WAITING;
    texts_put(texts_of(hop), texts);
    if (parent == NULL)
        root->top = hop;
    else if (parent->last == NULL)
        parent->first = hop;
    else
        parent->last->next = hop;
    if (parent != NULL)
        parent->last = hop;
    count(root, hop_size(hop), true);
    root->hop_count++;
    root->journeys->hop_count++;
    return hop;
}

void hop_free(struct hop *hop)
{
    struct root *root = hop->root;

    for (struct hop *child = hop->first, *next = NULL; child != NULL; child = next) {
        next = child->next;
        hop_free(child);
    }
    for (size_t i = 0; i < hop->link_count; i++)
        link_leave(&hop->links[i]);
    if (root->journeys->recent == hop)
        root->journeys->recent = NULL;
    if (hop->shared != NULL) {
        list_remove(&hop->in_batch);
        root_unref(hop->shared->root);
    }
    count(root, hop_size(hop), false);
    root->hop_count--;
    root->journeys->hop_count--;
    mem_free(hop->late);
    piece_free(root->journeys, hop, size_with(hop->link_count, hop->text_size));
}

void hop_forget(struct hop *child)
{
    struct hop *parent = child->parent, *before = NULL;

    for (struct hop *hop = parent->first; hop != child; hop = hop->next)
        before = hop;
    if (before != NULL)
        before->next = child->next;
    else
        parent->first = child->next;
    if (parent->last == child)
        parent->last = before;
    child->root->omitted++;
    child->root->journeys->omitted_total++;
    hop_free(child);
}

/* ---- results ---- */

/* {"errorType":"Error","errorMessage":"no"}: of a function that failed. */
static void read_payload(struct arena *arena, const struct journey_end *end, struct bytes *ret_code,
                         struct bytes *ret_message)
{
    const struct json *error = NULL;

    *ret_code = end->code;
    *ret_message = end->message;
    if (end->payload.size == 0 || json_parse(arena, end->payload, &error, NULL) != OK)
        return;
    struct bytes type = json_get_string(error, "errorType");
    struct bytes message = json_get_string(error, "errorMessage");

    if (type.size > 0)
        *ret_code = type;
    if (message.size > 0)
        *ret_message = message;
}

/* What it said before is forgotten: an attempt has one end, anything else its last. */
static void keep_late(struct hop *hop, const struct journey_end *end)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes code, message;

    read_payload(arena, end, &code, &message);
    const struct named_text texts[] = {
        {TEXT_CODE, code}, {TEXT_MESSAGE, message}, {TEXT_NONE, {0}}};
    size_t size = texts_size(texts);

    if (hop->late != NULL) {
        count(hop->root, hop->late_size + JOURNEY_ALLOCATION_SIZE, false);
        mem_free(hop->late);
        hop->late = NULL;
    }
    if (size == 0 || !root_make_room(hop->root, size + JOURNEY_ALLOCATION_SIZE))
        return;
    hop->late = mem_new(size);
    hop->late_size = (uint16_t)size;
    texts_put(hop->late, texts);
    count(hop->root, size + JOURNEY_ALLOCATION_SIZE, true);
}

bool hop_is_open(const struct hop *hop)
{
    return hop->result == JOURNEY_RUNNING || hop->result == JOURNEY_WAITING ||
           hop->result == JOURNEY_RETRYING;
}

void hop_enter(struct hop *hop, enum journey_result result, const struct journey_end *end)
{
    struct journeys *journeys = hop->root->journeys;

    hop->result = (uint8_t)result;
    if (result == JOURNEY_RUNNING && hop->began_ns == 0)
        hop->began_ns = clock_monotonic_ns();
    if (!hop_is_open(hop))
        hop->ended_ms = journeys->now_ms;
    if (end != NULL) {
        hop->next_ms = end->next_ms;
        hop->duration_us = end->duration_us;
        if (end->payload.size + end->code.size + end->message.size > 0 || hop->late != NULL)
            keep_late(hop, end);
    }
    if (!hop_is_open(hop) && hop->duration_us == 0 && hop->began_ns != 0)
        hop->duration_us = (clock_monotonic_ns() - hop->began_ns) / 1000;
    hop_export(hop);
    journeys_changed(journeys);
}

void hop_export(struct hop *hop)
{
    struct journeys *journeys = hop->root->journeys;

    if (journeys->ended == NULL || hop->exported || hop_is_open(hop) ||
        !trace_is_set(&hop->root->trace) || hop->kind == HOP_BATCH_REF)
        return;
    hop->exported = true;
    journeys->ended(journeys->context, &(struct journey_span){hop});
}
