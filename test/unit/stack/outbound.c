/* test/unit/stack/outbound.c - connections and API destinations. */
#include "stack_test.h"

#define HEAD                                                                                       \
    "service: s\nresources:\n  Resources:\n    C:\n      Type: AWS::Events::Connection\n      "    \
    "Properties:\n"

static void connection(void **state)
{
    LOADED loaded =
        load(HEAD "        AuthorizationType: OAUTH_CLIENT_CREDENTIALS\n"
                  "        Description: d\n"
                  "        AuthParameters:\n"
                  "          OAuthParameters:\n"
                  "            AuthorizationEndpoint: https://auth\n"
                  "            HttpMethod: POST\n"
                  "            ClientParameters: {ClientID: id, ClientSecret: 5}\n"
                  "            OAuthHttpParameters: {BodyParameters: [{Key: k, Value: v, "
                  "IsValueSecret: 'true'}]}\n"
                  "          InvocationHttpParameters: {HeaderParameters: [{Key: a, Value: b}]}\n");
    static const char body[] =
        "{\"Name\":\"s-local-C\",\"Description\":\"d\",\"AuthorizationType\":"
        "\"OAUTH_CLIENT_CREDENTIALS\",\"AuthParameters\":{\"OAuthParameters\":{"
        "\"AuthorizationEndpoint\":\"https://auth\",\"HttpMethod\":\"POST\",\"ClientParameters\":{"
        "\"ClientID\":\"id\",\"ClientSecret\":\"5\"},\"OAuthHttpParameters\":{\"BodyParameters\":["
        "{\"Key\":\"k\",\"Value\":\"v\",\"IsValueSecret\":true}]}},\"InvocationHttpParameters\":{"
        "\"HeaderParameters\":[{\"Key\":\"a\",\"Value\":\"b\"}]}}}";

    (void)state;
    assert_call(&loaded, 0, "AWSEvents.CreateConnection", body);
    assert_string_equal(loaded.stack->calls[0].update, "AWSEvents.UpdateConnection");
    assert_bytes(loaded.stack->calls[0].update_body, body);
    assert_made(&loaded, 0, "connection s-local-C", "AWSEvents.DeleteConnection",
                "{\"Name\":\"s-local-C\"}");
    assert_int_equal(loaded.stack->note_count, 0);
}

static void destination(void **state)
{
    LOADED loaded =
        load("service: s\nresources:\n  Resources:\n"
             "    D:\n" /* stands before its connection */
             "      Type: AWS::Events::ApiDestination\n"
             "      Properties:\n"
             "        Name: d\n"
             "        ConnectionArn: !GetAtt C.Arn\n"
             "        InvocationEndpoint: https://api/*\n"
             "        HttpMethod: PUT\n"
             "        InvocationRateLimitPerSecond: '300'\n"
             "    C:\n"
             "      Type: AWS::Events::Connection\n"
             "      Properties:\n"
             "        Name: c\n"
             "        AuthorizationType: API_KEY\n"
             "        AuthParameters: {ApiKeyAuthParameters: {ApiKeyName: n, ApiKeyValue: v}}\n");

    (void)state;
    assert_call_of(&loaded, "AWSEvents.CreateApiDestination", 0,
                   "{\"Name\":\"d\",\"ConnectionArn\":"
                   "\"arn:aws:events:us-east-1:000000000000:connection/c/CONNECTION\","
                   "\"InvocationEndpoint\":\"https://api/*\",\"HttpMethod\":\"PUT\","
                   "\"InvocationRateLimitPerSecond\":300}");
    assert_string_equal(loaded.stack->calls[0].target, "AWSEvents.CreateConnection");
    /* each answer tells the value that the other needs */
    assert_int_equal(loaded.stack->late[loaded.stack->calls[0].late].kind, STACK_LATE_CONNECTION);
    assert_int_equal(loaded.stack->late[loaded.stack->calls[1].late].kind,
                     STACK_LATE_API_DESTINATION);
    assert_made(&loaded, 1, "API destination d", "AWSEvents.DeleteApiDestination",
                "{\"Name\":\"d\"}");
}

static void refused(void **state)
{
    static const struct refused_case cases[] = {
        {HEAD "        Name: c\n", 7, 9, "a connection: expected AuthorizationType in it"},
        {HEAD "        AuthorizationType: BASIC\n"
              "        AuthParameters: {BasicAuthParameters: {Username: u}}\n",
         8, 47, "BasicAuthParameters: expected Password in it"},
        {HEAD "        AuthorizationType: BASIC\n        AuthParameters: x\n", 8, 25,
         "AuthParameters: expected a mapping, got \"x\""},
        {HEAD "        AuthorizationType: BASIC\n"
              "        AuthParameters: {InvocationHttpParameters: {BodyParameters: x}}\n",
         8, 69, "BodyParameters: expected a list, got \"x\""},
        {"service: s\nresources:\n  Resources:\n    D:\n      Type: AWS::Events::ApiDestination\n"
         "      Properties:\n        ConnectionArn: c\n        InvocationEndpoint: e\n"
         "        HttpMethod: GET\n        InvocationRateLimitPerSecond: 0\n",
         10, 39, "InvocationRateLimitPerSecond: expected a whole number from 1"},
    };

    (void)state;
    check_refused(cases, ARRAY_COUNT(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connection),
        cmocka_unit_test(destination),
        cmocka_unit_test(refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
