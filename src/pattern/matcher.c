/* pattern/matcher.c - which of thousands of patterns an event matches; see pattern.h.
 *
 *   pattern --compile--> branches --+-- every field of a branch: a node of the tree of paths
 *                                   +-- its guard: the one field in whose index the branch stands
 *
 *   event --> leaves (field.h) --> each probes its field's index --> candidates --> each checked
 *
 * A branch can match only if its guard does, so a branch whose guard says nothing costs nothing.
 * The guard is the field that leads to the fewest other branches: of a thousand rules with one
 * source and a thousand detail types, an event touches one. Branches that only ask for absent
 * fields have no guard and are checked for every event.
 *
 * What always holds:
 *   1. A branch stands in the index of its guard under each of the guard's conditions; without a
 *      guard, in the list of the unguarded.
 *   2. Every field of a branch holds one use of its node.
 *
 * Array consistency: what a branch asks of fields inside an array of objects must hold within one
 * element. {"items": {"id": [1], "n": [7]}} does not match the event of field.h's drawing. */
#include "pattern/compiled.h"
#include "pattern/field.h"

#include <stdlib.h>

struct branch_field {
    struct field *field;
    const struct condition *conditions;
    size_t condition_count;
};

struct branch {
    struct entry *entry;
    struct branch_field *fields;
    size_t field_count;
    size_t guard;        /* which field, or NO_GUARD */
    uint64_t checked_at; /* the last event it was checked for */
};

#define NO_GUARD SIZE_MAX

/* One pattern of the matcher. */
struct entry {
    void *rule;
    struct arena *arena;
    struct branch *branches;
    size_t branch_count;
    uint64_t found_at; /* the last event it was found for */
};

struct matcher {
    struct field root;
    struct map entries; /* by the rule's pointer */
    struct index_list unguarded;
    struct event_leaves leaves;
};

/* ---- adding and removing ---- */

struct matcher *matcher_new(void)
{
    return mem_new(sizeof(struct matcher));
}

static void free_entry(struct entry *entry)
{
    arena_free(entry->arena);
    mem_free(entry);
}

void matcher_free(struct matcher *matcher)
{
    struct bytes key;
    void *entry = NULL;

    if (matcher == NULL)
        return;
    for (size_t i = 0; map_next(&matcher->entries, &i, &key, &entry);)
        free_entry(entry);
    map_free(&matcher->entries);
    mem_free(matcher->unguarded.branches);
    field_clear(&matcher->root);
    event_leaves_free(&matcher->leaves);
    mem_free(matcher);
}

/* The key of a rule in the map of entries. */
static struct bytes rule_key(void *const *rule)
{
    return bytes_of(rule, sizeof *rule);
}

static bool asks_for_absence(const struct branch_field *field)
{
    for (size_t i = 0; i < field->condition_count; i++)
        if (field->conditions[i].kind == CONDITION_ABSENT)
            return true;
    return false;
}

/* The cheapest field that can be one; of equals the last, which is the most particular as people
 * write patterns: source, detail type, detail. */
static size_t choose_guard(const struct branch *branch)
{
    size_t best = NO_GUARD, best_cost = SIZE_MAX;

    for (size_t i = 0; i < branch->field_count; i++) {
        const struct branch_field *field = &branch->fields[i];
        size_t cost = 0;

        if (asks_for_absence(field))
            continue;
        for (size_t j = 0; j < field->condition_count; j++)
            cost += index_cost(&field->field->index, &field->conditions[j]);
        if (cost <= best_cost) {
            best = i;
            best_cost = cost;
        }
    }
    return best;
}

static void guard_branch(struct matcher *matcher, struct branch *branch)
{
    branch->guard = choose_guard(branch);
    if (branch->guard == NO_GUARD) {
        index_list_add(&matcher->unguarded, branch);
        return;
    }
    struct branch_field *guard = &branch->fields[branch->guard];

    for (size_t i = 0; i < guard->condition_count; i++)
        index_add(&guard->field->index, &guard->conditions[i], branch);
}

static void unguard_branch(struct matcher *matcher, struct branch *branch)
{
    if (branch->guard == NO_GUARD) {
        index_list_drop(&matcher->unguarded, branch);
        return;
    }
    struct branch_field *guard = &branch->fields[branch->guard];

    for (size_t i = 0; i < guard->condition_count; i++)
        index_remove(&guard->field->index, &guard->conditions[i], branch);
}

static void plant_branch(struct matcher *matcher, struct entry *entry, struct branch *branch,
                         const struct pattern_branch *compiled)
{
    *branch = (struct branch){
        .entry = entry,
        .fields = ARENA_NEW_ARRAY(entry->arena, compiled->field_count, struct branch_field),
        .field_count = compiled->field_count,
    };
    for (size_t i = 0; i < compiled->field_count; i++)
        branch->fields[i] = (struct branch_field){
            .field = field_acquire(&matcher->root, compiled->fields[i].path),
            .conditions = compiled->fields[i].conditions,
            .condition_count = compiled->fields[i].condition_count,
        };
    guard_branch(matcher, branch);
}

