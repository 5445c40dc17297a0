/* pipes/change.c - changes of pipes: each is checked against what is in memory, written, and, once
 * it is durable, done to the pipe; see pipes.h.
 *
 *   pipes_change() --> waiting --> running --(batch durable)--> done()
 *
 * They run one after the other: they are rare, and a check never looks at what is about to
 * change. */
#include "pipes/internal.h"

#include <stdlib.h>

#define LIST_CHANGE(element) LIST_ITEM(element, struct pipe_change, place)

static void next_change(struct pipes *pipes);

/* ---- refusing ---- */

static enum status refuse_unknown(struct pipe_change *change)
{
    return api_refuse(&change->error, API_PIPES_NOT_FOUND, "Pipe %.*s does not exist.",
                      BYTES_ARG(change->settings.name));
}

static enum status refuse_conflict(struct pipe_change *change, const char *message)
{
    change->error.extra =
        arena_printf(change->arena, ",\"resourceId\":\"%.*s\",\"resourceType\":\"Pipe\"",
                     BYTES_ARG(change->settings.name));
    return api_refuse(&change->error, API_PIPES_CONFLICT, "Pipe %.*s %s",
                      BYTES_ARG(change->settings.name), message);
}

static enum status refuse_quota(struct pipe_change *change)
{
    change->error.extra =
        arena_printf(change->arena,
                     ",\"quotaCode\":\"L-C43DC2F4\",\"resourceId\":\"%.*s\",\"resourceType\":"
                     "\"Pipe\",\"serviceCode\":\"pipes\"",
                     BYTES_ARG(change->settings.name));
    return api_refuse(&change->error, API_PIPES_QUOTA, "The number of pipes is at its limit of %d.",
                      PIPES_COUNT_MAX);
}

/* ---- tags ---- */

static int compare_tags(const void *a, const void *b)
{
    const struct pipe_tag *x = a, *y = b;

    return bytes_compare(x->key, y->key);
}

static size_t find_tag(const struct pipe_tag *tags, size_t count, struct bytes key)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_equal(tags[i].key, key))
            return i;
    return count;
}

/* Those that are there with those of the change. */
static enum status add_tags(struct pipe_change *change, struct pipe_settings *settings)
{
    size_t count = settings->tag_count;
    struct pipe_tag *tags =
        ARENA_NEW_ARRAY(change->arena, count + change->settings.tag_count, struct pipe_tag);

    if (count > 0)
        memcpy(tags, settings->tags, count * sizeof *tags);
    for (size_t i = 0; i < change->settings.tag_count; i++) {
        size_t at = find_tag(tags, count, change->settings.tags[i].key);

        tags[at] = change->settings.tags[i];
        count += at == count;
    }
    if (count > PIPE_TAGS_MAX)
        return pipe_refuse(&change->error, "tags", "A pipe can have at most %d tags.",
                           PIPE_TAGS_MAX);
    if (count > 0)
        qsort(tags, count, sizeof *tags, compare_tags);
    settings->tags = tags;
    settings->tag_count = count;
    return OK;
}

static void remove_tags(struct pipe_change *change, struct pipe_settings *settings)
{
    struct pipe_tag *kept = ARENA_NEW_ARRAY(change->arena, settings->tag_count, struct pipe_tag);
    size_t count = 0;

    for (size_t i = 0; i < settings->tag_count; i++)
        if (find_tag(change->settings.tags, change->settings.tag_count, settings->tags[i].key) ==
            change->settings.tag_count)
            kept[count++] = settings->tags[i];
    settings->tags = kept;
    settings->tag_count = count;
}

/* ---- what it is to be ---- */

static enum status unite_parameters(struct pipe_change *change, struct pipe_settings *settings)
{
    enum pipe_source_kind source = PIPE_SOURCE_STREAM;
    enum pipe_target_kind enrichment = PIPE_TARGET_NONE, target = PIPE_TARGET_NONE;
    enum status st = pipe_source_kind_of(settings->source, &source, &change->error);

    if (st == OK)
        st = pipe_enrichment_kind_of(settings->enrichment, &enrichment, &change->error);
    if (st == OK)
        st = pipe_target_kind_of(settings->target, &target, &change->error);
    if (st == OK)
        st = pipe_check_said(change, change->whole || settings->source_parameters.size == 0, source,
                             target, &change->error);
    if (st != OK)
        return st;
    settings->source_parameters = pipe_source_parameters(change->arena, settings->source_parameters,
                                                         change->source_parameters, source,
                                                         pipe_batch_max(enrichment, target));
    settings->enrichment_parameters = pipe_parameters_over(
        change->arena, settings->enrichment_parameters, change->enrichment_parameters);
    settings->target_parameters = pipe_target_parameters_of(
        change->arena,
        pipe_parameters_over(change->arena, settings->target_parameters, change->target_parameters),
        target);
    if (change->log_configuration != NULL)
        settings->log_configuration =
            pipe_parameters_over(change->arena, (struct bytes){NULL, 0}, change->log_configuration);
    return pipe_check(change->pipes, settings, change->arena, &change->error);
}

