/* Tests of library/append.c and library/asked.c: races, lost answers, retries and event ids,
 * against a server that answers by a script. */
#include "library/append.h"

#include "fake_server.h"

#define QUERY "DynamoDB_20120810.Query"
#define PUT "DynamoDB_20120810.PutItem"
#define GET "DynamoDB_20120810.GetItem"
#define NO_EVENT "{\"Items\":[],\"Count\":0}"
#define AT(n) "{\"Items\":[{\"sk\":{\"N\":\"" #n "\"}}],\"Count\":1}"
#define ITEM_OF(n, nonce)                                                                          \
    "{\"pk\":{\"S\":\"users#12#stream\"},\"sk\":{\"N\":\"" #n                                      \
    "\"},\"type\":{\"S\":\"signup\"},\"log\":{\"S\":\"users\"},\"payload\":{\"M\":{\"id\":{\"S\":" \
    "\"12\"}}},\"meta\":{\"M\":{\"time\":{\"N\":\"1785000000000\"},\"nonce\":{\"S\":\"" nonce      \
    "\"}}}}"
#define ITEM(n) ITEM_OF(n, "000102030405060708090a0b")
/* The same, of the same millisecond, and somebody else's. */
#define THEIRS(n) ITEM_OF(n, "ffffffffffffffffffffffff")
#define LOST                                                                                       \
    "{\"__type\":\"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException\","            \
    "\"message\":\"The conditional request failed\"}"
#define THROTTLED                                                                                  \
    "{\"__type\":\"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException\","     \
    "\"message\":\"slower\"}"
#define FAULT "{\"__type\":\"com.amazonaws.dynamodb.v20120810#InternalServerError\"}"
#define FULL                                                                                       \
    "{\"__type\":\"com.amazonaws.dynamodb.v20120810#InternalServerError\",\"message\":"            \
    "\"" API_NO_SPACE_MESSAGE "\"}"
#define LOST_RACE                                                                                  \
    {QUERY, 200, AT(1)},                                                                           \
    {                                                                                              \
        PUT, 400, LOST                                                                             \
    }

static void count_up(uint8_t *out, size_t size)
{
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)i;
}

/* The time of events stands still, and their nonces are known. */
static struct dynlog *open_fake(const struct fake_server *server)
{
    struct dynlog *dynlog = NULL;

    assert_int_equal(dynlog_open(server->url, NULL, &dynlog, NULL), DYNLOG_OK);
    clock_free(dynlog->clock);
    dynlog->clock = clock_new_manual(1785000000000);
    dynlog->never_pause = true;
    dynlog->draw = count_up;
    return dynlog;
}

#define ANSWERS_MAX 40

struct append_case {
    const char *name;
    int64_t expected;
    struct fake_answer answers[ANSWERS_MAX]; /* up to the first without `wanted` */
    enum dynlog_status status;
    int64_t version;
};

