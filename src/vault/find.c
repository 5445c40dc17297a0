/* vault/find.c - where the payloads of events stand in a JSON text, with the keys beside them.
 *
 *   {...,"detail":{"log":"users","key":{"pk":"users#12#stream","sk":1},"payload":{...}}}
 *                                       ^                              ^ a place
 *                                       its key; "pk" and "sk" may stand beside the payload, too
 *
 * Wherever in the text such an object is: an event of a bus has one as its detail, what tells of a
 * function's failure has that event within, and a target may get the detail alone.
 *
 * The text is walked and not parsed, because what is found is cut out of it, and all else must stay
 * as it is, byte for byte. Whatever is JSON is walked to its end; of what is none, nothing is
 * found. */
#include "json/json.h"
#include "value/stream_key.h"
#include "vault/internal.h"

#include <stdlib.h>

/* A value in the text. `first` tells what it is: '{', '[', '"', or a number's or word's letter. */
struct span {
    size_t offset, size; /* size 0: it is not there */
    uint8_t first;
    bool empty; /* of an object: it has no members */
};

/* What of an object makes a key. */
struct names {
    struct span pk, sk;
};

struct walk {
    struct arena *arena;
    struct bytes text;
    size_t at, depth;
    struct vault_place *places;
    size_t count, capacity;
};

static bool walk_value(struct walk *walk, struct span *ret, struct names *ret_names);

/* ---- the small pieces ---- */

static uint8_t peek(const struct walk *walk)
{
    return walk->at < walk->text.size ? walk->text.ptr[walk->at] : 0;
}

static void skip_blanks(struct walk *walk)
{
    for (uint8_t c = peek(walk); c == ' ' || c == '\t' || c == '\n' || c == '\r'; c = peek(walk))
        walk->at++;
}

static bool take(struct walk *walk, uint8_t c)
{
    skip_blanks(walk);
    if (peek(walk) != c)
        return false;
    walk->at++;
    return true;
}

/* Behind its closing quote. */
static bool walk_string(struct walk *walk)
{
    walk->at++;
    while (walk->at < walk->text.size) {
        uint8_t c = walk->text.ptr[walk->at++];

        if (c == '"')
            return true;
        if (c == '\\')
            walk->at++;
    }
    return false;
}

/* A number, true, false, null: whatever stands there. */
static bool walk_word(struct walk *walk)
{
    size_t from = walk->at;

    for (uint8_t c = peek(walk); c > ' ' && c != ',' && c != ':' && c != '"' && c != '{' &&
                                 c != '[' && c != '}' && c != ']';
         c = peek(walk))
        walk->at++;
    return walk->at > from;
}

static struct bytes text_of(const struct walk *walk, const struct span *span)
{
    return bytes_slice(walk->text, span->offset, span->size);
}

/* The characters of a string; empty of anything else. */
static struct bytes string_of(const struct walk *walk, const struct span *span)
{
    struct bytes text = text_of(walk, span);
    const struct json *json = NULL;

    if (span->first != '"')
        return (struct bytes){NULL, 0};
    if (bytes_find_byte(text, '\\', 0) == SIZE_MAX)
        return bytes_slice(text, 1, text.size - 2);
    return json_parse(walk->arena, text, &json, NULL) == OK ? json_string(json)
                                                            : (struct bytes){NULL, 0};
}

/* ---- objects ---- */

struct object {
    struct names beside, within; /* pk and sk of the object, and of its "key" */
    size_t first_place;          /* of those that were found in it */
    bool forgotten;              /* it has such a member */
};

/* The key is read when the object is at its end. */
static void add_place(struct walk *walk, const struct object *object, const struct span *payload)
{
    walk->places = arena_grow(walk->arena, walk->places, walk->count, walk->count + 1,
                              &walk->capacity, sizeof *walk->places);
    walk->places[walk->count++] =
        (struct vault_place){.offset = payload->offset, .size = payload->size, .owner = object};
}

