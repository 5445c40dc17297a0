/* client/settings.h - AWS's shared files, ~/.aws/config (AWS_CONFIG_FILE) and ~/.aws/credentials
 * (AWS_SHARED_CREDENTIALS_FILE): what a profile says.
 *
 *   config        [default] [profile NAME] [services NAME]     credentials   [NAME]
 *   name = value
 *   name =                      a setting with settings of its own: "name.inner"
 *     inner = value
 *
 * What the credentials say of a profile goes before what the config says; of two lines the last
 * one counts. Files that are not there say nothing. (AWS: SDKs and Tools Reference Guide, "Shared
 * config and credentials files".) */
#ifndef DYNLOG_CLIENT_SETTINGS_H
#define DYNLOG_CLIENT_SETTINGS_H

#include "base/arena.h"

#define SETTINGS_SIZE_MAX ((size_t)1024 * 1024) /* of a file */

enum settings_section { SETTINGS_PROFILE, SETTINGS_SERVICES };

struct setting {
    enum settings_section section;
    bool is_of_credentials;
    struct bytes owner, name, value; /* of the file's text */
};

struct settings {
    const char *profile; /* the one that is asked */
    const char *config_path, *credentials_path;
    enum status credentials_status; /* of reading them */
    bool has_profile;               /* one of the files has it */
    struct setting *list;
    size_t count, capacity;
};

/* Reads both files for a profile. All of it lives in the arena. */
void settings_read(struct arena *arena, const char *profile, struct settings *ret);
/* Of the profile; NULL: it is not said, or empty. */
const char *settings_get(struct arena *arena, const struct settings *settings, const char *name);
/* The same, of the credentials alone. */
const char *settings_get_secret(struct arena *arena, const struct settings *settings,
                                const char *name);
/* Of the environment; NULL: it is not set, or empty. */
const char *settings_environment(struct arena *arena, const char *name);
/* "true", in any case. */
bool settings_is_true(const char *value);
/* "endpoint_url" of a service ("dynamodb"): of the section that the profile names as its
 * `services`. */
const char *settings_get_of_service(struct arena *arena, const struct settings *settings,
                                    const char *service, const char *name);

/* One file's text, whose bytes must live as long as the settings. */
void settings_parse(struct arena *arena, struct bytes text, bool is_of_credentials,
                    struct settings *settings);

#endif
