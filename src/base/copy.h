/* base/copy.h - files and folders copied so that they are there after a power failure. Blocking. */
#ifndef DYNLOG_BASE_COPY_H
#define DYNLOG_BASE_COPY_H

#include "base/base.h"

#include <stdatomic.h>

struct file_copy {
    bool link; /* files that are never changed become hard links where that can be (is_fixed) */
    bool (*is_fixed)(const char *name); /* NULL: none is */
    /* Names in the folder itself that are left out; NULL: none. */
    bool (*is_left_out)(const char *name);
    _Atomic uint64_t *done; /* bytes so far; NULL: nobody looks */
};

/* One file with its mode; `to` must not be there. */
MUST_USE enum status file_copy(const char *from, const char *to, const struct file_copy *copy);
/* A folder and everything in it; symbolic links stay links. `to` must not be there. What is not
 * there is NOT_FOUND. */
MUST_USE enum status file_copy_folder(const char *from, const char *to,
                                      const struct file_copy *copy);
/* Bytes of all files in it; 0 when it is not there. */
uint64_t file_folder_size(const char *path);

#endif
