/* server/internal.h - the parts of a running server and what they need of each other. */
#ifndef DYNLOG_SERVER_INTERNAL_H
#define DYNLOG_SERVER_INTERNAL_H

#include "api/api.h"
#include "archive/archive.h"
#include "backup/backup.h"
#include "journey/journey.h"
#include "outbound/outbound.h"
#include "server/server.h"
#include "stack/plan.h"
#include "streams/trigger.h"

#define SERVER_DRAIN_GRACE_MS 5000 /* how long a stopping server waits for what is in flight */
#define SERVER_LISTENERS_MAX 6     /* three ports, two addresses */
#define SERVER_ARCHIVE_PAGE_MAX 1000
/* Asynchronous invocations that have not ended: with more, replays wait. Some pages of replays, so
 * that workers always have something to do. */
#define SERVER_REPLAY_QUEUED_MAX 1000

struct drain_waiter;
struct exporting;
struct follow;
struct made;
struct watch;

/* The built-in trigger of one table, and the way of its events to the bus. */
struct triggering {
    struct server *server;
    struct trigger *trigger;
    struct bytes bus_name;
    uint32_t stream_id;
    uint64_t ids; /* of the store's events */
};

/* STORE_EVENTS -> SQLite. */
struct archiving {
    struct archive *archive;
    uint64_t given;   /* the last position handed to SQLite's thread */
    uint64_t taken;   /* the last position that is durable there */
    uint64_t offered; /* the last position that the bus wrote */
    uint64_t deleted; /* the last position deleted from the store */
    bool deleting;
    bool kept; /* nothing is deleted from the store: it is copied (backing_up.c) */
    struct store_work deletion;
    uint64_t deletion_to;
    struct timer retry;  /* of wall_timers */
    struct timer pace;   /* of wall_timers. Set: the last page was given a moment ago */
    struct timer reopen; /* of wall_timers. Set: the file could not be opened */
    char path[4096];
};

/* A copy of the data folder (backing_up.c). */
enum backing_up_state {
    BACKING_UP_NONE,
    BACKING_UP_WAITS, /* for a deletion of the archive's that is under way */
    BACKING_UP_RUNS,  /* on a thread that may wait */
    BACKING_UP_DONE,
    BACKING_UP_FAILED,
};

struct backing_up {
    enum backing_up_state state;
    struct backup_job job;
    char to[4096];
    enum status status;
    uv_work_t work;
};

/* Where a function of the stack runs (stack_code.c). */
struct function_place {
    struct bytes folder;  /* absolute */
    struct bytes archive; /* SHA-256 of the zip that it was; empty: it was none */
    uint64_t archive_size;
};

struct front;

/* One of the addresses that are listened on; each front has one of the same number. */
struct server_listener {
    struct server *server;
    struct front *front; /* NULL: the main loop's */
    size_t number;
    struct http_listen_options options;
    struct http_listener *http;
};

enum server_state {
    SERVER_OPENING, /* requests that come already wait */
    SERVER_SERVING,
    SERVER_DRAINING, /* no new connections; what is in flight goes on */
    SERVER_STOPPING, /* workers and connections end */
    SERVER_CLOSING,  /* the last batches of the store */
    SERVER_CLOSED,
};

struct server {
    struct server_options options;
    struct arena *arena; /* what lives as long as the server */
    uv_loop_t loop;
    uv_async_t committed_wake, archive_wake;
    uv_timer_t timer, wall_timer;
    uv_signal_t interrupted, terminated;
    enum server_state state;
    bool failed; /* the exit status will say so */
    bool stops;  /* it is to, once it is open */

