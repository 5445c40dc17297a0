/* functions/change_configuration.c - CreateFunction, UpdateFunctionCode,
 * UpdateFunctionConfiguration, PublishVersion, DeleteFunction: what is wrong with them, and what
 * they make; see change_plans.h. */
#include "functions/change_plans.h"
#include "functions/interpreter.h"

/* ---- checks, in AWS's words ---- */

static bool is_reserved(struct bytes name)
{
    static const char *const reserved[] = {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SECRET_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    };

    for (size_t i = 0; i < ARRAY_COUNT(reserved); i++)
        if (bytes_equal_text(name, reserved[i]))
            return true;
    return false;
}

static enum status check_environment(struct function_change *change,
                                     const struct function_configuration *configuration)
{
    AUTO(buffer_free) struct buffer used = BUFFER_INIT(API_ERROR_MESSAGE_SIZE);
    size_t size = 2;

    for (size_t i = 0; i < configuration->environment_count; i++) {
        const struct function_variable *variable = &configuration->environment[i];

        size += variable->name.size + variable->value.size + strlen("\"\":\"\",");
        if (is_reserved(variable->name))
            buffer_printf(&used, "%s%.*s", used.size > 0 ? ", " : "", BYTES_ARG(variable->name));
    }
    if (used.size > 0)
        return api_refuse(&change->error, API_LAMBDA_INVALID_PARAMETER,
                          "Lambda was unable to configure your environment variables because the "
                          "environment variables you have provided contains reserved keys that are "
                          "currently not supported for modification. Reserved keys used in this "
                          "request: %.*s",
                          BYTES_ARG(buffer_bytes(&used)));
    if (size > FUNCTION_ENVIRONMENT_SIZE_MAX)
        return api_refuse(&change->error, API_LAMBDA_INVALID_PARAMETER,
                          "Lambda was unable to configure your environment variables because the "
                          "environment variables you have provided exceeded the 4KB limit.");
    return OK;
}

static enum status check_runtime(struct function_change *change,
                                 const struct function_configuration *configuration)
{
    enum runtime_kind kind = runtime_kind_of(configuration->runtime);

    if (configuration->runtime.size == 0 || configuration->handler.size == 0)
        return api_refuse(&change->error, API_LAMBDA_INVALID_PARAMETER,
                          "Runtime and Handler are mandatory parameters for functions created "
                          "with deployment packages.");
    if (kind == RUNTIME_UNKNOWN)
        return api_refuse(&change->error, API_LAMBDA_INVALID_PARAMETER,
                          "Value %.*s at 'runtime' failed to satisfy constraint: dynlog runs "
                          "nodejs*, python3* and provided*",
                          BYTES_ARG(configuration->runtime));
    return OK;
}

static enum status check_configuration(struct function_change *change,
                                       const struct function_configuration *configuration)
{
    enum status status = check_runtime(change, configuration);

    if (status == OK)
        status = check_environment(change, configuration);
    return status == OK ? function_check_dead_letter(configuration->dead_letter_arn, &change->error)
                        : status;
}

static enum status check_storage(struct function_change *change)
{
    struct functions_totals totals;

    functions_totals(change->functions, &totals);
    if (totals.code_size + change->configuration.code_size <= FUNCTION_CODE_STORAGE_MAX)
        return OK;
    return api_refuse(&change->error, API_LAMBDA_CODE_STORAGE_EXCEEDED,
                      "Code storage limit exceeded.");
}

/* ---- versions ---- */

static bool is_same_environment(const struct function_configuration *a,
                                const struct function_configuration *b)
{
    if (a->environment_count != b->environment_count)
        return false;
    for (size_t i = 0; i < a->environment_count; i++)
        if (!bytes_equal(a->environment[i].name, b->environment[i].name) ||
            !bytes_equal(a->environment[i].value, b->environment[i].value))
            return false;
    return true;
}

static bool is_same_kept(const struct function_configuration *a,
                         const struct function_configuration *b)
{
    if (a->kept_count != b->kept_count)
        return false;
    for (size_t i = 0; i < a->kept_count; i++)
        if (strcmp(a->kept[i].name, b->kept[i].name) != 0 ||
            !bytes_equal(a->kept[i].value, b->kept[i].value))
            return false;
    return true;
}

