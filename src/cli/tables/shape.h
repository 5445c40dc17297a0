/* cli/tables/shape.h - what a table is, as DescribeTable says: its key, its indexes, its figures.
 * Texts live in the command's arena. */
#ifndef DYNLOG_CLI_TABLES_SHAPE_H
#define DYNLOG_CLI_TABLES_SHAPE_H

#include "cli/client.h"
#include "value/key_schema.h"

struct tables_index {
    struct bytes name, projection, status;
    bool local;
    struct key_schema keys;
    int64_t item_count;
};

struct tables_shape {
    struct bytes name, status, stream; /* stream: its view type, empty: none */
    struct key_schema keys;
    struct tables_index *indexes;
    size_t index_count;
    int64_t item_count, size_bytes;
    bool provisioned;
};

/* False: said why (no such table: which there are), exit status in *ret_exit. */
MUST_USE bool tables_shape_ask(struct cli *cli, struct client *client, const char *table,
                               struct tables_shape *ret, int *ret_exit);
/* NULL when the table has none of that name. */
const struct tables_index *tables_shape_index(const struct tables_shape *shape, const char *name);

/* All of ListTables. False: said why. */
MUST_USE bool tables_list(struct cli *cli, struct client *client, const char ***ret,
                          size_t *ret_count, int *ret_exit);

/* What went wrong with an ask about a table. */
int tables_fail(struct cli *cli, struct client *client, const char *table, enum status status,
                const struct client_answer *answer);

#endif