    struct arn_place place;
    /* Two kinds of waiting (docs/adr/0020): what AWS does at a time goes by `timers`, whose clock a
     * test may move; what waits for processes, sockets and the disk goes by wall_timers. */
    struct clock *clock, *wall_clock;
    struct timers *timers, *wall_timers;
    struct faults *faults;
    struct journeys *journeys;   /* NULL: none are recorded */
    struct exporting *exporting; /* of them; NULL: to nobody */
    bool delivery_is_new;        /* while one is prepared: a fault may delay it (deliver.c) */
    struct store *store;
    struct store_port *port;
    struct engine *engine;
    struct streams *streams;
    struct subscriptions *subscriptions;
    struct deliveries *deliveries;
    struct schedules *schedules;
    struct outbound *outbound;
    struct bus *bus;
    struct queues *queues;
    struct logs *logs;
    struct functions *functions;
    struct mappings *mappings;
    struct pipes *pipes;
    struct mapping_registry *registry; /* of event source mappings */
    struct sigv4_keys *keys;
    struct api *api;
    struct http_server *http;
    struct server_listener listeners[SERVER_LISTENERS_MAX];
    size_t listener_count;
    bool listeners_closed;
    /* More loops (fronts.c). */
    struct front *fronts;
    size_t front_count;
    size_t dealt; /* whose turn it was last; 0: the main loop's */
    uv_async_t given_wake;
    pthread_mutex_t fronts_mutex; /* for `given`, and what fronts.c says */
    struct list given;
    struct http_request **held; /* came before the stack was there */
    size_t held_count, held_capacity;
    char functions_folder[4096 + 16]; /* of functions that clients make */
    char runtimes[4096];              /* where our bootstraps are */
    char temporary[256];              /* where workers have their temporary files; empty: nowhere */
    struct timer drain_limit;
    /* The stack file as it is in use, and what provisioning made of it. */
    const struct stack *stack;
    struct arena *stack_arena;
    const char *stack_path;   /* NULL: none */
    bool own_stack;           /* zero-config: no stack file */
    struct bytes code_folder; /* of the stack file, absolute: handlers are relative to it */
    struct function_place *function_places; /* of each of the stack's functions */
    uint64_t code_generation;               /* counts the stacks whose code was unpacked */

    uint16_t port_number, events_port_number, lambda_port_number;
    struct function_variable *environment;
    size_t environment_count;

    struct triggering triggering;
    bool has_trigger;
    struct archiving archiving;
    struct backing_up backing_up;
    bool has_archive;
    struct list drain_waiters;
    struct list clock_moves;                      /* the first is under way */
    uint64_t clock_note_position, clock_noted_ms; /* machine_clock.c */
    bool clock_note_written;                      /* it is being */
    struct follow *follow;                        /* under way; NULL: none */
    void (*steps_done)(struct server *server, bool ok);
    bool waits_for_quiet; /* the steps do, for a table that is being restored */
    struct made *made;
    struct watch *watch;       /* NULL: it does not follow its stack file */
    struct bytes *late_values; /* of stack->late; empty: not known yet */
    uint64_t started_ns;
    uint64_t lost_log_lines; /* of functions: more than may wait for the disk */
};

/* ---- loop.c: the loop, and what wakes it ---- */
/* With wall_timers. */
void loop_open(struct server *server);
/* Ends uv_run(). */
void loop_end(struct server *server);
/* One more turn; from any thread. */
void loop_wake(void *server);
/* Hands on what the store finished, then looks whether somebody waits for quiet. */
void loop_turn(struct server *server);
/* `timers` have another earliest one. */
void loop_arm(void *server);
/* Something ended, or there is more to do. */
void loop_changed(void *server);

/* ---- parts.c: the parts, opened and freed in their order ---- */
bool parts_open(struct server *server); /* false: said why on stderr */
/* The stack's settings that act on parts as they run; a stack file changed. */
void parts_take_settings(struct server *server);
/* A server stops: nothing of its parts is with the store's writer any more. */
bool parts_quiet(struct server *server);
void parts_free(struct server *server);

/* ---- stack_file.c: the stack file, read ---- */
/* False: said why on stderr. The first one is loaded with the server's place still open. */
bool stack_file_load(struct server *server, struct arena *arena, const struct stack **ret);
bool stack_file_open(struct server *server);

/* ---- unmake.c: functions and mappings that the stack file has no more ---- */
void unmake_start(struct server *server, const struct stack *before,
                  void (*done)(struct server *server, bool ok));

/* ---- watch.c: a running server follows its stack file ---- */
/* Once it serves. */
void watch_open(struct server *server);
/* False: a change is being applied; call again. */
bool watch_close(struct server *server);
bool watch_busy(const struct server *server);
/* While a change is applied: whether this thing of the plan ("function NAME") differs. At a start
 * everything does. */
bool watch_differs(const struct server *server, struct bytes what);
/* The stack before the one that is being applied; NULL: none is. */
const struct stack *watch_before(const struct server *server);

/* ---- identity.c: the store's own id, made at its first start ---- */
#define SERVER_STORE_ID_KEY "store/id"
void identity_ensure(struct server *server, void (*done)(struct server *server, bool ok));

