/* cli/completion.c - dynlog completion: what bash, zsh and fish complete, made from the table of
 * commands. The scripts need no dynlog to complete.
 *
 * What a value is, its name says: FILE and DIR are completed as such, COMMAND and SHELL from their
 * lists; of all others nothing is known. Apostrophes never stand within the texts of the scripts:
 * they are left out of what is shown. */
#include "cli/output.h"

struct completion_options {
    const char *shell;
};

static const struct argument_row arguments[] = {
    {"SHELL", "bash, zsh or fish", offsetof(struct completion_options, shell), false},
};

enum word_kind { WORD_ANY, WORD_FILE, WORD_FOLDER, WORD_COMMAND, WORD_SHELL };

#define SHELLS "bash zsh fish"

static enum word_kind kind_of(const char *value_name)
{
    static const struct {
        const char *name;
        enum word_kind kind;
    } kinds[] = {
        {"FILE", WORD_FILE},
        {"DIR", WORD_FOLDER},
        {"COMMAND", WORD_COMMAND},
        {"SHELL", WORD_SHELL},
    };

    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++)
        if (strcmp(kinds[i].name, value_name) == 0)
            return kinds[i].kind;
    return WORD_ANY;
}

/* A text between apostrophes: without those, and with a backslash before each of `escaped`. */
static void put_quoted(FILE *out, const char *text, const char *escaped)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            continue;
        if (strchr(escaped, *text) != NULL)
            fputc('\\', out);
        fputc(*text, out);
    }
}

static void put_names(FILE *out)
{
    size_t count = 0;
    const struct command *const *all = cli_commands(&count);

    for (size_t i = 0; i < count; i++)
        fprintf(out, "%s%s", i > 0 ? " " : "", all[i]->name);
}

/* ---- bash ---- */

/* The words after which a value of a kind follows: "--config|-c". */
static size_t put_bash_words(FILE *out, const struct option_table *table, enum word_kind kind)
{
    size_t count = 0;

    for (size_t i = 0; i < table->option_count; i++) {
        const struct option_row *row = &table->options[i];

        if (row->kind == OPTION_REFUSED || row->kind == OPTION_FLAG ||
            kind_of(row->value_name) != kind)
            continue;
        fprintf(out, "%s--%s", count++ > 0 ? "|" : "        ", row->name);
        if (row->letter != '\0')
            fprintf(out, "|-%c", row->letter);
    }
    return count;
}

static const char *bash_values(enum word_kind kind)
{
    static const char *const values[] = {
        [WORD_ANY] = "return",
        [WORD_FILE] = "_dynlog_files -f; return",
        [WORD_FOLDER] = "_dynlog_files -d; return",
        [WORD_COMMAND] = "words=$commands",
        [WORD_SHELL] = "words='" SHELLS "'",
    };

    return values[kind];
}

static void put_bash_command(FILE *out, const struct command *command)
{
    const struct option_table *table = &command->options;

    fprintf(out, "    %s)\n", command->name);
    fprintf(out, "        case $previous in\n");
    for (int kind = WORD_ANY; kind <= WORD_SHELL; kind++)
        if (put_bash_words(out, table, (enum word_kind)kind) > 0)
            fprintf(out, ") %s ;;\n", bash_values((enum word_kind)kind));
    fprintf(out, "        esac\n        options='--help");
    for (size_t i = 0; i < table->option_count; i++)
        if (table->options[i].kind != OPTION_REFUSED)
            fprintf(out, " --%s", table->options[i].name);
    fprintf(out, "'\n");
    for (size_t i = 0; i < table->argument_count; i++) {
        enum word_kind kind = kind_of(table->arguments[i].name);

        if (kind != WORD_ANY)
            fprintf(out, "        [[ $current == -* ]] || { %s; }\n", bash_values(kind));
    }
    fprintf(out, "        ;;\n");
}

