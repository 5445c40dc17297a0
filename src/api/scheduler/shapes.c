/* api/scheduler/shapes.c - the requests of EventBridge Scheduler's operations, each as one object
 * (rest.c). (AWS: its service model.) */
#include "api/shape.h"

#include "base/arn.h"
#include "schedule/schedule.h"

#define OPTIONAL SHAPE_OPTIONAL
#define REQUIRED SHAPE_REQUIRED

#define ARN_SIZE_MAX 1600

/* ---- names ---- */

static bool is_name(struct bytes text)
{
    return bytes_are_of(text, "-_.");
}

static bool is_name_prefix(struct bytes text)
{
    return bytes_are_of(text, "-_") && !(text.ptr[0] >= '0' && text.ptr[0] <= '9') &&
           byte_is_letter_or_digit(text.ptr[0]);
}

static bool is_token(struct bytes text)
{
    return bytes_are_of(text, "-_");
}

/* arn:aws...:SERVICE:REGION:ACCOUNT:RESOURCE */
static bool is_arn(struct bytes text, const char *service, bool regional, struct arn *ret)
{
    if (!arn_parse(text, ret) || !bytes_start_with(ret->partition, BYTES("aws")) ||
        !bytes_equal_text(ret->service, service) || ret->account.size != 12 ||
        (ret->region.size > 0) != regional)
        return false;
    for (size_t i = 0; i < ret->account.size; i++)
        if (ret->account.ptr[i] < '0' || ret->account.ptr[i] > '9')
            return false;
    return true;
}

static bool is_role(struct bytes text)
{
    struct arn arn;
    struct bytes prefix = BYTES("role/");

    return is_arn(text, "iam", false, &arn) && bytes_start_with(arn.resource, prefix) &&
           bytes_are_of(bytes_slice(arn.resource, prefix.size, arn.resource.size), "_+=,.@/-");
}

static bool is_queue(struct bytes text)
{
    struct arn arn;

    return is_arn(text, "sqs", true, &arn) && bytes_are_of(arn.resource, "-_");
}

static bool is_key(struct bytes text)
{
    struct arn arn;

    return is_arn(text, "kms", true, &arn) && (bytes_start_with(arn.resource, BYTES("key/")) ||
                                               bytes_start_with(arn.resource, BYTES("alias/")));
}

static bool is_group_arn(struct bytes text)
{
    struct arn arn;
    struct bytes prefix = BYTES("schedule-group/");

    return is_arn(text, "scheduler", true, &arn) && bytes_start_with(arn.resource, prefix) &&
           is_name(bytes_slice(arn.resource, prefix.size, arn.resource.size));
}

/* A path into the Input ($.detail) is AWS's too; events of ours have the source as it stands. */
static bool is_source(struct bytes text)
{
    return bytes_are_of(text, "/.-_") && !bytes_start_with(text, BYTES("aws."));
}

#define ARN_OF "^arn:aws(-[a-z]+)?:"

static const struct shape_pattern name_pattern = {"^[0-9a-zA-Z-_.]+$", is_name};
static const struct shape_pattern prefix_pattern = {"^[a-zA-Z][0-9a-zA-Z-_]*$", is_name_prefix};
static const struct shape_pattern token_pattern = {"^[a-zA-Z0-9-_]+$", is_token};
static const struct shape_pattern role_pattern = {ARN_OF "iam::\\d{12}:role\\/[\\w+=,.@\\/-]+$",
                                                  is_role};
static const struct shape_pattern queue_pattern = {
    ARN_OF "sqs:[a-z0-9\\-]+:\\d{12}:[a-zA-Z0-9\\-_]+$", is_queue};
static const struct shape_pattern key_pattern = {
    ARN_OF "kms:[a-z0-9\\-]+:\\d{12}:(key|alias)\\/[0-9a-zA-Z-_]*$", is_key};
