/* library/streams.c - see streams.h. */
#include "library/streams.h"

#include "base/arena.h"

struct streams_made {
    struct dynlog_streams public;
    struct arena *arena;
    size_t capacity;
};

struct streams_made *streams_made_new(void)
{
    struct streams_made *made = mem_new(sizeof *made);

    made->arena = arena_new();
    return made;
}

void streams_made_add(struct streams_made *made, struct bytes id, uint64_t version,
                      uint64_t last_position)
{
    struct dynlog_streams *streams = &made->public;

    streams->list = arena_grow(made->arena, streams->list, streams->count, streams->count + 1,
                               &made->capacity, sizeof *streams->list);
    streams->list[streams->count++] = (struct dynlog_stream){
        .id = arena_copy_text(made->arena, id), .version = version, .last_position = last_position};
}

struct dynlog_streams *streams_made_done(struct streams_made *made, bool more)
{
    made->public.more = more;
    return &made->public;
}

void dynlog_streams_free(struct dynlog_streams *streams)
{
    struct streams_made *made = NULL;

    if (streams == NULL)
        return;
    made = CONTAINER_OF(streams, struct streams_made, public);
    arena_free(made->arena);
    mem_free(made);
}
