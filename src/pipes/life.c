/* pipes/life.c - what a pipe is at, and its mapping; see internal.h.
 *
 *   no mapping --add--> running --pause--> pausing --> paused --resume--> running
 *                                                         |
 *                                                         +-- the pipe goes, and it is removed
 *
 * One writer of the state: pipe_go() looks at what the record says, at what the mapping is at, and
 * begins the one step that is next. It is called whenever either has changed. */
#include "pipes/execution.h"

#include <stdio.h>

#define STREAM_NOT_FOUND                                                                           \
    "Stream not found. To resume processing please delete the pipe and create a new one."
#define QUEUE_NOT_FOUND                                                                            \
    "Queue not found. To resume processing please delete the pipe and create a new one."

static void pipe_go(struct pipe *pipe);

static bool is_wanted(const struct pipe *pipe)
{
    return pipe->record.settings.running && !pipe->record.deleted;
}

static void enter(struct pipe *pipe, enum pipe_state state, const char *reason)
{
    pipe->state = state;
    snprintf(pipe->reason, sizeof pipe->reason, "%.512s", reason);
}

/* ---- settings of the mapping ---- */

/* NOT_FOUND: its source is not there. */
static enum status find_source(struct pipe *pipe, struct mapping_settings *ret)
{
    const struct pipes_options *options = &pipe->pipes->options;
    struct pipe_plan *plan = pipe->plan;

    *ret = plan->mapping;
    if (plan->source == PIPE_SOURCE_QUEUE) {
        ret->source = MAPPING_OF_QUEUE;
        return queues_find_arn(options->queues, plan->settings.source) != NULL ? OK : NOT_FOUND;
    }
    return options->door.find_stream(options->door.context, plan->settings.source, &ret->stream_id,
                                     &ret->view);
}

static void hold_running_plan(struct pipe *pipe)
{
    pipe_plan_let_go(pipe->mapped);
    pipe->mapped = pipe_plan_hold(pipe->plan);
}

static void fail(struct pipe *pipe, enum status st, const struct api_error *error)
{
    if (st == NOT_FOUND)
        enter(pipe, pipe->failed,
              pipe->plan->source == PIPE_SOURCE_STREAM ? STREAM_NOT_FOUND : QUEUE_NOT_FOUND);
    else
        enter(pipe, pipe->failed, st == REFUSED ? error->message : status_text(st));
}

/* ---- steps ---- */

static void paused(void *context)
{
    struct pipe *pipe = context;

    pipe->pausing = false;
    pipe->paused = true;
    pipe_go(pipe);
    pipes_ended(pipe->pipes);
}

static void pause_mapping(struct pipe *pipe)
{
    pipe->pausing = true;
    mapping_pause(pipe->mapping, paused, pipe);
}

/* enabled: it reads; else it is only there, so that it can be forgotten. */
static void add_mapping(struct pipe *pipe, bool enabled)
{
    struct mapping_consumer consumer = pipe_consumer(pipe);
    struct mapping_settings settings;
    struct api_error error;
    enum status st = find_source(pipe, &settings);

    settings.enabled = enabled;
    if (st == OK)
        st = mappings_add(pipe->pipes->options.mappings, &settings, &consumer, &pipe->mapping,
                          &error);
    if (st != OK) {
        pipe->mapping = NULL;
        fail(pipe, st, &error);
        return;
    }
    hold_running_plan(pipe);
    enter(pipe, PIPE_RUNNING, "");
}

static void resume(struct pipe *pipe)
{
    struct mapping_settings settings;
    struct api_error error;
    enum status st = find_source(pipe, &settings);

    if (st == OK)
        st = mapping_change(pipe->mapping, &settings, &error);
    if (st == OK)
        st = mapping_resume(pipe->mapping);
    if (st != OK) {
        fail(pipe, st, &error);
        return;
    }
    pipe->paused = false;
    hold_running_plan(pipe);
    enter(pipe, PIPE_RUNNING, "");
}

static bool is_another(const struct pipe *pipe)
{
    return !bytes_equal(pipe->mapped->mapping.uuid, pipe->plan->mapping.uuid);
}

static bool reads_as_it_should(const struct pipe *pipe)
{
    return !is_another(pipe) && bytes_equal(pipe->mapped->settings.source_parameters,
                                            pipe->plan->settings.source_parameters);
}

