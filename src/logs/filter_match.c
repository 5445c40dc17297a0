/* logs/filter_match.c - whether a filter wants a message. */
#include "json/json.h"
#include "logs/filter_tree.h"

/* ---- terms ---- */

static bool match_terms(const struct log_filter *filter, struct bytes message)
{
    bool any = filter->has_others;

    for (size_t i = 0; i < filter->term_count; i++) {
        const struct filter_term *term = &filter->terms[i];
        bool found = bytes_find(message, term->text) != SIZE_MAX;

        if (term->kind == TERM_OPTIONAL)
            any = any || found;
        else if (found != (term->kind == TERM_INCLUDED))
            return false;
    }
    return any;
}

/* ---- values ---- */

static bool compare_numbers(enum test_kind test, double a, double b)
{
    switch (test) {
    case TEST_EQUAL:
        return a == b;
    case TEST_NOT_EQUAL:
        return a != b;
    case TEST_LESS:
        return a < b;
    case TEST_LESS_OR_EQUAL:
        return a <= b;
    case TEST_GREATER:
        return a > b;
    case TEST_GREATER_OR_EQUAL:
        return a >= b;
    case TEST_IS_NULL:
    case TEST_IS_TRUE:
    case TEST_IS_FALSE:
    case TEST_NOT_EXISTS:
        break;
    }
    return false;
}

static bool matches_text(const struct filter_value *value, struct bytes text)
{
    if (value->kind == FILTER_PATTERN)
        return regex_matches(value->regex, text);
    if (value->star_before && value->star_end)
        return bytes_find(text, value->text) != SIZE_MAX;
    if (value->star_before)
        return bytes_end_with(text, value->text);
    if (value->star_end)
        return bytes_start_with(text, value->text);
    return bytes_equal(text, value->text);
}

/* ---- JSON ---- */

static bool test_string(const struct filter_node *node, struct bytes text)
{
    if (node->value.kind == FILTER_NUMBER) /* a string is no number */
        return node->test == TEST_NOT_EQUAL;
    return matches_text(&node->value, text) == (node->test == TEST_EQUAL);
}

static bool test_number(const struct filter_node *node, const struct json *value)
{
    double number = 0;

    if (node->value.kind == FILTER_NUMBER)
        return json_double(value, &number) &&
               compare_numbers(node->test, number, node->value.number);
    if (node->value.kind == FILTER_TEXT && node->value.quoted)
        return node->test == TEST_NOT_EQUAL;
    return matches_text(&node->value, json_number_text(value)) == (node->test == TEST_EQUAL);
}

static bool test_json(const struct filter_node *node, const struct json *value)
{
    if (node->test == TEST_NOT_EXISTS)
        return true; /* it does: the caller turns it round */
    if (node->test == TEST_IS_NULL)
        return json_is(value, JSON_NULL);
    if (node->test == TEST_IS_TRUE || node->test == TEST_IS_FALSE)
        return json_is(value, JSON_BOOL) && json_bool(value) == (node->test == TEST_IS_TRUE);
    if (json_is(value, JSON_STRING))
        return test_string(node, json_string(value));
    return json_is(value, JSON_NUMBER) && test_number(node, value);
}

static bool walk(const struct filter_node *node, size_t at, const struct json *value);

static bool walk_any(const struct filter_node *node, size_t at, const struct json *value,
                     enum json_type type)
{
    if (!json_is(value, type))
        return false;
    for (struct json_iter it = json_iter(value); json_next(&it);)
        if (walk(node, at + 1, it.value))
            return true;
    return false;
}

/* Whether the test holds of what the selector's steps from `at` on lead to; of any of it. */
static bool walk(const struct filter_node *node, size_t at, const struct json *value)
{
    const struct filter_step *step = &node->steps[at];

    if (value == NULL)
        return false;
    if (at == node->step_count)
        return test_json(node, value);
    switch (step->kind) {
    case STEP_NAME:
        return walk(node, at + 1, json_get_bytes(value, step->name));
    case STEP_INDEX:
        return json_is(value, JSON_ARRAY) && step->index < json_count(value) &&
               walk(node, at + 1, json_at(value, (size_t)step->index));
    case STEP_ANY_FIELD:
        return walk_any(node, at, value, JSON_OBJECT);
    case STEP_ANY_ELEMENT:
        return walk_any(node, at, value, JSON_ARRAY);
    }
    return false;
}

/* ---- fields ---- */

static bool test_field(const struct filter_node *node, struct bytes text)
{
    double number = 0;

    if (node->value.kind != FILTER_NUMBER)
        return matches_text(&node->value, text) == (node->test == TEST_EQUAL);
    if (!filter_read_number(text, &number))
        return node->test == TEST_NOT_EQUAL;
    return compare_numbers(node->test, number, node->value.number);
}

