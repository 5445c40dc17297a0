/* cli/completion.c - dynlog completion: what bash, zsh and fish complete, made from the table of
 * commands. Options and commands are in the scripts; for names of logs, tables, functions and
 * groups they ask `dynlog completion --values`.
 *
 * What a value is, the option's name or the value's says; of all others nothing is known.
 * Apostrophes never stand within the texts of the scripts: they are left out of what is shown. */
#include "cli/completion.h"

#include "cli/output.h"

struct completion_options {
    const char *shell, *values;
    struct option_texts words;
};

static const struct argument_row arguments[] = {
    {"SHELL", "bash, zsh or fish", offsetof(struct completion_options, shell), true},
    {"WORD...", "with --values: the command line so far, which says who is asked",
     offsetof(struct completion_options, words), true},
};

static const struct option_row options[] = {
    {.name = "values",
     .kind = OPTION_TEXT,
     .value_name = "KIND",
     .help = "for the scripts: print the names of the logs, tables, functions or groups of a "
             "dynlog, one a line",
     .offset = offsetof(struct completion_options, values)},
};

#define SHELLS "bash zsh fish"

const char *const completion_values[COMPLETION_VALUES_COUNT] = {"logs", "tables", "functions",
                                                                "groups"};

enum word_kind {
    WORD_ANY,
    WORD_FILE,
    WORD_FOLDER,
    WORD_COMMAND,
    /* one of a few */
    WORD_SHELL,
    WORD_ACTION,
    WORD_SOURCE,
    WORD_SINK,
    WORD_START,
    WORD_NOW,
    WORD_KIND,
    /* what there is */
    WORD_LOG,
    WORD_TABLE,
    WORD_FUNCTION,
    WORD_GROUP,
    WORD_KINDS
};

/* The words of a kind, with blanks between; NULL: they are not these. */
static const char *words_of(enum word_kind kind)
{
    static const char *const words[WORD_KINDS] = {
        [WORD_SHELL] = SHELLS,
        [WORD_ACTION] = "list show export import prune",
        [WORD_SOURCE] = "db bus-archive change-stream table",
        [WORD_SINK] = "bus table function",
        [WORD_START] = "start now",
        [WORD_NOW] = "now",
        [WORD_KIND] = "logs tables functions groups",
    };

    return words[kind];
}

/* What `dynlog completion --values` is asked for; NULL: nothing. */
static const char *values_of(enum word_kind kind)
{
    static const char *const values[WORD_KINDS] = {
        [WORD_LOG] = "logs",
        [WORD_TABLE] = "tables",
        [WORD_FUNCTION] = "functions",
        [WORD_GROUP] = "groups",
    };

    return values[kind];
}

/* `name`: of the option, or of the argument's command. */
static enum word_kind kind_of(const char *name, const char *value_name)
{
    static const struct {
        const char *name, *value_name; /* name NULL: whatever it is */
        enum word_kind kind;
    } kinds[] = {
        {NULL, "FILE", WORD_FILE},         {NULL, "DIR", WORD_FOLDER},
        {NULL, "COMMAND", WORD_COMMAND},   {NULL, "SHELL", WORD_SHELL},
        {NULL, "ACTION", WORD_ACTION},     {NULL, "SOURCE", WORD_SOURCE},
        {NULL, "SINK", WORD_SINK},         {NULL, "START", WORD_START},
        {NULL, "now", WORD_NOW},           {NULL, "KIND", WORD_KIND},
        {NULL, "LOG", WORD_LOG},           {NULL, "TABLE", WORD_TABLE},
        {NULL, "FUNCTION", WORD_FUNCTION}, {"table", "NAME", WORD_TABLE},
        {"to-table", "NAME", WORD_TABLE},  {"function", "NAME", WORD_FUNCTION},
        {"as", "NAME", WORD_GROUP},        {"group", "NAME", WORD_GROUP},
        {"delete", "NAME", WORD_GROUP},    {"reset", "NAME", WORD_GROUP},
        {"parked", "NAME", WORD_GROUP},    {"unpark", "NAME", WORD_GROUP},
    };

    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++)
        if (strcmp(kinds[i].value_name, value_name) == 0 &&
            (kinds[i].name == NULL || strcmp(kinds[i].name, name) == 0))
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
            kind_of(row->name, row->value_name) != kind)
            continue;
        fprintf(out, "%s--%s", count++ > 0 ? "|" : "        ", row->name);
        if (row->letter != '\0')
            fprintf(out, "|-%c", row->letter);
    }
    return count;
}

static void put_bash_values(FILE *out, enum word_kind kind)
{
    if (words_of(kind) != NULL)
        fprintf(out, "words='%s'", words_of(kind));
    else if (values_of(kind) != NULL)
        fprintf(out, "_dynlog_values %s", values_of(kind));
    else if (kind == WORD_COMMAND)
        fputs("words=$commands", out);
    else if (kind == WORD_ANY)
        fputs("return", out);
    else
        fprintf(out, "_dynlog_files %s; return", kind == WORD_FILE ? "-f" : "-d");
}

