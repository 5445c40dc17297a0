/* Tests of client/target.c: who is asked, and with which keys. */
#include "client/target.h"

#include "fake_server.h"

#define FILE_TEXT                                                                                  \
    "# keys\n[default]\naws_access_key_id = AKD\naws_secret_access_key=SD/+=\n\n"                  \
    "[dev]\r\n  aws_access_key_id=AKV\r\naws_secret_access_key = SV\r\naws_session_token = TV\r\n" \
    "; more\n[ sso ]\nsso_session = x\n[half]\naws_access_key_id = AKH\n[last]\n"                  \
    "aws_access_key_id=AKL\naws_secret_access_key=SL"

static char keys_path[] = "/tmp/dynlog-test-keys-XXXXXX";

struct target_case {
    const char *environment[4]; /* "NAME=value" */
    struct target_options options;
    /* "url|host|aws|this machine|region|key|secret|token|table", or the message */
    const char *expected;
};

#define LOCAL_KEYS "AKD|SD/+=|-"
#define DEFAULTS "us-east-1|" LOCAL_KEYS "|local-dynamodb-logs"

static const struct target_case cases[] = {
    {{NULL}, {0}, "http://127.0.0.1:8000|127.0.0.1|0|1|" DEFAULTS},
    {{NULL}, {.endpoint = "http://localhost:1/"}, "http://localhost:1|localhost|0|1|" DEFAULTS},
    {{NULL}, {.endpoint = "localhost:1"}, "http://localhost:1|localhost|0|1|" DEFAULTS},
    {{NULL},
     {.endpoint = "https://db.example.com"},
     "https://db.example.com|db.example.com|0|0|" DEFAULTS},
    {{NULL}, {.endpoint = "http://[::1]:8000"}, "http://[::1]:8000|::1|0|1|" DEFAULTS},
    {{NULL}, {.endpoint = "http://dynlog:8000/x//"}, "http://dynlog:8000/x|dynlog|0|0|" DEFAULTS},
    {{NULL},
     {.endpoint = "ftp://x"},
     "The endpoint \"ftp://x\" is no URL. A URL looks like this: http://127.0.0.1:8000"},
    {{NULL},
     {.endpoint = "http://"},
     "The endpoint \"http://\" is no URL. A URL looks like this: http://127.0.0.1:8000"},
    {{NULL},
     {.endpoint = "http://:80"},
     "The endpoint \"http://:80\" names no host. A URL looks like this: http://127.0.0.1:8000"},
    {{"AWS_ENDPOINT_URL=http://a:1"}, {0}, "http://a:1|a|0|0|" DEFAULTS},
    {{"AWS_ENDPOINT_URL=http://a:1", "AWS_ENDPOINT_URL_DYNAMODB=http://b:2"},
     {0},
     "http://b:2|b|0|0|" DEFAULTS},
    {{"AWS_ENDPOINT_URL="}, {0}, "http://127.0.0.1:8000|127.0.0.1|0|1|" DEFAULTS},
    {{"AWS_ENDPOINT_URL=http://a:1"}, {.endpoint = "http://c:3"}, "http://c:3|c|0|0|" DEFAULTS},
    /* AWS */
    {{"AWS_ENDPOINT_URL=http://a:1"},
     {.region = "eu-north-1"},
     "https://"
     "dynamodb.eu-north-1.amazonaws.com|dynamodb.eu-north-1.amazonaws.com|1|0|eu-north-"
     "1|" LOCAL_KEYS "|local-dynamodb-logs"},
    {{NULL},
     {.region = "cn-north-1", .stage = "prod"},
     "https://dynamodb.cn-north-1.amazonaws.com.cn|dynamodb.cn-north-1.amazonaws.com.cn|1|0|"
     "cn-north-1|" LOCAL_KEYS "|prod-dynamodb-logs"},
    {{"AWS_REGION=us-west-2"},
     {.endpoint = "https://dynamodb.eu-west-1.amazonaws.com"},
     "https://"
     "dynamodb.eu-west-1.amazonaws.com|dynamodb.eu-west-1.amazonaws.com|1|0|eu-west-1|" LOCAL_KEYS
     "|local-dynamodb-logs"},
    {{NULL},
     {.region = "eu-north-1/x"},
     "\"eu-north-1/x\" is no region. A region looks like this: eu-central-1"},
    /* regions */
    {{"AWS_REGION=us-west-2", "AWS_DEFAULT_REGION=us-west-1"},
     {0},
     "http://127.0.0.1:8000|127.0.0.1|0|1|us-west-2|" LOCAL_KEYS "|local-dynamodb-logs"},
    {{"AWS_DEFAULT_REGION=us-west-1"},
     {.table = "t"},
     "http://127.0.0.1:8000|127.0.0.1|0|1|us-west-1|" LOCAL_KEYS "|t"},
    {{"AWS_REGION=us-west-2"},
     {.endpoint = "http://a:1", .region = "x"},
     "http://a:1|a|0|0|x|" LOCAL_KEYS "|local-dynamodb-logs"},
    /* keys */
    {{"AWS_ACCESS_KEY_ID=E", "AWS_SECRET_ACCESS_KEY=F", "AWS_SESSION_TOKEN=G"},
     {0},
     "http://127.0.0.1:8000|127.0.0.1|0|1|us-east-1|E|F|G|local-dynamodb-logs"},
    {{"AWS_ACCESS_KEY_ID=E", "AWS_SECRET_ACCESS_KEY=F"},
     {.profile = "dev"},
     "http://127.0.0.1:8000|127.0.0.1|0|1|us-east-1|AKV|SV|TV|local-dynamodb-logs"},
    {{"AWS_ACCESS_KEY_ID=E", "AWS_PROFILE=dev"},
     {0},
     "http://127.0.0.1:8000|127.0.0.1|0|1|us-east-1|AKV|SV|TV|local-dynamodb-logs"},
    {{NULL},
     {.profile = "last"},
     "http://127.0.0.1:8000|127.0.0.1|0|1|us-east-1|AKL|SL|-|local-dynamodb-logs"},
    {{"AWS_PROFILE=sso"},
     {0},
     "http://127.0.0.1:8000|127.0.0.1|0|1|us-east-1|dynlog|dynlog|-|local-dynamodb-logs"},
    {{"AWS_PROFILE=half"},
     {0},
     "http://127.0.0.1:8000|127.0.0.1|0|1|us-east-1|dynlog|dynlog|-|local-dynamodb-logs"},
    {{"AWS_SHARED_CREDENTIALS_FILE=/nonexistent"},
     {0},
     "http://127.0.0.1:8000|127.0.0.1|0|1|us-east-1|dynlog|dynlog|-|local-dynamodb-logs"},
    {{"AWS_SHARED_CREDENTIALS_FILE=/nonexistent"},
     {.region = "eu-north-1"},
     "There are no keys for AWS. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write a "
     "profile with `aws configure`."},
    {{"AWS_SHARED_CREDENTIALS_FILE=/nonexistent"},
     {.profile = "dev"},
     "There is no profile \"dev\" with a key pair in /nonexistent: "},
    {{"AWS_PROFILE=sso"},
     {.region = "eu-north-1"},
     "There is no profile \"sso\" with a key pair in "},
};