static void uproot_branch(struct matcher *matcher, struct branch *branch)
{
    unguard_branch(matcher, branch);
    for (size_t i = 0; i < branch->field_count; i++)
        field_release(branch->fields[i].field);
}

enum status matcher_add(struct matcher *matcher, void *rule, struct bytes pattern,
                        struct api_error *reterr)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct pattern compiled = {0};
    enum status st = pattern_compile(arena, pattern, &compiled, reterr);

    if (st != OK)
        return st;
    matcher_remove(matcher, rule);

    struct entry *entry = mem_new(sizeof *entry);

    *entry = (struct entry){
        .rule = rule,
        .arena = arena,
        .branches = ARENA_NEW_ARRAY(arena, compiled.branch_count, struct branch),
        .branch_count = compiled.branch_count,
    };
    arena = NULL; /* the entry's now */
    for (size_t i = 0; i < compiled.branch_count; i++)
        plant_branch(matcher, entry, &entry->branches[i], &compiled.branches[i]);
    map_put(&matcher->entries, rule_key(&rule), entry);
    return OK;
}

void matcher_remove(struct matcher *matcher, void *rule)
{
    struct entry *entry = map_remove(&matcher->entries, rule_key(&rule));

    if (entry == NULL)
        return;
    for (size_t i = 0; i < entry->branch_count; i++)
        uproot_branch(matcher, &entry->branches[i]);
    free_entry(entry);
}

/* ---- array consistency ---- */

/* Elements in which one field of a branch holds, ascending, each once. */
struct elements {
    size_t *numbers;
    size_t count;
};

static bool consistent(struct event_leaves *leaves, const struct elements *fields, size_t count,
                       size_t depth);

static size_t element_around(const struct event_leaves *leaves, size_t element, size_t depth)
{
    while (leaves->elements[element].depth > depth)
        element = leaves->elements[element].parent;
    return element;
}

/* The array just below `depth` whose elements the field's are in. A field of one container is in
 * one array of it; in an event that has a name twice, the first of its arrays counts. */
static const struct field *array_below(const struct event_leaves *leaves,
                                       const struct elements *field, size_t depth)
{
    return leaves->elements[element_around(leaves, field->numbers[0], depth + 1)].array;
}

/* What of `field` stands inside `element`, that one included. */
static struct elements inside_element(const struct event_leaves *leaves,
                                      const struct elements *field, size_t element)
{
    size_t low = 0, high = field->count, end = leaves->elements[element].end;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (field->numbers[middle] < element)
            low = middle + 1;
        else
            high = middle;
    }
    for (high = low; high < field->count && field->numbers[high] < end;)
        high++;
    return (struct elements){field->numbers + low, high - low};
}

/* Whether all fields hold in one element of one array, whose elements are at depth + 1. */
static bool one_element_holds(struct event_leaves *leaves, const struct elements *fields,
                              size_t count, size_t depth)
{
    struct elements *deeper = ARENA_NEW_ARRAY(leaves->arena, count, struct elements);
    const struct elements *first = &fields[0];
    size_t element = NO_ELEMENT;

    for (size_t i = 0; i < first->count; i++) {
        size_t next = element_around(leaves, first->numbers[i], depth + 1), deeper_count = 0;
        bool all = next != element;

        element = next;
        for (size_t j = 0; all && j < count; j++) {
            struct elements in = inside_element(leaves, &fields[j], element);

            all = in.count > 0;
            if (all && in.numbers[0] != element) /* not in the element itself, but further inside */
                deeper[deeper_count++] = in;
        }
        if (all && consistent(leaves, deeper, deeper_count, depth + 1))
            return true;
    }
    return false;
}

/* The fields' elements are all inside one container whose own depth is `depth`. Arrays beside each
 * other do not bind each other; within each, one element must do for all fields that are in it. */
static bool consistent(struct event_leaves *leaves, const struct elements *fields, size_t count,
                       size_t depth)
{
    if (count <= 1)
        return true;
    struct elements *group = ARENA_NEW_ARRAY(leaves->arena, count, struct elements);
    bool *taken = ARENA_NEW_ARRAY(leaves->arena, count, bool);

    for (size_t i = 0; i < count; i++) {
        const struct field *array = array_below(leaves, &fields[i], depth);
        size_t group_count = 0;

        for (size_t j = i; j < count && !taken[i]; j++) {
            if (taken[j] || array_below(leaves, &fields[j], depth) != array)
                continue;
            taken[j] = j != i;
            group[group_count++] = fields[j];
        }
        if (group_count > 1 && !one_element_holds(leaves, group, group_count, depth))
            return false;
    }
    return true;
}

