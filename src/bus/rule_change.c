/* bus/rule_change.c - PutRule, EnableRule, DisableRule, DeleteRule and a rule's tags: what is wrong
 * with them, and what is to be stored; see change.c for their way. */
#include "bus/internal.h"
#include "bus/settings.h"

/* A rule that becomes what it is already needs no writing: a stack puts all at every start. */
void rule_change_plan(struct bus_change *change, const struct bus_rule *rule)
{
    const struct rule *old = bus_get_rule(change->bus, rule->bus_name, rule->name);
    struct bytes stored = catalogue_encode_rule(change->arena, rule);

    if (old != NULL && bytes_equal(old->stored, stored))
        return;
    change->key = catalogue_rule_key(change->arena, rule->bus_name, rule->name);
    change->stored = stored;
}

static enum status check_schedule(struct bus_change *change)
{
    const struct bus_door *door = &change->bus->door;

    if (!bytes_equal_text(change->subject_bus, "default"))
        return api_invalid(&change->error,
                           "ScheduleExpression is supported only on the default event bus.");
    if (door->schedule_is_valid == NULL ||
        !door->schedule_is_valid(door->context, change->schedule))
        return api_invalid(&change->error, "Parameter ScheduleExpression is not valid.");
    return OK;
}

static bool is_new_here(const struct bus_change *other, const struct bus_change *change)
{
    return other->kind == BUS_PUT_RULE && bytes_equal(other->subject_bus, change->subject_bus) &&
           bus_get_rule(change->bus, other->subject_bus, other->subject_rule) == NULL;
}

static size_t count_new_rules(const struct bus_change *change)
{
    size_t count = 0;

    for (struct list *it = change->bus->running.next; it != &change->bus->running; it = it->next)
        count += is_new_here(LIST_ITEM(it, struct bus_change, place), change);
    return count;
}

static enum status check_rule(struct bus_change *change)
{
    enum status st = change_check_name(change, "name", change->name, BUS_RULE_NAME_SIZE_MAX);

    if (st == OK)
        st =
            change_check_size(change, "description", change->description, BUS_DESCRIPTION_SIZE_MAX);
    if (st == OK)
        st = change_check_size(change, "roleArn", change->role_arn, BUS_TARGET_ARN_SIZE_MAX);
    if (st == OK && change->pattern.size == 0 && change->schedule.size == 0)
        st = api_invalid(&change->error,
                         "Parameter(s) EventPattern or ScheduleExpression must be specified.");
    if (st == OK && change->schedule.size > 0)
        st = check_schedule(change);
    return st == OK && change->pattern.size > 0 ? change_check_pattern(change, change->pattern)
                                                : st;
}

/* AWS manages a rule for each archive. */
static enum status refuse_managed(struct bus_change *change, const struct rule *rule)
{
    if (rule == NULL || rule->archive == NULL)
        return OK;
    return api_refuse(&change->error, API_MANAGED_RULE,
                      "Rule %.*s is managed by %.*s and can't be changed by clients.",
                      BYTES_ARG(rule->view.name), BYTES_ARG(rule->view.managed_by));
}

/* A schedule counts from when it was given, or enabled again. */
static uint64_t scheduled_since(const struct bus_change *change, const struct rule *old,
                                struct bytes schedule)
{
    bool goes_on = old != NULL && bytes_equal(old->view.schedule, schedule) &&
                   old->view.enabled == change->enabled;

    return goes_on ? old->view.scheduled_ms : clock_now_ms(change->bus->clock);
}

/* An old rule keeps its targets, its tags and its time; everything else is what is said now. */
static enum status put_rule(struct bus_change *change)
{
    const struct event_bus *home = bus_get(change->bus, change->subject_bus);
    const struct rule *old = bus_get_rule(change->bus, change->subject_bus, change->name);
    enum status st = check_rule(change);

    if (st != OK)
        return st;
    if (home == NULL)
        return change_refuse_unknown_bus(change);
    st = refuse_managed(change, old);
    if (st != OK)
        return st;
    if (old == NULL && home->rules.count + count_new_rules(change) >= BUS_RULES_MAX)
        return change_refuse_limit(change);
    const struct bus_tag *tags = old != NULL ? old->view.tags : NULL;
    size_t tag_count = old != NULL ? old->view.tag_count : 0;

