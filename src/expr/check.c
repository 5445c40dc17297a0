/* expr/check.c - what AWS refuses in a text that reads well, in AWS's order:
 *
 *   1. words: reserved words, list indexes, functions that are unknown or stand in the wrong place;
 *      in an update section by section, and each section once
 *   2. placeholders, then numbers and types of operands, operator by operator from the inside;
 *      in an update from the last action to the first
 *   3. paths that overlap: in an update before its values are looked at, in a projection last */
#include "expr/parser.h"
#include "expr/path.h"
#include "expr/reserved.h"

#define REFUSE_IF(call)                                                                            \
    do {                                                                                           \
        if ((call) != OK)                                                                          \
            return REFUSED;                                                                        \
    } while (0)

/* ---- 1. words ---- */

/* AWS holds list indexes in a signed integer of 32 bits. */
static enum status check_index(const struct parser *parser, struct path_step *step)
{
    uint64_t index = 0;

    if (!bytes_to_uint64(step->text, &index) || index > INT32_MAX)
        return parser_refuse(parser, "List index is not within the allowable range; index: [%.*s]",
                             BYTES_ARG(step->text));
    step->index = (uint32_t)index;
    return OK;
}

static enum status check_path_words(const struct parser *parser, const struct node *path)
{
    for (uint32_t i = 0; i < path->count; i++) {
        struct path_step *step = &parser->steps[path->first + i];

        if (step->is_index)
            REFUSE_IF(check_index(parser, step));
        else if (step->text.ptr[0] != '#' && reserved_word(step->text))
            return parser_refuse(parser,
                                 "Attribute name is a reserved keyword; reserved keyword: %.*s",
                                 BYTES_ARG(step->text));
    }
    return OK;
}

static enum status check_function_place(const struct parser *parser, const struct node *node,
                                        bool condition_wanted)
{
    enum node_role role = node_rows[node->kind].role;
    const char *fault = NULL;

    if (role == ROLE_NOWHERE)
        return parser_refuse(parser, "Invalid function name; function: %.*s",
                             BYTES_ARG(node->text));
    if (parser->kind == EXPR_UPDATE && role != ROLE_UPDATE)
        fault = "not allowed in an update expression";
    else if (parser->kind != EXPR_UPDATE && role == ROLE_UPDATE)
        fault = "not allowed in a condition expression";
    else if (condition_wanted != (role == ROLE_CONDITION))
        fault = "not allowed to be used this way in an expression";
    if (fault == NULL)
        return OK;
    return parser_refuse(parser, "The function is %s; function: %.*s", fault,
                         BYTES_ARG(node->text));
}

static enum status check_words(const struct parser *parser, uint32_t at, bool condition_wanted)
{
    const struct node *node = &parser->nodes[at];
    bool joins = node->kind == NODE_AND || node->kind == NODE_OR || node->kind == NODE_NOT;

    if (node->kind == NODE_PATH)
        return check_path_words(parser, node);
    if (node->kind == NODE_VALUE)
        return OK;
    if ((node_rows[node->kind].rules & RULE_FUNCTION) != 0)
        REFUSE_IF(check_function_place(parser, node, condition_wanted));
    for (uint32_t i = node->first; i != NO_NODE; i = parser->nodes[i].next)
        REFUSE_IF(check_words(parser, i, joins));
    return OK;
}

/* ---- 2. operands ---- */

/* The type that an operand has whatever the item is. */
static bool known_type(const struct node *node, enum value_type *ret)
{
    if (node->kind == NODE_VALUE)
        *ret = node->value->type;
    else if (node->kind == NODE_SIZE)
        *ret = VALUE_N;
    else
        return false;
    return true;
}

static enum status refuse_type(const struct parser *parser, enum node_kind kind, const char *type)
{
    return parser_refuse(parser,
                         "Incorrect operand type for operator or function; "
                         "operator or function: %s, operand type: %s",
                         node_rows[kind].name, type);
}

static enum status check_types(const struct parser *parser, const struct node *node)
{
    uint32_t allowed = node_rows[node->kind].types;
    enum value_type type = VALUE_S;

    if (allowed == TYPES_ANY)
        return OK;
    for (uint32_t i = node->first; i != NO_NODE; i = parser->nodes[i].next)
        if (known_type(&parser->nodes[i], &type) && (allowed & TYPE_BIT(type)) == 0)
            return refuse_type(parser, node->kind, value_type_name(type));
    return OK;
}

static enum status check_count(const struct parser *parser, const struct node *node)
{
    const struct node_row *row = &node_rows[node->kind];

    if (row->operand_count != 0 && node->count != row->operand_count)
        return parser_refuse(parser,
                             "Incorrect number of operands for operator or function; "
                             "operator or function: %s, number of operands: %u",
                             row->name, (unsigned)node->count);
    if (node->kind == NODE_IN && node->count - 1 > EXPR_IN_MAX)
        return parser_refuse(parser,
                             "The IN operator is provided with too many operands; "
                             "number of operands: %u",
                             (unsigned)node->count - 1);
    return OK;
}

