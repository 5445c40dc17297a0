/* stack/resources.c - the template's Resources: what dynlog makes of each type, in passes, so that
 * a thing is there before what names it: tables, queues, buses, groups; archives, connections,
 * queues' attributes; API destinations; the functions' own rules and schedules; those of the
 * template. */
#include "stack/loader.h"

#define PASS_BEHIND_FUNCTIONS 4
#define PASS_BEHIND_VERSIONS 5

static const struct key_rule section_keys[] = {
    {"Resources", NULL},
    {"Outputs", NULL},
    {"Conditions", NULL},
    {"Mappings", NULL},
    {"Parameters", NULL},
    {"Description", NULL},
    {"Metadata", NULL},
    {"AWSTemplateFormatVersion", NULL},
    {"extensions", "it changes resources that only a deployment makes"},
    {"Transform", "macros run only in AWS"},
};

static enum status find_section(struct loader *loader, const struct node *sections,
                                const char *name, const struct node **ret)
{
    return read_map(loader, node_get(sections, name), name, true, ret);
}

enum status resources_find_sections(struct loader *loader, const struct node *sections)
{
    enum status status = find_section(loader, sections, "Resources", &loader->resources);

    if (status == OK)
        status = find_section(loader, sections, "Conditions", &loader->conditions);
    if (status == OK)
        status = find_section(loader, sections, "Mappings", &loader->mappings);
    if (status == OK)
        status = find_section(loader, sections, "Parameters", &loader->parameters);
    return status;
}

enum status resources_find(struct loader *loader)
{
    const struct node *sections = NULL;
    enum status status =
        read_map(loader, node_get(loader->root, "resources"), "resources", true, &sections);

    if (status != OK)
        return status;
    read_check_keys(loader, sections, section_keys, ARRAY_COUNT(section_keys), "resources");
    status = resources_find_sections(loader, sections);
    return status == OK ? parameters_read(loader) : status;
}

/* ---- buses ---- */

static bool bus_is_known(const struct loader *loader, struct bytes name)
{
    for (size_t i = 0; i < loader->bus_count; i++) {
        if (bytes_equal(loader->buses[i], name))
            return true;
    }
    return bytes_equal_text(name, "default");
}

/* Of a bus that is there; its tags stay. */
static enum status add_bus_update(struct loader *loader, struct bytes name,
                                  struct bytes description)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(LOADER_BODY_SIZE_MAX);
    struct json_writer writer = JSON_WRITER(&body);

    json_begin_object(&writer);
    json_member_string(&writer, "Name", name);
    json_member_string(&writer, "Description", description);
    json_end_object(&writer);
    return loader_add_update(loader, "AWSEvents.UpdateEventBus", &body);
}

static enum status add_bus(struct loader *loader, struct bytes name, const struct node *properties,
                           struct bytes id, struct stack_where where)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(LOADER_BODY_SIZE_MAX);
    struct json_writer writer = JSON_WRITER(&body);
    const struct node *tags = node_get(properties, "Tags");
    struct bytes description = {0};
    enum status status =
        read_text(loader, node_get(properties, "Description"), "Description", &description);

    if (status != OK || bus_is_known(loader, name))
        return status;
    json_begin_object(&writer);
    json_member_string(&writer, "Name", name);
    if (description.size > 0)
        json_member_string(&writer, "Description", description);
    if (node_is(tags, NODE_LIST)) {
        json_key(&writer, "Tags");
        node_write(&writer, tags);
    }
    json_end_object(&writer);
    loader->buses = arena_grow(loader->arena, loader->buses, loader->bus_count,
                               loader->bus_count + 1, &loader->bus_capacity, sizeof *loader->buses);
    loader->buses[loader->bus_count++] = name;
    status = loader_add_call(loader, "AWSEvents.CreateEventBus", &body, id, where);
    if (status == OK && description.size > 0)
        status = add_bus_update(loader, name, description);
    return status == OK
               ? loader_add_made(loader, arena_printf(loader->arena, "bus %.*s", BYTES_ARG(name)),
                                 NULL, NULL, where)
               : status;
}

