/* functions/registry.c - functions by name, made from their records; see function.h. */
#include "functions/change.h"
#include "functions/function.h"
#include "functions/pool.h"
#include "functions/worker.h"

#include <stdlib.h>

/* ---- finding ---- */

struct function *function_find(const struct functions *functions, struct bytes name_or_arn)
{
    return map_get(&functions->by_name, function_name_of(name_or_arn));
}

const struct function_settings *functions_find(const struct functions *functions,
                                               struct bytes name_or_arn)
{
    const struct function *function = function_find(functions, name_or_arn);

    return function != NULL ? &function->version->settings : NULL;
}

bool functions_is_stored(const struct functions *functions, struct bytes name)
{
    const struct function *function = map_get(&functions->by_name, name);

    return function != NULL && function->kind == FUNCTION_LATEST && function->record->stored;
}

const struct function_record *functions_record(const struct functions *functions,
                                               struct bytes name_or_arn)
{
    struct bytes qualifier = {NULL, 0};
    const struct function *function =
        map_get(&functions->by_name, function_name_split(name_or_arn, &qualifier));

    return function != NULL ? function->record : NULL;
}

void functions_list(const struct functions *functions, struct arena *arena,
                    const struct function_settings ***ret, size_t *ret_count)
{
    const struct function_settings **list =
        ARENA_NEW_ARRAY(arena, functions->count, const struct function_settings *);

    *ret = list;
    *ret_count = 0;
    for (size_t i = 0; i < functions->count; i++)
        if (functions->all[i]->kind == FUNCTION_LATEST && !functions->all[i]->gone)
            list[(*ret_count)++] = &functions->all[i]->version->settings;
}

struct bytes function_log_group(struct arena *arena, const struct function_settings *settings)
{
    if (settings->log_group.size > 0)
        return settings->log_group;
    return arena_printf(arena, "/aws/lambda/%.*s", BYTES_ARG(settings->name));
}

struct bytes functions_arn(const struct functions *functions, struct arena *arena,
                           struct bytes name)
{
    return arn_make(arena, functions->options.place, "lambda", "function:%.*s", BYTES_ARG(name));
}

static double random_share(void)
{
    uint32_t random = 0;

    id_random((uint8_t *)&random, sizeof random);
    return random / 4294967296.0;
}

struct function *function_route(struct function *function)
{
    if (function->kind != FUNCTION_ALIAS)
        return function;
    return function->other != NULL && random_share() < function->other_weight ? function->other
                                                                              : function->target;
}

/* ---- versions ---- */

void function_version_ref(struct function_version *version)
{
    version->references++;
}

void function_version_unref(struct function_version *version)
{
    if (version == NULL || --version->references > 0)
        return;
    if (version->code.size > 0)
        codes_unref(version->functions->codes, version->code);
    arena_free(version->arena);
    mem_free(version);
}

static struct function_destination destination_of(struct bytes arn)
{
    struct function_destination destination;
    struct api_error error;

    /* It was checked when it was given; what an older dynlog took and this one doesn't is none. */
    if (function_destination_of(arn, &destination, &error) != OK)
        destination = (struct function_destination){DESTINATION_NONE, {NULL, 0}};
    return destination;
}

static void set_event_config(struct function_settings *settings,
                             const struct function_event_config *config)
{
    settings->maximum_retry_attempts = settings->maximum_event_age_s = -1;
    if (config == NULL)
        return;
    settings->maximum_retry_attempts = config->maximum_retry_attempts;
    settings->maximum_event_age_s = config->maximum_event_age_s;
    settings->on_success = destination_of(config->on_success_arn);
    settings->on_failure = destination_of(config->on_failure_arn);
}

