/* cli/replay_table.c - items of a log table: of a dynlog in the order of their positions, of
 * everybody else as Scan gives them, which is in order for each stream. See replay.h.
 *
 *   dynlog   GET /_dynlog/log says which are next, BatchGetItem gives them as they are stored
 *   else     Scan; a run that goes on begins behind the key that was done last */
#include "cli/replay.h"

#include "cli/output.h"
#include "cli/server_door.h"
#include "client/feed.h"

#include <inttypes.h>
#include <stdio.h>

#define KEYS_MAX 50      /* of a BatchGetItem, which takes 100: 16 MB are an answer's limit */
#define SILENCE_MS 30000 /* a dynlog writes a blank line every ten seconds */
#define BROKEN_MAX 5     /* connections, one after the other, that bring nothing */
#define PATH_SIZE_MAX ((size_t)64 * 1024)

struct entry {
    uint64_t position, time_ms;
    struct bytes pk, sk;
    struct bytes text; /* the item; empty: it is gone */
};

struct table_source {
    struct replay_source source;
    struct replay *replay;
    struct arena *arena; /* of a page */
    /* a page, as it goes */
    const struct json *items; /* of a Scan */
    struct json_iter at;
    struct entry entries[KEYS_MAX];
    size_t entry_count, entry_next;
    /* a dynlog */
    struct client_feed *feed;
    struct arena *feed_arena;
    uint64_t position, last_position; /* that was read; where the run ends */
    unsigned broken;
    /* Scan */
    struct buffer key; /* behind which the next page begins, as JSON; empty: at the first */
    uint64_t number;
    bool scanned;
};

static void close_table(struct replay_source *source)
{
    struct table_source *table = CONTAINER_OF(source, struct table_source, source);

    client_feed_free(table->feed);
    buffer_free(&table->key);
    arena_free(table->feed_arena);
    arena_free(table->arena);
    mem_free(table);
}

static enum replay_reading fail(struct table_source *table, enum status status,
                                const struct client_answer *answer)
{
    cli_client_fail(table->replay->cli, table->replay->client, status, answer);
    return REPLAY_UNREADABLE;
}

static void append_table(struct buffer *body, const struct table_source *table)
{
    buffer_append_text(body, "{\"TableName\":");
    json_append_string(body, bytes_of_text(client_target(table->replay->client)->table));
}

/* ---- everybody else: Scan ---- */

static enum replay_reading read_scan(struct table_source *table)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(REPLAY_CURSOR_SIZE_MAX * 2);
    struct client_answer answer = {0};
    const struct json *last = NULL;
    enum status status = OK;

    if (table->scanned)
        return REPLAY_END;
    arena_reset(table->arena);
    append_table(&body, table);
    buffer_append_text(&body, ",\"ConsistentRead\":true");
    if (table->key.size > 0) {
        buffer_append_text(&body, ",\"ExclusiveStartKey\":");
        buffer_append(&body, buffer_bytes(&table->key));
    }
    buffer_append_text(&body, "}");
    status = client_call(table->replay->client, table->arena, "Scan", buffer_bytes(&body), &answer);
    if (status != OK)
        return fail(table, status, &answer);
    table->items = json_get(answer.json, "Items");
    table->at = json_iter(table->items);
    last = json_get(answer.json, "LastEvaluatedKey");
    table->scanned = last == NULL;
    buffer_clear(&table->key);
    if (last != NULL)
        json_print(&table->key, last);
    return REPLAY_READ;
}

static struct bytes cursor_of(struct arena *arena, const struct json *item)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(REPLAY_CURSOR_SIZE_MAX - 1);

    buffer_append_text(&out, "{\"pk\":");
    json_print(&out, json_get(item, "pk"));
    buffer_append_text(&out, ",\"sk\":");
    json_print(&out, json_get(item, "sk"));
    buffer_append_text(&out, "}");
    return buffer_failed(&out) ? (struct bytes){NULL, 0} : arena_copy(arena, buffer_bytes(&out));
}

/* meta.time, when the item has it. */
static uint64_t time_of_item(const struct json *item)
{
    const struct json *meta = json_get(json_get(item, "meta"), "M");
    uint64_t time_ms = 0;

    return bytes_to_uint64(json_get_string(json_get(meta, "time"), "N"), &time_ms) ? time_ms : 0;
}

static struct bytes text_of(struct arena *arena, const struct json *json)
{
    AUTO(buffer_free) struct buffer out = BUFFER_INIT(REPLAY_TEXT_SIZE_MAX);

