/* cli/prompt.c - lists, keys and yes or no; what all questions draw with. See prompt.h. */
#include "cli/prompt_draw.h"

#include "base/terminal.h"

#include <stdlib.h>
#include <sys/ioctl.h>

#define LINES_AROUND 3 /* title, help, and the line behind the list */

struct prompt cli_prompt(struct cli *cli)
{
    const char *term = getenv("TERM");
    bool plain = !cli->in_is_terminal || !cli->out_is_terminal || term == NULL || term[0] == '\0' ||
                 strcmp(term, "dumb") == 0;

    return (struct prompt){.cli = cli, .plain = plain};
}

/* ---- drawing ---- */

void cli_drawing_start(struct drawing *drawing)
{
    struct winsize size = {0};
    size_t height = 24;

    drawing->width = drawing->cli->width;
    if (ioctl(fileno(drawing->cli->out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        drawing->width = size.ws_col;
        height = size.ws_row;
    }
    drawing->rows = height > LINES_AROUND + 1 ? height - LINES_AROUND : 1;
    drawing->rows = size_min(drawing->rows, PROMPT_ROWS_MAX);
    buffer_clear(&drawing->out);
    buffer_append_text(&drawing->out, "\033[?25l\r");
    if (drawing->line_count > 1)
        buffer_printf(&drawing->out, "\033[%zuA", drawing->line_count - 1);
    buffer_append_text(&drawing->out, "\033[J");
    drawing->line_count = 0;
}

void cli_drawing_line(struct drawing *drawing, enum cli_colour colour, const char *mark,
                      struct bytes text)
{
    const struct cli *cli = drawing->cli;
    size_t taken = terminal_columns(bytes_of_text(mark)) + 1; /* the last column stays free */

    if (drawing->line_count++ > 0)
        buffer_append_text(&drawing->out, "\r\n");
    buffer_append_text(&drawing->out, cli_paint(cli, cli->out, colour));
    buffer_append_text(&drawing->out, mark);
    cli_text_show(&drawing->out, text, drawing->width > taken ? drawing->width - taken : 1);
    buffer_append_text(&drawing->out, cli_paint(cli, cli->out, CLI_PLAIN));
}

void cli_drawing_show(struct drawing *drawing)
{
    fwrite(drawing->out.ptr, 1, drawing->out.size, drawing->cli->out);
    fflush(drawing->cli->out);
}

void cli_drawing_end(struct drawing *drawing, const char *title, const char *answer)
{
    cli_drawing_start(drawing);
    if (answer != NULL) {
        AUTO(buffer_free) struct buffer line = BUFFER_INIT(CLI_LINE_SIZE_MAX);

        buffer_printf(&line, "%s: %s", title, answer);
        cli_drawing_line(drawing, CLI_PLAIN, "", buffer_bytes(&line));
        buffer_append_text(&drawing->out, "\r\n");
    }
    buffer_append_text(&drawing->out, "\033[?25h");
    cli_drawing_show(drawing);
    buffer_free(&drawing->out);
}

size_t cli_drawing_first(size_t mark, size_t count, size_t rows)
{
    if (count <= rows || mark < rows / 2)
        return 0;
    return size_min(mark - rows / 2, count - rows);
}

static uint8_t small(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + 'a' - 'A') : byte;
}

bool cli_prompt_matches(const char *text, struct bytes typed)
{
    size_t size = strlen(text);

    for (size_t at = 0; at + typed.size <= size; at++) {
        size_t same = 0;

        while (same < typed.size && small((uint8_t)text[at + same]) == small(typed.ptr[same]))
            same++;
        if (same == typed.size)
            return true;
    }
    return false;
}

/* ---- a list ---- */

struct selecting {
    const char *title;
    const struct prompt_choice *choices;
    size_t count;
    size_t *matches; /* the choices that have what was typed */
    size_t match_count, mark;
    size_t text_width; /* of the widest choice */
    struct buffer typed;
    struct drawing drawing;
};

static void narrow(struct selecting *on)
{
    size_t marked = on->match_count > 0 ? on->matches[on->mark] : 0;

    on->match_count = 0;
    on->mark = 0;
    for (size_t i = 0; i < on->count; i++) {
        if (!cli_prompt_matches(on->choices[i].text, buffer_bytes(&on->typed)))
            continue;
        if (i == marked)
            on->mark = on->match_count;
        on->matches[on->match_count++] = i;
    }
}

static void draw_choice(struct selecting *on, size_t at)
{
    const struct prompt_choice *choice = &on->choices[on->matches[at]];
    AUTO(buffer_free) struct buffer line = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    size_t width = terminal_columns(bytes_of_text(choice->text));

    buffer_append_text(&line, choice->text);
    if (choice->hint != NULL)
        buffer_printf(&line, "%*s  %s", (int)(width < on->text_width ? on->text_width - width : 0),
                      "", choice->hint);
    cli_drawing_line(&on->drawing, at == on->mark ? CLI_CYAN : CLI_PLAIN,
                     at == on->mark ? "> " : "  ", buffer_bytes(&line));
}

static void draw_selecting(struct selecting *on)
{
    struct drawing *drawing = &on->drawing;
    AUTO(buffer_free) struct buffer head = BUFFER_INIT(CLI_LINE_SIZE_MAX);

    cli_drawing_start(drawing);
    buffer_printf(&head, "%s%s%.*s", on->title, on->typed.size > 0 ? ": " : "",
                  BYTES_ARG(on->typed));
    cli_drawing_line(drawing, CLI_BOLD, "", buffer_bytes(&head));

    size_t first = cli_drawing_first(on->mark, on->match_count, drawing->rows);
    size_t end = size_min(first + drawing->rows, on->match_count);

    for (size_t i = first; i < end; i++)
        draw_choice(on, i);
    if (on->match_count == 0)
        cli_drawing_line(drawing, CLI_YELLOW, "  ", BYTES("none has that: Backspace widens"));
    buffer_clear(&head);
    buffer_printf(&head, "Up, Down, Enter - typing narrows - Esc goes back%s",
                  on->match_count > drawing->rows ? " - there are more" : "");
    cli_drawing_line(drawing, CLI_DIM, "", buffer_bytes(&head));
    cli_drawing_show(drawing);
}

static void move_mark(struct selecting *on, enum key_kind kind)
{
    size_t last = on->match_count > 0 ? on->match_count - 1 : 0, page = on->drawing.rows;

    if (kind == KEY_UP)
        on->mark = on->mark > 0 ? on->mark - 1 : last;
    else if (kind == KEY_DOWN)
        on->mark = on->mark < last ? on->mark + 1 : 0;
    else if (kind == KEY_HOME)
        on->mark = 0;
    else if (kind == KEY_END)
        on->mark = last;
    else if (kind == KEY_PAGE_UP)
        on->mark = on->mark > page ? on->mark - page : 0;
    else if (kind == KEY_PAGE_DOWN)
        on->mark = size_min(on->mark + page, last);
}

static void type_key(struct selecting *on, const struct key *key)
{
    struct buffer *typed = &on->typed;

    if (key->kind == KEY_TEXT)
        buffer_append(typed, bytes_of(key->text, key->size));
    else if (key->kind == KEY_BACKSPACE && typed->size > 0) {
        while (typed->size > 1 && (typed->ptr[typed->size - 1] & 0xC0) == 0x80)
            typed->size--;
        typed->size--;
    } else if (key->kind == KEY_CONTROL && key->text[0] == 'u')
        buffer_clear(typed);
    else
        return;
    narrow(on);
}

static bool is_quit(const struct key *key)
{
    return key->kind == KEY_CLOSED ||
           (key->kind == KEY_CONTROL && (key->text[0] == 'c' || key->text[0] == 'd'));
}

static enum prompt_end select_by_keys(struct selecting *on, struct keys *keys)
{
    for (;;) {
        draw_selecting(on);

        struct key key = cli_keys_read(keys);

        if (is_quit(&key))
            return PROMPT_QUIT;
        if (key.kind == KEY_ESCAPE)
            return PROMPT_BACK;
        if (key.kind == KEY_ENTER && on->match_count > 0)
            return PROMPT_ANSWERED;
        move_mark(on, key.kind);
        type_key(on, &key);
    }
}

enum prompt_end cli_prompt_select(const struct prompt *prompt, const char *title,
                                  const struct prompt_choice *choices, size_t count, size_t *at)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct selecting on = {.title = title,
                           .choices = choices,
                           .count = count,
                           .matches = ARENA_NEW_ARRAY(arena, count + 1, size_t),
                           .typed = BUFFER_INIT(PROMPT_LINE_SIZE_MAX),
                           .drawing = drawing_begin(prompt->cli)};
    struct keys keys;
    enum prompt_end end = PROMPT_QUIT;

    if (prompt->plain || !cli_keys_begin(&keys, prompt->cli))
        return cli_plain_select(prompt->cli, title, choices, count, at);
    for (size_t i = 0; i < count; i++)
        on.text_width = size_max(on.text_width, terminal_columns(bytes_of_text(choices[i].text)));
    narrow(&on);
    on.mark = *at < on.match_count ? *at : 0;
    end = select_by_keys(&on, &keys);
    if (end == PROMPT_ANSWERED)
        *at = on.matches[on.mark];
    cli_drawing_end(&on.drawing, title, end == PROMPT_ANSWERED ? choices[*at].text : NULL);
    cli_keys_end(&keys);
    buffer_free(&on.typed);
    return end;
}