/* Everything that the settings hold is copied: the record may go before a worker does. */
static void copy_settings(struct arena *arena, struct function_settings *settings)
{
    struct function_variable *variables =
        ARENA_NEW_ARRAY(arena, settings->environment_count, struct function_variable);
    struct bytes *texts[] = {
        &settings->name,           &settings->version,        &settings->handler,
        &settings->runtime,        &settings->folder,         &settings->description,
        &settings->on_success.arn, &settings->on_failure.arn, &settings->dead_letter_arn,
        &settings->log_group,
    };

    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        *texts[i] = arena_copy(arena, *texts[i]);
    for (size_t i = 0; i < settings->environment_count; i++) {
        variables[i].name = arena_copy(arena, settings->environment[i].name);
        variables[i].value = arena_copy(arena, settings->environment[i].value);
    }
    settings->environment = variables;
}

/* `qualifier`: "$LATEST", "3", or an alias that leads to the configuration. */
static struct function_version *version_new(struct functions *functions,
                                            const struct function_record *record,
                                            const struct function_configuration *from,
                                            struct bytes qualifier)
{
    struct function_version *version = mem_new(sizeof *version);
    struct arena *arena = version->arena = arena_new();

    version->functions = functions;
    version->references = 1;
    version->settings = (struct function_settings){
        .name = record->name,
        .version = function_version_text(arena, from->version),
        .handler = from->handler,
        .runtime = from->runtime,
        .folder = from->folder,
        .description = from->description,
        .environment = from->environment,
        .environment_count = from->environment_count,
        .timeout_s = from->timeout_s,
        .memory_mb = from->memory_mb,
        .reserved_concurrency = record->reserved_concurrency,
        .retry_delay_ms = record->retry_delay_ms,
        .dead_letter_arn = from->dead_letter_arn,
        .log_group = from->log_group,
        .disable_logs = record->disable_logs,
    };
    if (from->code.size > 0) {
        version->code = arena_copy(arena, from->code);
        version->settings.folder = codes_path(functions->codes, arena, from->code);
        codes_ref(functions->codes, from->code);
    }
    set_event_config(&version->settings, function_record_event_config(record, qualifier));
    version->settings.log_group = function_log_group(arena, &version->settings);
    copy_settings(arena, &version->settings);
    version->arn = functions_arn(functions, arena, record->name);
    if (!bytes_equal_text(qualifier, "$LATEST"))
        version->arn =
            arena_printf(arena, "%.*s:%.*s", BYTES_ARG(version->arn), BYTES_ARG(qualifier));
    return version;
}

/* Whether a worker of the one is as good as one of the other. */
static bool is_same_process(const struct function_settings *a, const struct function_settings *b)
{
    if (!bytes_equal(a->handler, b->handler) || !bytes_equal(a->runtime, b->runtime) ||
        !bytes_equal(a->folder, b->folder) || !bytes_equal(a->log_group, b->log_group) ||
        a->disable_logs != b->disable_logs || a->timeout_s != b->timeout_s ||
        a->memory_mb != b->memory_mb || a->environment_count != b->environment_count)
        return false;
    for (size_t i = 0; i < a->environment_count; i++)
        if (!bytes_equal(a->environment[i].name, b->environment[i].name) ||
            !bytes_equal(a->environment[i].value, b->environment[i].value))
            return false;
    return true;
}

static void set_version(struct function *function, struct function_version *version)
{
    struct function_version *old = function->version;

    function->version = version;
    if (old != NULL && old->generation != 0 &&
        is_same_process(&old->settings, &version->settings)) {
        version->generation = old->generation;
    } else {
        version->generation = ++function->functions->generation;
        reload_open(function);
        pool_retire(function);
    }
    function_version_unref(old);
}

/* ---- functions ---- */

static void insert_in_order(struct functions *functions, struct function *function)
{
    size_t at = functions->count;

    if (functions->count == functions->capacity) {
        functions->capacity = size_max(16, functions->capacity * 2);
        functions->all = mem_resize(functions->all, functions->capacity * sizeof *functions->all);
    }
    for (; at > 0 && strcmp(functions->all[at - 1]->name, function->name) > 0; at--)
        functions->all[at] = functions->all[at - 1];
    functions->all[at] = function;
    functions->count++;
}

