/* journey/links.c - by what hops are found; see internal.h.
 *
 * A bucket is a line of the processor's cache, and a place in it has a part of the hash: 10,000
 * journeys are more than its caches hold, so who looks for what is not there, enters or leaves
 * reads that line and no hop.
 *
 *   bucket --> tags (2 each) | count | hops, the oldest first | an older bucket, that got full
 *
 * Trace and span ids that we make have no place of their own: their lower half is the hash by which
 * the top of their journey is found. */
#include "journey/internal.h"

#include "base/map.h"

/* ---- hashes ---- */

/* What dynlog itself makes needs no hash that withstands who chooses it. */
static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
    return hash ^ hash >> 29;
}

/* A trace may be a client's. Positions come one after the other: so do their buckets, of two
 * positions each. */
uint32_t hash_number(enum link_kind kind, uint64_t number)
{
    uint8_t bytes[8];

    if (kind == LINK_POSITION)
        return (uint32_t)(mix(kind, number) >> 48 << 16 | (number >> 1 & UINT16_MAX));
    if (kind != LINK_TRACE)
        return (uint32_t)(mix(kind, number) >> 32);
    bytes_put_u64(bytes, number);
    return (uint32_t)map_hash(bytes_of(bytes, sizeof bytes));
}

static uint64_t hash_id(struct bytes id)
{
    uint64_t hash = id.size, word = 0;
    size_t i = 0;

    for (; i + 8 <= id.size; i += 8) {
        memcpy(&word, id.ptr + i, 8);
        hash = mix(hash, word);
    }
    word = 0;
    if (i < id.size)
        memcpy(&word, id.ptr + i, id.size - i);
    return mix(hash, word);
}

uint32_t hash_text(enum link_kind kind, struct bytes text)
{
    return (uint32_t)(kind == LINK_ID ? hash_id(text) >> 32 : map_hash(text));
}

/* ---- places ---- */

static uint16_t tag_of(enum link_kind kind, uint32_t hash)
{
    return (uint16_t)(hash >> 16 << LINK_KIND_BITS | kind);
}

static struct bucket *bucket_of(const struct journeys *journeys, uint32_t hash)
{
    assert(journeys->buckets != NULL);
    return &journeys->buckets[hash & (JOURNEY_BUCKETS - 1)];
}

/* Each begins where a line of the cache does. */
static void buckets_new(struct journeys *journeys)
{
    uintptr_t memory = 0;

    journeys->buckets_memory = mem_new_array(JOURNEY_BUCKETS + 1, sizeof(struct bucket));
    memory = (uintptr_t)journeys->buckets_memory + sizeof(struct bucket) - 1;
    journeys->buckets = (struct bucket *)(memory - memory % sizeof(struct bucket));
}

void link_enter(struct hop *hop, struct link *link, enum link_kind kind, uint32_t hash)
{
    struct journeys *journeys = hop->root->journeys;

    assert(link->kind == LINK_NONE);
    *link = (struct link){hash, kind};
    if (journeys->buckets == NULL)
        buckets_new(journeys);

    struct bucket *bucket = bucket_of(journeys, hash);

    if (bucket->count == BUCKET_HOPS_MAX) {
        struct bucket *older = mem_new(sizeof *older);

        *older = *bucket;
        *bucket = (struct bucket){.older = older};
    }
    bucket->tags[bucket->count] = tag_of(kind, hash);
    bucket->hops[bucket->count++] = hop;
}

static bool bucket_forget(struct bucket *bucket, const struct hop *hop, uint16_t tag)
{
    for (size_t i = 0; i < bucket->count; i++) {
        if (bucket->tags[i] != tag || bucket->hops[i] != hop)
            continue;
        bucket->count--;
        for (; i < bucket->count; i++) {
            bucket->tags[i] = bucket->tags[i + 1];
            bucket->hops[i] = bucket->hops[i + 1];
        }
        return true;
    }
    return false;
}

void link_leave(const struct hop *hop, struct link *link)
{
    struct bucket *bucket = NULL;
    uint16_t tag = tag_of(link->kind, link->hash);

    if (link->kind == LINK_NONE)
        return;
    link->kind = LINK_NONE;
    bucket = bucket_of(hop->root->journeys, link->hash);
    if (bucket_forget(bucket, hop, tag))
        return;
    for (struct bucket *newer = bucket; (bucket = newer->older) != NULL; newer = bucket) {
        if (!bucket_forget(bucket, hop, tag))
            continue;
        if (bucket->count == 0) {
            newer->older = bucket->older;
            mem_free(bucket);
        }
        return;
    }
    assert(false && "what has a link is in the index");
}

