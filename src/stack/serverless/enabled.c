/* stack/serverless/enabled.c - the `enabled` of a function, as
 * serverless-plugin-conditional-functions has it: a JavaScript expression in a text. The plugin
 * hands it to eval(); here it is a small language that can do nothing but compare.
 *
 *   or      := and ("||" and)*
 *   and     := equal ("&&" equal)*
 *   equal   := unary (("==" | "===" | "!=" | "!==") unary)*
 *   unary   := "!" unary | primary
 *   primary := "text" | 'text' | number | true | false | null | undefined | "(" or ")"
 *
 * Values compare as in JavaScript: "1" == 1, null == undefined, "a" || false is "a". */
#include "stack/loader.h"

#include <math.h>

#define ENABLED_DEPTH_MAX 32 /* parentheses and ! inside each other */

enum value_kind { VALUE_UNDEFINED, VALUE_NULL, VALUE_BOOLEAN, VALUE_NUMBER, VALUE_STRING };

struct value {
    enum value_kind kind;
    bool boolean;
    double number;
    struct bytes text;
};

struct parser {
    struct loader *loader;
    struct stack_where where;
    struct bytes text;
    size_t at, depth;
};

static enum status parse_or(struct parser *parser, struct value *ret);

/* ---- values ---- */

static bool is_true(const struct value *value)
{
    switch (value->kind) {
    case VALUE_UNDEFINED:
    case VALUE_NULL:
        return false;
    case VALUE_BOOLEAN:
        return value->boolean;
    case VALUE_NUMBER:
        return value->number != 0; /* NaN cannot be written */
    case VALUE_STRING:
        return value->text.size > 0;
    }
    assert(false && "a value of no kind");
    return false;
}

static bool is_space(uint8_t byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/* ECMAScript's ToNumber. */
static double to_number(const struct value *value)
{
    struct bytes text = value->text;
    double number = 0;

    switch (value->kind) {
    case VALUE_UNDEFINED:
        return (double)NAN;
    case VALUE_NULL:
        return 0;
    case VALUE_BOOLEAN:
        return value->boolean ? 1 : 0;
    case VALUE_NUMBER:
        return value->number;
    case VALUE_STRING:
        while (text.size > 0 && is_space(text.ptr[0]))
            text = bytes_slice(text, 1, text.size);
        while (text.size > 0 && is_space(text.ptr[text.size - 1]))
            text.size--;
        if (text.size == 0)
            return 0;
        return scalar_is_decimal(text, &number) ? number : (double)NAN;
    }
    assert(false && "a value of no kind");
    return 0;
}

static bool strictly_equal(const struct value *a, const struct value *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case VALUE_UNDEFINED:
    case VALUE_NULL:
        return true;
    case VALUE_BOOLEAN:
        return a->boolean == b->boolean;
    case VALUE_NUMBER:
        return a->number == b->number;
    case VALUE_STRING:
        return bytes_equal(a->text, b->text);
    }
    assert(false && "a value of no kind");
    return false;
}

static bool loosely_equal(const struct value *a, const struct value *b)
{
    bool a_is_nothing = a->kind == VALUE_UNDEFINED || a->kind == VALUE_NULL;
    bool b_is_nothing = b->kind == VALUE_UNDEFINED || b->kind == VALUE_NULL;

    if (a_is_nothing || b_is_nothing)
        return a_is_nothing && b_is_nothing;
    if (a->kind == b->kind)
        return strictly_equal(a, b);
    return to_number(a) == to_number(b);
}

/* ---- the text ---- */

static enum status refuse(struct parser *parser)
{
    struct bytes rest = bytes_slice(parser->text, parser->at, parser->text.size);

    return loader_refuse(parser->loader, parser->where,
                         "enabled: expected a comparison of texts and numbers, as '\"local\" == "
                         "\"local\"', with == != === !== && || ! and parentheses; cannot go on at "
                         "character %zu%s%.*s",
                         parser->at + 1, rest.size > 0 ? ": " : "", BYTES_ARG(rest));
}

static void skip_space(struct parser *parser)
{
    while (parser->at < parser->text.size && is_space(parser->text.ptr[parser->at]))
        parser->at++;
}

static bool accept(struct parser *parser, const char *word)
{
    skip_space(parser);
    if (!bytes_start_with(bytes_slice(parser->text, parser->at, parser->text.size),
                          bytes_of_text(word)))
        return false;
    parser->at += strlen(word);
    return true;
}

static enum status parse_text(struct parser *parser, uint8_t quote, struct value *ret)
{
    size_t start = parser->at - 1;
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(LOADER_TEXT_SIZE_MAX);