static enum status read_bus(struct loader *loader, struct bytes id, const struct node *resource)
{
    static const struct key_rule keys[] = {
        {"Name", NULL},
        {"Description", NULL},
        {"Tags", NULL},
        {"Policy", NULL},
        {"KmsKeyIdentifier", NULL},
        {"LogConfig", NULL},
        {"EventSourceName", "partner events come only in AWS"},
        {"DeadLetterConfig", "only a target's own dead-letter queue is used"},
    };
    const struct node *properties = NULL;
    struct bytes name = {0};
    enum status status = intrinsics_resolve(loader, node_get(resource, "Properties"), &properties);

    if (status == OK)
        status = read_text(loader, node_get(properties, "Name"), "Name", &name);
    if (status != OK)
        return status;
    if (name.size == 0)
        return loader_refuse(loader, resource->where, "%.*s: expected Properties with Name",
                             BYTES_ARG(id));
    read_check_keys(loader, properties, keys, ARRAY_COUNT(keys), "an event bus");
    return add_bus(loader, name, properties, id, resource->where);
}

enum status resources_bus(struct loader *loader, const struct node *node, const char *what,
                          struct bytes *ret)
{
    struct bytes text = {0};
    struct arn arn = {0};
    enum status status = read_text(loader, node, what, &text);

    *ret = (struct bytes){0};
    if (status != OK || text.size == 0)
        return status;
    if (bytes_start_with(text, BYTES("arn:"))) {
        if (!arn_parse(text, &arn) || !bytes_start_with(arn.resource, BYTES("event-bus/")) ||
            arn.resource.size == strlen("event-bus/"))
            return loader_refuse(loader, node->where,
                                 "%s: expected the ARN of an event bus, got \"%.*s\"", what,
                                 BYTES_ARG(text));
        text = bytes_slice(arn.resource, strlen("event-bus/"), arn.resource.size);
        if (!bus_is_known(loader, text))
            loader_note(loader, node->where,
                        "the bus %.*s is not one of this stack's: it is made here too",
                        BYTES_ARG(text));
    }
    *ret = text;
    return add_bus(loader, text, NULL, text, node->where);
}

/* ---- archives ---- */

static enum status read_archive(struct loader *loader, struct bytes id, const struct node *resource)
{
    static const struct key_rule keys[] = {
        {"ArchiveName", NULL},  {"SourceArn", NULL},     {"Description", NULL},
        {"EventPattern", NULL}, {"RetentionDays", NULL}, {"KmsKeyIdentifier", NULL},
    };
    struct stack *stack = loader->stack;
    struct stack_archive archive = {0};
    const struct node *properties = NULL, *source = NULL;
    int64_t days = 0;
    enum status status = property_read(loader, id, resource, &properties);

    if (status != OK)
        return status;
    source = node_get(properties, "SourceArn");
    if (node_is_nothing(source))
        return loader_refuse(loader, resource->where, "%.*s: expected Properties with SourceArn",
                             BYTES_ARG(id));
    read_check_keys(loader, properties, keys, ARRAY_COUNT(keys), "an archive");
    status = references_name(loader, id, resource, &archive.name);
    if (status == OK)
        status = resources_bus(loader, source, "SourceArn", &archive.bus_name);
    if (status == OK)
        status = read_text(loader, node_get(properties, "Description"), "Description",
                           &archive.description);
    if (status == OK)
        status = rules_json(loader, node_get(properties, "EventPattern"), "EventPattern", true,
                            &archive.pattern);
    if (status == OK)
        status = read_integer(loader, node_get(properties, "RetentionDays"), "RetentionDays", 0,
                              INT32_MAX, &days);
    if (status != OK)
        return status;
    archive.retention_days = (uint32_t)days;
    stack->archives =
        arena_grow(loader->arena, stack->archives, stack->archive_count, stack->archive_count + 1,
                   &loader->archive_capacity, sizeof *stack->archives);
    stack->archives[stack->archive_count++] = archive;
    return loader_add_made(loader,
                           arena_printf(loader->arena, "archive %.*s", BYTES_ARG(archive.name)),
                           NULL, NULL, resource->where);
}

/* ---- log groups ---- */

