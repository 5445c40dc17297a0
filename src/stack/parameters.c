/* stack/parameters.c - the template's Parameters: what each is, by --parameter, else its Default;
 * and whether that is allowed. As CloudFormation says it: Type, AllowedValues, AllowedPattern,
 * lengths and sizes. Of a NoEcho parameter the value is never printed. */
#include "stack/loader.h"
#include "stack/regex.h"

#define PARAMETER_SIZE_MAX 4096 /* CloudFormation's, of one value */

static const struct key_rule keys[] = {
    {"Type", NULL},
    {"Default", NULL},
    {"AllowedValues", NULL},
    {"AllowedPattern", NULL},
    {"MinLength", NULL},
    {"MaxLength", NULL},
    {"MinValue", NULL},
    {"MaxValue", NULL},
    {"NoEcho", NULL},
    {"Description", NULL},
    {"ConstraintDescription", NULL},
};

struct parameter {
    const struct node_member *member;
    struct bytes type, text;  /* text: the value */
    struct stack_where where; /* of the value */
    bool is_list, is_number, secret;
};

/* ---- what is allowed ---- */

static enum status refuse(struct loader *loader, const struct parameter *parameter,
                          const char *expected, struct bytes detail)
{
    const struct node *why = node_get(parameter->member->value, "ConstraintDescription");
    struct bytes text = {0};

    if (!node_scalar_text(why, &text))
        text = (struct bytes){0};
    return loader_refuse(loader, parameter->where,
                         "parameter %.*s: expected %s%.*s, got \"%.*s\"%s%.*s",
                         BYTES_ARG(parameter->member->name), expected, BYTES_ARG(detail),
                         BYTES_ARG(parameter->text), text.size > 0 ? ": " : "", BYTES_ARG(text));
}

static enum status check_allowed(struct loader *loader, const struct parameter *parameter,
                                 struct bytes item)
{
    const struct node *allowed = node_get(parameter->member->value, "AllowedValues");
    AUTO(buffer_free) struct buffer list = BUFFER_INIT(PARAMETER_SIZE_MAX);

    if (node_is_nothing(allowed))
        return OK;
    if (allowed->kind != NODE_LIST)
        return loader_refuse(loader, allowed->where, "AllowedValues: expected a list, got %.*s",
                             BYTES_ARG(node_describe(loader->arena, allowed)));
    for (size_t i = 0; i < allowed->count; i++) {
        struct bytes text = {0};

        if (!node_scalar_text(allowed->items[i], &text))
            return loader_refuse(loader, allowed->items[i]->where,
                                 "AllowedValues: expected text, got %.*s",
                                 BYTES_ARG(node_describe(loader->arena, allowed->items[i])));
        if (bytes_equal(text, item))
            return OK;
        if (i > 0)
            buffer_append_text(&list, ", ");
        buffer_append(&list, text);
    }
    return refuse(loader, parameter, "one of ",
                  buffer_failed(&list) ? BYTES("its AllowedValues")
                                       : arena_copy(loader->arena, buffer_bytes(&list)));
}

static enum status check_pattern(struct loader *loader, const struct parameter *parameter,
                                 struct bytes item)
{
    const struct node *pattern = node_get(parameter->member->value, "AllowedPattern");

    if (!node_is(pattern, NODE_STRING))
        return OK;
    switch (regex_match(pattern->text, item)) {
    case REGEX_MATCHES:
        break;
    case REGEX_DIFFERS:
        return refuse(loader, parameter, "what matches ", pattern->text);
    case REGEX_UNSUPPORTED:
        loader_note(loader, pattern->where,
                    "not acted on: AllowedPattern of %.*s: a regular expression that dynlog does "
                    "not read",
                    BYTES_ARG(parameter->member->name));
        break;
    }
    return OK;
}

static enum status check_length(struct loader *loader, const struct parameter *parameter,
                                struct bytes item)
{
    int64_t least = 0, most = INT64_MAX;
    const struct node *node = parameter->member->value;
    enum status status =
        read_integer(loader, node_get(node, "MinLength"), "MinLength", 0, INT64_MAX, &least);

    if (status == OK)
        status =
            read_integer(loader, node_get(node, "MaxLength"), "MaxLength", 0, INT64_MAX, &most);
    if (status != OK)
        return status;
    if ((int64_t)item.size < least)
        return refuse(loader, parameter, "at least this many characters: ",
                      arena_printf(loader->arena, "%lld", (long long)least));
    if ((int64_t)item.size > most)
        return refuse(loader, parameter, "at most this many characters: ",
                      arena_printf(loader->arena, "%lld", (long long)most));
    return OK;
}

