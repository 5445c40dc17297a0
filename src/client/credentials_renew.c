/* client/credentials_renew.c - the next keys of a process, once for all clients of this program:
 * the lanes of a replay meet the end of their keys within moments of each other, and a process may
 * ask its person something each time.
 *
 *   the keys of whoever asks are those of the last run, or that was long ago --> it is run
 *   else somebody ran it meanwhile                                          --> what that printed
 *
 * Threads: any; while it runs the others wait for it. */
#include "client/credentials.h"

#include "base/clock.h"

#include <pthread.h>

/* Long enough for all lanes to come by, and far shorter than keys hold. */
#define KEPT_NS ((uint64_t)60 * 1000 * 1000 * 1000)

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct arena *kept_arena; /* NULL: nothing is kept */
static struct credentials kept;
static uint64_t kept_at_ns;

static bool are_equal(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static const char *copy(struct arena *arena, const char *text)
{
    return text != NULL ? arena_copy_text(arena, bytes_of_text(text)) : NULL;
}

static struct credentials copy_keys(struct arena *arena, const struct credentials *keys)
{
    return (struct credentials){.key_id = copy(arena, keys->key_id),
                                .secret = copy(arena, keys->secret),
                                .token = copy(arena, keys->token),
                                .process = copy(arena, keys->process),
                                .expires_ms = keys->expires_ms};
}

static bool are_news(const struct credentials *old)
{
    return kept_arena != NULL && are_equal(kept.process, old->process) &&
           clock_monotonic_ns() - kept_at_ns < KEPT_NS &&
           !(are_equal(kept.key_id, old->key_id) && are_equal(kept.secret, old->secret) &&
             are_equal(kept.token, old->token));
}

static void keep(const struct credentials *keys)
{
    arena_free(kept_arena); /* NULL is fine */
    kept_arena = arena_new();
    kept = copy_keys(kept_arena, keys);
    kept_at_ns = clock_monotonic_ns();
}

enum status credentials_renew(struct arena *arena, const struct credentials *old,
                              struct credentials *ret, char message[CREDENTIALS_MESSAGE_SIZE])
{
    enum status status = OK;

    pthread_mutex_lock(&mutex);
    if (are_news(old)) {
        *ret = copy_keys(arena, &kept);
    } else {
        status = credentials_run(arena, old->process, ret, message);
        if (status == OK)
            keep(ret);
    }
    pthread_mutex_unlock(&mutex);
    return status;
}
