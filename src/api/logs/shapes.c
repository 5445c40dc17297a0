/* api/logs/shapes.c - the bodies of CloudWatch Logs' operations. (AWS: its service model.) */
#include "api/shape.h"
#include "logs/logs.h"

#define OPTIONAL SHAPE_OPTIONAL
#define REQUIRED SHAPE_REQUIRED

/* ---- patterns ---- */

static bool consists_of(struct bytes text, const char *others, bool beyond_ascii)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.ptr[i];

        if (!byte_is_letter_or_digit(c) && !(c >= 0x80 && beyond_ascii) &&
            (c == 0 || strchr(others, c) == NULL))
            return false;
    }
    return true;
}

static bool is_group_name(struct bytes text)
{
    return text.size > 0 && consists_of(text, ".-_/#", false);
}

static bool is_group_pattern(struct bytes text)
{
    return consists_of(text, ".-_/#", false);
}

static bool is_identifier(struct bytes text)
{
    return consists_of(text, "_#+=/:,.@-", false);
}

static bool is_resource(struct bytes text)
{
    return consists_of(text, "_+=/:,.@-", false);
}

static bool is_stream_name(struct bytes text)
{
    return bytes_find_byte(text, ':', 0) == SIZE_MAX && bytes_find_byte(text, '*', 0) == SIZE_MAX;
}

static bool is_tag(struct bytes text)
{
    return consists_of(text, " _.:/=+-@", true);
}

static bool is_account(struct bytes text)
{
    uint64_t number = 0;

    return text.size == 12 && bytes_to_uint64(text, &number);
}

static const struct shape_pattern group_pattern = {"[\\.\\-_/#A-Za-z0-9]+", is_group_name};
static const struct shape_pattern part_pattern = {"[\\.\\-_/#A-Za-z0-9]*", is_group_pattern};
static const struct shape_pattern identifier_pattern = {"[\\w#+=/:,.@-]*", is_identifier};
static const struct shape_pattern resource_pattern = {"[\\w+=/:,.@-]*", is_resource};
static const struct shape_pattern stream_pattern = {"[^:*]*", is_stream_name};
static const struct shape_pattern tag_key_pattern = {"^([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+)$", is_tag};
static const struct shape_pattern tag_value_pattern = {"^([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)$",
                                                       is_tag};
static const struct shape_pattern account_pattern = {"^\\d{12}$", is_account};

/* ---- pieces ---- */

static const struct shape group_name = {
    .kind = SHAPE_STRING, .pattern = &group_pattern, SHAPE_BETWEEN(1, 512)};
static const struct shape group_part = {
    .kind = SHAPE_STRING, .pattern = &part_pattern, SHAPE_AT_MOST(512)};
static const struct shape group_identifier = {
    .kind = SHAPE_STRING, .pattern = &identifier_pattern, SHAPE_BETWEEN(1, 2048)};
static const struct shape stream_name = {
    .kind = SHAPE_STRING, .pattern = &stream_pattern, SHAPE_BETWEEN(1, 512)};
static const struct shape group_class = {
    .kind = SHAPE_STRING,
    .words = (const char *const[]){"STANDARD", "INFREQUENT_ACCESS", "DELIVERY", NULL}};
static const struct shape boolean = {.kind = SHAPE_BOOLEAN};
static const struct shape integer = {.kind = SHAPE_INTEGER};
static const struct shape token = {.kind = SHAPE_STRING, SHAPE_AT_LEAST(1)};
static const struct shape timestamp = {.kind = SHAPE_LONG, SHAPE_AT_LEAST(0)};
static const struct shape key_id = {.kind = SHAPE_STRING, SHAPE_AT_MOST(256)};
static const struct shape page_limit = {.kind = SHAPE_INTEGER, SHAPE_BETWEEN(1, 50)};
static const struct shape events_limit = {.kind = SHAPE_INTEGER,
                                          SHAPE_BETWEEN(1, LOG_PAGE_COUNT_MAX)};
static const struct shape filter_pattern = {.kind = SHAPE_STRING, SHAPE_AT_MOST(1024)};

static const struct shape tag_key = {
    .kind = SHAPE_STRING, .pattern = &tag_key_pattern, SHAPE_BETWEEN(1, 128)};
static const struct shape tag_value = {
    .kind = SHAPE_STRING, .pattern = &tag_value_pattern, SHAPE_AT_MOST(256)};
