/* cli/replay_db.c - events of a SQLite archive, in the order of their times; what is sealed is
 * opened on the way. See replay.h.
 *
 * A run that goes on must see the same events at the same numbers: it takes only rows that were
 * there when it began, and the mark has a hash over which they are. */
#include "cli/replay.h"

#include "cli/archive.h"
#include "cli/output.h"

#include <inttypes.h>
#include <stdio.h>

struct db_source {
    struct replay_source source;
    struct replay *replay;
    struct archive_file *file;
    struct archive_place *places;
    struct archive_reader reader;
    struct arena *arena; /* of one event */
};

static void close_db(struct replay_source *source)
{
    struct db_source *db = CONTAINER_OF(source, struct db_source, source);

    cli_archive_reader_end(&db->reader);
    archive_file_close(db->file);
    mem_free(db->places);
    arena_free(db->arena);
    mem_free(db);
}

/* Who would have to open it. */
static struct bytes why_shut(const struct db_source *db, const struct sealed_event *event)
{
    const struct replay *replay = db->replay;
    struct client *asked = replay->opener != NULL ? replay->opener : replay->to_client;

    return cli_sealed_why(db->arena, event, client_target(asked)->url);
}

static enum replay_reading next_of_db(struct replay_source *source, struct replay_event **ret)
{
    struct db_source *db = CONTAINER_OF(source, struct db_source, source);
    struct replay_event event = {0};
    struct sealed_event read;
    int told = CLI_DONE;

    switch (cli_archive_next(&db->reader, &read, &told)) {
    case ARCHIVE_END:
        return REPLAY_END;
    case ARCHIVE_UNREADABLE:
        return REPLAY_UNREADABLE;
    case ARCHIVE_READ:
        break;
    }
    arena_reset(db->arena);
    if (!replay_event_of_bus(db->arena, read.text, &event))
        event = (struct replay_event){.text = read.text}; /* the sink says that it is none */
    if (read.state != SEALED_NOT)
        event.why = why_shut(db, &read);
    event.number = db->reader.next;
    event.time_ms = db->places[event.number - 1].time_ms;
    *ret = replay_event_new(&event);
    return REPLAY_READ;
}

/* FNV-1a over what says which events they are. */
static uint64_t hash_of(const struct archive_place *places, size_t count)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < count; i++) {
        const uint64_t words[2] = {places[i].time_ms, (uint64_t)places[i].row};

        for (size_t j = 0; j < 2; j++)
            hash = (hash ^ words[j]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

struct replay_source *replay_open_db(struct replay *replay, int *ret_exit)
{
    struct archive_filter filter = replay->filter;
    char message[ARCHIVE_MESSAGE_SIZE] = "";
    struct db_source *db = mem_new(sizeof *db);
    size_t count = 0;
    int64_t last_row = 0;

    db->source = (struct replay_source){.next = next_of_db, .close = close_db, .is_stable = true};
    db->replay = replay;
    db->arena = arena_new();
    db->file = cli_archive_open(replay->cli, replay->archive, ARCHIVE_FILE_READ, ret_exit);
    if (db->file == NULL) {
        close_db(&db->source);
        return NULL;
    }
    if (replay->source_mark.size > 0 &&
        !bytes_to_int64(
            bytes_slice(replay->source_mark, 0, bytes_find_byte(replay->source_mark, ' ', 0)),
            &filter.row_max))
        filter.row_max = 0;
    if (archive_file_select(db->file, &filter, &db->places, &count, &last_row, message) != OK) {
        *ret_exit = cli_archive_fail(replay->cli, replay->archive, message);
        close_db(&db->source);
        return NULL;
    }
    db->source.total = count;
    db->source.mark = arena_printf(replay->cli->arena, "%" PRId64 " %zu %016" PRIx64,
                                   filter.row_max > 0 ? filter.row_max : last_row, count,
                                   hash_of(db->places, count));
    db->reader = (struct archive_reader){.cli = replay->cli,
                                         .path = replay->archive,
                                         .file = db->file,
                                         .places = db->places,
                                         .count = count,
                                         .next = (size_t)size_min(replay->place.done, count),
                                         .opener = replay->opener};
    return &db->source;
}
