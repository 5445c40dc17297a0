/* queues/deduplication.c - ids that are remembered for five minutes: of messages that were sent to
 * a FIFO queue, and of receives from one.
 *
 *   X [group] NUL id   -> format 1 (1) | time ms (8) | sent ms (8) | position (8) | message id (36)
 *   A attempt id       -> format 1 (1) | time ms (8) | for each message: sent ms (8) | position (8)
 *                         | receives (4)
 *   Y time ms, B time ms: the same ids by their time, so that old ones are found
 *
 * A new id pays for more than one old one, so old ones die out without a timer. */
#include "queues/internal.h"

#define FORMAT 1
#define DUPLICATE_SIZE (1 + 8 + 8 + 8 + ID_UUID_SIZE - 1)
#define ATTEMPT_HEAD_SIZE 9
#define ATTEMPT_ENTRY_SIZE 20
#define FORGOTTEN_MAX 4

static bool is_over(const struct queue_run *run, uint64_t time_ms)
{
    return time_ms + (uint64_t)QUEUE_DEDUPLICATION_S * 1000 <= run->now_ms;
}

/* One old id, unless it was used again since. */
static void forget(struct queue_run *run, enum key_kind kind, uint64_t time_ms, struct bytes text)
{
    struct key key = key_of_text(run->queue->view.id, kind, text);
    struct bytes value;

    if (run_get(run, &key, &value) == OK && value.size >= ATTEMPT_HEAD_SIZE &&
        bytes_get_u64(value.ptr + 1) == time_ms)
        run_delete(run, &key);
}

/* Reads nothing that could fail the caller: what is not forgotten now is forgotten later. */
static void forget_old(struct queue_run *run, enum front_kind front, enum key_kind kind,
                       enum key_kind time_kind)
{
    AUTO(store_iter_release) struct store_iter *iter = run_iter(run, front, NULL);
    struct bytes key, value, text;

    for (size_t i = 0; i < FORGOTTEN_MAX && store_iter_next(iter, &key, &value); i++) {
        uint64_t time_ms = 0;

        if (i == 0)
            run_seen(run, front, key, NULL);
        if (!key_time(key, &time_ms, &text) || !is_over(run, time_ms))
            return;

        struct key old = key_of_time(run->queue->view.id, time_kind, time_ms, text);

        forget(run, kind, time_ms, text);
        run_delete(run, &old);
    }
}

static void remember(struct queue_run *run, enum front_kind front, enum key_kind kind,
                     enum key_kind time_kind, struct bytes text, struct bytes value)
{
    struct key key = key_of_text(run->queue->view.id, kind, text);
    struct key by_time = key_of_time(run->queue->view.id, time_kind, run->now_ms, text);

    forget_old(run, front, kind, time_kind);
    run_put(run, &key, value);
    run_put_index(run, front, &by_time);
}

/* ---- messages ---- */

/* In the whole queue, or in the group. */
static struct bytes scoped_id(const struct queue_run *run, const struct queue_message *message,
                              struct arena *arena)
{
    bool by_group = run->queue->view.settings.deduplication_scope == 1;
    size_t size = by_group ? message->group_id.size : 0;
    uint8_t *text = arena_alloc(arena, size + 1 + message->deduplication_id.size);

    if (size > 0)
        memcpy(text, message->group_id.ptr, size);
    text[size] = '\0';
    memcpy(text + size + 1, message->deduplication_id.ptr, message->deduplication_id.size);
    return bytes_of(text, size + 1 + message->deduplication_id.size);
}

enum status deduplication_find(struct queue_run *run, const struct queue_message *message,
                               bool *ret_found, struct queue_message *ret)
{
    struct key key =
        key_of_text(run->queue->view.id, KEY_DEDUPLICATION, scoped_id(run, message, run->arena));
    struct bytes value;
    enum status status = run_get(run, &key, &value);

    *ret_found = false;
    if (status == NOT_FOUND)
        return OK;
    if (status != OK)
        return status;
    if (value.size != DUPLICATE_SIZE || value.ptr[0] != FORMAT)
        return value.size > 0 && value.ptr[0] > FORMAT ? NEWER_FORMAT : CORRUPT;
    if (is_over(run, bytes_get_u64(value.ptr + 1)))
        return OK;
    *ret_found = true;
    ret->sent_ms = bytes_get_u64(value.ptr + 9);
    ret->position = bytes_get_u64(value.ptr + 17);
    memcpy(ret->message_id, value.ptr + 25, ID_UUID_SIZE - 1);
    ret->message_id[ID_UUID_SIZE - 1] = '\0';
    return OK;
}

