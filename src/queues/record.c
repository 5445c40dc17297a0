/* queues/record.c - a message, its state, a group and a queue's counts as the store holds them
 * (docs/format/queue.md). */
#include "queues/internal.h"

#include "base/take.h"

#define FORMAT 1
#define FORMAT_SEALED 2 /* of a message: its body is a sealed text */

/* ---- reading ---- */

static struct place take_place(struct take *r)
{
    uint64_t sent_ms = take_u64(r);

    return (struct place){sent_ms, take_u64(r)};
}

static enum status begin(struct take *r, struct bytes value)
{
    uint8_t format = 0;

    *r = (struct take){.left = value};
    format = take_byte(r);
    if (format > FORMAT)
        return NEWER_FORMAT;
    return format == FORMAT ? OK : CORRUPT;
}

static void put_text(struct buffer *out, struct bytes text)
{
    buffer_append_u32(out, (uint32_t)text.size);
    buffer_append(out, text);
}

static void put_place(struct buffer *out, struct place place)
{
    buffer_append_u64(out, place.sent_ms);
    buffer_append_u64(out, place.position);
}

/* ---- messages ---- */

static void put_attribute(struct buffer *out, const struct message_attribute *attribute)
{
    put_text(out, attribute->name);
    put_text(out, attribute->type);
    buffer_append_byte(out, attribute->binary ? 1 : 0);
    put_text(out, attribute->value);
}

void message_encode(struct buffer *out, const struct queue_message *message)
{
    buffer_append_byte(out, message->sealed ? FORMAT_SEALED : FORMAT);
    buffer_append(out, bytes_of(message->message_id, ID_UUID_SIZE - 1));
    put_text(out, message->sender_id);
    put_text(out, message->group_id);
    put_text(out, message->deduplication_id);
    put_text(out, message->trace_header);
    put_text(out, message->source_arn);
    buffer_append_byte(out, (uint8_t)message->attribute_count);
    for (size_t i = 0; i < message->attribute_count; i++)
        put_attribute(out, &message->attributes[i]);
    buffer_append(out, message->body);
}

static struct message_attribute take_attribute(struct take *r)
{
    struct message_attribute attribute = {.name = take_text(r)};

    attribute.type = take_text(r);
    attribute.binary = take_byte(r) == 1;
    attribute.value = take_text(r);
    return attribute;
}

enum status message_decode(struct bytes value, struct arena *arena, struct queue_message *ret)
{
    struct take r;
    bool sealed = value.size > 0 && value.ptr[0] == FORMAT_SEALED;
    enum status status = sealed ? OK : begin(&r, value);
    struct queue_message message = {.sealed = sealed};

    if (sealed)
        r = (struct take){.left = bytes_slice(value, 1, value.size)};
    struct bytes id = take_bytes(&r, ID_UUID_SIZE - 1);

    if (status != OK)
        return status;
    if (!r.failed)
        memcpy(message.message_id, id.ptr, id.size);
    message.sender_id = take_text(&r);
    message.group_id = take_text(&r);
    message.deduplication_id = take_text(&r);
    message.trace_header = take_text(&r);
    message.source_arn = take_text(&r);
    message.attribute_count = take_byte(&r);
    if (message.attribute_count > QUEUE_MESSAGE_ATTRIBUTES_MAX)
        return CORRUPT;

    struct message_attribute *attributes =
        ARENA_NEW_ARRAY(arena, message.attribute_count, struct message_attribute);

    for (size_t i = 0; i < message.attribute_count; i++)
        attributes[i] = take_attribute(&r);
    message.attributes = attributes;
    message.body = r.left;
    if (r.failed)
        return CORRUPT;
    *ret = message;
    return OK;
}

/* ---- states ---- */

void state_encode(struct buffer *out, const struct message_state *state)
{
    assert(state->kind != STATE_NONE);
    buffer_append_byte(out, FORMAT);
    buffer_append_byte(out, (uint8_t)state->kind);
    buffer_append_u64(out, state->due_ms);
    buffer_append_u64(out, state->received_ms);
    buffer_append_u64(out, state->first_received_ms);
    buffer_append_u32(out, state->receives);
    buffer_append_u32(out, state->receives_before);
    buffer_append_byte(out, state->changed ? 1 : 0);
    if (state->group.size == 0)
        return;
    put_place(out, state->previous);
    put_place(out, state->next);
    buffer_append(out, state->group);
}

enum status state_decode(struct bytes value, struct message_state *ret)
{
    struct take r;
    enum status status = begin(&r, value);
    struct message_state state = {.kind = STATE_NONE};
    uint8_t kind = take_byte(&r);

    if (status != OK)
        return status;
    state.due_ms = take_u64(&r);
    state.received_ms = take_u64(&r);
    state.first_received_ms = take_u64(&r);
    state.receives = take_u32(&r);
    state.receives_before = take_u32(&r);
    state.changed = take_byte(&r) == 1;
    if (r.left.size > 0) {
        state.previous = take_place(&r);
        state.next = take_place(&r);
        state.group = r.left;
    }
    if (r.failed || kind < STATE_DELAYED || kind > STATE_IN_FLIGHT)
        return CORRUPT;
    state.kind = (enum state_kind)kind;
    *ret = state;
    return OK;
}

/* ---- groups and counts ---- */

void group_encode(struct buffer *out, const struct group *group)
{
    buffer_append_byte(out, FORMAT);
    put_place(out, group->head);
    put_place(out, group->tail);
}

enum status group_decode(struct bytes value, struct group *ret)
{
    struct take r;
    enum status status = begin(&r, value);

    if (status != OK)
        return status;
    ret->head = take_place(&r);
    ret->tail = take_place(&r);
    return r.failed || r.left.size > 0 ? CORRUPT : OK;
}

void counts_encode(struct buffer *out, const struct counts *counts)
{
    buffer_append_byte(out, FORMAT);
    buffer_append_u64(out, counts->messages);
    buffer_append_u64(out, counts->in_flight);
    buffer_append_u64(out, counts->delayed);
}

enum status counts_decode(struct bytes value, struct counts *ret)
{
    struct take r;
    enum status status = begin(&r, value);

    if (status != OK)
        return status;
    ret->messages = take_u64(&r);
    ret->in_flight = take_u64(&r);
    ret->delayed = take_u64(&r);
    return r.failed || r.left.size > 0 ? CORRUPT : OK;
}
