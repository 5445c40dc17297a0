/* test/unit/queues/catalogue.c - a queue as the store holds it. */
#include "queues/queues_test.h"

static void round_trip(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    const struct queue_pair tags[] = {{BYTES("a"), BYTES("1")},
                                      {BYTES("b"), (struct bytes){NULL, 0}}};
    struct queue_view view = {.name = BYTES("q.fifo"),
                              .id = 7,
                              .created_ms = 1,
                              .modified_ms = 2,
                              .tags = tags,
                              .tag_count = 2};
    struct api_error error;
    struct queue *queue = NULL;
    struct bytes stored;

    (void)state;
    settings_init(&view.settings, true);
    assert_int_equal(settings_set(&view.settings, BYTES("RedrivePolicy"),
                                  BYTES("{\"deadLetterTargetArn\":\"" TEST_ARN
                                        "d.fifo\",\"maxReceiveCount\":3}"),
                                  true, arena, &error),
                     OK);
    view.settings.deduplication_scope = 1;
    stored = catalogue_encode_queue(arena, &view);
    assert_int_equal(catalogue_decode_queue(&test_place, stored, NULL, &queue), OK);
    assert_true(bytes_equal_text(queue->view.arn, TEST_ARN "q.fifo"));
    assert_int_equal(queue->view.settings.max_receives, 3);
    assert_int_equal(queue->view.settings.deduplication_scope, 1);
    assert_int_equal(queue->view.tag_count, 2);
    assert_true(bytes_equal(catalogue_encode_queue(arena, &queue->view), stored));
    queue_unref(queue);
}

static void what_is_none(void **state)
{
    static const struct {
        const char *stored;
        enum status status;
    } cases[] = {
        {"", CORRUPT},
        {"[]", CORRUPT},
        {"{}", CORRUPT},
        {"{\"format\":2}", NEWER_FORMAT},
        {"{\"format\":1,\"name\":\"q\",\"id\":1,\"created\":1,\"modified\":1}", CORRUPT},
        {"{\"format\":1,\"name\":\"\",\"id\":1,\"created\":1,\"modified\":1,\"attributes\":{}}",
         CORRUPT},
        {"{\"format\":1,\"name\":\"q\",\"id\":-1,\"created\":1,\"modified\":1,\"attributes\":{}}",
         CORRUPT},
        {"{\"format\":1,\"name\":\"q\",\"id\":1,\"created\":1,\"modified\":1,\"attributes\":"
         "{\"DelaySeconds\":\"x\"}}",
         CORRUPT},
        {"{\"format\":1,\"name\":\"q\",\"id\":1,\"created\":1,\"modified\":1,\"attributes\":{}}",
         OK},
        /* an attribute of a later dynlog does no harm */
        {"{\"format\":1,\"name\":\"q\",\"id\":1,\"created\":1,\"modified\":1,\"attributes\":"
         "{\"Later\":\"x\"}}",
         OK},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct queue *queue = NULL;

        assert_int_equal(
            catalogue_decode_queue(&test_place, bytes_of_text(cases[i].stored), NULL, &queue),
            cases[i].status);
        queue_unref(queue);
    }
}

/* A description that can't be read stops the start, and no message is taken for another queue's. */
static void a_damaged_one(void **state)
{
    struct store *store = test_open(NULL);
    struct test_loop loop;
    struct queues *queues = NULL;
    struct clock *clock = clock_new_manual(TEST_NOW_MS);
    struct timers *timers = timers_new(clock, NULL, NULL);

    (void)state;
    test_loop_open(&loop, store);
    assert_int_equal(test_put(&loop, STORE_CATALOGUE, "queue/q", "{\"format\":9}"), OK);

    const struct queues_options options = {
        .store = store, .port = loop.port, .timers = timers, .place = &test_place};

    assert_int_equal(queues_open(&options, &queues), NEWER_FORMAT);
    test_loop_close(&loop);
    timers_free(timers);
    clock_free(clock);
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(what_is_none),
        cmocka_unit_test(a_damaged_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
