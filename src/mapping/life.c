/* mapping/life.c - pausing, changing, removing one mapping of many; mapping.h says when.
 *
 *   closed --open--> open --pause--> pausing --at rest--> paused --resume--> open
 *                                                            |
 *                                                            +--remove--> gone
 *
 * Who waits for a pause is told in a turn of its own: he may take away what is being worked with.
 */
#include "mapping/internal.h"

static void on_rested(struct timer *timer)
{
    struct mapping *mapping = CONTAINER_OF(timer, struct mapping, rested);
    void (*paused)(void *context) = mapping->paused;

    if (mapping->is_open) {
        mapping->reader->close(mapping);
        mapping->is_open = false;
    }
    mapping->paused = NULL;
    paused(mapping->paused_context);
}

void mapping_life_init(struct mapping *mapping)
{
    mapping->rested.fire = on_rested;
}

enum status mapping_open(struct mapping *mapping)
{
    enum status st = mapping->reader->open(mapping);

    if (st != OK) {
        mapping->reader->close(mapping);
        return st;
    }
    mapping->is_open = true;
    mapping->is_paused = false;
    mapping_go(mapping);
    return OK;
}

void mapping_look_at_rest(struct mapping *mapping)
{
    if (mapping->paused == NULL || timer_is_set(&mapping->rested) || mapping->mappings->stopping)
        return;
    if (!mapping->is_open || mapping->reader->is_at_rest(mapping))
        timer_set_after(mapping->mappings->options.wall_timers, &mapping->rested, 0);
}

void mapping_pause(struct mapping *mapping, void (*paused)(void *context), void *context)
{
    assert(mapping->paused == NULL);
    mapping->is_paused = true;
    mapping->paused = paused;
    mapping->paused_context = context;
    if (mapping->is_open)
        mapping->reader->stop(mapping);
    mapping_go(mapping); /* what has moved is written down */
}

enum status mapping_resume(struct mapping *mapping)
{
    assert(!mapping->is_open && mapping->is_paused && mapping->paused == NULL);
    return mapping_open(mapping);
}

enum status mapping_change(struct mapping *mapping, const struct mapping_settings *settings,
                           struct api_error *reterr)
{
    struct arena *old = mapping->arena;
    enum status st = mapping_check_settings(settings, reterr);

    assert(!mapping->is_open);
    if (st != OK)
        return st;
    mapping->arena = arena_new();
    mapping_set_settings(mapping, settings);
    arena_free(old);
    return OK;
}

void mapping_remove(struct mapping *mapping)
{
    struct mappings *mappings = mapping->mappings;
    size_t kept = 0;

    assert(!mapping->is_open && mapping->paused == NULL);
    for (size_t i = 0; i < mappings->count; i++)
        if (mappings->all[i] != mapping)
            mappings->all[kept++] = mappings->all[i];
    assert(kept + 1 == mappings->count);
    mappings->count = kept;
    mapping_free(mapping);
}

void mapping_forget(const struct mapping *mapping, struct store_batch *batch)
{
    if (mapping->reader->forget != NULL)
        mapping->reader->forget(mapping, batch);
}
