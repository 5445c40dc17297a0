/* logs/regex.c - see regex.h. */
#include "logs/regex.h"

/* A set of characters: the ASCII ones, and all others together. */
struct class
{
    uint64_t ascii[2];
    bool others;
};

struct atom {
    struct class class;
    bool optional; /* may be left out */
    bool again;    /* may come again */
};

struct alternative {
    struct atom *atoms;
    size_t count;
    bool at_start, at_end;
};

struct regex {
    struct bytes text;
    struct alternative *alternatives;
    size_t count;
};

struct reader {
    struct arena *arena;
    struct bytes text;
    size_t at, atoms;
};

/* ---- classes ---- */

static void add(struct class *class, uint8_t c)
{
    class->ascii[c >> 6] |= UINT64_C(1) << (c & 63);
}

static void add_range(struct class *class, uint8_t from, uint8_t to)
{
    for (unsigned c = from; c <= to; c++)
        add(class, (uint8_t)c);
}

static void unite(struct class *class, const struct class *other)
{
    class->ascii[0] |= other->ascii[0];
    class->ascii[1] |= other->ascii[1];
    class->others = class->others || other->others;
}

static void negate(struct class *class)
{
    class->ascii[0] = ~class->ascii[0];
    class->ascii[1] = ~class->ascii[1];
    class->others = !class->others;
}

static bool has(const struct class *class, uint8_t c)
{
    return c < 0x80 ? (class->ascii[c >> 6] >> (c & 63) & 1) != 0 : class->others;
}

/* ---- reading one character's class ---- */

static uint8_t peek(const struct reader *r)
{
    return r->at < r->text.size ? r->text.ptr[r->at] : 0;
}

static bool is_operator(uint8_t c)
{
    return c != 0 && strchr("^$?[]{}|\\*+.", c) != NULL;
}

static bool is_literal(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != 0 && strchr("_#=@/;,-: ", c) != NULL);
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_hex(struct reader *r, struct class *class)
{
    int high = 0, low = 0;

    if (r->text.size - r->at < 2)
        return false;
    high = hex_digit(r->text.ptr[r->at]);
    low = hex_digit(r->text.ptr[r->at + 1]);
    if (high < 0 || high > 7 || low < 0)
        return false;
    r->at += 2;
    add(class, (uint8_t)(high * 16 + low));
    return true;
}

static void add_named(struct class *class, uint8_t name)
{
    if (name == 'd' || name == 'w')
        add_range(class, '0', '9');
    if (name == 'w') {
        add_range(class, 'a', 'z');
        add_range(class, 'A', 'Z');
        add(class, '_');
    }
    if (name == 's') {
        add(class, ' ');
        add(class, '\t');
        add(class, '\n');
    }
}

/* Behind a backslash. */
static bool read_escape(struct reader *r, struct class *class)
{
    uint8_t c = peek(r);
    struct class named = {.others = false};

    if (r->at == r->text.size)
        return false;
    r->at++;
    switch (c) {
    case 'd':
    case 's':
    case 'w':
        add_named(&named, c);
        break;
    case 'D':
    case 'S':
    case 'W':
        add_named(&named, (uint8_t)(c + 32));
        negate(&named);
        break;
    case 'x':
        return read_hex(r, class);
    default:
        if (!is_operator(c) && !is_literal(c))
            return false;
        add(&named, c);
    }
    unite(class, &named);
    return true;
}

/* One character, or an escape, of a class in brackets; *ret_single: which it was, 0: several. */
static bool read_member(struct reader *r, struct class *class, uint8_t *ret_single)
{
    uint8_t c = peek(r);

    *ret_single = 0;
    if (c == '\\') {
        size_t before = r->at++;

        if (!read_escape(r, class))
            return false;
        if (r->at - before == 2 && !strchr("dDsSwW", r->text.ptr[before + 1]))
            *ret_single = r->text.ptr[before + 1];
        return true;
    }
    if (!is_literal(c) && !(is_operator(c) && c != ']' && c != '['))
        return false;
    r->at++;
    add(class, c);
    *ret_single = c;
    return true;
}

/* Behind '['. */
static bool read_brackets(struct reader *r, struct class *class)
{
    bool negated = peek(r) == '^';

    r->at += negated;
    if (peek(r) == ']')
        return false;
    while (peek(r) != ']') {
        uint8_t from = 0, to = 0;
        struct class end = {.others = false};

        if (!read_member(r, class, &from))
            return false;
        if (from == 0 || peek(r) != '-' || r->at + 1 >= r->text.size ||
            r->text.ptr[r->at + 1] == ']')
            continue;
        r->at++;
        if (!read_member(r, &end, &to) || to < from)
            return false;
        add_range(class, from, to);
    }
    r->at++;
    if (negated)
        negate(class);
    return true;
}

static bool read_class(struct reader *r, struct class *class)
{
    uint8_t c = peek(r);

    if (r->at == r->text.size)
        return false;
    r->at++;
    if (c == '.') {
        negate(class);
        return true;
    }
    if (c == '\\')
        return read_escape(r, class);
    if (c == '[')
        return read_brackets(r, class);
    if (!is_literal(c))
        return false;
    add(class, c);
    return true;
}

/* ---- how often ---- */

struct count {
    uint64_t min, max;
    bool endless;
};

static bool read_digits(struct reader *r, uint64_t otherwise, uint64_t *ret)
{
    size_t from = r->at;

    while (peek(r) >= '0' && peek(r) <= '9')
        r->at++;
    *ret = otherwise;
    return r->at == from || bytes_to_uint64(bytes_slice(r->text, from, r->at - from), ret);
}

