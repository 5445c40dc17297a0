/* bench/load/work.c - the works: what request number n looks like. Items are events of the seed's
 * shape, about 330 bytes of a PutItem's body; their partition keys are scattered, as ids are. */
#include "load.h"
#include "text.h"

#include <string.h>

/* One to one, so that new numbers are new keys (splitmix64's last step). */
static uint64_t scattered(uint64_t n)
{
    n = (n ^ (n >> 30)) * 0xbf58476d1ce4e5b9U;
    n = (n ^ (n >> 27)) * 0x94d049bb133111ebU;
    return n ^ (n >> 31);
}

static void add_key(struct text *text, uint64_t partition, unsigned sk)
{
    text_add(text, "\"pk\":{\"S\":\"users#%016llx#stream\"},\"sk\":{\"N\":\"%u\"}",
             (unsigned long long)scattered(partition), sk);
}

/* Of an item that fill made. */
static void add_key_of(struct text *text, uint64_t item)
{
    add_key(text, item / LOAD_ITEMS_PER_PARTITION, (unsigned)(item % LOAD_ITEMS_PER_PARTITION) + 1);
}

static void add_item(struct text *text, uint64_t partition, unsigned sk)
{
    text_add(text, "{");
    add_key(text, partition, sk);
    text_add(text, ",\"log\":{\"S\":\"users\"},\"type\":{\"S\":\"signup\"},\"payload\":{\"M\":{"
                   "\"name\":{\"S\":\"Grace Hopper\"},\"email\":{\"S\":\"grace@example.com\"},"
                   "\"phone\":{\"S\":\"+46 8 123 456 78\"},\"visits\":{\"N\":\"12\"}}}}");
}

/* ---- the request around a body ---- */

#define HEAD_SIZE 512

static size_t finish(const struct load_options *options, char *out, struct text body,
                     const char *start, const char *service, const char *version,
                     const char *operation)
{
    char head[HEAD_SIZE];
    size_t size = (size_t)(body.at - start);
    int head_size =
        snprintf(head, sizeof head,
                 "POST / HTTP/1.1\r\nHost: %s:%s\r\nContent-Type: application/x-amz-json-1.%s\r\n"
                 "X-Amz-Target: %s.%s\r\nX-Amz-Date: 20260101T000000Z\r\n"
                 "Authorization: AWS4-HMAC-SHA256 Credential=local/20260101/eu-west-1/%s/"
                 "aws4_request, SignedHeaders=host;x-amz-date, Signature=0000\r\n"
                 "Content-Length: %zu\r\n\r\n",
                 options->host, options->port, strcmp(service, "events") == 0 ? "1" : "0", version,
                 operation, service, size);

    memmove(out + head_size, start, size);
    memcpy(out, head, (size_t)head_size);
    return (size_t)head_size + size;
}

static struct text body_of(char *out)
{
    return (struct text){out + HEAD_SIZE, out + LOAD_REQUEST_SIZE_MAX};
}

static size_t dynamodb(const struct load_options *options, char *out, struct text body,
                       const char *operation)
{
    return finish(options, out, body, out + HEAD_SIZE, "dynamodb", "DynamoDB_20120810", operation);
}

/* ---- writes ---- */

/* A partition that nobody has yet. */
static uint64_t new_partition(const struct load_options *options, uint64_t n)
{
    return options->items / LOAD_ITEMS_PER_PARTITION + 1 + options->first + n;
}

static size_t print_put(const struct load_options *options, char *out, uint64_t n, uint64_t random)
{
    struct text body = body_of(out);

    (void)random;
    text_add(&body, "{\"TableName\":\"%s\",\"Item\":", options->table);
    add_item(&body, new_partition(options, n), 1);
    text_add(&body, ",\"ConditionExpression\":\"attribute_not_exists(pk)\"}");
    return dynamodb(options, out, body, "PutItem");
}

/* One of a BatchWriteItem. */
static void add_write(struct text *text, bool first, uint64_t partition, unsigned sk)
{
    text_add(text, "%s{\"PutRequest\":{\"Item\":", first ? "" : ",");
    add_item(text, partition, sk);
    text_add(text, "}}");
}

