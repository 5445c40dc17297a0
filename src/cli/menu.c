/* cli/menu.c - dynlog menu: what there is to do, to choose from. Everything it does is a command
 * that it shows before it runs it. */
#include "cli/menu.h"

#include "cli/output.h"

struct menu_options {
    struct target_options target;
};

static const struct option_row options[] = {
    TARGET_TABLE_OPTIONS(struct menu_options),
    TARGET_OPTIONS(struct menu_options),
};

/* A command without a question. */
static enum prompt_end run_alone(const struct menu *menu, const char *name, bool with_table)
{
    struct menu_words words = menu_words(name);

    menu_add_target(menu, &words, with_table);
    menu_run_words(menu, &words);
    return PROMPT_ANSWERED;
}

static enum prompt_end menu_tail(const struct menu *menu)
{
    return run_alone(menu, "tail", true);
}

static enum prompt_end menu_status(const struct menu *menu)
{
    return run_alone(menu, "status", false);
}

static enum prompt_end menu_doctor(const struct menu *menu)
{
    struct menu_words words = menu_words("doctor");

    menu_run_words(menu, &words);
    return PROMPT_ANSWERED;
}

static enum prompt_end menu_exit(const struct menu *menu)
{
    (void)menu;
    return PROMPT_QUIT;
}

static const struct entry {
    const char *text, *hint;
    enum prompt_end (*run)(const struct menu *menu);
} entries[] = {
    {"Start offline", "run dynlog here, with Node.js or Python", menu_start},
    {"Create fake data", "users who do not exist", menu_fake},
    {"Replay", "send archived events once more", menu_replay},
    {"Query", "look into a table", menu_query},
    {"Follow the log", "events as they are written, until Ctrl-C", menu_tail},
    {"Status", "what a running dynlog has and does", menu_status},
    {"Doctor", "look whether everything is there", menu_doctor},
    {"Clean up", "stop, and delete the data", menu_clean},
    {"Exit", NULL, menu_exit},
};

/* Escape in the list itself is as Exit; in an entry's questions it leads back to the list. */
static int menu_loop(const struct menu *menu)
{
    struct prompt_choice choices[ARRAY_COUNT(entries)];
    size_t at = 0;

    for (size_t i = 0; i < ARRAY_COUNT(entries); i++)
        choices[i] = (struct prompt_choice){entries[i].text, entries[i].hint};
    while (!menu_is_over()) {
        enum prompt_end end =
            cli_prompt_select(&menu->prompt, "What", choices, ARRAY_COUNT(choices), &at);

        if (end == PROMPT_ANSWERED)
            end = entries[at].run(menu);
        else
            break;
        if (end == PROMPT_QUIT)
            break;
    }
    return CLI_DONE;
}

static int menu_run(struct cli *cli, const void *given)
{
    const struct menu_options *on = given;
    struct menu menu = {.cli = cli, .prompt = cli_prompt(cli), .target = on->target};
    struct target target;
    char message[TARGET_MESSAGE_SIZE] = "";

    if (target_resolve(cli->arena, &on->target, &target, message) != OK)
        return cli_fail_usage(cli, "%s", message);
    fprintf(cli->out, "%sdynlog %s%s, asking %s\n", cli_paint(cli, cli->out, CLI_BOLD),
            DYNLOG_VERSION, cli_paint(cli, cli->out, CLI_PLAIN), target.url);
    return menu_loop(&menu);
}

const struct command command_menu = {
    .name = "menu",
    .group = COMMAND_MORE,
    .summary = "choose what to do from a list",
    .description =
        "Start offline, create fake data, replay, query, clean up: each asks what it needs, shows "
        "the command, and runs it. Arrow keys and Enter, or letters of an entry; Escape leads "
        "back. In a plain terminal entries have numbers.",
    .example = "dynlog menu\n"
               "dynlog menu --endpoint http://127.0.0.1:8001",
    .options = {options, ARRAY_COUNT(options), NULL, 0},
    .options_size = sizeof(struct menu_options),
    .run = menu_run,
};
