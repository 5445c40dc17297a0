/* delivery/record.c - see record.h. */
#include "delivery/record.h"

#include "base/take.h"

#define FORMAT_PLAIN 1

/* ---- keys ---- */

void delivery_key_encode(uint8_t out[DELIVERY_KEY_SIZE], enum delivery_key_kind kind,
                         uint64_t position)
{
    out[0] = (uint8_t)kind;
    bytes_put_u64(out + 1, position);
}

bool delivery_key_decode(struct bytes key, enum delivery_key_kind kind, uint64_t *ret_position)
{
    if (key.size != DELIVERY_KEY_SIZE || key.ptr[0] != (uint8_t)kind)
        return false;
    *ret_position = bytes_get_u64(key.ptr + 1);
    return true;
}

/* ---- writing ---- */

static void append_sized(struct buffer *out, struct bytes text)
{
    buffer_append_u32(out, (uint32_t)text.size);
    buffer_append(out, text);
}

void delivery_record_encode(struct buffer *out, const struct delivery *delivery)
{
    buffer_append_byte(out, delivery->sealed != 0 ? DELIVERY_RECORD_FORMAT : FORMAT_PLAIN);
    if (delivery->sealed != 0)
        buffer_append_byte(out, delivery->sealed);
    buffer_append_byte(out, (uint8_t)delivery->source);
    buffer_append_u64(out, delivery->accepted_ms);
    buffer_append_u64(out, delivery->scheduled_ms);
    buffer_append_u32(out, (uint32_t)delivery->maximum_retry_attempts);
    buffer_append_u32(out, (uint32_t)delivery->maximum_event_age_s);
    buffer_append_u32(out, delivery->hops);
    append_sized(out, delivery->source_arn);
    append_sized(out, delivery->target_arn);
    append_sized(out, delivery->target_id);
    append_sized(out, delivery->event_id);
    append_sized(out, delivery->dead_letter_arn);
    append_sized(out, delivery->trace_header);
    append_sized(out, delivery->parameters);
    append_sized(out, delivery->payload);
    append_sized(out, delivery->event);
}

void delivery_attempts_encode(struct buffer *out, const struct delivery_attempts *attempts)
{
    buffer_append_byte(out, DELIVERY_ATTEMPTS_FORMAT);
    buffer_append_u32(out, attempts->failed);
    buffer_append_u64(out, attempts->next_ms);
    append_sized(out, attempts->code);
    append_sized(out, attempts->message);
}

/* ---- reading ---- */

static struct bytes take_sized(struct take *take, size_t size_max)
{
    uint32_t size = take_u32(take);

    if (size > size_max)
        take->failed = true;
    return take->failed ? (struct bytes){NULL, 0} : take_bytes(take, size);
}

static enum status take_format(struct take *take, uint8_t format_max, uint8_t *ret)
{
    *ret = take_byte(take);
    if (*ret == 0)
        return CORRUPT;
    return *ret > format_max ? NEWER_FORMAT : OK;
}

static uint8_t take_sealed(struct take *take)
{
    uint8_t sealed = take_byte(take);

    if (sealed == 0 || sealed > (DELIVERY_SEALED_PAYLOAD | DELIVERY_SEALED_EVENT))
        take->failed = true;
    return sealed;
}

static struct bytes take_payload(struct take *take, bool sealed)
{
    return take_sized(take, sealed ? VAULT_TEXT_SIZE_MAX(DELIVERY_PAYLOAD_SIZE_MAX)
                                   : DELIVERY_PAYLOAD_SIZE_MAX);
}

/* A limit is -1 or what an API takes. */
static int32_t take_limit(struct take *take, int32_t max)
{
    int32_t limit = (int32_t)take_u32(take);

    if (limit < -1 || limit > max)
        take->failed = true;
    return limit;
}

enum status delivery_record_decode(struct bytes value, struct delivery *ret)
{
    struct take take = {.left = value};
    uint8_t format = 0, sealed = 0;
    enum status st = take_format(&take, DELIVERY_RECORD_FORMAT, &format);

    if (st != OK)
        return st;
    if (format != FORMAT_PLAIN)
        sealed = take_sealed(&take);
    struct bytes source = take_bytes(&take, 1);

    if (source.size == 0 || source.ptr[0] > DELIVERY_OF_FUNCTION)
        return CORRUPT;
    *ret = (struct delivery){.source = (enum delivery_source)source.ptr[0], .sealed = sealed};
    ret->accepted_ms = take_u64(&take);
    ret->scheduled_ms = take_u64(&take);
    ret->maximum_retry_attempts = take_limit(&take, DELIVERY_RETRY_ATTEMPTS_MAX);
    ret->maximum_event_age_s = take_limit(&take, DELIVERY_EVENT_AGE_S_MAX);
    ret->hops = take_u32(&take);
    ret->source_arn = take_sized(&take, DELIVERY_NAME_SIZE_MAX);
    ret->target_arn = take_sized(&take, DELIVERY_NAME_SIZE_MAX);
    ret->target_id = take_sized(&take, DELIVERY_NAME_SIZE_MAX);
    ret->event_id = take_sized(&take, DELIVERY_NAME_SIZE_MAX);
    ret->dead_letter_arn = take_sized(&take, DELIVERY_NAME_SIZE_MAX);
    ret->trace_header = take_sized(&take, DELIVERY_NAME_SIZE_MAX);
    ret->parameters = take_sized(&take, DELIVERY_PARAMETERS_SIZE_MAX);
    ret->payload = take_payload(&take, (sealed & DELIVERY_SEALED_PAYLOAD) != 0);
    ret->event = take_payload(&take, (sealed & DELIVERY_SEALED_EVENT) != 0);
    if (ret->source == DELIVERY_OF_FUNCTION && ret->dead_letter_arn.size > 0)
        return CORRUPT; /* it has none */
    return take.failed || take.left.size > 0 ? CORRUPT : OK;
}

enum status delivery_attempts_decode(struct bytes value, struct delivery_attempts *ret)
{
    struct take take = {.left = value};
    uint8_t format = 0;
    enum status st = take_format(&take, DELIVERY_ATTEMPTS_FORMAT, &format);

    if (st != OK)
        return st;
    *ret = (struct delivery_attempts){.failed = take_u32(&take)};
    ret->next_ms = take_u64(&take);
    ret->code = take_sized(&take, DELIVERY_CODE_SIZE_MAX);
    ret->message = take_sized(&take, DELIVERY_ERROR_MESSAGE_SIZE);
    return take.failed || take.left.size > 0 ? CORRUPT : OK;
}
