/* streams/trigger_pace.h - how fast the built-in trigger reads, and who waits for ends (private to
 * it). It knows neither pages nor records, only how many there are, and when they began and ended;
 * times are those of clock_waited_ms(). What the limits are for: trigger.h.
 *
 *   late     something began TRIGGER_LATE_MS ago and has not ended: it is written
 *   slow     so little ends that others should not wait for it: for TRIGGER_HASTY_MS nothing waits
 *   behind   the last record was not reached for TRIGGER_BEHIND_MS: nothing waits
 *   hasty    slow or behind */
#ifndef DYNLOG_STREAMS_TRIGGER_PACE_H
#define DYNLOG_STREAMS_TRIGGER_PACE_H

#include "base/base.h"

struct trigger_pace {
    size_t page_count; /* that are not written yet */
    /* Events (those of each target) that have begun and not ended, and are in no batch under way.
     */
    size_t begun;
    bool full; /* there is more to read, and too much has begun */
    /* Since looked_ms: whether it was full, and how much has ended well. */
    bool was_full;
    size_t ended;
    uint64_t looked_ms;
    uint64_t whole_ms;    /* then we had read all that there was */
    uint64_t hasty_to_ms; /* until then nothing waits for ends */
};

/* Of events that may be read now. waits: what begins may wait for its end. 0: there is none, until
 * pace_has_room(). */
size_t pace_room(struct trigger_pace *pace, bool waits, uint64_t now_ms);
/* It was full, and enough has ended since to read on. */
bool pace_has_room(const struct trigger_pace *pace);
/* One of what began has ended well. is_counted: it is part of `begun`. */
void pace_ended(struct trigger_pace *pace, bool is_counted);
/* Sees whether targets are slow. */
void pace_look(struct trigger_pace *pace, uint64_t now_ms);
/* What was before does not count for that any more. */
void pace_look_anew(struct trigger_pace *pace, uint64_t now_ms);

bool pace_is_late(uint64_t begun_ms, uint64_t now_ms);
bool pace_is_behind(const struct trigger_pace *pace, uint64_t now_ms);
bool pace_is_hasty(const struct trigger_pace *pace, uint64_t now_ms);

#endif