/* ---- listen.c: the public ports ---- */
bool listen_open(struct server *server); /* false: said why on stderr */
void listen_close(struct server *server);
void listen_serve_held(struct server *server);

/* ---- fronts.c: more loops ---- */
void fronts_init(struct server *server);
/* As many as --threads says; once the stack is there. */
void fronts_open(struct server *server);
/* Whose turn it is with the next accepted connection; 0: the main loop's, which keeps it. */
size_t fronts_turn(struct server *server);
/* It goes to whose turn it is. */
void fronts_deal(struct server *server, struct http_parcel *parcel, size_t listener);
/* No more connections; what is in flight goes on. */
void fronts_drain(struct server *server);
/* Their connections end, within SERVER_DRAIN_GRACE_MS. */
void fronts_stop(struct server *server);
/* After fronts_stop(): waits for their threads. */
void fronts_close(struct server *server);
/* Of all loops. */
void fronts_figures(const struct server *server, struct http_figures *ret);

/* ---- bootstraps.c: the runtimes' files, unpacked from the program ---- */
bool bootstraps_unpack(struct server *server);
void bootstraps_remove(struct server *server);

/* ---- stack_aliases.c: versions and aliases of the stack's functions ---- */
/* Puts those of the function `settings->name` into its settings, with memory of the arena. NULL:
 * all are well; else the one that can't be, and why. */
const struct stack_alias *stack_aliases_set(struct arena *arena, const struct stack *stack,
                                            struct function_settings *settings,
                                            struct bytes *ret_why);

/* ---- stack_steps.c: what a start, or a changed stack file, does ---- */
void stack_steps(struct server *server, void (*done)(struct server *server, bool ok));
/* ---- stack_code.c: where the stack's functions run ---- */
bool stack_code_open(struct server *server); /* false: said why on stderr */

/* ---- private_logs.c: logs that are declared private ---- */
/* The stack's, and those of the command line. Not ok: it said why. */
void private_logs_declare(struct server *server, void (*done)(struct server *server, bool ok));

/* ---- provision.c: the stack's calls, in order ---- */
void provision_start(struct server *server, void (*done)(struct server *server, bool ok));

/* ---- destinations.c: where functions and mappings send what ended ---- */
/* Once everything of the stack is there: notes those that are not. */
void destinations_note(struct server *server);

/* ---- follow.c: a table that is there becomes what the stack file says now ---- */
/* call: the CreateTable that found it there. why empty: done. */
void follow_table(struct server *server, const struct stack_call *call,
                  void (*done)(void *context, struct bytes why), void *context);
/* Why a table that is there can't become what the call (any) says; empty: it can. */
struct bytes follow_refusal(struct server *server, const struct stack_call *call);
/* call: the UpdateTimeToLive that found another attribute. When it is done, call it again. */
void follow_time_to_live(struct server *server, const struct stack_call *call,
                         void (*done)(void *context, struct bytes why), void *context);
/* Once a loop turn: an index may have been filled. */
void follow_look(struct server *server);

/* ---- values.c: late values of the stack ---- */
void values_init(struct server *server);
/* The text with its values; *ret_known (may be NULL): all are known. Until then "*" is there. */
struct bytes values_fill(struct server *server, struct bytes text, bool *ret_known);
/* The answer (200) of a call that tells one. */
void values_learn(struct server *server, const struct stack_call *call, struct bytes answer);

/* ---- made.c: what an earlier stack file made, and this one has not ---- */
#define SERVER_MADE_KEY "stack/made/"
/* Before anything is made; after all is made: removes. */
void made_begin(struct server *server, void (*done)(struct server *server, bool ok));
void made_end(struct server *server, void (*done)(struct server *server, bool ok));

/* ---- stale.c: rules of an earlier stack file ---- */
void stale_remove(struct server *server, void (*done)(struct server *server, bool ok));

/* ---- warm.c: workers before the first event ---- */
void warm_start(struct server *server);

/* ---- deliver.c: the targets of rules, schedules and functions ---- */
struct delivery_door deliver_door(struct server *server);
struct bus_door deliver_bus_door(struct server *server);
struct destination_door deliver_destination_door(struct server *server);

/* ---- scheduling.c: what is due, to its targets; rules with a schedule ---- */
struct schedule_door scheduling_door(struct server *server);
/* Parts of the bus' door. */
bool scheduling_is_valid(void *server, struct bytes expression);
void scheduling_rule_changed(void *server, struct bytes bus_name, struct bytes rule_name);
/* The rules that the bus has already. */
void scheduling_set_rules(struct server *server);

