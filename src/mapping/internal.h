/* mapping/internal.h - what the files of a mapping share.
 *
 *   mapping.c            settings, all of them, figures
 *   life.c               pausing, changing, removing one; standing still while its function is held
 *   pass.c               a cursor that is moved on
 *   reading.c            a stream as a source: when to read
 *   shard.c              which shards there are, and their records into lanes
 *   lane.c               one line of batches of a shard
 *   part.c               of a batch: halved, tried again, given up
 *   tumbling.c           windows with a state
 *   filters.c            which records it takes
 *   failures.c           records of what was given up, into a queue
 *   cursor.c             how far it is, durably
 *   queue_source.c       a queue as a source
 *   poller.c             one batch of a queue at a time
 *   queue_record.c       a message as the function gets it
 *   consumer.h           who takes the batches
 *   function_consumer.c  a function does
 *   handover.c           what consumers share
 *   put_source.c         events that its function puts on the bus */
#ifndef DYNLOG_MAPPING_INTERNAL_H
#define DYNLOG_MAPPING_INTERNAL_H

#include "mapping/filters.h"
#include "mapping/lane.h"
#include "mapping/rerun.h"
#include "mapping/tumbling.h"

#define MAPPING_NUMBER_SIZE 12 /* "/" and a shard's number, behind the mapping's name */

struct mappings {
    struct mappings_options options;
    struct stream_listener listener;
    struct queue_listener queue_listener;
    struct mapping **all;
    size_t count, capacity;
    size_t in_flight; /* invocations and works of the store */
    bool stopping;
};

/* One shard on its way through a mapping.
 *
 *   waiting -----------------> reading ----------------> finished ---------> gone
 *        its parent has finished      closed, read to its end,    the mapping's cursor
 *        (or is none of ours)         all done with, durably      has passed its end
 *
 * What always holds: nothing of a shard is handed over before its parent has finished. */
struct mapping_shard {
    struct mapping *mapping;
    struct stream_shard shard; /* as it was when the shards were last asked for */
    uint64_t read_after;       /* everything up to here is in a lane, or done with */
    bool at_end;               /* there was nothing more, up to the mapping's known_to */
    struct timer read_again;
    struct lane *lanes; /* lane_count of the mapping */
    char id[STREAM_SHARD_ID_SIZE];
    struct tumbling tumbling;
    struct list letters; /* failure records that are not in their queue yet */

    /* durable as a cursor of its own while the mapping's stands behind it, and behind a record */
    char cursor_name[MAPPING_CURSOR_NAME_SIZE];
    uint64_t cursor; /* up to here everything is done with, durably */
    uint64_t cursor_writing;
    uint64_t own, own_writing; /* as it stands in the store; as it will; 0: none */
    uint64_t last_record;      /* the last one that was read */
    bool window_writing;       /* what was changed of its tumbling window */

    /* events that its function puts */
    char notes_name[MAPPING_CURSOR_NAME_SIZE];
    struct rerun rerun;
};

/* What a mapping reads, as a table of functions: a stream (reading.c), a queue. */
struct mapping_reader {
    /* From where it was; a new one from where its settings say. Reads nothing yet. */
    enum status (*open)(struct mapping *mapping);
    /* Something has changed: reads and hands over while it may (mapping_may_go()), and writes down
     * what has moved. */
    void (*go)(struct mapping *mapping);
    /* No timers any more; what is with the consumer or the store ends. */
    void (*stop)(struct mapping *mapping);
    /* Stopped, and nothing is with the consumer or the store. */
    bool (*is_at_rest)(const struct mapping *mapping);
    /* LastProcessingResult while there is nothing to read from; NULL: there is. */
    const char *(*problem)(const struct mapping *mapping);
    /* On the writer's thread: its cursors go. May be NULL. */
    void (*forget)(const struct mapping *mapping, struct store_batch *batch);
    /* At rest, or open() failed; open() may come again. */
    void (*close)(struct mapping *mapping);
    /* For mappings_busy(), mappings_moving(), mappings_waits(), mappings_hurry(). */
    bool (*is_busy)(struct mapping *mapping);
    bool (*is_moving)(struct mapping *mapping);
    void (*waits)(const struct mapping *mapping, struct waits *waits);
    void (*hurry)(struct mapping *mapping);
    /* For mappings_count_records(): adds to both. NULL: a queue counts its messages itself. */
    void (*count)(const struct mapping *mapping, size_t *count, bool *more);
};
extern const struct mapping_reader mapping_stream_reader;

/* What was given up, as a message for a queue. */
struct mapping_failure_letter {
    struct list in_shard;
    uint64_t position; /* of the last record that it tells of */
    struct queue_letter letter;
    struct buffer body;
    enum status status; /* of the writing */
};

struct mapping_failures { /* that are being written; the list in the write's arena */
    struct mapping_failure_letter **list;
    size_t count, capacity;
};

struct mapping {
    struct mappings *mappings;
    struct arena *arena; /* of the settings */
    struct mapping_settings settings;
    struct mapping_consumer consumer;
    const struct mapping_reader *reader;
    char uuid[ID_UUID_SIZE];
    const char *last_result; /* of the consumer; mapping_last_result() is what is told */

    /* life.c */
    bool is_open;   /* reader->open() was called, and close() was not */
    bool is_paused; /* it may not go */
    bool of_function;
    bool is_held;    /* its function is (functions/hold.h): it may not go */
    bool is_closing; /* it was stopped, for one or the other, and is not closed yet */
    struct timer rested;
    void (*paused)(void *context);
    void *paused_context;

