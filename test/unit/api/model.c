/* Change streams against a simple model: random histories of writes, rolls, splits, restarts and
 * moves of the clock, while readers follow the shards' lineage. The model is a number for each
 * item, which every write raises; each reader must see every number of an item once and in order.
 *
 * Writes and changes of shards are not waited for: readers look while they are on their way between
 * the writer's thread and the loop, where the catalogue that they are told may be behind the store
 * that they read. TEST_SEED replays a history. */
#include "api/api_test.h"

#define STREAMS "DynamoDBStreams_20120810."
#define KEYS 8
#define STEPS 500
#define HISTORIES 4
#define LEASES_MAX 400
#define READERS 3

/* What a reader knows of a shard, as the Kinesis Client Library keeps it. */
struct lease {
    char id[STREAM_SHARD_ID_SIZE], parent[STREAM_SHARD_ID_SIZE];
    char start[STREAM_SEQUENCE_SIZE], last[STREAM_SEQUENCE_SIZE];
    char iterator[512]; /* empty: to be asked for */
    bool done;
};

struct reader {
    struct lease leases[LEASES_MAX];
    size_t count;
    size_t seen[KEYS];
};

struct history {
    struct test_api t;
    uint64_t random;
    char arn[256];
    uint32_t stream_id;
    size_t written[KEYS];
    size_t hours;
    struct reader readers[READERS]; /* through the API */
    struct {                        /* as the built-in trigger reads */
        uint64_t after;
        size_t seen[KEYS];
    } merged;
    size_t under_way; /* writes and changes of shards */
};

static uint64_t draw(struct history *h, uint64_t below)
{
    h->random ^= h->random << 13;
    h->random ^= h->random >> 7;
    h->random ^= h->random << 17;
    return h->random % below;
}

/* ---- what happens ---- */

struct put {
    struct history *h;
    struct arena *arena;
};

static void put_done(void *context, int http_status, struct bytes answer)
{
    struct put *put = context;

    if (http_status != 200)
        fail_msg("%.*s", BYTES_ARG(answer));
    put->h->under_way--;
    arena_free(put->arena);
}

static void write_one(struct history *h)
{
    struct arena *arena = arena_new();
    struct put *put = ARENA_NEW(arena, struct put);
    size_t key = draw(h, KEYS);

    *put = (struct put){h, arena};
    h->under_way++;
    api_call_local(h->t.api, "DynamoDB_20120810.PutItem",
                   arena_printf(arena,
                                "{\"TableName\":\"log\",\"Item\":{\"pk\":{\"S\":\"%zu\"},"
                                "\"n\":{\"N\":\"%zu\"}}}",
                                key, ++h->written[key]),
                   put_done, put);
}

struct rolling {
    struct history *h;
    struct table_change change;
};

static void shards_changed(struct table_change *change, enum status status)
{
    struct rolling *rolling = CONTAINER_OF(change, struct rolling, change);

    assert_true(status == OK || status == REFUSED); /* it may have been closed meanwhile */
    rolling->h->under_way--;
    arena_free(change->arena);
}

static void change_shards(struct history *h, enum shard_action action)
{
    struct arena *arena = arena_new();
    struct rolling *rolling = ARENA_NEW(arena, struct rolling);
    const struct table *table = engine_table_ref(h->t.engine, BYTES("log"));
    size_t at = draw(h, table->stream.shard_count);

    rolling->h = h;
    rolling->change = (struct table_change){
        .kind = TABLE_SHARDS,
        .name = BYTES("log"),
        .shard_change = {action, draw(h, 8) == 0 ? SHARD_NONE : table->stream.shards[at].number},
        .arena = arena,
        .done = shards_changed,
    };
    if (table->stream.shard_count < LEASES_MAX / 4) {
        h->under_way++;
        engine_change_table(h->t.engine, h->t.loop.port, &rolling->change);
    } else {
        arena_free(arena);
    }
    engine_table_unref(table);
}

