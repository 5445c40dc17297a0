/* Tests of client/credentials.c and client/credentials_process.c: which keys are taken, and what is
 * said when there are none. */
#include "client/credentials.h"

#include "fake_server.h"

/* Printed by a process. */
#define PRINTED "{\"Version\":1,\"AccessKeyId\":\"AP\",\"SecretAccessKey\":\"SP\""
#define PRINTS "printf '%s' '" PRINTED ",\"SessionToken\":\"TP\"}'"

#define CONFIG                                                                                     \
    "[default]\naws_access_key_id=AC\naws_secret_access_key=SC\n"                                  \
    "[profile prints]\ncredential_process = " PRINTS "\n"                                          \
    "[profile both]\ncredential_process = " PRINTS "\nsso_session = x\n"                           \
    "[profile pair]\ncredential_process = false\n"                                                 \
    "[profile role]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = default\n"                 \
    "[profile sso]\nsso_session = x\n"                                                             \
    "[profile legacy]\nsso_start_url = https://x\n"                                                \
    "[profile bare]\nregion = eu-west-1\n"
#define CREDENTIALS "[pair]\naws_access_key_id=AK\naws_secret_access_key=SK\naws_session_token=TK\n"

struct credentials_case {
    const char *environment[3];
    const char *profile;
    bool asked, needed, may_run;
    const char *expected; /* "key|secret|token|process", or the message's begin */
};

#define NONE "-|-|-|0"
#define EXPORTED "such keys are not fetched here. Write another profile into /config with the line "

static const struct credentials_case cases[] = {
    {{NULL}, "default", false, true, true, "AC|SC|-|0"},
    {{"AWS_ACCESS_KEY_ID=E", "AWS_SECRET_ACCESS_KEY=F"}, "default", false, true, true, "E|F|-|0"},
    {{"AWS_ACCESS_KEY_ID=E", "AWS_SECRET_ACCESS_KEY=F", "AWS_SESSION_TOKEN=G"},
     "prints",
     false,
     true,
     true,
     "E|F|G|0"},
    {{"AWS_ACCESS_KEY_ID=E", "AWS_SECRET_ACCESS_KEY=F"}, "pair", true, true, true, "AK|SK|TK|0"},
    {{"AWS_ACCESS_KEY_ID=E"},
     "default",
     false,
     true,
     true,
     "AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not: both make a key pair."},
    {{"AWS_SECRET_ACCESS_KEY=E"}, "default", false, true, true, "AWS_SECRET_ACCESS_KEY is set, "},
    {{"AWS_ACCESS_KEY_ID=E"}, "bare", false, false, false, NONE}, /* a dynlog takes any */
    {{NULL}, "pair", false, true, true, "AK|SK|TK|0"}, /* the credentials before the process */
    {{NULL}, "prints", true, true, true, "AP|SP|TP|1"},
    {{NULL}, "prints", false, false, true, "AP|SP|TP|1"},
    {{NULL}, "prints", false, false, false, NONE}, /* nothing is run for a server of one's own */
    {{NULL}, "both", false, true, true, "AP|SP|TP|1"},
    {{NULL},
     "role",
     true,
     true,
     true,
     "The profile \"role\" has role_arn: " EXPORTED
     "`credential_process = aws configure export-credentials --profile role`, and name that one."},
    {{NULL}, "sso", false, true, true, "The profile \"sso\" has sso_session: " EXPORTED},
    {{NULL}, "legacy", false, true, true, "The profile \"legacy\" has sso_start_url: " EXPORTED},
    {{NULL}, "sso", false, false, false, NONE},
    {{NULL},
     "bare",
     false,
     true,
     true,
     "The profile \"bare\" has neither a key pair nor a credential_process in /keys or /config."},
    {{NULL}, "nobody", false, true, true, "There is no profile \"nobody\" in /keys or /config."},
    {{"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://x"}, "default", false, true, true, "AC|SC|-|0"},
};

static const char *shown(const char *text)
{
    return text != NULL ? text : "-";
}

static void set(const char *const *environment, size_t count, struct arena *arena)
{
    test_environment();
    for (size_t i = 0; i < count && environment[i] != NULL; i++) {
        char *pair = arena_copy_text(arena, bytes_of_text(environment[i]));
        char *value = strchr(pair, '=');

        *value = '\0';
        setenv(pair, value + 1, 1);
    }
}

static void test_find(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const struct credentials_case *one = &cases[i];
        AUTO(arena_release) struct arena *arena = arena_new();
        struct settings settings = {
            .profile = one->profile, .config_path = "/config", .credentials_path = "/keys"};
        struct credentials_wanted wanted = {.settings = &settings,
                                            .profile_was_asked = one->asked,
                                            .are_needed = one->needed,
                                            .may_run = one->may_run};
        char text[CREDENTIALS_MESSAGE_SIZE];
        struct credentials keys;

        set(one->environment, ARRAY_COUNT(one->environment), arena);
        settings_parse(arena, BYTES(CONFIG), false, &settings);
        settings_parse(arena, BYTES(CREDENTIALS), true, &settings);
        if (credentials_find(arena, &wanted, &keys, text) == OK)
            snprintf(text, sizeof text, "%s|%s|%s|%d", shown(keys.key_id), shown(keys.secret),
                     shown(keys.token), keys.process != NULL);
        if (strncmp(text, one->expected, strlen(one->expected)) != 0)
            fail_msg("%s, expected %s", text, one->expected);
    }
}

