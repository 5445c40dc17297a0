/* cli/replay_dry.c - what a replay would send: counts by log and type for people, else each event
 * as it would go. See replay.h. */
#include "cli/replay.h"

#include "cli/output.h"
#include "cli/when.h"

struct kind {
    struct bytes log, type;
    uint64_t events, first_ms, last_ms;
};

#define KINDS_MAX 10000 /* of log and type, in a table of --dry-run; others are not told apart */

struct kinds {
    struct kind *list;
    size_t count, capacity;
    uint64_t refused; /* events that can't go */
};

static void count_kind(struct replay *replay, struct kinds *kinds, const struct replay_event *event)
{
    struct arena *arena = replay->cli->arena;
    struct kind *kind = NULL;

    for (size_t i = 0; i < kinds->count && kind == NULL; i++)
        if (bytes_equal(kinds->list[i].log, event->log) &&
            bytes_equal(kinds->list[i].type, event->type))
            kind = &kinds->list[i];
    if (kind == NULL && kinds->count < KINDS_MAX) {
        kinds->list = arena_grow(arena, kinds->list, kinds->count, kinds->count + 1,
                                 &kinds->capacity, sizeof *kinds->list);
        kind = &kinds->list[kinds->count++];
        *kind = (struct kind){.log = arena_copy(arena, event->log),
                              .type = arena_copy(arena, event->type),
                              .first_ms = event->time_ms};
    }
    if (kind == NULL)
        kind = &kinds->list[KINDS_MAX - 1];
    kind->events++;
    if (event->time_ms < kind->first_ms)
        kind->first_ms = event->time_ms;
    if (event->time_ms > kind->last_ms)
        kind->last_ms = event->time_ms;
}

static const struct table_column kind_columns[] = {
    {"LOG", false, false},         {"TYPE", false, false}, {"EVENTS", true, false},
    {"FIRST (UTC)", false, false}, {"LAST", false, false},
};

static void print_kinds(const struct replay *replay, const struct kinds *kinds)
{
    struct cli *cli = replay->cli;
    struct cli_table table = {.columns = kind_columns, .column_count = ARRAY_COUNT(kind_columns)};
    uint64_t events = 0;

    for (size_t i = 0; i < kinds->count; i++) {
        const struct kind *kind = &kinds->list[i];
        struct bytes cells[] = {
            kind->log.size > 0 ? kind->log : BYTES("-"),
            kind->type.size > 0 ? kind->type : BYTES("-"),
            arena_printf(cli->arena, "%s", cli_count_text((int64_t)kind->events)),
            cli_when_text(cli->arena, kind->first_ms),
            cli_when_text(cli->arena, kind->last_ms),
        };

        events += kind->events;
        cli_table_add(cli, &table, cells);
    }
    if (kinds->count > 0)
        cli_table_print(cli, &table);
    fprintf(cli->out, "%s%s would go to the %s", kinds->count > 0 ? "\n" : "",
            cli_things_text(events, "event"), replay->on->to);
    if (kinds->refused > 0)
        fprintf(cli->out, ", %s would fail", cli_count_text((int64_t)kinds->refused));
    fprintf(cli->out, "; nothing was sent.\n");
}

static void tell_refused(const struct replay *replay, const struct replay_event *event,
                         struct bytes why)
{
    AUTO(arena_release) struct arena *arena = arena_new();

    cli_fail(replay->cli, CLI_FAILED, "%.*s would fail: %.*s.",
             BYTES_ARG(replay_event_name(arena, event)), BYTES_ARG(why));
}

/* What can't go is told on stderr, in its place. */
static bool print_event(struct replay *replay, const struct replay_event *event)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(REPLAY_TEXT_SIZE_MAX * 2);
    struct bytes why = {NULL, 0};

    if (replay->sink->print(replay, arena, event, &out, &why))
        return cli_line(replay->cli, buffer_bytes(&out));
    tell_refused(replay, event, why);
    return true;
}

/* For people: those that would go are counted, and the first of those that can't are told. */
static void take_for_people(struct replay *replay, struct kinds *kinds,
                            const struct replay_event *event)
{
    if (event->why.size == 0)
        count_kind(replay, kinds, event);
    else if (kinds->refused++ < REPLAY_TOLD_MAX)
        tell_refused(replay, event, event->why);
    else if (kinds->refused == REPLAY_TOLD_MAX + 1)
        cli_fail(replay->cli, CLI_FAILED, "More events would fail; they are only counted.");
}

int replay_dry_run(struct replay *replay)
{
    bool people = cli_for_people(replay->cli, replay->on->json);
    struct kinds kinds = {0};
    struct replay_event *event = NULL;
    enum replay_reading reading = REPLAY_READ;
    bool well = true;

    while (well && (reading = replay->source->next(replay->source, &event)) == REPLAY_READ) {
        if (people)
            take_for_people(replay, &kinds, event);
        else
            well = print_event(replay, event);
        mem_free(event);
    }
    if (people && reading == REPLAY_END)
        print_kinds(replay, &kinds);
    return well && reading == REPLAY_END ? CLI_DONE : CLI_FAILED;
}
