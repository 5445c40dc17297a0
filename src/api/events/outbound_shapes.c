/* api/events/outbound_shapes.c - the bodies of the operations on connections and API destinations.
 * (AWS: EventBridge API reference.) What may be a secret is told in no message. */
#include "api/shape.h"

#include "base/arn.h"

#define OPTIONAL SHAPE_OPTIONAL
#define REQUIRED SHAPE_REQUIRED

#define ARN_SIZE_MAX 1600

/* ---- names and texts ---- */

static bool is_name(struct bytes text)
{
    return bytes_are_of(text, "._-");
}

static bool is_line(struct bytes text)
{
    return bytes_find_byte(text, '\n', 0) == SIZE_MAX && bytes_find_byte(text, '\r', 0) == SIZE_MAX;
}

/* arn:aws...:events:REGION:ACCOUNT:connection/NAME/ID */
static bool is_connection_arn(struct bytes text)
{
    struct bytes kind = BYTES("connection/");
    struct arn arn;

    if (!arn_parse(text, &arn) || !bytes_start_with(arn.partition, BYTES("aws")) ||
        !bytes_equal_text(arn.service, "events") || !bytes_start_with(arn.resource, kind))
        return false;
    struct bytes rest = bytes_slice(arn.resource, kind.size, arn.resource.size);
    size_t slash = bytes_find_byte(rest, '/', 0);

    return slash != SIZE_MAX && is_name(bytes_slice(rest, 0, slash)) &&
           bytes_are_of(bytes_slice(rest, slash + 1, rest.size), "-");
}

/* A user name, a password: something, and neither controls nor a colon. */
static bool is_auth_parameter(struct bytes text)
{
    bool something = false;

    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.ptr[i];

        if ((c < ' ' && c != '\t') || c == ':' || c == 0x7F)
            return false;
        something |= c != '\t';
    }
    return something;
}

static bool is_hexadecimal(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_https_endpoint(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.ptr[i];

        if (c == '%') {
            if (i + 2 >= text.size || !is_hexadecimal(text.ptr[i + 1]) ||
                !is_hexadecimal(text.ptr[i + 2]))
                return false;
        } else if (!byte_is_letter_or_digit(c) &&
                   (c == '\0' || strchr("-()_.!~*';/?:@&=+$,", c) == NULL)) {
            return false;
        }
    }
    return text.size > 0;
}

static const struct shape_pattern name_pattern = {"[\\.\\-_A-Za-z0-9]+", is_name};
static const struct shape_pattern line_pattern = {".*", is_line};
static const struct shape_pattern arn_pattern = {
    "^arn:aws([a-z]|\\-)*:events:([a-z]|\\d|\\-)*:([0-9]{12})?:connection\\/[\\.\\-_A-Za-z0-9]+\\/"
    "[\\-A-Za-z0-9]+$",
    is_connection_arn};
static const struct shape_pattern auth_pattern = {
    "^[ \\t]*[^\\x00-\\x1F:\\x7F]+([ \\t]+[^\\x00-\\x1F:\\x7F]+)*[ \\t]*$", is_auth_parameter};
static const struct shape_pattern endpoint_pattern = {
    "^((%[0-9A-Fa-f]{2}|[-()_.!~*';/?:@\\x26=+$,A-Za-z0-9])+)([).!';/?:,])?$", is_https_endpoint};

static const struct shape name = {
    .kind = SHAPE_STRING, .pattern = &name_pattern, SHAPE_BETWEEN(1, 64)};
static const struct shape description = {
    .kind = SHAPE_STRING, .pattern = &line_pattern, SHAPE_AT_MOST(512)};
static const struct shape connection_arn = {
    .kind = SHAPE_STRING, .pattern = &arn_pattern, SHAPE_BETWEEN(1, ARN_SIZE_MAX)};
static const struct shape endpoint = {
    .kind = SHAPE_STRING, .pattern = &endpoint_pattern, SHAPE_BETWEEN(1, 2048)};
static const struct shape boolean = {.kind = SHAPE_BOOLEAN};
static const struct shape page_limit = {.kind = SHAPE_INTEGER, SHAPE_BETWEEN(1, 100)};
static const struct shape page_token = {.kind = SHAPE_STRING, SHAPE_BETWEEN(1, 2048)};

/* ---- parameters of a connection ---- */

static const struct shape header_key = {
    .kind = SHAPE_STRING, .pattern = &shape_header_key_pattern, SHAPE_AT_MOST(512)};
static const struct shape header_value = {.kind = SHAPE_STRING,
                                          .pattern = &shape_header_value_pattern,
                                          .sensitive = true,
                                          SHAPE_AT_MOST(512)};
