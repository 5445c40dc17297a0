/* store/port.c - answers on their way from the writer back to a loop.
 *
 *   asleep --- an answer or a commit: wake(), once ---> awake --- store_port_run() ---> asleep
 *
 * What always holds: a port with something to tell is awake, so nothing is told late; wake() is
 * called once a turn, however many groups become visible in it. */
#include "store/internal.h"

struct store_port *store_port_new(struct store *store, void (*wake)(void *context),
                                  void (*committed)(void *context, uint64_t last_position),
                                  void *context)
{
    struct store_port *port = mem_new(sizeof *port);

    *port = (struct store_port){
        .store = store, .wake = wake, .committed = committed, .context = context};
    port->ready_tail = &port->ready;
    port->finished_tail = &port->finished;
    pthread_mutex_init(&port->mutex, NULL);
    pthread_mutex_lock(&store->ports_mutex);
    list_append(&store->ports, &port->place);
    pthread_mutex_unlock(&store->ports_mutex);
    return port;
}

void store_port_free(struct store_port *port)
{
    if (port == NULL)
        return;
    assert(port->in_flight == 0 && "a port is freed when everything it submitted is answered");
    if (port->store != NULL) {
        pthread_mutex_lock(&port->store->ports_mutex);
        list_remove(&port->place);
        pthread_mutex_unlock(&port->store->ports_mutex);
    }
    pthread_mutex_destroy(&port->mutex);
    mem_free(port);
}

/* Awake already: nobody has to wake it. */
void store_port_alone(struct store_port *port)
{
    pthread_mutex_lock(&port->mutex);
    port->awake = true;
    pthread_mutex_unlock(&port->mutex);
    atomic_store_explicit(&port->alone, true, memory_order_relaxed);
}

bool store_port_is_idle(const struct store_port *port)
{
    return port->in_flight == 0;
}

/* Moves what is ready into the port's hands; the loop is woken if it sleeps. */
static void hand_over(struct store_port *port, bool committed, uint64_t last_position)
{
    bool wake = false;

    committed = committed && port->committed != NULL;
    if (port->ready == NULL && !committed)
        return;
    pthread_mutex_lock(&port->mutex);
    if (port->ready != NULL) {
        *port->finished_tail = port->ready;
        port->finished_tail = port->ready_tail;
        port->ready = NULL;
        port->ready_tail = &port->ready;
    }
    if (committed) {
        port->commit_unseen = true;
        port->last_position = last_position;
    }
    wake = !port->awake;
    port->awake = true;
    pthread_mutex_unlock(&port->mutex);
    if (wake)
        port->wake(port->context);
}

void ports_answer(struct store *store, struct store_work *works, bool committed)
{
    uint64_t last_position = atomic_load(&store->last_position);

    while (works != NULL) {
        struct store_work *work = works;

        works = work->next;
        work->next = NULL;
        *work->port->ready_tail = work;
        work->port->ready_tail = &work->next;
    }
    /* Held over wake() too, so that a port cannot be freed under it. */
    pthread_mutex_lock(&store->ports_mutex);
    LIST_EACH (&store->ports, it)
        hand_over(LIST_ITEM(it, struct store_port, place), committed, last_position);
    pthread_mutex_unlock(&store->ports_mutex);
}

void store_port_run(struct store_port *port)
{
    atomic_store_explicit(&port->alone, false, memory_order_relaxed);
    pthread_mutex_lock(&port->mutex);

    struct store_work *finished = port->finished;
    bool committed = port->commit_unseen;
    uint64_t last_position = port->last_position;

    port->finished = NULL;
    port->finished_tail = &port->finished;
    port->commit_unseen = false;
    port->awake = false;
    pthread_mutex_unlock(&port->mutex);

    while (finished != NULL) {
        struct store_work *work = finished;

        finished = work->next; /* done() may free or submit it again */
        assert(port->in_flight > 0);
        port->in_flight--;
        work->done(work, work->status);
    }
    if (committed)
        port->committed(port->context, last_position);
}
