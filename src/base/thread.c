/* base/thread.c - see thread.h. */
#include "base/thread.h"

#include <signal.h>

void thread_start(pthread_t *ret, const char *name, void *(*run)(void *context), void *context)
{
    sigset_t all, before;
    int failed = 0;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(ret, NULL, run, context);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    assert(failed == 0 && "the system gives one more thread");
    (void)pthread_setname_np(*ret, name);
}
