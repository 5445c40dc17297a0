/* api/lambda/rest.c - Lambda's REST paths -> operations (api/rest.h). (AWS: Lambda API reference
 * and its service model.) Those that dynlog does not have are here too, so that they are refused by
 * name. */
#include "api/internal.h"
#include "api/rest.h"

#define FUNCTIONS "/2015-03-31/functions"
#define FUNCTIONS_ASYNC "/2014-11-13/functions"
#define MAPPINGS "/2015-03-31/event-source-mappings"

static const struct rest_member of_functions[] = {
    {"MasterRegion", "MasterRegion", REST_TEXT},
    {"FunctionVersion", "FunctionVersion", REST_TEXT},
    {"Marker", "Marker", REST_TEXT},
    {"MaxItems", "MaxItems", REST_NUMBER},
};
static const struct rest_member of_version[] = {
    {"Qualifier", "Qualifier", REST_TEXT},
};
static const struct rest_member of_page[] = {
    {"Marker", "Marker", REST_TEXT},
    {"MaxItems", "MaxItems", REST_NUMBER},
};
static const struct rest_member of_aliases[] = {
    {"FunctionVersion", "FunctionVersion", REST_TEXT},
    {"Marker", "Marker", REST_TEXT},
    {"MaxItems", "MaxItems", REST_NUMBER},
};
static const struct rest_member of_permission[] = {
    {"Qualifier", "Qualifier", REST_TEXT},
    {"RevisionId", "RevisionId", REST_TEXT},
};
static const struct rest_member of_tags[] = {
    {"tagKeys", "TagKeys", REST_LIST},
};
static const struct rest_member of_mappings[] = {
    {"EventSourceArn", "EventSourceArn", REST_TEXT},
    {"FunctionName", "FunctionName", REST_TEXT},
    {"Marker", "Marker", REST_TEXT},
    {"MaxItems", "MaxItems", REST_NUMBER},
};

