/* client/target.c - see target.h. */
#include "client/target.h"

#include "base/file.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define CREDENTIALS_SIZE_MAX ((size_t)1024 * 1024)
#define REGION_SIZE_MAX 32

static enum status refuse(char message[TARGET_MESSAGE_SIZE], const char *format, ...)
    PRINTF_LIKE(2, 3);

static enum status refuse(char message[TARGET_MESSAGE_SIZE], const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(message, TARGET_MESSAGE_SIZE, format, args);
    va_end(args);
    return REFUSED;
}

/* NULL when it is not set, or empty. */
static const char *environment(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

static const char *first_of(const char *a, const char *b)
{
    return a != NULL ? a : b;
}

/* ---- endpoint ---- */

static bool is_region(const char *text)
{
    size_t size = strlen(text);

    return size > 0 && size <= REGION_SIZE_MAX &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == size;
}

static bool is_http(struct bytes url)
{
    return bytes_start_with(url, BYTES("http://")) || bytes_start_with(url, BYTES("https://"));
}

/* "localhost:8000" is a URL too; slashes at the end go. */
static enum status set_url(struct arena *arena, const char *text, struct target *target,
                           char message[TARGET_MESSAGE_SIZE])
{
    struct bytes url = bytes_of_text(text);

    if (bytes_find(url, BYTES("://")) == SIZE_MAX)
        url = arena_printf(arena, "http://%s", text);
    while (url.size > 0 && url.ptr[url.size - 1] == '/')
        url.size--;
    if (!is_http(url))
        return refuse(message, "The endpoint \"%s\" is no URL. A URL looks like this: %s", text,
                      TARGET_ENDPOINT_DEFAULT);

    struct bytes host = bytes_slice(url, bytes_find(url, BYTES("://")) + 3, url.size);

    if (host.size > 0 && host.ptr[0] == '[')
        host = bytes_slice(host, 1, bytes_find_byte(host, ']', 0) - 1);
    else
        host = bytes_slice(host, 0, strcspn(arena_copy_text(arena, host), ":/?#"));
    if (host.size == 0)
        return refuse(message, "The endpoint \"%s\" names no host. A URL looks like this: %s", text,
                      TARGET_ENDPOINT_DEFAULT);
    target->url = arena_copy_text(arena, url);
    target->host = arena_copy_text(arena, host);
    return OK;
}

static void look_at_host(struct arena *arena, struct target *target)
{
    struct bytes host = bytes_of_text(target->host);
    size_t region_at = strlen("dynamodb.");

    target->is_aws = bytes_end_with(host, BYTES(".amazonaws.com")) ||
                     bytes_end_with(host, BYTES(".amazonaws.com.cn"));
    target->is_this_machine = bytes_equal_text(host, "localhost") ||
                              bytes_equal_text(host, "0.0.0.0") || bytes_equal_text(host, "::1") ||
                              bytes_start_with(host, BYTES("127."));
    if (target->is_aws && bytes_start_with(host, BYTES("dynamodb."))) {
        size_t end = bytes_find_byte(host, '.', region_at);

        target->region = arena_copy_text(arena, bytes_slice(host, region_at, end - region_at));
    }
}

static enum status find_endpoint(struct arena *arena, const struct target_options *options,
                                 struct target *target, char message[TARGET_MESSAGE_SIZE])
{
    const char *url = options->endpoint;

    if (options->region != NULL && !is_region(options->region))
        return refuse(message, "\"%s\" is no region. A region looks like this: eu-central-1",
                      options->region);
    if (url == NULL && options->region != NULL)
        url = arena_copy_text(
            arena, arena_printf(arena, "https://dynamodb.%s.amazonaws.com%s", options->region,
                                strncmp(options->region, "cn-", 3) == 0 ? ".cn" : ""));
    if (url == NULL)
        url = environment("AWS_ENDPOINT_URL_DYNAMODB");
    if (url == NULL)
        url = first_of(environment("AWS_ENDPOINT_URL"), TARGET_ENDPOINT_DEFAULT);
    if (set_url(arena, url, target, message) != OK)
        return REFUSED;
    look_at_host(arena, target);
    if (options->region != NULL || target->region == NULL)
        target->region = first_of(options->region, environment("AWS_REGION"));
    if (target->region == NULL)
        target->region = first_of(environment("AWS_DEFAULT_REGION"), "us-east-1");
    if (!is_region(target->region))
        return refuse(message, "\"%s\" is no region. A region looks like this: eu-central-1",
                      target->region);
    return OK;
}

/* ---- keys ---- */

static struct bytes trim(struct bytes text)
{
    while (text.size > 0 && strchr(" \t\r", text.ptr[0]) != NULL)
        text = bytes_slice(text, 1, text.size);
    while (text.size > 0 && strchr(" \t\r", text.ptr[text.size - 1]) != NULL)
        text.size--;
    return text;
}

static void read_setting(struct arena *arena, struct bytes line, struct target *target)
{
    size_t equals = bytes_find_byte(line, '=', 0);

    if (equals == SIZE_MAX)
        return;

    struct bytes name = trim(bytes_slice(line, 0, equals));
    struct bytes value = trim(bytes_slice(line, equals + 1, line.size));

    if (value.size == 0)
        return;
    if (bytes_equal_text(name, "aws_access_key_id"))
        target->key_id = arena_copy_text(arena, value);
    else if (bytes_equal_text(name, "aws_secret_access_key"))
        target->secret = arena_copy_text(arena, value);
    else if (bytes_equal_text(name, "aws_session_token"))
        target->token = arena_copy_text(arena, value);
}

/* False when there is no such profile. */
static bool read_profile(struct arena *arena, struct bytes file, const char *profile,
                         struct target *target)
{
    bool inside = false, found = false;

    for (size_t at = 0; at < file.size;) {
        size_t end = bytes_find_byte(file, '\n', at);
        struct bytes line = trim(bytes_slice(file, at, end == SIZE_MAX ? file.size : end - at));

        at = end == SIZE_MAX ? file.size : end + 1;
        if (line.size == 0 || line.ptr[0] == '#' || line.ptr[0] == ';')
            continue;
        if (line.ptr[0] == '[') {
            inside = bytes_equal_text(trim(bytes_slice(line, 1, bytes_find_byte(line, ']', 0) - 1)),
                                      profile);
            found = found || inside;
        } else if (inside) {
            read_setting(arena, line, target);
        }
    }
    return found;
}

static const char *credentials_path(struct arena *arena)
{
    const char *home = environment("HOME"), *path = environment("AWS_SHARED_CREDENTIALS_FILE");

    if (path != NULL)
        return path;
    return arena_copy_text(arena,
                           arena_printf(arena, "%s/.aws/credentials", home != NULL ? home : "~"));
}

/* Keys of a profile: a wrong one is told only when it was asked for, or AWS is. */
static enum status find_profile_keys(struct arena *arena, const struct target_options *options,
                                     struct target *target, char message[TARGET_MESSAGE_SIZE])
{
    const char *asked = first_of(options->profile, environment("AWS_PROFILE"));
    const char *profile = first_of(asked, "default"), *path = credentials_path(arena);
    struct bytes file = {NULL, 0};
    enum status status = file_read(arena, path, CREDENTIALS_SIZE_MAX, &file);
    bool needed = options->profile != NULL || target->is_aws;

    if (status == OK && read_profile(arena, file, profile, target) && target->key_id != NULL &&
        target->secret != NULL)
        return OK;
    if (needed && asked == NULL)
        return refuse(message, "There are no keys for AWS. Set AWS_ACCESS_KEY_ID and "
                               "AWS_SECRET_ACCESS_KEY, or write a profile with `aws configure`.");
    if (needed)
        return refuse(message,
                      "There is no profile \"%s\" with a key pair in %s%s%s. (Only key "
                      "pairs are read; for other profiles: eval \"$(aws configure "
                      "export-credentials --format env --profile %s)\")",
                      profile, path, status != OK ? ": " : "",
                      status != OK ? status_text(status) : "", profile);
    target->key_id = target->secret = "dynlog"; /* any will do */
    target->token = NULL;
    return OK;
}

static enum status find_keys(struct arena *arena, const struct target_options *options,
                             struct target *target, char message[TARGET_MESSAGE_SIZE])
{
    target->key_id = environment("AWS_ACCESS_KEY_ID");
    target->secret = environment("AWS_SECRET_ACCESS_KEY");
    target->token = environment("AWS_SESSION_TOKEN");
    if (options->profile == NULL && target->key_id != NULL && target->secret != NULL)
        return OK;
    target->key_id = target->secret = target->token = NULL;
    return find_profile_keys(arena, options, target, message);
}

enum status target_resolve(struct arena *arena, const struct target_options *options,
                           struct target *ret, char message[TARGET_MESSAGE_SIZE])
{
    struct target target = {0};

    if (find_endpoint(arena, options, &target, message) != OK)
        return REFUSED;
    if (find_keys(arena, options, &target, message) != OK)
        return NOT_PERMITTED;
    target.table = options->table;
    if (target.table == NULL)
        target.table =
            arena_copy_text(arena, arena_printf(arena, "%s" TARGET_TABLE_SUFFIX,
                                                first_of(options->stage, TARGET_STAGE_DEFAULT)));
    *ret = target;
    return OK;
}
