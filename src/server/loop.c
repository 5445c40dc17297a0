/* server/loop.c - the loop, and what wakes it: commits, the archive, timers, signals. */
#include "server/internal.h"

#include <signal.h>

/* Every turn of the loop that follows a commit, a timer or an end of something. */
void loop_turn(struct server *server)
{
    store_port_run(server->port);
    bus_look(server->bus);
    drain_look(server);
    manual_clock_look(server);
    machine_clock_look(server);
    follow_look(server);
    if (server->state == SERVER_CLOSING)
        server_close_down(server);
}

static void committed_woken(uv_async_t *async)
{
    loop_turn(async->data);
}

static void archive_woken(uv_async_t *async)
{
    struct server *server = async->data;

    if (server->has_archive)
        archiving_woken(server);
}

static void timer_fired(uv_timer_t *timer)
{
    struct server *server = timer->data;

    timers_run(server->timers);
    loop_turn(server);
}

static void wall_timer_fired(uv_timer_t *timer)
{
    struct server *server = timer->data;

    timers_run(server->wall_timers);
    loop_turn(server);
}

/* One libuv timer follows the earliest of ours. A clock that stands still brings nothing: what is
 * due on it is due now, or waits until it is moved. */
static void arm(struct server *server, struct timers *timers, uv_timer_t *timer, uv_timer_cb fired)
{
    struct clock *clock = timers_clock(timers);
    uint64_t due = timers_next_ms(timers), now = clock_waited_ms(clock);

    if (server->state >= SERVER_CLOSING || due == UINT64_MAX ||
        (clock_is_manual(clock) && due > now))
        uv_timer_stop(timer);
    else
        uv_timer_start(timer, fired, due > now ? due - now : 0, 0);
}

void loop_arm(void *context)
{
    struct server *server = context;

    arm(server, server->timers, &server->timer, timer_fired);
}

static void arm_wall_timer(void *context)
{
    struct server *server = context;

    arm(server, server->wall_timers, &server->wall_timer, wall_timer_fired);
}

void loop_wake(void *context)
{
    struct server *server = context;

    uv_async_send(&server->committed_wake);
}

void loop_changed(void *context)
{
    struct server *server = context;

    drain_changed(server);
    if (server->follow != NULL)
        uv_async_send(&server->committed_wake); /* its handler looks whether it can go on */
}

static void signalled(uv_signal_t *signal, int number)
{
    struct server *server = signal->data;

    (void)number;
    server_stop(server);
}

void loop_open(struct server *server)
{
    int failed = uv_loop_init(&server->loop);

    assert(failed == 0);
    failed |= uv_async_init(&server->loop, &server->committed_wake, committed_woken);
    failed |= uv_async_init(&server->loop, &server->archive_wake, archive_woken);
    failed |= uv_timer_init(&server->loop, &server->timer);
    failed |= uv_timer_init(&server->loop, &server->wall_timer);
    failed |= uv_signal_init(&server->loop, &server->interrupted);
    failed |= uv_signal_init(&server->loop, &server->terminated);
    failed |= uv_signal_start(&server->interrupted, signalled, SIGINT);
    failed |= uv_signal_start(&server->terminated, signalled, SIGTERM);
    assert(failed == 0);
    server->committed_wake.data = server->archive_wake.data = server->timer.data = server;
    server->wall_timer.data = server;
    server->interrupted.data = server->terminated.data = server;
    signal(SIGPIPE, SIG_IGN);
    fronts_init(server);
    server->wall_timers = timers_new(server->wall_clock, arm_wall_timer, server);
}

void loop_end(struct server *server)
{
    uv_close((uv_handle_t *)&server->committed_wake, NULL);
    uv_close((uv_handle_t *)&server->archive_wake, NULL);
    uv_close((uv_handle_t *)&server->given_wake, NULL);
    uv_close((uv_handle_t *)&server->timer, NULL);
    uv_close((uv_handle_t *)&server->wall_timer, NULL);
    uv_close((uv_handle_t *)&server->interrupted, NULL);
    uv_close((uv_handle_t *)&server->terminated, NULL);
}
