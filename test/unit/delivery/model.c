/* Deliveries against what must become of them: how each attempt ends is drawn beforehand, so each
 * delivery's end is known. Random histories of handing over, answers to calls, moves of the clock,
 * retries at once and restarts in the middle; after each step the store holds exactly what has not
 * ended, with the attempts that were counted, and in the end each delivery is at one place alone.
 * Each run prints its seed when it fails; TEST_SEED=N replays it. */
#include "delivery/delivery_test.h"

#include "base/id.h"

#define ROUNDS 30
#define STEPS 150
#define ITEMS_MAX 200
#define TARGETS 5

enum result { RESULT_GOOD, RESULT_PASSES, RESULT_STAYS };

struct modelled {
    struct delivery *delivery;
    size_t target;
    uint32_t failed;  /* attempts that were counted */
    enum result last; /* of these */
    bool taken;       /* by its target, for certain */
};

static struct test_deliveries t;
static struct modelled items[ITEMS_MAX];
static size_t item_count;
static uint64_t seed, state;
/* How often the rare things happened: runs without them would show nothing. */
static size_t delivered, exhausted, aged, stayed, dropped, interrupted;

static uint64_t draw(uint64_t below)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % below;
}

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail_msg("TEST_SEED=%llu replays this: %s", (unsigned long long)seed, #condition);     \
    } while (0)

static bool is_called(size_t target)
{
    return target < 2;
}

/* How attempt number `attempt` of an item ends, whenever it is made. */
static enum result result_of(size_t index, uint32_t attempt)
{
    uint8_t text[20];

    bytes_put_u64(text, seed);
    bytes_put_u64(text + 8, index);
    bytes_put_u32(text + 16, attempt);
    uint64_t hash = bytes_hash(bytes_of(text, sizeof text)) >> 7;

    if (index % 4 == 0) /* a target that never comes back */
        return RESULT_PASSES;
    return hash % 8 < 4 ? RESULT_GOOD : hash % 8 == 7 ? RESULT_STAYS : RESULT_PASSES;
}

/* ---- the door ---- */

static struct modelled *item_of(const struct delivery *delivery)
{
    uint64_t index = 0;

    assert_true(bytes_to_uint64(delivery->event_id, &index) && index < item_count);
    return &items[index];
}

/* Counts it, as the store will. False: *reterr. */
static bool attempt(struct modelled *item, struct delivery_error *reterr)
{
    enum result result = result_of((size_t)(item - items), item->failed + 1);

    assert_false(item->taken);
    if (result == RESULT_GOOD) {
        item->taken = true;
        return true;
    }
    item->failed++;
    item->last = result;
    delivery_error_set(reterr, result == RESULT_PASSES ? "TIMEOUT" : "NO_PERMISSIONS",
                       result == RESULT_PASSES, "%u", item->failed);
    return false;
}

static enum delivery_way model_find(void *context, struct delivery *delivery,
                                    struct delivery_error *reterr)
{
    struct modelled *item = item_of(delivery);

    (void)context;
    if (item->target == TARGETS - 1) { /* this one fails before it is asked */
        if (!attempt(item, reterr))
            return DELIVERY_REFUSED;
        item->taken = false; /* not yet: write() is to do it */
        return DELIVERY_WRITTEN;
    }
    return is_called(item->target) ? DELIVERY_CALLED : DELIVERY_WRITTEN;
}

static bool model_write(void *context, struct store_batch *batch, struct delivery *delivery,
                        struct delivery_error *reterr)
{
    (void)context;
    if (!attempt(item_of(delivery), reterr))
        return false;
    store_batch_put(batch, STORE_CATALOGUE,
                    arena_printf(delivery->arena, "at/%.*s", BYTES_ARG(delivery->event_id)),
                    delivery->payload);
    return true;
}

static void model_written(void *context, struct delivery *delivery)
{
    (void)context, (void)delivery;
}

static void model_call(void *context, struct delivery_call *call)
{
    struct test_deliveries *test = context;

    assert_true(test->call_count < TEST_CALLS_MAX);
    test->calls[test->call_count++] = call;
}

