/* outbound/authorization.c - AWS's AuthParameters, read and written; see outbound.h. The same form
 * stands in requests, in the store (with its secrets) and in DescribeConnection (without). */
#include "outbound/internal.h"

#include "outbound/endpoint.h"

const char *const outbound_type_words[OUTBOUND_TYPE_COUNT] = {
    [OUTBOUND_BASIC] = "BASIC",
    [OUTBOUND_OAUTH] = "OAUTH_CLIENT_CREDENTIALS",
    [OUTBOUND_API_KEY] = "API_KEY",
};

/* Where each type has its name and its secret. */
static const struct {
    const char *member, *inner, *name, *secret;
} forms[OUTBOUND_TYPE_COUNT] = {
    [OUTBOUND_BASIC] = {"BasicAuthParameters", NULL, "Username", "Password"},
    [OUTBOUND_OAUTH] = {"OAuthParameters", "ClientParameters", "ClientID", "ClientSecret"},
    [OUTBOUND_API_KEY] = {"ApiKeyAuthParameters", NULL, "ApiKeyName", "ApiKeyValue"},
};

/* ---- reading ---- */

/* AWS's parser takes the word too. */
static bool is_secret(const struct json *parameter)
{
    const struct json *secret = json_get(parameter, "IsValueSecret");

    return json_bool(secret) || bytes_equal_ignore_case(json_string(secret), BYTES("true"));
}

static struct outbound_parameter_list read_list(struct arena *arena, const struct json *array)
{
    struct outbound_parameter_list list = {
        .set = json_is(array, JSON_ARRAY),
        .items = ARENA_NEW_ARRAY(arena, json_count(array), struct outbound_parameter),
        .count = json_count(array),
    };

    for (struct json_iter it = json_iter(array); json_next(&it);)
        list.items[it.index] =
            (struct outbound_parameter){json_get_string(it.value, "Key"),
                                        json_get_string(it.value, "Value"), is_secret(it.value)};
    return list;
}

static struct outbound_parameters read_parameters(struct arena *arena, const struct json *object)
{
    return (struct outbound_parameters){
        .set = json_is(object, JSON_OBJECT),
        .headers = read_list(arena, json_get(object, "HeaderParameters")),
        .query = read_list(arena, json_get(object, "QueryStringParameters")),
        .body = read_list(arena, json_get(object, "BodyParameters")),
    };
}

void outbound_authorization_read(struct arena *arena, const struct json *parameters,
                                 enum outbound_type type, struct outbound_authorization *ret)
{
    const struct json *own = json_get(parameters, forms[type].member), *inner = own;

    if (forms[type].inner != NULL)
        inner = json_get(own, forms[type].inner);
    *ret = (struct outbound_authorization){
        .name = json_get_string(inner, forms[type].name),
        .secret = json_get_string(inner, forms[type].secret),
        .invocation_parameters =
            read_parameters(arena, json_get(parameters, "InvocationHttpParameters")),
    };
    if (type != OUTBOUND_OAUTH)
        return;
    ret->endpoint = json_get_string(own, "AuthorizationEndpoint");
    ret->method = json_get_string(own, "HttpMethod");
    ret->token_parameters = read_parameters(arena, json_get(own, "OAuthHttpParameters"));
}

/* ---- writing ---- */

static void write_list(struct json_writer *w, const char *name,
                       const struct outbound_parameter_list *list, bool with_secrets)
{
    if (list->count == 0)
        return;
    json_key(w, name);
    json_begin_array(w);
    for (size_t i = 0; i < list->count; i++) {
        const struct outbound_parameter *parameter = &list->items[i];

        json_begin_object(w);
        json_member_string(w, "Key", parameter->key);
        if (with_secrets || !parameter->secret)
            json_member_string(w, "Value", parameter->value);
        json_member_bool(w, "IsValueSecret", parameter->secret);
        json_end_object(w);
    }
    json_end_array(w);
}

static void write_parameters(struct json_writer *w, const char *name,
                             const struct outbound_parameters *parameters, bool with_secrets)
{
    if (!parameters->set)
        return;
    json_key(w, name);
    json_begin_object(w);
    write_list(w, "HeaderParameters", &parameters->headers, with_secrets);
    write_list(w, "QueryStringParameters", &parameters->query, with_secrets);
    write_list(w, "BodyParameters", &parameters->body, with_secrets);
    json_end_object(w);
}

