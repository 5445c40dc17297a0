/* check/settings.c - what the catalogue holds beside the engine's: buses, rules, archives, queues,
 * log groups, functions and so on, each under its own name (docs/format/bus.md and its fellows).
 * Whose rows other families hold under an id is remembered (check_id_add()). */
#include "check/internal.h"

#include "functions/record.h"
#include "json/json.h"
#include "mapping/registry_private.h"
#include "pipes/internal.h"

static const struct check_kind lost_bus = {
    "bus-missing", "dynlog does not start: a rule or an archive of a bus that is not there"};
static const struct check_kind doubled_id = {
    "id", "an id that is given twice mixes the rows of two owners"};

/* ---- ids ---- */

void check_id_add(struct check *check, enum check_owner owner, uint64_t id, struct bytes name)
{
    uint8_t key[9] = {(uint8_t)owner};
    struct bytes *kept = ARENA_NEW(check->arena, struct bytes);
    const struct bytes *before = NULL;

    bytes_put_u64(key + 1, id);
    *kept = arena_copy(check->arena, name);
    before = map_put(&check->owners, bytes_of(key, sizeof key), kept);
    if (before != NULL)
        check_find(check, &doubled_id, "catalogue", name, BYTES("an id of its own"),
                   check_text(check, "that of \"%.*s\"", BYTES_ARG(*before)));
}

bool check_id_name(struct check *check, enum check_owner owner, uint64_t id, struct bytes *ret)
{
    uint8_t key[9] = {(uint8_t)owner};
    const struct bytes *name = NULL;

    bytes_put_u64(key + 1, id);
    name = map_get(&check->owners, bytes_of(key, sizeof key));
    if (name != NULL)
        *ret = *name;
    return name != NULL;
}

/* ---- rows ---- */

struct setting {
    struct bytes key, rest, value; /* rest: of the key, behind the prefix */
    const struct json *json;
    struct bytes name;
};

static bool is_named(const struct setting *setting)
{
    return setting->name.size > 0 && bytes_equal(setting->name, setting->rest);
}

static bool read_bus(struct check *check, const struct setting *setting)
{
    (void)check;
    return is_named(setting);
}

/* "default" is there without a row. */
static void need_bus(struct check *check, const struct setting *setting)
{
    struct bytes bus = json_get_string(setting->json, "bus"), value;

    if (bytes_equal_text(bus, "default") ||
        check_get(check, STORE_CATALOGUE, check_text(check, "bus/%.*s", BYTES_ARG(bus)), &value))
        return;
    check_find(check, &lost_bus, "catalogue", check_bytes_text(check, setting->key),
               check_text(check, "a bus \"%.*s\"", BYTES_ARG(bus)), BYTES("none"));
}

static bool read_rule(struct check *check, const struct setting *setting)
{
    need_bus(check, setting);
    return bytes_equal(setting->rest, check_text(check, "%.*s/%.*s",
                                                 BYTES_ARG(json_get_string(setting->json, "bus")),
                                                 BYTES_ARG(setting->name)));
}

static bool read_owner(struct check *check, const struct setting *setting, enum check_owner owner)
{
    uint64_t id = json_get_uint(setting->json, "id", 0);

    if (id == 0 || !is_named(setting))
        return false;
    check_id_add(check, owner, id, setting->name);
    return true;
}

static bool read_archive(struct check *check, const struct setting *setting)
{
    need_bus(check, setting);
    return read_owner(check, setting, CHECK_ARCHIVE);
}

static bool read_queue(struct check *check, const struct setting *setting)
{
    return read_owner(check, setting, CHECK_QUEUE);
}

static bool read_log_group(struct check *check, const struct setting *setting)
{
    return read_owner(check, setting, CHECK_LOG_GROUP);
}

static bool read_named(struct check *check, const struct setting *setting)
{
    (void)check;
    return is_named(setting);
}

static bool read_function(struct check *check, const struct setting *setting)
{
    struct function_record *record = NULL;

    if (function_record_decode(check->scratch, setting->value, &record) != OK || !is_named(setting))
        return false;
    for (size_t i = 0; i < record->configuration_count; i++)
        if (record->configurations[i].code.size > 0)
            check_code_add(check, record->configurations[i].code);
    return true;
}

