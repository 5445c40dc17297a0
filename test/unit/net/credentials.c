/* test/unit/net/credentials.c - the credentials file, and what is said about a wrong one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/credentials.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static enum status load(const char *text, struct sigv4_keys **ret, char message[512], char path[64])
{
    snprintf(path, 64, "/tmp/dynlog-credentials-XXXXXX");
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    enum status st = sigv4_keys_load(path, ret, message);

    unlink(path);
    return st;
}

static void reads_profiles(void **state)
{
    struct sigv4_keys *keys = NULL;
    char message[512] = "", path[64];

    (void)state;
    assert_int_equal(load("# people's keys\r\n"
                          "[default]\r\n"
                          "aws_access_key_id = AKID1\r\n"
                          "aws_secret_access_key = one/+=\r\n"
                          "\n"
                          "; another comment\n"
                          "[profile two]\n"
                          "region=eu-west-1\n"
                          "AWS_SECRET_ACCESS_KEY=two\n"
                          "s3 =\n"
                          "  max_concurrent_requests = 20\n"
                          "  a line that is nested\n"
                          "aws_access_key_id=AKID2\n"
                          "aws_session_token=abc\n"
                          "[role]\n"
                          "role_arn = arn:aws:iam::000000000000:role/a\n"
                          "[again]\n"
                          "aws_access_key_id = AKID1\n"
                          "aws_secret_access_key = one/+=",
                          &keys, message, path),
                     OK);
    assert_string_equal(credentials_secret(keys, BYTES("AKID1")), "one/+=");
    assert_string_equal(credentials_secret(keys, BYTES("AKID2")), "two");
    assert_null(credentials_secret(keys, BYTES("AKID")));
    assert_null(credentials_secret(keys, BYTES("")));
    sigv4_keys_free(keys);
    sigv4_keys_free(NULL);
}

static const struct {
    const char *text, *message;
} wrong[] = {
    {"", ": expected at least one [profile] with aws_access_key_id and aws_secret_access_key"},
    {"[a]\n[b]\n",
     ": expected at least one [profile] with aws_access_key_id and aws_secret_access_key"},
    {"\n[a\n", ", line 2: expected ] at the end of a profile's name"},
    {"[]\n", ", line 1: expected ] at the end of a profile's name"},
    {"[a]\nhello\n", ", line 2: expected [profile] or name = value"},
    {"[a]\n= value\n", ", line 2: expected [profile] or name = value"},
    {"aws_access_key_id = A\n", ", line 1: expected [profile] before the first setting"},
    {"[a]\naws_access_key_id =\n", ", line 2: expected a value after ="},
    {"[a]\n\naws_access_key_id = A\n[b]\n",
     ", line 1: this profile needs an aws_secret_access_key too"},
    {"[a]\n[b]\naws_secret_access_key = hidden\n",
     ", line 2: this profile needs an aws_access_key_id too"},
    {"[a]\naws_access_key_id = A\naws_secret_access_key = hidden1\n"
     "[b]\naws_access_key_id = A\naws_secret_access_key = hidden2\n",
     ", line 4: this access key id stands above with another secret"},
};

static void says_where_a_file_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        struct sigv4_keys *keys = NULL;
        char message[512] = "", expected[600], path[64];

        assert_int_equal(load(wrong[i].text, &keys, message, path), MALFORMED);
        snprintf(expected, sizeof expected, "%s%s", path, wrong[i].message);
        assert_string_equal(message, expected);
        assert_null(strstr(message, "hidden"));
        assert_null(keys);
    }
}

static void says_that_a_file_cannot_be_read(void **state)
{
    struct sigv4_keys *keys = NULL;
    char message[512] = "";

    (void)state;
    assert_int_equal(sigv4_keys_load("/nowhere/credentials", &keys, message), NOT_FOUND);
    assert_string_equal(message, "/nowhere/credentials: cannot be read as a credentials file: "
                                 "not found");
    assert_null(keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_profiles),
        cmocka_unit_test(says_where_a_file_is_wrong),
        cmocka_unit_test(says_that_a_file_cannot_be_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
