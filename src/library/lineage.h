/* library/lineage.h - how far a reader of a change stream on AWS is: its shards, and the cursor
 * that says it in one text.
 *
 *   known --- its parent is done ---> read --- its end was read ---> done
 *
 * A shard is read when its parent is done or gone, so the events of one stream come in order. What
 * is done is remembered as long as the service still names it (a day), or it would be read again.
 *
 *   cursor   LABEL ["/" SHARD ("=" SEQUENCE | "*" | "@" SECONDS | "!")] ...
 *            "=" the last record that was given   "*" nothing yet, from its first record
 *            "@" nothing yet, from this time on   "!" done
 *
 * LABEL is the change stream's; of another one nothing was read. */
#ifndef DYNLOG_LIBRARY_LINEAGE_H
#define DYNLOG_LIBRARY_LINEAGE_H

#include "base/arena.h"

#define LINEAGE_SHARDS_MAX 10000 /* of a cursor, and of a stream: bounds what is remembered */
#define LINEAGE_CURSOR_SIZE_MAX ((size_t)2 * 1024 * 1024)

struct shard_state {
    struct shard_state *next;
    char *id, *parent; /* parent NULL: none */
    char *sequence;    /* of the last record that was given; NULL: none yet */
    char *iterator;    /* NULL: none is open */
    uint64_t since_s;  /* records from this second on; 0: from the first */
    bool done, named;  /* named: by the service, when it was asked last */
};

struct lineage {
    char *label;
    struct shard_state *first;
    size_t count;
};

void lineage_free(struct lineage *shards); /* leaves it empty */
void lineage_set_text(char **text, struct bytes value);
/* NULL: it is not known. */
struct shard_state *lineage_find(const struct lineage *shards, struct bytes id);
/* At the end of the list. */
struct shard_state *lineage_add(struct lineage *shards, struct bytes id);
/* May be read now. */
bool lineage_is_readable(const struct lineage *shards, const struct shard_state *shard);
/* Forgets those that are done and not named any more. */
void lineage_forget_gone(struct lineage *shards);

bool lineage_parse(struct lineage *shards, struct bytes cursor); /* false: it is none */
struct bytes lineage_print(struct arena *arena, const struct lineage *shards);

#endif
