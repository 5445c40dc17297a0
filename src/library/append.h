/* library/append.h - the limits of dynlog_append(). */
#ifndef DYNLOG_LIBRARY_APPEND_H
#define DYNLOG_LIBRARY_APPEND_H

#include "library/place.h"

#define APPEND_TRIES_MAX 16                       /* versions that others may take while we try */
#define APPEND_SIZE_MAX ((size_t)4 * 1024 * 1024) /* TransactWriteItems: all items together */

#endif
