/* api/shape.c - see shape.h. */
#include "api/shape.h"

#include "value/value.h"

#include <inttypes.h>
#include <stdio.h>

/* Of one text, and of lists and maps before their next element: more is cut and becomes "...", so
 * that the message keeps its end. */
#define VALUE_SHOWN_MAX 512

const struct shape shape_nothing = {.kind = SHAPE_STRUCTURE};

/* Where a value stands, towards the body: "requestItems", "users", "member", 1 ... */
struct path {
    const struct path *up;
    struct bytes name; /* a member's or a key's; empty: an element of a list */
    size_t number;     /* of that element, from 1 */
    bool is_key;       /* printed as it is */
};

struct checker {
    const char *package;
    struct api_error *error;
    struct buffer found; /* constraints that do not hold, joined by "; " */
    size_t found_count;
};

/* ---- types ---- */

static enum status refuse(struct checker *c, const char *message)
{
    return api_refuse(c->error, API_SERIALIZATION, "%s", message);
}

/* "34.56" and "1e3" are decimals to AWS's parser, "23" is a number. */
static const char *token_name(const struct json *json)
{
    struct bytes text = json_number_text(json);

    if (json_is(json, JSON_BOOL))
        return json_bool(json) ? "TRUE_VALUE" : "FALSE_VALUE";
    if (json_is(json, JSON_STRING))
        return "STRING_VALUE";
    for (size_t i = 0; i < text.size; i++)
        if (text.ptr[i] == '.' || text.ptr[i] == 'e' || text.ptr[i] == 'E')
            return "DECIMAL_VALUE";
    return "NUMBER_VALUE";
}

/* Something else where a string, a number or a boolean is expected. */
static enum status refuse_scalar(struct checker *c, const struct json *json, const char *class)
{
    if (json_is(json, JSON_OBJECT))
        return refuse(c, "Start of structure or map found where not expected");
    if (json_is(json, JSON_ARRAY))
        return api_refuse(c->error, API_SERIALIZATION,
                          "Unrecognized collection type class java.lang.%s", class);
    return api_refuse(c->error, API_SERIALIZATION, "%s cannot be converted to %s", token_name(json),
                      class);
}

static bool is_boolean_word(struct bytes text)
{
    static const char *const words[] = {"true", "false", "1", "0", "yes", "no"};

    for (size_t i = 0; i < ARRAY_COUNT(words); i++)
        if (bytes_equal_ignore_case(text, bytes_of_text(words[i])))
            return true;
    return false;
}

static enum status check_boolean_type(struct checker *c, const struct json *json)
{
    if (json_is(json, JSON_BOOL))
        return OK;
    if (!json_is(json, JSON_STRING))
        return refuse_scalar(c, json, "Boolean");
    return is_boolean_word(json_string(json)) ? OK
                                              : refuse(c, "Unexpected token received from parser");
}

static enum status check_number_type(struct checker *c, const struct json *json, const char *class)
{
    double number = 0;
    int64_t whole = 0;

    if (!json_is(json, JSON_NUMBER))
        return refuse_scalar(c, json, class);
    if (!json_int64(json, &whole) &&
        (!json_double(json, &number) || number > 9e15 || number < -9e15))
        return api_refuse(c->error, API_SERIALIZATION, "Unexpected value for an integer: %.*s",
                          BYTES_ARG(json_number_text(json)));
    return OK;
}

static void print_class(struct buffer *out, const struct checker *c, const struct shape *shape)
{
    if (shape->kind == SHAPE_LIST) {
        buffer_append_text(out, "java.util.List<");
        print_class(out, c, shape->element);
        buffer_append_text(out, ">");
    } else if (shape->kind == SHAPE_STRUCTURE || shape->kind == SHAPE_ATTRIBUTE_VALUE) {
        buffer_printf(out, "%s%s", c->package,
                      shape->kind == SHAPE_STRUCTURE ? shape->name : "AttributeValue");
    } else {
        buffer_append_text(out, "java.lang.String");
    }
}