/* Where a container or an instance would have them. */
static void test_none_at_all(void **state)
{
    static const struct {
        const char *environment[1], *message;
    } none[] = {
        {{NULL}, "There are no keys for AWS. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "},
        {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/x"},
         "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is set: such keys are not fetched here. Put "
         "them "},
        {{"AWS_WEB_IDENTITY_TOKEN_FILE=/x"}, "AWS_WEB_IDENTITY_TOKEN_FILE is set: such keys are "},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(none); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        struct settings settings = {
            .profile = "default", .config_path = "/config", .credentials_path = "/keys"};
        struct credentials_wanted wanted = {.settings = &settings, .are_needed = true};
        char message[CREDENTIALS_MESSAGE_SIZE] = "";
        struct credentials keys;

        set(none[i].environment, 1, arena);
        assert_int_equal(credentials_find(arena, &wanted, &keys, message), NOT_PERMITTED);
        assert_memory_equal(message, none[i].message, strlen(none[i].message));
    }
}

/* ---- a process ---- */

static void test_run(void **state)
{
    static const struct {
        const char *process;
        const char *expected; /* "key|secret|token|expires", or what the message has behind it */
    } runs[] = {
        {PRINTS, "AP|SP|TP|0"},
        {"printf '%s%s' '" PRINTED "' ',\"Expiration\":\"2026-01-31T23:59:59+01:00\"}'",
         "AP|SP|-|1769900399000"},
        {"sh -c \"printf '{\\\"Version\\\":1,\\\"AccessKeyId\\\":\\\"'a\\ b'\\\",\"'\"'"
         "'SecretAccessKey\":\"s\"}'\"'\"",
         "a b|s|-|0"},
        {"sh -c 'echo please log in >&2; exit 3'", "ended with exit status 3: please log in"},
        {"sh -c 'kill -9 $$'", "ended with exit status 137."},
        {"/nonexistent/keys", "can't be run: No such file or directory"},
        {"  ", "is no command: a quote has no end, or it has no word."},
        {"echo 'x", "is no command: "},
        {"echo", "printed no JSON object."},
        {"echo []", "printed no JSON object."},
        {"echo '{\"Version\":2}'", "printed no keys of \"Version\": 1."},
        {"echo '{\"Version\":1,\"AccessKeyId\":\"A\"}'", "printed no AccessKeyId, or no "},
        {"printf %s '" PRINTED ",\"Expiration\":\"soon\"}'",
         "printed an Expiration that is no time: soon"},
        {"sh -c 'cat; head -c 1000000 /dev/zero'", "printed no JSON object."},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(runs); i++) {
        AUTO(arena_release) struct arena *arena = arena_new();
        char message[CREDENTIALS_MESSAGE_SIZE] = "", text[CREDENTIALS_MESSAGE_SIZE];
        struct credentials keys;

        print_message("  %s\n", runs[i].process);
        if (credentials_run(arena, runs[i].process, &keys, message) == OK)
            snprintf(text, sizeof text, "%s|%s|%s|%llu", keys.key_id, keys.secret,
                     shown(keys.token), (unsigned long long)keys.expires_ms);
        else
            snprintf(text, sizeof text, "%s", message);
        if (strstr(text, runs[i].expected) == NULL)
            fail_msg("%s, expected %s", text, runs[i].expected);
    }
}

/* ---- the next ones ---- */

#define LANES 16

struct lane {
    pthread_t thread;
    struct credentials old;
    char key[64];
};

static void *renew(void *context)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    char message[CREDENTIALS_MESSAGE_SIZE] = "";
    struct lane *lane = context;
    struct credentials keys;

    if (credentials_renew(arena, &lane->old, &keys, message) == OK)
        snprintf(lane->key, sizeof lane->key, "%s", keys.key_id);
    return NULL;
}

/* Lanes whose keys end at once share a run; whoever has its keys already gets the next ones. */
static void test_renew_once_for_all(void **state)
{
    char counter[] = "/tmp/dynlog-keys-XXXXXX", process[512];
    struct lane lanes[LANES];
    int fd = mkstemp(counter);

    (void)state;
    assert_true(fd >= 0);
    snprintf(process, sizeof process,
             "sh -c 'echo >> %s; n=$(wc -l < %s); echo "
             "\"{\\\"Version\\\":1,\\\"AccessKeyId\\\":\\\"K$n\\\",\\\"SecretAccessKey\\\":"
             "\\\"S\\\"}\"'",
             counter, counter);
    for (size_t i = 0; i < LANES; i++) {
        lanes[i] = (struct lane){.old = {.key_id = "OLD", .secret = "S", .process = process}};
        assert_int_equal(pthread_create(&lanes[i].thread, NULL, renew, &lanes[i]), 0);
    }
    for (size_t i = 0; i < LANES; i++) {
        pthread_join(lanes[i].thread, NULL);
        assert_string_equal(lanes[i].key, "K1");
    }
    lanes[0].old.key_id = "K1";
    renew(&lanes[0]);
    assert_string_equal(lanes[0].key, "K2");
    assert_int_equal(lseek(fd, 0, SEEK_END), 2); /* a line a run */
    close(fd);
    unlink(counter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_none_at_all),
        cmocka_unit_test(test_run),
        cmocka_unit_test(test_renew_once_for_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
