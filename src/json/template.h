/* json/template.h - InputTemplates of EventBridge, of rules and of pipes: text with names in it
 * that stand for values. (AWS: EventBridge user guide, input transformation.)
 *
 *   template = { text | "<" name ">" }      neither "<" nor ">" can be escaped, as in EventBridge
 *
 * A "<" that no ">" follows is text. Whether a name stands within quotes decides how its value is
 * put, so quotes are followed through the text. */
#ifndef DYNLOG_JSON_TEMPLATE_H
#define DYNLOG_JSON_TEMPLATE_H

#include "base/buffer.h"

struct json_template {
    struct bytes text;
    bool (*is_name)(struct bytes name); /* what is none is text; NULL: every one is */
    /* private, zero at first */
    size_t at;
    bool in_string;
};

struct json_template_piece {
    struct bytes text; /* without < and > when it is a name */
    bool is_name;
    bool in_string; /* of a name */
};

/* False at the end. No piece of text is empty. */
bool json_template_next(struct json_template *template, struct json_template_piece *ret);

/* JSON inside of quotes: without its own, which would end the string. AWS: {"key": "value"} becomes
 * "{key: value}". */
void json_template_append_unquoted(struct buffer *out, struct bytes json);

#endif
