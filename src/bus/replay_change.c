/* bus/replay_change.c - StartReplay and CancelReplay: what is wrong with them, and what they write;
 * see change.c for their way. */
#include "bus/internal.h"

static enum status check_rules(struct bus_change *change, const struct event_bus *home)
{
    if (change->rule_arn_count > BUS_REPLAY_RULES_MAX)
        return change_refuse_limit(change);
    for (size_t i = 0; i < change->rule_arn_count; i++) {
        struct bytes arn = change->rule_arns[i], name = {NULL, 0};
        size_t at = arn.size;
        const struct rule *rule = NULL;

        while (at > 0 && arn.ptr[at - 1] != '/')
            at--;
        name = bytes_slice(arn, at, arn.size);
        rule = map_get(&home->rules, name);
        if (rule == NULL || !bytes_equal(rule->arn, arn))
            return api_invalid(&change->error,
                               "Parameter Destination.FilterArns is not valid. Reason: Rule %.*s "
                               "does not exist on EventBus %.*s.",
                               BYTES_ARG(name), BYTES_ARG(home->view.name));
    }
    return OK;
}

/* In AWS's order. */
static enum status check_start(struct bus_change *change)
{
    const struct event_bus *home = bus_get(change->bus, change->subject_bus);
    const struct bus_archive *archive = bus_find_archive(change->bus, change->archive_name);

    if (home == NULL)
        return change_refuse_unknown_bus(change);
    if (archive == NULL)
        return api_invalid(&change->error,
                           "Parameter EventSourceArn is not valid. Reason: Archive %.*s does not "
                           "exist.",
                           BYTES_ARG(change->archive_name));
    if (!bytes_equal(archive->bus_name, change->subject_bus))
        return api_invalid(&change->error, "Parameter Destination.Arn is not valid. Reason: Cross "
                                           "event bus replay is not permitted.");
    if (change->from_ms >= change->to_ms)
        return api_invalid(&change->error, "Parameter EventEndTime is not valid. Reason: "
                                           "EventStartTime must be before EventEndTime.");
    if (bus_find_replay(change->bus, change->name) != NULL)
        return api_refuse(&change->error, API_RESOURCE_ALREADY_EXISTS,
                          "Replay %.*s already exists.", BYTES_ARG(change->name));
    return check_rules(change, home);
}

static enum status start_replay(struct bus_change *change)
{
    struct bus *bus = change->bus;
    enum status st =
        change_check_name(change, "replayName", change->name, BUS_REPLAY_NAME_SIZE_MAX);

    if (st == OK)
        st =
            change_check_size(change, "description", change->description, BUS_DESCRIPTION_SIZE_MAX);
    if (st == OK)
        st = check_start(change);
    if (st != OK)
        return st;
    if (bus->replays.count + change_count_running(bus, BUS_START_REPLAY) >= BUS_REPLAYS_MAX)
        return change_refuse_limit(change);
    if (bus->replays_active + change_count_running(bus, BUS_START_REPLAY) >= BUS_REPLAYS_ACTIVE_MAX)
        return change_refuse_limit(change);

    const struct archive *archive = map_get(&bus->archives, change->archive_name);

    change->key = replay_key(change->arena, change->name);
    change->stored = replay_encode(change->arena,
                                   &(struct bus_replay){
                                       .name = change->name,
                                       .description = change->description,
                                       .archive_name = change->archive_name,
                                       .bus_name = change->subject_bus,
                                       .rule_arns = change->rule_arns,
                                       .rule_arn_count = change->rule_arn_count,
                                       .from_ms = change->from_ms,
                                       .to_ms = change->to_ms,
                                       .state = BUS_REPLAY_STARTING,
                                       .started_ms = clock_now_ms(bus->clock),
                                   },
                                   archive->id);
    return OK;
}

/* From here on no page begins; what is under way ends before the replay is CANCELLED. */
static enum status cancel_replay(struct bus_change *change)
{
    struct replay *replay = map_get(&change->bus->replays, change->name);

    if (replay == NULL)
        return api_refuse(&change->error, API_RESOURCE_NOT_FOUND, "Replay %.*s does not exist.",
                          BYTES_ARG(change->name));
    if (replay->view.state > BUS_REPLAY_RUNNING || replay_is_ending(replay))
        return api_refuse(&change->error, API_ILLEGAL_STATUS,
                          "Replay %.*s is not in a valid state for this operation.",
                          BYTES_ARG(change->name));
    struct bus_replay view = replay->view;

    view.state = BUS_REPLAY_CANCELLING;
    replay->cancelling = true;
    change->key = replay_key(change->arena, change->name);
    change->stored = replay_encode(change->arena, &view, replay->archive_id);
    return OK;
}

/* One that could not be cancelled goes on. */
static void ended(struct bus_change *change)
{
    struct replay *replay = map_get(&change->bus->replays, change->name);

    if (replay == NULL)
        return;
    replay->cancelling = false;
    replay_step(replay);
}

/* A new replay is for rules of its bus: the whole bus stands still. */
static void name_subject(struct bus_change *change)
{
    if (change->kind == BUS_START_REPLAY)
        change->subject_bus = bus_name_of(change->bus_name);
    change->subject_replay = change->name;
}

static enum status apply(struct bus_change *change)
{
    return replay_apply(change->bus, change->stored);
}

const struct change_subject change_of_replay = {
    .plans = {[BUS_START_REPLAY] = start_replay, [BUS_CANCEL_REPLAY] = cancel_replay},
    .name = name_subject,
    .apply = apply,
    .ended = ended,
};
