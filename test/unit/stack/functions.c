/* test/unit/stack/functions.c - the fields of functions, their limits, environment, destinations.
 */
#include "stack_test.h"

#define HEAD "service: s\nfunctions:\n  f:\n    handler: h.h\n"

static const struct stack_function *function_of(const struct loaded *loaded, size_t index)
{
    assert_loaded(loaded);
    assert_true(index < loaded->stack->function_count);
    return &loaded->stack->functions[index];
}

static void defaults(void **state)
{
    LOADED loaded = load(HEAD);
    const struct stack_function *f = function_of(&loaded, 0);

    (void)state;
    assert_bytes(f->key, "f");
    assert_bytes(f->name, "s-local-f");
    assert_bytes(f->handler, "h.h");
    assert_bytes(f->runtime, "nodejs20.x");
    assert_int_equal(f->environment_count, 0);
    assert_int_equal(f->timeout_s, 6);
    assert_int_equal(f->memory_mb, 1024);
    assert_int_equal(f->reserved_concurrency, -1);
    assert_int_equal(f->maximum_retry_attempts, -1);
    assert_int_equal(f->maximum_event_age_s, -1);
    assert_int_equal(f->on_success.kind, STACK_DESTINATION_NONE);
    assert_int_equal(f->on_failure.kind, STACK_DESTINATION_NONE);
    assert_string_equal(f->where.file, "serverless.yml");
    assert_int_equal(f->where.line, 3);
    assert_int_equal(f->where.column, 3);
}

static void all_fields(void **state)
{
    LOADED loaded = load("service: s\n"
                         "provider: {runtime: python3.12, timeout: 30, memorySize: 512}\n"
                         "functions:\n"
                         "  a:\n"
                         "    handler: h.a\n"
                         "  b:\n"
                         "    name: own-name-${opt:stage}\n"
                         "    handler: h.b\n"
                         "    runtime: provided.al2023\n"
                         "    timeout: '7'\n"
                         "    memorySize: 128\n"
                         "    reservedConcurrency: 0\n"
                         "    maximumRetryAttempts: 1\n"
                         "    maximumEventAge: 60\n");
    const struct stack_function *a = function_of(&loaded, 0), *b = function_of(&loaded, 1);

    (void)state;
    assert_bytes(a->runtime, "python3.12");
    assert_int_equal(a->timeout_s, 30);
    assert_int_equal(a->memory_mb, 512);
    assert_bytes(b->name, "own-name-local");
    assert_bytes(b->runtime, "provided.al2023");
    assert_int_equal(b->timeout_s, 7);
    assert_int_equal(b->memory_mb, 128);
    assert_int_equal(b->reserved_concurrency, 0);
    assert_int_equal(b->maximum_retry_attempts, 1);
    assert_int_equal(b->maximum_event_age_s, 60);
    assert_int_equal(loaded.stack->note_count, 0);
}

static void limits(void **state)
{
    static const struct {
        const char *field;
        int64_t smallest, largest;
    } cases[] = {
        {"timeout", 1, 900},
        {"memorySize", 128, 10240},
        {"reservedConcurrency", 0, INT32_MAX},
        {"maximumRetryAttempts", 0, 2},
        {"maximumEventAge", 60, 21600},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const int64_t values[] = {cases[i].smallest, cases[i].largest, cases[i].smallest - 1,
                                  cases[i].largest + 1};

        for (size_t k = 0; k < ARRAY_COUNT(values); k++) {
            char text[256], words[128];

            snprintf(text, sizeof text, HEAD "    %s: %lld\n", cases[i].field,
                     (long long)values[k]);
            snprintf(words, sizeof words, "%s: expected a whole number from %lld to %lld, got %lld",
                     cases[i].field, (long long)cases[i].smallest, (long long)cases[i].largest,
                     (long long)values[k]);

            LOADED loaded = load(text);

            if (k < 2)
                assert_loaded(&loaded);
            else
                assert_refused(&loaded, 5, 7 + strlen(cases[i].field), words);
        }
    }
}

static void environment(void **state)
{
    static const struct {
        const char *name, *value;
    } expected[] = {
        {"A", "own"}, {"B", "true"}, {"C", "1"}, {"D", ""}, {"E", "0.5"}, {"T", "t"}, {"X", "a\nb"},
    };
    LOADED loaded = load("service: s\n"
                         "provider:\n"
                         "  environment: {A: shared, B: true, C: 1, N: null, D: ''}\n"
                         "functions:\n"
                         "  f:\n"
                         "    handler: h.h\n"
                         "    environment:\n"
                         "      A: own\n"
                         "      E: .5\n"
                         "      F: ~\n"
                         "      G: !Ref AWS::NoValue\n"
                         "      T: !Ref Table\n"
                         "      X: \"a\\nb\"\n"
                         "resources:\n"
                         "  Resources:\n"
                         "    Table:\n"
                         "      Type: AWS::DynamoDB::Table\n"
                         "      Properties:\n"
                         "        TableName: t\n"
                         "        AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]\n"
                         "        KeySchema: [{AttributeName: pk, KeyType: HASH}]\n");
    const struct stack_function *f = function_of(&loaded, 0);

    (void)state;
    assert_int_equal(f->environment_count, ARRAY_COUNT(expected));
    for (size_t i = 0; i < ARRAY_COUNT(expected); i++) {
        assert_bytes(f->environment[i].name, expected[i].name);
        assert_bytes(f->environment[i].value, expected[i].value);
    }
}