static size_t print_batch(const struct load_options *options, char *out, uint64_t n,
                          uint64_t random)
{
    struct text body = body_of(out);

    (void)random;
    text_add(&body, "{\"RequestItems\":{\"%s\":[", options->table);
    for (unsigned i = 0; i < 25; i++)
        add_write(&body, i == 0, new_partition(options, n * 25 + i), 1);
    text_add(&body, "]}}");
    return dynamodb(options, out, body, "BatchWriteItem");
}

/* Items 0, 1, 2, ...: ten of a partition follow each other. */
static size_t print_fill(const struct load_options *options, char *out, uint64_t n, uint64_t random)
{
    struct text body = body_of(out);

    (void)random;
    if (n * 25 >= options->items)
        return 0;
    text_add(&body, "{\"RequestItems\":{\"%s\":[", options->table);
    for (uint64_t i = n * 25; i < n * 25 + 25 && i < options->items; i++)
        add_write(&body, i == n * 25, i / LOAD_ITEMS_PER_PARTITION,
                  (unsigned)(i % LOAD_ITEMS_PER_PARTITION) + 1);
    text_add(&body, "]}}");
    return dynamodb(options, out, body, "BatchWriteItem");
}

static size_t print_transact(const struct load_options *options, char *out, uint64_t n,
                             uint64_t random)
{
    struct text body = body_of(out);

    (void)random;
    text_add(&body, "{\"TransactItems\":[");
    for (unsigned i = 0; i < 2; i++) {
        text_add(&body, "%s{\"Put\":{\"TableName\":\"%s\",\"Item\":", i > 0 ? "," : "",
                 options->table);
        add_item(&body, new_partition(options, n * 2 + i), 1);
        text_add(&body, ",\"ConditionExpression\":\"attribute_not_exists(pk)\"}}");
    }
    text_add(&body, "]}");
    return dynamodb(options, out, body, "TransactWriteItems");
}

static size_t print_update(const struct load_options *options, char *out, uint64_t n,
                           uint64_t random)
{
    struct text body = body_of(out);
    uint64_t item = random % options->items;

    (void)n;
    text_add(&body, "{\"TableName\":\"%s\",\"Key\":{", options->table);
    add_key_of(&body, item);
    text_add(&body,
             "},\"UpdateExpression\":\"SET #t = :t ADD visits :one\","
             "\"ConditionExpression\":\"attribute_exists(pk)\","
             "\"ExpressionAttributeNames\":{\"#t\":\"type\"},"
             "\"ExpressionAttributeValues\":{\":t\":{\"S\":\"seen\"},\":one\":{\"N\":\"1\"}}}");
    return dynamodb(options, out, body, "UpdateItem");
}

static size_t print_events(const struct load_options *options, char *out, uint64_t n,
                           uint64_t random)
{
    struct text body = body_of(out);

    (void)random;
    text_add(&body, "{\"Entries\":[");
    for (unsigned i = 0; i < 10; i++)
        text_add(
            &body,
            "%s{\"EventBusName\":\"%s\",\"Source\":\"load\",\"DetailType\":\"users\",\"Detail\":"
            "\"{\\\"pk\\\":\\\"users#%016llx#stream\\\",\\\"sk\\\":1,\\\"log\\\":\\\"users\\\","
            "\\\"type\\\":\\\"signup\\\",\\\"payload\\\":{\\\"name\\\":\\\"Grace Hopper\\\","
            "\\\"email\\\":\\\"grace@example.com\\\"}}\"}",
            i > 0 ? "," : "", options->bus, (unsigned long long)scattered(n * 10 + i));
    text_add(&body, "]}");
    return finish(options, out, body, out + HEAD_SIZE, "events", "AWSEvents", "PutEvents");
}

/* ---- reads ---- */

static size_t print_get(const struct load_options *options, char *out, uint64_t n, uint64_t random)
{
    struct text body = body_of(out);
    uint64_t item = random % options->items;

    (void)n;
    text_add(&body, "{\"TableName\":\"%s\",\"Key\":{", options->table);
    add_key_of(&body, item);
    text_add(&body, "}}");
    return dynamodb(options, out, body, "GetItem");
}

