/* partiql/key.c - the one item that a write names: an equality on each key, joined by AND, however
 * grouped. */
#include "partiql/plan.h"

enum status plan_take_keys(struct plan *plan, const struct key_schema *keys)
{
    if (keys->hash_count > 1 || keys->count > keys->hash_count + 1)
        return api_invalid(plan->reterr,
                           "PartiQL statements cannot be executed on tables with "
                           "multi-attribute HASH keys or multi-attribute RANGE keys.");
    plan->hash = keys->attributes[0];
    if (key_schema_has_range(keys))
        plan->range = keys->attributes[1];
    return OK;
}

/* attribute = constant, whichever stands first; NULL when the node is something else. */
static const struct value *equality(const struct plan *plan, const struct node *node,
                                    struct bytes name)
{
    const struct node *first = plan_node(plan, node->first);
    const struct node *second = plan_node(plan, first->next);

    if (node->kind != NODE_EQUAL || name.size == 0)
        return NULL;
    if (condition_is_attribute(first, name))
        return second->value;
    return condition_is_attribute(second, name) ? first->value : NULL;
}

static void note_fault(const struct plan *plan)
{
    if (plan->key_fault != NULL)
        *plan->key_fault = true;
}

enum status key_check_type(const struct plan *plan, const struct value *value, bool range)
{
    struct bytes name = range ? plan->range.name : plan->hash.name;
    enum value_type type = range ? plan->range.type : plan->hash.type;

    if (value->type == type)
        return OK;
    note_fault(plan);
    if (value->type != VALUE_S && value->type != VALUE_N && value->type != VALUE_B)
        return api_invalid(plan->reterr,
                           "Key value must be of type S, N, or B. Key name: %.*s, Key type: %s",
                           BYTES_ARG(name), value_type_name(value->type));
    return api_invalid(plan->reterr,
                       "Key attribute's data type should match its data type in table's schema: "
                       "Key %.*s",
                       BYTES_ARG(name));
}

struct item key_item(const struct plan *plan, const struct value *hash, const struct value *range)
{
    struct item key = {ARENA_NEW_ARRAY(plan->arena, 2, struct attribute), 0};

    key.attributes[key.count++] = (struct attribute){plan->hash.name, *hash};
    if (range != NULL)
        key.attributes[key.count++] = (struct attribute){plan->range.name, *range};
    return key;
}

/* Takes an equality on a key; everything else, and a second value where that may be, is the rest.
 */
static enum status take(const struct plan *plan, uint32_t at, bool several, struct key_parts *parts)
{
    const struct node *node = plan_node(plan, at);
    struct bytes name = plan->hash.name;
    const struct value **key = &parts->hash, *value = NULL;

    if (node->kind == NODE_AND) {
        for (uint32_t i = node->first; i != NO_NODE; i = plan_node(plan, i)->next)
            if (take(plan, i, several, parts) != OK)
                return REFUSED;
        return OK;
    }
    value = equality(plan, node, name);
    if (value == NULL) {
        name = plan->range.name;
        key = &parts->range;
        value = equality(plan, node, name);
    }
    if (value != NULL && *key == NULL) {
        *key = value;
    } else if (value != NULL && !several && !value_equal(*key, value)) {
        note_fault(plan);
        return api_invalid(plan->reterr,
                           "Multiple conditions on same key %.*s. Only single item "
                           "Update/Insert/Delete are supported",
                           BYTES_ARG(name));
    } else if (value == NULL || !value_equal(*key, value)) {
        parts->rest[parts->rest_count++] = at;
    }
    return OK;
}

enum status key_take(const struct plan *plan, bool several, struct key_parts *ret)
{
    uint32_t where = plan->statement->where;
    struct key_parts parts = {
        .rest = ARENA_NEW_ARRAY(plan->arena, plan->statement->node_count, uint32_t)};
    bool has_range = plan->range.name.size > 0;

    if (where != NO_NODE &&
        (condition_check_keys(plan, where) != OK || take(plan, where, several, &parts) != OK))
        return REFUSED;
    if (parts.hash == NULL || (has_range && parts.range == NULL)) {
        note_fault(plan);
        return api_invalid(plan->reterr,
                           "Where clause does not contain a mandatory equality on all "
                           "key attributes");
    }
    if (key_check_type(plan, parts.hash, false) != OK ||
        (has_range && key_check_type(plan, parts.range, true) != OK))
        return REFUSED;
    *ret = parts;
    return OK;
}
