/* expr/update.c - what an update makes of an item.
 *
 * Two halves. First every action becomes a write, from the item as it was (ADD and DELETE, too),
 * and everything that can be wrong is found, in AWS's order: a path through something that is no
 * map or no list; a wrong type; then, section by section from the last written, a path that leads
 * nowhere and an attribute that is not there; numbers; depth. Then the writes are merged into a
 * copy, down the tree of their paths, so that each map and each list on the way is copied once. */
#include "expr/path.h"
#include "expr/parser.h"

#define REFUSAL_TYPE "An operand in the update expression has an incorrect data type"
#define REFUSAL_PATH "The document path provided in the update expression is invalid for update"
#define REFUSAL_MISSING                                                                            \
    "The provided expression refers to an attribute that does not exist in the item"
#define REFUSAL_DEPTH                                                                              \
    "Nesting Levels have exceeded supported limits: "                                              \
    "Attributes in the item have nested levels beyond supported limit"

enum status expr_parse_update(struct arena *arena, struct bytes text, struct expr_names *names,
                              const struct expr_update **ret, struct api_error *reterr)
{
    struct parser parser;
    struct expr_update *update = ARENA_NEW(arena, struct expr_update);

    if (parser_start(&parser, arena, EXPR_UPDATE, text, names, reterr) != OK ||
        parser_update(&parser, update) != OK || check_update(&parser, update) != OK)
        return REFUSED;
    update->expression = parser_expression(&parser);
    *ret = update;
    return OK;
}

void update_order_sections(struct expr_update *update)
{
    bool seen[SECTION_COUNT] = {false};

    for (uint32_t i = 0; i < update->action_count; i++) {
        enum update_section section = update->actions[i].section;

        if (!seen[section])
            update->sections[update->section_count++] = section;
        seen[section] = true;
    }
}

bool expr_update_names(const struct expr_update *update, struct bytes attribute)
{
    for (uint32_t i = 0; i < update->action_count; i++)
        if (bytes_equal(update->tree->paths[i].steps[0].name, attribute))
            return true;
    return false;
}

bool expr_update_only_removes(const struct expr_update *update)
{
    for (uint32_t i = 0; i < update->action_count; i++)
        if (update->actions[i].section != SECTION_REMOVE &&
            update->actions[i].section != SECTION_DELETE)
            return false;
    return true;
}

/* ---- writes ---- */

enum place { PLACE_FOUND, PLACE_MISSING, PLACE_WRONG };
enum outcome { OUTCOME_FINE, OUTCOME_MISSING, OUTCOME_WRONG_TYPE, OUTCOME_BAD_NUMBER };
enum write_kind { WRITE_NOTHING, WRITE_PUT, WRITE_REMOVE };

struct write {
    enum place place; /* what stands around the target */
    enum outcome outcome;
    enum write_kind kind;
    struct value value;
};

struct job {
    const struct expr_update *update;
    const struct item *old;
    struct arena *arena;
    struct write *writes; /* one an action */
    struct api_error *reterr;
};

static const struct node *node_at(const struct job *job, uint32_t at)
{
    return &job->update->expression.nodes[at];
}

static const struct value *find(const struct job *job, const struct node *path)
{
    return path_find(job->old, &job->update->expression.steps[path->first], path->count);
}

static enum place find_place(const struct job *job, const struct path *path)
{
    const struct value *parent = NULL;

    if (path->count == 1)
        return PLACE_FOUND;
    parent = path_find(job->old, path->steps, path->count - 1);
    if (parent == NULL)
        return PLACE_MISSING;
    return parent->type == (path->steps[path->count - 1].is_index ? VALUE_L : VALUE_M)
               ? PLACE_FOUND
               : PLACE_WRONG;
}

static enum outcome evaluate(const struct job *job, uint32_t at, struct value *ret);

static enum outcome evaluate_pair(const struct job *job, const struct node *node,
                                  enum value_type type, struct value *a, struct value *b)
{
    enum outcome first = evaluate(job, node->first, a);

    if (first == OUTCOME_WRONG_TYPE || (first == OUTCOME_FINE && a->type != type))
        return OUTCOME_WRONG_TYPE;

    enum outcome second = evaluate(job, node_at(job, node->first)->next, b);

    if (second == OUTCOME_WRONG_TYPE || (second == OUTCOME_FINE && b->type != type))
        return OUTCOME_WRONG_TYPE;
    return first != OUTCOME_FINE ? first : second;
}

