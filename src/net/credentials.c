/* net/credentials.c - the file of known keys, in the format of ~/.aws/credentials:
 *
 *   # a comment, or ;
 *   [profile]
 *   aws_access_key_id = AKIAIOSFODNN7EXAMPLE
 *   aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
 *
 * Other settings are passed over, and so are profiles that have neither (roles, SSO). Secrets never
 * get into messages, and are wiped before their memory is given back. */
#include "net/credentials.h"

#include "base/file.h"
#include "base/map.h"

#include <openssl/crypto.h>
#include <stdio.h>

#define FILE_SIZE_MAX ((size_t)1024 * 1024)
#define MESSAGE_SIZE 512

struct sigv4_keys {
    struct map secrets; /* access key id -> char *secret */
};

/* The file while it is read, and the profile at hand. */
struct reading {
    struct sigv4_keys *keys;
    const char *path;
    char *message;
    size_t line, profile_line;
    struct bytes key_id, secret;
    bool in_profile;
};

static enum status wrong(struct reading *reading, size_t line, const char *expected)
{
    snprintf(reading->message, MESSAGE_SIZE, "%s, line %zu: %s", reading->path, line, expected);
    return MALFORMED;
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

static struct bytes trim(struct bytes text)
{
    while (text.size > 0 && is_blank(text.ptr[0]))
        text = bytes_slice(text, 1, SIZE_MAX);
    while (text.size > 0 && is_blank(text.ptr[text.size - 1]))
        text.size--;
    return text;
}

static void free_secret(char *secret)
{
    if (secret == NULL)
        return;
    OPENSSL_cleanse(secret, strlen(secret));
    mem_free(secret);
}

static enum status end_profile(struct reading *reading)
{
    struct bytes key_id = reading->key_id, secret = reading->secret;

    reading->key_id = reading->secret = (struct bytes){0};
    if (key_id.size == 0 && secret.size == 0)
        return OK;
    if (key_id.size == 0)
        return wrong(reading, reading->profile_line, "this profile needs an aws_access_key_id too");
    if (secret.size == 0)
        return wrong(reading, reading->profile_line,
                     "this profile needs an aws_secret_access_key too");

    char *copy = mem_new(secret.size + 1);

    memcpy(copy, secret.ptr, secret.size);
    char *before = map_put(&reading->keys->secrets, key_id, copy);
    bool differs = before != NULL && strcmp(before, copy) != 0;

    free_secret(before);
    if (differs)
        return wrong(reading, reading->profile_line,
                     "this access key id stands above with another secret");
    return OK;
}

static enum status read_setting(struct reading *reading, struct bytes line)
{
    size_t equals = bytes_find_byte(line, '=', 0);

    if (equals == SIZE_MAX || equals == 0)
        return wrong(reading, reading->line, "expected [profile] or name = value");
    if (!reading->in_profile)
        return wrong(reading, reading->line, "expected [profile] before the first setting");

    struct bytes name = trim(bytes_slice(line, 0, equals));
    struct bytes value = trim(bytes_slice(line, equals + 1, SIZE_MAX));
    bool is_key_id = bytes_equal_ignore_case(name, BYTES("aws_access_key_id"));

    if (!is_key_id && !bytes_equal_ignore_case(name, BYTES("aws_secret_access_key")))
        return OK;
    if (value.size == 0 || bytes_find_byte(value, '\0', 0) != SIZE_MAX)
        return wrong(reading, reading->line, "expected a value after =");
    *(is_key_id ? &reading->key_id : &reading->secret) = value;
    return OK;
}

static enum status read_line(struct reading *reading, struct bytes line)
{
    bool indented = line.size > 0 && is_blank(line.ptr[0]);

    line = trim(line);
    if (line.size == 0 || line.ptr[0] == '#' || line.ptr[0] == ';')
        return OK;
    if (line.ptr[0] != '[') /* a nested setting ("s3 =", and indented lines) is no key of ours */
        return indented && bytes_find(line, BYTES("aws_")) != 0 ? OK : read_setting(reading, line);
    if (line.size < 3 || line.ptr[line.size - 1] != ']')
        return wrong(reading, reading->line, "expected ] at the end of a profile's name");

    enum status st = end_profile(reading);

    reading->in_profile = true;
    reading->profile_line = reading->line;
    return st;
}

static enum status read_lines(struct reading *reading, struct bytes text)
{
    for (size_t from = 0; from < text.size;) {
        size_t end = size_min(bytes_find_byte(text, '\n', from), text.size);

        reading->line++;
        enum status st = read_line(reading, bytes_slice(text, from, end - from));

        if (st != OK)
            return st;
        from = end + 1;
    }
    return end_profile(reading);
}

static void release_keys(struct sigv4_keys **keys)
{
    sigv4_keys_free(*keys);
}

enum status sigv4_keys_load(const char *path, struct sigv4_keys **ret, char message[512])
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(release_keys) struct sigv4_keys *keys = mem_new(sizeof *keys);
    struct reading reading = {.keys = keys, .path = path, .message = message};
    struct bytes text;
    enum status st = file_read(arena, path, FILE_SIZE_MAX, &text);

    if (st != OK) {
        snprintf(message, MESSAGE_SIZE, "%s: cannot be read as a credentials file: %s", path,
                 status_text(st));
        return st;
    }
    st = read_lines(&reading, text);
    if (st != OK)
        return st;
    if (keys->secrets.count == 0) {
        snprintf(message, MESSAGE_SIZE,
                 "%s: expected at least one [profile] with aws_access_key_id and "
                 "aws_secret_access_key",
                 path);
        return MALFORMED;
    }
    *ret = keys;
    keys = NULL;
    return OK;
}

void sigv4_keys_free(struct sigv4_keys *keys)
{
    struct bytes key_id;
    void *secret = NULL;

    if (keys == NULL)
        return;
    for (size_t i = 0; map_next(&keys->secrets, &i, &key_id, &secret);)
        free_secret(secret);
    map_free(&keys->secrets);
    mem_free(keys);
}

const char *credentials_secret(const struct sigv4_keys *keys, struct bytes key_id)
{
    return map_get(&keys->secrets, key_id);
}
