/* engine/backup_form.h - backups and unfinished restores as they are on disk
 * (docs/format/backup.md). Private to engine/. */
#ifndef DYNLOG_ENGINE_BACKUP_FORM_H
#define DYNLOG_ENGINE_BACKUP_FORM_H

#include "engine/backup.h"

#define BACKUP_FORMAT 1

/* ---- backups: "engine/backup/TABLE/ID", by table and time ---- */

#define BACKUP_PREFIX BYTES("engine/backup/")
#define BACKUP_END BYTES("engine/backup0") /* '0' follows '/' */

struct bytes backup_key(struct arena *arena, struct bytes table_name, struct bytes id);
/* All of a table: keys from this one up to the one with '0' for the last '/'. */
struct bytes backup_table_prefix(struct arena *arena, struct bytes table_name, char last);
struct bytes backup_print(struct arena *arena, const struct engine_backup *backup);
/* CORRUPT, NEWER_FORMAT. The result points into the arena, key and text. */
MUST_USE enum status backup_parse(struct arena *arena, struct bytes key, struct bytes text,
                                  struct engine_backup *ret);

/* ---- restores that are not over: "engine/restore/ID", by the new table's id ---- */

#define RESTORE_PREFIX BYTES("engine/restore/")
#define RESTORE_END BYTES("engine/restore0")

enum restore_phase {
    RESTORE_COPY, /* the source's items, in the order of their keys */
    RESTORE_UNDO, /* changes after the moment, from the newest on */
};

struct restore_record {
    uint32_t table_id;
    struct bytes table_name;
    uint32_t items_id;    /* where items are copied from */
    uint32_t recovery_id; /* what is undone; 0: nothing, it is a backup */
    uint64_t time_ms;     /* changes after this time are undone */
    uint64_t position;    /* and those after this position: they came while it went on */
    enum restore_phase phase;
    uint64_t undone; /* RESTORE_UNDO: down to this position, including it; 0: none yet */
};

struct bytes restore_key(struct arena *arena, uint32_t table_id);
struct bytes restore_print(struct arena *arena, const struct restore_record *record);
MUST_USE enum status restore_parse(struct arena *arena, struct bytes text,
                                   struct restore_record *ret);

#endif