/* A scalar where a list or a map is the element of another: AWS tells how its parser is made. */
static enum status refuse_no_collection(struct checker *c, bool is_element)
{
    return refuse(c, is_element
                         ? "class sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl "
                           "cannot be cast to class java.lang.Class "
                           "(sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl and "
                           "java.lang.Class are in module java.base of loader 'bootstrap')"
                         : "Unexpected field type");
}

static enum status refuse_array(struct checker *c, const char *before, const struct shape *shape,
                                const char *after)
{
    AUTO(buffer_free) struct buffer class = BUFFER_INIT(512);

    print_class(&class, c, shape);
    return api_refuse(c->error, API_SERIALIZATION, "Unrecognized collection type %s%.*s%s", before,
                      BYTES_ARG(buffer_bytes(&class)), after);
}

static enum status check_type(struct checker *c, const struct shape *shape, const struct json *json,
                              bool is_element);

static enum status check_elements(struct checker *c, const struct shape *shape,
                                  const struct json *json)
{
    enum status status = OK;

    for (struct json_iter it = json_iter(json); status == OK && json_next(&it);)
        if (!json_is(it.value, JSON_NULL))
            status = check_type(c, shape->element, it.value, true);
    return status;
}

static const struct shape_member *member_named(const struct shape *shape, struct bytes name)
{
    for (size_t i = 0; i < shape->member_count; i++)
        if (shape->members[i].name_size == name.size &&
            memcmp(shape->members[i].name, name.ptr, name.size) == 0)
            return &shape->members[i];
    return NULL;
}

static enum status check_members(struct checker *c, const struct shape *shape,
                                 const struct json *json)
{
    enum status status = OK;

    for (struct json_iter it = json_iter(json); status == OK && json_next(&it);) {
        const struct shape_member *member = member_named(shape, it.name);

        if (member != NULL && member->shape != NULL && !json_is(it.value, JSON_NULL))
            status = check_type(c, member->shape, it.value, false);
    }
    return status;
}

/* is_element: of a list or a map, which AWS's parser tells from a member. */
static enum status check_type(struct checker *c, const struct shape *shape, const struct json *json,
                              bool is_element)
{
    switch (shape->kind) {
    case SHAPE_STRING:
        return json_is(json, JSON_STRING) ? OK : refuse_scalar(c, json, "String");
    case SHAPE_BOOLEAN:
        return check_boolean_type(c, json);
    case SHAPE_INTEGER:
        return check_number_type(c, json, "Integer");
    case SHAPE_LONG:
        return check_number_type(c, json, "Long");
    case SHAPE_TIMESTAMP: /* a date as text is taken too */
        return json_is(json, JSON_STRING) || json_is(json, JSON_NUMBER)
                   ? OK
                   : refuse_scalar(c, json, "Date");
    case SHAPE_LIST:
        if (json_is(json, JSON_ARRAY))
            return check_elements(c, shape, json);
        if (json_is(json, JSON_OBJECT))
            return refuse(c, "Start of structure or map found where not expected");
        return refuse_no_collection(c, is_element);
    case SHAPE_MAP:
        if (json_is(json, JSON_OBJECT))
            return check_elements(c, shape, json);
        if (json_is(json, JSON_ARRAY))
            return refuse_array(c, "java.util.Map<java.lang.String, ", shape->element, ">");
        return refuse_no_collection(c, is_element);
    case SHAPE_STRUCTURE:
        if (json_is(json, JSON_OBJECT))
            return check_members(c, shape, json);
        if (json_is(json, JSON_ARRAY))
            return refuse_array(c, "class ", shape, "");
        return refuse(c, is_element ? "Unexpected value type in payload" : "Unexpected field type");
    case SHAPE_ATTRIBUTE_VALUE: /* a member's own words; the rest is value_from_json()'s */
        return is_element || json_is(json, JSON_OBJECT) || json_is(json, JSON_ARRAY)
                   ? OK
                   : refuse(c, "Unexpected field type");
    }
    return OK;
}

/* ---- values and paths as AWS's messages show them ---- */

static void print_lower_first(struct buffer *out, struct bytes name)
{
    if (name.size > 0 && name.ptr[0] >= 'A' && name.ptr[0] <= 'Z') {
        buffer_append_byte(out, (uint8_t)(name.ptr[0] + ('a' - 'A')));
        name = bytes_slice(name, 1, name.size);
    }
    buffer_append(out, name);
}

