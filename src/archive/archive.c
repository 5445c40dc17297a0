/* archive/archive.c - the queue before the SQLite file, and the thread that empties it; see
 * archive.h.
 *
 *   archive_append() --> given --(takes all)--> taken --(one transaction)--> position --> wake
 *                                                 ^              |
 *                                                 +-- failed ----+  until an append or a retry
 *
 * What always holds:
 *   1. An event is in the file, or in `taken`, or in `given`; in that order of positions.
 *   2. position moves only after the commit of the transaction that wrote it.
 *
 * The thread alone touches the database and `taken`; everything else is behind the mutex. */
#include "archive/archive.h"

#include "archive/database.h"
#include "base/list.h"
#include "json/json.h"

#include <pthread.h>
#include <stdio.h>

/* What one archive_append() gave. */
struct page {
    struct list place;
    struct arena *arena;
    struct archive_event *events;
    size_t count;
};

struct archive {
    void (*wake)(void *context);
    void *context;
    char *path;
    struct bytes id;
    struct arena *arena; /* the id */
    pthread_t thread;

    /* the thread's */
    struct database *database; /* NULL after a failure: opened anew by the next try */
    struct list taken;

    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct list given;
    uint64_t position;
    enum status status; /* of the last try */
    char message[ARCHIVE_MESSAGE_SIZE];
    bool try_again, closing;
};

/* ---- pages ---- */

static struct page *page_new(const struct archive_event *events, size_t count)
{
    struct page *page = mem_new(sizeof *page);

    page->arena = arena_new();
    page->events = ARENA_NEW_ARRAY(page->arena, count, struct archive_event);
    page->count = count;
    for (size_t i = 0; i < count; i++)
        page->events[i] =
            (struct archive_event){events[i].position, arena_copy(page->arena, events[i].event)};
    return page;
}

static void free_pages(struct list *pages)
{
    for (struct list *it = list_take(pages); it != NULL; it = list_take(pages)) {
        struct page *page = LIST_ITEM(it, struct page, place);

        arena_free(page->arena);
        mem_free(page);
    }
}

/* ---- writing, on the thread ---- */

static bool is_set(const struct json *value)
{
    if (json_is(value, JSON_STRING))
        return json_string(value).size > 0;
    if (json_is(value, JSON_BOOL))
        return json_bool(value);
    return value != NULL && !json_is(value, JSON_NULL);
}

/* AWS puts replay-name beside the detail; events that come back from a local replay may have it in
 * the detail. */
static bool is_replay(struct arena *arena, struct bytes event)
{
    const struct json *parsed = NULL;

    if (bytes_find(event, BYTES("replay-name")) == SIZE_MAX)
        return false;
    if (json_parse(arena, event, &parsed, NULL) != OK)
        return false;
    return is_set(json_get(parsed, "replay-name")) ||
           is_set(json_get(json_get(parsed, "detail"), "replay-name"));
}

/* Into the open transaction. *position: in, what is in the file; out, what is in it then. */
static enum status insert_taken(struct archive *archive, uint64_t *position,
                                char message[ARCHIVE_MESSAGE_SIZE])
{
    AUTO(arena_release) struct arena *arena = arena_new();

    LIST_EACH (&archive->taken, it) {
        const struct page *page = LIST_ITEM(it, struct page, place);

        for (size_t i = 0; i < page->count; i++) {
            const struct archive_event *event = &page->events[i];
            enum status st = OK;

            if (event->position <= *position) /* given a second time */
                continue;
            arena_reset(arena);
            if (!is_replay(arena, event->event))
                st = database_insert(archive->database, arena, event->event, message);
            if (st != OK)
                return st;
            *position = event->position;
        }
    }
    return OK;
}

/* A file that is not the one of before (deleted, replaced) knows less than we do; one that knows
 * more cannot be, because a store's id is its own. */
static enum status open_again(struct archive *archive, uint64_t *position,
                              char message[ARCHIVE_MESSAGE_SIZE])
{
    uint64_t in_file = 0;

    if (archive->database != NULL && database_is_there(archive->database))
        return OK;
    database_close(archive->database);
    archive->database = NULL;
    enum status st =
        database_open(archive->path, archive->id, &archive->database, &in_file, message);

    if (st == OK && in_file > *position)
        *position = in_file;
    return st;
}

static enum status write_taken(struct archive *archive, uint64_t *position,
                               char message[ARCHIVE_MESSAGE_SIZE])
{
    enum status st = open_again(archive, position, message);

    if (st != OK)
        return st;
    st = database_begin(archive->database, message);
    if (st == OK)
        st = insert_taken(archive, position, message);
    if (st == OK)
        st = database_commit(archive->database, *position, message);
    if (st == OK)
        return OK;
    database_rollback(archive->database);
    if (st != IN_USE) {
        database_close(archive->database);
        archive->database = NULL;
    }
    return st;
}

