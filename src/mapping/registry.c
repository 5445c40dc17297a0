/* mapping/registry.c - see registry.h: which mappings there are, opening, a stack file's. */
#include "mapping/registry_private.h"

#include <stdlib.h>

/* ---- looking up ---- */

/* Where it stands, or would. */
static size_t place_of(const struct mapping_registry *registry, struct bytes uuid)
{
    size_t low = 0, high = registry->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (bytes_compare(bytes_of_text(registry->all[middle]->uuid), uuid) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct registered *mapping_registry_get(const struct mapping_registry *registry, struct bytes uuid)
{
    size_t place = place_of(registry, uuid);

    if (place == registry->count || !bytes_equal_text(uuid, registry->all[place]->uuid))
        return NULL;
    return registry->all[place];
}

struct registered *mapping_registry_get_of(const struct mapping_registry *registry,
                                           const struct mapping_settings *settings)
{
    for (size_t i = 0; i < registry->count; i++) {
        const struct mapping_settings *other = &registry->all[i]->settings;

        if (bytes_equal(other->function_name, settings->function_name) &&
            bytes_equal(other->source_arn, settings->source_arn))
            return registry->all[i];
    }
    return NULL;
}

struct bytes mapping_registry_uuid_of(struct bytes text)
{
    struct bytes prefix = BYTES("event-source-mapping:");
    struct arn arn;

    if (!arn_parse(text, &arn) || !bytes_equal_text(arn.service, "lambda") ||
        !bytes_start_with(arn.resource, prefix))
        return (struct bytes){NULL, 0};
    return bytes_slice(arn.resource, prefix.size, arn.resource.size);
}

struct bytes mapping_registry_function_name(struct bytes name_or_arn)
{
    return function_name_of(name_or_arn);
}

void mapping_registry_changed(const struct mapping_registry *registry)
{
    if (registry->options.changed != NULL)
        registry->options.changed(registry->options.context);
}

/* ---- entries ---- */

struct registered *mapping_registry_add(struct mapping_registry *registry, struct bytes uuid)
{
    struct registered *entry = mem_new(sizeof *entry);
    size_t place = place_of(registry, uuid);

    assert(uuid.size == ID_UUID_SIZE - 1 && mapping_registry_get(registry, uuid) == NULL);
    entry->registry = registry;
    memcpy(entry->uuid, uuid.ptr, uuid.size);
    entry->arena = arena_new();
    if (registry->count == registry->capacity) {
        registry->capacity = size_max(16, registry->capacity * 2);
        registry->all = mem_resize(registry->all, registry->capacity * sizeof *registry->all);
    }
    memmove(registry->all + place + 1, registry->all + place,
            (registry->count - place) * sizeof *registry->all);
    registry->all[place] = entry;
    registry->count++;
    return entry;
}

static void entry_free(struct registered *entry)
{
    timer_cancel(entry->registry->options.wall_timers, &entry->again);
    arena_free(entry->arena);
    mem_free(entry);
}

void mapping_registry_drop(struct mapping_registry *registry, struct registered *entry)
{
    size_t place = place_of(registry, bytes_of_text(entry->uuid));

    assert(registry->all[place] == entry);
    registry->count--;
    memmove(registry->all + place, registry->all + place + 1,
            (registry->count - place) * sizeof *registry->all);
    entry_free(entry);
}

static const struct mapping_registry_tag *
copy_tags(struct arena *arena, const struct mapping_registry_tag *tags, size_t count)
{
    struct mapping_registry_tag *copies =
        ARENA_NEW_ARRAY(arena, count, struct mapping_registry_tag);

    for (size_t i = 0; i < count; i++)
        copies[i] = (struct mapping_registry_tag){arena_copy(arena, tags[i].name),
                                                  arena_copy(arena, tags[i].value)};
    return copies;
}

void registered_set(struct registered *entry, const struct mapping_settings *settings,
                    const struct mapping_registry_tag *tags, size_t tag_count)
{
    struct arena *arena = arena_new();
    struct bytes *filters = ARENA_NEW_ARRAY(arena, settings->filter_count, struct bytes);
    struct mapping_settings copy = *settings;

    for (size_t i = 0; i < settings->filter_count; i++)
        filters[i] = arena_copy(arena, settings->filters[i]);
    copy.filters = filters;
    copy.uuid = bytes_of_text(entry->uuid);
    copy.name =
        arena_copy(arena, entry->settings.name.size > 0 ? entry->settings.name : settings->name);
    copy.function_name = arena_copy(arena, settings->function_name);
    copy.source_arn = arena_copy(arena, settings->source_arn);
    copy.on_failure_arn = arena_copy(arena, settings->on_failure_arn);
    tags = copy_tags(arena, tags, tag_count);
    arena_free(entry->arena);
    entry->arena = arena;
    entry->settings = copy;
    entry->tags = tags;
    entry->tag_count = tag_count;
}

/* ---- opening ---- */

static enum status load(struct mapping_registry *registry)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(store_iter_release)
    struct store_iter *iter =
        store_iter_new(registry->options.store, NULL, STORE_CATALOGUE, BYTES(REGISTRY_KEY_PREFIX),
                       BYTES(REGISTRY_KEY_END), false);
    struct bytes key, value;

    while (store_iter_next(iter, &key, &value)) {
        struct mapping_registry_record record;
        enum status status = mapping_registry_record_decode(value, arena, &record);

        if (status != OK)
            return status;
        if (mapping_registry_get(registry, record.uuid) != NULL)
            return CORRUPT;
        struct registered *entry = mapping_registry_add(registry, record.uuid);

        record.settings.name = record.uuid;
        registered_set(entry, &record.settings, record.tags, record.tag_count);
        entry->stored = true;
        entry->modified_ms = record.modified_ms;
        if (record.deleting)
            entry->state = ENTRY_DELETING;
    }
    return store_iter_status(iter);
}

enum status mapping_registry_open(const struct mapping_registry_options *options,
                                  struct mapping_registry **ret)
{
    struct mapping_registry *registry = mem_new(sizeof *registry);

    registry->options = *options;
    if (options->wall_timers == NULL)
        registry->options.wall_timers = options->timers;
    registry->place = *options->place;
    enum status status = load(registry);

    if (status != OK) {
        registry->stopping = true;
        mapping_registry_close(registry);
        return status;
    }
    *ret = registry;
    return OK;
}

enum status mapping_registry_start(struct mapping_registry *registry)
{
    registry->started = true;
    for (size_t i = 0; i < registry->count; i++) {
        struct registered *entry = registry->all[i];
        struct mapping_settings settings = entry->settings;
        struct api_error error = {.kind = API_NO_ERROR};

        if (entry->mapping != NULL) /* the stack file has it too */
            continue;
        if (entry->state == ENTRY_DELETING)
            settings.enabled = false;
        enum status status =
            mappings_add(registry->options.mappings, &settings, NULL, &entry->mapping, &error);

        if (status != OK)
            return status == REFUSED ? CORRUPT : status;
        if (entry->state == ENTRY_DELETING)
            registered_end(entry);
        else
            registered_enter(entry, settings.enabled ? ENTRY_ENABLED : ENTRY_DISABLED);
    }
    return OK;
}

bool mapping_registry_stop(struct mapping_registry *registry)
{
    registry->stopping = true;
    for (size_t i = 0; i < registry->count; i++)
        timer_cancel(registry->options.wall_timers, &registry->all[i]->again);
    return registry->works == 0;
}

void mapping_registry_close(struct mapping_registry *registry)
{
    if (registry == NULL)
        return;
    assert(registry->stopping && registry->works == 0);
    for (size_t i = 0; i < registry->count; i++)
        entry_free(registry->all[i]);
    mem_free(registry->all);
    mem_free(registry);
}

bool mapping_registry_busy(const struct mapping_registry *registry)
{
    return registry->works > 0;
}

/* ---- a stack file's ---- */

/* Its cursor goes by the function's name, which is what it did before there were others; by the
 * UUID when that would be too long: an alias has 128 characters. */
static void name_cursor(struct mapping_settings *settings, struct bytes uuid)
{
    bool qualified = bytes_find_byte(settings->function_name, ':', 0) != SIZE_MAX;

    settings->name = qualified ? uuid : settings->function_name;
}

static struct registered *declared_entry(struct mapping_registry *registry,
                                         struct mapping_settings *settings)
{
    struct registered *entry = mapping_registry_get_of(registry, settings);
    char uuid[ID_UUID_SIZE];

    if (entry != NULL)
        return entry;
    mapping_make_uuid(settings, uuid);
    entry = mapping_registry_get(registry, bytes_of_text(uuid));
    if (entry != NULL) /* a client has given it another function meanwhile */
        return entry;
    entry = mapping_registry_add(registry, bytes_of_text(uuid));
    name_cursor(settings, bytes_of_text(entry->uuid));
    entry->modified_ms = clock_now_ms(timers_clock(registry->options.timers));
    return entry;
}

enum status mapping_registry_declare(struct mapping_registry *registry,
                                     const struct mapping_settings *given, struct api_error *reterr)
{
    struct mapping_settings settings = *given;

    settings.function_name = mapping_registry_function_name(given->function_name);
    enum status status = mapping_registry_check(registry, &settings, reterr);

    if (status != OK)
        return status;
    struct registered *entry = declared_entry(registry, &settings);

    if (entry->mapping != NULL && (entry->changing || entry->state == ENTRY_DELETING))
        return api_refuse(reterr, API_RESOURCE_IN_USE,
                          "Cannot update the event source mapping because it is in use.");
    registered_set(entry, &settings, entry->tags, entry->tag_count);
    if (entry->mapping != NULL) {
        registered_apply(entry, ENTRY_UPDATING);
        return OK;
    }
    entry->state = ENTRY_CREATING;
    status =
        mappings_add(registry->options.mappings, &entry->settings, NULL, &entry->mapping, reterr);
    if (status != OK && !entry->stored)
        mapping_registry_drop(registry, entry);
    else if (status == OK)
        registered_enter(entry, settings.enabled ? ENTRY_ENABLED : ENTRY_DISABLED);
    return status;
}

/* ---- views ---- */

static const char *state_text(enum entry_state state)
{
    switch (state) {
    case ENTRY_CREATING:
        return "Creating";
    case ENTRY_ENABLED:
        return "Enabled";
    case ENTRY_DISABLED:
        return "Disabled";
    case ENTRY_UPDATING:
        return "Updating";
    case ENTRY_ENABLING:
        return "Enabling";
    case ENTRY_DISABLING:
        return "Disabling";
    case ENTRY_DELETING:
        return "Deleting";
    case ENTRY_STATE_COUNT:
        break;
    }
    return "";
}

static struct mapping_registry_view view_of(const struct registered *entry, struct arena *arena)
{
    bool of_queue = entry->settings.source == MAPPING_OF_QUEUE;
    struct mapping_registry_view view = {
        .uuid = bytes_of_text(entry->uuid),
        .settings = &entry->settings,
        .state = state_text(entry->state),
        .reason = of_queue ? "USER_INITIATED" : "User action", /* each in its own words */
        .last_result =
            entry->mapping != NULL ? mapping_last_result(entry->mapping) : MAPPING_RESULT_NONE,
        .modified_ms = entry->modified_ms,
        .tags = entry->tags,
        .tag_count = entry->tag_count,
    };

    if (arena != NULL)
        view.arn = arn_make(arena, &entry->registry->place, "lambda", "event-source-mapping:%s",
                            entry->uuid);
    return view;
}

bool mapping_registry_find(const struct mapping_registry *registry, struct bytes uuid,
                           struct arena *arena, struct mapping_registry_view *ret)
{
    const struct registered *entry = mapping_registry_get(registry, uuid);

    if (entry == NULL)
        return false;
    *ret = view_of(entry, arena);
    return true;
}

static bool is_asked_for(const struct registered *entry, const struct mapping_registry_query *query)
{
    struct bytes name = mapping_registry_function_name(query->function_name);

    if (query->function_name.size > 0 && !bytes_equal(name, entry->settings.function_name))
        return false;
    return query->source_arn.size == 0 ||
           bytes_equal(query->source_arn, entry->settings.source_arn);
}

void mapping_registry_list(const struct mapping_registry *registry,
                           struct mapping_registry_query *query)
{
    size_t i = place_of(registry, query->after);

    if (i < registry->count && bytes_equal_text(query->after, registry->all[i]->uuid))
        i++;
    query->views = ARENA_NEW_ARRAY(query->arena, size_min(query->limit, registry->count),
                                   struct mapping_registry_view);
    query->count = 0;
    query->more = false;
    for (; i < registry->count && !query->more; i++) {
        if (!is_asked_for(registry->all[i], query))
            continue;
        if (query->count == query->limit)
            query->more = true;
        else
            query->views[query->count++] = view_of(registry->all[i], query->arena);
    }
}
