/* functions/mapping_private.h - what mapping.c and mapping_lane.c share. */
#ifndef DYNLOG_FUNCTIONS_MAPPING_PRIVATE_H
#define DYNLOG_FUNCTIONS_MAPPING_PRIVATE_H

#include "functions/mapping_lane.h"
#include "functions/rerun.h"

#define MAPPING_CURSOR_NAME_SIZE 128

struct mappings {
    struct functions *functions;
    struct streams *streams;
    struct store *store;
    struct store_port *port;
    struct timers *timers;
    const char *region;
    void (*changed)(void *context);
    void *context;
    struct stream_listener listener;
    struct mapping **all;
    size_t count, capacity;
    size_t in_flight; /* invocations and works of the store */
    bool stopping;
};

struct mapping {
    struct mappings *mappings;
    struct arena *arena; /* of the settings */
    struct mapping_settings settings;
    char uuid[ID_UUID_SIZE];
    const char *last_result;

    /* reading */
    uint64_t read_after; /* everything up to here is in a lane, or done with */
    bool at_end;         /* nothing more was committed when it was read */
    bool going;
    bool made_room; /* a lane's batch was taken */
    bool moved;     /* records are done with: the cursor may move */
    struct timer read_again;

    struct lane lanes[MAPPING_PARALLELIZATION_MAX];
    size_t lane_count;

    /* the cursor */
    char cursor_name[MAPPING_CURSOR_NAME_SIZE];
    uint64_t cursor;        /* durable */
    uint64_t cursor_wanted; /* up to here everything is done with */
    uint64_t cursor_writing;
    bool writing;
    struct store_work work;
    struct timer write_again;

    /* events that its function puts */
    struct rerun rerun;
    bool forgetting; /* the cursor that is being written takes their notes away */
};

/* A lane has moved: reads on, hands over, writes the cursor. */
void mapping_go(struct mapping *mapping);
void mapping_changed(struct mapping *mapping);
void mapping_tell(const struct mapping *mapping, struct bytes text);

#endif