static bool read_key(struct walk *walk, const struct names *names, struct vault_place *ret)
{
    struct api_error ignored;

    ret->pk = (struct value){.type = VALUE_S, .bytes = string_of(walk, &names->pk)};
    ret->sk.type = VALUE_N;
    ignored.extra = (struct bytes){0};
    return ret->pk.bytes.size <= KEY_HASH_SIZE_MAX && names->sk.size > 0 &&
           names->sk.first != '"' && stream_key_read(ret->pk.bytes, &ret->log, &ret->id) &&
           number_parse(text_of(walk, &names->sk), &ret->sk.number, &ignored) == OK;
}

/* Its own payloads get its key; without one they are none. Those of objects within it stay. */
static void end_object(struct walk *walk, const struct object *object)
{
    struct vault_place key = {0};
    bool has_key = false;
    size_t count = object->first_place;

    if (walk->count > count)
        has_key = read_key(walk, &object->within, &key) || read_key(walk, &object->beside, &key);
    for (size_t i = object->first_place; i < walk->count; i++) {
        struct vault_place place = walk->places[i];

        if (place.owner == object && !has_key)
            continue;
        if (place.owner == object) {
            key.offset = place.offset;
            key.size = place.size;
            key.marked = object->forgotten;
            place = key;
        }
        walk->places[count++] = place;
    }
    walk->count = count;
}

static bool walk_member(struct walk *walk, struct object *object)
{
    struct span name = {.first = '"'}, value = {0};
    struct names names = {{0}, {0}};

    skip_blanks(walk);
    name.offset = walk->at;
    if (peek(walk) != '"' || !walk_string(walk))
        return false;
    name.size = walk->at - name.offset;
    if (!take(walk, ':') || !walk_value(walk, &value, &names))
        return false;

    struct bytes text = string_of(walk, &name);

    if (bytes_equal_text(text, "pk"))
        object->beside.pk = value;
    else if (bytes_equal_text(text, "sk"))
        object->beside.sk = value;
    else if (bytes_equal_text(text, "key"))
        object->within = names;
    else if (bytes_equal_text(text, "forgotten"))
        object->forgotten = true;
    else if (bytes_equal_text(text, "payload") && !value.empty)
        add_place(walk, object, &value);
    return true;
}

static bool walk_object(struct walk *walk, struct span *span, struct names *ret)
{
    struct object object = {.first_place = walk->count};

    walk->at++;
    span->empty = take(walk, '}');
    if (span->empty)
        return true;
    do {
        if (!walk_member(walk, &object))
            return false;
    } while (take(walk, ','));
    end_object(walk, &object);
    *ret = object.beside;
    return take(walk, '}');
}

static bool walk_array(struct walk *walk)
{
    walk->at++;
    if (take(walk, ']'))
        return true;
    do {
        struct span value = {0};
        struct names names;

        if (!walk_value(walk, &value, &names))
            return false;
    } while (take(walk, ','));
    return take(walk, ']');
}

static bool walk_value(struct walk *walk, struct span *ret, struct names *ret_names)
{
    bool whole = false;

    skip_blanks(walk);
    *ret = (struct span){.offset = walk->at, .first = peek(walk)};
    if (walk->depth > JSON_DEPTH_MAX)
        return false;
    walk->depth++;
    if (ret->first == '{')
        whole = walk_object(walk, ret, ret_names);
    else if (ret->first == '[')
        whole = walk_array(walk);
    else if (ret->first == '"')
        whole = walk_string(walk);
    else
        whole = walk_word(walk);
    walk->depth--;
    ret->size = walk->at - ret->offset;
    return whole && walk->at <= walk->text.size;
}

/* ---- */

static int compare_places(const void *a, const void *b)
{
    const struct vault_place *left = a, *right = b;

    return left->offset < right->offset ? -1 : left->offset > right->offset;
}

size_t vault_find(struct arena *arena, struct bytes text, const struct vault_place **ret)
{
    struct walk walk = {.arena = arena, .text = text};
    struct names names;
    struct span whole;

    *ret = NULL;
    if (!walk_value(&walk, &whole, &names) || walk.count == 0)
        return 0;
    skip_blanks(&walk);
    if (walk.at != text.size)
        return 0;
    qsort(walk.places, walk.count, sizeof *walk.places, compare_places);
    *ret = walk.places;
    return walk.count;
}
