/* bus/bus_change.c - changes of a bus itself: CreateEventBus, UpdateEventBus, DeleteEventBus, its
 * permissions and its tags; see change.c for their way. */
#include "bus/internal.h"
#include "bus/settings.h"

/* The plan of a change is its key and what is to be stored there; nothing when nothing changes. */
static void plan_bus(struct bus_change *change, const struct bus_description *description)
{
    change->key = catalogue_bus_key(change->arena, description->name);
    change->stored = catalogue_encode_bus(change->arena, description);
}

static enum status create_bus(struct bus_change *change)
{
    struct bus *bus = change->bus;
    uint64_t now_ms = clock_now_ms(bus->clock);
    enum status st = OK;

    if (bytes_find_byte(change->name, '/', 0) != SIZE_MAX)
        return api_invalid(&change->error, "Event bus name must not contain '/'.");
    st = change_check_name(change, "name", change->name, BUS_NAME_SIZE_MAX);
    if (st == OK)
        st =
            change_check_size(change, "description", change->description, BUS_DESCRIPTION_SIZE_MAX);
    if (st != OK)
        return st;
    if (bus_get(bus, change->name) != NULL)
        return api_refuse(&change->error, API_RESOURCE_ALREADY_EXISTS,
                          "Event bus %.*s already exists.", BYTES_ARG(change->name));
    if (bus->buses.count + change_count_running(bus, BUS_CREATE) >= BUS_COUNT_MAX)
        return change_refuse_limit(change);
    struct bus_description description = {
        .name = change->name,
        .description = change->description,
        .kms_key = change->kms_key,
        .dead_letter_arn = change->dead_letter_arn,
        .created_ms = now_ms,
        .modified_ms = now_ms,
    };

    st = settings_tag(change, &description.tags, &description.tag_count);
    if (st == OK)
        plan_bus(change, &description);
    return st;
}

/* A bus that is not there is deleted already. */
static enum status delete_bus(struct bus_change *change)
{
    const struct event_bus *event_bus = bus_get(change->bus, change->subject_bus);

    if (bytes_equal_text(change->subject_bus, "default"))
        return api_invalid(&change->error, "Cannot delete event bus default.");
    if (event_bus == NULL)
        return OK;
    if (event_bus->rules.count > 0)
        return api_invalid(&change->error, "EventBus can't be deleted since it has rules.");
    change->key = catalogue_bus_key(change->arena, change->subject_bus);
    return OK;
}

/* A bus that becomes what it is already was not modified. */
static enum status set_bus(struct bus_change *change,
                           enum status (*setting)(struct bus_change *change,
                                                  struct bus_description *description))
{
    const struct event_bus *event_bus = bus_get(change->bus, change->subject_bus);
    struct bus_description description;
    enum status st =
        change_check_size(change, "description", change->description, BUS_DESCRIPTION_SIZE_MAX);

    if (st != OK)
        return st;
    if (event_bus == NULL)
        return change_refuse_unknown_bus(change);
    description = event_bus->view;
    st = setting(change, &description);
    if (st != OK ||
        bytes_equal(catalogue_encode_bus(change->arena, &description), event_bus->stored))
        return st;
    description.modified_ms = clock_now_ms(change->bus->clock);
    plan_bus(change, &description);
    return OK;
}

static enum status update_bus(struct bus_change *change)
{
    return set_bus(change, settings_update);
}

static enum status put_policy(struct bus_change *change)
{
    return set_bus(change, settings_put_policy);
}

static enum status allow(struct bus_change *change)
{
    return set_bus(change, settings_allow);
}

static enum status forbid(struct bus_change *change)
{
    return set_bus(change, settings_forbid);
}

static enum status tag_bus(struct bus_change *change)
{
    return set_bus(change, settings_tag_bus);
}

static void name_subject(struct bus_change *change)
{
    change->subject_bus = bus_name_of(change->name);
}

static enum status apply(struct bus_change *change)
{
    if (change->stored.size > 0)
        return catalogue_apply_bus(change->bus, change->stored);
    catalogue_forget_bus(change->bus, change->subject_bus);
    return OK;
}

const struct change_subject change_of_bus = {
    .plans =
        {
            [BUS_CREATE] = create_bus,
            [BUS_UPDATE] = update_bus,
            [BUS_PUT_POLICY] = put_policy,
            [BUS_ALLOW] = allow,
            [BUS_FORBID] = forbid,
            [BUS_TAG] = tag_bus,
            [BUS_DELETE] = delete_bus,
        },
    .name = name_subject,
    .apply = apply,
};
