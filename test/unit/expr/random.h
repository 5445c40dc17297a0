/* test/unit/expr/random.h - what the models of this folder draw: values, items, paths and their
 * text.
 *
 * The universe is small, so that what is compared is often equal, and paths often lead somewhere.
 * Numbers are multiples of a tenth: the models count in tenths and never look at digits. Each round
 * has a seed of its own; a failure prints it, and TEST_SEED=N runs that round alone. */
#ifndef DYNLOG_TEST_EXPR_RANDOM_H
#define DYNLOG_TEST_EXPR_RANDOM_H

#include "case.h"

#include "base/clock.h"

#include <stdlib.h>

#define STEPS_MAX 4
#define PLACEHOLDERS_MAX 64

/* ---- chance ---- */

static uint64_t round_seed, random_state;

/* splitmix64: Steele and others, "Fast splittable pseudorandom number generators". */
static inline unsigned draw(unsigned below)
{
    uint64_t z = random_state += 0x9E3779B97F4A7C15u;

    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (unsigned)(((z ^ z >> 31) >> 16) % below);
}

static inline bool one_in(unsigned count)
{
    return draw(count) == 0;
}

#define PICK(array) ((array)[draw((unsigned)ARRAY_COUNT(array))])

/* Calls round() with a fresh seed each time, or once with the seed of TEST_SEED. */
static inline void random_rounds(unsigned rounds, void (*round)(struct arena *arena))
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const char *given = getenv("TEST_SEED");
    uint64_t first = clock_monotonic_ns(), replay = 0;

    if (given != NULL && bytes_to_uint64(bytes_of_text(given), &replay))
        rounds = 1;
    for (unsigned i = 0; i < rounds; i++) {
        round_seed = replay != 0 ? replay : first + i;
        random_state = round_seed << 20; /* no round is the rest of another */
        round(arena);
        arena_reset(arena);
    }
}

#define fail_round(...)                                                                            \
    do {                                                                                           \
        print_error("TEST_SEED=%llu replays this:\n", (unsigned long long)round_seed);             \
        fail_msg(__VA_ARGS__);                                                                     \
    } while (0)

/* ---- names ---- */

/* The second half can only be written with a placeholder: reserved words, dots, no ASCII. */
static const char *const all_names[] = {"a", "b", "c", "size", "x.y", "\xC3\xA9"};

static inline bool needs_placeholder(const char *name)
{
    return strlen(name) > 1;
}

/* ---- values ---- */

static inline struct value text_value(enum value_type type, const char *text)
{
    return (struct value){.type = type, .bytes = bytes_of_text(text)};
}

static inline struct value tenths_value(int64_t tenths)
{
    struct value value = {.type = VALUE_N};
    struct api_error error = {0};
    char text[32];

    snprintf(text, sizeof text, "%llde-1", (long long)tenths);
    assert_int_equal(number_parse(bytes_of_text(text), &value.number, &error), OK);
    return value;
}

static inline struct value random_scalar(enum value_type type)
{
    static const char *const texts[] = {
        "", "a", "ab", "abc", "b", "bc", "\xC3\xA9", "a\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80"};
    static const int64_t tenths[] = {0, 10, 20, 30, -10, 15, 100, 1000, -5, 1};

    if (type == VALUE_N)
        return tenths_value(PICK(tenths));
    return text_value(type, PICK(texts));
}

static inline struct value random_value(struct arena *arena, unsigned depth);

/* One to four members, none twice. */
static inline struct value random_set(struct arena *arena, enum value_type set)
{
    enum value_type member = set == VALUE_SS ? VALUE_S : set == VALUE_NS ? VALUE_N : VALUE_B;
    struct value value = {.type = set};

    value.list.values = ARENA_NEW_ARRAY(arena, 4, struct value);
    for (unsigned i = 1 + draw(4); i > 0; i--) {
        struct value candidate = random_scalar(member);
        bool twice = false;

        for (size_t k = 0; k < value.list.count; k++)
            twice = twice ||
                    (member == VALUE_N ? memcmp(&candidate.number, &value.list.values[k].number,
                                                sizeof candidate.number) == 0
                                       : bytes_equal(candidate.bytes, value.list.values[k].bytes));
        if (!twice)
            value.list.values[value.list.count++] = candidate;
    }
    return value;
}

