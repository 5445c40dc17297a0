/* json/read.c - parsed values over yyjson; see json.h. struct json is a yyjson_val. */
#include "json/json.h"

#include <yyjson.h>

#include <math.h>
#include <stdlib.h>

static yyjson_val *val(const struct json *value)
{
    union {
        const struct json *in;
        yyjson_val *out;
    } cast = {value}; /* yyjson's readers take non-const pointers and change nothing */

    return cast.out;
}

static const struct json *json_of(const yyjson_val *value)
{
    return (const struct json *)(const void *)value;
}

static void *arena_malloc(void *arena, size_t size)
{
    return arena_alloc(arena, size);
}

static void *arena_realloc(void *arena, void *ptr, size_t old_size, size_t size)
{
    void *moved = arena_alloc(arena, size);

    memcpy(moved, ptr, size_min(old_size, size));
    return moved;
}

static void arena_ignore(void *arena, void *ptr)
{
    (void)arena, (void)ptr;
}

/* Most texts have not enough brackets to be deep; without branches the compiler counts many bytes
 * at a time. */
static bool has_many_brackets(struct bytes text)
{
    size_t count = 0;

    for (size_t i = 0; i < text.size; i++)
        count += (text.ptr[i] & 0xDF) == '['; /* or '{' */
    return count > JSON_DEPTH_MAX;
}

/* Containers inside containers. yyjson parses without recursion; our own walkers recurse, so the
 * depth is limited here, once. */
static bool too_deep(struct bytes text, size_t *ret_offset)
{
    size_t depth = 0;
    bool in_string = false;

    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.ptr[i];

        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > JSON_DEPTH_MAX) {
                *ret_offset = i;
                return true;
            }
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return false;
}

static void fill_error(struct json_error *error, struct bytes text, size_t offset,
                       const char *message)
{
    if (error == NULL)
        return;
    *error = (struct json_error){.offset = offset, .line = 1, .column = 1, .message = message};
    for (size_t i = 0; i < offset && i < text.size; i++) {
        if (text.ptr[i] == '\n') {
            error->line++;
            error->column = 1;
        } else {
            error->column++;
        }
    }
}

enum status json_parse(struct arena *arena, struct bytes text, const struct json **ret,
                       struct json_error *reterr)
{
    yyjson_alc allocator = {arena_malloc, arena_realloc, arena_ignore, arena};
    yyjson_read_err error = {0};
    size_t offset = 0;

    if (has_many_brackets(text) && too_deep(text, &offset)) {
        fill_error(reterr, text, offset, "nested too deeply");
        return MALFORMED;
    }
    union {
        const uint8_t *in;
        char *out;
    } cast = {text.ptr}; /* without YYJSON_READ_INSITU the text is only read */
    yyjson_doc *doc =
        yyjson_read_opts(cast.out, text.size, YYJSON_READ_NUMBER_AS_RAW, &allocator, &error);

    if (doc == NULL) {
        fill_error(reterr, text, error.pos,
                   text.size == 0 ? "empty where JSON was expected" : error.msg);
        return MALFORMED;
    }
    *ret = json_of(yyjson_doc_get_root(doc));
    return OK;
}

enum json_type json_type(const struct json *value)
{
    switch (yyjson_get_type(val(value))) {
    case YYJSON_TYPE_BOOL:
        return JSON_BOOL;
    case YYJSON_TYPE_RAW:
    case YYJSON_TYPE_NUM:
        return JSON_NUMBER;
    case YYJSON_TYPE_STR:
        return JSON_STRING;
    case YYJSON_TYPE_ARR:
        return JSON_ARRAY;
    case YYJSON_TYPE_OBJ:
        return JSON_OBJECT;
    default:
        return JSON_NULL;
    }
}

