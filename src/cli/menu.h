/* cli/menu.h - what the files of `dynlog menu` share: a command line that is put together by
 * answers, and run. */
#ifndef DYNLOG_CLI_MENU_H
#define DYNLOG_CLI_MENU_H

#include "cli/client.h"
#include "cli/prompt.h"

#define MENU_WORDS_MAX 48

struct menu {
    struct cli *cli;
    struct prompt prompt;
    struct target_options target; /* as the menu was told; NULL: not said */
};

/* "dynlog" and what follows; texts live as long as the menu. */
struct menu_words {
    const char *words[MENU_WORDS_MAX + 1]; /* NULL behind the last */
    size_t count;
};

struct menu_words menu_words(const char *command);
void menu_add(struct menu_words *words, const char *word);
/* --name VALUE; nothing when the value is NULL or empty. */
void menu_add_option(struct menu_words *words, const char *name, const char *value);
/* Who is asked, as the menu was told; with_table: and which table of logs. */
void menu_add_target(const struct menu *menu, struct menu_words *words, bool with_table);

/* Shows the command line, as a person would type it, and runs it in this terminal until it ends;
 * Ctrl-C is its own. Returns its exit status, 128 and more: of a signal. */
int menu_run_words(const struct menu *menu, const struct menu_words *words);
/* Runs it apart from this terminal, its lines into a file; true when it is still there after it
 * could have failed: `is_up` was asked until it said so. */
bool menu_run_apart(const struct menu *menu, const struct menu_words *words, const char *log_path,
                    bool (*is_up)(const struct menu *menu));
/* True when a signal asked the menu to end while a command ran. */
bool menu_is_over(void);

/* The entries; each asks, and runs. PROMPT_QUIT: the person wants out. */
enum prompt_end menu_start(const struct menu *menu);
enum prompt_end menu_fake(const struct menu *menu);
enum prompt_end menu_replay(const struct menu *menu);
enum prompt_end menu_query(const struct menu *menu);
enum prompt_end menu_clean(const struct menu *menu);

/* "local or AWS?", with its region, and with_table: its stage. */
enum prompt_end menu_ask_target(const struct menu *menu, const char *title, bool with_table,
                                struct menu_words *words);

#endif