static enum status check_one_bound(struct loader *loader, const struct parameter *parameter,
                                   double number, bool largest)
{
    const struct node *bound =
        node_get(parameter->member->value, largest ? "MaxValue" : "MinValue");
    struct bytes text = {0};
    double limit = 0;

    if (node_is_nothing(bound))
        return OK;
    if (!node_scalar_text(bound, &text) || !scalar_is_decimal(text, &limit))
        return loader_refuse(loader, bound->where, "%s: expected a number, got %.*s",
                             largest ? "MaxValue" : "MinValue",
                             BYTES_ARG(node_describe(loader->arena, bound)));
    if (largest ? number > limit : number < limit)
        return refuse(loader, parameter, largest ? "a number up to " : "a number from ", text);
    return OK;
}

static enum status check_number(struct loader *loader, const struct parameter *parameter,
                                struct bytes item)
{
    double number = 0;
    enum status status = OK;

    if (!scalar_is_decimal(item, &number))
        return refuse(loader, parameter, "a number", BYTES(""));
    status = check_one_bound(loader, parameter, number, false);
    return status == OK ? check_one_bound(loader, parameter, number, true) : status;
}

static enum status check_item(struct loader *loader, const struct parameter *parameter,
                              struct bytes item)
{
    enum status status = check_allowed(loader, parameter, item);

    if (status == OK && parameter->is_number)
        return check_number(loader, parameter, item);
    if (status == OK)
        status = check_length(loader, parameter, item);
    return status == OK ? check_pattern(loader, parameter, item) : status;
}

/* ---- values ---- */

/* a, b -> [a, b]: the spaces around each go. */
static enum status make_list(struct loader *loader, const struct parameter *parameter,
                             const struct node **ret)
{
    struct node *list = node_new(loader->arena, NODE_LIST, parameter->where);
    struct bytes left = parameter->text;
    size_t capacity = 0;

    list->state = NODE_DONE;
    *ret = list;
    for (;;) {
        size_t comma = bytes_find_byte(left, ',', 0);
        struct bytes item = bytes_slice(left, 0, comma);
        enum status status = loader_count_node(loader, parameter->where);

        while (item.size > 0 && item.ptr[0] == ' ')
            item = bytes_slice(item, 1, item.size);
        while (item.size > 0 && item.ptr[item.size - 1] == ' ')
            item.size--;
        if (status == OK)
            status = check_item(loader, parameter, item);
        if (status != OK)
            return status;
        list->items = arena_grow(loader->arena, list->items, list->count, list->count + 1,
                                 &capacity, sizeof *list->items);
        list->items[list->count] = node_new_string(loader->arena, item, parameter->where);
        list->items[list->count++]->state = NODE_DONE;
        if (comma == SIZE_MAX)
            return OK;
        left = bytes_slice(left, comma + 1, left.size);
    }
}

static void keep_secret(struct loader *loader, struct bytes text)
{
    struct stack *stack = loader->stack;

    if (text.size == 0)
        return;
    stack->secrets =
        arena_grow(loader->arena, stack->secrets, stack->secret_count, stack->secret_count + 1,
                   &loader->secret_capacity, sizeof *stack->secrets);
    stack->secrets[stack->secret_count++] = text;
}

static enum status make_value(struct loader *loader, const struct parameter *parameter,
                              const struct node **ret)
{
    enum status status = OK;

    if (parameter->secret)
        keep_secret(loader, parameter->text);
    if (parameter->text.size > PARAMETER_SIZE_MAX)
        return loader_refuse(
            loader, parameter->where, "parameter %.*s: expected at most %d bytes, got %zu",
            BYTES_ARG(parameter->member->name), PARAMETER_SIZE_MAX, parameter->text.size);
    if (parameter->is_list)
        return make_list(loader, parameter, ret);
    status = check_item(loader, parameter, parameter->text);
    if (status == OK)
        *ret = intrinsics_text(loader, parameter->text, parameter->where);
    return status;
}

/* ---- one parameter ---- */

static enum status read_type(struct loader *loader, struct parameter *parameter)
{
    const struct node *node = node_get(parameter->member->value, "Type");
    struct bytes type = {0};

