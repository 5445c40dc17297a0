/* json/unite.c - objects that have a name twice; see json_unite(). They are rare, so they are only
 * looked for, in one walk over yyjson's values, which stand one behind the other; what has some is
 * printed without them and parsed again. */
#include "json/json.h"

#include <yyjson.h>

#include <stdlib.h>

/* Up to here, comparing each with each is faster than sorting. */
#define EACH_WITH_EACH_MAX 16

struct member {
    struct bytes name;
    const struct json *value;
    size_t place;
};

static int compare_members(const void *a, const void *b)
{
    const struct member *left = a, *right = b;
    int order = bytes_compare(left->name, right->name);

    if (order != 0)
        return order;
    return left->place < right->place ? -1 : left->place > right->place;
}

/* The members by name, those of one name in their order. */
static struct member *members_in_order(const struct json *object)
{
    struct member *members = mem_new_array(json_count(object), sizeof *members);

    for (struct json_iter it = json_iter(object); json_next(&it);)
        members[it.index] = (struct member){it.name, it.value, it.index};
    qsort(members, json_count(object), sizeof *members, compare_members);
    return members;
}

static bool few_names_repeat(const struct json *object)
{
    struct bytes names[EACH_WITH_EACH_MAX];
    size_t count = 0;

    for (struct json_iter it = json_iter(object); json_next(&it);) {
        for (size_t i = 0; i < count; i++)
            if (bytes_equal(names[i], it.name))
                return true;
        names[count++] = it.name;
    }
    return false;
}

static bool names_repeat(const struct json *object)
{
    size_t count = json_count(object);
    bool repeat = false;

    if (count <= EACH_WITH_EACH_MAX)
        return few_names_repeat(object);

    struct member *members = members_in_order(object);

    for (size_t i = 1; i < count && !repeat; i++)
        repeat = bytes_equal(members[i - 1].name, members[i].name);
    mem_free(members);
    return repeat;
}

/* A few bits of each name: those of which no two are the same are all different. */
static bool names_may_repeat(yyjson_val *object)
{
    uint64_t seen[4] = {0};
    yyjson_val *name = object + 1;

    for (size_t left = unsafe_yyjson_get_len(object); left > 0; left--) {
        size_t size = unsafe_yyjson_get_len(name);
        const char *text = unsafe_yyjson_get_str(name);
        unsigned bits = (unsigned)size * 31u;

        if (size > 0)
            bits += (unsigned)(uint8_t)text[0] * 7u + (unsigned)(uint8_t)text[size / 2] * 13u +
                    (unsigned)(uint8_t)text[size - 1];
        if ((seen[bits >> 6 & 3] >> (bits & 63) & 1) != 0)
            return true;
        seen[bits >> 6 & 3] |= (uint64_t)1 << (bits & 63);
        name = unsafe_yyjson_get_next(name + 1);
    }
    return false;
}

static bool needs_uniting(const struct json *value)
{
    union {
        const struct json *in;
        yyjson_val *out;
    } root = {value}; /* nothing is changed */
    yyjson_val *end = unsafe_yyjson_get_next(root.out);

    for (yyjson_val *at = root.out; at < end; at++) {
        union {
            yyjson_val *in;
            const struct json *out;
        } object = {at};

        if (unsafe_yyjson_is_obj(at) && unsafe_yyjson_get_len(at) > 1 && names_may_repeat(at) &&
            names_repeat(object.out))
            return true;
    }
    return false;
}

static void print_united(struct json_writer *w, const struct json *value);

/* A name stands where it stood last. */
static void print_object(struct json_writer *w, const struct json *object)
{
    size_t count = json_count(object);
    struct member *members = members_in_order(object);
    bool *is_last = mem_new_array(count, sizeof *is_last);

    for (size_t i = 0; i < count; i++)
        is_last[members[i].place] =
            i + 1 == count || !bytes_equal(members[i].name, members[i + 1].name);
    mem_free(members);
    json_begin_object(w);
    for (struct json_iter it = json_iter(object); json_next(&it);) {
        if (!is_last[it.index])
            continue;
        json_key_bytes(w, it.name);
        print_united(w, it.value);
    }
    json_end_object(w);
    mem_free(is_last);
}

static void print_united(struct json_writer *w, const struct json *value)
{
    if (json_is(value, JSON_OBJECT)) {
        print_object(w, value);
    } else if (json_is(value, JSON_ARRAY)) {
        json_begin_array(w);
        for (struct json_iter it = json_iter(value); json_next(&it);)
            print_united(w, it.value);
        json_end_array(w);
    } else {
        json_write_value(w, value);
    }
}

const struct json *json_unite(struct arena *arena, const struct json *value)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(SIZE_MAX);
    struct json_writer w = JSON_WRITER(&text);
    const struct json *united = NULL;

    if (!needs_uniting(value))
        return value;
    print_united(&w, value);
    enum status st = json_parse(arena, arena_copy(arena, buffer_bytes(&text)), &united, NULL);

    assert(st == OK && "what was JSON still is");
    (void)st;
    return united;
}
