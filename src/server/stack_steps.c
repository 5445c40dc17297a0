/* server/stack_steps.c - what a start, or a changed stack file, does, in order: declares private
 * logs (private_logs.c), which is refused before anything is made, writes down what it is about to
 * make (made.c), makes it (provision.c), removes rules of an earlier file (stale.c) and whatever
 * else the file has no more (made.c). */
#include "server/internal.h"

static void finish(struct server *server, bool ok)
{
    server->steps_done(server, ok);
}

static void rules_removed(struct server *server, bool ok)
{
    if (ok)
        made_end(server, finish);
    else
        finish(server, false);
}

static void made(struct server *server, bool ok)
{
    if (ok)
        stale_remove(server, rules_removed);
    else
        finish(server, false);
}

static void remembered(struct server *server, bool ok)
{
    if (ok)
        provision_start(server, made);
    else
        finish(server, false);
}

static void declared(struct server *server, bool ok)
{
    if (ok)
        made_begin(server, remembered);
    else
        finish(server, false);
}

void stack_steps(struct server *server, void (*done)(struct server *server, bool ok))
{
    server->steps_done = done;
    private_logs_declare(server, declared);
}