static enum status model_write_letter(void *context, struct store_batch *batch,
                                      struct delivery_letter *letter)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(64 * 1024);

    (void)context;
    for (size_t i = 0; i < letter->attribute_count; i++)
        buffer_printf(&out, "%s=%.*s ", letter->attributes[i].name,
                      BYTES_ARG(letter->attributes[i].value));
    store_batch_put(batch, STORE_CATALOGUE,
                    arena_printf(letter->arena, "letter/%.*s", BYTES_ARG(letter->body)),
                    buffer_bytes(&out));
    return OK;
}

static void model_letter_written(void *context, struct delivery_letter *letter)
{
    (void)context, (void)letter;
}

/* ---- what must hold ---- */

static const char *stored(const char *prefix, size_t index)
{
    AUTO(store_value_release) struct store_value value = {0};
    char key[64];

    snprintf(key, sizeof key, "%s%zu", prefix, index);
    if (store_get(t.store, NULL, STORE_CATALOGUE, bytes_of_text(key), &value) != OK)
        return NULL;
    return arena_copy_text(t.arena, value.bytes);
}

static uint32_t retries_max(const struct modelled *item)
{
    return (uint32_t)item->delivery->maximum_retry_attempts;
}

static void check_letter(size_t index, const char *letter)
{
    const struct modelled *item = &items[index];
    uint64_t expiry =
        delivery_expiry_ms(item->delivery->accepted_ms, item->delivery->maximum_event_age_s);
    char retries[64];
    bool by_attempts = strstr(letter, "CONDITION=MaximumRetryAttempts ") != NULL;
    bool by_age = strstr(letter, "CONDITION=MaximumEventAgeInSeconds ") != NULL;

    snprintf(retries, sizeof retries, "RETRY_ATTEMPTS=%u ",
             item->failed > 0 ? item->failed - 1 : 0);
    CHECK(strstr(letter, retries) != NULL);
    if (item->failed > 0 && item->last == RESULT_STAYS) {
        CHECK(!by_attempts && !by_age && strstr(letter, "ERROR_CODE=NO_PERMISSIONS ") != NULL);
        stayed++;
    } else if (item->failed > retries_max(item)) {
        CHECK(by_attempts && !by_age && item->failed == retries_max(item) + 1);
        exhausted++;
    } else {
        CHECK(by_age && !by_attempts && clock_now_ms(t.clock) >= expiry);
        aged++;
    }
}

/* True: it has ended. */
static bool check_item(size_t index)
{
    const struct modelled *item = &items[index];
    const char *at = stored("at/", index), *letter = stored("letter/", index);

    CHECK(at == NULL || letter == NULL);
    if (item->taken) {
        CHECK(letter == NULL && (is_called(item->target) || at != NULL));
        return true;
    }
    CHECK(at == NULL);
    CHECK(item->failed <= retries_max(item) + 1);
    return letter != NULL;
}

/* What waits, and how often it was tried, as the store has it. */
static void check(void)
{
    struct bytes key, value;
    size_t open = 0, records = 0;
    struct deliveries_figures figures = test_figures(&t);
    struct store_iter *iter =
        store_iter_new(t.store, NULL, STORE_DELIVERIES, BYTES("a"), BYTES(""), false);

    for (size_t i = 0; i < item_count; i++)
        open += !check_item(i);
    while (store_iter_next(iter, &key, &value)) {
        uint64_t position = 0;

        if (delivery_key_decode(key, DELIVERY_KEY_RECORD, &position)) {
            struct delivery delivery;
            AUTO(store_value_release) struct store_value found = {0};
            struct delivery_attempts attempts = {0};
            uint8_t other[DELIVERY_KEY_SIZE];

            assert_int_equal(delivery_record_decode(value, &delivery), OK);
            delivery_key_encode(other, DELIVERY_KEY_ATTEMPTS, position);
            if (store_get(t.store, NULL, STORE_DELIVERIES, bytes_of(other, sizeof other), &found) ==
                OK)
                assert_int_equal(delivery_attempts_decode(found.bytes, &attempts), OK);
            CHECK(attempts.failed == item_of(&delivery)->failed);
            CHECK(!item_of(&delivery)->taken);
            records++;
        }
    }
    store_iter_free(iter);
    CHECK(records == figures.running + figures.waiting + figures.retrying);
    CHECK(open == records + figures.dropped_total + dropped);
}

