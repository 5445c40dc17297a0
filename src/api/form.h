/* api/form.h - a request of AWS's Query protocol: application/x-www-form-urlencoded text, whose
 * names are paths (Attribute.1.Name), as the JSON of the operation's shape. So one operation serves
 * both protocols.
 *
 *   structure   NAME.MEMBER                 list   NAME.member.1, flat: NAME.1
 *   map         NAME.entry.1.key and .value, flat: NAME.1.key and .value, under the shape's names
 *
 * Texts stay texts, integers and booleans become JSON's; what is none is left a text, and the shape
 * refuses it. Numbers order lists and need not be without gaps, as AWS has it. Names that the shape
 * does not know are skipped. Of two fields of one name the first counts. */
#ifndef DYNLOG_API_FORM_H
#define DYNLOG_API_FORM_H

#include "api/shape.h"

#define FORM_FIELDS_MAX 2000 /* ten messages with ten attributes each are some 500 */
#define FORM_DEPTH_MAX                                                                             \
    12 /* SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.StringValue: 6 */

struct form;

/* REFUSED: escapes that are none, text that is no UTF-8, more fields or deeper names than allowed.
 */
MUST_USE enum status form_parse(struct arena *arena, struct bytes body, struct form **ret,
                                struct api_error *reterr);
/* A field without a path; false when it is not there. */
bool form_text(const struct form *form, const char *name, struct bytes *ret);
/* Adds a field that is not there yet. */
void form_add(struct form *form, const char *name, struct bytes value);
/* Writes an object by a structure's shape. */
void form_write(const struct form *form, const struct shape *shape, struct buffer *out);

#endif