/* ---- a key ---- */

static void draw_keys(struct drawing *drawing, const struct prompt_key *keys, size_t count)
{
    AUTO(buffer_free) struct buffer line = BUFFER_INIT(CLI_LINE_SIZE_MAX);

    for (size_t i = 0; i < count; i++)
        buffer_printf(&line, "%s%c %s", i > 0 ? "   " : "", keys[i].key, keys[i].text);
    cli_drawing_start(drawing);
    cli_drawing_line(drawing, CLI_DIM, "", buffer_bytes(&line));
    cli_drawing_show(drawing);
}

static bool find_key(const struct prompt_key *rows, size_t count, const struct key *key, char *ret)
{
    if (key->kind == KEY_ENTER) {
        *ret = rows[0].key;
        return true;
    }
    for (size_t i = 0; i < count; i++)
        if (key->kind == KEY_TEXT && key->size == 1 &&
            small((uint8_t)key->text[0]) == (uint8_t)rows[i].key) {
            *ret = rows[i].key;
            return true;
        }
    return false;
}

enum prompt_end cli_prompt_key(const struct prompt *prompt, const struct prompt_key *rows,
                               size_t count, char *ret)
{
    struct drawing drawing = drawing_begin(prompt->cli);
    struct keys keys;
    struct key key = {.kind = KEY_UNKNOWN};

    if (prompt->plain || !cli_keys_begin(&keys, prompt->cli))
        return cli_plain_key(prompt->cli, rows, count, ret);
    do {
        draw_keys(&drawing, rows, count);
        key = cli_keys_read(&keys);
    } while (!is_quit(&key) && key.kind != KEY_ESCAPE && !find_key(rows, count, &key, ret));
    cli_drawing_end(&drawing, "", NULL);
    cli_keys_end(&keys);
    if (key.kind == KEY_ESCAPE)
        return PROMPT_BACK;
    return is_quit(&key) ? PROMPT_QUIT : PROMPT_ANSWERED;
}

/* ---- yes or no ---- */

enum prompt_end cli_prompt_confirm(const struct prompt *prompt, const char *question, bool *ret)
{
    struct drawing drawing = drawing_begin(prompt->cli);
    struct keys keys;
    const char *text = NULL;

    *ret = false;
    if (prompt->plain || !cli_keys_begin(&keys, prompt->cli)) {
        enum prompt_end end =
            cli_plain_line(prompt->cli, question, &(struct prompt_line){.help = "y or n"}, &text);

        *ret = end == PROMPT_ANSWERED && small((uint8_t)text[0]) == 'y';
        return end;
    }
    cli_drawing_start(&drawing);
    cli_drawing_line(&drawing, CLI_BOLD, "",
                     arena_printf(prompt->cli->arena, "%s [y/N]", question));
    cli_drawing_show(&drawing);

    struct key key = cli_keys_read(&keys);

    *ret = key.kind == KEY_TEXT && small((uint8_t)key.text[0]) == 'y';
    cli_drawing_end(&drawing, question, *ret ? "yes" : "no");
    cli_keys_end(&keys);
    return is_quit(&key) ? PROMPT_QUIT : PROMPT_ANSWERED;
}
