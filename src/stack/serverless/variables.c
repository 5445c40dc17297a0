/* stack/serverless/variables.c - ${source:address, default, ...} in every text of a stack file.
 *
 *   variable := "${" source ("," source)* "}"
 *   source   := quoted text | number | true | false | null | variable
 *             | name [ "(" argument ")" ] ":" address
 *
 * The first source that has a value wins. A text that is one variable and nothing else becomes the
 * value, whatever its kind; inside other text a value becomes text. "${" that starts no variable
 * (${AWS::Region}, ${Resource.Arn}) is text, for Fn::Sub.
 *
 * Nodes are resolved in place and only once: first the node itself (NODE_SHALLOW), because a path
 * may lead through it, then what is inside it (NODE_DONE). A node that is met again while that is
 * under way leads to itself, and the file is refused. */
#include "stack/loader.h"

/* ---- syntax: where variables and their sources begin and end ---- */

static bool is_name_byte(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '_' || byte == '-';
}

static bool is_space(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static bool dollar_brace_at(struct bytes text, size_t at)
{
    return at + 1 < text.size && text.ptr[at] == '$' && text.ptr[at + 1] == '{';
}

/* Tells ${self:x} and ${file(x)} from ${AWS::Region} and ${Resource.Arn}. */
static bool variable_at(struct bytes text, size_t at)
{
    size_t name = 0;

    if (!dollar_brace_at(text, at))
        return false;
    at += 2;
    while (at < text.size && is_space(text.ptr[at]))
        at++;
    if (dollar_brace_at(text, at))
        return true; /* ${${...}:x}: only a variable looks so */
    name = at;
    while (at < text.size && is_name_byte(text.ptr[at]))
        at++;
    if (at == name || at >= text.size)
        return false;
    return text.ptr[at] == '(' ||
           (text.ptr[at] == ':' && !(at + 1 < text.size && text.ptr[at + 1] == ':'));
}

static size_t skip_braces(struct bytes text, size_t at, size_t depth);

/* Behind the quoted text that starts at `at`, or SIZE_MAX. */
static size_t skip_quotes(struct bytes text, size_t at, size_t depth)
{
    uint8_t quote = text.ptr[at++];

    while (at < text.size) {
        if (text.ptr[at] == '\\') {
            at += 2;
        } else if (text.ptr[at] == quote) {
            return at + 1;
        } else if (variable_at(text, at)) {
            at = skip_braces(text, at + 2, depth + 1);
            if (at == SIZE_MAX)
                return SIZE_MAX;
            at++;
        } else {
            at++;
        }
    }
    return SIZE_MAX;
}

/* Where the source that starts at `at` ends: at its "," or "}"; SIZE_MAX when nothing ends it. */
static size_t skip_source(struct bytes text, size_t at, size_t depth)
{
    bool first = true; /* a quote opens text only as the first thing of a source or an argument */
    size_t parentheses = 0;

    if (depth > STACK_VARIABLE_DEPTH_MAX)
        return SIZE_MAX;
    while (at < text.size) {
        uint8_t byte = text.ptr[at];

        if (is_space(byte)) {
            at++;
            continue;
        }
        if (first && (byte == '\'' || byte == '"')) {
            at = skip_quotes(text, at, depth);
            if (at == SIZE_MAX)
                return SIZE_MAX;
            first = false;
            continue;
        }
        if (dollar_brace_at(text, at)) {
            at = skip_braces(text, at + 2, depth + 1);
            if (at == SIZE_MAX)
                return SIZE_MAX;
            at++;
            first = false;
            continue;
        }
        if (byte == '}' || (byte == ',' && parentheses == 0))
            return at;
        if (byte == '(')
            parentheses++;
        else if (byte == ')' && parentheses > 0)
            parentheses--;
        first = byte == '(' || byte == ',';
        at++;
    }
    return SIZE_MAX;
}

/* The place of the "}" that ends what begins at `at`, behind its "${"; or SIZE_MAX. */
static size_t skip_braces(struct bytes text, size_t at, size_t depth)
{
    for (;;) {
        at = skip_source(text, at, depth);
        if (at == SIZE_MAX || text.ptr[at] == '}')
            return at;
        at++;
    }
}

static struct bytes trim(struct bytes text)
{
    while (text.size > 0 && is_space(text.ptr[0]))
        text = bytes_slice(text, 1, text.size);
    while (text.size > 0 && is_space(text.ptr[text.size - 1]))
        text.size--;
    return text;
}

/* ---- values ---- */

static enum status resolve_variable(struct loader *loader, struct bytes inner,
                                    struct stack_where where, struct node **ret);

/* The inside of the variable at `at`; *ret_end is behind it. */
static enum status variable_inside(struct loader *loader, struct bytes text, size_t at,
                                   struct stack_where where, struct bytes *ret_inner,
                                   size_t *ret_end)
{
    size_t end = skip_braces(text, at + 2, 0);

    if (end == SIZE_MAX)
        return loader_refuse(
            loader, where,
            "%.*s: expected a variable that ends with \"}\", with at most %d "
            "inside each other",
            BYTES_ARG(node_describe(loader->arena, node_new_string(loader->arena, text, where))),
            STACK_VARIABLE_DEPTH_MAX);
    *ret_inner = bytes_slice(text, at + 2, end - at - 2);
    *ret_end = end + 1;
    return OK;
}

/* Text with every variable in it as text. `escapes`: a backslash stands for the next byte. */
static enum status expand(struct loader *loader, struct bytes text, bool escapes,
                          struct stack_where where, struct bytes *ret)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(LOADER_TEXT_SIZE_MAX);
    size_t at = 0;

    while (at < text.size) {
        struct bytes inner = {0}, value = {0};
        struct node *node = NULL;
        enum status status = OK;

        if (escapes && text.ptr[at] == '\\' && at + 1 < text.size) {
            buffer_append_byte(&out, text.ptr[at + 1]);
            at += 2;
            continue;
        }
        if (!variable_at(text, at)) {
            buffer_append_byte(&out, text.ptr[at++]);
            continue;
        }
        status = variable_inside(loader, text, at, where, &inner, &at);
        if (status == OK)
            status = resolve_variable(loader, inner, where, &node);
        if (status != OK)
            return status;
        if (!node_scalar_text(node, &value))
            return loader_refuse(loader, where,
                                 "${%.*s} inside text: expected text, a number or a boolean, got "
                                 "%.*s",
                                 BYTES_ARG(inner), BYTES_ARG(node_describe(loader->arena, node)));
        buffer_append(&out, value);
    }
    if (buffer_failed(&out))
        return loader_refuse(loader, where, "expected a text of at most %zu bytes",
                             LOADER_TEXT_SIZE_MAX);
    *ret = arena_copy(loader->arena, buffer_bytes(&out));
    return loader_count_text(loader, where, out.size);
}

