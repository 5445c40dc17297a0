/* Tests of stack/plan.c: what differs between two states of a file. */
#include "stack_test.h"

#include "stack/plan.h"

#define BEGIN                                                                                      \
    "service: app\n"                                                                               \
    "provider: {name: aws, runtime: nodejs20.x}\n"

/* The plan as text: "+ WHAT; ~ WHAT (details); ..." */
static struct bytes plan_text(struct arena *arena, const char *before, const char *after)
{
    static const char signs[] = {
        [PLAN_ADD] = '+', [PLAN_CHANGE] = '~', [PLAN_REMOVE] = '-', [PLAN_STAYS] = '='};
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(65536);
    LOADED old = load(before);
    LOADED new = load(after);
    struct plan plan = {0};

    assert_loaded(&old);
    assert_loaded(&new);
    plan_make(arena, old.stack, new.stack, &plan);
    for (size_t i = 0; i < plan.count; i++) {
        const struct plan_step *step = &plan.steps[i];

        buffer_printf(&out, "%s%c %.*s", i > 0 ? "; " : "", signs[step->kind],
                      BYTES_ARG(step->what));
        if (step->details.size > 0)
            buffer_printf(&out, " (%.*s)", BYTES_ARG(step->details));
    }
    if (plan.at_next_start.size > 0)
        buffer_printf(&out, "%s! %.*s", plan.count > 0 ? "; " : "", BYTES_ARG(plan.at_next_start));
    return arena_copy(arena, buffer_bytes(&out));
}

#define TABLE(stream)                                                                              \
    "resources:\n"                                                                                 \
    "  Resources:\n"                                                                               \
    "    T:\n"                                                                                     \
    "      Type: AWS::DynamoDB::Table\n"                                                           \
    "      Properties:\n"                                                                          \
    "        TableName: t\n"                                                                       \
    "        AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]\n"                      \
    "        KeySchema: [{AttributeName: pk, KeyType: HASH}]\n"                                    \
    "        StreamSpecification: {StreamViewType: " stream "}\n"

