/* api/decode.h - members of a request's body, with AWS's words for what is wrong with them.
 *
 * Each reader leaves *ret alone (or empty) when the member is absent or null, answers OK, and lets the
 * operation say what is required. A member of the wrong JSON type is a SerializationException. */
#ifndef DYNLOG_API_DECODE_H
#define DYNLOG_API_DECODE_H

#include "base/api_error.h"
#include "json/json.h"

/* NULL also for JSON null, which AWS treats as absent. */
const struct json *decode_member(const struct json *object, const char *name);

MUST_USE enum status decode_string(const struct json *object, const char *name, struct bytes *ret,
                                   struct api_error *reterr);
MUST_USE enum status decode_bool(const struct json *object, const char *name, bool *ret,
                                 struct api_error *reterr);
MUST_USE enum status decode_int(const struct json *object, const char *name, int64_t *ret,
                                bool *ret_present, struct api_error *reterr);
MUST_USE enum status decode_object(const struct json *object, const char *name,
                                   const struct json **ret, struct api_error *reterr);
MUST_USE enum status decode_array(const struct json *object, const char *name,
                                  const struct json **ret, struct api_error *reterr);
/* One of a list of words; *ret is its index. REFUSED with AWS's enum constraint message. */
MUST_USE enum status decode_word(const struct json *object, const char *name,
                                 const char *const *words, size_t word_count, size_t *ret,
                                 struct api_error *reterr);

/* "1 validation error detected: Value '...' at 'tableName' failed to satisfy constraint: ..." for a
 * constraint of AWS's API model. `at` is the member as AWS spells it, first letter lower. */
enum status decode_refuse(struct api_error *error, struct bytes value, const char *at,
                          const char *constraint, ...) PRINTF_LIKE(4, 5);
enum status decode_refuse_null(struct api_error *error, const char *at);

#endif
