/* expr/build.c - see build.h. */
#include "expr/build.h"

#include "expr/parser.h"
#include "expr/path.h"

/* What a builder knows of a node that no reader of it needs. */
struct built_node {
    uint32_t depth; /* operators on the longest way down */
    bool used;      /* it is an operand */
};

struct expr_builder {
    struct arena *arena;
    struct node *nodes;
    struct built_node *built;
    struct path_step *steps;
    struct update_action *actions;
    size_t node_capacity, built_capacity, step_capacity, action_capacity;
    uint32_t node_count, step_count, action_count;
    struct bytes refusal; /* why no more is built; empty: all is well */
};

static const enum node_kind kinds[] = {
    [EXPR_OR] = NODE_OR,
    [EXPR_AND] = NODE_AND,
    [EXPR_NOT] = NODE_NOT,
    [EXPR_EQUAL] = NODE_EQUAL,
    [EXPR_NOT_EQUAL] = NODE_NOT_EQUAL,
    [EXPR_LESS] = NODE_LESS,
    [EXPR_LESS_OR_EQUAL] = NODE_LESS_OR_EQUAL,
    [EXPR_GREATER] = NODE_GREATER,
    [EXPR_GREATER_OR_EQUAL] = NODE_GREATER_OR_EQUAL,
    [EXPR_BETWEEN] = NODE_BETWEEN,
    [EXPR_IN] = NODE_IN,
    [EXPR_ATTRIBUTE_EXISTS] = NODE_ATTRIBUTE_EXISTS,
    [EXPR_ATTRIBUTE_NOT_EXISTS] = NODE_ATTRIBUTE_NOT_EXISTS,
    [EXPR_ATTRIBUTE_TYPE] = NODE_ATTRIBUTE_TYPE,
    [EXPR_BEGINS_WITH] = NODE_BEGINS_WITH,
    [EXPR_CONTAINS] = NODE_CONTAINS,
    [EXPR_SIZE] = NODE_SIZE,
    [EXPR_IF_NOT_EXISTS] = NODE_IF_NOT_EXISTS,
    [EXPR_LIST_APPEND] = NODE_LIST_APPEND,
    [EXPR_PLUS] = NODE_PLUS,
    [EXPR_MINUS] = NODE_MINUS,
};

/* ---- nodes ---- */

static void reserve_nodes(struct expr_builder *b, uint32_t wanted)
{
    b->nodes =
        arena_grow(b->arena, b->nodes, b->node_count, wanted, &b->node_capacity, sizeof *b->nodes);
    b->built =
        arena_grow(b->arena, b->built, b->node_count, wanted, &b->built_capacity, sizeof *b->built);
}

struct expr_builder *expr_builder_new(struct arena *arena)
{
    struct expr_builder *b = ARENA_NEW(arena, struct expr_builder);

    b->arena = arena;
    reserve_nodes(b, 1);
    b->node_count = 1; /* 0 is no node */
    return b;
}

static uint32_t give_up(struct expr_builder *b, const char *why)
{
    if (b->refusal.size == 0)
        b->refusal = bytes_of_text(why);
    return NO_NODE;
}

static bool failed(const struct expr_builder *b)
{
    return b->refusal.size > 0;
}

static uint32_t add_node(struct expr_builder *b, enum node_kind kind)
{
    if (b->node_count == EXPR_BUILD_NODES_MAX)
        give_up(b, "The request has too many conditions or attributes");
    if (failed(b))
        return NO_NODE;
    reserve_nodes(b, b->node_count + 1);
    b->nodes[b->node_count] = (struct node){.kind = kind};
    b->built[b->node_count] = (struct built_node){0};
    return b->node_count++;
}

/* `at` stands in another node or an action now. */
static void use(struct expr_builder *b, uint32_t at)
{
    assert(at != NO_NODE && at < b->node_count && !b->built[at].used);
    b->built[at].used = true;
}

static void add_step(struct expr_builder *b, const struct expr_step *step)
{
    b->steps = arena_grow(b->arena, b->steps, b->step_count, b->step_count + 1, &b->step_capacity,
                          sizeof *b->steps);
    b->steps[b->step_count++] = (struct path_step){
        .is_index = step->is_index,
        .text = step->is_index ? arena_printf(b->arena, "%u", (unsigned)step->index) : step->name,
        .name = step->name,
        .index = step->index,
    };
}