static struct function *function_new(struct functions *functions, enum function_kind kind,
                                     struct bytes name, struct function *latest)
{
    struct function *function = mem_new(sizeof *function);

    function->functions = functions;
    function->kind = kind;
    function->name = mem_new(name.size + 1);
    memcpy(function->name, name.ptr, name.size);
    list_init(&function->workers);
    list_init(&function->idle);
    list_init(&function->waiting);
    list_init(&function->family);
    list_init(&function->in_family);
    function->latest = latest != NULL ? latest : function;
    if (latest != NULL)
        list_append(&latest->family, &function->in_family);
    async_queue_init(&function->async);
    map_put(&functions->by_name, name, function);
    insert_in_order(functions, function);
    return function;
}

static void function_free(struct function *function)
{
    assert(list_empty(&function->workers) && list_empty(&function->waiting));
    async_queue_free(function);
    reload_close(function);
    function_version_unref(function->version);
    arena_free(function->record_arena);
    mem_free(function->name);
    mem_free(function);
}

/* ---- those that are gone ---- */

static void refuse_waiting(struct function *function)
{
    struct invocation *invocation;

    while ((invocation = pool_first(function)) != NULL) {
        invocation->status =
            api_refuse(&invocation->error, API_LAMBDA_RESOURCE_NOT_FOUND,
                       "Function not found: %.*s", BYTES_ARG(function->version->arn));
        invocation->done(invocation);
    }
}

/* What runs may end. */
static void function_delete(struct function *function)
{
    function->gone = true;
    function->functions->gone_count++;
    list_remove(&function->in_family);
    map_remove(&function->functions->by_name, bytes_of_text(function->name));
    reload_close(function);
    pool_retire(function);
    async_forget(function);
    refuse_waiting(function);
    registry_reap_soon(function->functions);
}

static bool is_through(const struct function *function)
{
    return function->gone && list_empty(&function->workers) && function->waiting_count == 0 &&
           !async_has_entries(function);
}

/* A family's head goes after its members, which point to it. */
static bool may_be_freed(const struct functions *functions, const struct function *function)
{
    if (!is_through(function))
        return false;
    for (size_t i = 0; i < functions->count; i++)
        if (functions->all[i] != function && functions->all[i]->latest == function)
            return false;
    return true;
}

static void reap(struct timer *timer)
{
    struct functions *functions = CONTAINER_OF(timer, struct functions, reap);
    size_t i = 0;

    while (i < functions->count) {
        struct function *function = functions->all[i];

        if (!may_be_freed(functions, function)) {
            i++;
            continue;
        }
        functions->count--;
        functions->gone_count--;
        memmove(&functions->all[i], &functions->all[i + 1],
                (functions->count - i) * sizeof *functions->all);
        function_free(function);
        i = 0; /* perhaps its head is through now */
    }
}

/* Not within a callback that is about one of them. */
void registry_reap_soon(struct functions *functions)
{
    if (functions->gone_count > 0 && !functions->stopping)
        timer_set_after(functions->options.wall_timers, &functions->reap, 0);
}

void registry_init(struct functions *functions)
{
    functions->reap.fire = reap;
    list_init(&functions->changes);
    list_init(&functions->changes_waiting);
}

void registry_free(struct functions *functions)
{
    timer_cancel(functions->options.wall_timers, &functions->reap);
    for (size_t i = 0; i < functions->count; i++)
        function_free(functions->all[i]);
    mem_free(functions->all);
    map_free(&functions->by_name);
}

/* ---- from a record to its functions ---- */

/* The family's member of that qualifier, made when it is not there. */
static struct function *member(struct function *latest, enum function_kind kind,
                               struct bytes qualifier)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct bytes name = arena_printf(arena, "%s:%.*s", latest->name, BYTES_ARG(qualifier));
    struct function *function = map_get(&latest->functions->by_name, name);

    return function != NULL ? function : function_new(latest->functions, kind, name, latest);
}