static void print_bash(FILE *out)
{
    size_t count = 0;
    const struct command *const *all = cli_commands(&count);

    fputs("# bash completion of dynlog, made by: dynlog completion bash\n"
          "_dynlog_files() {\n"
          "    compopt -o filenames 2>/dev/null\n"
          "    mapfile -t COMPREPLY < <(compgen \"$1\" -- \"$current\")\n"
          "}\n\n"
          "_dynlog() {\n"
          "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
          "    local commands='",
          out);
    put_names(out);
    fputs("' options='' words=''\n\n"
          "    COMPREPLY=()\n"
          "    if ((COMP_CWORD == 1)); then\n"
          "        mapfile -t COMPREPLY < <(compgen -W \"$commands --help --version\" -- "
          "\"$current\")\n"
          "        return\n"
          "    fi\n"
          "    case ${COMP_WORDS[1]} in\n",
          out);
    for (size_t i = 0; i < count; i++)
        put_bash_command(out, all[i]);
    fputs("    esac\n"
          "    [[ $current == -* ]] && words=$options\n"
          "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
          "}\n\n"
          "complete -F _dynlog dynlog\n",
          out);
}

/* ---- zsh ---- */

static void put_zsh_values(FILE *out, const char *value_name, bool is_argument)
{
    switch (kind_of(value_name)) {
    case WORD_FILE:
        fputs("_files", out);
        break;
    case WORD_FOLDER:
        fputs("_files -/", out);
        break;
    case WORD_COMMAND:
        fputs("(", out);
        put_names(out);
        fputs(")", out);
        break;
    case WORD_SHELL:
        fputs("(" SHELLS ")", out);
        break;
    case WORD_ANY: /* a message: nothing is offered */
        fputs(is_argument ? " _dynlog_word " : " ", out);
        if (is_argument)
            put_quoted(out, value_name, ":\\");
        break;
    }
}

static void put_zsh_option(FILE *out, const struct option_row *row)
{
    bool takes = row->kind != OPTION_FLAG;

    if (row->letter != '\0')
        fprintf(out, "            {-%c,--%s%s}'", row->letter, row->name, takes ? "=" : "");
    else
        fprintf(out, "            '%s--%s%s", row->kind == OPTION_TEXTS ? "*" : "", row->name,
                takes ? "=" : "");
    fputc('[', out);
    put_quoted(out, row->help, "[]\\:");
    fputc(']', out);
    if (takes) {
        fputc(':', out);
        put_quoted(out, row->value_name, ":\\");
        fputc(':', out);
        put_zsh_values(out, row->value_name, false);
    }
    fputs("' \\\n", out);
}

static void put_zsh_command(FILE *out, const struct command *command)
{
    const struct option_table *table = &command->options;

    fprintf(out, "    %s)\n        _arguments -s \\\n", command->name);
    for (size_t i = 0; i < table->option_count; i++)
        if (table->options[i].kind != OPTION_REFUSED)
            put_zsh_option(out, &table->options[i]);
    for (size_t i = 0; i < table->argument_count; i++) {
        fprintf(out, "            '%zu%s:", i + 1, table->arguments[i].optional ? ":" : "");
        put_quoted(out, table->arguments[i].name, ":\\");
        fputc(':', out);
        put_zsh_values(out, table->arguments[i].name, true);
        fputs("' \\\n", out);
    }
    fputs("            {-h,--help}'[print this]'\n        ;;\n", out);
}

static void print_zsh(FILE *out)
{
    size_t count = 0;
    const struct command *const *all = cli_commands(&count);

    fputs("#compdef dynlog\n"
          "# zsh completion of dynlog, made by: dynlog completion zsh\n\n"
          "_dynlog_word() { # a message where an option begins would keep that from being put in\n"
          "    [[ $PREFIX == -* ]] || _message $1\n"
          "}\n\n"
          "_dynlog() {\n"
          "    local -a commands\n"
          "    commands=(\n",
          out);
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "        '%s:", all[i]->name);
        put_quoted(out, all[i]->summary, "\\:");
        fputs("'\n", out);
    }
    fputs("    )\n"
          "    if ((CURRENT == 2)); then\n"
          "        _describe -t commands command commands\n"
          "        return\n"
          "    fi\n"
          "    local command=$words[2]\n"
          "    shift words\n"
          "    ((CURRENT--))\n"
          "    case $command in\n",
          out);
    for (size_t i = 0; i < count; i++)
        put_zsh_command(out, all[i]);
    fputs("    esac\n"
          "}\n\n"
          "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then\n"
          "    _dynlog \"$@\"\n"
          "else\n"
          "    compdef _dynlog dynlog\n"
          "fi\n",
          out);
}

