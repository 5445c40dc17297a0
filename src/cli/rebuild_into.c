/* cli/rebuild_into.c - dynlog rebuild --into: another table is filled beside the function's, then
 * the function is switched to it.
 *
 *   making    the table, made like the one that the variable names; a version of the function whose
 *             variable names the new one (under a hold, for a moment: $LATEST has that value while
 *             the version is published)
 *   feeding   history into that version, up to now, and again, until there is little left; the live
 *             function goes on with the old table
 *   switching hold --> quiet --> the rest of history --> the variable of $LATEST, and the aliases
 *             that get the events name the version that was fed --> let go
 *
 * What is appended behind the position of the last feeding waits for the switched function. */
#include "cli/rebuild.h"

#include "cli/output.h"

#include <inttypes.h>

#define ROUNDS_MAX 10   /* of catching up, before the function is held all the same */
#define LITTLE_LEFT 200 /* events: fed in the moment of the switch */

static bool has_stage(const struct rebuild *on, const char *stage)
{
    return on->note.stage != NULL && strcmp(on->note.stage, stage) == 0;
}

/* Whether it gets events, and so is to be moved. */
static bool is_way(const struct rebuild *on, const struct rebuild_alias *alias)
{
    for (size_t i = 0; i < on->ways->count; i++)
        if (on->ways->list[i].qualifier != NULL &&
            strcmp(on->ways->list[i].qualifier, alias->name) == 0)
            return true;
    return false;
}

static const char *aliases_text(const struct rebuild *on)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(REBUILD_BODY_SIZE_MAX);

    for (size_t i = 0; i < on->ways->alias_count; i++)
        if (is_way(on, &on->ways->aliases[i]))
            buffer_printf(&out, "%s%s",
                          out.size > 0 ? ", " : ", and these aliases to that version: ",
                          on->ways->aliases[i].name);
    return arena_copy_text(on->cli->arena, buffer_bytes(&out));
}

static bool ask_first(struct rebuild *on)
{
    struct arena *arena = on->cli->arena;
    const struct json *old = NULL;
    bool exists = false;
    uint64_t position = 0;

    on->note.before = rebuild_variable(on, on->on->variable);
    if (on->note.before == NULL)
        return rebuild_fail(on, CLI_FAILED, "%s has no environment variable %s.", on->function,
                            on->on->variable);
    if (!rebuild_table_find(on, on->note.before, &old) ||
        !rebuild_table_exists(on, on->on->into, &exists))
        return false;
    if (exists)
        return rebuild_fail(on, CLI_FAILED,
                            "There is a table %s already: --into makes a new one. Name another, or "
                            "delete it first.",
                            on->on->into);
    if (!rebuild_position(on, &position) || !rebuild_count(on, position))
        return false;
    return rebuild_is_agreed(
        on, arena_copy_text(
                arena,
                arena_printf(arena,
                             "The table %s is made like %s, and a version of %s is fed %s "
                             "of %s, as by %.*s. Then %s of %s is switched from %s to it%s.",
                             on->on->into, on->note.before, on->function,
                             cli_things_text(on->matching, "event"),
                             client_target(on->client)->table, BYTES_ARG(rebuild_ways_text(on)),
                             on->on->variable, on->function, on->note.before, aliases_text(on))));
}

static bool make_table(struct rebuild *on)
{
    const struct json *old = NULL;
    bool exists = false;

    if (!rebuild_table_exists(on, on->on->into, &exists))
        return false;
    if (exists) /* an earlier run made it */
        return true;
    return rebuild_table_find(on, on->note.before, &old) &&
           rebuild_table_make(on, on->on->into, old);
}

/* $LATEST is as it was when this returns, unless something fails: then it stays held, so that
 * nothing is written into the wrong table. */
static bool make_version(struct rebuild *on, const char *stage)
{
    on->note.stage = "making";
    return rebuild_keep(on, true) && rebuild_wait_quiet(on) &&
           rebuild_set_variable(on, on->on->variable, on->on->into) &&
           rebuild_publish(on, &on->note.version) &&
           rebuild_set_variable(on, on->on->variable, on->note.before) &&
           (on->note.stage = stage, rebuild_keep(on, false));
}