static void print_path(struct buffer *out, const struct path *path, bool as_sent)
{
    if (path->up != NULL && path->up->up != NULL) {
        print_path(out, path->up, as_sent);
        buffer_append_byte(out, '.');
    }
    if (path->number > 0)
        buffer_printf(out, "%zu.member", path->number);
    else if (path->is_key)
        buffer_printf(out, "%.*s.member", BYTES_ARG(path->name));
    else if (as_sent)
        buffer_append(out, path->name);
    else
        print_lower_first(out, path->name);
}

static void print_value(struct buffer *out, const struct shape *shape, const struct json *json);

/* At most VALUE_SHOWN_MAX bytes, cut at a whole character. */
static void print_text(struct buffer *out, struct bytes text)
{
    struct bytes shown = bytes_slice(text, 0, VALUE_SHOWN_MAX);

    while (shown.size > 0 && !bytes_are_utf8(shown))
        shown.size--;
    buffer_append(out, shown);
    if (shown.size < text.size)
        buffer_append_text(out, "...");
}

static void print_as_json(struct buffer *out, const struct json *json)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(SIZE_MAX);

    json_print(&text, json);
    print_text(out, buffer_bytes(&text));
}

/* PutEventsRequestEntry(time=null, source=a, ...) */
static void print_structure(struct buffer *out, const struct shape *shape, const struct json *json)
{
    buffer_printf(out, "%s(", shape->name);
    for (size_t i = 0; i < shape->member_count; i++) {
        const struct shape_member *member = &shape->members[i];

        buffer_append_text(out, i > 0 ? ", " : "");
        print_lower_first(out, bytes_of(member->name, member->name_size));
        buffer_append_byte(out, '=');
        print_value(out, member->shape, json_get(json, member->name));
    }
    buffer_append_byte(out, ')');
}

/* Whoever cuts still closes its bracket: the end of the message can be found behind it. */
static void print_elements(struct buffer *out, const struct shape *shape, const struct json *json)
{
    bool is_map = shape->kind == SHAPE_MAP;
    size_t begin = out->size;

    buffer_append_byte(out, is_map ? '{' : '[');
    for (struct json_iter it = json_iter(json); json_next(&it);) {
        buffer_append_text(out, it.index > 0 ? ", " : "");
        if (out->size - begin > VALUE_SHOWN_MAX) {
            buffer_append_text(out, "...");
            break;
        }
        if (is_map) {
            print_text(out, it.name);
            buffer_append_byte(out, '=');
        }
        print_value(out, shape->element, it.value);
    }
    buffer_append_byte(out, is_map ? '}' : ']');
}

static void print_value(struct buffer *out, const struct shape *shape, const struct json *json)
{
    if (shape != NULL && shape->sensitive)
        buffer_append_text(out, "***");
    else if (json == NULL || json_is(json, JSON_NULL))
        buffer_append_text(out, "null");
    else if (shape != NULL && shape->kind == SHAPE_STRUCTURE)
        print_structure(out, shape, json);
    else if (shape != NULL && (shape->kind == SHAPE_LIST || shape->kind == SHAPE_MAP))
        print_elements(out, shape, json);
    else if (json_is(json, JSON_STRING))
        print_text(out, json_string(json));
    else
        print_as_json(out, json);
}

/* ---- constraints ---- */

static void begin_error(struct checker *c, const struct path *path, const struct shape *shape,
                        const struct json *json)
{
    bool bare = shape != NULL && shape->bare && json != NULL;

    buffer_append_text(&c->found, c->found_count++ > 0 ? "; Value " : "Value ");
    if (json == NULL) {
        buffer_append_text(&c->found, "null ");
    } else if (!bare && !(shape != NULL && shape->sensitive)) {
        buffer_append_byte(&c->found, '\'');
        print_value(&c->found, shape, json);
        buffer_append_text(&c->found, "' ");
    }
    buffer_append_text(&c->found, "at '");
    print_path(&c->found, path, bare);
    buffer_append_text(&c->found, "' failed to satisfy constraint: ");
}

