/* api/events/shapes.c - the bodies of EventBridge's operations. (AWS: its service model.) */
#include "api/shape.h"

#include "bus/bus.h"

#define OPTIONAL SHAPE_OPTIONAL
#define REQUIRED SHAPE_REQUIRED

#define ARN_SIZE_MAX 1600

/* ---- names ---- */

static bool is_word(struct bytes text, bool slash)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.ptr[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_' || c == '.' || c == '-' || (c == '/' && slash)))
            return false;
    }
    return text.size > 0;
}

static bool is_rule_name(struct bytes text)
{
    return is_word(text, false);
}

static bool is_path_name(struct bytes text)
{
    return is_word(text, false) && bytes_find_byte(text, '.', 0) == SIZE_MAX;
}

static bool is_bus_name(struct bytes text)
{
    return is_word(text, true);
}

static bool is_action(struct bytes text)
{
    const struct bytes prefix = BYTES("events:");

    for (size_t i = prefix.size; i < text.size; i++)
        if (!((text.ptr[i] | 0x20) >= 'a' && (text.ptr[i] | 0x20) <= 'z'))
            return false;
    return bytes_start_with(text, prefix) && text.size > prefix.size;
}

static bool is_principal(struct bytes text)
{
    bool digits = text.size == 12;

    for (size_t i = 0; i < text.size; i++)
        digits &= text.ptr[i] >= '0' && text.ptr[i] <= '9';
    return digits || bytes_equal_text(text, "*");
}

static bool is_statement_id(struct bytes text)
{
    return is_word(text, false) && bytes_find_byte(text, '.', 0) == SIZE_MAX;
}

/* arn:aws...:events:REGION:ACCOUNT:event-bus/NAME, or NAME */
static bool is_bus(struct bytes text, bool slash)
{
    struct arn arn;

    if (!bytes_start_with(text, BYTES("arn:")))
        return is_word(text, slash);
    return arn_parse(text, &arn) && bytes_equal_text(arn.service, "events") &&
           bytes_start_with(arn.resource, BYTES("event-bus/")) &&
           is_word(bytes_slice(arn.resource, 10, arn.resource.size), slash);
}

static bool is_any_bus(struct bytes text)
{
    return is_bus(text, true);
}

static bool is_own_bus(struct bytes text)
{
    return is_bus(text, false);
}

#define BUS_ARN "(arn:aws[\\w-]*:events:[a-z]+-[a-z]+-[\\w-]+:[0-9]{12}:event-bus\\/)?"

static const struct shape_pattern rule_pattern = {"[\\.\\-_A-Za-z0-9]+", is_rule_name};
static const struct shape_pattern bus_pattern = {"[/\\.\\-_A-Za-z0-9]+", is_bus_name};
static const struct shape_pattern bus_or_arn_pattern = {BUS_ARN "[/\\.\\-_A-Za-z0-9]+", is_any_bus};
static const struct shape_pattern own_bus_pattern = {BUS_ARN "[\\.\\-_A-Za-z0-9]+", is_own_bus};

/* ---- what HttpParameters may be ---- */

/* "^(?!\\s*$).+": on its first line something is there, and there is more than blanks. */
static bool is_path_parameter(struct bytes text)
{
    size_t blanks = 0;

    while (blanks < text.size &&
           (text.ptr[blanks] == ' ' || (text.ptr[blanks] >= '\t' && text.ptr[blanks] <= '\r')))
        blanks++;
    return blanks < text.size && bytes_find_byte(text, '\n', 0) == SIZE_MAX;
}

static bool is_header_key(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

        if (!letter && (c == '\0' || c >= 0x80 || strchr("!#$%&'*+,-.^_`|~", c) == NULL))
            return false;
    }
    return text.size > 0;
}

static bool is_header_value(struct bytes text)
{
    size_t shown = 0;

    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.ptr[i];

        if (c != '\t' && (c < ' ' || c > '~'))
            return false;
        shown += c != '\t';
    }
    return shown > 0;
}

static bool is_query_key(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.ptr[i] < ' ' || text.ptr[i] == 0x7F)
            return false;
    return text.size > 0;
}

