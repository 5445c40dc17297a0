/* logs/filter_naive.h - a second reader of filter patterns, too simple to be wrong: it cuts the
 * text into pieces again for each message, and tries all ways of a regular expression one after the
 * other. Of a pattern that log_filter_parse() takes it must say the same. */
#ifndef DYNLOG_TEST_LOGS_FILTER_NAIVE_H
#define DYNLOG_TEST_LOGS_FILTER_NAIVE_H

#include "base/arena.h"
#include "json/json.h"

#include <stdlib.h>

#define NAIVE_STEPS_MAX 200000

static struct {
    struct arena *arena;
    size_t steps; /* NAIVE_STEPS_MAX: it gave up, and its answer counts for nothing */
} naive;

static inline bool naive_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static inline struct bytes naive_trim(struct bytes t)
{
    while (t.size > 0 && naive_blank(t.ptr[0]))
        t = bytes_slice(t, 1, t.size);
    while (t.size > 0 && naive_blank(t.ptr[t.size - 1]))
        t.size--;
    return t;
}

static inline bool naive_in(const char *set, uint8_t c)
{
    return c != 0 && strchr(set, c) != NULL;
}

/* ---- regular expressions ---- */

static inline size_t naive_char(struct bytes t, size_t at)
{
    size_t end = at + 1;

    while (end < t.size && (t.ptr[end] & 0xC0) == 0x80)
        end++;
    return end;
}

static inline bool naive_named(char name, uint8_t c)
{
    bool digit = c >= '0' && c <= '9', blank = c == ' ' || c == '\t' || c == '\n';
    bool word = digit || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';

    switch (name) {
    case 'd':
        return digit;
    case 'D':
        return !digit;
    case 's':
        return blank;
    case 'S':
        return !blank;
    case 'w':
        return word;
    default:
        return !word;
    }
}

/* Whether the piece of an expression at *at takes this character; *at is moved behind the piece. */
static inline bool naive_piece(struct bytes re, size_t *at, uint8_t c, int *ret_single)
{
    uint8_t p = re.ptr[(*at)++];

    *ret_single = p;
    if (p != '\\')
        return p == c;
    p = re.ptr[(*at)++];
    if (naive_in("dDsSwW", p)) {
        *ret_single = -1;
        return naive_named((char)p, c);
    }
    if (p == 'x') {
        char hex[3] = {(char)re.ptr[*at], (char)re.ptr[*at + 1], 0};

        *at += 2;
        *ret_single = -1; /* no range begins with it */
        return strtoul(hex, NULL, 16) == c;
    }
    *ret_single = p;
    return p == c;
}

static inline bool naive_atom(struct bytes re, size_t *at, uint8_t c)
{
    bool negated = false, found = false;
    int single = 0, end = 0;

    if (re.ptr[*at] == '.') {
        ++*at;
        return true;
    }
    if (re.ptr[*at] != '[')
        return naive_piece(re, at, c, &single);
    ++*at;
    if (re.ptr[*at] == '^') {
        negated = true;
        ++*at;
    }
    while (re.ptr[*at] != ']') {
        found = naive_piece(re, at, c, &single) || found;
        if (single < 0 || re.ptr[*at] != '-' || re.ptr[*at + 1] == ']')
            continue;
        ++*at;
        found = naive_piece(re, at, c, &end) || found;
        found = found || (c >= single && (int)c <= end);
    }
    ++*at;
    return found != negated;
}

static inline void naive_count(struct bytes re, size_t *at, uint64_t *min, uint64_t *max)
{
    uint8_t c = *at < re.size ? re.ptr[*at] : 0;
    size_t close = 0, comma = 0;

    *min = c == '?' || c == '*' ? 0 : 1;
    *max = c == '+' || c == '*' ? UINT64_MAX : 1;
    if (c != '?' && c != '*' && c != '+' && c != '{')
        return;
    ++*at;
    if (c != '{')
        return;
    close = bytes_find_byte(re, '}', *at);
    comma = bytes_find_byte(bytes_slice(re, 0, close), ',', *at);
    *min = 0;
    *max = UINT64_MAX;
    (void)!bytes_to_uint64(bytes_slice(re, *at, (comma == SIZE_MAX ? close : comma) - *at), min);
    if (comma == SIZE_MAX)
        *max = *min;
    else
        (void)!bytes_to_uint64(naive_trim(bytes_slice(re, comma + 1, close - comma - 1)), max);
    *at = close + 1;
}