static struct function *version_member(struct function *latest, uint64_t version)
{
    AUTO(arena_release) struct arena *arena = arena_new();

    if (version == 0)
        return latest;
    return member(latest, FUNCTION_PUBLISHED, function_version_text(arena, version));
}

static void set_configuration(struct function *latest, const struct function_record *record,
                              const struct function_configuration *configuration)
{
    AUTO(arena_release) struct arena *arena = arena_new();

    set_version(version_member(latest, configuration->version),
                version_new(latest->functions, record, configuration,
                            function_version_text(arena, configuration->version)));
}

static void set_alias(struct function *latest, const struct function_record *record,
                      const struct function_alias *alias)
{
    struct function *function = member(latest, FUNCTION_ALIAS, alias->name);
    const struct json *weight = NULL;

    set_version(function,
                version_new(latest->functions, record,
                            function_record_configuration(record, alias->version), alias->name));
    function->target = version_member(latest, alias->version);
    function->other = NULL;
    function->other_weight = 0;
    if (alias->other_version == 0)
        return;
    AUTO(arena_release) struct arena *arena = arena_new();

    if (json_parse(arena, alias->other_weight, &weight, NULL) == OK &&
        json_double(weight, &function->other_weight))
        function->other = version_member(latest, alias->other_version);
}

static bool is_in_record(const struct function *function, const struct function_record *record)
{
    struct bytes qualifier = {NULL, 0};
    uint64_t version = 0;

    function_name_split(bytes_of_text(function->name), &qualifier);
    if (function->kind == FUNCTION_ALIAS)
        return function_record_alias(record, qualifier) != NULL;
    return function_version_of(qualifier, &version) &&
           function_record_configuration(record, version) != NULL;
}

/* What came while it was not looked at. */
static void dispatch(struct function *function)
{
    pool_dispatch(function);
    async_dispatch(function);
}

enum status registry_apply(struct functions *functions, struct bytes stored)
{
    struct arena *arena = arena_new();
    struct function_record *record = NULL;
    enum status status = function_record_decode(arena, arena_copy(arena, stored), &record);

    if (status != OK) {
        arena_free(arena);
        return status;
    }
    struct function *latest = map_get(&functions->by_name, record->name);

    if (latest == NULL)
        latest = function_new(functions, FUNCTION_LATEST, record->name, NULL);
    for (size_t i = 0; i < record->configuration_count; i++)
        set_configuration(latest, record, &record->configurations[i]);
    for (size_t i = 0; i < record->alias_count; i++)
        set_alias(latest, record, &record->aliases[i]);
    arena_free(latest->record_arena);
    latest->record_arena = arena;
    latest->record = record;
    LIST_EACH (&latest->family, it) {
        struct function *function = LIST_ITEM(it, struct function, in_family);

        if (!is_in_record(function, record))
            function_delete(function);
    }
    dispatch(latest);
    LIST_EACH (&latest->family, it)
        dispatch(LIST_ITEM(it, struct function, in_family));
    return OK;
}

void registry_delete(struct functions *functions, struct bytes name)
{
    struct function *latest = map_get(&functions->by_name, name);

    if (latest == NULL)
        return;
    LIST_EACH (&latest->family, it)
        function_delete(LIST_ITEM(it, struct function, in_family));
    function_delete(latest);
}

/* ---- at the start ---- */

enum status registry_load(struct functions *functions)
{
    struct bytes key, value;
    enum status status = OK;

    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(functions->options.store, NULL, STORE_CATALOGUE,
                                             BYTES("function/"), BYTES("function0"), false);

    while (status == OK && store_iter_next(iter, &key, &value))
        status = registry_apply(functions, value);
    return status == OK ? store_iter_status(iter) : status;
}

