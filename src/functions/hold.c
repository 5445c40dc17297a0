/* functions/hold.c - see hold.h. */
#include "functions/hold.h"

#include "functions/async_private.h"
#include "functions/function.h"

#define KEY_PREFIX "function-hold/"
#define KEY_END "function-hold0" /* '0' follows '/' */
#define KEY_SIZE_MAX (sizeof KEY_PREFIX + FUNCTION_NAME_SIZE_MAX)
#define VALUE_SIZE_MAX (FUNCTION_HOLD_NOTE_SIZE_MAX + 1024)
#define FORMAT 1

struct hold {
    struct bytes note;
    bool held;
    uint64_t since_ms;
};

/* ---- in memory ---- */

static void hold_free(struct hold *hold)
{
    if (hold == NULL)
        return;
    mem_free((void *)(uintptr_t)hold->note.ptr);
    mem_free(hold);
}

static void hold_put(struct functions *functions, struct bytes name, const struct hold *from)
{
    struct hold *hold = mem_new(sizeof *hold);
    uint8_t *copy = mem_new(from->note.size);

    memcpy(copy, from->note.ptr, from->note.size);
    *hold = (struct hold){bytes_of(copy, from->note.size), from->held, from->since_ms};
    hold_free(map_put(&functions->holds, name, hold));
}

static bool is_held(const struct functions *functions, struct bytes name)
{
    const struct hold *hold = functions->holds.count > 0 ? map_get(&functions->holds, name) : NULL;

    return hold != NULL && hold->held;
}

bool holds_has(const struct function *function)
{
    return is_held(function->functions, function->version->settings.name);
}

bool functions_is_held(const struct functions *functions, struct bytes name)
{
    struct bytes qualifier = {NULL, 0};

    return is_held(functions, function_name_split(name, &qualifier));
}

static bool is_waiting_of(const struct async_entry *entry, struct bytes name)
{
    return entry->function != NULL && entry->state == ENTRY_WAITING &&
           bytes_equal(entry->function->version->settings.name, name);
}

static size_t waiting_of(const struct functions *functions, struct bytes name)
{
    size_t count = 0;

    LIST_EACH (&functions->async.all, it)
        count += is_waiting_of(LIST_ITEM(it, struct async_entry, in_all), name);
    return count;
}

size_t holds_waiting(const struct functions *functions)
{
    size_t count = 0;
    struct bytes name;
    void *hold = NULL;

    for (size_t i = 0; map_next(&functions->holds, &i, &name, &hold);)
        count += ((struct hold *)hold)->held ? waiting_of(functions, name) : 0;
    return count;
}

static size_t running_of(const struct functions *functions, struct bytes name)
{
    size_t count = 0;

    for (size_t i = 0; i < functions->count; i++)
        if (bytes_equal(functions->all[i]->version->settings.name, name))
            count += functions->all[i]->busy_count;
    return count;
}

void functions_holds(const struct functions *functions, struct arena *arena,
                     struct function_hold **ret, size_t *ret_count)
{
    struct function_hold *list =
        ARENA_NEW_ARRAY(arena, functions->holds.count, struct function_hold);
    struct bytes name;
    void *value = NULL;
    size_t count = 0;

    for (size_t i = 0; map_next(&functions->holds, &i, &name, &value);) {
        const struct hold *hold = value;

        list[count++] = (struct function_hold){.name = name,
                                               .note = hold->note,
                                               .held = hold->held,
                                               .since_ms = hold->since_ms,
                                               .waiting = waiting_of(functions, name),
                                               .running = running_of(functions, name)};
    }
    *ret = list;
    *ret_count = count;
}

/* ---- letting go ---- */

static void let_go(struct functions *functions, struct bytes name)
{
    uint64_t now_ms = async_now_ms(functions);

    LIST_EACH (&functions->async.all, it) {
        struct async_entry *entry = LIST_ITEM(it, struct async_entry, in_all);

        if (is_waiting_of(entry, name))
            entry->accepted_ms = entry->waiting_ms = now_ms;
    }
    for (size_t i = 0; i < functions->count; i++)
        if (bytes_equal(functions->all[i]->version->settings.name, name))
            async_dispatch(functions->all[i]);
}