static enum status resolve_quoted(struct loader *loader, struct bytes source,
                                  struct stack_where where, struct node **ret)
{
    struct bytes text = {0};
    enum status status = OK;

    if (skip_quotes(source, 0, 0) != source.size)
        return loader_refuse(loader, where, "%.*s: expected nothing behind the closing quote",
                             BYTES_ARG(source));
    status = expand(loader, bytes_slice(source, 1, source.size - 2), true, where, &text);
    if (status == OK)
        *ret = node_new_string(loader->arena, text, where);
    return status;
}

static bool is_literal(const struct node *node)
{
    return node->kind == NODE_NULL || node->kind == NODE_BOOLEAN || node->kind == NODE_NUMBER;
}

static enum status resolve_source(struct loader *loader, struct bytes source,
                                  struct stack_where where, struct source_value *ret)
{
    struct node *literal = node_new(loader->arena, NODE_NULL, where);
    enum status status = OK;

    source = trim(source);
    if (source.size == 0)
        return loader_refuse(loader, where, "${...}: expected a source or a default, got nothing");
    if (source.ptr[0] == '\'' || source.ptr[0] == '"')
        return resolve_quoted(loader, source, where, &ret->node);
    if (variable_at(source, 0) && skip_braces(source, 2, 0) == source.size - 1)
        return resolve_variable(loader, bytes_slice(source, 2, source.size - 3), where, &ret->node);
    status = expand(loader, source, false, where, &source);
    if (status != OK)
        return status;
    scalar_resolve(loader->arena, source, literal);
    if (source.size > 0 && is_literal(literal)) {
        ret->node = literal;
        return OK;
    }
    return source_find(loader, source, where, ret);
}

static enum status refuse_missing(struct loader *loader, struct bytes inner,
                                  struct stack_where where)
{
    struct bytes source = bytes_slice(inner, 0, skip_source(inner, 0, 0));

    return loader_refuse(loader, where,
                         "${%.*s} has no value: expected that it is set, or a default as in "
                         "${%.*s, 'text'}",
                         BYTES_ARG(inner), BYTES_ARG(trim(source)));
}

static enum status resolve_sources(struct loader *loader, struct bytes inner,
                                   struct stack_where where, struct node **ret)
{
    struct node *found = NULL, *fallback = NULL;
    struct bytes note = {0};
    size_t at = 0;

    do {
        size_t end = size_min(skip_source(inner, at, 0), inner.size);
        struct source_value value = {0};
        enum status status =
            resolve_source(loader, bytes_slice(inner, at, end - at), where, &value);

        if (status != OK)
            return status;
        if (value.node != NULL)
            found = value.node;
        if (!node_is_nothing(value.node))
            break;
        if (note.size == 0)
            note = value.note;
        if (fallback == NULL)
            fallback = value.fallback;
        at = end + 1;
    } while (at <= inner.size);

    if (found == NULL)
        found = fallback;
    if (found == NULL && note.size == 0)
        return refuse_missing(loader, inner, where);
    if (found == NULL) {
        loader_note(loader, where, "%.*s", BYTES_ARG(note));
        found = node_new(loader->arena, NODE_NULL, where);
    }
    *ret = found;
    return OK;
}