static bool is_full(const struct checker *c)
{
    return c->found_count >= SHAPE_ERRORS_MAX;
}

static void print_limit(struct buffer *out, const struct shape *shape, bool least)
{
    bool is_number = shape->kind == SHAPE_INTEGER || shape->kind == SHAPE_LONG;

    buffer_printf(out, "Member must have %s %s than or equal to %" PRId64,
                  is_number ? "value" : "length", least ? "greater" : "less",
                  least ? shape->min : shape->max);
}

static void print_words(struct buffer *out, const struct shape *shape)
{
    buffer_append_text(out, "Member must satisfy enum value set: [");
    for (size_t i = 0; shape->words[i] != NULL; i++)
        buffer_printf(out, "%s%s", i > 0 ? ", " : "", shape->words[i]);
    buffer_append_byte(out, ']');
}

static bool is_word(const struct shape *shape, struct bytes text)
{
    for (size_t i = 0; shape->words[i] != NULL; i++)
        if (bytes_equal_text(text, shape->words[i]))
            return true;
    return false;
}

/* Characters as Java counts them: UTF-16 units. */
static int64_t text_length(struct bytes text)
{
    int64_t length = 0;

    for (size_t i = 0; i < text.size; i++)
        length += (text.ptr[i] & 0xC0) != 0x80 ? (text.ptr[i] >= 0xF0 ? 2 : 1) : 0;
    return length;
}

/* What min and max limit. */
static int64_t extent(const struct shape *shape, const struct json *json)
{
    int64_t value = 0;
    double number = 0;

    if (shape->kind == SHAPE_STRING)
        return text_length(json_string(json));
    if (shape->kind != SHAPE_INTEGER && shape->kind != SHAPE_LONG)
        return (int64_t)json_count(json);
    if (json_int64(json, &value))
        return value;
    return json_double(json, &number) ? (int64_t)number : 0; /* AWS cuts the fraction off */
}

static bool is_arn(const struct shape *shape, struct bytes text)
{
    return shape->or_arn && bytes_start_with(text, BYTES("arn:")) &&
           text.size <= SHAPE_ARN_SIZE_MAX;
}

/* True when every constraint of a text holds: for the keys of maps. */
static bool text_holds(const struct shape *shape, struct bytes text)
{
    int64_t length = text_length(text);

    return is_arn(shape, text) ||
           ((shape->pattern == NULL || shape->pattern->matches(text)) &&
            (!shape->has_min || length >= shape->min) && (!shape->has_max || length <= shape->max));
}

/* "Map keys must satisfy constraint: [Member must have length less than or equal to 255, ...]" */
static void print_constraints(struct buffer *out, const char *whose, const struct shape *shape)
{
    const char *comma = "";

    buffer_printf(out, "Map %s must satisfy constraint: [", whose);
    if (shape->has_max) {
        print_limit(out, shape, false);
        comma = ", ";
    }
    if (shape->has_min) {
        buffer_append_text(out, comma);
        print_limit(out, shape, true);
        comma = ", ";
    }
    if (shape->pattern != NULL)
        buffer_printf(out, "%sMember must satisfy regular expression pattern: %s", comma,
                      shape->pattern->text);
    buffer_append_byte(out, ']');
}

static void check_own(struct checker *c, const struct shape *shape, const struct json *json,
                      const struct path *path)
{
    struct bytes text = json_string(json);
    int64_t size = shape->has_min || shape->has_max ? extent(shape, json) : 0;
    bool too_small = shape->has_min && size < shape->min;
    bool too_large = shape->has_max && size > shape->max;

    if (is_arn(shape, text))
        return;
    if (shape->pattern != NULL && !is_full(c) && !shape->pattern->matches(text) &&
        !(shape->length_first && (too_small || too_large))) {
        begin_error(c, path, shape, json);
        buffer_printf(&c->found, "Member must satisfy regular expression pattern: %s",
                      shape->pattern->text);
    }
    if (too_small && !is_full(c)) {
        begin_error(c, path, shape, json);
        print_limit(&c->found, shape, true);
    }
    if (too_large && !is_full(c)) {
        begin_error(c, path, shape, json);
        print_limit(&c->found, shape, false);
    }
    if (shape->words != NULL && !is_full(c) && !is_word(shape, text)) {
        begin_error(c, path, shape, json);
        print_words(&c->found, shape);
    }
}

