/* cli/tables/plain.h - items as plain JSON that reads back as the same item: {"id":"12","n":1}.
 *
 * JSON has no binary and no sets, so they are objects of one member whose name begins with "$":
 *
 *   {"$binary":"aGVsbG8="}   {"$stringSet":["a","b"]}   {"$numberSet":[1,2.5]}
 *   {"$binarySet":["aA=="]}  {"$map":{"$binary":1}}     a map that only looks like one of these
 *
 * Numbers have all their digits: 38 of them are more than most readers of JSON keep, but these
 * do. Only values are looked at so, never the item as a whole. */
#ifndef DYNLOG_CLI_TABLES_PLAIN_H
#define DYNLOG_CLI_TABLES_PLAIN_H

#include "value/key_schema.h"

void tables_value_print(struct buffer *out, const struct value *value);

/* Attributes that stand first: the keys of an index and of its table. */
struct tables_order {
    struct bytes names[2 * KEY_ATTRIBUTES_MAX];
    size_t count;
};
/* Appends the keys that are not there yet. */
void tables_order_add(struct tables_order *order, const struct key_schema *keys);
bool tables_order_has(const struct tables_order *order, struct bytes name);

/* The ordered attributes first, then the others as they come. */
void tables_item_print(struct buffer *out, const struct item *item,
                       const struct tables_order *order, bool dynamodb_json);

/* REFUSED says what is wrong with it, in words for people. */
MUST_USE enum status tables_value_read(struct arena *arena, const struct json *json,
                                       struct value *ret, struct api_error *reterr);
/* Also REFUSED: no object, or larger than an item may be. */
MUST_USE enum status tables_item_read(struct arena *arena, const struct json *json,
                                      bool dynamodb_json, struct item *ret,
                                      struct api_error *reterr);

/* JSON text over several lines, two blanks a level; what fits in `width` columns stays one line. */
void tables_indent(struct buffer *out, const struct json *json, size_t width);

#endif
