/* base/arn.c - see arn.h. */
#include "base/arn.h"

struct bytes arn_make(struct arena *arena, const struct arn_place *place, const char *service,
                      const char *resource_format, ...)
{
    va_list args;

    va_start(args, resource_format);
    struct bytes resource = arena_vprintf(arena, resource_format, args);

    va_end(args);
    return arena_printf(arena, "arn:%s:%s:%s:%s:%.*s", place->partition, service, place->region,
                        place->account, BYTES_ARG(resource));
}

bool arn_parse(struct bytes text, struct arn *ret)
{
    struct bytes parts[5];

    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        size_t colon = bytes_find_byte(text, ':', 0);

        if (colon == SIZE_MAX)
            return false;
        parts[i] = bytes_slice(text, 0, colon);
        text = bytes_slice(text, colon + 1, text.size);
    }
    if (!bytes_equal_text(parts[0], "arn") || text.size == 0)
        return false;
    *ret = (struct arn){parts[1], parts[2], parts[3], parts[4], text};
    return true;
}
