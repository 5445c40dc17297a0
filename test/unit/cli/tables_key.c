/* Tests of cli/tables/key.c: keys as words. */
#include "cli/tables/key.h"

#include "cli_test.h"

#define WORDS 6

struct key_case {
    enum tables_key_use use;
    const char *words[WORDS];
    const char *expected; /* the key or the condition, or a part of the message */
};

#define ITEM TABLES_KEY_OF_ITEM
#define QUERY TABLES_KEY_CONDITION

static const struct key_case cases[] = {
    {ITEM,
     {"pk=users#12#stream", "sk=1"},
     "{\"pk\":{\"S\":\"users#12#stream\"},\"sk\":{\"N\":\"1\"}}"},
    {ITEM, {"sk=1.50", "pk=a=b"}, "{\"pk\":{\"S\":\"a=b\"},\"sk\":{\"N\":\"1.5\"}}"},
    {ITEM, {"users#12#stream", "1"}, "{\"pk\":{\"S\":\"users#12#stream\"},\"sk\":{\"N\":\"1\"}}"},
    {ITEM, {"1", "pk=a"}, "{\"pk\":{\"S\":\"a\"},\"sk\":{\"N\":\"1\"}}"},
    {ITEM, {"pk = a", "sk == 1"}, "{\"pk\":{\"S\":\"a\"},\"sk\":{\"N\":\"1\"}}"},
    {ITEM, {"pk= a", "sk=1"}, "{\"pk\":{\"S\":\" a\"},\"sk\":{\"N\":\"1\"}}"},
    {ITEM, {"pk=1..2", "sk=1"}, "{\"pk\":{\"S\":\"1..2\"},\"sk\":{\"N\":\"1\"}}"},
    {ITEM, {"pk=a"}, "The key's sk is missing: sk=VALUE. The key is pk (text) and sk (a number)."},
    {ITEM, {"pk=a", "sk>=1"}, "One item was meant: sk=VALUE, without >=."},
    {ITEM, {"pk=a", "sk=1..2"}, "sk is a number, not \"1..2\"."},
    {ITEM, {"pk=", "sk=1"}, "pk has no value"},
    {ITEM, {"pk=a", "pk=b"}, "pk is given twice."},
    {ITEM, {"a", "1", "2"}, "\"2\" is one value too many: the key is pk (text) and sk (a number)."},
    {ITEM, {"kp=a"}, "The key has no attribute \"kp\": it is pk (text) and sk (a number)."},
    {ITEM, {"pk=\xFF", "sk=1"}, "text in UTF-8"},
    {ITEM, {NULL}, "The key's pk is missing"},
    {QUERY, {"pk=a"}, "#n0 = :v0|{\"S\":\"a\"}"},
    {QUERY, {"pk=a", "sk=3"}, "#n0 = :v0 AND #n1 = :v1|{\"S\":\"a\"}{\"N\":\"3\"}"},
    {QUERY, {"pk=a", "sk>=3"}, "#n0 = :v0 AND #n1 >= :v1|{\"S\":\"a\"}{\"N\":\"3\"}"},
    {QUERY, {"pk=a", "sk <= 3"}, "#n0 = :v0 AND #n1 <= :v1|{\"S\":\"a\"}{\"N\":\"3\"}"},
    {QUERY, {"pk=a", "sk<3"}, "#n0 = :v0 AND #n1 < :v1|{\"S\":\"a\"}{\"N\":\"3\"}"},
    {QUERY, {"pk=a", "sk>-3"}, "#n0 = :v0 AND #n1 > :v1|{\"S\":\"a\"}{\"N\":\"-3\"}"},
    {QUERY,
     {"sk=1..10", "pk=a"},
     "#n0 = :v0 AND #n1 BETWEEN :v1 AND :v2|{\"S\":\"a\"}{\"N\":\"1\"}{\"N\":\"10\"}"},
    {QUERY, {"pk=a", "3.."}, "#n0 = :v0 AND #n1 >= :v1|{\"S\":\"a\"}{\"N\":\"3\"}"},
    {QUERY, {"pk=a", "sk=..3"}, "#n0 = :v0 AND #n1 <= :v1|{\"S\":\"a\"}{\"N\":\"3\"}"},
    {QUERY, {"pk=a", "sk=10..1"}, "10 is above 1: the smaller one stands first."},
    {QUERY, {"pk=a", "sk=.."}, "\"..\" stands between"},
    {QUERY, {"pk=a", "sk^=1"}, "^= (begins with) is for text and binary"},
    {QUERY, {"pk=a", "sk!=1"}, "Keys are not compared with !="},
    {QUERY, {"pk>a"}, "pk is the partition key: pk=VALUE, without >."},
    {QUERY, {"sk=1"}, "The key's pk is missing"},
    {QUERY, {"pk=a", "type=x"}, "What is no key is for --filter."},
};

