/* cli/tables/batch.h - items on their way into a table: 25 a request, or each by itself where a
 * condition goes with it. What could not be written is told with its line.
 *
 * Of two items with one key the later one stays: they never share a request, which AWS would
 * refuse. What a full table leaves over is sent again after a pause that grows. A request that is
 * refused as a whole is made again item by item, to find the one that it was refused for. */
#ifndef DYNLOG_CLI_TABLES_BATCH_H
#define DYNLOG_CLI_TABLES_BATCH_H

#include "cli/progress.h"
#include "cli/tables/binding.h"
#include "cli/tables/shape.h"

#define TABLES_BATCH_MAX 25                             /* AWS: BatchWriteItem */
#define TABLES_BATCH_SIZE_MAX ((size_t)8 * 1024 * 1024) /* of text: half of AWS's 16 MB */
#define TABLES_LEFT_OVER_TRIES_MAX 12                   /* in a row in vain: 11 s or so */

struct tables_batch_entry {
    struct bytes item, key; /* DynamoDB JSON, in the batch's arena */
    size_t line;            /* 0: the command line */
    bool written;
};

struct tables_batch {
    struct cli *cli;
    struct client *client;
    const char *table;
    const struct key_schema *keys;
    struct bytes condition;       /* of every item; empty: none */
    const char *condition_failed; /* what is told when it does not hold */
    const struct tables_binding *binding;
    struct progress *progress;
    /* what became of them */
    int64_t written, failed, lost; /* lost: for the condition */
    int stopped;                   /* the exit status of what ended it all; 0: it goes on */
    /* private */
    struct arena *arena;
    struct tables_batch_entry entries[TABLES_BATCH_MAX];
    size_t count, size;
};

/* Sends when there are enough. The item may go when this returns. */
void tables_batch_add(struct tables_batch *batch, const struct item *item, size_t line);
/* Sends what is left; after it the counts are final. */
void tables_batch_end(struct tables_batch *batch);
/* Tells what is wrong with a line, and counts it. */
void tables_batch_fail(struct tables_batch *batch, size_t line, const char *format, ...)
    PRINTF_LIKE(3, 4);

#endif
