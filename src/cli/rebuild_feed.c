/* cli/rebuild_feed.c - history into the function; see rebuild.h.
 *
 * Several streams at once, the events of one in their order. Everything up to note.at has been
 * handled; what was handled beyond it is handled again after an interruption. */
#include "cli/rebuild_feed.h"

#include "base/clock.h"
#include "cli/output.h"

#define KEEP_EVERY_MS 500
#define ROOM_LOOK_MS 5
#define WAITING_SIZE_MAX ((size_t)256 * 1024 * 1024) /* of what lanes have, in memory */
#define BUNDLE_COUNT_MAX 10000 /* events; a mapping that shares a bundle may take few of them */
/* Of an invocation 6 MB, with the list around the records. */
#define BATCH_SIZE_MAX (MAPPING_PAYLOAD_SIZE_MAX - sizeof "{\"Records\":[" - sizeof "]}")

/* ---- bundles ---- */

void bundle_free(struct bundle *bundle)
{
    if (bundle == NULL)
        return;
    for (size_t i = 0; i < bundle->count; i++)
        arena_free(bundle->events[i]->arena);
    mem_free(bundle->events);
    mem_free(bundle);
}

static void bundle_add(struct bundle *bundle, struct rebuild_event *event)
{
    if (bundle->count == bundle->capacity) {
        bundle->capacity = size_max(1, bundle->capacity * 2);
        bundle->events =
            mem_resize(bundle->events, bundle->capacity * sizeof(struct rebuild_event *));
    }
    bundle->events[bundle->count++] = event;
    bundle->size += arena_size(event->arena);
    for (size_t i = 0; i < event->part_count; i++) {
        bundle->records[event->parts[i].way]++;
        bundle->sizes[event->parts[i].way] += event->parts[i].payload.size + 1;
    }
}

/* No mapping's batch would have the event besides what is there. */
static bool is_full_for(const struct feeding *feeding, const struct bundle *bundle,
                        const struct rebuild_event *event)
{
    const struct rebuild_ways *ways = feeding->on->ways;

    for (size_t i = 0; i < ways->count; i++) {
        size_t records = bundle->records[i], size = bundle->sizes[i];

        for (size_t k = 0; k < event->part_count; k++)
            if (event->parts[k].way == i) {
                records++;
                size += event->parts[k].payload.size + 1;
            }
        if (ways->list[i].kind != REBUILD_BY_RULES && records > bundle->records[i] &&
            (records > ways->list[i].settings.batch_size || size > BATCH_SIZE_MAX))
            return true;
    }
    return bundle->count >= BUNDLE_COUNT_MAX;
}

/* A batch is as large as it gets; without mappings there is none. */
static bool is_ripe(const struct feeding *feeding, const struct bundle *bundle)
{
    const struct rebuild_ways *ways = feeding->on->ways;
    bool waits = false;

    for (size_t i = 0; i < ways->count; i++) {
        if (ways->list[i].kind == REBUILD_BY_RULES)
            continue;
        if (bundle->records[i] >= ways->list[i].settings.batch_size)
            return true;
        waits = true;
    }
    return !waits;
}

/* ---- on a lane's thread ---- */

static bool give_one(void *context, unsigned lane, void *what)
{
    return rebuild_give(context, lane, what);
}

static void drop_one(void *context, void *what)
{
    struct feeding *feeding = context;
    struct bundle *bundle = what;

    pthread_mutex_lock(&feeding->lock);
    feeding->waiting_size -= bundle->size;
    pthread_mutex_unlock(&feeding->lock);
    bundle_free(bundle);
}

/* ---- all of them ---- */

