/* bus/target_change.c - PutTargets and RemoveTargets: what is wrong with them, and what is to be
 * stored of their rule; see change.c for their way. */
#include "bus/input.h"
#include "bus/internal.h"

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

static enum status check(struct bus_change *change, const struct bus_target *target)
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
    enum status st = rule_change_find(change, &old);

    for (size_t i = 0; st == OK && i < change->target_count; i++)
        st = check(change, &change->targets[i]);
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
    rule_change_plan(change, &rule);
    return OK;
}

/* Ids that are not there are removed already. */
static enum status remove_targets(struct bus_change *change)
{
    const struct rule *old = NULL;
    enum status st = rule_change_find(change, &old);

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
    rule_change_plan(change, &rule);
    return OK;
}

const struct change_subject change_of_targets = {
    .plans = {[BUS_PUT_TARGETS] = put_targets, [BUS_REMOVE_TARGETS] = remove_targets},
    .name = rule_change_name,
    .apply = rule_change_apply,
};
