/* partiql/literal.c - literals as values: numbers by DynamoDB's rules, bags as sets, tuples as
 * maps. Messages name the place inside the value, "under root.a[0]", as AWS does. */
#include "partiql/check.h"

#include <stdlib.h>

/* Elements of the way down to a value: one less than an item may have, as AWS counts. */
#define LITERAL_DEPTH_MAX 32
#define PLACE_SIZE_MAX 65536 /* a statement's text bounds it far below */

struct literal {
    struct check *check;
    struct buffer *place; /* "root.a[0]" */
};

static enum status convert(struct literal *literal, uint32_t at, unsigned depth, struct value *ret);

static const struct node *node_at(const struct literal *literal, uint32_t at)
{
    return partiql_node(literal->check->statement, at);
}

bool partiql_is_constant(const struct node *node)
{
    return (node->kind >= NODE_STRING && node->kind <= NODE_TUPLE) && node->kind != NODE_MISSING;
}

/* ---- numbers ---- */

static enum status convert_number(struct literal *literal, const struct node *node,
                                  struct value *ret)
{
    struct api_error *error = literal->check->reterr;
    struct bytes text = node->text;

    if (node->negated)
        text = arena_printf(literal->check->arena, "-%.*s", BYTES_ARG(node->text));
    ret->type = VALUE_N;
    if (number_parse(text, &ret->number, error) == OK)
        return OK;

    struct bytes why = arena_copy(literal->check->arena, bytes_of_text(error->message));

    return api_invalid(error, "%.*s under %.*s", BYTES_ARG(why),
                       BYTES_ARG(buffer_bytes(literal->place)));
}

/* ---- lists and tuples ---- */

static enum status convert_list(struct literal *literal, const struct node *node, unsigned depth,
                                struct value *ret)
{
    size_t place = literal->place->size, count = 0;

    ret->type = VALUE_L;
    ret->list.values = ARENA_NEW_ARRAY(literal->check->arena, node->count, struct value);
    for (uint32_t i = node->first; i != NO_NODE; i = node_at(literal, i)->next) {
        buffer_printf(literal->place, "[%zu]", count);
        if (convert(literal, i, depth + 1, &ret->list.values[count++]) != OK)
            return REFUSED;
        literal->place->size = place;
    }
    ret->list.count = count;
    return OK;
}

static enum status check_name(struct literal *literal, const struct node *name,
                              const struct item *before)
{
    struct api_error *error = literal->check->reterr;
    struct bytes place = buffer_bytes(literal->place);

    if (name->kind != NODE_STRING)
        return api_invalid(error, "Tuple keys must be of type String. Actual type: %s under %.*s",
                           partiql_node_names[name->kind], BYTES_ARG(place));
    if (item_get(before, name->text) != NULL)
        return api_invalid(error, "Duplicate keys in tuple. Key: %.*s under %.*s",
                           BYTES_ARG(name->text), BYTES_ARG(place));
    return OK;
}

static enum status convert_tuple(struct literal *literal, const struct node *node, unsigned depth,
                                 struct value *ret)
{
    size_t place = literal->place->size;
    struct item *map = &ret->map;

    ret->type = VALUE_M;
    *map =
        (struct item){ARENA_NEW_ARRAY(literal->check->arena, node->count / 2, struct attribute), 0};
    for (uint32_t i = node->first; i != NO_NODE;) {
        const struct node *name = node_at(literal, i);
        struct attribute *attribute = &map->attributes[map->count];

        if (check_name(literal, name, map) != OK)
            return REFUSED;
        attribute->name = name->text;
        buffer_printf(literal->place, ".%.*s", BYTES_ARG(name->text));
        if (convert(literal, name->next, depth + 1, &attribute->value) != OK)
            return REFUSED;
        literal->place->size = place;
        map->count++;
        i = node_at(literal, name->next)->next;
    }
    return OK;
}

/* ---- bags ---- */

static int compare_values(const void *a, const void *b)
{
    const struct value *const *left = a, *const *right = b;
    int order = 0;
    bool comparable = value_compare(*left, *right, &order);

    assert(comparable);
    return order;
}

static bool values_repeat(struct arena *arena, const struct value *values, size_t count)
{
    const struct value **order = ARENA_NEW_ARRAY(arena, count, const struct value *);

    for (size_t i = 0; i < count; i++)
        order[i] = &values[i];
    qsort(order, count, sizeof *order, compare_values);
    for (size_t i = 1; i < count; i++)
        if (compare_values(&order[i - 1], &order[i]) == 0)
            return true;
    return false;
}