static inline struct item random_map(struct arena *arena, unsigned depth)
{
    struct item map = {.attributes =
                           ARENA_NEW_ARRAY(arena, ARRAY_COUNT(all_names), struct attribute)};

    for (size_t i = 0; i < ARRAY_COUNT(all_names); i++)
        if (one_in(2))
            map.attributes[map.count++] =
                (struct attribute){bytes_of_text(all_names[i]), random_value(arena, depth + 1)};
    return map;
}

static inline struct value random_value_of(struct arena *arena, enum value_type type,
                                           unsigned depth)
{
    struct value value = {.type = type};

    switch (type) {
    case VALUE_S:
    case VALUE_N:
    case VALUE_B:
        return random_scalar(type);
    case VALUE_BOOL:
        value.boolean = one_in(2);
        break;
    case VALUE_NULL:
        break;
    case VALUE_M:
        value.map = random_map(arena, depth);
        break;
    case VALUE_L:
        value.list.count = draw(4);
        value.list.values = ARENA_NEW_ARRAY(arena, value.list.count, struct value);
        for (size_t i = 0; i < value.list.count; i++)
            value.list.values[i] = random_value(arena, depth + 1);
        break;
    case VALUE_SS:
    case VALUE_NS:
    case VALUE_BS:
        return random_set(arena, type);
    }
    return value;
}

static inline struct value random_value(struct arena *arena, unsigned depth)
{
    static const enum value_type deep[] = {VALUE_M, VALUE_M, VALUE_L, VALUE_L};
    static const enum value_type flat[] = {VALUE_S,    VALUE_S,    VALUE_N,  VALUE_N,  VALUE_B,
                                           VALUE_BOOL, VALUE_NULL, VALUE_SS, VALUE_NS, VALUE_BS};

    return random_value_of(arena, depth < 3 && one_in(3) ? PICK(deep) : PICK(flat), depth);
}

/* A value that stands somewhere in the item, or any other. */
static inline struct value random_value_near(struct arena *arena, const struct item *item)
{
    const struct value *at = NULL;

    if (item == NULL || item->count == 0 || one_in(3))
        return random_value(arena, 2);
    at = &item->attributes[draw((unsigned)item->count)].value;
    while (one_in(2)) {
        if (at->type == VALUE_M && at->map.count > 0)
            at = &at->map.attributes[draw((unsigned)at->map.count)].value;
        else if ((at->type == VALUE_L || at->type >= VALUE_SS) && at->list.count > 0)
            at = &at->list.values[draw((unsigned)at->list.count)];
        else
            break;
    }
    return *at;
}

/* ---- numbers, as the models count them ---- */

static inline int64_t tenths_of(const struct value *value)
{
    const struct number *number = &value->number;
    int64_t tenths = 0;

    assert_true(value->type == VALUE_N && number->exponent < 15);
    for (int i = 0; i <= number->exponent; i++) /* one digit behind the point */
        tenths = tenths * 10 + (i < NUMBER_DIGITS_MAX ? number->digits[i] : 0);
    for (int i = number->exponent + 1; i >= 0 && i < number->count; i++)
        assert_int_equal(number->digits[i], 0);
    return number->negative ? -tenths : tenths;
}

/* ---- equality, member by member ---- */

static inline bool is_set(const struct value *value)
{
    return value->type == VALUE_SS || value->type == VALUE_NS || value->type == VALUE_BS;
}

static inline bool same(const struct value *a, const struct value *b);

