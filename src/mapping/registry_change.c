/* mapping/registry_change.c - what clients change, and the way of a mapping from state to state;
 * see registry.h.
 *
 *   mapping_registry_change() --check--> with the store --durable--> done() --the pause of
 * life.c--> it acts
 */
#include "mapping/registry_private.h"

static const bool moves[ENTRY_STATE_COUNT][ENTRY_STATE_COUNT] = {
    [ENTRY_CREATING] = {[ENTRY_ENABLED] = true, [ENTRY_DISABLED] = true},
    [ENTRY_ENABLED] = {[ENTRY_UPDATING] = true, [ENTRY_DISABLING] = true, [ENTRY_DELETING] = true},
    [ENTRY_DISABLED] = {[ENTRY_UPDATING] = true, [ENTRY_ENABLING] = true, [ENTRY_DELETING] = true},
    [ENTRY_UPDATING] = {[ENTRY_ENABLED] = true, [ENTRY_DISABLED] = true},
    [ENTRY_ENABLING] = {[ENTRY_ENABLED] = true},
    [ENTRY_DISABLING] = {[ENTRY_DISABLED] = true},
};

void registered_enter(struct registered *entry, enum entry_state state)
{
    assert(moves[entry->state][state]);
    entry->state = state;
}

static bool is_settled(const struct registered *entry)
{
    return entry->state == ENTRY_ENABLED || entry->state == ENTRY_DISABLED;
}

/* ---- acting ---- */

static void try_again(struct registered *entry, void (*fire)(struct timer *timer))
{
    entry->again.fire = fire;
    timer_set_after(entry->registry->options.wall_timers, &entry->again, MAPPING_STORE_RETRY_MS);
}

static void on_begin_again(struct timer *timer)
{
    registered_begin(CONTAINER_OF(timer, struct registered, again));
}

/* What was checked is not refused; so it is the store that could not be read. */
void registered_begin(struct registered *entry)
{
    struct api_error error = {.kind = API_NO_ERROR};
    enum status status = OK;

    if (entry->mapping == NULL) {
        status = mappings_add(entry->registry->options.mappings, &entry->settings, NULL,
                              &entry->mapping, &error);
    } else {
        status = mapping_change(entry->mapping, &entry->settings, &error);
        if (status == OK)
            status = mapping_resume(entry->mapping);
    }
    assert(status != REFUSED);
    if (status != OK)
        try_again(entry, on_begin_again);
    else
        registered_enter(entry, entry->settings.enabled ? ENTRY_ENABLED : ENTRY_DISABLED);
    mapping_registry_changed(entry->registry);
}

static void on_paused(void *context)
{
    registered_begin(context);
}

void registered_apply(struct registered *entry, enum entry_state state)
{
    registered_enter(entry, state);
    mapping_pause(entry->mapping, on_paused, entry);
}

/* ---- deleting ---- */

static void write_end(struct store_batch *batch, struct store_work *work)
{
    struct registered *entry = CONTAINER_OF(work, struct registered, work);
    AUTO(arena_release) struct arena *arena = arena_new();

    mapping_forget(entry->mapping, batch);
    store_batch_delete(batch, STORE_CATALOGUE,
                       mapping_registry_record_key(arena, bytes_of_text(entry->uuid)));
}

static void submit_end(struct registered *entry);

static void on_end_again(struct timer *timer)
{
    submit_end(CONTAINER_OF(timer, struct registered, again));
}

static void end_written(struct store_work *work, enum status status)
{
    struct registered *entry = CONTAINER_OF(work, struct registered, work);
    struct mapping_registry *registry = entry->registry;

    registry->works--;
    if (status == OK) {
        mapping_remove(entry->mapping);
        mapping_registry_drop(registry, entry);
    } else if (!registry->stopping) {
        try_again(entry, on_end_again);
    }
    mapping_registry_changed(registry);
}

static void submit_end(struct registered *entry)
{
    struct mapping_registry *registry = entry->registry;

    entry->work = (struct store_work){.run = write_end, .done = end_written};
    registry->works++;
    store_submit(registry->options.store, registry->options.port, &entry->work);
}

static void on_paused_to_end(void *context)
{
    submit_end(context);
}

void registered_end(struct registered *entry)
{
    assert(entry->state == ENTRY_DELETING);
    mapping_pause(entry->mapping, on_paused_to_end, entry);
}

