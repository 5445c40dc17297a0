/* mapping/registry.h - event source mappings as clients know them: made, changed, looked at,
 * deleted. (AWS: Lambda API reference, CreateEventSourceMapping and its sisters.)
 *
 *                  +--> updating --+
 *                  |               v
 *   creating --> enabled -------> enabled       deleting --> gone
 *          |       ^  |                            ^
 *          |       |  +--> disabling --> disabled  |  from enabled, disabled
 *          |       +------ enabling <------+       |
 *          +--> disabled
 *
 * A change is answered when it is durable; it acts when the batches that are under way have ended:
 * until then the mapping is "Updating", "Enabling", "Disabling" or "Deleting", and takes no other.
 *
 * What always holds:
 *   1. A mapping that a client made is in the store from its answer until it is gone; its cursor is
 *      written in the batch that makes it, and goes in the batch that deletes it.
 *   2. A stack file's mapping is known by function and source, is not in the store, and is as the
 *      file says at each start; its UUID is made of these two, so it stays the same.
 *   3. There is one mapping of a function and a source.
 *
 * One loop thread. Format: docs/format/mapping.md. */
#ifndef DYNLOG_MAPPING_REGISTRY_H
#define DYNLOG_MAPPING_REGISTRY_H

#include "mapping/mapping.h"

#define REGISTRY_TAGS_MAX 50
#define REGISTRY_COUNT_MAX 10000 /* AWS has no limit; each takes some memory */

struct mapping_registry;

struct mapping_registry_options {
    struct mappings *mappings;
    struct functions *functions;
    struct streams *streams;
    struct queues *queues;
    struct store *store;
    struct store_port *port;
    struct timers *timers;
    struct timers *wall_timers; /* tries of the store; NULL: `timers` */
    const struct arn_place *place;
    void (*changed)(void *context); /* something ended: drain looks again; may be NULL */
    void *context;
};

/* Knows those of the store; they read nothing before mapping_registry_start(), which is for when
 * the stack file's functions and mappings are there. */
MUST_USE enum status mapping_registry_open(const struct mapping_registry_options *options,
                                           struct mapping_registry **ret);
MUST_USE enum status mapping_registry_start(struct mapping_registry *registry);
/* True: nothing is with the store. Call again, after the port has run, until then. */
bool mapping_registry_stop(struct mapping_registry *registry);
void mapping_registry_close(struct mapping_registry *registry); /* before mappings_free() */
/* A change is under way. */
bool mapping_registry_busy(const struct mapping_registry *registry);

/* A stack file's. Function and source decide which it is: one that a client made becomes what the
 * file says, until the next start. REFUSED in AWS's words. */
MUST_USE enum status mapping_registry_declare(struct mapping_registry *registry,
                                              const struct mapping_settings *settings,
                                              struct api_error *reterr);

/* ---- looking ---- */

struct mapping_registry_tag {
    struct bytes name, value;
};

/* Holds until the next change, or the next turn of the loop. */
struct mapping_registry_view {
    struct bytes uuid, arn; /* arn: in the arena */
    const struct mapping_settings *settings;
    const char *state, *reason, *last_result;
    uint64_t modified_ms;
    const struct mapping_registry_tag *tags;
    size_t tag_count;
};
bool mapping_registry_find(const struct mapping_registry *registry, struct bytes uuid,
                           struct arena *arena, struct mapping_registry_view *ret);
/* UUID of arn:...:event-source-mapping:UUID; empty when it is another ARN. */
struct bytes mapping_registry_uuid_of(struct bytes arn);

/* In the order of UUIDs, from the first one above `after`; at most `limit`. Empty texts: any. */
struct mapping_registry_query {
    struct bytes function_name, source_arn, after;
    size_t limit;
    struct arena *arena;
    struct mapping_registry_view *views; /* result, in the arena */
    size_t count;
    bool more;
};
void mapping_registry_list(const struct mapping_registry *registry,
                           struct mapping_registry_query *query);

/* ---- changing ---- */

enum mapping_registry_change_kind {
    REGISTRY_CREATE, /* settings (uuid and name are made), tags */
    REGISTRY_UPDATE, /* uuid, settings */
    REGISTRY_DELETE, /* uuid */
    REGISTRY_TAG,    /* uuid, tags */
    REGISTRY_UNTAG,  /* uuid, tags: their names */
};

struct mapping_registry_change {
    enum mapping_registry_change_kind kind;
    struct bytes uuid; /* a result of REGISTRY_CREATE */
    struct mapping_settings settings;
    const struct mapping_registry_tag *tags;
    size_t tag_count;
    struct arena *arena;
    /* OK: it is durable; mapping_registry_find() tells how it is now. REFUSED: error. */
    void (*done)(struct mapping_registry_change *change, enum status status);
    void *context;
    struct api_error error;
    /* private */
    struct mapping_registry *registry;
    struct registered *entry;
    struct store_work work;
    struct bytes key, record;
    uint64_t begin; /* of a new one of a stream, from the trim horizon */
    uint64_t modified_ms;
    const struct mapping_registry_tag *new_tags;
    size_t new_tag_count;
};
/* done() may come before this returns. The change and its bytes must live until then. */
void mapping_registry_change(struct mapping_registry *registry,
                             struct mapping_registry_change *change);

#endif
