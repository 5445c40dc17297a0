/* api/lambda/function_shapes.c - the requests of the operations on functions, each as one object
 * (api/rest.h). (AWS: Lambda's service model.) */
#include "api/shape.h"

#include "functions/change.h"

#define OPTIONAL SHAPE_OPTIONAL
#define REQUIRED SHAPE_REQUIRED

/* ---- texts ---- */

/* The last part of an ARN, or the whole: NAME or NAME:QUALIFIER. */
static bool is_function(struct bytes text)
{
    size_t at = bytes_find(text, BYTES("function:"));
    struct bytes rest = at == SIZE_MAX ? text : bytes_slice(text, at + 9, text.size);
    size_t colon = bytes_find_byte(rest, ':', 0);
    struct bytes qualifier =
        colon == SIZE_MAX ? BYTES("1") : bytes_slice(rest, colon + 1, rest.size);

    return (at == 0 || at == SIZE_MAX || text.ptr[at - 1] == ':') &&
           bytes_are_of(bytes_slice(rest, 0, colon), "-_") &&
           (bytes_equal_text(qualifier, "$LATEST") || bytes_are_of(qualifier, "-_"));
}

static bool is_taggable(struct bytes text)
{
    struct bytes mapping = BYTES("event-source-mapping:");
    struct arn arn;

    if (!arn_parse(text, &arn) || !bytes_equal_text(arn.service, "lambda"))
        return false;
    if (bytes_start_with(arn.resource, mapping))
        return bytes_are_of(bytes_slice(arn.resource, mapping.size, arn.resource.size), "-");
    return bytes_start_with(arn.resource, BYTES("function:")) && is_function(text);
}

static bool is_qualifier(struct bytes text)
{
    return bytes_are_of(text, "$_-");
}

static bool is_alias(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return bytes_are_of(text, "-_");
    return false;
}

static bool is_version(struct bytes text)
{
    uint64_t ignored = 0;

    return function_version_of(text, &ignored) || bytes_equal_text(text, "0");
}

static bool has_no_blank(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.ptr[i] <= ' ')
            return false;
    return text.size > 0;
}

static bool is_role(struct bytes text)
{
    struct arn arn;

    return arn_parse(text, &arn) && bytes_equal_text(arn.service, "iam") &&
           arn.account.size == 12 && bytes_start_with(arn.resource, BYTES("role")) &&
           bytes_are_of(bytes_slice(arn.resource, 4, arn.resource.size), "_+=,.@-/");
}

static bool is_arn_or_nothing(struct bytes text)
{
    struct arn arn;

    return text.size == 0 || arn_parse(text, &arn);
}

static bool is_variable(struct bytes text)
{
    return text.size >= 2 && bytes_are_of(text, "_") && text.ptr[0] != '_' &&
           !(text.ptr[0] >= '0' && text.ptr[0] <= '9');
}

static bool is_statement_id(struct bytes text)
{
    return bytes_are_of(text, "-_");
}

static bool is_action(struct bytes text)
{
    struct bytes action = bytes_slice(text, 7, text.size);

    return bytes_equal_text(text, "*") ||
           (bytes_start_with(text, BYTES("lambda:")) &&
            (bytes_equal_text(action, "*") || bytes_are_of(action, "")));
}

static bool is_account(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
    return text.size == 12;
}

#define FUNCTION_PATTERN                                                                           \
    "(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?"      \
    "([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?"
#define ARN_PATTERN                                                                                \
    "arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\\-])+:([a-z]{2}(-gov)?-[a-z]+-\\d{1})?:(\\d{12})?:(.*)"

static const struct shape_pattern function_pattern = {FUNCTION_PATTERN, is_function};
static const struct shape_pattern taggable_pattern = {
    "arn:(aws[a-zA-Z-]*):lambda:[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:"
    "(function:[a-zA-Z0-9-_]+(:(\\$LATEST|[a-zA-Z0-9-_]+))?|"
    "event-source-mapping:[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12})",
    is_taggable};