    if (!node_is(node, NODE_STRING)) {
        if (node == NULL && !loader->is_template) /* a deployment tells */
            return OK;
        return loader_refuse(loader, node != NULL ? node->where : parameter->member->where,
                             "parameter %.*s: expected Type: String, Number, "
                             "CommaDelimitedList ..., got %.*s",
                             BYTES_ARG(parameter->member->name),
                             BYTES_ARG(node_describe(loader->arena, node)));
    }
    parameter->type = type = node->text;
    parameter->is_number =
        bytes_equal_text(type, "Number") || bytes_equal_text(type, "List<Number>");
    parameter->is_list = bytes_equal_text(type, "CommaDelimitedList") ||
                         bytes_find(type, BYTES("List<")) != SIZE_MAX;
    if (!bytes_equal_text(type, "String") && !parameter->is_number && !parameter->is_list &&
        !bytes_start_with(type, BYTES("AWS::")))
        return loader_refuse(loader, node->where,
                             "Type: expected String, Number, List<Number>, CommaDelimitedList, or "
                             "a type of AWS::..., got \"%.*s\"",
                             BYTES_ARG(type));
    return OK;
}

/* The last --parameter with the name. */
static const struct stack_parameter *find_given(const struct loader *loader, struct bytes name)
{
    const struct stack_options *options = loader->options;

    for (size_t i = options->parameter_count; i > 0; i--)
        if (bytes_equal(options->parameters[i - 1].name, name))
            return &options->parameters[i - 1];
    return NULL;
}

static bool names_a_store(const struct parameter *parameter)
{
    return bytes_start_with(parameter->type, BYTES("AWS::SSM::Parameter::Value<"));
}

/* What --parameter or Default says. Without either *ret_known is false. Of a value in SSM's store
 * the Default is only its name there, and what stands in the store is not known. */
static enum status find_text(struct loader *loader, struct parameter *parameter, bool *ret_known)
{
    const struct stack_parameter *given = find_given(loader, parameter->member->name);
    const struct node *usual = node_get(parameter->member->value, "Default");

    *ret_known = true;
    parameter->where = usual != NULL ? usual->where : parameter->member->where;
    if (given != NULL) {
        parameter->text = given->value;
        return OK;
    }
    *ret_known = !names_a_store(parameter) && usual != NULL && usual->kind != NODE_NULL;
    if (usual != NULL && !node_scalar_text(usual, &parameter->text))
        return loader_refuse(loader, usual->where, "Default: expected text, got %.*s",
                             BYTES_ARG(node_describe(loader->arena, usual)));
    if (!*ret_known && !names_a_store(parameter) && loader->is_template)
        return loader_refuse(loader, parameter->member->where,
                             "parameter %.*s: expected a value: it has no Default, say "
                             "--parameter %.*s=VALUE",
                             BYTES_ARG(parameter->member->name),
                             BYTES_ARG(parameter->member->name));
    return OK;
}

static enum status read_parameter(struct loader *loader, const struct node_member *member,
                                  const struct node **ret)
{
    struct parameter parameter = {.member = member};
    bool known = false;
    enum status status = OK;

    if (!node_is(member->value, NODE_MAP))
        return loader_refuse(
            loader, member->value->where, "parameter %.*s: expected a mapping with Type, got %.*s",
            BYTES_ARG(member->name), BYTES_ARG(node_describe(loader->arena, member->value)));
    read_check_keys(loader, member->value, keys, ARRAY_COUNT(keys), "a parameter");
    status = read_type(loader, &parameter);
    if (status == OK)
        status =
            read_boolean(loader, node_get(member->value, "NoEcho"), "NoEcho", &parameter.secret);
    if (status == OK)
        status = find_text(loader, &parameter, &known);
    if (status != OK || !known)
        return status;
    return make_value(loader, &parameter, ret);
}

/* What is said on the command line must be there. */
static enum status check_given(struct loader *loader)
{
    const struct stack_options *options = loader->options;

    for (size_t i = 0; loader->is_template && i < options->parameter_count; i++)
        if (node_find(loader->parameters, options->parameters[i].name) == NULL)
            return loader_refuse(loader, loader->root->where,
                                 "--parameter %.*s: expected the name of one of the template's "
                                 "Parameters",
                                 BYTES_ARG(options->parameters[i].name));
    return OK;
}

enum status parameters_read(struct loader *loader)
{
    const struct node *map = loader->parameters;
    enum status status = check_given(loader);

    if (status != OK || map == NULL)
        return status;
    loader->parameter_values = ARENA_NEW_ARRAY(loader->arena, map->count, const struct node *);
    for (size_t i = 0; status == OK && i < map->count; i++)
        status = read_parameter(loader, &map->members[i], &loader->parameter_values[i]);
    return status;
}

const struct node *parameters_value(const struct loader *loader, struct bytes name)
{
    const struct node_member *member = node_find(loader->parameters, name);

    return member == NULL || loader->parameter_values == NULL
               ? NULL
               : loader->parameter_values[member - loader->parameters->members];
}