static void put_bash_command(FILE *out, const struct command *command)
{
    const struct option_table *table = &command->options;

    fprintf(out, "    %s)\n", command->name);
    fprintf(out, "        case $previous in\n");
    for (int kind = WORD_ANY; kind < WORD_KINDS; kind++) {
        if (put_bash_words(out, table, (enum word_kind)kind) == 0)
            continue;
        fputs(") ", out);
        put_bash_values(out, (enum word_kind)kind);
        fputs(" ;;\n", out);
    }
    fprintf(out, "        esac\n        options='--help");
    for (size_t i = 0; i < table->option_count; i++)
        if (table->options[i].kind != OPTION_REFUSED)
            fprintf(out, " --%s", table->options[i].name);
    fprintf(out, "'\n");
    if (table->argument_count > 0) { /* the first one, when it stands before all options */
        enum word_kind kind = kind_of(command->name, table->arguments[0].name);

        fputs(kind != WORD_ANY ? "        ((COMP_CWORD > 2)) || [[ $current == -* ]] || { " : "",
              out);
        if (kind != WORD_ANY)
            put_bash_values(out, kind);
        fputs(kind != WORD_ANY ? "; }\n" : "", out);
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
          "_dynlog_values() { # the line is taken as it is: = and : part the words of bash\n"
          "    local -a line\n"
          "    read -ra line <<< \"$COMP_LINE\"\n"
          "    words=$(\"${COMP_WORDS[0]}\" completion --values \"$1\" -- \"${line[@]}\" "
          "2>/dev/null)\n"
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

static void put_zsh_values(FILE *out, const char *name, const char *value_name, bool is_argument)
{
    enum word_kind kind = kind_of(name, value_name);

    if (words_of(kind) != NULL) {
        fprintf(out, "(%s)", words_of(kind));
    } else if (values_of(kind) != NULL) {
        fprintf(out, " _dynlog_values %s", values_of(kind));
    } else if (kind == WORD_COMMAND) {
        fputs("(", out);
        put_names(out);
        fputs(")", out);
    } else if (kind != WORD_ANY) {
        fputs(kind == WORD_FILE ? "_files" : "_files -/", out);
    } else { /* a message: nothing is offered */
        fputs(is_argument ? " _dynlog_word " : " ", out);
        if (is_argument)
            put_quoted(out, value_name, ":\\");
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
        put_zsh_values(out, row->name, row->value_name, false);
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
        put_zsh_values(out, command->name, table->arguments[i].name, true);
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
          "_dynlog_values() {\n"
          "    local -a values\n"
          "    values=(${(f)\"$($program completion --values $1 -- $words 2>/dev/null)\"})\n"
          "    compadd -a values\n"
          "}\n\n"
          "_dynlog() {\n"
          "    local -a commands\n"
          "    local program=$words[1]\n"
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

static void put_fish_values(FILE *out, enum word_kind kind)
{
    if (words_of(kind) != NULL) {
        fprintf(out, " -a '%s'", words_of(kind));
    } else if (values_of(kind) != NULL) {
        fprintf(out, " -a '(__dynlog_values %s)'", values_of(kind));
    } else if (kind == WORD_COMMAND) {
        fputs(" -a '", out);
        put_names(out);
        fputs("'", out);
    } else if (kind != WORD_ANY) {
        fputs(kind == WORD_FILE ? " -F" : " -a '(__fish_complete_directories)'", out);
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
            enum word_kind kind = kind_of(row->name, row->value_name);

            fputs(kind == WORD_FILE ? " -r" : " -x", out);
            put_fish_values(out, kind);
        }
        fputs(" -d '", out);
        put_quoted(out, row->help, "\\");
        fputs("'\n", out);
    }
    for (size_t i = 0; i < table->argument_count; i++) {
        enum word_kind kind = kind_of(command->name, table->arguments[i].name);

        if (kind == WORD_ANY)
            continue;
        fprintf(out,
                "complete -c dynlog -n '__fish_seen_subcommand_from %s; and test (count "
                "(commandline -opc)) -eq %zu'",
                command->name, i + 2);
        put_fish_values(out, kind);
        fputc('\n', out);
    }
}

static void print_fish(FILE *out)
{
    size_t count = 0;
    const struct command *const *all = cli_commands(&count);

    fputs("# fish completion of dynlog, made by: dynlog completion fish\n"
          "function __dynlog_values\n"
          "    set -l line (commandline -opc)\n"
          "    $line[1] completion --values $argv[1] -- $line 2>/dev/null\n"
          "end\n"
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

    if (on->values != NULL)
        return cli_completion_values(cli, on->values, &on->words);
    if (on->shell == NULL)
        return cli_fail_usage(cli, "SHELL is missing: bash, zsh or fish.");
    if (on->words.count > 0)
        return cli_fail_usage(cli, "\"%s\" is one argument too many.", on->words.texts[0]);
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
    .description =
        "An installed dynlog has brought them along. Else: in bash, `source` what is "
        "printed, in ~/.bashrc; in zsh, write it to a file _dynlog in a folder of "
        "$fpath; in fish, to ~/.config/fish/completions/dynlog.fish. Names of logs, tables, "
        "functions and groups are those of the dynlog that the line speaks of.",
    .example = "source <(dynlog completion bash)\n"
               "dynlog completion zsh > ~/.zfunc/_dynlog\n"
               "dynlog completion fish > ~/.config/fish/completions/dynlog.fish",
    .options = {options, ARRAY_COUNT(options), arguments, ARRAY_COUNT(arguments)},
    .options_size = sizeof(struct completion_options),
    .run = completion_run,
};
