/* bus/change.c - settings: each change is checked against what is in memory, written, and, once it
 * is durable, applied to memory from the very bytes that were written (catalogue.c).
 *
 *                      nothing else changes the subject
 *   bus_change() --+--------------------------------------> running --(batch durable)--> done()
 *                  |                                           ^
 *                  +--> waiting -------(what was before it ended)
 *
 * The subject is a rule, or a whole bus; an archive or a replay with its bus. A change waits while
 * one that came before it, running or waiting, has the same subject or the bus around it; so a
 * check never looks at what is about to change. */
#include "bus/input.h"
#include "bus/internal.h"
#include "bus/settings.h"

#define LIST_CHANGE(element) LIST_ITEM(element, struct bus_change, place)

/* ---- checks of single values, in the words of AWS's front door ---- */

#define CONSTRAINT                                                                                 \
    "1 validation error detected: Value '%.*s' at '%s' failed to satisfy constraint: "

static bool is_name(struct bytes text, bool slash)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.ptr[i];

        if (!(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') &&
            c != '.' && c != '-' && c != '_' && !(slash && c == '/'))
            return false;
    }
    return true;
}

enum status change_check_size(struct bus_change *change, const char *member, struct bytes text,
                              size_t size_max)
{
    if (text.size <= size_max)
        return OK;
    return api_invalid(&change->error,
                       CONSTRAINT "Member must have length less than or equal to %zu",
                       BYTES_ARG(text), member, size_max);
}

enum status change_check_name(struct bus_change *change, const char *member, struct bytes name,
                              size_t size_max)
{
    if (name.size == 0)
        return api_invalid(&change->error,
                           CONSTRAINT "Member must have length greater than or equal to 1",
                           BYTES_ARG(name), member);
    if (!is_name(name, false))
        return api_invalid(&change->error,
                           CONSTRAINT
                           "Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+",
                           BYTES_ARG(name), member);
    return change_check_size(change, member, name, size_max);
}

enum status change_refuse_limit(struct bus_change *change)
{
    return api_refuse(&change->error, API_LIMIT_EXCEEDED,
                      "The requested resource exceeds the maximum number allowed.");
}

/* ---- buses ---- */

size_t change_count_running(const struct bus *bus, enum bus_change_kind kind)
{
    size_t count = 0;

    for (struct list *it = bus->running.next; it != &bus->running; it = it->next)
        count += LIST_CHANGE(it)->kind == kind;
    return count;
}

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

enum status change_refuse_unknown_bus(struct bus_change *change)
{
    return api_refuse(&change->error, API_RESOURCE_NOT_FOUND, "Event bus %.*s does not exist.",
                      BYTES_ARG(change->subject_bus));
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

/* BUS_UPDATE and its like. A bus that becomes what it is already was not modified. */
static enum status set_bus(struct bus_change *change)
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
    st = settings_change_bus(change, &description);
    if (st != OK ||
        bytes_equal(catalogue_encode_bus(change->arena, &description), event_bus->stored))
        return st;
    description.modified_ms = clock_now_ms(change->bus->clock);
    plan_bus(change, &description);
    return OK;
}

/* ---- rules ---- */

/* A rule that becomes what it is already needs no writing: a stack puts all at every start. */
static void plan_rule(struct bus_change *change, const struct bus_rule *rule)
{
    const struct rule *old = bus_get_rule(change->bus, rule->bus_name, rule->name);
    struct bytes stored = catalogue_encode_rule(change->arena, rule);

    if (old != NULL && bytes_equal(old->stored, stored))
        return;
    change->key = catalogue_rule_key(change->arena, rule->bus_name, rule->name);
    change->stored = stored;
}

enum status change_check_pattern(struct bus_change *change, struct bytes pattern)
{
    struct matcher *matcher = matcher_new();
    enum status st = matcher_add(matcher, change, pattern, &change->error);

