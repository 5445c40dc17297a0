/* mapping/life.c - pausing, changing, removing one mapping of many; mapping.h says when.
 *
 *   closed --open--> open --pause--> pausing --at rest--> paused --resume--> open
 *                                                            |
 *                                                            +--remove--> gone
 *
 * Who waits for a pause is told in a turn of its own: he may take away what is being worked with.
 *
 * While its function is held (functions/hold.h) it is closed in the same way, and opened again when
 * it is let go: so it goes on from where its cursor stands then, which may have been moved
 * (pass.c).
 */
#include "functions/hold.h"
#include "mapping/internal.h"

static void look_at_hold(struct mapping *mapping);

static void on_rested(struct timer *timer)
{
    struct mapping *mapping = CONTAINER_OF(timer, struct mapping, rested);
    void (*paused)(void *context) = mapping->paused;

    if (mapping->is_open) {
        mapping->reader->close(mapping);
        mapping->is_open = false;
    }
    mapping->is_closing = false;
    mapping->paused = NULL;
    if (paused != NULL)
        paused(mapping->paused_context);
    else
        look_at_hold(mapping); /* it may have been let go meanwhile */
}

void mapping_life_init(struct mapping *mapping)
{
    mapping->rested.fire = on_rested;
}

static bool is_held(const struct mapping *mapping)
{
    return mapping->of_function &&
           functions_is_held(mapping->mappings->options.functions, mapping->settings.function_name);
}

/* Once: what has been told to end is not told again. */
static void stop(struct mapping *mapping)
{
    if (mapping->is_open && !mapping->is_closing)
        mapping->reader->stop(mapping);
    mapping->is_closing = mapping->is_open;
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
    mapping->is_held = is_held(mapping);
    if (mapping->is_held) /* a new one's cursor is written down all the same */
        stop(mapping);
    mapping_go(mapping);
    return OK;
}

void mapping_look_at_rest(struct mapping *mapping)
{
    if ((mapping->paused == NULL && !mapping->is_closing) || timer_is_set(&mapping->rested) ||
        mapping->mappings->stopping)
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
    stop(mapping);
    mapping_go(mapping); /* what has moved is written down */
}

/* ---- held ---- */

static void look_at_hold(struct mapping *mapping)
{
    mapping->is_held = is_held(mapping);
    if (mapping->is_held) {
        stop(mapping);
        mapping_go(mapping);
    } else if (!mapping->is_open && !mapping->is_paused && mapping_open(mapping) != OK) {
        timer_set_after(mapping->mappings->options.wall_timers, &mapping->rested,
                        MAPPING_STORE_RETRY_MS);
    }
}

void mappings_look_at_holds(struct mappings *mappings)
{
    for (size_t i = 0; i < mappings->count && !mappings->stopping; i++)
        if (mappings->all[i]->is_held != is_held(mappings->all[i]))
            look_at_hold(mappings->all[i]);
}

size_t mappings_ending_of(const struct mappings *mappings, struct bytes function_name)
{
    size_t count = 0;

    for (size_t i = 0; i < mappings->count; i++) {
        const struct mapping *mapping = mappings->all[i];
        struct bytes qualifier = {NULL, 0};

        count += mapping->is_held && mapping->is_open &&
                 bytes_equal(function_name_split(mapping->settings.function_name, &qualifier),
                             function_name);
    }
    return count;
}

/* ---- changing ---- */

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