static bool read_mapping(struct check *check, const struct setting *setting)
{
    struct mapping_registry_record record;

    return mapping_registry_record_decode(setting->value, check->scratch, &record) == OK &&
           bytes_equal(record.uuid, setting->rest);
}

static bool read_pipe(struct check *check, const struct setting *setting)
{
    struct pipe_record record;

    return pipe_decode(check->scratch, setting->value, &record) == OK && is_named(setting);
}

static bool read_schedule(struct check *check, const struct setting *setting)
{
    return bytes_equal(setting->rest, check_text(check, "%.*s/%.*s",
                                                 BYTES_ARG(json_get_string(setting->json, "group")),
                                                 BYTES_ARG(setting->name)));
}

static bool read_any(struct check *check, const struct setting *setting)
{
    (void)check, (void)setting;
    return true;
}

/* Longer prefixes stand before those that they begin with. format_max 0: no JSON object. */
static const struct {
    const char *prefix;
    uint64_t format_max;
    bool (*read)(struct check *check, const struct setting *setting);
    const char *expected;
} settings[] = {
    {"bus/", 1, read_bus, "an event bus as JSON, under its name"},
    {"rule/", 2, read_rule, "a rule as JSON, under its bus and name"},
    {"archive/", 1, read_archive, "an archive as JSON, under its name"},
    {"replay/", 1, read_named, "a replay as JSON, under its name"},
    {"scheduler/group/", 1, read_named, "a schedule group as JSON, under its name"},
    {"scheduler/schedule/", 1, read_schedule, "a schedule as JSON, under its group and name"},
    {"scheduler/rule/", 1, read_any, "what was due last of a rule, as JSON"},
    {"scheduler/token-time/", 0, read_any, "a token"},
    {"scheduler/token/", 0, read_any, "a token"},
    {"pipe/", 1, read_pipe, "a pipe as JSON, under its name"},
    {"outbound/connection/", 1, read_named, "a connection as JSON, under its name"},
    {"outbound/destination/", 1, read_named, "an API destination as JSON, under its name"},
    {"function-hold/", 1, read_any, "a hold as JSON"},
    {"function/", 1, read_function, "a function as JSON, under its name"},
    {"mapping/", 1, read_mapping, "a mapping as JSON, under its UUID"},
    {"queue/", 1, read_queue, "a queue as JSON, under its name"},
    {"log-group/", 1, read_log_group, "a log group as JSON, under its name"},
    {"stack/made/", 0, read_any, "what a stack file made"},
    {"store/clock", 0, read_any, "where the clock stands"},
    {"store/id", 0, read_any, "the store's id"},
};

static enum status read_setting(struct check *check, size_t at, struct setting *setting)
{
    uint64_t format = 0;

    if (settings[at].format_max == 0)
        return setting->value.size > 0 || bytes_find(setting->key, BYTES("token-time/")) != SIZE_MAX
                   ? OK
                   : CORRUPT;
    if (json_parse(check->scratch, setting->value, &setting->json, NULL) != OK ||
        !json_uint64(json_get(setting->json, "format"), &format) || format < 1)
        return CORRUPT;
    if (format > settings[at].format_max)
        return NEWER_FORMAT;
    setting->name = json_get_string(setting->json, "name");
    return settings[at].read(check, setting) ? OK : CORRUPT;
}

void check_setting_row(struct check *check, struct bytes key, struct bytes value)
{
    for (size_t i = 0; i < ARRAY_COUNT(settings); i++) {
        struct bytes prefix = bytes_of_text(settings[i].prefix);
        struct setting setting = {
            .key = key, .rest = bytes_slice(key, prefix.size, key.size), .value = value};

        if (!bytes_start_with(key, prefix))
            continue;

        enum status status = read_setting(check, i, &setting);

        if (status != OK)
            check_find_unreadable(check, STORE_CATALOGUE, key, status, settings[i].expected);
        return;
    }
    check_find(check, &CHECK_STRAY, "catalogue", check_bytes_text(check, key),
               BYTES("a setting that dynlog knows"), BYTES("this one"));
}