void outbound_authorization_write(struct json_writer *w, enum outbound_type type,
                                  const struct outbound_authorization *authorization,
                                  bool with_secrets)
{
    json_key(w, forms[type].member);
    json_begin_object(w);
    if (forms[type].inner != NULL) {
        json_key(w, forms[type].inner);
        json_begin_object(w);
    }
    json_member_string(w, forms[type].name, authorization->name);
    if (with_secrets)
        json_member_string(w, forms[type].secret, authorization->secret);
    if (forms[type].inner != NULL)
        json_end_object(w);
    if (type == OUTBOUND_OAUTH) {
        json_member_string(w, "AuthorizationEndpoint", authorization->endpoint);
        json_member_string(w, "HttpMethod", authorization->method);
        write_parameters(w, "OAuthHttpParameters", &authorization->token_parameters, with_secrets);
    }
    json_end_object(w);
    write_parameters(w, "InvocationHttpParameters", &authorization->invocation_parameters,
                     with_secrets);
}

/* ---- changing ---- */

static void text_over(struct bytes *text, struct bytes old)
{
    if (text->size == 0)
        *text = old;
}

/* A list that is said replaces its old one; one that is not stays. */
static void parameters_over(struct outbound_parameters *parameters,
                            const struct outbound_parameters *old)
{
    if (!parameters->headers.set)
        parameters->headers = old->headers;
    if (!parameters->query.set)
        parameters->query = old->query;
    if (!parameters->body.set)
        parameters->body = old->body;
    parameters->set |= old->set;
}

void authorization_over(struct outbound_authorization *authorization,
                        const struct outbound_authorization *old)
{
    text_over(&authorization->name, old->name);
    text_over(&authorization->secret, old->secret);
    text_over(&authorization->endpoint, old->endpoint);
    text_over(&authorization->method, old->method);
    parameters_over(&authorization->token_parameters, &old->token_parameters);
    parameters_over(&authorization->invocation_parameters, &old->invocation_parameters);
}

static size_t list_size(const struct outbound_parameter_list *list)
{
    size_t size = 0;

    for (size_t i = 0; i < list->count; i++)
        size += list->items[i].key.size + list->items[i].value.size;
    return size;
}

static size_t parameters_size(const struct outbound_parameters *parameters)
{
    return list_size(&parameters->headers) + list_size(&parameters->query) +
           list_size(&parameters->body);
}

/* AWS says of each parameter that all together count for an event's 64 KB. */
static enum status check_parameters(const struct outbound_authorization *authorization,
                                    const char *verb, struct api_error *reterr)
{
    if (parameters_size(&authorization->token_parameters) <= OUTBOUND_PARAMETERS_SIZE_MAX &&
        parameters_size(&authorization->invocation_parameters) <= OUTBOUND_PARAMETERS_SIZE_MAX)
        return OK;
    return api_invalid(reterr,
                       "Failed to %s the connection(s). The HTTP parameters must not be larger "
                       "than %zu KB.",
                       verb, OUTBOUND_PARAMETERS_SIZE_MAX / 1024);
}

enum status authorization_check(enum outbound_type type,
                                const struct outbound_authorization *authorization,
                                const char *verb, struct api_error *reterr)
{
    struct endpoint endpoint;

    if (authorization->name.size == 0 || authorization->secret.size == 0)
        return api_invalid(reterr,
                           "Failed to %s the connection(s). Parameter %s must be specified for "
                           "the authorization type %s.",
                           verb, forms[type].member, outbound_type_words[type]);
    if (type != OUTBOUND_OAUTH)
        return check_parameters(authorization, verb, reterr);
    if (authorization->endpoint.size == 0 || authorization->method.size == 0)
        return api_invalid(reterr,
                           "Failed to %s the connection(s). Parameters AuthorizationEndpoint and "
                           "HttpMethod must be specified for the authorization type %s.",
                           verb, outbound_type_words[type]);
    if (!endpoint_parse(authorization->endpoint, &endpoint))
        return api_invalid(
            reterr,
            "Failed to %s the connection(s). Parameter AuthorizationEndpoint is not "
            "valid. Reason: Endpoint '%.*s' is invalid, please provide a valid HTTPS "
            "endpoint URL.",
            verb, BYTES_ARG(authorization->endpoint));
    return check_parameters(authorization, verb, reterr);
}
