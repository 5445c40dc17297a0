/* engine/restore.h - a restore that is under way: what restore.c and restore_walk.c share. Private
 * to them. */
#ifndef DYNLOG_ENGINE_RESTORE_H
#define DYNLOG_ENGINE_RESTORE_H

#include "engine/backup_form.h"
#include "engine/internal.h"

/* How far it is. */
struct restore_place {
    struct restore_record record;
    struct buffer after; /* COPY: the key that was copied last */
    bool walked;         /* nothing is left to copy or to undo */
};

struct restore {
    struct job job;
    struct engine *engine;
    struct arena *arena;            /* as long as the restore */
    struct arena *scratch;          /* of one step */
    struct restore_place now, next; /* next: when the step that is under way is durable */
    const struct table *table;      /* the new one, as it was made; a reference */
    struct space items, history;    /* the source; history.id 0: it is a backup */
    /* the table's changes: it is made, and becomes ACTIVE or goes */
    struct table_change_part part;
    struct table_change change;
    struct table_source *source;
    void (*answer)(struct table_change *change, enum status status);
    enum status damage; /* why it is given up; OK: it is not */
};

/* One step of COPY or UNDO; restore->next is where it gets to. */
MUST_USE enum status restore_walk(struct restore *restore, struct store_batch *batch);
void restore_put_record(struct restore *restore, struct store_batch *batch,
                        const struct restore_record *record);

#endif
