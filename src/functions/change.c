/* functions/change.c - the way of a change; see change.h. */
#include "functions/change.h"

#include "functions/change_plans.h"

#define LIST_CHANGE(element) LIST_ITEM(element, struct function_change, place)

static function_plan *const plans[FUNCTION_CHANGE_KIND_COUNT] = {
    [FUNCTION_CREATE] = plan_create,
    [FUNCTION_UPDATE_CODE] = plan_update_code,
    [FUNCTION_UPDATE_CONFIGURATION] = plan_update_configuration,
    [FUNCTION_PUBLISH] = plan_publish,
    [FUNCTION_DELETE] = plan_delete,
    [FUNCTION_CREATE_ALIAS] = plan_create_alias,
    [FUNCTION_UPDATE_ALIAS] = plan_update_alias,
    [FUNCTION_DELETE_ALIAS] = plan_delete_alias,
    [FUNCTION_SET_CONCURRENCY] = plan_set_concurrency,
    [FUNCTION_PUT_EVENT_CONFIG] = plan_put_event_config,
    [FUNCTION_UPDATE_EVENT_CONFIG] = plan_update_event_config,
    [FUNCTION_DELETE_EVENT_CONFIG] = plan_delete_event_config,
    [FUNCTION_ADD_PERMISSION] = plan_add_permission,
    [FUNCTION_REMOVE_PERMISSION] = plan_remove_permission,
    [FUNCTION_TAG] = plan_tag,
};

/* ---- what plans share ---- */

struct bytes change_revision(struct function_change *change)
{
    char uuid[ID_UUID_SIZE];

    id_uuid(uuid);
    return arena_copy(change->arena, bytes_of_text(uuid));
}

enum status change_check_revision(struct function_change *change, struct bytes revision)
{
    if (change->revision_id.size == 0 || bytes_equal(change->revision_id, revision))
        return OK;
    return api_refuse(&change->error, API_LAMBDA_PRECONDITION_FAILED,
                      "The Revision Id provided does not match the latest Revision Id. Call the "
                      "GetFunction/GetAlias API to retrieve the latest Revision Id");
}

enum status change_refuse_unknown(struct function_change *change, struct bytes qualifier)
{
    struct bytes arn = functions_arn(change->functions, change->arena, change->name);
    bool bare = qualifier.size == 0 || bytes_equal_text(qualifier, "$LATEST");

    return api_refuse(&change->error, API_LAMBDA_RESOURCE_NOT_FOUND,
                      "Function not found: %.*s%s%.*s", BYTES_ARG(arn), bare ? "" : ":",
                      BYTES_ARG(bare ? BYTES("") : qualifier));
}

enum status change_check_qualifier(struct function_change *change,
                                   const struct function_record *record, struct bytes qualifier)
{
    uint64_t version = 0;
    bool known =
        qualifier.size == 0 || (function_version_of(qualifier, &version)
                                    ? function_record_configuration(record, version) != NULL
                                    : function_record_alias(record, qualifier) != NULL);

    return known ? OK : change_refuse_unknown(change, qualifier);
}

void *change_grow(struct function_change *change, const void *array, size_t count, size_t size)
{
    uint8_t *copy = arena_alloc_array(change->arena, count + 1, size);

    if (count > 0)
        memcpy(copy, array, count * size);
    return copy;
}

void *change_without(struct function_change *change, const void *array, size_t count, size_t at,
                     size_t size)
{
    const uint8_t *from = array;
    uint8_t *copy = arena_alloc_array(change->arena, count, size);

    assert(at < count);
    memcpy(copy, from, at * size);
    memcpy(copy + at * size, from + (at + 1) * size, (count - at - 1) * size);
    return copy;
}

struct function_configuration *change_configurations(struct function_change *change)
{
    struct function_configuration *copy = change_grow(
        change, change->planned.configurations, change->planned.configuration_count, sizeof *copy);

    change->planned.configurations = copy;
    return copy;
}

