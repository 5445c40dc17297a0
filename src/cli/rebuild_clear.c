/* cli/rebuild_clear.c - dynlog rebuild --clear: the function's table is emptied and filled again.
 *
 *   hold --> quiet --> clearing: the table is emptied --> feeding: history up to the position of
 *   now --> let go: what was appended since then was held, and follows
 *
 * An event behind that position was appended after the hold, so its invocation waits at the server;
 * one up to it is fed. There is none between. */
#include "cli/rebuild.h"

#include "cli/output.h"

#include <inttypes.h>

static bool has_stage(const struct rebuild *on, const char *stage)
{
    return on->note.stage != NULL && strcmp(on->note.stage, stage) == 0;
}

/* Whether a variable of the function names the table. */
static bool is_of_function(const struct rebuild *on, const char *table)
{
    const struct json *variables =
        json_get(json_get(on->configuration, "Environment"), "Variables");

    for (struct json_iter it = json_iter(variables); json_next(&it);)
        if (bytes_equal_text(json_string(it.value), table))
            return true;
    return false;
}

static bool ask_first(struct rebuild *on)
{
    struct arena *arena = on->cli->arena;
    const struct json *table = NULL;
    uint64_t position = 0;

    if (!rebuild_table_find(on, on->on->clear, &table) || !rebuild_position(on, &position) ||
        !rebuild_count(on, position))
        return false;
    return rebuild_is_agreed(
        on, arena_copy_text(
                arena,
                arena_printf(arena,
                             "%s has %s%s. All of it is deleted, then %s is fed %s of "
                             "%s, as by %.*s. Meanwhile its live events wait, and follow then.",
                             on->on->clear,
                             cli_things_text((uint64_t)rebuild_table_count(table), "item"),
                             is_of_function(on, on->on->clear)
                                 ? ""
                                 : " (no variable of the function names it: is it the right one?)",
                             on->function, cli_things_text(on->matching, "event"),
                             client_target(on->client)->table, BYTES_ARG(rebuild_ways_text(on)))));
}

/* The table may be half empty already: it is emptied again. */
static bool empty_table(struct rebuild *on)
{
    on->note.stage = "clearing";
    return rebuild_keep(on, true) && rebuild_wait_quiet(on) &&
           rebuild_table_clear(on, on->on->clear);
}

static bool begin_feeding(struct rebuild *on)
{
    on->note.stage = "feeding";
    on->note.at = 0;
    return rebuild_position(on, &on->note.to) && rebuild_keep(on, true);
}

/* A change stream keeps its records for a day, and a rebuild may take longer: what was appended
 * meanwhile is fed as well. Where other ways wait too, which keep theirs, it would come twice. */
static bool follow(struct rebuild *on)
{
    if (rebuild_has_way(on, REBUILD_BY_RULES) || rebuild_has_way(on, REBUILD_BY_QUEUE))
        return true;
    return rebuild_position(on, &on->note.to) && rebuild_keep(on, true) &&
           rebuild_count(on, on->note.to) && rebuild_feed(on, NULL, true);
}

bool rebuild_clear(struct rebuild *on)
{
    if (strcmp(on->on->clear, client_target(on->client)->table) == 0)
        return rebuild_fail(on, CLI_USAGE, "%s is the log itself: a read model is another table.",
                            on->on->clear);
    if (on->note.stage == NULL && !ask_first(on))
        return false;
    if (on->on->dry_run)
        return true;
    if (!has_stage(on, "feeding") && (!empty_table(on) || !begin_feeding(on)))
        return false;
    /* what an earlier run was killed in runs to its end first, so that no two feed one stream */
    if (!rebuild_wait_quiet(on) || !rebuild_count(on, on->note.to))
        return false;
    return rebuild_feed(on, NULL, true) && follow(on) && rebuild_let_go(on, true);
}
