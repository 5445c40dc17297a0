/* cli/tables/ask.h - a query that asks for what it needs: table, index, key, filter; and shows page
 * after page, until Escape or q. What was asked before is a list to choose from again; how the same
 * is said as a command stands below each first page. */
#ifndef DYNLOG_CLI_TABLES_ASK_H
#define DYNLOG_CLI_TABLES_ASK_H

#include "cli/tables/key.h"
#include "cli/tables/reading.h"

/* Returns the exit status. */
int tables_ask(struct cli *cli, struct client *client);

#endif
