/* client/settings.c - see settings.h. */
#include "client/settings.h"

#include "base/file.h"

#include <stdlib.h>
#include <strings.h>

/* ---- one file ---- */

static struct bytes trim(struct bytes text)
{
    while (text.size > 0 && strchr(" \t\r", text.ptr[0]) != NULL)
        text = bytes_slice(text, 1, text.size);
    while (text.size > 0 && strchr(" \t\r", text.ptr[text.size - 1]) != NULL)
        text.size--;
    return text;
}

static struct bytes without_quotes(struct bytes text)
{
    bool quoted = text.size >= 2 && (text.ptr[0] == '"' || text.ptr[0] == '\'') &&
                  text.ptr[text.size - 1] == text.ptr[0];

    return quoted ? bytes_slice(text, 1, text.size - 2) : text;
}

/* "profile NAME" -> NAME; false: it is another kind. */
static bool take_kind(struct bytes *section, const char *kind)
{
    struct bytes word = bytes_of_text(kind);

    if (!bytes_start_with(*section, word) || section->size == word.size ||
        strchr(" \t", section->ptr[word.size]) == NULL)
        return false;
    *section = without_quotes(trim(bytes_slice(*section, word.size, section->size)));
    return true;
}

struct reading {
    struct settings *settings;
    bool is_of_credentials;
    bool inside; /* of a section that counts */
    enum settings_section section;
    struct bytes owner;
    struct bytes above; /* the setting whose inner ones follow; empty: none */
};

static void begin_section(struct reading *reading, struct bytes line)
{
    struct bytes section = trim(bytes_slice(line, 1, bytes_find_byte(line, ']', 0) - 1));

    reading->above = BYTES("");
    reading->section = SETTINGS_PROFILE;
    if (reading->is_of_credentials) {
        reading->inside = true;
    } else if (take_kind(&section, "services")) {
        reading->inside = true;
        reading->section = SETTINGS_SERVICES;
    } else {
        reading->inside = take_kind(&section, "profile") || bytes_equal_text(section, "default");
    }
    reading->owner = section;
    if (reading->inside && reading->section == SETTINGS_PROFILE &&
        bytes_equal_text(section, reading->settings->profile))
        reading->settings->has_profile = true;
}

static void add(struct reading *reading, struct arena *arena, struct bytes name, struct bytes value)
{
    struct settings *settings = reading->settings;

    settings->list = arena_grow(arena, settings->list, settings->count, settings->count + 1,
                                &settings->capacity, sizeof *settings->list);
    settings->list[settings->count++] =
        (struct setting){.section = reading->section,
                         .is_of_credentials = reading->is_of_credentials,
                         .owner = reading->owner,
                         .name = name,
                         .value = value};
}

static void read_setting(struct reading *reading, struct arena *arena, struct bytes line,
                         bool indented)
{
    size_t equals = bytes_find_byte(line, '=', 0);

    if (equals == SIZE_MAX)
        return;

    struct bytes name = trim(bytes_slice(line, 0, equals));
    struct bytes value = trim(bytes_slice(line, equals + 1, line.size));

    if (indented && reading->above.size > 0) {
        add(reading, arena,
            arena_printf(arena, "%.*s.%.*s", BYTES_ARG(reading->above), BYTES_ARG(name)), value);
        return;
    }
    reading->above = value.size == 0 ? name : BYTES("");
    add(reading, arena, name, value);
}

void settings_parse(struct arena *arena, struct bytes text, bool is_of_credentials,
                    struct settings *settings)
{
    struct reading reading = {.settings = settings, .is_of_credentials = is_of_credentials};

    for (size_t at = 0; at < text.size;) {
        size_t end = size_min(bytes_find_byte(text, '\n', at), text.size);
        struct bytes whole = bytes_slice(text, at, end - at), line = trim(whole);

        at = end + 1;
        if (line.size == 0 || line.ptr[0] == '#' || line.ptr[0] == ';')
            continue;
        if (line.ptr[0] == '[')
            begin_section(&reading, line);
        else if (reading.inside)
            read_setting(&reading, arena, line, whole.ptr[0] == ' ' || whole.ptr[0] == '\t');
    }
}

/* ---- both ---- */

static const char *path_of(struct arena *arena, const char *variable, const char *name)
{
    const char *path = getenv(variable), *home = getenv("HOME");

    if (path != NULL && path[0] != '\0')
        return arena_copy_text(arena, bytes_of_text(path));
    return arena_copy_text(arena,
                           arena_printf(arena, "%s/.aws/%s", home != NULL ? home : "~", name));
}

void settings_read(struct arena *arena, const char *profile, struct settings *ret)
{
    struct settings settings = {.profile = arena_copy_text(arena, bytes_of_text(profile)),
                                .config_path = path_of(arena, "AWS_CONFIG_FILE", "config"),
                                .credentials_path =
                                    path_of(arena, "AWS_SHARED_CREDENTIALS_FILE", "credentials")};
    struct bytes text = {NULL, 0};

    if (file_read(arena, settings.config_path, SETTINGS_SIZE_MAX, &text) == OK)
        settings_parse(arena, text, false, &settings);
    settings.credentials_status =
        file_read(arena, settings.credentials_path, SETTINGS_SIZE_MAX, &text);
    if (settings.credentials_status == OK)
        settings_parse(arena, text, true, &settings);
    *ret = settings;
}

static const char *find(struct arena *arena, const struct settings *settings,
                        enum settings_section section, const char *owner, struct bytes name,
                        bool only_credentials)
{
    for (size_t i = settings->count; i-- > 0;) { /* the credentials stand behind the config */
        const struct setting *setting = &settings->list[i];

        if (setting->section == section && bytes_equal_text(setting->owner, owner) &&
            bytes_equal(setting->name, name) && (setting->is_of_credentials || !only_credentials))
            return setting->value.size > 0 ? arena_copy_text(arena, setting->value) : NULL;
    }
    return NULL;
}

const char *settings_get(struct arena *arena, const struct settings *settings, const char *name)
{
    return find(arena, settings, SETTINGS_PROFILE, settings->profile, bytes_of_text(name), false);
}

const char *settings_get_secret(struct arena *arena, const struct settings *settings,
                                const char *name)
{
    return find(arena, settings, SETTINGS_PROFILE, settings->profile, bytes_of_text(name), true);
}

const char *settings_environment(struct arena *arena, const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0' ? arena_copy_text(arena, bytes_of_text(value)) : NULL;
}

bool settings_is_true(const char *value)
{
    return value != NULL && strcasecmp(value, "true") == 0;
}

const char *settings_get_of_service(struct arena *arena, const struct settings *settings,
                                    const char *service, const char *name)
{
    const char *section = settings_get(arena, settings, "services");

    if (section == NULL)
        return NULL;
    return find(arena, settings, SETTINGS_SERVICES, section,
                arena_printf(arena, "%s.%s", service, name), false);
}
