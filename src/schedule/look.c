/* schedule/look.c - schedules and groups as the store has them, one by one and in pages; see
 * schedule.h. Keys are in the order of groups and names, so a page is a stretch of keys. */
#include "schedule/internal.h"

static enum status get(struct schedules *schedules, struct bytes key, struct arena *arena,
                       struct bytes *ret)
{
    AUTO(store_value_release) struct store_value value = {0};
    enum status st = store_get(schedules->options.store, NULL, STORE_CATALOGUE, key, &value);

    if (st == OK)
        *ret = arena_copy(arena, value.bytes);
    return st;
}

enum status schedules_get(struct schedules *schedules, struct bytes group, struct bytes name,
                          struct arena *arena, struct schedule_view *ret)
{
    struct schedule_record record;
    struct bytes stored;
    enum status st = get(schedules, schedule_key(arena, group, name), arena, &stored);

    if (st == OK)
        st = schedule_decode(schedules->options.place, arena, stored, &record);
    if (st == OK)
        *ret = record.view;
    return st;
}

static struct schedule_group_view default_group(struct schedules *schedules, struct arena *arena)
{
    struct bytes name = BYTES(SCHEDULE_DEFAULT_GROUP);

    return (struct schedule_group_view){
        .name = name, .arn = schedule_group_arn(schedules->options.place, arena, name)};
}

enum status schedules_get_group(struct schedules *schedules, struct bytes name, struct arena *arena,
                                struct schedule_group_view *ret)
{
    struct bytes stored;
    enum status st = get(schedules, schedule_group_key(arena, name), arena, &stored);

    if (st == NOT_FOUND && bytes_equal_text(name, SCHEDULE_DEFAULT_GROUP)) {
        *ret = default_group(schedules, arena);
        return OK;
    }
    return st == OK ? schedule_group_decode(schedules->options.place, arena, stored, ret) : st;
}

/* ---- pages ---- */

static void *room(struct arena *arena, struct schedule_page *page, size_t size)
{
    return arena_alloc_array(arena, page->limit, size);
}

static bool is_wanted(const struct schedule_page *page, const struct schedule_settings *settings)
{
    return bytes_start_with(settings->name, page->name_prefix) &&
           (page->state == 0 || (page->state == 1) == settings->enabled);
}

/* Behind the key that ended the page before. */
static struct bytes begin_key(struct arena *arena, const char *prefix, struct bytes from,
                              struct bytes after)
{
    struct bytes behind = arena_printf(arena, "%s%.*s ", prefix, BYTES_ARG(after));

    /* A space comes before all characters of names, and behind the name itself. */
    return after.size > 0 && bytes_compare(behind, from) > 0 ? behind : from;
}

enum status schedules_list(struct schedules *schedules, struct arena *arena,
                           struct schedule_page *page)
{
    struct bytes from = BYTES(KEY_SCHEDULE), to = BYTES(KEY_SCHEDULE_END), key, value;
    struct bytes last = {NULL, 0};
    size_t looked = 0;

    if (page->group.size > 0)
        schedule_group_range(arena, page->group, &from, &to);
    page->schedules = room(arena, page, sizeof *page->schedules);
    AUTO(store_iter_release)
    struct store_iter *iter =
        store_iter_new(schedules->options.store, NULL, STORE_CATALOGUE,
                       begin_key(arena, KEY_SCHEDULE, from, page->after), to, false);

    while (store_iter_next(iter, &key, &value)) {
        struct schedule_record record;
        enum status st = OK;

        if (page->count == page->limit || looked++ == SCHEDULE_PAGE_LOOK_MAX) {
            page->next = last;
            return OK;
        }
        st = schedule_decode(schedules->options.place, arena, value, &record);
        if (st != OK)
            return st;
        last = arena_copy(arena, bytes_slice(key, sizeof KEY_SCHEDULE - 1, key.size));
        if (is_wanted(page, &record.view.settings))
            page->schedules[page->count++] = record.view;
    }
    return store_iter_status(iter);
}

/* One more of the page; false: it is full, and there are more. */
static bool add_group(struct schedule_page *page, const struct schedule_group_view *group)
{
    if (!bytes_start_with(group->name, page->name_prefix) ||
        (page->after.size > 0 && bytes_compare(group->name, page->after) <= 0))
        return true;
    if (page->count == page->limit) {
        page->next = page->groups[page->count - 1].name;
        return false;
    }
    page->groups[page->count++] = *group;
    return true;
}

/* There are at most SCHEDULE_GROUPS_MAX. The default one stands in its place among them, with a
 * record (tags) or without. */
enum status schedules_list_groups(struct schedules *schedules, struct arena *arena,
                                  struct schedule_page *page)
{
    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(schedules->options.store, NULL, STORE_CATALOGUE,
                                             BYTES(KEY_GROUP), BYTES(KEY_GROUP_END), false);
    struct schedule_group_view by_itself = default_group(schedules, arena);
    bool waits = true; /* the default group has not come yet */
    struct bytes key, value;

    page->groups = room(arena, page, sizeof *page->groups);
    while (store_iter_next(iter, &key, &value)) {
        struct schedule_group_view group;
        enum status st = schedule_group_decode(schedules->options.place, arena, value, &group);

        if (st != OK)
            return st;
        if (waits && bytes_compare(group.name, by_itself.name) > 0 && !add_group(page, &by_itself))
            return OK;
        waits = waits && bytes_compare(group.name, by_itself.name) < 0;
        if (!add_group(page, &group))
            return OK;
    }
    if (waits)
        (void)add_group(page, &by_itself);
    return store_iter_status(iter);
}