/* ---- in the store ---- */

static void write_change(struct store_batch *batch, struct store_work *work)
{
    struct function_hold_change *change = CONTAINER_OF(work, struct function_hold_change, work);

    if (change->note.size > 0)
        store_batch_put(batch, STORE_CATALOGUE, buffer_bytes(&change->key),
                        buffer_bytes(&change->value));
    else
        store_batch_delete(batch, STORE_CATALOGUE, buffer_bytes(&change->key));
    if (change->also != NULL)
        change->also(change, batch);
}

static void apply(struct functions *functions, const struct function_hold_change *change)
{
    const struct hold *before = map_get(&functions->holds, change->name);
    bool was_held = before != NULL && before->held;

    if (change->note.size > 0)
        hold_put(functions, change->name,
                 &(struct hold){change->note, change->held, change->since_ms});
    else
        hold_free(map_remove(&functions->holds, change->name));
    if (was_held && !change->held)
        let_go(functions, change->name);
}

static void written(struct store_work *work, enum status status)
{
    struct function_hold_change *change = CONTAINER_OF(work, struct function_hold_change, work);
    struct functions *functions = change->functions;

    functions->async.writing_count--;
    if (status == OK)
        apply(functions, change);
    buffer_free(&change->key);
    buffer_free(&change->value);
    change->done(change, status);
    functions_changed(functions);
}

static void encode(struct function_hold_change *change)
{
    struct json_writer w = JSON_WRITER(&change->value);

    json_begin_object(&w);
    json_member_int(&w, "format", FORMAT);
    json_member_uint(&w, "since", change->since_ms);
    json_member_bool(&w, "held", change->held);
    json_key(&w, "note");
    json_write_raw(&w, change->note);
    json_end_object(&w);
    assert(!buffer_failed(&change->value));
}

void functions_change_hold(struct functions *functions, struct function_hold_change *change)
{
    const struct hold *hold = map_get(&functions->holds, change->name);

    change->functions = functions;
    change->since_ms = hold != NULL ? hold->since_ms : async_now_ms(functions);
    change->key = BUFFER_INIT(KEY_SIZE_MAX);
    change->value = BUFFER_INIT(VALUE_SIZE_MAX);
    buffer_append_text(&change->key, KEY_PREFIX);
    buffer_append(&change->key, change->name);
    assert(!buffer_failed(&change->key));
    if (change->note.size > 0)
        encode(change);
    change->work = (struct store_work){.run = write_change, .done = written};
    functions->async.writing_count++;
    store_submit(functions->options.store, functions->options.port, &change->work);
}

static enum status load_one(struct functions *functions, struct arena *arena, struct bytes key,
                            struct bytes value)
{
    AUTO(buffer_free) struct buffer note = BUFFER_INIT(VALUE_SIZE_MAX);
    const struct json *json = NULL;
    uint64_t since_ms = 0;

    if (json_parse(arena, value, &json, NULL) != OK || json_get_uint(json, "format", 0) != FORMAT ||
        !json_uint64(json_get(json, "since"), &since_ms) ||
        !json_is(json_get(json, "note"), JSON_OBJECT))
        return CORRUPT;
    json_print(&note, json_get(json, "note"));
    hold_put(functions, bytes_slice(key, strlen(KEY_PREFIX), key.size),
             &(struct hold){buffer_bytes(&note), json_bool(json_get(json, "held")), since_ms});
    return OK;
}

enum status holds_load(struct functions *functions)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(functions->options.store, NULL, STORE_CATALOGUE,
                                             BYTES(KEY_PREFIX), BYTES(KEY_END), false);
    struct bytes key, value;
    enum status st = OK;

    while (st == OK && store_iter_next(iter, &key, &value))
        st = load_one(functions, arena, key, value);
    return st == OK ? store_iter_status(iter) : st;
}

void holds_free(struct functions *functions)
{
    struct bytes name;
    void *hold = NULL;

    for (size_t i = 0; map_next(&functions->holds, &i, &name, &hold);)
        hold_free(hold);
    map_free(&functions->holds);
}
