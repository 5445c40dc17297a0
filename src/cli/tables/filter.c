/* cli/tables/filter.c - see filter.h. A parser that writes as it reads: each function takes one
 * form from the text and appends AWS's for it. */
#include "cli/tables/words.h"

#include <stdio.h>

struct reading {
    struct words words;
    struct tables_binding *binding;
    struct buffer *out;
    size_t depth;
};

static bool fail(struct reading *on, const char *what)
{
    return tables_words_fail(&on->words, "%s was expected", what);
}

static bool expect(struct reading *on, const char *word)
{
    char what[32];

    if (tables_words_take(&on->words, word))
        return true;
    snprintf(what, sizeof what, "\"%s\"", word);
    return fail(on, what);
}

/* Puts a text before what was written since `at`. */
static void put_before(struct buffer *out, size_t at, const char *text)
{
    size_t size = strlen(text), rest = out->size - at;

    buffer_append_text(out, text);
    if (buffer_failed(out))
        return;
    memmove(out->ptr + at + size, out->ptr + at, rest);
    memcpy(out->ptr + at, text, size);
}

/* ---- paths, values ---- */

static bool read_path(struct reading *on)
{
    struct words *words = &on->words;
    struct bytes name = {0};

    if (!tables_words_name(words, &name))
        return false;
    tables_bind_name(on->binding, on->out, name);
    for (;;) {
        if (tables_words_take(words, ".")) {
            buffer_append_byte(on->out, '.');
            if (!tables_words_name(words, &name))
                return false;
            tables_bind_name(on->binding, on->out, name);
        } else if (tables_words_take(words, "[")) {
            if (!tables_words_index(words, &name))
                return false;
            buffer_printf(on->out, "[%.*s]", BYTES_ARG(name));
        } else
            return true;
    }
}

static bool read_value(struct reading *on)
{
    struct value value;

    if (!tables_words_value(&on->words, &value))
        return false;
    tables_bind_value(on->binding, on->out, &value);
    return true;
}

static bool read_operand(struct reading *on)
{
    if (tables_words_call(&on->words, "size")) {
        buffer_append_text(on->out, "size");
        if (!expect(on, "("))
            return false;
        buffer_append_byte(on->out, '(');
        if (!read_path(on) || !expect(on, ")"))
            return false;
        buffer_append_byte(on->out, ')');
        return true;
    }
    if (tables_words_at_value(&on->words))
        return read_value(on);
    return read_path(on);
}

/* ---- conditions ---- */

static const struct {
    const char *name, *aws;
    bool second; /* takes another operand */
} functions[] = {
    {"attribute_exists", "attribute_exists", false},
    {"attribute_not_exists", "attribute_not_exists", false},
    {"exists", "attribute_exists", false},
    {"missing", "attribute_not_exists", false},
    {"attribute_type", "attribute_type", true},
    {"begins_with", "begins_with", true},
    {"contains", "contains", true},
};

/* Behind a function's name. */
static bool read_arguments(struct reading *on, size_t function)
{
    buffer_append_text(on->out, functions[function].aws);
    buffer_append_byte(on->out, '(');
    if (!expect(on, "(") || !read_operand(on))
        return false;
    if (functions[function].second) {
        buffer_append_text(on->out, ", ");
        if (!expect(on, ",") || !read_operand(on))
            return false;
    }
    buffer_append_byte(on->out, ')');
    return expect(on, ")");
}

static bool read_between(struct reading *on)
{
    buffer_append_text(on->out, " BETWEEN ");
    if (!read_operand(on) || !expect(on, "and"))
        return false;
    buffer_append_text(on->out, " AND ");
    return read_operand(on);
}

static bool read_in(struct reading *on)
{
    if (!expect(on, "("))
        return false;
    buffer_append_text(on->out, " IN (");
    do {
        if (!read_operand(on))
            return false;
        buffer_append_text(on->out, ", ");
    } while (tables_words_take(&on->words, ","));
    on->out->size -= on->out->failed ? 0 : strlen(", ");
    buffer_append_byte(on->out, ')');
    return expect(on, ")");
}

static bool read_begins_with(struct reading *on, size_t start)
{
    put_before(on->out, start, "begins_with(");
    buffer_append_text(on->out, ", ");
    if (!read_operand(on))
        return false;
    buffer_append_byte(on->out, ')');
    return true;
}

static const struct {
    const char *word, *aws;
} comparators[] = {
    {"==", " = "},  {"=", " = "}, {"<>", " <> "}, {"!=", " <> "},
    {"<=", " <= "}, {"<", " < "}, {">=", " >= "}, {">", " > "},
};

