/* server/follow.c - a table of the stack file that is there from an earlier start becomes what the
 * file says now, as far as a table can change:
 *
 *   its key, local indexes      never change: if they differ, the start is refused
 *   global indexes              made, dropped, or made anew where key or projection differ; one
 *                               after the other, and each is filled before the next one
 *   time to live                another attribute takes the place of the one there
 *   a stream                    is opened when the table has none
 *
 * All else stays as it is. What is done is said in a note. */
#include "server/internal.h"

#include <stdio.h>

struct follow {
    struct server *server;
    const struct stack_call *call;
    struct arena *arena;
    const struct json *wanted; /* the call's body */
    struct bytes table_name;
    bool waits;           /* for an index to be filled */
    struct bytes request; /* under way */
    void (*done)(void *context, struct bytes why);
    void *context;
};

static void go_on(struct follow *follow);

static void finish(struct follow *follow, struct bytes why)
{
    struct server *server = follow->server;
    void (*done)(void *context, struct bytes why) = follow->done;
    void *context = follow->context;
    struct arena *arena = follow->arena;

    server->follow = NULL;
    mem_free(follow);
    done(context, why);
    arena_free(arena);
}

static void note(struct follow *follow, struct bytes index_name, const char *what)
{
    struct stack_note made = {follow->call->where,
                              arena_printf(follow->arena, "table %.*s: index %.*s %s",
                                           BYTES_ARG(follow->table_name), BYTES_ARG(index_name),
                                           what)};

    output_note(follow->server, &made);
}

/* ---- what is wanted, and what is there ---- */

static struct bytes text_of(const struct json *object, const char *name)
{
    return json_string(json_get(object, name));
}

static struct bytes type_of(const struct json *body, struct bytes attribute)
{
    for (struct json_iter it = json_iter(json_get(body, "AttributeDefinitions")); json_next(&it);)
        if (bytes_equal(text_of(it.value, "AttributeName"), attribute))
            return text_of(it.value, "AttributeType");
    return (struct bytes){0};
}

static bool same_key(const struct json *body, const struct json *schema,
                     const struct key_schema *key)
{
    if (json_count(schema) != key->count)
        return false;
    for (struct json_iter it = json_iter(schema); json_next(&it);) {
        const struct key_attribute *attribute = &key->attributes[it.index];
        bool hash = it.index < key->hash_count;

        if (!bytes_equal(text_of(it.value, "AttributeName"), attribute->name) ||
            !bytes_equal_text(text_of(it.value, "KeyType"), hash ? "HASH" : "RANGE") ||
            !bytes_equal_text(type_of(body, attribute->name), value_type_name(attribute->type)))
            return false;
    }
    return true;
}

static bool includes(const struct json *names, struct bytes name)
{
    for (struct json_iter it = json_iter(names); json_next(&it);)
        if (bytes_equal(json_string(it.value), name))
            return true;
    return false;
}

static bool same_projection(const struct json *projection, const struct table_index *index)
{
    static const char *const words[] = {[PROJECTION_ALL] = "ALL",
                                        [PROJECTION_KEYS_ONLY] = "KEYS_ONLY",
                                        [PROJECTION_INCLUDE] = "INCLUDE"};
    const struct json *names = json_get(projection, "NonKeyAttributes");

    if (!bytes_equal_text(text_of(projection, "ProjectionType"), words[index->projection]) ||
        json_count(names) != index->included_count)
        return false;
    for (size_t i = 0; i < index->included_count; i++)
        if (!includes(names, index->included[i]))
            return false;
    return true;
}

static const struct json *find_wanted(const struct follow *follow, enum index_kind kind,
                                      struct bytes name)
{
    const struct json *list = json_get(
        follow->wanted, kind == INDEX_LOCAL ? "LocalSecondaryIndexes" : "GlobalSecondaryIndexes");

    for (struct json_iter it = json_iter(list); json_next(&it);)
        if (bytes_equal(text_of(it.value, "IndexName"), name))
            return it.value;
    return NULL;
}

static bool is_as_wanted(const struct follow *follow, const struct table_index *index)
{
    const struct json *wanted = find_wanted(follow, index->kind, index->name);

    return wanted != NULL && same_key(follow->wanted, json_get(wanted, "KeySchema"), &index->key) &&
           same_projection(json_get(wanted, "Projection"), index);
}

static bool has_local_indexes_as_wanted(const struct follow *follow, const struct table *table)
{
    size_t count = 0;

    for (size_t i = 0; i < table->index_count; i++) {
        if (table->indexes[i].kind != INDEX_LOCAL)
            continue;
        count++;
        if (!is_as_wanted(follow, &table->indexes[i]))
            return false;
    }
    return count == json_count(json_get(follow->wanted, "LocalSecondaryIndexes"));
}