static const struct shape_pattern group_arn_pattern = {
    ARN_OF "scheduler:[a-z0-9\\-]+:\\d{12}:schedule-group\\/[0-9a-zA-Z-_.]+$", is_group_arn};
static const struct shape_pattern source_pattern = {
    "^(?=[/\\.\\-_A-Za-z0-9]+)((?!aws\\.).*)|(\\$(\\.[\\w_-]+(\\[(\\d+|\\*)\\])*)*)$", is_source};

static const struct shape name = {
    .kind = SHAPE_STRING, .pattern = &name_pattern, SHAPE_BETWEEN(1, 64)};
static const struct shape name_prefix = {
    .kind = SHAPE_STRING, .pattern = &prefix_pattern, SHAPE_BETWEEN(1, 64)};
static const struct shape client_token = {
    .kind = SHAPE_STRING, .pattern = &token_pattern, SHAPE_BETWEEN(1, SCHEDULE_TOKEN_SIZE_MAX)};

/* ---- pieces ---- */

static const struct shape description = {.kind = SHAPE_STRING, SHAPE_AT_MOST(512)};
static const struct shape expression = {.kind = SHAPE_STRING, SHAPE_BETWEEN(1, 256)};
static const struct shape timezone = {.kind = SHAPE_STRING, SHAPE_BETWEEN(1, ZONE_NAME_SIZE_MAX)};
static const struct shape date = {.kind = SHAPE_TIMESTAMP};
static const struct shape kms_key = {
    .kind = SHAPE_STRING, .pattern = &key_pattern, SHAPE_BETWEEN(1, 2048)};
static const struct shape state = {.kind = SHAPE_STRING,
                                   .words = (const char *const[]){"ENABLED", "DISABLED", NULL}};
static const struct shape action = {.kind = SHAPE_STRING,
                                    .words = (const char *const[]){"NONE", "DELETE", NULL}};
static const struct shape page_limit = {.kind = SHAPE_INTEGER, SHAPE_BETWEEN(1, 100)};
static const struct shape page_token = {.kind = SHAPE_STRING, SHAPE_BETWEEN(1, 2048)};

static const struct shape window_mode = {.kind = SHAPE_STRING,
                                         .words = (const char *const[]){"OFF", "FLEXIBLE", NULL}};
static const struct shape window_minutes = {.kind = SHAPE_INTEGER,
                                            SHAPE_BETWEEN(1, SCHEDULE_WINDOW_MINUTES_MAX)};
static const struct shape_member window_members[] = {
    SHAPE_MEMBER("Mode", &window_mode, REQUIRED),
    SHAPE_MEMBER("MaximumWindowInMinutes", &window_minutes, OPTIONAL),
};
static const struct shape window = {
    .kind = SHAPE_STRUCTURE, .name = "FlexibleTimeWindow", SHAPE_MEMBERS(window_members)};

/* ---- targets ---- */

static const struct shape arn = {.kind = SHAPE_STRING, SHAPE_BETWEEN(1, ARN_SIZE_MAX)};
static const struct shape role = {
    .kind = SHAPE_STRING, .pattern = &role_pattern, SHAPE_BETWEEN(1, ARN_SIZE_MAX)};
static const struct shape queue = {
    .kind = SHAPE_STRING, .pattern = &queue_pattern, SHAPE_BETWEEN(1, ARN_SIZE_MAX)};
static const struct shape input = {.kind = SHAPE_STRING, SHAPE_AT_LEAST(1)};

static const struct shape_member dead_letter_members[] = {
    SHAPE_MEMBER("Arn", &queue, OPTIONAL),
};
static const struct shape dead_letter = {
    .kind = SHAPE_STRUCTURE, .name = "DeadLetterConfig", SHAPE_MEMBERS(dead_letter_members)};

static const struct shape retry_attempts = {.kind = SHAPE_INTEGER,
                                            SHAPE_BETWEEN(0, SCHEDULE_RETRY_ATTEMPTS)};