    struct queue_source *queue; /* queue_source.h; of a queue's mapping while it is open */

    /* reading */
    struct mapping_shard **shards; /* by number */
    size_t shard_count, shard_capacity;
    size_t lane_count;       /* of each */
    struct matcher *filters; /* NULL: every record is taken */
    uint64_t known_to;       /* `shards` are all that there are up to this position */
    bool going;
    bool moved; /* records are done with, or a shard was read to its end: cursors may move */
    struct timer look_again;

    /* the cursor: everything up to it is done with in every shard */
    char cursor_name[MAPPING_CURSOR_NAME_SIZE - MAPPING_NUMBER_SIZE];
    uint64_t cursor; /* durable */
    uint64_t cursor_wanted, cursor_writing;
    bool writing;
    struct arena *write_arena; /* of what is being written */
    struct cursor_change *changes;
    size_t change_count;
    struct mapping_failures failures;
    struct store_work work;
    struct timer write_again;
};

/* ---- mapping.c ---- */

/* Something has moved: reads on, hands over, writes the cursor. */
void mapping_go(struct mapping *mapping);
/* It is enabled, and neither it nor all of them are being stopped. */
bool mapping_may_go(const struct mapping *mapping);
void mapping_changed(struct mapping *mapping);
void mapping_tell(const struct mapping *mapping, struct bytes text);
/* Copies them into the mapping's arena and fills in what is left open. */
void mapping_set_settings(struct mapping *mapping, const struct mapping_settings *settings);
MUST_USE enum status mapping_check_settings(const struct mapping_settings *settings,
                                            struct api_error *reterr);
/* Of function and source: the same at every start. */
void mapping_make_uuid(const struct mapping_settings *settings, char out[ID_UUID_SIZE]);
void mapping_free(struct mapping *mapping);

/* ---- life.c ---- */

void mapping_life_init(struct mapping *mapping);
/* Opens the reader and lets it go, when it is enabled. */
MUST_USE enum status mapping_open(struct mapping *mapping);
/* Tells who waits for it, once a paused one is at rest. */
void mapping_look_at_rest(struct mapping *mapping);

/* ---- function_consumer.c ---- */

struct mapping_consumer mapping_function_consumer(struct mappings *mappings);

/* ---- shard.c ---- */

/* Asks which shards there are, when something was committed since. */
MUST_USE enum status mapping_find_shards(struct mapping *mapping);
void mapping_shard_stop(struct mapping_shard *shard); /* no timers any more */
void mapping_shard_free(struct mapping_shard *shard);
/* Adds how many records are not done with; *more: and others, which were not counted. */
void mapping_shard_count(const struct mapping_shard *shard, size_t *count, bool *more);
/* Reads while there is something and room for it. */
void mapping_shard_read(struct mapping_shard *shard);
/* Everything up to here is done with. */
uint64_t mapping_shard_done(const struct mapping_shard *shard);
bool mapping_shard_has_finished(const struct mapping_shard *shard);
/* It is closed, and all of it is in lanes or done with. */
bool mapping_shard_is_read(const struct mapping_shard *shard);
/* A lane has work, or there is something that it has not read. */
bool mapping_shard_busy(const struct mapping_shard *shard);
/* Of that, what no function and no time has to end first. */
bool mapping_shard_moving(const struct mapping_shard *shard);

/* ---- failures.c ---- */

/* Fills in what is the shard's. */
void mapping_shard_note_failure(struct mapping_shard *shard, const struct mapping_failure *failure);
void mapping_shard_free_failures(struct mapping_shard *shard);
/* Those that the cursor that is to be written passes. */
void mapping_failures_collect(struct mapping_shard *shard);
/* On the writer's thread. */
void mapping_failures_write(const struct mapping *mapping, struct store_batch *batch);
/* That is durable. */
void mapping_failures_written(struct mapping *mapping);

/* ---- cursor.c ---- */

void mapping_cursor_init(struct mapping *mapping);
void mapping_cursor_free(struct mapping *mapping);
/* Where it was, or where a new one begins: "now" is written down, so that it stays now. */
MUST_USE enum status mapping_cursor_load(struct mapping *mapping);
/* Of a shard that is new to us: its own, or the mapping's; and the notes above it. */
MUST_USE enum status mapping_cursor_load_shard(struct mapping_shard *shard);
/* On the writer's thread: none of its cursors and notes stays. */
void mapping_cursor_forget(const struct mapping_settings *settings, struct store_batch *batch);
/* Writes what has moved. One write at a time: what moves meanwhile goes with the next one. */
void mapping_cursor_write(struct mapping *mapping);

/* ---- journey.c ---- */

struct bytes lane_table_name(const struct lane *lane);
void lane_tell_read(const struct lane *lane, const struct change *change);
void lane_tell_filtered(const struct lane *lane, const struct change *change);
/* Of the part that is in work. */
void lane_tell_handled(const struct lane *lane);
void lane_tell_again(const struct lane *lane, uint64_t next_ms);
void lane_tell_split(const struct lane *lane);
void lane_tell_stopped(const struct lane *lane);
/* It began there; its first records are too old by now. */
void lane_tell_split_from(const struct lane *lane, size_t begin);
void lane_tell_given_up(const struct lane *lane, size_t begin, size_t end, const char *condition);

#endif
