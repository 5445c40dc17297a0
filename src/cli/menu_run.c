/* cli/menu_run.c - a command line that is put together by answers, shown, and run by this same
 * program as a child.
 *
 * While a child has the terminal the menu waits for it and for nothing else: Ctrl-C is the child's
 * alone, and SIGTERM for the menu ends the child first, so that whatever it did to the terminal it
 * undoes itself. */
#include "base/clock.h"
#include "cli/menu.h"
#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#define SELF "/proc/self/exe"
#define UP_WAIT_MS 30000 /* a start that brings an old store up to date takes a while */
#define UP_LOOK_MS 100

/* ---- words ---- */

struct menu_words menu_words(const char *command)
{
    struct menu_words words = {.words = {"dynlog"}, .count = 1};

    menu_add(&words, command);
    return words;
}

void menu_add(struct menu_words *words, const char *word)
{
    assert(words->count < MENU_WORDS_MAX);
    words->words[words->count++] = word;
    words->words[words->count] = NULL;
}

void menu_add_option(struct menu_words *words, const char *name, const char *value)
{
    if (value == NULL || value[0] == '\0')
        return;
    menu_add(words, name);
    menu_add(words, value);
}

void menu_add_target(const struct menu *menu, struct menu_words *words, bool with_table)
{
    menu_add_option(words, "--endpoint", menu->target.endpoint);
    menu_add_option(words, "--region", menu->target.region);
    menu_add_option(words, "--profile", menu->target.profile);
    if (!with_table)
        return;
    menu_add_option(words, "--stage", menu->target.stage);
    menu_add_option(words, "--table", menu->target.table);
}

static bool is_plain_word(const char *word)
{
    return word[0] != '\0' &&
           word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                             "-_./:=,@%+")] == '\0';
}

/* $ dynlog fake 100 --stage 'a b' */
static void show(const struct menu *menu, const struct menu_words *words)
{
    const struct cli *cli = menu->cli;

    fprintf(cli->out, "%s$", cli_paint(cli, cli->out, CLI_CYAN));
    for (size_t i = 0; i < words->count; i++) {
        const char *word = words->words[i];

        if (is_plain_word(word)) {
            fprintf(cli->out, " %s", word);
            continue;
        }
        fputs(" '", cli->out);
        for (; *word != '\0'; word++)
            fputs(*word == '\'' ? "'\\''" : (const char[]){*word, '\0'}, cli->out);
        fputc('\'', cli->out);
    }
    fprintf(cli->out, "%s\n", cli_paint(cli, cli->out, CLI_PLAIN));
    fflush(cli->out);
}

/* ---- in this terminal ---- */

static volatile sig_atomic_t child_pid, ending_signal;

bool menu_is_over(void)
{
    return ending_signal != 0;
}

static void pass_on(int number)
{
    ending_signal = number;
    if (child_pid > 0)
        kill((pid_t)child_pid, SIGTERM);
}

static pid_t start(const struct menu_words *words, const posix_spawn_file_actions_t *actions,
                   short flags)
{
    posix_spawnattr_t attributes;
    sigset_t signals;
    pid_t pid = -1;
    int error = 0;

    posix_spawnattr_init(&attributes);
    sigfillset(&signals);
    posix_spawnattr_setsigdefault(&attributes, &signals);
    posix_spawnattr_setflags(&attributes, (short)(POSIX_SPAWN_SETSIGDEF | flags));
    error = posix_spawn(&pid, SELF, actions, &attributes, (char *const *)(uintptr_t)words->words,
                        environ);
    posix_spawnattr_destroy(&attributes);
    return error == 0 ? pid : -1;
}

int menu_run_words(const struct menu *menu, const struct menu_words *words)
{
    static const int numbers[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP};
    struct sigaction before[ARRAY_COUNT(numbers)];
    int how = 0;
    pid_t pid = -1;

    show(menu, words);
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) { /* the first two: those of the keyboard */
        struct sigaction action = {.sa_handler = i < 2 ? SIG_IGN : pass_on};

        sigaction(numbers[i], &action, &before[i]);
    }
    pid = start(words, NULL, 0);
    child_pid = pid;
    if (menu_is_over() && pid > 0)
        kill(pid, SIGTERM); /* it came before there was a child */
    while (pid > 0 && waitpid(pid, &how, 0) < 0 && errno == EINTR)
        ;
    child_pid = 0;
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++)
        sigaction(numbers[i], &before[i], NULL);
    if (pid < 0)
        return cli_fail(menu->cli, CLI_FAILED, "The command can't be run: %s.", strerror(errno));
    return WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
}

/* ---- apart ---- */

bool menu_run_apart(const struct menu *menu, const struct menu_words *words, const char *log_path,
                    bool (*is_up)(const struct menu *menu))
{
    posix_spawn_file_actions_t actions;
    uint64_t end_ns = clock_monotonic_ns() + (uint64_t)UP_WAIT_MS * 1000000;
    int how = 0;
    pid_t pid = -1;

    show(menu, words);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log_path,
                                     O_WRONLY | O_CREAT | O_TRUNC, 0644);
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    pid = start(words, &actions, POSIX_SPAWN_SETSID); /* the terminal's Ctrl-C is none of its */
    posix_spawn_file_actions_destroy(&actions);
    while (pid > 0 && waitpid(pid, &how, WNOHANG) == 0) {
        if (is_up(menu))
            return true;
        if (clock_monotonic_ns() > end_ns)
            break;
        poll(NULL, 0, UP_LOOK_MS);
    }
    cli_fail(menu->cli, CLI_FAILED, "It did not start; %s says why.", log_path);
    return false;
}
