/* journey/journeys.c - all journeys: their life, writes that nobody has read yet, figures, and who
 * watches; see journey.h. */
#include "journey/internal.h"

#include "base/map.h"

struct journeys *journeys_new(const struct journeys_options *options)
{
    struct journeys *journeys = mem_new(sizeof *journeys);

    journeys->clock = options->clock;
    journeys->size_max = options->size_max > 0 ? options->size_max : JOURNEYS_SIZE_MAX;
    journeys->count_max = options->count_max > 0 ? options->count_max : JOURNEYS_COUNT_MAX;
    list_init(&journeys->all);
    list_init(&journeys->watchers);
    id_random((uint8_t *)&journeys->random, sizeof journeys->random);
    pthread_mutex_init(&journeys->appends_mutex, NULL);
    return journeys;
}

void journeys_free(struct journeys *journeys)
{
    if (journeys == NULL)
        return;
    LIST_EACH (&journeys->all, it)
        root_drop(LIST_ITEM(it, struct root, in_all));
    assert(journeys->batch_count == 0 && journeys->size == 0);
    root_free_spares(journeys);
    links_free(journeys);
    mem_free(journeys->appends);
    pthread_mutex_destroy(&journeys->appends_mutex);
    mem_free(journeys);
}

/* splitmix64: spans and traces have to differ, no more. */
uint64_t journeys_random(struct journeys *journeys)
{
    uint64_t x = journeys->random += 0x9e3779b97f4a7c15U;

    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    x ^= x >> 31;
    return x != 0 ? x : 1;
}

uint64_t root_random(const struct root *root)
{
    return (journeys_random(root->journeys) | 1) << 32 | root->top->link.hash;
}

bool journeys_begin(struct journeys *journeys)
{
    if (journeys == NULL)
        return false;
    journeys->now_ms = clock_now_ms(journeys->clock);
    journeys->now_ns = 0;
    return true;
}

/* ---- writes that nobody has read ---- */

void journey_appended(struct journeys *journeys, struct bytes key, uint64_t position,
                      uint64_t time_ms)
{
    if (journeys == NULL)
        return;
    pthread_mutex_lock(&journeys->appends_mutex);
    if (journeys->appends == NULL)
        journeys->appends = mem_new_array(JOURNEY_APPENDS_MAX, sizeof *journeys->appends);
    journeys->appends[journeys->append_next] = (struct append){map_hash(key), position, time_ms};
    journeys->append_next = (journeys->append_next + 1) % JOURNEY_APPENDS_MAX;
    pthread_mutex_unlock(&journeys->appends_mutex);
}

/* The newest one; NULL: it is forgotten. The mutex is held. */
static const struct append *find_append(const struct journeys *journeys, uint64_t hash)
{
    for (size_t i = 0; journeys->appends != NULL && i < JOURNEY_APPENDS_MAX; i++) {
        size_t at = (journeys->append_next + JOURNEY_APPENDS_MAX - 1 - i) % JOURNEY_APPENDS_MAX;
        const struct append *append = &journeys->appends[at];

        if (append->position == 0)
            return NULL;
        if (append->hash == hash)
            return append;
    }
    return NULL;
}

bool journey_find_append(struct journeys *journeys, struct bytes key, uint64_t *ret_position,
                         uint64_t *ret_time_ms)
{
    const struct append *append = NULL;

    if (journeys == NULL)
        return false;
    pthread_mutex_lock(&journeys->appends_mutex);
    append = find_append(journeys, map_hash(key));
    if (append != NULL) {
        *ret_position = append->position;
        *ret_time_ms = append->time_ms;
    }
    pthread_mutex_unlock(&journeys->appends_mutex);
    return append != NULL;
}

/* ---- figures, and who is told ---- */

void journeys_figures(const struct journeys *journeys, struct journeys_figures *ret)
{
    *ret = (struct journeys_figures){0};
    if (journeys == NULL)
        return;
    *ret = (struct journeys_figures){
        .count = journeys->count,
        .hops = journeys->hop_count,
        .size = journeys->size,
        .recorded_total = journeys->recorded_total,
        .forgotten_total = journeys->forgotten_total,
        .omitted_total = journeys->omitted_total,
    };
}

void journeys_changed(struct journeys *journeys)
{
    LIST_EACH (&journeys->watchers, it) {
        struct journey_watcher *watcher = LIST_ITEM(it, struct journey_watcher, in_journeys);

        watcher->changed(watcher);
    }
}

void journeys_watch(struct journeys *journeys, struct journey_watcher *watcher)
{
    list_append(&journeys->watchers, &watcher->in_journeys);
}

void journeys_unwatch(struct journey_watcher *watcher)
{
    list_remove(&watcher->in_journeys);
}

void journeys_export(struct journeys *journeys,
                     void (*ended)(void *context, const struct journey_span *span), void *context)
{
    if (journeys == NULL)
        return;
    journeys->ended = ended;
    journeys->context = context;
}

/* ---- for tests ---- */

static size_t check_hops(const struct root *root, const struct hop *hop, size_t *size)
{
    size_t count = 1;

    assert(hop->root == root);
    if (hop->late != NULL)
        *size += hop->late_size + JOURNEY_ALLOCATION_SIZE;
    for (const struct hop *child = hop->first; child != NULL; child = child->next) {
        assert(child->parent == hop);
        count += check_hops(root, child, size);
    }
    return count;
}

static void check_root(const struct root *root)
{
    size_t size = 0, hop_count = 0;

    assert(root->top != NULL);
    hop_count = check_hops(root, root->top, &size);
    assert(hop_count == root->hop_count);
    for (const struct block *block = root->blocks; block != NULL; block = block->next)
        size += block->size + JOURNEY_ALLOCATION_SIZE;
    assert(size == root->size && size <= JOURNEY_SIZE_MAX);
    assert(root->hop_count <= JOURNEY_HOPS_MAX);
}

/* Also of batches in batches: none of them is in itself, or this would not end. */
static size_t check_references(const struct hop *hop)
{
    size_t count = 0;

    if (hop->kind == HOP_BATCH_REF) {
        check_root(hop->shared->root);
        return 1 + check_references(hop->shared);
    }
    for (const struct hop *child = hop->first; child != NULL; child = child->next)
        count += check_references(child);
    return count;
}

void journeys_check(const struct journeys *journeys)
{
    size_t count = 0, references = 0;

    assert(journeys->size <= journeys->size_max && journeys->count <= journeys->count_max);
    LIST_EACH (&journeys->all, it) {
        const struct root *root = LIST_ITEM(it, struct root, in_all);

        check_root(root);
        count++;
        references += check_references(root->top);
    }
    assert(count == journeys->count);
    assert(references >= journeys->batch_count && "every batch is some journey's");
}
