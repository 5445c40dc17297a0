/* pattern/pattern.c - the text of an event pattern, checked and compiled; see pattern.h and
 * compiled.h.
 *
 *   pattern    = object
 *   object     = { name: object | [match, ...] | "$or": [object, object, ...], ... }
 *   match      = string | number | true | false | null | { operator: operand }
 *
 * The messages are those of AWS's own rule compiler. docs/patterns.md shows every operator. */
#include "pattern/compiled.h"

#include "pattern/complexity.h"
#include "pattern/fold.h"
#include "pattern/place.h"

#include <stdarg.h>
#include <stdio.h>

#define SOURCE_SHOWN_MAX 500 /* bytes of a pattern that a message repeats */

struct compiler {
    struct arena *arena;
    struct place place;
    struct api_error *error;
    /* The branches so far; a field is added to each of them. */
    struct pattern_branch *branches;
    size_t branch_count;
    bool inside_or;
};

static enum status compile_object(struct compiler *c, struct bytes path, const struct json *object);
static enum status compile_match(struct compiler *c, const struct json *match,
                                 struct condition *ret);

/* ---- refusing ---- */

static enum status refuse(struct compiler *c, const char *format, ...) PRINTF_LIKE(2, 3);

static enum status refuse(struct compiler *c, const char *format, ...)
{
    struct bytes shown = bytes_slice(c->place.text, 0, SOURCE_SHOWN_MAX);
    size_t line = 0, column = 0, left = c->place.text.size - shown.size;
    char rest[48] = "";
    va_list args;

    va_start(args, format);
    struct bytes reason = arena_vprintf(c->arena, format, args);

    va_end(args);
    if (left > 0)
        snprintf(rest, sizeof rest, "[truncated %zu chars]", left);
    place_line_column(&c->place, &line, &column);
    return api_refuse(c->error, API_INVALID_EVENT_PATTERN,
                      "Event pattern is not valid. Reason: %.*s\n"
                      " at [Source: (String)\"%.*s\"%s; line: %zu, column: %zu]",
                      BYTES_ARG(reason), BYTES_ARG(shown), rest, line, column);
}

/* The value after it is looked at, not its name: {"prefix": <value>} with nothing behind. */
static enum status end_match(struct compiler *c, const struct json *object)
{
    if (json_count(object) > 1) {
        place_name(&c->place);
        return refuse(c, "Only one key allowed in match expression");
    }
    place_value(&c->place);
    return OK;
}

/* ---- branches ---- */

static struct pattern_field *find_field(struct pattern_branch *branch, struct bytes path)
{
    for (size_t i = 0; i < branch->field_count; i++)
        if (bytes_equal(branch->fields[i].path, path))
            return &branch->fields[i];
    return NULL;
}

/* The same path again replaces what it said before, as in AWS. */
static void add_field(struct compiler *c, const struct pattern_field *field)
{
    for (size_t i = 0; i < c->branch_count; i++) {
        struct pattern_branch *branch = &c->branches[i];
        struct pattern_field *same = find_field(branch, field->path);

        if (same != NULL) {
            *same = *field;
            continue;
        }
        branch->fields =
            arena_grow(c->arena, branch->fields, branch->field_count, branch->field_count + 1,
                       &branch->field_capacity, sizeof *branch->fields);
        branch->fields[branch->field_count++] = *field;
    }
}

static struct pattern_branch *copy_branches(struct arena *arena,
                                            const struct pattern_branch *branches, size_t count)
{
    struct pattern_branch *copies = ARENA_NEW_ARRAY(arena, count, struct pattern_branch);

    for (size_t i = 0; i < count; i++) {
        size_t fields = branches[i].field_count;

        copies[i].fields = ARENA_NEW_ARRAY(arena, fields, struct pattern_field);
        copies[i].field_count = copies[i].field_capacity = fields;
        if (fields > 0)
            memcpy(copies[i].fields, branches[i].fields, fields * sizeof *copies[i].fields);
    }
    return copies;
}

/* ---- operators ---- */

static bool is_number(const struct json *value)
{
    return json_is(value, JSON_NUMBER);
}

static bool is_string(const struct json *value)
{
    return json_is(value, JSON_STRING);
}

static bool ignores_case(enum condition_kind kind)
{
    return kind == CONDITION_EQUAL_IGNORE_CASE || kind == CONDITION_PREFIX_IGNORE_CASE ||
           kind == CONDITION_SUFFIX_IGNORE_CASE;
}