static bool is_query_value(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.ptr[i];

        if ((c < ' ' && c != '\n' && c != '\r') || c == 0x7F)
            return false;
    }
    return text.size > 0;
}

static const struct shape_pattern path_pattern = {"^(?!\\s*$).+", is_path_parameter};
const struct shape_pattern shape_header_key_pattern = {"^[!#$%&'*+-.^_`|~0-9a-zA-Z]+$",
                                                       is_header_key};
const struct shape_pattern shape_header_value_pattern = {
    "^[ \\t]*[\\x20-\\x7E]+([ \\t]+[\\x20-\\x7E]+)*[ \\t]*$", is_header_value};
const struct shape_pattern shape_query_key_pattern = {"[^\\x00-\\x1F\\x7F]+", is_query_key};
const struct shape_pattern shape_query_value_pattern = {"[^\\x00-\\x09\\x0B\\x0C\\x0E-\\x1F\\x7F]+",
                                                        is_query_value};

static const struct shape rule_name = {
    .kind = SHAPE_STRING, .pattern = &rule_pattern, SHAPE_BETWEEN(1, 64)};
static const struct shape target_id = {
    .kind = SHAPE_STRING, .pattern = &rule_pattern, SHAPE_BETWEEN(1, 64)};
static const struct shape own_bus_name = {
    .kind = SHAPE_STRING, .pattern = &rule_pattern, SHAPE_BETWEEN(1, 256)};
static const struct shape bus_name = {
    .kind = SHAPE_STRING, .pattern = &bus_pattern, SHAPE_BETWEEN(1, 256)};
static const struct shape bus_or_arn = {
    .kind = SHAPE_STRING, .pattern = &bus_or_arn_pattern, SHAPE_BETWEEN(1, ARN_SIZE_MAX)};
static const struct shape own_bus = {
    .kind = SHAPE_STRING, .pattern = &own_bus_pattern, SHAPE_BETWEEN(1, ARN_SIZE_MAX)};

/* ---- pieces ---- */

static const struct shape text = {.kind = SHAPE_STRING};
static const struct shape boolean = {.kind = SHAPE_BOOLEAN};
static const struct shape arn = {.kind = SHAPE_STRING, SHAPE_BETWEEN(1, ARN_SIZE_MAX)};
static const struct shape description = {.kind = SHAPE_STRING, SHAPE_AT_MOST(512)};
static const struct shape page_limit = {.kind = SHAPE_INTEGER, SHAPE_BETWEEN(1, 100)};
static const struct shape page_token = {.kind = SHAPE_STRING, SHAPE_BETWEEN(1, 2048)};
static const struct shape schedule = {.kind = SHAPE_STRING, SHAPE_AT_MOST(256)};
static const struct shape pattern = {.kind = SHAPE_STRING, SHAPE_AT_MOST(PATTERN_SIZE_MAX)};

/* ---- tags ---- */

static const struct shape_member tag_resource[] = {
    SHAPE_MEMBER("ResourceARN", &arn, REQUIRED),
    SHAPE_MEMBER("Tags", &shape_tags, REQUIRED),
};
const struct shape shape_events_tag_resource = {.kind = SHAPE_STRUCTURE,
                                                SHAPE_MEMBERS(tag_resource)};

static const struct shape_member untag_resource[] = {
    SHAPE_MEMBER("ResourceARN", &arn, REQUIRED),
    SHAPE_MEMBER("TagKeys", &shape_tag_keys, REQUIRED),
};
const struct shape shape_events_untag_resource = {.kind = SHAPE_STRUCTURE,
                                                  SHAPE_MEMBERS(untag_resource)};

static const struct shape_member list_tags[] = {
    SHAPE_MEMBER("ResourceARN", &arn, REQUIRED),
};
const struct shape shape_events_list_tags_for_resource = {.kind = SHAPE_STRUCTURE,
                                                          SHAPE_MEMBERS(list_tags)};

/* ---- permissions ---- */

static const struct shape_pattern action_pattern = {"events:[a-zA-Z]+", is_action};
static const struct shape_pattern principal_pattern = {"(\\d{12}|\\*)", is_principal};
static const struct shape_pattern statement_id_pattern = {"[a-zA-Z0-9-_]+", is_statement_id};
static const struct shape action = {
    .kind = SHAPE_STRING, .pattern = &action_pattern, SHAPE_BETWEEN(1, 64)};