static inline const struct value *model_get(const struct item *map, struct bytes name)
{
    for (size_t i = 0; i < map->count; i++)
        if (bytes_equal(map->attributes[i].name, name))
            return &map->attributes[i].value;
    return NULL;
}

static inline bool same_map(const struct item *a, const struct item *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        const struct value *other = model_get(b, a->attributes[i].name);

        if (other == NULL || !same(&a->attributes[i].value, other))
            return false;
    }
    return true;
}

static inline bool model_has_member(const struct value *set, const struct value *member)
{
    for (size_t i = 0; i < set->list.count; i++)
        if (same(&set->list.values[i], member))
            return true;
    return false;
}

static inline bool same(const struct value *a, const struct value *b)
{
    if (a->type != b->type)
        return false;
    if (a->type == VALUE_N)
        return tenths_of(a) == tenths_of(b);
    if (a->type == VALUE_S || a->type == VALUE_B)
        return bytes_equal(a->bytes, b->bytes);
    if (a->type == VALUE_BOOL)
        return a->boolean == b->boolean;
    if (a->type == VALUE_NULL)
        return true;
    if (a->type == VALUE_M)
        return same_map(&a->map, &b->map);
    if (a->list.count != b->list.count)
        return false;
    for (size_t i = 0; i < a->list.count; i++)
        if (is_set(a) ? !model_has_member(b, &a->list.values[i])
                      : !same(&a->list.values[i], &b->list.values[i]))
            return false;
    return true;
}

/* ---- paths ---- */

struct step {
    const char *name; /* NULL: an element */
    unsigned index;
};
struct path {
    struct step steps[STEPS_MAX];
    unsigned count;
};

/* A name of the map's, mostly. */
static inline const char *random_name(const struct item *map)
{
    const char *name = PICK(all_names);

    for (unsigned i = 0; i < 3 && map != NULL && model_get(map, bytes_of_text(name)) == NULL; i++)
        name = PICK(all_names);
    return name;
}

/* Follows the item for a while, where there is one. */
static inline struct path random_path(const struct item *item)
{
    struct path path = {.count = 1};
    const struct value *at = NULL;

    path.steps[0].name = random_name(item);
    at = item != NULL ? model_get(item, bytes_of_text(path.steps[0].name)) : NULL;
    while (path.count < STEPS_MAX && draw(3) < (at != NULL ? 2u : 1u)) {
        struct step *step = &path.steps[path.count++];
        bool named = at == NULL || one_in(8) ? one_in(2) : at->type == VALUE_M;

        if (named)
            step->name = random_name(at != NULL && at->type == VALUE_M ? &at->map : NULL);
        else
            step->index = at != NULL && at->type == VALUE_L && !one_in(4)
                              ? draw((unsigned)at->list.count + 1)
                              : draw(5);
        if (at != NULL && named)
            at = at->type == VALUE_M ? model_get(&at->map, bytes_of_text(step->name)) : NULL;
        else if (at != NULL)
            at = at->type == VALUE_L && step->index < at->list.count ? &at->list.values[step->index]
                                                                     : NULL;
    }
    return path;
}

static inline bool same_step(const struct step *a, const struct step *b)
{
    if ((a->name == NULL) != (b->name == NULL))
        return false;
    return a->name != NULL ? strcmp(a->name, b->name) == 0 : a->index == b->index;
}

static inline bool same_path(const struct path *a, const struct path *b)
{
    bool equal = a->count == b->count;

    for (unsigned i = 0; equal && i < a->count; i++)
        equal = same_step(&a->steps[i], &b->steps[i]);
    return equal;
}

static inline const struct value *model_follow(const struct item *item, const struct path *path)
{
    const struct value *at =
        item != NULL ? model_get(item, bytes_of_text(path->steps[0].name)) : NULL;

    for (unsigned i = 1; at != NULL && i < path->count; i++) {
        const struct step *step = &path->steps[i];

        if (step->name != NULL)
            at = at->type == VALUE_M ? model_get(&at->map, bytes_of_text(step->name)) : NULL;
        else
            at = at->type == VALUE_L && step->index < at->list.count ? &at->list.values[step->index]
                                                                     : NULL;
    }
    return at;
}

