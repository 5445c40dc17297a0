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
     "There is no profile \"dev\" in /nonexistent: not found or "},
    {{"AWS_PROFILE=sso"},
     {.region = "eu-north-1"},
     "The profile \"sso\" has sso_session: such keys are not fetched here. "},
};

/* ---- what is configured ---- */

#define CONFIG_TEXT                                                                                \
    "[profile place]\nregion = eu-west-3\nendpoint_url = http://general:1\nca_bundle = /ca.pem\n"  \
    "aws_access_key_id = A\naws_secret_access_key = S\n"                                           \
    "services = local\n[services local]\ndynamodb =\n  endpoint_url = http://db:2\n"               \
    "lambda =\n  endpoint_url = http://fn:3/\n[profile both]\nuse_dualstack_endpoint = true\n"

static char config_path[] = "/tmp/dynlog-test-config-XXXXXX";

struct service_case {
    const char *environment[4];
    struct target_options options;
    /* URLs of DynamoDB, its streams, events, lambda, logs, then the region; or the message */
    const char *expected;
};

#define AWS_HOSTS(fips, region, end)                                                               \
    "https://dynamodb" fips "." region end " https://streams.dynamodb" fips "." region end         \
    " https://events" fips "." region end " https://lambda" fips "." region end                    \
    " https://logs" fips "." region end " " region
#define ALL(url) url " " url " " url " " url " " url " "

static const struct service_case service_cases[] = {
    {{NULL}, {0}, ALL("http://127.0.0.1:8000") "us-east-1"},
    {{"AWS_PROFILE=place"},
     {0},
     "http://db:2 http://general:1 http://general:1 http://fn:3 http://general:1 eu-west-3"},
    {{"AWS_PROFILE=place", "AWS_ENDPOINT_URL=http://env:4/", "AWS_REGION=eu-west-2"},
     {0},
     ALL("http://env:4") "eu-west-2"},
    {{"AWS_PROFILE=place", "AWS_ENDPOINT_URL_DYNAMODB_STREAMS=http://st:5",
      "AWS_ENDPOINT_URL_EVENTBRIDGE=http://ev:6", "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS=http://lo:7"},
     {0},
     "http://db:2 http://st:5 http://ev:6 http://fn:3 http://lo:7 eu-west-3"},
    {{"AWS_PROFILE=place", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true"},
     {0},
     ALL("http://127.0.0.1:8000") "eu-west-3"},
    /* another place than the configured one has all there; the configured one is itself */
    {{"AWS_PROFILE=place"}, {.endpoint = "http://else:9"}, ALL("http://else:9") "eu-west-3"},
    {{"AWS_PROFILE=place"},
     {.endpoint = "http://db:2/"},
     "http://db:2 http://general:1 http://general:1 http://fn:3 http://general:1 eu-west-3"},
    {{"AWS_ENDPOINT_URL_LAMBDA=ftp://x"},
     {0},
     "The endpoint \"ftp://x\" is no URL. A URL looks like this: http://127.0.0.1:8000"},
    {{"AWS_PROFILE=place"},
     {.region = "eu-north-1"},
     AWS_HOSTS("", "eu-north-1", ".amazonaws.com")},
    {{NULL}, {.region = "cn-north-1"}, AWS_HOSTS("", "cn-north-1", ".amazonaws.com.cn")},
    {{NULL}, {.region = "us-iso-east-1"}, AWS_HOSTS("", "us-iso-east-1", ".c2s.ic.gov")},
    {{NULL}, {.region = "us-isob-east-1"}, AWS_HOSTS("", "us-isob-east-1", ".sc2s.sgov.gov")},
    {{"AWS_USE_FIPS_ENDPOINT=true"},
     {.region = "us-east-2"},
     AWS_HOSTS("-fips", "us-east-2", ".amazonaws.com")},
    {{"AWS_USE_FIPS_ENDPOINT=false"},
     {.endpoint = "https://dynamodb-fips.us-east-2.amazonaws.com"},
     AWS_HOSTS("-fips", "us-east-2", ".amazonaws.com")},
    {{"AWS_USE_FIPS_ENDPOINT=true"},
     {.region = "us-gov-west-1"},
     "https://dynamodb.us-gov-west-1.amazonaws.com "
     "https://streams.dynamodb.us-gov-west-1.amazonaws.com "
     "https://events.us-gov-west-1.amazonaws.com https://lambda-fips.us-gov-west-1.amazonaws.com "
     "https://logs.us-gov-west-1.amazonaws.com us-gov-west-1"},
    {{"AWS_USE_DUALSTACK_ENDPOINT=true"},
     {.region = "eu-north-1"},
     "AWS_USE_DUALSTACK_ENDPOINT (use_dualstack_endpoint) is not supported: name the host with "},
    {{"AWS_PROFILE=both"}, {.region = "eu-north-1"}, "AWS_USE_DUALSTACK_ENDPOINT "},
};

static void set_environment(struct arena *arena, const char *const *pairs, size_t count)
{
    test_environment();
    setenv("AWS_SHARED_CREDENTIALS_FILE", keys_path, 1);
    setenv("AWS_CONFIG_FILE", config_path, 1);
    for (size_t i = 0; i < count && pairs[i] != NULL; i++) {
        char *pair = arena_copy_text(arena, bytes_of_text(pairs[i]));
        char *value = strchr(pair, '=');

        *value = '\0';
        setenv(pair, value + 1, 1);
    }
}

static void test_services(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(service_cases); i++) {
        const struct service_case *one = &service_cases[i];
        AUTO(arena_release) struct arena *arena = arena_new();
        char message[TARGET_MESSAGE_SIZE] = "", text[1024] = "";
        struct target target;

        set_environment(arena, one->environment, ARRAY_COUNT(one->environment));
        if (target_resolve(arena, &one->options, &target, message) == OK) {
            for (enum target_service s = 0; s < TARGET_SERVICE_COUNT; s++)
                snprintf(text + strlen(text), sizeof text - strlen(text), "%.*s ",
                         BYTES_ARG(target_url(arena, &target, s)));
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s", target.region);
        } else {
            snprintf(text, sizeof text, "%s", message);
        }
        if (strncmp(text, one->expected, strlen(one->expected)) != 0)
            fail_msg("%s, expected %s", text, one->expected);
    }
}

