/* cli/tables/batch.c - see batch.h. */
#include "cli/tables/batch.h"

#include "cli/output.h"
#include "cli/tables/one.h"

#include <stdarg.h>

#define BODY_SIZE_MAX (2 * ITEM_TEXT_SIZE_MAX)

/* ---- what is told ---- */

void tables_batch_fail(struct tables_batch *batch, size_t line, const char *format, ...)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    va_list args;
    struct bytes text = {0};

    va_start(args, format);
    text = arena_vprintf(arena, format, args);
    va_end(args);
    batch->failed++;
    cli_progress_hide(batch->progress);
    if (line > 0)
        cli_fail(batch->cli, CLI_FAILED, "Line %zu: %.*s.", line, BYTES_ARG(text));
    else
        cli_fail(batch->cli, CLI_FAILED, "The item is not written: %.*s.", BYTES_ARG(text));
}

static void done(struct tables_batch *batch, struct tables_batch_entry *entry)
{
    entry->written = true;
    batch->written++;
    cli_progress_add(batch->progress, 1);
}

/* Nothing more will be taken: nobody answers, or the table is not there. */
static void stop(struct tables_batch *batch, enum status status, const struct client_answer *answer)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct tables_batch_entry *entry = &batch->entries[i];

        if (entry->written)
            continue;
        if (entry->line > 0)
            tables_batch_fail(batch, entry->line, "nobody said that it is written");
        else
            batch->failed++;
        entry->written = true; /* told */
    }
    cli_progress_hide(batch->progress);
    batch->stopped = tables_fail(batch->cli, batch->client, batch->table, status, answer);
}

static bool ends_all(enum status status, const struct client_answer *answer)
{
    return status != REFUSED || answer->error_name.size == 0 || answer->http_status >= 500 ||
           bytes_equal_text(answer->error_name, "ResourceNotFoundException") ||
           bytes_equal_text(answer->error_name, "UnrecognizedClientException") ||
           bytes_equal_text(answer->error_name, "InvalidSignatureException") ||
           bytes_equal_text(answer->error_name, "AccessDeniedException");
}

/* ---- one by one ---- */

/* A put on a condition whose connection broke may have been done: then the item is there. */
static bool is_there(struct tables_batch *batch, struct arena *arena,
                     const struct tables_batch_entry *entry)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(BODY_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&body);
    struct client_answer answer = {0};
    struct api_error error = {0};
    struct item ours, theirs;

    json_begin_object(&w);
    json_member_text(&w, "TableName", batch->table);
    json_key(&w, "Key");
    json_write_raw(&w, entry->key);
    json_member_bool(&w, "ConsistentRead", true);
    json_end_object(&w);
    return client_call(batch->client, arena, "GetItem", buffer_bytes(&body), &answer) == OK &&
           json_get(answer.json, "Item") != NULL &&
           item_from_json(arena, json_get(answer.json, "Item"), &theirs, &error) == OK &&
           item_decode(arena, entry->item, &ours) == OK && item_equal(&ours, &theirs);
}

static void put_one(struct tables_batch *batch, struct tables_batch_entry *entry)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(BODY_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&body);
    struct client_answer answer = {0};
    enum status status = OK;

    json_begin_object(&w);
    json_member_text(&w, "TableName", batch->table);
    json_key(&w, "Item");
    json_write_raw(&w, entry->item);
    if (batch->condition.size > 0) {
        json_member_string(&w, "ConditionExpression", batch->condition);
        tables_binding_print(batch->binding, &w);
    }
    json_end_object(&w);
    status = client_call(batch->client, arena, "PutItem", buffer_bytes(&body), &answer);
    if (status == OK || (tables_is_condition_failure(status, &answer) && answer.uncertain &&
                         is_there(batch, arena, entry)))
        done(batch, entry);
    else if (tables_is_condition_failure(status, &answer)) {
        batch->lost++;
        entry->written = true; /* told */
        tables_batch_fail(batch, entry->line, "%s", batch->condition_failed);
    } else if (ends_all(status, &answer))
        stop(batch, status, &answer);
    else {
        entry->written = true;
        tables_batch_fail(batch, entry->line, "%.*s", BYTES_ARG(answer.message));
    }
}

static void put_each(struct tables_batch *batch)
{
    for (size_t i = 0; i < batch->count && batch->stopped == 0; i++)
        if (!batch->entries[i].written)
            put_one(batch, &batch->entries[i]);
}

/* ---- many at once ---- */

static void print_batch(const struct tables_batch *batch, struct buffer *body)
{
    bool first = true;

    buffer_append_text(body, "{\"RequestItems\":{");
    json_append_string(body, bytes_of_text(batch->table));
    buffer_append_text(body, ":[");
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->entries[i].written)
            continue;
        buffer_append_text(body,
                           first ? "{\"PutRequest\":{\"Item\":" : ",{\"PutRequest\":{\"Item\":");
        buffer_append(body, batch->entries[i].item);
        buffer_append_text(body, "}}");
        first = false;
    }
    buffer_append_text(body, "]}}");
}

