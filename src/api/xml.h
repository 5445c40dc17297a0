/* api/xml.h - an answer of AWS's Query protocol: the JSON that an operation has printed, as XML by
 * its shape.
 *
 *   structure   <NAME><MEMBER>..</MEMBER></NAME>
 *   list        <NAME><member>..</member></NAME>, flat: <NAME>..</NAME> each
 *   map         <NAME><entry><key>..</key><value>..</value></entry></NAME>, flat: <NAME><key>..
 * each, under the shape's names
 *
 * Members that the shape does not have are left out, and so are lists and maps without elements. */
#ifndef DYNLOG_API_XML_H
#define DYNLOG_API_XML_H

#include "api/shape.h"

/* Members of the object by a structure's shape, in the shape's order. */
void xml_write_members(struct buffer *out, const struct shape *shape, const struct json *object);
/* <NAME>text</NAME>, escaped. A character that XML cannot hold becomes U+FFFD. */
void xml_write_element(struct buffer *out, const char *name, struct bytes text);

#endif
