/* stack/regex.c - see regex.h. The pattern is read while it is matched: what follows a part is a
 * chain of "then" on the stack, so nothing is compiled and nothing is freed. */
#include "stack/regex.h"

struct matcher {
    struct bytes pattern, text;
    size_t steps, depth;
    bool unsupported;
};

/* What is to be matched when a part is done: the rest of the pattern up to `end`, or one more round
 * of a repetition. */
struct then {
    size_t at, end;           /* of the pattern */
    const struct then *after; /* behind that; NULL: the text must end */
    const struct repeat *repeat;
    size_t round, began; /* rounds done; where in the text the last one began */
};

struct repeat {        /* an atom and how often it stands */
    size_t begin, end; /* of the atom */
    size_t least, most;
    const struct then *after;
};

static bool match_branches(struct matcher *m, size_t begin, size_t end, size_t at,
                           const struct then *after);
static bool match_sequence(struct matcher *m, size_t begin, size_t end, size_t at,
                           const struct then *after);
static bool match_round(struct matcher *m, const struct repeat *repeat, size_t round, size_t at);

static bool give_up(struct matcher *m)
{
    m->unsupported = true;
    return false;
}

static uint8_t at_pattern(const struct matcher *m, size_t at, size_t end)
{
    return at < end ? m->pattern.ptr[at] : 0;
}

/* ---- one character ---- */

static bool is_class(uint8_t name, uint8_t c)
{
    bool digit = c >= '0' && c <= '9';
    bool word = digit || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    bool space = c == ' ' || (c >= '\t' && c <= '\r');

    switch (name) {
    case 'd':
        return digit;
    case 'D':
        return !digit;
    case 'w':
        return word;
    case 'W':
        return !word;
    case 's':
        return space;
    default:
        return !space;
    }
}

static bool names_class(uint8_t c)
{
    return c == 'd' || c == 'D' || c == 'w' || c == 'W' || c == 's' || c == 'S';
}

