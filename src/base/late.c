/* base/late.c - see late.h. */
#include "base/late.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

void *late_open(const char *library)
{
    void *opened = dlopen(library, RTLD_NOW | RTLD_LOCAL);

    if (opened == NULL) {
        fprintf(stderr,
                "dynlog: a library that is needed now can't be loaded (%s); stopping. Everything "
                "acknowledged is on disk.\n",
                dlerror());
        abort();
    }
    return opened;
}

void *late_find(void *library, const char *name)
{
    void *found = dlsym(library, name);

    assert(found != NULL && "a library has what it was built against");
    return found;
}
