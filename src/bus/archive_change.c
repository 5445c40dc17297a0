/* bus/archive_change.c - CreateArchive, UpdateArchive, DeleteArchive: what is wrong with them, and
 * what they write; see change.c for their way.
 *
 * An archive's id is a position, which the writer gives: what is stored of a new archive is made
 * there, in memory of its own. An archive that is deleted goes with all of its events in that one
 * batch: they are one run of keys. */
#include "bus/internal.h"

static enum status refuse_unknown(struct bus_change *change)
{
    return api_refuse(&change->error, API_RESOURCE_NOT_FOUND, "Archive %.*s does not exist.",
                      BYTES_ARG(change->name));
}

static enum status check_values(struct bus_change *change, struct bytes pattern)
{
    enum status st =
        change_check_size(change, "description", change->description, BUS_DESCRIPTION_SIZE_MAX);

    if (st == OK && pattern.size > 0)
        st = change_check_pattern(change, pattern);
    return st;
}

/* An old dynlog's mark on the bus is taken off once it has an archive. */
static void plan_bus(struct bus_change *change, const struct event_bus *home)
{
    if (home->view.archived)
        change->bus_stored = catalogue_encode_bus(change->arena, &home->view);
}

static enum status check_name(struct bus_change *change, const struct event_bus *home)
{
    struct bytes rule =
        arena_printf(change->arena, ARCHIVE_RULE_PREFIX "%.*s", BYTES_ARG(change->name));

    if (bus_find_archive(change->bus, change->name) != NULL)
        return api_refuse(&change->error, API_RESOURCE_ALREADY_EXISTS,
                          "Archive %.*s already exists.", BYTES_ARG(change->name));
    if (map_has(&home->rules, rule))
        return api_refuse(&change->error, API_RESOURCE_ALREADY_EXISTS, "Rule %.*s already exists.",
                          BYTES_ARG(rule));
    return OK;
}

static enum status create_archive(struct bus_change *change)
{
    struct bus *bus = change->bus;
    const struct event_bus *home = bus_get(bus, change->subject_bus);
    enum status st =
        change_check_name(change, "archiveName", change->name, BUS_ARCHIVE_NAME_SIZE_MAX);

    if (st != OK)
        return st;
    if (home == NULL)
        return change_refuse_unknown_bus(change);
    st = check_name(change, home);
    if (st == OK)
        st = check_values(change, change->pattern);
    if (st != OK)
        return st;
    if (bus->archives.count + change_count_running(bus, BUS_CREATE_ARCHIVE) >= BUS_ARCHIVES_MAX)
        return change_refuse_limit(change);
    change->key = archive_key(change->arena, change->name);
    change->writers = arena_new();
    plan_bus(change, home);
    return OK;
}

static enum status update_archive(struct bus_change *change)
{
    const struct archive *old = map_get(&change->bus->archives, change->name);
    enum status st = OK;

    if (old == NULL)
        return refuse_unknown(change);
    st = check_values(change, change->pattern);
    if (st != OK)
        return st;
    struct bus_archive archive = old->view;

    if (change->has_description)
        archive.description = change->description;
    if (change->has_pattern)
        archive.pattern = change->pattern;
    if (change->has_retention)
        archive.retention_days = change->retention_days;
    struct bytes stored = archive_encode(change->arena, &archive, old->id);

    if (bytes_equal(stored, old->stored)) /* it is so already */
        return OK;
    change->key = archive_key(change->arena, change->name);
    change->stored = stored;
    return OK;
}

static enum status delete_archive(struct bus_change *change)
{
    const struct archive *old = map_get(&change->bus->archives, change->name);

    if (old == NULL)
        return refuse_unknown(change);
    change->key = archive_key(change->arena, change->name);
    change->archive_id = old->id;
    return OK;
}

static void write_new(struct store_batch *batch, struct bus_change *change)
{
    const struct bus_archive_figures none = {0, 0};
    struct bus_archive archive = {
        .name = change->name,
        .bus_name = change->subject_bus,
        .description = change->description,
        .pattern = change->pattern,
        .retention_days = change->retention_days,
        .created_ms = clock_now_ms(change->bus->clock),
    };

    change->archive_id = store_batch_position(batch);
    change->stored = archive_encode(change->writers, &archive, change->archive_id);
    archive_store_figures(batch, change->archive_id, &none);
    if (change->bus_stored.size > 0)
        store_batch_put(batch, STORE_CATALOGUE,
                        catalogue_bus_key(change->writers, change->subject_bus),
                        change->bus_stored);
}

static void delete_events(struct store_batch *batch, uint64_t id)
{
    uint8_t from[ARCHIVE_ID_SIZE], to[ARCHIVE_ID_SIZE];

    bytes_put_u64(from, id);
    bytes_put_u64(to, id + 1);
    store_batch_delete_range(batch, STORE_ARCHIVES, bytes_of(from, sizeof from),
                             bytes_of(to, sizeof to));
}

static void write_change(struct store_batch *batch, struct bus_change *change)
{
    if (change->kind == BUS_CREATE_ARCHIVE)
        write_new(batch, change);
    else if (change->kind == BUS_DELETE_ARCHIVE)
        delete_events(batch, change->archive_id);
}

/* An archive's rule is a rule of its bus: the whole bus stands still. */
static void name_subject(struct bus_change *change)
{
    const struct bus_archive *archive = bus_find_archive(change->bus, change->name);

    change->subject_bus = bus_name_of(change->bus_name);
    if (archive != NULL && change->kind != BUS_CREATE_ARCHIVE)
        change->subject_bus = arena_copy(change->arena, archive->bus_name);
    change->subject_archive = change->name;
}

static enum status apply_stored(struct bus_change *change)
{
    enum status st = OK;

    if (change->bus_stored.size > 0)
        st = catalogue_apply_bus(change->bus, change->bus_stored);
    return st == OK ? archive_apply(change->bus, change->stored) : st;
}

static enum status apply(struct bus_change *change)
{
    enum status st = OK;

    if (change->stored.size > 0)
        st = apply_stored(change);
    else
        archive_forget(change->bus, change->subject_archive);
    if (st == OK) { /* replays of it, and what is too old in it */
        replays_step(change->bus);
        archive_expiry_look(change->bus);
    }
    return st;
}

const struct change_subject change_of_archive = {
    .plans =
        {
            [BUS_CREATE_ARCHIVE] = create_archive,
            [BUS_UPDATE_ARCHIVE] = update_archive,
            [BUS_DELETE_ARCHIVE] = delete_archive,
        },
    .name = name_subject,
    .write = write_change,
    .apply = apply,
};
