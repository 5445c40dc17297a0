/* pipes/pipes.c - opening, closing, figures; see pipes.h. */
#include "pipes/execution.h"

void pipes_ended(struct pipes *pipes)
{
    if (pipes->options.changed != NULL)
        pipes->options.changed(pipes->options.context);
}

static enum status load(struct pipes *pipes)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(pipes->options.store, NULL, STORE_CATALOGUE,
                                             BYTES(PIPE_KEY), BYTES(PIPE_KEY_END), false);
    struct bytes key, value;

    while (store_iter_next(iter, &key, &value)) {
        struct pipe_record record;
        enum status st = pipe_decode(arena, value, &record);

        if (st != OK)
            return st;
        map_put(&pipes->by_name, record.settings.name, pipe_new(pipes, &record));
        arena_reset(arena);
    }
    return store_iter_status(iter);
}

enum status pipes_open(const struct pipes_options *options, struct pipes **ret)
{
    struct pipes *pipes = mem_new(sizeof *pipes);

    pipes->options = *options;
    if (options->wall_timers == NULL)
        pipes->options.wall_timers = options->timers;
    pipes->clock = timers_clock(options->timers);
    list_init(&pipes->waiting);
    list_init(&pipes->running);

    enum status st = load(pipes);

    if (st != OK) {
        pipes_close(pipes);
        return st;
    }
    *ret = pipes;
    return OK;
}

/* Beginning may end one that was being deleted: not while the map is gone through. */
void pipes_start(struct pipes *pipes)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct pipe **all = ARENA_NEW_ARRAY(arena, pipes->by_name.count, struct pipe *);
    struct bytes name;
    void *value = NULL;
    size_t count = 0;

    pipes->started = true;
    for (size_t i = 0; map_next(&pipes->by_name, &i, &name, &value);)
        all[count++] = value;
    for (size_t i = 0; i < count; i++)
        pipe_begin(all[i]);
}

bool pipes_stop(struct pipes *pipes)
{
    struct bytes name;
    void *value = NULL;

    pipes->stopped = true;
    executions_cancel(pipes);
    if (pipes->executions > 0 || pipes->changing)
        return false;
    for (size_t i = 0; map_next(&pipes->by_name, &i, &name, &value);) {
        struct pipe *pipe = value;

        timer_cancel(pipes->options.wall_timers, &pipe->go_again);
        pipe_log_close(pipe);
    }
    return true;
}

void pipes_close(struct pipes *pipes)
{
    struct bytes name;
    void *value = NULL;

    if (pipes == NULL)
        return;
    assert(pipes->executions == 0 && !pipes->changing);
    for (size_t i = 0; map_next(&pipes->by_name, &i, &name, &value);)
        pipe_free(value);
    map_free(&pipes->by_name);
    mem_free(pipes);
}

/* ---- for drain, status and metrics ---- */

bool pipes_moving(const struct pipes *pipes)
{
    struct bytes name;
    void *value = NULL;

    if (pipes->changing || pipes->writing > 0)
        return true;
    for (size_t i = 0; map_next(&pipes->by_name, &i, &name, &value);)
        if (((const struct pipe *)value)->going != NULL)
            return true;
    return false;
}

void pipes_figures(const struct pipes *pipes, struct pipes_figures *ret)
{
    struct bytes name;
    void *value = NULL;

    *ret = (struct pipes_figures){
        .pipes = pipes->by_name.count,
        .executions = pipes->executions,
        .executions_total = pipes->executions_total,
        .failed_total = pipes->failed_total,
        .events_total = pipes->events_total,
    };
    for (size_t i = 0; map_next(&pipes->by_name, &i, &name, &value);)
        ret->running += ((const struct pipe *)value)->state == PIPE_RUNNING;
}
