/* cli/menu_replay.c - the menu's replay: from which archive, where to, of which time, logs and
 * types - chosen from what is there. */
#include "cli/archive.h"
#include "cli/menu.h"
#include "cli/output.h"
#include "cli/program.h"
#include "cli/replay.h"

#include <unistd.h>

#define NAMES_MAX 100 /* of logs, of types: more are typed into `dynlog replay` */

struct names {
    struct prompt_choice choices[NAMES_MAX + 1];
    size_t count;
};

static void add_name(struct arena *arena, struct names *names, struct bytes name)
{
    for (size_t i = 0; i < names->count; i++)
        if (bytes_equal_text(name, names->choices[i].text))
            return;
    if (name.size > 0 && names->count < NAMES_MAX)
        names->choices[names->count++].text = arena_copy_text(arena, name);
}

static bool next_line(struct bytes *rest, struct bytes *ret)
{
    if (rest->size == 0)
        return false;
    *ret = bytes_slice(*rest, 0, bytes_find_byte(*rest, '\n', 0));
    *rest = bytes_slice(*rest, ret->size + 1, rest->size);
    return true;
}

/* What the SQLite archive has: `member` of each line of `archive list`; of one log when it is not
 * NULL. None when there is no archive to read. */
static void read_archive(const struct menu *menu, const char *archive, const char *member,
                         const char *log, struct names *names)
{
    const char *arguments[] = {"/proc/self/exe",
                               "archive",
                               "list",
                               "--json",
                               "--archive",
                               archive,
                               log != NULL ? "--log" : NULL,
                               log,
                               NULL};
    struct arena *arena = menu->cli->arena;
    struct bytes rest = {NULL, 0}, line = {NULL, 0};
    const struct json *json = NULL;

    if (cli_program_ask(arena, arguments, &rest) != OK)
        return;
    while (next_line(&rest, &line))
        if (json_parse(arena, line, &json, NULL) == OK)
            add_name(arena, names, json_string(json_get(json, member)));
}

/* What a dynlog has: logs or functions. None when none answers. */
static void read_server(const struct menu *menu, const char *kind, struct names *names)
{
    struct menu_words words = {.words = {"/proc/self/exe"}, .count = 1};
    struct bytes rest = {NULL, 0}, line = {NULL, 0};

    menu_add(&words, "completion");
    menu_add_option(&words, "--values", kind);
    menu_add(&words, "--");
    menu_add(&words, "dynlog"); /* a command line begins so */
    menu_add_target(menu, &words, true);
    if (cli_program_ask(menu->cli->arena, words.words, &rest) != OK)
        return;
    while (next_line(&rest, &line))
        add_name(menu->cli->arena, names, line);
}

/* The logs, or the types of one, that the source has, or all; *ret NULL: all of them. Not asked
 * when nothing is known of them. */
static enum prompt_end ask_name(const struct menu *menu, const char *title, const char *archive,
                                const char *log, const char **ret)
{
    struct names *names = ARENA_NEW(menu->cli->arena, struct names);
    bool is_log = strcmp(title, "Log") == 0;
    size_t at = 0;
    enum prompt_end end = PROMPT_ANSWERED;

    *names = (struct names){.choices = {{.text = "all"}}, .count = 1};
    if (is_log && archive == NULL)
        read_server(menu, "logs", names);
    else /* only an archive knows types without reading all */
        read_archive(menu, archive != NULL ? archive : ARCHIVE_PATH_DEFAULT,
                     is_log ? "log" : "type", log, names);
    *ret = NULL;
    if (names->count > 1)
        end = cli_prompt_select(&menu->prompt, title, names->choices, names->count, &at);
    if (end == PROMPT_ANSWERED && at > 0)
        *ret = names->choices[at].text;
    return end;
}

static enum prompt_end ask_times(const struct menu *menu, struct menu_words *words)
{
    struct prompt_line line = {.help = "2026-01-31, 2026-01-31T09:30:00Z, or so long ago: 1h30m; "
                                       "nothing: no limit"};
    const char *since = NULL, *until = NULL;
    enum prompt_end end = cli_prompt_line(&menu->prompt, "Since", &line, &since);

    if (end == PROMPT_ANSWERED)
        end = cli_prompt_line(&menu->prompt, "Until", &line, &until);
    menu_add_option(words, "--since", since);
    menu_add_option(words, "--until", until);
    return end;
}

/* One of the dynlog's; any other name where none is known. */
static enum prompt_end ask_function(const struct menu *menu, const char **ret)
{
    struct names *names = ARENA_NEW(menu->cli->arena, struct names);
    struct prompt_line line = {.help = "its name, or its key in the stack file"};
    size_t at = 0;