    matcher_free(matcher);
    return st;
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

static size_t count_new_rules(const struct bus_change *change)
{
    size_t count = 0;

    for (struct list *it = change->bus->running.next; it != &change->bus->running; it = it->next) {
        const struct bus_change *other = LIST_CHANGE(it);

        count += other->kind == BUS_PUT_RULE &&
                 bytes_equal(other->subject_bus, change->subject_bus) &&
                 bus_get_rule(change->bus, other->subject_bus, other->subject_rule) == NULL;
    }
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
    plan_rule(change, &(struct bus_rule){
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
                          .created_ms =
                              old != NULL ? old->view.created_ms : clock_now_ms(change->bus->clock),
                          .targets = old != NULL ? old->view.targets : NULL,
                          .target_count = old != NULL ? old->view.target_count : 0,
                      });
    return OK;
}

static enum status find_rule(struct bus_change *change, const struct rule **ret)
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
    enum status st = find_rule(change, &old);

    if (st != OK)
        return st;
    struct bus_rule rule = old->view;

    rule.scheduled_ms = scheduled_since(change, old, old->view.schedule);
    rule.enabled = change->enabled;
    rule.all_management_events = change->all_management_events;
    plan_rule(change, &rule);
    return OK;
}

static enum status tag_rule(struct bus_change *change)
{
    const struct rule *old = NULL;
    enum status st = find_rule(change, &old);

    if (st != OK)
        return st;
    struct bus_rule rule = old->view;

    st = settings_tag(change, &rule.tags, &rule.tag_count);
    if (st == OK)
        plan_rule(change, &rule);
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

/* ---- targets ---- */

/* A stack file's targets have not been through the front door. */
static enum status check_input_sizes(struct bus_change *change, const struct bus_target *target)
{
    enum status st =
        change_check_size(change, "targets.member.input", target->input, INPUT_SIZE_MAX);

    if (st == OK)
        st = change_check_size(change, "targets.member.inputPath", target->input_path,
                               INPUT_PATH_SIZE_MAX);
    if (st == OK)
        st = change_check_size(change, "targets.member.inputTransformer.inputTemplate",
                               target->input_template, INPUT_SIZE_MAX);
    if (st == OK && target->input_path_count > INPUT_PATHS_MAX)
        st = api_invalid(&change->error,
                         "1 validation error detected: Value at "
                         "'targets.member.inputTransformer.inputPathsMap' failed to satisfy "
                         "constraint: Member must have length less than or equal to %d",
                         INPUT_PATHS_MAX);
    for (size_t i = 0; st == OK && i < target->input_path_count; i++)
        st = change_check_size(change, "targets.member.inputTransformer.inputPathsMap.member",
                               target->input_paths[i].path, INPUT_PATH_SIZE_MAX);
    return st;
}

static enum status check_target(struct bus_change *change, const struct bus_target *target)
{
    struct arn arn;
    enum status st =
        change_check_name(change, "targets.member.id", target->id, BUS_TARGET_ID_SIZE_MAX);

    if (st == OK)
        st = change_check_size(change, "targets.member.arn", target->arn, BUS_TARGET_ARN_SIZE_MAX);
    if (st == OK)
        st = check_input_sizes(change, target);
    if (st == OK && !arn_parse(target->arn, &arn))
        st = api_invalid(&change->error,
                         "Parameter %.*s is not valid. Reason: Provided Arn is not in correct "
                         "format.",
                         BYTES_ARG(target->arn));
    return st == OK ? input_check(change->arena, target, &change->error) : st;
}

static size_t find_target(const struct bus_target *targets, size_t count, struct bytes id)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_equal(targets[i].id, id))
            return i;
    return count;
}

/* A target whose id is there already replaces that one. */
static enum status put_targets(struct bus_change *change)
{
    const struct rule *old = NULL;
    enum status st = find_rule(change, &old);

    for (size_t i = 0; st == OK && i < change->target_count; i++)
        st = check_target(change, &change->targets[i]);
    if (st != OK)
        return st;
    struct bus_rule rule = old->view;
    struct bus_target *targets =
        ARENA_NEW_ARRAY(change->arena, rule.target_count + change->target_count, struct bus_target);

    if (rule.target_count > 0)
        memcpy(targets, rule.targets, rule.target_count * sizeof *targets);
    for (size_t i = 0; i < change->target_count; i++) {
        size_t at = find_target(targets, rule.target_count, change->targets[i].id);

        targets[at] = change->targets[i];
        if (at == rule.target_count)
            rule.target_count++;
    }
    if (rule.target_count > BUS_TARGETS_MAX)
        return change_refuse_limit(change);
    rule.targets = targets;
    plan_rule(change, &rule);
    return OK;
}