static const struct shape principal = {
    .kind = SHAPE_STRING, .pattern = &principal_pattern, SHAPE_BETWEEN(1, 12)};
static const struct shape statement_id = {
    .kind = SHAPE_STRING, .pattern = &statement_id_pattern, SHAPE_BETWEEN(1, 64)};
static const struct shape_member condition_members[] = {
    SHAPE_MEMBER("Type", &text, REQUIRED),
    SHAPE_MEMBER("Key", &text, REQUIRED),
    SHAPE_MEMBER("Value", &text, REQUIRED),
};
static const struct shape condition = {
    .kind = SHAPE_STRUCTURE, .name = "Condition", SHAPE_MEMBERS(condition_members)};

static const struct shape_member put_permission[] = {
    SHAPE_MEMBER("EventBusName", &own_bus_name, OPTIONAL),
    SHAPE_MEMBER("Action", &action, OPTIONAL),
    SHAPE_MEMBER("Principal", &principal, OPTIONAL),
    SHAPE_MEMBER("StatementId", &statement_id, OPTIONAL),
    SHAPE_MEMBER("Condition", &condition, OPTIONAL),
    SHAPE_MEMBER("Policy", &text, OPTIONAL),
};
const struct shape shape_put_permission = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(put_permission)};

static const struct shape_member remove_permission[] = {
    SHAPE_MEMBER("StatementId", &statement_id, OPTIONAL),
    SHAPE_MEMBER("RemoveAllPermissions", &boolean, OPTIONAL),
    SHAPE_MEMBER("EventBusName", &own_bus_name, OPTIONAL),
};
const struct shape shape_events_remove_permission = {.kind = SHAPE_STRUCTURE,
                                                     SHAPE_MEMBERS(remove_permission)};

/* ---- buses ---- */

static const struct shape kms_key = {.kind = SHAPE_STRING, SHAPE_AT_MOST(2048)};
static const struct shape_member dead_letter_members[] = {
    SHAPE_MEMBER("Arn", &arn, OPTIONAL),
};
static const struct shape bus_dead_letters = {
    .kind = SHAPE_STRUCTURE, .name = "DeadLetterConfig", SHAPE_MEMBERS(dead_letter_members)};

static const struct shape_member create_event_bus[] = {
    SHAPE_MEMBER("Name", &bus_name, REQUIRED),
    SHAPE_MEMBER("Description", &description, OPTIONAL),
    SHAPE_MEMBER("KmsKeyIdentifier", &kms_key, OPTIONAL),
    SHAPE_MEMBER("DeadLetterConfig", &bus_dead_letters, OPTIONAL),
    SHAPE_MEMBER("Tags", &shape_tags, OPTIONAL),
    SHAPE_REFUSED("EventSourceName"),
    SHAPE_REFUSED("LogConfig"),
};
const struct shape shape_create_event_bus = {.kind = SHAPE_STRUCTURE,
                                             SHAPE_MEMBERS(create_event_bus)};

static const struct shape_member update_event_bus[] = {
    SHAPE_MEMBER("Name", &bus_name, OPTIONAL),
    SHAPE_MEMBER("Description", &description, OPTIONAL),
    SHAPE_MEMBER("KmsKeyIdentifier", &kms_key, OPTIONAL),
    SHAPE_MEMBER("DeadLetterConfig", &bus_dead_letters, OPTIONAL),
    SHAPE_REFUSED("LogConfig"),
};
const struct shape shape_update_event_bus = {.kind = SHAPE_STRUCTURE,
                                             SHAPE_MEMBERS(update_event_bus)};

static const struct shape_member delete_event_bus[] = {
    SHAPE_MEMBER("Name", &bus_name, REQUIRED),
};
const struct shape shape_delete_event_bus = {.kind = SHAPE_STRUCTURE,
                                             SHAPE_MEMBERS(delete_event_bus)};