uint32_t expr_build_path(struct expr_builder *b, const struct expr_step *steps, size_t count)
{
    assert(count > 0 && !steps[0].is_index);
    if (count > EXPR_PATH_DEPTH_MAX)
        give_up(b, "The document path has too many nesting levels");
    else if (b->step_count + count > EXPR_BUILD_NODES_MAX)
        give_up(b, "The request has too many conditions or attributes");

    uint32_t node = add_node(b, NODE_PATH);

    if (node == NO_NODE)
        return NO_NODE;
    b->nodes[node].first = b->step_count;
    b->nodes[node].count = (uint32_t)count;
    for (size_t i = 0; i < count; i++)
        add_step(b, &steps[i]);
    return node;
}

uint32_t expr_build_attribute(struct expr_builder *b, struct bytes name)
{
    return expr_build_path(b, &(struct expr_step){.name = name}, 1);
}

uint32_t expr_build_value(struct expr_builder *b, const struct value *value)
{
    uint32_t node = add_node(b, NODE_VALUE);

    if (node != NO_NODE)
        b->nodes[node].value = value;
    return node;
}

/* What the parser and check.c see to in a text. */
static void check_operands(const struct expr_builder *b, enum node_kind kind,
                           const uint32_t *operands, size_t count)
{
    const struct node_row *row = &node_rows[kind];
    bool joins = kind == NODE_AND || kind == NODE_OR || kind == NODE_NOT;
    const struct node *first = &b->nodes[operands[0]];

    assert(kind == NODE_AND || kind == NODE_OR || row->operand_count == 0 ||
           count == row->operand_count);
    assert(kind != NODE_IN || count >= 2);
    assert((row->rules & RULE_PATH_FIRST) == 0 || first->kind == NODE_PATH);
    for (size_t i = 0; i < count; i++) {
        enum node_role role = node_rows[b->nodes[operands[i]].kind].role;

        assert((role == ROLE_CONDITION) == joins);
        assert(role != (row->role == ROLE_UPDATE ? ROLE_SIZE : ROLE_UPDATE));
    }
    if (kind == NODE_ATTRIBUTE_TYPE) {
        const struct value *type = b->nodes[operands[1]].value;

        assert(b->nodes[operands[1]].kind == NODE_VALUE && type->type == VALUE_S);
    }
}

uint32_t expr_build_operator(struct expr_builder *b, enum expr_operator operator_,
                             const uint32_t *operands, size_t count)
{
    enum node_kind kind = kinds[operator_];
    uint32_t node = add_node(b, kind);
    uint32_t depth = 0;

    assert(count > 0);
    if (node == NO_NODE)
        return NO_NODE;
    for (size_t i = 0; i < count; i++) {
        use(b, operands[i]);
        depth = b->built[operands[i]].depth > depth ? b->built[operands[i]].depth : depth;
        if (i > 0)
            b->nodes[operands[i - 1]].next = operands[i];
    }
    check_operands(b, kind, operands, count);
    if (++depth > EXPR_NESTING_MAX)
        return give_up(b, "The request has conditions nested too deeply");
    b->nodes[node].first = operands[0];
    b->nodes[node].count = (uint32_t)count;
    b->built[node].depth = depth;
    return node;
}

uint32_t expr_build_call(struct expr_builder *b, enum expr_operator operator_, uint32_t operand)
{
    return expr_build_operator(b, operator_, &operand, 1);
}

uint32_t expr_build_pair(struct expr_builder *b, enum expr_operator operator_, uint32_t first,
                         uint32_t second)
{
    uint32_t operands[] = {first, second};

    return expr_build_operator(b, operator_, operands, ARRAY_COUNT(operands));
}

/* ---- actions ---- */

static void add_action(struct expr_builder *b, enum update_section section, uint32_t path,
                       uint32_t value)
{
    if (failed(b))
        return;
    use(b, path);
    assert(b->nodes[path].kind == NODE_PATH);
    if (value != NO_NODE) {
        enum node_role role = node_rows[b->nodes[value].kind].role;

        use(b, value);
        assert(role == ROLE_OPERAND || role == ROLE_UPDATE);
    }
    b->actions = arena_grow(b->arena, b->actions, b->action_count, b->action_count + 1,
                            &b->action_capacity, sizeof *b->actions);
    b->actions[b->action_count++] =
        (struct update_action){.section = section, .path = path, .value = value};
}

