/* expr/key_condition.c - a key condition, taken apart into what to look up.
 *
 * It is read as any condition; then only "=" on the hash key and one condition on the range key may
 * be left, joined by AND in any order and grouping. */
#include "expr/parser.h"

struct key_terms {
    const struct parser *parser; /* NULL: they were no text */
    struct key_term *terms;
    size_t count;
};

/* ---- shape ---- */

static enum status refuse_operator(const struct key_terms *keys, const struct node *node)
{
    return api_invalid(keys->parser->reterr, "Invalid operator used in KeyConditionExpression: %s",
                       node_rows[node->kind].name);
}

static enum status refuse_condition(const struct key_terms *keys, const char *why)
{
    return api_invalid(keys->parser->reterr, "Invalid condition in KeyConditionExpression: %s",
                       why);
}

static bool operator_of_kind(enum node_kind kind, enum range_operator *ret)
{
    static const enum range_operator operators[] = {
        [NODE_EQUAL] = RANGE_EQUAL,
        [NODE_LESS] = RANGE_LESS,
        [NODE_LESS_OR_EQUAL] = RANGE_LESS_OR_EQUAL,
        [NODE_GREATER] = RANGE_GREATER,
        [NODE_GREATER_OR_EQUAL] = RANGE_GREATER_OR_EQUAL,
        [NODE_BETWEEN] = RANGE_BETWEEN,
        [NODE_BEGINS_WITH] = RANGE_BEGINS_WITH,
    };

    if (kind >= ARRAY_COUNT(operators) || operators[kind] == RANGE_NONE)
        return false;
    *ret = operators[kind];
    return true;
}

/* ":v < sk" says what "sk > :v" says. */
static enum range_operator swapped(enum range_operator operator_)
{
    switch (operator_) {
    case RANGE_LESS:
        return RANGE_GREATER;
    case RANGE_LESS_OR_EQUAL:
        return RANGE_GREATER_OR_EQUAL;
    case RANGE_GREATER:
        return RANGE_LESS;
    case RANGE_GREATER_OR_EQUAL:
        return RANGE_LESS_OR_EQUAL;
    case RANGE_NONE:
    case RANGE_EQUAL:
    case RANGE_BETWEEN:
    case RANGE_BEGINS_WITH:
        return operator_;
    }
    assert(false && "not an operator");
}

/* Operands in the order in which they were written: one attribute, one value or two. */
static enum status read_operands(const struct key_terms *keys, const struct node *node,
                                 struct key_term *term)
{
    const struct parser *parser = keys->parser;
    bool attribute_seen = false, value_first = false;

    for (uint32_t i = node->first; i != NO_NODE; i = parser->nodes[i].next) {
        const struct node *operand = &parser->nodes[i];

        if (operand->kind == NODE_PATH) {
            if (attribute_seen)
                return refuse_condition(keys, "Multiple attribute names used in one condition");
            if (operand->count > 1)
                return api_invalid(parser->reterr, "KeyConditionExpressions cannot have conditions "
                                                   "on nested attributes");
            attribute_seen = true;
            term->attribute = parser->steps[operand->first].name;
        } else if (operand->kind == NODE_VALUE) {
            value_first = value_first || !attribute_seen;
            *(term->low == NULL ? &term->low : &term->high) = operand->value;
        } else {
            return api_invalid(parser->reterr,
                               "KeyConditionExpressions cannot contain nested operations");
        }
    }
    if (!attribute_seen)
        return refuse_condition(keys, "No key attribute specified");
    if (value_first)
        term->operator_ = swapped(term->operator_);
    return OK;
}

static enum status add_term(struct key_terms *keys, const struct node *node)
{
    struct key_term *term = &keys->terms[keys->count];
    bool first_is_path = keys->parser->nodes[node->first].kind == NODE_PATH;

    if (!operator_of_kind(node->kind, &term->operator_))
        return refuse_operator(keys, node);
    if (node->kind == NODE_BETWEEN && !first_is_path)
        return refuse_condition(
            keys, "BETWEEN operator must have the key attribute as its first operand");
    if (node->kind == NODE_BEGINS_WITH && !first_is_path)
        return refuse_condition(
            keys, "begins_with operator must have the key attribute as its first operand");
    if (read_operands(keys, node, term) != OK)
        return REFUSED;
    for (size_t i = 0; i < keys->count; i++)
        if (bytes_equal(keys->terms[i].attribute, term->attribute))
            return api_invalid(keys->parser->reterr, "KeyConditionExpressions must only contain "
                                                     "one condition per key");
    keys->count++;
    return OK;
}