/* Cuts "a*b\*c" at its stars into "a", "b*c". Positions count the quote before the text, as AWS
 * does. */
static enum status cut_wildcard(struct compiler *c, struct bytes text, struct operand *operand)
{
    uint8_t *plain = arena_alloc(c->arena, text.size);
    struct bytes *pieces = ARENA_NEW_ARRAY(c->arena, text.size + 1, struct bytes);
    size_t count = 0, size = 0, start = 0;

    for (size_t i = 0; i < text.size; i++) {
        uint8_t here = text.ptr[i], next = i + 1 < text.size ? text.ptr[i + 1] : 0;

        if (here == '*') {
            if (next == '*')
                return refuse(c, "Consecutive wildcard characters at pos %zu", i + 1);
            pieces[count++] = bytes_of(plain + start, size - start);
            start = size;
            continue;
        }
        if (here == '\\') {
            if (next != '*' && next != '\\')
                return refuse(c, "Invalid escape character at pos %zu", i + 1);
            here = next;
            i++;
        }
        plain[size++] = here;
    }
    pieces[count++] = bytes_of(plain + start, size - start);
    operand->pieces = pieces;
    operand->piece_count = count;
    return OK;
}

/* value: a string, or for CONDITION_EQUAL any leaf. */
static enum status make_operand(struct compiler *c, enum condition_kind kind,
                                const struct json *value, struct operand *ret)
{
    *ret = (struct operand){.leaf = leaf_of(c->arena, value)};
    if (ignores_case(kind))
        ret->leaf.text = leaf_folded(&ret->leaf, c->arena);
    if (kind == CONDITION_WILDCARD)
        return cut_wildcard(c, ret->leaf.text, ret);
    return OK;
}

static enum status make_condition(struct compiler *c, enum condition_kind kind,
                                  const struct json *value, struct condition *ret)
{
    struct operand *operand = ARENA_NEW(c->arena, struct operand);
    enum status st = make_operand(c, kind, value, operand);

    if (st == OK)
        *ret = (struct condition){.kind = kind, .operands = operand, .operand_count = 1};
    return st;
}

/* {"prefix": {"equals-ignore-case": "x"}}: the inner object. */
static enum status compile_ignoring_case(struct compiler *c, const char *title, const char *name,
                                         enum condition_kind kind, const struct json *inner,
                                         struct condition *ret)
{
    struct json_iter it = json_iter(inner);

    if (!json_next(&it)) {
        place_value(&c->place);
        return refuse(c, "%s expression name not found", title);
    }
    place_name(&c->place);
    if (!bytes_equal_text(it.name, "equals-ignore-case"))
        return refuse(c, "Unsupported %s pattern: %.*s", name, BYTES_ARG(it.name));
    place_value(&c->place);
    if (!is_string(it.value))
        return refuse(c, "equals-ignore-case match pattern must be a string");
    enum status st = make_condition(c, kind, it.value, ret);

    return st == OK ? end_match(c, inner) : st;
}

static enum status compile_text(struct compiler *c, const char *name, enum condition_kind kind,
                                const struct json *value, struct condition *ret)
{
    place_value(&c->place);
    if (!is_string(value))
        return refuse(c, "%s match pattern must be a string", name);
    return make_condition(c, kind, value, ret);
}

static enum status compile_prefix(struct compiler *c, const struct json *value,
                                  struct condition *ret)
{
    if (!json_is(value, JSON_OBJECT))
        return compile_text(c, "prefix", CONDITION_PREFIX, value, ret);
    place_value(&c->place);
    return compile_ignoring_case(c, "Prefix", "prefix", CONDITION_PREFIX_IGNORE_CASE, value, ret);
}

static enum status compile_suffix(struct compiler *c, const struct json *value,
                                  struct condition *ret)
{
    if (!json_is(value, JSON_OBJECT))
        return compile_text(c, "suffix", CONDITION_SUFFIX, value, ret);
    place_value(&c->place);
    return compile_ignoring_case(c, "Suffix", "suffix", CONDITION_SUFFIX_IGNORE_CASE, value, ret);
}

static enum status compile_exactly(struct compiler *c, const struct json *value,
                                   struct condition *ret)
{
    return compile_text(c, "exact", CONDITION_EQUAL, value, ret);
}

static enum status compile_equals_ignore_case(struct compiler *c, const struct json *value,
                                              struct condition *ret)
{
    return compile_text(c, "equals-ignore-case", CONDITION_EQUAL_IGNORE_CASE, value, ret);
}