static void settle(struct history *h)
{
    while (h->under_way > 0)
        test_api_turn(&h->t);
}

static void restart(struct history *h)
{
    settle(h);
    test_api_stop(&h->t);
    test_api_start(&h->t);
}

/* ---- what readers do ---- */

static const struct json *ask(struct history *h, struct arena *arena, const char *target,
                              struct bytes body, int *ret_status)
{
    struct test_answer answer = {.arena = arena};
    const struct json *json = NULL;

    api_call_local(h->t.api, target, body, test_answered, &answer);
    assert_true(answer.done); /* reading waits for nobody */
    assert_int_equal(json_parse(arena, answer.body, &json, NULL), OK);
    *ret_status = answer.http_status;
    return json;
}

static const struct json *ask_good(struct history *h, struct arena *arena, const char *target,
                                   struct bytes body)
{
    int status = 0;
    const struct json *json = ask(h, arena, target, body, &status);

    if (status != 200)
        fail_msg("%.*s: %.*s", BYTES_ARG(body), BYTES_ARG(json_string(json_get(json, "message"))));
    return json;
}

static void keep_text(char *out, size_t size, const struct json *text)
{
    assert_true(json_string(text).size < size);
    snprintf(out, size, "%.*s", BYTES_ARG(json_string(text)));
}

static struct lease *find_lease(struct reader *reader, const char *id)
{
    for (size_t i = 0; i < reader->count; i++)
        if (strcmp(reader->leases[i].id, id) == 0)
            return &reader->leases[i];
    return NULL;
}

static void take_shards(struct reader *reader, const struct json *description)
{
    for (struct json_iter it = json_iter(json_get(description, "Shards")); json_next(&it);) {
        struct lease lease = {0};

        keep_text(lease.id, sizeof lease.id, json_get(it.value, "ShardId"));
        keep_text(lease.parent, sizeof lease.parent, json_get(it.value, "ParentShardId"));
        keep_text(lease.start, sizeof lease.start,
                  json_get(json_get(it.value, "SequenceNumberRange"), "StartingSequenceNumber"));
        if (find_lease(reader, lease.id) != NULL)
            continue;
        assert_true(reader->count < LEASES_MAX);
        reader->leases[reader->count++] = lease;
    }
}

/* All shards by pages, or a shard's children. */
static void discover(struct history *h, struct reader *reader, const char *parent)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes more = {NULL, 0};

    do {
        AUTO(buffer_free) struct buffer body = BUFFER_INIT(4096);
        const struct json *description = NULL;

        buffer_printf(&body, "{\"StreamArn\":\"%s\",\"Limit\":%d", h->arn,
                      (int)draw(h, 5) == 0 ? 1 : 100);
        if (more.size > 0)
            buffer_printf(&body, ",\"ExclusiveStartShardId\":\"%.*s\"", BYTES_ARG(more));
        if (parent != NULL)
            buffer_printf(&body, ",\"ShardFilter\":{\"Type\":\"CHILD_SHARDS\",\"ShardId\":\"%s\"}",
                          parent);
        buffer_append_text(&body, "}");
        description = json_get(ask_good(h, arena, STREAMS "DescribeStream", buffer_bytes(&body)),
                               "StreamDescription");
        take_shards(reader, description);
        more = json_string(json_get(description, "LastEvaluatedShardId"));
    } while (more.size > 0);
}

static void see(size_t seen[KEYS], const struct json *record, const char *who)
{
    const struct json *image = json_get(json_get(record, "dynamodb"), "NewImage");
    uint64_t key = KEYS, number = 0;

    assert_true(bytes_to_uint64(json_string(json_get(json_get(image, "pk"), "S")), &key));
    assert_true(bytes_to_uint64(json_string(json_get(json_get(image, "n"), "N")), &number));
    assert_true(key < KEYS);
    if (number != ++seen[key])
        fail_msg("%s: item %llu: %llu where %zu comes next", who, (unsigned long long)key,
                 (unsigned long long)number, seen[key]);
}

