/* functions/name.c - how functions are spoken of: names, partial and full ARNs, qualifiers. */
#include "functions/functions.h"

#define RESOURCE "function:"

/* NAME or NAME:QUALIFIER of any of the forms; empty when the text is none. */
static struct bytes qualified_part(struct bytes text)
{
    struct arn arn;
    size_t part = bytes_find(text, BYTES(":" RESOURCE));

    if (arn_parse(text, &arn)) {
        if (!bytes_equal_text(arn.service, "lambda") ||
            !bytes_start_with(arn.resource, BYTES(RESOURCE)))
            return BYTES("");
        return bytes_slice(arn.resource, strlen(RESOURCE), arn.resource.size);
    }
    if (part != SIZE_MAX)
        return bytes_slice(text, part + strlen(":" RESOURCE), text.size);
    if (bytes_start_with(text, BYTES(RESOURCE)))
        return bytes_slice(text, strlen(RESOURCE), text.size);
    return text;
}

struct bytes function_name_split(struct bytes name_or_arn, struct bytes *ret_qualifier)
{
    struct bytes text = qualified_part(name_or_arn);
    size_t colon = bytes_find_byte(text, ':', 0);
    struct bytes name = bytes_slice(text, 0, colon);
    struct bytes qualifier =
        colon == SIZE_MAX ? BYTES("$LATEST") : bytes_slice(text, colon + 1, text.size);

    *ret_qualifier = qualifier;
    if (name.size > FUNCTION_NAME_SIZE_MAX || qualifier.size == 0 ||
        qualifier.size > FUNCTION_QUALIFIER_SIZE_MAX ||
        bytes_find_byte(qualifier, ':', 0) != SIZE_MAX)
        return BYTES("");
    return name;
}

struct bytes function_name_of(struct bytes name_or_arn)
{
    struct bytes qualifier = {NULL, 0};
    struct bytes name = function_name_split(name_or_arn, &qualifier);

    if (name.size == 0 || bytes_equal_text(qualifier, "$LATEST"))
        return name;
    return bytes_of(name.ptr, name.size + 1 + qualifier.size); /* they stand side by side */
}
