/* cli/progress.c - see progress.h. */
#include "cli/progress.h"

#include "base/terminal.h"
#include "cli/output.h"

#include <inttypes.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BAR_WIDTH_MIN 10   /* a shorter bar is left out */
#define SMOOTH_MS 3000     /* after so long without a change the rate is half the new one */
#define LINE_SIZE_MAX 1024 /* bytes, colours included */
#define COLUMNS_FREE 3     /* "^C" may come behind it; and written to its end, a line may wrap */
#define INTERRUPT_COLUMNS 2
#define BLANKS 80 /* written at once */

/* ---- clearing the line when a signal ends the process ---- */

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
static struct sigaction actions_before[ARRAY_COUNT(signals)];
static volatile sig_atomic_t shown_columns; /* of the bar that stands there */

/* Only what a signal handler may do: blanks over the bar, then the signal does its work. */
static void clear_and_die(int number)
{
    static const char blanks[BLANKS + 1] =
        "                                                                                ";

    if (shown_columns > 0) {
        (void)!write(STDERR_FILENO, "\r", 1);
        for (int left = (int)shown_columns + INTERRUPT_COLUMNS; left > 0; left -= BLANKS)
            (void)!write(STDERR_FILENO, blanks, (size_t)(left < BLANKS ? left : BLANKS));
        (void)!write(STDERR_FILENO, "\r", 1);
    }
    signal(number, SIG_DFL);
    raise(number);
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = clear_and_die};

    for (size_t i = 0; i < ARRAY_COUNT(signals); i++) {
        sigaction(signals[i], NULL, &actions_before[i]);
        if (actions_before[i].sa_handler == SIG_DFL)
            sigaction(signals[i], &action, NULL);
    }
}

static void leave_signals(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(signals); i++)
        if (actions_before[i].sa_handler == SIG_DFL)
            sigaction(signals[i], &actions_before[i], NULL);
}

/* ---- the line ---- */

