/* server/stack_aliases.c - versions and aliases of the stack's functions (AWS::Lambda::Version,
 * Alias): they are put with their function, so that there is no moment at which a name that events
 * go to is missing. */
#include "server/internal.h"

#include "functions/record.h"

/* It gets its place in the order of names. False: one has its name. */
static bool insert(struct function_alias *aliases, size_t *count, struct function_alias alias)
{
    size_t at = *count;

    for (; at > 0 && bytes_compare(aliases[at - 1].name, alias.name) >= 0; at--)
        if (bytes_equal(aliases[at - 1].name, alias.name))
            return false;
    memmove(&aliases[at + 1], &aliases[at], (*count - at) * sizeof *aliases);
    aliases[at] = alias;
    ++*count;
    return true;
}

/* Empty: it is well. */
static struct bytes add_alias(struct arena *arena, struct function_settings *settings,
                              struct function_alias *aliases, const struct stack_alias *from)
{
    struct function_alias alias = {.name = from->name, .description = from->description};

    if (!bytes_equal_text(from->version, "$LATEST") &&
        !bytes_to_uint64(from->version, &alias.version))
        return BYTES("FunctionVersion: expected a number or $LATEST");
    if (alias.version > (settings->published ? 1 : 0))
        return arena_printf(arena, "FunctionVersion: there is no version %.*s of %.*s",
                            BYTES_ARG(from->version), BYTES_ARG(from->function_name));
    if (settings->alias_count == FUNCTION_ALIASES_MAX)
        return arena_printf(arena, "dynlog keeps %d aliases of a function at most",
                            FUNCTION_ALIASES_MAX);
    if (!insert(aliases, &settings->alias_count, alias))
        return arena_printf(arena, "Alias already exists: %.*s:%.*s",
                            BYTES_ARG(from->function_name), BYTES_ARG(from->name));
    return BYTES("");
}

const struct stack_alias *stack_aliases_set(struct arena *arena, const struct stack *stack,
                                            struct function_settings *settings,
                                            struct bytes *ret_why)
{
    struct function_alias *aliases =
        ARENA_NEW_ARRAY(arena, stack->alias_count, struct function_alias);

    settings->aliases = aliases;
    for (size_t i = 0; i < stack->alias_count; i++) {
        const struct stack_alias *version = &stack->aliases[i];

        if (version->name.size > 0 || !bytes_equal(version->function_name, settings->name))
            continue;
        settings->published = true;
        settings->published_description = version->description;
    }
    for (size_t i = 0; i < stack->alias_count; i++) {
        const struct stack_alias *alias = &stack->aliases[i];

        if (alias->name.size == 0 || !bytes_equal(alias->function_name, settings->name))
            continue;
        *ret_why = add_alias(arena, settings, aliases, alias);
        if (ret_why->size > 0)
            return alias;
    }
    return NULL;
}