static enum status add_terms(struct key_terms *keys, uint32_t at)
{
    const struct node *node = &keys->parser->nodes[at];

    if (node->kind != NODE_AND)
        return add_term(keys, node);
    if (add_terms(keys, node->first) != OK)
        return REFUSED;
    return add_terms(keys, keys->parser->nodes[node->first].next);
}

/* ---- schema ---- */

static const struct key_term *find_term(const struct key_terms *keys, struct bytes attribute)
{
    for (size_t i = 0; i < keys->count; i++)
        if (bytes_equal(keys->terms[i].attribute, attribute))
            return &keys->terms[i];
    return NULL;
}

static enum status refuse_missing(struct api_error *reterr, struct bytes attribute)
{
    return api_invalid(reterr, "Query condition missed key schema element: %.*s",
                       BYTES_ARG(attribute));
}

static enum status check_key_value(const struct value *value, enum value_type type,
                                   struct bytes attribute, struct api_error *reterr)
{
    if (value == NULL)
        return OK;
    if (value->type != type)
        return api_invalid(reterr, "One or more parameter values were invalid: Condition parameter "
                                   "type does not match schema type");
    if (type != VALUE_N && value->bytes.size == 0)
        return api_invalid(reterr,
                           "One or more parameter values are not valid. The AttributeValue for a "
                           "key attribute cannot contain an empty %s value. Key: %.*s",
                           type == VALUE_S ? "string" : "binary", BYTES_ARG(attribute));
    return OK;
}

static enum status check_term(const struct key_term *term, enum value_type type,
                              struct api_error *reterr)
{
    if (term->operator_ == RANGE_NONE)
        return api_invalid(reterr,
                           "Attempted conditional constraint is not an indexable operation");
    if (check_key_value(term->low, type, term->attribute, reterr) != OK)
        return REFUSED;
    return check_key_value(term->high, type, term->attribute, reterr);
}

static enum status match_schema(const struct key_terms *keys, const struct key_names *schema,
                                struct key_condition *ret, struct api_error *reterr)
{
    const struct key_term *hash = find_term(keys, schema->hash_name), *range = NULL;

    if (keys->count > 2)
        return api_invalid(reterr, "Conditions can be of length 1 or 2 only");
    if (schema->range_name.size == 0 && keys->count > 1)
        return api_invalid(reterr, "Query key condition not supported");
    if (hash == NULL)
        return refuse_missing(reterr, schema->hash_name);
    if (check_term(hash, schema->hash_type, reterr) != OK)
        return REFUSED;
    if (hash->operator_ != RANGE_EQUAL)
        return api_invalid(reterr, "Query key condition not supported");
    *ret = (struct key_condition){.hash = *hash->low, .range = RANGE_NONE};
    if (keys->count == 1)
        return OK;
    range = find_term(keys, schema->range_name);
    if (range == NULL)
        return refuse_missing(reterr, schema->range_name);
    if (check_term(range, schema->range_type, reterr) != OK)
        return REFUSED;
    ret->range = range->operator_;
    ret->low = *range->low;
    if (range->high != NULL)
        ret->high = *range->high;
    return OK;
}

enum status expr_match_key_terms(struct key_term *terms, size_t count, const struct key_names *keys,
                                 struct key_condition *ret, struct api_error *reterr)
{
    struct key_terms all = {.terms = terms, .count = count};
    struct key_condition condition = {0};

    if (match_schema(&all, keys, &condition, reterr) != OK)
        return REFUSED;
    *ret = condition;
    return OK;
}

enum status expr_parse_key_condition(struct arena *arena, struct bytes text,
                                     struct expr_names *names, const struct key_names *keys,
                                     struct key_condition *ret, struct api_error *reterr)
{
    struct parser parser;
    uint32_t root = NO_NODE;
    struct key_condition condition = {0};

    if (parser_start(&parser, arena, EXPR_KEY_CONDITION, text, names, reterr) != OK ||
        parser_condition(&parser, &root) != OK || check_condition(&parser, root) != OK)
        return REFUSED;

    struct key_terms terms = {
        .parser = &parser,
        .terms = ARENA_NEW_ARRAY(arena, parser.node_count, struct key_term),
    };

    if (add_terms(&terms, root) != OK || match_schema(&terms, keys, &condition, reterr) != OK)
        return REFUSED;
    *ret = condition;
    return OK;
}