void deduplication_remember(struct queue_run *run, const struct queue_message *message)
{
    uint8_t value[DUPLICATE_SIZE] = {FORMAT};

    bytes_put_u64(value + 1, run->now_ms);
    bytes_put_u64(value + 9, message->sent_ms);
    bytes_put_u64(value + 17, message->position);
    memcpy(value + 25, message->message_id, ID_UUID_SIZE - 1);
    remember(run, FRONT_DEDUPLICATION, KEY_DEDUPLICATION, KEY_DEDUPLICATION_TIME,
             scoped_id(run, message, run->arena), bytes_of(value, sizeof value));
}

/* ---- receives ---- */

/* One message of an attempt as it is now. False: it was deleted, its time is over, its visibility
 * was changed, or somebody else has received it. */
static bool is_as_it_was(struct queue_run *run, const uint8_t *entry, struct taken *ret)
{
    struct message_state state;

    ret->place = (struct place){bytes_get_u64(entry), bytes_get_u64(entry + 8)};
    ret->receives = bytes_get_u32(entry + 16);
    if (state_load(run, ret->place, &state) != OK || state.kind != STATE_IN_FLIGHT ||
        state.receives != ret->receives || state.changed || state.due_ms <= run->now_ms)
        return false;
    ret->receive_count = state.receives + state.receives_before;
    ret->first_received_ms = state.first_received_ms;
    return true;
}

enum status attempt_find(struct queue_run *run, struct bytes id, struct taken *ret,
                         size_t *ret_count)
{
    struct key key = key_of_text(run->queue->view.id, KEY_ATTEMPT, id);
    struct bytes value;
    enum status status = run_get(run, &key, &value);
    size_t count = 0;

    *ret_count = 0;
    if (status == NOT_FOUND)
        return OK;
    if (status != OK)
        return status;
    if (value.size < ATTEMPT_HEAD_SIZE || value.ptr[0] != FORMAT ||
        (value.size - ATTEMPT_HEAD_SIZE) % ATTEMPT_ENTRY_SIZE != 0)
        return value.size > 0 && value.ptr[0] > FORMAT ? NEWER_FORMAT : CORRUPT;
    count = (value.size - ATTEMPT_HEAD_SIZE) / ATTEMPT_ENTRY_SIZE;
    if (count > QUEUE_BATCH_MAX)
        return CORRUPT;
    if (is_over(run, bytes_get_u64(value.ptr + 1)))
        return OK;
    for (size_t i = 0; i < count; i++)
        if (!is_as_it_was(run, value.ptr + ATTEMPT_HEAD_SIZE + i * ATTEMPT_ENTRY_SIZE, &ret[i]))
            return OK;
    *ret_count = count;
    return OK;
}

void attempt_remember(struct queue_run *run, struct bytes id, const struct taken *taken,
                      size_t count)
{
    uint8_t value[ATTEMPT_HEAD_SIZE + QUEUE_BATCH_MAX * ATTEMPT_ENTRY_SIZE] = {FORMAT};

    assert(count <= QUEUE_BATCH_MAX);
    bytes_put_u64(value + 1, run->now_ms);
    for (size_t i = 0; i < count; i++) {
        uint8_t *entry = value + ATTEMPT_HEAD_SIZE + i * ATTEMPT_ENTRY_SIZE;

        bytes_put_u64(entry, taken[i].place.sent_ms);
        bytes_put_u64(entry + 8, taken[i].place.position);
        bytes_put_u32(entry + 16, taken[i].receives);
    }
    remember(run, FRONT_ATTEMPT, KEY_ATTEMPT, KEY_ATTEMPT_TIME, id,
             bytes_of(value, ATTEMPT_HEAD_SIZE + count * ATTEMPT_ENTRY_SIZE));
}
