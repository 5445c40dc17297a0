/* server/machine_clock.c - the machine's time at a start, and how late it was when the folder was
 * used last (docs/adr/0051).
 *
 * What is due is in the store with its time. If somebody sets the machine back while dynlog is
 * away, all of it would come so much later; so the clock goes on from the time that was noted last,
 * and lets the machine catch up (base/clock.h). It is noted at every start (manual_clock.c), and
 * with the first write after a minute: so the clock begins a minute after the note, when everything
 * had been written that was.
 *
 * A note that is more than a day ahead was made by a clock that was wrong by more than people set
 * theirs back: then the machine's is taken as it is, and what is due late is late. */
#include "server/internal.h"

#include "base/duration.h"

#define NOTE_AFTER_MS 60000
#define AHEAD_MAX_MS ((uint64_t)24 * 60 * 60 * 1000)
#define AHEAD_TOLD_MS 60000 /* less is what machines do by themselves */
#define WORDS_SIZE_MAX 64

static void noted(struct server *server, bool ok)
{
    (void)ok; /* the next one tells more */
    server->clock_note_written = false;
    drain_changed(server);
}

void machine_clock_look(struct server *server)
{
    uint64_t position = store_last_position(server->store), now_ms = 0;

    if (position == server->clock_note_position || server->clock_note_written ||
        server->state != SERVER_SERVING || clock_is_manual(server->clock))
        return;
    now_ms = clock_now_ms(server->clock);
    if (now_ms < server->clock_noted_ms + NOTE_AFTER_MS)
        return;
    server->clock_note_position = position;
    server->clock_note_written = true;
    server->clock_noted_ms = now_ms;
    manual_clock_ensure(server, noted);
}

static void tell(uint64_t ahead_ms, const char *what)
{
    AUTO(buffer_free) struct buffer words = BUFFER_INIT(WORDS_SIZE_MAX);

    duration_print(&words, ahead_ms / 1000 * 1000);
    output_error("the machine's clock was set back: it is %.*s earlier than when this data folder "
                 "was used last; %s",
                 BYTES_ARG(buffer_bytes(&words)), what);
}

struct clock *machine_clock_new(struct server *server, uint64_t noted_ms)
{
    uint64_t now_ms = clock_now_ms(server->wall_clock);
    uint64_t ahead_ms = noted_ms > now_ms ? noted_ms - now_ms : 0;

    if (ahead_ms > AHEAD_MAX_MS) {
        tell(ahead_ms, "what waits for a time comes so much later");
        return clock_new_real();
    }
    if (ahead_ms >= AHEAD_TOLD_MS)
        tell(ahead_ms,
             "time here goes on from then, a tenth slower, until the machine has caught up");
    return ahead_ms > 0 ? clock_new_real_from(noted_ms + NOTE_AFTER_MS) : clock_new_real();
}

void machine_clock_begin(struct server *server)
{
    server->clock_note_position = store_last_position(server->store);
    server->clock_noted_ms = clock_now_ms(server->clock);
}