/* What follows an operand that begins at `start` of what is written. */
static bool read_comparison(struct reading *on, size_t start)
{
    struct words *words = &on->words;
    bool negated = tables_words_take(words, "not");

    if (negated)
        put_before(on->out, start, "NOT ");
    if (tables_words_take(words, "between"))
        return read_between(on);
    if (tables_words_take(words, "in"))
        return read_in(on);
    if (negated)
        return fail(on, "\"between\" or \"in\"");
    if (tables_words_take(words, "^="))
        return read_begins_with(on, start);
    for (size_t i = 0; i < ARRAY_COUNT(comparators); i++)
        if (tables_words_take(words, comparators[i].word)) {
            buffer_append_text(on->out, comparators[i].aws);
            return read_operand(on);
        }
    return fail(on, "a comparison (=, <>, <, <=, >, >=, ^=, between, in)");
}

/* *ret_closed: all that was written is one pair of parentheses, so that AWS would find another one
 * around it redundant. */
static bool read_any(struct reading *on, bool *ret_closed);

static bool read_parentheses(struct reading *on)
{
    size_t start = on->out->size;
    bool closed = false;

    buffer_append_byte(on->out, '(');
    if (!read_any(on, &closed) || !expect(on, ")"))
        return false;
    if (closed && !on->out->failed) {
        memmove(on->out->ptr + start, on->out->ptr + start + 1, on->out->size - start - 1);
        on->out->size--;
    } else
        buffer_append_byte(on->out, ')');
    return true;
}

static bool read_primary(struct reading *on, bool *ret_closed)
{
    size_t start = on->out->size;

    *ret_closed = tables_words_take(&on->words, "(");
    if (*ret_closed)
        return read_parentheses(on);
    for (size_t i = 0; i < ARRAY_COUNT(functions); i++)
        if (tables_words_call(&on->words, functions[i].name))
            return read_arguments(on, i);
    return read_operand(on) && read_comparison(on, start);
}

static bool read_not(struct reading *on, bool *ret_closed)
{
    bool negated = tables_words_take(&on->words, "not") ||
                   (tables_words_peek(&on->words) == '!' && tables_words_take(&on->words, "!"));
    bool read = false;

    if (!negated)
        return read_primary(on, ret_closed);
    if (on->depth == TABLES_NESTING_MAX)
        return tables_words_fail(&on->words, "there are more than %d levels", TABLES_NESTING_MAX);
    buffer_append_text(on->out, "NOT ");
    on->depth++;
    read = read_not(on, ret_closed);
    on->depth--;
    *ret_closed = false;
    return read;
}

static bool read_all(struct reading *on, bool *ret_closed)
{
    if (!read_not(on, ret_closed))
        return false;
    while (tables_words_take(&on->words, "and") || tables_words_take(&on->words, "&&")) {
        buffer_append_text(on->out, " AND ");
        if (!read_not(on, ret_closed))
            return false;
        *ret_closed = false;
    }
    return true;
}

static bool read_any(struct reading *on, bool *ret_closed)
{
    if (on->depth == TABLES_NESTING_MAX)
        return tables_words_fail(&on->words, "there are more than %d levels", TABLES_NESTING_MAX);
    on->depth++;

    bool read = read_all(on, ret_closed);

    while (read && (tables_words_take(&on->words, "or") || tables_words_take(&on->words, "||"))) {
        buffer_append_text(on->out, " OR ");
        read = read_all(on, ret_closed);
        *ret_closed = false;
    }
    on->depth--;
    return read;
}

/* ---- changes ---- */

static bool read_set_operand(struct reading *on);

/* if_not_exists(path, operand) and list_append(operand, operand). */
static bool read_set_call(struct reading *on, const char *name, bool path_first)
{
    buffer_printf(on->out, "%s(", name);
    if (!expect(on, "(") || !(path_first ? read_path(on) : read_set_operand(on)))
        return false;
    buffer_append_text(on->out, ", ");
    if (!expect(on, ",") || !read_set_operand(on))
        return false;
    buffer_append_byte(on->out, ')');
    return expect(on, ")");
}

static bool read_set_operand(struct reading *on)
{
    bool read = false;

    if (on->depth == TABLES_NESTING_MAX)
        return tables_words_fail(&on->words, "there are more than %d levels", TABLES_NESTING_MAX);
    on->depth++;
    if (tables_words_call(&on->words, "if_not_exists"))
        read = read_set_call(on, "if_not_exists", true);
    else if (tables_words_call(&on->words, "list_append"))
        read = read_set_call(on, "list_append", false);
    else
        read = tables_words_at_value(&on->words) ? read_value(on) : read_path(on);
    on->depth--;
    return read;
}

