/* logs/filter_condition.c - conditions of filter patterns: those of JSON, and those of fields.
 *
 *   condition  conjunction ('||' conjunction)*
 *   conjunction  primary ('&&' primary)*
 *   primary    '(' condition ')' | subject test
 *   subject    JSON: '$' step+            fields: the field's name
 *   step       '.' name | '.*' | '[' number ']' | '[*]' | '.'? "['" text "']"
 *   test       ('=' | '!=') value | ('<' | '<=' | '>' | '>=') number
 *              JSON: IS NULL | IS TRUE | IS FALSE | NOT EXISTS
 *   value      number | word | '"' text '"' | '%' regex '%' */
#include "logs/filter_tree.h"

#include <stdlib.h>

struct reader {
    struct arena *arena;
    struct bytes text;
    size_t at, depth;
    struct filter_node *nodes;
    size_t count, capacity;
    size_t regexes, wildcards;
    bool json;
    struct bytes field; /* the field whose condition is read */
    struct api_error *error;
};

/* ---- characters ---- */

static uint8_t peek(const struct reader *r)
{
    return r->at < r->text.size ? r->text.ptr[r->at] : 0;
}

static void skip_blanks(struct reader *r)
{
    while (r->at < r->text.size && filter_is_blank(r->text.ptr[r->at]))
        r->at++;
}

static bool take(struct reader *r, const char *token)
{
    struct bytes wanted = bytes_of_text(token);

    if (!bytes_equal(bytes_slice(r->text, r->at, wanted.size), wanted))
        return false;
    r->at += wanted.size;
    return true;
}

/* A word of the language, which no other character of a name follows. */
static bool take_word(struct reader *r, const char *word)
{
    size_t before = r->at;

    skip_blanks(r);
    if (take(r, word) && !filter_is_word(peek(r)))
        return true;
    r->at = before;
    return false;
}

static bool is_name(uint8_t c)
{
    return filter_is_word(c) || c == '-';
}

static struct bytes read_name(struct reader *r)
{
    size_t from = r->at;

    while (is_name(peek(r)))
        r->at++;
    return bytes_slice(r->text, from, r->at - from);
}

/* ---- numbers ---- */

static size_t skip_digits(struct bytes text, size_t at)
{
    while (at < text.size && text.ptr[at] >= '0' && text.ptr[at] <= '9')
        at++;
    return at;
}

static bool looks_like_number(struct bytes text)
{
    size_t at = text.size > 0 && (text.ptr[0] == '-' || text.ptr[0] == '+'), from = at;

    at = skip_digits(text, at);
    if (at == from)
        return false;
    if (at < text.size && text.ptr[at] == '.') {
        from = ++at;
        at = skip_digits(text, at);
        if (at == from)
            return false;
    }
    if (at < text.size && (text.ptr[at] == 'e' || text.ptr[at] == 'E')) {
        at++;
        if (at < text.size && (text.ptr[at] == '-' || text.ptr[at] == '+'))
            at++;
        from = at;
        at = skip_digits(text, at);
        if (at == from)
            return false;
    }
    return at == text.size;
}

#define NUMBER_SIZE_MAX 400 /* every double has a shorter form */

bool filter_read_number(struct bytes text, double *ret)
{
    char copy[NUMBER_SIZE_MAX + 1];

    if (text.size > NUMBER_SIZE_MAX || !looks_like_number(text))
        return false;
    memcpy(copy, text.ptr, text.size);
    copy[text.size] = '\0';
    *ret = strtod(copy, NULL);
    return true;
}

/* ---- values ---- */

/* Asterisks at both ends stand for anything; in the middle they are themselves. */
static void set_text(struct filter_value *value, struct bytes text)
{
    value->kind = FILTER_TEXT;
    if (text.size > 0 && text.ptr[0] == '*') {
        value->star_before = true;
        text = bytes_slice(text, 1, text.size);
    }
    if (text.size > 0 && text.ptr[text.size - 1] == '*') {
        value->star_end = true;
        text.size--;
    }
    value->text = text;
}

static enum status read_quoted(struct reader *r, struct filter_value *value)
{
    uint8_t *text = arena_alloc(r->arena, r->text.size);
    size_t size = 0;

    for (r->at++; r->at < r->text.size && peek(r) != '"'; r->at++) {
        if (peek(r) == '\\' && r->at + 1 < r->text.size &&
            (r->text.ptr[r->at + 1] == '"' || r->text.ptr[r->at + 1] == '\\'))
            r->at++;
        text[size++] = peek(r);
    }
    if (peek(r) != '"')
        return filter_refuse(r->error);
    r->at++;
    value->quoted = true;
    set_text(value, bytes_of(text, size));
    return OK;
}

static enum status read_regex(struct reader *r, struct filter_value *value)
{
    size_t end = bytes_find_byte(r->text, '%', r->at + 1);
    struct bytes text = bytes_slice(r->text, r->at + 1, end - r->at - 1);

