/* cli/output.c - see output.h. */
#include "cli/output.h"

#include "base/terminal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <time.h>

/* ---- colour ---- */

const char *cli_paint(const struct cli *cli, const FILE *stream, enum cli_colour colour)
{
    static const char *const sequences[] = {
        [CLI_PLAIN] = "\033[0m", [CLI_BOLD] = "\033[1m",   [CLI_DIM] = "\033[2m",
        [CLI_RED] = "\033[31m",  [CLI_GREEN] = "\033[32m", [CLI_YELLOW] = "\033[33m",
        [CLI_CYAN] = "\033[36m",
    };
    bool terminal = stream == cli->out ? cli->out_is_terminal : cli->err_is_terminal;

    return terminal && !cli->no_colour ? sequences[colour] : "";
}

/* ---- messages ---- */

static void say(const struct cli *cli, enum cli_colour colour, const char *format, va_list args)
    PRINTF_LIKE(3, 0);

/* People get lines that fit, programs one line a message. */
static void say(const struct cli *cli, enum cli_colour colour, const char *format, va_list args)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    const char *name = cli->command != NULL ? cli->command->name : "";
    size_t at = strlen("dynlog: ") + strlen(name) + (name[0] != '\0');

    cli_text_show(&text, arena_vprintf(arena, format, args), SIZE_MAX);
    fprintf(cli->err, "%sdynlog%s%s:%s ", cli_paint(cli, cli->err, colour),
            name[0] != '\0' ? " " : "", name, cli_paint(cli, cli->err, CLI_PLAIN));
    cli_text_wrap(cli->err, arena_copy_text(arena, buffer_bytes(&text)), at, 0,
                  cli->err_is_terminal ? cli->width : SIZE_MAX);
}

int cli_fail(const struct cli *cli, enum cli_exit exit_status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(cli, CLI_RED, format, args);
    va_end(args);
    return (int)exit_status;
}

int cli_fail_usage(const struct cli *cli, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(cli, CLI_RED, format, args);
    va_end(args);
    if (cli->command != NULL)
        fprintf(cli->err, "Help: dynlog %s --help\n", cli->command->name);
    else
        fprintf(cli->err, "Help: dynlog help\n");
    return CLI_USAGE;
}

void cli_note(const struct cli *cli, const char *format, ...)
{
    va_list args;

    if (!cli->err_is_terminal)
        return;
    va_start(args, format);
    say(cli, CLI_YELLOW, format, args);
    va_end(args);
}

/* ---- text ---- */

#define CUT "\xE2\x80\xA6" /* ... as one character */

size_t cli_text_show(struct buffer *out, struct bytes text, size_t width)
{
    bool cut = terminal_columns(text) > width;
    size_t limit = cut && width > 0 ? width - 1 : width, shown = 0;

    for (size_t at = 0; at < text.size;) {
        size_t columns = 0;
        bool safe = false;
        size_t size = terminal_character(bytes_slice(text, at, text.size), &columns, &safe);

        if (shown + columns > limit)
            break;
        buffer_append(out, safe ? bytes_slice(text, at, size) : BYTES(TERMINAL_UNSAFE));
        shown += columns;
        at += size;
    }
    if (!cut || width == 0)
        return shown;
    buffer_append(out, BYTES(CUT));
    return shown + 1;
}

void cli_text_wrap(FILE *stream, const char *text, size_t at, size_t indent, size_t width)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);

    terminal_wrap(&out, bytes_of_text(text), at, indent, width);
    fwrite(out.ptr, 1, out.size, stream);
}

/* ---- figures ---- */

#define FIGURE_SIZE 40

static char *next_figure(void)
{
    static char figures[8][FIGURE_SIZE];
    static size_t turn = 0;

    return figures[turn++ % ARRAY_COUNT(figures)];
}

const char *cli_count_text(int64_t count)
{
    char digits[FIGURE_SIZE], *text = next_figure(), *out = text;
    int size = snprintf(digits, sizeof digits, "%" PRId64, count);

    for (int i = 0; i < size; i++) {
        if (i > 0 && (size - i) % 3 == 0 && digits[i - 1] != '-')
            *out++ = ',';
        *out++ = digits[i];
    }
    *out = '\0';
    return text;
}

const char *cli_things_text(uint64_t count, const char *thing)
{
    char *text = next_figure();

    snprintf(text, FIGURE_SIZE, "%s %s%s", cli_count_text((int64_t)count), thing,
             count == 1 ? "" : "s");
    return text;
}

const char *cli_size_text(int64_t bytes)
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
    char *text = next_figure();
    double value = (double)bytes;
    size_t unit = 0;

    for (; value >= 999.5 && unit + 1 < ARRAY_COUNT(units); unit++)
        value /= 1000;
    snprintf(text, FIGURE_SIZE, unit > 0 && value < 9.95 ? "%.1f %s" : "%.0f %s", value,
             bytes == 1 ? "byte" : units[unit]);
    return text;
}

