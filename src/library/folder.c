/* library/folder.c - a data folder in this process. */
#include "library/place.h"

enum dynlog_status folder_open(const char *place, const struct dynlog_options *options,
                               struct dynlog **ret, struct dynlog_error *error)
{
    (void)options, (void)ret;
    return fault_say(error, DYNLOG_UNSUPPORTED, "%s: a folder can't be opened yet.", place);
}
