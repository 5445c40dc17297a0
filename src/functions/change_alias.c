/* functions/change_alias.c - CreateAlias, UpdateAlias, DeleteAlias: what is wrong with them, and
 * what they make; see change_plans.h. */
#include "functions/change_plans.h"

static enum status refuse_unknown(struct function_change *change)
{
    struct bytes arn = functions_arn(change->functions, change->arena, change->name);

    return api_refuse(&change->error, API_LAMBDA_RESOURCE_NOT_FOUND,
                      "Cannot find alias arn: %.*s:%.*s", BYTES_ARG(arn),
                      BYTES_ARG(change->alias.name));
}

/* As on Lambda: weights are between published versions that there are. */
static enum status check_versions(struct function_change *change,
                                  const struct function_record *record,
                                  const struct function_alias *alias)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    uint64_t missing = function_record_configuration(record, alias->version) == NULL
                           ? alias->version
                           : alias->other_version;

    if (function_record_configuration(record, missing) == NULL)
        return change_refuse_unknown(change, function_version_text(arena, missing));
    if (alias->other_version == 0)
        return OK;
    if (alias->version == 0)
        return api_refuse(&change->error, API_LAMBDA_INVALID_PARAMETER,
                          "$LATEST is not supported for an alias pointing to more than 1 version");
    if (alias->version == alias->other_version)
        return api_refuse(&change->error, API_LAMBDA_INVALID_PARAMETER,
                          "Invalid function version %llu. Function version %llu is already "
                          "included in routing configuration.",
                          (unsigned long long)alias->version, (unsigned long long)alias->version);
    return OK;
}

enum status plan_create_alias(struct function_change *change, const struct function_record *record)
{
    struct function_record *planned = &change->planned;
    enum status status = OK;
    size_t at = 0;

    if (function_record_alias(record, change->alias.name) != NULL) {
        struct bytes arn = functions_arn(change->functions, change->arena, change->name);

        return api_refuse(&change->error, API_LAMBDA_RESOURCE_CONFLICT,
                          "Alias already exists: %.*s:%.*s", BYTES_ARG(arn),
                          BYTES_ARG(change->alias.name));
    }
    status = check_versions(change, record, &change->alias);
    if (status != OK)
        return status;
    if (record->alias_count >= FUNCTION_ALIASES_MAX)
        return api_refuse(&change->error, API_LAMBDA_INVALID_PARAMETER,
                          "dynlog keeps %d aliases of a function at most", FUNCTION_ALIASES_MAX);
    struct function_alias *aliases =
        change_grow(change, record->aliases, record->alias_count, sizeof *aliases);

    while (at < record->alias_count && bytes_compare(aliases[at].name, change->alias.name) < 0)
        at++;
    memmove(&aliases[at + 1], &aliases[at], (record->alias_count - at) * sizeof *aliases);
    aliases[at] = change->alias;
    aliases[at].revision_id = change_revision(change);
    planned->aliases = aliases;
    planned->alias_count++;
    change->changes = true;
    return OK;
}

enum status plan_update_alias(struct function_change *change, const struct function_record *record)
{
    const struct function_alias *old = function_record_alias(record, change->alias.name);
    enum status status = OK;

    if (old == NULL)
        return refuse_unknown(change);
    status = change_check_revision(change, old->revision_id);
    if (status != OK)
        return status;
    struct function_alias alias = *old;

    if ((change->members & FUNCTION_DESCRIPTION) != 0)
        alias.description = change->alias.description;
    if ((change->members & FUNCTION_VERSION) != 0)
        alias.version = change->alias.version;
    if ((change->members & FUNCTION_ROUTING) != 0) {
        alias.other_version = change->alias.other_version;
        alias.other_weight = change->alias.other_weight;
    }
    alias.revision_id = change_revision(change);
    status = check_versions(change, record, &alias);
    if (status != OK)
        return status;
    struct function_alias *aliases =
        change_grow(change, record->aliases, record->alias_count, sizeof *aliases);

    aliases[old - record->aliases] = alias;
    change->planned.aliases = aliases;
    change->changes = true;
    return OK;
}

/* One that is not there is deleted already. */
enum status plan_delete_alias(struct function_change *change, const struct function_record *record)
{
    const struct function_alias *old = function_record_alias(record, change->alias.name);

    if (old == NULL)
        return OK;
    change->planned.aliases =
        change_without(change, record->aliases, change->planned.alias_count--,
                       (size_t)(old - record->aliases), sizeof *record->aliases);
    change_forget_qualifier(change, change->alias.name);
    change->changes = true;
    return OK;
}