static const struct shape event_age = {.kind = SHAPE_INTEGER,
                                       SHAPE_BETWEEN(60, SCHEDULE_EVENT_AGE_S)};
static const struct shape_member retry_policy_members[] = {
    SHAPE_MEMBER("MaximumRetryAttempts", &retry_attempts, OPTIONAL),
    SHAPE_MEMBER("MaximumEventAgeInSeconds", &event_age, OPTIONAL),
};
static const struct shape retry_policy = {
    .kind = SHAPE_STRUCTURE, .name = "RetryPolicy", SHAPE_MEMBERS(retry_policy_members)};

static const struct shape detail_type = {.kind = SHAPE_STRING, SHAPE_BETWEEN(1, 128)};
static const struct shape source = {
    .kind = SHAPE_STRING, .pattern = &source_pattern, SHAPE_BETWEEN(1, 256)};
static const struct shape_member bus_members[] = {
    SHAPE_MEMBER("DetailType", &detail_type, REQUIRED),
    SHAPE_MEMBER("Source", &source, REQUIRED),
};
static const struct shape bus = {
    .kind = SHAPE_STRUCTURE, .name = "EventBridgeParameters", SHAPE_MEMBERS(bus_members)};

static const struct shape message_group = {.kind = SHAPE_STRING, SHAPE_BETWEEN(1, 128)};
static const struct shape_member sqs_members[] = {
    SHAPE_MEMBER("MessageGroupId", &message_group, OPTIONAL),
};
static const struct shape sqs = {
    .kind = SHAPE_STRUCTURE, .name = "SqsParameters", SHAPE_MEMBERS(sqs_members)};

static const struct shape_member target_members[] = {
    SHAPE_MEMBER("Arn", &arn, REQUIRED),
    SHAPE_MEMBER("RoleArn", &role, REQUIRED),
    SHAPE_MEMBER("DeadLetterConfig", &dead_letter, OPTIONAL),
    SHAPE_MEMBER("RetryPolicy", &retry_policy, OPTIONAL),
    SHAPE_MEMBER("Input", &input, OPTIONAL),
    SHAPE_MEMBER("EventBridgeParameters", &bus, OPTIONAL),
    SHAPE_MEMBER("SqsParameters", &sqs, OPTIONAL),
    SHAPE_REFUSED("EcsParameters"),
    SHAPE_REFUSED("KinesisParameters"),
    SHAPE_REFUSED("SageMakerPipelineParameters"),
};
static const struct shape target = {
    .kind = SHAPE_STRUCTURE, .name = "Target", SHAPE_MEMBERS(target_members)};

/* ---- schedules ---- */

/* CreateSchedule, UpdateSchedule */
static const struct shape_member put_schedule[] = {
    SHAPE_MEMBER("Name", &name, REQUIRED),
    SHAPE_MEMBER("GroupName", &name, OPTIONAL),
    SHAPE_MEMBER("ScheduleExpression", &expression, REQUIRED),
    SHAPE_MEMBER("StartDate", &date, OPTIONAL),
    SHAPE_MEMBER("EndDate", &date, OPTIONAL),
    SHAPE_MEMBER("Description", &description, OPTIONAL),
    SHAPE_MEMBER("ScheduleExpressionTimezone", &timezone, OPTIONAL),
    SHAPE_MEMBER("State", &state, OPTIONAL),
    SHAPE_MEMBER("KmsKeyArn", &kms_key, OPTIONAL),
    SHAPE_MEMBER("Target", &target, REQUIRED),
    SHAPE_MEMBER("FlexibleTimeWindow", &window, REQUIRED),
    SHAPE_MEMBER("ClientToken", &client_token, OPTIONAL),
    SHAPE_MEMBER("ActionAfterCompletion", &action, OPTIONAL),
};
const struct shape shape_put_schedule = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(put_schedule)};

