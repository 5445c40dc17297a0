/* cli/lanes.h - work on things of streams: several streams at once, the things of one in order.
 *
 *   give(stream, thing) --> the lane of its stream: one thread, a queue --> run(thing) --> drop
 *
 * What always holds:
 *   1. Things of one stream run one after the other, in the order in which they were given.
 *   2. Everything up to lanes_settled() has run; so that is where an interrupted work goes on.
 *   3. Each thing that was taken is dropped once, whether it ran or not.
 *
 * Threads: one a lane, where run() is called; everything else is called by one other thread. */
#ifndef DYNLOG_CLI_LANES_H
#define DYNLOG_CLI_LANES_H

#include "base/bytes.h"

#define LANES_MAX 64 /* connections; more only wait for each other */
#define LANE_WAITING_MAX                                                                           \
    128 /* things at a lane, so that a slow stream does not fill the memory                        \
         */

struct lanes;

struct lanes_work {
    unsigned count; /* 1 to LANES_MAX */
    void *context;
    /* On the lane's thread. lane: from 0. False: nothing further is begun, as by lanes_stop(). */
    bool (*run)(void *context, unsigned lane, void *thing);
    void (*drop)(void *context, void *thing); /* on either thread */
};

enum lanes_given { LANES_TAKEN, LANES_FULL, LANES_STOPPED };

struct lanes *lanes_new(const struct lanes_work *work);
/* Which lane a stream has: from 0. */
unsigned lanes_lane(const struct lanes *lanes, struct bytes stream);
/* `number`: of the thing, growing. Waits up to wait_ms for room; when it is not TAKEN the thing is
 * still the caller's. */
enum lanes_given lanes_give(struct lanes *lanes, struct bytes stream, uint64_t number, void *thing,
                            int wait_ms);
/* The same of a thing that has others behind this number in it: its number is its first one. It
 * says nothing of how far everything is: lanes_pass() does, once no number up to there will be
 * given any more. */
enum lanes_given lanes_give_some(struct lanes *lanes, struct bytes stream, uint64_t number,
                                 void *thing, int wait_ms);
/* There is nothing more to do for this number, and smaller ones: it was given, or is nothing. */
void lanes_pass(struct lanes *lanes, uint64_t number);
/* All things with this number and smaller ones have run. */
uint64_t lanes_settled(struct lanes *lanes);
/* Nothing further is begun. */
void lanes_stop(struct lanes *lanes);
/* True: everything that was given has run, or is not going to. Waits up to wait_ms for that. */
bool lanes_wait(struct lanes *lanes, int wait_ms);
/* Waits for what runs. */
void lanes_free(struct lanes *lanes);

#endif
