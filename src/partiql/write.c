/* partiql/write.c - INSERT, UPDATE, DELETE and EXISTS as one write; see partiql.h. */
#include "partiql/plan.h"

static struct item inserted_item(const struct plan *plan)
{
    const struct node *tuple = plan_node(plan, plan->statement->item);
    struct item item = {ARENA_NEW_ARRAY(plan->arena, tuple->count / 2, struct attribute), 0};

    for (uint32_t i = tuple->first; i != NO_NODE;) {
        const struct node *name = plan_node(plan, i), *value = plan_node(plan, name->next);

        item.attributes[item.count++] = (struct attribute){name->text, *value->value};
        i = value->next;
    }
    return item;
}

/* attribute_exists(key), or its opposite: whether there is an item. */
static uint32_t build_presence(const struct plan *plan, struct expr_builder *b, bool there)
{
    uint32_t path = expr_build_attribute(b, plan->hash.name);

    return condition_join(b, there ? EXPR_ATTRIBUTE_EXISTS : EXPR_ATTRIBUTE_NOT_EXISTS, &path, 1);
}

static uint32_t build_rest(const struct plan *plan, struct expr_builder *b,
                           const struct key_parts *parts)
{
    uint32_t *operands = ARENA_NEW_ARRAY(plan->arena, parts->rest_count, uint32_t);

    for (size_t i = 0; i < parts->rest_count; i++) {
        operands[i] = condition_build(plan, b, parts->rest[i]);
        if (operands[i] == NO_NODE)
            return NO_NODE;
    }
    return condition_join(b, EXPR_AND, operands, parts->rest_count);
}

/* UPDATE: there is an item, and the rest holds. DELETE: there is none, or the rest holds. */
static enum status build_condition(const struct plan *plan, const struct key_parts *parts,
                                   const struct expr_condition **ret)
{
    enum partiql_kind kind = plan->statement->kind;
    struct expr_builder *b = expr_builder_new(plan->arena);
    uint32_t operands[2] = {NO_NODE, NO_NODE}, root = NO_NODE;
    size_t count = 0;

    if (kind == PARTIQL_DELETE && parts->rest_count == 0)
        return OK;
    if (kind != PARTIQL_EXISTS)
        operands[count++] = build_presence(plan, b, kind == PARTIQL_UPDATE);
    if (parts->rest_count > 0)
        operands[count++] = build_rest(plan, b, parts);
    root = condition_join(b, kind == PARTIQL_DELETE ? EXPR_OR : EXPR_AND, operands, count);
    return expr_build_condition(b, root, ret, plan->reterr);
}

static enum status plan_insert(const struct plan *plan, struct partiql_write *ret)
{
    struct expr_builder *b = expr_builder_new(plan->arena);

    ret->item = inserted_item(plan);
    return expr_build_condition(b, build_presence(plan, b, false), &ret->condition, plan->reterr);
}

/* AWS wants of EXISTS more than a key: that an item is there it does not ask so. */
static enum status check_exists(const struct plan *plan, enum status taken,
                                const struct key_parts *parts)
{
    if (plan->statement->kind != PARTIQL_EXISTS || (taken == OK && parts->rest_count > 0))
        return taken;
    *plan->key_fault = false;
    return api_invalid(plan->reterr,
                       "EXISTS() must contain a single item read with additional condition");
}

enum status partiql_plan_write(const struct partiql_statement *statement,
                               const struct key_schema *keys, struct arena *arena,
                               struct partiql_write *ret, bool *ret_key, struct api_error *reterr)
{
    struct plan plan = {
        .statement = statement, .key_fault = ret_key, .arena = arena, .reterr = reterr};
    struct key_parts parts = {0};
    enum status status = OK;

    assert(statement->kind != PARTIQL_SELECT);
    *ret = (struct partiql_write){0};
    *ret_key = false;
    if (plan_take_keys(&plan, keys) != OK)
        return REFUSED;
    if (statement->kind == PARTIQL_INSERT)
        return plan_insert(&plan, ret);
    status = key_take(&plan, statement->kind == PARTIQL_EXISTS, &parts);
    status = check_exists(&plan, status, &parts);
    if (status != OK)
        return status;
    ret->item = key_item(&plan, parts.hash, parts.range);
    status = build_condition(&plan, &parts, &ret->condition);
    if (status == OK && statement->kind == PARTIQL_UPDATE)
        status = change_build(&plan, &ret->update);
    return status;
}
