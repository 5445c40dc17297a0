/* library/reader.c - see reader.h. */
#include "library/reader.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define NS_PER_MS 1000000u
#define POLL_MS_MAX 3600000 /* then it looks again */

enum dynlog_status reader_init(struct dynlog_reader *reader, const struct reader_kind *kind,
                               struct dynlog *dynlog, bool waits, struct dynlog_error *error)
{
    *reader = (struct dynlog_reader){.kind = kind, .dynlog = dynlog, .wake_fd = -1};
    atomic_init(&reader->stopped, false);
    if (waits) {
        reader->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (reader->wake_fd < 0)
            return fault_of_status(error, "a reader", status_of_errno(errno));
    }
    reader->arena = arena_new();
    return DYNLOG_OK;
}

void reader_release(struct dynlog_reader *reader)
{
    if (reader->wake_fd >= 0)
        close(reader->wake_fd);
    arena_free(reader->arena);
}

void reader_wake(struct dynlog_reader *reader)
{
    static const uint64_t one = 1;
    int before = errno;

    if (reader->wake_fd >= 0 && write(reader->wake_fd, &one, sizeof one) < 0)
        errno = before; /* it is awake already */
}

bool reader_wait(struct dynlog_reader *reader, int64_t wait_ms)
{
    struct deadline deadline = deadline_after(wait_ms);
    struct pollfd fd = {.fd = reader->wake_fd, .events = POLLIN};
    uint64_t count = 0;
    int ready = 0;

    do {
        int64_t left = deadline_left_ms(&deadline);

        ready = poll(&fd, 1, left < 0 || left > POLL_MS_MAX ? POLL_MS_MAX : (int)left);
    } while (ready <= 0 && (ready == 0 || errno == EINTR) && deadline_left_ms(&deadline) != 0);
    return ready > 0 && read(reader->wake_fd, &count, sizeof count) > 0;
}

/* ---- time ---- */

struct deadline deadline_after(int64_t wait_ms)
{
    if (wait_ms < 0)
        return (struct deadline){.for_ever = true};
    if ((uint64_t)wait_ms > (UINT64_MAX / NS_PER_MS) / 2)
        return (struct deadline){.for_ever = true};
    return (struct deadline){.at_ns = clock_monotonic_ns() + (uint64_t)wait_ms * NS_PER_MS};
}

int64_t deadline_left_ms(const struct deadline *deadline)
{
    uint64_t now = 0;

    if (deadline->for_ever)
        return -1;
    now = clock_monotonic_ns();
    if (now >= deadline->at_ns)
        return 0;
    return (int64_t)((deadline->at_ns - now + NS_PER_MS - 1) / NS_PER_MS);
}

void reader_pause(struct dynlog_reader *reader, const struct deadline *deadline, int64_t *pause_ms,
                  int64_t pause_ms_max)
{
    int64_t left = deadline_left_ms(deadline);

    reader_wait(reader, left >= 0 && left < *pause_ms ? left : *pause_ms);
    *pause_ms = *pause_ms * 2 < pause_ms_max ? *pause_ms * 2 : pause_ms_max;
}

/* When the event itself says when it was appended - elsewhere, and came here later - that counts.
 */
void reader_place(struct dynlog_reader *reader, const struct event_place *place,
                  struct dynlog_event *event)
{
    event->position = place->position;
    if (event->time_ms == 0)
        event->time_ms = place->time_ms;
    if (place->position > 0)
        event->cursor = arena_copy_text(reader->arena,
                                        arena_printf(reader->arena, "%" PRIu64, place->position));
}

enum dynlog_status reader_begin(const char *from, uint64_t now, uint64_t *ret,
                                struct dynlog_error *error)
{
    *ret = 0;
    if (from == NULL || strcmp(from, DYNLOG_FROM_NOW) == 0)
        *ret = now;
    else if (strcmp(from, DYNLOG_FROM_START) != 0 && !bytes_to_uint64(bytes_of_text(from), ret))
        return fault_say(error, DYNLOG_INVALID,
                         "A subscription begins at \"start\", \"now\", or behind an event's "
                         "cursor, not at \"%s\".",
                         from);
    return DYNLOG_OK;
}

const char *reader_text(struct arena *arena, struct bytes text)
{
    return text.size > 0 ? arena_copy_text(arena, text) : NULL;
}

/* ---- dynlog.h ---- */

enum dynlog_status dynlog_next(struct dynlog_reader *reader, int64_t wait_ms,
                               struct dynlog_event *ret, struct dynlog_error *error)
{
    *ret = (struct dynlog_event){0};
    if (atomic_exchange(&reader->stopped, false))
        return fault_none(error, DYNLOG_STOPPED);
    arena_reset(reader->arena);

    enum dynlog_status status = reader->kind->next(reader, wait_ms, ret, error);

    return status == DYNLOG_END || status == DYNLOG_TIMED_OUT || status == DYNLOG_STOPPED
               ? fault_none(error, status)
               : status;
}

void dynlog_reader_stop(struct dynlog_reader *reader)
{
    atomic_store(&reader->stopped, true);
    reader_wake(reader);
}

void dynlog_reader_close(struct dynlog_reader *reader)
{
    if (reader != NULL)
        reader->kind->close(reader);
}

static enum dynlog_status say_no_name(struct dynlog_error *error)
{
    return fault_say(error, DYNLOG_INVALID, "Only a subscription with a name keeps what was done.");
}

enum dynlog_status dynlog_done(struct dynlog_reader *reader, struct dynlog_error *error)
{
    return reader->kind->done != NULL ? reader->kind->done(reader, error) : say_no_name(error);
}

enum dynlog_status dynlog_failed(struct dynlog_reader *reader, const char *reason,
                                 struct dynlog_error *error)
{
    return reader->kind->failed != NULL ? reader->kind->failed(reader, reason, error)
                                        : say_no_name(error);
}
