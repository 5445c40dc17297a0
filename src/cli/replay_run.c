/* cli/replay_run.c - from source to sink, through lanes. See replay.h.
 *
 *   read list   events in the order in which they were read; those at its front that are done
 *               leave it, and what is done behind them is how far the run is
 *   lanes       a thread each; an event's is that of its partition key, always the same */
#include "cli/replay.h"

#include "base/clock.h"
#include "cli/output.h"
#include "cli/when.h"

#include <inttypes.h>
#include <stdio.h>

#define NS_PER_S 1000000000u
#define LOOK_MS 50 /* how often the main thread looks for Ctrl-C while it waits */
#define SYNC_MS 500

struct replay_running {
    struct replay_lane lanes[REPLAY_LANES];
    pthread_mutex_t lock; /* everything below, lanes' lists, the place and the state */
    pthread_cond_t given, done;
    struct replay_event *first, *last; /* that were read */
    size_t waiting, waiting_size;
    bool no_more, stopped; /* the source is at its end; lanes end after what they have */
    enum status status;    /* not OK: a request failed, and ended it */
    struct client_answer answer;
    const struct client *asked;
    struct bytes told[REPLAY_TOLD_MAX];
    size_t told_count, told_all;
    struct arena *arena; /* of the two above */
};

/* ---- what is told ---- */

void replay_tell(struct replay_lane *lane, struct replay_event *event, enum replay_outcome outcome,
                 struct bytes why)
{
    struct replay_running *running = lane->replay->running;
    struct bytes name = replay_event_name(lane->arena, event);

    event->outcome = outcome;
    if (bytes_end_with(why, BYTES(".")))
        why.size--; /* we end the sentence */
    pthread_mutex_lock(&running->lock);
    if (running->told_count < REPLAY_TOLD_MAX)
        running->told[running->told_count++] =
            arena_printf(running->arena, "%.*s %s: %.*s", BYTES_ARG(name),
                         outcome == REPLAY_DIFFERENT ? "differs" : "failed", BYTES_ARG(why));
    running->told_all++;
    pthread_mutex_unlock(&running->lock);
}

static void print_told(const struct replay *replay)
{
    const struct replay_running *running = replay->running;

    for (size_t i = 0; i < running->told_count; i++)
        cli_fail(replay->cli, CLI_FAILED, "%.*s.", BYTES_ARG(running->told[i]));
    if (running->told_all > running->told_count)
        cli_fail(replay->cli, CLI_FAILED, "... and %zu more that failed or differ.",
                 running->told_all - running->told_count);
}

/* ---- how far it is; with the lock ---- */

static void count_outcome(struct replay_counts *counts, const struct replay_event *event)
{
    counts->read++;
    switch (event->outcome) {
    case REPLAY_SENT:
        counts->sent++;
        break;
    case REPLAY_SKIPPED:
        counts->skipped++;
        break;
    case REPLAY_DIFFERENT:
        counts->different++;
        break;
    case REPLAY_REFUSED:
        counts->failed++;
        break;
    }
}

static void set_cursor(struct replay_place *place, struct bytes cursor)
{
    assert(cursor.size < sizeof place->cursor);
    if (cursor.size > 0)
        memcpy(place->cursor, cursor.ptr, cursor.size);
    place->cursor[cursor.size] = '\0';
}

/* Where numbers are not the events' own, what is done behind one that is not counts only once that
 * is done: whoever goes on does it again. */
static void move_front(struct replay *replay)
{
    struct replay_running *running = replay->running;
    struct replay_place *place = &replay->place;

    while (running->first != NULL && running->first->is_done) {
        struct replay_event *event = running->first;

        running->first = event->next_read;
        if (running->first == NULL)
            running->last = NULL;
        place->done = event->number;
        set_cursor(place, event->cursor);
        if (!replay->source->is_stable)
            count_outcome(&place->counts, event);
        running->waiting--;
        running->waiting_size -= event->text.size;
        mem_free(event);
    }
}

static void note_batch(struct replay_lane *lane, struct replay_event **events, size_t count)
{
    struct replay *replay = lane->replay;
    struct replay_running *running = replay->running;
    struct replay_place *place = &replay->place;

    pthread_mutex_lock(&running->lock);
    place->lanes[lane - running->lanes] = events[count - 1]->number;
    for (size_t i = 0; i < count; i++) {
        events[i]->is_done = true;
        if (replay->source->is_stable)
            count_outcome(&place->counts, events[i]);
    }
    move_front(replay);
    if (replay->state != NULL)
        replay_state_note(replay->state, place);
    pthread_cond_signal(&running->done);
    pthread_mutex_unlock(&running->lock);
}

/* ---- lanes ---- */

static bool is_in(const struct replay_event *event, struct replay_event *const *events,
                  size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_equal(events[i]->pk, event->pk) && bytes_equal(events[i]->sk, event->sk))
            return true;
    return false;
}

