/* store/format.h - the number of a folder's format; another one is refused (docs/format/store.md).
 */
#ifndef DYNLOG_STORE_FORMAT_H
#define DYNLOG_STORE_FORMAT_H

#define STORE_FORMAT_VERSION 2

#endif
