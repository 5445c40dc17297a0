/* cli/conditional_put.h - items into a table, each on the condition that nothing stands at its key.
 *
 * The answer to a failed condition has what stands there, so that whoever asks can tell the same
 * content from other content; of engines that do not tell it is asked for. A BatchWriteItem has no
 * conditions: several items are one TransactWriteItems, one alone may be a PutItem (on AWS, where a
 * write in a transaction costs twice as much). */
#ifndef DYNLOG_CLI_CONDITIONAL_PUT_H
#define DYNLOG_CLI_CONDITIONAL_PUT_H

#include "cli/client.h"
#include "value/value.h"

#define CONDITIONAL_PUT_MAX 100 /* actions of a TransactWriteItems */

/* Into the client's table. A transaction has a token: a try whose answer was lost and that was done
 * is not done again, and is a success. */
MUST_USE enum status conditional_put_together(struct client *client, struct arena *arena,
                                              const struct item *const *items, size_t count,
                                              struct client_answer *ret);
MUST_USE enum status conditional_put_one(struct client *client, struct arena *arena,
                                         const struct item *item, struct client_answer *ret);
/* What stands where an item was to go: `told` of the answer, else it is asked for. NOT_FOUND: it is
 * gone, or no item; others: as the client says, in *ret. */
MUST_USE enum status conditional_put_look(struct client *client, struct arena *arena,
                                          const struct item *item, const struct json *told,
                                          struct item *ret_there, struct client_answer *ret);
/* The engine has no such operation: transactions are younger than tables. */
bool conditional_put_is_unknown(const struct client_answer *answer);
/* The name of an error, or the code of a reason, that says: not now. */
bool conditional_put_is_busy(struct bytes code);

#endif
