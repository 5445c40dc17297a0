/* journey/hop.c - a hop, and its texts; see internal.h. */
#include "journey/internal.h"

/* ---- texts ---- */

/* A character is not cut in two. */
struct bytes text_cut(struct bytes text)
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
            size += 3 + text_cut(texts->text).size;
    return size;
}

static void texts_put(uint8_t *out, const struct named_text *texts)
{
    for (; texts->name != TEXT_NONE; texts++) {
        struct bytes text = text_cut(texts->text);

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

struct bytes hop_text(const struct hop *hop, enum hop_text name)
{
    struct bytes text = texts_get(hop->texts, hop->text_size, name);

    return text.size > 0 || hop->late == NULL ? text : texts_get(hop->late, hop->late_size, name);
}

/* ---- life ---- */

static void count(struct root *root, size_t size, bool more)
{
    root->size = more ? root->size + size : root->size - size;
    root->journeys->size = more ? root->journeys->size + size : root->journeys->size - size;
}

static void late_free(struct hop *hop)
{
    if (hop->late == NULL)
        return;
    count(hop->root, hop->late_size + JOURNEY_ALLOCATION_SIZE, false);
    mem_free(hop->late);
    hop->late = NULL;
}

struct hop *hop_new(struct root *root, struct hop *parent, enum hop_kind kind,
                    const struct named_text *texts)
{
    size_t text_size = texts_size(texts);
    struct hop *hop = NULL;

    if (parent != NULL && parent->depth >= JOURNEY_DEPTH_MAX) {
        root->omitted++;
        root->journeys->omitted_total++;
        return NULL;
    }
    hop = root_take(root, sizeof *hop + text_size);
    if (hop == NULL)
        return NULL;
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
    texts_put(hop->texts, texts);
    if (parent == NULL)
        root->top = hop;
    else if (parent->last == NULL)
        parent->first = hop;
    else
        parent->last->next = hop;
    if (parent != NULL)
        parent->last = hop;
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
    link_leave(hop, &hop->link);
    if (hop->kind == HOP_BATCH_REF && hop->shared != NULL) {
        list_remove(&hop->in_batch);
        root_unref(hop->shared->root);
    }
    root->hop_count--;
    root->journeys->hop_count--;
    late_free(hop);
    root_give_back(root, hop, sizeof *hop + hop->text_size);
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

    late_free(hop);
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

static uint64_t now_ns(struct journeys *journeys)
{
    if (journeys->now_ns == 0)
        journeys->now_ns = clock_monotonic_ns();
    return journeys->now_ns;
}

void hop_enter(struct hop *hop, enum journey_result result, const struct journey_end *end)
{
    struct journeys *journeys = hop->root->journeys;

    hop->result = (uint8_t)result;
    if (result == JOURNEY_RUNNING && hop->began_ns == 0)
        hop->began_ns = now_ns(journeys);
    if (!hop_is_open(hop))
        hop->ended_ms = journeys->now_ms;
    if (end != NULL) {
        hop->next_ms = end->next_ms;
        hop->duration_us = end->duration_us;
        if (end->payload.size + end->code.size + end->message.size > 0 || hop->late != NULL)
            keep_late(hop, end);
    }
    if (!hop_is_open(hop) && hop->duration_us == 0 && hop->began_ns != 0)
        hop->duration_us = (now_ns(journeys) - hop->began_ns) / 1000;
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
