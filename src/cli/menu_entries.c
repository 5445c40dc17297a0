/* cli/menu_entries.c - the menu's entries: what each asks before it runs a command. */
#include "cli/menu.h"
#include "cli/output.h"
#include "cli/server_door.h"
#include "functions/interpreter.h"
#include "stack/stack.h"

#include <glob.h>
#include <stdlib.h>

#define STACK_FILES_MAX 30
#define LOG_PATH "dynlog.log"

/* ---- which stack ---- */

/* "Node.js", "Python", "Node.js and Python", or what is wrong with the file; in the arena. */
static const char *stack_hint(struct arena *arena, const char *path)
{
    struct stack_options options = {.path = path, .account = "000000000000"};
    const struct stack *stack = NULL;
    struct stack_error error = {0};
    bool node = false, python = false;

    if (stack_load(arena, &options, &stack, &error) != OK)
        return "can't be read";
    for (size_t i = 0; i < stack->function_count; i++) {
        enum runtime_kind kind = runtime_kind_of(stack->functions[i].runtime);

        node |= kind == RUNTIME_NODE;
        python |= kind == RUNTIME_PYTHON;
    }
    if (node && python)
        return "Node.js and Python";
    if (node || python)
        return node ? "Node.js" : "Python";
    return "no functions in Node.js or Python";
}

/* The stack files of this folder; the first choice is to have none. */
static size_t find_stacks(struct arena *arena, struct prompt_choice *choices)
{
    glob_t found = {0};
    size_t count = 0;

    choices[count++] = (struct prompt_choice){"without a stack file", "two tables and a bus"};
    glob("serverless*.y*ml", 0, NULL, &found);
    glob("serverless*.json", GLOB_APPEND, NULL, &found);
    glob("template.y*ml", GLOB_APPEND, NULL, &found);
    glob("template.json", GLOB_APPEND, NULL, &found);
    for (size_t i = 0; i < found.gl_pathc && count < STACK_FILES_MAX; i++) {
        const char *path = arena_copy_text(arena, bytes_of_text(found.gl_pathv[i]));

        choices[count++] = (struct prompt_choice){path, stack_hint(arena, path)};
    }
    globfree(&found);
    return count;
}

/* Node.js or Python: a stack file says which. One that stands here is likelier than none. */
static enum prompt_end ask_stack(const struct menu *menu, struct menu_words *words)
{
    struct prompt_choice choices[STACK_FILES_MAX];
    size_t count = find_stacks(menu->cli->arena, choices), at = count > 1 ? 1 : 0;
    enum prompt_end end =
        cli_prompt_select(&menu->prompt, "Start offline with", choices, count, &at);

    if (end == PROMPT_ANSWERED && at > 0)
        menu_add_option(words, "--config", choices[at].text);
    return end;
}

/* ---- start ---- */

static bool is_up(const struct menu *menu)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct target target;
    char message[TARGET_MESSAGE_SIZE] = "";
    const struct json *status = NULL;
    struct client_answer answer = {0};

    if (target_resolve(arena, &menu->target, &target, message) != OK)
        return false;

    AUTO(client_release) struct client *client = client_new(&target);

    return cli_server_ask_status(client, arena, &status, &answer) == OK;
}

/* Where the menu looks for it: "8001" of http://127.0.0.1:8001; NULL: the default, or elsewhere. */
static const char *own_port(const struct menu *menu)
{
    struct target *target = ARENA_NEW(menu->cli->arena, struct target);
    char message[TARGET_MESSAGE_SIZE] = "";
    const char *port = NULL;

    if (target_resolve(menu->cli->arena, &menu->target, target, message) != OK ||
        !target->is_this_machine || strcmp(target->url, TARGET_ENDPOINT_DEFAULT) == 0)
        return NULL;
    port = strrchr(target->url, ':');
    return port != NULL && port[1] >= '0' && port[1] <= '9' ? port + 1 : NULL;
}

enum prompt_end menu_start(const struct menu *menu)
{
    static const struct prompt_choice places[] = {
        {"apart", "its lines go into " LOG_PATH "; stop it with clean up"},
        {"in this terminal", "until Ctrl-C"},
    };
    struct menu_words words = menu_words("start");
    size_t at = 0;
    enum prompt_end end = PROMPT_ANSWERED;

