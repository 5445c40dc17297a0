/* pipes/given.c - which change records a pipe's target has already; see execution.h.
 *
 * The batch that writes events to their target writes a note of their records. The mapping's cursor
 * moves a moment later; a crash between the two makes the mapping hand the records over again, and
 * then the notes say which of them the target has. Once the cursor has passed a note it goes, with
 * the next batch that is written. With a parallelization factor, and with several shards, batches
 * end in any order: so a note names each of its records.
 *
 *   key    "pipe/" | id of the pipe (36) | 0 | position of the note's last record (8)
 *   value  positions (8 each)                                                 in STORE_CURSORS
 *
 * Messages of a queue have no notes: they are deleted once the batch has ended, so a crash between
 * may bring one twice, as on AWS. */
#include "pipes/execution.h"

#define PREFIX "pipe/"
#define POSITION_SIZE 8
#define KEY_SIZE (sizeof PREFIX - 1 + ID_UUID_SIZE - 1 + 1 + POSITION_SIZE)

struct note_key {
    uint8_t bytes[KEY_SIZE];
};

static struct bytes make_key(struct note_key *key, const char *id, uint64_t position)
{
    uint8_t *at = key->bytes;

    memcpy(at, PREFIX, sizeof PREFIX - 1);
    at += sizeof PREFIX - 1;
    memcpy(at, id, ID_UUID_SIZE - 1);
    at += ID_UUID_SIZE - 1;
    *at++ = 0;
    bytes_put_u64(at, position);
    return bytes_of(key->bytes, sizeof key->bytes);
}

static void add_note(struct pipe *pipe, uint64_t position)
{
    if (pipe->note_count == pipe->note_capacity) {
        pipe->note_capacity = size_max(16, pipe->note_capacity * 2);
        pipe->notes = mem_resize(pipe->notes, pipe->note_capacity * sizeof *pipe->notes);
    }
    pipe->notes[pipe->note_count++] = position;
}

/* ---- after a restart ---- */

static enum status add_given(struct pipe *pipe, struct bytes key, struct bytes value)
{
    if (key.size != KEY_SIZE || value.size % POSITION_SIZE != 0)
        return CORRUPT;
    add_note(pipe, bytes_get_u64(key.ptr + KEY_SIZE - POSITION_SIZE));
    for (size_t at = 0; at < value.size; at += POSITION_SIZE)
        map_put(&pipe->given, bytes_slice(value, at, POSITION_SIZE), pipe);
    return OK;
}

enum status given_load(struct pipe *pipe)
{
    struct note_key from = {{0}}, to = {{0}};
    struct bytes key, value;
    enum status st = OK;

    if (pipe->given_known)
        return OK;
    pipe->note_count = 0;
    map_clear(&pipe->given);
    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(pipe->pipes->options.store, NULL, STORE_CURSORS,
                                             make_key(&from, pipe->record.id, 0),
                                             make_key(&to, pipe->record.id, UINT64_MAX), false);

    while (st == OK && store_iter_next(iter, &key, &value))
        st = add_given(pipe, key, value);
    if (st == OK)
        st = store_iter_status(iter);
    pipe->given_known = st == OK;
    return st;
}

bool given_has(const struct pipe *pipe, uint64_t position)
{
    uint8_t key[POSITION_SIZE];

    bytes_put_u64(key, position);
    return pipe->given.count > 0 && map_has(&pipe->given, bytes_of(key, sizeof key));
}

/* ---- writing ---- */

/* The writer's thread does not see the pipe: what it needs goes with the execution. */
void given_prepare(struct execution *e)
{
    struct pipe *pipe = e->pipe;
    uint64_t cursor = pipe_cursor(pipe);
    size_t kept = 0;

    memcpy(e->pipe_id, pipe->record.id, sizeof e->pipe_id);
    e->passed = ARENA_NEW_ARRAY(e->arena, pipe->note_count, uint64_t);
    for (size_t i = 0; i < pipe->note_count; i++) {
        if (pipe->notes[i] <= cursor)
            e->passed[e->passed_count++] = pipe->notes[i];
        else
            pipe->notes[kept++] = pipe->notes[i];
    }
    pipe->note_count = kept;
    if (kept == 0)
        map_clear(&pipe->given); /* nothing of an earlier life is handed over any more */
}

/* Whether the record of this event is at the target now. One delivery for all stands for each. */
static bool is_written(const struct execution *e, size_t event)
{
    return e->written[e->delivery_count == e->count ? event : 0];
}

static void put_note(struct store_batch *batch, struct execution *e)
{
    AUTO(buffer_free)
    struct buffer positions = BUFFER_INIT(POSITION_SIZE * (e->count + 1));
    struct note_key key = {{0}};

    for (size_t i = 0; i < e->count; i++) {
        uint64_t position = e->handover->records[e->records[i]].position;

        if (!is_written(e, i))
            continue;
        buffer_append_u64(&positions, position);
        e->noted = position;
    }
    if (positions.size > 0)
        store_batch_put(batch, STORE_CURSORS, make_key(&key, e->pipe_id, e->noted),
                        buffer_bytes(&positions));
}

/* Of events that an enrichment made: all of its records, when all were written. */
static void put_note_of_all(struct store_batch *batch, struct execution *e)
{
    AUTO(buffer_free)
    struct buffer positions = BUFFER_INIT(POSITION_SIZE * (e->handover->count + 1));
    struct note_key key = {{0}};

    for (size_t i = 0; i < e->delivery_count; i++)
        if (!e->written[i])
            return;
    for (size_t i = 0; i < e->handover->count; i++)
        buffer_append_u64(&positions, e->handover->records[i].position);
    e->noted = e->handover->records[e->handover->count - 1].position;
    store_batch_put(batch, STORE_CURSORS, make_key(&key, e->pipe_id, e->noted),
                    buffer_bytes(&positions));
}

void given_note(struct store_batch *batch, struct execution *e)
{
    struct note_key key = {{0}};

    if (e->plan->source != PIPE_SOURCE_STREAM)
        return;
    for (size_t i = 0; i < e->passed_count; i++)
        store_batch_delete(batch, STORE_CURSORS, make_key(&key, e->pipe_id, e->passed[i]));
    if (e->records != NULL)
        put_note(batch, e);
    else
        put_note_of_all(batch, e);
}

void given_noted(struct execution *e)
{
    if (e->noted > 0)
        add_note(e->pipe, e->noted);
}

/* ---- the end of a pipe ---- */

void given_forget_all(struct store_batch *batch, const char *id)
{
    struct note_key from = {{0}}, to = {{0}};

    store_batch_delete_range(batch, STORE_CURSORS, make_key(&from, id, 0),
                             make_key(&to, id, UINT64_MAX));
}

void given_free(struct pipe *pipe)
{
    map_free(&pipe->given);
    mem_free(pipe->notes);
}