/* ---- checking a change ---- */

static enum status refuse_missing(struct mapping_registry_change *change)
{
    return api_refuse(&change->error, API_LAMBDA_RESOURCE_NOT_FOUND,
                      "The resource you requested does not exist.");
}

static enum status check_unique(const struct mapping_registry *registry,
                                struct mapping_registry_change *change)
{
    const struct mapping_settings *settings = &change->settings;
    const struct registered *other = mapping_registry_get_of(registry, settings);
    struct bytes name =
        bytes_slice(settings->function_name, 0, bytes_find_byte(settings->function_name, ':', 0));

    if (other == NULL || other == change->entry)
        return OK;
    if (settings->source == MAPPING_OF_QUEUE)
        return api_refuse(&change->error, API_LAMBDA_RESOURCE_CONFLICT,
                          "An event source mapping with SQS arn (\" %.*s \") and function (\" %.*s "
                          "\") already exists. Please update or delete the existing mapping with "
                          "UUID %s",
                          BYTES_ARG(settings->source_arn), BYTES_ARG(name), other->uuid);
    return api_refuse(
        &change->error, API_LAMBDA_RESOURCE_CONFLICT,
        "The event source arn (\" %.*s \") and function (\" %.*s \") provided mapping "
        "already exists. Please update or delete the existing mapping with UUID %s",
        BYTES_ARG(settings->source_arn), BYTES_ARG(name), other->uuid);
}

static enum status check_settings(const struct mapping_registry *registry,
                                  struct mapping_registry_change *change)
{
    struct mapping_settings *settings = &change->settings;
    struct bytes name = mapping_registry_function_name(settings->function_name);

    if (name.size == 0 || functions_find(registry->options.functions, name) == NULL)
        return api_refuse(&change->error, API_LAMBDA_INVALID_PARAMETER, "Function does not exist");
    settings->function_name = name;
    enum status status = mapping_registry_check(registry, settings, &change->error);

    return status == OK ? check_unique(registry, change) : status;
}

static bool has_tag(const struct mapping_registry_tag *tags, size_t count, struct bytes name)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_equal(tags[i].name, name))
            return true;
    return false;
}

/* Those it has and the change does not name, and those that the change gives. */
static enum status make_tags(struct mapping_registry_change *change)
{
    const struct registered *entry = change->entry;
    size_t before = entry != NULL ? entry->tag_count : 0, count = 0;
    struct mapping_registry_tag *tags =
        ARENA_NEW_ARRAY(change->arena, before + change->tag_count, struct mapping_registry_tag);

    for (size_t i = 0; i < before; i++)
        if (!has_tag(change->tags, change->tag_count, entry->tags[i].name))
            tags[count++] = entry->tags[i];
    for (size_t i = 0; change->kind != REGISTRY_UNTAG && i < change->tag_count; i++)
        tags[count++] = change->tags[i];
    change->new_tags = tags;
    change->new_tag_count = count;
    if (count > REGISTRY_TAGS_MAX)
        return api_refuse(&change->error, API_LAMBDA_INVALID_PARAMETER,
                          "A resource can have at most %d tags", REGISTRY_TAGS_MAX);
    return OK;
}

static bool may_change(const struct registered *entry)
{
    return !entry->changing && is_settled(entry) && entry->mapping != NULL;
}

static enum status check_change(struct mapping_registry *registry,
                                struct mapping_registry_change *change)
{
    if (change->kind == REGISTRY_CREATE) {
        if (registry->count >= REGISTRY_COUNT_MAX)
            return api_refuse(&change->error, API_LAMBDA_INVALID_PARAMETER,
                              "dynlog has at most %d event source mappings", REGISTRY_COUNT_MAX);
    } else {
        change->entry = mapping_registry_get(registry, change->uuid);
        if (change->entry == NULL)
            return refuse_missing(change);
        if (!may_change(change->entry))
            return api_refuse(&change->error, API_RESOURCE_IN_USE,
                              "Cannot %s the event source mapping because it is in use.",
                              change->kind == REGISTRY_DELETE ? "delete" : "update");
    }
    if (change->kind != REGISTRY_CREATE && change->kind != REGISTRY_UPDATE)
        change->settings = change->entry->settings;
    else if (check_settings(registry, change) != OK)
        return REFUSED;
    return make_tags(change);
}

/* ---- writing ---- */