static enum outcome evaluate_sum(const struct job *job, const struct node *node, struct value *ret)
{
    struct value a = {0}, b = {0};
    enum outcome outcome = evaluate_pair(job, node, VALUE_N, &a, &b);
    enum status st = OK;

    if (outcome != OUTCOME_FINE)
        return outcome;
    ret->type = VALUE_N;
    if (node->kind == NODE_PLUS)
        st = number_add(&a.number, &b.number, &ret->number, job->reterr);
    else
        st = number_subtract(&a.number, &b.number, &ret->number, job->reterr);
    return st == OK ? OUTCOME_FINE : OUTCOME_BAD_NUMBER;
}

/* A new array: the values of a, then room for `more`. */
static struct value *copy_values(struct arena *arena, const struct value *a, size_t more)
{
    struct value *values = ARENA_NEW_ARRAY(arena, a->list.count + more, struct value);

    if (a->list.count > 0)
        memcpy(values, a->list.values, a->list.count * sizeof *values);
    return values;
}

static struct value list_append(struct arena *arena, const struct value *a, const struct value *b)
{
    struct value *values = copy_values(arena, a, b->list.count);

    if (b->list.count > 0)
        memcpy(&values[a->list.count], b->list.values, b->list.count * sizeof *values);
    return (struct value){.type = VALUE_L,
                          .list = {.values = values, .count = a->list.count + b->list.count}};
}

static enum outcome evaluate_append(const struct job *job, const struct node *node,
                                    struct value *ret)
{
    struct value a = {0}, b = {0};
    enum outcome outcome = evaluate_pair(job, node, VALUE_L, &a, &b);

    if (outcome == OUTCOME_FINE)
        *ret = list_append(job->arena, &a, &b);
    return outcome;
}

/* The value of the right-hand side of a SET. */
static enum outcome evaluate(const struct job *job, uint32_t at, struct value *ret)
{
    const struct node *node = node_at(job, at);
    const struct value *found = NULL;

    switch (node->kind) {
    case NODE_VALUE:
        *ret = *node->value;
        return OUTCOME_FINE;
    case NODE_PATH:
        found = find(job, node);
        if (found == NULL)
            return OUTCOME_MISSING;
        *ret = *found;
        return OUTCOME_FINE;
    case NODE_IF_NOT_EXISTS:
        found = find(job, node_at(job, node->first));
        if (found == NULL)
            return evaluate(job, node_at(job, node->first)->next, ret);
        *ret = *found;
        return OUTCOME_FINE;
    case NODE_LIST_APPEND:
        return evaluate_append(job, node, ret);
    case NODE_PLUS:
    case NODE_MINUS:
        return evaluate_sum(job, node, ret);
    case NODE_OR:
    case NODE_AND:
    case NODE_NOT:
    case NODE_EQUAL:
    case NODE_NOT_EQUAL:
    case NODE_LESS:
    case NODE_LESS_OR_EQUAL:
    case NODE_GREATER:
    case NODE_GREATER_OR_EQUAL:
    case NODE_BETWEEN:
    case NODE_IN:
    case NODE_ATTRIBUTE_EXISTS:
    case NODE_ATTRIBUTE_NOT_EXISTS:
    case NODE_ATTRIBUTE_TYPE:
    case NODE_BEGINS_WITH:
    case NODE_CONTAINS:
    case NODE_SIZE:
    case NODE_UNKNOWN_FUNCTION:
        break;
    }
    assert(false && "check.c lets nothing else stand in an update");
}

/* ---- ADD and DELETE ---- */

static bool set_has(const struct value *set, const struct value *element)
{
    for (size_t i = 0; i < set->list.count; i++)
        if (value_equal(&set->list.values[i], element))
            return true;
    return false;
}

static struct value set_union(struct arena *arena, const struct value *set,
                              const struct value *more)
{
    struct value result = *set;

    result.list.values = copy_values(arena, set, more->list.count);
    for (size_t i = 0; i < more->list.count; i++)
        if (!set_has(set, &more->list.values[i]))
            result.list.values[result.list.count++] = more->list.values[i];
    return result;
}

static struct value set_difference(struct arena *arena, const struct value *set,
                                   const struct value *less)
{
    struct value result = *set;

    result.list.values = ARENA_NEW_ARRAY(arena, set->list.count, struct value);
    result.list.count = 0;
    for (size_t i = 0; i < set->list.count; i++)
        if (!set_has(less, &set->list.values[i]))
            result.list.values[result.list.count++] = set->list.values[i];
    return result;
}