    json_print(&out, json);
    return arena_copy(arena, buffer_bytes(&out));
}

static enum replay_reading next_of_scan(struct replay_source *source, struct replay_event **ret)
{
    struct table_source *table = CONTAINER_OF(source, struct table_source, source);

    for (;;) {
        struct replay_event event = {0};

        while (!json_next(&table->at)) {
            enum replay_reading reading = read_scan(table);

            if (reading != REPLAY_READ)
                return reading;
        }
        if (!replay_event_of_item(table->arena, text_of(table->arena, table->at.value), &event))
            continue;
        event.time_ms = time_of_item(table->at.value);
        event.cursor = cursor_of(table->arena, table->at.value);
        event.number = ++table->number;
        if (!replay_takes(table->replay, &event))
            continue;
        *ret = replay_event_new(&event);
        return REPLAY_READ;
    }
}

/* ---- a dynlog: which ones are next ---- */

static const char *make_path(const struct table_source *table, struct arena *arena)
{
    AUTO(buffer_free) struct buffer path = BUFFER_INIT(PATH_SIZE_MAX);
    const struct archive_filter *filter = &table->replay->filter;

    buffer_append_text(&path, "/_dynlog/log");
    client_query(&path, "follow", BYTES("false"));
    client_query(&path, "from", arena_printf(arena, "%" PRIu64, table->position));
    if (filter->log_count == 1)
        client_query(&path, "log", bytes_of_text(filter->logs[0]));
    client_query(&path, "table", bytes_of_text(client_target(table->replay->client)->table));
    client_query(&path, "to", arena_printf(arena, "%" PRIu64, table->last_position));
    if (filter->type_count == 1)
        client_query(&path, "type", bytes_of_text(filter->types[0]));
    return arena_copy_text(arena, buffer_bytes(&path));
}

/* False: the line is no event that is wanted. */
static bool read_entry(struct table_source *table, struct bytes line, struct entry *ret)
{
    const struct json *json = NULL, *key = NULL;

    if (json_parse(table->arena, arena_copy(table->arena, line), &json, NULL) != OK)
        return false;
    key = json_get(json, "key");
    *ret = (struct entry){
        .position = json_get_uint(json, "position", 0),
        .time_ms = json_get_uint(json, "time", 0),
        .pk = json_get_string(key, "pk"),
        .sk = json_number_text(json_get(key, "sk")),
    };
    return ret->pk.size > 0 && ret->sk.size > 0 && ret->position > table->position;
}

static bool server_is_there(struct table_source *table, struct client_answer *ret_answer,
                            enum status *ret)
{
    const struct json *ignored = NULL;

    *ret = cli_server_ask_status(table->replay->client, table->arena, &ignored, ret_answer);
    return *ret == OK;
}

/* Up to KEYS_MAX lines; a connection that breaks is made again behind the last one. */
static enum replay_reading read_lines(struct table_source *table)
{
    table->entry_count = table->entry_next = 0;
    while (table->entry_count < KEYS_MAX) {
        struct client_answer answer = {0};
        struct bytes line;
        enum status status = OK;
        bool whole = false;

        if (table->feed == NULL) {
            if (table->position >= table->last_position)
                break;
            arena_reset(table->feed_arena);
            table->feed = client_feed_new(client_target(table->replay->client),
                                          make_path(table, table->feed_arena), SILENCE_MS);
        }
        status = client_feed_next(table->feed, table->arena, table->entry_count > 0 ? 0 : -1, -1,
                                  &line, &answer);
        if (status == TIMED_OUT)
            break;
        if (status == REFUSED)
            return fail(table, status, &answer);
        if (status == OK) {
            if (read_entry(table, line, &table->entries[table->entry_count]))
                table->position = table->entries[table->entry_count++].position;
            table->broken = 0;
            continue;
        }
        whole = client_feed_is_whole(table->feed);
        client_feed_free(table->feed);
        table->feed = NULL;
        if (table->entry_count > 0 || whole) /* whole, and nothing came: there is no more */
            break;
        if (table->broken++ == BROKEN_MAX || !server_is_there(table, &answer, &status))
            return fail(table, status, &answer);
    }
    return table->entry_count > 0 ? REPLAY_READ : REPLAY_END;
}

/* ---- a dynlog: what they are ---- */

