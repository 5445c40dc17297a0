/* engine/serial.h - is there a serial order? A history of operations on items that have versions,
 * and a checker that finds an order in which they could have happened one after the other, or a
 * cycle that says why there is none.
 *
 * Every write of an item makes its next version; version 0 is what stood there at first. So what
 * each operation read and wrote says who came before whom (Adya, Liskov, O'Neil 2000: "Generalized
 * Isolation Level Definitions"):
 *
 *   wrote   the writer of version n      before  the writer of version n + 1
 *   read    the writer of version n      before  who read it
 *   missed  who read version n           before  the writer of version n + 1
 *   time    who was answered             before  who was asked after that
 *
 * The history has a serial order that also follows time (strict serialisability) if and only if
 * this has no cycle. */
#ifndef DYNLOG_TEST_SERIAL_H
#define DYNLOG_TEST_SERIAL_H

#include "base/arena.h"
#include "base/buffer.h"

#include <stdlib.h>

#define SERIAL_ITEMS_MAX 16 /* that one operation reads or writes */

struct serial_access {
    size_t item;
    uint64_t version; /* that was read, or made */
};

struct serial_operation {
    const char *name;
    uint64_t asked, answered; /* on one clock that never shows a time twice */
    struct serial_access reads[SERIAL_ITEMS_MAX], writes[SERIAL_ITEMS_MAX];
    size_t read_count, write_count;
};

struct serial_history {
    struct serial_operation *operations;
    size_t count, item_count;
};

/* ---- the graph: operations, and behind them a point of time for each answer ---- */

enum serial_reason { SERIAL_WROTE, SERIAL_READ, SERIAL_MISSED, SERIAL_TIME };

struct serial_edge {
    size_t to;
    enum serial_reason reason;
    struct serial_access access;
    struct serial_edge *next;
};

struct serial_graph {
    struct arena *arena;
    const struct serial_history *history;
    struct serial_edge **edges; /* of each node */
    size_t *waits_for;          /* how many nodes before each are not in the order yet */
    size_t node_count;
    size_t **writers; /* [item][version]: operation + 1 */
    size_t *version_counts;
};

static inline void serial_add(struct serial_graph *g, size_t from, size_t to,
                              enum serial_reason reason, struct serial_access access)
{
    struct serial_edge *edge = ARENA_NEW(g->arena, struct serial_edge);

    if (from == to)
        return;
    *edge = (struct serial_edge){to, reason, access, g->edges[from]};
    g->edges[from] = edge;
    g->waits_for[to]++;
}

static inline void serial_find_writers(struct serial_graph *g)
{
    const struct serial_history *h = g->history;

    g->writers = ARENA_NEW_ARRAY(g->arena, h->item_count, size_t *);
    g->version_counts = ARENA_NEW_ARRAY(g->arena, h->item_count, size_t);
    for (size_t i = 0; i < h->item_count; i++)
        g->writers[i] = ARENA_NEW_ARRAY(g->arena, h->count + 2, size_t);
    for (size_t o = 0; o < h->count; o++) {
        for (size_t w = 0; w < h->operations[o].write_count; w++) {
            const struct serial_access *write = &h->operations[o].writes[w];

            assert(write->version > 0 && write->version <= h->count);
            assert(g->writers[write->item][write->version] == 0 && "a version has one writer");
            g->writers[write->item][write->version] = o + 1;
            g->version_counts[write->item] =
                size_max(g->version_counts[write->item], (size_t)write->version);
        }
    }
}

static inline void serial_add_versions(struct serial_graph *g)
{
    for (size_t i = 0; i < g->history->item_count; i++) {
        for (size_t v = 1; v <= g->version_counts[i]; v++) {
            assert(g->writers[i][v] > 0 && "no version is left out");
            if (v > 1)
                serial_add(g, g->writers[i][v - 1] - 1, g->writers[i][v] - 1, SERIAL_WROTE,
                           (struct serial_access){i, v});
        }
    }
}

static inline void serial_add_reads(struct serial_graph *g, size_t operation)
{
    const struct serial_operation *o = &g->history->operations[operation];

    for (size_t r = 0; r < o->read_count; r++) {
        struct serial_access read = o->reads[r];

        assert(read.version <= g->version_counts[read.item] && "what was read was written");
        if (read.version > 0)
            serial_add(g, g->writers[read.item][read.version] - 1, operation, SERIAL_READ, read);
        if (read.version < g->version_counts[read.item])
            serial_add(g, operation, g->writers[read.item][read.version + 1] - 1, SERIAL_MISSED,
                       read);
    }
}

static inline int serial_compare_times(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return x[0] < y[0] ? -1 : x[0] > y[0];
}

/* Answers in their order, a node each: every operation before its own, and the last one before an
 * operation was asked before that. */