static inline bool naive_here(struct bytes re, size_t at, struct bytes t, size_t from)
{
    size_t behind = at;
    uint64_t min = 0, max = 0;

    if (++naive.steps >= NAIVE_STEPS_MAX)
        return false;
    if (at == re.size)
        return true;
    if (re.ptr[at] == '$')
        return from == t.size;
    naive_atom(re, &behind, 0);
    naive_count(re, &behind, &min, &max);
    for (uint64_t n = 0;; n++) {
        size_t again = at;

        if (n >= min && naive_here(re, behind, t, from))
            return true;
        if (n == max || from == t.size || !naive_atom(re, &again, t.ptr[from]) ||
            naive.steps >= NAIVE_STEPS_MAX)
            return false;
        from = naive_char(t, from);
    }
}

/* The first '|' that is no character of a class and has no backslash before it. */
static inline size_t naive_bar(struct bytes re)
{
    bool inside = false;

    for (size_t i = 0; i < re.size; i++) {
        if (re.ptr[i] == '\\')
            i++;
        else if (re.ptr[i] == '[')
            inside = true;
        else if (re.ptr[i] == ']')
            inside = false;
        else if (re.ptr[i] == '|' && !inside)
            return i;
    }
    return SIZE_MAX;
}

static inline bool naive_regex(struct bytes re, struct bytes t)
{
    size_t bar = naive_bar(re);
    struct bytes first = bytes_slice(re, 0, bar);
    bool anchored = first.size > 0 && first.ptr[0] == '^';

    for (size_t from = 0; from <= t.size; from = naive_char(t, from)) {
        if (naive_here(first, anchored, t, from))
            return true;
        if (anchored)
            break;
    }
    return bar != SIZE_MAX && naive_regex(bytes_slice(re, bar + 1, re.size), t);
}

/* ---- values ---- */

static inline bool naive_number(struct bytes t, double *ret)
{
    char *text = arena_copy_text(naive.arena, t), *end = NULL;

    if (strspn(text, "0123456789+-.eE") != t.size || t.size > 400)
        return false;
    for (size_t i = 0; i < t.size; i++)
        if (text[i] == '.' && (i == 0 || strchr("0123456789", text[i - 1]) == NULL ||
                               text[i + 1] == 0 || strchr("0123456789", text[i + 1]) == NULL))
            return false;
    *ret = strtod(text, &end);
    return t.size > 0 && *end == 0;
}

/* Of what is between quotation marks. */
static inline struct bytes naive_unescape(struct bytes t)
{
    uint8_t *out = arena_alloc(naive.arena, t.size);
    size_t size = 0;

    for (size_t i = 0; i < t.size; i++) {
        if (t.ptr[i] == '\\' && i + 1 < t.size && (t.ptr[i + 1] == '"' || t.ptr[i + 1] == '\\'))
            i++;
        out[size++] = t.ptr[i];
    }
    return bytes_of(out, size);
}

static inline bool naive_stars(struct bytes pattern, struct bytes t)
{
    bool before = pattern.size > 0 && pattern.ptr[0] == '*', after = false;

    if (before)
        pattern = bytes_slice(pattern, 1, pattern.size);
    after = pattern.size > 0 && pattern.ptr[pattern.size - 1] == '*';
    if (after)
        pattern.size--;
    for (size_t i = 0; i + pattern.size <= t.size; i++)
        if (bytes_equal(bytes_slice(t, i, pattern.size), pattern) && (before || i == 0) &&
            (after || i + pattern.size == t.size))
            return true;
    return false;
}

