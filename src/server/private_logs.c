/* server/private_logs.c - the logs that the stack file and the command line want private are
 * declared so, one after the other, before the stack is made: a log that has events is refused, and
 * then nothing else was done. One that is private already stays so, also when nobody names it any
 * more. */
#include "server/internal.h"

struct declaring {
    struct server *server;
    size_t next; /* of the stack's, then of the command line's */
    void (*done)(struct server *server, bool ok);
    struct private_change change;
};

static void declare_next(struct declaring *declaring);

static void finish(struct declaring *declaring, bool ok)
{
    struct server *server = declaring->server;
    void (*done)(struct server * server, bool ok) = declaring->done;

    mem_free(declaring);
    done(server, ok);
}

static void tell(const struct declaring *declaring, enum status status)
{
    const struct server *server = declaring->server;
    const struct private_change *change = &declaring->change;
    const char *why = status == REFUSED ? change->error.message : status_text(status);

    if (declaring->next < server->stack->private_log_count) {
        const struct stack_where *where = &server->stack->private_logs[declaring->next].where;

        output_error("%s:%zu:%zu: private: %s", where->file, where->line, where->column, why);
    } else {
        output_error("--private %.*s: %s", BYTES_ARG(change->log), why);
    }
}

static void declared(struct private_change *change, enum status status)
{
    struct declaring *declaring = CONTAINER_OF(change, struct declaring, change);

    if (status != OK) {
        tell(declaring, status);
        finish(declaring, false);
        return;
    }
    declaring->next++;
    declare_next(declaring);
}

static bool find_next(const struct declaring *declaring, struct bytes *ret)
{
    const struct server *server = declaring->server;
    size_t of_stack = server->stack->private_log_count;

    if (declaring->next < of_stack)
        *ret = server->stack->private_logs[declaring->next].log;
    else if (declaring->next - of_stack < server->options.private_log_count)
        *ret = bytes_of_text(server->options.private_logs[declaring->next - of_stack]);
    else
        return false;
    return true;
}

static void declare_next(struct declaring *declaring)
{
    struct server *server = declaring->server;
    struct bytes log;

    if (!find_next(declaring, &log)) {
        finish(declaring, true);
        return;
    }
    declaring->change = (struct private_change){
        .kind = PRIVATE_DECLARE, .log = log, .arena = server->stack_arena, .done = declared};
    engine_change_private(server->engine, server->port, &declaring->change);
}

void private_logs_declare(struct server *server, void (*done)(struct server *server, bool ok))
{
    struct declaring *declaring = mem_new(sizeof *declaring);

    *declaring = (struct declaring){.server = server, .done = done};
    declare_next(declaring);
}