/* inner: what stands between "${" and "}". */
static enum status resolve_variable(struct loader *loader, struct bytes inner,
                                    struct stack_where where, struct node **ret)
{
    enum status status = OK;

    if (loader->variable_depth >= STACK_VARIABLE_DEPTH_MAX)
        return loader_refuse(loader, where,
                             "${%.*s}: expected at most %d variables that lead to each other",
                             BYTES_ARG(inner), STACK_VARIABLE_DEPTH_MAX);
    status = loader_count_node(loader, where);
    if (status != OK)
        return status;
    loader->variable_depth++;
    status = resolve_sources(loader, inner, where, ret);
    loader->variable_depth--;
    return status;
}

/* ---- nodes ---- */

/* A list or mapping keeps the place where it is written; text is where it is used. */
static void become(struct node *node, const struct node *value)
{
    struct stack_where where = node->where;

    *node = *value;
    node->variable = where;
    if (node->kind != NODE_LIST && node->kind != NODE_MAP)
        node->where = where;
    if (node->state != NODE_DONE)
        node->state = NODE_SHALLOW;
}

static enum status refuse_cycle(struct loader *loader, struct stack_where where)
{
    return loader_refuse(loader, where,
                         "a variable leads back to itself here: expected a value that does not "
                         "contain itself");
}

static enum status resolve_text(struct loader *loader, struct node *node)
{
    struct bytes text = node->text, inner = {0};
    struct node *value = NULL;
    size_t end = 0;
    enum status status = OK;

    if (bytes_find(text, BYTES("${")) == SIZE_MAX)
        return OK;
    if (!variable_at(text, 0))
        return expand(loader, text, false, node->where, &node->text);
    status = variable_inside(loader, text, 0, node->where, &inner, &end);
    if (status != OK)
        return status;
    if (end != text.size)
        return expand(loader, text, false, node->where, &node->text);
    status = resolve_variable(loader, inner, node->where, &value);
    if (status != OK)
        return status;
    assert(value != NULL);
    become(node, value);
    return OK;
}

enum status variables_resolve_shallow(struct loader *loader, struct node *node)
{
    enum status status = OK;

    if (node->state == NODE_RESOLVING)
        return refuse_cycle(loader, node->where);
    if (node->state != NODE_RAW)
        return OK;
    node->state = NODE_RESOLVING;
    if (node->kind == NODE_STRING)
        status = resolve_text(loader, node);
    if (status == OK && node->state == NODE_RESOLVING)
        node->state = NODE_SHALLOW;
    return status;
}

static struct node *child_of(const struct node *node, size_t index)
{
    return node->kind == NODE_LIST ? node->items[index] : node->members[index].value;
}

/* through: where the variable stands that led here, if one did. */
static enum status resolve_deep(struct loader *loader, struct node *node, uint32_t depth,
                                const struct stack_where *through)
{
    uint32_t height = 0;
    enum status status = variables_resolve_shallow(loader, node);

    if (status != OK)
        return status;
    if (node->variable.line > 0)
        through = &node->variable;
    if (node->state == NODE_WALKING)
        return refuse_cycle(loader, through != NULL ? *through : node->where);
    if (depth + node->height > NODE_DEPTH_MAX)
        return loader_refuse(loader, node->where,
                             "expected at most %d lists and mappings inside each other",
                             NODE_DEPTH_MAX);
    if (node->state == NODE_DONE)
        return OK;
    node->state = NODE_WALKING;
    if (node->kind == NODE_LIST || node->kind == NODE_MAP) {
        for (size_t i = 0; i < node->count; i++) {
            struct node *child = child_of(node, i);

            status = resolve_deep(loader, child, depth + 1, through);
            if (status != OK)
                return status;
            if (child->height + 1 > height)
                height = child->height + 1;
        }
    }
    node->height = height;
    node->state = NODE_DONE;
    return OK;
}

enum status variables_resolve(struct loader *loader, struct node *node)
{
    return resolve_deep(loader, node, 0, NULL);
}

enum status variables_walk(struct loader *loader, struct node *from, struct bytes path,
                           struct node **ret)
{
    struct node *node = from;
    enum status status = variables_resolve_shallow(loader, node);

    while (status == OK && path.size > 0) {
        size_t end = size_min(bytes_find_byte(path, '.', 0), path.size);
        struct bytes name = bytes_slice(path, 0, end);
        const struct node_member *member = node_find(node, name);
        uint64_t index = 0;

        if (member != NULL) {
            node = member->value;
        } else if (node->kind == NODE_LIST && bytes_to_uint64(name, &index) &&
                   index < node->count) {
            node = node->items[index];
        } else {
            *ret = NULL;
            return OK;
        }
        path = bytes_slice(path, end + 1, path.size);
        status = variables_resolve_shallow(loader, node);
    }
    if (status == OK)
        *ret = node;
    return status;
}
