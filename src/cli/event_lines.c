/* cli/event_lines.c - see event_lines.h. */
#include "cli/event_lines.h"

#include "cli/output.h"

#include <errno.h>
#include <sys/stat.h>

bool cli_event_lines_open(const struct cli *cli, const char *file, struct event_lines *ret,
                          int *ret_exit)
{
    struct stat about;

    *ret = (struct event_lines){
        .in = cli->in, .name = "standard input", .text = BUFFER_INIT(EVENT_LINE_SIZE_MAX)};
    if (strcmp(file, "-") == 0) {
        if (cli->in_is_terminal)
            cli_note(cli, "Reading events from the terminal, a JSON line each; Ctrl-D ends.");
        return true;
    }
    ret->name = file;
    ret->in = fopen(file, "re");
    if (ret->in == NULL || fstat(fileno(ret->in), &about) != 0 || S_ISDIR(about.st_mode)) {
        *ret_exit = cli_fail(cli, CLI_FAILED, "%s can't be read: %s.", file,
                             ret->in != NULL ? "it is a folder" : strerror(errno));
        if (ret->in != NULL)
            fclose(ret->in);
        ret->in = NULL;
        return false;
    }
    ret->is_ours = true;
    ret->is_file = S_ISREG(about.st_mode);
    return true;
}

void cli_event_lines_close(struct event_lines *lines)
{
    if (lines->in != NULL && lines->is_ours)
        fclose(lines->in);
    lines->in = NULL;
    buffer_free(&lines->text);
}

/* Without its end. False: there is none. */
static bool read_text(struct event_lines *lines)
{
    int c = 0;

    buffer_clear(&lines->text);
    while ((c = getc(lines->in)) != EOF && c != '\n')
        buffer_append_byte(&lines->text, (uint8_t)c);
    if (c == EOF && (lines->text.size == 0 || ferror(lines->in)))
        return false;
    lines->number++;
    return true;
}

static bool is_blank(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.ptr[i] != ' ' && text.ptr[i] != '\t' && text.ptr[i] != '\r')
            return false;
    return true;
}

enum event_lines_next cli_event_lines_next(struct event_lines *lines, struct arena *arena,
                                           struct event_line *ret,
                                           char message[EVENT_LINE_MESSAGE_SIZE])
{
    do {
        if (read_text(lines))
            continue;
        if (!ferror(lines->in))
            return EVENT_LINES_END;
        if (errno == EINTR)
            return EVENT_LINES_INTERRUPTED;
        snprintf(message, EVENT_LINE_MESSAGE_SIZE, "it can't be read: %s", strerror(errno));
        lines->number++;
        return EVENT_LINES_WRONG;
    } while (!buffer_failed(&lines->text) && is_blank(buffer_bytes(&lines->text)));
    if (buffer_failed(&lines->text)) {
        snprintf(message, EVENT_LINE_MESSAGE_SIZE, "it has more than %zu MB, more than an event",
                 EVENT_LINE_SIZE_MAX / 1024 / 1024);
        return EVENT_LINES_WRONG;
    }
    return cli_event_line_read(arena, buffer_bytes(&lines->text), ret, message) ? EVENT_LINES_ONE
                                                                                : EVENT_LINES_WRONG;
}

void cli_event_lines_rewind(struct event_lines *lines)
{
    rewind(lines->in);
    lines->number = 0;
}
