/* bus/replay.h - replays: the events of an archive's window, put on its bus once more. (AWS:
 * EventBridge user guide, "Archiving and replaying events".)
 *
 *   STARTING --> RUNNING --> COMPLETED        FAILED: its archive is gone
 *       |           |  \
 *       |           |   +--> FAILED
 *       +-----------+--> CANCELLING --> CANCELLED
 *
 * A replay goes through its window in the order of the events' times, a page at a time. Each
 * page is one put: for the rules that were chosen, with new ids, the original times and
 * `replay-name`. How far it is moves in the batch of the page's deliveries, so a crash repeats and
 * skips no event; after a start it goes on. It waits while the targets have much to do, so that
 * live events are not behind all of it. Replayed events are not archived again.
 *
 * Descriptions live until the loop's next turn. Replays that ended stay for 90 days, as on AWS. */
#ifndef DYNLOG_BUS_REPLAY_H
#define DYNLOG_BUS_REPLAY_H

#include "base/arena.h"
#include "base/timer.h"

struct bus;

#define BUS_REPLAY_NAME_SIZE_MAX 64
#define BUS_REPLAYS_MAX 10000     /* with those that ended; AWS names no limit */
#define BUS_REPLAYS_ACTIVE_MAX 10 /* AWS's, a region */
#define BUS_REPLAYS_KEPT_DAYS 90  /* AWS's, after their end */
#define BUS_REPLAY_RULES_MAX 1000 /* chosen ones; AWS names no limit, a list should have one */
#define BUS_REPLAY_PAGE_MAX 100   /* events in one put: a few milliseconds of the loop */
#define BUS_REPLAY_PAGE_SIZE_MAX ((size_t)1024 * 1024)

enum bus_replay_state {
    BUS_REPLAY_STARTING,
    BUS_REPLAY_RUNNING,
    BUS_REPLAY_CANCELLING,
    BUS_REPLAY_COMPLETED,
    BUS_REPLAY_CANCELLED,
    BUS_REPLAY_FAILED,
    BUS_REPLAY_STATE_COUNT,
};
/* AWS's words. */
extern const char *const bus_replay_states[BUS_REPLAY_STATE_COUNT];

struct bus_replay {
    struct bytes name, description, archive_name, bus_name;
    const struct bytes *rule_arns; /* none: all rules of the bus */
    size_t rule_arn_count;
    uint64_t from_ms, to_ms; /* of the events' times: from <= time < to */
    enum bus_replay_state state;
    struct bytes reason;           /* of FAILED */
    uint64_t started_ms, ended_ms; /* ended: 0 while it has not */
    bool has_last;
    uint64_t last_ms; /* of the last event that was replayed */
};

const struct bus_replay *bus_find_replay(const struct bus *bus, struct bytes name);
/* In name order; an array in the arena. */
void bus_list_replays(const struct bus *bus, struct bytes name_prefix, struct arena *arena,
                      const struct bus_replay ***ret, size_t *ret_count);
struct bytes bus_replay_arn(const struct bus *bus, struct arena *arena, struct bytes name);

#endif