static size_t width_now(const struct cli *cli)
{
    struct winsize size;
    int fd = fileno(cli->err);
    size_t width = cli->width;

    if (fd >= 0 && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        width = size.ws_col;
    return size_min(width > COLUMNS_FREE ? width - COLUMNS_FREE : 1, PROGRESS_WIDTH_MAX);
}

static const char *amount_text(const struct progress *progress, uint64_t count)
{
    int64_t amount = count > INT64_MAX ? INT64_MAX : (int64_t)count;

    return progress->things != NULL ? cli_count_text(amount) : cli_size_text(amount);
}

static void append_count(struct buffer *out, const struct progress *progress)
{
    buffer_append_text(out, amount_text(progress, progress->done));
    if (progress->total > 0)
        buffer_printf(out, " of %s", amount_text(progress, progress->total));
    if (progress->things != NULL)
        buffer_printf(out, " %s", progress->things);
}

static void append_rate(struct buffer *out, const struct progress *progress)
{
    if (progress->rate < 0)
        return;
    if (progress->rate >= 10 || progress->things == NULL)
        buffer_printf(out, "  %s/s", amount_text(progress, (uint64_t)progress->rate));
    else
        buffer_printf(out, "  %.1f/s", progress->rate);
}

#define LEFT_S_MAX 8640000.0 /* a hundred days: nobody waits for that */

static void append_left(struct buffer *out, const struct progress *progress)
{
    double left_s = 0;

    if (progress->total <= progress->done || progress->rate <= 0)
        return;
    left_s = (double)(progress->total - progress->done) / progress->rate;
    if (left_s < 59)
        buffer_printf(out, "  %d s left",
                      (int)(left_s + 0.999)); /* never "0 s" while there is more */
    else if (left_s < LEFT_S_MAX)
        buffer_printf(out, "  %s left", cli_duration_text((uint64_t)left_s * 1000));
}

/* " 45% [=====>    ] ", `width` columns of it. */
static void append_bar(struct buffer *out, const struct progress *progress, size_t width)
{
    double part = (double)progress->done / (double)progress->total;
    size_t inner = width - strlen("100% [] ");
    size_t filled = part >= 1 ? inner : (size_t)(part * (double)inner);

    buffer_printf(out, "%3d%% [", part >= 1 ? 100 : (int)(part * 100));
    for (size_t i = 0; i < inner; i++)
        buffer_append_byte(out, i < filled ? '=' : i == filled ? '>' : ' ');
    buffer_append_text(out, "] ");
}

/* What there is room for: count, time left, rate, bar, in this order of worth. */
static void append_line(struct buffer *out, const struct progress *progress, size_t width)
{
    AUTO(buffer_free) struct buffer count = BUFFER_INIT(LINE_SIZE_MAX);
    AUTO(buffer_free) struct buffer rate = BUFFER_INIT(LINE_SIZE_MAX);
    AUTO(buffer_free) struct buffer left = BUFFER_INIT(LINE_SIZE_MAX);
    size_t room = width;

    append_count(&count, progress);
    append_rate(&rate, progress);
    append_left(&left, progress);
    room -= size_min(terminal_columns(buffer_bytes(&count)), room);
    if (left.size > room)
        left.size = 0;
    room -= left.size;
    if (rate.size > room)
        rate.size = 0;
    room -= rate.size;
    if (progress->total > 0 && room >= BAR_WIDTH_MIN + strlen("100% [] "))
        append_bar(out, progress, room);
    cli_text_show(out, buffer_bytes(&count), width);
    buffer_append(out, buffer_bytes(&rate));
    buffer_append(out, buffer_bytes(&left));
}

static void draw(struct progress *progress)
{
    AUTO(buffer_free) struct buffer line = BUFFER_INIT(LINE_SIZE_MAX);
    FILE *err = progress->cli->err;
    size_t columns = 0;

    append_line(&line, progress, width_now(progress->cli));
    columns = terminal_columns(buffer_bytes(&line));
    fprintf(err, "\r%s%.*s%s", cli_paint(progress->cli, err, CLI_CYAN),
            BYTES_ARG(buffer_bytes(&line)), cli_paint(progress->cli, err, CLI_PLAIN));
    if (columns < progress->columns) /* a terminal that knows no sequences is cleared by blanks */
        fprintf(err, "%*s", (int)(progress->columns - columns), "");
    fflush(err);
    progress->columns = columns;
    shown_columns = (sig_atomic_t)columns;
}

/* ---- the running ---- */

static uint64_t now_ms(const struct progress *progress)
{
    return progress->clock != NULL ? clock_waited_ms(progress->clock)
                                   : clock_monotonic_ns() / 1000000;
}

void cli_progress_begin(struct progress *progress)
{
    progress->is_running = progress->cli->err_is_terminal;
    progress->begin_ms = progress->drawn_ms = now_ms(progress);
    progress->drawn_done = progress->done;
    progress->rate = -1;
    progress->columns = 0;
    shown_columns = 0;
    if (progress->is_running)
        catch_signals();
}

/* The first rate is that of everything until now; each later one moves it a little. */
static void set_rate(struct progress *progress, uint64_t passed_ms)
{
    double rate = (double)(progress->done - progress->drawn_done) * 1000 / (double)passed_ms;

    if (progress->rate < 0)
        progress->rate = rate;
    else
        progress->rate +=
            (rate - progress->rate) * (double)passed_ms / ((double)passed_ms + (double)SMOOTH_MS);
    progress->drawn_done = progress->done;
}

void cli_progress_set(struct progress *progress, uint64_t done)
{
    uint64_t now = 0;

    progress->done = size_max(progress->done, done);
    if (!progress->is_running)
        return;
    now = now_ms(progress);
    if (now - progress->begin_ms < PROGRESS_AFTER_MS ||
        now - progress->drawn_ms < PROGRESS_EVERY_MS)
        return;
    set_rate(progress, now - progress->drawn_ms);
    progress->drawn_ms = now;
    draw(progress);
}

void cli_progress_add(struct progress *progress, uint64_t count)
{
    cli_progress_set(progress, progress->done + count);
}

void cli_progress_hide(struct progress *progress)
{
    if (progress->columns == 0)
        return;
    fprintf(progress->cli->err, "\r%*s\r", (int)(progress->columns + INTERRUPT_COLUMNS), "");
    fflush(progress->cli->err);
    progress->columns = 0;
    shown_columns = 0;
}

void cli_progress_end(struct progress *progress)
{
    if (!progress->is_running)
        return;
    cli_progress_hide(progress);
    leave_signals();
    progress->is_running = false;
}