/* GetSchedule, DeleteSchedule */
static const struct shape_member schedule[] = {
    SHAPE_MEMBER("GroupName", &name, OPTIONAL),
    SHAPE_MEMBER("Name", &name, REQUIRED),
    SHAPE_MEMBER("ClientToken", &client_token, OPTIONAL),
};
const struct shape shape_schedule = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(schedule)};

static const struct shape_member list_schedules[] = {
    SHAPE_MEMBER("GroupName", &name, OPTIONAL),
    SHAPE_MEMBER("NamePrefix", &name_prefix, OPTIONAL),
    SHAPE_MEMBER("State", &state, OPTIONAL),
    SHAPE_MEMBER("NextToken", &page_token, OPTIONAL),
    SHAPE_MEMBER("MaxResults", &page_limit, OPTIONAL),
};
const struct shape shape_list_schedules = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(list_schedules)};

/* ---- groups ---- */

static const struct shape tag_value = {.kind = SHAPE_STRING, SHAPE_BETWEEN(1, 256)};
static const struct shape_member tag_members[] = {
    SHAPE_MEMBER("Key", &shape_tag_key, REQUIRED),
    SHAPE_MEMBER("Value", &tag_value, REQUIRED),
};
static const struct shape tag = {
    .kind = SHAPE_STRUCTURE, .name = "Tag", SHAPE_MEMBERS(tag_members)};
static const struct shape tags = {
    .kind = SHAPE_LIST, .element = &tag, SHAPE_BETWEEN(0, SCHEDULE_TAGS_MAX)};
static const struct shape tag_keys = {
    .kind = SHAPE_LIST, .element = &shape_tag_key, SHAPE_BETWEEN(0, SCHEDULE_TAGS_MAX)};
static const struct shape group_arn = {
    .kind = SHAPE_STRING, .pattern = &group_arn_pattern, SHAPE_BETWEEN(1, 1011)};

static const struct shape_member create_schedule_group[] = {
    SHAPE_MEMBER("Name", &name, REQUIRED),
    SHAPE_MEMBER("Tags", &tags, OPTIONAL),
    SHAPE_MEMBER("ClientToken", &client_token, OPTIONAL),
};
const struct shape shape_create_schedule_group = {.kind = SHAPE_STRUCTURE,
                                                  SHAPE_MEMBERS(create_schedule_group)};

/* GetScheduleGroup, DeleteScheduleGroup */
static const struct shape_member schedule_group[] = {
    SHAPE_MEMBER("Name", &name, REQUIRED),
    SHAPE_MEMBER("ClientToken", &client_token, OPTIONAL),
};
const struct shape shape_schedule_group = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(schedule_group)};

static const struct shape_member list_schedule_groups[] = {
    SHAPE_MEMBER("NamePrefix", &name_prefix, OPTIONAL),
    SHAPE_MEMBER("NextToken", &page_token, OPTIONAL),
    SHAPE_MEMBER("MaxResults", &page_limit, OPTIONAL),
};
const struct shape shape_list_schedule_groups = {.kind = SHAPE_STRUCTURE,
                                                 SHAPE_MEMBERS(list_schedule_groups)};

static const struct shape_member tag_group[] = {
    SHAPE_MEMBER("ResourceArn", &group_arn, REQUIRED),
    SHAPE_MEMBER("Tags", &tags, REQUIRED),
};
const struct shape shape_tag_group = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(tag_group)};

static const struct shape_member untag_group[] = {
    SHAPE_MEMBER("ResourceArn", &group_arn, REQUIRED),
    SHAPE_MEMBER("TagKeys", &tag_keys, REQUIRED),
};
const struct shape shape_untag_group = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(untag_group)};

static const struct shape_member list_tags_of_group[] = {
    SHAPE_MEMBER("ResourceArn", &group_arn, REQUIRED),
};
const struct shape shape_list_tags_of_group = {.kind = SHAPE_STRUCTURE,
                                               SHAPE_MEMBERS(list_tags_of_group)};
