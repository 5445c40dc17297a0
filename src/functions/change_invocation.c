/* functions/change_invocation.c - how a function is invoked: reserved concurrency, and what becomes
 * of asynchronous invocations; see change_plans.h. */
#include "functions/change_plans.h"

enum status plan_set_concurrency(struct function_change *change,
                                 const struct function_record *record)
{
    struct functions_totals totals;
    int32_t own = record->reserved_concurrency > 0 ? record->reserved_concurrency : 0;
    int32_t wanted = change->reserved_concurrency;

    functions_totals(change->functions, &totals);
    if (wanted > 0 && totals.reserved_concurrency - own + wanted >
                          FUNCTION_CONCURRENCY_MAX - FUNCTION_UNRESERVED_MIN)
        return api_refuse(&change->error, API_LAMBDA_INVALID_PARAMETER,
                          "Specified ReservedConcurrentExecutions for function decreases account's "
                          "UnreservedConcurrentExecution below its minimum value of [%d].",
                          FUNCTION_UNRESERVED_MIN);
    change->planned.reserved_concurrency = wanted;
    change->changes = wanted != record->reserved_concurrency;
    return OK;
}

/* ---- event invoke configs ---- */

static struct bytes qualifier_of(const struct function_change *change)
{
    return change->qualifier.size > 0 ? change->qualifier : BYTES("$LATEST");
}

static enum status refuse_none(struct function_change *change)
{
    struct bytes arn = functions_arn(change->functions, change->arena, change->name);

    return api_refuse(&change->error, API_LAMBDA_RESOURCE_NOT_FOUND,
                      "The function %.*s:%.*s doesn't have an EventInvokeConfig", BYTES_ARG(arn),
                      BYTES_ARG(qualifier_of(change)));
}

static enum status check_destination(struct function_change *change, struct bytes arn)
{
    struct function_destination destination;
    enum status status = function_destination_of(arn, &destination, &change->error);
    struct bytes qualifier = {NULL, 0};

    if (status == OK && destination.kind == DESTINATION_FUNCTION &&
        bytes_equal(function_name_split(arn, &qualifier), change->name))
        return api_refuse(&change->error, API_LAMBDA_INVALID_PARAMETER,
                          "You can't specify the function as a destination for itself.");
    return status;
}

static enum status check_config(struct function_change *change,
                                const struct function_event_config *config)
{
    enum status status = check_destination(change, config->on_success_arn);

    return status == OK ? check_destination(change, config->on_failure_arn) : status;
}

/* Instead of `old`, or as one more. */
static enum status set_config(struct function_change *change, const struct function_record *record,
                              const struct function_event_config *old,
                              const struct function_event_config *config)
{
    enum status status = check_config(change, config);

    if (status != OK)
        return status;
    struct function_event_config *configs =
        change_grow(change, record->event_configs, record->event_config_count, sizeof *configs);
    size_t at = old != NULL ? (size_t)(old - record->event_configs) : record->event_config_count;

    configs[at] = *config;
    configs[at].qualifier = qualifier_of(change);
    configs[at].modified_ms = clock_now_ms(timers_clock(change->functions->options.timers));
    change->planned.event_configs = configs;
    if (old == NULL)
        change->planned.event_config_count++;
    change->changes = true;
    return OK;
}

enum status plan_put_event_config(struct function_change *change,
                                  const struct function_record *record)
{
    enum status status = change_check_qualifier(change, record, change->qualifier);

    return status == OK ? set_config(change, record,
                                     function_record_event_config(record, qualifier_of(change)),
                                     &change->event_config)
                        : status;
}

enum status plan_update_event_config(struct function_change *change,
                                     const struct function_record *record)
{
    const struct function_event_config *old =
        function_record_event_config(record, qualifier_of(change));
    const struct function_event_config *given = &change->event_config;

    if (old == NULL)
        return refuse_none(change);
    struct function_event_config config = *old;

    if ((change->members & FUNCTION_RETRIES) != 0)
        config.maximum_retry_attempts = given->maximum_retry_attempts;
    if ((change->members & FUNCTION_AGE) != 0)
        config.maximum_event_age_s = given->maximum_event_age_s;
    if ((change->members & FUNCTION_DESTINATIONS) != 0) {
        config.on_success_arn = given->on_success_arn;
        config.on_failure_arn = given->on_failure_arn;
    }
    return set_config(change, record, old, &config);
}

enum status plan_delete_event_config(struct function_change *change,
                                     const struct function_record *record)
{
    const struct function_event_config *old =
        function_record_event_config(record, qualifier_of(change));

    if (old == NULL)
        return refuse_none(change);
    change->planned.event_configs =
        change_without(change, record->event_configs, change->planned.event_config_count--,
                       (size_t)(old - record->event_configs), sizeof *record->event_configs);
    change->changes = true;
    return OK;
}