/* Ids that are not there are removed already. */
static enum status remove_targets(struct bus_change *change)
{
    const struct rule *old = NULL;
    enum status st = find_rule(change, &old);

    if (st != OK)
        return st;
    struct bus_rule rule = old->view;
    struct bus_target *kept = ARENA_NEW_ARRAY(change->arena, rule.target_count, struct bus_target);
    size_t count = 0;

    for (size_t i = 0; i < old->view.target_count; i++) {
        bool removed = false;

        for (size_t j = 0; j < change->target_count; j++)
            removed |= bytes_equal(old->view.targets[i].id, change->target_ids[j]);
        if (!removed)
            kept[count++] = old->view.targets[i];
    }
    rule.targets = kept;
    rule.target_count = count;
    plan_rule(change, &rule);
    return OK;
}

/* ---- the way of a change ---- */

static bool is_of_archive(enum bus_change_kind kind)
{
    return kind == BUS_CREATE_ARCHIVE || kind == BUS_UPDATE_ARCHIVE || kind == BUS_DELETE_ARCHIVE;
}

static bool is_of_replay(enum bus_change_kind kind)
{
    return kind == BUS_START_REPLAY || kind == BUS_CANCEL_REPLAY;
}

static bool is_of_bus(enum bus_change_kind kind)
{
    return kind < BUS_PUT_RULE;
}

static enum status plan_change(struct bus_change *change)
{
    switch (change->kind) {
    case BUS_CREATE:
        return create_bus(change);
    case BUS_UPDATE:
    case BUS_PUT_POLICY:
    case BUS_ALLOW:
    case BUS_FORBID:
    case BUS_TAG:
        return set_bus(change);
    case BUS_TAG_RULE:
        return tag_rule(change);
    case BUS_DELETE:
        return delete_bus(change);
    case BUS_PUT_RULE:
        return put_rule(change);
    case BUS_SET_RULE_STATE:
        return set_rule_state(change);
    case BUS_DELETE_RULE:
        return delete_rule(change);
    case BUS_PUT_TARGETS:
        return put_targets(change);
    case BUS_REMOVE_TARGETS:
        return remove_targets(change);
    case BUS_CREATE_ARCHIVE:
        return archive_plan_create(change);
    case BUS_UPDATE_ARCHIVE:
        return archive_plan_update(change);
    case BUS_DELETE_ARCHIVE:
        return archive_plan_delete(change);
    case BUS_START_REPLAY:
        return replay_plan_start(change);
    case BUS_CANCEL_REPLAY:
        return replay_plan_cancel(change);
    }
    assert(false && "a kind of change that nobody plans");
    return REFUSED;
}

static void write_change(struct store_batch *batch, struct store_work *work)
{
    struct bus_change *change = CONTAINER_OF(work, struct bus_change, work);

    if (is_of_archive(change->kind))
        archive_write_change(batch, change);
    if (change->stored.size > 0)
        store_batch_put(batch, STORE_CATALOGUE, change->key, change->stored);
    else
        store_batch_delete(batch, STORE_CATALOGUE, change->key);
}

static enum status apply_stored(struct bus_change *change)
{
    struct bus *bus = change->bus;
    enum status st = OK;

    if (is_of_bus(change->kind))
        return catalogue_apply_bus(bus, change->stored);
    if (is_of_replay(change->kind))
        return replay_apply(bus, change->stored);
    if (!is_of_archive(change->kind))
        return catalogue_apply_rule(bus, change->stored);
    if (change->bus_stored.size > 0)
        st = catalogue_apply_bus(bus, change->bus_stored);
    return st == OK ? archive_apply(bus, change->stored) : st;
}

static void apply_change(struct bus_change *change)
{
    struct bus *bus = change->bus;
    enum status st = OK;

    if (change->stored.size > 0)
        st = apply_stored(change);
    else if (is_of_bus(change->kind))
        catalogue_forget_bus(bus, change->subject_bus);
    else if (is_of_archive(change->kind))
        archive_forget(bus, change->subject_archive);
    else
        catalogue_forget_rule(bus, change->subject_bus, change->subject_rule);
    assert(st == OK && "what was checked and encoded is understood");
    if (change->subject_rule.size > 0 && bus->door.rule_changed != NULL)
        bus->door.rule_changed(bus->door.context, change->subject_bus, change->subject_rule);
    if (is_of_archive(change->kind)) { /* replays of it, and what is too old in it */
        replays_step(bus);
        archive_expiry_look(bus);
    }
}

