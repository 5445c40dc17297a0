/* server/backing_up.c - a copy of the whole data folder while everything goes on (backup/backup.h).
 *
 *   NONE --POST /_dynlog/backup--> WAITS --no deletion of the archive's--> RUNS --> DONE or FAILED
 *
 * What always holds: from WAITS on until it has ended, nothing is deleted from the store because
 * SQLite has it, and no code of a function is removed; so what the copy's store does not have, its
 * archive and its code folders have. One at a time; what the last one was is told until the next.
 */
#include "server/internal.h"

bool backing_up_busy(const struct server *server)
{
    return server->backing_up.state == BACKING_UP_WAITS ||
           server->backing_up.state == BACKING_UP_RUNS;
}

/* On a thread of the pool. */
static void copy(uv_work_t *work)
{
    struct backing_up *backing_up = CONTAINER_OF(work, struct backing_up, work);

    backing_up->status = backup_make(&backing_up->job);
}

static void copied(uv_work_t *work, int code)
{
    struct backing_up *backing_up = CONTAINER_OF(work, struct backing_up, work);
    struct server *server = CONTAINER_OF(backing_up, struct server, backing_up);

    (void)code; /* nobody cancels it */
    backing_up->state = backing_up->status == OK ? BACKING_UP_DONE : BACKING_UP_FAILED;
    archiving_keep(server, false);
    functions_keep_code(server->functions, false);
    uv_async_send(&server->committed_wake); /* the end of the process may wait for it */
}

void backing_up_look(struct server *server)
{
    struct backing_up *backing_up = &server->backing_up;

    if (backing_up->state != BACKING_UP_WAITS || server->archiving.deleting)
        return;
    backing_up->state = BACKING_UP_RUNS;
    if (uv_queue_work(&server->loop, &backing_up->work, copy, copied) != 0)
        assert(false && "the pool takes work while the loop runs");
}

enum status backing_up_begin(void *context, struct bytes to, bool own_bytes,
                             struct api_error *error)
{
    struct server *server = context;
    struct backing_up *backing_up = &server->backing_up;
    bool has_file = server->has_archive && server->archiving.path[0] != ':';

    if (server->options.memory)
        return api_invalid(error, "This dynlog keeps everything in memory (--memory): there is no "
                                  "folder to copy.");
    if (backing_up_busy(server)) {
        (void)!api_invalid(error, "A backup to %s is being made.", backing_up->to);
        return CONFLICT;
    }
    if (server->state != SERVER_SERVING) {
        (void)!api_invalid(error, "This dynlog is not ready, or stops.");
        return CONFLICT;
    }
    if (to.size == 0 || to.ptr[0] != '/' || to.size >= sizeof backing_up->to - 8 ||
        memchr(to.ptr, 0, to.size) != NULL)
        return api_invalid(error,
                           "\"to\" is to be the absolute name of a folder that is not there.");
    memcpy(backing_up->to, to.ptr, to.size);
    backing_up->to[to.size] = '\0';
    backing_up->job = (struct backup_job){
        .folder = server->options.data != NULL ? server->options.data : ".dynlog",
        .store = server->store,
        .archive = has_file ? server->archiving.path : NULL,
        .to = backing_up->to,
        .own_bytes = own_bytes,
        .now_ms = clock_now_ms(server->wall_clock),
    };
    backing_up->state = BACKING_UP_WAITS;
    archiving_keep(server, true);
    functions_keep_code(server->functions, true);
    backing_up_look(server);
    return OK;
}

void backing_up_write(void *context, struct json_writer *w)
{
    static const char *const states[] = {"NONE", "RUNNING", "RUNNING", "DONE", "FAILED"};
    struct server *server = context;
    struct backing_up *backing_up = &server->backing_up;

    json_member_text(w, "state", states[backing_up->state]);
    if (backing_up->state == BACKING_UP_NONE)
        return;
    json_member_text(w, "to", backing_up->to);
    json_member_uint(w, "bytes", atomic_load(&backing_up->job.done));
    json_member_uint(w, "total", atomic_load(&backing_up->job.total));
    if (backing_up->state == BACKING_UP_DONE)
        json_member_uint(w, "position", backing_up->job.position);
    if (backing_up->state == BACKING_UP_FAILED)
        json_member_text(w, "message", backing_up->job.message);
}