static inline bool naive_order(struct bytes op, double a, double b)
{
    return (bytes_equal_text(op, "=") && a == b) || (bytes_equal_text(op, "!=") && a != b) ||
           (bytes_equal_text(op, "<") && a < b) || (bytes_equal_text(op, "<=") && a <= b) ||
           (bytes_equal_text(op, ">") && a > b) || (bytes_equal_text(op, ">=") && a >= b);
}

/* text: of a string or a field, or the digits of a number (then is_number). */
static inline bool naive_value(struct bytes op, struct bytes value, struct bytes text,
                               bool is_number, bool is_field)
{
    bool equal = bytes_equal_text(op, "="), matched = false;
    double wanted = 0, number = 0;

    if (value.ptr[0] == '%') {
        matched = naive_regex(bytes_slice(value, 1, value.size - 2), text);
    } else if (value.ptr[0] == '"') {
        matched =
            !is_number && naive_stars(naive_unescape(bytes_slice(value, 1, value.size - 2)), text);
    } else if (naive_number(value, &wanted)) {
        if ((is_number || is_field) && naive_number(text, &number))
            return naive_order(op, number, wanted);
        return bytes_equal_text(op, "!=");
    } else {
        matched = naive_stars(value, text);
    }
    return matched == equal;
}

/* ---- cutting ---- */

/* The end of what begins at `at` and is one piece: a quoted text, an expression, a key. */
static inline size_t naive_skip(struct bytes t, size_t at)
{
    if (t.ptr[at] == '"') {
        for (at++; at < t.size && t.ptr[at] != '"'; at++)
            at += t.ptr[at] == '\\' && at + 1 < t.size &&
                  (t.ptr[at + 1] == '"' || t.ptr[at + 1] == '\\');
        return at + 1;
    }
    if (t.ptr[at] == '%')
        return bytes_find_byte(t, '%', at + 1) + 1;
    if (t.ptr[at] == '[' && at + 1 < t.size && t.ptr[at + 1] == '\'')
        return bytes_find_byte(t, '\'', at + 2) + 1;
    return at + 1;
}

/* Where the separator last stands outside of parentheses and pieces; SIZE_MAX: nowhere. */
static inline size_t naive_last(struct bytes t, struct bytes separator)
{
    size_t last = SIZE_MAX, depth = 0;

    for (size_t i = 0; i < t.size; i = naive_skip(t, i)) {
        depth = depth + (t.ptr[i] == '(') - (t.ptr[i] == ')');
        if (depth == 0 && bytes_equal(bytes_slice(t, i, separator.size), separator))
            last = i;
    }
    return last;
}

/* ---- JSON ---- */

struct naive_test {
    struct bytes op, value; /* op "IS NULL" and the like: no value */
};

static inline bool naive_leaf(const struct naive_test *test, const struct json *json)
{
    if (bytes_start_with(test->op, BYTES("NOT")))
        return true;
    if (bytes_end_with(test->op, BYTES("NULL")))
        return json_is(json, JSON_NULL);
    if (bytes_end_with(test->op, BYTES("TRUE")))
        return json_is(json, JSON_BOOL) && json_bool(json);
    if (bytes_end_with(test->op, BYTES("FALSE")))
        return json_is(json, JSON_BOOL) && !json_bool(json);
    if (json_is(json, JSON_STRING))
        return naive_value(test->op, test->value, json_string(json), false, false);
    return json_is(json, JSON_NUMBER) &&
           naive_value(test->op, test->value, json_number_text(json), true, false);
}