static enum status add_retention(struct loader *loader, struct bytes id, struct bytes name,
                                 const struct node *days, struct stack_where where)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(LOADER_BODY_SIZE_MAX);
    struct json_writer writer = JSON_WRITER(&body);
    int64_t number = 0;
    enum status status = read_integer(loader, days, "RetentionInDays", 1, 3653, &number);

    json_begin_object(&writer);
    json_member_string(&writer, "logGroupName", name);
    if (number > 0)
        json_member_int(&writer, "retentionInDays", number);
    json_end_object(&writer);
    return status != OK ? status
                        : loader_add_call(loader,
                                          number > 0 ? "Logs_20140328.PutRetentionPolicy"
                                                     : "Logs_20140328.DeleteRetentionPolicy",
                                          &body, id, where);
}

static const struct property log_group_properties[] = {
    {.name = "LogGroupName", .kind = PROPERTY_ELSEWHERE},
    {.name = "RetentionInDays", .kind = PROPERTY_ELSEWHERE},
    {.name = "Tags", .kind = PROPERTY_ELSEWHERE},
    {.name = "KmsKeyId", .call_name = "kmsKeyId", .kind = PROPERTY_TEXT},
    {.name = "LogGroupClass", .call_name = "logGroupClass", .kind = PROPERTY_TEXT},
    {.name = "FieldIndexPolicies", .kind = PROPERTY_ELSEWHERE},
    {.name = "ResourcePolicyDocument", .kind = PROPERTY_ELSEWHERE},
    {.name = "BearerTokenAuthenticationEnabled", .kind = PROPERTY_ELSEWHERE},
    {.name = "DataProtectionPolicy", .note = "what is logged is not masked"},
    {.name = "DeletionProtectionEnabled", .note = "a log group goes when a client deletes it"},
};

static enum status read_log_group(struct loader *loader, struct bytes id,
                                  const struct node *resource)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(LOADER_BODY_SIZE_MAX);
    struct json_writer writer = JSON_WRITER(&body);
    const struct node *properties = NULL;
    struct bytes name = {0};
    enum status status = property_read(loader, id, resource, &properties);

    if (status == OK)
        status = references_name(loader, id, resource, &name);
    if (status != OK)
        return status;
    json_begin_object(&writer);
    json_member_string(&writer, "logGroupName", name);
    status = property_write(loader, &writer, properties, log_group_properties,
                            ARRAY_COUNT(log_group_properties), "a log group");
    if (status == OK)
        status = property_write_tags(loader, &writer, "tags", node_get(properties, "Tags"));
    json_end_object(&writer);
    if (status == OK)
        status =
            loader_add_call(loader, "Logs_20140328.CreateLogGroup", &body, id, resource->where);
    if (status == OK)
        status =
            loader_add_made(loader, arena_printf(loader->arena, "log group %.*s", BYTES_ARG(name)),
                            NULL, NULL, resource->where);
    return status == OK ? add_retention(loader, id, name, node_get(properties, "RetentionInDays"),
                                        resource->where)
                        : status;
}

/* ---- all ---- */

/* Resources that only say who may do what, or what is logged and measured in AWS. */
static bool means_nothing_offline(struct bytes type)
{
    static const char *const types[] = {
        "AWS::IAM::",
        "AWS::Logs::LogStream", /* made by what writes into the group */
        "AWS::Logs::QueryDefinition",
        "AWS::Logs::ResourcePolicy",
        "AWS::Logs::MetricFilter",
        "AWS::Logs::LogAnomalyDetector",
        "AWS::Logs::AccountPolicy",
        "AWS::CloudWatch::",
        "AWS::XRay::",
        "AWS::KMS::",
        "AWS::SSM::Parameter",
        "AWS::ApplicationAutoScaling::",
        "AWS::Lambda::Permission",
        "AWS::Lambda::LayerVersionPermission",
        "AWS::Serverless::Connector", /* who may do what */
        "AWS::CDK::Metadata",
        "AWS::S3::BucketPolicy",
        "AWS::CloudFormation::WaitConditionHandle",
        "Custom::LogRetention", /* CDK's, of logs that AWS keeps */
        "Custom::S3AutoDeleteObjects",
        "Custom::VpcRestrictDefaultSG",
        "AWS::Events::EventBusPolicy",
        "AWS::SQS::QueuePolicy",
        "AWS::SQS::QueueInlinePolicy",
        "AWS::SNS::TopicPolicy",
    };

    for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
        if (bytes_start_with(type, bytes_of_text(types[i])))
            return true;
    }
    return false;
}

