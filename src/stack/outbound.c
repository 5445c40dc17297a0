/* stack/outbound.c - AWS::Events::Connection and AWS::Events::ApiDestination. Their properties are
 * the members of CreateConnection and CreateApiDestination; what is there already is updated. */
#include "stack/property_rows.h"

/* ---- connections ---- */

static const struct property parameter[] = {
    TEXT("Key"), TEXT("Value"), {.name = "IsValueSecret", .kind = PROPERTY_BOOLEAN}};
static const struct property http_parameters[] = {LIST("HeaderParameters", parameter),
                                                  LIST("QueryStringParameters", parameter),
                                                  LIST("BodyParameters", parameter)};
static const struct property api_key[] = {NEEDED("ApiKeyName"), NEEDED("ApiKeyValue")};
static const struct property basic[] = {NEEDED("Username"), NEEDED("Password")};
static const struct property client[] = {NEEDED("ClientID"), NEEDED("ClientSecret")};
static const struct property oauth[] = {
    NEEDED("AuthorizationEndpoint"),
    NEEDED("HttpMethod"),
    MAP("ClientParameters", client),
    MAP("OAuthHttpParameters", http_parameters),
};
static const struct property auth[] = {
    MAP("ApiKeyAuthParameters", api_key),
    MAP("BasicAuthParameters", basic),
    MAP("OAuthParameters", oauth),
    MAP("InvocationHttpParameters", http_parameters),
    {.name = "ConnectivityParameters", .note = "endpoints are called without a private network"},
};
static const struct property connection[] = {
    ELSEWHERE("Name"),
    TEXT("Description"),
    NEEDED("AuthorizationType"),
    MAP("AuthParameters", auth),
    {.name = "InvocationConnectivityParameters",
     .note = "endpoints are called without a private network"},
    ELSEWHERE("KmsKeyIdentifier"),
};

/* ---- API destinations ---- */

static const struct property destination[] = {
    ELSEWHERE("Name"),       TEXT("Description"),
    NEEDED("ConnectionArn"), NEEDED("InvocationEndpoint"),
    NEEDED("HttpMethod"),    INTEGER("InvocationRateLimitPerSecond", 1, INT32_MAX),
};

/* ---- both ---- */

struct outbound {
    const struct property *properties;
    size_t count;
    const char *what, *called; /* "a connection", "connection" */
    const char *create, *update, *removal;
    enum stack_late_kind late;
};

static enum status read_outbound(struct loader *loader, const struct outbound *outbound,
                                 struct bytes id, const struct node *resource)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(LOADER_BODY_SIZE_MAX);
    struct json_writer writer = JSON_WRITER(&body);
    const struct node *properties = NULL;
    struct bytes name = {0};
    struct stack *stack = loader->stack;
    enum status status = property_read(loader, id, resource, &properties);

    if (status == OK)
        status = references_name(loader, id, resource, &name);
    if (status != OK)
        return status;
    json_begin_object(&writer);
    json_member_string(&writer, "Name", name);
    status = property_write(loader, &writer, properties, outbound->properties, outbound->count,
                            outbound->what);
    json_end_object(&writer);
    if (status == OK)
        status = loader_add_call(loader, outbound->create, &body, id, resource->where);
    if (status == OK)
        status = loader_add_update(loader, outbound->update, NULL);
    if (status != OK)
        return status;
    stack->calls[stack->call_count - 1].late = late_index(loader, outbound->late, name);
    return loader_add_made_name(loader, outbound->called, name, outbound->removal, resource->where);
}

enum status outbound_read_connection(struct loader *loader, struct bytes id,
                                     const struct node *resource)
{
    static const struct outbound outbound = {
        .properties = connection,
        .count = ARRAY_COUNT(connection),
        .what = "a connection",
        .called = "connection",
        .create = "AWSEvents.CreateConnection",
        .update = "AWSEvents.UpdateConnection",
        .removal = "AWSEvents.DeleteConnection",
        .late = STACK_LATE_CONNECTION,
    };

    return read_outbound(loader, &outbound, id, resource);
}

enum status outbound_read_destination(struct loader *loader, struct bytes id,
                                      const struct node *resource)
{
    static const struct outbound outbound = {
        .properties = destination,
        .count = ARRAY_COUNT(destination),
        .what = "an API destination",
        .called = "API destination",
        .create = "AWSEvents.CreateApiDestination",
        .update = "AWSEvents.UpdateApiDestination",
        .removal = "AWSEvents.DeleteApiDestination",
        .late = STACK_LATE_API_DESTINATION,
    };

    return read_outbound(loader, &outbound, id, resource);
}
