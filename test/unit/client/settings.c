/* Tests of client/settings.c: AWS's shared files as AWS's own tools read them. */
#include "client/settings.h"

#include "fake_server.h"

#define CONFIG                                                                                     \
    "# people's own\n"                                                                             \
    "[default]\n"                                                                                  \
    "region = eu-west-1\n"                                                                         \
    "region = eu-north-1\n"                                                                        \
    "[dev]\n"                                                                                      \
    "region = nowhere\n" /* no profile: the word is missing */                                     \
    "[profile dev]\r\n"                                                                            \
    "  region=us-west-2\r\n"                                                                       \
    "services = local\n"                                                                           \
    "s3 =\n"                                                                                       \
    "  region = inner\n"                                                                           \
    "\tmax = 1\n"                                                                                  \
    "; an end of s3\n"                                                                             \
    "ca_bundle = /a=b.pem\n"                                                                       \
    "empty =\n"                                                                                    \
    "[profile \"two words\"]\n"                                                                    \
    "region = two\n"                                                                               \
    "[services local]\n"                                                                           \
    "dynamodb =\n"                                                                                 \
    "  endpoint_url = http://a:1\n"                                                                \
    "dynamodb_streams =\n"                                                                         \
    "  endpoint_url = http://b:2\n"                                                                \
    "[sso-session dev]\n"                                                                          \
    "region = session\n"                                                                           \
    "[profile last]\n"                                                                             \
    "no equals sign\n"                                                                             \
    "region = end"
#define CREDENTIALS                                                                                \
    "[default]\naws_access_key_id = A\n[dev]\nca_bundle = of-credentials\n[profile dev]\nx = y\n"

static const char *shown(const char *text)
{
    return text != NULL ? text : "-";
}

static void read_both(struct arena *arena, const char *profile, struct settings *settings)
{
    *settings = (struct settings){.profile = profile};
    settings_parse(arena, BYTES(CONFIG), false, settings);
    settings_parse(arena, BYTES(CREDENTIALS), true, settings);
}

static void test_get(void **state)
{
    static const struct {
        const char *profile, *name, *value;
        bool has_profile;
    } cases[] = {
        {"default", "region", "eu-north-1", true},
        {"default", "aws_access_key_id", "A", true},
        {"dev", "region", "us-west-2", true},
        {"dev", "ca_bundle", "of-credentials", true},
        {"dev", "s3.region", "inner", true},
        {"dev", "s3.max", "1", true},
        {"dev", "s3", "-", true},
        {"dev", "empty", "-", true},
        {"dev", "x", "-", true},
        {"two words", "region", "two", true},
        {"last", "region", "end", true},
        {"local", "dynamodb.endpoint_url", "-", false},
        {"nobody", "region", "-", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct settings settings;

        print_message("  %s: %s\n", cases[i].profile, cases[i].name);
        read_both(arena, cases[i].profile, &settings);
        assert_string_equal(shown(settings_get(arena, &settings, cases[i].name)), cases[i].value);
        assert_int_equal(settings.has_profile, cases[i].has_profile);
    }
}

static void test_services_and_secrets(void **state)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct settings settings;

    (void)state;
    read_both(arena, "dev", &settings);
    assert_string_equal(
        settings_get_of_service(arena, &settings, "dynamodb_streams", "endpoint_url"),
        "http://b:2");
    assert_null(settings_get_of_service(arena, &settings, "lambda", "endpoint_url"));
    assert_string_equal(settings_get_secret(arena, &settings, "ca_bundle"), "of-credentials");
    assert_null(settings_get_secret(arena, &settings, "region"));
    read_both(arena, "default", &settings);
    assert_null(settings_get_of_service(arena, &settings, "dynamodb", "endpoint_url"));
    assert_true(settings_is_true("True"));
    assert_false(settings_is_true("yes"));
    assert_false(settings_is_true(NULL));
}

/* Headers without an end, and other halves. */
static void test_halves(void **state)
{
    static const char *const texts[] = {
        "", "[", "]", "=", "[]", "[profile", "[profile ]\na=b", " =\n =", "[x]\n =\n =", "\0", "[x",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct settings settings = {.profile = "x"};

        settings_parse(arena, bytes_of_text(texts[i]), i % 2 == 0, &settings);
        assert_null(settings_get(arena, &settings, "y"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_get),
        cmocka_unit_test(test_services_and_secrets),
        cmocka_unit_test(test_halves),
    };

    test_environment();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