static bool is_to_run(const struct pipe_change *change)
{
    return !change->has_desired || change->settings.running;
}

static enum status create(struct pipe_change *change, const struct pipe *pipe)
{
    struct pipe_record *record = change->record;

    if (pipe != NULL)
        return refuse_conflict(change, "already exists.");
    if (change->pipes->by_name.count >= PIPES_COUNT_MAX)
        return refuse_quota(change);
    *record = (struct pipe_record){.settings = change->settings};
    record->created_ms = record->modified_ms = clock_now_ms(change->pipes->clock);
    id_uuid(record->id);
    record->settings.running = is_to_run(change);
    record->settings.tag_count = 0;
    enum status st = add_tags(change, &record->settings);

    return st == OK ? unite_parameters(change, &record->settings) : st;
}

/* CloudFormation would make a new one. */
static void begin_anew(struct pipe_change *change)
{
    struct pipe_record *record = change->record;

    memcpy(change->old_id, record->id, sizeof change->old_id);
    id_uuid(record->id);
    record->settings.source = change->settings.source;
    record->settings.source_parameters = (struct bytes){NULL, 0};
    record->created_ms = clock_now_ms(change->pipes->clock);
}

/* Nothing stays of what is not said, but for where its stream was begun. */
static enum status begin_whole(struct pipe_change *change)
{
    struct pipe_settings *settings = &change->record->settings;
    const struct bytes none = {NULL, 0};

    if (bytes_equal(settings->source, change->settings.source))
        settings->source_parameters =
            pipe_starting_position(change->arena, settings->source_parameters);
    else
        begin_anew(change);
    settings->enrichment_parameters = none;
    settings->target_parameters = none;
    settings->log_configuration = none;
    settings->tag_count = 0;
    return add_tags(change, settings);
}

/* An enrichment that is taken away takes its parameters with it. */
static enum status update(struct pipe_change *change)
{
    struct pipe_settings *settings = &change->record->settings;
    enum status st = change->whole ? begin_whole(change) : OK;

    if (st != OK)
        return st;
    settings->role_arn = change->settings.role_arn;
    if (change->whole || change->has_description)
        settings->description = change->settings.description;
    if (change->whole || change->has_desired)
        settings->running = is_to_run(change);
    if (change->whole || change->has_target)
        settings->target = change->settings.target;
    if (change->whole || change->has_kms_key)
        settings->kms_key = change->settings.kms_key;
    if (change->has_enrichment && !bytes_equal(settings->enrichment, change->settings.enrichment))
        settings->enrichment_parameters = (struct bytes){NULL, 0};
    if (change->whole || change->has_enrichment)
        settings->enrichment = change->settings.enrichment;
    change->record->modified_ms = clock_now_ms(change->pipes->clock);
    return unite_parameters(change, settings);
}

static void set_running(struct pipe_change *change, bool running)
{
    change->record->settings.running = running;
    change->record->modified_ms = clock_now_ms(change->pipes->clock);
}

static enum status plan_existing(struct pipe_change *change, const struct pipe *pipe)
{
    *change->record = pipe->record;
    if (change->kind == PIPE_GONE)
        return OK;
    if (pipe->record.deleted) {
        change->nothing = change->kind == PIPE_DELETE;
        return change->nothing ? OK : refuse_conflict(change, "is being deleted.");
    }
    switch (change->kind) {
    case PIPE_UPDATE:
        return update(change);
    case PIPE_DELETE:
        change->record->deleted = true;
        return OK;
    case PIPE_START:
    case PIPE_STOP:
        set_running(change, change->kind == PIPE_START);
        return OK;
    case PIPE_TAG:
        return add_tags(change, &change->record->settings);
    case PIPE_UNTAG:
        remove_tags(change, &change->record->settings);
        return OK;
    case PIPE_CREATE:
    case PIPE_GONE:
        break;
    }
    assert(false && "a kind of change that nobody plans");
    return REFUSED;
}

static enum status plan(struct pipe_change *change)
{
    const struct pipe *pipe = pipes_get(change->pipes, change->settings.name);
    enum status st = OK;

