/* api/rest.c - see rest.h. */
#include "api/rest.h"

#include "api/form.h"
#include "api/internal.h"

/* A request's body is smaller (net/http.h), and a zip is not copied. */
#define BODY_SIZE_MAX ((size_t)16 * 1024 * 1024)

/* ---- finding ---- */

/* "{Name}..." or "{Arn+}": takes the piece of the path and moves both on. False: it is empty. */
static bool take_member(struct bytes *pattern, struct bytes *path, struct rest_found *found)
{
    size_t end = bytes_find_byte(*pattern, '}', 0);
    bool rest = end != SIZE_MAX && pattern->ptr[end - 1] == '+';
    size_t size = rest ? path->size : size_min(bytes_find_byte(*path, '/', 0), path->size);

    assert(end != SIZE_MAX && found->count < REST_PATH_MEMBERS_MAX);
    if (size == 0)
        return false;
    found->names[found->count] = bytes_slice(*pattern, 1, end - 1 - (rest ? 1 : 0));
    found->values[found->count++] = bytes_slice(*path, 0, size);
    *pattern = bytes_slice(*pattern, end + 1, pattern->size);
    *path = bytes_slice(*path, size, path->size);
    return true;
}

static bool matches(const struct rest_route *route, struct bytes path, struct rest_found *found)
{
    struct bytes pattern = bytes_of_text(route->path);

    *found = (struct rest_found){.route = route};
    while (pattern.size > 0) {
        if (pattern.ptr[0] == '{') {
            if (!take_member(&pattern, &path, found))
                return false;
            continue;
        }
        if (bytes_equal_text(pattern, "/?"))
            return path.size == 0 || bytes_equal_text(path, "/");
        if (path.size == 0 || path.ptr[0] != pattern.ptr[0])
            return false;
        pattern = bytes_slice(pattern, 1, pattern.size);
        path = bytes_slice(path, 1, path.size);
    }
    return path.size == 0;
}

bool rest_find(const struct rest_route *routes, size_t count, struct bytes method,
               struct bytes path, struct rest_found *ret)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_equal_text(method, routes[i].method) && matches(&routes[i], path, ret))
            return true;
    return false;
}

/* ---- the request as one object ---- */

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

/* What is no number or no boolean is written as a text, and the shape refuses it. */
static void write_value(struct json_writer *w, const struct rest_member *member, struct bytes value)
{
    int64_t number = 0;

    if (member->kind == REST_NUMBER && bytes_to_int64(value, &number))
        json_write_int(w, number);
    else if (member->kind == REST_BOOLEAN && (bytes_equal_ignore_case(value, BYTES("true")) ||
                                              bytes_equal_ignore_case(value, BYTES("false"))))
        json_write_bool(w, bytes_equal_ignore_case(value, BYTES("true")));
    else
        json_write_string(w, value);
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

static bool is_in_path(const struct rest_found *found, struct bytes name)
{
    for (size_t i = 0; i < found->count; i++)
        if (bytes_equal(found->names[i], name))
            return true;
    return false;
}

/* Seventy megabytes of a zip are not printed and read a second time: an empty text stands for
 * them, and call->zip_text has them. */
static bool is_zip(struct bytes name, const struct json *value)
{
    return bytes_equal_text(name, "ZipFile") && json_is(value, JSON_STRING);
}

static void write_members(struct api_call *call, struct json_writer *w, const struct json *object,
                          const struct rest_found *found)
{
    for (struct json_iter it = json_iter(object); json_next(&it);) {
        if (found != NULL && is_in_path(found, it.name))
            continue;
        json_key_bytes(w, it.name);
        if (is_zip(it.name, it.value)) {
            call->zip_text = json_string(it.value);
            json_write_text(w, "");
        } else if (json_get(it.value, "ZipFile") != NULL && found != NULL) {
            json_begin_object(w);
            write_members(call, w, it.value, NULL);
            json_end_object(w);
        } else {
            json_write_value(w, it.value);
        }
    }
}

/* Members of the body, but for those that stand elsewhere. */
static enum status write_body(struct api_call *call, struct json_writer *w,
                              const struct rest_found *found)
{
    enum status status = OK;

    if (call->body_text.size == 0)
        return OK;
    status = api_parse_body(call);
    if (status == OK && !json_is(call->body, JSON_OBJECT))
        status = api_refuse(&call->error, API_SERIALIZATION,
                            "The request's body is %s where an object was expected",
                            json_type_name(call->body));
    if (status == OK)
        write_members(call, w, call->body, found);
    return status;
}

static enum status make_body(struct api_call *call, const struct rest_found *found)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(BODY_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);
    const struct rest_route *route = found->route;
    enum status status = OK;

    json_begin_object(&w);
    status = write_body(call, &w, found);
    for (size_t i = 0; status == OK && i < route->member_count; i++)
        status = write_query_member(call, &w, &route->members[i]);
    for (size_t i = 0; i < found->count; i++) {
        json_key_bytes(&w, found->names[i]);
        json_write_string(&w, without_escaped_slashes(call->arena, found->values[i]));
    }
    json_end_object(&w);
    if (status == OK && buffer_failed(&out))
        status = api_refuse(&call->error, API_REQUEST_TOO_LARGE, "The request is too large");
    call->body = NULL;
    call->body_text = arena_copy(call->arena, buffer_bytes(&out));
    return status;
}

enum status rest_prepare(struct api_call *call, const struct api_service *service,
                         const struct rest_route *routes, size_t count)
{
    struct rest_found found;
    enum status status = OK;

    call->service = service;
    if (!rest_find(routes, count, http_method(call->request), http_path(call->request), &found))
        return NOT_FOUND;
    status = api_find_operation(
        call, arena_printf(call->arena, "%s.%s", service->target, found.route->operation));
    if (status != OK)
        return status;
    call->path_name = found.values[0];
    return found.route->raw ? OK : make_body(call, &found);
}
