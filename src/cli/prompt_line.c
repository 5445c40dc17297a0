/* cli/prompt_line.c - a line that is typed, with what is suggested below it. See prompt.h.
 *
 *   pk: users#1_
 *     users#12#stream
 *     users#17#stream
 *
 * Left, Right, Home, End, Backspace, Delete, Ctrl-A, E, U, K and W edit as in a shell. Tab
 * completes what all matching suggestions have in common, then takes the first; Up and Down put one
 * after the other into the line. */
#include "cli/prompt_draw.h"

#include "base/terminal.h"

#define SUGGESTIONS_SHOWN 6

struct editing {
    const char *title;
    const struct prompt_line *line;
    struct buffer text;
    size_t at;           /* of the cursor, in bytes */
    struct buffer typed; /* by hand: what suggestions are matched with */
    size_t pick;         /* the matching suggestion that stands in the line; SIZE_MAX: none */
    struct drawing drawing;
};

/* ---- the text ---- */

static size_t before(const struct editing *on, size_t at)
{
    if (at > 0)
        at--;
    while (at > 0 && (on->text.ptr[at] & 0xC0) == 0x80)
        at--;
    return at;
}

static size_t behind(const struct editing *on, size_t at)
{
    if (at < on->text.size)
        at++;
    while (at < on->text.size && (on->text.ptr[at] & 0xC0) == 0x80)
        at++;
    return at;
}

static void typed_by_hand(struct editing *on)
{
    buffer_clear(&on->typed);
    buffer_append(&on->typed, buffer_bytes(&on->text));
    on->pick = SIZE_MAX;
}

static void insert(struct editing *on, struct bytes piece)
{
    if (on->text.size + piece.size > PROMPT_LINE_SIZE_MAX)
        return;

    size_t rest = on->text.size - on->at;

    buffer_append(&on->text, piece);
    memmove(on->text.ptr + on->at + piece.size, on->text.ptr + on->at, rest);
    memcpy(on->text.ptr + on->at, piece.ptr, piece.size);
    on->at += piece.size;
    typed_by_hand(on);
}

static void cut(struct editing *on, size_t from, size_t to)
{
    if (from == to)
        return;
    memmove(on->text.ptr + from, on->text.ptr + to, on->text.size - to);
    on->text.size -= to - from;
    on->at = from;
    typed_by_hand(on);
}

static void set_text(struct editing *on, struct bytes text)
{
    buffer_clear(&on->text);
    buffer_append(&on->text, text);
    on->at = on->text.size;
}

static size_t word_start(const struct editing *on)
{
    size_t at = on->at;

    while (at > 0 && on->text.ptr[at - 1] == ' ')
        at--;
    while (at > 0 && on->text.ptr[at - 1] != ' ')
        at--;
    return at;
}

/* ---- suggestions ---- */

/* The matching suggestion number `index`, NULL when there are fewer. */
static const char *match_at(const struct editing *on, size_t index)
{
    for (size_t i = 0; i < on->line->suggestion_count; i++)
        if (cli_prompt_matches(on->line->suggestions[i], buffer_bytes(&on->typed)) && index-- == 0)
            return on->line->suggestions[i];
    return NULL;
}

/* Up from the first one, and down from the last, what was typed stands there again. */
static void pick(struct editing *on, bool down)
{
    size_t count = 0;

    while (match_at(on, count) != NULL)
        count++;
    if (on->pick == SIZE_MAX)
        on->pick = count == 0 ? SIZE_MAX : down ? 0 : count - 1;
    else if (down)
        on->pick = on->pick + 1 < count ? on->pick + 1 : SIZE_MAX;
    else
        on->pick = on->pick > 0 ? on->pick - 1 : SIZE_MAX;
    set_text(on, on->pick == SIZE_MAX ? buffer_bytes(&on->typed)
                                      : bytes_of_text(match_at(on, on->pick)));
}

static void complete(struct editing *on)
{
    struct bytes typed = buffer_bytes(&on->typed), common = {0};
    bool first = true;

    for (size_t i = 0; i < on->line->suggestion_count; i++) {
        struct bytes suggestion = bytes_of_text(on->line->suggestions[i]);

        if (!bytes_start_with(suggestion, typed))
            continue;
        if (first)
            common = suggestion;
        first = false;
        while (!bytes_start_with(suggestion, common))
            common.size--;
    }
    while (common.size > 0 && !bytes_are_utf8(common))
        common.size--; /* between two characters with the same first byte */
    if (common.size <= typed.size) {
        pick(on, true);
        return;
    }
    set_text(on, common);
    typed_by_hand(on);
}

/* ---- drawing ---- */

/* The part of the text around the cursor that fits, and the cursor's column in it. */
static struct bytes visible(const struct editing *on, size_t width, size_t *ret_column)
{
    struct bytes text = buffer_bytes(&on->text);
    size_t from = 0;

    while (terminal_columns(bytes_slice(text, from, on->at - from)) >= width)
        from = behind(on, from);
    *ret_column = terminal_columns(bytes_slice(text, from, on->at - from));
    return bytes_slice(text, from, text.size);
}

