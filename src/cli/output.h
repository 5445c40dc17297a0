/* cli/output.h - what people see: colour, the terminal's width, tables, messages; and JSON lines
 * for everybody else.
 *
 * Text from outside is shown without control characters, so that an event cannot steer a terminal.
 */
#ifndef DYNLOG_CLI_OUTPUT_H
#define DYNLOG_CLI_OUTPUT_H

#include "base/buffer.h"
#include "cli/internal.h"

#define CLI_LINE_SIZE_MAX ((size_t)64 * 1024 * 1024) /* one event as text, escaped at worst */

/* ---- colour ---- */

enum cli_colour { CLI_PLAIN, CLI_BOLD, CLI_DIM, CLI_RED, CLI_GREEN, CLI_YELLOW, CLI_CYAN };

/* The escape sequence for a stream of the command's, or "" where there is no colour. */
const char *cli_paint(const struct cli *cli, const FILE *stream, enum cli_colour colour);

/* ---- messages, on stderr ---- */

/* "dynlog append: message"; returns exit_status. The text has no line end; on a terminal it is
 * wrapped. */
int cli_fail(const struct cli *cli, enum cli_exit exit_status, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* A wrong command line: the message, and where help is. Returns CLI_USAGE. */
int cli_fail_usage(const struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3);
/* A remark for people: only when stderr is a terminal. */
void cli_note(const struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3);

/* ---- text ---- */

/* Appends the text as it is safe to show, cut to `width` columns with a dot-dot-dot character at
 * the end when it is longer. Returns the columns it takes. */
size_t cli_text_show(struct buffer *out, struct bytes text, size_t width);
/* Prints words in lines of at most `width` columns; the first line starts at column `at`, the
 * others are indented to `indent`. Ends the line. */
void cli_text_wrap(FILE *stream, const char *text, size_t at, size_t indent, size_t width);
/* "1,234" and "1.2 MB". Static texts of 8 take turns. */
const char *cli_count_text(int64_t count);
/* "1 event", "1,234 events": of a short word whose plural has an s. */
const char *cli_things_text(uint64_t count, const char *thing);
const char *cli_size_text(int64_t bytes);
/* "340 ms", "2.4 s", "3 min 12 s", "5 h 3 min". */
const char *cli_duration_text(uint64_t ms);
/* "14:03:59.123", by the machine's time zone. */
struct bytes cli_time_text(struct arena *arena, uint64_t time_ms);

/* Writes a line of JSON (or of anything) and its line end at once, and flushes. False: nobody reads
 * it any more. */
MUST_USE bool cli_line(const struct cli *cli, struct bytes line);

/* Answers on a terminal go to people, all others to programs. */
static inline bool cli_for_people(const struct cli *cli, bool json)
{
    return cli->out_is_terminal && !json;
}

/* ---- tables ---- */

#define CLI_COLUMNS_MAX 8
#define CLI_COLUMN_WIDTH_NARROW 19 /* no narrower than this: "2026-01-31 09:30:00" stays whole */

struct table_column {
    const char *title;
    bool right;   /* numbers */
    bool stretch; /* takes what is left of the line, and is cut to it; the last one */
};

/* Rows are kept until cli_table_print(), which sets the widths; the titles are printed once. Where
 * there is room for everything nothing is cut: what is shown is there to be copied. Where there is
 * not, the widest texts are cut first, and numbers never. */
struct cli_table {
    const struct table_column *columns;
    size_t column_count;
    size_t wanted[CLI_COLUMNS_MAX]; /* widths of the widest cells so far, or of those to come */
    size_t widths[CLI_COLUMNS_MAX]; /* of this print */
    size_t gap;                     /* blanks before the first column */
    bool titled;
    struct bytes *cells;
    size_t cell_count, cell_capacity;
};

/* One cell a column; the bytes must live until they are printed. */
void cli_table_add(struct cli *cli, struct cli_table *table, const struct bytes *cells);
void cli_table_print(struct cli *cli, struct cli_table *table);

#endif
