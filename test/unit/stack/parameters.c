/* test/unit/stack/parameters.c - a template's Parameters: values, constraints, secrets. The value
 * of the parameter stands in the first call: CreateEventBus' Description. */
#include "stack_test.h"

static struct loaded load_parameter(const char *parameter, const char *value)
{
    const struct stack_parameter given = {BYTES("P"), bytes_of_text(value)};
    const struct stack_options options = {.path = "t.yaml",
                                          .account = "000000000000",
                                          .parameters = &given,
                                          .parameter_count = value != NULL ? 1 : 0};
    struct loaded loaded = {.arena = arena_new()};
    char text[4096];
    int size =
        snprintf(text, sizeof text,
                 "Parameters:\n  P: %s\nResources:\n  B:\n    Type: AWS::Events::EventBus\n"
                 "    Properties:\n      Name: b\n      Description: !Join [';', [!Ref P]]\n",
                 parameter);

    assert_true(size > 0 && (size_t)size < sizeof text);
    loaded.status =
        stack_load_text(loaded.arena, &options, bytes_of_text(text), &loaded.stack, &loaded.error);
    return loaded;
}

static void values(void **state)
{
    static const struct {
        const char *parameter, *value, *expected;
    } cases[] = {
        {"{Type: String, Default: a}", NULL, "a"},
        {"{Type: String, Default: a}", "b", "b"},
        {"{Type: String, Default: 0.50}", NULL, "0.5"},
        {"{Type: Number, Default: 5}", "7.25", "7.25"},
        {"{Type: String, AllowedValues: [x, y]}", "y", "y"},
        {"{Type: String, AllowedPattern: '[a-z]+', MinLength: 2, MaxLength: 3}", "abc", "abc"},
        {"{Type: Number, MinValue: 1, MaxValue: 3}", "3", "3"},
        {"{Type: 'AWS::SSM::Parameter::Value<String>', Default: /a}", "said", "said"},
        {"{Type: 'AWS::EC2::VPC::Id'}", "vpc-1", "vpc-1"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        LOADED loaded = load_parameter(cases[i].parameter, cases[i].value);
        char body[128];

        snprintf(body, sizeof body, "{\"Name\":\"b\",\"Description\":\"%s\"}", cases[i].expected);
        assert_call(&loaded, 0, "AWSEvents.CreateEventBus", body);
        assert_int_equal(loaded.stack->note_count, 0);
    }
}

static void lists(void **state)
{
    LOADED loaded = load("Parameters:\n  L: {Type: CommaDelimitedList, Default: 'a, b ,c'}\n"
                         "Resources:\n  B:\n    Type: AWS::Events::EventBus\n"
                         "    Properties: {Name: !Join ['-', !Ref L]}\n");

    (void)state;
    assert_call(&loaded, 0, "AWSEvents.CreateEventBus", "{\"Name\":\"a-b-c\"}");
}

static void refused(void **state)
{
    static const struct {
        const char *parameter, *value;
        size_t line, column;
        const char *words;
    } cases[] = {
        {"{Type: String}", NULL, 2, 3, "parameter P: expected a value: it has no Default"},
        {"{Type: String, AllowedValues: [x, y]}", "z", 2, 3, "expected one of x, y, got \"z\""},
        {"{Type: String, AllowedPattern: '[a-z]+'}", "1", 2, 3, "expected what matches [a-z]+"},
        {"{Type: String, AllowedPattern: '[a-z]+', ConstraintDescription: letters}", "1", 2, 3,
         "got \"1\": letters"},
        {"{Type: String, MinLength: 2}", "a", 2, 3, "at least this many characters: 2"},
        {"{Type: String, MaxLength: 2}", "abc", 2, 3, "at most this many characters: 2"},
        {"{Type: Number}", "abc", 2, 3, "expected a number, got \"abc\""},
        {"{Type: Number, MinValue: 2}", "1", 2, 3, "expected a number from 2"},
        {"{Type: Number, MaxValue: 2, Default: 9}", NULL, 2, 43, "expected a number up to 2"},
        {"{Type: List<Number>}", "1,x", 2, 3, "expected a number"},
        {"{Type: Strin}", "a", 2, 13, "Type: expected String, Number"},
        {"{Default: a}", "a", 2, 3, "expected Type"},
        {"text", "a", 2, 6, "expected a mapping with Type"},
        {"{Type: String, NoEcho: true, AllowedPattern: x}", "hidden", 2, 3, "got \"****\""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        LOADED loaded = load_parameter(cases[i].parameter, cases[i].value);

        assert_refused(&loaded, cases[i].line, cases[i].column, cases[i].words);
    }
}

/* Also when it is in another text. */
static void secrets(void **state)
{
    LOADED loaded =
        load("Parameters:\n  P: {Type: String, NoEcho: 'true', Default: hidden}\n"
             "Resources:\n  B:\n    Type: AWS::Events::EventBus\n"
             "    Properties: {Name: !Sub 'arn:${P}'}\n  R:\n    Type: AWS::Events::Rule\n"
             "    Properties: {State: !Sub 'x${P}y', EventPattern: {}}\n"
             "Outputs:\n  O: {Value: !Sub 'a ${P}'}\n");

    (void)state;
    assert_refused(&loaded, 9, 25, "State: expected ENABLED or DISABLED, got \"x****y\"");
}

static void unknown_on_the_command_line(void **state)
{
    const struct stack_parameter given = {BYTES("Q"), BYTES("1")};
    const struct stack_options options = {
        .path = "t.yaml", .account = "0", .parameters = &given, .parameter_count = 1};
    LOADED loaded = {.arena = arena_new()};

    (void)state;
    loaded.status =
        stack_load_text(loaded.arena, &options, BYTES("Resources: {Q: {Type: AWS::SQS::Queue}}"),
                        &loaded.stack, &loaded.error);
    assert_refused(&loaded, 1, 1, "--parameter Q: expected the name of one");
}

static void a_store_is_not_asked(void **state)
{
    LOADED loaded =
        load_parameter("{Type: 'AWS::SSM::Parameter::Value<String>', Default: /a}", NULL);

    (void)state;
    assert_note(&loaded, 0, 8, 33, "Ref P: its value is not known offline");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(lists),
        cmocka_unit_test(refused),
        cmocka_unit_test(secrets),
        cmocka_unit_test(unknown_on_the_command_line),
        cmocka_unit_test(a_store_is_not_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
