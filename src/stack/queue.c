/* stack/queue.c - AWS::SQS::Queue as CreateQueue and SetQueueAttributes.
 *
 * CreateQueue says only what never changes (name, kind) and so finds a queue that is there equal.
 * All else follows in one SetQueueAttributes when all queues are there, because a RedrivePolicy
 * names another one: every attribute is in it, those that the file does not say with AWS's default.
 * So a queue that is there becomes what the file says, as in AWS. */
#include "stack/loader.h"

#define QUEUE_NAME_SIZE_MAX 80

/* ---- attributes ---- */

enum attribute_kind { ATTRIBUTE_NUMBER, ATTRIBUTE_BOOLEAN, ATTRIBUTE_TEXT, ATTRIBUTE_JSON };

static const struct attribute {
    const char *name;
    enum attribute_kind kind;
    const char *usual; /* when the file does not say; NULL: it is left as it is */
    int64_t smallest, largest;
    bool fifo_only;
} attributes[] = {
    {"DelaySeconds", ATTRIBUTE_NUMBER, "0", 0, 900, false},
    {"MaximumMessageSize", ATTRIBUTE_NUMBER, "1048576", 1024, 1048576, false},
    {"MessageRetentionPeriod", ATTRIBUTE_NUMBER, "345600", 60, 1209600, false},
    {"ReceiveMessageWaitTimeSeconds", ATTRIBUTE_NUMBER, "0", 0, 20, false},
    {"VisibilityTimeout", ATTRIBUTE_NUMBER, "30", 0, 43200, false},
    {"RedrivePolicy", ATTRIBUTE_JSON, "", 0, 0, false},
    {"RedriveAllowPolicy", ATTRIBUTE_JSON, "", 0, 0, false},
    {"KmsMasterKeyId", ATTRIBUTE_TEXT, "", 0, 0, false},
    {"KmsDataKeyReusePeriodSeconds", ATTRIBUTE_NUMBER, "300", 60, 86400, false},
    {"SqsManagedSseEnabled", ATTRIBUTE_BOOLEAN, NULL, 0, 0, false},
    {"ContentBasedDeduplication", ATTRIBUTE_BOOLEAN, "false", 0, 0, true},
    {"DeduplicationScope", ATTRIBUTE_TEXT, "queue", 0, 0, true},
    {"FifoThroughputLimit", ATTRIBUTE_TEXT, "perQueue", 0, 0, true},
};

static const struct key_rule keys[] = {
    {"QueueName", NULL},
    {"FifoQueue", NULL},
    {"Tags", NULL},
    {"DelaySeconds", NULL},
    {"MaximumMessageSize", NULL},
    {"MessageRetentionPeriod", NULL},
    {"ReceiveMessageWaitTimeSeconds", NULL},
    {"VisibilityTimeout", NULL},
    {"RedrivePolicy", NULL},
    {"RedriveAllowPolicy", NULL},
    {"KmsMasterKeyId", NULL},
    {"KmsDataKeyReusePeriodSeconds", NULL},
    {"SqsManagedSseEnabled", NULL},
    {"ContentBasedDeduplication", NULL},
    {"DeduplicationScope", NULL},
    {"FifoThroughputLimit", NULL},
};

static enum status attribute_text(struct loader *loader, const struct attribute *attribute,
                                  const struct node *node, struct bytes *ret)
{
    int64_t number = 0;
    bool yes = false;
    enum status status = OK;

    switch (attribute->kind) {
    case ATTRIBUTE_NUMBER:
        status = read_integer(loader, node, attribute->name, attribute->smallest,
                              attribute->largest, &number);
        *ret = arena_printf(loader->arena, "%lld", (long long)number);
        return status;
    case ATTRIBUTE_BOOLEAN:
        status = read_boolean(loader, node, attribute->name, &yes);
        *ret = yes ? BYTES("true") : BYTES("false");
        return status;
    case ATTRIBUTE_TEXT:
        return read_text(loader, node, attribute->name, ret);
    case ATTRIBUTE_JSON:
        return rules_json(loader, node, attribute->name, true, ret);
    }
    assert(false && "an attribute of no kind");
    return OK;
}

static enum status write_attributes(struct loader *loader, struct json_writer *writer,
                                    const struct node *properties, bool fifo)
{
    for (size_t i = 0; i < ARRAY_COUNT(attributes); i++) {
        const struct attribute *attribute = &attributes[i];
        const struct node *node = node_get(properties, attribute->name);
        struct bytes text = {0};
        enum status status = OK;

        if (attribute->fifo_only && !fifo && !node_is_nothing(node))
            return loader_refuse(loader, node->where, "%s: expected FifoQueue: true with it",
                                 attribute->name);
        if (attribute->fifo_only && !fifo)
            continue;
        if (!node_is_nothing(node))
            status = attribute_text(loader, attribute, node, &text);
        else if (attribute->usual != NULL)
            text = bytes_of_text(attribute->usual);
        else
            continue;
        if (status != OK)
            return status;
        json_member_string(writer, attribute->name, text);
    }
    return OK;
}

