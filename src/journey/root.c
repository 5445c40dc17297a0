/* journey/root.c - one journey, or one batch: its memory, and who goes when there is no room; see
 * internal.h. */
#include "journey/internal.h"

/* ---- blocks ---- */

static struct block *block_new(struct journeys *journeys, size_t size)
{
    struct block *block = NULL;

    if (size == JOURNEY_BLOCK_SIZE && journeys->spare != NULL) {
        block = journeys->spare;
        journeys->spare = block->next;
        journeys->spare_size -= size;
    } else {
        block = mem_new(size);
    }
    block->size = size;
    block->used = sizeof *block;
    journeys->size += size + JOURNEY_ALLOCATION_SIZE;
    return block;
}

static void block_free(struct journeys *journeys, struct block *block)
{
    journeys->size -= block->size + JOURNEY_ALLOCATION_SIZE;
    if (block->size != JOURNEY_BLOCK_SIZE ||
        journeys->spare_size + block->size > JOURNEY_SPARE_SIZE_MAX) {
        mem_free(block);
        return;
    }
    block->next = journeys->spare;
    journeys->spare = block;
    journeys->spare_size += block->size;
}

void root_free_spares(struct journeys *journeys)
{
    for (struct block *block = journeys->spare, *next = NULL; block != NULL; block = next) {
        next = block->next;
        mem_free(block);
    }
}

static void *block_take(struct block *block, size_t size)
{
    void *memory = (uint8_t *)block + block->used;

    assert(block->used + size <= block->size);
    block->used += size;
    return memset(memory, 0, size);
}

/* ---- room ---- */

/* The only journey of a batch that is to stay: the other reference is that of root_make_room(). */
static bool holds_up(const struct root *journey, const struct root *batch)
{
    return batch != NULL && batch->references == 2 && hop_refers(journey->top, batch);
}

/* The oldest that may go. False: all are held. */
static bool drop_oldest(struct journeys *journeys, const struct root *batch)
{
    LIST_EACH (&journeys->all, it) {
        struct root *root = LIST_ITEM(it, struct root, in_all);

        if (root->held > 0 || holds_up(root, batch))
            continue;
        root_drop(root);
        journeys->forgotten_total++;
        return true;
    }
    return false;
}

static bool make_room(struct journeys *journeys, size_t size, const struct root *batch)
{
    while (journeys->size + size > journeys->size_max)
        if (!drop_oldest(journeys, batch))
            return false;
    return true;
}

/* ---- life ---- */

struct root *root_new(struct journeys *journeys, bool is_batch)
{
    struct root *root = NULL;

    while (!is_batch && journeys->count >= journeys->count_max)
        if (!drop_oldest(journeys, NULL))
            return NULL;
    if (!make_room(journeys, JOURNEY_BLOCK_SIZE + JOURNEY_ALLOCATION_SIZE, NULL))
        return NULL;
    struct block *block = block_new(journeys, JOURNEY_BLOCK_SIZE);

    block->next = NULL;
    root = block_take(block, sizeof *root);
    root->blocks = block;
    root->journeys = journeys;
    root->is_batch = is_batch;
    root->size = block->size + JOURNEY_ALLOCATION_SIZE;
    list_init(&root->in_all);
    list_init(&root->refers);
    if (is_batch) {
        root->references = 1;
        journeys->batch_count++;
    } else {
        list_append(&journeys->all, &root->in_all);
        journeys->count++;
        journeys->recorded_total++;
    }
    return root;
}

static void root_free(struct root *root)
{
    struct journeys *journeys = root->journeys;

    if (root->top != NULL) {
        link_leave(root->top, &root->by_trace);
        link_leave(root->top, &root->by_key);
        hop_free(root->top);
    }
    assert(root->hop_count == 0);
    for (struct block *block = root->blocks, *next = NULL; block != NULL; block = next) {
        next = block->next; /* the last one has the root */
        block_free(journeys, block);
    }
}

void root_drop(struct root *root)
{
    assert(!root->is_batch);
    list_remove(&root->in_all);
    root->journeys->count--;
    root_free(root);
}

void root_ref(struct root *batch)
{
    assert(batch->is_batch);
    batch->references++;
}

void root_unref(struct root *batch)
{
    assert(batch->is_batch && batch->references > 0);
    if (--batch->references > 0)
        return;
    batch->journeys->batch_count--;
    root_free(batch);
}

bool root_make_room(struct root *root, size_t size)
{
    struct journeys *journeys = root->journeys;
    bool fits = root->size + size <= JOURNEY_SIZE_MAX && root->hop_count < JOURNEY_HOPS_MAX;

    if (root->is_batch)
        root->references++;
    else
        root->held++;
    fits = fits && make_room(journeys, size, root->is_batch ? root : NULL);
    if (root->is_batch)
        root->references--;
    else
        root->held--;
    if (!fits) {
        root->omitted++;
        journeys->omitted_total++;
    }
    return fits;
}

/* ---- memory of its hops ---- */

static size_t rounded(size_t size)
{
    return (size + sizeof(uint64_t) - 1) / sizeof(uint64_t) * sizeof(uint64_t);
}

/* Of those that were given back; the one before it points to it. NULL: none has that size. */
static struct piece **find_piece(struct root *root, size_t size)
{
    for (struct piece **at = &root->pieces; *at != NULL; at = &(*at)->next)
        if ((*at)->size == size)
            return at;
    return NULL;
}

static void block_add(struct root *root, size_t size)
{
    struct block *block = block_new(root->journeys, size);

    block->next = root->blocks;
    root->blocks = block;
    root->size += size + JOURNEY_ALLOCATION_SIZE;
}

void *root_take(struct root *root, size_t size)
{
    size_t taken = rounded(size), block_size = sizeof(struct block) + taken;
    struct piece **at = find_piece(root, taken);
    bool fits = at != NULL || root->blocks->used + taken <= root->blocks->size;

    if (block_size < JOURNEY_BLOCK_SIZE)
        block_size = JOURNEY_BLOCK_SIZE;
    if (!root_make_room(root, fits ? 0 : block_size + JOURNEY_ALLOCATION_SIZE))
        return NULL;
    if (at != NULL) {
        struct piece *piece = *at;

        *at = piece->next;
        return memset(piece, 0, taken);
    }
    if (!fits)
        block_add(root, block_size);
    return block_take(root->blocks, taken);
}

void root_give_back(struct root *root, void *memory, size_t size)
{
    struct piece *piece = memory;

    *piece = (struct piece){.next = root->pieces, .size = rounded(size)};
    root->pieces = piece;
}