/* Moves the bar and, now and then, the note. */
static bool look(struct feeding *feeding)
{
    struct rebuild *on = feeding->on;
    uint64_t now_ns = clock_monotonic_ns();
    uint64_t fed = 0;

    pthread_mutex_lock(&feeding->lock);
    fed = feeding->fed;
    cli_progress_set(&feeding->progress, fed);
    on->note.failed = feeding->failed_before + feeding->failed;
    pthread_mutex_unlock(&feeding->lock);
    if (!on->interrupted && !cli_interrupts_pause(&on->interrupts, 0))
        on->interrupted = true;
    if (now_ns - feeding->kept_ns < KEEP_EVERY_MS * 1000000ull)
        return !on->interrupted;
    feeding->kept_ns = now_ns;
    if (lanes_settled(feeding->lanes) > on->note.at)
        on->note.at = lanes_settled(feeding->lanes);
    return rebuild_keep(on, feeding->held) && !on->interrupted;
}

/* Until the rate allows the next one. */
static bool pace(struct feeding *feeding)
{
    int64_t rate = feeding->on->on->rate;
    uint64_t due_ns = feeding->begin_ns;

    if (rate == 0)
        return true;
    due_ns += feeding->given * 1000000000ull / (uint64_t)rate;
    for (;;) {
        uint64_t now_ns = clock_monotonic_ns(), ms = 0;

        if (now_ns >= due_ns)
            return true;
        ms = (due_ns - now_ns) / 1000000 + 1;
        if (!cli_interrupts_pause(&feeding->on->interrupts, (int)size_min(ms, REBUILD_LOOK_MS)))
            feeding->on->interrupted = true;
        if (!look(feeding))
            return false;
    }
}

/* Up to here everything was given or is nothing to give. */
static void pass(struct feeding *feeding, uint64_t position)
{
    for (size_t i = 0; i < LANES_MAX; i++)
        if (feeding->open[i] != NULL && feeding->open[i]->events[0]->position <= position)
            position = feeding->open[i]->events[0]->position - 1;
    lanes_pass(feeding->lanes, position);
}

/* False: it is over. */
static bool wait_for_room(struct feeding *feeding)
{
    for (bool through = false;; through = lanes_wait(feeding->lanes, ROOM_LOOK_MS)) {
        size_t size = 0;

        pthread_mutex_lock(&feeding->lock);
        size = feeding->waiting_size;
        pthread_mutex_unlock(&feeding->lock);
        if (size <= WAITING_SIZE_MAX)
            return true;
        if (through || !look(feeding)) /* through with work left: it has stopped */
            return false;
    }
}

static void count_waiting(struct feeding *feeding, const struct bundle *bundle)
{
    pthread_mutex_lock(&feeding->lock);
    feeding->waiting_size += bundle->size;
    pthread_mutex_unlock(&feeding->lock);
}

/* False: it is over, and the bundle is gone. */
static bool give(struct feeding *feeding, struct bundle *bundle)
{
    const struct rebuild_event *first = bundle->events[0];
    struct bytes stream =
        arena_printf(first->arena, "%.*s#%.*s", BYTES_ARG(first->log), BYTES_ARG(first->id));
    bool well = wait_for_room(feeding);

    count_waiting(feeding, bundle);
    while (well)
        switch (lanes_give_some(feeding->lanes, stream, first->position, bundle, REBUILD_LOOK_MS)) {
        case LANES_TAKEN:
            return true;
        case LANES_FULL:
            well = look(feeding);
            break;
        case LANES_STOPPED:
            well = false;
            break;
        }
    drop_one(feeding, bundle);
    return false;
}

/* The lane's bundle goes, when there is one. */
static bool flush(struct feeding *feeding, unsigned lane)
{
    struct bundle *bundle = feeding->open[lane];

    feeding->open[lane] = NULL;
    return bundle == NULL || give(feeding, bundle);
}