/* How many events are next; 0: there are no more. */
static size_t take(struct replay_lane *lane, struct replay_event **events)
{
    struct replay_running *running = lane->replay->running;
    const struct replay_sink *sink = lane->replay->sink;
    size_t count = 0, size = 0;

    pthread_mutex_lock(&running->lock);
    while (lane->first == NULL && !running->no_more && !running->stopped)
        pthread_cond_wait(&running->given, &running->lock);
    while (lane->first != NULL && !running->stopped && count < sink->batch_max &&
           (count == 0 || size + lane->first->text.size <= sink->size_max) &&
           !(sink->one_of_key && is_in(lane->first, events, count))) {
        size += lane->first->text.size;
        events[count++] = lane->first;
        lane->first = lane->first->next_in_lane;
        if (lane->first == NULL)
            lane->last = NULL;
    }
    pthread_mutex_unlock(&running->lock);
    return count;
}

/* The first failure is the one that is told; the others stop. */
static void fail(struct replay_lane *lane, enum status status, const struct client_answer *answer)
{
    struct replay_running *running = lane->replay->running;

    pthread_mutex_lock(&running->lock);
    if (running->status == OK) {
        running->status = status;
        running->answer = *answer;
        running->asked = lane->client;
    }
    running->stopped = true;
    pthread_cond_broadcast(&running->given);
    pthread_cond_signal(&running->done);
    pthread_mutex_unlock(&running->lock);
}

static void *work(void *context)
{
    struct replay_lane *lane = context;
    struct replay_event *events[REPLAY_BATCH_MAX] = {NULL};
    size_t count = 0;

    while ((count = take(lane, events)) > 0) {
        struct client_answer answer = {0};
        enum status status = OK;

        arena_reset(lane->arena);
        status = lane->replay->sink->give(lane, events, count, &answer);
        if (status != OK) {
            fail(lane, status, &answer);
            return NULL; /* what the answer points to lives in the lane's arena */
        }
        note_batch(lane, events, count);
    }
    return NULL;
}

/* ---- the main thread ---- */

static bool is_interrupted(const struct replay *replay, int ms)
{
    return !cli_interrupts_pause(&replay->interrupts, ms);
}

static void wait_done(struct replay_running *running)
{
    uint64_t until_ms = cli_when_now() + LOOK_MS;
    struct timespec until = {(time_t)(until_ms / 1000), (long)(until_ms % 1000) * 1000000};

    pthread_cond_timedwait(&running->done, &running->lock, &until);
}

/* False: it was interrupted, or a lane failed. */
static bool give(struct replay *replay, struct replay_event *event)
{
    struct replay_running *running = replay->running;
    struct replay_lane *lane = &running->lanes[bytes_hash(event->pk) % REPLAY_LANES];
    bool interrupted = is_interrupted(replay, 0);

    pthread_mutex_lock(&running->lock);
    while (!interrupted && !running->stopped &&
           (running->waiting >= REPLAY_WAITING_MAX ||
            running->waiting_size >= REPLAY_WAITING_SIZE_MAX)) {
        wait_done(running);
        interrupted = is_interrupted(replay, 0);
    }
    if (interrupted || running->stopped) {
        pthread_mutex_unlock(&running->lock);
        mem_free(event);
        return false;
    }
    if (running->last != NULL)
        running->last->next_read = event;
    else
        running->first = event;
    running->last = event;
    running->waiting++;
    running->waiting_size += event->text.size;
    event->is_done =
        replay->source->is_stable && event->number <= replay->place.lanes[lane - running->lanes];
    if (event->is_done) {
        move_front(replay);
    } else {
        if (lane->last != NULL)
            lane->last->next_in_lane = event;
        else
            lane->first = event;
        lane->last = event;
        pthread_cond_broadcast(&running->given);
    }
    pthread_mutex_unlock(&running->lock);
    return true;
}

struct pace {
    uint64_t begin_ns, sync_ns, given;
    struct progress progress;
};

/* How much is done, for the bar; and the state on disk from time to time. */
static void look(struct replay *replay, struct pace *pace)
{
    struct replay_running *running = replay->running;
    uint64_t now_ns = clock_monotonic_ns(), done = 0;

    pthread_mutex_lock(&running->lock);
    done = replay->place.counts.read;
    pthread_mutex_unlock(&running->lock);
    cli_progress_set(&pace->progress, done);
    if (replay->state != NULL && now_ns - pace->sync_ns > (uint64_t)SYNC_MS * 1000000) {
        pace->sync_ns = now_ns;
        replay_state_sync(replay->state);
    }
}

/* With --rate: until the next event may go. False: Ctrl-C. */
static bool keep_pace(struct replay *replay, struct pace *pace)
{
    uint64_t rate = (uint64_t)replay->on->rate;

    if (rate == 0)
        return true;

    uint64_t due_ns =
        pace->begin_ns + pace->given / rate * NS_PER_S + pace->given % rate * NS_PER_S / rate;

    for (uint64_t now_ns = clock_monotonic_ns(); now_ns < due_ns; now_ns = clock_monotonic_ns()) {
        uint64_t left_ms = (due_ns - now_ns) / 1000000 + 1;

        look(replay, pace);
        if (is_interrupted(replay, (int)size_min(left_ms, LOOK_MS)))
            return false;
    }
    pace->given++;
    return true;
}