/* It reads another source from now on, under another id. */
static void drop_mapping(struct pipe *pipe)
{
    mapping_remove(pipe->mapping);
    pipe->mapping = NULL;
    pipe->paused = false;
    pipe->given_known = false;
}

static void go_running(struct pipe *pipe)
{
    if (is_wanted(pipe) && reads_as_it_should(pipe)) {
        enter(pipe, PIPE_RUNNING, "");
        return;
    }
    if (pipe->record.deleted)
        enter(pipe, PIPE_DELETING, "");
    else
        enter(pipe, is_wanted(pipe) ? PIPE_UPDATING : PIPE_STOPPING, "");
    pause_mapping(pipe);
}

/* ---- the end ---- */

static void gone(struct pipe_change *change, enum status status)
{
    struct pipe *pipe = change->context;
    struct pipes *pipes = change->pipes;

    if (status != OK && !pipes->stopped) {
        pipe->going = NULL;
        timer_set_after(pipes->options.wall_timers, &pipe->go_again, MAPPING_STORE_RETRY_MS);
    }
    arena_free(change->arena);
}

static void go_away(struct pipe *pipe)
{
    struct arena *arena = NULL;

    enter(pipe, PIPE_DELETING, "");
    if (pipe->going != NULL)
        return;
    arena = arena_new();
    pipe->going = ARENA_NEW(arena, struct pipe_change);
    *pipe->going = (struct pipe_change){
        .kind = PIPE_GONE,
        .settings = {.name = arena_copy(arena, pipe->plan->settings.name)},
        .arena = arena,
        .done = gone,
        .context = pipe,
        .mapping = pipe->mapping,
    };
    pipes_change(pipe->pipes, pipe->going);
}

static void pipe_go(struct pipe *pipe)
{
    struct pipes *pipes = pipe->pipes;

    if (!pipes->started || pipes->stopped || pipe->pausing)
        return;
    if (pipe->paused && is_another(pipe))
        drop_mapping(pipe);
    if (pipe->record.deleted && pipe->mapping == NULL)
        add_mapping(pipe, false); /* its cursors go with it */
    if (pipe->mapping != NULL && !pipe->paused)
        go_running(pipe);
    else if (pipe->record.deleted)
        go_away(pipe);
    else if (!is_wanted(pipe))
        enter(pipe, PIPE_STOPPED, "");
    else if (pipe->mapping == NULL)
        add_mapping(pipe, true);
    else
        resume(pipe);
}

static void on_go_again(struct timer *timer)
{
    pipe_go(CONTAINER_OF(timer, struct pipe, go_again));
}

/* ---- a pipe ---- */

/* The record's bytes are those of the plan. */
static void set_record(struct pipe *pipe, const struct pipe_record *record)
{
    struct pipe_plan *old = pipe->plan;

    pipe->plan = pipe_plan_new(pipe->pipes->options.place, record);
    pipe->record = *record;
    pipe->record.settings = pipe->plan->settings;
    if (old != NULL && !bytes_equal(old->log_group, pipe->plan->log_group))
        pipe_log_close(pipe);
    pipe_plan_let_go(old);
}

struct pipe *pipe_new(struct pipes *pipes, const struct pipe_record *record)
{
    struct pipe *pipe = mem_new(sizeof *pipe);

    pipe->pipes = pipes;
    pipe->go_again.fire = on_go_again;
    pipe->failed = PIPE_START_FAILED;
    set_record(pipe, record);
    enter(pipe, record->settings.running ? PIPE_STARTING : PIPE_STOPPED, "");
    return pipe;
}

void pipe_free(struct pipe *pipe)
{
    assert(pipe->executions == 0);
    timer_cancel(pipe->pipes->options.wall_timers, &pipe->go_again);
    pipe_log_close(pipe);
    given_free(pipe);
    pipe_plan_let_go(pipe->mapped);
    pipe_plan_let_go(pipe->plan);
    mem_free(pipe);
}

void pipe_become(struct pipe *pipe, const struct pipe_record *record, enum pipe_state failed)
{
    pipe->failed = failed;
    set_record(pipe, record);
    pipe_go(pipe);
}

void pipe_begin(struct pipe *pipe)
{
    pipe_go(pipe);
}

void pipe_end(struct pipe *pipe)
{
    if (pipe->mapping != NULL)
        mapping_remove(pipe->mapping);
    pipe_free(pipe);
}

uint64_t pipe_cursor(const struct pipe *pipe)
{
    return pipe->mapping != NULL ? mapping_cursor_of(pipe->mapping) : 0;
}