const char *cli_duration_text(uint64_t ms)
{
    char *text = next_figure();
    uint64_t seconds = ms / 1000;

    if (ms < 1000)
        snprintf(text, FIGURE_SIZE, "%" PRIu64 " ms", ms);
    else if (seconds < 60)
        snprintf(text, FIGURE_SIZE, "%" PRIu64 ".%" PRIu64 " s", seconds, ms % 1000 / 100);
    else if (seconds < 3600)
        snprintf(text, FIGURE_SIZE, "%" PRIu64 " min %" PRIu64 " s", seconds / 60, seconds % 60);
    else if (seconds < 48 * 3600)
        snprintf(text, FIGURE_SIZE, "%" PRIu64 " h %" PRIu64 " min", seconds / 3600,
                 seconds % 3600 / 60);
    else
        snprintf(text, FIGURE_SIZE, "%" PRIu64 " days", seconds / 86400);
    return text;
}

struct bytes cli_time_text(struct arena *arena, uint64_t time_ms)
{
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm parts;
    char text[16] = "";

    if (localtime_r(&seconds, &parts) == NULL ||
        strftime(text, sizeof text, "%H:%M:%S", &parts) == 0)
        return BYTES("");
    return arena_printf(arena, "%s.%03u", text, (unsigned)(time_ms % 1000));
}

bool cli_line(const struct cli *cli, struct bytes line)
{
    fwrite(line.ptr, 1, line.size, cli->out);
    fputc('\n', cli->out);
    return fflush(cli->out) == 0;
}

/* ---- tables ---- */

#define COLUMN_GAP 2
#define STRETCH_WIDTH_MIN 10

void cli_table_add(struct cli *cli, struct cli_table *table, const struct bytes *cells)
{
    assert(table->column_count <= CLI_COLUMNS_MAX);
    table->cells =
        arena_grow(cli->arena, table->cells, table->cell_count,
                   table->cell_count + table->column_count, &table->cell_capacity, sizeof *cells);
    memcpy(table->cells + table->cell_count, cells, table->column_count * sizeof *cells);
    table->cell_count += table->column_count;
}

/* Of the cells that wait and the title, at least what it was before; a line at most. */
static size_t wanted_width(const struct cli *cli, const struct cli_table *table, size_t column)
{
    size_t width = size_max(table->wanted[column],
                            terminal_columns(bytes_of_text(table->columns[column].title)));

    for (size_t at = column; at < table->cell_count; at += table->column_count)
        width = size_max(width, terminal_columns(table->cells[at]));
    return size_min(width, cli->width);
}

/* The widest of the texts that may be narrower, the last one of several; column_count: none. */
static size_t widest_column(const struct cli_table *table)
{
    size_t widest = table->column_count;

    for (size_t i = 0; i < table->column_count; i++) {
        const struct table_column *column = &table->columns[i];
        size_t narrow = column->stretch ? STRETCH_WIDTH_MIN : CLI_COLUMN_WIDTH_NARROW;

        if (!column->right && table->widths[i] > narrow &&
            (widest == table->column_count || table->widths[i] >= table->widths[widest]))
            widest = i;
    }
    return widest;
}

static void set_widths(const struct cli *cli, struct cli_table *table)
{
    size_t taken = table->gap + COLUMN_GAP * (table->column_count - 1), widest = 0;

    for (size_t i = 0; i < table->column_count; i++) {
        table->wanted[i] = wanted_width(cli, table, i);
        table->widths[i] =
            size_max(table->wanted[i], table->columns[i].stretch ? (size_t)STRETCH_WIDTH_MIN : 0);
        taken += table->widths[i];
    }
    for (; taken > cli->width && (widest = widest_column(table)) < table->column_count; taken--)
        table->widths[widest]--;
}

static void print_row(struct cli *cli, const struct cli_table *table, const struct bytes *cells,
                      enum cli_colour colour)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(CLI_LINE_SIZE_MAX);
    size_t pending = table->gap; /* blanks are only written before something */

    if (colour != CLI_PLAIN)
        buffer_append_text(&out, cli_paint(cli, cli->out, colour));
    for (size_t i = 0; i < table->column_count; i++) {
        AUTO(buffer_free) struct buffer cell = BUFFER_INIT(CLI_LINE_SIZE_MAX);
        size_t shown = cli_text_show(&cell, cells[i], table->widths[i]);
        size_t blanks = table->widths[i] - shown;

        if (table->columns[i].right)
            pending += blanks;
        if (shown > 0) {
            buffer_printf(&out, "%*s", (int)pending, "");
            buffer_append(&out, buffer_bytes(&cell));
            pending = 0;
        }
        pending += COLUMN_GAP + (table->columns[i].right ? 0 : blanks);
    }
    if (colour != CLI_PLAIN)
        buffer_append_text(&out, cli_paint(cli, cli->out, CLI_PLAIN));
    buffer_append_byte(&out, '\n');
    fwrite(out.ptr, 1, out.size, cli->out);
}

void cli_table_print(struct cli *cli, struct cli_table *table)
{
    struct bytes titles[CLI_COLUMNS_MAX];

    set_widths(cli, table);
    for (size_t i = 0; i < table->column_count; i++)
        titles[i] = bytes_of_text(table->columns[i].title);
    if (!table->titled)
        print_row(cli, table, titles, CLI_BOLD);
    table->titled = true;
    for (size_t at = 0; at < table->cell_count; at += table->column_count)
        print_row(cli, table, table->cells + at, CLI_PLAIN);
    table->cell_count = 0;
    fflush(cli->out);
}
