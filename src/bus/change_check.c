/* bus/change_check.c - what all kinds of changes check and refuse, in the words of AWS's front
 * door. */
#include "bus/internal.h"

#define CONSTRAINT                                                                                 \
    "1 validation error detected: Value '%.*s' at '%s' failed to satisfy constraint: "

static bool is_name(struct bytes text, bool slash)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.ptr[i];

        if (!(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') &&
            c != '.' && c != '-' && c != '_' && !(slash && c == '/'))
            return false;
    }
    return true;
}

enum status change_check_size(struct bus_change *change, const char *member, struct bytes text,
                              size_t size_max)
{
    if (text.size <= size_max)
        return OK;
    return api_invalid(&change->error,
                       CONSTRAINT "Member must have length less than or equal to %zu",
                       BYTES_ARG(text), member, size_max);
}

enum status change_check_name(struct bus_change *change, const char *member, struct bytes name,
                              size_t size_max)
{
    if (name.size == 0)
        return api_invalid(&change->error,
                           CONSTRAINT "Member must have length greater than or equal to 1",
                           BYTES_ARG(name), member);
    if (!is_name(name, false))
        return api_invalid(&change->error,
                           CONSTRAINT
                           "Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+",
                           BYTES_ARG(name), member);
    return change_check_size(change, member, name, size_max);
}

enum status change_refuse_limit(struct bus_change *change)
{
    return api_refuse(&change->error, API_LIMIT_EXCEEDED,
                      "The requested resource exceeds the maximum number allowed.");
}

enum status change_check_pattern(struct bus_change *change, struct bytes pattern)
{
    return pattern_check(pattern, &change->error);
}

enum status change_refuse_unknown_bus(struct bus_change *change)
{
    return api_refuse(&change->error, API_RESOURCE_NOT_FOUND, "Event bus %.*s does not exist.",
                      BYTES_ARG(change->subject_bus));
}