static const struct shape_pattern qualifier_pattern = {"(|[a-zA-Z0-9$_-]+)", is_qualifier};
static const struct shape_pattern alias_pattern = {"(?!^[0-9]+$)([a-zA-Z0-9-_]+)", is_alias};
static const struct shape_pattern version_pattern = {"(\\$LATEST|[0-9]+)", is_version};
static const struct shape_pattern no_blank_pattern = {"[^\\s]+", has_no_blank};
static const struct shape_pattern role_pattern = {
    "arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+", is_role};
static const struct shape_pattern target_pattern = {"(arn:(aws[a-zA-Z-]*)?:[a-z0-9-.]+:.*)|()",
                                                    is_arn_or_nothing};
static const struct shape_pattern destination_pattern = {"^$|" ARN_PATTERN, is_arn_or_nothing};
static const struct shape_pattern source_pattern = {ARN_PATTERN, is_arn_or_nothing};
static const struct shape_pattern variable_pattern = {"[a-zA-Z]([a-zA-Z0-9_])+", is_variable};
static const struct shape_pattern statement_pattern = {"([a-zA-Z0-9-_]+)", is_statement_id};
static const struct shape_pattern action_pattern = {"(lambda:[*]|lambda:[a-zA-Z]+|[*])", is_action};
static const struct shape_pattern account_pattern = {"\\d{12}", is_account};

static const struct shape function = {
    .kind = SHAPE_STRING, .pattern = &function_pattern, SHAPE_BETWEEN(1, 140)};
static const struct shape taggable = {.kind = SHAPE_STRING, .pattern = &taggable_pattern};
static const struct shape qualifier = {
    .kind = SHAPE_STRING, .pattern = &qualifier_pattern, SHAPE_BETWEEN(1, 128)};
static const struct shape alias_name = {
    .kind = SHAPE_STRING, .pattern = &alias_pattern, SHAPE_BETWEEN(1, 128)};
static const struct shape version = {
    .kind = SHAPE_STRING, .pattern = &version_pattern, SHAPE_BETWEEN(1, 1024)};
static const struct shape text = {.kind = SHAPE_STRING};
static const struct shape boolean = {.kind = SHAPE_BOOLEAN};
static const struct shape description = {.kind = SHAPE_STRING, SHAPE_BETWEEN(0, 256)};
static const struct shape handler = {
    .kind = SHAPE_STRING, .pattern = &no_blank_pattern, SHAPE_AT_MOST(128)};
static const struct shape role = {.kind = SHAPE_STRING, .pattern = &role_pattern};
static const struct shape target_arn = {.kind = SHAPE_STRING, .pattern = &target_pattern};
static const struct shape timeout = {.kind = SHAPE_INTEGER,
                                     SHAPE_BETWEEN(1, FUNCTION_TIMEOUT_S_MAX)};
static const struct shape memory = {.kind = SHAPE_INTEGER, SHAPE_BETWEEN(128, 10240)};
static const struct shape page = {.kind = SHAPE_INTEGER, SHAPE_BETWEEN(1, 10000)};

/* ---- parts ---- */

static const struct shape texts = {.kind = SHAPE_LIST, .element = &text};
static const struct shape nothing = {.kind = SHAPE_STRUCTURE, .name = "Nothing"};
static const struct shape nothings = {.kind = SHAPE_LIST, .element = &nothing};

/* "S3Bucket" and the others are refused by name. */
static const struct shape_member code_members[] = {
    SHAPE_MEMBER("ZipFile", &text, OPTIONAL),
    SHAPE_REFUSED("S3Bucket"),
    SHAPE_REFUSED("S3Key"),
    SHAPE_REFUSED("S3ObjectVersion"),
    SHAPE_REFUSED("ImageUri"),
    SHAPE_REFUSED("SourceKMSKeyArn"),
};
static const struct shape code = {
    .kind = SHAPE_STRUCTURE, .name = "FunctionCode", SHAPE_MEMBERS(code_members)};