static struct bytes key_of(struct arena *arena, const struct item *item,
                           const struct key_schema *keys)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(BODY_SIZE_MAX);
    struct item key = {0};

    for (size_t i = 0; i < keys->count; i++)
        item_set(arena, &key, keys->attributes[i].name, *item_get(item, keys->attributes[i].name));
    item_print(&out, &key);
    return arena_copy(arena, buffer_bytes(&out));
}

/* Marks what was taken: all that is not among the unprocessed. Returns how many that are. */
static size_t take_answer(struct tables_batch *batch, struct arena *arena,
                          const struct json *unprocessed)
{
    bool left[TABLES_BATCH_MAX] = {false};
    size_t taken = 0;

    for (struct json_iter it = json_iter(json_get(unprocessed, batch->table)); json_next(&it);) {
        const struct json *json = json_get(json_get(it.value, "PutRequest"), "Item");
        struct api_error error = {0};
        struct item item;
        struct bytes key = {0};

        if (item_from_json(arena, json, &item, &error) != OK)
            continue;
        for (size_t i = 0; i < batch->keys->count; i++)
            if (item_get(&item, batch->keys->attributes[i].name) == NULL)
                return 0; /* an answer about other items: nothing of it is known */
        key = key_of(arena, &item, batch->keys);
        for (size_t i = 0; i < batch->count; i++)
            left[i] = left[i] || bytes_equal(batch->entries[i].key, key);
    }
    for (size_t i = 0; i < batch->count; i++)
        if (!batch->entries[i].written && !left[i]) {
            done(batch, &batch->entries[i]);
            taken++;
        }
    return taken;
}

static size_t left_count(const struct tables_batch *batch)
{
    size_t count = 0;

    for (size_t i = 0; i < batch->count; i++)
        count += !batch->entries[i].written;
    return count;
}

static void give_up(struct tables_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        if (!batch->entries[i].written)
            tables_batch_fail(batch, batch->entries[i].line,
                              "the table is too busy: it took nothing %d times in a row",
                              TABLES_LEFT_OVER_TRIES_MAX);
}

static void put_together(struct tables_batch *batch)
{
    unsigned vain = 0; /* tries in a row in which nothing was taken */

    while (left_count(batch) > 0) {
        AUTO(arena_release) struct arena *arena = arena_new();
        AUTO(buffer_free) struct buffer body = BUFFER_INIT(BODY_SIZE_MAX);
        struct client_answer answer = {0};
        enum status status = OK;

        print_batch(batch, &body);
        status = client_call(batch->client, arena, "BatchWriteItem", buffer_bytes(&body), &answer);
        if (status != OK && ends_all(status, &answer)) {
            stop(batch, status, &answer);
            return;
        }
        if (status != OK) {
            put_each(batch);
            return;
        }
        if (take_answer(batch, arena, json_get(answer.json, "UnprocessedItems")) > 0)
            vain = 0;
        else if (++vain == TABLES_LEFT_OVER_TRIES_MAX) {
            give_up(batch);
            return;
        }
        if (left_count(batch) > 0)
            client_pause(batch->client, vain);
    }
}

static void send(struct tables_batch *batch)
{
    if (batch->count > 0 && batch->stopped == 0) {
        if (batch->condition.size > 0 || batch->count == 1)
            put_each(batch);
        else
            put_together(batch);
    }
    batch->count = 0;
    batch->size = 0;
    if (batch->arena != NULL)
        arena_reset(batch->arena);
}

static bool has_key(const struct tables_batch *batch, struct bytes key)
{
    for (size_t i = 0; i < batch->count; i++)
        if (bytes_equal(batch->entries[i].key, key))
            return true;
    return false;
}

void tables_batch_add(struct tables_batch *batch, const struct item *item, size_t line)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(ITEM_TEXT_SIZE_MAX);
    struct bytes key = key_of(arena, item, batch->keys);

    item_print(&text, item);
    if (batch->count == TABLES_BATCH_MAX || has_key(batch, key) ||
        batch->size + text.size > TABLES_BATCH_SIZE_MAX)
        send(batch);
    if (batch->arena == NULL)
        batch->arena = arena_new();
    batch->entries[batch->count++] =
        (struct tables_batch_entry){.item = arena_copy(batch->arena, buffer_bytes(&text)),
                                    .key = arena_copy(batch->arena, key),
                                    .line = line};
    batch->size += text.size;
}

void tables_batch_end(struct tables_batch *batch)
{
    send(batch);
    arena_free(batch->arena);
    batch->arena = NULL;
}