static enum status compile_wildcard(struct compiler *c, const struct json *value,
                                    struct condition *ret)
{
    return compile_text(c, "wildcard", CONDITION_WILDCARD, value, ret);
}

static enum status compile_exists(struct compiler *c, const struct json *value,
                                  struct condition *ret)
{
    place_value(&c->place);
    if (!json_is(value, JSON_BOOL))
        return refuse(c, "exists match pattern must be either true or false.");
    *ret = (struct condition){.kind = json_bool(value) ? CONDITION_EXISTS : CONDITION_ABSENT};
    return OK;
}

static enum status compile_cidr(struct compiler *c, const struct json *value, struct condition *ret)
{
    place_value(&c->place);
    if (!is_string(value)) /* AWS's word here is "prefix" too */
        return refuse(c, "prefix match pattern must be a string");
    *ret = (struct condition){.kind = CONDITION_CIDR};

    struct bytes text = json_string(value);
    const char *wrong = network_parse(text, &ret->network);

    if (wrong == network_nonstandard)
        return refuse(c, "%s: %.*s", wrong,
                      BYTES_ARG(bytes_slice(text, 0, bytes_find_byte(text, '/', 0))));
    return wrong == NULL ? OK : refuse(c, "%s", wrong);
}

/* ---- numeric ---- */

/* The operators of numbers; the closed ones set a bound that belongs to the range. */
static const struct numeric_operator {
    const char *text;
    bool low, high, open;
} numeric_operators[] = {
    {"=", true, true, false},   {">=", true, false, false}, {">", true, false, true},
    {"<=", false, true, false}, {"<", false, true, true},
};

static const struct numeric_operator *find_numeric_operator(struct bytes text)
{
    for (size_t i = 0; i < ARRAY_COUNT(numeric_operators); i++)
        if (bytes_equal_text(text, numeric_operators[i].text))
            return &numeric_operators[i];
    return NULL;
}

/* The number behind an operator, as the bound or bounds that it sets. */
static enum status compile_bound(struct compiler *c, const struct numeric_operator *operator_,
                                 struct json_iter *it, struct condition *ret)
{
    bool found = json_next(it);

    place_value(&c->place);
    if (!found || !is_number(it->value))
        return refuse(c, "Value of %s must be numeric",
                      operator_->low && operator_->high ? "equals" : operator_->text);

    struct bound bound = {
        .number = decimal_parse(c->arena, json_number_text(it->value)),
        .set = true,
        .open = operator_->open,
    };

    if (operator_->low)
        ret->low = bound;
    if (operator_->high)
        ret->high = bound;
    return OK;
}

/* What a message repeats of a value that stands where an operator should. */
static struct bytes shown_value(struct compiler *c, const struct json *value)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(PATTERN_SIZE_MAX);

    if (value == NULL)
        return BYTES("]");
    if (is_string(value))
        return json_string(value);
    if (json_is(value, JSON_ARRAY) || json_is(value, JSON_OBJECT))
        return json_is(value, JSON_ARRAY) ? BYTES("[") : BYTES("{");
    json_print(&text, value);
    return arena_copy(c->arena, buffer_bytes(&text));
}

/* The second half of [">", 0, "<=", 5]; `it` stands at its operator. */
static enum status compile_upper_bound(struct compiler *c, struct json_iter *it,
                                       struct condition *ret)
{
    place_value(&c->place);
    if (!is_string(it->value))
        return refuse(c, "Bad value in numeric range: %.*s", BYTES_ARG(shown_value(c, it->value)));

    const struct numeric_operator *operator_ = find_numeric_operator(json_string(it->value));

    if (operator_ == NULL || operator_->low)
        return refuse(c, "Bad numeric range operator: %.*s", BYTES_ARG(json_string(it->value)));
    enum status st = compile_bound(c, operator_, it, ret);

    if (st != OK)
        return st;
    if (json_next(it)) {
        place_value(&c->place);
        return refuse(c, "Too many terms in numeric range expression");
    }
    place_value(&c->place);
    if (decimal_compare(&ret->low.number, &ret->high.number) >= 0)
        return refuse(c, "Bottom must be less than top");
    return OK;
}

static enum status compile_numeric(struct compiler *c, const struct json *value,
                                   struct condition *ret)
{
    struct json_iter it = json_iter(value);

    place_value(&c->place);
    if (!json_is(value, JSON_ARRAY))
        return refuse(c, "Value of numeric must be an array.");
    bool found = json_next(&it);

