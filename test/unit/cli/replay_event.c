/* Tests of cli/replay_event.c: an event as an item and back, and what is different, in short. */
#include "cli_test.h"

#include "cli/replay.h"

#define EVENT(detail_)                                                                             \
    "{\"id\":\"i\",\"source\":\"dynamodb-log\",\"detail-type\":\"stream "                          \
    "changes\",\"detail\":" detail_ "}"
#define DETAIL                                                                                     \
    "{\"log\":\"users\",\"key\":{\"pk\":\"users#12#stream\",\"sk\":1},\"type\":\"signup\","        \
    "\"payload\":{\"id\":\"12\",\"n\":[1,null,true]}}"
#define ITEM                                                                                       \
    "{\"pk\":{\"S\":\"users#12#stream\"},\"sk\":{\"N\":\"1\"},\"type\":{\"S\":\"signup\"},"        \
    "\"log\":{\"S\":\"users\"},\"payload\":{\"M\":{\"id\":{\"S\":\"12\"},\"n\":{\"L\":["           \
    "{\"N\":\"1\"},{\"NULL\":true},{\"BOOL\":true}]}}}}"

static const char *item_text(struct arena *arena, const char *event_text)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(REPLAY_TEXT_SIZE_MAX);
    struct replay_event event = {0};
    struct bytes why = {NULL, 0};
    struct item item;

    assert_true(replay_event_of_bus(arena, bytes_of_text(event_text), &event));
    if (!replay_item(arena, &event, &item, &why))
        return arena_copy_text(arena, why);
    item_print(&out, &item);
    return arena_copy_text(arena, buffer_bytes(&out));
}

static void test_an_event_is_an_item(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();

    (void)state;
    assert_string_equal(item_text(arena, EVENT(DETAIL)), ITEM);
    assert_contains(item_text(arena, EVENT("{\"a\":1}")), "no key {pk, sk}");
    assert_contains(item_text(arena, EVENT("{\"partial\":true,\"key\":{\"pk\":\"a\",\"sk\":1}}")),
                    "too large");
}

static void test_an_item_is_an_event(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct replay_event event = {0};
    struct replay_parts parts;
    struct bytes why = {NULL, 0};

    (void)state;
    assert_true(replay_event_of_item(arena, BYTES(ITEM), &event));
    assert_true(bytes_equal_text(event.pk, "users#12#stream") && bytes_equal_text(event.sk, "1"));
    assert_true(replay_parts(arena, &event, &parts, &why));
    assert_string_equal(arena_copy_text(arena, parts.detail), DETAIL);
    assert_string_equal(arena_copy_text(arena, parts.source), "dynamodb-log");
    assert_string_equal(arena_copy_text(arena, replay_event_name(arena, &event)),
                        "users#12#stream version 1");
}

#define FORGOTTEN                                                                                  \
    "{\"log\":\"users\",\"key\":{\"pk\":\"users#12#stream\",\"sk\":1},\"type\":\"signup\","        \
    "\"payload\":{},\"forgotten\":true}"
#define FORGOTTEN_ITEM                                                                             \
    "{\"pk\":{\"S\":\"users#12#stream\"},\"sk\":{\"N\":\"1\"},\"type\":{\"S\":\"signup\"},"        \
    "\"log\":{\"S\":\"users\"},\"payload\":{\"M\":{}},\"forgotten\":{\"BOOL\":true}}"

static void test_forgotten(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct replay_event event = {0};
    struct replay_parts parts;
    struct bytes why = {NULL, 0};

    (void)state;
    assert_string_equal(item_text(arena, EVENT(FORGOTTEN)), FORGOTTEN_ITEM);
    assert_true(replay_event_of_item(arena, BYTES(FORGOTTEN_ITEM), &event));
    assert_true(replay_parts(arena, &event, &parts, &why));
    assert_string_equal(arena_copy_text(arena, parts.detail), FORGOTTEN);
}

/* What its source says against it, every sink says. */
static void test_what_cannot_go(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct replay_event event = {.text = BYTES(EVENT(DETAIL)), .why = BYTES("sealed")};
    struct replay_event *copy = replay_event_new(&event);
    struct replay_parts parts;
    struct bytes why = {NULL, 0};
    struct item item;

    (void)state;
    assert_false(replay_item(arena, copy, &item, &why));
    assert_true(bytes_equal_text(why, "sealed"));
    assert_false(replay_parts(arena, copy, &parts, &why));
    assert_true(bytes_equal_text(why, "sealed"));
    mem_free(copy);
}

static void read_item(struct arena *arena, const char *text, struct item *ret)
{
    const struct json *json = NULL;
    struct api_error error;

    assert_int_equal(json_parse(arena, bytes_of_text(text), &json, NULL), OK);
    assert_int_equal(item_from_json(arena, json, ret, &error), OK);
}

static void test_a_difference_is_short(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct item there, ours;

    (void)state;
    read_item(arena,
              "{\"a\":{\"M\":{\"b\":{\"N\":\"1\"},\"c\":{\"S\":\"x\"}}},\"d\":{\"S\":\"1\"}}",
              &there);
    read_item(arena,
              "{\"a\":{\"M\":{\"b\":{\"N\":\"2\"},\"c\":{\"S\":\"x\"}}},\"e\":{\"S\":\"1\"}}",
              &ours);
    assert_string_equal(arena_copy_text(arena, replay_difference(arena, &there, &ours)),
                        "a.b is 1 there, 2 here; e is nothing there, \"1\" here; d is \"1\" there, "
                        "nothing here");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_event_is_an_item),
        cmocka_unit_test(test_an_item_is_an_event),
        cmocka_unit_test(test_forgotten),
        cmocka_unit_test(test_what_cannot_go),
        cmocka_unit_test(test_a_difference_is_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
