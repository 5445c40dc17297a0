/* functions/unzip.h - the files of a zip, into a folder that was made for them and is empty.
 *
 * A zip comes from outside: what it holds is looked at before and while it is unpacked.
 *   - Nothing is written outside the folder: no absolute names, no "..", and no way through a
 *     link: links are made last, and no name leads through one.
 *   - A link leads to what is inside: "../" only at its beginning, and not above the folder.
 *   - Only files, folders and links; nothing encrypted.
 *   - Limits on bytes, entries and depth hold for what comes out, whatever the zip says of itself.
 * Files that somebody may execute in the zip can be executed (bootstrap); other modes, owners and
 * times are not kept.
 *
 * Blocking: for a thread that may wait. Reading is libzip's. */
#ifndef DYNLOG_FUNCTIONS_UNZIP_H
#define DYNLOG_FUNCTIONS_UNZIP_H

#include "base/bytes.h"

#define UNZIP_SIZE_MAX ((uint64_t)262144000) /* AWS: 250 MB, unzipped */
#define UNZIP_ENTRIES_MAX ((uint64_t)100000) /* 250 MB in files of a few KB, as packages have */
#define UNZIP_NAME_SIZE_MAX ((size_t)1024)
#define UNZIP_DEPTH_MAX ((size_t)64)

enum unzip_fault {
    UNZIP_NO_FAULT,
    UNZIP_NO_ZIP,    /* it is none, or damaged, or encrypted */
    UNZIP_EMPTY,     /* no file is in it */
    UNZIP_TOO_LARGE, /* above UNZIP_SIZE_MAX */
    UNZIP_TOO_MANY,  /* above UNZIP_ENTRIES_MAX */
    UNZIP_BAD_NAME,  /* outside, empty, too long, too deep, or a file where a folder is */
    UNZIP_BAD_LINK,  /* to what is outside, or through another one */
    UNZIP_BAD_KIND,  /* a device, a pipe, a socket */
    UNZIP_DISK,      /* the folder could not be written: *ret_status says how */
};

/* *ret_status is OK, or of UNZIP_DISK. On a fault the folder holds what was unpacked until then. */
MUST_USE enum unzip_fault unzip(struct bytes zip, const char *folder, enum status *ret_status);

#endif
