/* store/manifest.h - the end of RocksDB's MANIFEST after a power failure. See manifest.c. */
#ifndef DYNLOG_STORE_MANIFEST_H
#define DYNLOG_STORE_MANIFEST_H

#include "base/arena.h"

enum manifest_tail {
    MANIFEST_WHOLE,
    MANIFEST_TORN,    /* behind `end` stands what may be records that were never synced */
    MANIFEST_DAMAGED, /* more than that stands behind, or nothing whole in front */
};

/* RocksDB syncs the records of the changes that wait at one moment together: here those of a flush
 * and of a compaction (BACKGROUND_JOBS in options.c). A flush has two, one more for each memtable
 * that it takes along. */
#define MANIFEST_UNSYNCED_MAX 8

struct manifest_end {
    size_t records; /* whole ones */
    size_t end;     /* of the last one of these */
};

enum manifest_tail manifest_find_end(struct bytes manifest, struct manifest_end *ret);

/* ---- in RocksDB's folder ---- */

/* Where a folder is read as if the tail were cut off. */
struct manifest_aside {
    char *folder;       /* NULL: none was made */
    char name[32];      /* of the MANIFEST */
    uint64_t tail_size; /* what is not read */
};

#define MANIFEST_WORDS_SIZE 512

/* Makes a temporary folder (TMPDIR) with a MANIFEST without its torn tail and links to all else;
 * `folder` does not change. NOT_FOUND: it has no torn tail, or no MANIFEST. Other failures fill
 * `words`. */
MUST_USE enum status manifest_set_aside(const char *folder, struct manifest_aside *ret,
                                        char words[MANIFEST_WORDS_SIZE]);
void manifest_drop_aside(struct manifest_aside *aside); /* harmless on {0} */
/* Cuts the torn tail off, synced. */
MUST_USE enum status manifest_cut(const char *folder);

#endif