/* A stack file's function forgets its versions with the server. */
static bool need_version(struct rebuild *on)
{
    bool is_there = false;

    if (on->note.version != NULL && !rebuild_has_version(on, on->note.version, &is_there))
        return false;
    return is_there || make_version(on, "feeding");
}

static bool feed_to_now(struct rebuild *on, bool held)
{
    return rebuild_position(on, &on->note.to) && rebuild_count(on, on->note.to) &&
           rebuild_feed(on, on->note.version, held);
}

/* Each round has only what was appended during the one before. */
static bool catch_up(struct rebuild *on)
{
    uint64_t left = LITTLE_LEFT + 1;

    for (unsigned round = 0; round < ROUNDS_MAX && left > LITTLE_LEFT; round++) {
        if (!feed_to_now(on, false))
            return false;
        left = on->matching;
    }
    return true;
}

/* Where they are, for whoever gives up in the midst of moving them. */
static void note_aliases(struct rebuild *on)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(REBUILD_BODY_SIZE_MAX);

    for (size_t i = 0; i < on->ways->alias_count; i++)
        if (is_way(on, &on->ways->aliases[i]))
            buffer_printf(&out, "%s%s=%s", out.size > 0 ? "," : "", on->ways->aliases[i].name,
                          on->ways->aliases[i].version);
    if (out.size > 0)
        on->note.aliases = arena_copy_text(on->cli->arena, buffer_bytes(&out));
}

/* version NULL: each to where it was. */
static bool move_aliases(struct rebuild *on, const char *version)
{
    struct bytes rest =
        on->note.aliases != NULL ? bytes_of_text(on->note.aliases) : (struct bytes){NULL, 0};

    while (rest.size > 0) {
        size_t comma = size_min(bytes_find_byte(rest, ',', 0), rest.size);
        struct bytes one = bytes_slice(rest, 0, comma);
        size_t equals = size_min(bytes_find_byte(one, '=', 0), one.size);
        struct bytes before = bytes_slice(one, size_min(equals + 1, one.size), one.size);

        rest = bytes_slice(rest, size_min(comma + 1, rest.size), rest.size);
        if (!rebuild_move_alias(on, bytes_slice(one, 0, equals),
                                version != NULL ? bytes_of_text(version) : before))
            return false;
    }
    return true;
}

static bool switch_over(struct rebuild *on)
{
    on->note.stage = "switching";
    if (on->note.aliases == NULL)
        note_aliases(on);
    return rebuild_keep(on, true) && rebuild_wait_quiet(on) && feed_to_now(on, true) &&
           rebuild_set_variable(on, on->on->variable, on->on->into) &&
           move_aliases(on, on->note.version) && rebuild_let_go(on, true);
}

bool rebuild_into(struct rebuild *on)
{
    if (on->note.stage == NULL) {
        if (!ask_first(on) || on->on->dry_run)
            return on->on->dry_run && on->note.before != NULL && on->exit_status == CLI_DONE;
        on->note.stage = "making";
        on->note.at = 0;
        if (!rebuild_keep(on, false))
            return false;
    }
    if (on->on->dry_run)
        return true;
    if (!make_table(on) || !need_version(on))
        return false;
    if (!has_stage(on, "switching") && !catch_up(on))
        return false;
    if (!switch_over(on))
        return false;
    if (on->note.aliases == NULL) /* else they name it */
        rebuild_drop_version(on, on->note.version);
    return true;
}

/* As it was: nothing is fed any more, and the function goes on by itself. */
bool rebuild_cancel(struct rebuild *on)
{
    if (on->note.stage == NULL)
        return rebuild_fail(on, CLI_FAILED, "%s is not being rebuilt.", on->function);
    if (on->note.before != NULL && on->note.variable != NULL &&
        !rebuild_set_variable(on, on->note.variable, on->note.before))
        return false;
    if (!move_aliases(on, NULL) || !rebuild_let_go(on, false))
        return false;
    if (on->note.version != NULL)
        rebuild_drop_version(on, on->note.version);
    return true;
}