static const struct shape_member vpc_members[] = {
    SHAPE_MEMBER("SubnetIds", &texts, OPTIONAL),
    SHAPE_MEMBER("SecurityGroupIds", &texts, OPTIONAL),
    SHAPE_MEMBER("Ipv6AllowedForDualStack", &boolean, OPTIONAL),
};
static const struct shape vpc = {
    .kind = SHAPE_STRUCTURE, .name = "VpcConfig", SHAPE_MEMBERS(vpc_members)};

static const struct shape_member dead_letter_members[] = {
    SHAPE_MEMBER("TargetArn", &target_arn, OPTIONAL),
};
static const struct shape dead_letter = {
    .kind = SHAPE_STRUCTURE, .name = "DeadLetterConfig", SHAPE_MEMBERS(dead_letter_members)};

static const struct shape variable_name = {.kind = SHAPE_STRING, .pattern = &variable_pattern};
static const struct shape variable_value = {.kind = SHAPE_STRING, .sensitive = true};
static const struct shape variables = {
    .kind = SHAPE_MAP, .key = &variable_name, .element = &variable_value, .sensitive = true};
static const struct shape_member environment_members[] = {
    SHAPE_MEMBER("Variables", &variables, OPTIONAL),
};
static const struct shape environment = {
    .kind = SHAPE_STRUCTURE, .name = "Environment", SHAPE_MEMBERS(environment_members)};

static const char *const modes[] = {"Active", "PassThrough", NULL};
static const struct shape mode = {.kind = SHAPE_STRING, .words = modes};
static const struct shape_member tracing_members[] = {
    SHAPE_MEMBER("Mode", &mode, OPTIONAL),
};
static const struct shape tracing = {
    .kind = SHAPE_STRUCTURE, .name = "TracingConfig", SHAPE_MEMBERS(tracing_members)};

static const char *const architecture_words[] = {"x86_64", "arm64", NULL};
static const struct shape architecture = {.kind = SHAPE_STRING, .words = architecture_words};
static const struct shape architectures = {
    .kind = SHAPE_LIST, .element = &architecture, SHAPE_BETWEEN(1, 1)};

static const struct shape storage_size = {.kind = SHAPE_INTEGER, SHAPE_BETWEEN(512, 10240)};
static const struct shape_member storage_members[] = {
    SHAPE_MEMBER("Size", &storage_size, REQUIRED),
};
static const struct shape storage = {
    .kind = SHAPE_STRUCTURE, .name = "EphemeralStorage", SHAPE_MEMBERS(storage_members)};

/* "PublishedVersions" would start functions from snapshots of their memory. */
static const char *const snap_start_words[] = {"None", NULL};
static const struct shape apply_on = {.kind = SHAPE_STRING, .words = snap_start_words};
static const struct shape_member snap_start_members[] = {
    SHAPE_MEMBER("ApplyOn", &apply_on, OPTIONAL),
};
static const struct shape snap_start = {
    .kind = SHAPE_STRUCTURE, .name = "SnapStart", SHAPE_MEMBERS(snap_start_members)};

/* Lines are text: what makes them JSON, or leaves some out, is refused. */
static const char *const log_formats[] = {"Text", NULL};
static const struct shape log_format = {.kind = SHAPE_STRING, .words = log_formats};
static const struct shape log_group = {.kind = SHAPE_STRING, SHAPE_BETWEEN(1, 512)};
static const struct shape_member logging_members[] = {
    SHAPE_MEMBER("LogFormat", &log_format, OPTIONAL),
    SHAPE_MEMBER("LogGroup", &log_group, OPTIONAL),
    SHAPE_REFUSED("ApplicationLogLevel"),
    SHAPE_REFUSED("SystemLogLevel"),
};
static const struct shape logging = {
    .kind = SHAPE_STRUCTURE, .name = "LoggingConfig", SHAPE_MEMBERS(logging_members)};