/* A stack file's code may have changed any time, and makes a version whenever one is asked for. */
static bool is_same(const struct function_configuration *a, const struct function_configuration *b)
{
    return a->code.size > 0 && bytes_equal(a->code, b->code) &&
           bytes_equal(a->handler, b->handler) && bytes_equal(a->runtime, b->runtime) &&
           bytes_equal(a->role, b->role) && a->timeout_s == b->timeout_s &&
           a->memory_mb == b->memory_mb && bytes_equal(a->log_group, b->log_group) &&
           bytes_equal(a->dead_letter_arn, b->dead_letter_arn) && is_same_environment(a, b) &&
           is_same_kept(a, b);
}

/* Nothing new since the last one: that is the answer, as on Lambda. */
static enum status publish(struct function_change *change, const struct bytes *description)
{
    struct function_record *planned = &change->planned;
    size_t count = planned->configuration_count;
    const struct function_configuration *last = &planned->configurations[count - 1];

    if (count > 1 && last->version == planned->last_version &&
        is_same(last, &planned->configurations[0])) {
        change->version = last->version;
        return OK;
    }
    if (count - 1 >= FUNCTION_VERSIONS_MAX)
        return api_refuse(&change->error, API_LAMBDA_CODE_STORAGE_EXCEEDED,
                          "dynlog keeps %d versions of a function at most: delete some of %.*s",
                          FUNCTION_VERSIONS_MAX, BYTES_ARG(change->name));
    struct function_configuration *configurations =
        change_grow(change, planned->configurations, count, sizeof *configurations);

    configurations[count] = configurations[0];
    configurations[count].version = ++planned->last_version;
    configurations[count].revision_id = change_revision(change);
    if (description != NULL)
        configurations[count].description = *description;
    planned->configurations = configurations;
    planned->configuration_count = count + 1;
    change->version = planned->last_version;
    change->changes = true;
    return OK;
}

enum status plan_publish(struct function_change *change, const struct function_record *record)
{
    const struct function_configuration *latest = &record->configurations[0];
    enum status status = change_check_revision(change, latest->revision_id);
    bool described = (change->members & FUNCTION_DESCRIPTION) != 0;

    if (status != OK)
        return status;
    if (change->code.size > 0 &&
        !bytes_equal(change->code,
                     functions_code_hash(change->functions, change->arena, latest, NULL)))
        return api_refuse(&change->error, API_LAMBDA_INVALID_PARAMETER,
                          "CodeSHA256 is different from current CodeSHA256 in $LATEST. Please try "
                          "again with the CodeSHA256 in $LATEST.");
    return publish(change, described ? &change->configuration.description : NULL);
}

/* ---- the function itself ---- */

static void stamp(struct function_change *change, struct function_configuration *configuration)
{
    configuration->modified_ms = clock_now_ms(timers_clock(change->functions->options.timers));
    configuration->revision_id = change_revision(change);
    change->changes = true;
}

enum status plan_create(struct function_change *change, const struct function_record *record)
{
    struct function_record *planned = &change->planned;
    struct function_configuration *configuration = &change->configuration;
    enum status status = OK;

    if (record != NULL)
        return api_refuse(&change->error, API_LAMBDA_RESOURCE_CONFLICT,
                          "Function already exist: %.*s", BYTES_ARG(change->name));
    status = check_configuration(change, configuration);
    if (status == OK)
        status = check_storage(change);
    if (status != OK)
        return status;
    stamp(change, configuration);
    *planned = (struct function_record){
        .name = change->name,
        .stored = true,
        .retry_delay_ms = -1,
        .configurations = configuration,
        .configuration_count = 1,
        .tags = change->tags,
        .tag_count = change->tag_count,
        .reserved_concurrency = -1,
    };
    return change->publish ? publish(change, NULL) : OK;
}

/* What is named replaces what was there under that name. */
static void keep(struct function_change *change, struct function_configuration *configuration)
{
    const struct function_kept *given = change->configuration.kept;

    for (size_t i = 0; i < change->configuration.kept_count; i++) {
        struct function_kept *kept =
            change_grow(change, configuration->kept, configuration->kept_count, sizeof *kept);
        size_t at = 0;

        while (at < configuration->kept_count && strcmp(kept[at].name, given[i].name) < 0)
            at++;
        if (at == configuration->kept_count || strcmp(kept[at].name, given[i].name) != 0) {
            memmove(&kept[at + 1], &kept[at], (configuration->kept_count - at) * sizeof *kept);
            configuration->kept_count++;
        }
        kept[at] = given[i];
        configuration->kept = kept;
    }
}

