/* api/events/archive_shapes.c - the bodies of the operations on archives and replays. (AWS:
 * EventBridge's service model.) */
#include "api/shape.h"

#include "bus/bus.h"

#define OPTIONAL SHAPE_OPTIONAL
#define REQUIRED SHAPE_REQUIRED

#define ARN_SIZE_MAX 1600

static bool is_name(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.ptr[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_' || c == '.' || c == '-'))
            return false;
    }
    return text.size > 0;
}

/* ---- pieces ---- */

static const struct shape_pattern name_pattern = {"[\\.\\-_A-Za-z0-9]+", is_name};
static const struct shape archive_name = {
    .kind = SHAPE_STRING, .pattern = &name_pattern, SHAPE_BETWEEN(1, BUS_ARCHIVE_NAME_SIZE_MAX)};
static const struct shape replay_name = {
    .kind = SHAPE_STRING, .pattern = &name_pattern, SHAPE_BETWEEN(1, BUS_REPLAY_NAME_SIZE_MAX)};
static const struct shape arn = {.kind = SHAPE_STRING, SHAPE_BETWEEN(1, ARN_SIZE_MAX)};
static const struct shape description = {.kind = SHAPE_STRING, SHAPE_AT_MOST(512)};
static const struct shape page_limit = {.kind = SHAPE_INTEGER, SHAPE_BETWEEN(1, 100)};
static const struct shape page_token = {.kind = SHAPE_STRING, SHAPE_BETWEEN(1, 2048)};
static const struct shape pattern = {.kind = SHAPE_STRING, SHAPE_AT_MOST(PATTERN_SIZE_MAX)};
static const struct shape time_of_event = {.kind = SHAPE_TIMESTAMP};

/* ---- archives ---- */

static const struct shape retention_days = {.kind = SHAPE_INTEGER, SHAPE_BETWEEN(0, INT32_MAX)};
static const struct shape archive_state = {
    .kind = SHAPE_STRING,
    .words = (const char *const[]){"ENABLED", "DISABLED", "CREATING", "UPDATING", "CREATE_FAILED",
                                   "UPDATE_FAILED", NULL}};

static const struct shape_member create_archive[] = {
    SHAPE_MEMBER("ArchiveName", &archive_name, REQUIRED),
    SHAPE_MEMBER("EventSourceArn", &arn, REQUIRED),
    SHAPE_MEMBER("Description", &description, OPTIONAL),
    SHAPE_MEMBER("EventPattern", &pattern, OPTIONAL),
    SHAPE_MEMBER("RetentionDays", &retention_days, OPTIONAL),
    SHAPE_REFUSED("KmsKeyIdentifier"),
};
const struct shape shape_create_archive = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(create_archive)};

static const struct shape_member update_archive[] = {
    SHAPE_MEMBER("ArchiveName", &archive_name, REQUIRED),
    SHAPE_MEMBER("Description", &description, OPTIONAL),
    SHAPE_MEMBER("EventPattern", &pattern, OPTIONAL),
    SHAPE_MEMBER("RetentionDays", &retention_days, OPTIONAL),
    SHAPE_REFUSED("KmsKeyIdentifier"),
};
const struct shape shape_update_archive = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(update_archive)};

/* DescribeArchive, DeleteArchive */
static const struct shape_member archive[] = {
    SHAPE_MEMBER("ArchiveName", &archive_name, REQUIRED),
};
const struct shape shape_archive = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(archive)};

static const struct shape_member list_archives[] = {
    SHAPE_MEMBER("NamePrefix", &archive_name, OPTIONAL),
    SHAPE_MEMBER("EventSourceArn", &arn, OPTIONAL),
    SHAPE_MEMBER("State", &archive_state, OPTIONAL),
    SHAPE_MEMBER("NextToken", &page_token, OPTIONAL),
    SHAPE_MEMBER("Limit", &page_limit, OPTIONAL),
};
const struct shape shape_list_archives = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(list_archives)};

/* ---- replays ---- */

static const struct shape replay_state = {
    .kind = SHAPE_STRING,
    .words = (const char *const[]){"STARTING", "RUNNING", "CANCELLING", "COMPLETED", "CANCELLED",
                                   "FAILED", NULL}};
static const struct shape filter_arns = {.kind = SHAPE_LIST, .element = &arn};
static const struct shape_member destination_members[] = {
    SHAPE_MEMBER("Arn", &arn, REQUIRED),
    SHAPE_MEMBER("FilterArns", &filter_arns, OPTIONAL),
};
static const struct shape destination = {
    .kind = SHAPE_STRUCTURE, .name = "ReplayDestination", SHAPE_MEMBERS(destination_members)};

static const struct shape_member start_replay[] = {
    SHAPE_MEMBER("ReplayName", &replay_name, REQUIRED),
    SHAPE_MEMBER("Description", &description, OPTIONAL),
    SHAPE_MEMBER("EventSourceArn", &arn, REQUIRED),
    SHAPE_MEMBER("EventStartTime", &time_of_event, REQUIRED),
    SHAPE_MEMBER("EventEndTime", &time_of_event, REQUIRED),
    SHAPE_MEMBER("Destination", &destination, REQUIRED),
};
const struct shape shape_start_replay = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(start_replay)};

/* DescribeReplay, CancelReplay */
static const struct shape_member replay[] = {
    SHAPE_MEMBER("ReplayName", &replay_name, REQUIRED),
};
const struct shape shape_replay = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(replay)};

static const struct shape_member list_replays[] = {
    SHAPE_MEMBER("NamePrefix", &replay_name, OPTIONAL),
    SHAPE_MEMBER("State", &replay_state, OPTIONAL),
    SHAPE_MEMBER("EventSourceArn", &arn, OPTIONAL),
    SHAPE_MEMBER("NextToken", &page_token, OPTIONAL),
    SHAPE_MEMBER("Limit", &page_limit, OPTIONAL),
};
const struct shape shape_list_replays = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(list_replays)};