static void draw_suggestions(struct editing *on)
{
    size_t first =
        on->pick == SIZE_MAX || on->pick < SUGGESTIONS_SHOWN ? 0 : on->pick - SUGGESTIONS_SHOWN + 1;
    size_t rows = size_min(SUGGESTIONS_SHOWN, on->drawing.rows);

    for (size_t i = first; i < first + rows && match_at(on, i) != NULL; i++)
        cli_drawing_line(&on->drawing, i == on->pick ? CLI_CYAN : CLI_DIM,
                         i == on->pick ? "> " : "  ", bytes_of_text(match_at(on, i)));
}

static void draw_editing(struct editing *on)
{
    struct drawing *drawing = &on->drawing;
    const char *mark =
        arena_copy_text(drawing->cli->arena, arena_printf(drawing->cli->arena, "%s: ", on->title));
    size_t taken = terminal_columns(bytes_of_text(mark)), column = 0;

    cli_drawing_start(drawing);

    size_t width = drawing->width > taken + 2 ? drawing->width - taken - 1 : 2;

    cli_drawing_line(drawing, CLI_PLAIN, mark, visible(on, width, &column));
    draw_suggestions(on);
    if (on->line->help != NULL)
        cli_drawing_line(drawing, CLI_DIM, "", bytes_of_text(on->line->help));
    if (drawing->line_count > 1)
        buffer_printf(&drawing->out, "\033[%zuA", drawing->line_count - 1);
    buffer_printf(&drawing->out, "\r\033[%zuC\033[?25h", taken + column);
    cli_drawing_show(drawing);
    drawing->line_count = 1; /* the cursor stands in the first one */
}

/* ---- keys ---- */

static void edit_by_letter(struct editing *on, char letter)
{
    switch (letter) {
    case 'a':
        on->at = 0;
        return;
    case 'e':
        on->at = on->text.size;
        return;
    case 'u':
        cut(on, 0, on->at);
        return;
    case 'k':
        cut(on, on->at, on->text.size);
        return;
    case 'w':
        cut(on, word_start(on), on->at);
        return;
    default:
        return;
    }
}

static void edit(struct editing *on, const struct key *key)
{
    switch (key->kind) {
    case KEY_TEXT:
        insert(on, bytes_of(key->text, key->size));
        return;
    case KEY_BACKSPACE:
        cut(on, before(on, on->at), on->at);
        return;
    case KEY_DELETE:
        cut(on, on->at, behind(on, on->at));
        return;
    case KEY_LEFT:
        on->at = before(on, on->at);
        return;
    case KEY_RIGHT:
        on->at = behind(on, on->at);
        return;
    case KEY_HOME:
        on->at = 0;
        return;
    case KEY_END:
        on->at = on->text.size;
        return;
    case KEY_UP:
    case KEY_DOWN:
        pick(on, key->kind == KEY_DOWN);
        return;
    case KEY_TAB:
        complete(on);
        return;
    case KEY_CONTROL:
        edit_by_letter(on, key->text[0]);
        return;
    case KEY_ENTER:
    case KEY_ESCAPE:
    case KEY_PAGE_UP:
    case KEY_PAGE_DOWN:
    case KEY_UNKNOWN:
    case KEY_CLOSED:
        return;
    }
}

/* Ctrl-D ends an empty line, and deletes in one that is not. */
static enum prompt_end edit_by_keys(struct editing *on, struct keys *keys)
{
    for (;;) {
        draw_editing(on);

        struct key key = cli_keys_read(keys);
        bool control = key.kind == KEY_CONTROL;

        if (key.kind == KEY_CLOSED || (control && key.text[0] == 'c') ||
            (control && key.text[0] == 'd' && on->text.size == 0))
            return PROMPT_QUIT;
        if (key.kind == KEY_ESCAPE)
            return PROMPT_BACK;
        if (key.kind == KEY_ENTER)
            return PROMPT_ANSWERED;
        if (control && key.text[0] == 'd')
            key.kind = KEY_DELETE;
        edit(on, &key);
    }
}

enum prompt_end cli_prompt_line(const struct prompt *prompt, const char *title,
                                const struct prompt_line *line, const char **ret)
{
    struct cli *cli = prompt->cli;
    struct editing on = {.title = title,
                         .line = line,
                         .text = BUFFER_INIT(2 * PROMPT_LINE_SIZE_MAX),
                         .typed = BUFFER_INIT(2 * PROMPT_LINE_SIZE_MAX),
                         .pick = SIZE_MAX,
                         .drawing = drawing_begin(cli)};
    struct keys keys;
    enum prompt_end end = PROMPT_QUIT;

    if (prompt->plain || !cli_keys_begin(&keys, cli))
        return cli_plain_line(cli, title, line, ret);
    set_text(&on, bytes_of_text(line->initial));
    end = edit_by_keys(&on, &keys);
    if (end == PROMPT_ANSWERED)
        *ret = arena_copy_text(cli->arena, buffer_bytes(&on.text));
    cli_drawing_end(&on.drawing, title, end == PROMPT_ANSWERED ? *ret : NULL);
    cli_keys_end(&keys);
    buffer_free(&on.text);
    buffer_free(&on.typed);
    return end;
}
