/* pipes/look.c - pipes one by one and in pages, in the order of their names; see pipes.h. */
#include "pipes/internal.h"

#include <stdlib.h>

const char *const pipe_state_words[PIPE_STATE_COUNT] = {
    [PIPE_RUNNING] = "RUNNING",
    [PIPE_STOPPED] = "STOPPED",
    [PIPE_CREATING] = "CREATING",
    [PIPE_UPDATING] = "UPDATING",
    [PIPE_DELETING] = "DELETING",
    [PIPE_STARTING] = "STARTING",
    [PIPE_STOPPING] = "STOPPING",
    [PIPE_CREATE_FAILED] = "CREATE_FAILED",
    [PIPE_UPDATE_FAILED] = "UPDATE_FAILED",
    [PIPE_START_FAILED] = "START_FAILED",
};

struct pipe *pipes_get(const struct pipes *pipes, struct bytes name)
{
    return map_get(&pipes->by_name, name);
}

struct pipe_view pipe_view_of(const struct pipe *pipe, struct arena *arena)
{
    return (struct pipe_view){
        .settings = &pipe->plan->settings,
        .arn = pipe_arn(pipe->pipes->options.place, arena, pipe->plan->settings.name),
        .created_ms = pipe->record.created_ms,
        .modified_ms = pipe->record.modified_ms,
        .state = pipe->state,
        .deleted = pipe->record.deleted,
        .reason = pipe->reason,
    };
}

bool pipes_find(struct pipes *pipes, struct bytes name, struct arena *arena, struct pipe_view *ret)
{
    const struct pipe *pipe = pipes_get(pipes, name);

    if (pipe == NULL)
        return false;
    *ret = pipe_view_of(pipe, arena);
    return true;
}

/* ---- pages ---- */

static int compare_names(const void *a, const void *b)
{
    const struct pipe *const *x = a, *const *y = b;

    return bytes_compare((*x)->plan->settings.name, (*y)->plan->settings.name);
}

static bool is_wanted(const struct pipe_page *page, const struct pipe *pipe)
{
    const struct pipe_settings *settings = &pipe->plan->settings;

    return (page->after.size == 0 || bytes_compare(settings->name, page->after) > 0) &&
           bytes_start_with(settings->name, page->name_prefix) &&
           bytes_start_with(settings->source, page->source_prefix) &&
           bytes_start_with(settings->target, page->target_prefix) &&
           (page->state < 0 || (int)pipe->state == page->state) &&
           (page->desired_running < 0 || settings->running == (page->desired_running == 1));
}

void pipes_list(struct pipes *pipes, struct arena *arena, struct pipe_page *page)
{
    const struct pipe **all = ARENA_NEW_ARRAY(arena, pipes->by_name.count, const struct pipe *);
    struct bytes name;
    void *value = NULL;
    size_t count = 0;

    for (size_t i = 0; map_next(&pipes->by_name, &i, &name, &value);)
        if (is_wanted(page, value))
            all[count++] = value;
    if (count > 0)
        qsort(all, count, sizeof *all, compare_names);
    page->count = size_min(count, page->limit);
    page->more = count > page->limit;
    page->pipes = ARENA_NEW_ARRAY(arena, page->count, struct pipe_view);
    for (size_t i = 0; i < page->count; i++)
        page->pipes[i] = pipe_view_of(all[i], arena);
}