    read_server(menu, "functions", names);
    if (names->count == 0)
        return cli_prompt_line(&menu->prompt, "Function", &line, ret);

    enum prompt_end end =
        cli_prompt_select(&menu->prompt, "Function", names->choices, names->count, &at);

    *ret = names->choices[at].text;
    return end;
}

static enum prompt_end ask_sink(const struct menu *menu, struct menu_words *words)
{
    static const struct prompt_choice sinks[] = {
        {"bus", "the rules of the bus get them again"},
        {"table", "what is there already is skipped"},
        {"function", "as a rule would hand them over"},
    };
    struct prompt_line line = {.help = "a table that is not there is made; nothing: the log's own"};
    const char *name = NULL;
    size_t at = 0;
    enum prompt_end end =
        cli_prompt_select(&menu->prompt, "Replay to", sinks, ARRAY_COUNT(sinks), &at);

    if (end != PROMPT_ANSWERED)
        return end;
    menu_add_option(words, "--to", sinks[at].text);
    if (at == 1)
        end = cli_prompt_line(&menu->prompt, "Table", &line, &name);
    if (at == 2)
        end = ask_function(menu, &name);
    menu_add_option(words, at == 1 ? "--to-table" : "--function", name);
    if (at == 1 && name != NULL && name[0] != '\0')
        menu_add(words, "--create");
    return end;
}

/* The SQLite file. False: there is none; said so. */
static enum prompt_end ask_archive(const struct menu *menu, struct menu_words *words,
                                   const char **ret, bool *ret_is_there)
{
    struct prompt_line line = {.help = "the SQLite file; `dynlog status` names a running dynlog's",
                               .initial = ARCHIVE_PATH_DEFAULT};
    enum prompt_end end = cli_prompt_line(&menu->prompt, "Archive", &line, ret);

    if (end == PROMPT_ANSWERED && (*ret)[0] == '\0')
        *ret = ARCHIVE_PATH_DEFAULT;
    *ret_is_there = end == PROMPT_ANSWERED && access(*ret, R_OK) == 0;
    if (end == PROMPT_ANSWERED && !*ret_is_there)
        cli_fail(menu->cli, CLI_FAILED,
                 "There is no archive %s. A running dynlog writes one: `dynlog status` says where.",
                 *ret);
    menu_add_option(words, "--archive", *ret);
    return end;
}

/* EventBridge gives an archive's events to its bus alone, all of a window of time. */
static enum prompt_end replay_bus_archive(const struct menu *menu, struct menu_words *words)
{
    struct prompt_line line = {.help = "of EventBridge; it gives its events to its bus",
                               .initial = REPLAY_BUS_ARCHIVE_DEFAULT};
    const char *name = NULL;
    enum prompt_end end = cli_prompt_line(&menu->prompt, "Archive of the bus", &line, &name);

    menu_add_option(words, "--bus-archive", name);
    menu_add_option(words, "--to", "bus");
    if (end == PROMPT_ANSWERED)
        end = ask_times(menu, words);
    if (end != PROMPT_ANSWERED)
        return end;
    menu_add_target(menu, words, false);
    menu_run_words(menu, words);
    return PROMPT_ANSWERED;
}

enum prompt_end menu_replay(const struct menu *menu)
{
    static const struct prompt_choice sources[] = {
        {"db", "a SQLite archive: ./db, or another file"},
        {"bus-archive", "an archive of the bus"},
        {"change-stream", "what was written in the last 24 hours"},
        {"table", "the log itself"},
    };
    struct menu_words words = menu_words("replay");
    const char *log = NULL, *type = NULL, *archive = NULL;
    bool is_there = true;
    size_t at = 0;
    enum prompt_end end =
        cli_prompt_select(&menu->prompt, "Replay from", sources, ARRAY_COUNT(sources), &at);

    if (end != PROMPT_ANSWERED)
        return end;
    menu_add_option(&words, "--from", sources[at].text);
    if (at == 1)
        return replay_bus_archive(menu, &words);
    if (at == 0)
        end = ask_archive(menu, &words, &archive, &is_there);
    if (!is_there)
        return PROMPT_ANSWERED;
    if (end == PROMPT_ANSWERED)
        end = ask_sink(menu, &words);
    if (end == PROMPT_ANSWERED)
        end = ask_times(menu, &words);
    if (end == PROMPT_ANSWERED)
        end = ask_name(menu, "Log", archive, NULL, &log);
    if (end == PROMPT_ANSWERED)
        end = ask_name(menu, "Type", archive, log, &type);
    if (end != PROMPT_ANSWERED)
        return end;
    menu_add_option(&words, "--log", log);
    menu_add_option(&words, "--type", type);
    menu_add_target(menu, &words, true);
    menu_run_words(menu, &words);
    return PROMPT_ANSWERED;
}