static const struct shape tag_value = {.kind = SHAPE_STRING, SHAPE_BETWEEN(0, 256)};
static const struct shape tags = {.kind = SHAPE_MAP, .key = &shape_tag_key, .element = &tag_value};

static const char *const package_words[] = {"Zip", "Image", NULL};
static const struct shape package_type = {.kind = SHAPE_STRING, .words = package_words};

/* ---- functions ---- */

/* Of CreateFunction and UpdateFunctionConfiguration. Layers and file systems are taken when they
 * are empty, as clients send them. */
#define CONFIGURATION_MEMBERS                                                                      \
    SHAPE_MEMBER("Runtime", &text, OPTIONAL), SHAPE_MEMBER("Handler", &handler, OPTIONAL),         \
        SHAPE_MEMBER("Description", &description, OPTIONAL),                                       \
        SHAPE_MEMBER("Timeout", &timeout, OPTIONAL),                                               \
        SHAPE_MEMBER("MemorySize", &memory, OPTIONAL), SHAPE_MEMBER("VpcConfig", &vpc, OPTIONAL),  \
        SHAPE_MEMBER("DeadLetterConfig", &dead_letter, OPTIONAL),                                  \
        SHAPE_MEMBER("Environment", &environment, OPTIONAL),                                       \
        SHAPE_MEMBER("KMSKeyArn", &target_arn, OPTIONAL),                                          \
        SHAPE_MEMBER("TracingConfig", &tracing, OPTIONAL),                                         \
        SHAPE_MEMBER("Layers", &texts, OPTIONAL),                                                  \
        SHAPE_MEMBER("FileSystemConfigs", &nothings, OPTIONAL),                                    \
        SHAPE_MEMBER("EphemeralStorage", &storage, OPTIONAL),                                      \
        SHAPE_MEMBER("SnapStart", &snap_start, OPTIONAL),                                          \
        SHAPE_MEMBER("LoggingConfig", &logging, OPTIONAL), SHAPE_REFUSED("ImageConfig"),           \
        SHAPE_REFUSED("CapacityProviderConfig"), SHAPE_REFUSED("DurableConfig")

static const struct shape_member create_function_members[] = {
    SHAPE_MEMBER("FunctionName", &function, REQUIRED),
    SHAPE_MEMBER("Role", &role, REQUIRED),
    SHAPE_MEMBER("Code", &code, REQUIRED),
    SHAPE_MEMBER("Publish", &boolean, OPTIONAL),
    SHAPE_MEMBER("PackageType", &package_type, OPTIONAL),
    SHAPE_MEMBER("Tags", &tags, OPTIONAL),
    SHAPE_MEMBER("Architectures", &architectures, OPTIONAL),
    CONFIGURATION_MEMBERS,
    SHAPE_REFUSED("CodeSigningConfigArn"),
    SHAPE_REFUSED("PublishTo"),
    SHAPE_REFUSED("TenancyConfig"),
};
const struct shape shape_create_function = {.kind = SHAPE_STRUCTURE,
                                            .name = "CreateFunctionRequest",
                                            SHAPE_MEMBERS(create_function_members)};

static const struct shape_member update_configuration_members[] = {
    SHAPE_MEMBER("FunctionName", &function, REQUIRED),
    SHAPE_MEMBER("Role", &role, OPTIONAL),
    SHAPE_MEMBER("RevisionId", &text, OPTIONAL),
    CONFIGURATION_MEMBERS,
};
const struct shape shape_update_function_configuration = {
    .kind = SHAPE_STRUCTURE,
    .name = "UpdateFunctionConfigurationRequest",
    SHAPE_MEMBERS(update_configuration_members)};

