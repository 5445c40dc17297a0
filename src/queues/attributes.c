/* queues/attributes.c - attributes of queues as text: a table of them, their limits and defaults.
 * (AWS: SQS API reference, CreateQueue, SetQueueAttributes, GetQueueAttributes.) */
#include "queues/internal.h"

#include "json/json.h"

#include <inttypes.h>

#define POLICY_SIZE_MAX ((size_t)20 * 1024) /* IAM's limit for a policy of a resource */
#define KMS_KEY_SIZE_MAX 2048

enum attribute_kind { ATTRIBUTE_NUMBER, ATTRIBUTE_BOOLEAN, ATTRIBUTE_WORD, ATTRIBUTE_TEXT };

struct attribute {
    const char *name;
    enum attribute_kind kind;
    size_t offset; /* in struct queue_settings */
    uint32_t min, max, usual;
    const char *words[2];
    bool fifo_only;
};

#define AT(member) offsetof(struct queue_settings, member)

static const struct attribute attributes[] = {
    {"VisibilityTimeout",
     ATTRIBUTE_NUMBER,
     AT(visibility_s),
     0,
     QUEUE_VISIBILITY_S_MAX,
     30,
     {0},
     false},
    {"MaximumMessageSize",
     ATTRIBUTE_NUMBER,
     AT(size_max),
     QUEUE_MESSAGE_SIZE_MIN,
     QUEUE_MESSAGE_SIZE_MAX,
     QUEUE_MESSAGE_SIZE_MAX,
     {0},
     false},
    {"MessageRetentionPeriod",
     ATTRIBUTE_NUMBER,
     AT(retention_s),
     QUEUE_RETENTION_S_MIN,
     QUEUE_RETENTION_S_MAX,
     345600,
     {0},
     false},
    {"DelaySeconds", ATTRIBUTE_NUMBER, AT(delay_s), 0, QUEUE_DELAY_S_MAX, 0, {0}, false},
    {"ReceiveMessageWaitTimeSeconds",
     ATTRIBUTE_NUMBER,
     AT(wait_s),
     0,
     QUEUE_WAIT_S_MAX,
     0,
     {0},
     false},
    {"Policy", ATTRIBUTE_TEXT, AT(policy), 0, 0, 0, {0}, false},
    {"RedrivePolicy", ATTRIBUTE_TEXT, AT(redrive_policy), 0, 0, 0, {0}, false},
    {"RedriveAllowPolicy", ATTRIBUTE_TEXT, AT(redrive_allow_policy), 0, 0, 0, {0}, false},
    {"FifoQueue", ATTRIBUTE_BOOLEAN, AT(fifo), 0, 0, 0, {0}, true},
    {"ContentBasedDeduplication",
     ATTRIBUTE_BOOLEAN,
     AT(content_based_deduplication),
     0,
     0,
     0,
     {0},
     true},
    {"DeduplicationScope",
     ATTRIBUTE_WORD,
     AT(deduplication_scope),
     0,
     0,
     0,
     {"queue", "messageGroup"},
     true},
    {"FifoThroughputLimit",
     ATTRIBUTE_WORD,
     AT(fifo_throughput_limit),
     0,
     0,
     0,
     {"perQueue", "perMessageGroupId"},
     true},
    {"KmsMasterKeyId", ATTRIBUTE_TEXT, AT(kms_key), 0, 0, 0, {0}, false},
    {"KmsDataKeyReusePeriodSeconds", ATTRIBUTE_NUMBER, AT(kms_reuse_s), 60, 86400, 300, {0}, false},
    {"SqsManagedSseEnabled", ATTRIBUTE_BOOLEAN, AT(managed_sse), 0, 0, 1, {0}, false},
};

/* What is told, but cannot be set. The numbers of messages are the caller's to add. */
static const char *const told_only[] = {
    "QueueArn",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
};

static void *member_of(struct queue_settings *settings, const struct attribute *attribute)
{
    return (char *)settings + attribute->offset;
}

static const void *const_member_of(const struct queue_settings *settings,
                                   const struct attribute *attribute)
{
    return (const char *)settings + attribute->offset;
}

void settings_init(struct queue_settings *settings, bool fifo)
{
    *settings = (struct queue_settings){.visibility_s = 0};
    for (size_t i = 0; i < ARRAY_COUNT(attributes); i++) {
        if (attributes[i].kind == ATTRIBUTE_NUMBER || attributes[i].kind == ATTRIBUTE_WORD)
            *(uint32_t *)member_of(settings, &attributes[i]) = attributes[i].usual;
        else if (attributes[i].kind == ATTRIBUTE_BOOLEAN)
            *(bool *)member_of(settings, &attributes[i]) = attributes[i].usual != 0;
    }
    settings->fifo = fifo;
}

