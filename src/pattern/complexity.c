/* pattern/complexity.c - see complexity.h.
 *
 * The wildcards, with a quote on either side as that engine has them, stand behind each other as
 * tokens. State i is "token i was the last that a beginning of the value took"; a star takes
 * nothing or anything:
 *
 *   "  a  *  b  "      after "a: {1}; after "ax: {2}; after "axb: {2, 3}
 *   0  1  2  3  4
 *
 * All sets of states that can be reached are looked at, the first one too large ends it. */
#include "pattern/complexity.h"

#include "base/map.h"

#include <stdlib.h>

#define STAR 256
#define QUOTE '"'
#define OTHER 257 /* a byte that stands in no wildcard */
/* Sets of states, of all fields of a pattern; real ones have some hundreds. More is too complex. */
#define SETS_MAX 16384

struct token {
    uint16_t byte;    /* or STAR */
    uint16_t term;    /* the condition; one anything-but counts once for what its wildcards share */
    uint32_t first;   /* of its wildcard */
    bool determinate; /* no star before it */
    bool last;
};

struct state_set {
    uint32_t *states; /* ascending */
    size_t count;
};

struct complexity {
    struct arena *arena;
    struct token *tokens;
    size_t token_count;
    struct state_set *sets;
    size_t set_count, sets_max;
    struct map known; /* the sets by their bytes */
};

/* ---- tokens ---- */

static size_t count_tokens(const struct operand *operand)
{
    size_t count = operand->piece_count + 1; /* stars and quotes */

    for (size_t i = 0; i < operand->piece_count; i++)
        count += operand->pieces[i].size;
    return count;
}

static void add_token(struct complexity *c, const struct token *like, uint16_t byte)
{
    c->tokens[c->token_count] = *like;
    c->tokens[c->token_count++].byte = byte;
}

static void add_wildcard(struct complexity *c, const struct operand *operand, size_t term)
{
    struct token like = {
        .term = (uint16_t)term, .first = (uint32_t)c->token_count, .determinate = true};

    add_token(c, &like, QUOTE);
    for (size_t i = 0; i < operand->piece_count; i++) {
        if (i > 0) {
            add_token(c, &like, STAR);
            like.determinate = false;
        }
        for (size_t j = 0; j < operand->pieces[i].size; j++)
            add_token(c, &like, operand->pieces[i].ptr[j]);
    }
    like.last = true;
    add_token(c, &like, QUOTE);
}

/* ---- sets ---- */

static int compare_states(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

static bool has_state(const struct state_set *set, uint32_t state)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->states[i] == state)
            return true;
    return false;
}

/* Two wildcards of one condition share what is the same before and with their first star, and
 * their end. */
static bool is_shared(const struct complexity *c, uint32_t a, uint32_t b)
{
    const struct token *x = &c->tokens[a], *y = &c->tokens[b];

    if (x->term != y->term || x->first == y->first)
        return false;
    if (x->last || y->last)
        return x->last && y->last;
    if (!x->determinate || !y->determinate || a - x->first != b - y->first)
        return false;
    for (uint32_t i = 0; i <= a - x->first; i++)
        if (c->tokens[x->first + i].byte != c->tokens[y->first + i].byte)
            return false;
    return true;
}

static bool is_counted_before(const struct complexity *c, const struct state_set *set, size_t end,
                              uint32_t state)
{
    for (size_t i = 0; i < end; i++)
        if (is_shared(c, set->states[i], state))
            return true;
    return false;
}

static bool is_before_star(const struct complexity *c, uint32_t state)
{
    return !c->tokens[state].last && c->tokens[state + 1].byte == STAR;
}

static size_t measure(const struct complexity *c, const struct state_set *set)
{
    size_t size = 0;

    for (size_t i = 0; i < set->count; i++) {
        uint32_t state = set->states[i];

        if (is_counted_before(c, set, i, state))
            continue;
        size++;
        size += is_before_star(c, state) && !has_state(set, state + 1);
    }
    return size;
}