static const struct shape_member update_code_members[] = {
    SHAPE_MEMBER("FunctionName", &function, REQUIRED),
    SHAPE_MEMBER("ZipFile", &text, OPTIONAL),
    SHAPE_MEMBER("Publish", &boolean, OPTIONAL),
    SHAPE_MEMBER("DryRun", &boolean, OPTIONAL),
    SHAPE_MEMBER("RevisionId", &text, OPTIONAL),
    SHAPE_MEMBER("Architectures", &architectures, OPTIONAL),
    SHAPE_REFUSED("S3Bucket"),
    SHAPE_REFUSED("S3Key"),
    SHAPE_REFUSED("S3ObjectVersion"),
    SHAPE_REFUSED("ImageUri"),
    SHAPE_REFUSED("SourceKMSKeyArn"),
    SHAPE_REFUSED("PublishTo"),
};
const struct shape shape_update_function_code = {.kind = SHAPE_STRUCTURE,
                                                 .name = "UpdateFunctionCodeRequest",
                                                 SHAPE_MEMBERS(update_code_members)};

static const struct shape_member function_members[] = {
    SHAPE_MEMBER("FunctionName", &function, REQUIRED),
    SHAPE_MEMBER("Qualifier", &qualifier, OPTIONAL),
};
const struct shape shape_function = {
    .kind = SHAPE_STRUCTURE, .name = "GetFunctionRequest", SHAPE_MEMBERS(function_members)};

static const char *const all_words[] = {"ALL", NULL};
static const struct shape all = {.kind = SHAPE_STRING, .words = all_words};
static const struct shape_member list_functions_members[] = {
    SHAPE_MEMBER("MasterRegion", &text, OPTIONAL),
    SHAPE_MEMBER("FunctionVersion", &all, OPTIONAL),
    SHAPE_MEMBER("Marker", &text, OPTIONAL),
    SHAPE_MEMBER("MaxItems", &page, OPTIONAL),
};
const struct shape shape_list_functions = {
    .kind = SHAPE_STRUCTURE, .name = "ListFunctionsRequest", SHAPE_MEMBERS(list_functions_members)};

static const struct shape_member publish_members[] = {
    SHAPE_MEMBER("FunctionName", &function, REQUIRED),
    SHAPE_MEMBER("CodeSha256", &text, OPTIONAL),
    SHAPE_MEMBER("Description", &description, OPTIONAL),
    SHAPE_MEMBER("RevisionId", &text, OPTIONAL),
    SHAPE_REFUSED("PublishTo"),
};
const struct shape shape_publish_version = {
    .kind = SHAPE_STRUCTURE, .name = "PublishVersionRequest", SHAPE_MEMBERS(publish_members)};

static const struct shape_member list_of_function_members[] = {
    SHAPE_MEMBER("FunctionName", &function, REQUIRED),
    SHAPE_MEMBER("FunctionVersion", &version, OPTIONAL),
    SHAPE_MEMBER("Marker", &text, OPTIONAL),
    SHAPE_MEMBER("MaxItems", &page, OPTIONAL),
};
const struct shape shape_list_of_function = {.kind = SHAPE_STRUCTURE,
                                             .name = "ListVersionsByFunctionRequest",
                                             SHAPE_MEMBERS(list_of_function_members)};

/* ---- aliases ---- */

static const struct shape weight = {.kind = SHAPE_LONG}; /* from 0.0 to 1.0: aliases.c */
static const struct shape weights = {.kind = SHAPE_MAP, .element = &weight};
static const struct shape_member routing_members[] = {
    SHAPE_MEMBER("AdditionalVersionWeights", &weights, OPTIONAL),
};
static const struct shape routing = {
    .kind = SHAPE_STRUCTURE, .name = "AliasRoutingConfiguration", SHAPE_MEMBERS(routing_members)};

