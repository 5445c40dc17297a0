/* logs/append.c - lines of those who have many: they gather in memory and are written together.
 *
 *   log_append() --> lines ==take==> sent --run()--> durable
 *                      ^               |
 *                      |               | what one work does not manage, or the disk refuses
 *                      +---------------+ stays at the front of `sent`
 *
 * While one work of an appender is with the writer, new lines gather; the next work takes all of
 * them. When its owner said so, they gather for a while before that, too: a function's three lines
 * would else be three batches, each with a sync that the next append waits for. So the faster lines
 * come, the larger the batches, and the cost of a line goes towards copying it twice and putting
 * it.
 *
 * What always holds:
 *   1. Lines are written in the order of their numbers, and `durable` never passes one that is not.
 *   2. One work of an appender is with the writer at a time.
 *   3. A work that is not durable has changed nothing: its lines are in `sent` still, and are
 *      written again.
 *
 * A line in a buffer: timestamp (8) | number (8) | size (4) | bytes. The number is the last one
 * that is durable with it: of a line in several pieces all but the last have that of the line
 * before. */
#include "logs/internal.h"

#define LINE_HEAD_SIZE 20
#define GATHERED_SIZE_MAX ((size_t)256 * 1024) /* more does not wait */
#define KEPT_SIZE_MAX ((size_t)64 * 1024)      /* of an appender that is idle */
#define MESSAGE_SIZE_MAX (LOG_EVENT_SIZE_MAX - LOG_EVENT_OVERHEAD)

struct log_appender {
    struct log_appender_options options;
    struct logs *logs;
    struct list place; /* in logs */
    struct arena *arena;
    struct bytes group_name, stream_name;
    struct buffer lines; /* that gather */
    struct buffer sent;  /* that are being written, from `at` on */
    size_t at, written;  /* written: how far the work came */
    uint64_t last, durable, written_number;
    struct store_work work;
    struct timer retry;
    struct timer gather;       /* set: lines wait for others */
    bool due;                  /* they have */
    struct log_change *create; /* the group is being made */
    enum status outcome;
    bool working, closing, waits; /* waits: an ended work is looked at again after a while */
};

static void go_on(struct log_appender *appender);

/* ---- on the writer's thread ---- */

static void put_line(struct log_appender *appender, struct log_run *run,
                     struct log_stream_view *stream)
{
    const uint8_t *line = appender->sent.ptr + appender->written;
    size_t size = bytes_get_u32(line + 16);
    struct log_input event = {bytes_get_u64(line), bytes_of(line + LINE_HEAD_SIZE, size)};

    log_run_put_event(run, stream, &event);
    appender->written_number = bytes_get_u64(line + 8);
    appender->written += LINE_HEAD_SIZE + size;
}

static void write_lines(struct store_batch *batch, struct store_work *work)
{
    struct log_appender *appender = CONTAINER_OF(work, struct log_appender, work);
    uint32_t days = 0;
    uint64_t group_id = log_group_id_of(appender->logs, appender->group_name, &days);
    struct log_stream_view stream;
    struct log_run run;
    size_t count = 0;

    appender->outcome =
        group_id != 0 ? log_run_begin(&run, appender->logs, batch, group_id) : NOT_FOUND;
    if (appender->outcome != OK)
        return;
    appender->outcome = log_run_stream(&run, appender->stream_name, &stream);
    if (appender->outcome == NOT_FOUND) {
        log_run_new_stream(&run, appender->stream_name, &stream);
        appender->outcome = OK;
    }
    if (appender->outcome != OK)
        return;
    for (; appender->written < appender->sent.size && count < LOG_STEP_COUNT_MAX &&
           appender->written - appender->at < LOG_STEP_SIZE_MAX;
         count++)
        put_line(appender, &run, &stream);
    log_run_put_stream(&run, &stream);
    log_run_end(&run);
}

/* ---- the end of an appender ---- */

static void free_appender(struct log_appender *appender)
{
    struct logs *logs = appender->logs;
    void (*closed)(void *context) = appender->options.closed;
    void *context = appender->options.context;

    timer_cancel(logs->options.wall_timers, &appender->retry);
    timer_cancel(logs->options.wall_timers, &appender->gather);
    list_remove(&appender->place);
    buffer_free(&appender->lines);
    buffer_free(&appender->sent);
    arena_free(appender->arena);
    mem_free(appender);
    if (closed != NULL)
        closed(context);
    logs_told(logs);
}

