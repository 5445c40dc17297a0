/* server/made.c - what the stack file made, remembered, so that a later file without it removes it:
 * rules, targets, schedules, pipes, connections, API destinations. Tables, queues, buses, archives
 * and log groups have data: they stay, and that is noted, once.
 *
 * STORE_CATALOGUE holds a list for each stack (docs/format/catalogue.md). Before anything is made
 * it is written with the new things added; when what is stale is gone, without that. So a crash
 * between the two forgets nothing. */
#include "server/internal.h"

#define RECORD_SIZE_MAX ((size_t)8 * 1024 * 1024)

struct made {
    struct server *server;
    struct arena *arena;
    const struct json *before; /* the list of the start before; NULL: none */
    struct bytes key, stored;  /* as the store has it */
    struct bytes text;         /* being written */
    bool *gone;                /* of before: removed, or told that it stays */
    size_t next;               /* counts down: entries of before that are still to be looked at */
    struct bytes body;
    struct store_work work;
    void (*done)(struct server *server, bool ok);
};

/* ---- the list ---- */

static void write_entry(struct json_writer *w, struct bytes what, struct bytes removal,
                        struct bytes body)
{
    json_begin_array(w);
    json_write_string(w, what);
    json_write_string(w, removal);
    json_write_string(w, body);
    json_end_array(w);
}

static struct bytes part(const struct json *entry, size_t index)
{
    return json_string(json_at(entry, index));
}

static bool is_in_file(const struct made *made, struct bytes what)
{
    const struct stack *stack = made->server->stack;

    for (size_t i = 0; i < stack->made_count; i++)
        if (bytes_equal(stack->made[i].what, what))
            return true;
    return false;
}

/* The file's, and behind them those from before that are not in it, which are not gone. */
static struct bytes print_list(struct made *made)
{
    const struct stack *stack = made->server->stack;
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(RECORD_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&out);

    json_begin_array(&w);
    for (struct json_iter it = json_iter(made->before); json_next(&it);)
        if (!made->gone[it.index] && !is_in_file(made, part(it.value, 0)))
            write_entry(&w, part(it.value, 0), part(it.value, 1), part(it.value, 2));
    for (size_t i = 0; i < stack->made_count; i++)
        write_entry(&w, stack->made[i].what,
                    stack->made[i].removal != NULL ? bytes_of_text(stack->made[i].removal)
                                                   : BYTES(""),
                    stack->made[i].body);
    json_end_array(&w);
    return buffer_failed(&out) ? made->stored : arena_copy(made->arena, buffer_bytes(&out));
}

/* ---- writing it ---- */

static void write_list(struct store_batch *batch, struct store_work *work)
{
    struct made *made = CONTAINER_OF(work, struct made, work);

    store_batch_put(batch, STORE_CATALOGUE, made->key, made->text);
}

static void written(struct store_work *work, enum status status)
{
    struct made *made = CONTAINER_OF(work, struct made, work);

    if (status != OK)
        output_error("the data folder can't be written: %s", status_text(status));
    made->stored = made->text;
    made->done(made->server, status == OK);
}

static void keep(struct made *made)
{
    made->text = print_list(made);
    if (bytes_equal(made->text, made->stored) ||
        (made->stored.size == 0 && bytes_equal_text(made->text, "[]"))) {
        made->done(made->server, true);
        return;
    }
    made->work = (struct store_work){.run = write_list, .done = written};
    store_submit(made->server->store, made->server->port, &made->work);
}

/* ---- the start ---- */

static enum status load(struct made *made)
{
    AUTO(store_value_release) struct store_value value = {0};
    enum status status = store_get(made->server->store, NULL, STORE_CATALOGUE, made->key, &value);

    if (status == NOT_FOUND)
        return OK;
    if (status != OK)
        return status;
    made->stored = arena_copy(made->arena, value.bytes);
    return json_parse(made->arena, made->stored, &made->before, NULL) == OK ? OK : CORRUPT;
}

void made_begin(struct server *server, void (*done)(struct server *server, bool ok))
{
    struct made *made = ARENA_NEW(server->stack_arena, struct made);
    enum status status = OK;

    *made = (struct made){.server = server, .arena = server->stack_arena, .done = done};
    made->key = arena_printf(server->stack_arena, SERVER_MADE_KEY "%.*s-%.*s",
                             BYTES_ARG(server->stack->service), BYTES_ARG(server->stack->stage));
    server->made = made;
    status = load(made);
    made->next = json_count(made->before);
    made->gone = ARENA_NEW_ARRAY(server->stack_arena, made->next, bool);
    if (status == OK) {
        keep(made);
        return;
    }
    output_error("the data folder can't be read: %s", status_text(status));
    done(server, false);
}

/* ---- removing what is stale ---- */

static void next_removal(struct made *made);

static void note(struct made *made, struct bytes what, const char *words, struct bytes why)
{
    const char *path = made->server->stack_path;
    struct stack_note text = {{path != NULL ? path : "serverless.yml", 1, 1},
                              arena_printf(made->arena,
                                           "%.*s is not in the stack file any more%s%.*s",
                                           BYTES_ARG(what), words, BYTES_ARG(why))};

    output_note(made->server, &text);
}

/* It is not there, or was never made. */
static bool is_gone(struct bytes type)
{
    return bytes_end_with(type, BYTES("NotFoundException")) ||
           bytes_end_with(type, BYTES("UnknownOperationException"));
}

/* What is gone already is gone. What can't be removed stays in the list for the next start. */
static void removed(void *context, int http_status, struct bytes answer)
{
    struct made *made = context;
    struct bytes what = part(json_at(made->before, made->next), 0);
    const struct json *error = NULL;
    struct bytes message = answer;

    made->gone[made->next] = http_status / 100 == 2;
    if (!made->gone[made->next] && json_parse(made->arena, answer, &error, NULL) == OK) {
        message = json_string(json_get(error, "message"));
        if (message.size == 0)
            message = json_string(json_get(error, "Message"));
        made->gone[made->next] = is_gone(json_string(json_get(error, "__type")));
    }
    if (!made->gone[made->next])
        note(made, what, ", and can't be removed: ", message);
    next_removal(made);
}

static void next_removal(struct made *made)
{
    while (made->next > 0) {
        const struct json *entry = json_at(made->before, --made->next);
        struct bytes what = part(entry, 0), removal = part(entry, 1);

        if (is_in_file(made, what))
            continue;
        if (removal.size == 0) {
            note(made, what, ", and stays with its data", BYTES(""));
            made->gone[made->next] = true;
            continue;
        }
        if (!bytes_start_with(what, BYTES("target ")))
            note(made, what, ", and is removed", BYTES(""));
        made->body = part(entry, 2);
        api_call_local(made->server->api, arena_copy_text(made->arena, removal), made->body,
                       removed, made);
        return;
    }
    keep(made);
}

void made_end(struct server *server, void (*done)(struct server *server, bool ok))
{
    server->made->done = done;
    next_removal(server->made);
}