void change_touch(struct function_change *change, struct bytes qualifier)
{
    struct function_record *planned = &change->planned;
    uint64_t version = 0;

    if (qualifier.size == 0 || function_version_of(qualifier, &version)) {
        struct function_configuration *configurations = change_configurations(change);

        for (size_t i = 0; i < planned->configuration_count; i++)
            if (configurations[i].version == version)
                configurations[i].revision_id = change_revision(change);
        return;
    }
    struct function_alias *aliases =
        change_grow(change, planned->aliases, planned->alias_count, sizeof *aliases);

    for (size_t i = 0; i < planned->alias_count; i++)
        if (bytes_equal(aliases[i].name, qualifier))
            aliases[i].revision_id = change_revision(change);
    planned->aliases = aliases;
}

void change_forget_qualifier(struct function_change *change, struct bytes qualifier)
{
    struct function_record *planned = &change->planned;

    for (size_t i = planned->event_config_count; i-- > 0;)
        if (bytes_equal(planned->event_configs[i].qualifier, qualifier))
            planned->event_configs =
                change_without(change, planned->event_configs, planned->event_config_count--, i,
                               sizeof *planned->event_configs);
    for (size_t i = planned->statement_count; i-- > 0;)
        if (bytes_equal(planned->statements[i].qualifier, qualifier))
            planned->statements =
                change_without(change, planned->statements, planned->statement_count--, i,
                               sizeof *planned->statements);
}

/* ---- the way ---- */

static void write_change(struct store_batch *batch, struct store_work *work)
{
    struct function_change *change = CONTAINER_OF(work, struct function_change, work);

    if (change->stored.size > 0)
        store_batch_put(batch, STORE_CATALOGUE, change->key, change->stored);
    else
        store_batch_delete(batch, STORE_CATALOGUE, change->key);
}

static void apply(struct function_change *change)
{
    struct functions *functions = change->functions;

    if (change->stored.size == 0) {
        registry_delete(functions, change->name);
        return;
    }
    enum status status = registry_apply(functions, change->stored);

    assert(status == OK && "what was checked and encoded is understood");
    change->record = functions_record(functions, change->name);
}

static enum status encode(struct function_change *change)
{
    change->key = function_record_key(change->arena, change->name);
    if (change->kind == FUNCTION_DELETE && change->planned.configuration_count == 0)
        return OK;
    change->stored = function_record_encode(change->arena, &change->planned);
    if (change->stored.size <= FUNCTION_STORED_SIZE_MAX)
        return OK;
    return api_refuse(&change->error, API_LAMBDA_CODE_STORAGE_EXCEEDED,
                      "What is to be kept of function %.*s and its versions is larger than %zu "
                      "bytes",
                      BYTES_ARG(change->name), FUNCTION_STORED_SIZE_MAX);
}

static void written(struct store_work *work, enum status status);

/* True when it is under way; else it ended, with *ret. */
static bool begin(struct function_change *change, enum status *ret)
{
    struct functions *functions = change->functions;
    const struct function_record *record = functions_record(functions, change->name);
    bool is_new = change->kind == FUNCTION_CREATE;

    change->record = record;
    change->planned =
        record != NULL && !is_new ? *record : (struct function_record){.name = change->name};
    *ret = record == NULL && !is_new ? change_refuse_unknown(change, BYTES(""))
                                     : plans[change->kind](change, record);
    if (*ret == OK && change->changes)
        *ret = encode(change);
    if (*ret != OK || !change->changes)
        return false;
    if (!change->planned.stored) {
        apply(change);
        return false;
    }
    list_append(&functions->changes, &change->place);
    change->work = (struct store_work){.run = write_change, .done = written};
    store_submit(functions->options.store, functions->options.port, &change->work);
    return true;
}

/* Whether one of the list, up to `end`, must end first. */
static bool waits_for(const struct function_change *change, const struct list *list,
                      const struct list *end)
{
    for (struct list *it = list->next; it != end; it = it->next)
        if (bytes_equal(LIST_CHANGE(it)->name, change->name))
            return true;
    return false;
}