static void plans(void **state)
{
    static const struct {
        const char *before, *after, *expected;
    } cases[] = {
        {BEGIN, BEGIN, ""},
        {BEGIN TABLE("NEW_IMAGE"), BEGIN TABLE("NEW_IMAGE"), ""},
        {BEGIN, BEGIN TABLE("NEW_IMAGE"), "+ table t"},
        {BEGIN TABLE("NEW_IMAGE"), BEGIN, "= table t"},
        {BEGIN TABLE("NEW_IMAGE"), BEGIN TABLE("KEYS_ONLY"),
         "~ table t (StreamSpecification (stays as it is))"},
        {BEGIN "functions: {f: {handler: a.b}}\n", BEGIN, "- function app-local-f"},
        {BEGIN "functions: {f: {handler: a.b}}\n", BEGIN "functions: {g: {handler: a.b}}\n",
         "+ function app-local-g; - function app-local-f"},
        {BEGIN "functions: {f: {handler: a.b}}\n",
         BEGIN "functions: {f: {handler: a.c, timeout: 10, environment: {A: 1}}}\n",
         "~ function app-local-f (handler \"a.b\" -> \"a.c\", timeout 6 -> 10, environment)"},
        /* of an event's rule */
        {BEGIN
         "functions: {f: {handler: a.b, events: [{eventBridge: {pattern: {source: [x]}}}]}}\n",
         BEGIN
         "functions: {f: {handler: a.b, events: [{eventBridge: {pattern: {source: [y]}}}]}}\n",
         "~ rule app-local-f-rule-1 (EventPattern \"{\\\"source\\\":[\\\"x\\\"]}\" -> "
         "\"{\\\"source\\\":[\\\"y\\\"]}\")"},
        {BEGIN
         "functions: {f: {handler: a.b, events: [{eventBridge: {pattern: {source: [x]}}}]}}\n",
         BEGIN "functions: {f: {handler: a.b}}\n", "- rule app-local-f-rule-1"},
        /* a queue before it moves the number of a late value, and nothing else */
        {BEGIN "functions: {f: {handler: a.b, environment: {Q: !Ref Q}}}\n"
               "resources: {Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: q}}}}\n",
         BEGIN "functions: {f: {handler: a.b, environment: {Q: !Ref Q}}}\n"
               "resources: {Resources: {P: {Type: AWS::SQS::Queue, Properties: {QueueName: p,\n"
               "  DelaySeconds: 1}}, Q: {Type: AWS::SQS::Queue, Properties: {QueueName: q}}}}\n",
         "+ queue p"},
        {BEGIN "resources: {Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: q}}}}\n",
         BEGIN "resources: {Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: q,\n"
               "  DelaySeconds: 5}}}}\n",
         "~ queue q (Attributes)"},
        {BEGIN "resources: {Resources: {B: {Type: AWS::Events::EventBus, Properties: {Name: b}},\n"
               "  A: {Type: AWS::Events::Archive, Properties: {SourceArn: !GetAtt B.Arn,\n"
               "  ArchiveName: a, RetentionDays: 7}}}}\n",
         BEGIN "resources: {Resources: {B: {Type: AWS::Events::EventBus, Properties: {Name: b}},\n"
               "  A: {Type: AWS::Events::Archive, Properties: {SourceArn: !GetAtt B.Arn,\n"
               "  ArchiveName: a, RetentionDays: 14}}}}\n",
         "~ archive a (RetentionDays 7 -> 14)"},
        {BEGIN, BEGIN "custom: {serverless-offline: {lambdaPort: 4002}}\n",
         "! serverless-offline.lambdaPort"},
        {BEGIN,
         BEGIN
         "custom: {serverless-offline-aws-eventbridge: {retryDelayMs: 5}, dynlog: {shards: 2}}\n",
         "~ settings of deliveries and streams (retryDelayMs -1 -> 5, dynlog.shards 0 -> 2)"},
        {BEGIN "custom: {dynlog: {private: [a]}}\n", BEGIN "custom: {dynlog: {private: [b]}}\n",
         "+ private log b; = private log a"},
        {BEGIN, "service: other\nprovider: {name: aws}\n", "! service"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();

        assert_bytes(plan_text(arena, cases[i].before, cases[i].after), cases[i].expected);
    }
}

static void mappings(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();

    (void)state;
    assert_bytes(
        plan_text(
            arena,
            BEGIN TABLE("NEW_IMAGE") "functions: {f: {handler: a.b, events: [{stream: {type: "
                                     "dynamodb, arn: !GetAtt T.StreamArn}}]}}\n",
            BEGIN TABLE("NEW_IMAGE") "functions: {f: {handler: a.b, events: [{stream: {type: "
                                     "dynamodb, arn: !GetAtt T.StreamArn, batchSize: 5}}]}}\n"),
        "~ mapping of t to app-local-f (batchSize 10 -> 5)");
    assert_bytes(
        plan_text(arena,
                  BEGIN TABLE("NEW_IMAGE") "functions: {f: {handler: a.b, events: [{stream: {type: "
                                           "dynamodb, arn: !GetAtt T.StreamArn}}]}}\n",
                  BEGIN TABLE("NEW_IMAGE") "functions: {f: {handler: a.b}}\n"),
        "- mapping of t to app-local-f; ! the built-in trigger");
}

#define SAM(word, timeout, alias)                                                                  \
    "Transform: AWS::Serverless-2016-10-31\n"                                                      \
    "Parameters: {Word: {Type: String, NoEcho: true, Default: " word "}}\n"                        \
    "Resources:\n"                                                                                 \
    "  F:\n"                                                                                       \
    "    Type: AWS::Serverless::Function\n"                                                        \
    "    Properties: {FunctionName: f, Runtime: nodejs20.x, Handler: index.h, InlineCode: x,\n"    \
    "      Timeout: " timeout ", Environment: {Variables: {W: !Ref Word}}" alias "}\n"             \
    "  Q: {Type: AWS::SQS::Queue, Properties: {QueueName: q, Tags: [{Key: k, Value: !Ref "         \
    "Word}]}}\n"                                                                                   \
    "  R: {Type: AWS::Events::Rule, Properties: {Name: r, Description: !Ref Word,\n"               \
    "    EventPattern: {source: [x]}}}\n"

/* A template's own words; and what nobody may see is in no line. */
static void templates(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();

    (void)state;
    assert_bytes(plan_text(arena, SAM("geheim1", "5", ""), SAM("geheim2", "9", "")),
                 "~ queue q (Tags); ~ rule r (Description); ~ function f (Timeout 5 -> 9, "
                 "Environment)");
    assert_bytes(plan_text(arena, SAM("a", "5", ""), SAM("a", "5", ", AutoPublishAlias: live")),
                 "+ version 1 of f; + alias live of f");
    assert_bytes(plan_text(arena, SAM("a", "5", ", AutoPublishAlias: live"), SAM("a", "5", "")),
                 "- version 1 of f; - alias live of f");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans),
        cmocka_unit_test(mappings),
        cmocka_unit_test(templates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
