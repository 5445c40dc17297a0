/* cli/replay_state.c - how far a named replay is: one small file. See replay.h.
 *
 *   db.replay-NAME.json         beside the archive, when the events come from there
 *   dynlog.replay-NAME.json     else, in the current folder
 *
 *   {"format":1,"what":"...","mark":"..."}     a line: the options, and what the source was
 *   {"turn":7,...,"end":7}                     two places of SLOT_SIZE, written in turn
 *
 * A note goes into the older place, so that one that a crash cut off costs only itself: its turn
 * and its end differ, or it is no JSON. It is in the file when the call returns, whatever becomes
 * of this process; on disk after a sync. The file is locked while a run uses it. */
#include "cli/replay.h"

#include "base/file.h"
#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#define HEAD_SIZE ((size_t)256 * 1024) /* options, of which 400 may be logs and types */
#define SLOT_SIZE ((size_t)128 * 1024) /* a cursor, escaped at worst */
#define FORMAT 1

struct replay_state {
    int fd;
    const char *path;
    uint64_t turn;
    struct buffer out;
};

/* ---- notes ---- */

static void write_counts(struct json_writer *w, const struct replay_counts *counts)
{
    json_member_uint(w, "read", counts->read);
    json_member_uint(w, "sent", counts->sent);
    json_member_uint(w, "skipped", counts->skipped);
    json_member_uint(w, "different", counts->different);
    json_member_uint(w, "failed", counts->failed);
}

static bool write_at(int fd, const void *bytes, size_t size, size_t offset)
{
    ssize_t done = 0;

    do
        done = pwrite(fd, bytes, size, (off_t)offset);
    while (done < 0 && errno == EINTR);
    return done >= 0 && (size_t)done == size;
}

/* The text with a line end, and blanks up to where the text before it may have ended. */
static void append_padding(struct buffer *out, size_t size)
{
    while (out->size + 1 < size)
        buffer_append_byte(out, ' ');
    buffer_append_byte(out, '\n');
}

#define NOTE_SIZE_MIN ((size_t)1024)

void replay_state_note(struct replay_state *state, const struct replay_place *place)
{
    struct buffer *out = &state->out;
    struct json_writer w = JSON_WRITER(out);
    uint64_t turn = ++state->turn;

    buffer_clear(out);
    json_begin_object(&w);
    json_member_uint(&w, "turn", turn);
    json_member_uint(&w, "done", place->done);
    if (place->cursor[0] != '\0')
        json_member_text(&w, "cursor", place->cursor);
    json_key(&w, "lanes");
    json_begin_array(&w);
    for (size_t i = 0; i < REPLAY_LANES; i++)
        json_write_uint(&w, place->lanes[i]);
    json_end_array(&w);
    write_counts(&w, &place->counts);
    json_member_bool(&w, "finished", place->finished);
    json_member_uint(&w, "end", turn);
    json_end_object(&w);
    append_padding(out, NOTE_SIZE_MIN);
    assert(!buffer_failed(out));
    /* A full disk: the note before it stands, and the events go again. */
    (void)write_at(state->fd, out->ptr, out->size, HEAD_SIZE + SLOT_SIZE * (size_t)(turn % 2));
}

void replay_state_sync(struct replay_state *state)
{
    (void)fdatasync(state->fd);
}

/* The line at an offset; empty: there is none. */
static struct bytes read_line(struct arena *arena, int fd, size_t offset, size_t size)
{
    uint8_t *bytes = arena_alloc(arena, size);
    ssize_t got = pread(fd, bytes, size, (off_t)offset);
    size_t end = got > 0 ? bytes_find_byte(bytes_of(bytes, (size_t)got), '\n', 0) : SIZE_MAX;

    return end != SIZE_MAX ? bytes_of(bytes, end) : (struct bytes){NULL, 0};
}

static void read_note(struct replay *replay, const struct json *note)
{
    struct replay_place *place = &replay->place;
    struct bytes cursor = json_get_string(note, "cursor");
    uint64_t turn = json_get_uint(note, "turn", 0);

    if (turn <= replay->state->turn || turn != json_get_uint(note, "end", 0) ||
        json_count(json_get(note, "lanes")) != REPLAY_LANES ||
        cursor.size >= REPLAY_CURSOR_SIZE_MAX)
        return;
    replay->state->turn = turn;
    *place = (struct replay_place){
        .done = json_get_uint(note, "done", 0),
        .counts = {.read = json_get_uint(note, "read", 0),
                   .sent = json_get_uint(note, "sent", 0),
                   .skipped = json_get_uint(note, "skipped", 0),
                   .different = json_get_uint(note, "different", 0),
                   .failed = json_get_uint(note, "failed", 0)},
        .finished = json_bool(json_get(note, "finished")),
    };
    if (cursor.size > 0)
        memcpy(place->cursor, cursor.ptr, cursor.size);
    for (struct json_iter it = json_iter(json_get(note, "lanes")); json_next(&it);)
        if (!json_uint64(it.value, &place->lanes[it.index]))
            place->lanes[it.index] = 0;
}

