/* api/decode.h - members of a request's body. Its shape (shape.h) was checked before: a member that
 * is there has its type, so no reader can fail; one that is absent or null gives what the caller
 * says. */
#ifndef DYNLOG_API_DECODE_H
#define DYNLOG_API_DECODE_H

#include "base/api_error.h"
#include "json/json.h"

/* NULL also for JSON null, which AWS treats as absent. */
static inline const struct json *decode_member(const struct json *object, const char *name)
{
    const struct json *value = json_get(object, name);

    return json_is(value, JSON_NULL) ? NULL : value;
}
static inline bool decode_has(const struct json *object, const char *name)
{
    return decode_member(object, name) != NULL;
}

/* Empty when absent. */
static inline struct bytes decode_string(const struct json *object, const char *name)
{
    return json_string(json_get(object, name));
}
bool decode_bool(const struct json *object, const char *name, bool otherwise);
/* Decimals lose their fraction, as AWS cuts it off. */
int64_t decode_int(const struct json *object, const char *name, int64_t otherwise);
/* Epoch seconds, with a fraction or not, or a date as text; what is before 1970 or after the year
 * 9999 becomes those. */
enum status decode_time_ms(const struct json *object, const char *name, uint64_t otherwise_ms,
                           uint64_t *ret_ms, struct api_error *error);
/* The index of the member's word; `otherwise` when it is absent or none of these. */
size_t decode_word(const struct json *object, const char *name, const char *const *words,
                   size_t word_count, size_t otherwise);

/* "1 validation error detected: Value '...' at 'tableName' failed to satisfy constraint: ..." for
 * the few constraints that no shape can say. `at` is the member as AWS spells it, first letter
 * lower. */
enum status decode_refuse(struct api_error *error, struct bytes value, const char *at,
                          const char *constraint, ...) PRINTF_LIKE(4, 5);

#endif