static const struct key_schema schema = {
    .attributes = {{{(const uint8_t *)"pk", 2}, VALUE_S}, {{(const uint8_t *)"sk", 2}, VALUE_N}},
    .hash_count = 1,
    .count = 2};

/* Three words of a global index's key, text and binary; one name begins with another. */
static const struct key_schema wide = {.attributes = {{{(const uint8_t *)"a", 1}, VALUE_S},
                                                      {{(const uint8_t *)"a=", 2}, VALUE_B},
                                                      {{(const uint8_t *)"b", 1}, VALUE_S},
                                                      {{(const uint8_t *)"c", 1}, VALUE_B}},
                                       .hash_count = 2,
                                       .count = 4};

static const struct key_case wide_cases[] = {
    {QUERY, {"a=x", "a==aA=="}, "#n0 = :v0 AND #n1 = :v1|{\"S\":\"x\"}{\"B\":\"aA==\"}"},
    {QUERY,
     {"x", "a==aA==", "b^=2026-"},
     "#n0 = :v0 AND #n1 = :v1 AND begins_with(#n2, "
     ":v2)|{\"S\":\"x\"}{\"B\":\"aA==\"}{\"S\":\"2026-\"}"},
    {QUERY, {"x", "aA=="}, "The key has no attribute \"aA\""},
    {QUERY,
     {"a=x", "a==aA==", "b=m..n"},
     "#n0 = :v0 AND #n1 = :v1 AND #n2 BETWEEN :v2 AND "
     ":v3|{\"S\":\"x\"}{\"B\":\"aA==\"}{\"S\":\"m\"}{\"S\":\"n\"}"},
    {QUERY,
     {"a=x", "a==aA==", "b==m..n", "c^=aA=="},
     "#n0 = :v0 AND #n1 = :v1 AND #n2 = :v2 AND begins_with(#n3, "
     ":v3)|{\"S\":\"x\"}{\"B\":\"aA==\"}{\"S\":\"m..n\"}{\"B\":\"aA==\"}"},
    {QUERY, {"a=x", "a==x"}, "a= is binary: base64 was expected, not \"x\"."},
    {QUERY, {"a=x", "a==aA==", "c=aA=="}, "c needs a value for b before it"},
    {QUERY,
     {"a=x", "a==aA==", "b>m", "c=aA=="},
     "Only the last attribute of the key may be compared with a range"},
    {QUERY, {"a=x"}, "The key's a= is missing"},
};

static void run_case(const struct key_case *c, const struct key_schema *keys)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(1 << 16);
    struct tables_binding binding = {.arena = arena};
    struct tables_fault fault = {0};
    struct tables_key key;
    size_t count = 0;
    bool read = false;

    while (count < WORDS && c->words[count] != NULL)
        count++;
    read = tables_key_read(arena, c->words, count, keys, c->use, &key, &fault);
    if (read && c->use == QUERY) {
        tables_key_condition(&binding, &out, &key);
        buffer_append_byte(&out, '|');
        for (size_t i = 0; i < binding.names.value_count; i++)
            value_print(&out, &binding.names.values[i].value);
    } else if (read)
        tables_key_print(&out, &key);
    if (read ? !bytes_equal_text(buffer_bytes(&out), c->expected)
             : strstr(fault.message, c->expected) == NULL)
        fail_msg("%s %s\ngives    %s\nexpected %s", c->words[0], c->words[1],
                 read ? arena_copy_text(arena, buffer_bytes(&out)) : fault.message, c->expected);
}

static void test_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        run_case(&cases[i], &schema);
}

static void test_wide_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(wide_cases); i++)
        run_case(&wide_cases[i], &wide);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_wide_keys),
    };

    test_environment();
    return cmocka_run_group_tests_name("cli/tables_key", tests, NULL, NULL);
}
