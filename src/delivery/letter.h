/* delivery/letter.h - the dead letter of a delivery. (AWS: EventBridge user guide, "Using
 * dead-letter queues to process undelivered events"; Scheduler user guide, "Configuring a
 * schedule's dead-letter queue".)
 *
 * The body of a rule's is the event, whatever the target's input is; a schedule's is its payload.
 */
#ifndef DYNLOG_DELIVERY_LETTER_H
#define DYNLOG_DELIVERY_LETTER_H

#include "delivery/policy.h"

/* `failed` attempts were made. The letter lives in the delivery's arena. */
struct delivery_letter *delivery_letter_make(const struct delivery *delivery,
                                             const struct delivery_error *error, uint32_t failed,
                                             enum delivery_condition condition);

#endif