/* ---- fish ---- */

static void put_fish_values(FILE *out, const char *value_name)
{
    switch (kind_of(value_name)) {
    case WORD_FILE:
        fputs(" -F", out);
        break;
    case WORD_FOLDER:
        fputs(" -a '(__fish_complete_directories)'", out);
        break;
    case WORD_COMMAND:
        fputs(" -a '", out);
        put_names(out);
        fputs("'", out);
        break;
    case WORD_SHELL:
        fputs(" -a '" SHELLS "'", out);
        break;
    case WORD_ANY:
        break;
    }
}

static void put_fish_command(FILE *out, const struct command *command)
{
    const struct option_table *table = &command->options;

    fprintf(out, "complete -c dynlog -n __fish_use_subcommand -a %s -d '", command->name);
    put_quoted(out, command->summary, "\\");
    fputs("'\n", out);
    for (size_t i = 0; i < table->option_count; i++) {
        const struct option_row *row = &table->options[i];

        if (row->kind == OPTION_REFUSED)
            continue;
        fprintf(out, "complete -c dynlog -n '__fish_seen_subcommand_from %s' -l %s", command->name,
                row->name);
        if (row->letter != '\0')
            fprintf(out, " -s %c", row->letter);
        if (row->kind != OPTION_FLAG) {
            fputs(kind_of(row->value_name) == WORD_FILE ? " -r" : " -x", out);
            put_fish_values(out, row->value_name);
        }
        fputs(" -d '", out);
        put_quoted(out, row->help, "\\");
        fputs("'\n", out);
    }
    for (size_t i = 0; i < table->argument_count; i++) {
        if (kind_of(table->arguments[i].name) == WORD_ANY)
            continue;
        fprintf(out, "complete -c dynlog -n '__fish_seen_subcommand_from %s'", command->name);
        put_fish_values(out, table->arguments[i].name);
        fputc('\n', out);
    }
}

static void print_fish(FILE *out)
{
    size_t count = 0;
    const struct command *const *all = cli_commands(&count);

    fputs("# fish completion of dynlog, made by: dynlog completion fish\n"
          "complete -c dynlog -f\n"
          "complete -c dynlog -s h -l help -d 'print help'\n",
          out);
    for (size_t i = 0; i < count; i++)
        put_fish_command(out, all[i]);
}

/* ---- the command ---- */

static int completion_run(struct cli *cli, const void *given)
{
    const struct completion_options *on = given;

    if (strcmp(on->shell, "bash") == 0)
        print_bash(cli->out);
    else if (strcmp(on->shell, "zsh") == 0)
        print_zsh(cli->out);
    else if (strcmp(on->shell, "fish") == 0)
        print_fish(cli->out);
    else
        return cli_fail_usage(cli, "SHELL is bash, zsh or fish, not \"%s\".", on->shell);
    return CLI_DONE;
}

const struct command command_completion = {
    .name = "completion",
    .group = COMMAND_MORE,
    .summary = "print a script with which bash, zsh or fish complete",
    .description = "An installed dynlog has brought them along. Else: in bash, `source` what is "
                   "printed, in ~/.bashrc; in zsh, write it to a file _dynlog in a folder of "
                   "$fpath; in fish, to ~/.config/fish/completions/dynlog.fish.",
    .example = "source <(dynlog completion bash)\n"
               "dynlog completion zsh > ~/.zfunc/_dynlog\n"
               "dynlog completion fish > ~/.config/fish/completions/dynlog.fish",
    .options = {NULL, 0, arguments, ARRAY_COUNT(arguments)},
    .options_size = sizeof(struct completion_options),
    .run = completion_run,
};