static void values_that_are_known_later(void **state)
{
    LOADED loaded = load(HEAD "    environment: {QUEUE: !Ref Queue, ARN: !GetAtt Queue.Arn}\n"
                              "resources:\n"
                              "  Resources:\n"
                              "    Queue: {Type: AWS::SQS::Queue}\n");
    const struct stack_function *function = NULL;

    (void)state;
    assert_loaded(&loaded);
    function = &loaded.stack->functions[0];
    assert_int_equal(function->environment_count, 2);
    assert_bytes(filled(&loaded, function->environment[0].value),
                 "http://127.0.0.1:PORT/000000000000/s-local-Queue");
    assert_bytes(function->environment[1].value,
                 "arn:aws:sqs:us-east-1:000000000000:s-local-Queue");
    assert_int_equal(loaded.stack->note_count, 0);
}

#define QUEUE                                                                                      \
    "resources: {Resources: {queue: {Type: AWS::SQS::Queue, Properties: {QueueName: s-q}}}}\n"

static void destinations(void **state)
{
    static const struct {
        const char *yaml;
        enum stack_destination_kind kind;
        const char *target;
    } cases[] = {
        {"g", STACK_DESTINATION_FUNCTION, "s-local-g"},
        {"s-local-g", STACK_DESTINATION_FUNCTION, "s-local-g"},
        {"arn:aws:lambda:us-east-1:000000000000:function:s-local-g", STACK_DESTINATION_FUNCTION,
         "s-local-g"},
        {"!GetAtt GLambdaFunction.Arn", STACK_DESTINATION_FUNCTION, "s-local-g"},
        {"{type: function, arn: !GetAtt GLambdaFunction.Arn}", STACK_DESTINATION_FUNCTION,
         "s-local-g"},
        {"arn:aws:sqs:us-east-1:1:q", STACK_DESTINATION_ARN, "arn:aws:sqs:us-east-1:1:q"},
        {"arn:aws:events:us-east-1:1:event-bus/b", STACK_DESTINATION_ARN,
         "arn:aws:events:us-east-1:1:event-bus/b"},
        {"{type: sqs, arn: !GetAtt queue.Arn}", STACK_DESTINATION_ARN,
         "arn:aws:sqs:us-east-1:000000000000:s-q"},
        {"{type: sns, arn: arn:aws:sns:us-east-1:1:t}", STACK_DESTINATION_NONE, ""}, /* noted */
        {"~", STACK_DESTINATION_NONE, ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        static const char *const members[] = {"onSuccess", "onFailure"};

        for (size_t k = 0; k < ARRAY_COUNT(members); k++) {
            char text[512];

            snprintf(text, sizeof text,
                     HEAD "    destinations: {%s: %s}\n  g: {handler: h.h}\n" QUEUE, members[k],
                     cases[i].yaml);

            LOADED loaded = load(text);
            const struct stack_function *f = function_of(&loaded, 0);
            const struct stack_destination *set = k == 0 ? &f->on_success : &f->on_failure;
            const struct stack_destination *other = k == 0 ? &f->on_failure : &f->on_success;

            assert_int_equal(set->kind, cases[i].kind);
            assert_bytes(set->target, cases[i].target);
            assert_int_equal(other->kind, STACK_DESTINATION_NONE);
        }
    }
}

static void dead_letter_queue(void **state)
{
    LOADED loaded = load(HEAD "    onError: !GetAtt queue.Arn\n" QUEUE);
    LOADED topic = load(HEAD "    onError: arn:aws:sns:us-east-1:1:t\n");

    (void)state;
    assert_bytes(function_of(&loaded, 0)->dead_letter_arn,
                 "arn:aws:sqs:us-east-1:000000000000:s-q");
    assert_int_equal(function_of(&topic, 0)->dead_letter_arn.size, 0);
    assert_note(&topic, 0, 5, 14,
                "not acted on: onError: dynlog has nothing of the service \"sns\"");
}

static void log_groups(void **state)
{
    LOADED loaded = load(HEAD "    logRetentionInDays: 7\n"
                              "  g: {handler: h.h, disableLogs: true, logRetentionInDays: 3}\n"
                              "  i: {handler: h.h, logs: {logGroup: shared}}\n");
    const struct stack *stack = loaded.stack;

    (void)state;
    assert_loaded(&loaded);
    assert_int_equal(stack->call_count, 2);
    assert_bytes(stack->calls[0].body, "{\"logGroupName\":\"/aws/lambda/s-local-f\"}");
    assert_bytes(stack->calls[1].body,
                 "{\"logGroupName\":\"/aws/lambda/s-local-f\",\"retentionInDays\":7}");
    assert_false(function_of(&loaded, 0)->disable_logs);
    assert_true(function_of(&loaded, 1)->disable_logs);
    assert_bytes(function_of(&loaded, 2)->log_group, "shared");
}

static void unknowable_destination_is_noted(void **state)
{
    LOADED loaded = load(HEAD "    destinations: {onFailure: !ImportValue q}\n");

    (void)state;
    assert_int_equal(function_of(&loaded, 0)->on_failure.kind, STACK_DESTINATION_NONE);
    assert_note(&loaded, 0, 5, 31, "Fn::ImportValue q");
}

static void refused(void **state)
{
    static const struct refused_case cases[] = {
        {"service: s\nfunctions:\n  f:\n    events: []\n", 3, 3,
         "function f: expected a handler, as src/handler.handler"},
        {"service: s\nfunctions:\n  f:\n", 3, 5,
         "function f: expected a mapping with handler, got nothing"},
        {"service: s\nfunctions: x\n", 2, 12, "functions: expected a mapping, got \"x\""},
        {"service: s\nfunctions: [x]\n", 2, 13,
         "functions: expected a list of mappings, got \"x\""},
        {"service: s\nfunctions:\n  f: {handler: {}}\n", 3, 16, "handler: expected text"},
        {HEAD "    timeout: soon\n", 5, 14,
         "timeout: expected a whole number from 1 to 900, got \"soon\""},
        {HEAD "    timeout: 1.5\n", 5, 14, "got 1.5"},
        {HEAD "    environment: [a]\n", 5, 18, "environment: expected a mapping, got a list"},
        {HEAD "    environment: {A: [b]}\n", 5, 22,
         "environment: A: expected text, a number or a boolean, got a list"},
        {HEAD "    destinations: g\n", 5, 19, "destinations: expected a mapping, got \"g\""},
        {HEAD "    destinations: {onFailure: gg}\n  ggg: {handler: h.h}\n", 5, 31,
         "onFailure: expected a function of this stack or an ARN, got \"gg\""},
        {HEAD "    destinations: {onFailure: saveUser}\n  saveUsers: {handler: h.h}\n", 5, 31,
         "did you mean \"saveUsers\"?"},
        {HEAD "    destinations: {onFailure: {type: sqs}}\n", 5, 31, "expected {type, arn}"},
        {HEAD "    destinations: {onFailure: arn:aws:sqs:us-east-1:1:q.fifo}\n", 5, 31,
         "onFailure: expected a standard queue"},
        {HEAD "    onError: arn:aws:sqs:us-east-1:1:q.fifo\n", 5, 14,
         "onError: expected a standard queue"},
        {HEAD "    onError: q\n", 5, 14, "onError: expected the ARN of a queue, got \"q\""},
        {HEAD "    logRetentionInDays: 0\n", 5, 25, "expected a whole number from 1 to 3653"},
        {HEAD "    destinations: {onFailure: g}\n  g: {handler: h.h, enabled: false}\n", 5, 31,
         "expected a function that is enabled: g is not"},
    };

    (void)state;
    check_refused(cases, ARRAY_COUNT(cases));
}

static void notes(void **state)
{
    LOADED loaded = load(HEAD "    layers: [arn:x]\n"
                              "    url: true\n"
                              "    memorysize: 128\n"
                              "    zzz: 1\n"
                              "    tags: {a: b}\n"
                              "    package: {patterns: []}\n"
                              "    destinations: {onFailur: f}\n");

    (void)state;
    assert_note(&loaded, 0, 5, 5,
                "not acted on: layers of a function: functions run without layers");
    assert_note(&loaded, 1, 6, 5, "not acted on: url of a function");
    assert_note(&loaded, 2, 7, 5,
                "unknown key \"memorysize\" of a function; did you mean \"memorySize\"?");
    assert_note(&loaded, 3, 8, 5, "unknown key \"zzz\" of a function");
    assert_note(&loaded, 4, 11, 20, "did you mean \"onFailure\"?");
    assert_int_equal(loaded.stack->note_count, 5);
}

static void images_are_left_out(void **state)
{
    LOADED loaded = load("service: s\nfunctions:\n  f:\n    image: repo/x\n");

    (void)state;
    assert_note(&loaded, 0, 3, 3, "function f: container images are not run");
    assert_int_equal(loaded.stack->function_count, 0);
}

static void lists_are_merged(void **state)
{
    LOADED loaded = load("service: s\n"
                         "functions:\n"
                         "  - a: {handler: h.a}\n"
                         "  - b: {handler: h.b}\n"
                         "    c: {handler: h.c}\n");

    (void)state;
    assert_int_equal(loaded.stack->function_count, 3);
    assert_bytes(loaded.stack->functions[2].name, "s-local-c");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(all_fields),
        cmocka_unit_test(limits),
        cmocka_unit_test(environment),
        cmocka_unit_test(values_that_are_known_later),
        cmocka_unit_test(destinations),
        cmocka_unit_test(dead_letter_queue),
        cmocka_unit_test(log_groups),
        cmocka_unit_test(unknowable_destination_is_noted),
        cmocka_unit_test(refused),
        cmocka_unit_test(notes),
        cmocka_unit_test(images_are_left_out),
        cmocka_unit_test(lists_are_merged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