static const struct shape_member describe_event_bus[] = {
    SHAPE_MEMBER("Name", &bus_or_arn, OPTIONAL),
};
const struct shape shape_describe_event_bus = {.kind = SHAPE_STRUCTURE,
                                               SHAPE_MEMBERS(describe_event_bus)};

static const struct shape_member list_event_buses[] = {
    SHAPE_MEMBER("NamePrefix", &bus_name, OPTIONAL),
    SHAPE_MEMBER("NextToken", &page_token, OPTIONAL),
    SHAPE_MEMBER("Limit", &page_limit, OPTIONAL),
};
const struct shape shape_list_event_buses = {.kind = SHAPE_STRUCTURE,
                                             SHAPE_MEMBERS(list_event_buses)};

/* ---- rules ---- */

static const struct shape rule_state = {
    .kind = SHAPE_STRING,
    .words = (const char *const[]){"ENABLED", "DISABLED",
                                   "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS", NULL}};
static const struct shape_member put_rule[] = {
    SHAPE_MEMBER("Name", &rule_name, REQUIRED),
    SHAPE_MEMBER("ScheduleExpression", &schedule, OPTIONAL),
    SHAPE_MEMBER("EventPattern", &pattern, OPTIONAL),
    SHAPE_MEMBER("State", &rule_state, OPTIONAL),
    SHAPE_MEMBER("Description", &description, OPTIONAL),
    SHAPE_MEMBER("RoleArn", &arn, OPTIONAL),
    SHAPE_MEMBER("EventBusName", &bus_or_arn, OPTIONAL),
    SHAPE_MEMBER("Tags", &shape_tags, OPTIONAL),
};
const struct shape shape_put_rule = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(put_rule)};

/* DescribeRule, EnableRule, DisableRule */
static const struct shape_member rule[] = {
    SHAPE_MEMBER("Name", &rule_name, REQUIRED),
    SHAPE_MEMBER("EventBusName", &bus_or_arn, OPTIONAL),
};
const struct shape shape_rule = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(rule)};

/* Force is for rules that AWS's services manage: there are none. */
static const struct shape_member delete_rule[] = {
    SHAPE_MEMBER("Name", &rule_name, REQUIRED),
    SHAPE_MEMBER("EventBusName", &bus_or_arn, OPTIONAL),
    SHAPE_MEMBER("Force", &boolean, OPTIONAL),
};
const struct shape shape_delete_rule = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(delete_rule)};

static const struct shape_member list_rules[] = {
    SHAPE_MEMBER("NamePrefix", &rule_name, OPTIONAL),
    SHAPE_MEMBER("EventBusName", &bus_or_arn, OPTIONAL),
    SHAPE_MEMBER("NextToken", &page_token, OPTIONAL),
    SHAPE_MEMBER("Limit", &page_limit, OPTIONAL),
};
const struct shape shape_list_rules = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(list_rules)};

/* ---- targets ---- */

static const struct shape retry_attempts = {.kind = SHAPE_INTEGER, SHAPE_BETWEEN(0, 185)};
static const struct shape event_age = {.kind = SHAPE_INTEGER, SHAPE_BETWEEN(60, 86400)};
static const struct shape_member retry_policy_members[] = {
    SHAPE_MEMBER("MaximumRetryAttempts", &retry_attempts, OPTIONAL),
    SHAPE_MEMBER("MaximumEventAgeInSeconds", &event_age, OPTIONAL),
};
static const struct shape retry_policy = {
    .kind = SHAPE_STRUCTURE, .name = "RetryPolicy", SHAPE_MEMBERS(retry_policy_members)};

static const struct shape_member dead_letter_config_members[] = {
    SHAPE_MEMBER("Arn", &arn, OPTIONAL),
};
static const struct shape dead_letter_config = {
    .kind = SHAPE_STRUCTURE, .name = "DeadLetterConfig", SHAPE_MEMBERS(dead_letter_config_members)};

static const struct shape message_group_id = {.kind = SHAPE_STRING, SHAPE_AT_MOST(100)};
static const struct shape_member sqs_parameters_members[] = {
    SHAPE_MEMBER("MessageGroupId", &message_group_id, OPTIONAL),
};
static const struct shape sqs_parameters = {
    .kind = SHAPE_STRUCTURE, .name = "SqsParameters", SHAPE_MEMBERS(sqs_parameters_members)};