static inline bool naive_select(struct bytes path, const struct json *json,
                                const struct naive_test *test)
{
    size_t end = 0;
    struct bytes name;
    uint64_t index = 0;

    if (path.size == 0)
        return naive_leaf(test, json);
    if (path.ptr[0] == '.' && path.size > 1 && path.ptr[1] == '[')
        path = bytes_slice(path, 1, path.size);
    if (path.ptr[0] == '[') {
        end = path.ptr[1] == '\'' ? bytes_find_byte(path, '\'', 2) + 1
                                  : bytes_find_byte(path, ']', 0);
        name = bytes_slice(path, 1, end - 1);
        end++;
    } else {
        for (end = 1; end < path.size && path.ptr[end] != '.' && path.ptr[end] != '[';)
            end++;
        name = bytes_slice(path, 1, end - 1);
    }

    struct bytes rest = bytes_slice(path, end, path.size);
    bool element = path.ptr[0] == '[' && name.ptr[0] != '\'';

    if (name.ptr[0] == '\'')
        name = bytes_slice(name, 1, name.size - 2);
    if (bytes_equal_text(name, "*") && (element || path.ptr[0] == '.')) {
        if (!json_is(json, element ? JSON_ARRAY : JSON_OBJECT))
            return false;
        for (struct json_iter it = json_iter(json); json_next(&it);)
            if (naive_select(rest, it.value, test))
                return true;
        return false;
    }
    if (!element) {
        const struct json *member = json_is(json, JSON_OBJECT) ? json_get_bytes(json, name) : NULL;

        return member != NULL && naive_select(rest, member, test);
    }
    return bytes_to_uint64(name, &index) && json_is(json, JSON_ARRAY) && index < json_count(json) &&
           naive_select(rest, json_at(json, (size_t)index), test);
}

/* "$.a = 1" or "name = 1": text is the field's, json NULL then. */
static inline bool naive_one(struct bytes t, const struct json *json, struct bytes text)
{
    struct naive_test test;
    size_t end = 0, op = 0;

    while (end < t.size && !naive_blank(t.ptr[end]) && !naive_in("=!<>", t.ptr[end]))
        end = naive_skip(t, end);

    struct bytes subject = bytes_slice(t, 0, end), rest = naive_trim(bytes_slice(t, end, t.size));

    while (op < rest.size && naive_in("=!<>", rest.ptr[op]))
        op++;
    test.op = op > 0 ? bytes_slice(rest, 0, op) : rest;
    test.value = naive_trim(bytes_slice(rest, op, rest.size));
    if (json == NULL)
        return naive_value(test.op, test.value, text, false, true);
    return naive_select(bytes_slice(subject, 1, subject.size), json, &test) !=
           bytes_start_with(test.op, BYTES("NOT"));
}

static inline bool naive_condition(struct bytes t, const struct json *json, struct bytes text)
{
    size_t at = 0;

    t = naive_trim(t);
    at = naive_last(t, BYTES("||"));
    if (at != SIZE_MAX)
        return naive_condition(bytes_slice(t, 0, at), json, text) ||
               naive_condition(bytes_slice(t, at + 2, t.size), json, text);
    at = naive_last(t, BYTES("&&"));
    if (at != SIZE_MAX)
        return naive_condition(bytes_slice(t, 0, at), json, text) &&
               naive_condition(bytes_slice(t, at + 2, t.size), json, text);
    if (t.ptr[0] == '(')
        return naive_condition(bytes_slice(t, 1, t.size - 2), json, text);
    return naive_one(t, json, text);
}

/* ---- fields ---- */

struct naive_list {
    struct bytes items[512];
    size_t starts[512];
    size_t count;
};

static inline void naive_split_message(struct bytes t, struct naive_list *list)
{
    for (size_t i = 0; i < t.size && list->count < ARRAY_COUNT(list->items);) {
        uint8_t c = t.ptr[i];
        size_t end = i;

        if (naive_blank(c)) {
            i++;
            continue;
        }
        list->starts[list->count] = i;
        if (c == '"' || c == '[') {
            end = bytes_find_byte(t, c == '"' ? '"' : ']', i + 1);
            if (end != SIZE_MAX && (end + 1 == t.size || naive_blank(t.ptr[end + 1]))) {
                list->items[list->count++] = bytes_slice(t, i + 1, end - i - 1);
                i = end + 1;
                continue;
            }
            end = i;
        }
        while (end < t.size && !naive_blank(t.ptr[end]))
            end++;
        list->items[list->count++] = bytes_slice(t, i, end - i);
        i = end;
    }
}

