/* base/clock.h - the one clock. All time in dynlog comes from here, so that a test can move it.
 *
 * A clock is real (the machine's) or manual (stands still until clock_advance()). Time is
 * milliseconds since 1970-01-01T00:00:00Z. Any thread may read; one thread moves.
 * A real clock never steps back and never stands still: when the machine's is set back, it goes on
 * from where it was, a tenth slower, until that has caught up. So ids and records stay ordered, and
 * what is due in ten seconds comes within eleven. What others compare with their own clocks is the machine's
 * time, as it is. For how long to wait there is a third reading, which never jumps. */
#ifndef DYNLOG_BASE_CLOCK_H
#define DYNLOG_BASE_CLOCK_H

#include "base/bytes.h"

struct clock;

struct clock *clock_new_real(void);
struct clock *clock_new_manual(uint64_t now_ms);
/* One that is at least at that time, for data that was written then (docs/adr/0051). */
struct clock *clock_new_real_from(uint64_t at_least_ms);
void clock_free(struct clock *clock);

uint64_t clock_now_ms(struct clock *clock);
/* The machine's time, which may step back; a manual clock's is clock_now_ms(). */
uint64_t clock_machine_ms(struct clock *clock);
bool clock_is_manual(const struct clock *clock);
/* Milliseconds since some moment, for waiting (base/timer.h). A real clock counts evenly, whatever
 * is done to the machine's time; a manual one is where clock_now_ms() is, so that a test that moves
 * it ends waits. */
uint64_t clock_waited_ms(struct clock *clock);
/* Manual clocks only. */
void clock_advance(struct clock *clock, uint64_t by_ms);

/* Nanoseconds that only go forward, for measuring how long something took. Never moved by tests. */
uint64_t clock_monotonic_ns(void);

/* The clock by which kernels stamp files, in nanoseconds: some milliseconds behind the exact one. A
 * file that is written after this was asked has no smaller stamp. */
uint64_t clock_file_ns(void);

#define CLOCK_ISO_SIZE 25 /* "2026-01-31T23:59:59.999Z" and its NUL */
/* ISO 8601 in UTC; with or without milliseconds. */
void clock_format_iso(uint64_t time_ms, bool milliseconds, char out[CLOCK_ISO_SIZE]);
#define CLOCK_HTTP_SIZE 30 /* "Sat, 31 Jan 2026 23:59:59 GMT" and its NUL */
/* RFC 9110, section 5.6.7: the Date header. Whatever the locale. */
void clock_format_http(uint64_t time_ms, char out[CLOCK_HTTP_SIZE]);
/* "2026-01-31T23:59:59Z", optionally with a fraction and an offset (+01:00). */
MUST_USE bool clock_parse_iso(struct bytes text, uint64_t *ret_ms);

#endif
