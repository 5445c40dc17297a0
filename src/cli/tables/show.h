/* cli/tables/show.h - items as people and programs see them.
 *
 *   pk               sk  type     payload
 *   users#12#stream   1  signup   {"id":"12","name":"tes…
 *
 * Keys stand first, then the attributes of the first page in the order in which they come, as many
 * as the terminal is wide enough for; --wide shows all of them uncut. */
#ifndef DYNLOG_CLI_TABLES_SHOW_H
#define DYNLOG_CLI_TABLES_SHOW_H

#include "cli/output.h"
#include "cli/tables/plain.h"
#include "cli/tables/shape.h"

#define TABLES_COLUMNS_MAX 64

enum tables_form { TABLES_LINES, TABLES_TABLE, TABLES_LONG };

struct tables_column {
    struct bytes name; /* in the command's arena */
    size_t width;
    bool right;
};

struct tables_show {
    struct cli *cli;
    enum tables_form form;
    bool dynamodb_json, wide;
    struct tables_order order;
    /* private */
    struct tables_column columns[TABLES_COLUMNS_MAX];
    size_t column_count;
    bool titled;
    struct bytes hidden[TABLES_COLUMNS_MAX]; /* attributes that have no column */
    size_t hidden_count;
};

/* index: NULL for the table itself. */
struct tables_show tables_show_begin(struct cli *cli, enum tables_form form, bool dynamodb_json,
                                     bool wide, const struct tables_shape *shape,
                                     const struct tables_index *index);
/* False: nobody reads on. */
MUST_USE bool tables_show_items(struct tables_show *show, const struct item *items, size_t count);
/* A dim line behind a table: attributes that it has no room for. */
void tables_show_hidden(const struct tables_show *show);

/* One item: indented JSON for people, else a line. */
MUST_USE bool tables_show_item(struct cli *cli, const struct item *item,
                               const struct tables_order *order, bool json, bool dynamodb_json);

#endif