    place_value(&c->place);
    if (!found || !is_string(it.value))
        return refuse(c, "Invalid member in numeric match: %.*s",
                      BYTES_ARG(shown_value(c, found ? it.value : NULL)));

    const struct numeric_operator *operator_ = find_numeric_operator(json_string(it.value));

    if (operator_ == NULL) {
        place_value(&c->place); /* AWS has read the number by then */
        return refuse(c, "Unrecognized numeric range operator: %.*s",
                      BYTES_ARG(json_string(it.value)));
    }
    *ret = (struct condition){.kind = CONDITION_NUMERIC};
    enum status st = compile_bound(c, operator_, &it, ret);

    if (st != OK)
        return st;
    if (!json_next(&it)) {
        place_value(&c->place);
        return OK;
    }
    if (operator_->high) {
        place_value(&c->place);
        return refuse(c, "Too many elements in numeric expression");
    }
    return compile_upper_bound(c, &it, ret);
}

/* ---- anything-but ---- */

static const struct {
    const char *name;
    enum condition_kind kind;
} anything_but_kinds[] = {
    {"equals-ignore-case", CONDITION_EQUAL_IGNORE_CASE},
    {"prefix", CONDITION_PREFIX},
    {"suffix", CONDITION_SUFFIX},
    {"wildcard", CONDITION_WILDCARD},
};

/* One of what the value must not be; the place is at it. */
static enum status check_exclusion(struct compiler *c, enum condition_kind kind,
                                   const struct json *value)
{
    if (kind == CONDITION_EQUAL) {
        if (!is_string(value) && !is_number(value))
            return refuse(c, "Inside anything but list, start|null|boolean is not supported.");
        return OK;
    }
    if (!is_string(value)) {
        if (kind == CONDITION_EQUAL_IGNORE_CASE)
            return refuse(c, "Inside anything-but/equals-ignore-case list, "
                             "number|start|null|boolean is not supported.");
        if (kind == CONDITION_WILDCARD)
            return refuse(c, "wildcard match pattern must be a string");
        return refuse(c, "prefix/suffix match pattern must be a string");
    }
    if ((kind == CONDITION_PREFIX || kind == CONDITION_SUFFIX) && json_string(value).size == 0)
        return refuse(c, "Null prefix/suffix not allowed");
    return OK;
}

/* value: one value, or a list of them. */
static enum status compile_exclusions(struct compiler *c, enum condition_kind kind,
                                      const struct json *value, struct condition *ret)
{
    bool listed = json_is(value, JSON_ARRAY), strings = false, numbers = false;
    size_t count = listed ? json_count(value) : 1;
    struct operand *operands = ARENA_NEW_ARRAY(c->arena, count, struct operand);
    struct json_iter it = json_iter(listed ? value : NULL);

    place_value(&c->place);
    if (!listed && !is_string(value) && !is_number(value))
        return refuse(c, "Value of anything-but must be an array or single string/number value.");
    for (size_t i = 0; i < count; i++) {
        if (listed && json_next(&it))
            place_value(&c->place);
        const struct json *one = listed ? it.value : value;
        enum status st = check_exclusion(c, kind, one);

        if (st == OK)
            st = make_operand(c, kind, one, &operands[i]);
        if (st != OK)
            return st;
        strings |= is_string(one);
        numbers |= is_number(one);
    }
    if (listed)
        place_value(&c->place);
    if (kind == CONDITION_EQUAL && strings == numbers)
        return refuse(c, "Inside anything but list, either all values are number or string, "
                         "mixed type is not supported");
    *ret = (struct condition){
        .kind = kind, .anything_but = true, .operands = operands, .operand_count = count};
    return OK;
}

static enum status compile_anything_but(struct compiler *c, const struct json *value,
                                        struct condition *ret)
{
    struct json_iter it = json_iter(value);

    if (!json_is(value, JSON_OBJECT))
        return compile_exclusions(c, CONDITION_EQUAL, value, ret);
    place_value(&c->place);
    if (!json_next(&it)) {
        place_value(&c->place);
        return refuse(c, "Anything-But expression name not found");
    }
    place_name(&c->place);
    for (size_t i = 0; i < ARRAY_COUNT(anything_but_kinds); i++) {
        if (!bytes_equal_text(it.name, anything_but_kinds[i].name))
            continue;
        enum status st = compile_exclusions(c, anything_but_kinds[i].kind, it.value, ret);

        if (st != OK)
            return st;
        if (json_next(&it)) {
            place_name(&c->place);
            return refuse(c, "Too many elements in numeric expression"); /* AWS's own words */
        }
        place_value(&c->place);
        return OK;
    }
    return refuse(c, "Unsupported anything-but pattern: %.*s", BYTES_ARG(it.name));
}