/* ---- checking one branch ---- */

static bool any_condition_holds(const struct branch_field *field, struct leaf *leaf,
                                struct arena *arena)
{
    for (size_t i = 0; i < field->condition_count; i++)
        if (condition_holds(&field->conditions[i], leaf, arena))
            return true;
    return false;
}

static int compare_numbers(const void *a, const void *b)
{
    const size_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

/* Elements come nearly in order; the same one may come again later (field.h: mixed arrays). */
static void sort_elements(struct elements *elements)
{
    size_t kept = 0;

    qsort(elements->numbers, elements->count, sizeof *elements->numbers, compare_numbers);
    for (size_t i = 0; i < elements->count; i++)
        if (kept == 0 || elements->numbers[kept - 1] != elements->numbers[i])
            elements->numbers[kept++] = elements->numbers[i];
    elements->count = kept;
}

/* Whether the field holds; *ret: in which elements; none when it holds outside arrays. */
static bool field_holds(struct event_leaves *leaves, const struct branch_field *field,
                        struct elements *ret)
{
    struct elements elements = {0};
    size_t capacity = 0;
    bool ordered = true;
    size_t first = event_leaves_first(leaves, field->field);

    if (first == NO_LEAF)
        return asks_for_absence(field);
    for (size_t i = first; i != NO_LEAF; i = leaves->leaves[i].next) {
        struct event_leaf *leaf = &leaves->leaves[i];

        if (!any_condition_holds(field, &leaf->leaf, leaves->arena))
            continue;
        if (leaf->element == NO_ELEMENT)
            return true;
        if (elements.count > 0 && elements.numbers[elements.count - 1] == leaf->element)
            continue;
        ordered &= elements.count == 0 || elements.numbers[elements.count - 1] < leaf->element;
        elements.numbers = arena_grow(leaves->arena, elements.numbers, elements.count,
                                      elements.count + 1, &capacity, sizeof(size_t));
        elements.numbers[elements.count++] = leaf->element;
    }
    if (!ordered)
        sort_elements(&elements);
    *ret = elements;
    return elements.count > 0;
}

static bool branch_holds(struct event_leaves *leaves, const struct branch *branch)
{
    struct elements *bound = NULL;
    size_t bound_count = 0;

    for (size_t i = 0; i < branch->field_count; i++) {
        struct elements elements = {0};

        if (!field_holds(leaves, &branch->fields[i], &elements))
            return false;
        if (elements.count == 0)
            continue;
        if (bound == NULL)
            bound = ARENA_NEW_ARRAY(leaves->arena, branch->field_count, struct elements);
        bound[bound_count++] = elements;
    }
    return consistent(leaves, bound, bound_count, 0);
}

/* ---- matching ---- */

struct search {
    struct matcher *matcher;
    void (*found)(void *context, void *rule);
    void *context;
};

static void check_candidate(void *context, void *candidate)
{
    struct search *search = context;
    struct event_leaves *leaves = &search->matcher->leaves;
    struct branch *branch = candidate;
    struct entry *entry = branch->entry;

    if (branch->checked_at == leaves->event_number || entry->found_at == leaves->event_number)
        return;
    branch->checked_at = leaves->event_number;
    /* With no field but its guard it holds: a leaf of that passed. */
    if ((branch->field_count > 1 || branch->guard == NO_GUARD) && !branch_holds(leaves, branch))
        return;
    entry->found_at = leaves->event_number;
    search->found(search->context, entry->rule);
}

void matcher_match(struct matcher *matcher, const struct json *event,
                   void (*found)(void *context, void *rule), void *context)
{
    struct event_leaves *leaves = &matcher->leaves;
    struct search search = {matcher, found, context};

    event_leaves_take(leaves, &matcher->root, event);
    for (size_t i = 0; i < leaves->field_count; i++) {
        struct field *field = leaves->fields[i];

        for (size_t at = field->first_leaf; at != NO_LEAF; at = leaves->leaves[at].next)
            index_probe(&field->index, &leaves->leaves[at].leaf, leaves->arena, check_candidate,
                        &search);
    }
    for (size_t i = 0; i < matcher->unguarded.count; i++)
        check_candidate(&search, matcher->unguarded.branches[i]);
}

static void note_match(void *context, void *rule)
{
    bool *matched = context;

    (void)rule;
    *matched = true;
}

enum status pattern_test(struct bytes pattern, const struct json *event, bool *ret,
                         struct api_error *reterr)
{
    struct matcher *matcher = matcher_new();
    bool matched = false;
    enum status st = pattern_check(pattern, reterr);

    if (st == OK)
        st = matcher_add(matcher, matcher, pattern, reterr);
    if (st == OK) {
        matcher_match(matcher, event, note_match, &matched);
        *ret = matched;
    }
    matcher_free(matcher);
    return st;
}