/* ---- steps ---- */

static void attach(void)
{
    const struct deliveries_options options = {
        .store = t.store,
        .port = t.loop.port,
        .timers = t.timers,
        .door = {.context = &t,
                 .find = model_find,
                 .write = model_write,
                 .written = model_written,
                 .call = model_call,
                 .cancel = test_cancel,
                 .write_letter = model_write_letter,
                 .letter_written = model_letter_written},
        .retry_delay_ms = -1,
        .maximum_retry_attempts = -1,
    };

    assert_int_equal(deliveries_open(&options, &t.deliveries), OK);
    deliveries_start(t.deliveries);
}

/* Whatever ended is told by the figures of this run, which a restart forgets. */
static void restart(void)
{
    size_t calls = t.call_count;
    struct deliveries_figures figures = test_figures(&t);

    interrupted += calls;
    dropped += figures.dropped_total;
    test_deliveries_detach(&t);
    attach();
    test_settle(&t);
}

static void hand_over(void)
{
    struct modelled *item = &items[item_count];
    char id[32];

    if (item_count == ITEMS_MAX)
        return;
    snprintf(id, sizeof id, "%zu", item_count);
    *item = (struct modelled){.target = draw(TARGETS)};
    item->delivery = test_delivery(&t, "t", id);
    item->delivery->payload = item->delivery->event_id;
    item->delivery->target_id = arena_printf(t.arena, "%zu", item->target);
    item->delivery->maximum_retry_attempts = (int32_t)draw(7);
    item->delivery->maximum_event_age_s = draw(2) == 0 ? 60 : 3600;
    if (draw(4) > 0)
        item->delivery->dead_letter_arn = BYTES("dead");
    item_count++;
    test_hand_over(&t, item->delivery);
}

static void answer(void)
{
    size_t index = 0;
    struct delivery_error error;

    if (t.call_count == 0)
        return;
    index = draw(t.call_count);
    bool good = attempt(item_of(t.calls[index]->delivery), &error);

    test_answer(&t, index, good ? NULL : &error);
}

static void step(void)
{
    switch (draw(8)) {
    case 0:
    case 1:
    case 2:
        hand_over();
        break;
    case 3:
    case 4:
        answer();
        break;
    case 5:
        test_advance(&t, draw(20000));
        break;
    case 6:
        if (draw(4) == 0)
            deliveries_run_due_now(t.deliveries);
        break;
    default:
        if (draw(4) == 0)
            restart();
        break;
    }
    test_settle(&t);
    check();
}

static void run_round(void)
{
    state = seed;
    item_count = dropped = 0;
    test_deliveries_open(&t, NULL);
    test_deliveries_detach(&t);
    attach();
    for (size_t i = 0; i < STEPS; i++)
        step();
    while (deliveries_busy(t.deliveries)) {
        if (t.call_count > 0)
            answer();
        else
            test_advance(&t, 60000);
        test_settle(&t);
    }
    check();
    CHECK(test_records(&t) == 0);
    for (size_t i = 0; i < item_count; i++) {
        const char *letter = stored("letter/", i);

        delivered += items[i].taken;
        if (letter != NULL)
            check_letter(i, letter);
        else
            CHECK(items[i].taken || items[i].delivery->dead_letter_arn.size == 0);
    }
    test_deliveries_close(&t);
}

static void test_histories(void **unused)
{
    const char *given = getenv("TEST_SEED");

    (void)unused;
    for (size_t i = 0; i < ROUNDS; i++) {
        id_random((uint8_t *)&seed, sizeof seed);
        seed >>= 20;
        if (given != NULL)
            seed = strtoull(given, NULL, 10);
        run_round();
        if (given != NULL)
            return;
    }
    assert_true(delivered > 0 && exhausted > 0 && aged > 0 && stayed > 0 && interrupted > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_histories)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