static size_t print_query(const struct load_options *options, char *out, uint64_t n,
                          uint64_t random)
{
    struct text body = body_of(out);
    uint64_t partitions = options->items / LOAD_ITEMS_PER_PARTITION;

    (void)n;
    text_add(&body,
             "{\"TableName\":\"%s\",\"KeyConditionExpression\":\"pk = :pk\","
             "\"ExpressionAttributeValues\":{\":pk\":{\"S\":\"users#%016llx#stream\"}}}",
             options->table, (unsigned long long)scattered(random % partitions));
    return dynamodb(options, out, body, "Query");
}

/* ---- Redis ---- */

static void add_bulk(struct text *text, const char *bulk)
{
    text_add(text, "$%zu\r\n%s\r\n", strlen(bulk), bulk);
}

static const char *event_text(char *room, size_t size, uint64_t n)
{
    snprintf(room, size,
             "{\"pk\":\"users#%016llx#stream\",\"sk\":1,\"log\":\"users\",\"type\":\"signup\","
             "\"payload\":{\"name\":\"Grace Hopper\",\"email\":\"grace@example.com\","
             "\"phone\":\"+46 8 123 456 78\",\"visits\":12}}",
             (unsigned long long)scattered(n));
    return room;
}

static size_t print_xadd(const struct load_options *options, char *out, uint64_t n, uint64_t random)
{
    struct text text = {out, out + LOAD_REQUEST_SIZE_MAX};
    char event[HEAD_SIZE];

    (void)random;
    text_add(&text, "*5\r\n");
    add_bulk(&text, "XADD");
    add_bulk(&text, options->table);
    add_bulk(&text, "*");
    add_bulk(&text, "event");
    add_bulk(&text, event_text(event, sizeof event, options->first + n));
    return (size_t)(text.at - out);
}

/* The nearest to attribute_not_exists: one key a stream, and the event, in one step. */
static size_t print_xadd_if(const struct load_options *options, char *out, uint64_t n,
                            uint64_t random)
{
    struct text text = {out, out + LOAD_REQUEST_SIZE_MAX};
    char event[HEAD_SIZE], key[64];

    (void)random;
    snprintf(key, sizeof key, "users#%016llx#stream",
             (unsigned long long)scattered(options->first + n));
    text_add(&text, "*6\r\n");
    add_bulk(&text, "EVAL");
    add_bulk(&text, "if redis.call('SETNX', KEYS[1], 1) == 1 then "
                    "return redis.call('XADD', KEYS[2], '*', 'event', ARGV[1]) "
                    "else return redis.error_reply('exists') end");
    add_bulk(&text, "2");
    add_bulk(&text, key);
    add_bulk(&text, options->table);
    add_bulk(&text, event_text(event, sizeof event, options->first + n));
    return (size_t)(text.at - out);
}

static const struct load_work works[] = {
    {"put", print_put, 1, false, NULL},
    {"update", print_update, 1, false, NULL},
    {"get", print_get, 1, false, "\"Item\":"},
    {"query", print_query, 1, false, "\"Count\":10"},
    {"batch", print_batch, 25, false, "\"UnprocessedItems\":{}"},
    {"transact", print_transact, 2, false, NULL},
    {"events", print_events, 10, false, "\"FailedEntryCount\":0"},
    {"fill", print_fill, 25, false, "\"UnprocessedItems\":{}"},
    {"xadd", print_xadd, 1, true, NULL},
    {"xadd-if", print_xadd_if, 1, true, NULL},
};

const struct load_work *load_work_named(const char *name)
{
    for (size_t i = 0; i < sizeof works / sizeof works[0]; i++)
        if (strcmp(works[i].name, name) == 0)
            return &works[i];
    return NULL;
}

void load_list_works(FILE *out)
{
    for (size_t i = 0; i < sizeof works / sizeof works[0]; i++)
        fprintf(out, "%s%s", i > 0 ? " " : "", works[i].name);
}
