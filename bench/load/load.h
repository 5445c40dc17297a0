/* bench/load/load.h - a load generator: so many connections, each with one request in flight, for
 * so many seconds. One thread, epoll, requests printed ahead of their turn: what limits a figure
 * has to be the server.
 *
 *   load.c      the program: its words, and what it prints
 *   drive.c     connections: connect, send, wait for the whole answer, send the next
 *   work.c      the works: what request number n looks like
 *   latency.c   how long requests took
 *
 * It is a program of its own: nothing of dynlog is linked, so that every server is asked the same.
 */
#ifndef DYNLOG_BENCH_LOAD_LOAD_H
#define DYNLOG_BENCH_LOAD_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define LOAD_REQUEST_SIZE_MAX ((size_t)64 * 1024)
#define LOAD_ITEMS_PER_PARTITION 10 /* of what `fill` makes, so that a query finds ten */

/* ---- works ---- */

struct load_run; /* drive.c */

struct load_options {
    const char *host, *port;
    const char *table, *bus;
    const struct load_work *work;
    unsigned connections;
    double seconds, warm_up;
    uint64_t
        items; /* that are in the table: get, query, update choose among them; fill makes them */
    uint64_t first; /* number of the first new key: runs on the same table must not repeat one */
    uint64_t seed;
};

/* A request's number n is new to this run; random is another 64 bits. Prints the whole request to
 * `out`, of LOAD_REQUEST_SIZE_MAX bytes; its size. 0: there is none any more (fill). */
typedef size_t load_print_fn(const struct load_options *options, char *out, uint64_t n,
                             uint64_t random);

struct load_work {
    const char *name;
    load_print_fn *print;
    unsigned units;      /* items or events of one request */
    bool resp;           /* Redis's protocol */
    const char *expects; /* stands in every right answer; NULL: 200 is enough */
};
const struct load_work *load_work_named(const char *name);
void load_list_works(FILE *out);

/* ---- latency: nanoseconds, to 3 % ---- */

struct load_latency;
struct load_latency *load_latency_new(void);
void load_latency_add(struct load_latency *latency, uint64_t ns);
/* That of which `part` of all were not slower; part 0.5 is the median. 0 when there are none. */
uint64_t load_latency_at(const struct load_latency *latency, double part);
uint64_t load_latency_max(const struct load_latency *latency);

/* ---- driving ---- */

struct load_result {
    uint64_t requests, errors; /* after the warm-up */
    double seconds;
    double cpu_seconds; /* of the generator: near `seconds`, it was the limit itself */
    struct load_latency *latency;
    char first_error[512];
};
/* False, and why on stderr: no server, or it closed a connection. */
bool load_drive(const struct load_options *options, struct load_result *ret);

#endif
