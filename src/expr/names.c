/* expr/names.c - placeholders: what #n and :v stand for, and which of them nobody used. */
#include "expr/parser.h"

static enum status resolve_step(struct parser *parser, struct path_step *step)
{
    struct expr_names *names = parser->names;

    if (step->is_index || step->text.ptr[0] != '#')
        return OK;
    for (size_t i = 0; i < names->name_count; i++) {
        if (!bytes_equal(names->names[i].placeholder, step->text))
            continue;
        names->names[i].used = true;
        step->name = names->names[i].name;
        return OK;
    }
    return parser_refuse(parser,
                         "An expression attribute name used in the document path is not defined; "
                         "attribute name: %.*s",
                         BYTES_ARG(step->text));
}

enum status names_resolve_path(struct parser *parser, struct node *path)
{
    for (uint32_t i = 0; i < path->count; i++)
        if (resolve_step(parser, &parser->steps[path->first + i]) != OK)
            return REFUSED;
    return OK;
}

enum status names_resolve_value(struct parser *parser, struct node *value)
{
    struct expr_names *names = parser->names;

    for (size_t i = 0; i < names->value_count; i++) {
        if (!bytes_equal(names->values[i].placeholder, value->text))
            continue;
        names->values[i].used = true;
        value->value = &names->values[i].value;
        return OK;
    }
    return parser_refuse(parser,
                         "An expression attribute value used in expression is not defined; "
                         "attribute value: %.*s",
                         BYTES_ARG(value->text));
}

#define KEYS_SIZE_MAX API_ERROR_MESSAGE_SIZE /* more does not fit into the message */

static void add_key(struct buffer *keys, struct bytes placeholder)
{
    if (keys->size > 0)
        buffer_append_text(keys, ", ");
    buffer_append(keys, placeholder);
}

static enum status refuse_unused(const struct buffer *keys, const char *parameter,
                                 struct api_error *reterr)
{
    return api_invalid(reterr, "Value provided in %s unused in expressions: keys: {%.*s}",
                       parameter, BYTES_ARG(buffer_bytes(keys)));
}

enum status expr_finish(const struct expr_names *names, struct api_error *reterr)
{
    AUTO(buffer_free) struct buffer keys = BUFFER_INIT(KEYS_SIZE_MAX);

    for (size_t i = 0; i < names->name_count; i++)
        if (!names->names[i].used)
            add_key(&keys, names->names[i].placeholder);
    if (keys.size > 0)
        return refuse_unused(&keys, "ExpressionAttributeNames", reterr);
    for (size_t i = 0; i < names->value_count; i++)
        if (!names->values[i].used)
            add_key(&keys, names->values[i].placeholder);
    if (keys.size > 0)
        return refuse_unused(&keys, "ExpressionAttributeValues", reterr);
    return OK;
}