    if (end == SIZE_MAX || regex_parse(r->arena, text, &value->regex) != OK)
        return filter_refuse(r->error);
    if (++r->regexes > LOG_FILTER_REGEXES_MAX)
        return api_invalid(r->error,
                           "Invalid filter pattern: it has more than %d regular "
                           "expressions",
                           LOG_FILTER_REGEXES_MAX);
    value->kind = FILTER_PATTERN;
    r->at = end + 1;
    return OK;
}

static bool is_bare(uint8_t c)
{
    return filter_is_word(c) || (c != 0 && strchr("*.+-/:@#", c) != NULL);
}

static enum status read_value(struct reader *r, struct filter_value *value)
{
    size_t from = 0;
    struct bytes text;

    skip_blanks(r);
    if (peek(r) == '"')
        return read_quoted(r, value);
    if (peek(r) == '%')
        return read_regex(r, value);
    from = r->at;
    while (is_bare(peek(r)))
        r->at++;
    text = bytes_slice(r->text, from, r->at - from);
    if (text.size == 0)
        return filter_refuse(r->error);
    value->text = text;
    if (!filter_read_number(text, &value->number))
        set_text(value, text);
    return OK;
}

/* ---- tests ---- */

static bool read_operator(struct reader *r, enum test_kind *ret)
{
    static const struct {
        const char *text;
        enum test_kind test;
    } operators[] = {
        {"!=", TEST_NOT_EQUAL}, {"<=", TEST_LESS_OR_EQUAL}, {">=", TEST_GREATER_OR_EQUAL},
        {"=", TEST_EQUAL},      {"<", TEST_LESS},           {">", TEST_GREATER},
    };

    for (size_t i = 0; i < ARRAY_COUNT(operators); i++)
        if (take(r, operators[i].text)) {
            *ret = operators[i].test;
            return true;
        }
    return false;
}

static bool read_words(struct reader *r, enum test_kind *ret)
{
    if (take_word(r, "NOT")) {
        *ret = TEST_NOT_EXISTS;
        return take_word(r, "EXISTS");
    }
    if (!take_word(r, "IS"))
        return false;
    if (take_word(r, "NULL"))
        *ret = TEST_IS_NULL;
    else if (take_word(r, "TRUE"))
        *ret = TEST_IS_TRUE;
    else if (take_word(r, "FALSE"))
        *ret = TEST_IS_FALSE;
    else
        return false;
    return true;
}

static enum status read_test(struct reader *r, struct filter_node *node)
{
    enum status status = OK;

    skip_blanks(r);
    if (!read_operator(r, &node->test))
        return r->json && read_words(r, &node->test) ? OK : filter_refuse(r->error);
    status = read_value(r, &node->value);
    if (status == OK && node->test != TEST_EQUAL && node->test != TEST_NOT_EQUAL &&
        node->value.kind != FILTER_NUMBER)
        return filter_refuse(r->error);
    return status;
}

/* ---- subjects ---- */

/* Behind "['". */
static bool read_key(struct reader *r, struct filter_step *step)
{
    size_t end = bytes_find_byte(r->text, '\'', r->at);

    if (end == SIZE_MAX || end == r->at)
        return false;
    step->kind = STEP_NAME;
    step->name = bytes_slice(r->text, r->at, end - r->at);
    r->at = end + 1;
    return take(r, "]");
}

/* Behind '['. */
static bool read_element(struct reader *r, struct filter_step *step)
{
    size_t from = r->at;

    if (take(r, "*]")) {
        step->kind = STEP_ANY_ELEMENT;
        return true;
    }
    if (take(r, "'"))
        return read_key(r, step);
    r->at = skip_digits(r->text, from);
    step->kind = STEP_INDEX;
    return bytes_to_uint64(bytes_slice(r->text, from, r->at - from), &step->index) && take(r, "]");
}

static bool read_step(struct reader *r, struct filter_step *step)
{
    if (take(r, "["))
        return read_element(r, step);
    if (!take(r, "."))
        return false;
    if (take(r, "['"))
        return read_key(r, step);
    if (take(r, "*")) {
        step->kind = STEP_ANY_FIELD;
        return true;
    }
    step->kind = STEP_NAME;
    step->name = read_name(r);
    return step->name.size > 0;
}

static enum status refuse_wildcards(struct reader *r)
{
    return api_invalid(r->error,
                       "Invalid filter pattern: a selector has at most one wildcard, and a pattern "
                       "at most %d selectors with one",
                       LOG_FILTER_WILDCARDS_MAX);
}

static enum status read_selector(struct reader *r, struct filter_node *node)
{
    struct filter_step *steps = NULL;
    size_t capacity = 0, wildcards = 0;

