/* functions/worker_memory.c - what a worker's processes use, and the end of those that use too
 * much. See worker.h. */
#include "functions/worker_internal.h"

#include "functions/memory.h"

#define MEMORY_READ_EVERY_MS ((uint64_t)100) /* it costs 20 us and more; a maximum may be late */

static bool uses_too_much(const struct worker *worker)
{
    return worker->memory_own_mb > worker->version->settings.memory_mb;
}

void worker_measure_memory(struct worker *worker, uint64_t now_ns)
{
    bool recent = worker->memory_used_mb > 0 &&
                  now_ns - worker->memory_read_ns < MEMORY_READ_EVERY_MS * 1000000;
    struct memory_use use;

    if (!worker->has_process || recent || !memory_of_tree(process_id(&worker->process), &use))
        return;
    if (use.peak_mb > worker->memory_used_mb)
        worker->memory_used_mb = use.peak_mb;
    worker->memory_own_mb = use.own_mb;
    worker->memory_read_ns = now_ns;
}

/* Lambda's kernel ends a process that needs more than the function has. */
static void look_at_memory(struct worker *worker)
{
    worker_measure_memory(worker, clock_monotonic_ns());
    if (worker->state != WORKER_BUSY || !uses_too_much(worker))
        return;
    worker->out_of_memory = true;
    process_kill(&worker->process);
}

void workers_look_at_memory(struct timer *timer)
{
    struct functions *functions = CONTAINER_OF(timer, struct functions, memory);

    for (size_t i = 0; i < functions->count; i++) {
        if (functions->all[i]->busy_count == 0)
            continue;
        LIST_EACH (&functions->all[i]->workers, it)
            look_at_memory(LIST_ITEM(it, struct worker, in_workers));
    }
    if (functions->busy_count > 0)
        timer_set_after(functions->options.wall_timers, timer, MEMORY_READ_EVERY_MS);
}

void workers_begin_looking(struct functions *functions)
{
    if (!timer_is_set(&functions->memory))
        timer_set_after(functions->options.wall_timers, &functions->memory, MEMORY_READ_EVERY_MS);
}
