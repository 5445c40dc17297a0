/* cli/tables/page.h - one page of Query or Scan. */
#ifndef DYNLOG_CLI_TABLES_PAGE_H
#define DYNLOG_CLI_TABLES_PAGE_H

#include "cli/tables/binding.h"
#include "client/client.h"

struct tables_request {
    const char *operation; /* "Query", "Scan" */
    const char *table, *index;
    struct bytes key_condition, filter, projection; /* expressions; empty: none */
    const struct tables_binding *binding;
    bool backward, consistent, count; /* count: without the items */
    int64_t segments;                 /* 0: not in segments */
};

struct tables_page {
    struct item *items;
    size_t count;
    int64_t matched, looked_at;
    double capacity;   /* 0: nobody said */
    struct bytes next; /* where the next page begins, as JSON; empty: there is none */
};

/* limit: items to look at, 0: a whole page. Statuses as client_ask(); what it gives lives in the
 * arena. */
MUST_USE enum status tables_page_ask(struct client *client, struct arena *arena,
                                     const struct tables_request *request, int64_t segment,
                                     int64_t limit, struct bytes start, struct tables_page *ret,
                                     struct client_answer *ret_answer);

/* Items of an answer. False: *ret_answer says that they are malformed. */
MUST_USE bool tables_items_read(struct arena *arena, const struct json *list, struct item **ret,
                                size_t *ret_count, struct client_answer *ret_answer);
/* "ConsumedCapacity" of an answer. */
double tables_capacity(const struct json *consumed);

#endif