static const struct shape path_parameter = {.kind = SHAPE_STRING, .pattern = &path_pattern};
static const struct shape path_parameters = {.kind = SHAPE_LIST, .element = &path_parameter};
static const struct shape header_key = {
    .kind = SHAPE_STRING, .pattern = &shape_header_key_pattern, SHAPE_AT_MOST(512)};
static const struct shape header_value = {
    .kind = SHAPE_STRING, .pattern = &shape_header_value_pattern, SHAPE_AT_MOST(512)};
static const struct shape header_parameters = {
    .kind = SHAPE_MAP, .key = &header_key, .element = &header_value};
static const struct shape query_key = {
    .kind = SHAPE_STRING, .pattern = &shape_query_key_pattern, SHAPE_AT_MOST(512)};
static const struct shape query_value = {
    .kind = SHAPE_STRING, .pattern = &shape_query_value_pattern, SHAPE_AT_MOST(512)};
static const struct shape query_parameters = {
    .kind = SHAPE_MAP, .key = &query_key, .element = &query_value};
static const struct shape_member http_parameters_members[] = {
    SHAPE_MEMBER("PathParameterValues", &path_parameters, OPTIONAL),
    SHAPE_MEMBER("HeaderParameters", &header_parameters, OPTIONAL),
    SHAPE_MEMBER("QueryStringParameters", &query_parameters, OPTIONAL),
};
static const struct shape http_parameters = {
    .kind = SHAPE_STRUCTURE, .name = "HttpParameters", SHAPE_MEMBERS(http_parameters_members)};

static const struct shape target_input = {.kind = SHAPE_STRING, SHAPE_AT_MOST(8192)};
static const struct shape input_path = {.kind = SHAPE_STRING, SHAPE_AT_MOST(256)};
static const struct shape_pattern path_name_pattern = {"[A-Za-z0-9\\_\\-]+", is_path_name};
static const struct shape path_name = {
    .kind = SHAPE_STRING, .pattern = &path_name_pattern, SHAPE_BETWEEN(1, 256)};
static const struct shape input_paths = {
    .kind = SHAPE_MAP, .key = &path_name, .element = &input_path, SHAPE_AT_MOST(100)};
static const struct shape input_template = {.kind = SHAPE_STRING, SHAPE_BETWEEN(1, 8192)};
static const struct shape_member input_transformer_members[] = {
    SHAPE_MEMBER("InputPathsMap", &input_paths, OPTIONAL),
    SHAPE_MEMBER("InputTemplate", &input_template, REQUIRED),
};
static const struct shape input_transformer = {
    .kind = SHAPE_STRUCTURE, .name = "InputTransformer", SHAPE_MEMBERS(input_transformer_members)};
static const struct shape_member target_members[] = {
    SHAPE_MEMBER("Id", &target_id, REQUIRED),
    SHAPE_MEMBER("Arn", &arn, REQUIRED),
    SHAPE_MEMBER("RoleArn", &arn, OPTIONAL),
    SHAPE_MEMBER("Input", &target_input, OPTIONAL),
    SHAPE_MEMBER("InputPath", &input_path, OPTIONAL),
    SHAPE_MEMBER("RetryPolicy", &retry_policy, OPTIONAL),
    SHAPE_MEMBER("DeadLetterConfig", &dead_letter_config, OPTIONAL),
    SHAPE_MEMBER("SqsParameters", &sqs_parameters, OPTIONAL),
    SHAPE_MEMBER("HttpParameters", &http_parameters, OPTIONAL),
    SHAPE_MEMBER("InputTransformer", &input_transformer, OPTIONAL),
    SHAPE_REFUSED("KinesisParameters"),
    SHAPE_REFUSED("RunCommandParameters"),
    SHAPE_REFUSED("EcsParameters"),
    SHAPE_REFUSED("BatchParameters"),
    SHAPE_REFUSED("RedshiftDataParameters"),
    SHAPE_REFUSED("SageMakerPipelineParameters"),
    SHAPE_REFUSED("AppSyncParameters"),
};
static const struct shape target = {
    .kind = SHAPE_STRUCTURE, .name = "Target", SHAPE_MEMBERS(target_members)};
