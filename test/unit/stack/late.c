/* test/unit/stack/late.c - values that are known when the stack is made. */
#include "stack_test.h"

#define B STACK_LATE_BEGIN
#define E STACK_LATE_END

static void texts(void **state)
{
    static struct stack_late late[] = {{STACK_LATE_PORT, {NULL, 0}},
                                       {STACK_LATE_STREAM, {NULL, 0}}};
    const struct stack stack = {.late = late, .late_count = 2};
    const struct bytes values[] = {BYTES("8000"), {NULL, 0}};
    static const struct {
        const char *text, *expected;
        bool known;
    } cases[] = {
        {"", "", true},
        {"plain", "plain", true},
        {B "0" E, "8000", true},
        {"http://h:" B "0" E "/q and " B "0" E, "http://h:8000/q and 8000", true},
        {"stream/" B "1" E, "stream/*", false},
        {B "1" E B "0" E, "*8000", false},
        /* what looks like a mark stays */
        {B, B, true},
        {B "0", B "0", true},
        {B "2" E, B "2" E, true},
        {B "x" E B "0" E, B "x" E "8000", true},
        {B B "0" E, B "8000", true},
        {E "0" B, E "0" B, true},
    };
    AUTO(arena_release) struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        bool known = !cases[i].known;

        assert_bytes(stack_text(arena, &stack, values, bytes_of_text(cases[i].text), &known),
                     cases[i].expected);
        assert_int_equal(known, cases[i].known);
    }
}

static void one_value_has_one_mark(void **state)
{
    LOADED loaded =
        load_value("[!Ref A, !Ref B, !GetAtt T.StreamArn, !GetAtt A.QueueUrl]",
                   "resources:\n"
                   "  Resources:\n"
                   "    A: {Type: AWS::SQS::Queue}\n"
                   "    B: {Type: AWS::SQS::Queue, Properties: {QueueName: b}}\n"
                   "    T:\n"
                   "      Type: AWS::DynamoDB::Table\n"
                   "      Properties:\n"
                   "        TableName: t\n"
                   "        AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]\n"
                   "        KeySchema: [{AttributeName: pk, KeyType: HASH}]\n"
                   "        StreamSpecification: {StreamViewType: NEW_IMAGE}\n",
                   NULL);

    (void)state;
    assert_bytes(filled(&loaded, pattern_of(&loaded)),
                 "{\"v\":[\"http://127.0.0.1:PORT/000000000000/s-local-A\","
                 "\"http://127.0.0.1:PORT/000000000000/b\","
                 "\"arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/LABEL\","
                 "\"http://127.0.0.1:PORT/000000000000/s-local-A\"]}");
    assert_int_equal(loaded.stack->late_count, 2);
    assert_int_equal(loaded.stack->late[0].kind, STACK_LATE_PORT);
    assert_int_equal(loaded.stack->late[1].kind, STACK_LATE_STREAM);
    assert_bytes(loaded.stack->late[1].name, "t");
}

/* Functions of texts go around a mark. */
static void parts_of_a_url(void **state)
{
    LOADED loaded = load_value("!Select [4, !Split ['/', !Ref A]]",
                               "resources:\n"
                               "  Resources:\n"
                               "    A: {Type: AWS::SQS::Queue}\n",
                               NULL);

    (void)state;
    assert_bytes(pattern_of(&loaded), "{\"v\":\"s-local-A\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts),
        cmocka_unit_test(one_value_has_one_mark),
        cmocka_unit_test(parts_of_a_url),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