static const struct shape query_key = {
    .kind = SHAPE_STRING, .pattern = &shape_query_key_pattern, SHAPE_AT_MOST(512)};
static const struct shape query_value = {.kind = SHAPE_STRING,
                                         .pattern = &shape_query_value_pattern,
                                         .sensitive = true,
                                         SHAPE_AT_MOST(512)};
static const struct shape body_key = {.kind = SHAPE_STRING};
static const struct shape body_value = {.kind = SHAPE_STRING, .sensitive = true};

static const struct shape_member header_members[] = {
    SHAPE_MEMBER("Key", &header_key, OPTIONAL),
    SHAPE_MEMBER("Value", &header_value, OPTIONAL),
    SHAPE_MEMBER("IsValueSecret", &boolean, OPTIONAL),
};
static const struct shape header = {
    .kind = SHAPE_STRUCTURE, .name = "ConnectionHeaderParameter", SHAPE_MEMBERS(header_members)};
static const struct shape_member query_members[] = {
    SHAPE_MEMBER("Key", &query_key, OPTIONAL),
    SHAPE_MEMBER("Value", &query_value, OPTIONAL),
    SHAPE_MEMBER("IsValueSecret", &boolean, OPTIONAL),
};
static const struct shape query = {.kind = SHAPE_STRUCTURE,
                                   .name = "ConnectionQueryStringParameter",
                                   SHAPE_MEMBERS(query_members)};
static const struct shape_member body_members[] = {
    SHAPE_MEMBER("Key", &body_key, OPTIONAL),
    SHAPE_MEMBER("Value", &body_value, OPTIONAL),
    SHAPE_MEMBER("IsValueSecret", &boolean, OPTIONAL),
};
static const struct shape body = {
    .kind = SHAPE_STRUCTURE, .name = "ConnectionBodyParameter", SHAPE_MEMBERS(body_members)};

static const struct shape headers = {.kind = SHAPE_LIST, .element = &header, SHAPE_BETWEEN(0, 100)};
static const struct shape queries = {.kind = SHAPE_LIST, .element = &query, SHAPE_BETWEEN(0, 100)};
static const struct shape bodies = {.kind = SHAPE_LIST, .element = &body, SHAPE_BETWEEN(0, 100)};

static const struct shape_member http_parameters_members[] = {
    SHAPE_MEMBER("HeaderParameters", &headers, OPTIONAL),
    SHAPE_MEMBER("QueryStringParameters", &queries, OPTIONAL),
    SHAPE_MEMBER("BodyParameters", &bodies, OPTIONAL),
};
static const struct shape http_parameters = {.kind = SHAPE_STRUCTURE,
                                             .name = "ConnectionHttpParameters",
                                             SHAPE_MEMBERS(http_parameters_members)};

/* ---- authorization: all of it when one is made, some of it when it changes ---- */

static const struct shape auth_name = {
    .kind = SHAPE_STRING, .pattern = &auth_pattern, SHAPE_BETWEEN(1, 512)};
static const struct shape auth_secret = {
    .kind = SHAPE_STRING, .pattern = &auth_pattern, .sensitive = true, SHAPE_BETWEEN(1, 512)};
static const struct shape oauth_method = {
    .kind = SHAPE_STRING, .words = (const char *const[]){"GET", "POST", "PUT", NULL}};
static const struct shape type = {
    .kind = SHAPE_STRING,
    .words = (const char *const[]){"BASIC", "OAUTH_CLIENT_CREDENTIALS", "API_KEY", NULL}};

static const struct shape_member create_basic_members[] = {
    SHAPE_MEMBER("Username", &auth_name, REQUIRED),
    SHAPE_MEMBER("Password", &auth_secret, REQUIRED),
};
static const struct shape create_basic = {.kind = SHAPE_STRUCTURE,
                                          .name = "CreateConnectionBasicAuthRequestParameters",
                                          SHAPE_MEMBERS(create_basic_members)};
static const struct shape_member create_api_key_members[] = {
    SHAPE_MEMBER("ApiKeyName", &auth_name, REQUIRED),
    SHAPE_MEMBER("ApiKeyValue", &auth_secret, REQUIRED),
};
static const struct shape create_api_key = {.kind = SHAPE_STRUCTURE,
                                            .name = "CreateConnectionApiKeyAuthRequestParameters",
                                            SHAPE_MEMBERS(create_api_key_members)};
static const struct shape_member create_client_members[] = {
    SHAPE_MEMBER("ClientID", &auth_name, REQUIRED),
    SHAPE_MEMBER("ClientSecret", &auth_secret, REQUIRED),
};
static const struct shape create_client = {.kind = SHAPE_STRUCTURE,
                                           .name = "CreateConnectionOAuthClientRequestParameters",
                                           SHAPE_MEMBERS(create_client_members)};
