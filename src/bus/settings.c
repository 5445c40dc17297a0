/* bus/settings.c - see settings.h. */
#include "bus/settings.h"

#include "bus/internal.h"

static size_t find_tag(const struct bus_tag *tags, size_t count, struct bytes key)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_equal(tags[i].key, key))
            return i;
    return count;
}

static bool is_untagged(const struct bus_change *change, struct bytes key)
{
    for (size_t i = 0; i < change->untagged_count; i++)
        if (bytes_equal(change->untagged[i], key))
            return true;
    return false;
}

enum status settings_tag(struct bus_change *change, const struct bus_tag **tags, size_t *count)
{
    struct bus_tag *all =
        ARENA_NEW_ARRAY(change->arena, *count + change->tag_count, struct bus_tag);
    size_t all_count = 0;

    for (size_t i = 0; i < *count; i++)
        if (!is_untagged(change, (*tags)[i].key))
            all[all_count++] = (*tags)[i];
    for (size_t i = 0; i < change->tag_count; i++) {
        size_t at = find_tag(all, all_count, change->tags[i].key);

        all[at] = change->tags[i];
        if (at == all_count)
            all_count++;
    }
    if (all_count > BUS_TAGS_MAX)
        return api_invalid(&change->error, "A resource can't have more than %d tags.",
                           BUS_TAGS_MAX);
    *tags = all;
    *count = all_count;
    return OK;
}

enum status settings_tag_bus(struct bus_change *change, struct bus_description *description)
{
    return settings_tag(change, &description->tags, &description->tag_count);
}

/* What is not said stays as it is. */
enum status settings_update(struct bus_change *change, struct bus_description *description)
{
    if (change->updates & BUS_UPDATES_DESCRIPTION)
        description->description = change->description;
    if (change->updates & BUS_UPDATES_KEY)
        description->kms_key = change->kms_key;
    if (change->updates & BUS_UPDATES_DEAD_LETTERS)
        description->dead_letter_arn = change->dead_letter_arn;
    return OK;
}

enum status settings_put_policy(struct bus_change *change, struct bus_description *description)
{
    enum status st = OK;

    if (change->policy.size > 0)
        st = policy_check(change->arena, change->policy, &change->error);
    if (st == OK)
        description->policy = change->policy;
    return st;
}

enum status settings_allow(struct bus_change *change, struct bus_description *description)
{
    return policy_allow(change->arena, &description->policy, change->sid, change->policy,
                        &change->error);
}

enum status settings_forbid(struct bus_change *change, struct bus_description *description)
{
    return policy_forbid(change->arena, &description->policy, change->sid, &change->error);
}