void expr_build_set(struct expr_builder *b, uint32_t path, uint32_t operand)
{
    add_action(b, SECTION_SET, path, operand);
}

void expr_build_remove(struct expr_builder *b, uint32_t path)
{
    add_action(b, SECTION_REMOVE, path, NO_NODE);
}

void expr_build_add(struct expr_builder *b, uint32_t path, const struct value *value)
{
    assert((TYPE_BIT(value->type) & (TYPES_NUMBER | TYPES_SETS | TYPES_LIST)) != 0);
    add_action(b, SECTION_ADD, path, expr_build_value(b, value));
}

void expr_build_delete(struct expr_builder *b, uint32_t path, const struct value *value)
{
    assert((TYPE_BIT(value->type) & TYPES_SETS) != 0);
    add_action(b, SECTION_DELETE, path, expr_build_value(b, value));
}

/* ---- results ---- */

static enum status refuse(const struct expr_builder *b, struct api_error *reterr)
{
    return api_invalid(reterr, "%.*s", BYTES_ARG(b->refusal));
}

static struct expression expression_of(const struct expr_builder *b)
{
    return (struct expression){b->nodes, b->node_count, b->steps};
}

static enum status build_tree(const struct expr_builder *b, const struct path *paths,
                              uint32_t count, const struct path_tree **ret,
                              struct api_error *reterr)
{
    struct path_clash clash = {0};

    if (path_tree_build(b->arena, paths, count, ret, &clash))
        return OK;
    return api_invalid(reterr, "%.*s", BYTES_ARG(path_clash_text(b->arena, paths, &clash)));
}

static struct path path_of_node(const struct expr_builder *b, uint32_t at)
{
    assert(b->nodes[at].kind == NODE_PATH);
    return (struct path){&b->steps[b->nodes[at].first], b->nodes[at].count};
}

enum status expr_build_condition(struct expr_builder *b, uint32_t root,
                                 const struct expr_condition **ret, struct api_error *reterr)
{
    if (failed(b))
        return refuse(b, reterr);
    use(b, root);
    assert(node_rows[b->nodes[root].kind].role == ROLE_CONDITION);

    struct expr_condition *condition = ARENA_NEW(b->arena, struct expr_condition);

    *condition = (struct expr_condition){expression_of(b), root};
    *ret = condition;
    return OK;
}

enum status expr_build_update(struct expr_builder *b, const char *wrong_type,
                              const struct expr_update **ret, struct api_error *reterr)
{
    if (failed(b))
        return refuse(b, reterr);
    assert(b->action_count > 0);

    struct expr_update *update = ARENA_NEW(b->arena, struct expr_update);
    struct path *paths = ARENA_NEW_ARRAY(b->arena, b->action_count, struct path);

    for (uint32_t i = 0; i < b->action_count; i++)
        paths[i] = path_of_node(b, b->actions[i].path);
    if (build_tree(b, paths, b->action_count, &update->tree, reterr) != OK)
        return REFUSED;
    update->expression = expression_of(b);
    update->actions = b->actions;
    update->action_count = b->action_count;
    update->wrong_type = wrong_type;
    update_order_sections(update);
    *ret = update;
    return OK;
}

enum status expr_build_projection(struct expr_builder *b, const uint32_t *path_nodes, size_t count,
                                  const struct expr_projection **ret, struct api_error *reterr)
{
    if (failed(b))
        return refuse(b, reterr);
    assert(count > 0);

    struct expr_projection *projection = ARENA_NEW(b->arena, struct expr_projection);
    struct path *paths = ARENA_NEW_ARRAY(b->arena, count, struct path);

    for (size_t i = 0; i < count; i++) {
        use(b, path_nodes[i]);
        paths[i] = path_of_node(b, path_nodes[i]);
    }
    if (build_tree(b, paths, (uint32_t)count, &projection->tree, reterr) != OK)
        return REFUSED;
    projection->expression = expression_of(b);
    *ret = projection;
    return OK;
}