/* A hidden one's code stays: it is there again at a start without the file's. */
static void hide(struct functions *functions, const struct function *function)
{
    const struct function_record *record = function->record;

    for (size_t i = 0; i < record->configuration_count; i++)
        if (record->configurations[i].code.size > 0)
            codes_ref(functions->codes, record->configurations[i].code);
}

/* Each name of the function has the same. NULL: nothing is set. */
static const struct function_event_config *
event_configs_of(struct arena *arena, const struct function_settings *settings, uint64_t now_ms,
                 size_t *ret_count)
{
    const struct function_event_config config = {
        .qualifier = BYTES("$LATEST"),
        .maximum_retry_attempts = settings->maximum_retry_attempts,
        .maximum_event_age_s = settings->maximum_event_age_s,
        .on_success_arn = settings->on_success.arn,
        .on_failure_arn = settings->on_failure.arn,
        .modified_ms = now_ms,
    };
    struct function_event_config *configs =
        ARENA_NEW_ARRAY(arena, settings->alias_count + 2, struct function_event_config);
    size_t count = 0;

    *ret_count = 0;
    if (config.maximum_retry_attempts < 0 && config.maximum_event_age_s < 0 &&
        config.on_success_arn.size == 0 && config.on_failure_arn.size == 0)
        return NULL;
    configs[count++] = config;
    if (settings->published) {
        configs[count] = config;
        configs[count++].qualifier = BYTES("1");
    }
    for (size_t i = 0; i < settings->alias_count; i++) {
        configs[count] = config;
        configs[count++].qualifier = settings->aliases[i].name;
    }
    *ret_count = count;
    return configs;
}

static const struct function_alias *
aliases_of(struct arena *arena, const struct function_settings *settings, struct bytes revision)
{
    struct function_alias *aliases =
        ARENA_NEW_ARRAY(arena, settings->alias_count, struct function_alias);

    for (size_t i = 0; i < settings->alias_count; i++) {
        assert(settings->aliases[i].version <= (settings->published ? 1 : 0));
        aliases[i] = settings->aliases[i];
        aliases[i].revision_id = revision;
    }
    return aliases;
}

/* What lies in its folder may have changed. */
static void forget_generation(struct function *function)
{
    function->version->generation = 0;
    LIST_EACH (&function->family, it)
        LIST_ITEM(it, struct function, in_family)->version->generation = 0;
}

enum status registry_put(struct functions *functions, const struct function_settings *settings)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct function *function = map_get(&functions->by_name, settings->name);
    char revision[ID_UUID_SIZE];

    id_uuid(revision);
    struct function_configuration configurations[2] = {{
        .description = settings->description,
        .handler = settings->handler,
        .runtime = settings->runtime,
        .environment = settings->environment,
        .environment_count = settings->environment_count,
        .timeout_s = settings->timeout_s,
        .memory_mb = settings->memory_mb,
        .folder = settings->folder,
        .archive = settings->archive,
        .code_size = settings->archive_size,
        .dead_letter_arn = settings->dead_letter_arn,
        .log_group = settings->log_group,
        .modified_ms = clock_now_ms(timers_clock(functions->options.timers)),
        .revision_id = bytes_of_text(revision),
    }};
    struct function_record record = {
        .name = settings->name,
        .disable_logs = settings->disable_logs,
        .retry_delay_ms = settings->retry_delay_ms,
        .last_version = settings->published ? 1 : 0,
        .configurations = configurations,
        .configuration_count = settings->published ? 2 : 1,
        .aliases = aliases_of(arena, settings, bytes_of_text(revision)),
        .alias_count = settings->alias_count,
        .reserved_concurrency = settings->reserved_concurrency,
    };

    configurations[1] = configurations[0];
    configurations[1].version = 1;
    configurations[1].description = settings->published_description;
    record.event_configs = event_configs_of(arena, settings, configurations[0].modified_ms,
                                            &record.event_config_count);
    if (function != NULL && function->record->stored)
        hide(functions, function);
    if (function != NULL)
        forget_generation(function);
    return registry_apply(functions, function_record_encode(arena, &record));
}