static const struct shape_member create_oauth_members[] = {
    SHAPE_MEMBER("ClientParameters", &create_client, REQUIRED),
    SHAPE_MEMBER("AuthorizationEndpoint", &endpoint, REQUIRED),
    SHAPE_MEMBER("HttpMethod", &oauth_method, REQUIRED),
    SHAPE_MEMBER("OAuthHttpParameters", &http_parameters, OPTIONAL),
};
static const struct shape create_oauth = {.kind = SHAPE_STRUCTURE,
                                          .name = "CreateConnectionOAuthRequestParameters",
                                          SHAPE_MEMBERS(create_oauth_members)};
static const struct shape_member create_auth_members[] = {
    SHAPE_MEMBER("BasicAuthParameters", &create_basic, OPTIONAL),
    SHAPE_MEMBER("OAuthParameters", &create_oauth, OPTIONAL),
    SHAPE_MEMBER("ApiKeyAuthParameters", &create_api_key, OPTIONAL),
    SHAPE_MEMBER("InvocationHttpParameters", &http_parameters, OPTIONAL),
    SHAPE_REFUSED("ConnectivityParameters"),
};
static const struct shape create_auth = {.kind = SHAPE_STRUCTURE,
                                         .name = "CreateConnectionAuthRequestParameters",
                                         SHAPE_MEMBERS(create_auth_members)};

static const struct shape_member update_basic_members[] = {
    SHAPE_MEMBER("Username", &auth_name, OPTIONAL),
    SHAPE_MEMBER("Password", &auth_secret, OPTIONAL),
};
static const struct shape update_basic = {.kind = SHAPE_STRUCTURE,
                                          .name = "UpdateConnectionBasicAuthRequestParameters",
                                          SHAPE_MEMBERS(update_basic_members)};
static const struct shape_member update_api_key_members[] = {
    SHAPE_MEMBER("ApiKeyName", &auth_name, OPTIONAL),
    SHAPE_MEMBER("ApiKeyValue", &auth_secret, OPTIONAL),
};
static const struct shape update_api_key = {.kind = SHAPE_STRUCTURE,
                                            .name = "UpdateConnectionApiKeyAuthRequestParameters",
                                            SHAPE_MEMBERS(update_api_key_members)};
static const struct shape_member update_client_members[] = {
    SHAPE_MEMBER("ClientID", &auth_name, OPTIONAL),
    SHAPE_MEMBER("ClientSecret", &auth_secret, OPTIONAL),
};
static const struct shape update_client = {.kind = SHAPE_STRUCTURE,
                                           .name = "UpdateConnectionOAuthClientRequestParameters",
                                           SHAPE_MEMBERS(update_client_members)};
static const struct shape_member update_oauth_members[] = {
    SHAPE_MEMBER("ClientParameters", &update_client, OPTIONAL),
    SHAPE_MEMBER("AuthorizationEndpoint", &endpoint, OPTIONAL),
    SHAPE_MEMBER("HttpMethod", &oauth_method, OPTIONAL),
    SHAPE_MEMBER("OAuthHttpParameters", &http_parameters, OPTIONAL),
};
static const struct shape update_oauth = {.kind = SHAPE_STRUCTURE,
                                          .name = "UpdateConnectionOAuthRequestParameters",
                                          SHAPE_MEMBERS(update_oauth_members)};
static const struct shape_member update_auth_members[] = {
    SHAPE_MEMBER("BasicAuthParameters", &update_basic, OPTIONAL),
    SHAPE_MEMBER("OAuthParameters", &update_oauth, OPTIONAL),
    SHAPE_MEMBER("ApiKeyAuthParameters", &update_api_key, OPTIONAL),
    SHAPE_MEMBER("InvocationHttpParameters", &http_parameters, OPTIONAL),
    SHAPE_REFUSED("ConnectivityParameters"),
};
static const struct shape update_auth = {.kind = SHAPE_STRUCTURE,
                                         .name = "UpdateConnectionAuthRequestParameters",
                                         SHAPE_MEMBERS(update_auth_members)};

/* ---- connections ---- */

static const struct shape_member create_connection[] = {
    SHAPE_MEMBER("Name", &name, REQUIRED),
    SHAPE_MEMBER("Description", &description, OPTIONAL),
    SHAPE_MEMBER("AuthorizationType", &type, REQUIRED),
    SHAPE_MEMBER("AuthParameters", &create_auth, REQUIRED),
    SHAPE_REFUSED("InvocationConnectivityParameters"),
    SHAPE_REFUSED("KmsKeyIdentifier"),
};
const struct shape shape_create_connection = {.kind = SHAPE_STRUCTURE,
                                              SHAPE_MEMBERS(create_connection)};