static void append_keys(struct buffer *body, const struct table_source *table)
{
    bool first = true;

    buffer_append_text(body, "{\"RequestItems\":{");
    json_append_string(body, bytes_of_text(client_target(table->replay->client)->table));
    buffer_append_text(body, ":{\"ConsistentRead\":true,\"Keys\":[");
    for (size_t i = 0; i < table->entry_count; i++) {
        const struct entry *entry = &table->entries[i];

        if (entry->text.size > 0)
            continue;
        buffer_append_text(body, first ? "{\"pk\":{\"S\":" : ",{\"pk\":{\"S\":");
        json_append_string(body, entry->pk);
        buffer_printf(body, "},\"sk\":{\"N\":\"%.*s\"}}", BYTES_ARG(entry->sk));
        first = false;
    }
    buffer_append_text(body, "]}}}");
}

static void take_item(struct table_source *table, const struct json *item)
{
    struct bytes pk = json_get_string(json_get(item, "pk"), "S");
    struct bytes sk = json_get_string(json_get(item, "sk"), "N");

    for (size_t i = 0; i < table->entry_count; i++)
        if (bytes_equal(table->entries[i].pk, pk) && bytes_equal(table->entries[i].sk, sk))
            table->entries[i].text = text_of(table->arena, item);
}

static enum replay_reading read_items(struct table_source *table)
{
    const char *name = client_target(table->replay->client)->table;
    bool more = true;

    while (more) {
        AUTO(buffer_free) struct buffer body = BUFFER_INIT(REPLAY_BODY_SIZE_MAX);
        struct client_answer answer = {0};
        enum status status = OK;

        append_keys(&body, table);
        status = client_call(table->replay->client, table->arena, "BatchGetItem",
                             buffer_bytes(&body), &answer);
        if (status != OK)
            return fail(table, status, &answer);
        for (struct json_iter it = json_iter(json_get(json_get(answer.json, "Responses"), name));
             json_next(&it);)
            take_item(table, it.value);
        more = json_count(json_get(answer.json, "UnprocessedKeys")) > 0;
    }
    return REPLAY_READ;
}

static enum replay_reading next_of_order(struct replay_source *source, struct replay_event **ret)
{
    struct table_source *table = CONTAINER_OF(source, struct table_source, source);

    for (;;) {
        struct replay_event event = {0};

        if (table->entry_next == table->entry_count) {
            enum replay_reading reading = REPLAY_READ;

            arena_reset(table->arena);
            reading = read_lines(table);
            if (reading == REPLAY_READ)
                reading = read_items(table);
            if (reading != REPLAY_READ)
                return reading;
        }

        const struct entry *entry = &table->entries[table->entry_next++];

        if (entry->text.size == 0 || !replay_event_of_item(table->arena, entry->text, &event))
            continue; /* somebody deleted it meanwhile */
        event.time_ms = entry->time_ms;
        event.number = entry->position;
        if (!replay_takes(table->replay, &event))
            continue;
        *ret = replay_event_new(&event);
        return REPLAY_READ;
    }
}

/* ---- opening ---- */

/* The run ends at the position that the store has when it begins. */
static bool open_order(struct table_source *table, int *ret_exit)
{
    struct replay *replay = table->replay;
    const struct interrupts none = {-1, -1}; /* Ctrl-C ends it by itself */
    const struct json *status = NULL;
    uint64_t last = 0;

    if (!cli_server_wait_for_order(replay->cli, replay->client, &none, ret_exit))
        return false;
    if (replay->source_mark.size > 0 &&
        bytes_to_uint64(bytes_slice(replay->source_mark, strlen("position "), SIZE_MAX), &last)) {
        table->last_position = last;
    } else {
        if (!cli_server_status(replay->cli, replay->client, replay->cli->arena, &status, ret_exit))
            return false;
        table->last_position = (uint64_t)cli_server_number(status, "position");
    }
    table->position = replay->place.done;
    table->source.next = next_of_order;
    table->source.is_stable = true;
    table->source.mark =
        arena_printf(replay->cli->arena, "position %" PRIu64, table->last_position);
    return true;
}

struct replay_source *replay_open_table(struct replay *replay, int *ret_exit)
{
    struct table_source *table = mem_new(sizeof *table);

    table->source = (struct replay_source){.next = next_of_scan, .close = close_table};
    table->source.mark = BYTES("scan");
    table->replay = replay;
    table->arena = arena_new();
    table->feed_arena = arena_new();
    table->key = BUFFER_INIT(REPLAY_CURSOR_SIZE_MAX);
    table->at = json_iter(NULL);
    table->number = replay->place.done;
    buffer_append_text(&table->key, replay->place.cursor);
    if (replay->from_dynlog && !open_order(table, ret_exit)) {
        close_table(&table->source);
        return NULL;
    }
    return &table->source;
}