static bool read_assignment(struct reading *on)
{
    bool plus = false;

    if (!read_path(on) || !expect(on, "="))
        return false;
    buffer_append_text(on->out, " = ");
    if (!read_set_operand(on))
        return false;
    plus = tables_words_take(&on->words, "+");
    if (!plus && !tables_words_take(&on->words, "-"))
        return true;
    buffer_append_text(on->out, plus ? " + " : " - ");
    return read_set_operand(on);
}

static bool read_change(struct reading *on, enum tables_clause clause)
{
    switch (clause) {
    case TABLES_SET:
        return read_assignment(on);
    case TABLES_REMOVE:
        return read_path(on);
    case TABLES_ADD:
    case TABLES_DELETE:
        break;
    }
    if (!read_path(on))
        return false;
    buffer_append_byte(on->out, ' ');
    return read_value(on);
}

/* ---- the doors ---- */

static struct reading begin(struct bytes text, struct tables_binding *binding, struct buffer *out,
                            struct tables_fault *reterr)
{
    return (struct reading){
        .words = {.text = text, .arena = binding->arena, .fault = reterr},
        .binding = binding,
        .out = out,
    };
}

static bool begins(struct reading *on)
{
    if (!bytes_are_utf8(on->words.text))
        return tables_words_fail(&on->words, "text in UTF-8 was expected");
    if (tables_words_peek(&on->words) == 0)
        return fail(on, "an expression");
    return true;
}

static bool at_end(struct reading *on, const char *expected)
{
    if (tables_words_peek(&on->words) != 0 || on->words.at < on->words.text.size)
        return fail(on, expected);
    if (buffer_failed(on->out))
        return tables_words_fail(&on->words, "the expression is too long");
    return true;
}

static bool refuse(struct tables_fault *reterr, const struct api_error *error)
{
    snprintf(reterr->message, sizeof reterr->message, "%.1000s", error->message);
    return false;
}

bool tables_condition_read(struct bytes text, enum expr_kind kind, struct tables_binding *binding,
                           struct buffer *out, struct tables_fault *reterr)
{
    struct reading on = begin(text, binding, out, reterr);
    const struct expr_condition *condition = NULL;
    struct api_error error = {0};
    size_t start = out->size;
    bool closed = false;

    if (!begins(&on) || !read_any(&on, &closed) || !at_end(&on, "\"and\", \"or\" or the end"))
        return false;
    if (expr_parse_condition(binding->arena, kind,
                             bytes_slice(buffer_bytes(out), start, out->size - start),
                             &binding->names, &condition, &error) != OK)
        return refuse(reterr, &error);
    return true;
}

bool tables_attributes_read(struct bytes text, struct tables_binding *binding, struct buffer *out,
                            struct tables_fault *reterr)
{
    struct reading on = begin(text, binding, out, reterr);
    const struct expr_projection *projection = NULL;
    struct api_error error = {0};
    size_t start = out->size;

    if (!begins(&on))
        return false;
    do {
        if (out->size > start)
            buffer_append_text(out, ", ");
        if (!read_path(&on))
            return false;
    } while (tables_words_take(&on.words, ","));
    if (!at_end(&on, "\",\" or the end"))
        return false;
    if (expr_parse_projection(binding->arena,
                              bytes_slice(buffer_bytes(out), start, out->size - start),
                              &binding->names, &projection, &error) != OK)
        return refuse(reterr, &error);
    return true;
}

bool tables_clause_read(struct bytes text, enum tables_clause clause,
                        struct tables_binding *binding, struct buffer *out,
                        struct tables_fault *reterr)
{
    struct reading on = begin(text, binding, out, reterr);
    bool first = true;

    if (!begins(&on))
        return false;
    do {
        if (!first)
            buffer_append_text(out, ", ");
        first = false;
        if (!read_change(&on, clause))
            return false;
    } while (tables_words_take(&on.words, ","));
    return at_end(&on, "\",\" or the end");
}

bool tables_update_check(struct bytes expression, struct tables_binding *binding,
                         struct tables_fault *reterr)
{
    const struct expr_update *update = NULL;
    struct api_error error = {0};

    if (expr_parse_update(binding->arena, expression, &binding->names, &update, &error) != OK)
        return refuse(reterr, &error);
    return true;
}
