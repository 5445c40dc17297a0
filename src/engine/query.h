/* engine/query.h - one run of a Query or Scan. Private to engine/.
 *
 *   query.c         what is walked over, what may be asked of it, the walk
 *   query_start.c   ExclusiveStartKey
 *   query_bounds.c  from a key condition to a run of keys */
#ifndef DYNLOG_ENGINE_QUERY_H
#define DYNLOG_ENGINE_QUERY_H

#include "engine/internal.h"

struct query_run {
    struct engine *engine;
    const struct table *table;
    const struct table_index *index; /* NULL: the table itself */
    struct query_source source;
    struct item_query *query;
    struct arena *arena;
    struct arena *scratch;   /* what one item needs; empty before each */
    bool fetches;            /* entries of the index do not have all that is asked for */
    struct store_view *view; /* NULL: now */
    struct query_bounds bounds;
    size_t capacity; /* of query->items */
    size_t place_capacity;
    struct api_error *error;
};

/* The stored key of ExclusiveStartKey. REFUSED: it is none of this source, or lies outside what the
 * query looks at. */
MUST_USE enum status query_start_key(struct query_run *run, struct bytes *ret);

#endif