/* What waits is given up: only when there is nowhere to write it any more. */
static void give_up(struct log_appender *appender)
{
    appender->lines.size = appender->sent.size = appender->at = 0;
}

/* ---- on the loop ---- */

/* Counts as something under way from its first line that waits to its last that is durable. */
static void count_busy(struct log_appender *appender, bool was_busy, bool is_busy)
{
    struct logs *logs = appender->logs;

    if (was_busy == is_busy)
        return;
    logs->appenders = is_busy ? logs->appenders + 1 : logs->appenders - 1;
}

static bool has_lines(const struct log_appender *appender)
{
    return appender->lines.size > 0 || appender->sent.size > appender->at;
}

static void created(struct log_change *change, enum status status)
{
    struct log_appender *appender = change->context;
    bool there = status == OK || change->error.kind == API_RESOURCE_ALREADY_EXISTS;

    arena_free(change->arena);
    appender->create = NULL;
    if (!there && status == REFUSED) {
        count_busy(appender, has_lines(appender), false);
        give_up(appender);
    } else if (!there) {
        appender->waits = true;
        timer_set_after(appender->logs->options.wall_timers, &appender->retry, LOG_AGAIN_MS);
    }
    go_on(appender);
    logs_told(appender->logs);
}

static void create_group(struct log_appender *appender)
{
    struct arena *arena = arena_new();

    appender->create = ARENA_NEW(arena, struct log_change);
    *appender->create = (struct log_change){.kind = LOG_CREATE_GROUP,
                                            .name = arena_copy(arena, appender->group_name),
                                            .arena = arena,
                                            .done = created,
                                            .context = appender};
    logs_change(appender->logs, appender->create);
}

static void lines_written(struct store_work *work, enum status status)
{
    struct log_appender *appender = CONTAINER_OF(work, struct log_appender, work);
    struct logs *logs = appender->logs;
    bool was_busy = has_lines(appender);

    logs->works--;
    if (status == OK)
        status = appender->outcome;
    if (status == OK) {
        appender->at = appender->written;
        appender->durable = appender->written_number;
    } else if (status != NOT_FOUND) { /* the group was deleted: it is made again */
        appender->waits = true;
        timer_set_after(logs->options.wall_timers, &appender->retry, LOG_AGAIN_MS);
    }
    count_busy(appender, was_busy, has_lines(appender));
    /* Whoever is told may append, or close: that goes on below. */
    if (status == OK && appender->options.durable != NULL)
        appender->options.durable(appender->options.context, appender->durable);
    appender->working = false;
    go_on(appender);
    logs_told(logs);
}

/* The lines that gathered become those that are written, and the other way round. */
static void take_lines(struct log_appender *appender)
{
    struct buffer empty = appender->sent;

    appender->sent = appender->lines;
    appender->lines = empty;
    appender->at = 0;
    if (appender->lines.capacity > KEPT_SIZE_MAX)
        buffer_free(&appender->lines);
    buffer_clear(&appender->lines);
}

/* New lines wait for others. */
static bool gathers(struct log_appender *appender)
{
    struct timers *timers = appender->logs->options.wall_timers;

    if (appender->options.gather_ms == 0 || appender->closing || appender->due ||
        appender->lines.size == 0 || appender->lines.size > GATHERED_SIZE_MAX)
        return false;
    if (!timer_is_set(&appender->gather))
        timer_set_after(timers, &appender->gather, appender->options.gather_ms);
    return true;
}

static void go_on(struct log_appender *appender)
{
    struct logs *logs = appender->logs;

    if (appender->working || appender->create != NULL || appender->waits)
        return;
    if (appender->at == appender->sent.size && gathers(appender))
        return;
    if (appender->at == appender->sent.size) {
        appender->due = false;
        timer_cancel(logs->options.wall_timers, &appender->gather);
        take_lines(appender);
    }
    if (appender->sent.size == 0) {
        if (appender->closing)
            free_appender(appender);
    } else if (log_group_find(logs, appender->group_name) == NULL) {
        create_group(appender);
    } else {
        appender->written = appender->at;
        appender->working = true;
        appender->work = (struct store_work){.run = write_lines, .done = lines_written};
        logs_submit(logs, &appender->work);
    }
}

static void write_now(struct log_appender *appender)
{
    appender->due = appender->lines.size > 0;
    go_on(appender);
}

static void gathered(struct timer *timer)
{
    write_now(CONTAINER_OF(timer, struct log_appender, gather));
}

