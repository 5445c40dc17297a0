/* mapping/rerun.c - see rerun.h. */
#include "mapping/rerun.h"

#include "base/buffer.h"

#define PREFIX "put/"
#define POSITION_SIZE 8
#define EVENT_ID_SIZE (ID_UUID_SIZE - 1)
#define NOTE_SIZE (POSITION_SIZE + RERUN_DIGEST_SIZE + EVENT_ID_SIZE) /* behind the name's 0 */
#define KEY_SIZE_MAX 512

struct earlier { /* one event; others of the same content stand behind it */
    struct earlier *next;
    char event_id[ID_UUID_SIZE];
};

struct rerun_digest rerun_digest_of(struct bytes content)
{
    struct rerun_digest digest = {{0}};

    bytes_put_u64(digest.bytes, bytes_hash(content));
    bytes_put_u64(digest.bytes + 8, content.size);
    return digest;
}

static void append_name(struct buffer *key, struct bytes cursor_name)
{
    buffer_append_text(key, PREFIX);
    buffer_append(key, cursor_name);
    buffer_append_byte(key, 0);
}

/* Where the notes of batches from `position` on begin. */
static struct bytes bound(struct buffer *key, struct bytes cursor_name, uint64_t position)
{
    append_name(key, cursor_name);
    buffer_append_u64(key, position);
    assert(!buffer_failed(key));
    return buffer_bytes(key);
}

/* ---- writing ---- */

void rerun_note(struct store_batch *batch, struct bytes cursor_name, uint64_t position,
                struct rerun_digest digest, const char *event_id)
{
    AUTO(buffer_free) struct buffer key = BUFFER_INIT(KEY_SIZE_MAX);

    bound(&key, cursor_name, position);
    buffer_append(&key, bytes_of(digest.bytes, sizeof digest.bytes));
    buffer_append(&key, bytes_of(event_id, EVENT_ID_SIZE));
    assert(!buffer_failed(&key));
    store_batch_put(batch, STORE_CURSORS, buffer_bytes(&key), BYTES(""));
}

void rerun_forget(struct store_batch *batch, struct bytes cursor_name, uint64_t cursor)
{
    AUTO(buffer_free) struct buffer from = BUFFER_INIT(KEY_SIZE_MAX);
    AUTO(buffer_free) struct buffer to = BUFFER_INIT(KEY_SIZE_MAX);

    store_batch_delete_range(batch, STORE_CURSORS, bound(&from, cursor_name, 0),
                             bound(&to, cursor_name, cursor + 1));
}

void rerun_forget_all(struct store_batch *batch, struct bytes cursor_name)
{
    AUTO(arena_release) struct arena *arena = arena_new();

    rerun_forget(batch, cursor_name, UINT64_MAX - 1);
    store_batch_delete_range(
        batch, STORE_CURSORS, arena_printf(arena, PREFIX "%.*s/", BYTES_ARG(cursor_name)),
        arena_printf(arena, PREFIX "%.*s0", BYTES_ARG(cursor_name))); /* "0" follows "/" */
}

/* ---- after a restart ---- */

static void add_earlier(struct rerun *rerun, struct bytes digest, struct bytes event_id)
{
    struct earlier *one = mem_new(sizeof *one);

    memcpy(one->event_id, event_id.ptr, EVENT_ID_SIZE);
    one->next = map_put(&rerun->earlier, digest, one);
}

enum status rerun_load(struct rerun *rerun, struct store *store, struct bytes cursor_name,
                       uint64_t cursor)
{
    AUTO(buffer_free) struct buffer from = BUFFER_INIT(KEY_SIZE_MAX);
    AUTO(buffer_free) struct buffer to = BUFFER_INIT(KEY_SIZE_MAX);
    struct bytes begin = bound(&from, cursor_name, cursor + 1);
    AUTO(store_iter_release)
    struct store_iter *iter = store_iter_new(store, NULL, STORE_CURSORS, begin,
                                             bound(&to, cursor_name, UINT64_MAX), false);
    struct bytes key, value;

    while (store_iter_next(iter, &key, &value)) {
        if (key.size != begin.size - POSITION_SIZE + NOTE_SIZE)
            return CORRUPT;
        struct bytes note = bytes_slice(key, begin.size - POSITION_SIZE, NOTE_SIZE);

        rerun->earlier_to = rerun->noted_to = bytes_get_u64(note.ptr);
        add_earlier(rerun, bytes_slice(note, POSITION_SIZE, RERUN_DIGEST_SIZE),
                    bytes_slice(note, POSITION_SIZE + RERUN_DIGEST_SIZE, EVENT_ID_SIZE));
    }
    return store_iter_status(iter);
}

bool rerun_take(struct rerun *rerun, struct rerun_digest digest, char ret_event_id[ID_UUID_SIZE])
{
    struct bytes key = bytes_of(digest.bytes, sizeof digest.bytes);
    struct earlier *one = map_remove(&rerun->earlier, key);

    if (one == NULL)
        return false;
    if (one->next != NULL)
        map_put(&rerun->earlier, key, one->next);
    memcpy(ret_event_id, one->event_id, ID_UUID_SIZE);
    mem_free(one);
    return true;
}

static void drop_earlier(struct rerun *rerun)
{
    struct bytes digest;
    void *first = NULL;

    for (size_t i = 0; map_next(&rerun->earlier, &i, &digest, &first);) {
        for (struct earlier *one = first, *next = NULL; one != NULL; one = next) {
            next = one->next;
            mem_free(one);
        }
    }
    map_clear(&rerun->earlier);
    rerun->earlier_to = 0;
}

void rerun_passed(struct rerun *rerun, uint64_t cursor)
{
    if (rerun->noted_to <= cursor)
        rerun->noted_to = 0;
    if (rerun->earlier_to > 0 && rerun->earlier_to <= cursor)
        drop_earlier(rerun);
}

void rerun_free(struct rerun *rerun)
{
    drop_earlier(rerun);
}
