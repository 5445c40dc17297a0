/* api/dynlog/log_page.h - pages of the events of one table or of all, in the one order; what
 * GET /_dynlog/log sends. Private to api/dynlog/. */
#ifndef DYNLOG_API_DYNLOG_LOG_PAGE_H
#define DYNLOG_API_DYNLOG_LOG_PAGE_H

#include "api/internal.h"

#include "order/order.h"

struct log_page_read {
    struct bytes table;         /* empty: every table of events */
    struct order_filter filter; /* order/order.h */
    bool backward;
    uint64_t after, before; /* positions between them; before 0: no bound */
};

struct log_page_event {
    struct bytes table;
    struct order_entry entry;
};
struct log_page {
    struct log_page_event *list; /* in the order that was asked for */
    size_t count;
    uint64_t next; /* for the next page's `after`, or (backward) its `before` */
    bool at_end;   /* there is no more now */
    bool filling;  /* the order of a table is being filled: there is no more before it is */
};

/* Of several tables up to where all of them were read, so that no event comes late. Two tables may
 * have one position (one of them was restored): such events are on one page. */
MUST_USE enum status log_page_read(struct api *api, const struct log_page_read *read,
                                   struct arena *arena, struct log_page *ret);

/* A table of these whose order is being filled; empty: there is none. In the arena. */
struct bytes log_page_filling(struct api *api, struct bytes table, struct arena *arena);

/* {"position":7,"time":1785000000000,"table":"t","log":"users","id":"12","version":1,
 * "key":{"pk":"users#12#stream","sk":1},"type":"signup","payload":{...},"meta":{...}} */
/* with_item: and "item":{...}, as DynamoDB has it, with all its attributes. */
void log_event_print(struct buffer *out, struct arena *arena, const struct log_page_event *event,
                     bool with_item);

#endif