void logs_hurry(struct logs *logs)
{
    LIST_EACH (&logs->appending, it) {
        struct log_appender *appender = LIST_ITEM(it, struct log_appender, place);

        if (timer_is_set(&appender->gather))
            write_now(appender);
    }
}

static void retry_now(struct timer *timer)
{
    struct log_appender *appender = CONTAINER_OF(timer, struct log_appender, retry);

    appender->waits = false;
    go_on(appender);
}

struct log_appender *log_appender_open(struct logs *logs,
                                       const struct log_appender_options *options)
{
    struct log_appender *appender = mem_new(sizeof *appender);

    *appender = (struct log_appender){
        .options = *options,
        .logs = logs,
        .arena = arena_new(),
        .lines = BUFFER_INIT(LOG_APPEND_SIZE_MAX),
        .sent = BUFFER_INIT(LOG_APPEND_SIZE_MAX),
        .retry = {.fire = retry_now},
        .gather = {.fire = gathered},
    };
    appender->group_name = arena_copy(appender->arena, options->group_name);
    appender->stream_name = arena_copy(appender->arena, options->stream_name);
    assert(log_stream_name_is_valid(appender->stream_name));
    list_append(&logs->appending, &appender->place);
    return appender;
}

/* ---- lines ---- */

/* U+FFFD for each byte that belongs to no character. */
static struct bytes make_utf8(struct arena *arena, struct bytes line)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(3 * LOG_APPEND_SIZE_MAX);
    size_t i = 0;

    while (i < line.size) {
        size_t size = 1;

        while (size <= 4 && !bytes_are_utf8(bytes_slice(line, i, size)))
            size++;
        if (size <= 4 && i + size <= line.size) {
            buffer_append(&out, bytes_slice(line, i, size));
            i += size;
        } else {
            buffer_append(&out, BYTES("\xEF\xBF\xBD"));
            i++;
        }
    }
    return arena_copy(arena, buffer_bytes(&out));
}

/* As much of the line as one event holds, up to a whole character. */
static struct bytes take_piece(struct bytes line)
{
    size_t size = size_min(line.size, MESSAGE_SIZE_MAX);

    while (size < line.size && (line.ptr[size] & 0xC0) == 0x80)
        size--;
    return bytes_slice(line, 0, size);
}

static void append_piece(struct log_appender *appender, uint64_t timestamp_ms, uint64_t number,
                         struct bytes piece)
{
    buffer_append_u64(&appender->lines, timestamp_ms);
    buffer_append_u64(&appender->lines, number);
    buffer_append_u32(&appender->lines, (uint32_t)piece.size);
    buffer_append(&appender->lines, piece);
}

static void append_line(struct log_appender *appender, uint64_t timestamp_ms, uint64_t number,
                        struct bytes line)
{
    while (line.size > 0) {
        struct bytes piece = take_piece(line);

        line = bytes_slice(line, piece.size, line.size);
        append_piece(appender, timestamp_ms, line.size > 0 ? number - 1 : number, piece);
    }
}

uint64_t log_append(struct log_appender *appender, uint64_t timestamp_ms, struct bytes line)
{
    AUTO(arena_release) struct arena *arena = NULL;
    size_t size_before = appender->lines.size;
    bool was_busy = has_lines(appender);

    assert(!appender->closing);
    if (line.size > LOG_APPEND_SIZE_MAX || appender->logs->stopped)
        return 0;
    if (!bytes_are_utf8(line)) {
        arena = arena_new();
        line = make_utf8(arena, line);
    }
    if (line.size == 0)
        line = BYTES(" "); /* an event is never empty */
    append_line(appender, timestamp_ms, appender->last + 1, line);
    if (buffer_failed(&appender->lines)) {
        appender->lines.size = size_before;
        appender->lines.failed = false;
        return 0;
    }
    appender->last++;
    count_busy(appender, was_busy, true);
    go_on(appender);
    return appender->last;
}

uint64_t log_appender_durable(const struct log_appender *appender)
{
    return appender->durable;
}

void log_appender_close(struct log_appender *appender)
{
    assert(!appender->closing);
    appender->closing = true;
    go_on(appender);
}

/* Those that wait for the disk do not hold up the end. */
void appenders_stop(struct logs *logs)
{
    LIST_EACH (&logs->appending, it) {
        struct log_appender *appender = LIST_ITEM(it, struct log_appender, place);

        if (!appender->waits)
            continue;
        timer_cancel(logs->options.wall_timers, &appender->retry);
        appender->waits = false;
        count_busy(appender, has_lines(appender), false);
        give_up(appender);
        go_on(appender);
    }
}