static const struct append_case cases[] = {
    {"a new stream",
     DYNLOG_ANY,
     {{QUERY, 200, NO_EVENT}, {"\"Item\":" ITEM(1), 200, "{}"}},
     DYNLOG_OK,
     1},
    {"the next version",
     DYNLOG_ANY,
     {{QUERY, 200, AT(4)}, {"\"Item\":" ITEM(5), 200, "{}"}},
     DYNLOG_OK,
     5},
    {"the put has its condition",
     DYNLOG_ANY,
     {{QUERY, 200, AT(4)}, {"\"ConditionExpression\":\"attribute_not_exists(pk)\"", 200, "{}"}},
     DYNLOG_OK,
     5},
    {"somebody else was first, twice",
     DYNLOG_ANY,
     {{QUERY, 200, AT(4)},
      {ITEM(5), 400, LOST},
      {QUERY, 200, AT(5)},
      {ITEM(6), 400, LOST},
      {QUERY, 200, AT(9)},
      {ITEM(10), 200, "{}"}},
     DYNLOG_OK,
     10},
    {"somebody else is always first",
     DYNLOG_ANY,
     {LOST_RACE,
      LOST_RACE,
      LOST_RACE,
      LOST_RACE,
      LOST_RACE,
      LOST_RACE,
      LOST_RACE,
      LOST_RACE,
      LOST_RACE,
      LOST_RACE,
      LOST_RACE,
      LOST_RACE,
      LOST_RACE,
      LOST_RACE,
      LOST_RACE,
      LOST_RACE,
      {QUERY, 200, AT(17)}},
     DYNLOG_CONFLICT,
     17},

    {"expected and found", 4, {{QUERY, 200, AT(4)}, {ITEM(5), 200, "{}"}}, DYNLOG_OK, 5},
    {"expected none and found none", 0, {{ITEM(1), 200, "{}"}}, DYNLOG_OK, 1},
    {"expected none and found some",
     0,
     {{PUT, 400, LOST}, {QUERY, 200, AT(3)}},
     DYNLOG_CONFLICT,
     3},
    {"expected none, and a lost answer",
     0,
     {{PUT, 0, NULL}, {PUT, 400, LOST}, {GET, 200, "{\"Item\":" ITEM(1) "}"}},
     DYNLOG_OK,
     1},
    {"an older version expected", 3, {{QUERY, 200, AT(5)}}, DYNLOG_CONFLICT, 5},
    {"a newer version expected leaves no gap", 7, {{QUERY, 200, AT(5)}}, DYNLOG_CONFLICT, 5},
    {"expected, and lost between reading and writing",
     4,
     {{QUERY, 200, AT(4)}, {PUT, 400, LOST}, {QUERY, 200, AT(5)}},
     DYNLOG_CONFLICT,
     5},

    {"a lost answer, and the event is there",
     4,
     {{QUERY, 200, AT(4)}, {PUT, 0, NULL}, {PUT, 400, LOST}, {GET, 200, "{\"Item\":" ITEM(5) "}"}},
     DYNLOG_OK,
     5},
    {"a lost answer, and somebody else's event is there",
     4,
     {{QUERY, 200, AT(4)},
      {PUT, 0, NULL},
      {PUT, 400, LOST},
      {GET, 200, "{\"Item\":" THEIRS(5) "}"},
      {QUERY, 200, AT(5)}},
     DYNLOG_CONFLICT,
     5},
    {"a lost answer, somebody else's event, and the next version",
     DYNLOG_ANY,
     {{QUERY, 200, AT(4)},
      {PUT, 0, NULL},
      {PUT, 400, LOST},
      {GET, 200, "{\"Item\":" THEIRS(5) "}"},
      {QUERY, 200, AT(5)},
      {ITEM(6), 200, "{}"}},
     DYNLOG_OK,
     6},
    {"a lost request",
     4,
     {{QUERY, 200, AT(4)}, {PUT, 0, NULL}, {ITEM(5), 200, "{}"}},
     DYNLOG_OK,
     5},
    {"a server's fault may have written",
     4,
     {{QUERY, 200, AT(4)},
      {PUT, 500, FAULT},
      {PUT, 400, LOST},
      {GET, 200, "{\"Item\":" ITEM(5) "}"}},
     DYNLOG_OK,
     5},
    {"throttling wrote nothing",
     4,
     {{QUERY, 200, AT(4)}, {PUT, 400, THROTTLED}, {PUT, 400, LOST}, {QUERY, 200, AT(5)}},
     DYNLOG_CONFLICT,
     5},
    {"a lost answer, and then too many requests: it is there",
     4,
     {{QUERY, 200, AT(4)},
      {PUT, 0, NULL},
      {PUT, 400, THROTTLED}, /* libcurl's own second try */
      {PUT, 400, THROTTLED},
      {PUT, 400, THROTTLED},
      {PUT, 400, THROTTLED},
      {PUT, 400, THROTTLED},
      {PUT, 400, THROTTLED},
      {GET, 200, "{\"Item\":" ITEM(5) "}"}},
     DYNLOG_OK,
     5},
    {"a lost answer, and then too many requests: nobody knows",
     4,
     {{QUERY, 200, AT(4)},
      {PUT, 0, NULL},
      {PUT, 400, THROTTLED},
      {PUT, 400, THROTTLED},
      {PUT, 400, THROTTLED},
      {PUT, 400, THROTTLED},
      {PUT, 400, THROTTLED},
      {PUT, 400, THROTTLED},
      {GET, 400, "{\"__type\":\"x#AccessDeniedException\",\"message\":\"no\"}"}},
     DYNLOG_UNCERTAIN,
     4},
    {"an answer that is damaged on its way",
     4,
     {{QUERY, 200, AT(4)},
      {PUT, FAKE_DAMAGED, "{}"},
      {PUT, 400, LOST},
      {GET, 200, "{\"Item\":" ITEM(5) "}"}},
     DYNLOG_OK,
     5},
    {"throttled six times",
     4,
     {{QUERY, 200, AT(4)},
      {PUT, 400, THROTTLED},
      {PUT, 400, THROTTLED},
      {PUT, 400, THROTTLED},
      {PUT, 400, THROTTLED},
      {PUT, 400, THROTTLED},
      {PUT, 400, THROTTLED}},
     DYNLOG_REFUSED,
     4},
    {"reading is tried again too",
     4,
     {{QUERY, 0, NULL}, {QUERY, 503, ""}, {QUERY, 200, AT(4)}, {PUT, 200, "{}"}},
     DYNLOG_OK,
     5},
    {"no such table",
     DYNLOG_ANY,
     {{QUERY, 400, "{\"__type\":\"x#ResourceNotFoundException\",\"message\":\"no\"}"}},
     DYNLOG_NOT_FOUND,
     0},
    {"a sort key that is no version", DYNLOG_ANY, {{QUERY, 200, AT(1.5)}}, DYNLOG_REFUSED, 0},
    {"never an answer, and the event is there",
     4,
     {{QUERY, 200, AT(4)},
      {PUT, 0, NULL}, /* libcurl itself sends again on a used connection */
      {PUT, 0, NULL},
      {PUT, 0, NULL},
      {PUT, 0, NULL},
      {PUT, 0, NULL},
      {PUT, 0, NULL},
      {PUT, 0, NULL},
      {GET, 200, "{\"Item\":" ITEM(5) "}"}},
     DYNLOG_OK,
     5},
    {"a disk that is full, each time it is asked",
     4,
     {{QUERY, 200, AT(4)},
      {PUT, 500, FULL},
      {PUT, 500, FULL},
      {PUT, 500, FULL},
      {PUT, 500, FULL},
      {PUT, 500, FULL},
      {PUT, 500, FULL}},
     DYNLOG_NO_SPACE,
     4},
    {"a disk that is full once",
     4,
     {{QUERY, 200, AT(4)}, {PUT, 500, FULL}, {PUT, 200, "{}"}},
     DYNLOG_OK,
     5},
    {"a disk that was full, and what was put there is ours all the same",
     4,
     {{QUERY, 200, AT(4)},
      {PUT, 500, FULL},
      {PUT, 400, LOST},
      {GET, 200, "{\"Item\":" ITEM(5) "}"}},
     DYNLOG_OK,
     5},
    {"a lost answer, and then the disk is full: nobody knows of the first try",
     4,
     {{QUERY, 200, AT(4)},
      {PUT, 500, FAULT},
      {PUT, 500, FULL},
      {PUT, 500, FULL},
      {PUT, 500, FULL},
      {PUT, 500, FULL},
      {PUT, 500, FULL},
      {GET, 200, "{}"}},
     DYNLOG_UNCERTAIN,
     4},
    {"never an answer, and nothing is there yet",
     4,
     {{QUERY, 200, AT(4)},
      {PUT, 0, NULL},
      {PUT, 0, NULL},
      {PUT, 0, NULL},
      {PUT, 0, NULL},
      {PUT, 0, NULL},
      {PUT, 0, NULL},
      {PUT, 500, FAULT},
      {GET, 200, "{}"}},
     DYNLOG_UNCERTAIN,
     4},
};