typedef enum status resource_reader(struct loader *loader, struct bytes id,
                                    const struct node *resource);

static const struct {
    const char *type;
    int pass;
    resource_reader *read;
} types[] = {
    {"AWS::DynamoDB::Table", 1, table_read},
    {"AWS::Events::EventBus", 1, read_bus},
    {"AWS::SQS::Queue", 1, queue_read},
    {"AWS::Logs::LogGroup", 1, read_log_group},
    {"AWS::Scheduler::ScheduleGroup", 1, schedule_read_group},
    {"AWS::SQS::Queue", 2, queue_read_attributes},
    {"AWS::Events::Archive", 2, read_archive},
    {"AWS::Events::Connection", 2, outbound_read_connection},
    {"AWS::Events::ApiDestination", 3, outbound_read_destination},
    {"AWS::DynamoDB::GlobalTable", 1, table_read_global},
    {"AWS::Lambda::Function", 0, NULL}, /* read with the functions */
    {"AWS::Lambda::EventInvokeConfig", PASS_BEHIND_FUNCTIONS, lambda_read_invoke_config},
    {"AWS::Lambda::EventSourceMapping", PASS_BEHIND_FUNCTIONS, source_read_mapping},
    {"AWS::Lambda::Version", PASS_BEHIND_FUNCTIONS, lambda_read_version},
    {"AWS::Lambda::Alias", PASS_BEHIND_VERSIONS, lambda_read_alias},
    {"AWS::Events::Rule", PASS_BEHIND_FUNCTIONS, rules_read_resource},
    {"Custom::EventBridge", PASS_BEHIND_FUNCTIONS, rules_read_custom},
    {"AWS::Scheduler::Schedule", PASS_BEHIND_FUNCTIONS, schedule_read},
};

static bool is_made(struct bytes type)
{
    for (size_t i = 0; i < ARRAY_COUNT(types); i++)
        if (bytes_equal_text(type, types[i].type))
            return true;
    return false;
}

static enum status read_resource(struct loader *loader, const struct node_member *member, int pass)
{
    const struct node *resource = member->value, *condition = node_get(resource, "Condition");
    struct bytes type = {0};
    bool wanted = true;
    enum status status = OK;

    if (!node_is(resource, NODE_MAP) || !node_is(node_get(resource, "Type"), NODE_STRING))
        return loader_refuse(loader, resource->where, "%.*s: expected a resource with a Type",
                             BYTES_ARG(member->name));
    type = node_get(resource, "Type")->text;
    if (condition != NULL)
        status = conditions_hold(loader, condition, &wanted);
    if (status != OK || !wanted)
        return status;
    for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
        if (types[i].pass == pass && bytes_equal_text(type, types[i].type))
            return types[i].read(loader, member->name, resource);
    }
    if (pass == 1 && !is_made(type) && !means_nothing_offline(type) &&
        !bytes_equal_text(member->name, "ServerlessDeploymentBucket"))
        loader_note(loader, member->where, "not acted on: resource %.*s: dynlog has no %.*s",
                    BYTES_ARG(member->name), BYTES_ARG(type));
    return OK;
}

static enum status read_pass(struct loader *loader, int pass)
{
    for (size_t i = 0; loader->resources != NULL && i < loader->resources->count; i++) {
        enum status status = read_resource(loader, &loader->resources->members[i], pass);

        if (status != OK)
            return status;
    }
    return OK;
}

enum status resources_read(struct loader *loader)
{
    enum status status = OK;

    for (int pass = 1; status == OK && pass < PASS_BEHIND_FUNCTIONS; pass++)
        status = read_pass(loader, pass);
    return status;
}

enum status resources_read_rules(struct loader *loader)
{
    enum status status = read_pass(loader, PASS_BEHIND_FUNCTIONS);

    return status == OK ? read_pass(loader, PASS_BEHIND_VERSIONS) : status;
}