/* "[a, a]", as the elements are written. More than a message holds is cut there. */
static enum status refuse_repeated(const struct literal *literal, const struct node *bag,
                                   bool numbers)
{
    AUTO(buffer_free) struct buffer list = BUFFER_INIT(PLACE_SIZE_MAX);

    for (uint32_t i = bag->first; i != NO_NODE; i = node_at(literal, i)->next) {
        const struct node *element = node_at(literal, i);

        buffer_printf(&list, "%s%s%.*s", i != bag->first ? ", " : "",
                      numbers && element->negated ? "-" : "", BYTES_ARG(element->text));
    }
    return api_invalid(literal->check->reterr,
                       "One or more parameter values were invalid: Input collection [%.*s] "
                       "contains duplicates%s%.*s",
                       BYTES_ARG(buffer_bytes(&list)), numbers ? "! under " : ".",
                       BYTES_ARG(numbers ? buffer_bytes(literal->place) : BYTES("")));
}

static enum status convert_bag(struct literal *literal, const struct node *node, struct value *ret)
{
    struct check *check = literal->check;
    enum node_kind kind = node->count > 0 ? node_at(literal, node->first)->kind : NODE_NONE;
    struct value *values = ARENA_NEW_ARRAY(check->arena, node->count, struct value);
    size_t count = 0;

    if (kind == NODE_NONE)
        return api_invalid(check->reterr, "Empty bags are not supported");
    for (uint32_t i = node->first; i != NO_NODE; i = node_at(literal, i)->next) {
        const struct node *element = node_at(literal, i);

        if (element->kind != kind || (kind != NODE_STRING && kind != NODE_NUMBER))
            return api_invalid(check->reterr, "Unsupported data type in Bag. DynamoDB only "
                                              "supports either numbers or strings in bags");
        if (convert(literal, i, 0, &values[count++]) != OK)
            return REFUSED;
    }
    if (values_repeat(check->arena, values, count))
        return refuse_repeated(literal, node, kind == NODE_NUMBER);
    ret->type = kind == NODE_NUMBER ? VALUE_NS : VALUE_SS;
    ret->list.values = values;
    ret->list.count = count;
    return OK;
}

/* ---- all of them ---- */

static enum status refuse_kind(const struct literal *literal, const struct node *node)
{
    struct bytes what = node->kind == NODE_CALL || node->kind == NODE_FOREIGN
                            ? node->text
                            : bytes_of_text(partiql_node_names[node->kind]);

    if (node->kind == NODE_ION)
        return api_invalid(literal->check->reterr,
                           "Ion Literals are not supported: %.*s under key %.*s",
                           BYTES_ARG(node->text), BYTES_ARG(buffer_bytes(literal->place)));
    return partiql_refuse_at(literal->check, node->token,
                             "Unsupported data type: %.*s under key %.*s", BYTES_ARG(what),
                             BYTES_ARG(buffer_bytes(literal->place)));
}

static enum status convert(struct literal *literal, uint32_t at, unsigned depth, struct value *ret)
{
    const struct node *node = node_at(literal, at);

    if (depth >= LITERAL_DEPTH_MAX)
        return api_invalid(literal->check->reterr,
                           "Nesting Levels have exceeded supported limits under %.*s",
                           BYTES_ARG(buffer_bytes(literal->place)));
    switch ((int)node->kind) {
    case NODE_STRING:
        *ret = (struct value){.type = VALUE_S, .bytes = node->text};
        return OK;
    case NODE_NUMBER:
        return convert_number(literal, node, ret);
    case NODE_BOOL:
        *ret = (struct value){.type = VALUE_BOOL, .boolean = node->boolean};
        return OK;
    case NODE_NULL:
        *ret = (struct value){.type = VALUE_NULL};
        return OK;
    case NODE_LIST:
        return convert_list(literal, node, depth, ret);
    case NODE_TUPLE:
        return convert_tuple(literal, node, depth, ret);
    case NODE_BAG:
        return convert_bag(literal, node, ret);
    default:
        return refuse_kind(literal, node);
    }
}

enum status partiql_check_literal(struct check *check, uint32_t at)
{
    AUTO(buffer_free) struct buffer place = BUFFER_INIT(PLACE_SIZE_MAX);
    struct literal literal = {check, &place};
    struct node *node = &check->statement->nodes[at];
    struct value *value = ARENA_NEW(check->arena, struct value);
    enum status status = OK;

    if (node->kind == NODE_PARAMETER) {
        if (node->parameter >= check->parameter_count)
            return api_invalid(check->reterr,
                               "Number of parameters in request and statement don't match.");
        node->value = &check->parameters[node->parameter];
        return OK;
    }
    buffer_append_text(&place, "root");
    status = convert(&literal, at, 0, value);
    node->value = value;
    return status;
}