static enum outcome add(const struct job *job, const struct value *old, const struct value *more,
                        struct write *write)
{
    write->kind = WRITE_PUT;
    if (old == NULL) {
        write->value = *more;
        return OUTCOME_FINE;
    }
    if (old->type != more->type)
        return OUTCOME_WRONG_TYPE;
    if (more->type == VALUE_L) {
        write->value = list_append(job->arena, old, more);
        return OUTCOME_FINE;
    }
    if (more->type != VALUE_N) {
        write->value = set_union(job->arena, old, more);
        return OUTCOME_FINE;
    }
    write->value.type = VALUE_N;
    return number_add(&old->number, &more->number, &write->value.number, job->reterr) == OK
               ? OUTCOME_FINE
               : OUTCOME_BAD_NUMBER;
}

static enum outcome take_from_set(const struct job *job, const struct value *old,
                                  const struct value *less, struct write *write)
{
    if (old == NULL)
        return OUTCOME_FINE;
    if (old->type != less->type)
        return OUTCOME_WRONG_TYPE;
    write->value = set_difference(job->arena, old, less);
    write->kind = write->value.list.count > 0 ? WRITE_PUT : WRITE_REMOVE; /* no empty sets */
    return OUTCOME_FINE;
}

static enum outcome make_write(const struct job *job, const struct update_action *action,
                               struct write *write)
{
    switch (action->section) {
    case SECTION_SET:
        write->kind = WRITE_PUT;
        return evaluate(job, action->value, &write->value);
    case SECTION_REMOVE:
        write->kind = WRITE_REMOVE;
        return OUTCOME_FINE;
    case SECTION_ADD:
        return add(job, find(job, node_at(job, action->path)), node_at(job, action->value)->value,
                   write);
    case SECTION_DELETE:
        return take_from_set(job, find(job, node_at(job, action->path)),
                             node_at(job, action->value)->value, write);
    }
    assert(false && "not a section");
}

/* ---- what is wrong, in AWS's order ---- */

/* How many maps and lists are inside each other. Recursion: values come in with ITEM_DEPTH_MAX. */
static size_t value_depth(const struct value *value)
{
    size_t deepest = 0;

    if (value->type == VALUE_M) {
        for (size_t i = 0; i < value->map.count; i++)
            deepest = size_max(deepest, value_depth(&value->map.attributes[i].value));
        return deepest + 1;
    }
    if (value->type == VALUE_L) {
        for (size_t i = 0; i < value->list.count; i++)
            deepest = size_max(deepest, value_depth(&value->list.values[i]));
        return deepest + 1;
    }
    return 0;
}

static enum status make_writes(struct job *job)
{
    const struct expr_update *update = job->update;

    for (uint32_t i = 0; i < update->action_count; i++) {
        job->writes[i].place = find_place(job, &update->tree->paths[i]);
        if (job->writes[i].place == PLACE_WRONG)
            return api_invalid(job->reterr, REFUSAL_PATH);
    }
    for (uint32_t i = 0; i < update->action_count; i++) {
        job->writes[i].outcome = make_write(job, &update->actions[i], &job->writes[i]);
        if (job->writes[i].outcome == OUTCOME_WRONG_TYPE)
            return api_invalid(job->reterr, "%s",
                               update->wrong_type != NULL ? update->wrong_type : REFUSAL_TYPE);
        if (job->writes[i].outcome == OUTCOME_BAD_NUMBER &&
            update->actions[i].section == SECTION_ADD)
            return REFUSED; /* number_add() said why */
    }
    return OK;
}

static enum status check_section(const struct job *job, enum update_section section)
{
    const struct expr_update *update = job->update;
    bool missing = false;

    for (uint32_t i = 0; i < update->action_count; i++) {
        if (update->actions[i].section != section)
            continue;
        if (job->writes[i].place == PLACE_MISSING)
            return api_invalid(job->reterr, REFUSAL_PATH);
        if (job->writes[i].outcome == OUTCOME_MISSING)
            missing = true;
    }
    return missing ? api_invalid(job->reterr, REFUSAL_MISSING) : OK;
}

static enum status check_writes(const struct job *job)
{
    const struct expr_update *update = job->update;