/* True when it is new. */
static bool remember(struct complexity *c, struct state_set set)
{
    struct bytes key = bytes_of(set.states, set.count * sizeof *set.states);

    if (set.count == 0 || map_get(&c->known, key) != NULL)
        return false;
    map_put(&c->known, key, c);
    c->sets[c->set_count++] = set;
    return true;
}

/* ---- steps ---- */

static void add_state(struct state_set *set, uint32_t state)
{
    if (!has_state(set, state))
        set->states[set->count++] = state;
}

/* What one state leads to by a byte. */
static void step_state(const struct complexity *c, uint32_t state, uint16_t byte,
                       struct state_set *next)
{
    const struct token *tokens = c->tokens;

    if (tokens[state].byte == STAR)
        add_state(next, state);
    if (tokens[state].last)
        return;
    if (tokens[state + 1].byte == byte)
        add_state(next, state + 1);
    if (tokens[state + 1].byte != STAR)
        return;
    add_state(next, state + 1);
    if (tokens[state + 2].byte == byte) /* the star took nothing */
        add_state(next, state + 2);
}

static struct state_set step(struct complexity *c, const struct state_set *set, uint16_t byte)
{
    struct state_set next = {ARENA_NEW_ARRAY(c->arena, 3 * set->count, uint32_t), 0};

    for (size_t i = 0; i < set->count; i++)
        step_state(c, set->states[i], byte, &next);
    qsort(next.states, next.count, sizeof *next.states, compare_states);
    return next;
}

/* The bytes that tell the set's states apart: what stands next in their wildcards. */
static size_t next_bytes(const struct complexity *c, const struct state_set *set, uint16_t *bytes)
{
    size_t count = 0;

    bytes[count++] = OTHER;
    for (size_t i = 0; i < set->count; i++)
        for (uint32_t at = set->states[i] + 1; at <= set->states[i] + 2 && at < c->token_count;
             at++)
            if (c->tokens[at].byte != STAR)
                bytes[count++] = c->tokens[at].byte;
    return count;
}

static bool any_set_too_large(struct complexity *c)
{
    for (size_t at = 0; at < c->set_count; at++) {
        struct state_set set = c->sets[at];
        uint16_t *bytes = ARENA_NEW_ARRAY(c->arena, 2 * set.count + 1, uint16_t);
        size_t count = next_bytes(c, &set, bytes);

        if (measure(c, &set) > COMPLEXITY_MAX)
            return true;
        for (size_t i = 0; i < count; i++) {
            if (c->set_count == c->sets_max)
                return true;
            remember(c, step(c, &set, bytes[i]));
        }
    }
    return false;
}

/* ---- one field ---- */

/* What is said of one field, by one alternative of $or or by several. */
struct said {
    const struct pattern_field **fields;
    size_t count, capacity;
};

static size_t count_all_tokens(const struct said *said, size_t *ret_wildcards)
{
    size_t tokens = 0;

    for (size_t i = 0; i < said->count; i++)
        for (size_t j = 0; j < said->fields[i]->condition_count; j++) {
            const struct condition *condition = &said->fields[i]->conditions[j];

            if (condition->kind != CONDITION_WILDCARD)
                continue;
            *ret_wildcards += condition->operand_count;
            for (size_t k = 0; k < condition->operand_count; k++)
                tokens += count_tokens(&condition->operands[k]);
        }
    return tokens;
}

static void add_all_wildcards(struct complexity *c, const struct said *said)
{
    uint16_t term = 0;

    for (size_t i = 0; i < said->count; i++)
        for (size_t j = 0; j < said->fields[i]->condition_count; j++, term++) {
            const struct condition *condition = &said->fields[i]->conditions[j];

            for (size_t k = 0;
                 condition->kind == CONDITION_WILDCARD && k < condition->operand_count; k++)
                add_wildcard(c, &condition->operands[k], term);
        }
}

/* A value begins with its quote, which every wildcard takes. */
static struct state_set first_set(struct complexity *c, size_t wildcards)
{
    struct state_set set = {ARENA_NEW_ARRAY(c->arena, wildcards, uint32_t), 0};