static const struct shape_member update_connection[] = {
    SHAPE_MEMBER("Name", &name, REQUIRED),
    SHAPE_MEMBER("Description", &description, OPTIONAL),
    SHAPE_MEMBER("AuthorizationType", &type, OPTIONAL),
    SHAPE_MEMBER("AuthParameters", &update_auth, OPTIONAL),
    SHAPE_REFUSED("InvocationConnectivityParameters"),
    SHAPE_REFUSED("KmsKeyIdentifier"),
};
const struct shape shape_update_connection = {.kind = SHAPE_STRUCTURE,
                                              SHAPE_MEMBERS(update_connection)};

/* DescribeConnection, DeauthorizeConnection, DeleteConnection */
static const struct shape_member connection[] = {
    SHAPE_MEMBER("Name", &name, REQUIRED),
};
const struct shape shape_connection = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(connection)};

static const struct shape connection_state = {
    .kind = SHAPE_STRING,
    .words = (const char *const[]){"CREATING", "UPDATING", "DELETING", "AUTHORIZED", "DEAUTHORIZED",
                                   "AUTHORIZING", "DEAUTHORIZING", "ACTIVE", "FAILED_CONNECTIVITY",
                                   NULL}};
static const struct shape_member list_connections[] = {
    SHAPE_MEMBER("NamePrefix", &name, OPTIONAL),
    SHAPE_MEMBER("ConnectionState", &connection_state, OPTIONAL),
    SHAPE_MEMBER("NextToken", &page_token, OPTIONAL),
    SHAPE_MEMBER("Limit", &page_limit, OPTIONAL),
};
const struct shape shape_list_connections = {.kind = SHAPE_STRUCTURE,
                                             SHAPE_MEMBERS(list_connections)};

/* ---- API destinations ---- */

static const struct shape method = {
    .kind = SHAPE_STRING,
    .words =
        (const char *const[]){"HEAD", "POST", "PATCH", "DELETE", "PUT", "GET", "OPTIONS", NULL}};
static const struct shape rate = {.kind = SHAPE_INTEGER, SHAPE_AT_LEAST(1)};

static const struct shape_member create_api_destination[] = {
    SHAPE_MEMBER("Name", &name, REQUIRED),
    SHAPE_MEMBER("Description", &description, OPTIONAL),
    SHAPE_MEMBER("ConnectionArn", &connection_arn, REQUIRED),
    SHAPE_MEMBER("InvocationEndpoint", &endpoint, REQUIRED),
    SHAPE_MEMBER("HttpMethod", &method, REQUIRED),
    SHAPE_MEMBER("InvocationRateLimitPerSecond", &rate, OPTIONAL),
};
const struct shape shape_create_api_destination = {.kind = SHAPE_STRUCTURE,
                                                   SHAPE_MEMBERS(create_api_destination)};

static const struct shape_member update_api_destination[] = {
    SHAPE_MEMBER("Name", &name, REQUIRED),
    SHAPE_MEMBER("Description", &description, OPTIONAL),
    SHAPE_MEMBER("ConnectionArn", &connection_arn, OPTIONAL),
    SHAPE_MEMBER("InvocationEndpoint", &endpoint, OPTIONAL),
    SHAPE_MEMBER("HttpMethod", &method, OPTIONAL),
    SHAPE_MEMBER("InvocationRateLimitPerSecond", &rate, OPTIONAL),
};
const struct shape shape_update_api_destination = {.kind = SHAPE_STRUCTURE,
                                                   SHAPE_MEMBERS(update_api_destination)};

/* DescribeApiDestination, DeleteApiDestination */
static const struct shape_member api_destination[] = {
    SHAPE_MEMBER("Name", &name, REQUIRED),
};
const struct shape shape_api_destination = {.kind = SHAPE_STRUCTURE,
                                            SHAPE_MEMBERS(api_destination)};

static const struct shape_member list_api_destinations[] = {
    SHAPE_MEMBER("NamePrefix", &name, OPTIONAL),
    SHAPE_MEMBER("ConnectionArn", &connection_arn, OPTIONAL),
    SHAPE_MEMBER("NextToken", &page_token, OPTIONAL),
    SHAPE_MEMBER("Limit", &page_limit, OPTIONAL),
};
const struct shape shape_list_api_destinations = {.kind = SHAPE_STRUCTURE,
                                                  SHAPE_MEMBERS(list_api_destinations)};