static void get_iterator(struct history *h, struct lease *lease)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const char *type = "TRIM_HORIZON", *number = NULL;
    struct bytes body = {NULL, 0};

    if (lease->last[0] != '\0') {
        type = "AFTER_SEQUENCE_NUMBER";
        number = lease->last;
    } else if (draw(h, 2) == 0) {
        type = "AT_SEQUENCE_NUMBER";
        number = lease->start;
    }
    body = arena_printf(
        arena, "{\"StreamArn\":\"%s\",\"ShardId\":\"%s\",\"ShardIteratorType\":\"%s\"%s%s%s}",
        h->arn, lease->id, type, number != NULL ? ",\"SequenceNumber\":\"" : "",
        number != NULL ? number : "", number != NULL ? "\"" : "");
    keep_text(lease->iterator, sizeof lease->iterator,
              json_get(ask_good(h, arena, STREAMS "GetShardIterator", body), "ShardIterator"));
}

/* One page of a shard; false when there was nothing. */
static bool read_page(struct history *h, struct reader *reader, struct lease *lease)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct json *answer = NULL, *records = NULL;
    int status = 0;

    if (lease->iterator[0] == '\0')
        get_iterator(h, lease);
    answer = ask(h, arena, STREAMS "GetRecords",
                 arena_printf(arena, "{\"ShardIterator\":\"%s\",\"Limit\":%d}", lease->iterator,
                              1 + (int)draw(h, 6)),
                 &status);
    lease->iterator[0] = '\0';
    if (status != 200) {
        assert_true(bytes_end_with(json_string(json_get(answer, "__type")),
                                   BYTES("#ExpiredIteratorException")));
        return true;
    }
    records = json_get(answer, "Records");
    for (struct json_iter it = json_iter(records); json_next(&it);) {
        see(reader->seen, it.value, lease->id);
        keep_text(lease->last, sizeof lease->last,
                  json_get(json_get(it.value, "dynamodb"), "SequenceNumber"));
    }
    lease->done = json_get(answer, "NextShardIterator") == NULL;
    if (!lease->done)
        keep_text(lease->iterator, sizeof lease->iterator, json_get(answer, "NextShardIterator"));
    else if (draw(h, 2) == 0)
        discover(h, reader, lease->id);
    return lease->done || json_count(records) > 0;
}

/* Its parent was read to the end. */
static bool is_next(struct reader *reader, const struct lease *lease)
{
    const struct lease *parent = find_lease(reader, lease->parent);

    return !lease->done && (parent == NULL || parent->done);
}

static void read_some(struct history *h, struct reader *reader)
{
    size_t begin = 0;

    if (draw(h, 4) == 0)
        discover(h, reader, NULL);
    begin = reader->count > 0 ? draw(h, reader->count) : 0;
    for (size_t i = 0; i < reader->count; i++) {
        struct lease *lease = &reader->leases[(begin + i) % reader->count];

        if (!is_next(reader, lease))
            continue;
        read_page(h, reader, lease);
        return;
    }
}

static void read_merged(struct history *h)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct stream_page page = {0};
    struct stream_read read = {.stream_id = h->stream_id,
                               .after = h->merged.after,
                               .limit = 1 + draw(h, 20),
                               .size_max = STREAM_READ_SIZE_MAX};
    bool trimmed = false;

    assert_int_equal(streams_read_all(h->t.streams, &read, arena, &page, &trimmed), OK);
    for (size_t i = 0; i < page.count; i++) {
        AUTO(buffer_free) struct buffer text = BUFFER_INIT(65536);
        const struct json *record = NULL;

        stream_record_print(&text, &page.changes[i], "NEW_IMAGE", "us-east-1", BYTES(""));
        assert_int_equal(json_parse(arena, buffer_bytes(&text), &record, NULL), OK);
        see(h->merged.seen, record, "merged");
        assert_true(page.changes[i].position > h->merged.after);
        h->merged.after = page.changes[i].position;
    }
    h->merged.after = page.next_after;
}