static inline void naive_split_pattern(struct bytes t, struct naive_list *list)
{
    size_t from = 0;

    for (size_t i = 0; i < t.size; i = naive_skip(t, i)) {
        if (t.ptr[i] != ',')
            continue;
        list->items[list->count++] = naive_trim(bytes_slice(t, from, i - from));
        from = i + 1;
    }
    list->items[list->count++] = naive_trim(bytes_slice(t, from, t.size));
}

static inline bool naive_is_name(struct bytes t)
{
    for (size_t i = 0; i < t.size; i++)
        if (naive_in("=!<>", t.ptr[i]))
            return false;
    return true;
}

static inline bool naive_fields(struct bytes t, struct bytes message)
{
    struct naive_list pattern = {.count = 0}, fields = {.count = 0};
    size_t dots = SIZE_MAX, wanted = 0;

    naive_split_pattern(t, &pattern);
    naive_split_message(message, &fields);
    for (size_t i = 0; i < pattern.count; i++)
        if (bytes_equal_text(pattern.items[i], "..."))
            dots = i;
    wanted = pattern.count - (dots != SIZE_MAX);
    if (fields.count < wanted)
        return false;
    for (size_t i = 0; i < pattern.count; i++) {
        size_t at = dots != SIZE_MAX && i > dots ? fields.count - (pattern.count - i) : i;
        struct bytes text;

        if (i == dots || naive_is_name(pattern.items[i]))
            continue;
        text = fields.items[at];
        if (dots == SIZE_MAX && i + 1 == pattern.count && fields.count > pattern.count)
            text = naive_trim(bytes_slice(message, fields.starts[at], message.size));
        if (!naive_condition(pattern.items[i], NULL, text))
            return false;
    }
    return true;
}

/* ---- terms ---- */

static inline bool naive_contains(struct bytes t, struct bytes part)
{
    for (size_t i = 0; i + part.size <= t.size; i++)
        if (bytes_equal(bytes_slice(t, i, part.size), part))
            return true;
    return false;
}

static inline bool naive_terms(struct bytes t, struct bytes message)
{
    bool others = false, optional = false, any = false;

    for (size_t i = 0; i < t.size;) {
        uint8_t c = t.ptr[i];
        size_t from = i + (c == '?' || c == '-'), end = from;
        struct bytes term;
        bool found = false;

        if (naive_blank(c)) {
            i++;
            continue;
        }
        if (t.ptr[from] == '"') {
            end = naive_skip(t, from);
            term = naive_unescape(bytes_slice(t, from + 1, end - from - 2));
        } else {
            while (end < t.size && !naive_blank(t.ptr[end]))
                end++;
            term = bytes_slice(t, from, end - from);
        }
        i = end;
        found = naive_contains(message, term) || (c != '-' && naive_trim(term).size == 0);
        if (c == '?') {
            optional = true;
            any = any || found;
        } else {
            others = others || c == '-' || naive_trim(term).size > 0;
            if (found == (c == '-'))
                return false;
        }
    }
    return others || !optional || any;
}

/* A pattern that is one. *ret_sure: it did not give up. */
static inline bool naive_matches(struct arena *arena, struct bytes pattern, struct bytes message,
                                 bool *ret_sure)
{
    struct bytes t = naive_trim(pattern), inner = bytes_slice(t, 1, t.size > 2 ? t.size - 2 : 0);
    const struct json *json = NULL;
    bool matched = false;

    naive.arena = arena;
    naive.steps = 0;
    if (t.size == 0)
        matched = true;
    else if (t.ptr[0] == '{')
        matched = json_parse(arena, message, &json, NULL) == OK &&
                  (json_is(json, JSON_OBJECT) || json_is(json, JSON_ARRAY)) &&
                  naive_condition(inner, json, (struct bytes){NULL, 0});
    else if (t.ptr[0] == '[')
        matched = naive_fields(inner, message);
    else if (t.ptr[0] == '%')
        matched = naive_regex(inner, message);
    else
        matched = naive_terms(t, message);
    *ret_sure = naive.steps < NAIVE_STEPS_MAX;
    return matched;
}

#endif
