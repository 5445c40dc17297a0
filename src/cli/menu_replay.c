/* cli/menu_replay.c - the menu's replay: from which archive, where to, of which time, logs and
 * types - chosen from what is there. */
#include "cli/menu.h"
#include "cli/output.h"
#include "cli/program.h"

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

/* What the SQLite archive has: `member` of each line of `archive list`; of one log when it is not
 * NULL. None when there is no archive to read. */
static void read_names(const struct menu *menu, const char *member, const char *log,
                       struct names *names)
{
    const char *arguments[] = {
        "/proc/self/exe", "archive", "list", "--json", log != NULL ? "--log" : NULL, log, NULL};
    struct arena *arena = menu->cli->arena;
    struct bytes rest = {NULL, 0};

    *names = (struct names){.choices = {{.text = "all"}}, .count = 1};
    if (cli_program_ask(arena, arguments, &rest) != OK)
        return;
    while (rest.size > 0) {
        struct bytes line = bytes_slice(rest, 0, bytes_find_byte(rest, '\n', 0));
        const struct json *json = NULL;

        if (json_parse(arena, line, &json, NULL) == OK)
            add_name(arena, names, json_string(json_get(json, member)));
        rest = bytes_slice(rest, line.size + 1, rest.size);
    }
}

/* *ret NULL: all of them. */
static enum prompt_end ask_name(const struct menu *menu, const char *title, const char *member,
                                const char *log, const char **ret)
{
    struct names *names = ARENA_NEW(menu->cli->arena, struct names);
    size_t at = 0;
    enum prompt_end end = PROMPT_ANSWERED;

    read_names(menu, member, log, names);
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

static enum prompt_end ask_sink(const struct menu *menu, struct menu_words *words)
{
    static const struct prompt_choice sinks[] = {
        {"bus", "the rules of the bus get them again"},
        {"table", "what is there already is skipped"},
        {"function", "as a rule would hand them over"},
    };
    struct prompt_line line = {.help = "a table that is not there is made; nothing: the log's own"};
    struct prompt_line function = {.help = "its name, or its key in the stack file"};
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
        end = cli_prompt_line(&menu->prompt, "Function", &function, &name);
    menu_add_option(words, at == 1 ? "--to-table" : "--function", name);
    if (at == 1 && name != NULL && name[0] != '\0')
        menu_add(words, "--create");
    return end;
}

enum prompt_end menu_replay(const struct menu *menu)
{
    static const struct prompt_choice sources[] = {
        {"db", "the SQLite archive of this folder"},
        {"bus-archive", "an archive of the bus"},
        {"change-stream", "what was written in the last 24 hours"},
        {"table", "the log itself"},
    };
    struct menu_words words = menu_words("replay");
    const char *log = NULL, *type = NULL;
    size_t at = 0;
    enum prompt_end end =
        cli_prompt_select(&menu->prompt, "Replay from", sources, ARRAY_COUNT(sources), &at);

    if (end != PROMPT_ANSWERED)
        return end;
    menu_add_option(&words, "--from", sources[at].text);
    end = ask_sink(menu, &words);
    if (end == PROMPT_ANSWERED)
        end = ask_times(menu, &words);
    if (end == PROMPT_ANSWERED)
        end = ask_name(menu, "Log", "log", NULL, &log);
    if (end == PROMPT_ANSWERED)
        end = ask_name(menu, "Type", "type", log, &type);
    if (end != PROMPT_ANSWERED)
        return end;
    menu_add_option(&words, "--log", log);
    menu_add_option(&words, "--type", type);
    menu_add_target(menu, &words, true);
    menu_run_words(menu, &words);
    return PROMPT_ANSWERED;
}