/* Where a new one of a stream begins is written down with it, so that "now" stays this moment. */
static void write_change(struct store_batch *batch, struct store_work *work)
{
    struct mapping_registry_change *change =
        CONTAINER_OF(work, struct mapping_registry_change, work);

    store_batch_put(batch, STORE_CATALOGUE, change->key, change->record);
    if (change->kind != REGISTRY_CREATE || change->settings.source != MAPPING_OF_STREAM)
        return;
    mapping_begin_at(&change->settings, batch,
                     change->settings.trim_horizon ? change->begin : store_batch_position(batch));
}

static void make_record(struct mapping_registry_change *change)
{
    struct mapping_registry_record record = {
        .uuid = change->uuid,
        .settings = change->settings,
        .tags = change->new_tags,
        .tag_count = change->new_tag_count,
        .modified_ms = change->modified_ms,
        .deleting = change->kind == REGISTRY_DELETE,
    };

    change->key = mapping_registry_record_key(change->arena, change->uuid);
    change->record = mapping_registry_record_encode(change->arena, &record);
}

/* ---- once it is durable ---- */

static enum entry_state state_after(const struct registered *entry,
                                    const struct mapping_registry_change *change)
{
    if (entry->settings.enabled == change->settings.enabled)
        return ENTRY_UPDATING;
    return change->settings.enabled ? ENTRY_ENABLING : ENTRY_DISABLING;
}

/* What the client is told is how it is now; what follows from it comes behind the answer. */
static void take_effect(struct mapping_registry_change *change)
{
    struct mapping_registry *registry = change->registry;
    struct registered *entry = change->entry;
    enum mapping_registry_change_kind kind = change->kind;
    enum entry_state state = ENTRY_CREATING;

    if (kind == REGISTRY_CREATE) {
        entry = mapping_registry_add(registry, change->uuid);
        entry->stored = true;
    } else {
        entry->changing = false;
        state = kind == REGISTRY_UPDATE ? state_after(entry, change) : entry->state;
        if (kind == REGISTRY_DELETE)
            registered_enter(entry, ENTRY_DELETING);
    }
    entry->modified_ms = change->modified_ms;
    registered_set(entry, &change->settings, change->new_tags, change->new_tag_count);
    if (kind == REGISTRY_UPDATE)
        registered_apply(entry, state);
    change->done(change, OK); /* the change is gone */
    if (kind == REGISTRY_CREATE)
        registered_begin(entry);
    else if (kind == REGISTRY_DELETE)
        registered_end(entry);
}

static void written(struct store_work *work, enum status status)
{
    struct mapping_registry_change *change =
        CONTAINER_OF(work, struct mapping_registry_change, work);
    struct mapping_registry *registry = change->registry;

    registry->works--;
    if (status == OK) {
        take_effect(change);
    } else {
        if (change->entry != NULL)
            change->entry->changing = false;
        change->done(change, status);
    }
    mapping_registry_changed(registry);
}

/* ---- the door ---- */

static void name_new(struct mapping_registry_change *change)
{
    char uuid[ID_UUID_SIZE];

    id_uuid(uuid);
    change->uuid = arena_copy(change->arena, bytes_of_text(uuid));
    change->settings.uuid = change->settings.name = change->uuid;
}

void mapping_registry_change(struct mapping_registry *registry,
                             struct mapping_registry_change *change)
{
    change->registry = registry;
    change->entry = NULL;
    change->error = (struct api_error){.kind = API_NO_ERROR};
    enum status status = registry->stopping ? CLOSED : check_change(registry, change);

    if (status != OK) {
        change->done(change, status);
        return;
    }
    change->modified_ms = clock_now_ms(timers_clock(registry->options.timers));
    if (change->kind == REGISTRY_CREATE) {
        name_new(change);
        if (change->settings.source == MAPPING_OF_STREAM && change->settings.trim_horizon)
            change->begin =
                streams_trimmed_to(registry->options.streams, change->settings.stream_id);
    } else if (!change->entry->stored) { /* a stack file's: until the next start */
        take_effect(change);
        mapping_registry_changed(registry);
        return;
    }
    if (change->entry != NULL)
        change->entry->changing = true;
    make_record(change);
    change->work = (struct store_work){.run = write_change, .done = written};
    registry->works++;
    store_submit(registry->options.store, registry->options.port, &change->work);
}
