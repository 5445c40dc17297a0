/* client/credentials.c - see credentials.h. */
#include "client/credentials.h"

#include <stdarg.h>
#include <stdio.h>

#define EXPORT "aws configure export-credentials"

static enum status refuse(char message[CREDENTIALS_MESSAGE_SIZE], const char *format, ...)
    PRINTF_LIKE(2, 3);

static enum status refuse(char message[CREDENTIALS_MESSAGE_SIZE], const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(message, CREDENTIALS_MESSAGE_SIZE, format, args);
    va_end(args);
    return NOT_PERMITTED;
}

static bool are_whole(const struct credentials *keys)
{
    return keys->key_id != NULL && keys->secret != NULL;
}

/* ---- each place ---- */

static struct credentials of_environment(struct arena *arena)
{
    return (struct credentials){.key_id = settings_environment(arena, "AWS_ACCESS_KEY_ID"),
                                .secret = settings_environment(arena, "AWS_SECRET_ACCESS_KEY"),
                                .token = settings_environment(arena, "AWS_SESSION_TOKEN")};
}

static struct credentials of_settings(struct arena *arena, const struct settings *settings,
                                      const char *(*get)(struct arena *, const struct settings *,
                                                         const char *))
{
    return (struct credentials){.key_id = get(arena, settings, "aws_access_key_id"),
                                .secret = get(arena, settings, "aws_secret_access_key"),
                                .token = get(arena, settings, "aws_session_token")};
}

/* ---- what is not fetched ---- */

/* What of a profile needs others to be asked; NULL: nothing. */
static const char *elsewhere_of(struct arena *arena, const struct settings *settings)
{
    static const char *const names[] = {"role_arn", "sso_session", "sso_start_url",
                                        "sso_account_id", "web_identity_token_file"};

    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (settings_get(arena, settings, names[i]) != NULL)
            return names[i];
    return NULL;
}

static const char *elsewhere_of_environment(struct arena *arena)
{
    static const char *const names[] = {"AWS_WEB_IDENTITY_TOKEN_FILE",
                                        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                                        "AWS_CONTAINER_CREDENTIALS_FULL_URI"};

    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (settings_environment(arena, names[i]) != NULL)
            return names[i];
    return NULL;
}

static enum status refuse_elsewhere(const struct settings *settings, const char *name,
                                    char message[CREDENTIALS_MESSAGE_SIZE])
{
    return refuse(
        message,
        "The profile \"%s\" has %s: such keys are not fetched here. Write another profile "
        "into %s with the line `credential_process = " EXPORT " --profile %s`, and name "
        "that one.",
        settings->profile, name, settings->config_path, settings->profile);
}

static enum status refuse_none(struct arena *arena, const struct credentials_wanted *wanted,
                               char message[CREDENTIALS_MESSAGE_SIZE])
{
    const struct settings *settings = wanted->settings;
    const char *name = elsewhere_of_environment(arena);
    bool is_default = !wanted->profile_was_asked && strcmp(settings->profile, "default") == 0;

    if (is_default && name != NULL)
        return refuse(message,
                      "%s is set: such keys are not fetched here. Put them into the environment "
                      "with eval \"$(" EXPORT " --format env)\".",
                      name);
    if (is_default)
        return refuse(message,
                      "There are no keys for AWS. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
                      "or write a profile with `aws configure`. (Keys of an instance are not "
                      "fetched: eval \"$(" EXPORT " --format env)\".)");
    if (settings->has_profile)
        return refuse(message,
                      "The profile \"%s\" has neither a key pair nor a credential_process in %s or "
                      "%s.",
                      settings->profile, settings->credentials_path, settings->config_path);
    return refuse(message, "There is no profile \"%s\" in %s%s%s or %s.", settings->profile,
                  settings->credentials_path, settings->credentials_status != OK ? ": " : "",
                  settings->credentials_status != OK ? status_text(settings->credentials_status)
                                                     : "",
                  settings->config_path);
}

/* ---- the way through them ---- */

static enum status find_in_profile(struct arena *arena, const struct credentials_wanted *wanted,
                                   struct credentials *ret, char message[CREDENTIALS_MESSAGE_SIZE])
{
    const struct settings *settings = wanted->settings;
    const char *process = settings_get(arena, settings, "credential_process");
    const char *elsewhere = elsewhere_of(arena, settings);

    if (elsewhere != NULL && process == NULL && wanted->are_needed)
        return refuse_elsewhere(settings, elsewhere, message);
    *ret = of_settings(arena, settings, settings_get_secret);
    if (are_whole(ret))
        return OK;
    if (process != NULL && (wanted->are_needed || wanted->may_run))
        return credentials_run(arena, process, ret, message);
    *ret = of_settings(arena, settings, settings_get);
    if (are_whole(ret))
        return OK;
    *ret = (struct credentials){0};
    return wanted->are_needed ? refuse_none(arena, wanted, message) : OK;
}

enum status credentials_find(struct arena *arena, const struct credentials_wanted *wanted,
                             struct credentials *ret, char message[CREDENTIALS_MESSAGE_SIZE])
{
    *ret = (struct credentials){0};
    if (!wanted->profile_was_asked) {
        *ret = of_environment(arena);
        if (are_whole(ret))
            return OK;
        if (wanted->are_needed && (ret->key_id != NULL || ret->secret != NULL))
            return refuse(message, "%s is set, and %s is not: both make a key pair.",
                          ret->key_id != NULL ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
                          ret->key_id != NULL ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
    }
    return find_in_profile(arena, wanted, ret, message);
}
