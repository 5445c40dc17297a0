/* What is an event, and what is none. Items are written with ' for ". */
#include "store/store_test.h"

#include "order/order.h"

static struct item item_of(struct arena *arena, const char *text)
{
    char *copy = arena_copy_text(arena, bytes_of_text(text));
    const struct json *json = NULL;
    struct item item = {NULL, 0};
    struct api_error error = {0};

    for (char *at = copy; *at != '\0'; at++)
        if (*at == '\'')
            *at = '"';
    if (json_parse(arena, bytes_of_text(copy), &json, NULL) != OK ||
        item_from_json(arena, json, &item, &error) != OK)
        fail_msg("%s is no item: %s", text, error.message);
    return item;
}

struct event_case {
    const char *item;
    const char *log, *id; /* NULL: it is none */
    uint64_t version;
};

static const struct event_case cases[] = {
    {"{'pk':{'S':'users#12#stream'},'sk':{'N':'1'},'log':{'S':'users'},'type':{'S':'signup'}}",
     "users", "12", 1},
    {"{'type':{'S':'t'},'log':{'S':'u'},'sk':{'N':'9007199254740993'},'pk':{'S':'u#a#b#stream'},"
     "'more':{'NULL':true}}",
     "u", "a#b", 9007199254740993},
    {"{'pk':{'S':'u#1#stream'},'sk':{'N':'9223372036854775807'},'log':{'S':'u'},'type':{'S':'t'}}",
     "u", "1", INT64_MAX},
    /* of another log, without a type, and so on */
    {"{'pk':{'S':'users#12#stream'},'sk':{'N':'1'},'log':{'S':'user'},'type':{'S':'t'}}", NULL,
     NULL, 0},
    {"{'pk':{'S':'users#12#stream'},'sk':{'N':'1'},'log':{'S':'users'}}", NULL, NULL, 0},
    {"{'pk':{'S':'users#12#stream'},'sk':{'N':'1'},'log':{'S':'users'},'type':{'S':''}}", NULL,
     NULL, 0},
    {"{'pk':{'S':'users#12#stream'},'sk':{'N':'1'},'type':{'S':'t'}}", NULL, NULL, 0},
    {"{'pk':{'S':'users#12#stream'},'sk':{'N':'1'},'log':{'N':'1'},'type':{'S':'t'}}", NULL, NULL,
     0},
    {"{'pk':{'S':'users#12#stream'},'sk':{'N':'0'},'log':{'S':'users'},'type':{'S':'t'}}", NULL,
     NULL, 0},
    {"{'pk':{'S':'users#12#stream'},'sk':{'N':'-1'},'log':{'S':'users'},'type':{'S':'t'}}", NULL,
     NULL, 0},
    {"{'pk':{'S':'users#12#stream'},'sk':{'N':'1.5'},'log':{'S':'users'},'type':{'S':'t'}}", NULL,
     NULL, 0},
    {"{'pk':{'S':'u#1#stream'},'sk':{'N':'9223372036854775808'},'log':{'S':'u'},'type':{'S':'t'}}",
     NULL, NULL, 0},
    {"{'pk':{'S':'users##stream'},'sk':{'N':'1'},'log':{'S':'users'},'type':{'S':'t'}}", NULL, NULL,
     0},
    {"{'pk':{'S':'users#stream'},'sk':{'N':'1'},'log':{'S':'users'},'type':{'S':'t'}}", NULL, NULL,
     0},
    {"{'pk':{'S':'#1#stream'},'sk':{'N':'1'},'log':{'S':''},'type':{'S':'t'}}", NULL, NULL, 0},
    {"{'pk':{'S':'users#12'},'sk':{'N':'1'},'log':{'S':'users'},'type':{'S':'t'}}", NULL, NULL, 0},
};

static void test_cases(void **state)
{
    struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct item item = item_of(arena, cases[i].item);
        struct order_event event = {0};

        if (order_event_of(&item, &event) != (cases[i].log != NULL))
            fail_msg("%s", cases[i].item);
        if (cases[i].log == NULL)
            continue;
        assert_true(bytes_equal_text(event.log, cases[i].log));
        assert_true(bytes_equal_text(event.id, cases[i].id));
        assert_int_equal(event.version, cases[i].version);
    }
    arena_free(arena);
}

static void test_a_type_has_a_limit(void **state)
{
    static char type[ORDER_TYPE_SIZE_MAX + 2];
    struct attribute attributes[] = {
        {BYTES("pk"), {.type = VALUE_S, .bytes = BYTES("u#1#stream")}},
        {BYTES("sk"), {.type = VALUE_N, .number = number_of_int64(1)}},
        {BYTES("log"), {.type = VALUE_S, .bytes = BYTES("u")}},
        {BYTES("type"), {.type = VALUE_S}},
    };
    struct item item = {attributes, ARRAY_COUNT(attributes)};
    struct order_event event;

    (void)state;
    memset(type, 't', sizeof type);
    attributes[3].value.bytes = bytes_of(type, ORDER_TYPE_SIZE_MAX);
    assert_true(order_event_of(&item, &event));
    attributes[3].value.bytes = bytes_of(type, ORDER_TYPE_SIZE_MAX + 1);
    assert_false(order_event_of(&item, &event));
}

static void test_tables(void **state)
{
    struct key_schema schema = {0};

    (void)state;
    key_schema_add(&schema, BYTES("pk"), VALUE_S, true);
    assert_false(order_takes(&schema));
    key_schema_add(&schema, BYTES("sk"), VALUE_N, false);
    assert_true(order_takes(&schema));
    schema.attributes[1].type = VALUE_S;
    assert_false(order_takes(&schema));
    schema.attributes[1] = (struct key_attribute){BYTES("version"), VALUE_N};
    assert_false(order_takes(&schema));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_a_type_has_a_limit),
        cmocka_unit_test(test_tables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