/* ---- matches, fields, objects ---- */

static const struct {
    const char *name;
    enum status (*compile)(struct compiler *c, const struct json *value, struct condition *ret);
    const char *too_many; /* said when the object has a second member */
} operators[] = {
    {"exactly", compile_exactly, "Only one key allowed in match expression"},
    {"prefix", compile_prefix, "Only one key allowed in match expression"},
    {"suffix", compile_suffix, "Only one key allowed in match expression"},
    {"numeric", compile_numeric, "Too many elements in numeric expression"},
    {"anything-but", compile_anything_but, "Too many elements in numeric expression"},
    {"exists", compile_exists, "Only one key allowed in match expression"},
    {"cidr", compile_cidr, "Only one key allowed in match expression"},
    {"equals-ignore-case", compile_equals_ignore_case, "Only one key allowed in match expression"},
    {"wildcard", compile_wildcard, "Only one key allowed in match expression"},
};

static enum status compile_operator(struct compiler *c, const struct json *object,
                                    struct condition *ret)
{
    struct json_iter it = json_iter(object);

    if (!json_next(&it)) {
        place_value(&c->place);
        return refuse(c, "Match expression name not found");
    }
    place_name(&c->place);
    for (size_t i = 0; i < ARRAY_COUNT(operators); i++) {
        if (!bytes_equal_text(it.name, operators[i].name))
            continue;
        enum status st = operators[i].compile(c, it.value, ret);

        if (st != OK)
            return st;
        if (json_next(&it)) {
            place_name(&c->place);
            return refuse(c, "%s", operators[i].too_many);
        }
        place_value(&c->place);
        return OK;
    }
    return refuse(c, "Unrecognized match type %.*s", BYTES_ARG(it.name));
}

static enum status compile_match(struct compiler *c, const struct json *match,
                                 struct condition *ret)
{
    place_value(&c->place);
    if (json_is(match, JSON_OBJECT))
        return compile_operator(c, match, ret);
    if (json_is(match, JSON_ARRAY))
        return refuse(c, "Match value must be String, number, true, false, or null");
    return make_condition(c, CONDITION_EQUAL, match, ret);
}

static enum status compile_field(struct compiler *c, struct bytes path, const struct json *matches)
{
    size_t count = json_count(matches);
    struct condition *conditions = ARENA_NEW_ARRAY(c->arena, count, struct condition);

    place_value(&c->place);
    for (struct json_iter it = json_iter(matches); json_next(&it);) {
        enum status st = compile_match(c, it.value, &conditions[it.index]);

        if (st != OK)
            return st;
    }
    place_value(&c->place);
    if (count == 0)
        return refuse(c, "Empty arrays are not allowed");
    add_field(c, &(struct pattern_field){path, conditions, count});
    return OK;
}

/* Each object of the list goes on from the branches that were there before the $or. */
static enum status compile_or(struct compiler *c, struct bytes path, const struct json *list)
{
    struct pattern_branch *before = c->branches, *all = NULL;
    size_t before_count = c->branch_count, all_count = 0, all_capacity = 0;
    bool was_inside = c->inside_or;

    place_value(&c->place);
    if (!json_is(list, JSON_ARRAY))
        return refuse(c, "It must be an Array followed with $or.");
    c->inside_or = true;
    for (struct json_iter it = json_iter(list); json_next(&it);) {
        place_value(&c->place);
        if (!json_is(it.value, JSON_OBJECT))
            return refuse(c, "Only JSON object is allowed in array of $or relationship.");
        c->branches = copy_branches(c->arena, before, before_count);
        c->branch_count = before_count;
        enum status st = compile_object(c, path, it.value);

        if (st != OK)
            return st;
        if (all_count + c->branch_count > PATTERN_BRANCHES_MAX)
            return refuse(c, "Rule is too complex - $or gives more than %d combinations",
                          PATTERN_BRANCHES_MAX);
        all = arena_grow(c->arena, all, all_count, all_count + c->branch_count, &all_capacity,
                         sizeof *all);
        memcpy(all + all_count, c->branches, c->branch_count * sizeof *all);
        all_count += c->branch_count;
    }
    place_value(&c->place);
    if (json_count(list) < 2)
        return refuse(c, "There must have at least 2 Objects in $or relationship.");
    c->inside_or = was_inside;
    c->branches = all;
    c->branch_count = all_count;
    return OK;
}