static void check_value(struct checker *c, const struct shape *shape, const struct json *json,
                        const struct path *path);

static bool map_value_holds(const struct shape *shape, const struct json *json)
{
    int64_t count = (int64_t)json_count(json);

    if (json_is(json, JSON_NULL) || shape->kind == SHAPE_STRUCTURE)
        return true;
    if (shape->kind == SHAPE_STRING)
        return text_holds(shape, json_string(json));
    return (!shape->has_min || count >= shape->min) && (!shape->has_max || count <= shape->max);
}

/* A map says of all its keys at once, and of all its values that are lists or texts, when one does
 * not hold. */
static void check_map(struct checker *c, const struct shape *shape, const struct json *json,
                      const struct path *path)
{
    bool keys_hold = true, values_hold = true;

    for (struct json_iter it = json_iter(json); json_next(&it);) {
        keys_hold = keys_hold && (shape->key == NULL || text_holds(shape->key, it.name));
        values_hold = values_hold && map_value_holds(shape->element, it.value);
    }
    if (!keys_hold && !is_full(c)) {
        begin_error(c, path, shape, json);
        print_constraints(&c->found, "keys", shape->key);
    }
    if (!values_hold && !is_full(c)) {
        begin_error(c, path, shape, json);
        print_constraints(&c->found, "value", shape->element);
    }
}

static void check_each(struct checker *c, const struct shape *shape, const struct json *json,
                       const struct path *path)
{
    const struct shape *element = shape->element;

    for (struct json_iter it = json_iter(json); !is_full(c) && json_next(&it);) {
        struct path at = {.up = path};

        if (shape->kind == SHAPE_LIST) {
            at.number = it.index + 1;
        } else {
            at.name = it.name;
            at.is_key = true;
        }
        if (json_is(it.value, JSON_NULL)) {
            begin_error(c, &at, element, NULL);
            buffer_append_text(&c->found, "Member must not be null");
        } else if (shape->kind == SHAPE_LIST || element->kind == SHAPE_STRUCTURE) {
            check_value(c, element, it.value, &at);
        } else if (element->kind == SHAPE_LIST) {
            check_each(c, element, it.value, &at); /* its own length: check_map() */
        }
    }
}

/* json NULL: it is not there. */
static void check_member(struct checker *c, const struct shape_member *member,
                         const struct json *json, const struct path *path)
{
    struct path at = {.up = path, .name = bytes_of(member->name, member->name_size)};

    if (json != NULL && member->shape != NULL) {
        check_value(c, member->shape, json, &at);
    } else if (json == NULL && (member->need == SHAPE_REQUIRED || member->need == SHAPE_ALONE)) {
        begin_error(c, &at, member->shape, NULL);
        buffer_append_text(&c->found, "Member must not be null");
    }
}

static void check_structure(struct checker *c, const struct shape *shape, const struct json *json,
                            const struct path *path)
{
    const struct json *found[SHAPE_MEMBERS_MAX] = {NULL};
    size_t before = c->found_count;

    assert(shape->member_count <= SHAPE_MEMBERS_MAX);
    for (struct json_iter it = json_iter(json); json_next(&it);) {
        const struct shape_member *member = member_named(shape, it.name);

        if (member != NULL && !json_is(it.value, JSON_NULL))
            found[member - shape->members] = it.value;
    }
    for (size_t i = 0; i < shape->member_count; i++)
        if (shape->members[i].need == SHAPE_ALONE)
            check_member(c, &shape->members[i], found[i], path);
    if (c->found_count > before)
        return;
    for (size_t i = 0; i < shape->member_count && !is_full(c); i++)
        if (shape->members[i].need != SHAPE_ALONE)
            check_member(c, &shape->members[i], found[i], path);
}