    for (size_t i = 0; i < c->token_count; i++)
        if (c->tokens[i].first == i)
            set.states[set.count++] = (uint32_t)i;
    return set;
}

/* *sets_left: how many more sets may be looked at, for all fields of the pattern. */
static bool is_field_too_complex(const struct said *said, size_t *sets_left)
{
    size_t wildcards = 0, tokens = count_all_tokens(said, &wildcards);

    if (wildcards == 0)
        return false;
    if (*sets_left == 0)
        return true;
    AUTO(arena_release) struct arena *arena = arena_new();
    struct complexity *c = ARENA_NEW(arena, struct complexity);

    c->arena = arena;
    c->sets = ARENA_NEW_ARRAY(arena, *sets_left, struct state_set);
    c->sets_max = *sets_left;
    c->tokens = ARENA_NEW_ARRAY(arena, tokens, struct token);
    add_all_wildcards(c, said);
    remember(c, first_set(c, wildcards));
    bool too_complex = any_set_too_large(c);

    *sets_left -= c->set_count;
    map_free(&c->known);
    return too_complex;
}

/* ---- the whole ---- */

static int compare_paths(const void *a, const void *b)
{
    const struct pattern_field *const *x = a, *const *y = b;

    return bytes_compare((*x)->path, (*y)->path);
}

static bool is_said(const struct said *said, const struct pattern_field *field)
{
    for (size_t i = 0; i < said->count; i++)
        if (said->fields[i]->conditions == field->conditions)
            return true;
    return false;
}

/* Sorts what the branch says of its fields to what others said of them, after the same. */
static void note_branch(struct arena *arena, struct map *all, const struct pattern_branch *branch)
{
    AUTO(buffer_free) struct buffer before = BUFFER_INIT((size_t)1024 * 1024);
    const struct pattern_field **fields =
        ARENA_NEW_ARRAY(arena, branch->field_count, const struct pattern_field *);

    for (size_t i = 0; i < branch->field_count; i++)
        fields[i] = &branch->fields[i];
    qsort(fields, branch->field_count, sizeof *fields, compare_paths);
    for (size_t i = 0; i < branch->field_count; i++) {
        size_t before_size = before.size;

        buffer_append(&before, fields[i]->path);
        struct said *said = map_get(all, buffer_bytes(&before));

        if (said == NULL) {
            said = ARENA_NEW(arena, struct said);
            map_put(all, buffer_bytes(&before), said);
        }
        if (!is_said(said, fields[i])) {
            said->fields = arena_grow(arena, said->fields, said->count, said->count + 1,
                                      &said->capacity, sizeof *said->fields);
            said->fields[said->count++] = fields[i];
        }
        before.size = before_size;
        buffer_append(&before, bytes_of(&fields[i]->conditions, sizeof fields[i]->conditions));
    }
}

static bool has_wildcards(const struct pattern *pattern)
{
    for (size_t i = 0; i < pattern->branch_count; i++)
        for (size_t j = 0; j < pattern->branches[i].field_count; j++)
            for (size_t k = 0; k < pattern->branches[i].fields[j].condition_count; k++)
                if (pattern->branches[i].fields[j].conditions[k].kind == CONDITION_WILDCARD)
                    return true;
    return false;
}

bool complexity_is_too_high(const struct pattern *pattern)
{
    AUTO(map_free) struct map all = MAP_INIT;
    size_t sets_left = SETS_MAX;
    bool too_high = false;
    struct bytes key;
    void *said = NULL;

    if (!has_wildcards(pattern))
        return false;
    AUTO(arena_release) struct arena *arena = arena_new();

    for (size_t i = 0; i < pattern->branch_count; i++)
        note_branch(arena, &all, &pattern->branches[i]);
    for (size_t i = 0; !too_high && map_next(&all, &i, &key, &said);)
        too_high = is_field_too_complex(said, &sets_left);
    return too_high;
}
