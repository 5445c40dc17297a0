/* streams/streams.c - the life of the change streams and their listeners; see streams.h. */
#include "streams/internal.h"

struct streams *streams_new(struct store *store, struct store_port *port, struct timers *timers,
                            const struct stream_door *door)
{
    struct streams *streams = mem_new(sizeof *streams);

    streams->store = store;
    streams->port = port;
    streams->timers = timers;
    streams->door = *door;
    list_init(&streams->listeners);
    stream_notes_init(&streams->notes);
    streams->trim = trim_new(streams);
    return streams;
}

void streams_free(struct streams *streams)
{
    if (streams == NULL)
        return;
    assert(list_empty(&streams->listeners));
    trim_free(streams->trim);
    stream_notes_free(&streams->notes);
    mem_free(streams);
}

void streams_listen(struct streams *streams, struct stream_listener *listener)
{
    assert(listener->committed != NULL);
    list_append(&streams->listeners, &listener->in_streams);
}

void streams_unlisten(struct stream_listener *listener)
{
    list_remove(&listener->in_streams);
}

void streams_committed(struct streams *streams, uint64_t last_position)
{
    LIST_EACH (&streams->listeners, it) {
        struct stream_listener *listener = LIST_ITEM(it, struct stream_listener, in_streams);

        listener->committed(listener, last_position);
    }
}

bool streams_busy(const struct streams *streams)
{
    return trim_busy(streams->trim);
}