static void check_value(struct checker *c, const struct shape *shape, const struct json *json,
                        const struct path *path)
{
    check_own(c, shape, json, path);
    if (shape->kind == SHAPE_STRUCTURE)
        check_structure(c, shape, json, path);
    if (shape->kind == SHAPE_MAP)
        check_map(c, shape, json, path);
    if ((shape->kind == SHAPE_LIST || shape->kind == SHAPE_MAP) &&
        shape->element->kind != SHAPE_ATTRIBUTE_VALUE)
        check_each(c, shape, json, path);
}

/* ---- the whole ---- */

static const struct json *member_of(const struct json *body, const struct shape_member *member)
{
    const struct json *value = json_get_bytes(body, bytes_of(member->name, member->name_size));

    return json_is(value, JSON_NULL) ? NULL : value;
}

/* What operations on tables say before anything else. */
static enum status check_parameters(struct checker *c, const struct shape *shape,
                                    const struct json *body)
{
    for (size_t i = 0; i < shape->member_count; i++) {
        const struct shape_member *member = &shape->members[i];

        if (member->need == SHAPE_PARAMETER && member_of(body, member) == NULL)
            return api_invalid(c->error,
                               "The parameter '%s' is required but was not present in the request",
                               member->name);
        if (member->need == SHAPE_CONTAINED && member_of(body, member) == NULL)
            return api_refuse(c->error, API_MISSING_PARAMETER,
                              "The request must contain the parameter %s.", member->name);
    }
    return OK;
}

/* The first member that dynlog does not do yet, however deep it stands; NULL when there is none. */
static const char *find_refused(const struct shape *shape, const struct json *json)
{
    const char *refused = NULL;

    if (shape->kind == SHAPE_STRUCTURE) {
        for (size_t i = 0; i < shape->member_count && refused == NULL; i++) {
            const struct shape_member *member = &shape->members[i];
            const struct json *value = member_of(json, member);

            if (value != NULL)
                refused = member->shape != NULL ? find_refused(member->shape, value) : member->name;
        }
    } else if ((shape->kind == SHAPE_LIST || shape->kind == SHAPE_MAP) &&
               shape->element->kind != SHAPE_ATTRIBUTE_VALUE) {
        for (struct json_iter it = json_iter(json); refused == NULL && json_next(&it);)
            refused = find_refused(shape->element, it.value);
    }
    return refused;
}

enum status shape_check(const struct shape *shape, const struct json *body, const char *package,
                        struct api_error *reterr)
{
    struct checker c = {
        .package = package, .error = reterr, .found = BUFFER_INIT(API_ERROR_MESSAGE_SIZE * 8)};
    const struct path root = {.up = NULL};
    enum status status = check_members(&c, shape, body);

    if (status != OK)
        return status;
    status = check_parameters(&c, shape, body);
    if (status == OK)
        check_structure(&c, shape, body, &root);
    if (c.found_count > 0)
        status = api_invalid(reterr, "%zu validation error%s detected: %.*s", c.found_count,
                             c.found_count > 1 ? "s" : "", BYTES_ARG(buffer_bytes(&c.found)));
    buffer_free(&c.found);

    const char *refused = status == OK ? find_refused(shape, body) : NULL;

    if (refused != NULL)
        status = api_invalid(reterr, "dynlog does not support %s yet", refused);
    return status;
}

enum status shape_check_values(const struct shape *shape, const struct json *json,
                               struct arena *arena, struct api_error *reterr)
{
    enum status status = OK;

    if (shape->kind == SHAPE_ATTRIBUTE_VALUE) {
        struct value value;

        status = value_from_json(arena, json, &value, reterr);
        return status == REFUSED && reterr->kind == API_SERIALIZATION ? REFUSED : OK;
    }
    if (shape->kind == SHAPE_STRUCTURE) {
        for (size_t i = 0; i < shape->member_count && status == OK; i++) {
            const struct shape_member *member = &shape->members[i];
            const struct json *value = member_of(json, member);

            if (value != NULL && member->shape != NULL)
                status = shape_check_values(member->shape, value, arena, reterr);
        }
    } else if (shape->kind == SHAPE_LIST || shape->kind == SHAPE_MAP) {
        for (struct json_iter it = json_iter(json); status == OK && json_next(&it);)
            status = shape_check_values(shape->element, it.value, arena, reterr);
    }
    return status;
}
