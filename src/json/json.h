/* json/json.h - reading and writing JSON (RFC 8259). Reading is yyjson's work, writing our own.
 *
 * A parsed document lives in the arena of its request; struct json points into it and is never
 * freed. Reading is strict: no comments, no trailing commas, valid UTF-8, one value and nothing
 * behind it. Numbers keep their text (json_number_text()), because DynamoDB's have 38 digits. */
#ifndef DYNLOG_JSON_JSON_H
#define DYNLOG_JSON_JSON_H

#include "base/arena.h"
#include "base/buffer.h"

#define JSON_DEPTH_MAX 128 /* arrays and objects inside each other; DynamoDB's items have 32 */

struct json; /* one value */

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_error {
    size_t offset, line, column; /* line and column from 1, in bytes */
    const char *message;         /* static */
};

/* MALFORMED fills *reterr (which may be NULL). */
MUST_USE enum status json_parse(struct arena *arena, struct bytes text, const struct json **ret,
                                struct json_error *reterr);

/* The same value, but no object in it has a name twice: of two with one name the last counts, as
 * for most readers of JSON. (The readers below see all members; json_get() finds the first.) */
const struct json *json_unite(struct arena *arena, const struct json *value);

enum json_type json_type(const struct json *value);
const char *
json_type_name(const struct json *value); /* "an object", "a string", "nothing" for NULL */

/* NULL for a value that is not there makes every reader below answer "not there": they chain. */
bool json_is(const struct json *value, enum json_type type);
bool json_bool(const struct json *value);           /* false unless it is true */
struct bytes json_string(const struct json *value); /* empty unless a string */
struct bytes
json_number_text(const struct json *value); /* as it was written; empty unless a number */
/* Whole numbers in range, also written as 1.0 or 1e3. */
MUST_USE bool json_int64(const struct json *value, int64_t *ret);
MUST_USE bool json_uint64(const struct json *value, uint64_t *ret); /* the same, from 0 on */
MUST_USE bool json_double(const struct json *value, double *ret);

/* Members of an object or elements of an array; 0 for anything else. */
size_t json_count(const struct json *value);
const struct json *json_get_bytes(const struct json *object, struct bytes name);
/* Here, because the size of most names is known where they are written. */
static inline const struct json *json_get(const struct json *object, const char *name)
{
    return json_get_bytes(object, bytes_of_text(name));
}
/* Of a member: empty, or `otherwise`, when it is not there or not of that kind. */
struct bytes json_get_string(const struct json *object, const char *name);
uint64_t json_get_uint(const struct json *object, const char *name, uint64_t otherwise);
const struct json *json_at(const struct json *array,
                           size_t index); /* steps from the front: prefer the loop */

/* for (struct json_iter it = json_iter(v); json_next(&it);) { it.name (objects), it.value } */
struct json_iter {
    struct bytes name;
    const struct json *value;
    size_t index; /* from 0 */
    /* private */
    const struct json *container, *at;
    size_t left;
};
struct json_iter json_iter(const struct json *container);
bool json_next(struct json_iter *iter);

/* Appends the value as compact JSON text; numbers as they were written. */
void json_print(struct buffer *out, const struct json *value);

/* ---- writing: values appended to a buffer; commas are looked after ---- */
struct json_writer {
    struct buffer *out;
    bool comma; /* a value stands before, at this level */
};
#define JSON_WRITER(buffer_) ((struct json_writer){.out = (buffer_)})

void json_begin_object(struct json_writer *w);
void json_end_object(struct json_writer *w);
void json_begin_array(struct json_writer *w);
void json_end_array(struct json_writer *w);
void json_key(struct json_writer *w, const char *name);
void json_key_bytes(struct json_writer *w, struct bytes name);
void json_write_string(struct json_writer *w, struct bytes text);
void json_write_text(struct json_writer *w, const char *text); /* NULL writes null */
void json_write_int(struct json_writer *w, int64_t value);
void json_write_uint(struct json_writer *w, uint64_t value);
void json_write_bool(struct json_writer *w, bool value);
void json_write_null(struct json_writer *w);
/* AWS's epoch seconds with milliseconds: 1785000000.123. */
void json_write_epoch(struct json_writer *w, uint64_t time_ms);
/* Text that is one JSON value already. */
void json_write_raw(struct json_writer *w, struct bytes value);
void json_write_value(struct json_writer *w, const struct json *value);

/* key + value in one call, for the many plain members. */
void json_member_text(struct json_writer *w, const char *name, const char *text);
void json_member_string(struct json_writer *w, const char *name, struct bytes text);
void json_member_set(struct json_writer *w, const char *name,
                     struct bytes text); /* nothing when it is empty */
void json_member_int(struct json_writer *w, const char *name, int64_t value);
void json_member_uint(struct json_writer *w, const char *name, uint64_t value);
void json_member_epoch(struct json_writer *w, const char *name, uint64_t time_ms);
/* Left out when it is 0: that has not happened. */
void json_member_epoch_set(struct json_writer *w, const char *name, uint64_t time_ms);
void json_member_bool(struct json_writer *w, const char *name, bool value);

/* Appends the text as a JSON string with its quotes: the piece the item encoder uses too. */
void json_append_string(struct buffer *out, struct bytes text);

#endif
