/* api/rest.c - see rest.h. */
#include "api/rest.h"

#include "api/form.h"
#include "api/internal.h"

#define BODY_SIZE_MAX ((size_t)16 * 1024 * 1024) /* a request's body is smaller (net/http.h) */

/* The path keeps %2F, which an ARN has. */
static struct bytes without_escaped_slashes(struct arena *arena, struct bytes text)
{
    uint8_t *out = arena_alloc(arena, text.size + 1);
    size_t size = 0;

    for (size_t i = 0; i < text.size; i++) {
        bool escaped =
            text.size - i >= 3 && bytes_equal_ignore_case(bytes_slice(text, i, 3), BYTES("%2F"));

        out[size++] = escaped ? '/' : text.ptr[i];
        i += escaped ? 2 : 0;
    }
    return bytes_of(out, size);
}

static struct bytes query_of_request(const struct http_request *request)
{
    struct bytes target = http_target(request);
    size_t mark = bytes_find_byte(target, '?', 0);

    return bytes_slice(target, mark == SIZE_MAX ? target.size : mark + 1, target.size);
}

static void write_value(struct json_writer *w, const struct rest_member *member, struct bytes value)
{
    int64_t number = 0;

    if (member->kind == REST_NUMBER && bytes_to_int64(value, &number))
        json_write_int(w, number);
    else
        json_write_string(w, value); /* what is no number is refused as a text */
}

/* A list is a field that comes again and again, so the fields are read one by one. */
static enum status write_query_member(struct api_call *call, struct json_writer *w,
                                      const struct rest_member *member)
{
    struct bytes rest = query_of_request(call->request);
    size_t found = 0;
    enum status status = OK;

    while (rest.size > 0 && status == OK) {
        size_t end = size_min(bytes_find_byte(rest, '&', 0), rest.size);
        struct form *form = NULL;
        struct bytes value = {NULL, 0};

        status = form_parse(call->arena, bytes_slice(rest, 0, end), &form, &call->error);
        rest = bytes_slice(rest, size_min(end + 1, rest.size), rest.size);
        if (status != OK || !form_text(form, member->in_query, &value) ||
            (found > 0 && member->kind != REST_LIST))
            continue;
        if (found++ == 0) {
            json_key(w, member->name);
            if (member->kind == REST_LIST)
                json_begin_array(w);
        }
        write_value(w, member, value);
    }
    if (found > 0 && member->kind == REST_LIST)
        json_end_array(w);
    return status;
}

/* Members of the body, but for those that stand elsewhere. */
static enum status write_body(struct api_call *call, struct json_writer *w, const char *name)
{
    enum status status = OK;

    if (call->body_text.size == 0)
        return OK;
    status = api_parse_body(call);
    if (status == OK && !json_is(call->body, JSON_OBJECT))
        status = api_refuse(&call->error, API_SERIALIZATION,
                            "The request's body is %s where an object was expected",
                            json_type_name(call->body));
    for (struct json_iter it = json_iter(call->body); status == OK && json_next(&it);) {
        if (name != NULL && bytes_equal_text(it.name, name))
            continue;
        json_key_bytes(w, it.name);
        json_write_value(w, it.value);
    }
    return status;
}

enum status rest_make_body(struct api_call *call, const struct rest_member *members,
                           size_t member_count, const char *name, struct bytes value)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(BODY_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);
    enum status status = OK;

    json_begin_object(&w);
    status = write_body(call, &w, name);
    for (size_t i = 0; status == OK && i < member_count; i++)
        status = write_query_member(call, &w, &members[i]);
    if (name != NULL)
        json_member_string(&w, name, without_escaped_slashes(call->arena, value));
    json_end_object(&w);
    if (status == OK && buffer_failed(&out))
        status = api_refuse(&call->error, API_REQUEST_TOO_LARGE, "The request is too large");
    call->body = NULL;
    call->body_text = arena_copy(call->arena, buffer_bytes(&out));
    return status;
}
