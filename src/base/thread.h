/* base/thread.h - starting a thread that gets no signals: they belong to the main loop, or to the
 * program that has a folder open. */
#ifndef DYNLOG_BASE_THREAD_H
#define DYNLOG_BASE_THREAD_H

#include "base/base.h"

#include <pthread.h>

/* name: at most 15 bytes, for debuggers and ps. The system gives one more thread, or the process
 * ends. */
void thread_start(pthread_t *ret, const char *name, void *(*run)(void *context), void *context);

#endif