static bool is_same(struct bytes one, struct bytes other)
{
    return one.size > 0 && bytes_equal(one, other);
}

static bool must_wait(const struct bus_change *change, const struct bus_change *before)
{
    if (is_same(change->subject_archive, before->subject_archive) ||
        is_same(change->subject_replay, before->subject_replay))
        return true;
    return is_same(change->subject_bus, before->subject_bus) &&
           (change->subject_rule.size == 0 || before->subject_rule.size == 0 ||
            bytes_equal(change->subject_rule, before->subject_rule));
}

/* Whether one of the list, up to `end`, must end first. */
static bool waits_for(const struct bus_change *change, const struct list *list,
                      const struct list *end)
{
    for (struct list *it = list->next; it != end; it = it->next)
        if (must_wait(change, LIST_CHANGE(it)))
            return true;
    return false;
}

static void change_written(struct store_work *work, enum status status);

/* True when it is under way; else it ended, with *ret. */
static bool begin(struct bus_change *change, enum status *ret)
{
    struct bus *bus = change->bus;

    *ret = plan_change(change);
    if (*ret != OK || change->key.size == 0)
        return false;
    list_append(&bus->running, &change->place);
    change->work = (struct store_work){.run = write_change, .done = change_written};
    store_submit(bus->store, bus->port, &change->work);
    return true;
}

/* The first that needs to wait no more; NULL when there is none. */
static struct bus_change *next_waiting(struct bus *bus)
{
    LIST_EACH (&bus->waiting, it) {
        struct bus_change *change = LIST_CHANGE(it);

        if (!waits_for(change, &bus->running, &bus->running) &&
            !waits_for(change, &bus->waiting, it))
            return change;
    }
    return NULL;
}

/* done() may come back with new changes, or free the one it is told of. */
static void begin_waiting(struct bus *bus)
{
    for (struct bus_change *change = next_waiting(bus); change != NULL;
         change = next_waiting(bus)) {
        enum status st = OK;

        list_remove(&change->place);
        if (!begin(change, &st))
            change->done(change, st);
    }
}

static void change_written(struct store_work *work, enum status status)
{
    struct bus_change *change = CONTAINER_OF(work, struct bus_change, work);
    struct bus *bus = change->bus;

    list_remove(&change->place);
    if (status == OK)
        apply_change(change);
    if (is_of_replay(change->kind))
        replay_change_ended(change, status);
    change->done(change, status);
    begin_waiting(bus);
}

/* A rule's ARN is as good as no name: AWS takes names only, and change_check_name() says so. An
 * archive's rule is a rule of its bus, and a replay is for rules of it: the whole bus stands still.
 */
static void name_subject(struct bus_change *change)
{
    bool of_bus = is_of_bus(change->kind), of_archive = is_of_archive(change->kind),
         of_replay = is_of_replay(change->kind);
    const struct bus_archive *archive =
        of_archive ? bus_find_archive(change->bus, change->name) : NULL;

    change->subject_bus = bus_name_of(of_bus ? change->name : change->bus_name);
    if (archive != NULL && change->kind != BUS_CREATE_ARCHIVE)
        change->subject_bus = arena_copy(change->arena, archive->bus_name);
    if (change->kind == BUS_CANCEL_REPLAY)
        change->subject_bus = (struct bytes){NULL, 0};
    if (of_archive)
        change->subject_archive = change->name;
    else if (of_replay)
        change->subject_replay = change->name;
    else if (!of_bus)
        change->subject_rule = change->name;
}

void bus_change(struct bus *bus, struct bus_change *change)
{
    enum status st = OK;

    change->bus = bus;
    change->error = (struct api_error){.kind = API_NO_ERROR};
    change->key = change->stored = change->bus_stored = (struct bytes){NULL, 0};
    change->subject_rule = change->subject_archive = change->subject_replay =
        (struct bytes){NULL, 0};
    list_init(&change->place);
    name_subject(change);
    if (waits_for(change, &bus->running, &bus->running) ||
        waits_for(change, &bus->waiting, &bus->waiting))
        list_append(&bus->waiting, &change->place);
    else if (!begin(change, &st))
        change->done(change, st);
}
