/* library/private_logs.c - the list that dynlog_private_logs() gives out; see logs.h. */
#include "library/logs.h"

#include "base/arena.h"

struct private_logs_made {
    struct dynlog_private_logs public;
    struct arena *arena;
    size_t capacity;
};

struct private_logs_made *private_logs_made_new(void)
{
    struct private_logs_made *made = mem_new(sizeof *made);

    made->arena = arena_new();
    return made;
}

void private_logs_made_add(struct private_logs_made *made, struct bytes name, uint64_t declared_ms)
{
    struct dynlog_private_logs *logs = &made->public;

    logs->list = arena_grow(made->arena, logs->list, logs->count, logs->count + 1, &made->capacity,
                            sizeof *logs->list);
    logs->list[logs->count++] = (struct dynlog_private_log){
        .name = arena_copy_text(made->arena, name), .declared_ms = declared_ms};
}

struct dynlog_private_logs *private_logs_made_done(struct private_logs_made *made)
{
    return &made->public;
}

void dynlog_private_logs_free(struct dynlog_private_logs *logs)
{
    struct private_logs_made *made = NULL;

    if (logs == NULL)
        return;
    made = CONTAINER_OF(logs, struct private_logs_made, public);
    arena_free(made->arena);
    mem_free(made);
}
