/* value/value.h - attribute values and items, their wire form, their size and their order in keys.
 *
 * An item is stored in its wire form, DynamoDB JSON
 * ({"pk":{"S":"users#12#stream"},"sk":{"N":"1"}}), compact and with normalised numbers: GetItem,
 * change records and Lambda events copy it unchanged (docs/format/item.md). Decoding it gives a
 * tree in an arena whose bytes may point into the text that was decoded, so the text must live as
 * long as the tree. */
#ifndef DYNLOG_VALUE_VALUE_H
#define DYNLOG_VALUE_VALUE_H

#include "json/json.h"
#include "value/number.h"

#define ITEM_DEPTH_MAX 32                  /* maps and lists inside each other */
#define ITEM_SIZE_MAX ((size_t)400 * 1024) /* names and values, by item_size() */
/* The text of the largest item. Worst are number sets with members like 1E-130: 2 bytes by
 * item_size(), 135 as text (docs/format/item.md). */
#define ITEM_TEXT_SIZE_MAX (ITEM_SIZE_MAX * 68)
#define KEY_HASH_SIZE_MAX ((size_t)2048)  /* partition key, bytes */
#define KEY_RANGE_SIZE_MAX ((size_t)1024) /* sort key, bytes */

enum value_type {
    VALUE_S,
    VALUE_N,
    VALUE_B,
    VALUE_BOOL,
    VALUE_NULL,
    VALUE_M,
    VALUE_L,
    VALUE_SS,
    VALUE_NS,
    VALUE_BS,
};

struct attribute;

struct item { /* also a map value; attributes in the order in which they came */
    struct attribute *attributes;
    size_t count;
};

struct value {
    enum value_type type;
    union {
        struct bytes bytes;   /* S, B (decoded from base64) */
        struct number number; /* N */
        bool boolean;         /* BOOL */
        struct item map;      /* M */
        struct {
            struct value *values; /* L: any; SS, NS, BS: values of type S, N, B, no two equal */
            size_t count;
        } list;
    };
};

struct attribute {
    struct bytes name;
    struct value value;
};

const char *value_type_name(enum value_type type); /* "S" */
bool value_type_of_name(struct bytes name, enum value_type *ret);

/* ---- wire form ---- */

/* {"S":"x"} -> value. REFUSED with AWS's messages: wrong JSON type or bad base64
 * (SerializationException, before all others), no or several type names, bad number, empty set, set
 * with duplicates, too deep. Members that are unknown or null are skipped; of two with one name the
 * last counts. */
MUST_USE enum status value_from_json(struct arena *arena, const struct json *json,
                                     struct value *ret, struct api_error *reterr);
MUST_USE enum status item_from_json(struct arena *arena, const struct json *json, struct item *ret,
                                    struct api_error *reterr);
/* Appends compact DynamoDB JSON. */
void value_print(struct buffer *out, const struct value *value);
void item_print(struct buffer *out, const struct item *item);

/* ---- stored form: item_print()'s text ---- */

/* CORRUPT when the bytes are not an item. */
MUST_USE enum status item_decode(struct arena *arena, struct bytes stored, struct item *ret);

/* ---- plain JSON, for people and payloads: {"id":"12","n":1} ---- */

/* Sets become arrays, binary becomes base64 text. */
void value_print_plain(struct buffer *out, const struct value *value);
/* The same of a key's value, without the quotes of S and B: "users#12#stream", "1". */
void value_print_bare(struct buffer *out, const struct value *value);
/* A member of an open object; nothing when value is NULL, as JSON.stringify() leaves out undefined.
 */
void value_member_plain(struct json_writer *w, const char *name, const struct value *value);
/* Plain JSON -> value: strings, numbers, booleans, null, objects, arrays. */
MUST_USE enum status value_from_plain_json(struct arena *arena, const struct json *json,
                                           struct value *ret, struct api_error *reterr);

/* ---- reading and comparing ---- */

/* NULL when there is no such attribute. */
const struct value *item_get(const struct item *item, struct bytes name);
static inline const struct value *item_get_text(const struct item *item, const char *name)
{
    return item_get(item, bytes_of_text(name));
}
/* Replaces in place, or appends by moving the array into the arena. Two items that share an array
 * may append without each other, but what one replaces or removes the other sees. */
void item_set(struct arena *arena, struct item *item, struct bytes name, struct value value);
void item_remove(struct item *item, struct bytes name);

/* Same type, same value; sets without order, maps without order, lists with order. */
bool value_equal(const struct value *a, const struct value *b);
bool item_equal(const struct item *a, const struct item *b);
/* True and the order in *ret for two S, two N or two B; false for anything else. */
MUST_USE bool value_compare(const struct value *a, const struct value *b, int *ret);

/* As AWS counts for limits and capacity: names and values in bytes, 3 for a map or list plus 1 for
 * each element, and so on (docs/format/item.md). */
size_t value_size(const struct value *value);
size_t item_size(const struct item *item);

/* A deep copy that owns all its bytes in the arena. */
struct value value_copy(struct arena *arena, const struct value *value);
struct item item_copy(struct arena *arena, const struct item *item);

/* ---- keys ---- */

/* Appends an S, N or B value so that memcmp order is value order whatever follows: S and B are
 * escaped and terminated (00 -> 00 FF, end -> 00 01), because "a" must sort before "aa" whatever
 * key part comes next (docs/format/keys.md). */
void key_encode_value(struct buffer *out, const struct value *value);
/* How many bytes one encoded S or B (`number` false) or N takes at the front of `key`; 0 if
 * malformed. */
size_t key_encoded_size(struct bytes key, bool number);

#endif
