/* cli/copying.c - see copying.h. */
#include "cli/copying.h"

#include <poll.h>
#include <pthread.h>

#define LOOK_AGAIN_MS 20

struct copying {
    enum status (*copy)(void *context);
    void *context;
    enum status status;
    atomic_bool over;
};

static void *run(void *context)
{
    struct copying *copying = context;

    copying->status = copying->copy(copying->context);
    atomic_store(&copying->over, true);
    return NULL;
}

enum status cli_copying_watch(struct cli *cli, enum status (*copy)(void *context), void *context,
                              _Atomic uint64_t *total, _Atomic uint64_t *done)
{
    struct copying copying = {.copy = copy, .context = context};
    struct progress progress = {.cli = cli};
    pthread_t thread;

    if (pthread_create(&thread, NULL, run, &copying) != 0)
        return copy(context);
    cli_progress_begin(&progress);
    while (!atomic_load(&copying.over)) {
        poll(NULL, 0, LOOK_AGAIN_MS);
        progress.total = atomic_load(total);
        cli_progress_set(&progress, atomic_load(done));
    }
    cli_progress_end(&progress);
    pthread_join(thread, NULL);
    return copying.status;
}