/* ---- opening ---- */

void replay_state_close(struct replay_state *state)
{
    if (state == NULL)
        return;
    (void)fdatasync(state->fd);
    close(state->fd);
    buffer_free(&state->out);
    mem_free(state);
}

static bool open_file(struct replay *replay, const char *path, int *ret_exit)
{
    struct cli *cli = replay->cli;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

    if (fd < 0) {
        *ret_exit = cli_fail(cli, CLI_FAILED,
                             "%s, which keeps how far the replay is, can't be "
                             "opened: %s.",
                             path, strerror(errno));
        return false;
    }
    replay->state = mem_new(sizeof *replay->state);
    *replay->state = (struct replay_state){.fd = fd, .path = path, .out = BUFFER_INIT(SLOT_SIZE)};
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return true;
    *ret_exit = cli_fail(cli, CLI_FAILED, "Replay %s is running: another process uses %s.",
                         replay->name, path);
    return false;
}

static bool fail_other(const struct replay *replay, const char *what, int *ret_exit)
{
    *ret_exit =
        cli_fail(replay->cli, CLI_FAILED,
                 "Replay %s was begun %s. Give another --name, or delete %s to begin it anew.",
                 replay->name, what, replay->state->path);
    return false;
}

bool replay_state_open(struct replay *replay, const char *path, struct bytes what, int *ret_exit)
{
    struct arena *arena = replay->cli->arena;
    const struct json *head = NULL, *note = NULL;

    if (!open_file(replay, path, ret_exit))
        return false;

    struct bytes line = read_line(arena, replay->state->fd, 0, HEAD_SIZE);

    if (line.size == 0)
        return true; /* new, or killed before it began */
    if (json_parse(arena, line, &head, NULL) != OK || json_get_uint(head, "format", 0) != FORMAT) {
        *ret_exit = cli_fail(replay->cli, CLI_FAILED,
                             "%s is no state of a replay, or of a newer dynlog. Give another "
                             "--name.",
                             path);
        return false;
    }
    if (!bytes_equal(json_get_string(head, "what"), what))
        return fail_other(
            replay,
            arena_copy_text(arena, arena_printf(arena, "with other options (%.*s)",
                                                BYTES_ARG(json_get_string(head, "what")))),
            ret_exit);
    replay->mark = json_get_string(head, "mark");
    for (size_t i = 0; i < 2; i++)
        if (json_parse(arena,
                       read_line(arena, replay->state->fd, HEAD_SIZE + SLOT_SIZE * i, SLOT_SIZE),
                       &note, NULL) == OK)
            read_note(replay, note);
    if (!replay->place.finished)
        return true;
    *ret_exit = cli_fail(replay->cli, CLI_FAILED,
                         "Replay %s is finished (%" PRIu64
                         " events). Give another --name, or delete %s to begin it anew.",
                         replay->name, replay->place.counts.read, path);
    return false;
}

bool replay_state_begin(struct replay *replay, struct bytes what, struct bytes mark, int *ret_exit)
{
    struct replay_state *state = replay->state;
    struct buffer out = BUFFER_INIT(HEAD_SIZE);
    struct json_writer w = JSON_WRITER(&out);
    bool written = false;

    if (replay->mark.size > 0)
        return bytes_equal(replay->mark, mark) ||
               fail_other(replay, "over other events: the archive was changed since", ret_exit);
    json_begin_object(&w);
    json_member_int(&w, "format", FORMAT);
    json_member_string(&w, "what", what);
    json_member_string(&w, "mark", mark);
    json_end_object(&w);
    append_padding(&out, NOTE_SIZE_MIN);
    written = !buffer_failed(&out) && write_at(state->fd, out.ptr, out.size, 0) &&
              fdatasync(state->fd) == 0;
    buffer_free(&out);
    if (!written)
        *ret_exit = cli_fail(replay->cli, CLI_FAILED, "%s can't be written: %s.", state->path,
                             strerror(errno));
    return written;
}
