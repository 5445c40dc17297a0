/* journey/message.c - what was delivered to a queue, on its way to who takes it from there; see
 * journey.h. A message begins no journey: it is known by what sent it.
 *
 *   delivery   has the message's id, 16 bytes, and is found by it
 *     message  of one queue; made when a mapping receives it, or it becomes a dead letter
 *       batch  shared by the journeys of all its messages */
#include "journey/internal.h"

bool message_id_parse(const char *text, uint64_t ret[2])
{
    size_t digits = 0;

    ret[0] = ret[1] = 0;
    for (; *text != '\0'; text++) {
        char c = *text;

        if (c == '-')
            continue;
        if (digits == 32 || !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
        ret[digits / 16] = ret[digits / 16] << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
        digits++;
    }
    return digits == 32;
}

bool hop_is_sent(const struct hop *hop)
{
    return (hop->kind == HOP_DELIVERY || hop->kind == HOP_DESTINATION) &&
           (hop->message[0] | hop->message[1]) != 0;
}

struct hop *find_sent(const struct journeys *journeys, const char *message_id)
{
    uint64_t id[2];

    return message_id_parse(message_id, id) ? find_message(journeys, id) : NULL;
}

void journey_sent(struct journeys *journeys, const struct journey_delivery *delivery,
                  const char *message_id)
{
    struct hop *hop = NULL;
    uint64_t id[2];

    if (journeys == NULL || delivery->cause_id.size == 0 || !message_id_parse(message_id, id))
        return;
    hop = delivery_find(journeys, delivery);
    if (hop == NULL || hop->link.kind != LINK_NONE)
        return;
    hop->message[0] = id[0];
    hop->message[1] = id[1];
    link_enter(hop, &hop->link, LINK_MESSAGE, hash_number(LINK_MESSAGE, id[0] ^ id[1]));
}

struct hop *message_hop(struct journeys *journeys, const char *message_id, struct bytes queue_arn)
{
    struct hop *sent = find_sent(journeys, message_id);
    const struct named_text texts[] = {
        {TEXT_ID, bytes_of_text(message_id)}, {TEXT_TARGET, queue_arn}, {TEXT_NONE, {0}}};

    if (sent == NULL)
        return NULL;
    for (struct hop *hop = sent->first; hop != NULL; hop = hop->next)
        if (hop->kind == HOP_MESSAGE && bytes_equal(hop_text(hop, TEXT_TARGET), queue_arn))
            return hop;
    return hop_new(sent->root, sent, HOP_MESSAGE, texts);
}

void journey_message(struct journeys *journeys, const char *message_id, struct bytes queue_arn,
                     const struct journey_end *end)
{
    struct hop *hop =
        journeys_begin(journeys) ? message_hop(journeys, message_id, queue_arn) : NULL;

    if (hop != NULL)
        hop_enter(hop, end->result, end);
}

void journey_message_filtered(struct journeys *journeys, const char *message_id,
                              struct bytes queue_arn, struct bytes mapping, struct bytes consumer)
{
    const struct named_text texts[] = {
        {TEXT_MAPPING, mapping}, {TEXT_FUNCTION, consumer}, {TEXT_NONE, {0}}};
    struct hop *hop =
        journeys_begin(journeys) ? message_hop(journeys, message_id, queue_arn) : NULL;
    struct hop *filter = hop != NULL ? hop_new(hop->root, hop, HOP_FILTER, texts) : NULL;

    if (filter != NULL)
        hop_enter(filter, JOURNEY_FILTERED, NULL);
    if (hop != NULL) /* it is deleted */
        hop_enter(hop, JOURNEY_DONE, NULL);
}