static const char *shown(const char *text)
{
    return text != NULL ? text : "-";
}

static void run_case(const struct target_case *one)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    char message[TARGET_MESSAGE_SIZE] = "", text[1024];
    struct target target = {0};

    test_environment();
    setenv("AWS_SHARED_CREDENTIALS_FILE", keys_path, 1);
    for (size_t i = 0; i < ARRAY_COUNT(one->environment) && one->environment[i] != NULL; i++) {
        char *pair = arena_copy_text(arena, bytes_of_text(one->environment[i]));
        char *value = strchr(pair, '=');

        *value = '\0';
        setenv(pair, value + 1, 1);
    }
    if (target_resolve(arena, &one->options, &target, message) == OK)
        snprintf(text, sizeof text, "%s|%s|%d|%d|%s|%s|%s|%s|%s", target.url, target.host,
                 target.is_aws, target.is_this_machine, target.region, target.key_id, target.secret,
                 shown(target.token), target.table);
    else
        snprintf(text, sizeof text, "%s", message);
    if (strncmp(text, one->expected, strlen(one->expected)) != 0)
        fail_msg("%s, expected %s", text, one->expected);
}

static void test_targets(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        run_case(&cases[i]);
}

static int make_keys(void **state)
{
    int fd = mkstemp(keys_path);
    ssize_t count = write(fd, FILE_TEXT, strlen(FILE_TEXT));

    (void)state;
    close(fd);
    return count == (ssize_t)strlen(FILE_TEXT) ? 0 : -1;
}

static int remove_keys(void **state)
{
    (void)state;
    return unlink(keys_path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_targets),
    };

    return cmocka_run_group_tests(tests, make_keys, remove_keys);
}