static bool is_filling(const struct follow *follow, const struct table *table)
{
    for (size_t i = 0; i < table->index_count; i++)
        if (table->indexes[i].kind == INDEX_GLOBAL && table->indexes[i].backfilling)
            return engine_busy(follow->server->engine); /* else it was given up, and said so */
    return false;
}

/* ---- one step ---- */

static struct bytes message_of(struct arena *arena, struct bytes answer)
{
    const struct json *error = NULL;

    if (json_parse(arena, answer, &error, NULL) != OK)
        return arena_copy(arena, answer);
    return arena_copy(arena, text_of(error, "message"));
}

static void request_done(void *context, int http_status, struct bytes answer)
{
    struct follow *follow = context;

    if (http_status == 200)
        go_on(follow);
    else
        finish(follow, message_of(follow->arena, answer));
}

static void request(struct follow *follow, const char *target, struct buffer *body)
{
    follow->request = arena_copy(follow->arena, buffer_bytes(body));
    api_call_local(follow->server->api, target, follow->request, request_done, follow);
}

static void begin_update(struct json_writer *w, struct follow *follow)
{
    json_begin_object(w);
    json_member_string(w, "TableName", follow->table_name);
    json_key(w, "AttributeDefinitions");
    json_write_value(w, json_get(follow->wanted, "AttributeDefinitions"));
    json_key(w, "GlobalSecondaryIndexUpdates");
    json_begin_array(w);
    json_begin_object(w);
}

static void end_update(struct json_writer *w, struct follow *follow, struct buffer *body)
{
    json_end_object(w);
    json_end_array(w);
    json_end_object(w);
    request(follow, "DynamoDB_20120810.UpdateTable", body);
}

static void drop_index(struct follow *follow, struct bytes name)
{
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(API_ANSWER_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&body);

    begin_update(&w, follow);
    json_key(&w, "Delete");
    json_begin_object(&w);
    json_member_string(&w, "IndexName", name);
    json_end_object(&w);
    end_update(&w, follow, &body);
}

/* The table's billing stays, so the index follows it and not the file. */
static void write_throughput(struct json_writer *w, const struct table *table,
                             const struct json *wanted)
{
    const struct json *throughput = json_get(wanted, "ProvisionedThroughput");

    if (table->billing == BILLING_PAY_PER_REQUEST)
        return;
    json_key(w, "ProvisionedThroughput");
    if (throughput != NULL) {
        json_write_value(w, throughput);
        return;
    }
    json_begin_object(w);
    json_member_int(w, "ReadCapacityUnits", (int64_t)table->read_units);
    json_member_int(w, "WriteCapacityUnits", (int64_t)table->write_units);
    json_end_object(w);
}

static void make_index(struct follow *follow, const struct table *table, const struct json *wanted)
{
    static const char *const members[] = {"IndexName", "KeySchema", "Projection"};
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(API_ANSWER_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&body);

    begin_update(&w, follow);
    json_key(&w, "Create");
    json_begin_object(&w);
    for (size_t i = 0; i < ARRAY_COUNT(members); i++) {
        json_key(&w, members[i]);
        json_write_value(&w, json_get(wanted, members[i]));
    }
    write_throughput(&w, table, wanted);
    json_end_object(&w);
    end_update(&w, follow, &body);
}

/* True: a request is under way. A stream that is there keeps its view: its records are somebody's.
 */
static bool open_stream(struct follow *follow, const struct table *table)
{
    const struct json *wanted = json_get(follow->wanted, "StreamSpecification");
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(API_ANSWER_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&body);

    if (!json_bool(json_get(wanted, "StreamEnabled")) || table->stream.enabled)
        return false;
    json_begin_object(&w);
    json_member_string(&w, "TableName", follow->table_name);
    json_key(&w, "StreamSpecification");
    json_write_value(&w, wanted);
    json_end_object(&w);
    request(follow, "DynamoDB_20120810.UpdateTable", &body);
    return true;
}

/* True: a request is under way. */
static bool change_one_index(struct follow *follow, const struct table *table)
{
    const struct json *list = json_get(follow->wanted, "GlobalSecondaryIndexes");

    for (size_t i = 0; i < table->index_count; i++) {
        const struct table_index *index = &table->indexes[i];
        bool named = find_wanted(follow, INDEX_GLOBAL, index->name) != NULL;

        if (index->kind != INDEX_GLOBAL || is_as_wanted(follow, index))
            continue;
        note(follow, index->name,
             named ? "has another key or projection in the stack file, and is made anew"
                   : "is not in the stack file any more, and is dropped");
        drop_index(follow, index->name);
        return true;
    }
    for (struct json_iter it = json_iter(list); json_next(&it);) {
        struct bytes name = text_of(it.value, "IndexName");

        if (table_find_index(table, name) != NULL)
            continue;
        note(follow, name, "is made and filled");
        make_index(follow, table, it.value);
        return true;
    }
    return false;
}