static const struct shape tags = {
    .kind = SHAPE_MAP, .key = &tag_key, .element = &tag_value, SHAPE_BETWEEN(1, LOG_TAGS_MAX)};

#define GROUP SHAPE_MEMBER("logGroupName", &group_name, REQUIRED)
/* Either of the two: the operation looks. */
#define GROUP_OR_IDENTIFIER                                                                        \
    SHAPE_MEMBER("logGroupName", &group_name, OPTIONAL),                                           \
        SHAPE_MEMBER("logGroupIdentifier", &group_identifier, OPTIONAL)

/* ---- groups ---- */

static const struct shape_member create_log_group[] = {
    GROUP,
    SHAPE_MEMBER("kmsKeyId", &key_id, OPTIONAL),
    SHAPE_MEMBER("tags", &tags, OPTIONAL),
    SHAPE_MEMBER("logGroupClass", &group_class, OPTIONAL),
    SHAPE_REFUSED("deletionProtectionEnabled"),
};
const struct shape shape_create_log_group = {.kind = SHAPE_STRUCTURE,
                                             SHAPE_MEMBERS(create_log_group)};

/* DeleteLogGroup, DeleteRetentionPolicy, ListTagsLogGroup */
static const struct shape_member log_group[] = {
    GROUP,
};
const struct shape shape_log_group = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(log_group)};

static const struct shape account = {
    .kind = SHAPE_STRING, .pattern = &account_pattern, SHAPE_BETWEEN(12, 12)};
static const struct shape accounts = {.kind = SHAPE_LIST, .element = &account, SHAPE_AT_MOST(20)};
static const struct shape_member describe_log_groups[] = {
    SHAPE_MEMBER("accountIdentifiers", &accounts, OPTIONAL),
    SHAPE_MEMBER("logGroupNamePrefix", &group_name, OPTIONAL),
    SHAPE_MEMBER("logGroupNamePattern", &group_part, OPTIONAL),
    SHAPE_MEMBER("nextToken", &token, OPTIONAL),
    SHAPE_MEMBER("limit", &page_limit, OPTIONAL),
    SHAPE_MEMBER("includeLinkedAccounts", &boolean, OPTIONAL),
    SHAPE_MEMBER("logGroupClass", &group_class, OPTIONAL),
    SHAPE_REFUSED("logGroupIdentifiers"),
};
const struct shape shape_describe_log_groups = {.kind = SHAPE_STRUCTURE,
                                                SHAPE_MEMBERS(describe_log_groups)};

static const struct shape_member put_retention_policy[] = {
    GROUP,
    SHAPE_MEMBER("retentionInDays", &integer, REQUIRED),
};
const struct shape shape_put_retention_policy = {.kind = SHAPE_STRUCTURE,
                                                 SHAPE_MEMBERS(put_retention_policy)};

/* ---- tags ---- */

static const struct shape resource = {
    .kind = SHAPE_STRING, .pattern = &resource_pattern, SHAPE_BETWEEN(1, 1011)};
static const struct shape tag_keys = {
    .kind = SHAPE_LIST, .element = &tag_key, SHAPE_AT_MOST(LOG_TAGS_MAX)};
static const struct shape tag_names = {.kind = SHAPE_LIST, .element = &tag_key, SHAPE_AT_LEAST(1)};

static const struct shape_member tag_resource[] = {
    SHAPE_MEMBER("resourceArn", &resource, REQUIRED),
    SHAPE_MEMBER("tags", &tags, REQUIRED),
};
const struct shape shape_logs_tag_resource = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(tag_resource)};

static const struct shape_member untag_resource[] = {
    SHAPE_MEMBER("resourceArn", &resource, REQUIRED),
    SHAPE_MEMBER("tagKeys", &tag_keys, REQUIRED),
};
const struct shape shape_logs_untag_resource = {.kind = SHAPE_STRUCTURE,
                                                SHAPE_MEMBERS(untag_resource)};

static const struct shape_member list_tags_for_resource[] = {
    SHAPE_MEMBER("resourceArn", &resource, REQUIRED),
};
const struct shape shape_logs_list_tags_for_resource = {.kind = SHAPE_STRUCTURE,
                                                        SHAPE_MEMBERS(list_tags_for_resource)};

static const struct shape_member tag_log_group[] = {
    GROUP,
    SHAPE_MEMBER("tags", &tags, REQUIRED),
};
const struct shape shape_tag_log_group = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(tag_log_group)};