#define LOOK_EVERY 256 /* events */

static enum replay_end read_all(struct replay *replay, struct pace *pace)
{
    for (uint64_t count = 0;; count++) {
        struct replay_event *event = NULL;
        enum replay_reading reading = replay->source->next(replay->source, &event);

        if (reading == REPLAY_END)
            return REPLAY_ALL;
        if (reading == REPLAY_UNREADABLE)
            return REPLAY_BROKEN;
        if (!keep_pace(replay, pace)) {
            mem_free(event);
            return REPLAY_INTERRUPTED;
        }
        if (!give(replay, event))
            return REPLAY_INTERRUPTED;
        if (count % LOOK_EVERY == 0)
            look(replay, pace);
    }
}

/* Until all of it is done, or what is under way at Ctrl-C is. */
static enum replay_end finish(struct replay *replay, struct pace *pace, enum replay_end end)
{
    struct replay_running *running = replay->running;

    pthread_mutex_lock(&running->lock);
    running->no_more = true;
    if (end != REPLAY_ALL)
        running->stopped = true;
    pthread_cond_broadcast(&running->given);
    while (running->waiting > 0 && !running->stopped) {
        wait_done(running);
        pthread_mutex_unlock(&running->lock);
        look(replay, pace);
        bool interrupted = is_interrupted(replay, 0);

        pthread_mutex_lock(&running->lock);
        if (interrupted) {
            end = REPLAY_INTERRUPTED;
            running->stopped = true;
            pthread_cond_broadcast(&running->given);
        }
    }
    pthread_mutex_unlock(&running->lock);
    for (size_t i = 0; i < REPLAY_LANES; i++)
        pthread_join(running->lanes[i].thread, NULL);
    return end;
}

/* ---- begin and end ---- */

static void start(struct replay *replay, struct replay_running *running)
{
    pthread_mutex_init(&running->lock, NULL);
    pthread_cond_init(&running->given, NULL);
    pthread_cond_init(&running->done, NULL);
    running->arena = arena_new();
    for (size_t i = 0; i < REPLAY_LANES; i++)
        running->lanes[i] = (struct replay_lane){
            .replay = replay,
            .client = client_new(client_target(replay->to_client)),
            .arena = arena_new(),
        };
    for (size_t i = 0; i < REPLAY_LANES; i++) {
        int error = pthread_create(&running->lanes[i].thread, NULL, work, &running->lanes[i]);

        assert(error == 0); /* out of memory, as mem_new() */
    }
}

static void release(struct replay_running *running)
{
    while (running->first != NULL) {
        struct replay_event *event = running->first;

        running->first = event->next_read;
        mem_free(event);
    }
    for (size_t i = 0; i < REPLAY_LANES; i++) {
        client_free(running->lanes[i].client);
        arena_free(running->lanes[i].arena);
    }
    pthread_cond_destroy(&running->given);
    pthread_cond_destroy(&running->done);
    pthread_mutex_destroy(&running->lock);
    arena_free(running->arena);
    mem_free(running);
}

static int tell_failure(const struct replay *replay, enum status status,
                        const struct replay_running *running)
{
    if (replay->to != TO_TABLE &&
        bytes_equal_text(running->answer.error_name, "ResourceNotFoundException"))
        return cli_fail(replay->cli, CLI_FAILED, "%.*s", BYTES_ARG(running->answer.message));
    return cli_client_fail(replay->cli, running->asked, status, &running->answer);
}

enum replay_end replay_run(struct replay *replay, int *ret_exit)
{
    struct replay_running *running = mem_new(sizeof *running);
    struct pace pace = {
        .begin_ns = clock_monotonic_ns(),
        .progress = {.cli = replay->cli,
                     .things = "events",
                     .total = replay->source->total,
                     .done = replay->place.counts.read},
    };
    enum replay_end end = REPLAY_ALL;

    replay->running = running;
    cli_interrupts_catch(&replay->interrupts);
    start(replay, running);
    cli_progress_begin(&pace.progress);
    end = read_all(replay, &pace);
    end = finish(replay, &pace, end);
    cli_progress_end(&pace.progress);
    cli_interrupts_release(&replay->interrupts);
    print_told(replay);
    if (end == REPLAY_BROKEN)
        *ret_exit = CLI_FAILED;
    if (running->status != OK) {
        *ret_exit = tell_failure(replay, running->status, running);
        end = REPLAY_BROKEN;
    }
    if (end == REPLAY_ALL)
        replay->place.finished = true;
    if (replay->state != NULL)
        replay_state_note(replay->state, &replay->place);
    release(running);
    replay->running = NULL;
    return end;
}
