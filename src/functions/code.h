/* functions/code.h - the code of functions that clients made: a folder a zip, named by its SHA-256.
 *
 *   FOLDER/1f0c...9a    what was in the zip; whole, from the moment it has this name
 *   FOLDER/new-N        what is being unpacked
 *   FOLDER/old-N        what is being removed
 *
 * What always holds:
 *   1. A folder with a hash for a name is whole and synced: it is unpacked beside and renamed.
 *   2. Code that is referred to (by a version of a function, which workers hold too) stays; what
 *      nothing refers to any more is removed. A start removes what no function has.
 *   3. Jobs run one after the other, on a thread that may wait: what is removed is not unpacked
 *      meanwhile.
 *
 * One loop thread. */
#ifndef DYNLOG_FUNCTIONS_CODE_H
#define DYNLOG_FUNCTIONS_CODE_H

#include "functions/record.h"
#include "functions/unzip.h"

#define CODE_ZIP_SIZE_MAX                                                                          \
    ((size_t)50 * 1024 * 1024) /* AWS: "50 MB (zipped, for direct upload)"                         \
                                */

struct codes;

/* folder NULL: no code can be taken. `idle` is called when the last job ended. */
struct codes *codes_new(uv_loop_t *loop, const char *folder, void (*idle)(void *context),
                        void *context);
/* Everything in the folder that nothing refers to. Once, when all references are there. */
void codes_sweep(struct codes *codes);
/* While it is true, what nothing refers to any more stays for the next start's sweep: somebody
 * copies the folder. */
void codes_keep(struct codes *codes, bool kept);
/* What is removed from now on stays for the next start's sweep. */
void codes_stop(struct codes *codes);
bool codes_busy(const struct codes *codes);
void codes_free(struct codes *codes); /* not busy */

void codes_ref(struct codes *codes, struct bytes hash);
/* The last one: the folder is removed. */
void codes_unref(struct codes *codes, struct bytes hash);
/* FOLDER/HASH, as text in the arena. */
struct bytes codes_path(const struct codes *codes, struct arena *arena, struct bytes hash);

/* ---- taking code ---- */

struct code_job {
    struct bytes zip_text; /* base64 */
    bool only_look;        /* DryRun: nothing stays */
    /* OK: hash and size are there, and the caller has a reference to it. REFUSED: error says why.
     * Else what the disk said. */
    void (*done)(struct code_job *job, enum status status);
    void *context;

    char hash[FUNCTION_CODE_HASH_SIZE + 1];
    uint64_t size; /* of the zip */
    struct api_error error;

    /* private */
    struct codes *codes;
    struct arena *arena;
    char *folder;   /* what is made, or goes */
    char aside[32]; /* CODE_REMOVE, of a hash: its name while it goes */
    enum { CODE_UNPACK, CODE_REMOVE } kind;
    enum status status;
    uv_work_t work;
    struct list in_queue;
};
/* The job and its text must live until done(), which is called later. */
void codes_unpack(struct codes *codes, struct code_job *job);

#endif