static const struct shape_member untag_log_group[] = {
    GROUP,
    SHAPE_MEMBER("tags", &tag_names, REQUIRED),
};
const struct shape shape_untag_log_group = {.kind = SHAPE_STRUCTURE,
                                            SHAPE_MEMBERS(untag_log_group)};

/* ---- streams ---- */

/* CreateLogStream, DeleteLogStream */
static const struct shape_member log_stream[] = {
    GROUP,
    SHAPE_MEMBER("logStreamName", &stream_name, REQUIRED),
};
const struct shape shape_log_stream = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(log_stream)};

static const struct shape order_by = {
    .kind = SHAPE_STRING, .words = (const char *const[]){"LogStreamName", "LastEventTime", NULL}};
static const struct shape_member describe_log_streams[] = {
    GROUP_OR_IDENTIFIER,
    SHAPE_MEMBER("logStreamNamePrefix", &stream_name, OPTIONAL),
    SHAPE_MEMBER("orderBy", &order_by, OPTIONAL),
    SHAPE_MEMBER("descending", &boolean, OPTIONAL),
    SHAPE_MEMBER("nextToken", &token, OPTIONAL),
    SHAPE_MEMBER("limit", &page_limit, OPTIONAL),
};
const struct shape shape_describe_log_streams = {.kind = SHAPE_STRUCTURE,
                                                 SHAPE_MEMBERS(describe_log_streams)};

/* ---- events ---- */

static const struct shape message = {.kind = SHAPE_STRING, SHAPE_AT_LEAST(1)};
static const struct shape_member event_members[] = {
    SHAPE_MEMBER("timestamp", &timestamp, REQUIRED),
    SHAPE_MEMBER("message", &message, REQUIRED),
};
static const struct shape event = {
    .kind = SHAPE_STRUCTURE, .name = "InputLogEvent", SHAPE_MEMBERS(event_members)};
static const struct shape events = {
    .kind = SHAPE_LIST, .element = &event, SHAPE_BETWEEN(1, LOG_BATCH_COUNT_MAX)};
static const struct shape_member put_log_events[] = {
    GROUP,
    SHAPE_MEMBER("logStreamName", &stream_name, REQUIRED),
    SHAPE_MEMBER("logEvents", &events, REQUIRED),
    SHAPE_MEMBER("sequenceToken", &token, OPTIONAL),
    SHAPE_REFUSED("entity"),
};
const struct shape shape_put_log_events = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(put_log_events)};

/* unmask: no data is masked here. */
static const struct shape_member get_log_events[] = {
    GROUP_OR_IDENTIFIER,
    SHAPE_MEMBER("logStreamName", &stream_name, REQUIRED),
    SHAPE_MEMBER("startTime", &timestamp, OPTIONAL),
    SHAPE_MEMBER("endTime", &timestamp, OPTIONAL),
    SHAPE_MEMBER("nextToken", &token, OPTIONAL),
    SHAPE_MEMBER("limit", &events_limit, OPTIONAL),
    SHAPE_MEMBER("startFromHead", &boolean, OPTIONAL),
    SHAPE_MEMBER("unmask", &boolean, OPTIONAL),
};
const struct shape shape_get_log_events = {.kind = SHAPE_STRUCTURE, SHAPE_MEMBERS(get_log_events)};

/* interleaved: it always is, as on AWS since 2019. */
static const struct shape stream_names = {
    .kind = SHAPE_LIST, .element = &stream_name, SHAPE_BETWEEN(1, LOG_SEARCH_STREAMS_MAX)};
static const struct shape_member filter_log_events[] = {
    GROUP_OR_IDENTIFIER,
    SHAPE_MEMBER("logStreamNames", &stream_names, OPTIONAL),
    SHAPE_MEMBER("logStreamNamePrefix", &stream_name, OPTIONAL),
    SHAPE_MEMBER("startTime", &timestamp, OPTIONAL),
    SHAPE_MEMBER("endTime", &timestamp, OPTIONAL),
    SHAPE_MEMBER("filterPattern", &filter_pattern, OPTIONAL),
    SHAPE_MEMBER("nextToken", &token, OPTIONAL),
    SHAPE_MEMBER("limit", &events_limit, OPTIONAL),
    SHAPE_MEMBER("interleaved", &boolean, OPTIONAL),
    SHAPE_MEMBER("unmask", &boolean, OPTIONAL),
};
const struct shape shape_filter_log_events = {.kind = SHAPE_STRUCTURE,
                                              SHAPE_MEMBERS(filter_log_events)};