static const struct shape_member create_alias_members[] = {
    SHAPE_MEMBER("FunctionName", &function, REQUIRED),
    SHAPE_MEMBER("Name", &alias_name, REQUIRED),
    SHAPE_MEMBER("FunctionVersion", &version, REQUIRED),
    SHAPE_MEMBER("Description", &description, OPTIONAL),
    SHAPE_MEMBER("RoutingConfig", &routing, OPTIONAL),
};
const struct shape shape_create_alias = {
    .kind = SHAPE_STRUCTURE, .name = "CreateAliasRequest", SHAPE_MEMBERS(create_alias_members)};

static const struct shape_member update_alias_members[] = {
    SHAPE_MEMBER("FunctionName", &function, REQUIRED),
    SHAPE_MEMBER("Name", &alias_name, REQUIRED),
    SHAPE_MEMBER("FunctionVersion", &version, OPTIONAL),
    SHAPE_MEMBER("Description", &description, OPTIONAL),
    SHAPE_MEMBER("RoutingConfig", &routing, OPTIONAL),
    SHAPE_MEMBER("RevisionId", &text, OPTIONAL),
};
const struct shape shape_update_alias = {
    .kind = SHAPE_STRUCTURE, .name = "UpdateAliasRequest", SHAPE_MEMBERS(update_alias_members)};

static const struct shape_member alias_members[] = {
    SHAPE_MEMBER("FunctionName", &function, REQUIRED),
    SHAPE_MEMBER("Name", &alias_name, REQUIRED),
};
const struct shape shape_alias = {
    .kind = SHAPE_STRUCTURE, .name = "GetAliasRequest", SHAPE_MEMBERS(alias_members)};

/* ---- concurrency and asynchronous invocation ---- */

static const struct shape reserved = {.kind = SHAPE_INTEGER, SHAPE_AT_LEAST(0)};
static const struct shape_member put_concurrency_members[] = {
    SHAPE_MEMBER("FunctionName", &function, REQUIRED),
    SHAPE_MEMBER("ReservedConcurrentExecutions", &reserved, REQUIRED),
};
const struct shape shape_put_function_concurrency = {.kind = SHAPE_STRUCTURE,
                                                     .name = "PutFunctionConcurrencyRequest",
                                                     SHAPE_MEMBERS(put_concurrency_members)};

static const struct shape destination_arn = {
    .kind = SHAPE_STRING, .pattern = &destination_pattern, SHAPE_BETWEEN(0, 350)};
static const struct shape_member destination_members[] = {
    SHAPE_MEMBER("Destination", &destination_arn, OPTIONAL),
};
static const struct shape destination = {
    .kind = SHAPE_STRUCTURE, .name = "OnSuccess", SHAPE_MEMBERS(destination_members)};
static const struct shape_member destinations_members[] = {
    SHAPE_MEMBER("OnSuccess", &destination, OPTIONAL),
    SHAPE_MEMBER("OnFailure", &destination, OPTIONAL),
};
static const struct shape destinations = {
    .kind = SHAPE_STRUCTURE, .name = "DestinationConfig", SHAPE_MEMBERS(destinations_members)};
static const struct shape retries = {.kind = SHAPE_INTEGER, SHAPE_BETWEEN(0, 2)};
static const struct shape age = {.kind = SHAPE_INTEGER, SHAPE_BETWEEN(60, 21600)};

static const struct shape_member event_config_members[] = {
    SHAPE_MEMBER("FunctionName", &function, REQUIRED),
    SHAPE_MEMBER("Qualifier", &qualifier, OPTIONAL),
    SHAPE_MEMBER("MaximumRetryAttempts", &retries, OPTIONAL),
    SHAPE_MEMBER("MaximumEventAgeInSeconds", &age, OPTIONAL),
    SHAPE_MEMBER("DestinationConfig", &destinations, OPTIONAL),
};
const struct shape shape_put_function_event_invoke_config = {
    .kind = SHAPE_STRUCTURE,
    .name = "PutFunctionEventInvokeConfigRequest",
    SHAPE_MEMBERS(event_config_members)};

/* ---- permissions and tags ---- */

