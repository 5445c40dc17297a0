/* engine/backup.h - backups of tables, tables made from backups, and tables as they were at a point
 * in time. What AWS's operations of these names mean.
 *
 * A backup is a copy of a table's items under an id of its own, of one moment: it is made from one
 * view of the store, in steps (job.h), and CreateBackup answers when the copy is on disk. It needs
 * its table no more, and outlives it. The backup that a deleted table with point-in-time recovery
 * leaves behind (SYSTEM) is no copy: it takes over the table's items.
 *
 * A restored table is CREATING until its items are there; a crash before that delays it and loses
 * nothing. From a backup it is a copy. To a point in time it is a copy of the items as they are,
 * whatever is written to them meanwhile, from which then every change since that moment is undone,
 * newest first (history.h).
 *
 * Threads: the port's of the started engine; what is read, any. */
#ifndef DYNLOG_ENGINE_BACKUP_H
#define DYNLOG_ENGINE_BACKUP_H

#include "engine/engine.h"

#define SYSTEM_BACKUP_LIFE_MS ((uint64_t)35 * 24 * 60 * 60 * 1000)
#define RECOVERY_PERIOD_DAYS_MAX 35
#define RESTORES_MAX 50 /* at once; AWS: per account */

#define BACKUP_ID_SIZE 24 /* "01785000000000-0a1b2c3d" and its NUL */

enum backup_type { BACKUP_USER, BACKUP_SYSTEM };

struct engine_backup {
    struct bytes table_name, id; /* what its ARN names */
    struct bytes name;
    enum backup_type type;
    bool available; /* else it is still being made */
    uint64_t created_ms;
    uint64_t expires_ms; /* 0: never */
    uint64_t item_count, size_bytes;
    struct table table; /* as it was */
    uint32_t items_id;  /* in the keys of its items */
};

/* ---- reading ---- */

/* NOT_FOUND when there is none, or none any more. In the arena. */
MUST_USE enum status engine_backup_find(struct engine *engine, struct bytes table_name,
                                        struct bytes id, struct arena *arena,
                                        struct engine_backup *ret);

struct backup_list {
    struct bytes table_name; /* empty: of every table */
    bool any_type;           /* else of this one */
    enum backup_type type;
    uint64_t from_ms, to_ms;                 /* created in [from, to) */
    struct bytes after_table_name, after_id; /* empty: from the first */
    size_t limit;
    /* results: by table, of a table by time; in the arena */
    struct engine_backup *backups;
    size_t count;
    bool more;
};
MUST_USE enum status engine_backup_list(struct engine *engine, struct backup_list *list,
                                        struct arena *arena);

/* What of a table with point-in-time recovery can be restored, both ends included. The earliest is
 * a whole second, because clients cut fractions off: the first moment of recovery is in it. */
struct recovery_window {
    uint64_t earliest_ms, latest_ms;
};
struct recovery_window engine_recovery_window(struct engine *engine, const struct table *table);

/* ---- changing; done() is told OK, REFUSED (look at error), or the store's status ---- */

struct backup_change {
    struct bytes table_name;
    struct bytes name; /* of a new one */
    struct bytes id;   /* of the one to be deleted */
    struct arena *arena;
    void (*done)(struct backup_change *change, enum status status);
    void *context;
    /* results */
    struct engine_backup backup; /* in the arena */
    struct api_error error;
    /* private */
    struct engine *engine;
    struct store_work work;
    enum status outcome;
};
/* CreateBackup. Refusals: TableNotFoundException. Needs a started engine. */
void engine_backup_create(struct engine *engine, struct backup_change *change);
/* DeleteBackup. Refusals: BackupNotFoundException, BackupInUseException, and a SYSTEM backup. */
void engine_backup_delete(struct engine *engine, struct backup_change *change);

/* RestoreTableFromBackup, RestoreTableToPointInTime. */
struct table_source {
    struct table_change change; /* name, arena, context, done, edit: the new table's; TABLE_CREATE.
                                   edit() gets what the source gives and makes of it what is wanted
                                   (billing, throughput, encryption). done() is told OK when the
                                   table is there, CREATING. */
    struct bytes backup_arn;    /* as the request has it; empty: to a point in time */
    struct bytes table_name;    /* the source, or the backup's */
    struct bytes backup_id;
    bool latest; /* now; else time_ms */
    uint64_t time_ms;
    /* private */
    struct restore *restore;
};
/* Refusals: BackupNotFoundException, BackupInUseException, TableNotFoundException,
 * PointInTimeRecoveryUnavailableException, InvalidRestoreTimeException,
 * TableAlreadyExistsException, TableInUseException, LimitExceededException, and what edit()
 * refuses. Needs a started engine. */
void engine_restore_table(struct engine *engine, struct table_source *source);

#endif