static bool same_path(const struct parser *parser, const struct node *a, const struct node *b)
{
    return a->kind == NODE_PATH && b->kind == NODE_PATH &&
           path_equal(&parser->steps[a->first], a->count, &parser->steps[b->first], b->count);
}

static enum status check_distinct(const struct parser *parser, const struct node *node)
{
    const struct node *first = &parser->nodes[node->first];

    for (uint32_t i = first->next; i != NO_NODE; i = parser->nodes[i].next) {
        if (!same_path(parser, first, &parser->nodes[i]))
            continue;

        struct bytes path = path_text(parser->arena, &parser->steps[first->first], first->count);

        return parser_refuse(parser,
                             "The first operand must be distinct from the remaining operands for "
                             "this operator or function; operator: %s, first operand: %.*s",
                             node_rows[node->kind].name, BYTES_ARG(path));
    }
    return OK;
}

/* As Java prints the value: a byte buffer shows its size, not its bytes. More of a string would not
 * fit into the message. */
static void print_bound(struct buffer *out, const struct value *value)
{
    buffer_printf(out, "AttributeValue: {%s:", value_type_name(value->type));
    if (value->type == VALUE_S)
        buffer_append(out, bytes_slice(value->bytes, 0, API_ERROR_MESSAGE_SIZE));
    else if (value->type == VALUE_N)
        number_print(out, &value->number);
    else
        buffer_printf(out, "java.nio.HeapByteBuffer[pos=0 lim=%zu cap=%zu]", value->bytes.size,
                      value->bytes.size);
    buffer_append_text(out, "}");
}

/* The types are S, N or B: check_types() was here. */
static enum status check_bounds(const struct parser *parser, const struct node *between)
{
    const struct node *low = &parser->nodes[parser->nodes[between->first].next];
    const struct node *high = &parser->nodes[low->next];
    int order = 0;

    if (low->kind != NODE_VALUE || high->kind != NODE_VALUE)
        return OK;

    bool comparable = value_compare(low->value, high->value, &order);

    if (comparable && order <= 0)
        return OK;

    AUTO(buffer_free) struct buffer text = BUFFER_INIT(3 * API_ERROR_MESSAGE_SIZE);

    buffer_append_text(&text, "lower bound operand: ");
    print_bound(&text, low->value);
    buffer_append_text(&text, ", upper bound operand: ");
    print_bound(&text, high->value);
    return parser_refuse(parser, "The BETWEEN operator requires %s; %.*s",
                         comparable ? "upper bound to be greater than or equal to lower bound"
                                    : "same data type for lower and upper bounds",
                         BYTES_ARG(buffer_bytes(&text)));
}

static enum status check_type_name(const struct parser *parser, const struct node *node)
{
    const struct node *wanted = &parser->nodes[parser->nodes[node->first].next];
    enum value_type type = VALUE_S;

    if (wanted->kind == NODE_SIZE)
        return refuse_type(parser, node->kind, value_type_name(VALUE_N));
    if (wanted->kind != NODE_VALUE)
        return refuse_type(parser, node->kind, "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}");
    if (wanted->value->type != VALUE_S)
        return refuse_type(parser, node->kind, value_type_name(wanted->value->type));
    if (!value_type_of_name(wanted->value->bytes, &type))
        return parser_refuse(parser,
                             "Invalid attribute type name found; type: %.*s, "
                             "valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
                             BYTES_ARG(wanted->value->bytes));
    return OK;
}

static enum status check_path(struct parser *parser, struct node *path)
{
    REFUSE_IF(names_resolve_path(parser, path));
    if (path->count > EXPR_PATH_DEPTH_MAX)
        return parser_refuse(parser,
                             "The document path has too many nesting levels; nesting levels: %u",
                             (unsigned)path->count);
    return OK;
}

static enum status check_operands(struct parser *parser, uint32_t at)
{
    struct node *node = &parser->nodes[at];
    uint32_t rules = node_rows[node->kind].rules;

    if (node->kind == NODE_PATH)
        return check_path(parser, node);
    if (node->kind == NODE_VALUE)
        return names_resolve_value(parser, node);
    for (uint32_t i = node->first; i != NO_NODE; i = parser->nodes[i].next)
        REFUSE_IF(check_operands(parser, i));
    REFUSE_IF(check_count(parser, node));
    if ((rules & RULE_PATH_FIRST) != 0 && parser->nodes[node->first].kind != NODE_PATH)
        return parser_refuse(parser,
                             "Operator or function requires a document path; "
                             "operator or function: %s",
                             node_rows[node->kind].name);
    if ((rules & RULE_DISTINCT) != 0)
        REFUSE_IF(check_distinct(parser, node));
    REFUSE_IF(check_types(parser, node));
    if (node->kind == NODE_BETWEEN)
        return check_bounds(parser, node);
    if (node->kind == NODE_ATTRIBUTE_TYPE)
        return check_type_name(parser, node);
    return OK;
}

enum status check_condition(struct parser *parser, uint32_t root)
{
    REFUSE_IF(check_words(parser, root, true));
    return check_operands(parser, root);
}

