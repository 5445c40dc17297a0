/* pattern/index.c - see index.h. */
#include "pattern/index.h"

/* Guesses, for the choice between guards only: what is asked one by one costs more than a look-up,
 * how many ranges overlap is not known, and what nearly every leaf passes leads nearly always to
 * the branch. */
#define COST_KEYED 1
#define COST_KEYED_EACH 4
#define COST_RANGE 32
#define COST_ASKED 64
#define COST_PASSED_BY_MOST 4096

/* ---- lists ---- */

void index_list_add(struct index_list *list, void *branch)
{
    if (list->count == list->capacity) {
        list->capacity = size_max(4, list->capacity * 2);
        list->branches = mem_resize(list->branches, list->capacity * sizeof *list->branches);
    }
    list->branches[list->count++] = branch;
}

void index_list_drop(struct index_list *list, const void *branch)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->branches[i] != branch)
            continue;
        list->branches[i] = list->branches[--list->count];
        return;
    }
}

static void keyed_add(struct map *map, struct bytes key, void *branch)
{
    struct index_list *list = map_get(map, key);

    if (list == NULL) {
        list = mem_new(sizeof *list);
        map_put(map, key, list);
    }
    index_list_add(list, branch);
}

static void keyed_remove(struct map *map, struct bytes key, const void *branch)
{
    struct index_list *list = map_get(map, key);

    if (list == NULL)
        return;
    index_list_drop(list, branch);
    if (list->count > 0)
        return;
    map_remove(map, key);
    mem_free(list->branches);
    mem_free(list);
}

static size_t keyed_count(const struct map *map, struct bytes key)
{
    const struct index_list *list = map_get(map, key);

    return list != NULL ? list->count : 0;
}

static void keyed_free(struct map *map)
{
    struct bytes key;
    void *value = NULL;

    for (size_t i = 0; map_next(map, &i, &key, &value);) {
        struct index_list *list = value;

        mem_free(list->branches);
        mem_free(list);
    }
    map_free(map);
}

/* ---- prefixes and suffixes ---- */

static struct index_size *find_size(struct index_affixes *affixes, size_t size)
{
    for (size_t i = 0; i < affixes->size_count; i++)
        if (affixes->sizes[i].size == size)
            return &affixes->sizes[i];
    return NULL;
}

static void affixes_add(struct index_affixes *affixes, struct bytes text, void *branch)
{
    struct index_size *known = find_size(affixes, text.size);

    keyed_add(&affixes->lists, text, branch);
    if (known != NULL) {
        known->count++;
        return;
    }
    if (affixes->size_count == affixes->size_capacity) {
        affixes->size_capacity = size_max(4, affixes->size_capacity * 2);
        affixes->sizes =
            mem_resize(affixes->sizes, affixes->size_capacity * sizeof *affixes->sizes);
    }
    affixes->sizes[affixes->size_count++] = (struct index_size){text.size, 1};
}

static void affixes_remove(struct index_affixes *affixes, struct bytes text, const void *branch)
{
    struct index_size *known = find_size(affixes, text.size);

    keyed_remove(&affixes->lists, text, branch);
    if (known != NULL && --known->count == 0)
        *known = affixes->sizes[--affixes->size_count];
}

static void affixes_free(struct index_affixes *affixes)
{
    keyed_free(&affixes->lists);
    mem_free(affixes->sizes);
}

/* ---- the index ---- */

void index_free(struct index *index)
{
    keyed_free(&index->texts);
    keyed_free(&index->numbers);
    keyed_free(&index->folded_texts);
    mem_free(index->truths[0].branches);
    mem_free(index->truths[1].branches);
    mem_free(index->nulls.branches);
    affixes_free(&index->prefixes);
    affixes_free(&index->suffixes);
    affixes_free(&index->folded_prefixes);
    affixes_free(&index->folded_suffixes);
    ranges_free(&index->ranges);
    mem_free(index->asked);
    *index = (struct index){0};
}