static inline void serial_add_times(struct serial_graph *g)
{
    size_t count = g->history->count;
    uint64_t(*answers)[2] = arena_alloc_array(g->arena, count, sizeof *answers);
    const struct serial_access none = {0};

    for (size_t o = 0; o < count; o++) {
        answers[o][0] = g->history->operations[o].answered;
        answers[o][1] = o;
    }
    qsort(answers, count, sizeof *answers, serial_compare_times);
    for (size_t i = 0; i < count; i++) {
        serial_add(g, (size_t)answers[i][1], count + i, SERIAL_TIME, none);
        if (i > 0)
            serial_add(g, count + i - 1, count + i, SERIAL_TIME, none);
    }
    for (size_t o = 0; o < count; o++) {
        size_t low = 0, high = count; /* how many answers came before it was asked */

        while (low < high) {
            size_t middle = low + (high - low) / 2;

            if (answers[middle][0] < g->history->operations[o].asked)
                low = middle + 1;
            else
                high = middle;
        }
        if (low > 0)
            serial_add(g, count + low - 1, o, SERIAL_TIME, none);
    }
}

/* ---- the order ---- */

/* Takes nodes that wait for nothing until there are none; how many were taken. */
static inline size_t serial_sort(struct serial_graph *g)
{
    size_t *ready = ARENA_NEW_ARRAY(g->arena, g->node_count, size_t);
    size_t taken = 0, count = 0;

    for (size_t n = 0; n < g->node_count; n++)
        if (g->waits_for[n] == 0)
            ready[count++] = n;
    while (taken < count)
        for (const struct serial_edge *edge = g->edges[ready[taken++]]; edge != NULL;
             edge = edge->next)
            if (--g->waits_for[edge->to] == 0)
                ready[count++] = edge->to;
    return taken;
}

static inline void serial_print_edge(const struct serial_graph *g, struct buffer *out,
                                     const struct serial_edge *edge)
{
    static const char *const words[] = {"wrote what was overwritten by", "was read by",
                                        "missed what was written by", "was over before"};

    if (edge->to >= g->history->count)
        return; /* a point of time on the way */
    buffer_printf(out, " %s", words[edge->reason]);
    if (edge->reason != SERIAL_TIME)
        buffer_printf(out, " (item %zu, version %llu)", edge->access.item,
                      (unsigned long long)edge->access.version);
    buffer_printf(out, "\n  %zu %s", edge->to, g->history->operations[edge->to].name);
}

/* Nodes that still wait, each with one before it that waits too: walking back must close a circle;
 * forward along it is the cycle. */
static inline void serial_print_cycle(struct serial_graph *g, struct buffer *out)
{
    const struct serial_edge **into =
        ARENA_NEW_ARRAY(g->arena, g->node_count, const struct serial_edge *);
    size_t *before = ARENA_NEW_ARRAY(g->arena, g->node_count, size_t);
    bool *seen = ARENA_NEW_ARRAY(g->arena, g->node_count, bool);
    const struct serial_edge **cycle =
        ARENA_NEW_ARRAY(g->arena, g->node_count, const struct serial_edge *);
    size_t node = 0, count = 0;

    for (size_t n = 0; n < g->node_count; n++)
        for (const struct serial_edge *edge = g->edges[n]; g->waits_for[n] > 0 && edge != NULL;
             edge = edge->next) {
            into[edge->to] = edge;
            before[edge->to] = n;
        }
    while (g->waits_for[node] == 0)
        node++;
    for (; !seen[node]; node = before[node])
        seen[node] = true;
    while (node >= g->history->count) /* points of time alone make no circle */
        node = before[node];
    for (size_t start = node, first = 1; first == 1 || node != start; first = 0) {
        cycle[count++] = into[node];
        node = before[node];
    }
    buffer_printf(out, "  %zu %s", node, g->history->operations[node].name);
    while (count > 0)
        serial_print_edge(g, out, cycle[--count]);
    buffer_append_byte(out, '\n');
}

/* True when there is a serial order; else *out (which may be NULL) tells a cycle. */
static inline bool serial_check(const struct serial_history *history, struct buffer *out)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct serial_graph g = {.arena = arena, .history = history, .node_count = 2 * history->count};

    g.edges = ARENA_NEW_ARRAY(arena, g.node_count, struct serial_edge *);
    g.waits_for = ARENA_NEW_ARRAY(arena, g.node_count, size_t);
    serial_find_writers(&g);
    serial_add_versions(&g);
    for (size_t o = 0; o < history->count; o++)
        serial_add_reads(&g, o);
    serial_add_times(&g);
    if (serial_sort(&g) == g.node_count)
        return true;
    if (out != NULL)
        serial_print_cycle(&g, out);
    return false;
}

#endif