void links_free(struct journeys *journeys)
{
    for (size_t i = 0; journeys->buckets != NULL && i < JOURNEY_BUCKETS; i++)
        assert(journeys->buckets[i].count == 0 && journeys->buckets[i].older == NULL);
    mem_free(journeys->buckets_memory);
}

struct seeking links_seek(const struct journeys *journeys, enum link_kind kind, uint32_t hash)
{
    struct seeking seeking = {.tag = tag_of(kind, hash)};

    if (journeys->buckets != NULL)
        seeking.bucket = bucket_of(journeys, hash);
    seeking.mask = kind == LINK_NONE ? (uint16_t)(UINT16_MAX << LINK_KIND_BITS) : UINT16_MAX;
    seeking.left = seeking.bucket != NULL ? seeking.bucket->count : 0;
    return seeking;
}

struct hop *links_next(struct seeking *seeking)
{
    while (seeking->bucket != NULL) {
        while (seeking->left > 0)
            if ((seeking->bucket->tags[--seeking->left] & seeking->mask) == seeking->tag)
                return seeking->bucket->hops[seeking->left];
        seeking->bucket = seeking->bucket->older;
        seeking->left = seeking->bucket != NULL ? seeking->bucket->count : 0;
    }
    return NULL;
}

/* ---- what is looked for ---- */

struct hop *find_text(const struct journeys *journeys, enum link_kind kind, struct bytes text,
                      const struct hop *after)
{
    enum hop_text name = kind == LINK_KEY ? TEXT_KEY : TEXT_ID;
    bool skipping = after != NULL;
    struct hop *hop = NULL;

    struct seeking seeking = links_seek(journeys, kind, hash_text(kind, text));

    while ((hop = links_next(&seeking)) != NULL) {
        if (!bytes_equal(hop_text(hop, name), text_cut(text)))
            continue;
        if (!skipping)
            return hop;
        skipping = hop != after;
    }
    return NULL;
}

struct hop *find_position(const struct journeys *journeys, uint64_t position)
{
    struct seeking seeking =
        links_seek(journeys, LINK_POSITION, hash_number(LINK_POSITION, position));
    struct hop *hop = NULL;

    while ((hop = links_next(&seeking)) != NULL)
        if (hop->position == position)
            return hop;
    return NULL;
}

struct hop *find_message(const struct journeys *journeys, const uint64_t id[2])
{
    struct seeking seeking =
        links_seek(journeys, LINK_MESSAGE, hash_number(LINK_MESSAGE, id[0] ^ id[1]));
    struct hop *hop = NULL;

    while ((hop = links_next(&seeking)) != NULL)
        if (hop->message[0] == id[0] && hop->message[1] == id[1])
            return hop;
    return NULL;
}

static bool has_trace(const struct hop *hop, const struct trace *trace)
{
    return hop->root->trace.low == trace->low && hop->root->trace.high == trace->high;
}

struct hop *find_trace(const struct journeys *journeys, const struct trace *trace)
{
    struct seeking seeking = links_seek(journeys, LINK_TRACE, hash_number(LINK_TRACE, trace->low));
    struct hop *hop = NULL;

    while ((hop = links_next(&seeking)) != NULL)
        if (has_trace(hop, trace))
            return hop;
    seeking = links_seek(journeys, LINK_NONE, (uint32_t)trace->low);
    while ((hop = links_next(&seeking)) != NULL)
        if (has_trace(hop, trace))
            return hop->root->top;
    return NULL;
}

static struct hop *attempt_below(struct hop *hop, uint64_t span)
{
    struct hop *found = NULL;

    if (hop->kind == HOP_ATTEMPT && hop->span == span)
        return hop;
    for (struct hop *child = hop->first; child != NULL && found == NULL; child = child->next)
        found = attempt_below(child, span);
    return found;
}

struct hop *find_span(const struct journeys *journeys, uint64_t span)
{
    struct seeking seeking = links_seek(journeys, LINK_NONE, (uint32_t)span);
    struct hop *hop = NULL, *found = NULL;

    while (found == NULL && (hop = links_next(&seeking)) != NULL)
        found = attempt_below(hop, span);
    return found;
}