static const struct shape targets = {.kind = SHAPE_LIST, .element = &target, SHAPE_BETWEEN(1, 100)};

static const struct shape_member put_targets[] = {
    SHAPE_MEMBER("Rule", &rule_name, REQUIRED),
    SHAPE_MEMBER("EventBusName", &bus_or_arn, OPTIONAL),
    SHAPE_MEMBER("Targets", &targets, REQUIRED),
};
const struct shape shape_put_targets = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(put_targets)};

static const struct shape target_ids = {
    .kind = SHAPE_LIST, .element = &target_id, SHAPE_BETWEEN(1, 100)};
static const struct shape_member remove_targets[] = {
    SHAPE_MEMBER("Rule", &rule_name, REQUIRED),
    SHAPE_MEMBER("EventBusName", &bus_or_arn, OPTIONAL),
    SHAPE_MEMBER("Ids", &target_ids, REQUIRED),
    SHAPE_MEMBER("Force", &boolean, OPTIONAL),
};
const struct shape shape_remove_targets = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(remove_targets)};

static const struct shape_member list_targets_by_rule[] = {
    SHAPE_MEMBER("Rule", &rule_name, REQUIRED),
    SHAPE_MEMBER("EventBusName", &bus_or_arn, OPTIONAL),
    SHAPE_MEMBER("NextToken", &page_token, OPTIONAL),
    SHAPE_MEMBER("Limit", &page_limit, OPTIONAL),
};
const struct shape shape_list_targets_by_rule = {.kind = SHAPE_STRUCTURE,
                                                 SHAPE_MEMBERS(list_targets_by_rule)};

static const struct shape_member list_rule_names_by_target[] = {
    SHAPE_MEMBER("TargetArn", &arn, REQUIRED),
    SHAPE_MEMBER("EventBusName", &bus_or_arn, OPTIONAL),
    SHAPE_MEMBER("NextToken", &page_token, OPTIONAL),
    SHAPE_MEMBER("Limit", &page_limit, OPTIONAL),
};
const struct shape shape_list_rule_names_by_target = {.kind = SHAPE_STRUCTURE,
                                                      SHAPE_MEMBERS(list_rule_names_by_target)};

/* ---- events ---- */

static const struct shape event_time = {.kind = SHAPE_TIMESTAMP};
static const struct shape resource = {.kind = SHAPE_STRING, SHAPE_AT_MOST(2048)};
static const struct shape resources = {.kind = SHAPE_LIST, .element = &resource};
static const struct shape trace_header = {.kind = SHAPE_STRING, SHAPE_BETWEEN(1, 500)};
static const struct shape_member entry_members[] = {
    SHAPE_MEMBER("Time", &event_time, OPTIONAL),
    SHAPE_MEMBER("Source", &text, OPTIONAL),
    SHAPE_MEMBER("Resources", &resources, OPTIONAL),
    SHAPE_MEMBER("DetailType", &text, OPTIONAL),
    SHAPE_MEMBER("Detail", &text, OPTIONAL),
    SHAPE_MEMBER("EventBusName", &own_bus, OPTIONAL),
    SHAPE_MEMBER("TraceHeader", &trace_header, OPTIONAL),
};
static const struct shape entry = {
    .kind = SHAPE_STRUCTURE, .name = "PutEventsRequestEntry", SHAPE_MEMBERS(entry_members)};
static const struct shape entries = {
    .kind = SHAPE_LIST, .element = &entry, SHAPE_BETWEEN(1, BUS_ENTRIES_MAX)};
static const struct shape_member put_events[] = {
    SHAPE_MEMBER("Entries", &entries, REQUIRED),
    SHAPE_REFUSED("EndpointId"),
};
const struct shape shape_put_events = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(put_events)};

static const struct shape_member test_event_pattern[] = {
    SHAPE_MEMBER("EventPattern", &pattern, REQUIRED),
    SHAPE_MEMBER("Event", &text, REQUIRED),
};
const struct shape shape_test_event_pattern = {.kind = SHAPE_STRUCTURE,
                                               SHAPE_MEMBERS(test_event_pattern)};