/* Where the kind's prefixes or suffixes are; NULL for other kinds. */
static const struct index_affixes *affixes_of(const struct index *index, enum condition_kind kind)
{
    if (kind == CONDITION_PREFIX)
        return &index->prefixes;
    if (kind == CONDITION_PREFIX_IGNORE_CASE)
        return &index->folded_prefixes;
    if (kind == CONDITION_SUFFIX)
        return &index->suffixes;
    if (kind == CONDITION_SUFFIX_IGNORE_CASE)
        return &index->folded_suffixes;
    return NULL;
}

/* Where a condition of one operand that is found by hashing stands; all NULL when it is not. */
struct place_of {
    const struct map *map;
    const struct index_affixes *affixes;
    const struct index_list *list;
    struct bytes key;
};

static struct place_of find_place(const struct index *index, const struct condition *condition)
{
    const struct leaf *leaf = condition->operand_count > 0 ? &condition->operands[0].leaf : NULL;
    struct place_of place = {0};

    assert(index != NULL);
    if (condition->anything_but || leaf == NULL)
        return place;
    place.key = leaf->text;
    place.affixes = affixes_of(index, condition->kind);
    if (condition->kind == CONDITION_EQUAL_IGNORE_CASE)
        place.map = &index->folded_texts;
    if (condition->kind != CONDITION_EQUAL)
        return place;
    if (leaf->type == JSON_STRING)
        place.map = &index->texts;
    else if (leaf->type == JSON_NUMBER)
        place.map = &index->numbers;
    else
        place.list = leaf->type == JSON_NULL ? &index->nulls : &index->truths[leaf->truth];
    return place;
}

size_t index_cost(const struct index *index, const struct condition *condition)
{
    struct place_of place = find_place(index, condition);

    if (condition->kind == CONDITION_EXISTS || condition->anything_but ||
        (place.affixes != NULL && place.key.size == 0))
        return COST_PASSED_BY_MOST + index->asked_count;
    if (place.affixes != NULL)
        return COST_KEYED + COST_KEYED_EACH * keyed_count(&place.affixes->lists, place.key);
    if (place.map != NULL)
        return COST_KEYED + COST_KEYED_EACH * keyed_count(place.map, place.key);
    if (place.list != NULL)
        return COST_KEYED + COST_KEYED_EACH * place.list->count;
    return condition->kind == CONDITION_NUMERIC ? COST_RANGE : COST_ASKED + index->asked_count;
}

static bool is_sieved(const struct condition *condition)
{
    return condition->kind == CONDITION_WILDCARD && !condition->anything_but;
}

static struct grams grams_needed(const struct condition *condition)
{
    struct grams grams = {{0}};

    for (size_t i = 0; is_sieved(condition) && i < condition->operands[0].piece_count; i++)
        grams_add(&grams, condition->operands[0].pieces[i]);
    return grams;
}

static void asked_add(struct index *index, const struct condition *condition, void *branch)
{
    if (index->asked_count == index->asked_capacity) {
        index->asked_capacity = size_max(4, index->asked_capacity * 2);
        index->asked = mem_resize(index->asked, index->asked_capacity * sizeof *index->asked);
    }
    index->asked[index->asked_count++] =
        (struct index_asked){condition, branch, grams_needed(condition)};
    index->sieved_count += is_sieved(condition);
}

static void asked_remove(struct index *index, const struct condition *condition, const void *branch)
{
    for (size_t i = 0; i < index->asked_count; i++) {
        if (index->asked[i].condition != condition || index->asked[i].branch != branch)
            continue;
        index->asked[i] = index->asked[--index->asked_count];
        index->sieved_count -= is_sieved(condition);
        return;
    }
}

/* The three writers below find the same place as the readers do; the index is theirs to change. */
#define MUTABLE(type, pointer) ((type *)(uintptr_t)(pointer))

void index_add(struct index *index, const struct condition *condition, void *branch)
{
    struct place_of place = find_place(index, condition);

    assert(condition->kind != CONDITION_ABSENT);
    if (place.affixes != NULL)
        affixes_add(MUTABLE(struct index_affixes, place.affixes), place.key, branch);
    else if (place.map != NULL)
        keyed_add(MUTABLE(struct map, place.map), place.key, branch);
    else if (place.list != NULL)
        index_list_add(MUTABLE(struct index_list, place.list), branch);
    else if (condition->kind == CONDITION_NUMERIC)
        ranges_add(&index->ranges, condition, branch);
    else
        asked_add(index, condition, branch);
}

