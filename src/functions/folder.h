/* functions/folder.h - the code of a function that lies in a folder of its owner's: what clients
 * see of it as CodeSha256 and CodeSize.
 *
 *   SHA-256 over its files, in order of their paths:   path NUL | kind (1) | size (8) | content
 *   kind    'f', 'x': one that may be executed, 'l': a link, whose content is where it leads
 *
 * What always holds:
 *   1. Folders with the same code have the same hash, on any machine and whenever it is asked for.
 *      Owners and times of files are no part of it.
 *   2. What is no code of the function's own is left out: names that begin with a dot, node_modules
 *      and __pycache__ (what was installed is said by a lock file, which lies beside them), and
 *      dynlog's data.
 *   3. A file is read again only when one in the folder changed its size, its time or its place.
 *
 * It is asked for by few and seldom, so nothing of this is done at a start. The loop waits
 * meanwhile: what is more than FOLDER_READ_MAX counts with its path and its size. */
#ifndef DYNLOG_FUNCTIONS_FOLDER_H
#define DYNLOG_FUNCTIONS_FOLDER_H

#include "base/map.h"
#include "functions/record.h"

#define FOLDER_READ_MAX ((uint64_t)16 * 1024 * 1024) /* some 20 ms of the loop */
#define FOLDER_ENTRIES_MAX 10000 /* those behind them, in the order of the disk, do not count */
#define FOLDER_DEPTH_MAX 32

struct folder_code {
    char hash[FUNCTION_CODE_HASH_SIZE + 1]; /* in hexadecimal */
    uint64_t size;                          /* of all files */
};

struct folder_codes {
    struct map by_folder; /* what was found last */
};

void folder_codes_free(struct folder_codes *codes);
/* data: dynlog's data folder; NULL: there is none. What can't be read counts as if it were not
 * there. */
struct folder_code folder_code(struct folder_codes *codes, struct bytes folder, const char *data);

/* ---- hashes ---- */

/* SHA-256 in hexadecimal. */
void folder_hash(struct bytes content, char ret[FUNCTION_CODE_HASH_SIZE + 1]);

#endif