/* ---- text ---- */

/* An expression that is being written, and what its placeholders stand for. */
struct writing {
    struct buffer text;
    struct arena *arena;
    struct expr_names names;
};

static inline struct writing writing_begin(struct arena *arena)
{
    return (struct writing){
        .text = BUFFER_INIT(1 << 16),
        .arena = arena,
        .names = {.names = ARENA_NEW_ARRAY(arena, PLACEHOLDERS_MAX, struct expr_name),
                  .values = ARENA_NEW_ARRAY(arena, PLACEHOLDERS_MAX, struct expr_value)},
    };
}

static inline void write_blank(struct writing *w)
{
    static const char *const blanks[] = {" ", " ", " ", "  ", "\t", "\n "};

    buffer_append_text(&w->text, PICK(blanks));
}

/* Upper, lower or mixed case. */
static inline void write_keyword(struct writing *w, const char *keyword)
{
    unsigned how = draw(3);

    for (const char *at = keyword; *at != '\0'; at++) {
        bool lower = how == 1 || (how == 2 && one_in(2));
        bool letter = *at >= 'A' && *at <= 'Z';

        buffer_append_byte(&w->text, (uint8_t)(letter && lower ? *at + ('a' - 'A') : *at));
    }
}

static inline void write_name(struct writing *w, const char *name)
{
    struct expr_names *names = &w->names;
    size_t at = 0;

    if (!needs_placeholder(name) && !one_in(4)) {
        buffer_append_text(&w->text, name);
        return;
    }
    while (at < names->name_count && (!bytes_equal_text(names->names[at].name, name) || one_in(3)))
        at++;
    if (at == names->name_count && at < PLACEHOLDERS_MAX)
        names->names[names->name_count++] = (struct expr_name){
            .placeholder = arena_printf(w->arena, "#n%zu", at), .name = bytes_of_text(name)};
    assert_true(at < PLACEHOLDERS_MAX);
    buffer_append(&w->text, names->names[at].placeholder);
}

static inline void write_path(struct writing *w, const struct path *path)
{
    for (unsigned i = 0; i < path->count; i++) {
        if (path->steps[i].name == NULL) {
            buffer_printf(&w->text, "[%u]", path->steps[i].index);
            continue;
        }
        if (i > 0)
            buffer_append_byte(&w->text, '.');
        write_name(w, path->steps[i].name);
    }
}

static inline void write_literal(struct writing *w, const struct value *value)
{
    struct expr_names *names = &w->names;
    size_t at = names->value_count++;

    assert_true(at < PLACEHOLDERS_MAX);
    names->values[at] =
        (struct expr_value){.placeholder = arena_printf(w->arena, ":v%zu", at), .value = *value};
    buffer_append(&w->text, names->values[at].placeholder);
}

/* What a failure shows of an item. */
static inline const char *item_text(struct arena *arena, const struct item *item)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(1 << 20);

    if (item == NULL)
        return "nothing";
    item_print(&text, item);
    return arena_copy_text(arena, buffer_bytes(&text));
}

static inline const char *writing_text(struct writing *w)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(1 << 20);

    buffer_append(&text, buffer_bytes(&w->text));
    for (size_t i = 0; i < w->names.name_count; i++)
        buffer_printf(&text, "\n    %.*s: %.*s", BYTES_ARG(w->names.names[i].placeholder),
                      BYTES_ARG(w->names.names[i].name));
    for (size_t i = 0; i < w->names.value_count; i++) {
        buffer_printf(&text, "\n    %.*s: ", BYTES_ARG(w->names.values[i].placeholder));
        value_print(&text, &w->names.values[i].value);
    }
    return arena_copy_text(w->arena, buffer_bytes(&text));
}

#endif
