/* Fuzz target: bodies of AWS's Query protocol. The input's first byte chooses the shape.
 *
 * What reads must be JSON, must be checked by its shape without harm, and printed as a form must
 * read as the same JSON again. Build with -fsanitize=fuzzer,address,undefined. */
#include "api/form.h"

#define TEXT_SIZE_MAX ((size_t)64 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct shape *const shapes[] = {
    &shape_send_message_batch, &shape_create_queue,    &shape_send_message,
    &shape_tag_queue,          &shape_receive_message, &shape_change_message_visibility_batch,
    &shape_add_permission,     &shape_list_queues,
};

/* ---- JSON as a form ---- */

struct printer {
    struct arena *arena;
    struct buffer *out;
};

static void print_escaped(struct buffer *out, struct bytes text)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.ptr[i];

        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.') {
            buffer_append_byte(out, c);
            continue;
        }
        buffer_append_byte(out, '%');
        buffer_append_byte(out, (uint8_t)digits[c >> 4]);
        buffer_append_byte(out, (uint8_t)digits[c & 15]);
    }
}

static void print_field(struct printer *p, struct bytes name, struct bytes value)
{
    print_escaped(p->out, name);
    buffer_append_byte(p->out, '=');
    print_escaped(p->out, value);
    buffer_append_byte(p->out, '&');
}

static struct bytes below(struct printer *p, struct bytes name, const char *part)
{
    if (name.size == 0)
        return bytes_of_text(part);
    return arena_printf(p->arena, "%.*s.%s", BYTES_ARG(name), part);
}

static void print_value(struct printer *p, const struct shape *shape, struct bytes name,
                        const struct json *json);

/* A field of the bare name tells of a structure that is empty. */
static void print_structure(struct printer *p, const struct shape *shape, struct bytes name,
                            const struct json *json)
{
    if (name.size > 0)
        print_field(p, name, BYTES(""));
    for (size_t i = 0; i < shape->member_count; i++) {
        const struct shape_member *member = &shape->members[i];
        const struct json *value = json_get(json, member->name);

        if (value != NULL)
            print_value(p, member->shape,
                        below(p, name, member->query != NULL ? member->query : member->name),
                        value);
    }
}

static void print_list(struct printer *p, const struct shape *shape, struct bytes name,
                       const struct json *json)
{
    struct bytes list = shape->flat ? name : below(p, name, "member");

    print_field(p, below(p, list, "none"), BYTES("")); /* there, if empty */
    for (size_t i = 0; i < json_count(json); i++)
        print_value(p, shape->element, arena_printf(p->arena, "%.*s.%zu", BYTES_ARG(list), i + 1),
                    json_at(json, i));
}

static void print_map(struct printer *p, const struct shape *shape, struct bytes name,
                      const struct json *json)
{
    struct bytes map = shape->flat ? name : below(p, name, "entry");
    size_t number = 0;

    print_field(p, below(p, map, "none"), BYTES(""));
    for (struct json_iter it = json_iter(json); json_next(&it);) {
        struct bytes entry = arena_printf(p->arena, "%.*s.%zu", BYTES_ARG(map), ++number);

        print_field(p, below(p, entry, shape->query_key != NULL ? shape->query_key : "key"),
                    it.name);
        if (!json_is(it.value, JSON_NULL))
            print_value(p, shape->element,
                        below(p, entry, shape->query_value != NULL ? shape->query_value : "value"),
                        it.value);
    }
}

static struct bytes scalar_text(struct printer *p, const struct json *json)
{
    int64_t number = 0;

    if (json_int64(json, &number))
        return arena_printf(p->arena, "%lld", (long long)number);
    if (json_is(json, JSON_BOOL))
        return bytes_of_text(json_bool(json) ? "true" : "false");
    return json_string(json);
}

static void print_value(struct printer *p, const struct shape *shape, struct bytes name,
                        const struct json *json)
{
    if (shape != NULL && shape->kind == SHAPE_STRUCTURE)
        print_structure(p, shape, name, json);
    else if (shape != NULL && shape->kind == SHAPE_LIST)
        print_list(p, shape, name, json);
    else if (shape != NULL && shape->kind == SHAPE_MAP)
        print_map(p, shape, name, json);
    else
        print_field(p, name, scalar_text(p, json));
}

/* ---- the target ---- */

static const struct json *read_form(struct arena *arena, const struct shape *shape,
                                    struct bytes body, struct buffer *out)
{
    struct form *form = NULL;
    struct api_error error;
    const struct json *json = NULL;

    if (form_parse(arena, body, &form, &error) != OK)
        return NULL;
    form_write(form, shape, out);
    assert(!buffer_failed(out));
    if (json_parse(arena, buffer_bytes(out), &json, NULL) != OK)
        assert(false && "what a form becomes is JSON");
    return json;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer first = BUFFER_INIT(TEXT_SIZE_MAX);
    AUTO(buffer_free) struct buffer second = BUFFER_INIT(TEXT_SIZE_MAX);
    AUTO(buffer_free) struct buffer printed = BUFFER_INIT(TEXT_SIZE_MAX);
    struct printer printer = {arena, &printed};
    struct api_error error;

    if (size == 0)
        return 0;

    const struct shape *shape = shapes[data[0] % ARRAY_COUNT(shapes)];
    const struct json *json =
        read_form(arena, shape, bytes_slice(bytes_of(data, size), 1, size), &first);

    if (json == NULL)
        return 0;
    (void)!shape_check(shape, json, "", &error);
    print_structure(&printer, shape, bytes_of(NULL, 0), json);
    if (read_form(arena, shape, buffer_bytes(&printed), &second) != NULL)
        assert(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
    return 0;
}