/* ---- name and kind ---- */

static enum status read_head(struct loader *loader, struct bytes id, const struct node *resource,
                             const struct node **ret_properties, struct bytes *ret_name,
                             bool *ret_fifo)
{
    const struct node *name = NULL;
    enum status status = property_read(loader, id, resource, ret_properties);

    *ret_fifo = false;
    if (status == OK)
        status =
            read_boolean(loader, node_get(*ret_properties, "FifoQueue"), "FifoQueue", ret_fifo);
    if (status == OK)
        status = references_name(loader, id, resource, ret_name);
    if (status != OK)
        return status;
    name = node_get(*ret_properties, "QueueName");
    if (*ret_fifo && !bytes_end_with(*ret_name, BYTES(".fifo")))
        return loader_refuse(loader, name->where,
                             "QueueName: expected a name that ends with .fifo, because FifoQueue "
                             "is true, got %.*s",
                             BYTES_ARG(node_describe(loader->arena, name)));
    if (!*ret_fifo && bytes_end_with(*ret_name, BYTES(".fifo")))
        return loader_refuse(loader, name->where,
                             "QueueName: expected FifoQueue: true with a name that ends with "
                             ".fifo");
    if (ret_name->size > QUEUE_NAME_SIZE_MAX)
        return loader_refuse(loader, name != NULL ? name->where : resource->where,
                             "QueueName: expected at most %d characters, got %zu",
                             QUEUE_NAME_SIZE_MAX, ret_name->size);
    return OK;
}

static struct bytes url_of(struct loader *loader, struct bytes name)
{
    return arena_printf(loader->arena, "http://127.0.0.1/%s/%.*s", loader->place.account,
                        BYTES_ARG(name));
}

static enum status add_tags(struct loader *loader, struct bytes id, const struct node *resource,
                            const struct node *tags, struct bytes name)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(LOADER_BODY_SIZE_MAX);
    struct json_writer writer = JSON_WRITER(&body);
    enum status status = OK;

    if (node_is_nothing(tags))
        return OK;
    json_begin_object(&writer);
    json_member_string(&writer, "QueueUrl", url_of(loader, name));
    status = property_write_tags(loader, &writer, "Tags", tags);
    json_end_object(&writer);
    if (status == OK && tags->count == 0)
        return OK;
    if (status != OK)
        return status;
    return loader_add_call(loader, "AmazonSQS.TagQueue", &body, id, resource->where);
}

enum status queue_read(struct loader *loader, struct bytes id, const struct node *resource)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(LOADER_BODY_SIZE_MAX);
    struct json_writer writer = JSON_WRITER(&body);
    const struct node *properties = NULL;
    struct bytes name = {0};
    bool fifo = false;
    enum status status = read_head(loader, id, resource, &properties, &name, &fifo);

    if (status != OK)
        return status;
    read_check_keys(loader, properties, keys, ARRAY_COUNT(keys), "a queue");
    json_begin_object(&writer);
    json_member_string(&writer, "QueueName", name);
    if (fifo) {
        json_key(&writer, "Attributes");
        json_begin_object(&writer);
        json_member_text(&writer, "FifoQueue", "true");
        json_end_object(&writer);
    }
    json_end_object(&writer);
    status = loader_add_call(loader, "AmazonSQS.CreateQueue", &body, id, resource->where);
    if (status == OK)
        status = loader_add_made(loader, arena_printf(loader->arena, "queue %.*s", BYTES_ARG(name)),
                                 NULL, NULL, resource->where);
    return status == OK ? add_tags(loader, id, resource, node_get(properties, "Tags"), name)
                        : status;
}

enum status queue_read_attributes(struct loader *loader, struct bytes id,
                                  const struct node *resource)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(LOADER_BODY_SIZE_MAX);
    struct json_writer writer = JSON_WRITER(&body);
    const struct node *properties = NULL;
    struct bytes name = {0};
    bool fifo = false;
    enum status status = read_head(loader, id, resource, &properties, &name, &fifo);

    if (status != OK)
        return status;
    json_begin_object(&writer);
    json_member_string(&writer, "QueueUrl", url_of(loader, name));
    json_key(&writer, "Attributes");
    json_begin_object(&writer);
    status = write_attributes(loader, &writer, properties, fifo);
    json_end_object(&writer);
    json_end_object(&writer);
    return status == OK
               ? loader_add_call(loader, "AmazonSQS.SetQueueAttributes", &body, id, resource->where)
               : status;
}
