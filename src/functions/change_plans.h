/* functions/change_plans.h - what each kind of change does to a record: plans, a function each, in
 * change_configuration.c, change_alias.c, change_invocation.c and change_access.c.
 *
 * A plan looks at `record`, which is as it is now, refuses, or leaves in change->planned what shall
 * be (it begins as a copy of `record`, whose arrays it must not change, but replace) and says that
 * it changes something. On the loop's thread; memory is the change's arena. */
#ifndef DYNLOG_FUNCTIONS_CHANGE_PLANS_H
#define DYNLOG_FUNCTIONS_CHANGE_PLANS_H

#include "functions/change.h"
#include "functions/function.h"

typedef enum status function_plan(struct function_change *change,
                                  const struct function_record *record);

function_plan plan_create, plan_update_code, plan_update_configuration, plan_publish, plan_delete;
function_plan plan_create_alias, plan_update_alias, plan_delete_alias;
function_plan plan_set_concurrency, plan_put_event_config, plan_update_event_config,
    plan_delete_event_config;
function_plan plan_add_permission, plan_remove_permission, plan_tag;

/* ---- change.c: what plans share ---- */

/* A new one, in the change's arena. */
struct bytes change_revision(struct function_change *change);
/* PreconditionFailed when the change names another one. */
MUST_USE enum status change_check_revision(struct function_change *change, struct bytes revision);
/* "Function not found: ARN", with the qualifier when there is one. */
enum status change_refuse_unknown(struct function_change *change, struct bytes qualifier);
/* REFUSED unless the qualifier is $LATEST, a version or an alias of the record. */
MUST_USE enum status change_check_qualifier(struct function_change *change,
                                            const struct function_record *record,
                                            struct bytes qualifier);
/* The array with one more element of `size` at its end, in the arena; it is zero. */
void *change_grow(struct function_change *change, const void *array, size_t count, size_t size);
/* The array without the element. */
void *change_without(struct function_change *change, const void *array, size_t count, size_t at,
                     size_t size);
/* A copy of the configurations, which may be changed. */
struct function_configuration *change_configurations(struct function_change *change);
/* What was said of a version or an alias goes with it. */
void change_forget_qualifier(struct function_change *change, struct bytes qualifier);
/* Gives what the qualifier names a new revision. */
void change_touch(struct function_change *change, struct bytes qualifier);

#endif