    if (is_up(menu)) {
        fprintf(menu->cli->out, "A dynlog runs already.\n");
        return PROMPT_ANSWERED;
    }
    end = ask_stack(menu, &words);
    menu_add_option(&words, "--stage", menu->target.stage);
    menu_add_option(&words, "--port", own_port(menu));
    if (end == PROMPT_ANSWERED)
        end = cli_prompt_select(&menu->prompt, "Where", places, ARRAY_COUNT(places), &at);
    if (end != PROMPT_ANSWERED)
        return end;
    if (at == 1)
        menu_run_words(menu, &words);
    else if (menu_run_apart(menu, &words, LOG_PATH, is_up))
        fprintf(menu->cli->out, "It runs; its lines go into " LOG_PATH ".\n");
    return PROMPT_ANSWERED;
}

/* ---- local or AWS ---- */

static const char *environment_region(void)
{
    const char *region = getenv("AWS_REGION");

    if (region == NULL || region[0] == '\0')
        region = getenv("AWS_DEFAULT_REGION");
    return region != NULL && region[0] != '\0' ? region : "us-east-1";
}

enum prompt_end menu_ask_target(const struct menu *menu, const char *title, bool with_table,
                                struct menu_words *words)
{
    static const struct prompt_choice choices[] = {
        {"local", "the dynlog that the menu was told of"},
        {"AWS", "with your keys"},
    };
    static const char *const stages[] = {"dev", "prod"};
    struct prompt_line region = {.help = "for example eu-north-1", .initial = environment_region()};
    struct prompt_line stage = {.help = "the table is STAGE-dynamodb-logs",
                                .initial = "dev",
                                .suggestions = stages,
                                .suggestion_count = ARRAY_COUNT(stages)};
    const char *region_text = NULL, *stage_text = NULL;
    size_t at = 0;
    enum prompt_end end =
        cli_prompt_select(&menu->prompt, title, choices, ARRAY_COUNT(choices), &at);

    if (end != PROMPT_ANSWERED)
        return end;
    if (at == 0) {
        menu_add_target(menu, words, with_table);
        return PROMPT_ANSWERED;
    }
    end = cli_prompt_line(&menu->prompt, "Region", &region, &region_text);
    if (end == PROMPT_ANSWERED && with_table)
        end = cli_prompt_line(&menu->prompt, "Stage", &stage, &stage_text);
    menu_add_option(words, "--region", region_text);
    menu_add_option(words, "--stage", stage_text);
    return end;
}

/* ---- fake data ---- */

enum prompt_end menu_fake(const struct menu *menu)
{
    struct menu_words words = menu_words("fake");
    struct prompt_line users = {.help = "each has four events", .initial = "100"};
    const char *count = NULL;
    enum prompt_end end = cli_prompt_line(&menu->prompt, "How many users", &users, &count);

    if (end != PROMPT_ANSWERED)
        return end;
    if (count[0] != '\0')
        menu_add(&words, count);
    end = menu_ask_target(menu, "For", true, &words);
    if (end == PROMPT_ANSWERED)
        menu_run_words(menu, &words);
    return end;
}

/* ---- query ---- */

enum prompt_end menu_query(const struct menu *menu)
{
    struct menu_words words = menu_words("query");
    enum prompt_end end = menu_ask_target(menu, "Query", false, &words);

    if (end == PROMPT_ANSWERED)
        menu_run_words(menu, &words);
    return end;
}

/* ---- clean up ---- */

/* `clean` says itself what will go, and asks. */
enum prompt_end menu_clean(const struct menu *menu)
{
    struct menu_words stop = menu_words("stop"), clean = menu_words("clean");
    bool yes = false;
    enum prompt_end end = PROMPT_ANSWERED;

    if (is_up(menu)) {
        end = cli_prompt_confirm(&menu->prompt, "Stop the running dynlog?", &yes);
        if (end != PROMPT_ANSWERED)
            return end;
        menu_add_option(&stop, "--endpoint", menu->target.endpoint);
        if (!yes || menu_run_words(menu, &stop) != CLI_DONE)
            return PROMPT_ANSWERED;
    }
    yes = false;
    end = cli_prompt_confirm(&menu->prompt, "Delete the data and the archive, too?", &yes);
    if (end != PROMPT_ANSWERED || !yes)
        return end;
    if (menu->prompt.plain) /* there it can't ask for itself */
        menu_add(&clean, "--yes");
    menu_run_words(menu, &clean);
    return PROMPT_ANSWERED;
}
