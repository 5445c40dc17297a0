/* cli/prompt_plain.c - questions on a terminal that only prints, or where there is none: numbers
 * and lines. See prompt.h.
 *
 *   Table
 *     1  local-core
 *     2  local-dynamodb-logs
 *   Number, or a part of the name ("<" goes back): 2 */
#include "cli/prompt_draw.h"

#include <stdlib.h>

/* A line without its end, in the command's arena; NULL: there is no more. */
static const char *read_line(struct cli *cli)
{
    AUTO(buffer_free) struct buffer line = BUFFER_INIT(PROMPT_LINE_SIZE_MAX);
    int byte = 0;

    fflush(cli->out);
    while ((byte = fgetc(cli->in)) != EOF && byte != '\n')
        buffer_append_byte(&line, (uint8_t)byte);
    if (byte == EOF && line.size == 0)
        return NULL;
    if (line.size > 0 && line.ptr[line.size - 1] == '\r')
        line.size--;
    return arena_copy_text(cli->arena, buffer_bytes(&line));
}

static void print_text(const struct cli *cli, const char *text)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);

    cli_text_show(&out, bytes_of_text(text), SIZE_MAX);
    if (out.size > 0)
        fwrite(out.ptr, 1, out.size, cli->out);
}

static bool is_back(const char *line)
{
    return strcmp(line, "<") == 0;
}

/* The number of the answer, else the one choice that has the text; SIZE_MAX: neither. */
static size_t find_choice(const struct prompt_choice *choices, size_t count, const char *line)
{
    uint64_t number = 0;
    size_t found = SIZE_MAX, found_count = 0;

    if (bytes_to_uint64(bytes_of_text(line), &number) && number >= 1 && number <= count)
        return (size_t)number - 1;
    for (size_t i = 0; i < count && line[0] != '\0'; i++) {
        if (strcmp(choices[i].text, line) == 0)
            return i;
        if (!cli_prompt_matches(choices[i].text, bytes_of_text(line)))
            continue;
        found = i;
        found_count++;
    }
    return found_count == 1 ? found : SIZE_MAX;
}

enum prompt_end cli_plain_select(struct cli *cli, const char *title,
                                 const struct prompt_choice *choices, size_t count, size_t *at)
{
    fprintf(cli->out, "%s\n", title);
    for (size_t i = 0; i < count; i++) {
        fprintf(cli->out, "%4zu  ", i + 1);
        print_text(cli, choices[i].text);
        if (choices[i].hint != NULL)
            fputs("  ", cli->out);
        print_text(cli, choices[i].hint != NULL ? choices[i].hint : "");
        fputc('\n', cli->out);
    }
    for (;;) {
        fprintf(cli->out, "Number, or a part of the name (\"<\" goes back): ");

        const char *line = read_line(cli);
        size_t found = line != NULL ? find_choice(choices, count, line) : SIZE_MAX;

        if (line == NULL)
            return PROMPT_QUIT;
        if (is_back(line))
            return PROMPT_BACK;
        if (line[0] == '\0' && *at < count)
            return PROMPT_ANSWERED;
        if (found != SIZE_MAX) {
            *at = found;
            return PROMPT_ANSWERED;
        }
        fprintf(cli->out, "There is no such one, or more than one.\n");
    }
}

#define SUGGESTIONS_SHOWN 5

enum prompt_end cli_plain_line(struct cli *cli, const char *title, const struct prompt_line *line,
                               const char **ret)
{
    size_t shown = size_min(line->suggestion_count, SUGGESTIONS_SHOWN);

    if (line->help != NULL)
        fprintf(cli->out, "(%s)\n", line->help);
    for (size_t i = 0; i < shown; i++) {
        fputs(i == 0 ? "for example " : ", ", cli->out);
        print_text(cli, line->suggestions[i]);
    }
    fprintf(cli->out, "%s%s: ", shown > 0 ? "\n" : "", title);

    const char *typed = read_line(cli);

    if (typed == NULL)
        return PROMPT_QUIT;
    if (is_back(typed))
        return PROMPT_BACK;
    *ret = typed[0] == '\0' && line->initial != NULL ? line->initial : typed;
    return PROMPT_ANSWERED;
}

enum prompt_end cli_plain_key(struct cli *cli, const struct prompt_key *keys, size_t count,
                              char *ret)
{
    for (;;) {
        for (size_t i = 0; i < count; i++)
            fprintf(cli->out, "%s%c %s", i > 0 ? ", " : "", keys[i].key, keys[i].text);
        fprintf(cli->out, ": ");

        const char *line = read_line(cli);

        if (line == NULL)
            return PROMPT_QUIT;
        if (is_back(line))
            return PROMPT_BACK;
        *ret = line[0] == '\0' ? keys[0].key : line[0];
        for (size_t i = 0; i < count; i++)
            if (keys[i].key == *ret)
                return PROMPT_ANSWERED;
    }
}
