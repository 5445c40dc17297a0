/* library/folder_member.c - a subscription with a name in a folder, or a member of a group: this
 * process is the member (subscriptions/subscriptions.h).
 *
 *   next: an event --> done or failed, durable --> next: another one */
#include "library/folder.h"

struct member_of_folder {
    struct dynlog_reader base;
    struct folder *folder;
    struct subscription_member *member;
    uint64_t out; /* position of the event that is neither done nor failed; 0: none */
};

/* ---- what the store refuses ---- */

static enum dynlog_status fault_of_join(struct dynlog_error *error, const struct api_error *refusal)
{
    enum dynlog_status status = DYNLOG_REFUSED;

    if (refusal->kind == API_VALIDATION)
        status = DYNLOG_INVALID;
    else if (refusal->kind == API_RESOURCE_IN_USE)
        status = DYNLOG_IN_USE;
    else if (refusal->kind == API_RESOURCE_ALREADY_EXISTS)
        status = DYNLOG_CONFLICT;
    return fault_say(error, status, "%s", refusal->message);
}

/* ---- next ---- */

static enum dynlog_status give(struct member_of_folder *reader,
                               const struct subscription_event *event, struct dynlog_event *ret,
                               struct dynlog_error *error)
{
    struct event_place place = {event->position, event->item.time_ms};
    struct arena *arena = reader->base.arena;
    struct item item;
    enum status status = item_decode(arena, event->item.form, &item);

    if (status == OK && !event_of_item(arena, &item, ret))
        status = CORRUPT;
    if (status != OK)
        return fault_of_status(error, reader->base.dynlog->place, status);
    reader_place(&reader->base, &place, ret);
    ret->try_number = event->try_number;
    reader->out = event->position;
    return DYNLOG_OK;
}

static enum dynlog_status member_next(struct dynlog_reader *base, int64_t wait_ms,
                                      struct dynlog_event *ret, struct dynlog_error *error)
{
    struct member_of_folder *reader = CONTAINER_OF(base, struct member_of_folder, base);
    struct deadline deadline = deadline_after(wait_ms);

    if (reader->out != 0)
        return fault_say(error, DYNLOG_INVALID,
                         "The event that was given last is neither done nor failed.");
    for (;;) {
        struct subscription_event event;
        bool at_end = false;
        enum status status = OK;

        if (atomic_exchange(&base->stopped, false))
            return DYNLOG_STOPPED;
        arena_reset(base->arena);
        status = subscription_next(reader->member, base->arena, &event, &at_end);
        if (status == OK)
            return give(reader, &event, ret, error);
        if (status != NOT_FOUND)
            return fault_of_status(error, base->dynlog->place, status);
        if (wait_ms == 0)
            return at_end ? DYNLOG_END : DYNLOG_TIMED_OUT;
        if (deadline_left_ms(&deadline) == 0)
            return DYNLOG_TIMED_OUT;
        reader_wait(base, deadline_left_ms(&deadline));
    }
}

/* ---- answers ---- */

struct answering {
    struct subscription_answer answer;
    enum status status;
    bool done;
};

static void answered(struct subscription_answer *answer, enum status status)
{
    struct answering *answering = CONTAINER_OF(answer, struct answering, answer);

    answering->status = status;
    answering->done = true;
}

static enum dynlog_status answer_with(struct member_of_folder *reader, bool failed,
                                      const char *reason, struct dynlog_error *error)
{
    struct answering answering = {.answer = {.position = reader->out,
                                             .failed = failed,
                                             .reason = bytes_of_text(reason),
                                             .done = answered}};
    struct caller *caller = NULL;

    if (reader->out == 0)
        return fault_say(error, DYNLOG_INVALID, "There is no event that could be answered.");
    caller = caller_take(reader->folder);
    subscription_answer(reader->member, caller->port, &answering.answer);
    caller_wait(caller, &answering.done);
    caller_give(reader->folder, caller);
    if (answering.status != OK)
        return fault_of_status(error, reader->base.dynlog->place, answering.status);
    reader->out = 0;
    return DYNLOG_OK;
}

static enum dynlog_status member_done(struct dynlog_reader *base, struct dynlog_error *error)
{
    return answer_with(CONTAINER_OF(base, struct member_of_folder, base), false, NULL, error);
}

static enum dynlog_status member_failed(struct dynlog_reader *base, const char *reason,
                                        struct dynlog_error *error)
{
    return answer_with(CONTAINER_OF(base, struct member_of_folder, base), true, reason, error);
}

/* ---- life ---- */

static void wake_reader(void *context)
{
    reader_wake(context);
}

static void member_close(struct dynlog_reader *base)
{
    struct member_of_folder *reader = CONTAINER_OF(base, struct member_of_folder, base);

    if (reader->member != NULL)
        subscription_leave(reader->member);
    reader_release(base);
    mem_free(reader);
}

static const struct reader_kind member_kind = {
    .next = member_next, .done = member_done, .failed = member_failed, .close = member_close};

struct joining {
    struct subscription_join join;
    enum status status;
    bool done;
};

static void joined(struct subscription_join *join, enum status status)
{
    struct joining *joining = CONTAINER_OF(join, struct joining, join);

    joining->status = status;
    joining->done = true;
}

static enum dynlog_status join(struct member_of_folder *reader,
                               const struct dynlog_subscription *on, uint64_t after,
                               struct dynlog_error *error)
{
    struct folder *folder = reader->folder;
    struct joining *joining = ARENA_NEW(reader->base.arena, struct joining);
    struct caller *caller = caller_take(folder);
    enum dynlog_status status = DYNLOG_OK;

    joining->join = (struct subscription_join){
        .use = {.name = bytes_of_text(on->name),
                .group = on->group,
                .table_name = bytes_of_text(folder->base.table),
                .table_id = folder->table_id,
                .filter = {.log = bytes_of_text(on->log),
                           .type = bytes_of_text(on->type),
                           .id = bytes_of_text(on->id)},
                .after = after},
        .out_max = 1,
        .tries_max = on->tries_max > 0 ? on->tries_max : SUBSCRIPTION_TRIES_DEFAULT,
        .wake = wake_reader,
        .context = &reader->base,
        .done = joined,
    };
    subscription_join(folder->subscriptions, caller->port, &joining->join);
    caller_wait(caller, &joining->done);
    caller_give(folder, caller);
    if (joining->status == REFUSED)
        status = fault_of_join(error, &joining->join.error);
    else if (joining->status != OK)
        status = fault_of_status(error, folder->base.place, joining->status);
    else
        reader->member = joining->join.member;
    return status;
}

enum dynlog_status folder_join(struct folder *folder, const struct dynlog_subscription *on,
                               uint64_t after, struct dynlog_reader **ret,
                               struct dynlog_error *error)
{
    struct member_of_folder *reader = mem_new(sizeof *reader);
    enum dynlog_status status =
        reader_init(&reader->base, &member_kind, &folder->base, true, error);

    reader->folder = folder;
    if (status == DYNLOG_OK)
        status = join(reader, on, after, error);
    if (status != DYNLOG_OK) {
        member_close(&reader->base);
        return status;
    }
    *ret = &reader->base;
    return DYNLOG_OK;
}