static const struct rest_route routes[] = {
    {"POST", FUNCTIONS "/{FunctionName}/invocations", .operation = "Invoke", .raw = true},
    {"POST", FUNCTIONS_ASYNC "/{FunctionName}/invoke-async/?", .operation = "InvokeAsync",
     .raw = true},
    {"POST", FUNCTIONS "/?", .operation = "CreateFunction"},
    {"GET", FUNCTIONS "/?", REST_MEMBERS(of_functions), "ListFunctions"},
    {"GET", FUNCTIONS "/{FunctionName}", REST_MEMBERS(of_version), "GetFunction"},
    {"DELETE", FUNCTIONS "/{FunctionName}", REST_MEMBERS(of_version), "DeleteFunction"},
    {"GET", FUNCTIONS "/{FunctionName}/configuration", REST_MEMBERS(of_version),
     "GetFunctionConfiguration"},
    {"PUT", FUNCTIONS "/{FunctionName}/configuration", .operation = "UpdateFunctionConfiguration"},
    {"PUT", FUNCTIONS "/{FunctionName}/code", .operation = "UpdateFunctionCode"},
    {"POST", FUNCTIONS "/{FunctionName}/versions", .operation = "PublishVersion"},
    {"GET", FUNCTIONS "/{FunctionName}/versions", REST_MEMBERS(of_page), "ListVersionsByFunction"},
    {"POST", FUNCTIONS "/{FunctionName}/aliases", .operation = "CreateAlias"},
    {"GET", FUNCTIONS "/{FunctionName}/aliases", REST_MEMBERS(of_aliases), "ListAliases"},
    {"GET", FUNCTIONS "/{FunctionName}/aliases/{Name}", .operation = "GetAlias"},
    {"PUT", FUNCTIONS "/{FunctionName}/aliases/{Name}", .operation = "UpdateAlias"},
    {"DELETE", FUNCTIONS "/{FunctionName}/aliases/{Name}", .operation = "DeleteAlias"},
    {"POST", FUNCTIONS "/{FunctionName}/policy", REST_MEMBERS(of_version), "AddPermission"},
    {"GET", FUNCTIONS "/{FunctionName}/policy", REST_MEMBERS(of_version), "GetPolicy"},
    {"DELETE", FUNCTIONS "/{FunctionName}/policy/{StatementId}", REST_MEMBERS(of_permission),
     "RemovePermission"},
    {"PUT", "/2017-10-31/functions/{FunctionName}/concurrency",
     .operation = "PutFunctionConcurrency"},
    {"GET", "/2019-09-30/functions/{FunctionName}/concurrency",
     .operation = "GetFunctionConcurrency"},
    {"DELETE", "/2017-10-31/functions/{FunctionName}/concurrency",
     .operation = "DeleteFunctionConcurrency"},
    {"PUT", "/2019-09-25/functions/{FunctionName}/event-invoke-config", REST_MEMBERS(of_version),
     "PutFunctionEventInvokeConfig"},
    {"POST", "/2019-09-25/functions/{FunctionName}/event-invoke-config", REST_MEMBERS(of_version),
     "UpdateFunctionEventInvokeConfig"},
    {"GET", "/2019-09-25/functions/{FunctionName}/event-invoke-config", REST_MEMBERS(of_version),
     "GetFunctionEventInvokeConfig"},
    {"DELETE", "/2019-09-25/functions/{FunctionName}/event-invoke-config", REST_MEMBERS(of_version),
     "DeleteFunctionEventInvokeConfig"},
    {"GET", "/2019-09-25/functions/{FunctionName}/event-invoke-config/list", REST_MEMBERS(of_page),
     "ListFunctionEventInvokeConfigs"},
    {"POST", "/2017-03-31/tags/{Resource+}", .operation = "TagResource"},
    {"GET", "/2017-03-31/tags/{Resource+}", .operation = "ListTags"},
    {"DELETE", "/2017-03-31/tags/{Resource+}", REST_MEMBERS(of_tags), "UntagResource"},
    {"GET", "/2016-08-19/account-settings/?", .operation = "GetAccountSettings"},
    {"POST", MAPPINGS "/?", .operation = "CreateEventSourceMapping"},
    {"GET", MAPPINGS "/?", REST_MEMBERS(of_mappings), "ListEventSourceMappings"},
    {"GET", MAPPINGS "/{UUID}", .operation = "GetEventSourceMapping"},
    {"PUT", MAPPINGS "/{UUID}", .operation = "UpdateEventSourceMapping"},
    {"DELETE", MAPPINGS "/{UUID}", .operation = "DeleteEventSourceMapping"},

    /* refused by name: operations.c says why */
    {"POST", "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy",
     .operation = "AddLayerVersionPermission"},
    {"POST", "/2020-04-22/code-signing-configs/?", .operation = "CreateCodeSigningConfig"},
    {"POST", "/2021-10-31/functions/{FunctionName}/url", .operation = "CreateFunctionUrlConfig"},
    {"DELETE", "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}",
     .operation = "DeleteCodeSigningConfig"},
    {"DELETE", "/2020-06-30/functions/{FunctionName}/code-signing-config",
     .operation = "DeleteFunctionCodeSigningConfig"},
    {"DELETE", "/2021-10-31/functions/{FunctionName}/url", .operation = "DeleteFunctionUrlConfig"},
    {"DELETE", "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}",
     .operation = "DeleteLayerVersion"},
    {"DELETE", "/2019-09-30/functions/{FunctionName}/provisioned-concurrency",
     .operation = "DeleteProvisionedConcurrencyConfig"},
    {"GET", "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}",
     .operation = "GetCodeSigningConfig"},
    {"GET", "/2020-06-30/functions/{FunctionName}/code-signing-config",
     .operation = "GetFunctionCodeSigningConfig"},
    {"GET", "/2021-10-31/functions/{FunctionName}/url", .operation = "GetFunctionUrlConfig"},
    {"GET", "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}",
     .operation = "GetLayerVersion"},
    {"GET", "/2018-10-31/layers", .operation = "GetLayerVersionByArn"},
    {"GET", "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy",
     .operation = "GetLayerVersionPolicy"},
    {"GET", "/2019-09-30/functions/{FunctionName}/provisioned-concurrency",
     .operation = "GetProvisionedConcurrencyConfig"},
    {"GET", "/2020-04-22/code-signing-configs/?", .operation = "ListCodeSigningConfigs"},
    {"GET", "/2021-10-31/functions/{FunctionName}/urls", .operation = "ListFunctionUrlConfigs"},
    {"GET", "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}/functions",
     .operation = "ListFunctionsByCodeSigningConfig"},
    {"GET", "/2018-10-31/layers/{LayerName}/versions", .operation = "ListLayerVersions"},
    {"GET", "/2018-10-31/layers", .operation = "ListLayers"},
    {"GET", "/2019-09-30/functions/{FunctionName}/provisioned-concurrency",
     .operation = "ListProvisionedConcurrencyConfigs"},
    {"POST", "/2018-10-31/layers/{LayerName}/versions", .operation = "PublishLayerVersion"},
    {"PUT", "/2020-06-30/functions/{FunctionName}/code-signing-config",
     .operation = "PutFunctionCodeSigningConfig"},
    {"PUT", "/2019-09-30/functions/{FunctionName}/provisioned-concurrency",
     .operation = "PutProvisionedConcurrencyConfig"},
    {"DELETE", "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy/{StatementId}",
     .operation = "RemoveLayerVersionPermission"},
    {"PUT", "/2020-04-22/code-signing-configs/{CodeSigningConfigArn}",
     .operation = "UpdateCodeSigningConfig"},
    {"PUT", "/2021-10-31/functions/{FunctionName}/url", .operation = "UpdateFunctionUrlConfig"},
    {"POST", "/2021-11-15/functions/{FunctionName}/response-streaming-invocations",
     .operation = "InvokeWithResponseStream"},
    {"PUT", "/2021-07-20/functions/{FunctionName}/runtime-management-config",
     .operation = "PutRuntimeManagementConfig"},
    {"GET", "/2021-07-20/functions/{FunctionName}/runtime-management-config",
     .operation = "GetRuntimeManagementConfig"},
    {"PUT", "/2024-08-31/functions/{FunctionName}/recursion-config",
     .operation = "PutFunctionRecursionConfig"},
    {"GET", "/2024-08-31/functions/{FunctionName}/recursion-config",
     .operation = "GetFunctionRecursionConfig"},
};

const struct api_operation *api_lambda_route(struct bytes method, struct bytes path,
                                             struct bytes *ret_name)
{
    struct rest_found found;
    size_t count = 0;
    const struct api_operation *operations = api_operations(&count);

    if (!rest_find(routes, ARRAY_COUNT(routes), method, path, &found))
        return NULL;
    *ret_name = found.values[0];
    for (size_t i = 0; i < count; i++)
        if (operations[i].service == &api_lambda &&
            strcmp(operations[i].name, found.route->operation) == 0)
            return &operations[i];
    return NULL;
}

enum status api_lambda_prepare(struct api_call *call)
{
    return rest_prepare(call, &api_lambda, routes, ARRAY_COUNT(routes));
}
