/* stack/loader.c - see loader.h: errors, notes, budgets and calls. */
#include "stack/loader.h"

enum status loader_refuse(struct loader *loader, struct stack_where where, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    loader->error->where = where;
    loader->error->message =
        stack_mask(loader->arena, loader->stack, arena_vprintf(loader->arena, format, args));
    va_end(args);
    return REFUSED;
}

static struct bytes mask_one(struct arena *arena, struct bytes text, struct bytes secret)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(LOADER_TEXT_TOTAL_MAX);
    size_t found = bytes_find(text, secret);

    if (found == SIZE_MAX)
        return text;
    for (; found != SIZE_MAX; found = bytes_find(text, secret)) {
        buffer_append(&out, bytes_slice(text, 0, found));
        buffer_append_text(&out, "****");
        text = bytes_slice(text, found + secret.size, text.size);
    }
    buffer_append(&out, text);
    return arena_copy(arena, buffer_bytes(&out));
}

struct bytes stack_mask(struct arena *arena, const struct stack *stack, struct bytes text)
{
    for (size_t i = 0; i < stack->secret_count; i++)
        text = mask_one(arena, text, stack->secrets[i]);
    return text;
}

static bool same_place(struct stack_where a, struct stack_where b)
{
    return a.line == b.line && a.column == b.column && strcmp(a.file, b.file) == 0;
}

void loader_note(struct loader *loader, struct stack_where where, const char *format, ...)
{
    struct stack *stack = loader->stack;
    struct bytes text;
    va_list args;

    if (stack->note_count >= LOADER_NOTES_MAX)
        return;
    va_start(args, format);
    text = stack_mask(loader->arena, stack, arena_vprintf(loader->arena, format, args));
    va_end(args);
    for (size_t i = 0; i < stack->note_count; i++) {
        if (same_place(stack->notes[i].where, where) && bytes_equal(stack->notes[i].text, text))
            return;
    }
    stack->notes = arena_grow(loader->arena, stack->notes, stack->note_count, stack->note_count + 1,
                              &loader->note_capacity, sizeof *stack->notes);
    stack->notes[stack->note_count++] = (struct stack_note){where, text};
}

enum status loader_count_node(struct loader *loader, struct stack_where where)
{
    if (++loader->node_count > NODE_COUNT_MAX)
        return loader_refuse(loader, where,
                             "the file unfolds to more than %d values: expected fewer",
                             NODE_COUNT_MAX);
    return OK;
}

enum status loader_count_text(struct loader *loader, struct stack_where where, size_t size)
{
    loader->text_total += size;
    if (loader->text_total > LOADER_TEXT_TOTAL_MAX)
        return loader_refuse(loader, where,
                             "the file's variables unfold to more than %zu bytes: expected fewer",
                             LOADER_TEXT_TOTAL_MAX);
    return OK;
}

enum status loader_add_call(struct loader *loader, const char *target, const struct buffer *body,
                            struct bytes resource, struct stack_where where)
{
    struct stack *stack = loader->stack;

    if (buffer_failed(body))
        return loader_refuse(loader, where, "%.*s: expected a description of at most %zu bytes",
                             BYTES_ARG(resource), LOADER_BODY_SIZE_MAX);
    stack->calls = arena_grow(loader->arena, stack->calls, stack->call_count, stack->call_count + 1,
                              &loader->call_capacity, sizeof *stack->calls);
    stack->calls[stack->call_count++] = (struct stack_call){
        .target = target,
        .body = arena_copy(loader->arena, buffer_bytes(body)),
        .resource = resource,
        .where = where,
        .late = -1,
    };
    return OK;
}

enum status loader_add_update(struct loader *loader, const char *update, const struct buffer *body)
{
    struct stack *stack = loader->stack;
    struct stack_call *call = &stack->calls[stack->call_count - 1];

    if (body != NULL && buffer_failed(body))
        return loader_refuse(loader, call->where,
                             "%.*s: expected a description of at most %zu bytes",
                             BYTES_ARG(call->resource), LOADER_BODY_SIZE_MAX);
    call->update = update;
    call->update_body = body != NULL ? arena_copy(loader->arena, buffer_bytes(body)) : call->body;
    return OK;
}

enum status loader_add_made(struct loader *loader, struct bytes what, const char *removal,
                            const struct buffer *body, struct stack_where where)
{
    struct stack *stack = loader->stack;
    struct stack_made made = {.what = what,
                              .removal = removal,
                              .body = BYTES("{}"),
                              .first_call = stack->call_count > 0 ? stack->call_count - 1 : 0,
                              .where = where};

    if (body != NULL && buffer_failed(body))
        return loader_refuse(loader, where, "%.*s: expected a name of at most %zu bytes",
                             BYTES_ARG(what), LOADER_BODY_SIZE_MAX);
    if (body != NULL)
        made.body = arena_copy(loader->arena, buffer_bytes(body));
    stack->made = arena_grow(loader->arena, stack->made, stack->made_count, stack->made_count + 1,
                             &loader->made_capacity, sizeof *stack->made);
    stack->made[stack->made_count++] = made;
    return OK;
}

enum status loader_add_made_name(struct loader *loader, const char *called, struct bytes name,
                                 const char *removal, struct stack_where where)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(LOADER_BODY_SIZE_MAX);
    struct json_writer writer = JSON_WRITER(&body);

    json_begin_object(&writer);
    json_member_string(&writer, "Name", name);
    json_end_object(&writer);
    return loader_add_made(loader, arena_printf(loader->arena, "%s %.*s", called, BYTES_ARG(name)),
                           removal, &body, where);
}
