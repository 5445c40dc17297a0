/* Random histories of item operations, JSON in and JSON out, against a model that is too simple to
 * be wrong: an array of items, looked at from the front. What each operation answers in all its
 * forms, what a failed condition leaves alone, what an index shows, and in the end the table's
 * change stream have to agree with it. A failure prints its seed and the call; TEST_SEED=N replays
 * it. */
#include "api/item_model_read.h"
#include "api/item_model_write.h"

#define STEPS 300
#define HISTORIES 4

/* ---- the change stream ---- */

static bool is_key_of(struct key key, const struct item *keys)
{
    struct item item = key_item(key);

    return item_equal(&item, keys);
}

/* The first change of this item that was not seen yet. */
static void expect_record(const struct json *record)
{
    const struct json *change = json_get(record, "dynamodb");
    struct item keys = item_of(json_get(change, "Keys"));
    struct bytes name = json_string(json_get(record, "eventName"));

    for (size_t i = 0; i < m.change_count; i++) {
        struct step_change *c = &m.changes[i];

        if (c->seen || !is_key_of(c->key, &keys))
            continue;
        c->seen = true;
        if (!bytes_equal_text(name, c->old == NULL   ? "INSERT"
                                    : c->new == NULL ? "REMOVE"
                                                     : "MODIFY"))
            fail_call("another eventName");
        expect_item(json_get(change, "OldImage"), c->old, "OldImage");
        expect_item(json_get(change, "NewImage"), c->new, "NewImage");
        return;
    }
    fail_call("a record of nothing");
}

static void read_shard(struct bytes arn, struct bytes shard)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(1 << 16);
    struct bytes iterator = {NULL, 0};
    size_t count = 0;

    buffer_printf(&body,
                  "{\"StreamArn\":\"%.*s\",\"ShardId\":\"%.*s\",\"ShardIteratorType\":"
                  "\"TRIM_HORIZON\"}",
                  BYTES_ARG(arn), BYTES_ARG(shard));
    iterator = json_string(
        json_get(ask_of("DynamoDBStreams_20120810", "GetShardIterator", &body), "ShardIterator"));
    do {
        const struct json *answer = NULL;

        buffer_clear(&body);
        buffer_printf(&body, "{\"ShardIterator\":\"%.*s\",\"Limit\":%u}", BYTES_ARG(iterator),
                      1 + draw(100));
        answer = ask_of("DynamoDBStreams_20120810", "GetRecords", &body);
        count = json_count(json_get(answer, "Records"));
        for (struct json_iter it = json_iter(json_get(answer, "Records")); json_next(&it);)
            expect_record(it.value);
        iterator = json_string(json_get(answer, "NextShardIterator"));
    } while (iterator.size > 0 && count > 0);
}

/* Every change has its record, with both images, in the order of its item. */
static void check_stream(struct bytes arn)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(4096);
    const struct json *shards = NULL;

    buffer_printf(&body, "{\"StreamArn\":\"%.*s\"}", BYTES_ARG(arn));
    shards = json_get(
        json_get(ask_of("DynamoDBStreams_20120810", "DescribeStream", &body), "StreamDescription"),
        "Shards");
    for (struct json_iter it = json_iter(shards); json_next(&it);)
        read_shard(arn, json_string(json_get(it.value, "ShardId")));
    for (size_t i = 0; i < m.change_count; i++)
        if (!m.changes[i].seen)
            fail_call("a change has no record");
}

/* ---- histories ---- */

static struct bytes create_table(void)
{
    AUTO(buffer_free) struct buffer body = begin_body();

    buffer_append_text(
        &body, ",\"BillingMode\":\"PAY_PER_REQUEST\",\"AttributeDefinitions\":["
               "{\"AttributeName\":\"pk\",\"AttributeType\":\"S\"},"
               "{\"AttributeName\":\"sk\",\"AttributeType\":\"N\"},"
               "{\"AttributeName\":\"g\",\"AttributeType\":\"S\"}],\"KeySchema\":["
               "{\"AttributeName\":\"pk\",\"KeyType\":\"HASH\"},"
               "{\"AttributeName\":\"sk\",\"KeyType\":\"RANGE\"}],\"GlobalSecondaryIndexes\":[{"
               "\"IndexName\":\"by-g\",\"Projection\":{\"ProjectionType\":\"ALL\"},\"KeySchema\":["
               "{\"AttributeName\":\"g\",\"KeyType\":\"HASH\"},"
               "{\"AttributeName\":\"sk\",\"KeyType\":\"RANGE\"}]}],\"StreamSpecification\":{"
               "\"StreamEnabled\":true,\"StreamViewType\":\"NEW_AND_OLD_IMAGES\"}}");
    return arena_copy(m.arena,
                      json_string(json_get(json_get(ask("CreateTable", &body), "TableDescription"),
                                           "LatestStreamArn")));
}

static void step(void)
{
    static void (*const steps[])(void) = {
        put_one,   put_one,   update_one, update_one, update_one,  get_one,  get_one,
        query_one, query_one, delete_one, batch_get,  batch_write, scan_all, read_index};

    PICK(steps)();
    arena_reset(m.call);
}

static void run_history(uint64_t seed)
{
    memset(&m, 0, sizeof m);
    m.seed = seed;
    m.random = seed << 20;
    m.arena = arena_new();
    m.call = arena_new();
    test_api_open(&m.api);

    struct bytes arn = create_table();

    for (size_t i = 0; i < STEPS; i++)
        step();
    test_api_settle(&m.api);
    check_stream(arn);
    test_api_close(&m.api);
    arena_free(m.call);
    arena_free(m.arena);
}

static void test_histories(void **state)
{
    const char *given = getenv("TEST_SEED");
    uint64_t seed = clock_monotonic_ns();

    (void)state;
    if (given != NULL && bytes_to_uint64(bytes_of_text(given), &seed)) {
        run_history(seed);
        return;
    }
    for (size_t i = 0; i < HISTORIES; i++)
        run_history(seed + i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_histories)};

    return cmocka_run_group_tests_name("api/item_model", tests, NULL, NULL);
}