/* ---- piping.c: pipes, once mappings are there ---- */
enum status piping_open(struct server *server);

/* ---- function_logs.c: what functions print, into their log groups ---- */
struct function_log_door function_log_door_of(struct server *server);

/* ---- runtime.c: workers' private listeners ---- */
struct runtime_door runtime_door_of(struct server *server);

/* ---- triggering.c ---- */
void triggering_start(struct server *server);

/* ---- exporting.c: journeys as OpenTelemetry's spans ---- */
struct exporting_figures {
    uint64_t exported_total, dropped_total;
    size_t queued;
};
void exporting_open(struct server *server); /* nothing without --otlp */
/* When nothing else ends hops any more: sends what is left. True: nothing of it is with the loop.
 */
bool exporting_stop(struct server *server);
void exporting_close(struct server *server);
void exporting_figures(const struct server *server, struct exporting_figures *ret);

/* ---- archiving.c ---- */
/* Some bus has one. */
bool archiving_wanted(struct server *server);
/* Once some bus has an archive: harmless when it is open. False: said why on stderr. */
bool archiving_open(struct server *server);
void archiving_offer(struct server *server, uint64_t last_position);
void archiving_woken(struct server *server);
bool archiving_busy(const struct server *server);
void archiving_hurry(struct server *server); /* what waits for more of its page does not */
void archiving_close(struct server *server);
/* While it is true, the store keeps what SQLite has. */
void archiving_keep(struct server *server, bool kept);

/* ---- backing_up.c ---- */

enum status backing_up_begin(void *server, struct bytes to, bool own_bytes,
                             struct api_error *error);
void backing_up_write(void *server, struct json_writer *w);
/* Something that it waits for may have ended. */
void backing_up_look(struct server *server);
bool backing_up_busy(const struct server *server);

/* ---- machine_clock.c ---- */

/* noted_ms: how late it was when the folder was used last; 0: it is new. */
struct clock *machine_clock_new(struct server *server, uint64_t noted_ms);
void machine_clock_begin(struct server *server);
/* After a commit. */
void machine_clock_look(struct server *server);

/* ---- manual_clock.c ---- */
/* When the store is open. False: said why on stderr. */
bool manual_clock_open(struct server *server);
/* Writes down where the clock stands. */
void manual_clock_ensure(struct server *server, void (*done)(struct server *server, bool ok));
void manual_clock_write(void *server, struct json_writer *w);
bool manual_clock_is(void *server);
void manual_clock_move(void *server, const struct api_clock_move *move,
                       void (*moved)(void *waiter, const struct api_clock_moved *moved),
                       void *waiter);
void manual_clock_forget(void *server, void *waiter);
/* Once a loop turn: a step may be over. */
void manual_clock_look(struct server *server);
/* The server stops: nothing moves it any more. True: nothing of it is with the store. */
bool manual_clock_stop(struct server *server);

/* ---- drain.c ---- */
void drain_init(struct server *server);
/* Something ended: looks whether everything did. Cheap; call freely. */
void drain_changed(struct server *server);
/* Nothing moves, and nothing waits for its time. */
bool drain_idle(struct server *server);
/* Nothing moves by itself: only time changes anything. */
bool drain_settled(struct server *server);
/* Once a loop turn, after everything that was committed has been handed on. */
void drain_look(struct server *server);
void drain_wait(void *server, bool retries_now, void (*drained)(void *waiter, struct bytes json),
                void *waiter);
void drain_forget(void *server, void *waiter);

/* ---- status.c ---- */
void status_write(void *server, struct json_writer *w);
void status_metrics(void *server, struct buffer *out);

/* ---- output.c: the only place that prints ---- */
void output_banner(struct server *server);
void output_note(struct server *server, const struct stack_note *note);
void output_plan(struct server *server, const struct plan *plan);
void output_applied(struct server *server);
void output_log(void *server, const struct function_log *log);
void output_error(const char *format, ...) PRINTF_LIKE(1, 2);

/* ---- server.c ---- */
/* Begins an orderly stop; harmless when one is under way. */
void server_stop(struct server *server);
/* Called on every turn while CLOSING, until the store's last answers are in; then ends the loop. */
void server_close_down(struct server *server);

#endif
