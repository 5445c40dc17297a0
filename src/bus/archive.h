/* bus/archive.h - archives of a bus: which of its events are kept, for how long, and how many there
 * are. (AWS: EventBridge user guide, "Archiving and replaying events".)
 *
 *   family STORE_ARCHIVES     id: given when the archive was made, never twice
 *     id (8)                            -> events (8) | their bytes as JSON (8)
 *     id (8) | time (8) | position (8)  -> the event (archived.c)     all integers big-endian
 *
 * An archive takes an event by its managed rule, "Events-Archive-NAME": its pattern and "no
 * replay-name" is one more entry of the bus's matcher. The event is written in the batch of its
 * deliveries.
 *
 * What always holds:
 *   1. The figures are those of the events that are there: whoever writes or deletes an event moves
 *      them in the same batch, on the writer's thread.
 *   2. An archive that was deleted has no event: what was matched before and is written after finds
 *      no figures, and is left out.
 *   3. An archive with a retention loses an event within a minute of its expiry; a replay does not
 *      see it from the moment on. Age goes by the event's own time, as replays do.
 *
 * Archives are settings as rules are: changed by bus_change(), on the loop's thread. */
#ifndef DYNLOG_BUS_ARCHIVE_H
#define DYNLOG_BUS_ARCHIVE_H

#include "base/arena.h"

struct bus;

#define BUS_ARCHIVE_NAME_SIZE_MAX 48
#define BUS_ARCHIVES_MAX 1000 /* of all buses; AWS names no limit, a list should have one */

struct bus_archive {
    struct bytes name, bus_name, description;
    struct bytes pattern;    /* empty: every event */
    uint32_t retention_days; /* 0: for ever */
    uint64_t created_ms;
};

/* Both live until the next change. */
const struct bus_archive *bus_find_archive(const struct bus *bus, struct bytes name);
/* In name order; an array in the arena. */
void bus_list_archives(const struct bus *bus, struct bytes name_prefix, struct arena *arena,
                       const struct bus_archive ***ret, size_t *ret_count);
struct bytes bus_archive_arn(const struct bus *bus, struct arena *arena, struct bytes name);

/* Of a value of STORE_EVENTS: the event as JSON. Payloads of private logs are sealed in it,
 * {"sealed":"BASE64"} (vault/vault.h). Points into the value. CORRUPT, NEWER_FORMAT. */
MUST_USE enum status bus_archived_text(struct bytes value, struct bytes *ret);

struct bus_archive_figures {
    uint64_t count, size; /* events; bytes of them as JSON */
};
MUST_USE enum status bus_archive_figures(const struct bus *bus, const struct bus_archive *archive,
                                         struct bus_archive_figures *ret);

#endif