static struct bytes refusal(const struct follow *follow, const struct table *table)
{
    if (!same_key(follow->wanted, json_get(follow->wanted, "KeySchema"), &table->key))
        return BYTES("the data folder has a table of this name with other keys; `dynlog clean` "
                     "removes the data, --data DIR starts beside it");
    if (!follow->server->own_stack && !has_local_indexes_as_wanted(follow, table))
        return BYTES("the data folder has a table of this name with other local indexes, which "
                     "never change; `dynlog clean` removes the data, --data DIR starts beside it");
    return (struct bytes){0};
}

static void go_on(struct follow *follow)
{
    const struct table *table = engine_table_ref(follow->server->engine, follow->table_name);
    struct bytes why = table == NULL ? BYTES("the table is gone") : refusal(follow, table);
    /* without a stack file the tables are whoever's who uses them */
    bool changes =
        why.size == 0 && !follow->server->own_stack && follow->server->state <= SERVER_SERVING;

    follow->waits = changes && is_filling(follow, table);
    if (!follow->waits &&
        !(changes && (open_stream(follow, table) || change_one_index(follow, table))))
        finish(follow, why);
    engine_table_unref(table);
}

struct bytes follow_refusal(struct server *server, const struct stack_call *call)
{
    struct follow follow = {.server = server, .call = call, .arena = server->stack_arena};
    const struct table *table = NULL;
    struct bytes why = {NULL, 0};

    if (!bytes_equal_text(bytes_of_text(call->target), "DynamoDB_20120810.CreateTable") ||
        json_parse(follow.arena, call->body, &follow.wanted, NULL) != OK)
        return why;
    table = engine_table_ref(server->engine, text_of(follow.wanted, "TableName"));
    if (table != NULL)
        why = refusal(&follow, table);
    engine_table_unref(table);
    return why;
}

void follow_table(struct server *server, const struct stack_call *call,
                  void (*done)(void *context, struct bytes why), void *context)
{
    struct follow *follow = mem_new(sizeof *follow);

    *follow = (struct follow){
        .server = server, .call = call, .arena = arena_new(), .done = done, .context = context};
    server->follow = follow;
    if (json_parse(follow->arena, call->body, &follow->wanted, NULL) != OK) {
        finish(follow, BYTES("its request is no JSON"));
        return;
    }
    follow->table_name = text_of(follow->wanted, "TableName");
    go_on(follow);
}

void follow_look(struct server *server)
{
    if (server->follow != NULL && server->follow->waits)
        go_on(server->follow);
}

/* ---- time to live ---- */

static void ttl_disabled(void *context, int http_status, struct bytes answer)
{
    struct follow *follow = context;

    finish(follow,
           http_status == 200 ? (struct bytes){NULL, 0} : message_of(follow->arena, answer));
}

void follow_time_to_live(struct server *server, const struct stack_call *call,
                         void (*done)(void *context, struct bytes why), void *context)
{
    struct follow *follow = mem_new(sizeof *follow);
    AUTO(buffer_free) struct buffer body = BUFFER_INIT(API_ANSWER_SIZE_MAX);
    struct json_writer w = JSON_WRITER(&body);
    const struct table *table = NULL;

    *follow = (struct follow){
        .server = server, .call = call, .arena = arena_new(), .done = done, .context = context};
    if (json_parse(follow->arena, call->body, &follow->wanted, NULL) == OK)
        table = engine_table_ref(server->engine, text_of(follow->wanted, "TableName"));
    if (table == NULL) {
        finish(follow, BYTES("the table is gone"));
        return;
    }
    json_begin_object(&w);
    json_member_string(&w, "TableName", table->name);
    json_key(&w, "TimeToLiveSpecification");
    json_begin_object(&w);
    json_member_string(&w, "AttributeName", table->ttl_attribute);
    json_member_bool(&w, "Enabled", false);
    json_end_object(&w);
    json_end_object(&w);
    engine_table_unref(table);
    follow->request = arena_copy(follow->arena, buffer_bytes(&body));
    api_call_local(server->api, "DynamoDB_20120810.UpdateTimeToLive", follow->request, ttl_disabled,
                   follow);
}