    change->record = ARENA_NEW(change->arena, struct pipe_record);
    if (change->kind == PIPE_CREATE)
        st = create(change, pipe);
    else
        st = pipe != NULL ? plan_existing(change, pipe) : refuse_unknown(change);
    if (st != OK)
        return st;
    change->key = pipe_key(change->arena, change->settings.name);
    if (change->kind != PIPE_GONE)
        change->stored = pipe_encode(change->arena, change->record);
    return OK;
}

/* ---- on the writer ---- */

static void change_run(struct store_batch *batch, struct store_work *work)
{
    struct pipe_change *change = CONTAINER_OF(work, struct pipe_change, work);

    if (change->stored.size > 0) {
        store_batch_put(batch, STORE_CATALOGUE, change->key, change->stored);
        if (change->old_id[0] != '\0')
            given_forget_all(batch, change->old_id);
        return;
    }
    store_batch_delete(batch, STORE_CATALOGUE, change->key);
    given_forget_all(batch, change->record->id);
    if (change->mapping != NULL)
        mapping_forget(change->mapping, batch);
}

/* ---- durable ---- */

/* What AWS answers while it is at it. */
static enum pipe_state state_answered(const struct pipe_change *change)
{
    switch (change->kind) {
    case PIPE_CREATE:
        return PIPE_CREATING;
    case PIPE_UPDATE:
        return PIPE_UPDATING;
    case PIPE_DELETE:
        return PIPE_DELETING;
    case PIPE_START:
        return PIPE_STARTING;
    case PIPE_STOP:
        return PIPE_STOPPING;
    case PIPE_TAG:
    case PIPE_UNTAG:
    case PIPE_GONE:
        break;
    }
    return PIPE_RUNNING;
}

static void tell(struct pipe_change *change)
{
    change->view = (struct pipe_view){
        .settings = &change->record->settings,
        .arn = pipe_arn(change->pipes->options.place, change->arena, change->settings.name),
        .created_ms = change->record->created_ms,
        .modified_ms = change->record->modified_ms,
        .state = state_answered(change),
        .deleted = change->record->deleted,
        .reason = "",
    };
}

static enum pipe_state state_failed(const struct pipe_change *change)
{
    if (change->kind == PIPE_CREATE)
        return PIPE_CREATE_FAILED;
    return change->kind == PIPE_START ? PIPE_START_FAILED : PIPE_UPDATE_FAILED;
}

static void apply(struct pipe_change *change)
{
    struct pipes *pipes = change->pipes;
    struct pipe *pipe = pipes_get(pipes, change->settings.name);

    if (change->kind == PIPE_GONE) {
        map_remove(&pipes->by_name, change->settings.name);
        pipe_end(pipe);
        return;
    }
    if (pipe == NULL) {
        pipe = pipe_new(pipes, change->record);
        map_put(&pipes->by_name, change->settings.name, pipe);
    }
    pipe_become(pipe, change->record, state_failed(change));
}

/* What the record has of the pipe before it holds until done() returns. */
static struct pipe_plan *hold_plan(const struct pipe_change *change)
{
    const struct pipe *pipe = pipes_get(change->pipes, change->settings.name);

    return pipe != NULL ? pipe_plan_hold(pipe->plan) : NULL;
}

static void end(struct pipe_change *change, enum status status)
{
    struct pipes *pipes = change->pipes;
    struct pipe_plan *before = hold_plan(change);

    list_remove(&change->place);
    pipes->changing = false;
    if (status == OK) {
        tell(change);
        if (!change->nothing)
            apply(change);
    }
    change->done(change, status);
    pipe_plan_let_go(before);
}

static void change_done(struct store_work *work, enum status status)
{
    struct pipe_change *change = CONTAINER_OF(work, struct pipe_change, work);
    struct pipes *pipes = change->pipes;

    end(change, status);
    next_change(pipes);
    pipes_ended(pipes);
}

/* ---- one after the other ---- */

static void run(struct pipe_change *change)
{
    struct pipes *pipes = change->pipes;
    enum status st = plan(change);

    pipes->changing = true;
    if (st != OK || change->nothing) {
        end(change, st);
        return;
    }
    change->work = (struct store_work){.run = change_run, .done = change_done};
    store_submit(pipes->options.store, pipes->options.port, &change->work);
}

static void next_change(struct pipes *pipes)
{
    while (!pipes->changing && !list_empty(&pipes->waiting))
        run(LIST_CHANGE(pipes->waiting.next));
}

void pipes_change(struct pipes *pipes, struct pipe_change *change)
{
    change->pipes = pipes;
    change->error = (struct api_error){.kind = API_NO_ERROR};
    change->nothing = false;
    change->stored = (struct bytes){NULL, 0};
    list_append(&pipes->waiting, &change->place);
    next_change(pipes);
}