static void move_given(struct archive *archive)
{
    for (struct list *it = list_take(&archive->given); it != NULL; it = list_take(&archive->given))
        list_append(&archive->taken, it);
}

/* With the mutex locked: waits for something to do; false when it is time to end. */
static bool wait_for_work(struct archive *archive)
{
    for (;;) {
        bool work = !list_empty(&archive->given) || !list_empty(&archive->taken);

        if (work && (archive->status == OK || archive->try_again))
            return true;
        if (archive->closing)
            return false;
        pthread_cond_wait(&archive->changed, &archive->mutex);
    }
}

static void *run_thread(void *argument)
{
    struct archive *archive = argument;

    pthread_mutex_lock(&archive->mutex);
    while (wait_for_work(archive)) {
        uint64_t position = archive->position;
        char message[ARCHIVE_MESSAGE_SIZE] = "";

        move_given(archive);
        archive->try_again = false;
        pthread_mutex_unlock(&archive->mutex);

        enum status st = write_taken(archive, &position, message);

        if (st == OK)
            free_pages(&archive->taken);
        pthread_mutex_lock(&archive->mutex);
        if (st == OK)
            archive->position = position;
        archive->status = st;
        memcpy(archive->message, message, sizeof message);
        pthread_mutex_unlock(&archive->mutex);
        archive->wake(archive->context);
        pthread_mutex_lock(&archive->mutex);
    }
    pthread_mutex_unlock(&archive->mutex);
    return NULL;
}

/* ---- the face ---- */

static void free_archive(struct archive *archive)
{
    free_pages(&archive->taken);
    free_pages(&archive->given);
    database_close(archive->database);
    pthread_cond_destroy(&archive->changed);
    pthread_mutex_destroy(&archive->mutex);
    arena_free(archive->arena);
    mem_free(archive->path);
    mem_free(archive);
}

enum status archive_open(const char *path, struct bytes id, void (*wake)(void *context),
                         void *context, struct archive **ret, char message[ARCHIVE_MESSAGE_SIZE])
{
    struct archive *archive = mem_new(sizeof *archive);

    archive->wake = wake;
    archive->context = context;
    archive->path = mem_copy_text(path);
    archive->arena = arena_new();
    archive->id = arena_copy(archive->arena, id);
    list_init(&archive->taken);
    list_init(&archive->given);
    pthread_mutex_init(&archive->mutex, NULL);
    pthread_cond_init(&archive->changed, NULL);
    enum status st =
        database_open(path, archive->id, &archive->database, &archive->position, message);

    if (st == OK && pthread_create(&archive->thread, NULL, run_thread, archive) != 0) {
        snprintf(message, ARCHIVE_MESSAGE_SIZE, "no thread could be started for it");
        st = IO_ERROR;
    }
    if (st != OK) {
        free_archive(archive);
        return st;
    }
    *ret = archive;
    return OK;
}

void archive_close(struct archive *archive)
{
    if (archive == NULL)
        return;
    pthread_mutex_lock(&archive->mutex);
    archive->closing = archive->try_again = true; /* one more try, should the last have failed */
    pthread_cond_signal(&archive->changed);
    pthread_mutex_unlock(&archive->mutex);
    pthread_join(archive->thread, NULL);
    free_archive(archive);
}

/* The mutex is no part of what an archive says: a const archive may be locked. */
static pthread_mutex_t *mutex_of(const struct archive *archive)
{
    union {
        const struct archive *in;
        struct archive *out;
    } cast = {archive};

    return &cast.out->mutex;
}

uint64_t archive_position(const struct archive *archive)
{
    pthread_mutex_lock(mutex_of(archive));
    uint64_t position = archive->position;

    pthread_mutex_unlock(mutex_of(archive));
    return position;
}

void archive_append(struct archive *archive, const struct archive_event *events, size_t count)
{
    if (count == 0)
        return;
    struct page *page = page_new(events, count);

    pthread_mutex_lock(&archive->mutex);
    list_append(&archive->given, &page->place);
    archive->try_again = true;
    pthread_cond_signal(&archive->changed);
    pthread_mutex_unlock(&archive->mutex);
}

enum status archive_run(struct archive *archive, uint64_t *ret_position,
                        char message[ARCHIVE_MESSAGE_SIZE])
{
    pthread_mutex_lock(&archive->mutex);
    enum status st = archive->status;

    *ret_position = archive->position;
    memcpy(message, archive->message, ARCHIVE_MESSAGE_SIZE);
    pthread_mutex_unlock(&archive->mutex);
    return st;
}

void archive_retry(struct archive *archive)
{
    pthread_mutex_lock(&archive->mutex);
    archive->try_again = true;
    pthread_cond_signal(&archive->changed);
    pthread_mutex_unlock(&archive->mutex);
}