    if (old == NULL)
        st = settings_tag(change, &tags, &tag_count);
    if (st != OK)
        return st;
    rule_change_plan(change, &(struct bus_rule){
                                 .name = change->name,
                                 .bus_name = change->subject_bus,
                                 .pattern = change->pattern,
                                 .description = change->description,
                                 .role_arn = change->role_arn,
                                 .schedule = change->schedule,
                                 .scheduled_ms = scheduled_since(change, old, change->schedule),
                                 .enabled = change->enabled,
                                 .all_management_events = change->all_management_events,
                                 .tags = tags,
                                 .tag_count = tag_count,
                                 .created_ms = old != NULL ? old->view.created_ms
                                                           : clock_now_ms(change->bus->clock),
                                 .targets = old != NULL ? old->view.targets : NULL,
                                 .target_count = old != NULL ? old->view.target_count : 0,
                             });
    return OK;
}

enum status rule_change_find(struct bus_change *change, const struct rule **ret)
{
    if (bus_get(change->bus, change->subject_bus) == NULL)
        return change_refuse_unknown_bus(change);
    *ret = bus_get_rule(change->bus, change->subject_bus, change->name);
    if (*ret == NULL)
        return api_refuse(&change->error, API_RESOURCE_NOT_FOUND,
                          "Rule %.*s does not exist on EventBus %.*s.", BYTES_ARG(change->name),
                          BYTES_ARG(change->subject_bus));
    return refuse_managed(change, *ret);
}

static enum status set_rule_state(struct bus_change *change)
{
    const struct rule *old = NULL;
    enum status st = rule_change_find(change, &old);

    if (st != OK)
        return st;
    assert(old != NULL);
    struct bus_rule rule = old->view;

    rule.scheduled_ms = scheduled_since(change, old, old->view.schedule);
    rule.enabled = change->enabled;
    rule.all_management_events = change->all_management_events;
    rule_change_plan(change, &rule);
    return OK;
}

static enum status tag_rule(struct bus_change *change)
{
    const struct rule *old = NULL;
    enum status st = rule_change_find(change, &old);

    if (st != OK)
        return st;
    assert(old != NULL);
    struct bus_rule rule = old->view;

    st = settings_tag(change, &rule.tags, &rule.tag_count);
    if (st == OK)
        rule_change_plan(change, &rule);
    return st;
}

/* A rule that is not there is deleted already. */
static enum status delete_rule(struct bus_change *change)
{
    const struct rule *old = bus_get_rule(change->bus, change->subject_bus, change->name);

    if (bus_get(change->bus, change->subject_bus) == NULL)
        return change_refuse_unknown_bus(change);
    if (old == NULL)
        return OK;
    if (old->archive != NULL)
        return refuse_managed(change, old);
    if (old->view.target_count > 0)
        return api_invalid(&change->error, "Rule can't be deleted since it has targets.");
    change->key = catalogue_rule_key(change->arena, change->subject_bus, change->name);
    return OK;
}

/* A rule's ARN is as good as no name: AWS takes names only, and change_check_name() says so. */
void rule_change_name(struct bus_change *change)
{
    change->subject_bus = bus_name_of(change->bus_name);
    change->subject_rule = change->name;
}

enum status rule_change_apply(struct bus_change *change)
{
    const struct bus *bus = change->bus;
    enum status st = OK;

    if (change->stored.size > 0)
        st = catalogue_apply_rule(change->bus, change->stored);
    else
        catalogue_forget_rule(change->bus, change->subject_bus, change->subject_rule);
    if (st == OK && change->subject_rule.size > 0 && bus->door.rule_changed != NULL)
        bus->door.rule_changed(bus->door.context, change->subject_bus, change->subject_rule);
    return st;
}

const struct change_subject change_of_rule = {
    .plans =
        {
            [BUS_PUT_RULE] = put_rule,
            [BUS_SET_RULE_STATE] = set_rule_state,
            [BUS_TAG_RULE] = tag_rule,
            [BUS_DELETE_RULE] = delete_rule,
        },
    .name = rule_change_name,
    .apply = rule_change_apply,
};
