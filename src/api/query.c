/* api/query.c - see query.h. */
#include "api/query.h"

#include "api/form.h"
#include "api/internal.h"
#include "api/xml.h"

#include <string.h>

#define CONTENT_TYPE "application/x-www-form-urlencoded"
#define BODY_SIZE_MAX ((size_t)64 * 1024 * 1024) /* of the JSON: a body, escaped at worst */

static const struct query_service *const services[] = {&query_sqs};

bool query_is_spoken(const struct http_request *request)
{
    struct bytes type = http_header(request, "content-type");

    return bytes_equal_ignore_case(bytes_slice(type, 0, sizeof CONTENT_TYPE - 1),
                                   BYTES(CONTENT_TYPE));
}

const struct query_service *query_of(const struct api_service *service)
{
    for (size_t i = 0; i < ARRAY_COUNT(services); i++)
        if (services[i]->service == service)
            return services[i];
    return NULL;
}

/* ---- requests ---- */

static const struct api_operation *operation_named(const struct api_service *service,
                                                   struct bytes name)
{
    size_t count = 0;
    const struct api_operation *operations = api_operations(&count);

    for (size_t i = 0; i < count; i++)
        if (operations[i].service == service && bytes_equal_text(name, operations[i].name))
            return &operations[i];
    return NULL;
}

/* By its version, which names the service, and without one by whoever has such an operation. */
static enum status find_operation(struct api_call *call, struct bytes action, struct bytes version)
{
    for (size_t i = 0; i < ARRAY_COUNT(services) && call->operation == NULL; i++) {
        const struct query_service *query = services[i];

        if (version.size > 0 && !bytes_equal_text(version, query->version))
            continue;
        call->query = query;
        call->service = query->service;
        call->operation = operation_named(query->service, action);
    }
    if (call->operation != NULL)
        return OK;
    return api_refuse(&call->error, API_UNKNOWN_OPERATION,
                      "The action %.*s is not valid for this endpoint.", BYTES_ARG(action));
}

static void add_path(struct api_call *call, struct form *form, struct bytes path)
{
    const char *member = call->query->path_member;
    struct bytes given;

    if (member != NULL && path.size > 1 && !form_text(form, member, &given))
        form_add(form, member, path);
}

/* The body is JSON then, as if it had been sent so. */
static enum status make_body(struct api_call *call, const struct form *form)
{
    AUTO(buffer_free) struct buffer json = BUFFER_INIT(BODY_SIZE_MAX);

    form_write(form, call->operation->input, &json);
    if (buffer_failed(&json))
        return api_refuse(&call->error, API_SERIALIZATION, "The request's body is too large");
    call->body_text = arena_copy(call->arena, buffer_bytes(&json));
    return api_parse_body(call);
}

enum status query_prepare(struct api_call *call, struct bytes path)
{
    struct form *form = NULL;
    struct bytes action = {NULL, 0}, version = {NULL, 0};
    enum status status = OK;

    call->query = services[0]; /* whose words an error has until the service is known */
    call->content_type = "text/xml";
    status = form_parse(call->arena, call->body_text, &form, &call->error);
    if (status != OK)
        return status;
    if (!form_text(form, "Action", &action))
        return NOT_FOUND;
    form_text(form, "Version", &version);
    status = find_operation(call, action, version);
    if (status != OK)
        return status;
    add_path(call, form, path);
    return make_body(call, form);
}

/* ---- answers ---- */

static const struct shape *result_of(const struct query_service *query, const char *operation)
{
    for (size_t i = 0; i < query->result_count; i++)
        if (strcmp(query->results[i].operation, operation) == 0)
            return query->results[i].shape;
    return NULL;
}

static struct bytes request_id(struct api_call *call)
{
    char id[ID_UUID_SIZE];

    id_uuid(id);
    return arena_copy(call->arena, bytes_of_text(id));
}

static struct bytes take(struct api_call *call, struct buffer *out)
{
    return buffer_failed(out) ? (struct bytes){NULL, 0}
                              : arena_copy(call->arena, buffer_bytes(out));
}

struct bytes query_answer(struct api_call *call, struct bytes text)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(API_ANSWER_SIZE_MAX);
    const char *name = call->operation->name;
    const struct shape *shape = result_of(call->query, name);
    const struct json *json = NULL;

    buffer_printf(&out, "<?xml version=\"1.0\"?><%sResponse xmlns=\"%s\">", name,
                  call->query->xmlns);
    if (shape != NULL && json_parse(call->arena, text, &json, NULL) == OK) {
        buffer_printf(&out, "<%sResult>", name);
        xml_write_members(&out, shape, json);
        buffer_printf(&out, "</%sResult>", name);
    }
    buffer_append_text(&out, "<ResponseMetadata>");
    xml_write_element(&out, "RequestId", request_id(call));
    buffer_printf(&out, "</ResponseMetadata></%sResponse>", name);
    return take(call, &out);
}

/* What every service has. */
static const char *common_code(enum api_error_kind kind)
{
    static const struct {
        enum api_error_kind kind;
        const char *code;
    } codes[] = {
        {API_SERIALIZATION, "MalformedInput"},
        {API_UNKNOWN_OPERATION, "InvalidAction"},
        {API_VALIDATION, "ValidationError"},
        {API_MISSING_AUTHENTICATION_TOKEN, "MissingAuthenticationToken"},
        {API_INCOMPLETE_SIGNATURE, "IncompleteSignature"},
        {API_INVALID_SIGNATURE, "SignatureDoesNotMatch"},
        {API_UNRECOGNIZED_CLIENT, "InvalidClientTokenId"},
        {API_ACCESS_DENIED, "AccessDenied"},
        {API_INTERNAL, "InternalError"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(codes); i++)
        if (codes[i].kind == kind)
            return codes[i].code;
    return NULL;
}

const char *query_code(const struct query_service *query, enum api_error_kind kind)
{
    const char *code = query->code != NULL ? query->code(kind) : NULL;

    if (code == NULL)
        code = common_code(kind);
    return code != NULL ? code : api_error_name(kind);
}

struct bytes query_error(struct api_call *call, enum api_error_kind kind, struct bytes message)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(API_ANSWER_SIZE_MAX);
    const struct query_service *query = call->query;
    const char *other = query->message != NULL ? query->message(kind) : NULL;
    bool ours = api_error_http_status(kind) >= 500;

    buffer_printf(&out, "<?xml version=\"1.0\"?><ErrorResponse xmlns=\"%s\"><Error>", query->xmlns);
    xml_write_element(&out, "Type", ours ? BYTES("Receiver") : BYTES("Sender"));
    xml_write_element(&out, "Code", bytes_of_text(query_code(query, kind)));
    xml_write_element(&out, "Message", other != NULL ? bytes_of_text(other) : message);
    buffer_append_text(&out, "<Detail/></Error>");
    xml_write_element(&out, "RequestId", request_id(call));
    buffer_append_text(&out, "</ErrorResponse>");
    return take(call, &out);
}