static void run_case(const struct append_case *one)
{
    struct fake_server server;
    struct dynlog *dynlog = NULL;
    struct dynlog_error error = {0};
    struct dynlog_new_event event = {.type = "signup"};
    struct dynlog_append append = {
        .log = "users", .id = "12", .expected = one->expected, .events = &event, .event_count = 1};
    size_t count = 0;

    while (count < ANSWERS_MAX && one->answers[count].wanted != NULL)
        count++;
    fake_start(&server, one->answers, count);
    dynlog = open_fake(&server);

    enum dynlog_status status = dynlog_append(dynlog, &append, 1, &error);

    dynlog_close(dynlog);
    fake_stop(&server);
    assert_int_equal(status, one->status);
    assert_int_equal(append.version, one->version);
    assert_int_equal(strlen(error.message) > 0, status != DYNLOG_OK);
}

static void test_appends(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        print_message("  %s\n", cases[i].name);
        run_case(&cases[i]);
    }
}

/* ---- several, event ids ---- */

#define WITH_ID(n, id) "{\"sk\":{\"N\":\"" #n "\"},\"meta\":{\"M\":{\"id\":{\"S\":\"" id "\"}}}}"
#define TRANSACT "DynamoDB_20120810.TransactWriteItems"
#define CANCELLED(codes)                                                                           \
    "{\"__type\":\"x#TransactionCanceledException\",\"message\":\"m\",\"CancellationReasons\":"    \
    "[" codes "]}"

struct several_case {
    const char *name;
    int64_t expected;
    size_t count; /* events */
    const char *ids[3];
    struct fake_answer answers[8];
    enum dynlog_status status;
    int64_t version;
    bool repeated;
    uint64_t position, time_ms; /* of a repeated one */
};