    for (; parser->at < parser->text.size; parser->at++) {
        uint8_t byte = parser->text.ptr[parser->at];

        if (byte == quote) {
            parser->at++;
            ret->kind = VALUE_STRING;
            ret->text = arena_copy(parser->loader->arena, buffer_bytes(&text));
            return OK;
        }
        if (byte == '\\' && parser->at + 1 < parser->text.size)
            byte = parser->text.ptr[++parser->at];
        buffer_append_byte(&text, byte);
    }
    parser->at = start;
    return refuse(parser);
}

static bool is_word_byte(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '_' || byte == '.' || byte == '$' ||
           byte == '-' || byte == '+';
}

static enum status parse_word(struct parser *parser, struct value *ret)
{
    size_t end = parser->at;
    struct bytes word = {0};

    while (end < parser->text.size && is_word_byte(parser->text.ptr[end]))
        end++;
    word = bytes_slice(parser->text, parser->at, end - parser->at);
    if (bytes_equal_text(word, "true") || bytes_equal_text(word, "false")) {
        ret->kind = VALUE_BOOLEAN;
        ret->boolean = word.ptr[0] == 't';
    } else if (bytes_equal_text(word, "null")) {
        ret->kind = VALUE_NULL;
    } else if (bytes_equal_text(word, "undefined")) {
        ret->kind = VALUE_UNDEFINED;
    } else if (scalar_is_decimal(word, &ret->number)) {
        ret->kind = VALUE_NUMBER;
    } else {
        return refuse(parser);
    }
    parser->at = end;
    return OK;
}

static enum status parse_primary(struct parser *parser, struct value *ret)
{
    enum status status = OK;

    if (accept(parser, "\""))
        return parse_text(parser, '"', ret);
    if (accept(parser, "'"))
        return parse_text(parser, '\'', ret);
    if (!accept(parser, "("))
        return parse_word(parser, ret);
    status = parse_or(parser, ret);
    if (status != OK)
        return status;
    return accept(parser, ")") ? OK : refuse(parser);
}

static enum status parse_unary(struct parser *parser, struct value *ret)
{
    enum status status = OK;

    if (parser->depth >= ENABLED_DEPTH_MAX)
        return refuse(parser);
    parser->depth++;
    skip_space(parser);
    if (accept(parser, "!")) {
        status = parse_unary(parser, ret);
        *ret = (struct value){.kind = VALUE_BOOLEAN, .boolean = !is_true(ret)};
    } else {
        status = parse_primary(parser, ret);
    }
    parser->depth--;
    return status;
}

static enum status parse_equal(struct parser *parser, struct value *ret)
{
    enum status status = parse_unary(parser, ret);

    while (status == OK) {
        struct value right = {0};
        bool strict = false, negated = false, equal = false;

        if (accept(parser, "===") || accept(parser, "!==")) {
            strict = true;
            negated = parser->text.ptr[parser->at - 3] == '!';
        } else if (accept(parser, "==") || accept(parser, "!=")) {
            negated = parser->text.ptr[parser->at - 2] == '!';
        } else {
            return OK;
        }
        status = parse_unary(parser, &right);
        equal = strict ? strictly_equal(ret, &right) : loosely_equal(ret, &right);
        *ret = (struct value){.kind = VALUE_BOOLEAN, .boolean = equal != negated};
    }
    return status;
}

static enum status parse_and(struct parser *parser, struct value *ret)
{
    enum status status = parse_equal(parser, ret);

    while (status == OK && accept(parser, "&&")) {
        struct value right = {0};

        status = parse_equal(parser, &right);
        if (is_true(ret))
            *ret = right;
    }
    return status;
}

static enum status parse_or(struct parser *parser, struct value *ret)
{
    enum status status = parse_and(parser, ret);

    while (status == OK && accept(parser, "||")) {
        struct value right = {0};

        status = parse_and(parser, &right);
        if (!is_true(ret))
            *ret = right;
    }
    return status;
}

enum status enabled_evaluate(struct loader *loader, const struct node *node, bool *ret)
{
    struct parser parser = {.loader = loader};
    struct value value = {0};
    enum status status = OK;

    *ret = true;
    if (node_is_nothing(node)) /* the plugin looks only at functions that have one */
        return OK;
    if (node->kind == NODE_BOOLEAN) {
        *ret = node->boolean;
        return OK;
    }
    parser.where = node->where;
    if (!node_scalar_text(node, &parser.text))
        return loader_refuse(loader, node->where,
                             "enabled: expected true, false or a comparison in quotes, got %.*s",
                             BYTES_ARG(node_describe(loader->arena, node)));
    if (parser.text.size == 0)
        return OK;
    status = parse_or(&parser, &value);
    if (status != OK)
        return status;
    skip_space(&parser);
    if (parser.at != parser.text.size)
        return refuse(&parser);
    *ret = is_true(&value);
    return OK;
}
