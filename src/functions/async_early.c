/* functions/async_early.c - invocations that begin before they are written; see functions.h.
 *
 *   begun ---- ended well ----> `ended`: functions_async_write() writes nothing of it
 *     |                              |
 *     +------------------------------+--> async_early_written(): it is over, or as any other
 *
 * Loop and writer share one flag. Whether the writer saw it is told by the position that it gave:
 * 0, there is no record; another one, there is, and the end that came too late for it is written as
 * every end is. */
#include "functions/async_private.h"
#include "functions/function.h"
#include "functions/hold.h"
#include "functions/pool.h"
#include "vault/vault.h"

static bool asks_for_faults(const struct functions *functions)
{
    for (int kind = 0; kind < FAULT_KIND_COUNT; kind++)
        if (faults_any(functions->options.faults, (enum fault_kind)kind))
            return true;
    return false;
}

bool functions_async_may_begin(const struct functions *functions, struct bytes function_name)
{
    if (!functions->started || functions->stopping || asks_for_faults(functions) ||
        (functions->options.vault != NULL && vault_is_used(functions->options.vault)))
        return false;
    const struct function *function = function_find(functions, function_name_of(function_name));

    return function != NULL && !function->gone && pool_limit(function) > 0 && !holds_has(function);
}

void functions_async_begin(struct functions *functions, struct async_invocation *invocation,
                           struct async_early *early)
{
    invocation->function_name = function_name_of(invocation->function_name);
    invocation->accepted_ms = async_now_ms(functions);
    invocation->early = early;
    struct async_entry *entry = async_entry_new(functions, invocation);

    early->entry = entry;
    atomic_init(&early->ended, false);
    entry->memory = invocation;
    functions->async.memory_size += invocation->payload.size;
    entry->unwritten = true;
    entry->function = function_find(functions, invocation->function_name);
    assert(entry->function != NULL && "functions_async_may_begin() found it");
    mem_free(entry->name);
    entry->name = NULL;
    async_entry_enter(entry, ENTRY_WAITING);
    async_dispatch(entry->function);
}

static void forget_memory(struct async_entry *entry)
{
    struct async_early *early = entry->memory->early;

    entry->functions->async.memory_size -= entry->memory->payload.size;
    entry->memory = NULL;
    early->released(early);
}

bool async_early_end(struct async_entry *entry)
{
    if (!entry->unwritten || entry->waiting_first != NULL)
        return false;
    struct async_early *early = entry->memory->early;

    async_entry_enter(entry, ENTRY_ENDING);
    atomic_store(&early->ended, true);
    early->ended_well(early);
    return true;
}

void async_early_ran(struct async_entry *entry)
{
    if (!entry->unwritten && entry->memory != NULL)
        forget_memory(entry);
}

void async_early_written(const struct async_invocation *invocation)
{
    struct async_entry *entry = invocation->early->entry;
    struct functions *functions = entry->functions;
    bool ended = atomic_load(&invocation->early->ended);

    assert(entry->unwritten && (ended || invocation->position != 0));
    entry->unwritten = false;
    entry->position = invocation->position;
    if (entry->position == 0) {
        async_entry_free(entry);
        functions_changed(functions);
        return;
    }
    if (entry->state != ENTRY_RUNNING &&
        (entry->state != ENTRY_WAITING || functions->async.memory_size > ASYNC_MEMORY_SIZE_MAX))
        forget_memory(entry);
    if (functions->told_stopped) /* nothing is written any more: the next start runs it */
        return;
    if (ended)
        async_end_written(entry);
    else
        async_write_waiting(entry);
}

void async_early_release(struct async_entry *entry)
{
    if (entry->memory != NULL)
        forget_memory(entry);
}
