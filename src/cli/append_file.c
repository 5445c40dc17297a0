/* cli/append_file.c - dynlog append --file: the events of lines, several streams at once.
 *
 *   lines --> lanes (one stream: one lane, in order) --> dynlog_append() --> told by line
 *
 * An event that could not be appended keeps the later ones of its stream out: they would stand
 * where their writer did not mean them. Other streams go on. What concerns all of them (nothing
 * answers, no such table, keys) ends it. */
#include "base/clock.h"
#include "base/map.h"
#include "cli/append_many.h"
#include "cli/event_lines.h"
#include "cli/interrupt.h"
#include "cli/lanes.h"
#include "cli/output.h"
#include "cli/place.h"
#include "cli/progress.h"

#include <inttypes.h>
#include <pthread.h>

#define LOOK_MS 100     /* how often the bar is moved, and Ctrl-C seen */
#define MESSAGES_MAX 20 /* lines that are told; the others are counted */

struct thing {
    struct arena *arena;
    uint64_t number; /* of its line */
    struct event_line line;
};

struct many {
    struct cli *cli;
    const struct append_many *on;
    struct event_lines lines;
    struct interrupts interrupts;
    struct lanes *lanes;
    struct map broken[LANES_MAX]; /* streams of which an event failed; each is its lane's own */
    bool interrupted;

    pthread_mutex_t lock; /* everything below, and the terminal */
    struct progress progress;
    uint64_t appended, repeated, conflicts, failed, left_out;
    bool unread;               /* nobody reads our output any more */
    struct dynlog_error fatal; /* status DYNLOG_OK: nothing ended it */
    uint64_t fatal_line;
};

/* ---- one event, on its lane's thread ---- */

static bool concerns_all(enum dynlog_status status)
{
    return status != DYNLOG_CONFLICT && status != DYNLOG_INVALID && status != DYNLOG_REFUSED &&
           status != DYNLOG_GAP;
}

static void tell_line(struct many *many, const struct thing *thing,
                      const struct dynlog_error *error)
{
    uint64_t told = many->failed + many->conflicts;

    cli_progress_hide(&many->progress);
    if (told <= MESSAGES_MAX)
        cli_fail(many->cli, CLI_FAILED, "line %" PRIu64 ": %s", thing->number, error->message);
    if (told == MESSAGES_MAX)
        cli_fail(many->cli, CLI_FAILED, "More lines fail; they are only counted.");
}

static bool note_failure(struct many *many, unsigned lane, const struct thing *thing,
                         struct bytes stream, const struct dynlog_error *error)
{
    if (concerns_all(error->status)) {
        if (many->fatal.status == DYNLOG_OK) {
            many->fatal = *error;
            many->fatal_line = thing->number;
        }
        return false;
    }
    map_put(&many->broken[lane], stream, many);
    many->conflicts += error->status == DYNLOG_CONFLICT;
    many->failed += error->status != DYNLOG_CONFLICT;
    tell_line(many, thing, error);
    return true;
}

static void show(struct many *many, const struct thing *thing, const struct dynlog_append *append)
{
    many->appended += !append->repeated;
    many->repeated += append->repeated;
    if (cli_for_people(many->cli, many->on->json))
        return;
    if (!cli_append_show(many->cli, true, thing->number, append, thing->line.event.type,
                         append->version, BYTES("")))
        many->unread = true;
}

static struct bytes stream_of(struct arena *arena, const struct event_line *line)
{
    return arena_printf(arena, "%s#%s", line->log, line->id);
}