/* False: it is over. */
static bool take(struct feeding *feeding, struct rebuild_event *event)
{
    struct bytes stream =
        arena_printf(event->arena, "%.*s#%.*s", BYTES_ARG(event->log), BYTES_ARG(event->id));
    unsigned lane = lanes_lane(feeding->lanes, stream);
    uint64_t position = event->position;

    if (event->part_count == 0) {
        arena_free(event->arena);
    } else if (!pace(feeding) ||
               (feeding->open[lane] != NULL && is_full_for(feeding, feeding->open[lane], event) &&
                !flush(feeding, lane))) {
        arena_free(event->arena);
        return false;
    } else {
        if (feeding->open[lane] == NULL)
            feeding->open[lane] = mem_new(sizeof(struct bundle));
        bundle_add(feeding->open[lane], event);
        feeding->given++;
        if (is_ripe(feeding, feeding->open[lane]) && !flush(feeding, lane))
            return false;
    }
    pass(feeding, position);
    return look(feeding);
}

static bool give_all(struct feeding *feeding)
{
    struct rebuild *on = feeding->on;
    struct rebuild_paging paging = {.after = on->note.at, .to = on->note.to, .arena = arena_new()};
    bool well = true, end = false;

    while (well && !end) {
        struct rebuild_event *event = NULL;

        well = rebuild_next_event(on, &paging, &event, &end);
        if (well && !end)
            well = take(feeding, event);
    }
    for (unsigned i = 0; well && i < LANES_MAX; i++)
        well = flush(feeding, i);
    arena_free(paging.arena);
    return well;
}

static bool wait_for_all(struct feeding *feeding, bool well)
{
    if (!well)
        lanes_stop(feeding->lanes);
    while (!lanes_wait(feeding->lanes, REBUILD_LOOK_MS))
        if (!look(feeding)) {
            lanes_stop(feeding->lanes);
            well = false;
        }
    return well && feeding->stopped_at == 0;
}

static bool end(struct feeding *feeding, bool well)
{
    struct rebuild *on = feeding->on;
    enum cli_exit exit_status = feeding->exit_status;

    if (lanes_settled(feeding->lanes) > on->note.at)
        on->note.at = lanes_settled(feeding->lanes);
    if (well)
        on->note.at = on->note.to;
    on->note.fed += feeding->fed;
    on->note.failed = feeding->failed_before + feeding->failed;
    if (exit_status == CLI_UNREACHABLE ||
        (!rebuild_keep(on, feeding->held) && exit_status == CLI_DONE))
        exit_status = CLI_UNREACHABLE;
    if (feeding->message != NULL)
        rebuild_fail(on, exit_status, "%s", feeding->message);
    else if (exit_status != CLI_DONE)
        on->exit_status = (int)exit_status;
    return well && exit_status == CLI_DONE;
}

bool rebuild_feed(struct rebuild *on, const char *qualifier, bool held)
{
    struct feeding *feeding = ARENA_NEW(on->cli->arena, struct feeding);
    struct lanes_work work = {.count = (unsigned)on->on->in_flight,
                              .context = feeding,
                              .run = give_one,
                              .drop = drop_one};
    bool well = true;

    feeding->on = on;
    feeding->held = held;
    for (size_t i = 0; i < on->ways->count; i++)
        feeding->paths[i] = rebuild_invocation_path(
            on, qualifier != NULL ? qualifier : on->ways->list[i].qualifier);
    feeding->arena = on->cli->arena;
    feeding->failed_before = on->note.failed;
    feeding->begin_ns = feeding->kept_ns = clock_monotonic_ns();
    feeding->progress =
        (struct progress){.cli = on->cli, .things = "events", .total = on->matching};
    pthread_mutex_init(&feeding->lock, NULL);
    for (unsigned i = 0; i < work.count; i++)
        feeding->clients[i] = client_new(client_target(on->client));
    feeding->lanes = lanes_new(&work);
    cli_progress_begin(&feeding->progress);
    well = give_all(feeding);
    well = wait_for_all(feeding, well);
    cli_progress_end(&feeding->progress);
    well = end(feeding, well);
    lanes_free(feeding->lanes);
    for (size_t i = 0; i < LANES_MAX; i++)
        bundle_free(feeding->open[i]);
    for (unsigned i = 0; i < work.count; i++)
        client_free(feeding->clients[i]);
    pthread_mutex_destroy(&feeding->lock);
    return well;
}
