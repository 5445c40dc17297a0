/* bus/settings.h - what a bus and a rule say beside what they do: descriptions, tags, permissions.
 *
 * The functions below make what is stored of what was there and what a change says; bus_change.c
 * and rule_change.c look after the rest. Texts live in the change's arena or where they were. */
#ifndef DYNLOG_BUS_SETTINGS_H
#define DYNLOG_BUS_SETTINGS_H

#include "bus/bus.h"

/* AWS: "The permission policy on the event bus cannot exceed 10 KB in size." */
#define POLICY_SIZE_MAX 10240

/* ---- policy.c ---- */

MUST_USE enum status policy_check(struct arena *arena, struct bytes policy,
                                  struct api_error *reterr);
/* The statement replaces the one of that name. *policy: empty when there is none. */
MUST_USE enum status policy_allow(struct arena *arena, struct bytes *policy, struct bytes sid,
                                  struct bytes statement, struct api_error *reterr);
/* REFUSED when there is no statement of that name. Without statements there is no policy. */
MUST_USE enum status policy_forbid(struct arena *arena, struct bytes *policy, struct bytes sid,
                                   struct api_error *reterr);

/* ---- settings.c ---- */

/* *description is what is there, and becomes what the change says. */
MUST_USE enum status settings_update(struct bus_change *change,
                                     struct bus_description *description);
MUST_USE enum status settings_put_policy(struct bus_change *change,
                                         struct bus_description *description);
MUST_USE enum status settings_allow(struct bus_change *change, struct bus_description *description);
MUST_USE enum status settings_forbid(struct bus_change *change,
                                     struct bus_description *description);
MUST_USE enum status settings_tag_bus(struct bus_change *change,
                                      struct bus_description *description);
/* The change's tags, put over those that are there, and the untagged taken away. */
MUST_USE enum status settings_tag(struct bus_change *change, const struct bus_tag **tags,
                                  size_t *count);

#endif