static bool append_one(void *context, unsigned lane, void *what)
{
    struct many *many = context;
    struct thing *thing = what;
    struct event_line *line = &thing->line;
    struct bytes stream = stream_of(thing->arena, line);
    bool broken = map_has(&many->broken[lane], stream), well = true;
    struct dynlog_append append = {.log = line->log,
                                   .id = line->id,
                                   .expected = line->expected,
                                   .events = &line->event,
                                   .event_count = 1};
    struct dynlog_error error = {0};
    enum dynlog_status status = DYNLOG_OK;

    if (!broken)
        status = dynlog_append(many->on->dynlog, &append, 1, &error);
    pthread_mutex_lock(&many->lock);
    if (broken)
        many->left_out++;
    else if (status == DYNLOG_OK)
        show(many, thing, &append);
    else
        well = note_failure(many, lane, thing, stream, &error);
    well = well && !many->unread;
    pthread_mutex_unlock(&many->lock);
    return well;
}

static void drop_thing(void *context, void *what)
{
    struct thing *thing = what;

    (void)context;
    arena_free(thing->arena);
    mem_free(thing);
}

/* ---- reading on ---- */

/* Moves the bar. False: Ctrl-C. */
static bool look(struct many *many, int wait_ms)
{
    pthread_mutex_lock(&many->lock);
    cli_progress_set(&many->progress, many->appended + many->repeated + many->conflicts +
                                          many->failed + many->left_out);
    pthread_mutex_unlock(&many->lock);
    if (!many->interrupted && !cli_interrupts_pause(&many->interrupts, wait_ms))
        many->interrupted = true;
    return !many->interrupted;
}

/* False: it is over. */
static bool give(struct many *many, struct thing *thing)
{
    struct bytes stream = stream_of(thing->arena, &thing->line);

    for (;;) {
        switch (lanes_give(many->lanes, stream, thing->number, thing, LOOK_MS)) {
        case LANES_TAKEN:
            return look(many, 0);
        case LANES_FULL:
            if (look(many, 0))
                continue;
            break;
        case LANES_STOPPED:
            break;
        }
        drop_thing(NULL, thing);
        return false;
    }
}

static void set_defaults(const struct many *many, struct event_line *line)
{
    if (line->event.correlation_id == NULL)
        line->event.correlation_id = many->on->correlation_id;
    if (line->event.causation_id == NULL)
        line->event.causation_id = many->on->causation_id;
}

/* False: a line is wrong, and that was told. */
static bool read_lines(struct many *many)
{
    char message[EVENT_LINE_MESSAGE_SIZE] = "";

    for (;;) {
        struct thing *thing = mem_new(sizeof *thing);

        thing->arena = arena_new();
        enum event_lines_next next =
            cli_event_lines_next(&many->lines, thing->arena, &thing->line, message);

        thing->number = many->lines.number;
        if (next != EVENT_LINES_ONE)
            drop_thing(NULL, thing);
        many->interrupted = many->interrupted || next == EVENT_LINES_INTERRUPTED;
        if (next == EVENT_LINES_WRONG) {
            pthread_mutex_lock(&many->lock);
            cli_progress_hide(&many->progress);
            cli_fail(many->cli, CLI_FAILED,
                     "line %" PRIu64 " of %s: %s. What stood before it was appended.",
                     many->lines.number, many->lines.name, message);
            pthread_mutex_unlock(&many->lock);
            return false;
        }
        if (next != EVENT_LINES_ONE)
            return true;
        set_defaults(many, &thing->line);
        if (!give(many, thing))
            return true;
    }
}

/* What is in flight is waited for, also after Ctrl-C. */
static void wait_for_all(struct many *many)
{
    if (many->interrupted)
        lanes_stop(many->lanes);
    while (!lanes_wait(many->lanes, LOOK_MS))
        if (!look(many, 0))
            lanes_stop(many->lanes);
}

/* A file is read through before anything is appended. */
static bool check_lines(struct many *many, uint64_t *ret_count)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    char message[EVENT_LINE_MESSAGE_SIZE] = "";
    struct event_line line;

    for (*ret_count = 0;; ++*ret_count) {
        enum event_lines_next next = cli_event_lines_next(&many->lines, arena, &line, message);

        if (next == EVENT_LINES_WRONG) {
            cli_fail(many->cli, CLI_USAGE, "line %" PRIu64 " of %s: %s. Nothing was appended.",
                     many->lines.number, many->lines.name, message);
            return false;
        }
        if (next != EVENT_LINES_ONE)
            break;
        arena_reset(arena);
    }
    cli_event_lines_rewind(&many->lines);
    return true;
}

