/* cli/tables/reading.h - what query and scan have in common: options, pages one after the other or
 * in segments side by side, and what is said behind the last one. */
#ifndef DYNLOG_CLI_TABLES_READING_H
#define DYNLOG_CLI_TABLES_READING_H

#include "cli/progress.h"
#include "cli/tables/filter.h"
#include "cli/tables/page.h"
#include "cli/tables/show.h"
#include "cli/target.h"

struct tables_read_options {
    const char *table, *index, *filter, *attributes, *start;
    int64_t limit;
    bool consistent, count, json, dynamodb_json, wide, is_long;
};

#define TABLES_READ_OPTIONS(type)                                                                  \
    {.name = "index",                                                                              \
     .kind = OPTION_TEXT,                                                                          \
     .value_name = "NAME",                                                                         \
     .help = "read this index of the table",                                                       \
     .offset = offsetof(type, read.index)},                                                        \
        {.name = "filter",                                                                         \
         .kind = OPTION_TEXT,                                                                      \
         .value_name = "CONDITION",                                                                \
         .help = "only items for which it holds: type = \"signup\" and payload.age > 3",           \
         .offset = offsetof(type, read.filter)},                                                   \
        {.name = "attributes",                                                                     \
         .kind = OPTION_TEXT,                                                                      \
         .value_name = "A,B",                                                                      \
         .help = "only these attributes: type,payload.name,tags[0]",                               \
         .offset = offsetof(type, read.attributes)},                                               \
        {.name = "limit",                                                                          \
         .letter = 'n',                                                                            \
         .kind = OPTION_NUMBER,                                                                    \
         .value_name = "N",                                                                        \
         .help = "at most so many items; else all",                                                \
         .min = 1,                                                                                 \
         .max = INT64_MAX,                                                                         \
         .number_default = INT64_MAX,                                                              \
         .offset = offsetof(type, read.limit)},                                                    \
        {.name = "start",                                                                          \
         .kind = OPTION_TEXT,                                                                      \
         .value_name = "KEY",                                                                      \
         .help =                                                                                   \
             "begin behind the item with this key, as JSON; an answer that --limit ended says "    \
             "which",                                                                              \
         .offset = offsetof(type, read.start)},                                                    \
        {.name = "consistent",                                                                     \
         .kind = OPTION_FLAG,                                                                      \
         .help = "with every write that was answered before; not of global indexes",               \
         .offset = offsetof(type, read.consistent)},                                               \
        {.name = "count",                                                                          \
         .kind = OPTION_FLAG,                                                                      \
         .help = "only how many there are",                                                        \
         .offset = offsetof(type, read.count)},                                                    \
        {.name = "json",                                                                           \
         .kind = OPTION_FLAG,                                                                      \
         .help = "a JSON line an item, on a terminal too",                                         \
         .offset = offsetof(type, read.json)},                                                     \
        {.name = "dynamodb-json",                                                                  \
         .kind = OPTION_FLAG,                                                                      \
         .help = "the same with DynamoDB's types: {\"pk\":{\"S\":\"a\"}}",                         \
         .offset = offsetof(type, read.dynamodb_json)},                                            \
        {.name = "wide",                                                                           \
         .kind = OPTION_FLAG,                                                                      \
         .help = "on a terminal: all attributes, uncut, however long the lines get",               \
         .offset = offsetof(type, read.wide)},                                                     \
    {                                                                                              \
        .name = "long", .kind = OPTION_FLAG, .help = "on a terminal: each item as indented JSON",  \
        .offset = offsetof(type, read.is_long)                                                     \
    }

/* One reading of a table. */
struct tables_reading {
    struct cli *cli;
    struct client *client;
    const struct tables_read_options *on;
    const struct tables_shape *shape;
    const struct tables_index *index; /* NULL: the table itself */
    struct tables_binding binding;
    struct tables_request request; /* operation and key condition are the command's */
};

/* Table, index, filter and attributes of the options. False: said why, exit status in *ret_exit.
 * Key conditions may be added to the binding before or behind. */
MUST_USE bool tables_reading_begin(struct tables_reading *reading, struct cli *cli,
                                   struct client *client, const struct tables_read_options *on,
                                   int *ret_exit);
/* The key that is read by. */
const struct key_schema *tables_reading_keys(const struct tables_reading *reading);

/* All pages, shown. Returns the exit status. */
int tables_reading_run(struct tables_reading *reading);

/* ---- for the interactive query ---- */

struct tables_totals {
    int64_t shown, matched, looked_at;
    double capacity;
};

/* "12 items, 300 looked at, 2.5 read units" */
struct bytes tables_totals_text(struct arena *arena, const struct tables_totals *totals,
                                bool count);

#endif
