/* expr/key_condition.c - a key condition, taken apart into what to look up.
 *
 * It is read as any condition; then only "=" on the attributes of the partition key may be left,
 * and conditions on the sort key, joined by AND in any order and grouping. */
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

/* The condition on one attribute of the key, its values checked; NULL: there is none. */
static enum status term_of(const struct key_terms *keys, const struct key_attribute *attribute,
                           struct api_error *reterr, const struct key_term **ret)
{
    const struct key_term *term = find_term(keys, attribute->name);

    *ret = term;
    return term != NULL ? check_term(term, attribute->type, reterr) : OK;
}

static enum status match_hash(const struct key_terms *keys, const struct key_schema *schema,
                              struct key_condition *ret, struct api_error *reterr)
{
    for (size_t i = 0; i < schema->hash_count; i++) {
        const struct key_term *term = NULL;

        if (term_of(keys, &schema->attributes[i], reterr, &term) != OK)
            return REFUSED;
        if (term == NULL)
            return refuse_missing(reterr, schema->attributes[i].name);
        if (term->operator_ != RANGE_EQUAL)
            return api_invalid(reterr, "Query key condition not supported");
        ret->equal[ret->equal_count++] = *term->low;
    }
    return OK;
}

/* From left to right: "=" goes on to the next attribute, anything else is the last condition. */
static enum status match_range(const struct key_terms *keys, const struct key_schema *schema,
                               struct key_condition *ret, struct api_error *reterr)
{
    size_t left = keys->count - schema->hash_count;

    for (size_t i = schema->hash_count; left > 0; i++, left--) {
        const struct key_term *term = NULL;

        if (i == schema->count)
            return api_invalid(reterr, "Query key condition not supported");
        if (term_of(keys, &schema->attributes[i], reterr, &term) != OK)
            return REFUSED;
        if (term == NULL)
            return refuse_missing(reterr, schema->attributes[i].name);
        if (left > 1 && term->operator_ != RANGE_EQUAL)
            return api_invalid(reterr, "Query key condition not supported");
        if (left > 1) {
            ret->equal[ret->equal_count++] = *term->low;
            continue;
        }
        ret->range = term->operator_;
        ret->low = *term->low;
        if (term->high != NULL)
            ret->high = *term->high;
    }
    return OK;
}

static enum status match_schema(const struct key_terms *keys, const struct key_schema *schema,
                                struct key_condition *ret, struct api_error *reterr)
{
    if (keys->count > 2 && schema->count <= 2)
        return api_invalid(reterr, "Conditions can be of length 1 or 2 only");
    if (keys->count > schema->count)
        return api_invalid(reterr, "Query key condition not supported");
    *ret = (struct key_condition){.range = RANGE_NONE};

    enum status status = match_hash(keys, schema, ret, reterr);

    return status == OK ? match_range(keys, schema, ret, reterr) : status;
}

enum status expr_match_key_terms(struct key_term *terms, size_t count,
                                 const struct key_schema *schema, struct key_condition *ret,
                                 struct api_error *reterr)
{
    struct key_terms all = {.terms = terms, .count = count};
    struct key_condition condition = {0};

    if (match_schema(&all, schema, &condition, reterr) != OK)
        return REFUSED;
    *ret = condition;
    return OK;
}

enum status expr_parse_key_condition(struct arena *arena, struct bytes text,
                                     struct expr_names *names, const struct key_schema *schema,
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

    if (add_terms(&terms, root) != OK || match_schema(&terms, schema, &condition, reterr) != OK)
        return REFUSED;
    *ret = condition;
    return OK;
}