struct fields {
    struct bytes message;
    struct bytes *list;
    size_t *starts; /* where each begins, with its bracket or quotation mark */
    size_t count, capacity, starts_capacity;
};

/* The end of what brackets or quotation marks enclose, when a blank or the end follows it; else
 * SIZE_MAX. */
static size_t find_close(struct bytes message, size_t at)
{
    uint8_t close = message.ptr[at] == '"' ? '"' : ']';
    size_t end = 0;

    if (message.ptr[at] != '"' && message.ptr[at] != '[')
        return SIZE_MAX;
    end = bytes_find_byte(message, close, at + 1);
    if (end == SIZE_MAX || (end + 1 < message.size && !filter_is_blank(message.ptr[end + 1])))
        return SIZE_MAX;
    return end;
}

static void add_field(struct fields *f, struct arena *scratch, size_t start, struct bytes text)
{
    f->list = arena_grow(scratch, f->list, f->count, f->count + 1, &f->capacity, sizeof *f->list);
    f->starts = arena_grow(scratch, f->starts, f->count, f->count + 1, &f->starts_capacity,
                           sizeof *f->starts);
    f->list[f->count] = text;
    f->starts[f->count++] = start;
}

static void split(struct fields *f, struct arena *scratch)
{
    struct bytes message = f->message;
    size_t at = 0;

    while (at < message.size) {
        size_t start = at, close = SIZE_MAX;

        if (filter_is_blank(message.ptr[at])) {
            at++;
            continue;
        }
        close = find_close(message, at);
        if (close != SIZE_MAX) {
            add_field(f, scratch, start, bytes_slice(message, at + 1, close - at - 1));
            at = close + 1;
            continue;
        }
        while (at < message.size && !filter_is_blank(message.ptr[at]))
            at++;
        add_field(f, scratch, start, bytes_slice(message, start, at - start));
    }
}

/* Without "..." the last one has all that is left. */
static struct bytes field_text(const struct log_filter *filter, const struct fields *f, size_t i)
{
    struct bytes rest;

    if (i > filter->ellipsis)
        return f->list[f->count - (filter->field_count - i)];
    if (i + 1 < filter->field_count || f->count == filter->field_count)
        return f->list[i];
    rest = bytes_slice(f->message, f->starts[i], f->message.size);
    while (filter_is_blank(rest.ptr[rest.size - 1]))
        rest.size--;
    return rest;
}

/* ---- conditions ---- */

/* Of a message's JSON, or of a field's text. */
static bool holds(const struct log_filter *filter, size_t index, const struct json *json,
                  struct bytes text)
{
    const struct filter_node *node = &filter->nodes[index];

    switch (node->kind) {
    case NODE_AND:
        return holds(filter, node->left, json, text) && holds(filter, node->right, json, text);
    case NODE_OR:
        return holds(filter, node->left, json, text) || holds(filter, node->right, json, text);
    case NODE_TEST:
        break;
    }
    if (filter->kind == FILTER_FIELDS)
        return test_field(node, text);
    return walk(node, 0, json) == (node->test != TEST_NOT_EXISTS);
}

static bool match_json(const struct log_filter *filter, struct bytes message, struct arena *scratch)
{
    const struct json *json = NULL;

    if (json_parse(scratch, message, &json, NULL) != OK ||
        !(json_is(json, JSON_OBJECT) || json_is(json, JSON_ARRAY)))
        return false;
    return holds(filter, filter->root, json, (struct bytes){NULL, 0});
}

static bool match_fields(const struct log_filter *filter, struct bytes message,
                         struct arena *scratch)
{
    struct fields f = {.message = message};
    size_t wanted = filter->field_count - (filter->ellipsis < filter->field_count);

    split(&f, scratch);
    if (f.count < wanted)
        return false;
    for (size_t i = 0; i < filter->field_count; i++)
        if (filter->fields[i].condition != 0 &&
            !holds(filter, filter->fields[i].condition, NULL, field_text(filter, &f, i)))
            return false;
    return true;
}

bool log_filter_matches(const struct log_filter *filter, struct bytes message,
                        struct arena *scratch)
{
    switch (filter->kind) {
    case FILTER_TERMS:
        return match_terms(filter, message);
    case FILTER_REGEX:
        return regex_matches(filter->regex, message);
    case FILTER_JSON:
        return match_json(filter, message, scratch);
    case FILTER_FIELDS:
        return match_fields(filter, message, scratch);
    }
    return false;
}
