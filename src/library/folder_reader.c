/* library/folder_reader.c - a subscription to a folder. */
#include "library/folder.h"

enum dynlog_status folder_subscribe(struct dynlog *dynlog,
                                    const struct dynlog_subscription *subscription,
                                    struct dynlog_reader **ret, struct dynlog_error *error)
{
    (void)subscription, (void)ret;
    return fault_say(error, DYNLOG_UNSUPPORTED, "%s: a folder can't be followed yet.",
                     dynlog->place);
}