    if (!take(r, "$"))
        return filter_refuse(r->error);
    while (peek(r) == '.' || peek(r) == '[') {
        struct filter_step step = {.index = 0};

        if (!read_step(r, &step))
            return filter_refuse(r->error);
        wildcards += step.kind == STEP_ANY_FIELD || step.kind == STEP_ANY_ELEMENT;
        steps = arena_grow(r->arena, steps, node->step_count, node->step_count + 1, &capacity,
                           sizeof *steps);
        steps[node->step_count++] = step;
    }
    node->steps = steps;
    r->wildcards += wildcards;
    if (wildcards > 1 || r->wildcards > LOG_FILTER_WILDCARDS_MAX)
        return refuse_wildcards(r);
    return node->step_count > 0 ? OK : filter_refuse(r->error);
}

static enum status read_subject(struct reader *r, struct filter_node *node)
{
    skip_blanks(r);
    if (r->json)
        return read_selector(r, node);
    return bytes_equal(read_name(r), r->field) ? OK : filter_refuse(r->error);
}

/* ---- conditions ---- */

static enum status read_condition(struct reader *r, size_t *ret);

static size_t add_node(struct reader *r, const struct filter_node *node)
{
    r->nodes =
        arena_grow(r->arena, r->nodes, r->count, r->count + 2, &r->capacity, sizeof *r->nodes);
    if (r->count == 0)
        r->nodes[r->count++] = (struct filter_node){.kind = NODE_TEST}; /* 0 is none */
    r->nodes[r->count] = *node;
    return r->count++;
}

static enum status read_primary(struct reader *r, size_t *ret)
{
    struct filter_node node = {.kind = NODE_TEST};
    enum status status = OK;

    skip_blanks(r);
    if (take(r, "(")) {
        if (++r->depth > LOG_FILTER_DEPTH_MAX)
            return filter_refuse(r->error);
        status = read_condition(r, ret);
        r->depth--;
        skip_blanks(r);
        return status == OK && !take(r, ")") ? filter_refuse(r->error) : status;
    }
    status = read_subject(r, &node);
    if (status == OK)
        status = read_test(r, &node);
    if (status == OK)
        *ret = add_node(r, &node);
    return status;
}

/* Those that an operator joins, from the left. */
static enum status read_joined(struct reader *r, const char *operator, enum node_kind kind,
                               enum status (*read_part)(struct reader *r, size_t *ret), size_t *ret)
{
    struct filter_node node = {.kind = kind};
    enum status status = read_part(r, ret);

    for (;;) {
        skip_blanks(r);
        if (status != OK || !take(r, operator))
            return status;
        node.left = *ret;
        status = read_part(r, &node.right);
        if (status == OK)
            *ret = add_node(r, &node);
    }
}

static enum status read_conjunction(struct reader *r, size_t *ret)
{
    return read_joined(r, "&&", NODE_AND, read_primary, ret);
}

static enum status read_condition(struct reader *r, size_t *ret)
{
    return read_joined(r, "||", NODE_OR, read_conjunction, ret);
}

enum status filter_read_json(struct arena *arena, struct bytes text, struct log_filter *filter,
                             struct api_error *error)
{
    struct reader r = {.arena = arena, .text = text, .json = true, .error = error};
    enum status status = read_condition(&r, &filter->root);

    if (status == OK && r.at < text.size)
        return filter_refuse(error);
    filter->nodes = r.nodes;
    return status;
}

/* ---- fields ---- */

/* The name that the field's condition is about stands first in it, perhaps in parentheses. */
static struct bytes find_name(struct reader *r)
{
    size_t before = r->at;
    struct bytes name;

    while (peek(r) == '(' || filter_is_blank(peek(r)))
        r->at++;
    name = read_name(r);
    r->at = before;
    return name;
}

static enum status read_field(struct reader *r, struct filter_field *field)
{
    size_t before = 0;

    skip_blanks(r);
    if (take(r, "..."))
        return OK;
    field->name = r->field = find_name(r);
    if (field->name.size == 0)
        return filter_refuse(r->error);
    before = r->at;
    if (bytes_equal(read_name(r), field->name)) {
        skip_blanks(r);
        if (r->at == r->text.size || peek(r) == ',')
            return OK;
    }
    r->at = before;
    return read_condition(r, &field->condition);
}

enum status filter_read_fields(struct arena *arena, struct bytes text, struct log_filter *filter,
                               struct api_error *error)
{
    struct reader r = {.arena = arena, .text = text, .error = error};
    struct filter_field *fields = NULL;
    size_t capacity = 0, ellipses = 0, ellipsis = 0;
    enum status status = OK;

    do {
        fields = arena_grow(arena, fields, filter->field_count, filter->field_count + 1, &capacity,
                            sizeof *fields);
        fields[filter->field_count] = (struct filter_field){.condition = 0};
        status = read_field(&r, &fields[filter->field_count]);
        if (status != OK)
            return status;
        if (fields[filter->field_count].name.size == 0) {
            ellipses++;
            ellipsis = filter->field_count;
        }
        filter->field_count++;
        skip_blanks(&r);
    } while (take(&r, ","));
    if (r.at < text.size || ellipses > 1)
        return filter_refuse(error);
    filter->nodes = r.nodes;
    filter->fields = fields;
    filter->ellipsis = ellipses > 0 ? ellipsis : filter->field_count;
    return OK;
}