static const struct several_case several[] = {
    {"two events are one transaction",
     DYNLOG_NONE,
     2,
     {NULL},
     {{TRANSACT, 200, "{}"}},
     DYNLOG_OK,
     2,
     false,
     0,
     0},
    {"others were at its items",
     DYNLOG_NONE,
     2,
     {NULL},
     {{TRANSACT, 400, CANCELLED("{\"Code\":\"TransactionConflict\"},{\"Code\":\"None\"}")},
      {TRANSACT, 200, "{}"}},
     DYNLOG_OK,
     2,
     false,
     0,
     0},
    {"a lost answer, others at its items, and then it is there: an engine without tokens",
     DYNLOG_NONE,
     2,
     {NULL},
     {{TRANSACT, 0, NULL},
      {TRANSACT, 400, CANCELLED("{\"Code\":\"TransactionConflict\"},{\"Code\":\"None\"}")},
      {TRANSACT, 400, CANCELLED("{\"Code\":\"ConditionalCheckFailed\"},{\"Code\":\"None\"}")},
      {GET, 200, "{\"Item\":" ITEM(1) "}"}},
     DYNLOG_OK,
     2,
     false,
     0,
     0},
    {"a lost answer, and the try is still under way",
     DYNLOG_NONE,
     2,
     {NULL},
     {{TRANSACT, 0, NULL},
      {TRANSACT, 400, "{\"__type\":\"x#TransactionInProgressException\",\"message\":\"m\"}"},
      {TRANSACT, 200, "{}"}},
     DYNLOG_OK,
     2,
     false,
     0,
     0},
    {"one of them is there",
     DYNLOG_NONE,
     2,
     {NULL},
     {{TRANSACT, 400, CANCELLED("{\"Code\":\"ConditionalCheckFailed\"},{\"Code\":\"None\"}")},
      {QUERY, 200, AT(1)}},
     DYNLOG_CONFLICT,
     1,
     false,
     0,
     0},
    {"an id that is not there",
     DYNLOG_ANY,
     1,
     {"a"},
     {{"\"ProjectionExpression\":\"sk, meta.#id, meta.#time\"", 200,
       "{\"Items\":[" WITH_ID(1, "b") "]}"},
      {"\"meta\":{\"M\":{\"id\":{\"S\":\"a\"}", 200, "{}"}},
     DYNLOG_OK,
     2,
     false,
     0,
     0},
    {"an id that is there",
     DYNLOG_ANY,
     1,
     {"b"},
     {{QUERY, 200, "{\"Items\":[" WITH_ID(1, "b") "," WITH_ID(2, "c") "]}"}},
     DYNLOG_OK,
     1,
     true,
     0,
     0},
    {"an id that is there, at a dynlog",
     DYNLOG_ANY,
     1,
     {"b"},
     {{"X-Dynlog-Positions: true", 200,
       "{\"Items\":[" WITH_ID(1, "b") "," WITH_ID(
           2, "c") "],\"DynlogPositions\":[{\"Position\":7,"
                   "\"Time\":1700000000007},{\"Position\":9,\"Time\":1700000000009}]}"}},
     DYNLOG_OK,
     1,
     true,
     7,
     1700000000007},
    {"two ids that are there: the place of the last one, and the time that it says itself",
     DYNLOG_ANY,
     2,
     {"c", "b"},
     {{QUERY, 200,
       "{\"Items\":[" WITH_ID(
           1, "b") ",{\"sk\":{\"N\":\"2\"},\"meta\":{\"M\":{\"id\":{\"S\":\"c\"},"
                   "\"time\":{\"N\":\"1600000000000\"}}}}],\"DynlogPositions\":[{\"Position\":7,"
                   "\"Time\":1700000000007},{\"Position\":9,\"Time\":1700000000009}]}"}},
     DYNLOG_OK,
     2,
     true,
     9,
     1600000000000},
    {"positions of other items",
     DYNLOG_ANY,
     1,
     {"b"},
     {{QUERY, 200, "{\"Items\":[" WITH_ID(1, "b") "],\"DynlogPositions\":[]}"}},
     DYNLOG_REFUSED,
     0,
     false,
     0,
     0},
    {"an id at its expected place",
     2,
     1,
     {"c"},
     {{QUERY, 200, AT(3)}, {QUERY, 200, "{\"Items\":[" WITH_ID(3, "c") "]}"}},
     DYNLOG_OK,
     3,
     true,
     0,
     0},
    {"another id at its expected place",
     2,
     1,
     {"d"},
     {{QUERY, 200, AT(3)}, {QUERY, 200, "{\"Items\":[" WITH_ID(3, "c") "]}"}},
     DYNLOG_CONFLICT,
     3,
     false,
     0,
     0},
    {"only one of two ids is there",
     DYNLOG_ANY,
     2,
     {"a", "b"},
     {{QUERY, 200, "{\"Items\":[" WITH_ID(1, "b") "]}"}},
     DYNLOG_REFUSED,
     1,
     false,
     0,
     0},
    {"an id that came between",
     DYNLOG_NONE,
     1,
     {"a"},
     {{PUT, 400, LOST}, {QUERY, 200, AT(1)}, {QUERY, 200, "{\"Items\":[" WITH_ID(1, "a") "]}"}},
     DYNLOG_OK,
     1,
     true,
     0,
     0},
};

