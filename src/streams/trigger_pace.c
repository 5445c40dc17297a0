/* streams/trigger_pace.c - see trigger_pace.h. */
#include "streams/trigger_pace.h"

#include "streams/trigger.h"

/* ---- who waits for ends ---- */

bool pace_is_late(uint64_t begun_ms, uint64_t now_ms)
{
    return now_ms - begun_ms >= TRIGGER_LATE_MS;
}

bool pace_is_behind(const struct trigger_pace *pace, uint64_t now_ms)
{
    return now_ms - pace->whole_ms > TRIGGER_BEHIND_MS;
}

bool pace_is_hasty(const struct trigger_pace *pace, uint64_t now_ms)
{
    return now_ms < pace->hasty_to_ms || pace_is_behind(pace, now_ms);
}

void pace_look_anew(struct trigger_pace *pace, uint64_t now_ms)
{
    pace->looked_ms = now_ms;
    pace->was_full = pace->full;
    pace->ended = 0;
}

void pace_look(struct trigger_pace *pace, uint64_t now_ms)
{
    if (now_ms - pace->looked_ms < TRIGGER_SLOW_MS)
        return;
    if (pace->was_full && pace->ended < TRIGGER_BEGUN_MAX / 4)
        pace->hasty_to_ms = now_ms + TRIGGER_HASTY_MS;
    pace_look_anew(pace, now_ms);
}

/* ---- how much may be under way ---- */

static size_t room_of(const struct trigger_pace *pace, bool waits, uint64_t now_ms)
{
    bool may_wait = waits && !pace_is_hasty(pace, now_ms);
    size_t most = may_wait ? TRIGGER_BEGUN_MAX : TRIGGER_BATCH_MAX;

    if (pace->page_count >= TRIGGER_PAGES_MAX || pace->begun >= most ||
        (may_wait && pace->full && pace->begun > TRIGGER_BEGUN_MAX / 2))
        return 0;
    return most - pace->begun;
}

size_t pace_room(struct trigger_pace *pace, bool waits, uint64_t now_ms)
{
    size_t room = room_of(pace, waits, now_ms);

    pace->full = room == 0;
    pace->was_full = pace->was_full || pace->full;
    return room;
}

bool pace_has_room(const struct trigger_pace *pace)
{
    return pace->full && pace->begun <= TRIGGER_BEGUN_MAX / 2;
}

void pace_ended(struct trigger_pace *pace, bool is_counted)
{
    pace->ended++;
    if (is_counted)
        pace->begun--;
}