void index_remove(struct index *index, const struct condition *condition, void *branch)
{
    struct place_of place = find_place(index, condition);

    if (place.affixes != NULL)
        affixes_remove(MUTABLE(struct index_affixes, place.affixes), place.key, branch);
    else if (place.map != NULL)
        keyed_remove(MUTABLE(struct map, place.map), place.key, branch);
    else if (place.list != NULL)
        index_list_drop(MUTABLE(struct index_list, place.list), branch);
    else if (condition->kind == CONDITION_NUMERIC)
        ranges_remove(&index->ranges, condition, branch);
    else
        asked_remove(index, condition, branch);
}

/* ---- looking ---- */

struct probe {
    void (*found)(void *context, void *branch);
    void *context;
};

static void tell(const struct probe *probe, const struct index_list *list)
{
    for (size_t i = 0; list != NULL && i < list->count; i++)
        probe->found(probe->context, list->branches[i]);
}

static void probe_prefixes(const struct probe *probe, const struct index_affixes *prefixes,
                           struct bytes text)
{
    for (size_t i = 0; i < prefixes->size_count; i++)
        if (prefixes->sizes[i].size <= text.size)
            tell(probe, map_get(&prefixes->lists, bytes_of(text.ptr, prefixes->sizes[i].size)));
}

static void probe_suffixes(const struct probe *probe, const struct index_affixes *suffixes,
                           struct bytes text)
{
    for (size_t i = 0; i < suffixes->size_count; i++) {
        size_t size = suffixes->sizes[i].size;

        if (size <= text.size)
            tell(probe, map_get(&suffixes->lists, bytes_of(text.ptr + text.size - size, size)));
    }
}

static void probe_text(const struct index *index, struct leaf *leaf, struct arena *arena,
                       const struct probe *probe)
{
    tell(probe, map_get(&index->texts, leaf->text));
    probe_prefixes(probe, &index->prefixes, leaf->text);
    probe_suffixes(probe, &index->suffixes, leaf->text);
    if (index->folded_texts.count == 0 && index->folded_prefixes.size_count == 0 &&
        index->folded_suffixes.size_count == 0)
        return;
    struct bytes folded = leaf_folded(leaf, arena);

    tell(probe, map_get(&index->folded_texts, folded));
    probe_prefixes(probe, &index->folded_prefixes, folded);
    probe_suffixes(probe, &index->folded_suffixes, folded);
}

static void probe_number(struct index *index, const struct leaf *leaf, const struct probe *probe)
{
    tell(probe, map_get(&index->numbers, leaf->text));
    ranges_find(&index->ranges, &leaf->number, probe->found, probe->context);
}

static void probe_asked(const struct index *index, struct leaf *leaf, struct arena *arena,
                        const struct probe *probe)
{
    struct grams grams = {{0}};

    if (index->sieved_count > 0 && leaf->type == JSON_STRING)
        grams_add(&grams, leaf->text);
    for (size_t i = 0; i < index->asked_count; i++) {
        const struct index_asked *asked = &index->asked[i];

        if (grams_have(&grams, &asked->needed) && condition_holds(asked->condition, leaf, arena))
            probe->found(probe->context, asked->branch);
    }
}

void index_probe(struct index *index, struct leaf *leaf, struct arena *arena,
                 void (*found)(void *context, void *branch), void *context)
{
    struct probe probe = {found, context};

    if (leaf->type == JSON_STRING)
        probe_text(index, leaf, arena, &probe);
    else if (leaf->type == JSON_NUMBER)
        probe_number(index, leaf, &probe);
    else
        tell(&probe, leaf->type == JSON_NULL ? &index->nulls : &index->truths[leaf->truth]);
    probe_asked(index, leaf, arena, &probe);
}