enum status plan_update_code(struct function_change *change, const struct function_record *record)
{
    enum status status = change_check_revision(change, record->configurations[0].revision_id);

    if (status == OK)
        status = check_storage(change);
    if (status != OK)
        return status;
    struct function_configuration *latest = change_configurations(change);

    latest->code = change->configuration.code;
    latest->code_size = change->configuration.code_size;
    latest->folder = latest->archive = (struct bytes){NULL, 0};
    keep(change, latest);
    stamp(change, latest);
    if (change->publish)
        status = publish(change, NULL);
    if (change->only_look) { /* the answer is what it would be */
        change->changes = false;
        change->record = &change->planned;
    }
    return status;
}

static void take_members(struct function_change *change, struct function_configuration *to)
{
    const struct function_configuration *from = &change->configuration;
    unsigned members = change->members;

    if ((members & FUNCTION_DESCRIPTION) != 0)
        to->description = from->description;
    if ((members & FUNCTION_HANDLER) != 0)
        to->handler = from->handler;
    if ((members & FUNCTION_RUNTIME) != 0)
        to->runtime = from->runtime;
    if ((members & FUNCTION_ROLE) != 0)
        to->role = from->role;
    if ((members & FUNCTION_TIMEOUT) != 0)
        to->timeout_s = from->timeout_s;
    if ((members & FUNCTION_MEMORY) != 0)
        to->memory_mb = from->memory_mb;
    if ((members & FUNCTION_DEAD_LETTERS) != 0)
        to->dead_letter_arn = from->dead_letter_arn;
    if ((members & FUNCTION_LOG_GROUP) != 0)
        to->log_group = from->log_group;
    if ((members & FUNCTION_ENVIRONMENT) != 0) {
        to->environment = from->environment;
        to->environment_count = from->environment_count;
    }
    keep(change, to);
}

enum status plan_update_configuration(struct function_change *change,
                                      const struct function_record *record)
{
    enum status status = change_check_revision(change, record->configurations[0].revision_id);

    if (status != OK)
        return status;
    struct function_configuration *latest = change_configurations(change);

    take_members(change, latest);
    status = check_configuration(change, latest);
    if (status == OK)
        stamp(change, latest);
    return status;
}

/* ---- deleting ---- */

static enum status check_no_alias(struct function_change *change,
                                  const struct function_record *record, uint64_t version)
{
    for (size_t i = 0; i < record->alias_count; i++) {
        const struct function_alias *alias = &record->aliases[i];

        if (alias->version == version || alias->other_version == version)
            return api_refuse(&change->error, API_LAMBDA_RESOURCE_CONFLICT,
                              "Version %llu of function %.*s can't be deleted: the alias %.*s "
                              "leads to it",
                              (unsigned long long)version, BYTES_ARG(change->name),
                              BYTES_ARG(alias->name));
    }
    return OK;
}

static enum status delete_version(struct function_change *change,
                                  const struct function_record *record, uint64_t version)
{
    struct function_record *planned = &change->planned;
    enum status status = check_no_alias(change, record, version);
    size_t at = 0;

    if (status != OK)
        return status;
    while (record->configurations[at].version != version)
        at++;
    planned->configurations =
        change_without(change, record->configurations, planned->configuration_count--, at,
                       sizeof *record->configurations);
    change_forget_qualifier(change, change->qualifier);
    return OK;
}

enum status plan_delete(struct function_change *change, const struct function_record *record)
{
    uint64_t version = 0;

    if (change->qualifier.size == 0) {
        change->changes = true;
        change->planned.configuration_count = 0;
        return OK;
    }
    if (!function_version_of(change->qualifier, &version))
        return api_refuse(&change->error, API_LAMBDA_INVALID_PARAMETER,
                          "Deletion of aliases is not currently supported.");
    if (version == 0)
        return api_refuse(&change->error, API_LAMBDA_INVALID_PARAMETER,
                          "$LATEST version cannot be deleted without deleting the function.");
    if (function_record_configuration(record, version) == NULL)
        return change_refuse_unknown(change, change->qualifier);
    change->changes = true;
    return delete_version(change, record, version);
}