static void test_several(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(several); i++) {
        const struct several_case *one = &several[i];
        struct fake_server server;
        struct dynlog *dynlog = NULL;
        struct dynlog_new_event events[3] = {{0}};
        struct dynlog_append append = {.log = "users",
                                       .id = "12",
                                       .expected = one->expected,
                                       .events = events,
                                       .event_count = one->count};
        size_t count = 0;

        print_message("  %s\n", one->name);
        for (size_t j = 0; j < one->count; j++)
            events[j] = (struct dynlog_new_event){.type = "signup", .event_id = one->ids[j]};
        while (count < ARRAY_COUNT(one->answers) && one->answers[count].wanted != NULL)
            count++;
        fake_start(&server, one->answers, count);
        dynlog = open_fake(&server);

        enum dynlog_status status = dynlog_append(dynlog, &append, 1, NULL);

        dynlog_close(dynlog);
        fake_stop(&server);
        assert_int_equal(status, one->status);
        assert_int_equal(append.version, one->version);
        assert_int_equal(append.repeated, one->repeated);
        if (append.repeated) {
            assert_int_equal(append.position, one->position);
            assert_int_equal(append.time_ms, one->time_ms);
        } else {
            assert_int_equal(append.time_ms, 1785000000000);
        }
    }
}

/* ---- what is asked for wrongly; nobody is asked ---- */

static void test_invalid(void **state)
{
    static const struct dynlog_new_event good = {.type = "signup"};
    static const struct dynlog_new_event twice[] = {{.type = "a", .event_id = "1"},
                                                    {.type = "b", .event_id = "1"}};
    const struct {
        struct dynlog_append append;
        const char *message;
    } wrong[] = {
        {{.log = NULL, .id = "1", .events = &good, .event_count = 1}, "log may not be empty"},
        {{.log = "a#b", .id = "1", .events = &good, .event_count = 1}, "may not contain \"#\""},
        {{.log = "a", .id = "\xff", .events = &good, .event_count = 1}, "must be UTF-8"},
        {{.log = "a", .id = "1"}, "has no event"},
        {{.log = "a", .id = "1", .expected = -2, .events = &good, .event_count = 1}, "is none: -2"},
        {{.log = "a", .id = "1", .events = twice, .event_count = 2}, "is there twice"},
        {{.log = "a", .id = "1", .events = &good, .event_count = 101}, "at most 100"},
        {{.log = "a", .id = "1", .events = &(struct dynlog_new_event){0}, .event_count = 1},
         "needs a type"},
        {{.log = "a",
          .id = "1",
          .events = &(struct dynlog_new_event){.type = "x", .payload = "[]"},
          .event_count = 1},
         "must be an object"},
        {{.log = "a",
          .id = "1",
          .events = &(struct dynlog_new_event){.type = "x", .payload = "{\n,"},
          .event_count = 1},
         "line 2, column 1"},
    };
    struct fake_server server;
    struct dynlog *dynlog = NULL;

    (void)state;
    fake_start(&server, NULL, 0);
    dynlog = open_fake(&server);
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        struct dynlog_append append = wrong[i].append;
        struct dynlog_error error = {0};

        assert_int_equal(dynlog_append(dynlog, &append, 1, &error), DYNLOG_INVALID);
        if (strstr(error.message, wrong[i].message) == NULL)
            fail_msg("%s", error.message);
    }

    struct dynlog_append same[] = {
        {.log = "a", .id = "1", .events = &good, .event_count = 1},
        {.log = "a", .id = "1", .events = &good, .event_count = 1},
    };

    assert_int_equal(dynlog_append(dynlog, same, 2, NULL), DYNLOG_INVALID);
    assert_int_equal(dynlog_append(dynlog, same, 0, NULL), DYNLOG_INVALID);
    dynlog_close(dynlog);
    fake_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_appends),
        cmocka_unit_test(test_several),
        cmocka_unit_test(test_invalid),
    };

    test_environment();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