static const struct shape statement_id = {
    .kind = SHAPE_STRING, .pattern = &statement_pattern, SHAPE_BETWEEN(1, 100)};
static const struct shape action = {.kind = SHAPE_STRING, .pattern = &action_pattern};
static const struct shape principal = {.kind = SHAPE_STRING, .pattern = &no_blank_pattern};
static const struct shape source_arn = {.kind = SHAPE_STRING, .pattern = &source_pattern};
static const struct shape account = {
    .kind = SHAPE_STRING, .pattern = &account_pattern, SHAPE_AT_MOST(12)};
static const struct shape token = {.kind = SHAPE_STRING, SHAPE_BETWEEN(0, 256)};
static const struct shape organization = {.kind = SHAPE_STRING, SHAPE_BETWEEN(12, 34)};
static const char *const auth_words[] = {"NONE", "AWS_IAM", NULL};
static const struct shape auth = {.kind = SHAPE_STRING, .words = auth_words};

static const struct shape_member add_permission_members[] = {
    SHAPE_MEMBER("FunctionName", &function, REQUIRED),
    SHAPE_MEMBER("StatementId", &statement_id, REQUIRED),
    SHAPE_MEMBER("Action", &action, REQUIRED),
    SHAPE_MEMBER("Principal", &principal, REQUIRED),
    SHAPE_MEMBER("SourceArn", &source_arn, OPTIONAL),
    SHAPE_MEMBER("SourceAccount", &account, OPTIONAL),
    SHAPE_MEMBER("EventSourceToken", &token, OPTIONAL),
    SHAPE_MEMBER("PrincipalOrgID", &organization, OPTIONAL),
    SHAPE_MEMBER("FunctionUrlAuthType", &auth, OPTIONAL),
    SHAPE_MEMBER("InvokedViaFunctionUrl", &boolean, OPTIONAL),
    SHAPE_MEMBER("Qualifier", &qualifier, OPTIONAL),
    SHAPE_MEMBER("RevisionId", &text, OPTIONAL),
};
const struct shape shape_lambda_add_permission = {
    .kind = SHAPE_STRUCTURE, .name = "AddPermissionRequest", SHAPE_MEMBERS(add_permission_members)};

static const struct shape_member remove_permission_members[] = {
    SHAPE_MEMBER("FunctionName", &function, REQUIRED),
    SHAPE_MEMBER("StatementId", &statement_id, REQUIRED),
    SHAPE_MEMBER("Qualifier", &qualifier, OPTIONAL),
    SHAPE_MEMBER("RevisionId", &text, OPTIONAL),
};
const struct shape shape_lambda_remove_permission = {.kind = SHAPE_STRUCTURE,
                                                     .name = "RemovePermissionRequest",
                                                     SHAPE_MEMBERS(remove_permission_members)};

static const struct shape_member tag_members[] = {
    SHAPE_MEMBER("Resource", &taggable, REQUIRED),
    SHAPE_MEMBER("Tags", &tags, REQUIRED),
};
const struct shape shape_lambda_tag_resource = {
    .kind = SHAPE_STRUCTURE, .name = "TagResourceRequest", SHAPE_MEMBERS(tag_members)};

static const struct shape_member untag_members[] = {
    SHAPE_MEMBER("Resource", &taggable, REQUIRED),
    SHAPE_MEMBER("TagKeys", &shape_tag_keys, REQUIRED),
};
const struct shape shape_lambda_untag_resource = {
    .kind = SHAPE_STRUCTURE, .name = "UntagResourceRequest", SHAPE_MEMBERS(untag_members)};

static const struct shape_member list_tags_members[] = {
    SHAPE_MEMBER("Resource", &taggable, REQUIRED),
};
const struct shape shape_lambda_list_tags = {
    .kind = SHAPE_STRUCTURE, .name = "ListTagsRequest", SHAPE_MEMBERS(list_tags_members)};
