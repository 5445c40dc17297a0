/* schedule/change.c - changes of schedules and groups; see schedule.h.
 *
 *   loop     what the request says by itself is checked (check.c)
 *   writer   what is there is read through the batch; the change is refused, or put
 *   loop     durable: memory learns when the schedule is due
 *
 * Runs of one group see each other's puts, and their done() come in the same order: no two changes
 * of one thing need to wait for each other. */
#include "schedule/internal.h"

#include <stdlib.h>

/* ---- what is there, on the writer ---- */

static enum status refuse_unknown_group(struct schedule_change *change)
{
    return api_refuse(&change->error, API_SCHEDULER_NOT_FOUND,
                      "Schedule group %.*s does not exist.", BYTES_ARG(change->settings.group));
}

static enum status refuse_unknown(struct schedule_change *change)
{
    return api_refuse(&change->error, API_SCHEDULER_NOT_FOUND, "Schedule %.*s does not exist.",
                      BYTES_ARG(change->settings.name));
}

/* NOT_FOUND is told by the caller. "default" is there by itself, with or without a record. */
static enum status find_group(struct schedule_change *change, struct store_batch *batch,
                              struct schedule_group_view *ret)
{
    struct bytes stored;
    enum status st = store_batch_get(
        batch, STORE_CATALOGUE, schedule_group_key(change->arena, change->settings.group), &stored);

    *ret = (struct schedule_group_view){.name = change->settings.group};
    if (st == NOT_FOUND && bytes_equal_text(change->settings.group, SCHEDULE_DEFAULT_GROUP))
        return OK;
    return st == OK
               ? schedule_group_decode(change->schedules->options.place, change->arena, stored, ret)
               : st;
}

static enum status find_schedule(struct schedule_change *change, struct store_batch *batch,
                                 struct schedule_record *ret)
{
    struct bytes stored;
    enum status st = store_batch_get(
        batch, STORE_CATALOGUE,
        schedule_key(change->arena, change->settings.group, change->settings.name), &stored);

    return st == OK ? schedule_decode(change->schedules->options.place, change->arena, stored, ret)
                    : st;
}

/* ---- schedules ---- */

static void put_schedule(struct schedule_change *change, struct store_batch *batch,
                         const struct schedule_record *record)
{
    const struct schedule_settings *settings = &record->view.settings;
    uint64_t due_ms = record->view.due_ms;
    struct schedule_view view = record->view;

    view.arn = change->arn;
    change->at_ms = due_ms == SCHEDULE_NEVER
                        ? DUE_NEVER
                        : plan_moment_ms(&view, due_ms, change->schedules->options.seed);
    store_batch_put(batch, STORE_CATALOGUE,
                    schedule_key(change->arena, settings->group, settings->name),
                    schedule_encode(change->arena, record));
}

/* It begins now, or at its StartDate. */
static void begin(const struct schedule_change *change, struct schedule_record *record)
{
    const struct schedule_settings *settings = &change->settings;
    struct schedule_timing timing = {&change->parsed, change->zone, settings->start_ms,
                                     settings->end_ms, 0};

    record->first_ms = settings->start_ms > 0 ? settings->start_ms : change->now_ms;
    timing.first_ms = record->first_ms;
    record->view.due_ms =
        settings->enabled ? plan_first_ms(&timing, change->now_ms) : SCHEDULE_NEVER;
}

static enum status create(struct schedule_change *change, struct store_batch *batch)
{
    struct schedule_group_view group;
    struct schedule_record record;
    enum status st = find_group(change, batch, &group);

    if (st == NOT_FOUND)
        return refuse_unknown_group(change);
    if (st == OK)
        st = find_schedule(change, batch, &record);
    if (st == OK)
        return api_refuse(&change->error, API_SCHEDULER_CONFLICT, "Schedule %.*s already exists.",
                          BYTES_ARG(change->settings.name));
    if (st != NOT_FOUND)
        return st;
    record = (struct schedule_record){.revision = 1,
                                      .view = {.settings = change->settings,
                                               .created_ms = change->now_ms,
                                               .modified_ms = change->now_ms}};
    begin(change, &record);
    put_schedule(change, batch, &record);
    return OK;
}

static bool goes_on(const struct schedule_settings *old, const struct schedule_settings *new)
{
    return old->enabled && new->enabled &&bytes_equal(old->expression, new->expression) &&
           bytes_equal(old->timezone, new->timezone) && old->start_ms == new->start_ms &&
           old->end_ms == new->end_ms;
}

/* What has the same times as before goes on with them; anything else begins anew. */
static enum status update(struct schedule_change *change, struct store_batch *batch)
{
    struct schedule_record record;
    enum status st = find_schedule(change, batch, &record);
    bool same = st == OK && goes_on(&record.view.settings, &change->settings);

    if (st == NOT_FOUND)
        return refuse_unknown(change);
    if (st != OK)
        return st;
    record.revision++;
    record.view.settings = change->settings;
    record.view.modified_ms = change->now_ms;
    if (!same)
        begin(change, &record);
    put_schedule(change, batch, &record);
    return OK;
}