/* Names that AWS keeps for itself inside $or: its operators, and what may become one. */
static bool is_reserved(struct bytes name)
{
    static const char *const reserved[] = {
        "exactly",
        "equals-ignore-case",
        "prefix",
        "suffix",
        "anything-but",
        "exists",
        "wildcard",
        "numeric",
        "cidr",
        "=",
        "<",
        "<=",
        ">",
        ">=",
        "regex",
        "not-wildcard",
        "not-equals-ignore-case",
        "date-after",
        "date-on-or-after",
        "date-before",
        "date-on-or-before",
        "in-date-range",
        "ip-address-in-range",
        "ip-address-not-in-range",
    };

    for (size_t i = 0; i < ARRAY_COUNT(reserved); i++)
        if (bytes_equal_text(name, reserved[i]))
            return true;
    return false;
}

/* A path without a pointer is the root's. Names may hold any byte, NUL too. */
static struct bytes join_path(struct arena *arena, struct bytes path, struct bytes name)
{
    if (path.ptr == NULL)
        return name;
    uint8_t *joined = arena_alloc(arena, path.size + 1 + name.size);

    memcpy(joined, path.ptr, path.size);
    joined[path.size] = '.';
    memcpy(joined + path.size + 1, name.ptr, name.size);
    return bytes_of(joined, path.size + 1 + name.size);
}

static enum status compile_member(struct compiler *c, struct bytes path, struct bytes name,
                                  const struct json *value)
{
    struct bytes inner = join_path(c->arena, path, name);

    place_name(&c->place);
    if (bytes_equal_text(name, "$or"))
        return compile_or(c, path, value);
    if (c->inside_or && is_reserved(name))
        return refuse(c, "%.*s is Ruler reserved fieldName which cannot be used inside $or.",
                      BYTES_ARG(name));
    if (json_is(value, JSON_ARRAY))
        return compile_field(c, inner, value);
    place_value(&c->place);
    if (!json_is(value, JSON_OBJECT))
        return refuse(c, "\"%.*s\" must be an object or an array", BYTES_ARG(name));
    return compile_object(c, inner, value);
}

/* The place is behind the opening brace, and in the end behind the closing one. */
static enum status compile_object(struct compiler *c, struct bytes path, const struct json *object)
{
    for (struct json_iter it = json_iter(object); json_next(&it);) {
        enum status st = compile_member(c, path, it.name, it.value);

        if (st != OK)
            return st;
    }
    place_value(&c->place);
    if (json_count(object) == 0)
        return refuse(c, "Empty objects are not allowed");
    return OK;
}

enum status pattern_compile(struct arena *arena, struct bytes text, struct pattern *ret,
                            struct api_error *reterr)
{
    struct compiler c = {.arena = arena, .place = {.text = text}, .error = reterr};
    const struct json *root = NULL;
    struct json_error wrong = {0};

    if (text.size > PATTERN_SIZE_MAX)
        return api_invalid(reterr,
                           "1 validation error detected: Value at 'eventPattern' failed to "
                           "satisfy constraint: Member must have length less than or equal to %d",
                           PATTERN_SIZE_MAX);
    if (json_parse(arena, text, &root, &wrong) != OK) {
        c.place.at = wrong.offset;
        return refuse(&c, "%s", wrong.message);
    }
    place_value(&c.place);
    if (!json_is(root, JSON_OBJECT))
        return refuse(&c, "Filter is not an object");
    c.branches = ARENA_NEW(arena, struct pattern_branch);
    c.branch_count = 1;
    enum status st = compile_object(&c, (struct bytes){NULL, 0}, root);

    if (st == OK)
        *ret = (struct pattern){c.branches, c.branch_count};
    return st;
}

enum status pattern_check(struct bytes text, struct api_error *reterr)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct pattern pattern = {0};
    enum status st = pattern_compile(arena, text, &pattern, reterr);

    if (st != OK || !complexity_is_too_high(&pattern))
        return st;
    return api_refuse(reterr, API_INVALID_EVENT_PATTERN, /* AWS names no place here */
                      "Event pattern is not valid. Reason: Rule is too complex - try using fewer "
                      "wildcard characters or fewer repeating character sequences after a wildcard "
                      "character");
}