/* What \c stands for; letters and digits that are no class of ours mean something else in Java. */
static uint8_t unescape(struct matcher *m, uint8_t c)
{
    if (c == 'n')
        return '\n';
    if (c == 't')
        return '\t';
    if (c == 'r')
        return '\r';
    if (c == 0 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
        give_up(m);
    return c;
}

/* The end of [...] that begins at `at`, behind the bracket; 0: it has none. */
static size_t set_end(const struct matcher *m, size_t at, size_t end)
{
    size_t i = at + 1;

    if (at_pattern(m, i, end) == '^')
        i++;
    for (size_t first = i; i < end; i++) {
        if (m->pattern.ptr[i] == '\\')
            i++;
        else if (m->pattern.ptr[i] == ']' && i > first)
            return i + 1;
    }
    return 0;
}

static bool in_set(struct matcher *m, size_t at, size_t end, uint8_t c)
{
    bool negated = at_pattern(m, at + 1, end) == '^', found = false;
    size_t last = end - 1;

    for (size_t i = at + (negated ? 2 : 1); i < last;) {
        uint8_t low = m->pattern.ptr[i++], high = 0;

        if (low == '[' || (low == '&' && at_pattern(m, i, last) == '&'))
            return give_up(m); /* Java's unions and intersections */
        if (low == '\\') {
            low = at_pattern(m, i++, last);
            if (names_class(low)) {
                found = found || is_class(low, c);
                continue;
            }
            low = unescape(m, low);
        }
        high = low;
        if (at_pattern(m, i, last) == '-' && i + 1 < last) {
            high = m->pattern.ptr[i + 1];
            i += 2;
            if (high == '\\') {
                high = unescape(m, at_pattern(m, i, last));
                i++;
            }
        }
        found = found || (c >= low && c <= high);
    }
    return found != negated;
}

/* ---- atoms ---- */

/* The end of the group that begins at `at`, behind its bracket; 0: it has none. */
static size_t group_end(const struct matcher *m, size_t at, size_t end)
{
    size_t open = 0;

    for (size_t i = at; i < end; i++) {
        uint8_t c = m->pattern.ptr[i];

        if (c == '\\') {
            i++;
        } else if (c == '[') {
            size_t behind = set_end(m, i, end);

            if (behind == 0)
                return 0;
            i = behind - 1;
        } else if (c == '(') {
            open++;
        } else if (c == ')' && --open == 0) {
            return i + 1;
        }
    }
    return 0;
}

static size_t atom_end(const struct matcher *m, size_t at, size_t end)
{
    switch (m->pattern.ptr[at]) {
    case '(':
        return group_end(m, at, end);
    case '[':
        return set_end(m, at, end);
    case '\\':
        return at + 2 <= end ? at + 2 : 0;
    case '*':
    case '+':
    case '?':
    case ')':
        return 0;
    default:
        return at + 1;
    }
}

static bool match_character(struct matcher *m, size_t at, size_t end, uint8_t c)
{
    uint8_t first = m->pattern.ptr[at];

    if (first == '[')
        return in_set(m, at, end, c);
    if (first == '.')
        return c != '\n';
    if (first == '\\' && names_class(m->pattern.ptr[at + 1]))
        return is_class(m->pattern.ptr[at + 1], c);
    if (first == '\\')
        return unescape(m, m->pattern.ptr[at + 1]) == c;
    return first == c;
}

static bool match_then(struct matcher *m, const struct then *then, size_t at)
{
    if (then == NULL)
        return at == m->text.size;
    if (then->repeat != NULL) {
        /* A round that took nothing would go on for ever. */
        if (at == then->began && then->round > then->repeat->least)
            return false;
        return match_round(m, then->repeat, then->round, at);
    }
    return match_sequence(m, then->at, then->end, at, then->after);
}

static bool match_atom(struct matcher *m, size_t begin, size_t end, size_t at,
                       const struct then *after)
{
    uint8_t first = m->pattern.ptr[begin];

    if (first == '(') {
        size_t inside = begin + 1;

        if (at_pattern(m, inside, end) == '?') {
            if (at_pattern(m, inside + 1, end) != ':')
                return give_up(m);
            inside += 2;
        }
        return match_branches(m, inside, end - 1, at, after);
    }
    if (first == '^' || first == '$')
        return at == (first == '^' ? 0 : m->text.size) && match_then(m, after, at);
    return at < m->text.size && match_character(m, begin, end, m->text.ptr[at]) &&
           match_then(m, after, at + 1);
}

/* ---- repetitions, sequences, branches ---- */

/* As many rounds as possible first. */
static bool match_round(struct matcher *m, const struct repeat *repeat, size_t round, size_t at)
{
    struct then next = {.repeat = repeat, .round = round + 1, .began = at};
    bool matched = false;

    if (++m->steps > REGEX_STEPS_MAX || m->depth >= REGEX_DEPTH_MAX)
        return give_up(m);
    m->depth++;
    if (round < repeat->most)
        matched = match_atom(m, repeat->begin, repeat->end, at, &next);
    if (!matched && !m->unsupported && round >= repeat->least)
        matched = match_then(m, repeat->after, at);
    m->depth--;
    return matched;
}

static bool read_number(const struct matcher *m, size_t *at, size_t end, size_t *ret)
{
    size_t begin = *at;

    *ret = 0;
    while (*at < end && m->pattern.ptr[*at] >= '0' && m->pattern.ptr[*at] <= '9' &&
           *ret < REGEX_STEPS_MAX)
        *ret = *ret * 10 + (size_t)(m->pattern.ptr[(*at)++] - '0');
    return *at > begin;
}

/* The quantifier at *at, if there is one. False: it cannot be read. */
static bool read_quantifier(struct matcher *m, size_t *at, size_t end, size_t *least, size_t *most)
{
    uint8_t c = at_pattern(m, *at, end);

    *least = *most = 1;
    if (c != '?' && c != '*' && c != '+' && c != '{')
        return true;
    ++*at;
    if (c != '{') {
        *least = c == '+' ? 1 : 0;
        *most = c == '?' ? 1 : SIZE_MAX;
    } else {
        if (!read_number(m, at, end, least))
            return false;
        *most = *least;
        if (at_pattern(m, *at, end) == ',') {
            ++*at;
            if (!read_number(m, at, end, most))
                *most = SIZE_MAX;
        }
        if (at_pattern(m, *at, end) != '}')
            return false;
        ++*at;
    }
    if (at_pattern(m, *at, end) == '+')
        return false; /* possessive */
    if (at_pattern(m, *at, end) == '?')
        ++*at;
    return true;
}

static bool match_sequence(struct matcher *m, size_t begin, size_t end, size_t at,
                           const struct then *after)
{
    size_t behind = 0, next = 0;
    struct repeat repeat = {.begin = begin};
    struct then rest = {.end = end, .after = after};
    bool matched = false;

    if (begin == end)
        return match_then(m, after, at);
    if (++m->steps > REGEX_STEPS_MAX || m->depth >= REGEX_DEPTH_MAX)
        return give_up(m);
    behind = atom_end(m, begin, end);
    next = behind;
    if (behind == 0 || !read_quantifier(m, &next, end, &repeat.least, &repeat.most))
        return give_up(m);
    repeat.end = behind;
    rest.at = next;
    repeat.after = &rest;
    m->depth++;
    matched =
        next == behind ? match_atom(m, begin, behind, at, &rest) : match_round(m, &repeat, 0, at);
    m->depth--;
    return matched;
}

static bool match_branches(struct matcher *m, size_t begin, size_t end, size_t at,
                           const struct then *after)
{
    size_t from = begin;

    for (size_t i = begin; i < end; i++) {
        uint8_t c = m->pattern.ptr[i];

        if (c == '|') {
            if (match_sequence(m, from, i, at, after))
                return true;
            if (m->unsupported)
                return false;
            from = i + 1;
            continue;
        }
        if (c == '(' || c == '[' || c == '\\') {
            size_t behind = atom_end(m, i, end);

            if (behind == 0)
                return give_up(m);
            i = behind - 1;
        }
    }
    return match_sequence(m, from, end, at, after);
}

enum regex_answer regex_match(struct bytes pattern, struct bytes text)
{
    struct matcher matcher = {.pattern = pattern, .text = text};
    bool matched = match_branches(&matcher, 0, pattern.size, 0, NULL);

    if (matcher.unsupported)
        return REGEX_UNSUPPORTED;
    return matched ? REGEX_MATCHES : REGEX_DIFFERS;
}