static void test_certificates(void **state)
{
    static const char *const profile[] = {"AWS_PROFILE=place", "AWS_CA_BUNDLE=/other.pem"};
    AUTO(arena_release) struct arena *arena = arena_new();
    char message[TARGET_MESSAGE_SIZE] = "";
    struct target_options options = {0};
    struct target target;

    (void)state;
    set_environment(arena, profile, 1);
    assert_int_equal(target_resolve(arena, &options, &target, message), OK);
    assert_string_equal(target.ca_bundle, "/ca.pem");
    set_environment(arena, profile, 2);
    assert_int_equal(target_resolve(arena, &options, &target, message), OK);
    assert_string_equal(target.ca_bundle, "/other.pem");
    set_environment(arena, profile, 0);
    assert_int_equal(target_resolve(arena, &options, &target, message), OK);
    assert_null(target.ca_bundle);
}

/* ---- who is asked ---- */

static const char *shown(const char *text)
{
    return text != NULL ? text : "-";
}

static void run_case(const struct target_case *one)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    char message[TARGET_MESSAGE_SIZE] = "", text[1024];
    struct target target = {0};

    set_environment(arena, one->environment, ARRAY_COUNT(one->environment));
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

static bool make_file(char *path, const char *text)
{
    int fd = mkstemp(path);
    ssize_t count = write(fd, text, strlen(text));

    close(fd);
    return count == (ssize_t)strlen(text);
}

static int make_files(void **state)
{
    (void)state;
    return make_file(keys_path, FILE_TEXT) && make_file(config_path, CONFIG_TEXT) ? 0 : -1;
}

static int remove_files(void **state)
{
    (void)state;
    return unlink(keys_path) == 0 && unlink(config_path) == 0 ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_services),
        cmocka_unit_test(test_certificates),
    };

    return cmocka_run_group_tests(tests, make_files, remove_files);
}