    for (uint32_t i = update->section_count; i-- > 0;)
        if (check_section(job, update->sections[i]) != OK)
            return REFUSED;
    for (uint32_t i = 0; i < update->action_count; i++)
        if (job->writes[i].outcome == OUTCOME_BAD_NUMBER)
            return REFUSED; /* number_add() or number_subtract() said why */
    for (uint32_t i = 0; i < update->action_count; i++)
        if (job->writes[i].kind == WRITE_PUT &&
            update->tree->paths[i].count - 1 + value_depth(&job->writes[i].value) > ITEM_DEPTH_MAX)
            return api_invalid(job->reterr, REFUSAL_DEPTH);
    return OK;
}

/* ---- merging ---- */

static void merge_map(const struct job *job, const struct item *old, const struct path_entry *entry,
                      struct item *ret);
static struct value merge_list(const struct job *job, const struct value *old,
                               const struct path_entry *entry);

/* A map or a list with something changed below it. */
static struct value merge_below(const struct job *job, const struct value *old,
                                const struct path_entry *entry)
{
    struct value merged = {.type = VALUE_M};

    if (old->type == VALUE_L)
        return merge_list(job, old, entry);
    assert(old->type == VALUE_M); /* find_place() found it */
    merge_map(job, &old->map, entry, &merged.map);
    return merged;
}

static size_t find_attribute(const struct item *item, struct bytes name)
{
    size_t i = 0;

    while (i < item->count && !bytes_equal(item->attributes[i].name, name))
        i++;
    return i;
}

static void change_attribute(const struct job *job, const struct path_entry *entry,
                             struct item *item)
{
    size_t at = find_attribute(item, entry->step->name);
    const struct write *write = &job->writes[entry->path];

    if (!path_tree_ends(job->update->tree, entry)) {
        assert(at < item->count); /* find_place() found it */
        item->attributes[at].value = merge_below(job, &item->attributes[at].value, entry);
    } else if (write->kind == WRITE_PUT) {
        item->count += at == item->count;
        item->attributes[at] = (struct attribute){entry->step->name, write->value};
    } else if (write->kind == WRITE_REMOVE && at < item->count) {
        item->count--;
        memmove(&item->attributes[at], &item->attributes[at + 1],
                (item->count - at) * sizeof *item->attributes);
    }
}

static void merge_map(const struct job *job, const struct item *old, const struct path_entry *entry,
                      struct item *ret)
{
    const struct path_entry *entries = job->update->tree->entries;

    ret->attributes = ARENA_NEW_ARRAY(job->arena, old->count + entry->count, struct attribute);
    ret->count = old->count;
    if (old->count > 0)
        memcpy(ret->attributes, old->attributes, old->count * sizeof *old->attributes);
    for (uint32_t i = entry->first; i != 0; i = entries[i].next)
        change_attribute(job, &entries[i], ret);
}

/* Indexes are those of the old list, in ascending order; what is set beyond its end is appended. */
static struct value merge_list(const struct job *job, const struct value *old,
                               const struct path_entry *entry)
{
    const struct path_entry *entries = job->update->tree->entries;
    struct value merged = {.type = VALUE_L};
    struct value *values =
        ARENA_NEW_ARRAY(job->arena, old->list.count + entry->count, struct value);
    size_t count = 0, taken = 0; /* made so far; of the old list */

    for (uint32_t i = entry->first; i != 0; i = entries[i].next) {
        const struct write *write = &job->writes[entries[i].path];
        size_t index = entries[i].step->index;

        while (taken < index && taken < old->list.count)
            values[count++] = old->list.values[taken++];

        bool there = taken == index && taken < old->list.count;

        if (!path_tree_ends(job->update->tree, &entries[i]))
            values[count++] = merge_below(job, &old->list.values[index], &entries[i]);
        else if (write->kind == WRITE_PUT)
            values[count++] = write->value;
        else if (write->kind == WRITE_NOTHING && there)
            values[count++] = old->list.values[index];
        taken += there;
    }
    while (taken < old->list.count)
        values[count++] = old->list.values[taken++];
    merged.list.values = values;
    merged.list.count = count;
    return merged;
}

enum status expr_apply_update(const struct expr_update *update, const struct item *old,
                              struct arena *arena, struct item *ret, struct api_error *reterr)
{
    static const struct item nothing = {0};
    struct job job = {.update = update,
                      .old = old != NULL ? old : &nothing,
                      .arena = arena,
                      .writes = ARENA_NEW_ARRAY(arena, update->action_count, struct write),
                      .reterr = reterr};

    if (make_writes(&job) != OK || check_writes(&job) != OK)
        return REFUSED;
    merge_map(&job, job.old, &update->tree->entries[0], ret);
    return OK;
}