/* ---- how it ended ---- */

static int end_status(const struct many *many, bool well)
{
    if (many->fatal.status != DYNLOG_OK)
        return cli_place_fail(many->cli, &many->fatal);
    if (many->unread || many->failed > 0 || !well || many->interrupted)
        return CLI_FAILED;
    return many->conflicts > 0 ? CLI_LOST_RACE : CLI_DONE;
}

static const char *events_text(uint64_t count)
{
    return count == 1 ? "event" : "events";
}

static int tell_end(struct many *many, bool well, uint64_t took_ms)
{
    struct cli *cli = many->cli;
    uint64_t not_there = many->conflicts + many->failed + many->left_out;
    int exit_status = end_status(many, well);

    if (cli_for_people(cli, many->on->json)) {
        fprintf(cli->out, "%sAppended%s: %s %s in %s", cli_paint(cli, cli->out, CLI_GREEN),
                cli_paint(cli, cli->out, CLI_PLAIN), cli_count_text((int64_t)many->appended),
                events_text(many->appended), cli_duration_text(took_ms));
        if (many->repeated > 0)
            fprintf(cli->out, "; %s there before, by their event ids",
                    cli_count_text((int64_t)many->repeated));
        fprintf(cli->out, ".\n");
    }
    fflush(cli->out);
    if (not_there > 0)
        cli_fail(cli, CLI_FAILED, "%s %s not appended%s.", cli_count_text((int64_t)not_there),
                 not_there == 1 ? "event was" : "events were",
                 many->left_out > 0 ? ", those among them that follow a failed one of their stream"
                                    : "");
    if (many->interrupted || many->fatal.status != DYNLOG_OK)
        cli_fail(cli, CLI_FAILED,
                 "%s: the first %" PRIu64 " lines are through, %s %s there. Lines that have an "
                 "eventId can be given again.",
                 many->interrupted ? "Interrupted" : "Not all were appended",
                 lanes_settled(many->lanes),
                 cli_count_text((int64_t)(many->appended + many->repeated)),
                 many->appended + many->repeated == 1 ? "event is" : "events are");
    return exit_status;
}

static int append_lines(struct many *many, uint64_t total)
{
    struct lanes_work work = {
        .count = many->on->in_flight, .context = many, .run = append_one, .drop = drop_thing};
    uint64_t begin_ns = clock_monotonic_ns();
    bool well = true;
    int exit_status = CLI_DONE;

    many->progress = (struct progress){.cli = many->cli, .things = "events", .total = total};
    pthread_mutex_init(&many->lock, NULL);
    cli_interrupts_catch(&many->interrupts);
    cli_progress_begin(&many->progress);
    many->lanes = lanes_new(&work);
    well = read_lines(many);
    wait_for_all(many);
    cli_progress_end(&many->progress);
    cli_interrupts_release(&many->interrupts);
    if (many->interrupted)
        cli_interrupts_end(many->cli);
    exit_status = tell_end(many, well, (clock_monotonic_ns() - begin_ns) / 1000000);
    lanes_free(many->lanes);
    for (size_t i = 0; i < LANES_MAX; i++)
        map_free(&many->broken[i]);
    pthread_mutex_destroy(&many->lock);
    return exit_status;
}

int cli_append_file(struct cli *cli, const struct append_many *on)
{
    struct many *many = ARENA_NEW(cli->arena, struct many);
    int exit_status = CLI_DONE;
    uint64_t total = 0;

    many->cli = cli;
    many->on = on;
    if (!cli_event_lines_open(cli, on->file, &many->lines, &exit_status))
        return exit_status;
    if (many->lines.is_file && !check_lines(many, &total))
        exit_status = CLI_USAGE;
    else
        exit_status = append_lines(many, total);
    cli_event_lines_close(&many->lines);
    return exit_status;
}