/* Behind '{'. A blank may stand behind the comma, as in AWS's page. */
static bool read_braces(struct reader *r, struct count *count)
{
    size_t from = r->at, before = 0;

    if (!read_digits(r, 0, &count->min))
        return false;
    count->max = count->min;
    before = r->at;
    if (peek(r) == ',') {
        r->at++;
        while (peek(r) == ' ')
            r->at++;
        before = r->at;
        if (!read_digits(r, UINT64_MAX, &count->max))
            return false;
        count->endless = r->at == before;
    }
    if (peek(r) != '}' || (r->at == before && before == from) || count->max < count->min)
        return false;
    r->at++;
    return count->endless || count->max > 0;
}

static bool read_count(struct reader *r, struct count *count)
{
    *count = (struct count){1, 1, false};
    switch (peek(r)) {
    case '?':
        count->min = 0;
        break;
    case '*':
        count->min = 0;
        count->endless = true;
        break;
    case '+':
        count->endless = true;
        break;
    case '{':
        r->at++;
        return read_braces(r, count);
    default:
        return true;
    }
    r->at++;
    return true;
}

/* ---- alternatives ---- */

static enum status add_atoms(struct reader *r, struct alternative *alternative, size_t *capacity,
                             const struct class *class, const struct count *count)
{
    uint64_t wanted = count->endless ? count->min + (count->min == 0) : count->max;

    if (wanted > REGEX_ATOMS_MAX - r->atoms)
        return TOO_LARGE;
    r->atoms += wanted;
    alternative->atoms = arena_grow(r->arena, alternative->atoms, alternative->count,
                                    alternative->count + wanted, capacity, sizeof(struct atom));
    for (uint64_t i = 0; i < wanted; i++)
        alternative->atoms[alternative->count++] =
            (struct atom){*class, i >= count->min, count->endless && i + 1 == wanted};
    return OK;
}

static enum status read_alternative(struct reader *r, struct alternative *alternative)
{
    size_t capacity = 0;
    enum status status = OK;

    if (peek(r) == '^') {
        alternative->at_start = true;
        r->at++;
    }
    while (status == OK && r->at < r->text.size && peek(r) != '|') {
        struct class class = {.others = false};
        struct count count;

        if (peek(r) == '$') {
            r->at++;
            alternative->at_end = true;
            return r->at == r->text.size || peek(r) == '|' ? OK : MALFORMED;
        }
        if (!read_class(r, &class) || !read_count(r, &count))
            return MALFORMED;
        status = add_atoms(r, alternative, &capacity, &class, &count);
    }
    if (status == OK && alternative->count == 0 && !alternative->at_start)
        return MALFORMED;
    return status;
}

enum status regex_parse(struct arena *arena, struct bytes text, const struct regex **ret)
{
    struct regex *regex = ARENA_NEW(arena, struct regex);
    struct reader r = {.arena = arena, .text = text};
    size_t capacity = 0;
    enum status status = OK;

    regex->text = arena_copy(arena, text);
    do {
        regex->alternatives = arena_grow(arena, regex->alternatives, regex->count, regex->count + 1,
                                         &capacity, sizeof *regex->alternatives);
        regex->alternatives[regex->count] = (struct alternative){.count = 0};
        status = read_alternative(&r, &regex->alternatives[regex->count++]);
    } while (status == OK && r.at++ < text.size);
    *ret = regex;
    return status;
}

struct bytes regex_text(const struct regex *regex)
{
    return regex->text;
}

/* ---- matching ---- */

/* Which atoms may come next; [count] is the end. */
struct states {
    bool in[REGEX_ATOMS_MAX + 1];
};

/* What may be left out leads on. */
static void close_states(const struct alternative *alternative, struct states *states)
{
    for (size_t i = 0; i < alternative->count; i++)
        if (states->in[i] && alternative->atoms[i].optional)
            states->in[i + 1] = true;
}

static void step(const struct alternative *alternative, const struct states *now,
                 struct states *next, uint8_t c)
{
    memset(next->in, 0, alternative->count + 1);
    for (size_t i = 0; i < alternative->count; i++) {
        const struct atom *atom = &alternative->atoms[i];

        if (!now->in[i] || !has(&atom->class, c))
            continue;
        next->in[i + 1] = true;
        next->in[i] = next->in[i] || atom->again;
    }
}

/* The end of the character that begins here. */
static size_t behind(struct bytes text, size_t at)
{
    at++;
    while (at < text.size && (text.ptr[at] & 0xC0) == 0x80)
        at++;
    return at;
}

static bool alternative_matches(const struct alternative *alternative, struct bytes text)
{
    struct states sets[2] = {{{false}}, {{false}}};
    struct states *now = &sets[0], *next = &sets[1];

    for (size_t at = 0;; at = behind(text, at)) {
        struct states *other = now;

        now->in[0] = now->in[0] || at == 0 || !alternative->at_start;
        close_states(alternative, now);
        if (now->in[alternative->count] && (!alternative->at_end || at == text.size))
            return true;
        if (at == text.size)
            return false;
        step(alternative, now, next, text.ptr[at]);
        now = next;
        next = other;
    }
}

bool regex_matches(const struct regex *regex, struct bytes text)
{
    for (size_t i = 0; i < regex->count; i++)
        if (alternative_matches(&regex->alternatives[i], text))
            return true;
    return false;
}
