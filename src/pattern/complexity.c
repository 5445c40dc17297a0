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
/* Sets of states; those of real patterns have some hundreds. More than this is too complex. */
#define SETS_MAX 4096

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
    struct state_set sets[SETS_MAX];
    size_t set_count;
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
            if (c->set_count == SETS_MAX)
                return true;
            remember(c, step(c, &set, bytes[i]));
        }
    }
    return false;
}

/* ---- the whole ---- */

static size_t count_all_tokens(const struct condition *conditions, size_t count,
                               size_t *ret_wildcards)
{
    size_t tokens = 0;

    for (size_t i = 0; i < count; i++)
        for (size_t j = 0;
             conditions[i].kind == CONDITION_WILDCARD && j < conditions[i].operand_count; j++) {
            tokens += count_tokens(&conditions[i].operands[j]);
            ++*ret_wildcards;
        }
    return tokens;
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

bool complexity_is_too_high(const struct condition *conditions, size_t count)
{
    size_t wildcards = 0, tokens = count_all_tokens(conditions, count, &wildcards);

    if (wildcards == 0)
        return false;
    AUTO(arena_release) struct arena *arena = arena_new();
    struct complexity *c = ARENA_NEW(arena, struct complexity);

    c->arena = arena;
    c->known = MAP_INIT;
    c->tokens = ARENA_NEW_ARRAY(arena, tokens, struct token);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0;
             conditions[i].kind == CONDITION_WILDCARD && j < conditions[i].operand_count; j++)
            add_wildcard(c, &conditions[i].operands[j], i);
    remember(c, first_set(c, wildcards));
    bool too_high = any_set_too_large(c);

    map_free(&c->known);
    return too_high;
}