/* ---- 3. overlapping paths ---- */

static struct path path_of_node(const struct parser *parser, uint32_t at)
{
    const struct node *node = &parser->nodes[at];

    return (struct path){&parser->steps[node->first], node->count};
}

static enum status check_overlap(const struct parser *parser, const struct path *paths,
                                 uint32_t count, const struct path_tree **ret_tree)
{
    struct path_clash clash = {0};

    if (path_tree_build(parser->arena, paths, count, ret_tree, &clash))
        return OK;
    return parser_refuse(parser, "%.*s", BYTES_ARG(path_clash_text(parser->arena, paths, &clash)));
}

enum status check_projection(struct parser *parser, const uint32_t *path_nodes, uint32_t count,
                             const struct path_tree **ret_tree)
{
    struct path *paths = ARENA_NEW_ARRAY(parser->arena, count, struct path);

    for (uint32_t i = 0; i < count; i++)
        REFUSE_IF(check_words(parser, path_nodes[i], false));
    for (uint32_t i = 0; i < count; i++) {
        REFUSE_IF(check_operands(parser, path_nodes[i]));
        paths[i] = path_of_node(parser, path_nodes[i]);
    }
    return check_overlap(parser, paths, count, ret_tree);
}

/* ---- updates ---- */

static const char *const section_names[SECTION_COUNT] = {"SET", "REMOVE", "ADD", "DELETE"};

static enum status check_section_words(const struct parser *parser,
                                       const struct expr_update *update,
                                       enum update_section section)
{
    unsigned times = 0;

    for (uint32_t i = 0; i < update->action_count; i++) {
        const struct update_action *action = &update->actions[i];

        if (action->section != section)
            continue;
        times += action->starts_section;
        REFUSE_IF(check_words(parser, action->path, false));
        if (action->value != NO_NODE)
            REFUSE_IF(check_words(parser, action->value, false));
    }
    if (times > 1)
        return parser_refuse(parser,
                             "The \"%s\" section can only be used once in an update expression;",
                             section_names[section]);
    return OK;
}

static enum status check_targets(struct parser *parser, struct expr_update *update)
{
    struct path *paths = ARENA_NEW_ARRAY(parser->arena, update->action_count, struct path);

    for (uint32_t i = 0; i < update->action_count; i++) {
        REFUSE_IF(names_resolve_path(parser, &parser->nodes[update->actions[i].path]));
        paths[i] = path_of_node(parser, update->actions[i].path);
    }
    return check_overlap(parser, paths, update->action_count, &update->tree);
}

/* ADD and DELETE have messages of their own, with the long names of types. */
static enum status check_action_type(const struct parser *parser,
                                     const struct update_action *action)
{
    static const char *const long_names[] = {
        [VALUE_S] = "STRING",      [VALUE_N] = "NUMBER",      [VALUE_B] = "BINARY",
        [VALUE_BOOL] = "BOOLEAN",  [VALUE_NULL] = "NULL",     [VALUE_M] = "MAP",
        [VALUE_L] = "LIST",        [VALUE_SS] = "STRING_SET", [VALUE_NS] = "NUMBER_SET",
        [VALUE_BS] = "BINARY_SET",
    };
    uint32_t allowed = TYPES_SETS | (action->section == SECTION_ADD ? TYPES_NUMBER : 0);
    enum value_type type = VALUE_S;

    if (action->section != SECTION_ADD && action->section != SECTION_DELETE)
        return OK;
    if (!known_type(&parser->nodes[action->value], &type) || (allowed & TYPE_BIT(type)) != 0)
        return OK;
    return parser_refuse(parser,
                         "Incorrect operand type for operator or function; operator: %s, "
                         "operand type: %s, typeSet: ALLOWED_FOR_%s_OPERAND",
                         section_names[action->section], long_names[type],
                         section_names[action->section]);
}

static enum status resolve_names_below(struct parser *parser, uint32_t at)
{
    struct node *node = &parser->nodes[at];

    if (node->kind == NODE_PATH)
        return names_resolve_path(parser, node);
    for (uint32_t i = node->first; i != NO_NODE; i = parser->nodes[i].next)
        REFUSE_IF(resolve_names_below(parser, i));
    return OK;
}

enum status check_update(struct parser *parser, struct expr_update *update)
{
    update_order_sections(update);
    for (uint32_t i = 0; i < update->section_count; i++)
        REFUSE_IF(check_section_words(parser, update, update->sections[i]));
    REFUSE_IF(check_targets(parser, update));
    for (uint32_t i = update->action_count; i-- > 0;)
        if (update->actions[i].value != NO_NODE)
            REFUSE_IF(resolve_names_below(parser, update->actions[i].value));
    for (uint32_t i = update->action_count; i-- > 0;) {
        const struct update_action *action = &update->actions[i];

        REFUSE_IF(check_operands(parser, action->path));
        if (action->value != NO_NODE)
            REFUSE_IF(check_operands(parser, action->value));
        REFUSE_IF(check_action_type(parser, action));
    }
    return OK;
}