static const struct attribute *attribute_named(struct bytes name)
{
    for (size_t i = 0; i < ARRAY_COUNT(attributes); i++)
        if (bytes_equal_text(name, attributes[i].name))
            return &attributes[i];
    return NULL;
}

bool queue_attribute_is_known(struct bytes name)
{
    for (size_t i = 0; i < ARRAY_COUNT(told_only); i++)
        if (bytes_equal_text(name, told_only[i]))
            return true;
    return attribute_named(name) != NULL || bytes_equal_text(name, "All");
}

/* ---- setting ---- */

static enum status refuse_unknown(struct bytes name, struct api_error *error)
{
    return api_refuse(error, API_INVALID_ATTRIBUTE_NAME, "Unknown Attribute %.*s.",
                      BYTES_ARG(name));
}

static enum status refuse_value(const struct attribute *attribute, struct api_error *error)
{
    return api_refuse(error, API_INVALID_ATTRIBUTE_VALUE, "Invalid value for the parameter %s.",
                      attribute->name);
}

static enum status set_number(struct queue_settings *settings, const struct attribute *attribute,
                              struct bytes value, struct api_error *error)
{
    uint64_t number = 0;

    if (!bytes_to_uint64(value, &number) || number < attribute->min || number > attribute->max)
        return refuse_value(attribute, error);
    *(uint32_t *)member_of(settings, attribute) = (uint32_t)number;
    return OK;
}

static enum status set_boolean(struct queue_settings *settings, const struct attribute *attribute,
                               struct bytes value, struct api_error *error)
{
    bool yes = bytes_equal_ignore_case(value, BYTES("true"));

    if (!yes && !bytes_equal_ignore_case(value, BYTES("false")))
        return refuse_value(attribute, error);
    *(bool *)member_of(settings, attribute) = yes;
    return OK;
}

static enum status set_word(struct queue_settings *settings, const struct attribute *attribute,
                            struct bytes value, struct api_error *error)
{
    for (uint32_t i = 0; i < ARRAY_COUNT(attribute->words); i++)
        if (bytes_equal_text(value, attribute->words[i])) {
            *(uint32_t *)member_of(settings, attribute) = i;
            return OK;
        }
    return refuse_value(attribute, error);
}

static enum status check_policy(const struct attribute *attribute, struct bytes value,
                                struct arena *arena, struct api_error *error)
{
    const struct json *json = NULL;

    if (value.size > POLICY_SIZE_MAX || json_parse(arena, value, &json, NULL) != OK ||
        !json_is(json, JSON_OBJECT))
        return refuse_value(attribute, error);
    return OK;
}

/* An empty text takes the attribute away. */
static enum status set_text(struct queue_settings *settings, const struct attribute *attribute,
                            struct bytes value, struct arena *arena, struct api_error *error)
{
    enum status status = OK;

    if (attribute->offset == AT(redrive_policy))
        status = policy_read_redrive(settings, value, arena, error);
    else if (attribute->offset == AT(redrive_allow_policy))
        status = policy_check_allow(value, arena, error);
    else if (attribute->offset == AT(policy) && value.size > 0)
        status = check_policy(attribute, value, arena, error);
    else if (attribute->offset == AT(kms_key) &&
             (value.size > KMS_KEY_SIZE_MAX || !message_text_is_allowed(value)))
        status = refuse_value(attribute, error);
    if (status != OK)
        return status;
    *(struct bytes *)member_of(settings, attribute) = arena_copy(arena, value);
    return OK;
}

/* One kind of encryption at a time: the one that was set last. */
static void settle_encryption(struct queue_settings *settings, const struct attribute *attribute)
{
    if (attribute->offset == AT(kms_key) && settings->kms_key.size > 0)
        settings->managed_sse = false;
    if (attribute->offset == AT(managed_sse) && settings->managed_sse)
        settings->kms_key = (struct bytes){NULL, 0};
}

static enum status check_kind(const struct queue_settings *settings,
                              const struct attribute *attribute, struct bytes value, bool creating,
                              struct api_error *error)
{
    bool scope = attribute->kind == ATTRIBUTE_WORD;

