/* check/facts.c - see facts.h. */
#include "check/facts.h"

#include "base/map.h"

/* A single wrong row of ten million is then one of some hundred that are kept. */
#define SUMS ((size_t)1 << 16)
/* When nearly every row is wrong, some of them will do. */
#define BAD_SUMS_MAX ((size_t)256)

struct row {
    struct bytes expected, there;
    bool is_expected, is_there;
};

struct facts {
    uint64_t *sums;
    bool again;
    bool *bad; /* which sums are not zero; with `again` */
    struct map rows;
    struct arena *arena;
};

struct facts *facts_new(void)
{
    struct facts *facts = mem_new(sizeof *facts);

    facts->sums = mem_new_array(SUMS, sizeof *facts->sums);
    facts->arena = arena_new();
    return facts;
}

void facts_free(struct facts *facts)
{
    if (facts == NULL)
        return;
    map_free(&facts->rows);
    arena_free(facts->arena);
    mem_free(facts->bad);
    mem_free(facts->sums);
    mem_free(facts);
}

/* Of two hashes; the multiplier is that of a 64-bit congruential generator (Knuth, MMIX). */
static uint64_t mix(uint64_t key, uint64_t value)
{
    uint64_t x = (key ^ (value * 0x5851F42D4C957F2Du)) + 0x14057B7EF767814Fu;

    x = (x ^ x >> 32) * 0xD6E8FEB86659FD93u;
    return x ^ x >> 32;
}

static struct row *keep(struct facts *facts, struct bytes key)
{
    struct row *row = map_get(&facts->rows, key);

    if (row != NULL || arena_size(facts->arena) > FACTS_KEPT_SIZE_MAX)
        return row;
    row = ARENA_NEW(facts->arena, struct row);
    map_put(&facts->rows, key, row);
    return row;
}

static void add(struct facts *facts, struct bytes key, struct bytes value, bool there)
{
    uint64_t hash = map_hash(key);
    size_t at = hash % SUMS;

    if (!facts->again) {
        uint64_t fact = mix(hash, map_hash(value));

        facts->sums[at] += there ? -fact : fact;
        return;
    }
    if (!facts->bad[at])
        return;

    struct row *row = keep(facts, key);

    if (row == NULL)
        return;
    if (there) {
        row->there = arena_copy(facts->arena, value);
        row->is_there = true;
    } else {
        row->expected = arena_copy(facts->arena, value);
        row->is_expected = true;
    }
}

void facts_expect(struct facts *facts, struct bytes key, struct bytes value)
{
    add(facts, key, value, false);
}

void facts_there(struct facts *facts, struct bytes key, struct bytes value)
{
    add(facts, key, value, true);
}

bool facts_agree(const struct facts *facts)
{
    for (size_t i = 0; i < SUMS; i++)
        if (facts->sums[i] != 0)
            return false;
    return true;
}

void facts_begin_again(struct facts *facts)
{
    size_t bad = 0;

    facts->again = true;
    facts->bad = mem_new_array(SUMS, sizeof *facts->bad);
    for (size_t i = 0; i < SUMS && bad < BAD_SUMS_MAX; i++) {
        facts->bad[i] = facts->sums[i] != 0;
        bad += facts->bad[i];
    }
}

void facts_tell(struct facts *facts,
                void (*tell)(void *context, struct bytes key, const struct bytes *expected,
                             const struct bytes *there),
                void *context)
{
    struct bytes key;
    void *value = NULL;

    for (size_t i = 0; map_next(&facts->rows, &i, &key, &value);) {
        const struct row *row = value;

        if (row->is_expected && row->is_there && bytes_equal(row->expected, row->there))
            continue;
        tell(context, key, row->is_expected ? &row->expected : NULL,
             row->is_there ? &row->there : NULL);
    }
}