const char *json_type_name(const struct json *value)
{
    if (value == NULL)
        return "nothing";
    switch (json_type(value)) {
    case JSON_NULL:
        return "null";
    case JSON_BOOL:
        return "a boolean";
    case JSON_NUMBER:
        return "a number";
    case JSON_STRING:
        return "a string";
    case JSON_ARRAY:
        return "an array";
    case JSON_OBJECT:
        return "an object";
    }
    return "";
}

bool json_is(const struct json *value, enum json_type type)
{
    return value != NULL && json_type(value) == type;
}

bool json_bool(const struct json *value)
{
    return value != NULL && yyjson_is_true(val(value));
}

struct bytes json_string(const struct json *value)
{
    if (!json_is(value, JSON_STRING))
        return (struct bytes){NULL, 0};
    return bytes_of(yyjson_get_str(val(value)), yyjson_get_len(val(value)));
}

struct bytes json_number_text(const struct json *value)
{
    if (!json_is(value, JSON_NUMBER))
        return (struct bytes){NULL, 0};
    return bytes_of(yyjson_get_raw(val(value)), yyjson_get_len(val(value)));
}

bool json_double(const struct json *value, double *ret)
{
    struct bytes text = json_number_text(value);
    char copy[64];

    if (text.size == 0)
        return false;
    if (text.size >= sizeof copy) { /* longer than any double: let the digits beyond 60 go */
        AUTO(arena_release) struct arena *arena = arena_new();

        *ret = strtod(arena_copy_text(arena, text), NULL);
        return true;
    }
    memcpy(copy, text.ptr, text.size);
    copy[text.size] = '\0';
    *ret = strtod(copy, NULL);
    return true;
}

bool json_int64(const struct json *value, int64_t *ret)
{
    double number = 0;

    if (bytes_to_int64(json_number_text(value), ret))
        return true;
    /* From 2^53 on a double may stand for the whole number beside it. */
    if (!json_double(value, &number) || number != floor(number) ||
        fabs(number) >= 9007199254740992.0)
        return false;
    *ret = (int64_t)number;
    return true;
}

bool json_uint64(const struct json *value, uint64_t *ret)
{
    int64_t number = 0;

    if (!json_int64(value, &number) || number < 0)
        return false;
    *ret = (uint64_t)number;
    return true;
}

size_t json_count(const struct json *value)
{
    if (!json_is(value, JSON_ARRAY) && !json_is(value, JSON_OBJECT))
        return 0;
    return yyjson_get_len(val(value));
}

const struct json *json_get_bytes(const struct json *object, struct bytes name)
{
    if (!json_is(object, JSON_OBJECT))
        return NULL;
    return json_of(yyjson_obj_getn(val(object), (const char *)name.ptr, name.size));
}

struct bytes json_get_string(const struct json *object, const char *name)
{
    return json_string(json_get(object, name));
}

uint64_t json_get_uint(const struct json *object, const char *name, uint64_t otherwise)
{
    uint64_t number = 0;

    return json_uint64(json_get(object, name), &number) ? number : otherwise;
}

const struct json *json_at(const struct json *array, size_t index)
{
    if (!json_is(array, JSON_ARRAY))
        return NULL;
    return json_of(yyjson_arr_get(val(array), index));
}

struct json_iter json_iter(const struct json *container)
{
    size_t count = json_count(container);

    return (struct json_iter){
        .container = container,
        .at = count > 0 ? json_of(unsafe_yyjson_get_first(val(container))) : NULL,
        .left = count,
        .index = SIZE_MAX,
    };
}

bool json_next(struct json_iter *iter)
{
    if (iter->left == 0)
        return false;
    iter->left--;
    iter->index++;
    if (json_type(iter->container) == JSON_OBJECT) {
        iter->name = json_string(iter->at);
        iter->value = json_of(val(iter->at) + 1);
    } else {
        iter->value = iter->at;
    }
    iter->at = json_of(unsafe_yyjson_get_next(val(iter->value)));
    return true;
}

void json_print(struct buffer *out, const struct json *value)
{
    struct json_writer w = JSON_WRITER(out);

    json_write_value(&w, value);
}