    if (!attribute->fifo_only)
        return OK;
    if (!settings->fifo && scope)
        return api_refuse(error, API_INVALID_ATTRIBUTE_NAME,
                          "You can specify the %s only when FifoQueue is set to true.",
                          attribute->name);
    if (!settings->fifo)
        return refuse_unknown(bytes_of_text(attribute->name), error);
    if (attribute->offset == AT(fifo) && !creating &&
        bytes_equal_ignore_case(value, BYTES("false")))
        return api_refuse(error, API_INVALID_ATTRIBUTE_VALUE,
                          "Invalid value for the parameter FifoQueue. Reason: Modifying queue type "
                          "is not supported.");
    return OK;
}

enum status settings_set(struct queue_settings *settings, struct bytes name, struct bytes value,
                         bool creating, struct arena *arena, struct api_error *error)
{
    const struct attribute *attribute = attribute_named(name);
    enum status status = OK;

    if (attribute == NULL)
        return refuse_unknown(name, error);
    status = check_kind(settings, attribute, value, creating, error);
    if (status != OK)
        return status;
    switch (attribute->kind) {
    case ATTRIBUTE_NUMBER:
        status = set_number(settings, attribute, value, error);
        break;
    case ATTRIBUTE_BOOLEAN:
        status = set_boolean(settings, attribute, value, error);
        break;
    case ATTRIBUTE_WORD:
        status = set_word(settings, attribute, value, error);
        break;
    case ATTRIBUTE_TEXT:
        status = set_text(settings, attribute, value, arena, error);
        break;
    }
    if (status == OK)
        settle_encryption(settings, attribute);
    return status;
}

/* ---- telling ---- */

/* False: the queue has no such attribute. */
static bool print_attribute(const struct queue_settings *settings,
                            const struct attribute *attribute, struct arena *arena,
                            struct bytes *ret)
{
    const void *member = const_member_of(settings, attribute);

    if (attribute->fifo_only && !settings->fifo)
        return false;
    if (attribute->offset == AT(kms_reuse_s) && settings->kms_key.size == 0 &&
        settings->kms_reuse_s == attribute->usual)
        return false;
    switch (attribute->kind) {
    case ATTRIBUTE_NUMBER:
        *ret = arena_printf(arena, "%" PRIu32, *(const uint32_t *)member);
        return true;
    case ATTRIBUTE_BOOLEAN:
        *ret = *(const bool *)member ? BYTES("true") : BYTES("false");
        return true;
    case ATTRIBUTE_WORD:
        *ret = bytes_of_text(attribute->words[*(const uint32_t *)member]);
        return true;
    case ATTRIBUTE_TEXT:
        *ret = *(const struct bytes *)member;
        return ret->size > 0;
    }
    assert(false && "no such kind");
    return false;
}

bool settings_at(const struct queue_settings *settings, size_t n, struct arena *arena,
                 struct queue_pair *ret)
{
    for (size_t i = 0; i < ARRAY_COUNT(attributes); i++) {
        if (!print_attribute(settings, &attributes[i], arena, &ret->value))
            continue;
        if (n-- == 0) {
            ret->name = bytes_of_text(attributes[i].name);
            return true;
        }
    }
    return false;
}

bool queue_attribute_at(const struct queue_view *queue, size_t n, struct arena *arena,
                        struct queue_pair *ret)
{
    switch (n) {
    case 0:
        *ret = (struct queue_pair){BYTES("QueueArn"), queue->arn};
        return true;
    case 1:
        *ret = (struct queue_pair){BYTES("CreatedTimestamp"),
                                   arena_printf(arena, "%" PRIu64, queue->created_ms / 1000)};
        return true;
    case 2:
        *ret = (struct queue_pair){BYTES("LastModifiedTimestamp"),
                                   arena_printf(arena, "%" PRIu64, queue->modified_ms / 1000)};
        return true;
    default:
        return settings_at(&queue->settings, n - 3, arena, ret);
    }
}

/* ---- comparing ---- */

/* Numbers and words are compared by what they mean, policies by their text. */
enum status settings_differ(const struct queue_settings *settings, const struct queue_pair *given,
                            size_t count, struct arena *arena, struct api_error *error,
                            struct bytes *ret_name)
{
    *ret_name = (struct bytes){NULL, 0};
    for (size_t i = 0; i < count; i++) {
        const struct attribute *attribute = attribute_named(given[i].name);
        struct queue_settings changed = *settings;
        struct bytes before = {NULL, 0}, after = {NULL, 0};
        enum status status =
            settings_set(&changed, given[i].name, given[i].value, true, arena, error);

        if (status != OK)
            return status;
        print_attribute(settings, attribute, arena, &before);
        print_attribute(&changed, attribute, arena, &after);
        if (!bytes_equal(before, after)) {
            *ret_name = bytes_of_text(attribute->name);
            return OK;
        }
    }
    return OK;
}
