/* queues/move_record.c - a message move task as the store holds it (docs/format/queue.md). */
#include "json/json.h"
#include "queues/internal.h"

#define FORMAT 1
#define RECORD_SIZE_MAX 4096

static const char *const state_words[] = {"RUNNING", "COMPLETED", "CANCELLED", "FAILED"};

static struct key key_of_move(uint64_t queue_id, const struct queue_move *task)
{
    return key_of_time(queue_id, KEY_MOVE, task->started_ms, bytes_of(task->id, ID_UUID_SIZE - 1));
}

static void encode(struct buffer *out, const struct queue_move *task)
{
    struct json_writer w = JSON_WRITER(out);

    json_begin_object(&w);
    json_member_int(&w, "format", FORMAT);
    json_member_text(&w, "id", task->id);
    json_member_text(&w, "state", state_words[task->state]);
    json_member_string(&w, "source", task->source_arn);
    json_member_string(&w, "destination", task->destination_arn);
    json_member_int(&w, "rate", task->rate);
    json_member_int(&w, "started", (int64_t)task->started_ms);
    json_member_int(&w, "moved", (int64_t)task->moved);
    json_member_int(&w, "toMove", (int64_t)task->to_move);
    json_member_string(&w, "failure", task->failure);
    json_end_object(&w);
}

static uint64_t number_of(const struct json *json, const char *name)
{
    int64_t number = 0;

    return json_int64(json_get(json, name), &number) && number > 0 ? (uint64_t)number : 0;
}

enum status move_decode(struct arena *arena, struct bytes value, struct queue_move *ret)
{
    const struct json *json = NULL;
    struct bytes id, state;

    if (json_parse(arena, arena_copy(arena, value), &json, NULL) != OK)
        return CORRUPT;
    if (number_of(json, "format") > FORMAT)
        return NEWER_FORMAT;
    *ret = (struct queue_move){
        .source_arn = json_string(json_get(json, "source")),
        .destination_arn = json_string(json_get(json, "destination")),
        .rate = (uint32_t)number_of(json, "rate"),
        .started_ms = number_of(json, "started"),
        .moved = number_of(json, "moved"),
        .to_move = number_of(json, "toMove"),
        .failure = json_string(json_get(json, "failure")),
    };
    id = json_string(json_get(json, "id"));
    state = json_string(json_get(json, "state"));
    if (id.size != ID_UUID_SIZE - 1)
        return CORRUPT;
    memcpy(ret->id, id.ptr, id.size);
    for (size_t i = 0; i < ARRAY_COUNT(state_words); i++)
        if (bytes_equal_text(state, state_words[i])) {
            ret->state = (enum queue_move_state)i;
            return OK;
        }
    return CORRUPT;
}

void move_put_record(struct store_batch *batch, uint64_t queue_id, const struct queue_move *task)
{
    AUTO(buffer_free) struct buffer value = BUFFER_INIT(RECORD_SIZE_MAX);
    struct key key = key_of_move(queue_id, task);

    encode(&value, task);
    assert(!buffer_failed(&value));
    store_batch_put(batch, STORE_QUEUES, key_bytes(&key), buffer_bytes(&value));
}