static enum status delete (struct schedule_change *change, struct store_batch *batch) {
    struct schedule_record record; enum status st = find_schedule(change, batch, &record);

    if (st == NOT_FOUND) return refuse_unknown(change);
    if (st == OK) store_batch_delete(batch, STORE_CATALOGUE,
                                     schedule_key(change->arena, change->settings.group,
                                                  change->settings.name));
    return st;
}

/* ---- groups ---- */

static int compare_tags(const void *a, const void *b)
{
    const struct schedule_tag *x = a, *y = b;

    return bytes_compare(x->key, y->key);
}

static size_t find_tag(const struct schedule_tag *tags, size_t count, struct bytes key)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_equal(tags[i].key, key))
            return i;
    return count;
}

static void put_group(struct schedule_change *change, struct store_batch *batch,
                      const struct schedule_group_view *group)
{
    store_batch_put(batch, STORE_CATALOGUE, schedule_group_key(change->arena, group->name),
                    schedule_group_encode(change->arena, group));
}

/* Those that are there with those of the change. */
static enum status add_tags(struct schedule_change *change, struct schedule_group_view *group)
{
    struct schedule_tag *tags =
        ARENA_NEW_ARRAY(change->arena, group->tag_count + change->tag_count, struct schedule_tag);
    size_t count = group->tag_count;

    if (count > 0)
        memcpy(tags, group->tags, count * sizeof *tags);
    for (size_t i = 0; i < change->tag_count; i++) {
        size_t at = find_tag(tags, count, change->tags[i].key);

        tags[at] = change->tags[i];
        count += at == count;
    }
    if (count > SCHEDULE_TAGS_MAX)
        return api_refuse(&change->error, API_SCHEDULER_QUOTA,
                          "A schedule group can have at most %d tags.", SCHEDULE_TAGS_MAX);
    if (count > 0)
        qsort(tags, count, sizeof *tags, compare_tags);
    group->tags = tags;
    group->tag_count = count;
    return OK;
}

static enum status create_group(struct schedule_change *change, struct store_batch *batch)
{
    struct schedule_group_view group;
    enum status st = find_group(change, batch, &group);

    if (st == OK)
        return api_refuse(&change->error, API_SCHEDULER_CONFLICT,
                          "Schedule group %.*s already exists.", BYTES_ARG(change->settings.group));
    if (st != NOT_FOUND)
        return st;
    group.created_ms = group.modified_ms = change->now_ms;
    st = add_tags(change, &group);
    if (st == OK)
        put_group(change, batch, &group);
    return st;
}

/* With its schedules, also those that works before this one put. */
static enum status delete_group(struct schedule_change *change, struct store_batch *batch)
{
    struct schedule_group_view group;
    struct bytes from, to;
    enum status st = find_group(change, batch, &group);

    if (st == NOT_FOUND)
        return refuse_unknown_group(change);
    if (st != OK)
        return st;
    schedule_group_range(change->arena, group.name, &from, &to);
    store_batch_delete_range(batch, STORE_CATALOGUE, from, to);
    store_batch_delete(batch, STORE_CATALOGUE, schedule_group_key(change->arena, group.name));
    return OK;
}

static enum status tag(struct schedule_change *change, struct store_batch *batch)
{
    struct schedule_group_view group;
    enum status st = find_group(change, batch, &group);

    if (st == NOT_FOUND)
        return refuse_unknown_group(change);
    if (st == OK)
        st = add_tags(change, &group);
    if (st == OK)
        put_group(change, batch, &group);
    return st;
}

static enum status untag(struct schedule_change *change, struct store_batch *batch)
{
    struct schedule_group_view group;
    struct schedule_tag *kept = NULL;
    size_t count = 0;
    enum status st = find_group(change, batch, &group);

    if (st == NOT_FOUND)
        return refuse_unknown_group(change);
    if (st != OK)
        return st;
    kept = ARENA_NEW_ARRAY(change->arena, group.tag_count, struct schedule_tag);
    for (size_t i = 0; i < group.tag_count; i++)
        if (find_tag(change->tags, change->tag_count, group.tags[i].key) == change->tag_count)
            kept[count++] = group.tags[i];
    group.tags = kept;
    group.tag_count = count;
    put_group(change, batch, &group);
    return OK;
}

/* ---- the way of a change ---- */

static enum status run_kind(struct schedule_change *change, struct store_batch *batch)
{
    switch (change->kind) {
    case SCHEDULE_CREATE:
        return create(change, batch);
    case SCHEDULE_UPDATE:
        return update(change, batch);
    case SCHEDULE_DELETE:
        return delete (change, batch);
    case SCHEDULE_CREATE_GROUP:
        return create_group(change, batch);
    case SCHEDULE_DELETE_GROUP:
        return delete_group(change, batch);
    case SCHEDULE_TAG:
        return tag(change, batch);
    case SCHEDULE_UNTAG:
        return untag(change, batch);
    }
    assert(false && "a kind of change that nobody runs");
    return REFUSED;
}

static enum status run_change(struct schedule_change *change, struct store_batch *batch)
{
    enum token_found found = TOKEN_NEW;
    enum status st = token_find(batch, change, &found);