/* Until there is nothing more for anybody; then everybody has seen everything. */
static void read_to_the_end(struct history *h)
{
    bool more = true;

    settle(h);
    while (h->merged.after < store_last_position(h->t.store))
        read_merged(h);
    assert_memory_equal(h->merged.seen, h->written, sizeof h->written);
    for (size_t r = 0; r < READERS; r++) {
        struct reader *reader = &h->readers[r];

        for (more = true; more;) {
            more = false;
            discover(h, reader, NULL);
            for (size_t i = 0; i < reader->count; i++)
                while (is_next(reader, &reader->leases[i]) &&
                       read_page(h, reader, &reader->leases[i]))
                    more = true;
        }
        assert_memory_equal(reader->seen, h->written, sizeof h->written);
    }
}

/* ---- histories ---- */

static void begin(struct history *h)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct test_answer answer;

    engine_set_shard_count(h->t.engine, 1 + (uint32_t)draw(h, 4));
    answer = test_api_call(
        &h->t, arena, "DynamoDB_20120810.CreateTable",
        BYTES(
            "{\"TableName\":\"log\",\"BillingMode\":\"PAY_PER_REQUEST\","
            "\"AttributeDefinitions\":[{\"AttributeName\":\"pk\",\"AttributeType\":\"S\"}],"
            "\"KeySchema\":[{\"AttributeName\":\"pk\",\"KeyType\":\"HASH\"}],"
            "\"StreamSpecification\":{\"StreamEnabled\":true,\"StreamViewType\":\"NEW_IMAGE\"}}"));
    assert_int_equal(answer.http_status, 200);

    const struct table *table = engine_table_ref(h->t.engine, BYTES("log"));

    h->stream_id = table->stream.id;
    snprintf(h->arn, sizeof h->arn, "arn:aws:dynamodb:us-east-1:000000000000:table/log/stream/%.*s",
             BYTES_ARG(table->stream.label));
    engine_table_unref(table);
}

static void one_step(struct history *h)
{
    uint64_t what = draw(h, 100);

    if (what < 40)
        write_one(h);
    else if (what < 44)
        change_shards(h, SHARDS_ROLL);
    else if (what < 47)
        change_shards(h, SHARDS_SPLIT);
    else if (what < 75)
        read_some(h, &h->readers[draw(h, READERS)]);
    else if (what < 85)
        read_merged(h);
    else if (what < 97 && h->under_way > 0)
        test_api_turn(&h->t);
    else if (what == 98)
        restart(h);
    else if (what == 99 && h->hours < 20) { /* not so many that records are trimmed */
        h->hours += 2;
        clock_advance(h->t.clock, (uint64_t)2 * 60 * 60 * 1000);
    }
}

static void run_history(uint64_t seed)
{
    struct history *h = mem_new(sizeof *h);
    char folder[TEST_FOLDER_SIZE];

    print_message("TEST_SEED=%llu\n", (unsigned long long)seed);
    test_folder_make(folder);
    h->random = seed;
    h->t = (struct test_api){.folder = folder, .clock = clock_new_manual(TEST_NOW_MS)};
    test_api_start(&h->t);
    begin(h);
    for (size_t i = 0; i < STEPS; i++)
        one_step(h);
    read_to_the_end(h);
    test_api_close(&h->t);
    test_folder_remove(folder);
    mem_free(h);
}

static void test_histories(void **state)
{
    const char *given = getenv("TEST_SEED");
    uint64_t seed = 0;

    (void)state;
    if (given != NULL && bytes_to_uint64(bytes_of_text(given), &seed)) {
        run_history(seed);
        return;
    }
    for (size_t i = 0; i < HISTORIES; i++)
        run_history(clock_monotonic_ns() | 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_histories)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