/* The first that needs to wait no more; NULL when there is none. */
static struct function_change *next_waiting(struct functions *functions)
{
    LIST_EACH (&functions->changes_waiting, it) {
        struct function_change *change = LIST_CHANGE(it);

        if (!waits_for(change, &functions->changes, &functions->changes) &&
            !waits_for(change, &functions->changes_waiting, it))
            return change;
    }
    return NULL;
}

static void end(struct function_change *change, enum status status)
{
    struct functions *functions = change->functions;

    change->done(change, status); /* may free the change, or come back with another */
    functions_changed(functions);
}

static void begin_waiting(struct functions *functions)
{
    for (struct function_change *change = next_waiting(functions); change != NULL;
         change = next_waiting(functions)) {
        enum status status = OK;

        list_remove(&change->place);
        if (!begin(change, &status))
            end(change, status);
    }
}

static void written(struct store_work *work, enum status status)
{
    struct function_change *change = CONTAINER_OF(work, struct function_change, work);
    struct functions *functions = change->functions;

    list_remove(&change->place);
    if (status == OK)
        apply(change);
    end(change, status);
    begin_waiting(functions);
}

void functions_change(struct functions *functions, struct function_change *change)
{
    enum status status = OK;

    change->functions = functions;
    change->error = (struct api_error){.kind = API_NO_ERROR};
    change->changes = false;
    change->key = change->stored = (struct bytes){NULL, 0};
    list_init(&change->place);
    if (waits_for(change, &functions->changes, &functions->changes) ||
        waits_for(change, &functions->changes_waiting, &functions->changes_waiting))
        list_append(&functions->changes_waiting, &change->place);
    else if (!begin(change, &status))
        end(change, status);
}

/* ---- code ---- */

void functions_unpack(struct functions *functions, struct code_job *job)
{
    codes_unpack(functions->codes, job);
}

void functions_release_code(struct functions *functions, struct bytes hash)
{
    codes_unref(functions->codes, hash);
}

struct bytes functions_code_folder(const struct functions *functions, struct arena *arena,
                                   const struct function_configuration *configuration)
{
    return configuration->code.size > 0 ? codes_path(functions->codes, arena, configuration->code)
                                        : configuration->folder;
}

/* The code folder is in dynlog's data folder. */
static const char *data_folder(const struct functions *functions, struct arena *arena)
{
    const char *folder = functions->options.code_folder;
    const char *slash = folder != NULL ? strrchr(folder, '/') : NULL;

    if (slash == NULL)
        return NULL;
    return arena_copy_text(arena, bytes_of(folder, (size_t)(slash - folder)));
}

struct bytes functions_code_hash(struct functions *functions, struct arena *arena,
                                 const struct function_configuration *configuration,
                                 uint64_t *ret_size)
{
    struct bytes hash = configuration->code.size > 0 ? configuration->code : configuration->archive;
    uint64_t size = configuration->code_size;

    if (hash.size == 0) {
        struct folder_code found =
            folder_code(&functions->folders, configuration->folder, data_folder(functions, arena));

        hash = arena_copy(arena, bytes_of_text(found.hash));
        size = found.size;
    }
    if (ret_size != NULL)
        *ret_size = size;
    return hash;
}

void functions_totals(const struct functions *functions, struct functions_totals *ret)
{
    *ret = (struct functions_totals){0};
    for (size_t i = 0; i < functions->count; i++) {
        const struct function *function = functions->all[i];

        if (function->kind != FUNCTION_LATEST || function->gone)
            continue;
        ret->functions++;
        if (function->record->reserved_concurrency > 0)
            ret->reserved_concurrency += function->record->reserved_concurrency;
        for (size_t c = 0; c < function->record->configuration_count; c++)
            ret->code_size += function->record->configurations[c].code_size;
    }
}