    if (st != OK)
        return st;
    change->repeated = found == TOKEN_REPEATED;
    if (change->repeated)
        return OK;
    if (found == TOKEN_OF_ANOTHER)
        return api_refuse(&change->error, API_SCHEDULER_CONFLICT,
                          "The ClientToken %.*s was used before, with other parameters.",
                          BYTES_ARG(change->client_token));
    st = run_kind(change, batch);
    if (st == OK)
        token_put(change->schedules, batch, change);
    return st;
}

static void change_run(struct store_batch *batch, struct store_work *work)
{
    struct schedule_change *change = CONTAINER_OF(work, struct schedule_change, work);

    change->outcome = run_change(change, batch);
}

static void forget_schedules_of(struct schedules *schedules, struct arena *arena,
                                struct bytes group)
{
    struct bytes from, to, key;
    void *value = NULL;
    struct bytes *gone = ARENA_NEW_ARRAY(arena, schedules->entries.count, struct bytes);
    size_t count = 0;

    schedule_group_range(arena, group, &from, &to);
    for (size_t i = 0; map_next(&schedules->entries, &i, &key, &value);)
        if (bytes_start_with(key, from))
            gone[count++] = arena_copy(arena, key);
    for (size_t i = 0; i < count; i++)
        schedule_entry_remove(schedules, gone[i]);
}

static void apply(struct schedules *schedules, struct schedule_change *change)
{
    const struct schedule_settings *settings = &change->settings;
    struct bytes key = schedule_key(change->arena, settings->group, settings->name);

    switch (change->kind) {
    case SCHEDULE_CREATE:
    case SCHEDULE_UPDATE:
        schedule_entry_put(schedules, key, change->at_ms);
        break;
    case SCHEDULE_DELETE:
        schedule_entry_remove(schedules, key);
        break;
    case SCHEDULE_CREATE_GROUP:
        schedules->group_count++;
        break;
    case SCHEDULE_DELETE_GROUP:
        schedules->group_count--;
        forget_schedules_of(schedules, change->arena, settings->group);
        break;
    case SCHEDULE_TAG:
    case SCHEDULE_UNTAG:
        break;
    }
}

static void change_done(struct store_work *work, enum status status)
{
    struct schedule_change *change = CONTAINER_OF(work, struct schedule_change, work);
    struct schedules *schedules = change->schedules;

    schedules->changing--;
    schedules->creating -= change->kind == SCHEDULE_CREATE;
    schedules->creating_groups -= change->kind == SCHEDULE_CREATE_GROUP;
    if (status == OK)
        status = change->outcome;
    if (status == OK && !change->repeated)
        apply(schedules, change);
    change->done(change, status);
    schedules_look(schedules);
    schedules_ended(schedules);
}

/* What the request says by itself, and AWS's quotas. */
static enum status check(struct schedules *schedules, struct schedule_change *change)
{
    bool is_default = bytes_equal_text(change->settings.group, SCHEDULE_DEFAULT_GROUP);

    if (change->kind == SCHEDULE_CREATE || change->kind == SCHEDULE_UPDATE) {
        enum status st = schedule_check(schedules, change);

        if (st != OK)
            return st;
    }
    if (change->kind == SCHEDULE_CREATE &&
        schedules->entries.count + schedules->creating >= SCHEDULE_COUNT_MAX)
        return api_refuse(&change->error, API_SCHEDULER_QUOTA,
                          "The number of schedules is at its limit of %d.", SCHEDULE_COUNT_MAX);
    if (change->kind == SCHEDULE_CREATE_GROUP &&
        schedules->group_count + schedules->creating_groups >= SCHEDULE_GROUPS_MAX)
        return api_refuse(&change->error, API_SCHEDULER_QUOTA,
                          "The number of schedule groups is at its limit of %d.",
                          SCHEDULE_GROUPS_MAX);
    if (change->kind == SCHEDULE_DELETE_GROUP && is_default)
        return api_invalid(&change->error, "The schedule group default can't be deleted.");
    return OK;
}

static void name_result(struct schedules *schedules, struct schedule_change *change)
{
    const struct schedule_settings *settings = &change->settings;

    change->arn =
        settings->name.size == 0
            ? schedule_group_arn(schedules->options.place, change->arena, settings->group)
            : arn_make(change->arena, schedules->options.place, "scheduler", "schedule/%.*s/%.*s",
                       BYTES_ARG(settings->group), BYTES_ARG(settings->name));
}

void schedules_change(struct schedules *schedules, struct schedule_change *change)
{
    enum status st = OK;

    change->schedules = schedules;
    change->error = (struct api_error){.kind = API_NO_ERROR};
    change->now_ms = clock_now_ms(schedules->clock);
    change->repeated = false;
    st = check(schedules, change);
    if (st != OK) {
        change->done(change, st);
        return;
    }
    name_result(schedules, change);
    schedules->changing++;
    schedules->creating += change->kind == SCHEDULE_CREATE;
    schedules->creating_groups += change->kind == SCHEDULE_CREATE_GROUP;
    change->work = (struct store_work){.run = change_run, .done = change_done};
    store_submit(schedules->options.store, schedules->options.port, &change->work);
}
