/* library/logs.c - see logs.h. */
#include "library/logs.h"

#include "base/arena.h"

#include <stdlib.h>

struct logs_made {
    struct dynlog_logs public;
    struct arena *arena;
    size_t capacity;
};

struct logs_made *logs_made_new(void)
{
    struct logs_made *made = mem_new(sizeof *made);

    made->arena = arena_new();
    return made;
}

void logs_made_add(struct logs_made *made, struct bytes name, uint64_t event_count,
                   uint64_t last_position)
{
    struct dynlog_logs *logs = &made->public;

    logs->list = arena_grow(made->arena, logs->list, logs->count, logs->count + 1, &made->capacity,
                            sizeof *logs->list);
    logs->list[logs->count++] = (struct dynlog_log){.name = arena_copy_text(made->arena, name),
                                                    .event_count = event_count,
                                                    .last_position = last_position};
}

static int by_name(const void *a, const void *b)
{
    const struct dynlog_log *x = a, *y = b;

    return strcmp(x->name, y->name);
}

struct dynlog_logs *logs_made_done(struct logs_made *made)
{
    if (made->public.count > 0)
        qsort(made->public.list, made->public.count, sizeof *made->public.list, by_name);
    return &made->public;
}

void dynlog_logs_free(struct dynlog_logs *logs)
{
    struct logs_made *made = NULL;

    if (logs == NULL)
        return;
    made = CONTAINER_OF(logs, struct logs_made, public);
    arena_free(made->arena);
    mem_free(made);
}
